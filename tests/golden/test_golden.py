"""Golden cases through `millrace process`, and their records against the schema that `millrace schema` prints for the same settings (README.md)."""
import json
import os
import pathlib
import re
import subprocess

import jsonschema
import pytest

HERE = pathlib.Path(__file__).resolve().parent
MILLRACE = pathlib.Path(os.environ.get("MILLRACE_BIN") or HERE.parent.parent / "build" / "bin") / "millrace"
CASES = sorted(folder.parent.name for folder in HERE.glob("*/settings"))
MOVING = ("processed_at", "processed_at_ms", "pipeline")


def settings(case):
    return [word for line in (HERE / case / "settings").read_text().splitlines() for word in ("--set", line)]


def lines(case, name):
    path = HERE / case / name
    return [json.loads(line) for line in path.read_text().split("\n") if line] if path.exists() else []


def run(*arguments):
    return subprocess.run([MILLRACE, *arguments], capture_output=True, text=True, encoding="utf-8", timeout=60, check=True)


def process(case, alerts=None):
    """(articles, duplicates, dead letters) of a case; alerts go to that file."""
    feed = next((HERE / case).glob("feed.*"))
    watches = ["--watches", str(HERE / case / "watches.conf")] if (HERE / case / "watches.conf").exists() else []
    done = run("process", "--quiet", *settings(case), *watches, *(["--alerts", str(alerts)] if alerts else []), str(feed))
    records = [json.loads(line) for line in done.stdout.split("\n") if line]
    dead = [{"source_offset": int(n), "code": code, "stage": stage} for n, code, stage in
            re.findall(r"^dead letter: record (\d+): (\S+) \((\S+)\)", done.stderr, re.M)]
    return [r for r in records if "body" in r], [r for r in records if "body" not in r], dead


def still(record):
    return [(name, value) for name, value in record.items() if name not in MOVING]


@pytest.mark.parametrize("case", [c for c in CASES if not (HERE / c / "headers.json").exists()])       # files have no headers
def test_comes_out_as_written(case, tmp_path):
    articles, duplicates, dead = process(case, tmp_path / "alerts")
    alerts = [json.loads(line) for line in (tmp_path / "alerts").read_text(encoding="utf-8").split("\n") if line]
    for got, name in ((articles, "articles.jsonl"), (duplicates, "duplicates.jsonl"), (alerts, "alerts.jsonl")):
        want = lines(case, name)
        assert [still(r) for r in got] == [list(r.items()) for r in want]
    assert dead == lines(case, "dead.jsonl")


@pytest.mark.parametrize("case", CASES)
def test_keeps_the_schema(case, tmp_path):
    articles, duplicates, _ = process(case, tmp_path / "alerts")
    alerts = [json.loads(line) for line in (tmp_path / "alerts").read_text(encoding="utf-8").split("\n") if line]
    for records, which in ((articles, "article"), (duplicates, "duplicate"), (alerts, "alert")):
        schema = json.loads(run("schema", which, *settings(case)).stdout)
        validator = jsonschema.Draft7Validator(schema)
        validator.check_schema(schema)
        for record in records:
            validator.validate(record)
            assert list(record) == list(schema["properties"]), "fields or their order differ from the schema"


def test_the_schema_refuses():
    """The schema can fail: each of these changes breaks a record."""
    record = process("plain")[0][0]
    validator = jsonschema.Draft7Validator(json.loads(run("schema", "article").stdout))
    validator.validate(record)
    for name, wrong in (("article_id", "x"), ("authors", None), ("published_at", "2026-03-13"), ("score_talent", "1"), ("labels", ["sports"]), ("characters", 1.5),
                        ("detail", []), ("duplicate_kind", "far"), ("schema_version", 2)):
        assert not validator.is_valid({**record, name: wrong}), name
        assert not validator.is_valid({k: v for k, v in record.items() if k != name}), name


def test_feed_records_fit_the_feed_schema():
    validator = jsonschema.Draft7Validator(json.loads(run("schema", "feed").stdout))
    for record in lines("plain", "feed.jsonl") + lines("times", "feed.jsonl"):
        validator.validate(record)
    assert not validator.is_valid({"title": "no text"})


def test_the_manual_names_every_field():
    manual = (HERE.parent.parent / "docs" / "record.md").read_text(encoding="utf-8")
    article = json.loads(run("schema", "article").stdout)["properties"]
    names = [n for n in article if not n.startswith("score_")] + list(article["detail"]["properties"])
    names += json.loads(run("schema", "feed").stdout)["properties"]
    alert = json.loads(run("schema", "alert").stdout)["properties"]
    names += list(alert) + list(alert["detail"]["properties"]["hits"]["items"]["properties"])
    dead = json.loads(run("schema", "dead-letter").stdout)["properties"]
    names += dead["millrace.error.code"]["enum"]
    assert [n for n in names if f"`{n}`" not in manual] == []
    for name in dead:
        assert f"`{name}`" in manual or f"`.{name.split('.')[-1]}`" in manual, name
