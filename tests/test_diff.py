"""`mcpfence diff`: what is the same, what is wider, what cannot be told; whole outputs; revisions of Git; bad input."""

from __future__ import annotations

import copy
import itertools
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from helpers import Outcome, run_cli
from mcpfence.addresses import format_address, parse_address, parse_cidr
from mcpfence.cells import Cells
from mcpfence.changes import Change, Difference
from mcpfence.cli.sides import Reader
from mcpfence.difference import compare
from mcpfence.difference_forms import as_markdown, as_text
from mcpfence.intervals import canonical
from mcpfence.reach import flows, names, traffic
from mcpfence.reach.boxes import Box, box_of, none_of, one_of
from mcpfence.reach.flows import Packet
from mcpfence.reach_lines import addresses_text, count_text, names_text, ports_text
from mcpfence.side import Manifests

Document = dict[str, Any]
Edit = Callable[[Document], object]

# --- catalogs and manifests to compare ---

OLD: Document = {
    "mcpNamespace": {"name": "tools"},
    "cluster": {"ipFamilies": ["IPv4"]},
    "clients": {"gateway": {"namespace": "gateway", "podSelector": {"app": "gateway"}}},
    "servers": {
        "notion": {
            "runtime": "containerized",
            "containerizedConfig": {"image": "ghcr.io/example/notion:1", "port": 8080},
            "egress": {"cidrs": [{"cidr": "3.128.0.0/9", "ports": [443]}]},
        },
        "redis-tool": {
            "runtime": "containerized",
            "containerizedConfig": {"image": "ghcr.io/example/redis:1", "port": 8080},
            "egress": {
                "services": [{"name": "redis", "namespace": "data", "podSelector": {"app": "redis"}, "ports": [6379]}]
            },
        },
        "vault": {
            "runtime": "containerized",
            "containerizedConfig": {"image": "ghcr.io/example/vault:1", "port": 8080, "denyAllEgress": True},
        },
    },
}


def edited(document: Document, *edits: Edit) -> Document:
    """A copy with some edits."""
    made = copy.deepcopy(document)
    for edit in edits:
        edit(made)
    return made


NEW = edited(
    OLD,
    lambda raw: raw["servers"]["notion"]["egress"]["cidrs"][0].update(cidr="3.0.0.0/8"),
    lambda raw: raw["servers"]["redis-tool"]["egress"]["services"][0].update(ports=[6380]),
    lambda raw: raw["servers"].pop("vault"),
    lambda raw: raw["servers"].update(
        fresh={
            "runtime": "containerized",
            "containerizedConfig": {"image": "ghcr.io/example/fresh:1", "port": 8080, "denyAllEgress": True},
        }
    ),
)


def policy(name: str = "web", selector: Any = None, **spec: Any) -> Document:
    """A NetworkPolicy of namespace shop; without a selector for pods app=web."""
    chosen = {"matchLabels": {"app": "web"}} if selector is None else selector
    body = {"podSelector": chosen, "policyTypes": ["Egress"], **spec}
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": body}


def to(cidr: str, *ports: int, **more: Any) -> Document:
    """An egress rule to a block."""
    rule: Document = {"to": [{"ipBlock": {"cidr": cidr, **more}}]}
    return {**rule, "ports": [{"port": port} for port in ports]} if ports else rule


def to_pods(**labels: str) -> Document:
    """An egress rule to pods of the same namespace."""
    return {"to": [{"podSelector": {"matchLabels": labels}}], "ports": [{"port": 5432}]}


def deployment(name: str = "web", labels: Document | None = None, **pod: Any) -> Document:
    """A Deployment of namespace shop, with pods app=NAME."""
    template = {"metadata": {"labels": labels or {"app": name}}, "spec": pod}
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"template": template}}


DENY_ALL = policy("deny", {}, policyTypes=["Ingress", "Egress"])


def difference(old: list[Document], new: list[Document]) -> Difference:
    """Of two sets of manifests."""
    return compare(Manifests(old), Manifests(new))


def told(found: Difference) -> list[str]:
    """The lines of a difference that are no examples, without its summary."""
    lines = as_text(found).splitlines()[2:]
    return [line for line in lines if line and not line.startswith("  for example")]


def catalogs(old: Document, new: Document) -> Difference:
    """Of two catalogs, as the command compares them."""
    reader = Reader("demo", "home", ())
    sides = [reader.catalog("values.yaml", json.dumps(raw).encode()) for raw in (old, new)]
    return compare(sides[0].manifests, sides[1].manifests)


def diff(folder: Path, old: Any, new: Any, *options: str) -> Outcome:
    """`mcpfence diff` of two documents (or lists of documents), each in a file of its own."""
    paths = []
    for name, content in (("old.yaml", old), ("new.yaml", new)):
        documents = content if isinstance(content, list) else [content]
        text = "---\n".join(json.dumps(document) + "\n" for document in documents)
        (folder / name).write_text(content if isinstance(content, str) else text, encoding="utf-8")
        paths.append(str(folder / name))
    return run_cli("diff", *paths, *options)


# --- whole outputs ---

TEXT = """\
2 wider, 1 added, 1 removed, 1 the same

server notion: wider
+ may reach 3.0.0.0/9 (8.4 M addresses) on TCP 443
  for example 3.0.0.0 TCP 443

server redis-tool: wider and narrower
+ may reach pods app=redis of namespace data on TCP 6380
  for example a pod with app=redis in a namespace with kubernetes.io/metadata.name=data TCP 6380
- may reach pods app=redis of namespace data on TCP 6379
  for example a pod with app=redis in a namespace with kubernetes.io/metadata.name=data TCP 6379

server fresh: added
+ may be reached by pods app=gateway of namespace gateway on TCP 8080
  for example a pod with app=gateway in a namespace with kubernetes.io/metadata.name=gateway TCP 8080

server vault: removed
- may be reached by pods app=gateway of namespace gateway on TCP 8080
  for example a pod with app=gateway in a namespace with kubernetes.io/metadata.name=gateway TCP 8080
"""

MARKDOWN = """\
### mcpfence: 2 wider, 1 added, 1 removed, 1 the same

**Wider:** `server notion`

```diff
+ may reach 3.0.0.0/9 (8.4 M addresses) on TCP 443
  for example 3.0.0.0 TCP 443
```

**Wider and narrower:** `server redis-tool`

```diff
+ may reach pods app=redis of namespace data on TCP 6380
  for example a pod with app=redis in a namespace with kubernetes.io/metadata.name=data TCP 6380
- may reach pods app=redis of namespace data on TCP 6379
  for example a pod with app=redis in a namespace with kubernetes.io/metadata.name=data TCP 6379
```

**Added:** `server fresh`

```diff
+ may be reached by pods app=gateway of namespace gateway on TCP 8080
  for example a pod with app=gateway in a namespace with kubernetes.io/metadata.name=gateway TCP 8080
```

<details><summary>1 removed</summary>

**Removed:** `server vault`

```diff
- may be reached by pods app=gateway of namespace gateway on TCP 8080
  for example a pod with app=gateway in a namespace with kubernetes.io/metadata.name=gateway TCP 8080
```

</details>
"""

NOTHING: Document = {"everything": False, "flows": [], "example": None}

