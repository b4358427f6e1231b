"""Objects out of documents: what kubectl takes for an object of a list is one here, whatever it says of itself."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from edges import carrier
from mcpfence.findings.finding import McpfenceError
from mcpfence.reach.documents.objects import unroll
from mcpfence.streams.post_render import post_render

Raw = dict[str, Any]

METADATA: Raw = {"name": "open", "namespace": "demo-mcp"}
OPEN: Raw = {"metadata": METADATA, "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]}}
CLOSED: Raw = {"metadata": {"name": "shut", "namespace": "demo-mcp"}, "spec": {"podSelector": {}}}


def listed(kind: str, item: Raw, **body: Any) -> Raw:
    """A list of one item under any kind."""
    return {"apiVersion": "networking.k8s.io/v1", "kind": kind, **body, "items": [item]}


LISTS: dict[str, Raw] = {
    "no kind": listed("NetworkPolicyList", OPEN),
    "an empty kind": listed("NetworkPolicyList", {"kind": "", **OPEN}),
    "a kind that is a number": listed("NetworkPolicyList", {"kind": 7, "apiVersion": 1, **OPEN}),
    "a kind that is a list": listed("NetworkPolicyList", {"kind": ["ConfigMap"], **OPEN}),
    "below a policy": listed("NetworkPolicy", OPEN, **CLOSED),
    "in a list of lists": listed("List", listed("NetworkPolicyList", {"kind": None, **OPEN})),
}
"""kubectl gives items that say no kind and no apiVersion those of the list, with or without `List` behind its kind."""


@pytest.mark.parametrize("document", LISTS.values(), ids=LISTS)
def test_items_without_a_kind_are_of_the_kind_of_their_list(document: Raw) -> None:
    """As unstructuredJSONScheme of apimachinery has it, through which kubectl and helm read."""
    (found,) = [one for one in unroll([document]).objects if one.name == "open"]

    assert (found.group, found.kind, found.namespace) == ("networking.k8s.io", "NetworkPolicy", "demo-mcp")


@pytest.mark.parametrize("document", LISTS.values(), ids=LISTS)
def test_no_stream_brings_such_an_item(document: Raw) -> None:
    """The policy in it opens every pod of the namespace, so the proof fails."""
    with pytest.raises(McpfenceError) as caught:
        post_render(b"---\n" + yaml.safe_dump(document, sort_keys=False).encode() + carrier())

    assert {finding.id for finding in caught.value.findings if finding.severity.value == "error"} == {"proof-wider"}


def test_an_item_that_says_what_it_is_stays_that() -> None:
    """A ConfigMap in a list of policies is a ConfigMap, for kubectl too."""
    item = {"apiVersion": "v1", "kind": "ConfigMap", **OPEN}

    assert [one.kind for one in unroll([listed("NetworkPolicyList", item)]).objects] == ["ConfigMap"]
