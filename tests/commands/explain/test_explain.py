"""`mcpfence explain`: whole outputs, names of servers, errors, reasons, colour."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

import golden
from edges import catalog, container, environment, mcpfence_command, values_file
from explaining import EXAMPLES, ask, explained, verdict, view_of
from helpers import run_cli
from mcpfence.explain.explanation import explanation_of
from mcpfence.explain.grants import caller_lines, egress_lines
from mcpfence.explain.text_form import WIDTH, explanation_text, shown, verdict_text
from mcpfence.findings.finding import Collector
from mcpfence.proof.residual_risks import residual_risks
from mcpfence.render.pipeline import load_catalog
from mcpfence.system.pages import page
from mcpfence.text.markup import markdown_code, markdown_words
from tooling import PATIENCE, ROOT

EXPLAINED = Path(__file__).parent / "golden"
"""Whole outputs; `make golden` rewrites them."""


# --- whole outputs ---

GOLDEN: dict[str, tuple[str, ...]] = {
    "minimal.txt": ("minimal", ""),
    "names.txt": ("aks-aviatrix", "devops"),
    "names-verbose.txt": ("aks-aviatrix", "devops", "-v"),
    "names.md": ("aks-aviatrix", "devops", "--format", "markdown"),
    "names.html": ("aks-aviatrix", "devops", "--format", "html"),
    "names.json": ("aks-aviatrix", "devops", "--format", "json"),
    "several-selectors.txt": ("obot", "github"),
    "nothing.txt": ("obot", "calculator"),
    "remote.txt": ("obot", "handbook"),
    "remote-called.txt": ("gateway-callers", "issues"),
    "composite.txt": ("obot", "engineering"),
    "remote.json": ("obot", "handbook", "--format", "json"),
    "workload.txt": ("gateway-callers", "mcp-connect"),
    "back-end.txt": ("services", "cache"),
    "services.txt": ("services", "orders"),
    "unenforced.txt": ("unenforced", "github"),
    "names-anywhere.txt": ("gke", "github"),
    "verdict-name-anywhere.txt": ("eks", "github", "--to", "raw.githubusercontent.com"),
    "verdict-metadata-anywhere.txt": ("eks", "github", "--to", "169.254.169.254:443"),
    "identity.txt": ("gke", "cloud-run"),
    "both-families.txt": ("dual-stack-eks", "browser"),
    "fleet.txt": ("fleet", "github"),
    "verdict-name.txt": ("aks-aviatrix", "devops", "--to", "dev.azure.com"),
    "verdict-address.txt": ("aks-aviatrix", "devops", "--to", "8.8.8.8"),
    "verdict-both.txt": ("aks-aviatrix", "devops", "--to", "10.225.3.3:443", "--from", "api-management"),
    "verdict.md": ("aks-aviatrix", "devops", "--to", "8.8.8.8", "--from", "gateway", "--format", "markdown"),
    "verdict.html": ("aks-aviatrix", "devops", "--to", "example.com", "--format", "html"),
    "verdict.json": ("services", "orders", "--to", "cache:6380", "--from", "assistant", "--format", "json"),
}


def _arguments(name: str) -> tuple[str, ...]:
    example, server, *rest = GOLDEN[name]
    return (example, server or next(iter(view_of(example).catalog.servers)), *rest)


@pytest.mark.golden
@pytest.mark.parametrize("name", GOLDEN)
def test_whole_output(name: str, update_golden: bool) -> None:
    """What is printed, from the first line to the last; findings of others are not said on stderr."""
    outcome = ask(*_arguments(name))
    path = EXPLAINED / name
    if update_golden:
        path.write_text(outcome.stdout, encoding="utf-8", newline="")

    assert (outcome.stdout, outcome.stderr) == (path.read_bytes().decode(), "")


def test_no_output_without_a_test() -> None:
    """A stored output that nothing compares with is worse than none."""
    assert sorted(path.name for path in EXPLAINED.iterdir()) == sorted(GOLDEN)


@pytest.mark.parametrize("example", EXAMPLES)
def test_lines_are_short(example: str) -> None:
    """No line of any explanation is wider than 100 columns, and none ends in white space."""
    for fence in view_of(example).fences:
        found = explanation_of(view_of(example), fence)
        for line in shown((*explanation_text(found), *explanation_text(found, verbose=True))):
            assert len(line) <= WIDTH
            assert line == line.rstrip()


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_key_stands_in_the_file(example: str) -> None:
    """The key behind each line is one that the catalog has, or one whose absence is the reason."""
    view = view_of(example)
    absent = {("cluster", "profile"), ("egress", "default"), ("egress", "unenforcedDomains")}
    for fence in view.fences:
        lines = (*egress_lines(view, fence), *caller_lines(view, fence))
        for line in lines if fence.kind != "service" else caller_lines(view, fence):
            value: Any = view.raw
            for step in line.key if line.key not in absent else ():
                value = value[step]


def test_nothing_to_explain() -> None:
    """Without a values file there is nothing to explain."""
    outcome = run_cli("explain", "github")

    assert (outcome.code, outcome.stdout) == (2, "")
    assert (
        outcome.stderr.splitlines()[-1]
        == "Error: Nothing to explain: name a values file with -f, or in .mcpfence.yaml."
    )


def test_stdin_is_read_once() -> None:
    """A values file may come from stdin, but only one."""
    outcome = run_cli("explain", "vault", "-f", "-", "-f", "-", stdin=b"{}")

    assert (outcome.code, outcome.stdout) == (2, "")
    assert outcome.stderr.splitlines()[-1] == "Error: stdin can be read once: give - for one file only."
    once = run_cli("explain", "vault", "-f", "-", stdin=json.dumps(catalog(vault=container())).encode())
    assert (once.code, once.stdout.splitlines()[0]) == (0, "server vault (containerized)")


# --- names of servers ---


def test_unknown_server() -> None:
    """The nearest name is proposed, the others are listed; exit 1 and nothing on stdout."""
    outcome = ask("aks-aviatrix", "devop")

    assert (outcome.code, outcome.stdout) == (1, "")
    assert outcome.stderr == (
        'error: "devop" is no server, workload or back-end of the catalog; did you mean devops? '
        "Else write one of: browser, cluster-admin, devops, files, partner, sales-db, wiki [server-unknown]\n"
    )


def test_kinds_tell_equal_names_apart() -> None:
    """A workload may be called like a server; the kind before the name says which one is meant."""
    raw = catalog(agent=container())
    raw["workloads"] = {"agent": {"podSelector": {"app": "worker"}}}

    assert explained(raw, "agent").fence.kind == "server"
    assert explained(raw, "server/agent").fence.kind == "server"
    assert explained(raw, "workload/agent").fence.kind == "workload"


# --- errors and strictness ---


def test_errors_of_the_catalog(tmp_path: Path) -> None:
    """A catalog with errors explains nothing: findings on stderr, exit 1."""
    path = values_file(tmp_path, catalog(web=container(egress={"domains": ["https://a.example.com"]})))
    outcome = run_cli("explain", "web", "-f", str(path))

    assert (outcome.code, outcome.stdout) == (1, "")
    assert '"https://a.example.com" has a scheme; write a.example.com [host-scheme]' in outcome.stderr


def test_strict(tmp_path: Path) -> None:
    """--strict makes warnings errors here too."""
    path = values_file(tmp_path, {**catalog(web=container()), "clients": {}})

    assert run_cli("explain", "web", "-f", str(path)).code == 0
    strict = run_cli("explain", "web", "-f", str(path), "--strict")
    assert (strict.code, strict.stdout) == (1, "")


def test_services_come_with_dash_f() -> None:
    """A manifest beside the values gives the back-end's labels and ports, and the reason says so."""
    assert "podSelector and ports of Service mcp/cache" in re.sub(r"\s+", " ", ask("services", "orders").stdout)


