"""Topics by label, filters, the envelope of Kafka Connect, CloudEvents: what readers of the output topics see, through kill -9."""
import collections
import json
import signal

import pytest

import connect
import labelled
import news
from daemon import STAGES, millrace
from flow import mixed_feed
from require import cannot
from test_promises import page_value
from wait import wait_until

pytestmark = pytest.mark.skipif("classify" not in STAGES or "dedup" not in STAGES, reason="needs dedup and classify")
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def place(message, record):
    return (record["source_partition"], record["source_offset"])


def ended(f, seconds=120):
    """Every record that was fed has ended: the offsets of the group have passed it."""
    f._settled(seconds)


def check_order(messages, records):
    """In each output partition the records of an input partition stand in their order."""
    last = {}
    for m, r in zip(messages, records):
        lane, here = (m.topic, m.partition, r["source_partition"]), (r["source_offset"], r["page_index"])
        assert last.get(lane, (-1, 0)) < here, f"{lane}: {here} after {last[lane]}"
        last[lane] = here


def test_articles_go_to_the_topics_of_their_labels(flow):
    f = flow(partitions=2, settings={"sink.route": "by-label", "intake.identity": "key", "sink.cloudevents": "true"})
    topics = {label: f"{f.out}.{label}" for label in ("education", "talent")} | {"science": f"{f.name}.lab", "none": f"{f.name}.rest"}
    f.settings["sink.label_topics"] = f"science={f.name}.lab none={f.name}.rest"
    for label, topic in topics.items():
        if label != "none":              # a topic that is missing is told, and waited for
            f.kafka.create_topic(topic, 2, {"max.message.bytes": 30000} if label == "talent" else {})
    headers = {"headers": [("traceparent", TRACE.encode()), ("ce_id", b"of the feed"), ("ce_dataschema", b"of the feed"), ("desk", b"7")]}
    stories = [labelled.record(f"route {n}", labelled.KINDS[n % len(labelled.KINDS)]) for n in range(150)]

    def feed(numbers, kind="new"):
        for n in numbers:
            yield news.value(stories[n]), n, kind, headers
            if n % 10 == 3:              # told before as something else, under a key of its own
                yield news.value(stories[n]), f"again {n}", "copy", headers
            if n % 25 == 7:
                yield b"\x01 no json", f"bad {n}", "bad", headers
            if n == 60:                  # too much for one of the topics, so for all
                yield news.value(news.record("large", characters=12000)), "large", "bad", headers
            if n % 30 == 11:
                yield None, n, "tombstone", {}

    f.feed(feed(range(50)))
    d = f.daemon()
    d.start(crash_at="after-produce")
    wait_until(lambda: d.starts and f"topic={topics['none']}" in d.log(), 60, "the missing topic is told")
    f.kafka.create_topic(topics["none"], 2)
    assert d.wait_end(60) == -signal.SIGKILL
    d.start()
    with f.kafka.reader(list(topics.values())) as reader:
        reader.until_count(1)            # in the middle of it
        f.feed(feed(range(50, 100)))
        d.kill()
    f.feed(feed(range(100, 150)))
    d.start().wait_ready()
    ended(f)

    found, deletions = collections.defaultdict(list), collections.defaultdict(list)
    articles = f.kafka.read_all(list(topics.values()))
    for m in articles:
        (found if m.value is not None else deletions)[m.key].append(m)
    for key, messages in found.items():
        record = json.loads(messages[0].value)
        assert all(m.value == messages[0].value for m in messages), "the same bytes in every topic"
        assert sorted(m.topic for m in messages) == sorted(topics[label] for label in record["labels"] or ["none"]), record["labels"]
        events = {dict(m.headers)["ce_id"] for m in messages}
        assert events == {f"article/{f.raw}/{record['source_partition']}/{record['source_offset']}/0".encode()}
        for m in messages:
            assert m.header("ce_type") == b"millrace.article" and m.header("ce_specversion") == b"1.0" and m.header("ce_source") == f"/millrace/{f.name}".encode()
            assert m.header("ce_time").decode() == record["processed_at"] and m.header("content-type") == b"application/json"
            assert m.header("traceparent") == TRACE.encode() and m.header("desk") == b"7" and m.header("ce_dataschema") is None
    sizes = collections.Counter(len(m) for m in found.values())
    assert sizes[1] and sizes[2], f"articles with one topic and with two: {sizes}"
    assert {m.topic for m in articles} == set(topics.values())
    assert not f.kafka.partitions(f.out) or not f.kafka.read_all(f.out), "nothing goes to publish.topic itself"
    kept = [m for m in articles if m.value is not None]
    check_order(kept, [json.loads(m.value) for m in kept])

    kinds = collections.Counter(x.kind for x in f.fed.values())
    assert len(found) == kinds["new"]
    assert len(deletions) == kinds["tombstone"] and all(sorted(m.topic for m in ms) == sorted(topics.values()) for ms in deletions.values()), "deletions go to all topics"
    assert all(m.header("ce_type") == b"millrace.tombstone" for ms in deletions.values() for m in ms)
    copies = f.kafka.read_all(f.duplicates)
    assert len(copies) == kinds["copy"] and all(m.header("ce_type") == b"millrace.duplicate" and m.header("traceparent") == TRACE.encode() for m in copies)
    dead = f.kafka.read_all(f.dead)
    assert collections.Counter(m.header("millrace.error.code") for m in dead)[b"output.too-large"] == 1
    assert len(dead) == kinds["bad"] and all(m.header("ce_id") == b"of the feed" and m.header("traceparent") == TRACE.encode() for m in dead)


