"""Istio: the sidecars' access log in its default text format, and the access log of ztunnel (ambient).

    [2026-11-02T09:14:07.404Z] "- - -" 0 - - - "-" 1727 136328 123 - "-" "-" "-" "-" "192.175.48.6:443"
      PassthroughCluster 10.244.1.7:52792 192.175.48.6:443 10.244.1.7:41233 api.example.com -
    2026-11-02T09:14:07.182974Z info access connection complete src.addr=10.244.1.7:41233 src.workload="github-..." ...

A sidecar writes what its pod calls and what calls it; BlackHoleCluster is what it refused.  ztunnel's dst.addr is that
of the tunnel where there is a dst.hbone_addr, which is the real one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from mcpfence.observe.addresses import split_port
from mcpfence.observe.lines import LogLine
from mcpfence.observe.readers.contract import LogReader, alike, json_object, text_of
from mcpfence.observe.record import BadLine, Evidence, FlowEnd, FlowVerdict, Loss, Record, Seen
from mcpfence.observe.times import parse_time

_SIDECAR = re.compile(
    r'\[(?P<time>[^\]]+)\] "(?P<method>\S+) [^"]*" (?P<code>\d+) (?P<flags>\S+) \S+ \S+ "[^"]*" \d+ \d+ \S+ \S+ '
    r'"[^"]*" "[^"]*" "[^"]*" "(?P<authority>[^"]*)" "(?P<upstream>[^"]*)" (?P<cluster>\S+) \S+ '
    r"(?P<local>\S+) (?P<remote>\S+) (?P<sni>\S+) \S+\Z"
)
_ZTUNNEL = re.compile(r"(?P<time>\S+Z)\s+(?:info|error|warn)\s+access\s+(?P<message>.*)\Z")
_PAIR = re.compile(r'(?<![a-z0-9_.])([a-z][a-z0-9_.]*)=(?:"((?:[^"\\]|\\.)*)"|(\S*))')
_SERVICE = re.compile(r"([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:\.|\Z)")
_REFUSED = {"UH", "UF", "NR", "UAEX", "RBAC"}


def _read_sidecar(line: LogLine) -> Iterable[Record]:
    match = _SIDECAR.match(line.text or "")
    if match is None:
        raise BadLine("is no line of the sidecar's default format")
    found = match.groupdict()
    cluster = found["cluster"]
    refused = cluster == "BlackHoleCluster" or bool(_REFUSED & set(found["flags"].split(",")))
    verdict: FlowVerdict = "denied" if refused else "allowed"
    called, source_port = found["local"], 0
    source, source_port = split_port(found["remote"])
    service = ""
    names: tuple[str, ...] = ()
    evidence: Evidence = ""
    if not cluster.startswith("inbound|"):
        host = cluster.rpartition("|")[2] if cluster.startswith("outbound|") else ""
        inside = _SERVICE.match(host)
        called = found["upstream"] if inside and found["upstream"] not in {"", "-"} else called
        service = f"{inside[2]}/{inside[1]}" if inside and called == found["local"] else ""
        names, evidence = ((), "") if inside else _name(found, host)
    destination, port = split_port(called)
    return (
        Seen(
            parse_time(found["time"]),
            FlowEnd(address=source),
            FlowEnd(address=destination, service=service),
            source_port,
            port,
            "TCP",
            verdict,
            reply=False,
            names=names,
            evidence=evidence,
        ),
    )


def _name(found: Mapping[str, str], host: str) -> tuple[tuple[str, ...], Evidence]:
    """The name that the client showed, by TLS before HTTP, else the host of the ServiceEntry that was chosen."""
    if found["sni"] not in {"", "-"}:
        return (found["sni"].lower(),), "sni"
    shown = found["authority"].rpartition(":")[0] or found["authority"]
    if shown not in {"", "-"} and found["method"] != "-":
        return (shown.lower(),), "sni"
    return ((host.lower(),), "flow") if host and "*" not in host else ((), "")


def _knows_ztunnel(text: str) -> bool:
    return "src.addr" in text and "dst.addr" in text and "direction" in text


def _read_ztunnel(line: LogLine) -> Iterable[Record]:
    text = line.text or ""
    match = _ZTUNNEL.match(text)
    if match is not None:
        fields: Mapping[str, Any] = {key: quoted or bare for key, quoted, bare in _PAIR.findall(match["message"])}
        time = match["time"]
    else:
        fields = json_object(text)
        time = text_of(fields.get("time"))
    if "src.addr" not in fields or "dst.addr" not in fields:
        return ()
    source, source_port = split_port(text_of(fields["src.addr"]))
    destination, port = split_port(text_of(fields.get("dst.hbone_addr") or fields["dst.addr"]))
    caller, called = (
        FlowEnd(text_of(fields.get(f"{side}.namespace")), text_of(fields.get(f"{side}.workload")), "", address)
        for side, address in (("src", source), ("dst", destination))
    )
    verdict: FlowVerdict = "denied" if fields.get("error") else "allowed"
    return (Seen(parse_time(time), caller, called, source_port, port, "TCP", verdict, reply=False),)


SIDECAR = LogReader(
    "istio",
    "Istio sidecar access log",
    (Loss.IP_ONLY, Loss.MESHED_ONLY, Loss.TCP_ONLY),
    lambda text: _SIDECAR.match(text) is not None,
    alike(_read_sidecar),
)
ZTUNNEL = LogReader(
    "ztunnel",
    "Istio ztunnel access log",
    (Loss.NO_NAMES, Loss.NO_LABELS, Loss.MESHED_ONLY, Loss.TCP_ONLY),
    _knows_ztunnel,
    alike(_read_ztunnel),
)
