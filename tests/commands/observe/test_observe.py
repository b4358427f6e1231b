"""`mcpfence observe`: whole outputs, exit codes, bad input."""

from __future__ import annotations

import gzip
import re
import sys
from pathlib import Path

import pytest

from flow_samples import CATALOG, LOST, hubble, kube_list, pod
from helpers import Outcome, run_cli
from mcpfence.imports.shared import packages

REPORT = """\
window       2026-11-02T09:14:07Z to 2026-11-04T09:14:07Z, 3 days
read         5 lines of 1 file (hubble); 1 node
flows        4 records
not read     1 line
             log:5: is no JSON, or only a part of it
cannot show  Hubble flows (Cilium): it has host names only where the pods' DNS goes through a proxy that reads it

server github: 1 would be denied, 1 denied already, 2 granted and not seen, 1 granted and seen
  would be denied
    to models.example.com on 443/TCP: 2 days, 1 pod, 2 records
      no entry of the catalog grants this name
      add models.example.com to servers.github.containerizedConfig.egressDomains (values.yaml:12:7)
  denied already, never proposed
    to 169.254.169.254 on 80/TCP: 1 day, 1 pod, 1 record
  granted and not seen
    uploads.example.com 443/TCP: servers.github.containerizedConfig.egressDomains[1] (values.yaml:12:40)
    client gateway 8080/TCP: clients.gateway (values.yaml:5:3)

ready to enforce: no
  server github: 1 flow would be denied
  1 line could not be read
"""

