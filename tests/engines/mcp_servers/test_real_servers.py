"""Real MCP servers, run as rendered, behind real fences; and the same without the fences, so that each test can fail."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from figures import Figure
from mcp_servers.cluster import API, API_SERVICE, ENVIRONMENT, HOSTS, NAMESPACE, Cluster
from mcp_servers.conversations import PAGES, Heard
from mcp_servers.pods import IMAGE_PATH, Container
from mcp_servers.seen import passage, store, stored
from tooling import PATIENCE

TITLE = "real MCP servers behind real fences"
SERVERS = ("everything", "fetch", "kubernetes")
CONNECT = """
import asyncio, json, sys

async def reaches(address, port):
    try:
        await asyncio.wait_for(asyncio.open_connection(address, port), 6)
    except (OSError, TimeoutError):
        return False
    return True

async def main(places):
    return await asyncio.gather(*(reaches(*place) for place in places))

print(json.dumps(asyncio.run(main(json.loads(sys.argv[1])))))
"""
WRITE = "for path in / /usr /etc /opt /dev /image /proc/sys/net /tmp /home/mcp; do touch $path/x 2>/dev/null && echo $path; done"


def printed(container: Container, *command: str) -> list[str]:
    """What a command prints in a container of this server's making, line by line."""
    done = container.exec(list(command), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, _ = done.communicate(timeout=PATIENCE)
    return out.decode().splitlines()


# --- as rendered ---


@pytest.mark.parametrize("name", SERVERS)
def test_runs_as_rendered(cluster: Cluster, name: str) -> None:
    """Each server runs as the rendered user, without capabilities, with the rendered environment and nothing else."""
    server = cluster.servers[name]
    process = Path("/proc", str(server.main_pid()))
    status = dict(
        line.split(":\t") for line in process.joinpath("status").read_text("ascii").splitlines() if ":\t" in line
    )
    environment = process.joinpath("environ").read_bytes().decode().strip("\0").split("\0")
    given = {"PATH": IMAGE_PATH, "HOSTNAME": f"{name}-0", **ENVIRONMENT, **server.environment}

    assert (status["Uid"].split(), status["Gid"].split(), status["Groups"].split()) == (
        ["1000"] * 4,
        ["1000"] * 4,
        ["1000"],
    )
    assert {status[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"
    assert sorted(environment) == sorted(f"{key}={value}" for key, value in given.items())
    assert server.environment["HOME"] == "/home/mcp"


def test_commands_are_those_of_the_deployments(cluster: Cluster) -> None:
    """What was started is, item by item, the command of the Deployment."""
    line = Path(f"/proc/{cluster.servers['fetch'].main_pid()}/cmdline").read_bytes().decode()
    started = {name: server.spec()["command"] for name, server in cluster.servers.items()}
    deployments = {one["metadata"]["name"]: one["spec"]["template"]["spec"] for one in cluster.rendered("Deployment")}

    assert started == {name: spec["containers"][0]["command"] for name, spec in deployments.items()}
    assert started["fetch"][:2] == ["uvx", "mcp-proxy==0.13.0"]
    assert started["everything"][:3] == ["npx", "--yes", "mcp-proxy@6.7.19"]
    assert line.strip("\0").split("\0")[-len(started["fetch"]) + 1 :] == started["fetch"][1:]


@pytest.mark.parametrize("name", SERVERS)
def test_pod_is_admitted(cluster: Cluster, name: str) -> None:
    """The namespace, which the chart holds to the level restricted, admits the pod that the Deployment would make."""
    template = cluster.servers[name].deployment["spec"]["template"]
    pod = {"apiVersion": "v1", "kind": "Pod", **template, "metadata": {**template["metadata"], "name": f"{name}-1"}}
    path = f"/api/v1/namespaces/{NAMESPACE}"
    query = {"dryRun": "All", "fieldValidation": "Strict"}
    status, answer = cluster.world.api.request("POST", f"{path}/pods", pod, **query)
    pod["spec"] = {**template["spec"], "hostNetwork": True}
    refused, _ = cluster.world.api.request("POST", f"{path}/pods", pod, **query)

    assert (status, answer.get("message")) == (201, None)
    assert refused == 403


@pytest.mark.parametrize("name", SERVERS)
def test_writes_to_its_volumes_alone(cluster: Cluster, name: str) -> None:
    """The file system is read-only but for the rendered volumes; for the server's own process too."""
    server = cluster.servers[name]
    table = Path(f"/proc/{server.main_pid()}/mountinfo").read_text("utf-8").splitlines()
    mounts = {fields[4]: fields[5].split(",") for fields in map(str.split, table)}
    writable = {path for path, options in mounts.items() if "rw" in options and not path.startswith(("/dev/", "/proc"))}

    assert printed(server, "sh", "-c", WRITE) == ["/tmp", "/home/mcp"]  # noqa: S108
    assert writable == {"/tmp", "/home/mcp"}  # noqa: S108


def test_token_is_mounted_where_it_is_rendered(cluster: Cluster) -> None:
    """Only the server that may use the Kubernetes API has the token of its service account."""
    command = ("sh", "-c", "ls /var/run/secrets/kubernetes.io/serviceaccount 2>/dev/null")
    found = {name: printed(server, *command) for name, server in cluster.servers.items()}

    assert found == {"everything": [], "fetch": [], "kubernetes": ["ca.crt", "namespace", "token"]}


# --- packages ---


def test_packages_come_through_the_fence(cluster: Cluster, figure: Figure) -> None:
    """npx and uvx fetched servers and bridges at their start, each from its own registry and from nowhere else."""
    pods = {server.pod.addresses[0]: name for name, server in cluster.servers.items()}
    fetched = [
        (pods[one["from"]], one["host"])
        for one in cluster.arrivals()
        if one["from"] in pods and one["host"].startswith(("npm", "python"))
    ]
    took = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in sorted(cluster.took.items()))
    figure(TITLE, f"until it listens, its packages fetched through its fence: {took}")

    assert set(fetched) == {
        ("everything", "npm.example.com"),
        ("fetch", "python.example.com"),
        ("kubernetes", "npm.example.com"),
    }


def test_reaches_what_is_listed(cluster: Cluster) -> None:
    """Another process in each server's pod reaches what the catalog lists for it, and nothing else."""
    places = {**{host: (address, 80) for host, address in HOSTS.items()}, "API server": (API_SERVICE, 443)}
    command = ["python3", "-c", CONNECT, json.dumps(list(places.values()))]
    tried = {name: server.exec(command, stdout=subprocess.PIPE) for name, server in cluster.servers.items()}
    said = {name: json.loads(process.communicate(timeout=PATIENCE)[0]) for name, process in tried.items()}

    assert {
        name: {place for place, is_open in zip(places, line, strict=True) if is_open} for name, line in said.items()
    } == {
        "everything": {"npm.example.com"},
        "fetch": {"python.example.com", "wiki.example.com"},
        "kubernetes": {"npm.example.com", "API server"},
    }


# --- calls ---


def test_everything(fenced: Heard) -> None:
    """server-everything, which speaks stdio, lists its tools and answers behind the bridge mcp-proxy of npm."""
    assert fenced.everything["server"] == "mcp-servers/everything"
    assert "echo" in fenced.everything["tools"]
    assert fenced.everything["answers"] == [{"error": False, "text": "Echo: hello"}]


def test_sessions_need_no_registry(fenced: Heard, unfenced: Heard) -> None:
    """The bridge starts the server once, before it listens, so no session asks the registry for anything."""
    assert (fenced.packages, unfenced.packages) == (0, 0)


def test_fetch_behind_its_fence(fenced: Heard) -> None:
    """mcp-server-fetch gets the listed page and no other: its packets do not arrive."""
    assert fenced.fetch["tools"] == ["fetch"]
    assert {page.what: fenced.page(page) for page in PAGES} == {
        page.what: "Hello from wiki.example.com." if page.listed else f"Failed to fetch {page.url}: ConnectTimeout('')"
        for page in PAGES
    }
    assert fenced.arrivals == [("10.40.80.4", "wiki.example.com")]


def test_fetch_without_its_fence(unfenced: Heard) -> None:
    """Without the policies the same server gets every one of them: it was the fence."""
    missed = [page.url for page in PAGES if "ConnectTimeout" in unfenced.page(page)]
    found = {page.url: unfenced.page(page) for page in PAGES}

    assert missed == []
    assert found["http://169.254.169.254/latest/meta-data/"] == "Hello from 169.254.169.254."
    assert found["http://everything.mcp/mcp"].endswith("status code 400")
    assert {address for address, _ in unfenced.arrivals} == {
        "10.40.80.4",
        "198.51.100.66",
        "10.99.0.7",
        "169.254.169.254",
        "10.40.70.10",
    }


def test_kubernetes_server_has_its_rights_and_no_other(fenced: Heard) -> None:
    """kubernetes-mcp-server sees the pods of the one namespace of its Role; the API server refuses the rest."""
    who = 'User "system:serviceaccount:mcp:mcp-server-kubernetes" cannot list resource'
    listed, *refused = fenced.kubernetes["answers"]

    assert not listed["error"]
    assert "web" in listed["text"]
    assert [answer["error"] for answer in refused] == [True] * len(refused)
    assert [answer["text"].partition(who)[2] for answer in refused] == [
        ' "pods" in API group "" in the namespace "mcp"',
        ' "secrets" in API group "" in the namespace "shop"',
        ' "namespaces" in API group "" at the cluster scope',
    ]


@pytest.mark.usefixtures("fenced")
def test_kubernetes_server_is_known_by_its_token(cluster: Cluster) -> None:
    """The API server's own record: the service account asked, and got nothing but pods of its namespace."""
    user = f"system:serviceaccount:{NAMESPACE}:mcp-server-kubernetes"
    records = [json.loads(line) for line in cluster.world.api.audit_log.read_text("utf-8").splitlines()]
    objects = [one for one in records if one["user"]["username"] == user and "objectRef" in one]
    reviews = {"selfsubjectaccessreviews", "selfsubjectrulesreviews"}
    got = {
        (one["objectRef"].get("namespace", ""), one["objectRef"]["resource"])
        for one in objects
        if one["responseStatus"]["code"] < 300 and one["objectRef"]["resource"] not in reviews
    }

    assert got == {("shop", "pods")}
    assert ("shop", "secrets") in {
        (one["objectRef"].get("namespace", ""), one["objectRef"]["resource"]) for one in objects
    }


def test_kubernetes_server_keeps_its_token(fenced: Heard) -> None:
    """With --toolsets core it has no tool that shows the token: configuration_view would."""
    assert "pods_list" in fenced.kubernetes["tools"]
    assert "configuration_view" not in fenced.kubernetes["tools"]


def test_only_declared_clients_connect(fenced: Heard) -> None:
    """Another pod of the client's namespace, and its namesake in another one, do not even connect."""
    assert len(fenced.strangers) == 6
    assert {answer.get("refused") for answer in fenced.strangers.values()} == {"ConnectTimeout"}


def test_anybody_connects_without_the_fence(unfenced: Heard) -> None:
    """Without the policies those two list the tools of every server."""
    assert {key: bool(answer.get("tools")) for key, answer in unfenced.strangers.items()} == dict.fromkeys(
        unfenced.strangers, True
    )


def test_one_policy_opens_the_api_server(cluster: Cluster) -> None:
    """The API server is at an address of cluster.cidrs.controlPlane, which egress.kubernetesAPI opens to one server."""
    policies = {one["metadata"]["name"]: json.dumps(one) for one in cluster.rendered("NetworkPolicy")}

    assert [name for name, text in policies.items() if "10.40.64.0/28" in text] == ["mcp-server-kubernetes-egress"]
    assert API["at"] == "10.40.64.2"


# --- the passage of docs/run.md ---


@pytest.mark.golden
def test_docs_show_what_was_seen(fenced: Heard, unfenced: Heard, update_golden: bool) -> None:
    """The passage "Seen working" of docs/run.md is the output of this run."""
    found = passage(fenced, unfenced)
    if update_golden:
        store(found)

    assert stored()[1] == found
