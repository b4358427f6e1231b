"""The project file and the options that it stands in for; `mcpfence config`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mcpfence.cli.console import Console, common_options, guarded, write_stdout
from mcpfence.findings.finding import McpfenceError
from mcpfence.system.project import KEYS, NAME, Project, load_project
from mcpfence.text.printable import printable

_OPTIONS = {"values": "files", "output": "output_dir"}
"""Keys whose parameter has another name than the key."""
_DEFAULTS = {"release": "mcpfence", "namespace": "default", "strict": False}


def defaults(ctx: click.Context, command: click.Command) -> dict[str, Any]:
    """Defaults of a command's parameters from the project file, which `ctx` is given; raises click.ClickException."""
    try:
        project = load_project(Path.cwd())
    except McpfenceError as error:
        raise click.ClickException("\n".join(finding.message for finding in error.findings)) from None
    if project is None:
        return {}
    ctx.obj = project
    known = {parameter.name for parameter in command.params}
    named = {_OPTIONS.get(key, key): setting.value for key, setting in project.settings.items()}
    return {name: value for name, value in named.items() if name in known}


def say_project(console: Console) -> None:
    """Name the project file where values files came from it: they stand in no command that was written."""
    ctx = click.get_current_context()
    if isinstance(ctx.obj, Project) and not console.quiet:
        source = ctx.get_parameter_source("files")
        if source is click.core.ParameterSource.DEFAULT_MAP:
            console.say(f"mcpfence: {', '.join(ctx.params['files'])}, as {ctx.obj.name} has it")


def project_files(console: Console) -> tuple[str, ...]:
    """The values files of the project file, for a command whose arguments are such files; none if there is none."""
    project = click.get_current_context().obj
    setting = project.settings.get("values") if isinstance(project, Project) else None
    files = tuple(setting.value) if setting else ()
    if files and not console.quiet:
        console.say(f"mcpfence: {', '.join(files)}, as {project.name} has it")
    return files


@click.command("config")
@common_options
def command(console: Console) -> int:
    """Print what check, watch, fmt, render, explain, report, diff and evidence take without options, and from where.

    A project file .mcpfence.yaml in the working folder, or above it in the same Git repository, gives them their
    values files, release, namespace and output folder; options win.

    \b
    mcpfence config

    \b
    # .mcpfence.yaml
    values: [values.yaml, values-prod.yaml]
    release: mcp
    namespace: mcp-system
    output: manifests
    strict: true
    """

    def work() -> int:
        project = load_project(Path.cwd())
        lines = [f"{project.name if project else 'no ' + NAME}\n"]
        for key, (_, meaning) in KEYS.items():
            setting = project.settings.get(key) if project else None
            value = _shown(setting.value if setting else _DEFAULTS.get(key, "-"))
            lines.append(f"  {key:<10} {value:<24} {setting.place if setting else 'default':<24} {meaning}\n")
        write_stdout([line.encode() for line in lines])
        return 0

    return guarded(console, work)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return printable(", ".join(value))
    return printable({True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value))
