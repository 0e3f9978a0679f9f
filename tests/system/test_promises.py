"""The promises of docs/design.md, each with a test named after it. Most end with the account of flow.py: what a warehouse sees against what
was fed. Trouble (kill -9, brokers down, two daemons) is in test_faults.py and test_groups.py; here stands the plain form of each promise."""
import base64
import json
import pathlib
import re
import signal
import subprocess

import pytest

import inject
import news
from daemon import ROOT, STAGES, Worker, millrace
from flow import Account, comparable, mixed_feed, schema
from require import cannot
from wait import wait_until


def test_promise_1_nothing_is_lost(flow):
    f = flow(partitions=3)
    f.feed(mixed_feed("lost", 600))
    f.daemon().start().wait_ready()
    account = f.account()
    assert len(account.articles) + len(account.copies) + len(account.dead) == sum(x.kind != "tombstone" for x in f.fed.values())


def test_promise_1_the_balance_is_exact(flow):
    f = flow()
    f.feed(mixed_feed("balance", 400))
    d = f.daemon().start().wait_ready()
    account = f.account()
    terms = d.balance()
    assert terms["read"] == len(f.fed)
    assert terms["read"] == terms["published"] + terms["duplicates"] + terms["filtered"] + terms["dead"] + terms["tombstones"] + terms["in_flight"]
    assert (terms["published"], terms["duplicates"], terms["dead"]) == (len(account.articles), len(account.copies), len(account.dead))
    assert terms["tombstones"] == sum(x.kind == "tombstone" for x in f.fed.values()) and terms["in_flight"] == 0


def test_promise_1_a_page_is_atomic(flow):
    """A page with one bad part has one outcome, for the whole page. The part that is bad is refused by a stage behind the split."""
    f = flow(partitions=1, out_partitions=1, **HOOKED)
    f.feed([(page_value("good", bad=False), "page-good", "page"), (page_value("bad", bad=True), "page-bad", "bad"),
            (news.value(news.record("after the page")), "after", "new")])
    f.daemon().start().wait_ready()
    account = f.account()
    good = sorted((r for _, r in account.articles if r["source_offset"] == 0), key=lambda r: r["page_index"])   # over all output partitions
    assert len(good) >= 2 and [r["page_index"] for r in good] == list(range(len(good)))
    assert [r["source_offset"] for _, r in account.articles if r["source_offset"] == 1] == []


# The stage `hook` (workers/hook.c) does harm on demand: a line of the body says which. It stands last, behind the judge.
HOOKED = {"env": {"MILLRACE_TEST_HOOKS": "1"},
          "settings": {"pipeline.stages": f"{STAGES} hook", "workers.spawn": " ".join(f"{s}:1" for s in STAGES.split()) + " hook:2", "stage.deadline_ms": 1500}}


def with_hook(text, what):
    """The text with the line that asks for a fault, between two paragraphs, long enough not to be taken for a headline."""
    first, rest = text.split("\n", 1)
    return f"{first}\nhook: {what},这一行请测试用的阶段照办,它写成一个完整的长句子,好让谁也不会把它当成标题或者页脚。\n{rest}"


def page_value(seed, bad):
    """A newspaper page as one text: three articles under head lines. `bad`: the second is refused by the stage hook."""
    parts = []
    for number in range(3):
        body = news.text(f"{seed}{number}", 500)
        body = with_hook(body, "refuse") if bad and number == 1 else body
        parts.append(f"{news.title(f'{seed}{number}')}\n\n本报讯（记者 {news.title(f'name {seed}{number}')[:2]}）{body}\n")
    return news.value(news.record(f"page-{seed}", title=None, text="\n\n".join(parts)))


def test_promise_2_nothing_is_doubled_by_a_restart(flow):
    f = flow()
    d = f.daemon().start().wait_ready()
    f.feed(mixed_feed("doubled", 300))
    f.account()
    assert d.stop() == 0
    f.feed(mixed_feed("doubled again", 100))
    d.start().wait_ready()
    f.account()


def test_promise_2_at_least_once_keeps_ids_and_loses_nothing(flow):
    f = flow(settings={"publish.delivery": "at-least-once"})
    f.feed(mixed_feed("least", 300))
    d = f.daemon().start()
    wait_until(lambda: d.check_alive() or f.kafka.ends(f.out)[0] > 20, 60, "the first articles came")
    d.kill()
    d.start().wait_ready()
    with f.kafka.reader([f.out, f.duplicates, f.dead]) as reader:
        account = Account(f)
        reader.until(account.complete, 120, "every record ended")
        f._settled(60)
        account.take(reader.to_end())
    for place in {(r["source_partition"], r["source_offset"], r["page_index"]) for _, r in account.articles}:
        ids = {r["article_id"] for _, r in account.articles if (r["source_partition"], r["source_offset"], r["page_index"]) == place}
        assert len(ids) == 1, f"{place} has two ids"


