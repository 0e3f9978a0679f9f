"""Runs in an environment that has chdb (ClickHouse's engine in a Python package): one JSON list of statements a line on standard input, one line of results each.

The engine creates a Kafka table and then says "Shutdown was called" about it, though it is there and reads: that one message is checked, not believed."""
import json
import re
import sys

from chdb import session

_SPURIOUS = "Shutdown was called"


def run(where, statement):
    try:
        return str(where.query(statement, "JSONCompact"))
    except Exception as error:
        table = re.match(r"\s*CREATE TABLE IF NOT EXISTS (\S+) \(.*ENGINE = Kafka", statement, re.S)
        if table and _SPURIOUS in str(error) and str(where.query(f"EXISTS TABLE {table[1]}", "CSV")).strip() == "1":
            return ""
        raise


def main():
    where = session.Session(sys.argv[1])
    for line in sys.stdin:
        answers = []
        try:
            for statement in json.loads(line):
                text = run(where, statement)
                answers.append(json.loads(text)["data"] if text.strip() else [])
            print(json.dumps({"answers": answers}), flush=True)
        except Exception as error:
            print(json.dumps({"error": str(error)[:2000]}), flush=True)


main()
