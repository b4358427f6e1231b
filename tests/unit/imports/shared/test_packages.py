"""server.json: whose package it is, where it listens, and what is imported where no package can run."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from mcpfence.imports.run import Imported, Request, import_texts
from mcpfence.imports.shared.source import Text


def _imported(*packages: dict[str, Any], **more: Any) -> Imported:
    entry = {"name": "io.github.example/notes", "version": "1.0.0", "packages": list(packages), **more}
    return import_texts([Text("server.json", json.dumps(entry))], Request())


def _server(found: Imported) -> dict[str, Any]:
    (server,) = yaml.safe_load(found.text)["servers"].values()
    return dict(server)


def _package(kind: str, identifier: str = "notes", **more: Any) -> dict[str, Any]:
    return {"registryType": kind, "identifier": identifier, "version": "1.2.0", **more}


def _refused(found: Imported) -> list[str]:
    return [one.message for one in found.findings if one.id == "import-refused"]


# --- whose package it is ---


@pytest.mark.parametrize(
    ("base", "identifier", "image"),
    [
        ("https://ghcr.io", "example/notes", "ghcr.io/example/notes:1.2.0"),
        ("https://ghcr.io/", "ghcr.io/example/notes", "ghcr.io/example/notes:1.2.0"),
        ("https://ghcr.io/v2/", "example/notes", "ghcr.io/example/notes:1.2.0"),
        ("GHCR.io", "example/notes", "ghcr.io/example/notes:1.2.0"),
        ("https://registry.example.com:5000", "notes", "registry.example.com:5000/notes:1.2.0"),
        ("http://localhost:5000", "team/notes", "localhost:5000/team/notes:1.2.0"),
        ("https://docker.io", "example/notes", "example/notes:1.2.0"),
        ("https://index.docker.io/v1/", "docker.io/example/notes", "docker.io/example/notes:1.2.0"),
    ],
)
def test_the_registry_stands_before_the_image(base: str, identifier: str, image: str) -> None:
    """registryBaseUrl is part of an image's name: without it the default registry would be asked."""
    found = _imported(_package("oci", identifier, registryBaseUrl=base))

    assert _server(found)["containerizedConfig"]["image"] == image


@pytest.mark.parametrize(
    ("package", "said"),
    [
        (_package("oci", "quay.io/example/notes", registryBaseUrl="https://ghcr.io"), 'packages[0].registryBaseUrl: "https://ghcr.io" is another registry than that of "quay.io/example/notes"; mend the source'),
        (_package("oci", "example/notes", registryBaseUrl="https://ghcr.io/team"), 'packages[0].registryBaseUrl: "https://ghcr.io/team" is no registry of images; write it as host or host:port'),
        (_package("oci", "example/notes", registryBaseUrl="https://u:TOPSECRET@ghcr.io"), 'packages[0].registryBaseUrl: "https://...@ghcr.io" is no registry of images; write it as host or host:port'),
        (_package("npm", registryBaseUrl="https://npm.example.com"), 'packages[0].registryBaseUrl: "https://npm.example.com" is no registry that npx asks by itself, and a catalog names none for a package; build an image that is set to it, and write the server by hand with its host in egress.registries'),
        (_package("pypi", registry_base_url="https://pypi.example.com/simple"), 'packages[0].registry_base_url: "https://pypi.example.com/simple" is no registry that uvx asks by itself, and a catalog names none for a package; build an image that is set to it, and write the server by hand with its host in egress.registries'),
    ],
    ids=["another", "a path", "a password", "npm", "pypi"],
)  # fmt: skip
def test_what_another_registry_holds_is_refused(package: dict[str, Any], said: str) -> None:
    """A package of that name elsewhere is another package: nothing of it is imported."""
    found = _imported(package)

    assert found.text == ""
    assert _refused(found) == [f"server.json:1 {said}"]


@pytest.mark.parametrize(("kind", "labels"), [("npm", ("registry", "npmjs", "org")), ("pypi", ("pypi", "org"))])
def test_the_public_registry_is_the_default(kind: str, labels: tuple[str, ...]) -> None:
    """What npx and uvx ask anyway may be named."""
    assert _server(_imported(_package(kind, registryBaseUrl=f"https://{'.'.join(labels)}")))
    assert _refused(_imported(_package(kind, registryBaseUrl=f"https://test.{'.'.join(labels)}")))


# --- where it listens ---


