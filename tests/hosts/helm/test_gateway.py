"""The gateway's keys on their way through the chart: they arrive as written, and nothing that may be a secret does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from charting import Charting, catalog, parse
from find_helm import Helm
from gateways.shapes import SHAPES
from helpers import rendered
from mcpfence.kube.services import ServiceIndex
from mcpfence.render.pipeline import render

Raw = dict[str, Any]


@pytest.fixture
def charting(helm: Helm, tmp_path: Path) -> Charting:
    """The chart under each helm."""
    return Charting(helm, tmp_path)


def _once(raw: Raw) -> list[str]:
    return [item.text for item in rendered(raw).objects]


def test_every_shape_arrives(charting: Charting) -> None:
    """What the renderer makes of the carrier is what it makes of the values, for every key of every shape."""
    for title, raw in SHAPES.items():
        carried = catalog(charting.template(raw))
        again = render(carried, release="demo", namespace="home", services=ServiceIndex())

        assert [item.text for item in again.objects] == _once(raw), title


def test_secrets_under_unknown_keys_stay_out(charting: Charting) -> None:
    """Without schema validation a value in the place of a reference is withheld, and the renderer refuses its key."""
    values = {
        "gateway": {
            "provider": "kuadrant",
            "clientSecret": "s3cret-0",
            "auth": {"password": "s3cret-1", "tokenExchange": {"sharedSecretRef": {"name": "a", "value": "s3cret-2"}}},
            "toolsList": {"privateKey": "s3cret-3"},
            "extension": {"redis": "s3cret-4"},
        },
        "servers": {
            "a": {
                "runtime": "remote",
                "gateway": {
                    "token": "s3cret-5",
                    "credentialRef": {"name": "a", "value": "s3cret-6"},
                    "caCertSecretRef": {"name": "a", "pem": "s3cret-7"},
                    "auth": {"tokenExchange": {"client": "s3cret-8"}},
                },
            }
        },
    }
    text = charting.template_text(values, "--skip-schema-validation")

    assert [f"s3cret-{number}" for number in range(9) if f"s3cret-{number}" in text] == []
    assert catalog(parse(text))["servers"]["a"]["gateway"]["credentialRef"] == {
        "name": "a",
        "value": "withheld by the chart",
    }


def test_no_secret_is_said(tmp_path: Path) -> None:
    """A secret in the place of a reference is refused by its key, without its value."""
    from helpers import run_cli

    values = tmp_path / "values.yaml"
    auth = {"tokenExchange": {"sharedSecretRef": {"name": "a", "value": "s3cret"}}}
    values.write_text(yaml.safe_dump({"gateway": {"provider": "kuadrant", "auth": auth}}))
    outcome = run_cli("check", "-f", str(values))

    assert outcome.code == 1
    assert "gateway.auth.tokenExchange.sharedSecretRef.value: is no known key" in outcome.stderr
    assert "s3cret" not in outcome.stderr
