"""`millrace load postgres` against a real PostgreSQL and a real Kafka: once each, the newest, nothing lost, whatever is killed when."""
import collections
import copy
import ctypes
import itertools
import json
import os
import pty
import random
import re
import signal
import subprocess

import pytest
from confluent_kafka import Producer

import news
from daemon import BIN, millrace
from published import demo
from require import cannot
from wait import wait_until

_numbers = itertools.count(1)
TYPES = {"string": "text", "integer": "bigint", "number": "double precision", "boolean": "boolean", "array": "ARRAY", "object": "jsonb"}


@pytest.fixture(scope="module")
def records():
    return demo()


def make_id(number):
    return f"{number:032x}"


class Warehouse:
    """A database, topics, and the command with a configuration for them."""

    def __init__(self, kafka, server, partitions=2, create=True):
        name = f"load{next(_numbers)}"
        self.kafka, self.out, self.copies = kafka, f"{name}.out", f"{name}.dup"
        kafka.create_topic(self.out, partitions)
        kafka.create_topic(self.copies, 1)
        self.database = server.create_database(name)
        self.sets = [part for key, value in {"publish.topic": self.out, "publish.duplicates_topic": self.copies, "kafka.bootstrap.servers": kafka.bootstrap}.items()
                     for part in ("--set", f"{key}={value}")]
        if create:
            self.load("--create")

    def load(self, *arguments, **how):
        return self.database.load(*arguments, *self.sets, **how)

    def start(self, log, *arguments):
        return self.database.start(log, *arguments, *self.sets)

    def put(self, values, topic=None, abort=False):
        """(key, value or dict, partition) in one transaction, as the daemon publishes."""
        producer = Producer({"bootstrap.servers": self.kafka.bootstrap, "transactional.id": f"put-{next(_numbers)}", "log_level": 0})
        producer.init_transactions(30)
        producer.begin_transaction()
        for key, value, partition in values:
            producer.produce(topic or self.out, key=key, value=json.dumps(value) if isinstance(value, dict) else value, partition=partition)
        producer.flush(60)
        producer.abort_transaction(60) if abort else producer.commit_transaction(60)
        # The coordinator answers before the marks stand in the partitions, and a load that does not follow takes what is committed when it begins.
        wait_until(lambda: self.kafka.ends(topic or self.out) == self.kafka.ends(topic or self.out, "read_uncommitted"), 60, "the marks of the transaction are written")

    def articles(self, columns="article_id, title, revision, record_partition, record_offset", order="article_id"):
        return self.database.rows(f"SELECT {columns} FROM millrace.articles ORDER BY {order}")

    def places(self):
        return {(r["topic"], r["partition"]): r["next_offset"] for r in self.database.rows("SELECT * FROM millrace.places")}

    def rejects(self):
        return self.database.rows("SELECT * FROM millrace.rejects ORDER BY topic, partition, \"offset\"")


@pytest.fixture
def warehouse(kafka, postgres):
    if not (BIN / "millrace").exists():
        cannot(f"{BIN / 'millrace'} is not built (./run build)")

    def make(**how):
        return Warehouse(kafka, postgres, **how)
    return make


@pytest.fixture
def article(records):
    """Makes articles: the first one of the demo with other values."""
    model = json.loads(records[0][0])

    def make(number, title="标题", **values):
        return {**copy.deepcopy(model), "article_id": make_id(number), "story_id": make_id(number), "title": title, **values}
    return make


def newest(lines):
    return list({r["article_id"]: r for r in lines}.values())


def schema_columns(name, *sets):
    """(column, type) as the JSON Schema of the contract says."""
    found = []
    for field, about in json.loads(millrace("schema", name, *sets).stdout)["properties"].items():
        kind = about.get("type", "string")
        kind = next(k for k in kind if k != "null") if isinstance(kind, list) else kind
        found.append((field, "timestamp with time zone" if about.get("format") == "date-time" else TYPES[kind]))
    return found


