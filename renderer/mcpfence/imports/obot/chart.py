"""Values of Obot's own Helm chart: the namespace, its labels for pod security, and what holds for every server.

    mcpNamespace: {name: obot-mcp}                          mcpNamespace: {create: false, name: obot-mcp}
    config:                                                 egress: {default: deny}
      OBOT_SERVER_MCPDEFAULT_DENY_ALL_EGRESS: "true"

Secrets stand in `config` and `secret`: nothing of them is copied but the settings that the table names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mcpfence.imports.shared.destinations import shown
from mcpfence.imports.shared.dns_labels import label
from mcpfence.imports.shared.format import FieldRow, ImportContext, Setting, Table
from mcpfence.imports.shared.packages import image
from mcpfence.imports.shared.source import BadEntry, Document, Node

_DENY = "OBOT_SERVER_MCPDEFAULT_DENY_ALL_EGRESS"
_BASE_IMAGE = "OBOT_SERVER_MCPBASE_IMAGE"
_NAMESPACE = "OBOT_SERVER_MCPNAMESPACE"
_ENGINE = "OBOT_SERVER_MCPNETWORK_POLICY_PROVIDER_CHART_NAME"
_SECURITY = "OBOT_SERVER_MCPPOD_SECURITY_"
_LEVELS = ("privileged", "baseline", "restricted")
_PODS = ("affinity", "resources", "nanobotAgentResources")
_TEXTS = ("runtimeClassName", "storageClassName", "nanobotWorkspaceSize")
_LARGEST = ("maxCPURequest", "maxCPULimit", "maxMemoryRequest", "maxMemoryLimit")
_TRUE, _FALSE = ("1", "t", "true"), ("0", "f", "false", "")

_OTHERS = (
    *("replicaCount", "dev", "image", "imagePullSecrets", "updateStrategy", "additionalLabels", "podAnnotations"),
    *("service", "ingress", "extraEnv", "extraEnvFrom", "resources", "persistence", "extraVolumes", "secret"),
    *("extraVolumeMounts", "serviceAccount", "nodeSelector", "tolerations", "affinity", "podDisruptionBudget"),
    *("nameOverride", "fullnameOverride", "global", "podLabels", "podSecurityContext", "securityContext", "mcpCA"),
    *("tunnelPeer", "topologySpreadConstraints", "runtimeClassName"),
)

CHART = Table(
    "values of Obot's chart",
    (
        FieldRow("mcpNamespace.name", "mcpNamespace.name", "create: false beside it, since Obot's chart creates it"),
        FieldRow("mcpNamespace.podSecurity", "mcpNamespace.podSecurity", ""),
        FieldRow(
            "mcpNamespace.networkPolicy.enabled",
            "",
            "never copied, for here it is the floor; true or absent: a warning, since Obot's policy opens every public "
            "address beside the fences",
        ),
        FieldRow("mcpNamespace.networkPolicy.dnsNamespace", "", "other than kube-system: a warning to write dns.peers"),
        FieldRow("mcpNamespace.annotations", "", "they are on the namespace that Obot's chart creates"),
        *(FieldRow(f"mcpNamespace.{key}", "", "") for key in ("labels", "resourceQuota")),
        *(
            FieldRow(f"mcpServerDefaults.{key}", f"mcpServerDefaults.{key}", "")
            for key in (*_PODS, "tolerations", "nodeSelector", *_TEXTS, *_LARGEST)
        ),
        FieldRow("mcpImagePullSecrets", "mcpServerDefaults.imagePullSecrets", "the names; never a user or password"),
        FieldRow(
            f"config.{_DENY}",
            "egress.default, denyAllEgress",
            "true: servers that list nothing get denyAllEgress: true; false: nothing is opened, with a warning",
        ),
        FieldRow(f"config.{_BASE_IMAGE}", "mcpServerDefaults.image", "for servers that mcpfence runs itself"),
        FieldRow(f"config.{_NAMESPACE}", "mcpNamespace.name", ""),
        FieldRow(f"config.{_ENGINE}", "egress.provider", "aviatrix, if that controller is named"),
        FieldRow(f"config.{_SECURITY}*", "mcpNamespace.podSecurity", "where mcpNamespace.podSecurity does not say it"),
        FieldRow("hostedAgentDefaults", "", "a warning: hosted agents run in the servers' namespace, under the floor"),
        FieldRow("config.*", "", ""),
        *(FieldRow(key, "", "") for key in _OTHERS),
    ),
)


def is_chart(document: Document) -> bool:
    """Whether these are values of Obot's chart, surely: settings of its server stand in `config`."""
    data = document.data
    config = data.get("config") if isinstance(data, Mapping) and "kind" not in data else None
    return isinstance(config, Mapping) and any(str(key).startswith("OBOT_") for key in config)


def may_be_chart(document: Document) -> bool:
    """Whether these are values in which nothing stands against Obot's chart."""
    data = document.data
    if not isinstance(data, Mapping) or "kind" in data or "runtime" in data or "servers" in data:
        return False
    return any(isinstance(data.get(key), Mapping) for key in ("mcpNamespace", "mcpServerDefaults"))


def denies(root: Node, context: ImportContext) -> bool:
    """Whether the installation denies what declares nothing."""
    node = _config(root, _DENY)
    if node is None:
        return False
    text = str(node.value).lower() if isinstance(node.value, (str, bool, int)) else "?"
    if text not in (*_TRUE, *_FALSE):
        context.say(
            "import-guess", node, "is neither true nor false", "imported as true: what declares nothing is denied"
        )
    elif text in _FALSE and text:
        context.say_open(node, "lets servers that list nothing reach every host")
    return text not in _FALSE


