"""Pods of a fence that are on their host's network: no policy holds for them, and nobody is told otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from edges import CATALOG, NAMESPACE, RELEASE, carrier, values_file
from helpers import run_cli
from krm import function_config, resource_list
from mcpfence.findings.finding import McpfenceError
from mcpfence.kube.manifest import floor_policy
from mcpfence.streams.post_render import Given, post_render

Raw = dict[str, Any]


def deployment(namespace: str = "demo-mcp", app: str = "vault", **pod: Any) -> Raw:
    """A Deployment of pods with a label."""
    template = {"metadata": {"labels": {"app": app}}, "spec": {"containers": [{"name": "c", "image": "x:1"}], **pod}}
    meta = {"name": "d", "namespace": namespace}
    spec = {"selector": {"matchLabels": {"app": app}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}


ON_HOST = deployment(hostNetwork=True)
SAID = (
    "Deployment demo-mcp/d: its pods are on their host's network, where no policy holds for them, and server vault is "
    "one; remove hostNetwork, or label pods that are something else otherwise [host-network]"
)
POD: Raw = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "d", "namespace": "demo-mcp", "labels": {"app": "vault"}},
    "spec": {"hostNetwork": True, "containers": []},
}
WITH_NETWORKS = deployment()
WITH_NETWORKS["spec"]["template"]["metadata"]["annotations"] = {"k8s.v1.cni.cncf.io/networks": "storage"}
NETWORKS_SAID = (
    "Deployment demo-mcp/d: its pods are in further networks, where no policy holds for them, and server vault is one; "
    "remove the annotation k8s.v1.cni.cncf.io/networks, or label pods that are something else otherwise [host-network]"
)
HIDDEN = {
    "a boolean of Go's reader": ("hostNetwork: y", SAID),
    "another one": ("hostNetwork: Y", SAID),
    "a tag of no meaning": ("hostNetwork: !x true", SAID),
    "an escape": ('"host\\x4eetwork": true', SAID),
    "a merge that wins": ("<<: [{hostNetwork: true}, {hostNetwork: false}]", SAID),
    "a boolean behind a tag": (
        "hostNetwork: !!bool y",
        "document 1 of the stream: may have pods for which no policy holds, and is no YAML that can be read (a value cannot "
        "be read as what its tag says (bool), line 9, column 20); mend it, or remove it [policy-unreadable]",
    ),
    "a key that is packed": (
        "!!binary aG9zdE5ldHdvcms=: true",
        "document 1 of the stream: may have pods for which no policy holds, and is no YAML that can be read (has a key "
        "behind a tag, which readers of YAML read differently); mend it, or remove it [policy-unreadable]",
    ),
}
ROLLOUT = {**ON_HOST, "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout"}
JOBS: Raw = {
    "apiVersion": "jobset.x-k8s.io/v1alpha2",
    "kind": "JobSet",
    "metadata": {"name": "d", "namespace": "demo-mcp"},
    "spec": {"replicatedJobs": [{"name": "w", "template": {"spec": ON_HOST["spec"]}}]},
}
WITH_INTERFACES = deployment()
WITH_INTERFACES["spec"]["template"]["metadata"]["annotations"] = {
    "networking.gke.io/interfaces": '[{"network": "blue"}]'
}
PART = {
    "apiVersion": "toolhive.stacklok.dev/v1beta1",
    "kind": "MCPServer",
    "metadata": {"name": "d", "namespace": "demo-mcp"},
    "spec": {"podTemplateSpec": {"metadata": {"labels": {"app": "vault"}}, "spec": {"hostNetwork": True}}},
}
"""What an operator puts into the template that it makes: a template without containers."""
OTHERS = {
    "a Rollout of others": {
        **deployment(app="redis", hostNetwork=True),
        "kind": "Rollout",
        "apiVersion": "argoproj.io/v1alpha1",
    },
    "no host's network": deployment(hostNetwork=False),
    "another label": deployment(app="redis", hostNetwork=True),
    "another namespace": deployment("data", hostNetwork=True),
}


def _piece(document: Raw) -> bytes:
    return b"---\n" + yaml.safe_dump(document, sort_keys=False).encode()


def _said(stream: bytes, **how: Any) -> set[str]:
    try:
        post_render(stream, **how)
    except McpfenceError as error:
        return {f"{one.message} [{one.id}]" for one in error.findings}
    return set()


@pytest.mark.parametrize("line", [line for line, _ in HIDDEN.values()], ids=HIDDEN)
def test_in_other_words_in_a_file(line: str, tmp_path: Path) -> None:
    """`check` and `diff` see the same in a file as a stream's render."""
    values, file, same = str(values_file(tmp_path, CATALOG)), tmp_path / "d.yaml", tmp_path / "e.yaml"
    head = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: demo-mcp}\nspec:\n  template:\n"
    plain = f"{head}    metadata: {{labels: {{app: vault}}}}\n    spec:\n      containers: []\n"
    file.write_text(f"{plain}      {line}\n")
    same.write_text(plain)
    named = ("--release", RELEASE, "--namespace", NAMESPACE)
    told = run_cli("check", "-f", values, *named, str(file), "-q").stderr

    assert "[host-network]" in told or "[file-unreadable]" in told
    assert run_cli("diff", str(file), str(same)).code == 1


