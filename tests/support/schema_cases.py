"""Documents that the catalog schema must accept or refuse; two Python engines and helm's own are held to them."""

from __future__ import annotations

import copy
from typing import Any

FULL_EGRESS: dict[str, Any] = {
    "egressDomains": ["api.example.com"],
    "denyAllEgress": False,
    "domains": ["a.example.com", {"name": "*.b.example.com", "ports": [443, "8000-8010"], "addresses": ["10.0.0.0/8"]}],
    "cidrs": [{"cidr": "203.0.113.0/24", "except": ["203.0.113.7/32"], "ports": "all"}, {"cidr": "::/0"}],
    "services": [
        {"name": "redis", "namespace": "data", "mode": "selector", "podSelector": {"app": "redis"}, "ports": [6379]},
        {"name": "db", "mode": "cidr", "cidrs": ["10.9.0.0/16"], "ports": ["5432/TCP"]},
        {"name": "cache"},
    ],
    "registries": ["npm.example.com", {"name": "pypi", "namespace": "ci", "mode": "namespace", "ports": [8080]}],
    "default": "deny",
    "cloudIdentity": True,
    "kubernetesAPI": False,
    "dns": "auto",
}

AUTH: dict[str, Any] = {
    "type": "tokenExchange",
    "issuerUrl": "https://id.example.com/realms/mcp",
    "audience": "mcp",
    "toolRoles": False,
    "tokenExchange": {
        "url": "https://id.example.com/token",
        "sharedSecretRef": {"name": "exchange", "key": "client"},
        "scope": "openid",
    },
}

GATEWAY: dict[str, Any] = {
    "provider": "kuadrant",
    "name": "tools",
    "namespace": "edge",
    "apiVersion": "v1alpha1",
    "create": True,
    "gatewayClassName": "istio",
    "publicHost": "tools.mcp.example.com",
    "sectionName": "all",
    "serverSectionName": "all",
    "listeners": [
        {"name": "all", "hostname": "*.mcp.example.com", "port": 443, "protocol": "HTTPS", "certificates": ["tls"]}
    ],
    "allowedNamespaces": ["other"],
    "extension": {
        "create": True,
        "name": "broker",
        "namespace": "brokers",
        "privateHost": "tools-istio.edge.svc.cluster.local:443",
        "backendPingIntervalSeconds": 30,
        "logLevel": "debug",
        "sessionStore": "redis",
    },
    "auth": AUTH,
    "toolsList": {"privateKeySecret": "private", "publicKeySecret": "public"},
    "authorinoNamespace": "authorino",
    "virtualServers": {"few": {"description": "A few", "tools": ["hub_search"], "prompts": ["hub_ask"]}},
}

REGISTRATION: dict[str, Any] = {
    "prefix": "hub_",
    "path": "/mcp",
    "hostname": "hub.mcp.example.com",
    "backend": "Hostname",
    "auth": AUTH,
    "credentialRef": {"name": "hub", "key": "token"},
    "caCertSecretRef": {"name": "ca", "key": "ca.crt"},
    "state": "Disabled",
    "userSpecificList": "Enabled",
    "category": ["search"],
    "hint": "Searches",
    "tags": ["a"],
    "tokenURLElicitation": {"url": "https://id.example.com/token"},
    "kubernetesUsers": {"namespaces": ["apps"], "users": ["a"], "groups": ["b"]},
}

