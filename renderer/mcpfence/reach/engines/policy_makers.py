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
    definitions      the definition of a kind with a program, or with defaults, that change what objects say
    removal          what takes policies out of the cluster: Kyverno's cleanup and deleting policies

Text that nothing is known to apply (a script, a chart's values) is nobody's policy.  Nor is what only names kinds: the
definition of one, a report about policies, a project of Argo CD.
"""

from __future__ import annotations

from mcpfence.patterns import regex
from mcpfence.reach.documents.objects import Object
from mcpfence.reach.engines.admission_rules import RULE_KINDS, rules_match_policies
from mcpfence.reach.engines.applied_texts import plain_text
from mcpfence.reach.engines.definitions import defines_changes
from mcpfence.reach.engines.document_parts import PARTS, parts_of
from mcpfence.reach.engines.maker_kinds import (
    ACLS,
    APPLIED_TYPES,
    DEFINITIONS,
    GIVERS,
    INTENTS,
    MUTATORS,
    NAMES_ONLY,
    OVERRIDES,
    OWN_GROUPS,
    PACKED,
    REMOVERS,
    TEXTS,
    UNDER,
    VALUES,
)
from mcpfence.reach.engines.mutations import CHANGES, SPEC_WORDS, mutates, overrides, removes
from mcpfence.reach.engines.policy_words import is_manifest_of_policy, is_policy, policy_resources, speaks_of_a_policy

MAKES, _REMOVES = "make policies for pods", "remove policies"


def done_to_policies(one: Object) -> str:
    """What something may do with policies because of an object, as words before "of any namespace"; empty for nothing.

    A rule that names the kind to look at it (`match`) makes none: what is made has a kind and a content of its own.
    """
    kind, found = (one.group, one.kind), one.document.get("spec")
    spec = found if isinstance(found, dict) else {}
    if kind in NAMES_ONLY:
        return CHANGES if kind == DEFINITIONS and defines_changes(spec) else ""
    if kind in RULE_KINDS and rules_match_policies(one, policy_resources()):
        return CHANGES
    if kind in OVERRIDES and overrides(spec):
        return CHANGES
    if kind in MUTATORS and (does := mutates(spec)):
        return does
    if kind in REMOVERS and removes(spec):
        return _REMOVES
    if kind in ACLS and any(_permits(spec.get(key)) for key in ACLS[kind]):
        return "select pods"
    return MAKES if _makes(one, spec) else ""


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
    for _ in range(PARTS):
        if not stack:
            return False
        part = stack.pop()
        if isinstance(part, dict):
            kind = part.get("kind")
            if isinstance(kind, str) and len(part) > 1:
                filled = ("{{" in kind or "${" in kind) and (templated or "apiVersion" in part)
                if filled or is_policy(kind):
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
    for key, part in parts_of(one.document):
        if key is None and part is None:
            return True  # more parts than are looked at
        if isinstance(part, dict) and part.get("encoding") and isinstance(part.get("content"), str):
            return True
        if isinstance(part, str) and only in (None, key) and speaks_of_a_policy(plain_text(one, part)):
            return True
    return False


def _is_kubernetes_own(group: str) -> bool:
    return group in OWN_GROUPS or group.endswith(".k8s.io")


_VERSION = regex(r"\bapiVersion[\"']?\s*[:=]")
_SCRIPTS = ("args", "command", "script")
"""Keys of scripts, which no controller takes for manifests."""


def _shows_manifest(one: Object) -> bool:
    """Whether a text in a document is the whole manifest of a policy: kind, API version, and what it says."""
    for key, part in parts_of(one.document):
        if key is None and part is None:
            return True  # more parts than are looked at
        if not isinstance(part, str) or key in _SCRIPTS or not _VERSION.search(part):
            continue
        if SPEC_WORDS.search(part) and is_manifest_of_policy(part):
            return True
    return False


def _copies(clone: object) -> bool:
    """Whether Kyverno copies policies: kinds as `group/version/Kind`."""
    kinds = clone.get("kinds") if isinstance(clone, dict) else None
    names = [kind for kind in kinds if isinstance(kind, str)] if isinstance(kinds, list) else []
    return any(is_policy(kind.rpartition("/")[2]) or "*" in kind for kind in names)


def _gives(listed: object) -> bool:
    """Whether what stands there is policies, or names them among the resources to be copied."""
    if not isinstance(listed, list):  # Capsule's, a mapping with `items`
        return bool(listed)
    return any(isinstance(entry, dict) and entry.get("resource") in policy_resources() for entry in listed)


def _permits(rules: object) -> bool:
    """Whether a list of Kube-OVN's rules has one that lets something through."""
    found = [rule for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []
    return any(str(rule.get("action") or rule.get("policy")).startswith("allow") for rule in found)
