"""What stands for the internet when a release is tried: a repository of charts, and a registry of OCI artifacts."""

from __future__ import annotations

import functools
import http.server
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from release_state import RefusedError


@contextmanager
def index(*folders: Path) -> Iterator[str]:
    """Copies of all files of these folders on a port of this machine, whose index says so; yields its address."""
    with tempfile.TemporaryDirectory() as folder:
        handler = functools.partial(_Quiet, directory=folder)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            address = f"http://127.0.0.1:{server.server_port}"
            for source in folders:
                shutil.copytree(source, folder, dirs_exist_ok=True)
            listed = Path(folder) / "index.yaml"
            text = re.sub(r"https://\S+/(?=mcpfence-)", f"{address}/", listed.read_text(encoding="utf-8"))
            listed.write_text(text, encoding="utf-8")
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            try:
                yield address
            finally:
                server.shutdown()
                thread.join()


@contextmanager
def registry(program: Path) -> Iterator[str]:
    """A registry of OCI artifacts on a port of this machine, which keeps nothing; yields its address."""
    command = [str(program), "-port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        said = server.stderr.readline() if server.stderr else ""
        try:
            port = re.search(r"port (\d+)", said)
            if not port:
                raise RefusedError(f"the registry does not start: {said}")
            yield f"127.0.0.1:{port[1]}"
        finally:
            server.kill()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name that it has above
        """Say nothing."""
