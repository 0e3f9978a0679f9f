"""`millrace top` and `millrace tap`: people who look at a daemon while it works, is reloaded and started again. On the embedded broker: nothing is proved of transactions here."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unicodedata

import pytest

import news
from daemon import BIN, Millraced, millrace
from process import Process
from require import cannot
from wait import wait_until

HOSTILE = "\u202e\x1b]0;owned\x07\x1b[2J"


# ---- one broker and one daemon for all ----

class Site:
    def __init__(self, folder):
        from confluent_kafka import Producer
        if not (BIN / "millraced").exists():
            cannot(f"{BIN / 'millraced'} is not built (./run build)")
        self.broker = Process([BIN / "millrace", "broker", "--topics", "in:1,out:1,dup:1,dlq.in:1", "--seconds", "600"], folder / "broker.log", life=600, stdin=subprocess.PIPE)
        bootstrap = wait_until(lambda: re.match(r"127\.0\.0\.1:\d+\n", self.broker.log_path.read_text()), 20, "the broker says where it is")[0].strip()
        self.bootstrap = bootstrap
        self.producer = Producer({"bootstrap.servers": bootstrap, "log_level": 3})
        self.daemon = Millraced(folder / "d", "looked-at", {
            "kafka/bootstrap.servers": bootstrap, "intake.topics": "in", "publish.topic": "out", "publish.duplicates_topic": "dup", "publish.delivery": "at-least-once",
            "stage.heartbeat_ms": 10000, "kafka.consumer/session.timeout.ms": 6000, "kafka.consumer/heartbeat.interval.ms": 500})
        self.seed = 0
        self.daemon.start().wait_ready()

    def feed(self, count=1, **more):
        """Records of stories of their own; their titles."""
        titles = []
        for _ in range(count):
            self.seed += 1
            record = news.record(f"top-{self.seed}", **more)
            titles.append(record["title"])
            self.producer.produce("in", json.dumps(record).encode())
        assert self.producer.flush(20) == 0
        return titles

    def published(self):
        """What a warehouse reads, by article id."""
        from confluent_kafka import Consumer, TopicPartition
        reader = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "reader", "enable.auto.commit": False, "log_level": 3})
        place = TopicPartition("out", 0, 0)
        reader.assign([place])
        end, found = reader.get_watermark_offsets(place, timeout=20)[1], {}
        while len(found) < end:
            message = reader.poll(20)
            assert message and not message.error(), f"{len(found)} of {end} articles can be read"
            record = json.loads(message.value())
            found[record["article_id"]] = record
        reader.close()
        return found

    def close(self):
        self.daemon.clean()
        self.broker.kill()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("site"))
    yield made
    made.close()


# ---- a terminal ----

def cells(text):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


class Terminal:
    """What a terminal would show of the few sequences that top sends. Any other one is a mistake."""

    def __init__(self, width, height):
        self.resize(width, height)
        self.modes, self.row, self.column, self.rest, self.strange = set(), 0, 0, b"", []

    def resize(self, width, height):
        self.width, self.height = width, height
        self.rows = [[" "] * width for _ in range(height)]

    def feed(self, data):
        text = self.rest + data
        at = 0
        while at < len(text):
            found = re.compile(rb"\x1b\[(\??)([0-9;]*)([A-Za-z])").match(text, at)
            if found:
                self.obey(found[1], found[2].decode(), found[3].decode())
                at = found.end()
            elif text[at] == 0x1b and len(text) - at < 16:
                break
            else:
                size = 1 if text[at] < 0x80 else 2 if text[at] < 0xE0 else 3 if text[at] < 0xF0 else 4
                if len(text) - at < size:
                    break
                self.put(text[at:at + size].decode(errors="replace"))
                at += size
        self.rest = text[at:]

    def obey(self, private, numbers, letter):
        if private:
            (self.modes.add if letter == "h" else self.modes.discard)(numbers)
        elif letter == "H":
            row, column = (int(n) for n in numbers.split(";"))
            self.row, self.column = row - 1, column - 1
        elif letter == "K":                              # top may not know yet that the terminal has become lower
            if self.row < self.height:
                self.rows[self.row][self.column:] = [" "] * (self.width - self.column)
        elif letter == "J":
            self.rows = [[" "] * self.width for _ in range(self.height)]
        elif letter != "m":
            self.strange.append(f"CSI {numbers}{letter}")

    def put(self, c):
        if c in "\r\n":
            return
        if c < " " or c == "\x7f":
            self.strange.append(repr(c))
        wide = cells(c)
        if self.row < self.height and self.column + wide <= self.width and wide:
            self.rows[self.row][self.column:self.column + wide] = [c] + [""] * (wide - 1)
            self.column += wide

    def lines(self):
        return ["".join(row).rstrip() for row in self.rows]


# What a shell does with a job: a process group of its own in the foreground, with a parent that waits for it. Without one nothing can be stopped.
SHELL = """import os, signal, sys
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
pid = os.fork()
if pid == 0:
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    os.execv(sys.argv[1], sys.argv[1:])
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))"""


class Top:
    """`millrace top` on a terminal of its own; `job`: under a shell."""

    def __init__(self, *arguments, width=100, height=40, env=None, job=False):
        self.screen = Terminal(width, height)
        self.bytes = b""
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.before = termios.tcgetattr(slave)
        self.slave = slave

        def own_terminal():
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        self.process = subprocess.Popen([*(["/usr/bin/python3", "-c", SHELL] if job else []), BIN / "millrace", "top", *map(str, arguments)], stdin=slave, stdout=slave, stderr=slave, preexec_fn=own_terminal,
                                        env={**os.environ, "TERM": "xterm-256color", "TZ": "UTC", **(env or {})})

    def read(self, seconds=0.05):
        while select.select([self.master], [], [], seconds)[0]:
            try:
                got = os.read(self.master, 65536)
            except OSError:
                return
            if not got:
                return
            self.bytes += got
            self.screen.feed(got)
            seconds = 0

    def until(self, condition, seconds, what):
        """`condition` gets the lines of the screen."""
        def look():
            self.read()
            return condition(self.screen.lines())
        return wait_until(look, seconds, lambda: f"{what}; the screen:\n" + "\n".join(self.screen.lines()))

    def shows(self, pattern, seconds=20):
        return self.until(lambda lines: re.search(pattern, "\n".join(lines)), seconds, f"top shows {pattern}")

    def resize(self, width, height):
        self.screen.resize(width, height)
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        os.kill(self.process.pid, signal.SIGWINCH)

    def keys(self, text):
        os.write(self.master, text.encode())

    def end(self, seconds=10):
        """Its exit code; its terminal must be as it was."""
        end = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < end:
            self.read()
        code = self.process.wait(1)
        self.read()
        assert termios.tcgetattr(self.slave) == self.before
        assert self.screen.modes == {"25", "7"}, "the cursor is seen, lines wrap, the alternate screen is left"
        assert self.bytes.rstrip().endswith(b"\x1b[?1049l") and self.screen.strange == []
        return code

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(5)
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def top():
    made = []

    def make(*arguments, **more):
        made.append(Top(*arguments, **more))
        return made[-1]
    yield make
    for one in made:
        one.close()


def test_top_is_drawn_resized_and_left(site, top):
    titles = site.feed(5)
    t = top("--config", site.daemon.config, width=100, height=40)
    t.shows(r"millrace top  looked-at  running, ready")
    t.shows(titles[-1])
    t.until(lambda lines: len([line for line in lines if re.search(r"^\d\d:\d\d:\d\d  published", line)]) >= 5, 20, "five articles are listed")
    rows = [line for line in t.screen.lines() if re.search(r"^\d\d:\d\d:\d\d  published", line)]
    for row in rows:                                     # outcome, labels, source, title: each begins in its column, whatever stands before it
        assert [cells(row[:row.index(word)]) for word in ("published", "试验日报")] == [10, 47], row
        assert cells(row[:next(row.index(t) for t in titles if t in row)]) == 61 if any(title in row for title in titles) else True
    assert re.search(r"extract +0 +0 +0 .* 1 (busy|idle)", "\n".join(t.screen.lines()))
    for key, page in (("\t", r"\[2 Stages\]"), ("\x1b[C", r"\[3 Partitions\]"), ("4", r"\[4 Articles\]"), ("\x1b[D", r"\[3 Partitions\]"), ("h", r"leave\n +Tab"), ("\x1b", r"Partitions: 1\n"),
                      ("1", r"\[1 Overview\]"), ("h", r"leave\n +Tab"), ("h", r"Flow, last")):
        t.keys(key)
        t.shows(page)
    t.keys("4")
    for width, height in ((40, 12), (160, 50), (20, 5), (80, 24)):
        t.resize(width, height)
        t.until(lambda lines: re.match(r"\d\d:\d\d:\d\d  every", lines[height - 1]) and lines[0].startswith("millrace top"), 20, f"{width} x {height}")
        assert max(map(cells, t.screen.lines())) <= width
    t.keys("p")
    t.shows(r"millrace top  paused")
    t.keys("q")
    assert t.end() == 0


def test_a_worker_between_two_heartbeats_is_idle(site):
    """Who says nothing for longer than the heartbeats of the default take is not silent where they are to come every ten seconds."""
    quiet = wait_until(lambda: [w for s in site.daemon.status()["stages"] for w in s["workers"] if w["silent_ms"] > 3500], 30, "a worker has said nothing for a while")
    assert {w["state"] for w in quiet} == {"idle"}


def test_without_colours(site, top):
    t = top("--config", site.daemon.config, env={"NO_COLOR": "1"})
    t.shows("running, ready")
    t.keys("\x03")                                       # Ctrl-C
    assert t.end() == 0
    assert not re.search(rb"\x1b\[[1-9][0-9;]*m", t.bytes)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGABRT, signal.SIGSEGV])
def test_every_signal_gives_the_terminal_back(site, top, number):
    t = top("--url", f"127.0.0.1:{site.daemon.port}")
    t.shows("running, ready")
    assert termios.tcgetattr(t.slave) != t.before
    os.kill(t.process.pid, number)
    assert t.end() == (-number if number in (signal.SIGABRT, signal.SIGSEGV) else 0)


def test_stopped_it_gives_the_terminal_back_and_takes_it_again(site, top):
    t = top("--url", f"http://127.0.0.1:{site.daemon.port}/", job=True)
    t.shows("running, ready")
    [pid] = map(int, open(f"/proc/{t.process.pid}/task/{t.process.pid}/children").read().split())
    t.keys("\x1a")                                       # Ctrl-Z
    wait_until(lambda: open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] == "T", 10, "it is stopped")
    t.read()
    assert termios.tcgetattr(t.slave) == t.before and "1049" not in t.screen.modes
    t.screen.resize(100, 40)
    os.kill(pid, signal.SIGCONT)
    t.shows("running, ready")
    assert "1049" in t.screen.modes
    t.keys("q")
    assert t.end() == 0


def test_once_and_on_a_pipe(site):
    [title] = site.feed(1, title="提质行动" + HOSTILE)
    wait_until(lambda: site.daemon.balance()["in_flight"] == 0 and title.encode()[:12] in millrace("top", "--config", site.daemon.config).stdout, 20, "its record is listed")
    done = millrace("top", "--once", "--config", site.daemon.config, env={"COLUMNS": "100"})
    out = done.stdout.decode()
    assert done.returncode == 0 and done.stderr == b""
    assert re.match(r"millrace top  looked-at  running, ready", out)
    for part in ("Flow, last", "\nextract ", "Partitions: 1", "Articles by label", "Dead letters by reason", "Latest articles"):
        assert part in out
    assert "提质行动\\u202e\\u001b]0;owned\\u0007" in out and "\x1b" not in out and "\u202e" not in out
    assert max(map(cells, out.splitlines())) <= 100
    balance = site.daemon.status()["balance"]
    assert re.search(rf"^read +{balance['read']:,}$", out, re.M) and re.search(rf"^published +{balance['published']:,}$", out, re.M)


def test_nobody_there():
    for command in ("top", "tap"):
        done = millrace(command, "--url", "http://127.0.0.1:9", seconds=20)
        assert done.returncode == 1 and re.search(b"(no answer from|nothing to see at) 127.0.0.1:9: cannot connect", done.stderr)
        assert millrace(command, "--url", "ftp://x").returncode == 2
        done = millrace(command, "--set", "admin.enabled=false", "--set", "kafka.bootstrap.servers=x:1")
        assert done.returncode == 1 and b"admin.enabled" in done.stderr


# ---- tap ----

class Tap(Process):
    def __init__(self, site, folder, *arguments):
        self.out = folder / f"tap-{len(list(folder.iterdir()))}.out"
        with open(self.out, "wb") as out:
            super().__init__([BIN / "millrace", "tap", "--config", site.daemon.config, *map(str, arguments)], folder / f"{self.out.stem}.err", stdout=out, env={**os.environ, "TZ": "UTC"})

    def records(self):
        return [json.loads(line) for line in self.out.read_text().splitlines() if line.endswith("}")]

    def text(self):
        return self.out.read_text()

    def err(self):
        return self.log_path.read_text()


def listening(*taps):
    for tap in taps:
        wait_until(lambda: "listening to 127.0.0.1:" in tap.err(), 20, "it says that it listens")


def test_tap_sees_what_flows_and_filters(site, tmp_path):
    every = Tap(site, tmp_path, "--json")
    extract = Tap(site, tmp_path, "--json", "--stage", "extract")
    dead = Tap(site, tmp_path, "--json", "--outcome", "dead", "--where", "code=input.not-json")
    part = Tap(site, tmp_path, "--json", "--where", "title~看见", "--limit", "2")
    third = Tap(site, tmp_path, "--json", "--every", "3", "--source", "试验日报")
    people = Tap(site, tmp_path)
    listening(every, extract, dead, part, third, people)
    titles = site.feed(6) + site.feed(2, title="看见" + HOSTILE)
    site.producer.produce("in", b"{ no json")
    site.producer.flush(10)
    assert part.wait(30) == 0                            # --limit ends it
    wait_until(lambda: len(every.records()) >= 9 and dead.records() and len(third.records()) >= 2 and len(extract.records()) >= 8, 30, "all are told")
    assert sorted(r["record"]["title"] for r in every.records() if r["record"]) == sorted(titles)
    assert {r["outcome"] for r in every.records()} == {"published", "dead"} and all(r["stage"] is None for r in every.records())
    out = site.published()
    assert all(r["record"] == out[r["record"]["article_id"]] for r in every.records() if r["outcome"] == "published")
    assert [r["record"]["title"] for r in part.records()] == ["看见" + HOSTILE] * 2
    assert b"\x1b" not in part.out.read_bytes() and "\u202e" not in part.text()
    [letter] = dead.records()
    assert letter["fault"]["code"] == "input.not-json" and letter["record"] is None
    assert len(third.records()) == 3                     # of eight: the first, the fourth, the seventh
    stage = extract.records()
    assert all(r["stage"] == "extract" and r["outcome"] == "answered" and r["record"]["body"] and r["record"]["primary_label"] == "none" for r in stage)
    wait_until(lambda: "看见" in people.text(), 20, "the last one is shown")
    text = people.text()
    assert "看见\\u202e\\u001b]0;owned\\u0007\\u001b[2J" in text and "\x1b" not in text and "\u202e" not in text
    assert re.search(r"^\d\d:\d\d:\d\d\.\d{3}  dead\n(.*\n)*?  why +input\.not-json at intake", text, re.M)
    assert all(title in text for title in titles[:6])
    for one in (every, extract, dead, third, people):
        one.signal(signal.SIGINT)
        assert one.wait(10) == 0


def test_tap_survives_a_reload_and_a_restart(site, tmp_path, top):
    tap = Tap(site, tmp_path, "--json", "--label", "none")
    screen = top("--config", site.daemon.config)
    screen.shows("running, ready")
    listening(tap)
    before = site.feed(1)
    wait_until(lambda: [r["record"]["title"] for r in tap.records()] == before, 30, "the first is told")
    reloads = site.daemon.metric("millrace_config_reloads_total", result="ok")
    site.daemon.reload()
    wait_until(lambda: site.daemon.metric("millrace_config_reloads_total", result="ok") > reloads, 20, "it is reloaded")
    site.daemon.wait_ready()
    second = site.feed(1)
    wait_until(lambda: [r["record"]["title"] for r in tap.records()] == before + second, 30, "the second is told, over the same connection")
    assert tap.err().count("\n") == 1
    assert site.daemon.stop() == 0
    screen.shows(r"no answer since \d\d:\d\d:\d\d .*trying again")
    wait_until(lambda: "has gone" in tap.err() and "trying again" in tap.err(), 20, "that it is gone is told")
    site.daemon.start().wait_ready()
    wait_until(lambda: "listening again" in tap.err(), 20, "it listens again")
    third = site.feed(1)
    wait_until(lambda: [r["record"]["title"] for r in tap.records()] == before + second + third, 30, "the third is told")
    screen.shows(third[0])
    assert "no answer" not in "\n".join(screen.screen.lines())
    assert tap.err().count("\n") == 3
    tap.signal(signal.SIGTERM)
    assert tap.wait(10) == 0
    screen.keys("q")
    assert screen.end() == 0


def test_what_is_too_much_is_left_out_and_told(site, tmp_path):
    few = Tap(site, tmp_path, "--json", "--rate", "5")
    listening(few)
    read = site.daemon.balance()["read"]
    site.feed(60, characters=60)
    wait_until(lambda: site.daemon.balance()["read"] == read + 60 and site.daemon.balance()["in_flight"] == 0, 30, "they end, whoever looks on")
    wait_until(lambda: sum(map(int, re.findall(r"(\d+) records? left out", few.err()))) + len(few.records()) == 60, 20, lambda: f"every record is told or counted: {few.err()}")
    assert 5 <= len(few.records()) < 60
    few.signal(signal.SIGINT)
    assert few.wait(10) == 0


def test_a_pager_that_takes_nothing_does_not_hold_it(site):
    tap = subprocess.Popen([BIN / "millrace", "tap", "--json", "--rate", "1000", "--config", site.daemon.config], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert b"listening to" in tap.stderr.readline()
    site.feed(12, characters=3000)                       # more than a pipe holds
    wait_until(lambda: select.select([tap.stdout], [], [], 0)[0] and site.daemon.balance()["in_flight"] == 0, 30, "they have ended")
    waiting = lambda: struct.unpack("i", fcntl.ioctl(tap.stdout, termios.FIONREAD, bytes(4)))[0]
    wait_until(lambda: waiting() > 60000, 20, lambda: f"the pipe is full: {waiting()}")
    tap.send_signal(signal.SIGINT)
    assert tap.wait(10) == 0


def test_wrong_filters_are_told(site):
    for arguments, told in ((["--stage", "nothing"], "one of extract, dedup, classify"), (["--where", "title"], "FIELD=TEXT"), (["--outcome", "gone"], "published"), (["--rate", "0"], "1 to 1000"),
                            (["--unknown"], "unknown option"), (["word"], "word")):
        done = millrace("tap", "--config", site.daemon.config, *arguments, seconds=20)
        assert done.returncode == 2 and told in done.stderr.decode(), (arguments, done.stderr)
