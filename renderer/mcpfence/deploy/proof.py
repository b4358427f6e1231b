"""That a rendered pod is the pod that its fence holds for: the text is read back and compared with fence and catalog.

What is read must be what was meant, whole.  The policies are proven by `proof.prove`; here only what ties pods to
them is: namespace, labels, port, and that the pod is not on the host's network, where no NetworkPolicy holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from mcpfence.catalog.model import Server
from mcpfence.documents.reader import BadDocument, load_foreign
from mcpfence.findings.finding import Collector
from mcpfence.kube.manifest import Manifest
from mcpfence.proof.prove import OUR_FAULT, box_of
from mcpfence.reach.flows.label_sets import matches


def prove_running(server: Server, namespace: str, written: Iterable[tuple[Manifest, str]], out: Collector) -> None:
    """Read the objects of one server back from their texts; every doubt is an error."""
    documents: dict[str, Any] = {}
    for manifest, text in written:
        try:
            found = load_foreign(text)
        except BadDocument as bad:
            out.add("proof-text", server.path, f"the text written to run it is no YAML ({bad})", OUR_FAULT)
            return
        if found != [manifest.document]:
            sentence = f"the text written for {manifest.kind} {manifest.name} cannot be read back as that object"
            out.add("proof-text", server.path, sentence, OUR_FAULT)
            return
        documents[manifest.kind] = manifest.document
    for fault in _faults(server, namespace, documents):
        out.add("proof-run", server.path, fault, OUR_FAULT)


def _faults(server: Server, namespace: str, documents: Mapping[str, Any]) -> Iterable[str]:
    deployment, service = documents["Deployment"], documents["Service"]
    template = deployment["spec"]["template"]
    labels, pod = template["metadata"]["labels"], template["spec"]
    for document in (deployment, service):
        if document["metadata"]["namespace"] != namespace:
            yield f"its {document['kind']} is in another namespace than its policies"
    if not any(matches(box_of(selector), labels) for selector in server.selectors):
        yield "its policies do not select the pod of its Deployment"
    picks = {"Deployment": deployment["spec"]["selector"]["matchLabels"], "Service": service["spec"]["selector"]}
    for kind, picked in picks.items():
        if not picked or not picked.items() <= labels.items():
            yield f"its {kind} does not select its pod"
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if key in pod:
            yield f"its pod has {key}, which no policy holds for"
    opened = {port["containerPort"] for container in pod["containers"] for port in container["ports"]}
    if opened != {server.port} or service["spec"]["ports"][0]["targetPort"] != server.port:
        yield "its pod, its Service and its policies do not agree on the port"
    for what, told in _told_the_port(server, pod["containers"][0]):
        if not re.search(rf"(?<![0-9]){server.port}(?![0-9])", told):
            yield f"its {what} is not told the port that its policies open"


def _told_the_port(server: Server, container: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """What stands before the server, or asks it, and must know its port: with the words that it is given."""
    if server.run is not None and server.run.bridged:
        yield "bridge", " ".join(container["command"])
    asked = container["readinessProbe"].get("exec")
    if asked is not None:
        yield "readiness probe", " ".join(asked["command"])
