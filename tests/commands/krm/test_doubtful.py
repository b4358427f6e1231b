"""Items that could be a policy and that readers of YAML read differently: as in a stream, proven or refused."""

from __future__ import annotations

import pytest
import yaml

from doubtful import DOUBTFUL, SEEN, UNREAD, WIDER
from edges import carrier, mcpfence, refusal
from krm import function_config

NO_OBJECT = (
    "items[0] of stdin: is no Kubernetes object (apiVersion, kind, metadata); mend it, or leave it out [resource-list]"
)
NO_OBJECTS = (
    *("a list in items of another kind", "a root that is no mapping"),
    "a line that begins like a separator",
)
"""Rows whose item has no name, or no kind that is text."""
HEAD = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n"


def _list(text: str, config: bool = True) -> bytes:
    """A ResourceList with an item as it is written; without a config an inflated chart's carrier is the second one, and its floor the third."""
    inflated = list(yaml.load_all(carrier(), Loader=yaml.CSafeLoader))
    items = "items:\n- " + text.replace("\n", "\n  ").rstrip(" ")
    rest = {"functionConfig": function_config()} if config else {}
    more = "" if config else yaml.safe_dump(inflated)
    return (HEAD + (yaml.safe_dump(rest) if rest else "") + items + more).encode()


@pytest.mark.parametrize("config", [True, False], ids=["with a catalog", "behind a chart"])
@pytest.mark.parametrize("name", SEEN)
def test_policy_in_other_words_is_proven(name: str, config: bool) -> None:
    """Whatever its kind is written like, and whatever list it stands in."""
    said = refusal(mcpfence("krm", stdin=_list(SEEN[name], config)))
    proven = f"error: {'spec.catalog.' if config else ''}{WIDER} [proof-wider]"

    assert said == (f"error: {NO_OBJECT}" if name in NO_OBJECTS else proven)


@pytest.mark.parametrize("name", DOUBTFUL)
def test_policy_that_readers_read_differently(name: str) -> None:
    """The item is named, and the place in it."""
    text, reason, line, column = DOUBTFUL[name]
    kind = {"the kind twice": "Deployment", "the kind twice in what is merged": "ConfigMap"}.get(name, "NetworkPolicy")
    said = (
        f"error: {kind} demo-mcp/debug: could hold a policy and is no YAML that all readers read alike "
        f"({reason}, line {line - 1}, column {column}); mend it, or remove it [policy-unreadable]"
    )

    assert refusal(mcpfence("krm", stdin=_list(text))) == (f"error: {NO_OBJECT}" if name in NO_OBJECTS else said)
    behind = refusal(mcpfence("krm", stdin=_list(text, config=False)))
    assert behind == f"error: {NO_OBJECT}" if name in NO_OBJECTS else "[policy-unreadable]" in behind


@pytest.mark.parametrize("name", UNREAD)
def test_bytes_that_we_cannot_read(name: str) -> None:
    """A ResourceList is one document of UTF-8, so they have no place in it."""
    refusal(mcpfence("krm", stdin=_list("x: y\n") + b"---\n" + UNREAD[name]))
    refusal(mcpfence("krm", stdin=UNREAD[name]))
