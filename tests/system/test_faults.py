"""Kill, stop and cut off everything, under load. Pass = the account of flow.py: nothing lost, no article id doubled, no record its own
duplicate, every duplicate_of published, order kept.

MILLRACE_ROUNDS says how often the random rounds are repeated (./run soak: hundreds). Random, but with a seed that is told."""
import json
import os
import random
import re
import signal
import time

import pytest

import news
from daemon import JOURNAL_POINTS, STAGES, crash_points
from flow import Load, mixed_feed
from test_promises import stays_for
from wait import wait_until

ROUNDS = int(os.environ.get("MILLRACE_ROUNDS", "3"))
SEED = int(os.environ.get("MILLRACE_SEED", "1"))
OUTAGE_SECONDS = int(os.environ.get("MILLRACE_OUTAGE_SECONDS", "30"))
SOON_MISSED = {"kafka.consumer/session.timeout.ms": 4000}       # a start after kill -9 waits until the group has missed the one before


def pause_of(r, low, high):
    """A random moment: what is under test goes on meanwhile."""
    end = time.monotonic() + r.uniform(low, high)
    wait_until(lambda: time.monotonic() > end, high + 1, "the moment")


def test_kill_9_of_the_daemon_at_random_moments(flow):
    r = random.Random(f"daemon {SEED}")
    f = flow(partitions=3)
    d = f.daemon().start().wait_ready()
    load = Load(f, f"random {SEED}", count=400 * ROUNDS, rate=100)
    load.start()
    for _ in range(ROUNDS):
        pause_of(r, 0.5, 3)
        d.kill()
        d.start()
        if r.random() < 0.7:
            d.wait_ready()
    load.cut()
    d.wait_ready()
    f.account(180)


@pytest.mark.parametrize("point", sorted(set(crash_points()) - JOURNAL_POINTS) or ["none-found"])
def test_kill_9_of_the_daemon_at_a_named_point(flow, point):
    """Twice at the same point, under load, then to the end. (With a journal: test_journal.py, at all points.)"""
    assert point != "none-found", "the daemon's source names no crash point"
    f = flow(partitions=2, settings=SOON_MISSED)
    f.feed(mixed_feed(point, 200))
    d = f.daemon()
    for round in range(2):
        d.start(crash_at=point)
        f.feed(mixed_feed(f"{point} {round}", 60))
        assert d.wait_end(60) == -signal.SIGKILL, f"it did not die at {point}: {d.log()[-1000:]}"
    d.start().wait_ready()
    f.account(180)


@pytest.mark.parametrize("stage", STAGES.split())
def test_kill_9_of_workers(flow, stage):
    r = random.Random(f"{stage} {SEED}")
    f = flow(partitions=2, settings={"workers.spawn": " ".join(f"{s}:2" for s in STAGES.split())})
    d = f.daemon().start().wait_ready()
    load = Load(f, f"worker {stage} {SEED}", count=300 * ROUNDS, rate=100)
    load.start()
    for _ in range(ROUNDS * 2):
        pause_of(r, 0.3, 1.5)
        d.kill_worker(stage)
    load.cut()
    account = f.account(180)
    assert d.running() and d.starts == 1
    assert all(m.header("millrace.error.code").startswith(b"input.") for m in account.dead), "a killed worker killed a record"


@pytest.mark.parametrize("stage", STAGES.split())
def test_sigstop_of_a_worker(flow, stage):
    """A worker that stands still is found by its heartbeat or a deadline and replaced; what it held goes to another one."""
    f = flow(partitions=2, settings={"workers.spawn": " ".join(f"{s}:2" for s in STAGES.split()), "stage.deadline_ms": 1500, "stage.heartbeat_ms": 300})
    d = f.daemon().start().wait_ready()
    f.feed(mixed_feed(f"stop {stage}", 300))
    stopped = d.kill_worker(stage, signal.SIGSTOP)
    account = f.account(120)
    wait_until(lambda: stopped not in d.workers(stage) and len(d.workers(stage)) == 2, 60, "the stopped worker was replaced")
    assert all(m.header("millrace.error.code").startswith(b"input.") for m in account.dead)


def test_sigstop_of_the_daemon_past_its_session(flow):
    """The group puts it out and its transaction may be fenced; when it wakes up it must not publish what it held."""
    f = flow(partitions=2)
    d = f.daemon().start().wait_ready()
    load = Load(f, f"asleep {SEED}", count=800, rate=60)
    load.start()
    wait_until(lambda: sum(f.kafka.ends(f.out).values()) > 20, 60, "articles come")
    d.process.signal(signal.SIGSTOP)
    stays_for(9, lambda: True)                       # the session is 6 s
    d.process.signal(signal.SIGCONT)
    load.end()
    restart_when_ended(d)
    f.account(180)


