"""`mcpfence helm-plugin`."""

from __future__ import annotations

import click

from mcpfence.system.helm import plugin_folder


@click.command("helm-plugin")
def command() -> int:
    """Print the folder of the Helm 4 plugin that came with this package.

    \b
    helm plugin install "$(mcpfence helm-plugin)"

    Helm 3 needs no plugin, and its plugin commands fail if this folder is among its plugins.
    """
    click.echo(str(plugin_folder()))
    return 0
