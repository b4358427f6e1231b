"""The objects of one render while they are put together: each fence through its template, names in use, refusals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mcpfence.documents.writer import Writer
from mcpfence.findings.finding import Collector, Path
from mcpfence.kube.manifest import KEYS, Manifest
from mcpfence.kube.object_names import LIMIT
from mcpfence.plan.destinations import all_addressed
from mcpfence.plan.engine_labels import refuse_labels_of_plugin
from mcpfence.plan.fence import CatalogKeys, ClusterNetwork, Fence, Narrowing
from mcpfence.providers import NETWORK_POLICY, Feature, Kind, Provider, all_providers, features
from mcpfence.providers.networkpolicy.emit import RuleBlocks, network_policies
from mcpfence.render.objects import Rendered
from mcpfence.render.report import server_line
from mcpfence.render.template import (
    NotInRows,
    ObjectTemplate,
    fill,
    filled_names,
    longest_name,
    object_template,
    template_of,
    whole,
)
from mcpfence.structs import Struct


class Made(Struct):
    """What a template gives: its objects, what it loses, what its engine lacks."""

    objects: tuple[ObjectTemplate, ...]
    narrowings: tuple[Narrowing, ...]
    missing: frozenset[Feature]
    longest: int
    """How long a fence's name may be so that none of its names is cut."""
    in_rows: bool = True
    """Whether its names stand as rows can be written; else each needs a mark of its own."""


class Fenced(Struct):
    """A fence, the words that it put into its template, what that gives, and its objects."""

    fence: Fence
    words: tuple[str, ...]
    made: Made
    objects: tuple[Rendered, ...]


