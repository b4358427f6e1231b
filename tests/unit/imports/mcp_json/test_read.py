"""The mcp.json family: what is started becomes a runtime, names of variables are kept, and nothing else of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers import run_cli
from mcpfence.imports.run import Imported, Request, import_texts
from mcpfence.imports.shared.source import Text

_NO_IMAGE = "build an image of it and write a containerized server by hand"
_NO_REGISTRY = "takes the package from a registry that {} does not ask by itself; build an image that is set to it, and write the server by hand with its host in egress.registries"


def _imported(document: Any, name: str = "claude_desktop_config.json", format: str = "auto") -> Imported:  # noqa: A002
    text = document if isinstance(document, str) else json.dumps(document)
    return import_texts([Text(name, text)], Request(format=format))


def _one(**server: Any) -> Imported:
    return _imported({"mcpServers": {"x": server}})


def _command(line: str, **more: Any) -> Imported:
    command, *args = line.split()
    return _one(command=command, args=args, **more)


def _servers(found: Imported) -> dict[str, Any]:
    return dict(yaml.safe_load(found.text)["servers"]) if found.text else {}


def _said(found: Imported, id: str) -> list[str]:
    return [one.message.partition(": ")[2] for one in found.findings if one.id == id]


# --- which files ---

_SERVER = {"command": "uvx", "args": ["mcp-server-time==1.0"]}
_WEB = {"type": "http", "url": "https://mcp.example.com/mcp"}


@pytest.mark.parametrize(
    ("document", "name"),
    [
        ({"mcpServers": {"x": _SERVER}}, "claude_desktop_config.json"),
        ({"mcpServers": {"x": {"url": "https://mcp.example.com/mcp"}}, "preferences": {}}, "x.json"),
        ({"inputs": [], "servers": {"x": _SERVER}}, ".vscode/mcp.json"),
        ({"servers": {"x": _WEB}}, ".vscode/mcp.json"),
        ({"editor.fontSize": 12, "mcp": {"servers": {"x": _SERVER}}}, "settings.json"),
        ({"mcp": {"x": {"type": "local", "command": ["uvx", "mcp-server-time==1.0"]}}}, "opencode.json"),
        ({"context_servers": {"x": {"command": {"path": "uvx", "args": ["mcp-server-time==1.0"]}}}}, "settings.json"),
        ({"x": _SERVER}, "plugin/.mcp.json"),
    ],
)
def test_auto_knows_the_family(document: Any, name: str) -> None:
    """Each place where such servers stand is found without naming the format."""
    assert set(_servers(_imported(document, name))) == {"x"}


@pytest.mark.parametrize(
    "document",
    [
        {"servers": {"x": {"image": "example/x:1", "permissions": {}}}},
        {"remote_servers": {"x": {"url": "https://mcp.example.com/mcp", "transport": "sse"}}},
        {"servers": {"x": {"runtime": "npx", "npxConfig": {"package": "x"}}}},
        {"x": _SERVER},
        {"services": {"x": _SERVER}},
        {"apiVersion": "v1", "kind": "ConfigMap", "mcpServers": {"x": _SERVER}},
    ],
    ids=["toolhive", "toolhive remote", "ours", "no name", "compose", "an object"],
)
def test_other_files_are_not_taken(document: Any) -> None:
    """ToolHive's registry, a catalog of ours and whatever has commands elsewhere are none of it."""
    from mcpfence.imports.mcp_json.read import recognises
    from mcpfence.imports.shared.source import read_text

    (found,) = read_text(Text("some.json", json.dumps(document)))
    assert not recognises(found)


def test_comments_as_editors_have_them() -> None:
    """Comments and commas at the end are read over, and lines stay where they are; // in a text is none."""
    text = '// mine\n{\n  /* of\n  two */ "servers": {\n    "x": {"command": "nope", "env": {"U": "http://a"}}, // x\n  },\n}\n'
    found = _imported(text, ".vscode/mcp.json")

    assert [one.message for one in found.findings if one.id == "import-refused"] == [
        f'.vscode/mcp.json:5 servers.x: starts "nope" of a developer\'s machine, which no catalog can run; {_NO_IMAGE}'
    ]


# --- what is started ---


