"""What runs a server: the Deployment, its hardening, what the container executes, the Service and the ServiceAccount."""

from __future__ import annotations

import copy
import shlex
from typing import Any

import pytest

from mcpfence.kube.services import ServiceIndex
from mcpfence.render.pipeline import render
from running.runs import CATALOG, Document, changed, container, objects, pod, refusals


def test_objects_of_a_server() -> None:
    """Beside its two policies a server that runs has a ServiceAccount, a Service and a Deployment, and nothing else."""
    found = {(kind, name) for kind, name in objects(CATALOG) if "notes" in name}

    assert found == {
        ("NetworkPolicy", "mcp-server-notes-egress"),
        ("NetworkPolicy", "mcp-server-notes-ingress"),
        ("ServiceAccount", "mcp-server-notes"),
        ("Service", "notes"),
        ("Deployment", "notes"),
    }


def test_nothing_runs_unless_asked() -> None:
    """Without run.enabled and servers.X.run there are policies alone."""
    catalog = {key: value for key, value in CATALOG.items() if key != "run"}

    assert {kind for kind, _ in objects(catalog)} == {"NetworkPolicy", "ConfigMap"}


@pytest.mark.parametrize(
    ("enabled", "written", "runs"),
    [
        (False, None, False),
        (False, True, True),
        (False, {}, True),
        (False, {"enabled": False}, False),
        (True, None, True),
        (True, False, False),
        (True, {"enabled": False}, False),
    ],
)
def test_server_decides_over_the_catalog(enabled: bool, written: Any, runs: bool) -> None:
    """servers.X.run wins over run.enabled; a mapping means yes."""
    catalog = copy.deepcopy(CATALOG)
    catalog["run"] = {"enabled": enabled}
    if written is not None:
        catalog["servers"]["notes"]["run"] = written

    assert (("Deployment", "notes") in objects(catalog)) is runs


def test_policies_are_the_same_with_and_without_running() -> None:
    """Running a server changes nothing of what it may reach."""
    catalog = {**CATALOG, "run": {"enabled": False}}
    with_pods, without = objects(CATALOG), objects(catalog)

    policies = {key: document for key, document in with_pods.items() if key[0] == "NetworkPolicy"}
    assert policies == {key: document for key, document in without.items() if key[0] == "NetworkPolicy"}


def test_pod_is_hardened() -> None:
    """Every setting that the restricted level asks for, and those that Obot documents, are written."""
    spec = pod(CATALOG, "notes")

    assert spec["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "runAsGroup": 1000,
        "fsGroup": 1000,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert spec["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL", "NET_RAW"]},
    }
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False
    assert spec["serviceAccountName"] == "mcp-server-notes"
    assert spec["volumes"] == [
        {"name": "tmp", "emptyDir": {"sizeLimit": "4Gi"}},
        {"name": "home", "emptyDir": {"sizeLimit": "4Gi"}},
    ]
    assert spec["containers"][0]["resources"] == {
        "limits": {"cpu": "2", "memory": "2Gi"},
        "requests": {"cpu": "50m", "memory": "400Mi"},
    }
    assert spec["containers"][0]["imagePullPolicy"] == "Always"


WATCH = ("sh", "-c", '"$@"; kill "$PPID"', "sh")
"""Ends the bridge with the server; the words behind it are arguments, which no shell reads."""


def bridged(word: str | list[str], server: str, **keys: Any) -> Document:
    """The container of a server behind another bridge; `keys` are those of its `run`."""
    catalog = changed(server, run=keys or True)
    catalog["mcpServerDefaults"]["bridge"] = {catalog["servers"][server]["runtime"]: word}
    return container(catalog, server)


def test_npx_server_stands_behind_mcp_proxy_of_npm() -> None:
    """It listens on both families, waits for the server as long as the startup probe, and ends with the server."""
    assert container(CATALOG, "everything")["command"] == [
        *("npx", "--yes", "mcp-proxy@6.7.19", "--server", "stream", "--host", "::", "--port", "8099"),
        *("--connectionTimeout", "300000", "--", *WATCH, "npx", "--yes", "everything@1.2.3", "--name", "a b"),
    ]


def test_uvx_server_stands_behind_mcp_proxy_of_pypi() -> None:
    """Its empty host means every address of both families; it says warnings and errors alone."""
    assert container(CATALOG, "fetch")["command"] == [
        *("uvx", "mcp-proxy==0.13.0", "--host", "", "--port", "8099", "--pass-environment", "--log-level", "WARNING"),
        *("--", *WATCH, "uvx", "fetch==1.2.3", "--port", "80"),
    ]


