"""Servers end with their group: what a group of pytest-xdist shares is torn down behind its last test.

A fixture of the session would keep an API server, a data plane or Argo CD running beside the tests of other groups until
the worker has nothing left to do; a fixture of the module would start them anew for every file.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple

import pytest

ENGINES = frozenset({"argocd", "cluster", "control_plane", "world"})
"""The fixtures of the session that hold processes; whatever stands upon one of them ends before it."""


class _Engine(NamedTuple):
    group: str
    fixturedef: pytest.FixtureDef[Any]
    request: Any


_GROUP = pytest.StashKey[str]()
_RUNNING = pytest.StashKey[list[_Engine]]()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Note whose fixtures are set up now."""
    item.config.stash[_GROUP] = group_of(item)


def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: Any) -> None:
    """Note an engine that starts."""
    if fixturedef.argname in ENGINES and fixturedef.scope == "session":
        stash = request.config.stash
        stash.setdefault(_RUNNING, []).append(_Engine(stash[_GROUP], fixturedef, request))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, None, None]:
    """End the engines of which no test follows."""
    yield
    running = item.config.stash.get(_RUNNING, [])
    if running:
        following = {group_of(one) for one in _following(item, nextitem)}
        for engine in [engine for engine in reversed(running) if engine.group not in following]:
            running.remove(engine)
            engine.fixturedef.finish(engine.request)


def _following(item: pytest.Item, nextitem: pytest.Item | None) -> list[pytest.Item]:
    """A worker of pytest-xdist gets the tests of a group one after the other; in a single process others lie between."""
    if not nextitem or hasattr(item.config, "workerinput"):
        return [nextitem] if nextitem else []
    return item.session.items[item.session.items.index(item) + 1 :]


def group_of(item: pytest.Item) -> str:
    """The group that a test is marked with; its file where it has none."""
    mark = item.get_closest_marker("xdist_group")
    return str(mark.args[0] if mark and mark.args else mark.kwargs["name"] if mark else item.path)
