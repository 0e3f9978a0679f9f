"""./run bench: how fast, how large, how late. Prints a table; exits 1 when a target is missed (only with --check).

Every subject reads a topic that bench_load keeps filled (never more than a few thousand records ahead), on the same cores as broker and load. References and
subjects take turns, several times; the figures are medians. Machines differ and have neighbours: the ratios and the processor time a record are
what to compare, and they were measured within the same minutes."""
import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "system"), str(pathlib.Path(__file__).parent)]

from confluent_kafka import Consumer, TopicPartition       # noqa: E402
from confluent_kafka.admin import AdminClient, NewTopic    # noqa: E402

import kafka                                                # noqa: E402
import machine                                              # noqa: E402
from daemon import Millraced                                # noqa: E402
from process import Process                                 # noqa: E402
from wait import wait_until                                 # noqa: E402

BENCH = ROOT / "build" / "bench"
ALL = "extract dedup classify"
WARM_S = 2.0
EPOCH_MS = 100
JSON_COUNTS = ("records_read_total", "json_parsed_total", "json_dumped_total")


class Real:
    """Apache Kafka, one node."""
    exactly_once, ahead, counts_records = True, 4000, True

    def __init__(self, folder):
        self._kafka = kafka.Kafka(folder / "kafka")
        self._kafka.start()
        self.name = f"Apache Kafka {kafka.version()}, {machine.java()}, one node, heap 512 MB"
        self.bootstrap, self.pid = self._kafka.bootstrap, self._kafka.nodes[0].process.pid
        self._admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})

    def topics(self, names):
        futures = self._admin.create_topics([NewTopic(n, num_partitions=1, replication_factor=1) for n in names], operation_timeout=20)
        for future in futures.values():
            future.result(30)
        wait_until(lambda: all(self._kafka.partitions(n) == 1 for n in names), 20, "topics exist")

    def drop(self, names):
        for future in self._admin.delete_topics(names, operation_timeout=20).values():
            future.result(30)

    def stop(self):
        self._kafka.stop()


class Embedded:
    """librdkafka's mock cluster: no transactions to speak of, and only 5 MiB a partition, so the load stays close to its reader."""
    exactly_once, ahead, counts_records = False, 300, False
    name = "embedded broker (at-least-once: it proves nothing about transactions)"

    def __init__(self, folder):
        self._process = subprocess.Popen([ROOT / "build" / "bin" / "millrace", "broker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.bootstrap, self.pid = self._process.stdout.readline().split()[-1], self._process.pid
        self._admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})

    def topics(self, names):
        for name in names:                       # it makes a topic when it is asked about it
            wait_until(lambda n=name: self._admin.list_topics(n, timeout=5).topics[n].error is None, 10, f"topic {name} exists")

    def drop(self, names):
        pass

    def stop(self):
        self._process.kill()
        self._process.wait()


class Flow:
    """One subject between an input topic that is kept filled and its output topics."""
    numbers = iter(range(1, 1 << 30))

    def __init__(self, bench, name):
        self.bench, self.number = bench, next(Flow.numbers)
        self.name = f"{name}{self.number}"
        self.input, self.output, self.duplicates = f"{self.name}.in", f"{self.name}.out", f"{self.name}.dup"
        self.topics = [self.input, self.output, self.duplicates, f"dlq.{self.input}", f"{self.name}.alerts"]
        bench.broker.topics(self.topics)
        self.load_process = self.process = None
        self.closed = False

    def load(self, count, rate=None):
        words = [BENCH / "bench_load", "--brokers", self.bench.broker.bootstrap, "--topic", self.input, "--count", str(count), "--seed", str(self.number)]
        if rate:
            words += ["--rate", str(rate)]
        elif self.bench.broker.counts_records:
            words += ["--watch", f"{self.output},{self.duplicates}", "--ahead", str(self.bench.broker.ahead)]
        else:
            words += ["--follow", self._follow(), "--ahead", str(self.bench.broker.ahead)]
        self.load_process = Process(words, self.bench.folder / f"{self.name}.load.log")

    def _follow(self):
        """A file that always holds the number of records that are through."""
        file = self.bench.folder / f"{self.name}.through"
        fresh = file.with_suffix(".new")
        file.write_text("0")

        def write():
            while not self.closed:
                try:
                    fresh.write_text(str(self.records()))
                    fresh.rename(file)
                except (AssertionError, AttributeError, OSError, KeyError):      # not started yet, or ended
                    pass
                time.sleep(0.03)
        threading.Thread(target=write, daemon=True).start()
        return str(file)

    def close(self):
        self.closed = True
        for process in (self.load_process, self.process):
            if process and process.running():
                process.kill()
        self.bench.broker.drop(self.topics)


