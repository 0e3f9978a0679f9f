"""`millrace explain extract` on the golden pages: it tells of every line what the stage did, with the rule, and agrees with what the stage put out. `millrace explain
dedup` on texts of its own: it tells what the judge found, and why."""
import json
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


STORY = ("山口村的小学昨天搬进了新校舍，216名学生坐进了明亮的教室。新校舍有12间教室、一个图书角和一块200米的跑道，建设用了14个月。\n"
         "校长说，老校舍是1987年盖的，冬天漏风，雨天漏水。新校舍装了暖气，桌椅也全换成了可以调节高度的。\n"
         "县教育局介绍，明年还有3所村小要改建，资金已经落实，施工队正在招标，家长们对此都很高兴。\n")


def write(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


def test_dedup_of_a_copy(tmp_path):
    first = write(tmp_path, "first.txt", "山口村小学迁入新校舍\n\n" + STORY)
    copy = write(tmp_path, "copy.txt", "山口村小学迁入新校舍\n\n" + STORY.replace("14个月", "15个月").replace("家长们对此都很高兴", "消息传开，村里放起了鞭炮"))
    text = explain("dedup", first, copy)
    assert "B is a duplicate (near) of A" in text
    assert "only in A: 14" in text and "only in B: 15" in text and "216" in row(text, "in both:")
    assert re.search(r"\[-[^\]]*家长们对此都很高兴", text) and re.search(r"\{\+[^}]*村里放起了鞭炮", text)
    assert "\x1b[" not in text and "\x1b[31m" in explain("dedup", "--color=always", first, copy)
    told = json.loads(explain("dedup", "--json", first, copy))
    assert told["b_follows_a"] and told["relation"] == "near" and told["a"]["verdict"] == "new story" and told["b"]["feed_id"] == "copy"
    assert told["figures"]["only_b"] == ["15"] and 0.7 < told["evidence"]["resemblance"] < 1 and told["evidence"]["title"] > 0.99


def test_dedup_of_another_story(tmp_path):
    first = write(tmp_path, "first.txt", "山口村小学迁入新校舍\n\n" + STORY)
    other = write(tmp_path, "other.txt", "茶园开采\n\n山里的茶园今年提前两周开采，茶农说雨水足、气温高，鲜叶的价钱也比去年好，加工厂的灯一直亮到半夜才关。\n")
    text = explain("dedup", first, other)
    assert "B is a new story" in text and "too little of either text stands in the other" in text


def test_dedup_of_a_stream_with_repeated_lines(tmp_path):
    """Every page of a source has the same frame; it is known after three of them, and the last page is compared without it."""
    foot = "本网所有文章版权归山口网所有，未经书面许可不得转载或者摘编，违者将依法追究责任，新闻线索请拨打热线电话。"
    bodies = ["村里的老桥加宽了，货车可以并排走，桥头装了路灯，晚上也看得清楚。", "今年的核桃收成好，合作社忙着装箱，外地的客商已经住了半个月。", "镇上的戏台修好了，第一场戏请来了县剧团，台下坐满了老人和孩子。",
              "河道清淤完工，两岸种上了柳树，老人早上来这里散步，孩子放学来捉鱼。"]
    stream = tmp_path / "stream.jsonl"
    stream.write_text("".join(json.dumps({"id": f"p{i}", "title": f"山口见闻之{'一二三四'[i]}", "source": "山口网", "text": body + "\n" + foot}, ensure_ascii=False) + "\n"
                              for i, body in enumerate(bodies)), encoding="utf-8")
    text = explain_bare("dedup", str(stream))
    assert "left out, because the source repeats it: " + foot in text
    assert [bool(re.search(rf"p{i}\s+new story", text)) for i in range(4)] == [True] * 4


def explain_bare(*arguments):
    """Without the stage extract, which takes such lines off by itself."""
    done = subprocess.run([MILLRACE, "--set", "pipeline.stages=dedup", "explain", *arguments], capture_output=True, text=True, encoding="utf-8", timeout=60, check=False,
                          env={**os.environ, "COLUMNS": "200", "NO_COLOR": ""})
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("arguments, code, said", [(("dedup",), 2, "no file"), (("dedup", "--as", "pdf", "x"), 2, "json, text or html"), (("dedup", "--color=pink", "x"), 2, "always, never or auto"),
                                                   (("dedup", "--what", "x"), 2, "--what"), (("dedup", "/nowhere/a.txt", "b"), 1, "/nowhere/a.txt")])
def test_dedup_wrong_use_is_told(arguments, code, said):
    assert said in explain(*arguments, code=code)


def test_dedup_wants_two_texts(tmp_path):
    assert "two texts are needed" in explain("dedup", write(tmp_path, "first.txt", STORY), code=1)
