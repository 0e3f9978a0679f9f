"""`millrace explain watch`, `check` and `process --watches` on the golden case of watches: what people see before a watch holds."""
import json
import os
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
MILLRACE = pathlib.Path(os.environ.get("MILLRACE_BIN") or HERE.parent.parent / "build" / "bin") / "millrace"
CASE = HERE / "watches"
WATCHES = str(CASE / "watches.conf")


def run(*arguments, code=0):
    done = subprocess.run([MILLRACE, *map(str, arguments)], capture_output=True, text=True, encoding="utf-8", timeout=60)
    assert done.returncode == code, done.stderr
    return done


def articles():
    return [json.loads(line) for line in (CASE / "articles.jsonl").read_text(encoding="utf-8").splitlines()]


def test_explaining_finds_what_the_stage_found():
    told = [json.loads(line) for line in run("explain", "watch", "--json", "--watches", WATCHES, CASE / "articles.jsonl").stdout.splitlines()]
    assert [[w["watch"] for w in t["watches"]] for t in told] == [a["watches"] for a in articles()]
    alerts = [json.loads(line) for line in (CASE / "alerts.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [w["hits"] for t in told for w in t["watches"]] == [a["detail"]["hits"] for a in alerts]
    everything = [s.strip("[]") for s in (CASE / "watches.conf").read_text().split() if s.startswith("[")]
    assert all(sorted([w["watch"] for w in t["watches"]] + [w["watch"] for w in t["not_met"]]) == sorted(everything) for t in told)


def test_explaining_opens_the_envelope_of_kafka_connect(tmp_path):
    (tmp_path / "records.jsonl").write_text("".join(json.dumps({"schema": {"type": "struct"}, "payload": a}) + "\n" for a in articles()))
    for subject in (["watch", "--watches", WATCHES], ["classify"]):
        assert run("explain", *subject, "--json", tmp_path / "records.jsonl").stdout == run("explain", *subject, "--json", CASE / "articles.jsonl").stdout


def test_explaining_says_why_not():
    text = run("explain", "watch", "--watches", WATCHES, CASE / "articles.jsonl").stdout
    last = text[text.index("桐泊区撤回补贴"):]
    assert "[groups] not met: a term of `not` was found" in last and "not 撤回  title" in last
    assert "[person]" not in last, "of which nothing was found"
    whole = run("explain", "watch", "--all", "--watches", WATCHES, CASE / "articles.jsonl").stdout
    assert "[person] not met: none of the persons" in whole and "[without-label] not met: too few terms of `any`" in whole


def test_explaining_a_text(tmp_path):
    (tmp_path / "a.txt").write_text("WHO backs tests\nThe AI chip, they SAID, is safe.\n", encoding="utf-8")
    told = json.loads(run("explain", "watch", "--json", "--watches", WATCHES, tmp_path / "a.txt").stdout)
    assert [w["watch"] for w in told["watches"]] == ["word-edges", "open-ends", "as-written"]
    assert "\x1b[" in run("explain", "watch", "--color=always", "--watches", WATCHES, tmp_path / "a.txt").stdout
    assert "no file of watches" in run("explain", "watch", tmp_path / "a.txt", code=2).stderr


def test_every_mistake_is_told_at_once(tmp_path):
    (tmp_path / "w.conf").write_text("[a]\nayn = x\nlabels = sciense\n[b]\nany = @none.txt\n")
    sets = ["--set", "pipeline.stages=extract dedup classify watch", "--set", f"watch.file={tmp_path / 'w.conf'}", "--set", "kafka.bootstrap.servers=localhost"]
    said = run("check", *sets, code=78).stderr
    assert f"{tmp_path}/w.conf:2: a watch has no 'ayn' (did you mean 'any'?)\n" in said and f"{tmp_path}/none.txt: cannot open" in said
    (tmp_path / "w.conf").write_text("[a]\nlabels = sciense\n")
    assert "w.conf:2: [a]: the taxonomy has no label 'sciense' (did you mean 'science'?)\n" in run("check", *sets, code=78).stderr
    (tmp_path / "w.conf").write_text("[a]\nany = 芯片\npersons = 林晓\n")
    said = run("check", *sets, "--set", "extract.tagger=off").stderr
    assert "1 watch, 2 terms" in said and "w.conf:3: [a]: this pipeline finds no names" in said
    run("process", "--quiet", "--watches", tmp_path / "none.conf", CASE / "feed.jsonl", code=78)


def test_alerts_are_written_only_when_asked_for():
    out = run("process", "--quiet", "--set", "extract.tagger=rules", "--watches", WATCHES, CASE / "feed.jsonl").stdout
    assert [r.get("alert_id") for r in map(json.loads, out.splitlines())] == [None] * 5
