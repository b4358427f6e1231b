"""The docs say what is so: generated parts are fresh, links lead somewhere, commands parse."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import gen_docs
from mcpfence.cli.main import main as cli
from pages import BLOCKS, OURS, PAGES, Block, prose, title
from tooling import ROOT

PACKAGE = ROOT / "renderer" / "mcpfence"

_SPAN = re.compile(r"`([^`\n]+)`")
_GENERATED = re.compile(r"<!-- begin: .*?<!-- end: \w+ -->", re.DOTALL)
_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")


# --- generated parts ---

NO_SOURCES = shutil.ignore_patterns("chart", "helm_plugin", "__pycache__")
"""Links to folders beside the package, and what other tests compile at the same time: files that come and go."""


def test_generated_parts_are_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    """The catalog reference, the findings, the modules and the commands are what their sources say now."""
    code = gen_docs.main(["--check"])

    assert (code, capsys.readouterr().err) == (0, "")


@pytest.mark.parametrize("part", gen_docs.PARTS)
def test_a_stale_part_is_found_and_mended(tmp_path: Path, capsys: pytest.CaptureFixture[str], part: str) -> None:
    """`--check` names the page and changes nothing; without it the part is written, and the page is fresh again."""
    for name in ("README.md", "docs", "schemas", "pyproject.toml"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    shutil.copytree(PACKAGE, tmp_path / gen_docs.PACKAGE, ignore=NO_SOURCES)
    page = tmp_path / gen_docs.PARTS[part][0]
    assert gen_docs.main(["--root", str(tmp_path)]) == 0
    good = page.read_text(encoding="utf-8")
    stale = good.replace(f"<!-- end: {part} -->", f"stale\n\n<!-- end: {part} -->")
    page.write_text(stale, encoding="utf-8")

    assert gen_docs.main(["--check", "--root", str(tmp_path)]) == 1
    sentence = f"{gen_docs.PARTS[part][0].as_posix()} is stale: the part {part!r} is not what its source says now"
    assert sentence in capsys.readouterr().err
    assert page.read_text(encoding="utf-8") == stale
    assert gen_docs.main(["--root", str(tmp_path)]) == 0
    assert page.read_text(encoding="utf-8") == good


def test_a_page_without_a_place_for_its_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A page that has lost the comments around its part is an error, not silence."""
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copytree(ROOT / "schemas", tmp_path / "schemas")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(PACKAGE, tmp_path / gen_docs.PACKAGE, ignore=NO_SOURCES)
    (tmp_path / "docs" / "commands.md").write_text("# Commands\n", encoding="utf-8")

    assert gen_docs.main(["--check", "--root", str(tmp_path)]) == 1
    assert "docs/commands.md has no lines <!-- begin: commands" in capsys.readouterr().err


def test_architecture_names_every_package_and_no_other() -> None:
    """docs/architecture.md has one row for each package, in the order of the layers, and none for what is not there."""
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    said = re.findall(r"^\| `(\w+)/` \|", page, re.MULTILINE)
    there = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}

    assert said == gen_docs.layers(ROOT)
    assert sorted(said) == sorted(there)


def test_at_most_five_modules_lie_outside_the_packages() -> None:
    """`ls -R renderer/mcpfence` spells the pipeline in folders: hardly a module lies beside them."""
    assert len(list(PACKAGE.glob("*.py"))) <= 5


def test_catalog_reference_has_every_key() -> None:
    """Every key that the schema knows stands in docs/catalog-reference.md."""
    schema = json.loads((ROOT / "schemas" / "catalog.schema.json").read_text(encoding="utf-8"))
    text = (ROOT / "docs" / "catalog-reference.md").read_text(encoding="utf-8")
    said = {path.replace("[]", "").rpartition(".")[2] for path in re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)}
    said |= set(re.findall(r"^## `(\w+)`$", text, re.MULTILINE))

    assert {key for node in (schema, *schema["$defs"].values()) for key in node.get("properties", {})} - said == set()


