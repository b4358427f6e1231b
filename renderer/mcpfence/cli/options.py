"""Options that several commands have."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import click

from mcpfence.cli.arguments import file_name, namespace_name, release_name
from mcpfence.cli.console import on_terminal

_FORMS = frozenset(
    {"csv", "dot", "github", "html", "json", "junit", "list", "markdown", "mermaid", "sarif", "text", "yaml"}
)

allow_empty_option = click.option(
    "--allow-empty",
    is_flag=True,
    help="Take a catalog without servers and workloads; else it is an error, since it removes every fence.",
)


policies_only_option = click.option(
    "--policies-only",
    is_flag=True,
    help="The manifests are the policies alone (render --policies-only): judge them beside the chart's floor.",
)


prune_all_option = click.option(
    "--prune-all",
    is_flag=True,
    help="Also remove the fences of another release or namespace that were rendered there before; else an error.",
)


def summary_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """--summary, which is on where somebody sits at a terminal."""
    return click.option(
        "--summary/--no-summary",
        default=lambda: on_terminal(sys.stderr),
        show_default="on a terminal",
        help="End with a table: servers, clients, engine, what is not declared yet, what is not enforced.",
    )(command)


def output_option(name: str, metavar: str, text: str, *more: str) -> Callable[..., Any]:
    """-o, which is where to write, in every command that has it; a form in its place is a slip."""
    return click.option("-o", "--output", *more, name, type=click.Path(), metavar=metavar, callback=_no_form, help=text)


def format_option(forms: Sequence[str], default: str = "text") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """--format, the form of an answer on stdout; whoever writes -o for it, as kubectl has it, is told."""

    def with_format(command: Callable[..., Any]) -> Callable[..., Any]:
        hidden = click.option("-o", "--output", expose_value=False, hidden=True, callback=_not_here)
        return click.option(
            "--format", "form", type=click.Choice(forms), default=default, show_default=True, help="Form."
        )(hidden(command))

    return with_format


def _no_form(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value in _FORMS:
        raise click.UsageError(f"-o is where to write, and {value} is a form; for a path of that name write ./{value}.")
    return file_name(ctx, param, value)


def _not_here(_ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    if value in _FORMS:
        raise click.UsageError(f"-o is where to write; for the form write --format {value}.")
    if value is not None:
        raise click.UsageError("The answer goes to stdout: redirect it to a file.")


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
            help="The release's own namespace, and that of manifests that name none.",
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
