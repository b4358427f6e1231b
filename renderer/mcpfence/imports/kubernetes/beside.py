"""What an import says of workloads that nothing limits today: what of them is written, and what is not."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mcpfence.imports.kubernetes.owners import mapping
from mcpfence.imports.kubernetes.peers import PeerPods
from mcpfence.imports.kubernetes.pods import Running
from mcpfence.imports.shared.dns_labels import label
from mcpfence.imports.shared.format import ImportContext


def say_written(one: Running, *, reaches: bool, context: ImportContext) -> None:
    """A workload is written with one direction: `reaches` is whether its egress, else its ingress, is open today."""
    if reaches:
        lost, todo = (
            "what it reaches is limited by no policy today, and here it reaches nothing",
            "list it in its egress",
        )
    else:
        lost, todo = "who calls it is limited by no policy today, and here nobody may", "list them in its ingress"
    context.say("import-pods", one.node, f"{one.title} is written as workloads.{label(one.name)}: {lost}", todo)


def say_cut_callers(
    fences: Iterable[tuple[Running, Mapping[str, Any]]],
    clients: Mapping[str, Mapping[str, Any]],
    unlimited: Sequence[Running],
    context: ImportContext,
) -> None:
    """A policy names its callers, and one of them is not limited today: here it may call what its own egress lists.

    `unlimited` are the workloads of the namespace whose egress no policy limits, and which are therefore not written.
    """
    for one, fence in fences:
        listed = mapping(fence.get("ingress"))
        for name in listed.get("from", ()):
            client = clients.get(name, {})
            if "namespace" not in client:
                continue
            peer = PeerPods(client["namespace"], client.get("podSelector"))
            for other in unlimited:
                if other is not one and peer.fits(other):
                    entry = {"name": label(one.name), "podSelector": dict(one.selector), "ports": listed["ports"]}
                    words = json.dumps(entry).replace('"', "")
                    sentence = f"{other.title} may call {one.title} today, and its egress is not written"
                    context.say(
                        "import-narrowed", other.node, sentence, f"it may call it no longer; list {words} there"
                    )
