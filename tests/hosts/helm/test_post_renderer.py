"""mcpfence inside real helms: Helm 3 runs the executable, Helm 4 the plugin that `helm plugin install` put in place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from api_stub import api_server
from edges import CATALOG, RELEASE, Host, catalog, container, make_host, mcpfence, neighbours, values_file
from find_helm import Helm
from mcpfence.streams.stream import split
from tooling import ROOT, TESTS

CHART = ROOT / "chart"
CHARTS = TESTS / "support" / "charts"

pytestmark = pytest.mark.xdist_group("hosts")

SAME_PLUGIN = """\
{apiVersion: v1, type: postrenderer/v1, name: same, version: 0.1.0, runtime: subprocess,
 runtimeConfig: {platformCommand: [{command: cat}]}}
"""
DRY_RUN = ["--dry-run=client", "--disable-openapi-validation"]
ENDING = b"\n\nUse --debug flag to render out invalid YAML\n"


@pytest.fixture(scope="module")
def host(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Host:
    """Each helm with mcpfence in place."""
    return make_host(helm.path, helm.major, tmp_path_factory.mktemp("host"))


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chart of odd documents, hooks and a Service, with the mcpfence chart below it."""
    return neighbours(tmp_path_factory.mktemp("parent") / "chart")


@pytest.fixture(scope="module")
def fenced(host: Host, parent: Path) -> bytes:
    """What `helm template` prints for it with mcpfence as post-renderer."""
    done = host.fenced(parent)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.fixture(scope="module")
def unfenced(host: Host, parent: Path) -> bytes:
    """The same with a post-renderer that changes nothing: Helm 4 rewrites documents on their way through any."""
    if host.major == 3:
        return host.run("template", RELEASE, parent, "-n", "home", "--post-renderer", "cat").stdout
    plugin = host.home / "same" / "same"
    plugin.mkdir(parents=True)
    (plugin / "plugin.yaml").write_text(SAME_PLUGIN, encoding="utf-8")
    flags = ("--namespace", "home", "--post-renderer", "same")
    return host.run("template", RELEASE, parent, *flags, HELM_PLUGINS=str(plugin.parent)).stdout


def _ours(piece: bytes) -> bool:
    return b"app.kubernetes.io/managed-by: mcpfence" in piece or b"mcpfence.io/carrier: catalog" in piece


def _names(stream: bytes) -> list[str]:
    found = [document for document in yaml.load_all(stream, Loader=yaml.CSafeLoader) if document]
    return [f"{document['kind']} {document['metadata']['name']}" for document in found]


def _refused(host: Host, folder: Path, chart: Path, *arguments: str | Path, flags: tuple[str, ...] = ()) -> str:
    """The sentence with which a template run fails: Helm 3 prints it, Helm 4 hides it and the log file tells it."""
    log = folder / "log"
    done = host.fenced(chart, *arguments, more=(f"--log-file={log}", *flags))
    assert done.returncode == 1
    assert done.stdout == b""
    said = log.read_text(encoding="utf-8").rstrip("\n")
    if host.major == 3:
        beginning = "Error: error while running post render on files: error while running command "
        assert done.stderr.decode().startswith(beginning)
        assert f"error output:\n{said}\n: exit status " in done.stderr.decode()
    else:
        assert done.stderr == (
            b'Error: error while running post render on files: failed to invoke post-renderer plugin "mcpfence": '
            b'plugin "mcpfence" exited with error' + ENDING
        )
    return said


def test_forgotten_arguments(helm3: Path, tmp_path: Path) -> None:
    """Helm 3 without --post-renderer-args: nothing is rendered, and what is missing is said."""
    host = make_host(helm3, 3, tmp_path)
    done = host.run("template", RELEASE, CHART, "--post-renderer", "mcpfence")

    assert (done.returncode, done.stdout) == (1, b"")
    assert b"\nError: No command, and a stream on stdin. Behind helm's --post-renderer mcpfence write " in done.stderr
    assert b" --post-renderer-args post-render (Helm 3), " in done.stderr


# --- what goes through ---