JSON: Document = {
    "format": "mcpfence.diff/v1",
    "same": False,
    "summary": {
        "wider": 1,
        "added": 0,
        "unclear": 0,
        "narrower": 0,
        "removed": 0,
        "notEvaluated": 0,
        "same": 3,
    },
    "changes": [
        {
            "subjects": [
                {
                    "title": "server notion",
                    "old": [{"namespace": "tools", "pods": "app=notion"}],
                    "new": [{"namespace": "tools", "pods": "app=notion"}],
                }
            ],
            "verdict": "wider",
            "egress": {
                "gained": {
                    "everything": False,
                    "flows": [
                        {
                            "addresses": ["3.0.0.0-3.127.255.255"],
                            "counts": {"IPv4": 8388608},
                            "traffic": {"TCP": ["443"]},
                        }
                    ],
                    "example": {"address": "3.0.0.0", "protocol": "TCP", "port": 443},
                },
                "lost": NOTHING,
            },
            "ingress": {"gained": NOTHING, "lost": NOTHING},
            "doubts": [],
            "remarks": [],
        }
    ],
    "doubts": [],
    "remarks": [],
}


def test_text(tmp_path: Path) -> None:
    """Widening first, each subject with what it gains and loses, and one flow for each; exit 1."""
    done = diff(tmp_path, OLD, NEW)

    assert (done.code, done.stdout, done.stderr) == (1, TEXT, "")


def test_markdown(tmp_path: Path) -> None:
    """The summary is the first line; what narrows is folded."""
    done = diff(tmp_path, OLD, NEW, "--output", "markdown")

    assert (done.code, done.stdout, done.stderr) == (1, MARKDOWN, "")


def test_json(tmp_path: Path) -> None:
    """Everything in full, for programs."""
    wider = edited(OLD, lambda raw: raw["servers"]["notion"]["egress"]["cidrs"][0].update(cidr="3.0.0.0/8"))
    done = diff(tmp_path, OLD, wider, "--output", "json")

    assert (done.code, json.loads(done.stdout)) == (1, JSON)


def test_same_in_all_forms(tmp_path: Path) -> None:
    """Exit 0 and one line that says so."""
    outcomes = {form: diff(tmp_path, OLD, OLD, "--output", form) for form in ("text", "markdown", "json")}

    assert [outcome.code for outcome in outcomes.values()] == [0, 0, 0]
    assert outcomes["text"].stdout == "the same reach (4 subjects compared)\n"
    assert outcomes["markdown"].stdout == "### mcpfence: the same reach (4 subjects compared)\n"
    assert json.loads(outcomes["json"].stdout)["same"] is True


def test_names_and_packets_of_a_firewall(tmp_path: Path) -> None:
    """Under Aviatrix names are compared, and addresses beside them say under which names they are new."""
    old = edited(
        OLD,
        lambda raw: raw.update(egress={"provider": "aviatrix"}),
        lambda raw: raw["servers"]["notion"]["egress"].update(domains=["api.notion.com"]),
    )
    new = edited(
        old, lambda raw: raw["servers"]["notion"]["egress"].update(domains=["api.notion.com", "*.notion.so"], cidrs=[])
    )
    done = diff(tmp_path, old, new)

    assert done.stdout == (
        "1 wider, 3 the same\n"
        "\n"
        "server notion: wider and narrower\n"
        "+ may reach *.notion.so on TCP 443\n"
        "  for example 1.1.1.1 TCP 443 as any.notion.so\n"
        "- may reach 3.128.0.0/9 (8.4 M addresses) on TCP 443 as any name or none but api.notion.com, *.notion.so\n"
        "  for example 3.128.0.0 TCP 443\n"
    )


# --- what is the same ---

TWO_RULES = [to("192.0.2.0/24", 443, 8443), to_pods(app="db")]


def _noisy() -> list[Document]:
    """As a cluster gives it back."""
    made = policy(egress=TWO_RULES)
    made["metadata"] |= {"uid": "1", "managedFields": [{"manager": "helm"}], "labels": {"x": "y"}}
    return [{"apiVersion": "v1", "kind": "List", "items": [{**made, "status": {}}]}]


