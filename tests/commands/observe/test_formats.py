"""Every format on its way from the file to the report: recognised, attributed, its losses said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dnstap_frames import answer, frame, stream
from flow_samples import CATALOG, GITHUB, POD, WORLD, acns, hubble, hubble_answer, kube_list, pod
from helpers import run_cli
from mcpfence.observe.readers import READERS
from mcpfence.observe.readers.aws_folded import FOLDED
from mcpfence.observe.times import parse_time

NAME = "models.example.com"
LABELS = {"app": "github", "pod-template-hash": "6d8f9c7b5"}
_EKS = f"Node: n1;SIP: {GITHUB};SPORT: 41233;DIP: {WORLD};DPORT: 443;PROTOCOL: TCP;PolicyVerdict: ACCEPT;Tier: DEFAULT"
_GCP = {"src_ip": GITHUB, "src_port": 41233, "dest_ip": WORLD, "dest_port": 443, "protocol": 6}
_GKE = {"pod": {"pod_name": POD, "pod_namespace": "mcp-servers"}}
_CALICO = {
    "start_time": "2026-11-02T09:14:00Z",
    "action": "Allow",
    "source_name": "github-6d8f9c7b5-*",
    "source_namespace": "mcp-servers",
    "source_labels": "app=github",
    "dest_name": "PUBLIC NETWORK",
    "protocol": "tcp",
    "dest_port": 443,
    "reporter": "Src",
}
_POD = {"kind": "pod", "name": POD, "namespace": "mcp-servers", "labels": "app=github"}
_END = {"addr": GITHUB, "port": 41233, "k8s": _POD}
_GADGET = {"k8s": {}, "timestamp": "2026-11-02T09:14:07Z", "src": _END, "dst": {"addr": WORLD, "port": 443}}
_SOCKET = {"saddr": GITHUB, "daddr": WORLD, "sport": 41233, "dport": 443}
_TETRAGON = {"pod": {"namespace": "mcp-servers", "name": POD, "pod_labels": {"app": "github"}}}
_TUPLE = f"1793610847404,{GITHUB},{WORLD},41233,443,6,O,B,NX,0,0,0,0"

SAMPLES: dict[str, Any] = {
    "hubble": hubble(),
    "aks-acns": acns(),
    "aws-vpc": f"2 123456789012 eni-0a {GITHUB} {WORLD} 41233 443 6 12 3481 1793610847 1793610901 ACCEPT OK",
    "aws-vpc-folded": f"{','.join(FOLDED)}\n{GITHUB},{WORLD},41233,443,6,2,ACCEPT,OK,0,1793610847,1793610901,12",
    "eks-policy": {"events": [{"timestamp": 1793610847404, "message": _EKS}]},
    "gcp-vpc": {
        "jsonPayload": {"connection": _GCP, "start_time": "2026-11-02T09:14:07Z", "src_gke_details": _GKE},
        "logName": "projects/p/logs/compute.googleapis.com%2Fvpc_flows",
    },
    "gke-policy": {
        "connection": {**_GCP, "direction": "egress"},
        "disposition": "allow",
        "src": {"namespace": "mcp-servers", "pod_name": POD},
        "timestamp": "2026-11-02T09:14:07Z",
    },
    "calico": [_CALICO],
    "calico-enterprise": {
        **_CALICO,
        "source_name": POD,
        "source_name_aggr": "github-*",
        "dest_ip": WORLD,
        "dest_namespace": "-",
    },
    "antrea": f"1793610847,1793610861,{GITHUB},{WORLD},41233,443,TCP,{POD},mcp-servers,n1" + "," * 20,
    "antrea-np": f"2026/11/02 09:14:07.404660 EgressRule K8sNetworkPolicy:a/b <nil> Egress Allow 190 mcp-servers/{POD} "
    f"{GITHUB} 41233 {WORLD} 443 TCP 60 <nil>",
    "azure-vnet": {
        "records": [
            {"flowLogVersion": 4, "flowRecords": {"flows": [{"flowGroups": [{"rule": "a", "flowTuples": [_TUPLE]}]}]}}
        ]
    },
    "istio": f'[2026-11-02T09:14:07.404Z] "- - -" 0 - - - "-" 1 2 3 - "-" "-" "-" "-" "{WORLD}:443" PassthroughCluster '
    f"{GITHUB}:52792 {WORLD}:443 {GITHUB}:41233 - -",
    "ztunnel": f"2026-11-02T09:14:07.182974Z\tinfo\taccess\tconnection complete\tsrc.addr={GITHUB}:41233 "
    f'src.workload="{POD}" src.namespace="mcp-servers" dst.addr={WORLD}:443 direction="outbound"',
    "gadget-tcp": {**_GADGET, "type": "connect", "error": ""},
    "tetragon": {
        "process_kprobe": {"process": _TETRAGON, "function_name": "tcp_connect", "args": [{"sock_arg": _SOCKET}]},
        "time": "2026-11-02T09:14:07Z",
    },
    "conntrack": f"[1793610847.404660]\t    [NEW] tcp      6 120 SYN_SENT src={GITHUB} dst={WORLD} sport=41233 dport=443 "
    f"[UNREPLIED] src={WORLD} dst=10.0.1.9 sport=443 dport=41233",
    "aviatrix": f"<158>Nov  2 09:14:07 GW x 2026/11/02 09:14:07 AviatrixGwMicrosegPacket: POLICY=1 SRC_IP={GITHUB} "
    f"DST_IP={WORLD} PROTO=TCP SRC_PORT=41233 DST_PORT=443 ACT=PERMIT ENFORCED=true",
}
"""One flow of github's pod to a host outside, as each format has it."""

