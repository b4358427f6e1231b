"""`mcpfence check`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import click

from mcpfence.cli.arguments import one_stdin
from mcpfence.cli.console import Console, common_options, guarded, write_stdout
from mcpfence.cli.envelope import json_output
from mcpfence.cli.options import allow_empty_option, format_option, input_options, policies_only_option, summary_option
from mcpfence.cli.project import say_project
from mcpfence.findings.finding import Collector, Finding, McpfenceError, plural
from mcpfence.kube.services import index
from mcpfence.render.pipeline import check, load_catalog, render
from mcpfence.streams.stream import gateway_kinds
from mcpfence.structs import Struct
from mcpfence.system.charts import read_templates, split_charts
from mcpfence.system.inputs import Inputs, read_inputs
from mcpfence.system.manifests import ReadManifests, read_apart

_FORMS = ("text", "json", "sarif", "markdown", "github", "junit")


@click.command("check")
@click.argument("manifests", nargs=-1, type=click.Path(), metavar="[MANIFEST...|-]")
@input_options
@policies_only_option
@allow_empty_option
@format_option(_FORMS)
@summary_option
@click.option("--exit-zero", is_flag=True, help="Exit 0 in spite of errors: for jobs that tell and do not judge.")
@common_options
def command(
    console: Console,
    *,
    manifests: tuple[str, ...],
    files: tuple[str, ...],
    namespace: str,
    release: str,
    policies_only: bool,
    allow_empty: bool,
    form: str,
    summary: bool,
    exit_zero: bool,
) -> int:
    """Say everything that is wrong or worth knowing about a catalog; exit 1 if there are errors.

    With manifests (files, folders, - for stdin) the proof is run on them too: do they allow exactly what the catalog
    says?  Drift, leftovers and other people's policies that widen are found that way, in Git or in a cluster; so are
    known defects of an MCP gateway's routes, registrations and policies.

    \b
    mcpfence check -f values.yaml
    mcpfence check -f base.yaml -f prod.yaml --strict
    mcpfence check -f values.yaml -f services.yaml --format json
    mcpfence check -f values.yaml manifests/
    kubectl get networkpolicies,KINDS -A -o yaml | mcpfence check -f values.yaml -    (KINDS: those of your provider)
    mcpfence check parent/     (a chart that has ours as a subchart: what Helm 4 would change of its neighbours)
    """
    asked = check_input(files, manifests, release, namespace, allow_empty=allow_empty, policies_only=policies_only)
    one_stdin(*files, *asked.manifests)
    console.verbose = True

    def work() -> int:
        say_project(console)
        if form == "text":
            failed = tell(asked, console, summary=summary)
        else:
            findings = console.ordered(_findings(asked, console)[0])
            failed = console.fails(findings)
            read = tuple(name for name in (*files, *asked.manifests) if name != "-")
            write_stdout([_form(form, findings, console, read)])
        return 1 if failed and not exit_zero else 0

    return guarded(console, work)


class CheckInput(Struct):
    """What is to be checked."""

    files: tuple[str, ...]
    manifests: tuple[str, ...]
    charts: tuple[str, ...]
    """Folders of charts, of which the templates are read as they are written."""
    release: str
    namespace: str
    allow_empty: bool
    policies_only: bool


def check_input(
    files: tuple[str, ...],
    manifests: tuple[str, ...],
    release: str,
    namespace: str,
    *,
    allow_empty: bool,
    policies_only: bool,
) -> CheckInput:
    """What the arguments say is to be checked; raises click.UsageError."""
    charts, manifests = split_charts(manifests)
    if not files and (manifests or not charts):
        raise click.UsageError("Nothing to check: name a values file with -f, or in .mcpfence.yaml.")
    if policies_only and not manifests:
        raise click.UsageError("--policies-only is about manifests: name them.")
    return CheckInput(files, manifests, charts, release, namespace, allow_empty, policies_only)


def tell(asked: CheckInput, console: Console, *, summary: bool) -> bool:
    """Say the findings, and what they come to; returns whether there are errors."""
    found, values = _findings(asked, console)
    findings = console.ordered(found)
    failed = console.fails(findings)
    console.findings(findings)
    if console.quiet:
        return failed
    _summarise(findings, console)
    if asked.manifests and not any(console.severity(finding) == "error" for finding in findings):
        beside = "beside the chart's objects, which are not among them, " if asked.policies_only else ""
        console.say(f"mcpfence: {beside}the manifests allow exactly what the catalog says")
    if summary and not failed and values is not None:
        _show_catalog(values, asked, console)
    return failed


def _findings(asked: CheckInput, console: Console) -> tuple[tuple[Finding, ...], Any]:
    """All findings, and the values if there are any; files that cannot be read are findings like others, for JSON."""
    try:
        templates = read_templates(asked.charts)
    except McpfenceError as error:
        return error.findings, None
    found, values = _of_catalog(asked, console) if asked.files else ((), None)
    return (*_of_templates(templates), *found), values


def _of_templates(templates: Sequence[tuple[str, str]]) -> list[Finding]:
    if not templates:
        return []
    from mcpfence.streams.folded_templates import folded_template_findings  # here: few checks are of charts

    return [finding for name, text in templates for finding in folded_template_findings(name, text)]


def _of_catalog(asked: CheckInput, console: Console) -> tuple[tuple[Finding, ...], Any]:
    try:
        inputs = read_inputs(asked.files)
        read = _read(asked, inputs)
        console.sources += inputs.sources
        found = _unread(asked, inputs, read) if read.unread else None
        if found is None:
            found = _judged(asked, inputs, read.whole() if read.unread else read.documents)
    except McpfenceError as error:
        return error.findings, None
    return found, inputs.values


def _read(asked: CheckInput, inputs: Inputs) -> ReadManifests:
    if not asked.manifests:
        return ReadManifests([], (), list)
    from mcpfence.check.standing import may_stand  # here, as above

    return read_apart(asked.manifests, asked.namespace, gateway_kinds(inputs.values), may_stand)


def _rendering(asked: CheckInput, inputs: Inputs, documents: list[Any]) -> dict[str, Any]:
    """What a render of the catalog beside these documents is given."""
    services = index([*inputs.documents, *documents], asked.namespace)
    return {
        "release": asked.release,
        "namespace": asked.namespace,
        "services": services,
        "allow_empty": asked.allow_empty,
    }


def _unread(asked: CheckInput, inputs: Inputs, read: ReadManifests) -> tuple[Finding, ...] | None:
    """What there is to say where files stand as they are rendered; None where they have to be parsed."""
    from mcpfence.check.audit import audit_beside  # here and below, so that a catalog alone does not wait for it

    try:
        rendering = render(inputs.values, **_rendering(asked, inputs, read.documents), told=False)
    except McpfenceError:  # which the others may be the reason of
        return None
    namespace, only = asked.namespace, asked.policies_only
    return audit_beside(inputs.values, rendering, read.documents, read.unread, namespace=namespace, policies_only=only)


def _judged(asked: CheckInput, inputs: Inputs, documents: list[Any]) -> tuple[Finding, ...]:
    """What there is to say of the catalog, and of the manifests that are given."""
    given = _rendering(asked, inputs, documents)
    if not asked.manifests:
        return check(inputs.values, **given)
    from mcpfence.check.audit import audit

    return audit(inputs.values, documents, **given, policies_only=asked.policies_only)


def _summarise(findings: Sequence[Finding], console: Console) -> None:
    counts = Counter(console.severity(finding) for finding in findings)
    said = ", ".join(plural(counts[name], name) for name in ("error", "warning", "note"))
    console.say(f"mcpfence: {said}")


def _show_catalog(values: Any, asked: CheckInput, console: Console) -> None:
    """The catalog at a glance; it is known to be without errors."""
    from mcpfence.check.summary import summary_lines  # here, as most checks run where nobody looks

    catalog = load_catalog(values, release=asked.release, namespace=asked.namespace, out=Collector())
    for line in summary_lines(catalog) if catalog else ():
        console.say(line)


def _form(form: str, findings: Sequence[Finding], console: Console, read: tuple[str, ...]) -> bytes:
    if form == "json":
        return json_output("check", {}, findings, console)
    from mcpfence.check.sarif import markdown, sarif  # here and below: other forms do without

    if form == "markdown":
        return markdown(findings, console.severity, console.position).encode()
    if form == "sarif":
        return (json.dumps(sarif(findings, console.severity, console.position, read), indent=2) + "\n").encode()
    from mcpfence.check.ci_forms import github, junit  # here, so that other forms do not wait for an XML library

    if form == "github":
        return github(findings, console.severity, console.position, read).encode()
    return junit(findings, console.severity, console.position, read)
