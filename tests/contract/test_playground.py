"""The playground: what its page is told is what the commands print, and its Python, without compiled parts, judges alike."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import rpds

import build_playground
import mcpfence_playground
from bad_input import read_cases
from helpers import run_cli
from hostile_text import HOSTILE, faults
from mcpfence.text.printable import printable
from tooling import ROOT, TESTS

Reply = dict[str, Any]

EXAMPLES = {path.parent.name: path.read_text("utf-8") for path in sorted(ROOT.glob("values-examples/*/values.yaml"))}
CASES = {case.title: case.values for case in read_cases(TESTS / "commands" / "bad_input" / "cases")}
_ANSWER = """
import sys
sys.path[:0] = sys.argv[1:]
import yaml, mcpfence_playground
assert not hasattr(yaml, "CSafeLoader") and not any(name.endswith("_speedups") for name in sys.modules)
for line in sys.stdin:
    print(mcpfence_playground.reply(line))
"""


def _request(what: str, values: str, **more: str) -> str:
    asked = {"server": "", "to": "", "from": "", "release": "mcpfence", "namespace": "default"}
    return json.dumps({"what": what, "values": values, **asked, **more})


def _reply(what: str, values: str, **more: str) -> Reply:
    found: Reply = json.loads(mcpfence_playground.reply(_request(what, values, **more)))
    return found


@pytest.fixture(scope="module")
def without_compiled_parts(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Sequence[str]], list[Reply]]:
    """What the files of the page answer, in a Python that has nothing else, as in a browser."""
    folder = tmp_path_factory.mktemp("site")
    for name, data in build_playground.site().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    assert [path.name for path in folder.rglob("*") if path.suffix in (".so", ".pyd")] == []
    found = importlib.util.find_spec("typing_extensions")
    if found and found.origin:  # which referencing wants of a Python before 3.13
        (folder / "typing_extensions.py").write_bytes(Path(found.origin).read_bytes())

    def answer(requests: Sequence[str]) -> list[Reply]:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _ANSWER, str(folder)],
            input="".join(f"{request}\n" for request in requests),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return answer


def _without_parsers_words(reply: Reply) -> Reply:
    """A reply in which a fault that a parser of YAML finds is no more than that."""
    findings = [
        "file-unreadable" if one["line"].endswith("mend the YAML [file-unreadable]") else one
        for one in reply.get("findings", ())
    ]
    return {**reply, "findings": findings}


@pytest.mark.slow
def test_examples_without_compiled_parts(without_compiled_parts: Callable[[Sequence[str]], list[Reply]]) -> None:
    """Manifests, findings and report of every example, byte for byte."""
    asked = [(name, _request(what, EXAMPLES[name])) for name in EXAMPLES for what in ("render", "report")]

    for (name, request), found in zip(asked, without_compiled_parts([one for _, one in asked]), strict=True):
        assert found == json.loads(mcpfence_playground.reply(request)), name
        assert found["ok"] is (name != "services"), name  # which looks up Services in a second file


@pytest.mark.slow
def test_bad_input_without_compiled_parts(without_compiled_parts: Callable[[Sequence[str]], list[Reply]]) -> None:
    """Each catalog that must be refused is, with the same sentences at the same places."""
    asked = [_request("render", values) for values in CASES.values()]

    for title, request, found in zip(CASES, asked, without_compiled_parts(asked), strict=True):
        expected = json.loads(mcpfence_playground.reply(request))
        assert _without_parsers_words(found) == _without_parsers_words(expected), title
        assert not found["ok"], title


@pytest.mark.parametrize("example", ["minimal", "obot", "unenforced", "run-minimal"])
def test_what_the_commands_print(example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Manifests, findings, explanation, verdict and page are those of render, check, explain and report."""
    monkeypatch.chdir(tmp_path)
    values = EXAMPLES[example]
    Path("values.yaml").write_text(values, encoding="utf-8")
    rendered, name = _reply("render", values), _reply("render", values)["names"][0]
    told = run_cli("check", "-f", "values.yaml", "--no-summary").stderr.splitlines()

    assert rendered["manifests"] == run_cli("render", "--policies-only", "-q", "-f", "values.yaml").stdout
    assert [one["line"] for one in rendered["findings"]] == told[:-1]
    assert f"mcpfence: {rendered['summary']}" == told[-1]
    assert _text(rendered["everybody"]) == run_cli("explain", "-q", "-f", "values.yaml").stdout
    assert (
        _text(_reply("explain", values, server=name)["lines"]) == run_cli("explain", name, "-f", "values.yaml").stdout
    )
    assert _reply("report", values)["html"] == run_cli("report", "-q", "-f", "values.yaml").stdout
    asked = _reply("explain", values, server=name, to="10.0.0.5:5432", **{"from": "192.0.2.1"})
    arguments = ("explain", name, "-f", "values.yaml", "--to", "10.0.0.5:5432", "--from", "192.0.2.1")
    assert _text(asked["lines"]) == run_cli(*arguments).stdout


