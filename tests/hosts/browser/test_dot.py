"""The picture in Graphviz's language, read by Graphviz."""

from __future__ import annotations

import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from browser import find_dot
from explaining import EXAMPLES
from hostile_text import HOSTILE
from mcpfence.report.dot_form import dot_text
from mcpfence.report.graph import Graph, make_graph
from mcpfence.text.printable import printable
from reporting import overview_of, renamed
from tooling import need


@pytest.fixture(scope="module")
def dot() -> Path:
    """Graphviz's program."""
    return need(find_dot)


def _drawn(dot: Path, graph: Graph) -> tuple[list[str], int]:
    """The texts and the number of lines of what is drawn."""
    done = subprocess.run([dot, "-Tsvg"], input=dot_text(graph).encode(), capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    root = ET.fromstring(done.stdout)  # noqa: S314  Graphviz's own output
    space = "{http://www.w3.org/2000/svg}"
    edges = [node for node in root.iter(f"{space}g") if node.get("class") == "edge"]
    return ["".join(node.itertext()) for node in root.iter(f"{space}text")], len(edges)


@pytest.mark.parametrize("example", EXAMPLES)
def test_graphviz_draws_it(dot: Path, example: str) -> None:
    """Every text of every box stands in the picture, and every line."""
    graph = make_graph(overview_of(example))
    texts, edges = _drawn(dot, graph)

    assert edges == len(graph.edges)
    assert [text for box in graph.boxes for text in box.texts if text not in texts] == []


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_names(dot: Path, what: str) -> None:
    """A name is one text of the picture, as it is shown everywhere, and makes no box and no line."""
    name = HOSTILE[what]
    made = overview_of("unenforced")
    graph = make_graph(renamed(made, name))
    texts, edges = _drawn(dot, graph)

    assert edges == len(graph.edges) == len(make_graph(made).edges)
    shown = " ".join(printable(name).replace("\N{NO-BREAK SPACE}", " ").split())
    assert shown in {" ".join(text.replace("\N{NO-BREAK SPACE}", " ").split()) for text in texts}
