"""A stream of manifests as pieces of bytes: foreign documents pass untouched, carriers are found and replaced.

A piece begins with its separator line (`---`), so that the pieces, put together, are the stream to the last byte.
A `---` at the beginning of a line ends a document everywhere in YAML, also inside a block scalar.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from mcpfence.documents.agreement import HARMLESS, load_judged, speaks_of_policies
from mcpfence.documents.reader import BadDocument, compose_foreign, load_foreign
from mcpfence.documents.tags import values_below
from mcpfence.findings.finding import McpfenceError, fail
from mcpfence.findings.wording import type_name
from mcpfence.kube.manifest import MARK
from mcpfence.patterns import regex
from mcpfence.reach.connectivity.workloads import WORKLOAD_KINDS
from mcpfence.reach.documents.further_networks import FURTHER_NETWORKS
from mcpfence.reach.engines.enforcement_settings import SETTINGS_WORDS
from mcpfence.reach.engines.maker_kinds import CONVERTING, READ_AS_POLICIES, REFERRER_WORDS
from mcpfence.structs import Struct

FILENAME = "postrenderer.helm.sh/postrender-filename"
"""Helm 4's annotation on every document that it sends, and on those that want a place among the templates."""
HOOK = "helm.sh/hook"

_SEPARATOR = regex(rb"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
_BOM = b"\xef\xbb\xbf"


class Carrier(Struct):
    """The catalog of one release, as the chart handed it over; `piece` is its index in the stream."""

    piece: int
    name: str
    release: str
    namespace: str
    version: str
    catalog: Any
    filename: str
    """Helm 4's path of the carrier's template; empty under Helm 3."""

    @property
    def title(self) -> str:
        """How messages name it."""
        return f"ConfigMap {self.namespace}/{self.name}"


class Report(Struct):
    """What stands in the place of a carrier, and says of itself that the stream went through mcpfence before."""

    piece: int
    name: str
    home: str
    """The release's own namespace; empty where none is written."""
    namespace: str
    """Where the policies are that it speaks of."""
    objects: str
    """How many objects it says were rendered, itself among them."""
    digest: str
    """What it says is their digest; empty where it says none."""

    @property
    def title(self) -> str:
        """How messages name it."""
        return f"ConfigMap {self.home}/{self.name}"


class Stream(Struct):
    """The pieces of a stream, and what of ours was found in it."""

    pieces: tuple[bytes, ...]
    carriers: tuple[Carrier, ...]
    reports: tuple[Report, ...]
    helm4: bool

    @property
    def rendered(self) -> tuple[str, ...]:
        """Namespaces whose policies the stream holds already, as its reports say."""
        return tuple(report.namespace for report in self.reports)


def read_stream(data: bytes) -> Stream:
    """Cut a stream into pieces and read the carriers in it; raises McpfenceError when a carrier cannot be read."""
    pieces = split(data)
    carriers: list[Carrier] = []
    reports: list[Report] = []
    mark, filename = MARK.encode(), FILENAME.encode()
    for number, piece in enumerate(pieces):
        if mark not in piece:
            continue
        document = _ours(piece, number)
        if document is None:
            continue
        if document["metadata"]["labels"][MARK] == "catalog":
            carriers.append(_carrier(document, number))
        else:
            reports.append(_report(document, number))
    return Stream(pieces, tuple(carriers), tuple(reports), any(filename in piece for piece in pieces))


def split(data: bytes) -> tuple[bytes, ...]:
    """The pieces of a stream; joined, they are the stream."""
    starts = [match.start() for match in _SEPARATOR.finditer(data)]
    if not starts or starts[0] != 0:
        starts.insert(0, 0)
    ends = [*starts[1:], len(data)]
    return tuple(data[start:end] for start, end in zip(starts, ends, strict=True) if end > start)


def is_blank(piece: bytes) -> bool:
    """Whether a piece holds nothing but its separator, comments and white space."""
    lines = piece.removeprefix(_BOM).splitlines()
    if lines and _SEPARATOR.match(lines[0]):
        lines[0] = lines[0][3:]
    return all(not line.strip() or line.lstrip().startswith(b"#") or line.strip() == b"..." for line in lines)


def documents(pieces: Iterable[bytes], words: tuple[bytes, ...]) -> list[Any]:
    """The parsed documents of those pieces that hold one of the words; pieces that are no YAML are passed over."""
    found: list[Any] = []
    for piece in pieces:
        if any(word in piece for word in words):
            try:
                found += load_foreign(decode(piece))
            except BadDocument:
                continue
    return found


def policy_documents(
    pieces: Iterable[bytes], also: frozenset[str] = frozenset(), titles: Sequence[str] = ()
) -> list[Any]:
    """The parsed documents of all pieces that are not plainly harmless.

    `also` are kinds that count as policies here, `titles` is what messages call the pieces, if not by their number.
    Raises McpfenceError where such a piece could hold a policy and cannot be read, or not as everybody reads it.
    """
    found: list[Any] = []
    pieces = list(pieces)
    texts = any(word in piece for piece in pieces for word in REFERRER_WORDS)
    for number, piece in enumerate(pieces):
        if is_plainly_harmless(piece) and not (texts and (b"ConfigMap" in piece or b"Secret" in piece)):
            continue
        try:
            documents = load_judged(decode(piece), READ_AS_POLICIES | also)
        except BadDocument as bad:
            if not could_hold_a_policy(piece, READ_AS_POLICIES | also):
                continue
            place = f", line {bad.line}, column {bad.column}" if bad.line else ""
            sentence = f"could hold a policy and is no YAML that all readers read alike ({bad}{place})"
            where = titles[number] if titles else f"document {number + 1} of the stream"
            raise fail("policy-unreadable", sentence, "mend it, or remove it", document=where) from None
        found += documents
    return found


_LINES = regex(
    rb"(?:---[ \t]*(?:#[^\n]*)?\n)?(?:[ \t]*(?:#[^\n]*)?\n)*(?=[A-Za-z])"
    rb"(?:(?:[A-Za-z][A-Za-z0-9]*:(?=[ \n])|[ #-])[^\n]*\n|\n)*\Z"
)
_KIND = regex(rb"^kind:[ ]+([A-Za-z]+)[ ]*(?:#.*)?$", re.MULTILINE)
_OTHER_BREAKS = (b"\r", b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xa9", b"\x00")
"""Looked for one by one, which takes a tenth of the time of one expression: a carrier may have megabytes."""
_ODD_DASH = regex(rb"\n-(?![ \n])")
_HARMLESS = frozenset(kind.encode() for kind in HARMLESS)


def is_plainly_harmless(piece: bytes) -> bool:
    """Whether no reader of YAML can find anything but one object of a harmless kind in a piece; told without parsing.

    Its first line, behind a separator and comments, is a key at the left margin, so that its root is a mapping whose
    keys all stand there; every other line there is such a key without quotes, an entry of a list or a comment;
    there is one `kind`, with one of HARMLESS as its value, and no `items`.  Whatever stands right of that margin (tags,
    merges, keys that stand twice) cannot make another object of it.
    """
    if b"\r\n" in piece:
        piece = piece.replace(b"\r\n", b"\n")
    kinds = piece.count(b"\nkind:") + piece.startswith(b"kind:")
    kind = _KIND.search(piece) if kinds == 1 and not (b"\nitems:" in piece or piece.startswith(b"items:")) else None
    if kind is None or kind[1] not in _HARMLESS:
        return False
    body = piece if piece.endswith(b"\n") else piece + b"\n"
    if any(mark in body for mark in _OTHER_BREAKS) or _ODD_DASH.search(body):
        return False
    return _LINES.match(body) is not None


_SHORTEST = 64
"""Bytes that an object with apiVersion, kind and a name takes at least, if it is a policy."""


def could_hold_a_policy(piece: bytes, also: Collection[str] = ()) -> bool:
    """Whether bytes that we cannot read may be a policy, or one of further kinds, for somebody who can."""
    body = piece.removeprefix(b"---").strip()
    return len(body) >= _SHORTEST and speaks_of_policies(body.decode("utf-8", "replace"), also)


def neighbours(pieces: Iterable[bytes], raw: Any, titles: Sequence[str] = ()) -> list[Any]:
    """What a catalog has to know of the documents beside it: policies, pods for which none holds, and taken names.

    Without `run` and `gateway` a catalog makes policies alone, whose names are those of policies.
    """
    pieces = list(pieces)
    found = policy_documents(pieces, gateway_kinds(raw), titles)
    servers = raw.get("servers") if isinstance(raw, Mapping) else None
    items = [item for item in (servers.values() if isinstance(servers, Mapping) else ()) if isinstance(item, Mapping)]
    names = _has_gateway(raw) or any(item.get("gateway") is not None for item in items)
    names = names or any(item.get("run") for item in (raw, *items) if isinstance(item, Mapping))
    rest: list[bytes] = []
    for number, piece in enumerate(pieces):
        beyond = any(word in piece for word in _BEYOND_POLICIES) or _hides_words_of_pods(piece)
        if beyond and is_plainly_harmless(piece):
            found += _pods(piece, titles[number] if titles else f"document {number + 1} of the stream")
        elif names and any(word in piece for word in _NAMED_KINDS) and is_plainly_harmless(piece):
            rest.append(piece)
    return found + documents(rest, _NAMED_KINDS)


def _pods(piece: bytes, where: str) -> list[Any]:
    """The documents of a piece that may have pods beyond policies; raises McpfenceError where it cannot be read."""
    try:
        text = decode(piece)
        if any(_has_packed_key(root) for root in (compose_foreign(text) if "!" in text else ())):
            raise BadDocument("has a key behind a tag, which readers of YAML read differently")
        return load_foreign(text)
    except BadDocument as bad:
        place = f", line {bad.line}, column {bad.column}" if bad.line else ""
        sentence = f"may have pods for which no policy holds, and is no YAML that can be read ({bad}{place})"
        raise fail("policy-unreadable", sentence, "mend it, or remove it", document=where) from None


_ESCAPED = regex(rb"\\(?:[xuU]|\r?\n)|!(?:!binary|<)")


_ESCAPED_KEY = regex(rb'"[\w.-]*\\[^"\n]{1,200}"[ \t]*:|^[ \t]*\?|!(?:!binary|<)[^\n:]{0,200}:', re.MULTILINE)


def _hides_words_of_pods(piece: bytes) -> bool:
    """Whether an object with pods has words in escapes, or packed, which may be any; of settings the keys count."""
    if not ((b"\\" in piece or b"!" in piece) and _ESCAPED.search(piece)):  # most have neither character
        return False
    kind = _KIND.search(piece)
    if kind is not None and kind[1] == b"ConfigMap":
        return _ESCAPED_KEY.search(piece) is not None
    return kind is not None and kind[1].decode() in WORKLOAD_KINDS


def _has_packed_key(root: Any) -> bool:
    mappings = (node for node in values_below(root) if isinstance(node.value, list))
    pairs = (pair for node in mappings for pair in node.value if isinstance(pair, tuple))
    return any(key.tag == "tag:yaml.org,2002:binary" for key, _ in pairs)


def _has_gateway(raw: Any) -> bool:
    """Whether a catalog has a gateway; the chart writes `gateway: {}` for none."""
    return isinstance(raw, Mapping) and bool(raw.get("gateway"))


def gateway_kinds(raw: Any) -> frozenset[str]:
    """The kinds that decide who calls a server at a catalog's gateway, which all readers must read alike then."""
    if not _has_gateway(raw):
        return frozenset()
    from mcpfence.gateways import KINDS  # here, so that fences alone start quickly

    return frozenset(kind for kinds in KINDS.values() for kind in kinds) - HARMLESS


_BEYOND_POLICIES = (b"hostNetwork", CONVERTING.encode(), *SETTINGS_WORDS, *(key.encode() for key in FURTHER_NETWORKS))

_NAMED_KINDS = (
    *(b"ServiceAccount", b"Role", b"Service", b"Deployment", b"ReferenceGrant", b"DestinationRule", b"Gateway"),
    *(b"HTTPRoute", b"MCPServerRegistration", b"MCPVirtualServer"),
)
"""Words of the kinds that a catalog with `run` or `gateway` makes; what names a policy is read in any case."""


def decode(piece: bytes) -> str:
    """The text of a piece without a byte order mark; bytes that are no UTF-8 become U+FFFD."""
    return piece.removeprefix(_BOM).decode("utf-8", errors="replace")


def is_hook(piece: bytes) -> bool:
    """Whether a piece is one of Helm's hooks."""
    if HOOK.encode() not in piece:
        return False
    try:
        found = load_foreign(decode(piece))
    except BadDocument:
        return False
    return bool(found) and all(HOOK in annotations_of(document) for document in found)


def annotations_of(document: Any) -> Mapping[str, Any]:
    """The annotations of a document, empty where there are none or the document is none."""
    metadata = document.get("metadata") if isinstance(document, Mapping) else None
    found = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _ours(piece: bytes, number: int) -> dict[str, Any] | None:
    """The ConfigMap with our label in a piece; None where the label's name stands there for another reason."""
    try:
        found = load_foreign(decode(piece))
    except BadDocument as bad:
        raise fail(
            "carrier-unreadable",
            f"mentions {MARK} but is no YAML that can be read ({bad})",
            "render the chart again; the document must pass through other post-renderers unharmed",
            document=f"document {number + 1} of the stream",
        ) from None
    marked: list[dict[str, Any]] = [document for document in found if _marked(document)]
    if len(marked) == 1 and len(found) == 1:
        return marked[0]
    if marked:
        todo = "put a line --- between the documents"
        where = f"document {number + 1} of the stream"
        raise fail("carrier-unreadable", "holds the carrier and another document", todo, document=where)
    return None


def _marked(document: Any) -> bool:
    if not isinstance(document, Mapping) or document.get("kind") != "ConfigMap":
        return False
    metadata = document.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, Mapping) else None
    return isinstance(labels, Mapping) and labels.get(MARK) in ("catalog", "rendered")


def _carrier(document: Mapping[str, Any], number: int) -> Carrier:
    name = str(document["metadata"].get("name", f"document {number + 1}"))
    where = f"ConfigMap {name}"
    data = document.get("data")
    text = data.get("catalog") if isinstance(data, Mapping) else None
    if not isinstance(text, str):
        raise _unreadable(where, "has no text under data.catalog")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise _unreadable(where, "holds no JSON under data.catalog") from None
    if not isinstance(content, dict):
        raise _unreadable(where, f"holds {type_name(content)} under data.catalog, not a mapping")
    for key in ("release", "namespace", "version"):
        if not isinstance(content.get(key), str) or not content[key]:
            raise _unreadable(where, f"has no {key}")
    filename = str(annotations_of(document).get(FILENAME, ""))
    return Carrier(
        number, name, content["release"], content["namespace"], content["version"], content.get("catalog"), filename
    )


def _report(document: Mapping[str, Any], number: int) -> Report:
    """What a report says, as far as it says it: whoever takes its word looks first."""
    data, metadata = document.get("data"), document["metadata"]
    said = data if isinstance(data, Mapping) else {}
    home, name = str(metadata.get("namespace") or ""), str(metadata.get("name") or f"document {number + 1}")
    texts = (str(said.get(key, "")) for key in ("namespace", "objects", "objectsDigest"))
    return Report(number, name, home, *texts)


def _unreadable(where: str, sentence: str) -> McpfenceError:
    todo = "render the chart again; nothing may change this ConfigMap on its way"
    return fail("carrier-unreadable", sentence, todo, document=where)
