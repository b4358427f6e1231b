"""The stream adapter: foreign documents byte for byte, carriers replaced, and every doubtful stream refused."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from edges import CATALOG, HOOK, NAMESPACE, RELEASE, carrier, catalog, container, floor_piece, ours, rendered
from effort import effort
from mcpfence.findings.finding import McpfenceError
from mcpfence.streams.post_render import Given, post_render

BLOCK, FLOOR = ours(), floor_piece()
"""What stands in the place of the carrier of CATALOG."""

GIVEN = Given(raw=CATALOG, release=RELEASE, namespace=NAMESPACE)
OTHER = {**CATALOG, "mcpNamespace": {"name": "other"}}

FOREIGN = (
    b"---\n# Source: a/templates/b.yaml\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: 1, x: 2}\n",  # duplicate key
    b"---\na: &anchor [1, 2]\nb: *anchor\nc: !custom {d: !!binary aGk=}\n",
    b"---\r\nkind: ConfigMap\r\nmetadata:\r\n  name: crlf\r\n",
    b"---\non: yes\nmode: 0644\nversion: 1.10\ntime: 22:22:22\nsum: 1_000\nnothing: ~\ndate: 2001-12-14\n",
    b"---\nkind: ConfigMap\ndata:\n  script: |\n    ---\n    echo\n    --- # no separator\n",
    b"---\n# nothing but a comment about mcpfence.io/carrier\n",
    b"---\n\n---\n",
    b'--- {"kind": "Service", "metadata": {"name": "json"}}\n',
    b"---\nkind: Service\nmetadata: [\n",  # no YAML at all, though it looks like something to read
    b"---\nkind: Deployment\nmetadata: not a mapping\n",
    b"---\nkind: Deployment\nspec: {on: [\xff\xfe]}\n",  # no UTF-8
    b"---\nkind: Deployment\nwhen: 2001-99-99\n",  # a date that PyYAML cannot construct
    b"---\n# not a NetworkPolicy\nkind: Deployment\n",
    b"--- # Source: other/templates/c.yaml\nkind: Deployment\nspec: {template: {spec: {containers: null}}}\n",
    b"---\nkind: Secret\nmetadata:\n  annotations:\n    helm.sh/hook: pre-install\n",
    b'---\nkind: ConfigMap\ndata:\n  tab: "\t"\n  wide: \xf0\x9f\x90\xb3\n  long: >-\n    a\n\n    b   \n',
    b"---\n----\nfoo\n---bar\n",
    b"---\n...\n%YAML 1.1\n---\na: 1\n...\n",
)  # fmt: skip


def _sentences(stream: bytes, **how: Any) -> list[str]:
    with pytest.raises(McpfenceError) as caught:
        post_render(stream, **how)
    return [finding.message for finding in caught.value.findings if finding.severity.value == "error"]


def _objects(stream: bytes) -> list[tuple[str, str]]:
    found = [document for document in yaml.safe_load_all(stream) if document]
    return [
        (document["kind"], f"{document['metadata'].get('namespace')}/{document['metadata']['name']}")
        for document in found
    ]


# --- foreign bytes ---


JUNK = st.binary(max_size=60).map(lambda junk: b"---\n" + junk + b"\n")
STREAMS = st.lists(st.one_of(st.sampled_from(FOREIGN), JUNK), max_size=6).map(b"".join)


@given(before=STREAMS, after=STREAMS)
def test_output_is_input_with_the_carrier_replaced(before: bytes, after: bytes) -> None:
    """Whatever stands around the carrier leaves as it came, to the last byte."""
    assert rendered(before + carrier() + after) == before + BLOCK + FLOOR + after


def test_foreign_bytes_while_services_are_looked_up() -> None:
    """Reading the neighbours for their Services changes and refuses nothing, however odd they are."""
    listing = {"services": [{"name": "redis", "podSelector": {"app": "redis"}, "ports": [6379]}]}
    raw = catalog(search=container(egress=listing))
    before, after = b"".join(FOREIGN[:9]), b"".join(FOREIGN[9:16])

    assert rendered(before + carrier(raw) + after) == before + rendered(carrier(raw)) + after


def test_byte_order_mark_and_crlf() -> None:
    """A stream in Windows clothes keeps them around our block."""
    before = "\ufeff---\r\na: 1\r\n".encode()
    after = b"---\r\nb: 2\r\n"

    assert (
        rendered(before + carrier(floor=False).replace(b"\n", b"\r\n") + FLOOR + after)
        == before + BLOCK + FLOOR + after
    )


def test_last_document_without_a_line_break() -> None:
    """Our block begins on a line of its own even behind the carrier's predecessor, and ends with a line break."""
    assert rendered(b"a: 1\n" + FLOOR + carrier(floor=False).rstrip(b"\n")) == b"a: 1\n" + FLOOR + BLOCK
    assert BLOCK.endswith(b"\n")


