"""Verdicts of `mcpfence explain --to` and `--from`: the answer, the rule that decides, the key behind it."""

from __future__ import annotations

import re

import pytest

from edges import catalog, container
from explaining import ask, verdict, view_of

# --- verdicts over the examples ---

DEVOPS = ("aks-aviatrix", "devops")
VERDICTS: list[tuple[tuple[str, str], str, str, str, str]] = [
    (DEVOPS, "--to dev.azure.com", "allowed", "devops-web-tcp-443", "servers.devops.npxConfig.egressDomains[0]"),
    (DEVOPS, "--to a.b.dev.azure.com", "allowed", "spec.egress[3]", "servers.devops.npxConfig.egressDomains[1]"),
    (DEVOPS, "--to example.com", "denied", "spec.rules[5] mcp-server-devops-deny", "npxConfig.egressDomains"),
    (DEVOPS, "--to dev.azure.com:8443", "denied", "devops-deny", "servers.devops.egress.domains"),
    (DEVOPS, "--to dev.azure.com:443/UDP", "denied", "devops-egress: no rule", "servers.devops.egress.cidrs"),
    (DEVOPS, "--to npm.example.com", "allowed", "devops-web-tcp-443", "egress.registries.npx[0]"),
    (DEVOPS, "--to 10.230.4.20", "allowed", "spec.egress[2]", "egress.registries.npx[0].addresses"),
    (DEVOPS, "--to 8.8.8.8", "denied", "mcp-server-devops-deny", "{cidr: 8.8.8.8/32, ports: [443]}"),
    (DEVOPS, "--to 169.254.169.254:80", "denied", "devops-egress: no rule", "nothing can"),
    (DEVOPS, "--to metadata.google.internal:80", "denied", "devops-egress: no rule", "nothing can"),
    (DEVOPS, "--to 10.225.3.3", "denied", "devops-deny", "servers.devops.egress.services"),
    (DEVOPS, "--to 2606:4700::1", "denied", "devops-egress: no rule", "add IPv6"),
    (DEVOPS, "--to 169.254.20.10:53/UDP", "allowed", "spec.egress[0]", "cluster.profile"),
    (DEVOPS, "--to gateway", "allowed", "callback-tcp-9443", "clients.gateway.callbackPort"),
    (DEVOPS, "--to gateway:9444", "denied", "devops-deny", "clients.gateway.callbackPort is 9443"),
    (DEVOPS, "--to ai-gateway/ai-gateway:9443", "allowed", "callback-tcp-9443", "clients.gateway.callbackPort"),
    (DEVOPS, "--to browser", "denied", "mcp-server-browser-ingress: no rule", "nothing can"),
    (DEVOPS, "--from gateway", "allowed", "spec.ingress[0]", "servers.devops.ingress.from[0]"),
    (DEVOPS, "--from api-management", "denied", "devops-ingress: no rule", "add api-management to"),
    (DEVOPS, "--from 10.232.0.4", "denied", "devops-ingress: no rule", "add api-management to"),
    (DEVOPS, "--from ai-gateway/app=ai-gateway,tier=x", "allowed", "spec.ingress[0]", "ingress.from[0]"),
    (DEVOPS, "--from ai-gateway/other", "denied", "devops-ingress: no rule", "declare it under clients"),
    (DEVOPS, "--from 10.224.0.9", "denied", "devops-ingress: no rule", "the node of a pod always reaches it"),
    (DEVOPS, "--from gateway --port 9090", "denied", "devops-ingress: no rule", "ingress.ports: [8099, 9090]"),
    (("aks-aviatrix", "cluster-admin"), "--to 10.224.16.4:6443", "allowed", "kubernetes-api-tcp-6443", "kubernetesAPI"),
    (("aks-aviatrix", "wiki"), "--to 10.224.16.4:6443", "denied", "wiki-deny", "egress.kubernetesAPI: true"),
    (("aks-aviatrix", "wiki"), "--to wiki.corp.example.com:8443", "allowed", "web-tcp-8443", "egress.domains[0]"),
    (("aks-aviatrix", "files"), "--to api.example.com", "denied", "files-deny", "remove servers.files.container"),
    (("aks-aviatrix", "browser"), "--to any.example.org:25", "allowed", "internet-all", "egress.default"),
    (("aks-aviatrix", "browser"), "--to 168.63.129.16:80", "denied", "browser-egress: no rule", "Azure WireServer"),
    (("aks-aviatrix", "partner"), "--to 203.0.113.7", "denied", "partner-deny", "documentation"),
    (("aks-aviatrix", "partner"), "--to 203.0.113.8:4433/UDP", "allowed", "cidr-udp-4433", "egress.cidrs[0]"),
    (("services", "orders"), "--to cache", "allowed", "mcp-service-cache-ingress spec.ingress[0]", "services[1]"),
    (("services", "orders"), "--to cache:6380", "denied", "mcp-service-cache-ingress: no rule", "{name: cache"),
    (("services", "orders"), "--to data/postgres:5432", "denied", "orders-egress: no rule", "namespace: data"),
    (("services", "sessions"), "--to vector-store", "denied", "sessions-egress: no rule", "{name: vector-store"),
    (("services", "billing"), "--to billing-db", "allowed", "spec.egress[1]", "servers.billing.egress.services[0]"),
    (("services", "cache"), "--from orders", "allowed", "cache-ingress spec.ingress[0]", "orders.egress.services[1]"),
    (("services", "cache"), "--from logs", "denied", "mcp-server-logs-egress: no rule", "servers.logs.egress.services"),
    (("services", "vector-store"), "--from vectors", "allowed", "vectors-egress spec.egress[1]", "services[0]"),
    (
        ("gateway-callers", "mcp-connect"),
        "--to tickets",
        "allowed",
        "tickets-ingress spec.ingress[0]",
        "egress.servers",
    ),
    (("gateway-callers", "mcp-connect"), "--to issues", "allowed", "spec.egress[3]", "egress.default"),
    (("gateway-callers", "mcp-connect"), "--to 11.1.2.3", "denied", "connect-egress: no rule", "(egress.except)"),
    (("gateway-callers", "mcp-connect"), "--to 169.254.170.23:80", "denied", "no rule", "cloudIdentity: true"),
    (("gateway-callers", "tickets"), "--from codemie-api", "denied", "tickets-ingress: no rule", "add codemie-api"),
    (
        ("gateway-callers", "tickets"),
        "--from mcp-connect",
        "allowed",
        "connect-egress spec.egress[1]",
        "egress.servers",
    ),
    (("gateway-callers", "tickets"), "--to mcp/unknown:80", "denied", "mcp-default-deny: no rule", "{name: unknown"),
    (
        ("gateway-callers", "plotting"),
        "--to 172.20.0.10:53/UDP",
        "denied",
        "plotting-egress: no rule",
        "egress.dns: true",
    ),
    (("unenforced", "github"), "--to elsewhere.example.com", "allowed", "spec.egress[1]", "egress.unenforcedDomains"),
    (
        ("gke", "github"),
        "--to elsewhere.example.com",
        "denied",
        "FQDNNetworkPolicy mcp/mcp-server-github: no rule",
        "add",
    ),
    (("gke", "github"), "--to a.b.c.githubusercontent.com", "allowed", "spec.egress[0]", "egressDomains[1]"),
    (("eks", "github"), "--to a.b.c.d.githubusercontent.com", "allowed", "spec.egress[1]", "metadata endpoint among"),
    (("eks", "warehouse"), "--to 10.40.0.9:5432", "allowed", "warehouse-egress spec.egress[1]", "egress.cidrs[0]"),
    (("eks", "calculator"), "--to api.github.com", "denied", "calculator-egress: no rule", "denyAllEgress"),
    (("gke", "github"), "--to 34.118.224.9", "denied", "github-egress: no rule", "profile gke"),
    (("gke", "cloud-run"), "--to 169.254.169.252:988", "allowed", "spec.egress[3]", "cloud-run.egress.cloudIdentity"),
    (("gke", "cloud-run"), "--to 169.254.169.254:443", "denied", "no rule", "cloudIdentity opens it on 80/TCP alone"),
    (
        ("gke", "cluster"),
        "--from agents/app.kubernetes.io/part-of=agent-platform",
        "allowed",
        "ingress[0]",
        "clients.agents",
    ),
    (("dual-stack-eks", "browser"), "--to [fd00:ec2::254]:80", "denied", "browser-egress: no rule", "nothing can"),
    (("dual-stack-eks", "browser"), "--to 64:ff9b::a00:1", "denied", "no rule", "stands for 10.0.0.1 (NAT64): private"),
    (("dual-stack-eks", "browser"), "--to 64:ff9b::808:808", "allowed", "spec.egress[1]", "browser.egress.default"),
    (("dual-stack-eks", "orders"), "--to 10.71.8.2:5432", "denied", "orders-egress: no rule", "10.71.8.2/32"),
    (("dual-stack-eks", "inventory"), "--to package-mirror", "allowed", "spec.egress[1]", "egress.registries.uvx[0]"),
    (("dual-stack-eks", "inventory"), "--from edge", "allowed", "spec.ingress[0]", "clients.edge"),
    (("obot", "github"), "--to raw.githubusercontent.com", "allowed", "web-tcp-443-e15f50ba", "egressDomains[1]"),
    (("obot", "github"), "--to githubusercontent.com", "denied", "github-deny", "never githubusercontent.com itself"),
    (("minimal", ""), "--from nowhere/app", "denied", "no rule", "declare it under clients"),
]


