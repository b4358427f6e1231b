"""Catalogs that mean harm or are odd: no secret in clear, no Service that leads elsewhere, no fault of our own."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from mcpfence.catalog.digest import digest
from mcpfence.findings.finding import McpfenceError
from mcpfence.streams.post_render import Given, post_render
from running.runs import CATALOG, changed, objects, refusals

SECRET = "s3cr3tVALUE99"  # noqa: S105 - the one that is looked for

Raw = dict[str, Any]


def _arguments(*texts: str) -> Raw:
    return changed("notes", containerizedConfig={"image": "a:1", "args": list(texts)})


def _defaults(**keys: Any) -> Raw:
    return {**CATALOG, "mcpServerDefaults": keys}


IN_CLEAR: dict[str, Raw] = {
    "a token before the host of a package": changed(
        "fetch", uvxConfig={"package": f"git+https://{SECRET}@example.com/a"}
    ),
    "a password in a command": changed(
        "fetch", uvxConfig={"package": "a==1.2.3", "command": f"https://u:{SECRET}@b/c"}
    ),
    "a token before a host": _arguments("--url", f"https://{SECRET}@example.com/"),
    "an option with a value": _arguments(f"--api-key={SECRET}"),
    "an option before a value": _arguments("--token", SECRET),
    "a header": _arguments("--header", f"X-Api-Key: {SECRET}"),
    "a short bearer": _arguments("--header", f"Authorization: Bearer {SECRET}"),
    "an assignment in a shell": changed(
        "notes", containerizedConfig={"image": "a:1", "command": ["sh", "-c", f"API_KEY={SECRET} exec server"]}
    ),
    "a variable with a dot": changed("notes", env=[{"key": "api.key", "value": SECRET}]),
    "a key": changed("notes", env=[{"key": "SEARCH_KEY", "value": SECRET}]),
    "a password": changed("notes", env=[{"key": "DB_PWD", "value": SECRET}]),
    "a header in a variable": changed("notes", env=[{"key": "AUTHORIZATION", "value": SECRET}]),
    "a webhook": changed("notes", env=[{"key": "HOOK", "value": f"https://hooks.slack.com/services/T/B/{SECRET}"}]),
    "an image with a password": changed("notes", containerizedConfig={"image": f"u:{SECRET}@r.example.com/a:1"}),
    "a base image with a password": _defaults(image=f"u:{SECRET}@r.example.com/a:1"),
    "a bridge with a header": _defaults(
        bridge={"npx": ["b", f"Authorization: Bearer {SECRET}", "{port}", "{command}"]}
    ),
    "an annotation": changed("notes", run={"serviceAccount": {"annotations": {"a/b": f"https://u:{SECRET}@c"}}}),
    "a value in the place of a Secret's name": changed(
        "notes", env=[{"key": "A", "secretKeyRef": {"name": f"a {SECRET}", "key": f"b {SECRET}"}}]
    ),
    "a value in the place of a variable's name": changed("notes", env=[{"key": f"A={SECRET}", "value": "b"}]),
}


@pytest.mark.parametrize("what", IN_CLEAR)
def test_no_secret_in_clear(what: str) -> None:
    """It is refused, and the message does not repeat it."""
    found = refusals(IN_CLEAR[what])

    assert found
    assert [message for message in found if SECRET in message] == []


@pytest.mark.parametrize(
    "texts",
    [
        ("--url", "https://$(USER):$(TOKEN)@example.com/"),
        ("--header", "Authorization: Bearer $(TOKEN)"),
        ("--api-key", "$(KEY)"),
        ("--api-key=$(KEY)",),
        ("--max-tokens", "4096"),
        ("--token-file", "/files/token"),
        ("--token", "--verbose"),
        ("--token-endpoint=https://id.example.com/token",),
        ("git+ssh://git@example.com/a",),
    ],
    ids=" ".join,
)
def test_arguments_that_hold_no_secret(texts: tuple[str, ...]) -> None:
    """References to variables, numbers, paths and switches pass."""
    assert refusals(_arguments(*texts)) == []


def test_a_very_long_argument() -> None:
    """What looks for secrets takes time in proportion to the text."""
    assert refusals(_arguments("a=" * 500_000)) == []


@pytest.mark.parametrize(
    "resources",
    [
        {"requests": "x"},
        {"requests": 1.5},
        {"requests": ["a"]},
        {"requests": None},
        {"limits": {"cpu": None}},
        {"limits": {"cpu": ["a"]}},
        {"limits": {"cpu": True}},
        {"limits": {"cpu": "-1"}},
        {"limits": {"cpu": "lots"}},
        {"claims": [None]},
    ],
    ids=str,
)
def test_odd_resources(resources: Raw) -> None:
    """Resources that no pod has are one error, in the defaults and at a server, and no fault of our own."""
    alone = refusals(changed("notes", run={"resources": resources}))

    assert len(alone) == 1
    assert alone[0].startswith("servers.notes.run.resources.")
    assert alone[0].endswith(" [type]")
    assert len(refusals(_defaults(resources=resources))) == 1


def test_amounts_stay_as_they_are() -> None:
    """Amounts that are numbers become the text that helm makes of them; none is rounded."""
    limits = {"cpu": 0.1234567, "memory": 1_000_000_000, "ephemeral-storage": "1Gi"}
    found = objects(changed("notes", run={"resources": {"limits": limits}}))
    container = found["Deployment", "notes"]["spec"]["template"]["spec"]["containers"][0]

    assert container["resources"]["limits"] == {"cpu": "0.1234567", "memory": "1000000000", "ephemeral-storage": "1Gi"}


@pytest.mark.parametrize("number", [1.5, 2**60, -(2**60)])
def test_numbers_that_do_not_stay(number: float) -> None:
    """1.10 would become 1.1, and a large number another one on its way through helm."""
    assert refusals(changed("notes", containerizedConfig={"image": "a:1", "args": [number]})) == [
        "servers.notes.containerizedConfig.args[0]: is a number that does not stay as it is written; put it in quotes [type]"
    ]


def test_a_service_leads_to_its_own_pod_alone() -> None:
    """A Service cannot exclude labels, so one of a server whose selector does also asks for the server's own label."""
    catalog = changed(
        "notes",
        podSelector={"matchLabels": {"tier": "a"}, "matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]},
    )
    catalog["servers"]["fetch"]["podSelector"] = {"tier": "a", "app": "fetch"}
    found = objects(catalog)
    other = found["Deployment", "fetch"]["spec"]["template"]["metadata"]["labels"]

    assert not found["Service", "notes"]["spec"]["selector"].items() <= other.items()
    assert not found["Deployment", "notes"]["spec"]["selector"]["matchLabels"].items() <= other.items()


@pytest.mark.parametrize(
    "expression",
    [
        {"key": "app.kubernetes.io/part-of", "operator": "DoesNotExist"},
        {"key": "mcpfence.io/server", "operator": "NotIn", "values": ["notes"]},
    ],
    ids=str,
)
def test_selector_that_excludes_our_labels(expression: Raw) -> None:
    """It is said what is wrong, rather than that mcpfence were at fault."""
    selector = {"matchLabels": {"app": "notes"}, "matchExpressions": [expression]}

    assert refusals(changed("notes", podSelector=selector)) == [
        "servers.notes.podSelector: the selector excludes a label that every pod has which mcpfence runs; "
        "write other labels, or run: false [run-selector]"
    ]


def test_the_service_of_the_api_server_is_left_alone() -> None:
    """A server called kubernetes in namespace default would take over how every pod finds the API server."""
    catalog = copy.deepcopy(CATALOG)
    catalog["mcpNamespace"] = {"name": "default"}
    catalog["servers"] = {"kubernetes": catalog["servers"]["notes"]}

    assert refusals(catalog) == [
        "servers.kubernetes: Service default/kubernetes is the API server's own, which every pod of the cluster asks "
        "for; rename the server, or give it a namespace of its own [run-name]"
    ]


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("resourceNames", [], "resourceNames is empty, which stands for every name; write names, or remove the key"),
        ("resources", [""], "resources names nothing; write names, or remove the key"),
        ("verbs", [""], "verbs names nothing; write names, or remove the key"),
    ],
)
def test_rules_that_name_nothing(key: str, value: list[str], sentence: str) -> None:
    """An empty list of names would open every object of the kind."""
    rule = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], key: value}
    catalog = changed("notes", egress={"kubernetesAPI": True}, run={"serviceAccount": {"rules": [rule]}})
    catalog["cluster"] = {"cidrs": {"controlPlane": ["10.1.0.1/32"]}}

    assert refusals(catalog) == [f"servers.notes.run.serviceAccount.rules[0].{key}: {sentence} [run-rules]"]


