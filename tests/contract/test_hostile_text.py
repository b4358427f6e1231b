"""Hostile names through every form of output of every command: no forged line, no escape sequence, no live markup."""

from __future__ import annotations

import ast
import csv
import importlib
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock
from xml.etree import ElementTree as ET

import click
import pytest

from edges import CATALOG, mcpfence
from hostile_text import FORGED, HOSTILE, faults
from mcpfence.cli.main import _COMMANDS
from mcpfence.explain.text_form import shown
from mcpfence.report.dot_form import dot_text
from mcpfence.report.graph import make_graph
from mcpfence.report.mermaid_form import mermaid_text
from mcpfence.report.text_form import overview_text
from mcpfence.system.pages import inlined
from mcpfence.text.printable import printable
from reporting import html, markdown, overview_of, renamed, without_ours
from sarif_schema import schema
from tooling import ROOT

PACKAGE = ROOT / "renderer" / "mcpfence"

Call = tuple[tuple[str, ...], bytes]
"""Arguments and stdin."""
Names = list[str]
Calls = Callable[[Names, Path], Iterator[Call]]

_GROUP = 12
"""Names that go through one run: more findings of one kind than 25 are cut."""
GROUPS = {
    f"{first + 1} to {first + _GROUP}": list(HOSTILE.values())[first : first + _GROUP]
    for first in range(0, len(HOSTILE), _GROUP)
}


def _yaml(*documents: Any) -> bytes:
    """Documents as a stream; JSON is YAML, and escapes what YAML would not take."""
    return b"".join(b"---\n" + json.dumps(document).encode() + b"\n" for document in documents)


def _pod(name: str, namespace: str = "mcp") -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name, name: "x"}},
        "spec": {"containers": [{"name": name, "image": name, "ports": [{"name": name, "containerPort": 80}]}]},
    }


def _policy(name: str, **spec: Any) -> dict[str, Any]:
    meta = {"name": name, "namespace": "mcpfence-mcp"}
    body = {"podSelector": {"matchLabels": {"app": name}}, "policyTypes": ["Egress"], **spec}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": body}


def _manifests(names: Names) -> bytes:
    """Pods, namespaces, policies and unknown kinds with the names; policies that cannot be read among them."""
    found = [_pod("b"), _pod("c")]
    for name in names:
        found += [_pod(name), _pod("d", name), _policy(name, egress=[{}]), _policy(f"e{name}", egress=name)]
        found += [{**_policy("f"), "kind": f"{name}Policy"}, _policy("g", podSelector={"matchLabels": {name: name}})]
    return _yaml(*found)


def _catalogs(names: Names) -> Iterator[bytes]:
    """Catalogs with the names as values, keys, hosts, selectors, images."""
    server = CATALOG["servers"]["vault"]
    keys = dict.fromkeys(names, 1)
    found: list[Any] = [{**CATALOG, **keys, "servers": {**dict.fromkeys(names, server), "vault": {**server, **keys}}}]
    found += [{**CATALOG, "clients": {name: {"namespace": name} for name in names}, "cluster": {"cni": names[0]}}]
    lists = {"domains": [*names, f"https://{names[0]}/x"], "cidrs": [{"cidr": name, "ports": [name]} for name in names]}
    hosts = {**lists, "registries": names}
    found += [{**CATALOG, "egress": {"provider": "aviatrix"}, "servers": {"vault": {**server, "egress": hosts}}}]
    found += [{**CATALOG, "servers": {"vault": {**server, "egress": {**hosts, "cidrs": []}}}}]
    run = {"runtime": "npx", "run": {"writablePaths": names, "restart": names[0]}}
    env = [{"key": name, "value": name} for name in names]
    found += [
        {**CATALOG, "servers": {"vault": {**run, "npxConfig": {"package": name, "args": names}, "env": env}}}
        for name in names[:2]
    ]
    found += [{**CATALOG, "servers": {"vault": {**server, "podSelector": {"app": name}}}} for name in names[:3]]
    yield from (json.dumps(catalog).encode() for catalog in found)


# --- documents, in every form ---


