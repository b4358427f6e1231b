"""What a line of a fence opens, by class, and what of the flow is compared where it is enforced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from mcpfence.explain.context import View
from mcpfence.explain.grants import Line
from mcpfence.net.intervals import intersect, union
from mcpfence.providers import NamesAt

Destination = Literal[
    "names",
    "registries",
    "unenforced",
    "internet",
    "public",
    "private",
    "services",
    "servers",
    "callbacks",
    "platform",
    "dns",
    "nothing",
]
Enforcement = Literal["name", "anywhere", "unenforced", "address", "pods"]

_CLASSES: Mapping[str, Destination] = {
    "name": "names",
    "registry": "registries",
    "unenforced": "unenforced",
    "internet": "internet",
    "service": "services",
    "server": "servers",
    "callback": "callbacks",
    "kubernetesAPI": "platform",
    "cloudIdentity": "platform",
    "dns": "dns",
}
"""By `Line.kind`; addresses are public or private."""


def destination_of(view: View, line: Line) -> Destination:
    """The class of what a line opens; callers have one, too, and nobody asks for it."""
    if line.kind in _CLASSES:
        return _CLASSES[line.kind]
    public = union(*(block.addresses for block in view.network.public))
    addresses = union(*(blocks for blocks, _ in line.reach.addresses))
    return "public" if intersect(addresses, public) else "private"


def enforcement_of(view: View, line: Line) -> Enforcement:
    """What is compared: the name, and where it may lie; addresses; the labels of pods; or nothing that was listed."""
    if line.kind == "unenforced":
        return "unenforced"
    if line.named:
        return "anywhere" if view.provider.names_at is NamesAt.ANYWHERE else "name"
    return "pods" if line.reach.pods else "address"
