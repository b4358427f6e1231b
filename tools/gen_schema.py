"""Writes the providers' parts of schemas/catalog.schema.json, and chart/values.schema.json from the whole of it.

The choices of `egress.provider` and the settings of each provider come from the rows of renderer/mcpfence/providers.
Chart values and catalog have the same keys, so their structure is written once, in the catalog schema.
The chart's copy differs in one key: `global`, which helm hands to every subchart.

    python tools/gen_schema.py            # writes the files
    python tools/gen_schema.py --check    # exits 1 if one is stale, and writes nothing
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from mcpfence.providers import Provider, all_providers

ROOT = Path(__file__).resolve().parent.parent
SOURCE = Path("schemas/catalog.schema.json")
TARGET = Path("chart/values.schema.json")

GLOBAL: dict[str, Any] = {
    "description": (
        "Values that a parent chart shares with its subcharts; Helm puts them here. No effect in this chart."
    ),
    "type": "object",
}


def with_providers(catalog_schema: Mapping[str, Any], providers: Iterable[Provider]) -> dict[str, Any]:
    """The catalog schema with these providers as the choices, and with their settings. The argument stays as it is."""
    schema: dict[str, Any] = deepcopy(dict(catalog_schema))
    rows = list(providers)
    choice = schema["$defs"]["egressDefaults"]["properties"]["provider"]
    before = set(choice["enum"])
    choice["enum"] = [row.name for row in rows]
    settings = {row.name: row.settings for row in rows if row.settings}
    old = schema["$defs"]["egressDefaults"]["properties"]
    new: dict[str, Any] = {}
    for key, value in old.items():
        if key not in before:
            new[key] = value
        if key == "provider":
            new |= {
                name: {"description": f"Settings of the provider {name}.", "$ref": f"#/$defs/{name}"}
                for name in settings
            }
    schema["$defs"]["egressDefaults"]["properties"] = new
    defs: dict[str, Any] = {}
    for key, value in schema["$defs"].items():
        if key not in before:
            defs[key] = value
        if key == "egressDefaults":
            defs |= {
                name: {"type": "object", "additionalProperties": False, "properties": dict(found)}
                for name, found in settings.items()
            }
    schema["$defs"] = defs
    return schema


def values_schema(catalog_schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of the chart's values: the catalog schema and the key `global`. The argument stays as it is."""
    comment = f"Generated from {SOURCE.as_posix()} by tools/gen_schema.py; edit the source instead."
    schema = {"$schema": catalog_schema["$schema"], "$comment": comment, **catalog_schema}
    del schema["$id"]  # helm and editors read this one as a file
    schema["properties"] = {**catalog_schema["properties"], "global": GLOBAL}
    return schema


def pretty(value: Any, indent: int = 0) -> str:
    """JSON for people: two spaces a level; lists of plain values, and short mappings of one key, in one line."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or not value:
        return flat
    inner = list(value.values()) if isinstance(value, dict) else value
    nested = any(isinstance(item, dict) or (isinstance(item, list) and not _is_plain(item)) for item in inner)
    if (isinstance(value, list) and _is_plain(value)) or (len(inner) == 1 and not nested and len(flat) < _SHORT):
        return flat
    pad = " " * (indent + 2)
    if isinstance(value, dict):
        lines = [f"{pad}{json.dumps(key)}: {pretty(item, indent + 2)}" for key, item in value.items()]
    else:
        lines = [f"{pad}{pretty(item, indent + 2)}" for item in value]
    first, last = ("{", "}") if isinstance(value, dict) else ("[", "]")
    return "\n".join([first, ",\n".join(lines), " " * indent + last])


_SHORT = 100


def _is_plain(items: list[Any]) -> bool:
    return not any(isinstance(item, (dict, list)) for item in items)


def generated(root: Path) -> dict[Path, str]:
    """The text that each file should have below `root`.

    Raises OSError or ValueError if the source cannot be read or is no JSON.
    """
    source = with_providers(json.loads((root / SOURCE).read_text(encoding="utf-8")), all_providers())
    values = json.dumps(values_schema(source), indent=2, ensure_ascii=False)
    return {SOURCE: pretty(source) + "\n", TARGET: values + "\n"}


def main(arguments: list[str] | None = None) -> int:
    """Writes or checks the files; returns the exit code."""
    parser = argparse.ArgumentParser(description="Write the generated parts of the JSON Schemas.")
    parser.add_argument("--check", action="store_true", help="exit 1 if a file is stale, and write nothing")
    parser.add_argument(
        "--root", type=Path, default=ROOT, help="the checkout (default: the one that holds this script)"
    )
    options = parser.parse_args(arguments)

    stale = False
    for name, text in generated(options.root).items():
        target = options.root / name
        current = target.read_text(encoding="utf-8") if target.exists() else ""
        if current == text:
            continue
        if not options.check:
            target.write_text(text, encoding="utf-8")
            continue
        stale = True
        what = "the providers have" if name == SOURCE else f"{SOURCE.as_posix()} has"
        print(
            f"{name.as_posix()} is stale: {what} changed since it was written; "
            "run `python tools/gen_schema.py` and commit the result",
            file=sys.stderr,
        )
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
