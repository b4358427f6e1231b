"""Starting the lab: what it says when it cannot, and that it leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import control_plane
import make_lab
from control_plane import ControlPlane, LabError, Programs, find_programs
from lab.api import Api
from tooling import ROOT, eventually

pytestmark = pytest.mark.xdist_group("lab-start")


def _script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def _processes(word: str) -> list[str]:
    """The command lines of living processes that hold a word."""
    done = subprocess.run(["ps", "-ww", "-eo", "pid=,stat=,args="], capture_output=True, text=True, check=True)
    lines = [line.split(maxsplit=2) for line in done.stdout.splitlines()]
    return [args for _, stat, *rest in lines for args in rest if word in args and not stat.startswith("Z")]


def _failure(server: ControlPlane) -> str:
    with pytest.raises(LabError) as failed:
        server.start()
    assert _processes(str(server.folder)) == []
    return str(failed.value)


# --- a program is missing ---


@pytest.mark.parametrize(
    ("name", "variable"), [("etcd", "MCPFENCE_ETCD"), ("kube-apiserver", "MCPFENCE_KUBE_APISERVER")]
)
def test_a_missing_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, variable: str) -> None:
    """Neither built nor on PATH: the message says how to build it and how to name another one."""
    for other in {"etcd", "kube-apiserver"} - {name}:
        _script(tmp_path / other, "exit 0")
    for setting in ("MCPFENCE_ETCD", "MCPFENCE_KUBE_APISERVER"):
        monkeypatch.delenv(setting, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(control_plane, "BUILT", tmp_path / "bin")

    with pytest.raises(LabError) as missing:
        find_programs()
    assert str(missing.value) == f"{name} is missing: run `make tools` (needs Go), or set {variable} to its path"


def test_a_program_that_is_named_and_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A wrong MCPFENCE_ETCD is never passed over in silence."""
    monkeypatch.setenv("MCPFENCE_ETCD", str(tmp_path / "etcd"))

    with pytest.raises(LabError) as missing:
        find_programs()
    assert str(missing.value) == f"MCPFENCE_ETCD={tmp_path / 'etcd'} cannot be run"


def test_a_file_that_is_no_program(programs: Programs, tmp_path: Path) -> None:
    """What the kernel does not take is named, with what the kernel says."""
    broken = tmp_path / "etcd"
    broken.write_bytes(b"\x7fELF nothing more")
    broken.chmod(0o755)
    server = ControlPlane(folder=tmp_path / "server", programs=Programs(etcd=broken, apiserver=programs.apiserver))

    assert _failure(server) == f"etcd cannot be started: [Errno 8] Exec format error: '{broken}'"


# --- it starts and does not come up: each message names the log to read ---


@pytest.mark.parametrize(("name", "place"), [("kube-apiserver", 0), ("etcd", 1)])
def test_a_port_that_is_taken(programs: Programs, tmp_path: Path, name: str, place: int) -> None:
    """The log that the message names says that the address is in use."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
        ports = (port, 0, 0) if place == 0 else (0, port, 0)
        server = ControlPlane(folder=tmp_path / "server", programs=programs, ports=ports)
        said = _failure(server)

    assert said == f"{name} ended with code 1; read {tmp_path / 'server' / name}.log"
    log = server.log(name).read_text(encoding="utf-8")
    assert f"{port}: bind: address already in use" in log


@pytest.mark.parametrize("name", ["etcd", "kube-apiserver"])
def test_a_program_that_ends_at_once(programs: Programs, tmp_path: Path, name: str) -> None:
    """Its exit code is said, and what it wrote is in the log."""
    ends = _script(tmp_path / "ends", "echo my disk is broken >&2; exit 3")
    found = {"etcd": programs.etcd, "kube-apiserver": programs.apiserver, name: ends}
    chosen = Programs(etcd=found["etcd"], apiserver=found["kube-apiserver"])
    server = ControlPlane(folder=tmp_path / "server", programs=chosen)

    assert _failure(server) == f"{name} ended with code 3; read {tmp_path / 'server' / name}.log"
    assert server.log(name).read_text(encoding="utf-8") == "my disk is broken\n"


def test_a_server_that_is_never_ready(programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that runs and does not answer is given up, and ended."""
    monkeypatch.setattr(control_plane, "READY_SECONDS", 1.0)
    sleeps = _script(tmp_path / "sleeps", "exec sleep 600 # $@")
    server = ControlPlane(folder=tmp_path / "server", programs=Programs(etcd=programs.etcd, apiserver=sleeps))

    assert _failure(server) == f"kube-apiserver was not ready after 1 s; read {tmp_path / 'server'}/kube-apiserver.log"


# --- it leaves nothing behind ---


