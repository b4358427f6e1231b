"""`mcpfence argocd shards`: a catalog in several applications, each fence as in the whole catalog, nothing left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from argocd.applications import call, objects, parameters, write
from edges import CATALOG, catalog, container, mcpfence

REPOSITORY = "https://git.example.com/team/fences.git"
DENIED = {"denyAllEgress": True}


def server(**egress: Any) -> dict[str, Any]:
    """A server of which every fence differs from the others'."""
    return container(egress=egress) if egress else container()


def six() -> dict[str, Any]:
    """Six servers: two are a composite's, two share a back-end of their namespace, one is called by a workload."""
    redis = {"services": [{"name": "redis", "podSelector": {"app": "redis"}, "ports": [6379]}]}
    servers = {
        "a": server(cidrs=[{"cidr": "203.0.113.1/32", "ports": [443]}]),
        "b": server(cidrs=[{"cidr": "203.0.113.2/32", "ports": [443]}]),
        "c": server(**redis),
        "d": server(**redis),
        "e": server(),
        "hub": {"runtime": "composite", "compositeConfig": {"componentServers": ["a", "b"]}},
    }
    runner = {"namespace": "jobs", "podSelector": {"app": "runner"}, "egress": {"servers": ["e"]}}
    return {**catalog(**servers), "workloads": {"runner": runner}}


def cut(folder: Path, values: Any, *flags: str, size: int = 3, to: str = "fences") -> tuple[int, list[str]]:
    """The exit code and what is said."""
    write(folder, {"values.yaml": values})
    told = ("--repo-url", REPOSITORY, "--servers", str(size), "-o", to)
    done = mcpfence("argocd", "shards", "-f", "values.yaml", *told, *flags, cwd=folder)
    assert not done.stdout
    return done.returncode, done.stderr.decode().splitlines()


def shards(folder: Path) -> dict[str, list[str]]:
    """The servers and workloads in each shard's file."""
    found = {}
    for path in sorted(folder.glob("shard-*.yaml")):
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        found[path.stem] = [*values.get("servers", {}), *values.get("workloads", {})]
    return found


def fenced(stream: str | bytes, namespace: str) -> dict[str, Any]:
    """The specs of the policies by name, with one word in the place of the namespace."""
    text = json.dumps({name: found["spec"] for (kind, _, name), found in objects(stream).items() if kind.endswith("y")})
    return json.loads(text.replace(json.dumps(namespace), '"THE-NAMESPACE"'))  # type: ignore[no-any-return]


def test_applications_give_what_the_whole_catalog_gives(tmp_path: Path, helm4: Path) -> None:
    """Argo CD renders each element of the ApplicationSet; together these are the policies of the catalog."""
    assert cut(tmp_path, six())[0] == 0
    whole = mcpfence("render", "-f", "values.yaml", "--policies-only", "--release", "fences", cwd=tmp_path)
    spec = yaml.safe_load((tmp_path / "fences" / "applicationset.yaml").read_text(encoding="utf-8"))["spec"]

    together: dict[str, Any] = {}
    for element in spec["generators"][0]["list"]["elements"]:
        filled = json.loads(json.dumps(spec["template"]).replace("{{ .shard }}", element["shard"]))
        (given,) = filled["spec"]["source"]["plugin"]["parameters"]
        name, path = filled["metadata"]["name"], filled["spec"]["source"]["path"]
        variables = {
            "ARGOCD_APP_NAME": name,
            "ARGOCD_APP_NAMESPACE": filled["spec"]["destination"]["namespace"],
            "ARGOCD_APP_SOURCE_PATH": path,
            "ARGOCD_APP_PARAMETERS": parameters(**{given["name"]: given["array"]}),
        }
        done = call(tmp_path / path, "generate", helm=helm4, **variables)
        assert done.returncode == 0, done.stderr.decode()
        found = fenced(done.stdout, f"{name}-mcp")
        assert found.pop("mcp-default-deny")["policyTypes"] == ["Ingress", "Egress"]
        assert not set(found) & set(together)
        together |= found

    assert together == fenced(whole.stdout, "fences-mcp")
    assert len(spec["generators"][0]["list"]["elements"]) == 2


def test_what_is_said_and_written(tmp_path: Path) -> None:
    """A line for the folder and one for each shard; what belongs together stands together."""
    done = cut(tmp_path, six())

    assert done == (
        0,
        [
            "mcpfence: fences: 4 files written, 0 unchanged, 0 removed",
            "mcpfence: shard 01: 3 servers in namespace fences-01-mcp, 5 objects",
            "mcpfence: shard 02: 3 servers in namespace fences-02-mcp, 10 objects",
        ],
    )
    assert shards(tmp_path / "fences") == {"shard-01": ["a", "b", "hub"], "shard-02": ["c", "d", "e", "runner"]}