SAME: dict[str, tuple[list[Document], list[Document]]] = {
    "rules in another order": ([policy(egress=TWO_RULES)], [policy(egress=TWO_RULES[::-1])]),
    "documents in another order": ([policy(egress=TWO_RULES), DENY_ALL], [DENY_ALL, policy(egress=TWO_RULES)]),
    "another name": ([policy("a", egress=TWO_RULES)], [policy("b", egress=TWO_RULES)]),
    "a policy for each rule": (
        [policy(egress=TWO_RULES)],
        [policy("a", egress=TWO_RULES[:1]), policy("b", egress=TWO_RULES[1:])],
    ),
    "a rule for each port": (
        [policy(egress=TWO_RULES)],
        [policy(egress=[to("192.0.2.0/24", 443), to("192.0.2.0/24", 8443), to_pods(app="db")])],
    ),
    "a policy for each direction": (
        [policy(policyTypes=["Ingress", "Egress"], egress=TWO_RULES, ingress=[{}])],
        [policy("a", egress=TWO_RULES), policy("b", policyTypes=["Ingress"], ingress=[{}])],
    ),
    "a policy for each value of a selector": (
        [policy(selector={"matchExpressions": [{"key": "app", "operator": "In", "values": ["a", "b"]}]})],
        [policy("a", {"matchLabels": {"app": "a"}}), policy("b", {"matchLabels": {"app": "b"}})],
    ),
    "a rule that another one holds": (
        [policy(egress=TWO_RULES)],
        [policy(egress=[*TWO_RULES, to("192.0.2.128/25", 443)])],
    ),
    "a block in two halves": (
        [policy(egress=[to("192.0.2.0/24")])],
        [policy(egress=[to("192.0.2.0/25"), to("192.0.2.128/25")])],
    ),
    "an except instead of a half": (
        [policy(egress=[to("192.0.2.0/25")])],
        [policy(egress=[to("192.0.2.0/24", **{"except": ["192.0.2.128/25"]})])],
    ),
    "policyTypes by default": (
        [policy(policyTypes=["Ingress", "Egress"], egress=TWO_RULES)],
        [policy(policyTypes=None, egress=TWO_RULES)],
    ),
    "matchLabels as an expression": (
        [policy(egress=TWO_RULES)],
        [
            policy(
                selector={"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}, egress=TWO_RULES
            )
        ],
    ),
    "as a cluster gives it back": ([policy(egress=TWO_RULES)], _noisy()),
    "a second floor": ([DENY_ALL, policy(egress=TWO_RULES)], [DENY_ALL, DENY_ALL, policy(egress=TWO_RULES)]),
    "pods that a policy selects already": (
        [DENY_ALL, policy(egress=TWO_RULES)],
        [
            DENY_ALL,
            policy(egress=TWO_RULES),
            policy("x", {"matchLabels": {"app": "web", "tier": "x"}}, egress=TWO_RULES),
        ],
    ),
    "unreadable alike": (
        [policy("a", egress=[to("10.0.0.1/8/8")])],
        [policy("b", egress=[to("10.0.0.1/8/8")])],
    ),
    "a named port in another policy": (
        [policy(egress=[{"to": [{"podSelector": {}}], "ports": [{"port": "http"}]}, to("192.0.2.0/24")])],
        [
            policy("a", egress=[{"to": [{"podSelector": {}}], "ports": [{"port": "http"}]}]),
            policy("b", egress=[to("192.0.2.0/24")]),
        ],
    ),
    "other objects": (
        [policy(egress=TWO_RULES)],
        [policy(egress=TWO_RULES), {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}],
    ),
    "what a workload runs": ([deployment(containers=[])], [deployment(containers=[{"name": "a", "image": "b"}])]),
}


@pytest.mark.parametrize(("old", "new"), SAME.values(), ids=SAME)
def test_same(old: list[Document], new: list[Document]) -> None:
    """Text, names and order do not count, nor how rules are spread over policies: the other way round no more."""
    for found in (difference(old, new), difference(new, old)):
        assert (found.changes, found.doubts, found.different) == ((), (), False)


def test_yaml_of_another_style_is_the_same(tmp_path: Path) -> None:
    """Block, flow, JSON, quotes, comments and anchors are one text to us."""
    made = policy(egress=TWO_RULES)
    styled = "# a comment\n--- &anchor\n" + yaml.safe_dump(made, default_flow_style=False, default_style='"')
    done = diff(tmp_path, made, styled)

    assert (done.code, done.stderr) == (0, "")


SAME_CATALOGS: dict[str, Edit] = {
    "servers in another order": lambda raw: raw.update(servers=dict(reversed(raw["servers"].items()))),
    "another image": lambda raw: raw["servers"]["vault"]["containerizedConfig"].update(image="ghcr.io/example/vault:2"),
    "a default that is written": lambda raw: raw.update(egress={"default": "deny"}),
    "a podSelector that is the default": lambda raw: raw["servers"]["vault"].update(podSelector={"app": "vault"}),
    "a client that is not used": lambda raw: [
        raw["clients"].update(other={"namespace": "other", "podSelector": {"app": "other"}}),
        *(server.update(ingress={"from": ["gateway"]}) for server in raw["servers"].values()),
    ],
    "a block in two halves": lambda raw: raw["servers"]["notion"]["egress"].update(
        cidrs=[{"cidr": "3.128.0.0/10", "ports": [443]}, {"cidr": "3.192.0.0/10", "ports": [443]}]
    ),
    "a remote server": lambda raw: raw["servers"].update(
        hub={"runtime": "remote", "remoteConfig": {"fixedURL": "https://mcp.example.com/mcp"}}
    ),
}


@pytest.mark.parametrize("edit", SAME_CATALOGS.values(), ids=SAME_CATALOGS)
def test_same_catalogs(edit: Edit) -> None:
    """What no policy depends on is the same."""
    found = catalogs(OLD, edited(OLD, edit))

    assert (told(found), found.same) == ([], 4)


# --- what is wider, and seen from the other side narrower ---

BASE = [DENY_ALL, policy(egress=[to("192.0.2.0/24", 443), to_pods(app="db")])]


def _base(edit: Edit) -> list[Document]:
    return [DENY_ALL, edited(BASE[1], edit)]


WIDER: dict[str, tuple[list[Document], list[str]]] = {
    "a port": (
        _base(lambda made: made["spec"]["egress"][0]["ports"].append({"port": 22})),
        ["may reach 192.0.2.0/24 (256 addresses) on TCP 22"],
    ),
    "a protocol": (
        _base(lambda made: made["spec"]["egress"][0]["ports"].append({"port": 443, "protocol": "UDP"})),
        ["may reach 192.0.2.0/24 (256 addresses) on UDP 443"],
    ),
    "every port": (
        _base(lambda made: made["spec"]["egress"][0].pop("ports")),
        ["may reach 192.0.2.0/24 (256 addresses) on every protocol and port but TCP 443"],
    ),
    "a larger block": (
        _base(lambda made: made["spec"]["egress"][0].update(to=[{"ipBlock": {"cidr": "192.0.0.0/16"}}])),
        [
            "may reach 8 IPv4 blocks (65,280 addresses), the largest 192.0.16.0/20, 192.0.32.0/19, 192.0.64.0/18, "
            "192.0.128.0/17 on TCP 443"
        ],
    ),
    "one address": (
        _base(lambda made: made["spec"]["egress"].append(to("169.254.169.254/32", 80))),
        ["may reach 169.254.169.254 on TCP 80"],
    ),
    "IPv6": (
        _base(lambda made: made["spec"]["egress"].append(to("2001:db8::/32", 443))),
        ["may reach 2001:db8::/32 (2^96 addresses) on TCP 443"],
    ),
    "every public address": (
        _base(lambda made: made["spec"]["egress"].append(to("0.0.0.0/0", 443))),
        ["may reach every public IPv4 address and 14 IPv4 blocks (592."],
    ),
    "no peers at all": (
        _base(lambda made: made["spec"]["egress"].append({"ports": [{"port": 53, "protocol": "UDP"}]})),
        ["may reach every address on UDP 53", "may reach every pod of every namespace on UDP 53"],
    ),
    "pods of another label": (
        _base(lambda made: made["spec"]["egress"].append(to_pods(app="cache"))),
        ["may reach pods app=cache of namespace shop on TCP 5432"],
    ),
    "every pod of the namespace": (
        _base(lambda made: made["spec"]["egress"].append({"to": [{"podSelector": {}}], "ports": [{"port": 5432}]})),
        ["may reach pods app notin (db) of namespace shop on TCP 5432"],
    ),
    "pods of some namespaces": (
        _base(
            lambda made: made["spec"]["egress"].append(
                {"to": [{"namespaceSelector": {"matchLabels": {"team": "a"}}}], "ports": [{"port": 80}]}
            )
        ),
        ["may reach every pod of namespaces with team=a on TCP 80"],
    ),
    "an egress rule for everything": (
        _base(lambda made: made["spec"]["egress"].append({})),
        ["may reach everything else: nothing is denied any more"],
    ),
    "a caller": (
        [
            *BASE,
            policy("in", policyTypes=["Ingress"], ingress=[{"from": [{"podSelector": {}}], "ports": [{"port": 80}]}]),
        ],
        ["may be reached by every pod of namespace shop on TCP 80"],
    ),
}


@pytest.mark.parametrize(("new", "lines"), WIDER.values(), ids=WIDER)
def test_wider(new: list[Document], lines: list[str]) -> None:
    """What is gained is said; the other way round the same words say what is lost."""
    forth, back = difference(BASE, new), difference(new, BASE)
    wide, narrow = (forth.changes[0].verdict, forth.count("wider")), (back.changes[0].verdict, back.count("narrower"))

    assert (wide, narrow) == (("wider", 1), ("narrower", 1))
    assert [line[: len(f"+ {said}")] for line, said in zip(told(forth)[1:], lines, strict=True)] == [
        f"+ {said}" for said in lines
    ]
    if "everything" not in lines[0]:
        assert [line[1:] for line in told(back)[1:]] == [line[1:] for line in told(forth)[1:]]


def test_no_policy_left() -> None:
    """Where no policy selects the pods any more everything passes; with a floor below them, nothing does."""
    assert told(difference([policy(egress=TWO_RULES)], [])) == [
        "pods app=web of namespace shop: wider",
        "+ may reach everything else: nothing is denied any more",
    ]
    assert told(difference([DENY_ALL, policy(egress=TWO_RULES)], [DENY_ALL])) == [
        "pods app=web of namespace shop: narrower",
        "- may reach 192.0.2.0/24 (256 addresses) on TCP 443, 8443",
        "- may reach pods app=db of namespace shop on TCP 5432",
    ]


def test_floor_removed() -> None:
    """The pods that only the floor selects are named as such."""
    assert told(difference(BASE, BASE[1:]))[:2] == [
        "every pod of namespace shop that no other policy selects: wider",
        "+ may reach everything else: nothing is denied any more",
    ]


def test_policy_that_adds_to_another() -> None:
    """A new policy isolates its pods, but those that another one isolates already gain what it allows."""
    debug = policy("debug", {"matchLabels": {"debug": "yes"}}, egress=[to("198.51.100.0/24")])
    found = difference([policy(egress=TWO_RULES)], [policy(egress=TWO_RULES), debug])

    assert told(found) == [
        "pods debug=yes of namespace shop that other policies select too: wider",
        "+ may reach 198.51.100.0/24 (256 addresses) on every protocol and port",
        "pods debug=yes of namespace shop: narrower",
        "- may reach everything else: what is not allowed is denied now",
    ]


def test_selector_whose_pods_all_have_others() -> None:
    """Where other selectors take all pods of a selector between them, its parts are compared."""
    presence = {operator: {"matchExpressions": [{"key": "tier", "operator": operator}]} for operator in _PRESENCE}
    others = [policy(operator, selector, egress=[]) for operator, selector in presence.items()]
    found = difference([policy(egress=[]), *others], [policy(egress=[to("192.0.2.0/24")]), *others])

    assert told(found) == [
        "pods app=web,!tier of namespace shop, pods app=web,tier of namespace shop: wider",
        "+ may reach 192.0.2.0/24 (256 addresses) on every protocol and port",
    ]


_PRESENCE = ("Exists", "DoesNotExist")


def test_catalog_of_another_namespace() -> None:
    """Who is fenced now is said where a server's pods are others; the floor of the old namespace is gone."""
    found = catalogs(OLD, edited(OLD, lambda raw: raw.update(mcpNamespace={"name": "other"})))
    remark = "! its pods are now app=vault of namespace other; before, they were app=vault of namespace tools"

    assert remark in told(found)
    assert told(found)[0] == "every pod of namespace tools that no other policy selects: wider"


def test_floor_of_a_catalog() -> None:
    """The floor is the chart's, and part of what is compared."""
    off = edited(OLD, lambda raw: raw["mcpNamespace"].update(networkPolicy={"enabled": False}))

    assert told(catalogs(OLD, off))[0] == "every pod of namespace tools that no other policy selects: wider"
    left = edited(off, lambda raw: raw["servers"].pop("vault"))
    remark = "! no policy selects these pods any more: those that are left may reach everything"
    assert remark in told(catalogs(off, left))


def test_equal_changes_stand_together() -> None:
    """A thousand servers that gain the same are one change, with the first ten by name."""
    old = edited(OLD, lambda raw: [raw["servers"].update({f"s{i:02}": raw["servers"]["vault"]}) for i in range(12)])
    new = edited(old, lambda raw: raw["clients"].update(edge={"cidrs": ["198.51.100.0/28"]}))
    found = catalogs(old, new)

    assert len(found.changes) == 1
    assert told(found) == [
        "server notion, server redis-tool, server s00, server s01, server s02, server s03, server s04, server s05, "
        "server s06, server s07 and 5 more: wider",
        "+ may be reached by 198.51.100.0/28 (16 addresses) on TCP 8080",
    ]


# --- workloads ---


def test_workload_out_of_its_fence() -> None:
    """Another label on the pods, and no policy selects them any more."""
    found = difference([*BASE[1:], deployment()], [*BASE[1:], deployment(labels={"app": "web2"})])

    assert told(found) == [
        "Deployment shop/web: wider",
        "+ may reach everything else: nothing is denied any more",
    ]


def test_workload_on_the_network_of_its_host() -> None:
    """No policy reaches such pods."""
    found = difference([*BASE, deployment()], [*BASE, deployment(hostNetwork=True)])

    assert told(found)[0] == "Deployment shop/web: wider"
    assert told(found)[-1] == "! its pods are on the host's network, where no policy reaches them"


def test_new_workload_with_its_policy() -> None:
    """It is added with all that it may reach; its policy takes nothing from anybody."""
    found = difference([], [policy(egress=TWO_RULES), deployment()])

    assert told(found) == [
        "Deployment shop/web, pods app=web of namespace shop: added",
        "+ may reach 192.0.2.0/24 (256 addresses) on TCP 443, 8443",
        "+ may reach pods app=db of namespace shop on TCP 5432",
        "+ may be reached by everything, on every protocol and port",
    ]


def test_workload_has_no_labels_but_its_own() -> None:
    """A policy for other labels is nothing to it."""
    debug = policy("debug", {"matchLabels": {"debug": "yes"}}, egress=[{}])
    found = difference([*BASE, deployment()], [*BASE, debug, deployment()])

    assert [pods.title for change in found.changes for pods in change.subjects] == ["pods debug=yes of namespace shop"]


def test_named_ports_of_a_workload() -> None:
    """What a container calls its port is known, so the number behind the name is compared."""
    rule = policy(policyTypes=["Ingress"], ingress=[{"ports": [{"port": "http"}]}])
    sides = [
        [rule, deployment(containers=[{"ports": [{"name": "http", "containerPort": port}]}])] for port in (8080, 8081)
    ]
    lines = told(difference(*sides))

    assert lines[:2] == [
        "Deployment shop/web: wider and narrower",
        "+ may be reached by every address on TCP 8081",
    ]


# --- firewalls ---


def firewall(name: str, labels: dict[str, str], *rules: tuple[str, str]) -> Document:
    """A FirewallPolicy of namespace shop with rules (action, block)."""
    return {
        "apiVersion": "networking.aviatrix.com/v1alpha1",
        "kind": "FirewallPolicy",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "smartGroups": [{"name": f"g{i}", "selectors": [{"cidr": cidr}]} for i, (_, cidr) in enumerate(rules)],
            "rules": [
                {
                    "name": f"r{i}",
                    "action": action,
                    "selector": {"matchLabels": labels},
                    "destinationSmartGroups": [{"name": f"g{i}"}],
                    "protocol": "any",
                }
                for i, (action, _) in enumerate(rules)
            ],
        },
    }


