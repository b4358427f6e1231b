"""The picture in Mermaid's language, drawn by Mermaid in a browser, as code hosts do it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from browser import Browser, find_mermaid
from hostile_text import HOSTILE
from mcpfence.report.graph import Graph, make_graph
from mcpfence.report.mermaid_form import mermaid_text
from mcpfence.text.printable import printable
from reporting import overview_of, renamed
from tooling import need

pytestmark = pytest.mark.xdist_group("browser")

Draw = Callable[[Graph], Any]

_DRAW = """
const [text, done] = arguments, place = document.getElementById("place");
mermaid.render("drawn", text).then(
  ({svg}) => {
    place.innerHTML = svg;
    const all = (selector) => [...place.querySelectorAll(selector)];
    done({
      boxes: all(".node .nodeLabel").map((node) => node.textContent),
      lines: all("path.flowchart-link").length,
      live: all("script, img, a, b, i, em, strong, h1, code").length,
    });
  },
  (error) => done(String(error)),
);
"""


@pytest.fixture
def draw(chromium: Browser, tmp_path: Path) -> Draw:
    """What Mermaid makes of a graph: the texts of boxes, how many lines there are, and what of it is markup."""
    script = need(find_mermaid)
    page = tmp_path / "page.html"
    page.write_text(f'<meta charset="utf-8"><script src="{script.as_uri()}"></script><div id="place"></div>')
    chromium.open(page)
    chromium.run("mermaid.initialize({startOnLoad: false})")
    return lambda graph: chromium.driver.execute_async_script(_DRAW, mermaid_text(graph))


def _drawn(graph: Graph) -> list[str]:
    return sorted("".join("".join(map(printable, box.texts)).split()) for box in graph.boxes)


def _texts(found: Any) -> list[str]:
    return sorted("".join(text.replace("\N{ZERO WIDTH SPACE}", "").split()) for text in found["boxes"])


def test_mermaid_draws_it(draw: Draw) -> None:
    """Every box with its texts, and every line: servers alone, groups of them, callers, names that nothing enforces."""
    for example in ("obot", "fleet", "gateway-callers", "services", "unenforced"):
        graph = make_graph(overview_of(example))
        found = draw(graph)
        assert isinstance(found, dict), (example, found)
        assert (_texts(found), found["lines"], found["live"]) == (_drawn(graph), len(graph.edges), 0), example


def test_hostile_names(draw: Draw) -> None:
    """A name is the text of its box, makes no box, no line and no markup, and breaks no picture."""
    for what, name in HOSTILE.items():
        graph = make_graph(renamed(overview_of("unenforced"), name))
        found = draw(graph)
        assert isinstance(found, dict), (what, found)
        assert (_texts(found), found["lines"], found["live"]) == (_drawn(graph), len(graph.edges), 0), what
