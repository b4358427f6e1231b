"""The carrier: what of the values reaches the post-renderer, and what never does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from charting import CHART, Charting, catalog, one, parse, payload
from find_helm import Helm
from tooling import ROOT

SECRETS = [f"s3cret-{number}" for number in range(12)]

SERVERS: dict[str, Any] = {
    "npx": {
        "runtime": "npx",
        "displayName": "GitHub",
        "description": "Issues and pull requests",
        "npxConfig": {
            "package": "@scope/server@1.2",
            "args": ["--token", SECRETS[0], 8080],
            "egressDomains": [],
            "denyAllEgress": False,
        },
        "env": [{"key": "TOKEN", "value": SECRETS[1], "sensitive": True}],
        "egress": {},
        "ingress": {"from": []},
    },
    "uvx": {
        "runtime": "uvx",
        "uvxConfig": {
            "package": f"git+https://user:{SECRETS[2]}@git.example.com/x",
            "command": SECRETS[3],
            "args": [SECRETS[3]],
            "denyAllEgress": True,
        },
    },
    "containerized": {
        "runtime": "containerized",
        "containerizedConfig": {
            "image": "ghcr.io/example/vault:1.2.3",
            "port": 8080,
            "path": f"/{SECRETS[4]}",
            "command": ["sh", "-c", SECRETS[5]],
            "args": [SECRETS[5]],
            "egressDomains": ["api.example.com"],
        },
        "podSelector": [{"app": "vault"}, {"matchLabels": {}, "matchExpressions": []}],
        "run": False,
    },
    "remote": {
        "runtime": "remote",
        "remoteConfig": {
            "fixedURL": f"https://user:{SECRETS[6]}@mcp.example.com:8443/{SECRETS[7]}/mcp?key={SECRETS[8]}#{SECRETS[8]}",
            "headers": [{"key": "Authorization", "value": f"Bearer {SECRETS[9]}"}],
        },
    },
    "template": {"runtime": "remote", "remoteConfig": {"urlTemplate": f"${{HOST}}/api?key={SECRETS[10]}"}},
    "host": {"runtime": "remote", "remoteConfig": {"hostname": "*.mcp.example.com"}},
    "composite": {"runtime": "composite", "compositeConfig": {"componentServers": ["npx", "host"]}},
}

CARRIED: dict[str, Any] = {
    "npx": {
        "runtime": "npx",
        "npxConfig": {"package": "@scope/server@1.2", "egressDomains": [], "denyAllEgress": False},
        "egress": {},
        "ingress": {"from": []},
    },
    "uvx": {
        "runtime": "uvx",
        "uvxConfig": {"package": "git+https://git.example.com/x", "denyAllEgress": True},
    },
    "containerized": {
        "runtime": "containerized",
        "containerizedConfig": {
            "image": "ghcr.io/example/vault:1.2.3",
            "port": 8080,
            "egressDomains": ["api.example.com"],
        },
        "podSelector": [{"app": "vault"}, {"matchLabels": {}, "matchExpressions": []}],
        "run": False,
    },
    "remote": {"runtime": "remote", "remoteConfig": {"fixedURL": "https://mcp.example.com:8443"}},
    "template": {"runtime": "remote", "remoteConfig": {"urlTemplate": "${HOST}"}},
    "host": {"runtime": "remote", "remoteConfig": {"hostname": "*.mcp.example.com"}},
    "composite": {"runtime": "composite", "compositeConfig": {"componentServers": ["npx", "host"]}},
}

CATALOG: dict[str, Any] = {
    "cluster": {"profile": "aks", "cidrs": {"nodes": ["10.0.0.0/16"], "pods": []}},
    "dns": {"peers": [], "ports": ["53/UDP"]},
    "egress": {"provider": "aviatrix", "aviatrix": {}, "registries": {"npx": [{"name": "npm.example.com"}], "uvx": []}},
    "clients": {"obot": {"namespace": "obot", "podSelector": {"app": "obot"}, "callbackPort": 8080}},
    "workloads": {"redis": {"podSelector": {"app": "redis"}, "egress": {"servers": "all"}}},
    "run": {"enabled": False},
    "gateway": {"provider": "none"},
}

EVERYTHING: dict[str, Any] = {
    **CATALOG,
    "servers": SERVERS,
    "mcpServerDefaults": {"port": 9000, "image": "base:1", "resources": {"limits": {"cpu": 1}}, "maxCPULimit": 2},
    "mcpNamespace": {"name": "tools", "labels": {"team": "tools"}},
    "rbac": {"serviceAccount": {"annotations": {"iam": SECRETS[11]}}},
}


@pytest.fixture
def charting(helm: Helm, tmp_path: Path) -> Charting:
    """The chart under each helm."""
    return Charting(helm, tmp_path)


def test_what_is_carried(charting: Charting) -> None:
    """The policies' keys arrive as written, empty lists and maps included; runtime settings are cut to what matters."""
    expected = {
        **CATALOG,
        "servers": CARRIED,
        "mcpServerDefaults": {"port": 9000},
        "guard": {"enabled": False, "mode": "deny", "pods": "refuse", "writers": []},
        "mcpNamespace": {"name": "tools", "networkPolicy": {"enabled": True, "dnsNamespace": "kube-system"}},
    }

    assert payload(charting.template(EVERYTHING)) == {
        "version": "0.1.0",
        "release": "rel",
        "namespace": "ns",
        "catalog": expected,
    }