def test_the_tables_are_the_contract(warehouse):
    place = warehouse()
    for table, schema in (("articles", "article"), ("duplicates", "duplicate")):
        rows = place.database.rows(f"SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'millrace' AND table_name = '{table}' ORDER BY ordinal_position")
        found = [(r["column_name"], r["data_type"]) for r in rows]
        assert found[:-5] == schema_columns(schema)
        assert [name for name, _ in found[-5:]] == ["record_topic", "record_partition", "record_offset", "other_members", "loaded_at"]
    # another taxonomy adds its columns, twice is as once, and nothing goes
    other = ["--set", "classify.labels=sports, education"]
    place.load(*other, code=1)
    assert "no column score_sports: run with --create once" in place.database.said
    place.load("--create", *other)
    place.load(*other)
    place.load("--create")
    names = {r["column_name"] for r in place.database.rows("SELECT column_name FROM information_schema.columns WHERE table_name = 'articles'")}
    assert {"score_sports", "score_education", "score_talent"} <= names
    sql = millrace("load", "postgres", "--print-schema", "--schema", "elsewhere").stdout.decode()
    place.database.psql(sql + sql)
    assert place.database.count("elsewhere.articles") == 0


def test_every_value_arrives(warehouse, records):
    """All fields of real records, as a reader of the topic sees them."""
    place = warehouse()
    lines = [json.loads(line) for line in records[0]]
    place.put([(r["article_id"], r, int(r["article_id"], 16) % 2) for r in lines])
    place.put([(r["article_id"], r, 0) for r in map(json.loads, records[1])], topic=place.copies)
    place.put([("x" * 32, {"schema_version": 1}, 0)], abort=True)
    out = place.load("--duplicates")
    assert f"{len(lines) + len(records[1])} records: " in out and " 0 rejected" in out
    times = [name for name, kind in schema_columns("article") if kind.startswith("timestamp")]
    assert len(newest(lines)) < len(lines)                             # the demo has a revision
    for wanted in newest(lines):
        found = place.database.rows(f"SELECT {', '.join(f'extract(epoch FROM {t}) * 1000 AS {t}_ms2' for t in times)}, * FROM millrace.articles "
                                    f"WHERE article_id = '{wanted['article_id']}'")[0]
        for name, value in wanted.items():
            if name in times:
                assert found[f"{name}_ms2"] == (None if value is None else wanted.get(f"{name}_ms", found[f"{name}_ms2"])), name
                assert (value is None) == (found[name] is None)
            else:
                assert found[name] == value, name
        assert found["other_members"] is None
    assert place.database.count("millrace.duplicates") == len({json.loads(line)["article_id"] for line in records[1]})
    assert sorted(place.places()) == [(place.copies, 0), (place.out, 0), (place.out, 1)]
    assert place.load("--duplicates").startswith("0 records")          # nothing again


