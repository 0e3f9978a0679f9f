"""`millrace ctl`: the running daemon is steered while records flow. Whatever is paused, drained, replaced or scaled, the account at the end is that of an undisturbed run."""
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

import news
from daemon import BIN, Millraced, millrace
from flow import Load, mixed_feed
from require import cannot
from test_promises import HOOKED, with_hook
from wait import wait_until


def ctl(d, *words, code=0):
    """One use; its answer as a dict. `code`: what the command must end with."""
    done = millrace("ctl", "--config", d.config, "--json", *words)
    assert done.returncode == code, (words, done.returncode, done.stdout.decode(), done.stderr.decode())
    return json.loads(done.stdout)


def waiting(d, *words):
    """The same with --wait, in the background."""
    return subprocess.Popen([BIN / "millrace", "ctl", "--config", d.config, "--json", *words, "--wait"], stdout=subprocess.PIPE)


def overtaken(waits):
    answer = json.loads(waits.communicate(timeout=60)[0])
    assert waits.returncode == 1 and answer["error"]["code"] == "overtaken" and answer["finished"] is False, answer


def paused(d):
    return d.metric("millrace_intake_paused_by_operator")


def new(seed, count, partition=None):
    """So many new stories, all in one partition or round the partitions."""
    place = {} if partition is None else {"partition": partition}
    return [(news.value(news.record(f"{seed} {i}")), f"{seed} {i}", "new", dict(place)) for i in range(count)]


def published(f):
    return sum(f.kafka.ends(f.out).values())


def test_pause_resume_drain_and_leave(flow):
    """The whole intake, one partition, a drain, leaving: what was in flight ends and is committed, nothing is taken meanwhile, a reload changes nothing of it."""
    f = flow(partitions=2)
    d = f.daemon().start().wait_ready()
    load = Load(f, "pause", count=400, rate=120)
    load.start()
    wait_until(lambda: published(f) > 40, 60, "articles come")
    rebalances = d.metric("millrace_rebalances_total")
    answer = ctl(d, "pause", "--wait")
    assert answer["finished"] and answer["paused"] == ["everything"] and answer["partitions_paused"] == 2 and paused(d) == 1
    assert d.balance()["in_flight"] == 0
    stood = f.kafka.committed(f.name, f.raw)
    load.end()
    assert d.get("/ready") == (503, "intake is paused by an operator\n")
    d.reload()
    wait_until(lambda: "reload done" in d.log(), 30, "it reloaded")
    status = d.status()
    assert status["paused_by_operator"] == ["everything"] and all(p["paused_by_operator"] for p in status["partitions"])
    assert status["log_level"] == "info" and "paused-by-operator" in [one["code"] for one in status["problems"]]
    assert sorted((p["partition"], p["why"]) for p in status["paused_partitions"]) == [(0, "operator"), (1, "operator")]
    # Longer than a session of the group nothing is read: heartbeats go on.
    enough = status["uptime_ms"] + 8000
    wait_until(lambda: d.status()["uptime_ms"] > enough, 30, "a session has passed", every=0.2)
    assert f.kafka.committed(f.name, f.raw) == stood, "records were taken while intake was paused"
    assert d.metric("millrace_rebalances_total") == rebalances and d.metric("millrace_assignments_lost_total") == 0
    assert ctl(d, "resume")["paused"] == [] and paused(d) == 0 and "paused-by-operator" not in d.get("/status")[1]
    d.wait_ready()
    f.account()

    ctl(d, "pause", f"{f.raw}:1", "--wait")
    assert d.get("/ready")[0] == 200 and paused(d) == 1
    before = f.kafka.committed(f.name, f.raw)
    f.feed(new("held", 30, 1))
    f.feed(new("passes", 60, 0))
    wait_until(lambda: f.kafka.committed(f.name, f.raw)[0] == f.kafka.ends(f.raw)[0], 60, "the other partition is read to its end", every=0.1)
    assert f.kafka.committed(f.name, f.raw)[1] == before[1]
    assert ctl(d, "resume", f.raw, code=0)["paused"] == []
    f.account()

    f.feed(mixed_feed("drain", 300))
    wait_until(lambda: d.balance()["in_flight"] > 0, 30, "records are in flight")
    answer = ctl(d, "drain", "--wait")
    assert answer["finished"] and d.balance()["in_flight"] == 0 and d.running()
    assert ctl(d, "status")["reason"] == "intake is paused by an operator"
    assert "drained" in d.log()
    ctl(d, "resume")
    load = Load(f, "leave", count=200, rate=100)
    load.start()
    wait_until(lambda: d.balance()["in_flight"] > 0, 30, "records are in flight")
    assert ctl(d, "drain", "--exit", "--wait")["finished"]
    assert d.wait_end(20) == 0
    load.end()
    d.start().wait_ready()                           # a restart begins without a pause
    assert paused(d) == 0
    f.account()
    uses = re.findall(r'msg=control command=(\S+) uid=(\d+) pid=(\d+) result=(\S+)', d.log())
    assert [use[0] for use in uses] == ["pause", "resume", "pause", "resume", "drain", "status", "resume", "drain"]
    assert {use[1] for use in uses} == {str(os.geteuid())} and {use[3] for use in uses} == {"ok"}


