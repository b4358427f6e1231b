"""The page of `mcpfence observe` in a real browser: wide, on a phone and in print, and nothing leaves."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest

from browser import Browser
from flow_samples import CATALOG, LOST, hubble
from helpers import run_cli

pytestmark = pytest.mark.xdist_group("browser")

BUCKET = "a-very-long-name-of-a-bucket.with-many-labels.eu-central-1.storage.example.com"
REDIS = {
    "namespace": "data",
    "labels": ["k8s:app=redis", "k8s:app.kubernetes.io/instance=production", "k8s:app.kubernetes.io/name=redis"],
    "pod_name": "r-0",
}
PHONE, DESK = 420, 1280


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four weeks of one server, with every kind of flow, and losses."""
    folder = tmp_path_factory.mktemp("observe")
    at = [f"2026-11-{day:02d}T09:14:07Z" for day in range(2, 30)]
    lines = [
        *(hubble(names=["models.example.com"], at=time) for time in at[::3]),
        *(hubble(names=[BUCKET], port=8443, at=time) for time in at[2:4]),
        hubble(names=["a.example.com", "b.example.com"], to="192.175.48.77", at=at[9]),
        hubble(destination=REDIS, to="10.244.2.9", port=6379, at=at[5]),
        hubble(to="169.254.169.254", port=80, verdict="DROPPED", is_reply=None, at=at[-1]),
        LOST,
    ]
    folder.joinpath("log").write_text("\n".join(lines), encoding="utf-8")
    folder.joinpath("values.yaml").write_text(CATALOG, encoding="utf-8")
    done = run_cli("observe", str(folder / "log"), "-f", str(folder / "values.yaml"), "--format", "html")
    assert done.code == 0, done.stderr
    path = folder / "page.html"
    path.write_text(done.stdout, encoding="utf-8")
    return path


def boxes(chromium: Browser, selector: str) -> list[dict[str, Any]]:
    """Where the elements stand, and how large their text is."""
    script = (
        "return [...document.querySelectorAll(arguments[0])].map(e => ({...e.getBoundingClientRect().toJSON(),"
        " font: parseFloat(getComputedStyle(e).fontSize)}))"
    )
    found: list[dict[str, Any]] = chromium.run(script, selector)
    return found


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_everything_fits(chromium: Browser, page: Path, width: int) -> None:
    """Nothing is wider than the window, no text smaller than eleven pixels, nothing else is loaded or complained of."""
    chromium.resize(width, 1000)
    chromium.open(page)
    wide = chromium.run("return document.documentElement.scrollWidth")

    assert wide <= width
    assert max(box["right"] for box in boxes(chromium, "td, th, p, li, dd, svg, h1, h2, h3")) <= width
    assert min(box["font"] for box in boxes(chromium, "td, th, p, li, dd, small, code")) >= 11
    assert chromium.logged() == []
    assert chromium.loaded() == [page.as_uri()]


def test_verdict_and_losses_stand_on_the_first_screen(chromium: Browser, page: Path) -> None:
    """What a reader must know before the flows: not ready and why, what was lost, what the source cannot show."""
    chromium.open(page)
    text = chromium.run("return document.body.innerText")
    (verdict,) = boxes(chromium, ".verdict")

    assert text.startswith("What the logs show\nNot ready to enforce\nserver github: 3 flows would be denied")
    assert "37 events lost before they were written" in text
    assert verdict["top"] < 100
    assert boxes(chromium, ".facts")[0]["bottom"] < 600


def test_flows_stand_beside_each_other_and_on_a_phone_below(chromium: Browser, page: Path) -> None:
    """Flow, days and what to do are three columns on a desk, and one on a phone, where the days take its width."""
    cells = ".flows tbody tr:first-child td"
    chromium.open(page)
    desk = boxes(chromium, cells)[:3]
    chromium.resize(PHONE, 1000)
    phone = boxes(chromium, cells)[:3]

    assert len({box["top"] for box in desk}) == 1
    assert len({box["left"] for box in desk}) == 3
    assert len({box["left"] for box in phone}) == 1
    assert [box["top"] for box in phone] == sorted({box["top"] for box in phone})
    assert boxes(chromium, ".strip")[0]["width"] > 0.9 * (PHONE - 32)


def test_in_print(chromium: Browser, page: Path) -> None:
    """Black on white on few pages, a flow never across two of them."""
    chromium.open(page)
    chromium.command("Emulation.setEmulatedMedia", media="print", features=[])
    style = "return getComputedStyle(document.querySelector(arguments[0])).getPropertyValue(arguments[1])"
    printed = base64.b64decode(chromium.command("Page.printToPDF")["data"])

    assert chromium.run(style, ".flows tr", "break-inside") == "avoid"
    assert chromium.run(style, ".denied .on", "fill") == "rgb(0, 0, 0)"
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 3
