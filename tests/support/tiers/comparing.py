"""One question to the engine and to mcpfence.reach, and what comes of it, counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from cilium.judge import Question

WORDS = {"a": "both sides allow", "e": "only egress allows", "i": "only ingress allows", "n": "neither side allows"}
SIDES = {"a": (True, True), "e": (True, False), "i": (False, True), "n": (False, False)}
SHOWN = 20


@dataclass(slots=True)
class Tally:
    """What was asked and what came of it."""

    catalogs: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    named: int = 0
    doubtful: int = 0
    """Questions that reach answers with bounds, for an engine may say either."""
    altered: int = 0
    """Answers of reach that were asked for with a known fault of the engine."""
    wrong: int = 0
    disagreements: list[str] = field(default_factory=list)

    def add(
        self, title: str, question: Question, ours: tuple[str, str], theirs: str, *, narrower: bool = False
    ) -> None:
        """The verdicts of one question; `narrower`: the engine may let less pass than reach says."""
        self.verdicts.update(theirs)
        self.named += len(theirs) if question.name else 0
        for index, (least, most, other) in enumerate(zip(*ours, theirs, strict=True)):
            self.doubtful += least != most
            if not _between(least, other, most, narrower=narrower):
                self.wrong += 1
                if len(self.disagreements) < SHOWN:
                    source, target, (protocol, port) = question.at(index)
                    where = f"{title}: {source} -> {target} {protocol} {port} {question.name}".rstrip()
                    said = WORDS[least] if least == most else f"from {WORDS[least]} to {WORDS[most]}"
                    self.disagreements.append(f"{where}: reach says {said}, the engine says {WORDS[other]}")

    def row(self, title: str) -> str:
        """What the end of the run shows."""
        asked, allowed = self.verdicts.total(), self.verdicts["a"]
        return (
            f"{title:<34} {self.catalogs:>5,} catalogs {asked:>9,} questions {self.named:>9,} under names "
            f"{allowed:>9,} allowed {self.doubtful:>8,} bounds {self.altered:>5,} altered {self.wrong:>3,} disagreements"
        )


def _between(least: str, other: str, most: str, *, narrower: bool) -> bool:
    sides = zip(SIDES[least], SIDES[other], SIDES[most], strict=True)
    return all((narrower or low <= said) and said <= high for low, said, high in sides)
