"""The lab for a person: a real API server that stays.  The tests in tests/engines/lab start their own.

python tools/make_lab.py up      starts one in .tools/lab, leaves it running and prints its KUBECONFIG
python tools/make_lab.py down    stops it and removes the folder
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from control_plane import ROOT, ControlPlane, LabError, find_programs

FOLDER = ROOT / ".tools" / "lab"


def up(folder: Path) -> None:
    """Start a lab that stays, unless one is running already, and print how to use it; raises LabError."""
    pids = folder / "pids.json"
    if living(folder).keys() != {"etcd", "kube-apiserver"}:
        down(folder)
        lab = ControlPlane(folder=folder, programs=find_programs(), detached=True)
        lab.start()
        pids.write_text(json.dumps(lab.pids), encoding="ascii")
        print(f"API server at {lab.url}, logs in {folder}; stop it with make lab-down", file=sys.stderr)
    print(f"export KUBECONFIG={folder / 'kubeconfig'}")


def down(folder: Path) -> None:
    """Stop the lab of a person and remove its folder."""
    for name, pid in living(folder).items():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)  # nothing is worth keeping, and a graceful end takes ten seconds
        while str(folder) in _command_line(pid):
            time.sleep(0.02)
        print(f"stopped {name}", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)


def living(folder: Path) -> dict[str, int]:
    """The programs of that lab that still run; a pid that now belongs to something else does not count."""
    try:
        written: dict[str, int] = json.loads((folder / "pids.json").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return {}
    return {name: pid for name, pid in written.items() if str(folder) in _command_line(pid)}


def _command_line(pid: int) -> str:
    """Of a process; without arguments once it has ended, even if nobody has waited for it yet."""
    done = subprocess.run(["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout


def main(arguments: Sequence[str]) -> int:
    """`up` or `down`; 1 where it fails, 2 for wrong usage."""
    verbs = {"up": up, "down": down}
    if len(arguments) != 1 or arguments[0] not in verbs:
        print("usage: python tools/make_lab.py up | down", file=sys.stderr)
        return 2
    try:
        verbs[arguments[0]](FOLDER)
    except LabError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
