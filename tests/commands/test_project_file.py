"""The project file: it stands in for options that are left out, is found from below, and says where it is wrong."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from edges import carrier, mcpfence, rendered

CATALOG = """\
cluster: {ipFamilies: [IPv4]}
clients: {gateway: {namespace: gateways, podSelector: {app: gateway}}}
servers:
  github:
    runtime: containerized
    containerizedConfig: {image: "ghcr.io/example/github:1.0.0"}
    egress: {cidrs: [{cidr: 203.0.113.0/24, ports: [443]}]}
"""
WHOLE = """\
values: [values.yaml]
release: mcp
namespace: tools
output: manifests
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A Git repository with a catalog and a project file, and a folder below."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "below").mkdir()
    (tmp_path / "values.yaml").write_text(CATALOG)
    (tmp_path / ".mcpfence.yaml").write_text(WHOLE)
    return tmp_path


def test_check_needs_no_options(folder: Path) -> None:
    """The values files are the project's, and it is said whose they are."""
    done = mcpfence("check", cwd=folder)

    assert done.returncode == 0
    assert done.stderr.decode().splitlines() == [
        "mcpfence: values.yaml, as .mcpfence.yaml has it",
        "mcpfence: no errors, no warnings, no notes",
    ]


def test_render_writes_where_the_project_says(folder: Path) -> None:
    """Release, namespace and folder are the project's, seen from the working folder; nothing goes to stdout."""
    done = mcpfence("render", "--policies-only", cwd=folder / "below")

    assert (done.returncode, done.stdout) == (0, b"")
    assert "mcpfence: ../values.yaml, as ../.mcpfence.yaml has it" in done.stderr.decode()
    assert "release mcp:" in done.stderr.decode()
    assert list((folder / "manifests").glob("networkpolicy-*.yaml"))


def test_options_win(folder: Path) -> None:
    """-f, --release and -o on the command line count; - is stdout."""
    (folder / "other.yaml").write_text(CATALOG.replace("github", "notes"))

    done = mcpfence("render", "--policies-only", "-f", "other.yaml", "--release", "mine", "-o", "-", cwd=folder)

    assert b"notes" in done.stdout
    assert b"github" not in done.stdout
    assert "release mine:" in done.stderr.decode()
    assert "as .mcpfence.yaml has it" not in done.stderr.decode()
    assert not (folder / "manifests").exists()


def test_strict_can_be_taken_back(folder: Path) -> None:
    """`strict: true` makes warnings errors, and --no-strict makes them warnings again."""
    (folder / ".mcpfence.yaml").write_text("values: values.yaml\nstrict: true\n")
    (folder / "values.yaml").write_text("\n".join(line for line in CATALOG.split("\n") if "clients" not in line))

    said = mcpfence("check", cwd=folder)
    taken_back = mcpfence("check", "--no-strict", cwd=folder)

    assert (said.returncode, taken_back.returncode) == (1, 0), said.stderr.decode()


def test_a_file_above_the_repository_does_not_count(folder: Path) -> None:
    """What lies above the folder with .git is somebody else's."""
    inner = folder / "below"
    (inner / ".git").mkdir()

    done = mcpfence("check", cwd=inner)

    assert done.returncode == 2
    assert done.stderr.decode().splitlines()[-1] == (
        "Error: Nothing to check: name a values file with -f, or in .mcpfence.yaml."
    )


def test_config_says_what_holds_and_from_where(folder: Path) -> None:
    """Each key with its value and its place."""
    assert mcpfence("config", cwd=folder).stdout.decode() == (
        ".mcpfence.yaml\n"
        "  values     values.yaml              .mcpfence.yaml:1:1       values files, later ones over earlier ones\n"
        "  release    mcp                      .mcpfence.yaml:2:10      name of the release\n"
        "  namespace  tools                    .mcpfence.yaml:3:12      the release's own namespace\n"
        "  output     manifests                .mcpfence.yaml:4:9       folder that render writes to\n"
        "  strict     no                       default                  whether warnings are errors\n"
    )


