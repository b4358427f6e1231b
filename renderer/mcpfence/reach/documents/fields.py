"""What could not be read: a document, a field of it, and why.  Such a thing is unknown: not allowed, not ignored."""

from __future__ import annotations

from mcpfence.net.addresses import parse_cidr
from mcpfence.net.intervals import Interval
from mcpfence.structs import Struct

_LONGEST = 60


class Problem(Struct):
    """`document` is called as people call it (`NetworkPolicy mcp/deny`), `field` is a path into it."""

    document: str
    field: str
    reason: str

    @property
    def text(self) -> str:
        """Place and reason in one line."""
        return f"{self.document}: {self.field} {self.reason}" if self.field else f"{self.document} {self.reason}"


class Unreadable(Exception):
    """Raised inside the readers of this package; becomes a Problem at the document's border."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field} {reason}")
        self.field = field
        self.reason = reason


def shown(value: object) -> str:
    """A value for a message, in one short line; containers by their kind: they may be huge or contain themselves."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "null"
    text = repr(value) if isinstance(value, (str, int, float, bool)) else type(value).__name__
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def mapping(value: object, field: str) -> dict[str, object]:
    """A mapping, or Unreadable."""
    if isinstance(value, dict):
        return value
    raise Unreadable(field, "is missing" if value is None else f"is {shown(value)}, not a mapping")


def items(value: object, field: str) -> list[object]:
    """A list; null and absent count as empty, as the API server reads them."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Unreadable(field, f"is {shown(value)}, not a list")
    return value


def text(value: object, field: str) -> str:
    """A string, or Unreadable."""
    if not isinstance(value, str):
        raise Unreadable(field, f"is {shown(value)}, not a string")
    return value


def number(value: object, field: str, first: int, last: int) -> int:
    """A whole number of a range, or Unreadable; true and false are no numbers."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unreadable(field, f"is {shown(value)}, not a whole number")
    if not first <= value <= last:
        raise Unreadable(field, f"is {value}, not between {first} and {last}")
    return value


def cidr(value: object, field: str) -> Interval:
    """The addresses of a CIDR block as Kubernetes takes it, or Unreadable."""
    written = text(value, field)
    try:
        return parse_cidr(written)
    except ValueError as bad:
        raise Unreadable(field, f"{shown(written)} {bad}") from None


def policy_types(spec: dict[str, object]) -> list[object]:
    """The policyTypes of a spec, each Ingress or Egress; empty where none are written."""
    written = items(spec.get("policyTypes"), "spec.policyTypes")
    for index, entry in enumerate(written):
        if entry != "Ingress" and entry != "Egress":
            raise Unreadable(f"spec.policyTypes[{index}]", f"is {shown(entry)}, not Ingress or Egress")
    return written


def known_keys(found: dict[str, object], known: frozenset[str], field: str) -> None:
    """Refuse keys that the API does not have: a server that drops them would read something else than stands there."""
    if not known.issuperset(found):
        key = min(str(key) for key in found.keys() - known)
        raise Unreadable(f"{field}.{key}" if field else key, "is no field of this API")
