"""Known defects of AuthPolicies and of the Secrets that they name."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from mcpfence.findings.finding import Finding
from mcpfence.gateways.kuadrant.objects import GatewayObject, GatewayObjects, items, mapping, strings, text
from mcpfence.patterns import regex

_HEADER = regex(r"request\.headers\[['\"](x-mcp-(?:toolname|promptname))['\"]\]")


def policy_defects(found: GatewayObjects, authorino: str, told: str = "") -> Iterator[Finding]:
    """Defects of every AuthPolicy; `told` is the namespace that a kustomization beside them sets."""
    for policy in found.of("AuthPolicy"):
        yield from _target(found, policy, told)
        yield from _exemption(policy)
        for path, rules in _rules(policy):
            yield from _checks(policy, path, rules)
            for name, source in mapping(rules.get("metadata")).items():
                yield from _secret(found, policy, (f"{path}.metadata.{name}", told), mapping(source), authorino)


def _say(id: str, item: GatewayObject, sentence: str, todo: str) -> Finding:
    return Finding(id, (), sentence, todo, item.title)


def _rules(policy: GatewayObject) -> Iterator[tuple[str, dict[str, object]]]:
    for path in ("", "defaults", "overrides"):
        rules = mapping((mapping(policy.spec.get(path)) if path else policy.spec).get("rules"))
        if rules:
            yield f"spec.{path}.rules" if path else "spec.rules", dict(rules)


def undecided(one: GatewayObject, other: GatewayObject, told: str) -> Finding:
    """Whether two objects lie in one namespace is not known, since one of them names none."""
    nameless = other if not other.placed else one
    sentence = (
        f"whether it and {other.kind} {other.name} lie in one namespace is not known: {nameless.kind} {nameless.name} "
        f"names none, and was taken for {nameless.namespace}"
    )
    advice = f"-n {told}, as the kustomization has it" if told else "-n NAMESPACE, as kustomize or kubectl apply has it"
    return _say("namespace-assumed", one, sentence, f"check again with {advice}")


def _target(found: GatewayObjects, policy: GatewayObject, told: str) -> Iterator[Finding]:
    """A policy holds for objects of its own namespace only."""
    target = mapping(policy.spec.get("targetRef"))
    kind, name = text(target.get("kind")), text(target.get("name"))
    if kind not in ("HTTPRoute", "Gateway") or found.get(kind, policy.namespace, name) is not None:
        return
    if (near := found.unplaced(kind, name, policy)) is not None:
        yield undecided(policy, near, told)
        return
    other = next((one for one in found.of(kind) if one.name == name), None)
    if other is not None:
        sentence = (
            f"it protects nothing: it is for {kind} {name} of its own namespace, and that one is in {other.namespace}"
        )
        yield _say("defect-policy-namespace", policy, sentence, f"put it into namespace {other.namespace}")


def _exemption(policy: GatewayObject) -> Iterator[Finding]:
    """An exemption of a path that any query can claim."""
    for where in (policy.spec, mapping(policy.spec.get("defaults")), mapping(policy.spec.get("overrides"))):
        for one in items(where.get("when")):
            predicate = text(mapping(one).get("predicate"))
            if "request.path.contains(" in predicate.replace(" ", "") and "!" in predicate:
                sentence = "what has that text anywhere in path or query is not checked, /mcp?/.well-known included"
                todo = "write !request.path.startsWith('/.well-known/oauth-protected-resource')"
                yield _say("defect-exemption", policy, sentence, todo)


def _checks(policy: GatewayObject, path: str, rules: dict[str, object]) -> Iterator[Finding]:
    for name, check in mapping(rules.get("authorization")).items():
        fields = mapping(check)
        guards = " ".join(said for _, said in strings(fields.get("when")))
        for where, predicate in strings(mapping(fields.get("patternMatching")).get("patterns")):
            header = _HEADER.search(predicate)
            if header is None:
                continue
            place = f"{path}.authorization.{name}.{where.rpartition('.')[2]}"
            if not any(f"{sign}{header[1]}{sign}" in part for sign in "'\"" for part in (guards, _outside(predicate))):
                sentence = f"{place} reads {header[1]} of every request, and the router's initialize has none"
                todo = f"add when: [{{predicate: \"request.headers.exists(h, h == '{header[1]}')\"}}]"
                yield _say("defect-unguarded", policy, sentence, todo)
            role = "tool:" if header[1] == "x-mcp-toolname" else "prompt:"
            if "roles" in predicate and role not in predicate:
                sentence = f"{place} compares bare names with roles, and roles are called {role}NAME"
                yield _say("defect-role-name", policy, sentence, f"write '{role}' + the header")


def _outside(predicate: str) -> str:
    """A predicate without what indexes a header: a guard of its own is left."""
    return _HEADER.sub("", predicate)


def _secret(
    found: GatewayObjects, policy: GatewayObject, place: tuple[str, str], source: object, authorino: str
) -> Iterator[Finding]:
    """The shared Secret of a call to an identity provider: where it is, and what its value begins with."""
    path, told = place
    http = mapping(mapping(source).get("http"))
    reference = mapping(http.get("sharedSecretRef"))
    name, key = text(reference.get("name")), text(reference.get("key"))
    if not name:
        return
    there = found.get("Secret", authorino, name)
    elsewhere = next((one for one in found.of("Secret") if one.name == name), None)
    if there is None and elsewhere is not None and not elsewhere.placed:
        sentence = f"{path} of {policy.title} names it, and whether it is in namespace {authorino} is not known"
        todo = f"{'the kustomization says ' + told + ': ' if told else ''}Authorino reads Secrets of {authorino} alone"
        yield _say("namespace-assumed", elsewhere, sentence, todo)
    elif there is None and elsewhere is not None:
        sentence = f"{path} of {policy.title} names it, and Authorino reads Secrets of its own namespace"
        yield _say("defect-secret-namespace", elsewhere, sentence, f"make it in namespace {authorino}")
    secret = there or elsewhere
    prefix = text(mapping(mapping(http.get("credentials")).get("authorizationHeader")).get("prefix"))
    if secret is not None and prefix and _value(secret, key).lower().startswith(f"{prefix.lower()} "):
        sentence = f"key {key} begins with the word {prefix}, which {path} of {policy.title} adds once more"
        yield _say("defect-basic-twice", secret, sentence, "write base64 of ID:SECRET alone")


def _value(secret: GatewayObject, key: str) -> str:
    """The beginning of a value, for comparison alone: it is never said."""
    plain = mapping(secret.document.get("stringData")).get(key)
    if isinstance(plain, str):
        return plain[:20]
    coded = text(mapping(secret.document.get("data")).get(key))
    try:
        return base64.b64decode(coded, validate=True)[:20].decode("ascii", "replace")
    except (binascii.Error, ValueError):
        return ""
