"""The command line: one group, its commands imported only when they are called."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import stat
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from mcpfence import __version__
from mcpfence.cli.start import run

__all__ = ["main", "run"]

_COMMANDS = {
    "init": ("mcpfence.cli.init", "Begin: a catalog of the servers that are declared here, and a project file."),
    "post-render": ("mcpfence.cli.post_render", "Fill the policies into a Helm release on its way to the cluster."),
    "render": ("mcpfence.cli.render", "Render the chart and the policies of a catalog, for CI and Git."),
    "krm": ("mcpfence.cli.krm", "Be a KRM function of kustomize or kpt: put the policies into a ResourceList."),
    "check": ("mcpfence.cli.check", "Say everything that is wrong or worth knowing about a catalog."),
    "watch": ("mcpfence.cli.watch", "Check again at every save, until Ctrl-C."),
    "fmt": ("mcpfence.cli.fmt", "Bring values files into canonical order and quoting; comments and meaning stay."),
    "diff": ("mcpfence.cli.diff", "Say what may be reached in one catalog or set of manifests and not in another."),
    "reach": ("mcpfence.cli.reach", "Say who can reach whom in any manifests of workloads and policies."),
    "explain": ("mcpfence.cli.explain", "Say what a server may reach, who may call it, and why."),
    "report": (
        "mcpfence.cli.report",
        "Make one page of all servers: who calls whom, what each reaches, by which rule.",
    ),
    "observe": ("mcpfence.cli.observe", "Compare flow logs with a catalog: what would be denied, unused, unknown."),
    "evidence": ("mcpfence.cli.evidence", "Write a pack that shows others what is enforced, and how to check it."),
    "verify-evidence": ("mcpfence.cli.verify_evidence", "Check an evidence pack from its bytes alone."),
    "argocd": ("mcpfence.cli.argocd", "Config management plugin of Argo CD."),
    "import": ("mcpfence.cli.import_", "Make a catalog of MCP servers that are declared elsewhere."),
    "cidrs": ("mcpfence.cli.cidrs", "Turn what the cloud's command line prints into the cluster's address ranges."),
    "config": ("mcpfence.cli.project", "Print what the project file .mcpfence.yaml gives to the other commands."),
    "chart": ("mcpfence.cli.chart", "Print the folder of the Helm chart, for helm install."),
    "schema": ("mcpfence.cli.schema", "Print the JSON Schema of values files, for editors."),
    "helm-plugin": ("mcpfence.cli.helm_plugin", "Print the folder of the Helm 4 plugin, for helm plugin install."),
    "completion": ("mcpfence.cli.completion", "Print the script that completes commands in a shell."),
}
"""Name: (module with a `command`, one line of help)."""
_OF_A_PROJECT = ("check", "watch", "fmt", "render", "explain", "report", "diff", "evidence")
"""Commands that people run in a folder of theirs: the project file stands in for options that they leave out."""


class _LazyGroup(click.Group):
    """Lists commands from the table and imports the one that is called: start-up is half of a small render."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            _no_command(ctx)
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        row = _COMMANDS.get(cmd_name)
        if row is None:
            return None
        command: click.Command = importlib.import_module(row[0]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in _COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            import difflib  # only after a slip

            near = difflib.get_close_matches(name, _COMMANDS, n=1)
            ctx.fail(f"No such command {name!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
        found = super().resolve_command(ctx, args)
        if name in _OF_A_PROJECT and found[1] is not None and not ctx.resilient_parsing:
            from mcpfence.cli.project import defaults  # here, so that others do without

            ctx.default_map = {name: defaults(ctx, found[1])}
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


_BEGINNING = """\
mcpfence fences in MCP servers on Kubernetes: each reaches exactly what the catalog says, and nothing else.

Begin
  with servers that you have     mcpfence init          finds .mcp.json and its like; mcpfence init PATH reads others
  with a catalog that you have   mcpfence check -f values.yaml
  with a release                 helm upgrade --install mcp CHART -f values.yaml --post-renderer mcpfence
                                 (Helm 3: also --post-renderer-args post-render)

mcpfence --help lists all commands, mcpfence COMMAND --help shows one with examples."""


def _no_command(ctx: click.Context) -> NoReturn:
    """How to begin, on stderr; or, where somebody feeds a stream, what is to be said instead.

    Helm 3 without --post-renderer-args calls the executable like this.  Nothing is read: a stream may never end.
    """
    with contextlib.suppress(AttributeError, OSError, ValueError):  # a stdin that is closed, or no file
        if not stat.S_ISCHR(os.fstat(sys.stdin.fileno()).st_mode):
            ctx.fail(
                "No command, and a stream on stdin. Behind helm's --post-renderer mcpfence write "
                "--post-renderer-args post-render (Helm 3), elsewhere the command: mcpfence post-render."
            )
    click.echo(_BEGINNING, err=True)
    ctx.exit(2)


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", prog_name="mcpfence", message="%(prog)s %(version)s")
def main() -> None:
    """Fence in MCP servers on Kubernetes: each reaches exactly what the catalog says, and nothing else.

    \b
    Helm 3   helm install demo CHART -f values.yaml --post-renderer mcpfence --post-renderer-args post-render
    Helm 4   helm install demo CHART -f values.yaml --post-renderer mcpfence
    CI       mcpfence render -f values.yaml -o manifests/
    Check    mcpfence check -f values.yaml

    Exit codes: 0 done, 1 errors (no stdout, import aside), 2 wrong usage.
    """


def invoke(arguments: list[str] | None) -> int:
    """Run a command by its arguments, or by those of the process; returns the exit code."""
    try:
        result: Any = main.main(args=arguments, prog_name="mcpfence", standalone_mode=False)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.ClickException as bad:
        vars(bad)["message"] = _told(bad.message)  # what click adds to it has lines of its own
        bad.show()
        _log_usage(sys.argv[1:] if arguments is None else arguments, bad)
        return bad.exit_code
    except click.Abort:
        click.echo("mcpfence: interrupted", err=True)
        return 1
    return result if isinstance(result, int) else 0


def _log_usage(arguments: list[str], bad: click.ClickException) -> None:
    """Copy wrong usage to the log file: Helm 4 hides stderr, and options that cannot be parsed name no file yet."""
    name = os.environ.get("MCPFENCE_LOG_FILE")
    for option, value in zip(arguments, [*arguments, ""][1:], strict=True):
        if option == "--log-file" or option.startswith("--log-file="):
            name = option.removeprefix("--log-file=") if "=" in option else value
    if not name and os.environ.get("HELM_PLUGIN_NAME"):
        from mcpfence.system.run_log import begin_run_log

        name = begin_run_log(os.environ, f"mcpfence {__version__}")
    if not name:
        return
    shown = io.StringIO()
    bad.show(shown)
    try:
        with Path(name).open("a", encoding="utf-8") as log:
            log.write(shown.getvalue())
    except OSError as why:
        click.echo(_told(f"mcpfence: {name} cannot be written ({why.strerror})"), err=True)


def _told(text: str) -> str:
    """Words of a command line, fit to be said."""
    from mcpfence.text.masking import told  # here, so that completion loads no tables

    return told(text)
