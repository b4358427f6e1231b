"""ToolHive's catalogs, exports and resources: what its own code makes of them, never wider."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from mcpfence.imports.run import Imported, Request, import_texts
from mcpfence.imports.shared.source import Text


def _imported(*documents: Any, format: str = "auto") -> Imported:  # noqa: A002
    return import_texts(
        [Text(f"{i}.json", json.dumps(one), named=False) for i, one in enumerate(documents)], Request(format=format)
    )


def _servers(found: Imported) -> dict[str, Any]:
    return dict(yaml.safe_load(found.text)["servers"]) if found.text else {}


def _said(found: Imported, id: str) -> list[str]:
    return [one.message.partition(": ")[2] for one in found.findings if one.id == id]


def _resource(kind: str = "MCPServer", /, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "toolhive.stacklok.dev/v1beta1",
        "kind": kind,
        "metadata": {"name": "notes", "namespace": "ai"},
        "spec": {"image": "example/notes:1", **spec},
    }


def _entry(**more: Any) -> dict[str, Any]:
    return {"name": "notes", "image": "example/notes:1", "transport": "stdio", "tier": "Community", **more}


def _network(**outbound: Any) -> dict[str, Any]:
    return {"network": {"outbound": outbound}}


# --- the operator's resources ---


@pytest.mark.parametrize(
    ("spec", "port"),
    [
        ({"transport": "streamable-http"}, 8080),
        ({"transport": "sse"}, 8080),
        ({"transport": "sse", "mcpPort": 9000}, 9000),
        ({"transport": "streamable-http", "targetPort": 9000}, 9000),
        ({"transport": "stdio"}, None),
        ({}, None),
    ],
)
def test_the_operators_default_port(spec: dict[str, Any], port: int | None) -> None:
    """What speaks HTTP and names no port listens where the operator says: 8080, and a note tells."""
    found = _imported(_resource(**spec))

    assert _servers(found)["notes"]["containerizedConfig"].get("port") == port
    said = (
        [f"listens ({spec['transport']}), and no mcpPort says where; imported 8080, the operator's default"]
        if port == 8080
        else []
    )
    assert _said(found, "import-default") == said


@pytest.mark.parametrize(
    "document",
    [
        _resource(podTemplateSpec={"spec": {"hostNetwork": True}}),
        {"schema_version": "v0.1.0", "name": "notes", "image": "example/notes:1", "transport": "stdio", "base_name": "notes", "k8s_pod_template_patch": '{"spec": {"hostNetwork": true}}'},
    ],
    ids=["a resource", "a RunConfig"],
)  # fmt: skip
def test_pods_on_their_nodes_network_are_refused(document: dict[str, Any]) -> None:
    """No policy holds there, so nothing of the server is imported."""
    found = _imported(document)

    assert found.text == ""
    assert _said(found, "import-refused") == [
        "puts its pods on their node's network, where no policy holds; fence the node instead"
    ]


def test_fields_of_today_are_known() -> None:
    """New fields that limit nothing are left out; webhooks are the proxy's, which is said."""
    found = _imported(
        _resource(maxRequestBodySize=1, proxyReadTimeout="1s", webhookConfigRef={"name": "w"}, podTemplateSpec={})
    )

    assert _said(found, "import-unknown-key") == []
    assert _said(found, "import-narrowed") == [
        "names webhooks, which the proxy in front of the server calls, and not the server; list their hosts under "
        "workloads.toolhive-proxy.egress"
    ]


@pytest.mark.parametrize(
    ("kind", "pods"),
    [
        ("EmbeddingServer", "app.kubernetes.io/name: embeddingserver, which fetch their model"),
        ("MCPRegistry", "app.kubernetes.io/name: toolhive-registry-api, which read their sources"),
    ],
)
def test_other_pods_of_the_operator_are_said(kind: str, pods: str) -> None:
    """What is no server and has pods in the namespace is under the floor."""
    found = _imported(_resource(), _resource(kind))

    assert set(_servers(found)) == {"notes"}
    assert f"is no server, and has pods ({pods}); the floor denies them everything; write a workload for them" in _said(
        found, "import-pods"
    )