def test_npx_server_behind_supergateway() -> None:
    """It gets the server's command as one line for a shell; arguments with blanks stay one argument."""
    command = bridged("supergateway@4.0.0", "everything")["command"]

    assert command[:-1] == [
        *("npx", "--yes", "supergateway@4.0.0", "--outputTransport", "streamableHttp", "--stateful"),
        *("--port", "8099", "--logLevel", "none", "--stdio"),
    ]
    assert shlex.split(command[-1]) == ["npx", "--yes", "everything@1.2.3", "--name", "a b"]


def test_uvx_server_behind_fastmcp() -> None:
    """A program of a few lines, which gets everything as arguments and passes the environment on."""
    *start, program, host, port, level, first, second, third, last = bridged("fastmcp==4.2.3", "fetch")["command"]

    assert start == ["uvx", "--from", "fastmcp==4.2.3", "python", "-c"]
    compile(program, "bridge", "exec")
    assert "env=dict(os.environ)" in program
    assert (host, port, level) == ("", "8099", "WARNING")
    assert (first, second, third, last) == ("uvx", "fetch==1.2.3", "--port", "80")


@pytest.mark.parametrize(("families", "npm", "pypi"), [(["IPv4"], "0.0.0.0", "0.0.0.0"), (["IPv6"], "::", "")])  # noqa: S104
def test_bridges_listen_on_what_the_cluster_has(families: list[str], npm: str, pypi: str) -> None:
    """A cluster of IPv4 alone may have nodes without IPv6; a pod that has IPv6 may be probed there first."""
    catalog = {**copy.deepcopy(CATALOG), "cluster": {"ipFamilies": families}, "egress": {}}
    commands = [container(catalog, name)["command"] for name in ("everything", "fetch")]

    assert [command[command.index("--host") + 1] for command in commands] == [npm, pypi]


@pytest.mark.parametrize(
    ("bridge", "server", "quiet", "verbose"),
    [
        ("mcp-proxy@6.7.19", "everything", set(), {"--debug"}),
        ("supergateway@4.0.0", "everything", {"none"}, {"info"}),
        ("mcp-proxy==0.13.0", "fetch", {"WARNING"}, {"DEBUG"}),
        ("fastmcp==4.2.3", "fetch", {"WARNING"}, {"DEBUG"}),
    ],
)
def test_bridge_log(bridge: str, server: str, quiet: set[str], verbose: set[str]) -> None:
    """run.bridgeLog decides what the bridge writes into the pod's log, and nothing else."""
    usual = bridged(bridge, server)["command"]
    loud = bridged(bridge, server, bridgeLog="verbose")["command"]

    assert bridged(bridge, server, bridgeLog="quiet")["command"] == usual
    assert (set(usual) - set(loud), set(loud) - set(usual)) == (quiet, verbose)


def test_readiness_asks_the_server_where_that_is_cheap() -> None:
    """npm's mcp-proxy takes a request without a session; elsewhere the port is tried."""
    asked = container(CATALOG, "everything")["readinessProbe"]
    tcp = {"tcpSocket": {"port": 8099}, "periodSeconds": 10}

    assert asked["exec"]["command"][:-1] == [
        *("env", "-u", "NODE_OPTIONS", "-u", "NODE_USE_ENV_PROXY", "node", "--input-type=module", "-e"),
    ]
    assert "http://127.0.0.1:8099/mcp" in asked["exec"]["command"][-1]
    assert container(CATALOG, "fetch")["readinessProbe"] == tcp
    assert bridged("supergateway@4.0.0", "everything")["readinessProbe"] == tcp
    assert bridged("fastmcp==4.2.3", "fetch")["readinessProbe"] == tcp
    assert bridged(["b", "{port}", "{command}"], "everything")["readinessProbe"] == tcp


@pytest.mark.parametrize(
    ("bridge", "server", "request_", "limit"),
    [
        ("mcp-proxy@6.7.19", "everything", "640Mi", "2Gi"),
        ("supergateway@4.0.0", "everything", "1Gi", "4Gi"),
        ("mcp-proxy==0.13.0", "fetch", "400Mi", "2Gi"),
        ("fastmcp==4.2.3", "fetch", "400Mi", "2Gi"),
    ],
)
def test_memory_is_that_of_the_bridge_too(bridge: str, server: str, request_: str, limit: str) -> None:
    """What stands before the server takes more than most servers do."""
    assert bridged(bridge, server)["resources"] == {
        "limits": {"cpu": "2", "memory": limit},
        "requests": {"cpu": "50m", "memory": request_},
    }