def test_neighbours_pass_byte_for_byte(fenced: bytes, unfenced: bytes) -> None:
    """Duplicate keys, anchors, YAML 1.1 scalars, CRLF, BOM, `---` in block scalars, hooks: all as helm itself prints them."""
    theirs = [piece for piece in split(fenced) if not _ours(piece)]

    assert theirs == [piece for piece in split(unfenced) if not _ours(piece)]
    assert b"".join(theirs).count(b"key: first\n  key: second") == 1
    assert b"name: crlf" in b"".join(theirs)
    assert b"name: bom" in b"".join(theirs)
    assert b"oddities: [0644, 1_000, 0o17, 1.10, yes, ~, 2001-12-14, 0x1F, 1e3]" in b"".join(theirs)


def test_carrier_becomes_policies_and_report(fenced: bytes) -> None:
    """The catalog is gone, each server has its two policies, and the report tells about them."""
    assert _names(b"".join(piece for piece in split(fenced) if _ours(piece))) == [
        "NetworkPolicy mcp-server-search-egress",
        "NetworkPolicy mcp-server-search-ingress",
        "NetworkPolicy mcp-server-vault-egress",
        "NetworkPolicy mcp-server-vault-ingress",
        "ConfigMap demo-mcpfence",
    ]


def test_policies_come_before_what_they_fence(fenced: bytes) -> None:
    """In the order of the output, which is the order of creation, no workload stands before a policy."""
    kinds = [name.split()[0] for name in _names(fenced)]
    last = len(kinds) - kinds[::-1].index("NetworkPolicy")

    assert kinds[0] == "Namespace"
    assert {"StatefulSet", "Job", "Pod"} <= set(kinds[last:])


def test_named_port_of_a_service_in_the_same_release(fenced: bytes) -> None:
    """Selector and pod port of redis come from its Service and StatefulSet, which only the stream knows."""
    documents = {d["metadata"]["name"]: d for d in yaml.load_all(fenced, Loader=yaml.CSafeLoader) if d}

    assert documents["mcp-server-search-egress"]["spec"]["egress"][1]["ports"] == [{"protocol": "TCP", "port": 7000}]


def test_hooks_are_there_once(fenced: bytes) -> None:
    """Helm 3 keeps hooks from a post-renderer and Helm 4 sends them; both print them."""
    names = _names(fenced)

    assert (names.count("Job before"), names.count("Pod call")) == (1, 1)


def test_source_lines(host: Host, fenced: bytes) -> None:
    """Helm 4 names a template for each of our documents, beside the carrier's; it takes its annotation away again."""
    sources = [line.decode() for piece in split(fenced) if _ours(piece) for line in re.findall(rb"# Source: .*", piece)]
    templates = "# Source: neighbours/charts/mcpfence/templates/"
    expected = [f"{templates}mcpfence-networkpolicies.yaml"] * 4 + [f"{templates}mcpfence-report.yaml"]

    assert sources == (expected if host.major == 4 else [])
    assert b"postrenderer.helm.sh" not in fenced


def test_own_output_piped_in_again(fenced: bytes) -> None:
    """`helm template ... | mcpfence post-render` of a stream that is rendered already changes nothing."""
    done = mcpfence("post-render", stdin=fenced)

    assert (done.returncode, done.stdout) == (0, fenced)
    assert done.stderr == b"mcpfence: no catalog to render in this stream; it passed through unchanged\n"


