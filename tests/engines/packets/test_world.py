"""The small cluster itself: what it needs, what can be run in it, and that it leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import packet_felix
import packet_net
from control_plane import LabError, find_programs
from packet_net import FOLDER, NetError, ip, make_namespace, remove_namespaces, running, sweep
from packet_world import Probe, World
from tooling import PATIENCE, ROOT, eventually

FETCH = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=60).read().decode())"


# --- what it needs ---


def test_not_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only root can make network namespaces; the message says so."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    with pytest.raises(LabError) as caught:
        packet_felix.check_machine()

    assert str(caught.value) == (
        "only root can make network namespaces: run these tests as root, or leave them out with -m 'not lab'"
    )


def test_commands_that_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands are named, and so are the packages that have them."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(packet_felix, "COMMANDS", ("sh", "no-such-command", "nor-this"))

    with pytest.raises(LabError) as caught:
        packet_felix.check_machine()

    assert str(caught.value) == (
        "no-such-command, nor-this: not on PATH; install iproute2, iptables, ipset, nftables and util-linux"
    )


def test_felix_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Felix, or without Calico's kinds beside it, the message says what to do."""
    monkeypatch.setattr(packet_felix, "BUILT", tmp_path)
    monkeypatch.delenv("MCPFENCE_FELIX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LabError) as nowhere:
        packet_felix.find_felix()
    program = tmp_path / "calico-felix"
    program.touch(mode=0o755)
    with pytest.raises(LabError) as alone:
        packet_felix.find_felix()
    monkeypatch.setenv("MCPFENCE_FELIX", str(tmp_path / "gone"))
    with pytest.raises(LabError) as gone:
        packet_felix.find_felix()

    assert str(nowhere.value) == "felix is missing: run `make tools` (needs Go), or set MCPFENCE_FELIX to its path"
    assert str(alone.value) == (
        f"{program}.crd is missing: put Calico's CustomResourceDefinitions there (libcalico-go/config/crd of its source)"
    )
    assert str(gone.value) == f"MCPFENCE_FELIX={tmp_path / 'gone'} cannot be run"


def test_felix_that_ends_at_once(world: World, tmp_path: Path) -> None:
    """A start that fails names the log to read, and leaves no process and no namespace."""
    broken = tmp_path / "felix"
    broken.write_text("#!/bin/sh\necho no > /dev/stderr\nexit 3\n", encoding="utf-8")
    broken.chmod(0o755)
    packet_felix.kinds_of(broken).symlink_to(packet_felix.kinds_of(running(world.felix_program)))
    before = _ours()
    other = World(folder=tmp_path / "node", programs=find_programs(), felix_program=broken)

    with pytest.raises(LabError) as caught:
        other.start()

    log = tmp_path / "node" / "felix.log"
    assert str(caught.value) == f"felix ended with code 3; read {log}"
    assert log.read_text("utf-8") == "no\n"
    assert _ours() == before
    assert (
        str(tmp_path)
        not in subprocess.run(["ps", "-eww", "-o", "args="], capture_output=True, text=True, check=True).stdout
    )


def _ours() -> set[str]:
    """The namespaces of this process; other runs may have some of their own."""
    return {path.name for path in FOLDER.glob(f"{packet_net.PREFIX}-{os.getpid()}-*")}


# --- what is left behind ---


def test_what_a_killed_run_leaves_is_swept(world: World) -> None:
    """Namespaces and processes of a run that was killed go at the next start; those of living runs stay."""
    code = (
        "import sys, time; sys.path.insert(0, sys.argv[1])\n"
        "from packet_host import Host; from packet_net import make_namespace\n"
        "host = Host(netns=make_namespace(), addresses=('', '')); host.start()\n"
        "stray = host.exec(['sleep', '1000'], preexec_fn=None)\n"
        "print(host.netns, stray.pid, flush=True); time.sleep(1000)\n"
    )
    run = subprocess.Popen([sys.executable, "-c", code, ROOT / "tools"], stdout=subprocess.PIPE, text=True)
    assert run.stdout
    name, stray = run.stdout.readline().split()
    assert name not in sweep()
    assert (FOLDER / name).exists()

    run.send_signal(signal.SIGKILL)
    run.wait()
    run.stdout.close()
    assert Path("/proc", stray).exists()

    assert name in sweep()
    assert not (FOLDER / name).exists()
    assert _ends(int(stray))
    assert (FOLDER / world.node).exists()


def test_pid_that_somebody_else_has_now(world: World) -> None:
    """A namespace of an owner whose pid was given to another process is nobody's."""
    assert world.node.startswith(f"{packet_net.PREFIX}-{os.getpid()}-")
    name = f"{packet_net.PREFIX}-{os.getpid()}-1-0"
    ip("netns", "add", name)

    assert name in sweep()


def _ends(pid: int) -> bool:
    """Whether a process is gone or a zombie, sooner or later: the kernel takes its time on a busy machine."""

    def ended() -> bool:
        try:
            state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
        except OSError:
            return True
        return state in ("Z", "X")

    return eventually(ended, f"process {pid} does not end")


@pytest.mark.usefixtures("world")
def test_command_that_fails() -> None:
    """An `ip` command that fails says what it was and what was wrong."""
    with pytest.raises(NetError, match=r"^ip link show no-such-device said: Device \"no-such-device\" does not exist"):
        ip("link", "show", "no-such-device")


@pytest.mark.usefixtures("world")
def test_kernel_settings_are_of_the_namespace() -> None:
    """A setting is made inside; this machine's own stays as it is."""
    ours = Path("/proc/sys/net/ipv4/ip_nonlocal_bind")
    before = ours.read_text("ascii")
    name = make_namespace(("ipv4/ip_nonlocal_bind", "1"))

    with packet_net.inside(name):
        there = ours.read_text("ascii").strip()
    remove_namespaces(name)

    assert there == "1"
    assert ours.read_text("ascii") == before


# --- what can be run in it ---


def test_commands_in_a_pod(world: World) -> None:
    """A command runs in the pod's network, as the user and with the environment that are asked for."""
    pod = world.pod("demo", "shell", {"app": "shell"})
    code = "import json, os, socket; print(json.dumps([os.getuid(), dict(os.environ)['COLOR'], socket.if_nameindex()]))"

    done = pod.exec([sys.executable, "-I", "-c", code], {"COLOR": "blue"}, 1000, stdout=subprocess.PIPE)
    out, _ = done.communicate(timeout=PATIENCE)

    assert json.loads(out) == [1000, "blue", [[1, "lo"], [pytest.approx(2, abs=1e6), "eth0"]]]


@pytest.mark.parametrize("address", ["203.0.113.7", "[2606:4700::7]", "169.254.169.254"])
def test_outside_serves_http(world: World, address: str) -> None:
    """The outside answers HTTP at every address, and tells at which; a pod without policies reaches it."""
    world.clear()
    pod = world.pod("demo", "shell", {"app": "shell"})
    world.settle()
    world.outside.serve([80])

    done = pod.exec([sys.executable, "-I", "-c", FETCH, f"http://{address}/x?y"], stdout=subprocess.PIPE)
    out, _ = done.communicate(timeout=PATIENCE)

    answer = json.loads(out)
    assert answer == {"reached": [address.strip("[]"), 80], "asked": "GET /x?y HTTP/1.1", "host": address}


def test_machine_and_lab_are_apart(world: World) -> None:
    """No interface of the lab is this machine's, and none leads from the lab into it."""
    world.pod("demo", "shell", {"app": "shell"})

    assert not re.search(r"^\d+: (cali|out0)", ip("-o", "link"), re.MULTILINE)
    assert {name[:4] for name in _interfaces(world.node)} == {"lo", "out0", "cali"}
    assert _interfaces(world.outside.netns) == {"lo", "eth0"}


def _interfaces(namespace: str) -> set[str]:
    return set(re.findall(r"^\d+: ([^@:]+)", ip("-n", namespace, "-o", "link"), re.MULTILINE))


def test_settle_waits_for_felix(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Felix does not program anything, `settle` gives up and names the log."""
    monkeypatch.setattr("packet_sentinel.SETTLE_SECONDS", 0.5)
    world.felix.kill()
    try:
        with pytest.raises(LabError) as caught:
            world.settle()
    finally:
        monkeypatch.undo()
        world.felix.start()
        world.settle()

    assert str(caught.value) == f"felix did not program the sentinel within 0 s; read {world.felix.log}"


def test_probe_that_nobody_answers(world: World) -> None:
    """Where nothing listens a probe is refused, and not taken for closed by a policy."""
    world.clear()
    pod = world.pod("demo", "shell", {"app": "shell"})
    other = world.pod("demo", "other", {})
    world.settle()
    other.listen([])
    pod.send(do="probe", wait=0.5, probes=[["TCP", pod.addresses[0], other.addresses[0], 4444]])

    assert [answer[0] for answer in pod.answer()] == ["refused"]
    probe = Probe(pod, pod.addresses[0], other, other.addresses[0], "TCP", 4444)
    assert [tuple(result) for result in world.probe([probe], 0.5)] == [(True, True, "open")]


def test_listeners_come_and_go_under_fire(world: World) -> None:
    """An agent that is told to stop listening while packets come in goes on; no packet is answered by a dead socket."""
    world.clear()
    pod = world.pod("demo", "shell", {"app": "shell"})
    other = world.pod("demo", "other", {})
    world.settle()
    pod.ask(do="stream", to=[other.addresses[0], 4445], every=0.0001)
    for _ in range(300):
        other.listen([4445])
        other.listen([])
    arrived = other.ask(do="seen")
    sent = pod.ask(do="stop")

    assert 0 < len(arrived) < len(sent)


def test_ports_that_probes_left_can_be_listened_on(world: World) -> None:
    """The next plan may ask for a port from which an earlier probe came; no connection lingers on it.

    The server waits for a request that never comes, so it is the probe that closes first and would linger.
    """
    world.clear()
    pod = world.pod("demo", "shell", {"app": "shell"})
    other = world.pod("demo", "other", {})
    world.settle()
    other.serve([4446])
    pod.listen([])
    pod.send(do="probe", wait=0.3, probes=[["TCP", pod.addresses[0], other.addresses[0], 4446]] * 20)
    answers = pod.answer()
    arrived = other.ask(do="seen")

    assert {word for word, _, _ in answers} == {"timeout"}
    assert len(arrived) == 20
    pod.listen([port for _, port, _ in answers])
    pod.listen([])
