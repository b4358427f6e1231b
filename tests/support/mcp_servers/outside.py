"""The outside world of the lab as one process, in the network namespace of that name.

    python -I outside.py SETTINGS.json        prints "ready", then a JSON line for each HTTP request that arrives

It answers HTTP on port 80 of every address: the names of SETTINGS `pypi` and `npm` are package registries, made of the
wheels and of npm's cache that `make tools` fetched; every other name, and every bare address, is a web server with one
page.  And it is the way to the API server, whose own address is loopback of the node: `relay`.
"""

# ruff: noqa: T201  # a program of its own, which is heard on stdout

from __future__ import annotations

import base64
import json
import socket
import sys
import threading
import urllib.parse
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PAGE = "Hello from {host}."


class Registries:
    """An index of wheels, and npm's packages from a lock file and the cache that was filled by it."""

    def __init__(self, pypi: str, npm: str, folder: Path) -> None:
        self.pypi, self.npm = pypi, npm
        self._cache = folder / "npm-cache/_cacache/content-v2"
        self._wheels = {path.name: path for path in (folder / "wheels").glob("*.whl")}
        self._versions: dict[str, dict[str, dict[str, Any]]] = {}
        lock = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))
        for place, entry in lock["packages"].items():
            name = place.rpartition("node_modules/")[2]
            if name:
                self._versions.setdefault(name, {})[entry["version"]] = entry

    def answer(self, host: str, path: str) -> tuple[str, bytes] | None:
        """Kind and content of what a registry has there; None where it has nothing."""
        return self._pypi(path) if host == self.pypi else self._npm(path)

    def _pypi(self, path: str) -> tuple[str, bytes] | None:
        _, kind, name, *_ = [*path.split("/"), "", ""]
        if kind == "wheels" and name in self._wheels:
            return "application/octet-stream", self._wheels[name].read_bytes()
        links = [
            f'<a href="/wheels/{wheel}">{wheel}</a>'
            for wheel in sorted(self._wheels)
            if wheel.partition("-")[0].lower().replace("_", "-").replace(".", "-") == name
        ]
        page = f"<!DOCTYPE html><html><body>{'<br>'.join(links)}</body></html>"
        return ("text/html", page.encode()) if kind == "simple" and links else None

    def _npm(self, path: str) -> tuple[str, bytes] | None:
        name = urllib.parse.unquote(path.removeprefix("/"))
        if name.startswith("tarballs/"):
            algorithm, _, digest = name.removeprefix("tarballs/").removesuffix(".tgz").partition("-")
            stored = self._cache / algorithm / digest[:2] / digest[2:4] / digest[4:]
            return ("application/octet-stream", stored.read_bytes()) if digest.isalnum() and stored.is_file() else None
        versions = self._versions.get(name)
        if not versions:
            return None
        document = {
            "name": name,
            "dist-tags": {"latest": max(versions, key=_order)},
            "versions": {version: self._manifest(name, entry) for version, entry in versions.items()},
        }
        return "application/json", json.dumps(document).encode()

    def _manifest(self, name: str, entry: dict[str, Any]) -> dict[str, Any]:
        algorithm, _, digest = entry["integrity"].partition("-")
        stored = f"{algorithm}-{base64.b64decode(digest).hex()}"
        dist = {"integrity": entry["integrity"], "tarball": f"http://{self.npm}/tarballs/{stored}.tgz"}
        return {**entry, "name": name, "dist": dist}


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.partition("-")[0].split("."))


def handler(registries: Registries) -> type[BaseHTTPRequestHandler]:
    """What answers one request."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            host = self.headers.get("Host", "").partition(":")[0]
            path = urllib.parse.urlsplit(self.path).path
            arrived = {
                "from": self.client_address[0],
                "to": self.connection.getsockname()[0],
                "host": host,
                "path": path,
            }
            sys.stdout.write(json.dumps(arrived) + "\n")  # whole: other threads write too
            sys.stdout.flush()
            if host in (registries.pypi, registries.npm):
                found = registries.answer(host, path)
            else:
                found = "text/plain", PAGE.format(host=host).encode()
            kind, body = found or ("text/plain", b"there is nothing of that name")
            self.send_response(HTTPStatus.OK if found else HTTPStatus.NOT_FOUND)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing beside the line for each request."""

    return Handler


class Web(ThreadingHTTPServer):
    """HTTP at every address."""

    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients go away as they like."""


def relay(netns: str, at: tuple[str, int], to: tuple[str, int]) -> None:
    """Carry every connection to `at` on to `to` in another network namespace."""
    from packet_net import inside

    listener = socket.create_server(at)
    while True:
        here, _ = listener.accept()
        with suppress(OSError):
            with inside(netns):
                there = socket.create_connection(to)
            for source, target in ((here, there), (there, here)):
                threading.Thread(target=_pump, args=(source, target), daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while found := source.recv(65536):
            target.sendall(found)
    for one in (source, target):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


def main() -> None:
    """Serve until killed."""
    settings = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    sys.path.insert(0, settings["tools"])
    registries = Registries(settings["pypi"], settings["npm"], Path(settings["folder"]))
    way = settings["relay"]
    place = (way["netns"], (way["at"], way["port"]), ("127.0.0.1", way["to"]))
    threading.Thread(target=relay, args=place, daemon=True).start()
    web = Web(("0.0.0.0", 80), handler(registries))  # noqa: S104  # every address of the lab's outside
    print("ready", flush=True)
    web.serve_forever()


if __name__ == "__main__":
    main()
