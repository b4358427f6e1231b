"""The re-checker: whatever is edited in a pack is refused, with what differs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpfence.evidence.case import GivenManifests
from mcpfence.kube.manifest import floor_policy
from mcpfence.verify.recheck import recheck
from packing import CATALOG, NAMED, Pack, case_of, certificate_of, edited, pack_of, sealed

MANIFEST = "manifests/rendered.yaml"
PACK = pack_of()


def said(pack: Pack) -> list[str]:
    """Place and sentence of each difference."""
    return [f"{one.place}: {one.sentence}" for one in recheck(pack).mismatches]


@pytest.mark.parametrize("raw", [CATALOG, NAMED, {**CATALOG, "egress": {"provider": "aviatrix"}}])
def test_a_pack_as_it_was_made_is_what_it_says(raw: dict[str, Any]) -> None:
    """Every fence is contained, and every witness has its verdict and its rules."""
    pack = pack_of(raw)
    found = recheck(pack)
    witnesses = sum(
        len(fence[direction]["witnesses"])
        for fence in certificate_of(pack)["predicate"]["fences"]
        for direction in ("egress", "ingress")
    )

    assert found.mismatches == ()
    assert (found.fences, found.witnesses, found.manifests) == (len(raw["servers"]), witnesses, 1)


# --- bytes that were edited, digests left as they were ---


def test_an_edited_manifest_is_refused() -> None:
    """One byte more in a manifest is told by the sums and by the certificate."""
    differences = said({**PACK, MANIFEST: PACK[MANIFEST] + b"#"})

    assert [one.partition(": its")[0] for one in differences] == [
        f"{MANIFEST}: was changed",
        f"{MANIFEST}: is not what was certified",
    ]


@pytest.mark.parametrize("name", ["certificate.json", "report.md"])
def test_an_edited_file_is_refused(name: str) -> None:
    """So is one in the certificate and in the report, though they still read well."""
    assert f"{name}: was changed: its SHA-256 is" in said({**PACK, name: PACK[name] + b"\n"})[0]


def test_an_edited_sum_is_refused() -> None:
    """A sum that was changed no longer is that of its file."""
    sums = PACK["SHA256SUMS"].replace(b"  report.md", b"0  report.md")
    assert said({**PACK, "SHA256SUMS": sums})[0] == "SHA256SUMS:3: is no line of sha256sum, or names a file twice"

    line = PACK["SHA256SUMS"].splitlines()[-1]
    changed = b"".join(b"0" if sign == ord("1") else bytes([sign]) for sign in line[:64]) + line[64:]
    assert "report.md: was changed" in said({**PACK, "SHA256SUMS": PACK["SHA256SUMS"].replace(line, changed)})[0]


@pytest.mark.parametrize("name", [*sorted(PACK)])
def test_a_missing_file_is_refused(name: str) -> None:
    """Whichever file is gone, its name is said."""
    differences = said({file: data for file, data in PACK.items() if file != name})

    assert any(one.startswith(f"{name}: is missing") or "it is missing" in one for one in differences)


@pytest.mark.parametrize("name", ["extra.txt", "manifests/extra.yaml"])
def test_an_additional_file_is_refused(name: str) -> None:
    """With the sums as they were, and with sums that list it."""
    assert f"{name}: is additional: SHA256SUMS does not list it" in said({**PACK, name: b"a: 1\n"})

    listed = PACK["SHA256SUMS"] + sealed({**PACK, name: b"a: 1\n"})["SHA256SUMS"].splitlines(keepends=True)[1]
    assert f"{name}: is additional: the certificate does not name it" in said(
        {**PACK, name: b"a: 1\n", "SHA256SUMS": listed}
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"{", "certificate.json: cannot be read"),
        (b"[]", "certificate.json: cannot be read"),
        (b'{"_type": 1, "_type": 2}', "certificate.json: cannot be read (a key stands twice)"),
        (b'{"_type": "x", "predicateType": "y"}', "certificate.json: cannot be read (it is no statement of"),
        (b"\xff", "certificate.json: cannot be read"),
        (b"[" * 100_000, "certificate.json: cannot be read"),
    ],
)
def test_a_certificate_that_is_none_is_refused(text: bytes, sentence: str) -> None:
    """Text of whatever kind ends in a sentence, never in a traceback."""
    assert any(one.startswith(sentence) for one in said({**PACK, "certificate.json": text}))


# --- edited by somebody who computes every digest anew ---


def test_a_wider_manifest_is_refused_with_all_digests_right() -> None:
    """Containment is derived from the declared part again, so sums and subjects that agree help nobody."""
    wider = PACK[MANIFEST].replace(b"cidr: 8.8.8.0/24", b"cidr: 8.8.0.0/16")
    differences = said(sealed({**PACK, MANIFEST: wider}))

    assert differences[0] == (
        "server search egress: 8.8.0.0 TCP 443 may pass and is not declared: "
        "spec.egress[0] of NetworkPolicy mcp/mcp-server-search-egress lets it through"
    )
    assert "`allowed` is not what the manifests let through: 8.8.0.0 TCP 443 passes" in differences[1]


def test_a_wider_manifest_that_everything_else_agrees_with_is_refused() -> None:
    """Even with `allowed` and the witnesses made for the wider manifests, what was declared is less."""
    wide = json.loads(json.dumps(CATALOG))
    wide["servers"]["search"]["egress"]["cidrs"][0]["cidr"] = "8.8.8.0/23"
    other = pack_of(wide)
    theirs = certificate_of(other)["predicate"]

    def forge(predicate: dict[str, Any]) -> None:
        for mine, wider in zip(predicate["fences"], theirs["fences"], strict=True):
            mine["egress"] |= {key: wider["egress"][key] for key in ("allowed", "witnesses")}

    differences = said(edited({**PACK, MANIFEST: other[MANIFEST]}, forge))

    assert differences == [
        "server search egress: 8.8.9.0 TCP 443 may pass and is not declared: "
        "spec.egress[0] of NetworkPolicy mcp/mcp-server-search-egress lets it through"
    ]


def test_a_further_policy_that_opens_is_refused() -> None:
    """Policies add up: one that somebody puts beside them counts."""
    policy = b"""---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: more, namespace: mcp}
