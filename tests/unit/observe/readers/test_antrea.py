"""Antrea's logs."""

from __future__ import annotations

import pytest

from flow_reading import read_all, read_flow
from flow_samples import POD
from mcpfence.observe.readers import sniff
from mcpfence.observe.readers.antrea import FLOWS, LOGGED
from mcpfence.observe.record import BadLine, FlowEnd, Loss

ROW = (
    f"1793610847,1793610861,10.10.1.7,192.175.48.6,41233,443,TCP,{POD},mcp-servers,n1,,,,,,0,,,,,,,"
    "mcp-server-github-egress,mcp-servers,,Allow,K8sNetworkPolicy,,,"
)
DROP = (
    f"2026/11/02 09:14:07.404660 EgressDefaultRule K8sNetworkPolicy <nil> Egress Drop <nil> mcp-servers/{POD} "
    "10.10.1.7 41233 192.175.48.6 443 TCP 60 <nil> [3 packets in 1.000855539s]"
)
ALLOW = (
    "2026/11/02 09:14:07.404660 IngressRule K8sNetworkPolicy:mcp-servers/mcp-server-github-ingress <nil> Ingress Allow "
    f"190 mcp-servers/{POD} 10.10.3.3 51000 10.10.1.7 8080 TCP 60 <nil>"
)
US = FlowEnd("mcp-servers", POD, "", "10.10.1.7")


def test_the_aggregator() -> None:
    """30 columns; pods by name, both ends' actions."""
    found = read_flow(FLOWS, ROW)

    assert (found.source, found.destination, found.port) == (US, FlowEnd(address="192.175.48.6"), 443)
    assert (found.verdict, found.reply, found.node, found.last - found.time) == ("allowed", False, "n1", 14 * 10**9)
    assert read_flow(FLOWS, ROW.replace(",Allow,", ",Drop,")).verdict == "denied"
    assert sniff([ROW]) is FLOWS
    assert {Loss.NO_NAMES, Loss.NO_LABELS} <= set(FLOWS.losses)


def test_the_older_columns() -> None:
    """Rows from before destinationServiceIP have one column less, and other counts are not guessed at."""
    fields = ROW.split(",")
    older = ",".join([*fields[:14], *fields[15:]])

    assert read_flow(FLOWS, older.replace(",Allow,", ",Reject,")).verdict == "denied"
    with pytest.raises(BadLine, match="has 31 columns, and the log has 30, or 29 in older versions"):
        read_all(FLOWS, f"{ROW},")


def test_a_service() -> None:
    """A Service whose pod is not known is named."""
    fields = ROW.split(",")
    fields[13:17] = ["10.96.0.9", "10.96.0.9", "80", "data/redis:http"]

    assert read_flow(FLOWS, ",".join(fields)).destination.service == "data/redis"


def test_np_log() -> None:
    """The pod that the policy applies to is the caller of egress, and what is called of ingress."""
    dropped, allowed = read_flow(LOGGED, DROP), read_flow(LOGGED, ALLOW)

    assert (dropped.source, dropped.destination, dropped.verdict) == (US, FlowEnd(address="192.175.48.6"), "denied")
    assert (allowed.source, allowed.destination, allowed.verdict) == (FlowEnd(address="10.10.3.3"), US, "allowed")
    assert (allowed.port, dropped.time) == (8080, 1_793_610_847_404_660_000)
    assert sniff([DROP]) is sniff([ALLOW]) is LOGGED
    assert {Loss.LOCAL_TIME, Loss.LOGGED_ONLY} <= set(LOGGED.losses)


def test_np_log_of_the_step_before_enforcing() -> None:
    """A rule that passes on lets the packet through, whatever it would have done."""
    passed = read_flow(LOGGED, DROP.replace(" Drop ", " Pass "))

    assert (passed.source, passed.verdict) == (US, "allowed")


def test_no_line_of_np_log() -> None:
    """Anything else is told."""
    with pytest.raises(BadLine, match=r"is no line of np\.log"):
        read_all(LOGGED, "2026/11/02 09:14:07.404660 hello")
