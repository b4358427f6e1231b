"""What Cilium reads otherwise, shown one by one: what the API says, what the engine does, that the model is right."""

from __future__ import annotations

from typing import Any

from cilium.judge import Judge, Question
from cilium.reached import Reached
from cilium.readings import READINGS, egress_names_as_numbers
from reaching.loading import Document, pod, policy

HTTP, OTHER = ("TCP", 80), ("TCP", 81)
ONE = ("default/one",)


def spec(**rules: Any) -> Document:
    """A policy for the pod `one`."""
    return policy("it", {"podSelector": {"matchLabels": {"app": "one"}}, **rules})


def both(judge: Judge, name: str, documents: list[Document], question: Question) -> tuple[str, str, str]:
    """What the API says, what the engine says, and what reach says once the manifests are read as the engine does."""
    reading = READINGS[name]
    api, model = Reached(documents).verdicts(question), Reached(reading(documents)).verdicts(question)
    return api, judge.ask(documents, question)[0].verdicts, model


def test_rules_beyond_policy_types_isolate(judge: Judge) -> None:
    """Ingress rules count where policyTypes is [Egress]: the pod is isolated, which is narrower than the API."""
    written = spec(policyTypes=["Egress"], egress=[{}], ingress=[{"ports": [{"port": 80}]}])
    documents = [pod("one", {"app": "one"}), pod("two"), written]
    question = Question(("default/two",), ONE, (HTTP, OTHER))

    assert both(judge, "rules count that policyTypes leaves out", documents, question) == ("aa", "ae", "ae")


def test_egress_names_are_each_pods_own_numbers(judge: Judge) -> None:
    """A name is asked of each pod, and means nothing at addresses, as the API says; so from 1.20 on."""
    written = spec(policyTypes=["Egress"], egress=[{"ports": [{"port": "http"}]}])
    pods = [pod(name, ports=[("http", "TCP", number)]) for name, number in (("two", 80), ("three", 81))]
    documents = [pod("one", {"app": "one"}), *pods, pod("four"), written]
    question = Question(ONE, ("default/two", "default/three", "default/four", "8.8.8.8"), (HTTP, OTHER))
    model = Reached(egress_names_as_numbers(documents))

    assert Reached(documents).connected(question) == "10010000"
    assert judge.ask(documents, question)[0].verdicts == model.verdicts(question) == "aiiaiiii"


def test_filtered_labels_select_nothing(judge: Judge) -> None:
    """A selector by a label that differs from pod to pod selects no pod, so one that should be isolated is open."""
    chosen = {"matchLabels": {"statefulset.kubernetes.io/pod-name": "one"}}
    written = policy("it", {"podSelector": chosen, "policyTypes": ["Ingress"]})
    documents = [pod("one", {"statefulset.kubernetes.io/pod-name": "one"}), pod("two"), written]
    question = Question(("default/two",), ONE, (HTTP,))

    assert both(judge, "labels that differ from pod to pod select nothing", documents, question) == ("e", "a", "a")


# --- differences that no set of manifests without them shows: they are known, and asked about here alone ---


def test_blocks_never_mean_pods(judge: Judge) -> None:
    """A block of every address lets no pod in or out, as reach has it, whatever addresses pods have."""
    everywhere = [{"ipBlock": {"cidr": "0.0.0.0/0"}}, {"ipBlock": {"cidr": "::/0"}}]
    written = spec(policyTypes=["Ingress", "Egress"], ingress=[{"from": everywhere}], egress=[{"to": everywhere}])
    documents = [pod("one", {"app": "one"}), pod("two"), written]
    asked = [Question(ONE, ("default/two", "10.0.0.1"), (HTTP,)), Question(("default/two", "10.0.0.1"), ONE, (HTTP,))]

    assert [one.verdicts for one in judge.ask(documents, *asked)] == ["ia", "ea"]
    assert [Reached(documents).verdicts(one) for one in asked] == ["ia", "ea"]


def test_pods_on_the_host_network_are_no_pods(judge: Judge) -> None:
    """No policy holds them, and no selector or block means them: only a rule for everybody does."""
    host = pod("host", {"app": "host"})
    host["spec"]["hostNetwork"] = True
    shut = policy("shut", {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})
    by_label = spec(
        policyTypes=["Ingress"], ingress=[{"from": [{"podSelector": {}}, {"ipBlock": {"cidr": "0.0.0.0/0"}}]}]
    )
    open_to_all = spec(policyTypes=["Ingress"], ingress=[{}])
    question = Question(("default/host",), ("8.8.8.8", *ONE), (HTTP,))
    one = pod("one", {"app": "one"})

    assert judge.ask([host, one, shut, by_label], question)[0].verdicts == "ae"
    assert judge.ask([host, one, shut, open_to_all], question)[0].verdicts == "aa"
