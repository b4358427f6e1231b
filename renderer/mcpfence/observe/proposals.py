"""What would let a flow through that was seen and would be denied: the entry, the key, and whether to propose it.

The words are those of `explain`.  Nothing is proposed for metadata endpoints and blocked ranges, for what was denied
already, for bare addresses (a person has to know what is behind them), and below the number of days that was asked for.
"""

from __future__ import annotations

from typing import Any

from mcpfence.explain.caller_remedies import to_be_called
from mcpfence.explain.context import View
from mcpfence.explain.endpoint import points_of
from mcpfence.explain.remedies import Remedy, to_reach
from mcpfence.explain.targets import PodSet
from mcpfence.explain.targets import Target as Asked
from mcpfence.findings.finding import Path, path_text
from mcpfence.kube.selectors import labels_of
from mcpfence.net.addresses import format_address
from mcpfence.net.ports import PROTOCOLS, PortRange, Ports
from mcpfence.observe.addresses import line_address
from mcpfence.observe.registries import refuses_registries, registry_key
from mcpfence.observe.tallied import Evidenced, SeenTarget
from mcpfence.plan.blocked_ranges import metadata_reason, reasons_against
from mcpfence.plan.fence import Fence
from mcpfence.reach.flows import flows, host_names, traffic
from mcpfence.structs import Struct

_POD_HASH = ("pod-template-hash", "controller-revision-hash", "statefulset.kubernetes.io/pod-name")
_COUNTERS = ("apps.kubernetes.io/pod-index", "batch.kubernetes.io/job-completion-index")
"""Labels that change with each revision or pod: no selector names them."""


NAMELESS = "an address without a name: find out what it is"


class Proposal(Struct):
    """What to do about one flow; `entry` is what to add to the list at `key`, None where nothing is proposed."""

    why: str
    todo: str
    key: Path
    entry: Any = None
    held: str = ""
    """Why nothing is proposed, where something could be written all the same."""


def propose(view: View, fence: Fence, target: SeenTarget, told: Evidenced, held: str) -> Proposal:
    """The proposal for a flow that would be denied; `held` is a reason of the caller's to propose nothing."""
    ports = _ports(target)
    if not ports:
        return Proposal("it has no port", "only an entry with ports: all grants it", ())
    if target.peer.kind == "outside":
        return Proposal("the log has no address of it", "look it up with a log that has addresses or names", ())
    asked = _asked(target, told, ports)
    remedy = _to_registries(view, fence, asked, _remedy(view, fence, target, asked))
    reason = reason_against(view, fence, target, told) or held
    if not remedy.key:
        return Proposal(remedy.why, remedy.todo, ())
    entry = None if reason else _entry(fence, target, asked, remedy)
    return Proposal(remedy.why, remedy.todo, remedy.key, entry, reason)


def _ports(target: SeenTarget) -> Ports:
    if target.protocol not in PROTOCOLS or not target.port:
        return ()
    return (PortRange(target.protocol, target.port, target.port),)


def _asked(target: SeenTarget, told: Evidenced, ports: Ports) -> Asked:
    """The flow in the terms of explain."""
    peer = target.peer
    if peer.kind == "pods":
        labels = {key: value for key, value in peer.labels if key not in (*_POD_HASH, *_COUNTERS)}
        pods = PodSet(peer.namespace, labels_of(labels))
        return Asked("pod", pods.text, ports, pods=(pods,))
    found = (line_address(text) for text in told.addresses)
    addresses = tuple((at, at) for at in found if at is not None)
    if peer.names:
        return Asked("host", peer.names[0], ports, addresses[:1], host=peer.names[0])
    return Asked("address", format_address(addresses[0][0]), ports, addresses[:1])


def _remedy(view: View, fence: Fence, target: SeenTarget, asked: Asked) -> Remedy:
    if target.direction == "ingress":
        return to_be_called(view, fence, asked)
    points = points_of(asked.ports)
    shown = host_names.names_of([asked.host]) if asked.host and target.protocol == "TCP" else host_names.NAMELESS
    sure = flows.reach_of(asked.addresses if not asked.pods else (), (), traffic.named(points, shown))
    return to_reach(view, fence, asked, sure)


def _to_registries(view: View, fence: Fence, asked: Asked, remedy: Remedy) -> Remedy:
    """The same under the catalog's key for registries, where a package comes from the name."""
    key = registry_key(view, fence, asked.host) if asked.host and remedy.key[-1:] in _NAMES else ()
    if not key:
        return remedy
    todo = remedy.todo.replace(f" to {path_text(remedy.key)}", f" to {path_text(key)}", 1)
    others = f", the packages' registry of all {fence.runtime} servers" if key[0] == "egress" else ""
    return Remedy(remedy.why, f"{todo}{others}", key)


_NAMES = (("egressDomains",), ("domains",))


def reason_against(view: View, fence: Fence, target: SeenTarget, told: Evidenced) -> str:
    """Why this is never proposed, whatever was seen of it."""
    if target.direction == "ingress":
        return "who may call is for a person to say"
    reason = _refused_by_key(view, fence, target)
    if reason or target.peer.kind == "pods":
        return reason
    reason = next(filter(None, (_refused_address(view, text) for text in told.addresses)), "")
    if not reason and not target.peer.names:
        return NAMELESS
    return reason or ("a name shows on TCP alone" if target.protocol != "TCP" else "")


def _refused_by_key(view: View, fence: Fence, target: SeenTarget) -> str:
    """Which key of the catalog says that this is not wanted, or that names are not had."""
    names = target.peer.names
    if view.egress(fence).deny_all:
        return "denyAllEgress was written for it"
    if names and view.catalog.provider == "none":
        return "names need an egress.provider"
    if names and registry_key(view, fence, names[0]) and refuses_registries(view, fence):
        return "registries: none was written for it"
    return ""


def _refused_address(view: View, text: str) -> str:
    at = line_address(text)
    if at is None:
        return ""
    endpoint = metadata_reason(at)
    if endpoint:
        return f"{text} is a metadata endpoint: {endpoint}"
    rows = reasons_against(at, view.catalog)
    return f"{text} is blocked: {rows[0].why}" if rows else ""


def _entry(fence: Fence, target: SeenTarget, asked: Asked, remedy: Remedy) -> Any:
    """What to add to the list at the remedy's key; None where the remedy is no entry of a list."""
    last = remedy.key[-1]
    plain = target.protocol == "TCP" and target.port == 443
    if asked.host and (last in {"egressDomains", "domains"} or "registries" in remedy.key):
        return asked.host if plain else {"name": asked.host, "ports": [target.port]}
    if asked.pods and last == "services" and fence.kind != "service":
        pods = asked.pods[0]
        if not pods.selector.labels:
            return None
        port: int | str = target.port if target.protocol == "TCP" else f"{target.port}/{target.protocol}"
        name = dict(pods.selector.labels).get("app", pods.selector.labels[0][1])
        return {
            "name": name,
            "namespace": pods.namespace,
            "podSelector": dict(pods.selector.labels),
            "ports": [port],
        }
    return None