@pytest.mark.parametrize(
    ("line", "package"),
    [
        ("npx -y @example/notes@1.2.3", "@example/notes@1.2.3"),
        ("npx --yes notes@1.2.3 --key TOPSECRET", "notes@1.2.3"),
        ("npx -p notes@1.2.3 run-notes", "notes@1.2.3"),
        ("npx --package=notes@1.2.3 run-notes", "notes@1.2.3"),
        ("cmd /c npx -y notes@1.2.3", "notes@1.2.3"),
        ("C:\\nodejs\\npx.cmd -y notes@1.2.3", "notes@1.2.3"),
        ("/usr/local/bin/npx -y notes@1.2.3", "notes@1.2.3"),
        ("env A=TOPSECRET npx -y notes@1.2.3", "notes@1.2.3"),
        ("npx -y -- notes@1.2.3", "notes@1.2.3"),
    ],
)
def test_npx(line: str, package: str) -> None:
    """The package, whatever starts it and whatever stands behind it."""
    found = _command(line)

    assert _servers(found)["x"] == {"runtime": "npx", "npxConfig": {"package": package}}
    assert [one.id for one in found.findings] == ["import-undeclared"]
    assert "TOPSECRET" not in found.text


@pytest.mark.parametrize(
    ("line", "config"),
    [
        ("uvx notes==1.2", {"package": "notes==1.2"}),
        ("uvx notes@1.2", {"package": "notes==1.2"}),
        ("uvx --python 3.12 --with httpx notes[cli]==1.2 --stdio", {"package": "notes[cli]==1.2"}),
        ("uvx --from notes==1.2 run-notes", {"package": "notes==1.2", "command": "run-notes"}),
        ("uv tool run notes==1.2", {"package": "notes==1.2"}),
    ],
)
def test_uvx(line: str, config: dict[str, Any]) -> None:
    """The package, and its command where that is called otherwise."""
    assert _servers(_command(line))["x"] == {"runtime": "uvx", "uvxConfig": config}


@pytest.mark.parametrize(
    ("line", "runtime", "word"),
    [
        ("bunx notes@1.2.3", "npx", "bunx"),
        ("pnpm dlx notes@1.2.3", "npx", "pnpm dlx"),
        ("npm exec notes@1.2.3", "npx", "npm exec"),
        ("pipx run notes==1.2", "uvx", "pipx run"),
    ],
)
def test_what_runs_packages_likewise(line: str, runtime: str, word: str) -> None:
    """Others of their kind are imported as npx or uvx, with a warning."""
    found = _command(line)

    assert _servers(found)["x"]["runtime"] == runtime
    assert _said(found, "import-guess") == [f"is started with {word}; imported as {runtime}; see that it runs so"]


@pytest.mark.parametrize(
    ("line", "config", "env"),
    [
        ("docker run -i --rm example/notes:1", {"image": "example/notes:1"}, []),
        ("docker run -i --rm -e A -e B_TOKEN=TOPSECRET example/notes:1 --x TOPSECRET", {"image": "example/notes:1"}, [{"key": "A"}, {"key": "B_TOKEN", "sensitive": True}]),
        ("podman run -it --env=A --mount type=bind,src=/a,dst=/b example/notes:1", {"image": "example/notes:1"}, [{"key": "A"}]),
        ("docker container run -v/a:/b -eA --pull always example/notes:1", {"image": "example/notes:1"}, [{"key": "A"}]),
        ("docker run -d --rm -p 127.0.0.1:3000:8080/tcp example/notes:1", {"image": "example/notes:1", "port": 8080}, []),
        ("docker run -i -p 3000:8080 example/notes:1", {"image": "example/notes:1"}, []),
        ("docker run -i --network none example/notes:1", {"image": "example/notes:1", "denyAllEgress": True}, []),
        ("docker run -rmi --net=none example/notes:1", None, []),
    ],
)  # fmt: skip
def test_docker_run(line: str, config: dict[str, Any] | None, env: list[Any]) -> None:
    """The image, the names of variables, the port that is published; an option that is not known is refused."""
    found = _command(line)

    assert "TOPSECRET" not in found.text
    if config is None:
        assert _said(found, "import-refused") == [
            'has "-rmi", which is no known option of docker run; write the server by hand'
        ]
    else:
        assert _servers(found)["x"] == {"runtime": "containerized", "containerizedConfig": config} | (
            {"env": env} if env else {}
        )


