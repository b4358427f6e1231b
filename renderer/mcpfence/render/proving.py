"""What leaves is what is proven: the text of the objects that will be printed is read back and compared.

Fences of one template among the same foreign policies need one proof, for their objects differ in words alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from mcpfence.documents.reader import BadDocument, load_foreign
from mcpfence.findings.finding import Collector, fail, plural
from mcpfence.net.addresses import ALL
from mcpfence.net.intervals import canonical
from mcpfence.plan.fence import ClusterNetwork, Fence
from mcpfence.proof.prove import OUR_FAULT, prove, prove_narrowings, relevant, subjects
from mcpfence.providers import NETWORK_POLICY, Provider
from mcpfence.reach.engines import by_kind
from mcpfence.reach.engines.contract import Policy
from mcpfence.reach.engines.not_evaluated import NotEvaluated
from mcpfence.reach.evaluation.evaluator import Evaluator, Subject
from mcpfence.reach.evaluation.policy_set import PolicySet, joined, read_policies
from mcpfence.reach.flows.label_sets import EVERYTHING
from mcpfence.reach.flows.selection import Selects
from mcpfence.render.assembly import Fenced
from mcpfence.render.objects import Rendered


def check_judged(provider: Provider) -> None:
    """Refuse a provider of whose objects nobody could tell what they let through; raises McpfenceError."""
    judged = by_kind()
    for kind in (*provider.kinds, NETWORK_POLICY):
        if (kind.group, kind.kind) not in judged:
            sentence = (
                f"nothing reads {kind.kind} of {kind.group} back, so what provider {provider.name} gives is unknown"
            )
            raise fail("provider-unproven", sentence, OUR_FAULT, path=("egress", "provider"))


Selected = tuple[Policy | NotEvaluated, Selects]
"""A policy, and how surely it selects some pods."""


class FenceProof:
    """Proves the fences of one render, among the policies of others."""

    def __init__(
        self,
        provider: Provider,
        network: ClusterNetwork,
        around: PolicySet,
        leaving: Iterable[Rendered],
        out: Collector,
    ) -> None:
        """`leaving` are the objects that will be printed, all of them."""
        self._provider, self._network, self._out = provider, network, out
        self._around = Evaluator(around)
        self._alike: dict[str, list[Selected] | None] = {}
        self._leaving = set(map(id, leaving))

    def prove(self, fenced: Sequence[Fenced]) -> None:
        """Prove the fences from the text of their objects; after a fault no more.

        Of those of one template the one with the most words is proven: what is wrong with the second name of a row
        does not show where there is one.
        """
        chosen: dict[tuple[object, ...], tuple[int, Fenced, list[Policy]]] = {}
        for one in fenced:
            self._all_leave(one.objects)
            key, around = self._among(one)
            size = sum(word.count("\n") for word in one.words)
            if key not in chosen or size > chosen[key][0]:
                chosen[key] = size, one, around
        for _, one, around in chosen.values():
            self._prove(one, around)
            if self._out.failed:
                return

    def _among(self, one: Fenced) -> tuple[tuple[object, ...], list[Policy]]:
        """What is equal for fences that need one proof, and the policies of others that count in it."""
        fence, own, made, _ = one
        found = self._selecting(fence)
        around = list({id(policy): policy for one in found for policy in relevant(one)}.values())
        how = tuple((place, id(policy), how) for place, one in enumerate(found) for policy, how in one)
        # Names are words of their own, and a foreign policy may permit those of one fence and not of another.
        # Ranks are words too, and they count only where somebody else's policy stands before or behind.
        words = own if any(map(_demands_names, around)) else fence.ranks if around else ()
        return (id(made), how, words), around

    def _selecting(self, fence: Fence) -> list[list[Selected]]:
        """What of the others selects a fence's pods, one list for each selector."""
        namespace = fence.namespace
        if namespace not in self._alike:  # most often the floor stands there alone, which asks for no label
            whole = Subject(namespace, EVERYTHING)
            self._alike[namespace] = self._around.selecting(whole) if self._around.alike(namespace) else None
        alike = self._alike[namespace]
        if alike is None:
            return [self._around.selecting(subject) for subject in subjects(fence)]
        return [alike] * len(fence.selectors)

    def _prove(self, one: Fenced, around: list[Policy]) -> None:
        fence, _, _, objects = one
        ours = read_policies(
            [document for item in objects for document in self._read_back(item, fence)],
            pod_addresses=canonical(self._network.pod_cidrs) or ALL,
            api_addresses=self._network.api_addresses or ALL,
        )
        prepared, narrowings = self._provider.prepare(fence, self._network)
        everything = Evaluator(joined(ours, around))
        others = frozenset(policy.title for policy in around)
        self._out.take(prove(prepared, everything, names_at=self._provider.names_at, others=others))
        self._out.take(prove_narrowings(fence, prepared, narrowings))
        if self._provider.filters_dns:
            from mcpfence.proof.resolver import unfiltered  # here, since few engines filter

            self._out.take(unfiltered(fence, around, self._provider.filters_dns))

    def _all_leave(self, objects: Sequence[Rendered]) -> None:
        for item in objects:
            if id(item) not in self._leaving:
                raise fail("kind-unknown", f"{item.title} was made and would not be printed", OUR_FAULT)

    def _read_back(self, item: Rendered, fence: Fence) -> list[Any]:
        """The document that an independent YAML reader finds in the text of an object; none after an error."""
        try:
            found = load_foreign(item.text)
        except BadDocument as bad:
            found, fault = [], f"no YAML ({bad})"
        else:
            fault = plural(len(found), "document")
        if len(found) == 1 and isinstance(found[0], dict):
            return found
        self._out.add("proof-text", fence.path, f"the text written for {item.kind} {item.name} is {fault}", OUR_FAULT)
        return []


def _demands_names(policy: object) -> bool:
    """Whether some rule of a policy matches flows by the name that they show."""
    if not isinstance(policy, Policy):
        return False
    lists = (policy.ingress, policy.egress)
    return any(rule.names is not None for rules in lists if rules is not None for rule in rules.items)
