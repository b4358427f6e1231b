"""What `make bench` measures side by side prints the same policies: else its ratios would say nothing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import template_chart
from edges import environment, mcpfence
from generate import CHART, NAMESPACE, RELEASE, write_values

SERVERS = 30


def _template(helm: Path, chart: Path, values: Path) -> bytes:
    command: list[str | Path] = [helm, "template", RELEASE, chart, "--namespace", NAMESPACE, "--values", values]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment()).stdout


def test_columns_print_the_same_policies(helm3: Path, tmp_path: Path) -> None:
    """A chart of pure templates beside the renderer, object by object; one that differs is named."""
    values, ours, theirs = tmp_path / "values.yaml", tmp_path / "ours", tmp_path / "theirs"
    write_values(SERVERS, values)
    ours.write_bytes(mcpfence("post-render", stdin=_template(helm3, CHART, values)).stdout)
    theirs.write_bytes(_template(helm3, template_chart.make_chart(tmp_path / "chart"), values))

    assert template_chart.compare(ours, theirs) > 2 * SERVERS

    theirs.write_bytes(theirs.read_bytes().replace(b"port: 8099", b"port: 8098", 1))
    with pytest.raises(ValueError, match="is not the same in both"):
        template_chart.compare(ours, theirs)
