"""How long does a report take to make, and how soon can it be read?  Pages of some sizes, opened in Chromium.

    .venv/bin/python bench/report_page.py

Making is the CPU time of `mcpfence report`, user and system, start-up included.  Opening is what the browser itself
counts from the call to the end of `load`, from a file; searching is from the last letter until the list is laid out.
Each page is opened three times and the median is told.  Needs Debian's chromium and chromium-driver.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from generate import make_values
from machine import environment
from tables import table

sys.path += [str(Path(__file__).resolve().parent.parent / name) for name in ("tests/support", "tools")]

from browser import Browser, browser, find_chromedriver, find_chromium

SIZES = (10, 300, 1_000)
ROUNDS = 3

_OPENED = "return performance.getEntriesByType('navigation')[0].loadEventEnd"
_SEARCHED = """
const field = document.getElementById("search"), from = performance.now();
field.value = arguments[0];
field.dispatchEvent(new Event("input"));
document.body.offsetHeight;
return performance.now() - from;
"""


def main() -> int:
    """Measure, print."""
    with tempfile.TemporaryDirectory() as name, browser(find_chromium(), find_chromedriver()) as chromium:
        rows = [row(chromium, servers, Path(name)) for servers in SIZES]
    print(table(("servers", "make, CPU s", "without rules, CPU s", "page, MB", "open, s", "search, s"), rows))
    return 0


def row(chromium: Browser, servers: int, folder: Path) -> Sequence[str]:
    """One size."""
    values, page = folder / f"{servers}.json", folder / f"{servers}.html"
    values.write_text(json.dumps(make_values(servers)), encoding="utf-8")
    made = _made(values, "html", page, folder)
    quick = _made(values, "markdown", folder / f"{servers}.md", folder)
    opened, searched = [], []
    for _ in range(ROUNDS):
        chromium.open(page)
        opened.append(chromium.run(_OPENED))
        searched.append(chromium.run(_SEARCHED, "acorn-00000"))
    found = [f"{servers:,}", f"{made:.1f}", f"{quick:.1f}", f"{page.stat().st_size / 1e6:.2f}"]
    found += [f"{statistics.median(figures) / 1e3:.2f}" for figures in (opened, searched)]
    sys.stderr.write(f"{'  '.join(found)}\n")
    return found


def _made(values: Path, form: str, target: Path, folder: Path) -> float:
    """CPU seconds of one report."""
    command = [sys.executable, "-m", "mcpfence", "report", "-f", str(values), "--format", form]
    before = os.times()
    with target.open("wb") as file:
        subprocess.run(command, stdout=file, check=True, env=environment(folder))
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


if __name__ == "__main__":
    sys.exit(main())
