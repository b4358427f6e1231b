"""The one table of everything that mcpfence can say: id, severity, meaning.  docs/findings.md is made from it."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Severity(Enum):
    """Errors stop the render; warnings and notes do not (`--strict` makes warnings errors)."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Row(NamedTuple):
    """One kind of finding: how grave it is, and what it means for the reader."""

    severity: Severity
    meaning: str


_ERRORS = {
    "aviatrix-peer": "A destination selects pods by matchExpressions, which Aviatrix smart groups do not have, and "
    "the pod and service cidrs that could stand for them are not known.",
    "back-end-two-names": "Services entries disagree on the name or the podSelector of one back-end.",
    "carrier-missing": "The stream holds no catalog, so nothing could be rendered for it.",
    "carrier-twice": "Two catalogs of one stream, or a catalog and an earlier render, share a namespace.",
    "carrier-unreadable": "The ConfigMap that hands the catalog to the renderer was damaged on its way.",
    "carrier-version": "Chart and renderer are of different minor versions.",
    "catalog-not-a-mapping": "The catalog or values file is no mapping.",
    "catalog-twice": "The stream brings a catalog and another one was given with --catalog.",
    "choice": "A key has a value that is not among its choices.",
    "cidr-bad": "A CIDR block cannot be read, has host bits set or is an IPv4-mapped one.",
    "cidr-family": "A CIDR block has an IP family that cluster.ipFamilies does not list.",
    "cidr-mixed": "A listed CIDR block holds public and blocked addresses: it would open private ranges by the way.",
    "cidr-only-metadata": "Nothing is left of a listed CIDR block when the metadata endpoints are cut out.",
    "client-both": "A client is pods of a namespace or addresses, never both.",
    "client-callback": "A client that is addresses has no pod port to call back.",
    "client-empty": "A client says neither pods nor addresses.",
    "client-unknown": "ingress.from names a client that is not declared.",
    "cloud-identity-none": "cloudIdentity is asked for on a profile that has no credential endpoint.",
    "composite-self": "A composite server lists itself.",
    "deny-all-with-destinations": "denyAllEgress: true stands together with destinations.",
    "dns-peer": "A DNS peer is {namespace, podSelector} or {cidr}.",
    "domains-unenforced": "Servers list host names, and no engine that knows names is chosen.",
    "except-family": "An except has another IP family than its cidr.",
    "except-is-cidr": "An except takes away the whole cidr.",
    "except-outside": "An except lies outside its cidr.",
    "file-unreadable": "A file cannot be read, is no UTF-8, or is no YAML or JSON.",
    "helm-failed": "helm ended with an error; what it said follows.",
    "helm-missing": "helm was not found.",
    "helm-old": "helm is too old: its schema validator does not know what the chart needs.",
    "host-bad-character": "A host name has characters that no host name has.",
    "host-bad-wildcard": "A * stands elsewhere than as the whole first label, or alone.",
    "host-empty": "A host name is empty.",
    "host-empty-label": "A host name has two dots in a row, or begins with one.",
    "host-in-cluster": "A host name of the cluster stands where public names belong.",
    "host-is-ip": "An IP address stands where a host name belongs.",
    "host-localhost": "localhost is the pod itself.",
    "host-metadata": "A host name is the cloud's metadata endpoint.",
    "host-not-ascii": "A host name has characters outside ASCII.",
    "host-path": "A host name has a path.",
    "host-port": "A host name has a port.",
    "host-public-suffix": "A wildcard stands on a public suffix such as com or co.uk.",
    "host-reverse-dns": "A host name is a reverse-DNS zone.",
    "host-scheme": "A host name has a scheme.",
    "host-single-label": "A host name is a single label, which the cluster's search path would complete.",
    "host-too-long": "A host name or a label of it is longer than DNS allows.",
    "internal": "A fault of mcpfence itself; nothing is printed.",
    "internet-with-domains": "A server has the stance internet and a list of names.",
    "key-missing": "A required key is missing.",
    "key-unknown": "A key is not known; a misspelt key must never change a policy silently.",
    "kubernetes-api-unknown": "kubernetesAPI is asked for and cluster.cidrs.controlPlane is empty.",
    "label-bad": "A label key or value is none that Kubernetes accepts.",
    "list-empty": "A list or mapping that must have entries is empty.",
    "list-twice": "A list names something twice.",
    "name-not-a-label": "A name is no DNS-1123 label.",
    "name-taken": "Two objects would have the same kind, namespace and name.",
    "name-too-long": "A name is longer than 63 characters.",
    "obot-policy": "Obot's own NetworkPolicy mcp-egress-restrictions is in the stream; it opens every public address.",
    "output-failed": "The output could not be written.",
    "policy-not-evaluated": "A policy of an engine that is not evaluated here selects a fence's pods.",
    "policy-unreadable": "A document that mentions policies cannot be read, so what it lets through is unknown.",
    "port-bad": "A port cannot be read or is outside 1 to 65535.",
    "port-not-tcp": "A name is listed with a port that is not TCP.",
    "ports-all": "ports: all stands where it is not allowed.",
    "ports-missing": "Ports must be written: absence never means every port.",
    "proof-narrower": "The manifests let less through than the catalog grants, and no narrowing says so.",
    "proof-text": "What was written for an object cannot be read back as that one object.",
    "proof-wider": "The manifests, or other policies of the same stream, let more through than the catalog grants.",
    "provider-cannot": "The chosen engine cannot express what servers need, and nothing is approximated.",
    "provider-missing": "The chosen provider is not part of this version.",
    "registry-mixed": "A registry entry mixes the keys of a name and of a service.",
    "remote-host": "The host of a remote server's URL cannot be told or is none that may be listed.",
    "remote-url": "A remote server says where it runs exactly once.",
    "runtime-key": "A key belongs to another runtime, or to servers that run as pods.",
    "selector-contradiction": "A selector that no pod can satisfy.",
    "selector-empty": "An empty selector would select every pod.",
    "selector-mixed": "Labels stand beside matchLabels or matchExpressions.",
    "selector-overlap": "Two selectors of a namespace can select the same pod: what both may reach would add up.",
    "selector-values": "The operator and the values of a matchExpressions entry do not fit.",
    "server-unknown": "A server is named that is not declared.",
    "service-key": "A key of a services entry does not belong to its mode.",
    "service-own-namespace": "Mode namespace on the fenced namespace would open every server in it.",
    "service-selects-server": "A services entry selects the pods of an MCP server.",
    "service-unresolved": "Selector or ports of a service are not written and no Service of the input gives them.",
    "stream-empty": "The stream on stdin is empty.",
    "structure": "The catalog does not fit the schema.",
    "template-left": "A template expression is left in a value.",
    "text-empty": "A value is empty.",
    "type": "A value has the wrong type.",
    "workload-ports": "ingress.from of a workload needs ports.",
    "workload-unknown": "A workload is named that the manifests do not hold.",
}

