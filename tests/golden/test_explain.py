"""`millrace explain extract` on the golden pages: it tells of every line what the stage did, with the rule, and agrees with what the stage put out."""
import os
import pathlib
import re
import subprocess
import unicodedata

import pytest

HERE = pathlib.Path(__file__).resolve().parent
MILLRACE = pathlib.Path(os.environ.get("MILLRACE_BIN") or HERE.parent.parent / "build" / "bin") / "millrace"


def explain(*arguments, columns="200", code=0, **more):
    done = subprocess.run([MILLRACE, "explain", *arguments], capture_output=True, text=True, encoding="utf-8", timeout=60, check=False,
                          env={**os.environ, "COLUMNS": columns, "NO_COLOR": ""}, **more)
    assert done.returncode == code, done.stderr
    return done.stdout if not code else done.stderr


def page(case):
    return str(next((HERE / "extract" / case).glob("page.*")))


def row(text, words):
    """The row of the table that shows these words."""
    return next(line for line in text.split("\n") if words in line)


def cells(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)


def test_text_line_by_line():
    text = explain("extract", page("weather-between-articles"))
    assert re.search(r"1\s+1\s*title|1\s+title", row(text, "“人才夜市”本周五开市"))
    assert "subtitle" in row(text, "32家企业带来460个岗位")
    assert "dropped" in row(text, "今天 多云 3℃～11℃") and "weather" in row(text, "今天 多云 3℃～11℃")
    assert "dropped" in row(text, "绛溪晨报") and "masthead" in row(text, "绛溪晨报")
    assert "3 articles" in text and "hard-wrapped" in text
    assert "joined" in text


def test_text_measures():
    text = explain("extract", "--measures", page("narrow-columns"))
    assert re.search(r"joined.*\b26\s+26\b", row(text, "梧岭市教育局获悉，梧岭市今"))
    assert "lead-in" in row(text, "本报讯 11月2日，梧岭市")


def test_repeats_and_captions():
    text = explain("extract", page("copy-from-mid-sentence"))
    assert text.count("repeat") >= 3
    assert "caption" in row(text, "荀子墨（右二）与团队成员讨论")


def test_web_page():
    text = explain("extract", page("web-portal"))
    assert "* div class=con_box" in text                           # what was taken for the article
    assert "div class=left" in text                                # a runner-up
    assert "caption" in row(text, "图为新落成的半山小学图书馆")
    assert "byline" in row(text, "（责任编辑：童未晞）")
    assert "袁小棠" in row(text, "authors")
    assert "2026-03-02T08:15" in row(text, "published")


def test_tables_fit_the_terminal():
    for case in ("narrow-columns", "taiwan-columns", "english-columns", "masked-report"):
        table = explain("extract", "--measures", page(case), columns="80").split("\n\n")[0]
        assert max(cells(line) for line in table.split("\n")) <= 80, case


def test_colours_when_asked():
    assert "\x1b[" not in explain("extract", page("narrow-columns"))                       # no terminal
    assert "\x1b[" in explain("extract", "--color=always", page("narrow-columns"))
    assert "\x1b[" not in explain("extract", "--color=never", page("narrow-columns"))


def test_standard_input():
    with open(page("web-portal"), "rb") as file:
        assert "con_box" in explain("extract", "--as", "html", "-", stdin=file)


@pytest.mark.parametrize("arguments, said", [((), "no subject"), (("extrct", "x"), "did you mean 'extract'"), (("extract",), "no file"), (("extract", "--as", "pdf", "x"), "text or html"),
                                             (("extract", "--color=pink", "x"), "always, never or auto"), (("extract", "a", "b"), "one file at a time"), (("extract", "--what", "x"), "--what")])
def test_wrong_use_is_told(arguments, said):
    assert said in explain(*arguments, code=2)


def test_missing_file_is_told():
    said = explain("extract", "/nowhere/page.txt", code=1)
    assert "/nowhere/page.txt" in said and "No such file" in said
