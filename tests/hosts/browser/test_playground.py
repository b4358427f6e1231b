"""The playground in a real browser, from a disk: Python starts, answers as the commands do, and nothing is asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

import build_playground
import mcpfence_playground
from browser import Browser, find_pyodide
from hostile_text import HOSTILE, faults
from tooling import ROOT, eventually, need

pytestmark = pytest.mark.xdist_group("playground")

README = build_playground.examples()["README"]


class Playground:
    """The page, used as a reader would use it."""

    def __init__(self, chromium: Browser, page: Path) -> None:
        self.chromium = chromium
        self.page = page

    def one(self, selector: str) -> Any:
        return self.chromium.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        found: str = self.chromium.run("return document.querySelector(arguments[0]).textContent", selector)
        return found

    def wait(self, selector: str, ready: Callable[[str], bool]) -> str:
        """The text of an element, once it is as wanted."""

        def look() -> str | None:
            found = self.text(selector)
            return found if ready(found) else None

        return eventually(look, f"{selector} stays {self.text(selector)!r}")

    def write(self, values: str, summary: str = "") -> str:
        """Put a text into the catalog's place, and wait for the count of findings."""
        self.chromium.run(
            "const field = document.getElementById('values');"
            "document.getElementById('said').textContent = '';"
            "field.value = arguments[0]; field.dispatchEvent(new Event('input'))",
            values,
        )
        return self.wait("#said", lambda said: said.startswith(summary) and " error" in said)

    def findings(self) -> list[str]:
        found: list[str] = self.chromium.run(
            "return [...document.querySelectorAll('#findings li')].map((item) => item.textContent)"
        )
        return found

    def tab(self, name: str) -> None:
        self.one(f"#tab-{name}").click()

    def explain(self, server: str, to: str = "", caller: str = "") -> str:
        """What is said of a server, or to a question about it."""
        choice = Select(self.one("#server"))
        if choice.first_selected_option.text != server:
            before = self.text("#answer")
            choice.select_by_visible_text(server)
            said = self.wait("#answer", lambda said: said != before)
            if not (to or caller):
                return said
        before = self.text("#answer")
        for field, typed in (("#to", to), ("#from", caller)):
            self.one(field).clear()
            self.one(field).send_keys(typed)
        self.one("#question button").click()
        return self.wait("#answer", lambda said: said != before)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page as `make playground` makes it."""
    return build_playground.build(need(find_pyodide), tmp_path_factory.mktemp("playground"))


@pytest.fixture(scope="module")
def opened(running_chromium: Browser, built: Path) -> Playground:
    """The page with its first example, opened once for all tests: Python starts slowly."""
    running_chromium.resize(1280)
    running_chromium.open(built)
    page = Playground(running_chromium, built)
    page.wait("#said", lambda said: " error" in said)
    return page


@pytest.fixture
def playground(opened: Playground) -> Playground:
    """The page as it is, with its first tab."""
    opened.tab("manifests")
    return opened


def _reply(what: str, values: str, **more: str) -> dict[str, Any]:
    asked = {"release": "mcpfence", "namespace": "default", "server": "", "to": "", "from": ""}
    found: dict[str, Any] = json.loads(
        mcpfence_playground.reply(json.dumps({"what": what, "values": values, **asked, **more}))
    )
    return found


def _text(lines: list[list[str]]) -> str:
    return "".join(f"{text}\n" for text, _ in lines)


def test_it_begins_with_an_example(playground: Playground) -> None:
    """The catalog of README.md is there, and beside it every finding and manifest of it."""
    expected = _reply("render", README)
    playground.write(README)

    assert playground.text("#yaml") == expected["manifests"]
    assert playground.findings() == [one["line"] for one in expected["findings"]]
    assert playground.text("#said") == expected["summary"] == "no errors, 1 warning, 2 notes"
    assert playground.text("#count") == "10 objects"


@pytest.mark.parametrize("example", ["run-minimal", "gateway-oidc", "fleet"])
def test_manifests_are_those_of_the_command(playground: Playground, example: str) -> None:
    """Byte for byte, of other catalogs that are pasted."""
    values = (ROOT / "values-examples" / example / "values.yaml").read_text(encoding="utf-8")
    playground.write(values)

    assert playground.text("#yaml") == _reply("render", values)["manifests"]


def test_an_error_has_its_sentence_and_its_line(playground: Playground) -> None:
    """A misspelt key: what, where, what to do; a click selects it; no manifest is left."""
    playground.write(README.replace("egressDomains", "egressDomain"))

    assert playground.findings() == [
        "error: values.yaml:13:7 servers.github.npxConfig.egressDomain: is no known key; did you mean egressDomains? "
        "Else write one of: args, denyAllEgress, egressDomains, package [key-unknown]"
    ]
    assert playground.text("#yaml") == "Nothing is rendered as long as there are errors."
    assert playground.text("#numbers .error") == "13\n"
    playground.one("#findings button").click()
    selected = playground.chromium.run(
        "const field = document.activeElement; return field.value.slice(field.selectionStart, field.selectionEnd)"
    )
    assert selected == 'egressDomain: [api.github.com, "*.githubusercontent.com"]'


def test_explain(playground: Playground) -> None:
    """Everybody in a line each, one server in full, and a verdict with the key to change."""
    playground.write(README)
    playground.tab("explain")
    everybody = playground.wait("#answer", lambda said: said.startswith("engine: "))

    assert everybody == _text(_reply("render", README)["everybody"])
    whole = playground.explain("server/notes")
    assert whole == _text(_reply("explain", README, server="server/notes")["lines"])
    denied = playground.explain("server/notes", "10.0.0.5:5432")
    assert denied == _text(_reply("explain", README, server="server/notes", to="10.0.0.5:5432")["lines"])
    assert denied.startswith("denied: server notes may not reach 10.0.0.5 on 5432/TCP\n")
    assert playground.explain("server/notes", "a b").startswith('"a b" has white space or a control character: ')


def test_report(playground: Playground) -> None:
    """The page of `mcpfence report` in a frame that is nobody's: with its picture, and its search at work."""
    playground.write(README)
    playground.tab("report")
    driver = playground.chromium.driver
    eventually(lambda: playground.one("#page").get_attribute("srcdoc"), "no report comes")
    driver.switch_to.frame(playground.one("#page"))
    try:
        eventually(lambda: driver.find_elements(By.CSS_SELECTOR, "#picture svg .box"), "no picture is there")
        boxes = [node.text for node in driver.find_elements(By.CSS_SELECTOR, "#picture svg .box") if node.text]
        driver.find_element(By.ID, "search").send_keys("redis", Keys.ENTER)
        count = driver.find_element(By.ID, "count").text
        origin = driver.execute_script("return self.origin")
    finally:
        driver.switch_to.default_content()

    assert len(boxes) >= 3
    assert count == "1 of 3 shown"
    assert origin == "null"
    assert playground.one("#page").get_attribute("sandbox") == "allow-scripts"


