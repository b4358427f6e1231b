"""The stream adapter: foreign documents byte for byte, each carrier replaced by the objects of its release.

Every way in (Helm's post-renderer, CI, plugins) goes through `post_render`, so all print the same objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mcpfence import __version__
from mcpfence.documents.reader import load_foreign
from mcpfence.findings.finding import Collector, Finding, McpfenceError, fail, quote
from mcpfence.kube.services import index
from mcpfence.providers import policy_kinds
from mcpfence.render.chunks import Batch, Chunks
from mcpfence.render.objects import Rendering
from mcpfence.render.pipeline import render
from mcpfence.streams.release_size import size_finding
from mcpfence.streams.stream import (
    Carrier,
    Stream,
    documents,
    is_blank,
    is_hook,
    neighbours,
    policy_documents,
    read_stream,
)
from mcpfence.structs import Struct

_WORKLOADS = (b"Service", b"Deployment", b"StatefulSet", b"DaemonSet", b"ReplicaSet", b"Pod", b"Job")


class Given(Struct):
    """A catalog that comes beside the stream (`--catalog`), for charts of other people."""

    raw: Any
    release: str
    namespace: str


class Result(Struct):
    """The output as chunks of bytes, and what was rendered into it (nothing where the stream passes through)."""

    chunks: Chunks
    renderings: tuple[Rendering, ...]
    findings: tuple[Finding, ...]
    foreign: tuple[bytes, ...] = ()
    """The pieces that are not ours."""
    removed: tuple[str, ...] = ()
    """Servers and workloads of which an earlier render's objects were there, and are none any more."""


def post_render(
    data: bytes,
    *,
    given: Given | None = None,
    helm4: bool = False,
    more: Sequence[Any] = (),
    allow_empty: bool = False,
) -> Result:
    """Replace the carriers of a stream; raises McpfenceError with every finding when anything is in doubt.

    `more` are parsed documents beside the stream in which Services are looked up, `allow_empty`: see `render`.
    """
    stream = read_stream(data)
    beside = _Beside(more, allow_empty)
    if given is not None:
        result = _with_catalog(stream, given, helm4, beside)
    elif stream.carriers:
        result = _with_carriers(stream, helm4 or stream.helm4, beside)
    else:
        result = _without_carrier(stream)
    if not stream.helm4:
        return result
    from mcpfence.streams.folded_blocks import folded_block_findings  # here, since Helm 3 folds nothing

    return result._replace(findings=(*result.findings, *folded_block_findings(result.foreign)))


def _with_carriers(stream: Stream, helm4: bool, beside: _Beside) -> Result:
    _check_carriers(stream)
    rendered = _render_carriers(stream, helm4, beside, {})
    if len(rendered) > 1:
        out = Collector()
        _check_names(list(rendered.values()), out)
        out.stop_on_errors()
        # Each is proven once more with the policies of the others around it: they may select the same pods.
        rendered = _render_carriers(stream, helm4, beside, rendered)
    renderings = tuple(rendered.values())
    foreign = tuple(piece for number, piece in enumerate(stream.pieces) if number not in rendered)
    chunks = Chunks(_output(stream, rendered))
    size = size_finding(chunks, Chunks(stream.pieces[number] for number in rendered))
    return Result(chunks, renderings, (*_said(renderings), *([size] if size else [])), foreign)


def _render_carriers(
    stream: Stream, helm4: bool, beside: _Beside, before: Mapping[int, Rendering]
) -> dict[int, Rendering]:
    """The rendering of each carrier, by its piece, among the policies of the other ones as they were rendered before.

    Raises McpfenceError with the errors of all of them.
    """
    rendered: dict[int, Rendering] = {}
    errors: list[Finding] = []
    for carrier in stream.carriers:
        filename = _filename(carrier) if helm4 else ""
        release = (carrier.release, carrier.namespace, carrier.name.removesuffix("-catalog"))
        others = [other for piece, other in before.items() if piece != carrier.piece]
        try:
            around = [document for other in others for document in _deciding(other)]
            among = beside._replace(around=around, floor=False)
            rendered[carrier.piece] = _render(stream, carrier.catalog, release, filename, among)
        except McpfenceError as error:
            errors += error.findings
    if errors:
        raise McpfenceError(errors)
    return rendered


def _deciding(rendering: Rendering) -> list[Any]:
    """What decides who may call whom among the objects of a rendering, read back from its text."""
    kinds = {kind.called for kind in policy_kinds()}
    if rendering.catalog.gateway is not None:
        from mcpfence.gateways import KINDS  # here, so that fences alone start quickly

        kinds |= {kind for found in KINDS.values() for kind in found}
    return [document for item in rendering.objects if item.kind in kinds for document in load_foreign(item.text)]


