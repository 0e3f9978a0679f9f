"""What sources repeat at the edges of their texts: learned as they stream by, the same from the log after a start, and good for the verdicts."""
import json
import os
import pathlib
import random
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
MILLRACE = pathlib.Path(os.environ.get("MILLRACE_BIN") or HERE.parent.parent / "build" / "bin") / "millrace"
SOURCES = 4
STORIES = 60


def line(rng, length):
    return "".join(chr(rng.randrange(0x4E00, 0x9000)) for _ in range(length))


def framed_stream():
    """Stories of 150 to 250 ideographs, each in the frame of its source (a head of 80, a foot of 120); every third one is printed by another source later, in that one's frame."""
    rng = random.Random(5)
    frames = [(line(rng, 80), line(rng, 60) + "\n" + line(rng, 60)) for _ in range(SOURCES)]
    records, wants = [], []
    for i in range(STORIES):
        body = "\n".join(line(rng, rng.randrange(50, 80)) for _ in range(3))
        source = rng.randrange(SOURCES)
        copies = [source, (source + 1) % SOURCES] if i % 3 == 0 and i > 20 else [source]
        for k, s in enumerate(copies):
            head, foot = frames[s]
            records.append({"id": f"{i}-{s}", "title": line(rng, 12), "source": f"site {s}", "published_at": f"2026-03-{1 + i // 3:02}T0{k}:00:00+08:00",
                            "text": f"{head}\n{body}\n{foot}", "url": f"http://s{s}.example/{i}"})
            wants.append(f"{i}-{copies[0]}" if k else None)
    return records, wants


def process(folder, name, records, *arguments):
    path = folder / f"{name}.jsonl"
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), encoding="utf-8")
    done = subprocess.run([MILLRACE, "--set", "pipeline.stages=dedup", "process", "--quiet", *arguments, path], capture_output=True, text=True, timeout=60, check=True)
    rows = [json.loads(one) for one in done.stdout.splitlines()]
    for row in rows:
        for changing in ("processed_at", "processed_at_ms", "source_offset"):
            row.pop(changing, None)
    return rows


def test_framed_copies_are_found_and_framed_stories_are_not_lost(tmp_path):
    records, wants = framed_stream()
    rows = process(tmp_path, "all", records)
    ids = {row["article_id"]: row["feed_id"] for row in rows}
    assert [row["feed_id"] for row in rows] == [r["id"] for r in records]
    assert [ids.get(row["duplicate_of"]) for row in rows] == wants


def test_a_start_learns_the_same(tmp_path):
    records, _ = framed_stream()
    whole = process(tmp_path, "all", records)
    for cut in (1, 9, 33):
        state = tmp_path / f"state-{cut}"
        parts = process(tmp_path, "front", records[:cut], "--state", state) + process(tmp_path, "back", records[cut:], "--state", state)
        assert parts == whole, cut
