"""Kinds that are no policies and of which somebody makes some, or that change those that are there: the tables.

Sources: the CRDs and the documentation of each project.
"""

from __future__ import annotations

from mcpfence.reach.engines.admission_rules import RULE_KINDS
from mcpfence.reach.engines.enforcement_settings import SETTINGS_KINDS
from mcpfence.reach.engines.kustomizations import KUSTOMIZE_KINDS

TEXTS = frozenset(
    {
        ("addons.cluster.x-k8s.io", "ClusterResourceSetBinding"),
        ("apiextensions.crossplane.io", "Composition"),
        ("argoproj.io", "Application"),
        ("argoproj.io", "ApplicationSet"),
        ("argoproj.io", "ClusterWorkflowTemplate"),
        ("argoproj.io", "CronWorkflow"),
        ("argoproj.io", "Workflow"),
        ("argoproj.io", "WorkflowTemplate"),
        ("capsule.clastix.io", "GlobalTenantResource"),
        ("capsule.clastix.io", "TenantResource"),
        ("config.projectsveltos.io", "ClusterProfile"),
        ("config.projectsveltos.io", "Profile"),
        ("core.oam.dev", "ComponentDefinition"),
        ("core.oam.dev", "PolicyDefinition"),
        ("core.oam.dev", "TraitDefinition"),
        ("core.oam.dev", "WorkflowStepDefinition"),
        ("core.oam.dev", "WorkloadDefinition"),
        ("fleet.cattle.io", "Bundle"),
        ("fluxcd.controlplane.io", "ResourceSet"),
        ("helm.toolkit.fluxcd.io", "HelmRelease"),
        ("kappctrl.k14s.io", "App"),
        ("kustomize.toolkit.fluxcd.io", "Kustomization"),
        ("policies.kyverno.io", "GeneratingPolicy"),
        ("policies.kyverno.io", "NamespacedGeneratingPolicy"),
        ("policy.open-cluster-management.io", "ConfigurationPolicy"),
        ("policy.open-cluster-management.io", "Policy"),
        ("redhatcop.redhat.io", "GroupConfig"),
        ("redhatcop.redhat.io", "NamespaceConfig"),
        ("redhatcop.redhat.io", "Patch"),
        ("redhatcop.redhat.io", "ResourceLocker"),
        ("redhatcop.redhat.io", "UserConfig"),
    }
)
"""Kinds whose text (templates, inline manifests, patches) a controller applies, by group and kind."""
UNDER = {
    ("argoproj.io", kind): "manifest"
    for kind in ("ClusterWorkflowTemplate", "CronWorkflow", "Workflow", "WorkflowTemplate")
}
"""The one key under which a kind has what is applied; its other text is scripts."""
GIVERS = {
    ("capsule.clastix.io", "Tenant"): "networkPolicies",
    ("hnc.x-k8s.io", "HNCConfiguration"): "resources",
}
"""Kinds that put policies into namespaces, and the key of their spec under which they say so."""
REFERRERS = {
    ("addons.cluster.x-k8s.io", "ClusterResourceSet"): "resources",
    ("config.projectsveltos.io", "ClusterProfile"): "policyRefs",
    ("config.projectsveltos.io", "ClusterPromotion"): "policyRefs",
    ("config.projectsveltos.io", "Profile"): "policyRefs",
    ("lib.projectsveltos.io", "EventTrigger"): "policyRefs",
    ("resources.gardener.cloud", "ManagedResource"): "secretRefs",
}
"""Kinds that name ConfigMaps and Secrets whose text is applied, and the key of their spec under which they do."""
OF_ALL_NAMESPACES = ("ClusterProfile", "ClusterPromotion", "EventTrigger")
APPLIED_TYPES = ("addons.cluster.x-k8s.io/resource-set", "addons.projectsveltos.io/cluster-profile")
"""Types of Secrets that hold manifests for these."""
REFERRER_WORDS = (b"ClusterResourceSet", b"projectsveltos.io", b"cluster.x-k8s.io/resource-set", b"ManagedResource")
"""Words without which no ConfigMap or Secret of a stream is applied."""

MUTATORS = {
    ("kyverno.io", "ClusterPolicy"),
    ("kyverno.io", "Policy"),
    ("policies.kyverno.io", "MutatingPolicy"),
    ("policies.kyverno.io", "NamespacedMutatingPolicy"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
    ("mutations.gatekeeper.sh", "Assign"),
    ("mutations.gatekeeper.sh", "ModifySet"),
}

REMOVERS = {
    ("kyverno.io", "CleanupPolicy"),
    ("kyverno.io", "ClusterCleanupPolicy"),
    ("policies.kyverno.io", "DeletingPolicy"),
    ("policies.kyverno.io", "NamespacedDeletingPolicy"),
}

OVERRIDES = {("policy.karmada.io", "ClusterOverridePolicy"), ("policy.karmada.io", "OverridePolicy")}
"""Kinds that rewrite what their `resourceSelectors` name, or everything."""

INTENTS = {("k8s.otterize.com", "ApprovedClientIntents"), ("k8s.otterize.com", "ClientIntents")}
"""Kinds of which an operator makes NetworkPolicies, whatever they say (docs.otterize.com)."""

ACLS = {("kubeovn.io", "SecurityGroup"): ("ingressRules", "egressRules"), ("kubeovn.io", "Subnet"): ("acls",)}
"""Kinds whose rules Kube-OVN puts beside those of NetworkPolicies, with priorities of their own, and their keys."""

PACKED = {
    ("fleet.cattle.io", "Content"): "content",
    ("helm.cattle.io", "HelmChart"): "chartContent",
    ("policy.jspolicy.com", "JsPolicyBundle"): "bundle",
}
"""Kinds that bring what is applied in a form that nobody reads here, and the key, of the document or its spec."""

DEFINITIONS = ("apiextensions.k8s.io", "CustomResourceDefinition")

NAMES_ONLY = {
    ("", "Event"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    DEFINITIONS,
    ("argoproj.io", "AppProject"),
    ("console.openshift.io", "ConsoleYAMLSample"),
    ("events.k8s.io", "Event"),
    ("openreports.io", "ClusterReport"),
    ("openreports.io", "Report"),
    ("wgpolicyk8s.io", "ClusterPolicyReport"),
    ("wgpolicyk8s.io", "PolicyReport"),
}
"""Kinds that name kinds of policies, or show some, and of which nothing makes any."""

VALUES = {("helm.cattle.io", "HelmChart"), ("helm.cattle.io", "HelmChartConfig")}
"""Kinds whose text is values of charts."""
OWN_GROUPS = ("", "apps", "autoscaling", "batch", "extensions", "policy")

READ_AS_POLICIES = frozenset(
    kind
    for _, kind in (
        *(*TEXTS, *REFERRERS, *GIVERS, *MUTATORS, *REMOVERS),
        *(*RULE_KINDS, *KUSTOMIZE_KINDS, *SETTINGS_KINDS),
        *(*OVERRIDES, *INTENTS, *ACLS, *PACKED),
        DEFINITIONS,
    )
)
"""Kinds of which what they say must be beyond doubt, as with policies."""
