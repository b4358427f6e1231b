"""Running servers through the chart: the same objects on every path, and no value leaves that should not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from charting import CHART, Charting, catalog, parse
from edges import make_host, mcpfence
from find_helm import Helm
from mcpfence.catalog.run.environment_reader import WITHHELD
from mcpfence.text.secret_detection import named_secret, secret_value
from running.runs import CATALOG
from secret_samples import HARMLESS_TEXTS, SAMPLES


@pytest.fixture
def charting(helm: Helm, tmp_path: Path) -> Charting:
    """The chart under each helm."""
    return Charting(helm, tmp_path)


def test_chart_carries_what_running_needs(charting: Charting) -> None:
    """image, args, env and the defaults reach the renderer where servers run."""
    values = {
        "run": {"enabled": True},
        "mcpServerDefaults": {"image": "registry.example.com/base:1", "storageClassName": "fast"},
        "servers": {
            "a": {
                "runtime": "npx",
                "npxConfig": {"package": "a@1.2.3", "args": ["x"]},
                "env": [{"key": "LEVEL", "value": "debug"}],
                "description": "text",
            }
        },
    }
    carried = catalog(charting.template(values))

    assert carried["mcpServerDefaults"] == {"image": "registry.example.com/base:1"}
    assert carried["servers"] == {
        "a": {
            "runtime": "npx",
            "npxConfig": {"package": "a@1.2.3", "args": ["x"]},
            "env": [{"key": "LEVEL", "value": "debug"}],
        }
    }


def test_chart_carries_nothing_of_servers_that_do_not_run(charting: Charting) -> None:
    """One server that runs takes nothing of another one's environment along."""
    env = [{"key": "LEVEL", "value": "debug"}]
    config = {"package": "a@1.2.3", "args": ["x"]}
    values = {
        "servers": {
            "runs": {"runtime": "npx", "npxConfig": config, "env": env, "run": {}},
            "rests": {"runtime": "npx", "npxConfig": config, "env": env},
            "stopped": {"runtime": "npx", "npxConfig": config, "env": env, "run": {"enabled": False}},
        }
    }
    carried = catalog(charting.template(values))["servers"]

    assert {name: "env" in server for name, server in carried.items()} == {
        "runs": True,
        "rests": False,
        "stopped": False,
    }
    assert {name: "args" in server["npxConfig"] for name, server in carried.items()} == {
        "runs": True,
        "rests": False,
        "stopped": False,
    }


def test_chart_withholds_what_looks_like_a_secret(charting: Charting) -> None:
    """A forgotten post-renderer must not leave a token in a ConfigMap."""
    env = [
        {"key": "API_TOKEN", "value": "hunter2"},
        {"key": "WORD", "value": "hunter2", "sensitive": True},
        {"key": "MAX_TOKENS", "value": "4096"},
        {"key": "TOKEN_FILE", "value": "/files/token"},
    ]
    values = {
        "run": {"enabled": True},
        "servers": {"a": {"runtime": "npx", "npxConfig": {"package": "a@1.2.3"}, "env": env}},
    }
    text = charting.template_text(values)

    assert "hunter2" not in text
    assert [entry["value"] for entry in catalog(parse(text))["servers"]["a"]["env"]] == [
        *(WITHHELD, WITHHELD, "4096", "/files/token"),
    ]


def test_chart_and_renderer_agree_on_what_looks_like_a_secret(charting: Charting) -> None:
    """What the chart withholds of a variable is what the renderer refuses by its name or form, and nothing else."""
    texts = [
        *SAMPLES.values(),
        *HARMLESS_TEXTS,
        "hunter2",
        "${TOKEN:-hunter2}",
        "{{ token }}",
        "/etc/tls/tls.key",
        "none",
    ]
    names = ("LEVEL", "API_KEY", "apiKey", "DB_PW", "COOKIE", "MAX_TOKENS", "TOKEN_FILE", "SORT_KEY", "REDIS_AUTH")
    env = [{"key": name, "value": text} for text in texts for name in names]
    values = {
        "run": {"enabled": True},
        "servers": {"a": {"runtime": "npx", "npxConfig": {"package": "a@1.2.3"}, "env": env}},
    }
    carried = catalog(charting.template(values))["servers"]["a"]["env"]
    withheld = [entry["value"] == WITHHELD for entry in carried]

    assert withheld == [secret_value(entry["value"]) or named_secret(entry["key"], entry["value"]) for entry in env]


def test_withheld_value_is_refused(tmp_path: Path) -> None:
    """Whatever the chart withheld is an error, never the value of a variable."""
    catalog_ = json.loads(json.dumps(CATALOG))
    catalog_["servers"]["notes"]["env"] = [{"key": "WORD", "value": WITHHELD}]
    file = tmp_path / "values.yaml"
    file.write_text(json.dumps(catalog_), encoding="utf-8")
    done = mcpfence("render", "-f", file, "--policies-only")

    assert (done.returncode, done.stdout) == (1, b"")
    assert b"WORD looks like a secret and is written in clear" in done.stderr