def test_views_count_right(warehouse, records):
    place = warehouse()
    lines, copies = [json.loads(line) for line in records[0]], {r["article_id"]: r for r in map(json.loads, records[1])}
    articles = newest(lines)
    place.put([(r["article_id"], r, int(r["article_id"], 16) % 2) for r in lines])
    place.put([(r["article_id"], r, 0) for r in copies.values()], topic=place.copies)
    place.load("--duplicates")
    ids = {r["article_id"] for r in articles}
    reprints = collections.Counter(r["story_id"] for i, r in copies.items() if i not in ids)
    stories = {r["story_id"]: r for r in place.database.rows("SELECT * FROM millrace.stories")}
    assert {i: s["reprints"] for i, s in stories.items() if s["reprints"]} == dict(reprints) and reprints
    assert {i: s["articles"] for i, s in stories.items() if s["articles"]} == collections.Counter(r["story_id"] for r in articles)
    first = {r["article_id"]: r for r in articles}
    assert all(s["title"] == first[i]["title"] and s["labels"] == first[i]["labels"] for i, s in stories.items())
    names = collections.defaultdict(set)
    for r in articles:
        for name in r["organizations"]:
            names[name].add(r["story_id"])
    top = place.database.rows("SELECT organization, stories FROM millrace.top_organizations")
    assert {r["organization"]: r["stories"] for r in top} == {name: len(found) for name, found in names.items()} and names
    assert [r["stories"] for r in top] == sorted((r["stories"] for r in top), reverse=True)
    days = collections.Counter()
    for r in articles:
        # days of +08:00, as the session below asks for them
        ms = r["published_at_ms"]
        day = None if ms is None else place.database.value(f"SELECT (to_timestamp({ms} / 1000.0) AT TIME ZONE 'Asia/Shanghai')::date::text")
        days.update((day, label) for label in r["labels"] or ["none"])
    place.database.psql(f"ALTER DATABASE {place.database.name} SET TimeZone = 'Asia/Shanghai'")
    assert {(r["day"], r["label"]): r["articles"] for r in place.database.rows("SELECT day::text, label, articles FROM millrace.labels_per_day")} == dict(days)
    members = ("what", "value", "value_to", "unit", "qualifier", "text")
    metrics = collections.Counter(tuple(m[k] for k in members) for r in articles for m in r["detail"]["metrics"])
    assert collections.Counter(tuple(r.values()) for r in place.database.rows(f"SELECT {', '.join(members)} FROM millrace.metrics")) == metrics and metrics
    assert place.database.count("millrace.person_roles") == sum(len(r["detail"]["persons"]) for r in articles) > 0
    assert place.database.count("millrace.top_persons") == len({p for r in articles for p in r["persons"]}) > 0
    assert place.database.value("SELECT sum(articles) FROM millrace.sources_per_day") == len(ids)


@pytest.mark.parametrize("batch", ["1", "3", "1000"])
def test_the_newest_wins_and_tombstones_delete(warehouse, article, batch):
    """However the records are cut into batches."""
    place = warehouse()
    place.put([(make_id(1), article(1, "first"), 0), (make_id(1), article(1, "second", revision=1), 0),
               (make_id(2), article(2, "once"), 0), (make_id(2), None, 0),
               (make_id(3), article(3, "old", revision=4), 0), (make_id(3), None, 0), (make_id(3), article(3, "born again"), 0),
               (make_id(4), article(4, "late", revision=7, processed_at_ms=2000), 0), (make_id(4), article(4, "last", revision=0, processed_at_ms=1000), 0),
               # the topic was widened: what was in partition 0 goes on in partition 1
               (make_id(5), article(5, "new house", processed_at_ms=9000), 1), (make_id(5), article(5, "old house", processed_at_ms=8000), 0),
               (make_id(6), article(6, "same time b", processed_at_ms=5, revision=1), 1), (make_id(6), article(6, "same time a", processed_at_ms=5), 0)])
    place.load("--batch", batch)
    want = {1: "second", 3: "born again", 4: "last", 5: "new house", 6: "same time b"}
    assert {r["article_id"]: r["title"] for r in place.articles()} == {make_id(n): title for n, title in want.items()}
    before = place.articles()
    assert place.load("--batch", batch).startswith("0 records")
    assert place.load("--again", "--batch", batch).startswith("13 records")
    assert place.articles() == before
    assert "would be: 0 records" in place.load("--dry-run") and "would be: 13 records: 11 rows written, 2 deleted, 0 rejected" in place.load("--dry-run", "--again")


def test_a_tombstone_takes_what_is_older(warehouse, article):
    """Of a topic that was widened, or of several (sink.route = by-label): an article that came again after its deletion stays, whichever partition is read first."""
    place = warehouse()
    place.put([(make_id(1), article(1, "born again", processed_at_ms=4102444800000), 1), (make_id(2), article(2, "to go"), 1)])
    place.load()
    place.put([(make_id(1), article(1, "first"), 0), (make_id(1), None, 0), (make_id(2), None, 0)])
    assert place.load("--batch", "1").endswith("1 deleted, 0 rejected\n")
    assert [r["title"] for r in place.articles()] == ["born again"]
    place.load("--again")                                              # both partitions in one batch
    assert "born again" in [r["title"] for r in place.articles()]


