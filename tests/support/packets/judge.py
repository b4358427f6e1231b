"""What `mcpfence.reach` says to one packet: may it pass, from the text of the manifests alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mcpfence.net.addresses import parse_address
from mcpfence.reach.connectivity.workloads import named_ports
from mcpfence.reach.evaluation.evaluator import Evaluator, Subject
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.reach.flows import flows
from mcpfence.reach.flows.bounds import Bounds
from mcpfence.reach.flows.flows import Packet, Reach
from mcpfence.reach.flows.label_sets import MISSING, NAMESPACE_NAME, Box, box_of
from packet_api import Labels
from packet_host import Host
from packet_world import Pod, Probe


class Judge:
    """Verdicts on probes under some NetworkPolicies; `namespaces` gives the labels of those that have any.

    `blocks_hold_pods` is how Calico reads policies: ipBlocks are compared with the addresses of pods too.  Kubernetes
    leaves that open, and `reach` keeps addresses and pods apart; so a pod is reached where either its labels or its
    address is allowed.
    """

    def __init__(
        self,
        policies: Iterable[Any],
        namespaces: Mapping[str, Labels] | None = None,
        *,
        blocks_hold_pods: bool = True,
    ) -> None:
        found = read_policies(policies)
        assert not found.problems, found.problems
        self._evaluator = Evaluator(found)
        self._namespaces = namespaces or {}
        self._keys = {key for policy in found.policies for key, _ in policy.selector or ()}
        self._known: dict[tuple[str, str, str], Bounds[Reach]] = {}
        self._blocks_hold_pods = blocks_hold_pods

    def allows(self, probe: Probe) -> bool | None:
        """Whether both ends let the packet pass; None where the policies alone do not decide it (a named port)."""
        sides = [
            self._side(pod, direction, self._packets(peer, address, probe))
            for pod, direction, peer, address in (
                (probe.source, "egress", probe.target, probe.address),
                (probe.target, "ingress", probe.source, probe.source_address),
            )
            if isinstance(pod, Pod)
        ]
        if False in sides:
            return False
        return None if None in sides else True

    def _side(self, pod: Pod, direction: str, packets: Iterable[Packet]) -> bool | None:
        reach = self.reach(pod, direction)
        if any(flows.includes(reach.least, packet) for packet in packets):
            return True
        return None if any(flows.includes(reach.most, packet) for packet in packets) else False

    def reach(self, pod: Pod, direction: str) -> Bounds[Reach]:
        """The reach of exactly this pod: labels that some policy asks for and that it lacks are known to be absent."""
        key = (pod.namespace, pod.name, direction)
        if key not in self._known:
            absent = ((label, MISSING) for label in self._keys - pod.labels.keys())
            box: Box = tuple(sorted((*box_of(pod.labels), *absent)))
            subject = Subject(
                pod.namespace,
                box,
                named_ports(frozenset((port.name, port.protocol, port.number) for port in pod.ports)),
            )
            self._known[key] = self._evaluator.layer(subject, direction)
        return self._known[key]

    def _packets(self, peer: Host, address: str, probe: Probe) -> list[Packet]:
        """The packet with its other end as policies may see it: an address, the labels of a pod, or both."""
        by_address = Packet(address=parse_address(address), protocol=probe.protocol, port=probe.port)
        if not isinstance(peer, Pod):
            return [by_address]
        of_namespace = {**self._namespaces.get(peer.namespace, {}), NAMESPACE_NAME: peer.namespace}
        by_labels = Packet(
            namespace=tuple(sorted(of_namespace.items())),
            pod=tuple(sorted(peer.labels.items())),
            protocol=probe.protocol,
            port=probe.port,
        )
        return [by_labels, by_address] if self._blocks_hold_pods else [by_labels]