@pytest.mark.parametrize("row", VERDICTS, ids=lambda row: f"{'/'.join(row[0])} {row[1]}")
def test_verdict(row: tuple[tuple[str, str], str, str, str, str]) -> None:
    """The answer, the rule that decides and the key behind it; exit 0 for allowed and 1 for everything else."""
    (example, server), words, wanted, rule, key = row
    name = server or next(iter(view_of(example).catalog.servers))
    outcome = ask(example, name, *words.split())
    text = re.sub(r"\s+", " ", outcome.stdout)

    assert outcome.stderr == ""
    assert (outcome.code, text.split(":")[0]) == (0 if wanted == "allowed" else 1, wanted)
    assert rule in text
    assert key in text
    assert ("granted by" in text) == (wanted == "allowed")
    assert ("stopped by" in text) == (wanted != "allowed")
    assert ("to allow it" in text) == (wanted != "allowed")


def test_what_cannot_be_told() -> None:
    """A client that is a whole namespace, some of whose pods are fenced: no answer is given for all of them."""
    raw = catalog(web=container())
    raw["clients"] = {"agents": {"namespace": "agents", "callbackPort": 9000}}
    raw["workloads"] = {"agent": {"namespace": "agents", "podSelector": {"app": "agent"}}}
    found = verdict(raw, "web", to="agents")

    assert (found.answer, found.allowed) == ("unknown", False)
    assert found.sentence == (
        "whether server web may reach client agents (pods (all) of namespace agents) on 9000/TCP cannot be told"
    )
    assert [end.answer for end in found.ends] == ["allowed", "unknown"]
    assert found.notes == ("it depends on the pod: ask for one of them, as NAMESPACE/KEY=VALUE,...",)
    assert verdict(raw, "web", to="agents/agent:9000").answer == "denied"
    assert verdict(raw, "web", to="agents/other:9000").answer == "allowed"