def test_promise_3_a_record_is_never_its_own_duplicate(flow):
    """The index is ahead of the offsets when the daemon dies between its sync and the commit: read again, the record must not find itself."""
    f = flow(partitions=1)
    f.feed([(news.value(news.record(f"own {i}")), f"own {i}", "new") for i in range(50)])
    d = f.daemon()
    d.start(crash_at="after-sync")
    assert d.wait_end(60) != 0
    d.start().wait_ready()
    account = f.account()
    assert len(account.articles) == 50 and account.copies == []


def test_promise_3_only_a_published_article_makes_another_one_a_duplicate(flow):
    """The original dies in classification after its copy was judged: the copy becomes the article."""
    f = flow(partitions=1, **HOOKED)
    original = news.record("dies", text=with_hook(news.text("dies"), "refuse"))
    copy = news.near_copy("dies", 1)
    f.feed([(news.value(original), "dies", "bad"), (news.value(copy), "dies", "copy"), (news.value(news.near_copy("dies", 2)), "dies", "copy")])
    f.daemon().start().wait_ready()
    account = f.account()
    assert [r["feed_id"] for _, r in account.articles] == ["n-dies-1"]
    assert [r["feed_id"] for _, r in account.copies] == ["n-dies-2"]


def test_promise_3_a_duplicate_of_an_article_in_flight_waits_for_it(flow):
    """Original and copies arrive together, in one epoch: each copy names the original, and leaves with it."""
    f = flow(partitions=2)
    records = []
    for i in range(40):
        records.append((news.value(news.record(f"flight {i}")), f"flight {i}", "new"))
        records.append((news.value(news.near_copy(f"flight {i}", 1)), f"flight {i}", "copy"))
        records.append((news.value(news.record(f"flight {i}", id=f"again {i}")), f"flight {i}", "copy"))
    f.feed(records)
    f.daemon().start().wait_ready()
    account = f.account()
    assert (len(account.articles), len(account.copies)) == (40, 80)
    assert {r["duplicate_kind"] for _, r in account.copies} == {"near", "exact"}


def test_promise_4_order_is_kept_also_across_retries(flow):
    """Workers are killed while many records are in flight; the account checks the order of every (input, output) pair of partitions."""
    f = flow(partitions=2, out_partitions=3, settings={"workers.spawn": " ".join(f"{s}:2" for s in STAGES.split())})
    d = f.daemon().start().wait_ready()
    f.feed(mixed_feed("order", 600))
    for stage in STAGES.split():
        d.kill_worker(stage)
    f.account()


def test_promise_5_same_log_same_bytes_with_1_2_and_5_workers(flow, kafka):
    f = flow(partitions=1, out_partitions=1)
    f.feed(mixed_feed("bytes", 300))
    runs = []
    for workers in (1, 2, 5):
        name = f"{f.name}-w{workers}"
        topics = {"publish.topic": f"{name}.out", "publish.duplicates_topic": f"{name}.dup", "publish.dead_prefix": f"{name}.dlq."}
        for topic in (f"{name}.out", f"{name}.dup", f"{name}.dlq.{f.raw}"):
            kafka.create_topic(topic)
        d = f.daemon(f"{name}", **topics, **{"intake.group": name, "workers.spawn": " ".join(f"{s}:{workers}" for s in STAGES.split()),
                                              "stage.batch_tasks": workers * 3, "publish.epoch_ms": 20 * workers})
        d.env.update({"TZ": ["UTC", "Asia/Shanghai", "America/St_Johns"][len(runs)], "LC_ALL": ["C", "C.UTF-8", "C"][len(runs)]})
        d.start().wait_ready()
        ends = kafka.ends(f.raw)
        wait_until(lambda: kafka.committed(name, f.raw) == ends, 120, "all was read", every=0.2)
        assert d.stop() == 0
        runs.append([comparable(kafka.read_all(t)) for t in (f"{name}.out", f"{name}.dup")])
        runs[-1].append([(m.key, m.value, [h for h in m.headers if not h[0].endswith("-at")]) for m in kafka.read_all(f"{name}.dlq.{f.raw}")])
    assert len(runs[0][0]) > 100
    assert runs[0] == runs[1] == runs[2]


