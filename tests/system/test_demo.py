"""`millrace demo`, the newcomer's first ten minutes, on the embedded broker."""
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import time
import unicodedata
import urllib.request

import pytest

from daemon import BIN, ROOT, millrace
from process import Process
from require import cannot
from wait import wait_until

ESCAPE = re.compile(rb"\x1b\[[0-9;]*[A-Za-z]")


@pytest.fixture(autouse=True)
def built():
    if not (BIN / "millraced").exists():
        cannot(f"{BIN / 'millraced'} is not built (./run build)")


def folder_of(told):
    """The folder of the demo that said this on standard error. Other demos of the machine are nobody's business."""
    return pathlib.Path(re.search(r"demo, in (/tmp/millrace-demo-\w+)", told)[1])


def on_terminal(*arguments, columns, env):
    """Output of one run on a terminal of its own."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(env)
        os.environ.pop("COLUMNS", None)
        os.execv("/bin/sh", ["sh", "-c", f"stty cols {columns} rows 50; exec \"$0\" \"$@\"", str(BIN / "millrace"), *arguments])
    out, end = b"", time.monotonic() + 90
    try:
        while time.monotonic() < end:
            if not select.select([fd], [], [], 1)[0]:
                continue
            try:
                got = os.read(fd, 65536)
            except OSError:                              # the other side is closed
                got = b""
            if not got:
                break
            out += got
        else:
            os.kill(pid, signal.SIGKILL)
    finally:
        status = os.waitpid(pid, 0)[1]
        os.close(fd)
    return os.waitstatus_to_exitcode(status), out


def cells(text):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def test_the_demo_comes_out_as_expected_and_leaves_nothing_behind(tmp_path):
    done = subprocess.run([BIN / "millrace", "demo", "--once"], capture_output=True, timeout=120, cwd=tmp_path)
    out = done.stdout.decode()
    assert done.returncode == 0, (out + done.stderr.decode())[-3000:]
    assert "All as expected" in out
    assert b"\x1b" not in done.stdout + done.stderr              # nobody asked for colours here
    expected = json.loads((ROOT / "conf" / "demo" / "expected.json").read_text())
    assert f"Articles: {expected['articles']} " in out and f"Duplicates: {expected['duplicates']} " in out and f"Dead letters: {expected['dead']} " in out
    assert f"Alerts: {expected['alerts']} " in out and re.search(r"人才安居 +安居 +海嶼大學推出青年學者安居計劃 +the headline", out)
    assert re.search(r"one newspaper page, split into 3 articles:\n +云汀县", out)
    assert re.search(r"青槐江洪峰提前.* none .*revision 1, was:", out)
    assert not folder_of(done.stderr.decode()).exists()


@pytest.mark.parametrize("columns,no_color", [(80, ""), (160, "1")])
def test_the_tables_fit_the_terminal(columns, no_color):
    code, out = on_terminal("demo", "--once", columns=columns, env={"TERM": "xterm", "LANG": "C", "NO_COLOR": no_color})
    assert code == 0, out[-2000:]
    assert bool(re.search(rb"\x1b\[[0-9;]*m", out)) == (not no_color)
    lines = re.split("[\r\n]+", ESCAPE.sub(b"", out).decode())
    assert max(cells(line) for line in lines if not line.startswith("          from")) < columns         # a folder's name may be long
    # Every label begins in the column of its heading.
    head = next(line for line in lines if line.startswith("  Title") and "Labels" in line)
    rows = [line for line in lines if re.search(r"  (education|science|talent) [01]\.[0-9]", line)]
    assert len(rows) >= 15
    for line in rows:
        at = re.search(r"(?<=  )(education|science|talent) [01]\.", line).start()
        assert cells(line[:at]) == head.index("Labels"), line


def test_differences_are_told_and_end_with_1(tmp_path):
    feed = tmp_path / "feed"
    shutil.copytree(ROOT / "conf" / "demo", feed)
    lines = (feed / "feed.jsonl").read_text().splitlines()
    first = json.loads(lines[0])
    assert first["expect"]["primary_label"] == "education"
    first["expect"]["primary_label"] = "talent"
    (feed / "feed.jsonl").write_text("\n".join([json.dumps(first)] + lines[1:]) + "\n")
    (feed / "expected.json").write_text((feed / "expected.json").read_text().replace('"published": 26', '"published": 27'))
    done = millrace("demo", "--once", "--feed", feed)
    err = done.stderr.decode()
    assert done.returncode == 1, err
    assert 'primary_label should be "talent", is "education"' in err and "published should be 27, is 26" in err and "2 differences" in err
    kept = folder_of(err)
    assert kept.is_dir() and f"Kept for a look: {kept}" in err
    shutil.rmtree(kept)


def test_what_a_setting_keeps_out_is_not_waited_for():
    done = millrace("demo", "--once", "--set", "sink.filter=languages=en", "--set", "dedup.duplicates=drop")
    out = done.stdout.decode()
    read, published, filtered, dead = map(int, re.search(r"(\d+) read = (\d+) published \+ \d+ duplicates \+ (\d+) filtered \+ (\d+) dead", out).groups())
    assert re.search(r"Alerts: 1 .*\n.*\n +Larkwater's", out)
    assert published >= 1 and filtered > 10 and f"Articles: {published} " in out and "Duplicates: 0 " in out and f"Dead letters: {dead} " in out and read > published + filtered
    assert done.returncode == 1 and b"should be" in done.stderr and b"can be read" not in done.stderr           # the feed expects all of them
    assert b"level=info" not in done.stderr                      # of the daemon's log only what is wrong
    shutil.rmtree(folder_of(done.stderr.decode()))


def started(tmp_path):
    """A demo that stays; (process, admin port, pids of its children and theirs)."""
    demo = Process([BIN / "millrace", "demo"], tmp_path / "demo.log", life=120)
    address = wait_until(lambda: re.search(r"http://127\.0\.0\.1:(\d+)/status", demo.log_path.read_text()), 60, "the demo tells the address of its admin port")
    family, news = set(), {demo.pid}
    while news:
        found = {int(p) for parent in news for task in [pathlib.Path(f"/proc/{parent}/task/{parent}/children")] for p in task.read_text().split()}
        family, news = family | found, found - family
    return demo, int(address[1]), family


def alive(pids):
    return [p for p in pids if pathlib.Path(f"/proc/{p}").exists() and "Z" != pathlib.Path(f"/proc/{p}/stat").read_text().rsplit(")", 1)[1].split()[0]]


def test_it_stays_until_it_is_told_to_end_and_drains(tmp_path):
    demo, port, family = started(tmp_path)
    folder = folder_of(demo.log_path.read_text())
    assert folder.is_dir()
    assert len(family) == 5                      # the daemon and a worker of each kind
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5) as answer:
        assert answer.status == 200
    demo.signal(signal.SIGINT)
    assert demo.wait(40) == 0, demo.log_path.read_text()
    assert not alive(family) and not folder.exists()


def test_nothing_outlives_a_demo_that_is_killed(tmp_path):
    demo, _, family = started(tmp_path)
    folder = folder_of(demo.log_path.read_text())
    demo.kill()
    wait_until(lambda: not alive(family), 10, lambda: f"{alive(family)} end with the demo")
    shutil.rmtree(folder)                        # a killed process cannot tidy up


def test_without_its_programs_it_says_what_is_missing(tmp_path):
    shutil.copy(BIN / "millrace", tmp_path / "millrace")
    done = subprocess.run([tmp_path / "millrace", "demo"], capture_output=True, timeout=20)
    assert done.returncode == 1
    assert b"millrace-worker" in done.stderr and b"./run build" in done.stderr
    assert millrace("demo", "--feed", tmp_path).returncode == 1
    assert millrace("demo", "--wrong").returncode == 2


def test_an_embedded_broker_ends_with_its_standard_input():
    done = millrace("broker", "--topics", "a:2,b", input=b"", seconds=20)
    assert done.returncode == 0 and done.stdout.startswith(b"127.0.0.1:")
    assert millrace("broker", "--topics", "a:0", input=b"").returncode == 2
