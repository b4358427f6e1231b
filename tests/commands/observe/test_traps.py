"""What makes others learn policy wrongly from traffic, a test each, from the log to what is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flow_samples import CATALOG, GITHUB, LOST, US, WORLD, hubble, hubble_answer, kube_list, pod
from helpers import run_cli

MODELS = "models.example.com"


def observe(folder: Path, *lines: str, arguments: tuple[str, ...] = (), catalog: str = CATALOG) -> dict[str, Any]:
    """What is said of github, from lines of a log; `logs` holds the rest of the report."""
    (folder / "values.yaml").write_text(catalog, encoding="utf-8")
    (folder / "log").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    done = run_cli("observe", str(folder / "log"), "-f", str(folder / "values.yaml"), "--format", "json", *arguments)
    assert done.stdout, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return {**report["subjects"][0], "logs": report}


def said(items: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """What and which port."""
    return [(item["what"], item["port"]) for item in items]


def entries(found: dict[str, Any]) -> list[Any]:
    """Everything that is proposed."""
    return [item["entry"] for item in found["wouldBeDenied"] if item["entry"] is not None]


def test_1_replies_are_no_ports(tmp_path: Path) -> None:
    """A reply goes to the caller's ephemeral port; it is the same flow, and its port is never proposed."""
    back = hubble(
        source={"identity": 2, "labels": ["reserved:world"]},
        destination=US,
        IP={"source": WORLD, "destination": GITHUB},
        source_port=443,
        port=41233,
        is_reply=True,
        source_names=[MODELS],
        at="2026-11-02T09:14:08Z",
    )
    found = observe(tmp_path, hubble(names=[MODELS]), back)

    assert said(found["wouldBeDenied"]) == [(MODELS, "443/TCP")]
    assert found["wouldBeDenied"][0]["records"] == 2
    assert found["logs"]["counts"]["replies"] == 1


def test_2_what_is_denied_is_no_wish(tmp_path: Path) -> None:
    """A flow that was dropped is told as denied already, also beside one that passed, and never proposed."""
    dropped = hubble(verdict="DROPPED", is_reply=None, names=["blocked.example.com"], drop_reason_desc="POLICY_DENIED")
    found = observe(tmp_path, dropped, hubble(names=[MODELS]), hubble(names=[MODELS], verdict="DROPPED"))

    assert said(found["deniedAlready"]) == [("blocked.example.com", "443/TCP"), (MODELS, "443/TCP")]
    assert said(found["wouldBeDenied"]) == [(MODELS, "443/TCP")]
    assert entries(found) == []
    assert found["wouldBeDenied"][0]["notProposed"] == "it was denied at other times: find out by what"


def test_3_two_ephemeral_ports_are_unknown(tmp_path: Path) -> None:
    """Without a mark the ports tell which end was called; where they do not, nobody guesses."""
    unmarked: dict[str, Any] = {"is_reply": None, "traffic_direction": None, "names": [MODELS]}
    found = observe(tmp_path, hubble(**unmarked, port=50000), hubble(**unmarked, port=443))

    assert said(found["unknown"]) == [(MODELS, "50000/TCP")]
    assert found["unknown"][0]["why"] == "which end called the other is not told"
    assert said(found["wouldBeDenied"]) == [(MODELS, "443/TCP")]


def test_4_names_come_from_answers_before(tmp_path: Path) -> None:
    """The pod's own answer names the address by what was asked for; a later one does not, several prove nothing."""
    before, late = "2026-11-02T09:00:00Z", "2026-11-02T10:00:00Z"
    found = observe(
        tmp_path,
        hubble_answer(MODELS, "192.175.48.1", at=before),
        hubble(to="192.175.48.1"),
        hubble(to="192.175.48.2"),
        hubble_answer("late.example.com", "192.175.48.2", at=late),
        hubble(to="192.175.48.2", at="2026-11-02T11:00:00Z"),
        hubble_answer("one.example.com", "192.175.48.3", at=before),
        hubble_answer("two.example.com", "192.175.48.3", at=before),
        hubble(to="192.175.48.3"),
    )

    assert said(found["wouldBeDenied"]) == [(MODELS, "443/TCP")]
    assert [(item["why"], item["candidates"]) for item in found["unknown"]] == [
        ("no answer of DNS before it tells its name", ["late.example.com"]),
        ("several names stand for its address", ["one.example.com", "two.example.com"]),
    ]


