"""One render: a catalog through plan, providers and writer to the text of its objects.

The proof stands between the writer and everything that leaves: it reads each mould's text back and compares what that
lets through with the fence, together with the foreign policies of the stream that may select the same pods.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from mcpfence.catalog.model import Catalog
from mcpfence.catalog.reader import read_catalog
from mcpfence.catalog.schema import judge
from mcpfence.catalog.warnings import caution
from mcpfence.documents.reader import BadDocument, load_foreign
from mcpfence.documents.writer import Writer
from mcpfence.findings.finding import Collector, Finding, McpfenceError, Path, plural
from mcpfence.kube.manifest import Manifest
from mcpfence.kube.object_names import LIMIT
from mcpfence.kube.services import ServiceIndex
from mcpfence.net.addresses import ALL
from mcpfence.net.intervals import canonical
from mcpfence.plan.fence import Fence, Ground, Narrowing
from mcpfence.plan.planner import make_plan
from mcpfence.proof.prove import OUR_FAULT, UNKNOWN, box_of, joined, prove, prove_narrowings, relevant
from mcpfence.providers import BUILTIN, Feature, Provider, features
from mcpfence.providers.networkpolicy.emit import RuleBlocks, network_policies
from mcpfence.reach.documents.objects import Object, unroll
from mcpfence.reach.engines.aviatrix.policy import Firewall
from mcpfence.reach.evaluation.evaluator import Evaluator, Subject
from mcpfence.reach.evaluation.policy_set import Reader, policies_of, read_policies
from mcpfence.render.report import report_manifest, server_line
from mcpfence.render.template import Mould, Parts, Pattern, cast, cut, mould_of, pattern_of, room

KIND_ORDER = (
    "FirewallPolicy",
    "NetworkPolicy",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "Service",
    "Deployment",
    "ReferenceGrant",
    "ServiceEntry",
    "DestinationRule",
    "Gateway",
    "MCPGatewayExtension",
    "HTTPRoute",
    "MCPServerRegistration",
    "MCPVirtualServer",
    "AuthPolicy",
    "ConfigMap",
)
"""Objects of a kind stand together, in this order: what narrows comes before what opens, policies before the pods that
they hold for, what is referred to before what refers to it, the report last."""


class Rendered(NamedTuple):
    """One object: what it is called, and its text, which is cast from the parts of its mould when it is needed."""

    kind: str
    namespace: str
    name: str
    parts: Parts
    words: tuple[str, ...]

    @property
    def text(self) -> str:
        """The YAML text without a separator."""
        return cast(self.parts, self.words)


class Rendering(NamedTuple):
    """What a render gives: objects in output order, findings (no errors among them), narrowings."""

    catalog: Catalog
    objects: tuple[Rendered, ...]
    findings: tuple[Finding, ...]
    narrowings: tuple[Narrowing, ...]
    lines: tuple[str, ...]
    """One line on each fence."""


def load_catalog(raw: Any, *, release: str, namespace: str, out: Collector) -> Catalog | None:
    """Judge and read a catalog; None when its structure is wrong."""
    if not judge(raw, out):
        return None
    catalog = read_catalog(raw, release=release, namespace=namespace, out=out)
    caution(catalog, out)
    return catalog


def check(raw: Any, *, release: str, namespace: str, services: ServiceIndex) -> tuple[Finding, ...]:
    """Every finding of a catalog, errors included; nothing is written."""
    try:
        return render(raw, release=release, namespace=namespace, services=services).findings
    except McpfenceError as error:
        return error.findings


def render(
    raw: Any,
    *,
    release: str,
    namespace: str,
    services: ServiceIndex,
    foreign: Iterable[Any] = (),
    annotate: Mapping[str, str] | None = None,
    report: str = "",
) -> Rendering:
    """Render a catalog; raises McpfenceError with every finding if one of them is an error.

    `foreign` are the policies and custom objects of the same stream, `annotate` maps a kind to the value of Helm 4's
    filename annotation (None: no annotation), `report` names the report (RELEASE-mcpfence if empty).
    """
    out = Collector()
    catalog = load_catalog(raw, release=release, namespace=namespace, out=out)
    if catalog is None:
        raise McpfenceError(out.findings())
    provider = BUILTIN.get(catalog.provider)
    if provider is None:
        sentence = f"provider {catalog.provider} is not in this version"
        out.add("provider-missing", ("egress", "provider"), sentence, f"write one of: {', '.join(BUILTIN)}")
        raise McpfenceError(out.findings())
    plan = make_plan(catalog, services, out)
    assembly = _Assembly(catalog, plan.ground, provider, out, annotate)
    assembly.meet_foreign(foreign)
    for fence in plan.fences:
        assembly.add(fence)
    assembly.run_servers()
    assembly.register_servers()
    assembly.refuse()
    out.stop_on_errors()
    findings = out.findings()
    assembly.report(report or f"{release}-mcpfence", findings)
    return Rendering(
        catalog=catalog,
        objects=assembly.ordered(),
        findings=findings,
        narrowings=tuple(assembly.narrowings),
        lines=tuple(assembly.lines),
    )


class _Made(NamedTuple):
    """What a mould gives: its patterns, its line in the report, what it loses, what its engine lacks."""

    patterns: tuple[Pattern, ...]
    line: Parts
    narrowings: tuple[Narrowing, ...]
    missing: frozenset[Feature]
    room: int


class _Assembly:
    """What one render holds while it walks over the fences: moulds, objects by kind, names in use, refusals."""

    def __init__(
        self, catalog: Catalog, ground: Ground, provider: Provider, out: Collector, annotate: Mapping[str, str] | None
    ) -> None:
        self.catalog, self.ground, self.provider, self.out, self.annotate = catalog, ground, provider, out, annotate
        self.writer, self.blocks = Writer(), RuleBlocks()
        self.made: dict[Fence, _Made] = {}
        self.objects: dict[str, list[Rendered]] = {}
        self.lines: list[str] = []
        self.narrowings: list[Narrowing] = []
        self.taken: dict[tuple[str, str, str], str] = {}
        self.refused: dict[Feature, list[str]] = {}
        self.foreign = read_policies((), namespace=catalog.release_namespace)
        self.around = Evaluator(self.foreign)
        self.proven: set[tuple[object, ...]] = set()

    def meet_foreign(self, foreign: Iterable[Any]) -> None:
        """Take in the policies of the stream that are not ours."""
        found = unroll(foreign)
        for problem in found.problems:
            todo = "mend it, or remove it: what stands there is unknown"
            self.out.add("policy-unreadable", (), f"{problem.field} {problem.reason}", todo, document=problem.document)
        self.names_of(found.objects)
        self.foreign = policies_of(found.objects, Reader(self.catalog.release_namespace))
        self.around = Evaluator(self.foreign)

    def names_of(self, foreign: Iterable[Object]) -> None:
        """Note the names that other documents of the stream have, and refuse Obot's own policy."""
        for one in foreign:
            namespace = one.namespace or self.catalog.release_namespace
            self.taken[one.kind, namespace, one.name] = "another document of the stream"
            if one.kind == "NetworkPolicy" and one.name == "mcp-egress-restrictions":
                sentence = "Obot's own policy opens every public address to every server, and policies add up"
                todo = "set mcpNamespace.networkPolicy.enabled=false in Obot's values"
                self.out.add("obot-policy", (), sentence, todo, document=f"NetworkPolicy {namespace}/{one.name}")

    def add(self, fence: Fence) -> None:
        """Emit one fence; with errors in the collector nothing is kept any more, but all fences are checked."""
        mould = mould_of(fence)
        made = self.made.get(mould.fence) or self.make(mould.fence)
        if mould.words and len(fence.name) > made.room:
            mould = Mould(fence, ())
            made = self.make(fence)
        for feature in made.missing:
            self.refused.setdefault(feature, []).append(fence.title)
        self.provider.remark(fence, self.ground, self.out)
        self.narrowings += [narrowing._replace(fence=fence.title) for narrowing in made.narrowings]
        if made.missing or self.out.failed:
            return
        self.prove(fence, mould, made)
        self.lines.append(cast(made.line, mould.words))
        for pattern in made.patterns:
            name = cast(pattern.name, mould.words)
            self.claim(pattern, name, fence)
            item = Rendered(pattern.kind, pattern.namespace, name, pattern.text, mould.words)
            self.objects.setdefault(pattern.kind, []).append(item)

    def put(self, manifest: Manifest, title: str, path: Path) -> str:
        """Add an object that is no policy; `title` and `path` say whose it is, should its name be taken.  Its text."""
        other = self.taken.setdefault((manifest.kind, manifest.namespace, manifest.name), title)
        if other != title:
            sentence = f"{title} and {other} would both be {manifest.kind} {manifest.namespace}/{manifest.name}"
            self.out.add("name-taken", path, sentence, "rename one of them")
        self.annotated(manifest)
        text = self.writer.write(manifest.document)
        item = Rendered(manifest.kind, manifest.namespace, manifest.name, (text,), ())
        self.objects.setdefault(manifest.kind, []).append(item)
        return text

    def register_servers(self) -> None:
        """Add what registers the servers at the catalog's MCP gateway."""
        if self.catalog.gateway is None or self.out.failed:
            return
        from mcpfence.gateways import gateway_manifests, prove_registered  # here, so that fences alone start quickly

        written = [
            (self.put(manifest, title, path), manifest, path)
            for manifest, title, path in gateway_manifests(self.catalog)
        ]
        prove_registered(self.catalog, written, self.out)

    def run_servers(self) -> None:
        """Add what runs the servers that mcpfence runs."""
        running = [server for server in self.catalog.servers.values() if server.run is not None]
        if not running or self.out.failed:
            return
        from mcpfence.deploy import prove_running, run_manifests  # here, so that fences alone start quickly

        for server in running:
            manifests = run_manifests(server, self.catalog.namespace)
            title = f"server {server.name}"
            written = [(manifest, self.put(manifest, title, server.path)) for manifest in manifests]
            prove_running(server, self.catalog.namespace, written, self.out)

    def make(self, fence: Fence) -> _Made:
        """The manifests of a fence or mould, written; the work that equal servers share."""
        missing = features(fence) - self.provider.expresses
        if missing:
            return self.made.setdefault(fence, _Made((), (), (), missing, LIMIT))
        prepared, narrowings = self.provider.prepare(fence, self.ground)
        manifests = [
            *self.provider.emit(prepared, self.ground),
            *network_policies(prepared, self.provider.composition, self.blocks),
        ]
        patterns = tuple(self.write(manifest) for manifest in manifests)
        longest = room(manifests, fence.endings)
        return self.made.setdefault(fence, _Made(patterns, cut(server_line(prepared)), narrowings, missing, longest))

    def prove(self, fence: Fence, mould: Mould, made: _Made) -> None:
        """Prove the text made for a fence; fences of one mould among the same foreign policies need one proof."""
        subjects = [Subject(fence.namespace, box_of(selector)) for selector in fence.selectors]
        found = [self.around.selecting(subject) for subject in subjects]
        around = list({id(policy): policy for one in found for policy in relevant(one)}.values())
        how = tuple((place, id(policy), how) for place, one in enumerate(found) for policy, how in one)
        # Names are words of their own, and a foreign firewall may permit those of one fence and not of another.
        key = (id(made), how, mould.words if any(isinstance(policy, Firewall) for policy in around) else ())
        if key in self.proven:
            return
        self.proven.add(key)
        documents = [self.read_back(pattern, mould, fence) for pattern in made.patterns]
        ours = read_policies(
            [document for document in documents if document is not None],
            pod_addresses=canonical(self.ground.pod_cidrs) or ALL,
        )
        prepared, narrowings = self.provider.prepare(fence, self.ground)
        self.out.take(prove(prepared, Evaluator(joined(ours, around))))
        self.out.take(prove_narrowings(fence, prepared, narrowings))

    def read_back(self, pattern: Pattern, mould: Mould, fence: Fence) -> Any:
        """The document that an independent YAML reader finds in the text made for a fence; None after an error."""
        try:
            found = load_foreign(cast(pattern.text, mould.words))
        except BadDocument as bad:
            found, fault = [], f"no YAML ({bad})"
        else:
            fault = plural(len(found), "document")
        if len(found) == 1 and isinstance(found[0], Mapping):
            return found[0]
        sentence = f"the text written for {pattern.kind} {cast(pattern.name, mould.words)} is {fault}"
        self.out.add("proof-text", fence.path, sentence, OUR_FAULT)
        return None

    def write(self, manifest: Manifest) -> Pattern:
        """Text of one manifest, with Helm 4's annotation where it belongs."""
        self.annotated(manifest)
        return pattern_of(manifest, self.writer)

    def annotated(self, manifest: Manifest) -> None:
        """Write Helm 4's annotation, the file that Helm shows as the source, where it belongs."""
        if self.annotate is not None:
            metadata = manifest.document["metadata"]
            filename = {"postrenderer.helm.sh/postrender-filename": self.annotate[manifest.kind]}
            metadata["annotations"] = {**metadata.get("annotations", {}), **filename}

    def claim(self, pattern: Pattern, name: str, fence: Fence) -> None:
        """Refuse a name that another object of the kind has already."""
        other = self.taken.setdefault((pattern.kind, pattern.namespace, name), fence.title)
        if other is not fence.title and other != fence.title:
            sentence = f"{fence.title} and {other} would both be {pattern.kind} {pattern.namespace}/{name}"
            self.out.add("name-taken", fence.path, sentence, "rename one of them")

    def refuse(self) -> None:
        """Say at once what the provider cannot express, with every server that needs it."""
        for feature, titles in self.refused.items():
            shown = ", ".join(titles[:20]) + (f" and {len(titles) - 20:,} more" if len(titles) > 20 else "")
            if feature is Feature.NAME:
                sentence = f"NetworkPolicies know no host names, and these list some: {shown}"
                todo = (
                    "write egress.provider: aviatrix, list addresses under egress.cidrs, "
                    "or accept every public address with egress.unenforcedDomains: internet"
                )
                self.out.add("domains-unenforced", ("egress", "provider"), sentence, todo)
            else:
                sentence = f"provider {self.provider.name} cannot express {feature.value}, which these need: {shown}"
                self.out.add("provider-cannot", ("egress", "provider"), sentence, "change them, or the provider")

    def report(self, name: str, findings: tuple[Finding, ...]) -> None:
        """Add the report as the last object."""
        count = sum(map(len, self.objects.values())) + 1
        proof = f"{plural(len(self.lines), 'fence')} proven: the manifests allow what the catalog says. {UNKNOWN}"
        made = report_manifest(self.catalog, name, self.lines, findings, self.narrowings, count, proof)
        pattern = self.write(made)
        name = cast(pattern.name, ())
        self.objects.setdefault(pattern.kind, []).append(
            Rendered(pattern.kind, pattern.namespace, name, pattern.text, ())
        )

    def ordered(self) -> tuple[Rendered, ...]:
        """All objects, grouped by kind; inside a kind by namespace and name."""
        kinds = [kind for kind in KIND_ORDER if kind in self.objects]
        return tuple(item for kind in kinds for item in sorted(self.objects[kind], key=lambda item: item[1:3]))
