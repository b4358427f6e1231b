"""`mcpfence observe --merge`: what is proposed, in the user's own file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from flow_samples import CATALOG, hubble
from helpers import Outcome, run_cli

WHY = "observed by hubble from 2026-11-02 to 2026-11-03: {}, 1 pod"
TWO, ONE = WHY.format("2 days"), WHY.format("1 day")
LINES = (
    hubble(names=["models.example.com"]),
    hubble(names=["models.example.com"], at="2026-11-03T09:14:07Z"),
    hubble(names=["files.example.com"], port=8443),
    hubble(
        destination={"namespace": "data", "labels": ["k8s:app=redis"], "pod_name": "r-0"}, to="10.244.2.9", port=6379
    ),
    hubble(to="192.175.48.99", port=5432),
)
FILES = "{name: files.example.com, ports: [8443]}"
REDIS = "{name: redis, namespace: data, podSelector: {app: redis}, ports: [6379]}"

BRACKETS = CATALOG.replace(
    "      egressDomains: [api.example.com, uploads.example.com]\n",
    f"      # models.example.com: {TWO}\n      egressDomains: [api.example.com, uploads.example.com, models.example.com]\n",
)
BELOW = f"""\
    egress:
      # {ONE}
      domains:
      - name: files.example.com
        ports:
        - 8443
      # {ONE}
      services:
      - name: redis
        namespace: data
        podSelector:
          app: redis
        ports:
        - 6379
"""
BLOCKS = """\
# A catalog of ours.
mcpNamespace: {name: mcp-servers}
cluster: {profile: generic, ipFamilies: [IPv4]}
egress: {provider: cilium}
servers:
  github:  # the one
    runtime: containerized
    containerizedConfig:
      image: ghcr.io/example/github:1.2.3
      port: 8080
      egressDomains:
      - api.example.com      # its API

    egress:
      domains:
        - name: uploads.example.com
          ports: [443]
      services: []
# the end
"""


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run stands in a folder with a catalog and a log."""
    monkeypatch.chdir(tmp_path)
    Path("values.yaml").write_text(CATALOG, encoding="utf-8")
    Path("log").write_text("\n".join(LINES), encoding="utf-8")


def observe(*arguments: str) -> Outcome:
    """A run that merges."""
    return run_cli("observe", "log", "-f", "values.yaml", "--merge", "values.yaml", *arguments)


def test_into_brackets_and_below() -> None:
    """An item more in a list with brackets, missing keys below their mapping, each with where it comes from."""
    done = observe()

    assert (done.code, done.stderr) == (0, "")
    assert done.stdout == BRACKETS + BELOW


def test_into_blocks() -> None:
    """A line more below the last one of a list, comments and blank lines kept."""
    Path("values.yaml").write_text(BLOCKS)
    found = observe().stdout

    assert f"      - api.example.com      # its API\n      # {TWO}\n      - models.example.com\n\n    egress:" in found
    assert f"          ports: [443]\n        # {ONE}\n        - {FILES}\n      # redis: {ONE}\n" in found
    assert f"      # redis: {ONE}\n      services: [{REDIS}]\n# the end\n" in found
    added = set(found.splitlines()) - set(BLOCKS.splitlines())
    assert len(set(BLOCKS.splitlines()) - set(found.splitlines())) == 1, added


BRACES = """\
mcpNamespace: {name: mcp-servers}
cluster: {profile: generic, ipFamilies: [IPv4]}
egress: {provider: cilium}
servers:
  github: {runtime: containerized, containerizedConfig: {image: "a/b:1", port: 8080}, egress: {kubernetesAPI: true}}
"""


def test_into_braces() -> None:
    """A key more before a closing brace, in the style of the file; each with where it comes from above the line."""
    Path("values.yaml").write_text(BRACES)
    found = observe().stdout

    assert (
        found.splitlines()[4:]
        == [
            f"  # redis: {ONE}",
            f"  # models.example.com: {TWO}",
            f"  # files.example.com: {ONE}",
            '  github: {runtime: containerized, containerizedConfig: {image: "a/b:1", port: 8080, egressDomains: '
            f"[models.example.com]}}, egress: {{kubernetesAPI: true, domains: [{FILES}], services: [{REDIS}]}}}}",
        ]
        or found.splitlines()[4:] == []
    )