def test_no_secret_leaves_the_values(charting: Charting) -> None:
    """Neither the objects nor NOTES show an env value, header, argument, command, or the private parts of a URL."""
    account = charting.template({"rbac": EVERYTHING["rbac"]})
    assert SECRETS[11] in json.dumps(account), "the annotation of the account is public: it shows that the search works"

    shown = charting.template_text({**EVERYTHING, "rbac": {}}) + charting.notes({**EVERYTHING, "rbac": {}})
    assert [secret for secret in SECRETS if secret in shown] == []


def test_secrets_under_unknown_keys_stay_out_too(charting: Charting) -> None:
    """Without schema validation an unknown key reaches the renderer by name, which refuses it; its value does not."""
    values = {
        "severs": {"a": SECRETS[0]},
        "mcpServerDefaults": {"token": SECRETS[1]},
        "servers": {
            "typo": {
                "runtime": "npx",
                "denyAllEgres": True,
                "environment": [{"value": SECRETS[2]}],
                "npxConfig": {"arguments": [SECRETS[3]]},
                "remoteConfig": SECRETS[4],
                "env": [{"value": SECRETS[5]}],
            },
            "text": SECRETS[6],
        },
    }
    text = charting.template_text(values, "--skip-schema-validation")

    withheld = "withheld by the chart"
    carried = catalog(parse(text))
    assert carried["severs"] == withheld
    assert carried["mcpServerDefaults"] == {"token": withheld}
    assert carried["servers"] == {
        "typo": {
            "runtime": "npx",
            "denyAllEgres": withheld,
            "environment": withheld,
            "npxConfig": {"arguments": withheld},
            "remoteConfig": withheld,
        },
        "text": withheld,
    }
    assert [secret for secret in SECRETS if secret in text] == []


def test_post_renderer_gets_the_carrier_whole(charting: Charting) -> None:
    """The stream that the post-renderer reads has one carrier, known by its label, with the JSON untouched."""
    stream = charting.post_rendered(EVERYTHING)
    carriers = [item for item in parse(stream) if item["metadata"]["labels"].get("mcpfence.io/carrier") == "catalog"]

    assert len(carriers) == 1
    assert carriers[0] == one(parse(stream), "ConfigMap")
    assert json.loads(carriers[0]["data"]["catalog"]) == payload(charting.template(EVERYTHING))
    lines = [line for line in stream.splitlines() if line.startswith('    {"catalog":')]
    assert [line.strip() for line in lines] == [carriers[0]["data"]["catalog"]], "one line, in a block scalar"


@pytest.mark.parametrize(
    "text",
    [
        "x\u0085---\u0085apiVersion: v1\u0085kind: Secret",
        "x\u0085 y: z",
        *(
            f"x{character}y"
            for character in "\n\t\u0001\u007f\u0080\u009f\u00a0\u2028\u2029\ufeff\ufffe\uffff\U0001f600"
        ),
        "a: |-\n---\nb: 'c' # \"d\"",
        "<&> {{ .Values }} ${HOME} %s",
    ],
    ids=ascii,
)
def test_no_value_leaves_the_block_scalar(charting: Charting, text: str) -> None:
    """Characters that end a line in YAML, or that it forbids, come out as they went in and write no YAML."""
    documents = charting.template({"clients": {"c": {"namespace": text}}, "servers": {text: {"runtime": "npx"}}})

    assert len(documents) == 3
    assert catalog(documents)["clients"]["c"]["namespace"] == text
    assert list(catalog(documents)["servers"]) == [text]


