"""One render: a catalog through plan, provider and writer to the text of its objects, proven before anything leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from mcpfence.catalog.model import Catalog
from mcpfence.catalog.reader import read_catalog
from mcpfence.catalog.schema import judge
from mcpfence.catalog.warnings import caution
from mcpfence.findings.finding import Collector, Finding, McpfenceError, Path, plural
from mcpfence.findings.table import Severity
from mcpfence.kube.manifest import Manifest
from mcpfence.kube.services import ServiceIndex
from mcpfence.plan.fence import Fence
from mcpfence.plan.planner import make_plan
from mcpfence.proof.both_ends import caution_both_ends
from mcpfence.proof.floor import floor_among
from mcpfence.proof.host_network import beyond_policies
from mcpfence.proof.prove import UNKNOWN
from mcpfence.proof.unseen import unseen
from mcpfence.providers import provider_of
from mcpfence.render.assembly import Assembly
from mcpfence.render.chunks import Chunks, chunks_of
from mcpfence.render.objects import Rendered, Rendering, in_order, kind_order
from mcpfence.render.objects_digest import digest_of
from mcpfence.render.proving import FenceProof, check_judged
from mcpfence.render.report import report_manifest
from mcpfence.render.surroundings import Surroundings, read_surroundings


def load_catalog(raw: Any, *, release: str, namespace: str, out: Collector) -> Catalog | None:
    """Judge and read a catalog; None when its structure is wrong.

    After an error no provider is asked: it is promised a catalog in which everything was read.
    """
    if not judge(raw, out):
        return None
    catalog = read_catalog(raw, release=release, namespace=namespace, out=out)
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
        made = partial(render, release=release, namespace=namespace, services=services, allow_empty=allow_empty)
        return made(raw, told=False).findings
    except McpfenceError as error:
        return error.findings


def _beside_faults(raw: Any, out: Collector, *, release: str, namespace: str, services: ServiceIndex) -> None:
    """Where the structure is wrong in places judge the rest without them, so that one round tells all."""
    if not isinstance(raw, Mapping):
        return
    from mcpfence.catalog.meant import meant  # here, so that sound catalogs do not wait for it
    from mcpfence.catalog.sound_part import apart_from, fault_of, sound_part, with_entries

    raw, places = meant(raw, out.findings())
    if not places and judge(raw, Collector()):
        found = check(raw, release=release, namespace=namespace, services=services, allow_empty=True)
        out.take([finding for finding in found if finding.severity is not Severity.NOTE])
        return
    faults = [fault_of(raw, place) for place in places]
    for tried in (faults, with_entries(faults)):  # without the whole entry where it needs what had the fault
        rest = sound_part(raw, tried)
        if rest is None or not judge(rest.raw, Collector()):
            continue
        if rest.whole:
            found = check(rest.raw, release=release, namespace=namespace, services=services, allow_empty=True)
        else:
            apart = Collector()
            read_catalog(rest.raw, release=release, namespace=namespace, out=apart)
            found = apart.findings()
        out.take(apart_from(found, tried))
        return


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
    floor_beside: bool = True,
    told: bool = True,
    only: Callable[[Fence], bool] | None = None,
) -> Rendering:
    """Render a catalog; raises McpfenceError with every finding if one of them is an error.

    `foreign` are the policies and custom objects of the same stream, `annotate` is the folder that Helm 4's filename
    annotation names (empty: no annotation), `report` names the report (RELEASE-mcpfence if empty).  A catalog that
    fences nothing is an error unless `allow_empty` says that it is meant: it would take every earlier fence away.
    `floor_beside` says that the chart's floor stands elsewhere; else it must be in `foreign`.  Who prints nothing needs
    no report of it: `told`.  Who tells of some fences alone names them with `only`: those are proven, the others are
    made and not proven, and there is no report.
    """
    make = partial(
        _render,
        release=release,
        namespace=namespace,
        services=services,
        foreign=foreign,
        annotate=annotate,
        report=(report or f"{release}-mcpfence") if told and only is None else "",
    )
    try:
        return make(raw, allow_empty=allow_empty, floor_beside=floor_beside, only=only)
    except McpfenceError as error:
        from mcpfence.render.errors_that_wait import errors_that_wait  # here, so that sound catalogs do without

        again = partial(make, foreign=(), report="", allow_empty=True, floor_beside=True, only=_none)
        raise McpfenceError([*error.findings, *errors_that_wait(raw, error.findings, again)]) from None


def _none(fence: Fence) -> bool:  # noqa: ARG001  it takes none
    """Settings are judged before any fence is proven."""
    return False


def _render(  # noqa: PLR0913  as above
    raw: Any,
    *,
    release: str,
    namespace: str,
    services: ServiceIndex,
    foreign: Iterable[Any],
    annotate: str,
    report: str,
    allow_empty: bool,
    floor_beside: bool,
    only: Callable[[Fence], bool] | None,
) -> Rendering:
    """The same, without the errors that wait for others."""
    out = Collector()
    catalog = load_catalog(raw, release=release, namespace=namespace, out=out)
    if catalog is None:
        _beside_faults(raw, out, release=release, namespace=namespace, services=services)
        raise McpfenceError(out.findings())
    if not allow_empty and not out.failed:
        _refuse_empty(catalog, out)
    provider = provider_of(catalog.provider)
    check_judged(provider)
    plan = make_plan(catalog, services, out)
    foreign = list(foreign)
    around = read_surroundings(foreign, catalog, out)
    assembly = Assembly(provider, plan.network, around.names, annotate, out)
    fences: Iterable[Fence] = plan.fences
    if provider.arrange is not None:
        fences = provider.arrange(list(fences), plan.network, around.policies.policies, out)
    for fence in fences:
        assembly.add(fence)
    fenced = [one.fence for one in assembly.fenced]
    out.take(beyond_policies(around.objects, fenced, catalog.release_namespace))
    out.take(unseen(around.objects, fenced, catalog.release_namespace))
    running = [] if out.failed else _run_servers(catalog, assembly)
    registered = [] if out.failed else _register_servers(catalog, assembly)
    guarding = [] if out.failed else _guard(catalog, assembly, around, out)
    leaving = in_order(assembly.objects, kind_order(provider))
    chosen = assembly.fenced if only is None else [one for one in assembly.fenced if only(one.fence)]
    FenceProof(provider, plan.network, around.policies, leaving, out).prove(chosen)
    _prove_others(catalog, running, registered, out)
    if catalog.floor and not out.failed:
        out.take(floor_among(around.policies, catalog.namespace, fenced, beside=floor_beside))
    if guarding and not out.failed:
        _prove_guard(catalog, assembly, guarding, out)
    if registered and not out.failed:
        _refuse_rivals(catalog, [*registered, *(put for one in running for put in one.written)], foreign, out)
    if not out.failed:
        caution_both_ends(catalog, fenced, out)
    assembly.refuse()
    out.stop_on_errors()
    return _rendering(catalog, assembly, leaving, out.findings(), report)


def _rendering(
    catalog: Catalog,
    assembly: Assembly,
    leaving: Sequence[Rendered],
    findings: tuple[Finding, ...],
    report: str,
) -> Rendering:
    """What leaves, with the report that counts and digests it where it has a name."""
    chunks = chunks_of(leaving)
    telling = (_report(catalog, assembly, chunks, findings, report),) if report else ()
    return Rendering(
        catalog=catalog,
        objects=(*leaving, *telling),
        findings=findings,
        narrowings=tuple(assembly.narrowings),
        fences=tuple(one.fence for one in assembly.fenced),
        network=assembly.network,
        chunks=Chunks((*chunks.parts, *chunks_of(telling).parts)),
    )


def _report(catalog: Catalog, assembly: Assembly, chunks: Chunks, findings: tuple[Finding, ...], name: str) -> Rendered:
    fences, objects = len(assembly.fenced), sum(map(len, assembly.objects.values()))
    proof = f"{plural(fences, 'fence')} proven: the manifests allow what the catalog says. {UNKNOWN}"
    digest = (objects + 1, digest_of(chunks, many=objects > _MANY))
    lines = (fences, assembly.lines)
    made = report_manifest(catalog, name, lines, findings, assembly.narrowings, digest, proof)
    return assembly.put(made, "the report", ())


def _refuse_empty(catalog: Catalog, out: Collector) -> None:
    """Whoever applies what comes of an emptied file (Helm, Argo CD, a Git prune) removes what stood there before."""
    if catalog.servers or catalog.workloads:
        return
    sentence = "the catalog has neither servers nor workloads, so every fence of an earlier render would be removed"
    todo = "declare them, or name the right values file; if nothing is to be fenced, say so with --allow-empty"
    out.add("catalog-empty", ("servers",), sentence, todo)


_MANY = 2_000
"""So many objects are digested with OpenSSL."""

_Put = tuple[Rendered, Manifest, Path]


def _run_servers(catalog: Catalog, assembly: Assembly) -> list[Any]:
    """Add what runs the servers that mcpfence runs; what of it has to be proven."""
    if all(server.run is None for server in catalog.servers.values()):
        return []
    from mcpfence.render.running import run_servers  # here, so that fences alone start quickly

    return run_servers(catalog, assembly)


def _register_servers(catalog: Catalog, assembly: Assembly) -> list[_Put]:
    """Add what registers the servers at the catalog's MCP gateway."""
    if catalog.gateway is None:
        return []
    from mcpfence.gateways import gateway_manifests  # here, so that fences alone start quickly

    return [
        (assembly.put(manifest, title, path), manifest, path) for manifest, title, path in gateway_manifests(catalog)
    ]


