"""docs/warehouse.md, Iceberg: the program of the page, twice, on what the demo feed gives. Part of ./run soak: its packages take 300 MB."""
import json
import os
import re
import subprocess

import pytest

import published
import pypi
from daemon import BIN
from require import cannot
from test_warehouse import blocks

READ = """
import json, sys
from pyiceberg.catalog.sql import SqlCatalog
table = SqlCatalog("news", uri="sqlite:///catalog.db").load_table("news.articles")
print(json.dumps({field.name: str(field.field_type) for field in table.schema().fields}))
print(json.dumps(table.scan().to_arrow().to_pylist(), default=lambda time: int(round(time.timestamp() * 1000))))
"""


@pytest.fixture(scope="module")
def python():
    try:
        return pypi.python(("pyiceberg[sql-sqlite,pyarrow]==0.12.0", "pyarrow==26.0.1"), alone=False)
    except pypi.Unavailable as reason:
        cannot(str(reason))


def test_pyiceberg_upserts(python, tmp_path):
    env = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "PYTHONWARNINGS": "ignore"}
    program = next(text for language, text in blocks("iceberg") if language == "python")
    (tmp_path / "articles.jsonl").write_bytes(b"".join(published.demo_feed()))

    def run(*command):
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=180)
        assert done.returncode == 0, done.stdout + done.stderr[-3000:]
        return done.stdout
    run("bash", "-euc", next(text for language, text in blocks("iceberg") if language == "sh"))
    newest = {r["article_id"]: r for r in map(json.loads, (tmp_path / "records.jsonl").read_text().splitlines()) if "body" in r}
    science = sum(r["primary_label"] == "science" for r in newest.values())
    assert run(python, "-c", program) == f"{len(newest)} 0 {science}\n" and science > 0
    assert run(python, "-c", program) == f"0 0 {science}\n"
    changed = next(iter(newest.values()))
    text = (tmp_path / "records.jsonl").read_text()
    (tmp_path / "records.jsonl").write_text(text + json.dumps({**changed, "title": "改了标题"}) + "\n")
    assert run(python, "-c", program).split()[:2] == ["0", "1"]
    changed["title"] = "改了标题"
    types, rows = (json.loads(line) for line in run(python, "-c", READ).splitlines())
    assert types["labels"] == "list<string>" and types["published_at"] == "timestamptz" and types["score_science"] == "double" and types["detail"] == "string"
    for row in rows:
        wanted = newest[row["article_id"]]
        assert list(row) == list(wanted)
        for name, value in wanted.items():
            if types[name] == "timestamptz" and value is not None:
                assert row[name] == wanted.get(f"{name}_ms", row[name]) and re.match(r"\d{4}-", value), name
            else:
                assert row[name] == value, name
