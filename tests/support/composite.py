"""Runs the steps of a composite GitHub Action as a runner does: expressions filled in, `run` as bash, files for outputs.

Steps that use other actions are not run; `if` is evaluated, over inputs, contexts and the steps before.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_EXPRESSION = re.compile(r"\$\{\{\s*(.+?)\s*\}\}")
_NAME = re.compile(r"'[^']*'|!?cancelled\(\)|[a-z][\w-]*(?:\.[\w-]+)+|&&|\|\||!=|==|!|[()]|true|false")


@dataclass(slots=True)
class Job:
    """One run of an action in `workspace`, with everything that it left behind."""

    action: Mapping[str, Any]
    workspace: Path
    temp: Path
    contexts: dict[str, Any]
    path: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)
    """Name of each step: success, failure or skipped."""
    log: str = ""
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    skip: frozenset[str] = frozenset()
    """Names of steps that are taken for done."""

    def run(self) -> bool:
        """Run all steps; whether all of them succeeded."""
        self.contexts["inputs"] = {
            name: self.inputs.get(name, self.fill(str(given.get("default", ""))))
            for name, given in self.action["inputs"].items()
        }
        (self.temp / "github-summary").touch()
        for step in self.action["runs"]["steps"]:
            self._step(step)
        return "failure" not in self.outcomes.values()

    @property
    def summary(self) -> str:
        """What the steps wrote into the job's summary."""
        return (self.temp / "github-summary").read_text(encoding="utf-8")

    def output(self, name: str) -> str:
        """An output of the action."""
        return self.fill(self.action["outputs"][name]["value"])

    def fill(self, text: str) -> str:
        """The text with its expressions evaluated."""
        return _EXPRESSION.sub(lambda match: _text(self._look(match[1])), text)

    def _look(self, path: str) -> Any:
        found: Any = {**self.contexts, "steps": self._steps()}
        for part in path.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        return found

    def _steps(self) -> dict[str, Any]:
        return {
            step["id"]: {"outcome": self.outcomes.get(step["name"]), "outputs": self.outputs.get(step["id"], {})}
            for step in self.action["runs"]["steps"]
            if "id" in step
        }

    def holds(self, condition: str) -> bool:
        """An `if`, evaluated."""
        words = {"&&": " and ", "||": " or ", "!": " not ", "cancelled()": "False", "!cancelled()": "True"}
        words |= {"true": "True", "false": "False"}
        tokens = _NAME.findall(condition)
        assert "".join(tokens) == re.sub(r"\s", "", condition), condition
        python = "".join(
            words.get(token, token if token[0] in "'()=!" else repr(self._look(token))) for token in tokens
        )
        return bool(eval(python, {"__builtins__": {}}))  # noqa: S307  made of literals above

    def _step(self, step: Mapping[str, Any]) -> None:
        name = step["name"]
        condition = step.get("if", "")
        failed = "failure" in self.outcomes.values()
        wanted = self.holds(condition) if condition else True
        if not wanted or (failed and "cancelled()" not in condition):
            self.outcomes[name] = "skipped"
        elif "uses" in step or name in self.skip:
            self.outcomes[name] = "success"
        else:
            self.outcomes[name] = "success" if self._bash(step) == 0 else "failure"

    def _bash(self, step: Mapping[str, Any]) -> int:
        assert step["shell"] == "bash"
        script = self.temp / "script.sh"
        script.write_text(step["run"], encoding="utf-8")
        written = self.temp / "github-output"
        written.write_text("", encoding="utf-8")
        environment = {
            "HOME": str(self.temp),
            "PATH": self.path,
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_OUTPUT": str(written),
            "GITHUB_STEP_SUMMARY": str(self.temp / "github-summary"),
            "GITHUB_REPOSITORY": "owner/repository",
            **{key: self.fill(str(value)) for key, value in step.get("env", {}).items()},
        }
        command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)]
        done = subprocess.run(
            command, cwd=self.workspace, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
        )
        self.log += done.stdout + done.stderr
        if "id" in step:
            lines = written.read_text(encoding="utf-8").splitlines()
            self.outputs[step["id"]] = dict(line.partition("=")[::2] for line in lines)
        return done.returncode


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def read_action(path: Path) -> Mapping[str, Any]:
    """The metadata of an action."""
    found: Mapping[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return found
