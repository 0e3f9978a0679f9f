"""`millrace dlq`: list, show, replay. What it promises about places, order and identity is proved on real Kafka; the rest also on the embedded broker."""
import itertools
import json
import re
import signal
import subprocess

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

import news
from daemon import BIN, millrace
from process import Process
from require import cannot
from wait import wait_until

_numbers = itertools.count(1)
CODES = ["input.not-json", "input.too-deep", "stage.timeout"]


@pytest.fixture(autouse=True)
def built():
    if not (BIN / "millrace").exists():
        cannot(f"{BIN / 'millrace'} is not built (./run build)")


def letter(number, topic, code=None, stage=None, value=None, **more):
    """A dead letter as the daemon writes them; record.md."""
    code = code or CODES[number % 3]
    headers = [("x-feed", b"\x01\xff"), ("x-feed", b"again"), ("millrace.error.code", code), ("millrace.error.stage", stage or ("extract" if code.startswith("stage") else "intake")),
               ("millrace.error.message", f"reason {number}"), ("millrace.error.attempts", "3"), ("millrace.error.first-at", "2024-05-06T01:00:00.000Z"),
               ("millrace.error.last-at", "2024-05-06T01:00:01.000Z"), ("millrace.source.topic", topic), ("millrace.source.partition", str(number % 2)),
               ("millrace.source.offset", str(1000 + number)), ("millrace.version", "0.1.0"), ("millrace.replays", str(more.pop("replays", 0)))]
    return {"key": f"k{number}", "value": f"letter {number} 坏记录\x1b[31m".encode() if value is None else value, "headers": headers, **more}


class Dlq:
    """One input topic and its dead-letter topic, and the command with a configuration for them."""

    def __init__(self, kafka, name, partitions=2, dead_partitions=1, config=None, **settings):
        self.kafka, self.raw, self.dead = kafka, f"{name}.raw", f"dlq.{name}.raw"
        kafka.create_topic(self.raw, partitions, config)
        kafka.create_topic(self.dead, dead_partitions)
        self.sets = [part for key, value in {"intake.topics": self.raw, "intake.group": name, "kafka.bootstrap.servers": kafka.bootstrap, **settings}.items()
                     for part in ("--set", f"{key}={value}")]

    def fill(self, letters):
        self.kafka.produce(self.dead, letters)

    def run(self, *arguments, code=0, env=None):
        done = millrace("dlq", *arguments, *self.sets, env=env)
        assert done.returncode == code, (done.returncode, done.stdout.decode(), done.stderr.decode())
        return done.stdout.decode(errors="replace")

    def came_in(self):
        """What a reader of the input topic sees."""
        return self.kafka.read_all(self.raw)


@pytest.fixture
def dlq(kafka):
    def make(**arguments):
        return Dlq(kafka, f"letters{next(_numbers)}", **arguments)
    return make


def test_list_counts_by_reason_and_stage(dlq):
    box = dlq()
    assert "no dead letters" in box.run("list")
    box.fill([letter(n, box.raw, timestamp=1700000000000 + n * 60000) for n in range(10)])
    out = box.run("list")
    assert re.search(r"input\.not-json +intake +4 +0 +2023-11-14 22:13 +2023-11-14 22:22", out), out
    assert re.search(r"stage\.timeout +extract +3 ", out) and "10 dead letters" in out
    assert "4 dead letters" in box.run("list", "--reason", "input.not-json")
    assert "3 dead letters" in box.run("list", "--stage", "extract", "--topic", box.raw)
    assert "no dead letters" in box.run("list", "--stage", "extract", "--reason", "input.not-json")
    assert "5 dead letters" in box.run("list", "--since", "2023-11-14T22:18:20Z")
    assert "5 dead letters" in box.run("list", "--until", "2023-11-14 22:17:20", "--topic", box.dead)
    assert "no dead letters" in box.run("list", "--since", "2h")
    assert "2 dead letters" in box.run("list", "--max", "2")
    each = box.run("list", "--each", "--reason", "stage.timeout")
    assert re.search(rf"2  {re.escape(box.dead)}:0:5 ", each) and "reason 5" in each


