"""What runs a server: the Deployment, its hardening, what the container executes, the Service and the ServiceAccount."""

from __future__ import annotations

import copy
import shlex
from typing import Any

import pytest

from mcpfence.kube.services import ServiceIndex
from mcpfence.render.pipeline import render
from running.runs import CATALOG, changed, container, objects, pod


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
        "capabilities": {"drop": ["ALL"]},
    }
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False
    assert spec["serviceAccountName"] == "mcp-server-notes"
    assert spec["volumes"] == [{"name": "tmp", "emptyDir": {}}, {"name": "home", "emptyDir": {}}]
    assert spec["containers"][0]["resources"] == {"requests": {"memory": "400Mi"}}
    assert spec["containers"][0]["imagePullPolicy"] == "Always"


def test_npx_server_stands_behind_supergateway() -> None:
    """The bridge gets the server's command as one line for a shell; arguments with blanks stay one argument."""
    command = container(CATALOG, "everything")["command"]

    assert command[:3] == ["npx", "--yes", "supergateway@4.0.0"]
    assert command[command.index("--port") + 1] == "8099"
    assert shlex.split(command[command.index("--stdio") + 1]) == ["npx", "--yes", "everything@1.2.3", "--name", "a b"]


def test_uvx_server_stands_behind_mcp_proxy() -> None:
    """mcp-proxy takes the server's command as arguments, and listens on all addresses of the pod."""
    assert container(CATALOG, "fetch")["command"] == [
        *("uvx", "mcp-proxy==0.13.0", "--host", "0.0.0.0", "--port", "8099", "--pass-environment", "--"),  # noqa: S104
        *("uvx", "fetch==1.2.3", "--port", "80"),
    ]


def test_bridge_listens_on_ipv6_where_there_is_nothing_else() -> None:
    """A pod without IPv4 cannot listen on 0.0.0.0."""
    catalog = {**copy.deepcopy(CATALOG), "cluster": {"ipFamilies": ["IPv6"]}, "egress": {}}

    assert container(catalog, "fetch")["command"][3] == "::"


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
        "requests": {"memory": "400Mi"},
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
