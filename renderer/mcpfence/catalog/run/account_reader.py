"""The ServiceAccount of a server that runs: its annotations, and what it may do at the API server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mcpfence.catalog.fields import read_name
from mcpfence.catalog.model import Server
from mcpfence.catalog.run.model import Account
from mcpfence.catalog.run.rights import around, undone
from mcpfence.findings.finding import Collector, Path

Raw = Mapping[str, Any]

_GROWING = ("bind", "escalate", "impersonate")
"""Verbs by which rights grow beyond the rules (Kubernetes' documentation, "RBAC Good Practices")."""


def read_account(run: Raw, server: Server, check_text: Callable[[str, Path], None], out: Collector) -> Account:
    """The account of a server by its `run` key; `check_text` refuses what looks like a secret."""
    written: Raw = run.get("serviceAccount") or {}
    path = (*server.path, "run", "serviceAccount")
    rules = tuple(written.get("rules") or ())
    token = server.egress.kubernetes_api
    if rules and not token:
        sentence = "the server cannot reach the API server that they are for"
        todo = "write egress.kubernetesAPI: true, or remove the rules"
        out.add("run-rules", (*path, "rules"), sentence, todo)
    for i, rule in enumerate(rules):
        _check_rule(rule, (*path, "rules", i), out)
    for i, name in enumerate(written.get("namespaces") or ()):
        read_name(name, (*path, "namespaces", i), "the namespace", out)
    annotations = tuple(sorted((written.get("annotations") or {}).items()))
    for key, text in annotations:
        check_text(text, (*path, "annotations", key))
    return Account(
        annotations=annotations,
        rules=tuple({key: sorted(set(rule[key])) for key in rule} for rule in rules),
        namespaces=tuple(sorted(set(written.get("namespaces") or ()))) if rules else (),
        token=token,
    )


def _check_rule(rule: Mapping[str, Sequence[str]], path: Path, out: Collector) -> None:
    for key in ("apiGroups", "resources", "verbs"):
        if "*" in "".join(rule[key]) or not rule[key]:
            sentence = f"{key} {'has a *' if rule[key] else 'is empty'}"
            todo = "list what the server needs" + ("; with * it could read every Secret" if rule[key] else "")
            out.add("run-rules", (*path, key), sentence, todo)
    for key, texts in rule.items():
        if (key == "resourceNames" and not texts) or (key != "apiGroups" and "" in texts):
            sentence = f"{key} {'names nothing' if texts else 'is empty, which stands for every name'}"
            out.add("run-rules", (*path, key), sentence, "write names, or remove the key")
    for verb in sorted({verb.lower() for verb in rule["verbs"]} & set(_GROWING)):
        sentence = f"with {verb} the server could give itself further rights"
        out.add("run-rules", (*path, "verbs"), sentence, "write the rights that it needs instead")
    changes = undone(rule)
    if changes:
        sentence = f"with {changes} the server could undo its own fence"
        out.add(
            "run-rules", (*path, "resources"), sentence, "leave it get, list and watch of policies, or none of them"
        )
    for rights, what in around(rule):
        todo = "remove it unless that is what the server is for"
        out.add("run-rules-around", (*path, "resources"), f"with {rights} {what}", todo)
    if any(resource.partition("/")[0] == "secrets" for resource in rule["resources"]):
        sentence = "a server that a language model steers may read or change Secrets"
        out.add("run-rules-secrets", (*path, "resources"), sentence, "remove secrets unless that is what it is for")
