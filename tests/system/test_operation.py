"""The daemon among its surroundings: systemd, workers of another language, a new model, slow stages, a full disk, a damaged index, a neighbour that dies.
Most end with the account of flow.py."""
import collections
import ctypes
import json
import os
import resource
import signal
import socket
import struct
import subprocess
import tempfile
import time

from confluent_kafka import Producer

import news
from daemon import ROOT, STAGES, millrace
from flow import Load, mixed_feed
from process import Process
from test_faults import restart_when_ended
from test_promises import HOOKED, stays_for, with_hook
from wait import wait_until

PYTHON = "/usr/bin/python3"


# ---- lag ----

def test_lag_is_what_was_not_read(flow):
    """Also of a partition that brings nothing after a restart, and of a feed whose transactions leave marks that are no records."""
    f = flow(partitions=2)
    d = f.daemon().start().wait_ready()
    feed = Producer({"bootstrap.servers": f.kafka.bootstrap, "transactional.id": f"{f.name}-feed"})
    feed.init_transactions(20)
    for part in (0, 1):
        feed.begin_transaction()
        for i in range(5):
            feed.produce(f.raw, json.dumps(news.record(f"lag {part} {i}", id=f"lag-{part}-{i}")).encode(), partition=part)
        feed.commit_transaction(20)
    wait_until(lambda: d.balance()["published"] == 10, 60, "ten articles are published")
    wait_until(lambda: d.status()["lag"] == 0, 20, lambda: f"nothing waits: {d.status()['partitions']}")
    assert d.stop() == 0
    d.start().wait_ready()
    wait_until(lambda: len(d.status()["partitions"]) == 2 and d.status()["lag"] is not None, 30, "the lag is known")
    assert d.status()["lag"] == 0 and d.balance()["read"] == 0
    assert d.stop() == 0


# ---- systemd ----

