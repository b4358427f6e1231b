"""The sentinel: how the packet lab knows that Felix has programmed what was written.

It is a pair of pods of which one may reach the other only when Felix has seen new labels of the pods, then a new label
of their namespace, then a new policy, of Kubernetes and of Calico.  Felix watches each kind in order, so what was
written before it, it saw before.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from control_plane import LabError
from packet_api import CALICO_VERSION, MERGE, Captive, Document, calico_path, policies_path
from packet_probe import Probe, try_all
from packet_wires import Pod

NAMESPACE = "sentinel"
SETTLE_SECONDS = 300.0
"""How long a change may take until Felix has programmed it; on an idle machine it takes a quarter of a second."""

_ROUNDS = 2
_FIRST_PORT, _PORTS = 1000, 10000
_CALICO = "default.open"
"""Names of Calico's policies begin with their tier, where they lie in the API server."""


@dataclass(slots=True, kw_only=True)
class Sentinel:
    """Two pods in a namespace of their own, and the log that explains why nothing happens."""

    api: Captive
    source: Pod
    target: Pod
    relabel: Callable[[Pod, dict[str, str]], None]
    log: Path
    _generation: int = 0

    def post(self) -> None:
        """Close the pair; from here on only `settle` opens it."""
        spec = {"podSelector": {}, "policyTypes": ["Ingress"]}
        for name in ("closed", "open"):
            self.api.must("POST", policies_path(NAMESPACE), _policy(name, spec))
        self.api.must("POST", calico_path(NAMESPACE), _calico(_PORTS, "none"))

    def settle(self) -> float:
        """Wait until Felix has programmed everything that was written before; the seconds that it took.

        Felix programs in batches that are cut after a hundred changes, and one round of changes has no order (Flush in
        its event_sequencer.go, msgPeekLimit in its int_dataplane.go): the sentinel could come before something else of
        its round.  So a second one is written once the first is through, and that one can only come in a later round.
        """
        began = time.monotonic()
        for _ in range(_ROUNDS):
            self._generation += 1
            self._await(_FIRST_PORT + self._generation % _PORTS, {"generation": str(self._generation)})
        return time.monotonic() - began

    def _await(self, port: int, now: dict[str, str]) -> None:
        for pod in (self.source, self.target):
            self.relabel(pod, now)
        self.api.must("PATCH", f"/api/v1/namespaces/{NAMESPACE}", {"metadata": {"labels": now}}, MERGE)
        peer = {"namespaceSelector": {"matchLabels": now}, "podSelector": {"matchLabels": now}}
        rule = {"from": [peer], "ports": [{"protocol": "TCP", "port": port}]}
        spec = {"podSelector": {"matchLabels": now}, "policyTypes": ["Ingress"], "ingress": [rule]}
        self.api.must("PUT", policies_path(NAMESPACE, "open"), _policy("open", spec))
        other = _calico(port + _PORTS, now["generation"])
        self.api.must("PATCH", calico_path(NAMESPACE, _CALICO), {"spec": other["spec"]}, MERGE)
        ends = list(zip(self.source.addresses, self.target.addresses, strict=True))
        probes = [
            Probe(self.source, ours, self.target, theirs, "TCP", one)
            for one in (port, port + _PORTS)
            for ours, theirs in ends
        ]
        deadline = time.monotonic() + SETTLE_SECONDS
        while not all(result.open for result in try_all(probes, 0.05)):
            if time.monotonic() > deadline:
                message = f"felix did not program the sentinel within {SETTLE_SECONDS:.0f} s; read {self.log}"
                raise LabError(message)


def _policy(name: str, spec: Document) -> Document:
    kind = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy"}
    return {**kind, "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec}


def _calico(port: int, generation: str) -> Document:
    """A policy of Calico's that opens one port more, in front of those of Kubernetes."""
    these = f"generation == '{generation}'"
    rule = {"action": "Allow", "protocol": "TCP", "source": {"selector": these}, "destination": {"ports": [port]}}
    spec = {"order": 10, "selector": these, "types": ["Ingress"], "ingress": [rule]}
    metadata = {"name": _CALICO, "namespace": NAMESPACE}
    return {"apiVersion": CALICO_VERSION, "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}
