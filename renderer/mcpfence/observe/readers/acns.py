r"""AKS container network logs: what Advanced Container Networking Services store, on the node or beyond.

    {"flow":{"time":"2026-11-02T09:14:07.4Z","verdict":"FORWARDED","aggregate":{...},"l4":{"TCP":{"destination_port":443}},
     "source":{"namespace":"mcp-servers","workloads":[{"name":"github","kind":"Deployment"}]},"is_reply":false,...}}

From AKS's documentation (2026-08): Cilium's agent writes lines of Hubble to /var/log/acns/hubble/events.log, joined
over 30 seconds unless that is switched off.  Addresses of pods and names that were asked for are not in them then, so
no host can be proposed of them; `hubble observe` on the same cluster has all of it.  What is not joined is Hubble's.
"""

from __future__ import annotations

import re

from mcpfence.observe.readers import hubble
from mcpfence.observe.readers.contract import LogReader
from mcpfence.observe.record import Loss

_AGGREGATE = re.compile(r'"aggregate"\s*:\s*\{')
_ADDRESSES = re.compile(r'"IP"\s*:\s*\{')


def _knows(text: str) -> bool:
    return hubble.READER.knows(text) and _AGGREGATE.search(text) is not None and _ADDRESSES.search(text) is None


READER = LogReader(
    "aks-acns",
    "AKS container network logs (ACNS)",
    (Loss.AGGREGATED, Loss.NO_ADDRESSES, Loss.NO_NAMES, Loss.NO_LABELS, Loss.FILTERED),
    _knows,
    hubble.READER.open,
)