# --- reasons ---


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (catalog(web=container()), "it lists no destination, and egress.default is deny"),
        (
            catalog(web=container(egress={"domains": []})),
            "its lists of destinations are empty, and absence never opens anything",
        ),
        (catalog(web=container(egress={"denyAllEgress": True})), "servers.web.egress.denyAllEgress: true"),
        (
            catalog(web={"runtime": "npx", "npxConfig": {"package": "a", "denyAllEgress": True}}),
            "servers.web.npxConfig.denyAllEgress: true",
        ),
    ],
)
def test_reasons_for_nothing(raw: Any, why: str) -> None:
    """A server that reaches nothing is told why."""
    assert explained(raw, "web").nothing == why


def test_only_findings_that_concern_it() -> None:
    """Findings of other servers stay away; those of the whole catalog and of the server's clients do not."""
    raw: dict[str, Any] = catalog(
        web=container(egress={"domains": ["*.github.io"]}), other=container(egress={"domains": ["*.cloudfront.net"]})
    )
    raw["egress"] = {"provider": "aviatrix"}
    raw["clients"]["everybody"] = {"namespace": "tools"}
    raw["mcpNamespace"] = {"networkPolicy": {"enabled": False}}
    found = {(item.id, item.place) for item in explained(raw, "web").findings}

    assert found == {
        ("wildcard-multi-tenant", "servers.web.egress.domains[0]"),
        ("aviatrix-wildcard", "egress.provider"),
        ("client-whole-namespace", "clients.everybody"),
        ("floor-off", "mcpNamespace.networkPolicy.enabled"),
    }
    assert explained(raw, "web").floor == ""


