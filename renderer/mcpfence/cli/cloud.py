"""The clouds' own command lines, for `mcpfence cidrs --run`: each command is shown, and none changes anything."""

from __future__ import annotations

import os
import shutil
import subprocess

import click

from mcpfence.cidrs.clouds.table import PROVIDERS
from mcpfence.cidrs.document_value import DocumentValue
from mcpfence.cidrs.facts import Scope
from mcpfence.cidrs.kinds import CloudProvider, Filled, fill
from mcpfence.cidrs.loading import documents
from mcpfence.cidrs.survey import known, objects_of
from mcpfence.cli.console import Console
from mcpfence.documents.values import decode
from mcpfence.findings.finding import Collector, McpfenceError, fail, quote
from mcpfence.text.printable import printable

_TIMEOUT = 300
"""Seconds that one command of a cloud may take: some page through thousands of routes."""
_QUIET = {"CLOUDSDK_CORE_DISABLE_PROMPTS": "1", "AWS_PAGER": "", "AZURE_CORE_NO_COLOR": "1"}
_OPTIONS = {"CLUSTER": "--cluster", "REGION": "--region", "RESOURCE_GROUP": "--resource-group"}


def run_commands(provider: CloudProvider, scope: Scope, console: Console, skipped: Collector) -> list[DocumentValue]:
    """Run the commands one after the other; later ones take names from what earlier ones printed.

    Raises McpfenceError where the first command fails, click.UsageError where it lacks a name.
    """
    nodes: list[DocumentValue] = []
    for item in provider.commands:
        if not item.run and (item.argv[0] != "kubectl" or not scope.context):
            continue
        filled = fill(item, known(provider, objects_of(provider, nodes, Collector()), scope))
        if filled.lacking and item.required:
            options = " and ".join(_OPTIONS.get(name, name) for name in filled.lacking)
            raise click.UsageError(f"--run needs {options}.")
        unsafe = [word for word in filled.argv[1:] if printable(word) != word]
        if filled.lacking or unsafe:
            sentence = f"was not run: nothing told {', '.join(filled.lacking) or 'a name that is printable'}"
            skipped.add("cidrs-not-run", (), sentence, f"run it yourself: {filled.line}", document=item.file)
            continue
        nodes += _outcome(provider, filled, console, skipped)
    return nodes


def _outcome(provider: CloudProvider, filled: Filled, console: Console, skipped: Collector) -> list[DocumentValue]:
    """What one command prints; a failure is a warning unless nothing can be said without it."""
    try:
        return documents(filled.command.file, _output(provider, filled, console))
    except McpfenceError as error:
        if filled.command.required or error.findings[0].id != "cidrs-cli":
            raise
        for finding in error.findings:
            skipped.add("cidrs-not-run", (), finding.sentence, finding.todo, document=finding.document)
        return []


def _output(provider: CloudProvider, filled: Filled, console: Console) -> str:
    program = filled.argv[0]
    path = shutil.which(program)
    if path is None:
        install = PROVIDERS["kubernetes"].install if program == "kubectl" else provider.install
        todo = f"install {install}, or run what --commands prints elsewhere and give the files"
        raise fail("cidrs-cli", "is not on PATH", todo, document=program)
    console.say(f"$ {filled.line}")
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and the arguments are those that were shown
            [path, *filled.argv[1:]],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_TIMEOUT,
            env={**os.environ, **_QUIET},
        )
    except subprocess.TimeoutExpired:
        sentence = f"did not end within {_TIMEOUT} seconds"
        raise fail("cidrs-cli", sentence, "run it yourself and give its output as a file", document=program) from None
    except OSError as bad:
        sentence = f"cannot be run ({bad.strerror})"
        raise fail("cidrs-cli", sentence, f"install {provider.install}", document=program) from None
    if done.returncode != 0:
        said = [line for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
        sentence = f"ended with exit code {done.returncode} and said {quote(said[-1].strip() if said else '')}"
        todo = "mend that, or run it yourself and give its output as a file"
        raise fail("cidrs-cli", sentence, todo, document=filled.line)
    return decode(done.stdout, filled.command.file)