def _config(root: Node, key: str) -> Node | None:
    config = root.get("config")
    return config.get(key) if config is not None and isinstance(config.value, Mapping) else None


def read_chart(document: Document, context: ImportContext) -> Iterator[Setting]:
    """The settings of one values file."""
    root = Node(document, document.data)
    readers = (_namespace(root), _security(root, context), _defaults(root, context))
    for found in (*readers, _pull_secrets(root), _image(root, context), _egress(root, context)):
        with context.entry():
            yield from found
    with context.entry():
        _say_policy(root, context)
    if (agents := root.get("hostedAgentDefaults")) is not None:
        sentence = "is for hosted agents, whose sandboxes and jobs run in the servers' namespace"
        todo = "the floor denies their pods everything; write workloads for them (--pods lists those that run)"
        context.say("import-pods", agents, sentence, todo)


def _namespace(root: Node) -> Iterator[Setting]:
    holder = root.mapping("mcpNamespace")
    node = (holder.get("name") if holder else None) or _config(root, _NAMESPACE)
    if node is None or not node.as_text():
        return
    name = node.as_text()
    if label(name) != name:
        raise BadEntry(node, f"{shown(name)} is no name of a namespace", "write it, without a template")
    yield Setting(node, ("mcpNamespace", "name"), name)
    yield Setting(node, ("mcpNamespace", "create"), value=False, decided=("Obot's chart creates it",))


def _security(root: Node, context: ImportContext) -> Iterator[Setting]:
    holder = root.mapping("mcpNamespace")
    written = holder.mapping("podSecurity") if holder else None
    keys = ("enabled", "enforce", "enforceVersion", "audit", "auditVersion", "warn", "warnVersion")
    for key in keys:
        with context.entry():
            yield from _level(written, root, key)


def _level(written: Node | None, root: Node, key: str) -> Iterator[Setting]:
    variable = _SECURITY + "".join(f"_{c}" if c.isupper() else c.upper() for c in key)
    node = (written.get(key) if written else None) or _config(root, variable)
    if node is None:
        return
    value: Any = node.value if isinstance(node.value, bool) else node.as_text()
    if key == "enabled":
        value = value if isinstance(value, bool) else {"true": True, "false": False}.get(value.lower())
        if value is None:
            raise BadEntry(node, "is neither true nor false", "mend the source")
    elif key in ("enforce", "audit", "warn") and value not in _LEVELS:
        raise BadEntry(node, f"{shown(str(value))} is no level", f"write one of {', '.join(_LEVELS)}")
    yield Setting(node, ("mcpNamespace", "podSecurity", key), value)


def _defaults(root: Node, context: ImportContext) -> Iterator[Setting]:
    holder = root.mapping("mcpServerDefaults")
    if holder is None:
        return
    for key in (*_PODS, "tolerations", "nodeSelector", *_TEXTS, *_LARGEST):
        node = holder.get(key)
        if node is not None and node.value not in ("", {}, []):
            with context.entry():
                yield Setting(node, ("mcpServerDefaults", key), _checked(node, key))


def _checked(node: Node, key: str) -> Any:
    """The value, of the type that it must have; raises BadEntry."""
    if key == "nodeSelector":
        return {name: node.text(name) for name in node.keys()}  # noqa: SIM118
    if key in _PODS:
        node.keys()
    elif key == "tolerations":
        for item in node.entries():
            item.keys()
    elif key in _TEXTS or not isinstance(node.value, (int, float)):
        return node.as_text()
    return node.value


def _pull_secrets(root: Node) -> Iterator[Setting]:
    names = [{"name": item.text("name")} for item in root.items("mcpImagePullSecrets") if item.text("name")]
    node = root.get("mcpImagePullSecrets")
    if names and node:
        yield Setting(node, ("mcpServerDefaults", "imagePullSecrets"), names, ("the names alone",))


def _image(root: Node, context: ImportContext) -> Iterator[Setting]:
    node = _config(root, _BASE_IMAGE)
    if node is not None and node.as_text():
        told = ("Obot runs npx and uvx servers in it; of use only for servers that mcpfence runs",)
        yield Setting(node, ("mcpServerDefaults", "image"), image(node.as_text(), "", node, context), told)


def _egress(root: Node, context: ImportContext) -> Iterator[Setting]:
    node = _config(root, _DENY)
    if node is not None and denies(root, context):
        yield Setting(node, ("egress", "default"), "deny", ("the installation denies what declares nothing",))
    engine = _config(root, _ENGINE)
    if engine is not None and engine.value == "aviatrix-network-policy-controller":
        yield Setting(engine, ("egress", "provider"), "aviatrix", ("the engine that Obot uses",))
        sentence = "makes Obot write FirewallPolicies of its own, which may select the same pods"
        context.say("import-obot-policy", engine, sentence, "take it out of Obot's values when you use this catalog")


def _say_policy(root: Node, context: ImportContext) -> None:
    """Obot's own policy opens every public address to every pod, and policies add up."""
    holder = root.mapping("mcpNamespace")
    policy = holder.mapping("networkPolicy") if holder else None
    if policy is None or policy.flag("enabled") is not False:
        where = (policy.get("enabled") if policy else None) or policy or holder or root
        sentence = "leaves Obot's policy mcp-egress-restrictions on, which opens every public address to every server"
        todo = "set mcpNamespace.networkPolicy.enabled: false in Obot's values, or the fences are void"
        context.say("import-obot-policy", where, sentence, todo)
    named = policy.get("dnsNamespace") if policy else None
    if named is not None and named.as_text() not in ("", "kube-system"):
        sentence = f"says that the resolver runs in {shown(named.as_text())}, not with which labels"
        context.say("import-guess", named, sentence, "left out; write cluster.profile or dns.peers")