def test_servers_stay_where_they_are(tmp_path: Path) -> None:
    """A new server goes where there is room, a shard without servers goes, and nobody else moves."""
    first = {name: server() for name in ("b", "d", "f", "h")}
    cut(tmp_path, catalog(**first), size=2)
    assert shards(tmp_path / "fences") == {"shard-01": ["b", "d"], "shard-02": ["f", "h"]}

    cut(tmp_path, catalog(**{name: server() for name in ("a", "b", "c", "f", "h")}), size=2)
    assert shards(tmp_path / "fences") == {"shard-01": ["a", "b"], "shard-02": ["f", "h"], "shard-03": ["c"]}

    cut(tmp_path, catalog(**{name: server() for name in ("a", "c", "f")}), size=2)
    assert shards(tmp_path / "fences") == {"shard-01": ["a"], "shard-02": ["f"], "shard-03": ["c"]}

    cut(tmp_path, catalog(f=server()), size=2)
    assert sorted(path.name for path in (tmp_path / "fences").iterdir()) == [
        ".mcpfence-index",
        "applicationset.yaml",
        "base.yaml",
        "shard-02.yaml",
    ]


def test_servers_that_go_are_named(tmp_path: Path) -> None:
    """As `render -o` names them; so is a workload."""
    cut(tmp_path, six())
    less = six()
    del less["servers"]["e"], less["servers"]["c"], less["workloads"]

    assert cut(tmp_path, less)[1][1] == "mcpfence: fences: removed: c, e, runner"


def test_an_emptied_catalog_removes_no_shard(tmp_path: Path) -> None:
    """A values file that lost its servers would take every fence away."""
    cut(tmp_path, six())
    before = shards(tmp_path / "fences")

    assert cut(tmp_path, {"egress": {"provider": "cilium"}}) == (
        1,
        [
            "error: servers: the catalog has neither servers nor workloads, so every shard would be removed; declare "
            "them, or name the right values file [catalog-empty]"
        ],
    )
    assert shards(tmp_path / "fences") == before


@pytest.mark.parametrize(
    ("change", "flags", "namespace"),
    [({"mcpNamespace": {"name": "tools"}}, (), "tools-01"), ({}, ("--name", "team"), "team-01-mcp")],
    ids=["mcpNamespace.name", "--name"],
)
def test_other_namespaces_are_refused(
    change: dict[str, Any], flags: tuple[str, ...], namespace: str, tmp_path: Path
) -> None:
    """The pods of the old namespaces would stand there without a fence; who means it says so."""
    cut(tmp_path, six())
    before = (tmp_path / "fences" / "shard-01.yaml").read_bytes()

    assert cut(tmp_path, {**six(), **change}, *flags) == (
        1,
        [
            f"error: fences: shard 01 fences namespace fences-01-mcp, and would fence {namespace} in its place; write "
            "mcpNamespace.name and --name as they were, choose another folder, or pass --prune-all to remove the "
            "fences of the old namespaces all the same [folder-other]"
        ],
    )
    assert (tmp_path / "fences" / "shard-01.yaml").read_bytes() == before

    assert cut(tmp_path, {**six(), **change}, *flags, "--prune-all")[0] == 0
    assert namespace in (tmp_path / "fences" / "shard-01.yaml").read_text(encoding="utf-8")


