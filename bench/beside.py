"""Two builds beside each other: this checkout and another one, on the same input, in turns, and the bytes compared.

    git worktree add ../before COMMIT
    .venv/bin/python bench/beside.py ../before            every row: some minutes
    .venv/bin/python bench/beside.py ../before --only 1,1000,check

CPU time of all processes counts, user and system, best of the rounds: it hardly depends on what else runs.
The exit code is 1 where the two print different bytes, unless --changed says that they are meant to.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from columns import Bench
from generate import (
    NAMESPACE,
    RELEASE,
    Values,
    make_function_input,
    make_registry,
    make_values,
    write_stream,
    write_values,
    write_yaml,
)
from growth import many_callers
from machine import ROOT, environment, find_helms
from measure import Case, Samples, alternate
from reach import write_manifests
from tables import table

SIZES = {1: 20, 100: 10, 1_000: 6, 10_000: 3}
"""Servers of the post-render rows, with their rounds."""


class Row(NamedTuple):
    """One thing to measure: arguments of mcpfence, what stands on stdin, how often."""

    name: str
    arguments: tuple[str, ...]
    stdin: Path | None
    rounds: int


def rows(bench: Bench) -> list[Row]:
    """Everything that can be measured, with its input written into the folder."""
    folder, helm = bench.folder, bench.helms[3].path
    found = [Row("--version", ("--version",), None, 20)]
    for servers, rounds in SIZES.items():
        values, stream = folder / f"values-{servers}.yaml", folder / f"stream-{servers}.yaml"
        write_values(servers, values)
        write_stream(helm, values, stream)
        found.append(Row(f"post-render {servers:,}", ("post-render",), stream, rounds))
    small, larger = folder / "values-1.yaml", folder / "values-100.yaml"
    named = ("--release", RELEASE, "--namespace", NAMESPACE)
    found.append(Row("check 1", ("check", "-f", str(small), "--format", "json", *named), None, 20))
    found.append(Row("check 100", ("check", "-f", str(larger), "--format", "json", *named), None, 12))
    found.append(Row("explain 1", ("explain", "acorn-00000", "-f", str(small), *named), None, 20))
    found.append(Row("diff 100", ("diff", str(larger), str(larger), "--format", "json", *named), None, 8))
    found += bulk_rows(bench, named)
    found += equal_rows(folder, named)
    found += function_rows(folder)
    found += import_rows(folder)
    callers = folder / "callers.json"
    callers.write_text(json.dumps(many_callers(200)), encoding="utf-8")
    found.append(Row("check, 200 callers", ("check", "-f", str(callers), "--format", "json", *named), None, 5))
    for kind in ("alike", "varied"):
        manifests = folder / f"{kind}-1000"
        write_manifests(bench, kind, 1_000, manifests)
        found.append(Row(f"reach 1,000 {kind}", ("reach", str(manifests)), None, 5))
    return found


def bulk_rows(bench: Bench, named: tuple[str, ...]) -> list[Row]:
    """Large inputs on other paths than a post-renderer's: servers that run, one of many explained, a folder checked."""
    found = []
    for servers, rounds in ((1_000, 4), (10_000, 2)):
        stream = bench.folder / f"running-{servers}.yaml"
        values = bench.folder / f"running-{servers}.json"
        values.write_text(json.dumps(running(make_values(servers))), encoding="utf-8")
        write_stream(bench.helms[3].path, values, stream)
        found.append(Row(f"post-render {servers:,} that run", ("post-render",), stream, rounds))
    large, folder = bench.folder / "values-10000.yaml", bench.folder / "manifests"
    found.append(Row("explain one of 10,000", ("explain", "acorn-00000", "-f", str(large), *named), None, 2))
    rendered = ("render", "-f", str(large), *named, "--policies-only", "-o", str(folder))
    mcpfence(rendered, bench.folder)
    checked = ("check", "-f", str(large), *named, "--policies-only", "--format", "json", str(folder))
    found.append(Row("check a folder of 10,000", checked, None, 1))
    return found


def equal_rows(folder: Path, named: tuple[str, ...]) -> list[Row]:
    """Two sides that say the same: one file, one of them with a comment more, and folders with the same files."""
    found = []
    for servers, rounds in ((1_000, 4), (10_000, 1)):
        values, noted = folder / f"values-{servers}.yaml", folder / f"noted-{servers}.yaml"
        noted.write_bytes(b"# a comment\n" + values.read_bytes())
        for title, other in (("equal", values), ("a comment more", noted)):
            arguments = ("diff", str(values), str(other), "--format", "json", *named)
            found.append(Row(f"diff {servers:,}, {title}", arguments, None, rounds))
    manifests = folder / "manifests-1000"
    rendered = ("render", "-f", str(folder / "values-1000.yaml"), *named, "--policies-only", "-o", str(manifests))
    mcpfence(rendered, folder)
    copied = shutil.copytree(manifests, folder / "copied-1000")
    found.append(Row("diff of a folder, 1,000, equal", ("diff", str(manifests), str(copied)), None, 2))
    return found


