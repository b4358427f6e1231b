"""Real catalogs: every entry imports, nothing gets wider, and all of them together render, alone and through helm."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from charting import Charting
from figures import Figure
from find_helm import Helm
from helpers import RELEASE, rendered, run_cli
from mcpfence.imports.run import Imported, Request, import_texts
from mcpfence.imports.shared.format import Named, State
from mcpfence.imports.shared.source import Text
from tooling import ROOT

CATALOGS = {
    "Docker's registry, a to m": ("docker", "docker-mcp-registry"),
    "ToolHive's registry (spec.yaml)": ("toolhive", "toolhive-registry"),
}
"""Title in docs/import.md: (format, folder of shared/catalogs)."""

_COLUMNS = ("entries", "hosted", "remote", "egress declared", "allow-all", "undeclared", "refused", "findings")


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in (".yaml", ".yml", ".json"))


def _import(shared: Path, name: str) -> Imported:
    """One catalog of the shared ones, under the names that its files have below shared/catalogs."""
    kind, folder = CATALOGS[name]
    root = shared / "catalogs"
    texts = [
        Text(path.relative_to(root).as_posix(), path.read_text("utf-8"), named=False) for path in _files(root / folder)
    ]
    return import_texts(texts, Request(format=kind))


def _row(imported: Imported) -> dict[str, int]:
    states = Counter(item.entry.state for item in imported.servers)
    hosted = sum(count for state, count in states.items() if state is not State.ELSEWHERE)
    return {
        "entries": len(imported.servers) + imported.refused,
        "hosted": hosted,
        "remote": states[State.ELSEWHERE],
        "egress declared": states[State.LISTED] + states[State.NOTHING],
        "allow-all": states[State.OPEN],
        "undeclared": states[State.UNDECLARED],
        "refused": imported.refused,
        "findings": len(imported.findings),
    }


@pytest.mark.parametrize("name", CATALOGS)
def test_figures_are_those_of_the_docs(name: str, shared: Path, figure: Figure) -> None:
    """Every entry of a real catalog is imported or refused, and docs/import.md says how many of each."""
    imported = _import(shared, name)
    row = _row(imported)
    figure("imported catalogs", f"{name}: " + ", ".join(f"{row[key]} {key}" for key in _COLUMNS))
    page = (ROOT / "docs" / "import.md").read_text(encoding="utf-8")
    said = re.search(rf"^\| {re.escape(name)} \| (.*) \|$", page, re.MULTILINE)

    assert row["entries"] == len(_files(shared / "catalogs" / CATALOGS[name][1]))
    assert said is not None
    assert [int(cell) for cell in said[1].split(" | ")] == [row[key] for key in _COLUMNS]


@pytest.mark.parametrize("name", CATALOGS)
def test_each_entry_imports_alone(name: str, shared: Path) -> None:
    """Each file by itself gives the same server as the whole catalog does."""
    together = {item.entry.node.document.file: item.entry.server for item in _import(shared, name).servers}
    kind, folder = CATALOGS[name]
    root = shared / "catalogs"
    for path in _files(root / folder):
        title = path.relative_to(root).as_posix()
        found = import_texts([Text(title, path.read_text("utf-8"))], Request(format=kind))
        assert [item.entry.server for item in found.servers] == [together[title]]


# --- nothing gets wider: an independent reading of the sources ---


def _granted(server: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Every (host or block, port) that a server of a catalog lists."""
    config = server.get("containerizedConfig", {})
    yield from ((host, 443) for host in config.get("egressDomains", ()))
    egress = server.get("egress", {})
    for item in (*egress.get("domains", ()), *egress.get("cidrs", ())):
        yield from ((item.get("name") or item["cidr"], port) for port in item["ports"])
    assert set(egress) <= {"domains", "cidrs"}


def _docker_allows(data: Mapping[str, Any], host: str, port: int) -> bool:
    listed = data.get("run", {}).get("allowHosts", [])
    return not data.get("run", {}).get("disableNetwork") and f"{host}:{port}" in listed


def _toolhive_allows(data: Mapping[str, Any], host: str, port: int) -> bool:
    outbound = data["permissions"]["network"]["outbound"]
    hosts, ports = outbound.get("allow_host", []), outbound.get("allow_port", [])
    named = host in hosts or f".{host.removeprefix('*.')}" in hosts
    return named and (port in ports or not ports)