LINES = (
    hubble(names=["api.example.com"]),
    hubble(names=["models.example.com"]),
    hubble(names=["models.example.com"], at="2026-11-04T09:14:07Z"),
    hubble(verdict="DROPPED", is_reply=None, to="169.254.169.254", port=80),
    '{"flow":{"time":',
)


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run stands in a folder with a catalog and a log."""
    monkeypatch.chdir(tmp_path)
    Path("values.yaml").write_text(CATALOG, encoding="utf-8")
    Path("log").write_text("\n".join(LINES), encoding="utf-8")


def observe(*arguments: str, stdin: bytes = b"") -> Outcome:
    """A run on the catalog."""
    return run_cli("observe", *arguments, "-f", "values.yaml", stdin=stdin)


def test_the_whole_report() -> None:
    """What people see, from the first line to the last."""
    done = observe("log")

    assert (done.code, done.stdout, done.stderr) == (0, REPORT, "")


def test_every_way_in() -> None:
    """A compressed file, a folder and stdin say the same as the file, names and counts of files aside."""
    Path("logs").mkdir()
    Path("logs/a.gz").write_bytes(gzip.compress(Path("log").read_bytes()))
    packed = observe("logs").stdout.replace("logs/a.gz:5", "log:5")
    piped = observe("-", stdin=Path("log").read_bytes()).stdout.replace("stdin:5", "log:5")

    assert packed == piped == REPORT


def test_the_gate() -> None:
    """With --gate the exit code says whether the catalog can be enforced; what is printed is the same."""
    assert (observe("log", "--gate").code, observe("log", "--gate").stdout) == (1, REPORT)
    Path("log").write_text(hubble(names=["api.example.com"]))
    assert observe("log", "--gate").code == 0
    assert observe("log", "--gate").stdout.endswith("\nready to enforce: yes\n")
    assert observe("log", "--gate", "--min-days", "2").stdout.endswith(
        "ready to enforce: no\n  the records are of 1 day, and --min-days asks for 2\n"
    )
    Path("log").write_text("\n".join((hubble(names=["api.example.com"]), LOST)))
    assert observe("log", "--gate").code == 1


def test_min_days() -> None:
    """What was seen on fewer days than are asked for is told and not proposed."""
    assert "not proposed: seen on 2 of the 3 days that --min-days asks for" in observe("log", "--min-days", "3").stdout


def test_since_and_until() -> None:
    """A day is whole: --until takes in its last moment."""
    assert "3 records, 1 not of" not in observe("log", "--since", "2026-11-03").stdout
    assert "1 outside of --since and --until" in observe("log", "--until", "2026-11-02").stdout
    assert "1 outside of --since and --until" in observe("log", "--until", "2026-11-03T00:00:00Z").stdout


def test_wildcards_are_hints() -> None:
    """Several names below one are said as a wildcard with what it would cover, and proposed one by one."""
    names = [f"{letter}.cdn.example.net" for letter in "abc"]
    Path("log").write_text("\n".join(hubble(names=[name], to=f"192.175.48.{n}") for n, name in enumerate(names)))
    found = observe("log").stdout

    assert (
        f"hint: *.cdn.example.net would cover {', '.join(names)}, and every other name below cdn.example.net" in found
    )
    assert found.count("      add ") == 3


def test_a_server_without_records() -> None:
    """A server of which nothing is seen is told, and is not ready."""
    text = CATALOG + "  notes:\n    runtime: containerized\n    containerizedConfig: {image: a/b:1, port: 80}\n"
    Path("values.yaml").write_text(text)
    found = observe("log").stdout

    assert "  no record of notes's pods: wrong cluster, window or labels?\n" in found
    assert "  server notes: no record of its pods\n" in found


@pytest.mark.parametrize(
    ("log", "message"),
    [
        ("", "error: log: is empty; name a log that holds records [observe-empty]"),
        (
            "hello\n",
            "error: log: holds nothing of a known format; name its format with --log-format: FORMATS [observe-format]",
        ),
        (
            hubble(source={"namespace": "other", "labels": ["k8s:app=github"]}),
            "error: log: no record of pods of github in namespace mcp-servers; is it the right cluster, window, "
            "namespace (-n, --release) and podSelector? Logs of addresses need --pods [observe-not-ours]",
        ),
    ],
    ids=["empty", "of no format", "of others"],
)
def test_where_nothing_can_be_said(log: str, message: str) -> None:
    """A log that tells nothing of the catalog is an error, and nothing is printed."""
    from mcpfence.observe.readers import READERS

    Path("log").write_text(log)
    done = observe("log")

    assert (done.code, done.stdout) == (1, "")
    assert done.stderr == message.replace("FORMATS", ", ".join(READERS)) + "\n"


def test_files_that_cannot_be_read() -> None:
    """Every file that is missing, empty or none is named at once."""
    Path("empty").mkdir()
    Path("pods.json").write_text(kube_list({"kind": "Node"}))
    done = observe("gone", "log", "also-gone")

    assert (done.code, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "error: gone: cannot be read (No such file or directory); check the path [file-unreadable]",
        "error: also-gone: cannot be read (No such file or directory); check the path [file-unreadable]",
    ]
    assert observe("empty").stderr == (
        "error: empty: is a folder without files; name the folder of the logs [observe-empty]\n"
    )
    assert observe("log", "--pods", "pods.json").stderr == (
        "error: pods.json: holds no Pod and no Service; "
        "give what kubectl get pods,services -A -o json prints [observe-snapshot]\n"
    )
    Path("pods.json").write_text("{")
    assert observe("log", "--pods", "pods.json").stderr == (
        "error: pods.json: is no JSON or YAML of Kubernetes; give what kubectl get -o json prints [file-unreadable]\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("observe", "-f", "values.yaml"), "Nothing to observe: name a log, a folder of logs, or - for stdin."),
        (("observe", "log"), "Nothing to compare with: name a values file with -f."),
        (("observe", "-", "-f", "-"), "stdin can be read once: give - for one file only."),
        (
            ("observe", "log", "-f", "values.yaml", "--since", "now"),
            "Invalid value for '--since': 'now' is no time: write 2026-11-02 or 2026-11-02T09:00:00Z.",
        ),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], message: str) -> None:
    """Exit code 2 and what to do."""
    done = run_cli(*arguments)

    assert (done.code, done.stdout) == (2, "")
    assert done.stderr.endswith(f"Error: {message}\n")


def test_a_catalog_with_errors() -> None:
    """A catalog that does not render is not compared with anything."""
    Path("values.yaml").write_text(CATALOG.replace("egressDomains", "egressDomain"))
    done = observe("log")

    assert (done.code, done.stdout) == (1, "")
    assert "[key-unknown]" in done.stderr


def test_yaml_snapshots() -> None:
    """Pods may come as YAML, too."""
    import yaml

    Path("pods.yaml").write_text(yaml.safe_dump(pod()))
    assert observe("log", "--pods", "pods.yaml").code == 0


def test_zstd() -> None:
    """A file of zstd is read like any other, in several frames too; a damaged one is told."""
    import zstandard

    data = Path("log").read_bytes()
    packed = zstandard.compress(data[:100]) + zstandard.compress(data[100:])
    Path("log.zst").write_bytes(packed)
    Path("cut.zst").write_bytes(zstandard.compress(data) + packed[:-20])
    Path("bad.zst").write_bytes(zstandard.compress(data) + b"tail")

    assert observe("log.zst").stdout.replace("log.zst:5", "log:5") == REPORT
    for name, why in (("cut", "ends in the middle of what was compressed"), ("bad", "is damaged where it is")):
        assert why in observe(f"{name}.zst").stdout


def test_zstd_without_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the library is missing, the sentence says how to get it, or to do without."""
    Path("log.zst").write_bytes(b"\x28\xb5\x2f\xfd....")
    monkeypatch.setitem(sys.modules, "zstandard", None)
    done = observe("log.zst")

    assert (done.code, done.stdout) == (1, "")
    assert done.stderr == (
        "error: log.zst: is compressed with zstd, which needs a library; install mcpfence[observe], or unpack it first: "
        "zstd -dc FILE | mcpfence observe - [observe-extra]\n"
    )


