"""A rendered catalog as seen from one of its fences: the fence, the manifests that enforce it, who stands around it.

What is asked of a view is answered by the evaluators on the text of the rendered manifests, as the proof does it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from mcpfence.catalog.model import Catalog, Egress, Ingress, Server, Workload
from mcpfence.documents.reader import load_foreign
from mcpfence.findings.finding import fail, quote
from mcpfence.findings.wording import nearest
from mcpfence.kube.manifest import floor_policy
from mcpfence.kube.services import ServiceIndex
from mcpfence.net.addresses import ALL
from mcpfence.net.intervals import canonical
from mcpfence.plan.fence import ClusterNetwork, Fence, Narrowing
from mcpfence.providers import Provider, provider_of
from mcpfence.providers.networkpolicy.emit import RuleBlocks, network_policies
from mcpfence.reach.evaluation.evaluator import Evaluator
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.render.objects import Rendered, Rendering
from mcpfence.render.pipeline import render
from mcpfence.structs import Struct

_KINDS = ("server", "workload", "service")
_Identity = tuple[str, str, str]


class View(Struct):
    """A render without errors, with the fences that it was made from."""

    rendering: Rendering
    network: ClusterNetwork
    fences: tuple[Fence, ...]
    raw: Mapping[str, Any]
    places: Mapping[_Identity, Sequence[int]]
    """Where in the rendering's objects those of a kind, namespace and name stand: of a thousand fences walks count."""

    @property
    def catalog(self) -> Catalog:
        """The catalog that was rendered."""
        return self.rendering.catalog

    @property
    def provider(self) -> Provider:
        """The engine beside the NetworkPolicies."""
        return provider_of(self.catalog.provider)

    def prepared(self, fence: Fence) -> tuple[Fence, tuple[Narrowing, ...]]:
        """What the engine gives of a fence, and what is lost."""
        return self.provider.prepare(fence, self.network)

    def owner(self, fence: Fence) -> Server | Workload | None:
        """The catalog's entry behind a fence; a back-end has none of its own."""
        if fence.kind == "server":
            return self.catalog.servers[fence.name]
        return self.catalog.workloads[fence.name] if fence.kind == "workload" else None

    def egress(self, fence: Fence) -> Egress:
        """The egress as it was written."""
        owner = self.owner(fence)
        return owner.egress if owner else Egress()

    def ingress(self, fence: Fence) -> Ingress:
        """The ingress as it was written."""
        owner = self.owner(fence)
        return owner.ingress if owner else Ingress(clients=())


def make_view(
    raw: Mapping[str, Any],
    *,
    release: str,
    namespace: str,
    services: ServiceIndex,
    told: bool = False,
    name: str = "",
) -> View:
    """Render a catalog and keep what explanations need; raises McpfenceError as `render` does.

    Who prints the objects, too, needs the report of them: `told`.  Who tells of one fence gives its `name` (see
    `find`), and of all fences that one alone is proven.
    """
    make = partial(render, release=release, namespace=namespace, services=services, allow_empty=True)
    rendering = make(raw, told=told, only=_called(name) if name else None)
    places: dict[_Identity, list[int]] = {}
    for place, item in enumerate(rendering.objects):
        places.setdefault((item.kind, item.namespace, item.name), []).append(place)
    return View(rendering, rendering.network, rendering.fences, raw, places)


def _called(name: str) -> Callable[[Fence], bool]:
    kinds, wanted = _kinds_and_name(name)
    return lambda fence: fence.name == wanted and fence.kind in kinds


def _kinds_and_name(name: str) -> tuple[tuple[str, ...], str]:
    kind, slash, bare = name.partition("/")
    return ((kind,), bare) if slash and kind in _KINDS else (_KINDS, name)


def find(view: View, name: str) -> Fence | Server:
    """What `NAME` or `KIND/NAME` stands for: a fence, or a server without pods.

    Raises McpfenceError with the nearest names.
    """
    kinds, wanted = _kinds_and_name(name)
    for one in kinds:
        for fence in view.fences:
            if (fence.kind, fence.name) == (one, wanted):
                return fence
        if one == "server" and wanted in view.catalog.servers:
            return view.catalog.servers[wanted]
    known = dict.fromkeys([*view.catalog.servers, *(fence.name for fence in view.fences)])
    every = ", ".join([*known][:10]) + (f" and {len(known) - 10:,} more" if len(known) > 10 else "")
    what = kinds[0] if len(kinds) == 1 else "server, workload or back-end"
    sentence = f"{quote(wanted)} is no {what} of the catalog"
    raise fail("server-unknown", sentence, nearest(wanted, known, f"write one of: {every or 'there is none yet'}"))


def manifests(view: View, fence: Fence) -> tuple[Rendered, ...]:
    """The rendered objects that enforce a fence."""
    prepared, _ = view.prepared(fence)
    made = [
        *view.provider.emit(prepared, view.network),
        *network_policies(prepared, view.provider.composition, RuleBlocks(), view.provider.takes),
    ]
    wanted = {(item.kind, item.namespace, item.name) for item in made}
    found = sorted(place for identity in wanted for place in view.places.get(identity, ()))
    return tuple(view.rendering.objects[place] for place in found)


class Sight(Struct):
    """The policies of some fences, read back from their text, and every label key that they speak of."""

    evaluator: Evaluator
    keys: frozenset[str]


def look(view: View, fences: Iterable[Fence], *, floor: bool = False) -> Sight:
    """Read the manifests of fences back; with `floor` the chart's floor stands beside them.

    Selectors of different fences are disjoint (`disjoint`), so no other fence's policies select the same pods.
    """
    documents = [part for fence in fences for item in manifests(view, fence) for part in load_foreign(item.text)]
    if floor:
        documents.append(floor_policy(view.catalog.namespace))
    found = read_policies(
        documents,
        pod_addresses=canonical(view.network.pod_cidrs) or ALL,
        api_addresses=view.network.api_addresses or ALL,
    )
    return Sight(Evaluator(found), frozenset(_keys(documents)))


def _keys(value: Any) -> Iterator[str]:
    """Every label key in the selectors of a document."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key in ("matchLabels", "tags") and isinstance(inner, Mapping):
                yield from inner
            elif key == "key" and isinstance(inner, str):
                yield inner
            else:
                yield from _keys(inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for inner in value:
            yield from _keys(inner)