OPEN = policy(selector={}, egress=[to("10.0.0.0/8")])


def test_order_of_firewall_rules() -> None:
    """The first match decides, so another order is another reach; with NetworkPolicies both must allow."""
    rules = [("permit", "10.1.0.0/16"), ("deny", "10.0.0.0/8")]
    one, other = firewall("f", {"app": "web"}, *rules), firewall("f", {"app": "web"}, *rules[::-1])

    assert told(difference([OPEN, one], [OPEN, other])) == [
        "pods app=web of namespace shop: narrower",
        "- may reach 10.1.0.0/16 (65,536 addresses) on every protocol and port",
    ]
    assert not difference([OPEN, one], [OPEN, {**one, "metadata": {"name": "other", "namespace": "shop"}}]).different


def test_firewall_that_matters_for_pods_of_two_selectors() -> None:
    """What it forbids its own pods have no way to anyway; those that another policy opens lose it."""
    closed = policy("closed", {"matchLabels": {"app": "web"}}, egress=[])
    opened = policy("opened", {"matchLabels": {"debug": "yes"}}, egress=[to("10.0.0.0/8")])
    wall = firewall("f", {"app": "web"}, ("deny", "10.1.0.0/16"))

    assert told(difference([closed, opened], [closed, opened, wall])) == [
        "pods app=web of namespace shop that other policies select too: narrower",
        "- may reach 10.1.0.0/16 (65,536 addresses) on every protocol and port",
    ]


def test_firewalls_whose_order_nobody_states() -> None:
    """Two for the same pods: what both give together is between two bounds, and that is said."""
    permit, deny = firewall("a", {"app": "web"}, ("permit", "10.1.0.0/16")), firewall("b", {}, ("deny", "10.0.0.0/8"))
    both = "FirewallPolicy shop/a and FirewallPolicy shop/b"
    found = difference([OPEN, deny], [OPEN, deny, permit])

    assert told(found)[:2] == [
        "pods app=web of namespace shop: wider",
        "+ may reach 10.1.0.0/16 (65,536 addresses) on every protocol and port",
    ]
    assert f"! {both} of NEW are tried in an order that no manifest states" in told(found)
    assert not [line for line in told(found) if "of OLD" in line]
    again = difference([OPEN, deny, permit], [permit, deny, OPEN])
    assert f"{both} are tried in an order that no manifest states" in again.remarks
    assert not again.different


