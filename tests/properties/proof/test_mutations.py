"""Mutants: one edit of one rendered policy.  The proof must catch exactly those that change what may pass.

Brute force over sampled packets (`bruteforce`, `packets`) says which those are.  `make test` takes the first and the
last place of each distinct block of rules, `make fuzz` takes every place of every policy.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from itertools import islice

import pytest

from proof.catalogs import OWN
from proof.mutants import KINDS, Mutant, judged, mutants, representatives
from proof.scenes import example_titles, scene
from proof.table import PROPERTY, count

TITLES = [*OWN, *example_titles()]
PARTS = 4
"""Of each scene, so that all cores have work."""

EVERYTHING = os.environ.get("MCPFENCE_HYPOTHESIS") == "fuzz"

HARMLESS = {
    "annotation added",
    "block cut into halves",
    "cidr of a smart group one bit wider",  # the NetworkPolicy does not open what is added there, here and below
    "cidr with host bits",
    "destination added to a rule",
    "domain in capital letters",
    "domain twice",
    "every address added to a smart group",
    "except inside an except",
    "firewall renamed",
    "label as expression",
    "logging switched off",
    "name below a wildcard added",
    "namespace of a smart group dropped",
    "other direction opened, its type not listed",
    "peer twice",
    "peers reversed",
    "permit of everything put last",
    "policy renamed",
    "policyTypes of both directions",
    "protocol of a rule dropped",
    "range cut in two",
    "rule repeated under another name",
    "rule twice",
    "rules reversed",
    "same policy twice",
    "second firewall in another namespace",
    "second policy, a part of the first",
    "second policy, the floor",
    "second policy, wide, other namespace",
    "smart group that nobody uses",
    "tags dropped",
}
"""Kinds of edits that never change reach, because they say the same in other words or stand behind another layer."""


@cache
def _chosen() -> dict[str, list[Mutant]]:
    return representatives([scene(title) for title in TITLES])


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("title", TITLES)
def test_the_proof_catches_what_changes_reach(
    title: str, part: int, record_property: Callable[[str, object], None]
) -> None:
    """A mutant that lets through more or less is refused, and one that says the same in other words passes."""
    here = scene(title)
    chosen = islice(mutants(here) if EVERYTHING else _chosen()[title], part, None, PARTS)
    outcomes = [(mutant, judged(here, mutant)) for mutant in chosen]

    record_property(
        PROPERTY, count((mutant.kind, bool(told.changed), bool(told.findings)) for mutant, told in outcomes)
    )
    wrong = [
        f"{mutant.kind} at {mutant.place}: brute force {told.changed or 'sees no change'}, "
        f"the proof says {[finding.message for finding in told.findings] or 'nothing'}"
        for mutant, told in outcomes
        if not told.agreed
    ]
    assert not wrong, "\n".join(wrong[:10])


def test_every_kind_is_applied() -> None:
    """There are more than 40 kinds of edits, and each fits somewhere in these catalogs."""
    applied = {mutant.kind for found in _chosen().values() for mutant in found}

    assert len(KINDS) >= 40
    assert applied == set(KINDS)


def test_every_kind_bites() -> None:
    """Each kind of edit is caught somewhere, but for those that are known to change nothing."""
    waiting = set(KINDS) - HARMLESS
    for title, found in _chosen().items():
        for mutant in found:
            if mutant.kind in waiting and scene(title).proven(mutant.fences, mutant.after):
                waiting.discard(mutant.kind)

    assert waiting == set()
