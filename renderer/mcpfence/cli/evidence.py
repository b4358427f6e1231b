"""`mcpfence evidence`."""

from __future__ import annotations

import hashlib
import pkgutil
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from mcpfence.catalog.schema import schema_text
from mcpfence.cli.arguments import one_stdin
from mcpfence.cli.console import Console, common_options, guarded
from mcpfence.cli.options import input_options, output_option, policies_only_option
from mcpfence.cli.project import say_project
from mcpfence.evidence.case import Case, GivenManifests, make_case
from mcpfence.evidence.certificate import Certificate, certify
from mcpfence.evidence.pack import REPORT, is_pack, make_pack
from mcpfence.evidence.report_form import report_form
from mcpfence.findings.finding import Finding, McpfenceError, counted, plural
from mcpfence.kube.services import index
from mcpfence.proof.prove import OUR_FAULT
from mcpfence.providers import Composition
from mcpfence.streams.stream import gateway_kinds
from mcpfence.system.inputs import read_inputs
from mcpfence.system.packs import given_files, read_manifest_files, write_pack
from mcpfence.system.pages import page
from mcpfence.verify.recheck import Recheck, recheck

NETASSERT, JOBS = "netassert.yaml", "jobs.yaml"
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]{0,499}\Z")


@click.command("evidence")
@click.argument("manifests", nargs=-1, type=click.Path(), metavar="[MANIFEST...|-]")
@input_options
@output_option("folder", "DIR", "Folder of the pack: empty, not there yet, or an earlier pack.")
@policies_only_option
@click.option("--netassert", is_flag=True, help="Also netassert.yaml: the witnesses as tests for NetAssert 2.")
@click.option(
    "--job", "image", metavar="IMAGE", help="Also jobs.yaml: a canary Job per server, in an image that has python3."
)
@common_options
def command(
    console: Console,
    *,
    manifests: tuple[str, ...],
    files: tuple[str, ...],
    namespace: str,
    release: str,
    folder: str | None,
    policies_only: bool,
    netassert: bool,
    image: str | None,
) -> int:
    """Write an evidence pack for others to check: what is declared, what manifests allow, packets that show it.

    Without manifests those that `mcpfence render --policies-only` prints are certified; with manifests those are, byte
    for byte as Git has them. certificate.json is an in-toto statement, which cosign signs as it stands. The same
    catalog and manifests give the same bytes. Nothing is written unless the proof holds.

    \b
    mcpfence evidence -f values.yaml -o pack/
    mcpfence evidence -f values.yaml manifests/ -o pack/
    mcpfence evidence -f values.yaml -o pack/ --netassert --job registry.example.com/python:3.13
    mcpfence verify-evidence pack/
    """
    if not files:
        raise click.UsageError("Nothing to certify: name a values file with -f, or in .mcpfence.yaml.")
    if folder is None or folder == "-":
        raise click.UsageError("A pack is a folder: name it with -o.")
    if policies_only and not manifests:
        raise click.UsageError("--policies-only is about manifests: name them.")
    one_stdin(*files, *manifests)
    if image is not None and not _IMAGE.match(image):
        raise click.UsageError("--job wants the reference of an image, such as registry.example.com/python:3.13.")

    def work() -> int:
        say_project(console)
        case = _case(console, files, manifests, release=release, namespace=namespace, policies_only=policies_only)
        pack = _pack(case, netassert=netassert, image=image)
        checked = _checked(pack)
        write_pack(Path(folder), pack, is_pack)
        console.findings(case.findings)
        if not console.quiet:
            entries, sent = (
                counted(checked.fences, "entry", "entries"),
                counted(checked.witnesses, "witness", "witnesses"),
            )
            said = f"{plural(len(pack), 'file')}, {entries}, {sent}; checked again before it was written"
            console.say(f"mcpfence: {folder}: {said}")
        return 0

    return guarded(console, work)


def _case(
    console: Console,
    files: Sequence[str],
    manifests: Sequence[str],
    *,
    release: str,
    namespace: str,
    policies_only: bool,
) -> Case:
    """The catalog of these files beside the manifests, proven; raises McpfenceError."""
    inputs = read_inputs(files)
    console.sources += inputs.sources
    given = None
    if manifests:
        given = GivenManifests(*given_files(read_manifest_files(manifests, namespace, gateway_kinds(inputs.values))))
    case = make_case(
        inputs.values,
        given,
        release=release,
        namespace=namespace,
        services=index([*inputs.documents, *(given.documents if given else ())], namespace),
        policies_only=policies_only,
    )
    if console.fails(case.findings):  # --strict
        raise McpfenceError(case.findings)
    return case


def _pack(case: Case, *, netassert: bool, image: str | None) -> dict[str, bytes]:
    certificate = certify(case)
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in case.files.items()}
    report = page("evidence.md", report_form(certificate, case.files, digests))
    others = {REPORT: report.encode(), **_live_tests(case, certificate, netassert=netassert, image=image)}
    return make_pack(certificate, case.files, others, _schemas())


def _live_tests(case: Case, certificate: Certificate, *, netassert: bool, image: str | None) -> dict[str, bytes]:
    """The files that were asked for."""
    found: dict[str, bytes] = {}
    shown = case.provider.composition is Composition.LAYERED
    if netassert:
        from mcpfence.evidence.netassert import netassert as tests

        found[NETASSERT] = tests(certificate.sent, case.objects, case.namespace, by_name_shown=shown)
    if image is not None:
        from mcpfence.evidence.jobs import jobs

        refuses = case.rendering.catalog.cluster.profile == "k3s"  # whose engine rejects, where others drop
        found[JOBS] = jobs(certificate.sent, image, by_name_shown=shown, refuses=refuses)
    return found


def _schemas() -> Mapping[str, bytes]:
    name = "certificate.schema.json"
    return {"catalog.schema.json": schema_text().encode(), name: pkgutil.get_data("mcpfence", f"schemas/{name}") or b""}


def _checked(pack: Mapping[str, bytes]) -> Recheck:
    """The pack as the re-checker sees it, which must be content before anything is written; raises McpfenceError."""
    found = recheck(pack)
    if found.mismatches:
        raise McpfenceError(
            [Finding("evidence-differs", (), one.sentence, OUR_FAULT, one.place) for one in found.mismatches[:25]]
        )
    return found
