"""Tetragon's events of a TracingPolicy on tcp_connect: which pod and program tried to connect where.

{"process_kprobe":{"process":{"binary":"/usr/bin/node","pod":{"namespace":"mcp-servers","name":"github-x",
 "pod_labels":{"app":"github"}}},"function_name":"tcp_connect","args":[{"sock_arg":{"daddr":...,"dport":443}}]},...}
"""

from __future__ import annotations

from collections.abc import Iterable

from mcpfence.observe.lines import LogLine
from mcpfence.observe.readers.contract import (
    LogReader,
    address_of,
    alike,
    json_object,
    labels_of,
    mapping_of,
    port_of,
    text_of,
)
from mcpfence.observe.record import FlowEnd, Loss, Record, Seen
from mcpfence.observe.times import parse_time


def _read(line: LogLine) -> Iterable[Record]:
    event = json_object(line.text or "")
    probe = mapping_of(event.get("process_kprobe"))
    if probe.get("function_name") != "tcp_connect":
        return ()
    pod = mapping_of(mapping_of(probe.get("process")).get("pod"))
    sockets = (mapping_of(mapping_of(one).get("sock_arg")) for one in probe.get("args") or ())
    socket = next((one for one in sockets if one), None)
    if socket is None:
        return ()
    labels = labels_of(mapping_of(pod.get("pod_labels")))
    source = FlowEnd(text_of(pod.get("namespace")), text_of(pod.get("name")), labels, address_of(socket.get("saddr")))
    destination = FlowEnd(address=address_of(socket.get("daddr")))
    ports = port_of(socket.get("sport")), port_of(socket.get("dport"))
    time, node = parse_time(text_of(event.get("time"))), text_of(event.get("node_name"))
    return (Seen(time, source, destination, *ports, "TCP", "allowed", reply=False, node=node),)


READER = LogReader(
    "tetragon",
    "Tetragon events of tcp_connect",
    (Loss.NO_NAMES, Loss.ATTEMPTS, Loss.NO_DENIED, Loss.TCP_ONLY, Loss.WHILE_RUNNING, Loss.BEFORE_DNAT),
    lambda text: '"process_kprobe"' in text or ('"process_exec"' in text and '"node_name"' in text),
    alike(_read),
)