def test_group_that_is_elsewhere() -> None:
    """A group by its uuid may hold anything."""
    wall = firewall("f", {"app": "web"}, ("permit", "10.1.0.0/16"), ("deny", "0.0.0.0/0"))
    loose = edited(wall, lambda made: made["spec"]["rules"][0].update(destinationSmartGroups=[{"uuid": "x"}]))
    found = told(difference([OPEN, wall], [OPEN, loose]))

    assert found[0] == "pods app=web of namespace shop: wider"
    assert found[-1] == (
        "! FirewallPolicy shop/f of NEW cannot be told exactly (spec.rules[0].destinationSmartGroups[0] names a group "
        "by its uuid, and what that holds is not in the manifests)"
    )


# --- what cannot be told ---


def test_unreadable_policy() -> None:
    """It may open or close anything: said, and never the same."""
    broken = policy(egress=[to("10.0.0.1/8/8")])
    sentence = "cannot be read (spec.egress[0].to[0].ipBlock.cidr '10.0.0.1/8/8' is not a CIDR block), so what it lets through is unknown"

    assert told(difference([broken], BASE[1:]))[-1] == f"! NetworkPolicy shop/web of OLD {sentence}"
    assert told(difference([], [broken])) == [
        "pods app=web of namespace shop: unclear",
        f"! NetworkPolicy shop/web of NEW {sentence}",
    ]
    assert told(difference([broken], [broken])) == [
        "unknown, and alike on both sides:",
        f"! NetworkPolicy shop/web {sentence}",
    ]


def test_named_port_of_unknown_containers() -> None:
    """Another name is another port, though nobody can say which."""
    sides = [
        [policy(egress=[{"to": [{"podSelector": {}}], "ports": [{"port": name}]}])] for name in ("http", "metrics")
    ]

    assert told(difference(*sides)) == [
        "pods app=web of namespace shop: unclear",
        "! NetworkPolicy shop/web of OLD opens ports by name (http), which only containers can tell",
        "! NetworkPolicy shop/web of NEW opens ports by name (metrics), which only containers can tell",
    ]


def test_policy_without_evaluator() -> None:
    """New, gone or changed it is a difference; alike, it is still said."""
    spec: Document = {"endpointSelector": {"matchLabels": {"app": "web"}}}
    made = {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": {"name": "c", "namespace": "shop"}}
    one, other = {**made, "spec": spec}, {**made, "spec": {**spec, "egress": [{}]}}
    text = "CiliumNetworkPolicy shop/c (cilium.io) is not evaluated; it selects pods app=web of namespace shop"

    assert difference([one], [other]).different
    assert told(difference([one], [other])) == [f"! only in OLD: {text}", f"! only in NEW: {text}"]
    assert as_text(difference([], [one])).splitlines()[0] == "1 not evaluated"
    assert not difference([one], [one]).different
    assert told(difference([one], [one])) == ["unknown, and alike on both sides:", f"! {text}"]


def test_what_cannot_be_told_is_no_silence(tmp_path: Path) -> None:
    """Exit 1 where only a policy without evaluator is new, or one that cannot be read."""
    other = {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": {"name": "c"}, "spec": {}}

    assert (diff(tmp_path, BASE, [*BASE, other]).code, diff(tmp_path, [other], [other]).code) == (1, 0)
    assert diff(tmp_path, [], [policy(egress=[to("10.0.0.1/8/8")])]).code == 1


def test_kubernetes_policies_are_evaluated() -> None:
    """They are not among those without evaluator, and a policy of Calico that has the name of one is."""
    calico = {**policy(egress=TWO_RULES), "apiVersion": "projectcalico.org/v3"}

    assert difference([policy(egress=TWO_RULES)], [policy(egress=TWO_RULES)]).remarks == ()
    assert difference([policy(egress=TWO_RULES)], [policy(egress=TWO_RULES), calico]).doubts == (
        "only in NEW: NetworkPolicy shop/web (projectcalico.org) is not evaluated; it may select pods of namespace shop",
    )


def test_labels_of_ours_prove_nothing() -> None:
    """Somebody else's policy with our labels is compared by its selector, like every other."""
    ours = edited(BASE[1], lambda made: made["metadata"].update(labels=_LABELS))
    wide = edited(
        ours, lambda made: made["spec"].update(podSelector={}), lambda made: made["metadata"].update(name="x")
    )
    found = difference(BASE, [DENY_ALL, ours, wide])

    assert found.changes[0].verdict == "wider"
    assert found.changes[0].egress.gained


_LABELS = {"app.kubernetes.io/part-of": "mcpfence", "mcpfence.io/server": "web"}


def test_manifests_of_ours_have_names() -> None:
    """Rendered manifests in Git are told by server; one that is new is added, not a loss for unfenced pods."""
    ours = edited(BASE[1], lambda made: made["metadata"].update(labels=_LABELS))

    assert told(difference([], [ours]))[0] == "server web: added"
    assert told(difference([DENY_ALL], [DENY_ALL, ours]))[0] == "server web: added"
    assert told(difference([ours], []))[-1] == (
        "! no policy selects these pods any more: those that are left may reach everything"
    )
    assert not difference([ours], BASE[1:]).different


# --- cells ---


def _box(**labels: str) -> Box:
    return box_of(labels)


def test_cell_of_a_selector() -> None:
    """Without the pods of every selector that it does not imply, and with the others."""
    cells = Cells([("n", _box()), ("n", _box(app="a")), ("n", _box(tier="db")), ("other", _box(app="b"))])

    assert cells.of("n", _box(app="a")) == [(("app", one_of(["a"])), ("tier", none_of(["db"])))]
    assert cells.of("other", _box(app="b")) == [_box(app="b")]
    assert cells.of("n", _box(app="x", tier="x")) == [_box(app="x", tier="x")]


def test_a_thousand_cells_are_quickly_found() -> None:
    """The pods that no other policy selects, among those of a thousand servers."""
    cells = Cells([("n", _box()), *(("n", _box(app=f"a{number}")) for number in range(1000))])

    assert cells.of("n", _box()) == [(("app", none_of(f"a{number}" for number in range(1000))),)]


# --- words ---


@pytest.mark.parametrize(
    ("blocks", "text"),
    [
        (["0.0.0.0/0", "::/0"], "every address"),
        (["0.0.0.0/0"], "every IPv4 address"),
        (["0.0.0.0/0", "2001:db8::/32"], "every IPv4 address and 2001:db8::/32 (2^96 addresses)"),
        (["10.0.0.1/32"], "10.0.0.1"),
        (["10.0.0.0/31", "10.1.0.0/16"], "10.0.0.0/31, 10.1.0.0/16 (65,538 addresses)"),
        (["fd00::1/128"], "fd00::1"),
        (["::/3", "8000::/16"], "::/3, 8000::/16 (over 2^125 addresses)"),
    ],
)
def test_addresses_in_words(blocks: list[str], text: str) -> None:
    """Blocks with how many addresses they hold."""
    assert addresses_text(canonical(map(parse_cidr, blocks))) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(1, "1"), (65536, "65,536"), (999_999, "999,999"), (8388608, "8.4 M"), (1 << 32, "4.3 B"), (1 << 64, "2^64")],
)
def test_counts_in_words(count: int, text: str) -> None:
    """Small ones exactly, large ones with a unit, endless ones as powers."""
    assert count_text(count) == text


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (names.names_of(["a.example.com", "*.example.org"]), "a.example.com, *.example.org"),
        (names.subtract(names.names_of(["*.x.io"]), names.names_of(["a.x.io"])), "*.x.io but not a.x.io"),
        (names.subtract(names.ANY, names.names_of(["a.x.io"])), "any name or none but a.x.io"),
        (names.EVERY_NAME, "any name"),
        (names.NAMELESS, "no name at all"),
    ],
)
def test_names_in_words(found: names.Names, text: str) -> None:
    """Patterns, what is taken out of them, and flows without a name."""
    assert names_text(found) == text


