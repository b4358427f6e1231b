"""What a start loads and how it ends: most people wait for little else, since Helm starts a process for every render."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from edges import carrier, catalog, container, environment

COMMAND = [sys.executable, "-X", "importtime", "-m", "mcpfence"]
STREAM = carrier(catalog(a=container(egress={"cidrs": [{"cidr": "10.0.0.0/8", "ports": [443]}]})))
_LOADED = re.compile(r"^import time:.*\| +(\S+)$", re.MULTILINE)

HEAVY = {
    *("click", "jinja2", "jsonschema", "jsonschema_rs", "publicsuffixlist"),
    *("dataclasses", "difflib", "hashlib", "importlib.resources", "inspect", "pathlib", "shutil"),
    *("subprocess", "tempfile", "traceback", "urllib", "zlib"),
}
"""What takes a millisecond and more, and is not needed to render one server."""


def loaded(*arguments: str) -> set[str]:
    """The modules that a run loads; it must go well."""
    done = subprocess.run([*COMMAND, *arguments], input=STREAM, env=environment(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(_LOADED.findall(done.stderr.decode()))


def test_helm_s_call_loads_little() -> None:
    """`post-render` without options does without click and whatever else takes long to load."""
    found = loaded("post-render")

    assert "mcpfence.streams.post_render" in found
    assert found & HEAVY == set()


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version_is_told_by_one_module(option: str) -> None:
    """Neither a catalog's modules are loaded nor a library, not even typing or re."""
    found = loaded(option)

    assert {name for name in found if name.startswith("mcpfence")} == {"mcpfence", "mcpfence.cli", "mcpfence.cli.start"}
    assert found & {*HEAVY, "yaml", "typing", "re"} == set()


@pytest.mark.parametrize("command", ["check", "explain", "diff", "reach"])
def test_other_commands_load_what_they_are_for(command: str, tmp_path: Path) -> None:
    """A small file is answered without what judges large ones, runs helm or git, or knows gateways."""
    values, manifests = str(tmp_path / "values.yaml"), str(tmp_path / "manifests.yaml")
    Path(values).write_text(json.dumps(catalog(a=container())), encoding="utf-8")
    Path(manifests).write_bytes(b"kind: Pod\nmetadata: {name: a, namespace: b}\n")
    given = {"check": ["-f", values], "explain": ["a", "-f", values], "diff": [values, values], "reach": [manifests]}

    found = loaded(command, *given[command])

    assert {name for name in found if name.startswith(("mcpfence.gateways", "mcpfence.imports"))} == set()
    assert (
        found & {"mcpfence.check.audit", "dataclasses", "hashlib", "jsonschema_rs", "subprocess", "tempfile"} == set()
    )


def ended(*arguments: str, stdin: bytes, **variables: str) -> tuple[int, bytes, str]:
    """Exit code, stdout and stderr of a process."""
    command = [sys.executable, "-m", "mcpfence", *arguments]
    done = subprocess.run(command, input=stdin, env=environment(**variables), capture_output=True, check=False)
    return done.returncode, done.stdout, done.stderr.decode()


@pytest.mark.parametrize("stream", [STREAM, carrier(catalog(a={**container(), "rutime": "npx"})), b"", b"--- [\n"])
def test_with_and_without_click_the_same_is_said(stream: bytes) -> None:
    """An option takes the way through click: stream, findings, summary and exit code are the same."""
    plain, through_click = ended("post-render", stdin=stream), ended("post-render", "--color", "never", stdin=stream)

    assert plain == through_click
    assert plain[0] == (0 if stream is STREAM else 1)
    assert bool(plain[1]) == (stream is STREAM)


def test_the_log_file_of_the_environment_is_written(tmp_path: Path) -> None:
    """MCPFENCE_LOG_FILE holds without click, too."""
    log = tmp_path / "log"

    code, _, said = ended("post-render", stdin=STREAM, MCPFENCE_LOG_FILE=str(log))

    assert code == 0
    assert log.read_text() == said != ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("argument", ["--version", "post-render"])
def test_a_full_disk_is_an_error(argument: str) -> None:
    """What could not be written is told, though the process ends at once."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "mcpfence", argument],
            input=STREAM,
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(),
            check=False,
        )

    assert done.returncode == 1
    assert "No space left on device" in done.stderr.decode()


def test_all_of_a_long_stream_arrives() -> None:
    """The process ends without Python's own end, and nothing of what it printed is lost in a pipe."""
    many = carrier(catalog(**{f"a{number}": container() for number in range(300)}))

    code, out, said = ended("post-render", stdin=many)

    assert code == 0
    assert out.endswith(b"\n")
    assert out.count(b"kind: NetworkPolicy\n") == out.count(b"\nspec:\n") == 600
    assert said.endswith("provider none\n")
