"""The guard: the API server itself refuses what would open a fence from outside, where a catalog asks for it.

It is static manifests, ValidatingAdmissionPolicies with their bindings (Kubernetes 1.30), and nothing that runs.
Imported only where `guard.enabled` is written; `catalog/guard_reader` reads those keys.

    cel         pieces of CEL: texts, selectors
    kinds       every kind of policy that a row of providers or engines knows
    policies    who may write policies in the fenced namespaces, and cluster-wide ones that could speak of them
    pods        which pods may come, and which labels they keep
    namespaces  the labels of the servers' namespace
    objects     the manifests
    proof       that the text which leaves is the guard that was meant
    foreign     policies of the same stream that the guard would refuse
"""

from mcpfence.guard.foreign import refused_policies
from mcpfence.guard.objects import guard_manifests
from mcpfence.guard.proof import prove_guard

__all__ = ["guard_manifests", "prove_guard", "refused_policies"]
