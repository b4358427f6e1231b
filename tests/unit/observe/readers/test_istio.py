"""Istio's access logs."""

from __future__ import annotations

import json

import pytest

from flow_reading import read_all, read_flow
from flow_samples import NANOSECONDS, POD
from mcpfence.observe.readers import sniff
from mcpfence.observe.readers.istio import SIDECAR, ZTUNNEL
from mcpfence.observe.record import BadLine, FlowEnd, Loss

TLS = (
    '[2026-11-02T09:14:07.404660075Z] "- - -" 0 - - - "-" 1727 136328 123 - "-" "-" "-" "-" "192.175.48.6:443" '
    "PassthroughCluster 10.244.1.7:52792 192.175.48.6:443 10.244.1.7:41233 api.example.com -"
)
REDIS = (
    '[2026-11-02T09:14:07.404Z] "- - -" 0 - - - "-" 10 20 3 - "-" "-" "-" "-" "10.244.2.9:6379" '
    "outbound|80||redis.data.svc.cluster.local 10.244.1.7:52792 10.96.0.9:80 10.244.1.7:41233 - -"
)
INBOUND = (
    '[2026-11-02T09:14:07.404Z] "POST /mcp HTTP/1.1" 200 - via_upstream - "-" 10 20 3 2 "-" "curl" "id" '
    '"github.mcp-servers:8080" "10.244.1.7:8080" inbound|8080|| 127.0.0.6:41233 10.244.1.7:8080 10.244.3.3:51000 '
    "outbound_.8080_._.github.mcp-servers.svc.cluster.local default"
)
TUNNEL = (
    "2026-11-02T09:14:07.404660075Z\tinfo\taccess\tconnection complete\tsrc.addr=10.244.1.7:41233 "
    f'src.workload="{POD}" src.namespace="mcp-servers" src.identity="spiffe://cluster.local/ns/mcp-servers/sa/default" '
    'dst.addr=192.175.48.6:443 direction="outbound" bytes_sent=67 bytes_recv=490 duration="13ms"'
)
US = FlowEnd(address="10.244.1.7")


def test_what_a_pod_calls() -> None:
    """The original destination, under the name that its client showed."""
    found = read_flow(SIDECAR, TLS)

    assert (found.time, found.source, found.destination) == (NANOSECONDS, US, FlowEnd(address="192.175.48.6"))
    assert (found.port, found.names, found.evidence, found.verdict) == (443, ("api.example.com",), "sni", "allowed")
    assert sniff([TLS]) is SIDECAR
    assert {Loss.IP_ONLY, Loss.MESHED_ONLY} <= set(SIDECAR.losses)


def test_names_by_other_evidence() -> None:
    """The authority of HTTP is what the client showed; a ServiceEntry's host is what the mesh chose."""
    http = TLS.replace('"- - -"', '"GET / HTTP/1.1"').replace('"-" "192', '"web.example.com:80" "192')
    entry = TLS.replace("PassthroughCluster", "outbound|443||entry.example.com").replace(" api.example.com -", " - -")

    assert read_flow(SIDECAR, http.replace("api.example.com -", "- -")).names == ("web.example.com",)
    assert (read_flow(SIDECAR, entry).names, read_flow(SIDECAR, entry).evidence) == (("entry.example.com",), "flow")


def test_what_is_refused() -> None:
    """BlackHoleCluster and failures are no flows that passed."""
    assert read_flow(SIDECAR, TLS.replace("PassthroughCluster", "BlackHoleCluster")).verdict == "denied"
    assert read_flow(SIDECAR, TLS.replace('"- - -" 0 -', '"- - -" 0 UH')).verdict == "denied"


def test_inside_of_the_cluster() -> None:
    """A Service's flow goes to the pod that was chosen, or to the Service where none was; a call is from its caller."""
    assert read_flow(SIDECAR, REDIS).destination == FlowEnd(address="10.244.2.9")
    assert read_flow(SIDECAR, REDIS).port == 6379
    none = read_flow(SIDECAR, REDIS.replace('"10.244.2.9:6379"', '"-"'))
    assert (none.destination, none.port) == (FlowEnd(address="10.96.0.9", service="data/redis"), 80)
    called = read_flow(SIDECAR, INBOUND)
    assert (called.source, called.destination, called.port) == (FlowEnd(address="10.244.3.3"), US, 8080)
    assert called.names == ()


def test_ztunnel() -> None:
    """As text and as JSON; behind the tunnel's address stands the real one."""
    found = read_flow(ZTUNNEL, TUNNEL)
    fields = {"time": "2026-11-02T09:14:07.404660075Z", "level": "info", "scope": "access", "direction": "outbound"}
    fields |= {"src.addr": "10.244.1.7:41233", "src.workload": POD, "src.namespace": "mcp-servers"}
    as_json = json.dumps({**fields, "dst.addr": "192.175.48.6:443", "message": "connection complete"})

    assert found == read_flow(ZTUNNEL, as_json)
    assert found.source == FlowEnd("mcp-servers", POD, "", "10.244.1.7")
    assert (found.time, found.port, found.verdict) == (NANOSECONDS, 443, "allowed")
    tunnelled = TUNNEL.replace("dst.addr=192.175.48.6:443", "dst.addr=10.244.2.9:15008 dst.hbone_addr=10.244.2.9:6379")
    assert read_flow(ZTUNNEL, tunnelled).port == 6379
    assert read_flow(ZTUNNEL, TUNNEL + ' error="connection closed due to policy rejection"').verdict == "denied"
    assert sniff([TUNNEL]) is sniff([as_json]) is ZTUNNEL
    assert Loss.NO_NAMES in ZTUNNEL.losses


def test_a_format_of_somebodys_own() -> None:
    """The format can be configured, and another one is not guessed at."""
    with pytest.raises(BadLine, match="is no line of the sidecar's default format"):
        read_all(SIDECAR, '[2026-11-02T09:14:07.404Z] "GET /" 200')
