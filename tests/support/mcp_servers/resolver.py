"""A DNS server with a fixed list of names: A records alone, over UDP and TCP on port 53.

    python -I resolver.py NAMES.json     prints "ready", then a JSON line for each answer; NAMES is {NAME: ADDRESS}

A line has the time in nanoseconds, the client's address and port, and the message as it goes out, in hexadecimal.
A name of the list has no AAAA record; a name outside it does not exist.
"""

# ruff: noqa: T201  # a program of its own, which is heard on stdout

from __future__ import annotations

import json
import socketserver
import struct
import sys
import threading
import time
from pathlib import Path
from typing import ClassVar

A, OK, NO_SUCH_NAME, SECONDS = 1, 0, 3, 30


class Answers:
    """Questions in DNS's wire format (RFC 1035) to answers."""

    names: ClassVar[dict[str, bytes]] = {}

    @classmethod
    def to(cls, question: bytes) -> bytes:
        """The answer to one message with one question."""
        number, flags = struct.unpack("!HH", question[:4])
        labels, place = [], 12
        while size := question[place]:
            labels.append(question[place + 1 : place + 1 + size].decode("ascii", "replace").lower())
            place += size + 1
        kind = int.from_bytes(question[place + 1 : place + 3])
        asked = question[12 : place + 5]
        address = cls.names.get(".".join(labels))
        record = b"" if address is None or kind != A else struct.pack("!HHHIH", 0xC00C, A, 1, SECONDS, 4) + address
        word = OK if address is not None else NO_SUCH_NAME
        head = struct.pack("!HHHHHH", number, 0x8480 | flags & 0x0100 | word, 1, bool(record), 0, 0)
        return head + asked + record


def told(question: bytes, client: tuple[str, int]) -> bytes:
    """The answer, once it has been logged."""
    answer = Answers.to(question)
    line = {"time": time.time_ns(), "client": client[0], "port": client[1], "wire": answer.hex()}
    sys.stdout.write(json.dumps(line) + "\n")  # whole: other threads write too
    sys.stdout.flush()
    return answer


class Datagram(socketserver.BaseRequestHandler):
    """One question over UDP."""

    def handle(self) -> None:
        """Answer."""
        data, one = self.request
        one.sendto(told(data, self.client_address), self.client_address)


class Stream(socketserver.StreamRequestHandler):
    """Questions over TCP, each behind its length."""

    def handle(self) -> None:
        """Answer until the other end closes."""
        while size := self.rfile.read(2):
            answer = told(self.rfile.read(int.from_bytes(size)), self.client_address)
            self.wfile.write(len(answer).to_bytes(2) + answer)


def main() -> None:
    """Serve until killed."""
    found = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    Answers.names = {name: bytes(map(int, address.split("."))) for name, address in found.items()}
    place = ("0.0.0.0", 53)  # noqa: S104  # a pod of the lab
    tcp = socketserver.ThreadingTCPServer(place, Stream)
    threading.Thread(target=tcp.serve_forever, daemon=True).start()
    udp = socketserver.UDPServer(place, Datagram)
    print("ready", flush=True)
    udp.serve_forever()


if __name__ == "__main__":
    main()
