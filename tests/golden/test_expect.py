"""`millrace process --expect`: a configuration is tested by what comes out with it. The texts are our own."""
import json
import os
import pathlib
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
MILLRACE = pathlib.Path(os.environ.get("MILLRACE_BIN") or HERE.parent.parent / "build" / "bin") / "millrace"
SCHOOL = "滨河区教育局今日宣布，三所新学校秋季开学，招收学生两千人，教师全部到岗。学校还将开设科学实验课程。"
FEED = [json.dumps(r, ensure_ascii=False) for r in (
    {"id": "school", "title": "区里办了新学校", "text": SCHOOL, "published_at": "2026-03-01"},
    {"id": "chips", "title": "芯片厂投产", "text": "高新区芯片厂今日投产，预计年产值五十亿元，研发人员三百人，获得多项专利。", "published_at": "2026-03-01"},
    {"id": "again", "title": "区里办了新学校", "text": SCHOOL, "published_at": "2026-03-02"})] + ["no JSON"]


def process(tmp_path, expectations, *words):
    """(exit code, lines on standard output, lines on standard error)"""
    (tmp_path / "feed.jsonl").write_text("\n".join(FEED) + "\n", encoding="utf-8")
    (tmp_path / "watches.conf").write_text("[chips]\nany = 芯片\n", encoding="utf-8")
    text = expectations if isinstance(expectations, str) else "\n".join(json.dumps(e, ensure_ascii=False) for e in expectations)
    (tmp_path / "e.jsonl").write_text(text, encoding="utf-8")
    done = subprocess.run([MILLRACE, "process", "--watches", "watches.conf", *words, "--expect", "e.jsonl", "feed.jsonl"], cwd=tmp_path, capture_output=True, text=True, encoding="utf-8",
                          timeout=60, check=False)
    return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()


GOOD = [{"feed_id": "school", "outcome": "published", "labels": ["education"], "watches": [], "detail": {"page": None}},
        {"feed_id": "chips", "watches": ["chips"], "language": "zh"}, {"feed_id": "again", "outcome": "duplicate"}, {"record": 3, "outcome": "dead", "code": "input.not-json"}]


@pytest.mark.parametrize("words", [(), ("--set", "sink.envelope=connect", "--set", "sink.detail=text")])
def test_all_is_met(tmp_path, words):
    wanted = GOOD if not words else [{k: v for k, v in e.items() if k != "detail"} for e in GOOD]
    assert process(tmp_path, wanted, *words) == (0, ["4 of 4 expectations met"], [])


def test_each_that_is_not_met_is_told(tmp_path):
    code, told, _ = process(tmp_path, [
        {"feed_id": "school", "labels": ["talent"], "detail": {"page": 4}, "nobody": 1}, {"feed_id": "gone"}, {"record": 3, "outcome": "published"}, {"record": 3},
        {"record": 0, "outcome": "filtered"}, {"feed_id": "chips", "page_index": 1}, {"record": 9}, {"feed_id": "chips", "watches": ["chips"]}, {"record": 3, "outcome": "dead", "code": "other"}])
    assert code == 1
    assert told == [
        'e.jsonl:1: feed_id school: labels should be ["talent"], is ["education"]; detail.page should be 4, is not there; nobody should be 1, is not there',
        "e.jsonl:2: feed_id gone: no record with this id came out (name a filtered or dead one by `record`)",
        "e.jsonl:3: record 3: should be published, is dead: input.not-json", "e.jsonl:4: record 3: should be a record, is dead: input.not-json",
        "e.jsonl:5: record 0: should be filtered, is published",
        "e.jsonl:6: feed_id chips, article 1: no record with this id came out (name a filtered or dead one by `record`)", "e.jsonl:7: record 9: no such record was read",
        'e.jsonl:9: record 3: code should be "other", is "input.not-json"', "1 of 9 expectations met"]


def test_what_is_filtered(tmp_path):
    wanted = [{"feed_id": "school"}, {"record": 1, "outcome": "filtered", "code": "labels"}]
    assert process(tmp_path, wanted, "--set", "sink.filter=labels=education") == (0, ["2 of 2 expectations met"], [])


@pytest.mark.parametrize("text,why", [
    ('{"feed_id": 1}', "1: which record?"), ('{"record": "x"}', "1: which record?"), ('{"feed_id": "a", "record": 0}', "1: which record?"), ("\n[1]", "2: an expectation is an object"),
    ('{"record": 0, "outcome": "any"}', "1: outcome is"), ('{"record": 0, "outcome": 3}', "1: outcome is"), ('{"record": 0, "page_index": "x"}', "1: page_index"), ("x", "1: "),
    ('{"record":0,"a":1,"a":2}', "1: duplicate object key"), ("\n\n", " no expectation in it")])
def test_a_wrong_file_is_refused(tmp_path, text, why):
    code, told, errors = process(tmp_path, text)
    assert code == 78 and told == [] and errors[0].startswith("millrace process: e.jsonl:") and why in errors[0]