def test_promise_6_bounded_when_nobody_works(flow):
    """No workers at all is the slowest stage there is: partitions pause, memory stays flat, the daemon stays in its group past
    max.poll.interval.ms, and when workers come everything flows."""
    f = flow(settings={"workers.spawn": "", "intake.high_bytes": "4M", "intake.low_bytes": "2M", "intake.prefetch_bytes": "4M",
                       "kafka.consumer/max.poll.interval.ms": 8000})
    f.feed((news.value(news.record(f"slow {i}", 4000)), f"slow {i}", "new") for i in range(3000))           # about 40 MB
    d = f.daemon().start()
    wait_until(lambda: d.get("/live")[0] == 200 and d.metric("millrace_partitions_paused") > 0, 60, "the intake is paused")
    first = d.memory_bytes()
    stays_for(12, lambda: d.running() and d.memory_bytes() < max(first * 1.2, first + (16 << 20)))           # longer than max.poll.interval.ms
    assert d.get("/live")[0] == 200 and d.get("/ready")[0] == 503
    assert d.metric("millrace_rebalances_total") <= 2, "it was thrown out of its group"
    workers = [Worker(d, stage) for stage in STAGES.split()]
    try:
        f.account(240)
    finally:
        for worker in workers:
            worker.kill()


def stays_for(seconds, condition):
    """The condition holds all that time."""
    import time
    end = time.monotonic() + seconds

    def over():
        assert condition()
        return time.monotonic() > end
    wait_until(over, seconds + 5, "time", every=0.1)


@pytest.mark.parametrize("how,code", [("crash", "stage.crash"), ("hang", "stage.timeout"), ("bloat", "stage.crash stage.timeout")])
def test_promise_7_one_bad_record_harms_nobody(flow, how, code):
    """A record that crashes, hangs or bloats its worker is tried alone and dead-lettered; its neighbours are not harmed."""
    f = flow(**HOOKED)
    feed = [(news.value(news.record(f"{how} {i}")), f"{how} {i}", "new") for i in range(200)]
    poison = news.value(news.record(f"{how} poison", text=with_hook(news.text(how), how)))
    feed.insert(77, (poison, "poison", "bad"))
    f.feed(feed)
    f.daemon().start().wait_ready()
    (dead,) = f.account(180).dead
    assert dead.value == poison
    assert dead.header("millrace.error.code").decode() in code.split() and dead.header("millrace.error.stage") == b"hook"
    assert dead.header("millrace.error.attempts") == b"3"


def test_promise_7_a_broken_rollout_pauses_the_flow(flow):
    """A build that crashes on every record finishes no other work: nothing is dead-lettered, /ready says 503; the old build back, all flows."""
    f = flow(env={"MILLRACE_TEST_HOOKS": "always-crash"}, settings=HOOKED["settings"])
    f.feed([(news.value(news.record(f"rollout {i}")), f"rollout {i}", "new") for i in range(60)])
    d = f.daemon().start()
    wait_until(lambda: d.get("/live")[0] == 200 and d.metric("millrace_stage_worker_restarts_total", stage="hook") >= 4, 90, "its workers crashed again and again")
    wait_until(lambda: d.get("/ready")[0] == 503, 30, "/ready says 503")
    assert f.kafka.read_all([f.out, f.dead]) == []
    assert d.stop(60) in (0, 13)
    d.env["MILLRACE_TEST_HOOKS"] = "1"
    d.start().wait_ready()
    account = f.account()
    assert len(account.articles) == 60 and account.dead == []


@pytest.mark.parametrize("stage", STAGES.split())
def test_promise_8_a_caged_worker_opens_no_file_and_no_socket(flow, stage):
    """The calls are made inside a worker that runs, by the debugger's way; the same calls in a process without a cage succeed."""
    free = subprocess.Popen(["sleep", "60"])
    try:
        wait_until(lambda: "S" in open(f"/proc/{free.pid}/stat").read().split(")")[1][:3], 5, "the other process sleeps")
        try:
            assert inject.open_file(free.pid, "/etc/hostname") >= 0 and inject.open_socket(free.pid) >= 0
        except inject.NotPossible as reason:
            cannot(str(reason))
    finally:
        free.kill()
        free.wait()
    d = flow().daemon().start().wait_ready()
    for attempt in (lambda pid: inject.open_file(pid, "/etc/hostname"), lambda pid: inject.open_socket(pid), lambda pid: inject.open_socket(pid, inject.AF_UNIX)):
        pid = wait_until(lambda: d.workers(stage), 20, "there is a worker")[0]
        wait_until(lambda: d.get("/ready")[0] == 200, 30, "its daemon is ready")
        try:
            assert attempt(pid) < 0
        except inject.Died:                          # a filter that kills is as good; the supervisor starts another one
            wait_until(lambda: pid not in d.workers(stage), 10, "it is gone")


