"""Makes flow logs of a size: Hubble and VPC lines in their producers' shape, VPC Parquet, the catalog and the pods.

    python bench/flow_logs.py FOLDER 1000000    # hubble.json, vpc.log, vpc.parquet, values.yaml, pods.json
    python bench/flow_logs.py FOLDER 10000000 1000000 others    # hubble.json alone: a million lines differ from all
                                                                # others, of pods of another namespace (or of ours)

The same bytes in every run: 200 servers with two pods each, 2 to 14 names a server of which some stand at shared
addresses, one line in eight a DNS answer, one in twenty inside the cluster, a few drops at metadata, 45 % replies, two
weeks.  Names are granted for two of three; hosts are at 192.175.48.0/24 (AS112), which belongs to nobody's service.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SERVERS, PODS, DAYS = 200, 2, 14
START = 1_793_610_847
VPC_FIELDS = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action "
    "log-status vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr flow-direction traffic-path"
)


class Host(NamedTuple):
    """A name that servers call, and where it is."""

    name: str
    address: str


class Caller(NamedTuple):
    """One pod of a server."""

    server: int
    pod: str
    address: str
    hosts: tuple[Host, ...]
    namespace: str = "mcp-servers"


class Connection(NamedTuple):
    """What one line tells of; `kind` is name, inside, metadata or answer."""

    caller: Caller
    host: Host
    kind: str
    port: int
    source_port: int
    second: int
    fraction: int
    reply: bool


def callers(seed: int = 15) -> tuple[Caller, ...]:
    """Every pod, with the hosts of its server."""
    dice = random.Random(seed)
    shared = [Host(f"cdn{n}.example.net", f"192.175.48.{n % 16}") for n in range(64)]
    found = []
    for server in range(SERVERS):
        own = [Host(f"api{n}.s{server}.example.com", f"192.175.48.{16 + (server * 7 + n) % 200}") for n in range(10)]
        hosts = (*own[: dice.randint(2, 10)], *dice.sample(shared, dice.randint(0, 4)))
        for number in range(PODS):
            address = f"10.244.{server % 100}.{1 + number + 2 * (server // 100)}"
            found.append(Caller(server, f"s{server}-6d8f9c7b5-{number}abcd", address, hosts))
    return tuple(found)


def connections(count: int, differ: int = 0, whose: str = "ours", seed: int = 16) -> Iterator[Connection]:
    """So many of them, ascending by time; `differ` of them have a name that no other has."""
    dice = random.Random(seed)
    pods = callers()
    step = DAYS * 86_400 / count
    for number in range(count):
        caller = pods[dice.randrange(len(pods))]
        host = caller.hosts[dice.randrange(len(caller.hosts))]
        lot = dice.random()
        kind = "answer" if lot < 0.12 else "inside" if lot < 0.17 else "metadata" if lot < 0.175 else "name"
        port = {"inside": 6379, "metadata": 80, "answer": 53}.get(kind, 443)
        reply = kind in {"name", "inside"} and dice.random() < 0.45
        second, fraction = START + int(number * step), dice.randrange(10**9)
        if differ and number % (count // differ) == 0:
            kind, host = "name", Host(f"n{number}.example.org", host.address)
            if whose == "others":
                caller = caller._replace(namespace="shop", pod=f"web-6d8f9c7b5-{number % 46_656:05x}")
        yield Connection(caller, host, kind, port, dice.randrange(32768, 60999), second, fraction, reply)


def _labels(server: int) -> str:
    names = (
        f"k8s:app=s{server}",
        "k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=mcp-servers",
        "k8s:io.cilium.k8s.policy.cluster=prod",
        "k8s:io.cilium.k8s.policy.serviceaccount=default",
        "k8s:io.kubernetes.pod.namespace=mcp-servers",
    )
    return json.dumps(names, separators=(",", ":"))


def _time(second: int, fraction: int) -> str:
    days, rest = divmod(second - START + 33_247, 86_400)  # START is 2026-11-02T09:14:07Z
    day = 2 + days
    return f"2026-11-{day:02d}T{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}.{fraction:09d}Z"


def hubble_line(one: Connection) -> str:
    """A line of Hubble's exporter."""
    server = one.caller.server
    time, node = _time(one.second, one.fraction), f"prod/node-{server % 9}"
    us = (
        f'{{"ID":{800 + server},"identity":{20000 + server},"cluster_name":"prod",'
        f'"namespace":"{one.caller.namespace}","labels":{_LABELS[server]},"pod_name":"{one.caller.pod}",'
        f'"workloads":[{{"name":"s{server}","kind":"Deployment"}}]}}'
    )
    head = (
        f'{{"flow":{{"time":"{time}","uuid":"{one.fraction:08x}-3c6b-4667-8347-{one.second:012x}","emitter":{{"name":'
        f'"Hubble","version":"1.20.0"}},"verdict":"{"DROPPED" if one.kind == "metadata" else "FORWARDED"}","ethernet":'
        '{"source":"0a:58:0a:f4:01:01","destination":"0a:58:0a:f4:01:02"},'
    )
    tail = f'"node_name":"{node}","time":"{time}"}}\n'
    if one.kind == "answer":
        return (
            f'{head}"IP":{{"source":"10.244.0.2","destination":"{one.caller.address}","ipVersion":"IPv4"}},"l4":{{"UDP":'
            f'{{"source_port":53,"destination_port":{one.source_port}}}}},"source":{{"namespace":"kube-system","labels":'
            f'["k8s:k8s-app=kube-dns"],"pod_name":"coredns-0"}},"destination":{us},"Type":"L7","l7":{{"type":"RESPONSE",'
            f'"latency_ns":"412000","dns":{{"query":"{one.host.name}.","ips":["{one.host.address}"],"ttl":60,'
            '"observation_source":"proxy","qtypes":["A"],"rrtypes":["A"]}},"event_type":{"type":129},'
            f'"traffic_direction":"EGRESS","is_reply":true,"node_name":"{node}"}},{tail}'
        )
    if one.kind == "inside":
        there = '{"ID":77,"identity":30,"namespace":"data","labels":["k8s:app=redis"],"pod_name":"redis-0"}'
    else:
        there = f'{{"identity":16777220,"labels":["cidr:{one.host.address}/32","reserved:world"]}}'
    address = {"inside": "10.244.9.9", "metadata": "169.254.169.254"}.get(one.kind, one.host.address)
    ends, ports = (one.caller.address, address), (one.source_port, one.port)
    sides, names = (us, there), f'"{{}}_names":["{one.host.name}"],' if one.kind == "name" else ""
    if one.reply:
        ends, ports, sides, names = ends[::-1], ports[::-1], sides[::-1], names.replace("{}", "source")
    reply = "" if one.kind == "metadata" else f'"is_reply":{"true" if one.reply else "false"},'
    return (
        f'{head}"IP":{{"source":"{ends[0]}","destination":"{ends[1]}","ipVersion":"IPv4"}},"l4":{{"TCP":{{"source_port":'
        f'{ports[0]},"destination_port":{ports[1]},"flags":{{"ACK":true}}}}}},"source":{sides[0]},"destination":{sides[1]},'
        f'"Type":"L3_L4","node_name":"{node}",{names.replace("{}", "destination")}'
        '"event_type":{"type":4,"sub_type":3},'
        f'"traffic_direction":"EGRESS","trace_observation_point":"TO_STACK","trace_reason":"ESTABLISHED",{reply}'
        f'"Summary":"TCP Flags: ACK"}},{tail}'
    )


