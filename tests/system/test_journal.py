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
from flow import Load, mixed_feed
from test_faults import SEED, SOON_MISSED, restart_when_ended
from test_groups import come_and_go
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
    f = journaled(partitions=2, settings=SOON_MISSED)
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


# ---- two daemons ----

def owner_of(daemons, partition):
    """The daemon that has the input partition."""
    def look():
        for d in daemons:
            if d.running() and d.get("/ready")[0] == 200 and any(p["partition"] == partition and not p["leaving"] for p in d.status()["partitions"]):
                return d
        return None
    return wait_until(look, 60, f"somebody has partition {partition}")


def pair_of(f, **settings):
    """Two daemons, each with one of two partitions: (the one of partition 0, the one of partition 1)."""
    a, b = f.daemon(**settings).start().wait_ready(), f.daemon(**settings).start()
    b.wait_ready()
    wait_until(lambda: owner_of((a, b), 0) is not owner_of((a, b), 1), 60, "each has a partition")
    return owner_of((a, b), 0), owner_of((a, b), 1)


def in_partition(partition, records):
    return [(*record[:3], {"partition": partition}) for record in records]


def new(name, count=20):
    return [(news.value(news.record(f"{name} {i}")), f"{name} {i}", "new") for i in range(count)]


def copies(name, how, count=20):
    return [(news.value(news.near_copy(f"{name} {i}", how)), f"{name} {i}", "copy") for i in range(count)]


def per_partition(account, most=1):
    """A story is published once a partition at most: whoever takes a partition over knows what was published of it."""
    seen = collections.Counter()
    for _, r in account.articles:
        if not r["revision"]:
            seen[account.flow.fed[r["source_partition"], r["source_offset"]].story, r["source_partition"]] += 1
    often = [(s, n) for s, n in seen.items() if n > most]
    assert not often, f"published more than once from one partition: {often[:5]}"


def test_duplicates_are_found_across_daemons(journaled, kafka):
    """Originals at one daemon, copies at the other, both ways; then one is killed, and the other goes on with its partition and the same answers."""
    f = journaled(partitions=2)
    a, b = pair_of(f)
    f.feed(in_partition(0, new("left")) + in_partition(1, new("right")))
    f.account()
    wait_until(lambda: a.metric("millrace_journal_followed_total") == 20 and b.metric("millrace_journal_followed_total") == 20, 30, "each knows the other's")
    f.feed(in_partition(1, copies("left", 1)) + in_partition(0, copies("right", 1)))
    account = f.account()                                # strict: every story once
    assert len(account.articles) == 40 and len(account.copies) == 40
    wait_until(lambda: b.metric("millrace_journal_followed_total") == 40, 30, "the other's aliases came, too")
    verdicts = {r["feed_id"]: (r["duplicate_of"], r["duplicate_kind"], r["similarity"]) for _, r in account.copies}
    a.kill()
    wait_until(lambda: len(b.status()["partitions"]) == 2, 60, "it takes over")
    worked = b.metric("millrace_stage_received_total", stage="dedup")
    f.feed(in_partition(0, copies("right", 1)))          # the same bytes as what the dead one was given
    after = f.account()
    assert len(after.articles) == 40 and b.metric("millrace_stage_received_total", stage="dedup") == worked
    again = [r for _, r in after.copies if r["source_partition"] == 0 and r["source_offset"] >= 40]
    assert len(again) == 20 and all((r["duplicate_of"], r["duplicate_kind"], r["similarity"]) == verdicts[r["feed_id"]] for r in again)


