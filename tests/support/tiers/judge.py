"""kube-network-policies as a process that answers questions about sets of manifests (tools/kube-network-policies)."""

from __future__ import annotations

from pathlib import Path

from tooling import find_built


def find_kube_network_policies() -> Path:
    """The engine; MCPFENCE_KUBE_NETWORK_POLICIES names another one."""
    return find_built("kube-network-policies", "MCPFENCE_KUBE_NETWORK_POLICIES")


def kinds_of(program: Path, channel: str) -> Path:
    """The folder of the CRD of a channel (experimental, standard), beside the program."""
    return program.with_name(f"{program.name}.{channel}")
