"""Habits of the command line: help that teaches, a version, completion, wrong usage, and never a traceback."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import mcpfence as package
from edges import carrier, environment, mcpfence, mcpfence_command, refusal, rendered, values_file
from mcpfence.cli.main import _COMMANDS
from tooling import ROOT

COMMANDS = sorted(_COMMANDS)


def test_version() -> None:
    """Name and version, and nothing else."""
    assert mcpfence("--version").stdout == f"mcpfence {package.__version__}\n".encode()


def test_module_is_the_command() -> None:
    """`python -m mcpfence` is `mcpfence`, down to what it calls itself."""
    command = [sys.executable, "-m", "mcpfence", "--help"]
    module = subprocess.run(command, capture_output=True, check=True, env=environment())
    script = subprocess.run([*mcpfence_command(), "--help"], capture_output=True, check=True, env=environment())

    assert module.stdout == script.stdout == mcpfence("--help").stdout
    assert module.stdout.startswith(b"Usage: mcpfence [OPTIONS] COMMAND")


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_lists_the_commands(flag: str) -> None:
    """Each with a line of its own, and how to begin on Helm 3, Helm 4 and in CI."""
    text = mcpfence(flag).stdout.decode()

    assert re.findall(r"^  ([a-z-]+) +\S", text.partition("\nCommands:\n")[2], re.MULTILINE) == list(_COMMANDS)
    assert {"Helm 3", "Helm 4", "CI", "Check"} <= set(re.findall(r"^  ([A-Z]\w*(?: \d)?)  ", text, re.MULTILINE))
    assert "Exit codes: 0 done, 1 errors (no stdout, import aside), 2 wrong usage." in text


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_has_an_example(name: str) -> None:
    """The help begins with what it does, and shows a call that can be copied."""
    done = mcpfence(name, "--help")
    text = done.stdout.decode()

    assert done.returncode == 0
    assert text.startswith(f"Usage: mcpfence {name} [OPTIONS]")
    assert re.search(rf"^  .*\bmcpfence {name}\b|--post-renderer mcpfence", text.partition("\n\n")[2], re.MULTILINE)
    assert "\\b" not in text


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_of_the_help_use_options_that_exist(name: str) -> None:
    """Each option in an example line is an option of the command (helm's own apart)."""
    text = mcpfence(name, "--help").stdout.decode()
    listed = set(re.findall(r"(?<!\S)(--?[a-z][a-z-]*)", text.partition("\nOptions:\n")[2]))
    examples = [line for line in text.splitlines() if re.match(rf"\s+mcpfence {name} ", line)]
    used = {option for line in examples for option in re.findall(r"(?<!\S)(--?[a-z][a-z-]*)", line.split("   ")[0])}

    assert used <= listed


@pytest.mark.parametrize("name", COMMANDS)
def test_unknown_option(name: str) -> None:
    """Exit code 2, and the option is named."""
    said = refusal(mcpfence(name, "--no-such-thing"), code=2)

    assert said.startswith(f"Usage: mcpfence {name} ")
    assert "--no-such-thing" in said.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("rendr",), "Error: No such command 'rendr'. Did you mean 'render'?"),
        (("postrender",), "Error: No such command 'postrender'. Did you mean 'post-render'?"),
        (("zzz",), "Error: No such command 'zzz'."),
        (("check",), "Error: Nothing to check: name a values file with -f, or in .mcpfence.yaml."),
        (
            ("post-render", "--catalog", "x"),
            "Error: --catalog needs --release and --namespace: Helm does not tell them.",
        ),
        (
            ("post-render", "--release", "x"),
            "Error: --release and --namespace go with --catalog; else the chart's catalog knows them.",
        ),
        (
            ("post-render", "--catalog", "-", "--release", "a", "-n", "b"),
            "Error: stdin brings the manifests; give catalogs and Services as files.",
        ),
        (
            ("post-render", "--catalog", "x", "--release", "A", "-n", "b"),
            "Error: Invalid value for '--release': 'A' is no release name: "
            "lower-case letters, digits, - and ., 53 at most.",
        ),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], sentence: str) -> None:
    """Exit code 2, and a sentence that helps."""
    assert refusal(mcpfence(*arguments), code=2).splitlines()[-1] == sentence


