"""`mcpfence render`: values merged as Helm merges them, the chart and the policies, and every way in which it fails."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from edges import CATALOG, catalog, container, environment, mcpfence, mcpfence_command, neighbours, refusal, values_file
from find_helm import Helm
from mcpfence.documents.values import merge
from mcpfence.streams.stream import split
from tooling import PATIENCE, ROOT, TESTS, helm_environment

CHARTS = TESTS / "support" / "charts"
ARGUMENTS = ("--release", "demo", "-n", "home")


def _render(*arguments: str | Path, **how: Any) -> bytes:
    """Stdout of a render that succeeds."""
    done = mcpfence("render", *ARGUMENTS, *arguments, **how)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def _names(stream: bytes) -> list[str]:
    return [f"{d['kind']} {d['metadata']['name']}" for d in yaml.safe_load_all(stream) if d]


def _tree(dice: random.Random, *, nulls: bool, depth: int = 0) -> Any:
    """A random value: mostly maps over few keys, so that files often meet on one."""
    kind = dice.random()
    if depth < 4 and kind < 0.6:
        keys = dice.sample("abc", dice.randint(0, 3))
        return {key: _tree(dice, nulls=nulls, depth=depth + 1) for key in keys}
    if kind < 0.75 and nulls:
        return None
    return dice.choice([1, "x", True, "", 0.5, [1, {"a": None}], [], {}])


def test_values_are_merged_as_helm_merges_them(helm: Helm, tmp_path: Path) -> None:
    """Thousands of random trees over random defaults in two files: what the chart sees is what we see."""
    dice = random.Random(7)  # noqa: S311  no secret hangs on it
    trees = [{f"case-{n}": _tree(dice, nulls=file > 0) for n in range(2500)} for file in range(3)]
    chart = tmp_path / "echo"
    shutil.copytree(CHARTS / "echo", chart)
    values_file(chart, trees[0])
    flags = [flag for number in (1, 2) for flag in ("-f", str(values_file(tmp_path, trees[number], f"{number}.json")))]
    command = [str(helm.path), "template", "demo", str(chart), *flags]
    done = subprocess.run(command, capture_output=True, check=True, env=helm_environment(tmp_path))

    assert merge(trees[1:], trees[0]) == json.loads(yaml.safe_load(done.stdout)["data"]["values"])


# --- one catalog, three ways ---

OVERLAYS: dict[str, Any] = {
    "nothing": {},
    "a further server": {"servers": {"extra": container(egress={"cidrs": [{"cidr": "10.1.0.0/16", "ports": [22]}]})}},
    "lists replace": {"cluster": {"ipFamilies": ["IPv6"]}},
    "null takes a default of the chart": {"egress": None, "workloads": None, "mcpNamespace": {"labels": None}},
    "null takes a whole default tree": {"rbac": None},
    "a map meets a map": {"clients": {"gateway": {"callbackPort": 9000}}, "mcpNamespace": {"name": "tools"}},
}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_policies_only_is_what_helm_gives(helm: Helm, tmp_path: Path, overlay: str) -> None:
    """With real helm and without: the same objects of ours, byte for byte, from two files."""
    files = ("-f", values_file(tmp_path, CATALOG, "base"), "-f", values_file(tmp_path, OVERLAYS[overlay], "top"))
    alone = split(_render(*files, "--policies-only"))
    whole = split(_render(*files, HELM_BIN=str(helm.path)))

    assert [piece for piece in whole if b"app.kubernetes.io/managed-by: mcpfence" in piece] == list(alone)
    assert len(whole) > len(alone)


@pytest.mark.parametrize("key", ["servers.vault", "servers.vault.podSelector", "cluster.cidrs"])
def test_null_that_takes_nothing_is_refused(helm: Helm, tmp_path: Path, key: str) -> None:
    """Helm leaves a null where the chart has no default, and the schema refuses it: so do we, with the place."""
    first, *rest = key.split(".")
    overlay: Any = None
    for step in reversed(rest):
        overlay = {step: overlay}
    top = values_file(tmp_path, {first: overlay}, "top.json")
    arguments = ("render", "-f", values_file(tmp_path, CATALOG, "base.json"), "-f", top, "-q")
    alone = refusal(mcpfence(*arguments, "--policies-only"))

    assert alone.endswith(f" {key}: is null; write a mapping, or remove the key [type]") or "podSelector" in key
    assert alone.startswith(f"error: {top}:")
    assert refusal(mcpfence(*arguments, HELM_BIN=str(helm.path))) == alone
    command = [str(helm.path), "template", "demo", str(ROOT / "chart"), *map(str, arguments[1:5])]
    assert subprocess.run(command, capture_output=True, check=False, env=helm_environment(tmp_path)).returncode == 1


def test_chart_with_custom_resource_definitions(helm: Helm, tmp_path: Path) -> None:
    """helm installs crds/ beside the release; in what is rendered they stand first, or nothing could use them."""
    chart = neighbours(tmp_path / "chart")
    (chart / "crds").mkdir()
    definition = "kind: CustomResourceDefinition\nmetadata: {name: things.example.com}\n"
    (chart / "crds" / "thing.yaml").write_text(definition, encoding="utf-8")
    out = _render("--chart", chart, HELM_BIN=str(helm.path))

    assert b"name: things.example.com" in out.partition(b"kind: Namespace")[0]


def test_chart_with_ours_below(helm: Helm, tmp_path: Path) -> None:
    """--chart takes a parent chart: all of its documents, and the policies in the carrier's place."""
    chart = neighbours(tmp_path / "chart")
    out = _render("--chart", chart, HELM_BIN=str(helm.path))

    assert {"ConfigMap scalars", "Job before", "NetworkPolicy mcp-server-search-egress"} <= set(_names(out))
    assert b"mcpfence.io/carrier: catalog" not in out
    assert b"port: 7000" in out


