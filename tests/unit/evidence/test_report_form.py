"""The report: the certificate as people read it."""

from __future__ import annotations

from typing import Any

from mcpfence.evidence.certificate import certify
from mcpfence.evidence.report_form import report_form
from mcpfence.system.pages import page
from packing import CATALOG, NAMED, case_of


def report(raw: dict[str, Any] = CATALOG) -> str:
    """The text of report.md, with a digest that says nothing."""
    case = case_of(raw)
    return page("evidence.md", report_form(certify(case), case.files, dict.fromkeys(case.files, "0" * 64)))


def test_a_server_in_tables() -> None:
    """What it may reach and by which key, who decides, who may call it, and what no manifest stops."""
    lines = report().splitlines()
    start = lines.index("## server search (containerized)")

    assert lines[start + 2].startswith("Pods `app=search` of namespace `mcp`; ")
    assert "| `8.8.8.0-8.8.8.63, 8.8.8.128-8.8.8.255` | any | TCP 443 | `servers.search.egress.cidrs[0]` |" in lines
    assert (
        "| `pods app=gateway in namespaces kubernetes.io/metadata.name=gateways` | any | TCP 8080 | `every declared client (default)` |"
        in lines
    )
    assert any(line.startswith("| `NetworkPolicy mcp/mcp-server-search-egress spec.egress[0]` | ") for line in lines)
    assert "What no manifest stops here: `node`, `time`, `enforcement`, `allowed-hosts`." in lines
    assert "May reach nothing." in lines[lines.index("## server vault (containerized)") :]


def test_names_and_what_is_lost() -> None:
    """Patterns stand beside where they may lie; what the engine cannot give has its reason."""
    families = {**NAMED, "cluster": {"ipFamilies": ["IPv4", "IPv6"]}, "egress": {"provider": "aviatrix"}}
    text = report(families)

    assert "| `api.example.com` | TCP 443 | `servers.search.containerizedConfig.egressDomains[0]` |" in text
    assert "Lost under this provider: " in text
    assert " more (set-1)` | `*.cdn.example.com` |" in text


def test_warnings_are_told_and_notes_are_not() -> None:
    """A reader of the report sees what the maker of the pack was warned of."""
    raw = {**CATALOG, "servers": {"a": {"runtime": "npx", "npxConfig": {"package": "a"}}}}

    assert "- **warning** servers.a: " in report(raw)
    assert "**note**" not in report(raw)


def test_blank_lines_stand_alone() -> None:
    """Tables are tables: an empty line before each, none inside, and no two of them in a row."""
    lines = report(NAMED).splitlines()

    for number, line in enumerate(lines[1:], 1):
        assert line or lines[number - 1], number
        if line.startswith("|---"):
            assert lines[number - 2] == ""
