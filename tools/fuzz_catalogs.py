"""Render random catalogs by seed, and look for one that is refused, or whose policies are not what it grants.

    .venv/bin/python tools/fuzz_catalogs.py --first 0 --count 1000000 --jobs 2

Every catalog is rendered under one of the providers, and so proven; every twentieth is asked packet by packet, too, by
the slow judge of the tests, which shares no line with the proof (tests/support/proof/bruteforce.py).
A seed that fails is printed with its catalog, and the exit code is 1; a run that was ended early goes on with --first.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import sys
import time
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tools"), str(ROOT / "renderer")]

from helpers import errors_of, rendered  # noqa: E402  the tests' own modules lie on no path until here
from mcpfence.findings.finding import McpfenceError  # noqa: E402
from mcpfence.findings.table import Severity  # noqa: E402
from proof.asked import asked  # noqa: E402
from proof.scenes import scene_of  # noqa: E402
from quick_catalogs import make_catalog  # noqa: E402

CHUNK = 500
ASKED = 20
"""Every so many-th catalog is asked packet by packet: that takes ten times as long as its proof."""
JUDGED = ("none", "aviatrix")
"""Providers whose policies the slow judge can read; those of the others are judged by their engines (tests/engines)."""
REFUSALS = frozenset(("clusternetworkpolicy-dns", "clusternetworkpolicy-unlearnt", "eks-resolver", "gke-ports"))
"""What an engine cannot express is refused, and counted; any other error is a fault."""


class Tally(NamedTuple):
    """What a chunk of seeds came to."""

    first: int
    catalogs: int
    refused: int
    objects: int
    packets: int
    cpu: float
    faults: tuple[str, ...]


def main() -> int:
    """Run the seeds that were asked for and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--count", type=int, default=1_000_000, help="how many seeds")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    chosen = parser.parse_args()
    last = chosen.first + chosen.count
    chunks = [(seed, min(CHUNK, last - seed)) for seed in range(chosen.first, last, CHUNK)]
    began, done = time.monotonic(), Tally(chosen.first, 0, 0, 0, 0, 0.0, ())
    with multiprocessing.Pool(chosen.jobs) as pool:
        for one in pool.imap(run_chunk, chunks):
            done = _added(done, one)
            for fault in one.faults:
                print(fault, flush=True)
            if (one.first // CHUNK) % 20 == 0:
                print(_row(done, time.monotonic() - began), file=sys.stderr, flush=True)
    print(_row(done, time.monotonic() - began))
    return 1 if done.faults else 0


def run_chunk(chunk: tuple[int, int]) -> Tally:
    """Render `count` catalogs from a seed on."""
    first, count = chunk
    gc.collect()
    gc.disable()  # as in a run of the command
    began, refused, objects, packets, faults = time.process_time(), 0, 0, 0, []
    for seed in range(first, first + count):
        raw = make_catalog(seed)
        try:
            objects += len(rendered(raw).objects)
            if seed % ASKED == 0 and raw["egress"].get("provider", "none") in JUDGED:
                found = _wrong_packets(raw, seed)
                packets += found[0]
                faults += [f"{what}\n{_shown(seed, raw)}" for what in found[1]]
        except McpfenceError as error:
            if {item.id for item in error.findings if item.severity is Severity.ERROR} <= REFUSALS:
                refused += 1
            else:
                faults += [f"{line}\n{_shown(seed, raw)}" for line in errors_of(raw)]
        except Exception as error:  # noqa: BLE001  whatever it is, it is what is looked for
            faults.append(f"{error!r}\n{_shown(seed, raw)}")
    return Tally(first, count, refused, objects, packets, time.process_time() - began, tuple(faults))


def _wrong_packets(raw: dict[str, Any], seed: int) -> tuple[int, list[str]]:
    """How many packets were asked, and those of which judge and catalog say different things."""
    scene, chance, count, wrong = scene_of(f"seed {seed}", raw), Random(seed), 0, []  # noqa: S311  no secret
    for title, fence in scene.fences.items():
        for granted, passes, what in asked(scene, title, fence, chance):
            count += 1
            if granted is not passes:
                wrong.append(f"{'wider' if passes else 'narrower'}: {what}")
    return count, wrong


def _shown(seed: int, raw: dict[str, Any]) -> str:
    return f"  seed {seed}: {json.dumps(raw)}"


def _added(total: Tally, one: Tally) -> Tally:
    return Tally(
        total.first,
        total.catalogs + one.catalogs,
        total.refused + one.refused,
        total.objects + one.objects,
        total.packets + one.packets,
        total.cpu + one.cpu,
        total.faults + one.faults,
    )


def _row(done: Tally, seconds: float) -> str:
    last = done.first + done.catalogs - 1
    return (
        f"seeds {done.first} to {last}: {done.catalogs:,} catalogs, {done.refused:,} of them refused, "
        f"{done.objects:,} objects, {done.packets:,} packets asked, {len(done.faults)} faults, "
        f"{done.cpu:,.0f} s of CPU, {seconds:,.0f} s"
    )


if __name__ == "__main__":
    sys.exit(main())
