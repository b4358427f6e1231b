"""Foreign text inside a form of output that gives some characters a meaning: CSV, Markdown, SARIF, dot, Mermaid."""

from __future__ import annotations

from mcpfence.patterns import regex
from mcpfence.text.printable import printable

_FORMULA = ("=", "+", "-", "@")
_SPECIAL = regex(r"([\\`*_\[\]<>|#~!])")
_MENTION = regex(r"(?<![A-Za-z0-9_.])@(?=[A-Za-z0-9])")
_NOT_PLAIN = regex(r"[^A-Za-z0-9 .,:/()_-]")
_BACKTICKS = regex(r"`+")


def csv_field(text: str) -> str:
    """A field that no spreadsheet takes for a formula: what begins like one gets a ' before it (OWASP)."""
    shown = printable(text)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown


def markdown_words(text: str) -> str:
    """Text that Markdown shows as it stands, in a table too: no markup, no HTML, no entity, nobody mentioned."""
    escaped = _SPECIAL.sub(r"\\\1", printable(text).replace("&", "&amp;"))
    escaped = escaped.replace("\\<", "&lt;").replace("\\>", "&gt;")
    return _MENTION.sub("@<!-- -->", " ".join(escaped.split()))


def markdown_code(text: str) -> str:
    """Text as code, in a table too: the fence is longer than any run of backticks inside (CommonMark 6.1)."""
    shown = printable(text)
    fence = "`" * (1 + max((len(run) for run in _BACKTICKS.findall(shown)), default=0))
    inner = f" {shown} " if shown.startswith("`") or shown.endswith("`") else shown
    return f"{fence}{inner}{fence}".replace("|", "\\|")


def sarif_message(text: str) -> str:
    """A message without embedded links, which SARIF 2.1.0 (3.11.6) has in plain text too: `[text](target)`."""
    return printable(text).replace("](", "] (")


def dot_string(text: str) -> str:
    """A quoted string of Graphviz's language that shows the text: no escape of labels, such as a line break, no entity.

    Within quotes the language itself knows a quote behind a backslash alone; the rest is what labels (escString) know.
    """
    shown = printable(text).replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{shown}"'


def mermaid_string(text: str) -> str:
    """A quoted string of Mermaid that shows the text: whatever is no plain character is an entity, as it writes them.

    Labels of Mermaid are HTML and Markdown, and its grammar has keywords: a name such as `end` is safe within quotes.
    """
    entities = _NOT_PLAIN.sub(lambda sign: f"#{ord(sign[0])};", printable(text))
    # Mermaid (12.3) makes a line break of a backslash before n where a label has several lines, entity or not.
    return f'"{entities.replace("#92;", "#92;#8203;")}"'
