"""`mcpfence reach`."""

from __future__ import annotations

from typing import Any

import click

from mcpfence.cli.console import Console, common_options, guarded, write_stdout
from mcpfence.cli.envelope import json_output
from mcpfence.cli.options import format_option
from mcpfence.findings.finding import Collector, Finding, fail
from mcpfence.findings.wording import nearest
from mcpfence.system.manifests import read_manifests

_FORMS = ("text", "list", "json", "csv")


@click.command("reach")
@click.argument("paths", nargs=-1, required=True, type=click.Path(), metavar="PATH...|-")
@format_option(_FORMS)
@click.option("--focus", metavar="WORKLOAD", help="Only the connections of one workload: NAME or NAMESPACE/NAME.")
@click.option("-n", "--namespace", default="default", show_default=True, help="Of objects that name no namespace.")
@common_options
def command(console: Console, *, paths: tuple[str, ...], form: str, focus: str | None, namespace: str) -> int:
    """Say who can reach whom in manifests of workloads and policies, yours or anybody's.

    One line a connection. The forms list and csv are what netpol-analyzer's `list` prints: IPv4 alone, cut wherever
    a block of some policy begins or ends, and without names. The JSON form has everything in full. What cannot be read
    is said on stderr, and the exit code is 1: it counts as unknown, never as allowed or denied. Pods that policies
    allow and that are not in the input are warnings: no line shows them.

    \b
    mcpfence reach manifests/
    kubectl get all,networkpolicies,namespaces -A -o yaml | mcpfence reach -
    mcpfence reach manifests/ --focus github --format json
    """

    def work() -> int:
        from mcpfence.reach.connectivity.connections import connections  # only this command needs them
        from mcpfence.reach.connectivity.csv_form import as_csv
        from mcpfence.reach.connectivity.json_form import document
        from mcpfence.reach.connectivity.list_form import as_list
        from mcpfence.reach.connectivity.text_form import as_text

        documents = read_manifests(paths, namespace)
        if not documents:
            raise fail("stream-empty", "there is no manifest in the input", "name files or folders of manifests")
        found = connections(documents, namespace=namespace)
        if focus:
            _check_focus(found, focus)
        findings = _findings(found)
        if form == "json":
            write_stdout([json_output("reach", document(found, focus or ""), findings, console)])
        else:
            forms = {"text": as_text, "list": as_list, "csv": as_csv}
            write_stdout([forms[form](found, focus or "").encode()])
        console.findings(findings)
        return 1 if console.fails(findings) else 0

    return guarded(console, work)


def _check_focus(found: Any, focus: str) -> None:
    from mcpfence.reach.connectivity.list_form import focused

    if not focused(found, focus):
        names = sorted({text.split("[")[0] for text in found.workloads})
        short = sorted({name.rpartition("/")[2] for name in names})
        todo = nearest(focus, [*names, *short], "write the name of a Deployment, StatefulSet, Pod ...")
        raise fail("workload-unknown", f"no workload of the input is named {focus}", todo)


def _findings(found: Any) -> tuple[Finding, ...]:
    """What could not be read or is not evaluated, and what the lines do not show."""
    from mcpfence.reach.connectivity.connections import NOBODY

    out = Collector()
    for problem in found.problems:
        sentence = f"{problem.field} {problem.reason}".strip()
        todo = "mend it: until then it counts as unknown"
        out.add("policy-unreadable", (), sentence, todo, document=problem.document)
    for policy in found.not_evaluated:
        out.add("policy-not-evaluated-here", (), policy.text, "the lines do not take it into account")
    for caution in found.cautions:
        out.add("reach-nobody" if caution == NOBODY else "reach-caution", (), caution)
    for sentence in found.absent:
        out.add("reach-absent", (), sentence, "add their manifests")
    return out.findings()
