"""Bad input: a clear error, exit code 1, empty stdout, nothing lost, no secret said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bad_input import errors, refused
from helpers import run_cli
from tooling import PATIENCE, TESTS

AVIATRIX = {"provider": "aviatrix"}
"""A provider that knows names, so that a bad one is the only error."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test writes its values.yaml into a folder of its own, the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def egress(**keys: Any) -> str:
    """The text of a catalog with one server, on one line: line and column of a place depend on it."""
    return json.dumps({"egress": AVIATRIX, "servers": {"a": {"runtime": "containerized", "egress": keys}}})


PLACES: dict[str, tuple[dict[str, Any], str]] = {
    "npxConfig": ({"runtime": "npx", "npxConfig": {"egressDomains": ["a/b"]}}, "npxConfig.egressDomains[0]"),
    "uvxConfig": ({"runtime": "uvx", "uvxConfig": {"egressDomains": ["a/b"]}}, "uvxConfig.egressDomains[0]"),
    "containerizedConfig": (
        {"runtime": "containerized", "containerizedConfig": {"egressDomains": ["a/b"]}},
        "containerizedConfig.egressDomains[0]",
    ),
    "egress, short form": ({"runtime": "npx", "egress": {"egressDomains": ["a/b"]}}, "egress.egressDomains[0]"),
    "egress": ({"runtime": "npx", "egress": {"domains": ["a/b"]}}, "egress.domains[0]"),
    "egress, long form": ({"runtime": "npx", "egress": {"domains": [{"name": "a/b"}]}}, "egress.domains[0].name"),
    "registries": ({"runtime": "npx", "egress": {"registries": ["a/b"]}}, "egress.registries[0]"),
    "registries, long form": (
        {"runtime": "npx", "egress": {"registries": [{"name": "a/b"}]}},
        "egress.registries[0].name",
    ),
}


@pytest.mark.parametrize(("server", "place"), PLACES.values(), ids=PLACES)
def test_host_is_refused_everywhere(server: dict[str, Any], place: str) -> None:
    """Names follow the same rules wherever a server lists them."""
    said = errors(json.dumps({"egress": AVIATRIX, "servers": {"a": server}}), "check")

    assert [line.split(" ", 1)[1] for line in said] == [f'servers.a.{place}: "a/b" has a path; write a [host-path]']


def test_host_is_refused_in_the_catalogs_registries() -> None:
    """The registries of the whole catalog are names like others."""
    text = "egress: {provider: aviatrix, registries: {npx: [a/b], uvx: [{name: a/c}]}}"

    refused(
        text,
        'values.yaml:1:49 egress.registries.npx[0]: "a/b" has a path; write a [host-path]',
        'values.yaml:1:68 egress.registries.uvx[0].name: "a/c" has a path; write a [host-path]',
    )


def test_names_that_collide_after_cutting() -> None:
    """Two servers whose objects would have one name after cutting and hashing are refused."""
    one, other = (f"very-long-name-of-a-server-with-its-purpose{end}" for end in COLLIDING)

    refused(
        f"servers:\n  {one}: {{runtime: containerized}}\n  {other}: {{runtime: containerized}}",
        f"values.yaml:3:3 servers.{other}: server {other} and server {one} would both be NetworkPolicy "
        "mcpfence-mcp/mcp-server-very-long-name-of-a-server-with-its-purpose-2b19db4e; rename one of them [name-taken]",
    )


COLLIDING = ("000000033293", "000000044488")
"""Found by trying: SHA-256 of both names, as the names of their objects, begins with 2b19db4e."""


def test_file_that_is_no_utf8() -> None:
    """A file in another encoding is named with the byte at which that shows."""
    refused(b"servers: {a: \xff}", "values.yaml: is no UTF-8 at byte 13; save it as UTF-8 [file-unreadable]")


def test_utf16_is_no_utf8() -> None:
    """What an editor saved as UTF-16 is told like any other encoding."""
    refused("servers: {}".encode("utf-16"), "values.yaml: is no UTF-8 at byte 0; save it as UTF-8 [file-unreadable]")


def test_file_that_is_missing() -> None:
    """A file that is not there is named."""
    outcome = run_cli("check", "-f", "nowhere.yaml")

    assert (outcome.code, outcome.stdout) == (1, "")
    said = "error: nowhere.yaml: cannot be read (No such file or directory); check the path [file-unreadable]"
    assert outcome.stderr.splitlines()[0] == said


