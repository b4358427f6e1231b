"""Settings of engines among manifests with which policies are stored and not, or not wholly, enforced.

    CiliumNodeConfig, the ConfigMap cilium-config      `enable-policy: never`, `policy-audit-mode: "true"` ...
    FelixConfiguration of Calico                       interfaces that are passed over, chains behind those of others
    the ConfigMap amazon-vpc-cni                       `enable-network-policy-controller: "false"`

What is not said there is as the cluster has it.  Sources: the command line reference of cilium-agent ("cilium-config"),
the reference of FelixConfiguration (docs.tigera.io), "Restrict Pod network traffic" of EKS.
"""

from __future__ import annotations

from mcpfence.reach.documents.objects import Object

DISARMS = "take enforcement from policies"
"""What such an object may do."""

_CILIUM = {
    "enable-cilium-clusterwide-network-policy": "false",
    "enable-cilium-network-policy": "false",
    "enable-k8s-networkpolicy": "false",
    "enable-policy": "never",
    "policy-audit-mode": "true",
}
_CILIUM_SAYS_MORE = ("policy-cidr-match-mode",)
"""With which blocks of addresses are for more than they are by default."""
_AWS = {"enable-network-policy-controller": "false"}
_FELIX = ("interfacePrefix", "interfaceExclude")
_CONFIG_MAPS = {"amazon-vpc-cni": (_AWS, ()), "cilium-config": (_CILIUM, _CILIUM_SAYS_MORE)}

SETTINGS_WORDS = tuple(key.encode() for key in (*_CILIUM, *_CILIUM_SAYS_MORE, *_AWS))
"""Words without which no ConfigMap of a stream is such a one."""
SETTINGS_KINDS = frozenset(
    {
        ("cilium.io", "CiliumNodeConfig"),
        ("crd.projectcalico.org", "FelixConfiguration"),
        ("projectcalico.org", "FelixConfiguration"),
    }
)


def disarms(one: Object) -> bool:
    """Whether an object is a setting with which an engine no longer enforces what policies say."""
    if (one.group, one.kind) == ("", "ConfigMap") and one.name in _CONFIG_MAPS:
        return _switches_off(one.document.get("data"), *_CONFIG_MAPS[one.name])
    if (one.group, one.kind) not in SETTINGS_KINDS:
        return False
    spec = one.document.get("spec")
    if not isinstance(spec, dict):
        return False
    if one.kind == "CiliumNodeConfig":
        return _switches_off(spec.get("defaults"), _CILIUM, _CILIUM_SAYS_MORE)
    return any(spec.get(key) for key in _FELIX) or str(spec.get("chainInsertMode")).lower() == "append"


def _switches_off(settings: object, off: dict[str, str], more: tuple[str, ...]) -> bool:
    if not isinstance(settings, dict):
        return False
    return any(str(settings.get(key)).strip().lower() == value for key, value in off.items()) or any(
        settings.get(key) for key in more
    )
