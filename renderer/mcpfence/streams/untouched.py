"""Our own output that comes in again, without a catalog to hold it against: is it what its report says, and no more?

The label of a report is a word that anybody can write.  What it says is held against the stream: as many objects, with
that digest; and in the namespaces of its policies stands no other one, except what opens nothing, such as the chart's
floor, and no pod that these policies select and do not hold for.
Whoever forges objects and report together cannot be told from a render: that takes the catalog (`--catalog`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mcpfence.documents.reader import BadDocument, load_foreign
from mcpfence.documents.writer import Writer
from mcpfence.findings.finding import Collector, Finding
from mcpfence.kube.manifest import MANAGED_BY, is_ours
from mcpfence.proof.host_network import beyond_rendered
from mcpfence.providers import policy_kinds
from mcpfence.reach.documents.objects import Object, unroll
from mcpfence.reach.engines import by_kind
from mcpfence.reach.engines.applied_texts import Applied, applied, is_applied
from mcpfence.reach.engines.not_evaluated import not_evaluated
from mcpfence.render.objects import BEHIND_POLICIES
from mcpfence.render.objects_digest import digest_of
from mcpfence.streams.stream import Report, Stream, decode, documents, is_blank, neighbours

_AGAIN = "render the catalog again, and post-render what the chart gives once"


def check_untouched(stream: Stream) -> None:
    """Raises McpfenceError where a report of the stream is not borne out by what stands beside it."""
    out = Collector()
    ours: set[int] = set()
    homes: dict[str, Report] = {}
    rendered: list[Object] = []
    for report in stream.reports:
        found = _objects(stream, report)
        if found is None:
            sentence = (
                f"says that {report.objects or 'no'} objects were rendered for namespace "
                f"{report.namespace or '(none)'}, and the stream does not hold exactly those"
            )
            out.add("rendered-changed", (), sentence, _AGAIN, document=report.title)
            continue
        ours |= {*found, report.piece}
        objects = unroll(documents([stream.pieces[number] for number in sorted(found)], (b"kind",))).objects
        homes |= dict.fromkeys((report.namespace, *_homes(objects)), report)
        rendered += objects
    out.stop_on_errors()
    rest = [piece for number, piece in enumerate(stream.pieces) if number not in ours]
    out.take(_gateway_rivals([stream.pieces[number] for number in sorted(ours)], rest, stream.reports[0].home))
    out.take(_twice([*rendered, *_reports(stream)], rest, stream.reports[0]))
    others = unroll(neighbours(rest, {})).objects
    out.take(beyond_rendered(others, rendered, stream.reports[0].home))
    named = applied(others, stream.reports[0].home)
    for one in others:
        out.take(_rival(one, homes, named))
    out.stop_on_errors()


def _gateway_rivals(ours: Sequence[bytes], rest: Sequence[bytes], namespace: str) -> list[Finding]:
    """What decides beside the gateway's objects of ours, if there are any; `namespace`: of objects that name none."""
    if not any(b"HTTPRoute" in piece for piece in ours):
        return []
    from mcpfence.gateways import rivals  # here, so that fences alone start quickly

    raw: Mapping[str, Any] = {"gateway": {"provider": "kuadrant"}}  # which says what has to be read
    return rivals(neighbours(ours, raw), [*neighbours(ours, raw), *neighbours(rest, raw)], namespace)


def _homes(objects: Iterable[Object]) -> set[str]:
    """The namespaces of policies: those of workloads may lie in others than the servers'."""
    kinds = {kind.called for kind in policy_kinds()}
    return {one.namespace for one in objects if one.called in kinds} - {""}


def _reports(stream: Stream) -> list[Object]:
    return unroll(documents([stream.pieces[report.piece] for report in stream.reports], (b"kind",))).objects


def _twice(ours: Iterable[Object], rest: Sequence[bytes], report: Report) -> list[Finding]:
    """Objects of others that are called as ours are: whoever applies both leaves the last one."""
    names = {(one.kind, one.namespace, one.name) for one in ours}
    words = tuple({kind.encode() for kind, _, _ in names})
    found = []
    for one in unroll(documents(rest, words)).objects:
        if (one.kind, one.namespace or report.home, one.name) in names:
            sentence = f"stands beside the object of that name that {report.title} speaks of, and the last one holds"
            found.append(Finding("rendered-changed", (), sentence, f"remove it, or {_AGAIN}", one.title))
    return found


def text_of(piece: bytes) -> str:
    """The text of a piece without its separator, if that is written as we write it."""
    return decode(piece.removeprefix(b"---\n"))


def _objects(stream: Stream, report: Report) -> set[int] | None:
    """The pieces of the objects that a report speaks of; None where they are not there, or not as they were rendered.

    We print them in front of their report.  What sorted them on the way sorted all that is ours; what wrote them anew
    kept what they say.
    """
    if not report.objects.isdecimal() or len(report.objects) > 9:
        return None
    count = int(report.objects) - 1
    before = [number for number, piece in enumerate(stream.pieces[: report.piece]) if not is_blank(piece)]
    block = before[len(before) - count :] if count else []
    for numbers in (block, _sorted(stream)):
        if len(numbers) != count:
            continue
        texts = [text_of(stream.pieces[number]) for number in numbers]
        if report.digest in (_digest(texts), _digest(map(_rewritten, texts))):
            return set(numbers)
    return None


def _digest(texts: Iterable[str]) -> str:
    return digest_of(f"---\n{text}".encode() for text in texts)


def _rewritten(text: str) -> str:
    """The one document of a text as we would write it."""
    try:
        found = load_foreign(text)
    except BadDocument:
        return ""
    return Writer().write(found[0]) if len(found) == 1 and isinstance(found[0], Mapping) else ""


def _sorted(stream: Stream) -> list[int]:
    """Every object with our labels but reports and carriers, in the order in which we print them."""
    kinds = (*(kind.called for kind in policy_kinds()), *BEHIND_POLICIES)
    reports = {report.piece for report in stream.reports}
    found: list[tuple[tuple[int, str, str], int]] = []
    for number, piece in enumerate(stream.pieces):
        if number in reports or MANAGED_BY.encode() not in piece:
            continue
        try:
            objects = unroll(load_foreign(decode(piece))).objects
        except BadDocument:
            continue
        if len(objects) == 1 and objects[0].called in kinds and is_ours(objects[0].document):
            one = objects[0]
            found.append(((kinds.index(one.called), one.namespace, one.name), number))
    return [number for _, number in sorted(found)]


def _rival(one: Object, homes: Mapping[str, Report], named: Applied) -> list[Finding]:
    """A policy of others where the policies of a report stand, or in no namespace that is said."""
    other = not_evaluated(one, one.namespace, text_applied=is_applied(one, next(iter(homes.values())).home, named))
    if (one.group, one.kind) not in by_kind(every=True) and other is None:
        return []
    for namespace, report in homes.items():
        where = one.namespace or report.home
        everywhere = other is not None and other.namespace is None
        if (where == namespace or everywhere) and not _opens_nothing(one):
            sentence = f"stands beside the policies that {report.title} speaks of, which were proven without it"
            return [Finding("rendered-changed", (), sentence, f"{_AGAIN}, or name it: --catalog FILE", one.title)]
    return []


def _opens_nothing(one: Object) -> bool:
    """Whether it is a NetworkPolicy without any rule, as the floor is."""
    spec = one.document.get("spec")
    if (one.group, one.kind) != ("networking.k8s.io", "NetworkPolicy") or not isinstance(spec, Mapping):
        return False
    return not spec.get("ingress") and not spec.get("egress")
