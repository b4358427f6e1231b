"""The guard's keys: who may write policies, what becomes of requests by others, and of pods that nothing declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from mcpfence.catalog.fields import has_template, read_name
from mcpfence.findings.finding import Collector, Path, quote
from mcpfence.structs import Struct

Raw = Mapping[str, Any]

Mode = Literal["deny", "warn", "audit"]

_EVERYBODY = ("system:authenticated", "system:unauthenticated", "system:serviceaccounts")
"""Groups of which every pod's account is one, or could be."""


class Writers(Struct):
    """Who may write the fenced namespaces' policies, as the API server knows them; both sorted."""

    users: tuple[str, ...]
    groups: tuple[str, ...]


class Guard(Struct):
    """What the API server is to refuse (`deny`), or to tell (`warn`, `audit`), and to whom it does not apply."""

    writers: Writers
    mode: Mode = "deny"
    pods: Literal["refuse", "warn", "off"] = "refuse"


def read_guard(raw: Raw, namespace: str, out: Collector) -> Guard:
    """The guard of a catalog that asks for one; `namespace` is that of the servers."""
    path: Path = ("guard", "writers")
    users: set[str] = set()
    groups: set[str] = set()
    for i, subject in enumerate(raw.get("writers") or ()):
        name = _writer(subject, namespace, (*path, i), out)
        (groups if subject["kind"] == "Group" else users).add(name)
    if not raw.get("writers"):
        sentence = "names nobody, so not even the next upgrade could change the policies"
        todo = "list who runs helm or applies the manifests: {kind: User, Group or ServiceAccount, name, namespace}"
        out.add("guard-writers", path, sentence, todo)
    pods = raw.get("pods", "refuse")
    return Guard(
        writers=Writers(tuple(sorted(users)), tuple(sorted(groups))),
        mode=raw.get("mode", "deny"),
        pods="off" if pods is False else pods,
    )


def _writer(subject: Raw, fenced: str, path: Path, out: Collector) -> str:
    """The name by which the API server knows one writer."""
    kind, name, namespace = subject["kind"], subject["name"], subject.get("namespace")
    if not name.strip():
        out.add("guard-writers", (*path, "name"), "names nobody", "write the name, or remove the entry")
    has_template(name, (*path, "name"), out)
    if kind != "ServiceAccount":
        if namespace is not None:
            todo = "remove it, or write kind: ServiceAccount"
            out.add("guard-writers", (*path, "namespace"), f"a {kind} has no namespace", todo)
        if kind == "Group" and name in (*_EVERYBODY, f"system:serviceaccounts:{fenced}"):
            sentence = f"{quote(name)} are all pods' accounts, or everybody, so the guard would stop nobody"
            out.add("guard-writers", path, sentence, "name those who run helm or apply the manifests")
        return str(name)
    if namespace is None:
        sentence = "a ServiceAccount without its namespace is nobody"
        out.add("guard-writers", path, sentence, "write namespace, too")
        return str(name)
    read_name(namespace, (*path, "namespace"), "the namespace", out)
    if namespace == fenced:
        sentence = f"pods of the servers' own namespace can run as {name}, and whoever is in one could open the fences"
        out.add("guard-writer-inside", path, sentence, "name an account of another namespace")
    return f"system:serviceaccount:{namespace}:{name}"
