"""Manifests that stand byte for byte as they are rendered: what was proven of the text holds for them, unread.

A folder that mcpfence wrote and nobody changed is by far the most frequent one, and reading its policies takes many
times as long as rendering them.  Whatever is in doubt is left to those who read everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256

from mcpfence.plan.fence import Fence
from mcpfence.proof.prove import relevant, subjects
from mcpfence.providers import policy_kinds
from mcpfence.reach.evaluation.evaluator import Evaluator
from mcpfence.render.objects import Rendered

_SEPARATOR = b"---\n"
_POLICY = re.compile(rb"apiVersion: [^\n]+\nkind: [A-Za-z]+Policy\nmetadata:\n  name: ")


def may_stand(data: bytes) -> bool:
    """Whether a file may be one policy of ours as it was rendered; told quickly, and of no consequence if it is not."""
    return _POLICY.match(data, len(_SEPARATOR)) is not None and data.startswith(_SEPARATOR) and b"mcpfence.io/" in data


def all_stand(files: Iterable[bytes], rendered: Iterable[Rendered]) -> bool:
    """Whether these files are the rendered policies, all of them and nothing else."""
    kinds = {kind.called for kind in policy_kinds()}
    there = {sha256(data.removeprefix(_SEPARATOR)).digest() for data in files}
    ours = {sha256(item.text.encode()).digest() for item in rendered if item.kind in kinds}
    return there == ours


def stand_alone(fences: Sequence[Fence], others: Evaluator) -> bool:
    """Whether no other policy can change what those of the fences let through, so that their proof holds here too."""
    return not any(relevant(others.selecting(subject)) for fence in fences for subject in subjects(fence))
