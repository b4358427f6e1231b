"""The AWS network policy agent's translation as a process that answers questions (tools/aws-network-policy-agent)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from cilium.judge import Answer, Document, Question, Refused
from tooling import find_built

NAME = "aws-network-policy-agent"


def find_agent() -> Path:
    """The agent's translation; MCPFENCE_AWS_AGENT names another one."""
    return find_built(NAME, "MCPFENCE_AWS_AGENT")


class Agent:
    """One running translation; each request is a cluster of its own.  It is asked and answers as Cilium's engine."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen([str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, documents: Sequence[Document], *questions: Question) -> list[Answer]:
        """One answer for each question; raises Refused."""
        asked = [{"from": one.sources, "to": one.targets, "points": one.points} for one in questions]
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"objects": documents, "questions": asked}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline() or '{"error": "the agent is gone"}')
        if "error" in answer:
            raise Refused(answer["error"])
        return [Answer(one["verdicts"]) for one in answer.get("answers", ())]

    def close(self) -> None:
        """End it."""
        self._process.communicate()
