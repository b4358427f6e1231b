"""Bad input of `mcpfence cidrs`: an exact sentence, exit code 1, nothing on stdout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cidrs.samples import AKS, EKS, GKE, SLICES, SUBNET, VPCS, changed, cidrs
from edges import mcpfence, refusal
from mcpfence.cidrs import loading

_FORM = "run the command with --format=json (gcloud), --output json (aws, az) or -o json (kubectl)"
_AGAIN = "mend that and run the command again"
_COMPLAINS = "holds what the command line complained about, not its output"


def said(folder: Path, provider: str, *options: str, **files: Any) -> str:
    """The errors of a run, without the warnings and notes beside them."""
    text = refusal(cidrs(folder, provider, *options, **files))
    return "\n".join(line for line in text.splitlines() if line.startswith("error: "))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "a.json: is empty; run the command again, or leave the file out if the cluster has no answer"),
        ("\n \n", "a.json: is empty; run the command again, or leave the file out if the cluster has no answer"),
        ('{"cluster": ', "a.json:1:12: is no JSON (Expecting value); the file ends too early; write it again"),
        ('{"cluster": x}', "a.json:1:13: is no JSON (Expecting value); write the file again"),
        ('{}\n{"a": 1,}', "a.json:2:9: is no JSON (Illegal trailing comma before end of object); write the file again"),
        ("[" * 100_000, "a.json: is nested too deep; check the file"),
        ('{"a": ' + "9" * 5000 + "}", "a.json: holds a number that cannot be read; check the file"),
        ("10.40.0.0/16\t100.64.0.0/16", f"a.json: is plain text, neither JSON nor YAML; {_FORM}"),
        ("a: b: c", f"a.json:1:5: is neither JSON nor YAML (mapping values are not allowed in this context); {_FORM}"),
        (
            "ERROR: (gcloud.container.clusters.describe) ResponseError: code=404, message=Not found.",
            f'a.json: {_COMPLAINS}: "ERROR: (gcloud.container.clusters.describe) ResponseError: code=404, message=Not..."; {_AGAIN}',
        ),
        (
            "\nAn error occurred (AccessDeniedException) when calling the DescribeCluster operation",
            f'a.json: {_COMPLAINS}: "An error occurred (AccessDeniedException) when calling the DescribeCluster opera..."; {_AGAIN}',
        ),
        (
            "Error from server (Forbidden): nodes is forbidden",
            f'a.json: {_COMPLAINS}: "Error from server (Forbidden): nodes is forbidden"; {_AGAIN}',
        ),
        ("Please run 'az login' to setup account.", f'a.json: {_COMPLAINS}: "Please run \'az login\' to setup account."; {_AGAIN}'),
    ],
)  # fmt: skip
def test_text_that_is_no_output(tmp_path: Path, text: str, sentence: str) -> None:
    """Empty files, broken JSON, plain text and error messages are told apart."""
    found = said(tmp_path, "aws", a=text)

    if "trailing comma" in sentence and "Expecting property name" in found:  # Python before 3.13
        sentence = "a.json:2:9: is no JSON (Expecting property name enclosed in double quotes); write the file again"
    assert found == f"error: {sentence} [cidrs-input]"


def test_file_that_is_not_there(tmp_path: Path) -> None:
    """The faults of all files are said at once."""
    done = mcpfence("cidrs", "aws", "gone.json", "away.json", cwd=tmp_path)

    assert refusal(done) == (
        "error: gone.json: cannot be read (No such file or directory); check the path [file-unreadable]\n"
        "error: away.json: cannot be read (No such file or directory); check the path [file-unreadable]"
    )


def test_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file beyond the limit is not parsed at all."""
    monkeypatch.setattr(loading, "LIMIT", 10)

    assert said(tmp_path, "aws", a=EKS).endswith(
        "characters, and 10 are read at most; ask the command for less [cidrs-input]"
    )


