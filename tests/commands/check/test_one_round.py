"""A catalog as somebody writes it who has read no documentation: one round of check tells everything to mend."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from helpers import run_cli

WRITTEN = """\
cluster:
  profile: EKS
  cidrs:
    pods: 10.0.0.0/16
egress:
  provider: eks
  registries:
    npx: npm.example.com
clients:
  gateway:
    namespace: gateway
    labels: {app: mcp-gateway}
servers:
  github:
    runtime: npx
    package: "@example/github-mcp@2025.4.8"
    egressDomains: [https://api.github.com]
  postgres:
    runtime: containerized
    containerizedConfig:
      image: ghcr.io/example/postgres-mcp:1.2.0
      port: "8080"
    egress:
      domains: [orders.cluster-abc.eu-west-1.rds.amazonaws.com:5432]
      cidrs: [10.60.12.0/24]
  slack:
    runtime: uvx
    uvxConfig:
      package: slack-mcp==1.0.2
      egressDomain: [slack.com]
  filesystem:
    npxConfig: {package: "@example/filesystem-mcp@2025.8.21"}
    denyAllEgress: true
  orders:
    runtime: containerized
    image: ghcr.io/example/orders-mcp:3.1.0
    egress:
      services: [{name: orders-api, namespace: shop, port: 8080}]
  wiki:
    runtime: remote
    url: https://mcp.example.com/mcp
"""
"""github by npx, postgres at a private RDS address, slack by uvx, filesystem with nothing, a REST back-end by Service, a
remote server; EKS, one gateway."""

ERRORS = [
    'values.yaml:2:12 cluster.profile: "EKS" is no choice here; write eks [choice]',
    "values.yaml:4:11 cluster.cidrs.pods: is a string; write a list: [10.0.0.0/16] [type]",
    "values.yaml:8:10 egress.registries.npx: is a string; write a list: [npm.example.com] [type]",
    "values.yaml:12:5 clients.gateway.labels: is no known key; write podSelector: {app: mcp-gateway} [key-unknown]",
    'values.yaml:14:3 servers.github.npxConfig.egressDomains[0]: "https://api.github.com" has a scheme; write api.github.com [host-scheme]',
    'values.yaml:16:14 servers.github.package: is no known key; write npxConfig: {package: "@example/github-mcp@2025.4.8"} [key-unknown]',
    'values.yaml:17:5 servers.github.egressDomains: is no known key; write npxConfig: {egressDomains: ["https://api.github.com"]} [key-unknown]',
    "values.yaml:22:13 servers.postgres.containerizedConfig.port: is a string; write a whole number [type]",
    'values.yaml:24:17 servers.postgres.egress.domains[0]: "orders.cluster-abc.eu-west-1.rds.amazonaws.com:5432" has a port; write {name: orders.cluster-abc.eu-west-1.rds.amazonaws.com, ports: [5432]} under egress.domains [host-port]',
    "values.yaml:25:15 servers.postgres.egress.cidrs[0]: is a string; write {cidr: 10.60.12.0/24, ports: [443]} [type]",
    "values.yaml:30:7 servers.slack.uvxConfig.egressDomain: is no known key; did you mean egressDomains? Else write one of: args, command, denyAllEgress, egressDomains, package [key-unknown]",
    "values.yaml:31:3 servers.filesystem: has no runtime; write runtime: npx [key-missing]",
    "values.yaml:33:20 servers.filesystem.denyAllEgress: is no known key; write denyAllEgress: true under npxConfig [key-unknown]",
    'values.yaml:36:12 servers.orders.image: is no known key; write containerizedConfig: {image: "ghcr.io/example/orders-mcp:3.1.0"} [key-unknown]',
    "values.yaml:38:18 servers.orders.egress.services[0]: has no podSelector, and Service shop/orders-api is not in the input; write podSelector here (ports are pod ports, the Service's targetPort), or pass the Service with -f [service-unresolved]",
    "values.yaml:38:60 servers.orders.egress.services[0].port: is no known key; write ports: [8080] [key-unknown]",
    "values.yaml:41:10 servers.wiki.url: is no known key; write remoteConfig: {fixedURL: ...} [key-unknown]",
    "dns.clusterIP: EKS Auto Mode answers DNS at the address of Service kube-system/kube-dns alone, and it is not known; write dns.clusterIP: [ADDRESS] with what `kubectl get service kube-dns -n kube-system` prints [eks-resolver]",
]

ANSWERS = [
    ("profile: EKS", "profile: eks"),
    ("pods: 10.0.0.0/16", "pods: [10.0.0.0/16]"),
    ("npx: npm.example.com", "npx: [npm.example.com]"),
    ("labels: {app: mcp-gateway}", "podSelector: {app: mcp-gateway}"),
    (
        '    package: "@example/github-mcp@2025.4.8"\n    egressDomains: [https://api.github.com]\n',
        '    npxConfig: {package: "@example/github-mcp@2025.4.8", egressDomains: [api.github.com]}\n',
    ),
    ('port: "8080"', "port: 8080"),
    (
        "orders.cluster-abc.eu-west-1.rds.amazonaws.com:5432",
        "{name: orders.cluster-abc.eu-west-1.rds.amazonaws.com, ports: [5432]}",
    ),
    ("[10.60.12.0/24]", "[{cidr: 10.60.12.0/24, ports: [5432]}]"),
    ("egressDomain:", "egressDomains:"),
    (
        '    npxConfig: {package: "@example/filesystem-mcp@2025.8.21"}\n    denyAllEgress: true\n',
        '    runtime: npx\n    npxConfig: {package: "@example/filesystem-mcp@2025.8.21", denyAllEgress: true}\n',
    ),
    ("image: ghcr.io/example/orders-mcp:3.1.0", 'containerizedConfig: {image: "ghcr.io/example/orders-mcp:3.1.0"}'),
    ("port: 8080}", "podSelector: {app: orders-api}, ports: [8080]}"),
    ("url: https://mcp.example.com/mcp", "remoteConfig: {fixedURL: https://mcp.example.com/mcp}"),
    ("servers:\n", "dns: {clusterIP: [172.20.0.10]}\nservers:\n"),
]
"""What is written, and what the messages say to write; each of them once."""


def _errors(text: str, folder: Path) -> tuple[int, list[str]]:
    file = folder / "values.yaml"
    file.write_text(text, encoding="utf-8")
    outcome = run_cli("check", "-f", "values.yaml")
    return outcome.code, re.findall(r"^error: (.*)$", outcome.stderr, re.MULTILINE)


def test_one_round_tells_all_that_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fault is said at once with what to write, also what only the engine knows; nothing is left afterwards."""
    monkeypatch.chdir(tmp_path)
    mended = WRITTEN
    for written, answer in ANSWERS:
        assert mended.count(written) == 1, written
        mended = mended.replace(written, answer)

    assert _errors(WRITTEN, tmp_path) == (1, ERRORS)
    assert _errors(mended, tmp_path) == (0, [])