@pytest.mark.parametrize(
    ("api", "kind", "name"),
    [
        ("v1", "Service", "notes"),
        ("apps/v1", "Deployment", "notes"),
        ("v1", "ServiceAccount", "mcp-server-notes"),
    ],
)
def test_names_that_others_have_in_the_stream(api: str, kind: str, name: str) -> None:
    """Of two objects with one name Helm or kubectl would keep one, and not say which."""
    foreign = f"---\napiVersion: {api}\nkind: {kind}\nmetadata: {{name: {name}, namespace: rel-mcp}}\n".encode()
    with pytest.raises(McpfenceError) as refused:
        post_render(foreign, given=Given(CATALOG, "rel", "ns"))

    sentence = f"server notes and another document of the stream would both be {kind} rel-mcp/{name}"
    assert [finding.sentence for finding in refused.value.findings if finding.id == "name-taken"] == [sentence]


def test_digest_and_checksum_follow_the_pod() -> None:
    """A value of a variable changes both, what no object depends on changes neither."""

    def both(**keys: Any) -> tuple[str, str]:
        catalog = changed("notes", **keys)
        template = objects(catalog)["Deployment", "notes"]["spec"]["template"]
        return digest(catalog), template["metadata"]["annotations"]["mcpfence.io/config-checksum"]

    first = both(env=[{"key": "A", "value": "1"}])
    other = both(env=[{"key": "A", "value": "2"}])
    described = both(env=[{"key": "A", "value": "1", "description": "text"}])

    assert first[0] != other[0]
    assert first[1] != other[1]
    assert first == described