def test_wrong_use_is_refused(dlq):
    box = dlq()
    for arguments in (["list", "--since", "yesterday"], ["list", "--rate", "5"], ["show"], ["replay", "3"], ["lsit"], ["list", "--max", "0"], ["list", "--max"],
                      ["replay", "--park", box.raw]):
        box.run(*arguments, code=2)
    box.run("list", "--topic", "another.topic", code=1)
    box.run("show", f"{box.dead}:0:77", code=1)
    box.run("show", f"{box.dead}:9:0", code=1)
    box.run("replay", "elsewhere:0:0", code=1)


def test_show_cleans_what_strangers_wrote(dlq):
    box = dlq()
    box.fill([letter(0, box.raw), letter(1, box.raw, value=b"a\tb\nc\x1b]0;title\x07\xe4\xb8 \xe2\x80\xaeevil"), letter(2, box.raw)])
    out = box.run("show", "2")
    assert f"{box.dead}:0:1" in out and "input.too-deep" in out and f"{box.raw}:1:1001" in out and "x-feed: again" in out
    assert "a\tb\nc?]0;title??" in out and not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", out)
    assert box.run("show", f"{box.raw}:0:1") == box.run("show", f"{box.dead}:0:1") == out
    raw = millrace("dlq", "show", "--raw", f"{box.dead}:0:1", *box.sets).stdout
    assert raw == b"a\tb\nc\x1b]0;title\x07\xe4\xb8 \xe2\x80\xaeevil"


def test_replay_keeps_key_value_headers_and_order(dlq):
    box = dlq()
    box.fill([letter(n, box.raw) for n in range(30)])
    assert "would be: 10 replayed" in box.run("replay", "--dry-run", "--reason", "input.too-deep")
    assert not box.came_in()
    assert "10 replayed" in box.run("replay", "--reason", "input.too-deep")
    found = box.came_in()
    assert len(found) == 10
    for partition in (0, 1):
        numbers = [int(m.key[1:]) for m in found if m.partition == partition]
        assert numbers == [n for n in range(30) if n % 3 == 1 and n % 2 == partition]        # back where they stood, in their order
    for m in found:
        number = int(m.key[1:])
        assert m.value == f"letter {number} 坏记录\x1b[31m".encode()
        assert m.headers == [("x-feed", b"\x01\xff"), ("x-feed", b"again"), ("millrace.source.topic", box.raw.encode()), ("millrace.source.partition", str(number % 2).encode()),
                             ("millrace.source.offset", str(1000 + number).encode()), ("millrace.replays", b"1")]


