"""The arguments of `docker run`: the image, the variables' names, the network, the port; values are passed over."""

from __future__ import annotations

from collections.abc import Sequence

from mcpfence.imports.shared.destinations import shown
from mcpfence.imports.shared.source import BadEntry, Node
from mcpfence.structs import Struct

_FLAGS = frozenset(
    {
        *("--detach", "--init", "--interactive", "--no-healthcheck", "--oom-kill-disable", "--privileged"),
        *("--publish-all", "--quiet", "--read-only", "--rm", "--sig-proxy", "--tty", "--help", "--replace"),
        *("--disable-content-trust", "--use-api-socket"),
    }
)
"""Options without a value; one letter each: see _LETTERS."""
_LETTERS = frozenset("ditqP")
_VALUES = frozenset(
    {
        *("--add-host", "--annotation", "--attach", "--blkio-weight", "--cap-add", "--cap-drop", "--cgroup-parent"),
        *("--cgroupns", "--cidfile", "--cpu-period", "--cpu-quota", "--cpu-shares", "--cpus", "--cpuset-cpus"),
        *(
            "--cpuset-mems",
            "--detach-keys",
            "--device",
            "--device-cgroup-rule",
            "--dns",
            "--dns-option",
            "--dns-search",
        ),
        *("--domainname", "--entrypoint", "--env", "--env-file", "--expose", "--gpus", "--group-add", "--health-cmd"),
        *("--health-interval", "--health-retries", "--health-start-period", "--health-timeout", "--hostname", "--ip"),
        *("--ip6", "--ipc", "--isolation", "--kernel-memory", "--label", "--label-file", "--link", "--link-local-ip"),
        *("--log-driver", "--log-opt", "--mac-address", "--memory", "--memory-reservation", "--memory-swap", "--mount"),
        *("--name", "--net", "--network", "--network-alias", "--oom-score-adj", "--pid", "--pids-limit", "--platform"),
        *("--publish", "--pull", "--restart", "--runtime", "--security-opt", "--shm-size", "--stop-signal", "--tz"),
        *("--stop-timeout", "--storage-opt", "--sysctl", "--tmpfs", "--ulimit", "--user", "--userns", "--uts"),
        *("--volume", "--volume-driver", "--volumes-from", "--workdir", "--secret", "--cgroups", "--systemd"),
    }
)
_SHORT = {
    "-a": "--attach",
    "-c": "--cpu-shares",
    "-e": "--env",
    "-h": "--hostname",
    "-l": "--label",
    "-m": "--memory",
    "-p": "--publish",
    "-u": "--user",
    "-v": "--volume",
    "-w": "--workdir",
}


class DockerRun(Struct):
    """What `docker run` starts."""

    image: str
    variables: tuple[str, ...]
    network: str
    """host, none, the name of another, or empty."""
    port: int | None
    """Of the container, where one is published and nothing is attached to its stdin."""
    hosts: bool
    """Whether it adds names of its own for addresses."""


def read_docker_run(args: Sequence[str], node: Node) -> DockerRun:
    """Read what stands behind `docker run`.  Raises BadEntry for an option that is not known, and without an image."""
    variables: list[str] = []
    published: list[str] = []
    network, attached, hosts = "", False, False
    rest = list(args)
    while rest and rest[0].startswith("-"):
        option, value = _next(rest, node)
        if option == "--env" and value is not None:
            variables.append(value.partition("=")[0])
        elif option == "--publish" and value is not None:
            published.append(value)
        elif option in ("--network", "--net") and value is not None:
            network = value
        elif option == "--add-host":
            hosts = True
        attached = attached or option in ("--interactive", "-i")
    if not rest:
        raise BadEntry(node, "runs no image", "mend the source")
    ports = {_container_port(text) for text in published}
    port = next(iter(ports)) if len(ports) == 1 and not attached else None
    return DockerRun(rest[0], tuple(variables), network, port, hosts)


def _next(rest: list[str], node: Node) -> tuple[str, str | None]:
    """Take the next option, and its value if it has one, from the arguments."""
    text = rest.pop(0)
    option, given, value = text.partition("=")
    if option in _FLAGS:
        return option, None
    if option in _VALUES:
        return option, value if given else _value(rest, option, node)
    if text[:2] in _SHORT:
        return _SHORT[text[:2]], text[2:].removeprefix("=") or _value(rest, text[:2], node)
    if len(text) > 1 and not text.startswith("--") and set(text[1:]) <= _LETTERS:
        return ("--interactive" if "i" in text else text), None
    joined = text[1:-1] if not text.startswith("--") else ""
    if joined and set(joined) <= _LETTERS and f"-{text[-1]}" in _SHORT:  # -ite NAME
        return _SHORT[f"-{text[-1]}"], _value(rest, text, node)
    raise BadEntry(node, f"has {shown(option)}, which is no known option of docker run", "write the server by hand")


def _value(rest: list[str], option: str, node: Node) -> str:
    if not rest:
        raise BadEntry(node, f"has {option} without a value", "mend the source")
    return rest.pop(0)


def _container_port(text: str) -> int | None:
    """8080 of `127.0.0.1:3000:8080/tcp`."""
    number = text.rpartition(":")[2].partition("/")[0]
    return int(number) if number.isdecimal() and 1 <= int(number) <= 65535 else None
