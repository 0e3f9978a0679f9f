"""Commands of README.md and docs/*.md are run as they stand there, drills with what must be seen: one daemon on a real Kafka, with the topics and the instance of the page, through which records flow.

What is not what the reader has: paths below /etc/millrace and /var/lib/millrace are in a folder of the test's own, kafka1:9092 is its broker, 9180 a free port, and `systemctl` is done by hand, as the
unit says (start: ExecStart; stop: SIGTERM; reload: SIGHUP). tests/static/test_docs.py says which blocks there are. A line of a drill is tried until it holds; every other line is run once.
A comment that begins with `exit N`: the line ends so."""
import gzip
import json
import os
import pty
import random
import re
import select
import shlex
import shutil
import signal
import subprocess
import threading
import time

import pytest
from confluent_kafka import Producer

import news
from daemon import BIN, ROOT, Millraced
from process import Process, free_port
from require import cannot
from test_dlq import letter
from wait import wait_until

BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.S | re.M)
SECONDS = 90
TOPICS = {"articles.raw": 4, "articles.enriched": 2, "articles.duplicates": 1, "dlq.articles.raw": 1, "articles.alerts": 1}
LIVE = r"millraced |millrace (?:top|tap)(?! .*(?:--once|--limit))"        # until Ctrl-C


def blocks(page, *words):
    return [body for info, body in BLOCK.findall((ROOT / page).read_text()) if info.split()[:len(words)] == list(words)]


def lines(body):
    """(command, exit code, comment)"""
    for line in body.replace("\\\n", " ").splitlines():
        command, _, comment = line.partition(" #")
        code = re.match(r" ?exit (\d+)", comment)
        yield command.strip(), int(code[1]) if code else 0, comment