def test_five_megabytes_of_neighbours() -> None:
    """A large release is passed through with a few calls for each of its lines."""
    one = (
        b"---\nkind: Deployment\nspec:\n  imagePullPolicy: Always\n  text: |\n"
        + b"    some line of a config file\n" * 60
    )
    before = one * (5_000_000 // len(one))
    _, alone = effort(lambda: rendered(carrier()))
    out, calls = effort(lambda: rendered(before + carrier() + one))

    assert out == before + BLOCK + FLOOR + one
    assert calls - alone < 5 * before.count(b"\n")


def test_order_of_our_objects() -> None:
    """What narrows stands before what opens, the report stands last, names are sorted inside a kind."""
    workload = {"namespace": "apart", "podSelector": {"app": "gateway"}}
    raw = catalog(b=container(), a=container()) | {"egress": {"provider": "aviatrix"}, "workloads": {"z": workload}}
    names = [f"{kind} {name}" for kind, name in _objects(ours(raw))]

    assert names == [
        "FirewallPolicy apart/mcp-workload-z",
        "FirewallPolicy demo-mcp/mcp-server-a",
        "FirewallPolicy demo-mcp/mcp-server-b",
        "NetworkPolicy apart/mcp-workload-z-egress",
        "NetworkPolicy apart/mcp-workload-z-ingress",
        "NetworkPolicy demo-mcp/mcp-server-a-egress",
        "NetworkPolicy demo-mcp/mcp-server-a-ingress",
        "NetworkPolicy demo-mcp/mcp-server-b-egress",
        "NetworkPolicy demo-mcp/mcp-server-b-ingress",
        "ConfigMap home/demo-mcpfence",
    ]


# --- once, and only where the carrier is ---


@pytest.mark.parametrize("filename", ["", "mcpfence/templates/carrier.yaml"], ids=["helm3", "helm4"])
def test_own_output_passes_unchanged(filename: str) -> None:
    """Piped in again, a rendered stream comes out as it went in."""
    once = rendered(FOREIGN[0] + carrier(filename=filename) + FOREIGN[1])
    again = post_render(once)

    assert b"".join(again.chunks) == once
    assert again.renderings == ()


def test_hooks_alone_pass() -> None:
    """Some hosts call a post-renderer once for the hooks; the catalog is in the other call."""
    stream = b"# hooks\n" + HOOK + b"---\n# none\n" + HOOK

    assert rendered(stream) == stream
    assert rendered(stream, given=GIVEN) == stream


def test_two_catalogs_of_different_namespaces() -> None:
    """Each carrier becomes its own objects, in its own place."""
    stream = FOREIGN[0] + carrier() + FOREIGN[1] + carrier(OTHER, release="second", namespace="elsewhere")
    result = post_render(stream)
    second = rendered(carrier(OTHER, release="second", namespace="elsewhere"))

    assert b"".join(result.chunks) == FOREIGN[0] + BLOCK + FLOOR + FOREIGN[1] + second
    assert [rendering.catalog.namespace for rendering in result.renderings] == ["demo-mcp", "other"]


def test_two_catalogs_of_one_release_have_two_reports() -> None:
    """A parent chart may hold the chart twice under two aliases; each report is named like its carrier."""
    stream = carrier(name="demo-tools-catalog") + carrier(OTHER, name="demo-labs-catalog")
    reports = [name for kind, name in _objects(rendered(stream)) if kind == "ConfigMap"]

    assert reports == ["home/demo-tools", "home/demo-labs"]


def test_two_catalogs_for_one_namespace() -> None:
    """Nobody could say whose policies are in force, so both are named."""
    second = carrier({**CATALOG, "mcpNamespace": {"name": "demo-mcp"}}, release="second")

    assert _sentences(carrier() + FOREIGN[0] + second) == [
        "ConfigMap home/demo-mcpfence-catalog and ConfigMap home/second-mcpfence-catalog both bring policies for "
        "namespace demo-mcp; give each its own mcpNamespace.name, or remove one"
    ]


def test_catalog_beside_its_own_output() -> None:
    """A rendered stream to which the chart was added once more is refused."""
    assert _sentences(BLOCK + carrier()) == [
        "ConfigMap home/demo-mcpfence-catalog brings policies for namespace demo-mcp, which the stream holds already; "
        "post-render the stream once"
    ]


def test_catalog_beside_the_output_of_another_release() -> None:
    """Streams of several releases may be joined before the last one is rendered."""
    assert rendered(BLOCK + carrier(OTHER, release="second")) == BLOCK + rendered(carrier(OTHER, release="second"))


def test_two_catalogs_whose_policies_add_up() -> None:
    """A workload of one catalog whose pods may be those of the other's server: each is proven among both's policies."""
    egress = {"cidrs": [{"cidr": "203.0.113.0/24", "ports": [443]}]}
    tier = {"workloads": {"api": {"namespace": "demo-mcp", "podSelector": {"tier": "api"}, "egress": egress}}}
    sentences = _sentences(carrier() + FOREIGN[0] + carrier({**OTHER, **tier}, release="second"))

    assert sentences == [
        "servers.vault: may reach 203.0.113.0 TCP 443, which the catalog does not grant: spec.egress[0] of NetworkPolicy "
        "demo-mcp/mcp-workload-api-egress lets it through; remove spec.egress[0] of NetworkPolicy "
        "demo-mcp/mcp-workload-api-egress, or narrow what it selects so that it cannot select app=vault",
        "workloads.api: may be reached by a pod with app=gateway in a namespace with kubernetes.io/metadata.name=gateways "
        "TCP 8080, which the catalog does not grant: spec.ingress[0] of NetworkPolicy demo-mcp/mcp-server-vault-ingress "
        "lets it through; remove spec.ingress[0] of NetworkPolicy demo-mcp/mcp-server-vault-ingress, or narrow what it "
        "selects so that it cannot select tier=api",
    ]
    apart = {**tier, "workloads": {"api": {**tier["workloads"]["api"], "podSelector": {"app": "api"}}}}
    assert rendered(carrier() + carrier({**OTHER, **apart}, release="second"))


def test_three_catalogs_whose_policies_add_up() -> None:
    """The third adds to the first, in whatever order they stand, and the second has nothing to do with it."""
    egress = {"cidrs": [{"cidr": "203.0.113.0/24", "ports": [443]}]}
    tier = {"workloads": {"api": {"namespace": "demo-mcp", "podSelector": {"tier": "api"}, "egress": egress}}}
    labs = {**CATALOG, "mcpNamespace": {"name": "labs"}}
    three = [
        carrier(),
        carrier({**OTHER, "servers": {"idle": container()}}, release="second"),
        carrier({**labs, **tier, "servers": {}}, release="third"),
    ]
    apart = carrier({**labs, "servers": {"calm": container()}}, release="third")

    for order in itertools.permutations(three):
        said = _sentences(b"".join(order))
        assert {sentence.partition(":")[0] for sentence in said} == {"servers.vault", "workloads.api"}
    assert len(post_render(b"".join([*three[:2], apart])).renderings) == 3


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_three_catalogs_two_of_one_namespace(order: tuple[int, ...]) -> None:
    """Two of them are named, wherever they stand and whatever gave them the namespace."""
    three = [
        carrier({**CATALOG, "mcpNamespace": {"name": "labs-mcp"}}, release="first"),
        carrier(OTHER, release="second"),
        carrier(CATALOG, release="labs"),
    ]
    (said,) = _sentences(b"".join(three[place] for place in order))
    names = ["first", "labs"] if order.index(0) < order.index(2) else ["labs", "first"]

    assert said == (
        f"ConfigMap home/{names[0]}-mcpfence-catalog and ConfigMap home/{names[1]}-mcpfence-catalog both bring policies "
        "for namespace labs-mcp; give each its own mcpNamespace.name, or remove one"
    )


def test_three_catalogs_of_one_release() -> None:
    """Reports of one name in one namespace would hide each other."""
    three = [carrier({**CATALOG, "mcpNamespace": {"name": name}}) for name in ("a", "b", "c")]
    said = _sentences(b"".join(three))

    assert said
    assert all(
        sentence.startswith("ConfigMap home/demo-mcpfence: the catalogs for namespaces a and ") for sentence in said
    )


def test_two_catalogs_that_fence_the_same_workload() -> None:
    """Workloads live in any namespace, so two catalogs could bring one policy twice."""
    workload = {"workloads": {"gateway": {"namespace": "shared", "podSelector": {"app": "gateway"}}}}
    sentences = _sentences(carrier({**CATALOG, **workload}) + carrier({**OTHER, **workload}, name="demo-labs-catalog"))

    assert sentences == [
        f"NetworkPolicy shared/mcp-workload-gateway-{direction}: the catalogs for namespaces demo-mcp and other both "
        "bring it; rename one of the servers or workloads"
        for direction in ("egress", "ingress")
    ]


def test_errors_of_two_catalogs_are_said_together() -> None:
    """What is wrong in the second catalog is not hidden by the first."""
    bad = catalog(a={"runtime": "containerised"})
    sentences = _sentences(
        carrier({**bad, "cluster": {"profile": "mainframe"}}) + carrier({**bad, "mcpNamespace": {"name": "o"}})
    )

    assert [sentence.split(":")[0] for sentence in sentences] == [
        "cluster.profile",
        "servers.a.runtime",
        "servers.a.runtime",
    ]


# --- streams that are refused ---


@pytest.mark.parametrize(
    "stream",
    [b"", b"\n", b"---\n", b"# Source: a\n", b"\xef\xbb\xbf---\n# a\n\n---\r\n", b"---\n...\n"],
    ids=["empty", "line", "separator", "comment", "comments", "end"],
)
def test_stream_without_documents(stream: bytes) -> None:
    """Nothing on stdin is a mistake, and under Helm 3 one flag is what causes it."""
    sentence = (
        "the stream on stdin holds no document; pipe `helm template` into it; "
        "with Helm 3's --output-dir use `mcpfence render -o DIR` instead"
    )

    assert _sentences(stream) == [sentence]
    assert _sentences(stream, given=GIVEN) == [sentence]


def test_stream_without_catalog() -> None:
    """Documents of others alone are refused: passing them on would look like success."""
    assert _sentences(FOREIGN[0] + HOOK) == [
        "the stream holds no mcpfence catalog; render the mcpfence chart (alone or as a subchart) in this release, "
        "or pass --catalog FILE"
    ]


def test_errors_of_the_catalog_stop_the_stream() -> None:
    """One bad server, and nothing at all comes out."""
    raw = catalog(a=container(egress={"domains": ["localhost"]}), b=container())

    assert _sentences(FOREIGN[0] + carrier(raw)) == [
        'servers.a.egress.domains[0]: "localhost" is the pod itself; remove it; a pod always reaches itself'
    ]


# --- what the neighbours mean ---


def _policy(name: str, namespace: str = "") -> bytes:
    place = f", namespace: {namespace}" if namespace else ""
    return f"---\nkind: NetworkPolicy\nmetadata: {{name: {name}{place}}}\n".encode()


def test_name_of_ours_taken_by_a_neighbour() -> None:
    """Two objects of one name in a release: the later would silently replace the earlier."""
    assert _sentences(_policy("mcp-server-vault-egress", "demo-mcp") + carrier())[0] == (
        "servers.vault: server vault and another document of the stream would both be NetworkPolicy "
        "demo-mcp/mcp-server-vault-egress; rename one of them"
    )


def test_same_name_in_another_namespace_is_free() -> None:
    """A neighbour without namespace lands in the release's own."""
    policy = _policy("mcp-server-vault-egress")

    assert rendered(policy + carrier()) == policy + BLOCK + FLOOR


def test_obots_own_policy_is_refused() -> None:
    """It opens every public address to every pod of its namespace, and policies add up."""
    assert _sentences(carrier() + _policy("mcp-egress-restrictions", "demo-mcp")) == [
        "NetworkPolicy demo-mcp/mcp-egress-restrictions: Obot's own policy opens every public address to every server, "
        "and policies add up; set mcpNamespace.networkPolicy.enabled=false in Obot's values"
    ]


SERVICE = b"""\
---
kind: Service
metadata: {name: redis, namespace: data}
spec: {selector: {app: redis}, ports: [{port: 6379, targetPort: wire}]}
---
kind: StatefulSet
metadata: {name: redis, namespace: data}
spec: {template: {metadata: {labels: {app: redis, tier: x}}, spec: {containers: [{ports: [{name: wire, containerPort: 7000}]}]}}}
"""


@pytest.mark.parametrize("place", ["before", "after", "beside"])
def test_services_are_looked_up(place: str) -> None:
    """Selector and pod ports come from a Service before or behind the carrier, or from manifests given beside."""
    raw = catalog(search=container(egress={"services": [{"name": "redis", "namespace": "data"}]}))
    stream = {"before": SERVICE + carrier(raw), "after": carrier(raw) + SERVICE, "beside": carrier(raw)}[place]
    more = list(yaml.safe_load_all(SERVICE)) if place == "beside" else []
    out = list(yaml.safe_load_all(rendered(stream, more=more)))
    (egress,) = [item["spec"]["egress"] for item in out if item["metadata"]["name"] == "mcp-server-search-egress"]

    assert egress[1] == {
        "to": [
            {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "data"}},
                "podSelector": {"matchLabels": {"app": "redis"}},
            }
        ],
        "ports": [{"protocol": "TCP", "port": 7000}],
    }


