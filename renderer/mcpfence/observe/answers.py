"""Names of addresses, from what DNS told the same pod before the flow.

A time to live does not count: connection pools outlive it.  The name is the one that was asked for, whatever CNAMEs
lie between.  Of several names for one address all are candidates and none is proven.

Many logs have whole seconds, and a pod connects milliseconds after it was answered: a flow without a fraction began at
some moment of its second, so an answer of the same second is one before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mcpfence.observe.record import FlowEnd
from mcpfence.observe.table import Tally
from mcpfence.observe.times import SECOND
from mcpfence.structs import Struct


class Candidates(Struct):
    """The names that an address may have stood for; `before`: one of them was told before the first flow began."""

    names: tuple[str, ...]
    before: bool


class AnswerBook:
    """Answers by whoever got them (a pod by namespace and name, else its address) and by address."""

    def __init__(
        self,
        answers: Mapping[tuple[FlowEnd, str, str], Tally],
        client_of: Callable[[FlowEnd, Tally], tuple[str, str] | None],
    ) -> None:
        self._by_pod: dict[tuple[str, str], dict[str, dict[str, int]]] = {}
        self.asked: dict[tuple[str, str], set[str]] = {}
        """Names that a pod asked for, answered or not."""
        for (client, address, name), tally in answers.items():
            pod = client_of(client, tally)
            if pod is None:
                continue
            self.asked.setdefault(pod, set()).add(name)
            if address:
                names = self._by_pod.setdefault(pod, {}).setdefault(address, {})
                names[name] = min(tally.first, names.get(name, tally.first))

    def names_of(self, pod: tuple[str, str], address: str, first: int, last: int) -> Candidates:
        """What the address stood for while some flows to it began, the first and the last of them at these times."""
        found = self._by_pod.get(pod, {}).get(address, {})
        names = tuple(sorted(name for name, time in found.items() if time <= _latest(last)))
        return Candidates(names, any(found[name] <= _latest(first) for name in names))


def _latest(time: int) -> int:
    """The last moment that a time may stand for: of its second, where it has no fraction."""
    return time if time % SECOND else time + SECOND - 1
