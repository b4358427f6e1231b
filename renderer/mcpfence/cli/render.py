"""`mcpfence render`."""

from __future__ import annotations

from pathlib import Path

import click

from mcpfence.catalog.schema import judge
from mcpfence.cli.console import Console, common_options, guarded, write_stdout
from mcpfence.cli.fill import summarise
from mcpfence.cli.options import allow_empty_option, input_options, output_option, prune_all_option, summary_option
from mcpfence.cli.project import say_project
from mcpfence.cli.render_folder import Call, check, write
from mcpfence.findings.finding import Collector, McpfenceError
from mcpfence.kube.services import index
from mcpfence.render.pipeline import render
from mcpfence.streams.post_render import Result, post_render
from mcpfence.system.helm import chart_folder, find_helm, template
from mcpfence.system.inputs import Inputs, read_inputs


@click.command("render")
@input_options
@click.option(
    "--chart", type=click.Path(), metavar="DIR", help="Chart to render; default: the mcpfence chart of this package."
)
@click.option("--policies-only", is_flag=True, help="Only what the renderer emits; needs no helm.")
@output_option(
    "output_dir",
    "DIR",
    "Write one file per object into DIR, with a kustomization.yaml, and remove stale ones.",
    "--output-dir",
)
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit 1 if DIR is not what comes out.")
@prune_all_option
@allow_empty_option
@summary_option
@common_options
def command(
    console: Console,
    *,
    files: tuple[str, ...],
    namespace: str,
    release: str,
    chart: str | None,
    policies_only: bool,
    output_dir: str | None,
    only_check: bool,
    allow_empty: bool,
    prune_all: bool,
    summary: bool,
) -> int:
    """Render the chart and the policies of a catalog: the same objects that Helm's post-renderer gives.

    \b
    mcpfence render -f values.yaml                              everything on stdout
    mcpfence render -f values.yaml -o manifests/                one file per object, for Git
    mcpfence render -f values.yaml -o manifests/ --check        is that what Git holds? (the diff is on stderr)
    mcpfence render -f values.yaml --policies-only              without helm: only the policies
    mcpfence render -f base.yaml -f prod.yaml -n tools --release mcp
    """
    if policies_only and chart:
        raise click.UsageError("--policies-only renders no chart; remove --chart.")
    if prune_all and (not output_dir or only_check):
        raise click.UsageError("--prune-all is about what is removed from a folder; name it with -o.")
    if only_check and not output_dir:
        raise click.UsageError("--check compares a folder with the catalog; name it with -o.")
    output_dir = None if output_dir == "-" else output_dir  # stdout, as elsewhere
    call = Call(files, namespace, release, chart, policies_only, Path(output_dir or "."), allow_empty, prune_all)

    def work() -> int:
        say_project(console)
        inputs = read_inputs(files)
        console.sources += inputs.sources
        if policies_only:
            services = index(inputs.documents, namespace)
            rendering = render(
                inputs.values, release=release, namespace=namespace, services=services, allow_empty=allow_empty
            )
            result = Result(rendering.chunks, (rendering,), rendering.findings)
        else:
            data = _helm_template(chart, release, namespace, inputs, console)
            result = post_render(data, more=inputs.documents, allow_empty=allow_empty)
        if console.fails(result.findings):
            raise McpfenceError(result.findings)
        if only_check:
            check(call, result, console)
        elif output_dir:
            write(call, result, console)
        else:
            write_stdout(result.chunks)
        console.findings(result.findings)
        if not console.quiet:
            summarise(console, result, table=summary)
        return 0

    return guarded(console, work)


def _helm_template(chart: str | None, release: str, namespace: str, inputs: Inputs, console: Console) -> bytes:
    """Run helm, with the chart of this package if none is named; what helm says beside its output is said too."""
    if chart is None:  # Helm's own verdict on the structure knows no lines and no nearest key
        out = Collector()
        judge(inputs.values, out)
        out.stop_on_errors()
    texts = [(source.name, source.text) for source in inputs.sources]
    # helm installs a chart's crds/ by itself; whoever applies what is rendered needs them in it.
    flags = ("--include-crds",) if chart else ()
    data, said = template(find_helm(), Path(chart) if chart else chart_folder(), release, namespace, texts, flags=flags)
    for line in said.splitlines() if not console.quiet else ():
        console.say(f"helm: {line}")
    return data
