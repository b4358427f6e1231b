"""Address blocks of a cluster's policies as blocks that a catalog may list: all public or all private, no metadata."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from mcpfence.imports.shared.destinations import refuse_destination, shown
from mcpfence.imports.shared.format import ImportContext
from mcpfence.imports.shared.source import Node
from mcpfence.net.addresses import cidrs, parse_cidr
from mcpfence.net.intervals import Interval, canonical, intersect, subtract
from mcpfence.net.special_ranges import GLOBAL_V6, metadata, special
from mcpfence.structs import Struct


class ImportedBlock(Struct):
    """A block and what is cut out of it, in canonical text."""

    cidr: str
    excepts: tuple[str, ...] = ()


def read_block(
    text: str, excepts: Sequence[str], node: Node, context: ImportContext, *, split: bool = True, resolver: bool = False
) -> ImportedBlock | None:
    """The block as a catalog may list it; None, with a finding, where nothing of it may be.

    Host bits are masked, as API servers do.  What a catalog lists is all public or all private: of a block that is both
    the public part is kept, or nothing without `split`.  A single metadata address is kept as a `resolver` (GKE's Cloud
    DNS); whoever asks for it refuses it as a destination.
    """
    whole = _interval(text.strip(), node, context)
    holes = [_interval(hole.strip(), node, context) for hole in excepts]
    if whole is None or None in holes:
        return None
    cut = canonical(hole for hole in holes if hole is not None)
    granted = subtract((whole,), cut)
    rest = subtract(granted, metadata())
    if not rest and resolver and whole[0] == whole[1]:
        return ImportedBlock(cidrs((whole,))[0])
    if not rest:
        what = "nothing but a metadata endpoint of a cloud" if granted else "nothing, since its excepts take all away"
        refuse_destination(node, f"{shown(text)} is {what}", context)
        return None
    private = intersect(rest, special())
    if private and subtract(rest, private) and not split:
        refuse_destination(node, f"{shown(text)} holds public and private addresses", context)
        return None
    if private and subtract(rest, private):
        examples = ", ".join(cidrs(private)[:3])
        sentence = f"opens {shown(text)}, and in it private or special ranges ({examples} ...)"
        context.say(
            "import-narrowed", node, sentence, "imported the public addresses alone; list the private ones needed"
        )
        (base,) = intersect((whole,), (parse_cidr(GLOBAL_V6),)) or (whole,)  # two blocks share one of them, or nothing
        return ImportedBlock(cidrs((base,))[0], cidrs(intersect(canonical((*cut, *special())), (base,))))
    if rest != granted:
        sentence = f"opens {shown(text)}, and in it a metadata endpoint"
        context.say(
            "import-narrowed", node, sentence, "imported without it; write egress.cloudIdentity if it is needed"
        )
    inside = intersect(cut, (whole,))
    return ImportedBlock(cidrs((whole,))[0], cidrs(inside) if inside else ())


def _interval(text: str, node: Node, context: ImportContext) -> Interval | None:
    """The addresses of a block; None, with a finding, where it is none."""
    try:
        network = ipaddress.ip_network(text, strict=False)
        if "/" in text and "%" not in text:
            return parse_cidr(str(network))
    except ValueError:
        pass
    refuse_destination(node, f"{shown(text)} is no CIDR block", context)
    return None
