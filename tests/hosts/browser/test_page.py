"""The page of `mcpfence report` in a real browser: searched, filtered, printed, by mouse and by keyboard, and nothing leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from browser import Browser
from explaining import EXAMPLES
from hostile_text import HOSTILE, faults
from mcpfence.report.graph import make_graph
from mcpfence.text.printable import printable
from reporting import html, overview_of, page_of, renamed

pytestmark = pytest.mark.xdist_group("browser")


def _shown(chromium: Browser) -> list[str]:
    """The names of the servers that can be seen, from the top."""
    found: list[str] = chromium.run(
        "return [...document.querySelectorAll('.entry')].filter(e => e.checkVisibility())"
        ".map(e => e.querySelector('.name').textContent)"
    )
    return found


def _opened(chromium: Browser) -> list[str]:
    found: list[str] = chromium.run(
        "return [...document.querySelectorAll('.entry[open]')].map(e => e.querySelector('.name').textContent)"
    )
    return found


def _count(chromium: Browser) -> str:
    return chromium.driver.find_element(By.ID, "count").text


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_page_opens_from_a_disk(chromium: Browser, example: str, tmp_path: Path) -> None:
    """Nothing is said on the console, nothing but the file is loaded, and everybody is shown."""
    path = tmp_path / "report.html"
    path.write_text(page_of(example), encoding="utf-8")
    chromium.open(path)

    assert _shown(chromium) == [entry.name for entry in overview_of(example).entries]
    assert chromium.logged() == []
    assert chromium.loaded() == [path.as_uri()]


def test_what_may_github_reach_and_who_enforces_it(chromium: Browser, fleet: Path) -> None:
    """Six letters, and the answer stands on the first screen: names, callers, the engine, without a further click."""
    chromium.open(fleet)
    chromium.driver.find_element(By.ID, "search").send_keys("github")
    first = chromium.driver.find_element(By.CSS_SELECTOR, ".entry:not([hidden])")
    summary = first.find_element(By.TAG_NAME, "summary")
    row = first.find_element(By.CSS_SELECTOR, "tbody tr")
    bottom = chromium.run("return arguments[0].getBoundingClientRect().bottom", row)

    assert _shown(chromium) == ["github", "github-official"]
    assert summary.text.splitlines() == [
        "github",
        "server, containerized",
        "may be called by",
        "mcp-gateway, platform-agents",
        "may reach",
        "github.com, *.github.com, githubusercontent.com, *.githubusercontent.com, DNS",
        "enforced by",
        "FirewallPolicy (aviatrix) and NetworkPolicy",
    ]
    assert "FirewallPolicy mcp-fleet/mcp-server-github spec.rules[2] mcp-server-github-web-tcp-443" in row.text
    assert bottom < 800
    assert chromium.logged() == []


def test_search_is_undone(chromium: Browser, fleet: Path) -> None:
    """Whoever empties the search has the page as it was, in its order, with its picture; the address keeps the search."""
    chromium.open(fleet)
    before = _shown(chromium)
    search = chromium.driver.find_element(By.ID, "search")
    search.send_keys("GitHub")
    found = _shown(chromium), _opened(chromium), _count(chromium)
    address = chromium.driver.current_url
    search.send_keys(Keys.ESCAPE)

    assert found == (["github", "github-official"], ["github"], "2 of 83 shown")
    assert address == f"{fleet.as_uri()}#q=github"
    assert (_shown(chromium), _opened(chromium), _count(chromium)) == (before, [], "83 shown")
    assert chromium.driver.find_element(By.ID, "picture").get_attribute("open") == "true"
    chromium.open(fleet, "#q=github")
    assert _shown(chromium) == found[0]


def test_nobody_matches(chromium: Browser, fleet: Path) -> None:
    """It is said, and one button shows all."""
    chromium.open(fleet)
    chromium.driver.find_element(By.ID, "search").send_keys("nothing like it")

    assert (_shown(chromium), _count(chromium)) == ([], "0 of 83 shown")
    assert chromium.driver.find_element(By.ID, "none").is_displayed()
    chromium.driver.find_element(By.ID, "clear").click()
    assert len(_shown(chromium)) == 83


def test_filters(chromium: Browser, fleet: Path) -> None:
    """By caller, by what is reached, by mark: each shows those of the catalog, and together they narrow."""
    entries = overview_of("fleet").entries
    chromium.open(fleet)
    Select(chromium.driver.find_element(By.ID, "class")).select_by_visible_text("private addresses")
    private = [entry for entry in entries if any(grant.destination == "private" for grant in entry.reaches)]
    assert _shown(chromium) == [entry.name for entry in private]
    Select(chromium.driver.find_element(By.ID, "caller")).select_by_visible_text("mcp-gateway")
    called = [e for e in private if any(grant.line.name == "mcp-gateway" for grant in e.called_by)]
    assert _shown(chromium) == [entry.name for entry in called]
    chromium.driver.find_element(By.ID, "clear").click()
    chromium.driver.find_element(By.CSS_SELECTOR, "input[value=undeclared]").click()
    assert _shown(chromium) == [entry.name for entry in entries if entry.undeclared]


def test_boxes(chromium: Browser, fleet: Path) -> None:
    """A box of the picture shows whom it is about, by mouse and by keyboard, and once more shows all again."""
    made = overview_of("fleet")
    boxes = make_graph(made).boxes
    chromium.open(fleet)
    nodes = chromium.driver.find_elements(By.CSS_SELECTOR, ".box")
    assert [node.find_element(By.CSS_SELECTOR, "text").text for node in nodes] == [box.title for box in boxes]
    for place, box in enumerate(boxes):
        chromium.run("arguments[0].focus()", nodes[place])
        chromium.driver.switch_to.active_element.send_keys(Keys.ENTER)
        assert sorted(_shown(chromium)) == sorted(made.entries[index].name for index in box.entries)
        assert nodes[place].get_attribute("aria-pressed") == "true"
        assert (box.title, len(chromium.driver.find_elements(By.CSS_SELECTOR, ".line.on")) > 0) == (
            box.title,
            _joined(made, place),
        )
        chromium.run("arguments[0].scrollIntoView({block: 'center'})", nodes[place])
        nodes[place].find_element(By.TAG_NAME, "text").click()
        assert (len(_shown(chromium)), nodes[place].get_attribute("aria-pressed")) == (83, "false")


def _joined(made: Any, place: int) -> bool:
    return any(place in edge[:2] for edge in make_graph(made).edges)


def test_a_server_is_opened(chromium: Browser, fleet: Path) -> None:
    """A click on its line, or Enter."""
    chromium.open(fleet)
    summary = chromium.driver.find_element(By.CSS_SELECTOR, ".entry summary")
    chromium.run("arguments[0].scrollIntoView({block: 'center'})", summary)
    summary.click()
    first = _opened(chromium)
    summary.send_keys(Keys.ENTER)

    assert (first, _opened(chromium)) == (["adb-mysql"], [])


def test_keyboard(chromium: Browser, fleet: Path) -> None:
    """Tab comes by every control in the order in which they stand, and what has the focus shows it; / is the search."""
    chromium.open(fleet)
    seen = []
    for _ in range(12):
        chromium.driver.switch_to.active_element.send_keys(Keys.TAB)
        seen.append(
            chromium.run(
                "const e = document.activeElement, s = getComputedStyle(e);"
                "return [e.id || e.value || e.textContent.trim().slice(0, 12), s.outlineStyle !== 'none']"
            )
        )
    chromium.driver.find_element(By.TAG_NAME, "body").send_keys("/")

    assert [name for name, _ in seen][1:4] == ["search", "caller", "class"]
    assert [name for name, shown in seen if not shown] == []
    assert chromium.run("return document.activeElement.id") == "search"


def test_whoever_cannot_see(chromium: Browser, fleet: Path) -> None:
    """Each control, box and region has a name for a screen reader, and what is found is said as it changes."""
    chromium.open(fleet)
    nodes = chromium.command("Accessibility.getFullAXTree")["nodes"]
    wanted = {"button", "textbox", "searchbox", "combobox", "checkbox", "region", "heading", "DisclosureTriangle"}
    named = [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in nodes
        if not node["ignored"] and node["role"]["value"] in wanted
    ]

    assert {"button", "searchbox", "combobox", "checkbox", "heading"} <= {role for role, _ in named}
    assert [role for role, name in named if not name.strip()] == []
    assert ("searchbox", "Search") in named
    assert chromium.driver.find_element(By.ID, "count").get_attribute("aria-live") == "polite"


@pytest.mark.parametrize("width", [320, 420, 768, 1280])
def test_no_page_is_wider_than_its_screen(chromium: Browser, fleet: Path, width: int) -> None:
    """On a phone the picture is scrolled by itself; everything else fits."""
    chromium.resize(width)
    chromium.open(fleet, "#q=github")

    assert chromium.run("return document.documentElement.scrollWidth") <= width
    chromium.driver.find_element(By.CSS_SELECTOR, "#picture summary").click()
    assert chromium.run("return document.documentElement.scrollWidth") <= width


def test_without_scripts(chromium: Browser, fleet: Path) -> None:
    """Everything is there, and nothing pretends to work."""
    chromium.command("Emulation.setScriptExecutionDisabled", value=True)
    chromium.open(fleet)

    assert not chromium.driver.find_element(By.CSS_SELECTOR, ".controls").is_displayed()
    assert len(chromium.driver.find_elements(By.CSS_SELECTOR, ".entry")) == 83
    assert chromium.driver.find_elements(By.CSS_SELECTOR, "[role=button]") == []


def test_on_paper(chromium: Browser, fleet: Path) -> None:
    """All that is shown is opened for the printer, and closed again behind it; controls stay off the paper."""
    chromium.open(fleet, "#q=github")
    chromium.command("Emulation.setEmulatedMedia", media="print", features=[])
    chromium.run("dispatchEvent(new Event('beforeprint'))")
    printed = _opened(chromium)
    controls = chromium.driver.find_element(By.CSS_SELECTOR, ".controls").is_displayed()
    chromium.run("dispatchEvent(new Event('afterprint'))")

    assert {"github", "github-official"} <= set(printed)
    assert not controls
    assert _opened(chromium) == ["github"]


def test_hostile_names(chromium: Browser, tmp_path: Path) -> None:
    """Names that no catalog lets through show as they are, run nothing and load nothing."""
    made = overview_of("unenforced")
    entries = tuple(entry for name in HOSTILE.values() for entry in renamed(made, name).entries)
    path = tmp_path / "report.html"
    path.write_text(html(renamed(made, HOSTILE["a script"])._replace(entries=entries)), encoding="utf-8")
    chromium.open(path)

    assert _shown(chromium) == [printable(name) for name in HOSTILE.values()]
    assert chromium.run("return document.scripts.length") == 1
    assert faults(chromium.run("return document.body.textContent").replace("\n", " ")) == []
    assert chromium.logged() == []
    assert chromium.loaded() == [path.as_uri()]
