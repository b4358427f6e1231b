"""Documents that are no policies and of which somebody makes some, or changes those that are there.

    objects          a document that holds a policy as an object: Kyverno's `generate`, Work, ManifestWork, Crossplane's
                     Object, kro's templates, `mutate.targets`
    specs            a document that holds what a policy says without its kind: Capsule's Tenant
    kinds            a document that names policies to be copied: Kyverno's `cloneList`, HNC's configuration
    text             manifests as text, where a controller is documented to apply it (TEXTS), or, if they are whole, in
                     any kind that is not Kubernetes' own
    intents          what an operator makes policies of, whatever it says: Otterize's ClientIntents
    mutation         what rewrites policies on their way into the cluster: Kyverno's `mutate`, MutatingPolicy,
                     MutatingAdmissionPolicy, Gatekeeper's Assign and ModifySet, Karmada's overrides, webhooks; and what
                     gives pods the host's or further networks, for which no policy holds
    removal          what takes policies out of the cluster: Kyverno's cleanup and deleting policies

Text that nothing is known to apply (a script, a chart's values) is nobody's policy.  Nor is what only names kinds: the
definition of one, a report about policies, a project of Argo CD.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from functools import cache

from mcpfence.patterns import regex
from mcpfence.reach.documents.further_networks import FURTHER_NETWORKS
from mcpfence.reach.documents.objects import Object
from mcpfence.reach.engines import all_engines
from mcpfence.reach.engines.admission_rules import RULE_KINDS, rules_match_policies
from mcpfence.reach.engines.kustomizations import KUSTOMIZE_KINDS, changes_policies
from mcpfence.reach.engines.maker_kinds import (
    ACLS,
    APPLIED_TYPES,
    GIVERS,
    INTENTS,
    MUTATORS,
    NAMES_ONLY,
    OF_ALL_NAMESPACES,
    OVERRIDES,
    OWN_GROUPS,
    PACKED,
    REFERRERS,
    REMOVERS,
    TEXTS,
    UNDER,
    VALUES,
)

STAGED = "Staged"
"""Staged policies, as one engine has them, change nothing until they are made real."""

_HIDDEN = regex(r"\bkind[\"']?\s*:\s*(?:!|[\"'][^\"'\n]*\\)")
"""A kind in escapes or behind a tag: what it says is not ours to guess."""
_SPEC_WORDS = regex(r"\b(?:egress|ingress|podSelector|policyTypes)\b")

_PARTS = 200_000
"""How many parts of one document are looked at; what is larger may hold anything."""


@cache
def policy_endings() -> tuple[str, ...]:
    """How the kinds end that are policies whoever makes them: those that engines read, and those called alike."""
    read = {kind for engine in all_engines().values() for _, kind in engine.kinds}
    return tuple(sorted({"NetworkPolicy", "EgressFirewall", *(kind for kind in read if kind.endswith("Policy"))}))


@cache
def _resources() -> frozenset[str]:
    """The same as rules of admission name them: `networkpolicies`."""
    return frozenset(
        f"{kind[:-1]}ies".lower() if kind.endswith("y") else f"{kind}s".lower() for kind in policy_endings()
    )


@cache
def _kind_in_text() -> re.Pattern[str]:
    """A policy's kind in the text of a manifest, in YAML, JSON or CEL."""
    return re.compile(rf"\bkind[\"']?\s*[:=]\s*(?:dyn\()?[\"']?\w*(?:{'|'.join(policy_endings())})\b")


_MAKES, _CHANGES, _REMOVES = "make policies for pods", "change policies", "remove policies"


def done_to_policies(one: Object) -> str:
    """What something may do with policies because of an object, as words before "of any namespace"; empty for nothing.

    A rule that names the kind to look at it (`match`) makes none: what is made has a kind and a content of its own.
    """
    kind, found = (one.group, one.kind), one.document.get("spec")
    spec = found if isinstance(found, dict) else {}
    if kind in NAMES_ONLY:
        return ""
    if kind in RULE_KINDS and rules_match_policies(one, _resources()):
        return _CHANGES
    if kind in KUSTOMIZE_KINDS:
        return _CHANGES if changes_policies(one.document, _is_manifest_of_policy, _is_policy) else ""
    if kind in OVERRIDES and _overrides(spec):
        return _CHANGES
    if kind in MUTATORS and (does := _mutates(spec)):
        return does
    if kind in REMOVERS and _removes(spec):
        return _REMOVES
    if kind in ACLS and any(_permits(spec.get(key)) for key in ACLS[kind]):
        return "select pods"
    return _MAKES if _makes(one, spec) else ""


