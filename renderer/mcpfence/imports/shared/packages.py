"""What a server.json of the MCP registry says of packages and remotes, in all its dated versions.

2025-05 calls the keys registry_name, name, environment_variables; 2025-07-09 registry_type, identifier; later ones
registryType, identifier, environmentVariables.  No version has a field for egress.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mcpfence.imports.shared.destinations import shown
from mcpfence.imports.shared.format import FieldRow, ImportContext
from mcpfence.imports.shared.remote import Variable, environment, headers, remote_config
from mcpfence.imports.shared.source import BadEntry, Node
from mcpfence.structs import Struct

CONFIGS = {"npx": "npxConfig", "uvx": "uvxConfig", "containerized": "containerizedConfig"}
_RUNTIMES = {"npm": "npx", "pypi": "uvx", "oci": "containerized", "docker": "containerized"}
_NPM = re.compile(r"(?:@[A-Za-z0-9~][A-Za-z0-9._~-]*/)?[A-Za-z0-9~][A-Za-z0-9._~-]*\Z")
_PYPI = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?:\[[A-Za-z0-9._,-]*\])?\Z")
_IMAGE = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]*(?::[0-9]{1,5}(?=/))?(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*"  # host:port/path
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@[A-Za-z0-9][A-Za-z0-9+._-]*:[0-9a-fA-F]+)?\Z"  # :tag@digest
)
"""As the OCI's distribution has it, with capitals: no place for a user and a password, which a URL would have."""
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]*\Z")
_LOCAL = re.compile(
    r"(?P<scheme>https?)://(?:[^/?#:@\[\]]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?(?P<path>/[^?#]*)?(?:[?#].*)?\Z",
    re.IGNORECASE,
)
_PATH = re.compile(r"/[A-Za-z0-9._~/-]*\Z")
_PORTS = {"http": 80, "https": 443}
_REGISTRY = re.compile(
    r"(?:https?://)?(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]{1,5})?)(?:/(?:v[12]/?|simple/?)?)?\Z"
)
_DEFAULT_IMAGES = "docker.io"
_DEFAULT_HOSTS = ("docker.io", "index.docker.io", "registry-1.docker.io", "hub.docker.com", "registry.hub.docker.com")
"""What the registry of images without a host is called."""
_PUBLIC: dict[str, set[tuple[str, ...]]] = {"npx": {("registry", "npmjs", "org")}, "uvx": {("pypi", "org")}}
"""The registry that each asks unless it is told otherwise, as the labels of its host."""


class Hosted(Struct):
    """A server that runs as pods: its mapping without egress, the settings' key, its package's node."""

    server: dict[str, Any]
    config: str
    package: Node


def first(node: Node, *keys: str) -> Node | None:
    """The value below the first of these keys that is there: one field under its names of different years."""
    return next((found for key in keys if (found := node.get(key)) is not None), None)


def text(node: Node, *keys: str) -> str:
    """The text below the first of these keys that is there; empty without."""
    found = first(node, *keys)
    return found.as_text().strip() if found else ""


def read_hosted(node: Node, context: ImportContext) -> Hosted | None:
    """The first package that a catalog can run; None where the server lists none.

    Raises BadEntry where it lists only packages that no catalog can have.
    """
    packages = node.items("packages")
    if not packages:
        return None
    kinds = [text(package, "registryType", "registry_type", "registry_name").lower() for package in packages]
    usable = [package for package, kind in zip(packages, kinds, strict=True) if kind in _RUNTIMES]
    if not usable:
        said = ", ".join(dict.fromkeys(shown(kind or "unknown") for kind in kinds))
        if node.items("remotes"):
            where, sentence = node.get("packages") or node, f"is packaged as {said} alone, which no catalog can run"
            context.say("import-ignored", where, sentence, "imported the remote")
            return None
        todo = "build an image of it and write a containerized server by hand"
        raise BadEntry(node.get("packages") or node, f"is packaged as {said} alone, which no catalog can run", todo)
    package = usable[0]
    if len(packages) > 1:
        sentence = f"has {len(packages)} packages ({', '.join(kind or 'unknown' for kind in kinds)[:200]})"
        context.say("import-ignored", node.get("packages") or node, sentence, f"imported {_said(package)}")
    return _hosted(package, context)


def _said(package: Node) -> str:
    return f"the {text(package, 'registryType', 'registry_type', 'registry_name')} one"


