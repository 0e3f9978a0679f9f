"""A flow: its topics, its daemons, what was fed and what came out; and the account that every test ends with.

The account knows nothing of the daemon's insides: it reads the topics as a warehouse would (read_committed) and compares with what was fed."""
import collections
import json
import random
import re
import threading
import time

import news
from daemon import Millraced, ROOT
from wait import wait_until

Fed = collections.namedtuple("Fed", "partition offset story kind")      # kind: new copy bad tombstone
_PROCESSED = re.compile(rb'"processed_at(_ms)?":("[^"]*"|[0-9]+|null),?')


class Flow:
    def __init__(self, kafka, folder, name, partitions=2, out_partitions=2, settings=None, env=None):
        self.kafka, self.folder, self.name = kafka, folder, name
        self.raw, self.out, self.duplicates = f"{name}.raw", f"{name}.out", f"{name}.dup"
        self.dead = f"dlq.{self.raw}"
        self.partitions = partitions
        for topic, count in ((self.raw, partitions), (self.out, out_partitions), (self.duplicates, 1), (self.dead, 1)):
            kafka.create_topic(topic, count)
        self.settings = {
            "intake.topics": self.raw, "intake.group": name, "publish.topic": self.out, "publish.duplicates_topic": self.duplicates,
            "kafka/bootstrap.servers": kafka.bootstrap, "kafka/reconnect.backoff.max.ms": 1000,
            "kafka.consumer/session.timeout.ms": 6000, "kafka.consumer/heartbeat.interval.ms": 500, "log.rate": 1000, **(settings or {})}
        self.env = env or {}
        self.daemons = []
        self.fed = {}                        # (partition, offset): Fed

    def daemon(self, instance=None, **settings):
        instance = instance or f"{self.name}-{len(self.daemons) + 1}"
        made = Millraced(self.folder / instance, instance, {**self.settings, **settings}, self.env)
        self.daemons.append(made)
        return made

    def close(self):
        for daemon in self.daemons:
            daemon.clean()

    # ---- in ----
    def feed(self, records):
        """records: (value, story, kind) or (value, story, kind, fields of the message). Stories go round the partitions unless the message says where."""
        messages, about = [], []
        for number, (value, story, kind, *fields) in enumerate(records):
            messages.append({"key": f"k{story}", "value": value, "partition": number % self.partitions, **(fields[0] if fields else {})})
            about.append((story, kind))
        for (partition, offset), (story, kind) in zip(self.kafka.produce(self.raw, messages), about):
            self.fed[partition, offset] = Fed(partition, offset, story, kind)

    # ---- out ----
    def account(self, seconds=120, one_daemon=True):
        """Waits until every record that was fed has ended, reads to the end and checks it all. Returns the Account."""
        account = Account(self)
        with self.kafka.reader([self.out, self.duplicates, self.dead]) as reader:
            reader.until(account.complete, seconds, "every record ended")
            self._settled(seconds)
            account.take(reader.to_end())
        account.check(one_daemon)
        return account

    def _settled(self, seconds):
        """The group's offsets passed everything: nothing is in flight any more."""
        ends = self.kafka.ends(self.raw)
        wait_until(lambda: all(self.kafka.committed(self.name, self.raw).get(p, 0) == end for p, end in ends.items() if end > 0), seconds,
                   lambda: f"offsets {self.kafka.committed(self.name, self.raw)} reach the end {ends}", every=0.2)


