"""A log file folded by an engine: looked through once, asked in one query, and what is left over read line by line.

The look through it finds lines that are too long, so that no engine meets them; it costs a twentieth of the query.
Whatever an engine cannot do is left to the reader: the file is then read as without one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from mcpfence.observe.lines import LONGEST, Damaged, LogLine, packing, read_lines, unpacked, unwrapped
from mcpfence.observe.readers import READERS, SNIFFED, aws_vpc, sniff
from mcpfence.observe.readers.contract import LogReader, ReadLine, ReadOptions
from mcpfence.observe.reading import BadLineList, Beginning, take_line
from mcpfence.observe.report import SourceFile
from mcpfence.observe.sql import hubble, vpc
from mcpfence.observe.sql.groups import Folding, FoldQuery, LineGroup, Misfolded, first_bad, groups_of
from mcpfence.observe.table import FlowTable, RecordScope
from mcpfence.structs import Struct

Unpack = Callable[[Iterable[bytes]], Iterable[bytes]]


class LargeLog(Struct):
    """A file that an engine can read by itself."""

    name: str
    """As messages say it."""
    chunks: Callable[[], Iterator[bytes]]
    """Its bytes, from the beginning each time."""
    unzstd: Unpack
    path: str
    """Where the engine finds it; no sign in it means anything in SQL."""
    rows: Callable[[str], Iterator[tuple[Any, ...]]]
    """The rows of a query; raises ValueError, as a rule before the first."""


class NotFolded(ValueError):
    """The file is to be read line by line; the message is half a sentence that says why."""


def _hubble(log: LargeLog, packed: str, scope: RecordScope, options: ReadOptions, _: str) -> FoldQuery:
    return hubble.hubble_query(log.path, packed, scope, READERS["hubble"].open(options))


def _vpc(log: LargeLog, packed: str, scope: RecordScope, options: ReadOptions, first: str) -> FoldQuery:
    fields = aws_vpc.header_of(first) or aws_vpc.fields_of(options)
    if not {"start", "end"} & set(fields):
        raise NotFolded("its format has no times")
    return vpc.vpc_query(log.path, packed, scope, fields)


MakeQuery = Callable[[LargeLog, str, RecordScope, ReadOptions, str], FoldQuery]
QUERIES: dict[str, MakeQuery] = {"hubble": _hubble, "aks-acns": _hubble, "aws-vpc": _vpc}
"""By format; the last argument is the first line."""


def read_folded(
    log: LargeLog, table: FlowTable, bad: BadLineList, options: ReadOptions, wanted: str = ""
) -> SourceFile:
    """Read one file into the table; raises NotFolded while nothing was read yet, Misfolded and ValueError later."""
    reader, packed, beginning = _recognised(log, wanted)
    _look(unpacked(log.chunks(), log.unzstd))
    query = QUERIES[reader.name](log, packed, table.scope, options, beginning)
    began, folding = Beginning.of(table), Folding(table)
    groups = map(query.group_of, groups_of(query, log.rows))
    try:
        for group in groups:
            folding.take((group,))
            if isinstance(group, LineGroup):
                break
    except ValueError as why:
        raise NotFolded(f"duckdb says: {why}") from None
    folding.take(groups)
    lines = _left_over(log, reader.open(options), folding, query, bad)
    return began.file(log.name, reader, lines, table)._replace(engine="duckdb")


def _recognised(log: LargeLog, wanted: str) -> tuple[LogReader, str, str]:
    """The reader of a file whose lines stand in nothing else, its packing, its first line; raises NotFolded."""
    packed = packing(next(log.chunks(), b""))
    try:
        raw = next(unpacked(log.chunks(), log.unzstd), b"").removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0]
        head = list(islice(read_lines(log.chunks(), log.unzstd), SNIFFED))
    except Damaged as why:
        raise NotFolded(f"it {why}") from None
    reader = READERS[wanted] if wanted else sniff([line.text for line in head if line.text is not None])
    if reader is None or reader.name not in QUERIES:
        raise NotFolded("no query for its format")
    beginning = raw.decode("utf-8", "replace").rstrip("\r")
    if not head or head[0].text != beginning:
        raise NotFolded("its lines stand in something else")
    return reader, packed, beginning


def _look(chunks: Iterable[bytes]) -> None:
    """Raises NotFolded where a line is too long or the file is damaged; lines are not counted, which takes longer."""
    open_line = 0
    try:
        for chunk in chunks:
            end = chunk.find(b"\n")
            inside = max(map(len, chunk.split(b"\n"))) if len(chunk) > LONGEST else 0
            if max(open_line + (end if end >= 0 else len(chunk)), inside) > LONGEST:
                raise NotFolded(f"a line is longer than {LONGEST >> 20} MiB")
            open_line = len(chunk) - chunk.rfind(b"\n") - 1 if end >= 0 else open_line + len(chunk)
    except Damaged as why:
        raise NotFolded(f"it {why}") from None


def _left_over(log: LargeLog, read: ReadLine, folding: Folding, query: FoldQuery, bad: BadLineList) -> int:
    """Read the lines that the query left out, and name those of bad groups; returns how many lines hold something."""
    if not folding.odd and not folding.bad:
        return folding.rows
    whys = first_bad(query, log.rows, folding.bad)
    odd, told, rest = BadLineList(), list[tuple[str, int, str]](), 0

    def lines() -> Iterator[LogLine]:
        for row, number, raw in _numbered(log, sorted({*folding.odd, *whys}), folding.rows, query):
            if row in whys:
                told.append((log.name, number, whys[row]))
            else:
                bare = raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw
                yield LogLine(number, bare.decode("utf-8", "replace").rstrip("\r"))

    for line in unwrapped(lines()):
        rest += 1
        take_line(log.name, line, read, folding.table, odd)
    bad.extend([*told, *odd.first], folding.bad_lines + odd.count)
    return folding.rows - len(folding.odd) + rest


def _numbered(log: LargeLog, wanted: Sequence[int], rows: int, query: FoldQuery) -> Iterator[tuple[int, int, bytes]]:
    """Lines by the number that the engine has for them: that, the line's own, and the line."""
    if query.blanks_count or _count_lines(unpacked(log.chunks(), log.unzstd)) == rows:
        return _picked(unpacked(log.chunks(), log.unzstd), wanted)
    return _searched(unpacked(log.chunks(), log.unzstd), set(wanted), rows)


