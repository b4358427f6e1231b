"""Schemas of charts that refer to files of the machine that renders: helm would read them, wherever they lie.

A `$ref` may be `file:///etc/...`.  URLs need no look here: helm is given no way out.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mcpfence.findings.finding import McpfenceError, fail, quote

SCHEMA = "values.schema.json"
_LARGEST_FILE = 5 << 20
"""Helm takes no larger file of a chart (pkg/chart/loader/archive of Helm 4)."""
_LARGEST_ARCHIVE = 100 << 20
_DEEPEST = 5


def check_schema(path: Path, shown: str) -> None:
    """Refuse a values.schema.json, or an archived chart that holds one, which refers to a file; raises McpfenceError.

    What cannot be read is left to helm, which says what is wrong with it.
    """
    try:
        data = path.read_bytes()
    except OSError:
        return
    texts = [data] if path.name == SCHEMA else _archived(data)
    for text in texts:
        try:
            found = list(_file_refs(json.loads(text)))
        except (ValueError, RecursionError):
            continue
        if found:
            raise _refers(shown, found[0])


def _refers(shown: str, ref: str) -> McpfenceError:
    sentence = f"{quote(shown)} refers to {quote(ref)}, a file outside the schema"
    return fail("path-outside", sentence, "put what it refers to under $defs", document="chart")


def _file_refs(schema: Any) -> Iterator[str]:
    """Every `$ref`, `$id` or `$schema` that names a file: each changes where helm reads from."""
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key.startswith("$") and isinstance(value, str) and value.lstrip().lower().startswith("file:"):
                yield value
            else:
                yield from _file_refs(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from _file_refs(item)


def _archived(data: bytes, depth: int = 0) -> Iterator[bytes]:
    """The schemas of an archived chart and of those archived in it."""
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
            for member in archive:
                if member.offset_data > _LARGEST_ARCHIVE:
                    return
                if not member.isfile() or member.size > _LARGEST_FILE:
                    continue
                name = member.name.rpartition("/")[2]
                file = archive.extractfile(member) if name == SCHEMA or name.endswith(".tgz") else None
                if file is not None and name == SCHEMA:
                    yield file.read()
                elif file is not None and depth < _DEEPEST:
                    yield from _archived(file.read(), depth + 1)
    except (tarfile.TarError, OSError, EOFError):
        return