def test_a_folder_of_another_command_is_left_alone(tmp_path: Path) -> None:
    """Shards are no fences and fences no shards: neither may take the other's place."""
    write(tmp_path, {"values.yaml": six()})
    render = ("render", "-f", "values.yaml", "--policies-only", "-o")
    assert mcpfence(*render, "rendered", cwd=tmp_path).returncode == 0
    assert cut(tmp_path, six())[0] == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    done = mcpfence(*render, "fences", cwd=tmp_path)

    assert (done.returncode, done.stderr.decode().splitlines()[-1]) == (
        1,
        "error: fences: holds what mcpfence argocd shards wrote, all of which would be removed; choose another folder "
        "[output-failed]",
    )
    for flag in ((), ("--check",)):
        code, said = cut(tmp_path, six(), *flag, to="rendered")
        assert (code, said[-1]) == (
            1,
            "error: rendered: holds what mcpfence render -o wrote, all of which would be removed; choose another "
            "folder [output-failed]",
        )
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_server_that_moves_is_named(tmp_path: Path) -> None:
    """A composite that joins servers of two shards takes the smaller part along: its pods need another namespace."""
    names = ("a", "b", "c", "d")
    cut(tmp_path, catalog(**{name: server() for name in names}), size=2)
    joined = {"runtime": "composite", "compositeConfig": {"componentServers": ["a", "c"]}}
    done = cut(tmp_path, catalog(**{name: server() for name in names}, hub=joined), size=3)

    assert done[1][1] == (
        "warning: values.yaml:31:3 servers.c: moves from shard 02 to 01, since it belongs with servers there; "
        "start its pods in the namespace of fences-01 [shard-moved]"
    )
    assert shards(tmp_path / "fences") == {"shard-01": ["a", "b", "c", "hub"], "shard-02": ["d"]}


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a gateway that calls all of them": (
        {
            **catalog(**{name: server() for name in ("a", "b", "c", "d")}),
            "workloads": {
                "gate": {"namespace": "gateway", "podSelector": {"app": "gate"}, "egress": {"servers": "all"}}
            },
        },
        "error: values.yaml:17:3 servers.a: 4 servers belong in one namespace, more than a shard may have (3); raise "
        "--servers, or untie them (workload gate, pods app=a of namespace fences-mcp, pods app=b of namespace "
        "fences-mcp, ...): declare who calls servers of several shards as a client [shard-too-large]",
    ),
    "a back-end in a namespace that no shard has": (
        {
            **catalog(
                a=server(services=[{"name": "r", "namespace": "fences-mcp", "podSelector": {"app": "r"}, "ports": [1]}])
            )
        },
        "error: values.yaml:17:3 servers.a: would not have the same fence in namespace fences-01-mcp; leave out the "
        "namespace where the catalog names fences-mcp, which no shard has [shard-differs]",
    ),
    "one gateway for all": (
        {
            **catalog(
                **{
                    name: {**server(), "gateway": {"service": {"name": name, "port": 8080}}}
                    for name in ("a", "b", "c", "d")
                }
            ),
            "gateway": {
                "provider": "kuadrant",
                "create": True,
                "publicHost": "mcp.example.com",
                "auth": {"type": "none"},
            },
        },
        "error: Gateway gateway-system/mcp-gateway: would be written by shards 01 and 02, each of which undoes the other; "
        "render it in a release of its own [shard-shared]",
    ),
    "an error of the catalog": (
        catalog(a=server(cidrs=[{"cidr": "203.0.113.0/33", "ports": [443]}])),
        'error: values.yaml:26:15 servers.a.egress.cidrs[0].cidr: "203.0.113.0/33" is not a CIDR block; write an address '
        "with its prefix length, such as 203.0.113.0/24 or 2001:db8::/32 [cidr-bad]",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_cut_is_refused(case: str, tmp_path: Path) -> None:
    """Nothing is written, and the sentence says what to do."""
    values, sentence = REFUSED[case]
    code, said = cut(tmp_path, values)

    assert (code, said[0]) == (1, sentence)
    assert not (tmp_path / "fences").exists()


def test_check_of_the_folder(tmp_path: Path) -> None:
    """CI asks whether somebody changed the catalog, or a shard, and did not run it again."""
    cut(tmp_path, six())
    assert cut(tmp_path, six(), "--check")[0] == 0

    changed = six()
    changed["servers"]["a"]["egress"]["cidrs"][0]["ports"] = [8443]
    before = (tmp_path / "fences" / "shard-01.yaml").read_bytes()

    code, said = cut(tmp_path, changed, "--check")

    assert (code, said[0], said[-1]) == (
        1,
        "mcpfence: fences/shard-01.yaml: changed",
        "error: fences: is not what the catalog gives: 1 file changed; run the same command without --check "
        "[folder-drift]",
    )
    assert [line.split() for line in said if line[:2] in ("+ ", "- ")] == [["-", "-", "443"], ["+", "-", "8443"]]
    assert (tmp_path / "fences" / "shard-01.yaml").read_bytes() == before


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("-o", "-"), "Error: Name the folder with -o: there are several files to write."),
        (("-o", "../fences"), "Error: -o leads out of this folder; say with --path where it lies in the repository."),
        (
            ("-o", "f", "--name", "n" * 48),
            f"Error: Invalid value for '--name': '{'n' * 48}' is too long: 47 characters at most, since a number "
            "follows.",
        ),
    ],
)
def test_usage(flags: tuple[str, ...], sentence: str, tmp_path: Path) -> None:
    """Slips of the command line, before anything is read."""
    write(tmp_path, {"values.yaml": CATALOG})
    done = mcpfence("argocd", "shards", "-f", "values.yaml", "--repo-url", REPOSITORY, *flags, cwd=tmp_path)

    assert (done.returncode, done.stderr.decode().splitlines()[-1]) == (2, sentence)


def test_a_shard_of_the_folder_that_cannot_be_read(tmp_path: Path) -> None:
    """What cannot be read may hold servers that would move without a word."""
    cut(tmp_path, six())
    (tmp_path / "fences" / "shard-02.yaml").write_text("servers: [", encoding="utf-8")
    code, said = cut(tmp_path, six())

    assert (code, said[0].partition(": ")[0], said[0].rpartition("; ")[2]) == (
        1,
        "error",
        "mend the YAML [file-unreadable]",
    )


def test_names_of_their_own(tmp_path: Path) -> None:
    """mcpNamespace.name is what the shards' namespaces begin with, and all else of mcpNamespace holds for each."""
    values = {**catalog(a=server()), "mcpNamespace": {"name": "tools", "podSecurity": {"enabled": False}}}
    code, said = cut(tmp_path, values, "--name", "team", "--namespace", "team-system", "--path", "deploy/fences")
    spec = yaml.safe_load((tmp_path / "fences" / "applicationset.yaml").read_text(encoding="utf-8"))["spec"]

    assert (code, said[1]) == (0, "mcpfence: shard 01: 1 server in namespace tools-01, 3 objects")
    assert yaml.safe_load((tmp_path / "fences" / "shard-01.yaml").read_text())["mcpNamespace"] == {"name": "tools-01"}
    assert spec["template"]["spec"]["source"]["path"] == "deploy/fences"
    assert spec["template"]["spec"]["destination"]["namespace"] == "team-system"