def bare(stdin: Any, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """`mcpfence` without a word, as a process with this stdin."""
    how: Any = {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
    return subprocess.run(mcpfence_command(), capture_output=True, check=False, env=environment(**variables), **how)


def test_no_command() -> None:
    """How to begin, on stderr, with exit code 2: in twelve lines, of commands that there are."""
    at_a_terminal, without_stdin = bare(subprocess.DEVNULL), mcpfence()

    assert refusal(at_a_terminal, code=2) == refusal(without_stdin, code=2)
    said = at_a_terminal.stderr.decode()
    assert len(said.splitlines()) < 12
    assert set(re.findall(r"mcpfence ([a-z][a-z-]*) ", said)) - {"fences"} <= {*COMMANDS, "init"}
    assert all(word in said for word in ("mcpfence init ", "mcpfence check -f", "--post-renderer mcpfence", "--help"))


def test_no_command_and_a_stream(tmp_path: Path) -> None:
    """So Helm 3 calls a post-renderer whose arguments were forgotten: the sentence says which, in the log too."""
    log = tmp_path / "log"
    said = refusal(bare(b"---\na: 1\n", MCPFENCE_LOG_FILE=str(log)), code=2)

    assert said == (
        "Usage: mcpfence [OPTIONS] COMMAND [ARGS]...\n"
        "Try 'mcpfence --help' for help.\n\n"
        "Error: No command, and a stream on stdin. Behind helm's --post-renderer mcpfence write "
        "--post-renderer-args post-render (Helm 3), elsewhere the command: mcpfence post-render."
    )
    assert log.read_text().rstrip("\n") == said


def test_wrong_usage_is_in_the_log(tmp_path: Path) -> None:
    """Helm 4 hides stderr, so a slip behind --post-renderer-args would be a riddle."""
    one, two = tmp_path / "one", tmp_path / "two"
    first = mcpfence("post-render", "--frob", "--log-file", one)
    second = mcpfence("post-render", "--frob", MCPFENCE_LOG_FILE=str(two))
    third = mcpfence("post-render", "--frob", f"--log-file={one}", MCPFENCE_LOG_FILE=str(two))
    lost = mcpfence("post-render", "--frob", "--log-file", "/no/log")

    assert one.read_bytes() == first.stderr + third.stderr
    assert two.read_bytes() == second.stderr
    assert lost.stderr.endswith(b"mcpfence: /no/log cannot be written (No such file or directory)\n")


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("completion", "bash"), ("render", "--help")])
def test_full_disk_under_help(arguments: tuple[str, ...]) -> None:
    """Even these say in one line that stdout cannot be written."""
    with Path("/dev/full").open("wb") as full:
        command = [*mcpfence_command(), *arguments]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, env=environment())

    assert (done.returncode, done.stderr) == (1, b"mcpfence: stdout: No space left on device\n")


# --- completion ---


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script(shell: str) -> None:
    """Each script registers itself for mcpfence and asks mcpfence for the words."""
    done = mcpfence("completion", shell)

    assert (done.returncode, done.stderr) == (0, b"")
    assert f"_MCPFENCE_COMPLETE={shell}_complete".encode() in done.stdout
    assert re.search(rb"^\s*(complete|compdef) .*mcpfence", done.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("mcpfence ", [*COMMANDS]),
        ("mcpfence rend", ["render"]),
        ("mcpfence render --po", ["--policies-only"]),
        ("mcpfence check --format j", ["json", "junit"]),
        ("mcpfence completion ", ["bash", "fish", "zsh"]),
        ("mcpfence post-render --l", ["--log-file"]),
        ("mcpfence explain -f values.yaml gi", ["github", "gitlab"]),
        ("mcpfence explain -f missing.yaml ", []),
        ("mcpfence explain gitl", ["gitlab"]),
        ("mcpfence explain github --from ", ["gateway", "agents"]),
    ],
)
@pytest.mark.skipif(not shutil.which("bash"), reason="bash is missing")
def test_completion_in_bash(tmp_path: Path, line: str, words: list[str]) -> None:
    """What a real bash offers after the Tab key: names of the catalog too, of the project where none is named."""
    catalog = "servers: {github: {}, gitlab: {}, 'a b': {}, 3: {}}\nclients: {gateway: {}}\nworkloads: {agents: {}}\n"
    (tmp_path / "values.yaml").write_text(catalog, encoding="utf-8")
    (tmp_path / ".mcpfence.yaml").write_text("values: [values.yaml]\n", encoding="utf-8")
    (tmp_path / "mcpfence").write_text(f'#!/bin/sh\nexec {" ".join(mcpfence_command())} "$@"\n', encoding="utf-8")
    (tmp_path / "mcpfence").chmod(0o755)
    script = 'source <(mcpfence completion bash); COMP_WORDS=($1); [ "${1% }" = "$1" ] || COMP_WORDS+=("")\n'
    script += 'COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _mcpfence_completion mcpfence; printf "%s\\n" "${COMPREPLY[@]}"'
    path = f"{tmp_path}:{environment()['PATH']}"
    done = subprocess.run(
        ["bash", "--norc", "-c", script, "bash", line],
        capture_output=True,
        check=True,
        cwd=tmp_path,
        env=environment(PATH=path),
    )

    assert sorted(done.stdout.decode().split()) == sorted(words), done.stderr.decode()


