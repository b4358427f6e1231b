"""What the figures were taken with: the machine, Python and the helms. No names of hosts or people, no paths."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent

if TYPE_CHECKING:
    from find_helm import Helm


def find_helms() -> dict[int, Helm]:
    """MCPFENCE_HELM3 and MCPFENCE_HELM4, else the helms in .tools/bin; ends the program where one is missing."""
    sys.path.append(str(ROOT / "tools"))
    from find_helm import BUILT, inspect

    found: dict[int, Helm] = {}
    for major in (3, 4):
        variable = f"MCPFENCE_HELM{major}"
        helm = inspect(Path(os.environ.get(variable) or BUILT / f"helm{major}").absolute())
        if not helm or helm.major != major:
            sys.exit(f"error: helm {major} is missing: run `make tools`, or set {variable} to its path")
        found[major] = helm
    return found


def environment(home: Path) -> dict[str, str]:
    """The environment of every measured process: helm sees nothing of this user, Python keeps compiled modules.

    Without compiled modules Python compiles them in each run, which an installed mcpfence never does.
    """
    left_out = ("HELM_", "KUBE", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "MCPFENCE")
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(left_out)}
    return inherited | {
        "PYTHONPYCACHEPREFIX": str(home / "bytecode"),
        "HELM_CACHE_HOME": str(home / "cache"),
        "HELM_CONFIG_HOME": str(home / "config"),
        "HELM_DATA_HOME": str(home / "data"),
        "HELM_PLUGINS": str(home / "plugins"),
        "KUBECONFIG": str(home / "no-cluster"),
    }


def describe(helms: Mapping[int, Helm]) -> list[tuple[str, str]]:
    """Rows of (what, value)."""
    rows = [
        ("cores", str(os.cpu_count())),
        ("memory", f"{_memory_gib():.0f} GiB"),
        ("CPU", _processor()),
        ("system", f"{platform.system()} {platform.machine()}"),
        ("Python", f"{platform.python_implementation()} {platform.python_version()}"),
        *((f"helm {major}", ".".join(map(str, helm.version))) for major, helm in helms.items()),
    ]
    return [*rows, ("load average before the run", load())]


def load() -> str:
    """The load averages of 1, 5 and 15 minutes: above the number of cores, others work here too."""
    return ", ".join(f"{value:.1f}" for value in os.getloadavg())


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    for line in information.read_text(encoding="utf-8").splitlines() if information.exists() else ():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return platform.processor() or "unknown"
