"""A catalog that declares nothing takes every fence away: on each path an error, until somebody says that it is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from edges import CATALOG, NAMESPACE, RELEASE, carrier, floor_piece, mcpfence, refusal, values_file
from krm import function_config, resource_list

NOTHING = (
    "the catalog has neither servers nor workloads, so every fence of an earlier render would be removed; "
    "declare them, or name the right values file; if nothing is to be fenced, say so with --allow-empty [catalog-empty]"
)
EMPTY = {key: value for key, value in CATALOG.items() if key != "servers"}
NAMED = ("--release", RELEASE, "--namespace", NAMESPACE)
STREAM = b"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"

PATHS: dict[str, tuple[tuple[str, ...], bytes, str]] = {
    "render": (("render", "--policies-only", "-f", "values.yaml"), b"", "servers"),
    "render without a file": (("render", "--policies-only"), b"", "servers"),
    "render into a folder": (("render", "--policies-only", "-f", "values.yaml", "-o", "out"), b"", "servers"),
    "post-render": (("post-render",), carrier(EMPTY), "servers"),
    "post-render --catalog": (("post-render", "--catalog", "values.yaml", *NAMED), STREAM, "servers"),
    "krm": (("krm",), resource_list(config=function_config(EMPTY)), "spec.catalog.servers"),
    "krm behind a chart": (
        ("krm",),
        b"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- "
        + carrier(EMPTY, floor=False).split(b"carrier.yaml\n")[1].replace(b"\n", b"\n  ").rstrip(b" ")
        + floor_piece(EMPTY).replace(b"---\n", b"- "),
        "servers",
    ),
}


@pytest.mark.parametrize("name", PATHS)
def test_nothing_to_fence_is_an_error_unless_it_is_said(name: str, tmp_path: Path) -> None:
    """Helm, Argo CD and a prune from Git would remove what stood there before."""
    values_file(tmp_path, EMPTY)
    arguments, stdin, place = PATHS[name]

    said = refusal(mcpfence(*arguments, stdin=stdin, cwd=tmp_path))
    assert said.removeprefix("error: ").removeprefix("values.yaml:1:1 ") == f"{place}: {NOTHING}"
    assert not (tmp_path / "out").exists()

    done = mcpfence(*arguments, "--allow-empty", stdin=stdin, cwd=tmp_path)
    assert done.returncode == 0, done.stderr.decode()


def test_check_says_it_too(tmp_path: Path) -> None:
    """An emptied values file is no clean one."""
    values_file(tmp_path, "")
    done = mcpfence("check", "-f", "values.yaml", cwd=tmp_path)

    assert done.returncode == 1
    assert done.stderr.decode() == f"error: servers: {NOTHING}\nmcpfence: 1 error, no warnings, no notes\n"
    assert mcpfence("check", "-f", "values.yaml", "--allow-empty", cwd=tmp_path).returncode == 0


def test_a_workload_alone_is_something(tmp_path: Path) -> None:
    """As are servers that run elsewhere."""
    values_file(tmp_path, {"workloads": {"job": {"podSelector": {"app": "job"}}}})
    assert mcpfence("check", "-f", "values.yaml", cwd=tmp_path).returncode == 0
