"""The one form of every JSON output: whose it is, whether it went well, what was found, and the command's own keys.

    {"format": "mcpfence.check/v1", "version": "0.1.0", "ok": true, "findings": [], ...}

schemas/output/ describes each; later versions of a format may add keys, and take none away.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mcpfence import __version__
from mcpfence.cli.console import Console
from mcpfence.findings.finding import Finding
from mcpfence.findings.position import position_shape


def json_output(command: str, body: Mapping[str, Any], findings: Sequence[Finding], console: Console) -> bytes:
    """The output of a command, with a newline at its end; `body` has the keys that are the command's own."""
    head = {
        "format": f"mcpfence.{command}/v1",
        "version": __version__,
        "ok": not console.fails(findings),
        "findings": [_finding(one, console) for one in console.ordered(findings)],
    }
    return (json.dumps({**head, **body, **head}, indent=2) + "\n").encode()  # what both have is the head's


def _finding(finding: Finding, console: Console) -> dict[str, Any]:
    return {
        "id": finding.id,
        "severity": console.severity(finding),
        "place": finding.place,
        "position": position_shape(console.position(finding)),
        "sentence": finding.sentence,
        "todo": finding.todo,
    }
