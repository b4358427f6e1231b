"""Host names and wildcards: the canonical form of good ones.

Every refused form is a case in tests/commands/bad_input/cases/hosts.yaml.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import catalog, names, planned
from mcpfence.net.hosts import BadHost, parse_host

GOOD = {
    "api.example.com": "api.example.com",
    "API.Example.COM": "api.example.com",
    "api.example.com.": "api.example.com",
    "*.example.com": "*.example.com",
    "*.Example.com.": "*.example.com",
    "xn--bcher-kva.example.com": "xn--bcher-kva.example.com",
    "my_bucket.s3.amazonaws.com": "my_bucket.s3.amazonaws.com",
    "_dmarc.example.com": "_dmarc.example.com",
    "1password.com": "1password.com",
    "4.example.com": "4.example.com",
    "a.b.c.d.e.example.com": "a.b.c.d.e.example.com",
    "login.microsoftonline.com": "login.microsoftonline.com",
    "svc.example.com": "svc.example.com",
    "cluster.local.example.com": "cluster.local.example.com",
    "localhost.example.com": "localhost.example.com",
    "google.internal": "google.internal",
    f"{'x' * 63}.example.com": f"{'x' * 63}.example.com",
}


@pytest.mark.parametrize(("text", "expected"), GOOD.items())
def test_good_names_become_canonical(text: str, expected: str) -> None:
    """Names are compared in lower case and without the dot at the end; nothing else of them changes."""
    assert parse_host(text) == expected


def test_longest_name() -> None:
    """A name of 253 characters is good, one of 254 is not."""
    name = ".".join(["x" * 49] * 5) + ".ab"

    assert len(parse_host(name)) == 252
    assert parse_host("y" + name) == "y" + name
    with pytest.raises(BadHost, match="longer than 253"):
        parse_host("yy" + name)


@given(st.text(max_size=40) | st.from_regex(r"[a-z*.:/\[\]0-9_-]{0,40}", fullmatch=True))
def test_every_text_is_judged(text: str) -> None:
    """Any text is either refused with an id, a sentence and an advice, or has one canonical form, which is good too."""
    refusal, name = None, ""
    try:
        name = parse_host(text)
    except BadHost as bad:
        refusal = bad
    if refusal:
        assert all((refusal.id, refusal.sentence, refusal.todo))
        return
    base = name.removeprefix("*.")
    assert parse_host(name) == name
    assert name == name.lower()
    assert name.isascii()
    assert "." in base
    assert "*" not in base
    assert set(base) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_.")


@given(st.from_regex(r"(\*\.)?([a-z0-9]([a-z0-9-]{0,9}[a-z0-9])?\.){1,3}[a-z]{2,8}", fullmatch=True))
def test_ordinary_names_are_good(name: str) -> None:
    """The quick way through the expression and the slow way through the checks agree on ordinary names."""
    local = (".localhost", ".local", ".svc", ".internal", ".arpa")
    if not name.endswith(local):
        assert parse_host(name) == name
        assert parse_host(name + ".") == name


def test_wildcard_on_a_shared_zone_is_a_warning() -> None:
    """A wildcard on a suffix of the list's private section renders, with a warning that names the zone."""
    raw = catalog(
        {"a": {"runtime": "npx", "npxConfig": {"egressDomains": ["*.githubusercontent.com", "*.example.com"]}}},
        egress={"provider": "aviatrix"},
    )
    plan = planned(raw)

    assert plan.messages("wildcard-multi-tenant") == [
        "servers.a.npxConfig.egressDomains[0]: anybody can have a host below githubusercontent.com, so "
        '"*.githubusercontent.com" is a way out; name the hosts that the server needs'
    ]
    assert names(plan["server a"]) == {"*.githubusercontent.com": "443/TCP", "*.example.com": "443/TCP"}


def test_name_on_a_shared_zone_is_no_warning() -> None:
    """A host of its own below such a zone is nobody else's."""
    raw = catalog(
        {"a": {"runtime": "npx", "npxConfig": {"egressDomains": ["raw.githubusercontent.com"]}}},
        egress={"provider": "aviatrix"},
    )

    assert planned(raw).messages("wildcard-multi-tenant") == []
