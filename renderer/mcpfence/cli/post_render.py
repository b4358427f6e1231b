"""`mcpfence post-render`."""

from __future__ import annotations

import click

from mcpfence.cli.arguments import namespace_name, release_name
from mcpfence.cli.console import Console, common_options
from mcpfence.cli.fill import ALONE, Beside, fill
from mcpfence.cli.options import allow_empty_option
from mcpfence.streams.post_render import Given


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

    def beside() -> Beside:
        if catalogs and (not namespace or not release):
            raise click.UsageError("--catalog needs --release and --namespace: Helm does not tell them.")
        if not catalogs and (namespace or release):
            raise click.UsageError("--release and --namespace go with --catalog; else the chart's catalog knows them.")
        if "-" in (*catalogs, *services):
            raise click.UsageError("stdin brings the manifests; give catalogs and Services as files.")
        return _beside(catalogs, services, str(release), str(namespace), console) if catalogs or services else ALONE

    return fill(console, beside, allow_empty=allow_empty)


def _beside(
    catalogs: tuple[str, ...], services: tuple[str, ...], release: str, namespace: str, console: Console
) -> Beside:
    """The catalog and the manifests that come beside the stream; raises McpfenceError where they are mixed up."""
    from mcpfence.system.inputs import read_inputs  # not needed in Helm's own calls, which should start fast

    manifests, inputs = read_inputs(services, "manifests"), read_inputs(catalogs, "values")
    if not catalogs:
        return Beside(None, manifests.documents)
    console.sources += inputs.sources
    return Beside(Given(raw=inputs.values, release=release, namespace=namespace), manifests.documents)
