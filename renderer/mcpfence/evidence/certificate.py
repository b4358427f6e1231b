"""The certificate: for every fence what is declared, what the manifests allow, what is lost, and packets that show it.

It is the predicate of an in-toto statement (https://in-toto.io/Statement/v1) whose subjects are the manifests:

    fences:
    - kind: server, name: github, pods: {namespace: mcp, labels: {app: {in: [github]}}}
      egress:
        declared    what the catalog grants, row by row, each with the key that grants it (reach.flows.plain_form)
        narrowings  what the engine cannot give of that
        allowed     what the manifests let through: inside `declared`, and all of it but what is lost
        witnesses   a packet a line, with the policy and the rule that decide on it

`mcpfence.verify` reads it again, and takes nothing from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from mcpfence import __version__
from mcpfence.evidence.case import Case
from mcpfence.evidence.witnesses import Witness, peer_of, witnesses
from mcpfence.explain.explanation import facts_of
from mcpfence.findings.finding import Finding
from mcpfence.net.addresses import ALL
from mcpfence.net.intervals import Intervals, canonical
from mcpfence.plan.fence import Allow, Fence
from mcpfence.proof.floor import prove_floor
from mcpfence.proof.prove import UNKNOWN, box_of, lost_reach, reach_of_allow, reach_of_name
from mcpfence.proof.residual_risks import residual_risks
from mcpfence.providers import Composition, NamesAt, enforced_kinds
from mcpfence.reach.evaluation.evaluator import Pod, Subject
from mcpfence.reach.flows import label_sets, traffic
from mcpfence.reach.flows.label_sets import Box
from mcpfence.reach.flows.plain_form import Row, labels_form, ranges_of, rows_of
from mcpfence.structs import Struct

_INLINE = 4
"""More ranges of addresses than these stand in a table and have a name."""


class _Addresses:
    """Sets of addresses that many rows share, by the name that stands for them in a row."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, ...], str] = {}

    def rows(self, rows: Iterable[Row], **more: str) -> list[Row]:
        """The rows with long sets of addresses replaced by their names."""
        return [{**row, **self._named(row), **more} for row in rows]

    def _named(self, row: Row) -> Row:
        ranges = row.get("addresses")
        if ranges is None or len(ranges) <= _INLINE:
            return {}
        return {"addresses": self._names.setdefault(tuple(ranges), f"set-{len(self._names) + 1}")}

    @property
    def table(self) -> dict[str, list[str]]:
        """The sets by their names."""
        return {name: list(ranges) for ranges, name in self._names.items()}


class Sent(Struct):
    """A pod of a fence, and the packets that it sends as witnesses."""

    fence: Fence
    pod: Pod
    witnesses: tuple[Witness, ...]


class Certificate(Struct):
    """What is certified, without the digests of files, and the packets that live tests may send."""

    predicate: dict[str, Any]
    sent: tuple[Sent, ...]


def certify(case: Case) -> Certificate:
    """The certificate of a case."""
    made = _Fences(case)
    entries = [made.entry(fence, box_of(selector)) for fence in case.fences for selector in fence.selectors]
    catalog, provider = case.rendering.catalog, case.provider
    floor = _floor(case, made)
    predicate = {
        "mcpfence": __version__,
        "catalog": {"digest": {"sha256": catalog.digest}},
        "release": {"name": catalog.release, "namespace": catalog.release_namespace},
        "namespace": catalog.namespace,
        "provider": provider.name,
        "names": {
            "at": "anywhere" if provider.names_at is NamesAt.ANYWHERE else "declared addresses",
            "told": "by what a flow shows"
            if provider.composition is Composition.LAYERED
            else "by the resolver's answers",
        },
        "reading": {
            "namespace": case.namespace,
            "podAddresses": list(ranges_of(canonical(case.network.pod_cidrs) or ALL)),
            "apiAddresses": list(ranges_of(case.network.api_addresses or ALL)),
            "enforcedKinds": sorted([group, kind] for group, kind in enforced_kinds(provider)),
        },
        "findings": [_finding(one) for one in case.findings],
        "residualRisks": {risk.id: risk.text for risk in residual_risks(catalog)},
        "notShown": [UNKNOWN],
        "floor": "shown" if floor else "not among the manifests",
        "addresses": made.addresses.table,
        "fences": [*entries, *floor],
    }
    return Certificate(predicate, tuple(made.sent))


def _finding(finding: Finding) -> dict[str, str]:
    return {"id": finding.id, "severity": finding.severity.value, "message": finding.message}