def _makes(one: Object, spec: dict[str, object]) -> bool:
    """Whether something may make a policy of what an object holds or says."""
    kind = (one.group, one.kind)
    if kind in INTENTS or (kind in GIVERS and _gives(spec.get(GIVERS[kind]))):
        return True
    if kind in PACKED and (one.document.get(PACKED[kind]) or spec.get(PACKED[kind])):
        return True
    if _holds(one.document, templated=one.group == "kyverno.io"):
        return True
    if kind in TEXTS or (kind == ("", "Secret") and one.document.get("type") in APPLIED_TYPES):
        return _says(one)
    return not _is_kubernetes_own(one.group) and kind not in VALUES and _shows_manifest(one)


def _holds(document: dict[str, object], *, templated: bool) -> bool:
    """Whether a policy stands in a document as an object, or as what is to be copied; most documents hold none."""
    stack: list[object] = [part for key, part in document.items() if key not in ("metadata", "items", "status")]
    for _ in range(_PARTS):
        if not stack:
            return False
        part = stack.pop()
        if isinstance(part, dict):
            kind = part.get("kind")
            if isinstance(kind, str) and len(part) > 1:
                filled = ("{{" in kind or "${" in kind) and (templated or "apiVersion" in part)
                if filled or _is_policy(kind):
                    return True
            if templated and _copies(part.get("cloneList")):
                return True
            stack.extend(part.values())
        elif isinstance(part, list):
            stack.extend(part)
    return True


def _says(one: Object) -> bool:
    """Whether a text in a document is the manifest of a policy, or is packed and may be one."""
    only = UNDER.get((one.group, one.kind))
    for key, part in _parts(one.document):
        if key is None and part is None:
            return True  # more parts than are looked at
        if isinstance(part, dict) and part.get("encoding") and isinstance(part.get("content"), str):
            return True
        if isinstance(part, str) and only in (None, key) and speaks_of_a_policy(_plain(one, part)):
            return True
    return False


def _is_kubernetes_own(group: str) -> bool:
    return group in OWN_GROUPS or group.endswith(".k8s.io")


def _is_manifest_of_policy(text: str) -> bool:
    return _kind_in_text().search(text) is not None or _HIDDEN.search(text) is not None


_VERSION = regex(r"\bapiVersion[\"']?\s*[:=]")
_SCRIPTS = ("args", "command", "script")
"""Keys of scripts, which no controller takes for manifests."""


def _shows_manifest(one: Object) -> bool:
    """Whether a text in a document is the whole manifest of a policy: kind, API version, and what it says."""
    for key, part in _parts(one.document):
        if key is None and part is None:
            return True  # more parts than are looked at
        if not isinstance(part, str) or key in _SCRIPTS or not _VERSION.search(part):
            continue
        if _SPEC_WORDS.search(part) and _kind_in_text().search(part):
            return True
    return False


Applied = frozenset[tuple[str, str, str]]
"""ConfigMaps and Secrets whose text something applies, by kind, namespace (empty: of any) and name."""


def is_applied(one: Object, namespace: str, named: Applied) -> bool:
    """Whether something applies the text of an object; `namespace`: of one that names none."""
    where = one.namespace or namespace
    return bool(named) and bool(named & {(one.kind, where, one.name), (one.kind, "", one.name)})


def applied(objects: Iterable[Object], namespace: str) -> Applied:
    """What is named by those that apply text; `namespace`: of objects that name none."""
    found = set()
    for one in objects:
        key = REFERRERS.get((one.group, one.kind))
        spec = one.document.get("spec")
        below = spec.get("profileSpec", spec) if isinstance(spec, dict) else None
        listed = below.get(key) if key is not None and isinstance(below, dict) else None
        for reference in listed if isinstance(listed, list) else ():
            if isinstance(reference, dict) and isinstance(reference.get("name"), str):
                where = reference.get("namespace")
                beside = one.namespace or namespace if one.kind not in OF_ALL_NAMESPACES else ""
                found.add(
                    (
                        str(reference.get("kind") or "Secret"),
                        where if isinstance(where, str) else beside,
                        reference["name"],
                    )
                )
    return frozenset(found)


def holds_policy_text(one: Object) -> bool:
    """Whether the data of a ConfigMap or Secret speak of a policy; data in another form may hold one."""
    if one.document.get("binaryData"):
        return True
    for key in ("data", "stringData"):
        data = one.document.get(key)
        for value in data.values() if isinstance(data, dict) else ():
            text = value if isinstance(value, str) else ""
            if speaks_of_a_policy(_plain(one, text) if key == "data" else text):
                return True
    return False


def speaks_of_a_policy(text: str) -> bool:
    """Whether a text holds the manifest of a policy, in YAML, JSON or CEL, or may hide one."""
    if _kind_in_text().search(text) or _HIDDEN.search(text):
        return True
    return any(word in text for word in _resources()) and "resource." in text


