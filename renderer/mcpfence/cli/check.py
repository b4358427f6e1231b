"""`mcpfence check`."""

from __future__ import annotations

import json
from collections import Counter
from typing import NamedTuple

import click

from mcpfence.check.audit import audit
from mcpfence.check.sarif import markdown, sarif
from mcpfence.cli.console import Console, common_options, guarded, write_stdout
from mcpfence.cli.options import allow_empty_option, input_options
from mcpfence.findings.finding import Finding, McpfenceError, plural
from mcpfence.kube.services import index
from mcpfence.render.pipeline import check
from mcpfence.system.inputs import read_inputs
from mcpfence.system.manifests import read_manifests

_FORMS = ("text", "json", "sarif", "markdown")


@click.command("check")
@click.argument("manifests", nargs=-1, type=click.Path(), metavar="[MANIFEST...|-]")
@input_options
@allow_empty_option
@click.option("--output", type=click.Choice(_FORMS), default="text", show_default=True, help="Form.")
@common_options
def command(
    console: Console,
    *,
    manifests: tuple[str, ...],
    files: tuple[str, ...],
    namespace: str,
    release: str,
    allow_empty: bool,
    output: str,
) -> int:
    """Say everything that is wrong or worth knowing about a catalog; exit 1 if there are errors.

    With manifests (files, folders, - for stdin) the proof is run on them too: do they allow exactly what the catalog
    says?  Drift, leftovers and other people's policies that widen are found that way, in Git or in a cluster; so are
    known defects of an MCP gateway's routes, registrations and policies.

    \b
    mcpfence check -f values.yaml
    mcpfence check -f base.yaml -f prod.yaml --strict
    mcpfence check -f values.yaml -f services.yaml --output json
    mcpfence check -f values.yaml manifests/
    kubectl get networkpolicies,KINDS -A -o yaml | mcpfence check -f values.yaml -    (KINDS: those of your provider)
    """
    if not files:
        raise click.UsageError("Nothing to check: name a values file with -f.")
    if (*files, *manifests).count("-") > 1:
        raise click.UsageError("stdin can be read once: give - for one file only.")

    console.verbose = True

    def work() -> int:
        findings = _findings(CheckInput(files, manifests, release, namespace, allow_empty), console)
        failed = console.fails(findings)
        if output == "text":
            console.findings(findings)
            if not console.quiet:
                _summarise(findings, bool(manifests), console)
        else:
            read = tuple(name for name in (*files, *manifests) if name != "-")
            write_stdout([_form(output, findings, console, read).encode()])
        return 1 if failed else 0

    return guarded(console, work)


class CheckInput(NamedTuple):
    """What is to be checked."""

    files: tuple[str, ...]
    manifests: tuple[str, ...]
    release: str
    namespace: str
    allow_empty: bool


def _findings(asked: CheckInput, console: Console) -> tuple[Finding, ...]:
    """All findings; those of files that cannot be read are findings like others, so that JSON tells them too."""
    try:
        inputs = read_inputs(asked.files)
        documents = read_manifests(asked.manifests)
    except McpfenceError as error:
        return error.findings
    console.sources += inputs.sources
    services = index([*inputs.documents, *documents], asked.namespace)
    release, namespace, empty = asked.release, asked.namespace, asked.allow_empty
    if asked.manifests:
        return audit(
            inputs.values, documents, release=release, namespace=namespace, services=services, allow_empty=empty
        )
    return check(inputs.values, release=release, namespace=namespace, services=services, allow_empty=empty)


def _summarise(findings: tuple[Finding, ...], compared: bool, console: Console) -> None:
    counts = Counter(console.severity(finding) for finding in findings)
    said = ", ".join(plural(counts[name], name) for name in ("error", "warning", "note"))
    console.say(f"mcpfence: {said}")
    if compared and not counts["error"]:
        console.say("mcpfence: the manifests allow exactly what the catalog says")


def _form(output: str, findings: tuple[Finding, ...], console: Console, read: tuple[str, ...]) -> str:
    if output == "markdown":
        return markdown(findings, console.severity, console.position)
    if output == "sarif":
        return json.dumps(sarif(findings, console.severity, console.position, read), indent=2) + "\n"
    report = {"ok": not console.fails(findings), "findings": [_document(finding, console) for finding in findings]}
    return json.dumps(report, indent=2) + "\n"


def _document(finding: Finding, console: Console) -> dict[str, object]:
    return {
        "id": finding.id,
        "severity": console.severity(finding),
        "place": finding.place,
        "position": console.position(finding),
        "sentence": finding.sentence,
        "todo": finding.todo,
    }
