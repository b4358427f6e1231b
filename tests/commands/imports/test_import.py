"""`mcpfence import` as people call it: where it reads and writes, what it says, how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from helpers import run_cli

ENTRY = """\
name: notes
type: server
image: ghcr.io/example/notes:1.0.0
run:
  allowHosts: [api.example.com:443]
"""
SILENT = "name: silent\ntype: server\nimage: ghcr.io/example/silent:1.0.0\n"
BROKEN = "name: broken\nrun: [\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a small registry."""
    monkeypatch.chdir(tmp_path)
    for name, text in (("notes", ENTRY), ("silent", SILENT)):
        (tmp_path / "servers" / name).mkdir(parents=True)
        (tmp_path / "servers" / name / "server.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def _servers(text: str) -> set[str]:
    return set(yaml.safe_load(text)["servers"])


# --- reading ---


@pytest.mark.parametrize("source", ["servers", "servers/notes/server.yaml", "-"])
@pytest.mark.parametrize("name", ["auto", "docker"])
def test_reads_folders_files_and_stdin(name: str, source: str) -> None:
    """A folder, a file and stdin give the same server, with the format named or found out."""
    outcome = run_cli("import", name, source, "--quiet", stdin=ENTRY.encode())

    assert outcome.code == 0
    assert outcome.stderr == ""
    assert yaml.safe_load(outcome.stdout)["servers"]["notes"] == {
        "runtime": "containerized",
        "containerizedConfig": {"image": "ghcr.io/example/notes:1.0.0", "egressDomains": ["api.example.com"]},
    }


MIXED, LOWER, HEX = "Zk3PqX9vLm2RtY7wBn5Hs8Jd4", "a8f3kq92mzx7w1pl5vtn0dyb6", "9f86d081884c7d659a2feaa0c55ad015"
FORMED = "ghp_" + "1234567890abcdefghijklmnopqrstuvwxyz"
DIGEST = f"ghcr.io/example/notes@sha256:{HEX}{HEX}"


@pytest.mark.parametrize(
    "image", [MIXED, LOWER, FORMED, HEX, f"{MIXED}:1", f"ghcr.io/example/{LOWER}:1.0.0", f"ghcr.io/{MIXED}/notes"]
)
def test_a_token_in_the_place_of_an_image_is_not_copied(image: str) -> None:
    """Nor is it said: the entry is refused with its place."""
    outcome = run_cli("import", "docker", "-", stdin=f"name: a\ntype: server\nimage: {image}\n".encode())

    assert (outcome.code, outcome.stdout) == (1, "")
    assert (
        'error: stdin:1: "a" has what may be a secret in its name, image, package or URL, and is not copied; '
        "write the server by hand if you need it, the secret apart [import-refused]\n"
    ) in outcome.stderr
    assert not any(secret in outcome.stderr for secret in (MIXED, LOWER, FORMED, HEX))


@pytest.mark.parametrize("where", ["package", "url", "name"])
def test_nor_elsewhere_in_an_entry(where: str) -> None:
    """As a package, in the path of a URL, or as the name of a server."""
    entry = {
        "package": f'"a": {{"command": "npx", "args": ["-y", "{MIXED}"]}}',
        "url": f'"a": {{"url": "https://mcp.example.com/s/{MIXED}/mcp"}}',
        "name": f'"{FORMED}": {{"command": "npx", "args": ["-y", "notes@1.0.0"]}}',
    }[where]
    outcome = run_cli("import", "mcp-json", "-", stdin=f'{{"mcpServers": {{{entry}}}}}'.encode())

    assert (outcome.code, outcome.stdout) == (1, "")
    assert not any(secret in outcome.stderr for secret in (MIXED, FORMED))


@pytest.mark.parametrize("image", [DIGEST, f"ghcr.io/example/notes:{HEX}", f"ghcr.io/example/notes:1.0.0-{HEX}"])
def test_digests_are_copied(image: str) -> None:
    """A digest, or the name of a commit as a tag, is made by chance and no secret."""
    outcome = run_cli("import", "docker", "-", "-q", stdin=f"name: a\ntype: server\nimage: {image}\n".encode())

    assert (outcome.code, outcome.stderr) == (0, "")
    assert image in outcome.stdout


def test_a_file_that_is_named_twice_is_read_once() -> None:
    """The same file by two paths is one entry, not two that clash."""
    outcome = run_cli("import", "docker", "servers", "servers/notes/server.yaml", "./servers/notes", "--quiet")

    assert _servers(outcome.stdout) == {"notes", "silent"}


def test_hidden_folders_are_left_out(folder: Path) -> None:
    """What stands below .git or .github is no entry."""
    (folder / "servers" / ".github").mkdir()
    (folder / "servers" / ".github" / "broken.yaml").write_text(BROKEN, encoding="utf-8")

    assert run_cli("import", "docker", "servers", "--quiet").code == 0


def test_a_broken_file_is_refused_and_the_rest_imported(folder: Path) -> None:
    """One broken file of a folder is an error with its line; the catalog is complete for the rest, and exit is 1."""
    (folder / "servers" / "broken.yaml").write_text(BROKEN, encoding="utf-8")
    outcome = run_cli("import", "docker", "servers", "--quiet")

    assert outcome.code == 1
    assert _servers(outcome.stdout) == {"notes", "silent"}
    assert outcome.stderr == (
        "error: servers/broken.yaml:3:1: did not find expected node content; mend it and import it again; "
        "nothing of this file was imported [import-unreadable]\n"
    )


def test_a_missing_file_is_said_and_the_rest_imported() -> None:
    """A path that does not exist is an error, and the others are imported."""
    outcome = run_cli("import", "docker", "nowhere.yaml", "servers", "--quiet")

    assert (outcome.code, _servers(outcome.stdout)) == (1, {"notes", "silent"})
    assert outcome.stderr == (
        "error: nowhere.yaml: cannot be read (No such file or directory); check the path [file-unreadable]\n"
    )


@pytest.mark.parametrize(
    ("stdin", "said"),
    [
        (
            "",
            "error: stdin: there is nothing to import in the input; name files or folders of: FORMATS [import-nothing]",
        ),
        (
            "{}",
            "error: stdin:1: holds nothing that a known format has; name its format (FORMATS) [import-unreadable]",
        ),
        (
            "[",
            "error: stdin:2:1: did not find expected node content; mend it and import it again; "
            "nothing of this file was imported [import-unreadable]",
        ),
        (
            "\xff",
            "error: stdin: is no UTF-8 at byte 0; save it as UTF-8 [file-unreadable]",
        ),
    ],
)
def test_nothing_to_import(stdin: str, said: str) -> None:
    """Where nothing can be imported, stdout stays empty, and the one error says why."""
    from mcpfence.imports import FORMATS

    outcome = run_cli("import", "auto", "-", stdin=stdin.encode("latin-1"))

    assert (outcome.code, outcome.stdout) == (1, "")
    assert outcome.stderr == said.replace("FORMATS", ", ".join(FORMATS)) + "\n"


def test_a_named_file_of_another_format_is_an_error(folder: Path) -> None:
    """A file that the user named and the format does not know is an error that points to the mapping."""
    (folder / "other.yaml").write_text("a: 1\n", encoding="utf-8")
    outcome = run_cli("import", "docker", "other.yaml")

    assert (outcome.code, outcome.stdout) == (1, "")
    assert outcome.stderr == (
        "error: other.yaml:1: holds nothing that the format docker has; see mcpfence import docker --explain-source "
        "[import-unreadable]\n"
    )


# --- choosing ---


def test_only_takes_what_is_named_and_says_nothing_of_others(folder: Path) -> None:
    """--only takes entries by their name; what is wrong with others is not said and does not count."""
    (folder / "servers" / "bad.yaml").write_text("name: bad\ntype: server\n", encoding="utf-8")
    outcome = run_cli("import", "docker", "servers", "--only", "notes", "--verbose")

    assert (outcome.code, _servers(outcome.stdout)) == (0, {"notes"})
    assert outcome.stderr == (
        "mcpfence: 1 server: 1 hosted, 0 remote or composite\nmcpfence: of the hosted ones 1 with destinations listed\n"
    )


def test_only_takes_several_names() -> None:
    """--only may be repeated, and takes a list with commas."""
    assert _servers(run_cli("import", "docker", "servers", "--only", "notes,silent").stdout) == {"notes", "silent"}
    assert _servers(run_cli("import", "docker", "servers", "--only", "notes", "--only", "silent").stdout) == {
        "notes",
        "silent",
    }


def test_only_with_an_unknown_name() -> None:
    """A name that is in no entry is an error with the nearest one, and nothing is printed."""
    outcome = run_cli("import", "docker", "servers", "--only", "note", "--quiet")

    assert (outcome.code, outcome.stdout) == (1, "")
    assert outcome.stderr == (
        'error: --only "note" is in no entry; did you mean notes? Else write one of notes, silent [import-nothing]\n'
    )


# --- the provider ---


def test_provider_is_written_where_names_are_listed() -> None:
    """Names need an engine: the first that knows them is written; --provider says another; without names there is none."""
    assert yaml.safe_load(run_cli("import", "docker", "servers").stdout)["egress"] == {"provider": "aviatrix"}
    assert "egress" not in yaml.safe_load(run_cli("import", "docker", "servers", "--only", "silent").stdout)
    asked = run_cli("import", "docker", "servers", "--only", "silent", "--provider", "none").stdout
    assert yaml.safe_load(asked)["egress"] == {"provider": "none"}


def test_provider_none_with_names_is_refused() -> None:
    """A provider that knows no names is refused where names are listed, as `check` refuses it."""
    outcome = run_cli("import", "docker", "servers", "--provider", "none", "--quiet")

    assert (outcome.code, outcome.stdout) == (1, "")
    assert outcome.stderr.startswith("error: egress.provider: ")
    assert outcome.stderr.endswith("[domains-unenforced]\n")


# --- writing ---


def test_output_is_written_and_the_next_step_said(folder: Path) -> None:
    """-o writes the file, says so, and leaves nothing else behind."""
    outcome = run_cli("import", "docker", "servers", "-o", "values.yaml")

    assert (outcome.code, outcome.stdout) == (0, "")
    assert outcome.stderr == (
        "1 note not shown; -v shows them\n"
        "mcpfence: 2 servers: 2 hosted, 0 remote or composite\n"
        "mcpfence: of the hosted ones 1 with destinations listed, 1 with nothing declared\n"
        "mcpfence: those with nothing declared are listed at the end of the catalog: they reach nothing until you say "
        "what\n"
        "mcpfence: values.yaml written; next: mcpfence check -f values.yaml\n"
    )
    assert sorted(path.name for path in folder.iterdir()) == ["servers", "values.yaml"]
    assert run_cli("check", "-f", "values.yaml").code == 0


def test_output_to_stdout(folder: Path) -> None:
    """-o - is stdout, and no file of that name."""
    outcome = run_cli("import", "docker", "servers", "-o", "-", "--quiet")

    assert (outcome.code, outcome.stdout) == (0, run_cli("import", "docker", "servers", "--quiet").stdout)
    assert outcome.stdout.startswith("# A catalog")
    assert [path.name for path in folder.iterdir()] == ["servers"]


def test_output_never_overwrites(folder: Path) -> None:
    """-o on an existing file is an error; --merge of that very file or --force are the ways on."""
    target = folder / "values.yaml"
    target.write_text("# mine\nservers: {}\n", encoding="utf-8")
    outcome = run_cli("import", "docker", "servers", "-o", "values.yaml", "--quiet")

    assert (outcome.code, outcome.stdout) == (1, "")
    assert outcome.stderr == (
        "error: values.yaml: exists already; choose another file, add --merge values.yaml to keep what is in it, "
        "or --force to replace it [import-output]\n"
    )
    assert target.read_text(encoding="utf-8") == "# mine\nservers: {}\n"
    assert run_cli("import", "docker", "servers", "-o", "values.yaml", "--merge", "values.yaml", "-q").code == 0
    assert target.read_text(encoding="utf-8").startswith("# mine\nservers: {")
    assert run_cli("import", "docker", "servers", "-o", "values.yaml", "--force", "--quiet").code == 0
    assert "# mine" not in target.read_text(encoding="utf-8")


def test_merge_of_another_file_does_not_open_the_target(folder: Path) -> None:
    """--merge base.yaml keeps what base.yaml has, not what is in the file that -o names."""
    for name in ("base.yaml", "values.yaml"):
        (folder / name).write_text("servers: {}\n", encoding="utf-8")
    outcome = run_cli("import", "docker", "servers", "-o", "values.yaml", "--merge", "base.yaml", "--quiet")

    assert outcome.code == 1
    assert "values.yaml: exists already" in outcome.stderr


def test_output_that_cannot_be_written(folder: Path) -> None:
    """Where the target cannot be written the error says so, and no temporary file stays."""
    outcome = run_cli("import", "docker", "servers", "-o", "nowhere/values.yaml", "--quiet")

    assert outcome.code == 1
    assert outcome.stderr == (
        "error: nowhere/values.yaml: cannot be written (No such file or directory); choose another -o [output-failed]\n"
    )
    assert sorted(path.name for path in folder.iterdir()) == ["servers"]


# --- usage ---


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("docker",), "Nothing to import: name files or folders, or - for stdin."),
        (("docker", "-", "-"), "stdin can be read once: give - for one file only."),
        (("docker", "-", "--merge", "-"), "stdin can be read once: give - for one file only."),
        (("docker", "servers", "--pods", "pods.json"), "The format docker has no use for --pods; "),
        (("dockr", "servers"), "'dockr' is not one of 'auto', "),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], said: str) -> None:
    """Wrong usage ends with 2, and says what is wrong."""
    outcome = run_cli("import", *arguments)

    assert (outcome.code, outcome.stdout) == (2, "")
    assert said in outcome.stderr


def test_strict_makes_warnings_errors_and_prints_all_the_same(folder: Path) -> None:
    """With --strict a warning ends with 1; the catalog is complete."""
    (folder / "any.yaml").write_text(ENTRY.replace("api.example.com:443", '"*:443"'), encoding="utf-8")
    outcome = run_cli("import", "docker", "any.yaml", "--strict")

    assert (outcome.code, _servers(outcome.stdout)) == (1, {"notes"})


def test_explain_source_names_every_field() -> None:
    """--explain-source prints each field that a format's tables have, and needs no path."""
    from mcpfence.imports import FORMATS

    for name, item in FORMATS.items():
        outcome = run_cli("import", name, "--explain-source")
        assert outcome.code == 0
        assert all(row.field in outcome.stdout for table in item.tables for row in table.rows)
    everything = run_cli("import", "auto", "--explain-source").stdout
    assert all(item.summary in everything for item in FORMATS.values())
