"""What a start costs: commands on one server beside a Python that imports click and yaml and does nothing.

    .venv/bin/python bench/startup.py ../before [--rounds 40]

The checkout is measured in turns with this one, and their bytes are compared.  CPU time counts, user and system: first
the least of all rounds, then the medians, each as a multiple of the Python that does nothing.  No helm is needed: the
stream is written by hand.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from generate import NAMESPACE, RELEASE, make_function_input, make_values, write_values, write_yaml
from machine import ROOT, environment, load
from measure import Case, Samples, alternate, run
from reach import namespaces, pods
from tables import table

sys.path += [str(ROOT / "tests" / "support"), str(ROOT / "tools")]

from edges import carrier

NOTHING = [sys.executable, "-c", "import click, yaml; print(1)"]
"""A word on stdout, since `run` takes empty output for a failure."""


def main() -> int:
    """Measure, print the table; 1 where the two builds print different bytes."""
    parser = argparse.ArgumentParser(description="Measure the start of both builds.")
    parser.add_argument("other", type=Path, help="the root of the other checkout")
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    builds = {"this": ROOT / "renderer", "other": options.other.resolve() / "renderer"}
    rows, different = [], []
    with tempfile.TemporaryDirectory(prefix="mcpfence-startup-") as name:
        folder = Path(name)
        for command, arguments, stdin in commands(folder):
            cases = [case(folder, which, renderer, arguments, stdin) for which, renderer in builds.items()]
            measured = alternate([nothing(folder), *cases], options.rounds, folder)
            if command != "--version" and len({(folder / f"{which}.out").read_bytes() for which in builds}) > 1:
                different.append(command)
            rows.append([f"`{command}`", *figures(measured)])
            sys.stderr.write(f"{'  '.join(rows[-1])}\n")
    heads = ("command", "this, x", "medians", "MiB", "other, x", "medians", "MiB")
    print(f"Load averages: {load()}.\n\n{table(heads, rows)}")
    if different:
        print(f"\nDifferent bytes: {', '.join(different)}.")
    return 1 if different else 0


def commands(folder: Path) -> list[tuple[str, Sequence[str], Path]]:
    """Name, arguments and stdin of what is measured, with the input written into the folder."""
    values, stream, manifests = folder / "values.yaml", folder / "stream.yaml", folder / "manifests.yaml"
    write_values(1, values)
    resources = folder / "resources.yaml"
    write_yaml(make_function_input(make_values(1)), resources)
    stream.write_bytes(carrier(make_values(1), release=RELEASE, namespace=NAMESPACE))
    rendered = case(folder, "rendered", ROOT / "renderer", ["post-render"], stream)
    run(rendered, folder)
    printed = (folder / "rendered.out").read_text(encoding="utf-8")
    others = [*pods(list(make_values(1)["servers"])), *namespaces()]
    manifests.write_text(printed + "".join(f"---\n{json.dumps(one)}\n" for one in others), encoding="utf-8")
    named, none = ("--release", RELEASE, "--namespace", NAMESPACE), Path(os.devnull)
    return [
        ("--version", ["--version"], none),
        ("post-render", ["post-render"], stream),
        ("krm", ["krm"], resources),
        ("check", ["check", "-f", str(values), "--format", "json", *named], none),
        ("explain", ["explain", "acorn-00000", "-f", str(values), *named], none),
        ("diff", ["diff", str(values), str(values), "--format", "json", *named], none),
        ("reach", ["reach", str(manifests)], none),
    ]


def case(folder: Path, name: str, renderer: Path, arguments: Sequence[str], stdin: Path) -> Case:
    """A build with its own folder of compiled modules."""
    home = folder / f"home-{name}"
    surroundings = {**environment(home), "PYTHONPATH": str(renderer)}
    command = [sys.executable, "-m", "mcpfence", *arguments]
    return Case(name=name, command=command, environment=surroundings, stdin=stdin)


def nothing(folder: Path) -> Case:
    """The Python that does nothing."""
    return Case(name="nothing", command=NOTHING, environment=environment(folder / "home-nothing"))


def figures(measured: dict[str, Samples]) -> list[str]:
    """Multiples by the least and by the medians, and peak memory, of both builds."""
    found = []
    for which in ("this", "other"):
        least = measured[which].cpu / measured["nothing"].cpu
        found += [f"{least:.2f}", f"{median(measured[which]) / median(measured['nothing']):.2f}"]
        found.append(f"{measured[which].mib:.0f}")
    return found


def median(samples: Samples) -> float:
    """The median of the CPU times."""
    return statistics.median(sample.cpu for sample in samples.taken)


if __name__ == "__main__":
    sys.exit(main())
