"""Watches on real Kafka: an alert is published with its article or not at all, whatever kills the daemon; watches come and go under load without loss."""
import json
import signal

import jsonschema
import pytest

import news
from daemon import STAGES
from flow import Load, mixed_feed, schema
from wait import wait_until

FILE = "[harbour]\nname = 港口\nany = 桐湾芯片厂, \"Northbay Port\"\nnot = 不算数\n[everything]\nlanguages = zh\nany = *的*, *了*, *在*, *由*\nenabled = no\n"
MORE = "[late]\nany = 桐湾芯片厂\n"


def told(seed, number):
    """A story with something to watch for; written in Traditional every second time, torn by a blank every third."""
    words = ["桐湾芯片厂昨日开工。", "桐灣晶片廠昨日開工。", "桐湾 芯片厂昨日开工。"][number % 3]
    return news.value(news.record(f"{seed}-told-{number}", text=f"{news.text(f'{seed}-told-{number}')}\n{words}")), f"{seed}-told-{number}", "new"


def with_stories(seed, count):
    feed = list(mixed_feed(seed, count))
    for number in range(count // 10):
        feed.insert(number * 11, told(seed, number))
    value, _, _ = told(seed, 0)
    copy = json.loads(value) | {"id": f"{seed}-copy", "source": "转载晚报"}
    return [*feed, (news.value(copy), f"{seed}-told-0", "copy"),
            (news.value(news.record(f"{seed}-no", text=f"{news.text(f'{seed}-no')}\n桐湾芯片厂一说不算数。")), f"{seed}-no", "new")]


@pytest.fixture
def watched(flow, tmp_path):
    """Makes a flow with the stage watch, its file, and its topic of alerts."""
    def make(partitions):
        f = flow(partitions=partitions)
        f.alerts = f"{f.name}.alerts"
        f.kafka.create_topic(f.alerts, 2)
        f.file = tmp_path / "watches.conf"
        f.file.write_text(FILE)
        f.settings.update({"pipeline.stages": f"{STAGES} watch", "watch.file": f.file, "watch.alerts_topic": f.alerts})
        return f
    return make


def alerts_of(f, account):
    """{(article_id, watch): record}; checked: one for each article and watch that it names, no other, keyed and headed and with the article's own fields."""
    validator = jsonschema.Draft7Validator(schema("alert.schema.json"))
    articles = {r["article_id"]: r for _, r in account.articles}
    found = {}
    for m in f.kafka.read_all([f.alerts]):
        r = json.loads(m.value)
        validator.validate(r)
        place = r["article_id"], r["watch"]
        assert place not in found, f"the alert {place} came twice"
        assert m.key == r["alert_id"].encode() == ":".join(place).encode() and m.header("millrace.watch") == r["watch"].encode()
        article = articles[r["article_id"]]
        assert all(article[name] == value for name, value in r.items() if name in article and name != "detail"), place
        found[place] = r
    assert set(found) == {(r["article_id"], watch) for _, r in account.articles for watch in r["watches"]}
    assert not set(a for a, _ in found) & set(r["article_id"] for _, r in account.copies)
    return found


def pairs(f, messages):
    """What the articles among them say of watches, and what the alerts say."""
    records = [(m.topic, json.loads(m.value)) for m in messages]
    return ({(r["article_id"], watch) for topic, r in records if topic == f.out for watch in r["watches"]},
            {(r["article_id"], r["watch"]) for topic, r in records if topic == f.alerts})


@pytest.mark.parametrize("point", ["after-produce:4", "after-offsets:4", "after-commit:4"])
def test_kill_9_leaves_article_and_alert_or_neither(watched, point):
    """In the moment of the crash, with a transaction open, and at the end."""
    f = watched(partitions=1)                    # of several, an epoch takes all when copies wait across them
    f.settings["publish.epoch_records"] = 10
    feed = with_stories(point, 60)
    f.feed(feed)
    d = f.daemon().start(crash_at=point)
    assert d.wait_end(60) == -signal.SIGKILL
    said, alerted = pairs(f, f.kafka.read_all([f.out, f.alerts]))
    assert said == alerted
    d.start().wait_ready()
    account = f.account()
    found = alerts_of(f, account)
    want = sum(1 for _, story, kind in feed if "-told-" in str(story) and kind == "new")
    assert len(found) == want > 0
    one = next(iter(found.values()))
    assert one["watch_name"] == "港口" and one["terms"] == ["桐湾芯片厂"] and one["detail"]["hits"][0]["field"] == "body"
    assert {r["detail"]["hits"][0]["text"] for r in found.values()} <= {"桐湾芯片厂", "桐灣晶片廠", "桐湾 芯片厂"}
    assert d.metric("millrace_alerts_published_total") <= want


def test_watches_come_and_go_by_reload(watched):
    """Under load: a file with a mistake changes nothing, also not for a worker that dies meanwhile; a good one brings a watch; no record is lost."""
    f = watched(partitions=2)
    d = f.daemon().start().wait_ready()
    load = Load(f, "reload", count=500, rate=80)
    load._feed = with_stories("reload", 500)
    load.start()
    wait_until(lambda: sum(f.kafka.ends(f.alerts).values()) > 0, 60, "the first alert came")
    before = d.workers("watch")
    f.file.write_text(FILE + "[late]\nayn = 桐湾芯片厂\n")
    d.reload()
    wait_until(lambda: "reload refused" in d.log(), 20, "the reload was refused")
    assert f"{f.file}:10: a watch has no 'ayn' (did you mean 'any'?)" in d.log()
    d.kill_worker("watch")
    after = wait_until(lambda: [w for w in d.workers("watch") if w not in before], 30, "another worker came")
    seen = sum(f.kafka.ends(f.alerts).values())
    wait_until(lambda: sum(f.kafka.ends(f.alerts).values()) > seen, 60, "alerts go on while the file is wrong")
    assert d.get("/ready")[0] == 200
    f.file.write_text(FILE + MORE)
    d.reload()
    wait_until(lambda: d.workers("watch") and not set(after) & set(d.workers("watch")), 60, "the pool was rolled")
    load.end()
    f.feed([told("after", n) for n in range(6)])
    account = f.account()
    found = alerts_of(f, account)
    late = {a for a, watch in found if watch == "late"}
    last = {r["article_id"] for _, r in account.articles if "after-told" in r["feed_id"]}
    assert len(last) == 6 and last <= late, "the watch that came with the reload"
    assert {a for a, watch in found if watch == "harbour"} - late, "articles from before the reload do not know it"
    assert all(m.header("millrace.error.code").startswith(b"input.") for m in account.dead), "a reload killed a record"
    assert d.running() and d.starts == 1
