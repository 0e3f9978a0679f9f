"""Whatever befalls a daemon, its output is that of an undisturbed one, byte for byte: on the whole way, with topics by label, a filter and watches (promises 1 to 5).

MILLRACE_ROUNDS says how long it goes on, MILLRACE_SEED what happens."""
import random
import re
import signal

import pytest

import labelled
import news
from daemon import STAGES, millrace
from test_faults import ROUNDS, SEED, pause_of
from wait import wait_until

pytestmark = pytest.mark.skipif("classify" not in STAGES or "dedup" not in STAGES, reason="needs dedup and classify")
TIMES = re.compile(rb'"(processed_at|created_at)(_ms)?":("[^"]*"|[0-9]+|null),?')


def everything_in_it(count):
    """Stories with labels, told again, corrected, repeated byte for byte, by two sources of which one is filtered; deletions and rubbish."""
    r = random.Random(f"steered {SEED}")
    told = [labelled.record(f"first {SEED}", "science", source="甲报")]
    for n in range(count):
        dice, old = r.random(), r.choice(told[-60:])
        if dice < 0.05:
            yield b"\x01 no json", n, "bad"
        elif dice < 0.08:
            yield None, n, "tombstone"
        elif dice < 0.25:
            yield news.value(dict(old, id=f"again {n}", source=r.choice(["Shut Paper", "转载晚报"]))), n, "copy"
        elif dice < 0.35:
            yield news.value(old), n, "copy"
        elif dice < 0.45:
            yield news.value(dict(old, text=f"{old['text']}\n更正:第{n}次,{r.randrange(1000)}人到场。")), n, "new"
        else:
            told.append(labelled.record(f"steered {SEED} {n}", r.choice(labelled.KINDS), url=f"https://paper.example/{n}", source=r.choice(["Shut Paper", "甲报"])))
            yield news.value(told[-1]), n, "new"


def befall(r, d):
    """Something that an operator does, or worse."""
    stage = r.choice(["extract", "dedup", "classify", "watch"])
    what = r.choice([["pause"], ["resume"], ["drain", "--wait", "--timeout", "1"], ["scale", stage, r.randrange(4)], ["restart", stage], ["reload"], ["drain", "--exit", "--wait"],
                     signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP])
    if isinstance(what, list):
        millrace("ctl", "--config", d.config, *what)
        return
    d.process.signal(what)
    if what == signal.SIGSTOP:
        pause_of(r, 7, 8)                            # past its session: the group has given its partition away
        d.process.signal(signal.SIGCONT)


def test_whatever_is_steered_the_bytes_are_the_same(flow, tmp_path):
    r = random.Random(f"befall {SEED}")
    watches = tmp_path / "watches.conf"
    watches.write_text("[school]\nany = 学校, 教育, 学位\n[work]\nany = 研究, 招聘\n")
    calm, wild = (flow(partitions=1, out_partitions=1) for _ in range(2))
    topics = []
    for f in (calm, wild):
        names = {name: f"{f.name}.{name}" for name in ("education", "science", "talent", "none", "alerts", f"dlq.{calm.raw}")}
        for topic in names.values():
            f.kafka.create_topic(topic, 1)
        topics.append([*names.values(), f.duplicates])
        f.settings.update({"intake.topics": calm.raw, "pipeline.stages": f"{STAGES} watch", "watch.file": watches, "watch.alerts_topic": names["alerts"], "publish.topic": f.name,
                           "sink.route": "by-label", "sink.filter": "sources!=Shut%20Paper", "publish.dead_prefix": f"{f.name}.dlq."})
    calm.feed(everything_in_it(400 * ROUNDS))
    calm.daemon().start()
    d = wild.daemon(**{"publish.epoch_ms": 20, "intake.high_records": 20, "intake.rate": 12, "workers.spawn": "extract:2 dedup:1 classify:1 watch:1"}).start()

    def lives():
        if not d.running():
            assert d.process.popen.returncode in (0, 10, 11, 13, 14, -signal.SIGKILL), d.log()[-2000:]
            d.start()
        return d.get("/live")[0] == 200

    def ended(f):
        return f.kafka.committed(f.name, calm.raw).get(0) == calm.kafka.ends(calm.raw)[0]
    for _ in range(6 * ROUNDS):
        wait_until(lives, 60, "it lives")
        pause_of(r, 0.1, 1)
        befall(r, d)
    wait_until(lives, 60, "it lives")
    assert not ended(wild), "nothing more could befall it"
    d.settings["intake.rate"] = 0
    d.write_config()
    for words in (["resume"], ["reload"]):           # a reload ends what was scaled
        millrace("ctl", "--config", d.config, *words)
    wait_until(lambda: lives() and ended(wild) and ended(calm), 240, "both have read everything", every=0.2)
    for one, other in zip(*topics):
        read = [[(m.key, TIMES.sub(b"", m.value or b"")) for m in f.kafka.read_all(topic)] for f, topic in ((calm, one), (wild, other))]
        assert read[0], f"nothing in {one}: nothing is proved"
        assert read[0] == read[1], (one, len(read[0]), len(read[1]))
