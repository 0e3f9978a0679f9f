#!/usr/bin/python3
"""warehouse.py [RECORDS] - how fast `millrace load postgres` is: records of the demo feed under ids of their own, from a real Kafka topic of four partitions into a real PostgreSQL, and beside it, in the
same minute, a plain COPY of the same lines into one jsonb column with a primary key. Three rounds; prints records a second, their ratio, the loader's processor time and peak memory."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))

import kafka                        # noqa: E402
import postgres                     # noqa: E402
import published                    # noqa: E402
from daemon import BIN              # noqa: E402


def records(count):
    articles, _ = published.demo()
    for number in range(count):
        key = f"{number:032x}"
        yield key, re.sub(rb'"article_id":"[0-9a-f]+"', f'"article_id":"{key}"'.encode(), articles[number % len(articles)], count=1)


def load(database, sets):
    """Seconds, processor seconds, peak MB: through a small process, since a child of this one would begin with our own memory as its peak."""
    command = ["/usr/bin/python3", "-c",
               "import resource, subprocess, sys\n"
               "code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode\n"
               "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
               "print(code, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)", BIN / "millrace", "load", "postgres", "--create", *sets]
    begin = time.monotonic()
    code, cpu, peak = subprocess.run(command, env=database.env, capture_output=True, text=True, check=True).stdout.split()
    assert code == "0", "the loader failed"
    return time.monotonic() - begin, float(cpu), float(peak)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20000
    with tempfile.TemporaryDirectory() as folder:
        broker, server = kafka.Kafka(pathlib.Path(folder) / "kafka"), postgres.Postgres()
        try:
            broker.start()
            database = server.start().create_database("bench")
            broker.create_topic("bench.out", 4)
            broker.produce("bench.out", records(count))
            lines = server.folder / "lines"
            lines.write_bytes(b"".join(value.replace(b"\\", b"\\\\") + b"\n" for _, value in records(count)))
            lines.chmod(0o644)
            sets = ["--set", "publish.topic=bench.out", "--set", f"kafka.bootstrap.servers={broker.bootstrap}"]
            print(f"{count} records of {lines.stat().st_size // count} bytes, load average {os.getloadavg()[0]:.1f}")
            for _ in range(3):
                database.psql("DROP SCHEMA IF EXISTS millrace CASCADE; DROP TABLE IF EXISTS plain;"
                              "CREATE TABLE plain (line jsonb, id text GENERATED ALWAYS AS (line->>'article_id') STORED PRIMARY KEY)")
                begin = time.monotonic()
                database.psql(f"\\copy plain (line) FROM '{lines}'")
                plain = time.monotonic() - begin
                seconds, cpu, peak = load(database, sets)
                assert database.count("millrace.articles") == count
                print(f"loader {count / seconds:.0f}/s, plain COPY {count / plain:.0f}/s, ratio {plain / seconds:.2f}; loader's processor {cpu:.1f} s, peak {peak:.0f} MB", flush=True)
        finally:
            broker.stop()
            server.clean()


main()