class Forwarder(Flow):
    """A reference: bare, or with each value parsed and dumped once."""

    def __init__(self, bench, parse):
        super().__init__(bench, "parse" if parse else "bare")
        self.parse = parse

    def start(self):
        words = [BENCH / "bench_forward", "--brokers", self.bench.broker.bootstrap, "--from", self.input, "--to", self.output, "--group", self.name]
        words += (["--parse"] if self.parse else []) + ([] if self.bench.broker.exactly_once else ["--at-least-once"])
        self.log = self.bench.folder / f"{self.name}.log"
        self.process = Process(words, self.log)

    def records(self):
        lines = self.log.read_text().split("\n")
        assert self.process.running(), lines[-2:]
        counts = [line for line in lines[:-1] if line.isdigit()]        # between them: what librdkafka has to say
        return int(counts[-1]) if counts else 0

    def workers(self):
        return []


class Daemon(Flow):
    """millraced with these stages."""

    def __init__(self, bench, stages, settings=None):
        super().__init__(bench, "all" if stages else "off")
        self.daemon = Millraced(bench.folder / self.name, self.name, {
            "kafka.bootstrap.servers": bench.broker.bootstrap, "intake.topics": self.input, "intake.group": self.name, "publish.topic": self.output,
            "publish.duplicates_topic": self.duplicates, "pipeline.stages": stages, "log.outcomes": "false", "publish.epoch_ms": EPOCH_MS,
            "watch.alerts_topic": f"{self.name}.alerts",
            "publish.delivery": "exactly-once" if bench.broker.exactly_once else "at-least-once", **bench.settings, **(settings or {})})
        self.daemon.settings["kafka/bootstrap.servers"] = self.daemon.settings.pop("kafka.bootstrap.servers")

    def start(self):
        self.daemon.start()
        self.process = self.daemon.process
        self.daemon.wait_ready()

    def records(self):
        self.daemon.check_alive()
        return int(self.daemon.balance()["published"])

    def workers(self):
        return machine.children(self.process.pid)

    def close(self):
        super().close()
        self.daemon.clean()


class Sample:
    """Records and processor seconds at one moment."""

    def __init__(self, flow):
        self.flow, self.workers = flow, {p: machine.cpu(p) for p in flow.workers()}
        self.cpu = {"subject": machine.cpu(flow.process.pid), "workers": sum(self.workers.values()), "broker": machine.cpu(flow.bench.broker.pid),
                    "load": machine.cpu(flow.load_process.pid) if flow.load_process else 0}
        self.records, self.at = flow.records(), time.monotonic()


def measured(flow, seconds):
    """{rate, microseconds of processor time a record for subject, workers, broker, load}"""
    try:
        flow.load(10_000_000)
        flow.start()
        wait_until(lambda: flow.records() > 0, 60, "the first records came out")
        time.sleep(WARM_S)
        before = Sample(flow)
        time.sleep(seconds)
        after = Sample(flow)
        records = after.records - before.records
        assert records > 0, "nothing moved"
        result = {name: (after.cpu[name] - before.cpu[name]) * 1e6 / records for name in after.cpu}
        result["rate"] = records / (after.at - before.at)
        return result
    finally:
        flow.close()


def median(rounds, key):
    return statistics.median(r[key] for r in rounds)