def test_risks_are_those_of_the_fence() -> None:
    """A server that asks no resolver and reaches nothing carries no risk of what it may reach."""
    raw = catalog(
        closed=container(egress={"denyAllEgress": True}), web=container(egress={"domains": ["a.example.com"]})
    )
    raw["egress"] = {"provider": "aviatrix"}
    topics = {name: [risk.partition(":")[0] for risk in explained(raw, name).risks] for name in ("closed", "web")}

    assert topics["closed"] == ["the pod's own node", "time", "enforcement", "other policies"]
    assert topics["web"] == [
        "DNS",
        "the pod's own node",
        "time",
        "enforcement",
        "allowed hosts",
        "shared addresses",
        "SNI",
        "the moment between NetworkPolicy and FirewallPolicy",
        "other policies",
    ]


def test_risks_say_what_they_need() -> None:
    """A risk needs what a fence can have, and no two have one id."""
    raw = catalog(web=container(gateway={}, run={"enabled": True}, egress={"domains": ["a.example.com"]}))
    raw |= {"egress": {"provider": "aviatrix"}, "cluster": {"mesh": "ambient"}}
    raw["gateway"] = {"provider": "kuadrant", "auth": {"type": "none"}}
    read = load_catalog(raw, release="r", namespace="n", out=Collector())
    assert read is not None
    risks = residual_risks(read)

    assert {need for risk in risks for need in risk.needs} == {"dns", "any", "name", "gateway"}
    assert len({risk.id for risk in risks}) == len(risks) == 12


def test_json_positions_are_lines_of_the_file() -> None:
    """Each key of the JSON form comes with the place in the values file where it stands."""
    document = json.loads(ask("aks-aviatrix", "devops", "--format", "json").stdout)
    lines = (ROOT / "values-examples" / "aks-aviatrix" / "values.yaml").read_text(encoding="utf-8").splitlines()
    found = {line["key"]: line["position"] for line in document["reaches"]}
    place = found["servers.devops.npxConfig.egressDomains[1]"]

    assert Path(place["file"]) == Path("values-examples", "aks-aviatrix", "values.yaml")
    assert lines[place["line"] - 1][place["column"] - 1 :].startswith('"*.dev.azure.com"')


def test_markup_is_escaped() -> None:
    """What stands in HTML and Markdown is text, whatever is in it."""
    document = {
        "kind": "server",
        "name": "<b>",
        "runtime": "remote",
        "fenced": False,
        "groups": [],
        "usedBy": ["a|b*c"],
    }

    assert "<h1>server &lt;b&gt;" in page("explain.html", document)
    assert "- a\\|b\\*c" in page("explain.md", document)
    assert (markdown_words("<a|b>"), markdown_code("a`b|c")) == ("&lt;a\\|b&gt;", "``a`b\\|c``")


# --- colour ---


@pytest.mark.skipif(os.name == "nt", reason="no pseudo-terminals")
@pytest.mark.parametrize(("no_color", "coloured"), [(None, True), ("", True), ("1", False)])
def test_colour_on_a_terminal_only(no_color: str | None, coloured: bool) -> None:
    """The answer is coloured on a terminal, and never with NO_COLOR set."""
    import pty  # not on Windows

    ours, theirs = pty.openpty()
    command = [*mcpfence_command(), "explain", "devops", "-f", *golden.input_files("aks-aviatrix"), "--to", "8.8.8.8"]
    variables = environment(NO_COLOR=no_color, TERM="xterm")
    subprocess.run(
        command, check=False, stdout=theirs, stderr=subprocess.PIPE, cwd=ROOT, env=variables, timeout=PATIENCE
    )
    os.close(theirs)
    text = os.read(ours, 100_000).decode()
    os.close(ours)

    assert ("\x1b[31m" in text) == coloured
    assert "denied" in text


def test_no_colour_elsewhere() -> None:
    """Into a pipe nothing but text goes."""
    assert "\x1b" not in ask("aks-aviatrix", "devops", "-v").stdout


# --- small things ---


def test_a_verdict_begins_with_its_answer() -> None:
    """The first line is the answer and the sentence, whatever was asked."""
    found = verdict(catalog(web=container()), "web", caller="gateway")
    first = next(shown(verdict_text(found, lambda _: None)))

    assert first == "allowed: client gateway (pods app=gateway of namespace gateways) may call server web on 8080/TCP"


def test_a_catalog_that_declares_nothing(tmp_path: Path) -> None:
    """No question about it has an answer, and that there is nothing is said."""
    (tmp_path / "values.yaml").write_text("servers: {}\n", encoding="utf-8")
    done = run_cli("explain", "files", "-f", str(tmp_path / "values.yaml"))

    assert (done.code, done.stdout) == (1, "")
    assert done.stderr == (
        'error: "files" is no server, workload or back-end of the catalog; write one of: there is none yet [server-unknown]\n'
    )