def test_topics_by_label_are_those_of_the_configuration(warehouse, article):
    place = warehouse(partitions=1)
    place.sets += ["--set", "sink.route=by-label", "--set", f"sink.label_topics=none={place.out}"]
    topics = [place.out, *(f"{place.out}.{label}" for label in ("education", "science", "talent"))]
    for topic in topics[1:]:
        place.kafka.create_topic(topic, 1)
    place.put([(make_id(1), article(1), 0), (make_id(2), article(2), 0)], topic=topics[1])
    place.put([(make_id(1), article(1), 0)], topic=topics[3])
    place.put([(make_id(3), article(3), 0)])
    place.load()
    assert [r["article_id"] for r in place.articles()] == [make_id(1), make_id(2), make_id(3)]
    assert sorted(topic for topic, _ in place.places()) == sorted(t for t in topics if t != topics[2])
    for topic in topics:
        place.put([(make_id(1), None, 0)], topic=topic)
    assert place.load() == "4 records: 0 rows written, 1 deleted, 0 rejected\n"
    sql = millrace("schema", "clickhouse", *place.sets).stdout.decode()
    assert f"kafka_topic_list = '{','.join([*topics[1:], topics[0]])}'" in sql


def test_bad_records_are_rejected_and_harm_nobody(warehouse, article):
    place = warehouse()
    place.database.psql("ALTER TABLE millrace.articles ADD CONSTRAINT no_bad_title CHECK (title <> 'refuse me');"
                        "CREATE FUNCTION public.guard() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.title = ''stop here'' THEN RAISE EXCEPTION ''no such title''; END IF; RETURN NEW; END';"
                        "CREATE TRIGGER guard BEFORE INSERT ON millrace.articles FOR EACH ROW EXECUTE FUNCTION public.guard()")
    bad = [("not-json", b"\x00\xff not json"), ("not-json", b"[1]"), ("not-json", b""), ("not-json", b"[" * 5000), ("schema-version", json.dumps({"a": 1}).encode()),
           ("schema-version", json.dumps({**article(1), "schema_version": 2}).encode()), ("no-article-id", json.dumps({**article(1), "article_id": "x'; --"}).encode()),
           ("wrong-type", json.dumps({**article(1), "labels": "education"}).encode()), ("wrong-type", json.dumps({**article(1), "published_at": "soon"}).encode()),
           ("wrong-type", json.dumps({**article(1), "score_science": "much"}).encode()), ("refused", json.dumps(article(7, "refuse me")).encode()),
           ("refused", json.dumps(article(8, organizations=[news.text("long", 5000)])).encode()), ("refused", json.dumps(article(9, "stop here")).encode())]
    values = [(b"k", value, 0) for _, value in bad] + [(b"no id", None, 0)]
    for number in range(len(values) + 1):
        values.insert(2 * number, (make_id(100 + number), article(100 + number, f"good {number}"), 0))
    place.put(values)
    assert f"{len(values)} records: {len(bad) + 2} rows written, 0 deleted, {len(bad) + 1} rejected" in place.load()
    assert "record rejected" in place.database.said and "reason=wrong-type" in place.database.said
    rejects = place.rejects()
    assert [r["reason"] for r in rejects] == [reason for reason, _ in bad] + ["bad-tombstone"]
    assert [r["offset"] for r in rejects] == [2 * n + 1 for n in range(len(bad) + 1)]
    assert bytes.fromhex(rejects[0]["value"][2:]) == bad[0][1] and rejects[3]["value_bytes"] == 5000 and rejects[-1]["value"] is None
    assert "labels" in rejects[7]["message"] and "no_bad_title" in rejects[10]["message"] and "index" in rejects[11]["message"] and "no such title" in rejects[12]["message"]
    assert len(place.articles()) == len(bad) + 2
    # what was rejected is read again after the reason is gone
    place.database.psql("ALTER TABLE millrace.articles DROP CONSTRAINT no_bad_title")
    place.load("--again")
    assert len(place.rejects()) == len(rejects) - 1 and place.database.value(f"SELECT title FROM millrace.articles WHERE article_id = '{make_id(7)}'") == "refuse me"


