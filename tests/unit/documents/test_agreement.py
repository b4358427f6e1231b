"""Policies that the cluster would take and that readers of YAML see differently, or only some of them."""

from __future__ import annotations

import pytest

from doubtful import DOUBTFUL, POLICY, SEEN, TAG, UNREAD, WIDER
from edges import carrier, rendered
from mcpfence.documents.agreement import load_judged
from mcpfence.documents.reader import BadDocument
from mcpfence.findings.finding import McpfenceError
from mcpfence.streams.post_render import post_render


def _said(piece: bytes) -> str:
    with pytest.raises(McpfenceError) as caught:
        post_render(b"---\n" + piece + carrier())
    (finding,) = [finding for finding in caught.value.findings if finding.severity.value == "error"]
    return finding.message


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


@pytest.mark.parametrize(("text", "reason", "line", "column"), DOUBTFUL.values(), ids=DOUBTFUL)
def test_policy_that_readers_read_differently(text: str, reason: str, line: int, column: int) -> None:
    """Which of two readings the cluster takes is not ours to guess."""
    assert _said(text.encode()) == _doubt(reason, line, column)


@pytest.mark.parametrize("tag", ["!", "!!float", "!!null", "!x", "!<!int>"])
def test_tag_that_readers_read_differently(tag: str) -> None:
    """A port behind it is one that only some readers see."""
    spec = f"spec: {{podSelector: {{}}, egress: [{{ports: [{{port: {tag} 80}}]}}]}}\n"

    assert TAG in _said((POLICY + spec).encode())


@pytest.mark.parametrize("value", ['!!int "80"', "!!int 80", "!!int -1", "!!str http", "!!str 80", '!!str "a b"'])
def test_tag_that_changes_nothing(value: str) -> None:
    """Every reader reads it alike, and so do we."""
    (read,) = load_judged(f"{POLICY}spec: !!map {{egress: !!seq [!!map {{port: {value}}}], a: &x {value}, b: *x}}\n")
    (plain,) = load_judged(f"{POLICY}spec: {{egress: [{{port: {_without(value)}}}], a: {_without(value)}}}\n")

    assert read["spec"].pop("b") == read["spec"]["a"]
    assert read == plain


def _without(value: str) -> str:
    tag, _, text = value.partition(" ")
    bare = text.strip('"')
    return f'"{bare}"' if tag == "!!str" else bare


@pytest.mark.parametrize("value", ["!!int 0x10", '!!int "017"', "!!str", "!!int 99999999999", "!!map []", "!!seq {}"])
def test_tag_before_what_is_not_plainly_so(value: str) -> None:
    """Other spellings of a number, nothing, and what a tag does not fit stay refused."""
    with pytest.raises(BadDocument):
        load_judged(f"{POLICY}spec: {{a: {value}}}\n")


@pytest.mark.parametrize("piece", UNREAD.values(), ids=UNREAD)
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


def test_byte_order_mark_inside_a_policy() -> None:
    """Go reads another key, and so a policy of the release's own namespace; without policies it is nobody's business."""
    text = (
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: debug,\n\ufeffnamespace: elsewhere}\n"
    )
    with pytest.raises(BadDocument) as caught:
        load_judged(text)

    assert str(caught.value) == "a line begins with a byte order mark, which only some readers skip"
    assert (caught.value.line, caught.value.column) == (4, 1)
    assert load_judged(text.replace("NetworkPolicy", "ConfigMap"))
