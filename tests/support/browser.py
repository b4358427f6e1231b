"""Debian's Chromium, driven as a reader would use it: pages from a disk, what they log, what they load."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from tooling import ROOT, MissingComponentError


def find_chromium() -> Path:
    """The browser; MCPFENCE_CHROMIUM names another one."""
    return _find("MCPFENCE_CHROMIUM", ("chromium", "chromium-browser", "google-chrome"), "chromium")


def find_chromedriver() -> Path:
    """What drives it; MCPFENCE_CHROMEDRIVER names another one."""
    return _find("MCPFENCE_CHROMEDRIVER", ("chromedriver",), "chromium-driver")


def find_dot() -> Path:
    """Graphviz's `dot`; MCPFENCE_DOT names another one."""
    return _find("MCPFENCE_DOT", ("dot",), "graphviz")


def find_mermaid() -> Path:
    """Mermaid's script; MCPFENCE_MERMAID names another one."""
    override = os.environ.get("MCPFENCE_MERMAID")
    script = Path(override) if override else ROOT / ".tools" / "mermaid" / "mermaid.min.js"
    if not script.is_file():
        message = "Mermaid is missing: run `make tools` (needs npm), or set MCPFENCE_MERMAID to its script"
        raise MissingComponentError(message)
    return script.absolute()


def find_pyodide() -> Path:
    """The folder with Pyodide's files; MCPFENCE_PYODIDE names another one."""
    override = os.environ.get("MCPFENCE_PYODIDE")
    folder = Path(override) if override else ROOT / ".tools" / "pyodide"
    if not (folder / "pyodide.asm.wasm").is_file():
        message = (
            "Pyodide is missing: run `make tools` (needs npm), or set MCPFENCE_PYODIDE to the folder of its package"
        )
        raise MissingComponentError(message)
    return folder.absolute()


def _find(variable: str, names: tuple[str, ...], package: str) -> Path:
    override = os.environ.get(variable)
    found = override or next(filter(None, map(shutil.which, names)), None)
    if not found or not os.access(found, os.X_OK):
        message = f"{names[0]} is missing: install Debian's package {package}, or set {variable} to its path"
        raise MissingComponentError(message)
    return Path(found)


class Browser:
    """One browser without a window; every page is a file."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(self, page: Path, fragment: str = "") -> None:
        """Load a page anew; what was logged before is forgotten."""
        self.driver.get("about:blank")
        self.logged(), self.loaded()
        self.driver.get(f"{page.as_uri()}{fragment}")

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script gives back, run beside the page's own: its policy does not hold for a debugger."""
        return self.driver.execute_script(script, *arguments)

    def command(self, name: str, **arguments: Any) -> Any:
        """A command of the DevTools protocol."""
        return self.driver.execute_cdp_cmd(name, arguments)

    def resize(self, width: int, height: int = 800) -> None:
        """The viewport in pixels of CSS; a window without a screen would be no narrower than 500."""
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )

    def logged(self) -> list[str]:
        """What the console says, refusals of the Content-Security-Policy among it."""
        return [entry["message"] for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]

    def loaded(self) -> list[str]:
        """Every address that was asked for since the last call."""
        entries = self.driver.get_log("performance")  # type: ignore[no-untyped-call]
        events = [json.loads(entry["message"])["message"] for entry in entries]
        return [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]


@contextmanager
def browser(chromium: Path, chromedriver: Path) -> Iterator[Browser]:
    """A browser until the end of the block; nothing of it asks the network by itself."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(chromium)
    for argument in (
        "--headless=new",
        "--no-sandbox",  # root has none; the pages are our own
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--no-first-run",
        "--window-size=1280,800",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(chromedriver)))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
