"""What runs servers, in a render: servers that differ in their words alone share a template here too.

The words of a server that runs are its name, and whole values: image, labels, checksum, what it is started with.  They
are taken out as those of a fence are (`template`); what is made of the marked server is written once, and proven once,
from the text of the first server that has the template.

A value stays where it is if it speaks of the port, which the proof looks for in it, or if it needs escapes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from mcpfence import deploy
from mcpfence.catalog.model import Catalog, Server
from mcpfence.catalog.run.model import Run
from mcpfence.documents.writer import is_plain, scalar_text
from mcpfence.findings.finding import Collector, Path
from mcpfence.kube.manifest import Manifest
from mcpfence.kube.selectors import Selector
from mcpfence.render.assembly import Assembly
from mcpfence.render.objects import Rendered
from mcpfence.render.template import ObjectTemplate, longest_name, mark_of
from mcpfence.structs import Struct

Put = tuple[Rendered, Manifest, Path]

_SIMPLE = re.compile(r"[ !#-\[\]-~]+\Z")
"""What stands between quotes as it is."""
_PRIVATE = re.compile("[\ue000-\uf8ff]")


class RunObjects(Struct):
    """A server of which the objects are read back: each of them as it was made, beside what will be printed."""

    server: Server
    written: list[Put]


class _Template(Struct):
    """A server with marks, the words that they stand for as they are written, and what is equal for its like."""

    server: Server
    words: tuple[str, ...]
    key: str


class _Made(Struct):
    """What a template gives; no objects where its words cannot be filled in."""

    objects: tuple[ObjectTemplate, ...]
    longest: int
    """How long a name may be so that none that is made with it is cut."""


def run_servers(catalog: Catalog, assembly: Assembly) -> list[RunObjects]:
    """Add what runs the servers; those that have to be proven, which are all where a gateway asks what was made."""
    found = []
    known: dict[str, _Made] = {}
    for server in catalog.servers.values():
        if server.run is None:
            continue
        template = None if catalog.gateway is not None else _template_of(server, server.run)
        made = known.get(template.key) if template else None
        first = made is None
        if template and made is None:
            made = known[template.key] = _make(template.server, catalog.namespace, assembly)
        title = f"server {server.name}"
        if template and made and made.objects and len(server.name) <= made.longest:
            put = assembly.put_made(made.objects, template.words, title, server.path)
            if not first:
                continue
            own = [assembly.annotated(one) for one in deploy.run_manifests(server, catalog.namespace)]
        else:
            own = list(deploy.run_manifests(server, catalog.namespace))
            put = [assembly.put(one, title, server.path) for one in own]
        found.append(RunObjects(server, [(item, one, server.path) for item, one in zip(put, own, strict=True)]))
    return found


def _template_of(server: Server, run: Run) -> _Template | None:
    """Take the words out of a server; None where it has a template of its own."""
    if not is_plain(server.name) or any(selector.expressions for selector in server.selectors):
        return None
    marks = {server.name: mark_of(0)}
    placed: list[str] = []
    port = str(run.port)

    def marked(value: str) -> str:
        if value not in marks:
            if not _SIMPLE.match(value) or port in value:
                return value
            marks[value] = mark_of(len(marks))
        placed.append(marks[value])
        return marks[value]

    def pairs(labels: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        return tuple((key, marked(value)) for key, value in labels)

    selectors = tuple(Selector(pairs(selector.labels)) for selector in server.selectors)
    own = run._replace(
        image=marked(run.image),
        labels=pairs(run.labels),
        command=tuple(map(marked, run.command)),
        args=tuple(map(marked, run.args)),
        readiness=tuple(map(marked, run.readiness)),
        checksum=marked(run.checksum),
    )
    key = json.dumps((own, selectors, server.port, list(map(is_plain, marks))), ensure_ascii=False)
    if len(marks) > _MANY or len(_PRIVATE.findall(key)) > len(placed):  # somebody's value has such a character, too
        return None
    words = tuple(map(scalar_text, marks))
    return _Template(server._replace(name=marks[server.name], selectors=selectors, run=own), words, key)


_MANY = 200
"""More words than this are not worth a template."""


def _make(server: Server, namespace: str, assembly: Assembly) -> _Made:
    manifests = list(deploy.run_manifests(server, namespace))
    longest = longest_name(manifests, ("",))
    objects = assembly.written(manifests)
    sound = all(_stand_alone(one) for one in objects)
    return _Made(objects if sound else (), longest)


def _stand_alone(one: ObjectTemplate) -> bool:
    """Whether each word but the name is a whole value, so that it may be written in quotes."""
    around = ("", *one.text, "")
    return all(
        not isinstance(part, int) or part == 0 or (str(around[i]).endswith(" ") and str(around[i + 2]).startswith("\n"))
        for i, part in enumerate(one.text)
    )


def prove_runs(catalog: Catalog, running: Sequence[RunObjects], out: Collector) -> None:
    """Read the objects back."""
    for server, written in running:
        deploy.prove_running(server, catalog.namespace, [(manifest, item.text) for item, manifest, _ in written], out)