def test_strange_but_sound_records(warehouse, article):
    """NUL, text that looks like SQL or COPY, members of tomorrow, detail as text or absent, the envelope of Kafka Connect, missing members, the ends of time."""
    place = warehouse()
    odd = "a\tb\\N\n{\"x\",'y'}--;$$\u2028𠮷\u0000end"
    body = {**article(1, odd), "authors": [odd, "", "NULL", "张三，李四"], "keywords": [], "from_tomorrow": {"x": [1.5, "\u0000"]}, "score_unknown": 0.25,
            "detail": {"metrics": [{"what": "\u0000w", "value": 0.1, "unit": None}]}, "published_at": "9999-12-31T23:59:59.999Z", "updated_at": "1000-01-01T00:00:00.000+08:00"}
    text = {**article(2, "text"), "detail": json.dumps({"persons": [{"name": "王\u0000五"}]})}
    none = {k: v for k, v in article(3, "none").items() if k not in ("detail", "persons", "kicker")}
    wrapped = {"schema": {"type": "struct"}, "payload": article(4, "wrapped")}
    place.put([(make_id(n + 1), value, 0) for n, value in enumerate([body, text, none, wrapped])])
    assert "4 rows written, 0 deleted, 0 rejected" in place.load()
    found = place.database.rows("SELECT *, extract(epoch FROM published_at) AS published, extract(epoch FROM updated_at) AS updated FROM millrace.articles ORDER BY article_id")
    clean = odd.replace("\u0000", "\ufffd")
    assert found[0]["title"] == clean and found[0]["authors"] == [clean, "", "NULL", "张三，李四"] and found[0]["keywords"] == []
    assert found[0]["other_members"] == {"from_tomorrow": {"x": [1.5, "\ufffd"]}, "score_unknown": 0.25}
    assert found[0]["detail"] == {"metrics": [{"what": "\ufffdw", "value": 0.1, "unit": None}]}
    assert found[0]["published"] == 253402300799.999 and found[0]["updated"] == -30610252800
    assert found[1]["detail"] == {"persons": [{"name": "王\ufffd五"}]}
    assert found[2]["detail"] is None and found[2]["persons"] == [] and found[2]["kicker"] is None
    assert found[3]["title"] == "wrapped"
    first_two = f"WHERE article_id IN ('{make_id(1)}', '{make_id(2)}')"
    assert place.database.count(f"millrace.metrics {first_two}") == 1 and place.database.count(f"millrace.person_roles {first_two}") == 1


@pytest.mark.parametrize("where", ["load-after-rows:2", "load-before-commit:3", "load-after-commit:2"])
def test_killed_anywhere_each_record_counts_once(warehouse, article, where):
    place = warehouse()
    # A counter that an upsert could not hide: every insert and update of a row is written down by the database itself.
    place.database.psql("CREATE TABLE seen (record_partition int, record_offset bigint); CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS "
                        "'BEGIN INSERT INTO public.seen VALUES (NEW.record_partition, NEW.record_offset); RETURN NULL; END';"
                        "CREATE TRIGGER see AFTER INSERT OR UPDATE ON millrace.articles FOR EACH ROW EXECUTE FUNCTION public.see()")
    place.put([(make_id(n), article(n), n % 2) for n in range(500)])
    place.load("--batch", "60", code=-signal.SIGKILL, env={"MILLRACE_CRASH_AT": where})
    done = place.database.count("millrace.articles")
    assert 0 < done < 500
    assert f"{500 - done} records: {500 - done} rows written" in place.load("--batch", "60")
    assert place.database.count("millrace.articles") == place.database.count("seen") == place.database.value("SELECT count(*) FROM (SELECT DISTINCT * FROM seen) AS d") == 500
    assert {p: n for (_, p), n in place.places().items()} == {0: 250, 1: 250}


