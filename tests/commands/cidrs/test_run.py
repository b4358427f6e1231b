"""`--commands` and `--run`: what is printed and what is run, with programs of the tests' own making on PATH."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from cidrs.samples import AKS, EKS, GKE, SLICES, SUBNET, VPCS, changed
from edges import environment, mcpfence, mcpfence_command, refusal
from mcpfence.cidrs.clouds.table import PROVIDERS
from mcpfence.cidrs.kinds import fill
from mcpfence.cli import cloud

_READS = {
    "gcloud": ("describe", "list", "list-routes"),
    "aws": ("describe-", "search-"),
    "az": ("show", "list"),
    "kubectl": ("get",),
}
"""The verbs of each program that only read."""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the programs on PATH are scripts")


def program(folder: Path, name: str, answers: dict[str, Any], *, code: int = 0, says: str = "") -> None:
    """A program in `folder`/bin that prints what belongs to a word of its arguments, and notes how it was called."""
    (folder / "bin").mkdir(exist_ok=True)
    script = f"""#!{sys.executable}
import json, os, sys
with open({str(folder / "calls.txt")!r}, "a") as calls:
    calls.write(json.dumps([{name!r}, *sys.argv[1:], sys.stdin.read(), os.environ.get("AWS_PAGER")]) + "\\n")
answers = json.loads({json.dumps(json.dumps(answers))})
found = next((text for word, text in answers.items() if word in sys.argv), None)
if found is None or {code}:
    sys.stderr.write({says!r} or "unexpected\\n")
    sys.exit({code} or 3)
print(found if isinstance(found, str) else json.dumps(found))
"""
    path = folder / "bin" / name
    path.write_text(script, encoding="utf-8")
    path.chmod(0o755)


def calls(folder: Path) -> list[list[str]]:
    """How the programs were called."""
    path = folder / "calls.txt"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """`mcpfence cidrs ARGUMENTS --run` with nothing but the test's programs on PATH."""
    (folder / "bin").mkdir(exist_ok=True)
    return mcpfence("cidrs", *arguments, "--run", cwd=folder, PATH=str(folder / "bin"))


AWS = {
    "describe-cluster": EKS,
    "describe-vpcs": VPCS,
    "describe-subnets": {"Subnets": []},
    "describe-network-interfaces": {"NetworkInterfaces": []},
    "describe-vpc-peering-connections": {"VpcPeeringConnections": []},
    "describe-route-tables": {"RouteTables": []},
}


def test_run_on_aws(tmp_path: Path) -> None:
    """Each command is shown before it runs; later ones use the VPC that the first one told; stdin is empty."""
    program(tmp_path, "aws", AWS)
    done = run(tmp_path, "aws", "--cluster", "prod", "--region", "eu-west-1")
    shown = [line for line in done.stderr.decode().splitlines() if line.startswith("$ ")]

    assert done.returncode == 0, done.stderr.decode()
    assert yaml.safe_load(done.stdout)["cluster"]["cidrs"]["pods"] == ["10.40.0.0/16", "100.64.0.0/16"]
    assert shown == [
        "$ aws eks describe-cluster --name=prod --region=eu-west-1 --output=json",
        "$ aws ec2 describe-vpcs --vpc-ids=vpc-1 --region=eu-west-1 --output=json",
        "$ aws ec2 describe-subnets --filters Name=vpc-id,Values=vpc-1 --region=eu-west-1 --output=json",
        "$ aws ec2 describe-network-interfaces --filters 'Name=description,Values=Amazon EKS prod' --region=eu-west-1 --output=json",
        "$ aws ec2 describe-vpc-peering-connections --region=eu-west-1 --output=json",
        "$ aws ec2 describe-route-tables --filters Name=vpc-id,Values=vpc-1 --region=eu-west-1 --output=json",
    ]
    assert [shlex.join(call[:-2]) for call in calls(tmp_path)] == [line[2:] for line in shown]
    assert {tuple(call[-2:]) for call in calls(tmp_path)} == {("", "")}


def test_run_on_google(tmp_path: Path) -> None:
    """The network's project may be another one than the cluster's."""
    gke = {**GKE, "networkConfig": {"network": "projects/host/global/networks/shared", "subnetwork": ""}}
    program(tmp_path, "gcloud", {"clusters": gke, "subnets": [SUBNET], "routes": [], "peerings": []})
    done = run(tmp_path, "gcp", "--cluster=prod", "--region=europe-west1", "--project=apps")

    assert done.returncode == 0, done.stderr.decode()
    assert [shlex.join(call[1:-2]) for call in calls(tmp_path)] == [
        "container clusters describe prod --location=europe-west1 --project=apps --format=json",
        "compute networks subnets list --network=shared --project=host --format=json",
        "compute routes list --project=host --format=json",
        "compute networks peerings list --network=shared --project=host --format=json",
    ]


