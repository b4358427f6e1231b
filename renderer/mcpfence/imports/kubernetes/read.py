"""Running workloads and their NetworkPolicies as a first catalog, compared with what they may reach today.

    kubectl get deploy,sts,ds,svc,netpol,ns -A -o yaml > cluster.yaml
    mcpfence import kubernetes cluster.yaml -o values.yaml

The workloads that are MCP servers (see `pods`) become servers of one namespace, the others of that
namespace workloads.  Nothing is taken for this format by `auto`: any manifest would be of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from mcpfence.imports.kubernetes.cluster_import import Import
from mcpfence.imports.kubernetes.pods import MARK, running, say_others, servers
from mcpfence.imports.shared.format import FieldRow, Format, FormatResult, ImportContext, Table
from mcpfence.imports.shared.source import Document, objects
from mcpfence.reach.engines import by_kind

_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Pod", "Service", "NetworkPolicy", "Namespace")
"""Kinds of Kubernetes' own; policies of other engines come beside them."""

WORKLOAD = Table(
    "Deployment, StatefulSet, DaemonSet, ReplicaSet, Pod",
    (
        FieldRow(
            "metadata.name",
            "servers.NAME, workloads.NAME",
            "servers: named by --only, else labelled " + MARK + ", else with the word mcp",
        ),
        FieldRow(
            "metadata.namespace", "mcpNamespace.name", "the one with most servers; others are imported by themselves"
        ),
        FieldRow("spec.selector.matchLabels", "podSelector", "the template's labels where it has matchExpressions"),
        FieldRow("spec.template.spec.containers[].image", "containerizedConfig.image", "of the first container"),
        FieldRow("spec.template.spec.containers[].ports", "containerizedConfig.port", "the first TCP port by number"),
        FieldRow("spec.template.spec.hostNetwork", "", "true: refused, for no policy holds there"),
    ),
)
POLICY = Table(
    "NetworkPolicy",
    (
        FieldRow("spec.policyTypes", "", "a direction that no policy limits: nothing is opened, with a warning"),
        FieldRow(
            "spec.egress[].to[].ipBlock",
            "egress.cidrs",
            "all public or all private; of one that is both the public part",
        ),
        FieldRow(
            "spec.egress[].to[].podSelector",
            "egress.services",
            "by the namespaces' names; a whole namespace: mode namespace",
        ),
        FieldRow(
            "spec.egress[].to",
            "egress.cidrs",
            "absent: the public IPv4 addresses on these ports, with a warning; port 53: kube-dns alone",
        ),
        FieldRow(
            "spec.egress[].ports",
            "egress.services[].ports, egress.cidrs[].ports",
            "a name: the number that all selected workloads give it; refused where they differ or one has none",
        ),
        FieldRow(
            "spec.ingress[].from",
            "clients, ingress.from",
            "pods or addresses as clients; everybody: nobody, with a warning",
        ),
        FieldRow(
            "spec.ingress[].ports",
            "ingress.ports",
            "one set of ports for all callers: with the server's first port, then that of most callers",
        ),
    ),
)

OTHERS = Table(
    "Policies of other engines",
    (
        FieldRow(
            "spec",
            "egress.cidrs, egress.services, egress.domains, clients, ingress",
            "of every engine that check reads: what all policies together surely let through, for their rules have an "
            "order",
        ),
        FieldRow("", "egress.provider", "the engine whose policies name hosts"),
    ),
)


def accepts(document: Document) -> bool:
    """Objects of a cluster."""
    known = {*_KINDS, *(kind for _, kind in by_kind(every=True))}
    return any(node.value.get("kind") in known for node in objects(document))


def read(documents: Sequence[Document], context: ImportContext) -> FormatResult:
    """Servers, clients and workloads of the namespace with most servers."""
    nodes = [node for document in documents for node in objects(document)]
    every = running(nodes, context)
    context.names |= {one.name for one in every}
    chosen = servers(every, context)
    if not chosen:
        if every and not context.only:
            sentence = f"none of {len(every)} workloads looks like an MCP server"
            context.refuse(every[0].node, sentence, f'name them with --only, or label them {MARK}: "true"')
        return FormatResult(())
    context.chosen = bool(context.only)
    say_others(nodes, chosen[0].namespace, context)
    return Import(nodes, every, chosen, context).found()


FORMAT = Format(
    name="kubernetes",
    summary="Running workloads and their NetworkPolicies (kubectl get ... -o yaml); name it, auto never takes it.",
    recognises=lambda _: False,
    read=read,
    tables=(WORKLOAD, POLICY, OTHERS),
    accepts=accepts,
)