_ASKED = "2026-11-02T09:00:00Z"
ANSWERS: dict[str, tuple[Any, bool]] = {
    "hubble": (hubble_answer(NAME, WORLD, at=_ASKED), True),
    "route53": (
        {
            "query_timestamp": _ASKED,
            "query_name": f"{NAME}.",
            "rcode": "NOERROR",
            "answers": [{"Rdata": WORLD, "Type": "A"}],
            "srcaddr": GITHUB,
        },
        True,
    ),
    "gcp-dns": (
        {
            "jsonPayload": {"queryName": f"{NAME}.", "sourceIP": GITHUB, "rdata": f"{NAME}.\t60\tIN\ta\t{WORLD}"},
            "timestamp": _ASKED,
        },
        True,
    ),
    "gadget-dns": (
        {
            **_GADGET,
            "timestamp": _ASKED,
            "src": _GADGET["dst"],
            "dst": _END,
            "qr": "R",
            "name": f"{NAME}.",
            "rcode": "Success",
            "addresses": WORLD,
        },
        True,
    ),
    "dnstap": (stream(frame(answer(NAME, f"{NAME}. A {WORLD}"), GITHUB, parse_time(_ASKED))), True),
    "coredns": (f'{_ASKED} stdout F [INFO] {GITHUB}:1 - 2 "A IN {NAME}. udp 41 false 4096" NOERROR qr 68 0.1s', False),
}
"""What github's pod asked before, and whether the format tells the answer's addresses."""


NO_ADDRESSES = {"calico", "aks-acns"}
"""Formats of which no answer of DNS can tell the name."""


def text_of(sample: Any) -> str:
    """A sample as the file holds it."""
    return sample if isinstance(sample, str) else json.dumps(sample)


