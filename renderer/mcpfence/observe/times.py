"""Times of logs as nanoseconds since 1970 in UTC, and back: RFC 3339 with any fraction, numbers of any unit."""

from __future__ import annotations

import re
from functools import lru_cache

SECOND = 1_000_000_000
DAY = 86_400 * SECOND

_RFC3339 = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,9})\d*)?\s?(Z|z|UTC|[+-]\d{2}:?\d{2})?\Z"
)
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})\Z")
_UNITS = ((10**11, SECOND), (10**14, 1_000_000), (10**17, 1_000))
"""Numbers below the first of each pair are of that many nanoseconds: seconds until 5138, milliseconds, microseconds."""
_LAST_DAY = 2_932_896
"""9999-12-31."""


def parse_time(text: str) -> int:
    """The time of RFC 3339, or of a date; one without a zone is taken as UTC.  Raises ValueError."""
    if _DATE.match(text):
        return _midnight(text)
    match = _RFC3339.match(text)
    if match is None:
        raise ValueError("has a time that is none")
    day, hour, minute, second, fraction, zone = match.groups()
    if int(hour) > 24 or int(minute) > 59 or int(second) > 60:
        raise ValueError("has a time that is none")
    whole = int(hour) * 3600 + int(minute) * 60 + int(second) - _offset(zone)
    return _midnight(day) + whole * SECOND + (int(fraction.ljust(9, "0")) if fraction else 0)


def of_number(value: float | str) -> int:
    """The time of a number of seconds, milliseconds, microseconds or nanoseconds since 1970; raises ValueError."""
    number = int(value) if not isinstance(value, float) else value
    if not 0 <= number < 10**19:
        raise ValueError("has a time that is none")
    for below, unit in _UNITS:
        if number < below:
            return int(number * unit)
    return int(number)


def day_of(time: int) -> int:
    """The day since 1970."""
    return time // DAY


def day_text(day: int) -> str:
    """`2026-11-02`."""
    year, month, number = _civil(min(day, _LAST_DAY))
    return f"{year:04d}-{month:02d}-{number:02d}"


def time_text(time: int) -> str:
    """`2026-11-02T09:14:07Z`."""
    seconds = time % DAY // SECOND
    return f"{day_text(time // DAY)}T{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}Z"


def _offset(zone: str | None) -> int:
    if zone is None or zone in ("Z", "z", "UTC"):
        return 0
    digits = zone[1:].replace(":", "")
    return (int(digits[:2]) * 3600 + int(digits[2:]) * 60) * (-1 if zone[0] == "-" else 1)


@lru_cache(maxsize=4096)
def _midnight(day: str) -> int:
    match = _DATE.match(day)
    if match is None:
        raise ValueError("has a time that is none")
    year, month, number = map(int, match.groups())
    days = _days(year, month, number)
    if year < 1970 or _civil(days) != (year, month, number):
        raise ValueError("has a time that is none")
    return days * DAY


def _days(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 (Howard Hinnant, chrono-compatible low-level date algorithms); no clock is asked."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


def _civil(days: int) -> tuple[int, int, int]:
    era, of_era = divmod(days + 719468, 146097)
    years = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * years + years // 4 - years // 100)
    month = (5 * of_year + 2) // 153
    number = month + (3 if month < 10 else -9)
    return years + era * 400 + (number <= 2), number, of_year - (153 * month + 2) // 5 + 1
