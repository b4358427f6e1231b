"""How large a release becomes in the cluster: our estimate, the Secret that helm really stores, and the limit."""

from __future__ import annotations

import base64
import random
from typing import Any

import pytest

from edges import container
from figures import Figure
from lab.azure import AZURE
from lab.cluster import Cluster, Release
from mcpfence.render.chunks import Chunks
from mcpfence.streams.post_render import post_render
from mcpfence.streams.release_size import LIMIT, WARN_FROM, estimate
from mcpfence.streams.stream import read_stream


def _values(servers: int, names: int) -> dict[str, Any]:
    """A catalog whose host names cannot be compressed: 20 random bytes each."""
    dice = random.Random(servers * names)  # noqa: S311
    made = {
        f"server-{number}": container(
            egress={"domains": [f"h{dice.getrandbits(160):040x}.example.com" for _ in range(names)]}
        )
        for number in range(servers)
    }
    return {**AZURE, "servers": made}


def _estimated(release: Release, values: dict[str, Any]) -> int:
    """What mcpfence expects of the record, from the stream that helm gives to it."""
    done = release.cluster.helm(
        "template", release.name, release.chart, "--namespace", release.namespace, "-f", release.write(values)
    )
    stream = read_stream(done.stdout)
    return estimate(
        post_render(done.stdout).chunks, Chunks(stream.pieces[carrier.piece] for carrier in stream.carriers)
    )


def _log_flag(release: Release) -> str:
    return f"--post-renderer-args=--log-file={release.cluster.host.home / 'size.log'}"


def _said(release: Release) -> str:
    return (release.cluster.host.home / "size.log").read_text(encoding="utf-8")


@pytest.mark.parametrize(("servers", "names", "warned"), [(3, 2, False), (100, 5, False), (56, 280, True)])
def test_estimate_is_what_helm_stores(cluster: Cluster, servers: int, names: int, warned: bool, figure: Figure) -> None:
    """The estimate is within an eighth of the real Secret, and the warning appears when it comes near 1 MiB."""
    release, values = cluster.release("size"), _values(servers, names)
    release.install(values, _log_flag(release))
    secret, _ = release.record()
    real, expected = len(base64.b64decode(secret["data"]["release"])), _estimated(release, values)
    title = f"helm {cluster.host.major}, {servers} servers with {names} names each"
    figure("Size of the release's Secret", f"{title}: {real:,} bytes, estimated {expected:,}")

    assert abs(expected / real - 1) < 0.125
    assert (real > WARN_FROM) == warned
    assert ("[release-size]" in _said(release)) == warned


def test_what_is_too_large_is_refused_after_the_warning(cluster: Cluster) -> None:
    """Beyond 1 MiB the API server refuses the Secret: nothing is installed, and mcpfence has said why and what to do."""
    release, values = cluster.release("large"), _values(56, 360)
    done = release.run("install", values, _log_flag(release))

    assert done.returncode == 1
    assert "data: Too long: may not be more than 1048576 bytes" in done.stderr.decode()
    assert _estimated(release, values) > LIMIT
    assert "of the 1 MiB that a Secret holds; split the servers over several releases" in _said(release)
    assert release.cluster.api.get("v1", "Namespace", "", release.fenced).status == 404
