"""The helm program, for `mcpfence render`: found, judged by its version, run with the chart of this package."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import mcpfence
from mcpfence.findings.finding import fail
from mcpfence.patterns import regex

if TYPE_CHECKING:
    import subprocess

OLDEST = (3, 18, 5)
"""The first Helm whose schema validator knows JSON Schema 2020-12."""

_VERSION = regex(r"v([0-9]+)\.([0-9]+)(?:\.([0-9]+))?")
_ADVICE = "Use --debug flag to render out invalid YAML"
"""What helm ends each error with; mcpfence has no such flag."""
_UNKNOWN_PATCH = 999
"""Builds of `go install` name no patch version: the newest of their minor is assumed."""


def chart_folder() -> Path:
    """The chart that travels in the package."""
    return Path(mcpfence.__path__[0], "chart").resolve()


def plugin_folder() -> Path:
    """The Helm 4 plugin that travels in the package."""
    return Path(mcpfence.__path__[0], "helm_plugin").resolve()


def find_helm(environment: Mapping[str, str] | None = None) -> str:
    """Path of helm: $HELM_BIN, else the one on $PATH; raises McpfenceError where there is none or it is too old.

    `environment` is the one to run it in, if not ours.
    """
    import shutil  # here and below, so that those who want the chart's folder do without

    named = os.environ.get("HELM_BIN") or "helm"
    path = shutil.which(named)
    if path is None:
        sentence = "is not on PATH" if named == "helm" else "is named by HELM_BIN and cannot be run"
        todo = "install Helm 3.18.5 or later, set HELM_BIN, or use --policies-only, which needs no helm"
        raise fail("helm-missing", sentence, todo, document=named)
    version = _run([path, "version", "--template", "{{.Version}}"], environment).stdout.decode(errors="replace")
    found = _VERSION.search(version)
    if found is None:
        sentence = "does not tell its version"
        raise fail("helm-old", sentence, "install Helm 3.18.5 or later", document=path)
    major, minor, patch = (int(part) if part else _UNKNOWN_PATCH for part in found.groups())
    if (major, minor, patch) < OLDEST:
        sentence = f"is version {found.group()[1:]}, and the chart's schema needs 3.18.5 or later"
        raise fail("helm-old", sentence, "install Helm 3.18.5 or later", document=path)
    return path


def template(
    helm: str,
    chart: Path,
    release: str,
    namespace: str,
    values: Sequence[tuple[str, str]],
    *,
    flags: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> tuple[bytes, str]:
    """What `helm template` prints for the chart, and what it says on stderr; raises McpfenceError when it fails.

    `values` are (name, text) of each file.  Helm gets copies: a pipe such as `<(sops -d x.yaml)` can be read only
    once, and Helm takes a path with a comma for two.  `flags` are further ones, `environment` is the one to run helm
    in, if not ours.
    """
    import tempfile

    command = [helm, "template", release, str(chart), "--namespace", namespace, *flags]
    with tempfile.TemporaryDirectory(prefix="mcpfence-") as scratch:
        copies = {str(Path(scratch) / f"{number}.yaml"): name for number, (name, _) in enumerate(values)}
        for copy, (_, text) in zip(copies, values, strict=True):
            Path(copy).write_text(text, encoding="utf-8", newline="")
            command += ["-f", copy]
        done = _run(command, environment)
    said = done.stderr.decode(errors="replace").strip().removesuffix(_ADVICE).strip()
    for copy, name in copies.items():
        said = said.replace(copy, name)
    if done.returncode != 0:
        raise fail(
            "helm-failed", said.removeprefix("Error: ") or f"exit code {done.returncode}", document="helm template"
        )
    return done.stdout, said


def _run(command: list[str], environment: Mapping[str, str] | None) -> subprocess.CompletedProcess[bytes]:
    import subprocess

    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, env=environment)
    except OSError as bad:
        raise fail("helm-missing", f"cannot be run ({bad.strerror})", "install helm", document=command[0]) from None