def test_the_lag_goes_on_while_nothing_is_fetched(flow):
    """A pause stops the fetching, and the library learns the end of a partition only with a fetch: the daemon asks for it."""
    f = flow(partitions=2)
    d = f.daemon().start().wait_ready()
    f.feed(new("first", 40))
    f.account()
    lag = lambda: d.metric("millrace_consumer_lag_records")
    wait_until(lambda: lag() == 0, 30, "nothing waits")
    ctl(d, "pause", "--wait")
    f.feed(new("later", 300))
    wait_until(lambda: lag() == 300, 60, lambda: f"all that waits is told: {lag()}", every=0.2)
    assert d.status()["lag"] == 300 and d.balance()["read"] == 40
    ctl(d, "resume")
    f.account()
    wait_until(lambda: lag() == 0, 30, "nothing waits")


def test_a_rate_holds_intake_back(flow):
    """intake.rate: what is more waits, is told, and is taken when a reload lifts it."""
    f = flow(partitions=2, settings={"intake.rate": 5})
    d = f.daemon().start().wait_ready()
    f.feed(new("rate", 600))
    wait_until(lambda: d.metric("millrace_intake_rate_limited") == 1, 60, "records wait for the rate")
    status = d.status()
    assert status["rate_limit"] == 5 and d.metric("millrace_intake_rate_limit") == 5
    wait_until(lambda: "rate-limited" in [one["code"] for one in d.status()["problems"]], 30, "it is told in words")
    # At most one, a quarter of a second's, and what the time since the start allows.
    assert d.balance()["read"] <= 1 + 5 / 4 + 5 * d.status()["uptime_ms"] / 1000
    d.settings["intake.rate"] = 0
    d.reload()
    f.account()
    assert d.metric("millrace_intake_rate_limited") == 0 and d.status()["rate_limit"] == 0