def test_faults_of_all_files_are_said() -> None:
    """Two files that cannot be read are two errors of one run."""
    Path("one.yaml").write_text("a: [")
    Path("two.yaml").write_text("- a")
    outcome = run_cli("check", "-f", "one.yaml", "-f", "two.yaml")

    assert outcome.code == 1
    assert [line.partition(":")[2].split(":")[0] for line in outcome.stderr.splitlines()[:2]] == [
        " one.yaml",
        " two.yaml",
    ]


def test_catalog_on_stdin() -> None:
    """A catalog on stdin is called stdin, with line and column."""
    outcome = run_cli("check", "-f", "-", stdin=b"cluster:\n  profil: gke\n")

    assert (outcome.code, outcome.stdout) == (1, "")
    assert outcome.stderr.startswith("error: stdin:2:11 cluster.profil: is no known key; did you mean profile?")


def test_place_in_the_last_of_several_files() -> None:
    """Of several files the one that has the key is named: the last, because it wins."""
    Path("base.yaml").write_text("servers:\n  a:\n    runtime: containerized\n    egress: {dns: please}\n")
    Path("prod.yaml").write_text("servers:\n  a:\n    egress: {default: open}\n")
    outcome = run_cli("check", "-f", "base.yaml", "-f", "prod.yaml")

    places = [line.split(" ")[1] for line in outcome.stderr.splitlines() if line.startswith("error")]
    assert places == ["base.yaml:4:19", "prod.yaml:3:23"]


def test_many_faults_of_one_kind() -> None:
    """After 25 errors of one kind the rest is counted, behind the others, so that no other kind is lost."""
    said = errors(egress(egressDomains=["x/y"] * 30, dns="auto", cidrs=[{"cidr": "10.0.0.0/8"}]), "check")

    assert len(said) == 27
    assert "[ports-missing]" in said[-2]
    assert said[-1] == "5 more findings of this kind are not shown; mend those above and run again [host-path]"


# --- what is meant to take long, or much memory


def nested(inner: str, times: int) -> str:
    """A value that opens as many levels and never closes them."""
    return "servers:\n  " + inner * times + "a"


