"""The real MCP parts on this machine: what `make tools` fetched, and the Node.js that runs some of it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from tooling import ROOT, MissingComponentError

COMMANDS = ("/usr/bin/setpriv", "/usr/bin/unshare", "/usr/bin/python3")
"""What a container of the lab finds in this machine's /usr, beside Node.js."""


def find_parts() -> Path:
    """The folder of the virtual environment, the wheels and npm's cache; MCPFENCE_MCP names another one."""
    override = os.environ.get("MCPFENCE_MCP")
    folder = Path(override) if override else ROOT / ".tools" / "mcp"
    if not (folder / ".made").is_file():
        message = "the real MCP servers are missing: run `make tools` (needs npm), or set MCPFENCE_MCP to their folder"
        raise MissingComponentError(message)
    return folder.absolute()


def find_newer_client(parts: Path) -> Path:
    """The Python with the SDK that speaks MCP 2026-07-28, in a virtual environment of its own."""
    found = parts / "new/bin/python"
    if not found.exists():
        message = "the newer MCP client is missing: run `make tools` (needs pip), or set MCPFENCE_MCP to its folder"
        raise MissingComponentError(message)
    return found


def find_node(path: str = "/usr/local/bin:/usr/bin") -> Path:
    """A Node.js in /usr, where the lab's containers see it."""
    found = shutil.which("node", path=path)
    npx = shutil.which("npx", path=path)
    asked = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout if found else ""
    version = re.match(r"v(\d+)\.", asked)
    if not found or not npx or not version or int(version[1]) < 20:
        message = f"Node.js 20 or later with npx is missing in {path}: on Debian and Ubuntu install nodejs and npm"
        raise MissingComponentError(message)
    return Path(found)


def find_commands(commands: tuple[str, ...] = COMMANDS) -> Path:
    """What containers are made with."""
    missing = [name for name in commands if not os.access(name, os.X_OK)]
    if missing:
        message = f"{', '.join(missing)}: missing; on Debian and Ubuntu install util-linux and python3"
        raise MissingComponentError(message)
    return Path("/usr/bin")