def _reach(form: str) -> Calls:
    def calls(names: Names, _: Path) -> Iterator[Call]:
        yield ("reach", "-", "--format", form), _manifests(names)

    return calls


def _check(form: str) -> Calls:
    def calls(names: Names, folder: Path) -> Iterator[Call]:
        for catalog in _catalogs(names):
            yield ("check", "-f", "-", "--format", form), catalog
        (folder / "values.yaml").write_text(json.dumps(CATALOG))
        yield ("check", "-f", "values.yaml", "-", "--format", form), _manifests(names)

    return calls


def _diff(form: str) -> Calls:
    def calls(names: Names, folder: Path) -> Iterator[Call]:
        (folder / "old.yaml").write_bytes(_yaml(_policy("d"), _pod("c")))
        (folder / "new.yaml").write_bytes(_manifests(names))
        yield ("diff", "old.yaml", "new.yaml", "--format", form), b""
        yield ("diff", "new.yaml", "old.yaml", "--format", form), b""
        for catalog in _catalogs(names):
            yield ("diff", "old.yaml", "-", "--format", form), catalog

    return calls


def _explain(form: str) -> Calls:
    def calls(names: Names, folder: Path) -> Iterator[Call]:
        server = {"runtime": "containerized", "egress": {"cidrs": [{"cidr": "8.8.8.0/24", "ports": [443]}]}}
        for file in _files(names, folder, json.dumps({**CATALOG, "servers": {"vault": server}}).encode()):
            yield ("explain", "vault", "-f", file, "--format", form), b""
            for host in ("api.example.com", "8.8.8.8"):  # not allowed, and allowed by a line of the file
                yield ("explain", "vault", "-f", file, "--to", host, "--format", form), b""
        if form == "text":
            yield ("explain", "-f", file), b""

    return calls


def _report(form: str) -> Calls:
    """Files with the names, one server in each: a report says in which file a line stands."""

    def calls(names: Names, folder: Path) -> Iterator[Call]:
        egress = {"cidrs": [{"cidr": "8.8.8.0/24", "ports": [443]}], "domains": ["api.example.com"]}
        base = {**CATALOG, "egress": {"unenforcedDomains": "internet"}, "servers": {}}
        files = list(_files(names, folder, b""))
        for number, file in enumerate(files):
            server = {"runtime": "containerized", "egress": egress} if number % 2 else {"runtime": "containerized"}
            (folder / file).write_text(json.dumps({**base, "servers": {f"s{number}": server}}))
        given = [word for file in files for word in ("-f", f"./{file}")]
        yield ("report", *given, "--format", form), b""

    return calls


def _render(names: Names, _: Path) -> Iterator[Call]:
    yield from ((("render", "--policies-only", "-f", "-"), catalog) for catalog in _catalogs(names))


def _post_render(names: Names, folder: Path) -> Iterator[Call]:
    (folder / "values.yaml").write_text(json.dumps(CATALOG))
    given = ("post-render", "--catalog", "values.yaml", "--namespace", "home", "--release", "mcpfence")
    yield given, _manifests(names)
    for name in names:
        yield given, _yaml({"kind": name, "items": [name]}, _policy("f", a=name))


def _krm(names: Names, _: Path) -> Iterator[Call]:
    spec = {"release": "mcpfence", "namespace": "home", "catalog": CATALOG}
    config: dict[str, Any] = {
        "apiVersion": "mcpfence.io/v1alpha1",
        "kind": "McpfenceCatalog",
        "metadata": {"name": "x"},
        "spec": spec,
    }
    document = {"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList"}
    items = [_policy(name, egress=name) for name in names]
    yield ("krm",), json.dumps({**document, "items": items, "functionConfig": config}).encode()
    for name in names:
        for changed in ({**config, "spec": {**spec, "namespace": name}}, {**config, "kind": name}):
            yield ("krm",), json.dumps({**document, "items": [], "functionConfig": changed}).encode()