TEN_MEGABYTES = 10_000_000
HUGE: dict[str, tuple[str, str]] = {
    # what: (text, what the one error says)
    "a bomb of lists": (
        "a: &a [x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
        "values.yaml:7:4: unfolds into more than 2,000,000 values through its aliases; mend the YAML",
    ),
    "a bomb of merges": (
        "a: &a {" + ", ".join(f"k{i}: 1" for i in range(2000)) + f"}}\nb: &b {{<<: [{', '.join(['*a'] * 2000)}]}}\n",
        "values.yaml:2:12: unfolds into more than 2,000,000 values through its aliases; mend the YAML",
    ),
    "open brackets": (nested("[", 100_000), "is nested more than 200 levels deep"),
    "open braces": (nested("{a: ", 100_000), "is nested more than 200 levels deep"),
    "dashes on one line": (nested("- ", 100_000), "is nested more than 200 levels deep"),
    "dashes with more space": (nested("-   ", 100_000), "is nested more than 200 levels deep"),
    "question marks": (nested("?  ", 100_000), "is nested more than 200 levels deep"),
    "deep indentation": ("".join(f"{' ' * i}a:\n" for i in range(2000)), "is nested more than 200 levels deep"),
    "aliases in a chain": (
        "a0: &a0 [x]\n" + "".join(f"a{i + 1}: &a{i + 1} [*a{i}]\n" for i in range(3000)),
        "is nested more than 200 levels deep",
    ),
    "a number of 10 MB": ("mcpServerDefaults: {port: " + "9" * TEN_MEGABYTES + "}", "a number is too long"),
    "a name of 10 MB": (
        "servers: {a: {runtime: npx, egress: {domains: [" + "x." * (TEN_MEGABYTES // 2) + "com]}}}",
        "is longer than 253 characters",
    ),
    "a name of 10 MB outside ASCII": (
        "servers: {a: {runtime: npx, egress: {domains: [" + "ü" * (TEN_MEGABYTES // 2) + "]}}}",
        "is longer than 253 characters",
    ),
    "a key of 10 MB": ("servers:\n  ? " + "y" * TEN_MEGABYTES + "\n  : {runtime: npx}", "10,000,000 characters long"),
    "a cidr of 10 MB": (
        "servers: {a: {runtime: npx, egress: {cidrs: [{cidr: '" + "1" * TEN_MEGABYTES + "', ports: all}]}}}",
        "is not a CIDR block",
    ),
    "a runtime of 10 MB": ("servers: {a: {runtime: " + "npx" * (TEN_MEGABYTES // 3) + "}}", "is no choice here"),
    "a label of 10 MB": (
        "servers: {a: {runtime: npx, podSelector: {app: " + "x" * TEN_MEGABYTES + "}}}",
        "is no label value",
    ),
    "a client of 10 MB": (
        "servers: {a: {runtime: npx, ingress: {from: ["
        + "x" * TEN_MEGABYTES
        + "]}}}\nclients: {b: {cidrs: [10.0.0.0/8]}}",
        "is not declared under clients",
    ),
    "a secret of 10 MB": (
        "servers: {a: {runtime: docker, env: [{key: A, value: " + "x" * TEN_MEGABYTES + "}]}}",
        '"docker" is no choice here',
    ),
}

CHECK = """
import sys
sys.path.insert(0, sys.argv[1])
from effort import effort
from mcpfence.cli.start import run
def check():
    try:
        run(["check", "-f", "values.yaml"])
    except SystemExit as ended:
        return ended.code
code, calls = effort(check)
print(calls)
sys.exit(code)
"""
LAUNCHER = """
import resource, subprocess, sys
ended = subprocess.run([sys.executable, "-c", *sys.argv[1:]], stdin=subprocess.DEVNULL)
unit = 1 if sys.platform == "darwin" else 1024
print(ended.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit // 2**20)
"""
"""A small process between: the peak of a child's memory is never told below that of its parent."""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no getrusage on Windows")
@pytest.mark.parametrize(("text", "said"), HUGE.values(), ids=HUGE)
def test_huge_input_ends_soon(text: str, said: str) -> None:
    """What is made to exhaust the machine ends in an error after little work and with 300 MiB, told in a few lines.

    Calls are counted, not seconds.  What would look at ten million characters again for each of them never ends.
    """
    Path("values.yaml").write_text(text, encoding="utf-8")
    command = [sys.executable, "-c", LAUNCHER, CHECK, str(TESTS / "support")]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE)
    calls, code, mebibytes = ended.stdout.split()

    assert code == "1", ended.stderr[-2000:]
    assert said in ended.stderr.replace("\\u00fc", "")
    assert len(ended.stderr) < 4000
    assert int(calls) < 1_000_000  # imports make some 90,000
    assert int(mebibytes) < 300


# --- secrets

SECRET = "hunter2"  # noqa: S105


def container(**keys: Any) -> dict[str, Any]:
    """One server with a fault elsewhere, so that something is always said."""
    return {"servers": {"a": {"runtime": "containerized", "eggress": {}, **keys}}}


def remote(**keys: Any) -> dict[str, Any]:
    """One remote server, and a workload that calls it."""
    return {
        "servers": {"a": {"runtime": "remote", "remoteConfig": keys}},
        "workloads": {"w": {"podSelector": {"app": "w"}, "egress": {"servers": "all"}}},
    }


SECRETS: Mapping[str, dict[str, Any]] = {
    "env value": container(env=[{"key": "TOKEN", "value": SECRET}]),
    "env value beside an unknown key": container(env=[{"key": "TOKEN", "value": SECRET, "valu": SECRET}]),
    "env value as a list": container(env=[{"key": "TOKEN", "value": [SECRET]}]),
    "env value as a mapping": container(env=[{"key": "TOKEN", "value": {"is": SECRET}}]),
    "env entry as text": container(env=[f"TOKEN={SECRET}"]),
    "env as text": container(env=f"TOKEN={SECRET}"),
    "env in the place of a choice": container(runtime={"env": [{"key": "TOKEN", "value": SECRET}]}),
    "env in the place of ports": container(ingress={"ports": {"env": [SECRET]}}),
    "env in the place of registries": container(egress={"registries": {"env": [{"value": SECRET}]}}),
    "env as a mapping": container(env={"TOKEN": SECRET}),
    "env flag as text": container(env=[{"key": "TOKEN", "sensitive": SECRET, "required": SECRET, "file": SECRET}]),
    "env template": container(env=[{"key": "TOKEN", "value": f"{{{{ {SECRET} }}}}"}]),
    "argument": container(containerizedConfig={"args": ["--token", SECRET]}),
    "argument as a mapping": container(containerizedConfig={"args": [{"token": SECRET}]}),
    "arguments as text": container(containerizedConfig={"args": f"--token {SECRET}"}),
    "argument template": container(containerizedConfig={"args": [f"${{{SECRET}}}"]}),
    "command": container(containerizedConfig={"command": ["sh", "-c", SECRET]}),
    "command as a mapping": container(containerizedConfig={"command": {"sh": SECRET}}),
    "header": remote(fixedURL="nonsense", headers=[{"key": "Authorization", "value": SECRET}]),
    "header value as a list": remote(fixedURL="nonsense", headers=[{"value": [SECRET]}]),
    "header as text": remote(fixedURL="nonsense", headers=[f"Authorization: {SECRET}"]),
    "headers as a mapping": remote(fixedURL="nonsense", headers={"Authorization": SECRET}),
    "password in a URL": remote(fixedURL=f"https://user:{SECRET}@localhost/mcp"),
    "token in a URL's user": remote(fixedURL=f"https://{SECRET}@api.example.com/mcp", hostname="a.example.com"),
    "token in a URL's path": remote(fixedURL=f"https://localhost/{SECRET}/mcp"),
    "token in a URL's query": remote(fixedURL=f"https://localhost/mcp?token={SECRET}"),
    "token in a URL that is none": remote(fixedURL=f"https//localhost/mcp?token={SECRET}"),
    "token in a URL's template": remote(urlTemplate=f"https://${{HOST}}/{SECRET}"),
    "token in a URL with a template": remote(fixedURL=f"https://{{{{ .host }}}}/{SECRET}"),
    "URL as a list": remote(fixedURL=[SECRET]),
    "password in a name": {
        "servers": {"a": {"runtime": "containerized", "egress": {"domains": [f"https://u:{SECRET}@a.example.com"]}}}
    },
}


@pytest.mark.parametrize("form", ["text", "json", "strict"])
@pytest.mark.parametrize("raw", SECRETS.values(), ids=SECRETS)
def test_secret_is_never_said(raw: dict[str, Any], form: str) -> None:
    """No value of env, headers, arguments, commands or URLs stands in any message, whatever is wrong with it."""
    Path("values.yaml").write_text(json.dumps(raw, indent=1))
    options = {"text": (), "json": ("--format", "json"), "strict": ("--strict",)}[form]
    outcomes = [
        run_cli("check", "-f", "values.yaml", *options),
        run_cli("render", "--policies-only", "-f", "values.yaml"),
    ]

    for outcome in outcomes:
        assert outcome.code == 1, outcome
        assert SECRET not in outcome.stdout + outcome.stderr


UNQUOTED = {
    "tag": f"!{SECRET} x",
    "short tag": f"!{SECRET}",
    "long tag": f"!<{SECRET}> x",
    "alias": f"*{SECRET}",
    "directive": f"%{SECRET}",
    "reserved": f"@{SECRET}",
    "backtick": f"`{SECRET}`",
    "escape": f'"\\q{SECRET}"',
    "open quote": f"'{SECRET}",
    "colon": f"a: {SECRET}: b",
    "block": f"|{SECRET}",
    "anchor twice": f"&{SECRET} &{SECRET} x",
    "date": "2026-01-01",
    "number": "20260101",
}


@pytest.mark.parametrize("value", UNQUOTED.values(), ids=UNQUOTED)
def test_secret_that_is_no_yaml_is_never_said(value: str) -> None:
    """A password that stands without quotes and breaks the file, or becomes something else, is not said either."""
    said = errors(
        f"servers:\n  a:\n    runtime: docker\n    env:\n      - key: TOKEN\n        value: {value}\n", "check"
    )

    assert said
    assert not any(SECRET in line or "2026" in line for line in said)


def test_no_secret_is_rendered(tmp_path: Path) -> None:
    """What is rendered holds no value of env, headers or arguments."""
    raw = {
        "servers": {
            "a": {
                "runtime": "containerized",
                "containerizedConfig": {"image": "i", "args": [SECRET], "command": SECRET},
                "env": [{"key": "TOKEN", "value": SECRET}],
            },
            "b": {
                "runtime": "remote",
                "remoteConfig": {"fixedURL": f"https://{SECRET}:{SECRET}@b.example.com/{SECRET}"},
            },
        }
    }
    Path("values.yaml").write_text(json.dumps(raw))
    outcome = run_cli("render", "--policies-only", "-f", "values.yaml", "-o", str(tmp_path / "out"))
    files = list((tmp_path / "out").iterdir())

    assert outcome.code == 0, outcome.stderr
    assert len(files) >= 3
    assert not any(SECRET in file.read_text() for file in files)


def test_environment_is_not_read() -> None:
    """A shell's template is not filled in from the environment, it is refused."""
    os.environ["MCPFENCE_TEST_HOST"] = "api.example.com"
    try:
        said = errors(egress(domains=["${MCPFENCE_TEST_HOST}"]), "check")
    finally:
        del os.environ["MCPFENCE_TEST_HOST"]

    assert [line.rpartition(" ")[2] for line in said] == ["[template-left]"]
