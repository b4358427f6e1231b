"""What Argo CD asks for: release, namespace, versions of the cluster and the Application's parameters, checked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from mcpfence.argocd.parameters import GivenParameter, read_parameters
from mcpfence.findings.finding import Collector, quote
from mcpfence.structs import Struct

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_NAMESPACE = re.compile(rf"(?=.{{1,63}}\Z){_LABEL}\Z")
_RELEASE = re.compile(rf"(?=.{{1,53}}\Z){_LABEL}(\.{_LABEL})*\Z")
_VERSION = re.compile(r"v?[0-9]{1,9}(\.[0-9]{1,9}){1,2}[-+.0-9A-Za-z]*\Z")
_API_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9./-]*\Z")


class GenerateSettings(Struct):
    """One request of Argo CD; None and empty texts were not said."""

    release: str
    namespace: str
    source_path: str
    kube_version: str
    api_versions: tuple[str, ...]
    values_files: GivenParameter | None
    catalog: GivenParameter | None
    provider: str
    profile: str
    values: Mapping[str, Any] = {}
    """What the parameters say of the values of the mcpfence chart: single values, provider and profile."""
    allow_empty: bool = False

    @property
    def helm_flags(self) -> tuple[str, ...]:
        """What helm must be told of the cluster: what Argo CD's own Helm source tells it, in an order of our own."""
        version = ("--kube-version", self.kube_version) if self.kube_version else ()
        apis = [part for api in self.api_versions for part in ("--api-versions", api)]
        return (*version, *apis, "--include-crds")


def read_settings(environment: Mapping[str, str]) -> GenerateSettings:
    """The settings in the environment that Argo CD gives; raises McpfenceError with everything that is wrong."""
    out = Collector()
    said = read_parameters(environment, out)
    settings = GenerateSettings(
        release=_release(environment, said.get("release"), out),
        namespace=_namespace(environment, said.get("namespace"), out),
        source_path=environment.get("ARGOCD_APP_SOURCE_PATH", ""),
        kube_version=_kube_version(environment, out),
        api_versions=_api_versions(environment, out),
        values_files=said.get("values-files"),
        catalog=said.get("catalog"),
        provider=_text(said.get("provider")),
        profile=_text(said.get("profile")),
        values=_values(said, out),
    )
    out.stop_on_errors()
    return settings


_KEYS = {"provider": ("egress", "provider"), "profile": ("cluster", "profile")}
"""Parameters that are values of the chart, too."""


_DEEPEST = 50
"""How many keys a path may have."""


def _values(said: Mapping[str, GivenParameter], out: Collector) -> dict[str, Any]:
    """The values that parameters set; an error where two say the same, since neither could be told to win."""
    given: list[tuple[tuple[str, ...], Any, str]] = [
        (_KEYS[name], said[name].texts[0], said[name].where) for name in _KEYS if name in said
    ]
    where = said["values"].where if "values" in said else ""
    for path, text in said["values"].pairs if "values" in said else ():
        keys = tuple(key.replace("\\.", ".") for key in re.split(r"(?<!\\)\.", path))
        if len(keys) > _DEEPEST:
            sentence = f"{quote(path)} has {len(keys):,} keys, and no value of the chart is so deep"
            out.add("argocd-parameter", (), sentence, f"write {_DEEPEST} at most", document=where)
        elif all(keys):
            given.append((keys, _value(text), where))
        else:
            todo = "write the keys with . between them, and \\. for a . inside a key"
            out.add("argocd-parameter", (), f"{quote(path)} has an empty key", todo, document=where)
    values: dict[str, Any] = {}
    for keys, value, place in given:
        below: Any = values
        for key in keys[:-1]:
            below = below.setdefault(key, {}) if isinstance(below, dict) else below
        if not isinstance(below, dict) or keys[-1] in below:
            sentence = f"{quote('.'.join(keys))} is set twice, or within what is set"
            out.add("argocd-parameter", (), sentence, "say it once", document=place)
            continue
        below[keys[-1]] = value
    return values


def _value(text: str) -> Any:
    """What is JSON is read as JSON, everything else is text: no word means something else to another reader of YAML."""
    try:
        value = json.loads(text, object_pairs_hook=_once)
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        return text
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def glance(environment: Mapping[str, str]) -> GenerateSettings:
    """The same for the calls of Argo CD that only look: it leaves most variables out there, and nothing is an error."""
    out = Collector()
    said = read_parameters(environment, out)
    return GenerateSettings(
        release=_text(said.get("release")) or environment.get("ARGOCD_APP_NAME", "").rpartition("_")[2],
        namespace=_text(said.get("namespace")) or environment.get("ARGOCD_APP_NAMESPACE", ""),
        source_path=environment.get("ARGOCD_APP_SOURCE_PATH", ""),
        kube_version="",
        api_versions=(),
        values_files=said.get("values-files"),
        catalog=said.get("catalog"),
        provider=_text(said.get("provider")),
        profile=_text(said.get("profile")),
    )


def _text(said: GivenParameter | None) -> str:
    return said.texts[0] if said else ""


def _release(environment: Mapping[str, str], said: GivenParameter | None, out: Collector) -> str:
    """The parameter, else the Application's name without its namespace, as Argo CD's own Helm source has it."""
    name, where = _text(said), said.where if said else "ARGOCD_APP_NAME"
    if not said:
        # An Application outside Argo CD's own namespace is called NAMESPACE_NAME.
        name = environment.get(where, "").rpartition("_")[2]
        if not name:
            out.add("argocd-environment", (), "is not set", _SETS, document=where)
            return ""
    if not _RELEASE.match(name):
        sentence = f"{quote(name)} is no release name"
        todo = "write lower-case letters, digits, - and ., 53 at most"
        if not said:
            todo = f"give the parameter release: {todo.removeprefix('write ')}"
        out.add("argocd-parameter" if said else "argocd-environment", (), sentence, todo, document=where)
    return name


def _namespace(environment: Mapping[str, str], said: GivenParameter | None, out: Collector) -> str:
    """The parameter, else the destination's namespace."""
    where = said.where if said else "ARGOCD_APP_NAMESPACE"
    name = _text(said) or environment.get("ARGOCD_APP_NAMESPACE", "")
    if not name:
        todo = "write spec.destination.namespace in the Application, or give the parameter namespace"
        out.add("argocd-environment", (), "is not set", todo, document=where)
    elif not _NAMESPACE.match(name):
        sentence, todo = f"{quote(name)} is no namespace", "write lower-case letters, digits and -, 63 at most"
        out.add("argocd-parameter" if said else "argocd-environment", (), sentence, todo, document=where)
    return name


def _kube_version(environment: Mapping[str, str], out: Collector) -> str:
    version = environment.get("KUBE_VERSION", "")
    if version and not _VERSION.match(version):
        sentence = f"{quote(version)} is no version of Kubernetes"
        out.add("argocd-environment", (), sentence, "write it as 1.31.2", document="KUBE_VERSION")
    return version


def _api_versions(environment: Mapping[str, str], out: Collector) -> tuple[str, ...]:
    """The cluster's API versions, sorted: Argo CD's order differs from request to request."""
    found = sorted({part.strip() for part in environment.get("KUBE_API_VERSIONS", "").split(",")} - {""})
    for bad in [version for version in found if not _API_VERSION.match(version)]:
        sentence, todo = f"{quote(bad)} is no API version", "write a list such as v1,apps/v1,apps/v1/Deployment"
        out.add("argocd-environment", (), sentence, todo, document="KUBE_API_VERSIONS")
    return tuple(found)


_SETS = "Argo CD sets it; where you call this yourself, set it too, or give the parameter release"
