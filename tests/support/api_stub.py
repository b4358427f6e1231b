"""A stub that answers discovery as an API server does.

Helm 3 asks an API server for its version and its kinds even for `install --dry-run=client`.
"""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def api_server() -> Iterator[str]:
    """The address of a stub that answers discovery as an API server does, and 404 to all else."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Discovery)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _group(name: str) -> dict[str, Any]:
    version = {"groupVersion": f"{name}/v1", "version": "v1"}
    return {"name": name, "versions": [version], "preferredVersion": version}


def _resources(version: str, **kinds: str) -> dict[str, Any]:
    resources = [
        {"name": name, "singularName": "", "kind": kind, "namespaced": kind != "Namespace", "verbs": ["get"]}
        for name, kind in kinds.items()
    ]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources}


_ANSWERS: dict[str, dict[str, Any]] = {
    "/version": {"major": "1", "minor": "36", "gitVersion": "v1.36.0"},
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [_group("networking.k8s.io"), _group("rbac.authorization.k8s.io")],
    },
    "/api/v1": _resources(
        "v1",
        namespaces="Namespace",
        configmaps="ConfigMap",
        serviceaccounts="ServiceAccount",
        resourcequotas="ResourceQuota",
    ),
    "/apis/networking.k8s.io/v1": _resources("networking.k8s.io/v1", networkpolicies="NetworkPolicy"),
    "/apis/rbac.authorization.k8s.io/v1": _resources(
        "rbac.authorization.k8s.io/v1", roles="Role", rolebindings="RoleBinding"
    ),
}


class _Discovery(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        answer = _ANSWERS.get(self.path.split("?")[0])
        self.send_response(200 if answer else 404)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer or {"kind": "Status", "status": "Failure", "code": 404}).encode())

    def log_message(self, *_: object) -> None:
        """Nothing: the tests' output is not its log."""