def _text(lines: list[list[str]]) -> str:
    return "".join(f"{text}\n" for text, _ in lines)


def test_names_and_release() -> None:
    """Objects stand where the page's fields say."""
    found = _reply("render", EXAMPLES["minimal"], release="mcp", namespace="tools")

    assert "name: mcp-mcpfence\n  namespace: tools\n" in found["manifests"]


CATALOG = """clients: {c: {namespace: c, podSelector: {app: c}}}
servers:
  a:
    runtime: npx
    npxConfig: {package: x, egressDomain: [a.example.com]}
"""


@pytest.mark.parametrize(
    ("values", "more", "line", "place"),
    [
        (
            CATALOG,
            {},
            "error: values.yaml:5:29 servers.a.npxConfig.egressDomain: is no known key; did you mean egressDomains? "
            "Else write one of: args, denyAllEgress, egressDomains, package [key-unknown]",
            (5, 29),
        ),
        (
            "a: [",
            {},
            "error: values.yaml:2:1: did not find expected node content; mend the YAML [file-unreadable]",
            (2, 1),
        ),
        (
            "- a",
            {},
            "error: values.yaml: is a list, not a mapping; write keys such as servers: at its top [catalog-not-a-mapping]",
            None,
        ),
        (
            "",
            {},
            "error: servers: the catalog has neither servers nor workloads, so every fence of an earlier render would be removed; "
            "declare them, or name the right values file; if nothing is to be fenced, say so with --allow-empty [catalog-empty]",
            None,
        ),
        (
            CATALOG,
            {"release": "A"},
            "error: 'A' is no release name: lower-case letters, digits, - and ., 53 at most.",
            None,
        ),
        (CATALOG, {"namespace": ""}, "error: '' is no namespace: lower-case letters, digits and -, 63 at most.", None),
        ("\ud83d", {}, "error: values.yaml: is no UTF-8 at byte 0; save it as UTF-8 [file-unreadable]", None),
    ],
)
def test_errors(values: str, more: dict[str, str], line: str, place: tuple[int, int] | None) -> None:
    """An error has its sentence and, where it has one, its place; no manifest is beside it."""
    for what in ("render", "explain", "report"):
        found = _reply(what, values, **more)

        assert set(found) == {"ok", "findings", "summary"}
        assert [one["line"] for one in found["findings"]] == [line]
        position = found["findings"][0]["position"]
        assert (position and (position["line"], position["column"])) == place


def test_bad_questions() -> None:
    """What cannot be asked is said, and so is a server that is none."""
    values = EXAMPLES["minimal"]

    said = (
        '"a b" has white space or a control character: write HOST, an address, NAMESPACE/POD or a name of the catalog.'
    )
    assert _reply("explain", values, server="server/fetch", to="a b") == {"ok": True, "question": said}
    assert _reply("explain", values, server="nobody")["findings"][0]["line"].startswith('error: "nobody" is no server')


