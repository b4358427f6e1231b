"""Flows under host names: Cilium's engine with its DNS proxy beside what reach says of the same policies.

    an address, no name       the engine's verdict
    an address under a name   the same, or the verdict on an address that was learnt for the name, where some resolver may
                              be asked for it through the proxy: what was never asked is never learnt

Reach gives bounds: what it says surely passes must pass, and what passes must be within what it says may.
"""

from __future__ import annotations

import ipaddress
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from cilium.asking import addresses_of, points_of, values_of
from cilium.judge import Document, Judge, Point, Question
from cilium.reached import METADATA_NAME, points_with
from cilium.rendered import cluster
from mcpfence.net.addresses import ALL, parse_address
from mcpfence.net.intervals import Intervals, contains
from mcpfence.reach.evaluation.evaluator import Evaluator, Pod
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.reach.flows import host_names, interval_map, label_sets, traffic
from mcpfence.reach.flows.bounds import Bounds
from mcpfence.reach.flows.flows import Reach
from reaching.loading import pod

TITLE = "Cilium's engine with its DNS proxy, and reach: names, addresses and ports of what is rendered"
NAMESPACE = "k8s:io.kubernetes.pod.namespace"
KINDS = ("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy")
ALWAYS = ("1.1.1.1", "10.0.0.1", "169.254.169.254", "127.0.0.1", "2606:4700:4700::1111", "fd00:ec2::254")
POINTS: tuple[Point, ...] = (("TCP", 443), ("TCP", 80), ("UDP", 53), ("UDP", 443), ("SCTP", 7), ("ICMP", 8))
SHOWN = 20
T = TypeVar("T")


@dataclass(slots=True)
class Count:
    """What was asked, and what came of it."""

    sets: int = 0
    foreign: int = 0
    questions: Counter[str] = field(default_factory=Counter)
    """By what they are about: addresses, pods, names."""
    allowed: int = 0
    exact: int = 0
    lookups: Counter[str] = field(default_factory=Counter)
    wrong: int = 0
    disagreements: list[str] = field(default_factory=list)

    def add(self, kind: str, where: str, least: bool, most: bool, engine: bool) -> None:
        """One flow."""
        self.questions[kind] += 1
        self.allowed += engine
        self.exact += least == most
        if (least and not engine) or (engine and not most):
            self.wrong += 1
            if len(self.disagreements) < SHOWN:
                self.disagreements.append(f"{where}: reach says {least} to {most}, Cilium says {engine}")

    def rows(self, title: str) -> list[str]:
        """What the end of the run shows."""
        asked, parts = self.questions.total(), ", ".join(f"{n:,} {kind}" for kind, n in sorted(self.questions.items()))
        return [
            f"{title:<22} {self.sets:>5,} catalogs {self.foreign:>5,} foreign policies {asked:>10,} questions ({parts}) "
            f"{self.allowed:>9,} allowed {self.lookups.total():>9,} look-ups ({self.lookups['y']:,} passed) "
            f"{asked - self.exact:>7,} bounds {self.wrong:>3,} disagreements"
        ]


class Source(NamedTuple):
    """A pod that is asked about, and what its policies let out."""

    title: str
    egress: Bounds[Reach]


def scene(rendered: Sequence[Document], foreign: Sequence[Document] = (), *, seed: int = 0) -> list[Document]:
    """Rendered policies of both kinds with those of others, and pods: those of `cluster`, and resolvers."""
    own = [one for one in rendered if one["kind"] in KINDS]
    return among([*cluster(rendered, seed=seed), *own], foreign)


def among(documents: Sequence[Document], foreign: Sequence[Document]) -> list[Document]:
    """A scene with policies of others, and with the resolvers that all of them let somebody ask."""
    both = [*documents, *foreign]
    there = {_title(one) for one in both if _is_pod(one)}
    return [*both, *(one for one in _resolvers(both) if _title(one) not in there)]


def pods_of(documents: Iterable[Document]) -> list[tuple[str, dict[str, str]]]:
    """Namespace and labels of each pod."""
    return [(one["metadata"]["namespace"], one["metadata"].get("labels", {})) for one in documents if _is_pod(one)]


class Asked(NamedTuple):
    """What one set of manifests is asked about."""

    title: str
    documents: Sequence[Document]
    sources: list[Source]
    addresses: tuple[str, ...]
    points: tuple[Point, ...]

    @property
    def titles(self) -> tuple[str, ...]:
        """The sources as the judge knows them."""
        return tuple(one.title for one in self.sources)

    def where(self, source: Source, target: str, point: Point, name: str = "") -> str:
        """One flow, for a message."""
        return f"{self.title}: {source.title} -> {target} {point}{f' as {name}' if name else ''}"