class Bench:
    def __init__(self, arguments, folder):
        self.arguments, self.folder = arguments, folder
        self.settings = dict(pair.split("=", 1) for pair in arguments.set)
        self.broker = self._broker()
        self.missed = []

    def _broker(self):
        try:
            if not self.arguments.embedded:
                return Real(self.folder)
        except kafka.Unavailable as reason:
            print(f"no Apache Kafka here ({reason})")
        return Embedded(self.folder)

    def judge(self, what, good, found):
        print(f"  {'ok    ' if good else 'MISSED'}  {what}: {found}")
        if not good:
            self.missed.append(what)

    # ---- rates ----
    def rates(self):
        kinds = {"bare forwarder": lambda: Forwarder(self, False), "parsing forwarder": lambda: Forwarder(self, True),
                 "stages off": lambda: Daemon(self, ""),
                 "without facts": lambda: Daemon(self, ALL, {"extract.tagger": "off"}), "all stages": lambda: Daemon(self, ALL, {"workers.spawn": "extract:2 dedup:1 classify:1"})}
        seconds, found = (3, {k: [] for k in kinds}) if self.arguments.quick else (8, {k: [] for k in kinds})
        for turn in range(1 if self.arguments.quick else 3):
            for kind, make in kinds.items():
                found[kind].append(measured(make(), seconds))
                print(f"  turn {turn + 1}, {kind}: {found[kind][-1]['rate']:.0f} records/s, load {machine.load():.1f}", file=sys.stderr)
        return found

    def show_rates(self, found):
        reference = median(found["parsing forwarder"], "rate")
        print(f"\n{'records of 13.6 KB':22}{'records/s':>10}{'ratio':>8}   processor time a record, us{'':6}two cores")
        print(f"{'':22}{'':>10}{'':>8}{'subject':>9}{'workers':>9}{'broker':>8}{'load':>7}{'could do':>11}")
        for kind, rounds in found.items():
            parts = [median(rounds, k) for k in ("subject", "workers", "broker", "load")]
            print(f"{kind:22}{median(rounds, 'rate'):10.0f}{median(rounds, 'rate') / reference:8.2f}{parts[0]:9.0f}{parts[1]:9.0f}{parts[2]:8.0f}{parts[3]:7.0f}{2e6 / sum(parts):11.0f}")
        print("ratio: records/s against the parsing forwarder's; could do: 2 s of processor time by the sum of all four\n")
        ratio = statistics.median(off["rate"] / ref["rate"] for off, ref in zip(found["stages off"], found["parsing forwarder"]))
        self.judge("stages off, at least 0.7 of the parsing forwarder", ratio >= 0.7, f"{ratio:.2f}")
        for kind, words, least in (("without facts", "all stages, no names and figures", 1000), ("all stages", "all stages, everything on", 500)):
            rate, idle = median(found[kind], "rate"), 2e6 / sum(median(found[kind], k) for k in ("subject", "workers", "broker", "load"))
            self.judge(f"{words}, at least {least} records/s on two cores", rate >= least, f"{rate:.0f}, by processor time {idle:.0f}; neighbours' load {machine.load():.0f}")

    # ---- watches ----
    def watches(self, phrases):
        """The whole pipeline with and without the stage watch, in turns."""
        file = self.folder / "watches.conf"
        file.write_bytes(subprocess.run([BENCH / "bench_watch", "--file", str(phrases)], check=True, stdout=subprocess.PIPE).stdout)
        spawn, off = "dedup:1 classify:1 watch:1", {"extract.tagger": "off"}
        on = {"watch.file": str(file)}
        kinds = {"without facts": (off, "extract:1"), "everything on": ({}, "extract:2")}
        found = {(kind, watched): [] for kind in kinds for watched in (False, True)}
        for turn in range(1 if self.arguments.quick else 5):
            for kind, watched in found:
                settings, extract = kinds[kind]
                settings = {**settings, "workers.spawn": f"{extract} {spawn}", **(on if watched else {})}
                found[kind, watched].append(measured(Daemon(self, f"{ALL} watch" if watched else ALL, settings), 4 if self.arguments.quick else 10))
                print(f"  turn {turn + 1}, {kind}, {'with' if watched else 'no'} watches: {found[kind, watched][-1]['rate']:.0f} records/s, load {machine.load():.1f}", file=sys.stderr)
        print(f"\n{phrases} phrases in {-(-phrases // 100)} watches; processor time a record, us (two cores could do: 2 s by the sum)")
        for kind in kinds:
            sums, others = [], sum(median(found[kind, False], k) for k in ("broker", "load"))       # both differ more between turns than watches make out
            for watched in (False, True):
                parts = [median(found[kind, watched], k) for k in ("subject", "workers", "broker", "load")]
                sums.append(parts[0] + parts[1] + others)
                print(f"  {kind + (', watches' if watched else ''):26}{median(found[kind, watched], 'rate'):8.0f} records/s" + "".join(f"{p:8.0f}" for p in parts) + f"{2e6 / sum(parts):10.0f}")
            rates = [w["rate"] / without["rate"] for without, w in zip(found[kind, False], found[kind, True])]
            self.judge(f"{kind}: less than 5 % fewer records/s with watches, median of the turns", statistics.median(rates) > 0.95,
                       f"{(1 - statistics.median(rates)) * 100:.1f} % (" + ", ".join(f"{(1 - r) * 100:.1f}" for r in sorted(rates, reverse=True)) + ")")
            self.judge(f"{kind}: daemon and workers with watches: less than 5 % of what two cores could do", sums[0] / sums[1] > 0.95, f"{(1 - sums[0] / sums[1]) * 100:.1f} %")

    # ---- memory ----
    def memory(self):
        count = 15_000 if self.arguments.quick else 100_000
        flow, samples = Daemon(self, ALL), []
        try:
            flow.load(count)
            flow.start()
            end = time.monotonic() + 1200
            while time.monotonic() < end:
                done = flow.records()
                samples.append((done, machine.rss(flow.process.pid)))
                if done >= count:
                    break
                time.sleep(0.5)
            peak = machine.peak(flow.process.pid)
            counts = flow.daemon.metrics()
        finally:
            flow.close()
        at = {n: next((r for d, r in samples if d >= n * count), samples[-1][1]) for n in (0.1, 0.25, 0.5, 0.75, 1)}
        print(f"\nresident memory of the daemon, all stages, empty window at the start, {samples[-1][0]} records, "
              f"{counts['millrace_index_settled_entries']:.0f} index entries ({counts['millrace_index_memory_bytes'] / 1e6:.0f} MB)")
        print("  " + ", ".join(f"{int(n * count)}: {r / 1e6:.0f} MB" for n, r in at.items()) + f"; highest {peak / 1e6:.0f} MB")
        taken, parsed, dumped = (int(counts[f"millrace_{name}"]) for name in JSON_COUNTS)
        out = int(counts["millrace_articles_published_total"] + sum(v for k, v in counts.items() if k.startswith("millrace_articles_duplicate_total{")))
        self.judge("JSON parsed once a record and dumped once an article", (taken, out) == (parsed, dumped),
                   f"{taken} records read, {parsed} parsed, {out} articles out, {dumped} dumped")
        self.judge(f"under 150 MB after {count} records", samples[-1][0] >= count and peak < 150e6, f"{peak / 1e6:.0f} MB at its highest")

    # ---- latency ----
    def latency(self):
        seconds = 8 if self.arguments.quick else 40
        flow, seen, done = Daemon(self, ALL), [], threading.Event()
        reader = Consumer({"bootstrap.servers": self.broker.bootstrap, "group.id": "latency", "isolation.level": "read_committed", "enable.auto.commit": False,
                           "fetch.wait.max.ms": 10, "log_level": 0})

        def read():
            while not done.is_set():
                message = reader.poll(0.1)
                if message and not message.error():
                    seen.append(time.time() * 1000 - json.loads(message.value())["source_timestamp_ms"])
        try:
            flow.start()
            reader.assign([TopicPartition(flow.output, 0, 0)])
            thread = threading.Thread(target=read)
            thread.start()
            flow.load(50 * (seconds + 2), rate=50)
            wait_until(lambda: flow.records() >= 50 * (seconds + 2), seconds + 60, "all records came out")
            time.sleep(0.5)
        finally:
            done.set()
            thread.join()
            reader.close()
            flow.close()
        late = sorted(seen[100:])                # the first two seconds are warm-up
        p = {q: late[min(len(late) - 1, int(len(late) * q))] for q in (0.5, 0.9, 0.99)}
        print(f"\nlatency at 50 records/s, from the feed's timestamp to a read_committed reader: p50 {p[0.5]:.0f} ms, p90 {p[0.9]:.0f} ms, p99 {p[0.99]:.0f} ms, "
              f"worst {late[-1]:.0f} ms ({len(late)} articles)")
        self.judge(f"p99 below two epochs + 100 ms = {2 * EPOCH_MS + 100} ms", p[0.99] < 2 * EPOCH_MS + 100, f"{p[0.99]:.0f} ms")


