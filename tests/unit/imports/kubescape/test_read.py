"""NetworkNeighborhood: hints for the servers of other formats, and nothing that is applied."""

from __future__ import annotations

from typing import Any

import yaml

from mcpfence.imports.run import Imported, Request, import_texts
from mcpfence.imports.shared.source import Text

API = "spdx.softwarecomposition.kubescape.io/v1beta1"
SERVER: dict[str, Any] = {
    "apiVersion": "kagent.dev/v1alpha1",
    "kind": "MCPServer",
    "metadata": {"name": "notes", "namespace": "kagent"},
    "spec": {"deployment": {"image": "ghcr.io/example/notes:1", "port": 3000}},
}
PODS = {"app.kubernetes.io/name": "notes", "app.kubernetes.io/instance": "notes", "pod-template-hash": "5d9"}
TLS = [{"name": "TCP-443", "protocol": "TCP", "port": 443}]
NAMED = {
    "identifier": "a",
    "type": "external",
    "dnsNames": ["api.example.com."],
    "ipAddress": "192.0.2.7",
    "ports": TLS,
}
REDIS = {
    "identifier": "b",
    "type": "internal",
    "podSelector": {"matchLabels": {"app": "redis"}},
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "data"}},
    "ports": [{"name": "TCP-6379", "protocol": "TCP", "port": 6379}],
}
BARE = {
    "identifier": "c",
    "dns": "",
    "ipAddress": "198.51.100.4",
    "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}],
}


def neighborhood(*egress: Any, labels: Any = PODS, name: str = "notes", **metadata: Any) -> dict[str, Any]:
    """What was seen of one workload."""
    meta = {"name": f"deployment-{name}", "namespace": "kagent", "labels": {"kubescape.io/workload-name": name}}
    containers = [{"name": name, "egress": list(egress), "ingress": [{"identifier": "x", "ports": TLS}]}]
    spec = {"matchLabels": labels, "containers": containers}
    return {"apiVersion": API, "kind": "NetworkNeighborhood", "metadata": {**meta, **metadata}, "spec": spec}


def imported(*documents: Any) -> Imported:
    """An import of one file."""
    return import_texts([Text("in.yaml", yaml.safe_dump_all(documents))], Request())


def hints(found: Imported) -> str:
    """The comment at the end, on one line."""
    _, _, rest = found.text.partition("#   notes:\n")
    return " ".join(rest.partition("# --- end")[0].replace("#", " ").split())


def said(found: Imported) -> list[str]:
    """Id and sentence of what there is to say."""
    return [f"{one.id}: {one.sentence}" for one in found.findings]


def test_what_was_seen_is_a_hint() -> None:
    """Names without their last dot, pods by labels, addresses where there is nothing else; the catalog lists none."""
    found = imported(SERVER, neighborhood(NAMED, REDIS, BARE))

    assert hints(found) == (
        "hint: observed (in.yaml:11): api.example.com 443/TCP; pods app=redis of namespace data 6379/TCP; "
        "198.51.100.4 53/UDP, 53/TCP"
    )
    catalog = yaml.safe_load(found.text)
    assert set(catalog["servers"]["notes"]) == {"runtime", "containerizedConfig", "podSelector"}
    assert [one for one in said(found) if "unknown" in one] == []


def test_older_name_and_more_than_are_shown() -> None:
    """`dns` is read where `dnsNames` is missing; twenty are shown."""
    many = [{"dns": f"h{number:02}.example.com.", "ports": TLS} for number in range(23)]

    assert hints(imported(SERVER, neighborhood(*many))).endswith("h19.example.com 443/TCP; and 3 more")


def test_partly_watched() -> None:
    """Pods that ran before they were watched may have reached more."""
    found = imported(SERVER, neighborhood(NAMED, annotations={"kubescape.io/completion": "partial"}))

    assert "observed, though not from the start, (in.yaml:11): api.example.com 443/TCP" in hints(found)


def test_of_another_workload() -> None:
    """Other labels, or another namespace: nobody's here, and that is said."""
    for other in (
        neighborhood(NAMED, labels={"app": "web"}, name="web"),
        neighborhood(NAMED, namespace="elsewhere"),
    ):
        found = imported(SERVER, other)

        assert "observed" not in found.text
        assert any(
            one.startswith("import-skipped: is about ") and "no server of this import" in one for one in said(found)
        )


def test_listed_servers_keep_what_they_list() -> None:
    """A server that says what it reaches gets no hint of more."""
    toolhive = {
        "apiVersion": "toolhive.stacklok.dev/v1alpha1",
        "kind": "MCPServer",
        "metadata": {"name": "notes", "namespace": "kagent"},
        "spec": {
            "image": "ghcr.io/example/notes:1",
            "permissionProfile": {"type": "builtin", "name": "none"},
        },
    }

    assert "observed" not in imported(toolhive, neighborhood(NAMED)).text


def test_alone() -> None:
    """It is no server."""
    found = imported(neighborhood(NAMED))

    assert found.text == ""
    assert any("there is nothing to import" in one for one in said(found))


def test_unknown_keys_are_said() -> None:
    """A key that this format does not know may matter."""
    found = imported(SERVER, neighborhood({**NAMED, "verdict": "denied"}))

    assert any("verdict" in str(one) for one in found.findings if one.id == "import-unknown-key")
