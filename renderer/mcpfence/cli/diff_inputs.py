"""The sides of `mcpfence diff`: a catalog, manifests or a stream, from a file, a folder, stdin or a Git revision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from mcpfence.cli.diff_unchanged import owners, print_the_same, sample
from mcpfence.diff.changes import Difference
from mcpfence.diff.compare import compare, compare_sample
from mcpfence.diff.side import Manifests
from mcpfence.documents.agreement import DoubtfulDocument, load_judged
from mcpfence.documents.reader import BadDocument
from mcpfence.documents.values import ValuesFile, decode, read_source
from mcpfence.findings.finding import Finding, McpfenceError, fail
from mcpfence.kube.manifest import MARK, floor_policy, labels_of
from mcpfence.kube.services import index
from mcpfence.net.intervals import canonical
from mcpfence.reach.documents.kustomize_files import kindless_of
from mcpfence.reach.engines.kustomize_folders import as_kustomized, judged_kinds
from mcpfence.render.objects import Rendered, Rendering
from mcpfence.render.pipeline import render
from mcpfence.streams.post_render import post_render
from mcpfence.streams.stream import split
from mcpfence.structs import Struct
from mcpfence.system.files import MANIFESTS, manifests_below, read_bytes
from mcpfence.system.git import is_revision, read_revision
from mcpfence.system.inputs import Inputs

_BOM = b"\xef\xbb\xbf"


class Read(Struct):
    """One side as it was read: what is compared, what its render had to say, which documents were left out."""

    compared: Manifests | Rendering
    """A render where the side is a catalog."""
    sources: tuple[ValuesFile, ...] = ()
    findings: tuple[Finding, ...] = ()
    left_out: tuple[str, ...] = ()
    empty: bool = False
    """Whether it is a catalog, or several, that declares nothing."""


class SideReader:
    """Reads both sides; what stands on both is parsed and rendered once.

    `services` are documents with the Services of catalogs.
    """

    def __init__(self, release: str, namespace: str, services: Sequence[Any]) -> None:
        self.release, self.namespace, self.services = release, namespace, services
        self._parsed: dict[tuple[frozenset[str], bytes], list[Any]] = {}
        self._floor = cache(floor_policy)
        self._catalogs: dict[bytes, Read] = {}

    def read(self, text: str) -> Read:
        """The side that an argument names; raises McpfenceError."""
        files = _files(text)
        documents: list[Any] = []
        left_out: list[str] = []
        found = [(_beside_others(text, name), self._documents(name, data)) for name, data in files]
        for (name, _), of_file in zip(files, as_kustomized(found, self.namespace), strict=True):
            for number, document in enumerate(of_file, 1):
                if isinstance(document, Mapping) and isinstance(document.get("kind"), str):
                    documents.append(document)
                elif document is not None:
                    left_out.append(f"document {number} of {name}" if number > 1 else name)
        if left_out and not documents:
            if len(files) > 1:
                sentence, todo = "holds no Kubernetes manifests", "name the catalog itself, or a folder of manifests"
                raise fail("file-unreadable", sentence, todo, document=text)
            return self.catalog(*files[0])
        if any(_is_carrier(document) for document in documents):
            return self._stream(files, left_out)
        return Read(Manifests(documents, namespace=self.namespace), left_out=tuple(left_out))

    def catalog(self, name: str, data: bytes) -> Read:
        """The side of a catalog: rendered, proven, with the floor that the chart puts below it."""
        source = read_source(name, decode(data, name))
        known = self._catalogs.get(data)
        if known is not None:
            return known._replace(sources=(source,))
        try:
            rendering = render(
                Inputs((source,), ()).values,
                release=self.release,
                namespace=self.namespace,
                services=index(self.services, self.namespace),
                allow_empty=True,  # a side may be what was before the first server; whoever asks is told
                told=False,
            )
        except McpfenceError as error:
            raise CatalogError(error.findings, source) from None
        empty = _declares_nothing([rendering])
        found = Read(rendering, (source,), rendering.findings, empty=empty)
        return self._catalogs.setdefault(data, found)

    def compare(self, old: Manifests | Rendering, new: Manifests | Rendering) -> Difference:
        """What is different."""
        if not (isinstance(old, Manifests) or isinstance(new, Manifests)) and print_the_same(old, new):
            found = self._unchanged(old)
            if found is not None:
                return found
        return compare(self.manifests(old), self.manifests(new))

    def _unchanged(self, rendering: Rendering) -> Difference | None:
        """What is said of a render beside its like; None where only reading all of it can tell."""
        part = sample(rendering)
        if part is None:
            return None
        return compare_sample(self._manifests([rendering], self._below(rendering), part), owners(rendering))

    def manifests(self, side: Manifests | Rendering) -> Manifests:
        """Everything on a side, read; of a render its objects, and the floor that the chart puts below."""
        if isinstance(side, Manifests):
            return side
        return self._manifests([side], self._below(side), side.objects)

    def _below(self, rendering: Rendering) -> list[Any]:
        return [self._floor(rendering.catalog.namespace)] if rendering.catalog.floor else []

    def _stream(self, files: Sequence[tuple[str, bytes]], left_out: Sequence[str]) -> Read:
        """What `helm template` prints, with the catalog in it: the policies are put in its place."""
        pieces = [data.removeprefix(_BOM) for _, data in files]
        data = b"".join(piece if piece.startswith(b"---") else b"---\n" + piece for piece in map(_ended, pieces))
        result = post_render(data, more=self.services, allow_empty=True)
        foreign = [document for piece in result.foreign for document in self._documents("", piece)]
        empty = _declares_nothing(result.renderings)
        objects = [item for rendering in result.renderings for item in rendering.objects]
        return Read(self._manifests(result.renderings, foreign, objects), (), result.findings, tuple(left_out), empty)

    def _manifests(
        self, renderings: Sequence[Rendering], documents: Sequence[Any], objects: Iterable[Rendered]
    ) -> Manifests:
        rendered = [
            document
            for item in objects
            if item.kind != "ConfigMap"  # the report
            for document in self._documents("", item.text.encode())
        ]
        addresses = canonical(block for rendering in renderings for block in rendering.catalog.cluster.pods)
        return Manifests(documents, rendered, self.namespace, addresses)

    def _documents(self, name: str, data: bytes) -> list[Any]:
        """The documents of a file, piece by piece, so that equal pieces are parsed once; raises McpfenceError."""
        try:
            return [document for piece in split(data) for document in self._piece(name, piece)]
        except (
            BadDocument
        ):  # the whole file knows its lines, and directives such as %YAML, which are pieces of their own
            return manifests(name, data)

    def _piece(self, name: str, piece: bytes) -> list[Any]:
        also = kindless_of(name)
        known = self._parsed.get((also, piece))
        if known is None:
            known = self._parsed[also, piece] = load_judged(decode(piece, name), judged_kinds(name))
        return known


def _declares_nothing(renderings: Sequence[Rendering]) -> bool:
    return not any(one.catalog.servers or one.catalog.workloads for one in renderings)


class CatalogError(McpfenceError):
    """What is wrong with a catalog, and the file in which its places are looked up."""

    def __init__(self, findings: Sequence[Finding], source: ValuesFile) -> None:
        super().__init__(findings)
        self.source = source


def manifests(name: str, data: bytes) -> list[Any]:
    try:
        return load_judged(decode(data, name), judged_kinds(name))
    except BadDocument as bad:
        id = "policy-unreadable" if isinstance(bad, DoubtfulDocument) else "file-unreadable"
        raise fail(id, str(bad), "mend the YAML", document=bad.place(name)) from None


def _files(text: str) -> list[tuple[str, bytes]]:
    """(name, content) of the file, or of every manifest below the folder, in a stable order; raises McpfenceError."""
    if text == "-":
        data = read_bytes("-")
        if not data.strip():
            raise fail("stream-empty", "the stream on stdin is empty", "check the command before the pipe")
        return [("stdin", data)]
    if is_revision(text):
        found = read_revision(text)
    elif Path(text).is_dir():
        found = [(str(path), read_bytes(str(path))) for path in manifests_below(Path(text))]
    else:
        return [(text, read_bytes(text))]
    if not found:
        sentence = f"holds no file that ends in {', '.join(MANIFESTS)}"
        raise fail("file-unreadable", sentence, "check the path", document=text)
    return found


def _beside_others(text: str, name: str) -> str:
    """The path of a file among those of its side: of a Git revision the part below what was named."""
    below = name.removeprefix(text).lstrip("/") if is_revision(text) else ""
    return below or Path(name).as_posix()


def _ended(piece: bytes) -> bytes:
    return piece if piece.endswith(b"\n") or not piece else piece + b"\n"


def _is_carrier(document: Mapping[str, Any]) -> bool:
    return labels_of(document).get(MARK) == "catalog"
