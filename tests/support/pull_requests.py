"""Repositories with a pull request in them, the action run in one, and what docs/git.md tells people to write there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from composite import Job, read_action
from edges import catalog, container
from pages import BLOCKS
from tooling import ROOT

ACTION = read_action(ROOT / "action.yml")

PAGE = {
    match[1]: block.text
    for block in BLOCKS
    if block.page.name == "git.md" and (match := re.match(r"# (\.[\w./-]+)\n", block.text))
}
"""The files that docs/git.md tells people to write, by their names."""

CATALOG = catalog(a=container(egress={"cidrs": [{"cidr": "203.0.113.0/24", "ports": [443]}]}))
WIDER = catalog(a=container(egress={"cidrs": [{"cidr": "203.0.113.0/24", "ports": [22, 443]}]}))
NARROWER = catalog(a=container(egress={"cidrs": []}))
RELEASE = {"release": "mcp", "namespace": "mcp-system"}


def git(folder: Path, *arguments: str) -> str:
    names = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main")
    command = ["git", *names, "-c", "protocol.file.allow=always", *arguments]
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def commit(folder: Path, files: Mapping[str, Any]) -> str:
    """Write and commit; the commit."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
        path.write_text(text, encoding="utf-8")
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "x")
    return git(folder, "rev-parse", "HEAD")


Start = Callable[..., Job]


def checkout(folder: Path) -> Path:
    """The files of the working tree that Git knows or would know, in a repository of their own."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout: clone the repository to run the test")
    listed = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0")
    for name in filter(None, listed):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_symlink() or (ROOT / name).exists():
            shutil.copy2(ROOT / name, path, follow_symlinks=False)
    return folder