def test_a_replay_that_was_done_does_nothing_again(dlq):
    box = dlq(dead_partitions=2)
    box.fill([letter(n, box.raw, partition=n // 5 % 2) for n in range(20)])
    assert "7 replayed" in box.run("replay", "--max", "7")
    assert "13 replayed" in box.run("replay")                          # --max is not part of the selection
    assert "0 replayed" in box.run("replay")
    assert sorted(int(m.key[1:]) for m in box.came_in()) == list(range(20))
    box.fill([letter(20, box.raw, partition=1)])
    assert "1 replayed" in box.run("replay")
    assert "7 replayed" in box.run("replay", "--reason", "stage.timeout")       # another selection has a place of its own
    assert "1 replayed" in box.run("replay", f"{box.dead}:0:0")
    assert "21 replayed" in box.run("replay", "--again")


@pytest.mark.parametrize("where", ["replay-after-produce", "replay-after-produce:2", "replay-after-batch", "replay-after-batch:3"])
def test_broken_off_anywhere_each_letter_is_replayed_once(dlq, where):
    box = dlq()
    box.fill([letter(n, box.raw) for n in range(1200)])
    done = millrace("dlq", "replay", *box.sets, env={"MILLRACE_CRASH_AT": where})
    assert done.returncode == -signal.SIGKILL
    box.run("replay")
    assert "0 replayed" in box.run("replay")
    found = box.came_in()
    assert sorted(int(m.key[1:]) for m in found) == list(range(1200))
    for partition in (0, 1):
        numbers = [int(m.key[1:]) for m in found if m.partition == partition]
        assert numbers == sorted(numbers)


def test_ctrl_c_ends_a_slow_replay_and_the_next_one_goes_on(dlq, tmp_path):
    box = dlq()
    box.fill([letter(n, box.raw) for n in range(60)])
    slow = Process([BIN / "millrace", "dlq", "replay", "--rate", "10", *box.sets], tmp_path / "replay.log", life=60)
    wait_until(lambda: len(box.came_in()) >= 10, 20, "a part is replayed")
    slow.signal(signal.SIGINT)
    assert slow.wait(20) == 1
    assert "goes on from here" in slow.log_path.read_text()
    assert len(box.came_in()) < 60
    box.run("replay")
    assert sorted(int(m.key[1:]) for m in box.came_in()) == list(range(60))


def test_what_was_replayed_too_often_is_parked(dlq, kafka, name):
    box = dlq()
    kafka.create_topic(f"{name}.parked")
    box.fill([letter(n, box.raw, replays=n) for n in range(6)])
    assert "3 replayed, 3 parked (replayed 3 times or more; left where they are)" in box.run("replay")
    assert "1 replayed, 5 parked" in box.run("replay", "--limit", "1", "--park", f"{name}.parked")
    parked = kafka.read_all(f"{name}.parked")
    assert [m.key for m in parked] == [f"k{n}".encode() for n in range(1, 6)]
    assert parked[0].header("millrace.error.code") == CODES[1].encode() and parked[0].header("millrace.replays") == b"1"


def test_a_letter_that_does_not_fit_holds_up_nobody(dlq):
    box = dlq(config={"max.message.bytes": "2000"})
    box.fill([letter(n, box.raw, value=bytes(range(256)) * 20 if n == 3 else None) for n in range(8)])
    done = millrace("dlq", "replay", *box.sets, "--set", "kafka.producer.compression.type=none")
    assert done.returncode == 1 and b"7 replayed, 1 too large" in done.stdout and f"{box.dead}:0:3 does not fit".encode() in done.stderr
    assert sorted(int(m.key[1:]) for m in box.came_in()) == [0, 1, 2, 4, 5, 6, 7]
    assert "0 replayed" in box.run("replay")


def test_a_strangers_header_does_not_choose_where_we_write(dlq, kafka, name):
    box = dlq()
    kafka.create_topic(f"{name}.other")
    box.fill([letter(0, f"{name}.other"), letter(1, box.raw)])
    box.run("replay")
    assert not kafka.read_all(f"{name}.other")
    assert sorted(m.key for m in box.came_in()) == [b"k0", b"k1"]


# ---- with the daemon ----

def ids(kafka, topic):
    return sorted((r["title"], r["article_id"]) for r in (json.loads(m.value) for m in kafka.read_all(topic)))


def deep(seed):
    """A record without id and address: its place is its identity. Its member `more` is nested ten deep."""
    return news.value({**news.record(seed, id=None, source=None), "more": [[[[[[[[[[1]]]]]]]]]]})


def test_replayed_records_keep_their_identity(flow, kafka):
    """Feed, let die, mend, replay: what comes out has the ids that it would have had at once."""
    one = flow(partitions=2)
    one.feed([(news.value(news.record("fine")), "fine", "new")] + [(deep(f"deep-{n}"), f"deep-{n}", "bad") for n in range(6)] + [(b"\x01 no json", "garbage", "bad")])
    reference = flow(partitions=2)
    kafka.create_topic(f"ref.{one.raw}")
    reference.daemon(**{"intake.topics": one.raw, "intake.max_depth": 32, "publish.dead_prefix": "ref."}).start().wait_ready()
    daemon = one.daemon(**{"intake.max_depth": 8}).start().wait_ready()
    sets = [part for key in ("intake.topics", "intake.group", "kafka/bootstrap.servers") for part in ("--set", f"{key.replace('/', '.')}={one.settings[key]}")]
    dead = f"dlq.{one.raw}"
    wait_until(lambda: len(kafka.read_all(dead)) >= 7 and len(kafka.read_all(reference.out)) == 7, 60, "all have ended")
    listed = millrace("dlq", "list", *sets).stdout.decode()
    assert re.search(r"input\.too-deep +intake +6 ", listed) and re.search(r"input\.not-json +intake +1 ", listed)
    assert daemon.stop() == 0
    daemon.start(**{"intake.max_depth": 32}).wait_ready()
    done = millrace("dlq", "replay", *sets)
    assert done.returncode == 0 and b"7 replayed" in done.stdout, done.stderr
    wait_until(lambda: len(kafka.read_all(one.out)) == 7, 60, "the mended ones are published")
    assert ids(kafka, one.out) == ids(kafka, reference.out)
    # What is still garbage died again, counts its replays, knows where it first stood, and ends its way in the loop guard.
    for replays in (1, 2, 3):
        letters = wait_until(lambda: [m for m in kafka.read_all(dead) if m.header("millrace.replays") == str(replays).encode()], 30, f"a letter replayed {replays} times")
        assert len(letters) == 1 and letters[0].header("millrace.source.offset") == b"3" and letters[0].value == b"\x01 no json"
        out = millrace("dlq", "replay", *sets).stdout
        assert (b"1 replayed" if replays < 3 else b"0 replayed, 1 parked") in out
    assert daemon.stop() == 0


def test_a_value_that_did_not_fit_is_fetched_from_where_it_stood(flow, kafka):
    one = flow(partitions=1, settings={"intake.max_record_bytes": "100K", "publish.max_record_bytes": 0})
    dead = f"dlq.{one.raw}"
    subprocess.run(kafka.nodes[0].java("kafka.admin.ConfigCommand", "--bootstrap-server", kafka.bootstrap, "--alter", "--add-config", "max.message.bytes=90000",
                                       "--entity-type", "topics", "--entity-name", dead), check=True, capture_output=True, timeout=60)
    large = news.value(news.record("large", 60000))
    assert len(large) > 120000
    one.feed([(large, "large", "bad")])
    daemon = one.daemon().start().wait_ready()
    letters = wait_until(lambda: kafka.read_all(dead), 30, "it is dead")
    assert letters[0].value is None and letters[0].header("millrace.error.code") == b"input.too-large"
    sets = [part for key in ("intake.topics", "intake.group", "kafka/bootstrap.servers") for part in ("--set", f"{key.replace('/', '.')}={one.settings[key]}")]
    assert millrace("dlq", "show", "--raw", "1", *sets).stdout == large
    assert b"Read from where it stood" in millrace("dlq", "show", "1", *sets).stdout
    assert daemon.stop() == 0
    daemon.start(**{"intake.max_record_bytes": "4M"}).wait_ready()
    done = millrace("dlq", "replay", *sets)
    assert done.returncode == 0 and b"1 replayed" in done.stdout, done.stderr
    published = wait_until(lambda: kafka.read_all(one.out), 30, "it is published")
    assert json.loads(published[0].value)["title"] == news.title("large")
    # Another one, whose original is not there: said, counted, and no obstacle.
    gone = letter(5, one.raw, "input.too-large", value=b"")
    gone.update(value=None, partition=0)
    kafka.produce(dead, [gone])
    done = millrace("dlq", "replay", *sets)
    assert done.returncode == 1 and b"0 replayed, 1 without a value" in done.stdout and b"no longer where it stood" in done.stderr
    assert daemon.stop() == 0


# ---- without Java: the embedded broker, at-least-once ----

def test_on_the_embedded_broker(tmp_path):
    broker = Process([BIN / "millrace", "broker", "--topics", "in:2,dlq.in:1", "--seconds", "120"], tmp_path / "broker.log", life=120, stdin=subprocess.PIPE)
    address = wait_until(lambda: re.search(r"127\.0\.0\.1:\d+", broker.log_path.read_text()), 10, "the broker tells its address")[0]
    sets = ["--set", f"kafka.bootstrap.servers={address}", "--set", "intake.topics=in", "--set", "publish.delivery=at-least-once"]
    producer = Producer({"bootstrap.servers": address})
    for n in range(9):
        producer.produce("dlq.in", **letter(n, "in"))
    assert producer.flush(20) == 0
    assert b"9 dead letters" in millrace("dlq", "list", *sets).stdout
    assert b"letter 4 " in millrace("dlq", "show", "5", *sets).stdout
    assert b"3 replayed" in millrace("dlq", "replay", "--stage", "extract", *sets).stdout
    assert b"0 replayed" in millrace("dlq", "replay", "--stage", "extract", *sets).stdout
    consumer = Consumer({"bootstrap.servers": address, "group.id": "reader", "auto.offset.reset": "earliest"})
    consumer.assign([TopicPartition("in", p, 0) for p in (0, 1)])
    found = []
    wait_until(lambda: [found.append(m) for m in [consumer.poll(0.2)] if m and not m.error()] is None or len(found) == 3, 20, "three came in")
    consumer.close()
    assert sorted((m.partition(), m.key()) for m in found) == [(0, b"k2"), (0, b"k8"), (1, b"k5")]
    broker.kill()
