"""The stream: cut into pieces without losing a byte, carriers found in it and read, everything else left alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edges import CATALOG
from edges import carrier as carrier_and_floor
from mcpfence.findings.finding import McpfenceError
from mcpfence.streams.stream import documents, is_blank, is_hook, read_stream, split

HOOK = b"---\nkind: Job\nmetadata:\n  name: a\n  annotations:\n    helm.sh/hook: pre-install\n"
PIECES = st.sampled_from([b"---\n", b"--- # c\n", b"---", b"----\n", b"---a\n", b" ---\n", b"\r\n", b"\n", b"a: 1\n"])


def carrier(raw: Any = CATALOG, **how: str) -> bytes:
    """The carrier alone."""
    return carrier_and_floor(raw, floor=False, **how)


def _sentence(stream: bytes) -> str:
    with pytest.raises(McpfenceError) as caught:
        read_stream(stream)
    return str(caught.value)


# --- pieces ---


@given(st.lists(st.one_of(PIECES, st.binary(max_size=20))).map(b"".join))
def test_pieces_are_the_stream(data: bytes) -> None:
    """Put together again, the pieces of any bytes are these bytes, and only the first may lack a separator."""
    pieces = split(data)

    assert b"".join(pieces) == data
    assert all(piece.startswith(b"---") for piece in pieces[1:])


@pytest.mark.parametrize(
    "line",
    [b"---\n", b"---\r\n", b"--- \n", b"---\t# comment\n", b"--- # Source: a/templates/b.yaml\n", b'--- {"a": 1}\n'],
)
def test_lines_that_separate(line: bytes) -> None:
    """Three dashes at the beginning of a line end a document, whatever comes behind a blank."""
    assert split(b"a: 1\n" + line + b"b: 2\n") == (b"a: 1\n", line + b"b: 2\n")


@pytest.mark.parametrize("line", [b"---a\n", b"----\n", b" ---\n", b"a: ---\n", b"--\n", b"  --- \n", b"...\n"])
def test_lines_that_do_not_separate(line: bytes) -> None:
    """Dashes inside a line, more of them, or letters behind them are content."""
    assert split(b"a: 1\n" + line + b"b: 2\n") == (b"a: 1\n" + line + b"b: 2\n",)


def test_dashes_inside_a_block_scalar() -> None:
    """A script or certificate with `---` in it is one document, since block scalars are indented."""
    text = b"---\ndata:\n  run: |\n    ---\n    echo\n    --- \n  end: |-\n   ---\n"

    assert split(text) == (text,)


def test_dashes_at_the_very_end() -> None:
    """A separator without a line break and without a document behind it is a piece of its own."""
    assert split(b"a: 1\n---") == (b"a: 1\n", b"---")


def test_byte_order_mark_belongs_to_the_first_piece() -> None:
    """A mark before the first separator does not make a piece of three bytes."""
    assert split(b"\xef\xbb\xbf---\na: 1\n---\nb: 2\n") == (b"\xef\xbb\xbf---\na: 1\n", b"---\nb: 2\n")


@pytest.mark.parametrize(
    ("piece", "blank"),
    [
        (b"---\n", True),
        (b"---", True),
        (b"--- # note\n\n  # another\n", True),
        (b"\xef\xbb\xbf---\n# note\n", True),
        (b"# note\r\n\r\n", True),
        (b"---\n...\n", True),
        (b"---\na: 1\n", False),
        (b"--- {a: 1}\n", False),
        (b"--- a\n", False),
        (b"# note\na: 1", False),
    ],
)
def test_blank_pieces(piece: bytes, blank: bool) -> None:
    """Comments, white space and separators alone are no document."""
    assert is_blank(piece) is blank


@pytest.mark.parametrize(
    ("piece", "hook"),
    [
        (HOOK, True),
        (b'---\n{"metadata": {"annotations": {"helm.sh/hook": "test"}}}\n', True),
        (b"---\nkind: Job\nmetadata: {name: a} # helm.sh/hook: none\n", False),
        (b"---\nkind: Job\nmetadata: {labels: {helm.sh/hook: test}}\n", False),
        (b"---\nkind: Job\nmetadata: {annotations: {helm.sh/hook-weight: '1'}}\n", False),
        (b"---\nhelm.sh/hook: [\n", False),
        (b"--- # helm.sh/hook\n", False),
    ],
)
def test_hooks(piece: bytes, hook: bool) -> None:
    """A hook carries the annotation; the word elsewhere makes none."""
    assert is_hook(piece) is hook


def test_documents_of_pieces_that_are_no_yaml_are_passed_over() -> None:
    """Looking for Services never fails on what somebody else broke."""
    found = documents(
        [b"---\nkind: Service\na: 1\n", b"---\nkind: Service\na: [\n", b"---\nkind: Other\n"], (b"Service",)
    )

    assert found == [{"kind": "Service", "a": 1}]


# --- carriers ---


@pytest.mark.parametrize(
    "stream",
    [
        carrier(),
        carrier().removeprefix(b"---\n"),
        b"\xef\xbb\xbf" + carrier(),
        b"\xef\xbb\xbf" + carrier().removeprefix(b"---\n"),
        b"---\na: 1\n" + carrier() + b"---\nb: 2\n",
        carrier().replace(b"\n", b"\r\n"),
        carrier().rstrip(b"\n"),
        carrier().replace(b"mcpfence.io/carrier: catalog", b'"mcpfence.io/carrier": "catalog"'),
        carrier() + b"---",
    ],
    ids=["alone", "no-separator", "bom", "bom-no-separator", "between", "crlf", "no-newline", "quoted", "open-end"],
)
def test_carrier_is_found(stream: bytes) -> None:
    """Wherever it stands and however its lines end, the catalog arrives as it was."""
    (found,) = read_stream(stream).carriers

    assert (found.release, found.namespace, found.catalog) == ("demo", "home", CATALOG)
    assert found.title == "ConfigMap home/demo-mcpfence-catalog"


def test_carrier_as_json_on_the_separator_line() -> None:
    """Another post-renderer may have written it as JSON."""
    text = b'--- {"kind": "ConfigMap", "metadata": {"name": "x", "labels": {"mcpfence.io/carrier": "catalog"}}, '
    text += b'"data": {"catalog": "{\\"version\\": \\"1\\", \\"release\\": \\"r\\", \\"namespace\\": \\"n\\", \\"catalog\\": 7}"}}\n'

    (found,) = read_stream(text).carriers

    assert (found.name, found.release, found.catalog) == ("x", "r", 7)


def test_carrier_knows_its_template_under_helm4() -> None:
    """Helm 4 says from which template a document comes; ours will stand beside it."""
    stream = read_stream(carrier(filename="parent/charts/mcpfence/templates/carrier.yaml"))

    assert stream.helm4
    assert stream.carriers[0].filename == "parent/charts/mcpfence/templates/carrier.yaml"
    assert not read_stream(carrier()).helm4


@pytest.mark.parametrize(
    "piece",
    [
        b"---\n# mcpfence.io/carrier: catalog\nkind: ConfigMap\n",
        b"---\nkind: ConfigMap\nmetadata: {name: a, annotations: {mcpfence.io/carrier: catalog}}\n",
        b"---\nkind: ConfigMap\nmetadata: {name: a, labels: {mcpfence.io/carrier: other}}\n",
        b"---\nkind: Secret\nmetadata: {name: a, labels: {mcpfence.io/carrier: catalog}}\n",
        b"---\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  x: |\n    labels: {mcpfence.io/carrier: catalog}\n",
        b"---\n- mcpfence.io/carrier\n",
        b"---\nmetadata: mcpfence.io/carrier\nkind: ConfigMap\n",
        b"---\nkind: ConfigMap\nmetadata: {labels: [mcpfence.io/carrier]}\n",
    ],
)
def test_label_elsewhere_makes_no_carrier(piece: bytes) -> None:
    """A document that only speaks of the label is somebody else's."""
    stream = read_stream(piece)

    assert (stream.carriers, stream.rendered) == ((), ())


