"""What a canary runs in the cluster: it tries connections, and ends with 1 if one of them is not as it should be.

    python3 -c SOURCE '[{"host": "169.254.169.254", "port": 80, "expect": "denied"}, ...]' [refusal-is-denial]

Its source travels in the Job (evidence/jobs.py), so it needs the standard library alone, of any Python from 3.8 on.
Where nobody answers nothing is open; a refusal was answered by somebody, so it counts as open, unless the cluster's
engine is known to refuse what it denies.
"""

from __future__ import annotations

import json
import socket
import ssl
import sys

SECONDS = 4.0


def outcome(host: str, port: int, name: str, refused: str) -> str:
    """`open`, or why not; with a name a TLS handshake must be answered, whatever the answer is."""
    try:
        with socket.create_connection((host, port), timeout=SECONDS) as connection:
            return handshake(connection, name) if name else "open"
    except ConnectionRefusedError:
        return refused
    except socket.gaierror:
        return "its name does not resolve"
    except OSError as bad:
        return bad.strerror or type(bad).__name__


def handshake(connection: socket.socket, name: str) -> str:
    """Whether anybody answers a connection that shows a name."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        context.wrap_socket(connection, server_hostname=name).close()
    except ssl.SSLEOFError:
        return "connected, and nobody answered the name"
    except ssl.SSLError:  # an alert is an answer, too
        return "open"
    except OSError:
        return "connected, and nobody answered the name"
    return "open"


def main(arguments: list[str]) -> int:
    """Try everything, say each, and count what is not as it should be."""
    attempts = json.loads(arguments[0])
    refused = "refused" if "refusal-is-denial" in arguments[1:] else "open"
    bad = 0
    for one in attempts:
        found = outcome(one["host"], one["port"], one.get("name", ""), refused)
        right = (found == "open") is (one["expect"] == "allowed")
        bad += not right
        print(
            f"{'ok' if right else 'WRONG'} {one['host']} TCP {one['port']}, to be {one['expect']}: {found}", flush=True
        )
    print(f"{bad} of {len(attempts)} wrong", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
