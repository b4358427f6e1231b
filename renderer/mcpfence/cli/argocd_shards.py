"""`mcpfence argocd shards`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import click

from mcpfence.argocd.applicationset import Where, folder_of
from mcpfence.argocd.earlier_shards import Earlier, earlier_shard, removed_members, replaced_namespaces
from mcpfence.argocd.shards import Cut, CutRequest, cut
from mcpfence.cli.arguments import namespace_name, release_name
from mcpfence.cli.console import Console, common_options, guarded
from mcpfence.cli.folder_drift import check_folder, say_written
from mcpfence.cli.options import output_option, prune_all_option
from mcpfence.documents.values import decode, merge, read_source
from mcpfence.findings.finding import McpfenceError, plural
from mcpfence.kube.services import index
from mcpfence.system.files import read_bytes, write_folder
from mcpfence.system.inputs import chart_defaults, read_inputs

_SHARD = re.compile(r"shard-([0-9]{2,5})\.yaml\Z")
_BY = "argocd shards"
"""What the folder's index says of who wrote it."""
_LONGEST = 47
"""Of a name: with a number behind it, it is the name of a release, which has 53 characters at most."""


def _name(ctx: click.Context, param: click.Parameter, value: str) -> str:
    if len(value) > _LONGEST:
        raise click.BadParameter(f"{value!r} is too long: {_LONGEST} characters at most, since a number follows.")
    return release_name(ctx, param, value) or value


def _text(name: str, default: str, text: str, callback: Any = None) -> Callable[..., Any]:
    return click.option(
        name, default=default, show_default=True, metavar=name.lstrip("-").upper(), callback=callback, help=text
    )


@click.command("shards")
@click.option(
    "-f",
    "--values",
    "files",
    multiple=True,
    required=True,
    type=click.Path(),
    metavar="FILE",
    help="Values file; several are merged as Helm does it. A file of manifests is searched for Services instead.",
)
@click.option("--servers", "size", type=click.IntRange(1), default=300, show_default=True, help="Servers a shard.")
@click.option("--repo-url", required=True, metavar="URL", help="Git repository in which DIR is going to lie.")
@click.option("--path", metavar="PATH", help="Where DIR lies in it.  [default: DIR]")
@_text("--revision", "main", "Branch, tag or commit.")
@_text("--name", "fences", "Name of the ApplicationSet; its Applications are NAME-01, NAME-02 and so on.", _name)
@_text("--namespace", "mcp-system", "The releases' own namespace.", namespace_name)
@_text("--project", "default", "Argo CD's project of the Applications.")
@output_option("folder", "DIR", "Write the shards there; those that DIR has keep their servers. Needed.")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit 1 if DIR is not what comes out.")
@prune_all_option
@common_options
def command(
    console: Console,
    *,
    files: tuple[str, ...],
    size: int,
    folder: str | None,
    only_check: bool,
    prune_all: bool,
    path: str | None,
    repo_url: str,
    **named: str,
) -> int:
    """Cut a catalog into shards, each a release with a namespace of its own, and write their ApplicationSet.

    DIR gets base.yaml with what all shards share, shard-01.yaml and so on with their servers, and
    applicationset.yaml, which is to be applied when a shard comes or goes. After a change of the catalog run it again:
    servers stay where they are, new ones go where there is room. Each shard is rendered and proven first.

    \b
    mcpfence argocd shards -f values.yaml --servers 300 --repo-url https://git.example.com/team/fences.git -o fences
    """
    if not folder or folder == "-":
        raise click.UsageError("Name the folder with -o: there are several files to write.")
    target = Path(folder)
    where = Where(repo_url=repo_url, path=path or _inside(folder), **named)

    def work() -> int:
        earlier = _earlier(target)
        done = _cut(files, where, size, earlier, console)
        if console.fails(done.findings):
            raise McpfenceError(done.findings)
        if only_check:
            check_folder(target, folder_of(done, where), "run the same command without --check", console, _BY)
        else:
            lost = [] if prune_all else replaced_namespaces(earlier, done.shards, str(target))
            if lost:
                raise McpfenceError(lost)
            counts = write_folder(target, folder_of(done, where), _BY)
            say_written(target, counts, removed_members(earlier, done.shards), console)
        console.findings(done.findings)
        if not console.quiet:
            for shard in done.shards:
                catalog = shard.rendering.catalog
                console.say(
                    f"mcpfence: shard {shard.number}: {plural(len(catalog.servers), 'server')} "
                    f"in namespace {catalog.namespace}, {plural(len(shard.rendering.objects), 'object')}"
                )
        return 0

    return guarded(console, work)


def _inside(folder: str) -> str:
    """The folder as a path in a repository; raises click.UsageError where it cannot be one."""
    path = PurePosixPath(folder)
    if path.is_absolute() or ".." in path.parts:
        raise click.UsageError("-o leads out of this folder; say with --path where it lies in the repository.")
    return str(path)


def _cut(files: tuple[str, ...], where: Where, size: int, earlier: Earlier, console: Console) -> Cut:
    inputs = read_inputs(files)
    console.sources += inputs.sources
    return cut(
        CutRequest(
            values=merge([source.data for source in inputs.sources], {}),
            defaults=chart_defaults(),
            services=index(inputs.documents, where.namespace),
            name=where.name,
            namespace=where.namespace,
            size=size,
            earlier={number: shard.members for number, shard in earlier.items()},
        )
    )


def _earlier(folder: Path) -> Earlier:
    """The shards that the folder holds; raises McpfenceError where one cannot be read."""
    found = {}
    for path in sorted(folder.glob("shard-*.yaml")) if folder.is_dir() else ():
        number = _SHARD.match(path.name)
        if number:
            found[number[1]] = earlier_shard(read_source(str(path), decode(read_bytes(str(path)), str(path))).data)
    return found
