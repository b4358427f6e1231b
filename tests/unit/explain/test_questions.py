"""Questions: every form of `--to` and `--from`, and a whole sentence for each slip."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explaining import ask
from mcpfence.explain.questions import BadQuestion, Question, read_question
from mcpfence.net.addresses import format_address

FORMS: dict[str, Question] = {
    "api.github.com": Question("api.github.com", host="api.github.com"),
    "API.GitHub.com.": Question("API.GitHub.com.", host="api.github.com"),
    "redis": Question("redis", name="redis"),
}


@pytest.mark.parametrize("text", FORMS)
def test_forms_of_questions(text: str) -> None:
    """Host names in canonical form, single words as names of the catalog."""
    assert read_question(text) == FORMS[text]


@pytest.mark.parametrize(
    ("text", "address", "port"),
    [
        ("10.1.2.3", "10.1.2.3", None),
        ("10.1.2.3:53/udp", "10.1.2.3", "53/UDP"),
        ("2001:db8::1", "2001:db8::1", None),
        ("[2001:db8::1]", "2001:db8::1", None),
        ("[2001:db8::1]:9000/SCTP", "2001:db8::1", "9000/SCTP"),
    ],
)
def test_addresses_in_questions(text: str, address: str, port: str | None) -> None:
    """IPv4, IPv6 bare and in brackets, with and without a port."""
    found = read_question(text)

    assert found.address is not None
    assert (format_address(found.address), found.ports and found.ports[0].text) == (address, port)


def test_pods_in_questions() -> None:
    """Labels as kubectl writes them; one word is the value of the label app."""
    short, long = read_question("data/redis:6379"), read_question("data/role=primary,app.kubernetes.io/name=redis:6379")

    assert short.pod == ("data", (("app", "redis"),))
    assert long.pod == ("data", (("app.kubernetes.io/name", "redis"), ("role", "primary")))
    assert short.ports == long.ports


@given(st.one_of(st.text(), st.text("ab.:/=,[]*-%0129 TCPudp\u00e4", max_size=30)))
def test_any_text_is_a_question_or_wrong_usage(text: str) -> None:
    """No text breaks the reader, and what it takes is exactly one thing."""
    with contextlib.suppress(BadQuestion):
        found = read_question(text)

        assert sum(map(bool, (found.host, found.address is not None, found.pod, found.name))) == 1


BAD_TO = {
    "": '"" is empty: write HOST, an address, NAMESPACE/POD or a name of the catalog.',
    ":443": '":443" is empty: write HOST, an address, NAMESPACE/POD or a name of the catalog.',
    "https://a.example.com": '"https://a.example.com" has a scheme: write the host name alone, and its port behind a colon.',
    "a.example.com:": '"a.example.com:" has no port behind the colon: write one, such as 443, 53/UDP or 9000/SCTP.',
    "a.example.com:https": '"a.example.com:https" has no port behind the colon: write one, such as 443, 53/UDP or 9000/SCTP.',
    "a.example.com:0": '"a.example.com:0" has a port outside 1 to 65535.',
    "a.example.com:65536": '"a.example.com:65536" has a port outside 1 to 65535.',
    "a.example.com:443/ICMP": '"a.example.com:443/ICMP" names the protocol ICMP: write TCP, UDP or SCTP.',
    "a.example.com/tcp": '"a.example.com/tcp" has a protocol without a port: write a.example.com:PORT/TCP.',
    "a.example.com/path": '"a.example.com/path" begins with "a.example.com", which is no namespace.',
    "*.example.com": '"*.example.com" is a wildcard: ask for one name below example.com.',
    "a..example.com": '"a..example.com" has an empty label: write HOST, an address, NAMESPACE/POD or a name of the catalog.',
    "redis.data.svc": '"redis.data.svc" is a name inside the cluster: write NAMESPACE/POD with the labels of the pods '
    "behind it, or the name of a services entry.",
    "localhost": '"localhost" is no services entry, server, workload or client of the catalog: '
    "write a full host name, an address or NAMESPACE/POD.",
    "1.2.3": '"1.2.3" ends in a number, which makes it an IP address: write HOST, an address, NAMESPACE/POD or a name of '
    "the catalog.",
    "10.0.0.0/8": '"10.0.0.0/8" is a block of addresses: ask for one address of it.',
    "::ffff:10.0.0.1": '"::ffff:10.0.0.1" is an IPv4-mapped address: write 10.0.0.1, which is what is on the wire.',
    "2001:db8::1:xyz": '"2001:db8::1:xyz" has several colons and is no IPv6 address: write [ADDRESS]:PORT or HOST:PORT.',
    "[10.0.0.1]:80": '"[10.0.0.1]:80" has brackets, which only IPv6 addresses need: write it without them.',
    "[zz::1]:80": '"[zz::1]:80" is no IPv6 address.',
    "fe80::1%eth0": '"fe80::1%eth0" has several colons and is no IPv6 address: write [ADDRESS]:PORT or HOST:PORT.',
    "data/": '"data/" names no pod: write NAMESPACE/KEY=VALUE,... or NAMESPACE/VALUE-OF-LABEL-app.',
    "Data/redis:1": '"Data/redis:1" begins with "Data", which is no namespace.',
    "data/app=redis,x:1": '"data/app=redis,x:1" has "x", which is no label: write KEY=VALUE,KEY=VALUE.',
    "data/app=a,app=b:1": '"data/app=a,app=b:1" gives the label app two values, and a pod has one.',
    "data/redis": '"data/redis" has no port: pods have no default; write data/redis:PORT.',
    "gatewy": '"gatewy" is no services entry, server, workload or client of the catalog: '
    "did you mean gateway? Else write a full host name, an address or NAMESPACE/POD.",
    "api-management": "client api-management has no callbackPort: write api-management:PORT.",
}


@pytest.mark.parametrize("text", BAD_TO)
def test_bad_forms_of_to(text: str) -> None:
    """Each is wrong usage: exit 2, nothing on stdout, one whole sentence."""
    outcome = ask("aks-aviatrix", "devops", "--to", text)

    assert (outcome.code, outcome.stdout) == (2, "")
    assert outcome.stderr.splitlines()[-1] == f"Error: {BAD_TO[text]}"


BAD_FROM = {
    "api.example.com": '"api.example.com" is a host name: callers are clients, NAMESPACE/POD or addresses.',
    "ai-gateway/ai-gateway:80": '"ai-gateway/ai-gateway:80" has a port: a caller\'s own port is no matter; '
    "--port is the one called.",
    "gatway": '"gatway" is no client of the catalog: did you mean gateway? Else write NAMESPACE/POD, an address or a '
    "declared client.",
}


@pytest.mark.parametrize("text", BAD_FROM)
def test_bad_forms_of_from(text: str) -> None:
    """Likewise for --from."""
    outcome = ask("aks-aviatrix", "devops", "--from", text)

    assert (outcome.code, outcome.stdout) == (2, "")
    assert outcome.stderr.splitlines()[-1] == f"Error: {BAD_FROM[text]}"


USAGE: dict[str, tuple[tuple[str, ...], str]] = {
    "port": (
        ("aks-aviatrix", "devops", "--from", "gateway", "--port", "x"),
        'Error: "x" has no port behind the colon: write one, such as 443, 53/UDP or 9000/SCTP.',
    ),
    "port-alone": (
        ("aks-aviatrix", "devops", "--port", "80"),
        "Error: --port is the port that --from asks about; behind --to write HOST:PORT.",
    ),
    "remote": (
        ("obot", "handbook", "--to", "example.com"),
        "Error: server handbook is remote: it runs elsewhere and has no pods that a fence could hold.",
    ),
    "composite": (
        ("obot", "engineering", "--from", "obot"),
        "Error: server engineering is composite: it only groups other servers and has no pods that a fence could hold.",
    ),
    "composite-target": (
        ("obot", "github", "--to", "engineering"),
        "Error: server engineering is composite, it only groups others: ask for one of them.",
    ),
    "back-end": (
        ("services", "cache", "--to", "example.com"),
        "Error: service cache is a back-end: what it reaches is not fenced by this catalog.",
    ),
    "no-port": (
        ("gateway-callers", "mcp-connect", "--from", "codemie-api", "--format", "yaml"),
        "Error: Invalid value for '--format': 'yaml' is not one of 'text', 'markdown', 'html', 'json'.",
    ),
}


@pytest.mark.parametrize("name", USAGE)
def test_wrong_usage(name: str) -> None:
    """What cannot be asked of this server, or not like this."""
    arguments, sentence = USAGE[name]
    outcome = ask(*arguments)

    assert (outcome.code, outcome.stdout, outcome.stderr.splitlines()[-1]) == (2, "", sentence)