@pytest.mark.parametrize(
    ("points", "text"),
    [
        (traffic.EVERY_POINT, "every protocol and port"),
        ((traffic.span("TCP", 443, 443),), "TCP 443"),
        ((traffic.span("TCP", 443, 443), traffic.span("TCP", 8000, 8010)), "TCP 443, 8000-8010"),
        ((traffic.span("TCP"), traffic.span("UDP", 53, 53)), "every TCP port and UDP 53"),
        ((traffic.span("ICMP"),), "ICMP"),
    ],
)
def test_ports_in_words(points: tuple[tuple[int, int], ...], text: str) -> None:
    """Protocols in their order, ranges as ranges."""
    assert ports_text(points) == text


def test_the_stance_internet_in_words() -> None:
    """What it opens is said in words, not in a hundred blocks."""
    new = edited(OLD, lambda raw: raw["servers"]["notion"]["egress"].update(default="internet"))

    assert told(catalogs(OLD, new))[:3] == [
        "server notion: wider",
        "+ may reach nearly every public IPv4 address (3.7 B) on every protocol and port",
        "+ may reach 3.128.0.0/9 (8.4 M addresses) on every protocol and port but TCP 443",
    ]


# --- every pod, asked one by one ---

KEYS = ("a", "b", "c")
PODS = [
    {key: value for key, value in zip(KEYS, values, strict=True) if value}
    for values in itertools.product(("", "1", "2", "3"), repeat=len(KEYS))
]
"""Selectors below speak of the values 1 and 2; 3 stands for every other one."""

PACKETS = [(f"10.0.0.{last}", port) for last in (1, 2, 3) for port in (80, 443, 9)]
"""Rules below speak of two of the addresses and two of the ports, or of all."""

_values = st.sampled_from(["1", "2"])
_expressions = st.one_of(
    st.builds(
        lambda key, operator, values: {"key": key, "operator": operator, "values": sorted(values)},
        st.sampled_from(KEYS),
        st.sampled_from(["In", "NotIn"]),
        st.sets(_values, min_size=1),
    ),
    st.builds(
        lambda key, operator: {"key": key, "operator": operator},
        st.sampled_from(KEYS),
        st.sampled_from(["Exists", "DoesNotExist"]),
    ),
)
_selectors = st.one_of(
    st.builds(lambda labels: {"matchLabels": labels}, st.dictionaries(st.sampled_from(KEYS), _values, max_size=2)),
    st.builds(lambda found: {"matchExpressions": found}, st.lists(_expressions, max_size=2)),
)
_rules = st.builds(
    lambda address, port: {
        **({"peer": [{"ipBlock": {"cidr": f"{address}/32"}}]} if address else {}),
        **({"ports": [{"port": port}]} if port else {}),
    },
    st.sampled_from(["", "10.0.0.1", "10.0.0.2"]),
    st.sampled_from([0, 80, 443]),
)
_policies = st.builds(
    lambda selector, directions, rules: policy(
        "any",
        selector,
        policyTypes=sorted(directions),
        **{
            direction.lower(): [
                {("to" if direction == "Egress" else "from") if key == "peer" else key: rule[key] for key in rule}
                for rule in rules
            ]
            for direction in directions
        },
    ),
    _selectors,
    st.sets(st.sampled_from(["Ingress", "Egress"]), min_size=1),
    st.lists(_rules, max_size=2),
)


def _selects(selector: Document, pod: dict[str, str]) -> bool:
    """By the words of the API: every label, and every expression."""
    checks: dict[str, Callable[[Any, Any], bool]] = {
        "In": lambda value, values: value in values,
        "NotIn": lambda value, values: value not in values,
        "Exists": lambda value, _: value is not None,
        "DoesNotExist": lambda value, _: value is None,
    }
    return all(pod.get(key) == value for key, value in selector.get("matchLabels", {}).items()) and all(
        checks[item["operator"]](pod.get(item["key"]), item.get("values"))
        for item in selector.get("matchExpressions", [])
    )


def _passes(policies: list[Document], pod: dict[str, str], direction: str, packet: tuple[str, int]) -> bool:
    """By the words of the API: not isolated, or allowed by a rule of a policy that isolates."""
    specs = [made["spec"] for made in policies]
    isolating = [
        spec for spec in specs if direction.capitalize() in spec["policyTypes"] and _selects(spec["podSelector"], pod)
    ]
    for rule in (rule for spec in isolating for rule in spec[direction]):
        peers, ports = rule.get("to") or rule.get("from"), rule.get("ports")
        if (peers is None or peers[0]["ipBlock"]["cidr"] == f"{packet[0]}/32") and (
            ports is None or ports[0]["port"] == packet[1]
        ):
            return True
    return not isolating


def _shown(found: Difference, direction: str, packet: tuple[str, int], *, gained: bool) -> bool:
    """Whether some change says that this flow is gained (or lost)."""
    flow = Packet(address=parse_address(packet[0]), protocol="TCP", port=packet[1])
    deltas = [getattr(change, direction) for change in found.changes]
    if gained:
        return any(delta.all_gained or flows.includes(delta.gained, flow) for delta in deltas)
    return any(delta.all_lost or flows.includes(delta.lost, flow) for delta in deltas)


def _numbered(policies: list[Document]) -> list[Document]:
    return [{**made, "metadata": {**made["metadata"], "name": f"p{number}"}} for number, made in enumerate(policies)]


@given(st.lists(_policies, max_size=4), st.lists(_policies, max_size=4), st.booleans())
def test_no_pod_is_forgotten_and_none_invented(old: list[Document], new: list[Document], shared: bool) -> None:
    """Two sides differ exactly if some pod, whatever its labels, may do different things; what it gains is said."""
    old, new = _numbered(old), _numbered([*old[:1], *new] if shared else new)
    found = difference(old, new)
    different = False
    for pod, direction, packet in itertools.product(PODS, ("ingress", "egress"), PACKETS):
        before, after = (_passes(side, pod, direction, packet) for side in (old, new))
        if before != after:
            different = True
            assert _shown(found, direction, packet, gained=after), (pod, direction, packet)

    assert (found.different, found.doubts, found.remarks) == (different, (), ())


@given(st.lists(_policies, max_size=4), st.lists(_policies, max_size=4))
def test_what_one_way_gains_the_other_way_loses(old: list[Document], new: list[Document]) -> None:
    """And nothing differs from itself."""
    old, new = _numbered(old), _numbered(new)
    forth, back = difference(old, new), difference(new, old)

    assert not difference(old, old).different
    for direction in ("ingress", "egress"):
        there = [(c.subjects, getattr(c, direction)) for c in forth.changes]
        here = [(c.subjects, getattr(c, direction)) for c in back.changes]
        for subjects, delta in there:
            assert any(
                pods == subjects and flows.same(other.lost, delta.gained) and flows.same(other.gained, delta.lost)
                for pods, other in here
            )