spec: {podSelector: {}, policyTypes: [Egress], egress: [{}]}
"""
    differences = said(sealed({**PACK, "manifests/more.yaml": policy}))

    assert [one for one in differences if "may pass" in one] == [
        f"server {name} egress: 169.254.169.254 TCP 443 may pass and is not declared: "
        "spec.egress[0] of NetworkPolicy mcp/more lets it through"
        for name in ("search", "vault")
    ]


def test_a_narrower_manifest_is_refused() -> None:
    """What is declared, and is no narrowing, must pass."""
    narrower = PACK[MANIFEST].replace(b"cidr: 8.8.8.0/24", b"cidr: 8.8.8.0/25")

    assert said(sealed({**PACK, MANIFEST: narrower}))[0] == (
        "server search egress: 8.8.8.128 TCP 443 is declared, is no narrowing, and does not surely pass"
    )


def _witness(place: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda predicate: predicate["fences"][0]["egress"]["witnesses"][place]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"verdict": "denied"}, "witnesses[0], 8.8.8.0 TCP 443: is allowed, not denied"),
        ({"to": {"address": "10.0.0.1"}}, "witnesses[0], 10.0.0.1 TCP 443: is denied, not allowed"),
        ({"port": 444}, "witnesses[0], 8.8.8.0 TCP 444: is denied, not allowed"),
        (
            {"decidedBy": [{"policy": "NetworkPolicy mcp/other", "rule": "spec.egress[0]"}]},
            "witnesses[0], 8.8.8.0 TCP 443: is decided by "
            "NetworkPolicy mcp/mcp-server-search-egress spec.egress[0], not by NetworkPolicy mcp/other spec.egress[0]",
        ),
        ({"decidedBy": []}, "not by nothing"),
        ({"from": {"namespace": "mcp", "labels": {"app": "vault"}}}, "witnesses[0] is no packet of its pods"),
        ({"from": {"namespace": "other", "labels": {"app": "search"}}}, "witnesses[0] is no packet of its pods"),
        ({"port": 0}, "cannot be read (a witness has no port)"),
        ({"port": "443"}, "cannot be read (a witness has no port)"),
        ({"to": {"address": "here"}}, "cannot be read"),
    ],
)
def test_an_edited_witness_is_refused(change: dict[str, Any], sentence: str) -> None:
    """Every part of a packet is sent again, and so is who decides on it."""
    differences = said(edited(PACK, lambda predicate: _witness(0)(predicate).update(change)))

    assert len(differences) == 1
    assert differences[0].startswith("server search egress: ")
    assert sentence in differences[0]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda p: p["fences"].clear(), "certificate.json: certifies no fence"),
        (
            lambda p: p["fences"].pop(),
            "NetworkPolicy mcp/mcp-server-vault-egress: was made by mcpfence for pods of which",
        ),
        (lambda p: p["fences"][0].pop("egress"), "server search egress: cannot be read (egress is missing)"),
        (
            lambda p: p["fences"][0]["egress"]["witnesses"].clear(),
            "server search egress: has no witness that is denied",
        ),
        (lambda p: p["fences"][0]["egress"]["declared"].clear(), "server search egress: 8.8.8.0 TCP 443 may pass"),
        (lambda p: p["fences"][0]["egress"]["allowed"].clear(), "`allowed` is not what the manifests let through"),
        (lambda p: p["fences"][0]["pods"].update(labels={}), "server search"),
        (
            lambda p: p["fences"][0].update(kind="service"),
            "service search: its egress is fenced, and the certificate does not speak of it",
        ),
        (lambda p: p.pop("reading"), "certificate.json: its predicate cannot be read (reading is missing)"),
        (lambda p: p.update(fences=1), "certificate.json: its predicate cannot be read"),
        (lambda p: p["reading"].update(podAddresses=[]), "cannot be read (it is read with no addresses at all)"),
        (lambda p: p["reading"].update(podAddresses=["x"]), "certificate.json: its predicate cannot be read"),
    ],
)
def test_an_edited_certificate_is_refused(change: Callable[[dict[str, Any]], Any], sentence: str) -> None:
    """Whatever a certificate leaves out or says otherwise comes to light, with every digest computed anew."""
    assert any(sentence in one for one in said(edited(PACK, change))), said(edited(PACK, change))


def _with_floor() -> Pack:
    floor = floor_policy("mcp")
    documents = [*(one.document for one in case_of().objects), floor]
    files = {MANIFEST: PACK[MANIFEST], "manifests/floor.yaml": json.dumps(floor).encode()}
    return pack_of(CATALOG, GivenManifests(files, documents))


def test_a_floor_that_is_claimed_must_stand() -> None:
    """Without it every pod that no fence is for is as open as anywhere, and so it is with one that opens something."""
    pack = _with_floor()
    assert said(pack) == []

    gone = {name: data for name, data in pack.items() if name != "manifests/floor.yaml"}
    assert "floor mcp egress: 169.254.169.254 TCP 443 may pass for pods that no fence is for" in said(sealed(gone))
    wide = json.loads(pack["manifests/floor.yaml"])
    wide["spec"]["ingress"] = [{"ports": [{"port": 9}]}]
    assert "floor mcp ingress: 169.254.169.254 TCP 9 may pass for pods that no fence is for" in said(
        sealed({**pack, "manifests/floor.yaml": json.dumps(wide).encode()})
    )


@pytest.mark.parametrize("name", ["more.yaml", "deep/report.md"])
def test_a_file_that_no_pack_has_is_refused(name: str) -> None:
    """Whoever applies a folder would apply it, too; that the certificate names it makes it no better."""
    assert f"{name}: is a file of the certificate and cannot be one" in said(sealed({**PACK, name: b"a: 1\n"}))


def test_what_is_applied_with_the_manifests_is_read_with_them() -> None:
    """A policy in the file of canaries would open the fence as any other does."""
    policy = b"""---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: more, namespace: mcp}