def test_service_without_namespace_belongs_to_the_release() -> None:
    """As Helm and kubectl take it, not to the policies' namespace."""
    raw = catalog(search=container(egress={"services": [{"name": "redis", "namespace": NAMESPACE}]}))
    stream = SERVICE.replace(b", namespace: data", b"") + carrier(raw)

    assert b"port: 7000" in rendered(stream)


# --- Helm 4 ---


def _filenames(stream: bytes) -> set[str | None]:
    key = "postrenderer.helm.sh/postrender-filename"
    found = [document for document in yaml.safe_load_all(stream) if document and "metadata" in document]
    return {(document["metadata"].get("annotations") or {}).get(key) for document in found}


FOLDER = "parent/charts/mcpfence/templates"
OURS = {f"{FOLDER}/mcpfence-networkpolicies.yaml", f"{FOLDER}/mcpfence-report.yaml"}


def test_documents_get_a_place_among_the_templates_under_helm4() -> None:
    """Helm 4 prints `# Source:` and sorts by this annotation; ours stand where the carrier's template is."""
    assert _filenames(ours(filename=f"{FOLDER}/carrier.yaml")) == OURS


def test_helm4_is_known_by_a_neighbour() -> None:
    """The annotation on any document tells Helm 4, also where the carrier lost its own."""
    neighbour = b"---\nmetadata: {annotations: {postrenderer.helm.sh/postrender-filename: a/b.yaml}}\n"

    assert _filenames(rendered(neighbour + carrier())) == {
        None,
        "a/b.yaml",
        "mcpfence/templates/mcpfence-networkpolicies.yaml",
        "mcpfence/templates/mcpfence-report.yaml",
    }