@pytest.mark.parametrize("name", ["a script", "an entity", "a link of the terminal", "an override of direction"])
def test_hostile_names_are_text(playground: Playground, name: str) -> None:
    """A server that is called as markup is shown as text, with every character."""
    playground.write(json.dumps({"servers": {HOSTILE[name]: {"runtime": "npx"}}}))
    inside = playground.chromium.run("return document.querySelectorAll('#findings li > *').length")

    assert [fault for line in playground.findings() for fault in faults(line)] == []
    assert any("FORGED" in line for line in playground.findings())
    assert inside == len(playground.findings()) + playground.text("#findings").count("values.yaml:")


HARD = {
    "deep": "a: " + "[" * 300,
    "many aliases": "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
    + "\n".join(f"a{at}: &a{at} [{','.join([f'*a{at - 1}'] * 9)}]" for at in range(1, 9)),
    "no character": 'a: "\\Uffffffff"',
    "a tab": "servers:\n\ta: b",
}


@pytest.mark.parametrize("text", HARD.values(), ids=HARD)
def test_hard_texts(playground: Playground, text: str) -> None:
    """They are refused with a sentence, and the next catalog is read as ever."""
    playground.write(text)
    assert playground.findings()[0].endswith("mend the YAML [file-unreadable]")

    assert playground.write(README) == "no errors, 1 warning, 2 notes"


