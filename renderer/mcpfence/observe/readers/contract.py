"""What a reader of one log format is: a row that knows its lines and turns each into records.

A reader never guesses: what a line does not say stays empty, and what the format cannot say at all is a `Loss` of its
row, which the report repeats.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mcpfence.observe.addresses import canonical_address
from mcpfence.observe.lines import LogLine
from mcpfence.observe.record import BadLine, Loss, Record
from mcpfence.structs import Struct

ReadLine = Callable[[LogLine], Iterable[Record]]
"""One line to its records, none where it is of another kind; raises ValueError (BadLine with a sentence)."""


class ReadOptions(Struct):
    """What the command line says of how lines are to be read."""

    vpc_format: str = ""


class LogReader(Struct):
    """One format."""

    name: str
    title: str
    losses: tuple[Loss, ...]
    knows: Callable[[str], bool]
    """Whether a line looks like one of this format; cheap, and wrong neither for other formats nor for prose."""
    open: Callable[[ReadOptions], ReadLine]
    """The function that reads the lines of one file; it may keep what an earlier line said, such as a header."""
    dns: bool = False
    """Whether it tells of DNS alone."""


def alike(read: ReadLine) -> Callable[[ReadOptions], ReadLine]:
    """The `open` of a format whose lines are all read alike, whatever stood before and whatever the options say."""
    return lambda _: read


def json_object(text: str) -> Mapping[str, Any]:
    """The object of a line; raises BadLine."""
    try:
        found = json.loads(text)
    except ValueError:
        raise BadLine("is no JSON, or only a part of it") from None
    except RecursionError:
        raise BadLine("nests too deep to be a record") from None
    if not isinstance(found, dict):
        raise BadLine("is no JSON object")
    return found


def text_of(value: Any) -> str:
    """A text; nothing for null and what is none."""
    return value if isinstance(value, str) else ""


def name_of(value: Any) -> str:
    """A host name in lower case without the dot at its end; nothing for what is no text."""
    return text_of(value).rstrip(".").lower()


def labels_of(labels: Mapping[str, Any]) -> str:
    """Labels of an object as `FlowEnd` has them: `app=x,tier=y`, sorted."""
    return ",".join(sorted(f"{key}={value}" for key, value in labels.items()))


def mapping_of(value: Any) -> Mapping[str, Any]:
    """A mapping; an empty one for what is none."""
    return value if isinstance(value, dict) else {}


def number_of(value: Any) -> int:
    """A port or count as a number, also where it is written as text; 0 for none.  Raises BadLine."""
    if value is None or value in {"", "-"}:
        return 0
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise BadLine("has a number that is none") from None
    if not 0 <= number < 1 << 63:
        raise BadLine("has a number that is none")
    return number


def port_of(value: Any) -> int:
    """A port; raises BadLine."""
    number = number_of(value)
    if number > 65535:
        raise BadLine("has a port outside 0 to 65535")
    return number


def address_of(value: Any) -> str:
    """An address in its usual text, empty where there is none; raises BadLine."""
    if value is None or value in {"", "-"}:
        return ""
    try:
        return canonical_address(value)
    except (ValueError, AttributeError, TypeError):
        raise BadLine("has an address that is none") from None


_PROTOCOLS = {"6": "TCP", "17": "UDP", "132": "SCTP", "1": "ICMP", "58": "ICMP"}


def protocol_of(value: Any) -> str:
    """`TCP`, `UDP`, `SCTP`, `ICMP`, or whatever stands there, in capitals; numbers are those of IANA."""
    text = str(value).upper()
    return _PROTOCOLS.get(text) or ("ICMP" if text.startswith("ICMP") else text)
