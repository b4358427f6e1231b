"""Runs one command and says how long it took and how much memory it held: the stop watch of `measure`.

    python launch.py STDIN STDOUT STDERR COMMAND...    prints: status, seconds, CPU seconds, ru_maxrss

A process of its own, and a small one: a child's ru_maxrss starts from what its parent held when it was made, so a
parent of 100 MB would be measured instead of a child of 20 MB.
"""

from __future__ import annotations

import os
import sys
import time


def main() -> None:
    """Run, wait, print."""
    stdin, stdout, stderr, *command = sys.argv[1:]
    actions = [(os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0)]
    for number, path in ((1, stdout), (2, stderr)):
        if os.path.exists(path):  # noqa: PTH110 - pathlib alone would double this process
            os.unlink(path)  # noqa: PTH108 - to free the pages of the last output is not the child's work
        actions.append((os.POSIX_SPAWN_OPEN, number, path, os.O_WRONLY | os.O_CREAT, 0o600))
    began = time.perf_counter()
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
    _, status, usage = os.wait4(pid, 0)
    print(status, time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)


main()
