"""Smithery's configuration: what a commandFunction starts, which is read and never run, and how a server is called."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from mcpfence.imports.run import Imported, Request, import_texts
from mcpfence.imports.shared.source import Text
from mcpfence.imports.smithery.command_function import read_command


def _imported(document: Any, name: str = "notes/smithery.yaml") -> Imported:
    return import_texts([Text(name, json.dumps(document))], Request())


def _started(function: str) -> Imported:
    return _imported({"name": "x", "startCommand": {"type": "stdio", "commandFunction": function}})


def _server(found: Imported) -> dict[str, Any]:
    return dict(yaml.safe_load(found.text)["servers"]["x"]) if found.text else {}


def _said(found: Imported, id: str) -> list[str]:
    return [one.message.partition(": ")[2] for one in found.findings if one.id == id]


# --- the function ---


@pytest.mark.parametrize(
    ("text", "words", "names"),
    [
        ("(config) => ({command: 'npx', args: ['-y', 'notes@1.0'], env: {A_KEY: config.k}})", ("npx", "-y", "notes@1.0"), ("A_KEY",)),
        ('config => { return { "command": "uvx", "args": ["notes"] } }', ("uvx", "notes"), ()),
        ("(c) => ({ command: `npx`, args: ['-y', c.space, 'notes'] })", ("npx", "-y"), ()),
        ("(c) => ({ command: 'npx', args: ['-y', 'notes' + c.tag] })", ("npx", "-y"), ()),
        ("(c) => ({ command: 'npx', args: ['-y', `notes@${c.tag}`] })", ("npx", "-y"), ()),
        ("(c) => ({ command: 'npx', args: ['-y', 'notes', ...(c.x ? ['--x'] : [])] })", ("npx", "-y", "notes"), ()),
        ("// command: 'node'\n(c) => ({ command: 'npx', args: ['notes'] })", ("npx", "notes"), ()),
        ("(c) => ({ command: c.command, args: ['notes'] })", (), ()),
        ("(c) => ({ command: 'npx', args: c.args })", ("npx",), ()),
        ("(c) => ({ env: c.K ? { A_KEY: c.K, ...(c.B ? { 'B': c.B } : {}) } : {} , command: 'uvx', args: ['x']})", ("uvx", "x"), ("A_KEY", "B")),
        ("nothing of the kind", (), ()),
        ("", (), ()),
    ],
)  # fmt: skip
def test_what_is_written_out_is_read(text: str, words: tuple[str, ...], names: tuple[str, ...]) -> None:
    """The command, its arguments up to the first that is computed, and the variables' names."""
    found = read_command(text)

    assert (found.words, found.variables, found.several) == (words, names, False)


@pytest.mark.parametrize(
    "text",
    [
        "c => c.py ? {command: 'uvx', args: ['a']} : {command: 'npx', args: ['b']}",
        "c => { let args = 1; return {command: 'npx', args: ['a'], x: {args: ['b']}} }",
    ],
)
def test_a_choice_is_none(text: str) -> None:
    """Where a function may start this or that, neither is taken."""
    assert read_command(text).words == ()
    assert _said(_started(text), "import-refused") == [
        "chooses between commands when it is run; write the server by hand"
    ]


# --- the server ---


@pytest.mark.parametrize(
    ("function", "server"),
    [
        ("c => ({command: 'npx', args: ['-y', 'notes@1.0']})", {"runtime": "npx", "npxConfig": {"package": "notes@1.0"}}),
        ("c => ({command: 'uvx', args: ['--from', 'notes==1.0', 'run-notes']})", {"runtime": "uvx", "uvxConfig": {"package": "notes==1.0", "command": "run-notes"}}),
        ("c => ({command: 'docker', args: ['run', '-i', 'example/notes:1.0']})", {"runtime": "containerized", "containerizedConfig": {"image": "example/notes:1.0"}}),
        ("c => ({command: 'npx', args: ['mcp-remote', 'https://mcp.example.com/mcp']})", {"runtime": "remote", "remoteConfig": {"fixedURL": "https://mcp.example.com/mcp"}}),
        ("c => ({command: 'python', args: ['-m', 'notes']})", {"runtime": "containerized", "containerizedConfig": {}}),
    ],
)  # fmt: skip
def test_servers(function: str, server: dict[str, Any]) -> None:
    """Packages, images and bridges are what they are in mcp.json; what Smithery builds has no image yet."""
    assert _server(_started(function)) == server


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("c => ({command: 'npx', args: [c.package]})", "names no package behind npx; mend the source"),
        ("c => ({command: 'npx', args: ['--registry', c.registry, 'notes']})", "takes the package from a registry that npx does not ask by itself; build an image that is set to it, and write the server by hand with its host in egress.registries"),
        ("c => ({command: 'npx', args: ['notes'], env: {npm_config_registry: c.registry}})", "takes the package from a registry that npx does not ask by itself; build an image that is set to it, and write the server by hand with its host in egress.registries"),
    ],
)  # fmt: skip
def test_a_package_that_is_not_sure_is_refused(function: str, said: str) -> None:
    """A computed package, or one of another registry, would be somebody else's."""
    assert _said(_started(function), "import-refused") == [said]


@pytest.mark.parametrize(
    ("document", "file", "name", "source"),
    [
        ({"commandFunction": "c => ({command: 'npx', args: ['@example/notes-server@1.0']})"}, "smithery.yaml", "notes-server", "its package's"),
        ({}, "pages/smithery.yaml", "pages", "its folder's"),
        ({}, "smithery.yaml", "smithery", "the format's"),
        ({}, "../smithery.yaml", "smithery", "the format's"),
    ],
)  # fmt: skip
def test_a_name_that_the_file_does_not_say(document: dict[str, Any], file: str, name: str, source: str) -> None:
    """It is guessed, and the guess is said."""
    found = _imported({"startCommand": {"type": "stdio", **document}}, file)
    (server,) = found.servers

    assert server.label == name
    assert f'names no server, so it is called "{name}", {source} name; rename it' in _said(found, "import-guess")


def test_other_files_are_not_taken() -> None:
    """A file of the name that says nothing of how a server starts, and a startCommand of something else."""
    for document, name in (({"name": "x", "tools": []}, "smithery.yaml"), ({"startCommand": "npm start"}, "app.yaml")):
        assert _imported(document, name).servers == ()