@given(st.lists(_policies, max_size=4), st.lists(_policies, max_size=4))
def test_examples_are_real(old: list[Document], new: list[Document]) -> None:
    """Each concrete flow that is shown is one that some pod gains, or loses."""
    old, new = _numbered(old), _numbered(new)
    for change in difference(old, new).changes:
        for direction in ("ingress", "egress"):
            delta = getattr(change, direction)
            for example, gained in ((delta.gained_example, True), (delta.lost_example, False)):
                if example is None or example.address is None:
                    continue
                flow = (format_address(example.address), example.port)
                assert any(
                    (_passes(old, pod, direction, flow), _passes(new, pod, direction, flow)) == (not gained, gained)
                    for pod in PODS
                )


# --- Markdown ---


def test_markdown_folds_long_lists() -> None:
    """Eight lines are in the open, the others behind a triangle."""
    rules = [to(f"192.0.2.{number * 16}/28", 1000 + number) for number in range(14)]
    text = as_markdown(difference(BASE, [*BASE, policy("many", egress=rules)]))
    shown, folded = re.findall(r"```diff\n(.*?)\n```", text, re.DOTALL)

    assert (len(shown.splitlines()), len(folded.splitlines())) == (8, 7)
    assert "<details><summary>7 more lines</summary>" in text


def test_markdown_fits_into_a_comment() -> None:
    """Code hosts refuse more than 65,536 characters; what is left out is counted."""
    new = [
        policy(
            f"p{number}",
            {"matchLabels": {"app": f"web-{number}-{'x' * 40}"}},
            egress=[to(f"10.{number // 250}.{number % 250}.0/24")],
        )
        for number in range(500)
    ]
    found = difference([DENY_ALL], [DENY_ALL, *new])
    text = as_markdown(found)

    assert len(found.changes) == 500
    assert len(text) < 65_536
    assert re.search(
        r"\n\d+ of the changes do not fit into a comment; `mcpfence diff --output text` shows them.\n\Z", text
    )


def test_markdown_of_foreign_words_is_inert() -> None:
    """Labels of other people cannot leave their code spans, nor bring lines or colours of their own."""
    evil = policy(selector={"matchLabels": {"app": "`</details>\n@team \x1b[31m"}}, egress=[{}])
    for form in (as_markdown, as_text):
        text = form(difference([DENY_ALL], [DENY_ALL, evil]))
        line = next(line for line in text.splitlines() if "</details>" in line)

        assert "\x1b" not in text
        assert "\n@team" not in text
        assert line.count("`") == (2 if form is as_markdown else 1)


# --- where sides come from ---


def _git(folder: Path, *arguments: str) -> None:
    settings = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *settings, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with OLD committed and NEW in the working tree, as a catalog and as a folder of manifests."""
    folder = tmp_path / "repository"
    (folder / "manifests" / "deep").mkdir(parents=True)
    (folder / "values.yaml").write_text(json.dumps(OLD), encoding="utf-8")
    (folder / "manifests" / "floor.yaml").write_text(json.dumps(DENY_ALL), encoding="utf-8")
    (folder / "manifests" / "deep" / "web.json").write_text(json.dumps(BASE[1]), encoding="utf-8")
    (folder / "manifests" / ".hidden.yaml").write_text("{", encoding="utf-8")
    (folder / "manifests" / "README.md").write_text("{", encoding="utf-8")
    _git(folder, "init", "--quiet", "--initial-branch=main")
    _git(folder, "add", ".")
    _git(folder, "commit", "--quiet", "--message=first")
    (folder / "values.yaml").write_text(json.dumps(NEW), encoding="utf-8")
    (folder / "manifests" / "deep" / "web.json").unlink()
    monkeypatch.chdir(folder)
    for variable in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(variable, raising=False)
    return folder


def test_catalog_of_a_revision(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """REV:PATH is what `git show` prints, from the top of the repository; ./ is from here; no REV is the index."""
    assert repository.is_dir()
    assert run_cli("diff", "HEAD:values.yaml", "values.yaml").stdout == TEXT
    assert run_cli("diff", "main:values.yaml", "HEAD:values.yaml").code == 0
    assert run_cli("diff", ":values.yaml", "HEAD:values.yaml").code == 0
    monkeypatch.chdir(repository / "manifests")
    assert run_cli("diff", "HEAD:./../values.yaml", "../values.yaml").stdout == TEXT


def test_folder_of_a_revision(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All YAML and JSON below it, wherever the command runs; hidden files are nobody's manifests."""
    done = run_cli("diff", "HEAD:manifests", "manifests")
    monkeypatch.chdir(repository / "manifests")

    assert (done.code, done.stdout.splitlines()[2:4]) == (
        1,
        [
            "pods app=web of namespace shop: narrower",
            "- may reach 192.0.2.0/24 (256 addresses) on TCP 443",
        ],
    )
    assert run_cli("diff", "HEAD:manifests/", str(repository / "manifests")).stdout == done.stdout
    assert run_cli("diff", "HEAD:manifests", "HEAD:manifests").code == 0


def test_file_with_a_colon_is_a_file(tmp_path: Path) -> None:
    """What exists under the very name is no revision."""
    (tmp_path / "HEAD:a.yaml").write_text(json.dumps(OLD), encoding="utf-8")

    assert run_cli("diff", str(tmp_path / "HEAD:a.yaml"), str(tmp_path / "HEAD:a.yaml")).code == 0


def test_stdin(tmp_path: Path) -> None:
    """One side may come through a pipe."""
    (tmp_path / "old.yaml").write_text(json.dumps(OLD), encoding="utf-8")
    done = run_cli("diff", str(tmp_path / "old.yaml"), "-", stdin=json.dumps(NEW).encode())

    assert (done.code, done.stdout) == (1, TEXT)


def test_stream_with_the_catalog_in_it(tmp_path: Path) -> None:
    """What `helm template` prints has no policies yet: they are put in, and compared with the catalog itself."""
    content = {"version": "0.1.0", "release": "demo", "namespace": "default", "catalog": OLD}
    carrier = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "demo-mcpfence-catalog", "labels": {"mcpfence.io/carrier": "catalog"}},
        "data": {"catalog": json.dumps(content)},
    }
    floor = edited(DENY_ALL, lambda made: made["metadata"].update(namespace="tools"))
    done = diff(tmp_path, [floor, carrier], NEW, "--release", "demo")

    assert (done.code, done.stdout) == (1, TEXT)
    assert diff(tmp_path, [floor, carrier], OLD, "--release", "demo").code == 0


def test_catalog_beside_its_manifests(tmp_path: Path) -> None:
    """A catalog and what was rendered of it, floor included, are the same."""
    run_cli("render", "-f", str(_file(tmp_path, OLD)), "--policies-only", "-o", str(tmp_path / "out"))
    floor = edited(DENY_ALL, lambda made: made["metadata"].update(namespace="tools"))
    (tmp_path / "out" / "floor.yaml").write_text(json.dumps(floor), encoding="utf-8")

    done = run_cli("diff", str(_file(tmp_path, OLD)), str(tmp_path / "out"))

    assert (done.code, done.stdout) == (0, "the same reach (4 subjects compared)\n")


def _file(folder: Path, raw: Any, name: str = "values.yaml") -> Path:
    (folder / name).write_text(json.dumps(raw), encoding="utf-8")
    return folder / name


def test_services_beside_a_catalog(tmp_path: Path) -> None:
    """--with names manifests that say which pods a Service means."""
    service = {"selector": {"app": "redis"}, "ports": [{"port": 6379}]}
    document = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "redis", "namespace": "data"},
        "spec": service,
    }
    bare = edited(
        OLD,
        lambda raw: raw["servers"]["redis-tool"]["egress"].update(services=[{"name": "redis", "namespace": "data"}]),
    )
    found = _file(tmp_path, document, "services.yaml")

    assert diff(tmp_path, OLD, bare).code == 2
    assert diff(tmp_path, OLD, bare, "--with", str(found)).code == 0