class Practice:
    """A daemon with the names of the pages."""

    def __init__(self, kafka, folder):
        self.kafka, self.folder, self.seed = kafka, folder, 0
        for topic, partitions in TOPICS.items():
            kafka.create_topic(topic, partitions)
        self.daemon = Millraced(folder / "etc", "millrace", {
            "kafka/bootstrap.servers": kafka.bootstrap, "kafka/reconnect.backoff.max.ms": 1000, "kafka.consumer/session.timeout.ms": 6000, "kafka.consumer/heartbeat.interval.ms": 500,
            "daemon.state_dir": folder / "state"})
        (self.daemon.folder / "conf.d").mkdir()
        self.second = free_port()
        self.producer = Producer({"bootstrap.servers": kafka.bootstrap, "log_level": 0})
        self.variables = ""
        self.beside = []
        self.daemon.start().wait_ready()

    def close(self):
        for process in self.beside:
            process.kill()
        self.daemon.clean()
        shutil.rmtree(f"{self.daemon.runtime}2", ignore_errors=True)

    # ---- records ----
    def feed(self, count=1, **more):
        """New stories, delivered or not (the broker may be away): their feed ids."""
        made = []
        for _ in range(count):
            self.seed += 1
            record = news.record(f"docs-{self.seed}", **more)
            self.producer.produce("articles.raw", json.dumps(record, ensure_ascii=False).encode())
            made.append(record["id"])
        self.producer.poll(0)
        return made

    def articles(self):
        return [json.loads(m.value) for m in self.kafka.read_all("articles.enriched")]

    def come_out(self, ids):
        """Each once."""
        assert self.producer.flush(SECONDS) == 0
        wait_until(lambda: set(ids) <= {a["feed_id"] for a in self.articles()}, SECONDS, "what was fed is published", every=0.3)
        told = [a["feed_id"] for a in self.articles()]
        assert [i for i in ids if told.count(i) != 1] == []

    # ---- commands ----
    def real(self, text):
        second = f"{self.folder}/second"
        for shown, mine in (("second/state", f"{second}/state"), ("second/run", f"{self.daemon.runtime}2"), ("=9181", f"={self.second}"), ("127.0.0.1:9181", f"127.0.0.1:{self.second}"), ("127.0.0.1:9180", f"127.0.0.1:{self.daemon.port}"),
                            ("kafka1:9092,kafka2:9092", self.kafka.bootstrap), ("kafka1:9092", self.kafka.bootstrap), ("/etc/millrace/", f"{self.daemon.folder}/"), ("/var/lib/millrace/", f"{self.folder}/state/"), ("build/bin/", "")):
            text = text.replace(shown, mine)
        return re.sub(r"\bFILE\b(?!\.)", str(self.daemon.config), text) if "--config FILE" in text else text

    def env(self):
        return {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "MILLRACE_CONFIG": str(self.daemon.config), "TERM": "dumb", "LC_ALL": "C.UTF-8"}

    def shell(self, command):
        return subprocess.run(["bash", "-u", "-o", "pipefail", "-c", f"{self.variables}\n{self.real(command)}"], cwd=self.folder, env=self.env(), capture_output=True, timeout=SECONDS, stdin=subprocess.DEVNULL)

    def once(self, command, code=0):
        done = self.shell(command)
        assert done.returncode == code, (command, done.returncode, done.stdout.decode(), done.stderr.decode())
        return done.stdout.decode() + done.stderr.decode()

    def until(self, command, code=0):
        said = []

        def holds():
            done = self.shell(command)
            said[:] = [done.returncode, done.stdout.decode()[-1500:], done.stderr.decode()[-500:]]
            return done.returncode == code
        wait_until(holds, SECONDS, lambda: f"{command}: {said}", every=0.2)
        return said[1]

    def live(self, command):
        """Something that stays until Ctrl-C."""
        process = Process(["bash", "-c", f"exec {self.real(command)}"], self.folder / f"live-{len(self.beside)}.log", env=self.env(), cwd=self.folder, life=300)
        self.beside.append(process)
        return process

    def systemctl(self, what):
        d = self.daemon
        if what in ("stop", "restart") and d.running():
            assert d.stop() == 0
        if what == "reload":
            d.process.signal(signal.SIGHUP)                # not d.reload(): the file stays as the page has made it
        if what in ("start", "restart"):
            d.start().wait_ready()

    def drill(self, name):
        """Every line; each is tried until it holds."""
        (body,) = blocks("docs/operations.md", "sh", "drill", name)
        said = []
        for command, code, _ in lines(body):
            if found := re.match(r"systemctl (\w+) millraced$", command):
                self.systemctl(found[1])
            elif found := re.match(r"(\w+)=(\$\(.*\))$", command):
                self.variables += f"\n{found[1]}={self.once(f'echo {found[2]}').strip()}"
            elif re.match(LIVE, command):
                said.append(self.live(command))
            elif command.startswith(("curl", "millrace dlq list", "millrace index stat")):
                said.append(self.until(command, code))
            else:
                said.append(self.once(command, code))
                self.daemon.let_go |= "--exit" in command
        self.variables = ""
        return said

    def sound(self, ids=()):
        self.drill("sound")
        self.come_out(ids)


class Feed(threading.Thread):
    """Records all the time, a few a second, as long as a drill takes."""

    def __init__(self, practice, more=lambda number: {}):
        """more(number): members of a record; None: it is none."""
        super().__init__(daemon=True)
        self.practice, self.ids, self._more, self._over = practice, [], more, threading.Event()

    def run(self):
        number = 0
        while not self._over.wait(0.1):
            number += 1
            more = self._more(number)
            if more is None:
                self.practice.producer.produce("articles.raw", b"no record")
                self.practice.producer.poll(0)
            else:
                self.ids += self.practice.feed(2, **more)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self.join()


@pytest.fixture
def practice(site):
    """Running, whatever the test before left."""
    site.variables = ""
    (site.daemon.folder / "conf.d/drill.conf").unlink(missing_ok=True)
    if not site.daemon.running():
        site.systemctl("start")
    return site


