"""What holds for the source as a whole: dependencies are declared, and the core is pure."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcpfence.providers import NETWORK_POLICY, all_providers
from tooling import ROOT

PACKAGE = ROOT / "renderer" / "mcpfence"
EDGE = (
    *("cli", "system", "__main__", *(f"argocd/{name}" for name in ("generate", "look", "repository", "schemas"))),
    "evidence/canary",  # a program of its own, which travels into the cluster as text and is imported by nothing
)
"""What may do I/O; everything else below renderer/mcpfence is core."""

IMPURE_MODULES = {
    *("click", "os", "pathlib", "shutil", "glob", "tempfile", "mmap", "fileinput"),
    *("time", "datetime", "random", "secrets", "uuid", "locale", "platform", "getpass"),
    *("socket", "ssl", "http", "urllib.request", "subprocess", "threading", "multiprocessing", "asyncio", "signal"),
    *("logging", "importlib.resources", "importlib.metadata"),
}

IMPURE_BUILTINS = {"open", "input", "print", "exec", "eval", "__import__"}
IMPURE_SYS = {f"sys.{name}" for name in ("argv", "stdin", "stdout", "stderr", "exit", "path", "modules")}


def test_every_import_is_a_declared_dependency() -> None:
    """Whatever the package imports from outside is among its runtime dependencies, or those of an extra for users."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [
        *project["dependencies"],
        *(line for extra in ("observe", "spark") for line in project["optional-dependencies"][extra]),
    ]
    declared = {_normal(re.split(r"[^\w.-]", line)[0]) for line in lines}
    providers = importlib.metadata.packages_distributions()
    foreign = (
        {module.split(".")[0] for path in PACKAGE.rglob("*.py") for module, _ in _imports(_tree(path))}
        - sys.stdlib_module_names
        - {"mcpfence", "_sha2"}  # Python's own, from 3.12 on
    )

    undeclared = {name for name in foreign if not declared & {_normal(of) for of in providers.get(name, [name])}}
    assert undeclared == set()


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _core_files() -> list[Path]:
    return sorted(
        path for path in PACKAGE.rglob("*.py") if not _at_edge(path.relative_to(PACKAGE).with_suffix("").parts)
    )