def test_helm4_is_known_by_the_caller() -> None:
    """HELM_PLUGIN_NAME says it too, even of a stream in which no document is annotated."""
    assert _filenames(ours(helm4=True)) == {
        "mcpfence/templates/mcpfence-networkpolicies.yaml",
        "mcpfence/templates/mcpfence-report.yaml",
    }


def test_no_annotation_under_helm3() -> None:
    """Nothing would take it away there, and it would be applied to the cluster."""
    assert _filenames(BLOCK) == {None}


def test_annotation_is_all_that_differs() -> None:
    """The objects are the same under both majors."""
    key = b"postrenderer.helm.sh/postrender-filename"
    lines = rendered(carrier({**CATALOG, "egress": {"provider": "aviatrix"}}), helm4=True).splitlines()
    kept = [line for line in lines if key not in line]
    text = b"\n".join(kept).replace(b"  annotations:\nspec", b"spec").replace(b"  annotations:\ndata", b"data")

    assert text + b"\n" == rendered(carrier({**CATALOG, "egress": {"provider": "aviatrix"}}))


# --- a catalog beside the stream ---


def test_given_catalog_stands_behind_the_namespaces() -> None:
    """Policies come before the pods that they fence, and behind the namespace that they need."""
    namespace = b"---\nkind: Namespace\nmetadata: {name: demo-mcp}\n"
    before, after = FOREIGN[0] + namespace, FOREIGN[12] + HOOK

    assert rendered(before + after, given=GIVEN) == before + BLOCK + after