def _hosted(package: Node, context: ImportContext) -> Hosted:
    runtime = _RUNTIMES[text(package, "registryType", "registry_type", "registry_name").lower()]
    config = CONFIGS[runtime]
    version = text(package, "version")
    if version and not _VERSION.match(version):
        raise BadEntry(package.get("version") or package, f"{shown(version)} is no version", "mend the source")
    name = text(package, "identifier", "name")
    where = first(package, "identifier", "name") or package
    server: dict[str, Any] = {"runtime": runtime}
    endpoint = _endpoint(package, runtime, context)
    base = first(package, "registryBaseUrl", "registry_base_url")
    if runtime == "containerized":
        if base is not None:
            name = of_registry(name, base)
        server[config] = {"image": image(name, version, where, context), **endpoint}
    else:
        if base is not None:
            check_registry(runtime, base)
        server[config] = {"package": _package(runtime, name, version, where, context)}
        if endpoint:  # it listens by itself: nothing may wrap it into a bridge between stdio and HTTP
            server |= {"ingress": {"ports": [endpoint["port"]]}, "run": {"enabled": False, "transport": "http"}}
    env = environment(_variables(package), context)
    return Hosted(server | ({"env": env} if env else {}), config, package)


def image(name: str, version: str, node: Node, context: ImportContext) -> str:
    """A reference to an image, with the version as its tag if it has none; raises BadEntry."""
    check_image(name, node)
    pinned = "@" in name or ":" in name.rpartition("/")[2]
    if not pinned and version and version != "latest":
        return f"{name}:{version}"
    if not pinned:
        context.say("import-unpinned", node, f"{shown(name)} has no tag, so what runs may change", "pin a version")
    elif name.endswith(":latest"):
        context.say("import-unpinned", node, f"{shown(name)} is whatever was pushed last", "pin a version or a digest")
    return name


def check_image(name: str, node: Node) -> None:
    """Raise BadEntry where a text is no reference to an image."""
    if "{{" in name or "${" in name:
        raise BadEntry(node, f"{shown(name)} is a template that nothing has filled in", "write the image itself")
    if len(name) > 512 or not _IMAGE.match(name):
        raise BadEntry(node, f"{shown(name)} is no reference to an image", "mend the source")


def check_port(transport: str, node: Node, context: ImportContext, runtime: str = "containerized") -> None:
    """Say that the port of a server which listens is not known: its ingress is opened on the catalog's default."""
    if transport in ("sse", "streamable-http", "streamable", "http"):
        sentence = f"listens ({transport}) on a port that the source does not say"
        key = "containerizedConfig.port" if runtime == "containerized" else "ingress.ports, and run.transport: http"
        context.say("import-guess", node, sentence, f"left to mcpServerDefaults.port; write {key}")


def package(runtime: str, text: str, node: Node, context: ImportContext) -> str:
    """A package as npx and uvx take it (name@1.2.3, name==1.2.3); raises BadEntry for what is no name of one."""
    head, at, tail = text[1:].partition("@")
    name, version = text[:1] + head, tail
    if runtime == "uvx" and not at:
        name, _, version = text.partition("==")
    if version and not _VERSION.match(version):
        raise BadEntry(node, f"{shown(text)} is no package with a version", "write an exact version")
    return _package(runtime, name, version, node, context)


def _package(runtime: str, name: str, version: str, node: Node, context: ImportContext) -> str:
    fits = (_NPM if runtime == "npx" else _PYPI).match(name)
    if not fits or len(name) > 214:
        raise BadEntry(node, f"{shown(name)} is no name of a package", "mend the source")
    if not version or version == "latest":
        context.say("import-unpinned", node, f"{name} has no version, so what runs may change", "pin a version")
        return name
    return f"{name}@{version}" if runtime == "npx" else f"{name}=={version}"


def _endpoint(package: Node, runtime: str, context: ImportContext) -> dict[str, Any]:
    """Port and path of a server that speaks HTTP itself, from the URL of its transport; nothing for one on stdio."""
    transport = package.get("transport")
    if transport is None:
        return {}
    url = transport.text("url")
    match = _LOCAL.match(url) if len(url) < 1000 else None
    port = int(match["port"] or _PORTS[match["scheme"].lower()]) if match else 0
    if match is None or not 1 <= port <= 65535:
        check_port(transport.text("type"), transport, context, runtime)
        return {}
    path = match["path"] or ""
    return {"port": port} | ({"path": path} if _PATH.match(path) else {})