@pytest.mark.parametrize(
    ("url", "carried"),
    [
        ("https://mcp.example.com", "https://mcp.example.com"),
        ("https://mcp.example.com/mcp", "https://mcp.example.com"),
        ("https://mcp.example.com:8443?key=a", "https://mcp.example.com:8443"),
        ("https://mcp.example.com/@scope/x", "https://mcp.example.com"),
        ("HTTP://u:p@[2001:db8::1]:80/x#y", "HTTP://[2001:db8::1]:80"),
        ("mcp.example.com/mcp", "mcp.example.com"),
        ("https://{{ host }}/mcp\nx", "https://{{ host }}"),
        ("", ""),
    ],
)
def test_of_a_url_only_scheme_host_and_port_are_carried(charting: Charting, url: str, carried: str) -> None:
    """Paths, queries, fragments and user names may be credentials, and no policy depends on them."""
    servers = {"a": {"runtime": "remote", "remoteConfig": {"fixedURL": url}}}

    assert catalog(charting.template({"servers": servers}))["servers"]["a"]["remoteConfig"] == {"fixedURL": carried}


def test_the_default_name_of_the_namespace_is_resolved(charting: Charting) -> None:
    """The renderer gets the namespace that the chart used, so they cannot disagree."""
    assert catalog(charting.template())["mcpNamespace"]["name"] == "rel-mcp"
    assert catalog(charting.template({"mcpNamespace": {"name": None}}))["mcpNamespace"]["name"] == "rel-mcp"


def test_five_thousand_servers(charting: Charting) -> None:
    """A large catalog arrives complete."""
    servers = {
        f"server-{number}": {"runtime": "npx", "npxConfig": {"egressDomains": [f"h{number}.example.com"]}}
        for number in range(5000)
    }

    assert catalog(charting.template({"servers": servers}))["servers"] == servers


def test_the_table_of_what_is_carried_knows_each_key_of_the_schema() -> None:
    """A key that the schema gains must be decided upon in the table, or the renderer would see it withheld."""
    text = (CHART / "templates" / "_carrier.tpl").read_text(encoding="utf-8")
    found = re.search(r'define "mcpfence.carried" -}}\n(.*?)\n{{- end', text, re.DOTALL)
    assert found
    table = yaml.load(found[1], Loader=yaml.CSafeLoader)
    schema = json.loads((ROOT / "schemas" / "catalog.schema.json").read_text(encoding="utf-8"))
    objects = {**schema["$defs"], "root": {"properties": {**schema["properties"], "global": {}}}}

    assert {place: set(row) for place, row in table.items()} == {
        place: set(objects[place]["properties"]) for place in table
    }
    parts = {key for row in table.values() for key, rule in row.items() if rule == "part"}
    assert parts - {"servers"} | {"root", "server", "registration", "serverRun", "envEntry"} == set(table)


def test_what_the_schema_calls_private_is_not_carried_as_it_is() -> None:
    """writeOnly marks what may be secret; the table must not say keep for any of it."""
    text = (CHART / "templates" / "_carrier.tpl").read_text(encoding="utf-8")
    found = re.search(r'define "mcpfence.carried" -}}\n(.*?)\n{{- end', text, re.DOTALL)
    assert found
    table = yaml.load(found[1], Loader=yaml.CSafeLoader)
    definitions = json.loads((ROOT / "schemas" / "catalog.schema.json").read_text(encoding="utf-8"))["$defs"]

    def private(schema: dict[str, Any]) -> bool:
        target = definitions.get(schema.get("$ref", "").rpartition("/")[2], {})
        return bool(schema.get("writeOnly") or target.get("writeOnly"))

    rules = {
        f"{place}.{key}": table[place][key]
        for place in table
        if place in definitions
        for key, schema in definitions[place]["properties"].items()
        if private(schema)
    }
    assert rules == {
        "npxConfig.args": "args",
        "uvxConfig.command": "args",
        "uvxConfig.args": "args",
        "containerizedConfig.command": "args",
        "containerizedConfig.args": "args",
        "remoteConfig.fixedURL": "url",
        "remoteConfig.urlTemplate": "url",
        "envEntry.value": "drop",  # what may be carried of it is judged entry by entry
    }
