"""An explanation: one fence in full, every line with its reason, and the verdicts that were asked for.

view       the catalog rendered, and one fence of it
reasons    what it grants, and which key grants it          blocked    what stays blocked, and why
questions  what --to and --from say       targets           what that means in this catalog
verdicts   what the evaluators answer     remedies          which key to write where the answer is no
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mcpfence.catalog.model import Server
from mcpfence.explain.context import View, find, make_view, manifests
from mcpfence.explain.grants import PUBLIC, Line, caller_lines, egress_lines
from mcpfence.explain.questions import BadQuestion, read_port, read_question
from mcpfence.explain.remedies import deny_all_key
from mcpfence.explain.targets import target_from, target_to
from mcpfence.explain.verdicts import Verdict, may_call, may_reach
from mcpfence.findings.finding import Finding, fail
from mcpfence.findings.table import TABLE
from mcpfence.kube.manifest import FLOOR
from mcpfence.kube.services import ServiceIndex
from mcpfence.plan.blocked_ranges import BlockedRange, blocked_ranges, endpoints
from mcpfence.plan.fence import Fence, Narrowing
from mcpfence.proof.prove import DISJOINT
from mcpfence.proof.residual_risks import residual_risks
from mcpfence.providers import NamesAt
from mcpfence.reach.flows.flows import TooManyParts
from mcpfence.structs import Struct

OTHERS = "other policies: those that are not part of this render are unknown here; mcpfence check reads a cluster's"


class Explanation(Struct):
    """Everything that there is to say about one fence."""

    view: View
    fence: Fence
    reaches: tuple[Line, ...]
    called_by: tuple[Line, ...]
    nothing: str
    """Why it reaches nothing; empty where it reaches something, or is a back-end whose egress is not fenced."""
    blocked: tuple[BlockedRange, ...]
    """Blocked ranges; empty where no name and no stance opens public addresses."""
    endpoints: tuple[tuple[str, str], ...]
    loses: tuple[Narrowing, ...]
    findings: tuple[Finding, ...]
    risks: tuple[str, ...]
    manifests: tuple[str, ...]
    floor: str
    """The chart's NetworkPolicy that denies what no other allows; empty where it does not stand around these pods."""

    @property
    def names_anywhere(self) -> bool:
        """Whether its names are open wherever they resolve to, since nothing of the engine stands in front of them."""
        return bool(self.fence.names) and self.view.provider.names_at is NamesAt.ANYWHERE


class Elsewhere(Struct):
    """A server without pods: it is not fenced, because it does not run here."""

    view: View
    server: Server
    callers: tuple[str, ...]
    """Workloads that call it, or composites that hold it."""


class Asked(Struct):
    """`--to`, `--from` and `--port` as they were written."""

    to: str | None = None
    caller: str | None = None
    port: str | None = None


def explain(
    raw: Mapping[str, Any], name: str, *, release: str, namespace: str, services: ServiceIndex
) -> Explanation | Elsewhere:
    """Explain one server, workload or back-end; raises McpfenceError where the catalog has errors or no such name."""
    return explained(make_view(raw, release=release, namespace=namespace, services=services, name=name), name)


def explained(view: View, name: str) -> Explanation | Elsewhere:
    """The same of a catalog that is rendered already."""
    found = find(view, name)
    if isinstance(found, Server):
        return Elsewhere(view, found, tuple(holders(view, found)))
    return explanation_of(view, found)


def holders(view: View, server: Server) -> Iterable[str]:
    """Who has to do with a server without pods, in words: composites that hold it, workloads that call it."""
    for other in view.catalog.servers.values():
        if server.name in other.components:
            yield f"server {other.name} groups it"
    for workload in view.catalog.workloads.values():
        if workload.egress.servers == "all" or server.name in workload.egress.servers:
            yield f"workload {workload.name} calls it (workloads.{workload.name}.egress.servers)"