def _said(renderings: Sequence[Rendering]) -> tuple[Finding, ...]:
    return tuple(dict.fromkeys(finding for rendering in renderings for finding in rendering.findings))


def _filename(carrier: Carrier) -> str:
    """The template folder of the carrier; Helm 4 shows our documents as if they came from there."""
    return carrier.filename.rpartition("/")[0] or "mcpfence/templates"


class _Beside(Struct):
    """What holds for every catalog of a stream, and policies that leave with the stream and do not stand in it."""

    more: Sequence[Any]
    allow_empty: bool
    around: Sequence[Any] = ()
    floor: bool = True
    """Whether the floor is one of them: the chart brings it, and where its namespace is in the stream, so is it."""


def _render(stream: Stream, raw: Any, release: tuple[str, str, str], folder: str, beside: _Beside) -> Rendering:
    """One rendering with what it needs of the stream around it; `release` is its name, namespace and report."""
    name, namespace, report = release
    needs = _needs_services(raw)
    services = index([*beside.more, *(documents(stream.pieces, _WORKLOADS) if needs else ())], namespace)
    foreign = [*neighbours(stream.pieces, raw), *beside.around]
    return render(
        raw,
        release=name,
        namespace=namespace,
        services=services,
        foreign=foreign,
        annotate=folder,
        report=report,
        allow_empty=beside.allow_empty,
        floor_beside=beside.floor,
    )


def _needs_services(raw: Any) -> bool:
    """Whether a catalog lists any services at all; a quick look so that most streams need no second parse."""
    if not isinstance(raw, dict):
        return False
    registries = (raw.get("egress") or {}).get("registries") if isinstance(raw.get("egress"), dict) else None
    if registries:
        return True
    for key in ("servers", "workloads"):
        group = raw.get(key)
        for item in group.values() if isinstance(group, dict) else ():
            egress = item.get("egress") if isinstance(item, dict) else None
            if isinstance(egress, dict) and ("services" in egress or "registries" in egress):
                return True
    return False


def _output(stream: Stream, rendered: dict[int, Rendering]) -> Iterator[bytes | Batch]:
    """The stream with each carrier's piece replaced."""
    for number, piece in enumerate(stream.pieces):
        if number in rendered:
            yield from rendered[number].chunks.parts
        else:
            yield piece


def _without_carrier(stream: Stream) -> Result:
    """Our own output and streams of hooks alone pass through; anything else is a mistake that must be said."""
    if stream.reports:
        from mcpfence.streams.untouched import check_untouched  # here, since few streams come twice

        check_untouched(stream)
        return Result(Chunks(stream.pieces), (), ())
    full = [piece for piece in stream.pieces if not is_blank(piece)]
    if not full:
        raise fail(
            "stream-empty",
            "the stream on stdin holds no document",
            "pipe `helm template` into it; with Helm 3's --output-dir use `mcpfence render -o DIR` instead",
        )
    if all(is_hook(piece) for piece in full):
        return Result(Chunks(stream.pieces), (), ())
    raise fail(
        "carrier-missing",
        "the stream holds no mcpfence catalog",
        "render the mcpfence chart (alone or as a subchart) in this release, or pass --catalog FILE",
    )


def _with_catalog(stream: Stream, given: Given, helm4: bool, beside: _Beside) -> Result:
    if stream.carriers:
        raise fail(
            "catalog-twice",
            f"the stream brings its own catalog in {stream.carriers[0].title}",
            "remove --catalog, or the mcpfence chart from this release",
        )
    full = [piece for piece in stream.pieces if not is_blank(piece)]
    hooks = all(is_hook(piece) for piece in full)
    if not full or (hooks and not policy_documents(full)):
        return _without_carrier(stream)
    folder = "mcpfence/templates" if helm4 or stream.helm4 else ""
    release = (given.release, given.namespace, "")
    if _policies_namespace(given.raw, given.release) in stream.rendered:
        return _again(stream, given, folder, beside)
    rendering = _render(stream, given.raw, release, folder, beside)
    if hooks:  # proven beside the catalog, whose own objects are in the call that brings the release
        return Result(Chunks(stream.pieces), (), rendering.findings)
    place = _after_namespaces(stream.pieces)
    before, after = list(stream.pieces[:place]), list(stream.pieces[place:])
    if before and not before[-1].endswith(b"\n"):
        before.append(b"\n")
    if after and not after[0].startswith(b"---"):
        after.insert(0, b"---\n")
    chunks = Chunks((*before, *rendering.chunks.parts, *after))
    return Result(chunks, (rendering,), rendering.findings, stream.pieces)


