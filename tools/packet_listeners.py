"""What a host of the packet lab listens with: TCP, UDP and HTTP on any port of every address.

Each listener answers with the address and port at which it was reached, so a probe is open only where it got through to
what it asked for, and not to something else on the way.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

Action = Callable[[], None]
Key = tuple[int, str]
"""A port, and TCP, UDP or HTTP."""

_FAMILIES = (socket.AF_INET, socket.AF_INET6)
_IP_PKTINFO = 8
_ROOM = 4 << 20
_PACKET_INFO = {
    socket.AF_INET: (socket.IPPROTO_IP, _IP_PKTINFO),
    socket.AF_INET6: (socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO),
}


class Loop(Protocol):
    """What listeners want of the loop that they live in."""

    def watch(self, one: socket.socket, action: Action) -> None:
        """Call `action` whenever there is something to read."""

    def drop(self, one: socket.socket) -> None:
        """Forget a socket and close it."""


class Listeners:
    """The listeners of one host, and what has arrived at them."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._open: dict[Key, list[socket.socket]] = {}
        self._seen: list[list[Any]] = []

    def seen(self) -> list[list[Any]]:
        """What arrived since this was last asked: [protocol, from, source port, address, port, seconds] each."""
        found, self._seen = self._seen, []
        return found

    def listen(self, wanted: set[Key]) -> None:
        """Listen on exactly these, in both families."""
        for key in self._open.keys() - wanted:
            for one in self._open.pop(key):
                self._loop.drop(one)
        for port, kind in sorted(wanted - self._open.keys()):
            self._open[port, kind] = [self._listener(family, kind, port) for family in _FAMILIES]

    def _listener(self, family: socket.AddressFamily, kind: str, port: int) -> socket.socket:
        one = socket.socket(family, socket.SOCK_DGRAM if kind == "UDP" else socket.SOCK_STREAM)
        one.setblocking(False)  # noqa: FBT003
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if kind == "UDP":
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ROOM)
            one.setsockopt(*_PACKET_INFO[family], 1)
            one.bind(("", port))
            self._loop.watch(one, partial(self._datagram, one, port))
        else:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind(("", port))
            one.listen(4096)
            self._loop.watch(one, partial(self._accept, one, http=kind == "HTTP"))
        return one

    def _accept(self, listener: socket.socket, *, http: bool) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                one, peer = listener.accept()
                address, port = one.getsockname()[:2]
                self._seen.append(["TCP", peer[0], peer[1], address, port, time.monotonic()])
                one.setblocking(False)  # noqa: FBT003
                if http:
                    self._loop.watch(one, partial(self._request, one, bytearray()))
                    continue
                with contextlib.suppress(OSError):
                    one.send(f"{address} {port}\n".encode())
                one.close()

    def _request(self, one: socket.socket, heard: bytearray) -> None:
        found = b""
        with contextlib.suppress(OSError):
            found = one.recv(65536)
        heard += found
        if found and b"\r\n\r\n" not in heard:
            return
        if found:
            with contextlib.suppress(OSError):
                one.send(_answer(bytes(heard), one.getsockname()[:2]))
        self._loop.drop(one)

    def _datagram(self, one: socket.socket, port: int) -> None:
        """Answer from the address that was asked, which the kernel tells beside the datagram."""
        with contextlib.suppress(BlockingIOError):
            while True:
                _, ancillary, _, peer = one.recvmsg(2048, 256)
                level, kind, info = ancillary[0]
                if level == socket.IPPROTO_IP:  # interface, local address, address in the packet
                    address, info = socket.inet_ntop(socket.AF_INET, info[8:12]), struct.pack("=I4s4x", 0, info[8:12])
                else:  # address, interface
                    address, info = socket.inet_ntop(socket.AF_INET6, info[:16]), info[:16] + bytes(4)
                self._seen.append(["UDP", peer[0], peer[1], address, port, time.monotonic()])
                with contextlib.suppress(OSError):
                    one.sendmsg([f"{address} {port}\n".encode()], [(level, kind, info)], 0, peer)


def _answer(request: bytes, reached: tuple[str, int]) -> bytes:
    """200 and, as JSON, what was asked for and where."""
    first, *headers = request.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    host = next((line.partition(":")[2].strip() for line in headers if line.lower().startswith("host:")), "")
    body = json.dumps({"reached": reached, "asked": first, "host": host}).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close"
    return head.encode() + b"\r\n\r\n" + body
