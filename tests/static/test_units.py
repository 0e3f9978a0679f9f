"""The service files: systemd has nothing to say about them, the sandbox is as tight as told, and the programs live under its system calls."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import urllib.request

import pytest

import sandbox
from process import free_port
from require import cannot
from wait import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNITS = ROOT / "systemd"
BUILD = ROOT / os.environ.get("MILLRACE_BUILD", "build")
SERVICES = ("millraced.service", "millrace-worker@.service")


def need(program):
    if not shutil.which(program):
        cannot(f"no {program} here")


@pytest.fixture
def installed(tmp_path):
    """The units with programs that exist, for systemd-analyze looks for those."""
    programs = {"millraced": BUILD / "bin/millraced", "millrace-worker": BUILD / "bin/millrace-worker"}
    for file in UNITS.iterdir():
        text = file.read_text()
        for name, path in programs.items():
            text = text.replace(f"/usr/bin/{name} ", f"{path if path.exists() else '/bin/true'} ")
        (tmp_path / file.name).write_text(text)
    (tmp_path / "millrace-worker@extract.service").write_text((tmp_path / "millrace-worker@.service").read_text())
    return tmp_path


def analyze(*arguments, cwd):
    return subprocess.run(["systemd-analyze", *arguments], cwd=cwd, capture_output=True, text=True, timeout=60)


def test_there_are_units():
    assert {*SERVICES, "millrace.target"} <= {unit.name for unit in UNITS.iterdir()}


def test_verify_prints_nothing(installed):
    need("systemd-analyze")
    for name in (*SERVICES, "millrace.target", "millrace-worker@extract.service"):
        result = analyze("verify", "--man=no", f"./{name}", cwd=installed)
        assert (result.stdout + result.stderr).strip() == "", name         # it exits 0 even on unknown directives


def test_verify_would_see_a_mistake(installed):
    need("systemd-analyze")
    unit = installed / "millraced.service"
    unit.write_text(unit.read_text().replace("WatchdogSec=", "WatchdgoSec="))
    result = analyze("verify", "--man=no", "./millraced.service", cwd=installed)
    assert "WatchdgoSec" in result.stdout + result.stderr


@pytest.mark.parametrize("name,most", [("millraced.service", 1.5), ("millrace-worker@.service", 0.5)])
def test_the_sandbox_is_tight(installed, name, most):
    """systemd's own measure, 0 (closed) to 10 (open); what is left is the network, the static user and the file system that may be read. The figure stands in docs/operations.md."""
    need("systemd-analyze")
    result = analyze("security", "--offline=true", f"--threshold={most * 10:.0f}", "--no-pager", f"./{name}", cwd=installed)
    assert result.returncode == 0, result.stdout
    level = re.search(r"exposure level for \S+: ([0-9.]+)", result.stdout).group(1)
    assert f"`{name}` {level}" in " ".join((ROOT / "docs/operations.md").read_text().split())


def test_units_fit_the_programs():
    """What the units promise about signals, codes and folders is what the programs do."""
    codes = dict(re.findall(r"X\((EXIT_\w+), (\d+),", (ROOT / "common/exit_codes.h").read_text()))
    drain = int(re.search(r'"daemon.drain_ms", OPTION_MS, "(\d+)"', (ROOT / "common/options.c").read_text()).group(1))
    for name in SERVICES:
        text = (UNITS / name).read_text()
        assert f"RestartPreventExitStatus={codes['EXIT_CONFIG']}\n" in text
    daemon = (UNITS / "millraced.service").read_text()
    assert int(re.search(r"TimeoutStopSec=(\d+)", daemon).group(1)) * 1000 > drain
    assert "StateDirectory=millrace\n" in daemon and "RuntimeDirectory=millrace\n" in daemon
    assert "RuntimeDirectory=" not in (UNITS / SERVICES[1]).read_text()        # only one unit may own it


# ---- the system calls of the unit, tried ----

def filter_of(name):
    """The calls behind SystemCallFilter=, groups opened."""
    return sandbox.expand(sandbox.service_of(UNITS / name)["SystemCallFilter"].split())


def closed_in(calls):
    """A function for the child, between fork and exec: from then on other calls kill the process, as systemd's filter does."""
    allow = sandbox.Filter(sandbox.KILL)
    for call in sorted(calls):
        allow.rule(sandbox.ALLOW, call)
    return allow.load


