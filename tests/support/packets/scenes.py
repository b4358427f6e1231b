"""What is put before Felix: the NetworkPolicies of an example, of a random catalog, or of nobody in particular."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

import golden
from edges import mcpfence
from helpers import rendered
from lab.manifests import texts
from packet_api import CALICO_VERSION, Labels
from packet_world import Pod, Port, World
from reaching import strategies as raw_strategies
from strategies import catalogs

Document = dict[str, Any]
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The objects of one scene: each document with its own text, which is what the API server gets."""

    name: str
    objects: tuple[tuple[str, Document], ...]
    namespaces: Mapping[str, Labels] = field(default_factory=dict)

    @property
    def policies(self) -> list[Document]:
        """The NetworkPolicies of Kubernetes, as their text reads."""
        return [document for document in self.judged if document["apiVersion"] != CALICO_VERSION]

    @property
    def judged(self) -> list[Document]:
        """All policies, Calico's as well."""
        return [document for _, document in self.objects if document["kind"] == "NetworkPolicy"]


WANTED = (("networking.k8s.io/v1", "NetworkPolicy"), ("v1", "Namespace"), (CALICO_VERSION, "NetworkPolicy"))
"""What of a stream is Felix's, as it reads it."""


def scene(name: str, stream: str | bytes, namespaces: Mapping[str, Labels] | None = None) -> Scene:
    """The NetworkPolicies and Namespaces of a stream; the rest of it is not Felix's."""
    data = stream.encode() if isinstance(stream, str) else stream
    objects = ((text, yaml.load(text, Loader=yaml.CSafeLoader)) for text in texts(data))
    wanted = tuple((text, found) for text, found in objects if (found["apiVersion"], found["kind"]) in WANTED)
    return Scene(name=name, objects=wanted, namespaces=namespaces or {})


def example(name: str, helm: Path) -> Scene:
    """An example as `mcpfence render` prints it with a real helm: the chart's floor and namespace are among it."""
    files = [part for file in golden.input_files(name) for part in ("-f", golden.ROOT / file)]
    done = mcpfence("render", *files, "--release", "mcp", "--namespace", "mcp-system", HELM_BIN=str(helm))
    assert done.returncode == 0, done.stderr.decode()
    return scene(name, done.stdout)


def catalog_scene(name: str, raw: Document) -> Scene:
    """A catalog as the renderer prints it."""
    return scene(name, "".join(f"---\n{item.text}" for item in rendered(raw).objects))


def policy_scene(name: str, policies: list[Document]) -> Scene:
    """Policies that no renderer made, in a cluster of three namespaces."""
    return scene(name, "".join(f"---\n{json.dumps(item)}\n" for item in policies), raw_strategies.NAMESPACE_LABELS)


def crowd(world: World, scene: Scene) -> list[Pod]:
    """One pod for every set of labels that the evaluators' strategy knows, with named ports; no policy anywhere."""
    world.clear()
    for namespace in raw_strategies.NAMESPACES:
        world.label_namespace(namespace, scene.namespaces.get(namespace))
    pods = [
        world.pod(pod.namespace, pod.name, dict(pod.labels), [Port(*port) for port in pod.ports])
        for pod in raw_strategies.PODS
    ]
    world.settle()
    return pods


@cache
def random_catalogs(count: int) -> list[Document]:
    """Catalogs from the tests' strategy, the same in every run; each adds as many new rules as any that is left."""
    drawn = _drawn(catalogs(), count)
    return _different(drawn, [_pieces(catalog_scene("", raw).policies) for raw in drawn], count)


@cache
def random_policies(count: int) -> list[list[Document]]:
    """Sets of policies from the evaluators' own strategy, chosen likewise."""
    drawn = _drawn(raw_strategies.policies(size=6), count)
    return _different(drawn, list(map(_pieces, drawn)), count)


def _drawn(strategy: st.SearchStrategy[Found], count: int) -> list[Found]:
    """What a strategy gives, from many seeds: one run of Hypothesis varies few examples over and over."""
    drawn: list[Found] = []

    def draw(found: Found) -> None:
        drawn.append(found)

    for number in range(count):
        limits = settings(
            max_examples=6,
            derandomize=False,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        limits(seed(number)(given(strategy)(draw)))()
    return drawn


def _different(drawn: list[Found], pieces: list[set[str]], count: int) -> list[Found]:
    known: set[str] = set()
    chosen: list[int] = []
    while len(chosen) < min(count, len(drawn)):
        left = (index for index in range(len(drawn)) if index not in chosen)
        best = max(left, key=lambda index: (len(pieces[index] - known), -index))
        chosen.append(best)
        known |= pieces[best]
    return [drawn[index] for index in chosen]


def _pieces(policies: list[Document]) -> set[str]:
    """What is different about policies: their selectors, peers and ports."""
    found: set[str] = set()
    for document in policies:
        spec = document["spec"]
        found.add(json.dumps([spec.get("policyTypes"), spec.get("podSelector")], sort_keys=True))
        for rule in (*(spec.get("ingress") or ()), *(spec.get("egress") or ())):
            parts = [*(rule.get("from") or ()), *(rule.get("to") or ()), *(rule.get("ports") or ())]
            found |= {json.dumps(part, sort_keys=True) for part in parts}
    return found