@pytest.mark.parametrize(
    ("provider", "data", "sentence"),
    [
        ("gcp", EKS, "a.json: is the output of aws, and the provider is gcp; run mcpfence cidrs aws, or leave the file out"),
        ("aws", AKS, "a.json: is the output of az, and the provider is aws; run mcpfence cidrs azure, or leave the file out"),
        ("azure", [SUBNET], "a.json [0]: is the output of gcloud, and the provider is azure; run mcpfence cidrs gcp, or leave the file out"),
        ("kubernetes", VPCS, "a.json: is the output of aws, and the provider is kubernetes; run mcpfence cidrs aws, or leave the file out"),
        (
            "gcp",
            {"hello": 1},
            "a.json: is nothing that gcp reads; it expects: GKE cluster, subnet, peering route, route, network, or what kubectl "
            "prints; mcpfence cidrs gcp --commands lists the commands",
        ),
        (
            "kubernetes",
            ["x"],
            "a.json [0]: is nothing that kubernetes reads; it expects: what kubectl prints; "
            "mcpfence cidrs kubernetes --commands lists the commands",
        ),
    ],
)  # fmt: skip
def test_file_of_something_else(tmp_path: Path, provider: str, data: Any, sentence: str) -> None:
    """The output of another cloud is recognised as such, and what nobody knows is told what was expected."""
    assert said(tmp_path, provider, a=data) == f"error: {sentence} [cidrs-input]"


CLUSTER = ("cluster", "kubernetesNetworkConfig", "serviceIpv4Cidr")
MASTER = ("privateClusterConfig", "masterIpv4CidrBlock")
_HAND = "find the range that is meant, and write it by hand"
_SLICES = "give the endpoint slices of Service default/kubernetes, which hold the addresses themselves"


@pytest.mark.parametrize(
    ("provider", "data", "sentence"),
    [
        (
            "aws",
            changed(EKS, *CLUSTER, to="172.20.0.0"),
            'a.json cluster.kubernetesNetworkConfig.serviceIpv4Cidr: Services of the cluster is "172.20.0.0", which is no CIDR block; '
            "give the file as the command line printed it",
        ),
        (
            "aws",
            changed(EKS, *CLUSTER, to=["172.20.0.0/16"]),
            "a.json cluster.kubernetesNetworkConfig.serviceIpv4Cidr: Services of the cluster is a list, not a CIDR block; check the file",
        ),
        (
            "aws",
            changed(EKS, *CLUSTER, to="0.0.0.0/0"),
            f"a.json cluster.kubernetesNetworkConfig.serviceIpv4Cidr: Services of the cluster is 0.0.0.0/0, which is every IPv4 address; {_HAND}",
        ),
        (
            "aws",
            changed(EKS, *CLUSTER, to="::/0"),
            f"a.json cluster.kubernetesNetworkConfig.serviceIpv4Cidr: Services of the cluster is ::/0, which is every IPv6 address; {_HAND}",
        ),
        (
            "aws",
            changed(EKS, *CLUSTER, to="128.0.0.0/2"),
            "a.json cluster.kubernetesNetworkConfig.serviceIpv4Cidr: Services of the cluster is 128.0.0.0/2, wider than /8: "
            "no network of yours is that large; take it out of the file if it leads to the Internet",
        ),
        (
            "gcp",
            changed(GKE, *MASTER, to="172.16.0.0/20"),
            "a.json privateClusterConfig.masterIpv4CidrBlock: the control plane's range is 172.16.0.0/20, wider than /24: "
            f"kubernetesAPI would open all of it; {_SLICES}",
        ),
        (
            "gcp",
            changed(GKE, *MASTER, to="0.0.0.0/0"),
            f"a.json privateClusterConfig.masterIpv4CidrBlock: the control plane's range is 0.0.0.0/0, which is every IPv4 address; {_HAND}",
        ),
        (
            "gcp",
            changed(GKE, *MASTER, to="172.16.0.1/28"),
            'a.json privateClusterConfig.masterIpv4CidrBlock: the control plane\'s range is "172.16.0.1/28", which has host bits set; '
            "say which addresses are meant",
        ),
        (
            "kubernetes",
            changed(SLICES, "items", 0, "endpoints", to=[{"addresses": ["api.example.com"]}]),
            'a.json items[0].endpoints[0].addresses[0]: endpoint of Service default/kubernetes is "api.example.com", which is no '
            "address; check the file",
        ),
    ],
)  # fmt: skip
def test_value_that_is_no_range(tmp_path: Path, provider: str, data: Any, sentence: str) -> None:
    """Values that cannot be ranges, and ranges that are too wide, stop everything: a guess would open or hide something."""
    assert said(tmp_path, provider, a=data) == f"error: {sentence} [cidrs-range]"


