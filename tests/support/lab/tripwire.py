"""Makes a bad day begin at an exact moment: while the API server is about to store a certain policy.

The API server asks an admission webhook, which lives in the test, before each write.  At the chosen one the webhook
first does what the test wants, kill the API server for instance, and then agrees.  So nothing depends on how fast
helm, the machine or the test is.
"""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from control_plane import ControlPlane
from lab.api import Api, Document
from tooling import eventually

RESOURCES = [("networking.k8s.io", "networkpolicies"), ("networking.aviatrix.com", "firewallpolicies")]

Asked = tuple[str, str]
"""The resource and the name of what is to be written."""


class Tripwire:
    """Does `act` when the API server is about to store the first policy for which `when` holds.

    `when` is given all writes to policies so far, this one included, dry runs excluded.  Writes wait for each other.
    """

    def __init__(
        self, server: ControlPlane, api: Api, when: Callable[[list[Asked]], bool], act: Callable[[], object]
    ) -> None:
        self.asked: list[Asked] = []
        self.tripped = False
        self._when, self._act, self._api = when, act, api
        self._lock = threading.Lock()
        self._seen = threading.Event()
        # The API server's own certificate is for 127.0.0.1, and it lies in the lab's folder with its key.
        certificate = server.folder / "certs" / "apiserver.crt"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, certificate.with_suffix(".key"))
        self._webhook = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._webhook.daemon_threads = True
        self._webhook.handle_error = lambda *_: None  # type: ignore[method-assign]  # whoever asked may be dead by now
        self._webhook.socket = context.wrap_socket(self._webhook.socket, server_side=True)
        self._bundle = base64.b64encode(certificate.read_bytes()).decode()
        self._thread = threading.Thread(target=self._webhook.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        answer = self._api.create(self._configuration())
        assert answer.ok, answer.message
        self._await(asked=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._webhook.shutdown()
        self._webhook.server_close()

    def remove(self) -> None:
        """Let the API server ask no more; it must be there."""
        answer = self._api.delete(self._configuration())
        assert answer.ok, answer.message
        self._await(asked=False)

    def _await(self, *, asked: bool) -> None:
        """Wait until the API server asks about a dry run, or no more; it hears of webhooks a moment later."""
        metadata = {"name": "is-the-wire-there", "namespace": "default"}
        probe = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata}

        def heard() -> bool:
            self._seen.clear()
            answer = self._api.create({**probe, "spec": {"podSelector": {}}}, query={"dryRun": "All"})
            return answer.ok and self._seen.is_set() == asked

        eventually(heard, "the API server does not hear of the webhook")

    def _configuration(self) -> Document:
        rules = [
            {"apiGroups": [group], "apiVersions": ["*"], "operations": ["*"], "resources": [resource], "scope": "*"}
            for group, resource in RESOURCES
        ]
        webhook = {
            "name": "tripwire.mcpfence.io",
            "clientConfig": {"url": f"https://127.0.0.1:{self._webhook.server_port}/", "caBundle": self._bundle},
            "rules": rules,
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "failurePolicy": "Fail",
            "timeoutSeconds": 30,
        }
        return {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "tripwire"},
            "webhooks": [webhook],
        }

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        wire = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                request = json.loads(self.rfile.read(length))["request"]
                wire.hear(request)
                said = {"uid": request["uid"], "allowed": True}
                review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": said}
                body = json.dumps(review).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Stay silent."""

        return Handler

    def hear(self, request: Document) -> None:
        """Count one write, and act if it is the one."""
        self._seen.set()
        if request.get("dryRun"):
            return
        with self._lock:
            self.asked.append((request["resource"]["resource"], request["name"]))
            if not self.tripped and self._when(self.asked):
                self.tripped = True
                self._act()