def test_a_file_of_json() -> None:
    """Stays JSON: no comments, and quotes around everything."""
    Path("values.yaml").write_text(json.dumps(yaml.safe_load(CATALOG)))
    found = json.loads(observe().stdout)

    assert found["servers"]["github"]["containerizedConfig"]["egressDomains"][-1] == "models.example.com"
    assert found["servers"]["github"]["egress"]["domains"] == [{"name": "files.example.com", "ports": [8443]}]


def test_what_was_merged_is_granted() -> None:
    """With the merged file the same logs show nothing that would be denied and could be proposed."""
    Path("next.yaml").write_text(observe().stdout)
    again = run_cli("observe", "log", "-f", "next.yaml", "--merge", "next.yaml")
    difference = run_cli("diff", "--quiet", "values.yaml", "next.yaml")

    assert again.stdout == Path("next.yaml").read_text()
    assert "+ may reach models.example.com on TCP 443" in difference.stdout
    assert "192.175.48.99" not in again.stdout


def test_into_a_file() -> None:
    """-o writes the file of --merge or a new one, and prints the report; another file stays as it is."""
    wanted = observe().stdout
    Path("other.yaml").write_text("mine\n")
    refused = observe("-o", "other.yaml")
    report = observe("-o", "new.yaml")

    assert (refused.code, refused.stdout) == (1, "")
    assert refused.stderr == (
        "error: other.yaml: exists and is not the file of --merge; choose another file [output-failed]\n"
    )
    assert Path("other.yaml").read_text() == "mine\n"
    assert report.stdout.startswith("window ")
    assert Path("new.yaml").read_text() == wanted
    assert observe("-o", "values.yaml").code == 0
    assert Path("values.yaml").read_text() == wanted


def test_line_ends_of_windows() -> None:
    """A file with CRLF gets CRLF."""
    Path("values.yaml").write_bytes(CATALOG.replace("\n", "\r\n").encode())
    found = observe().stdout

    assert found.replace("\r\n", "\n") == BRACKETS + BELOW
    assert found.count("\n") == found.count("\r\n")


def test_a_list_that_cannot_be_extended() -> None:
    """A list behind an anchor is shared with another one: nothing is written."""
    text = CATALOG.replace("[api.example.com,", "&all [api.example.com,") + (
        "  notes:\n    runtime: containerized\n    containerizedConfig: {image: a/b:1, port: 80, egressDomains: *all}\n"
    )
    Path("values.yaml").write_text(text)
    done = observe()

    assert (done.code, done.stdout) == (1, "")
    assert done.stderr == (
        "error: values.yaml: holds servers.github.containerizedConfig.egressDomains in a form that cannot be extended "
        "in place; leave --merge out, and write the entries by hand [observe-merge]\n"
    )


def test_a_later_file_that_replaces_the_list() -> None:
    """Helm takes the list of the last file: an entry in an earlier one would be lost."""
    Path("last.yaml").write_text("servers: {github: {containerizedConfig: {egressDomains: [api.example.com]}}}\n")
    done = observe("-f", "last.yaml")

    assert (done.code, done.stdout) == (1, "")
    assert done.stderr == (
        "error: values.yaml: is replaced at servers.github.containerizedConfig.egressDomains by a later file; "
        "name the file that has it with --merge [observe-merge]\n"
    )


def test_what_a_person_has_decided() -> None:
    """denyAllEgress is not undone, and names are not proposed where no engine enforces them."""
    Path("values.yaml").write_text(
        CATALOG.replace("egressDomains: [api.example.com, uploads.example.com]", "denyAllEgress: true")
    )
    assert observe().stdout == Path("values.yaml").read_text()
    assert "not proposed: denyAllEgress was written for it" in observe("-o", "new.yaml").stdout


def test_wrong_usage() -> None:
    """--merge names one of the values files, and -o needs it."""
    for arguments, message in (
        (("--merge", "x.yaml"), "--merge names a values file that is given with -f too."),
        (("-o", "x.yaml"), "-o is where --merge writes: name a values file with --merge too."),
    ):
        done = run_cli("observe", "log", "-f", "values.yaml", *arguments)
        assert (done.code, done.stdout) == (2, "")
        assert done.stderr.endswith(f"Error: {message}\n")