class Notify:
    """The socket that systemd would listen on; what came stands in `told`, a (time, {name: value}) for each message."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="mrn-", dir="/tmp")         # socket paths have a short limit
        self.path = f"{self.folder.name}/notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.setblocking(False)
        self.told = []

    def read(self):
        while True:
            try:
                text = self.socket.recv(4096).decode()
            except BlockingIOError:
                return self.told
            self.told.append((time.monotonic(), dict(line.split("=", 1) for line in text.splitlines())))

    def count(self, name):
        return sum(name in message for _, message in self.read())

    def wait(self, name, times=1, seconds=45):
        wait_until(lambda: self.count(name) >= times, seconds, lambda: f"{name} was told {times} times: {self.told[-5:]}")
        return [(at, message) for at, message in self.told if name in message]


def test_systemd_is_told_of_every_step(flow):
    """READY only with contact to Kafka, WATCHDOG twice in its time, RELOADING and READY again, a refused reload in STATUS, STOPPING."""
    f = flow()
    notify = Notify()
    d = f.daemon()
    d.env.update(NOTIFY_SOCKET=notify.path, WATCHDOG_USEC="1000000")
    d.start()
    ready = notify.wait("READY")
    assert "started" in d.log() and ready[0][1] == {"READY": "1", "STATUS": "running"}
    beats = [at for at, _ in notify.wait("WATCHDOG", times=8)]
    gaps = sorted(b - a for a, b in zip(beats, beats[1:]))
    assert gaps[len(gaps) // 2] < 1.0, f"the watchdog's beats are {gaps} s apart, half of a second is asked for"
    d.wait_ready()
    d.settings["publish.epoch_ms"] = 50
    d.reload()
    reloading = notify.wait("RELOADING")[0][1]
    assert reloading["RELOADING"] == "1" and 0 < int(reloading["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
    notify.wait("READY", times=2)
    d.settings["publish.no_such_key"] = 1
    d.reload()
    assert "refused" in notify.wait("READY", times=3)[2][1]["STATUS"]
    del d.settings["publish.no_such_key"]
    assert d.stop() == 0
    assert notify.wait("STOPPING")[0][1]["STOPPING"] == "1"
    order = [next(iter(m)) for _, m in notify.told if "WATCHDOG" not in m and "EXTEND_TIMEOUT_USEC" not in m]
    assert order == ["READY", "RELOADING", "READY", "RELOADING", "READY", "STOPPING"]


def test_a_reload_during_the_start_makes_nobody_ready(flow):
    """No broker yet: SIGHUP reloads, and systemd goes on waiting for READY."""
    f = flow()
    notify = Notify()
    d = f.daemon(**{"kafka/bootstrap.servers": "127.0.0.1:1"})
    d.env.update(NOTIFY_SOCKET=notify.path)
    d.start()
    wait_until(lambda: d.get("/live")[0] == 200, 20, "it is live")
    d.reload()
    wait_until(lambda: "reload done" in d.log(), 20, "it reloaded")
    wait_until(lambda: notify.count("STATUS"), 20, "a status was told")
    assert notify.told[-1][1] == {"STATUS": "starting"} and not notify.count("READY") and not notify.count("RELOADING")
    assert d.stop() == 0


# ---- stages of others ----

def python_worker(d, stage, number=1):
    path = f"{d.runtime}/{d.instance}/{stage}.sock"
    wait_until(lambda: os.path.exists(path), 30, f"the socket {path} is there")
    return Process([PYTHON, ROOT / "tests" / "system" / "worker_python.py", f"ipc://{path}", stage], d.folder / f"python-{number}.log")


def test_a_stage_of_somebody_elses_in_another_language(flow):
    """The stage `marker`: this program does not know it and starts no worker for it; workers in Python come, one of them is killed, one leaves politely."""
    f = flow(settings={"pipeline.stages": f"{STAGES} marker"})
    feed = list(mixed_feed("marker", 250))
    feed.insert(40, (news.value(news.record("refused", text=with_text("refused", "refuse me"))), "refused", "bad"))
    f.feed(feed)
    d = f.daemon().start()
    wait_until(lambda: "marker" in d.get("/ready")[1], 45, lambda: f"/ready names the stage without workers: {d.get('/ready')}")
    workers = [python_worker(d, "marker", n) for n in range(3)]
    wait_until(lambda: d.metric("millrace_stage_workers", stage="marker") == 3, 60, "all of them are there")
    wait_until(lambda: f.kafka.ends(f.out)[0] > 0, 60, "the first articles came")
    workers[0].kill()
    workers[1].signal(signal.SIGTERM)
    assert workers[1].wait(30) == 0
    f.feed(mixed_feed("marker 2", 100))
    account = f.account()
    assert all("marked" in r["keywords"] for _, r in account.articles)
    (refused,) = [m for m in account.dead if m.header("millrace.error.stage") == b"marker"]
    assert refused.header("millrace.error.code") == b"stage.refused" and b"the article asked for it" in refused.header("millrace.error.message")
    workers[2].kill()


def with_text(seed, line):
    first, rest = news.text(seed).split("\n", 1)
    return f"{first}\n这一行是写给另一种语言的阶段看的,它说的是 {line} 三个词,请照办。\n{rest}"


def test_a_slow_stage_past_max_poll_interval(flow):
    """Every record takes its time; the daemon goes on polling, stays in its group, and nothing is lost."""
    f = flow(env=HOOKED["env"], settings={**HOOKED["settings"], "stage.deadline_ms": 5000, "kafka.consumer/max.poll.interval.ms": 6000, "intake.high_records": 20})
    f.feed((news.value(news.record(f"slow {i}", text=with_hook(news.text(f"slow {i}"), "slow 400"))), f"slow {i}", "new") for i in range(50))
    d = f.daemon().start().wait_ready()
    begin = time.monotonic()
    f.account()
    assert time.monotonic() - begin > 8, "that was not slow"
    assert d.metric("millrace_pauses_total") > 0 and d.metric("millrace_assignments_lost_total") == 0 and d.metric("millrace_rebalances_total") <= 2


# ---- under load ----

def test_drain_under_load(flow):
    f = flow(partitions=3)
    d = f.daemon().start().wait_ready()
    load = Load(f, "drain load", count=900, rate=150)
    load.start()
    for _ in range(2):
        before = sum(f.kafka.ends(f.out).values())
        wait_until(lambda: sum(f.kafka.ends(f.out).values()) > before + 30, 60, "articles come")
        assert d.stop() == 0
        d.start().wait_ready()
    load.end()
    f.account()


def made_up_model(folder):
    """Another model for the same labels, learnt from made-up texts."""
    words = {"education": "学校老师课堂", "science": "实验卫星论文", "talent": "人才引进补贴", "none": "天气球赛菜价"}
    data, model = folder / "data.jsonl", folder / "other.model"
    data.write_text("".join(json.dumps({"title": text, "text": (text + ",") * 8 + news.text(f"{label} {i}", 200), "labels": [] if label == "none" else [label]},
                                       ensure_ascii=False) + "\n" for label, text in words.items() for i in range(30)))
    done = millrace("train", "classify", "--data", data, "--out", model, "--labels", "education,science,talent", "--name", "other", "--quiet")
    assert done.returncode == 0, done.stderr.decode()
    return model


def test_a_new_model_under_load_rolls_the_pool(flow, tmp_path):
    f = flow(partitions=2)
    d = f.daemon().start().wait_ready()
    before = d.workers()
    load = Load(f, "model", count=600, rate=100)
    load.start()
    wait_until(lambda: sum(f.kafka.ends(f.out).values()) > 50, 60, "articles come")
    d.settings["classify.model"] = made_up_model(tmp_path)
    d.reload()
    wait_until(lambda: len(d.workers()) == len(before) and not set(before) & set(d.workers()), 60, "the pool was rolled")
    load.end()
    f.feed(mixed_feed("after the roll", 40))
    account = f.account()
    names = [r["classifier"].split("/")[0].split(" ")[0] for _, r in sorted(account.articles, key=lambda a: (a[0].partition, a[0].offset))]
    assert len(set(names)) == 2 and names[0] != names[-1], f"classifiers: {set(names)}"
    assert all(m.header("millrace.error.code").startswith(b"input.") for m in account.dead), "the roll killed a record"


def test_two_daemons_and_one_is_killed_under_load(flow):
    f = flow(partitions=4)
    a, b = f.daemon().start(), f.daemon().start()
    a.wait_ready()
    b.wait_ready()
    load = Load(f, "pair", count=700, rate=80)
    load.start()
    wait_until(lambda: a.balance()["published"] > 20 and b.balance()["published"] > 20, 90, "both publish")
    a.kill()
    load.end()
    f.account(240, one_daemon=False)
    assert b.running() and b.starts == 1
    a.start()
    restart_when_ended(a)
    f.feed(mixed_feed("pair again", 60))
    f.account(one_daemon=False)


def test_memory_is_flat(flow):
    """The same load four times: what the daemon holds does not grow with what it has done, once it has warmed up (the index's own entries allowed for)."""
    f = flow(settings={"log.outcomes": "false", "intake.high_records": 100})         # the peak is not what is looked for
    d = f.daemon().start().wait_ready()
    sizes = []
    for round in range(4):
        f.feed((news.value(news.record(f"flat {round} {i}", 300)), f"flat {round} {i}", "new") for i in range(1200))
        wait_until(lambda: d.balance()["published"] == 1200 * (round + 1), 240, "all are published", every=0.2)
        sizes.append(d.memory_bytes())
    assert sizes[3] < sizes[1] + (8 << 20), f"resident memory grew: {[s >> 20 for s in sizes]} MB"
    assert sizes[3] < 150 << 20
    f.account()


# ---- the judge on the real thing ----

def test_an_original_dies_after_its_copies_were_judged(flow):
    """The original, its byte-equal repeats and near copies arrive together; the original and what is equal to it die behind the judge; the first near copy becomes
    the article, its own repeats and the other copies follow it."""
    f = flow(partitions=1, **HOOKED)
    records = []
    for i in range(10):
        original = news.record(f"dies {i}", text=with_hook(news.text(f"dies {i}"), "refuse"))
        copy = news.near_copy(f"dies {i}", 1)
        records += [(news.value(original), f"dies {i}", "bad"), (news.value({**original, "id": f"equal-{i}"}), f"dies {i}", "bad"),
                    (news.value(copy), f"dies {i}", "copy"), (news.value({**copy, "id": f"again-{i}"}), f"dies {i}", "copy"),
                    (news.value(news.near_copy(f"dies {i}", 2)), f"dies {i}", "copy"), (news.value({**original, "id": f"late-{i}"}), f"dies {i}", "copy")]
    f.feed(records)
    f.daemon().start().wait_ready()
    account = f.account()
    assert sorted(r["feed_id"] for _, r in account.articles) == [f"n-dies {i}-1" for i in range(10)]
    kinds = collections.Counter(r["duplicate_kind"] for _, r in account.copies)
    assert kinds["exact"] >= 10 and sum(kinds.values()) == 30


# ---- the disk ----

def index_folder(d):
    return d.folder / "state" / d.instance


def segments(d):
    return sorted(index_folder(d).glob("index-*.log"))


def test_a_full_disk_pauses_the_flow(flow):
    """Files of the daemon may not grow any more, as on a full disk: no epoch is committed without its part of the index log, so the flow stands, and says why; with room
    it goes on."""
    f = flow(settings={"log.outcomes": "false"})
    d = f.daemon().start().wait_ready()
    f.feed(mixed_feed("room", 150))
    f.account()
    size = segments(d)[-1].stat().st_size
    assert d.log_path.stat().st_size + 4000 < size, "the log of the daemon would meet the limit first"
    _, hard = resource.prlimit(d.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(d.process.pid, resource.RLIMIT_FSIZE, (size + 1500, hard))
    f.feed(mixed_feed("no room", 300))
    wait_until(lambda: "write the index log" in d.log(), 60, "it says that the index log cannot be written")
    stood = f.kafka.committed(f.name, f.raw)
    wait_until(lambda: "nothing can be published" in d.get("/ready")[1], 40, lambda: f"/ready says that nothing can be published: {d.get('/ready')}")
    stays_for(2, lambda: d.running() and d.get("/live")[0] == 200 and d.balance()["in_flight"] > 0)
    assert f.kafka.committed(f.name, f.raw) == stood, "an epoch was committed whose entries are not on the disk"
    assert segments(d)[-1].stat().st_size <= size + 1500
    resource.prlimit(d.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
    f.account()
    assert d.starts == 1 and "trouble is over" in d.log()
    d.kill()                                         # what was written in trouble can be read
    d.start().wait_ready()
    f.feed(mixed_feed("room again", 60))
    f.account()


def check(body, segment):
    """As daemon/index_log.c checks a frame."""
    xxhash = ctypes.CDLL("libxxhash.so.0")
    xxhash.XXH3_64bits_withSeed.restype = ctypes.c_uint64
    return xxhash.XXH3_64bits_withSeed(body, ctypes.c_size_t(len(body)), ctypes.c_uint64(segment)) & 0xFFFFFFFF


def header(log, segment, change=lambda body: body):
    """Magic and header frame of a log, for another segment or with another content."""
    length, = struct.unpack_from("<I", log, 8)
    body = change(log[16:16 + length])
    return log[:8] + struct.pack("<II", len(body), check(body, segment)) + body


def fed_and_stopped(flow, stories):
    f = flow(partitions=1)
    d = f.daemon().start().wait_ready()
    f.feed((news.value(news.record(f"kept {i}")), f"kept {i}", "new") for i in range(stories))
    f.account()
    assert d.stop() == 0
    (segment,) = segments(d)
    return f, d, segment


def feed_copies(f, stories):
    f.feed((news.value(news.near_copy(f"kept {i}", 1)), f"kept {i}", "copy") for i in range(stories))


def test_a_torn_end_of_the_index_is_cut_and_told(flow):
    f, d, segment = fed_and_stopped(flow, 60)
    whole = segment.read_bytes()
    segment.write_bytes(whole + b"\x40\x01\x00\x00" + os.urandom(100))               # a frame that was not written to its end
    d.start().wait_ready()
    assert "a damaged end is cut off" in d.log()
    feed_copies(f, 60)
    assert len(f.account().copies) == 60, "earlier articles were forgotten"


def test_damage_in_the_middle_of_the_index_loses_no_record(flow):
    """What the damage hit is forgotten, which is told once: those stories may be published again, all others are remembered, nothing is lost and no duplicate of nothing appears."""
    f = flow(partitions=1)
    d = f.daemon().start().wait_ready()
    for i in range(6):                               # six epochs at least
        f.feed((news.value(news.record(f"kept {10 * i + k}")), f"kept {10 * i + k}", "new") for k in range(10))
        f.account()
    assert d.stop() == 0
    (segment,) = segments(d)
    damaged = bytearray(segment.read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF
    segment.write_bytes(damaged)
    d.start().wait_ready()
    assert "damage is closed, what stood there is forgotten" in d.log() and "is cut off" not in d.log()
    feed_copies(f, 60)
    account = f.account(one_daemon=False)
    assert 0 < len(account.articles) - 60 <= 10, "what stood in other epochs was forgotten, too"
    told = len(d.log())
    d.kill()
    d.start().wait_ready()
    assert "damage is closed" not in d.log()[told:]
    f.feed(mixed_feed("after the damage", 60))
    f.account(one_daemon=False)


def test_an_index_that_cannot_be_used_ends_the_start(flow):
    """Other versions, other files, a missing file, another log: exit 78 and one line that says what to do; nothing is touched."""
    f, d, segment = fed_and_stopped(flow, 20)
    whole = segment.read_bytes()
    second, third = segment.with_name("index-00000002.log"), segment.with_name("index-00000003.log")
    foreign = header(whole, 1, lambda body: body[:1] + struct.pack("<I", 99) + body[5:]) + whole[len(header(whole, 1)):]
    assert header(whole, 1) == whole[:len(header(whole, 1))]
    for what, files in (("index format 99", {segment: foreign}), ("not an index log", {segment: b"something else altogether"}),
                        ("index-00000002.log is missing", {segment: whole, third: header(whole, 3)}),
                        ("belongs to another log", {second: header(whole, 2, lambda body: body[:17] + b"8 others" + body[25:])})):
        for path, content in files.items():
            path.write_bytes(content)
        told = len(d.log())
        assert d.start().wait_end(30) == 78
        assert what in d.log()[told:], d.log()[told:]
        assert all(path.read_bytes() == content for path, content in files.items())
    second.unlink()
    third.unlink()
    segment.write_bytes(whole)
    d.start().wait_ready()
    feed_copies(f, 20)
    assert len(f.account().copies) == 20


# ---- the index command beside a daemon ----

def index(*arguments, code=0):
    done = millrace("index", *arguments)
    assert done.returncode == code, (done.returncode, done.stdout.decode(), done.stderr.decode())
    return (done.stdout if not code else done.stdout + done.stderr).decode()


def test_the_index_is_looked_at_and_compacted(flow):
    """stat and verify beside a running daemon; compact when it has left; copies are found all the time."""
    f = flow(partitions=1)
    d = f.daemon().start().wait_ready()
    f.feed((news.value(news.record(f"kept {i}")), f"kept {i}", "new") for i in range(60))
    f.account()
    told = json.loads(index("stat", "--config", d.config, "--json"))
    assert told["in_use"] and told["articles"] == told["live"]["articles"] == 60 and told["folder"] == str(index_folder(d))
    assert "(in use)" in index("verify", "--config", d.config)
    before = {path: path.read_bytes() for path in segments(d)}
    assert "is used by another process" in index("compact", "--config", d.config, code=12)
    assert all(path.read_bytes().startswith(content) for path, content in before.items())
    assert d.stop() == 0
    assert "60 articles" in index("compact", "--config", d.config)
    index("verify", "--config", d.config)
    d.start().wait_ready()
    feed_copies(f, 60)
    assert len(f.account().copies) == 60, "what was compacted was forgotten"
    d.kill()                                         # and what was written behind it is there, too
    told = json.loads(index("stat", "--config", d.config, "--json"))
    assert not told["in_use"] and told["epochs"] > 0 and told["by_itself"] == 60 and told["damaged_places"] == 0
    assert told["articles"] == 60 and told["aliases"] == 60, "what is remembered of duplicates is not in the log"
    index("compact", "--config", d.config)
    assert json.loads(index("stat", "--config", d.config, "--json"))["live"] == told["live"]
