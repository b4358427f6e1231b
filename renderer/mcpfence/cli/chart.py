"""`mcpfence chart`."""

from __future__ import annotations

import click

from mcpfence.system.helm import chart_folder


@click.command("chart")
def command() -> int:
    """Print the folder of the Helm chart that came with this package.

    \b
    helm install mcp "$(mcpfence chart)" --values values.yaml --post-renderer mcpfence ...

    Chart and renderer of one version belong together: this is the chart of this renderer.
    """
    click.echo(str(chart_folder()))
    return 0
