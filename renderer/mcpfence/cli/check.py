"""`mcpfence check`."""

from __future__ import annotations

import json
from collections import Counter

import click

from mcpfence.cli.inputs import input_options, read_inputs
from mcpfence.cli.output import Voice, common_options, guarded, write_stdout
from mcpfence.errors import Finding, plural
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
        inputs = read_inputs(files)
        voice.sources += inputs.sources
        services = index(inputs.documents, namespace)
        findings = check(inputs.values, release=release, namespace=namespace, services=services)
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


def _document(finding: Finding, voice: Voice) -> dict[str, object]:
    return {
        "id": finding.id,
        "severity": voice.severity(finding),
        "place": finding.place,
        "position": where(finding.path, voice.sources) if finding.path else "",
        "sentence": finding.sentence,
        "todo": finding.todo,
    }
