"""Damaged catalogs: whatever is wrong, and in whatever order, findings come of it and nothing else."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import NAMESPACE, RELEASE, Raw, rendered
from mcpfence.findings.finding import Finding, McpfenceError
from mcpfence.findings.table import Severity
from mcpfence.kube.services import ServiceIndex
from mcpfence.render.objects import Rendering
from mcpfence.render.pipeline import render
from schema_cases import sound


def test_sound_catalog_renders() -> None:
    """The catalog that is damaged below is sound: what its damage is told of is the damage."""
    assert len(rendered(sound()).objects) > 10


def steps(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value below the root."""
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += steps(item, (*path, key))
    return found


PATHS = steps(sound())

ODD: list[Any] = [
    None, True, False, 0, 1, -1, 443, 65536, 1.5, 443.0, 1e300, 10**30, "", " ", "a", "A", "a.b", "x" * 70, "é", "a\nb", "443",
    "80-90", "90-80", "53/UDP", "all", "none", "inherit", "auto", "deny", "internet", "selector", "namespace", "cidr", "npx",
    "containerized", "remote", "composite", "api.example.com", "*.example.com", "*.com", "https://a.example.com/x", "{{ x }}",
    "10.0.0.0/8", "10.0.0.300/24", "0.0.0.0/0", "::/0", "fd00::/8", "169.254.169.254/32", "gke", "cilium", "aviatrix", "github", "obot", [], {},
    [[]], [{}], {"a": {}}, {"app": "a"}, {"matchLabels": {"app": "a"}}, [{"app": "a"}], ["api.example.com"], [None],
]  # fmt: skip

damages = st.lists(st.tuples(st.sampled_from(PATHS), st.sampled_from([*ODD, "DELETE", *PATHS])), min_size=1, max_size=4)


def damaged(raw: Raw, damage: list[tuple[Any, Any]]) -> Raw:
    """The catalog with values replaced by odd ones or by parts of itself, or taken away."""
    for path, value in damage:
        inside: Any = raw
        try:
            for step in path[:-1]:
                inside = inside[step]
            if value == "DELETE":
                del inside[path[-1]]
                continue
            inside[path[-1]] = copy.deepcopy(_part(raw, value)) if isinstance(value, tuple) else value
        except (KeyError, IndexError, TypeError):
            continue
    return raw


def _part(raw: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        raw = raw[step]
    return raw


def outcome(raw: Any) -> tuple[Rendering | None, tuple[Finding, ...]]:
    """The rendering if there is one, and everything that was found."""
    try:
        rendering = render(raw, release=RELEASE, namespace=NAMESPACE, services=ServiceIndex())
    except McpfenceError as error:
        return None, error.findings
    return rendering, rendering.findings


@settings(max_examples=200)
@given(damages)
def test_any_catalog_is_rendered_or_refused(damage: list[tuple[Any, Any]]) -> None:
    """However a catalog is damaged, the answer is its objects or findings with an error; never anything else."""
    rendering, findings = outcome(damaged(sound(), damage))

    assert bool(rendering) != any(finding.severity is Severity.ERROR for finding in findings)
    assert all(finding.sentence for finding in findings)
    assert not rendering or rendering.objects


@given(damages)
def test_findings_do_not_depend_on_the_order_of_keys(damage: list[tuple[Any, Any]]) -> None:
    """Also what is wrong is told alike in any order of keys."""
    raw = damaged(sound(), damage)

    assert outcome(raw)[1] == outcome(backwards(raw))[1]


def backwards(value: Any) -> Any:
    """The same document with the keys of every mapping in reverse order."""
    if isinstance(value, dict):
        return {key: backwards(value[key]) for key in reversed(value)}
    return [backwards(item) for item in value] if isinstance(value, list) else value


@given(
    st.recursive(
        st.sampled_from(ODD), lambda inner: st.dictionaries(st.sampled_from(["servers", "a", "runtime"]), inner)
    )
)
def test_anything_is_refused_politely(raw: Any) -> None:
    """What is no catalog at all is refused with a sentence that is no longer than a few lines."""
    _, findings = outcome(raw)

    assert all(len(finding.message) < 1000 for finding in findings)