def explanation_of(view: View, fence: Fence) -> Explanation:
    """Everything about one fence of a view."""
    reaches = () if fence.kind == "service" else egress_lines(view, fence)
    floor = view.catalog.floor and fence.namespace == view.catalog.namespace
    public = any(line.kind in ("name", "registry", *PUBLIC) for line in reaches)
    return Explanation(
        view=view,
        fence=fence,
        reaches=reaches,
        called_by=caller_lines(view, fence),
        nothing="" if reaches or fence.kind == "service" else why_nothing(view, fence),
        blocked=blocked_ranges(view.catalog) if public else (),
        endpoints=endpoints(view.catalog.cluster.families) if reaches else (),
        loses=view.prepared(fence)[1],
        findings=tuple(item for item in view.rendering.findings if concerns(view, fence, item)),
        risks=(*(risk.text for risk in residual_risks(view.catalog) if risk.needs <= facts_of(fence)), OTHERS),
        manifests=tuple(item.title for item in manifests(view, fence)),
        floor=f"NetworkPolicy {fence.namespace}/{FLOOR}" if floor else "",
    )


def why_nothing(view: View, fence: Fence) -> str:
    """Why a server or workload reaches nothing: the key that says so, or the absence of all of them."""
    if view.egress(fence).deny_all:
        return f"{'.'.join(map(str, deny_all_key(view, fence)))}: true"
    if view.egress(fence).listed:
        return "its lists of destinations are empty, and absence never opens anything"
    return "it lists no destination, and egress.default is deny"


# --- what concerns a fence ---


def concerns(view: View, fence: Fence, finding: Finding) -> bool:
    """Whether a finding speaks of this fence: its own entry, its clients, or the whole catalog."""
    own = fence.path if fence.kind == "service" else fence.path[:2]
    head = finding.path[:2]
    if finding.path[: len(own)] == own or finding.document or not finding.path:
        return True
    if head[0] in ("servers", "workloads"):
        return False
    if head == ("egress", "registries"):
        return finding.path[2:3] == (fence.runtime,) and view.egress(fence).registries is None
    if head[0] == "gateway":
        return _registered(fence)
    if head[0] == "clients":
        clients = view.ingress(fence).clients
        return clients is None or (len(head) > 1 and head[1] in clients)
    return TABLE[finding.id].needs <= facts_of(fence)


def _registered(fence: Fence) -> bool:
    """Whether the MCP gateway is among its callers."""
    return any(allow.kind == "gateway" for allow in fence.ingress)


def facts_of(fence: Fence) -> set[str]:
    """What findings and risks may need of a fence: the kinds of what it grants, names and wildcards, who calls it."""
    there: set[str] = {allow.kind for allow in fence.egress}
    there |= {"name"} if fence.names else set()
    there |= {"any"} if there - {"dns"} else set()
    there |= {"gateway"} if _registered(fence) else set()
    return there | ({"wildcard"} if any(name.pattern.startswith("*.") for name in fence.names) else set())


# --- questions ---


def answer(about: Explanation | Elsewhere, asked: Asked) -> tuple[Verdict, ...]:
    """The verdicts on `--to` and `--from`.  Raises BadQuestion, and McpfenceError where they cannot be worked out."""
    if isinstance(about, Elsewhere):
        server = about.server
        runs = "only groups other servers" if server.runtime == "composite" else "runs elsewhere"
        raise BadQuestion(
            f"server {server.name} is {server.runtime}: it {runs} and has no pods that a fence could hold."
        )
    try:
        return tuple(_verdicts(about, asked))
    except TooManyParts as many:
        raise fail("proof-undecided", str(many), DISJOINT, path=about.fence.path) from None


def _verdicts(explained: Explanation, asked: Asked) -> Iterator[Verdict]:
    view, fence = explained.view, explained.fence
    if asked.to is not None:
        if fence.kind == "service":
            raise BadQuestion(f"{fence.title} is a back-end: what it reaches is not fenced by this catalog.")
        yield may_reach(view, fence, target_to(view, fence, read_question(asked.to)))
    if asked.caller is not None:
        ports = read_port(asked.port, asked.port) if asked.port is not None else None
        yield may_call(view, fence, target_from(view, fence, read_question(asked.caller), ports))
