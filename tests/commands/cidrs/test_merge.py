"""`--merge` and `-o`: the user's file keeps every line, gets what is new, and is never lost."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from cidrs.samples import AKS, EKS, GKE, SLICES, SUBNET, VPCS, changed, cidrs
from edges import mcpfence, refusal

_VPC = "(vpcs.json: Vpcs[0].CidrBlockAssociationSet[1].CidrBlock)"
_FIRST = "VPC vpc-1 (vpcs.json: Vpcs[0].CidrBlock)"
_SERVICES = "Services of the cluster (cluster.json: cluster.kubernetesNetworkConfig.serviceIpv4Cidr)"
_FAMILY = "the cluster's IP family (cluster.json: cluster.kubernetesNetworkConfig.ipFamily)"
_PROFILE = "an EKS cluster (cluster.json: cluster.arn)"


def merge(folder: Path, text: str, *options: str) -> str:
    """What becomes of a values file when a small EKS cluster is merged into it."""
    (folder / "values.yaml").write_text(text, encoding="utf-8", newline="")
    done = cidrs(folder, "aws", "--merge", "values.yaml", "-q", *options, cluster=EKS, vpcs=VPCS)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_lines_of_the_user_stay(tmp_path: Path) -> None:
    """Comments, blank lines, order and quotes stay; new entries stand behind the user's and name their source."""
    text = """\
# our values
servers: {}   # none yet

cluster:
  # the kind
  profile: "eks"
  cidrs:
    # main VPC
    nodes:
    - 10.40.0.0/16   # from the network team

    pods:
      - "10.40.0.0/15"
      - 198.18.0.0/16
# the end
"""

    assert (
        merge(tmp_path, text)
        == f"""\
# our values
servers: {{}}   # none yet

cluster:
  # the kind
  profile: "eks"
  cidrs:
    # main VPC
    nodes:
    - 10.40.0.0/16   # from the network team
    - 100.64.0.0/16  # VPC vpc-1 {_VPC}

    pods:
      - "10.40.0.0/15"
      - 198.18.0.0/16
      - 100.64.0.0/16  # VPC vpc-1 {_VPC}
    services:
      - 172.20.0.0/16  # {_SERVICES}
  ipFamilies: [IPv4]  # {_FAMILY}
# the end
"""
    )


def test_file_in_brackets(tmp_path: Path) -> None:
    """A part that is written in brackets becomes a block, and says the same."""
    text = "cluster: {profile: eks, cni: generic, cidrs: {nodes: [10.40.0.0/16], pods: []}}  # c\nservers: {}\n"

    assert (
        merge(tmp_path, text)
        == f"""\
cluster:
  profile: eks
  cni: generic
  cidrs:
    nodes:
      - 10.40.0.0/16
      - 100.64.0.0/16  # VPC vpc-1 {_VPC}
    pods:
      - 10.40.0.0/16  # {_FIRST}
      - 100.64.0.0/16  # VPC vpc-1 {_VPC}
    services:
      - 172.20.0.0/16  # {_SERVICES}
  ipFamilies: [IPv4]  # {_FAMILY}  # c
servers: {{}}
"""
    )


@pytest.mark.parametrize("text", ["", "# nothing\n", "servers: {}", "servers: {}\ncluster:\n", "cluster: {}\n"])
def test_file_without_a_cluster(tmp_path: Path, text: str) -> None:
    """What is not there is added at the end, or in the place of the empty value."""
    result = merge(tmp_path, text)
    data = yaml.safe_load(result)

    assert result.startswith(text.removesuffix("cluster: {}\n").removesuffix("cluster:\n"))
    assert data.pop("servers", {}) == {}
    assert data == {
        "cluster": {
            "profile": "eks",
            "ipFamilies": ["IPv4"],
            "cidrs": {
                "nodes": ["10.40.0.0/16", "100.64.0.0/16"],
                "pods": ["10.40.0.0/16", "100.64.0.0/16"],
                "services": ["172.20.0.0/16"],
            },
        }
    }
    assert result.count(_PROFILE) == 1


def test_line_ends_of_windows(tmp_path: Path) -> None:
    """New lines end as the others do."""
    result = merge(tmp_path, "servers: {}\r\ncluster:\r\n  profile: eks\r\n")

    assert result.startswith("servers: {}\r\ncluster:\r\n  profile: eks\r\n  ipFamilies: [IPv4]")
    assert result.count("\n") == result.count("\r\n") > 5


