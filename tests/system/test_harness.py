"""The harness itself: what the other tests build on must hold first. A broken harness would let a broken daemon pass."""
import pytest
from confluent_kafka import Producer

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
