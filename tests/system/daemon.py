"""millraced under test: a folder, a port and a log of its own; started, killed, stopped, asked."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import urllib.error
import urllib.request

from process import Process, free_port
from wait import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("MILLRACE_BIN") or ROOT / "build" / "bin")
STAGES = os.environ.get("MILLRACE_TEST_STAGES", "extract dedup classify")

# The terms of the balance and the metrics that tell them.
BALANCE = {"read": "millrace_records_read_total", "published": "millrace_records_published_total", "duplicates": "millrace_records_duplicate_total",
           "filtered": "millrace_records_filtered_total",
           "dead": "millrace_records_dead_total", "tombstones": "millrace_records_tombstone_total", "in_flight": "millrace_records_in_flight"}


class Millraced:
    """`settings` are section.key = value; `section.key` of a Kafka section keeps its own dots (kafka.consumer/max.poll.interval.ms)."""

    def __init__(self, folder, instance, settings=None, env=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.instance, self.port = instance, free_port()
        self.env = {**os.environ, **(env or {})}
        self.env.pop("NOTIFY_SOCKET", None)
        self.runtime = tempfile.mkdtemp(prefix="mr-", dir="/tmp")        # socket paths have a short limit
        self.settings = {"daemon.instance": instance, "daemon.state_dir": self.folder / "state", "daemon.runtime_dir": self.runtime,
                         "admin.port": self.port, "pipeline.stages": STAGES, **(settings or {})}
        self.config = self.folder / "millrace.conf"
        self.log_path = self.folder / "millraced.log"
        self.process = None
        self.starts = 0
        self.let_go = False                  # it was asked to end, or killed

    def write_config(self, **_):
        sections = {}
        for name, value in self.settings.items():
            section, key = name.split("/", 1) if "/" in name else name.rsplit(".", 1)
            sections.setdefault(section, []).append(f"{key} = {value}\n")
        self.config.write_text("".join(f"[{s}]\n{''.join(lines)}\n" for s, lines in sections.items()))

    # ---- life ----
    def start(self, crash_at=None, **settings):
        self.settings.update(settings)
        self.write_config()
        env = dict(self.env)
        env.pop("MILLRACE_CRASH_AT", None)
        if crash_at:
            env["MILLRACE_CRASH_AT"] = crash_at
        self.starts += 1
        self.let_go = False
        self.process = Process([BIN / "millraced", "--config", self.config], self.log_path, env=env, cwd=self.folder)
        return self

    def wait_ready(self, seconds=45):
        def ready():
            assert self.process.running(), f"{self.instance} ended with {self.process.popen.returncode}:\n{self.log()[-3000:]}"
            return self.get("/ready")[0] == 200
        wait_until(ready, seconds, lambda: f"{self.instance} is ready ({self.get('/ready')}; log: {self.log()[-2000:]})")
        return self

    def running(self):
        return self.process is not None and self.process.running()

    def check_alive(self):
        """Fails at once when it ended without being asked to."""
        if self.process and not self.let_go and not self.process.running():
            raise AssertionError(f"{self.instance} ended with {self.process.popen.returncode}:\n{self.log()[-2000:]}")

    def kill(self):
        self.let_go = True
        return self.process.kill()

    def stop(self, seconds=40):
        """SIGTERM; returns the exit code."""
        self.let_go = True
        self.process.signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def wait_end(self, seconds=60):
        self.let_go = True
        return self.process.wait(seconds)

    def reload(self):
        self.write_config()
        self.process.signal(signal.SIGHUP)

    def clean(self):
        if self.running():
            self.kill()
        shutil.rmtree(self.runtime, ignore_errors=True)

    # ---- asked ----
    def get(self, path, seconds=2):
        """(status, text); (0, reason) when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=seconds) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def metrics(self):
        """{name or name{labels}: value}"""
        code, text = self.get("/metrics")
        assert code == 200, text
        found = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                found[name] = float(value)
        return found

    def metric(self, name, **labels):
        """Sum over all series of a name that carry the labels."""
        total, seen = 0, False
        for series, value in self.metrics().items():
            if series.split("{")[0] == name and all(f'{k}="{v}"' in series for k, v in labels.items()):
                total, seen = total + value, True
        assert seen, f"no metric {name} {labels}"
        return total

    def balance(self):
        """The terms of the balance, from /metrics."""
        m = self.metrics()
        terms = {term: sum(v for k, v in m.items() if k.split("{")[0] == name) for term, name in BALANCE.items()}
        terms["read"] -= m["millrace_records_returned_total"]            # handed back without an outcome, and read again
        return terms

    def status(self):
        code, text = self.get("/status")
        assert code == 200, text
        return json.loads(text)

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def memory_bytes(self):
        """Resident memory of the daemon alone."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        return 0

    def workers(self, stage=None):
        """Pids of its spawned workers, of one stage or all."""
        found = []
        for folder in pathlib.Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            try:
                stat = (folder / "stat").read_text()
                command = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            parent = int(stat.rsplit(")", 1)[1].split()[1])
            words = [w.decode(errors="replace") for w in command]
            if parent == self.process.pid and any("millrace-worker" in w for w in words[:1]):
                if stage is None or stage in words or f"--stage={stage}" in words:
                    found.append(int(folder.name))
        return sorted(found)


    def kill_worker(self, stage, number=signal.SIGKILL):
        """One worker of the stage gets a signal; its pid."""
        pids = wait_until(lambda: self.workers(stage), 20, f"there is a worker of {stage}")
        os.kill(pids[0], number)
        return pids[0]


class Worker(Process):
    """A worker started by hand, as on another unit."""

    def __init__(self, daemon, stage):
        super().__init__([BIN / "millrace-worker", "--stage", stage, "--config", daemon.config], daemon.folder / f"worker-{stage}.log", env=daemon.env)


JOURNAL_POINTS = {"after-follow", "after-followed"}      # passed only with dedup.journal


def crash_points():
    """Every named crash point of the daemon, as its source says: none can be left out."""
    names = set()
    for source in (ROOT / "daemon").glob("*.c"):
        names.update(re.findall(r'\bcrash(?:_at|_point|_here)\("([a-z0-9-]+)"\)', source.read_text()))
    return sorted(names)


def millrace(*arguments, input=None, seconds=120, env=None):
    """One run of the command for people."""
    return subprocess.run([BIN / "millrace", *map(str, arguments)], input=input, capture_output=True, timeout=seconds, env={**os.environ, **(env or {})})