@pytest.fixture(scope="module")
def site(kafka, tmp_path_factory):
    for program in ("jq", "kcat", "curl", "prlimit", "pgrep"):
        if not shutil.which(program):
            cannot(f"no {program} here")
    if not (BIN / "millraced").exists():
        cannot(f"{BIN / 'millraced'} is not built (./run build)")
    made = Practice(kafka, tmp_path_factory.mktemp("practice"))
    yield made
    made.close()


# ---- drills ----

def test_drill_the_broker_is_gone(practice, kafka):
    p = practice
    p.come_out(p.feed(20))
    kafka.down()
    try:
        ids = p.feed(20)
        p.drill("broker")
        assert p.daemon.running()
    finally:
        kafka.up()
    p.sound(ids)
    assert p.daemon.starts == 1


def test_drill_the_disk_is_full(practice):
    p = practice
    starts = p.daemon.starts
    with Feed(p) as feed:
        p.drill("disk")
    p.sound(feed.ids)
    assert p.daemon.starts == starts


def test_drill_the_index_folder_is_lost(practice):
    p = practice
    first = p.feed(5)
    p.come_out(first)
    before = next(a for a in p.articles() if a["feed_id"] == first[-1])
    p.drill("index")
    p.producer.produce("articles.raw", json.dumps(news.near_copy(f"docs-{p.seed}", 1, id="copy-1"), ensure_ascii=False).encode())
    p.sound(["copy-1", *p.feed(5)])                 # a copy of what was forgotten: an article
    p.drill("index-back")
    p.producer.produce("articles.raw", json.dumps(news.near_copy(before["feed_id"].removeprefix("r-"), 2, id="copy-2"), ensure_ascii=False).encode())
    p.sound(p.feed(5))
    told = wait_until(lambda: [r for r in (json.loads(m.value) for m in p.kafka.read_all("articles.duplicates")) if r["feed_id"] == "copy-2"], SECONDS, "the copy is known again")
    assert told[0]["duplicate_of"] == before["article_id"]


def test_drill_poison_and_replay(practice):
    p = practice
    ids = p.feed(10)
    said = p.drill("poison")
    assert "input.not-json" in said[2] and "no record" in said[3]
    p.sound([*ids, *p.feed(10)])
    said = p.drill("replay")
    assert "would be: 1 replayed" in said[0] and "1 replayed" in said[1]
    letters = p.kafka.read_all("dlq.articles.raw")
    assert [m.header("millrace.replays") for m in letters][-1] == b"1"
    p.sound()


def test_drill_two_daemons_of_one_name(practice):
    p = practice
    p.come_out(p.feed(5))
    p.daemon.let_go = True
    with Feed(p) as feed:
        second = p.drill("fenced")[0]
    assert p.daemon.wait_end() == 10
    second.signal(signal.SIGINT)
    assert second.wait(SECONDS) == 0
    p.systemctl("start")
    p.sound(feed.ids)


def test_drill_a_wrong_configuration(practice):
    p = practice
    starts = p.daemon.starts
    said = p.drill("configuration")
    assert "drill.conf:2" in said[1] and "high_bytes" in said[1]
    p.sound(p.feed(10))
    assert p.daemon.starts == starts


def test_drill_all_workers_are_killed(practice):
    p = practice
    dead = len(p.kafka.read_all("dlq.articles.raw"))
    ids = p.feed(100)
    killed = p.daemon.workers()
    p.drill("workers")
    p.sound(ids)
    assert len(killed) >= 3 and not set(killed) & set(p.daemon.workers()) and len(p.kafka.read_all("dlq.articles.raw")) == dead


# ---- the other blocks ----

def run_blocks(practice, page):
    """Every `sh run` of a page, in its order: what each command said."""
    p, said = practice, {}
    for body in blocks(page, "sh", "run"):
        for command, code, _ in lines(body):
            if found := re.match(r"systemctl (\w+) millraced$", command):
                p.systemctl(found[1])
            elif re.match(LIVE, command):
                said[command] = see_live(p, command)
            elif command.startswith("millrace tap"):
                with Feed(p):
                    said[command] = p.once(command)
            else:
                p.daemon.let_go |= "--exit" in command
                said[command] = p.once(command, code)
        if p.daemon.let_go:
            p.systemctl("start")
    return said


