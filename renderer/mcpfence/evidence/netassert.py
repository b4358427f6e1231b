"""Witnesses as tests of NetAssert 2, which opens connections from the server's own pods in a cluster.

    - name: server-github-1-denied
      type: k8s
      protocol: tcp
      targetPort: 80
      timeoutSeconds: 60
      attempts: 2
      exitCode: 1
      src: {k8sResource: {kind: deployment, name: github, namespace: mcp}}
      dst: {host: {name: 169.254.169.254}}

The form is that of controlplaneio/netassert, internal/data/types.go.  It opens connections and shows no names in them,
so what an engine decides by a name that is shown is left out; so is UDP, for which it wants a pod at the other end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mcpfence.documents.writer import Writer
from mcpfence.evidence.certificate import Sent
from mcpfence.evidence.live_tests import attempts
from mcpfence.reach.connectivity.workloads import read_workloads
from mcpfence.reach.documents.objects import Object

_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Pod")
_HEAD = "# Tests for NetAssert 2: netassert run --input-file netassert.yaml\n"
_GUESS = (
    "# No workload among the manifests is {title}: where its pods are not those of Deployment {name}, change src.\n"
)


def netassert(sent: Iterable[Sent], objects: Sequence[Object], namespace: str, *, by_name_shown: bool) -> bytes:
    """The tests as YAML; `namespace` is that of objects which name none."""
    workloads = [one for one in read_workloads(objects, namespace)[0] if one.kind in _KINDS]
    writer, text = Writer(), _HEAD
    for one in sent:
        labels = set(one.pod.labels)
        found = [own for own in workloads if own.namespace == one.pod.namespace and labels <= set(own.labels)]
        source = {"kind": "deployment", "name": one.fence.name, "namespace": one.pod.namespace}
        if found:
            source |= {"kind": found[0].kind.lower(), "name": found[0].name}
        else:
            text += _GUESS.format(title=one.fence.title, name=one.fence.name)
        for test in _tests(one, source, by_name_shown=by_name_shown):
            text += _item(writer.write(test))
    return text.encode()


def _tests(one: Sent, source: dict[str, str], *, by_name_shown: bool) -> Iterator[dict[str, Any]]:
    mark = "-".join([one.fence.kind, one.fence.name, *_ending(one)])
    for number, attempt in enumerate(attempts(one, by_name_shown=by_name_shown), 1):
        if attempt.shown:
            continue
        yield {
            "name": f"{mark}-{number}-{attempt.expect}",
            "type": "k8s",
            "protocol": "tcp",
            "targetPort": attempt.port,
            "timeoutSeconds": 60,
            "attempts": 2,
            "exitCode": 0 if attempt.allowed else 1,
            "src": {"k8sResource": dict(source)},
            "dst": {"host": {"name": attempt.host}},
        }


def _ending(one: Sent) -> list[str]:
    """What tells the pods of one selector from those of another; nothing where there is one."""
    return [] if len(one.fence.selectors) == 1 else [value for _, value in one.pod.labels][:1]


def _item(text: str) -> str:
    return "".join(f"{'- ' if not number else '  '}{line}\n" for number, line in enumerate(text.splitlines()))