@pytest.mark.parametrize(
    ("limit", "request_"),
    [
        ("512Mi", "512Mi"),
        ("640Mi", "640Mi"),
        ("1Gi", "640Mi"),
        ("600M", "600M"),
        ("6e8", "6e8"),
        (600000000, "600000000"),
    ],
)
def test_memory_request_is_never_above_the_limit(limit: str | int, request_: str) -> None:
    """An API server refuses such a pod."""
    catalog = copy.deepcopy(CATALOG)
    catalog["mcpServerDefaults"]["resources"] = {"limits": {"memory": limit}}

    assert container(catalog, "everything")["resources"]["requests"] == {"cpu": "50m", "memory": request_}


@pytest.mark.parametrize(
    ("written", "limits", "requests"),
    [
        ({"limits": {}}, {}, {"cpu": "50m", "memory": "640Mi"}),
        ({"limits": {"memory": "1Gi"}}, {"memory": "1Gi"}, {"cpu": "50m", "memory": "640Mi"}),
        ({"limits": {"cpu": "1"}}, {"cpu": "1"}, {"cpu": "1", "memory": "640Mi"}),
        ({"requests": {"cpu": 3}}, {"cpu": "3", "memory": "2Gi"}, {"cpu": "3", "memory": "640Mi"}),
        ({"requests": {"memory": "3Gi"}}, {"cpu": "2", "memory": "3Gi"}, {"cpu": "50m", "memory": "3Gi"}),
    ],
)
def test_written_resources_are_kept(written: Any, limits: Document, requests: Document) -> None:
    """Limits that are written are all the limits there are; a usual limit gives way to a higher request."""
    catalog = copy.deepcopy(CATALOG)
    catalog["mcpServerDefaults"]["resources"] = written

    assert container(catalog, "everything")["resources"] == {"limits": limits, "requests": requests}


def test_resources_of_a_server_stand_alone() -> None:
    """run.resources are exactly those of the container, and an empty mapping means none."""
    only = {"requests": {"cpu": "10m"}}

    assert container(changed("notes", run={"resources": only}), "notes")["resources"] == only
    assert "resources" not in container(changed("notes", run={"resources": {}}), "notes")


def test_volumes_are_as_large_as_the_catalog_says() -> None:
    """servers.X.run.volumeSizeLimit wins over mcpServerDefaults.volumeSizeLimit; both hold for every empty volume."""
    catalog = changed("notes", run={"volumeSizeLimit": "10Gi", "writablePaths": ["/data"]})
    catalog["mcpServerDefaults"]["volumeSizeLimit"] = "512Mi"
    sizes = {
        name: [volume["emptyDir"]["sizeLimit"] for volume in pod(catalog, name)["volumes"]]
        for name in ("everything", "notes")
    }

    assert sizes == {"everything": ["512Mi", "512Mi"], "notes": ["10Gi", "10Gi", "10Gi"]}


@pytest.mark.parametrize(
    ("size", "said"),
    [
        ("", "is no amount; write one such as 500m, 0.5, 512Mi or 2Gi"),
        ("-1Gi", "is no amount; write one such as 500m, 0.5, 512Mi or 2Gi"),
        ("0", "is no amount of storage; write one such as 512Mi or 8Gi"),
        ("0Gi", "is no amount of storage; write one such as 512Mi or 8Gi"),
    ],
)
def test_size_of_a_volume_that_is_none(size: str, said: str) -> None:
    """Zero would mean no limit to one kubelet and no room to another."""
    catalog = copy.deepcopy(CATALOG)
    catalog["mcpServerDefaults"]["volumeSizeLimit"] = size

    assert refusals(changed("notes", run={"volumeSizeLimit": size})) == [
        f"servers.notes.run.volumeSizeLimit: {said} [type]"
    ]
    assert refusals(catalog) == [f"mcpServerDefaults.volumeSizeLimit: {said} [type]"]


