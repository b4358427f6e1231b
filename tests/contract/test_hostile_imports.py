"""Hostile and broken sources: no traceback, no half catalog, nothing wider; the rest is imported."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers import run_cli
from mcpfence.documents.reader import load_foreign
from mcpfence.imports.run import Imported, Request, import_texts
from mcpfence.imports.shared.source import Text
from tooling import TESTS

CASES = TESTS / "commands" / "imports" / "cases"
_SOURCES = sorted(
    path
    for path in CASES.rglob("input/**/*")
    if path.suffix in (".yaml", ".json") and "broken" not in path.as_posix()  # those cannot be read at all
)
_WRONG: tuple[Any, ...] = (5, True, "", "x\ny: {}", [], {}, [5], {"a": []}, "\u202e\u0430\x07", "{{ .Values.x }}")


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in pairs:
        yield from _paths(below, (*path, key))


def _replaced(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    changed = copy.deepcopy(document)
    holder = changed
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    return changed


def _imported(text: str, name: str = "input.yaml") -> Imported:
    return import_texts([Text(name, text)], Request())


@pytest.mark.parametrize("source", _SOURCES, ids=lambda path: path.relative_to(CASES).as_posix())
def test_any_value_may_be_anything(source: Path) -> None:
    """Each value of each case, replaced by each of ten wrong ones, gives a catalog that reads back, or none; no fault."""
    documents = [item for item in load_foreign(source.read_text(encoding="utf-8-sig")) if item is not None]
    for number, document in enumerate(documents):
        if len(json.dumps(document, default=str)) > 20_000:
            continue
        for i, path in enumerate(_paths(document)):
            value = _WRONG[i % len(_WRONG)]
            others = [item for other, item in enumerate(documents) if other != number]
            texts = [json.dumps(item, default=str) for item in (*others, _replaced(document, path, value))]
            found = import_texts([Text(f"{n}.json", text) for n, text in enumerate(texts)], Request())
            assert "internal" not in {finding.id for finding in found.findings}
            assert not found.text or isinstance(yaml.safe_load(found.text), dict)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("github", "github"),
        ("GitHub Official", "github-official"),
        ("io.github.user/Server_1", "io-github-user-server-1"),
        ("--a--", "a"),
        ("evil\nservers: {}", "evil-servers-27c2dce9"),
        ("g\u0456thub", "g-thub-d9f1fab9"),
        ("\u202egithub", "github-f87f7f0c"),
        ("\u540d\u524d", "server-7ec26292"),
        ("...", "server-ab5df625"),
        ("a" * 64, "a" * 54 + "-ffe054fe"),
    ],
)
def test_names_become_labels(name: str, expected: str) -> None:
    """A name becomes one label: what only looks like another name, or is too long, gets its hash."""
    found = _imported(json.dumps({"registry": {name: {"type": "server", "image": "example/x:1"}}}))

    assert [item.label for item in found.servers] == [expected]
    assert set(yaml.safe_load(found.text)["servers"]) == {expected}
    hashed = re.fullmatch(r".*-[0-9a-f]{8}", expected) is not None
    assert ["import-name"] * hashed == [finding.id for finding in found.findings if finding.id == "import-name"]


def test_names_that_clash_are_numbered_whatever_the_order() -> None:
    """Of several names with one label each gets its own, and the same in whatever order the files come."""
    names = ["a b", "A-B", "a-b", "a_b-2", "a.b"]
    texts = [
        Text(f"{i}.json", json.dumps({"name": n, "type": "server", "image": f"x/{i}:1"})) for i, n in enumerate(names)
    ]
    forward, backward = (import_texts(order, Request()) for order in (texts, texts[::-1]))

    assert yaml.safe_load(forward.text) == yaml.safe_load(backward.text)
    images = {
        name: server["containerizedConfig"]["image"] for name, server in yaml.safe_load(forward.text)["servers"].items()
    }
    assert images == {"a-b": "x/2:1", "a-b-2": "x/3:1", "a-b-3": "x/1:1", "a-b-4": "x/0:1", "a-b-5": "x/4:1"}
    assert len([f for f in forward.findings if f.id == "import-name"]) == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: x\nname: y\n", 'input.yaml:2:1: the key "name" stands twice; mend it and import it again; nothing of this file was imported'),
        ("name: !!python/name:os.system x\n", "input.yaml:1:7: a value has a tag, as everything that begins with ! and stands without quotes; mend it and import it again; nothing of this file was imported"),
        ("{{- range .Values.x }}\nname: x\n", "input.yaml:1:3: did not find expected node content; mend it and import it again; nothing of this file was imported"),
        ("a: " + "[" * 300 + "]" * 300, "input.yaml:1:203: is nested more than 200 levels deep; mend it and import it again; nothing of this file was imported"),
        ("a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(f"{y}: &{y} [{','.join(['*' + x] * 10)}]\n" for x, y in zip("abcdefg", "bcdefgh", strict=True)), "input.yaml:7:4: unfolds into more than 2,000,000 values through its aliases; mend it and import it again; nothing of this file was imported"),
        ("a: 1\n---\nb: [\n", "input.yaml:4:1: did not find expected node content; mend it and import it again; nothing of this file was imported"),
    ],
    ids=["twice", "tag", "template", "deep", "bomb", "second document"],
)  # fmt: skip
def test_files_that_are_refused_whole(text: str, said: str) -> None:
    """A file that cannot be trusted to say what it says is refused with its place, and nothing comes of it."""
    found = _imported(text)

    assert found.text == ""
    assert [finding.message for finding in found.findings if finding.id == "import-unreadable"] == [said]


def test_long_strings_are_cut_in_every_message() -> None:
    """Ten million characters in any place are read in linear time and never shown whole."""
    big = "a" * 10_000_000
    entry = {"type": "server", "image": "x/y:1", "allowHosts": [f"{big}:443"], "secrets": [{"env": f"A{big}"}], big: 1}
    registry = {
        big: entry,
        "b": {"type": "server", "image": big},
        "c": {"type": "remote", "remote": {"url": f"https://{big}"}},
    }
    found = _imported(json.dumps({"registry": registry}), "input.json")

    assert [item.label for item in found.servers] == ["a" * 54 + "-01f4a87c"]
    assert max(len(finding.message) for finding in found.findings) < 500
    assert len(found.text) < 1000


def test_nothing_of_a_source_ends_a_comment() -> None:
    """Line breaks of every kind, in names, files and claims, stay inside their comment."""
    breaks = "x\n\r\u0085\u2028\u2029\u000b\u000c#y"
    text = json.dumps(
        {"registry": {breaks: {"type": "server", "image": "x/y:1", "source": {"project": f"https://{breaks}"}}}}
    )
    found = _imported(text, f"in{breaks}.json")

    assert set(yaml.safe_load(found.text)) == {"servers"}
    assert all(line.isascii() and line.isprintable() for line in found.text.splitlines())


def test_lists_and_characters_that_json_escapes() -> None:
    """A list at the top, pairs of surrogates and lone ones are read as JSON has them, with their lines."""
    package = {"registryType": "npm", "identifier": "a", "version": "1"}
    servers = [
        {"name": "a", "description": "\U0001f600 \\ud83d", "packages": [package]},
        {"name": "b", "description": "\ud83d", "packages": [package], "unknown": 1},
    ]
    text = json.dumps(servers, indent=1)
    found = _imported(text, "list.json")
    line = text[: text.index("unknown")].count("\n") + 1

    assert [item.label for item in found.servers] == ["a", "b"]
    said = [finding.document for finding in found.findings if finding.id == "import-unknown-key"]
    assert said == [f"list.json:{line} [1].unknown"]


@pytest.mark.parametrize("wrong", ["\ud83d", "\u00e9", "a b", "\n", "{{ x }}"])
def test_no_text_of_a_source_reaches_the_catalog_unread(wrong: str) -> None:
    """Whatever stands where a name, image, package, URL, header, variable or namespace belongs: refused, or harmless."""
    operator = {"apiVersion": "toolhive.stacklok.dev/v1beta1", "kind": "MCPServer", "spec": {"image": "x/y:1"}}
    sources: list[Any] = [
        {"registry": {"a": {"type": "server", "image": f"x{wrong}"}}},
        {
            "registry": {
                "b": {"type": "remote", "remote": {"url": f"https://b.example.com/{wrong}", "headers": {wrong: "x"}}}
            }
        },
        {
            "registry": {
                "c": {"type": "server", "image": "x/y:1", "env": [{"name": wrong}], "allowHosts": [f"{wrong}:443"]}
            }
        },
        {"registry": {wrong: {"type": "server", "image": "x/y:1"}}},
        {"servers": {"d": {"image": f"npx://{wrong}", "transport": "stdio"}}},
        {"name": f"e{wrong}", "packages": [{"registryType": "pypi", "identifier": f"e{wrong}", "version": "1"}]},
        {"name": "f", "packages": [{"registryType": "npm", "identifier": "f", "version": f"1{wrong}"}]},
        {**operator, "metadata": {"name": f"g{wrong}", "namespace": "tools"}},
        {**operator, "metadata": {"name": "h", "namespace": f"h{wrong}"}},
    ]
    for source in sources:
        found = _imported(json.dumps(source), "input.json")
        assert "internal" not in {finding.id for finding in found.findings}
        assert found.text.isascii()
        assert wrong not in json.dumps(yaml.safe_load(found.text), ensure_ascii=False)


def test_secrets_are_named_and_never_copied() -> None:
    """Values, defaults, examples, headers, user names and queries stay where they are; only names come along."""
    secret = "hunter2-" + "TOPSECRET"
    sources: list[Mapping[str, Any]] = [
        {"registry": {"a": {"type": "server", "image": "x/y:1", "env": [{"name": "A", "value": secret}], "command": [secret]}}},
        {"registry": {"b": {"type": "remote", "remote": {"url": f"https://u:{secret}@b.example.com/?t={secret}#{secret}", "headers": {"X": secret}}}}},
        {"servers": {"c": {"image": "x/y:1", "args": [secret], "env_vars": [{"name": "C", "default": secret}]}}},
        {"name": "d", "packages": [{"registryType": "npm", "identifier": "d", "environmentVariables": [{"name": "D", "value": secret}], "packageArguments": [{"value": secret}]}]},
        {"registry": {"e": {"type": "server", "image": "x/y:1", "allowHosts": [f"u:{secret}@e.example.com:443", f"https://u:{secret}@e.example.com:443", f"https://e.example.com/?t={secret}:443"]}}},
    ]  # fmt: skip
    found = import_texts([Text(f"{i}.json", json.dumps(item)) for i, item in enumerate(sources)], Request())

    assert len(found.servers) == 5
    assert secret not in found.text
    assert [finding.message for finding in found.findings if secret in finding.message] == []


def test_a_whole_run_on_bytes_that_are_no_text() -> None:
    """Bytes that are no UTF-8, and a zero byte, are errors with their place."""
    for data in (b"name: \xff\xfe", b"name: \x00", b"\xff\xfen\x00a\x00"):
        outcome = run_cli("import", "auto", "-", stdin=data)
        assert (outcome.code, outcome.stdout) == (1, "")
        assert "Traceback" not in outcome.stderr
        assert outcome.stderr.startswith("error: stdin")


def _in_image(name: str) -> list[dict[str, Any]]:
    """One image, where each format would have it."""
    return [
        {"registry": {"a": {"type": "server", "image": name}}},
        {"registry": {"b": {"type": "poci", "tools": [{"name": "t", "container": {"image": name}}]}}},
        {"name": "c", "packages": [{"registryType": "oci", "identifier": name}]},
        {"servers": {"d": {"image": name}}},
        {"name": "e", "runtime": "containerized", "containerizedConfig": {"image": name, "port": 1, "path": "/"}},
    ]


@pytest.mark.parametrize("before", ["", "docker.io/", "registry.example.com:5000/a/"])
def test_an_image_has_no_password(before: str) -> None:
    """A user and a password before the host of an image are refused with the entry, and shown nowhere."""
    for source in _in_image(f"{before}bob:TOPSECRET@registry.example.com/img:1"):
        found = _imported(json.dumps(source), "input.json")
        assert (found.servers, found.text) == ((), "")
        assert "import-refused" in {finding.id for finding in found.findings}
        assert [finding.message for finding in found.findings if "TOPSECRET" in finding.message] == []


@pytest.mark.parametrize(
    "name",
    ["a", "a/B_c.d-e:V_1.2-x", "r.example.com:5000/a/b", "localhost:5000/a:1@sha256:" + "0a" * 32, "a@sha256:00"],
)
def test_images_come_as_they_are(name: str) -> None:
    """Hosts with a port, tags and digests are no passwords."""
    for source in _in_image(name):
        assert json.dumps(name) in json.dumps(yaml.safe_load(_imported(json.dumps(source), "input.json").text))


def test_what_is_no_name_may_be_a_value() -> None:
    """Of what stands where a name should be only the part before the value is shown: FOO=... and Authorization:..."""
    env = [{"name": "FOO=TOPSECRET"}, {"name": "Authorization: Bearer TOPSECRET"}, {"name": "A TOPSECRET"}]
    source = {
        "registry": {"a": {"type": "server", "image": "x/y:1", "env": env, "allowHosts": ["TOPSECRET@a.example.com"]}}
    }
    found = _imported(json.dumps(source), "input.json")

    said = " ".join(finding.message for finding in found.findings)
    assert "TOPSECRET" not in said + found.text
    assert '"FOO=..." is no name of a variable' in said
    assert '"...@a.example.com" is no host:port' in said


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("https://bob:TOPSECRET@example.com/x/y?t=TOPSECRET#TOPSECRET", "see https://example.com/x/y"),
        ("https://ghp_TOPSECRET@example.com:8443/x", "see https://example.com:8443/x"),
        ("https://TOPSECRET:@a@example.com?x", "see https://example.com"),
        ("https://example.com/@scope/x.", "see https://example.com/@scope/x"),
        ("https://TOPSECRET_no_host/x", None),
        ("javascript:TOPSECRET", None),
    ],
)
def test_of_a_link_only_the_plain_part_is_a_hint(link: str, expected: str | None) -> None:
    """Whoever links to a private repository may have put a token before its host."""
    source = {"name": "a", "type": "server", "image": "x/y:1", "source": {"project": link}}
    text = _imported(json.dumps(source), "input.json").text

    assert "TOPSECRET" not in text
    assert re.findall(r"hint: (.*)", text) == ([expected] if expected else [])