def test_two_clusters(tmp_path: Path) -> None:
    """Which cluster is meant is never guessed; --cluster says it."""
    two = [GKE, changed(GKE, "name", to="test")]
    text = said(tmp_path, "gcp", clusters=two)

    assert text == (
        "error: 2 clusters are described: prod, test; say which one is meant with --cluster, in one region [cidrs-input]"
    )
    assert cidrs(tmp_path, "gcp", "--cluster", "test", clusters=two).returncode == 0
    assert said(tmp_path, "gcp", "--cluster", "x", clusters=two) == (
        "error: no cluster x is described, only prod, test; check --cluster, or give that cluster's description [cidrs-input]"
    )


def test_clusters_of_one_name(tmp_path: Path) -> None:
    """Two regions may hold clusters of one name; the same description twice is one cluster."""
    other = changed(GKE, "selfLink", to=GKE["selfLink"].replace("europe-west1", "us-east1"))

    assert said(tmp_path, "gcp", a=GKE, b=other).startswith("error: 2 clusters are described: prod;")
    assert cidrs(tmp_path, "gcp", a=GKE, b=GKE).returncode == 0


def test_files_of_different_kinds_of_clusters(tmp_path: Path) -> None:
    """Nodes that say that they run elsewhere belong to another cluster."""
    node = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "a"},
        "status": {"nodeInfo": {"kubeletVersion": "v1.33.4-gke.1"}},
    }

    assert said(tmp_path, "aws", cluster=EKS, vpcs=VPCS, node=node) == (
        "error: the files are of clusters of different kinds: eks (cluster.json), gke (node.json); "
        "give the files of one cluster [cidrs-input]"
    )


def test_nothing_in_the_input(tmp_path: Path) -> None:
    """Objects that tell no range are no result."""
    deploy = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}}

    assert said(tmp_path, "kubernetes", a=deploy) == (
        "error: no range was found in the input; run: kubectl get nodes --output=json [cidrs-none]"
    )
    assert said(tmp_path, "aws", a=[]) == (
        "error: no range was found in the input; "
        "run: aws eks describe-cluster --name=CLUSTER --output=json [cidrs-none]"
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["aws"], "Error: Give files, or --commands, or --run."),
        (["aws", "a.json", "--run"], "Error: Give files, or --commands, or --run."),
        (["aws", "--commands", "--run"], "Error: Give files, or --commands, or --run."),
        (
            ["aws", "--commands", "-o", "x"],
            "Error: --commands prints commands and nothing else: leave --merge and -o out.",
        ),
        (["aws", "-", "-"], "Error: stdin can be read once: give - for one file only."),
        (["aws", "-", "--merge", "-"], "Error: stdin can be read once: give - for one file only."),
        (["aws", "--commands", "--cluster=-x"], "Error: Invalid value for '--cluster': '-x' is no name."),
        (["aws", "--commands", "--region=a\nb"], "Error: Invalid value for '--region': 'a\\nb' is no name."),
        (["aws", "--run"], "Error: --run needs --cluster."),
        (["gcp", "--run"], "Error: --run needs --cluster and --region."),
        (["azure", "--run", "--cluster=a"], "Error: --run needs --resource-group."),
    ],
)
def test_wrong_usage(arguments: list[str], sentence: str) -> None:
    """Exit code 2, and nothing is run or printed."""
    assert refusal(mcpfence("cidrs", *arguments), 2).splitlines()[-1] == sentence


def test_warnings_are_errors_when_strict(tmp_path: Path) -> None:
    """--strict: an incomplete set is not printed."""
    text = refusal(cidrs(tmp_path, "aws", "--strict", cluster=EKS, vpcs=VPCS))

    assert text.startswith("error: cluster.cidrs.controlPlane: no API server address is in the input")


def test_hostile_names_stay_in_their_comments(tmp_path: Path) -> None:
    """Line breaks and control characters of names and file names cannot begin a line of YAML."""
    evil = "x\n  profile: generic\u2028\u0085#\x1b[31m"
    data = changed(VPCS, "Vpcs", 0, "VpcId", to=evil)
    cluster = changed(EKS, "cluster", "resourcesVpcConfig", "vpcId", to=evil)
    (tmp_path / "a\nb.json").write_text(json.dumps(data), encoding="utf-8")
    done = cidrs(tmp_path, "aws", "a\nb.json", cluster=cluster)
    lines = done.stdout.decode().splitlines()

    assert done.returncode == 0
    assert all(line.startswith("#") or "  # " in line or line.endswith(":") for line in lines)
    assert b"profile: generic#" not in done.stdout
    assert b"\x1b" not in done.stdout + done.stderr
