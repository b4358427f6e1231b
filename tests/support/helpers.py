"""Short ways from a catalog to its fences, findings and manifests, and a run of the command line in this process."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from mcpfence.cli import start as cli
from mcpfence.findings.finding import Collector, Finding, McpfenceError
from mcpfence.kube.services import index
from mcpfence.net.addresses import cidrs
from mcpfence.net.ports import ports_text
from mcpfence.plan.fence import Allow, Block, ClusterNetwork, Fence, Pods
from mcpfence.plan.planner import make_plan
from mcpfence.render.objects import Rendering
from mcpfence.render.pipeline import load_catalog, render

RELEASE, NAMESPACE = "demo", "home"
"""The release of every catalog here and its own namespace; its policies' namespace is `demo-mcp`."""

Raw = dict[str, Any]

CLIENT: Raw = {"gateway": {"namespace": "gateways", "podSelector": {"app": "gateway"}}}
"""The one client of most catalogs here: without any, every check says so."""


def catalog(servers: Raw | None = None, **keys: Any) -> Raw:
    """A catalog of these servers with one client; keys of the root as keywords."""
    return {"clients": CLIENT, "servers": servers or {}} | keys


def one(runtime: str = "containerized", **keys: Any) -> Raw:
    """A catalog of one server named `a`; keys of the server as keywords."""
    return catalog({"a": {"runtime": runtime, **keys}})


def one_egress(**egress: Any) -> Raw:
    """A catalog of one containerized server named `a` with this egress."""
    return one(egress=egress)


@dataclass(frozen=True, slots=True)
class Planned:
    """The fences of a catalog by title, what they stand on, and everything that was found on the way."""

    fences: Mapping[str, Fence]
    network: ClusterNetwork
    findings: tuple[Finding, ...]

    def __getitem__(self, title: str) -> Fence:
        return self.fences[title]

    @property
    def ids(self) -> set[str]:
        """The ids of all findings."""
        return {finding.id for finding in self.findings}

    def messages(self, id: str) -> list[str]:
        """What the findings of one kind say."""
        return [finding.message for finding in self.findings if finding.id == id]


def planned(raw: Raw, *documents: Any) -> Planned:
    """Plan a catalog, errors or not; `documents` are manifests in which Services are looked up."""
    out = Collector()
    read = load_catalog(raw, release=RELEASE, namespace=NAMESPACE, out=out)
    assert read is not None, [finding.message for finding in out.findings()]
    plan = make_plan(read, index(documents, NAMESPACE), out)
    fences = {fence.title: fence for fence in plan.fences}
    return Planned(fences, plan.network, out.findings())


def rendered(raw: Raw, *documents: Any) -> Rendering:
    """Render a catalog without errors."""
    return render(raw, release=RELEASE, namespace=NAMESPACE, services=index(documents, NAMESPACE))


def errors_of(raw: Raw, *documents: Any) -> list[str]:
    """What the errors of a catalog say, each as PLACE: SENTENCE; TODO [ID]; empty if it renders."""
    try:
        rendered(raw, *documents)
    except McpfenceError as error:
        said = [finding for finding in error.findings if finding.severity.value == "error"]
        return [f"{finding.message} [{finding.id}]" for finding in said]
    return []


def objects(raw: Raw, *documents: Any) -> dict[str, Raw]:
    """The rendered manifests by `KIND NAME`, read back from their text."""
    return {
        f"{item.kind} {item.name}": yaml.load(item.text, Loader=yaml.CSafeLoader)
        for item in rendered(raw, *documents).objects
    }


def reach(allows: Iterable[Allow], *kinds: str) -> dict[str, list[str]]:
    """Allows as {kind: [PEER on PORTS]}; only these kinds if any are named."""
    found: dict[str, list[str]] = {}
    for allow in allows:
        if not kinds or allow.kind in kinds:
            found.setdefault(allow.kind, []).extend(
                f"{peer_words(p)} on {ports_text(allow.ports)}" for p in allow.peers
            )
    return found


def peer_words(peer: Pods | Block) -> str:
    """A peer in one line: NAMESPACE/SELECTOR, or a block without its excepts."""
    if isinstance(peer, Pods):
        return f"{peer.namespace}/{peer.selector.text or '*'}"
    return cidrs((peer.block,))[0]


def names(fence: Fence) -> dict[str, str]:
    """The names of a fence with their ports."""
    return {name.pattern: ports_text(name.ports) for name in fence.names}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run of the command line left behind."""

    code: int
    stdout: str
    stderr: str


def run_cli(*arguments: str, stdin: bytes = b"") -> Outcome:
    """Run `mcpfence ARGUMENTS` in this process, with streams of its own."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
    code: Any = None
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _stdin(stdin):
        try:
            cli.run(list(arguments))
        except SystemExit as ended:
            code = ended.code
        out.flush()
        err.flush()
    return Outcome(code, _text(out), _text(err))


@contextlib.contextmanager
def _stdin(data: bytes) -> Iterator[None]:
    before, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(data), "utf-8")
    try:
        yield
    finally:
        sys.stdin = before


def _text(stream: io.TextIOWrapper) -> str:
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()
