"""Where the time of a post-render goes: the functions with the most time of their own, as plain text.

    python bench/hotspots.py [SERVERS]      default 10,000

The profiler makes every call dearer, so shares tell more than seconds.  (Not called profile.py: cProfile imports the
standard module of that name.)
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import sys
import tempfile
import time
from pathlib import Path

from generate import write_stream, write_values
from machine import ROOT, find_helms

SHOWN = 25


def main() -> int:
    """Render once as it is, once under the profiler, and print."""
    parser = argparse.ArgumentParser(description="Profile a post-render.")
    parser.add_argument("servers", type=int, nargs="?", default=10_000, help="size of the catalog")
    servers = parser.parse_args().servers
    data = stream(servers)
    began = time.perf_counter()
    from mcpfence.streams.post_render import post_render

    imported = time.perf_counter()
    post_render(data)
    done = time.perf_counter()
    profiler = cProfile.Profile()
    profiler.enable()
    post_render(data)
    profiler.disable()
    print(f"{servers:,} servers; without profiler: imports {imported - began:.3f} s, render {done - imported:.3f} s")
    print("\n".join(rows(pstats.Stats(profiler))))
    return 0


def stream(servers: int) -> bytes:
    """What helm hands to the post-renderer."""
    with tempfile.TemporaryDirectory(prefix="mcpfence-bench-") as name:
        values, output = Path(name) / "values.yaml", Path(name) / "stream.yaml"
        write_values(servers, values)
        write_stream(find_helms()[3].path, values, output)
        return output.read_bytes()


def rows(stats: pstats.Stats) -> list[str]:
    """A line per function, the one with the most time of its own first."""
    total = stats.total_tt  # type: ignore[attr-defined]
    lines = [f"under the profiler {total:.3f} s; own time, share, with callees, calls:"]
    found = []
    for (file, line, function), (_, calls, own, cumulative, _) in stats.stats.items():  # type: ignore[attr-defined]
        found.append((own, cumulative, calls, f"{shown(file)}:{line} {function}" if line else function))
    for own, cumulative, calls, where in sorted(found, reverse=True)[:SHOWN]:
        lines.append(f"{own:8.3f} {own / total:6.1%} {cumulative:8.3f} {calls:10,}  {where}")
    return lines


def shown(file: str) -> str:
    """A path without the folders of this machine."""
    path = Path(file)
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else "/".join(path.parts[-2:])


if __name__ == "__main__":
    sys.exit(main())
