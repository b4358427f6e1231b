"""A stream that was rendered before: its report is a label that anybody can write, so what it says is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from edges import CATALOG, HOOK, NAMESPACE, RELEASE, carrier, catalog, container, ours, rendered
from mcpfence.findings.finding import McpfenceError
from mcpfence.streams.post_render import Given, post_render

BLOCK = ours()
GIVEN = Given(raw=CATALOG, release=RELEASE, namespace=NAMESPACE)
ELSEWHERE = {**CATALOG, "mcpNamespace": {"name": "other"}}
OTHER = rendered(carrier(ELSEWHERE, release="second"))
WORKLOAD = {"namespace": "codemie", "podSelector": {"app": "api"}}
WITH_WORKLOAD = rendered(carrier({**CATALOG, "workloads": {"api": WORKLOAD}}))


def _policy(namespace: str, rules: str, name: str = "debug") -> bytes:
    text = f"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: {namespace}}}\n"
    return f"{text}spec: {{podSelector: {{}}, policyTypes: [Egress], {rules}}}\n".encode()


WIDE = _policy("demo-mcp", "egress: [{}]")
FORGED = (
    b"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: demo-mcpfence, namespace: home, "
    b"labels: {mcpfence.io/carrier: rendered}}\ndata: {namespace: demo-mcp}\n"
)
AGAIN = "render the catalog again, and post-render what the chart gives once"
NAMED = "post-render what the chart gives, once; remove what an earlier run left in it"


def _not_held(objects: str) -> str:
    return (
        f"ConfigMap home/demo-mcpfence: says that {objects} objects were rendered for namespace demo-mcp, "
        f"and the stream does not hold exactly those; {AGAIN}"
    )


def _sentences(stream: bytes, **how: Any) -> list[str]:
    with pytest.raises(McpfenceError) as caught:
        post_render(stream, **how)
    return [finding.message for finding in caught.value.findings if finding.severity.value == "error"]


def _edited(change: Callable[[list[dict[str, Any]]], None]) -> bytes:
    documents = list(yaml.safe_load_all(BLOCK))
    change(documents)
    return yaml.safe_dump_all(documents, sort_keys=False, explicit_start=True).encode()


def _widen(documents: list[dict[str, Any]]) -> None:
    documents[0]["spec"]["egress"] = [{}]


def _without_the_first(documents: list[dict[str, Any]]) -> None:
    del documents[0]


PASSES = {
    "as it was": BLOCK,
    "with neighbours": HOOK + BLOCK + b"---\nkind: Deployment\nmetadata: {name: a}\n",
    "two releases": BLOCK + OTHER,
    "written anew": _edited(lambda _: None),
    "sorted": b"---\n" + b"---\n".join(sorted(BLOCK.split(b"---\n")[1:], reverse=True)),
    "annotated": BLOCK.replace(
        b"\nspec:\n",
        b"\n  annotations:\n    config.kubernetes.io/index: '1'\n    config.kubernetes.io/path: x\nspec:\n",
    ),
    "with Helm 4's file names": rendered(carrier(), helm4=True),
    "with a floor": BLOCK + _policy("demo-mcp", "ingress: []"),
    "with a policy of another namespace": BLOCK + _policy("shop", "egress: [{}]"),
}


@pytest.mark.parametrize("stream", PASSES.values(), ids=PASSES)
def test_what_the_report_says_passes(stream: bytes) -> None:
    """The objects are there, equal, whoever carried them, and nothing beside them opens anything."""
    result = post_render(stream)

    assert b"".join(result.chunks) == stream
    assert result.renderings == ()


REFUSED = {
    "a report alone": (FORGED, [_not_held("no")]),
    "a forged report and a wide policy": (FORGED + WIDE, [_not_held("no")]),
    "a report without its objects": (b"---\n" + BLOCK.rsplit(b"---\n", 1)[1], [_not_held("3")]),
    "an object is missing": (_edited(_without_the_first), [_not_held("3")]),
    "an object is wider": (_edited(_widen), [_not_held("3")]),
    "a number that is none": (BLOCK.replace(b'objects: "3"', b"objects: many"), [_not_held("many")]),
    "too few": (BLOCK.replace(b'objects: "3"', b'objects: "0"'), [_not_held("0")]),
    "a wide policy behind it": (
        BLOCK + WIDE,
        [
            "NetworkPolicy demo-mcp/debug: stands beside the policies that ConfigMap home/demo-mcpfence speaks of, which "
            f"were proven without it; {AGAIN}, or name it: --catalog FILE"
        ],
    ),
    "one for all namespaces": (
        BLOCK + b"---\napiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: all}\nspec: {}\n",
        [
            "CiliumClusterwideNetworkPolicy all: stands beside the policies that ConfigMap home/demo-mcpfence speaks of, "
            f"which were proven without it; {AGAIN}, or name it: --catalog FILE"
        ],
    ),
    "a wide policy where a workload is fenced": (
        WITH_WORKLOAD + _policy("codemie", "egress: [{}]"),
        [
            "NetworkPolicy codemie/debug: stands beside the policies that ConfigMap home/demo-mcpfence speaks of, which "
            f"were proven without it; {AGAIN}, or name it: --catalog FILE"
        ],
    ),
    "pods on their host's network": (
        BLOCK + b"---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: v, namespace: demo-mcp}\nspec: {template: "
        b"{metadata: {labels: {app: vault}}, spec: {hostNetwork: true, containers: [{name: c, image: x}]}}}\n",
        [
            "Deployment demo-mcp/v: its pods are on their host's network, where no policy holds for them, and what "
            "NetworkPolicy demo-mcp/mcp-server-vault-egress selects is one; remove hostNetwork, or label pods that are "
            "something else otherwise"
        ],
    ),
    "the other release's report is forged": (FORGED.replace(b"demo-mcp}", b"x}") + OTHER, [_not_held("no").replace("demo-mcp,", "x,")]),
}  # fmt: skip


@pytest.mark.parametrize(("stream", "sentences"), REFUSED.values(), ids=REFUSED)
def test_a_label_is_no_proof(stream: bytes, sentences: list[str]) -> None:
    """What the report says and the stream does not hold, and a policy that nobody proved with the others."""
    assert _sentences(stream) == sentences


# --- with a catalog ---


def test_catalog_proves_what_it_finds() -> None:
    """Its own output passes unchanged, and what was rendered is known to the caller as in any render."""
    once = HOOK + rendered(b"---\nkind: Deployment\nmetadata: {name: a}\n", given=GIVEN)
    result = post_render(once, given=GIVEN)

    assert b"".join(result.chunks) == once
    assert [item.catalog.namespace for item in result.renderings] == ["demo-mcp"]


def _missing(named: str, are: str) -> list[str]:
    return [
        "ConfigMap home/demo-mcpfence: says that the stream went through mcpfence before, and "
        f"{named} of this catalog {are} not there as rendered; {NAMED}"
    ]


WIDER = (
    "servers.vault: may reach 169.254.169.254 TCP 443, which the catalog does not grant: spec.egress[0] of NetworkPolicy "
    "demo-mcp/debug lets it through; remove spec.egress[0] of NetworkPolicy demo-mcp/debug, or narrow what it selects "
    "so that it cannot select app=vault"
)
EGRESS, INGRESS = (f"NetworkPolicy demo-mcp/mcp-server-vault-{way}" for way in ("egress", "ingress"))


@pytest.mark.parametrize(
    ("stream", "sentences"),
    [
        (FORGED + WIDE, [WIDER]),
        (FORGED, _missing(f"{EGRESS}, {INGRESS}, ConfigMap home/demo-mcpfence", "are")),
        (BLOCK + WIDE, [WIDER]),
        (BLOCK + BLOCK, _missing(f"{EGRESS}, {INGRESS}, ConfigMap home/demo-mcpfence", "are")),
        (rendered(carrier(catalog(search=container()))), _missing(f"{EGRESS}, {INGRESS}, ConfigMap home/demo-mcpfence", "are")),
        (BLOCK.replace(b'objects: "3"', b'objects: "4"'), _missing("ConfigMap home/demo-mcpfence", "is")),
    ],
    ids=["forged and wide", "forged", "wide behind", "twice", "of another catalog", "report changed"],
)  # fmt: skip
def test_a_label_does_not_switch_the_proof_off(stream: bytes, sentences: list[str]) -> None:
    """With a catalog the stream is rendered and proven, whatever its documents say of themselves."""
    assert _sentences(b"---\nkind: Deployment\nmetadata: {name: a}\n" + stream, given=GIVEN) == sentences


def test_wide_policy_among_hooks_is_proven() -> None:
    """A stream of hooks alone is not rendered into, and still no policy of it may open what the catalog closes."""
    hook = WIDE.replace(b"namespace: demo-mcp}", b"namespace: demo-mcp, annotations: {helm.sh/hook: pre-install}}")
    harmless = hook.replace(b"egress: [{}]", b"egress: []")

    assert _sentences(HOOK + hook, given=GIVEN) == [WIDER]
    assert rendered(HOOK + harmless, given=GIVEN) == HOOK + harmless
