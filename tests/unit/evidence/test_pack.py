"""Packs: digests, sums, and JSON that people can read."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from mcpfence.evidence.pack import PREDICATE, is_pack, json_text, sums_of
from packing import certificate_of, pack_of


def test_the_certificate_is_a_statement_about_the_manifests() -> None:
    """Subjects are the manifests alone; the other files stand in the predicate, so that a signature holds for them too."""
    pack = pack_of()
    statement = certificate_of(pack)

    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == PREDICATE
    assert [one["name"] for one in statement["subject"]] == ["manifests/rendered.yaml"]
    assert list(statement["predicate"]["files"]) == ["report.md"]


def test_sums_are_lines_of_sha256sum() -> None:
    """Digest, two blanks, name; in the order of names."""
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    assert sums_of({"b": b"", "a": b""}) == f"{empty}  a\n{empty}  b\n".encode()


def test_a_witness_stands_on_one_line() -> None:
    """However long it is: who compares two certificates compares witnesses."""
    lines = pack_of()["certificate.json"].decode().splitlines()
    witnesses = [line for line in lines if '"verdict"' in line]

    assert all(json.loads(line.strip().rstrip(",")) for line in witnesses)
    assert len(witnesses) > 20


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.text(max_size=9), inner, max_size=4)
            | st.fixed_dictionaries({"witnesses": inner})
        ),
    )
)
def test_the_text_is_json(value: object) -> None:
    """Any plain document is read back as it was."""
    assert json.loads(json_text(value)) == value


def test_what_is_a_pack() -> None:
    """The files that its sums list, and a certificate of ours; contents may be whatever they are."""
    pack = pack_of()

    assert is_pack(pack)
    assert is_pack({**pack, "report.md": b"other"})
    assert not is_pack({**pack, "notes.txt": b""})
    assert not is_pack({name: data for name, data in pack.items() if name != "certificate.json"})
    assert not is_pack({**pack, "certificate.json": b"{}"})
    assert not is_pack({"a": b""})
