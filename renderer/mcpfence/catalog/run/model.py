"""How a server is run, as frozen values; `reader` makes them, nothing downstream checks the input again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Transport = Literal["stdio", "http"]

USER = 1000
"""User, group and file-system group of every container unless the catalog says otherwise, as Obot runs servers."""


class EnvVar(NamedTuple):
    """One environment variable: a plain value, or a key of a Secret; `file`: the variable holds the path of a file."""

    key: str
    value: str | None = None
    secret: str = ""
    secret_key: str = ""
    file: bool = False


class Account(NamedTuple):
    """The ServiceAccount of a server, and what it may do at the API server: rules that hold in some namespaces."""

    annotations: tuple[tuple[str, str], ...] = ()
    rules: tuple[Mapping[str, list[str]], ...] = ()
    namespaces: tuple[str, ...] = ()
    token: bool = False
    """Whether the pod gets the account's token: only with egress.kubernetesAPI."""


class Placement(NamedTuple):
    """What mcpServerDefaults says of every pod."""

    pull_policy: str = "Always"
    pull_secrets: tuple[str, ...] = ()
    node_selector: tuple[tuple[str, str], ...] = ()
    affinity: Mapping[str, Any] = {}
    tolerations: tuple[Mapping[str, Any], ...] = ()
    runtime_class: str = ""


class Run(NamedTuple):
    """Everything that the Deployment, the Service and the ServiceAccount of one server are made of."""

    image: str
    port: int
    labels: tuple[tuple[str, str], ...]
    """Labels of the pod by which its fence selects it."""
    command: tuple[str, ...] = ()
    """Empty: the image's own entry point."""
    args: tuple[str, ...] = ()
    env: tuple[EnvVar, ...] = ()
    resources: Mapping[str, Any] = {}
    read_only: bool = True
    writable: tuple[str, ...] = ()
    user: int = USER
    account: Account = Account()
    placement: Placement = Placement()
    checksum: str = ""
    """16 hex digits of a hash of the configuration, `restart` included."""
