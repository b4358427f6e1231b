"""What Argo CD hands over and mcpfence refuses: exit code 1, nothing on stdout, and the whole sentence on stderr."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from argocd.applications import parameters, write
from argocd.refusals import PLAIN, said

VARIABLES: dict[str, tuple[dict[str, Any], str]] = {
    "no-name": (
        {"ARGOCD_APP_NAME": None},
        "error: ARGOCD_APP_NAME: is not set; Argo CD sets it; where you call this yourself, set it too, or give the parameter release [argocd-environment]",
    ),
    "empty-name": (
        {"ARGOCD_APP_NAME": ""},
        "error: ARGOCD_APP_NAME: is not set; Argo CD sets it; where you call this yourself, set it too, or give the parameter release [argocd-environment]",
    ),
    "long-name": (
        {"ARGOCD_APP_NAME": "plain-name" * 6},
        'error: ARGOCD_APP_NAME: "plain-nameplain-nameplain-nameplain-nameplain-nameplain-name" is no release name; give the parameter release: lower-case letters, digits, - and ., 53 at most [argocd-environment]',
    ),
    "no-namespace": (
        {"ARGOCD_APP_NAMESPACE": None},
        "error: ARGOCD_APP_NAMESPACE: is not set; write spec.destination.namespace in the Application, or give the parameter namespace [argocd-environment]",
    ),
    "empty-namespace": (
        {"ARGOCD_APP_NAMESPACE": ""},
        "error: ARGOCD_APP_NAMESPACE: is not set; write spec.destination.namespace in the Application, or give the parameter namespace [argocd-environment]",
    ),
    "bad-namespace": (
        {"ARGOCD_APP_NAMESPACE": "Tools"},
        'error: ARGOCD_APP_NAMESPACE: "Tools" is no namespace; write lower-case letters, digits and -, 63 at most [argocd-environment]',
    ),
    "bad-version": (
        {"KUBE_VERSION": "newest"},
        'error: KUBE_VERSION: "newest" is no version of Kubernetes; write it as 1.31.2 [argocd-environment]',
    ),
    "bad-api": (
        {"KUBE_API_VERSIONS": "v1,--post-renderer"},
        'error: KUBE_API_VERSIONS: "--post-renderer" is no API version; write a list such as v1,apps/v1,apps/v1/Deployment [argocd-environment]',
    ),
    "no-json": (
        {"ARGOCD_APP_PARAMETERS": "[{"},
        "error: ARGOCD_APP_PARAMETERS: is no JSON; give a list of {name: ..., string: ...} or {name: ..., array: [...]} [argocd-parameter]",
    ),
    "deep-json": (
        {"ARGOCD_APP_PARAMETERS": "[" * 50_000},
        "error: ARGOCD_APP_PARAMETERS: is no JSON; give a list of {name: ..., string: ...} or {name: ..., array: [...]} [argocd-parameter]",
    ),
    "no-list": (
        {"ARGOCD_APP_PARAMETERS": '{"name": "provider"}'},
        "error: ARGOCD_APP_PARAMETERS: is a mapping, not a list; give a list of {name: ..., string: ...} or {name: ..., array: [...]} [argocd-parameter]",
    ),
    "value-of-an-empty-key": (
        {"ARGOCD_APP_PARAMETERS": parameters(values={"egress..provider": "cilium"})},
        'error: parameter values: "egress..provider" has an empty key; write the keys with . between them, and \\. for a . inside a key [argocd-parameter]',
    ),
    "value-of-a-deep-path": (
        {"ARGOCD_APP_PARAMETERS": parameters(values={".".join("a" * 5_000): "1"})},
        f'error: parameter values: "{"a." * 40}..." has 5,000 keys, and no value of the chart is so deep; write 50 at most [argocd-parameter]',
    ),
    "value-within-a-value": (
        {"ARGOCD_APP_PARAMETERS": parameters(values={"egress": "cilium", "egress.provider": "cilium"})},
        'error: parameter values: "egress.provider" is set twice, or within what is set; say it once [argocd-parameter]',
    ),
    "value-beside-the-parameter": (
        {"ARGOCD_APP_PARAMETERS": parameters(values={"egress.provider": "cilium"}, provider="cilium")},
        'error: parameter values: "egress.provider" is set twice, or within what is set; say it once [argocd-parameter]',
    ),
    "values-as-a-list": (
        {"ARGOCD_APP_PARAMETERS": parameters(values=["egress.provider=cilium"])},
        "error: parameter values: has array instead of map; write map: {PATH: VALUE} [argocd-parameter]",
    ),
    "values-of-numbers": (
        {"ARGOCD_APP_PARAMETERS": '[{"name": "values", "map": {"servers.a.port": 3}}]'},
        "error: parameter values: lists something that is no text; write map: {PATH: VALUE} [argocd-parameter]",
    ),
    "value-that-is-no-key": (
        {"ARGOCD_APP_PARAMETERS": parameters(values={"egress.provder": "cilium"})},
        "error: parameters:1:24 egress.provder: is no known key; did you mean provider? Else write one of: antrea, aviatrix, calico, cilium, clusternetworkpolicy, default, except, provider, registries, unenforcedDomains [key-unknown]",
    ),
    "no-entry": (
        {"ARGOCD_APP_PARAMETERS": "[3]"},
        "error: ARGOCD_APP_PARAMETERS: holds an entry without a name; write {name: ..., string: ...} [argocd-parameter]",
    ),
    "no-parameter-name": (
        {"ARGOCD_APP_PARAMETERS": '[{"string": "x"}]'},
        "error: ARGOCD_APP_PARAMETERS: holds an entry without a name; write {name: ..., string: ...} [argocd-parameter]",
    ),
    "unknown": (
        {"ARGOCD_APP_PARAMETERS": parameters(value_files=["a.yaml"])},
        'error: parameter "value-files": is not known; did you mean values-files? Else write one of: values-files, catalog, provider, profile, values, namespace, release [argocd-parameter]',
    ),
    "far-off": (
        {"ARGOCD_APP_PARAMETERS": parameters(xyz="a\n")},
        'error: parameter "xyz": is not known; write one of: values-files, catalog, provider, profile, values, namespace, release [argocd-parameter]',
    ),
    "twice": (
        {"ARGOCD_APP_PARAMETERS": '[{"name":"release","string":"a"},{"name":"release","string":"b"}]'},
        "error: parameter release: is given twice; remove one of them [argocd-parameter]",
    ),
    "string-for-array": (
        {"ARGOCD_APP_PARAMETERS": parameters(values_files="a.yaml")},
        "error: parameter values-files: has string instead of array; write array: [...] [argocd-parameter]",
    ),
    "array-for-string": (
        {"ARGOCD_APP_PARAMETERS": parameters(provider=["aviatrix"])},
        "error: parameter provider: has array instead of string; write string: ... [argocd-parameter]",
    ),
    "map": (
        {"ARGOCD_APP_PARAMETERS": '[{"name":"provider","map":{"a":"b"}}]'},
        "error: parameter provider: has map instead of string; write string: ... [argocd-parameter]",
    ),
    "both": (
        {"ARGOCD_APP_PARAMETERS": '[{"name":"provider","string":"a","array":["b"]}]'},
        "error: parameter provider: has array beside string; write string: ... [argocd-parameter]",
    ),
    "nothing": (
        {"ARGOCD_APP_PARAMETERS": '[{"name":"provider"}]'},
        "error: parameter provider: has no string; write string: ... [argocd-parameter]",
    ),
    "number": (
        {"ARGOCD_APP_PARAMETERS": '[{"name":"provider","string":3}]'},
        "error: parameter provider: has a number under string; write string: ... [argocd-parameter]",
    ),
    "numbers": (
        {"ARGOCD_APP_PARAMETERS": '[{"name":"values-files","array":[3]}]'},
        "error: parameter values-files: lists something that is no text; write array: [...] [argocd-parameter]",
    ),
    "empty": (
        {"ARGOCD_APP_PARAMETERS": parameters(provider=" ")},
        "error: parameter provider: is empty; name what is meant, or remove it [argocd-parameter]",
    ),
    "empty-entry": (
        {"ARGOCD_APP_PARAMETERS": parameters(values_files=["values.yaml", ""])},
        "error: parameter values-files: lists an empty text; name what is meant, or remove it [argocd-parameter]",
    ),
    "empty-list": (
        {"ARGOCD_APP_PARAMETERS": parameters(values_files=[])},
        "error: parameter values-files: names no file; name one, or remove the parameter [argocd-parameter]",
    ),
    "bad-release": (
        {"ARGOCD_APP_PARAMETERS": parameters(release="-x")},
        'error: parameter release: "-x" is no release name; write lower-case letters, digits, - and ., 53 at most [argocd-parameter]',
    ),
    "bad-parameter-namespace": (
        {"ARGOCD_APP_PARAMETERS": parameters(namespace="a b")},
        'error: parameter namespace: "a b" is no namespace; write lower-case letters, digits and -, 63 at most [argocd-parameter]',
    ),
    "bad-provider": (
        {"ARGOCD_APP_PARAMETERS": parameters(provider="aviatrx")},
        'error: parameters:1:25 egress.provider: "aviatrx" is no choice here; did you mean aviatrix? Else write one of: none, aviatrix, cilium, eks, gke, calico, antrea, clusternetworkpolicy [choice]',
    ),
    "unknown-env": (
        {"ARGOCD_ENV_VALUE_FILES": "a.yaml"},
        'error: plugin.env "VALUE_FILES": is not known; did you mean VALUES_FILES? Else write one of: VALUES_FILES, CATALOG, PROVIDER, PROFILE, NAMESPACE, RELEASE [argocd-parameter]',
    ),
    "empty-env": (
        {"ARGOCD_ENV_RELEASE": ""},
        "error: ARGOCD_ENV_RELEASE: is empty; Argo CD puts nothing for a $VARIABLE that it does not know; name what is meant, or remove it [argocd-parameter]",
    ),
    "empty-env-entry": (
        {"ARGOCD_ENV_VALUES_FILES": "values.yaml,,b.yaml"},
        'error: ARGOCD_ENV_VALUES_FILES: "values.yaml,,b.yaml" has an empty entry; Argo CD puts nothing for a $VARIABLE that it does not know; name what is meant, or remove it [argocd-parameter]',
    ),
    "several": (
        {"ARGOCD_APP_NAME": None, "ARGOCD_APP_NAMESPACE": None, "ARGOCD_APP_PARAMETERS": "3"},
        (
            "error: ARGOCD_APP_NAME: is not set; Argo CD sets it; where you call this yourself, set it too, or give the parameter release [argocd-environment]\n"
            "error: ARGOCD_APP_NAMESPACE: is not set; write spec.destination.namespace in the Application, or give the parameter namespace [argocd-environment]\n"
            "error: ARGOCD_APP_PARAMETERS: is a number, not a list; give a list of {name: ..., string: ...} or {name: ..., array: [...]} [argocd-parameter]"
        ),
    ),
}


@pytest.mark.parametrize("case", VARIABLES)
def test_variables(case: str, tmp_path: Path) -> None:
    """A variable that is missing or unusable is refused before helm is looked for."""
    variables, sentence = VARIABLES[case]

    assert said(write(tmp_path, PLAIN), **variables) == sentence
