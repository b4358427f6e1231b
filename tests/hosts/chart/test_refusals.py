"""What the chart refuses, with whole sentences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from charting import Charting
from find_helm import Helm
from schema_cases import BAD, GOOD

LONG = "a" * 64


@pytest.fixture
def charting(helm: Helm, tmp_path: Path) -> Charting:
    """The chart under each helm."""
    return Charting(helm, tmp_path)


def _sentences(stderr: str) -> list[str]:
    """The refusals of the chart itself, one a line."""
    head, _, rest = stderr.partition("the values are refused:\n")
    assert head.startswith("Error: execution error at (mcpfence/templates/carrier.yaml:"), stderr
    return [line.removeprefix("- ") for line in rest.partition("\n\n")[0].splitlines()]


def _name(quoted: str) -> str:
    rule = 'at most 63 of a to z, 0 to 9 and "-", beginning and ending with a letter or a digit'
    return f"mcpNamespace.name: {quoted} is no name of a namespace; use {rule}"


def _version(mode: str, version: str) -> str:
    return (
        f'mcpNamespace.podSecurity.{mode}Version: "{version}" is no version; '
        "use latest, or a minor version such as v1.30"
    )


def _level(mode: str, level: str) -> str:
    return (
        f'mcpNamespace.podSecurity.{mode}: "{level}" is no Pod Security level; use privileged, baseline or restricted'
    )


HALF_A_SUBJECT = "rbac.subject: a subject needs kind and name; write both, or leave rbac.subject empty"
SYSTEM = (
    'mcpNamespace.name: "kube-system" is a namespace of Kubernetes itself, and the floor would cut off its pods; '
    "use a namespace of its own for the servers"
)
SAME = (
    "mcpNamespace.name: \"ns\" is also the release's namespace, which exists before the chart's first object "
    "and cannot be created by it; use another name, or set mcpNamespace.create to false"
)
ACCOUNT = (
    'rbac.serviceAccount.name: "Deployer" is no name of a ServiceAccount; '
    'use at most 253 of a to z, 0 to 9, "-" and ".", beginning and ending with a letter or a digit'
)
NOBODY = (
    "rbac.serviceAccount.name: without it, and with rbac.serviceAccount.create false, nobody is named "
    "who gets the Role; set it, or rbac.subject, or set rbac.create to false"
)

REFUSED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "name with capitals": ({"mcpNamespace": {"name": "Tools"}}, [_name('"Tools"')]),
    "name too long": ({"mcpNamespace": {"name": LONG}}, [_name(f'"{LONG}"')]),
    "name with a line of YAML": ({"mcpNamespace": {"name": "a\nkind: Secret"}}, [_name(r'"a\nkind: Secret"')]),
    "system namespace": ({"mcpNamespace": {"name": "kube-system", "create": False}}, [SYSTEM]),
    "the release's namespace": ({"mcpNamespace": {"name": "ns"}}, [SAME]),
    "labels of the chart": (
        {"mcpNamespace": {"labels": {"app.kubernetes.io/part-of": "x", "pod-security.kubernetes.io/warn": "baseline"}}},
        [
            'mcpNamespace.labels: "app.kubernetes.io/part-of" is set by the chart; remove it',
            'mcpNamespace.labels: "pod-security.kubernetes.io/warn" belongs to mcpNamespace.podSecurity; set it there',
        ],
    ),
    "versions": (
        {"mcpNamespace": {"podSecurity": {"enforceVersion": "1.30", "auditVersion": "v1.030", "warnVersion": ""}}},
        [_version("enforce", "1.30"), _version("audit", "v1.030"), _version("warn", "")],
    ),
    "account": ({"rbac": {"serviceAccount": {"name": "Deployer"}}}, [ACCOUNT]),
    "nobody": ({"rbac": {"create": True, "serviceAccount": {"create": False}}}, [NOBODY]),
    "half a subject": ({"rbac": {"subject": {"name": "obot"}}}, [HALF_A_SUBJECT]),
    "namespace of a group": (
        {"rbac": {"subject": {"kind": "Group", "name": "platform", "namespace": "a"}}},
        ["rbac.subject.namespace: a Group has no namespace; remove it"],
    ),
    "several at once": (
        {"mcpNamespace": {"name": "-", "podSecurity": {"warnVersion": "v2"}}, "rbac": {"subject": {"kind": "User"}}},
        [_name('"-"'), _version("warn", "v2"), HALF_A_SUBJECT],
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_values_that_would_do_harm_are_refused(charting: Charting, what: str) -> None:
    """Each refusal says where, what, and what to do, and all of them come at once."""
    values, sentences = REFUSED[what]

    assert _sentences(charting.refusal(values)) == sentences


def test_release_name_with_a_dot_needs_a_namespace(charting: Charting) -> None:
    """Helm allows dots in release names, Kubernetes does not in names of namespaces."""
    sentence = (
        'mcpNamespace.name: its default "team.mcp-mcp" is no name of a namespace, '
        "because the release's name has a dot; set mcpNamespace.name"
    )

    assert _sentences(charting.refusal({}, release="team.mcp")) == [sentence]


@pytest.mark.parametrize("mode", ["enforce", "audit", "warn"])
def test_unknown_pod_security_level(charting: Charting, mode: str) -> None:
    """The schema names the three levels; with schema validation skipped the template does."""
    values = {"mcpNamespace": {"podSecurity": {mode: "strict"}}}
    by_schema = f"- at '/mcpNamespace/podSecurity/{mode}': value must be one of 'privileged', 'baseline', 'restricted'"

    assert by_schema in charting.refusal(values)
    assert _sentences(charting.refusal(values, "--skip-schema-validation")) == [_level(mode, "strict")]


def test_deleted_levels_are_no_levels(charting: Charting) -> None:
    """podSecurity deleted with null does not quietly leave the namespace without labels."""
    sentences = [text for mode in ("enforce", "audit", "warn") for text in (_level(mode, ""), _version(mode, ""))]

    assert _sentences(charting.refusal({"mcpNamespace": {"podSecurity": None}})) == sentences


def test_helm_accepts_what_the_schema_accepts(charting: Charting) -> None:
    """Helm's own engine and the template are content with every good document."""
    for values in GOOD.values():
        assert charting.template(values)


def test_helm_refuses_what_the_schema_refuses(charting: Charting) -> None:
    """Helm's own engine refuses every bad document, and names the place as the Python engines do."""
    for what, (values, path, _) in BAD.items():
        if what in {"global belongs to the chart alone", "null instead of a client"}:
            continue  # Helm adds the first one itself, and drops a null before it validates.
        stderr = charting.refusal(values)
        pointer = "/" + path.replace("['", "/").replace("']", "").replace("[", "/").replace("]", "").replace(".", "/")
        slashes = pointer.replace("argocd/argoproj/io/sync-wave", "argocd.argoproj.io~1sync-wave").removesuffix("/")
        assert f"at '{slashes}" in stderr, what


def test_global_of_a_parent_is_accepted(charting: Charting) -> None:
    """Whatever a parent chart shares, it is no unknown key."""
    assert charting.template({"global": {"imageRegistry": "registry.example.com", "x": [1]}})
