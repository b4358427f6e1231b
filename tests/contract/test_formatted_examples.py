"""Each example, formatted, is the same catalog: the same objects, proven again, and nothing is left to format."""

from __future__ import annotations

from pathlib import Path

import pytest

from edges import mcpfence
from mcpfence.formatting.formatter import formatted
from tooling import ROOT

EXAMPLES = sorted(ROOT.glob("values-examples/*/values.yaml"))


@pytest.mark.parametrize("path", [*EXAMPLES, ROOT / "chart" / "values.yaml"], ids=lambda path: path.parent.name)
def test_formatting_is_final(path: Path) -> None:
    """Every comment is there, and a second run changes nothing."""
    text = path.read_text(encoding="utf-8")
    new = formatted(text, path.name)

    assert formatted(new, path.name) == new
    assert sorted(line.strip() for line in text.splitlines() if line.strip().startswith("#")) == sorted(
        line.strip() for line in new.splitlines() if line.strip().startswith("#")
    )


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_formatted_examples_render_alike(path: Path, tmp_path: Path) -> None:
    """Byte for byte, with the proof that every render is."""
    more = [word for file in sorted(path.parent.glob("services*.yaml")) for word in ("-f", str(file))]
    (tmp_path / "values.yaml").write_text(formatted(path.read_text(encoding="utf-8"), path.name), encoding="utf-8")
    call = ("render", "--policies-only", *more, "-f")
    before = mcpfence(*call, "values.yaml", cwd=path.parent)
    after = mcpfence(*call, "values.yaml", cwd=tmp_path)

    assert (before.returncode, after.returncode) == (0, 0), before.stderr.decode()
    assert after.stdout == before.stdout