def test_run_on_azure(tmp_path: Path) -> None:
    """The virtual network is looked for where the node pools' subnets are."""
    program(tmp_path, "az", {"aks": AKS, "vnet": [], "private-endpoint": []})
    done = run(tmp_path, "azure", "--cluster=prod", "--resource-group=rg")

    assert done.returncode == 0, done.stderr.decode()
    assert [shlex.join(call[1:-2]) for call in calls(tmp_path)] == [
        "aks show --resource-group=rg --name=prod --output=json",
        "network vnet list --resource-group=net --output=json",
        "network private-endpoint list --resource-group=MC_rg_prod --output=json",
    ]


def test_kubectl_runs_only_with_a_context(tmp_path: Path) -> None:
    """What kubectl talks to may be another cluster than the cloud's."""
    program(tmp_path, "aws", AWS)
    program(tmp_path, "kubectl", {"endpointslices": SLICES, "services": "[]", "eniconfigs": "[]"})
    without = run(tmp_path, "aws", "--cluster=prod")
    done = run(tmp_path, "aws", "--cluster=prod", "--context=prod-admin")

    assert "controlPlane" not in yaml.safe_load(without.stdout)["cluster"]["cidrs"]
    assert yaml.safe_load(done.stdout)["cluster"]["cidrs"]["controlPlane"] == ["10.40.3.17/32", "10.40.19.4/32"]
    kubectl = [shlex.join(call[1:3]) for call in calls(tmp_path) if call[0] == "kubectl"]
    assert kubectl == ["--context=prod-admin get"] * 3


def test_program_that_is_not_there(tmp_path: Path) -> None:
    """The error says what to install, and the way without it."""
    for provider, options, sentence in (
        ("gcp", ["--cluster=a", "--region=b"], "gcloud: is not on PATH; install the Google Cloud CLI (cloud.google.com/sdk)"),
        ("aws", ["--cluster=a"], "aws: is not on PATH; install the AWS CLI (aws.amazon.com/cli)"),
        ("azure", ["--cluster=a", "--resource-group=b"], "az: is not on PATH; install the Azure CLI (learn.microsoft.com/cli/azure)"),
        ("kubernetes", [], "kubectl: is not on PATH; install kubectl (kubernetes.io/docs/tasks/tools)"),
    ):  # fmt: skip
        rest = ", or run what --commands prints elsewhere and give the files [cidrs-cli]"

        assert refusal(run(tmp_path, provider, *options)) == f"error: {sentence}{rest}"


def test_first_command_fails(tmp_path: Path) -> None:
    """What the program said last is shown, and nothing is printed."""
    program(tmp_path, "aws", {}, code=254, says="\nAn error occurred (ExpiredToken): the token has expired\n")

    assert refusal(run(tmp_path, "aws", "--cluster=prod")) == (
        "$ aws eks describe-cluster --name=prod --output=json\n"
        "error: aws eks describe-cluster --name=prod --output=json: ended with exit code 254 and said "
        '"An error occurred (ExpiredToken): the token has expired"; '
        "mend that, or run it yourself and give its output as a file [cidrs-cli]"
    )


def test_later_command_fails(tmp_path: Path) -> None:
    """Without the permission to list routes the rest is of use; what is missing is a warning."""
    program(tmp_path, "aws", {key: value for key, value in AWS.items() if key != "describe-route-tables"})
    done = run(tmp_path, "aws", "--cluster=prod")

    assert done.returncode == 0
    assert (
        "warning: aws ec2 describe-route-tables --filters Name=vpc-id,Values=vpc-1 --output=json: ended with exit code 3 and "
        'said "unexpected"; mend that, or run it yourself and give its output as a file [cidrs-not-run]'
    ) in done.stderr.decode().splitlines()
    assert refusal(run(tmp_path, "aws", "--cluster=prod", "--strict"))


def test_name_that_no_output_told(tmp_path: Path) -> None:
    """A command whose names are not known is not run with a placeholder."""
    cluster = changed(EKS, "cluster", "resourcesVpcConfig", to={})
    program(tmp_path, "aws", {**AWS, "describe-cluster": cluster})
    done = run(tmp_path, "aws", "--cluster=prod")

    assert (
        "warning: vpcs.json: was not run: nothing told VPC; run it yourself: "
        "aws ec2 describe-vpcs --vpc-ids=VPC --output=json [cidrs-not-run]"
    ) in done.stderr.decode().splitlines()
    assert not [call for call in calls(tmp_path) if "VPC" in " ".join(call[:-1])]


def test_output_that_is_no_json(tmp_path: Path) -> None:
    """A program that prints something else is told by the file that it would have written."""
    program(tmp_path, "aws", {"describe-cluster": "a\tb"})

    assert (
        refusal(run(tmp_path, "aws", "--cluster=prod"))
        .splitlines()[-1]
        .startswith("error: cluster.json: is plain text, neither JSON nor YAML; ")
    )