def test_report_of_an_earlier_render_is_known() -> None:
    """The report names the namespace whose policies the stream holds already."""
    text = b"---\nkind: ConfigMap\nmetadata: {labels: {mcpfence.io/carrier: rendered}}\ndata: {namespace: tools}\n"

    assert read_stream(text).rendered == ("tools",)


@pytest.mark.parametrize("data", [b"", b"data: [1]\n", b"data: {}\n", b"data: {namespace: 7}\n"])
def test_report_without_its_data_is_no_crash(data: bytes) -> None:
    """A damaged report is still one: the stream counts as rendered."""
    text = b"---\nkind: ConfigMap\nmetadata: {labels: {mcpfence.io/carrier: rendered}}\n" + data

    assert len(read_stream(text).rendered) == 1


def _payload(text: str) -> bytes:
    return carrier().replace(carrier().splitlines()[-1].strip(), text.encode())


AGAIN = "; render the chart again; nothing may change this ConfigMap on its way"
BROKEN: list[tuple[Any, str]] = [
    (_payload("{"), "ConfigMap demo-mcpfence-catalog: holds no JSON under data.catalog"),
    (_payload("[" * 100_000), "ConfigMap demo-mcpfence-catalog: holds no JSON under data.catalog"),
    (_payload("7"), "ConfigMap demo-mcpfence-catalog: holds a number under data.catalog, not a mapping"),
    (_payload("null"), "ConfigMap demo-mcpfence-catalog: holds null under data.catalog, not a mapping"),
    (_payload("{}"), "ConfigMap demo-mcpfence-catalog: has no release"),
    (_payload('{"release": "r", "namespace": ""}'), "ConfigMap demo-mcpfence-catalog: has no namespace"),
    (_payload('{"release": "r", "namespace": 7}'), "ConfigMap demo-mcpfence-catalog: has no namespace"),
    (_payload('{"release": "r", "namespace": "n"}'), "ConfigMap demo-mcpfence-catalog: has no version"),
    (
        carrier().replace(b"  catalog: |-", b"  other: |-"),
        "ConfigMap demo-mcpfence-catalog: has no text under data.catalog",
    ),
    (carrier().split(b"\ndata:")[0], "ConfigMap demo-mcpfence-catalog: has no text under data.catalog"),
    (
        carrier().split(b"\ndata:")[0] + b"\ndata: []\n",
        "ConfigMap demo-mcpfence-catalog: has no text under data.catalog",
    ),
]


