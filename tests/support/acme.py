"""Acme, an engine that is not there: what `make new-provider` writes, registered for one test.

Its objects and its judge are the skeleton's own, one for each way to stand beside NetworkPolicies: behind them
(layered), among them (union), before them (ordered).  Its folders stand outside the package, so that nothing but the
row can lead to them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import jsonschema_rs
import pytest

import gen_schema
import new_provider
from mcpfence import providers
from mcpfence.catalog import schema
<<<<<<< HEAD
from mcpfence.findings.table import TABLE
from mcpfence.providers import Composition, Provider
=======
from mcpfence.documents.writer import Document
from mcpfence.findings.table import TABLE, Row, Severity
from mcpfence.kube.manifest import Manifest, make_manifest
from mcpfence.kube.object_names import object_name
from mcpfence.net.addresses import ALL, cidrs, parse_cidr
from mcpfence.net.intervals import Intervals, canonical
from mcpfence.net.ports import Ports as FencePorts
from mcpfence.plan.fence import Block, ClusterNetwork, Fence, Peer
from mcpfence.providers import Composition, Feature, Kind, Provider, Risk
from mcpfence.providers.networkpolicy.emit import fence_labels
>>>>>>> f8b1551
from mcpfence.reach import engines

GROUP, KIND = "policy.acme.example", "AcmePolicy"
COMPOSITIONS = (Composition.LAYERED, Composition.UNION, Composition.ORDERED)


<<<<<<< HEAD
def register(patch: pytest.MonkeyPatch, composition: Composition, folder: Path, *, judge: bool = True) -> Provider:
    """Scaffold acme into a folder, and add its row and what follows from it, for one test."""
    new_provider.write(new_provider.Wanted("acme", KIND, GROUP, "v1", composition.value), folder)
    for name in [name for name in sys.modules if ".acme" in name]:
        patch.delitem(sys.modules, name)
    found = folder / "renderer" / "mcpfence"
    patch.setattr(providers, "__path__", [*providers.__path__, str(found / "providers")])
=======
# --- the provider ---


def emitter(composition: Composition) -> Callable[[Fence, ClusterNetwork], Iterable[Manifest]]:
    """What acme emits where it composes so."""

    def emit(fence: Fence, _network: ClusterNetwork) -> Iterable[Manifest]:
        if fence.kind == "service":
            return
        rules: list[Document] = []
        if composition is not Composition.UNION:  # there the NetworkPolicy allows all of it
            rules += [
                {"action": "allow", "to": destinations(allow.peers), "ports": written(allow.ports)}
                for allow in fence.egress
                if allow.peers
            ]
        rules += [
            {
                "action": "allow",
                "to": destinations(fence.public),
                "ports": written(name.ports),
                "names": [name.pattern],
            }
            for name in fence.names
        ]
        if composition is not Composition.UNION:
            rules.append({"action": "deny"})
        for selector, ending in zip(fence.selectors, fence.endings, strict=True):
            spec = {"pods": dict(selector.labels), "rules": rules}
            yield make_manifest(
                f"{GROUP}/v1",
                KIND,
                fence.namespace,
                object_name(fence.kind, fence.name) + ending,
                fence_labels(fence),
                {"spec": spec},
            )

    return emit


def destinations(peers: Iterable[Peer]) -> list[Document]:
    """Peers in acme's words."""
    found: list[Document] = []
    for peer in peers:
        if isinstance(peer, Block):
            found += [{"cidr": cidr} for cidr in cidrs(peer.addresses)]
        else:
            found.append({"namespace": peer.namespace, "labels": dict(peer.selector.labels)})
    return found


def written(ports: FencePorts) -> list[str]:
    """Ports in acme's words; none for every protocol and port."""
    if any(item.protocol == "ALL" for item in ports):
        return []
    return [f"{item.protocol}/{item.first}-{item.last}" for item in ports]


FINDINGS = {"acme-note": Row(Severity.NOTE, "Acme is only a skeleton.")}


def provider(composition: Composition) -> Provider:
    """Acme's row."""
    return Provider(
        name="acme",
        composition=composition,
        expresses=frozenset({Feature.NAME, Feature.SCTP}),
        kinds=(Kind(GROUP, KIND, "acmepolicies"),),
        settings={"loud": {"description": "Whether acme speaks. Default: false.", "type": "boolean", "default": False}},
        findings=FINDINGS,
        emit=emitter(composition),
        caution=lambda catalog, out: (
            out.add("acme-note", ("egress", "acme"), "acme speaks") if catalog.provider_settings.get("loud") else None
        ),
        risks=lambda _catalog: (Risk("acme", "acme: it is only a skeleton", frozenset({"name"})),),
    )