FULL: dict[str, Any] = {
    "cluster": {
        "profile": "openshift",
        "cni": "cilium",
        "mesh": "ambient",
        "cidrs": {"nodes": ["10.0.0.0/16"], "pods": [], "services": [], "controlPlane": ["10.1.0.1/32"]},
        "ipFamilies": ["IPv6"],
        "kubernetesVersion": "1.36",
        "nat64": True,
    },
    "dns": {
        "peers": [{"namespace": "kube-system", "podSelector": {"k8s-app": "kube-dns"}}, {"cidr": "169.254.20.10/32"}],
        "ports": ["53/UDP", 53],
        "clusterIP": ["10.96.0.10"],
    },
    "egress": {
        "default": "internet",
        "provider": "aviatrix",
        "aviatrix": {"ipv6": True, "crd": "10.1"},
        "clusternetworkpolicy": {
            "apiVersion": "v1beta1",
            "channel": "experimental",
            "clusterDomain": "cluster.local",
            "priorities": [100, 999],
        },
        "cilium": {"version": "1.19", "sni": True, "clusterDomain": "cluster.local", "searchDomains": ["corp.example"]},
        "calico": {"edition": "enterprise", "order": 500},
        "antrea": {"tier": "application", "priority": 50},
        "unenforcedDomains": "internet",
        "except": ["192.0.2.0/24"],
        "registries": {"npx": ["npm.example.com"], "uvx": [{"name": "pypi", "mode": "cidr", "cidrs": ["10.2.0.0/24"]}]},
    },
    "clients": {
        "obot": {"namespace": "obot", "podSelector": {"app": "obot"}, "callbackPort": 8080},
        "edge": {"cidrs": ["198.51.100.0/28"]},
    },
    "mcpServerDefaults": {
        "port": 8099,
        "image": {"npx": "ghcr.io/example/node:1", "uvx": "ghcr.io/example/uv:1"},
        "bridge": {"npx": "supergateway@4.0.0", "uvx": ["bridge", "--port", "{port}", "--", "{command}"]},
        "imagePullSecrets": [{"name": "pull"}],
        "imagePullPolicy": "Always",
        "resources": {"limits": {"cpu": "500m"}},
        "volumeSizeLimit": "8Gi",
        "affinity": {"nodeAffinity": {}},
        "tolerations": [{"key": "mcp", "operator": "Exists"}],
        "nodeSelector": {"disk": "ssd"},
        "runtimeClassName": "gvisor",
        "storageClassName": "fast",
        "nanobotWorkspaceSize": "1Gi",
        "nanobotAgentResources": {"requests": {"memory": "400Mi"}},
        "maxCPURequest": "1",
        "maxCPULimit": 2,
        "maxMemoryRequest": "1Gi",
        "maxMemoryLimit": "2Gi",
    },
    "servers": {
        "github": {
            "runtime": "npx",
            "npxConfig": {"package": "p", "args": ["--port", 8080], "egressDomains": [], "denyAllEgress": True},
            "egress": FULL_EGRESS,
            "ingress": {"from": ["obot"], "ports": [8099]},
            "podSelector": {"matchLabels": {"app": "github"}, "matchExpressions": [{"key": "t", "operator": "Exists"}]},
            "env": [
                {
                    "key": "TOKEN",
                    "name": "Token",
                    "description": "A token",
                    "required": True,
                    "sensitive": True,
                    "value": "x",
                    "file": False,
                },
                {"key": "KEY", "secretKeyRef": {"name": "github", "key": "key"}},
            ],
            "displayName": "GitHub",
            "description": "Issues",
            "run": {
                "enabled": False,
                "transport": "http",
                "bridgeLog": "quiet",
                "readOnlyRootFilesystem": False,
                "writablePaths": ["/var/cache"],
                "runAsUser": 1001,
                "volumeSizeLimit": "1Gi",
                "resources": {"limits": {"memory": "1Gi"}},
                "restart": "once",
                "serviceAccount": {
                    "annotations": {"a": "b"},
                    "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"], "resourceNames": ["a"]}],
                    "namespaces": ["apps"],
                },
            },
        },
        "search": {
            "runtime": "uvx",
            "uvxConfig": {"package": "p", "command": "c", "args": [], "egressDomains": ["a.example.com"]},
            "podSelector": [{"app": "a"}, {"matchExpressions": [{"key": "t", "operator": "In", "values": ["b"]}]}],
            "egress": {"registries": "none", "dns": False},
        },
        "vault": {
            "runtime": "containerized",
            "containerizedConfig": {"image": "i", "port": 8080, "path": "/", "command": ["sh"], "args": ["-c"]},
            "egress": {"registries": "inherit", "dns": True, "domains": [], "cidrs": [], "services": []},
            "ingress": {"from": []},
            "gateway": {"service": {"name": "vault", "port": 80}},
        },
        "hub": {
            "runtime": "remote",
            "remoteConfig": {
                "fixedURL": "https://mcp.example.com",
                "urlTemplate": "https://${HOST}",
                "hostname": "mcp.example.com",
                "headers": [
                    {"key": "k", "name": "n", "description": "d", "value": "v", "required": True, "sensitive": True}
                ],
            },
            "gateway": REGISTRATION,
        },
        "tools": {"runtime": "composite", "compositeConfig": {"componentServers": ["github", "hub"]}},
    },
    "workloads": {
        "gateway": {
            "namespace": "edge",
            "podSelector": [{"app": "gateway"}],
            "egress": {**FULL_EGRESS, "servers": ["github"]},
            "ingress": {"from": ["obot"], "ports": ["3000/TCP"]},
        },
        "operator": {"podSelector": {"app": "operator"}, "egress": {"servers": "all"}},
    },
    "run": {"enabled": False},
    "guard": {
        "enabled": True,
        "writers": [
            {"kind": "ServiceAccount", "name": "argocd", "namespace": "argocd"},
            {"kind": "User", "name": "me"},
        ],
        "mode": "warn",
        "pods": "off",
    },
    "gateway": GATEWAY,
    "mcpNamespace": {
        "create": True,
        "keep": True,
        "name": "tools",
        "annotations": {"a": "b"},
        "labels": {"a": "b"},
        "resourceQuota": {"hard": {"pods": 5, "limits.cpu": "4"}},
        "networkPolicy": {"enabled": True, "dnsNamespace": "kube-system"},
        "podSecurity": {
            "enabled": True,
            "enforce": "restricted",
            "enforceVersion": "latest",
            "audit": "baseline",
            "auditVersion": "v1.30",
            "warn": "privileged",
            "warnVersion": "latest",
        },
    },
    "rbac": {
        "create": True,
        "serviceAccount": {"create": True, "name": "a", "annotations": {"a": "b"}},
        "subject": {"kind": "ServiceAccount", "name": "a", "namespace": "b"},
        "extraRules": [{"apiGroups": [""], "resources": ["pods"], "resourceNames": ["a"], "verbs": ["get"]}],
    },
}
"""Every key of the schema at least once."""


