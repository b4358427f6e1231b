"""`mcpfence completion`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
from click.shell_completion import get_completion_class

from mcpfence.patterns import regex

_PLAIN = regex(r"[A-Za-z0-9._-]+")
"""Shells take what is printed line by line and word by word, so other names are left to who types."""
Completer = Callable[[click.Context, click.Parameter, str], list[str]]


def completer(*keys: str) -> Completer:
    """Completes the names under these keys of the catalog, `servers` for one, from its files or the project's.

    Whoever presses the tab key wants no messages: without files that can be read there is nothing to complete.
    """

    def names(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
        from mcpfence.findings.finding import McpfenceError  # here, so that commands do not wait for it
        from mcpfence.system.inputs import read_inputs

        try:
            values = read_inputs(ctx.params.get("files") or _project_files()).values
        except (McpfenceError, OSError):
            return []
        found = [values[key] for key in keys if isinstance(values.get(key), Mapping)]
        plain = {name for below in found for name in below if isinstance(name, str) and _PLAIN.fullmatch(name)}
        return sorted(name for name in plain if name.startswith(incomplete))

    return names


def _project_files() -> tuple[str, ...]:
    from mcpfence.system.project import load_project

    project = load_project(Path.cwd())
    setting: Any = project.settings.get("values") if project else None
    return tuple(setting.value) if setting else ()


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