def test_pools_are_replaced_and_scaled_under_load(flow):
    """Every stage is restarted, scaled up and down while records flow, also slow ones: no record is lost, doubled, or tried a second time."""
    f = flow(partitions=2, env=HOOKED["env"], settings={**HOOKED["settings"], "stage.deadline_ms": 20000})
    d = f.daemon().start().wait_ready()
    before = set(d.workers())
    load = Load(f, "scale", count=900, rate=100)
    load.start()
    f.feed((news.value(news.record(f"slow {i}", text=with_hook(news.text(f"slow {i}"), "slow 150"))), f"slow {i}", "new") for i in range(60))
    wait_until(lambda: published(f) > 40, 60, "articles come")
    assert ctl(d, "scale", "extract", "3", "--wait")["wanted"] == 3
    assert ctl(d, "scale", "hook", "4", "--wait")["finished"] and len(d.workers("hook")) == 4
    for stage in ("extract", "dedup", "classify", "hook"):
        there = set(d.workers(stage))
        assert ctl(d, "restart", stage, "--wait")["finished"]
        assert not there & set(d.workers(stage)) and len(d.workers(stage)) == len(there)
    assert not before & set(d.workers())
    assert ctl(d, "scale", "hook", "1", "--wait")["finished"] and len(d.workers("hook")) == 1
    ctl(d, "scale", "dedup", "2")                    # without waiting: one after the other
    ctl(d, "restart", "dedup")
    ctl(d, "scale", "dedup", "1")
    ctl(d, "restart", "extract")
    assert ctl(d, "reload", "--wait")["by_hand_ended"] == "extract:3 hook:1"
    assert [s["ready"] for s in ctl(d, "status")["stages"]] == [1, 1, 1, 2]
    ctl(d, "scale", "extract", "0", "--wait")        # nobody is left: its records wait
    wait_until(lambda: "extract: no worker is ready" in d.get("/ready")[1], 30, "/ready names the stage")
    ctl(d, "scale", "extract", "2", "--wait")
    load.end()
    account = f.account(240)
    assert all(m.header("millrace.error.code").startswith(b"input.") for m in account.dead), "a worker that was replaced took a record with it"
    assert d.metric("millrace_stage_retried_total") == 0 and d.metric("millrace_stage_failed_total") == 0
    assert d.metric("millrace_stage_expired_workers_total") == 0, "a worker was given up, not asked to leave"


def test_a_pause_holds_over_a_rebalance(flow, kafka):
    """A paused daemon is given partitions that another one leaves: it does not read them until it is resumed, and nothing is lost by that. With a journal, for which
    partitions wait in the same place."""
    f = flow(partitions=4)
    f.settings["dedup.journal"] = f"{f.name}.index"
    kafka.create_topic(f.settings["dedup.journal"], 2, {"retention.ms": str(90 * 86400000)})
    a, b = f.daemon().start().wait_ready(), f.daemon()
    ctl(a, "pause", "--wait")
    b.start().wait_ready()
    wait_until(lambda: a.metric("millrace_partitions_assigned") == 2 == b.metric("millrace_partitions_assigned"), 60, "they share the partitions")
    load = Load(f, "rebalance", count=400, rate=120)
    load.start()
    wait_until(lambda: b.balance()["published"] > 40, 60, "the other one publishes")
    assert b.stop() == 0
    wait_until(lambda: a.metric("millrace_partitions_assigned") == 4, 60, "all partitions are the paused one's")
    stood = f.kafka.committed(f.name, f.raw)
    load.end()
    wait_until(lambda: a.metric("millrace_consumer_lag_records") > 0, 30, "it knows of records that it does not read")
    wait_until(lambda: a.metric("millrace_journal_held_partitions") == 0, 30, "it has caught up with the journal for all of them, though they are paused")
    assert all(p["paused_by_operator"] for p in a.status()["partitions"]) and a.balance()["read"] == 0
    b.start().wait_ready()
    wait_until(lambda: b.metric("millrace_partitions_assigned") == 2, 60, "the other one is back")
    ctl(b, "pause", f.raw, "--wait")                 # by topic: the same for what comes later
    assert a.stop() == 0
    wait_until(lambda: b.metric("millrace_partitions_assigned") == 4, 60, "all partitions are the other one's")
    assert all(p["paused_by_operator"] for p in b.status()["partitions"]) and b.get("/ready")[1] == "intake is paused by an operator\n"
    after = f.kafka.committed(f.name, f.raw)
    assert all(after[p] >= stood.get(p, 0) for p in after)
    ctl(b, "resume", f.raw)
    f.account(120, one_daemon=False)


