"""Cases, and samples of their wall time and peak memory, taken in turn so that noise meets all of them alike."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LAUNCH = Path(__file__).resolve().parent / "launch.py"

_UNITS_PER_MIB = 1024 * 1024 if sys.platform == "darwin" else 1024
"""ru_maxrss counts bytes on macOS and KiB elsewhere."""

_SLOW_ROUNDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One command to be measured; `command[0]` is a full path, `slow` ones take part in the first two rounds only."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    stdin: Path = Path(os.devnull)
    slow: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: wall time and CPU time of all its processes in seconds, peak memory of the largest of them in MiB."""

    seconds: float
    cpu: float
    mib: float


@dataclass(frozen=True, slots=True)
class Samples:
    """All runs of one case."""

    taken: list[Sample] = field(default_factory=list)

    @property
    def best(self) -> float:
        """The shortest time: other work on the machine only ever adds to it."""
        return min(sample.seconds for sample in self.taken)

    @property
    def median(self) -> float:
        """The median of the times."""
        return statistics.median(sample.seconds for sample in self.taken)

    @property
    def cpu(self) -> float:
        """The least CPU time, user and system: nearly the same on a busy machine as on a quiet one."""
        return min(sample.cpu for sample in self.taken)

    @property
    def mib(self) -> float:
        """The largest peak."""
        return max(sample.mib for sample in self.taken)


def run(case: Case, folder: Path) -> Sample:
    """Run a case once; its output stays in `folder` as `<name>.out`. Raises RuntimeError where it fails."""
    output, errors = folder / f"{case.name}.out", folder / f"{case.name}.err"
    command = [sys.executable, "-I", "-S", str(LAUNCH), str(case.stdin), str(output), str(errors), *case.command]
    said = subprocess.run(command, env=dict(case.environment), capture_output=True, text=True, check=True).stdout
    status, seconds, cpu, peak = said.split()
    if status != "0" or not output.stat().st_size:
        last = "\n".join(errors.read_text(encoding="utf-8", errors="replace").splitlines()[-5:])
        raise RuntimeError(f"{case.name} failed (wait status {status}): {last}")
    return Sample(float(seconds), float(cpu), float(peak) / _UNITS_PER_MIB)


def alternate(cases: Sequence[Case], rounds: int, folder: Path) -> dict[str, Samples]:
    """Run every case (but the slow ones) once uncounted, then `rounds` times in turn; by name of the case."""
    found = {case.name: Samples() for case in cases}
    for case in cases:
        if not case.slow:
            run(case, folder)
    for number in range(rounds):
        for case in cases:
            if number < _SLOW_ROUNDS or not case.slow:
                found[case.name].taken.append(run(case, folder))
    return found
