"""Makes the playground: one page that runs mcpfence in a browser and loads nothing.

    .venv/bin/python tools/build_playground.py PYODIDE FOLDER

PYODIDE is what tools/pyodide/build.sh fetches; FOLDER gets index.html and licenses.txt.
Python's packages come from the environment that runs this, as far as they are Python; what is compiled in two of them
has stand-ins in playground/stand_ins.  The same environment gives the same bytes.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import importlib.metadata
import io
import json
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from gen_version import ROOT, source_version
from mcpfence.system.pages import inlined

PLAYGROUND = ROOT / "playground"
PACKAGE = ROOT / "renderer" / "mcpfence"
DISTRIBUTIONS = (
    *("attrs", "click", "jinja2", "jsonschema", "jsonschema-specifications", "markupsafe", "publicsuffixlist"),
    *("pyyaml", "referencing"),
)
"""What mcpfence imports for a render, an explanation and a report; mcpfence itself comes from the checkout."""

EXAMPLES = ("minimal", "aks-aviatrix", "obot", "run-minimal", "unenforced", "fleet")
"""Of values-examples, behind the catalog of README.md."""

_LEFT_OUT = re.compile(r"(^|/)(tests?|benchmarks|__pycache__|__pyinstaller)/|\.(pyi|pyx|pxd|c|so|pyd|pyc)$|/py\.typed$")
_EPOCH = (1980, 1, 1, 0, 0, 0)


def main(arguments: list[str]) -> int:
    """Make the page."""
    if len(arguments) != 2:
        print("usage: build_playground.py PYODIDE FOLDER", file=sys.stderr)
        return 2
    pyodide, folder = map(Path, arguments)
    if not (pyodide / "pyodide.asm.wasm").is_file():
        print(f"error: {pyodide} has no Pyodide: run `make playground`, or tools/pyodide/build.sh", file=sys.stderr)
        return 1
    made = build(pyodide, folder)
    print(f"{made}: {made.stat().st_size / 1e6:.1f} MB; open it in a browser, or put it on any web server")
    return 0


def build(pyodide: Path, folder: Path) -> Path:
    """Write FOLDER/index.html, and say where it is."""
    style, script = (PLAYGROUND / name for name in ("page.css", "page.js"))
    lock = json.loads((pyodide / "pyodide-lock.json").read_text(encoding="utf-8"))
    page = folder / "index.html"
    folder.mkdir(parents=True, exist_ok=True)
    page.write_text(
        _filled(
            (PLAYGROUND / "page.html").read_text(encoding="utf-8"),
            {
                "policy": policy(style.read_bytes(), script.read_bytes()),
                "style": style.read_text(encoding="utf-8"),
                "script": script.read_text(encoding="utf-8"),
                "version": source_version(),
                "pyodide": _version(pyodide),
                "examples": _inert(examples()),
                "lock": _inert({"info": lock["info"], "packages": {}}),
                "licenses": html.escape(licenses()),
                "engine": _packed(engine(pyodide)),
                "wasm": _packed((pyodide / "pyodide.asm.wasm").read_bytes()),
                "library": _packed((pyodide / "python_stdlib.zip").read_bytes()),
                "site": _packed(_zipped(site())),
            },
        ),
        encoding="utf-8",
    )
    return page


def policy(style: bytes, script: bytes) -> str:
    """What the page may do: run its own two scripts, Python, and the report's in a frame; ask nobody for anything."""
    scripts = " ".join(f"'{one}'" for one in (_hash(script), inlined("report.js").hash))
    styles = " ".join(f"'{one}'" for one in (_hash(style), inlined("report.css").hash))
    return (
        f"default-src 'none'; script-src {scripts} 'wasm-unsafe-eval'; worker-src blob:; style-src {styles}; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(data: bytes) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(data).digest()).decode()}"


def _filled(template: str, parts: Mapping[str, str]) -> str:
    """The template with its parts, each of which it names once; what is put in is not looked into."""
    pieces = re.split(r"\{\{ (\w+) \}\}", template)
    if sorted(pieces[1::2]) != sorted(parts):
        raise SystemExit(f"error: page.html wants {sorted(pieces[1::2])}, and there are {sorted(parts)}")
    return "".join(parts[piece] if place % 2 else piece for place, piece in enumerate(pieces))


def _inert(value: object) -> str:
    """JSON that ends no element of HTML."""
    return json.dumps(value).replace("<", "\\u003c")


def _packed(data: bytes) -> str:
    return base64.b64encode(gzip.compress(data, mtime=0)).decode()


# --- what is in it ---


def examples() -> dict[str, str]:
    """Catalogs to begin with by name: that of README.md, and some of values-examples."""
    readme = re.search(r"(?ms)^```yaml values\.yaml\n(.*?)^```$", (ROOT / "README.md").read_text(encoding="utf-8"))
    if not readme:
        raise SystemExit("error: README.md has no catalog any more")
    others = {name: ROOT / "values-examples" / name / "values.yaml" for name in EXAMPLES}
    return {"README": readme[1], **{name: path.read_text(encoding="utf-8") for name, path in others.items()}}


def engine(pyodide: Path) -> bytes:
    """One script for the worker: Pyodide's two modules, of which neither has to import the other, and ours behind them.

    Chromium starts no worker that is a module where the page is a file.
    """
    core = (pyodide / "pyodide.asm.mjs").read_text(encoding="utf-8")
    core = _once("export default _createPyodideModule;", "", core.replace("import.meta.url", "location.href"))
    loader = (pyodide / "pyodide.mjs").read_text(encoding="utf-8")
    loader = _once(r"export\{(\w+) as loadPyodide,\w+ as version\};", r"return \1;", loader)
    loader = re.sub(r"(?m)^//# sourceMappingURL=.*$", "", loader)
    if "import.meta" in core + loader:
        raise _changed("import.meta")
    ours = (PLAYGROUND / "engine.js").read_text(encoding="utf-8")
    return f"importScripts = undefined;\n{core}\nconst loadPyodide = (() => {{{loader}}})();\n{ours}".encode()


def _once(pattern: str, by: str, text: str) -> str:
    changed, times = re.subn(pattern, by, text)
    if times != 1:
        raise _changed(pattern)
    return changed


def _changed(pattern: str) -> SystemExit:
    return SystemExit(f"error: this Pyodide is none that tools/build_playground.py knows: look for {pattern}")


def site() -> dict[str, bytes]:
    """Everything that Python imports there, by the path below a folder of sys.path."""
    found = {f"mcpfence/{path}": data for path, data in _package(PACKAGE)}
    for name in DISTRIBUTIONS:
        found |= dict(_installed(name))
    for path in sorted((PLAYGROUND / "stand_ins").glob("*.py")) + sorted((PLAYGROUND / "python").glob("*.py")):
        found[path.name] = path.read_bytes()
    return found


def _package(folder: Path, inside: str = "") -> Iterator[tuple[str, bytes]]:
    """Our files, those behind links too, but nothing of the plugins for helm and Argo CD."""
    for path in sorted(folder.iterdir()):
        name = f"{inside}{path.name}"
        if path.is_dir() and name not in ("__pycache__", "helm_plugin", "argocd_plugin"):
            yield from _package(path, f"{name}/")
        elif path.is_file() and not _LEFT_OUT.search(name):
            yield name, path.read_bytes()


def _installed(name: str) -> Iterator[tuple[str, bytes]]:
    for path in importlib.metadata.distribution(name).files or ():
        told = path.as_posix()
        if not (told.startswith("../") or ".dist-info/" in told or _LEFT_OUT.search(told)):
            yield told, Path(str(path.locate())).read_bytes()


def licenses() -> str:
    """The licences of what is in the page."""
    parts = [
        "Pyodide, MPL-2.0: https://github.com/pyodide/pyodide",
        "Python and its standard library, PSF-2.0: https://docs.python.org/3/license.html",
        f"mcpfence, Apache-2.0\n\n{(ROOT / 'LICENSE').read_text(encoding='utf-8')}",
    ]
    for name in DISTRIBUTIONS:
        found = importlib.metadata.distribution(name)
        own = (path for path in found.files or () if re.search(r"\.dist-info/.*(LICEN[CS]E|COPYING)", path.as_posix()))
        parts += [f"{name} {found.version}\n\n{path.read_text(encoding='utf-8')}" for path in own]
    return f"\n{'-' * 72}\n".join(parts)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip without compression, which what is around it does better."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), files[name])
    return out.getvalue()


def _version(pyodide: Path) -> str:
    found = re.search(r'"(\d+\.\d+\.\d+)"', (pyodide / "pyodide.mjs").read_text(encoding="utf-8"))
    return found[1] if found else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