def test_five_megabytes(host: Host, tmp_path: Path) -> None:
    """A release with large ConfigMaps: nothing of them is lost."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text("{apiVersion: v2, name: large, version: 1.0.0}\n", encoding="utf-8")
    line = "      a line of some configuration file, again and again\n" * 100
    text = "{{- range until 900 }}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: large-{{ . }}\ndata:\n"
    text += f"  file: |\n{line}{{{{- end }}}}\n"
    (tmp_path / "templates" / "large.yaml").write_text(text, encoding="utf-8")
    catalog_file = values_file(tmp_path, CATALOG, "catalog.json")
    done = host.fenced(tmp_path, more=("--catalog", str(catalog_file), "--release=demo", "--namespace=home"))

    assert done.returncode == 0, done.stderr.decode()
    assert len(done.stdout) > 5_000_000
    assert done.stdout.count(b"a line of some configuration file, again and again\n") == 90_000
    assert done.stdout.count(b"\nkind: NetworkPolicy\n") == 2


@pytest.mark.parametrize("verb", [("install",), ("upgrade", "--install")], ids=["install", "upgrade"])
def test_install_and_upgrade(host: Host, tmp_path: Path, verb: tuple[str, ...]) -> None:
    """`helm install` and `helm upgrade --install` take the post-renderer as `template` does, NOTES included."""
    values = values_file(tmp_path, CATALOG)
    with api_server() as url:
        flags = [*DRY_RUN, "--kube-apiserver", url, "-n", "home", "-f", str(values)]
        memory = {"HELM_DRIVER": "memory", "HELM_MEMORY_DRIVER_DATA": str(values_file(tmp_path, [], "releases.yaml"))}
        done = host.run(*verb, RELEASE, CHART, *flags, *host.flags(), **memory)

    assert done.returncode == 0, done.stderr.decode()
    assert b"name: mcp-server-vault-egress\n" in done.stdout
    assert b"mcpfence.io/carrier: catalog" not in done.stdout
    assert b"kubectl get configmap demo-mcpfence --namespace home" in done.stdout


def test_two_aliases_with_two_namespaces(host: Host, tmp_path: Path) -> None:
    """A parent may hold the chart twice: each catalog becomes policies of its own namespace, with its own report."""
    labs = {**CATALOG, "mcpNamespace": {"name": "labs"}}
    chart = neighbours(tmp_path / "chart", aliases={"tools": CATALOG, "labs": labs})
    done = host.fenced(chart)
    documents = [d for d in yaml.load_all(done.stdout, Loader=yaml.CSafeLoader) if d]
    found = {
        (d["metadata"]["namespace"], d["metadata"]["name"])
        for d in documents
        if d["metadata"].get("labels", {}).get("app.kubernetes.io/managed-by") == "mcpfence"
    }

    assert done.returncode == 0, done.stderr.decode()
    assert found == {
        *((space, f"mcp-server-vault-{way}") for space in ("demo-mcp", "labs") for way in ("egress", "ingress")),
        ("home", "demo-tools"),
        ("home", "demo-labs"),
    }


def test_show_only_and_output_dir_under_helm4(helm4: Path, tmp_path: Path) -> None:
    """Helm 4 post-renders before it picks and writes, so both flags see our documents."""
    host = make_host(helm4, 4, tmp_path / "host")
    values = values_file(tmp_path, CATALOG)
    shown = host.fenced(CHART, "-f", values, "--show-only", "templates/mcpfence-networkpolicies.yaml")
    written = host.fenced(CHART, "-f", values, "--output-dir", tmp_path / "out")

    assert _names(shown.stdout) == ["NetworkPolicy mcp-server-vault-egress", "NetworkPolicy mcp-server-vault-ingress"]
    assert written.returncode == 0
    file = tmp_path / "out" / "mcpfence" / "templates" / "mcpfence-networkpolicies.yaml"
    assert _names(file.read_bytes()) == _names(shown.stdout)
    assert not (tmp_path / "out" / "mcpfence" / "templates" / "carrier.yaml").exists()


def test_report_tells_what_helm_hides(host: Host, tmp_path: Path) -> None:
    """A warning of a successful run is seen in the log file and in the ConfigMap, and never in helm's own output."""
    values = values_file(tmp_path, {**CATALOG, "clients": {}})
    log = tmp_path / "log"
    done = host.run(
        *("template", RELEASE, str(CHART), "-n", "home", "-f", str(values), *host.flags()), MCPFENCE_LOG_FILE=str(log)
    )
    sentence = "clients: no client is declared, so nobody may call the servers; declare the gateway or back-end that calls them"
    (report,) = [
        d["data"]
        for d in yaml.load_all(done.stdout, Loader=yaml.CSafeLoader)
        if d and d["metadata"]["name"] == "demo-mcpfence" and d["kind"] == "ConfigMap"
    ]

    assert (done.returncode, done.stderr) == (0, b"")
    assert report["findings"] == f"warning: {sentence} [clients-none]"
    assert log.read_text(encoding="utf-8").splitlines() == [
        f"warning: {sentence} [clients-none]",
        "mcpfence: release demo: 1 fence, 3 objects for namespace demo-mcp, provider none",
    ]


# --- what is refused: helm fails, prints nothing, and the sentence is somewhere ---


def test_error_in_the_catalog(host: Host, tmp_path: Path) -> None:
    """A refused name stops helm."""
    values = values_file(tmp_path, catalog(vault=container(egress={"domains": ["https://api.example.org"]})))
    sentence = 'error: servers.vault.egress.domains[0]: "https://api.example.org" has a scheme; write api.example.org [host-scheme]'

    assert _refused(host, tmp_path, CHART, "-f", values) == sentence


