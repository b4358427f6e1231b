"""`mcpfence completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> int:
    """Print the script that completes mcpfence's commands and options in a shell.

    \b
    mcpfence completion bash > ~/.local/share/bash-completion/completions/mcpfence
    mcpfence completion fish > ~/.config/fish/completions/mcpfence.fish
    """
    kind = get_completion_class(shell)
    if kind is None:  # the choices above are click's own
        raise click.UsageError(f"click knows no shell {shell}")
    click.echo(kind(ctx.find_root().command, {}, "mcpfence", "_MCPFENCE_COMPLETE").source())
    return 0
