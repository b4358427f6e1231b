"""One render: a catalog through plan, provider and writer to the text of its objects, proven before anything leaves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mcpfence.catalog.model import Catalog
from mcpfence.catalog.reader import read_catalog
from mcpfence.catalog.schema import judge
from mcpfence.catalog.warnings import caution
from mcpfence.findings.finding import Collector, Finding, McpfenceError, Path, plural
from mcpfence.kube.manifest import Manifest
from mcpfence.kube.services import ServiceIndex
from mcpfence.plan.planner import make_plan
from mcpfence.proof.both_ends import caution_both_ends
from mcpfence.proof.prove import UNKNOWN
from mcpfence.providers import TABLE, provider_of
from mcpfence.render.assembly import Assembly
from mcpfence.render.objects import Rendered, Rendering, chunks_of, in_order, kind_order
from mcpfence.render.objects_digest import digest_of
from mcpfence.render.proving import FenceProof, check_judged
from mcpfence.render.report import report_manifest
from mcpfence.render.surroundings import read_surroundings


def load_catalog(raw: Any, *, release: str, namespace: str, out: Collector) -> Catalog | None:
    """Judge and read a catalog; None when its structure is wrong, or its provider is not there.

    After an error no provider is asked: it is promised a catalog in which everything was read.
    """
    if not judge(raw, out):
        return None
    catalog = read_catalog(raw, release=release, namespace=namespace, out=out)
    if catalog.provider not in TABLE:
        sentence = f"provider {catalog.provider} is not in this version"
        out.add("provider-missing", ("egress", "provider"), sentence, f"write one of: {', '.join(TABLE)}")
        caution(catalog, catalog.cluster.families, out)
        return None
    provider = None if out.failed else provider_of(catalog.provider)
    caution(catalog, provider.opens(catalog) if provider else frozenset(), out)
    if provider:
        provider.caution(catalog, out)
    return catalog


def check(
    raw: Any, *, release: str, namespace: str, services: ServiceIndex, allow_empty: bool = False
) -> tuple[Finding, ...]:
    """Every finding of a catalog, errors included; nothing is written."""
    try:
        return render(raw, release=release, namespace=namespace, services=services, allow_empty=allow_empty).findings
    except McpfenceError as error:
        return error.findings


def render(  # noqa: PLR0913  one call of the whole pipeline, everything by name
    raw: Any,
    *,
    release: str,
    namespace: str,
    services: ServiceIndex,
    foreign: Iterable[Any] = (),
    annotate: str = "",
    report: str = "",
    allow_empty: bool = False,
) -> Rendering:
    """Render a catalog; raises McpfenceError with every finding if one of them is an error.

    `foreign` are the policies and custom objects of the same stream, `annotate` is the folder that Helm 4's filename
    annotation names (empty: no annotation), `report` names the report (RELEASE-mcpfence if empty).  A catalog that
    fences nothing is an error unless `allow_empty` says that it is meant: it would take every earlier fence away.
    """
    out = Collector()
    catalog = load_catalog(raw, release=release, namespace=namespace, out=out)
    if catalog is None:
        raise McpfenceError(out.findings())
    if not allow_empty and not out.failed:
        _refuse_empty(catalog, out)
    provider = provider_of(catalog.provider)
    check_judged(provider)
    plan = make_plan(catalog, services, out)
    around = read_surroundings(foreign, catalog, out)
    assembly = Assembly(provider, plan.network, around.names, annotate, out)
    for fence in plan.fences:
        assembly.add(fence)
    running = [] if out.failed else _run_servers(catalog, assembly)
    registered = [] if out.failed else _register_servers(catalog, assembly)
    leaving = in_order(assembly.objects, kind_order(provider))
    FenceProof(provider, plan.network, around.policies, leaving, out).prove(assembly.fenced)
    _prove_others(catalog, running, registered, out)
    if catalog.clients and not out.failed:
        caution_both_ends(catalog, [one.fence for one in assembly.fenced], out)
    assembly.refuse()
    out.stop_on_errors()
    findings, lines = out.findings(), assembly.lines
    proof = f"{plural(len(lines), 'fence')} proven: the manifests allow what the catalog says. {UNKNOWN}"
    chunks = chunks_of(leaving)
    made = report_manifest(
        catalog,
        report or f"{release}-mcpfence",
        lines,
        findings,
        assembly.narrowings,
        (len(leaving) + 1, digest_of(chunks)),
        proof,
    )
    told = assembly.put(made, "the report", ())
    return Rendering(
        catalog=catalog,
        objects=(*leaving, told),
        findings=findings,
        narrowings=tuple(assembly.narrowings),
        lines=tuple(lines),
        chunks=(*chunks, *chunks_of((told,))),
    )


def _refuse_empty(catalog: Catalog, out: Collector) -> None:
    """Whoever applies what comes of an emptied file (Helm, Argo CD, a Git prune) removes what stood there before."""
    if catalog.servers or catalog.workloads:
        return
    sentence = "the catalog has neither servers nor workloads, so every fence of an earlier render would be removed"
    todo = "declare them, or name the right values file; if nothing is to be fenced, say so with --allow-empty"
    out.add("catalog-empty", ("servers",), sentence, todo)


_Put = tuple[Rendered, Manifest, Path]


def _run_servers(catalog: Catalog, assembly: Assembly) -> list[tuple[str, list[_Put]]]:
    """Add what runs the servers that mcpfence runs; by the names of the servers."""
    running = [server for server in catalog.servers.values() if server.run is not None]
    if not running:
        return []
    from mcpfence.deploy import run_manifests  # here, so that fences alone start quickly

    return [
        (
            server.name,
            [
                (assembly.put(manifest, f"server {server.name}", server.path), manifest, server.path)
                for manifest in run_manifests(server, catalog.namespace)
            ],
        )
        for server in running
    ]


def _register_servers(catalog: Catalog, assembly: Assembly) -> list[_Put]:
    """Add what registers the servers at the catalog's MCP gateway."""
    if catalog.gateway is None:
        return []
    from mcpfence.gateways import gateway_manifests  # here, so that fences alone start quickly

    return [
        (assembly.put(manifest, title, path), manifest, path) for manifest, title, path in gateway_manifests(catalog)
    ]


def _prove_others(
    catalog: Catalog, running: list[tuple[str, list[_Put]]], registered: list[_Put], out: Collector
) -> None:
    """Read back what is no policy, as long as nothing has failed."""
    if running and not out.failed:
        from mcpfence.deploy import prove_running

        for name, written in running:
            texts = [(manifest, item.text) for item, manifest, _ in written]
            prove_running(catalog.servers[name], catalog.namespace, texts, out)
    if registered and not out.failed:
        from mcpfence.gateways import prove_registered

        prove_registered(catalog, [(item.text, manifest, path) for item, manifest, path in registered], out)
