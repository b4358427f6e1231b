"""Documents as Markdown and HTML, through the templates of this package."""

from __future__ import annotations

import base64
import hashlib
import pkgutil
from collections.abc import Mapping
from typing import Any

from mcpfence.findings.position import Position
from mcpfence.structs import Struct
from mcpfence.text.markup import markdown_code, markdown_words
from mcpfence.text.printable import printable_tree


class Inlined(Struct):
    """A style or a script that stands in a page, and its hash as a Content-Security-Policy has it (CSP 3, 2.3.1)."""

    text: str
    hash: str


def inlined(name: str) -> Inlined:
    """A file beside the templates, such as `report.js`; what is hashed are the bytes that stand between the tags."""
    data = _file(name)
    return Inlined(data.decode("utf-8"), f"sha256-{base64.b64encode(hashlib.sha256(data).digest()).decode()}")


def page(name: str, document: Mapping[str, Any], **ours: Inlined) -> str:
    """The template `NAME.md.j2` or `NAME.html.j2` with the document as `doc`; HTML is escaped throughout.

    Every text of it is one line that shows all its characters; `ours` are not touched.
    """
    from jinja2 import Environment, StrictUndefined  # takes longer to load than a small catalog to explain

    made = Environment(
        autoescape=name.endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals["at"] = lambda place: Position(**place).text
    made.filters.update(code=markdown_code, words=markdown_words)
    return made.from_string(_file(f"{name}.j2").decode("utf-8")).render(doc=printable_tree(document), **ours)


def _file(name: str) -> bytes:
    data = pkgutil.get_data("mcpfence", f"templates/{name}")
    if data is None:  # the templates travel with this module
        raise FileNotFoundError(name)
    return data
