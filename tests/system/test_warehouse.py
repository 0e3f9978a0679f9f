"""docs/warehouse.md: every command and query of the page is run, against a real PostgreSQL, the real engine of ClickHouse, DuckDB, and a real Kafka.

A block names after its language who runs it: ```sql postgres. Blocks of one recipe are run in the order of the page, in one folder."""
import itertools
import json
import os
import re
import subprocess

import pytest
from confluent_kafka import Producer

import published
import pypi
from daemon import BIN, ROOT
from process import Process
from require import cannot
from wait import wait_until

PAGE = (ROOT / "docs/warehouse.md").read_text()
BLOCK = re.compile(r"^```(\w+) ?([\w-]*)\n(.*?)^```$", re.S | re.M)
RUN_HERE = {"postgres", "clickhouse", "duckdb"}
CONFIG = "/etc/millrace/millrace.conf"
_numbers = itertools.count(1)


def blocks(recipe):
    """(language, text) of a recipe."""
    return [(language, text) for language, tag, text in BLOCK.findall(PAGE) if tag == recipe]


def statements(sql):
    return [one.strip() for one in re.split(r";[ \t]*$", sql, flags=re.M) if one.strip()]


def put(kafka, topic, records, abort=False):
    """In one transaction, as the daemon publishes; None: a tombstone of an article that nobody has."""
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "transactional.id": f"recipe-{next(_numbers)}", "log_level": 0})
    producer.init_transactions(30)
    producer.begin_transaction()
    for line in records:
        key = "e" * 32 if line is None else json.loads(line).get("article_id") if line.startswith(b"{") else None
        producer.produce(topic, key=key, value=line)
    producer.flush(60)
    producer.abort_transaction(60) if abort else producer.commit_transaction(60)


class Recipe:
    """A folder, a configuration and two topics with what the demo feed gives, two bad records, a tombstone, and a record of a transaction that was aborted."""

    def __init__(self, kafka, folder):
        name = f"recipe{next(_numbers)}"
        self.folder, self.out, self.copies = folder, f"{name}.out", f"{name}.dup"
        self.articles, self.duplicates = published.demo()
        kafka.create_topic(self.out, 1)
        kafka.create_topic(self.copies, 1)
        wrong = {**json.loads(self.articles[0]), "article_id": "0" * 32, "labels": "education"}
        put(kafka, self.out, [json.dumps({**json.loads(self.articles[0]), "article_id": "f" * 32}).encode()], abort=True)
        put(kafka, self.out, [*self.articles, None, b"\xe5\x9d\x8f not json", json.dumps(wrong, ensure_ascii=False).encode()])
        put(kafka, self.copies, self.duplicates)
        self.config = folder / "millrace.conf"
        self.config.write_text(f"[intake]\ngroup = {name}\n[publish]\ntopic = {self.out}\nduplicates_topic = {self.copies}\n[kafka]\nbootstrap.servers = {kafka.bootstrap}\n")

    def sh(self, text, env=None, path=()):
        env = {**os.environ, **(env or {}), "PATH": ":".join([str(BIN), *map(str, path), os.environ["PATH"]])}
        done = subprocess.run(["bash", "-eu", "-c", text.replace(CONFIG, str(self.config))], cwd=self.folder, env=env, capture_output=True, timeout=180)
        assert done.returncode == 0, (text, done.stdout.decode(), done.stderr.decode())
        return done.stdout.decode()

    def newest(self):
        return {r["article_id"]: r for r in map(json.loads, self.articles)}


@pytest.fixture
def recipe(kafka, tmp_path):
    if not (BIN / "millrace").exists():
        cannot(f"{BIN / 'millrace'} is not built (./run build)")
    return Recipe(kafka, tmp_path)


@pytest.fixture(scope="module")
def python():
    try:
        return pypi.python()
    except pypi.Unavailable as reason:
        cannot(str(reason))


def test_every_block_has_who_runs_it():
    fences = re.findall(r"^```", PAGE, re.M)
    found = BLOCK.findall(PAGE)
    assert len(fences) == 2 * len(found) and len(found) > 10
    assert {tag for _, tag, _ in found} == RUN_HERE | {"by-hand", "connect", "iceberg"}
    assert sum(tag == "by-hand" for _, tag, _ in found) == 2           # the client of ClickHouse; Iceberg's connector


# ---- PostgreSQL ----

def check_unit(recipe, text):
    unit = recipe.folder / "millrace-load.service"
    unit.write_text(text.replace("/usr/bin/millrace", str(BIN / "millrace")))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and not done.stdout + done.stderr, done.stdout + done.stderr


def test_postgres(recipe, postgres):
    env, database, said = postgres.env(), None, []
    for language, text in blocks("postgres"):
        if language == "sh":
            said.append(recipe.sh(text, env, [postgres.bin]))
        elif language == "ini":
            check_unit(recipe, text)
        else:
            done = subprocess.run([postgres.bin / "psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-d", "news"], input=text.encode(), env=env, capture_output=True, timeout=60)
            assert done.returncode == 0, (text, done.stderr.decode())
            said.append(done.stdout.decode())
    articles, copies = recipe.newest(), {json.loads(line)["article_id"] for line in recipe.duplicates}
    assert said[0].startswith(f"{len(recipe.articles) + len(recipe.duplicates) + 3} records: ") and said[0].endswith(" 0 deleted, 2 rejected\n"), said[0]
    assert said[2].startswith("0 records")                             # the second loader, with few rights, finds all of it done
    told = "".join(said)
    for needle in ("education", "课后服务", "县教育局局长莫怀远介绍", "not-json|1", "wrong-type|1", '"labels": "education"', f"{recipe.out}|0|"):
        assert needle in told, needle
    assert len(articles) > 15 and len(copies) > 3
    most = max((r for r in said if "|{" in r), key=len)                # stories: title|reprints|sources|first|labels
    reprints = [int(line.split("|")[1]) for line in most.splitlines() if line.count("|") == 4]
    assert reprints and reprints == sorted(reprints, reverse=True) and reprints[0] >= 1