# --- the judge ---


class AcmeReader:
    """Reads AcmePolicies."""

    def __init__(self, composition: Composition) -> None:
        self.composition = composition

    def read(self, document: dict[str, object], kind: str, title: str, namespace: str) -> Policy:  # noqa: ARG002
        """The policy of one document.  Never raises."""
        union = self.composition is Composition.UNION
        read = Policy(
            title=title,
            engine="acme",
            tier=TIERS[self.composition],
            namespace=namespace,
            place="spec.rules",
            isolates=union,
        )
        try:
            spec = mapping(document.get("spec"), "spec")
            source = Source(read_labels(spec.get("pods"), "spec.pods"))
            rules = [rule(entry, place) for place, entry in enumerate(items(spec.get("rules"), "spec.rules"))]
        except Unreadable as bad:
            everywhere = (Source(label_sets.EVERYTHING),)
            unknown = UNKNOWN_ALLOWS if union else UNKNOWN
            problem = Problem(title, bad.field, bad.reason)
            return read._replace(sources=everywhere, egress=unknown, sound=False, problems=(problem,))
        return read._replace(sources=(source,), egress=Rules(tuple(rules)))


def rule(entry: object, place: int) -> Rule:
    """One rule."""
    found = mapping(entry, f"spec.rules[{place}]")
    addresses: list[tuple[int, int]] = []
    pods = []
    for peer in items(found.get("to"), "to"):
        one = mapping(peer, "to")
        if "cidr" in one:
            addresses.append(parse_cidr(text(one["cidr"], "cidr")))
        else:
            pods.append(label_sets.pods_in(text(one["namespace"], "namespace"), read_labels(one["labels"], "labels")))
    everyone = exact_peers(ALL, (label_sets.EVERYTHING,))
    names = found.get("names")
    shown = host_names.names_of([text(name, "names") for name in items(names, "names")]) if names else None
    return Rule(
        Action.ALLOW if found.get("action") == "allow" else Action.DENY,
        exact_peers(canonical(addresses), tuple(pods)) if "to" in found else everyone,
        Ports(canonical(map(span, items(found.get("ports"), "ports")))) if found.get("ports") else EVERY_PORT,
        ShownNames(shown, shown) if shown is not None else None,
        position=place,
    )


def span(written: object) -> tuple[int, int]:
    """`TCP/443-443`."""
    protocol, _, ports = text(written, "ports").partition("/")
    first, _, last = ports.partition("-")
    return traffic.span(protocol, int(first), int(last))


def engine(composition: Composition) -> Engine:
    """Acme's judge."""

    def reader(_pod_addresses: Intervals) -> AcmeReader:
        return AcmeReader(composition)

    return Engine(
        name="acme",
        kinds=frozenset({(GROUP, KIND)}),
        layer=TIERS[composition].layer,
        reader=reader,
        adds_up=composition is Composition.UNION,
    )


# --- registering it ---


def register(patch: pytest.MonkeyPatch, composition: Composition, *, judge: bool = True) -> Provider:
    """Add acme's row and folders, and the schema that follows from the rows, for one test."""
    row = provider(composition)
    module = ModuleType("mcpfence.providers.acme")
    module.PROVIDER = row  # type: ignore[attr-defined]
    patch.setitem(sys.modules, module.__name__, module)
    patch.setitem(providers.TABLE, "acme", "acme")
    patch.delitem(providers._LOADED, "acme", raising=False)
    patch.setitem(providers._LOADED, "acme", row)
    patch.setitem(TABLE, "acme-note", FINDINGS["acme-note"])
    engines.all_engines()
>>>>>>> f8b1551
    if judge:
        patch.setattr(engines, "__path__", [*engines.__path__, str(found / "reach" / "engines")])
    patch.setattr(providers, "_LOADED", dict(providers._LOADED))
    patch.setattr(engines, "_FOUND", {})
    patch.setitem(providers.TABLE, "acme", "acme")
    row = providers.provider_of("acme")
    for id in row.findings:
        patch.setitem(TABLE, id, row.findings[id])  # taken out again with the test
    whole = json.dumps(gen_schema.with_providers(json.loads(schema.schema_text()), providers.all_providers()))
    fast = jsonschema_rs.validator_for(whole)
    patch.setattr(schema, "schema_text", lambda: whole)
    patch.setattr(schema, "_fast", lambda: fast)
    return row