def test_values_reach_the_subchart(helm: Helm, tmp_path: Path) -> None:
    """Values of a parent chart stand below mcpfence, as Helm has it."""
    chart = neighbours(tmp_path / "chart")
    values = values_file(tmp_path, {"mcpfence": {"servers": {"extra": container()}}})

    assert "NetworkPolicy mcp-server-extra-egress" in _names(
        _render("--chart", chart, "-f", values, HELM_BIN=str(helm.path))
    )


def test_folder_holds_what_stdout_shows(helm: Helm, tmp_path: Path) -> None:
    """-o writes the same documents, one a file; a server that is gone takes its files along."""
    two = values_file(tmp_path, catalog(a=container(), b=container()), "two.json")
    one = values_file(tmp_path, catalog(a=container()), "one.json")
    folder = tmp_path / "out"
    first = mcpfence("render", *ARGUMENTS, "-f", two, "-o", folder, HELM_BIN=str(helm.path))
    written = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.yaml")}
    index = yaml.safe_load(written.pop("kustomization.yaml"))
    second = mcpfence("render", *ARGUMENTS, "-f", one, "-o", folder, HELM_BIN=str(helm.path))
    gone = set(written) - {path.name for path in folder.glob("*.yaml")}
    stdout = list(yaml.safe_load_all(_render("-f", two, HELM_BIN=str(helm.path))))

    assert first.stdout == second.stdout == b""
    assert sorted(map(str, (yaml.safe_load(text) for text in written.values()))) == sorted(
        map(str, filter(None, stdout))
    )
    assert sorted(index["resources"]) == sorted(written)
    assert (
        first.stderr.splitlines()[0]
        == f"mcpfence: {folder}: {len(written) + 1} files written, 0 unchanged, 0 removed".encode()
    )
    assert second.stderr.splitlines()[0].endswith(b"2 files written, 4 unchanged, 2 removed")
    assert gone == {f"networkpolicy-mcp-server-b-{way}.yaml" for way in ("egress", "ingress")}


