"""Documents of which somebody makes policies, or that change those which are there: as objects, names, text, mutations."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import yaml

from edges import carrier
from helpers import run_cli
from krm import function_config, resource_list
from mcpfence.findings.finding import McpfenceError
from mcpfence.reach.evaluation.policy_set import read_policies
from mcpfence.streams.post_render import post_render

Raw = dict[str, Any]

OPEN: Raw = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "open", "namespace": "demo-mcp"},
    "spec": {"podSelector": {}, "egress": [{}], "policyTypes": ["Egress"]},
}
TEXT = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: open}\nspec: {egress: [{}]}\n"
QUOTED = '{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "spec": {"egress": [{}]}}'
ESCAPED = 'apiVersion: networking.k8s.io/v1\nkind: "\\x4eetworkPolicy"\nspec: {egress: [{}]}\n'
PLAIN = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {see: NetworkPolicy, networkpolicies: none}\n"


def made(api: str, kind: str, spec: Any = None, **body: Any) -> Raw:
    """An object of the cluster, or of namespace demo-mcp."""
    return {
        "apiVersion": api,
        "kind": kind,
        "metadata": {"name": "p", "namespace": "demo-mcp"},
        **({} if spec is None else {"spec": spec}),
        **body,
    }


def kyverno(**rule: Any) -> Raw:
    """A ClusterPolicy with one rule."""
    return made("kyverno.io/v1", "ClusterPolicy", {"rules": [{"name": "r", **rule}]})


def matching(*kinds: str) -> Raw:
    """What a rule of Kyverno's is for."""
    return {"any": [{"resources": {"kinds": list(kinds)}}]}


def admission(*resources: str, group: str = "admissionregistration.k8s.io/v1alpha1", **spec: Any) -> Raw:
    """A MutatingAdmissionPolicy."""
    rules = [{"apiGroups": ["*"], "resources": list(resources), "operations": ["CREATE"]}]
    return made(group, "MutatingAdmissionPolicy", {"matchConstraints": {"resourceRules": rules}, **spec})


def configmap(text: str, name: str = "m", **body: Any) -> Raw:
    """A ConfigMap that holds manifests as text."""
    found = made("v1", "ConfigMap", data={"a.yaml": text}, **body)
    return {**found, "metadata": {"name": name, "namespace": "demo-mcp"}}


def coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


SETS = made(
    "addons.cluster.x-k8s.io/v1beta1", "ClusterResourceSet", {"resources": [{"kind": "ConfigMap", "name": "m"}]}
)
PROFILE = made(
    "config.projectsveltos.io/v1beta1",
    "ClusterProfile",
    {"policyRefs": [{"kind": "ConfigMap", "name": "m", "namespace": "demo-mcp"}]},
)