# ---- ClickHouse ----

class ClickHouse:
    """The engine in a process of its own, asked over pipes."""

    def __init__(self, python, folder):
        self.process = Process([python, ROOT / "tests/system/clickhouse_shell.py", folder / "clickhouse"], folder / "clickhouse.log", stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, life=300)

    def ask(self, *questions):
        """The rows of each statement."""
        self.process.popen.stdin.write(json.dumps(questions).encode() + b"\n")
        self.process.popen.stdin.flush()
        line = self.process.popen.stdout.readline()
        assert line, self.process.log_path.read_text()[-2000:]
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["answers"]

    def close(self):
        self.process.popen.stdin.close()
        self.process.kill()


@pytest.fixture
def clickhouse(python, tmp_path):
    made = ClickHouse(python, tmp_path)
    yield made
    made.close()


def test_clickhouse(recipe, clickhouse):
    for language, text in blocks("clickhouse"):
        if language == "sh":
            recipe.sh(text)
    clickhouse.ask(*statements((recipe.folder / "millrace.sql").read_text()))
    counts = ["SELECT count() FROM millrace.articles FINAL", "SELECT count() FROM millrace.duplicates FINAL", "SELECT count() FROM millrace.rejects FINAL"]
    want = [[[len(recipe.newest())]], [[len({json.loads(line)["article_id"] for line in recipe.duplicates})]], [[2]]]

    def arrived():
        return [[[int(n) for n in row] for row in rows] for rows in clickhouse.ask(*counts)] == want
    wait_until(arrived, 90, lambda: f"ClickHouse reads the topics: {clickhouse.ask(*counts)}, wanted {want}", every=0.5)
    check_values(recipe, clickhouse)
    answers = [clickhouse.ask(one)[0] for language, text in blocks("clickhouse") if language == "sql" for one in statements(text)]
    assert len(answers) == 6 and all(answers)
    articles = recipe.newest().values()
    assert int(answers[0][0][0]) == sum("education" in r["labels"] for r in articles)
    ids = recipe.newest()
    reprints = sorted((sum(1 for i in ids_of if i not in ids) for ids_of in by_story(recipe).values()), reverse=True)
    assert [int(row[1]) for row in answers[1]] == reprints[:20] + [0] * (min(20, len(answers[1])) - len(reprints[:20]))
    assert len(answers[5]) == 2 and all(row[3] for row in answers[5])
    raw = clickhouse.ask("SELECT value FROM millrace.rejects FINAL ORDER BY `offset`")[0]
    assert "not json" in raw[0][0] and '"labels": "education"' in raw[1][0]


def by_story(recipe):
    found = {}
    for line in recipe.duplicates:
        r = json.loads(line)
        found.setdefault(r["story_id"], set()).add(r["article_id"])
    return found


def check_values(recipe, clickhouse):
    """Every value of every record, as ClickHouse understands it."""
    columns = [row[0] for row in clickhouse.ask("SELECT name FROM system.columns WHERE database = 'millrace' AND table = 'articles' ORDER BY position")[0]]
    contract = list(json.loads(recipe.articles[0]))
    assert columns == [*contract, "record_topic", "record_partition", "record_offset"]
    for wanted in recipe.newest().values():
        row = clickhouse.ask(f"SELECT {', '.join(f'`{c}`' for c in contract)} FROM millrace.articles FINAL WHERE article_id = '{wanted['article_id']}'")[0][0]
        for name, found in zip(contract, row):
            value = wanted[name]
            if name == "detail":
                found = json.loads(found)
            elif isinstance(value, int) and not isinstance(value, bool):
                found = int(found)
            elif re.fullmatch(r".*T\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)", str(value)) and name.endswith("_at"):
                stamp = clickhouse.ask(f"SELECT toUnixTimestamp64Milli({name}), toUnixTimestamp64Milli(parseDateTime64BestEffort('{value}', 3)) FROM millrace.articles FINAL "
                                       f"WHERE article_id = '{wanted['article_id']}'")[0][0]
                value, found = stamp[1], stamp[0]
            assert found == value, (name, found, value)


# ---- DuckDB ----

def test_duckdb(recipe, python):
    (recipe.folder / "articles.jsonl").write_bytes(b"".join(published.demo_feed()))
    for language, text in blocks("duckdb"):
        if language == "sh":
            recipe.sh(text)
    script = "import duckdb, json, sys\nfor one in json.load(sys.stdin): print(json.dumps(duckdb.sql(one).fetchall() if one.startswith('SELECT') else duckdb.execute(one) and [], default=str))"
    sql = [one for language, text in blocks("duckdb") if language == "sql" for one in statements(text)]
    done = subprocess.run([python, "-c", script], input=json.dumps(sql).encode(), cwd=recipe.folder, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    lines = [json.loads(line) for line in recipe.articles]
    assert answers[1] == [[len(lines)]]
    assert sorted(row[0] for row in answers[2]) == sorted(r["title"] for r in lines if "science" in r["labels"])
    assert len(answers[3]) == min(20, sum(len(r["detail"]["metrics"]) for r in lines)) and answers[4][0][1] >= 1
    assert (recipe.folder / "articles.parquet").stat().st_size > 1000
