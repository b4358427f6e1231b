"""LibreChat's configuration: which files are its own, and what of them becomes a server."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from mcpfence.imports.run import Imported, Request, import_texts
from mcpfence.imports.shared.source import Text

_SERVER = {"command": "uvx", "args": ["clock==1.0"]}
_STARTED = (
    "librechat.yaml:1 mcpServers: LibreChat starts x in its own container, where no policy of theirs holds; "
    "run them as pods (run.enabled: true) and give LibreChat their URLs, or fence LibreChat under workloads"
)


def _imported(document: Any, name: str = "librechat.yaml", format: str = "auto") -> Imported:  # noqa: A002
    return import_texts([Text(name, json.dumps(document))], Request(format=format))


def _one(**server: Any) -> dict[str, Any]:
    text = _imported({"version": "1.3.0", "mcpServers": {"x": server}}).text
    return dict(yaml.safe_load(text)["servers"]["x"]) if text else {}


@pytest.mark.parametrize(
    ("document", "name", "librechat"),
    [
        ({"mcpServers": {"x": _SERVER}}, "librechat.yaml", True),
        ({"mcpServers": {"x": _SERVER}}, "chat/librechat.prod.yml", True),
        ({"version": "1.3.0", "endpoints": {}, "mcpServers": {"x": _SERVER}}, "config.yaml", True),
        ({"version": "1.3.0", "mcpServers": {"x": _SERVER}}, "config.yaml", False),
        ({"mcpServers": {"x": _SERVER}}, ".mcp.json", False),
        ({"preferences": {}, "mcpServers": {"x": _SERVER}}, "claude_desktop_config.json", False),
    ],
)
def test_auto_tells_librechat_from_editors(document: Any, name: str, *, librechat: bool) -> None:
    """The file's name says it, or keys that only LibreChat has; either way the server is read by one format alone."""
    found = _imported(document, name)

    assert [item.label for item in found.servers] == ["x"]
    assert any("LibreChat starts" in one.message for one in found.findings) is librechat


def test_the_other_format_still_reads_it_if_it_is_named() -> None:
    """What was written before LibreChat had a format of its own goes on to work."""
    found = _imported({"mcpServers": {"x": _SERVER}}, format="mcp-json")

    assert [item.label for item in found.servers] == ["x"]


def test_servers_that_have_no_pods_are_named() -> None:
    """A server with a command runs inside LibreChat: one warning names all of them, and none that runs elsewhere."""
    servers = {"x": _SERVER, "y": {"url": "https://mcp.example.com/mcp"}}
    found = _imported({"mcpServers": servers})

    assert [one.message for one in found.findings if one.id == "import-guess"] == [_STARTED]


@pytest.mark.parametrize(
    ("server", "config"),
    [
        ({"url": "https://mcp.example.com/{{ SPACE }}"}, {"urlTemplate": "https://mcp.example.com/${SPACE}"}),
        ({"url": "https://mcp.example.com/mcp", "headers": {"X-A": "TOPSECRET"}, "apiKey": {"source": "user", "authorization_type": "basic"}}, {"fixedURL": "https://mcp.example.com/mcp", "headers": [{"key": "X-A", "sensitive": True}, {"key": "Authorization", "sensitive": True}]}),
        ({"url": "https://mcp.example.com/mcp", "apiKey": {"source": "admin", "key": "TOPSECRET", "authorization_type": "custom", "custom_header": "X-Key"}}, {"fixedURL": "https://mcp.example.com/mcp", "headers": [{"key": "X-Key", "sensitive": True}]}),
    ],
)  # fmt: skip
def test_remote_servers(server: dict[str, Any], config: dict[str, Any]) -> None:
    """Placeholders become variables, an API key the header that it is sent in; no value is copied."""
    assert _one(**server)["remoteConfig"] == config
