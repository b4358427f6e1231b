"""The report as data: everybody who has a fence or should have one, and what a reader must know of all of them.

What a fence grants comes from `explain`, so that page and explanation never differ; the rules behind each line are
those that decide in the text of the rendered manifests, read back as the proof reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from mcpfence.catalog.inheritance import granted_registries
from mcpfence.catalog.model import Server
from mcpfence.diff.changes import Difference, Verdict
from mcpfence.explain.context import Sight, View, look, manifests
from mcpfence.explain.endpoint import deciding, packets_of
from mcpfence.explain.explanation import OTHERS, holders, why_nothing
from mcpfence.explain.grants import Line, caller_lines, egress_lines
from mcpfence.findings.finding import Path
from mcpfence.kube.manifest import FLOOR
from mcpfence.plan.blocked_ranges import endpoints
from mcpfence.plan.fence import Fence
from mcpfence.proof.prove import subjects
from mcpfence.proof.residual_risks import residual_risks
from mcpfence.providers import NamesAt
from mcpfence.providers.contract import Feature
from mcpfence.report.destinations import Destination, Enforcement, destination_of, enforcement_of
from mcpfence.structs import Struct

Mark = Literal["unenforced", "undeclared", "internet", "lost", "nothing", "elsewhere", "changed"]

_PACKETS = 4
"""Of one line so many parts are looked at for the rules that decide on it."""


class Grant(Struct):
    """One line of a fence: what may be reached, or who may call; `rules` let it through, at each layer of an engine."""

    line: Line
    destination: Destination
    enforcement: Enforcement
    rules: tuple[str, ...]
    names: tuple[str, ...] = ()
    """Names of the catalog that nothing compares: in their place every public address is open."""
    called: str = ""
    """What the catalog calls a back-end, or a registry in the cluster: the name of its entry."""


class Party(Struct):
    """One server, workload or back-end."""

    kind: str
    name: str
    runtime: str
    path: Path
    fence: Fence | None = None
    """None for a server without pods."""
    called_by: tuple[Grant, ...] = ()
    reaches: tuple[Grant, ...] = ()
    nothing: str = ""
    """Why it reaches nothing; empty where it reaches something."""
    manifests: tuple[str, ...] = ()
    loses: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()
    """Of a server without pods: who groups or calls it, in words."""
    undeclared: bool = False
    change: Verdict | None = None
    """How it differs from the base."""

    @property
    def title(self) -> str:
        """`server github`."""
        return f"{self.kind} {self.name}"

    @property
    def unenforced(self) -> tuple[str, ...]:
        """The names that nothing enforces."""
        return tuple(dict.fromkeys(name for grant in self.reaches for name in grant.names))

    @property
    def marks(self) -> tuple[Mark, ...]:
        """What a reader should look at."""
        kinds = {grant.line.kind for grant in self.reaches}
        there: dict[Mark, bool] = {
            "unenforced": bool(self.unenforced),
            "undeclared": self.undeclared,
            "internet": "internet" in kinds,
            "lost": bool(self.loses),
            "nothing": bool(self.nothing),
            "elsewhere": self.fence is None,
            "changed": self.change is not None,
        }
        return tuple(mark for mark, so in there.items() if so)


class Base(Struct):
    """What the report is compared with: a revision of Git, and the files of the catalog that it does not have."""

    revision: str
    commit: str
    absent: tuple[str, ...]
    difference: Difference


class Overview(Struct):
    """Everything on the page."""

    view: View
    engine: str
    entries: tuple[Party, ...]
    floor: str
    """The chart's NetworkPolicy that denies what no other allows; empty where it is switched off."""
    endpoints: tuple[tuple[str, str], ...]
    risks: tuple[str, ...]
    base: Base | None = None