def test_random_kills_leave_what_the_log_says(warehouse, article, tmp_path):
    """Editions, deletions and bad records of the same few articles, a loader that is killed again and again: the tables are what the log says, each reject is there once."""
    seed = os.environ.get("MILLRACE_SEED", "1")
    r, place, model, events = random.Random(f"kills {seed}"), warehouse(), {}, []
    for number in range(1200):
        who, dice = r.randrange(150), r.random()
        partition, key = who % 2, make_id(who)
        if dice < 0.05:
            events.append((b"k", b"{broken", partition))
        elif dice < 0.2:
            events.append((key, None, partition))
            model.pop(key, None)
        else:
            events.append((key, article(who, f"edition {number}", revision=r.randrange(3), processed_at_ms=r.randrange(10 ** 6)), partition))
            model[key] = f"edition {number}"
    for first in range(0, len(events), 400):
        place.put(events[first:first + 400])
    bad = sum(value == b"{broken" for _, value, _ in events)
    kills = 0
    for goal in sorted(r.sample(range(50, 1100), 4)):
        loader = place.start(tmp_path / "load.log", "--batch", str(r.randint(1, 9)))
        wait_until(lambda: not loader.running() or sum(place.places().values()) > goal, 40, lambda: (tmp_path / "load.log").read_text()[-1000:], every=0.001)
        kills += loader.running()
        loader.kill()
    place.load()
    assert kills >= 2, "hardly ever killed in the middle"
    assert {a["article_id"]: a["title"] for a in place.articles()} == model, seed
    assert len(place.rejects()) == bad and place.load().startswith("0 records")


def test_follows_through_restarts_and_new_partitions(warehouse, article, tmp_path, postgres):
    place = warehouse(partitions=1)
    log = tmp_path / "load.log"
    loader = place.start(log, "--follow", "--batch", "50")
    place.put([(make_id(n), article(n), 0) for n in range(120)])
    wait_until(lambda: place.database.count("millrace.articles") == 120, 30, lambda: f"120 rows: {log.read_text()[-1000:]}")
    postgres.stop(signal.SIGQUIT)                                        # a crash
    place.put([(make_id(n), article(n), 0) for n in range(120, 240)])
    wait_until(lambda: "database trouble: trying again" in log.read_text(), 30, lambda: f"the loader notices: {log.read_text()[-1000:]}")
    postgres.start()
    wait_until(lambda: place.database.count("millrace.articles") == 240, 30, lambda: f"240 rows: {log.read_text()[-1000:]}")
    place.kafka.grow_topic(place.out, 2)
    place.put([(make_id(n), article(n), 1) for n in range(240, 250)])
    wait_until(lambda: place.database.count("millrace.articles") == 250, 40, lambda: f"250 rows: {log.read_text()[-1000:]}")
    loader.signal(signal.SIGTERM)
    assert loader.wait(30) == 0
    assert re.search(r'"?batch loaded"? records=\d+ rows=\d+ deleted=0 rejected=0 behind=\d+ ms=\d+', log.read_text())
    assert place.load().startswith("0 records")


def test_two_loaders_share_the_partitions(warehouse, article, tmp_path):
    place = warehouse()
    first = place.start(tmp_path / "first.log", "--follow")
    place.put([(make_id(n), article(n), n % 2) for n in range(20)])
    wait_until(lambda: place.database.count("millrace.articles") == 20, 30, "the first loads")
    assert place.load(code=12).startswith("0 records") and "2 partitions are held by another loader" in place.database.said
    second = place.start(tmp_path / "second.log", "--follow")
    wait_until(lambda: place.database.value("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'millrace load'") == 2, 30, "the second stands by")
    first.kill()
    place.put([(make_id(n), article(n), n % 2) for n in range(20, 40)])
    wait_until(lambda: place.database.count("millrace.articles") == 40, 40, lambda: "the second takes over: " + (tmp_path / "second.log").read_text()[-1000:])
    second.signal(signal.SIGTERM)
    assert second.wait(30) == 0
    # Somebody who does not ask for locks moves a place: nothing is written on top.
    place.put([(make_id(n), article(n), 0) for n in range(40, 50)])
    place.database.psql("CREATE FUNCTION steal() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN UPDATE millrace.places SET next_offset = next_offset + 1; RETURN NULL; END';"
                        "CREATE TRIGGER steal AFTER INSERT ON millrace.articles FOR EACH STATEMENT EXECUTE FUNCTION public.steal()")
    place.load(code=1)
    assert "another loader moved it" in place.database.said and place.database.count("millrace.articles") == 40