def test_error_stops_an_install(host: Host, tmp_path: Path) -> None:
    """Nothing is shown as installed, and nothing would be."""
    values = values_file(tmp_path, catalog(vault=container(egress={"domains": ["localhost"]})))
    with api_server() as url:
        flags = [*DRY_RUN, "--kube-apiserver", url, "-n", "home", "-f", str(values)]
        done = host.run("install", RELEASE, CHART, *flags, *host.flags())

    assert (done.returncode, b"kind:" in done.stdout) == (1, False)


def test_warning_with_strict(host: Host, tmp_path: Path) -> None:
    """--strict arrives through --post-renderer-args and makes the warning an error."""
    values = values_file(tmp_path, {**CATALOG, "clients": {}})

    assert _refused(host, tmp_path, CHART, "-f", values, flags=("--strict",)).startswith("error: clients: no client is")


def test_two_aliases_with_one_namespace(host: Host, tmp_path: Path) -> None:
    """Both carriers are named."""
    raw = {**CATALOG, "mcpNamespace": {"name": "tools"}}
    chart = neighbours(tmp_path / "chart", aliases={"one": raw, "two": raw})

    assert _refused(host, tmp_path, chart) == (
        "error: ConfigMap home/demo-one-catalog and ConfigMap home/demo-two-catalog both bring policies for "
        "namespace tools; give each its own mcpNamespace.name, or remove one [carrier-twice]"
    )


def test_chart_without_catalog(host: Host, tmp_path: Path) -> None:
    """A chart of other people, and no --catalog."""
    shared = tmp_path / "chart"
    (shared / "templates").mkdir(parents=True)
    (shared / "Chart.yaml").write_text("{apiVersion: v2, name: other, version: 1.0.0}\n", encoding="utf-8")
    document = "{apiVersion: v1, kind: ConfigMap, metadata: {name: one}}\n"
    (shared / "templates" / "one.yaml").write_text(document, encoding="utf-8")

    assert _refused(host, tmp_path, shared) == (
        "error: the stream holds no mcpfence catalog; render the mcpfence chart (alone or as a subchart) in this "
        "release, or pass --catalog FILE [carrier-missing]"
    )


def test_wrong_argument(host: Host, tmp_path: Path) -> None:
    """A misspelt flag behind --post-renderer-args is not lost in Helm 4 either."""
    said = _refused(host, tmp_path, CHART, flags=("--stirct",))

    assert "Error: No such option '--stirct'." in said or "Error: No such option: --stirct" in said


EMPTY = (
    "error: the stream on stdin holds no document; pipe `helm template` into it; "
    "with Helm 3's --output-dir use `mcpfence render -o DIR` instead [stream-empty]"
)


def test_chart_of_hooks_alone(host: Host, tmp_path: Path) -> None:
    """Helm 4 sends hooks, which pass; Helm 3 sends nothing, and an empty release would be taken for success."""
    if host.major == 3:
        assert _refused(host, tmp_path, CHARTS / "hooks") == EMPTY
        return
    done = host.fenced(CHARTS / "hooks")

    assert (done.returncode, _names(done.stdout)) == (0, ["Job before"])


def test_output_dir_under_helm3(helm3: Path, tmp_path: Path) -> None:
    """Helm 3 writes the folder before it post-renders and sends nothing: the message names the way that works."""
    host = make_host(helm3, 3, tmp_path / "host")
    values = values_file(tmp_path, CATALOG)
    done = host.fenced(CHART, "-f", values, "--output-dir", tmp_path / "out")

    assert done.returncode == 1
    assert EMPTY in done.stderr.decode()


def test_helm4_names_the_plugin_that_is_missing(helm4: Path, tmp_path: Path) -> None:
    """The commonest mistake of all is helm's own to report: nothing is printed then either."""
    host = Host(helm4, 4, tmp_path)
    done = host.run("template", RELEASE, CHART, "--post-renderer", "mcpfence")

    assert (done.returncode, done.stdout) == (1, b"")
    assert b"mcpfence" in done.stderr


def test_command_of_the_wheel_names_the_plugin_folder(helm4: Path, tmp_path: Path) -> None:
    """`helm plugin install "$(mcpfence helm-plugin)"` works as the help says."""
    folder = mcpfence("helm-plugin").stdout.decode().strip()
    host = Host(helm4, 4, tmp_path)
    done = host.run("plugin", "install", folder)

    assert done.returncode == 0, done.stderr.decode()
    assert (tmp_path / "data" / "plugins" / "mcpfence" / "plugin.yaml").is_file()
