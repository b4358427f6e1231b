"""`mcpfence check`."""

from __future__ import annotations

import json
from collections import Counter

import click

from mcpfence.cli.inputs import input_options, read_inputs
from mcpfence.cli.output import Voice, common_options, guarded, write_stdout
from mcpfence.errors import Finding, McpfenceError, plural
from mcpfence.render import check
from mcpfence.services import index
from mcpfence.values import where


@click.command("check")
@input_options
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form.")
@common_options
def command(
    voice: Voice,
    *,
    files: tuple[str, ...],
    namespace: str,
    release: str,
    output: str,
) -> int:
    """Say everything that is wrong or worth knowing about a catalog; exit 1 if there are errors.

    \b
    mcpfence check -f values.yaml
    mcpfence check -f base.yaml -f prod.yaml --strict
    mcpfence check -f values.yaml -f services.yaml --output json
    """
    if not files:
        raise click.UsageError("Nothing to check: name a values file with -f.")

    voice.verbose = True

    def work() -> int:
        findings = _findings(files, release, namespace, voice)
        failed = voice.fails(findings)
        if output == "json":
            report = {"ok": not failed, "findings": [_document(finding, voice) for finding in findings]}
            write_stdout([(json.dumps(report, indent=2) + "\n").encode()])
        else:
            voice.findings(findings)
            if not voice.quiet:
                counts = Counter(voice.severity(finding) for finding in findings)
                said = ", ".join(plural(counts[name], name) for name in ("error", "warning", "note"))
                voice.say(f"mcpfence: {said}")
        return 1 if failed else 0

    return guarded(voice, work)


def _findings(files: tuple[str, ...], release: str, namespace: str, voice: Voice) -> tuple[Finding, ...]:
    """All findings; those of files that cannot be read are findings like others, so that JSON tells them too."""
    try:
        inputs = read_inputs(files)
    except McpfenceError as error:
        return error.findings
    voice.sources += inputs.sources
    services = index(inputs.documents, namespace)
    return check(inputs.values, release=release, namespace=namespace, services=services)


def _document(finding: Finding, voice: Voice) -> dict[str, object]:
    return {
        "id": finding.id,
        "severity": voice.severity(finding),
        "place": finding.place,
        "position": where(finding.path, voice.sources) if finding.path else "",
        "sentence": finding.sentence,
        "todo": finding.todo,
    }