spec: {podSelector: {matchLabels: {app: vault}}, policyTypes: [Egress], egress: [{}]}
"""
    assert any("NetworkPolicy mcp/more lets it through" in one for one in said(sealed({**PACK, "jobs.yaml": policy})))


@given(st.data())
def test_any_edit_ends_in_sentences(data: st.DataObject) -> None:
    """Whatever stands anywhere in a certificate, the checker says what differs, or that nothing does; it never fails."""
    values = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.text(max_size=5),
        st.just([]),
        st.just({}),
        st.lists(st.text(max_size=3), max_size=2),
        st.sampled_from(["TCP", "TCP 9-1", "1.2.3.4-::", "*.*.a", "!", "set-9", [[]], {"in": [1]}, {"a": 1}]),
    )

    def change(predicate: dict[str, Any]) -> None:
        inner: Any = predicate
        while isinstance(inner, (dict, list)) and inner:
            keys = sorted(inner) if isinstance(inner, dict) else range(len(inner))
            key = data.draw(st.sampled_from(keys))
            if not isinstance(inner[key], (dict, list)) or not inner[key] or data.draw(st.integers(0, 3)) == 0:
                inner[key] = data.draw(values)
                return
            inner = inner[key]

    statement = certificate_of(PACK)
    change(statement["predicate"])
    assert all(isinstance(one, str) for one in said({**PACK, "certificate.json": json.dumps(statement).encode()}))


def test_names_that_are_not_declared_do_not_pass() -> None:
    """Where an engine opens names wherever they resolve to, it is the declared names that are tolerated, no others."""
    pack = pack_of(NAMED)
    wider = pack[MANIFEST].replace(b"matchName: api.example.com", b"matchName: evil.example.net")

    assert wider != pack[MANIFEST]
    assert any(
        "as evil.example.net may pass and is not declared" in one for one in said(sealed({**pack, MANIFEST: wider}))
    )


def test_pods_for_which_no_policy_holds_are_refused() -> None:
    """A workload of the fence's labels on its host's network is outside of what any manifest can say."""
    workload = b"""---
