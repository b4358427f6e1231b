"""The API server of the packet lab: it lives in the node's namespace, and is spoken to from outside of it."""

from __future__ import annotations

import http.client
import json
import ssl
import time
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from control_plane import READY_SECONDS, ControlPlane, LabError
from packet_net import inside

Labels = Mapping[str, str]
Document = dict[str, Any]

CALICO_VERSION = "crd.projectcalico.org/v1"
MERGE = "application/merge-patch+json"
_CALICO = "/apis/crd.projectcalico.org/v1/clusterinformations"


def policies_path(namespace: str, name: str = "") -> str:
    """Where the NetworkPolicies of a namespace live, or one of them."""
    return f"/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies" + (f"/{name}" if name else "")


def calico_path(namespace: str, name: str = "") -> str:
    """Where Calico's own policies of a namespace lie, or one of them, as Felix reads them."""
    path = f"/apis/{CALICO_VERSION}/namespaces/{namespace}/networkpolicies"
    return path + (f"/{name}" if name else "")


@dataclass(slots=True, kw_only=True)
class Captive(ControlPlane):
    """An API server that only its own network namespace can see."""

    netns: str
    _connection: http.client.HTTPSConnection | None = None

    def get(self, path: str) -> tuple[int, bytes]:
        """As in ControlPlane, from inside."""
        with inside(self.netns):
            return ControlPlane.get(self, path)

    def request(
        self, method: str, path: str, body: Any = None, kind: str = "application/json", **query: str
    ) -> tuple[int, Document]:
        """Status and document of one request as admin; raises OSError while the server is not there."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        target = path + (f"?{urllib.parse.urlencode(query)}" if query else "")
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": kind}
        for attempt in (1, 2):  # the server closes a connection that has been idle for long
            connection = self._connection or self._connect()
            try:
                with inside(self.netns):
                    connection.request(method, target, data, headers)
                answer = connection.getresponse()
                return answer.status, json.loads(answer.read())
            except (OSError, http.client.HTTPException) as gone:
                self.close()
                if attempt == 2:
                    raise OSError(str(gone)) from gone
        raise AssertionError

    def _connect(self) -> http.client.HTTPSConnection:
        context = ssl.create_default_context(cafile=str(self.ca))
        self._connection = http.client.HTTPSConnection("127.0.0.1", self.ports[0], timeout=60, context=context)
        return self._connection

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection:
            self._connection.close()
            self._connection = None

    def must(self, method: str, path: str, body: Any = None, kind: str = "application/json", **query: str) -> Document:
        """The document that a request gives; raises LabError where the API server refuses."""
        status, document = self.request(method, path, body, kind, **query)
        if status >= 300:
            message = f"{method} {path}: {status} {document.get('message', '')}"
            raise LabError(message)
        return document

    def apply(self, text: str) -> None:
        """Apply a policy or Namespace as it stands, as `kubectl apply --server-side` does, strictly."""
        document = yaml.load(text, Loader=yaml.CSafeLoader)
        name, namespace = document["metadata"]["name"], document["metadata"].get("namespace", "default")
        paths = {"NetworkPolicy": policies_path(namespace, name), "Namespace": f"/api/v1/namespaces/{name}"}
        if document["apiVersion"] == CALICO_VERSION:
            paths["NetworkPolicy"] = calico_path(namespace, name)
        how = {"fieldManager": "lab", "force": "true", "fieldValidation": "Strict"}
        self.must("PATCH", paths[document["kind"]], text.encode(), "application/apply-patch+yaml", **how)

    def delete_policy(self, namespace: str, name: str) -> None:
        """Delete one NetworkPolicy."""
        self.must("DELETE", policies_path(namespace, name))

    def clear_policies(self, keep: str) -> None:
        """Delete every policy, Kubernetes' and Calico's, but those of the namespace `keep`."""
        for item in self.must("GET", f"/apis/{CALICO_VERSION}/networkpolicies")["items"]:
            metadata = item["metadata"]
            if metadata["namespace"] != keep:
                self.must("DELETE", calico_path(metadata["namespace"], metadata["name"]))
        for item in self.must("GET", "/apis/networking.k8s.io/v1/networkpolicies")["items"]:
            metadata = item["metadata"]
            if metadata["namespace"] != keep:
                self.delete_policy(metadata["namespace"], metadata["name"])

    def patch_labels(self, path: str, before: Labels, after: Labels) -> None:
        """Give an object these labels, and take those away that it had before."""
        self.must("PATCH", path, {"metadata": {"labels": {**dict.fromkeys(before), **after}}}, MERGE)

    def prepare_for_felix(self, kinds: Path, node: str) -> None:
        """Calico's kinds, the word that its datastore is ready, and the node that Felix runs on."""
        for file in sorted(kinds.glob("*.yaml")):
            path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
            self.must("POST", path, file.read_bytes(), "application/yaml")
        deadline = time.monotonic() + READY_SECONDS
        while self.request("GET", _CALICO)[0] != 200:
            if time.monotonic() > deadline:
                message = f"{_CALICO} is not served; read {self.log('kube-apiserver')}"
                raise LabError(message)
            time.sleep(0.05)
        kind = {"apiVersion": "crd.projectcalico.org/v1", "kind": "ClusterInformation"}
        self.must("POST", _CALICO, {**kind, "metadata": {"name": "default"}, "spec": {"datastoreReady": True}})
        address = {"projectcalico.org/IPv4Address": "192.0.2.1/32"}
        metadata = {"name": node, "annotations": address}
        self.must("POST", "/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": metadata})
        status = {"status": {"addresses": [{"type": "InternalIP", "address": "192.0.2.1"}]}}
        self.must("PATCH", f"/api/v1/nodes/{node}/status", status, MERGE)
