"""The guard at a real API server: kinds that it has no CRDs for, requests of the table, and when it is in force."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from functools import partial
from typing import Any

import yaml

from guard_table import CLUSTER_WIDE, OPENS, OUTSIDER, kinds
from guarding import Request
from helpers import rendered
from lab.api import Answer, Api, Document
from lab.manifests import await_served
from tooling import eventually

DRY = {"dryRun": "All"}
"""Admission judges a dry run as it would the request itself, and nothing is changed."""

BUILT_IN = ("networking.k8s.io", "extensions")


def stub(group: str, kind: str, plural: str) -> Document:
    """A CustomResourceDefinition that takes whatever spec there is."""
    open_schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1alpha1", "served": True, "storage": True, "schema": {"openAPIV3Schema": open_schema}}
    spec = {
        "group": group,
        "names": {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()},
        "scope": "Cluster" if kind in CLUSTER_WIDE else "Namespaced",
        "versions": [version],
    }
    metadata = {"name": f"{plural}.{group}"}
    if group.endswith(".k8s.io"):
        metadata["annotations"] = {"api-approved.kubernetes.io": "unapproved, for tests"}  # type: ignore[assignment]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": spec,
    }


def add_stubs(api: Api) -> None:
    """Let the server know every kind of the table that is not its own."""
    others = [kind for kind in kinds() if kind.group not in BUILT_IN]
    for kind in others:
        answer = api.create(stub(kind.group, kind.kind, kind.plural))
        assert answer.ok or answer.status == 409, answer.message
    for kind in others:
        await_served(api, f"/apis/{kind.group}/v1alpha1/{kind.plural}")


def guard_texts(raw: Any) -> list[str]:
    """The guard's objects of a catalog as they are printed."""
    return [item.text for item in rendered(raw).objects if item.kind.startswith("ValidatingAdmission")]


def path_of(request: Request) -> str:
    """Where a request goes."""
    group_version = "v1" if not request.group else f"{request.group}/{_version(request.group)}"
    root = f"/apis/{group_version}" if request.group else f"/api/{group_version}"
    place = f"/namespaces/{request.namespace}" if request.namespace else ""
    path = f"{root}{place}/{request.plural}"
    if request.operation != "CREATE" or request.subresource:
        path += f"/{request.name}"
    return path + (f"/{request.subresource}" if request.subresource else "")


def _version(group: str) -> str:
    return "v1" if group == "networking.k8s.io" else "v1alpha1"


def store_old(api: Api, requests: Iterable[Request]) -> None:
    """Create what the requests change or delete."""
    for request in requests:
        if request.old is None or request.kind == "Namespace":
            continue
        kind = "pods" if request.kind in ("Pod", "Binding") else request.plural
        plain = request._replace(operation="CREATE", subresource="", plural=kind)
        answer = api.request("POST", path_of(plain), request.old)
        assert answer.ok, (request.name, answer.message)


def send(api: Api, request: Request, **query: str) -> Answer:
    """Make a request as who it is from, as a dry run."""
    who: Any = {"user": request.user, "groups": request.groups}
    query = {**DRY, **query}
    if request.operation == "CREATE":
        return api.request("POST", path_of(request), request.object, query=query, **who)
    if request.operation == "DELETE":
        return api.request("DELETE", path_of(request), query=query, **who)
    stored = api.request("GET", path_of(request._replace(subresource="")))
    assert stored.ok, (request.name, stored.message)
    return api.request("PUT", path_of(request), _changed(stored.body, request.object or {}), query=query, **who)


def _changed(stored: Document, new: Document) -> Document:
    """What is stored with the labels, annotations, finalizers and spec of a request; a pod keeps its spec."""
    found = copy.deepcopy(stored)
    for key in ("labels", "annotations", "finalizers"):
        found["metadata"][key] = new["metadata"].get(key, {} if key != "finalizers" else [])
    if stored["kind"] == "Pod":
        found["spec"] |= {k: v for k, v in new["spec"].items() if k == "ephemeralContainers"}
    elif "spec" in new:
        found["spec"] = new["spec"]
    return found


def wide(namespace: str, name: str = "allow-web") -> Document:
    """A policy that opens everything to every pod of a namespace."""
    metadata = {"name": name, "namespace": namespace}
    spec = {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def as_outsider(api: Api, method: str, document: Document, **how: Any) -> Answer:
    """A request about a NetworkPolicy by somebody who may do everything and is no writer."""
    user, groups = OUTSIDER
    path = api.path(document, name=method != "POST")
    return api.request(method, path, document if method != "DELETE" else None, user=user, groups=groups, **how)


def await_in_force(api: Api, namespace: str) -> None:
    """Wait until the API server goes by the guard of a namespace."""
    asked = wide(namespace, "asked")
    eventually(lambda: OPENS in as_outsider(api, "POST", asked, query=DRY).message, "the guard does not come in force")


def remove_guards(api: Api) -> None:
    """Delete every guard, and wait until the API server goes by none of them: it notices a little later."""
    for plural in ("validatingadmissionpolicybindings", "validatingadmissionpolicies"):
        assert api.request("DELETE", f"/apis/admissionregistration.k8s.io/v1/{plural}").ok
    for item in api.items("v1", "Namespace"):
        asked = wide(item["metadata"]["name"], "asked")
        eventually(partial(_is_free, api, asked), "the guard stays in force")


def _is_free(api: Api, asked: Document) -> bool:
    return as_outsider(api, "POST", asked, query=DRY).ok


def documents(texts: Iterable[str]) -> list[Document]:
    """Texts as documents."""
    return [yaml.load(text, Loader=yaml.CSafeLoader) for text in texts]
