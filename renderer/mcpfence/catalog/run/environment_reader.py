"""Environment variables and arguments of a server that runs: plain values, keys of Secrets, and no secret in clear."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mcpfence.catalog.run.model import EnvVar
from mcpfence.findings.finding import Collector, Path
from mcpfence.text.secret_detection import named_secret, secret_arguments, secret_text

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")
_SECRET_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\Z")
_SECRET_KEY = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_.-]+\Z")

WITHHELD = "withheld by the chart"
"""What the chart's carrier holds in the place of a value that it will not carry."""

_AWAY = "put it into a Secret, name that in env with secretKeyRef, and write $(NAME) here"

_OFFLINE = "NPM_CONFIG_PREFER_OFFLINE"


def read_env(
    server: str, namespace: str, entries: Sequence[Mapping[str, Any]], path: Path, out: Collector
) -> tuple[EnvVar, ...]:
    """The variables in the order of their names; an entry without a value is left out unless it is required."""
    found: dict[str, EnvVar] = {}
    for i, entry in enumerate(entries):
        at = (*path, i)
        key = entry.get("key") or entry.get("name") or ""
        if not _KEY.match(key):
            sentence = "the key is no name of an environment variable"
            out.add("run-env", at, sentence, "write key: with letters, digits and _")
            continue
        if key in found:
            out.add("run-env", at, f"{key} is written twice", "remove one of the entries")
        variable = _read_entry(server, namespace, key, entry, at, out)
        if variable is not None:
            found[key] = variable
    return tuple(found[key] for key in sorted(found))


def with_offline(runtime: str, env: tuple[EnvVar, ...]) -> tuple[EnvVar, ...]:
    """For npx the wish to take what it fetched once, unless the catalog has it: else each start asks the registry."""
    if runtime != "npx" or any(item.key.upper() in (_OFFLINE, "NPM_CONFIG_PREFER_ONLINE") for item in env):
        return env
    return tuple(sorted((*env, EnvVar(_OFFLINE, value="true"))))


def _read_entry(
    server: str, namespace: str, key: str, entry: Mapping[str, Any], path: Path, out: Collector
) -> EnvVar | None:
    reference, value, file = entry.get("secretKeyRef"), entry.get("value"), bool(entry.get("file"))
    if reference is not None:
        if value is not None:
            out.add("run-env", path, f"{key} has a value and a secretKeyRef", "remove value")
        _check_reference(reference, (*path, "secretKeyRef"), out)
        return EnvVar(key, secret=reference["name"], secret_key=reference["key"], file=file)
    if value is None:
        if entry.get("required"):
            out.add(
                "run-env-missing", path, f"{key} is required and has no value", _make_secret(server, namespace, key)
            )
        return None
    if _is_secret(key, value, bool(entry.get("sensitive"))):
        sentence = f"{key} looks like a secret and is written in clear: whoever may read the Deployment would see it"
        out.add("run-secret", (*path, "value"), sentence, _make_secret(server, namespace, key))
        return None
    if file:
        sentence = f"{key} is to be a file, and only Secrets are mounted as files"
        out.add("run-env", path, sentence, _make_secret(server, namespace, key))
        return None
    return EnvVar(key, value=value)


def _is_secret(key: str, value: str, sensitive: bool) -> bool:
    return sensitive or value == WITHHELD or secret_text(value) or named_secret(key, value)


def _make_secret(server: str, namespace: str, key: str) -> str:
    """The command that makes the Secret, and the entry that refers to it."""
    return (
        f"run kubectl create secret generic {server} --namespace {namespace} --from-literal={key}=..., "
        f"and write secretKeyRef: {{name: {server}, key: {key}}} instead of value"
    )


def _check_reference(reference: Mapping[str, Any], path: Path, out: Collector) -> None:
    if not _SECRET_NAME.match(reference["name"]):
        sentence = "is no name of a Secret"
        out.add("run-env", (*path, "name"), sentence, "write lower-case letters, digits, - and .")
    if not _SECRET_KEY.match(reference["key"]):
        sentence = "is no key of a Secret"
        out.add("run-env", (*path, "key"), sentence, "write letters, digits, -, _ and .")


def read_args(texts: Sequence[str], path: Path, out: Collector) -> None:
    """Refuse arguments that hold a secret: they would stand in the Deployment in clear."""
    withheld = (i for i, text in enumerate(texts) if text == WITHHELD)
    for i in sorted({*withheld, *secret_arguments(texts)}):
        out.add("run-secret", (*path, i), "an argument looks like a secret and is written in clear", _AWAY)


def check_text(text: str, path: Path, out: Collector) -> None:
    """Refuse a text of the container that has the form of a secret."""
    if text == WITHHELD or secret_text(text):
        refuse_secret(path, out)


def refuse_secret(path: Path, out: Collector) -> None:
    """Say that something would stand in the Deployment in clear."""
    sentence = "looks like a secret and is written in clear: whoever may read the Deployment would see it"
    out.add("run-secret", path, sentence, _AWAY)
