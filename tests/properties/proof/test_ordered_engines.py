"""Providers whose first rule decides, on a thousand random catalogs each: `reach` says what an oracle of packets says.

The oracle (`ordered.oracle`) goes through the printed policies packet by packet.  It is ours, not the vendors': Felix
judges some of the same catalogs with real packets (tests/engines/packets/test_calico.py).
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, seed, settings

from figures import Figure
from helpers import rendered
from mcpfence.net.addresses import parse_address
from mcpfence.reach.evaluation.evaluator import Evaluator, Pod
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.reach.flows import flows
from mcpfence.reach.flows.flows import Packet
from ordered.asking import edges_of, shots
from ordered.foreign import foreign_policies
from ordered.oracle import Document, Shot, passes
from strategies import Cluster, catalogs

CATALOGS = int(os.environ.get("MCPFENCE_ORDERED_CATALOGS", "1000"))
PARTS = 20
SHOTS = 30
TITLE = "policies whose first rule decides: reach and an oracle of packets (catalogs, packets, open, disagreements)"
EGRESS: dict[str, dict[str, Any]] = {
    "calico": {"provider": "calico", "calico": {"edition": "cloud"}},
    "antrea": {"provider": "antrea", "antrea": {"tier": "platform"}},
}
KINDS = {"calico": "NetworkPolicy.projectcalico.org", "antrea": "NetworkPolicy.crd.antrea.io"}


def policies(raw: Any) -> list[Document]:
    """What a catalog renders to, of policies."""
    found = [yaml.load(item.text, Loader=yaml.CSafeLoader) for item in rendered(raw).objects]
    return [one for one in found if one["kind"] == "NetworkPolicy"]


def subjects(documents: list[Document]) -> list[tuple[str, dict[str, str]]]:
    """A pod for each selector of an egress policy that is nothing but labels."""
    found = []
    for one in documents:
        selector = one["spec"].get("podSelector", {"matchExpressions": []})
        if "matchExpressions" not in selector and "egress" in one["spec"]:
            found.append((one["metadata"]["namespace"], dict(selector.get("matchLabels", {}))))
    return found


def packet(shot: Shot) -> Packet:
    """The same packet in the words of `reach`."""
    if shot.address:
        return Packet(address=parse_address(shot.address), protocol=shot.protocol, port=shot.port, name=shot.name)
    names = (("kubernetes.io/metadata.name", shot.namespace),)
    return Packet(namespace=names, pod=shot.labels, protocol=shot.protocol, port=shot.port)


def compare(documents: list[Document], rng: random.Random, counted: Counter[str]) -> Iterator[str]:
    """What the two disagree on; a packet that may or may not pass is no disagreement, and counted."""
    evaluator, edges = Evaluator(read_policies(documents)), edges_of(documents)
    for namespace, labels in subjects(documents):
        reach = evaluator.layer(Pod(namespace, tuple(sorted(labels.items()))), "egress")
        for shot in shots(edges, rng, SHOTS):
            answer = passes(documents, namespace, labels, shot)
            least, most = flows.includes(reach.least, packet(shot)), flows.includes(reach.most, packet(shot))
            counted["packets"] += 1
            counted["open"] += answer
            counted["doubtful"] += least is not most
            if (answer and not most) or (least and not answer):
                yield f"{labels} to {shot}: packets {answer}, reach {least} to {most}"


@pytest.mark.slow
@pytest.mark.parametrize("provider", EGRESS)
@pytest.mark.parametrize("part", range(PARTS))
def test_random_catalogs(provider: str, part: int, figure: Figure) -> None:
    """No disagreement: what is printed is read exactly, and with policies of others every answer lies within bounds."""
    counted: Counter[str] = Counter()
    mixed: Counter[str] = Counter()

    def check(raw: Any) -> None:
        documents, rng = policies(raw), random.Random(repr(raw))  # noqa: S311  # no secret
        wrong = list(compare(documents, rng, counted))
        wrong += compare([*documents, *foreign_policies(rng, documents)], rng, mixed)
        counted["catalogs"] += 1
        counted["named"] += any(one["metadata"]["name"].endswith("-names") for one in documents)
        counted["wrong"] += len(wrong)
        assert wrong == []

    kind = Cluster(egresses=(EGRESS[provider],), plain=())
    many = settings(max_examples=CATALOGS // PARTS, suppress_health_check=list(HealthCheck), deadline=None)
    try:
        seed(part)(many(given(raw=catalogs(kind))(check)))()
    finally:
        words = [f"{counted[key]:>9,}" for key in ("catalogs", "packets", "open", "wrong")]
        others = f"{mixed['packets']:>9,} with policies of others {mixed['open']:>9,} open"
        figure(TITLE, f"{provider:<10}{part + 1} of {PARTS}{''.join(words)}{others}")

    assert counted["catalogs"] > CATALOGS // PARTS * 0.9
    assert counted["doubtful"] == 0
    assert counted["named"] > counted["catalogs"] / 20  # of one part: Hypothesis likes to repeat itself
    assert 0 < counted["open"] < counted["packets"]
    assert 0 < mixed["open"] < mixed["packets"]


SERVERS = {
    "named": {
        "runtime": "containerized",
        "egress": {
            "domains": ["api.example.com", {"name": "*.example.net", "ports": [8443]}],
            "cidrs": [{"cidr": "10.20.0.0/16", "ports": [5432]}],
            "services": [{"name": "redis", "namespace": "data", "podSelector": {"app": "redis"}, "ports": [6379]}],
        },
    }
}


def without_names(rules: list[Document]) -> None:
    """Rules lose their names, as where a CRD does not know them."""
    for rule in rules:
        rule.get("destination", {}).pop("domains", None)
        if "fqdn" in str(rule.get("to")):
            del rule["to"]


def another_name(rules: list[Document]) -> None:
    """A name more."""
    for rule in rules:
        if "domains" in rule.get("destination", {}):
            rule["destination"]["domains"].append("evil.example")
        if "fqdn" in str(rule.get("to")):
            rule["to"].append({"fqdn": "evil.example"})


def allow_first(rules: list[Document]) -> None:
    """A rule in front of all others."""
    rules.insert(0, {"action": "Allow"})


def every_pod(rules: list[Document]) -> None:
    """Whole namespaces instead of pods."""
    for rule in rules:
        rule.get("destination", {}).pop("selector", None)
        for peer in rule.get("to", ()):
            peer.pop("podSelector", None)


def no_denied_blocks(rules: list[Document]) -> None:
    """Nothing stands before the names."""
    rules[:] = [rule for rule in rules if not _denies_blocks(rule)]


EDITS = (without_names, another_name, allow_first, every_pod, no_denied_blocks)


def _denies_blocks(rule: Document) -> bool:
    return rule["action"] in ("Deny", "Drop") and len(rule) > 1


@pytest.mark.parametrize("provider", EGRESS)
@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
def test_planted_widenings_are_seen(provider: str, edit: Callable[[list[Document]], None]) -> None:
    """Packets that did not pass before pass after the edit, and `reach` says so of the same ones."""
    raw = {"clients": {}, "servers": SERVERS, "egress": EGRESS[provider]}
    before = policies(raw)
    after = deepcopy(before)
    (ours,) = (one for one in after if one["metadata"]["name"].endswith("-names"))
    edit(ours["spec"]["egress"])
    namespace, labels = subjects(before)[0]
    pod = Pod(namespace, tuple(sorted(labels.items())))
    reach = Evaluator(read_policies(after)).layer(pod, "egress")
    tried = shots(edges_of([*before, *after]), random.Random(1), 20_000)  # noqa: S311  # no secret

    opened = [
        shot for shot in tried if passes(after, namespace, labels, shot) and not passes(before, namespace, labels, shot)
    ]
    assert opened
    assert all(flows.includes(reach.most, packet(shot)) for shot in opened)
    assert list(compare(after, random.Random(2), Counter())) == []  # noqa: S311  # no secret
