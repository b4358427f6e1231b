"""Probes: many packets at once between hosts of the lab, and what became of each."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from packet_host import Host


class Probe(NamedTuple):
    """One packet to try: from an address of a host to an address of another one."""

    source: Host
    source_address: str
    target: Host
    address: str
    protocol: str
    port: int


class Result(NamedTuple):
    """What became of a probe: whether it got there and back, whether it got there at all, and how it ended."""

    open: bool
    arrived: bool
    word: str


def try_all(probes: Sequence[Probe], wait: float) -> list[Result]:
    """Try all probes at once; `wait` seconds after the last packet was sent, what has not answered is closed.

    A probe is open if the target answered and had been reached at the right address and port.  Both ends are asked:
    a packet that arrived, though its answer did not, has `arrived` set.
    """
    targets: dict[Host, set[int]] = {}
    sources: dict[Host, list[int]] = {}
    for index, probe in enumerate(probes):
        targets.setdefault(probe.target, set()).add(probe.port)
        sources.setdefault(probe.source, []).append(index)
    for host, ports in targets.items():
        host.listen(ports)
        host.ask(do="seen")
    for host, indexes in sources.items():
        asked = [probes[index] for index in indexes]
        host.send(do="probe", wait=wait, probes=[[p.protocol, p.source_address, p.address, p.port] for p in asked])
    answers: dict[int, list[Any]] = {}
    for host, indexes in sources.items():
        answers.update(zip(indexes, host.answer(wait + 60), strict=True))
    arrivals = (item for host in targets for item in host.ask(do="seen"))
    seen = {(protocol, _same(source), port, _same(to), at) for protocol, source, port, to, at, _ in arrivals}
    return [_result(probe, answers[index], seen) for index, probe in enumerate(probes)]


def _result(probe: Probe, answer: Sequence[Any], seen: set[tuple[Any, ...]]) -> Result:
    word, port, reached = answer
    arrived = (probe.protocol, _same(probe.source_address), port, _same(probe.address), probe.port) in seen
    place, _, number = reached.partition(" ")
    is_open = word == "open" and arrived and (_same(place), number) == (_same(probe.address), str(probe.port))
    return Result(is_open, arrived or word == "open", word if word != "open" or is_open else f"answered as {reached}")


@lru_cache(maxsize=65536)
def _same(address: str) -> str:
    """An address in the one form that Python writes; the C library writes ::ffff:ffff as ::255.255.255.255."""
    return str(ipaddress.ip_address(address))