def test_config_without_a_project_file(tmp_path: Path) -> None:
    """The defaults, and that there is none."""
    (tmp_path / ".git").mkdir()

    assert mcpfence("config", cwd=tmp_path).stdout.decode().splitlines()[:2] == [
        "no .mcpfence.yaml",
        "  values     -                        default                  values files, later ones over earlier ones",
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "valeus: [a.yaml]\n",
            '.mcpfence.yaml:1:1: "valeus" is no key of the project file; '
            "did you mean values? Else write one of values, release, namespace, output, strict",
        ),
        (
            "values: [a.yaml, 3]\n",
            ".mcpfence.yaml:1:1: values is a list; "
            "write a list of file names: values files, later ones over earlier ones",
        ),
        (
            "values: []\n",
            ".mcpfence.yaml:1:1: values is a list; write a list of file names: values files, later ones over earlier ones",
        ),
        (
            "release: mcp\nstrict: maybe\n",
            ".mcpfence.yaml:2:9: strict is a string; write true or false: whether warnings are errors",
        ),
        ("output: ''\n", ".mcpfence.yaml:1:9: output is a string; write a name: folder that render writes to"),
        (
            'values: values.yaml\noutput: "a\\0b"\n',
            ".mcpfence.yaml:2:9: output holds a zero byte, as no path does; "
            "write it without: folder that render writes to",
        ),
        ("- a\n", ".mcpfence.yaml: is a list, not a mapping; write keys such as servers: at its top"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(folder: Path, text: str, sentence: str) -> None:
    """In commands that take it, and in `config`."""
    (folder / ".mcpfence.yaml").write_text(text)

    done, told = mcpfence("check", cwd=folder), mcpfence("config", cwd=folder)

    assert (done.returncode, done.stdout, done.stderr.decode()) == (1, b"", f"Error: {sentence}\n")
    assert (told.returncode, told.stdout) == (1, b"")
    assert told.stderr.decode().startswith(f"error: {sentence} [")


@pytest.mark.parametrize("output", ["../out", "/outside", "link/out", ".git/hooks", "below/../../out"])
def test_output_stays_in_the_repository(folder: Path, output: str) -> None:
    """Who changes the project file does not choose where a colleague's render writes; -o does."""
    (folder / "link").symlink_to(folder.parent)
    (folder / ".mcpfence.yaml").write_text(f"values: values.yaml\noutput: {output}\n")
    done = mcpfence("render", "--policies-only", cwd=folder / "below")

    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode() == (
        "Error: ../.mcpfence.yaml:2:9: output leads out of the repository; "
        "write a folder in it; render -o names any other one\n"
    )
    assert not (folder.parent / "out").exists()


def test_output_without_a_repository(folder: Path) -> None:
    """Then the folder of the file is the bound."""
    (folder / ".git").rmdir()
    (folder / ".mcpfence.yaml").write_text("values: values.yaml\noutput: ../out\n")
    done = mcpfence("render", "--policies-only", cwd=folder)

    assert done.returncode == 1
    assert "Error: .mcpfence.yaml:2:9: output leads out of the file's own folder; " in done.stderr.decode()


@pytest.mark.parametrize(
    ("name", "what"), [("pipe", "a pipe or a device"), ("/dev/zero", "a pipe or a device"), ("-", "stdin")]
)
@pytest.mark.parametrize("command", ["check", "config", "fmt", "explain"])
def test_values_that_never_end(folder: Path, command: str, name: str, what: str) -> None:
    """Whoever writes the project file cannot make a colleague's command wait, or read, for ever."""
    os.mkfifo(folder / "pipe")
    (folder / ".mcpfence.yaml").write_text(f'values: [values.yaml, "{name}"]\n')

    done = mcpfence(command, cwd=folder, stdin=b"")

    assert (done.returncode, done.stdout) == (1, b"")
    sentence = f'values names "{name}", which is {what}; name a file; -f takes anything that can be read'
    assert f".mcpfence.yaml:1:1: {sentence}" in done.stderr.decode()


@pytest.mark.parametrize("name", ["../outside.yaml", "link.yaml"])
def test_fmt_rewrites_nothing_outside(folder: Path, name: str) -> None:
    """A change to the project file cannot choose which of a colleague's files are written; whoever names one may."""
    outside = folder.parent / "outside.yaml"
    outside.write_text("servers: {b: 1, a: 2}\n")
    (folder / "link.yaml").symlink_to(outside)
    (folder / ".mcpfence.yaml").write_text(f"values: [values.yaml, {name}]\n")

    done = mcpfence("fmt", cwd=folder)

    assert done.returncode == 1
    assert (
        f"error: {name}: lies outside of the project's repository, or behind a link that leads there; "
        "name it, and it is formatted [format-refused]"
    ) in done.stderr.decode()
    assert outside.read_text() == "servers: {b: 1, a: 2}\n"
    assert mcpfence("fmt", name, cwd=folder).returncode == 0


def test_links_in_a_circle(folder: Path) -> None:
    """As values, and as the folder to write to: an error with what is wrong, and no internal one."""
    (folder / "round").symlink_to("round")
    (folder / ".mcpfence.yaml").write_text("values: round\noutput: round\n")

    for command in ("check", "fmt", "config", "render"):
        done = mcpfence(command, cwd=folder)
        assert done.returncode == (0 if command == "config" else 1)
        assert b"[internal]" not in done.stderr
        assert b"Traceback" not in done.stderr


def test_values_on_the_command_line_may_be_a_pipe(folder: Path) -> None:
    """Whoever writes -f chose it."""
    os.mkfifo(folder / "pipe")
    writer = threading.Thread(target=lambda: (folder / "pipe").write_text(CATALOG))
    writer.start()
    done = mcpfence("check", "-f", "pipe", cwd=folder)
    writer.join()

    assert done.returncode == 0, done.stderr.decode()


def test_a_bad_release_is_told_like_one_of_an_option(folder: Path) -> None:
    """The same judge as that of --release."""
    (folder / ".mcpfence.yaml").write_text("values: values.yaml\nrelease: Not_A_Name\n")

    done = mcpfence("check", cwd=folder)

    assert done.returncode == 2
    assert "'Not_A_Name' is no release name" in done.stderr.decode()


def test_post_render_reads_no_project_file(folder: Path) -> None:
    """What helm hands over is all that there is to it, whatever lies in the folder."""
    (folder / ".mcpfence.yaml").write_text("nonsense\n")

    done = mcpfence("post-render", stdin=carrier(), cwd=folder)

    assert (done.returncode, done.stdout) == (0, rendered(carrier()))