_WARNINGS = {
    "aviatrix-port": "Names on ports other than 80 and 443 match only TLS with SNI or HTTP.",
    "aviatrix-profile": "Aviatrix runs on AWS and Azure only.",
    "cidr-in-cluster": "A listed CIDR block overlaps cluster.cidrs.",
    "cilium-cidr": "Under Cilium no CIDR rule matches pods or nodes of the cluster.",
    "client-whole-namespace": "Every pod of a namespace is a client.",
    "clients-none": "Nobody may call the servers.",
    "deny-all-package": "An npx or uvx server that reaches nothing starts only from a baked image.",
    "dns-off-with-names": "Names are granted and DNS is not.",
    "domains-open": "Names are not enforced: the public ranges are open instead.",
    "eks-ipv6": "On IPv6 clusters of EKS the engine does not police IPv4 egress.",
    "except-reopened": "An except of one entry is opened again by another.",
    "floor-off": "The default-deny floor is off.",
    "leftover": "A policy of mcpfence's is among the manifests, and nothing in the catalog asks for it.",
    "obot-labels": "Obot's pods carry generated labels that the catalog does not name.",
    "policy-not-evaluated-here": "A policy of an engine that is not evaluated is among the manifests.",
    "policy-only-narrows": "A policy of an engine that is not evaluated here selects pods; it can only take away.",
    "registry-missing": "An npx or uvx server cannot fetch its package, so it will not start.",
    "release-size": "The release comes near the size that Helm can store (1 MiB after compression).",
    "wildcard-multi-tenant": "A wildcard covers a zone in which anybody can have a host.",
}

_NOTES = {
    "aviatrix-wildcard": "How Aviatrix reads a wildcard is assumed.",
    "back-end-elsewhere": "The ingress of a back-end in another namespace is not part of this render.",
    "deny-all-false": "denyAllEgress: false says nothing here; in Obot it means open.",
    "ipv6-cluster-unknown": "Public IPv6 addresses are opened, and the cluster's own IPv6 ranges are not known.",
    "eks-dns": "EKS Auto Mode needs dns.clusterIP.",
    "reach-caution": "Something that the connections assume.",
}

TABLE: dict[str, Row] = {
    **{id: Row(Severity.ERROR, meaning) for id, meaning in _ERRORS.items()},
    **{id: Row(Severity.WARNING, meaning) for id, meaning in _WARNINGS.items()},
    **{id: Row(Severity.NOTE, meaning) for id, meaning in _NOTES.items()},
}