def test_a_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told as the commands tell it, and Python goes on."""

    def fault(*_: object, **__: object) -> None:
        raise LookupError("hunter2")

    monkeypatch.setattr(mcpfence_playground, "page_shape", fault)
    (line,) = (one["line"] for one in _reply("report", EXAMPLES["minimal"])["findings"])
    assert line.startswith("error: mcpfence failed with LookupError at test_playground.py:")
    assert "hunter2" not in line


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_hostile_names(name: str) -> None:
    """No line that the page shows is forged by a name, and none holds what a reader does not see."""
    found = _reply("render", json.dumps({"servers": {name: {"runtime": "npx", name: 1}}, name: 1}))

    for one in found["findings"]:
        assert faults(one["line"]) == []
        assert one["line"] == printable(one["line"])


# --- how the page is made ---


def _stand_in(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, ROOT / "playground" / "stand_ins" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("module", [rpds, _stand_in("rpds")], ids=["rpds-py", "ours"])
def test_collections_that_stand_in(module: Any) -> None:
    """What jsonschema does with the collections of rpds-py comes to the same with ours, which never change either."""
    entries, values, front = module.HashTrieMap({"a": 1}), module.HashTrieSet(["a"]), module.List(["a"])
    more = entries.insert("b", 2).update({"c": 3}).remove("a")

    assert (dict(entries), dict(more), more.get("a"), len(more)) == ({"a": 1}, {"b": 2, "c": 3}, None, 2)
    assert module.HashTrieMap.convert(entries) is entries
    assert module.HashTrieMap.convert({"a": 1}) == entries
    assert hash(module.HashTrieMap({"a": 1})) == hash(entries)
    assert (set(values), set(values.insert("b").update(["c"]).remove("a"))) == ({"a"}, {"b", "c"})
    assert (list(front), list(front.push_front("b"))) == (["a"], ["b", "a"])
    assert list(front.push_front("b").drop_first()) == ["a"]
    with pytest.raises(TypeError):
        entries["a"] = 2
    with pytest.raises(KeyError):
        entries.remove("b")
    with pytest.raises(KeyError):
        values.remove("b")


@pytest.fixture
def fake_pyodide(tmp_path: Path) -> Path:
    """A folder like that of Pyodide's package, with nothing that runs."""
    folder = tmp_path / "pyodide"
    folder.mkdir()
    files = {
        "pyodide.asm.mjs": "async function _createPyodideModule(a) { import.meta.url }\nexport default _createPyodideModule;\n",
        "pyodide.mjs": 'var v="1.2.3";async function x(){}export{x as loadPyodide,v as version};\n//# sourceMappingURL=pyodide.mjs.map\n',
        "pyodide-lock.json": '{"info": {}, "packages": {}}',
        "pyodide.asm.wasm": "",
        "python_stdlib.zip": "",
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_page(fake_pyodide: Path, tmp_path: Path) -> None:
    """It is one file, the same each time, asks no address, and says whose work is in it."""
    made = [build_playground.build(fake_pyodide, tmp_path / name).read_text("utf-8") for name in ("one", "two")]

    assert made[0] == made[1]
    assert "default-src 'none'" in made[0]
    assert re.findall(r"<(?:link|img|base|object|embed)\b|\bsrc=|\bhref=|@import|url\(", made[0]) == []
    assert "unsafe-inline" not in made[0]
    assert "'unsafe-eval'" not in made[0]
    for name in ("Pyodide, MPL-2.0", "mcpfence, Apache-2.0", *build_playground.DISTRIBUTIONS):
        assert name in made[0], name


@pytest.mark.parametrize(
    ("file", "before", "pattern"),
    [
        ("pyodide.asm.mjs", "export default", "export default _createPyodideModule;"),
        ("pyodide.asm.mjs", "import.meta.url", "import.meta"),
        ("pyodide.mjs", "as loadPyodide", r"export\{(\w+) as loadPyodide,\w+ as version\};"),
    ],
)
def test_another_pyodide(fake_pyodide: Path, tmp_path: Path, file: str, before: str, pattern: str) -> None:
    """One in which our changes find no place is refused, before a page is made of it that does not start."""
    path = fake_pyodide / file
    path.write_text(path.read_text("utf-8").replace(before, "import.meta.env"), encoding="utf-8")

    with pytest.raises(SystemExit, match=re.escape(f"look for {pattern}")):
        build_playground.build(fake_pyodide, tmp_path / "out")


def test_the_tool_without_pyodide(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says how to get it."""
    assert build_playground.main([str(tmp_path), str(tmp_path / "out")]) == 1
    assert (
        capsys.readouterr().err
        == f"error: {tmp_path} has no Pyodide: run `make playground`, or tools/pyodide/build.sh\n"
    )
    assert build_playground.main([]) == 2
