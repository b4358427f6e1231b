"""`mcpfence check`: every finding with its place, as text for people and as JSON for programs."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from edges import (
    CATALOG,
    NAMESPACE,
    RELEASE,
    catalog,
    container,
    environment,
    mcpfence,
    mcpfence_command,
    values_file,
)
from helpers import run_cli
from mcpfence import __version__
from mcpfence.kube.manifest import floor_policy
from tooling import PATIENCE

CLEAN = CATALOG
WARNS = {**CATALOG, "clients": {}}
NOTES = catalog(vault=container(denyAllEgress=False)) | {
    "servers": {"vault": container(containerizedConfig={"image": "x", "port": 8080, "denyAllEgress": False})}
}
FAILS = catalog(vault=container(egress={"domains": ["localhost", "10.0.0.1"]}))

WARNING = (
    "clients: no client is declared, so nobody may call the servers; declare the gateway or back-end that calls them"
)
NOTE_ID = "[deny-all-false]"


def _check(folder: Path, values: Any, *arguments: str, log: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    variable = str(log) if log else None
    return mcpfence("check", "-f", values_file(folder, values), *arguments, MCPFENCE_LOG_FILE=variable)


def _lines(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    assert done.stdout == b""
    return done.stderr.decode().splitlines()


# --- text ---


def test_nothing_to_say(tmp_path: Path) -> None:
    """A clean catalog: exit 0, one line that says so."""
    done = _check(tmp_path, CLEAN)

    assert (done.returncode, _lines(done)) == (0, ["mcpfence: no errors, no warnings, no notes"])


def test_errors(tmp_path: Path) -> None:
    """All of them at once, each with line and column, what is wrong and what to do; exit 1; nothing on stdout."""
    done = _check(tmp_path, FAILS)
    file = tmp_path / "values.yaml"

    assert (done.returncode, _lines(done)) == (
        1,
        [
            f'error: {file}:25:6 servers.vault.egress.domains[0]: "localhost" is the pod itself; '
            "remove it; a pod always reaches itself [host-localhost]",
            f'error: {file}:26:6 servers.vault.egress.domains[1]: "10.0.0.1" is an IP address; '
            "list it under egress.cidrs with its ports [host-is-ip]",
            "mcpfence: 2 errors, no warnings, no notes",
        ],
    )


def test_warnings_do_not_fail(tmp_path: Path) -> None:
    """Exit 0, with the warning."""
    done = _check(tmp_path, WARNS)
    file = tmp_path / "values.yaml"

    assert (done.returncode, _lines(done)) == (
        0,
        [f"warning: {file}:8:2 {WARNING} [clients-none]", "mcpfence: no errors, 1 warning, no notes"],
    )


def test_strict_makes_warnings_errors(tmp_path: Path) -> None:
    """Exit 1, and the counting says the same."""
    done = _check(tmp_path, WARNS, "--strict")
    file = tmp_path / "values.yaml"

    assert (done.returncode, _lines(done)) == (
        1,
        [f"error: {file}:8:2 {WARNING} [clients-none]", "mcpfence: 1 error, no warnings, no notes"],
    )


def test_notes_are_shown_and_never_fail(tmp_path: Path) -> None:
    """Whoever asks for a check wants to read everything; --strict is about warnings."""
    done = _check(tmp_path, NOTES, "--strict")

    assert done.returncode == 0
    assert _lines(done)[0].startswith("note: ")
    assert _lines(done)[0].endswith(NOTE_ID)
    assert _lines(done)[1] == "mcpfence: no errors, no warnings, 1 note"


def test_quiet_says_errors_only(tmp_path: Path) -> None:
    """-q leaves errors, and the exit code."""
    assert _lines(_check(tmp_path, WARNS, "-q")) == []
    assert [line.split()[0] for line in _lines(_check(tmp_path, FAILS, "-q"))] == ["error:", "error:"]


def test_render_hides_notes_unless_verbose(tmp_path: Path) -> None:
    """A render says what matters; -v says the rest too, and without it the notes are counted."""
    arguments = ("render", "-f", values_file(tmp_path, NOTES), "--policies-only")
    plain, loud = mcpfence(*arguments).stderr.decode(), mcpfence(*arguments, "-v").stderr.decode()

    assert plain.splitlines()[0] == "1 note not shown; -v shows them"
    assert NOTE_ID not in plain
    assert NOTE_ID in loud


def test_several_files_with_places(tmp_path: Path) -> None:
    """The place is in the last file that has the key."""
    base = values_file(tmp_path, CATALOG, "base.json")
    top = values_file(tmp_path, "servers:\n  vault:\n    containerizedConfig:\n      port: 0\n", "top.yaml")
    done = mcpfence("check", "-f", base, "-f", top, "-q")

    assert done.returncode == 1
    assert _lines(done)[0].startswith(f"error: {top}:4:13 servers.vault.containerizedConfig.port: ")


def test_stdin(tmp_path: Path) -> None:
    """`-` reads stdin, and messages call it that."""
    done = mcpfence("check", "-f", "-", stdin=b"servers: {a: {runtime: npx, npxConfig: {package: 7}}}\n", cwd=tmp_path)

    assert done.returncode == 1
    assert _lines(done)[0].startswith("error: stdin:1:50 servers.a.npxConfig.package: ")


def test_secrets_are_never_said(tmp_path: Path) -> None:
    """Values of env, headers and arguments do not appear in any message, whatever is wrong around or in them."""
    secret = "hunter2-hunter2"  # noqa: S105
    servers = {
        "a": {"runtime": "npx", "env": {"TOKEN": {"value": [secret]}, secret: secret}, "npxConfig": {"package": "x"}},
        "b": {"runtime": "npx", "env": secret, "npxConfig": {"package": "x", "args": {"--token": secret}}},
        "c": {"runtime": "remote", "remoteConfig": {"fixedURL": "https://x.example.com", "headers": [[secret]]}},
        "d": {"runtime": "npx", "envs": {"TOKEN": secret}, "npxConfig": {"package": "x", "arg": [secret]}},
    }
    done = _check(tmp_path, {"servers": servers})
    as_json = _check(tmp_path, {"servers": servers}, "--format", "json")

    assert done.returncode == 1
    assert secret.encode() not in done.stderr + as_json.stdout + as_json.stderr


# --- JSON ---


def test_json(tmp_path: Path) -> None:
    """Data on stdout, nothing on stderr; each finding in pieces."""
    done = _check(tmp_path, FAILS, "--format", "json")
    report = json.loads(done.stdout)

    assert (done.returncode, done.stderr) == (1, b"")
    assert report["ok"] is False
    assert report["findings"][0] == {
        "id": "host-localhost",
        "severity": "error",
        "place": "servers.vault.egress.domains[0]",
        "position": {"file": str(tmp_path / "values.yaml"), "line": 25, "column": 6},
        "sentence": '"localhost" is the pod itself',
        "todo": "remove it; a pod always reaches itself",
    }
    assert [finding["id"] for finding in report["findings"]] == ["host-localhost", "host-is-ip"]


@pytest.mark.parametrize(
    ("values", "arguments", "ok", "severities"),
    [
        (CLEAN, (), True, []),
        (WARNS, (), True, ["warning"]),
        (WARNS, ("--strict",), False, ["error"]),
        (NOTES, ("-q",), True, ["note"]),
    ],
)
def test_json_counts_as_text_does(
    tmp_path: Path, values: Any, arguments: tuple[str, ...], ok: bool, severities: list[str]
) -> None:
    """Exit code and `ok` agree; -q takes nothing from the data."""
    done = _check(tmp_path, values, "--format", "json", *arguments)
    report = json.loads(done.stdout)

    assert (report["ok"], done.returncode) == (ok, 0 if ok else 1)
    assert [finding["severity"] for finding in report["findings"]] == severities


def test_json_of_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A program that reads the JSON gets JSON whatever is wrong."""
    done = mcpfence("check", "-f", "no.yaml", "--format", "json", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (1, b"")
    assert json.loads(done.stdout) == {
        "format": "mcpfence.check/v1",
        "version": __version__,
        "ok": False,
        "findings": [
            {
                "id": "file-unreadable",
                "severity": "error",
                "place": "no.yaml",
                "position": None,
                "sentence": "cannot be read (No such file or directory)",
                "todo": "check the path",
            }
        ],
    }


# --- colour ---


def _on_a_terminal(folder: Path, values: Any, *, options: Sequence[str] = (), **variables: str | None) -> bytes:
    """What a check writes to stderr if that is a terminal."""
    ours, theirs = pty.openpty()
    command = [*mcpfence_command(), "check", "-f", str(values_file(folder, values)), *options]
    variables = {"TERM": "dumb", **variables}  # which shows no line that says how long the work has taken
    with subprocess.Popen(command, stderr=theirs, stdout=subprocess.PIPE, env=environment(**variables)) as process:
        os.close(theirs)
        said = b""
        try:
            while chunk := os.read(ours, 4096):
                said += chunk
        except OSError:  # Linux: the other end is closed
            pass
        process.wait(timeout=PATIENCE)
    os.close(ours)
    return said


def test_colour_on_a_terminal(tmp_path: Path) -> None:
    """Errors are red, warnings yellow."""
    assert b"\x1b[31merror: " in _on_a_terminal(tmp_path, FAILS)
    assert b"\x1b[33mwarning: " in _on_a_terminal(tmp_path, WARNS)


def test_no_colour_if_asked(tmp_path: Path) -> None:
    """NO_COLOR of any content but the empty one (no-color.org)."""
    assert b"\x1b[" not in _on_a_terminal(tmp_path, FAILS, NO_COLOR="1")
    assert b"\x1b[" in _on_a_terminal(tmp_path, FAILS, NO_COLOR="")


def test_no_colour_in_a_pipe_or_a_log(tmp_path: Path) -> None:
    """Escape sequences belong to terminals alone."""
    log = tmp_path / "log"
    done = _check(tmp_path, FAILS, "--log-file", str(log))
    _on_a_terminal(tmp_path, FAILS, MCPFENCE_LOG_FILE=str(tmp_path / "second"))

    assert b"\x1b[" not in done.stderr
    assert b"\x1b[" not in log.read_bytes() + (tmp_path / "second").read_bytes()
    assert (tmp_path / "second").stat().st_size > 0


def test_colour_as_asked(tmp_path: Path) -> None:
    """--color wins over NO_COLOR and over what stderr is."""
    assert b"\x1b[31merror: " in _check(tmp_path, FAILS, "--color", "always").stderr
    assert b"\x1b[" not in _on_a_terminal(tmp_path, FAILS, options=("--color", "never"))


# --- at a glance ---

TABLE = [
    "  servers     1: 1 containerized",
    "  clients     none",
    "  workloads   none",
    "  engine      none: NetworkPolicy alone knows no names",
]


def test_summary_on_a_terminal_or_as_asked(tmp_path: Path) -> None:
    """The catalog at a glance ends what is said to a person; a pipe gets it on request, and quiet runs never."""
    shown = _on_a_terminal(tmp_path, WARNS).decode().splitlines()
    asked = _lines(_check(tmp_path, WARNS, "--summary"))

    assert asked[2:6] == TABLE
    assert shown[-6:] == asked[-6:]
    assert "  servers " not in _check(tmp_path, WARNS).stderr.decode()
    assert "  servers " not in _check(tmp_path, WARNS, "--summary", "-q").stderr.decode()
    assert b"  servers " not in _on_a_terminal(tmp_path, WARNS, options=("--no-summary",))


def test_no_summary_of_a_catalog_with_errors(tmp_path: Path) -> None:
    """What was not understood is not counted."""
    assert "  servers " not in _check(tmp_path, FAILS, "--summary").stderr.decode()


def test_exit_zero_in_spite_of_errors(tmp_path: Path) -> None:
    """A job that only tells says the same and does not fail."""
    done = _check(tmp_path, FAILS, "--exit-zero")

    assert done.returncode == 0
    assert _lines(done) == _lines(_check(tmp_path, FAILS))


def test_control_characters_of_values_never_reach_a_terminal(tmp_path: Path) -> None:
    """A key that would paint the terminal or forge a line is shown as text."""
    said = _on_a_terminal(
        tmp_path, {"servers": {"a": {"\u001b[2Jx\r\nerror: forged": 1, "runtime": "npx"}}}, NO_COLOR="1"
    )

    assert b"\x1b" not in said.replace(b"\r\x1b[K", b"")  # with which the line goes that says that work goes on
    assert b"\\u001b[2Jx\\r\\nerror: forged" in said


def test_control_characters_of_file_names_and_helm_are_masked(tmp_path: Path) -> None:
    """What comes from outside and is not quoted, such as a path, cannot paint the terminal or the log either."""
    log = tmp_path / "log"
    done = mcpfence("check", "-f", "a\x1b[2J\rb.yaml", "--log-file", log, cwd=tmp_path)

    assert done.stderr.splitlines()[0] == (
        b"error: a\\x1b[2J\\rb.yaml: cannot be read (No such file or directory); check the path [file-unreadable]"
    )
    assert b"\x1b" not in log.read_bytes()


# --- the log file ---


def test_log_file_is_appended_to(tmp_path: Path) -> None:
    """Everything said on stderr, run after run; the option goes before the variable."""
    log, other = tmp_path / "log", tmp_path / "other"
    first = _check(tmp_path, WARNS, "--log-file", str(log))
    second = _check(tmp_path, FAILS, "--log-file", str(log), log=other)

    assert log.read_bytes() == first.stderr + second.stderr
    assert not other.exists()


@pytest.mark.parametrize("name", ["/no/folder/log", "."])
def test_log_file_that_cannot_be_opened(tmp_path: Path, name: str) -> None:
    """Said before any work is done."""
    done = _check(tmp_path, CLEAN, "--log-file", name)

    assert done.returncode == 1
    assert _lines(done)[0].startswith(f"error: {name}: cannot be written (")
    assert _lines(done)[0].endswith("); choose another --log-file [output-failed]")


def test_log_file_on_a_full_disk(tmp_path: Path) -> None:
    """Where the log ends early that is said, and the check goes on."""
    done = _check(tmp_path, WARNS, "--log-file", "/dev/full")

    assert done.returncode == 0
    assert _lines(done)[1] == (
        "mcpfence: /dev/full cannot be written any more (No space left on device); the rest is not in it"
    )
    assert _lines(done)[2] == "mcpfence: no errors, 1 warning, no notes"


# --- the policies alone ---


def test_policies_alone_beside_the_charts_floor(tmp_path: Path) -> None:
    """--policies-only says that helm installs the chart apart; what opens its floor is found all the same."""
    values, folder = values_file(tmp_path, CATALOG), tmp_path / "policies"
    named = ("-f", str(values), "--release", RELEASE, "-n", NAMESPACE)
    assert run_cli("render", *named, "--policies-only", "-o", str(folder)).code == 0

    without = run_cli("check", *named, str(folder))
    assert without.code == 1
    assert "if helm installs the chart apart from these, pass --policies-only; " in without.stderr
    beside = run_cli("check", *named, "--policies-only", str(folder))
    assert beside.code == 0
    assert beside.stderr.splitlines()[-1] == (
        "mcpfence: beside the chart's objects, which are not among them, the manifests allow exactly what the catalog says"
    )

    (folder / "networkpolicy-mcp-server-vault-ingress.yaml").unlink()
    assert "[proof-narrower]" in run_cli("check", *named, "--policies-only", str(folder)).stderr
    opened = {**floor_policy("demo-mcp"), "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]}}
    values_file(folder, opened, "floor.yaml")
    said = run_cli("check", *named, "--policies-only", str(folder))
    assert said.code == 1
    assert "since spec.egress[0] of NetworkPolicy demo-mcp/mcp-default-deny lets it through" in said.stderr


def test_policies_only_needs_manifests(tmp_path: Path) -> None:
    """Without any there is nothing that it would be about."""
    done = run_cli("check", "-f", str(values_file(tmp_path, CATALOG)), "--policies-only")

    assert done.code == 2
    assert "--policies-only is about manifests: name them." in done.stderr