@pytest.mark.parametrize(("stream", "sentence"), BROKEN)
def test_damaged_carrier(stream: bytes, sentence: str) -> None:
    """What was changed on its way is refused, with the ConfigMap's name and what is wrong with it."""
    assert _sentence(stream) == sentence + AGAIN


def test_carrier_that_is_no_yaml() -> None:
    """Where even the YAML is broken, the place in the stream is named."""
    sentence = _sentence(b"---\na: 1\n" + carrier().replace(b"kind: ConfigMap", b"kind: [ConfigMap"))

    assert sentence.startswith(
        "document 2 of the stream: mentions mcpfence.io/carrier but is no YAML that can be read ("
    )
    assert sentence.endswith("); render the chart again; the document must pass through other post-renderers unharmed")


def test_two_documents_without_a_line_between() -> None:
    """A carrier that shares its piece with another document, as behind a lone carriage return, cannot be cut out."""
    sentence = _sentence(b"---\na: 1\r" + carrier())

    assert sentence == (
        "document 1 of the stream: holds the carrier and another document; put a line --- between the documents"
    )


def test_secrets_of_a_damaged_carrier_are_not_said() -> None:
    """The content of a carrier that cannot be read is never quoted."""
    sentence = _sentence(_payload('{"servers": {"a": {"env": {"TOKEN": "hunter2"'))

    assert "hunter2" not in sentence
