"""How a server is run, as frozen values; `reader` makes them, nothing downstream checks the input again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from mcpfence.structs import Struct

Transport = Literal["stdio", "http"]

USER = 1000
"""User, group and file-system group of every container unless the catalog says otherwise, as Obot runs servers."""


class EnvVar(Struct):
    """One environment variable: a plain value, or a key of a Secret; `file`: the variable holds the path of a file."""

    key: str
    value: str | None = None
    secret: str = ""
    secret_key: str = ""
    file: bool = False


class Account(Struct):
    """The ServiceAccount of a server, and what it may do at the API server: rules that hold in some namespaces."""

    annotations: tuple[tuple[str, str], ...] = ()
    rules: tuple[Mapping[str, list[str]], ...] = ()
    namespaces: tuple[str, ...] = ()
    token: bool = False
    """Whether the pod gets the account's token: only with egress.kubernetesAPI."""


class Placement(Struct):
    """What mcpServerDefaults says of every pod."""

    pull_policy: str = "Always"
    pull_secrets: tuple[str, ...] = ()
    node_selector: tuple[tuple[str, str], ...] = ()
    affinity: Mapping[str, Any] = {}
    tolerations: tuple[Mapping[str, Any], ...] = ()
    runtime_class: str = ""
    volume_size: str = ""
    """How much each empty volume may hold, unless the server says otherwise."""


class Run(Struct):
    """Everything that the Deployment, the Service and the ServiceAccount of one server are made of."""

    image: str
    port: int
    labels: tuple[tuple[str, str], ...]
    """Labels of the pod by which its fence selects it."""
    release: str = ""
    """Of which the server is a part, for the labels that people look for."""
    command: tuple[str, ...] = ()
    """Empty: the image's own entry point."""
    args: tuple[str, ...] = ()
    bridged: bool = False
    """Whether the command is that of a bridge, which listens in the place of the server."""
    readiness: tuple[str, ...] = ()
    """A command in the container that succeeds while the server answers; empty: nothing is known but its port."""
    env: tuple[EnvVar, ...] = ()
    resources: Mapping[str, Any] = {}
    read_only: bool = True
    writable: tuple[str, ...] = ()
    volume_size: str = ""
    """How much each empty volume may hold."""
    user: int = USER
    account: Account = Account()
    placement: Placement = Placement()
    checksum: str = ""
    """16 hex digits of a hash of the configuration, `restart` included."""
