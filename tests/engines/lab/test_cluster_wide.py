"""ClusterNetworkPolicies of both channels at a real API server: what it takes, what it refuses, what it drops."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from helpers import NAMESPACE, RELEASE, one_egress
from lab.api import Api, Document
from lab.manifests import stored_faults
from mcpfence.findings.finding import McpfenceError
from mcpfence.kube.services import index
from mcpfence.render.pipeline import render
from tiers.catalogs import tiered_catalogs

GROUP = "policy.networking.k8s.io"
PLURAL = f"/apis/{GROUP}/v1alpha2/clusternetworkpolicies"


@pytest.fixture(name="api")
def _api(every_kind: Api) -> Iterator[Api]:
    """A server that knows the kind in its experimental channel; no object is left behind."""
    yield every_kind
    every_kind.request("DELETE", PLURAL)


def tiered(raw: Any) -> list[str]:
    """The text of every ClusterNetworkPolicy of a catalog; none where the catalog is refused."""
    try:
        found = render(raw, release=RELEASE, namespace=NAMESPACE, services=index([], NAMESPACE))
    except McpfenceError:
        return []
    return [item.text for item in found.objects if item.kind == "ClusterNetworkPolicy"]


def one(version: str = "v1alpha2") -> Document:
    """One rendered object."""
    egress = {"provider": "clusternetworkpolicy", "clusternetworkpolicy": {"apiVersion": version}}
    (text,) = tiered(one_egress(domains=["api.example.com", "*.example.org"]) | {"egress": egress})
    found: Document = yaml.load(text, Loader=yaml.CSafeLoader)
    return found


@pytest.mark.parametrize("version", ["v1alpha2", "v1beta1"])
def test_both_versions_are_stored_as_rendered(api: Api, version: str) -> None:
    """Accepted strictly, without a warning, read back equal in the version that it was written in."""
    text = yaml.safe_dump(one(version))

    assert stored_faults(api, text, set()) == []


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(tiered_catalogs())
def _random_catalogs(api: Api, seen: list[str], raw: Any) -> None:
    for text in tiered(raw):
        seen.append(text)
        assert stored_faults(api, text, set()) == []
    api.request("DELETE", PLURAL)


def test_random_catalogs_are_stored_as_rendered(api: Api) -> None:
    """Whatever a catalog lists: canonical networks, packed lists, ranges of ports, names of every form."""
    seen: list[str] = []
    _random_catalogs(api, seen)

    assert len(seen) > 20  # a hundred or two; how many catalogs list names is chance


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("egress", 0, "to", 0, "networks"), ["10.0.0.1/8"], "Invalid CIDR format provided"),
        (("egress", 0, "to", 0, "networks"), ["::ffff:0:0/96"], "Invalid CIDR format provided"),
        (("egress", 0, "to", 0, "domainNames"), ["*"], "should match"),
        (("priority",), 1001, "should be less than or equal to 1000"),
        (("egress", 0, "to"), [], "should have at least 1 items"),
        (("egress", 0, "to"), [{}], "should have at least 1 properties"),
        (("egress",), [{"action": "Deny", "to": [{"namespaces": {}}]}] * 26, "must have at most 25 items"),
    ],
)
def test_what_the_server_refuses(api: Api, path: tuple[Any, ...], value: Any, said: str) -> None:
    """What the reader takes for unreadable no such server holds."""
    document = one()
    document["spec"]["egress"] = [{"action": "Accept", "to": [{}]}]
    place: Any = document["spec"]
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    answer = api.create(document)

    assert not answer.ok
    assert said in answer.message


def test_subject_without_namespace_selector_is_taken(api: Api) -> None:
    """It would mean the pods of every namespace, so we never leave it out."""
    document = one()
    del document["spec"]["subject"]["pods"]["namespaceSelector"]

    assert api.create(document).ok
