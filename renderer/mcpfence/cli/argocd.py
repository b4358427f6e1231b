"""`mcpfence argocd`."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from types import FrameType

import click

from mcpfence.argocd.generate import generate
from mcpfence.argocd.repository import open_repository
from mcpfence.argocd.settings import glance, read_settings
from mcpfence.cli.argocd_shards import command as shards_command
from mcpfence.cli.console import Console, common_options, guarded, write_stdout
from mcpfence.cli.fill import summarise
from mcpfence.cli.options import allow_empty_option
from mcpfence.findings.finding import McpfenceError


@click.group("argocd")
def command() -> None:
    """Config management plugin of Argo CD: an application's folder in, its manifests and policies out.

    Argo CD's sidecar calls these in the folder of the application (docs/argocd.md); `shards` makes several applications
    of a large catalog.

    \b
    mcpfence argocd plugin > plugin.yaml        what the sidecar is to be told
    ARGOCD_APP_NAME=demo ARGOCD_APP_NAMESPACE=tools mcpfence argocd generate
    """


command.add_command(shards_command)


@command.command("generate")
@allow_empty_option
@common_options
def generate_command(console: Console, *, allow_empty: bool) -> int:
    """Print the manifests of the application whose folder this is.

    The folder holds a chart that depends on mcpfence's, or values.yaml for mcpfence's own chart, or any chart and
    catalog.yaml. Release, namespace, versions and parameters come from the variables that Argo CD sets.

    \b
    ARGOCD_APP_NAME=demo ARGOCD_APP_NAMESPACE=tools mcpfence argocd generate
    """

    def work() -> int:
        settings = read_settings(os.environ)._replace(allow_empty=allow_empty)
        repository = open_repository(Path.cwd(), settings.source_path)
        with _stopping(console), tempfile.TemporaryDirectory(prefix="mcpfence-") as scratch:
            result, said = generate(repository, settings, Path(scratch).resolve(), console.sources)
        if console.fails(result.findings):
            raise McpfenceError(result.findings)
        write_stdout(result.chunks)
        for line in said.splitlines() if not console.quiet else ():
            console.say(f"helm: {line}")
        console.findings(result.findings)
        if not console.quiet:
            summarise(console, result)
        return 0

    return guarded(console, work)


@contextlib.contextmanager
def _stopping(console: Console) -> Iterator[None]:
    """Argo CD ends what takes too long with SIGTERM: say so, and leave no files behind."""

    def stop(_: int, __: FrameType | None) -> None:
        console.say(f"error: {_STOPPED}", "red")
        sys.exit(1)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


_STOPPED = (
    "stopped by SIGTERM before it was done; where Argo CD's time limit did that, raise "
    "controller.repo.server.timeout.seconds, or split the servers over several applications"
)


@command.command("parameters")
def parameters_command() -> int:
    """Print the parameters that an application may give, with the values that hold by default, as JSON.

    \b
    mcpfence argocd parameters
    """
    from mcpfence.argocd.look import defaults
    from mcpfence.argocd.parameters import announcement

    settings = glance(os.environ)
    click.echo(announcement(defaults(open_repository(Path.cwd(), settings.source_path), settings)))
    return 0


@command.command("discover")
def discover_command() -> int:
    """Say in a line what kind of application this folder holds; nothing at all if it is none of mcpfence's.

    \b
    mcpfence argocd discover
    """
    from mcpfence.argocd.look import kind

    with contextlib.suppress(McpfenceError):  # then it is not known to be ours; another tool may take it
        found = kind(open_repository(Path.cwd(), os.environ.get("ARGOCD_APP_SOURCE_PATH", "")))
        if found:
            click.echo(found)
    return 0


def plugin_folder() -> Path:
    """The files for Argo CD that travel in the package."""
    return Path(str(resources.files("mcpfence").joinpath("argocd_plugin"))).resolve()


@command.command("plugin")
@click.option(
    "--discover", is_flag=True, help="One that also finds its applications by itself, as Source Hydrator needs."
)
def plugin_command(*, discover: bool) -> int:
    """Print plugin.yaml, the file that tells Argo CD's sidecar what to call.

    \b
    mcpfence argocd plugin > /home/argocd/cmp-server/config/plugin.yaml
    """
    name = "plugin-discover.yaml" if discover else "plugin.yaml"
    click.echo((plugin_folder() / name).read_text(encoding="utf-8"), nl=False)
    return 0
