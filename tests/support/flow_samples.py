"""Lines of flow logs in the exact shape of their producers, with neutral data of our own.

Public hosts are at 192.175.48.0/24 (AS112, RFC 7534), which is global and belongs to nobody's service: the documentation
ranges count as blocked here.
"""

from __future__ import annotations

import json
from typing import Any

CATALOG = """\
mcpNamespace: {name: mcp-servers}
cluster: {profile: generic, ipFamilies: [IPv4]}
egress: {provider: cilium}
clients:
  gateway: {namespace: gateway, podSelector: {app: mcp-gateway}}
servers:
  github:
    runtime: containerized
    containerizedConfig:
      image: ghcr.io/example/github:1.2.3
      port: 8080
      egressDomains: [api.example.com, uploads.example.com]
"""

TIME = "2026-11-02T09:14:07.404660075Z"
NANOSECONDS = 1_793_610_847_404_660_075
POD = "github-6d8f9c7b5-x2abc"
GITHUB = "10.244.1.7"
WORLD = "192.175.48.6"

US: dict[str, Any] = {
    "ID": 812,
    "identity": 20252,
    "cluster_name": "prod",
    "namespace": "mcp-servers",
    "labels": [
        "k8s:app=github",
        "k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=mcp-servers",
        "k8s:io.cilium.k8s.policy.cluster=prod",
        "k8s:io.cilium.k8s.policy.serviceaccount=default",
        "k8s:io.kubernetes.pod.namespace=mcp-servers",
    ],
    "pod_name": POD,
    "workloads": [{"name": "github", "kind": "Deployment"}],
}
THE_WORLD: dict[str, Any] = {"identity": 16777220, "labels": ["cidr:192.175.48.6/32", "reserved:world"]}


def hubble(**changes: Any) -> str:
    """A record of an export file: a SYN of github's pod to a host outside; `None` takes a field away.

    `at`, `to`, `port`, `source_port`, `protocol` and `names` change what they say; everything else is a field.
    """
    time = changes.pop("at", TIME)
    to, port = changes.pop("to", WORLD), changes.pop("port", 443)
    protocol, names = changes.pop("protocol", "TCP"), changes.pop("names", None)
    layer = {"source_port": changes.pop("source_port", 41233), "destination_port": port}
    if protocol == "TCP":
        layer["flags"] = {"SYN": True}
    flow: dict[str, Any] = {
        "time": time,
        "uuid": "35fe757f-3c6b-4667-8347-904af693aa0c",
        "emitter": {"name": "Hubble", "version": "1.20.0"},
        "verdict": "FORWARDED",
        "ethernet": {"source": "0a:58:0a:f4:01:01", "destination": "0a:58:0a:f4:01:02"},
        "IP": {"source": GITHUB, "destination": to, "ipVersion": "IPv4"},
        "l4": {protocol: layer},
        "source": US,
        "destination": THE_WORLD,
        "Type": "L3_L4",
        "node_name": "prod/node-1",
        "event_type": {"type": 4, "sub_type": 3},
        "traffic_direction": "EGRESS",
        "trace_observation_point": "TO_STACK",
        "trace_reason": "NEW",
        "is_reply": False,
        "Summary": "TCP Flags: SYN",
    }
    if names:
        flow["destination_names"] = names
    flow |= changes
    return enveloped({key: value for key, value in flow.items() if value is not None})


def acns(**changes: Any) -> str:
    """A line of AKS's container network logs: github's pods, or some of them, to the world within 30 seconds."""
    flow: dict[str, Any] = {
        "time": TIME,
        "verdict": "FORWARDED",
        "l4": {"TCP": {"destination_port": 443}},
        "source": {
            "identity": 20252,
            "namespace": "mcp-servers",
            "workloads": [{"name": "github", "kind": "Deployment"}],
        },
        "destination": {"identity": 2},
        "is_reply": False,
        "node_name": "aks-node-1",
        "aggregate": {"ingress_flow_count": 0, "egress_flow_count": 12, "unknown_direction_flow_count": 0},
    }
    flow |= changes
    flow = {key: value for key, value in flow.items() if value is not None}
    return json.dumps({"flow": flow, "node_name": "aks-node-1", "time": TIME}, separators=(",", ":"))


def enveloped(flow: dict[str, Any]) -> str:
    """A flow as an export file and `hubble observe -o json` write it."""
    event = {"flow": flow, "node_name": flow.get("node_name", "prod/node-1"), "time": flow.get("time", TIME)}
    return json.dumps(event, separators=(",", ":"))


def hubble_answer(name: str, *addresses: str, at: str = TIME) -> str:
    """An answer of DNS as Cilium's proxy saw it, at the pod that had asked."""
    flow = {
        "time": at,
        "verdict": "FORWARDED",
        "IP": {"source": "10.244.0.2", "destination": GITHUB, "ipVersion": "IPv4"},
        "l4": {"UDP": {"source_port": 53, "destination_port": 50412}},
        "source": {"namespace": "kube-system", "labels": ["k8s:k8s-app=kube-dns"], "pod_name": "coredns-0"},
        "destination": US,
        "Type": "L7",
        "l7": {
            "type": "RESPONSE",
            "latency_ns": "412000",
            "dns": {
                "query": f"{name}.",
                "ips": list(addresses),
                "ttl": 60,
                "cnames": ["edge.example.net."],
                "observation_source": "proxy",
                "qtypes": ["A"],
                "rrtypes": ["CNAME", "A"],
            },
        },
        "event_type": {"type": 129},
        "traffic_direction": "EGRESS",
        "is_reply": True,
    }
    return enveloped(flow)


LOST = (
    '{"lost_events":{"source":"HUBBLE_RING_BUFFER","num_events_lost":"37"},"node_name":"prod/node-1",'
    '"time":"2026-11-02T09:15:00Z"}'
)


def pod(name: str = POD, address: str = GITHUB, start: str = "2026-11-01T00:00:00Z", **changes: Any) -> dict[str, Any]:
    """A pod as kubectl shows it: `labels`, `namespace`, `node` (its address), `host` (on its node's network)."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "generateName": name.rpartition("-")[0] + "-",
            "namespace": changes.get("namespace", "mcp-servers"),
            "labels": changes.get("labels", {"app": "github"}),
        },
        "spec": {"hostNetwork": changes.get("host", False), "containers": [{"name": "a", "image": "a"}]},
        "status": {
            "phase": changes.get("phase", "Running"),
            "hostIP": changes.get("node", "10.0.1.9"),
            "podIP": address,
            "podIPs": [{"ip": address}],
            "startTime": start,
            "containerStatuses": changes.get("statuses", []),
        },
    }


def kube_list(*documents: dict[str, Any]) -> str:
    """What `kubectl get -o json` prints."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(documents)})