@pytest.mark.parametrize("kind", ["npm", "pypi"])
@pytest.mark.parametrize(
    ("url", "port"),
    [
        ("http://localhost:8080/mcp/sse", 8080),
        ("http://127.0.0.1:3000", 3000),
        ("http://[::1]:3000/mcp", 3000),
        ("http://{host}:3000/{path}", 3000),
        ("HTTP://localhost/mcp", 80),
        ("https://localhost/mcp?x=1", 443),
    ],
)
def test_a_package_that_listens_by_itself(kind: str, url: str, port: int) -> None:
    """Its port is opened, and it is not run in a bridge that expects stdio."""
    server = _server(_imported(_package(kind, transport={"type": "sse", "url": url})))

    assert server["ingress"] == {"ports": [port]}
    assert server["run"] == {"enabled": False, "transport": "http"}


@pytest.mark.parametrize(
    ("kind", "key"), [("npm", "ingress.ports, and run.transport: http"), ("oci", "containerizedConfig.port")]
)
@pytest.mark.parametrize("url", ["http://localhost:{port}/mcp", "http://localhost:0/", "http://localhost:70000", ""])
def test_a_port_that_is_not_said(kind: str, key: str, url: str) -> None:
    """What listens on a port that the source leaves open is a warning, with the key to write."""
    found = _imported(_package(kind, transport={"type": "streamable-http", "url": url}))

    assert [one.message for one in found.findings if one.id == "import-guess"] == [
        "server.json:1 packages[0].transport: listens (streamable-http) on a port that the source does not say; "
        f"left to mcpServerDefaults.port; write {key}"
    ]
    assert "run" not in _server(found)


@pytest.mark.parametrize("transport", [{}, {"transport": {"type": "stdio"}}])
def test_a_package_on_stdio_has_no_port(transport: dict[str, Any]) -> None:
    """Nothing is written for what listens nowhere."""
    found = _imported(_package("npm", **transport))

    assert set(_server(found)) == {"runtime", "npxConfig"}
    assert [one for one in found.findings if one.severity.value == "warning"] == []


# --- packages that cannot run ---


@pytest.mark.parametrize("kind", ["mcpb", "cargo", "nuget"])
def test_the_remote_behind_packages_that_cannot_run(kind: str) -> None:
    """Where no package can run and there is a remote, that is imported; without one the entry is refused."""
    found = _imported(_package(kind), remotes=[{"type": "sse", "url": "https://mcp.example.com/sse"}])

    assert _server(found) == {"runtime": "remote", "remoteConfig": {"fixedURL": "https://mcp.example.com/sse"}}
    assert [one.message for one in found.findings if one.id == "import-ignored"] == [
        f'server.json:1 packages: is packaged as "{kind}" alone, which no catalog can run; imported the remote'
    ]
    assert _refused(_imported(_package(kind))) == [
        f'server.json:1 packages: is packaged as "{kind}" alone, which no catalog can run; build an image of it and write '
        "a containerized server by hand"
    ]


@pytest.mark.parametrize(
    ("url", "template", "variable"),
    [
        ("{baseUrl}/mcp", "${baseUrl}/mcp", "baseUrl"),
        ("https://{host}/mcp", "https://${host}/mcp", "host"),
        ("https://${host}:8443/mcp", "https://${host}:8443/mcp", "host"),
        ("https://{tenant}.example.com/mcp", "https://${tenant}.example.com/mcp", None),
    ],
)
def test_a_remote_whose_host_is_a_variable(url: str, template: str, variable: str | None) -> None:
    """It is imported with its host unknown, which is said."""
    found = _imported(_package("mcpb"), remotes=[{"type": "sse", "url": url}])

    assert _server(found)["remoteConfig"] == {"urlTemplate": template}
    assert [one.message for one in found.findings if one.id == "import-guess"] == (
        [
            f"server.json:1 remotes[0].url: runs where the variable {variable} says, so its host is not known here; "
            "write fixedURL where you know it; nobody's egress can name it"
        ]
        if variable
        else []
    )


@pytest.mark.parametrize("url", ["{a}.example.com/mcp", "{a}{b}/mcp", "{a", "ftp://{a}/x", "{{a}}/mcp"])
def test_a_remote_that_is_no_url(url: str) -> None:
    """A variable alone may stand for scheme and host; anything less whole is refused."""
    assert _refused(_imported(_package("mcpb"), remotes=[{"type": "sse", "url": url}]))
