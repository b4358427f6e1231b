"""Policies that the cluster would take and that readers of YAML see differently, or only some of them."""

from __future__ import annotations

import pytest

from edges import carrier, rendered
from mcpfence.findings.finding import McpfenceError
from mcpfence.streams.post_render import post_render

HEAD = "apiVersion: networking.k8s.io/v1\n"
META = "metadata: {name: debug, namespace: demo-mcp}\n"
SPEC = "spec: {podSelector: {}, policyTypes: [Egress], egress: [{}]}\n"
WIDER = (
    "servers.vault: may reach 169.254.169.254 TCP 443, which the catalog does not grant: spec.egress[0] of NetworkPolicy "
    "demo-mcp/debug lets it through; remove spec.egress[0] of NetworkPolicy demo-mcp/debug, or narrow its podSelector "
    "so that it cannot select app=vault"
)
JSON = '{"apiVersion": "networking.k8s.io/v1", "kind": "\\u004eetworkPolic\\u0079", "metadata": {"name": "debug"}}\n'
ITEM = "- " + f"{HEAD}kind: NetworkPolicy\n{META}{SPEC}".replace("\n", "\n  ").rstrip(" ")


def _said(piece: bytes) -> str:
    with pytest.raises(McpfenceError) as caught:
        post_render(b"---\n" + piece + carrier())
    (finding,) = [finding for finding in caught.value.findings if finding.severity.value == "error"]
    return finding.message


SEEN = {
    "kind with an escape": f'{HEAD}kind: "\\x4eetworkPolic\\x79"\n{META}{SPEC}',
    "kind folded": f'{HEAD}kind: "NetworkPol\\\n  icy"\n{META}{SPEC}',
    "key with an escape": f'{HEAD}"\\x6bind": NetworkPolicy\n{META}{SPEC}',
    "items under a ConfigMap": f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\nitems:\n{ITEM}",
    "a list in items of another kind": f"apiVersion: v1\nkind: Pod\nitems:\n- kind: List\n  apiVersion: v1\n  items:\n{ITEM}",
}


@pytest.mark.parametrize("text", SEEN.values(), ids=SEEN)
def test_policy_in_other_words_is_proven(text: str) -> None:
    """However its kind is written, and whatever list it stands in, it is judged as the policy that it is."""
    assert _said(text.encode()) == WIDER


def _doubt(reason: str, line: int, column: int) -> str:
    place = f", line {line}, column {column}" if line else ""
    return (
        f"document 1 of the stream: could hold a policy and is no YAML that all readers read alike ({reason}{place}); "
        "mend it, or remove it"
    )


TAG = "has a tag, which readers of YAML read differently"
MERGE = "merges (<<) behind another key, and readers of YAML differ on which of two values counts"
PLAIN = "has a value without quotes that readers of YAML read differently; quote it"
POLICY = f"{HEAD}kind: NetworkPolicy\n{META}"
DOUBTFUL = {
    "kind with a tag": (f"{HEAD}kind: !!binary TmV0d29ya1BvbGljeQ==\n{META}{SPEC}", TAG, 3, 7),
    "kind with a tag of strings": (f"{HEAD}kind: !!str NetworkPolicy\n{META}{SPEC}", TAG, 3, 7),
    "root with a tag": (f"!!map\n{HEAD}kind: NetworkPolicy\n{META}{SPEC}", TAG, 2, 1),
    "a tag inside": (f"{POLICY}spec: {{podSelector: {{}}, egress: [!x {{}}]}}\n", TAG, 5, 34),
    "merge behind the kind": (f"{HEAD}kind: Deployment\nx: &x {{kind: NetworkPolicy}}\n<<: *x\n{META}{SPEC}", MERGE, 5, 1),
    "merge behind the selector": (
        f"{POLICY}x: &x {{a: b}}\nspec:\n  podSelector:\n    matchLabels: {{app: z, <<: *x}}\n", MERGE, 8, 27),
    "a key twice": (f"{POLICY}{SPEC}{SPEC}", "has the key spec twice", 6, 1),
    "the kind twice": (f"{HEAD}kind: NetworkPolicy\nkind: Deployment\n{META}{SPEC}", "has the key kind twice", 4, 1),
    "a number that only some read": (f"{POLICY}spec: {{podSelector: {{}}, egress: [{{ports: [{{port: 0o17}}]}}]}}\n", PLAIN, 5, 50),
    "a boolean that only some read": (f"{POLICY}spec: {{podSelector: {{matchLabels: {{app: y}}}}}}\n", PLAIN, 5, 41),
    "a root that is no mapping": (ITEM, "the document is no mapping", 0, 0),
}  # fmt: skip


@pytest.mark.parametrize(("text", "reason", "line", "column"), DOUBTFUL.values(), ids=DOUBTFUL)
def test_policy_that_readers_read_differently(text: str, reason: str, line: int, column: int) -> None:
    """Which of two readings the cluster takes is not ours to guess."""
    assert _said(text.encode()) == _doubt(reason, line, column)


@pytest.mark.parametrize(
    "piece",
    [
        JSON.encode() + JSON.encode(),
        f"{POLICY}{SPEC}".encode("utf-16") + b"\n",
        f"{POLICY}{SPEC}".encode("utf-16-be") + b"\n",
        f"{POLICY}{SPEC}: [\n".encode(),
    ],
    ids=["JSON objects one behind the other", "UTF-16", "UTF-16 without a mark", "no YAML"],
)
def test_policy_that_we_cannot_read(piece: bytes) -> None:
    """Bytes that are no YAML for us, and in which somebody else may find a policy."""
    assert "of the stream: could hold a policy and is no YAML that all readers read alike (" in _said(piece)


HARMLESS = {
    "tags": b"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: !x {policy: !!binary aGk=, on: y}\n",
    "a key twice": b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {NetworkPolicy: a, NetworkPolicy: b}\n",
    "merge": b"apiVersion: v1\nkind: Secret\nx: &x {a: b}\nmetadata: {name: a, <<: *x}\nstringData: {a: Policy!}\n",
    "no YAML": b"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: [imagePullPolicy: {\n",
    "another kind": b"apiVersion: acme.example/v1\nkind: Database\nmetadata: {name: a}\nspec: {mode: 0644, on: !x yes}\n",
    "carriage returns": b"apiVersion: v1\r\nkind: Service\r\nmetadata:\r\n  name: !!str a\r\n",
}


@pytest.mark.parametrize("piece", HARMLESS.values(), ids=HARMLESS)
def test_harmless_documents_pass(piece: bytes) -> None:
    """What cannot be a policy for any reader leaves as it came, whatever is odd about it."""
    stream = b"---\n" + piece

    assert rendered(stream + carrier()) == stream + rendered(carrier())
