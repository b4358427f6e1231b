"""Servers that run: those that differ in their words alone share a template, and each object is what it is alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import mcpfence.deploy
from edges import carrier, rendered
from helpers import Raw, errors_of
from mcpfence.documents.reader import load_foreign
from mcpfence.render import assembly, objects, template

Patch = pytest.MonkeyPatch


def npx(package: str, **more: Any) -> Raw:
    """A server that npx starts."""
    return {"runtime": "npx", "npxConfig": {"package": package}, **more}


SERVERS: dict[str, Raw] = {
    "alpha": npx("alpha-server@1.0.0"),
    "beta": npx("@example/beta@2.1.0"),
    "delta": npx("@example/delta@2.1.0", podSelector={"app": "delta", "tier": "on"}),
    "gamma": npx("@example/gamma@2.1.0"),
    "on": npx("@example/words@2.1.0"),
    "port": npx("@example/p8099@2.1.0"),
    "n" * 60: npx("@example/long@2.1.0"),
    "quoted": npx("@example/q@2.1.0", run={"enabled": True, "restart": "a"}),
}


def catalog(servers: dict[str, Raw]) -> Raw:
    """A catalog that runs them all."""
    return {"cluster": {"profile": "aks"}, "run": {"enabled": True}, "servers": servers}


def objects_of(servers: dict[str, Raw]) -> dict[tuple[str, str], Any]:
    """Everything that is rendered but the report, by kind and name."""
    found = load_foreign(rendered(carrier(catalog(servers))).decode())
    named = {(one["kind"], one["metadata"]["name"]): one for one in found}
    return {key: one for key, one in named.items() if key[0] != "ConfigMap"}


def test_each_object_is_what_it_is_alone() -> None:
    """What is filled into a template is what would be written for the server without one."""
    together = objects_of(SERVERS)
    alone = {key: one for name, server in SERVERS.items() for key, one in objects_of({name: server}).items()}

    assert together == alone


def test_one_of_each_template_is_read_back(monkeypatch: Patch) -> None:
    """The proof reads what was written for the first server of a template; others differ from it in words alone."""
    read: list[str] = []
    real = mcpfence.deploy.prove_running

    def proven(server: Any, *more: Any) -> None:
        read.append(server.name)
        real(server, *more)

    monkeypatch.setattr(mcpfence.deploy, "prove_running", proven)
    objects_of(SERVERS)

    assert read == ["alpha", "delta", "gamma", "n" * 60, "on", "port"]  # of the checksums some need quotes


FAULTS: dict[str, Callable[[Any, tuple[str, ...]], str]] = {
    "words in reverse": lambda parts, words: template.fill(parts, words[::-1]),
    "the first word everywhere": lambda parts, words: template.fill(parts, (words[:1] * len(words))),
    "the last word is lost": lambda parts, words: template.fill(parts, (*words[:-1], "") if words else ()),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_template_is_refused(fault: str, monkeypatch: Patch) -> None:
    """Nothing is printed of it."""
    for module in (assembly, objects):
        monkeypatch.setattr(module, "fill", FAULTS[fault])

    assert any("[proof-" in line for line in errors_of(catalog({"beta": SERVERS["beta"], "gamma": SERVERS["gamma"]})))