def test_services_beside_the_values(tmp_path: Path) -> None:
    """A file of manifests among the -f files is searched for Services, in YAML or as kubectl's JSON list."""
    raw = values_file(tmp_path, catalog(a=container(egress={"services": [{"name": "redis", "namespace": "data"}]})))
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "redis", "namespace": "data"},
        "spec": {"selector": {"app": "redis"}, "ports": [{"port": 80, "targetPort": 6379}]},
    }
    alone = values_file(tmp_path, "# kubectl get service -o yaml\n---\n" + yaml.safe_dump(service), "service.yaml")
    listed = values_file(tmp_path, {"apiVersion": "v1", "kind": "List", "items": [service]}, "list.json")
    outputs = [_render("-f", raw, "-f", file, "--policies-only") for file in (alone, listed)]

    assert outputs[0] == outputs[1]
    assert b"port: 6379" in outputs[0]
    assert refusal(mcpfence("render", "-f", raw, "--policies-only")) == (
        f"error: {raw}:25:6 servers.a.egress.services[0]: has no podSelector and ports, and Service data/redis is not in "
        "the input; write podSelector and ports here (ports are pod ports, the Service's targetPort), or pass the "
        "Service with -f [service-unresolved]"
    )


# --- where values come from ---


def test_values_on_stdin(helm: Helm, tmp_path: Path) -> None:
    """-f - reads stdin once, for us and for helm; messages call it stdin."""
    text = json.dumps(CATALOG).encode()
    expected = _render("-f", values_file(tmp_path, CATALOG), HELM_BIN=str(helm.path))
    bad = mcpfence("render", "-f", "-", stdin=b"servers: {a: {runtime: snail}}\n", HELM_BIN=str(helm.path))

    assert _render("-f", "-", stdin=text, HELM_BIN=str(helm.path)) == expected
    assert refusal(bad).startswith('error: stdin:1:24 servers.a.runtime: "snail" is no choice here; ')


def test_values_from_a_pipe(helm3: Path, tmp_path: Path) -> None:
    """Process substitution, `-f <(sops -d values.yaml)`, can be read only once; helm gets the same text all the same."""
    values = values_file(tmp_path, CATALOG)
    script = f'exec "$@" -f <(cat {values})'
    command = ["bash", "-c", script, "bash", *mcpfence_command(), "render", *ARGUMENTS]
    done = subprocess.run(command, capture_output=True, check=False, env=environment(HELM_BIN=str(helm3)))

    assert (done.returncode, done.stdout) == (0, _render("-f", values, HELM_BIN=str(helm3)))


@pytest.mark.parametrize("name", ["a,b.yaml", "with space.yaml", "-dash.yaml", "ü.yaml", "q'uote.yaml"])
def test_odd_file_names(helm3: Path, tmp_path: Path, name: str) -> None:
    """Helm takes a comma for two files; whatever a file is called, it is one file here."""
    values_file(tmp_path, CATALOG, name)
    out = _render("-f", f"./{name}", cwd=tmp_path, HELM_BIN=str(helm3))

    assert "NetworkPolicy mcp-server-vault-egress" in _names(out)


def test_yaml_anchors_and_bom_in_values(helm: Helm, tmp_path: Path) -> None:
    """Values are YAML with all that belongs to it, also from a Windows editor."""
    text = "\ufeffcluster: {ipFamilies: [IPv4]}\r\nservers:\r\n  a: &a\r\n    runtime: containerized\r\n"
    text += "    containerizedConfig: {image: x, port: 8080, denyAllEgress: true}\r\n  b:\r\n    <<: *a\r\n"
    values = tmp_path / "values.yaml"
    values.write_bytes(text.encode())
    with_helm = split(_render("-f", values, HELM_BIN=str(helm.path)))

    assert [piece for piece in with_helm if b"managed-by: mcpfence" in piece] == list(
        split(_render("-f", values, "--policies-only"))
    )


def test_same_release_and_namespace_as_given(tmp_path: Path) -> None:
    """The release names the policies' namespace and the report, -n is where the report lives."""
    values = values_file(tmp_path, {**CATALOG, "mcpNamespace": {"name": "tools"}})
    out = _render("-f", values, "--policies-only", "--release", "mcp.prod-1", "-n", "ops")
    (report,) = [d for d in yaml.safe_load_all(out) if d["kind"] == "ConfigMap"]

    assert (report["metadata"]["name"], report["metadata"]["namespace"]) == ("mcp.prod-1-mcpfence", "ops")


# --- what fails ---


