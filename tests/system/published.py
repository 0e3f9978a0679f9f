"""Records as Millrace publishes them: what it makes of the demo feed."""
import functools
import json
import subprocess

from daemon import BIN, ROOT


def demo_feed():
    """The records of the demo that are JSON objects, one line each."""
    for line in (ROOT / "conf/demo/feed.jsonl").read_text().splitlines():
        row = json.loads(line)
        value = row.get("value")
        if isinstance(value, dict):
            if "value_file" in row:
                value[row["value_file"]["member"]] = (ROOT / "conf/demo" / row["value_file"]["file"]).read_text()
            yield json.dumps(value, ensure_ascii=False).encode() + b"\n"


@functools.cache
def demo(*arguments):
    """(lines of articles, lines of duplicates)"""
    done = subprocess.run([BIN / "millrace", "process", "--quiet", *arguments, "-"], input=b"".join(demo_feed()), capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode()
    lines = done.stdout.splitlines()
    found = [line for line in lines if b'"body":' in line], [line for line in lines if b'"body":' not in line]
    assert len(found[0]) > 20 and len(found[1]) > 3, done.stderr.decode()
    return found