class _Fences:
    """Makes the entries of fences; gathers the sets of addresses that they share, and the packets that they send."""

    def __init__(self, case: Case) -> None:
        self._case, self._risks = case, residual_risks(case.rendering.catalog)
        self.addresses = _Addresses()
        self.sent: list[Sent] = []

    def entry(self, fence: Fence, box: Box) -> dict[str, Any]:
        """One fence, for the pods of one of its selectors."""
        subject = Subject(fence.namespace, box)
        pod = Pod(fence.namespace, tuple(sorted(label_sets.sample(box).items())))
        entry: dict[str, Any] = {"kind": fence.kind, "name": fence.name}
        entry |= {"runtime": fence.runtime} if fence.runtime else {}
        entry["pods"] = {"namespace": fence.namespace, "labels": labels_form(box)}
        if fence.kind != "service":
            granted = {"declared": self._egress(fence), "narrowings": self._narrowings(fence)}
            shown = witnesses(self._case.evaluator, pod, "egress")
            self.sent.append(Sent(fence, pod, tuple(shown)))
            entry["egress"] = {**granted, **self._direction(subject, pod, "egress", shown)}
        callable_at = canonical(
            traffic.span(item.protocol, item.first, item.last) for allow in fence.ingress for item in allow.ports
        )
        declared = [row for allow in fence.ingress for row in self._granted(allow)]
        entry["ingress"] = {"declared": declared, "narrowings": [], **self.ingress(subject, pod, callable_at)}
        facts = facts_of(fence)
        entry["residualRisks"] = [risk.id for risk in self._risks if risk.needs <= facts]
        return entry

    def ingress(self, subject: Subject | Pod, pod: Pod, callable_at: Intervals) -> dict[str, Any]:
        """What the manifests let come in."""
        return self._direction(subject, pod, "ingress", witnesses(self._case.evaluator, pod, "ingress", callable_at))

    def stranger(self, pod: Pod) -> dict[str, Any]:
        """A pod that no fence is for: what the floor leaves to it."""
        entry: dict[str, Any] = {"kind": "floor", "name": pod.namespace}
        entry["pods"] = {"namespace": pod.namespace, "labels": {}, "exactly": True}
        shown = witnesses(self._case.evaluator, pod, "egress")
        entry["egress"] = {"declared": [], "narrowings": [], **self._direction(pod, pod, "egress", shown)}
        entry["ingress"] = {"declared": [], "narrowings": [], **self.ingress(pod, pod, ())}
        return entry

    def _direction(self, subject: Subject | Pod, pod: Pod, direction: str, shown: Sequence[Witness]) -> dict[str, Any]:
        allowed = self._case.evaluator.reach(subject, direction).most
        said = [_witness(one, pod, direction) for one in shown]
        return {"allowed": self.addresses.rows(rows_of(allowed)), "witnesses": said}

    def _egress(self, fence: Fence) -> list[Row]:
        rows = [row for allow in fence.egress for row in self._granted(allow)]
        for name in fence.names:
            grant = "registry" if name.registry else "name"
            rows += self.addresses.rows(rows_of(reach_of_name(fence, name)), grant=grant, key=name.source)
        return rows

    def _granted(self, allow: Allow) -> list[Row]:
        return self.addresses.rows(rows_of(reach_of_allow(allow)), grant=allow.kind, key=allow.source)

    def _narrowings(self, fence: Fence) -> list[dict[str, Any]]:
        _, narrowings = self._case.provider.prepare(fence, self._case.network)
        lost = [(one.why, rows_of(lost_reach([one], fence.names))) for one in narrowings]
        return [{"why": why, "rows": self.addresses.rows(rows)} for why, rows in lost]


def _floor(case: Case, made: _Fences) -> list[dict[str, Any]]:
    """A pod without labels in the fenced namespace, where the manifests isolate every pod and deny this one all."""
    namespace = case.rendering.catalog.namespace
    shown = not prove_floor(namespace, case.fences, case.policies, "")
    return [made.stranger(Pod(namespace, ()))] if shown else []


def _witness(one: Witness, pod: Pod, direction: str) -> dict[str, Any]:
    packet, here = one.packet, {"namespace": pod.namespace, "labels": dict(pod.labels)}
    there = peer_of(packet)
    said: dict[str, Any] = {
        "verdict": "allowed" if one.allowed else "denied",
        "from": here if direction == "egress" else there,
        "to": there if direction == "egress" else here,
        "protocol": packet.protocol,
    }
    said |= {} if packet.port is None else {"port": packet.port}
    said |= {"name": packet.name} if packet.name else {}
    rules = dict.fromkeys((rule.policy, rule.field) for rule in one.decided)
    return {**said, "decidedBy": [{"policy": policy, "rule": rule} for policy, rule in rules]}