def make_overview(view: View, base: Base | None = None, *, rules: bool = True) -> Overview:
    """The report on a rendered catalog; without `rules` in a third of the time, for forms that do not tell them."""
    catalog = view.catalog
    verdicts = _verdicts(base)
    hosted = {(fence.kind, fence.name): fence for fence in view.fences}
    entries = [
        _fenced(view, hosted["server", name], rules=rules) if ("server", name) in hosted else _elsewhere(view, server)
        for name, server in catalog.servers.items()
    ]
    others = [fence for kind in ("workload", "service") for fence in view.fences if fence.kind == kind]
    entries += [_fenced(view, fence, rules=rules) for fence in others]
    return Overview(
        view=view,
        engine=engine_sentence(view),
        entries=tuple(entry._replace(change=verdicts.get(entry.title)) for entry in entries),
        floor=f"NetworkPolicy {catalog.namespace}/{FLOOR}" if catalog.floor else "",
        endpoints=endpoints(catalog.cluster.families),
        risks=(*(risk.text for risk in residual_risks(catalog)), OTHERS),
        base=base,
    )


def _verdicts(base: Base | None) -> dict[str, Verdict]:
    changes = base.difference.changes if base else ()
    return {pods.title: change.verdict for change in changes for pods in change.subjects}


def engine_sentence(view: View) -> str:
    """What enforces what, in a sentence for a person."""
    provider = view.provider
    kinds = " and ".join(kind.called for kind in provider.kinds)
    rest = "NetworkPolicies enforce addresses, pods and ports"
    if not provider.kinds:
        return f"none that knows host names (egress.provider: {provider.name}): {rest}, and nothing enforces names"
    if Feature.NAME not in provider.expresses:
        return f"{provider.name} ({kinds}) knows no host names; beside it {rest}"
    where = "wherever they resolve to" if provider.names_at is NamesAt.ANYWHERE else "at public addresses alone"
    return f"{provider.name} ({kinds}) enforces host names, {where}; {rest}"


# --- entries ---


def _fenced(view: View, fence: Fence, *, rules: bool) -> Party:
    sight = look(view, [fence]) if rules else None
    owner = view.owner(fence)
    own = fence.kind != "service"
    lines = egress_lines(view, fence) if own else ()
    return Party(
        kind="back-end" if fence.kind == "service" else fence.kind,
        name=fence.name,
        runtime=fence.runtime,
        path=fence.path,
        fence=fence,
        called_by=tuple(_grant(view, fence, sight, "ingress", line) for line in caller_lines(view, fence)),
        reaches=tuple(_grant(view, fence, sight, "egress", line) for line in lines),
        nothing=why_nothing(view, fence) if own and not lines else "",
        manifests=tuple(item.title for item in manifests(view, fence)),
        loses=tuple(narrowing.text for narrowing in view.prepared(fence)[1]) if own else (),
        undeclared=fence.kind == "server" and owner is not None and owner.egress.undeclared,
    )


def _elsewhere(view: View, server: Server) -> Party:
    return Party("server", server.name, server.runtime, server.path, holders=tuple(holders(view, server)))


def _grant(view: View, fence: Fence, sight: Sight | None, direction: str, line: Line) -> Grant:
    rules = _rules(fence, sight, direction, line) if sight else ()
    names = _names_in_the_open(view, fence) if line.kind == "unenforced" else ()
    service = line.kind == "service" or (line.kind == "registry" and not line.named)
    called = _entry_name(view, line.key) if service else ""
    return Grant(line, destination_of(view, line), enforcement_of(view, line), rules, names, called)


def _rules(fence: Fence, sight: Sight, direction: str, line: Line) -> tuple[str, ...]:
    packets = packets_of(line.reach)[:_PACKETS]
    found = [deciding(sight, subject, direction, packets)[0] for subject in subjects(fence)[:_PACKETS]]
    return tuple(dict.fromkeys(decision.text for passed in found for decision in passed))


def _entry_name(view: View, key: Path) -> str:
    """The name that stands in the entry at a path of the catalog; empty where the entry is no mapping."""
    value: Any = view.raw
    for step in key:
        value = value[step]
    return str(value.get("name", "")) if isinstance(value, Mapping) else ""


def _names_in_the_open(view: View, fence: Fence) -> tuple[str, ...]:
    egress = view.egress(fence)
    domains = (*egress.domains, *granted_registries(view.catalog, fence.runtime, egress).domains)
    return tuple(dict.fromkeys(domain.pattern for domain in domains))