def run_under(calls, *command, cwd):
    return subprocess.run(command, preexec_fn=closed_in(calls), cwd=cwd, capture_output=True, text=True, timeout=120)


def need_build(path):
    if not path.exists():
        cannot(f"{path} is not built")
    return str(path)


def test_the_filter_of_this_test_bites(tmp_path):
    need("systemd-analyze")
    calls = filter_of("millraced.service")
    assert run_under(calls, "/bin/true", cwd=tmp_path).returncode == 0
    assert run_under(calls - {"openat", "open"}, "/bin/true", cwd=tmp_path).returncode == -31                  # SIGSYS


@pytest.mark.parametrize("program", ["bin/millrace check", "bin/millrace version", "tests/test_daemon_admin", "tests/test_daemon_control", "tests/test_daemon_notify", "tests/test_daemon_stage"])
def test_the_daemons_parts_live_under_its_filter(program, tmp_path):
    """libevent's HTTP port, sockets of the stages, librdkafka's configuration, workers that are started and close their own cage."""
    need("systemd-analyze")
    first, *rest = program.split()
    result = run_under(filter_of("millraced.service"), need_build(BUILD / first), *rest, cwd=tmp_path)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]


@pytest.mark.parametrize("stage", ["extract", "dedup", "classify", "watch"])
def test_a_worker_closes_its_cage_under_the_filter(stage, tmp_path):
    """Opens what its stage needs, closes its own cage inside the unit's, and finds that it can open neither file nor socket any more."""
    need("systemd-analyze")
    worker = need_build(BUILD / "bin/millrace-worker")
    result = run_under(filter_of("millrace-worker@.service"), worker, "--stage", stage, "--set", f"watch.file={ROOT}/conf/watches.conf", "--cage-test", cwd=tmp_path)
    assert result.returncode == 0, result.stderr[-2000:]


def test_a_worker_needs_the_call_that_the_group_lacks(tmp_path):
    """@system-service of systemd 252 has no seccomp: without that word in the unit no worker could close its cage."""
    need("systemd-analyze")
    worker = need_build(BUILD / "bin/millrace-worker")
    result = run_under(filter_of("millrace-worker@.service") - {"seccomp"}, worker, "--stage", "extract", "--cage-test", cwd=tmp_path)
    assert result.returncode in (-31, 18), result.stderr[-2000:]


# ---- the running daemon ----

def page(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.read().decode()
    except OSError:                                # not there yet, or 503
        return ""


def count(port, name):
    found = re.search(rf"^millrace_{name} (\d+)$", page(port, "/metrics"), re.M)
    return int(found.group(1)) if found else 0


def test_the_daemon_lives_under_its_filter(broker, tmp_path):
    """A record goes all the way, workers in their cages, then reload and drain; a call outside the unit's list would have killed a process."""
    need("systemd-analyze")
    kafka = pytest.importorskip("confluent_kafka")
    port = free_port()
    sets = [f"kafka.bootstrap.servers={broker}", "kafka.consumer.auto.offset.reset=earliest", "publish.delivery=at-least-once", f"admin.port={port}",
            f"daemon.state_dir={tmp_path}/state", f"daemon.runtime_dir={tmp_path}/run"]
    command = [need_build(BUILD / "bin/millraced"), *(word for one in sets for word in ("--set", one))]
    producer = kafka.Producer({"bootstrap.servers": broker})
    producer.produce("articles.raw", json.dumps({"title": "City opens library", "text": "The city opened a library for students on Monday. " * 5}).encode())
    assert producer.flush(30) == 0
    log = tmp_path / "log"
    with log.open("w") as stderr:
        daemon = subprocess.Popen(command, preexec_fn=closed_in(filter_of("millraced.service")), cwd=tmp_path, stderr=stderr)
    try:
        wait_until(lambda: count(port, "records_published_total") == 1 or daemon.poll() is not None, 60, log.read_text)
        daemon.send_signal(signal.SIGHUP)
        wait_until(lambda: daemon.poll() is not None or 'config_reloads_total{result="ok"} 1' in page(port, "/metrics"), 60, log.read_text)
        daemon.terminate()
        assert daemon.wait(timeout=40) == 0, log.read_text()[-3000:]
    finally:
        daemon.kill()
        daemon.wait()
    assert "signal 31" not in log.read_text()      # SIGSYS of a worker