class Assembly:
    """Makes the objects of fences, and takes those that others made; lives as long as one render."""

    def __init__(
        self,
        provider: Provider,
        network: ClusterNetwork,
        taken: Mapping[tuple[str, str, str], str],
        annotate: str,
        out: Collector,
    ) -> None:
        self.fenced: list[Fenced] = []
        self.narrowings: list[Narrowing] = []
        self.objects: dict[str, list[Rendered]] = {}
        self.network = network
        self._provider, self._annotate, self._out = provider, annotate, out
        # What the templates would be called that Helm 4 shows as the source of our objects; others by their own name.
        self._files = {kind.called: _file(kind) for kind in (*provider.kinds, NETWORK_POLICY)} | {"ConfigMap": "report"}
        self._taken = dict(taken)
        self._writer, self._blocks = Writer(), RuleBlocks()
        self._made: dict[Fence, Made] = {}
        self._refused: dict[Feature, list[str]] = {}

    @property
    def lines(self) -> Iterator[str]:
        """One line on each fence, for people."""
        for one in self.fenced:
            yield server_line(self._provider.prepare(one.fence, self.network)[0])

    def add(self, fence: Fence) -> None:
        """Emit one fence; with errors in the collector only what no engine is needed to say of it is said.

        A fence of a catalog with errors lacks what was wrong, so no provider sees it.
        """
        if self._out.failed:
            self._lacks(fence, features(fence) - self._provider.expresses)
            return
        template = template_of(fence)
        made = self._made.get(template.fence) or self._make(template.fence)
        if not made.in_rows:
            template = template_of(fence, rows=False)
            made = self._made.get(template.fence) or self._make(template.fence)
        if template.words and len(fence.name) > made.longest:
            template = whole(fence)
            made = self._make(template.fence)
        self._lacks(fence, made.missing)
        self._provider.remark(fence, self.network, self._out)
        refuse_labels_of_plugin(fence, self.network.cni, self._out)
        self.narrowings += [_filled(narrowing, fence, template.words) for narrowing in made.narrowings]
        if made.missing or self._out.failed:
            return
        objects = self.put_made(made.objects, template.words, fence.title, fence.path)
        self.fenced.append(Fenced(fence, template.words, made, tuple(objects)))

    def _lacks(self, fence: Fence, missing: Iterable[Feature]) -> None:
        for feature in missing:
            if feature is Feature.NAME and self._out.failed and all_addressed(fence):
                continue  # the plan has refused each of them, and says what to write
            self._refused.setdefault(feature, []).append(fence.title)

    def put(self, manifest: Manifest, title: str, path: Path) -> Rendered:
        """Add an object that is no policy; `title` and `path` say whose it is, should its name be taken."""
        text = self._writer.write(self.annotated(manifest).document)
        item = Rendered(manifest.kind, manifest.namespace, manifest.name, (text,), ())
        self._enter(item, title, path)
        return item

    def put_made(
        self, objects: Iterable[ObjectTemplate], words: tuple[str, ...], title: str, path: Path
    ) -> list[Rendered]:
        """Add the objects of a template in these words."""
        items = [Rendered(one.kind, one.namespace, fill(one.name, words), one.text, words) for one in objects]
        for item in items:
            self._enter(item, title, path)
        return items

    def written(self, manifests: Iterable[Manifest]) -> tuple[ObjectTemplate, ...]:
        """The manifests of a template, written."""
        return tuple(object_template(self.annotated(manifest), self._writer) for manifest in manifests)

    def refuse(self) -> None:
        """Say at once what the provider cannot express, with every server that needs it."""
        for feature, titles in self._refused.items():
            shown = ", ".join(titles[:20]) + (f" and {len(titles) - 20:,} more" if len(titles) > 20 else "")
            if feature is Feature.NAME:
                able = ", ".join(one.name for one in all_providers() if Feature.NAME in one.expresses)
                sentence = f"NetworkPolicies know no host names, and these list some: {shown}"
                todo = (
                    f"write the egress.provider of your cluster ({able}), list addresses under egress.cidrs, "
                    "or accept every public address with egress.unenforcedDomains: internet"
                )
                self._out.add("domains-unenforced", ("egress", "provider"), sentence, todo)
            else:
                sentence = f"provider {self._provider.name} cannot express {feature.value}, which these need: {shown}"
                self._out.add("provider-cannot", ("egress", "provider"), sentence, "change them, or the provider")

    def _make(self, fence: Fence) -> Made:
        """The manifests of a fence or template, written; the work that equal servers share."""
        missing = features(fence) - self._provider.expresses
        if missing:
            return self._made.setdefault(fence, Made((), (), missing, LIMIT))
        prepared, narrowings = self._provider.prepare(fence, self.network)
        manifests = [
            *self._provider.emit(prepared, self.network),
            *network_policies(prepared, self._provider.composition, self._blocks, self._provider.takes),
        ]
        longest = longest_name(manifests, fence.endings)
        try:
            objects = self.written(_with_keys(manifests, fence.keys))
        except NotInRows:
            return self._made.setdefault(fence, Made((), (), missing, LIMIT, in_rows=False))
        return self._made.setdefault(fence, Made(objects, narrowings, missing, longest))

    def annotated(self, manifest: Manifest) -> Manifest:
        """Write Helm 4's annotation, the file that Helm shows as the source, where it belongs."""
        if self._annotate:
            metadata = manifest.document["metadata"]
            name = f"{self._annotate}/mcpfence-{self._files.get(manifest.kind, manifest.kind.lower())}.yaml"
            filename = {"postrenderer.helm.sh/postrender-filename": name}
            metadata["annotations"] = {**metadata.get("annotations", {}), **filename}
        return manifest

    def _enter(self, item: Rendered, title: str, path: Path) -> None:
        self._claim(item, title, path)
        self.objects.setdefault(item.kind, []).append(item)

    def _claim(self, item: Rendered, title: str, path: Path) -> None:
        """Refuse a name that another object of the kind has already."""
        other = self._taken.setdefault((item.kind, item.namespace, item.name), title)
        if other is not title and other != title:
            sentence = f"{title} and {other} would both be {item.title}"
            self._out.add("name-taken", path, sentence, "rename one of them")


def _with_keys(manifests: Iterable[Manifest], keys: CatalogKeys) -> Iterator[Manifest]:
    """Policies with the keys of the catalog that they stand for."""
    for manifest in manifests:
        metadata, spec = manifest.document["metadata"], manifest.document["spec"]
        mine = keys.ingress if spec.get("policyTypes") == ["Ingress"] else keys.egress
        metadata["annotations"] = {**metadata.get("annotations", {}), KEYS: ", ".join(mine)}
        yield manifest


def _file(kind: Kind) -> str:
    """What the template of a kind would be called: by its plural, as kubectl writes that."""
    return kind.plural if kind.called == kind.kind else f"{kind.plural}.{kind.group}"


def _filled(narrowing: Narrowing, fence: Fence, words: tuple[str, ...]) -> Narrowing:
    """The narrowing of a template in the words of one fence."""
    return narrowing._replace(fence=fence.title, names=filled_names(narrowing.names, words))