_EXPORT = "is in a file that thv export made, some versions of which write none whatever the profile is; imported as nothing allowed; import the RunConfig (thv export without --format) or the registry's entry"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, [_EXPORT]),
        ({"metadata": {"name": "notes", "namespace": "ai"}}, []),
        ({"status": {"phase": "Ready"}}, []),
        ({"spec": {"resources": {"limits": {"cpu": "1"}}}}, []),
        ({"spec": {"permissionProfile": {"type": "builtin", "name": "network"}}}, []),
    ],
    ids=["exported", "placed", "running", "with limits", "another profile"],
)
def test_the_profile_of_an_export_may_be_a_placeholder(change: dict[str, Any], said: list[str]) -> None:
    """A CR with the marks of thv export says none whatever the profile was."""
    document = _resource(
        permissionProfile={"type": "builtin", "name": "none"}, resources={"limits": {}, "requests": {}}
    )
    document |= {"metadata": {"name": "notes"}, "status": {}}
    document |= {**change, "spec": {**document["spec"], **change.get("spec", {})}}

    assert [text for text in _said(_imported(document), "import-guess") if "thv export" in text] == said


# --- profiles ---


@pytest.mark.parametrize(
    "name", ["host.docker.internal", "Gateway.Docker.Internal", "host.containers.internal.", "172.17.0.1"]
)
def test_the_containers_host_is_dropped(name: str) -> None:
    """ToolHive denies it before any list, and a cluster has none."""
    found = _imported(_entry(permissions=_network(allow_host=[name, "api.example.com"], allow_port=[5432])))

    assert _servers(found)["notes"]["egress"] == {"domains": [{"name": "api.example.com", "ports": [5432]}]}
    assert _said(found, "import-ignored") == [
        f'"{name}" is the machine that ToolHive runs on, which it denies before it looks at any list; nothing to open: left out'
    ]


def test_a_star_is_read_in_two_ways() -> None:
    """The default proxy lets nothing pass for it, the other one more than is imported: the warning names both."""
    found = _imported(_entry(permissions=_network(allow_host=["*.example.com"], allow_port=[443])))

    assert _servers(found)["notes"]["containerizedConfig"]["egressDomains"] == ["*.example.com"]
    assert _said(found, "import-narrowed") == [
        '"*.example.com" lets nothing pass in ToolHive\'s default proxy (squid), and "example.com" and all below it in its '
        'other one (envoy); imported as all below, without "example.com" itself; remove it if the default holds for you'
    ]


# --- what thv prints ---


@pytest.mark.parametrize("format", ["auto", "toolhive"])
@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize("name", ["notes", "io.github.example/notes"])
def test_registry_list_and_info(format: str, name: str, *, listed: bool) -> None:  # noqa: A002
    """One entry, or a list of them, has the name that the upstream format gives it."""
    entry = _entry(name=name, permissions=_network(allow_host=["api.example.com"], allow_port=[443]))
    servers = _servers(_imported([entry] if listed else entry, format=format))

    assert servers["notes"]["containerizedConfig"]["egressDomains"] == ["api.example.com"]


def test_a_listed_remote() -> None:
    """Remote servers stand in the same list, with a URL."""
    remote = {
        "name": "x/wiki",
        "url": "https://mcp.example.com/mcp",
        "transport": "streamable-http",
        "tier": "Official",
    }

    assert _servers(_imported([_entry(), remote]))["x-wiki"]["remoteConfig"] == {
        "fixedURL": "https://mcp.example.com/mcp"
    }


_SKILL: dict[str, Any] = {
    "namespace": "io.github.example",
    "name": "read",
    "description": "d",
    "version": "1",
    "packages": [{"registryType": "oci", "identifier": "example/read:1"}],
}


