"""A small client for a Kubernetes API: documents in, documents out, with status and warnings beside them."""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gateways.definitions import VERSIONS

Document = dict[str, Any]

_OWN = (".k8s.io", "apps", "autoscaling", "batch", "policy")

STRICT = {"fieldValidation": "Strict"}
"""Unknown and duplicate fields are refused; without it the API server drops them and warns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the API server said."""

    status: int
    body: Document
    warnings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the request was granted and done."""
        return self.status < 300

    @property
    def message(self) -> str:
        """Why not."""
        return str(self.body.get("message", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One kind as discovery tells it: `networkpolicies` of `networking.k8s.io/v1`."""

    group_version: str
    plural: str
    kind: str
    namespaced: bool
    verbs: tuple[str, ...]

    @property
    def group(self) -> str:
        """The API group; empty for the core."""
        return self.group_version.rpartition("/")[0]

    def path(self, namespace: str = "", name: str = "") -> str:
        """Where its objects live."""
        root = f"/apis/{self.group_version}" if self.group else f"/api/{self.group_version}"
        place = f"/namespaces/{namespace}" if namespace else ""
        return f"{root}{place}/{self.plural}" + (f"/{name}" if name else "")


class Api:
    """One connection to an API server; it is made anew when the server has been away."""

    def __init__(self, url: str, ca: Path, token: str) -> None:
        self._address = urllib.parse.urlsplit(url)
        self._ca = ca
        self._token = token
        self._connection: http.client.HTTPSConnection | None = None
        self._resources: dict[tuple[str, str], Resource] = {}

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str = "application/json",
        query: Mapping[str, str] | None = None,
        user: str = "",
        groups: Sequence[str] = (),
    ) -> Answer:
        """One request; `user` and `groups` are who to be instead of an admin.  Raises OSError without a server."""
        headers = [("Authorization", f"Bearer {self._token}"), ("Accept", "application/json")]
        headers += [("Impersonate-User", user)] if user else []
        headers += [("Impersonate-Group", group) for group in groups]
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers += [("Content-Type", content_type), ("Content-Length", str(len(data)))] if data is not None else []
        target = path + (f"?{urllib.parse.urlencode(query)}" if query else "")
        status, received, warnings = self._exchange(method, target, data, headers)
        try:
            answer = json.loads(received)
        except ValueError:
            answer = {"message": received.decode(errors="replace")}
        return Answer(status=status, body=answer, warnings=warnings)

    def _exchange(
        self, method: str, target: str, data: bytes | None, headers: list[tuple[str, str]]
    ) -> tuple[int, bytes, tuple[str, ...]]:
        """Status, body and warnings; a connection that the server closed meanwhile is opened once more."""
        for attempt in (1, 2):
            connection = self._connection or self._connect()
            try:
                connection.putrequest(method, target)
                for name, value in headers:  # impersonating several groups repeats a header, which a dict cannot
                    connection.putheader(name, value)
                connection.endheaders(data)
                answer = connection.getresponse()
                return answer.status, answer.read(), tuple(answer.headers.get_all("Warning") or ())
            except (OSError, http.client.HTTPException) as gone:
                connection.close()
                self._connection = None
                if attempt == 2:
                    raise OSError(str(gone)) from gone
        raise AssertionError

    def _connect(self) -> http.client.HTTPSConnection:
        context = ssl.create_default_context(cafile=str(self._ca))
        host, port = self._address.hostname or "", self._address.port
        self._connection = http.client.HTTPSConnection(host, port, timeout=60, context=context)
        return self._connection

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection:
            self._connection.close()
            self._connection = None

    # --- objects ---

    def resources(self, group_version: str) -> list[Resource]:
        """Every resource of `v1` or `networking.k8s.io/v1`, subresources such as `pods/log` included."""
        answer = self.request("GET", f"/{'apis' if '/' in group_version else 'api'}/{group_version}")
        return [
            Resource(
                group_version=group_version,
                plural=found["name"],
                kind=found["kind"],
                namespaced=found["namespaced"],
                verbs=tuple(found["verbs"]),
            )
            for found in answer.body.get("resources", [])
        ]

    def resource(self, group_version: str, kind: str) -> Resource:
        """The resource of a kind; raises KeyError for an unknown one."""
        if (group_version, kind) not in self._resources:
            for found in self.resources(group_version):
                if "/" not in found.plural:
                    self._resources[group_version, found.kind] = found
        return self._resources[group_version, kind]

    def path(self, document: Mapping[str, Any], *, name: bool = True) -> str:
        """Where a document lives, or with `name=False` where it is created."""
        metadata = document["metadata"]
        resource = self.resource(document["apiVersion"], document["kind"])
        namespace = metadata.get("namespace", "default") if resource.namespaced else ""
        return resource.path(namespace, metadata["name"] if name else "")

    def create(self, document: Document | str, **how: Any) -> Answer:
        """Create an object, with strict field validation.  Text is sent as it is: the API server parses the YAML."""
        parsed: Document = yaml.load(document, Loader=yaml.CSafeLoader) if isinstance(document, str) else document
        body, kind = (
            (document.encode(), "application/yaml") if isinstance(document, str) else (parsed, "application/json")
        )
        query = {**STRICT, **how.pop("query", {})}
        return self.request("POST", self.path(parsed, name=False), body, content_type=kind, query=query, **how)

    def get(self, group_version: str, kind: str, namespace: str, name: str) -> Answer:
        """One object, or the Status that says that there is none."""
        return self.request("GET", self.resource(group_version, kind).path(namespace, name))

    def items(self, group_version: str, kind: str, namespace: str = "", *, selector: str = "") -> list[Document]:
        """All objects of a kind in one namespace, or in all of them, with kind and apiVersion in each."""
        query = {"labelSelector": selector} if selector else None
        answer = self.request("GET", self.resource(group_version, kind).path(namespace), query=query)
        assert answer.ok, answer.message
        return [{"apiVersion": group_version, "kind": kind, **item} for item in answer.body["items"]]

    def delete(self, document: Mapping[str, Any]) -> Answer:
        """Delete an object."""
        return self.request("DELETE", self.path(document))

    def make_namespace(self, name: str, **labels: str) -> None:
        """Create a namespace, unless it is there."""
        metadata = {"name": name, "labels": labels}
        answer = self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        assert answer.ok or answer.status == 409, answer.message

    def finalize(self, name: str) -> None:
        """Do for a deleted namespace what its controller would do; its objects must be gone already."""
        path = f"/api/v1/namespaces/{name}"
        found = self.request("GET", path)
        if found.ok:
            answer = self.request("PUT", f"{path}/finalize", {**found.body, "spec": {"finalizers": []}})
            assert answer.ok, answer.message

    def empty(self, namespace: str) -> None:
        """Remove a namespace with everything in it, which no controller does here."""
        own = ("v1", "apps/v1", "networking.k8s.io/v1", "rbac.authorization.k8s.io/v1")
        for version in dict.fromkeys((*own, *self._custom_versions(), *VERSIONS)):  # the last are not on every server
            for resource in self.resources(version):
                if resource.namespaced and "deletecollection" in resource.verbs:
                    self.request("DELETE", resource.path(namespace))
        self.request("DELETE", f"/api/v1/namespaces/{namespace}")
        self.finalize(namespace)

    def _custom_versions(self) -> list[str]:
        """The preferred version of every group that is none of Kubernetes' own."""
        groups = self.request("GET", "/apis").body.get("groups", [])
        return [one["preferredVersion"]["groupVersion"] for one in groups if not one["name"].endswith(_OWN)]
