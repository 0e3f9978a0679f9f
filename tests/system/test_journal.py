"""The journal: daemons tell each other what they published, in the transaction that publishes it. Crashes of one daemon, of two, lost folders, partitions that
change hands; what must hold is what holds for one daemon, but for copies that arrive at two daemons within one lag."""
import collections
import json
import random
import re
import shutil
import signal

import pytest

import news
from daemon import crash_points, millrace
from flow import Account, Load, mixed_feed
from test_faults import ROUNDS, SEED, pause_of, restart_when_ended
from test_promises import stays_for
from wait import wait_until


@pytest.fixture
def journaled(flow, kafka):
    """Makes flows whose daemons share a journal."""
    def make(journal_partitions=2, **arguments):
        f = flow(**arguments)
        f.journal = f"{f.name}.index"
        kafka.create_topic(f.journal, journal_partitions, {"retention.ms": str(90 * 86400000)})
        f.settings["dedup.journal"] = f.journal
        return f
    return make


def entries(kafka, topic):
    """What a read_committed reader sees of the journal."""
    return kafka.read_all(topic)


def settled(d):
    return d.metric("millrace_index_settled_entries")


def caught_up(d):
    """Everything that the journal has is known to the daemon."""
    wait_until(lambda: d.metric("millrace_journal_lag") == 0, 30, lambda: f"{d.instance} has caught up ({d.get('/status')})")


def test_every_published_article_has_one_entry(journaled, kafka):
    f = journaled()
    f.feed(mixed_feed("entries", 300))
    d = f.daemon().start().wait_ready()
    account = f.account()
    told = entries(kafka, f.journal)
    articles = {r["article_id"].encode() for _, r in account.articles}
    assert collections.Counter(m.key for m in told if m.key in articles) == collections.Counter(articles)
    assert all(m.header("millrace.instance").decode() == d.instance and m.header("millrace.index").startswith(b"fold=") for m in told)
    assert d.metric("millrace_journal_written_total") == len(told)


@pytest.mark.parametrize("point", crash_points() or ["none-found"])
def test_kill_9_at_a_named_point(journaled, kafka, point):
    """Twice at the same point, under load, then to the end: nothing forgotten and nothing invented, by the outcomes and by the journal."""
    f = journaled(partitions=2)
    f.feed(mixed_feed(point, 150))
    d = f.daemon()
    for round in range(2):
        d.start(crash_at=point)
        f.feed(mixed_feed(f"{point} {round}", 50))
        assert d.wait_end(60) == -signal.SIGKILL, f"it did not die at {point}: {d.log()[-1000:]}"
    d.start().wait_ready()
    account = f.account(180)
    articles = sorted(r["article_id"].encode() for _, r in account.articles)
    assert sorted(m.key for m in entries(kafka, f.journal) if m.key in set(articles)) == articles
    caught_up(d)
    assert settled(d) == len(articles)
    f.feed(again(f, account))                            # every article once more: the index knows them all
    again_account = f.account(180)
    assert len(again_account.articles) == len(articles)


def again(f, account):
    """Byte-equal repeats of every published article."""
    values = {}
    for m in f.kafka.read_all(f.raw):
        values[m.partition, m.offset] = m.value
    for _, r in account.articles:
        place = r["source_partition"], r["source_offset"]
        yield values[place], f.fed[place].story, "copy"
