"""Parameters of an Application: what they are called, how Argo CD hands them over, and how they are announced.

`spec.source.plugin.parameters` arrives as JSON in ARGOCD_APP_PARAMETERS: a list of {name, string | array | map}, or the
text `null` for a plugin block without parameters, or not at all.  The same can be said by `spec.source.plugin.env`,
which arrives as ARGOCD_ENV_NAME.  Announced values are shown by Argo CD's user interface and never sent back
(docs/operator-manual/config-management-plugins.md of Argo CD), so defaults are the plugin's own affair.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from mcpfence.findings.finding import Collector, quote
from mcpfence.findings.wording import nearest, type_name
from mcpfence.structs import Struct


class Parameter(Struct):
    """One parameter, in the words of Argo CD; `shape` is the key under which its value stands."""

    name: str
    shape: Literal["array", "map", "string"]
    title: str
    tooltip: str

    @property
    def variable(self) -> str:
        """The variable that says the same through `spec.source.plugin.env`."""
        return _ENV + self.name.upper().replace("-", "_")

    @property
    def many(self) -> bool:
        """Whether it takes a list."""
        return self.shape == "array"


class GivenParameter(Struct):
    """What was said for a parameter, and where: for messages."""

    texts: tuple[str, ...]
    where: str
    pairs: tuple[tuple[str, str], ...] = ()
    """Of a map, in the order of its keys."""


_LIST = "ARGOCD_APP_PARAMETERS"
_ENV = "ARGOCD_ENV_"

PARAMETERS = (
    Parameter("values-files", "array", "Values files", "Paths beside this application, later ones over earlier ones"),
    Parameter("catalog", "array", "Catalog files", "For charts that do not hold the mcpfence chart: the catalog"),
    Parameter("provider", "string", "Provider", "Engine that enforces host names (egress.provider)"),
    Parameter("profile", "string", "Cluster profile", "Kind of cluster: its blocked ranges and DNS (cluster.profile)"),
    Parameter("values", "map", "Values", "Single values of the mcpfence chart, by their paths: cluster.profile: aks"),
    Parameter("namespace", "string", "Release namespace", "Namespace of the release; default: the destination's"),
    Parameter("release", "string", "Release name", "Name of the release; default: the Application's name"),
)
_BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}
_BY_VARIABLE = {parameter.variable: parameter for parameter in PARAMETERS if parameter.shape != "map"}


def read_parameters(environment: Mapping[str, str], out: Collector) -> dict[str, GivenParameter]:
    """What an Application says, by parameter; one that is given both ways counts as given by `parameters`."""
    said: dict[str, GivenParameter] = {}
    for variable in sorted(environment):
        if variable.startswith(_ENV):
            _take_variable(variable, environment[variable], said, out)
    listed: set[str] = set()
    for item in _listed(environment.get(_LIST, ""), out):
        _take_item(item, said, listed, out)
    return said


def announcement(defaults: Mapping[str, tuple[str, ...]]) -> str:
    """The JSON that Argo CD's dynamic parameter command has to print, with the values that hold by default."""
    rows = []
    for name, shape, title, tooltip in PARAMETERS:
        found = defaults.get(name, ())
        value = {"array": list(found), "map": {}, "string": "".join(found[:1])}[shape]
        row = {"name": name, "title": title, "tooltip": tooltip, "required": False, "collectionType": shape}
        row[shape] = value
        rows.append(row)
    return json.dumps(rows, indent=1)


def _take_variable(variable: str, text: str, said: dict[str, GivenParameter], out: Collector) -> None:
    """`ARGOCD_ENV_VALUES_FILES=base.yaml,prod.yaml`."""
    parameter = _BY_VARIABLE.get(variable)
    if parameter is None:
        name = variable.removeprefix(_ENV)
        known = [one.removeprefix(_ENV) for one in _BY_VARIABLE]
        _unknown(f"plugin.env {quote(name)}", name, known, out)
        return
    texts = tuple(part.strip() for part in text.replace("\n", ",").split(",")) if parameter.many else (text.strip(),)
    if not all(texts):
        sentence = f"{quote(text)} has an empty entry" if parameter.many else "is empty"
        todo = "Argo CD puts nothing for a $VARIABLE that it does not know; name what is meant, or remove it"
        out.add("argocd-parameter", (), sentence, todo, document=variable)
        return
    said[parameter.name] = GivenParameter(texts, variable)


def _listed(text: str, out: Collector) -> list[Any]:
    """The list in ARGOCD_APP_PARAMETERS; empty after an error."""
    if not text.strip():
        return []
    todo = "give a list of {name: ..., string: ...} or {name: ..., array: [...]}"
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        out.add("argocd-parameter", (), "is no JSON", todo, document=_LIST)
        return []
    if found is None:
        return []
    if not isinstance(found, list):
        out.add("argocd-parameter", (), f"is {type_name(found)}, not a list", todo, document=_LIST)
        return []
    return found


def _take_item(item: Any, said: dict[str, GivenParameter], listed: set[str], out: Collector) -> None:
    name = item.get("name") if isinstance(item, Mapping) else None
    if not isinstance(name, str):
        sentence = "holds an entry without a name"
        out.add("argocd-parameter", (), sentence, "write {name: ..., string: ...}", document=_LIST)
        return
    where = f"parameter {name}" if name in _BY_NAME else f"parameter {quote(name)}"
    parameter = _BY_NAME.get(name)
    if parameter is None:
        _unknown(where, name, list(_BY_NAME), out)
        return
    if name in listed:
        out.add("argocd-parameter", (), "is given twice", "remove one of them", document=where)
        return
    listed.add(name)
    texts = _texts(parameter, item, where, out)
    if texts is not None:
        pairs = tuple(sorted(item["map"].items())) if parameter.shape == "map" else ()
        said[name] = GivenParameter(texts, where, pairs)


_TYPES = {"array": list, "map": dict, "string": str}
_WRITE = {"array": "[...]", "map": "{PATH: VALUE}", "string": "..."}


def _texts(parameter: Parameter, item: Mapping[str, Any], where: str, out: Collector) -> tuple[str, ...] | None:
    """The value of one entry, of a map its values; None after an error."""
    wanted = parameter.shape
    other = [key for key in ("string", "array", "map") if key != wanted and item.get(key) is not None]
    value = item.get(wanted)
    texts: list[Any] = [value]
    if isinstance(value, list | dict):
        texts = list(value.values()) if isinstance(value, dict) else value
    sentence = ""
    if other:
        sentence = f"has {' and '.join(other)} {'instead of' if value is None else 'beside'} {wanted}"
    elif value is None:
        sentence = f"has no {wanted}"
    elif not isinstance(value, _TYPES[wanted]):
        sentence = f"has {type_name(value)} under {wanted}"
    elif not all(isinstance(text, str) for text in texts):
        sentence = "lists something that is no text"
    if sentence:
        out.add(
            "argocd-parameter",
            (),
            sentence,
            f"write {wanted}: {_WRITE[wanted]}",
            document=where,
        )
        return None
    if wanted != "map" and not all(text.strip() for text in texts):
        sentence = "lists an empty text" if parameter.many else "is empty"
        out.add("argocd-parameter", (), sentence, "name what is meant, or remove it", document=where)
        return None
    return tuple(texts)


def _unknown(where: str, name: str, known: list[str], out: Collector) -> None:
    todo = nearest(name, known, f"write one of: {', '.join(known)}")
    out.add("argocd-parameter", (), "is not known", todo, document=where)
