"""Times of logs."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpfence.observe.times import DAY, SECOND, day_text, of_number, parse_time, time_text


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-02T09:14:07.404660075Z", 1_793_610_847_404_660_075),
        ("2026-11-02T09:14:07Z", 1_793_610_847 * SECOND),
        ("2026-11-02T09:14:07.1Z", 1_793_610_847 * SECOND + 100_000_000),
        ("2026-11-02T10:14:07+01:00", 1_793_610_847 * SECOND),
        ("2026-11-02T04:14:07-0500", 1_793_610_847 * SECOND),
        ("2026-11-02 09:14:07", 1_793_610_847 * SECOND),
        ("2026-11-02", 1_793_577_600 * SECOND),
    ],
)
def test_rfc_3339(text: str, time: int) -> None:
    """Nine digits of a second are kept, zones are taken off, and a text without one is UTC."""
    assert parse_time(text) == time


@pytest.mark.parametrize(
    "text", ["", "now", "2026-13-01", "2026-02-30T00:00:00Z", "1969-12-31", "2026-11-02T25:00:00Z", "2026-11-02T0914Z"]
)
def test_no_time(text: str) -> None:
    """What is no time is refused, days that no month has among it."""
    with pytest.raises(ValueError, match="has a time that is none"):
        parse_time(text)


@pytest.mark.parametrize("value", [1_793_610_847, 1_793_610_847_000, 1_793_610_847_000_000, 1_793_610_847_000_000_000])
def test_numbers_of_every_unit(value: int) -> None:
    """Seconds, milliseconds, microseconds and nanoseconds are told by their size."""
    assert of_number(value) == of_number(str(value)) == 1_793_610_847 * SECOND


def test_a_fraction_of_a_second() -> None:
    """A number with a fraction is one of seconds."""
    assert of_number(1_793_610_847.5) == 1_793_610_847 * SECOND + SECOND // 2


@given(st.datetimes(min_value=dt.datetime(1970, 1, 1), max_value=dt.datetime(2262, 1, 1)))  # noqa: DTZ001
def test_the_calendar_is_pythons(moment: dt.datetime) -> None:
    """Read and written, any time is the one of the standard library."""
    aware = moment.replace(tzinfo=dt.UTC)
    time = parse_time(moment.strftime("%Y-%m-%dT%H:%M:%S") + f".{moment.microsecond:06d}Z")
    since = aware - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

    assert time == (since.days * 86400 + since.seconds) * SECOND + since.microseconds * 1000
    assert time_text(time) == moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert day_text(time // DAY) == moment.strftime("%Y-%m-%d")
