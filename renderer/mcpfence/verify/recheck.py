"""Whether an evidence pack is what it says, told from its bytes alone.

This module shares nothing with what makes packs: it imports the standard library, the judge (`reach`) and the one
function that reads YAML for the judge and refuses what readers of YAML may read differently (`documents.agreement`).
tests/contract/test_verify_evidence.py holds it to that, and to 400 lines.  What it does, in this order:

1. The files are those of SHA256SUMS, no more and no fewer, with these sums.
2. The certificate is an in-toto statement about just these manifests, and names the digests of all other files.
3. The manifests are read again, and what else is applied; whatever could be a policy and cannot be read is a fault.
4. For every fence and direction: what the manifests let through is what `allowed` says; it is inside `declared`; and
   all of `declared` passes but the narrowings.
5. Every witness is sent again: same verdict, same policies and rules.
6. Where the floor is claimed, every pod of the namespace is isolated, and one without labels may do nothing.
7. No pod of a fence stands where no policy holds, and no policy of mcpfence is for pods that no fence speaks of.

What is *declared* is the certificate's own word: who doubts it makes the pack again from the catalog, and compares.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mcpfence.documents.agreement import load_judged
from mcpfence.reach.connectivity.workloads import read_templates, read_workloads
from mcpfence.reach.documents.objects import Object, unroll
from mcpfence.reach.engines.contract import Policy
from mcpfence.reach.engines.kustomize_folders import File, as_kustomized, judged_kinds
from mcpfence.reach.evaluation.deciding_rules import deciding_among, deciding_rules
from mcpfence.reach.evaluation.evaluator import Evaluator, Pod, Subject
from mcpfence.reach.evaluation.index import Index
from mcpfence.reach.evaluation.policy_set import PolicySet, read_policies
from mcpfence.reach.flows import bounds, flows, label_sets
from mcpfence.reach.flows.flows import Packet, Reach, TooManyParts
from mcpfence.reach.flows.plain_form import reach_of_rows, read_labels, read_ranges, rows_of
from mcpfence.reach.flows.selection import Selects, selects

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://mcpfence.io/containment/v1"
CERTIFICATE, SUMS, MANIFESTS = "certificate.json", "SHA256SUMS", "manifests/"
JOBS = "jobs.yaml"
"""What is applied to the cluster as well, and so is read with the manifests."""
_OTHERS = {"report.md", "netassert.yaml", JOBS}

_SUM = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9][A-Za-z0-9._/-]*)\Z")
_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError)
_OWNERS = {f"mcpfence.io/{kind}" for kind in ("server", "workload", "service")}
"""Labels of the policies that mcpfence makes for a fence."""
_ANYWHERE = {"addresses": ["0.0.0.0-255.255.255.255", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]}
_ANY_POD: dict[str, Any] = {"pods": {}, "namespaces": {}}


class Mismatch(NamedTuple):
    """Something that is not as the pack says: a file or a place in the certificate, and a sentence."""

    place: str
    sentence: str


class Recheck(NamedTuple):
    """The outcome: the pack is what it says where there are no mismatches."""

    mismatches: tuple[Mismatch, ...]
    fences: int = 0
    witnesses: int = 0
    manifests: int = 0


def recheck(files: Mapping[str, bytes]) -> Recheck:
    """Check a pack, given all of its files by their names.  Never raises."""
    found = list(_sums(files))
    try:
        statement = _statement(files)
    except _UNREADABLE as bad:
        return Recheck((*found, Mismatch(CERTIFICATE, f"cannot be read ({_said(bad)})")))
    found += _digests(files, statement)
    read: list[File] = []
    names = sorted(name for name in files if name.startswith(MANIFESTS))
    for name in [*names, *(name for name in (JOBS,) if name in files)]:
        try:
            read.append((name, load_judged(files[name].decode(), judged_kinds(name))))
        except ValueError as bad:
            found.append(Mismatch(name, f"cannot be read as every reader of YAML would read it ({_said(bad)})"))
    try:
        of_files = as_kustomized(read, statement["predicate"]["reading"]["namespace"])
        pack = _Pack(statement["predicate"], [one for documents in of_files for one in documents])
    except (*_UNREADABLE, TooManyParts) as bad:
        return Recheck((*found, Mismatch(CERTIFICATE, f"its predicate cannot be read ({_said(bad)})")))
    found += pack.mismatches()
    return Recheck(tuple(found), len(pack.fences), pack.witnesses, len(names))


def _said(bad: Exception) -> str:
    return f"{bad.args[0]} is missing" if isinstance(bad, KeyError) else str(bad) or type(bad).__name__


# --- files and digests ---


def _sums(files: Mapping[str, bytes]) -> Iterator[Mismatch]:
    listed: dict[str, str] = {}
    for number, line in enumerate(files.get(SUMS, b"").decode(errors="replace").splitlines(), 1):
        match = _SUM.match(line)
        if match is None or match[2] in listed:
            yield Mismatch(f"{SUMS}:{number}", "is no line of sha256sum, or names a file twice")
        else:
            listed[match[2]] = match[1]
    if SUMS not in files:
        yield Mismatch(SUMS, "is missing")
        return
    for name in sorted(listed.keys() | (files.keys() - {SUMS})):
        if name not in files:
            yield Mismatch(name, f"is missing, and {SUMS} lists it")
        elif name not in listed:
            yield Mismatch(name, f"is additional: {SUMS} does not list it")
        elif _digest(files[name]) != listed[name]:
            yield Mismatch(name, f"was changed: its SHA-256 is {_digest(files[name])}, and {SUMS} has {listed[name]}")


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; raises ValueError for a key that stands twice, of which readers take one or the other."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _statement(files: Mapping[str, bytes]) -> dict[str, Any]:
    if CERTIFICATE not in files:
        raise ValueError("it is missing")
    statement: dict[str, Any] = json.loads(files[CERTIFICATE].decode(), object_pairs_hook=_once)
    if statement["_type"] != STATEMENT or statement["predicateType"] != PREDICATE:
        raise ValueError(f"it is no statement of {STATEMENT} with the predicate {PREDICATE}")
    if not isinstance(statement["predicate"], dict) or not isinstance(statement["subject"], list):
        raise TypeError("it has no subject or no predicate")
    return statement


def _digests(files: Mapping[str, bytes], statement: Mapping[str, Any]) -> Iterator[Mismatch]:
    try:
        subjects = {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}
        others = {name: digest["sha256"] for name, digest in statement["predicate"]["files"].items()}
        twice = len(subjects) < len(statement["subject"])
    except _UNREADABLE as bad:
        yield Mismatch(CERTIFICATE, f"its digests cannot be read ({_said(bad)})")
        return
    if twice or not subjects:
        yield Mismatch(CERTIFICATE, "names no subject, or one twice")
    for name in sorted(files.keys() - {CERTIFICATE, SUMS} - subjects.keys() - others.keys()):
        yield Mismatch(name, "is additional: the certificate does not name it")
    for what, named in (("subject", subjects), ("file", others)):
        for name, digest in sorted(named.items()):
            if not (name.startswith(MANIFESTS) if what == "subject" else name in _OTHERS):
                yield Mismatch(name, f"is a {what} of the certificate and cannot be one")
            elif name not in files:
                yield Mismatch(name, f"is missing, and the certificate has it as a {what}")
            elif _digest(files[name]) != digest:
                yield Mismatch(name, f"is not what was certified: its SHA-256 is {_digest(files[name])}, not {digest}")


# --- what the manifests let through ---


class _Fence(NamedTuple):
    """One entry of the certificate: what messages call it, its pods, and the entry itself."""

    title: str
    subject: Subject | Pod
    entry: Mapping[str, Any]


class _Pack:
    """A predicate beside the documents of its manifests."""

    def __init__(self, predicate: Mapping[str, Any], documents: Sequence[Any]) -> None:
        reading, self.names_anywhere = predicate["reading"], predicate["names"]["at"] == "anywhere"
        self.sets: Mapping[str, list[str]] = predicate["addresses"]
        self.namespace: str = reading["namespace"]
        self.policies: PolicySet = read_policies(
            documents,
            namespace=self.namespace,
            pod_addresses=_some(read_ranges(tuple(reading["podAddresses"]))),
            api_addresses=_some(read_ranges(tuple(reading["apiAddresses"]))),
            enforced=frozenset((group, kind) for group, kind in reading["enforcedKinds"]),
        )
        self.objects = unroll(documents).objects
        self.evaluator = Evaluator(self.policies)
        self.fences = [self._fence(place, entry) for place, entry in enumerate(predicate["fences"])]
        self.ours = {self._title(one) for one in self.objects if _is_for_a_fence(one)}
        self.witnesses = 0

    def _fence(self, place: int, entry: Mapping[str, Any]) -> _Fence:
        pods = entry["pods"]
        title = f"{entry['kind']} {entry['name']}"
        if not isinstance(pods["namespace"], str) or not isinstance(entry["name"], str):
            raise TypeError(f"fences[{place}] has no name or no namespace")
        box = read_labels(pods["labels"])
        if pods.get("exactly"):
            return _Fence(title, Pod(pods["namespace"], tuple(sorted(label_sets.sample(box).items()))), entry)
        return _Fence(title, Subject(pods["namespace"], box), entry)

    def mismatches(self) -> Iterator[Mismatch]:
        """Everything in which the certificate and the manifests differ."""
        for problem in self.policies.problems:
            yield Mismatch(problem.document, f"{problem.field} {problem.reason}, so what it lets through is unknown")
        if not self.fences:
            yield Mismatch(CERTIFICATE, "certifies no fence")
        for fence in self.fences:
            for policy, _ in self.evaluator.selecting(fence.subject):
                if not isinstance(policy, Policy) and policy.opens:
                    yield Mismatch(fence.title, f"{policy.text}, so what its pods may do is unknown")
            if fence.entry["kind"] == "floor":
                yield from self._floor(fence)
            if fence.entry["kind"] == "service" and self._fences_egress(fence):
                yield Mismatch(fence.title, "its egress is fenced, and the certificate does not speak of it")
            for direction in ("ingress",) if fence.entry["kind"] == "service" else ("egress", "ingress"):
                where = f"{fence.title} {direction}"
                try:
                    yield from (Mismatch(where, said) for said in self._direction(fence, direction))
                except TooManyParts as many:
                    yield Mismatch(where, f"cannot be decided: {many}")
                except _UNREADABLE as bad:
                    yield Mismatch(where, f"cannot be read ({_said(bad)})")
        yield from self._outside()

    def _floor(self, fence: _Fence) -> Iterator[Mismatch]:
        """The policies that select every pod of a namespace isolate all of them, and let nothing through."""
        every = Subject(fence.subject.namespace)
        found = [one for one, how in self.evaluator.selecting(every) if how is Selects.SURELY]
        base = Evaluator(self.policies._replace(policies=tuple(one for one in found if isinstance(one, Policy))))
        for direction in ("egress", "ingress"):
            packet = flows.witness(base.reach(every, direction).most)
            if packet is not None:
                yield Mismatch(f"{fence.title} {direction}", f"{packet.text} may pass for pods that no fence is for")

    def _fences_egress(self, fence: _Fence) -> bool:
        """Whether a policy of mcpfence decides what the pods reach: then a back-end is no back-end alone."""
        layers = self.evaluator.speaking(fence.subject, "egress").values()
        return any(one.policy.title in self.ours for speaking in layers for one in speaking)

    def _direction(self, fence: _Fence, direction: str) -> Iterator[str]:
        said = fence.entry[direction]
        reach = self.evaluator.reach(fence.subject, direction)
        declared = self._reach(said["declared"])
        lost = flows.union_of(self._reach(one["rows"]) for one in said["narrowings"])
        extra = flows.witness_outside(reach.most, flows.union(declared, self._tolerated(said["declared"])))
        if extra is not None:
            yield f"{extra.text} may pass and is not declared: {self._why(fence, direction, extra)}"
        missing = flows.witness_outside(declared, flows.union(reach.least, lost))
        if missing is not None:
            yield f"{missing.text} is declared, is no narrowing, and does not surely pass"
        if rows_of(reach.most) != [self._resolved(row) for row in said["allowed"]]:
            yield f"`allowed` is not what the manifests let through{self._first_change(reach.most, said['allowed'])}"
        yield from self._replay(fence, direction, said["witnesses"], reach.most)

    def _reach(self, rows: Sequence[Mapping[str, Any]]) -> Reach:
        return reach_of_rows(self._resolved(row) for row in rows)

    def _resolved(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row with its set of addresses written out, without what people alone read."""
        kept = {key: value for key, value in row.items() if key not in ("grant", "key")}
        if isinstance(kept.get("addresses"), str):
            kept["addresses"] = self.sets[kept["addresses"]]
        return kept

    def _tolerated(self, declared: Sequence[Mapping[str, Any]]) -> Reach:
        """The declared names at every address and pod, where the engine closes nothing to names."""
        if not self.names_anywhere:
            return flows.NOTHING
        shown = [{"flows": row["flows"], "names": row["names"]} for row in declared if row.get("names") is not None]
        return reach_of_rows({**row, **peers} for row in shown for peers in (_ANYWHERE, _ANY_POD))

    def _why(self, fence: _Fence, direction: str, packet: Packet) -> str:
        for layer in self.evaluator.speaking(fence.subject, direction):
            for one in deciding_rules(self.evaluator, fence.subject, direction, packet, layer):
                if one.allows:
                    return f"{one.field or 'something unreadable'} of {one.policy} lets it through"
        return "no policy stands against it"

    def _first_change(self, there: Reach, rows: Sequence[Mapping[str, Any]]) -> str:
        said = self._reach(rows)
        more, less = flows.witness_outside(there, said), flows.witness_outside(said, there)
        return f": {more.text} passes" if more else f": {less.text} does not pass" if less else ", word for word"

    # --- witnesses ---

    def _replay(self, fence: _Fence, direction: str, shown: Sequence[Any], most: Reach) -> Iterator[str]:
        verdicts = [one["verdict"] for one in shown]
        self.witnesses += len(shown)
        if "denied" not in verdicts and most != flows.EVERYTHING:
            yield "has no witness that is denied"
        if "allowed" not in verdicts and most:
            yield "has no witness that is allowed"
        asked, reach, layers = None, bounds.UNKNOWN, []
        for place, one in enumerate(shown):
            pod, packet = _packet(one, direction)
            if not self._is_of(fence, pod):
                yield f"witnesses[{place}] is no packet of its pods"
                continue
            if pod != asked:
                asked, reach = pod, self.evaluator.reach(pod, direction)
                layers = [*self.evaluator.speaking(pod, direction).values()]
            passes = flows.includes(reach.least, packet)
            if not passes and flows.includes(reach.most, packet):
                yield f"witnesses[{place}], {packet.text}: whether it passes cannot be told"
                continue
            if one["verdict"] != ("allowed" if passes else "denied"):
                yield f"witnesses[{place}], {packet.text}: is {'allowed' if passes else 'denied'}, not {one['verdict']}"
                continue
            said = [rule for speaking in layers for rule in deciding_among(speaking, direction, packet)]
            decided = {f"{rule.policy} {rule.field}".rstrip() for rule in said if rule.allows is passes}
            claimed = {f"{rule['policy']} {rule['rule']}".rstrip() for rule in one["decidedBy"]}
            if decided != claimed:
                yield f"witnesses[{place}], {packet.text}: is decided by {_listed(decided)}, not by {_listed(claimed)}"

    @staticmethod
    def _is_of(fence: _Fence, pod: Pod) -> bool:
        if isinstance(fence.subject, Pod):
            return pod == fence.subject
        return pod.namespace == fence.subject.namespace and label_sets.matches(fence.subject.selector, dict(pod.labels))

    # --- what no fence speaks of ---

    def _outside(self) -> Iterator[Mismatch]:
        """Pods for which no policy holds though a fence is for them, and our policies for pods of no fence."""
        subjects = [one for one in self.fences if not isinstance(one.subject, Pod)]
        workloads = [*read_workloads(self.objects, self.namespace)[0], *read_templates(self.objects, self.namespace)]
        for workload in workloads:
            if workload.host_network or workload.further_networks:
                for one in subjects:
                    box, labels = one.subject.box, dict(workload.labels)
                    if one.subject.namespace == workload.namespace and label_sets.matches(box, labels):
                        sentence = f"is one of {one.title}, and stands in networks for which no policy holds"
                        yield Mismatch(f"{workload.kind} {workload.namespace}/{workload.name}", sentence)
        known = Index((one.subject, one.subject.namespace, one.subject.box) for one in subjects)
        for policy in self.policies.policies:
            if policy.title in self.ours and not _speaks_of(policy, known):
                yield Mismatch(policy.title, "was made by mcpfence for pods of which the certificate does not speak")

    def _title(self, one: Object) -> str:
        return one.title if one.namespace else f"{one.called} {self.namespace}/{one.name}"


