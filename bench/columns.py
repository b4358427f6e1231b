"""What is measured side by side: the renderer, a chart of pure templates, and helm with our chart and the renderer."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from generate import CHART, NAMESPACE, RELEASE, write_stream, write_values
from measure import Case
from template_chart import make_chart

if TYPE_CHECKING:
    from find_helm import Helm

POST_RENDER = "post-render"
CLICK = "click"
LAST_WITH_HELM = 10_000
"""Helm's columns stop here: a release of 50,000 servers would not fit into helm's release storage anyway."""

TITLES = {
    POST_RENDER: "post-render",
    "template3": "template chart, helm 3",
    "template4": "template chart, helm 4",
    "whole3": "helm 3 + post-render",
    "whole4": "helm 4 + post-render",
}
"""Column by the name of its case."""

RENDERER = (sys.executable, "-m", "mcpfence")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Everything that the cases need: helms, environment, and a folder for all that is written."""

    helms: Mapping[int, Helm]
    environment: Mapping[str, str]
    folder: Path

    def prepare(self) -> None:
        """Write the template chart and the plugin by which helm 4 finds the renderer."""
        make_chart(self.folder / "template-chart")
        plugin = {
            "apiVersion": "v1",
            "type": "postrenderer/v1",
            "name": "mcpfence",
            "version": "0.1.0",
            "runtime": "subprocess",
            "runtimeConfig": {"platformCommand": [{"command": RENDERER[0], "args": [*RENDERER[1:], "post-render"]}]},
        }
        home = self.folder / "plugins4" / "mcpfence"
        home.mkdir(parents=True)
        (home / "plugin.yaml").write_text(json.dumps(plugin), encoding="utf-8")

    def cases(self, servers: int, *, whole: bool) -> list[Case]:
        """The cases for one size, with values and stream written; `whole` adds helm with the post-renderer."""
        values, stream = self.folder / f"values-{servers}.yaml", self.folder / f"stream-{servers}.yaml"
        write_values(servers, values)
        write_stream(self.helms[3].path, values, stream)
        cases = [Case(name=POST_RENDER, command=[*RENDERER, "post-render"], environment=self.environment, stdin=stream)]
        if servers <= LAST_WITH_HELM:
            cases += [self._template(major, values) for major in self.helms]
            # Helm 4 takes half a minute to read 10,000 servers' policies back: twice is enough to see that.
            cases += [self._whole(major, values, slow=servers >= LAST_WITH_HELM) for major in self.helms if whole]
        return cases

    def click(self) -> Case:
        """A Python that imports what every command line of this kind imports, and does nothing."""
        # A word on stdout, since `run` takes empty output for a failure.
        command = [sys.executable, "-c", "import click, yaml; print(1)"]
        return Case(name=CLICK, command=command, environment=self.environment)

    def _template(self, major: int, values: Path) -> Case:
        command = self._helm(major, self.folder / "template-chart", values)
        return Case(name=f"template{major}", command=command, environment=self.environment)

    def _whole(self, major: int, values: Path, *, slow: bool) -> Case:
        """Helm 3 runs an executable, helm 4 the plugin; both are this Python with this PYTHONPATH."""
        command, environment = self._helm(major, CHART, values), dict(self.environment)
        if major == 4:
            command += ["--post-renderer", "mcpfence"]
            environment["HELM_PLUGINS"] = str(self.folder / "plugins4")
        else:
            arguments = [*RENDERER[1:], "post-render"]
            command += ["--post-renderer", RENDERER[0], *(f"--post-renderer-args={item}" for item in arguments)]
        return Case(name=f"whole{major}", command=command, environment=environment, slow=slow and major == 4)

    def _helm(self, major: int, chart: Path, values: Path) -> list[str]:
        helm = str(self.helms[major].path)
        return [helm, "template", RELEASE, str(chart), "--namespace", NAMESPACE, "--values", str(values)]


def count_objects(output: Path) -> tuple[int, float]:
    """How many objects a stream holds, and its size in MB."""
    objects = 0
    with output.open("rb") as file:
        objects = sum(line.startswith(b"kind: ") for line in file)
    return objects, output.stat().st_size / 1e6


def others(cases: Sequence[Case]) -> list[str]:
    """The names of the cases that must print the same policies as post-render."""
    return [case.name for case in cases if case.name not in (POST_RENDER, CLICK)]
