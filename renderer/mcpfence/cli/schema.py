"""`mcpfence schema`."""

from __future__ import annotations

import click

from mcpfence.system.helm import chart_folder


def values_schema() -> str:
    """The JSON Schema of values files, as it lies in the chart."""
    return (chart_folder() / "values.schema.json").read_text(encoding="utf-8")


@click.command("schema")
def command() -> int:
    """Print the JSON Schema of values files, for editors: they complete keys and show what each means.

    \b
    mcpfence schema > .mcpfence.schema.json

    A values file names it in its first line, as those that `mcpfence init` writes do:

    \b
    # yaml-language-server: $schema=.mcpfence.schema.json
    """
    click.echo(values_schema(), nl=False)
    return 0
