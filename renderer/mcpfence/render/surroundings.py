"""What stands around our objects in the stream: the policies of others, and the names that they have taken."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mcpfence.catalog.model import Catalog
from mcpfence.findings.finding import Collector
from mcpfence.providers import enforced_kinds, provider_of
from mcpfence.reach.documents.objects import Object, unroll
from mcpfence.reach.evaluation.policy_set import PolicyReader, PolicySet, policies_of
from mcpfence.structs import Struct


class Surroundings(Struct):
    """Policies that are not ours, and (kind, namespace, name) of every object there with what messages call it."""

    policies: PolicySet
    names: dict[tuple[str, str, str], str]
    objects: list[Object]


def read_surroundings(foreign: Iterable[Any], catalog: Catalog, out: Collector) -> Surroundings:
    """Read the policies and custom objects of a stream that are not ours."""
    found = unroll(foreign)
    for problem in found.problems:
        todo = "mend it, or remove it: what stands there is unknown"
        out.add("policy-unreadable", (), f"{problem.field} {problem.reason}", todo, document=problem.document)
    reader = PolicyReader(catalog.release_namespace, enforced=enforced_kinds(provider_of(catalog.provider)))
    return Surroundings(policies_of(found.objects, reader), _names(found.objects, catalog, out), found.objects)


def _names(foreign: Iterable[Object], catalog: Catalog, out: Collector) -> dict[tuple[str, str, str], str]:
    """The names that other documents have; Obot's own policy is refused."""
    names = {}
    for one in foreign:
        namespace = one.namespace or catalog.release_namespace
        names[one.called, namespace, one.name] = "another document of the stream"
        if one.kind == "NetworkPolicy" and one.name == "mcp-egress-restrictions":
            sentence = "Obot's own policy opens every public address to every server, and policies add up"
            todo = "set mcpNamespace.networkPolicy.enabled=false in Obot's values"
            out.add("obot-policy", (), sentence, todo, document=f"NetworkPolicy {namespace}/{one.name}")
    return names
