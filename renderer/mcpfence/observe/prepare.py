"""The step before a catalog is enforced: the objects of its render in the form that shows and denies nothing.

That they deny nothing is proven before they are printed, by the judge of every render.  Why this is no key of the
catalog: docs/decisions/0010-audit-is-a-step.md.
"""

from __future__ import annotations

from collections.abc import Iterator

from mcpfence.documents.reader import load_foreign
from mcpfence.documents.writer import Document, Writer
from mcpfence.explain.context import View
from mcpfence.findings.finding import fail
from mcpfence.proof.prove import box_of
from mcpfence.providers import NETWORK_POLICY
from mcpfence.providers.contract import AuditForm, enforced_kinds
from mcpfence.reach.evaluation.evaluator import Evaluator, Subject
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.reach.flows import flows

LABEL = "mcpfence.io/audit"
"""On every object that this prints, beside the labels of the enforced one."""


def audit_form(view: View) -> AuditForm:
    """How the catalog's provider shows what it would deny; raises McpfenceError where it cannot."""
    form = view.provider.audit
    if form is None:
        name = view.provider.name
        sentence = f"{name} has no form of a policy that shows what it would deny and denies nothing"
        todo = (
            "collect flows of today (docs/observe.md), then enforce one server after the other, each in the catalog "
            "once mcpfence observe has nothing against it, and read what is denied already"
        )
        raise fail("observe-prepare", sentence, todo, path=("egress", "provider"))
    return form


def audit_objects(view: View, form: AuditForm) -> list[Document]:
    """The objects in that form, in the order of the render; raises McpfenceError where none has one."""
    found = [form.convert(document) for document in _policies(view, form)]
    if not found:
        sentence = (
            f"no server or workload has an object of {view.provider.name}, and NetworkPolicies have no audit form"
        )
        raise fail("observe-prepare", sentence, "enforce these servers one after the other", path=("servers",))
    _prove(view, found)
    return [_labelled(document) for document in found]


def _prove(view: View, documents: list[Document]) -> None:
    """Raises McpfenceError where the objects, as the judge reads them, surely deny the catalog's pods something."""
    found = read_policies(documents)
    evaluator = Evaluator(found)
    for fence in view.fences:
        subjects = [Subject(fence.namespace, box_of(selector)) for selector in fence.selectors]
        reaches = [evaluator.reach(one, direction).most for one in subjects for direction in ("egress", "ingress")]
        if found.problems or not all(flows.within(flows.EVERYTHING, reach) for reach in reaches):
            sentence = f"{fence.title} would be denied something by the objects of this step, and nothing was printed"
            raise fail("observe-prepare", sentence, "please report it", path=("egress", "provider"))


def audit_text(documents: list[Document]) -> str:
    """The objects as YAML documents, behind a comment that says what they are not."""
    writer = Writer()
    head = "# Nothing is fenced by these objects: they show what mcpfence's policies would deny.\n"
    return head + "".join(f"---\n{writer.write(document)}" for document in documents)


def where_it_shows(form: AuditForm) -> str:
    """Where the engine shows what would be denied, and what is not among the objects."""
    return form.shows if form.network_policies else f"{form.shows}; NetworkPolicies have no such form and are left out"


def _policies(view: View, form: AuditForm) -> Iterator[Document]:
    kinds = enforced_kinds(view.provider)
    if form.network_policies:
        kinds |= {(NETWORK_POLICY.group, NETWORK_POLICY.kind)}
    for item in view.rendering.objects:
        (document,) = load_foreign(item.text)
        if (document["apiVersion"].rpartition("/")[0], document["kind"]) in kinds:
            yield document


def _labelled(document: Document) -> Document:
    metadata = document["metadata"]
    return {**document, "metadata": {**metadata, "labels": {**metadata["labels"], LABEL: "true"}}}
