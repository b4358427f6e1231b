"""The order of one render: who is asked when, and who is not asked any more after an error."""

from __future__ import annotations

from typing import Any

import pytest

from helpers import Raw, errors_of, one
from mcpfence.providers import Feature, all_providers, provider_of
from mcpfence.render import errors_that_wait, pipeline

NAMED: Raw = {"containerizedConfig": {"egressDomains": ["api.example.com"]}}

WRONG: dict[str, tuple[Raw, list[str]]] = {
    "while reading: no peer of the DNS is left": (
        one(**NAMED) | {"dns": {"peers": [{"cidr": "10.0.0.300/24"}]}},
        [
            'dns.peers[0].cidr: "10.0.0.300/24" is not a CIDR block; write an address with its prefix length, '
            "such as 203.0.113.0/24 or 2001:db8::/32 [cidr-bad]"
        ],
    ),
    "while planning: a block that is public and private": (
        one(**NAMED, egress={"cidrs": [{"cidr": "0.0.0.0/0", "ports": [443]}]}),
        [
            "servers.a.egress.cidrs[0]: 0.0.0.0/0 holds public and blocked addresses; write "
            "egress.default: internet for every public address, or narrower cidrs that are one or the other [cidr-mixed]"
        ],
    ),
}


@pytest.mark.parametrize("name", [provider.name for provider in all_providers()])
@pytest.mark.parametrize(("raw", "said"), WRONG.values(), ids=WRONG)
def test_no_provider_after_an_error(monkeypatch: pytest.MonkeyPatch, name: str, raw: Raw, said: list[str]) -> None:
    """A provider is promised a whole fence: after an error none is asked for one, and the error is what is said."""
    # What waits for these errors is looked for in a catalog without them, where providers are asked.
    monkeypatch.setattr(errors_that_wait, "errors_that_wait", lambda *_: [])

    def asked(*_: Any) -> Any:
        raise AssertionError("a provider was asked after an error")

    provider = provider_of(name)._replace(prepare=asked, emit=asked, remark=asked)
    monkeypatch.setattr(pipeline, "provider_of", lambda _: provider)
    settings: dict[str, Raw] = {"none": {"unenforcedDomains": "internet"}, "calico": {"calico": {"edition": "cloud"}}}

    assert errors_of(raw | {"egress": {"provider": name, **settings.get(name, {})}}) == said


def test_no_caution_after_a_reading_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a provider has to say of a whole catalog waits until the whole catalog was read."""

    def asked(*_: Any) -> Any:
        raise AssertionError("a provider was asked after an error")

    provider = provider_of("aviatrix")._replace(caution=asked, opens=asked)
    monkeypatch.setattr(pipeline, "provider_of", lambda _: provider)
    raw, said = next(iter(WRONG.values()))

    assert errors_of(raw | {"egress": {"provider": "aviatrix"}}) == said


def test_what_no_engine_is_needed_for() -> None:
    """After an error it is still said what the engine cannot express, for that is known without asking it."""
    raw, said = next(iter(WRONG.values()))
    able = [one.name for one in all_providers() if Feature.NAME in one.expresses]

    assert errors_of(raw) == [
        *said,
        "egress.provider: NetworkPolicies know no host names, and these list some: server a; "
        f"write the egress.provider of your cluster ({', '.join(able)}), list addresses under egress.cidrs, "
        "or accept every public address with egress.unenforcedDomains: internet [domains-unenforced]",
    ]
