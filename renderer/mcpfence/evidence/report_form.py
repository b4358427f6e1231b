"""The certificate for people: the document that the template of report.md reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from mcpfence.evidence.certificate import Certificate

_SHOWN = 4
"""So many ranges or names of a row are shown; the certificate has all."""


def report_form(certificate: Certificate, manifests: Mapping[str, bytes], digests: Mapping[str, str]) -> dict[str, Any]:
    """What report.md says; `digests` are those of the manifests by their names."""
    said = certificate.predicate
    fences = [_fence(entry, said["addresses"]) for entry in said["fences"]]
    return {
        "release": said["release"]["name"],
        "namespace": said["namespace"],
        "provider": said["provider"],
        "version": said["mcpfence"],
        "catalog": said["catalog"]["digest"]["sha256"],
        "manifests": [
            {"name": name, "sha256": digests[name], "size": len(manifests[name])} for name in sorted(manifests)
        ],
        "floor": said["floor"],
        "fences": fences,
        "witnesses": sum(fence["allowed"] + fence["denied"] for fence in fences),
        "findings": [one for one in said["findings"] if one["severity"] != "note"],
        "risks": [{"id": id, "text": text} for id, text in said["residualRisks"].items()],
        "notShown": said["notShown"],
    }


def _fence(entry: Mapping[str, Any], sets: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    directions = {name: entry[name] for name in ("egress", "ingress") if name in entry}
    verdicts = Counter(one["verdict"] for said in directions.values() for one in said["witnesses"])
    return {
        "kind": entry["kind"],
        "name": entry["name"],
        "runtime": entry.get("runtime", ""),
        "namespace": entry["pods"]["namespace"],
        "pods": _labels(entry["pods"]["labels"]),
        "directions": [
            {
                "name": name,
                "declared": [_row(row, sets) for row in said["declared"]],
                "narrowings": [
                    {"why": one["why"], "rows": [_row(row, sets) for row in one["rows"]]} for one in said["narrowings"]
                ],
                "rules": _rules(said["witnesses"]),
            }
            for name, said in directions.items()
        ],
        "allowed": verdicts["allowed"],
        "denied": verdicts["denied"],
        "risks": entry.get("residualRisks", []),
    }


def _row(row: Mapping[str, Any], sets: Mapping[str, Sequence[str]]) -> dict[str, str]:
    if "addresses" not in row:
        peer = f"pods {_labels(row['pods'])} in namespaces {_labels(row['namespaces'])}"
    else:
        there = row["addresses"]
        peer = f"{_some(sets[there])} ({there})" if isinstance(there, str) else _some(there)
    names = _some(row["names"]) if row.get("names") else ""
    return {"peer": peer, "names": names, "flows": ", ".join(row["flows"]), "by": row.get("key", "")}


def _some(texts: Sequence[str]) -> str:
    return ", ".join(texts[:_SHOWN]) + (f" and {len(texts) - _SHOWN:,} more" if len(texts) > _SHOWN else "")


def _labels(labels: Mapping[str, Mapping[str, Any]]) -> str:
    """Labels as `kubectl --selector` writes them."""
    return ",".join(_label(key, said) for key, said in labels.items()) or "(all)"


def _label(key: str, said: Mapping[str, Any]) -> str:
    values = said.get("in", said.get("notIn", []))
    listed = ",".join(values)
    if "in" in said:
        text = f"!{key}" if not values else f"{key}={listed}" if len(values) == 1 else f"{key} in ({listed})"
        return f"{text} or missing" if values and said.get("missing") else text
    return f"{key} notin ({listed})" if values else key


def _rules(witnesses: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rules that decide on the witnesses, each with how many it allows and denies."""
    counts: Counter[tuple[str, str]] = Counter()
    for one in witnesses:
        for rule in one["decidedBy"]:
            counts[f"{rule['policy']} {rule['rule']}".rstrip(), one["verdict"]] += 1
    return [
        {"rule": rule, "allows": counts[rule, "allowed"], "denies": counts[rule, "denied"]}
        for rule in dict.fromkeys(rule for rule, _ in counts)
    ]
