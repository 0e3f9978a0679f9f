"""Everything works in the sandbox of the units, as far as it can be had without systemd (sandbox.py): the installed programs, an own user without capabilities, a file system that may only be read,
private /tmp, /dev, /proc and homes, and every filter of system calls. And the sandbox bites: what a stranger inside would try is refused."""
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

import sandbox
from process import free_port
from require import cannot
from wait import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("MILLRACE_BUILD", "build")
UNITS = ROOT / "systemd"
SERVICES = ("millraced.service", "millrace-worker@.service")
USER, MEMBER, STRANGER, OPERATORS = 64999, 64998, 64997, 64990     # nobody's numbers; the daemon's account need not be on this machine

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="the sandbox of the units is built by root")


def command(unit, *words, binds=(), writable=(), user=USER, groups=()):
    return [sys.executable, str(ROOT / "tests/static/sandbox.py"), str(UNITS / unit), *(f"--bind={source}:{target}" for source, target in binds),
            *(f"--write={target}" for target in writable), f"--user={user}", *(f"--groups={group}" for group in groups), "--",
            *map(str, words)]


@pytest.mark.parametrize("unit", SERVICES)
def test_every_directive_is_applied_or_excused(unit):
    told = set(sandbox.service_of(UNITS / unit))
    assert told <= sandbox.APPLIED | set(sandbox.ELSEWHERE), told - sandbox.APPLIED - set(sandbox.ELSEWHERE)
    assert sandbox.APPLIED.isdisjoint(sandbox.ELSEWHERE)


# ---- it bites ----

# What a stranger would try. Each must fail, and with the error of the directive that is meant to stop it; `killed`: no errno, the process is gone.
ATTACKS = [
    ("write below /usr", "open('/usr/bin/x', 'w')", "EROFS"),
    ("write below /etc", "open('/etc/x', 'w')", "EROFS"),
    ("write into the kernel", "open('/sys/kernel/profiling', 'w')", "EROFS EACCES ENOENT"),
    ("look into homes", "os.listdir('/root')", "EACCES"),
    ("read /proc/sys", "open('/proc/sys/kernel/hostname')", "ENOENT"),
    ("see other processes", "os.stat('/proc/1')", "ENOENT"),
    ("raw memory of the machine", "open('/dev/mem')", "ENOENT"),
    ("the kernel's log", "open('/dev/kmsg')", "ENOENT"),
    ("a disk", "os.mknod('/tmp/disk', 0o60600, os.makedev(8, 0))", "EPERM"),
    ("raw packets", "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)", "EAFNOSUPPORT"),
    ("the kernel's crypto sockets", "socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET)", "EAFNOSUPPORT"),
    ("memory that is written and run", "mmap.mmap(-1, 4096, prot=7)", "EPERM"),
    ("memory made runnable", "call('mprotect', libc.mmap(None, 4096, 3, 34, -1, 0), 4096, 5)", "EPERM"),
    ("a user namespace", "call('unshare', 0x10000000)", "EPERM"),
    ("another namespace", "call('setns', 3, 0)", "EPERM"),
    ("another personality", "call('personality', 0x0040000)", "EPERM"),
    ("real-time priority", "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))", "EPERM"),
    ("a set-user-id file", "os.chmod(open('/tmp/s', 'w').name, 0o4755)", "EPERM"),
    ("a new user", "os.setuid(0)", "EPERM killed"),
    ("a mount", "call('mount', b'none', b'/tmp', b'tmpfs', 0, None)", "killed"),
    ("another root", "os.chroot('/tmp')", "killed EPERM"),
    ("tracing", "call('ptrace', 16, 1, 0, 0)", "killed"),
    ("a kernel module", "call('syscall', 175, 0, 0, b'')", "EPERM killed"),
    ("the machine's name", "socket.sethostname('x')", "EPERM killed"),
    ("the clock", "time.clock_settime(time.CLOCK_REALTIME, 0)", "EPERM killed"),
    ("a reboot", "call('reboot', 0)", "killed"),
    ("programs for the kernel", "call('syscall', 321, 0, 0, 0)", "killed"),
]
ALLOWED = ["open('/mnt/state/x', 'w')", "open('/tmp/x', 'w')", "os.stat('/proc/self/exe').st_size", "socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)", "open('/dev/null', 'w')",
           "os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))"]
