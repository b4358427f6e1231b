"""Acme, an engine that is not there: what `make new-provider` writes, registered for one test.

Its objects and its judge are the skeleton's own, one for each way to stand beside NetworkPolicies: behind them
(layered), among them (union), before them (ordered).  Its folders stand outside the package, so that nothing but the
row can lead to them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import jsonschema_rs
import pytest

import gen_schema
import new_provider
from mcpfence import providers
from mcpfence.catalog import schema
from mcpfence.findings.table import TABLE
from mcpfence.providers import Composition, Provider
from mcpfence.reach import engines

GROUP, KIND = "policy.acme.example", "AcmePolicy"
COMPOSITIONS = (Composition.LAYERED, Composition.UNION, Composition.ORDERED)


def register(patch: pytest.MonkeyPatch, composition: Composition, folder: Path, *, judge: bool = True) -> Provider:
    """Scaffold acme into a folder, and add its row and what follows from it, for one test."""
    new_provider.write(new_provider.Wanted("acme", KIND, GROUP, "v1", composition.value), folder)
    for name in [name for name in sys.modules if ".acme" in name]:
        patch.delitem(sys.modules, name)
    found = folder / "renderer" / "mcpfence"
    patch.setattr(providers, "__path__", [*providers.__path__, str(found / "providers")])
    if judge:
        patch.setattr(engines, "__path__", [*engines.__path__, str(found / "reach" / "engines")])
        patch.setattr(engines, "TABLE", [*engines.TABLE, "acme"])
    patch.setattr(providers, "_LOADED", dict(providers._LOADED))
    patch.setattr(engines, "_FOUND", {})
    patch.setitem(providers.TABLE, "acme", "acme")
    before = set(TABLE)
    row = providers.provider_of("acme")
    for id in set(TABLE) - before:  # put in anew, so that it is taken out again with the test
        patch.setitem(TABLE, id, TABLE.pop(id))
    whole = json.dumps(gen_schema.with_providers(json.loads(schema.schema_text()), providers.all_providers()))
    fast = jsonschema_rs.validator_for(whole)
    patch.setattr(schema, "schema_text", lambda: whole)
    patch.setattr(schema, "_schema", lambda: json.loads(whole))
    patch.setattr(schema, "_fast", lambda: fast)
    return row
