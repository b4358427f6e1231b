"""What to write in each list of mappings, by the key of the list; a test holds each form to the schema."""

from __future__ import annotations

from typing import Any

from mcpfence.findings.finding import Path
from mcpfence.patterns import regex

ITEM_FORMS = {
    "cidrs": "{{cidr: {cidr}, ports: [443]}}",
    "domains": "api.example.com, or {{name: api.example.com, ports: [8443]}}",
    "env": "{{key: LOG_LEVEL, value: info}}",
    "extraRules": '{{apiGroups: [""], resources: [configmaps], verbs: [get]}}',
    "headers": "{{key: X-Team, value: tools}}",
    "imagePullSecrets": "{{name: registry}}",
    "listeners": '{{name: mcp, hostname: "mcp.example.com"}}',
    "matchExpressions": "{{key: tier, operator: In, values: [web]}}",
    "npx": "npm.example.com, or {{name: npm.example.com, ports: [8443]}}",
    "peers": "{{namespace: kube-system, podSelector: {{k8s-app: kube-dns}}}}",
    "podSelector": "{{app: redis}}",
    "registries": "npm.example.com, or {{name: npm.example.com, ports: [8443]}}",
    "rules": '{{apiGroups: [""], resources: [pods], verbs: [get, list]}}',
    "services": "{{name: {name}, namespace: data, podSelector: {{app: {name}}}, ports: [6379]}}",
    "tolerations": "{{key: pool, operator: Exists}}",
    "writers": "{{kind: Group, name: platform-deployers}}",
    "uvx": "python.example.com, or {{name: python.example.com, ports: [8443]}}",
}
"""The form of an entry; {cidr} and {name} are what was written, where that is one."""

_CIDR = regex(r"[0-9A-Fa-f.:]{2,45}/[0-9]{1,3}\Z")
_NAME = regex(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")


def item_form(path: Path, written: Any) -> str:
    """What to write for the entry of a list at `path`; empty where no list of mappings is meant."""
    if len(path) < 2 or not isinstance(path[-1], int):
        return ""
    form = ITEM_FORMS.get(str(path[-2]), "")
    text = written if isinstance(written, str) else ""
    cidr = text if _CIDR.match(text) else "10.60.12.0/24"
    return form.format(cidr=f'"{cidr}"' if ":" in cidr else cidr, name=text if _NAME.match(text) else "redis")
