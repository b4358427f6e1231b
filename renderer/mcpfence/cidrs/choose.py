"""The one cluster that the values are for, among those that the documents describe."""

from __future__ import annotations

from collections.abc import Sequence

from mcpfence.cidrs.document_value import DocumentValue
from mcpfence.cidrs.facts import Gathered
from mcpfence.cidrs.kinds import Command, known_of, line_of


def the_cluster(
    clusters: Sequence[DocumentValue], key: str, file: str, commands: Sequence[Command], gathered: Gathered
) -> DocumentValue | None:
    """The cluster that `--cluster` names, or the only one; None after an error, or where only Kubernetes objects are.

    Ranges of two clusters in one catalog would let one cluster's servers call the other's API.
    """
    wanted = gathered.scope.cluster
    names = sorted({node.at(key).label for node in clusters})
    fits = [node for node in clusters if not wanted or node.at(key).text == wanted]
    if len({node.at(key).text for node in fits}) == 1 and len({_place(node) for node in fits}) == 1:
        return fits[-1]
    if fits:
        sentence = f"{len(fits)} clusters are described: {', '.join(names[:5])}"
        gathered.out.add("cidrs-input", (), sentence, "say which one is meant with --cluster, in one region")
    elif clusters:
        sentence = f"no cluster {wanted} is described, only {', '.join(names[:5])}"
        gathered.out.add("cidrs-input", (), sentence, "check --cluster, or give that cluster's description")
    else:
        todo = f"run: {line_of(commands, file, known_of(gathered.scope))}"
        gathered.out.add("cidrs-missing", (), "no description of the cluster is in the input", todo)
    return None


def _place(node: DocumentValue) -> tuple[str, str]:
    """What tells clusters of one name apart: Google's selfLink, AWS' arn, Azure's id."""
    return node.first("selfLink", "arn", "id").text.lower(), node.at("location").text
