"""`mcpfence reach`."""

from __future__ import annotations

from typing import Any

import click

from mcpfence.cli.console import Console, common_options, guarded, write_stdout
from mcpfence.findings.finding import Collector, fail
from mcpfence.findings.wording import nearest
from mcpfence.system.manifests import read_manifests

_FORMS = ("text", "json", "csv")


@click.command("reach")
@click.argument("paths", nargs=-1, required=True, type=click.Path(), metavar="PATH...|-")
@click.option("--output", type=click.Choice(_FORMS), default="text", show_default=True, help="Form.")
@click.option("--focus", metavar="WORKLOAD", help="Only the connections of one workload: NAME or NAMESPACE/NAME.")
@click.option("-n", "--namespace", default="default", show_default=True, help="Of objects that name no namespace.")
@common_options
def command(console: Console, *, paths: tuple[str, ...], output: str, focus: str | None, namespace: str) -> int:
    """Say who can reach whom in manifests of workloads and policies, yours or anybody's.

    One line a connection, as netpol-analyzer's `list` prints them. The text form knows IPv4 addresses; IPv6 and host
    names are in the JSON form. What cannot be read is said on stderr, and the exit code is 1: it counts as unknown,
    never as allowed or denied.

    \b
    mcpfence reach manifests/
    kubectl get all,networkpolicies,namespaces -A -o yaml | mcpfence reach -
    mcpfence reach manifests/ --focus github --output json
    """

    def work() -> int:
        from mcpfence.reach.connectivity.connections import connections  # only this command needs them
        from mcpfence.reach.connectivity.csv_form import as_csv
        from mcpfence.reach.connectivity.json_form import as_json
        from mcpfence.reach.connectivity.text_form import as_text

        documents = read_manifests(paths)
        if not documents:
            raise fail("stream-empty", "there is no manifest in the input", "name files or folders of manifests")
        found = connections(documents, namespace=namespace)
        if focus:
            _check_focus(found, focus)
        forms = {"text": as_text, "json": as_json, "csv": as_csv}
        text: str = forms[output](found, focus or "")
        write_stdout([text.encode()])
        return _tell(found, console)

    return guarded(console, work)


def _check_focus(found: Any, focus: str) -> None:
    from mcpfence.reach.connectivity.text_form import focused

    if not focused(found, focus):
        names = sorted({text.split("[")[0] for text in found.workloads})
        short = sorted({name.rpartition("/")[2] for name in names})
        todo = nearest(focus, [*names, *short], "write the name of a Deployment, StatefulSet, Pod ...")
        raise fail("workload-unknown", f"no workload of the input is named {focus}", todo)


def _tell(found: Any, console: Console) -> int:
    """Say what could not be read or is not evaluated; returns the exit code."""
    out = Collector()
    for problem in found.problems:
        sentence = f"{problem.field} {problem.reason}".strip()
        todo = "mend it: until then it counts as unknown"
        out.add("policy-unreadable", (), sentence, todo, document=problem.document)
    for policy in found.not_evaluated:
        out.add("policy-not-evaluated-here", (), policy.text, "the lines do not take it into account")
    for caution in found.cautions:
        out.add("reach-caution", (), caution)
    console.findings(out.findings())
    return 1 if console.fails(out.findings()) else 0