def _speaks_of(policy: Policy, known: Index[Subject | Pod]) -> bool:
    """Whether some pods that a policy is for are all of them pods of a fence."""
    for source in policy.sources:
        if source.pods is None:
            continue
        namespace, of_pod = policy.namespace, source.pods
        if namespace is None:
            of_namespace, of_pod = label_sets.split_peer(source.pods)
            namespace = label_sets.sample(of_namespace).get(label_sets.NAMESPACE_NAME, "")
        around = known.candidates(namespace, of_pod)
        if any(one.namespace == namespace and selects(one.box, of_pod) is Selects.SURELY for one in around):
            return True
    return False


def _some(addresses: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    if not addresses:
        raise ValueError("it is read with no addresses at all")
    return addresses


def _is_for_a_fence(one: Object) -> bool:
    metadata = one.document.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, dict) else None
    return isinstance(labels, dict) and not _OWNERS.isdisjoint(labels)


def _packet(one: Mapping[str, Any], direction: str) -> tuple[Pod, Packet]:
    here, there = (one["from"], one["to"]) if direction == "egress" else (one["to"], one["from"])
    pod = Pod(here["namespace"], _pairs(here["labels"]))
    port = one.get("port")
    if one["protocol"] in ("TCP", "UDP", "SCTP") and (not isinstance(port, int) or not 1 <= port <= 65535):
        raise ValueError("a witness has no port")
    shared = {"protocol": one["protocol"], "port": port, "name": one.get("name", "")}
    if "address" in there:
        return pod, Packet(address=read_ranges((str(ipaddress.ip_address(there["address"])),))[0][0], **shared)
    return pod, Packet(namespace=_pairs(there["namespace"]), pod=_pairs(there["labels"]), **shared)


def _pairs(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    if not all(isinstance(value, str) for value in labels.values()):
        raise TypeError("the value of a label is no text")
    return tuple(sorted(labels.items()))


def _listed(rules: Iterable[str]) -> str:
    return ", ".join(sorted(rules)) or "nothing"