def compare(
    judge: Judge,
    title: str,
    documents: Sequence[Document],
    count: Count,
    *,
    seed: int = 0,
    api_addresses: Intervals = ALL,
) -> None:
    """Ask both about the pods that Cilium's policies select, and some others."""
    rng = random.Random(seed)  # noqa: S311  # the same in every run, and no secret
    found = read_policies(documents, api_addresses=api_addresses)
    assert not found.problems, found.problems
    evaluator = Evaluator(found)
    asked = Asked(
        title,
        documents,
        [Source(_title(one), evaluator.egress(_pod(one))) for one in _named_pods(documents, rng)],
        _sample(rng, ALWAYS, [*addresses_of(documents), *_edges(documents)], 14),
        _sample(rng, POINTS, [*points_of(documents), *_points(documents)], 8),
    )
    count.sets += 1
    _plain(judge, asked, count, rng)
    _under_names(judge, asked, count, rng)


def _plain(judge: Judge, asked: Asked, count: Count, rng: random.Random) -> None:
    documents, points = asked.documents, asked.points
    labels = {
        one["metadata"]["name"]: one["metadata"].get("labels", {}) for one in documents if one["kind"] == "Namespace"
    }
    pods = {_title(one): _peer(one, labels) for one in documents if _is_pod(one)}
    chosen = tuple(rng.sample(sorted(pods), min(len(pods), 12)))
    to_addresses, to_pods = judge.ask(
        documents, Question(asked.titles, asked.addresses, points), Question(asked.titles, chosen, points)
    )
    letters = iter(to_addresses.verdicts)
    for source in asked.sources:
        for address in asked.addresses:
            found = [_on_address(reach, address) for reach in source.egress]
            for point in points:
                least, most = (_passes(one, point, "") for one in found)
                count.add("to addresses", asked.where(source, address, point), least, most, next(letters) in "ae")
    letters = iter(to_pods.verdicts)
    for source in asked.sources:
        for target in chosen:
            bits = [points_with(reach, pods[target]) for reach in source.egress]
            for point in points:
                least, most = (contains(one, traffic.span(*point, point[1])[0]) for one in bits)
                count.add("to pods", asked.where(source, target, point), least, most, next(letters) in "ae")


def _under_names(judge: Judge, asked: Asked, count: Count, rng: random.Random) -> None:
    documents = asked.documents
    names = _sample(rng, ("other.test",), _names(documents), 12)
    addresses, points = asked.addresses[:3] + asked.addresses[4:][:7], asked.points[:2] + asked.points[6:][:5]
    plain = Question(asked.titles, addresses, points)
    asking = lookups_of(documents, asked.titles, names)
    answers = judge.ask(documents, asking, plain, *(plain._replace(name=name) for name in names))
    learnt = _learnt(asking, answers[0].lookups, names)
    # Reach knows what is shown, not what was learnt: where others deny, a resolver that lets ask may be out of reach.
    denied = any(values_of(list(documents), "egressDeny"))
    count.lookups.update(answers[0].lookups)
    for name, answer in zip(names, answers[2:], strict=True):
        letters = iter(zip(answers[1].verdicts, answer.verdicts, strict=True))
        for source in asked.sources:
            for address in addresses:
                bits = [_on_address(reach, address) for reach in source.egress]
                for point in points:
                    unnamed, named = (letter in "ae" for letter in next(letters))
                    passes = unnamed or (named and (source.title, name) in learnt)
                    least, most = (_passes(one, point, name) for one in bits)
                    unlearnt = denied and named and not passes
                    where = asked.where(source, address, point, name)
                    count.add("under names", where, least and not unlearnt, most, passes)


def lookups_of(documents: Sequence[Document], titles: tuple[str, ...], names: tuple[str, ...]) -> Question:
    """Asks every resolver that some policy looks at, on every port on which it does, for the names."""
    known = {_title(one) for one in documents if _is_pod(one)}
    resolvers = dict.fromkeys([*map(_title, _resolvers(documents)), *_dns_blocks(documents), *_dns_entities(documents)])
    points = tuple(dict.fromkeys([("UDP", 53), ("TCP", 53), *_dns_points(documents)]))
    return Question(titles, tuple(one for one in resolvers if one in known or "/" not in one), points, lookups=names)


def _learnt(asking: Question, lookups: str, names: tuple[str, ...]) -> set[tuple[str, str]]:
    """(source, name) where some resolver may be asked through the proxy."""
    found, letters = set(), iter(lookups)
    for source in asking.sources:
        for _ in asking.targets:
            for _ in asking.points:
                found |= {(source, name) for name in names if next(letters) == "y"}
    return found


# --- what to ask about ---


def _named_pods(documents: Sequence[Document], rng: random.Random) -> list[Document]:
    """A few pods, those first that Cilium's policies select."""
    selected = [
        one["spec"]["endpointSelector"].get("matchLabels", {})
        for one in documents
        if one["kind"] == "CiliumNetworkPolicy" and "toFQDNs" in str(one)
    ]
    pods = [one for one in documents if _is_pod(one)]

    def is_subject(one: Document) -> bool:
        labels = one["metadata"].get("labels", {})
        return any(labels.items() >= wanted.items() for wanted in selected)

    first = [one for one in pods if is_subject(one)]
    rest = [one for one in pods if one not in first]
    return [*rng.sample(first, min(len(first), 3)), *rng.sample(rest, min(len(rest), 1))]


