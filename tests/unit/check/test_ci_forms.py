"""Findings for GitHub Actions and for whatever shows JUnit reports: whole outputs."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from edges import mcpfence

CATALOG = """\
mcpNamespace: {name: mcp}
clients: {agent: {namespace: agents, podSelector: {app: agent}}}
servers:
  github:
    runtime: containerized
    containerizedConfig: {image: x, port: 8080}
    egress: {cidrs: [{cidr: 203.0.113.7, ports: [443]}], domains: ["*.github.io"]}
"""
CALM = CATALOG.replace('egress: {cidrs: [{cidr: 203.0.113.7, ports: [443]}], domains: ["*.github.io"]}', "egress: {}")


def said(folder: Path, form: str, text: str = CATALOG, name: str = "values.yaml") -> tuple[int, str]:
    """Exit code and stdout of a check of a catalog."""
    (folder / name).write_text(text, encoding="utf-8")
    done = mcpfence("check", "-f", name, "--format", form, cwd=folder)
    assert done.stderr == b""
    return done.returncode, done.stdout.decode()


def test_github(tmp_path: Path) -> None:
    """Each finding is a command with file, line and column; a percent sign and a colon in a name are escaped."""
    code, out = said(tmp_path, "github", name="100%:a,b.yaml")
    first, *rest = out.splitlines()

    assert code == 1
    assert first.startswith("::error file=100%25%3Aa%2Cb.yaml,line=7,col=")
    assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in rest)
    assert "title=mcpfence domains-unenforced::egress.provider: " in out


def test_github_without_findings(tmp_path: Path) -> None:
    """Nothing is nothing."""
    assert said(tmp_path, "github", CALM) == (0, "")


def test_junit(tmp_path: Path) -> None:
    """Errors fail, warnings and notes pass and are told, and the counts are those of the cases."""
    code, out = said(tmp_path, "junit")
    root = ET.fromstring(out)  # noqa: S314  our own
    (suite,) = root
    cases = list(suite)
    failed = [case for case in cases if case.find("failure") is not None]

    assert code == 1
    assert out.startswith("<?xml version='1.0' encoding='utf-8'?>\n<testsuites ")
    assert root.attrib == {"name": "mcpfence check", "tests": str(len(cases)), "failures": str(len(failed))}
    assert {**root.attrib, "errors": "0", "skipped": "0"} == suite.attrib
    assert "domains-unenforced: egress.provider" in {case.attrib["name"] for case in failed}
    assert {case.attrib["file"] for case in cases} == {"values.yaml"}
    for case in failed:
        failure = case.find("failure")
        assert failure is not None
        assert failure.text is not None
        assert failure.text.startswith(f"values.yaml:{case.attrib['line']}:")
        assert failure.text.endswith(failure.attrib["message"])
    for case in set(cases) - set(failed):
        assert (case.findtext("system-out") or "").startswith(("warning: values.yaml:", "note: values.yaml:"))


def test_junit_without_findings(tmp_path: Path) -> None:
    """A report without a test case is taken for a fault by those who show it: the catalog itself is one."""
    assert said(tmp_path, "junit", CALM) == (
        0,
        "<?xml version='1.0' encoding='utf-8'?>\n"
        '<testsuites name="mcpfence check" tests="1" failures="0">\n'
        '  <testsuite name="mcpfence check" tests="1" failures="0" errors="0" skipped="0">\n'
        '    <testcase classname="mcpfence" name="the catalog holds" />\n'
        "  </testsuite>\n"
        "</testsuites>\n",
    )


def test_strict_warnings_fail(tmp_path: Path) -> None:
    """What is an error on the command line is a failed case."""
    (tmp_path / "values.yaml").write_text(CALM.replace("clients:", "# clients:"), encoding="utf-8")
    calm = mcpfence("check", "-f", "values.yaml", "--format", "junit", cwd=tmp_path)
    strict = mcpfence("check", "-f", "values.yaml", "--format", "junit", "--strict", cwd=tmp_path)

    assert (calm.returncode, strict.returncode) == (0, 1)
    assert b'failures="0"' in calm.stdout
    assert b'failures="0"' not in strict.stdout
