"""A small cluster whose packets are real: an API server, Felix, pods, and an outside world with every address there is.

    node     etcd, kube-apiserver and Felix; it forwards between the pods and the outside, and Felix, if given, filters
    pods     a namespace each, joined to the node by a veth; a Pod object has the same name and addresses
    outside  a namespace behind another veth, where every address answers that is no pod's

Pods are made when they are first asked for and stay; tests change their labels.  Nothing leaves the machine, whose own
network is not touched.

    with World(folder=FOLDER, programs=find_programs(), felix_program=find_felix()) as world:
        server = world.pod("mcp", "p0", {"app": "github"})
        world.apply(TEXT)                                   # NetworkPolicies and Namespaces, strictly
        world.settle()                                      # Felix has it
        probe = Probe(server, server.addresses[0], world.outside, "203.0.113.7", "TCP", 443)
        world.probe([probe], 0.7)                           # [Result(open=True, ...)]
        world.outside.serve([80])                           # HTTP at every address
        server.exec(["mcp-server", "--port", "8099"], env={"TOKEN": "x"}, user=1000)
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from control_plane import Programs
from packet_api import MERGE, Captive, Document, Labels
from packet_felix import NODE, Felix, interface_of, kinds_of
from packet_host import Host
from packet_net import batch, make_namespace, remove_namespaces, running, sweep
from packet_probe import Probe, Result, try_all
from packet_sentinel import NAMESPACE as SENTINEL
from packet_sentinel import Sentinel
from packet_wires import POD_SETTINGS, Pod, Port, join, make_node, make_outside

__all__ = ["Pod", "Port", "Probe", "Result", "World"]


@dataclass(slots=True, kw_only=True, repr=False)
class World:
    """The whole of it.  `start` and `stop` it, or use it as a context manager."""

    folder: Path
    """Empty or absent; logs and the API server's data lie here."""
    programs: Programs
    felix_program: Path | None
    """None: nothing filters, and the routes to the pods are made here."""
    node: str = ""
    """The network namespace of the node."""
    pods: dict[tuple[str, str], Pod] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: itertools.count(10))
    _namespaces: dict[str, dict[str, str]] = field(default_factory=dict)
    _api: Captive | None = None
    _outside: Host | None = None
    _felix: Felix | None = None
    _sentinel: Sentinel | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def api(self) -> Captive:
        """The API server."""
        return running(self._api)

    @property
    def felix(self) -> Felix:
        """The data plane."""
        return running(self._felix)

    @property
    def outside(self) -> Host:
        """The host at which every address answers that is no pod's."""
        return running(self._outside)

    # --- life ---

    def start(self) -> None:
        """Start everything; raises LabError or NetError, and then nothing is left running."""
        sweep()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        self.node = make_node()
        self._outside = make_outside(self.node)
        self._outside.start()
        prefix = ("ip", "netns", "exec", self.node)
        self._api = Captive(folder=self.folder, programs=self.programs, prefix=prefix, netns=self.node)
        self._api.start()
        if self.felix_program is None:
            return
        self._api.prepare_for_felix(kinds_of(self.felix_program), NODE)
        log = self._api.log("felix")
        source, target = (self.pod(SENTINEL, name, {}) for name in ("from", "to"))
        self._sentinel = Sentinel(api=self._api, source=source, target=target, relabel=self.relabel, log=log)
        self._sentinel.post()
        self._felix = Felix(program=self.felix_program, netns=self.node, kubeconfig=self._api.kubeconfig, log=log)
        self._felix.start()
        self.settle()

    def stop(self) -> None:
        """End every process and remove every namespace, all of them even if one resists; logs stay."""
        with contextlib.ExitStack() as steps:
            hosts = [*self.pods.values(), *([self._outside] if self._outside else [])]
            steps.callback(remove_namespaces, *(host.netns for host in hosts), *([self.node] if self.node else []))
            for host in hosts:
                steps.callback(host.close)
            if self._api:
                steps.callback(self._api.stop)
                steps.callback(self._api.close)
            if self._felix:
                steps.callback(self._felix.kill)
        self.pods.clear()
        self.node, self._outside = "", None

    # --- what is written ---

    def apply(self, text: str) -> None:
        """Apply one NetworkPolicy or Namespace as it stands; raises LabError where the API server refuses it."""
        self.api.apply(text)

    def clear(self) -> None:
        """Delete every NetworkPolicy but those of the lab itself."""
        self.api.clear_policies(keep=SENTINEL)

    def label_namespace(self, name: str, labels: Labels | None = None) -> None:
        """Give a namespace exactly these labels of those that this method gave it; it is made if it is not there."""
        wanted, known = dict(labels or {}), self._namespaces.get(name)
        if known is None:
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": wanted}}
            known = wanted if self.api.request("POST", "/api/v1/namespaces", body)[0] == 201 else {}
        if known != wanted:
            self.api.patch_labels(f"/api/v1/namespaces/{name}", known, wanted)
        self._namespaces[name] = wanted

    def relabel(self, pod: Pod, labels: Labels) -> None:
        """Give a pod exactly these labels."""
        if pod.labels != labels:
            self.api.patch_labels(f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}", pod.labels, labels)
            pod.labels = dict(labels)

    def pod(self, namespace: str, name: str, labels: Labels, ports: Sequence[Port] = ()) -> Pod:
        """The pod of that name, made if it is not there, with exactly these labels; `ports` count when it is made."""
        known = self.pods.get((namespace, name))
        if known is None:
            known = self._make_pod(namespace, name, labels, tuple(ports))
        self.relabel(known, labels)
        return known

    def _make_pod(self, namespace: str, name: str, labels: Labels, ports: tuple[Port, ...]) -> Pod:
        if namespace not in self._namespaces:
            self.label_namespace(namespace)
        number = next(self._numbers)
        pod = Pod(
            netns=make_namespace(*POD_SETTINGS),
            addresses=(f"10.244.{number >> 8}.{number & 255}", f"fd00:10:244::{number:x}"),
            namespace=namespace,
            name=name,
            labels=dict(labels),
            ports=ports,
        )
        self.pods[namespace, name] = pod  # from here on `stop` removes it, whatever fails
        join(self.node, self.outside, pod)
        if self.felix_program is None:
            way = interface_of(namespace, name)
            batch(self.node, *(f"route add {address} dev {way}" for address in pod.addresses))
        pod.start()
        path = f"/api/v1/namespaces/{namespace}/pods"
        self.api.must("POST", path, _manifest(pod))
        addresses = [{"ip": address} for address in pod.addresses]
        status = {"phase": "Running", "podIP": pod.addresses[0], "podIPs": addresses}
        self.api.must("PATCH", f"{path}/{name}/status", {"status": status}, MERGE)
        return pod

    def delete_pod(self, pod: Pod) -> None:
        """Delete a pod with its namespace and its interface."""
        path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}"
        self.api.must("DELETE", path, gracePeriodSeconds="0")
        del self.pods[pod.namespace, pod.name]
        pod.close()
        remove_namespaces(pod.netns)

    # --- what comes of it ---

    def settle(self) -> float:
        """Wait until Felix has programmed everything that was written before; the seconds that it took, if any."""
        return running(self._sentinel).settle() if self.felix_program else 0.0

    def probe(self, probes: Sequence[Probe], wait: float) -> list[Result]:
        """What becomes of these packets; `wait` seconds after the last one is sent, what has not answered is closed."""
        return try_all(probes, wait)


def _manifest(pod: Pod) -> Document:
    """A pod that even the restricted level of Pod Security admits."""
    ports = [{"name": name, "protocol": protocol, "containerPort": number} for name, protocol, number in pod.ports]
    container = {
        "name": "main",
        "image": "registry.example.com/main:1",
        "ports": ports,
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    spec = {
        "nodeName": NODE,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    metadata = {"name": pod.name, "namespace": pod.namespace, "labels": pod.labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
