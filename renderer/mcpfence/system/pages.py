"""Documents as Markdown and HTML, through the templates of this package."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from typing import Any

from mcpfence.findings.position import Position
from mcpfence.text.markup import markdown_code, markdown_words
from mcpfence.text.printable import printable_tree


def page(name: str, document: Mapping[str, Any]) -> str:
    """The template `NAME.md.j2` or `NAME.html.j2` with the document as `doc`; HTML is escaped throughout.

    Every text of it is one line that shows all its characters.
    """
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
    made.globals["at"] = lambda place: Position(**place).text
    made.filters.update(code=markdown_code, words=markdown_words)
    return made.from_string(source.decode("utf-8")).render(doc=printable_tree(document))