def test_5_losses_are_said(tmp_path: Path) -> None:
    """What a source cannot show is repeated, lost events are counted, and a gate does not pass over them."""
    found = observe(tmp_path, hubble(names=["api.example.com"]), hubble(names=["uploads.example.com"]), LOST)

    assert found["wouldBeDenied"] == found["unknown"] == found["grantedNotSeen"][1:] == []
    assert found["logs"]["cannotShow"] == [
        {
            "source": "Hubble flows (Cilium)",
            "loss": "some-names",
            "why": "it has host names only where the pods' DNS goes through a proxy that reads it",
            "weak": False,
        }
    ]
    assert found["logs"]["notReadyBecause"] == ["37 events were lost before they reached the log"]


def test_6_addresses_are_reused(tmp_path: Path) -> None:
    """Whose address it was is told by the time of the flow: before a pod's start it was not that pod's."""
    pods = tmp_path / "pods.json"
    pods.write_text(kube_list(pod(), pod("other-1-x", labels={"app": "other"}, start="2026-11-03T00:00:00Z")))
    source = {"IP": {"source": GITHUB, "destination": WORLD}, "names": [MODELS]}
    nameless: dict[str, Any] = {**source, "source": {"identity": 1}}
    found = observe(
        tmp_path,
        hubble(**nameless),
        hubble(**nameless, at="2026-11-04T00:00:00Z"),
        hubble(**nameless, at="2026-10-30T00:00:00Z"),
        hubble(**{**nameless, "IP": {"source": "10.0.1.9", "destination": WORLD}}),
        arguments=("--pods", str(pods)),
    )

    assert [item["days"] for item in found["wouldBeDenied"]] == [["2026-11-02"]]
    assert found["logs"]["counts"]["not_ours"] == 2
    assert found["logs"]["counts"]["from_nodes"] == 1


def test_7_services_stand_for_pods(tmp_path: Path) -> None:
    """A Service's address and port are those of the pods behind it, which is what a catalog lists."""
    services = tmp_path / "services.json"
    service = {
        "kind": "Service",
        "metadata": {"name": "redis", "namespace": "data"},
        "spec": {"clusterIP": "10.96.0.9", "selector": {"app": "redis"}, "ports": [{"port": 80, "targetPort": 6379}]},
    }
    services.write_text(kube_list(service))
    record = hubble(to="10.96.0.9", port=80, destination_service={"name": "redis", "namespace": "data"})
    found = observe(tmp_path, record, arguments=("--services", str(services)))
    without = observe(tmp_path, record)

    redis = {"name": "redis", "namespace": "data", "podSelector": {"app": "redis"}, "ports": [6379]}
    assert entries(found) == [redis]
    assert [item["why"] for item in without["unknown"]] == [
        "Service data/redis, whose labels are not known: give --services"
    ]


def test_8_odd_addresses_and_protocols(tmp_path: Path) -> None:
    """IPv4-mapped addresses are IPv4, and a name over UDP (QUIC) is not what a name grants."""
    found = observe(
        tmp_path,
        hubble(names=["api.example.com"], to=f"::ffff:{WORLD}"),
        hubble(names=["api.example.com"], protocol="UDP"),
        hubble(l4={"ICMPv4": {"type": 8}}),
    )

    assert found["grantedSeen"] == 1
    assert [(item["what"], item["port"], item["entry"]) for item in found["wouldBeDenied"]] == [
        (WORLD, "ICMP", None),
        ("api.example.com", "443/UDP", None),
    ]
    assert [item["notProposed"] for item in found["wouldBeDenied"]][1] == "a name shows on TCP alone"