def _guard(catalog: Catalog, assembly: Assembly, around: Surroundings, out: Collector) -> list[_Put]:
    """Add the guard, and refuse what it would refuse of the same stream."""
    if catalog.guard is None:
        return []
    from mcpfence.guard import guard_manifests, refused_policies  # here, so that fences alone start quickly

    fences = [one.fence for one in assembly.fenced]
    if catalog.guard.mode == "deny":
        out.take(refused_policies(around.objects, catalog.namespace, fences, catalog.release_namespace))
    path = ("guard",)
    made = guard_manifests(catalog, fences, out)
    return [(assembly.put(manifest, "the guard", path), manifest, path) for manifest in made]


def _prove_guard(catalog: Catalog, assembly: Assembly, guarding: Iterable[_Put], out: Collector) -> None:
    """Read the guard back."""
    from mcpfence.guard import prove_guard

    fences = [one.fence for one in assembly.fenced]
    prove_guard(catalog, fences, [(manifest, item.text) for item, manifest, _ in guarding], out)


def _prove_others(catalog: Catalog, running: list[Any], registered: list[_Put], out: Collector) -> None:
    """Read back what is no policy, as long as nothing has failed."""
    if running and not out.failed:
        from mcpfence.render.running import prove_runs

        prove_runs(catalog, running, out)
    if registered and not out.failed:
        from mcpfence.gateways import prove_registered

        prove_registered(catalog, [(item.text, manifest, path) for item, manifest, path in registered], out)


def _refuse_rivals(catalog: Catalog, ours: Iterable[_Put], foreign: Iterable[Any], out: Collector) -> None:
    """Refuse what stands around the gateway's objects and decides beside them who may call a server."""
    from mcpfence.gateways import rivals

    out.take(rivals([manifest.document for _, manifest, _ in ours], foreign, catalog.release_namespace))