@pytest.mark.parametrize(
    ("words", "position", "kind"),
    [
        ("mcpfence render -f ", "3", "file"),
        ("mcpfence render -o ", "3", "file"),
        ("mcpfence check --values ", "3", "file"),
        ("mcpfence post-render --catalog ", "3", "file"),
    ],
)
def test_completion_of_files(words: str, position: str, kind: str) -> None:
    """Options that take a file let the shell offer files."""
    done = mcpfence(COMP_WORDS=words, COMP_CWORD=position, _MCPFENCE_COMPLETE="bash_complete")

    assert done.stdout.decode() == f"{kind},\n"


# --- the other commands ---


def test_helm_plugin_prints_the_folder() -> None:
    """A path and a line break, fit for $(...)."""
    (line,) = mcpfence("helm-plugin").stdout.decode().splitlines()

    assert (Path(line) / "plugin.yaml").is_file()
    assert Path(line).resolve() == (ROOT / "helm-plugin" / "mcpfence").resolve()


def test_chart_prints_the_folder() -> None:
    """The chart that `render` takes, in a line that fits $(...)."""
    (line,) = mcpfence("chart").stdout.decode().splitlines()

    assert (Path(line) / "Chart.yaml").is_file()
    assert Path(line).resolve() == (ROOT / "chart").resolve()


def test_schema_is_that_of_the_chart() -> None:
    """What helm judges values by is what editors get, and its examples are sound catalogs."""
    schema = json.loads(mcpfence("schema").stdout)

    assert schema == json.loads((ROOT / "chart" / "values.schema.json").read_text(encoding="utf-8"))
    assert len(schema["examples"]) == 2
    for example in schema["examples"]:
        assert mcpfence("check", "-f", "-", stdin=json.dumps(example).encode()).returncode == 0


def test_post_render_in_a_pipe() -> None:
    """The whole stream on stdout, the summary on stderr; Helm 4 is known by HELM_PLUGIN_NAME."""
    neighbour = b"---\nkind: Deployment\n"
    done = mcpfence("post-render", stdin=neighbour + carrier())
    four = mcpfence("post-render", stdin=neighbour + carrier(), HELM_PLUGIN_NAME="mcpfence")

    assert (done.returncode, done.stdout) == (0, neighbour + rendered(carrier()))
    assert four.stdout == neighbour + rendered(carrier(), helm4=True)
    assert done.stderr == b"mcpfence: release demo: 1 fence, 3 objects for namespace demo-mcp, provider none\n"


def test_post_render_with_a_catalog_beside(tmp_path: Path) -> None:
    """--catalog for charts of other people, --services for what only the cluster knows."""
    catalog_file = values_file(
        tmp_path,
        "servers: {a: {runtime: containerized, containerizedConfig: {image: x, port: 80}, "
        "egress: {services: [{name: db, namespace: data}]}}}\n",
        "catalog.yaml",
    )
    service = '{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "db", "namespace": "data"}, '
    service += '"spec": {"selector": {"app": "db"}, "ports": [{"port": 5432}]}}'
    services = values_file(tmp_path, service, "services.json")
    stream = b"---\nkind: Deployment\nmetadata: {name: a}\n"
    arguments = ("post-render", "--catalog", catalog_file, "--release", "demo", "-n", "home")
    done = mcpfence(*arguments, "--services", services, stdin=stream)

    assert done.returncode == 0, done.stderr.decode()
    assert b"port: 5432" in done.stdout
    assert done.stdout.endswith(stream)


@pytest.mark.parametrize("option", ["--services", "--catalog"])
def test_files_of_the_other_kind(tmp_path: Path, option: str) -> None:
    """A catalog where manifests belong, or the other way round, would be lost without a word."""
    manifest = '{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "db"}}'
    wrong = values_file(tmp_path, manifest if option == "--catalog" else "servers: {}\n", "wrong")
    right = values_file(tmp_path, "servers: {}\n" if option == "--services" else manifest, "right")
    arguments = {option: wrong, "--catalog" if option == "--services" else "--services": right}
    flags = [str(part) for pair in arguments.items() for part in pair]
    said = refusal(mcpfence("post-render", *flags, "--release", "a", "-n", "b", stdin=b"---\nkind: Job\n"))

    assert (
        said
        == f"error: {wrong}: "
        + {
            "--services": "holds no Kubernetes manifests; pass Services and workloads here, and a catalog with --catalog "
            "[file-unreadable]",
            "--catalog": "holds Kubernetes manifests, not a catalog; pass manifests with --services [file-unreadable]",
        }[option]
    )