def _import(names: Names, folder: Path) -> Iterator[Call]:
    entries = [
        {
            "name": name,
            "description": name,
            "remotes": [{"type": "sse", "url": f"https://{name}/x"}],
            "packages": [{"registryType": "npm", "identifier": name, "version": name}],
        }
        for name in names
    ]
    obot = [
        {
            "name": name,
            "runtime": "npx",
            "npxConfig": {"package": name, "egressDomains": [name, "a.example.com"]},
            "env": [{"key": name}],
            name: name,
        }
        for name in names
    ]
    for kind, data in (("server-json", json.dumps({"servers": entries})), ("obot", json.dumps(obot))):
        for file in _files(names, folder, data.encode()):
            yield ("import", kind, file), b""
    yield ("import", "kubernetes", "-"), _manifests(names)


def _cidrs(names: Names, _: Path) -> Iterator[Call]:
    for name in names:
        cluster = {
            "cluster": {
                "name": name,
                "arn": name,
                "kubernetesNetworkConfig": {"serviceIpv4Cidr": "10.100.0.0/16", "ipFamily": name},
                "resourcesVpcConfig": {"vpcId": name, "publicAccessCidrs": [name]},
            }
        }
        yield ("cidrs", "aws", "-"), json.dumps(cluster).encode()
    node = {"apiVersion": "v1", "kind": "Node", "spec": {"podCIDRs": ["10.4.0.0/24"]}}
    nodes = [{**node, "metadata": {"name": name}} for name in names]
    yield ("cidrs", "kubernetes", "-"), json.dumps({"apiVersion": "v1", "kind": "List", "items": nodes}).encode()


def _observe(form: str) -> Calls:
    def calls(names: Names, folder: Path) -> Iterator[Call]:
        (folder / "catalog.json").write_text(json.dumps(CATALOG), encoding="utf-8")
        lines: list[str] = []
        namespace = "mcpfence-mcp"
        for name in names:
            us = {"ID": 1, "namespace": namespace, "labels": ["k8s:app=vault"], "pod_name": name}
            them = {"namespace": name, "labels": [f"k8s:{name}={name}"], "pod_name": name}
            record = {
                "time": "2026-11-02T09:14:07Z",
                "verdict": "FORWARDED",
                "IP": {"source": "10.244.1.7", "destination": "192.175.48.6"},
                "l4": {name: {}} if name else {},
                "source": us,
                "is_reply": False,
                "node_name": name,
            }
            tcp = {"TCP": {"source_port": 40000, "destination_port": 443}}
            lines += [
                json.dumps({"flow": {**record, "destination": them}}),
                json.dumps({"flow": {**record, "l4": tcp}}),
            ]
            lines.append(json.dumps({"flow": {**record, "l4": tcp, "destination_names": [name, "b.example"]}}))
            lines += [json.dumps({"flow": {**record, "l4": tcp, "destination_names": [name]}}), name]
        yield ("observe", "-", "-f", "catalog.json", "--format", form), "\n".join(lines).encode()

    return calls


def _config(names: Names, folder: Path) -> Iterator[Call]:
    for name in names:
        for project in ({"values": [name]}, {"release": name}, {name: 1}):
            (folder / ".mcpfence.yaml").write_text(json.dumps(project), encoding="utf-8")
            yield ("config",), b""
    (folder / ".mcpfence.yaml").unlink()


def _argocd(names: Names, folder: Path) -> Iterator[Call]:
    (folder / "values.yaml").write_text(json.dumps({"servers": {name: {"runtime": "npx"} for name in names}}))
    for verb in ("generate", "parameters", "discover"):
        yield ("argocd", verb), b""
    for name in names:
        yield ("argocd", "shards", "-f", "values.yaml", "--repo-url", name, "--path", name, "-o", "shards"), b""