def test_program_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that waits for a login is ended."""
    monkeypatch.setattr(cloud, "_TIMEOUT", 0.2)
    (tmp_path / "bin").mkdir()
    path = tmp_path / "bin" / "aws"
    path.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(20)\n", encoding="utf-8")
    path.chmod(0o755)

    assert refusal(run(tmp_path, "aws", "--cluster=prod")).splitlines()[-1] == (
        "error: aws: did not end within 0.2 seconds; run it yourself and give its output as a file [cidrs-cli]"
    )


def test_names_reach_no_shell(tmp_path: Path) -> None:
    """A name with a space, a quote or a semicolon is one argument, and is shown as the shell would need it."""
    program(tmp_path, "aws", AWS)
    name = "a b'; touch hacked; $(touch hacked)"
    done = run(tmp_path, "aws", "--cluster", name)

    assert calls(tmp_path)[0][3] == f"--name={name}"
    assert f"$ aws eks describe-cluster {shlex.quote(f'--name={name}')} --output=json" in done.stderr.decode()
    assert not (tmp_path / "hacked").exists()


def test_programs_do_not_read_our_stdin(tmp_path: Path) -> None:
    """What is piped into mcpfence is not an answer to a question that a program asks."""
    program(tmp_path, "aws", AWS)
    command = [*mcpfence_command(), "cidrs", "aws", "--run", "--cluster=prod"]
    settings = environment(PATH=f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    done = subprocess.run(command, input=b"yes\n", capture_output=True, cwd=tmp_path, env=settings, check=False)

    assert done.returncode == 0
    assert {call[-2] for call in calls(tmp_path)} == {""}


# --- commands ---


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_command_only_reads(provider: str) -> None:
    """No command changes anything, whatever is filled in."""
    for command in PROVIDERS[provider].commands:
        words = [word for part in command.argv for word in ((part,) if isinstance(part, str) else part)]
        verbs = [word for word in words[1:] if word.startswith(_READS[words[0]])]

        assert verbs, words
        assert not [word for word in words if word.startswith(("create", "delete", "update", "set", "apply", "patch"))]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_commands_name_json_and_their_files(provider: str) -> None:
    """Each asks for JSON, and no two write one file."""
    commands = PROVIDERS[provider].commands

    assert len({command.file for command in commands}) == len(commands)
    assert all(fill(command, {}).argv[-1] in ("--format=json", "--output=json") for command in commands)
    assert set(PROVIDERS[provider].tells.values()) <= {command.file for command in commands}


def test_printed_commands(tmp_path: Path) -> None:
    """--commands runs nothing; what is known is filled in and quoted, the rest stands in capitals."""
    program(tmp_path, "gcloud", {})
    done = mcpfence("cidrs", "gcp", "--commands", "--cluster", "my prod", "--project", "p", PATH=str(tmp_path / "bin"))

    assert (done.returncode, done.stderr, calls(tmp_path)) == (0, b"", [])
    assert (
        done.stdout.decode()
        == """\
# These commands only read. What a cluster has no answer for may be left out.
# Fill in NETWORK, REGION; each is an option of mcpfence cidrs, or in an earlier output.
gcloud container clusters describe 'my prod' --location=REGION --project=p --format=json > cluster.json
gcloud compute networks subnets list --network=NETWORK --project=p --format=json > subnets.json
gcloud compute routes list --project=p --format=json > routes.json
gcloud compute networks peerings list --network=NETWORK --project=p --format=json > peerings.json
kubectl get endpointslices --namespace=default --selector=kubernetes.io/service-name=kubernetes --output=json > endpointslices.json
kubectl get services --selector=k8s-app=kube-dns --namespace=kube-system --output=json > kube-dns.json
mcpfence cidrs gcp cluster.json subnets.json routes.json peerings.json endpointslices.json kube-dns.json
"""
    )


def test_printed_commands_run_as_a_script(tmp_path: Path) -> None:
    """Pasted into a shell, they write the files that the last line reads."""
    text = mcpfence("cidrs", "kubernetes", "--commands", "--context", "it's prod").stdout.decode()
    program(tmp_path, "kubectl", {"nodes": "[]", "servicecidrs": "[]", "endpointslices": SLICES, "services": "[]",
                                  "configmaps": "[]", "pods": "[]"})  # fmt: skip
    program(tmp_path, "mcpfence", {"cidrs": "done"})
    environment = {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"}
    done = subprocess.run(
        ["sh", "-e"], input=text.encode(), capture_output=True, cwd=tmp_path, env=environment, check=False
    )

    assert (done.stdout, done.stderr) == (b"done\n", b"")
    assert calls(tmp_path)[0][1] == "--context=it's prod"
    assert all((tmp_path / name).exists() for name in calls(tmp_path)[-1][3:-2])