def test_messages_of_the_structure_come_with_lines(helm: Helm, tmp_path: Path) -> None:
    """Helm's own verdict on the schema knows no lines and no nearest key: ours is said in its place."""
    values = values_file(tmp_path, "servers:\n  a:\n    runtime: npx\n    npxConfig: {package: x, egresDomains: []}\n")
    done = mcpfence("render", "-f", values, "-q", HELM_BIN=str(helm.path))

    assert refusal(done) == (
        f"error: {values}:4:29 servers.a.npxConfig.egresDomains: is no known key; did you mean egressDomains? "
        "Else write one of: args, denyAllEgress, egressDomains, package [key-unknown]"
    )


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"a: [\n", ":2:1: did not find expected node content; mend the YAML [file-unreadable]"),
        (b"- a\n", ": is a list, not a mapping; write keys such as servers: at its top [catalog-not-a-mapping]"),
        (b"hello\n", ": is a string, not a mapping; write keys such as servers: at its top [catalog-not-a-mapping]"),
        (b"a: 1\nb: \xff\n", ": is no UTF-8 at byte 8; save it as UTF-8 [file-unreadable]"),
        (b"a: 1\na: 2\n", ':2:1: the key "a" stands twice; mend the YAML [file-unreadable]'),
        (
            b"a: 1\n---\nb: 2\n",
            ":3:1: a second document begins; values are one document; mend the YAML [file-unreadable]",
        ),
    ],
)
def test_values_that_cannot_be_read(tmp_path: Path, content: bytes, sentence: str) -> None:
    """What is wrong, and where."""
    values = tmp_path / "values.yaml"
    values.write_bytes(content)

    assert refusal(mcpfence("render", "-f", values, "--policies-only")) == f"error: {values}{sentence}"


def test_every_file_is_judged(tmp_path: Path) -> None:
    """Two files that are missing and one that is a folder are said at once."""
    done = mcpfence("render", "-f", "one.yaml", "-f", "two.yaml", "-f", tmp_path, cwd=tmp_path)

    assert refusal(done).splitlines() == [
        "error: one.yaml: cannot be read (No such file or directory); check the path [file-unreadable]",
        "error: two.yaml: cannot be read (No such file or directory); check the path [file-unreadable]",
        f"error: {tmp_path}: cannot be read (Is a directory); check the path [file-unreadable]",
    ]


def test_empty_files_are_values(tmp_path: Path) -> None:
    """A file of comments alone says nothing, and that is no mistake."""
    assert _names(_render("-f", values_file(tmp_path, "# later\n"), "--policies-only", "--allow-empty")) == [
        "ConfigMap demo-mcpfence"
    ]


NEEDS = "install Helm 3.18.5 or later, set HELM_BIN, or use --policies-only, which needs no helm [helm-missing]"


def test_helm_is_missing(tmp_path: Path) -> None:
    """The message names what works without it."""
    (tmp_path / "bin").mkdir()
    nowhere = mcpfence("render", PATH=str(tmp_path / "bin"))
    named = mcpfence("render", HELM_BIN="/no/helm")

    assert refusal(nowhere) == f"error: helm: is not on PATH; {NEEDS}"
    assert refusal(named) == f"error: /no/helm: is named by HELM_BIN and cannot be run; {NEEDS}"


def _fake_helm(folder: Path, script: str) -> str:
    path = folder / "helm"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("says", "sentence"),
    [
        ("v3.17.0", "is version 3.17.0, and the chart's schema needs 3.18.5 or later; install Helm 3.18.5 or later"),
        (
            "v3.18.4+gd80839c",
            "is version 3.18.4, and the chart's schema needs 3.18.5 or later; install Helm 3.18.5 or later",
        ),
        ("v2.17.0", "is version 2.17.0, and the chart's schema needs 3.18.5 or later; install Helm 3.18.5 or later"),
        ("Helm!", "does not tell its version; install Helm 3.18.5 or later"),
    ],
)
def test_helm_is_too_old(tmp_path: Path, says: str, sentence: str) -> None:
    """Older ones would pass over the chart's schema without a word."""
    helm = _fake_helm(tmp_path, f"echo '{says}'")

    assert refusal(mcpfence("render", HELM_BIN=helm)) == f"error: {helm}: {sentence} [helm-old]"


