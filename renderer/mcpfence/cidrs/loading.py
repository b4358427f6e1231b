"""Text that a command line printed, into documents: JSON (one document or several), or YAML."""

from __future__ import annotations

import json
import re
from typing import Any

from mcpfence.cidrs.document_value import DocumentValue
from mcpfence.documents.reader import BadDocument, load_foreign
from mcpfence.findings.finding import McpfenceError, fail, quote

LIMIT = 256 * 1024 * 1024
"""Characters of one file; the nodes of 5,000-node clusters take a third of it."""

_COMPLAINT = re.compile(
    r"(?:ERROR|Error|error|WARNING|usage|Usage|Unable to|Please run|Error from server|An error occurred)\b.*"
)
"""How the first line of gcloud, aws, az and kubectl begins when they complain."""
_SPACE = re.compile(r"\s*")
_AGAIN = "mend that and run the command again"
_FORM = "run the command with --format=json (gcloud), --output json (aws, az) or -o json (kubectl)"


def documents(name: str, text: str) -> list[DocumentValue]:
    """The documents of a file; raises McpfenceError where it is empty, an error message, or no JSON or YAML."""
    if len(text) > LIMIT:
        sentence = f"has {len(text):,} characters, and {LIMIT:,} are read at most"
        raise fail("cidrs-input", sentence, "ask the command for less", document=name)
    body = text.strip()
    if not body:
        todo = "run the command again, or leave the file out if the cluster has no answer"
        raise fail("cidrs-input", "is empty", todo, document=name)
    complaint = _COMPLAINT.match(body)
    if complaint:
        sentence = f"holds what the command line complained about, not its output: {quote(complaint.group())}"
        raise fail("cidrs-input", sentence, _AGAIN, document=name)
    found = _json(name, body) if body[0] in "{[" else _yaml(name, body)
    return [DocumentValue(name, (), data) for data in found if data is not None]


def _json(name: str, body: str) -> list[Any]:
    decoder, found, start = json.JSONDecoder(), [], 0
    try:
        while start < len(body):
            data, end = decoder.raw_decode(body, start)
            found.append(data)
            space = _SPACE.match(body, end)
            start = space.end() if space else end
    except json.JSONDecodeError as bad:
        place = f"{name}:{bad.lineno}:{bad.colno}"
        raise fail("cidrs-input", f"is no JSON ({bad.msg})", _whole(bad, body), document=place) from None
    except RecursionError:
        raise fail("cidrs-input", "is nested too deep", "check the file", document=name) from None
    except ValueError:  # a number with thousands of digits
        raise fail("cidrs-input", "holds a number that cannot be read", "check the file", document=name) from None
    return found


def _whole(bad: json.JSONDecodeError, body: str) -> str:
    return "the file ends too early; write it again" if bad.pos >= len(body) else "write the file again"


def _yaml(name: str, body: str) -> list[Any]:
    try:
        found = load_foreign(body)
    except BadDocument as bad:
        raise _not_data(name, bad) from None
    if not any(isinstance(data, (dict, list)) for data in found):
        # What the text is stays untold: a file that was given by mistake may hold a secret.
        raise fail("cidrs-input", "is plain text, neither JSON nor YAML", _FORM, document=name)
    return found


def _not_data(name: str, bad: BadDocument) -> McpfenceError:
    place = bad.place(name)
    return fail("cidrs-input", f"is neither JSON nor YAML ({bad})", _FORM, document=place)