def bytes_of(sample: Any) -> bytes:
    """The same for those that may be no text."""
    return sample if isinstance(sample, bytes) else text_of(sample).encode()


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalog, and the pods of the cluster."""
    monkeypatch.chdir(tmp_path)
    Path("values.yaml").write_text(CATALOG, encoding="utf-8")
    Path("pods.json").write_text(kube_list(pod(labels=LABELS)), encoding="utf-8")


def observe(*arguments: str) -> dict[str, Any]:
    """The report of a run."""
    done = run_cli("observe", "log", "-f", "values.yaml", "--pods", "pods.json", "--format", "json", *arguments)
    assert done.stdout, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_every_format_has_a_sample() -> None:
    """A new reader stands among the samples, or this fails."""
    assert set(READERS) == {*SAMPLES, *ANSWERS}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_flow_without_a_name(name: str) -> None:
    """Recognised by its content, attributed to github, and nothing is made up of its address."""
    Path("log").write_text(text_of(SAMPLES[name]), encoding="utf-8")
    report = observe()
    (found,) = report["subjects"]

    assert [item["format"] for item in report["files"]] == [name]
    assert report["notRead"]["lines"] == 0
    assert {loss["loss"] for loss in report["cannotShow"]} == {
        loss.name.lower().replace("_", "-") for loss in READERS[name].losses
    }
    why = (
        "the log has no address of it, and some are granted there"
        if name in NO_ADDRESSES
        else ("no name, and names are granted there")
    )
    assert [(item["port"], item["why"]) for item in found["unknown"]] == [("443/TCP", why)]
    assert found["wouldBeDenied"] == found["deniedAlready"] == []


@pytest.mark.parametrize("name", [name for name in SAMPLES if name not in NO_ADDRESSES])
@pytest.mark.parametrize("dns", ANSWERS)
def test_a_flow_with_an_answer(name: str, dns: str) -> None:
    """With a log of DNS beside it the flow has its name, where that log tells addresses; else it stays unknown."""
    sample, tells = ANSWERS[dns]
    Path("log").write_text(text_of(SAMPLES[name]), encoding="utf-8")
    Path("dns").write_bytes(bytes_of(sample))
    (found,) = observe("--dns", "dns")["subjects"]

    assert [item["what"] for item in found["wouldBeDenied"]] == ([NAME] if tells else [])
    assert [item["entry"] for item in found["wouldBeDenied"]] == ([NAME] if tells else [])
    assert found["askedOnly"] == ([] if tells else [NAME])
    assert len(found["unknown"]) == (0 if tells else 1)


def test_dnstap_that_was_cut() -> None:
    """What stands before the cut is used, the frame behind it is counted and named; so is one that is no DNS."""
    whole = stream(frame(answer(NAME, f"{NAME}. A {WORLD}"), GITHUB, parse_time(_ASKED)), frame(b"x"), frame(b"y" * 90))
    Path("log").write_text(hubble(), encoding="utf-8")
    Path("dns").write_bytes(whole[:-40])
    report = observe("--dns", "dns")

    assert [item["what"] for item in report["subjects"][0]["wouldBeDenied"]] == [NAME]
    assert report["notRead"] == {
        "lines": 2,
        "first": ["dns:2: holds no DNS message, or only a part of it", "dns:2: ends in the middle of a frame"],
    }


def test_dnstap_without_messages() -> None:
    """A server that leaves the messages out is said to, and no name is made up."""
    Path("log").write_text(hubble(), encoding="utf-8")
    Path("dns").write_bytes(stream(frame(None, GITHUB, parse_time(_ASKED))))
    report = observe("--dns", "dns")

    assert "no-messages" in {loss["loss"] for loss in report["cannotShow"]}
    assert report["subjects"][0]["wouldBeDenied"] == []


@pytest.mark.parametrize("name", ["aws-vpc", "aws-vpc-folded", "azure-vnet", "istio", "conntrack", "aviatrix"])
def test_addresses_need_pods(name: str) -> None:
    """Without pods a log of addresses tells nothing of the catalog, and says what is missing."""
    Path("log").write_text(text_of(SAMPLES[name]), encoding="utf-8")
    done = run_cli("observe", "log", "-f", "values.yaml")

    assert (done.code, done.stdout) == (1, "")
    assert done.stderr.endswith("Logs of addresses need --pods [observe-not-ours]\n")


def test_a_format_by_name() -> None:
    """--format reads a file whose lines are not recognised."""
    template = "${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${start} ${action}"
    Path("log").write_text(f"{GITHUB} {WORLD} 41233 443 6 1793610847 ACCEPT\n", encoding="utf-8")
    found = observe("--log-format", "aws-vpc", "--vpc-format", template)

    assert found["counts"]["records"] == 1
    assert run_cli("observe", "log", "-f", "values.yaml").code == 1


def test_names_that_a_client_showed() -> None:
    """SNI in a sidecar's and in a firewall's log is the name, whatever DNS has said."""
    Path("log").write_text(SAMPLES["istio"].removesuffix("- -") + f"{NAME} -", encoding="utf-8")
    Path("dns").write_text(text_of(ANSWERS["route53"][0]).replace(NAME, "other.example.com"), encoding="utf-8")

    assert [item["entry"] for item in observe("--dns", "dns")["subjects"][0]["wouldBeDenied"]] == [NAME]
