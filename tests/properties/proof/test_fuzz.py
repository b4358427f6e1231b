"""`tools/fuzz_catalogs.py`: the seeds that it renders are sound, and a planted fault is found and printed with its seed."""

from __future__ import annotations

import pytest

from fuzz_catalogs import run_chunk
from mcpfence.providers.networkpolicy import emit
from quick_catalogs import make_catalog


def test_the_first_seeds_have_no_fault() -> None:
    """Catalogs render, few are refused, and those that are asked packet by packet allow what they grant."""
    tally = run_chunk((0, 120))

    assert (tally.catalogs, tally.faults) == (120, ())
    assert tally.refused < 12
    assert tally.packets > 100


def test_a_seed_is_always_the_same_catalog() -> None:
    """A fault can be looked at again."""
    assert make_catalog(7) == make_catalog(7)
    assert make_catalog(7) != make_catalog(8)


def test_a_planted_fault_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Policies that forget their excepts are refused by the proof, with the seed and the catalog behind the sentence."""
    monkeypatch.setattr(emit, "_cidr_list", lambda _members: [])

    faults = run_chunk((0, 40)).faults

    assert any("which the catalog does not grant" in fault and "\n  seed " in fault for fault in faults)
