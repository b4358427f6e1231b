"""Writes chart/values.schema.json from schemas/catalog.schema.json.

Chart values and catalog have the same keys, so their structure is written once, in the catalog schema.
The chart's copy differs in one key: `global`, which helm hands to every subchart.

    python tools/gen_schema.py            # writes the file
    python tools/gen_schema.py --check    # exits 1 if the file is stale, and writes nothing
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SOURCE = Path("schemas/catalog.schema.json")
TARGET = Path("chart/values.schema.json")

GLOBAL: dict[str, Any] = {
    "description": (
        "Values that a parent chart shares with its subcharts; Helm puts them here. No effect in this chart."
    ),
    "type": "object",
}


def values_schema(catalog_schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of the chart's values: the catalog schema and the key `global`. The argument stays as it is."""
    comment = f"Generated from {SOURCE.as_posix()} by tools/gen_schema.py; edit the source instead."
    schema = {"$schema": catalog_schema["$schema"], "$comment": comment, **catalog_schema}
    schema["properties"] = {**catalog_schema["properties"], "global": GLOBAL}
    return schema


def generated(root: Path) -> str:
    """The text that `TARGET` should have below `root`.

    Raises OSError or ValueError if the source cannot be read or is no JSON.
    """
    source = json.loads((root / SOURCE).read_text(encoding="utf-8"))
    return json.dumps(values_schema(source), indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Writes or checks the file; returns the exit code."""
    parser = argparse.ArgumentParser(description="Write chart/values.schema.json from schemas/catalog.schema.json.")
    parser.add_argument("--check", action="store_true", help="exit 1 if the file is stale, and write nothing")
    parser.add_argument(
        "--root", type=Path, default=ROOT, help="the checkout (default: the one that holds this script)"
    )
    options = parser.parse_args(arguments)

    text = generated(options.root)
    target = options.root / TARGET
    current = target.read_text(encoding="utf-8") if target.exists() else ""
    if current == text:
        return 0
    if options.check:
        print(
            f"{TARGET.as_posix()} is stale: {SOURCE.as_posix()} has changed since it was written; "
            "run `python tools/gen_schema.py` and commit the result",
            file=sys.stderr,
        )
        return 1
    target.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