apiVersion: apps/v1
kind: Deployment
metadata: {name: vault, namespace: mcp}
spec:
  selector: {matchLabels: {app: vault}}
  template:
    metadata: {labels: {app: vault}}
    spec: {hostNetwork: true, containers: [{name: a, image: a}]}
"""
    assert said(sealed({**PACK, "manifests/vault.yaml": workload})) == [
        "Deployment mcp/vault: is one of server vault, and stands in networks for which no policy holds"
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"resources: [rendered.yaml]\n", ""),
        (b"resources: []\n", "its resources leave out rendered.yaml"),
        (b"resources: [rendered.yaml]\nnamespace: other\n", "its namespace other is not that of NetworkPolicy mcp/{}"),
        (b"resources: [rendered.yaml]\ncomponents: [../open]\n", "its key components is not evaluated"),
    ],
)
def test_a_list_of_kustomize_that_says_no_kind_is_read(text: bytes, sentence: str) -> None:
    """What is applied by it is not what was certified, unless it is; `check` says the same."""
    path = "manifests/kustomization.yaml"
    whole = f"Kustomization {path} makes other objects of its files than they say: {sentence}"
    expected = [
        f"server {name}: {whole.format('mcp-server-search-egress')}, so what its pods may do is unknown"
        for name in ("search", "vault")
    ]

    assert said(sealed({**PACK, path: text})) == (expected if sentence else [])


def test_a_list_of_kustomize_that_readers_differ_on_is_refused() -> None:
    """A key that stands twice has one value or the other."""
    assert said(sealed({**PACK, "manifests/kustomization.yaml": b"resources: [rendered.yaml]\nresources: []\n"})) == [
        "manifests/kustomization.yaml: cannot be read as every reader of YAML would read it (has the key resources twice)"
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"a: [", "manifests/more.yaml: cannot be read as every reader of YAML would read it"),
        (
            b"kind: NetworkPolicy\nkind: Pod\n",
            "manifests/more.yaml: cannot be read as every reader of YAML would read it",
        ),
        (
            b"{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a, namespace: mcp}, spec: {egress: 1}}",
            "NetworkPolicy mcp/a: spec.egress is 1, not a list, so what it lets through is unknown",
        ),
        (
            b"{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: a, namespace: mcp},"
            b" spec: {endpointSelector: {}, egress: [{toEntities: [all]}]}}",
            "so what its pods may do is unknown",
        ),
    ],
)
def test_what_cannot_be_read_is_refused(text: bytes, sentence: str) -> None:
    """Unknown counts as open, and what readers may read differently is not read at all."""
    differences = said(sealed({**PACK, "manifests/more.yaml": text}))

    assert any(sentence in one for one in differences), differences