def sound() -> dict[str, Any]:
    """A catalog with every key of the schema, and no error."""
    raw = copy.deepcopy(FULL)
    raw["cluster"] |= {"ipFamilies": ["IPv4", "IPv6"], "profile": "eks", "cni": "generic"}
    raw["egress"]["provider"] = "aviatrix"
    raw["egress"]["registries"]["uvx"] = [{"name": "pypi", "mode": "cidr", "cidrs": ["10.2.0.0/24"], "ports": [443]}]
    servers = raw["servers"]
    servers["github"]["npxConfig"]["denyAllEgress"] = False
    servers["github"]["podSelector"] = {"matchLabels": {"app": "github"}}
    servers["search"]["podSelector"] = [{"app": "search-1"}, {"app": "search-2"}]
    servers["hub"]["remoteConfig"] = {
        "fixedURL": "https://mcp.example.com/x",
        "headers": servers["hub"]["remoteConfig"]["headers"],
    }
    for item in (servers["github"], raw["workloads"]["gateway"]):
        item["egress"] = copy.deepcopy(item["egress"])
        item["egress"]["cidrs"].pop()
        item["egress"]["services"].pop()
    return raw


GOOD: dict[str, dict[str, Any]] = {
    "nothing": {},
    "everything": FULL,
    "empty subtrees": {key: {} for key in FULL},
    "a server with its runtime alone": {"servers": {"a": {"runtime": "npx"}}},
    "every provider": {"egress": {"provider": "clusternetworkpolicy"}},
    "a name that is no label is for code to judge": {"servers": {"Not A Label": {"runtime": "npx"}}},
    "a port out of range is for code to judge": {"mcpServerDefaults": {"port": 70000}},
    "an empty selector is for code to judge": {"workloads": {"a": {"podSelector": {}}}},
    "a label called matchLabels of another kind": {
        "clients": {"a": {"podSelector": {"app": "a", "b.example.com/c": ""}}}
    },
}


def server(**keys: Any) -> dict[str, Any]:
    """A catalog of one npx server with these keys beside its runtime."""
    return {"servers": {"a": {"runtime": "npx", **keys}}}


def egress(**keys: Any) -> dict[str, Any]:
    """A catalog of one server with this egress."""
    return server(egress=keys)


BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    # what: (document, path of the error, keyword that refuses)
    "unknown key at the root": ({"severs": {}}, "", "additionalProperties"),
    "global belongs to the chart alone": ({"global": {}}, "", "additionalProperties"),
    "unknown key in cluster": ({"cluster": {"profil": "gke"}}, "cluster", "additionalProperties"),
    "unknown profile": ({"cluster": {"profile": "azure"}}, "cluster.profile", "enum"),
    "unknown cni": ({"cluster": {"cni": "calico"}}, "cluster.cni", "enum"),
    "unknown mesh": ({"cluster": {"mesh": "istio"}}, "cluster.mesh", "enum"),
    "unknown range of the cluster": ({"cluster": {"cidrs": {"pod": []}}}, "cluster.cidrs", "additionalProperties"),
    "one cidr without a list": ({"cluster": {"cidrs": {"pods": "10.0.0.0/8"}}}, "cluster.cidrs.pods", "type"),
    "no family": ({"cluster": {"ipFamilies": []}}, "cluster.ipFamilies", "minItems"),
    "one family twice": ({"cluster": {"ipFamilies": ["IPv4", "IPv4"]}}, "cluster.ipFamilies", "uniqueItems"),
    "unknown family": ({"cluster": {"ipFamilies": ["ipv4"]}}, "cluster.ipFamilies[0]", "enum"),
    "version as a number": ({"cluster": {"kubernetesVersion": 1.36}}, "cluster.kubernetesVersion", "type"),
    "nat64 as a word": ({"cluster": {"nat64": "yes"}}, "cluster.nat64", "type"),
    "an empty DNS peer": ({"dns": {"peers": [{}]}}, "dns.peers[0]", "minProperties"),
    "all ports of the resolver": ({"dns": {"ports": "all"}}, "dns.ports", "type"),
    "unknown provider": ({"egress": {"provider": "istio"}}, "egress.provider", "enum"),
    "unknown stance": ({"egress": {"default": "allow"}}, "egress.default", "enum"),
    "a version of the CRD as a number": ({"egress": {"aviatrix": {"crd": 10.1}}}, "egress.aviatrix.crd", "enum"),
    "registries of another runtime": (
        {"egress": {"registries": {"pip": []}}},
        "egress.registries",
        "additionalProperties",
    ),
    "callbackPort as a string": ({"clients": {"a": {"callbackPort": "8080"}}}, "clients.a.callbackPort", "type"),
    "several selectors of a client": (
        {"clients": {"a": {"podSelector": [{"a": "b"}]}}},
        "clients.a.podSelector",
        "type",
    ),
    "null instead of a client": ({"clients": {"a": None}}, "clients.a", "type"),
    "a port of the defaults as a string": ({"mcpServerDefaults": {"port": "80"}}, "mcpServerDefaults.port", "type"),
    "servers as a list": ({"servers": [{"runtime": "npx"}]}, "servers", "type"),
    "a server without runtime": ({"servers": {"a": {}}}, "servers.a", "required"),
    "unknown runtime": ({"servers": {"a": {"runtime": "docker"}}}, "servers.a.runtime", "enum"),
    "unknown key of a server": (server(eggress={}), "servers.a", "additionalProperties"),
    "unknown key of a registration": (server(gateway={"prefx": "a"}), "servers.a.gateway", "additionalProperties"),
    "a secret in a reference": (
        server(gateway={"credentialRef": {"name": "a", "value": "x"}}),
        "servers.a.gateway.credentialRef",
        "additionalProperties",
    ),
    "auth as a word": (server(gateway={"auth": "oidc"}), "servers.a.gateway.auth", "type"),
    "rights nowhere": (server(gateway={"kubernetesUsers": {}}), "servers.a.gateway.kubernetesUsers", "required"),
    "running as a word": (server(run="yes"), "servers.a.run", "type"),
    "unknown key of run": (server(run={"image": "a"}), "servers.a.run", "additionalProperties"),
    "a Secret without its key": (
        server(env=[{"key": "A", "secretKeyRef": {"name": "a"}}]),
        "servers.a.env[0].secretKeyRef",
        "required",
    ),
    "rules without verbs": (
        server(run={"serviceAccount": {"rules": [{"apiGroups": [""], "resources": ["pods"]}]}}),
        "servers.a.run.serviceAccount.rules[0]",
        "required",
    ),
    "running all servers as a word": ({"run": {"enabled": "yes"}}, "run.enabled", "type"),
    "an unknown gateway provider": ({"gateway": {"provider": "kong"}}, "gateway.provider", "enum"),
    "a listener without a hostname": ({"gateway": {"listeners": [{"name": "a"}]}}, "gateway.listeners[0]", "required"),
    "a virtual server without tools": (
        {"gateway": {"virtualServers": {"a": {"tools": []}}}},
        "gateway.virtualServers.a.tools",
        "minItems",
    ),
    "unknown key of npxConfig": (server(npxConfig={"command": "x"}), "servers.a.npxConfig", "additionalProperties"),
    "package as a number": (server(npxConfig={"package": 1}), "servers.a.npxConfig.package", "type"),
    "a mapping among the arguments": (server(npxConfig={"args": [{}]}), "servers.a.npxConfig.args[0]", "type"),
    "denyAllEgress as a word": (
        server(npxConfig={"denyAllEgress": "true"}),
        "servers.a.npxConfig.denyAllEgress",
        "type",
    ),
    "egressDomains as text": (server(npxConfig={"egressDomains": "a"}), "servers.a.npxConfig.egressDomains", "type"),
    "a port range of a container": (
        server(containerizedConfig={"port": "80-90"}),
        "servers.a.containerizedConfig.port",
        "type",
    ),
    "an env value as a number": (server(env=[{"value": 1}]), "servers.a.env[0].value", "type"),
    "unknown key of a header": (
        server(remoteConfig={"headers": [{"val": "x"}]}),
        "servers.a.remoteConfig.headers[0]",
        "additionalProperties",
    ),
    "components as objects": (
        server(compositeConfig={"componentServers": [{"catalogEntryID": "x"}]}),
        "servers.a.compositeConfig.componentServers[0]",
        "type",
    ),
    "servers in a server's egress": (egress(servers="all"), "servers.a.egress", "additionalProperties"),
    "a domain without a name": (egress(domains=[{"ports": [443]}]), "servers.a.egress.domains[0]", "required"),
    "unknown key of a domain": (
        egress(domains=[{"name": "a.example.com", "port": 443}]),
        "servers.a.egress.domains[0]",
        "additionalProperties",
    ),
    "a domain as a number": (egress(domains=[1]), "servers.a.egress.domains[0]", "type"),
    "a cidr as text": (egress(cidrs=["10.0.0.0/8"]), "servers.a.egress.cidrs[0]", "type"),
    "a cidr without cidr": (egress(cidrs=[{"ports": "all"}]), "servers.a.egress.cidrs[0]", "required"),
    "no ports": (egress(cidrs=[{"cidr": "a", "ports": []}]), "servers.a.egress.cidrs[0].ports", "anyOf"),
    "a quoted bare port for all ports": (
        egress(cidrs=[{"cidr": "a", "ports": "443"}]),
        "servers.a.egress.cidrs[0].ports",
        "anyOf",
    ),
    "a port in parts": (egress(domains=[{"name": "a", "ports": [44.5]}]), "servers.a.egress.domains[0].ports", "anyOf"),
    "a service without a name": (egress(services=[{"namespace": "a"}]), "servers.a.egress.services[0]", "required"),
    "unknown mode": (egress(services=[{"name": "a", "mode": "dns"}]), "servers.a.egress.services[0].mode", "enum"),
    "unknown word for registries": (egress(registries="all"), "servers.a.egress.registries", "anyOf"),
    "a registry without a name": (egress(registries=[{"mode": "cidr"}]), "servers.a.egress.registries", "anyOf"),
    "dns as another word": (egress(dns="yes"), "servers.a.egress.dns", "enum"),
    "a client as a mapping": (server(ingress={"from": [{}]}), "servers.a.ingress.from[0]", "type"),
    "no ports of ingress": (server(ingress={"ports": []}), "servers.a.ingress.ports", "anyOf"),
    "no selector of several": (server(podSelector=[]), "servers.a.podSelector", "minItems"),
    "a label value as a number": (server(podSelector={"app": 1}), "servers.a.podSelector.app", "type"),
    "matchLabels as a label": (server(podSelector={"matchLabels": "a"}), "servers.a.podSelector.matchLabels", "type"),
    "unknown operator": (
        server(podSelector={"matchExpressions": [{"key": "a", "operator": "Gt"}]}),
        "servers.a.podSelector.matchExpressions[0].operator",
        "enum",
    ),
    "a workload without podSelector": ({"workloads": {"a": {}}}, "workloads.a", "required"),
    "another word for all servers": (
        {"workloads": {"a": {"podSelector": {}, "egress": {"servers": "any"}}}},
        "workloads.a.egress.servers",
        "anyOf",
    ),
    "runtime of a workload": (
        {"workloads": {"a": {"podSelector": {}, "runtime": "npx"}}},
        "workloads.a",
        "additionalProperties",
    ),
    "unknown key of mcpNamespace": ({"mcpNamespace": {"nam": "a"}}, "mcpNamespace", "additionalProperties"),
    "unknown level": (
        {"mcpNamespace": {"podSecurity": {"enforce": "strict"}}},
        "mcpNamespace.podSecurity.enforce",
        "enum",
    ),
    "an annotation as a number": (
        {"mcpNamespace": {"annotations": {"argocd.argoproj.io/sync-wave": -1}}},
        "mcpNamespace.annotations['argocd.argoproj.io/sync-wave']",
        "type",
    ),
    "unknown kind of subject": ({"rbac": {"subject": {"kind": "Pod"}}}, "rbac.subject.kind", "enum"),
    "a rule without verbs": (
        {"rbac": {"extraRules": [{"apiGroups": [""], "resources": ["pods"]}]}},
        "rbac.extraRules[0]",
        "required",
    ),
}