_LABELS = tuple(_labels(server) for server in range(SERVERS))


def vpc_line(one: Connection) -> str:
    """A row of the VPC's flow log, version 5; what is no connection there is one to the cluster's DNS."""
    address = {"inside": "10.244.9.9", "metadata": "169.254.169.254", "answer": "10.244.0.2"}.get(
        one.kind, one.host.address
    )
    ends, ports = (one.caller.address, address), (one.source_port, one.port)
    if one.reply:
        ends, ports = ends[::-1], ports[::-1]
    protocol = 17 if one.kind == "answer" else 6
    flags = "-" if protocol == 17 else (19 if one.reply else 3) if one.fraction % 3 else 0
    action = "REJECT" if one.kind == "metadata" else "ACCEPT"
    return (
        f"5 123456789012 eni-0a1b2c3d4e5f6{one.caller.server:04x} {ends[0]} {ends[1]} {ports[0]} {ports[1]} {protocol} "
        f"12 {3000 + one.fraction % 900} {one.second} {one.second + one.fraction % 60} {action} OK "
        f"vpc-0a1b2c3d4e5f60718 subnet-0a1b2c3d4e5f60718 i-0a1b2c3d4e5f60718 {flags} IPv4 {ends[0]} {ends[1]} "
        f"{'ingress' if one.reply else 'egress'} {'-' if one.reply else 8}\n"
    )