def test_entries_that_hold_others_stay_alone(tmp_path: Path) -> None:
    """A range of the user's that holds what was found is enough, in whatever pieces it is written."""
    nodes = "[10.40.0.0/17, 10.40.128.0/17, 100.64.0.0/10]"
    text = f"cluster: {{profile: eks, cidrs: {{nodes: {nodes}, pods: {nodes}, services: [172.16.0.0/12]}}, ipFamilies: [IPv4]}}\n"

    assert merge(tmp_path, text) == text


def test_values_that_differ_stay_with_a_warning(tmp_path: Path) -> None:
    """Profile and families are the user's to decide; that they differ is said."""
    (tmp_path / "values.yaml").write_text("cluster: {profile: aks, ipFamilies: [IPv4, IPv6]}\n", encoding="utf-8")
    done = cidrs(tmp_path, "aws", "--merge", "values.yaml", cluster=EKS, vpcs=VPCS, slices=SLICES)
    data = yaml.safe_load(done.stdout)["cluster"]

    assert (data["profile"], data["ipFamilies"]) == ("aks", ["IPv4", "IPv6"])
    assert [line for line in done.stderr.decode().splitlines() if "differs" in line] == [
        "warning: cluster.ipFamilies: is IPv4, IPv6, and the cluster's IP family are IPv4 (cluster.json); "
        "correct it if that is not meant [cidrs-differs]",
        "warning: cluster.profile: is aks, and cluster.json describes an EKS cluster; write eks [cidrs-differs]",
    ]


def test_families_of_the_user_decide(tmp_path: Path) -> None:
    """With IPv4 alone no IPv6 range is written, which the catalog would refuse."""
    (tmp_path / "values.yaml").write_text("cluster: {ipFamilies: [IPv4]}\n", encoding="utf-8")
    aks = changed(AKS, "networkProfile", "serviceCidrs", to=["10.0.0.0/16", "fd00:1::/108"])
    done = cidrs(tmp_path, "azure", "--merge", "values.yaml", "-v", cluster=aks)

    assert yaml.safe_load(done.stdout)["cluster"]["cidrs"]["services"] == ["10.0.0.0/16"]
    assert (
        "note: cluster.ipFamilies: 1 range of IPv6 left out: nothing of it is opened [cidrs-left-out]"
        in done.stderr.decode().splitlines()
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            '{"cluster": {}}',
            "values.yaml: is written as one line or as JSON; leave --merge out, and give the output as a second values file, "
            "or paste it [cidrs-merge]",
        ),
        (
            "servers: {}\ncluster:\n  cidrs:\n    nodes: &n\n      - 10.0.0.0/24\n    pods: *n\n",
            "values.yaml: holds the lists in a form that cannot be extended in place; leave --merge out, and give the output as "
            "a second values file, or paste it [cidrs-merge]",
        ),
        ("a: [", "values.yaml:2:1: did not find expected node content; mend the YAML [file-unreadable]"),
        ("- a", "values.yaml: is a list, not a mapping; write keys such as servers: at its top [catalog-not-a-mapping]"),
        (
            "cluster:\n  cidrs: [10.0.0.0/8]\n",
            "values.yaml:2:3 cluster.cidrs: is a list; write a mapping [type]",
        ),
        (
            "cluster: {cidrs: {nodes: 10.0.0.0/8}}\n",
            "values.yaml:1:26 cluster.cidrs.nodes: is a string; write a list: [10.0.0.0/8] [type]",
        ),
    ],
)  # fmt: skip
def test_files_that_cannot_be_extended(tmp_path: Path, text: str, sentence: str) -> None:
    """Nothing is printed where the result could say something else than the user's values and the new ranges."""
    (tmp_path / "values.yaml").write_text(text, encoding="utf-8")
    said = refusal(cidrs(tmp_path, "aws", "--merge", "values.yaml", cluster=EKS, vpcs=VPCS))

    assert said == f"error: {sentence}"


def test_result_that_check_refuses(tmp_path: Path) -> None:
    """A listed cidr that turns out to hold the cluster's public ranges is an error, and the file stays as it is."""
    text = """\
cluster: {profile: eks}
clients: {gateway: {namespace: gateways, podSelector: {app: gateway}}}
servers:
  a:
    runtime: containerized
    containerizedConfig: {image: registry.example.com/a:1, port: 8080}
    egress: {cidrs: [{cidr: 28.0.0.0/8, ports: [443]}]}
"""
    path = tmp_path / "values.yaml"
    path.write_text(text, encoding="utf-8")
    vpcs = changed(VPCS, "Vpcs", 0, "CidrBlock", to="28.7.0.0/20")
    done = cidrs(tmp_path, "aws", "--merge", "values.yaml", "-o", "values.yaml", "-q", cluster=EKS, vpcs=vpcs)

    assert refusal(done) == (
        "error: values.yaml:7:22 servers.a.egress.cidrs[0]: 28.0.0.0/8 holds public and blocked addresses; write "
        "egress.default: internet for every public address, or narrower cidrs that are one or the other [cidr-mixed]"
    )
    assert path.read_text(encoding="utf-8") == text


