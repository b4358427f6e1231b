"""A secret in any place of a catalog: no message repeats it, and nothing that runs has it in clear."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from edges import mcpfence
from mcpfence.findings.finding import Finding, McpfenceError
from mcpfence.kube.services import ServiceIndex
from mcpfence.render.pipeline import render
from mcpfence.text.secret_detection import named_secret, secret_arguments, secret_name, secret_text
from running.runs import CATALOG, changed, refusals
from secret_samples import SAMPLES, SECRET_ARGUMENTS, SECRET_TEXTS
from tooling import ROOT

EXAMPLES = [
    ROOT / "values-examples" / name / "values.yaml" for name in ("obot", "run-minimal", "gateway-token-exchange")
]
TOKEN = SAMPLES["GitHub"]
PASSWORD = "hunter2"  # noqa: S105 - the one that is looked for
INSTEAD = {
    "a token": TOKEN,
    "a URL with a password": f"https://app:{PASSWORD}@api.example.com/v1?key={PASSWORD}",
    "a user before a host": f"app:{PASSWORD}@api.example.com",
    "a list": [TOKEN],
    "a mapping": {TOKEN: TOKEN},
}
"""What stands in the place of a value."""

Steps = tuple[str | int, ...]


def _places(whole: Any) -> list[Steps]:
    """One place of each kind: the servers of a catalog have the same keys."""
    found: dict[Steps, Steps] = {}
    for path in _leaves(whole):
        named = path[:1] in (("servers",), ("clients",), ("workloads",)) and len(path) > 1
        kind = tuple(
            0 if isinstance(step, int) or (named and number == 1) else step for number, step in enumerate(path)
        )
        found.setdefault(kind, path)
    return list(found.values())


def _leaves(value: Any, path: Steps = ()) -> Iterator[Steps]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _leaves(inner, (*path, number))
    yield path


def _replaced(document: Any, path: Steps, value: Any) -> Any:
    if not path:
        return value
    made = copy.copy(document)
    made[path[0]] = _replaced(document[path[0]], path[1:], value)
    return made


def _tried(catalog: Any) -> tuple[tuple[Finding, ...], list[str]]:
    """The findings of a catalog, and the texts of what would run."""
    try:
        found = render(catalog, release="rel", namespace="ns", services=ServiceIndex())
    except McpfenceError as error:
        return error.findings, []
    return found.findings, [item.text for item in found.objects if item.kind == "Deployment"]


@pytest.mark.parametrize("what", INSTEAD)
@pytest.mark.parametrize("path", EXAMPLES, ids=[path.parent.name for path in EXAMPLES])
def test_secret_in_the_place_of_any_value(path: Path, what: str) -> None:
    """It is in no message, whatever the message says, and in no Deployment; an internal fault would be an exception."""
    whole = yaml.safe_load(path.read_text(encoding="utf-8"))
    for place in _places(whole):
        findings, running = _tried(_replaced(whole, place, INSTEAD[what]))

        for text in [*(finding.message for finding in findings), *running]:
            assert TOKEN not in text, place
            assert PASSWORD not in text, place


@pytest.mark.parametrize("text", SECRET_TEXTS)
def test_text_in_clear_is_refused(text: str) -> None:
    """In a variable, an argument, a command and a bridge of a server that runs; none of the messages repeats it."""
    catalogs = [
        changed("notes", env=[{"key": "SETTINGS", "value": text}]),
        changed("notes", containerizedConfig={"image": "a:1", "args": ["--config", text]}),
        changed("notes", containerizedConfig={"image": "a:1", "command": ["sh", "-c", text]}),
        {**CATALOG, "mcpServerDefaults": {"bridge": {"npx": ["b", text, "{port}", "{command}"]}}},
    ]
    for catalog in catalogs:
        found = refusals(catalog)

        assert [message for message in found if message.endswith("[run-secret]")], catalog
        assert [message for message in found if PASSWORD in message] == []


@pytest.mark.parametrize("texts", SECRET_ARGUMENTS, ids=" ".join)
def test_arguments_in_clear_are_refused(texts: tuple[str, ...]) -> None:
    """By options of one letter too."""
    found = refusals(changed("notes", containerizedConfig={"image": "a:1", "args": list(texts)}))

    assert [message for message in found if message.endswith("[run-secret]")]
    assert [message for message in found if texts[-1] in message] == []


def test_token_anywhere_in_a_pod() -> None:
    """In a label, a selector of nodes, a toleration: what no reader looks at one by one is looked at as a whole."""
    for catalog in (
        changed("notes", podSelector={"app": TOKEN}),
        {**CATALOG, "mcpServerDefaults": {"nodeSelector": {"pool": TOKEN}}},
        {**CATALOG, "mcpServerDefaults": {"tolerations": [{"key": TOKEN, "operator": "Exists"}]}},
    ):
        found = refusals(catalog)

        assert [message for message in found if message.endswith("[run-secret]")], catalog
        assert [message for message in found if TOKEN in message] == []


def test_difference_of_a_folder_shows_no_secret(tmp_path: Path) -> None:
    """What stands in a folder was written by others: a value of a variable named like a secret, a whole Secret."""
    (tmp_path / "values.yaml").write_text(json.dumps(CATALOG))
    call = ("render", "-f", "values.yaml", "--policies-only", "-o", "out")
    assert mcpfence(*call, cwd=tmp_path).returncode == 0
    path = next((tmp_path / "out").glob("deployment-*notes.yaml"))
    entry = f"        env:\n        - name: DB_PASSWORD\n          value: {PASSWORD}\n        image:"
    path.write_text(path.read_text().replace("        image:", entry, 1))
    policy = next((tmp_path / "out").glob("networkpolicy-*.yaml"))
    policy.write_text(policy.read_text() + f"---\nkind: Secret\ndata:\n  word: {PASSWORD}\n  |\n    {PASSWORD}\n")
    said = mcpfence(*call, "--check", cwd=tmp_path).stderr.decode()

    assert "-        - name: DB_PASSWORD\n-          value: ...\n" in said
    assert "-  word: ...\n" in said
    assert PASSWORD not in said


# --- what real catalogs hold ---


class _Corpus:
    """The variables and arguments of the shared catalogs: those that their makers call secret, and the others."""

    def __init__(self, folder: Path) -> None:
        self.secrets: set[str] = set()
        self.plain: list[tuple[str, str]] = []
        self.arguments: list[list[str]] = []
        for path in sorted((folder / "docker-mcp-registry").rglob("server.yaml")):
            self._docker(yaml.safe_load(path.read_text("utf-8")))
        for path in sorted((folder / "toolhive-registry").rglob("spec.yaml")):
            self._toolhive(yaml.safe_load(path.read_text("utf-8")))

    def _docker(self, entry: Any) -> None:
        config = entry.get("config")
        config = config if isinstance(config, Mapping) else {}
        run = entry.get("run") or {}
        self.secrets |= {str(one["env"]) for one in config.get("secrets") or () if one.get("env")}
        self.plain += [(str(one["name"]), str(one.get("value") or "")) for one in config.get("env") or ()]
        self.plain += [(str(name), str(value)) for name, value in (run.get("env") or {}).items()]
        self.arguments += [[str(text) for text in run.get(key) or ()] for key in ("command", "volumes")]

    def _toolhive(self, entry: Any) -> None:
        for one in entry.get("env_vars") or ():
            if one.get("secret"):
                self.secrets.add(str(one["name"]))
            else:
                self.plain.append((str(one["name"]), str(one.get("default") or "")))
        self.arguments.append([str(text) for text in entry.get("args") or ()])


NOT_BY_NAME = {
    *("ATLAN_BASE_URL", "CYLERA_BASE_URL", "DATABASE_URI", "OPENAPI_MCP_HEADERS", "HDX_APP_IDENTIFIER"),
    *("AURA_CLIENT_ID", "AZURE_CLIENT_ID", "FALCON_CLIENT_ID", "MDB_MCP_API_CLIENT_ID", "OAUTH_CLIENT_ID"),
    *("REDDIT_CLIENT_ID", "AURA_TENANT_ID", "AZURE_TENANT_ID", "AWS_ACCESS_KEY_ID", "BROWSERBASE_PROJECT_ID"),
    *("CYLERA_USERNAME", "HUMMINGBOT_API_USERNAME", "SCHEMA_REGISTRY_USER"),
}
"""What their makers keep with the secrets and is an identity or an address; a password in it is known by its form."""


def test_secrets_of_real_catalogs(shared: Path) -> None:
    """Of what two catalogs call secret every password, key and token is known by name; of the rest nothing is refused."""
    corpus = _Corpus(shared / "catalogs")
    alarms = [(name, value) for name, value in corpus.plain if named_secret(name, value) or secret_text(value)]
    filled = {(name, value) for name, value in alarms if value and "{{" not in value}

    assert {name for name in corpus.secrets if not secret_name(name)} == NOT_BY_NAME
    assert filled == set()
    assert [texts for texts in corpus.arguments if list(secret_arguments(texts))] == []
    assert (len(corpus.secrets), len(corpus.plain) > 250, sum(map(len, corpus.arguments))) == (138, True, 57)