def _plain(one: Object, text: str) -> str:
    """The text of a Secret's value out of base64."""
    if (one.group, one.kind) != ("", "Secret"):
        return text
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "replace")
    except ValueError:  # what base64 raises is one, too
        return text


def _is_policy(kind: str) -> bool:
    return kind.endswith(policy_endings()) and not kind.startswith(STAGED)


def _copies(clone: object) -> bool:
    """Whether Kyverno copies policies: kinds as `group/version/Kind`."""
    kinds = clone.get("kinds") if isinstance(clone, dict) else None
    names = [kind for kind in kinds if isinstance(kind, str)] if isinstance(kinds, list) else []
    return any(_is_policy(kind.rpartition("/")[2]) or "*" in kind for kind in names)


def _gives(listed: object) -> bool:
    """Whether what stands there is policies, or names them among the resources to be copied."""
    if not isinstance(listed, list):  # Capsule's, a mapping with `items`
        return bool(listed)
    return any(isinstance(entry, dict) and entry.get("resource") in _resources() for entry in listed)


def _mutates(spec: dict[str, object]) -> str:
    """What a mutation does if it is for policies, for every kind and speaks of what policies have, or opens pods."""
    rules = spec.get("rules")
    parts = [rule for rule in rules if isinstance(rule, dict) and rule.get("mutate")] if isinstance(rules, list) else []
    for part in parts if isinstance(rules, list) else [spec]:
        named = _named(part)
        if any(map(_names_policies, named)):
            return _CHANGES
        if any(map(_names_everything, named)) and any(_SPEC_WORDS.search(text) for text in _words(part)):
            return _CHANGES
        if _opens_pods(part):
            return "give networks that no policy holds for to pods"
    return ""


def _overrides(spec: dict[str, object]) -> bool:
    """Whether what rewrites everything speaks of what policies have; what names its kinds holds them as objects."""
    return not spec.get("resourceSelectors") and any(_SPEC_WORDS.search(text) for text in _words(spec))


def _permits(rules: object) -> bool:
    """Whether a list of Kube-OVN's rules has one that lets something through."""
    found = [rule for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []
    return any(str(rule.get("action") or rule.get("policy")).startswith("allow") for rule in found)


_NETWORKS = regex(rf"hostNetwork(?![\"']?\s*:\s*false)|{'|'.join(map(re.escape, FURTHER_NETWORKS))}")


def _opens_pods(part: dict[str, object]) -> bool:
    """Whether a mutation speaks of the host's network or of further ones, and does not merely say no to the former."""
    for _, below in _parts(part):
        if isinstance(below, str) and _NETWORKS.search(below):
            return True
        keys = [str(key) for key, value in below.items() if value is not False] if isinstance(below, dict) else []
        if any(map(_NETWORKS.search, keys)):
            return True
    return False


def _removes(spec: dict[str, object]) -> bool:
    """Whether what is removed may be policies."""
    return any(_names_policies(name) or _names_everything(name) for name in _named(spec))


def _named(part: dict[str, object]) -> set[str]:
    """The kinds that something is for, as Kyverno or as rules of admission name them."""
    return {text for key, text in _strings(part) if key in ("kinds", "resources")}


def _names_policies(name: str) -> bool:
    kind = name.rpartition("/")[2]
    if _is_policy(kind) or name.partition("/")[0] in _resources():
        return True
    return kind != "*" and any(fnmatchcase(policy, kind) for policy in policy_endings())


def _names_everything(name: str) -> bool:
    return name.rpartition("/")[2] == "*"


def _parts(document: dict[str, object]) -> Iterator[tuple[str | None, object]]:
    """Every part of a document with the key that it stands under; at last (None, None) where there are too many."""
    stack: list[tuple[str | None, object]] = [
        (str(key), part) for key, part in document.items() if key not in ("metadata", "items", "status")
    ]
    for _ in range(_PARTS):
        if not stack:
            return
        key, part = stack.pop()
        if part is not None:
            yield key, part
        if isinstance(part, dict):
            stack.extend((str(inner), below) for inner, below in part.items())
        elif isinstance(part, list):
            stack.extend((key, below) for below in part)
    yield None, None


def _strings(value: dict[str, object]) -> Iterator[tuple[str | None, str]]:
    for key, part in _parts(value):
        if isinstance(part, str):
            yield key, part


def _words(value: dict[str, object]) -> Iterator[str]:
    """Every string and every key below a value."""
    for _, part in _parts(value):
        if isinstance(part, str):
            yield part
        elif isinstance(part, dict):
            yield from map(str, part)
