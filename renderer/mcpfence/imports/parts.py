"""Parts of a catalog on their way into it: values with their places, and workloads that it cannot have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mcpfence.findings.finding import Finding
from mcpfence.imports.shared.format import ImportContext
from mcpfence.imports.shared.source import Node
from mcpfence.structs import Struct


class CatalogPart(Struct):
    """A value on its way into the catalog, with the sentences above it."""

    path: tuple[str, ...]
    value: Any
    decided: tuple[str, ...]
    node: Node | None = None


def plain(value: Any) -> Any:
    """A value as catalogs are written: fractions as text, which Kubernetes reads alike, and nothing that is null."""
    if isinstance(value, Mapping):
        return {key: plain(below) for key, below in value.items() if below is not None}
    if isinstance(value, list):
        return [plain(below) for below in value if below is not None]
    return str(value) if isinstance(value, float) else value


def with_known_servers(settings: Sequence[CatalogPart], ours: set[str], base: Mapping[str, Any]) -> list[CatalogPart]:
    """The settings, each workload of them with those of its egress.servers that the catalog has."""
    theirs = base.get("servers")
    there = ours | {str(name) for name in (theirs if isinstance(theirs, Mapping) else ())}
    found = []
    for part in settings:
        egress = part.value.get("egress") if part.path[0] == "workloads" else None
        if isinstance(egress, Mapping) and isinstance(egress.get("servers"), list):
            kept = [name for name in egress["servers"] if name in there]
            left = {key: value for key, value in egress.items() if key != "servers"}
            egress = left | ({"servers": kept} if kept else {})
            rest = {key: value for key, value in part.value.items() if key != "egress"}
            part = part._replace(value=rest | ({"egress": egress} if egress else {}))  # noqa: PLW2901
        found.append(part)
    return found


def is_workload(part: CatalogPart) -> bool:
    """Whether a source asks for it as a workload of the catalog."""
    return part.path[0] == "workloads" and part.node is not None


_LISTENERS = (("gateway", "listeners"), ("gateway", "sectionName"), ("gateway", "serverSectionName"))
"""What fits together or not at all."""


def without_gateway_faults(
    settings: Sequence[CatalogPart], errors: Sequence[Finding], context: ImportContext
) -> list[CatalogPart]:
    """The settings without those of a gateway that the catalog cannot have; each fault is said once.

    What is said of listeners goes as a whole, and where no part has the fault, too; then everything of the gateway.
    """
    ours = [part for part in settings if part.path[0] == "gateway" and part.node is not None]
    wrong = [error for error in errors if error.path[:1] == ("gateway",)]
    faulty = [part for part in ours if faults_of(part, wrong)]
    listeners = [part for part in ours if part.path in _LISTENERS]
    gone = faulty
    if wrong and (not faulty or any(part in listeners for part in faulty)):
        gone = [*faulty, *listeners] or ours
    for part in faulty or gone[:1]:
        fault = next(iter(faults_of(part, wrong)), wrong[0])
        if part.node is not None:
            sentence = f"the catalog cannot have it as {'.'.join(part.path)}: {fault.message}"
            context.say("import-guess", part.node, sentence, "left out; write it by hand: docs/gateways.md")
    return [part for part in settings if part not in gone]


def faults_of(part: CatalogPart, errors: Sequence[Finding]) -> list[Finding]:
    """The errors of a catalog that are about one part of it."""
    return [error for error in errors if error.path[: len(part.path)] == part.path]


def leave_out(part: CatalogPart, error: Finding, context: ImportContext) -> None:
    """A workload that the catalog cannot have is left out: nothing is opened, and that is said."""
    name = ".".join(part.path)
    rest = error.message.removeprefix(name).removeprefix(".").removeprefix(": ")
    if part.node is not None:
        sentence = f"{name} is no workload that a catalog can have: {rest}"
        context.say(
            "import-pods", part.node, sentence, "left out; the floor denies its pods everything: write it by hand"
        )
