"""Explanations of the examples and of catalogs, and what the evaluators say of all their manifests together."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import golden
from helpers import Outcome, run_cli
from mcpfence.documents.reader import load_foreign
from mcpfence.explain.context import View, make_view
from mcpfence.explain.explanation import Asked, Explanation, answer, explain, explanation_of
from mcpfence.explain.verdicts import Verdict
from mcpfence.kube.services import ServiceIndex, index
from mcpfence.net.addresses import ALL
from mcpfence.net.intervals import canonical
from mcpfence.plan.fence import Fence
from mcpfence.reach.evaluation.evaluator import Evaluator
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.system.inputs import read_inputs
from tooling import ROOT

EXAMPLES = golden.examples()


@contextlib.contextmanager
def checkout() -> Iterator[None]:
    """Places in messages are relative to the checkout."""
    before = Path.cwd()
    os.chdir(ROOT)
    try:
        yield
    finally:
        os.chdir(before)


def ask(example: str, *arguments: str) -> Outcome:
    """`mcpfence explain` on an example."""
    files = [word for name in golden.input_files(example) for word in ("-f", name)]
    with checkout():
        return run_cli("explain", *arguments, *files)


@cache
def view_of(example: str) -> View:
    """An example, rendered."""
    with checkout():
        inputs = read_inputs(golden.input_files(example))
    services = index(inputs.documents, "default")
    return make_view(inputs.values, release="mcpfence", namespace="default", services=services)


def fences_of(example: str) -> list[Fence]:
    """The fences of an example whose egress is fenced too."""
    return [fence for fence in view_of(example).fences if fence.kind != "service"]


def explained(raw: Any, name: str) -> Explanation:
    """The explanation of a server of a catalog."""
    found = explain(raw, name, release="demo", namespace="home", services=ServiceIndex())
    assert isinstance(found, Explanation)
    return found


def verdict(
    raw: Any, name: str, *, to: str | None = None, caller: str | None = None, port: str | None = None
) -> Verdict:
    """The one answer to one question."""
    (found,) = answer(explained(raw, name), Asked(to, caller, port))
    return found


def asked(view: View, fence: Fence, **question: str) -> Verdict:
    """The one answer to one question about a fence."""
    (found,) = answer(explanation_of(view, fence), Asked(**question))
    return found


@cache
def everything(example: str) -> Evaluator:
    """All rendered manifests of an example, read by the evaluators at once."""
    view = view_of(example)
    documents = [part for item in view.rendering.objects for part in load_foreign(item.text)]
    pods, api = canonical(view.network.pod_cidrs) or ALL, view.network.api_addresses or ALL
    return Evaluator(read_policies(documents, pod_addresses=pods, api_addresses=api))
