"""A host of the packet lab: one network namespace with an agent in it, and whatever else is started there."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from select import POLLIN, poll
from typing import Any

from packet_net import NetError, running

AGENT = Path(__file__).with_name("packet_agent.py")
ANSWER_SECONDS = 300.0
"""An agent that says nothing for so long has gone wrong; probes add their own waiting."""


@dataclass(slots=True, kw_only=True, eq=False)
class Host:
    """A namespace, its addresses (IPv4, IPv6) and its agent."""

    netns: str
    addresses: tuple[str, str]
    _agent: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _listening: set[int] = field(default_factory=set, repr=False)
    _heard: bytearray = field(default_factory=bytearray, repr=False)

    def exec(
        self, command: Sequence[str | Path], env: Mapping[str, str] | None = None, user: int | None = None, **how: Any
    ) -> subprocess.Popen[bytes]:
        """Start a command inside, as root or as a user id; it is killed when this process ends.

        `env` is the whole environment (default: this process's); `how` goes to Popen.  The pid is the command's own.
        """
        whole = ["ip", "netns", "exec", self.netns]
        if user is not None:
            # A change of user takes away what end_with_parent set, so setpriv sets it again.
            whole += ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--pdeathsig=KILL"]
        environment = None if env is None else {"PATH": os.environ.get("PATH", os.defpath), **env}
        return subprocess.Popen(
            [*whole, *map(str, command)],
            env=environment,
            **{"preexec_fn": end_with_parent, **how},
        )

    # --- the agent ---

    def start(self) -> None:
        """Start the agent."""
        pipe = subprocess.PIPE
        self._agent = self.exec([sys.executable, "-s", "-E", "-S", "-B", AGENT], stdin=pipe, stdout=pipe)

    def send(self, **command: Any) -> None:
        """Give the agent a command, whose answer must be read before the next one."""
        agent = running(self._agent)
        pipe = running(agent.stdin)
        try:
            pipe.write(json.dumps(command).encode() + b"\n")
            pipe.flush()
        except BrokenPipeError as gone:
            message = f"the agent in {self.netns} ended with code {agent.wait()}; its error stands above"
            raise NetError(message) from gone

    def answer(self, seconds: float = ANSWER_SECONDS) -> Any:
        """What it answers; raises NetError if it does not."""
        agent = running(self._agent)
        deadline = time.monotonic() + seconds
        descriptor = running(agent.stdout).fileno()
        ready = poll()
        ready.register(descriptor, POLLIN)
        while b"\n" not in self._heard:
            if not ready.poll(max(0.0, deadline - time.monotonic()) * 1000):
                message = f"the agent in {self.netns} did not answer within {seconds:.0f} s"
                raise NetError(message)
            found = os.read(descriptor, 1 << 20)
            if not found:
                message = f"the agent in {self.netns} ended with code {agent.wait()}; its error stands above"
                raise NetError(message)
            self._heard += found
        line, _, rest = bytes(self._heard).partition(b"\n")
        self._heard = bytearray(rest)
        return json.loads(line)

    def ask(self, **command: Any) -> Any:
        """A command and its answer."""
        self.send(**command)
        return self.answer()

    def listen(self, ports: Iterable[int]) -> None:
        """Let the agent listen on exactly these ports."""
        wanted = set(ports)
        if wanted != self._listening:
            self.ask(do="listen", ports=sorted(wanted))
            self._listening = wanted

    def serve(self, ports: Iterable[int]) -> None:
        """Let the agent serve HTTP on these ports, at every address of the host, until the next `listen`."""
        self.ask(do="serve", ports=sorted(set(ports)))
        self._listening = set()

    def close(self) -> None:
        """End the agent; the namespace is for whoever made it to remove, with all that still runs there."""
        agent, self._agent = self._agent, None
        if agent:
            agent.kill()
            agent.wait()
            running(agent.stdout).close()
            with contextlib.suppress(BrokenPipeError):  # of a command that it did not take any more
                running(agent.stdin).close()


def end_with_parent() -> None:
    """In the child: be killed when the parent dies, so that even a killed test run leaves no process."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
