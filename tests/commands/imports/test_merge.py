"""--merge: the user's file keeps its text and its meaning, and gains what is new."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from helpers import Outcome, run_cli
from mcpfence.imports.merge import insert

ENTRY = "name: notes\ntype: server\nimage: ghcr.io/example/notes:1.0.0\nrun: {allowHosts: [api.example.com:443]}\n"
SILENT = "name: silent\ntype: server\nimage: ghcr.io/example/silent:1.0.0\nconfig: {env: [{name: SILENT_URL}]}\n"
NOTES = {
    "runtime": "containerized",
    "containerizedConfig": {"image": "ghcr.io/example/notes:1.0.0", "egressDomains": ["api.example.com"]},
}
MINE = "  mine: {runtime: npx, npxConfig: {package: mine}}   # my own"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with two entries."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.yaml").write_text(ENTRY, encoding="utf-8")
    (tmp_path / "silent.yaml").write_text(SILENT, encoding="utf-8")
    return tmp_path


def _merged(base: str, *arguments: str, source: str = "notes.yaml") -> Outcome:
    Path("base.yaml").write_bytes(base.encode())
    return run_cli("import", "docker", source, "--merge", "base.yaml", "--quiet", *arguments)


FORMS = {
    "empty": "",
    "comments": "# nothing yet\n",
    "no servers": "# top\nclients:\n  gw: {namespace: gw, podSelector: {app: gw}}   # who\n# end\n",
    "block": f"servers:\n{MINE}\negress:\n  provider: aviatrix\n# end\n",
    "block, deeper": "servers:\n      mine:\n            runtime: npx\n            npxConfig: {package: mine}\n# end",
    "block, last line open": f"servers:\n{MINE}",
    "null": "servers:\negress:\n  # stance\n  default: deny\n",
    "null word": "servers: null   # none\n",
    "braces": "servers: {}   # none\n",
    "braces with servers": "servers: {mine: {runtime: npx, npxConfig: {package: mine}}, }\n",
    "json": '{"servers": {"mine": {"runtime": "npx", "npxConfig": {"package": "mine"}}}}\n',
    "quotes": '"servers":\n  "mine":\n    "runtime": "npx"\n    "npxConfig": {"package": "mine"}\n',
    "literal": "servers:\n  mine:\n    runtime: npx\n    description: |\n      a\n\n      b\n\n\n# end\n",
    "folded": "servers:\n  mine:\n    runtime: npx\n    description: >-\n      a\n      b\nclients: {}\n",
    "list at the end": "servers:\n  mine:\n    runtime: npx\n    npxConfig:\n      args:\n      - a\n      - b   # last\n\nclients: {}\n",
    "windows": "servers:\r\n  mine:\r\n    runtime: npx\r\negress: {provider: aviatrix}\r\n",
    "document marks": "---\nservers:\n  mine: {runtime: npx}\n",
    "anchors": "servers:\n  mine: &mine {runtime: npx, npxConfig: {package: mine}}\n  other: *mine\nclients: {}\n",
}


@pytest.mark.parametrize("base", FORMS.values(), ids=FORMS)
def test_what_the_user_had_stays(base: str) -> None:
    """Every line of the user's stays as it is, save one with braces that gains a server; every key keeps its value."""
    outcome = _merged(base)

    assert outcome.code == 0, outcome.stderr
    before, after = yaml.safe_load(base) or {}, yaml.safe_load(outcome.stdout)
    expected = {
        **before,
        "egress": {**(before.get("egress") or {}), "provider": "aviatrix"},
        "servers": {**(before.get("servers") or {}), "notes": NOTES},
    }
    assert after == expected
    lines = outcome.stdout.splitlines()
    assert [line for line in base.splitlines() if line not in lines and "{" not in line and "null" not in line] == []
    assert ("\r\n" in base) == ("\r\n" in outcome.stdout)


def test_the_users_entry_wins_and_the_conflict_is_named() -> None:
    """A server that both have stays as the user has it; what differs is said with both places."""
    base = "servers:\n  notes:\n    runtime: containerized\n    containerizedConfig: {image: mine}\n"
    outcome = run_cli("import", "docker", "notes.yaml", "--merge", _write(base))

    assert outcome.code == 0
    assert outcome.stdout == base
    assert outcome.stderr.splitlines()[0] == (
        "warning: notes.yaml:1: servers.notes is in base.yaml already and differs in containerizedConfig; kept yours; "
        "compare them [import-kept]"
    )


