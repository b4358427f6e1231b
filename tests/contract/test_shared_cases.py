"""Inputs that people reported, where they stand beside the checkout: what must be said of each, and what must not."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from helpers import run_cli


class Reported(NamedTuple):
    """A folder of shared/cases: the command, and pieces of its output that must be there, or must not (stdout, stderr)."""

    folder: str
    command: str
    printed: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    code: int = 0


CASES = (
    Reported("cidrs-gke-dns-endpoint", "cidrs gcp gke-dns.json gke-sub.json", ("cni: cilium",), ("warning: cluster.cidrs.controlPlane: cannot hold the API server's DNS endpoint",)),
    Reported("client-under-own-floor", "check -f values.yaml", (), ("client proxy may call notes, but mcp-default-deny denies its own pods everything; declare its pods under workloads, too: proxy: {namespace: tools, podSelector: {app: mcpserver}, egress: {servers: [notes]}}",)),
    Reported("dns-in-mixed-port-rule", "import kubernetes in.yaml", ("name: kube-dns",), ("opens port 53 everywhere",), ("- 8081\n        - 53",)),
    Reported("import-kubernetes-false-loss", "import kubernetes egress.yaml -v", ("namespace: agents",), ("egress and ingress equal to today's",), ("less than today",)),
    Reported("import-kubernetes-ipv6-any", "import kubernetes in.yaml", ('cidr: "2000::/3"', "cidr: 0.0.0.0/0")),
    Reported("import-kubernetes-operator-owned", "import kubernetes dump.yaml", ("mcp-server: notes",), ("belongs to MCPServer agents/notes",)),
    Reported("import-kubernetes-operator-owned", "import auto lifecycle-cr.yaml", ("cidr: 10.0.0.0/8",)),
    Reported("kustomize-base-false-alarm", "import auto base", ("prefix: notes_",), ('Service "notes", which is not in the input',)),
    Reported("kustomize-base-false-alarm", "check -f values.yaml base", (), ("check again with -n mcp-test",), ("defect-target",), 1),
    Reported("obot-keys-2026", "import obot entries.yaml -v", (), ('is reached through the tunnel "corp"',), ("import-unknown-key",), 1),
    Reported("operator-cr-without-namespace", "import toolhive .", ("toolhive-proxy",), ("kustomization.yaml says ai: import with -n ai",)),
    Reported("operator-cr-without-namespace", "import toolhive server.yaml -n ai", ("name: ai", "clients:"), (), ("import-guess",)),
    Reported("server-json-oci-base-url", "import auto server.json", ("ghcr.io/example/notes:1.2.0",)),
    Reported("server-json-package-port", "import auto server.json", ("ports:\n      - 8080", "transport: http")),
    Reported("server-json-remote-behind-mcpb", "import auto server.json -v", ("runtime: remote",), ("imported the remote",)),
    Reported("toolhive-default-mcp-port", "import auto server.yaml", ("port: 8080",)),
    Reported("toolhive-export-none", "import auto server.yaml", ("denyAllEgress: true",), ("is in a file that thv export made",)),
    Reported("toolhive-fields-v063", "import auto servers.yaml", (), ("webhooks", "embeddingserver"), ("import-unknown-key",)),
    Reported("toolhive-floor-cuts-proxies", "import auto servers.yaml", ("workloads:", "toolhive-proxy:", "wiki-remote:", "servers:\n      - notes")),
    Reported("toolhive-gateway-names", "import auto registry.json -v", ("egressDomains: []",), ("is the machine that ToolHive runs on",), ("- host.docker.internal",)),
    Reported("toolhive-host-network", "import auto server.yaml", (), ("puts its pods on their node's network",), ("denyAllEgress",), 1),
    Reported("toolhive-registry-info", "import auto info.json", ("\n  notes:\n", "api.example.com")),
    Reported("toolhive-registry-list", "import auto list.json", ("\n  notes:\n", "api.example.com")),
    Reported("toolhive-runconfig", "import auto runconfig.json", ("port: 8080", "api.example.com", "key: TOKEN")),
    Reported("toolhive-skill-json", "import auto skill.json -v", (), ("is a skill or a plugin",), (), 1),
    Reported("toolhive-star-default-proxy", "import auto server.yaml", ('"*.example.com"',), ("(squid)", "(envoy)")),
    Reported("vscode-mcp-json", "import auto mcp.json claude.json", ("runtime: npx", "runtime: uvx", "runtime: remote")),
    Reported("workload-written-and-asked-for", "import kubernetes in.yaml", ("redis:",), ("is written as workloads.redis", "it may call it no longer"), ("write a workload for it",)),
)  # fmt: skip


def test_every_case_is_tested(shared: Path) -> None:
    """Each folder that somebody reported has a row."""
    assert {case.folder for case in CASES} == {path.name for path in (shared / "cases").iterdir() if path.is_dir()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.folder} {case.command.split()[1]}")
def test_what_was_reported_is_right(case: Reported, shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each input gives what its folder's expect.md says, in our words."""
    folder = shared / "cases" / case.folder
    monkeypatch.chdir(folder)
    outcome = run_cli(*case.command.split())

    assert outcome.code == case.code, outcome.stderr
    assert [piece for piece in case.printed if piece not in outcome.stdout] == []
    assert [piece for piece in case.said if piece not in outcome.stderr] == []
    assert [piece for piece in case.never if piece in outcome.stdout + outcome.stderr] == []