def _count_lines(chunks: Iterable[bytes]) -> int:
    ends, last = 0, b"\n"
    for chunk in chunks:
        ends, last = ends + chunk.count(b"\n"), chunk[-1:]
    return ends + (last != b"\n")


def _picked(chunks: Iterable[bytes], wanted: Sequence[int]) -> Iterator[tuple[int, int, bytes]]:
    """Lines by number, ascending; chunks that hold none of them are only counted."""
    number, kept = 0, b""
    for chunk in chunks:
        ends = chunk.count(b"\n")
        place = bisect_left(wanted, number + 1)
        if place == len(wanted):
            return
        if wanted[place] > number + ends + 1:
            kept = b""
        else:
            *whole, rest = (kept + chunk).split(b"\n")
            for one in wanted[place:]:
                if one > number + len(whole):
                    break
                yield one, one, whole[one - number - 1]
            kept = rest
        number += ends
    if number + 1 in wanted[-1:]:
        yield number + 1, number + 1, kept


def _searched(chunks: Iterable[bytes], wanted: set[int], rows: int) -> Iterator[tuple[int, int, bytes]]:
    """The same where rows are not lines: the n-th that is not blank; raises Misfolded."""
    number = found = 0
    kept = b""
    for chunk in _ended(chunks):
        *whole, kept = (kept + chunk).split(b"\n")
        for raw in whole:
            number += 1
            if raw.strip():
                found += 1
                if found in wanted:
                    yield found, number, raw
    if found != rows:
        raise Misfolded(f"found {rows:,} rows in {found:,} lines")


def _ended(chunks: Iterable[bytes]) -> Iterator[bytes]:
    yield from chunks
    yield b"\n"
