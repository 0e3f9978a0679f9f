"""The demo feed is what conf/demo/README.md and expected.json say."""
import collections
import json
import pathlib

DEMO = pathlib.Path(__file__).resolve().parents[2] / "conf" / "demo"
FEED = [json.loads(line) for line in (DEMO / "feed.jsonl").read_text().splitlines()]


def test_the_counts_are_the_sums_of_the_records():
    expected = json.loads((DEMO / "expected.json").read_text())
    outcomes = collections.Counter(r["expect"]["outcome"] for r in FEED)
    assert len(FEED) == expected["records"] >= 30
    assert [expected[k] for k in ("published", "duplicates", "dead", "tombstones")] == [outcomes[k] for k in ("published", "duplicate", "dead", "tombstone")]
    assert expected["articles"] == sum(r["expect"].get("parts", 1) for r in FEED if r["expect"]["outcome"] == "published")
    assert expected["dead_by_code"] == collections.Counter(r["expect"]["code"] for r in FEED if r["expect"]["outcome"] == "dead")


def test_every_kind_is_there():
    shown = {r["show"] for r in FEED}
    assert shown >= {"article", "traditional", "english", "html", "newspaper-page", "plan", "exact-duplicate", "near-duplicate", "url-duplicate", "revision", "tombstone",
                     "garbage"}
    labels = {r["expect"].get("primary_label") for r in FEED if r["show"] == "article"}
    assert labels == {"education", "science", "talent", "none"}