# --- links ---


def _slugs(page: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#{1,6} (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_relative_links_lead_somewhere(page: Path) -> None:
    """Each relative link names a file of the checkout, and each anchor a heading of it."""
    broken = []
    for link in _LINK.findall(_SPAN.sub("", prose(page))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in _slugs(target)):
            broken.append(link)

    assert broken == []


# --- commands ---


def _lines(block: Block) -> Iterator[str]:
    """The shell lines of a block, continued ones in one piece."""
    text = block.text.replace("\\\n", " ")
    for line in text.splitlines():
        if block.kind == "console":
            if line.startswith("$ "):
                yield line[2:]
        elif line.strip():
            yield line


def _calls(line: str) -> Iterator[list[str]]:
    """The arguments of every call of mcpfence in a shell line: in pipes, in $( ), and as helm's post-renderer."""
    for inner in re.findall(r"\$\(([^()]*)\)", line):
        yield from _calls(inner)
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    words: list[str] = []
    for token in [*lexer, ";"]:
        if set(token) <= set("|&;<>"):
            yield from _of_segment(words)
            words = []
        else:
            words.append(token)


def _of_segment(words: list[str]) -> Iterator[list[str]]:
    while words and re.match(r"\w+=", words[0]):
        words = words[1:]
    if words[:1] == ["mcpfence"]:
        yield words[1:]
    if words[:1] == ["helm"] and "--post-renderer" in words:
        assert words[words.index("--post-renderer") + 1] == "mcpfence"
        given = [words[i + 1] for i, word in enumerate(words) if word == "--post-renderer-args"]
        yield given if given[:1] == ["post-render"] else ["post-render", *given]


def _parse(arguments: list[str]) -> None:
    """Parse a call with click's own parser; raises click.UsageError for an unknown command or option."""
    context = click.Context(cli, info_name="mcpfence")
    if arguments[0].startswith("-"):
        assert arguments in (["--version"], ["--help"])
        return
    command = cli.get_command(context, arguments[0])
    assert command, f"no command {arguments[0]}"
    command.make_context(arguments[0], arguments[1:], parent=context)


SHELL = [block for block in BLOCKS if block.kind in ("sh", "console")]


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_commands_parse(block: Block) -> None:
    """Every call of mcpfence in a code block has a command and options that exist."""
    for line in _lines(block):
        for call in _calls(line):
            _parse(call)


def test_calls_are_found_where_they_hide() -> None:
    """Pipes, substitutions, settings before the command, comments and post-renderer arguments are understood."""
    found = [
        list(_calls(line))
        for line in (
            "helm template a b | mcpfence post-render -q > out.yaml  # mcpfence nonsense",
            'X=1 mcpfence check -f "a b.yaml"',
            'helm plugin install "$(mcpfence helm-plugin)"',
            "helm template a b --post-renderer mcpfence --post-renderer-args --strict",
            "echo mcpfence",
        )
    ]

    assert found == [
        [["post-render", "-q"]],
        [["check", "-f", "a b.yaml"]],
        [["helm-plugin"]],
        [["post-render", "--strict"]],
        [],
    ]
    with pytest.raises(click.UsageError):
        _parse(["check", "--nonsense"])


@pytest.mark.parametrize("page", OURS, ids=title)
def test_commands_in_prose_exist(page: Path) -> None:
    """A command of mcpfence that is named in a sentence exists, with the options named beside it."""
    context = click.Context(cli, info_name="mcpfence")
    for span in _SPAN.findall(_GENERATED.sub("", prose(page))):
        name, *rest = span.removeprefix("mcpfence ").split()
        if not span.startswith("mcpfence ") or name.startswith("-") or name.isupper():
            continue
        command = cli.get_command(context, name)
        assert command, span
        known = {option for parameter in command.params for option in parameter.opts} | {"-h", "--help"}
        assert {word.partition("=")[0] for word in rest if re.match(r"--?[a-z]", word)} <= known, span