def test_helm_that_does_not_start(tmp_path: Path) -> None:
    """A file of another machine."""
    helm = tmp_path / "helm"
    helm.write_bytes(b"\x7fELF")
    helm.chmod(0o755)

    assert refusal(mcpfence("render", HELM_BIN=str(helm))) == (
        f"error: {helm}: cannot be run (Exec format error); install helm [helm-missing]"
    )


def test_helm_fails(helm: Helm) -> None:
    """A chart that prints no YAML: helm's own words without its advice on flags of its own."""
    done = mcpfence("render", "--chart", CHARTS / "broken", HELM_BIN=str(helm.path))

    assert refusal(done).startswith("error: helm template: YAML parse error on broken/templates/broken.yaml: ")
    assert refusal(done).endswith("[helm-failed]")
    assert "--debug" not in refusal(done)


def test_helm_names_the_file_that_the_user_gave(tmp_path: Path) -> None:
    """Helm reads copies; what it says about them is said about the originals."""
    helm = _fake_helm(tmp_path, 'case $1 in version) echo v3.20.0;; *) echo "Error: bad $7" >&2; exit 1;; esac')
    values = values_file(tmp_path, CATALOG)

    assert (
        refusal(mcpfence("render", "-f", values, HELM_BIN=helm)) == f"error: helm template: bad {values} [helm-failed]"
    )


def test_what_helm_says_beside_its_output_is_said(tmp_path: Path) -> None:
    """Helm warns on stderr, for instance of values that it ignores."""
    helm = _fake_helm(
        tmp_path, f"case $1 in version) echo v3.20.0;; *) cat {tmp_path}/out; echo 'ignoring x' >&2;; esac"
    )
    (tmp_path / "out").write_bytes(_render("--policies-only", "-f", values_file(tmp_path, CATALOG)))
    done = mcpfence("render", HELM_BIN=helm)

    assert (done.returncode, done.stderr.splitlines()[0]) == (0, b"helm: ignoring x")
    assert mcpfence("render", "-q", HELM_BIN=helm).stderr == b""


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("", "the stream on stdin holds no document; pipe `helm template` into it; "),
        ("kind: [\n", "the stream holds no mcpfence catalog; render the mcpfence chart "),
        ("# mcpfence.io/carrier\nkind: [\n", "document 1 of the stream: mentions mcpfence.io/carrier but is no YAML "),
    ],
)
def test_chart_prints_what_nobody_can_read(tmp_path: Path, output: str, sentence: str) -> None:
    """Whatever a chart prints, the answer is a sentence."""
    helm = _fake_helm(tmp_path, f"case $1 in version) echo v4.1.0;; *) cat {tmp_path}/out;; esac")
    (tmp_path / "out").write_text(output, encoding="utf-8")

    assert refusal(mcpfence("render", HELM_BIN=helm)).startswith(f"error: {sentence}")


def test_chart_that_is_missing(helm: Helm) -> None:
    """Helm's own words again."""
    assert refusal(mcpfence("render", "--chart", "/no/chart", HELM_BIN=str(helm.path))).startswith(
        "error: helm template: "
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--policies-only", "--chart", "x"), "Error: --policies-only renders no chart; remove --chart."),
        (
            ("--release", "A B"),
            "Error: Invalid value for '--release': 'A B' is no release name: "
            "lower-case letters, digits, - and ., 53 at most.",
        ),
        (("--release", "x" * 54), f"'{'x' * 54}' is no release name: lower-case letters, digits, - and ., 53 at most."),
        (("--release", ""), "'' is no release name: lower-case letters, digits, - and ., 53 at most."),
        (
            ("-n", "no/pe"),
            "Error: Invalid value for '-n' / '--namespace': 'no/pe' is no namespace: "
            "lower-case letters, digits and -, 63 at most.",
        ),
        (("-n", "a.b"), "'a.b' is no namespace: lower-case letters, digits and -, 63 at most."),
        (("-n", "a\n"), "is no namespace: lower-case letters, digits and -, 63 at most."),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], sentence: str) -> None:
    """Exit code 2, and what is wrong about which option."""
    assert refusal(mcpfence("render", *arguments), code=2).endswith(sentence)