@pytest.mark.parametrize(("line", "said"), HIDDEN.values(), ids=HIDDEN)
def test_in_other_words(line: str, said: str) -> None:
    """However the key and its value are written: what kubectl reads as host network is one, or is refused."""
    text = (
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: demo-mcp}\nspec:\n  template:\n"
        "    metadata: {labels: {app: vault}}\n    spec:\n      "
    )
    assert _said(f"{text}{line}\n".encode() + carrier()) == {said}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (ON_HOST, SAID),
        (POD, SAID.replace("Deployment", "Pod")),
        (WITH_NETWORKS, NETWORKS_SAID),
        (ROLLOUT, SAID.replace("Deployment", "Rollout")),
        (JOBS, SAID.replace("Deployment", "JobSet")),
        (WITH_INTERFACES, NETWORKS_SAID.replace("k8s.v1.cni.cncf.io/networks", "networking.gke.io/interfaces")),
        (PART, SAID.replace("Deployment", "MCPServer")),
    ],
    ids=[
        *("a Deployment", "a Pod", "further networks", "a kind of others", "a template further in"),
        *("networks of GKE", "a part of a template"),
    ],
)
def test_on_every_path(document: Raw, said: str, tmp_path: Path) -> None:
    """In a stream, beside a catalog, in a list of items, and among manifests that exist."""
    given = Given(raw=CATALOG, release=RELEASE, namespace=NAMESPACE)
    assert _said(_piece(document) + carrier()) == {said}
    assert _said(_piece(document), given=given) == {said}
    assert f"error: {said}" in run_cli("krm", stdin=resource_list(document, config=function_config())).stderr
    block = b"".join(post_render(carrier()).chunks)
    (tmp_path / "m.yaml").write_bytes(block + _piece(document) + _piece(floor_policy("demo-mcp")))
    files = ("-f", str(values_file(tmp_path, CATALOG)), str(tmp_path / "m.yaml"))
    done = run_cli("check", *files, "--release", RELEASE, "-n", NAMESPACE)

    assert done.code == 1
    assert [line for line in done.stderr.splitlines() if line.startswith("error")] == [f"error: {said}"]


@pytest.mark.parametrize("document", OTHERS.values(), ids=OTHERS)
def test_what_no_fence_is_for(document: Raw) -> None:
    """Passes as it came, before what the catalog gives in any case."""
    piece, alone = _piece(document), b"".join(post_render(carrier()).chunks)

    assert b"".join(post_render(piece + carrier()).chunks) == piece + alone