def function_rows(folder: Path) -> list[Row]:
    """The KRM function on the catalogs of post-render."""
    found = []
    for servers, rounds in ((1, 20), (1_000, 6)):
        resources = folder / f"resources-{servers}.yaml"
        write_yaml(make_function_input(make_values(servers)), resources)
        found.append(Row(f"krm {servers:,}", ("krm",), resources, rounds))
    return found


def import_rows(folder: Path) -> list[Row]:
    """A catalog of 5,000 servers imported, and one server added to it."""
    many, one, catalog = folder / "registry-5000.json", folder / "registry-1.json", folder / "imported.yaml"
    for path, servers in ((many, 5_000), (one, 1)):
        path.write_text(json.dumps(make_registry(servers)).replace("image-00000", f"first-of-{servers}"), "utf-8")
    mcpfence(("import", "toolhive", str(many), "-o", str(catalog)), folder)
    merged = ("import", "toolhive", str(one), "--merge", str(catalog))
    return [
        Row("import 5,000", ("import", "toolhive", str(many)), None, 2),
        Row("import one into 5,000", merged, None, 2),
    ]


def mcpfence(arguments: tuple[str, ...], folder: Path) -> None:
    """Run this checkout for an input."""
    surroundings = {**environment(folder), "PYTHONPATH": str(ROOT / "renderer")}
    command = [sys.executable, "-m", "mcpfence", *arguments]
    subprocess.run(command, env=surroundings, capture_output=True, check=True)


def running(values: Values) -> Values:
    """The same servers, started by mcpfence."""
    for server in values["servers"].values():
        for key, version in (("npxConfig", "@1.0.0"), ("uvxConfig", "==1.0.0")):
            if key in server:
                server[key]["package"] += version
    return {**values, "run": {"enabled": True}}


def main() -> int:
    """Measure both, print the ratios."""
    parser = argparse.ArgumentParser(description="Measure this checkout beside another one.")
    parser.add_argument("other", type=Path, help="the root of the other checkout")
    parser.add_argument("--only", default="", metavar="WORD,WORD", help="rows whose name holds one of these words")
    parser.add_argument("--changed", action="store_true", help="different bytes are meant")
    options = parser.parse_args()
    builds = {"this": ROOT / "renderer", "other": options.other.resolve() / "renderer"}
    words = [word for word in options.only.split(",") if word]
    helms = find_helms()
    printed, different = [], []
    taken: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="mcpfence-beside-") as name:
        folder = Path(name)
        for row in rows(Bench(helms=helms, environment=environment(folder), folder=folder)):
            if words and not any(word in row.name for word in words):
                continue
            measured = measure(row, builds, folder)
            taken[row.name] = measured["this"].cpu
            if (folder / "this.out").read_bytes() != (folder / "other.out").read_bytes() and row.name != "--version":
                different.append(row.name)
            printed.append(line(row.name, measured))
            sys.stderr.write(f"{'  '.join(printed[-1])}\n")
    print(table(("work", "this, CPU s", "other, CPU s", "ratio", "this, MiB", "other, MiB"), printed))
    for size in ("1", "1,000"):
        if {f"krm {size}", f"post-render {size}"} <= taken.keys():
            print(f"\nkrm beside post-render of {size}: {taken[f'krm {size}'] / taken[f'post-render {size}']:.2f} x")
    if different:
        print(f"\nDifferent bytes: {', '.join(different)}.")
    return 1 if different and not options.changed else 0


def measure(row: Row, builds: dict[str, Path], folder: Path) -> dict[str, Samples]:
    """Both builds in turns; their outputs stay in the folder as this.out and other.out."""
    cases = []
    for name, renderer in builds.items():
        home = folder / f"home-{name}"
        home.mkdir(exist_ok=True)
        surroundings = {**environment(home), "PYTHONPATH": str(renderer)}
        command = [sys.executable, "-m", "mcpfence", *row.arguments]
        cases.append(Case(name=name, command=command, environment=surroundings, stdin=row.stdin or Path(os.devnull)))
    return alternate(cases, row.rounds, folder)


def line(name: str, measured: dict[str, Samples]) -> list[str]:
    """One row of the table."""
    this, other = measured["this"], measured["other"]
    ratio = this.cpu / other.cpu
    return [name, f"{this.cpu:.3f}", f"{other.cpu:.3f}", f"{ratio:.2f}", f"{this.mib:.0f}", f"{other.mib:.0f}"]


if __name__ == "__main__":
    sys.exit(main())
