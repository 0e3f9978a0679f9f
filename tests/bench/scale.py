"""./run bench scale: how throughput grows with workers and with daemons, what keys and the journal cost, and how long a journal takes to follow.

Real Kafka, an input topic of 8 partitions, a journal of 2. Everything shares the machine (broker, load, daemons, workers), so on few cores the rates meet the number of cores soon; what
scales is the processor time a record of each process, which is told beside them (/proc) and hardly depends on neighbours. `could do` is the cores by the sum of all, the load
left out; `loop` is the daemon's event loop, one thread: its reciprocal is the most that one daemon can do however many workers it has."""
import argparse
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "system"), str(pathlib.Path(__file__).parent)]

from confluent_kafka.admin import NewTopic       # noqa: E402

import bench                                      # noqa: E402
import kafka                                      # noqa: E402
import machine                                    # noqa: E402
from daemon import BIN, Millraced                 # noqa: E402
from process import Process, free_port            # noqa: E402
from wait import wait_until                       # noqa: E402

STAGES = ("extract", "dedup", "classify")
PARTITIONS = 8


class Group:
    """Daemons of one group with their workers, between an input topic that is kept filled and the output topics."""

    def __init__(self, broker, folder, name, daemons=1, workers=(1, 1, 1), journal=True, keys=False, rate=None):
        self.broker, self.folder, self.name, self.keys, self.rate = broker, folder / name, name, keys, rate
        self.folder.mkdir()
        self.input, self.output, self.duplicates, self.journal = (f"{name}.{end}" for end in ("in", "out", "dup", "index"))
        self._topics({self.input: PARTITIONS, self.output: 1, self.duplicates: 1, f"dlq.{self.input}": 1, self.journal: 2})
        spawn = " ".join(f"{stage}:{count}" for stage, count in zip(STAGES, workers))
        settings = {"intake.topics": self.input, "intake.group": name, "publish.topic": self.output, "publish.duplicates_topic": self.duplicates, "log.outcomes": "false",
                    "kafka/bootstrap.servers": broker.bootstrap, "workers.spawn": spawn, **({"dedup.journal": self.journal} if journal else {})}
        self.daemons = [Millraced(self.folder / f"d{i}", f"{name}-{i}", dict(settings)) for i in range(daemons)]
        self.far, self.load = [], None
        if keys:
            self._give_keys(workers)

    def _topics(self, wanted):
        made = [NewTopic(name, num_partitions=count, replication_factor=1, config={"retention.ms": str(90 * 86400000)}) for name, count in wanted.items()]
        for future in self.broker._admin.create_topics(made, operation_timeout=20).values():
            future.result(30)
        self.topics = list(wanted)
        wait_until(lambda: all(self.broker._kafka.partitions(n) == count for n, count in wanted.items()), 20, "topics exist")

    def _give_keys(self, workers):
        """All workers over tcp, as they come from other hosts."""
        keys, ports = self.folder / "keys", [free_port() for _ in STAGES]
        subprocess.run([BIN / "millrace", "keys", "new", "--out", keys], check=True, capture_output=True)
        listen = " ".join(f"{stage}:tcp://127.0.0.1:{port}" for stage, port in zip(STAGES, ports))
        self.daemons[0].settings.update({"workers.spawn": "", "workers.listen": listen, "workers.server_key": f"file:{keys}/server.secret", "workers.allow": keys / "workers.allow"})
        self.far = [(stage, [BIN / "millrace-worker", "--stage", stage, "--endpoint", f"tcp://127.0.0.1:{port}", "--daemon-key", f"file:{keys}/server.public", "--key",
                             f"file:{keys}/worker.secret", "--set", "log.level=error"]) for stage, port, count in zip(STAGES, ports, workers) for _ in range(count)]

    def start(self):
        words = [bench.BENCH / "bench_load", "--brokers", self.broker.bootstrap, "--topic", self.input, "--count", "10000000"]
        words += ["--rate", str(self.rate)] if self.rate else ["--watch", f"{self.output},{self.duplicates}", "--ahead", "8000"]
        self.load = Process(words, self.folder / "load.log")
        for d in self.daemons:
            d.start()
        self.far = [(stage, Process(argv, self.folder / f"far-{i}.log")) for i, (stage, argv) in enumerate(self.far)]
        for d in self.daemons:
            d.wait_ready(60)
        share = PARTITIONS // len(self.daemons)
        wait_until(lambda: all(d.metric("millrace_partitions_assigned") == share for d in self.daemons), 60, "the partitions are shared")
        wait_until(lambda: all(d.balance()["published"] > 0 for d in self.daemons), 60, "records come out of each daemon")

    def processes(self):
        """{what: [pid]}"""
        found = {stage: [] for stage in STAGES}
        for d in self.daemons:
            d.check_alive()
            for pid in machine.children(d.process.pid):
                found.setdefault(machine.stage_of(pid), []).append(pid)
        for stage, process in self.far:
            found[stage].append(process.pid)
        return {"daemon": [d.process.pid for d in self.daemons], **{s: found[s] for s in STAGES}, "broker": [self.broker.pid], "load": [self.load.pid]}

    def records(self):
        return sum(sum(v for k, v in d.balance().items() if k in ("published", "duplicates", "dead")) for d in self.daemons)

    def sums(self, name):
        """(sum in seconds, count) of a histogram, over all daemons."""
        return [sum(d.metrics()[f"millrace_{name}_{part}"] for d in self.daemons) for part in ("sum", "count")]

    def close(self):
        for process in [self.load, *(p for _, p in self.far if isinstance(p, Process))]:
            if process and process.running():
                process.kill()
        for d in self.daemons:
            d.clean()
        self.broker.drop(self.topics)