def test_given_catalog_without_a_namespace_comes_first() -> None:
    """A stream that does not begin with a separator gets one behind our block."""
    assert rendered(b"kind: Deployment\n", given=GIVEN) == BLOCK + b"---\nkind: Deployment\n"
    assert rendered(FOREIGN[0], given=GIVEN) == BLOCK + FOREIGN[0]


def test_given_catalog_behind_a_namespace_without_line_break() -> None:
    """The line break that the last document lacks is added, since ours must begin a line."""
    assert rendered(b"kind: Namespace", given=GIVEN) == b"kind: Namespace\n" + BLOCK


def test_given_catalog_is_emitted_once() -> None:
    """Its own output passes; the output of another release does not keep it from being rendered."""
    once = rendered(FOREIGN[0], given=GIVEN)
    other = rendered(carrier(OTHER))

    assert rendered(once, given=GIVEN) == once
    assert rendered(other, given=GIVEN) == BLOCK + other


def test_given_catalog_and_carrier() -> None:
    """Two sources for one stream are refused."""
    assert _sentences(carrier(), given=GIVEN) == [
        "the stream brings its own catalog in ConfigMap home/demo-mcpfence-catalog; "
        "remove --catalog, or the mcpfence chart from this release"
    ]


# --- the report ---


def _report(raw: Any) -> dict[str, str]:
    (found,) = [item for item in yaml.safe_load_all(rendered(carrier(raw))) if item["kind"] == "ConfigMap"]
    assert set(map(type, found["data"].values())) == {str}
    data: dict[str, str] = found["data"]
    return data


