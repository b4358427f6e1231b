"""Policies that the cluster would take and that readers of YAML see differently, or only some of them.

SEEN and DOUBTFUL and UNREAD are tables for every path: a row more is a case more on each of them.
"""

from __future__ import annotations

HEAD = "apiVersion: networking.k8s.io/v1\n"
META = "metadata: {name: debug, namespace: demo-mcp}\n"
SPEC = "spec: {podSelector: {}, policyTypes: [Egress], egress: [{}]}\n"
WIDER = (
    "servers.vault: may reach 169.254.169.254 TCP 443, which the catalog does not grant: spec.egress[0] of NetworkPolicy "
    "demo-mcp/debug lets it through; remove spec.egress[0] of NetworkPolicy demo-mcp/debug, or narrow what it selects "
    "so that it cannot select app=vault"
)
JSON = '{"apiVersion": "networking.k8s.io/v1", "kind": "\\u004eetworkPolic\\u0079", "metadata": {"name": "debug"}}\n'
ITEM = "- " + f"{HEAD}kind: NetworkPolicy\n{META}{SPEC}".replace("\n", "\n  ").rstrip(" ")

SEEN = {
    "kind with an escape": f'{HEAD}kind: "\\x4eetworkPolic\\x79"\n{META}{SPEC}',
    "kind folded": f'{HEAD}kind: "NetworkPol\\\n  icy"\n{META}{SPEC}',
    "key with an escape": f'{HEAD}"\\x6bind": NetworkPolicy\n{META}{SPEC}',
    "the first of two merges": f"<<: [{{kind: NetworkPolicy}}, {{kind: ConfigMap}}]\n{HEAD}{META}{SPEC}",
    "items under a ConfigMap": f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\nitems:\n{ITEM}",
    "a list in items of another kind": f"apiVersion: v1\nkind: Pod\nitems:\n- kind: List\n  apiVersion: v1\n  items:\n{ITEM}",
}
"""However its kind is written, and whatever list it stands in: it is judged as the policy that it is."""

TAG = "has a tag, which readers of YAML read differently"
MERGE = "merges (<<) behind another key, and readers of YAML differ on which of two values counts"
PLAIN = "has a value without quotes that readers of YAML read differently; quote it"
SEPARATES = "a line begins with --- and goes on, which some readers take for a separator"
JSON_POLICY = (
    '{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"debug","namespace":"demo-mcp"},'
    '"spec":{"podSelector":{},"policyTypes":["Egress"],"egress":[{}]}}\n'
)
POLICY = f"{HEAD}kind: NetworkPolicy\n{META}"
DOUBTFUL = {
    "kind with a tag": (f"{HEAD}kind: !!binary TmV0d29ya1BvbGljeQ==\n{META}{SPEC}", TAG, 3, 7),
    "kind with a tag of strings": (f"{HEAD}kind: !!str NetworkPolicy\n{META}{SPEC}", TAG, 3, 7),
    "root with a tag": (f"!!map\n{HEAD}kind: NetworkPolicy\n{META}{SPEC}", TAG, 2, 1),
    "a tag inside": (f"{POLICY}spec: {{podSelector: {{}}, egress: [!x {{}}]}}\n", TAG, 5, 34),
    "merge behind the kind": (f"{HEAD}kind: Deployment\nx: &x {{kind: NetworkPolicy}}\n<<: *x\n{META}{SPEC}", MERGE, 5, 1),
    "merge behind the kind in what is merged": (
        f"<<: {{kind: ConfigMap, <<: {{kind: NetworkPolicy}}}}\n{HEAD}{META}{SPEC}", MERGE, 2, 23),
    "the kind twice in what is merged": (
        f"<<: {{kind: NetworkPolicy, kind: ConfigMap}}\n{HEAD}{META}{SPEC}", "has the key kind twice", 2, 27),
    "merge behind the selector": (
        f"{POLICY}x: &x {{a: b}}\nspec:\n  podSelector:\n    matchLabels: {{app: z, <<: *x}}\n", MERGE, 8, 27),
    "a key twice": (f"{POLICY}{SPEC}{SPEC}", "has the key spec twice", 6, 1),
    "the kind twice": (f"{HEAD}kind: NetworkPolicy\nkind: Deployment\n{META}{SPEC}", "has the key kind twice", 4, 1),
    "a number that only some read": (f"{POLICY}spec: {{podSelector: {{}}, egress: [{{ports: [{{port: 0o17}}]}}]}}\n", PLAIN, 5, 50),
    "a boolean that only some read": (f"{POLICY}spec: {{podSelector: {{matchLabels: {{app: y}}}}}}\n", PLAIN, 5, 41),
    "a line that begins like a separator": (f"---#\n{JSON_POLICY}", SEPARATES, 2, 1),
    "a separator that goes on": (f"x: y\n---z:\n{POLICY}{SPEC}", SEPARATES, 3, 1),
    "a separator inside quotes": (f'x: "a\n---b"\n{POLICY}{SPEC}', SEPARATES, 3, 1),
    "a root that is no mapping": (ITEM, "the document is no mapping", 2, 1),
}  # fmt: skip
"""What is in doubt, why, and the line and column of the document (with a separator before it) where."""

UNREAD = {
    "JSON objects one behind the other": JSON.encode() + JSON.encode(),
    "UTF-16": f"{POLICY}{SPEC}".encode("utf-16") + b"\n",
    "UTF-16 without a mark": f"{POLICY}{SPEC}".encode("utf-16-be") + b"\n",
    "no YAML": f"{POLICY}{SPEC}: [\n".encode(),
}
"""Bytes that are no YAML for us, and in which somebody else may find a policy."""
