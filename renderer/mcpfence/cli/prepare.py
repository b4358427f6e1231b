"""`mcpfence observe --prepare`: the policies of a catalog in the form that shows and denies nothing."""

from __future__ import annotations

from collections.abc import Sequence

import click

from mcpfence.cli.console import Console, guarded, write_stdout
from mcpfence.cli.view import read_view
from mcpfence.findings.finding import plural
from mcpfence.observe.prepare import audit_form, audit_objects, audit_text, where_it_shows


def prepared(console: Console, files: Sequence[str], namespace: str, release: str) -> int:
    """Print the objects; where they show something goes to stderr.  0, or 1 with errors and nothing printed."""
    if not files:
        raise click.UsageError("Nothing to prepare: name a values file with -f.")

    def work() -> int:
        view, _ = read_view(console, files, namespace, release)
        form = audit_form(view)
        documents = audit_objects(view, form)
        write_stdout([audit_text(documents).encode()])
        console.findings(view.rendering.findings)
        if console.quiet:
            return 0
        deny = "denies" if len(documents) == 1 else "deny"
        console.say(f"mcpfence: {plural(len(documents), 'object')} that {deny} nothing: {where_it_shows(form)}")
        return 0

    return guarded(console, work)