def _again(stream: Stream, given: Given, folder: str, beside: _Beside) -> Result:
    """A stream that this catalog was rendered into before passes, if the catalog gives the same among what is there."""
    from mcpfence.streams.untouched import text_of  # here, since few streams come twice

    release = (given.release, given.namespace, "")
    more = beside._replace(more=[*beside.more, *documents(stream.pieces, _WORKLOADS)])
    alone = _render(stream._replace(pieces=()), given.raw, release, folder, more)
    report = alone.objects[-1]
    ours = {item.text for item in alone.objects[:-1]}
    said = [item.piece for item in stream.reports if (item.home, item.name) == (report.namespace, report.name)]
    pieces = [text_of(piece) for piece in stream.pieces]
    others = [number for number, text in enumerate(pieces) if text not in ours and number not in said]
    rest = stream._replace(pieces=tuple(stream.pieces[number] for number in others))
    rendering = _render(rest, given.raw, release, folder, beside)
    missing = [item for item in rendering.objects if pieces.count(item.text) != 1]
    if missing:
        named = ", ".join(item.title for item in missing[:3])
        more_of_them = f" and {len(missing) - 3:,} more" if len(missing) > 3 else ""
        raise fail(
            "rendered-changed",
            f"says that the stream went through mcpfence before, and {named}{more_of_them} of this catalog "
            f"{'is' if len(missing) == 1 else 'are'} not there as rendered",
            "post-render what the chart gives, once; remove what an earlier run left in it",
            document=next(item for item in stream.reports if item.namespace == rendering.catalog.namespace).title,
        )
    return Result(Chunks(stream.pieces), (rendering,), rendering.findings, rest.pieces)


def _after_namespaces(pieces: Sequence[bytes]) -> int:
    """Behind the last Namespace and before everything else, so that no pod is created before its policy."""
    place = 0
    for number, piece in enumerate(pieces):
        for document in documents([piece], (b"Namespace",)):
            if isinstance(document, dict) and document.get("kind") == "Namespace":
                place = number + 1
    return place


def _check_version(carrier: Carrier) -> None:
    """A chart of another minor version may mean something else by the same keys."""
    ours, theirs = (".".join(version.split(".")[:2]) for version in (__version__, carrier.version))
    if ours != theirs:
        raise fail(
            "carrier-version",
            f"comes from chart version {quote(carrier.version)[1:-1]}, and this renderer is {__version__}",
            f"install mcpfence {quote(theirs)[1:-1]}.x, or use the chart of version {ours}.x",
            document=carrier.title,
        )


def _check_carriers(stream: Stream) -> None:
    """Two carriers may share a stream only if their policies live in different namespaces."""
    for carrier in stream.carriers:
        _check_version(carrier)
    seen: dict[str, Carrier] = {}
    for carrier in stream.carriers:
        namespace = _policies_namespace(carrier.catalog, carrier.release)
        other = seen.setdefault(namespace, carrier)
        if other is not carrier:
            raise fail(
                "carrier-twice",
                f"{other.title} and {carrier.title} both bring policies for namespace {namespace}",
                "give each its own mcpNamespace.name, or remove one",
            )
        if namespace in stream.rendered:
            raise fail(
                "carrier-twice",
                f"{carrier.title} brings policies for namespace {namespace}, which the stream holds already",
                "post-render the stream once",
            )


def _policies_namespace(raw: Any, release: str) -> str:
    """Where the policies of a catalog will live, before it is known to be one."""
    written = raw.get("mcpNamespace") if isinstance(raw, dict) else None
    return str((written.get("name") if isinstance(written, dict) else None) or f"{release}-mcp")


def _check_names(renderings: Sequence[Rendering], out: Collector) -> None:
    """Objects of two renderings must not share a name: their workloads may live in one namespace."""
    seen: dict[tuple[str, str, str], str] = {}
    for rendering in renderings if len(renderings) > 1 else ():
        for item in rendering.objects:
            other = seen.setdefault(item[:3], rendering.catalog.namespace)
            if other != rendering.catalog.namespace:
                sentence = f"the catalogs for namespaces {other} and {rendering.catalog.namespace} both bring it"
                out.add("name-taken", (), sentence, "rename one of the servers or workloads", document=item.title)