def values() -> str:
    """The catalog: of each server two of three names."""
    servers = {}
    for caller in callers()[::PODS]:
        config: dict[str, object] = {"image": "ghcr.io/example/server:1.2.3", "port": 8080}
        config["egressDomains"] = [host.name for host in caller.hosts[: len(caller.hosts) * 2 // 3]]
        servers[f"s{caller.server}"] = {"runtime": "containerized", "containerizedConfig": config}
    catalog = {
        "mcpNamespace": {"name": "mcp-servers"},
        "cluster": {"ipFamilies": ["IPv4"]},
        "egress": {"provider": "cilium"},
        "clients": {"gateway": {"namespace": "gateway", "podSelector": {"app": "mcp-gateway"}}},
        "servers": servers,
    }
    return json.dumps(catalog, indent=1)


def pods() -> str:
    """What kubectl get pods -A -o json prints of them."""
    items = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": one.pod, "namespace": "mcp-servers", "labels": {"app": f"s{one.server}"}},
            "status": {"phase": "Running", "podIP": one.address, "startTime": "2026-11-01T00:00:00Z"},
        }
        for one in callers()
    ]
    return json.dumps({"kind": "List", "items": items})


def write_catalog(folder: Path) -> None:
    """The catalog and the pods, into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "values.yaml").write_text(values(), encoding="utf-8")
    (folder / "pods.json").write_text(pods(), encoding="utf-8")


def write_hubble(folder: Path, count: int, differ: int, whose: str) -> None:
    """Hubble's log alone, with so many lines that differ."""
    write_catalog(folder)
    with (folder / "hubble.json").open("w") as hubble:
        hubble.writelines(hubble_line(one) for one in connections(count, differ, whose))


def write_logs(folder: Path, count: int, *, parquet: bool = True) -> None:
    """Everything, into a folder."""
    write_catalog(folder)
    with (folder / "hubble.json").open("w") as hubble, (folder / "vpc.log").open("w") as vpc:
        vpc.write(f"{VPC_FIELDS}\n")
        for one in connections(count):
            hubble.write(hubble_line(one))
            vpc.write(vpc_line(one))
    if parquet:
        write_parquet(folder / "vpc.log", folder / "vpc.parquet")


_NUMBERS = {
    "version",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "tcp-flags",
    "traffic-path",
}


def write_parquet(text: Path, target: Path) -> None:
    """The rows of a text log as AWS delivers them in Parquet: names with underscores, numbers as integers."""
    import duckdb

    types = {name: "BIGINT" if name in {"start", "end", "packets", "bytes"} else "INTEGER" for name in _NUMBERS}
    columns = ", ".join(f"'{name}': '{types.get(name, 'VARCHAR')}'" for name in VPC_FIELDS.split())
    named = ", ".join(f'"{name}" AS "{name.replace("-", "_")}"' for name in VPC_FIELDS.split())
    duckdb.connect().execute(
        f"COPY (SELECT {named} FROM read_csv('{text}', delim=' ', header=true, nullstr='-', columns={{{columns}}})) "
        f"TO '{target}' (FORMAT parquet, COMPRESSION gzip)"
    )


if __name__ == "__main__":
    if sys.argv[3:]:
        write_hubble(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
    else:
        write_logs(Path(sys.argv[1]), int(sys.argv[2]))