def test_recommended_labels() -> None:
    """Every object that runs a server says which and of which release; selectors do not, for they can never change."""
    found = objects(CATALOG)
    labels = {"app.kubernetes.io/name": "notes", "app.kubernetes.io/instance": "rel", "mcpfence.io/server": "notes"}
    deployment, service = found["Deployment", "notes"], found["Service", "notes"]
    running = [deployment, service, found["ServiceAccount", "mcp-server-notes"], deployment["spec"]["template"]]

    assert all(labels.items() <= document["metadata"]["labels"].items() for document in running)
    assert deployment["spec"]["selector"] == {"matchLabels": {"app": "notes"}}
    assert service["spec"]["selector"] == {"app": "notes"}


def test_labels_of_the_selector_win() -> None:
    """Where a selector names a recommended label its pod has the selector's value, or the fence would not hold."""
    found = objects(changed("notes", podSelector={"app": "x", "app.kubernetes.io/name": "other"}))[
        "Deployment", "notes"
    ]

    assert found["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/name"] == "other"


def test_selector_that_excludes_a_recommended_label() -> None:
    """Every pod that mcpfence runs has them."""
    excluded = {
        "matchLabels": {"app": "x"},
        "matchExpressions": [{"key": "app.kubernetes.io/instance", "operator": "DoesNotExist"}],
    }

    assert refusals(changed("notes", podSelector=excluded)) == [
        "servers.notes.podSelector: the selector excludes a label that every pod has which mcpfence runs; "
        "write other labels, or run: false [run-selector]"
    ]


def test_npx_asks_the_registry_once() -> None:
    """What npx has fetched it takes again, also while the registry is away, unless the catalog says otherwise."""
    own = changed("everything", env=[{"key": "npm_config_prefer_offline", "value": "false"}])

    assert container(CATALOG, "everything")["env"] == [
        {"name": "HOME", "value": "/home/mcp"},
        {"name": "NPM_CONFIG_PREFER_OFFLINE", "value": "true"},
    ]
    assert container(own, "everything")["env"][1:] == [{"name": "npm_config_prefer_offline", "value": "false"}]
    assert container(CATALOG, "fetch")["env"] == [{"name": "HOME", "value": "/home/mcp"}]


def test_server_that_speaks_http_has_no_bridge() -> None:
    """transport: http runs the package alone."""
    assert container(changed("fetch", run={"transport": "http"}), "fetch")["command"] == [
        *("uvx", "fetch==1.2.3", "--port", "80"),
    ]


def test_package_with_a_command_of_another_name() -> None:
    """uvxConfig.command is what uvx starts from the package."""
    catalog = changed("fetch", uvxConfig={"package": "fetch==1.2.3", "command": "serve"}, run={"transport": "http"})

    assert container(catalog, "fetch")["command"] == ["uvx", "--from", "fetch==1.2.3", "serve"]


def test_bridge_of_ones_own() -> None:
    """In a list {port} and {command} are filled in, as items and inside items."""
    catalog = copy.deepcopy(CATALOG)
    catalog["mcpServerDefaults"]["bridge"] = {
        "npx": ["bridge", "--listen=:{port}", "--run", "{command}"],
        "uvx": ["sh", "-c", "bridge {port} {command}"],
    }

    assert container(catalog, "everything")["command"] == [
        *("bridge", "--listen=:8099", "--run", "npx", "--yes", "everything@1.2.3", "--name", "a b"),
    ]
    assert container(catalog, "fetch")["command"] == ["sh", "-c", "bridge 8099 uvx fetch==1.2.3 --port 80"]


def test_image_runs_as_it_is() -> None:
    """A containerized server keeps its own entry point unless the catalog writes a command."""
    plain = container(CATALOG, "notes")
    config = {"image": "registry.example.com/notes:1", "port": 80, "command": "serve", "args": ["--port", 80]}
    written = container(changed("notes", containerizedConfig=config), "notes")

    assert (plain["image"], "command" in plain, "args" in plain) == ("registry.example.com/notes:1", False, False)
    assert (written["command"], written["args"]) == (["serve"], ["--port", "80"])