def test_nothing_against_something(tmp_path: Path) -> None:
    """An empty file is a side without anything, as for diff(1)."""
    lines = diff(tmp_path, "", [policy(egress=TWO_RULES), deployment()]).stdout.splitlines()

    assert "1 added" in lines[0] or "2 added" in lines[0]
    empty = diff(tmp_path, "", "# nothing\n")
    assert (empty.code, empty.stderr) == (
        0,
        "mcpfence: neither side holds a policy or a workload; are these the right paths?\n",
    )


def test_left_out(tmp_path: Path) -> None:
    """Documents that are no objects hold no policy; they are named."""
    done = diff(tmp_path, [*BASE, {"replicas": 3}], BASE)

    assert (done.code, done.stderr) == (
        0,
        f"mcpfence: document 3 of {tmp_path / 'old.yaml'} is no Kubernetes object and was left out\n",
    )


def test_new_warnings_are_said(tmp_path: Path) -> None:
    """What the render of NEW warns of and that of OLD does not; --strict makes it trouble."""
    whole = edited(OLD, lambda raw: raw["clients"].update(all={"namespace": "all"}))

    assert diff(tmp_path, OLD, whole).stderr.startswith(f"warning: {tmp_path / 'new.yaml'}:1:")
    assert diff(tmp_path, whole, whole).stderr == ""
    assert (diff(tmp_path, OLD, whole, "--strict").code, diff(tmp_path, OLD, whole, "--strict").stdout) == (2, "")


# --- trouble ---

BAD: dict[str, tuple[str, str]] = {
    "missing": ("nosuch.yaml", "nosuch.yaml: cannot be read (No such file or directory); check the path"),
    "no YAML": ("bad.yaml", "bad.yaml:2:1: did not find expected node content; mend the YAML"),
    "no UTF-8": ("latin.yaml", "latin.yaml: is no UTF-8 at byte 4; save it as UTF-8"),
    "a list": ("list.yaml", "list.yaml: is a list, not a mapping; write keys such as servers: at its top"),
    "an empty folder": (
        "empty",
        "empty: holds no file that ends in .yaml, .yml, .json; check the path",
    ),
    "a folder of values": (
        "values",
        "values: holds no Kubernetes manifests; name the catalog itself, or a folder of manifests",
    ),
    "a bad catalog": (
        "catalog.yaml",
        "catalog.yaml:1:1 server: is no known key; did you mean servers? Else write one of: clients, cluster, dns, "
        "egress, gateway, mcpNamespace, mcpServerDefaults, rbac, run, servers, workloads",
    ),
    "an unknown revision": (
        "nosuch:values.yaml",
        "nosuch:values.yaml: is no file or folder, and git says: invalid object name 'nosuch'.; "
        "check the path, or the revision",
    ),
    "an unknown path": (
        "HEAD:nosuch.yaml",
        "HEAD:nosuch.yaml: is no file or folder, and git says: path 'nosuch.yaml' does not exist in 'HEAD'; "
        "check the path, or the revision",
    ),
    "a link": ("HEAD:linked", "HEAD:linked/values.yaml: is a symbolic link; name the file that it leads to"),
    "an empty folder of a revision": (
        "HEAD:manifests/deep/nothing",
        "HEAD:manifests/deep/nothing: holds no file that ends in .yaml, .yml, .json; check the path",
    ),
}


@pytest.fixture
def troubled(repository: Path) -> Path:
    """The repository with what cannot be read."""
    (repository / "empty").mkdir()
    (repository / "values").mkdir()
    (repository / "linked").mkdir()
    (repository / "manifests" / "deep" / "nothing").mkdir(parents=True)
    (repository / "manifests" / "deep" / "nothing" / "note.txt").write_text("x", encoding="utf-8")
    for name in ("a.yaml", "b.yaml"):
        (repository / "values" / name).write_text("replicas: 3\n", encoding="utf-8")
    (repository / "linked" / "values.yaml").symlink_to("../values.yaml")
    (repository / "bad.yaml").write_text("x: [\n", encoding="utf-8")
    (repository / "latin.yaml").write_bytes(b'x: "\xe9"\n')
    (repository / "list.yaml").write_text("[1, 2]\n", encoding="utf-8")
    (repository / "catalog.yaml").write_text("server: {}\n", encoding="utf-8")
    _git(repository, "add", "linked", "manifests")
    _git(repository, "commit", "--quiet", "--message=second")
    return repository


@pytest.mark.parametrize(("path", "sentence"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("side", ["OLD", "NEW"])
@pytest.mark.usefixtures("troubled")
def test_trouble(path: str, sentence: str, side: str) -> None:
    """Exit 2, nothing on stdout, the side, the place and what to do."""
    done = run_cli("diff", *([path, "values.yaml"] if side == "OLD" else ["values.yaml", path]))
    said = done.stderr.splitlines()

    assert (done.code, done.stdout, said[0]) == (2, "", f"mcpfence: {side} ({path}) cannot be compared:")
    assert re.sub(r" \[[a-z-]+\]\Z", "", said[1]) == f"error: {sentence}"


def test_trouble_on_both_sides(tmp_path: Path) -> None:
    """All of it is said at once."""
    done = diff(tmp_path, "x: [", "y: [")

    assert done.code == 2
    assert [line.split(" (")[0] for line in done.stderr.splitlines() if line.startswith("mcpfence")] == [
        "mcpfence: OLD",
        "mcpfence: NEW",
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("-", "-"), "stdin can be read once: give - for one file only."),
        (("a.yaml",), "Missing argument 'NEW'."),
        (
            ("a.yaml", "b.yaml", "--output", "html"),
            "Invalid value for '--output': 'html' is not one of 'text', 'json', 'markdown'.",
        ),
        (
            ("a.yaml", "b.yaml", "-n", "UPPER"),
            "Invalid value for '-n' / '--namespace': 'UPPER' is no namespace: lower-case letters, digits and -, 63 at most.",
        ),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], sentence: str) -> None:
    """Exit 2 with the sentence."""
    done = run_cli("diff", *arguments)

    assert (done.code, done.stdout) == (2, "")
    assert f"Error: {sentence}" in done.stderr.replace("\n", " ").replace("  ", " ")


def test_empty_stdin(tmp_path: Path) -> None:
    """A command before the pipe that failed is trouble, not a side without anything."""
    done = run_cli("diff", str(_file(tmp_path, OLD)), "-")

    assert (done.code, done.stdout) == (2, "")
    assert "the stream on stdin is empty; check the command before the pipe" in done.stderr


def test_git_that_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is said, and what to do."""
    monkeypatch.setenv("PATH", str(tmp_path))
    done = run_cli("diff", "HEAD:values.yaml", str(_file(tmp_path, OLD)))

    assert done.code == 2
    assert (
        "error: HEAD:values.yaml: git cannot be run (No such file or directory); install git, or name a file or folder"
        in done.stderr
    )


def test_log_file_that_cannot_be_written(tmp_path: Path) -> None:
    """Trouble before any work."""
    done = diff(tmp_path, OLD, NEW, "--log-file", str(tmp_path / "no" / "log"))

    assert (done.code, done.stdout) == (2, "")


def test_a_change_without_anything_is_told() -> None:
    """An added server that may do nothing is still an addition."""
    bare = edited(OLD, lambda raw: raw.update(clients={}))
    found = catalogs(edited(bare, lambda raw: raw["servers"].pop("vault")), bare)

    assert told(found) == ["server vault: added", "+ reaches nothing, and nothing reaches it"]
    assert isinstance(found.changes[0], Change)
