"""Two daemons of one group: they join, leave and die all the time. The account allows a story to be published once by each of them (they learn of
each other with a lag); everything else holds as with one."""
import random

from confluent_kafka import Consumer

import news
from flow import Load, mixed_feed
from test_faults import ROUNDS, SEED, pause_of, restart_when_ended
from test_promises import stays_for
from wait import wait_until

import signal


def come_and_go(f, r, name):
    """Two daemons under load that are started, stopped and killed in turns; both run in the end. Returns them."""
    pair = [f.daemon(), f.daemon()]
    for d in pair:
        d.start()
    pair[0].wait_ready()
    load = Load(f, f"{name} {SEED}", count=600 * ROUNDS, rate=80)
    load.start()
    for _ in range(ROUNDS * 2):
        d = r.choice(pair)
        pause_of(r, 0.5, 4)
        if not d.running():
            d.start()
        elif r.random() < 0.5:
            d.kill()
        else:
            assert d.stop() in (0, 13)
    load.cut()
    for d in pair:
        if not d.running():
            d.start()
    for d in pair:
        restart_when_ended(d, 60)
    return pair


def test_two_daemons_share_the_partitions(flow):
    f = flow(partitions=4)
    a, b = f.daemon().start().wait_ready(), f.daemon().start()
    b.wait_ready()
    f.feed(mixed_feed("share", 400))
    f.account(120, one_daemon=False)
    assert a.balance()["read"] > 0 and b.balance()["read"] > 0
    assert a.stop() == 0 and b.stop() == 0


def test_a_daemon_that_waits_for_its_group_leaves_at_once(flow, kafka):
    """Another member keeps the group waiting, so the daemon's join is pending and it has nothing. Told to stop it leaves with 0, and the group goes on without it, long before it
    would miss a member."""
    f = flow(partitions=2)
    other = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": f.name, "partition.assignment.strategy": "range", "enable.auto.commit": False,
                      "session.timeout.ms": 6000, "heartbeat.interval.ms": 500, "max.poll.interval.ms": 120000})

    def has_all():
        other.poll(0.1)
        return len(other.assignment()) == 2 and group().state == "Stable"

    def group():
        return kafka.admin().list_groups(f.name, timeout=10)[0]
    try:
        other.subscribe([f.raw])
        wait_until(has_all, 30, "the other one has both partitions", every=0)
        d = f.daemon(**{"kafka.consumer/session.timeout.ms": 100000}).start()
        wait_until(lambda: len(group().members) == 2 and group().state == "PreparingRebalance", 30, "the group waits for the other one, which does not poll")
        assert d.stop() == 0
        wait_until(lambda: has_all() and len(group().members) == 1, 60, "the other one has both partitions again, alone", every=0)
    finally:
        other.close()


def test_two_daemons_join_and_leave_all_the_time(flow):
    r = random.Random(f"groups {SEED}")
    f = flow(partitions=4)
    come_and_go(f, r, "groups")
    f.account(240, one_daemon=False)


def test_new_partitions_are_read_from_their_beginning(flow, kafka):
    """The topic gets more partitions, and records before the daemon knows of them; the new ones are taken over while the old ones flow."""
    f = flow(partitions=2, settings={"kafka/topic.metadata.refresh.interval.ms": 2000})
    f.feed(mixed_feed("narrow", 100))
    d = f.daemon().start().wait_ready()
    load = Load(f, "all the time", 300, 60)
    load.start()
    kafka.grow_topic(f.raw, 5)
    f.feed((news.value(news.record(f"wide {i}")), f"wide {i}", "new", {"partition": 2 + i % 3}) for i in range(60))
    load.end()
    f.account()
    assert d.metric("millrace_partitions_assigned") == 5


def test_a_zombie_publishes_nothing(flow):
    """One daemon sleeps past its session, the other takes over; the first wakes up with results of partitions that are no longer its own."""
    f = flow(partitions=2)
    a = f.daemon().start().wait_ready()
    load = Load(f, f"zombie {SEED}", count=900, rate=60)
    load.start()
    wait_until(lambda: sum(f.kafka.ends(f.out).values()) > 20, 60, "articles come")
    b = f.daemon().start()
    a.process.signal(signal.SIGSTOP)
    stays_for(9, lambda: b.running())
    a.process.signal(signal.SIGCONT)
    load.end()
    restart_when_ended(a, 60)
    restart_when_ended(b, 60)
    f.account(240, one_daemon=False)