def test_who_waits_learns_of_the_contrary(flow):
    """A pause or a drain that is resumed meanwhile is not finished, nor is a drain whose time has passed."""
    f = flow(partitions=1, settings={"daemon.drain_ms": 500})
    d = f.daemon().start().wait_ready()
    ctl(d, "scale", "extract", "0", "--wait")
    f.feed(new("contrary", 20))
    wait_until(lambda: d.balance()["in_flight"] == 20, 30, "records are in flight, and nobody works at them")
    for command in ("pause", "drain"):
        waits = waiting(d, command)
        wait_until(lambda: paused(d) == 1, 30, "it is begun")
        ctl(d, "resume")
        overtaken(waits)
    answer = ctl(d, "drain", "--exit", "--wait", code=1)
    assert answer["error"]["code"] == "overtaken" and "daemon.drain_ms has passed" in answer["error"]["text"]
    assert d.wait_end(30) == 13
    d.start().wait_ready()
    f.account()


# ---- the command against daemons that need no broker ----

@pytest.fixture
def lone(tmp_path):
    """Daemons that find no broker: they steer all the same. lone(name, settings)."""
    if not (BIN / "millraced").exists():
        cannot(f"{BIN / 'millraced'} is not built (./run build)")
    made = []

    def make(name, **settings):
        d = Millraced(tmp_path / name, name, {"kafka/bootstrap.servers": "127.0.0.1:1", **settings})
        made.append(d)
        d.start()
        wait_until(lambda: d.get("/live")[0] == 200 or not d.running(), 30, "it is live")
        assert d.running(), d.log()[-2000:]
        return d
    yield make
    for d in made:
        d.clean()


def said(*words, env=None):
    """Exit code, standard output and standard error of one use by hand."""
    done = millrace("ctl", *words, env=env)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def socket_of(d):
    return pathlib.Path(d.runtime) / d.instance / "control.sock"


def test_a_reload_is_answered_with_every_error(lone):
    d = lone("lone")
    assert ctl(d, "log-level", "debug")["configured"] == "info"
    assert ctl(d, "log-level")["level"] == "debug"
    d.settings["publish.no_such_key"] = 1
    d.settings["workers.spawn"] = "extract:900"
    d.settings["kafka/no.such.property"] = "x"
    d.write_config()
    code, out, error = said("--config", d.config, "reload")
    assert code == 1 and out == ""
    for told in ("the configuration in force stays", "unknown setting 'publish.no_such_key'", "'extract:900' is not stage:number"):
        assert told in error, (told, error)
    answer = ctl(d, "reload", code=1)
    assert answer["error"]["code"] == "refused" and len(answer["error"]["lines"]) >= 2
    assert ctl(d, "log-level")["level"] == "debug", "a refused reload changed something"
    for name in ("publish.no_such_key", "workers.spawn", "kafka/no.such.property"):
        del d.settings[name]
    d.settings["publish.topic"] = "elsewhere"
    d.write_config()
    answer = ctl(d, "reload", "--wait")
    assert answer["restart_needed"] == "publish.topic" and answer["by_hand_ended"] == "log.level=debug" and answer["finished"]
    assert ctl(d, "log-level")["level"] == "info"
    assert 'config_reloads_total{result="failed"} 2' in d.get("/metrics")[1] and 'config_reloads_total{result="ok"} 1' in d.get("/metrics")[1]


def test_what_cannot_be_done_is_told(lone):
    d = lone("lone", **{"workers.spawn": "extract:1 dedup:0 classify:1"})
    for words, code, word in ((["restart", "extrct"], 1, "unknown-stage"), (["restart", "dedup"], 1, "no-local-workers"), (["pause", "no.such.topic"], 1, "unknown-topic"),
                              (["resume", "articles.raw:1"], 0, None), (["scale", "extract", "0", "--wait"], 0, None)):
        answer = ctl(d, *words, code=code)
        assert word is None or answer["error"]["code"] == word, answer
    assert "extract, dedup, classify" in ctl(d, "restart", "x", code=1)["error"]["text"]
    ctl(d, "pause")
    assert ctl(d, "resume", "articles.raw", code=1)["error"]["code"] == "paused-wider"
    code, out, error = said("--config", d.config, "status")
    assert code == 0 and "paused by an operator: everything" in out and "lone, millrace" in out
    for words in (["pase"], ["scale", "extract"], ["scale", "extract", "65"], ["pause", "a b"], ["log-level", "loud"], ["status", "--exit"], ["pause", "x:y"], [],
                  ["status", "--timeout", "5"], ["restart", "a", "b"]):
        assert said("--config", d.config, *words)[0] == 2, words
    assert ctl(d, "drain", "--exit")["ok"]
    d.wait_end(30)