def test_promise_8_workers_are_caged(flow):
    """As the kernel tells: no new privileges, a seccomp filter on every thread."""
    d = flow().daemon().start().wait_ready()
    workers = d.workers()
    assert len(workers) == len(STAGES.split())
    for pid in workers:
        for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
            status = dict(line.split(":\t", 1) for line in (thread / "status").read_text().splitlines() if ":\t" in line)
            assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2", f"thread {thread.name} of worker {pid}"


def test_promise_9_it_says_what_it_is_doing(flow):
    f = flow()
    d = f.daemon().start().wait_ready()
    f.feed(mixed_feed("says", 100))
    account = f.account()
    assert d.get("/live")[0] == 200 and d.get("/ready")[0] == 200
    assert isinstance(d.status(), dict)
    for m, r in account.articles[:5]:
        assert r["article_id"] in d.log(), "no line for an outcome"
    for m in account.dead[:5]:
        assert m.header("millrace.error.code").decode() in d.log()
    code, text = d.get("/nonsense")
    assert code == 404


def test_promise_9_every_record_keeps_the_schema(flow):
    jsonschema = pytest.importorskip("jsonschema")
    article, duplicate = schema("article.schema.json"), schema("duplicate.schema.json")
    assert article and duplicate, "conf/schema/ has no schemas"
    f = flow()
    f.feed(mixed_feed("schema", 200))
    f.daemon().start().wait_ready()
    account = f.account()
    for validator, records in ((jsonschema.Draft7Validator(article), account.articles), (jsonschema.Draft7Validator(duplicate), account.copies)):
        for m, r in records:
            assert not list(validator.iter_errors(r)), r
            assert m.key.decode() == r["article_id"] and b"\n" not in m.value and m.header("content-type") == b"application/json"


def test_promise_10_sigterm_drains(flow):
    f = flow()
    d = f.daemon().start().wait_ready()
    f.feed(mixed_feed("drain", 300))
    wait_until(lambda: f.kafka.ends(f.out)[0] > 0, 60, "the first articles came")
    assert d.stop() == 0
    committed = f.kafka.committed(f.name, f.raw)
    ended = {(r["source_partition"], r["source_offset"]) for _, r in map(lambda m: (m, json.loads(m.value)), f.kafka.read_all([f.out, f.duplicates]))}
    assert all(offset < committed.get(partition, 0) for partition, offset in ended), "something was published that is not committed"
    d.start().wait_ready()
    f.account()


def test_promise_10_a_second_sigterm_leaves_at_once(flow):
    f = flow(settings={"workers.spawn": "", "daemon.drain_ms": 60000})
    f.feed(mixed_feed("at once", 100))
    d = f.daemon().start()
    wait_until(lambda: d.get("/live")[0] == 200 and d.balance()["in_flight"] > 0, 60, "records are in flight")
    d.process.signal(signal.SIGTERM)
    wait_until(lambda: "msg=draining why=SIGTERM" in d.log(), 10, "it drains")
    d.process.signal(signal.SIGTERM)
    assert d.wait_end(5) == 14
    d.start(**{"workers.spawn": " ".join(f"{s}:1" for s in STAGES.split())}).wait_ready()
    f.account()


def test_promise_10_reload_under_load_and_a_bad_file_changes_nothing(flow):
    f = flow()
    d = f.daemon().start().wait_ready()
    f.feed(mixed_feed("reload", 200))
    before = d.workers()
    d.settings["publish.epoch_ms"] = 50
    d.reload()
    wait_until(lambda: len(d.workers()) >= 3 and not set(before) & set(d.workers()), 30, "the pool was rolled")
    f.feed(mixed_feed("reload 2", 200))
    d.settings["publish.no_such_key"] = 1
    d.reload()
    wait_until(lambda: "no_such_key" in d.log(), 10, "the bad file is told")
    del d.settings["publish.no_such_key"]
    d.settings["kafka.nonsense"] = 1
    d.reload()
    wait_until(lambda: "has no property 'nonsense'" in d.log(), 10, "a property that would keep the next start from coming up is told now")
    assert d.log().count("reload refused") == 2
    f.feed(mixed_feed("reload 3", 100))
    assert d.running()
    f.account()


