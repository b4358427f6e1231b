"""What the clients of the lab ask the servers, once behind the fences and once without them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcp_servers.cluster import Cluster, Document
from mcp_servers.talks import Call
from packet_world import Pod

IMPATIENCE = 6.0
"""Seconds after which a client that is not let in gives up; one that is let in connects in milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """An address that mcp-server-fetch is asked for, and why the catalog does or does not open it."""

    url: str
    what: str
    listed: bool = False

    @property
    def call(self) -> Call:
        """The call of its tool."""
        return "fetch", {"url": self.url}


PAGES = (
    Page(url="http://wiki.example.com/", what="listed", listed=True),
    Page(url="http://evil.example.net/", what="not listed"),
    Page(url="http://198.51.100.66/", what="the same, by its address"),
    Page(url="http://intranet.example.com/", what="a private address"),
    Page(url="http://169.254.169.254/latest/meta-data/", what="the cloud's metadata"),
    Page(url="http://npm.example.com/supergateway", what="the registry of another runtime"),
    Page(url="http://everything.mcp/mcp", what="another server, by its Service"),
    Page(url="http://10.96.0.1:443/", what="the Kubernetes API server"),
)

ECHO: Sequence[Call] = (("echo", {"message": "hello"}),)
QUESTIONS: Sequence[Call] = (
    ("pods_list_in_namespace", {"namespace": "shop"}),
    ("pods_list_in_namespace", {"namespace": "mcp"}),
    ("resources_list", {"apiVersion": "v1", "kind": "Secret", "namespace": "shop"}),
    ("namespaces_list", {}),
)
"""To kubernetes-mcp-server: the first is what its Role allows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Callers:
    """Who calls: the client of the catalog, and two that are not declared."""

    agent: Pod
    other: Pod
    """Of the same namespace, with another label."""
    namesake: Pod
    """With the label of the client, in another namespace."""

    @property
    def strangers(self) -> dict[str, Pod]:
        """Those that are not declared, as people write pods."""
        return {f"{pod.namespace}/{pod.name}": pod for pod in (self.other, self.namesake)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """All answers of one round."""

    everything: Document
    fetch: Document
    kubernetes: Document
    strangers: dict[tuple[str, str], Document]
    """By caller and server."""
    arrivals: list[tuple[str, str]]
    """What reached the outside world from the fetch server: address and name that it was asked by."""
    packages: int
    """How often server-everything asked the registry, for the sessions of this round."""

    def page(self, page: Page) -> str:
        """What mcp-server-fetch said about a page: its text, or why not, in the last line."""
        return str(self.fetch["answers"][PAGES.index(page)]["text"]).splitlines()[-1]


def converse(cluster: Cluster, callers: Callers, patience: float) -> Heard:
    """Every client asks every server, all at the same time; `patience` is that of the strangers, in seconds."""
    before = len(cluster.arrivals())
    asked = {"everything": ECHO, "fetch": [page.call for page in PAGES], "kubernetes": QUESTIONS}
    agent = cluster.talk(callers.agent, asked)
    others = {
        who: cluster.talk(pod, dict.fromkeys(cluster.servers, ()), patience) for who, pod in callers.strangers.items()
    }
    strangers = {(who, name): heard for who, talk in others.items() for name, heard in talk.answers().items()}
    heard = agent.answers()
    assert not [one for one in heard.values() if "refused" in one], heard
    arrived = {
        name: [
            (one["to"], one["host"]) for one in cluster.arrivals()[before:] if one["from"] == server.pod.addresses[0]
        ]
        for name, server in cluster.servers.items()
    }
    return Heard(
        **heard, strangers=strangers, arrivals=sorted(set(arrived["fetch"])), packages=len(arrived["everything"])
    )