def test_the_page() -> None:
    """One page without scripts or anything from elsewhere: losses first, and for each flow a strip of its days."""
    page = observe("log", "--format", "html").stdout

    assert page.startswith("<!doctype html>")
    assert re.findall(r"<script|https?://|<link|url\(", page) == []
    assert page.index("<dt>cannot show</dt>") < page.index("<h2>server github") < page.index("Would be denied")
    assert page.count("<svg") == 2
    assert "values.yaml:12:7" in page
    assert "{&#39;" not in page
    assert "1 day, 1 pod, 1 record<" in page
    assert re.findall(r'class="(on|off)"><title>(2026-11-0\d)', page) == [
        ("on", "2026-11-02"),
        ("off", "2026-11-03"),
        ("on", "2026-11-04"),
        *(("on" if day == 2 else "off", f"2026-11-0{day}") for day in (2, 3, 4)),
    ]


def test_the_page_of_a_wrong_clock() -> None:
    """A record of 1970 makes a window of 20,000 days, and no page of megabytes."""
    Path("old").write_text("\n".join([*LINES, hubble(at="1970-01-02T00:00:00Z")]), encoding="utf-8")
    page = observe("old", "--format", "html").stdout

    assert "20,7" in page
    assert len(page) < 20_000
    assert "<title>2026-11-02: seen</title>" in page


def test_markdown() -> None:
    """The same as tables, for pull requests."""
    text = observe("log", "--format", "markdown").stdout

    assert "| to `models.example.com` | 443/TCP | 2 | 1 | 2 | add models.example.com to " in text
    assert "| to `169.254.169.254` | 80/TCP | 1 | 1 | 1 |" in text
    assert "- Hubble flows (Cilium): it has host names only where" in text
    assert text.endswith("- server github: 1 flow would be denied\n- 1 line could not be read\n")


PACKAGES = """\
mcpNamespace: {name: mcp-servers}
cluster: {ipFamilies: [IPv4]}
egress: {provider: cilium, registries: {uvx: [python.example.com]}}
servers:
  github: {runtime: npx, npxConfig: {package: "@example/github"}}
  docs: {runtime: uvx, uvxConfig: {package: docs}, egress: {registries: [files.example.com]}}
  shut: {runtime: uvx, uvxConfig: {package: shut}, egress: {registries: none}}
"""
PUBLIC = ".".join(next(iter(packages._PUBLIC["npx"])))


def of_server(name: str, *names: str) -> str:
    """A line of a server's pod."""
    end = {"ID": 812, "namespace": "mcp-servers", "labels": [f"k8s:app={name}"], "pod_name": f"{name}-0"}
    return hubble(names=list(names), source=end)


def test_registries_have_a_key_of_their_own() -> None:
    """What npx and uvx fetch packages from is proposed for the key of registries, known from the catalog or by itself."""
    Path("values.yaml").write_text(PACKAGES, encoding="utf-8")
    asked = (("github", PUBLIC), ("github", "python.example.com"), ("docs", "python.example.com"), ("docs", PUBLIC))
    lines = [
        *(of_server(*one) for one in asked),
        of_server("shut", "python.example.com"),
        of_server("github", "x.y.org"),
    ]
    Path("log").write_text("\n".join(lines), encoding="utf-8")
    told = [line.strip() for line in observe("log").stdout.splitlines() if line.startswith("      add ")]

    assert [line.partition(" (")[0] for line in told] == [
        "add python.example.com to servers.docs.egress.registries",
        f"add {PUBLIC} to servers.docs.uvxConfig.egressDomains",
        "add python.example.com to egress.registries.npx, the packages' registry of all npx servers",
        f"add {PUBLIC} to egress.registries.npx, the packages' registry of all npx servers",
        "add x.y.org to servers.github.npxConfig.egressDomains",
    ]
    assert "      not proposed: registries: none was written for it\n" in observe("log").stdout
    merged = observe("log", "--merge", "values.yaml").stdout
    assert f"registries: {{uvx: [python.example.com], npx: [python.example.com, {PUBLIC}]}}" in merged
    assert "registries: [files.example.com, python.example.com]" in merged
    assert "registries: none" in merged


def test_where_names_come_from() -> None:
    """Where a source has no names and addresses stayed without, the report says how to learn them; else it does not."""
    Path("pods.json").write_text(kube_list(pod()), encoding="utf-8")
    row = "2 123456789012 eni-0a1b2c3d4e5f60718 10.244.1.7 {} 41233 443 6 12 3481 1793610847 1793610901 ACCEPT OK"
    arguments = ("vpc.log", "--log-format", "aws-vpc", "--pods", "pods.json")
    Path("vpc.log").write_text(row.format("192.175.48.6") + "\n", encoding="utf-8")
    text = observe(*arguments).stdout
    assert (
        "names        1 address without a name: CoreDNS tells names with 'dnstap tcp://COLLECTOR:6000 full' in its "
        "Corefile; collect them with 'fstrm_capture -t protobuf:dnstap.Dnstap -a 0.0.0.0 -p 6000 -w dns.dnstap', and "
        "add --dns dns.dnstap\n"
    ) in text
    for form in ("markdown", "html"):
        assert "--dns dns.dnstap" in observe(*arguments, "--format", form).stdout
    Path("vpc.log").write_text(row.format("169.254.169.254") + "\n", encoding="utf-8")
    assert "dns.dnstap" not in observe(*arguments).stdout
    assert "dns.dnstap" not in observe("log").stdout
