"""Canaries: Jobs that are no hole, and a program that tells right from wrong."""

from __future__ import annotations

from typing import Any

import yaml

from mcpfence.evidence.certificate import certify
from mcpfence.evidence.jobs import jobs
from mcpfence.reach.evaluation.evaluator import Pod
from packing import CATALOG, case_of
from tooling import ROOT

IMAGE = "registry.example.com/python:3.13"
SOURCE = ROOT / "renderer" / "mcpfence" / "evidence" / "canary.py"


def jobs_of(raw: dict[str, Any] = CATALOG, *, refuses: bool = False) -> list[dict[str, Any]]:
    """The Jobs of a catalog."""
    text = jobs(certify(case_of(raw)).sent, IMAGE, by_name_shown=False, refuses=refuses)
    return [one for one in yaml.safe_load_all(text.decode()) if one]


def test_one_job_for_each_server() -> None:
    """In the servers' namespace, under a name of its own."""
    assert [(one["metadata"]["namespace"], one["metadata"]["name"]) for one in jobs_of()] == [
        ("mcp", "mcp-canary-search"),
        ("mcp", "mcp-canary-vault"),
    ]


def test_a_canary_is_fenced_as_its_server_is() -> None:
    """Its pod has the labels of the server's selector and can do exactly what the server's pods can do."""
    case = case_of()
    template = jobs_of()[0]["spec"]["template"]
    pod = Pod("mcp", tuple(sorted(template["metadata"]["labels"].items())))
    server = Pod("mcp", (("app", "search"),))

    assert template["metadata"]["labels"] == {"app": "search", "mcpfence.io/canary": "search"}
    assert case.evaluator.egress(pod) == case.evaluator.egress(server)
    assert case.evaluator.ingress(pod) == case.evaluator.ingress(server)


def test_a_canary_has_nothing_of_use_to_anybody() -> None:
    """No token, no environment, no volume, no port, no privilege; it ends, and it is never ready."""
    spec = jobs_of()[0]["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]

    assert set(pod) == {
        "restartPolicy",
        "automountServiceAccountToken",
        "enableServiceLinks",
        "securityContext",
        "containers",
    }
    assert (pod["automountServiceAccountToken"], pod["enableServiceLinks"]) == (False, False)
    assert set(container) == {"name", "image", "command", "resources", "readinessProbe", "securityContext"}
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL", "NET_RAW"]}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["readinessProbe"]["initialDelaySeconds"] > spec["activeDeadlineSeconds"]
    assert spec["backoffLimit"] == 0


def test_what_runs_is_the_program_that_stands_in_the_source() -> None:
    """Byte for byte, with nothing in it that the kubelet would replace."""
    program = jobs_of()[0]["spec"]["template"]["spec"]["containers"][0]["command"]

    assert program[:2] == ["python3", "-c"]
    assert program[2] == SOURCE.read_text(encoding="utf-8")
    assert not any("$(" in word for word in program)
    assert len(program) == 4
    assert jobs_of(refuses=True)[0]["spec"]["template"]["spec"]["containers"][0]["command"][4] == "refusal-is-denial"


def test_several_selectors_have_a_job_each() -> None:
    """Pods of one server that differ in their labels are tried apart."""
    server = {**CATALOG["servers"]["search"], "podSelector": [{"app": "a"}, {"app": "b"}]}
    found = jobs_of({**CATALOG, "servers": {"search": server}})

    assert [one["metadata"]["name"] for one in found] == ["mcp-canary-search", "mcp-canary-search-2"]
    assert [one["spec"]["template"]["metadata"]["labels"]["app"] for one in found] == ["a", "b"]
