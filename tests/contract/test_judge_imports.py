"""What the evaluators may know: nothing of catalogs, plans, providers, files, YAML or the command line."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import mcpfence.reach
import mcpfence.reach.flows.flows

PACKAGE = Path(mcpfence.reach.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
MODULE_NAMES = {
    f"mcpfence.{path.relative_to(PACKAGE.parent).with_suffix('').as_posix().replace('/', '.')}"
    for path in PACKAGE.parent.rglob("*.py")
}
OURS = {"mcpfence.net.intervals", "mcpfence.net.addresses", "mcpfence.structs", "mcpfence.patterns"}
FORMS = {"mcpfence.text.printable", "mcpfence.text.markup"}
"""What shows foreign text, for the forms of output alone: nothing that decides knows it."""
ALLOWED = {
    "__future__",
    "base64",
    "collections",
    "csv",
    "dataclasses",
    "enum",
    "fnmatch",
    "functools",
    "io",
    "importlib",
    "ipaddress",
    "itertools",
    "json",
    "marshal",
    "math",
    "pkgutil",
    "re",
    "typing",
}
"""Of the standard library; none of it touches files, clock, environment or network.

But for importlib and pkgutil, which find the engines' folders; io is StringIO for csv.
"""


def imported(path: Path) -> set[str]:
    """The modules that a module imports, `from mcpfence.net import ports` as mcpfence.net.ports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            base = node.module or ""
            ours = {f"{base}.{alias.name}" for alias in node.names if base.startswith("mcpfence")}
            found |= {name if name in MODULE_NAMES else base for name in ours} or {base}
    return found


@pytest.mark.parametrize("path", MODULES, ids=[path.relative_to(PACKAGE).as_posix() for path in MODULES])
def test_modules_know_only_intervals_and_addresses(path: Path) -> None:
    """An error in plan or providers cannot hide in the evaluators: they share no code with them."""
    for name in imported(path):
        if name.startswith("mcpfence"):
            form = name in FORMS and path.name.endswith("_form.py")
            assert form or name in OURS or name.startswith("mcpfence.reach."), name
        else:
            assert name.split(".")[0] in ALLOWED, name


def test_what_the_proof_imports_is_little() -> None:
    """The proof's modules load nothing of the folder's side, and no module that only formats need."""
    code = (
        "import sys, mcpfence.reach.evaluation.evaluator, mcpfence.reach.evaluation.deciding_rules;"
        "print(*sorted(name for name in sys.modules if name.startswith('mcpfence') or name in ('csv', 'json', 'yaml', 'click')))"
    )

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert "mcpfence.reach.connectivity.connections" not in out
    assert {name for name in out if not name.startswith("mcpfence.reach")} == {"mcpfence", "mcpfence.net", *OURS}


def test_the_docstring_s_examples_run() -> None:
    """The code in the package's docstring is real: it runs as it stands there."""
    blocks = ("The proof", "The folder")
    code = [line[4:] for line in (mcpfence.reach.__doc__ or "").splitlines() if line.startswith("    ") or not line]
    assert all(title in (mcpfence.reach.__doc__ or "") for title in blocks)
    names = {
        "documents": [],
        "public": ((16777216, 167772159),),
        "document_": {},
        "namespace": "mcp",
        "rules": [],
        "ports": {},
        "title": "NetworkPolicy mcp/x",
        "narrowings": mcpfence.reach.flows.flows.NOTHING,
    }
    prelude = "from mcpfence.reach.flows import host_names\n"
    text = "\n".join(code).replace("flows.within(missing, narrowings)", "flows.within(flows.NOTHING, narrowings)")
    text = text.replace("packet.text ", "packet = flows.witness(intended); packet.text ")
    text = text.replace("(document, title, namespace)", "(document_, title, namespace)")
    exec(compile(prelude + text, "docstring", "exec"), names)  # noqa: S102