def test_strict(tmp_path: Path) -> None:
    """Warnings stop the render, and are called errors."""
    values = values_file(tmp_path, {**CATALOG, "clients": {}})
    done = mcpfence("render", "-f", values, "--policies-only", "--strict")

    assert refusal(done) == (
        f"error: {values}:8:2 clients: no client is declared, so nobody may call the servers; "
        "declare the gateway or back-end that calls them [clients-none]"
    )


# --- stdout that cannot be written ---

LARGE = catalog(**{f"s{n}": container() for n in range(700)})
"""More than a pipe holds (64 KiB)."""


def test_disk_full_on_stdout(tmp_path: Path) -> None:
    """A redirection to a full disk is an error, not a shorter file and exit 0."""
    values = values_file(tmp_path, LARGE)
    command = [*mcpfence_command(), "render", "-f", str(values), "--policies-only", "-q"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, env=environment())

    assert done.returncode == 1
    assert done.stderr.decode() == (
        "error: stdout: cannot be written (No space left on device); make room and render again [output-failed]\n"
    )


def test_reader_of_stdout_goes_away(tmp_path: Path) -> None:
    """`mcpfence render | head -1` ends without a word: whoever stopped reading knows."""
    values = values_file(tmp_path, LARGE)
    command = [*mcpfence_command(), "render", "-f", str(values), "--policies-only"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == b"---\n"
        process.stdout.close()
        said = process.stderr.read()
        code = process.wait(timeout=PATIENCE)

    assert (code, said) == (1, b"")


def _shell(redirection: str, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    command = ["sh", "-c", f'exec "$@" {redirection}', "sh", *mcpfence_command(), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False, env=environment(), stdin=subprocess.DEVNULL)


def test_stdout_closed(tmp_path: Path) -> None:
    """Nowhere to write to is said, too."""
    done = _shell(">&-", "render", "-f", values_file(tmp_path, CATALOG), "--policies-only", "-q")

    assert refusal(done) == "error: stdout: is closed; redirect it to a file or a pipe [output-failed]"


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_nobody_hears_stderr(tmp_path: Path, redirection: str) -> None:
    """Warnings that nobody can hear do not stop the render."""
    values = values_file(tmp_path, {**CATALOG, "clients": {}})
    done = _shell(redirection, "render", *ARGUMENTS, "-f", values, "--policies-only")

    assert (done.returncode, done.stdout) == (0, _render("-f", values, "--policies-only"))


@pytest.mark.parametrize(
    "arguments", [("post-render",), ("check", "-f", "-"), ("render", "-f", "-", "--policies-only")]
)
def test_stdin_closed(arguments: tuple[str, ...]) -> None:
    """A job without stdin: a sentence, not a traceback."""
    assert refusal(_shell("<&-", *arguments)).startswith("error: stdin: is closed; pipe")


@pytest.mark.parametrize(
    "arguments",
    [
        ("render", "-f", "-", "--policies-only", "-o", ""),
        ("import", "auto", "-", "-o", ""),
        ("import", "auto", "-", "--merge", ""),
        ("cidrs", "kubernetes", "-", "-o", ""),
        ("cidrs", "kubernetes", "-", "--merge", ""),
    ],
)
def test_name_that_is_empty(arguments: tuple[str, ...]) -> None:
    """`-o "$DIR"` of a script without DIR is wrong usage, not the same as no -o."""
    done = mcpfence(*arguments)

    assert (done.returncode, done.stdout) == (2, b"")
    assert b"is empty; name a file or folder, or leave the option out." in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "a cancelled job"])
def test_interrupt(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C, or SIGTERM, while stdin is awaited ends quietly, with exit code 1."""
    command = [*mcpfence_command(), "post-render"]
    log = tmp_path / "log"
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*command, "--log-file", str(log)],
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        env=environment(),
        # A test run in the background ignores Ctrl-C, and its children would inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    ) as process:
        while not log.exists():  # it is opened before stdin is read
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(number)
        out, said = process.communicate(timeout=PATIENCE)

    assert (process.returncode, out, said) == (1, b"", b"\nmcpfence: interrupted\n")
