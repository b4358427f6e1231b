"""`mcpfence krm`."""

from __future__ import annotations

import click

from mcpfence.cli.console import Console, common_options, guarded, shown_names, write_stdout
from mcpfence.cli.fill import summarise
from mcpfence.cli.options import allow_empty_option, prune_all_option
from mcpfence.documents.values import ValuesFile, decode
from mcpfence.findings.finding import McpfenceError
from mcpfence.streams.krm_function import read_config, results, transform
from mcpfence.streams.resource_list import read_resource_list, write_resource_list
from mcpfence.system.inputs import Inputs
from mcpfence.system.stdin import read_stdin


@click.command("krm")
@prune_all_option
@allow_empty_option
@common_options
def command(console: Console, *, allow_empty: bool, prune_all: bool) -> int:
    """Read a ResourceList on stdin and put the policies into it: a KRM function for kustomize and kpt.

    The functionConfig is a McpfenceCatalog: release, namespace and catalog below spec. Items of others pass unchanged,
    what an earlier run made is replaced, and the carrier of an inflated mcpfence chart is filled in when the
    functionConfig has no catalog. On any error nothing is printed and the exit code is 1.

    \b
    kustomize build --enable-alpha-plugins --enable-exec .
    kpt fn eval --exec "mcpfence krm" --fn-config catalog.yaml
    """

    def work() -> int:
        given = read_resource_list(decode(read_stdin(), "stdin"))
        config = read_config(given.config)
        raw = (
            Inputs((ValuesFile("functionConfig", "", config.catalog),), ()).values
            if config.catalog is not None
            else None
        )
        texts, result = transform(given, config, raw, allow_empty=allow_empty, prune_all=prune_all)
        if console.fails(result.findings):
            raise McpfenceError(result.findings)
        answer = write_resource_list(given.version, texts, results(result.findings, config, given.items))
        write_stdout([answer.encode()])
        console.findings(result.findings)
        if not console.quiet:
            if result.removed:
                console.say(f"mcpfence: removed: {shown_names(result.removed)}")
            summarise(console, result)
        return 0

    return guarded(console, work)