ODD = """
servers:
  zeta:
    uvxConfig: {args: [0644, 1e3, "1e3", 0x1F, "yes", 190:20:30, "a\\nb", "\\u2028\\x85", ""], package: fetch==1.2.3}
    runtime: uvx
    env:
      - {value: "line1\\n  line2\\n", key: MULTI}
      - {key: OCTAL, value: "0644", description: of no matter}
      - {key: S, secretKeyRef: {key: k, name: s}, sensitive: true}
  alpha:
    runtime: containerized
    containerizedConfig: {port: 8.08e3, image: "r.example.com/x:1", command: /bin/x, path: /mcp, denyAllEgress: true}
    run: {runAsUser: 1e3, restart: "2026", resources: {limits: {memory: 1Gi, cpu: 0.5}, requests: {memory: 1e9}}}
    gateway: {tags: [b, a]}
  beta:
    runtime: npx
    run: false
    npxConfig: {package: "git+https://token@example.com/x", args: [--token, hush]}
    env: [{key: API_TOKEN, value: hush}]
  gamma:
    runtime: npx
    npxConfig: {package: "git+ssh://git@example.com/x"}
run: {enabled: true}
gateway:
  publicHost: mcp.example.com
  provider: kuadrant
  extension: {create: true, backendPingIntervalSeconds: 3e1}
egress: {unenforcedDomains: internet, registries: {uvx: [python.example.com]}}
"""
"""Keys out of order, numbers in odd spellings, and a server that does not run, of which the chart carries less."""


def test_odd_values_are_the_same_on_every_path(helm: Helm, tmp_path: Path) -> None:
    """Objects, checksums and the digest do not depend on whether a catalog came through helm."""
    file = tmp_path / "values.yaml"
    file.write_text(ODD, encoding="utf-8")
    host = make_host(helm.path, helm.major, tmp_path)
    whole = host.run("template", "rel", CHART, "--namespace", "ns", "--values", file, *host.flags())
    assert whole.returncode == 0, whole.stderr.decode()
    alone = mcpfence("render", "-f", file, "--policies-only", "--release", "rel", "--namespace", "ns")
    assert alone.returncode == 0, alone.stderr.decode()
    through = {
        _identity(document): document for document in yaml.load_all(whole.stdout, Loader=yaml.CSafeLoader) if document
    }

    for document in yaml.load_all(alone.stdout, Loader=yaml.CSafeLoader):
        assert _simple(through[_identity(document)]) == _simple(document)


def _identity(document: Any) -> tuple[str, str, str]:
    return document["kind"], document["metadata"].get("namespace", ""), document["metadata"]["name"]


def _simple(document: Any) -> Any:
    """The document without Helm 4's annotation, which says where it comes from."""
    annotations = document["metadata"].pop("annotations", {})
    annotations.pop("postrenderer.helm.sh/postrender-filename", None)
    return document, annotations


def test_carrier_holds_no_secret_for_those_who_skip_the_schema(charting: Charting) -> None:
    """Wrong keys, wrong types and secrets under harmless names: none of their values is in the chart's output."""
    server = {
        "runtime": "npx",
        "npxConfig": {"package": "git+https://HUSH@example.com/a", "args": ["https://u:HUSH@example.com/"]},
        "env": [
            "API_TOKEN=HUSH",
            {"key": "API_TOKEN", "vaule": "HUSH"},
            {"key": "DATABASE_URL", "value": "postgres://u:HUSH@db"},
            {"key": "A", "value": ["HUSH"]},
            {"key": "A", "secretKeyRef": "HUSH"},
            {"key": "A", "secretKeyRef": {"name": "a", "key": "b", "value": "HUSH"}},
            {"key": "api-key", "value": "HUSH"},
        ],
        "run": {"env": ["HUSH"], "runAsUser": 5},
    }
    other = {"runtime": "npx", "npxConfig": {"package": "a"}, "env": {"API_TOKEN": "HUSH"}, "run": True}
    values = {"run": {"enabled": True, "env": "HUSH"}, "servers": {"a": server, "b": other, "c": {"run": "HUSH"}}}

    assert "HUSH" not in charting.template_text(values, "--skip-schema-validation")


def test_helm_and_policies_only_give_the_same_objects(helm: Helm, tmp_path: Path) -> None:
    """What comes through chart, carrier and helm equals what the renderer makes of the values themselves."""
    file = tmp_path / "values.yaml"
    file.write_text(json.dumps(CATALOG), encoding="utf-8")
    host = make_host(helm.path, helm.major, tmp_path)
    whole = host.run("template", "rel", CHART, "--namespace", "ns", "--values", file, *host.flags())
    assert whole.returncode == 0, whole.stderr.decode()
    alone = mcpfence("render", "-f", file, "--policies-only", "--release", "rel", "--namespace", "ns")
    ours = list(yaml.load_all(alone.stdout, Loader=yaml.CSafeLoader))
    names = {(document["kind"], document["metadata"]["name"]) for document in ours}
    through = [
        document
        for document in yaml.load_all(whole.stdout, Loader=yaml.CSafeLoader)
        if document and (document["kind"], document["metadata"]["name"]) in names
    ]

    key = lambda document: (document["kind"], document["metadata"]["name"])  # noqa: E731
    assert sorted(through, key=key) == sorted(ours, key=key)
    assert len(ours) == 6 + 9 + 1