def test_ports_agree() -> None:
    """Container port, Service and policy name the server's one port; the Service answers on 80."""
    found = objects(CATALOG)
    service, policy = found["Service", "notes"], found["NetworkPolicy", "mcp-server-notes-ingress"]

    assert container(CATALOG, "notes")["ports"] == [{"name": "mcp", "containerPort": 80, "protocol": "TCP"}]
    assert service["spec"]["ports"] == [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": 80}]
    assert [port["port"] for rule in policy["spec"]["ingress"] for port in rule["ports"]] == [80]


@pytest.mark.parametrize(
    "selector",
    [
        {"app": "other"},
        {"app": "other", "app.kubernetes.io/managed-by": "team"},
        {"matchLabels": {"app": "x"}, "matchExpressions": [{"key": "tier", "operator": "In", "values": ["b", "a"]}]},
        {
            "matchLabels": {"app": "x"},
            "matchExpressions": [{"key": "mcp", "operator": "Exists"}, {"key": "old", "operator": "DoesNotExist"}],
        },
        {
            "matchExpressions": [
                {"key": "app", "operator": "In", "values": ["a", "b"]},
                {"key": "app", "operator": "NotIn", "values": ["a"]},
            ]
        },
    ],
    ids=str,
)
def test_pod_has_the_labels_that_its_policies_select(selector: Any) -> None:
    """Whatever the selector says, pod, Deployment, Service and policies agree (the proof would refuse all else)."""
    found = objects(changed("notes", podSelector=selector))
    labels = found["Deployment", "notes"]["spec"]["template"]["metadata"]["labels"]

    assert found["Deployment", "notes"]["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert found["Service", "notes"]["spec"]["selector"].items() <= labels.items()
    plain = selector if "matchExpressions" not in selector else selector.get("matchLabels", {})
    assert plain.items() <= labels.items()


def test_environment() -> None:
    """Plain values, keys of Secrets, files below /files, HOME on a volume; an optional entry without value is left out."""
    env = [
        {"key": "LEVEL", "value": "debug"},
        {"key": "API_TOKEN", "sensitive": True, "secretKeyRef": {"name": "notes", "key": "token"}},
        {"key": "CA", "file": True, "secretKeyRef": {"name": "tls", "key": "ca.pem"}},
        {"key": "OPTIONAL_KEY", "sensitive": True},
    ]
    spec = pod(changed("notes", env=env), "notes")

    assert spec["containers"][0]["env"] == [
        {"name": "HOME", "value": "/home/mcp"},
        {"name": "API_TOKEN", "valueFrom": {"secretKeyRef": {"name": "notes", "key": "token"}}},
        {"name": "CA", "value": "/files/CA"},
        {"name": "LEVEL", "value": "debug"},
    ]
    assert spec["volumes"][-1] == {
        "name": "files",
        "projected": {
            "defaultMode": 0o440,
            "sources": [{"secret": {"name": "tls", "items": [{"key": "ca.pem", "path": "CA"}]}}],
        },
    }
    assert spec["containers"][0]["volumeMounts"][-1] == {"name": "files", "mountPath": "/files", "readOnly": True}


def test_home_of_ones_own_wins() -> None:
    """A HOME that the user writes is not written twice."""
    env = container(changed("notes", env=[{"key": "HOME", "value": "/data"}]), "notes")["env"]

    assert env == [{"name": "HOME", "value": "/data"}]


def test_hostile_values_stay_values() -> None:
    """Text that could end a YAML string, or be read as something else, arrives as it was written."""
    value = 'a: "b"\n---\nkind: Pod\n\u2028\u0085 {{ x }} $(HOME) \ue000'

    assert container(changed("notes", env=[{"key": "A", "value": value}]), "notes")["env"][-1]["value"] == value


def test_settings_of_all_servers() -> None:
    """mcpServerDefaults says where pods run and what they get; amounts are text."""
    catalog = copy.deepcopy(CATALOG)
    affinity = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "preference": {}}]}}
    catalog["mcpServerDefaults"].update(
        resources={"limits": {"cpu": 0.5, "memory": "1Gi"}},
        affinity=affinity,
        tolerations=[{"key": "mcp", "operator": "Exists"}],
        nodeSelector={"pool": "mcp"},
        runtimeClassName="gvisor",
        imagePullSecrets=[{"name": "pull"}],
        imagePullPolicy="IfNotPresent",
        image="registry.example.com/base:1",
    )
    spec = pod(catalog, "fetch")

    assert spec["containers"][0]["resources"] == {
        "limits": {"cpu": "0.5", "memory": "1Gi"},
        "requests": {"cpu": "0.5", "memory": "400Mi"},
    }
    assert spec["affinity"] == affinity
    assert spec["tolerations"] == [{"key": "mcp", "operator": "Exists"}]
    assert spec["nodeSelector"] == {"pool": "mcp"}
    assert spec["runtimeClassName"] == "gvisor"
    assert spec["imagePullSecrets"] == [{"name": "pull"}]
    assert spec["containers"][0]["imagePullPolicy"] == "IfNotPresent"
    assert spec["containers"][0]["image"] == "registry.example.com/base:1"