def talent(number):
    """A revision of an article about talent: the same address, another text."""
    return {"url": "https://docs.example/talent", "title": "山南县为引进人才建三百套人才公寓",
            "text": f"山南县首批三百套人才公寓交付,高层次人才和技能人才凭人才卡申请,县人才办说,引进人才三年内免收租金。\n{news.text(f'talent {number}', 200)}"}


def see_live(p, command):
    """On a terminal, with records that its filter wants going by, until it has shown something; then Ctrl-C."""
    wanted = {"--label talent": talent, "--outcome dead": lambda _: None, "--source": lambda _: {"source": "云汀日报"}}
    more = next((make for words, make in wanted.items() if words in command), lambda _: {})
    screen, inner = pty.openpty()
    live = Process(["bash", "-c", f"exec {p.real(command)}"], p.folder / "live.err", env={**p.env(), "TERM": "xterm"}, cwd=p.folder, life=200, stdin=inner, stdout=inner)
    os.close(inner)
    shown = b""

    def enough():
        nonlocal shown
        assert live.running(), (command, shown, live.log_path.read_text())
        if select.select([screen], [], [], 0.2)[0]:
            shown += os.read(screen, 1 << 16)
        return len(shown) > 300 and ("millrace tap" not in command or "山南县" in shown.decode(errors="replace") or "--label" not in command)

    try:
        with Feed(p, more):
            wait_until(enough, SECONDS, lambda: f"{command} shows something: {shown}")
            live.signal(signal.SIGINT)
            wait_until(lambda: drained(screen) and not live.running(), SECONDS, f"{command} ends with Ctrl-C")
        assert live.wait(SECONDS) == 0, live.log_path.read_text()
    finally:
        live.kill()
        os.close(screen)
    return shown.decode(errors="replace")


def drained(screen):
    """Nobody waits for us to read; true, for conditions."""
    try:
        while select.select([screen], [], [], 0)[0]:
            os.read(screen, 1 << 16)
    except OSError:                                  # the other end is closed
        pass
    return True


def test_operations(practice):
    p = practice
    p.kafka.produce("dlq.articles.raw", [{**letter(n, "articles.raw", "stage.crash"), "timestamp": int(time.time() * 1000)} for n in range(3)])
    said = run_blocks(p, "docs/operations.md")
    assert "articles.raw:3" in said["millrace ctl pause articles.raw:3 --wait"]
    assert "  reason 2" in next(text for command, text in said.items() if "--each" in command)
    assert "would be: 3 replayed" in next(text for command, text in said.items() if "--dry-run" in command)
    assert "3 replayed" in next(text for command, text in said.items() if "--rate 100" in command)
    assert len(said["millrace tap --json --limit 5"].splitlines()) >= 5 and len(said) >= 18
    p.sound(p.feed(5))


def test_watches(practice):
    p = practice
    (ini,) = blocks("docs/watches.md", "ini", "millrace")
    (p.folder / "millrace.conf").write_text(f"[kafka]\nbootstrap.servers = {p.kafka.bootstrap}\n{ini}")
    (p.folder / "watches.conf").write_text("[lamps]\nany = 灯塔\n[ships]\nany = 渡船\n")
    title, text = "北湾的灯塔修好了", "北湾的燈塔在三月修好,渔民说夜里又看得见岸了。\n" + news.text("lamps")
    (p.folder / "page.txt").write_text(f"{title}\n\n{text}\n")
    (p.folder / "FILE").write_bytes(b"\n".join(news.value(r) for r in (news.record("lamps", id="lamps", title=title, text=text), news.record("cooking", id="cooking"))))
    (expected,) = blocks("docs/watches.md", "json")
    (p.folder / "expected.jsonl").write_text(expected)
    said = list(run_blocks(p, "docs/watches.md").values())
    assert "2 watches" in said[0] and "lamps" in said[1] and '"watches":["lamps"]' in said[2].replace(" ", "")
    assert "2 of 2 expectations met" in said[3]
    assert [json.loads(line)["watch"] for line in (p.folder / "alerts.jsonl").read_text().splitlines()] == ["lamps"]


