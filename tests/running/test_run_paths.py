"""Running servers through the chart: the same objects on every path, and no value leaves that should not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from charting import CHART, Charting, catalog, parse
from edges import make_host, mcpfence
from find_helm import Helm
from mcpfence.running.environment import WITHHELD
from mcpfence.running.secretlike import FORMS, HARMLESS, NAME
from running.runs import CATALOG


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


def test_chart_and_renderer_agree_on_what_looks_like_a_secret() -> None:
    """The chart's pattern is the renderer's, so that nothing is withheld which the renderer would take for a value."""
    text = (CHART / "templates" / "_carrier.tpl").read_text(encoding="utf-8")
    patterns = [json.loads(f'"{found}"') for found in re.findall(r'regexMatch "([^"]*)" \$(?:key|text)\b', text)]

    assert patterns == [NAME, HARMLESS, FORMS]


def test_withheld_value_is_refused(tmp_path: Path) -> None:
    """Whatever the chart withheld is an error, never the value of a variable."""
    catalog_ = json.loads(json.dumps(CATALOG))
    catalog_["servers"]["notes"]["env"] = [{"key": "WORD", "value": WITHHELD}]
    file = tmp_path / "values.yaml"
    file.write_text(json.dumps(catalog_), encoding="utf-8")
    done = mcpfence("render", "-f", file, "--policies-only")

    assert (done.returncode, done.stdout) == (1, b"")
    assert b"WORD looks like a secret and is written in clear" in done.stderr


def test_helm_and_policies_only_give_the_same_objects(helm: Helm, tmp_path: Path) -> None:
    """What comes through chart, carrier and helm equals what the renderer makes of the values themselves."""
    file = tmp_path / "values.yaml"
    file.write_text(json.dumps(CATALOG), encoding="utf-8")
    host = make_host(helm.path, helm.major, tmp_path)
    whole = host.run("template", "rel", CHART, "--namespace", "ns", "--values", file, *host.flags())
    assert whole.returncode == 0, whole.stderr.decode()
    alone = mcpfence("render", "-f", file, "--policies-only", "--release", "rel", "--namespace", "ns")
    ours = list(yaml.safe_load_all(alone.stdout))
    names = {(document["kind"], document["metadata"]["name"]) for document in ours}
    through = [
        document
        for document in yaml.safe_load_all(whole.stdout)
        if document and (document["kind"], document["metadata"]["name"]) in names
    ]

    key = lambda document: (document["kind"], document["metadata"]["name"])  # noqa: E731
    assert sorted(through, key=key) == sorted(ours, key=key)
    assert len(ours) == 6 + 9 + 1