def labels_of(values):
    """What the same stages say without any filter: {feed_id: labels}, of those that are no copies."""
    done = millrace("process", "--quiet", "--as", "json", "-", input=b"\n".join(values) + b"\n")
    assert done.returncode == 0, done.stderr.decode()
    records = [json.loads(line) for line in done.stdout.splitlines()]
    return {r["feed_id"]: r["labels"] for r in records if "labels" in r}


def test_what_is_filtered_leaves_no_trace(flow):
    f = flow(partitions=1, out_partitions=1, settings={"sink.filter": "sources!=Refused%20Gazette|Shut%2C%20Ltd characters>=250"})
    refused = "Refused Gazette"

    def story(seed, **more):
        return news.value(news.record(seed, **more))
    short = page_with_a_short_part("filter page")
    f.feed([
        (story("one", source=refused), "one", "filtered"),
        (news.value(news.near_copy("one", 1)), "one", "new"),                        # its copy: nobody published it before
        (story("one", source=refused), "one", "copy"),                               # and now it is one of that
        (story("two", source="Shut, Ltd"), "two", "filtered"),
        (story("two", source="Shut, Ltd"), "two", "filtered"),                       # the same bytes again
        (story("three", characters=60), "three", "filtered"),
        (story("four"), "four", "new"),
        (short, "page", "page"),
        (page_value("refused", False).replace("试验日报".encode(), refused.encode()), "page-r", "filtered"),
        (b"\x01 no json", "bad", "bad")])
    d = f.daemon()
    d.start(crash_at="after-commit")
    assert d.wait_end(60) == -signal.SIGKILL
    d.start().wait_ready()
    ended(f)
    articles = [json.loads(m.value) for m in f.kafka.read_all(f.out)]
    page = [(r["page_index"], r["page_count"]) for r in articles if r["source_offset"] == 7]
    assert {r["source_offset"] for r in articles} == {1, 6, 7}
    assert len(page) == 2 and all(count == 3 for _, count in page) and 1 not in [index for index, _ in page], f"one part of three was too short: {page}"
    copies = [json.loads(m.value) for m in f.kafka.read_all(f.duplicates)]
    first = next(r for r in articles if r["source_offset"] == 1)
    assert [(r["source_offset"], r["duplicate_of"]) for r in copies] == [(2, first["article_id"])]
    assert first["duplicate_of"] is None and first["story_id"] == first["article_id"]
    assert len(f.kafka.read_all(f.dead)) == 1

    # labels: known behind the judge's place without a filter, so the judge stands behind classify
    assert d.stop() == 0
    stories = [labelled.record(f"filter {n}", labelled.KINDS[n % len(labelled.KINDS)]) for n in range(60)]
    copied = [dict(s, id=f"c-{s['id']}", fetched_at="2024-05-06T11:00:00+08:00", source="转载晚报") for s in stories]
    labels = labels_of([news.value(s) for s in stories])
    wanted = {s["id"] for s in stories if set(labels[s["id"]]) & {"education", "talent"}}
    assert 10 < len(wanted) < 50
    d.start(**{"sink.filter": "labels=education|talent"}).wait_ready()
    f.feed([(news.value(s), s["id"], "new") for s in stories])
    f.feed([(news.value(s), s["id"], "copy") for s in copied])
    ended(f)
    articles = [json.loads(m.value) for m in f.kafka.read_all(f.out) if json.loads(m.value)["source_offset"] >= 10]
    assert {r["feed_id"] for r in articles} == wanted and len(articles) == len(wanted)
    copies = [json.loads(m.value) for m in f.kafka.read_all(f.duplicates) if json.loads(m.value)["source_offset"] >= 10]
    assert {r["feed_id"] for r in copies} == {f"c-{i}" for i in wanted}, "copies of what was published are duplicates, those of what was filtered are filtered"
    terms = d.balance()
    assert terms["filtered"] == 2 * (len(stories) - len(wanted)) == d.metric("millrace_articles_filtered_total", condition="labels")
    assert terms["read"] == terms["published"] + terms["duplicates"] + terms["filtered"] and terms["in_flight"] == 0
    assert d.status()["balance"]["filtered"] == terms["filtered"]
    assert d.status()["index"]["settled"] == 4 + len(wanted), "the index knows what was published, and nothing else"
    assert d.log().count("result=filtered") >= 5 + terms["filtered"] and "by=characters" in d.log() and "by=sources" in d.log()


