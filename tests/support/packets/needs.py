"""What real packets need of the machine, and Felix: found, or named as missing."""

from __future__ import annotations

import shutil
from pathlib import Path

from control_plane import LabError, find_programs
from packet_felix import check_machine, find_felix
from tooling import MissingComponentError


def machine() -> Path:
    """Linux, root and the commands; raises MissingComponentError."""
    try:
        check_machine()
    except LabError as missing:
        raise MissingComponentError(missing) from missing
    return Path("/")


def queues() -> Path:
    """xtables, which fills the queues of kube-network-policies; raises MissingComponentError."""
    return _program("iptables-legacy", "iptables")


def connections() -> Path:
    """The command that tells what the kernel's conntrack sees; raises MissingComponentError."""
    return _program("conntrack", "conntrack")


def _program(name: str, package: str) -> Path:
    found = shutil.which(name, path="/usr/sbin:/sbin:/usr/bin")
    if found is None:
        message = f"{name} is missing: install {package}"
        raise MissingComponentError(message)
    return Path(found)


def api_server() -> Path:
    """etcd and kube-apiserver; raises MissingComponentError."""
    try:
        return find_programs().apiserver
    except LabError as missing:
        raise MissingComponentError(missing) from missing


def felix() -> Path:
    """Felix, with etcd and the API server that it reads from; raises MissingComponentError."""
    try:
        find_programs()
        return find_felix()
    except LabError as missing:
        raise MissingComponentError(missing) from missing
