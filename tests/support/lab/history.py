"""Every state that the store has been in, one after the other, out of etcd's own history.

Watching an API server misses what happens while it is away, and polling misses what lasts a millisecond.  Etcd keeps
each revision until somebody compacts it, so afterwards the test looks at every single one, and needs no luck.
The API server must store JSON and not compact (`FLAGS`); etcd answers JSON itself, on the port for its clients.
"""

from __future__ import annotations

import base64
import json
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from lab.api import Document
from tooling import eventually

FLAGS = ("--storage-media-type=application/json", "--etcd-compaction-interval=0")
"""For the API server whose history is read: built-in kinds would be stored in a binary form, and be forgotten."""

POLICIES = ("networkpolicies/", "networking.aviatrix.com/firewallpolicies/")
"""Where the API server keeps policies, below /registry/."""


class History:
    """The history of one etcd."""

    def __init__(self, url: str) -> None:
        self._url = url

    def call(self, path: str, **body: Any) -> Document:
        """One request in etcd's JSON form, as its gRPC API has it; raises OSError."""
        request = urllib.request.Request(f"{self._url}/v3/{path}", json.dumps(body).encode())  # noqa: S310
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            found: Document = json.load(answer)
        return found

    def await_there(self) -> None:
        """Wait until etcd answers, after it was started."""

        def answers() -> bool:
            with suppress(OSError):
                self.now()
                return True
            return False

        eventually(answers, f"etcd at {self._url} does not answer")

    def now(self) -> int:
        """The newest revision."""
        return int(self.call("kv/range", key=_encoded("/"))["header"]["revision"])

    def at(self, revision: int, *kinds: str) -> list[Document]:
        """The objects of these kinds as they were then; a kind is a path below /registry/, as in POLICIES."""
        found = []
        for kind in kinds:
            start = f"/registry/{kind}"
            end = start[:-1] + chr(ord(start[-1]) + 1)
            answer = self.call("kv/range", key=_encoded(start), range_end=_encoded(end), revision=str(revision))
            found += [json.loads(base64.b64decode(item["value"])) for item in answer.get("kvs", [])]
        return found

    def states(self, after: int, until: int = 0) -> Iterator[list[Document]]:
        """All policies as they were at `after` and after each change since; `until` is now, where it is not given."""
        before: list[Document] | None = None
        for revision in range(after, (until or self.now()) + 1):
            found = self.at(revision, *POLICIES)
            if found != before:
                yield found
            before = found


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