def _write(base: str) -> str:
    Path("base.yaml").write_text(base, encoding="utf-8")
    return "base.yaml"


def test_merging_twice_changes_nothing() -> None:
    """What is there already is not added again, and the list of work left stays."""
    first = _merged("servers: {}\n", source=".").stdout
    again = _merged(first, source=".").stdout

    assert again == first
    assert first.count("left to do") == 2


def test_work_left_by_earlier_imports_stays_until_it_is_done() -> None:
    """The list at the end keeps servers of earlier imports that still say nothing, and drops those that do."""
    first = _merged("", source="silent.yaml").stdout
    second = _merged(first).stdout

    assert "#   silent:\n#     hint: set by SILENT_URL\n" in second
    done = second.replace('ghcr.io/example/silent:1.0.0"', 'ghcr.io/example/silent:1.0.0"\n      denyAllEgress: true')
    assert "#   silent:" not in _merged(done).stdout


def test_the_stance_of_the_merged_file_is_said() -> None:
    """Where the user's stance is internet the list at the end says so: undeclared servers reach every public address."""
    outcome = _merged("egress: {default: internet}\n", source="silent.yaml")

    assert "egress.default of the catalog (internet) holds for them" in outcome.stdout
    told = run_cli("import", "docker", "silent.yaml", "--merge", "base.yaml").stderr
    assert "end of the catalog: they reach every public address until you say what" in told


@pytest.mark.parametrize(
    ("base", "said"),
    [
        (
            "servers: [a]\n",
            "error: base.yaml: servers is a list, not a mapping; mend the file, or import without --merge "
            "[import-output]\n",
        ),
        (
            "servers: {mine: {runtime: nix}}\n",
            'error: base.yaml:1:27 servers.mine.runtime: "nix" is no choice here; did you mean npx? Else write one of: '
            "npx, uvx, containerized, remote, composite [choice]\n",
        ),
        (
            "a: [\n",
            "error: base.yaml:2:1: did not find expected node content; mend the YAML [file-unreadable]\n",
        ),
        (
            "servers: {}\n---\nservers: {}\n",
            "error: base.yaml:3:1: a second document begins; values are one document; mend the YAML "
            "[file-unreadable]\n",
        ),
    ],
)
def test_a_file_that_cannot_be_merged(base: str, said: str) -> None:
    """A merged file that is wrong in itself is refused with its own place, and nothing is printed."""
    outcome = _merged(base)

    assert (outcome.code, outcome.stdout, outcome.stderr) == (1, "", said)


def test_services_of_the_users_own_servers_are_not_judged() -> None:
    """A server of the user's may name a Service that stands in another file: merging goes on all the same."""
    base = "servers:\n  mine: {runtime: npx, egress: {services: [{name: redis, namespace: data}]}}\n"
    outcome = _merged(base)

    assert outcome.code == 0, outcome.stderr
    assert set(yaml.safe_load(outcome.stdout)["servers"]) == {"mine", "notes"}


def test_insert_makes_every_missing_step() -> None:
    """A path of which nothing exists yet is written whole, with the comment above its last key."""
    text = insert("a: 1\n", ("b", "c"), {"d": {"e": 2}}, {("b", "c", "d"): ("why",)})

    assert text == "a: 1\nb:\n  c:\n    # why\n    d:\n      e: 2\n"


SETTINGS = "mcpNamespace: {name: tools}\nconfig: {OBOT_SERVER_MCPDEFAULT_DENY_ALL_EGRESS: true}\n"
NO_SERVERS = (
    "warning: obot.yaml:1 mcpNamespace.name: has settings and no servers, so the catalog declares none, and renders "
    "refuse it; import the servers too, or declare them [import-no-servers]"
)


@pytest.mark.parametrize(
    ("base", "said"),
    [("", True), ("servers: {}\n", True), ("servers: {mine: {runtime: npx, npxConfig: {package: mine}}}\n", False)],
)
def test_settings_without_servers(base: str, said: bool) -> None:
    """A catalog that declares nothing is no finished one, and that is said; the file it is merged into counts."""
    Path("obot.yaml").write_text(SETTINGS, encoding="utf-8")
    Path("base.yaml").write_text(base, encoding="utf-8")
    done = run_cli("import", "obot", "obot.yaml", "--merge", "base.yaml")

    assert done.code == 0
    assert (NO_SERVERS in done.stderr.splitlines()) is said