def test_a_topic_made_anew_is_read_from_its_beginning(warehouse, article):
    place = warehouse(partitions=1)
    place.put([(make_id(n), article(n, "old"), 0) for n in range(30)])
    place.load()
    place.kafka.delete_topic(place.out)
    place.kafka.create_topic(place.out, 1)
    place.put([(make_id(n), article(n, "new"), 0) for n in range(5)])
    assert place.load().startswith("5 records: 5 rows") and "the topic was made anew" in place.database.said
    assert collections.Counter(r["title"] for r in place.articles()) == {"new": 5, "old": 25}
    # another cluster's places are not taken for this one's
    place.database.psql("UPDATE millrace.places SET cluster = 'another-cluster'")
    place.load(code=1)
    assert "another Kafka cluster" in place.database.said
    assert place.load("--again").startswith("5 records")


def test_trouble_that_a_session_does_not_end(warehouse, article, tmp_path):
    """The server lets the loader in and takes nothing, as with a full disk: it waits, in growing pauses, and goes on when that is over."""
    place = warehouse(partitions=1)
    place.database.psql("CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION USING ERRCODE = ''53100'', MESSAGE = ''no space left''; END';"
                        "CREATE TRIGGER full_disk BEFORE INSERT ON millrace.articles FOR EACH STATEMENT EXECUTE FUNCTION public.full_disk()")
    place.put([(make_id(n), article(n), 0) for n in range(20)])
    log = tmp_path / "load.log"
    loader = place.start(log, "--follow")
    wait_until(lambda: log.read_text().count("database is back") >= 3, 30, lambda: log.read_text()[-1000:])
    assert "no space left" in log.read_text() and place.database.count("millrace.articles") == 0
    place.database.psql("DROP TRIGGER full_disk ON millrace.articles")
    wait_until(lambda: place.database.count("millrace.articles") == 20, 40, lambda: log.read_text()[-1000:])
    assert log.read_text().count("database trouble") < 12
    loader.signal(signal.SIGTERM)
    assert loader.wait(30) == 0


def test_a_terminal_sees_how_far_it_is(warehouse, article):
    place = warehouse()
    place.put([(make_id(n), article(n), n % 2) for n in range(300)])
    ours, theirs = pty.openpty()
    done = subprocess.run([BIN / "millrace", "load", "postgres", "--batch", "20", *place.sets], env={**place.database.env, "TERM": "xterm"}, stderr=theirs, stdout=subprocess.PIPE,
                          timeout=60)
    os.close(theirs)
    seen = os.read(ours, 100000).decode()
    os.close(ours)
    assert done.returncode == 0 and done.stdout.startswith(b"300 records: 300 rows")
    assert re.search(r"\d+ rows, 0 deleted, 0 rejected", seen) and "batch loaded" not in seen and not seen.rstrip("\r").endswith("rejected")        # the line is taken away