def test_order_of_keys_makes_no_difference() -> None:
    """Helm sorts the keys of a mapping, so the text must not depend on how the user wrote them."""

    def text(*keys: str) -> str:
        toleration = {key: key for key in keys}
        catalog = copy.deepcopy(CATALOG)
        catalog["mcpServerDefaults"].update(
            tolerations=[toleration],
            affinity={"a": [toleration]},
            resources={"limits": dict.fromkeys(keys, 1)},
            nodeSelector=toleration,
        )
        catalog["servers"]["notes"]["run"] = {"serviceAccount": {"annotations": toleration}}
        rendering = render(catalog, release="rel", namespace="ns", services=ServiceIndex())
        return "".join(item.text for item in rendering.objects if item.kind != "ConfigMap")

    assert text("key", "effect", "value") == text("value", "key", "effect")


def test_settings_of_one_server() -> None:
    """servers.X.run relaxes or changes what holds for one server alone."""
    run = {
        "readOnlyRootFilesystem": False,
        "writablePaths": ["/var/lib/b", "/var/lib/a"],
        "runAsUser": 65532,
        "resources": {"requests": {"memory": "2Gi"}},
    }
    spec = pod(changed("notes", run=run), "notes")

    assert spec["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is False
    assert [mount["mountPath"] for mount in spec["containers"][0]["volumeMounts"]] == [
        *("/tmp", "/home/mcp", "/var/lib/a", "/var/lib/b"),  # noqa: S108
    ]
    assert {spec["securityContext"][key] for key in ("runAsUser", "runAsGroup", "fsGroup")} == {65532}
    assert spec["containers"][0]["resources"] == {"requests": {"memory": "2Gi"}}


def test_rights_at_the_api_server() -> None:
    """A server with kubernetesAPI gets its token, and a Role with exactly its rules in each namespace that it names."""
    rules = [{"apiGroups": [""], "resources": ["pods", "events"], "verbs": ["list", "get"]}]
    catalog = changed(
        "notes",
        egress={"kubernetesAPI": True},
        run={"serviceAccount": {"rules": rules, "namespaces": ["shop", "blog"], "annotations": {"a": "b"}}},
    )
    catalog["cluster"] = {"cidrs": {"controlPlane": ["10.1.0.1/32"]}}
    rendering = render(catalog, release="rel", namespace="ns", services=ServiceIndex())
    found = objects(catalog)

    assert [(item.kind, item.namespace) for item in rendering.objects if item.kind.startswith("Role")] == [
        *(("Role", "blog"), ("Role", "shop"), ("RoleBinding", "blog"), ("RoleBinding", "shop")),
    ]
    assert found["Role", "mcp-server-notes"]["rules"] == [
        {"apiGroups": [""], "resources": ["events", "pods"], "verbs": ["get", "list"]}
    ]
    assert found["RoleBinding", "mcp-server-notes"]["subjects"] == [
        {"kind": "ServiceAccount", "name": "mcp-server-notes", "namespace": "rel-mcp"}
    ]
    account = found["ServiceAccount", "mcp-server-notes"]
    assert (account["automountServiceAccountToken"], account["metadata"]["annotations"]) == (True, {"a": "b"})
    assert found["Deployment", "notes"]["spec"]["template"]["spec"]["automountServiceAccountToken"] is True


def test_secrets_among_the_rules_are_warned_of() -> None:
    """Some servers are for that; most are not."""
    rules = [{"apiGroups": [""], "resources": ["pods", "secrets"], "verbs": ["get"]}]
    catalog = changed("notes", egress={"kubernetesAPI": True}, run={"serviceAccount": {"rules": rules}})
    catalog["cluster"] = {"cidrs": {"controlPlane": ["10.1.0.1/32"]}}
    rendering = render(catalog, release="rel", namespace="ns", services=ServiceIndex())

    assert [item.message for item in rendering.findings if item.id == "run-rules-secrets"] == [
        "servers.notes.run.serviceAccount.rules[0].resources: a server that a language model steers may read or change Secrets; remove secrets unless that is what it is for",
    ]


def _checksum(catalog: dict[str, Any]) -> str:
    annotations = objects(catalog)["Deployment", "notes"]["spec"]["template"]["metadata"]["annotations"]
    value: str = annotations["mcpfence.io/config-checksum"]
    return value


def test_changed_configuration_restarts_the_pod() -> None:
    """The checksum changes with env and with `restart`, and with nothing of another server."""
    same = changed("fetch", uvxConfig={"package": "fetch==1.2.4"})

    assert _checksum(CATALOG) == _checksum(same)
    assert _checksum(CATALOG) != _checksum(changed("notes", run={"restart": "2026-11-21"}))
    assert _checksum(CATALOG) != _checksum(changed("notes", env=[{"key": "A", "value": "b"}]))


def test_order_of_kinds() -> None:
    """Policies come before everything that runs, the Deployment last but for the report."""
    rendering = render(CATALOG, release="rel", namespace="ns", services=ServiceIndex())

    assert list(dict.fromkeys(item.kind for item in rendering.objects)) == [
        *("NetworkPolicy", "ServiceAccount", "Service", "Deployment", "ConfigMap"),
    ]
    deployment = objects(CATALOG)["Deployment", "notes"]
    assert deployment["metadata"]["annotations"] == {"argocd.argoproj.io/sync-wave": "1"}


def test_versions_that_float_are_warned_of() -> None:
    """latest, no version, a range or no tag: another program at every start."""
    catalog = copy.deepcopy(CATALOG)
    catalog["servers"]["everything"]["npxConfig"]["package"] = "@scope/everything@latest"
    catalog["servers"]["fetch"]["uvxConfig"]["package"] = "fetch"
    catalog["servers"]["notes"]["containerizedConfig"]["image"] = "registry.example.com:5000/notes"
    rendering = render(catalog, release="rel", namespace="ns", services=ServiceIndex())

    assert [item.message for item in rendering.findings if item.id == "run-floating"] == [
        'servers.everything.npxConfig.package: "@scope/everything@latest" can be another version at every start, written by whoever owns the package; write an exact version: name@1.2.3',
        'servers.fetch.uvxConfig.package: "fetch" can be another version at every start, written by whoever owns the package; write an exact version: name==1.2.3',
        'servers.notes.containerizedConfig.image: "registry.example.com:5000/notes" can be another image at every start; write a tag, or better a digest',
    ]


@pytest.mark.parametrize("image", ["a:1", "a@sha256:0", "registry.example.com:5000/a:1", "a:latest@sha256:0"], ids=str)
def test_pinned_images_are_not(image: str) -> None:
    """A tag or a digest is enough; a port of the registry is no tag."""
    rendering = render(
        changed("notes", containerizedConfig={"image": image}), release="rel", namespace="ns", services=ServiceIndex()
    )

    assert [item.id for item in rendering.findings if item.id == "run-floating"] == []


@pytest.mark.parametrize(
    ("runtime", "word", "messages"),
    [
        (
            "npx",
            "mcp-proxy",
            [
                'mcpServerDefaults.bridge.npx: "mcp-proxy" can be another version at every start, written by whoever owns the package; write an exact version: mcp-proxy@1.2.3 [run-floating]'
            ],
        ),
        (
            "uvx",
            "mcp-proxy",
            [
                'mcpServerDefaults.bridge.uvx: "mcp-proxy" can be another version at every start, written by whoever owns the package; write an exact version: mcp-proxy==1.2.3 [run-floating]'
            ],
        ),
        (
            "npx",
            "mcp-proxy==0.13.0",
            [
                'mcpServerDefaults.bridge.npx: uvx starts "mcp-proxy==0.13.0", fetched from PyPI; servers of npx need neither; write mcp-proxy@VERSION or supergateway@VERSION, which npx starts; or give an image with uvx, and list PyPI for npx [run-bridge-runtime]'
            ],
        ),
        (
            "uvx",
            "supergateway@4.0.0",
            [
                'mcpServerDefaults.bridge.uvx: npx starts "supergateway@4.0.0", fetched from the npm registry; servers of uvx need neither; write mcp-proxy==VERSION or fastmcp==VERSION, which uvx starts; or give an image with npx, and list the npm registry for uvx [run-bridge-runtime]',
                "mcpServerDefaults.bridge.uvx: supergateway@4.0.0 refuses requests of more than 100 KiB, with status 413 and a page of HTML; where tools take more, write mcp-proxy==0.13.0, which takes 4 MiB [run-bridge-body]",
            ],
        ),
        (
            "npx",
            "supergateway@4.0.0",
            [
                "mcpServerDefaults.bridge.npx: supergateway@4.0.0 refuses requests of more than 100 KiB, with status 413 and a page of HTML; where tools take more, write mcp-proxy@6.7.19, which takes 10 MiB [run-bridge-body]"
            ],
        ),
        ("npx", "mcp-proxy@6.7.19", []),
        ("uvx", "fastmcp==4.2.3", []),
    ],
)
def test_notes_and_warnings_on_bridges(runtime: str, word: str, messages: list[str]) -> None:
    """A bridge that floats, or that another runtime starts, is a warning; two programs are called mcp-proxy."""
    catalog = copy.deepcopy(CATALOG)
    catalog["mcpServerDefaults"]["bridge"] = {runtime: word}
    rendering = render(catalog, release="rel", namespace="ns", services=ServiceIndex())
    found = [f"{item.message} [{item.id}]" for item in rendering.findings if item.path[1:2] == ("bridge",)]

    assert found == messages


PARTED = (
    'servers.fetch.uvxConfig.package: "{}" needs the SDK mcp>=2.3 and mcp-proxy==0.13.0 mcp<2: no one environment holds both; '
    "let mcpServerDefaults.image hold an environment for each of them, as uvx makes one for each"
)


@pytest.mark.parametrize(
    ("package", "image", "bridge", "said"),
    [
        ("mcp-server-fetch==2026.10.24", "registry.example.com/uv:1", None, True),
        ("mcp-server-fetch==2027.1.2", "registry.example.com/uv:1", None, True),
        ("mcp-server-fetch", "registry.example.com/uv:1", None, True),
        ("mcp-server-fetch==2026.10.10", "registry.example.com/uv:1", None, False),
        ("mcp-server-fetching==2026.10.24", "registry.example.com/uv:1", None, False),
        ("mcp-server-fetch==2026.10.24", "registry.example.com/uv:1", "fastmcp==4.2.3", False),
        ("mcp-server-fetch==2026.10.24", None, None, False),
    ],
)
def test_note_on_an_image_that_cannot_hold_both(package: str, image: str, bridge: str, said: bool) -> None:
    """PyPI's mcp-proxy and newer servers want SDKs of which an environment holds one; uvx makes one for each."""
    catalog = copy.deepcopy(CATALOG)
    catalog["servers"]["fetch"]["uvxConfig"]["package"] = package
    catalog["mcpServerDefaults"]["image"] = {"uvx": image} if image else {}
    catalog["mcpServerDefaults"]["bridge"] = {"uvx": bridge} if bridge else {}
    rendering = render(catalog, release="rel", namespace="ns", services=ServiceIndex())
    found = [item.message for item in rendering.findings if item.id == "run-bridge-environment"]

    assert found == ([PARTED.format(package)] if said else [])


@pytest.mark.parametrize(
    ("runtime", "word", "starts"),
    [
        ("npx", "mcp-proxy", ["npx", "--yes", "mcp-proxy", "--server"]),
        ("uvx", "mcp-proxy", ["uvx", "mcp-proxy", "--host"]),
        ("npx", "mcp-proxy==0.13.0", ["uvx", "mcp-proxy==0.13.0", "--host"]),
        ("uvx", "supergateway", ["npx", "--yes", "supergateway", "--outputTransport"]),
        ("npx", "fastmcp", ["uvx", "--from", "fastmcp", "python"]),
    ],
)
def test_a_bridge_is_told_by_its_version_then_by_the_runtime(runtime: str, word: str, starts: list[str]) -> None:
    """`@` is npm's, `==` PyPI's; without a version the runtime decides, unless there is one such program only."""
    server = {"npx": "everything", "uvx": "fetch"}[runtime]

    assert bridged(word, server)["command"][: len(starts)] == starts


@pytest.mark.parametrize("version", ["1.36", "1.37", "1.100"])
def test_a_name_may_begin_with_a_digit_since_kubernetes_1_36(version: str) -> None:
    """Where the catalog says that its clusters are new enough."""
    catalog = copy.deepcopy(CATALOG)
    catalog["servers"]["1a"] = catalog["servers"].pop("notes")

    assert ("Service", "1a") in objects({**catalog, "cluster": {"kubernetesVersion": version}})


@pytest.mark.parametrize("version", ["1.25", "1.35", "1.4"])
def test_a_name_may_not_begin_with_a_digit_before(version: str) -> None:
    """Such an API server refuses the Service."""
    catalog = copy.deepcopy(CATALOG)
    catalog["servers"]["1a"] = catalog["servers"].pop("notes")

    assert [line.rpartition(" ")[2] for line in refusals({**catalog, "cluster": {"kubernetesVersion": version}})] == [
        "[run-name]"
    ]