def _at_edge(parts: tuple[str, ...]) -> bool:
    return any("/".join(parts[:end]) in EDGE for end in range(len(parts) + 1))


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Each absolutely imported module with its line; `from os import path` counts as `os` and as `os.path`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, node.lineno
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def _impurities(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of everything that reaches outside the process, or asks what time or where it is."""
    for module, line in _imports(tree):
        parts = module.split(".")
        prefixes = {".".join(parts[: end + 1]) for end in range(len(parts))}
        yield from ((line, f"import {name}") for name in sorted(prefixes & IMPURE_MODULES))
        if parts[0] == "mcpfence" and _at_edge(tuple(parts[1:])):
            yield line, f"import {module}"
        if module in IMPURE_SYS:
            yield line, module
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IMPURE_BUILTINS:
            yield node.lineno, f"{node.func.id}()"
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in IMPURE_SYS:
            yield node.lineno, ast.unparse(node)


@pytest.mark.parametrize("path", _core_files(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_core_is_pure(path: Path) -> None:
    """The core imports no click and no edge, and touches no file, clock, environment, randomness or network."""
    found = set(_impurities(_tree(path)))

    assert sorted(found) == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import os.path", ["import os"]),
        ("from importlib import resources", ["import importlib.resources"]),
        ("def f():\n    from click import echo", ["import click"]),
        ("with open('x') as file: pass", ["open()"]),
        ("import sys\nsys.stdout.write('x')", ["sys.stdout"]),
        ("from sys import argv", ["sys.argv"]),
        ("from mcpfence.cli.main import run", ["import mcpfence.cli.main", "import mcpfence.cli.main.run"]),
        ("from mcpfence.system import files", ["import mcpfence.system", "import mcpfence.system.files"]),
        ("from mcpfence.argocd import look", ["import mcpfence.argocd.look"]),
        ("import sys\nfrom io import StringIO\nsys.intern('x')", []),
    ],
)
def test_purity_check_sees(code: str, found: list[str]) -> None:
    """The check itself notices each way out of the core, and leaves alone what is none."""
    assert [name for _, name in sorted(set(_impurities(ast.parse(code))))] == found


SHARED_NAMES = {"Settings": "each provider reads its own catalog keys into the Settings of its settings module"}
"""Public classes that may be defined more than once, each with its reason."""

TERSE_WORDS = {"ground", "barred", "desk", "voice", "wall", "walls", "mould", "cast", "meet", "terrain"}
"""Words of a private vocabulary: the field has a term for each of the things that they once named."""

TERSE_ALONE = {"cell", "cells"}
"""Words that need another one beside them: a SelectorCells, but no Cells."""


def _public_classes(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node.name


def _terse_names(tree: ast.Module) -> set[str]:
    """The names defined or used that hold a terse word, such as `_barred_label`."""
    fields = ("name", "id", "attr", "arg", "asname")
    names = {name for node in ast.walk(tree) for key in fields if isinstance(name := getattr(node, key, None), str)}
    return {name for name in names if TERSE_WORDS & _words(name) or name.lower() in TERSE_ALONE}


def _words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def test_one_name_is_one_class() -> None:
    """A reader who knows a class by its name knows every class of that name: there is one."""
    places: dict[str, list[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for name in _public_classes(_tree(path)):
            places.setdefault(name, []).append(path.relative_to(PACKAGE).as_posix())

    assert {name: found for name, found in places.items() if len(found) > 1 and name not in SHARED_NAMES} == {}


def test_names_are_words_of_the_field() -> None:
    """No name in the source is a terse word of a vocabulary that only its authors know."""
    found = {path.relative_to(PACKAGE).as_posix(): _terse_names(_tree(path)) for path in PACKAGE.rglob("*.py")}

    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("ground = 1", {"ground"}),
        ("class Ground: pass", {"Ground"}),
        ("def _barred_label(): pass", {"_barred_label"}),
        ("def f(desk): return desk.say", {"desk"}),
        ("self.terrain", {"terrain"}),
        ("cells = SelectorCells()", {"cells"}),
        ("selector_cells = is_multicast(background, firewalls, _cell)", set()),
    ],
)
def test_terse_names_are_seen(code: str, names: set[str]) -> None:
    """The check itself sees a terse word as a whole name and inside one, and no word that only contains it."""
    assert _terse_names(ast.parse(code)) == names


def test_second_classes_are_seen() -> None:
    """The check itself sees public classes wherever they are defined, and leaves private ones alone."""
    code = "class A: pass\ndef f():\n    class B: pass\nclass _C: pass"

    assert sorted(_public_classes(ast.parse(code))) == ["A", "B"]


def _vendor_words() -> set[str]:
    """The names, kinds and API groups of the providers that are somebody's product; not the words of Kubernetes."""
    rows = [row for row in all_providers() if row.kinds]
    words = {word for row in rows for word in (row.name, *(part for kind in row.kinds for part in kind[:3]))}
    return words - KINDS_OF_CLUSTERS - set(NETWORK_POLICY[:3])


def test_no_vendor_outside_its_rooms() -> None:
    """A provider's name, kinds and API group stand in its two folders, in their tables, and in what reads others' files alone."""
    names = [row.name for row in all_providers() if row.kinds]
    rooms = (
        "imports/",
        "observe/readers/",
        "providers/__init__.py",
        "reach/engines/__init__.py",
        *(f"{where}/{name}/" for name in names for where in ROOMS_OF_A_VENDOR),
    )
    found = {
        f"{path.relative_to(PACKAGE).as_posix()}: {word}"
        for path in PACKAGE.rglob("*.py")
        if not path.relative_to(PACKAGE).as_posix().startswith(rooms)
        for word in _vendor_words()
        if word.lower() in path.read_text(encoding="utf-8").lower()
    }

    assert found <= ALLOWED_WORDS


KINDS_OF_CLUSTERS = {"eks", "gke"}
"""Names of providers that stand for a kind of cluster as well, of which profiles and `cidrs` speak."""
ROOMS_OF_A_VENDOR = ("providers", "reach/engines")
ALLOWED_WORDS = {
    # Whatever ends in this word counts as a policy, whoever makes it.
    "reach/engines/not_evaluated.py: FirewallPolicy",
    # Rights on policies of any engine undo a fence, under whatever provider.
    "catalog/run/rights.py: networking.k8s.aws",
    # Another kind of the same vendor, which shares its name with that of the network-policy-api.
    *(
        f"reach/engines/eksclusternetworkpolicy/{file}: {word}"
        for file in ("__init__.py", "policy.py")
        for word in ("networking.k8s.aws", "ClusterNetworkPolicy", "clusternetworkpolicy")
    ),
    # The addresses of pods and nodes are read from what a network plugin says of them, whoever enforces policies.
    "cidrs/clouds/kubernetes.py: calico",
    "cidrs/clouds/azure.py: cilium",
    "cidrs/clouds/gcp.py: cilium",
    # Other vendors have a kind of this name, and the group has kinds of an older generation.
    "reach/engines/not_evaluated.py: ClusterNetworkPolicy",
    "reach/engines/not_evaluated.py: clusternetworkpolicy",
    "reach/engines/not_evaluated.py: policy.networking.k8s.io",
    "reach/engines/adminnetworkpolicy/__init__.py: policy.networking.k8s.io",
    "reach/engines/adminnetworkpolicy/policy.py: policy.networking.k8s.io",
    "catalog/run/rights.py: policy.networking.k8s.io",
    # A network plugin (`cluster.cni`) reads NetworkPolicies in its own way, whatever enforces names.
    "catalog/warnings.py: cilium",
    "findings/table.py: cilium",
    "plan/engine_labels.py: cilium",
    # Settings of each engine with which it stores policies and does not enforce them.
    "reach/engines/enforcement_settings.py: cilium",
    "reach/engines/enforcement_settings.py: cilium.io",
    "reach/engines/enforcement_settings.py: calico",
    "reach/engines/enforcement_settings.py: projectcalico.org",
    # Kinds that grant rights over policies of whatever engine.
    "catalog/run/rights.py: cilium",
    "catalog/run/rights.py: cilium.io",
    # Annotations of pods that a kind of cluster knows, whatever enforces policies there.
    "reach/documents/further_networks.py: networking.gke.io",
    # Where the addresses of a cluster are found.
    "cidrs/clouds/cluster_settings.py: cilium",
    "cidrs/clouds/kubernetes.py: cilium",
}