def main():
    parser = argparse.ArgumentParser(prog="./run bench", description="speed and memory of the daemon, beside two references, on this machine")
    parser.add_argument("--quick", action="store_true", help="one short turn of everything (a minute)")
    parser.add_argument("--embedded", action="store_true", help="the embedded broker, even where Apache Kafka can be had")
    parser.add_argument("--only", choices=["rates", "memory", "latency"], action="append", help="only this part (may be repeated)")
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=VALUE", help="a setting of the daemon")
    parser.add_argument("--watches", type=int, metavar="PHRASES", help="only the cost of the stage watch with so many phrases")
    parser.add_argument("--check", action="store_true", help="exit 1 when a target is missed")
    arguments = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="millrace-bench-"))
    bench = None
    try:
        bench = Bench(arguments, folder)
        print("\n".join(f"{what:12}{value}" for what, value in machine.describe() + [("broker", bench.broker.name), ("load", f"{machine.load():.1f} at the start")]))
        if arguments.watches:
            bench.watches(arguments.watches)
        parts = [] if arguments.watches else arguments.only or ["rates", "memory", "latency"]
        if "rates" in parts:
            bench.show_rates(bench.rates())
        if "memory" in parts:
            bench.memory()
        if "latency" in parts:
            bench.latency()
        return 1 if arguments.check and bench.missed else 0
    finally:
        if bench:
            bench.broker.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
