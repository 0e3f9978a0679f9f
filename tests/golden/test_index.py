"""`millrace index` on a state folder that `millrace process --state` wrote: what is in it, is it sound, damaged, compacted; and the copies are recognised as before."""
import json
import os
import pathlib
import re
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
MILLRACE = pathlib.Path(os.environ.get("MILLRACE_BIN") or HERE.parent.parent / "build" / "bin") / "millrace"
TEXT = "云汀县第{0}小学今年开设竹编课，{0}名学生跟着老艺人学习起底、编身、收口。校长石砚说，学校把{0}间旧仓库改成工坊，周末也向村民开放，第{0}批作品将在梧岭市展出。"


def millrace(*arguments, code=0, **more):
    done = subprocess.run([MILLRACE, *map(str, arguments)], capture_output=True, text=True, encoding="utf-8", timeout=60, check=False,
                          env={**os.environ, "COLUMNS": "120", "NO_COLOR": ""}, **more)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout if not code else done.stdout + done.stderr


def process(folder, numbers, site="a"):
    lines = "\n".join(json.dumps({"id": f"{site}-{n}", "url": f"https://{site}.example/{n}", "title": f"竹编课走进第{n}小学", "text": TEXT.format(n) + f"（记者甲{n * n}）",
                                  "fetched_at": f"2026-03-{n % 28 + 1:02}T08:00:00Z"}, ensure_ascii=False) for n in numbers)
    out = millrace("process", "--quiet", "--state", folder, "-", input=lines)
    return [json.loads(line) for line in out.splitlines()]


def stat(folder):
    return json.loads(millrace("index", "stat", "--state-dir", folder, "--json"))


@pytest.fixture
def state(tmp_path):
    """Three epochs of ten articles; a start of `process` is one epoch at least."""
    for first in (1000, 2000, 3000):
        made = process(tmp_path / "state", range(first, first + 10))
        assert [r["duplicate_of"] for r in made] == [None] * 10
    return tmp_path / "state"


def test_stat(state):
    told = stat(state)
    assert told["articles"] == told["live"]["articles"] == 30 and told["aliases"] == 0 and told["damaged_places"] == 0
    assert sum(day["articles"] for day in told["days"]) == 30 and all(re.fullmatch(r"2026-03-\d\d", day["day"]) for day in told["days"])
    assert told["bytes"] == sum(path.stat().st_size for path in state.glob("index-*.log")) and not told["in_use"]
    text = millrace("index", "stat", "--state-dir", state)
    assert "Articles    30" in text and "100.0 %" in text and "2026-03-" in text and "█" in text


def test_verify_names_the_damage(state):
    assert re.search(r"1 file, .* 30 articles", millrace("index", "verify", "--state-dir", state))
    [log] = state.glob("index-*.log")
    whole = log.read_bytes()
    at = len(whole) // 2
    log.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1:])
    told = millrace("index", "verify", "--state-dir", state, code=1)
    found = re.search(r"index-00000001\.log, byte (\d+), (\d+) bytes: damaged, between the epochs \d+ and \d+; at least \d+ entr", told)
    assert found and int(found[1]) <= at < int(found[1]) + int(found[2]), told
    assert log.read_bytes()[at + 1:] == whole[at + 1:], "verify changed something"
    assert "is forgotten" in subprocess.run([MILLRACE, "process", "--quiet", "--state", state, "-"], input="", capture_output=True, text=True, check=True).stderr
    assert "damaged earlier" in millrace("index", "verify", "--state-dir", state)
    left = stat(state)["articles"]
    assert 20 <= left < 30
    millrace("index", "compact", "--state-dir", state)
    assert "damaged" not in millrace("index", "verify", "--state-dir", state) and stat(state)["articles"] == left
    [log] = state.glob("index-*.log")
    log.write_bytes(log.read_bytes()[:-5])
    assert "not finished" in millrace("index", "verify", "--state-dir", state, code=1)


def test_compact_keeps_what_lives(state):
    before = stat(state)
    told = millrace("index", "compact", "--state-dir", state)
    assert re.search(r"-> .* in 1 file: 30 articles and 0 aliases kept, 0 entries let go", told), told
    after = stat(state)
    assert after["live"] == before["live"] and after["days"] == before["days"] and after["log_id"] == before["log_id"] and after["bytes"] <= before["bytes"]
    copies = process(state, range(2000, 2010), site="b")
    assert all(r["duplicate_of"] for r in copies), "what was compacted is not remembered"
    millrace("index", "verify", "--state-dir", state)


def test_wrong_use(tmp_path):
    assert "stat, verify, compact or rebuild" in millrace("index", code=2)
    assert "none of" in millrace("index", "stats", code=2)
    assert "unexpected '--json'" in millrace("index", "verify", "--json", code=2)
    assert "needs a folder" in millrace("index", "stat", "--state-dir", code=2)
    missing = tmp_path / "nowhere"
    for verb in ("stat", "verify", "compact"):
        assert "cannot read the folder" in millrace("index", verb, "--state-dir", missing, code=1) and not missing.exists()
        assert "holds no index" in millrace("index", verb, "--state-dir", tmp_path, code=1) and list(tmp_path.iterdir()) == []
    (tmp_path / "index-00000001.log").write_text("not ours, and longer than a header frame")
    for verb in ("stat", "verify", "compact"):
        assert "not an index log" in millrace("index", verb, "--state-dir", tmp_path, code=1)
    assert "intake.identity" in millrace("index", "stat", "--set", "intake.identity=nothing", code=78)