class Account:
    def __init__(self, flow):
        self.flow = flow
        self.articles, self.copies, self.dead = [], [], []       # (message, record as dict); dead letters: messages
        self._read = 0
        self._ended = set()
        self._wanted = {place for place, fed in flow.fed.items() if fed.kind != "tombstone"}

    def take(self, messages):
        for m in messages[self._read:]:
            if m.topic == self.flow.dead:
                self.dead.append(m)
                self._ended.add(dead_place(m))
                continue
            record = json.loads(m.value)
            (self.articles if m.topic == self.flow.out else self.copies).append((m, record))
            self._ended.add((record["source_partition"], record["source_offset"]))
        self._read = len(messages)

    def complete(self, messages):
        for daemon in self.flow.daemons:
            daemon.check_alive()
        self.take(messages)
        return self._ended >= self._wanted

    # ---- the checks; each says the promise it holds the daemon to ----
    def check(self, one_daemon=True):
        self.nothing_lost_nothing_doubled()
        self.owners_are_published()
        self.order_is_kept()
        self.stories(one_daemon)

    def outcomes(self):
        """{place: [outcome of each part]}"""
        found = collections.defaultdict(list)
        for name, records in (("published", self.articles), ("duplicate", self.copies)):
            for _, r in records:
                found[r["source_partition"], r["source_offset"]].append((name, r["page_index"]))
        for m in self.dead:
            found[dead_place(m)].append(("dead", None))
        return found

    def nothing_lost_nothing_doubled(self):
        found = self.outcomes()
        lost = [self.flow.fed[p] for p in self._wanted if p not in found]
        assert not lost, f"{len(lost)} lost: {lost[:5]}"
        strange = [p for p in found if p not in self._wanted]
        assert not strange, f"came out, but was never fed (or is a tombstone): {strange[:5]}"
        doubled = {p: o for p, o in found.items() if len(set(o)) != len(o) or (("dead", None) in o and len(o) > 1)}
        assert not doubled, f"{len(doubled)} doubled: {list(doubled.items())[:5]}"
        ids = collections.Counter(r["article_id"] for _, r in self.articles if not r["revision"])
        twice = [i for i, n in ids.items() if n > 1]
        assert not twice, f"article ids published twice: {twice[:5]}"
        wrong = [f for p, f in self.flow.fed.items() if f.kind != "tombstone" and (("dead", None) in found[p]) != (f.kind == "bad")]
        assert not wrong, f"dead and should live, or the other way round: {wrong[:5]}"

    def owners_are_published(self):
        published = {r["article_id"]: (r["source_partition"], r["source_offset"], r["page_index"]) for _, r in self.articles}
        for _, r in self.copies:
            place = (r["source_partition"], r["source_offset"], r["page_index"])
            assert r["duplicate_of"] in published, f"{place} is a duplicate of {r['duplicate_of']}, which is not published"
            assert published[r["duplicate_of"]] != place, f"{place} is its own duplicate"

    def order_is_kept(self):
        for messages in (self.articles, self.copies, [(m, None) for m in self.dead]):
            last = {}
            for m, r in sorted(messages, key=lambda pair: (pair[0].partition, pair[0].offset)):
                partition, offset = (r["source_partition"], r["source_offset"]) if r else dead_place(m)
                here = (offset, r["page_index"] if r else 0)
                lane = (m.topic, m.partition, partition)
                assert last.get(lane, (-1, 0)) < here, f"{lane}: {here} after {last[lane]}"
                last[lane] = here

    def stories(self, one_daemon):
        """Copies: one daemon publishes a story once; several may publish it once each (they learn of each other with a lag), never not at all."""
        published = collections.Counter()
        for _, r in self.articles:
            published[self.flow.fed[r["source_partition"], r["source_offset"]].story] += 1
        living = {f.story for f in self.flow.fed.values() if f.kind in ("new", "copy", "page")}
        missing = [s for s in living if not published[s]]
        assert not missing, f"stories of which no copy was published: {missing[:5]}"
        if one_daemon:
            often = [(s, n) for s, n in published.items() if n > 1 and not str(s).startswith("page")]
            assert not often, f"stories published more than once: {often[:5]}"


def dead_place(message):
    return int(message.header("millrace.source.partition")), int(message.header("millrace.source.offset"))


def comparable(messages):
    """What must be equal in two runs: key, value without processed_at*, headers."""
    return [(m.key, _PROCESSED.sub(b"", m.value), m.headers) for m in messages]


def mixed_feed(seed, count, characters=400):
    """A feed with everything in it: new stories, byte-equal repeats, near copies, bad values, tombstones."""
    r = random.Random(f"feed {seed}")
    stories = []
    for number in range(count):
        story = f"{seed}-{number}"
        dice = r.random()
        if dice < 0.05:
            yield b"\x01 not json " + story.encode(), story, "bad"
        elif dice < 0.08:
            yield None, story, "tombstone"
        elif dice < 0.16 and stories:
            old = r.choice(stories[-200:])
            yield news.value(news.record(old, characters, id=f"again-{seed}-{number}", fetched_at="2024-05-06T10:00:00+08:00")), old, "copy"
        elif dice < 0.24 and stories:
            old = r.choice(stories[-200:])
            yield news.value(news.near_copy(old, number, characters)), old, "copy"
        else:
            stories.append(story)
            yield news.value(news.record(story, characters)), story, "new"


class Load(threading.Thread):
    """Feeds in the background, `rate` records a second in small portions, until stopped or `count` is reached."""

    def __init__(self, flow, seed, count, rate):
        super().__init__(daemon=True)
        self._flow, self._rate = flow, rate
        self._feed = list(mixed_feed(seed, count))
        self._stop_now = threading.Event()
        self.error = None

    def run(self):
        try:
            portion = max(1, self._rate // 10)
            for at in range(0, len(self._feed), portion):
                begin = time.monotonic()
                self._flow.feed(self._feed[at:at + portion])
                if self._stop_now.wait(max(0.0, portion / self._rate - (time.monotonic() - begin))):
                    return
        except Exception as error:               # told to the test that joins
            self.error = error

    def end(self, seconds=120):
        """Waits for the whole feed."""
        self.join(seconds)
        assert not self.is_alive(), "the load did not end in time"
        if self.error:
            raise self.error

    def cut(self):
        """No more."""
        self._stop_now.set()
        self.end()


def schema(name):
    """A JSON Schema of the contract; None while there is none."""
    path = ROOT / "conf" / "schema" / name
    return json.loads(path.read_text()) if path.exists() else None
