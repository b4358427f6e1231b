"""One browser for all tests of this folder, and pages of the examples as files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from browser import Browser, browser, find_chromedriver, find_chromium
from reporting import page_of
from tooling import need


@pytest.fixture(scope="session")
def running_chromium() -> Iterator[Browser]:
    """Chromium without a window."""
    with browser(need(find_chromium), need(find_chromedriver)) as found:
        yield found


@pytest.fixture
def chromium(running_chromium: Browser) -> Browser:
    """The same at 1280 by 800."""
    running_chromium.resize(1280)
    running_chromium.command("Emulation.setScriptExecutionDisabled", value=False)
    running_chromium.command("Emulation.setEmulatedMedia", media="", features=[])
    return running_chromium


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of 83 servers."""
    path = tmp_path_factory.mktemp("pages") / "fleet.html"
    path.write_text(page_of("fleet"), encoding="utf-8")
    return path