def of_registry(name: str, base: Node) -> str:
    """An image's name behind the host of the registry that it is in; raises BadEntry where that is none, or another."""
    text = base.as_text().strip()
    match = _REGISTRY.match(text)
    if match is None:
        raise BadEntry(base, f"{shown(text)} is no registry of images", "write it as host or host:port")
    host = match["host"].lower()
    own = name.partition("/")[0]
    if "/" in name and ("." in own or ":" in own or own == "localhost"):
        if _same_registry(own.lower(), host):
            return name
        raise BadEntry(base, f"{shown(text)} is another registry than that of {shown(name)}", "mend the source")
    return name if _same_registry(host, _DEFAULT_IMAGES) else f"{host}/{name}"


def _same_registry(one: str, other: str) -> bool:
    names = {host if host not in _DEFAULT_HOSTS else _DEFAULT_IMAGES for host in (one, other)}
    return len(names) == 1


def check_registry(runtime: str, base: Node) -> None:
    """Raise BadEntry where a package is not in the registry that npx and uvx ask by themselves.

    A package of that name in that registry is another package, perhaps of somebody else.
    """
    text = base.as_text().strip()
    match = _REGISTRY.match(text)
    if match is None or tuple(match["host"].lower().split(".")) not in _PUBLIC[runtime]:
        sentence = f"{shown(text)} is no registry that {runtime} asks by itself, and a catalog names none for a package"
        todo = "build an image that is set to it, and write the server by hand with its host in egress.registries"
        raise BadEntry(base, sentence, todo)


def _variables(package: Node) -> Iterator[Variable]:
    listed = first(package, "environmentVariables", "environment_variables")
    for item in listed.entries() if listed else ():
        required, secret = first(item, "isRequired", "is_required"), first(item, "isSecret", "is_secret")
        yield Variable(
            item, item.text("name"), bool(required and required.value is True), bool(secret and secret.value is True)
        )


def read_remote(node: Node, context: ImportContext) -> dict[str, Any] | None:
    """The server's mapping for its first remote; None where it lists none."""
    remotes = node.items("remotes")
    if not remotes:
        return None
    remote = remotes[0]
    if len(remotes) > 1:
        context.say("import-ignored", remotes[1], f"is the second of {len(remotes)} remotes", "imported the first one")
    url = remote.get("url")
    if url is None:
        raise BadEntry(remote, "has no url", "add it")
    config = remote_config(url, context)
    named = headers(((item, item.text("name")) for item in remote.items("headers")), context)
    return {"runtime": "remote", "remoteConfig": config | ({"headers": named} if named else {})}


_ENV = "the variables' names, whether they are required and secret; never a value, default or choice"


def rows() -> tuple[FieldRow, ...]:
    """The fields of packages and remotes, under their names of all years, for the mapping."""
    unused = ("runtimeHint", "runtime_hint", "packageArguments", "package_arguments", "runtimeArguments")
    rest = ("runtime_arguments", "fileSha256", "file_sha256", "package_digest")
    return (
        *(
            FieldRow(
                f"packages[].{key}",
                "runtime",
                "npm: npx; pypi: uvx; oci, docker: containerized; of others alone the remote is imported, else refused",
            )
            for key in ("registryType", "registry_type", "registry_name")
        ),
        *(
            FieldRow(
                f"packages[].{key}", "containerizedConfig.image, npxConfig.package, uvxConfig.package", "with version"
            )
            for key in ("identifier", "name")
        ),
        FieldRow(
            "packages[].version", "containerizedConfig.image, npxConfig.package, uvxConfig.package", "tag or version"
        ),
        *(FieldRow(f"packages[].{key}", "env", _ENV) for key in ("environmentVariables", "environment_variables")),
        *(
            FieldRow(
                f"packages[].{key}",
                "containerizedConfig.image",
                "before the image's name; a registry that npx or uvx does not ask by itself is refused",
            )
            for key in ("registryBaseUrl", "registry_base_url")
        ),
        FieldRow(
            "packages[].transport",
            "containerizedConfig.port, .path, ingress.ports, run.transport",
            "from a URL of its own, such as localhost:8080; a package that listens by itself is not run in a bridge",
        ),
        *(FieldRow(f"packages[].{key}", "", "") for key in (*unused, *rest)),
        FieldRow(
            "remotes[].url", "remoteConfig.fixedURL, .urlTemplate", "without user name and query; {x} becomes ${x}"
        ),
        FieldRow("remotes[].headers", "remoteConfig.headers", "the names; never a value"),
        *(FieldRow(f"remotes[].{key}", "", "") for key in ("type", "transport_type", "transport", "variables")),
    )