def test_docker_run_on_the_machines_network() -> None:
    """No policy would hold there."""
    found = _command("docker run -i --network=host --add-host a:1.2.3.4 example/notes:1")

    assert _said(found, "import-narrowed") == [
        "runs on its machine's network, where no policy would hold; run it in the pod's own network"
    ]
    assert _said(found, "import-ignored") == ["adds names for addresses; where a name leads is up to the cluster"]


@pytest.mark.parametrize(
    ("server", "said"),
    [
        ({"command": "node", "args": ["/home/TOPSECRET/x.js"]}, f'starts "node" of a developer\'s machine, which no catalog can run; {_NO_IMAGE}'),
        ({"command": "/opt/TOPSECRET/serve"}, f'starts "serve" of a developer\'s machine, which no catalog can run; {_NO_IMAGE}'),
        ({"command": "uv", "args": ["run", "server.py"]}, f'starts "uv" of a developer\'s machine, which no catalog can run; {_NO_IMAGE}'),
        ({"command": "npx", "args": ["tsx", "src/index.ts"]}, f'runs a file of a developer\'s machine with "tsx"; {_NO_IMAGE}'),
        ({"command": "npx", "args": ["-y", "./dist"]}, '"./dist" is no name of a package; mend the source'),
        ({"command": "npx", "args": ["-y", "github:example/notes"]}, '"github:example/notes" is no name of a package; mend the source'),
        ({"command": "npx", "args": ["-y"]}, "names no package behind npx; mend the source"),
        ({"command": "npx", "args": ["-c", "notes TOPSECRET"]}, "hands a command line to npx; write the server by hand"),
        ({"command": "uvx", "args": ["notes>=1"]}, '"notes>=1" is no name of a package; mend the source'),
        ({"command": "npx", "args": ["--registry", "https://TOPSECRET", "notes"]}, _NO_REGISTRY.format("npx")),
        ({"command": "npx", "args": ["notes"], "env": {"NPM_CONFIG_REGISTRY": "https://TOPSECRET"}}, _NO_REGISTRY.format("npx")),
        ({"command": "uvx", "args": ["--index-url=https://TOPSECRET", "notes"]}, _NO_REGISTRY.format("uvx")),
        ({"command": "uvx", "args": ["notes"], "env": {"UV_DEFAULT_INDEX": "https://TOPSECRET"}}, _NO_REGISTRY.format("uvx")),
        ({"command": "docker", "args": ["mcp", "gateway", "run"]}, "calls docker for something else than run; write a containerized server by hand"),
        ({"command": "docker", "args": ["run", "-i"]}, "runs no image; mend the source"),
        ({"command": "docker", "args": ["run", "-e"]}, "has -e without a value; mend the source"),
        ({"command": "docker", "args": ["run", "--new", "x"]}, 'has "--new", which is no known option of docker run; write the server by hand'),
        ({"type": "stdio"}, "has neither a command nor a url; add what the server runs, or where"),
        ({"url": "http://localhost:3000/mcp"}, 'the host of "http://localhost:3000/mcp" is the pod itself; write the server by hand if you need it'),
    ],
)  # fmt: skip
def test_what_no_catalog_can_run(server: dict[str, Any], said: str) -> None:
    """Each is refused with its own sentence, and the others are imported; no argument or value is repeated."""
    found = _imported({"mcpServers": {"x": server, "y": _SERVER}})

    assert set(_servers(found)) == {"y"}
    assert _said(found, "import-refused") == [said]
    assert not any("TOPSECRET" in one.message for one in found.findings)


# --- where it runs ---


@pytest.mark.parametrize("key", ["url", "serverUrl", "httpUrl"])
def test_a_remote(key: str) -> None:
    """The URL without what may be a secret, and the headers by name."""
    found = _one(**{key: "https://u:TOPSECRET@mcp.example.com/mcp?k=TOPSECRET", "headers": {"X-Key": "TOPSECRET"}})

    assert _servers(found)["x"]["remoteConfig"] == {
        "fixedURL": "https://mcp.example.com/mcp",
        "headers": [{"key": "X-Key", "sensitive": True}],
    }
    assert "TOPSECRET" not in found.text + str(found.findings)