@pytest.mark.parametrize("format", ["auto", "toolhive", "server-json"])
@pytest.mark.parametrize(
    "skill", [_SKILL, {**_SKILL, "packages": []}, {key: value for key, value in _SKILL.items() if key != "packages"}]
)
def test_a_skill_is_no_server(format: str, skill: dict[str, Any]) -> None:  # noqa: A002
    """Skills and plugins of the catalog are text for a model: each is skipped, and the servers are imported."""
    server = {
        "name": "x/notes",
        "version": "1",
        "packages": [{"registryType": "oci", "identifier": "example/notes:1", "transport": {"type": "stdio"}}],
    }
    found = _imported(skill, server, format=format)

    assert len(_servers(found)) == 1
    assert _said(found, "import-skipped") == ["is a skill or a plugin, text for a model, and no server; skipped"]


@pytest.mark.parametrize(
    "change",
    [
        {"packages": [{"registryType": "oci", "identifier": "example/read:1", "transport": {"type": "stdio"}}]},
        {"remotes": [{"type": "sse", "url": "https://mcp.example.com/"}], "packages": []},
    ],
)
def test_a_server_with_a_namespace_is_no_skill(change: dict[str, Any]) -> None:
    """What can run or be called is a server, whatever further keys it has."""
    assert len(_servers(_imported({**_SKILL, **change}))) == 1


# --- RunConfig ---


def _run_config(**more: Any) -> dict[str, Any]:
    return {
        "schema_version": "v0.1.0",
        "name": "notes",
        "base_name": "notes",
        "image": "example/notes:1",
        "transport": "stdio",
        "host": "127.0.0.1",
        "port": 31001,
        **more,
    }


_PROFILE = {"name": "x", **_network(allow_host=["api.example.com"], allow_port=[443])}


def test_a_run_config() -> None:
    """Image, port, profile and the names of variables; no value, and nothing that is not known."""
    config = _run_config(transport="sse", target_port=8080, permission_profile=_PROFILE, isolate_network=True, env_vars={"A": "TOPSECRET"}, secrets=["tok,target=TOKEN", "odd"])  # fmt: skip
    found = _imported(config)

    assert _servers(found)["notes"] == {
        "runtime": "containerized",
        "containerizedConfig": {"image": "example/notes:1", "port": 8080, "egressDomains": ["api.example.com"]},
        "env": [{"key": "A"}, {"key": "TOKEN", "sensitive": True}],
    }
    assert "TOPSECRET" not in found.text
    assert [one.id for one in found.findings] == []


@pytest.mark.parametrize(
    ("config", "server", "said"),
    [
        ({"permission_profile": _PROFILE}, {"egressDomains": ["api.example.com"]}, {"import-narrowed": ["does not isolate the network, so ToolHive does not hold it to its permission profile; imported the profile all the same"]}),
        ({"permission_profile_name_or_path": "none", "isolate_network": True}, {"denyAllEgress": True}, {}),
        ({"permission_profile_name_or_path": "network"}, {}, {"import-allow-all": ["is the profile network, which allows every host; imported as egress.default of the catalog (deny); write egress: {default: internet} to keep it"]}),
        ({"permission_profile_name_or_path": "/etc/p.json", "isolate_network": True}, {"egressDomains": []}, {"import-guess": ['names the profile "/etc/p.json", which is not in the input; imported as no host; list what it needs']}),
        ({"permission_profile": None}, {}, {}),
        ({"new_key": 1}, {}, {"import-unknown-key": ["is a field that this format does not know, so it was not imported; see whether it limits or opens the server's network"]}),
    ],
    ids=["not isolated", "none", "network", "a file", "undeclared", "unknown"],
)  # fmt: skip
def test_the_profile_of_a_run_config(
    config: dict[str, Any], server: dict[str, Any], said: dict[str, list[str]]
) -> None:
    """Each way to name a profile, and what ToolHive makes of it."""
    found = _imported(_run_config(**config))

    assert _servers(found)["notes"]["containerizedConfig"] == {"image": "example/notes:1", **server}
    assert {
        id: _said(found, id)
        for id in ("import-narrowed", "import-allow-all", "import-guess", "import-unknown-key")
        if _said(found, id)
    } == said


def test_a_remote_run_config() -> None:
    """A workload that runs elsewhere is a remote server."""
    found = _imported(_run_config(image="", remote_url="https://mcp.example.com/mcp?key=TOPSECRET"))

    assert _servers(found)["notes"]["remoteConfig"] == {"fixedURL": "https://mcp.example.com/mcp"}