def restart_when_ended(d, seconds=20):
    """As systemd does: a daemon that ended (fenced, fatal producer) is started again; one that lives is left alone."""
    def settled():
        if not d.running():
            assert d.process.popen.returncode in (10, 11), f"ended with {d.process.popen.returncode}: {d.log()[-2000:]}"
            d.start()
        return d.get("/ready")[0] == 200
    wait_until(settled, seconds + 40, "it is ready again", every=0.2)


def test_kill_9_of_the_broker_under_load(flow, kafka):
    r = random.Random(f"broker {SEED}")
    f = flow(partitions=2)
    d = f.daemon().start().wait_ready()
    for round in range(max(1, ROUNDS // 2)):
        f.feed(mixed_feed(f"broker {SEED} {round}", 300))
        pause_of(r, 0.05, 1)
        node = r.randrange(len(kafka.nodes))             # of three, the two others go on without it
        kafka.kill(node)
        kafka.restart(node)
        f.feed(mixed_feed(f"broker back {SEED} {round}", 50))
    restart_when_ended(d)
    f.account(240)


def test_broker_down_for_half_a_minute(flow, kafka):
    """With a transaction open or not: the daemon lives, says that it is not ready, its memory is flat, and it goes on afterwards."""
    f = flow(partitions=2)
    d = f.daemon().start().wait_ready()
    f.feed(mixed_feed("outage", 600))
    wait_until(lambda: sum(f.kafka.ends(f.out).values()) > 0, 60, "a transaction is under way")
    kafka.down()
    try:
        first = d.memory_bytes()
        stays_for(OUTAGE_SECONDS, lambda: d.running() and d.get("/live")[0] == 200 and d.memory_bytes() < first + (32 << 20))
        assert d.get("/ready")[0] == 503
    finally:
        kafka.up()
    restart_when_ended(d, 90)
    f.account(240)


def test_sigterm_with_the_broker_down(flow, kafka):
    f = flow(settings={"daemon.drain_ms": 5000})
    d = f.daemon().start().wait_ready()
    f.feed(mixed_feed("term", 300))
    wait_until(lambda: sum(f.kafka.ends(f.out).values()) > 0, 60, "articles come")
    kafka.down()
    try:
        d.process.signal(signal.SIGTERM)
        assert d.wait_end(25) in (0, 13), "it must leave within its deadline"
    finally:
        kafka.up()
    d.start().wait_ready()
    f.account(180)


def test_the_first_start_finds_no_broker(flow, kafka):
    f = flow()
    kafka.down()
    try:
        d = f.daemon().start()
        wait_until(lambda: d.get("/live")[0] == 200, 20, "it is live")
        stays_for(3, lambda: d.running() and d.get("/ready")[0] == 503)
    finally:
        kafka.up()
    d.wait_ready(90)
    f.feed(mixed_feed("first", 50))
    f.account()


def test_a_topic_made_anew_is_noticed(flow, kafka):
    f = flow(partitions=1)
    d = f.daemon().start().wait_ready()
    f.feed(mixed_feed("old topic", 80))
    f.account()
    kafka.delete_topic(f.raw)
    kafka.create_topic(f.raw, 1)
    places = kafka.produce(f.raw, [(None, news.value(news.record(f"new topic {i}"))) for i in range(10)])
    assert places[0] == (0, 0)
    with kafka.reader([f.out]) as reader:
        reader.until(lambda ms: sum(b'"r-new topic ' in m.value for m in ms) == 10, 120, "the new topic's records came")
    assert d.running() or restart_when_ended(d) is None


def test_a_record_too_large_for_the_output_is_a_dead_letter(flow, kafka):
    f = flow(partitions=1, settings={"publish.max_record_bytes": 20000})
    f.feed([(news.value(news.record("small")), "small", "new"), (news.value(news.record("large", 12000)), "large", "bad"),
            (news.value(news.record("small too")), "small too", "new")])
    f.daemon().start().wait_ready()
    (dead,) = f.account().dead
    assert dead.header("millrace.error.code") == b"output.too-large"


def test_a_topic_that_takes_small_messages_only(flow, kafka):
    """The topic takes less than a batch of the library: no batch is refused, so no epoch is aborted, and no record is dead."""
    f = flow(partitions=1)
    f.out = f.settings["publish.topic"] = f"{f.name}.small"
    kafka.create_topic(f.out, 2, {"max.message.bytes": "30000"})
    r = random.Random(1)
    noise = ["".join(chr(r.randrange(0x4E00, 0x9FA5)) for _ in range(2000)) for _ in range(300)]     # compresses badly
    f.feed((news.value(news.record(f"small {i}", 1000, blob=noise[i])), f"small {i}", "new") for i in range(300))
    d = f.daemon().start().wait_ready()
    f.account(120)
    assert d.metrics()['millrace_epochs_aborted_total{results="kept"}'] == 0


def test_slow_sink(flow, kafka):
    """The broker takes the output at 100 KB/s only (a quota): memory is flat and nothing is lost."""
    f = flow(settings={"kafka.producer/client.id": "slow-sink", "kafka.consumer/max.poll.interval.ms": 8000, "intake.high_bytes": "2M", "intake.low_bytes": "1M", "intake.max_record_bytes": "1M",
                       "intake.prefetch_bytes": "2M"})
    kafka.quota("slow-sink", 100_000)
    try:
        f.feed((news.value(news.record(f"sink {i}", 2000)), f"sink {i}", "new") for i in range(500))
        d = f.daemon().start().wait_ready()
        wait_until(lambda: sum(f.kafka.ends(f.out).values()) > 0, 60, "articles come")
        first = d.memory_bytes()
        stays_for(10, lambda: d.running() and d.memory_bytes() < first + (32 << 20))
    finally:
        kafka.quota("slow-sink", None)
    f.account(240)
    assert d.running()


def hostile_feed():
    """Messages as a stranger with a Kafka client may write them, each with a story of its own."""
    def good(name, **message):
        return news.value(news.record(f"hostile {name}")), name, "new", message

    yield good("no key", key=None)
    yield good("empty key", key=b"")
    yield good("large key", key=b"k" * 300_000)
    yield good("many headers", headers=[(f"h{i}", b"v") for i in range(10_000)])
    yield good("long headers", headers=[("long", b"v" * 300_000), ("longer", b"\xff\x00" * 300_000)])
    yield good("strange headers", headers=[("", b""), ("content-type", b"application/json; \xff"), ("\x1b[2J", None), ("millrace.source.offset", b"-1"), ("traceparent", b"x" * 5000)])
    yield good("end of time", timestamp=2**63 - 1)
    yield good("beginning of time", timestamp=1)
    for number in range(3):                                  # the one index key that all of them have
        yield (news.value(news.record(f"hostile address {number}", url="https://paper.example/")), f"address {number}", "new")
    yield news.value(news.record("hostile escapes", source="x\x1b]0;title\x07\u202ey", title="\n<6>level=info prog=millraced\n", author="\u2028")), "escapes", "new"
    yield news.value(news.record("hostile names", **{"\u0001" * 300: 1, "": 2, "__proto__": {"a": []}})), "names", "new"
    yield news.value(news.record("hostile id", id="i" * 1_000_000)), "id", "new"
    yield news.value(news.record("hostile years", published_at="99999-12-31", fetched_at="-9999-01-01T00:00:00Z", updated_at="0000-00-00")), "years", "new"
    for number, value in enumerate([b"", b"\x00", b"[" * 100_000, b'{"text":"' + b"\\u0000" * 10 + b'"}', b'{"text":1e999}', b"\xff\xfe{}", b'{"text":"\xed\xa0\x80"}', b"{}" * 1000,
                                    b'{"text":"a","text":"b"}', b'{"id":' + b"9" * 100_000 + b"}", b"null", b'"text"', b"{" + b'"a":{' * 5000]):
        yield value, f"bad {number}", "bad"
        yield good(f"behind {number}")


def test_hostile_messages_harm_nobody(flow, kafka):
    """Each ends as it should, the neighbours are published, and the daemon writes no log line that somebody else wrote."""
    f = flow(partitions=1)
    f.feed(hostile_feed())
    d = f.daemon().start().wait_ready()
    f.account(120)
    assert d.get("/metrics")[0] == 200 and json.loads(d.get("/status")[1])["ready"]
    assert d.running() and "\x1b" not in d.log() and "\u202e" not in d.log()
    assert all(re.match(r"\d{4}-\d\d-\d\dT[0-9:.]+Z level=\w+ prog=millrace", line) for line in d.log().splitlines())
