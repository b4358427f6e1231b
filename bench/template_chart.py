"""The chart to compare with: prints by Go templates alone what mcpfence prints for the catalogs of generate.py."""

from __future__ import annotations

import ipaddress
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

SOURCE = Path(__file__).resolve().parent / "template-chart"

_BLOCKED = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "168.63.129.16/32",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
)
"""The blocked IPv4 ranges of profile aks, written down a second time: `compare` says when they are no longer ours."""


_KEYS = "mcpfence.io/catalog-keys"


def make_chart(folder: Path) -> Path:
    """Write the chart into `folder`, and return it."""
    template = (SOURCE / "policies.yaml").read_text(encoding="utf-8")
    template = template.replace("PUBLIC PREFIXES", "\n".join(f"    - cidr: {prefix}" for prefix in _public()))
    template = template.replace("BLOCKED RANGES", "\n".join(f"        - {prefix}" for prefix in _BLOCKED))
    (folder / "templates").mkdir(parents=True)
    (folder / "templates" / "policies.yaml").write_text(template, encoding="utf-8")
    shutil.copy(SOURCE / "Chart.yaml", folder)
    return folder


def _public() -> list[ipaddress.IPv4Network]:
    """Everything but the blocked ranges, as prefixes in order."""
    left = [ipaddress.IPv4Network("0.0.0.0/0")]
    for text in _BLOCKED:
        blocked = ipaddress.IPv4Network(text)
        left = [
            piece
            for prefix in left
            for piece in (prefix.address_exclude(blocked) if blocked.subnet_of(prefix) else (prefix,))
        ]
    return sorted(left)


def compare(ours: Path, theirs: Path) -> int:
    """Compare two streams object by object; returns how many policies are equal, raises ValueError where they differ.

    Left out of ours: what the chart brings beside the servers' policies (namespace, roles, floor, report), and the
    annotation that names the catalog's keys, which tells people something and lets nothing through.
    """
    mine, others = _policies(ours), _policies(theirs)
    for name in sorted(mine.keys() | others.keys()):
        if mine.get(name) != others.get(name):
            raise ValueError(f"{' '.join(name)} is not the same in both:\n{mine.get(name)}\n{others.get(name)}")
    return len(mine)


def _policies(path: Path) -> dict[tuple[str, str], Any]:
    with path.open("rb") as file:
        return {
            (document["kind"], document["metadata"]["name"]): _without_keys(document)
            for document in yaml.load_all(file, Loader=yaml.CSafeLoader)
            if document and _of_server(document)
        }


def _without_keys(document: dict[str, Any]) -> dict[str, Any]:
    """The object without the annotation of keys, which the template does not print."""
    annotations = {key: value for key, value in document["metadata"].pop("annotations", {}).items() if key != _KEYS}
    if annotations:
        document["metadata"]["annotations"] = annotations
    return document


def _of_server(document: dict[str, Any]) -> bool:
    labels: Iterable[str] = document["metadata"].get("labels") or ()
    return "mcpfence.io/server" in labels
