"""Every block of the pages for operators and readers says what it is, and who runs it; what no test can run is at least spelled right; README.zh-CN.md is README.md, in Chinese.

The word after the language of a block of commands (docs/*.md, README*.md):
  sh run                 tests/system/test_docs.py runs it, line by line, with a daemon on Apache Kafka that records flow through
  sh drill NAME          the same file, with what must be seen afterwards
  sh kafka               the same file makes the topic on Apache Kafka
  sh by FILE...          those tests run it
  sh not-run REASON      nobody does, for one of the reasons below; tests/static/test_commands.py holds its commands and options against --help all the same
Blocks of docs/warehouse.md have words of their own, and a test that knows them (tests/system/test_warehouse.py)."""
import json
import pathlib
import re
import shutil
import subprocess

import pytest

from require import cannot
from test_commands import ROOT, check, commands, program, said_by

PAGES = ["README.md", "README.zh-CN.md", *(f"docs/{name}.md" for name in ("operations", "watches", "classify", "dedup", "entities", "bench"))]
NOT_RUN = {
    "systemd": "it starts services of the machine; the same commands without systemd are run in a root of their own by tests/long/test_install.py",
    "hosts": "it wants a second machine; tests/system/test_scale.py does it between two network namespaces",
    "bench": "it measures the machine, with a program that ./run test does not build"}
BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.S | re.M)


def blocks(page):
    return BLOCK.findall((ROOT / page).read_text())


@pytest.mark.parametrize("page", PAGES)
def test_every_block_says_what_it_is(page):
    text = (ROOT / page).read_text()
    assert len(re.findall(r"^```", text, re.M)) == 2 * len(blocks(page))
    assert not re.search(r"\n\n(?: {4}|\t)\S", BLOCK.sub("", text)), "an indented block: fence it and say what it is"
    for info, body in blocks(page):
        words = info.split()
        assert words and words[0] in ("sh", "ini", "json", "text"), (info, body)
        if words[0] == "sh":
            assert len(words) > 1 and words[1] in ("run", "drill", "kafka", "by", "not-run"), (info, body)
            if words[1] == "not-run":
                assert words[2] in NOT_RUN, info
        if words[0] == "text":
            assert not list(commands(f"```\n{body}```\n")), body


@pytest.mark.parametrize("page", PAGES)
def test_who_is_said_to_run_it_knows_it(page):
    for info, body in blocks(page):
        if info.startswith("sh by "):
            source = "".join((ROOT / file).read_text() for file in info.split()[2:])
            for words in commands(f"```\n{body}```\n"):
                assert all(re.search(rf"\b{re.escape(word)}\b", source) for word in words[1:2] if re.match("[a-z]", word)), (info, words)


@pytest.mark.parametrize("page", PAGES)
def test_what_is_not_run_is_spelled_right(page):
    for info, body in blocks(page):
        if info.startswith("sh not-run"):
            found = list(commands(f"```\n{body}```\n"))
            assert [(words, check(words)) for words in found if check(words)] == []


@pytest.mark.parametrize("page", PAGES)
def test_links_within_a_page_lead_somewhere(page):
    """GitHub's anchors: small letters, blanks to dashes, other signs gone."""
    text = (ROOT / page).read_text()
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in re.findall(r"^#+ (.*)$", BLOCK.sub("", text), re.M)}
    assert [link for link in re.findall(r"\]\(#([^)]*)\)", text) if link not in anchors] == []


def test_reasons_are_used():
    assert {info.split()[2] for page in PAGES for info, _ in blocks(page) if info.startswith("sh not-run")} == set(NOT_RUN)


def test_lines_of_json_are_json():
    for page in PAGES:
        for info, body in blocks(page):
            if info == "json" and page.startswith("docs/"):
                assert all(isinstance(json.loads(line), dict) for line in body.splitlines())