@pytest.mark.parametrize(
    "line",
    [
        "npx -y mcp-remote https://mcp.example.com/mcp",
        "npx mcp-remote@0.1.2 https://mcp.example.com/mcp --header A:TOPSECRET",
        "uvx mcp-proxy https://mcp.example.com/mcp",
    ],
)
def test_a_bridge_leads_to_a_remote(line: str) -> None:
    """What only bridges to a URL is the server at that URL."""
    assert _servers(_command(line))["x"] == {
        "runtime": "remote",
        "remoteConfig": {"fixedURL": "https://mcp.example.com/mcp"},
    }


@pytest.mark.parametrize(
    ("url", "template"),
    [
        ("${input:base}/mcp", "${base}/mcp"),
        ("https://mcp.example.com/${env:TENANT}/mcp", "https://mcp.example.com/${TENANT}/mcp"),
        ("https://${HOST:-TOPSECRET}/mcp", "https://${HOST}/mcp"),
    ],
)
def test_variables_of_editors(url: str, template: str) -> None:
    """Inputs, variables and those with defaults are variables of the URL."""
    assert _servers(_one(type="http", url=url))["x"]["remoteConfig"] == {"urlTemplate": template}


# --- what surrounds it ---


def test_variables_by_name() -> None:
    """Only the names; secret is what is named so or filled in by an input that hides its text."""
    document = {
        "inputs": [{"id": "gh", "password": True}, {"id": "open", "password": False}],
        "servers": {
            "x": {**_SERVER, "env": {"A": "${input:gh}", "B": "${input:open}", "C_TOKEN": "TOPSECRET", "D_URL": ""}}
        },
    }
    found = _imported(document, ".vscode/mcp.json")

    assert _servers(found)["x"]["env"] == [
        {"key": "A", "sensitive": True},
        {"key": "B"},
        {"key": "C_TOKEN", "sensitive": True},
        {"key": "D_URL"},
    ]
    assert "#     hint: set by D_URL" in found.text
    assert "TOPSECRET" not in found.text


@pytest.mark.parametrize(("enabled", "hint"), [(True, True), (False, False)])
def test_a_sandboxs_hosts_are_a_hint(*, enabled: bool, hint: bool) -> None:
    """What VS Code's sandbox allows is shown, and nothing of it applied."""
    document = {
        "servers": {"x": {**_SERVER, "sandboxEnabled": enabled}},
        "sandbox": {"network": {"allowedDomains": ["api.example.com"]}},
    }
    found = _imported(document, ".vscode/mcp.json")

    assert ("#     hint: its sandbox allows api.example.com" in found.text) == hint
    assert _servers(found)["x"]["uvxConfig"] == {"package": "mcp-server-time==1.0"}


@pytest.mark.parametrize("off", [{"disabled": True}, {"enabled": False}])
def test_what_is_disabled_is_left_out(off: dict[str, Any]) -> None:
    """A server that its user has turned off runs nowhere."""
    found = _imported({"mcpServers": {"x": {**_SERVER, **off}, "y": _SERVER}})

    assert set(_servers(found)) == {"y"}
    assert _said(found, "import-ignored") == ["is disabled there; left out"]


def test_one_server_of_several_files_is_imported_once(tmp_path: Path) -> None:
    """A folder's hidden files of this family are read when the format is named, and equal servers are one."""
    (tmp_path / ".vscode").mkdir()
    (tmp_path / "node_modules" / "other").mkdir(parents=True)
    for name, key in (
        (".mcp.json", "mcpServers"),
        (".vscode/mcp.json", "servers"),
        ("node_modules/other/.mcp.json", "mcpServers"),
    ):
        server = {**_SERVER, "args": ["other"]} if "node_modules" in name else _SERVER
        (tmp_path / name).write_text(json.dumps({key: {"x": server}}), encoding="utf-8")
    outcome = run_cli("import", "mcp-json", str(tmp_path), "-v")

    assert yaml.safe_load(outcome.stdout)["servers"] == {
        "x": {"runtime": "uvx", "uvxConfig": {"package": "mcp-server-time==1.0"}}
    }
    assert "is the same as" in outcome.stderr
    assert run_cli("import", "auto", str(tmp_path)).stdout == ""


def test_unknown_keys_are_said() -> None:
    """What this format does not know may limit or open the server."""
    assert _said(_one(**_SERVER, firewall="off"), "import-unknown-key") == [
        "is a field that this format does not know, so it was not imported; see whether it limits or opens the server's network"
    ]
