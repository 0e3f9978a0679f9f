"""Golden cases of the stage extract: extract/<difficulty>/page.txt or page.html in, articles.txt out (README.md).

articles.txt shows what a reader would check: headline, byline, dates, structure, the body a paragraph a line. Fields of other stages and of facts are not in it,
so it changes only when the reading of the page does. MILLRACE_GOLDEN=write writes what comes out instead of comparing it; read it before it is committed."""
import json
import os
import pathlib
import re
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
MILLRACE = pathlib.Path(os.environ.get("MILLRACE_BIN") or HERE.parent.parent / "build" / "bin") / "millrace"
CASES = sorted(page.parent.name for page in (HERE / "extract").glob("*/page.*"))
LINES = (("kicker", "kicker"), ("subtitle", "subtitle"), ("editor", "editor"), ("source_name", "source"), ("published_at", "published"), ("dateline_date", "dateline"),
         ("continued_from", "continued from"), ("continues_on", "continues on"))


def shown(record):
    detail = record["detail"] or {}
    yield "== " + (record["title"] or "(no headline)")
    if record["authors"]:
        yield "by: " + ", ".join(record["authors"])
    for field, word in LINES:
        if record[field]:
            yield f"{word}: {record[field]}"
    if record["truncated"]:
        yield "truncated"
    for caption in detail.get("captions") or []:
        yield "caption: " + caption
    for section in detail.get("sections") or []:
        yield f"section {section['level']}: {section['number'] or ''}{section['heading']}"
    for entry in detail.get("responsible_units") or []:
        roles = "".join(f" {role} {', '.join(entry[role])}" for role in ("lead", "support") if entry.get(role))
        yield f"units: {entry['measure'] or ''} | {', '.join(entry['units'])}{';' + roles if roles else ''}"
    for attachment in detail.get("attachments") or []:
        yield "attachment: " + attachment
    yield ""
    yield from record["body"].split("\n")
    yield ""


def read(case):
    page = next((HERE / "extract" / case).glob("page.*"))
    form = "html" if page.suffix == ".html" else "text"
    done = subprocess.run([MILLRACE, "process", "--quiet", "--set", "pipeline.stages=extract", "--as", form, str(page)], capture_output=True, text=True, encoding="utf-8",
                          timeout=60, check=False)
    out = [line for record in map(json.loads, done.stdout.splitlines()) for line in shown(record)]
    out += [f"dead letter: {code}" for code in re.findall(r"^dead letter: record \d+: (\S+)", done.stderr, re.M)]
    return "\n".join(out).rstrip() + "\n"


@pytest.mark.parametrize("case", CASES)
def test_page_is_read_as_written(case):
    wanted = HERE / "extract" / case / "articles.txt"
    got = read(case)
    if os.environ.get("MILLRACE_GOLDEN") == "write":
        wanted.write_text(got, encoding="utf-8")
    assert got == wanted.read_text(encoding="utf-8")


def test_every_case_says_what_it_is_about():
    assert len(CASES) >= 30
    for case in CASES:
        assert (HERE / "extract" / case / "about").read_text(encoding="utf-8").strip(), case
