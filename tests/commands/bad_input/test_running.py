"""What is not run: one clear error each, and nothing is printed."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from running.runs import CATALOG, changed, refusals

MAKE_IT = (
    "run kubectl create secret generic notes --namespace rel-mcp --from-literal={0}=..., "
    "and write secretKeyRef: {{name: notes, key: {0}}} instead of value"
)

CASES: dict[str, tuple[dict[str, Any], str]] = {
    "no image": (
        changed("notes", containerizedConfig={"port": 80}),
        "servers.notes: mcpfence is to run it, and no image is written; write containerizedConfig.image, or run: false [run-image]",
    ),
    "no package": (
        changed("fetch", uvxConfig={}),
        "servers.fetch: mcpfence is to run it with uvx, and no package is written; write uvxConfig.package, or run: false [run-package]",
    ),
    "remote": (
        {
            **CATALOG,
            "servers": {
                "hub": {"runtime": "remote", "remoteConfig": {"fixedURL": "https://mcp.example.com"}, "run": True}
            },
        },
        "servers.hub.run: a remote server has no pods here, so there is nothing to run; remove it [runtime-key]",
    ),
    "name that no Service has": (
        {**CATALOG, "servers": {"1a": CATALOG["servers"]["notes"]}},
        'servers.1a: a Service cannot be called 1a: its name begins with a digit; let it begin with a letter, or write cluster.kubernetesVersion: "1.36" if all clusters have that [run-name]',
    ),
    "version of Kubernetes with a patch": (
        {**CATALOG, "cluster": {"kubernetesVersion": "1.36.1"}},
        'cluster.kubernetesVersion: "1.36.1" is no minor version of Kubernetes; write one such as "1.36" [type]',
    ),
    "several selectors": (
        changed("notes", podSelector=[{"app": "a"}, {"app": "b"}]),
        "servers.notes.podSelector: several selectors stand for pods that somebody else makes, and mcpfence would make one pod; write one selector, or run: false [run-selector]",
    ),
    "selector without a label": (
        changed("notes", podSelector={"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}),
        "servers.notes.podSelector: the selector names no label that a pod of this server must have; write matchLabels [run-selector]",
    ),
    "port that ingress does not open": (
        changed("notes", ingress={"ports": [9000]}),
        "servers.notes.ingress.ports: the server listens on 80, and ingress.ports does not open it: nobody could call it; add 80 to ingress.ports, or remove them [run-port]",
    ),
    "port of the mesh": (
        {**changed("notes", containerizedConfig={"image": "a:1", "port": 15008}), "cluster": {"mesh": "ambient"}},
        "servers.notes: port 15008 belongs to the mesh (cluster.mesh: ambient); let the server listen on another port [run-port]",
    ),
    "image over stdio": (
        changed("notes", run={"transport": "stdio"}),
        "servers.notes.run.transport: a containerized server is run as it is, without a bridge, so it must speak HTTP; remove transport: stdio [run-transport]",
    ),
    "root": (
        changed("notes", run={"runAsUser": 0}),
        "servers.notes.run.runAsUser: 0 is no user that a restricted namespace admits; write a number of 1 or more [run-user]",
    ),
    "relative path": (
        changed("notes", run={"writablePaths": ["cache"]}),
        'servers.notes.run.writablePaths[0]: "cache" is no absolute path of a folder; write one such as /var/cache/app [run-path]',
    ),
    "path upwards": (
        changed("notes", run={"writablePaths": ["/var/../etc"]}),
        'servers.notes.run.writablePaths[0]: "/var/../etc" is no absolute path of a folder; write one such as /var/cache/app [run-path]',
    ),
    "path that is there": (
        changed("notes", run={"writablePaths": ["/tmp"]}),  # noqa: S108
        "servers.notes.run.writablePaths[0]: /tmp is a volume already; remove it [run-path]",
    ),
    "path of the kernel": (
        changed("notes", run={"writablePaths": ["/proc/a"]}),
        "servers.notes.run.writablePaths[0]: no volume can be mounted at /proc/a; write another folder [run-path]",
    ),
    "named like a secret": (
        changed("notes", env=[{"key": "API_TOKEN", "value": "abc"}]),
        "servers.notes.env[0].value: API_TOKEN looks like a secret and is written in clear: whoever may read the Deployment would see it; "
        f"{MAKE_IT.format('API_TOKEN')} [run-secret]",
    ),
    "called sensitive": (
        changed("notes", env=[{"key": "USER_NAME", "value": "abc", "sensitive": True}]),
        "servers.notes.env[0].value: USER_NAME looks like a secret and is written in clear: whoever may read the Deployment would see it; "
        f"{MAKE_IT.format('USER_NAME')} [run-secret]",
    ),
    "of a secret's form": (
        changed("notes", env=[{"key": "URL", "value": "postgres://u:hunter2@db/x"}]),
        "servers.notes.env[0].value: URL looks like a secret and is written in clear: whoever may read the Deployment would see it; "
        f"{MAKE_IT.format('URL')} [run-secret]",
    ),
    "secret argument": (
        changed(
            "fetch", uvxConfig={"package": "fetch==1.2.3", "args": ["--key", "ghp_0123456789abcdefghij0123456789"]}
        ),
        "servers.fetch.uvxConfig.args[1]: an argument looks like a secret and is written in clear; put it into a Secret, name that in env with secretKeyRef, and write $(NAME) here [run-secret]",
    ),
    "required without value": (
        changed("notes", env=[{"key": "DB", "required": True}]),
        f"servers.notes.env[0]: DB is required and has no value; {MAKE_IT.format('DB')} [run-env-missing]",
    ),
    "value and Secret": (
        changed("notes", env=[{"key": "A", "value": "b", "secretKeyRef": {"name": "a", "key": "b"}}]),
        "servers.notes.env[0]: A has a value and a secretKeyRef; remove value [run-env]",
    ),
    "file without Secret": (
        changed("notes", env=[{"key": "A", "value": "b", "file": True}]),
        f"servers.notes.env[0]: A is to be a file, and only Secrets are mounted as files; {MAKE_IT.format('A')} [run-env]",
    ),
    "bad name of a variable": (
        changed("notes", env=[{"key": "A\nB", "value": "b"}]),
        r"servers.notes.env[0]: the key is no name of an environment variable; write key: with letters, digits and _ [run-env]",
    ),
    "variable written twice": (
        changed("notes", env=[{"key": "A", "value": "b"}, {"key": "A", "value": "c"}]),
        "servers.notes.env[1]: A is written twice; remove one of the entries [run-env]",
    ),
    "bad name of a Secret": (
        changed("notes", env=[{"key": "A", "secretKeyRef": {"name": "A B", "key": "k"}}]),
        "servers.notes.env[0].secretKeyRef.name: is no name of a Secret; write lower-case letters, digits, - and . [run-env]",
    ),
    "bad key of a Secret": (
        changed("notes", env=[{"key": "A", "secretKeyRef": {"name": "a", "key": "../k"}}]),
        "servers.notes.env[0].secretKeyRef.key: is no key of a Secret; write letters, digits, -, _ and . [run-env]",
    ),
    "rules without reach": (
        changed(
            "notes",
            run={"serviceAccount": {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}},
        ),
        "servers.notes.run.serviceAccount.rules: the server cannot reach the API server that they are for; write egress.kubernetesAPI: true, or remove the rules [run-rules]",
    ),
    "every verb": (
        {
            **changed(
                "notes",
                egress={"kubernetesAPI": True},
                run={"serviceAccount": {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["*"]}]}},
            ),
            "cluster": {"cidrs": {"controlPlane": ["10.1.0.1/32"]}},
        },
        "servers.notes.run.serviceAccount.rules[0].verbs: verbs has a *; list what the server needs; with * it could read every Secret [run-rules]",
    ),
    "rights that grow": (
        {
            **changed(
                "notes",
                egress={"kubernetesAPI": True},
                run={
                    "serviceAccount": {
                        "rules": [{"apiGroups": [""], "resources": ["users"], "verbs": ["Impersonate", "get"]}]
                    }
                },
            ),
            "cluster": {"cidrs": {"controlPlane": ["10.1.0.1/32"]}},
        },
        "servers.notes.run.serviceAccount.rules[0].verbs: with impersonate the server could give itself further rights; write the rights that it needs instead [run-rules]",
    ),
    "unknown bridge": (
        {**CATALOG, "mcpServerDefaults": {"bridge": {"npx": "bridge@1"}}},
        'mcpServerDefaults.bridge.npx: "bridge@1" is no bridge that is known for npx; write mcp-proxy@VERSION or supergateway@VERSION, which npx starts, or a command as a list with {port} and {command} [run-bridge]',
    ),
    "npm's mcp-proxy for uvx, which would start PyPI's": (
        {**CATALOG, "mcpServerDefaults": {"bridge": {"uvx": "mcp-proxy@6.7.19"}}},
        'mcpServerDefaults.bridge.uvx: "mcp-proxy@6.7.19" is no bridge that is known for uvx; write mcp-proxy==VERSION or fastmcp==VERSION, which uvx starts, or a command as a list with {port} and {command} [run-bridge]',
    ),
    "npm's bridge with a version of PyPI": (
        {**CATALOG, "mcpServerDefaults": {"bridge": {"npx": "supergateway==4.0.0"}}},
        'mcpServerDefaults.bridge.npx: "supergateway==4.0.0" is no bridge that is known for npx; write mcp-proxy@VERSION or supergateway@VERSION, which npx starts, or a command as a list with {port} and {command} [run-bridge]',
    ),
    "option of the bridge among the variables": (
        changed("everything", env=[{"key": "MCP_PROXY_TUNNEL", "value": "true"}]),
        "servers.everything.env: MCP_PROXY_TUNNEL would set an option of mcp-proxy@6.7.19, which gets these variables, too; remove it, or write a bridge with its options as a list [run-bridge-env]",
    ),
    "option of the bridge from a Secret": (
        changed("everything", env=[{"key": "MCP_PROXY_SHELL", "secretKeyRef": {"name": "a", "key": "b"}}]),
        "servers.everything.env: MCP_PROXY_SHELL would set an option of mcp-proxy@6.7.19, which gets these variables, too; remove it, or write a bridge with its options as a list [run-bridge-env]",
    ),
    "setting of fastmcp": (
        {
            **changed("fetch", env=[{"key": "FASTMCP_STREAMABLE_HTTP_PATH", "value": "/other"}]),
            "mcpServerDefaults": {"bridge": {"uvx": "fastmcp==4.2.3"}},
        },
        "servers.fetch.env: FASTMCP_STREAMABLE_HTTP_PATH would set an option of fastmcp==4.2.3, which gets these variables, too; remove it, or write a bridge with its options as a list [run-bridge-env]",
    ),
    "log of a bridge that is not there": (
        changed("notes", run={"bridgeLog": "verbose"}),
        "servers.notes.run.bridgeLog: no bridge that is known here stands before this server; remove it [run-bridge]",
    ),
    "log of a bridge of one's own": (
        {
            **changed("fetch", run={"bridgeLog": "quiet"}),
            "mcpServerDefaults": {"bridge": {"uvx": ["bridge", "{port}", "{command}"]}},
        },
        "servers.fetch.run.bridgeLog: no bridge that is known here stands before this server; remove it [run-bridge]",
    ),
    "bridge without a place for the command": (
        {**CATALOG, "mcpServerDefaults": {"bridge": {"uvx": ["bridge", "{port}"]}}},
        "mcpServerDefaults.bridge.uvx: the command of a bridge has no {port} or no {command} in it; write both where the bridge takes its port and the server's command [run-bridge]",
    ),
    "null in affinity": (
        {**CATALOG, "mcpServerDefaults": {"affinity": {"nodeAffinity": None}}},
        "mcpServerDefaults.affinity.nodeAffinity: is null; write what a pod has there [type]",
    ),
}


@pytest.mark.parametrize("what", CASES)
def test_refused(what: str) -> None:
    """One error, whole."""
    catalog, sentence = CASES[what]

    assert refusals(catalog) == [sentence]


def test_all_at_once() -> None:
    """Errors of several servers are collected."""
    catalog = copy.deepcopy(CATALOG)
    catalog["servers"]["notes"]["run"] = {"runAsUser": 0}
    catalog["servers"]["fetch"]["env"] = [{"key": "TOKEN", "value": "x"}]

    assert len(refusals(catalog)) == 2


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("MAX_TOKENS", "4096"),
        ("TOKEN_FILE", "/files/token"),
        ("SECRET_NAME", "notes"),
        ("USE_TOKEN", "true"),
        ("JIRA_URL", "https://example.atlassian.net"),
        ("LOG_LEVEL", "debug"),
        ("MONKEY", "banana"),
    ],
)
def test_what_is_no_secret(key: str, value: str) -> None:
    """Numbers, switches, pointers and plain words pass: whoever is refused for nothing learns to hide things."""
    assert refusals(changed("notes", env=[{"key": key, "value": value}])) == []


@pytest.mark.parametrize(
    "value",
    [
        "ghp_0123456789abcdefghij0123456789",
        "github_pat_0123456789abcdefghij",
        "glpat-0123456789abcdefghij",
        "xoxb-0123456789-abc",
        "sk-ant-0123456789abcdefghij",
        "AKIA0123456789ABCDEF",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc",
        "Bearer 0123456789abcdefghij",
        "-----BEGIN RSA PRIVATE KEY-----\nabc",
        "https://user:pass@example.com/x",
    ],
    ids=lambda value: value[:6],
)
def test_forms_of_secrets(value: str) -> None:
    """Widespread tokens are seen under any name, and the message does not repeat them."""
    found = refusals(changed("notes", env=[{"key": "A", "value": value}]))

    assert len(found) == 1
    assert value not in found[0]