def test_two_daemons_share_eight_partitions(journaled, kafka):
    """Four each; every copy goes to a partition of the other daemon than its original's, under a third daemon's coming and going: every story once."""
    f = journaled(partitions=8)
    a, b = f.daemon().start().wait_ready(), f.daemon().start()
    b.wait_ready()

    def share(*counts):
        wait_until(lambda: [d.metric("millrace_partitions_assigned") for d in (a, b)] == list(counts), 60, lambda: f"the partitions are shared {counts}")

    def owners():
        return {p["partition"]: d for d in (a, b) for p in d.status()["partitions"]}
    share(4, 4)
    stories = [(news.value(news.record(f"eight {i}")), f"eight {i}", "new", {"partition": i % 8}) for i in range(160)]
    f.feed(stories)
    f.account()
    assert a.balance()["published"] == b.balance()["published"] == 80
    wait_until(lambda: a.metric("millrace_journal_followed_total") == b.metric("millrace_journal_followed_total") == 80, 30, "each knows the other's")
    own = owners()
    other = {p: next(q for q in own if own[q] is not own[p]) for p in own}
    f.feed([(news.value(news.near_copy(f"eight {i}", 1)), f"eight {i}", "copy", {"partition": other[i % 8]}) for i in range(160)])
    account = f.account()                                # strict: every story once
    assert len(account.articles) == 160 and len(account.copies) == 160
    third = f.daemon().start().wait_ready()
    wait_until(lambda: third.metric("millrace_partitions_assigned") > 0, 60, "a third one has its share")
    f.feed([(news.value(news.near_copy(f"eight {i}", 2)), f"eight {i}", "copy", {"partition": (i + 3) % 8}) for i in range(160)])
    f.account()
    assert third.stop() == 0
    share(4, 4)
    f.feed([(news.value(news.near_copy(f"eight {i}", 3)), f"eight {i}", "copy", {"partition": (i + 5) % 8}) for i in range(160)])
    account = f.account()
    assert len(account.articles) == 160 and len(account.copies) == 480


def test_two_copies_within_one_lag(journaled, kafka):
    """Both are published; later copies follow the one with the smaller clock, wherever they are judged."""
    f = journaled(partitions=2, settings={"publish.epoch_ms": 4000})
    a, b = pair_of(f)
    records = []
    for i in range(10):
        for partition in (0, 1):                         # the older one is in partition 1 for even i
            clock = "2024-05-06T09:00:00+08:00" if (partition == 1) == (i % 2 == 0) else "2024-05-06T10:00:00+08:00"
            record = news.record(f"lag {i}", id=f"lag-{i}-{partition}", fetched_at=clock)
            records.append((news.value(record), f"lag {i}", "new", {"partition": partition}))
    f.feed(records)
    account = f.account(one_daemon=False)
    per_partition(account)
    both = {i: {r["source_partition"]: r["article_id"] for _, r in account.articles if r["feed_id"].startswith(f"lag-{i}-")} for i in range(10)}
    lagged = [i for i in range(10) if len(both[i]) == 2]
    assert len(lagged) == 10, "the two daemons were not within one lag of each other"
    for d in (a, b):
        wait_until(lambda: settled(d) == 20, 30, "both know both")
    f.feed(in_partition(0, copies("lag", 5, 10)) + in_partition(1, copies("lag", 6, 10)) +
           [(news.value(news.record(f"lag {i}", id=f"late-{i}", fetched_at="2024-05-07T09:00:00+08:00")), f"lag {i}", "copy", {"partition": i % 2}) for i in range(10)])
    account = f.account(one_daemon=False)
    assert len(account.articles) == 20 and len(account.copies) == 30
    for _, r in account.copies:
        i = int(re.search(r"\d+", r["feed_id"])[0])
        assert r["duplicate_of"] == both[i][1 if i % 2 == 0 else 0], r["feed_id"]


def test_daemons_join_and_leave_all_the_time(journaled, kafka):
    r = random.Random(f"journal groups {SEED}")
    f = journaled(partitions=4)
    pair = come_and_go(f, r, "journal")
    account = f.account(240, one_daemon=False)
    per_partition(account)
    articles = sorted(r["article_id"].encode() for _, r in account.articles)
    assert sorted(m.key for m in entries(kafka, f.journal) if m.key in set(articles)) == articles
    for d in pair:
        caught_up(d)
        assert settled(d) == len(articles)               # promise 3, in both


@pytest.mark.parametrize("point", ["after-produce", "after-offsets", "after-commit", "after-followed"])
def test_one_of_two_dies_at_a_named_point(journaled, kafka, point):
    """Its partition and whatever became of its transaction are the other one's now; when it comes back, both know the same."""
    f = journaled(partitions=2)
    b = f.daemon().start().wait_ready()
    a = f.daemon().start(crash_at=point)
    load = Load(f, f"two {point}", count=500, rate=60)
    load.start()
    assert a.wait_end(90) == -signal.SIGKILL, f"it did not die at {point}: {a.log()[-1000:]}"
    load.end()
    f.account(180, one_daemon=False)
    a.start().wait_ready()
    account = f.account(180, one_daemon=False)
    per_partition(account)
    articles = sorted(r["article_id"].encode() for _, r in account.articles)
    assert sorted(m.key for m in entries(kafka, f.journal) if m.key in set(articles)) == articles
    for d in (a, b):
        caught_up(d)
        assert settled(d) == len(articles)


