"""What one line of a log says, whatever its format: a flow, a DNS answer, events that were lost."""

from __future__ import annotations

from enum import Enum
from typing import Literal

from mcpfence.structs import Struct

FlowVerdict = Literal["allowed", "audit", "denied"]
"""`audit`: it passed, and a policy that is not enforced yet would have denied it."""

Evidence = Literal["", "sni", "flow"]
"""How a record knows the name of its destination: the client showed it, or the log wrote it beside the flow."""


class Loss(Enum):
    """What a source cannot show: a sentence for people, and whether it is too weak to say that nothing is missed."""

    SAMPLED = ("it is sampled: a flow that is not in it may have happened all the same", True)
    AGGREGATED = ("its records are aggregates: single flows and times are not in it", False)
    NO_ADDRESSES = ("it has no addresses of hosts outside the cluster", True)
    NO_NAMES = ("it has no host names: give a log of DNS answers too", False)
    SOME_NAMES = ("it has host names only where the pods' DNS goes through a proxy that reads it", False)
    SHOWN_NAMES = ("it has a host name only where the client showed one and layer 7 is logged", False)
    NO_ANSWERS = ("it has the names that were asked for and no answers, so it names no address", False)
    IP_ONLY = ("it names no pods, only their addresses: give --pods", False)
    NO_LABELS = ("it names pods without their labels: give --pods", False)
    OVERLAY = ("pods of an overlay network appear with the addresses of their nodes", True)
    NO_ALLOWED = ("it may hold only what was denied: what is allowed may be missing", True)
    NO_DENIED = ("it has no flows that were denied", False)
    OTHER_DENIED = ("what it calls denied is a firewall's of the cloud, never a NetworkPolicy's", False)
    NO_REPLY_MARK = ("it does not say which records are replies: that is told by the ports", False)
    BEFORE_DNAT = ("destinations may be the addresses of Services: give --services", False)
    NOT_ON_NODE = ("traffic between pods of one node is not in it", True)
    TCP_ONLY = ("it has TCP connections only", True)
    ATTEMPTS = ("it has attempts to connect, and not whether they were let through", False)
    LOCAL_TIME = ("its times have no zone: they are taken as UTC", False)
    NO_TIME = ("its lines have no time of their own", False)
    MESHED_ONLY = ("only traffic of pods in the mesh is in it", True)
    LOGGED_ONLY = ("only traffic that a rule with logging matches is in it", True)
    FILTERED = ("only what the filters of its ContainerNetworkLog take in is in it", True)
    KERNEL_ONLY = ("connections that an eBPF data plane handles without the kernel's table are not in it", True)
    WHILE_RUNNING = ("only what happened while the tool ran is in it", True)
    ASKED_ALL = (
        "all queries of the cluster's DNS are in it; behind a cache on the node their client is the node",
        False,
    )
    CUT_ANSWERS = ("long answers are cut, so addresses may be missing", False)
    NO_MESSAGES = ("some of its frames hold no DNS message: let the server write them in full", False)
    UNCOUNTED = ("what could not be written in time is missing, and it does not say how much", False)

    @property
    def sentence(self) -> str:
        """Half a sentence behind the name of the source."""
        return self.value[0]

    @property
    def weak(self) -> bool:
        """Whether a gate cannot rely on the source."""
        return self.value[1]


class FlowEnd(Struct):
    """One end of a flow, as far as the log tells it; everything is text as it was written, empty where unknown."""

    namespace: str = ""
    pod: str = ""
    """The pod's name, or `PREFIX-*` where the log has only what it was generated from."""
    labels: str = ""
    """`k8s:app=github,k8s:tier=web`, ascending."""
    address: str = ""
    service: str = ""
    """`NAMESPACE/NAME` of the Service that was called, where the log names it."""


NOBODY = FlowEnd()


class Seen(Struct):
    """One record of a flow.  `reply` is None where the log does not say; ports are 0 where there are none."""

    time: int
    """Nanoseconds since 1970, 0 where unknown."""
    source: FlowEnd
    destination: FlowEnd
    source_port: int
    port: int
    protocol: str
    verdict: FlowVerdict
    reply: bool | None
    names: tuple[str, ...] = ()
    evidence: Evidence = ""
    node: str = ""
    last: int = 0
    """The end of an aggregate; 0: `time`."""
    times: int = 1
    """How many flows an aggregate stands for."""


class Resolved(Struct):
    """An answer of DNS: `client` asked for `name` and was told these addresses (none: only the question is known)."""

    time: int
    client: FlowEnd
    name: str
    addresses: tuple[str, ...] = ()
    node: str = ""
    last: int = 0
    """The time of the last of several; 0: `time`."""
    times: int = 1
    """How many answers it stands for."""


class Dropped(Struct):
    """Events that the source says it has lost."""

    events: int


class Found(Struct):
    """A loss that shows in the data and not in every log of the format."""

    loss: Loss


Record = Seen | Resolved | Dropped | Found


class BadLine(ValueError):
    """A line that is no record of the format; the message is half a sentence."""
