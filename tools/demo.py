"""Renders an example of real MCP servers through real helm with mcpfence as its post-renderer, and shows the result.

    .venv/bin/python tools/demo.py [VALUES]

Manifests go to stdout; how it was called, the findings and the summary to stderr.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from find_helm import ROOT, Helm, find

EXAMPLE = ROOT / "values-examples" / "obot" / "values.yaml"
RELEASE = "demo"
NAMESPACE = "obot"
SERVER_LABEL = "mcpfence.io/server"


def command(helm: Helm, values: Path, log: Path) -> list[str]:
    """The helm call: Helm 3 runs an executable, Helm 4 a plugin; the plugin's name and the executable's are one."""
    arguments = [] if helm.major >= 4 else ["--post-renderer-args", "post-render"]
    arguments += ["--post-renderer-args", "--verbose", "--post-renderer-args", f"--log-file={log}"]
    return [
        *(str(helm.path), "template", RELEASE, str(ROOT / "chart")),
        *("--namespace", NAMESPACE, "--values", str(values)),
        *("--post-renderer", "mcpfence", *arguments),
    ]


def environment(helm: Helm, home: Path) -> dict[str, str]:
    """This process's environment with `mcpfence` on PATH, our plugin folder, and helm's caches below `home`."""
    paths = [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    # Helm 3 cannot read a Helm 4 plugin, and says so in each run that meets one.
    plugins = ROOT / "helm-plugin" if helm.major >= 4 else home / "plugins"
    return os.environ | {
        "PATH": os.pathsep.join(paths),
        "HELM_PLUGINS": str(plugins),
        "HELM_CACHE_HOME": str(home / "cache"),
        "HELM_CONFIG_HOME": str(home / "config"),
        "HELM_DATA_HOME": str(home / "data"),
    }


def summary(manifests: str) -> str:
    """How many objects of which kind, and how many of the servers' pods they fence."""
    documents: list[dict[str, Any]] = [
        document for document in yaml.load_all(manifests, Loader=yaml.CSafeLoader) if document
    ]
    kinds = Counter(document["kind"] for document in documents)
    servers = {(document["metadata"].get("labels") or {}).get(SERVER_LABEL) for document in documents} - {None}
    table = "\n".join(f"  {count:4} {kind}" for kind, count in sorted(kinds.items()))
    proof = [document["data"]["proof"] for document in documents if "proof" in (document.get("data") or {})]
    return f"servers and workloads fenced: {len(servers)}\nobjects: {len(documents)}\n{table}\nproof: {' '.join(proof)}"


def main() -> int:
    """Renders, prints, sums up; returns helm's exit code."""
    parser = argparse.ArgumentParser(description="Render an example through helm and the post-renderer.")
    parser.add_argument("values", nargs="?", type=Path, default=EXAMPLE, help="values file (default: the Obot example)")
    options = parser.parse_args()
    helm = find()
    if not helm:
        print("error: no helm from 3.18.5 on is to be found: run `make demo`, which builds one", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="mcpfence-demo-") as folder:
        home = Path(folder)
        log = home / "mcpfence.log"
        call = command(helm, options.values, log)
        done = subprocess.run(call, stdout=subprocess.PIPE, text=True, check=False, env=environment(helm, home))
        findings = log.read_text(encoding="utf-8").rstrip() if log.exists() else ""
    if done.returncode != 0:
        # Helm 3 has shown our stderr itself; Helm 4 never does.
        print(findings if helm.major >= 4 else "", file=sys.stderr)
        return done.returncode
    print(done.stdout, end="", flush=True)
    shown = " ".join(call).replace(str(log), "LOG").replace(f"{ROOT}{os.sep}", "")
    version = ".".join(map(str, helm.version))
    print(f"\n--- made with helm {version}: {shown}", file=sys.stderr)
    print(f"--- findings\n{findings or 'none'}\n--- summary\n{summary(done.stdout)}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
