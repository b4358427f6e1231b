"""Findings: what is wrong or worth knowing, where, and what to do; and the error that carries them.

Everything that mcpfence has to say to a person is a `Finding`.  Its id decides its severity through the one table
in `findings`; the place is a path into the catalog (or a document of the stream), which the edge completes with
file, line and column.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Self

from mcpfence.findings.table import TABLE, Severity
from mcpfence.patterns import regex
from mcpfence.structs import Struct
from mcpfence.text.masking import masked, told
from mcpfence.text.secret_detection import secret_value

Path = tuple[str | int, ...]
"""Keys and indexes from the catalog's root, such as ("servers", "github", "egress", "cidrs", 0)."""

_PLAIN_KEY = regex(r"[A-Za-z0-9_-]+\Z")
_QUOTE_LIMIT = 80
_READ_LIMIT = 4096
"""Characters of a value that are looked at before it is cut, so that what is cut is no longer known as a secret."""
_REPEAT_LIMIT = 25


class _Said(Struct):
    """The parts of a finding."""

    id: str
    path: Path
    sentence: str
    todo: str = ""
    document: str = ""
    """Names a document of the stream instead of a place in the catalog, such as `Service data/redis`."""


class Finding(_Said):
    """One thing to tell: `sentence` says what is so, `todo` what to do about it (may be empty).

    Whatever foreign text is in them becomes visible, and one line, with tokens masked: a finding cannot hold another.
    """

    __slots__ = ()

    def __new__(cls, id: str, path: Path, sentence: str, todo: str = "", document: str = "") -> Self:
        """The finding, fit to be said anywhere."""
        return super().__new__(cls, id, path, told(sentence), told(todo), told(document))

    @property
    def severity(self) -> Severity:
        """Error, warning or note, from the table."""
        return TABLE[self.id].severity

    @property
    def place(self) -> str:
        """The document, or the path as people write it: `servers.github.egress.cidrs[0]`."""
        return self.document or path_text(self.path)

    @property
    def message(self) -> str:
        """Place, sentence and what to do, in one line."""
        text = f"{self.sentence}; {self.todo}" if self.todo else self.sentence
        return f"{self.place}: {text}" if self.place else text


def path_text(path: Path) -> str:
    """A path as people write it; keys that are not plain words stand in brackets and quotes, and long ones are cut."""
    text = "".join([f"[{step}]" if isinstance(step, int) else _step_text(step) for step in path])
    return text.removeprefix(".")


@lru_cache(maxsize=4096)
def _step_text(key: str) -> str:
    """A key behind others: `.github`; kept, since the paths of one server share its name."""
    if len(key) <= _QUOTE_LIMIT and _PLAIN_KEY.match(key) and not secret_value(key):
        return f".{key}"
    return f"[{quote(key)}]"


def quote(value: object) -> str:
    """A value for a message: JSON text in one line, secrets masked, non-ASCII escaped, cut after 80 characters."""
    written = value if isinstance(value, str) else json.dumps(value, default=str)
    text = masked(written[:_READ_LIMIT])
    cut = text if len(text) <= _QUOTE_LIMIT else text[:_QUOTE_LIMIT] + "..."
    return json.dumps(cut) if isinstance(value, str) else cut


def plural(count: int, word: str) -> str:
    """`1 note`, `2 notes`, `no notes`."""
    return f"{count:,} {word}{'' if count == 1 else 's'}" if count else f"no {word}s"


def counted(count: int, one: str, many: str) -> str:
    """`1 entry`, `2 entries`, `no entries`: as `plural`, for words that do not take an s."""
    return f"{count:,} {one if count == 1 else many}" if count else f"no {many}"


class McpfenceError(Exception):
    """The findings that stopped the work; at least one of them is an error."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(finding.message for finding in self.findings))


class Collector:
    """Gathers findings so that everything wrong is said at once.

    The only mutable value that travels through the pipeline; it is created by each run and read at its end.
    """

    def __init__(self) -> None:
        self._findings: dict[tuple[str, str, str], Finding] = {}
        self.failed = False  # whether an error is among the findings

    def add(self, id: str, path: Path, sentence: str, todo: str = "", *, document: str = "") -> None:
        """Keep a finding; the same one twice counts once."""
        finding = Finding(id, path, sentence, todo, document)
        self.failed |= finding.severity is Severity.ERROR
        self._findings.setdefault((id, finding.place, sentence), finding)

    def take(self, findings: Iterable[Finding]) -> None:
        """Keep findings that were made elsewhere."""
        for item in findings:
            self.add(item.id, item.path, item.sentence, item.todo, document=item.document)

    def findings(self) -> tuple[Finding, ...]:
        """All findings, errors first, then in the order of their places.

        Of one id the first 25 are told, and how many more there are stands behind its severity: sorted before they are
        cut, so that a catalog is told the same whatever the order of its keys.
        """
        counts: Counter[str] = Counter()
        told: list[Finding] = []
        for finding in sorted(self._findings.values(), key=_rank):
            counts[finding.id] += 1
            if counts[finding.id] <= _REPEAT_LIMIT:
                told.append(finding)
        for id, count in sorted(counts.items()):
            if count > _REPEAT_LIMIT:
                more = f"{count - _REPEAT_LIMIT:,} more findings of this kind are not shown"
                told.append(Finding(id, (), more, "mend those above and run again"))
        return tuple(sorted(told, key=lambda finding: _RANKS[finding.severity]))

    def stop_on_errors(self) -> None:
        """Raise McpfenceError with every finding if one of them is an error."""
        if self.failed:
            raise McpfenceError(self.findings())


def fail(id: str, sentence: str, todo: str = "", *, path: Path = (), document: str = "") -> McpfenceError:
    """The error that carries one finding, for the caller to raise."""
    return McpfenceError((Finding(id, path, sentence, todo, document),))


_RANKS = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


def _rank(finding: Finding) -> tuple[int, str, list[tuple[int, int, str]], str, str]:
    steps = [(0, step, "") if isinstance(step, int) else (1, 0, step) for step in finding.path]
    return _RANKS[finding.severity], finding.document, steps, finding.id, finding.sentence
