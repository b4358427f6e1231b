"""`reach` on an input without pods: what it cannot say is said."""

from __future__ import annotations

import json

from helpers import run_cli

POLICY = b"""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: x, namespace: a}
spec: {podSelector: {}, policyTypes: [Egress]}
"""
POD = b"---\napiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: a}\n"
SENTENCE = "no pods are in the input, so no line can say who reaches whom: add Deployments, Pods and the like"


def test_policies_alone() -> None:
    """No line is no answer: a warning says so, and the JSON form too; with a pod nothing is missing."""
    alone = run_cli("reach", "-", stdin=POLICY)
    found = run_cli("reach", "-", "--format", "json", stdin=POLICY)
    whole = run_cli("reach", "-", stdin=POLICY + POD)

    assert (alone.code, alone.stdout, alone.stderr) == (0, "", f"warning: {SENTENCE} [reach-nobody]\n")
    assert json.loads(found.stdout)["cautions"] == [SENTENCE]
    assert "reach-nobody" not in whole.stderr
    assert run_cli("reach", "-", "--strict", stdin=POLICY).code == 1


def test_peers_that_are_not_there() -> None:
    """Lines that are missing are a warning, which --strict makes an error, and a caution of the JSON form."""
    peer = b"{podSelector: {matchLabels: {app: db}}}"
    policy = POLICY.replace(b"policyTypes: [Egress]", b"policyTypes: [Egress], egress: [{to: [" + peer + b"]}]")
    who = "no pods app=db of namespace a are in the input, so no line shows who reaches them"
    sentence = f"{who}: NetworkPolicy a/x allows it"
    text = run_cli("reach", "-", stdin=policy + POD)
    found = run_cli("reach", "-", "--format", "json", stdin=policy + POD)

    assert (text.code, text.stderr) == (0, f"warning: {sentence}; add their manifests [reach-absent]\n")
    assert json.loads(found.stdout)["cautions"] == [sentence]
    assert run_cli("reach", "-", "--strict", stdin=policy + POD).code == 1
