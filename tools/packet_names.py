"""DNS of the packet lab: a server that answers from a table, and a question to one, as processes in a namespace.

    python packet_names.py serve '{"api.example.com": ["203.0.113.7"]}'     until it is killed
    python packet_names.py ask 10.244.0.11 api.example.com A                prints the addresses, one a line

Answers have the name as it was asked for, as most servers write it; what the table lacks does not exist.
"""

from __future__ import annotations

import json
import socket
import sys

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

PORT = 53
SECONDS = 1.0
TTL = 300


def main() -> int:
    """Serve, or ask."""
    if sys.argv[1] == "serve":
        serve(json.loads(sys.argv[2]))
    print("\n".join(ask(*sys.argv[2:])))
    return 0


def serve(table: dict[str, list[str]]) -> None:
    """Answer for ever, both families on one socket."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as one:
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        one.bind(("::", PORT))
        print("ready", flush=True)
        while True:
            data, peer = one.recvfrom(4096)
            one.sendto(_answer(dns.message.from_wire(data), table).to_wire(), peer)


def _answer(query: dns.message.Message, table: dict[str, list[str]]) -> dns.message.Message:
    answer = dns.message.make_response(query, recursion_available=True)
    question = query.question[0]
    known = table.get(question.name.to_text(omit_final_dot=True).lower())
    if known is None:
        answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer
    kind = dns.rdatatype.to_text(question.rdtype)
    found = [address for address in known if (":" in address) == (kind == "AAAA")]
    if found:
        answer.answer.append(dns.rrset.from_text(question.name, TTL, "IN", kind, *found))
    return answer


def ask(server: str, name: str, kind: str) -> list[str]:
    """What a server answers within a second; nothing where it does not."""
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as one:
        one.settimeout(SECONDS)
        one.connect((server, PORT))
        one.send(dns.message.make_query(name, kind).to_wire())
        try:
            answer = dns.message.from_wire(one.recv(4096))
        except OSError:
            return ["no answer"]
    return [item.to_text() for found in answer.answer for item in found] or [dns.rcode.to_text(answer.rcode())]


if __name__ == "__main__":
    sys.exit(main())
