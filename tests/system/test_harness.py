"""The harness itself: what the other tests build on must hold first. A broken harness would let a broken daemon pass."""
import json
import os
import time

import pytest
from confluent_kafka import Producer

import news
from flow import Account, Fed
from kafka import new_cluster_id
from process import free_port
from wait import TooSlow, wait_until


def transaction(kafka, topic, values, name, commit=True):
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "transactional.id": name, "log_level": 0})
    producer.init_transactions(30)
    producer.begin_transaction()
    for value in values:
        producer.produce(topic, value)
    producer.flush(30)
    if commit:
        producer.commit_transaction(30)
    return producer


def test_names_and_ports_are_good_for_what_they_are_made_for():
    assert not any(new_cluster_id().startswith("-") for _ in range(1000)), "kafka-storage takes it for an option"
    ports = [free_port() for _ in range(200)]
    assert len(set(ports)) == 200


def test_what_was_produced_is_read_in_order_with_keys_and_headers(kafka, name):
    kafka.create_topic(name, 2)
    places = kafka.produce(name, [{"key": f"k{i}", "value": f"v{i}", "partition": i % 2, "headers": [("h", b"\x00x")], "timestamp": 1700000000000 + i}
                                  for i in range(10)])
    assert places == [(i % 2, i // 2) for i in range(10)]
    messages = kafka.read_all(name)
    assert [m.value for m in messages if m.partition == 1] == [b"v1", b"v3", b"v5", b"v7", b"v9"]
    first = next(m for m in messages if m.key == b"k0")
    assert (first.header("h"), first.timestamp, first.header("none")) == (b"\x00x", 1700000000000, None)


def test_read_committed_sees_committed_transactions_only(kafka, name):
    kafka.create_topic(name)
    transaction(kafka, name, ["a", "b"], name + "-1")
    aborted = transaction(kafka, name, ["lost"], name + "-2", commit=False)
    aborted.abort_transaction(30)
    transaction(kafka, name, ["c"], name + "-3")
    assert [m.value for m in kafka.read_all(name)] == [b"a", b"b", b"c"]
    assert [m.value for m in kafka.read_all(name, "read_uncommitted")] == [b"a", b"b", b"lost", b"c"]


def test_an_open_transaction_hides_what_follows_until_it_ends(kafka, name):
    kafka.create_topic(name)
    open_one = transaction(kafka, name, ["held"], name, commit=False)
    kafka.produce(name, [(None, "behind")])
    with kafka.reader(name) as reader:
        assert reader.to_end() == []
        open_one.commit_transaction(30)
        assert [m.value for m in reader.until_count(2)] == [b"held", b"behind"]
        assert len(reader.to_end()) == 2


def test_a_killed_broker_comes_back_with_its_data_and_port(kafka, name):
    kafka.create_topic(name)
    kafka.produce(name, [(None, "before")])
    transaction(kafka, name, ["in a transaction"], name)
    kafka.kill()
    assert not kafka.nodes[0].process.running()
    kafka.restart()
    kafka.produce(name, [(None, "after")])
    assert [m.value for m in kafka.read_all(name)] == [b"before", b"in a transaction", b"after"]


def test_wait_until_has_a_deadline():
    with pytest.raises(TooSlow, match="never"):
        wait_until(lambda: False, 0.05, "never")


def test_a_reader_that_waits_for_too_much_fails(kafka, name):
    kafka.create_topic(name)
    kafka.produce(name, [(None, "one")])
    with kafka.reader(name) as reader, pytest.raises(TooSlow, match="1 read"):
        reader.until_count(2, seconds=1)


def test_a_quota_slows_a_client_down(kafka, name):
    kafka.create_topic(name)
    kafka.quota(name, 50_000)
    try:
        begin = time.monotonic()
        kafka.produce(name, [(None, os.urandom(5_000)) for _ in range(300)], {"client.id": name, "batch.size": 20_000})
        assert time.monotonic() - begin > 3
    finally:
        kafka.quota(name, None)


def test_a_deleted_topic_is_gone_and_starts_anew(kafka, name):
    kafka.create_topic(name, 2)
    kafka.produce(name, [(None, "old")])
    kafka.delete_topic(name)
    kafka.create_topic(name, 1)
    assert kafka.produce(name, [(None, "new")]) == [(0, 0)]


def test_made_up_news_resembles_nothing_but_its_copies():
    def shingles(text):
        return {text[i:i + 5] for i in range(len(text) - 4)}
    several = [shingles(news.text(seed)) for seed in range(40)]
    assert max(len(a & b) / len(a | b) for i, a in enumerate(several) for b in several[:i]) < 0.15
    for seed in range(40):
        a, b = shingles(news.record(seed)["text"]), shingles(news.near_copy(seed, 1)["text"])
        assert 0.9 < len(a & b) / len(a | b) < 1
    assert news.text(7) == news.text(7)


class Play:
    """An Account's view of a flow that never ran: a hand-made outcome for the checks to find fault with."""
    dead, partitions, daemons = "dlq.x.raw", 1, []

    def __init__(self, *fed):
        self.fed = {(p, o): Fed(p, o, s, k) for p, o, s, k in fed}
        self.out, self.duplicates = "x.out", "x.dup"


class Said:
    def __init__(self, topic, offset, source, article_id, **more):
        self.topic, self.partition, self.offset = topic, 0, offset
        self.value = json.dumps({"source_partition": 0, "source_offset": source, "page_index": 0, "article_id": article_id, "revision": 0, **more})


def checked(play, *messages):
    account = Account(play)
    account.take(list(messages))
    account.check()


def test_the_account_finds_what_is_wrong():
    two = Play((0, 0, "a", "new"), (0, 1, "a", "copy"))
    first, copy = Said("x.out", 0, 0, "A"), Said("x.dup", 0, 1, "B", duplicate_of="A")
    checked(two, first, copy)
    for wrong, messages in (("lost", [first]), ("doubled", [first, copy, Said("x.out", 1, 0, "A")]),
                            ("not published", [first, Said("x.dup", 0, 1, "B", duplicate_of="C")]),
                            ("more than once", [first, Said("x.out", 1, 1, "B")]),
                            ("never fed", [first, copy, Said("x.out", 1, 5, "E")])):
        with pytest.raises(AssertionError, match=wrong):
            checked(two, *messages)
    with pytest.raises(AssertionError, match="after"):
        checked(Play((0, 0, "a", "new"), (0, 1, "b", "new")), Said("x.out", 0, 1, "B"), Said("x.out", 1, 0, "A"))
    with pytest.raises(AssertionError, match="its own duplicate"):
        checked(Play((0, 0, "a", "new")), Said("x.out", 0, 0, "A"), Said("x.dup", 0, 0, "A", duplicate_of="A"))
