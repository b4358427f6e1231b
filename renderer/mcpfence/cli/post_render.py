"""`mcpfence post-render`."""

from __future__ import annotations

import os
from typing import Any

import click

from mcpfence import __version__
from mcpfence.cli.arguments import namespace_name, release_name
from mcpfence.cli.console import Console, common_options, guarded, write_stdout
from mcpfence.cli.options import allow_empty_option
from mcpfence.findings.finding import McpfenceError, plural
from mcpfence.streams.post_render import Given, Result, post_render
from mcpfence.system.files import read_stdin


@click.command("post-render")
@click.option(
    "--catalog",
    "catalogs",
    multiple=True,
    type=click.Path(),
    metavar="FILE",
    help="Catalog (YAML or JSON) for charts that do not hold the mcpfence chart; several are merged.",
)
@click.option(
    "--services",
    "services",
    multiple=True,
    type=click.Path(),
    metavar="FILE",
    help="Manifests to look up Services in.",
)
@click.option(
    "-n",
    "--namespace",
    default=None,
    metavar="NAME",
    callback=namespace_name,
    help="With --catalog: the release's own namespace.",
)
@click.option(
    "--release", default=None, metavar="NAME", callback=release_name, help="With --catalog: the name of the release."
)
@allow_empty_option
@common_options
def command(
    console: Console,
    *,
    catalogs: tuple[str, ...],
    services: tuple[str, ...],
    namespace: str | None,
    release: str | None,
    allow_empty: bool,
) -> int:
    """Read manifests on stdin, put the policies in the place of the catalog, print everything on stdout.

    Helm calls this. All other documents pass byte for byte; on any error nothing is printed and the exit code is 1.

    \b
    Helm 3   helm install demo CHART -f values.yaml --post-renderer mcpfence --post-renderer-args post-render
    Helm 4   helm plugin install "$(mcpfence helm-plugin)"   (once)
             helm install demo CHART -f values.yaml --post-renderer mcpfence
             shows nothing of what is said here: read ~/.local/state/mcpfence/helm.log
    By hand  helm template demo CHART -f values.yaml | mcpfence post-render
    """
    helm4 = bool(os.environ.get("HELM_PLUGIN_NAME"))
    if helm4 and not console.log_file:
        from mcpfence.system.run_log import ROOM, begin_run_log  # here, as others do without

        console.log_file, console.log_room = begin_run_log(os.environ, f"mcpfence {__version__} post-render"), ROOM

    def work() -> int:
        if catalogs and (not namespace or not release):
            raise click.UsageError("--catalog needs --release and --namespace: Helm does not tell them.")
        if not catalogs and (namespace or release):
            raise click.UsageError("--release and --namespace go with --catalog; else the chart's catalog knows them.")
        if "-" in (*catalogs, *services):
            raise click.UsageError("stdin brings the manifests; give catalogs and Services as files.")
        given, more = None, tuple[Any, ...]()
        if catalogs or services:
            given, more = _beside(catalogs, services, str(release), str(namespace), console)
        result = post_render(read_stdin(), given=given, helm4=helm4, more=more, allow_empty=allow_empty)
        if console.fails(result.findings):
            raise McpfenceError(result.findings)
        write_stdout(result.chunks)
        console.findings(result.findings)
        if not console.quiet:
            summarise(console, result)
        return 0

    return guarded(console, work)


def _beside(
    catalogs: tuple[str, ...], services: tuple[str, ...], release: str, namespace: str, console: Console
) -> tuple[Given | None, tuple[Any, ...]]:
    """The catalog and the manifests that come beside the stream; raises McpfenceError where they are mixed up."""
    from mcpfence.system.inputs import read_inputs  # not needed in Helm's own calls, which should start fast

    manifests, inputs = read_inputs(services, "manifests"), read_inputs(catalogs, "values")
    if not catalogs:
        return None, manifests.documents
    console.sources += inputs.sources
    return Given(raw=inputs.values, release=release, namespace=namespace), manifests.documents


def summarise(console: Console, result: Result, *, table: bool = False) -> None:
    """One line per release: what was rendered; on request with its catalog at a glance."""
    if not result.renderings:
        console.say("mcpfence: no catalog to render in this stream; it passed through unchanged")
    for rendering in result.renderings:
        catalog = rendering.catalog
        line = f"mcpfence: release {catalog.release}: {plural(len(rendering.fences), 'fence')}, "
        line += plural(len(rendering.objects), "object")
        line += f" for namespace {catalog.namespace}, provider {catalog.provider}"
        if rendering.narrowings:
            line += f"; {plural(len(rendering.narrowings), 'narrowing')} (in ConfigMap {rendering.objects[-1].name})"
        console.say(line)
        if table:
            from mcpfence.check.summary import summary_lines  # here, as most renders run where nobody looks

            for row in summary_lines(catalog):
                console.say(row)