def delete_records(kafka, topic, before):
    """As retention does: partition 0 begins at the offset `before` from now on. Debian's Python client cannot ask for it; the library below it can."""
    class Partition(ctypes.Structure):
        _fields_ = [("topic", ctypes.c_char_p), ("partition", ctypes.c_int32), ("offset", ctypes.c_int64)]
    library = ctypes.CDLL("librdkafka.so.1")
    for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_queue_new", "rd_kafka_topic_partition_list_new", "rd_kafka_topic_partition_list_add", "rd_kafka_DeleteRecords_new",
                 "rd_kafka_queue_poll"):
        getattr(library, name).restype = ctypes.c_void_p
    pointer, error = ctypes.c_void_p, ctypes.create_string_buffer(200)
    conf = pointer(library.rd_kafka_conf_new())
    library.rd_kafka_conf_set(conf, b"bootstrap.servers", kafka.bootstrap.encode(), error, 200)
    client = pointer(library.rd_kafka_new(0, conf, error, 200))
    partitions = pointer(library.rd_kafka_topic_partition_list_new(1))
    ctypes.cast(library.rd_kafka_topic_partition_list_add(partitions, topic.encode(), 0), ctypes.POINTER(Partition))[0].offset = before
    queue, request = pointer(library.rd_kafka_queue_new(client)), pointer(library.rd_kafka_DeleteRecords_new(partitions))
    library.rd_kafka_DeleteRecords(client, ctypes.byref(request), ctypes.c_size_t(1), None, queue)
    event = pointer(library.rd_kafka_queue_poll(queue, 20000))
    assert event and library.rd_kafka_event_error(event) == 0
    library.rd_kafka_event_destroy(event)
    library.rd_kafka_DeleteRecords_destroy(request)
    library.rd_kafka_queue_destroy(queue)
    library.rd_kafka_topic_partition_list_destroy(partitions)
    library.rd_kafka_destroy(client)


def test_what_retention_took_is_told(warehouse, article, tmp_path):
    place = warehouse(partitions=1)
    log = tmp_path / "load.log"
    loader = place.start(log, "--follow")
    place.put([(make_id(n), article(n), 0) for n in range(5)])
    wait_until(lambda: place.database.count("millrace.articles") == 5, 30, "5 rows")
    loader.signal(signal.SIGSTOP)
    for first in range(5, 45, 10):                                     # what the open question for records brings is the first of these at most
        place.put([(make_id(n), article(n), 0) for n in range(first, first + 10)])
    end = place.kafka.ends(place.out)[0]
    delete_records(place.kafka, place.out, end - 6)                    # five records and the mark of their transaction stay
    loader.signal(signal.SIGCONT)
    wait_until(lambda: place.places()[place.out, 0] == end - 1, 30, lambda: f"the rest is loaded: {log.read_text()[-1500:]}")
    assert "records are gone before they were loaded" in log.read_text()
    assert {make_id(n) for n in range(40, 45)} <= {r["article_id"] for r in place.articles()}
    loader.signal(signal.SIGTERM)
    assert loader.wait(30) == 0
    # and at a start
    place.put([(make_id(n), article(n), 0) for n in range(45, 55)])
    delete_records(place.kafka, place.out, place.kafka.ends(place.out)[0] - 3)
    place.load()
    assert "records are gone before they were loaded" in place.database.said and place.database.count(f"millrace.articles WHERE article_id >= '{make_id(45)}'") == 2


def test_wrong_use_is_refused(warehouse, postgres):
    place = warehouse(create=False)
    place.load(code=1)
    assert "has no table articles: run with --create once" in place.database.said
    for arguments in ([], ["--schema", "a.b"], ["--schema", "pg_x"], ["--batch", "0"], ["--batch"], ["--sometimes"], ["--database", "host=x password=secret"],
                      ["--database", "postgresql://me:secret@host/db"], ["--dry-run", "--follow"], ["--database", "nonsense=1"]):
        if arguments:
            place.load(*arguments, code=2)
            assert "secret" not in place.database.said
    assert millrace("load").returncode == millrace("load", "oracle").returncode == 2
    place.load(code=1, env={"PGPASSFILE": "/dev/null"})
    assert "PostgreSQL cannot be reached" in place.database.said
    place.load("--create", "--topic", "no.such.topic", code=1)
    assert "topic no.such.topic: " in place.database.said
    latin = postgres.create_database(f"latin{next(_numbers)}", "--encoding=LATIN1", "--locale=C", "--template=template0")
    latin.load(*place.sets, code=1)
    assert "its encoding is LATIN1" in latin.said
