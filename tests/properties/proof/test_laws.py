"""Laws of every catalog: what is rendered is what the catalog grants, whatever the order, however often, in any template.

Catalogs are random (`strategies`), and none of them may be refused; brute force (`bruteforce`) and the evaluators of
`mcpfence.reach` both look on.
"""

from __future__ import annotations

import os
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edges import carrier
from edges import rendered as post_rendered
from helpers import NAMESPACE, Raw, catalog, rendered
from mcpfence.net.addresses import ALL
from mcpfence.proof.prove import box_of
from mcpfence.reach.evaluation.evaluator import Evaluator, Subject
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.reach.flows import flows
from mcpfence.reach.flows.flows import Reach
from mcpfence.render.template import whole
from proof.asked import asked
from proof.scenes import scene_of
from strategies import EVERY_ENGINE, Setting, catalogs, cidr_entries, domains, services, settled_catalogs

FUZZ = os.environ.get("MCPFENCE_HYPOTHESIS") == "fuzz"
LONG = int(os.environ.get("MCPFENCE_FUZZ_CATALOGS", "20000"))
"""Catalogs for each law in `make fuzz`: each takes as long as some hundred intervals."""


def some(examples: int) -> settings:
    """So many examples in `make test`."""
    return settings(max_examples=LONG if FUZZ else examples)


# --- what is rendered is what is granted ---


@some(40)
@given(catalogs(), st.randoms(use_true_random=False))
def test_brute_force_finds_what_the_fences_say(raw: Raw, chance: random.Random) -> None:
    """A packet passes the rendered policies if and only if the fence grants it, asked one by one."""
    here = scene_of("random", raw)
    for title, fence in here.fences.items():
        for granted, passes, what in asked(here, title, fence, chance):
            assert granted is passes, what


# --- more destinations, more reach ---


@some(40)
@given(settled_catalogs(EVERY_ENGINE), st.data())
def test_reach_grows_with_destinations(drawn: tuple[Raw, Setting], data: st.DataObject) -> None:
    """One more destination of one server: its reach holds what it held, and that of all others stays as it was."""
    raw, setting = drawn
    names = [name for name, server in raw["servers"].items() if "egress" in server]
    if not names:
        return
    name = data.draw(st.sampled_from(names))
    server = raw["servers"][name]
    # A server that lists nothing may inherit the stance internet, which its first entry ends.
    egress = {"default": "deny", **server["egress"]}
    key, entry = data.draw(_destinations(setting, egress["default"]))
    more = {**egress, key: [*egress.get(key, ()), entry]}

    before = _reaches({**raw, "servers": {**raw["servers"], name: {**server, "egress": egress}}})
    after = _reaches({**raw, "servers": {**raw["servers"], name: {**server, "egress": more}}})

    for (title, direction, selector), reach in before.items():
        grown = after[title, direction, selector]
        may_grow = title == f"server {name}" if direction == "egress" else not title.startswith("server")
        assert flows.within(reach, grown) if may_grow else flows.same(reach, grown), (title, direction, key, entry)


def _destinations(setting: Setting, default: str) -> st.SearchStrategy[tuple[str, Any]]:
    kinds = [
        cidr_entries(setting).map(lambda entry: ("cidrs", entry)),
        services(setting).map(lambda entry: ("services", entry)),
    ]
    if setting.names and default == "deny":
        kinds.append(domains(setting).map(lambda entry: ("domains", entry)))
    return st.one_of(kinds)


def _reaches(raw: Raw) -> dict[tuple[str, str, str], Reach]:
    """By fence, direction and selector: what the rendered policies let through."""
    here = scene_of("random", raw)
    documents = [document for found in here.documents.values() for document in found]
    evaluator = Evaluator(read_policies(documents, namespace=NAMESPACE, pod_addresses=here.pod_cidrs or ALL))
    found = {}
    for title, fence in here.fences.items():
        for selector in fence.selectors:
            subject = Subject(fence.namespace, box_of(selector))
            found[title, "ingress", selector.text] = evaluator.ingress(subject).most
            if fence.kind != "service":
                found[title, "egress", selector.text] = evaluator.egress(subject).most
    return found