def test_a_wait_has_an_end(lone):
    """Workers that never come up: the answer says what is missing, and the pool is as it was told to be."""
    d = lone("lone", **{"workers.program": "/bin/false"})
    answer = ctl(d, "scale", "classify", "2", "--wait", "--timeout", "0.5", code=1)
    assert answer["error"]["code"] == "timeout" and "0 of 2 workers ready" in answer["error"]["text"] and answer["finished"] is False
    assert next(s for s in ctl(d, "status")["stages"] if s["name"] == "classify")["wanted"] == 2
    waits = waiting(d, "scale", "classify", "3")
    wait_until(lambda: next(s for s in ctl(d, "status")["stages"] if s["name"] == "classify")["wanted"] == 3, 30, "three are wanted")
    ctl(d, "scale", "classify", "1")
    overtaken(waits)
    d.kill()
    code, _, error = said("--config", d.config, "status")
    assert code == 19 and "nobody listens on this socket any more" in error


def test_the_right_daemon_and_nobody_else(lone, tmp_path):
    a, b = lone("first"), lone("second")
    code, _, error = said("--socket", socket_of(b), "--instance", "first", "status")
    assert code == 1 and "this is the daemon second, not first" in error
    assert said("--socket", socket_of(b), "status")[0] == 0
    os.replace(socket_of(b), socket_of(a))                   # somebody has mixed them up
    code, _, error = said("--config", a.config, "drain")
    assert code == 1 and "wrong-instance" in error and "nothing was done" in error
    code, _, error = said("--socket", tmp_path / "none" / "control.sock", "status")
    assert code == 19 and "there is no such socket" in error
    code, _, error = said("--config", tmp_path / "none.conf", "status")
    assert code == 78 and "cannot open" in error
    b.settings["publish.no_such_key"] = 1                    # a broken file still names its daemon
    b.write_config()
    os.replace(socket_of(a), socket_of(b))
    code, _, error = said("--config", b.config, "status")
    assert code == 0 and "note: the configuration has 1 error" in error
    c = Millraced(tmp_path / "off", "off", {"kafka/bootstrap.servers": "127.0.0.1:1", "control.enabled": "false"})
    try:
        c.start()
        wait_until(lambda: c.get("/live")[0] == 200, 30, "it is live")
        assert said("--config", c.config, "status")[0] == 19 and not socket_of(c).exists()
    finally:
        c.clean()


def test_another_user_is_not_let_in(lone):
    """With the rights of files out of the way the daemon itself refuses."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("needs root and setpriv: there is no second user to try with")
    d = lone("lone")
    words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", BIN / "millrace", "ctl", "--socket", socket_of(d), "pause"]
    os.chmod(d.runtime, 0o755)
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 19 and "may not look into its folder" in done.stderr
    os.chmod(socket_of(d).parent, 0o755)
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 19 and "user 65534 may not speak to it: it belongs to user root" in done.stderr
    os.chmod(socket_of(d), 0o666)
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 19 and "user 65534 may not control this daemon" in done.stderr
    assert "control: refused" in d.log() and "uid=65534" in d.log()
    assert ctl(d, "status")["paused"] == []


def test_a_signal_goes_on_working_beside_it(lone):
    d = lone("lone")
    ctl(d, "pause")
    assert d.stop() == 0 and not socket_of(d).exists()
    assert said("--config", d.config, "resume")[0] == 19