def _edges(documents: Iterable[Document]) -> Iterator[str]:
    """First, last and just outside of the blocks of Cilium's policies."""
    for one in documents:
        if one["kind"] not in KINDS:
            continue
        for text in _blocks(one):
            network = ipaddress.ip_network(text, strict=False)
            make = type(network.network_address)
            for number in (int(network[0]), int(network[-1]), int(network[0]) - 1, int(network[-1]) + 1):
                if 0 <= number < 1 << network.max_prefixlen:
                    yield str(make(number))


def _blocks(document: Document) -> Iterator[str]:
    for entry in values_of(document, "toCIDRSet"):
        for block in entry:
            yield from (block["cidr"], *block.get("except", ()))
    for entry in values_of(document, "toCIDR"):
        yield from entry


def _points(documents: Iterable[Document]) -> Iterator[Point]:
    """One below, first, last and one above of the ports of Cilium's policies."""
    for ports in values_of([one for one in documents if one["kind"] in KINDS], "ports"):
        for entry in ports:
            first = int(entry["port"])
            last = entry.get("endPort", first)
            protocol = entry.get("protocol", "TCP")
            for port in (first - 1, first, last, last + 1):
                if 1 <= port <= 65535:
                    yield ("TCP" if protocol == "ANY" else protocol), port


def _names(documents: Sequence[Document]) -> Iterator[str]:
    """Each name at its own depth, up to four labels below it, beside it, in capitals, and with a dot behind it."""
    found = [*values_of(documents, "matchName"), *values_of(documents, "matchPattern")]
    for name in dict.fromkeys(one.lstrip("*.").rstrip(".").replace("*", "x").lower() for one in found):
        if name:
            yield from (name, f"a.{name}", f"b.a.{name}", f"c.b.a.{name}", f"d.c.b.a.{name}", f"x{name}")
            yield from (name.upper(), f"A.{name}.", f"{name}.")


def _dns_blocks(documents: Iterable[Document]) -> Iterator[str]:
    for one in documents:
        for rule in one["spec"].get("egress", ()) if one["kind"] in KINDS else ():
            if "dns" in str(rule):
                for text in _blocks(rule):
                    yield str(ipaddress.ip_network(text, strict=False)[0])


def _dns_entities(documents: Sequence[Document]) -> list[str]:
    """A pod and a public address, where some rule that looks at DNS has an entity."""
    rules = [rule for one in documents if one["kind"] in KINDS for rule in one["spec"].get("egress", ())]
    if not any("dns" in str(rule) and rule.get("toEntities") for rule in rules):
        return []
    return [next(_title(one) for one in documents if _is_pod(one)), ALWAYS[0]]


def _dns_points(documents: Iterable[Document]) -> Iterator[Point]:
    for entry in (part for ports in values_of(list(documents), "toPorts") for part in ports if part.get("rules")):
        for one in entry["ports"]:
            protocols = ("TCP", "UDP") if one.get("protocol", "ANY") == "ANY" else (one["protocol"],)
            yield from ((protocol, int(one["port"])) for protocol in protocols)


def _resolvers(documents: Iterable[Document]) -> list[Document]:
    """A pod for each selector of a rule that looks at DNS."""
    found: dict[str, Document] = {}
    for one in documents:
        for rule in one["spec"].get("egress", ()) if one["kind"] in KINDS else ():
            for selector in rule.get("toEndpoints", ()) if "dns" in str(rule) else ():
                labels = dict(selector.get("matchLabels", {}))
                where = labels.pop(NAMESPACE, one["metadata"].get("namespace", "default"))
                if not any(":" in key for key in labels):
                    made = pod(f"resolver-{len(found)}", labels, namespace=where)
                    found.setdefault(str((where, labels)), made)
    return list(found.values())


def _sample(rng: random.Random, always: Sequence[T], found: Iterable[T], most: int) -> tuple[T, ...]:
    more = [one for one in dict.fromkeys(found) if one not in always]
    return (*always, *rng.sample(more, min(len(more), most)))


# --- what reach says ---


def _pod(document: Document) -> Pod:
    metadata = document["metadata"]
    return Pod(metadata["namespace"], tuple(sorted(metadata.get("labels", {}).items())), {})


def _peer(document: Document, spaces: dict[str, dict[str, str]]) -> dict[str, str]:
    where, labels = document["metadata"]["namespace"], document["metadata"].get("labels", {})
    box = (
        *label_sets.in_namespace(label_sets.box_of({**spaces.get(where, {}), METADATA_NAME: where})),
        *label_sets.of_pod(label_sets.box_of(labels)),
    )
    return {key: next(iter(values.values)) for key, values in box}


def _on_address(reach: Reach, address: str) -> traffic.Traffic:
    return interval_map.value_at(reach.addresses, parse_address(address)) or ()


def _passes(found: traffic.Traffic, point: Point, name: str) -> bool:
    allowed = interval_map.value_at(found, traffic.span(*point, point[1])[0])
    return allowed is not None and host_names.contains(allowed, name)


def _is_pod(document: Document) -> bool:
    return bool(document["kind"] == "Pod")


def _title(document: Document) -> str:
    return f"{document['metadata']['namespace']}/{document['metadata']['name']}"