def test_a_zombie_learns_what_it_missed(journaled, kafka):
    """One daemon sleeps past its session, the other takes over; when it wakes up it finds the articles it was about to publish in the journal."""
    f = journaled(partitions=2)
    a = f.daemon().start().wait_ready()
    load = Load(f, f"journal zombie {SEED}", count=900, rate=60)
    load.start()
    wait_until(lambda: sum(f.kafka.ends(f.out).values()) > 20, 60, "articles come")
    b = f.daemon().start()
    a.process.signal(signal.SIGSTOP)
    stays_for(9, lambda: b.running())
    a.process.signal(signal.SIGCONT)
    load.end()
    restart_when_ended(a, 60)
    restart_when_ended(b, 60)
    account = f.account(240, one_daemon=False)
    per_partition(account)
    for d in (a, b):
        caught_up(d)
        assert settled(d) == len(account.articles)


# ---- catching up ----

def history(f):
    """A feed whose end can only be judged by who knows its beginning. Returns what must come of the second half: {feed id: (outcome, detail)}."""
    first = new("past", 30) + copies("past", 1, 30)
    text = news.text("changing", 800)
    figures = iter(range(1000, 9999, 7))

    def edition():
        body = re.sub(r"\d+", lambda m: str(next(figures)), text)
        return news.value(news.record("changing", text=body)), "page changing", "new"
    f.feed(in_partition(0, first + [edition(), edition(), edition()]))
    before = f.account()
    told = {r["feed_id"]: (r["duplicate_of"], r["duplicate_kind"], r["similarity"]) for _, r in before.copies}
    revisions = [r["revision"] for _, r in sorted(before.articles, key=lambda pair: pair[1]["source_offset"]) if r["feed_id"] == "r-changing"]
    assert revisions == [0, 1, 2] and len(told) == 30
    second = copies("past", 1, 30) + copies("past", 2, 30) + [edition()]
    return before, told, in_partition(0, second)


def check_history(f, d, before, told, second):
    worked = d.metric("millrace_stage_received_total", stage="dedup")
    f.feed(second)
    after = f.account()
    fresh = [r for _, r in after.articles if r["source_offset"] >= 63]
    assert [(r["feed_id"], r["revision"]) for r in fresh] == [("r-changing", 3)]
    repeats = [r for _, r in after.copies if r["source_offset"] >= 63 and r["feed_id"] in told]
    assert len(repeats) == 30 and all((r["duplicate_of"], r["duplicate_kind"], r["similarity"]) == told[r["feed_id"]] for r in repeats)
    assert d.metric("millrace_stage_received_total", stage="dedup") - worked == 31, "the repeats of duplicates are known by their aliases"


def test_a_lost_folder_is_made_good_from_the_journal(journaled, kafka):
    """An empty folder, and no rebuild: the daemon follows from the beginning before it judges anything, aliases and numbers of revisions too."""
    f = journaled(partitions=1)
    d = f.daemon().start().wait_ready()
    parts = history(f)
    assert d.stop() == 0
    shutil.rmtree(d.settings["daemon.state_dir"])
    d.start().wait_ready()
    assert settled(d) == 33 and d.metric("millrace_journal_followed_total") == 63
    check_history(f, d, *parts)


def index_rebuild(d, *more):
    return millrace("index", "rebuild", "--config", d.config, *more)


def test_an_index_is_rebuilt_on_another_machine(journaled, kafka):
    """Its daemon starts from where the journal was read to, with the same answers."""
    f = journaled(partitions=1)
    first = f.daemon().start().wait_ready()
    parts = history(f)
    locked = index_rebuild(first, "--force")
    assert locked.returncode == 12 and b"in use" in locked.stderr
    assert first.stop() == 0
    refused = index_rebuild(first)
    assert refused.returncode == 1 and b"--force" in refused.stderr
    kafka.produce(f.journal, [(b"k", b"garbage")])
    other = f.daemon()
    other.write_config()
    done = index_rebuild(other)
    assert done.returncode == 0, done.stderr.decode()
    assert b"33 articles and 30 aliases" in done.stdout and b"1 entries were skipped" in done.stdout
    stat = json.loads(millrace("index", "stat", "--json", "--config", other.config).stdout)
    assert (stat["articles"], stat["aliases"]) == (33, 30)
    other.start().wait_ready()
    assert settled(other) == 33 and other.metric("millrace_journal_followed_total") == 0, "it begins at the end of what was read"
    check_history(f, other, *parts)
    assert other.stop() == 0
    forced = index_rebuild(first, "--force")
    assert forced.returncode == 0 and b"was moved to" in forced.stdout and b"34 articles" in forced.stdout
    folder = first.settings["daemon.state_dir"]
    assert sorted(p.name for p in folder.iterdir()) == [first.instance, f"{first.instance}.before-1"]


