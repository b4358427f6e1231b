"""The hand of the lab inside one network namespace: it listens, it probes, and it tells what arrived.

Run as `python -s -E packet_agent.py`; one JSON command a line on stdin, one JSON answer a line on stdout:

    {"do": "listen", "ports": [80, 443]}            TCP and UDP on these ports of every address, and on no others
    {"do": "probe", "wait": 0.7, "probes": [["TCP", SOURCE, ADDRESS, PORT], ...]}
        each from a source port of its own, all at once; wait counts from the last packet that is sent
        -> [["open", SOURCE PORT, "ADDRESS PORT"], ["timeout", ...], ["refused", ...], ...]
    {"do": "seen"}                                  -> [[PROTOCOL, FROM, SOURCE PORT, ADDRESS, PORT, SECONDS], ...]
    {"do": "stream", "to": [ADDRESS, PORT], "every": 0.005}    one datagram after the other, each a flow of its own
    {"do": "sent"}                                  -> how many of them by now
    {"do": "stop"}                                  -> {SOURCE PORT: SECONDS when it was sent}
    {"do": "serve", "ports": [8080]}                HTTP instead, which answers 200 and says in JSON what it was asked

SECONDS are of the machine's monotonic clock.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
import resource
import selectors
import socket
import struct
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from packet_listeners import Action, Listeners

_FIRST_PORT, _LAST_PORT = 20000, 59999
_FAMILIES = (socket.AF_INET, socket.AF_INET6)


def source_ports() -> Iterator[int]:
    """Every probe has a source port that none had for a long time, so no earlier flow lends it its verdict."""
    return itertools.cycle(range(_FIRST_PORT, _LAST_PORT + 1))


class Agent:
    """One loop over commands, listeners and probes."""

    def __init__(self) -> None:
        self._events = selectors.DefaultSelector()
        self._listeners = Listeners(self)
        self._dropped: set[object] = set()
        self._ports = source_ports()
        self._in, self._out = b"", b""
        self._timers: list[tuple[float, Action]] = []
        self._streaming: dict[str, Any] | None = None
        self._sent: dict[str, float] = {}

    def run(self) -> None:
        """Until stdin ends."""
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a plan has hundreds of probes and listeners
        for descriptor in (0, 1):
            os.set_blocking(descriptor, False)
        self._events.register(0, selectors.EVENT_READ, self._read)
        while True:
            soonest = min((when for when, _ in self._timers), default=None)
            rest = None if soonest is None else max(0.0, soonest - time.monotonic())
            self._dropped.clear()
            for key, _ in self._events.select(rest):
                if key.fileobj not in self._dropped:  # by what stood before it in this very list
                    key.data()
            now = time.monotonic()
            due = [timer for timer in self._timers if timer[0] <= now]
            self._timers = [timer for timer in self._timers if timer[0] > now]
            for _, action in due:
                action()

    # --- commands ---

    def _read(self) -> None:
        found = os.read(0, 1 << 20)
        if not found:
            raise SystemExit
        *lines, self._in = (self._in + found).split(b"\n")
        for line in lines:
            command = json.loads(line)
            getattr(self, f"do_{command.pop('do')}")(**command)

    def say(self, answer: Any) -> None:
        """Never blocks: while an answer waits to be read, the listeners must go on."""
        if not self._out:
            self._events.register(1, selectors.EVENT_WRITE, self._write)
        self._out += json.dumps(answer, separators=(",", ":")).encode() + b"\n"

    def _write(self) -> None:
        self._out = self._out[os.write(1, self._out) :]
        if not self._out:
            self._events.unregister(1)

    def do_seen(self) -> None:
        self.say(self._listeners.seen())

    def do_listen(self, ports: list[int]) -> None:
        self._listeners.listen({(port, kind) for port in ports for kind in ("TCP", "UDP")})
        self.say(None)

    def do_serve(self, ports: list[int]) -> None:
        self._listeners.listen({(port, "HTTP") for port in ports})
        self.say(None)

    # --- probing ---

    def do_probe(self, probes: list[list[Any]], wait: float) -> None:
        Round(self, probes).start(wait)

    def watch(self, one: socket.socket, action: Action) -> None:
        """Call `action` whenever there is something to read."""
        self._events.register(one, selectors.EVENT_READ, action)

    def drop(self, one: socket.socket) -> None:
        """Forget a socket and close it."""
        self._dropped.add(one)
        self._events.unregister(one)
        one.close()

    def after(self, seconds: float, action: Action) -> None:
        """Call `action` once, so much later."""
        self._timers.append((time.monotonic() + seconds, action))

    def bound(self, protocol: str, source: str, *, is_v6: bool) -> socket.socket:
        """A socket for one probe, with a source port of its own."""
        one = socket.socket(_FAMILIES[is_v6], socket.SOCK_STREAM if protocol == "TCP" else socket.SOCK_DGRAM)
        one.setblocking(False)  # noqa: FBT003
        if protocol == "TCP":  # closed at once, and its port is free for a listener of the next plan
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for port in self._ports:
            try:
                one.bind((source, port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
            else:
                break
        return one

    # --- streaming ---

    def do_stream(self, to: list[Any], every: float) -> None:
        self._streaming, self._sent = {"to": tuple(to), "every": every}, {}
        self._tick()
        self.say(None)

    def _tick(self) -> None:
        if self._streaming:
            one = self.bound("UDP", "", is_v6=":" in self._streaming["to"][0])
            with contextlib.suppress(OSError):
                self._sent[str(one.getsockname()[1])] = time.monotonic()
                one.sendto(b"?", self._streaming["to"])
            one.close()
            self.after(self._streaming["every"], self._tick)

    def do_sent(self) -> None:
        self.say(len(self._sent))

    def do_stop(self) -> None:
        self._streaming = None
        self.say(self._sent)


class Round:
    """Probes that are sent together; when the last has its answer, or time is up, all answers are said."""

    def __init__(self, agent: Agent, probes: list[list[Any]]) -> None:
        self._agent = agent
        self._probes = probes
        self._answers: list[Any] = [None] * len(probes)
        self._waiting: dict[int, socket.socket] = {}

    def start(self, wait: float) -> None:
        """Send everything."""
        failed: dict[int, str] = {}
        for index, (protocol, source, address, port) in enumerate(self._probes):
            one = self._waiting[index] = self._agent.bound(protocol, source, is_v6=":" in address)
            self._agent.watch(one, partial(self._heard, index))
            try:
                with contextlib.suppress(BlockingIOError):
                    one.connect((address, port))
                if protocol == "UDP":
                    one.send(b"?")
            except OSError as error:
                failed[index] = _word(error)
        self._agent.after(wait / 2, self._again)
        self._agent.after(wait, self._give_up)
        for index, word in failed.items():
            self._finish(index, word)

    def _heard(self, index: int) -> None:
        try:
            found = self._waiting[index].recv(2048)
        except OSError as error:
            self._finish(index, _word(error))
        else:
            self._finish(index, "open" if found else "reset", found.decode().strip())

    def _again(self) -> None:
        """A datagram that was lost on the way is no verdict."""
        for index, one in self._waiting.items():
            if self._probes[index][0] == "UDP":
                with contextlib.suppress(OSError):
                    one.send(b"?")

    def _give_up(self) -> None:
        for index in list(self._waiting):
            self._finish(index, "timeout")

    def _finish(self, index: int, word: str, reached: str = "") -> None:
        one = self._waiting.pop(index)
        self._answers[index] = [word, one.getsockname()[1], reached]
        self._agent.drop(one)
        if not self._waiting:
            self._agent.say(self._answers)


def _word(error: OSError) -> str:
    return "refused" if isinstance(error, ConnectionRefusedError) else (error.strerror or str(error))


if __name__ == "__main__":
    Agent().run()