def test_a_lab_that_is_stopped(programs: Programs, tmp_path: Path) -> None:
    """Both programs have ended, the data is gone, the logs stay."""
    folder = tmp_path / "server"
    with ControlPlane(folder=folder, programs=programs):
        assert len(_processes(str(folder))) == 2

    assert _processes(str(folder)) == []
    assert not (folder / "etcd").exists()
    assert (folder / "kube-apiserver.log").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_a_test_run_that_is_killed(programs: Programs, tmp_path: Path) -> None:
    """A SIGKILL to whoever started the lab ends both programs, too."""
    code = """
        import sys, time
        from pathlib import Path
        sys.path.insert(0, sys.argv[1])
        from control_plane import ControlPlane, Programs
        server = ControlPlane(folder=Path(sys.argv[2]), programs=Programs(etcd=Path(sys.argv[3]), apiserver=Path(sys.argv[4])))
        server.start()
        print("started", flush=True)
        time.sleep(600)
    """
    folder = tmp_path / "server"
    arguments = [str(ROOT / "tools"), str(folder), str(programs.etcd), str(programs.apiserver)]
    command = [sys.executable, "-c", textwrap.dedent(code), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as run:
        assert run.stdout
        assert run.stdout.readline() == b"started\n"
        assert len(_processes(str(folder))) == 3
        run.kill()
    eventually(lambda: not _processes(str(folder)), f"still there: {_processes(str(folder))}")


# --- make lab ---


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where `make lab` keeps its lab in this test; it is gone afterwards, whatever happened."""
    place = tmp_path / "lab"
    yield place
    _make_lab("down", place)


def _make_lab(verb: str, folder: Path, **variables: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of what `make lab` and `make lab-down` run, with another folder."""
    code = f"import sys, make_lab, pathlib; make_lab.FOLDER = pathlib.Path({str(folder)!r}); sys.exit(make_lab.main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, verb]
    variables = {**os.environ, "PYTHONPATH": str(ROOT / "tools"), **variables}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=variables)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.usefixtures("programs")
def test_make_lab_and_lab_down(folder: Path) -> None:
    """`make lab` prints a KUBECONFIG that works and leaves the lab running; `make lab-down` leaves nothing."""
    code, printed, said = _make_lab("up", folder)
    url = said.split("API server at ")[1].split(",")[0]
    assert (code, printed) == (0, f"export KUBECONFIG={folder / 'kubeconfig'}\n")
    assert said == f"API server at {url}, logs in {folder}; stop it with make lab-down\n"
    token = (folder / "tokens.csv").read_text(encoding="ascii").partition(",")[0]
    with closing(Api(url, folder / "certs" / "apiserver.crt", token)) as api:
        assert "default" in {item["metadata"]["name"] for item in api.items("v1", "Namespace")}
    before = _processes(str(folder))

    assert _make_lab("up", folder) == (0, printed, "")
    assert _processes(str(folder)) == before
    assert _make_lab("down", folder) == (0, "", "stopped etcd\nstopped kube-apiserver\n")
    assert (_processes(str(folder)), folder.exists()) == ([], False)
    assert _make_lab("down", folder) == (0, "", "")


@pytest.mark.usefixtures("programs")
def test_make_lab_after_half_of_it_died(folder: Path) -> None:
    """A lab of which one program has ended is stopped and started anew, not taken for a running one."""
    assert _make_lab("up", folder)[0] == 0
    before = make_lab.living(folder)
    os.kill(before["kube-apiserver"], signal.SIGKILL)
    while len(_processes(str(folder))) == 2:
        time.sleep(0.02)
    code, _, said = _make_lab("up", folder)
    after = make_lab.living(folder)

    assert (code, said.splitlines()[0]) == (0, "stopped etcd")
    assert before.keys() == after.keys() == {"etcd", "kube-apiserver"}
    assert set(before.values()).isdisjoint(after.values())
    assert len(_processes(str(folder))) == 2


def test_make_lab_that_fails(folder: Path, tmp_path: Path) -> None:
    """The error names the log, the log is there to be read, nothing runs, and no KUBECONFIG is printed."""
    etcd, apiserver = _script(tmp_path / "etcd", "exit 7"), _script(tmp_path / "kube-apiserver", "exec sleep 600 # $@")
    done = _make_lab("up", folder, MCPFENCE_ETCD=str(etcd), MCPFENCE_KUBE_APISERVER=str(apiserver))

    assert done == (1, "", f"error: etcd ended with code 7; read {folder / 'etcd.log'}\n")
    assert (folder / "etcd.log").exists()
    assert _processes(f"{folder}/") == []


def test_make_lab_with_a_wrong_verb(folder: Path) -> None:
    """Wrong usage is exit 2 and one line."""
    assert _make_lab("start", folder) == (2, "", "usage: python tools/make_lab.py up | down\n")
