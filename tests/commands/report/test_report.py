"""`mcpfence report`, and `explain` without a server: whole outputs, what a page may not do, wrong usage, errors."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from edges import catalog, container, mcpfence, refusal, values_file
from explaining import EXAMPLES, ask
from mcpfence.system.pages import inlined
from reporting import html, overview, overview_of, page_of, report, without_ours

STORED = Path(__file__).parent / "golden"
"""Whole outputs; `make golden` rewrites them."""

GOLDEN: dict[str, tuple[str, ...]] = {
    "unenforced.html": ("unenforced",),
    "all-kinds.md": ("obot", "--format", "markdown"),
    "unenforced.md": ("unenforced", "--format", "markdown"),
    "all-kinds.dot": ("obot", "--format", "dot"),
    "grouped.dot": ("fleet", "--format", "dot"),
    "unenforced.dot": ("unenforced", "--format", "dot"),
    "callers.mmd": ("gateway-callers", "--format", "mermaid"),
    "unenforced.mmd": ("unenforced", "--format", "mermaid"),
    "back-ends.json": ("services", "--format", "json"),
}
EXPLAINED = {"all-kinds.txt": "obot", "unenforced.txt": "unenforced", "callers.txt": "gateway-callers"}


@pytest.mark.golden
@pytest.mark.parametrize("name", GOLDEN)
def test_whole_output(name: str, update_golden: bool) -> None:
    """What is printed, from the first line to the last; our style and script are their own files."""
    outcome = report(*GOLDEN[name])
    said = without_ours(outcome.stdout) if name.endswith(".html") else outcome.stdout
    if update_golden:
        (STORED / name).write_text(said, encoding="utf-8", newline="")

    assert (said, outcome.stderr, outcome.code) == ((STORED / name).read_bytes().decode(), "", 0)


@pytest.mark.golden
@pytest.mark.parametrize("name", EXPLAINED)
def test_explain_without_a_server(name: str, update_golden: bool) -> None:
    """One line for each: who may call, what it reaches, the engine, what is not enforced."""
    outcome = ask(EXPLAINED[name])
    if update_golden:
        (STORED / name).write_text(outcome.stdout, encoding="utf-8", newline="")

    assert (outcome.stdout, outcome.stderr, outcome.code) == ((STORED / name).read_bytes().decode(), "", 0)


def test_no_output_without_a_test() -> None:
    """A stored output that nothing compares with is worse than none."""
    assert {path.name for path in STORED.iterdir()} == GOLDEN.keys() | EXPLAINED.keys()


@pytest.mark.parametrize("option", ["--output", "-o"])
def test_a_form_behind_the_wrong_option(option: str) -> None:
    """As in every command -o is where to write, and whoever writes a form there is told."""
    outcome = report("obot", option, "dot")

    assert (outcome.code, outcome.stdout) == (2, "")
    assert outcome.stderr.endswith("Error: -o is where to write; for the form write --format dot.\n")


# --- the page ---


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_page_loads_nothing_and_runs_our_script_alone(example: str) -> None:
    """The policy names our style and script by hash; there is no address to load, no handler, no style of an element."""
    page = page_of(example)
    policy = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    inside = {tag: re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL) for tag in ("script", "style")}
    hashes = {
        tag: f"sha256-{base64.b64encode(hashlib.sha256(texts[0].encode()).digest()).decode()}"
        for tag, texts in inside.items()
    }
    tags = re.findall(r"<[a-z][^>]*>", without_ours(page))

    assert policy == [
        f"default-src 'none'; script-src '{hashes['script']}'; style-src '{hashes['style']}'; "
        "base-uri 'none'; form-action 'none'"
    ]
    assert [len(texts) for texts in inside.values()] == [1, 1]
    assert [tag for tag in tags if re.search(r"\s(on\w+|style|src|action|formaction|xlink:href)\s*=", tag)] == []
    assert {match for tag in tags for match in re.findall(r'\shref="([^"]*)"', tag)} <= {"#changes"}
    assert {"script", "style"} & {tag.strip("</>").split()[0] for tag in tags} == set()


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_page_says_everything(example: str) -> None:
    """Each server with its callers, destinations, rules and manifests; each risk; what is to be looked at in words."""
    made = overview_of(example)
    text = re.sub(r"<[^>]*>", "\n", without_ours(page_of(example))).replace("&#34;", '"').replace("&#39;", "'")
    text = text.replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&")
    wanted = [entry.name for entry in made.entries] + list(made.risks)
    for entry in made.entries:
        lines = (*entry.reaches, *entry.called_by)
        wanted += [word for grant in lines for word in (*grant.line.what, *grant.rules, *grant.names)]
        wanted += [*entry.manifests, *entry.loses, *entry.holders]
        wanted += ["NOT ENFORCED"] if entry.unenforced else []
    assert [word for word in wanted if word not in text] == []


def test_the_script_says_no_foreign_word() -> None:
    """It writes text and never markup, loads nothing, and makes no code of text."""
    script = inlined("report.js").text

    assert (
        re.findall(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval|Function\(|fetch|XMLHttp|import\(", script)
        == []
    )


# --- wrong usage, and what is wrong ---


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("report",), "Nothing to report: name a values file with -f, or in .mcpfence.yaml."),
        (("report", "-f", "-", "-f", "-"), "stdin can be read once: give - for one file only."),
        (
            ("report", "-f", "-", "--base", "main"),
            "--base reads the same files of a revision, and stdin is in none: name the file.",
        ),
        (
            ("report", "-f", "values.yaml", "--format", "pdf"),
            "Invalid value for '--format': 'pdf' is not one of 'html', 'markdown', 'dot', 'mermaid', 'json'.",
        ),
        (
            ("explain", "-f", "values.yaml", "--to", "8.8.8.8"),
            "--to and --from ask about one server: name it, as in mcpfence explain NAME --to HOST.",
        ),
        (
            ("explain", "-f", "values.yaml", "--format", "html"),
            "For all servers in this form write mcpfence report --format html.",
        ),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], said: str) -> None:
    """It is said before anything is read: exit code 2, nothing on stdout."""
    assert refusal(mcpfence(*arguments), 2).splitlines()[-1] == f"Error: {said}"


@pytest.mark.parametrize("form", ["html", "markdown", "dot", "mermaid", "json"])
def test_a_catalog_with_errors(form: str, tmp_path: Path) -> None:
    """Nothing is printed but what is wrong: a page of a part would be believed."""
    values_file(tmp_path, {"servers": {"a": {"runtime": "npx", "x": 1}}})
    done = mcpfence("report", "-f", "values.yaml", "--format", form, cwd=tmp_path)

    assert refusal(done).splitlines()[0] == (
        "error: values.yaml:5:9 servers.a.x: is no known key; write one of: compositeConfig, containerizedConfig, "
        "description, displayName, egress, env, gateway, ingress, npxConfig, podSelector, remoteConfig, run, runtime, "
        "uvxConfig [key-unknown]"
    )


def test_strict(tmp_path: Path) -> None:
    """Warnings are errors there, as everywhere."""
    path = values_file(tmp_path, {"servers": {"a": container()}})
    done = mcpfence("report", "-f", "values.yaml", "--strict", cwd=path.parent)

    assert "clients: no client is declared, so nobody may call the servers" in refusal(done)


def test_nothing_declared(tmp_path: Path) -> None:
    """A page without servers is one, and whoever asked is told."""
    values_file(tmp_path, {"servers": {}})
    done = mcpfence("report", "-f", "values.yaml", cwd=tmp_path)

    assert done.returncode == 0
    assert b"0 servers fenced." in done.stdout
    assert done.stderr.decode() == (
        "mcpfence: the catalog declares neither servers nor workloads; is it the right file?\n"
    )


def test_the_project_file_stands_in(tmp_path: Path) -> None:
    """With .mcpfence.yaml no option is needed."""
    values_file(tmp_path, catalog(vault=container()))
    (tmp_path / ".mcpfence.yaml").write_text("values: [values.yaml]\n", encoding="utf-8")
    done = mcpfence("report", "--format", "json", cwd=tmp_path)

    assert [entry["name"] for entry in json.loads(done.stdout)["entries"]] == ["vault"]
    assert done.stderr.decode() == "mcpfence: values.yaml, as .mcpfence.yaml has it\n"


def test_undeclared_is_work_left() -> None:
    """A server of which nobody said anything stands first, with the key to write; an empty list is a word."""
    made = overview(
        catalog(quiet=container(), said=container(egress={"domains": []}), shut=container(egress={"default": "deny"}))
    )
    page = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", without_ours(html(made))))

    assert (
        "work left nobody has said what these may reach (undeclared): 1 server quiet: nobody has said what it may reach; "
        "as it stands: nothing; list its destinations under egress, or write denyAllEgress: true servers.quiet" in page
    )


def _luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.2; of #abc each figure stands twice."""
    figures = colour.removeprefix("#")
    figures = "".join(figure * 2 for figure in figures) if len(figures) == 3 else figures
    parts = [int(figures[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    dark, light = sorted(map(_luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def test_colours_can_be_told_apart() -> None:
    """By day, by night and on paper: text has a contrast of 4.5 to what it stands on, edges of controls one of 3."""
    schemes = re.findall(r":root \{([^}]*--text[^}]*)\}", inlined("report.css").text)
    colours = [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+)", scheme)) for scheme in schemes]
    texts = [(text, ground) for text in ("text", "quiet", "link") for ground in ("page", "box")]
    texts += [("look", "look-box"), ("text", "look-box")]

    assert len(colours) == 3
    for scheme in colours:
        assert [pair for pair in texts if _contrast(scheme[pair[0]], scheme[pair[1]]) < 4.5] == []
        assert _contrast(scheme["edge"], scheme["page"]) >= 3
