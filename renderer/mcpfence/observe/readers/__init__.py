"""Log formats: one module and one row each, by name."""

from __future__ import annotations

from collections.abc import Sequence

from mcpfence.observe.readers import (
    acns,
    antrea,
    aviatrix,
    aws_folded,
    aws_vpc,
    azure_vnet,
    calico,
    conntrack,
    coredns,
    dnstap,
    eks_policy,
    gadget,
    gcp,
    hubble,
    istio,
    route53,
    tetragon,
)
from mcpfence.observe.readers.contract import LogReader

READERS: dict[str, LogReader] = {
    row.name: row
    for row in (
        acns.READER,
        hubble.READER,
        aws_vpc.READER,
        aws_folded.READER,
        eks_policy.READER,
        gcp.VPC,
        gcp.POLICY,
        calico.READER,
        calico.ENTERPRISE,
        antrea.FLOWS,
        antrea.LOGGED,
        azure_vnet.READER,
        istio.SIDECAR,
        istio.ZTUNNEL,
        gadget.TCP,
        tetragon.READER,
        conntrack.READER,
        aviatrix.READER,
        coredns.READER,
        dnstap.READER,
        gadget.DNS,
        route53.READER,
        gcp.DNS,
    )
}

SNIFFED = 200
"""So many lines at the beginning of a file decide what it is."""


def sniff(lines: Sequence[str]) -> LogReader | None:
    """The format that most of the lines are of, of several the first in the table; None where no line is of any."""
    hits = {row.name: sum(row.knows(text) for text in lines) for row in READERS.values()}
    best = max(hits, key=lambda name: hits[name])
    return READERS[best] if hits[best] else None
