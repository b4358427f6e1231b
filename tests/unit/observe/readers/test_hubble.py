"""Hubble's records: both envelopes, orientation, verdicts, names, DNS, lost events."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flow_samples import GITHUB, LOST, NANOSECONDS, POD, THE_WORLD, US, WORLD, enveloped, hubble, hubble_answer
from mcpfence.observe.lines import LogLine
from mcpfence.observe.readers import sniff
from mcpfence.observe.readers.contract import ReadOptions
from mcpfence.observe.readers.hubble import READER
from mcpfence.observe.record import BadLine, Dropped, FlowEnd, Found, Loss, Record, Resolved, Seen

OURS = FlowEnd("mcp-servers", POD, "app=github", GITHUB)
THEIRS = FlowEnd(labels="reserved:world", address=WORLD)
BASIC = Seen(NANOSECONDS, OURS, THEIRS, 41233, 443, "TCP", "allowed", False, node="prod/node-1")  # noqa: FBT003


def read(text: str) -> list[Record]:
    """The records of one line."""
    return list(READER.open(ReadOptions())(LogLine(1, text)))


def one(text: str) -> Seen:
    """The one flow of a line."""
    (found,) = read(text)
    assert isinstance(found, Seen)
    return found


def test_a_record_of_an_export() -> None:
    """Everything that a flow needs, and Cilium's own labels left out."""
    assert read(hubble()) == [BASIC]


def test_the_bare_form() -> None:
    """The older command line prints the flow without an envelope."""
    text = json.dumps(json.loads(hubble())["flow"])

    assert read(text) == [BASIC]
    assert sniff([text]) is sniff([hubble()]) is sniff([LOST]) is READER


@pytest.mark.parametrize(
    ("written", "verdict"),
    [
        ("FORWARDED", "allowed"),
        ("REDIRECTED", "allowed"),
        ("AUDIT", "audit"),
        ("DROPPED", "denied"),
        ("ERROR", "denied"),
    ],
)
def test_verdicts(written: str, verdict: str) -> None:
    """What passed, what passed in audit mode, what did not."""
    assert one(hubble(verdict=written)).verdict == verdict


@pytest.mark.parametrize(
    "changes",
    [
        {"verdict": "TRACED"},
        {"verdict": "TRANSLATED", "Type": "SOCK"},
        {"verdict": "VERDICT_UNKNOWN"},
        {"trace_observation_point": "FROM_ENDPOINT", "is_reply": None},
    ],
)
def test_events_before_a_verdict(changes: dict[str, Any]) -> None:
    """An event of a packet of which nothing is decided yet says nothing."""
    assert read(hubble(**changes)) == []


def test_is_reply_is_three_things() -> None:
    """False is printed, true is, and what is missing is not known."""
    assert one(hubble(is_reply=False)).reply is False
    assert one(hubble(is_reply=True)).reply is True
    assert one(hubble(is_reply=None, traffic_direction=None)).reply is None


@pytest.mark.parametrize(
    ("direction", "ours", "theirs", "reply"),
    [
        ("EGRESS", 812, 0, False),
        ("EGRESS", 0, 812, True),
        ("INGRESS", 0, 812, False),
        ("INGRESS", 812, 0, True),
        ("EGRESS", 812, 813, None),
        ("TRAFFIC_DIRECTION_UNKNOWN", 812, 0, None),
    ],
)
def test_drops_have_no_mark(direction: str, ours: int, theirs: int, reply: bool | None) -> None:
    """Which way a drop went is told by the direction at the endpoint that the node has; else it stays unknown."""
    dropped = hubble(
        verdict="DROPPED",
        is_reply=None,
        drop_reason_desc="POLICY_DENIED",
        traffic_direction=direction,
        source={**US, "ID": ours},
        destination={**THE_WORLD, "ID": theirs},
    )

    assert one(dropped).reply is reply


def test_names_are_of_whoever_was_called() -> None:
    """Names of the destination, of a reply those of the source; small, without a last dot."""
    assert one(hubble(names=["API.example.com."])).names == ("api.example.com",)
    back = one(hubble(is_reply=True, source_names=["b.example.com", "a.example.com"], destination_names=["no.example"]))
    assert (back.names, back.evidence) == (("a.example.com", "b.example.com"), "flow")
    assert one(hubble()).evidence == ""


@pytest.mark.parametrize(
    ("layer", "protocol", "port"),
    [
        ({"UDP": {"source_port": 5, "destination_port": 443}}, "UDP", 443),
        ({"SCTP": {"destination_port": 9000}}, "SCTP", 9000),
        ({"ICMPv4": {"type": 8}}, "ICMP", 0),
        ({"ICMPv6": {"type": 128}}, "ICMP", 0),
        ({}, "", 0),
    ],
)
def test_protocols(layer: dict[str, Any], protocol: str, port: int) -> None:
    """Ports that are zero are left out by protojson."""
    found = one(hubble(l4=layer))

    assert (found.protocol, found.port) == (protocol, port)


def test_a_service_before_its_address_is_translated() -> None:
    """Without socket load balancing the destination is the Service, which the record names."""
    found = one(hubble(destination_service={"name": "redis", "namespace": "data"}))

    assert found.destination.service == "data/redis"


def test_answers_name_the_question() -> None:
    """The name is the one that was asked for, not what a CNAME leads to; the client is who had asked."""
    answer = hubble_answer("API.example.com", WORLD)

    assert read(answer) == [Resolved(NANOSECONDS, OURS, "api.example.com", (WORLD,), "prod/node-1")]


def test_a_question_has_no_addresses() -> None:
    """A query tells what was asked for; one that the proxy refused tells nothing."""
    flow = json.loads(hubble_answer("api.example.com"))["flow"]
    flow |= {"source": US, "destination": flow["source"], "l7": {"type": "REQUEST", "dns": flow["l7"]["dns"]}}

    assert [type(item) for item in read(enveloped(flow))] == [Resolved]
    assert read(enveloped({**flow, "verdict": "DROPPED"})) == []


def test_an_aggregated_export() -> None:
    """An aggregate says so itself, and may lack what was masked."""
    found = read(hubble(aggregate={"egress_flow_count": 7}, IP=None, l4=None, node_name=None))

    assert found[:2] == [Found(Loss.AGGREGATED), Found(Loss.NO_ADDRESSES)]
    assert isinstance(found[2], Seen)
    assert found[2].destination.address == ""


def test_other_events() -> None:
    """Lost events are counted; what concerns no flow is passed over."""
    assert read(LOST) == [Dropped(37)]
    for key in ("node_status", "agent_event", "debug_event"):
        assert read(json.dumps({key: {}, "time": "2026-11-02T09:15:00Z"})) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"flow":{"time":"2026-11-0', "is no JSON, or only a part of it"),
        ("[1]", "is no JSON object"),
        ("[" * 100_000, "nests too deep to be a record"),
        ('{"flow":7}', "is no record of a flow"),
        ('{"other":{}}', "is no record of a flow"),
        (hubble(at="yesterday"), "has a time that is none"),
        (hubble(to="github"), "has an address that is none"),
        (hubble(port=70000), "has a port outside 0 to 65535"),
        (hubble(port="x"), "has a number that is none"),
    ],
)
def test_bad_lines(text: str, why: str) -> None:
    """What is no record says why."""
    with pytest.raises(ValueError, match=f"^{why}$"):
        read(text)


def test_a_bad_line_is_a_bad_line() -> None:
    """The class that the reading of files counts."""
    assert issubclass(BadLine, ValueError)
