"""One question to the engine and to mcpfence.reach, and what comes of it, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from cilium.judge import Document, Judge, Question
from cilium.reached import Reached
from cilium.readings import READINGS, egress_names_as_numbers

WORDS = {"a": "both sides allow", "e": "only egress allows", "i": "only ingress allows", "n": "neither side allows"}
TITLE = "Cilium's engine and reach: no question left out"
SHOWN = 20
"""So many disagreements are kept for the message; all are counted."""


@dataclass(slots=True)
class Tally:
    """What was asked and what came of it."""

    sets: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    altered: Counter[str] = field(default_factory=Counter)
    """By reading: on how many verdicts the engine's differs from the API's, so that reach is asked what it means."""
    wrong: int = 0
    disagreements: list[str] = field(default_factory=list)

    def add(self, title: str, question: Question, ours: str, theirs: str) -> None:
        """The verdicts of one question."""
        self.verdicts.update(theirs)
        if ours == theirs:
            return
        for index, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            if mine != other:
                self.wrong += 1
                if len(self.disagreements) < SHOWN:
                    source, target, (protocol, port) = question.at(index)
                    where = f"{title}: {source} -> {target} {protocol} {port}"
                    self.disagreements.append(f"{where}: reach says {WORDS[mine]}, Cilium says {WORDS[other]}")

    def rows(self, title: str) -> list[str]:
        """What the end of the run shows, under TITLE."""
        asked, allowed = self.verdicts.total(), self.verdicts["a"]
        return [
            f"{title:<32} {self.sets:>5,} sets {asked:>10,} questions {allowed:>10,} allowed {asked - allowed:>10,} denied "
            f"{self.wrong:>3,} disagreements",
            *(f"{title:<32} of these {count:>7,} where {name}" for name, count in self.altered.items() if count),
        ]


def compare(
    judge: Judge, title: str, documents: Sequence[Document], questions: Sequence[Question], tally: Tally
) -> None:
    """Ask about manifests as they are, and reach about what they mean to the engine (readings)."""
    answers = judge.ask(documents, *questions)
    found = Reached(meant(documents, questions, tally))
    tally.sets += 1
    for question, answer in zip(questions, answers, strict=True):
        ours = found.verdicts(question)
        shown = found.connected(question)
        assert shown == "".join("01"[letter == "a"] for letter in ours), (
            f"{title}: `reach` and the proof's evaluator differ"
        )
        tally.add(title, question, ours, answer.verdicts)


def meant(
    documents: Sequence[Document], questions: Sequence[Question] = (), tally: Tally | None = None
) -> list[Document]:
    """The manifests after all readings; how much each of them alters goes into the tally."""
    found = list(documents)
    for name, reading in READINGS.items():
        after = reading(found)
        if tally and after != found:
            tally.altered[name] += altered(found, after, questions)
        found = after
    return egress_names_as_numbers(found)


def altered(before: Sequence[Document], after: Sequence[Document], questions: Sequence[Question]) -> int:
    """On how many verdicts a reading makes a difference."""
    old, new = Reached(before), Reached(after)
    pairs = (zip(old.connected(one), new.connected(one), strict=True) for one in questions)
    return sum(mine != other for pair in pairs for mine, other in pair)