# --- order and repetition ---


@some(40)
@given(catalogs(EVERY_ENGINE), st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_matter(raw: Raw, chance: random.Random) -> None:
    """Servers, clients and all other keys in any order give the same bytes."""
    assert _texts(_shuffled(raw, chance)) == _texts(raw)


def _shuffled(value: Any, chance: random.Random) -> Any:
    if isinstance(value, list):
        return [_shuffled(item, chance) for item in value]
    if not isinstance(value, dict):
        return value
    keys = list(value)
    chance.shuffle(keys)
    return {key: _shuffled(value[key], chance) for key in keys}


def _texts(raw: Raw) -> list[tuple[str, str, str, str]]:
    return [(item.kind, item.namespace, item.name, item.text) for item in rendered(raw).objects]


@some(30)
@given(catalogs(EVERY_ENGINE))
def test_its_own_output_passes_unchanged(raw: Raw) -> None:
    """What was post-rendered once is not changed by a second run."""
    once = post_rendered(carrier(raw))

    assert post_rendered(once) == once


# --- templates ---

_LONG = "letters" * 9
_MANY: Raw = {
    "selectors": [{"app": "many", "user": f"u{number}"} for number in range(60)],
    "names": [f"{'*.' * (number % 2)}host-{number}.example.com" for number in range(80)],
}

SHAPES: dict[str, list[tuple[str, Raw]]] = {
    "long names": [(_LONG[:length], {}) for length in (10, 40, 45, 50, 54, 55, 56, 60, 63)],
    "names to quote": [(name, {}) for name in ("on", "null", "1e3", "0x1f", "123", "y", "true", "1-2")],
    "labels to quote": [
        (f"s{number}", {"podSelector": {"app": f"s{number}", "v": value}})
        for number, value in enumerate(("on", "null", "1e3", "0644", "1.10", "plain", "", "A_b.c-d"))
    ],
    "many selectors": [
        (name, {"podSelector": [{**selector, "app": name} for selector in _MANY["selectors"]]}) for name in ("a", "b")
    ],
    "many names": [(name, {"egress": {"domains": _MANY["names"]}}) for name in ("a", "b")],
    "more words than a template has": [
        (name, {"egress": {"domains": [f"h{n}.example.com" for n in range(300)]}}) for name in ("a", "b")
    ],
    "long names and several selectors": [
        (_LONG[:length], {"podSelector": [{"app": f"s{length}", "id": "1"}, {"app": f"s{length}", "id": "2"}]})
        for length in (30, 36, 40, 44, 45, 46, 47, 48, 63)
    ],
    "the same words in other places": [
        ("app", {"podSelector": {"app": "app"}}),
        (
            "www",
            {"podSelector": {"app": "www", "www": "www"}, "egress": {"domains": ["www.example.com", "www.www.org"]}},
        ),
        ("example", {"podSelector": {"app": "example.com"}, "egress": {"domains": ["example.com", "*.example.com"]}}),
    ],
}
"""Servers as (name, further keys) whose words sit badly in templates."""


@pytest.mark.parametrize("provider", ["aviatrix", "cilium"])
@pytest.mark.parametrize("shape", SHAPES)
def test_templates_change_nothing(shape: str, provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Filled from a shared template or written alone, an object has the same text."""
    made = {
        name: {"runtime": "containerized", "egress": {"domains": ["api.example.com"]}, **keys}
        for name, keys in SHAPES[shape]
    }
    _same_without_templates(catalog(made, egress={"provider": provider}), monkeypatch)


@some(40)
@given(catalogs(EVERY_ENGINE))
def test_templates_change_nothing_in_any_catalog(raw: Raw) -> None:
    """The same holds for random catalogs, half of whose servers share a template."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        _same_without_templates(raw, monkeypatch)


def _same_without_templates(raw: Raw, monkeypatch: pytest.MonkeyPatch) -> None:
    cast = _texts(raw)
    monkeypatch.setattr("mcpfence.render.assembly.template_of", whole)

    assert cast == _texts(raw)