def test_a_rebuild_that_was_broken_off_is_gone_on_with(journaled, kafka):
    """What is in the folder then is less than the journal, never other than it: the daemon reads the rest."""
    f = journaled(partitions=1, journal_partitions=3)
    d = f.daemon().start().wait_ready()
    parts = history(f)
    assert d.stop() == 0
    assert index_rebuild(d, "--force").returncode == 0
    log = d.settings["daemon.state_dir"] / d.instance / "index-00000001.log"
    whole = log.read_bytes()
    for left in (20, len(whole) // 3, len(whole) * 2 // 3, len(whole) - 1):
        log.write_bytes(whole[:left])
        d.start().wait_ready()
        assert settled(d) == 33
        assert d.stop() == 0
    d.start().wait_ready()
    check_history(f, d, *parts)


def test_what_was_followed_is_in_the_log(journaled, kafka):
    """After a restart nothing is followed again that was written down, whether with an epoch or without one."""
    f = journaled(partitions=2)
    a, b = pair_of(f)
    f.feed(in_partition(0, new("log", 50)))
    f.account()
    wait_until(lambda: b.metric("millrace_journal_followed_total") == 50, 30, "the other one follows")
    size = b.metric("millrace_index_log_bytes")
    wait_until(lambda: b.metric("millrace_index_log_bytes") > size or settled(b) == 50 and size > 50 * 200, 30, "and writes it down without an epoch of its own")
    assert a.stop() == 0 and b.stop() == 0
    for d in (b, a):
        d.start().wait_ready()
        assert settled(d) == 50 and d.metric("millrace_journal_followed_total") == 0
        assert d.stop() == 0


def transactional(kafka, name):
    from confluent_kafka import Producer
    made = Producer({"bootstrap.servers": kafka.bootstrap, "transactional.id": name, "transaction.timeout.ms": 60000, "log_level": 0})
    made.init_transactions(30)
    return made


@pytest.mark.parametrize("ends", ["abort", "commit"])
def test_a_hung_transaction_delays_judging(journaled, kafka, ends):
    """R4: what stands in the journal behind somebody's open transaction is hidden from readers. Who starts now must wait for its end, or it would not know its own articles."""
    f = journaled(partitions=1, journal_partitions=1)
    hung = transactional(kafka, f"{f.name}-hung")
    hung.begin_transaction()
    hung.produce(f.journal, key=b"0" * 32, value=b"unfinished")
    hung.flush(30)
    d = f.daemon(**{"kafka.producer/transaction.timeout.ms": 5000}).start()
    wait_until(lambda: "catching up" in d.get("/ready")[1], 30, "it waits")
    hung.abort_transaction(30)
    d.wait_ready()                                       # nobody writes any more: an aborted end is passed, too
    f.feed(new("before", 3))
    f.account()                                          # the partition is open from here on
    hung.begin_transaction()
    hung.produce(f.journal, key=b"0" * 32, value=b"unfinished")
    hung.flush(30)
    f.feed(new("behind", 10))
    f.account()                                          # committed behind the hung one
    d.kill()
    shutil.rmtree(d.settings["daemon.state_dir"])
    f.feed(copies("behind", 1, 10))
    d.start()
    wait_until(lambda: "catching up" in d.get("/ready")[1], 30, "it waits")
    stays_for(4, lambda: d.running() and "catching up" in d.get("/ready")[1])
    assert settled(d) == 3
    (hung.abort_transaction if ends == "abort" else hung.commit_transaction)(30)
    d.wait_ready()
    account = f.account()
    assert len(account.articles) == 13 and len(account.copies) == 10
    assert d.metric("millrace_journal_skipped_total") == (1 if ends == "commit" else 0)


def published(f):
    return [json.loads(m.value) for m in f.kafka.read_all([f.out, f.duplicates])]


def test_a_partition_that_comes_waits_for_the_journal(journaled, kafka):
    """R4 while it runs: the other one's articles stand behind a hung transaction when it dies; its partition is taken over, but not judged before they are known."""
    f = journaled(partitions=2, journal_partitions=1)
    a, b = pair_of(f)
    f.feed(new("before", 4))
    f.account()                                          # both partitions are open from here on
    hung = transactional(kafka, f"{f.name}-hung")
    hung.begin_transaction()
    hung.produce(f.journal, key=b"0" * 32, value=b"unfinished")
    hung.flush(30)
    f.feed(in_partition(0, new("behind", 10)))
    f.account()
    a.kill()
    f.feed(in_partition(0, copies("behind", 1, 10)))
    wait_until(lambda: b.metric("millrace_journal_held_partitions") >= 1, 60, "it has the partition and holds it")
    f.feed(in_partition(1, new("meanwhile", 5)))         # its own one was assigned anew, too, where the assignor takes all of them at once
    stays_for(2, lambda: b.metric("millrace_journal_held_partitions") >= 1 and not any(r["source_partition"] == 0 and r["source_offset"] >= 12 for r in published(f)))
    hung.abort_transaction(30)
    account = f.account()
    assert len(account.articles) == 19 and len(account.copies) == 10
    assert b.metric("millrace_journal_held_partitions") == 0


# ---- a journal that is not as it should be ----

def test_strange_entries_are_skipped(journaled, kafka):
    """Garbage, and entries made under other rules: told, counted, and no harm to the others."""
    f = journaled(partitions=1)
    d = f.daemon().start().wait_ready()
    f.feed(new("strange", 10))
    f.account()
    good = entries(kafka, f.journal)[0]
    versions = good.header("millrace.index")
    r = random.Random(7)
    strange = [{"key": b"k", "value": good.value, "headers": [("millrace.index", b"fold=99 ids=1001 identity=record")]},
               {"key": b"k", "value": good.value}, {"key": b"k", "value": None, "headers": [("millrace.index", versions)]},
               {"key": b"k", "value": b"", "headers": [("millrace.index", versions)]},
               {"key": b"k", "value": b"\x7f" + good.value[1:], "headers": [("millrace.index", versions)]}]
    for cut in range(0, len(good.value), 7):
        strange.append({"key": None, "value": good.value[:cut], "headers": [("millrace.index", versions), ("millrace.instance", b"\x1b]0;x\x07")]})
    for _ in range(50):
        strange.append({"key": b"", "value": bytes(r.randrange(256) for _ in range(r.randrange(400))), "headers": [("millrace.index", versions)]})
    kafka.produce(f.journal, strange)
    wait_until(lambda: d.metric("millrace_journal_skipped_total") == len(strange), 30, "all are skipped")
    f.feed(copies("strange", 1, 10) + new("after", 5))
    account = f.account()
    assert len(account.articles) == 15 and "\x1b" not in d.log()
    assert d.log().count("an entry is skipped") == 3    # each reason once


def test_a_missing_journal_is_a_clear_stop(flow, kafka):
    f = flow(settings={"dedup.journal": "no.such.journal"})
    d = f.daemon().start()
    assert d.wait_end(60) == 78
    assert "there is no topic no.such.journal" in d.log() and "kafka-topics.sh --create" in d.log()
    assert kafka.partitions("no.such.journal") == 0


def test_settings_of_the_topic_are_looked_at(flow, kafka):
    f = flow()
    f.settings["dedup.journal"] = f"{f.name}.index"
    kafka.create_topic(f"{f.name}.index", 1, {"retention.ms": "86400000", "cleanup.policy": "compact,delete"})
    d = f.daemon().start().wait_ready()
    assert "its retention is shorter than the window" in d.log() and "its cleanup.policy is compact" in d.log()


def test_a_journal_made_anew_is_followed_from_its_beginning(journaled, kafka):
    f = journaled(partitions=1, journal_partitions=1)
    d = f.daemon().start().wait_ready()
    f.feed(new("old", 30))
    f.account()
    caught_up(d)
    assert d.stop() == 0
    kafka.delete_topic(f.journal)
    kafka.create_topic(f.journal, 1)
    d.start().wait_ready()
    assert "it ends before our place" in d.log()
    f.feed(copies("old", 1, 10) + new("anew", 5))
    account = f.account()
    assert len(account.articles) == 35                   # the log still knows the old ones


def test_a_journal_that_grows_is_followed_whole(journaled, kafka):
    f = journaled(partitions=2, journal_partitions=1, settings={"kafka/topic.metadata.refresh.interval.ms": 2000})
    a, b = pair_of(f)
    kafka.grow_topic(f.journal, 4)
    f.feed(in_partition(0, new("grown", 60)))
    f.account()
    wait_until(lambda: settled(b) == 60, 60, "the other one knows them all")
    f.feed(in_partition(1, copies("grown", 1, 60)))
    assert len(f.account().articles) == 60
