"""Documents as Markdown and HTML, through the templates of this package."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Mapping
from typing import Any

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#])")


def page(name: str, document: Mapping[str, Any]) -> str:
    """The template `NAME.md.j2` or `NAME.html.j2` with the document as `doc`; HTML is escaped throughout."""
    from jinja2 import Environment, StrictUndefined  # takes longer to load than a small catalog to explain

    source = pkgutil.get_data("mcpfence", f"templates/{name}.j2")
    if source is None:  # the templates travel with this module
        raise FileNotFoundError(name)
    made = Environment(
        autoescape=name.endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters.update(code=code, words=words)
    return made.from_string(source.decode("utf-8")).render(doc=document)


def words(text: str) -> str:
    """Text that Markdown shows as it stands."""
    return _SPECIAL.sub(r"\\\1", text)


def code(text: str) -> str:
    """Text as code, also inside a table."""
    return f"`{text.replace('`', ' ').replace('|', chr(92) + '|')}`"
