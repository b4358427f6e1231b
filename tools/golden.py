"""Writes the goldens: what each example of values-examples/ renders to, whole, for reviewers to read.

    .venv/bin/python tools/golden.py [--check] [EXAMPLE...]

One file per object where an example has few, one per kind where it has many; findings.txt holds every finding as
`mcpfence check` prints it. With --check nothing is written and the exit code says whether anything differs.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from mcpfence.cli.console import Console
from mcpfence.kube.services import index
from mcpfence.render.objects import Rendered, Rendering
from mcpfence.render.pipeline import render
from mcpfence.streams.folder_layout import folder_layout
from mcpfence.system.inputs import read_inputs

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "values-examples"
GOLDEN = ROOT / "tests" / "contract" / "examples" / "golden"
RELEASE, NAMESPACE = "mcpfence", "default"
"""As `mcpfence render -f values.yaml` has them."""

MANY = 60
"""More objects than this are read more easily in one file per kind."""

_PLURALS = {
    "CiliumNetworkPolicy": "ciliumnetworkpolicies",
    "ConfigMap": "configmaps",
    "FirewallPolicy": "firewallpolicies",
    "NetworkPolicy": "networkpolicies",
}


def examples() -> list[str]:
    """The names of all examples."""
    return sorted(folder.name for folder in EXAMPLES.iterdir() if (folder / "values.yaml").is_file())


def input_files(example: str) -> list[str]:
    """The -f files of an example, relative to the checkout, so that messages are the same everywhere."""
    folder = EXAMPLES / example
    return [
        str((folder / name).relative_to(ROOT)) for name in ("values.yaml", "services.yaml") if (folder / name).exists()
    ]


def rendering_of(example: str) -> tuple[Rendering, Console]:
    """An example rendered, and the console that words its findings with their places."""
    before = Path.cwd()
    os.chdir(ROOT)
    try:
        inputs = read_inputs(input_files(example))
    finally:
        os.chdir(before)
    services = index(inputs.documents, NAMESPACE)
    rendering = render(inputs.values, release=RELEASE, namespace=NAMESPACE, services=services)
    return rendering, Console(verbose=True, sources=list(inputs.sources))


def golden_files(example: str) -> dict[str, str]:
    """File name to text of an example's golden."""
    rendering, console = rendering_of(example)
    files = _by_kind(rendering.objects) if len(rendering.objects) > MANY else folder_layout(rendering.objects, [])
    findings = "".join(f"{console.line(finding)}\n" for finding in console.ordered(rendering.findings))
    return {**files, "findings.txt": findings}


def _by_kind(objects: Iterable[Rendered]) -> dict[str, str]:
    files: dict[str, str] = {}
    for item in objects:
        name = f"{_PLURALS.get(item.kind, item.kind.lower())}.yaml"
        files[name] = files.get(name, "") + f"---\n{item.text}"
    return files


def stored_files(example: str) -> dict[str, str]:
    """File name to text of what is stored."""
    folder = GOLDEN / example
    return {path.name: path.read_bytes().decode() for path in sorted(folder.glob("*"))}


def write(example: str) -> None:
    """Store an example's golden anew."""
    folder = GOLDEN / example
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, text in golden_files(example).items():
        (folder / name).write_bytes(text.encode())


def main() -> int:
    """Writes the goldens that differ, and removes those of examples that are gone; returns 1 if --check finds any."""
    parser = argparse.ArgumentParser(description="Write the goldens of values-examples/.")
    parser.add_argument("--check", action="store_true", help="only say what differs")
    parser.add_argument("examples", nargs="*", metavar="EXAMPLE", help="default: all of them")
    options = parser.parse_args()
    names = options.examples or examples()
    differ = [name for name in names if golden_files(name) != stored_files(name)]
    stored = {folder.name for folder in GOLDEN.iterdir()} if GOLDEN.is_dir() else set()
    gone = [] if options.examples else sorted(stored - set(names))
    for name in differ + gone:
        print(f"{name}: {'differs' if name in differ else 'has no example any more'}")
    if options.check:
        return 1 if differ or gone else 0
    for name in differ:
        write(name)
    for name in gone:
        shutil.rmtree(GOLDEN / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