def _init(names: Names, folder: Path) -> Iterator[Call]:
    """Servers of an editor with the names, in a file that is called like one; a cluster that is."""
    servers = {name: {"command": name, "args": [name], "url": f"https://{name}/x"} for name in names}
    remote = {f"r{name}": {"type": "http", "url": f"https://{name}/x", "headers": {name: name}} for name in names}
    data = json.dumps({"mcpServers": servers | remote}).encode()
    (folder / "mcp.json").write_bytes(data)
    nodes = [{"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "spec": {}} for name in names]
    cluster = json.dumps({"apiVersion": "v1", "kind": "List", "items": nodes}).encode()
    yield ("init", "mcp.json", "--force", "--from", "-"), cluster
    for file in _files(names, folder, data):
        yield ("init", "--force", "--", file), b""


def _fmt(names: Names, folder: Path) -> Iterator[Call]:
    """Files with the names, and the names in their values, keys and comments, which change places."""
    for name in names:
        text = json.dumps(name)
        lines = [f"servers: {{b: {text}, 'a': {text}}}", f"{text}: {{x: 'z'}}", f"cluster: {{}} # {name}"]
        for data in ("\n".join(lines[:2]), "\n".join(lines)):
            (folder / "values.yaml").write_text(f"{data}\n", encoding="utf-8", errors="replace")
            for more in (("--diff",), ("--check",), ()):
                yield ("fmt", *more, "values.yaml"), b""
    for file in _files(names, folder, b"b: 'x'\n"):
        for more in (("--diff",), ("--check",), ()):
            yield ("fmt", *more, "--", file), b""


def _watch(names: Names, folder: Path) -> Iterator[Call]:
    for number, catalog in enumerate(_catalogs(names)):
        (folder / f"{number}.yaml").write_bytes(catalog)
        yield ("watch", "-f", f"{number}.yaml"), b""
    for file in _files(names, folder, b"a: ["):
        yield ("watch", f"--values={file}"), b""


def _evidence(names: Names, folder: Path) -> Iterator[Call]:
    """Hostile catalogs, manifests, names of files, folders and images; policies that decide under hostile names."""
    for catalog in _catalogs(names):
        yield ("evidence", "-f", "-", "-o", "pack"), catalog
    (folder / "values.yaml").write_text(json.dumps(CATALOG), encoding="utf-8")
    given = ("evidence", "-f", "values.yaml", "--policies-only", "-o")
    yield (*given, "open", "-"), _manifests(names)
    yield (*given, "closed", "-"), _with_ours(folder, names)
    for file in _files(names, folder, _with_ours(folder, names)):
        yield (*given, "pack", file), b""
        yield (*given, file, "values.yaml"), b""
    for name in names:
        yield ("evidence", "-f", "values.yaml", "-o", "jobs", "--job", name), b""


def _with_ours(folder: Path, names: Names) -> bytes:
    """What is rendered, and policies with the names which select the same pods and open nothing.

    JSON writes what lies beyond U+FFFF as two halves, which are no YAML.
    """
    ours = mcpfence("render", "--policies-only", "-f", "values.yaml", cwd=folder).stdout
    both = ["Egress", "Ingress"]
    closed = [
        _policy(name, podSelector={"matchLabels": {"app": "vault"}}, policyTypes=both) for name in _of_yaml(names)
    ]
    return ours + _yaml(*closed)


def _of_yaml(names: Names) -> Names:
    return [name for name in names if max(map(ord, name)) < 0x10000]


def _verify_evidence(names: Names, folder: Path) -> Iterator[Call]:
    """Packs that somebody made by hand: the names in every place of the certificate, the sums and the folder."""
    values = json.dumps(CATALOG).encode()
    assert mcpfence("evidence", "-f", "-", "-o", "pack", cwd=folder, stdin=values).returncode == 0
    certificate = json.loads((folder / "pack" / "certificate.json").read_text(encoding="utf-8"))
    for name in names:
        hostile = folder / f"pack-{names.index(name)}"
        (hostile / "manifests").mkdir(parents=True)
        statement = json.loads(json.dumps(certificate))
        predicate = statement["predicate"]
        statement["subject"] += [{"name": name, "digest": {"sha256": name}}]
        predicate["files"][name] = {"sha256": name}
        for fence in predicate["fences"]:
            fence |= {"kind": name, "name": name}
            fence["pods"]["labels"] |= {name: {"in": [name]}}
            for one in fence["egress"]["witnesses"][:3]:
                one |= {"verdict": name, "decidedBy": [{"policy": name, "rule": name}]}
        (hostile / "certificate.json").write_text(json.dumps(statement), encoding="utf-8")
        (hostile / "SHA256SUMS").write_text(f"{name}\n{'0' * 64}  {name}\n", encoding="utf-8", errors="replace")
        (hostile / "manifests" / "a.yaml").write_bytes(_manifests([name]))
        yield ("verify-evidence", hostile.name), b""
        statement["predicate"] = {name: name}
        (hostile / "certificate.json").write_text(json.dumps(statement), encoding="utf-8")
        yield ("verify-evidence", hostile.name), b""
    for file in _files(names, folder / "pack", b"a: ["):
        assert file
    yield ("verify-evidence", "pack"), b""


def _files(names: Names, folder: Path, data: bytes) -> Iterator[str]:
    """Files with this content whose names are hostile: those of the names that a file can have."""
    for name in names:
        if "/" not in name and len(name.encode()) < 200:
            (folder / f"{name}.yaml").write_bytes(data)
            yield f"{name}.yaml"


# --- what is written on the command line, where the form makes no difference ---


def _said_back(name: str, folder: Path) -> Iterator[Call]:
    """Options, names of files and folders, wrong usage."""
    catalog = json.dumps(CATALOG).encode()
    (folder / "values.yaml").write_bytes(catalog)
    (folder / "old.yaml").write_bytes(_yaml(_policy("d"), _pod("c")))
    yield (name,), b""
    yield ("check", f"--{name}"), b""
    yield ("check", "-f", "-"), b"a: [ *" + name.encode()
    yield ("reach", "-", "--focus", name), _yaml(_pod("c"))
    yield ("reach", "-", "--format", name), b""
    yield ("reach", "-", "-n", name), _yaml(_pod("c"))
    yield ("post-render",), b"a: [ *" + name.encode()
    yield ("explain", name, "-f", "values.yaml"), b""
    for option in ("--to", "--from", "--release"):
        yield ("explain", "vault", "-f", "values.yaml", option, name), b""
    yield ("explain", "vault", "-f", "values.yaml", "--to", f"data/app={name}:80"), b""
    yield ("explain", "vault", "-f", "values.yaml", "--from", "gateway", "--port", name), b""
    yield ("report", "-f", "values.yaml", f"--base={name}"), b""
    yield ("report", "-f", "values.yaml", "--format", name), b""
    yield ("import", "obot", "values.yaml", "--only", name), b""
    yield ("cidrs", "aws", "--commands", "--cluster", name), b""
    if len(name) < 200:  # no file system has a longer name
        for words in (("check", "-f"), ("diff", "old.yaml"), ("import", "auto"), ("cidrs", "aws"), ("reach",)):
            yield (*words, name), b""
    for file in _files([name], folder, catalog):
        yield ("render", "--policies-only", "-f", file, "-o", "out"), b""
        yield ("cidrs", "aws", file), b""
        yield ("import", "auto", file), b""
        target = file.removesuffix(".yaml")
        for more in ((), ("--check",)):
            yield ("render", "--policies-only", "-f", "values.yaml", "-o", target, *more), b""
        stale = next((folder / target).glob("*.yaml"), None)
        if stale is not None:  # a folder that begins with - is an option
            stale.write_bytes(stale.read_bytes() + f"# {name}\n".encode())
        yield ("render", "--policies-only", "-f", "values.yaml", "-o", target, "--check"), b""
    for file in _files([name], folder, b"a: [\n"):
        yield ("check", "-f", file), b""
        yield ("check", "-f", file, "--format", "sarif"), b""
        yield ("check", "-f", file, "--format", "markdown"), b""
    for file in _files([name], folder, _manifests([name])):
        yield ("reach", file), b""
        yield ("diff", "old.yaml", file), b""


def _nothing(_: Names, __: Path) -> Iterator[Call]:
    yield from ()


RUNS: dict[tuple[str, str], Calls] = {
    **{("reach", form): _reach(form) for form in ("text", "list", "json", "csv")},
    **{("check", form): _check(form) for form in ("text", "json", "sarif", "markdown", "github", "junit")},
    **{("diff", form): _diff(form) for form in ("text", "json", "markdown")},
    **{("explain", form): _explain(form) for form in ("text", "markdown", "html", "json")},
    **{("report", form): _report(form) for form in ("html", "markdown", "dot", "mermaid", "json")},
    ("render", ""): _render,
    ("post-render", ""): _post_render,
    ("krm", ""): _krm,
    ("import", ""): _import,
    ("cidrs", ""): _cidrs,
    **{("observe", form): _observe(form) for form in ("text", "markdown", "html", "json")},
    ("evidence", ""): _evidence,
    ("verify-evidence", ""): _verify_evidence,
    ("config", ""): _config,
    ("argocd", ""): _argocd,
    ("init", ""): _init,
    ("fmt", ""): _fmt,
    ("watch", ""): _watch,
    ("chart", ""): _nothing,
    ("schema", ""): _nothing,
    ("helm-plugin", ""): _nothing,
    ("completion", ""): _nothing,
}
"""By command and form; those with `_nothing` print no text of others."""


def _forms() -> Iterator[tuple[str, str]]:
    """Every command, with each choice of its --format."""
    for name, (module, _) in _COMMANDS.items():
        command: click.Command = importlib.import_module(module).command
        types = [one.type for one in command.params if one.name == "form"]
        choices = [str(form) for kind in types if isinstance(kind, click.Choice) for form in kind.choices]
        yield from ((name, form) for form in choices or ("",))


def test_every_form_of_every_command_is_tried() -> None:
    """A new command or form of output is in the table above, or this fails."""
    assert set(_forms()) == set(RUNS)


@pytest.mark.parametrize("names", GROUPS)
@pytest.mark.parametrize(("command", "form"), RUNS, ids=lambda part: part or "all")
def test_hostile_documents(command: str, form: str, names: str, tmp_path: Path) -> None:
    """Nothing that is printed has a forged line, a control, an invisible sign, or markup that is live."""
    for arguments, stdin in RUNS[command, form](GROUPS[names], tmp_path):
        _held(arguments, stdin, tmp_path, form)


@pytest.mark.parametrize("names", GROUPS)
def test_hostile_names_in_a_pack(names: str, tmp_path: Path) -> None:
    """Policies that decide under hostile names: the report has no live markup, and the certificate no sign but ASCII."""
    (tmp_path / "values.yaml").write_text(json.dumps(CATALOG), encoding="utf-8")
    stream = _with_ours(tmp_path, GROUPS[names])
    given = ("-f", "values.yaml", "--policies-only", "-o", "pack", "--netassert", "--job", "a.example.com/a:1")
    done = mcpfence("evidence", *given, "-", stdin=stream, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    report = (tmp_path / "pack" / "report.md").read_text(encoding="utf-8")
    certificate = (tmp_path / "pack" / "certificate.json").read_text(encoding="utf-8")

    assert report.count(FORGED) >= len(_of_yaml(GROUPS[names]))
    assert faults(report) == []
    _markdown(report)
    assert faults(certificate) == []
    assert certificate.isascii()
    assert mcpfence("verify-evidence", "pack", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_argument(what: str, tmp_path: Path) -> None:
    """What was given is said back harmless, on stderr and in what is written."""
    for arguments, stdin in _said_back(HOSTILE[what], tmp_path):
        form = arguments[-1] if arguments[-2:-1] == ("--format",) else "text" if arguments[0] == "reach" else ""
        _held(arguments, stdin, tmp_path, form)
    for path in tmp_path.rglob("kustomization.yaml"):
        assert faults(path.read_text()) == []


def _held(arguments: tuple[str, ...], stdin: bytes, folder: Path, form: str) -> None:
    with mock.patch("time.sleep", side_effect=KeyboardInterrupt):  # one round of a watch
        done = mcpfence(*arguments, stdin=stdin, cwd=folder)
    out, err = done.stdout.decode(), done.stderr.decode()

    if arguments[0] != "krm":  # objects of others for a program, unchanged
        assert faults(out) == [], arguments
    assert faults(err) == [], arguments
    assert "[internal]" not in err, (arguments, err)
    if out and (form != "text" or arguments[0] == "reach"):
        LIVE.get(form, _no_check)(out)


def _no_check(_: str) -> None:
    """The form has no markup."""


def _csv(out: str) -> None:
    for row in csv.reader(io.StringIO(out)):
        assert len(row) == 3
        assert [field for field in row if field.startswith(("=", "+", "-", "@"))] == []


def _markdown(out: str) -> None:
    """Outside of code: no tag, no link, nobody mentioned; a table has as many cells in each row."""
    plain = re.sub(r"```diff\n.*?\n```", "", out, flags=re.DOTALL)
    plain = re.sub(r"(?<![`\\])(`+)(?!`).*?(?<!`)\1(?!`)", "", plain)
    assert FORGED not in "".join(re.findall(r"<[^!>][^>]*>", plain))
    assert re.search(r"(?<!\\)\]\(", plain) is None
    assert re.search(rf"(?<![\w.])@{FORGED}", plain) is None
    table = [line for line in out.splitlines() if line.startswith("|")]
    if table and table[0].startswith("| | where"):
        assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {5}


def _html(out: str) -> None:
    if inlined("report.js").text in out:  # a report has one style and one script, which are ours
        out = without_ours(out)
    assert FORGED not in "".join(re.findall(r"<[^>]*>", out))
    assert "<script" not in out


def _sarif(out: str) -> None:
    report = json.loads(out)
    schema().validate(report)
    for result in report["runs"][0]["results"]:
        assert "](" not in result["message"]["text"]


def _github(out: str) -> None:
    """Each line is one command, whose properties are as many as we write."""
    for line in out.splitlines():
        assert re.match(r"::(error|warning|notice) file=[^,:]*,line=\d+,col=\d+,title=[^,:]*::", line)


def _junit(out: str) -> None:
    """Each test case is ours, and the counts are those of the cases."""
    root = ET.fromstring(out)  # noqa: S314  our own output
    cases = list(root.iter("testcase"))
    assert root.attrib["tests"] == str(len(cases))
    assert {case.attrib["classname"] for case in cases} == {"mcpfence"}


def _text(out: str) -> None:
    """Each line of `reach` has one arrow and one colon with spaces round it, ours."""
    for line in out.splitlines():
        assert (line.count(" => "), line.count(" : ")) == (1, 1)


def _dot(out: str) -> None:
    """Each line is one statement of ours, with text in quoted strings alone."""
    text = r'"(?:[^"\\]|\\["\\n])*"'
    statement = (
        rf"digraph mcpfence {{|  rankdir=LR;|  node \[shape=box, fontname={text}\];|  subgraph cluster_\d {{|    label={text};"
        rf"|    n\d+ \[label={text}(, style=dashed)?\];|  }}|  n\d+ -> n\d+( \[style=(dashed|dotted), label={text}\])?;|}}"
    )
    assert [line for line in out.splitlines() if not re.fullmatch(statement, line)] == []


def _mermaid(out: str) -> None:
    """Likewise; within quotes nothing but plain characters, entities and our line breaks."""
    text = r'"(?:[A-Za-z0-9 .,:/()_-]|#\d+;|<br>)*"'
    statement = (
        rf"flowchart LR|  subgraph c\d\[{text}\]|    n\d+\[{text}\](:::look)?|  end|  n\d+ (-->|-\. {text} \.->) n\d+"
        r"|  classDef look stroke-dasharray: 4 3"
    )
    assert [line for line in out.splitlines() if not re.fullmatch(statement, line)] == []


LIVE: dict[str, Callable[[str], object]] = {
    "csv": _csv,
    "markdown": _markdown,
    "html": _html,
    "dot": _dot,
    "mermaid": _mermaid,
    "sarif": _sarif,
    "github": _github,
    "junit": _junit,
    "text": _text,
    "json": json.loads,
}


@pytest.mark.parametrize("what", HOSTILE)
def test_printable_is_stable(what: str) -> None:
    """What is shown stays as it is when it is shown again, and no two of the names are shown alike."""
    name = HOSTILE[what]

    assert printable(printable(name)) == printable(name)
    assert faults(printable(name)) == []
    assert [other for other in HOSTILE if printable(HOSTILE[other]) == printable(name)] == [what]


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_names_in_a_report(what: str) -> None:
    """Names that no catalog lets through are harmless in the forms of a report all the same."""
    made = renamed(overview_of("unenforced"), HOSTILE[what])
    graph = make_graph(made)
    forms = {"html": html(made), "markdown": markdown(made), "dot": dot_text(graph), "mermaid": mermaid_text(graph)}
    forms["text"] = "".join(f"{line}\n" for line in shown(overview_text(made)))

    for form, out in forms.items():
        assert faults(out) == [], form
        if form != "text":
            LIVE[form](out)
    (drawing,) = re.findall(r"```mermaid\n(.*?)```\n", forms["markdown"], re.DOTALL)
    assert drawing == forms["mermaid"]


SINKS = {
    ("cli/argocd.py", "click.echo"): "JSON, a word of our own, a file of the package",
    ("cli/chart.py", "click.echo"): "a folder of the package",
    ("cli/schema.py", "click.echo"): "a file of the package",
    ("cli/completion.py", "click.echo"): "click's own script",
    ("cli/console.py", "sys.stderr.write"): "`say`, whose text is told, and a name of a log file",
    ("cli/console.py", "click.secho"): "the same, in colour",
    ("cli/console.py", "out.write"): "write_stdout",
    ("cli/console.py", "log.write"): "what `say` has told",
    ("cli/helm_plugin.py", "click.echo"): "a folder of the package",
    ("cli/main.py", "bad.show"): "its message is told",
    ("cli/main.py", "click.echo"): "told",
    ("cli/start.py", "sys.stdout.write"): "the version",
    ("cli/waiting.py", "self._stream.write"): "words and numbers of our own",
    ("cli/start.py", "sys.stderr.write"): "told",
    ("cli/main.py", "log.write"): "what was shown",
    **{
        (f"cli/{name}.py", "write_stdout"): "a form of output that the table above tries"
        for name in (
            *("argocd", "check", "cidrs", "diff", "explain", "import_", "krm", "observe", "fill", "project"),
            *("reach", "render", "report"),
        )
    },
    ("evidence/canary.py", "print"): "addresses, ports and host names that a fence holds, in the log of a Job",
    (
        "system/packs.py",
        "file.write",
    ): "JSON in ASCII, Markdown through its filters, YAML by our writer, manifests as given",
    ("cli/import_.py", "file.write"): "the same as on stdout",
    ("cli/import_.py", "write_text"): "the same",
    ("cli/init.py", "write_text"): "what import prints, and names that are those of a release and of a namespace",
    ("cli/fmt.py", "write_stdout"): "the user's own file, which YAML lets hold no control characters; names are told",
    ("cli/prepare.py", "write_stdout"): "objects of a render, printed by its writer",
    (
        "cli/print_sql.py",
        "write_stdout",
    ): "a query of our own, with numbers, addresses and a table's name of letters and digits",
    ("system/aside.py", "file.write"): "rows for this process, marshalled, in a file without a name",
    ("system/duck.py", "process.stdin.write"): "a query, as JSON, for a process of our own",
    ("system/duck_worker.py", "out.write"): "rows for the process that asked, marshalled",
    ("system/run_log.py", "log.write"): "a time and words of our own",
    ("cli/render.py", "write"): "writes the folder, by system/files.py",
    ("system/files.py", "file.write"): "YAML by our writer, foreign documents as they came, an index that is printable",
    ("system/helm.py", "Path(copy).write_text"): "the values as they came, for helm",
}
"""Where text leaves the process, and why nothing can be forged there: what is new here goes through `text/` first."""

_WRITERS = {"print", "echo", "secho", "write", "writelines", "write_text", "write_bytes", "write_stdout", "show"}
_YAML = ("writer.write", "writer().write")
"""The writer of YAML, which gives text back."""


def _sinks() -> Iterator[tuple[str, str]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            function = ast.unparse(node.func)
            if function.rpartition(".")[2] in _WRITERS and not function.lower().endswith(_YAML):
                yield path.relative_to(PACKAGE).as_posix(), function


def test_every_way_out_is_known() -> None:
    """A new place that prints or writes is in the table of sinks, with the reason why it forges nothing."""
    assert set(_sinks()) == set(SINKS)
