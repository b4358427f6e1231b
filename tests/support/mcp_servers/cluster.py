"""The packet lab with what a real cluster has around MCP servers: names, Services, registries, an API server to call.

10.96.0.0/16    Services: the node rewrites their addresses to those of pods, as kube-proxy does
10.96.0.1:443   the API server, which is 10.40.64.2:6443 in the outside world
10.96.0.10      the resolver, a pod of kube-system
10.40.70.0/24   registries; 10.40.80.0/28 the wiki; every other address is a web server as well
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from lab.manifests import texts
from mcp_servers.pods import HERE, Container, Surroundings
from mcp_servers.talks import PATIENCE, RESOLVER, Call, Talk, resolv_conf
from packet_host import Host
from packet_net import batch, inside
from packet_world import Pod, World
from tooling import ROOT, eventually

Document = dict[str, Any]

NAMESPACE = "mcp"
START_SECONDS = 300.0
"""How long a server may take until it listens: what its startup probe grants.  Ten on an idle machine."""

HOSTS = {
    "npm.example.com": "10.40.70.10",
    "python.example.com": "10.40.70.11",
    "wiki.example.com": "10.40.80.4",
    "intranet.example.com": "10.99.0.7",
    "evil.example.net": "198.51.100.66",
}
"""The names of the outside world."""

API = {"at": "10.40.64.2", "port": 6443}
API_SERVICE, RESOLVER_SERVICE = "10.96.0.1", RESOLVER
ENVIRONMENT = {"KUBERNETES_SERVICE_HOST": API_SERVICE, "KUBERNETES_SERVICE_PORT": "443"}
"""What every container gets, `enableServiceLinks: false` or not."""

_PATHS = {
    "Namespace": "/api/v1/namespaces",
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "Service": "/api/v1/namespaces/{}/services",
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "Pod": "/api/v1/namespaces/{}/pods",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies",
    "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings",
}
_STRICT = {"fieldManager": "lab", "force": "true", "fieldValidation": "Strict"}


@dataclass(slots=True, kw_only=True)
class Cluster:
    """A world in which MCP servers run; `close` it in the end."""

    world: World
    parts: Path
    """The folder `.tools/mcp`."""
    folder: Path
    hosts: Mapping[str, str] = field(default_factory=lambda: HOSTS)
    """The names of the outside world, each with its address."""
    documents: list[Document] = field(default_factory=list)
    servers: dict[str, Container] = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict)
    """The seconds until each server listened."""
    _policies: dict[str, str] = field(default_factory=dict)
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def close(self) -> None:
        """End every process that was started here."""
        for server in self.servers.values():
            server.stop()
        for process in self._processes:
            process.kill()
            process.wait()

    # --- what is around ---

    def furnish(self) -> None:
        """Start the outside world and the resolver, and let the node rewrite the addresses of Services."""
        batch(self.world.node, "addr add 192.0.2.1/32 dev lo")  # from which the kubelet's probes come
        relay = {**API, "netns": self.world.node, "to": self.world.api.ports[0]}
        settings = {
            "tools": str(ROOT / "tools"),
            "folder": str(self.parts),
            "npm": "npm.example.com",
            "pypi": "python.example.com",
            "relay": relay,
        }
        self._serve(self.world.outside, "outside", settings)
        services = {f"{name}.{NAMESPACE}": at for name, at in self._addresses().items()} | {
            "kubernetes.default": API_SERVICE
        }
        names = {**self.hosts} | {f"{name}.svc.cluster.local": at for name, at in services.items()}
        resolver = self.world.pod("kube-system", "resolver", {"k8s-app": "kube-dns"})
        self._serve(resolver, "resolver", names)
        self._rewrite(resolver)

    def _serve(self, host: Host, name: str, settings: Document) -> None:
        file = self.folder / f"{name}.json"
        file.write_text(json.dumps(settings), encoding="utf-8")
        with self._log(name).open("wb") as log, (self.folder / f"{name}.errors").open("wb") as errors:
            process = host.exec(
                [sys.executable, "-I", "-B", HERE / f"{name}.py", file],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=errors,
            )
        self._processes.append(process)

        def ended_or_ready() -> bool:
            return process.poll() is not None or self._log(name).read_bytes().startswith(b"ready\n")

        eventually(ended_or_ready, f"{name} does not serve")
        assert process.poll() is None, (self.folder / f"{name}.errors").read_text(encoding="utf-8")

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def arrivals(self) -> list[Mapping[str, str]]:
        """Every HTTP request that reached the outside world: from, to, host, path."""
        return self._lines("outside")

    def answered(self) -> list[Mapping[str, Any]]:
        """Every answer of the resolver: time, client, port, wire (resolver.py)."""
        return self._lines("resolver")

    def _lines(self, name: str) -> list[Mapping[str, Any]]:
        _, *lines = self._log(name).read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def _addresses(self) -> dict[str, str]:
        """The cluster IP of every Service that was applied."""
        return {
            item["metadata"]["name"]: item["spec"]["clusterIP"]
            for item in self.world.api.must("GET", _PATHS["Service"].format(NAMESPACE))["items"]
        }

    def _rewrite(self, resolver: Pod) -> None:
        """The one thing of kube-proxy that packets need: a Service's address becomes that of the pod behind it."""
        rules = [
            f"ip daddr {API_SERVICE} tcp dport 443 dnat to {API['at']}:{API['port']}",
            *(
                f"ip daddr {RESOLVER_SERVICE} {kind} dport 53 dnat to {resolver.addresses[0]}:53"
                for kind in ("udp", "tcp")
            ),
        ]
        for service in self.rendered("Service"):
            port, name = service["spec"]["ports"][0], service["metadata"]["name"]
            target = self.servers[name].pod.addresses[0]
            rules.append(
                f"ip daddr {self._addresses()[name]} tcp dport {port['port']} dnat to {target}:{port['targetPort']}"
            )
        chain = "\n".join(["type nat hook prerouting priority -105;", *rules])
        text = f"table ip services {{\nchain before {{\n{chain}\n}}\n}}\n"
        command = ["ip", "netns", "exec", self.world.node, "nft", "-f", "-"]
        done = subprocess.run(command, input=text, text=True, check=False, capture_output=True)
        assert not done.returncode, done.stderr

    # --- what is rendered ---

    def apply(self, stream: bytes, without: Collection[str] = ()) -> None:
        """Apply everything that was rendered but some kinds, strictly, as kubectl would; the Namespaces first."""
        every = [(text, yaml.load(text, Loader=yaml.CSafeLoader)) for text in texts(stream)]
        found = [(text, document) for text, document in every if document["kind"] not in without]
        self.documents = [document for _, document in found]
        self._policies = {one["metadata"]["name"]: text for text, one in found if one["kind"] == "NetworkPolicy"}
        for namespace in ("mcp-system", "shop", "agents"):
            self.world.label_namespace(namespace)
        for text, document in sorted(found, key=lambda item: item[1]["kind"] != "Namespace"):
            metadata = document["metadata"]
            path = _PATHS[document["kind"]].format(metadata.get("namespace", ""))
            body = text.encode()
            self.world.api.must("PATCH", f"{path}/{metadata['name']}", body, "application/apply-patch+yaml", **_STRICT)

    @contextmanager
    def unfenced(self) -> Iterator[None]:
        """The twin: the same servers without any NetworkPolicy in their namespace."""
        for name in self._policies:
            self.world.api.delete_policy(NAMESPACE, name)
        self.world.settle()
        try:
            yield
        finally:
            for text in self._policies.values():
                self.world.apply(text)
            self.world.settle()

    def rendered(self, kind: str) -> list[Document]:
        """Of what was applied, everything of a kind in the servers' namespace."""
        return [one for one in self.documents if one["kind"] == kind and one["metadata"].get("namespace") == NAMESPACE]

    def make_pods(self) -> None:
        """What the controllers would do: a pod for each Deployment, and its service account's files."""
        around = Surroundings(
            folder=self.folder,
            resolv=resolv_conf(NAMESPACE),
            environment=ENVIRONMENT,
            image={name: self.parts / "bin" / name for name in ("uv", "uvx")},
        )
        for deployment in self.rendered("Deployment"):
            name = deployment["metadata"]["name"]
            pod = self.world.pod(NAMESPACE, f"{name}-0", deployment["spec"]["template"]["metadata"]["labels"])
            self.servers[name] = Container(deployment=deployment, pod=pod, around=around, token=self._token(deployment))

    def _token(self, deployment: Document) -> dict[str, bytes]:
        spec = deployment["spec"]["template"]["spec"]
        if not spec["automountServiceAccountToken"]:
            return {}
        path = f"{_PATHS['ServiceAccount'].format(NAMESPACE)}/{spec['serviceAccountName']}/token"
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        token = self.world.api.must("POST", path, body)["status"]["token"]
        return {"token": token.encode(), "ca.crt": self.world.api.ca.read_bytes(), "namespace": NAMESPACE.encode()}

    def start(self) -> None:
        """Start every server at once and wait until it listens."""
        began = time.monotonic()
        for server in self.servers.values():
            server.start()
        waiting = dict(self.servers)
        while waiting:
            for name, server in list(waiting.items()):
                assert not server.ended(), server.ended()
                if self.answers_probe(server):
                    self.took[name] = time.monotonic() - began
                    del waiting[name]
            assert time.monotonic() - began < START_SECONDS, {name: server.said() for name, server in waiting.items()}
            time.sleep(0.1)

    def restart(self) -> None:
        """End every server, with all that it fetched, and start it anew in its pod."""
        for server in self.servers.values():
            server.stop()
        for server in self.servers.values():  # what is killed goes on for a moment, and would answer for the new one
            eventually(partial(self._is_closed, server), f"{server.name} does not end")
        self.start()

    def answers_probe(self, server: Container) -> bool:
        """The kubelet's probe: a TCP connection from the pod's own node, which no NetworkPolicy stops."""
        with inside(self.world.node), suppress(OSError):
            socket.create_connection((server.pod.addresses[0], server.port), timeout=2).close()
            return True
        return False

    def _is_closed(self, server: Container) -> bool:
        return not self.answers_probe(server)

    # --- who calls ---

    def talk(self, caller: Pod, calls: Mapping[str, Sequence[Call]], seconds: float = PATIENCE) -> Talk:
        """Let the real client in a pod talk to servers, by name, through their Services; see client.py."""
        resolv = self.folder / f"resolv-{caller.namespace}"
        resolv.write_text(resolv_conf(caller.namespace), encoding="ascii")
        shell = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
        client: list[str | Path] = [self.parts / "bin/python", "-I", "-B", HERE / "client.py"]
        command = ["unshare", "--mount", "sh", "-c", shell, resolv, *client]
        pipe = subprocess.PIPE
        process = caller.exec(command, env={"HOME": "/"}, stdin=pipe, stdout=pipe, stderr=pipe)
        return Talk(process, NAMESPACE, calls, seconds)