PROBE = """
import ctypes, errno, mmap, os, socket, sys, time
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
def call(name, *arguments):
    if getattr(libc, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), name)
for line in sys.stdin.read().splitlines():
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            eval(line)
            word = 'done'
        except OSError as error:
            word = errno.errorcode[error.errno]
        print(word, flush=True)
        os._exit(0)
    if os.waitpid(child, 0)[1] != 0:
        print('killed', flush=True)
"""


def probe(unit, lines, tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    os.chown(state, USER, USER)
    result = subprocess.run(command(unit, "/usr/bin/python3", "-c", PROBE, binds=[(state, "/mnt/state")], writable=["/mnt/state"]), input="\n".join(lines), capture_output=True,
                            text=True, timeout=120)
    assert result.returncode == 0, result.stderr[-3000:]
    return result.stdout.split()


@needs_root
@pytest.mark.parametrize("unit", SERVICES)
def test_what_a_stranger_would_try(unit, tmp_path):
    told = probe(unit, [line for _, line, _ in ATTACKS], tmp_path)
    assert len(told) == len(ATTACKS)
    assert [(name, got) for (name, _, want), got in zip(ATTACKS, told) if got not in want.split()] == []


@needs_root
@pytest.mark.parametrize("unit", SERVICES)
def test_what_it_may_do(unit, tmp_path):
    inet = "socket.socket(socket.AF_INET, socket.SOCK_STREAM)"
    assert probe(unit, [*ALLOWED, inet], tmp_path) == ["done"] * len(ALLOWED) + ["done" if unit == "millraced.service" else "EAFNOSUPPORT"]


# ---- and everything works ----

@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The files of the package, as `cmake --install` puts them."""
    if not (BUILD / "bin/millraced").exists():
        cannot(f"{BUILD} is not built")
    folder = tmp_path_factory.mktemp("installed")
    result = subprocess.run(["cmake", "--install", str(BUILD)], env={**os.environ, "DESTDIR": str(folder)}, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr[-2000:]
    return folder


def told(*words):
    return subprocess.run([BUILD / "bin/millrace", *words], capture_output=True, text=True, timeout=60, check=True).stdout.split()


def stages():
    return told("complete", "stages")


def settings_for(stage):
    """What a stage cannot do without: watches have no default file."""
    return {"watch": {"watch.file": "/mnt/etc/millrace/watches.conf"}}.get(stage, {})


@needs_root
@pytest.mark.parametrize("unit", SERVICES)
def test_every_stage_works_in_its_cage(unit, installed):
    """A worker of each stage, under the daemon's unit (its own workers) and under that for workers, opens what it needs and closes its own cage inside."""
    assert stages()
    binds = [(installed / "usr", "/mnt/usr"), (installed / "etc", "/mnt/etc")]
    for stage in stages():
        sets = [word for name, value in settings_for(stage).items() for word in ("--set", f"{name}={value}")]
        result = subprocess.run(command(unit, "/mnt/usr/bin/millrace-worker", "--stage", stage, *sets, "--cage-test", binds=binds), capture_output=True, text=True, timeout=120)
        assert result.returncode == 0, (stage, result.stdout[-1000:], result.stderr[-2000:])


class Manager:
    """The notification socket of systemd: what the daemon says to it."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        path.chmod(0o666)
        self.socket.setblocking(False)
        self.said = []

    def lines(self):
        while True:
            try:
                self.said += self.socket.recv(4096).decode().splitlines()
            except BlockingIOError:
                return self.said


CONF = """
[kafka]
bootstrap.servers = {broker}
[kafka.consumer]
auto.offset.reset = earliest
[publish]
delivery = at-least-once
[admin]
port = {port}
[daemon]
runtime_dir = /mnt/run
[workers]
spawn = {spawn}
[pipeline]
stages = {stages}
[control]
group = {group}
"""
FERRY = "A new ferry joins the island of Wennet with the mainland four times a day, and carries bicycles, letters and milk. " * 5
TEXT = "The harbour school of Larkwater opened its doors on Monday to ninety pupils and their teachers. " * 6


@needs_root
def test_daemon_and_workers_in_their_units(installed, broker, tmp_path):
    """Articles, a web page, a copy and a bad record go all the way; a worker of a unit of its own serves `extract`; reload, watchdog, drain. Nothing is killed by a filter."""
    kafka = pytest.importorskip("confluent_kafka")
    port = free_port()
    pipeline = stages()                        # all there are: the shipped ones in their order, then those that are switched on by hand
    spawn = " ".join(f"{stage}:1" for stage in pipeline if stage != "extract")
    for name in ("state", "run", "conf"):
        (tmp_path / name).mkdir()
        os.chown(tmp_path / name, USER, USER)
    (tmp_path / "conf/millrace.conf").write_text(CONF.format(broker=broker, port=port, spawn=spawn, stages=" ".join(pipeline), group=OPERATORS) + "".join(
        f"[{name.split('.')[0]}]\n{name.split('.')[1]} = {value}\n" for stage in pipeline for name, value in settings_for(stage).items()))
    manager = Manager(tmp_path / "run/notify")
    binds = [(installed / "usr", "/mnt/usr"), (installed / "etc", "/mnt/etc"), (tmp_path / "conf", "/mnt/conf"), (tmp_path / "run", "/mnt/run")]
    words = ("--config", "/mnt/conf/millrace.conf")
    logs = {name: (tmp_path / f"{name}.log") for name in ("daemon", "worker")}
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}

    def log():
        return "\n".join(file.read_text()[-3000:] for file in logs.values() if file.exists())

    producer = kafka.Producer({"bootstrap.servers": broker})
    page = f"<html><head><title>Ferry to Larkwater</title></head><body><article><h1>Ferry to Larkwater</h1><p>{FERRY}</p><p>Tickets are sold at the pier.</p></article></body></html>"
    for value in ({"id": "1", "title": "Harbour school opens", "text": TEXT}, {"id": "2", "title": "Harbour school opens again", "text": TEXT},
                  {"id": "3", "title": "岚桥小学启用", "text": "岚桥区教育局昨日宣布，今年秋季将有三所小学启用，九十名学生与教师入校。" * 6}, {"id": "4", "html": page}):
        producer.produce("articles.raw", json.dumps(value).encode())
    producer.produce("articles.raw", b"{no json")
    assert producer.flush(30) == 0

    with logs["daemon"].open("w") as stderr:
        daemon = subprocess.Popen(command("millraced.service", "/mnt/usr/bin/millraced", *words, binds=[*binds, (tmp_path / "state", "/mnt/state")], writable=["/mnt/state", "/mnt/run"],
                                          groups=[OPERATORS]),
                                  stderr=stderr, env={**environment, "NOTIFY_SOCKET": "/mnt/run/notify", "WATCHDOG_USEC": "30000000", "STATE_DIRECTORY": "/mnt/state"})
    with logs["worker"].open("w") as stderr:
        worker = subprocess.Popen(command("millrace-worker@.service", "/mnt/usr/bin/millrace-worker", "--stage", "extract", *words, binds=binds), stderr=stderr, env=environment)

    def metric(name):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                return sum(int(number) for number in re.findall(rf"^millrace_{name}(?:\{{.*\}})? (\d+)$", answer.read().decode(), re.M))
        except OSError:
            return 0

    try:
        wait_until(lambda: "READY=1" in manager.lines() or daemon.poll() is not None, 60, log)
        wait_until(lambda: metric("records_published_total") == 3 and metric("records_duplicate_total") == 1 and metric("records_dead_total") == 1 or daemon.poll() is not None, 60, log)
        for user, groups, code in ((USER, [], 0), (MEMBER, [OPERATORS], 0), (STRANGER, [], 19)):        # who calls is known in the sandbox, too
            asked = subprocess.run(command("millrace-worker@.service", "/mnt/usr/bin/millrace", "ctl", "status", "--socket", "/mnt/run/millrace/control.sock", binds=binds, user=user,
                                           groups=groups), capture_output=True, text=True, timeout=60)
            assert asked.returncode == code, (user, asked.stdout, asked.stderr)
        daemon.send_signal(signal.SIGHUP)
        wait_until(lambda: "RELOADING=1" in manager.lines() and metric("config_reloads_total") == 1 or daemon.poll() is not None, 60, log)
        wait_until(lambda: "WATCHDOG=1" in manager.lines() or daemon.poll() is not None, 60, log)
        daemon.terminate()
        assert daemon.wait(timeout=60) == 0, log()
        assert worker.wait(timeout=60) in (0, 15, 16), log()
        assert "STOPPING=1" in manager.lines()
    finally:
        for child in (daemon, worker):
            child.kill()
            child.wait()
    assert list((tmp_path / "state/millrace").glob("index-*.log"))
    for file in logs.values():
        assert "signal 31" not in file.read_text(), file.read_text()[-3000:]