def test_release_and_namespace(playground: Playground) -> None:
    """What stands in their fields is what objects are called after."""
    playground.write(README)
    field = playground.one("#release")
    field.clear()
    field.send_keys("mcp")
    playground.wait("#yaml", lambda text: "name: mcp-mcpfence\n" in text)
    field.clear()
    playground.wait("#findings", lambda text: text.startswith("error: '' is no release name"))
    field.send_keys("mcpfence")
    playground.wait("#yaml", lambda text: "name: mcpfence-mcpfence\n" in text)


def test_stop(playground: Playground) -> None:
    """Work that takes too long can be stopped, and Python starts anew."""
    playground.chromium.run("document.getElementById('stop').click()")
    assert playground.write(README) == "no errors, 1 warning, 2 notes"


def test_nothing_is_asked_for(playground: Playground) -> None:
    """Of all that stands above nothing went out: the file and its own parts were loaded, and no rule of the page broken."""
    loaded = playground.chromium.loaded()
    assert {address.split(":")[0] for address in loaded} <= {"file", "blob", "about", "data"}
    assert [address for address in loaded if address.startswith("file:")] == [playground.page.as_uri()]
    assert [line for line in playground.chromium.logged() if "Python" not in line] == []


_TRIES = """
const [address, done] = arguments, refused = [];
document.addEventListener("securitypolicyviolation", (event) => refused.push(event.effectiveDirective));
const lines = `fetch("${address}").then(() => postMessage("out"), () => postMessage("in"))`;
const worker = new Worker(URL.createObjectURL(new Blob([lines])));
worker.onmessage = async ({ data }) => {
  const said = await fetch(address).then(() => "out", () => "in");
  new Image().src = address;
  document.body.append(Object.assign(document.createElement("iframe"), { src: address, hidden: true }));
  setTimeout(() => done([data, said, ...refused]), 500);
};
"""


@pytest.fixture
def visited() -> Iterator[tuple[str, list[str]]]:
    """The address of a web server on this machine, and whoever comes to it."""
    seen: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", seen
        server.shutdown()


def test_nothing_can_be_asked_for(playground: Playground, visited: tuple[str, list[str]]) -> None:
    """Scripts of the page, a worker such as Python's, images and frames are kept from every address by its policy."""
    address, seen = visited
    tried = playground.chromium.driver.execute_async_script(_TRIES, address)

    assert tried == ["in", "in", "connect-src", "img-src", "frame-src"]
    assert seen == []


def test_narrow(playground: Playground) -> None:
    """At the width of a telephone nothing is wider than the page."""
    playground.write(README)
    playground.chromium.resize(420)
    try:
        wide = playground.chromium.run("return document.documentElement.scrollWidth")
        assert wide == playground.chromium.run("return document.documentElement.clientWidth")
    finally:
        playground.chromium.resize(1280)


def test_another_page_could_ask(chromium: Browser, tmp_path: Path, visited: tuple[str, list[str]]) -> None:
    """The attempts above are real: from a page without a policy each of them arrives."""
    page = tmp_path / "page.html"
    page.write_text("<!doctype html><title>open</title>", encoding="utf-8")
    chromium.open(page)
    address, seen = visited

    assert chromium.driver.execute_async_script(_TRIES, address) == ["out", "out"]
    assert len(seen) >= 3