MAKERS: dict[str, list[Raw]] = {
    "Kyverno generates": [kyverno(generate={"kind": "NetworkPolicy", "name": "x", "data": {"spec": {"egress": [{}]}}})],
    "Kyverno clones": [kyverno(generate={"kind": "NetworkPolicy", "name": "x", "clone": {"name": "ns"}})],
    "Kyverno clones a list": [
        kyverno(
            generate={
                "namespace": "x",
                "cloneList": {"namespace": "ns", "kinds": ["networking.k8s.io/v1/NetworkPolicy"]},
            }
        )
    ],
    "Kyverno clones a list of anything": [kyverno(generate={"cloneList": {"kinds": ["*/*/*"]}})],
    "Kyverno clones a list in a loop": [
        kyverno(
            generate={
                "foreach": [{"list": "x", "cloneList": {"kinds": ["v1/Secret", "cilium.io/v2/CiliumNetworkPolicy"]}}]
            }
        )
    ],
    "Kyverno generates what a variable says": [kyverno(generate={"kind": "{{ request.object.kind }}", "name": "x"})],
    "Kyverno generates by CEL": [
        made(
            "policies.kyverno.io/v1",
            "GeneratingPolicy",
            {"variables": [{"name": "d", "expression": '[{"kind": dyn("NetworkPolicy"), "spec": {}}]'}]},
        )
    ],
    "Kyverno copies by CEL": [
        made(
            "policies.kyverno.io/v1",
            "GeneratingPolicy",
            {
                "variables": [
                    {"name": "d", "expression": 'resource.Get("networking.k8s.io/v1", "networkpolicies", "x", "y")'}
                ]
            },
        )
    ],
    "Kyverno mutates": [
        kyverno(match=matching("NetworkPolicy"), mutate={"patchStrategicMerge": {"spec": {"egress": [{}]}}})
    ],
    "Kyverno mutates by group and version": [
        kyverno(match=matching("networking.k8s.io/v1/NetworkPolicy"), mutate={"patchesJson6902": "- op: add"})
    ],
    "Kyverno mutates everything": [
        kyverno(match=matching("*"), mutate={"patchStrategicMerge": {"spec": {"egress": [{}]}}})
    ],
    "Kyverno mutates what is there": [
        kyverno(
            match=matching("ConfigMap"),
            mutate={
                "targets": [{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy"}],
                "patchStrategicMerge": {},
            },
        )
    ],
    "Kubernetes mutates": [admission("networkpolicies", mutations=[{"jsonPatch": {"expression": "[]"}}])],
    "Kubernetes mutates a part": [admission("networkpolicies/status", mutations=[])],
    "Kubernetes mutates everything": [
        admission("*", mutations=[{"applyConfiguration": {"expression": "Object{spec: {egress: [{}]}}"}}])
    ],
    "Gatekeeper mutates": [
        made(
            "mutations.gatekeeper.sh/v1",
            "Assign",
            {"applyTo": [{"groups": ["*"], "kinds": ["NetworkPolicy"]}], "location": "spec.egress"},
        )
    ],
    "Kyverno cleans up": [made("kyverno.io/v2", "ClusterCleanupPolicy", {"match": matching("NetworkPolicy")})],
    "Kyverno cleans up by a part of the kind": [
        made("kyverno.io/v2", "CleanupPolicy", {"match": matching("Network*")})
    ],
    "Kyverno cleans up everything": [made("kyverno.io/v2", "CleanupPolicy", {"match": matching("*")})],
    "Kyverno deletes": [
        made(
            "policies.kyverno.io/v1",
            "DeletingPolicy",
            {"matchConstraints": {"resourceRules": [{"apiGroups": ["*"], "resources": ["networkpolicies"]}]}},
        )
    ],
    "a text of Open Cluster Management": [
        made(
            "policy.open-cluster-management.io/v1",
            "ConfigurationPolicy",
            {"object-templates-raw": f"- complianceType: musthave\n  objectDefinition:\n    {TEXT}"},
        )
    ],
    "a text in a policy of Open Cluster Management": [
        made(
            "policy.open-cluster-management.io/v1",
            "Policy",
            {
                "policy-templates": [
                    {
                        "objectDefinition": made(
                            "policy.open-cluster-management.io/v1",
                            "ConfigurationPolicy",
                            {"object-templates-raw": TEXT},
                        )
                    }
                ]
            },
        )
    ],
    "kapp's files": [made("kappctrl.k14s.io/v1alpha1", "App", {"fetch": [{"inline": {"paths": {"a.yaml": TEXT}}}]})],
    "a work of manifests": [
        made("work.open-cluster-management.io/v1", "ManifestWork", {"workload": {"manifests": [OPEN]}})
    ],
    "Karmada's": [made("work.karmada.io/v1alpha1", "Work", {"workload": {"manifests": [OPEN]}})],
    "Crossplane's": [made("kubernetes.crossplane.io/v1alpha2", "Object", {"forProvider": {"manifest": OPEN}})],
    "Crossplane's text": [
        made(
            "apiextensions.crossplane.io/v1",
            "Composition",
            {"pipeline": [{"input": {"kind": "GoTemplate", "inline": {"template": TEXT}}}]},
        )
    ],
    "Fleet's text": [made("fleet.cattle.io/v1alpha1", "Bundle", {"resources": [{"name": "a.yaml", "content": TEXT}]})],
    "Fleet's text as JSON": [made("fleet.cattle.io/v1alpha1", "Bundle", {"resources": [{"content": QUOTED}]})],
    "Fleet's text in escapes": [made("fleet.cattle.io/v1alpha1", "Bundle", {"resources": [{"content": ESCAPED}]})],
    "Fleet's text, packed": [
        made("fleet.cattle.io/v1alpha1", "Bundle", {"resources": [{"content": "H4sIAAAA", "encoding": "base64+gz"}]})
    ],
    "Flux's patches": [
        made(
            "kustomize.toolkit.fluxcd.io/v1",
            "Kustomization",
            {"patches": [{"patch": TEXT, "target": {"kind": "NetworkPolicy"}}]},
        )
    ],
    "Flux's target with a name": [
        made(
            "kustomize.toolkit.fluxcd.io/v1",
            "Kustomization",
            {"patches": [{"patch": "- op: add", "target": {"kind": "NetworkPolicy", "name": "x"}}]},
        )
    ],
    "Flux's templates": [made("fluxcd.controlplane.io/v1", "ResourceSet", {"resourcesTemplate": TEXT})],
    "Flux's post-renderers": [
        made(
            "helm.toolkit.fluxcd.io/v2",
            "HelmRelease",
            {"postRenderers": [{"kustomize": {"patches": [{"patch": TEXT}]}}]},
        )
    ],
    "Argo CD's patches": [
        made("argoproj.io/v1alpha1", "Application", {"source": {"kustomize": {"patches": [{"patch": TEXT}]}}})
    ],
    "a ConfigMap that a ClusterResourceSet names": [SETS, configmap(TEXT)],
    "a ConfigMap that Sveltos names": [configmap(QUOTED), PROFILE],
    "a ConfigMap with other data": [SETS, configmap("a: b\n", binaryData={"a": "H4sIAAAA"})],
    "a Secret for a ClusterResourceSet": [
        made("v1", "Secret", type="addons.cluster.x-k8s.io/resource-set", data={"a.yaml": coded(TEXT)})
    ],
    "a Secret for Sveltos": [
        made("v1", "Secret", type="addons.projectsveltos.io/cluster-profile", stringData={"a.yaml": TEXT})
    ],
}


WORKFLOW: Raw = {"templates": [{"name": "t", "resource": {"action": "apply", "manifest": TEXT}}]}
CUE: Raw = {"schematic": {"cue": {"template": 'output: {\n  kind: "NetworkPolicy"\n  spec: egress: [{}]\n}'}}}
GENERATED: Raw = {"templates": [{"objectTemplate": TEXT}]}
MAKERS |= {
    "Argo's workflow": [made("argoproj.io/v1alpha1", "Workflow", WORKFLOW)],
    "Argo's workflow of a schedule": [made("argoproj.io/v1alpha1", "CronWorkflow", {"workflowSpec": WORKFLOW})],
    "Argo's templates": [made("argoproj.io/v1alpha1", "WorkflowTemplate", WORKFLOW)],
    "Argo's templates for all": [made("argoproj.io/v1alpha1", "ClusterWorkflowTemplate", WORKFLOW)],
    "KubeVela's trait": [made("core.oam.dev/v1beta1", "TraitDefinition", CUE)],
    "KubeVela's component": [made("core.oam.dev/v1beta1", "ComponentDefinition", CUE)],
    "a template for each namespace": [made("redhatcop.redhat.io/v1alpha1", "NamespaceConfig", GENERATED)],
    "a template for each user": [made("redhatcop.redhat.io/v1alpha1", "UserConfig", GENERATED)],
    "a patch of what is there": [made("redhatcop.redhat.io/v1alpha1", "Patch", {"patches": {"a": {"patchTemplate": TEXT}}})],
    "Capsule's tenant": [made("capsule.clastix.io/v1beta2", "Tenant", {"networkPolicies": {"items": [{"egress": [{}]}]}})],
    "Capsule's generator": [
        made("capsule.clastix.io/v1beta2", "GlobalTenantResource", {"resources": [{"generators": [{"template": TEXT}]}]})
    ],
    "a hierarchy of namespaces": [
        made(
            "hnc.x-k8s.io/v1alpha2",
            "HNCConfiguration",
            {"resources": [{"group": "networking.k8s.io", "resource": "networkpolicies", "mode": "Propagate"}]},
        )
    ],
    "Kyverno puts pods on the host's network": [
        kyverno(match=matching("Pod"), mutate={"patchStrategicMerge": {"spec": {"hostNetwork": True}}})
    ],
    "Kyverno adds networks": [
        kyverno(
            match=matching("Deployment"),
            mutate={"patchStrategicMerge": {"metadata": {"annotations": {"+(k8s.v1.cni.cncf.io/networks)": "a"}}}},
        )
    ],
    "Kubernetes puts pods on the host's network": [
        admission("pods", mutations=[{"applyConfiguration": {"expression": "Object{spec: Object.spec{hostNetwork: true}}"}}])
    ],
    "Gatekeeper puts pods on the host's network": [
        made(
            "mutations.gatekeeper.sh/v1",
            "Assign",
            {
                "applyTo": [{"groups": [""], "kinds": ["Pod"], "versions": ["v1"]}],
                "location": "spec.hostNetwork",
                "parameters": {"assign": {"value": True}},
            },
        )
    ],
}  # fmt: skip


def webhook(*resources: str, groups: tuple[str, ...] = ("*",), operations: tuple[str, ...] = ("CREATE",)) -> Raw:
    """A configuration of webhooks, the second of which is for these resources."""
    rule = {"apiGroups": list(groups), "resources": list(resources), "operations": list(operations)}
    pods = {"apiGroups": [""], "resources": ["pods"], "operations": ["CREATE"]}
    found = made("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration")
    return {**found, "webhooks": [{"rules": [pods]}, {"rules": [rule]}]}


def kubewarden(**spec: Any) -> Raw:
    """A policy of Kubewarden's for policies."""
    rules = [{"apiGroups": ["networking.k8s.io"], "resources": ["networkpolicies"], "operations": ["CREATE"]}]
    return made("policies.kubewarden.io/v1", "ClusterAdmissionPolicy", {"rules": rules, **spec})


def jspolicy(kind: str, *resources: str, code: str = "mutate(request.object)") -> Raw:
    """A JsPolicy of a type."""
    spec = {"type": kind, "operations": ["CREATE"], "resources": list(resources), "javascript": code}
    return made("policy.jspolicy.com/v1beta1", "JsPolicy", spec)


CODE = 'create({kind: "NetworkPolicy", apiVersion: "networking.k8s.io/v1", spec: {podSelector: {}, egress: [{}]}})'
SECRET = {**made("v1", "Secret", data={"a.yaml": coded(TEXT)}), "metadata": {"name": "m", "namespace": "demo-mcp"}}
REFERENCE = [{"kind": "ConfigMap", "name": "m", "namespace": "demo-mcp"}]
EVERYTHING: Raw = {"overriders": {"plaintext": [{"path": "/spec/egress", "operator": "replace", "value": [{}]}]}}
MAKERS |= {
    "a webhook for policies": [webhook("networkpolicies", groups=("networking.k8s.io",))],
    "a webhook for all of a group": [webhook("*", groups=("cilium.io",), operations=("UPDATE",))],
    "a webhook for everything": [webhook("*/*", operations=("*",))],
    "Kubewarden mutates": [kubewarden(mutating=True)],
    "jsPolicy mutates": [jspolicy("Mutating", "networkpolicies")],
    "jsPolicy controls": [jspolicy("Controller", "networkpolicies")],
    "jsPolicy makes": [jspolicy("Controller", "namespaces", code=CODE)],
    "jsPolicy's bundle": [made("policy.jspolicy.com/v1beta1", "JsPolicyBundle", {"bundle": "H4sIAAAA"})],
    "Karmada overrides everything": [made("policy.karmada.io/v1alpha1", "ClusterOverridePolicy", {"overrideRules": [EVERYTHING]})],
    "Karmada overrides policies": [
        made(
            "policy.karmada.io/v1alpha1",
            "OverridePolicy",
            {"resourceSelectors": [{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy"}], "overrideRules": [EVERYTHING]},
        )
    ],
    "Loft's template": [made("storage.loft.sh/v1", "SpaceTemplate", {"template": {"objects": TEXT}})],
    "Loft's space": [made("management.loft.sh/v1", "SpaceInstance", {"template": {"objects": TEXT}})],
    "a template of an operator that nobody knows": [made("x.example/v1", "Thing", {"raw": f"---\n{TEXT}"})],
    "package-operator's template": [made("package-operator.run/v1alpha1", "ObjectTemplate", {"template": TEXT})],
    "Crossplane's operation": [made("ops.crossplane.io/v1alpha1", "Operation", {"pipeline": [{"input": {"inline": {"template": TEXT}}}]})],
    "OpenShift's template of any kind": [made("template.openshift.io/v1", "Template", objects=[{**OPEN, "kind": "${KIND}"}])],
    "Otterize's intents": [made("k8s.otterize.com/v2beta1", "ClientIntents", {"workload": {"name": "x"}})],
    "a chart that is packed": [made("helm.cattle.io/v1", "HelmChart", {"chartContent": "H4sIAAAA"})],
    "Fleet's packed content": [made("fleet.cattle.io/v1alpha1", "Content", content="H4sIAAAA")],
    "a ConfigMap that an event of Sveltos applies": [
        configmap(TEXT), made("lib.projectsveltos.io/v1beta1", "EventTrigger", {"policyRefs": REFERENCE})
    ],
    "a ConfigMap that Sveltos promotes": [
        configmap(TEXT), made("config.projectsveltos.io/v1beta1", "ClusterPromotion", {"profileSpec": {"policyRefs": REFERENCE}})
    ],
    "a Secret that Gardener applies": [
        SECRET, made("resources.gardener.cloud/v1alpha1", "ManagedResource", {"secretRefs": [{"name": "m"}]})
    ],
    "rules of Kube-OVN's subnet": [made("kubeovn.io/v1", "Subnet", {"acls": [{"action": "allow-related", "match": "ip4"}]})],
    "rules of Kube-OVN's group": [made("kubeovn.io/v1", "SecurityGroup", {"egressRules": [{"policy": "allow"}]})],
}  # fmt: skip


KINDS_IN_TEXT = {
    "behind an anchor": "kind: &k NetworkPolicy",
    "as an alias": "x: &k NetworkPolicy\nkind: *k",
    "folded": "kind: >-\n  NetworkPolicy",
    "as a block": "kind: |-\n  NetworkPolicy",
    "behind a comment": "kind: # which\n  NetworkPolicy",
    "behind a tag": "kind: !!str NetworkPolicy",
    "in escapes": 'kind: "\\x4eetworkPolicy"',
    "under a key in escapes": '"\\x6bind": NetworkPolicy',
    "under a key of its own": '? "ki\\\n  nd"\n: NetworkPolicy',
    "as a sum": '"kind": "Network" + "Policy"',
    "filled in": "kind: {{ .kind }}",
    "filled in at its end": 'kind: "Network{{ .rest }}"',
    "filled in by Flux": "kind: << inputs.kind >>",
    "substituted": "kind: ${KIND}",
    "as a list": "kind: NetworkPolicyList\nitems: []",
}
MAKERS |= {
    f"a kind in text {how}": [
        made(
            "fluxcd.controlplane.io/v1", "ResourceSet", {"resourcesTemplate": TEXT.replace("kind: NetworkPolicy", kind)}
        )
    ]
    for how, kind in KINDS_IN_TEXT.items()
}
MAKERS |= {
    f"a kind in the text of anybody {how}": [
        made("x.example/v1", "Own", {"text": TEXT.replace("kind: NetworkPolicy", kind)})
    ]
    for how, kind in KINDS_IN_TEXT.items()
}


def settings(name: str, **data: str) -> Raw:
    """A ConfigMap that an engine reads."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "kube-system"},
        "data": data,
    }


def node_config(**defaults: str) -> Raw:
    """Settings of Cilium for some nodes."""
    return made("cilium.io/v2", "CiliumNodeConfig", {"nodeSelector": {}, "defaults": defaults})


def definition(strategy: str, kind: str = "CiliumNetworkPolicy") -> Raw:
    """The definition of a kind, and how its versions become each other."""
    body = {"group": "x.example", "names": {"kind": kind, "plural": "x"}, "conversion": {"strategy": strategy}}
    return made("apiextensions.k8s.io/v1", "CustomResourceDefinition", body)


def filled(field: str, value: Any, kind: str = "CiliumNetworkPolicy", **schema: Any) -> Raw:
    """The definition of a kind whose objects have a field that nobody wrote."""
    inner = {"spec": {"properties": {field: {"default": value}}}} if not schema else {"spec": schema}
    version = {"name": "v1", "schema": {"openAPIV3Schema": {"properties": inner}}}
    body = {"group": "x.example", "names": {"kind": kind, "plural": "x"}, "versions": [version]}
    return made("apiextensions.k8s.io/v1", "CustomResourceDefinition", body)


def felix(**spec: Any) -> Raw:
    """Settings of Calico."""
    return made("projectcalico.org/v3", "FelixConfiguration", spec)


MAKERS |= {
    "a program converts policies": [definition("Webhook")],
    "the API server fills in a rule": [filled("egress", [{"toEntities": ["world"]}])],
    "the API server fills in an empty one": [filled("egress", [{}])],
    "the API server fills in the protocol of rules": [
        filled("", None, items={"properties": {"protocol": {"default": "ANY"}}})
    ],
    "the API server fills in where readers look away": [
        filled("", None, allOf=[{"properties": {"egress": {"default": []}}}])
    ],
    "the API server puts pods on the host's network": [filled("hostNetwork", value=True, kind="Rollout")],
    "the API server puts pods into further networks": [
        filled("annotations", {"k8s.v1.cni.cncf.io/networks": "a"}, "Rollout")
    ],
    "the API server fills in a policy": [filled("object", OPEN, "Template")],
    "the API server fills in the text of a policy": [filled("patch", TEXT, "Template")],
    "Cilium enforces nothing": [settings("cilium-config", **{"enable-policy": "never"})],
    "Cilium enforces no NetworkPolicy": [settings("cilium-config", **{"enable-k8s-networkpolicy": "False"})],
    "Cilium enforces nothing on some nodes": [node_config(**{"enable-policy": "never"})],
    "Cilium only looks": [node_config(**{"policy-audit-mode": "true"})],
    "Cilium's blocks are for nodes": [node_config(**{"policy-cidr-match-mode": "nodes"})],
    "AWS enforces nothing": [settings("amazon-vpc-cni", **{"enable-network-policy-controller": "false"})],
    "Calico looks at other interfaces": [felix(interfacePrefix="none")],
    "Calico comes behind others": [felix(chainInsertMode="Append")],
}

NOBODYS: dict[str, list[Raw]] = {
    "a definition that converts nothing": [definition("None")],
    "vendors' own defaults": [
        filled("protocol", "TCP", "ClusterNetworkPolicy"), filled("family", "IPv4"), filled("tier", "default", "NetworkPolicy")
    ],
    "a field that is called default": [filled("", None, properties={"default": {"type": "string"}})],
    "defaults of something else": [filled("replicas", 1, "Pipeline"), filled("hostNetwork", value=False, kind="Rollout")],
    "a program converts something else": [definition("Webhook", "Pipeline")],
    "Cilium enforces": [settings("cilium-config", **{"enable-policy": "default"}), node_config(**{"enable-policy": "always"})],
    "settings of somebody else": [settings("app-config", **{"enable-policy": "never"})],
    "AWS enforces": [settings("amazon-vpc-cni", **{"enable-network-policy-controller": "true"})],
    "Calico as it is": [felix(logSeverityScreen="Info", chainInsertMode="Insert")],
    "a webhook for pods": [webhook("pods", "deployments")],
    "a webhook for another group": [webhook("*", groups=("cert-manager.io",))],
    "a webhook for deletions": [webhook("networkpolicies", operations=("DELETE",))],
    "a webhook that only refuses": [
        {**webhook("networkpolicies"), "kind": "ValidatingWebhookConfiguration"}
    ],
    "Kubewarden refuses": [kubewarden(mutating=False)],
    "jsPolicy refuses": [jspolicy("Validating", "networkpolicies")],
    "Karmada overrides images": [
        made("policy.karmada.io/v1alpha1", "ClusterOverridePolicy", {"overrideRules": [{"overriders": {"imageOverrider": []}}]})
    ],
    "Kube-OVN's subnet that drops": [made("kubeovn.io/v1", "Subnet", {"acls": [{"action": "drop"}]})],
    "the definition of a kind": [
        made("apiextensions.k8s.io/v1", "CustomResourceDefinition", {"names": {"kind": "CiliumNetworkPolicy", "plural": "x"}})
    ],
    "a project of Argo CD": [
        made("argoproj.io/v1alpha1", "AppProject", {"namespaceResourceWhitelist": [{"group": "networking.k8s.io", "kind": "NetworkPolicy"}]})
    ],
    "a report": [
        made("wgpolicyk8s.io/v1alpha2", "PolicyReport", results=[{"resources": [{"kind": "NetworkPolicy", "name": "x"}]}])
    ],
    "a script of Tekton's": [made("tekton.dev/v1", "Task", {"steps": [{"script": f"kubectl apply -f - <<E\n{TEXT}E\n"}]})],
    "a rule of alerts": [
        made("monitoring.coreos.com/v1", "PrometheusRule", {"description": "apiVersion and kind: NetworkPolicy of egress"})
    ],
    "a text that speaks of a policy": [made("x.example/v1", "Thing", {"help": "write kind: NetworkPolicy with egress"})],

    "a script in a workflow": [
        made("argoproj.io/v1alpha1", "Workflow", {"templates": [{"name": "t", "script": {"source": f"kubectl apply -f -<<E\n{TEXT}"}}]})
    ],
    "Capsule's tenant without policies": [made("capsule.clastix.io/v1beta2", "Tenant", {"owners": [{"name": "a"}]})],
    "a hierarchy that copies Roles": [
        made("hnc.x-k8s.io/v1alpha2", "HNCConfiguration", {"resources": [{"resource": "roles", "mode": "Propagate"}]})
    ],
    "Kyverno takes pods off the host's network": [
        kyverno(match=matching("Pod"), mutate={"patchStrategicMerge": {"spec": {"hostNetwork": False}}})
    ],
    "Kyverno validates": [kyverno(match=matching("NetworkPolicy"), validate={"pattern": {"spec": {"egress": []}}})],
    "Kyverno labels everything": [kyverno(match=matching("*"), mutate={"patchStrategicMerge": {"metadata": {"labels": {"a": "b"}}}})],
    "Kyverno mutates beside a rule that validates": [
        made(
            "kyverno.io/v1",
            "ClusterPolicy",
            {
                "rules": [
                    {"match": matching("NetworkPolicy"), "validate": {"message": "x"}},
                    {"match": matching("Pod"), "mutate": {"patchStrategicMerge": {"spec": {"x": 1}}}},
                ]
            },
        )
    ],
    "Kyverno clones Secrets": [kyverno(generate={"cloneList": {"kinds": ["v1/Secret", "v1/ConfigMap"]}})],
    "Kyverno cleans up pods": [made("kyverno.io/v2", "ClusterCleanupPolicy", {"match": matching("Pod")})],
    "Kubernetes mutates pods": [admission("pods", mutations=[{"jsonPatch": {"expression": "egress"}}])],
    "Gatekeeper mutates pods": [made("mutations.gatekeeper.sh/v1", "Assign", {"applyTo": [{"kinds": ["Pod"]}]})],
    "a ConfigMap that nobody applies": [configmap(TEXT)],
    "a ConfigMap of another name": [SETS, configmap(TEXT, "other")],
    "a ConfigMap that speaks of policies": [SETS, configmap(PLAIN)],
    "values of a chart": [made("helm.cattle.io/v1", "HelmChart", {"valuesContent": TEXT, "chart": "x"})],
    "a script": [made("batch/v1", "Job", {"template": {"spec": {"containers": [{"args": [f"kubectl apply -f - <<E\n{TEXT}"]}]}}})],
    "Argo CD's source": [made("argoproj.io/v1alpha1", "Application", {"source": {"repoURL": "https://x.example/NetworkPolicy"}})],
    "a Secret of another type": [made("v1", "Secret", type="Opaque", data={"a.yaml": coded(TEXT)})],
}  # fmt: skip


@pytest.mark.parametrize("documents", MAKERS.values(), ids=MAKERS)
def test_what_makes_or_changes_policies_is_named(documents: list[Raw]) -> None:
    """One of the documents, for pods of any namespace."""
    (found,) = read_policies(documents).not_evaluated

    assert found.text.split(" is not evaluated; ", 1)[1] in DONE
    assert found.opens


DOES = {
    "a webhook for policies": "MutatingWebhookConfiguration demo-mcp/p (admissionregistration.k8s.io) is not evaluated; it "
    "may change policies of any namespace",
    "Kyverno generates": "ClusterPolicy demo-mcp/p (kyverno.io) is not evaluated; it may make policies for pods of any namespace",
    "Kyverno deletes": "DeletingPolicy demo-mcp/p (policies.kyverno.io) is not evaluated; it may remove policies of any namespace",
    "a ConfigMap that Sveltos names": "ConfigMap demo-mcp/m is not evaluated; it may make policies for pods of any namespace",
    "Kyverno adds networks": "ClusterPolicy demo-mcp/p (kyverno.io) is not evaluated; it may give networks that no policy "
    "holds for to pods of any namespace",
    "Cilium enforces nothing": "ConfigMap kube-system/cilium-config is not evaluated; it may take enforcement from policies "
    "of any namespace",
    "rules of Kube-OVN's group": "SecurityGroup demo-mcp/p (kubeovn.io) is not evaluated; it may select pods of any namespace",
}
DONE = {text.split(" is not evaluated; ", 1)[1] for text in DOES.values()}


@pytest.mark.parametrize("name", DOES)
def test_what_it_may_do_is_said(name: str) -> None:
    """Who makes policies, who changes and who removes them are three things to look for."""
    assert [one.text for one in read_policies(MAKERS[name]).not_evaluated] == [DOES[name]]


@pytest.mark.parametrize("documents", NOBODYS.values(), ids=NOBODYS)
def test_what_nobody_makes_policies_of_is_not(documents: list[Raw]) -> None:
    """What looks at policies, and text that nothing is known to apply."""
    assert read_policies(documents).not_evaluated == ()


@pytest.mark.parametrize("documents", MAKERS.values(), ids=MAKERS)
def test_no_stream_brings_them(documents: list[Raw]) -> None:
    """Before the carrier or behind it: the error names the document."""
    stream = b"".join(b"---\n" + yaml.safe_dump(document, sort_keys=False).encode() for document in documents)
    for data in (stream + carrier(), carrier() + stream):
        with pytest.raises(McpfenceError) as caught:
            post_render(data)
        assert {finding.id for finding in caught.value.findings if finding.severity.value == "error"} == {
            "policy-not-evaluated"
        }


@pytest.mark.parametrize(
    "key", ["enable-policy", '"enable-\\x70olicy"', '? "enable-\\x70olicy"\n ', "? !!binary ZW5hYmxlLXBvbGljeQ==\n "]
)
def test_no_stream_hides_settings(key: str) -> None:
    """Whatever form the key has in which an engine's ConfigMap says it."""
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cilium-config, namespace: kube-system}\ndata:\n"
    with pytest.raises(McpfenceError) as caught:
        post_render(f"---\n{text} {key}: never\n".encode() + carrier())

    assert {one.id for one in caught.value.findings} <= {"policy-not-evaluated", "policy-unreadable"}


def test_what_is_to_be_done_about_settings() -> None:
    """The whole sentence."""
    with pytest.raises(McpfenceError) as caught:
        post_render(b"---\n" + yaml.safe_dump(node_config(**{"enable-policy": "never"})).encode() + carrier())

    assert [finding.message for finding in caught.value.findings] == [
        "servers.vault: CiliumNodeConfig demo-mcp/p (cilium.io) is not evaluated; it may take enforcement from policies of "
        "any namespace; leave enforcement on there, or take it out"
    ]


def test_what_is_to_be_done_about_a_webhook() -> None:
    """No catalog can say what a webhook does."""
    with pytest.raises(McpfenceError) as caught:
        post_render(b"---\n" + yaml.safe_dump(webhook("networkpolicies")).encode() + carrier())

    assert [finding.message for finding in caught.value.findings] == [
        f"servers.vault: {DOES['a webhook for policies']}; "
        "move it out of this release, or take policies out of what it is for"
    ]


def test_reach_and_diff_name_them(tmp_path: Any) -> None:
    """What `reach` cannot follow is said, and a side that gains it is no longer the same."""
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(yaml.safe_dump_all([OPEN, configmap(TEXT)]))
    new.write_text(yaml.safe_dump_all([OPEN, configmap(TEXT), SETS]))

    assert "ConfigMap demo-mcp/m is not evaluated" in run_cli("reach", str(new)).stderr
    done = run_cli("diff", str(old), str(new))
    assert done.code == 1
    assert "ConfigMap demo-mcp/m is not evaluated" in done.stdout


@pytest.mark.parametrize(
    "kind", ["Bundle", "ResourceSet", "MutatingAdmissionPolicy", "ClusterResourceSet", "MutatingWebhookConfiguration"]
)
def test_they_are_read_as_policies_are(kind: str, tmp_path: Any) -> None:
    """Where readers of YAML differ on what such a document says, nothing passes."""
    text = f"apiVersion: x.example/v1\nkind: {kind}\nmetadata: {{name: p}}\nspec: {{a: b}}\nspec: {{a: c}}\n"
    with pytest.raises(McpfenceError) as caught:
        post_render(b"---\n" + text.encode() + carrier())
    assert [finding.id for finding in caught.value.findings] == ["policy-unreadable"]

    (tmp_path / "m.yaml").write_text(text)
    assert "[policy-unreadable]" in run_cli("reach", str(tmp_path / "m.yaml")).stderr
    assert "[policy-unreadable]" in run_cli("diff", str(tmp_path / "m.yaml"), str(tmp_path / "m.yaml")).stderr


def test_definitions_are_read_as_policies_are(tmp_path: Any) -> None:
    """What is filled in must be beyond doubt, too."""
    schema = "{properties: {spec: {properties: {tier: {default: default, <<: {default: other}}}}}}"
    text = (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: p}\n"
        f"spec:\n  names: {{kind: NetworkPolicy}}\n  versions: [{{schema: {{openAPIV3Schema: {schema}}}}}]\n"
    )
    with pytest.raises(McpfenceError) as caught:
        post_render(b"---\n" + text.encode() + carrier())
    assert [finding.id for finding in caught.value.findings] == ["policy-unreadable"]

    (tmp_path / "m.yaml").write_text(text)
    assert "[policy-unreadable]" in run_cli("reach", str(tmp_path / "m.yaml")).stderr


def test_a_list_of_items_brings_none() -> None:
    """Nor does a KRM function's list, where ConfigMap and who names it are items of their own."""
    for name in ("a ConfigMap that a ClusterResourceSet names", "a ConfigMap that Sveltos names", "Fleet's text"):
        outcome = run_cli("krm", stdin=resource_list(*MAKERS[name], config=function_config()))
        assert outcome.code == 1
        assert "[policy-not-evaluated]" in outcome.stderr
