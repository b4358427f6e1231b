"""What the playground's page asks, answered by the functions behind the commands: JSON in, JSON out, no file read.

{"what": "render", "values": TEXT, "release": NAME, "namespace": NAME}         render --policies-only, and check
{"what": "explain", ..., "server": NAME, "to": TEXT, "from": TEXT}             explain
{"what": "report", ...}                                                        report
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import click

from mcpfence import __version__
from mcpfence.cli.arguments import checked_namespace, checked_release
from mcpfence.cli.console import Console, internal_error
from mcpfence.documents.values import where
from mcpfence.explain.context import View, make_view
from mcpfence.explain.explanation import Asked, answer, explained
from mcpfence.explain.questions import BadQuestion
from mcpfence.explain.text_form import TextLine, answer_text
from mcpfence.findings.finding import Finding, McpfenceError, Path, plural
from mcpfence.findings.position import Position, position_shape
from mcpfence.kube.services import index
from mcpfence.render.pipeline import render
from mcpfence.report.overview import make_overview
from mcpfence.report.page_form import page_shape
from mcpfence.report.text_form import overview_text
from mcpfence.system.inputs import read_inputs
from mcpfence.system.pages import inlined, page
from mcpfence.text.masking import told

NAME = "values.yaml"
"""What messages call the text of the page."""

Shape = dict[str, Any]


class _Catalog(NamedTuple):
    """What is in the page's fields."""

    values: str
    release: str
    namespace: str


def reply(request: str) -> str:
    """The answer to one request; whatever is wrong is among its findings, and nothing is raised."""
    return json.dumps(_replied(json.loads(request)))


def _replied(asked: Mapping[str, str]) -> Shape:
    console = Console(verbose=True)
    try:
        names = checked_release(asked["release"]), checked_namespace(asked["namespace"])
        view = _view(_Catalog(asked["values"], *names), console)
        return {"ok": True, **_BODIES[asked["what"]](view, console, asked)}
    except McpfenceError as error:
        return {"ok": False, **_findings(console, error.findings)}
    except click.BadParameter as bad:
        line = f"error: {told(bad.message)}"
        return {"ok": False, "summary": "1 error", "findings": [{"severity": "error", "line": line, "position": None}]}
    except Exception as bad:  # noqa: BLE001  a page has nobody else to say it to
        return {"ok": False, **_findings(console, internal_error(bad).findings)}


@lru_cache(maxsize=1)
def _read(catalog: _Catalog) -> Any:
    return read_inputs([NAME], read=lambda _: catalog.values.encode("utf-8", "surrogatepass"))


@lru_cache(maxsize=1)
def _rendered(catalog: _Catalog) -> View:
    """The catalog rendered as `render` does it, which takes none without servers; kept, since three tabs ask for it."""
    inputs = _read(catalog)
    services = index(inputs.documents, catalog.namespace)
    view = make_view(inputs.values, release=catalog.release, namespace=catalog.namespace, services=services, told=True)
    if not (view.catalog.servers or view.catalog.workloads):
        render(inputs.values, release=catalog.release, namespace=catalog.namespace, services=services)
    return view


def _view(catalog: _Catalog, console: Console) -> View:
    console.sources += _read(catalog).sources
    return _rendered(catalog)


def _findings(console: Console, findings: Sequence[Finding]) -> Shape:
    """As `mcpfence check` has them: each line, where it points to, and the count."""
    found = console.ordered(findings)
    counts = Counter(console.severity(one) for one in found)
    return {
        "findings": [
            {
                "severity": console.severity(one),
                "line": told(console.line(one)),
                "position": position_shape(console.position(one)) or _place(one),
            }
            for one in found
        ],
        "summary": ", ".join(plural(counts[name], name) for name in ("error", "warning", "note")),
    }


def _place(finding: Finding) -> Shape | None:
    """Where a text is no YAML: the finding names line and column as a part of its file."""
    name, *numbers = finding.document.split(":")
    if name != NAME or len(numbers) != 2:
        return None
    line, column = map(int, numbers)
    return {"file": name, "line": line, "column": column}


def _render(view: View, console: Console, _: Mapping[str, str]) -> Shape:
    overview = make_overview(view, rules=False)
    return {
        **_findings(console, view.rendering.findings),
        "version": __version__,
        "manifests": b"".join(view.rendering.chunks).decode(),
        "everybody": _lines(overview_text(overview)),
        "names": [f"{'service' if one.kind == 'back-end' else one.kind}/{one.name}" for one in overview.entries],
    }


def _explain(view: View, console: Console, asked: Mapping[str, str]) -> Shape:
    def place(path: Path) -> Position | None:
        return where(path, console.sources)

    found = explained(view, asked["server"])
    try:
        verdicts = [
            *(answer(found, Asked(to=asked["to"])) if asked["to"] else ()),
            *(answer(found, Asked(caller=asked["from"])) if asked["from"] else ()),
        ]
    except BadQuestion as bad:
        return {"question": told(str(bad))}
    return {"lines": _lines(answer_text(found, verdicts, place))}


def _lines(lines: Iterable[TextLine]) -> list[list[str]]:
    """Each line with its tone."""
    return [[line.text, line.tone] for line in lines]


def _report(view: View, console: Console, _: Mapping[str, str]) -> Shape:
    def place(path: Path) -> Position | None:
        return where(path, console.sources)

    shape = page_shape(make_overview(view), place)
    return {"html": page("report.html", shape, style=inlined("report.css"), script=inlined("report.js"))}


_BODIES: Mapping[str, Callable[[View, Console, Mapping[str, str]], Shape]] = {
    "render": _render,
    "explain": _explain,
    "report": _report,
}
