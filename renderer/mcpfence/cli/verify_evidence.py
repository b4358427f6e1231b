"""`mcpfence verify-evidence`."""

from __future__ import annotations

from pathlib import Path

import click

from mcpfence.cli.console import Console, common_options, guarded
from mcpfence.findings.finding import Collector, counted, plural
from mcpfence.system.packs import read_pack
from mcpfence.verify.recheck import recheck

_TODO = "take it from its source again, or make it anew with mcpfence evidence"


@click.command("verify-evidence")
@click.argument("folder", type=click.Path(), metavar="DIR")
@common_options
def command(console: Console, *, folder: str) -> int:
    """Check an evidence pack: digests, manifests, containment and every witness, from its bytes alone.

    Neither the catalog nor what made the pack is asked. Who made it is told by a signature of certificate.json, which
    cosign checks; what it declares is what your catalog says if `mcpfence evidence` gives the same pack again.

    \b
    mcpfence verify-evidence pack/

    Exit codes: 0 it is what it says, 1 it is not, or cannot be read, 2 wrong usage.
    """

    def work() -> int:
        found = recheck(read_pack(Path(folder)))
        out = Collector()
        for one in found.mismatches:
            out.add("evidence-differs", (), one.sentence, document=one.place)
        if out.failed:
            console.findings(out.findings())
            console.say(f"mcpfence: {folder}: is not what it says; {_TODO}")
            return 1
        if not console.quiet:
            said = (
                f"{plural(found.manifests, 'manifest file')} read again, {counted(found.fences, 'entry', 'entries')} "
                f"contained, {counted(found.witnesses, 'witness', 'witnesses')} sent again"
            )
            console.say(f"mcpfence: {folder}: is what it says: {said}")
        return 0

    return guarded(console, work)
