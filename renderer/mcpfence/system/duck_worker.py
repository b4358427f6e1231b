"""The process in which DuckDB runs, so that whatever becomes of it, the command that asked goes on.

    python -P -m mcpfence.system.duck_worker FOLDER

Questions come on stdin, a JSON text a line.  Answers go to stdout as marshalled frames behind their length in four
bytes: `("columns", [name and type...])` or `("error", sentence)`; behind columns lists of rows, and None at the end, or
an error.
"""

from __future__ import annotations

import json
import marshal
import sys
from typing import Any, BinaryIO

_BATCH = 2000
_SETTINGS: dict[str, str | int | bool] = {
    "autoinstall_known_extensions": False,  # nothing is fetched, ever
    "autoload_known_extensions": False,
    "memory_limit": "240MB",  # what does not fit goes to files of the folder; a third of it comes on top
    "threads": 2,  # each further one takes 60 MB
}


def main() -> None:
    """Answer until stdin ends."""
    import duckdb

    out = sys.stdout.buffer
    database = duckdb.connect(config=dict(_SETTINGS, temp_directory=sys.argv[1]))
    for line in sys.stdin.buffer:
        try:
            answer = database.execute(json.loads(line))
            _send(out, ("columns", [[name, str(kind)] for name, kind, *_ in answer.description or ()]))
        except (duckdb.Error, MemoryError, RuntimeError) as bad:
            _send(out, ("error", str(bad).partition("\n")[0]))
            continue
        _send_rows(out, answer, (duckdb.Error, MemoryError, RuntimeError))


def _send_rows(out: BinaryIO, answer: Any, faults: tuple[type[Exception], ...]) -> None:
    """All rows; an answer can fail in the middle, where an engine has no memory left."""
    try:
        while rows := answer.fetchmany(_BATCH):
            _send(out, rows)
    except faults as bad:
        _send(out, ("error", str(bad).partition("\n")[0]))
        return
    _send(out, None)


def _send(out: BinaryIO, what: Any) -> None:
    data = marshal.dumps(what)
    out.write(len(data).to_bytes(4, "big"))
    out.write(data)
    out.flush()


if __name__ == "__main__":
    main()
