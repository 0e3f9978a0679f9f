"""docs/warehouse.md, Kafka Connect: a real worker with Debezium's JDBC sink takes the records of the daemon's settings `sink.envelope = connect`, `sink.detail = text` into a
real PostgreSQL. Part of ./run soak: the jars take 70 MB and a worker half a minute to start."""
import json
import os
import pathlib
import subprocess

import pytest

import kafka as kafka_module
import postgres as postgres_module
import published
from process import Process, free_port
from require import cannot
from test_warehouse import blocks, put
from wait import wait_until

POM = pathlib.Path(kafka_module.POM).parent / "jdbc" / "pom.xml"


@pytest.fixture(scope="module")
def jars():
    try:
        return kafka_module.fetch(POM, "connect-jdbc-3.9.2-3.3.1", "debezium-connector-jdbc-*.jar")
    except kafka_module.Unavailable as reason:
        cannot(str(reason))


@pytest.fixture
def database():
    try:
        server = postgres_module.Postgres(port=free_port())
    except postgres_module.Unavailable as reason:
        cannot(str(reason))
    try:
        yield server.start().create_database("news")
    finally:
        server.clean()


def properties(name, **other):
    """A block of the page, with the addresses of this test: the last line of a name counts."""
    text = next(text for language, text in blocks("connect") if text.startswith(f"# {name}\n"))
    lines = [f"{key}={value}\n" for key, value in other.items()]
    assert all(f"\n{key}=" in text for key in other if key != "listeners"), other        # only what the page sets, too
    return text + "".join(lines).replace("\\", "\\\\")


def test_debezium_writes_what_the_daemon_publishes(kafka, jars, database, tmp_path):
    settings = dict(line.split(" = ") for language, text in blocks("connect") if language == "ini" for line in text.splitlines()[1:])
    articles, _ = published.demo(*[part for key, value in settings.items() for part in ("--set", f"sink.{key}={value}")])
    records = [json.loads(line)["payload"] for line in articles]
    newest = {r["article_id"]: r for r in records}
    gone = records[-1]["article_id"]
    kafka.create_topic("connect.out", 1)
    kafka.produce("connect.out", [(r["article_id"], line) for r, line in zip(records, articles)] + [(gone, None)])
    del newest[gone]
    (tmp_path / "worker.properties").write_text(properties("worker.properties", **{"bootstrap.servers": kafka.bootstrap, "offset.storage.file.filename": tmp_path / "offsets",
                                                                                  "listeners": "http://127.0.0.1:0"}))
    (tmp_path / "articles.properties").write_text(properties("articles.properties", **{
        "topics": "connect.out", "connection.url": f"jdbc:postgresql://127.0.0.1:{database.server.port}/news", "connection.username": postgres_module.USER,
        "connection.password": postgres_module.PASSWORD}))
    (tmp_path / "log4j.properties").write_text("log4j.rootLogger=WARN, out\nlog4j.appender.out=org.apache.log4j.ConsoleAppender\n"
                                               "log4j.appender.out.layout=org.apache.log4j.PatternLayout\nlog4j.appender.out.layout.ConversionPattern=%d %p %m (%c)%n\n")
    worker = Process(["java", "-Xmx400m", "-XX:+UseSerialGC", f"-Dlog4j.configuration=file:{tmp_path}/log4j.properties", "-cp", f"{jars}/*",
                      "org.apache.kafka.connect.cli.ConnectStandalone", tmp_path / "worker.properties", tmp_path / "articles.properties"], tmp_path / "worker.log", life=600)

    def rows():
        assert worker.running(), (tmp_path / "worker.log").read_text()[-3000:]
        there = database.value("SELECT to_regclass('articles') IS NOT NULL")
        return database.rows("SELECT * FROM articles") if there else []
    try:
        wait_until(lambda: {r["article_id"] for r in rows()} == set(newest), 180, lambda: f"all rows: {len(rows())} of {len(newest)}; {(tmp_path / 'worker.log').read_text()[-3000:]}", every=1)
        check(rows(), newest)
    finally:
        worker.kill()


def check(rows, newest):
    for row in rows:
        wanted = newest[row["article_id"]]
        assert set(row) == set(wanted)
        for name, value in wanted.items():
            if not name.endswith("_ms") or value is None:
                assert row[name] == value, name
            else:
                assert row[name].startswith(subprocess.run(["date", "-u", "-d", f"@{value // 1000}", "+%Y-%m-%dT%H:%M:%S"], capture_output=True, text=True,
                                                           env={**os.environ, "LC_ALL": "C"}).stdout.strip()), name
        assert isinstance(json.loads(row["detail"])["metrics"], list)
