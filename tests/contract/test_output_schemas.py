"""Every JSON output is what its schema in schemas/output says, and has no key that no schema describes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from flow_samples import CATALOG, hubble
from helpers import run_cli
from tooling import ROOT

SCHEMAS = ROOT / "schemas" / "output"

OPEN = b"""\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: a, labels: {app: web}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: a}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: a}
spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
"""
CLOSED = b"""\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p, namespace: a}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
  ingress: [{from: [{podSelector: {matchLabels: {app: gone}}}], ports: [{port: 8080}]}]
  egress: [{to: [{ipBlock: {cidr: 192.0.2.0/24}}], ports: [{port: 443}, {port: 53, protocol: UDP}]}]
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: named, namespace: a}
spec:
  endpointSelector: {}
  egress: [{toFQDNs: [{matchName: api.example.com}], toPorts: [{ports: [{port: "443", protocol: TCP}]}]}]
"""
BROKEN = b"""\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: q, namespace: a}
spec: {podSelector: {}, ingress: [{from: 1}]}
---
apiVersion: crd.projectcalico.org/v1
kind: StagedNetworkPolicy
metadata: {name: s, namespace: a}
spec: {selector: all()}
"""


def _example(name: str) -> list[str]:
    folder = ROOT / "values-examples" / name
    return [flag for file in sorted(folder.glob("*.yaml")) for flag in ("-f", str(file))]


def _outputs(folder: Path) -> dict[str, tuple[tuple[str, ...], bytes]]:
    """Arguments and stdin, by a name that says which form of output they bring out."""
    for name, text in (("open.yaml", OPEN), ("closed.yaml", OPEN + CLOSED), ("broken.yaml", OPEN + CLOSED + BROKEN)):
        (folder / name).write_bytes(text)
    (folder / "bad.yaml").write_text("servers: {a: {runtime: npx, x: 1}}\n", encoding="utf-8")
    (folder / "observed.yaml").write_text(CATALOG, encoding="utf-8")
    (folder / "log").write_text(f"{hubble()}\n", encoding="utf-8")
    opened, closed, broken, bad = (str(folder / f"{name}.yaml") for name in ("open", "closed", "broken", "bad"))
    obot, aviatrix = _example("obot"), _example("aks-aviatrix")
    return {
        "check: errors": (("check", "-f", bad), b""),
        "check: no file": (("check", "-f", str(folder / "none.yaml")), b""),
        "check: findings without place": (("check", *obot, "--strict"), b""),
        "check: nothing": (("check", "-f", "-"), b"servers: {}\n"),
        "reach: open": (("reach", opened), b""),
        "reach: closed": (("reach", closed), b""),
        "reach: broken": (("reach", broken), b""),
        "reach: no pods": (("reach", "-"), CLOSED),
        "diff: narrower": (("diff", opened, closed), b""),
        "diff: wider": (("diff", closed, opened), b""),
        "diff: unclear": (("diff", closed, broken), b""),
        "diff: same": (("diff", closed, closed), b""),
        "diff: catalogs": (("diff", aviatrix[1], obot[1]), b""),
        "observe: report": (("observe", str(folder / "log"), "-f", str(folder / "observed.yaml")), b""),
        "explain: fence": (("explain", "devops", *aviatrix), b""),
        "explain: elsewhere": (("explain", "handbook", *obot), b""),
        "explain: verdicts": (("explain", "devops", *aviatrix, "--to", "8.8.8.8", "--from", "gateway"), b""),
        "explain: allowed": (("explain", "devops", *aviatrix, "--to", "dev.azure.com"), b""),
        "report: names": (("report", *aviatrix), b""),
        "report: all kinds": (("report", *obot), b""),
        "report: unenforced": (("report", *_example("unenforced")), b""),
    }


NAMES = [
    *("check: errors", "check: no file", "check: findings without place", "check: nothing"),
    *("reach: open", "reach: closed", "reach: broken", "reach: no pods"),
    *("diff: narrower", "diff: wider", "diff: unclear", "diff: same", "diff: catalogs"),
    "observe: report",
    *("explain: fence", "explain: elsewhere", "explain: verdicts", "explain: allowed"),
    *("report: names", "report: all kinds", "report: unenforced"),
]


def _strict(schema: Any) -> Any:
    """The schema with every object closed: a key that is not described is a fault, here though not for users."""
    if isinstance(schema, list):
        return [_strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _strict(value) for key, value in schema.items()}
    return closed | ({"additionalProperties": False} if "properties" in closed and "type" in closed else {})


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_as_their_schema_says(name: str, tmp_path: Path) -> None:
    """The envelope is the same for all, and so is each place; nothing is printed that is not described."""
    arguments, stdin = _outputs(tmp_path)[name]
    done = run_cli(*arguments, "--format", "json", stdin=stdin)
    document = json.loads(done.stdout)
    command = name.partition(":")[0]
    schema = json.loads((SCHEMAS / f"{command}.schema.json").read_text(encoding="utf-8"))

    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(_strict(schema)).validate(document)
    assert list(document)[:4] == ["format", "version", "ok", "findings"]
    assert document["ok"] == all(finding["severity"] != "error" for finding in document["findings"])


def test_each_output_has_a_schema() -> None:
    """Whoever adds a command with a JSON form writes its schema, and tries it here."""
    assert {path.name.partition(".")[0] for path in SCHEMAS.iterdir()} == {name.partition(":")[0] for name in NAMES}


def test_schemas_refuse_what_is_wrong(tmp_path: Path) -> None:
    """A place as text, as it was once, is none."""
    arguments, _ = _outputs(tmp_path)["check: errors"]
    document = json.loads(run_cli(*arguments, "--format", "json").stdout)
    schema = json.loads((SCHEMAS / "check.schema.json").read_text(encoding="utf-8"))
    document["findings"][0]["position"] = "bad.yaml:1:1"

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(document)
