"""Servers end with their group: what a group of pytest-xdist shares is torn down behind its last test on a worker.

A fixture of the session would keep an API server, a data plane or Argo CD running beside the tests of other groups until
the worker has nothing left to do; a fixture of the module would start them anew for every file.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

ENGINES = frozenset({"argocd", "cluster", "control_plane", "world"})
"""The fixtures of the session that hold processes; whatever stands upon one of them ends before it."""

_RUNNING = pytest.StashKey[list[tuple[pytest.FixtureDef[Any], Any]]]()


def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: Any) -> None:
    """Note an engine that starts."""
    if fixturedef.argname in ENGINES and fixturedef.scope == "session":
        request.config.stash.setdefault(_RUNNING, []).append((fixturedef, request))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, None, None]:
    """End the engines behind the last test of a group."""
    yield
    running = item.config.stash.get(_RUNNING, [])
    if running and not _goes_on(item, nextitem):
        while running:
            fixturedef, request = running.pop()
            fixturedef.finish(request)


def _goes_on(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """Whether more tests of the group follow here: on a worker at once or never, in a single process anywhere below."""
    following = [nextitem] if nextitem else []
    if following and not hasattr(item.config, "workerinput"):
        following = item.session.items[item.session.items.index(item) + 1 :]
    return any(group_of(one) == group_of(item) for one in following)


def group_of(item: pytest.Item) -> str:
    """The group that a test is marked with; its file where it has none."""
    mark = item.get_closest_marker("xdist_group")
    return str(mark.args[0] if mark and mark.args else mark.kwargs["name"] if mark else item.path)