def test_errors_that_were_there_before_do_not_matter(tmp_path: Path) -> None:
    """A catalog that is not finished can get its ranges first."""
    broken = "servers: {a: {runtime: npx, npxConfig: {package: a, egressDomains: [localhost]}}}\n"

    assert yaml.safe_load(merge(tmp_path, broken))["cluster"]["profile"] == "eks"


# --- -o ---


def test_output_file(tmp_path: Path) -> None:
    """-o writes the file and nothing on stdout; written again, it is replaced, and its mode stays."""
    done = cidrs(tmp_path, "aws", "-o", "cidrs.yaml", "-q", cluster=EKS, vpcs=VPCS)
    path = tmp_path / "cidrs.yaml"
    path.chmod(0o640)

    assert (done.returncode, done.stdout) == (0, b"")
    assert cidrs(tmp_path, "aws", "-o", "cidrs.yaml", "-q", cluster=EKS).returncode == 0
    assert "nodes" not in yaml.safe_load(path.read_text(encoding="utf-8"))["cluster"]["cidrs"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sorted(item.name for item in tmp_path.iterdir()) == ["cidrs.yaml", "cluster.json", "vpcs.json"]


def test_merge_in_place(tmp_path: Path) -> None:
    """--merge and -o may name one file, also through a link, which stays one."""
    (tmp_path / "real.yaml").write_text("servers: {}\n", encoding="utf-8")
    (tmp_path / "values.yaml").symlink_to("real.yaml")
    done = cidrs(tmp_path, "aws", "--merge", "values.yaml", "-o", "values.yaml", "-q", cluster=EKS, vpcs=VPCS)

    assert (done.returncode, done.stdout) == (0, b"")
    assert (tmp_path / "values.yaml").is_symlink()
    assert (tmp_path / "real.yaml").read_text(encoding="utf-8").startswith("servers: {}\ncluster:\n")


@pytest.mark.parametrize("name", ["values.yaml", "folder"])
def test_files_of_others_are_not_overwritten(tmp_path: Path, name: str) -> None:
    """Who forgets --merge does not lose the servers."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "values.yaml").write_text("servers: {}\n", encoding="utf-8")

    assert refusal(cidrs(tmp_path, "aws", "-o", name, "-q", cluster=EKS, vpcs=VPCS)) == (
        f"error: {name}: exists and was not written by mcpfence cidrs; name it with --merge to add to it, "
        "or choose another file [output-failed]"
    )
    assert (tmp_path / "values.yaml").read_text(encoding="utf-8") == "servers: {}\n"


def test_output_that_cannot_be_written(tmp_path: Path) -> None:
    """A folder that is not there is an error."""
    assert refusal(cidrs(tmp_path, "aws", "-o", "no/cidrs.yaml", "-q", cluster=EKS, vpcs=VPCS)) == (
        "error: no/cidrs.yaml: cannot be written (No such file or directory); choose another file [output-failed]"
    )


def test_nothing_new(tmp_path: Path) -> None:
    """That everything is there already is said."""
    first = merge(tmp_path, "servers: {}\n")
    (tmp_path / "values.yaml").write_text(first, encoding="utf-8")
    done = cidrs(tmp_path, "aws", "--merge", "values.yaml", cluster=EKS, vpcs=VPCS)

    assert done.stdout.decode() == first
    assert done.stderr.decode().splitlines()[-1] == "mcpfence: nothing new: everything that was found is there already"


# --- beside the scripts of CodeMie's guide ---


def codemie_gcp(cluster: Any, subnet: Any) -> str:
    """What CodeMie's script for GCP prints for a cluster: five lines of `echo`."""
    values = [
        (subnet["ipCidrRange"], "node subnet"),
        (cluster["privateClusterConfig"].get("masterIpv4CidrBlock", ""), "master"),
        (cluster["clusterIpv4Cidr"], "pods"),
        (cluster["servicesIpv4Cidr"], "services"),
        ("169.254.169.254/32", "GCP metadata"),
    ]
    return "".join(f" - {value} # {what}\n" for value, what in values)


def codemie_aws(cluster: Any, vpcs: Any) -> str:
    """What CodeMie's script for AWS prints: sentences, with tabs between the ranges of the VPC."""
    ranges = [item["CidrBlock"] for item in vpcs["Vpcs"][0]["CidrBlockAssociationSet"]]
    service = cluster["cluster"]["kubernetesNetworkConfig"].get("serviceIpv4Cidr", "None")
    return "VPC CIDR(s): " + "\t".join(ranges) + f"\nService CIDR: {service}\nAWS metadata: 169.254.169.254/32\n"


def test_aws_is_yaml_where_the_script_is_none(tmp_path: Path) -> None:
    """For the same input: ranges that YAML reads, with those of nodes and pods named as such."""
    with pytest.raises(yaml.YAMLError):
        yaml.safe_load(codemie_aws(EKS, VPCS))
    done = cidrs(tmp_path, "aws", "-q", cluster=EKS, vpcs=VPCS, slices=SLICES)

    assert yaml.safe_load(done.stdout)["cluster"]["cidrs"] == {
        "nodes": ["10.40.0.0/16", "100.64.0.0/16"],
        "pods": ["10.40.0.0/16", "100.64.0.0/16"],
        "services": ["172.20.0.0/16"],
        "controlPlane": ["10.40.3.17/32", "10.40.19.4/32"],
    }


def test_gcp_has_the_control_plane_where_the_script_has_null(tmp_path: Path) -> None:
    """A cluster on Private Service Connect has no master range: the script's list gets a null, ours the endpoints."""
    gke = changed(GKE, "privateClusterConfig", to={"privateEndpoint": "10.132.0.4", "publicEndpoint": "203.0.113.9"})
    gke["ipAllocationPolicy"]["additionalPodRangesConfig"] = {"podRangeNames": ["more"]}
    subnet = {**SUBNET, "secondaryIpRanges": [{"rangeName": "more", "ipCidrRange": "25.1.0.0/18"}]}
    script = yaml.safe_load(codemie_gcp(gke, subnet))
    ours = yaml.safe_load(cidrs(tmp_path, "gcp", "-q", cluster=gke, subnets=[subnet]).stdout)["cluster"]["cidrs"]

    assert None in script
    assert "25.1.0.0/18" not in script
    assert ours == {
        "nodes": ["10.132.0.0/20"],
        "pods": ["10.64.0.0/16", "25.1.0.0/18"],
        "services": ["34.118.224.0/20"],
        "controlPlane": ["10.132.0.4/32", "203.0.113.9/32"],
    }


@pytest.mark.parametrize("empty", ["", "None", None, "null"])
def test_empty_values_are_left_out_with_a_note(tmp_path: Path, empty: Any) -> None:
    """What the command lines print for nothing is neither a range nor a reason to stop."""
    cluster = changed(EKS, "cluster", "kubernetesNetworkConfig", "serviceIpv6Cidr", to=empty)
    done = cidrs(tmp_path, "aws", "-v", cluster=cluster, vpcs=VPCS)

    assert json.dumps(yaml.safe_load(done.stdout)).count("null") == 0
    assert (
        "note: cluster.json cluster.kubernetesNetworkConfig.serviceIpv6Cidr: Services of the cluster is empty and left out "
        "[cidrs-left-out]"
    ) in done.stderr.decode().splitlines()


def test_check_sees_the_result(tmp_path: Path) -> None:
    """The merged file passes `mcpfence check`, and the public node range is cut out of what is public."""
    vpcs = changed(VPCS, "Vpcs", 0, "CidrBlock", to="28.7.0.0/20")
    values = """\
egress: {default: internet}
clients: {gateway: {namespace: gateways, podSelector: {app: gateway}}}
servers: {a: {runtime: containerized, containerizedConfig: {image: "registry.example.com/a:1", port: 8080}}}
"""
    (tmp_path / "values.yaml").write_text(values, encoding="utf-8")
    done = cidrs(tmp_path, "aws", "--merge", "values.yaml", "-o", "values.yaml", "-q", cluster=EKS, vpcs=vpcs)
    assert done.returncode == 0
    assert mcpfence("check", "-f", tmp_path / "values.yaml").returncode == 0
    rendered = mcpfence("render", "--policies-only", "-f", tmp_path / "values.yaml").stdout.decode()

    assert "- 28.7.0.0/20" in rendered