def test_the_record_of_2099_expires_nothing(flow):
    f = flow(partitions=1)
    d = f.daemon().start().wait_ready()
    f.feed([(news.value(news.record("then")), "then", "new"),
            (news.value(news.record("2099", fetched_at="2099-01-01T00:00:00Z", published_at="2099-01-01T00:00:00Z")), "2099", "new"),
            (news.value(news.near_copy("then", 1)), "then", "copy")])
    f.account()
    assert d.stop() == 0
    d.start().wait_ready()
    f.feed([(news.value(news.near_copy("then", 2)), "then", "copy"), (news.value(news.near_copy("2099", 2)), "other 2099", "new")])
    f.account()


def test_a_second_daemon_on_the_same_folder_is_refused(flow):
    f = flow()
    first = f.daemon().start().wait_ready()
    second = f.daemon(first.instance + "-b", **{"daemon.state_dir": first.settings["daemon.state_dir"], "daemon.instance": first.instance})
    second.start()
    assert second.wait_end(30) == 12
    third = f.daemon(first.instance + "-c", **{"daemon.runtime_dir": first.settings["daemon.runtime_dir"], "daemon.instance": first.instance})
    third.start()                           # an index of its own, but the sockets of the first
    assert third.wait_end(30) == 12
    assert first.running()


def demo_values():
    """The demo feed as far as it fits into lines: articles, Traditional, English, HTML, a newspaper page and its repeat, a plan, all sorts of duplicates, a revision, garbage."""
    folder = ROOT / "conf" / "demo"
    for line in (folder / "feed.jsonl").read_text().splitlines():
        record = json.loads(line)
        if "value" in record:
            value = dict(record["value"])
            if "value_file" in record:
                value[record["value_file"]["member"]] = (folder / record["value_file"]["file"]).read_text()
            yield json.dumps(value, ensure_ascii=False).encode()
        elif "file" in record and "gb18030" not in record["file"]:
            member = "html" if record["file"].endswith(".html") else "text"
            yield json.dumps({"id": record["headers"].get("id"), "source": record["headers"]["source"], member: (folder / record["file"]).read_text()}, ensure_ascii=False).encode()
        elif "base64" in record:
            yield base64.b64decode(record["base64"])
        elif "raw" in record and "\n" not in record["raw"]:
            yield record["raw"].encode()


def test_process_gives_the_same_bytes_as_the_daemon(flow, tmp_path):
    """Every kind of record: see demo_values. What is compared is all but processed_at* and the source_* of the coordinates."""
    f = flow(partitions=1, out_partitions=1)
    lines = list(demo_values()) + [value for value, _, kind in mixed_feed("process", 150) if kind != "tombstone" and b"\n" not in value]
    kafka = f.kafka
    kafka.produce(f.raw, [{"value": value, "partition": 0} for value in lines])
    f.daemon().start().wait_ready()
    wait_until(lambda: kafka.committed(f.name, f.raw) == {0: len(lines)}, 120, "all was read", every=0.2)
    published, dead = kafka.read_all([f.out, f.duplicates]), kafka.read_all(f.dead)
    source = tmp_path / "feed.jsonl"
    source.write_bytes(b"".join(line + b"\n" for line in lines))
    done = millrace("process", "--quiet", "--set", f"intake.topics={f.raw}", source)
    assert done.returncode == 0, done.stderr.decode()

    def plain(value):
        record = json.loads(value)
        return json.dumps({k: v for k, v in record.items() if not k.startswith(("processed_at", "source_topic", "source_part", "source_off", "source_time"))},
                          ensure_ascii=False)
    by_place = sorted(published, key=lambda m: (json.loads(m.value)["source_offset"], json.loads(m.value)["page_index"]))
    assert [plain(line) for line in done.stdout.splitlines()] == [plain(m.value) for m in by_place]
    told = re.findall(rb"dead letter: record (\d+): ([a-z0-9.-]+)", done.stderr)
    assert sorted((int(at), code) for at, code in told) == sorted((int(m.header("millrace.source.offset")), m.header("millrace.error.code")) for m in dead)
    shown = [json.loads(m.value) for m in published]
    assert {"Hant", "Hans"} <= {r.get("script") for r in shown} and "en" in {r.get("language") for r in shown} and len(dead) > 6
    assert max(r["page_count"] for r in shown) >= 3 and any(r.get("revision") for r in shown)
    assert {"exact", "near", "url"} <= {r.get("duplicate_kind") for r in shown}