class Sample:
    def __init__(self, group):
        self.cpu = {what: sum(map(machine.cpu, pids)) for what, pids in group.processes().items()}
        self.cpu["loop"] = sum(machine.loop_cpu(d.process.pid) for d in group.daemons)
        self.records, self.at = group.records(), time.monotonic()
        self.epochs = {name: group.sums(name) for name in ("commit_seconds", "epoch_seconds")}


def measured(group, seconds):
    """{rate, microseconds of processor time a record of each kind of process, milliseconds of an epoch}"""
    try:
        group.start()
        time.sleep(bench.WARM_S)
        before = Sample(group)
        time.sleep(seconds)
        after = Sample(group)
        records = after.records - before.records
        assert records > 0, "nothing moved"
        found = {what: (after.cpu[what] - before.cpu[what]) * 1e6 / records for what in after.cpu}
        for name, (total, count) in after.epochs.items():
            found[name] = (total - before.epochs[name][0]) * 1e3 / max(1, count - before.epochs[name][1])
        found["epochs"] = (after.epochs["commit_seconds"][1] - before.epochs["commit_seconds"][1]) / (after.at - before.at)
        found["rate"] = records / (after.at - before.at)
        return found
    finally:
        group.close()


class Scale:
    def __init__(self, arguments, folder):
        self.arguments, self.folder = arguments, folder
        self.broker = bench.Real(folder)
        self.seconds, self.turns, self.count = (5, 1, 0) if arguments.quick else (15, 3, 0)
        self.cores = len(os.sched_getaffinity(0))

    def run(self, kinds):
        found = {kind: [] for kind in kinds}
        for turn in range(self.turns):
            for kind, words in kinds.items():
                self.count += 1
                found[kind].append(measured(Group(self.broker, self.folder, f"g{self.count}", **words), self.seconds))
                print(f"  turn {turn + 1}, {kind}: {found[kind][-1]['rate']:.0f} records/s, load {machine.load():.1f}", file=sys.stderr)
        return {kind: {key: statistics.median(r[key] for r in rounds) for key in rounds[0]} for kind, rounds in found.items()}

    def table(self, found):
        print(f"{'':34}{'records/s':>10}   processor time a record, us{'':37}{self.cores} cores   a daemon")
        print(f"{'':34}{'':>10}{'daemon':>9}{'loop':>7}{'extract':>9}{'dedup':>7}{'classify':>9}{'broker':>8}{'load':>7}{'could do':>11}{'at most':>10}")
        for kind, r in found.items():
            whole = sum(r[k] for k in ("daemon", *STAGES, "broker"))
            print(f"{kind:34}{r['rate']:10.0f}{r['daemon']:9.0f}{r['loop']:7.0f}{r['extract']:9.0f}{r['dedup']:7.0f}{r['classify']:9.0f}{r['broker']:8.0f}{r['load']:7.0f}"
                  f"{self.cores * 1e6 / whole:11.0f}{1e6 / r['loop']:10.0f}")

    def workers_and_daemons(self):
        kinds = {f"1 daemon, {n} worker{'s' * (n > 1)} a stage": {"workers": (n, n, n)} for n in (1, 2, 3)}
        kinds["1 daemon, extract 2, others 1"] = {"workers": (2, 1, 1)}
        kinds["2 daemons, 1 worker a stage each"] = {"daemons": 2}
        kinds["1 daemon, 1 worker, tcp with keys"] = {"keys": True}
        print("\nworkers, daemons, keys (journal on, 8 partitions, records of 13.6 KB, everything on)")
        found = self.run(kinds)
        self.table(found)
        one = found["1 daemon, 1 worker a stage"]
        per = {k: 1e6 / one[k] for k in (*STAGES, "loop", "daemon", "broker")}
        print("one core carries, records/s, by processor time: " + ", ".join(f"{k} {v:.0f}" for k, v in per.items()))

    def journal(self):
        """At the same modest rate, so that epochs are alike: what an epoch costs with and without the journal."""
        rate = 150
        found = self.run({"without the journal": {"journal": False, "rate": rate}, "with the journal": {"rate": rate}})
        print(f"\nan epoch at {rate} records/s")
        print(f"{'':22}{'epochs/s':>10}{'commit, ms':>12}{'epoch, ms':>11}{'daemon, us a record':>21}{'broker, us a record':>21}")
        for kind, r in found.items():
            print(f"{kind:22}{r['epochs']:10.1f}{r['commit_seconds']:12.1f}{r['epoch_seconds']:11.1f}{r['daemon']:21.0f}{r['broker']:21.0f}")

    def follow(self):
        entries = 200_000 if self.arguments.quick else 1_000_000
        group = Group(self.broker, self.folder, "follow")
        d = group.daemons[0]
        try:
            told = subprocess.run([bench.BENCH / "bench_journal", self.broker.bootstrap, group.journal, "2", str(entries), "500"], check=True, capture_output=True, text=True).stdout
            broker, begin = machine.cpu(self.broker.pid), time.monotonic()
            d.start()
            wait_until(lambda: d.running() and "msg=started" in d.log(), 600, "the journal was followed", every=0.05)
            wall = time.monotonic() - begin
            ran, waited = machine.loop_waits(d.process.pid)
            cpu, broker = machine.cpu(d.process.pid), machine.cpu(self.broker.pid) - broker
            known = d.metrics()["millrace_index_settled_entries"]
            assert known == entries, f"{known} of {entries} are known"
            marks = [time.mktime(time.strptime(re.match(r"([^.]*)", line)[1], "%Y-%m-%dT%H:%M:%S")) + float("0" + line[19:23]) for line in d.log().splitlines()
                     if 'msg="journal: following"' in line or "msg=started" in line]
            print(f"\nan empty folder and a journal of {entries} entries ({told.strip()}): {marks[1] - marks[0]:.1f} s from `journal: following` to `started`; processor time of the daemon {cpu:.1f} s, "
                  f"of the broker {broker:.1f} s; its loop ran {ran:.1f} s, waited {waited:.1f} s for a core and slept {max(0.0, wall - ran - waited):.1f} s")
        finally:
            group.close()


def main():
    parser = argparse.ArgumentParser(prog="./run bench scale", description="throughput by workers and daemons, what keys and the journal cost")
    parser.add_argument("--quick", action="store_true", help="one short turn of everything")
    parser.add_argument("--only", choices=["workers", "journal", "follow"], action="append", help="only this part (may be repeated)")
    arguments = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="millrace-scale-"))
    scale = None
    try:
        scale = Scale(arguments, folder)
        print("\n".join(f"{what:12}{value}" for what, value in machine.describe() + [("broker", scale.broker.name), ("load", f"{machine.load():.1f} at the start")]))
        parts = arguments.only or ["workers", "journal", "follow"]
        for name, part in (("workers", scale.workers_and_daemons), ("journal", scale.journal), ("follow", scale.follow)):
            if name in parts:
                part()
        return 0
    except kafka.Unavailable as reason:
        print(f"no Apache Kafka here ({reason}): nothing to measure", file=sys.stderr)
        return 1
    finally:
        if scale:
            scale.broker.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