def page_with_a_short_part(seed):
    """A newspaper page of three articles, the second of them shorter than 250 characters."""
    parts = []
    for number, characters in enumerate((600, 120, 600)):
        title = news.title(f"{seed}{number}")
        parts.append(f"{title}\n\n本报讯（记者 {news.title(f'name {seed}{number}')[:2]}）{news.text(f'{seed}{number}', characters)[:characters]}\n")
    return news.value(news.record(f"page-{seed}", title=None, text="\n\n".join(parts)))


def test_connect_reads_the_envelope(flow, tmp_path):
    """Every value fits the schema that `millrace schema` tells, and Kafka Connect's own JsonConverter makes of it what it should."""
    jsonschema = pytest.importorskip("jsonschema")
    f = flow(partitions=2, settings={"sink.envelope": "connect", "sink.detail": "text", "sink.cloudevents": "true"})
    alerts = f"{f.name}.alerts"
    f.kafka.create_topic(alerts, 1)
    watches = tmp_path / "watches.conf"
    watches.write_text("[cranes]\nname = 起重机\nany = 起重机\n[port]\nany = 起重机, 码头\n")
    f.settings.update({"pipeline.stages": f"{STAGES} watch", "watch.file": watches, "watch.alerts_topic": alerts})
    f.feed(mixed_feed("envelope", 120))
    f.feed([(news.value(labelled.record(f"envelope {n}", labelled.KINDS[n % len(labelled.KINDS)], url=f"https://paper.example/{n}")), f"l{n}", "new") for n in range(12)])
    f.feed([(news.value(news.record("crane", text=f"{news.text('crane')}\n新码头的起重机昨日试吊成功。")), "crane", "new")])
    f.daemon().start().wait_ready()
    ended(f)
    told = f.kafka.read_all(alerts)
    values = {"article": [m.value for m in f.kafka.read_all(f.out)], "duplicate": [m.value for m in f.kafka.read_all(f.duplicates)], "alert": [m.value for m in told]}
    assert sorted(m.header("millrace.watch") for m in told) == [b"cranes", b"port"]
    assert all(m.header("ce_type") == b"millrace.alert" and m.header("ce_id").startswith(b"alert/") and m.header("ce_id").endswith(b"/0/" + m.header("millrace.watch")) for m in told)
    assert len(values["article"]) + len(values["duplicate"]) == sum(x.kind in ("new", "copy") for x in f.fed.values()) and values["duplicate"]
    for kind, lines in values.items():
        told = millrace("--set", "sink.envelope=connect", "--set", "sink.detail=text", "schema", kind)
        validator = jsonschema.Draft7Validator(json.loads(told.stdout))
        for line in lines:
            validator.validate(json.loads(line))
        assert len({json.dumps(json.loads(line)["schema"]) for line in lines}) == 1
    try:
        structs = connect.convert([line for lines in values.values() for line in lines], tmp_path)
    except connect.Unavailable as reason:
        cannot(str(reason))
    payloads = [json.loads(line)["payload"] for lines in values.values() for line in lines]
    assert [name for name, _ in structs] == [f"millrace.{kind}" for kind, lines in values.items() for _ in lines]
    for (_, struct), payload in zip(structs, payloads):
        assert struct == payload
