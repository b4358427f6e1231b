"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from mcpfence.cli.arguments import namespace_name, release_name

allow_empty_option = click.option(
    "--allow-empty",
    is_flag=True,
    help="Take a catalog without servers and workloads; else it is an error, since it removes every fence.",
)


prune_all_option = click.option(
    "--prune-all",
    is_flag=True,
    help="Also remove the fences of another release or namespace that were rendered there before; else an error.",
)


def input_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """-f, -n and --release."""
    options = (
        click.option(
            "-f",
            "--values",
            "files",
            multiple=True,
            type=click.Path(),
            metavar="FILE",
            help="Values file (- for stdin); several are merged as Helm does it. "
            "A file of Kubernetes manifests is searched for Services instead.",
        ),
        click.option(
            "-n",
            "--namespace",
            default="default",
            show_default=True,
            metavar="NAME",
            callback=namespace_name,
            help="The release's own namespace.",
        ),
        click.option(
            "--release",
            default="mcpfence",
            show_default=True,
            metavar="NAME",
            callback=release_name,
            help="Name of the release.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command
