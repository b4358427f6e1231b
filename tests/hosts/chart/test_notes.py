"""What NOTES tell after an installation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from charting import Charting, parent_chart
from find_helm import Helm


@pytest.fixture
def charting(helm: Helm, tmp_path: Path) -> Charting:
    """The chart under each helm."""
    return Charting(helm, tmp_path)


DENIED = (
    "Denied now: every pod of namespace rel-mcp, to and from everywhere, DNS included (NetworkPolicy\n"
    "mcp-default-deny), except what the policies that the post-renderer adds for each server allow.\n"
)


def test_notes(charting: Charting) -> None:
    """NOTES say what is denied, how many servers there are, and how to see that the post-renderer ran."""
    runtimes = ["npx", "uvx", "containerized", "remote", "remote", "composite"]
    values = {
        "servers": {f"s{index}": {"runtime": runtime} for index, runtime in enumerate(runtimes)},
        "workloads": {"a": {"podSelector": {"app": "a"}}},
    }

    assert charting.notes(values).rstrip() == (
        "mcpfence: 3 hosted, 2 remote and 1 composite servers, 1 workloads.\n"
        "\n"
        f"{DENIED}"
        "\n"
        "Not guarded: whoever may write policies can add one that opens namespace rel-mcp, since policies add up.\n"
        "guard.enabled: true lets the API server refuse that (Kubernetes 1.30, docs/guard.md).\n"
        "\n"
        "Did the post-renderer run? Then this shows the servers, warnings and narrowings of this release (helm hides "
        "what a\n"
        "post-renderer says when it succeeds, and Helm 4 always: there it is in ~/.local/state/mcpfence/helm.log):\n"
        "\n"
        "  kubectl get configmap rel-mcpfence --namespace ns --output yaml\n"
        "\n"
        "If it is not found, and this one is, the post-renderer did not run and the servers have no policies of their "
        "own: all of them stay cut off.\n"
        "\n"
        "  kubectl get configmap rel-mcpfence-catalog --namespace ns\n"
        "\n"
        "Run helm again, with the same chart and values and with the post-renderer. Every upgrade needs it, too:\n"
        "\n"
        "  Helm 3   helm upgrade rel CHART --namespace ns --values VALUES.yaml \\\n"
        "             --post-renderer mcpfence --post-renderer-args post-render\n"
        "  Helm 4   helm upgrade rel CHART --namespace ns --values VALUES.yaml \\\n"
        "             --post-renderer mcpfence            (the name of the plugin, which helm plugin list must show)"
    )


def test_notes_of_a_subchart(charting: Charting, tmp_path: Path) -> None:
    """As a subchart mcpfence changes what Helm 4 does to its neighbours, and NOTES say so."""
    warning = (
        "WARNING: mcpfence is a subchart here. Around a post-renderer Helm 4 writes the manifests of all charts of a "
        "release anew:\n"
        "folded blocks (>) with lines that are indented further gain blank lines, which can cut a shell command short.\n"
        "mcpfence check PARENT-CHART names them; in a release of its own mcpfence changes nothing of others.\n"
    )

    assert warning in charting.notes(chart=parent_chart(tmp_path / "parent", {"mcpfence": {}}))
    assert "subchart" not in charting.notes()


def test_notes_without_the_floor(charting: Charting) -> None:
    """Without the floor NOTES do not claim that anything is denied."""
    notes = charting.notes({"mcpNamespace": {"networkPolicy": {"enabled": False}}})

    assert (
        "WARNING: the floor is off (mcpNamespace.networkPolicy.enabled: false). Each declared server keeps its own "
        "policies,\nbut any other pod of namespace rel-mcp may talk to anyone and be called by anyone.\n"
    ) in notes
    assert "Denied now" not in notes
    assert "cut off" not in notes


@pytest.mark.parametrize(
    ("values", "warning"),
    [
        (
            {"mcpNamespace": {"create": False, "name": "ns"}},
            "WARNING: ns is also the release's namespace: the floor denies every pod in it, whoever installed it.\n",
        ),
        (
            {"mcpNamespace": {"networkPolicy": {"dnsNamespace": "dns"}}},
            "WARNING: mcpNamespace.networkPolicy.dnsNamespace has no effect here; name the resolver in dns.peers.\n",
        ),
        (
            {
                "rbac": {
                    "extraRules": [
                        {
                            "apiGroups": ["networking.k8s.io"],
                            "resources": ["networkpolicies"],
                            "verbs": ["get", "delete"],
                        }
                    ]
                }
            },
            (
                "WARNING: rbac.extraRules grants get, delete on networkpolicies: "
                "whoever may write policies can remove the fences.\n"
            ),
        ),
        (
            {
                "rbac": {
                    "extraRules": [
                        {"apiGroups": ["cilium.io"], "resources": ["ciliumnetworkpolicies"], "verbs": ["patch"]},
                        {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["get"]},
                    ]
                }
            },
            (
                "WARNING: rbac.extraRules grants patch on ciliumnetworkpolicies: "
                "whoever may write policies can remove the fences.\n"
            ),
        ),
        (
            {
                "rbac": {
                    "extraRules": [
                        {
                            "apiGroups": ["networking.aviatrix.com"],
                            "resources": ["firewallpolicies"],
                            "verbs": ["delete"],
                        }
                    ]
                }
            },
            (
                "WARNING: rbac.extraRules grants delete on firewallpolicies: "
                "whoever may write policies can remove the fences.\n"
            ),
        ),
    ],
    ids=["shared namespace", "dnsNamespace", "networkpolicies", "ciliumnetworkpolicies", "firewallpolicies"],
)
def test_notes_warn(charting: Charting, values: dict[str, Any], warning: str) -> None:
    """What is allowed but deserves a second look is said once, and only where it applies."""
    assert charting.notes(values).count("WARNING") == 1
    assert f"\n{warning}" in charting.notes(values)
    assert "WARNING" not in charting.notes()
