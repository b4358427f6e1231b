"""Reports of the examples and of catalogs: as overviews, and as what the command prints."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import golden
from explaining import checkout, view_of
from helpers import Outcome, run_cli
from mcpfence.diff.changes import Difference
from mcpfence.documents.values import read_source
from mcpfence.explain.context import make_view
from mcpfence.kube.services import ServiceIndex
from mcpfence.report.overview import Base, Grant, Overview, Party, make_overview
from mcpfence.report.page_form import page_shape
from mcpfence.system.inputs import Inputs
from mcpfence.system.pages import inlined, page


@cache
def overview_of(example: str) -> Overview:
    """The overview of an example."""
    return make_overview(view_of(example))


def overview(raw: Any) -> Overview:
    """The overview of a catalog."""
    values = Inputs((read_source("values.yaml", "{}"),), ()).values | raw
    return make_overview(make_view(values, release="demo", namespace="home", services=ServiceIndex()))


def report(example: str, *arguments: str) -> Outcome:
    """`mcpfence report` on an example."""
    files = [word for name in golden.input_files(example) for word in ("-f", name)]
    with checkout():
        return run_cli("report", *arguments, *files)


@cache
def page_of(example: str) -> str:
    """The page of an example."""
    return html(overview_of(example))


def html(made: Overview) -> str:
    """The page of an overview; without files nothing has a position."""
    return page(
        "report.html", page_shape(made, lambda _: None), style=inlined("report.css"), script=inlined("report.js")
    )


def markdown(made: Overview) -> str:
    """Its Markdown."""
    return page("report.md", page_shape(made, lambda _: None))


def without_ours(text: str) -> str:
    """A page without our own style and script, and their hashes: they are known, and hold nobody's text."""
    for name in ("report.css", "report.js"):
        assert text.count(inlined(name).text) == 1
        text = text.replace(inlined(name).text, "")
    return re.sub(r"sha256-[A-Za-z0-9+/=]+", "sha256-", re.sub(r"<(style|script)></\1>", "", text))


def renamed(made: Overview, name: str) -> Overview:
    """The overview with `name` in every place where somebody else's text can come in, which no catalog lets through."""

    def grant(one: Grant) -> Grant:
        line = one.line._replace(what=(name,), why=name, name=name, key=("clients", name))
        return one._replace(line=line, rules=(name,), names=(name,) if one.names else (), called=name)

    def entry(one: Party) -> Party:
        return one._replace(
            name=name,
            runtime=name,
            path=(name,),
            called_by=tuple(map(grant, one.called_by)),
            reaches=tuple(map(grant, one.reaches)),
            manifests=(f"{name} {name}",),
            loses=(name,),
            holders=(f"{name} calls it",),
        )

    return made._replace(
        engine=name,
        entries=tuple(map(entry, made.entries)),
        risks=(name,),
        base=Base(name, "0" * 40, (name,), Difference((), 0, (name,), (name,))),
    )