@pytest.mark.parametrize(
    ("name", "allows"), [*zip(CATALOGS, (_docker_allows, _toolhive_allows), strict=True)], ids=("docker", "toolhive")
)
def test_nothing_is_granted_that_the_source_does_not_list(name: str, allows: Any, shared: Path) -> None:
    """Every host and port of the catalog is one that its source lists, and undeclared servers list nothing at all."""
    granted = 0
    for item in _import(shared, name).servers:
        server, data = item.entry.server, item.entry.node.document.data
        for host, port in _granted(server):
            assert allows(data, host, port), (item.label, host, port)
            granted += 1
        if item.entry.state in (State.OPEN, State.UNDECLARED):
            assert "egress" not in server
            assert not {"egressDomains", "denyAllEgress"} & set(server.get("containerizedConfig", {}))
        if item.entry.state is State.NOTHING:
            assert server["containerizedConfig"]["denyAllEgress"] is True
    assert granted > 3


def test_what_toolhive_lists_is_granted_in_full(shared: Path) -> None:
    """No listed host of ToolHive's registry is lost, but the pod itself."""
    for item in _import(shared, "ToolHive's registry (spec.yaml)").servers:
        outbound = item.entry.node.document.data["permissions"]["network"]["outbound"]
        if outbound.get("insecure_allow_all") or not outbound.get("allow_host"):
            continue
        wanted = {
            (name, port)
            for host in outbound["allow_host"]
            for name in ((host[1:], f"*{host}") if host.startswith(".") else (host,))
            for port in outbound["allow_port"]
            if host != "localhost"
        }
        assert set(_granted(item.entry.server)) == wanted, item.label


# --- all of them together ---


@pytest.fixture(scope="module")
def everything(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalog of both registries in one import by the command line, with a client."""
    target = tmp_path_factory.mktemp("imported") / "values.yaml"
    folders = [str(shared / "catalogs" / folder) for _, folder in CATALOGS.values()]
    base = target.with_name("base.yaml")
    base.write_text("mcpNamespace: {name: tools}\nclients:\n  gw: {namespace: gw, podSelector: {app: gw}}\n", "utf-8")
    outcome = run_cli("import", "auto", *folders, "--merge", str(base), "-o", str(target))
    assert outcome.code == 0, outcome.stderr
    return target


def _names(servers: tuple[Named, ...]) -> set[str]:
    return {item.label for item in servers}


def test_all_together_pass_check(everything: Path, shared: Path) -> None:
    """Both registries fit into one catalog, clashes numbered, which check accepts without an error."""
    outcome = run_cli("check", "-f", str(everything))
    servers = yaml.safe_load(everything.read_text("utf-8"))["servers"]

    assert outcome.code == 0, outcome.stderr
    assert len(servers) == sum(len(_import(shared, name).servers) for name in CATALOGS)
    assert all(_names(_import(shared, name).servers) <= set(servers) for name in CATALOGS)


def test_all_together_render_and_are_proven(everything: Path) -> None:
    """Import, render and proof: every hosted server gets its policies, and the proof passes."""
    values = yaml.safe_load(everything.read_text("utf-8"))
    names = {item.name for item in rendered(values).objects}
    hosted = [name for name, server in values["servers"].items() if server["runtime"] != "remote"]

    assert len(hosted) > 200
    assert {f"mcp-server-{name}-egress" for name in hosted} <= names
    assert {f"mcp-server-{name}-ingress" for name in hosted} <= names


def test_all_together_through_helm(everything: Path, helm: Helm, tmp_path: Path) -> None:
    """The chart takes the imported catalog, and helm with the post-renderer gives the same policies."""
    done = Charting(helm, tmp_path).run("template", RELEASE, str(ROOT / "chart"), "--values", str(everything))
    assert done.returncode == 0, done.stderr
    outcome = run_cli("post-render", stdin=done.stdout.encode())
    assert outcome.code == 0, outcome.stderr
    kinds = Counter(document["kind"] for document in yaml.safe_load_all(outcome.stdout) if document)
    values = yaml.safe_load(everything.read_text("utf-8"))
    hosted = sum(server["runtime"] != "remote" for server in values["servers"].values())

    assert kinds["FirewallPolicy"] == hosted
    assert kinds["NetworkPolicy"] == 2 * hosted + 1


def test_the_order_of_paths_does_not_matter(shared: Path) -> None:
    """The same bytes in whatever order the folders are named."""
    folders = [str(shared / "catalogs" / folder) for _, folder in CATALOGS.values()]
    forward = run_cli("import", "auto", *folders, "--quiet")
    backward = run_cli("import", "auto", *reversed(folders), "--quiet")

    assert forward.stdout == backward.stdout
    assert forward.stderr == backward.stderr