@pytest.mark.parametrize("page,number", [(page, n) for page in PAGES for n, (info, _) in enumerate(blocks(page) if (ROOT / page).exists() else []) if info.startswith("ini ")])
def test_configurations_shown_are_good(page, number, tmp_path):
    """Through `millrace check`, or for units systemd's own check of the drop-in."""
    info, body = blocks(page)[number]
    if info == "ini unit":
        if not shutil.which("systemd-analyze"):
            cannot("no systemd-analyze here")
        unit = "millrace-worker@.service" if "worker-key" in body else "millraced.service"
        (tmp_path / unit).write_text((ROOT / "systemd" / unit).read_text().replace("/usr/bin/", f"{ROOT}/build/bin/"))
        (tmp_path / f"{unit}.d").mkdir()
        (tmp_path / f"{unit}.d/override.conf").write_text(body)
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", tmp_path / unit.replace("@", "@extract")], capture_output=True, text=True, timeout=60)
        assert "override.conf" not in done.stderr, done.stderr
        return
    keys = tmp_path / "keys"
    subprocess.run([program("millrace"), "keys", "new", "--out", str(keys), "north"], check=True, capture_output=True, timeout=60)
    shutil.copy(ROOT / "conf/watches.conf", tmp_path / "watches.conf")
    text = body.replace("/etc/millrace/", f"{tmp_path}/").replace("file:server-key", f"file:{keys}/server.secret").replace("file:worker-key", f"file:{keys}/north.secret")
    # 10.0.0.1 is the reader's address; nothing is bound by a check
    (tmp_path / "millrace.conf").write_text(text if "bootstrap.servers" in text else f"[kafka]\nbootstrap.servers = localhost:9092\n{text}")
    done = subprocess.run([program("millrace"), "check", "--config", str(tmp_path / "millrace.conf")], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", ["dlq", "ctl", "index", "keys", "top", "tap", "check", "process", "load"])
def test_operators_are_told_of_every_command(command):
    assert re.search(rf"millrace {command}\b", "".join((ROOT / page).read_text() for page in ("docs/operations.md", "docs/warehouse.md", "docs/watches.md")))
    assert said_by(program("millrace"), command, "--help")


def test_drills_name_tests_that_exist():
    text = (ROOT / "docs/operations.md").read_text()
    chapter = re.search(r"^## Drills\n(.*?)^## ", text, re.S | re.M).group(1)
    named = set(re.findall(r"`(test_\w+)`", chapter))
    known = {name for file in (ROOT / "tests").rglob("test_*.py") for name in re.findall(r"^def (test_\w+)", file.read_text(), re.M)}
    assert len(named) >= 10 and named <= known, named - known
    for file in re.findall(r"`(tests/[\w/.]+)`", chapter):
        assert (ROOT / file).exists(), file
    drills = re.findall(r"^```sh drill (\S+)$", chapter, re.M)
    told = re.findall(r"^### (.*)$", chapter, re.M)
    assert len(drills) == len(set(drills)) >= len(told) == 8


# ---- README.md and README.zh-CN.md ----

def shape(page):
    text = (ROOT / page).read_text()
    plain = BLOCK.sub("", text)
    tables = [[row.strip("|").split("|")[0].strip() for row in table.splitlines()] for table in re.findall(r"(?:^\|.*\n)+", plain, re.M)]
    return {"headings": [len(level) for level in re.findall(r"^(#+) ", plain, re.M)], "blocks": blocks(page), "items": len(re.findall(r"^- ", plain, re.M)), "tables": tables,
            "sections": [[len(re.findall(r"^- ", part, re.M)), len(re.findall(r"^\|", part, re.M))] for part in re.split(r"^#+ .*$", plain, flags=re.M)],
            "code": sorted(re.findall(r"`([^`\n]+)`", plain))}


def test_both_readmes_are_one():
    english, chinese = shape("README.md"), shape("README.zh-CN.md")
    for what in ("headings", "blocks", "items", "sections"):
        assert chinese[what] == english[what], what
    assert [len(table) for table in chinese["tables"]] == [len(table) for table in english["tables"]]
    names = [[re.findall(r"`[^`]+`", cell) for cell in table] for table in english["tables"]]
    assert [[re.findall(r"`[^`]+`", cell) for cell in table] for table in chinese["tables"]] == names and sum(map(len, names)) > 30
    assert set(chinese["code"]) == set(english["code"])


def test_they_name_each_other_first():
    for page, other in (("README.md", "README.zh-CN.md"), ("README.zh-CN.md", "README.md")):
        assert f"]({other})" in "\n".join((ROOT / page).read_text().splitlines()[:4])


def test_figures_are_the_same():
    """Numbers outside of code: a figure that is changed in one page only is a lie in the other."""
    def numbers(page):
        return sorted(re.findall(r"(?<![\w.])\d[\d,.]*\d|(?<![\w.-])\d(?![\w.])", re.sub(r"`[^`]*`", "", BLOCK.sub("", (ROOT / page).read_text()))))
    assert numbers("README.zh-CN.md") == numbers("README.md")