def test_classify(practice):
    p = practice
    (p.folder / "conf").symlink_to(ROOT / "conf")
    (p.folder / "page.txt").write_text(f"{talent(0)['title']}\n\n{talent(0)['text']}\n")
    _, measured, explained = run_blocks(p, "docs/classify.md").values()
    assert "58 texts" in measured and "talent" in explained and (p.folder / "topics.model").stat().st_size > 10000 and "<svg" in (p.folder / "calibration.svg").read_text()


def sentences(path, seed, count):
    """Made-up sentences with a person and a place, as the training of the tagger wants them."""
    r = random.Random(f"{path.name} {seed}")
    with gzip.open(path, "wt") as out:
        for number in range(count):
            person, place = r.choice("王李张") + r.choice("晓明") + r.choice("春林"), r.choice("柏禾云") + r.choice("川湾") + "县"
            end = 2 + len(person)
            out.write(json.dumps({"id": str(number), "text": f"记者{person}昨天在{place}采访。", "entities": [
                {"start": 2, "end": end, "type": "person"}, {"start": end + 3, "end": end + 3 + len(place), "type": "place"}]}, ensure_ascii=False) + "\n")


def test_entities(practice):
    p = practice
    sentences(p.folder / "pd.train.jsonl.gz", 1, 200)
    sentences(p.folder / "pd.dev.jsonl.gz", 2, 30)
    _, measured = run_blocks(p, "docs/entities.md").values()
    assert re.search(r"all \(micro\) +(0\.9|1\.0)", measured), measured
    assert len((p.folder / "pd.predictions.jsonl").read_text().splitlines()) == 30


def test_readme(practice):
    """The configuration that is enough, in a folder of its own; it has the names of the daemon of the other tests, which steps aside."""
    p = practice
    (ini,) = blocks("README.md", "ini", "readme")
    folder = p.folder / "readme"
    (folder / "conf.d").mkdir(parents=True)
    (folder / "millrace.conf").write_text(p.real(ini))
    (folder / "conf.d/port.conf").write_text(f"[admin]\nport = {p.daemon.port}\n")
    (body,) = blocks("README.md", "sh", "run")
    (check, _, _), (run, _, _), (ready, _, _) = lines(body)
    p.systemctl("stop")
    home, p.folder = p.folder, folder
    try:
        p.once(check)
        live = p.live(run)
        ids = p.feed(5)
        p.until(f"{ready} | grep -x ready")
        p.come_out(ids)
        live.signal(signal.SIGINT)
        assert live.wait(SECONDS) == 0
        assert (folder / "state/millrace").is_dir()
    finally:
        p.folder = home
        p.systemctl("start")


@pytest.mark.parametrize("page", ["README.md", "docs/operations.md"])
def test_topics_shown_can_be_made(kafka, name, page):
    """kafka-topics.sh is not among what the tests have of Kafka: the same topic with the same settings, through the client. One broker has one replica."""
    (body,) = blocks(page, "sh", "kafka")
    ((command, _, _),) = lines(body)
    words = shlex.split(command)
    assert words[0] == "kafka-topics.sh" and {word for word in words if word.startswith("--")} == {"--bootstrap-server", "--create", "--topic", "--partitions", "--replication-factor", "--config"}
    given = list(zip(words, words[1:]))
    config = dict(value.split("=", 1) for option, value in given if option == "--config")
    kafka.create_topic(f"{name}.made", int(dict(given)["--partitions"]), config)
    assert kafka.partitions(f"{name}.made") == int(dict(given)["--partitions"])
