"""Catalogs rendered, with everything at hand that the proof and its judges compare: fences and parsed documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import yaml

from helpers import NAMESPACE, RELEASE, Raw
from mcpfence.findings.finding import Collector, Finding
from mcpfence.kube.services import ServiceIndex, index
from mcpfence.net.addresses import ALL, cidrs
from mcpfence.net.intervals import Intervals, canonical
from mcpfence.plan.fence import Fence
from mcpfence.plan.planner import make_plan
from mcpfence.proof.prove import prove
from mcpfence.providers import provider_of
from mcpfence.reach.evaluation.evaluator import Evaluator
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.render.pipeline import load_catalog, render
from proof.catalogs import OWN
from proof.packets import Mentioned, mentioned
from proof.replay import unborne
from proof.universe import Document
from tooling import ROOT

EXAMPLES = ROOT / "values-examples"


@dataclass(frozen=True)
class Scene:
    """A rendered catalog: its (prepared) fences by title, and the policies made for each."""

    title: str
    fences: Mapping[str, Fence]
    documents: Mapping[str, tuple[Document, ...]]
    pod_cidrs: Intervals

    def mentioned(self, document: Document) -> Mentioned:
        """What one of these documents mentions."""
        return self._mentioned[id(document)]

    @cached_property
    def _mentioned(self) -> dict[int, Mentioned]:
        return {id(one): mentioned(one) for found in self.documents.values() for one in found}

    @property
    def pod_blocks(self) -> tuple[str, ...]:
        """The addresses that pods may have; empty: any."""
        return cidrs(self.pod_cidrs)

    def proven(self, fences: Iterable[Fence], documents: Sequence[Any]) -> list[Finding]:
        """What the proof says of some fences among these documents; each counterexample is replayed."""
        found = read_policies(documents, namespace=NAMESPACE, pod_addresses=self.pod_cidrs or ALL)
        evaluator = Evaluator(found)
        findings = []
        for fence in fences:
            missed = unborne(fence, evaluator)
            assert missed == [], missed
            findings += prove(fence, evaluator)
        return findings


def scene_of(title: str, raw: Raw, services: Sequence[Any] = ()) -> Scene:
    """Render a catalog without errors; `services` are manifests in which Services are looked up."""
    looked_up = index(services, NAMESPACE)
    rendering = render(raw, release=RELEASE, namespace=NAMESPACE, services=looked_up)
    documents: dict[str, list[Document]] = {}
    for item in rendering.objects:
        document = yaml.load(item.text, Loader=yaml.CSafeLoader)
        owner = _owner(document)
        if owner:
            documents.setdefault(owner, []).append(document)
    fences, pods = prepared_fences(raw, looked_up)
    assert set(documents) == set(fences)
    return Scene(title, fences, {owner: tuple(found) for owner, found in documents.items()}, pods)


def prepared_fences(raw: Raw, services: ServiceIndex) -> tuple[dict[str, Fence], Intervals]:
    """The fences of a catalog as its provider prepares them, and the addresses of its pods."""
    catalog = load_catalog(raw, release=RELEASE, namespace=NAMESPACE, out=Collector())
    assert catalog is not None
    plan = make_plan(catalog, services, Collector())
    provider = provider_of(catalog.provider)
    fences = {fence.title: provider.prepare(fence, plan.network)[0] for fence in plan.fences}
    return fences, canonical(plan.network.pod_cidrs)


def _owner(document: Document) -> str:
    """The title of the fence that a policy was made for; empty for everything that is no policy."""
    if document["kind"] not in ("NetworkPolicy", "FirewallPolicy"):
        return ""
    labels = document["metadata"]["labels"]
    return next(
        (
            f"{kind} {labels[key]}"
            for kind in ("server", "workload", "service")
            if (key := f"mcpfence.io/{kind}") in labels
        ),
        "",
    )


BRUTE = ("none", "aviatrix")
"""The providers whose objects the brute force reads; others have engines of their own as judges (tests/engines)."""


def example_titles() -> list[str]:
    """The folders of values-examples, of providers that the brute force knows."""
    titles = sorted(path.parent.name for path in EXAMPLES.glob("*/values.yaml"))
    return [title for title in titles if raw_of(title)[0].get("egress", {}).get("provider", "none") in BRUTE]


def raw_of(title: str) -> tuple[Raw, list[Any]]:
    """The catalog of an example or of one of our own, with the manifests beside it."""
    if title in OWN:
        return OWN[title], []
    folder = EXAMPLES / title
    beside = folder / "services.yaml"
    services = (
        list(yaml.load_all(beside.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)) if beside.is_file() else []
    )
    return yaml.load((folder / "values.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader), services


@cache
def scene(title: str) -> Scene:
    """An example, or one of our own catalogs, rendered once."""
    raw, services = raw_of(title)
    return scene_of(title, raw, services)