def test_9_probes_and_search_paths(tmp_path: Path) -> None:
    """The node's own calls are no callers to declare, and questions that search paths make are no hosts."""
    probe = hubble(
        source={"identity": 1, "labels": ["reserved:host"]},
        destination=US,
        IP={"source": "10.0.1.9", "destination": GITHUB},
        traffic_direction="INGRESS",
        port=8080,
    )
    resolver = {"namespace": "kube-system", "labels": ["k8s:k8s-app=kube-dns"], "pod_name": "coredns-0"}
    asked = hubble(destination=resolver, to="10.244.0.2", protocol="UDP", port=53)
    search = hubble_answer("api.example.com.mcp-servers.svc.cluster.local")
    found = observe(tmp_path, probe, asked, search)

    assert found["wouldBeDenied"] == found["unknown"] == found["askedOnly"] == []
    assert found["dnsRecords"] == 1


@pytest.mark.parametrize("at", ["2026-11-02T23:59:59.999999999Z", "2026-11-03T00:59:59+01:00"])
def test_10_times_are_instants(tmp_path: Path, at: str) -> None:
    """Days are those of UTC, and nine digits of a second are kept apart."""
    found = observe(tmp_path, hubble(names=[MODELS], at=at))

    assert found["wouldBeDenied"][0]["days"] == ["2026-11-02"]


def test_11_files_overlap_and_end_anywhere(tmp_path: Path) -> None:
    """A file that was rotated into a copy, a cut line and a container's prefix change nothing but counts."""
    line = hubble(names=[MODELS])
    cut = line[: len(line) // 2]
    once = observe(tmp_path, line)
    found = observe(tmp_path, line, line, f"2026-11-02T09:14:07Z stdout F {line}", cut)

    assert [entries(found), said(found["unknown"])] == [entries(once), []]
    assert found["wouldBeDenied"][0]["records"] == 3
    assert found["logs"]["notRead"] == {"lines": 1, "first": [f"{tmp_path}/log:4: is no JSON, or only a part of it"]}


def test_12_hostile_content(tmp_path: Path) -> None:
    """A line of 20 MB, 5,000 levels and a name with an escape sequence are told, and none of them is proposed."""
    found = observe(
        tmp_path,
        "x" * 20_000_000,
        '{"flow":' * 5_000,
        hubble(names=["evil\u001b[2J.example.com"]),
        hubble(names=["good.example.com\nserver: forged"], to="192.175.48.7"),
        hubble(names=[MODELS], to="192.175.48.8"),
    )

    assert found["logs"]["notRead"]["lines"] == 2
    assert entries(found) == [MODELS]
    assert [item["why"] for item in found["unknown"]] == ["its name is no host name"] * 2


def test_13_audit_is_of_another_version(tmp_path: Path) -> None:
    """What an audited policy would have denied has passed: today's catalog is what judges it."""
    found = observe(
        tmp_path, hubble(names=["api.example.com"], verdict="AUDIT"), hubble(names=[MODELS], verdict="AUDIT")
    )

    assert found["grantedSeen"] == 1
    assert [(item["what"], item["audited"]) for item in found["wouldBeDenied"]] == [(MODELS, True)]
    assert found["deniedAlready"] == []


def test_14_a_proxy_hides_who_is_called(tmp_path: Path) -> None:
    """All traffic to one private address is a proxy's or a resolver's: it is told, and no name is made up."""
    found = observe(tmp_path, hubble(to="10.20.0.5", port=3128), hubble(to="192.175.48.53", port=853))

    assert entries(found) == []
    assert [item["notProposed"] for item in found["wouldBeDenied"]] == [
        "10.20.0.5 is blocked: private",
        "an address without a name: find out what it is",
    ]


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("10.20.0.5", "10.20.0.5 is blocked: private"),
        ("169.254.169.254", "169.254.169.254 is a metadata endpoint: metadata of AWS, Google, Azure, Oracle, "),
    ],
)
def test_a_blocked_address_behind_many_others(tmp_path: Path, address: str, why: str) -> None:
    """A name with more addresses than are kept is not proposed if a single one of them is blocked, wherever it stands."""
    many = [hubble(to=f"192.175.48.{last}", names=[MODELS]) for last in range(1, 60)]
    found = observe(tmp_path, *many, hubble(to=address, names=[MODELS]))

    assert said(found["wouldBeDenied"]) == [(MODELS, "443/TCP")]
    assert entries(found) == []
    assert found["wouldBeDenied"][0]["notProposed"].startswith(why)