def test_report_tells_what_was_rendered() -> None:
    """The ConfigMap in the carrier's place is where people read what Helm hides."""
    raw = catalog(
        search={"runtime": "uvx", "uvxConfig": {"package": "s", "egressDomains": ["api.example.org"]}},
        vault=CATALOG["servers"]["vault"],
    )
    data = _report(raw | {"egress": {"provider": "aviatrix"}, "cluster": {"profile": "aks"}})

    assert data["servers"].splitlines() == [
        "search (uvx): reaches names api.example.org; dns; called on 8099/TCP",
        "vault (containerized): reaches nothing; called on 8080/TCP",
    ]
    assert (data["namespace"], data["provider"], data["objects"]) == ("demo-mcp", "aviatrix", "7")
    assert data["findings"] == (
        "warning: servers.search: uvx fetches the package at every start, and no registry is granted; name your "
        "registry's host under egress.registries.uvx, or bake the package into the image [registry-missing]"
    )
    assert data["narrowings"].startswith("server search loses name 2000::/3")
    assert data["catalogDigest"].startswith("sha256:")


def test_report_stays_within_a_configmap() -> None:
    """However many servers and warnings there are, it says how many lines are missing."""
    servers = {f"server-{n:05}": {"runtime": "npx", "npxConfig": {"package": "x"}} for n in range(6000)}
    (rendering,) = post_render(carrier(catalog(**servers))).renderings
    data = yaml.safe_load(rendering.objects[-1].text)["data"]

    assert sum(map(len, data.values())) < 500_000
    assert data["servers"].splitlines()[-1].endswith(" more: run mcpfence check")


def test_digest_follows_the_catalog_and_nothing_else() -> None:
    """Equal catalogs in any order have one digest; another one has another."""
    two = catalog(a=container(), b=container())
    turned = {key: dict(reversed(list(value.items()))) for key, value in reversed(list(two.items()))}

    assert _report(two)["catalogDigest"] == _report(turned)["catalogDigest"] != _report(CATALOG)["catalogDigest"]


@pytest.mark.parametrize(("filename", "said"), [(f"{FOLDER}/carrier.yaml", True), ("", False)], ids=["helm4", "helm3"])
def test_folded_blocks_of_others_under_helm4(filename: str, said: bool) -> None:
    """Helm 4 changes them around the post-renderer, so they are a warning; Helm 3 does not. They pass as they came."""
    block = b"---\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  run: >\n    first\n      further\n"
    result = post_render(block + carrier(filename=filename))

    assert ("helm4-folded-block" in {finding.id for finding in result.findings}) is said
    assert b"".join(result.chunks).startswith(block)


def test_folded_blocks_beside_a_catalog_that_is_given() -> None:
    """Likewise where the chart is somebody else's."""
    block = (
        b"---\nkind: ConfigMap\nmetadata:\n  name: a\n  annotations:\n"
        b"    postrenderer.helm.sh/postrender-filename: 'a/b.yaml'\ndata:\n  run: >\n    first\n      further\n"
    )

    assert "helm4-folded-block" in {finding.id for finding in post_render(block, given=GIVEN).findings}
