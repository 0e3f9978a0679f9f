"""A label set of one's own, from examples to records, without touching C: train, evaluate, plot, a taxonomy file, process, explain."""
import json
import os
import pathlib
import random
import subprocess
import xml.etree.ElementTree as ET

import pytest

HERE = pathlib.Path(__file__).resolve().parent
MILLRACE = pathlib.Path(os.environ.get("MILLRACE_BIN") or HERE.parent.parent / "build" / "bin") / "millrace"
HARBOUR = ["码头新泊位启用", "集装箱吞吐量上升", "引航员登轮作业", "港口岸桥远程操控", "货轮靠泊卸货", "航道疏浚完成"]
FISHING = ["渔船归航卖鱼", "禁渔期今日结束", "网箱养殖丰收", "渔民修补渔网", "海鲜市场开张", "鱼苗放流入海"]
OTHER = ["公园花展开幕", "球队主场取胜", "气温明显下降", "新地铁线试运行", "图书馆延长开放", "菜价小幅回落"]
TAXONOMY = "[harbour]\nname = 港口\nthreshold = 0.6\nmedia_topic = medtop:20000337\n\n[fishing]\nname = 渔业\n"


def run(*arguments, code=0, text=None):
    done = subprocess.run([MILLRACE, *map(str, arguments)], capture_output=True, text=True, encoding="utf-8", timeout=120, check=False, input=text,
                          env={**os.environ, "NO_COLOR": ""})
    assert done.returncode == code, done.stderr
    return done.stdout if not code else done.stderr


def examples():
    chance = random.Random(5)
    for i in range(240):
        labels = [["harbour"], ["fishing"], [], ["harbour", "fishing"]][i % 4]
        sentences = [s for label, own in (("harbour", HARBOUR), ("fishing", FISHING)) if label in labels for s in chance.sample(own, 2)] + chance.sample(OTHER, 1 if labels else 3)
        chance.shuffle(sentences)
        yield {"id": f"e{i}", "title": "本市消息", "text": "，".join(sentences) + "。", "labels": labels, "primary": labels[0] if len(labels) == 1 else "" if labels else "none",
               "source": ["gazette", "portal"][i // 4 % 2]}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    (folder / "texts.jsonl").write_text("".join(json.dumps(e, ensure_ascii=False) + "\n" for e in examples()), encoding="utf-8")
    (folder / "taxonomy.conf").write_text(TAXONOMY, encoding="utf-8")
    run("train", "classify", "--data", folder / "texts.jsonl", "--name", "sea", "--plot", folder / "plot.svg", "--out", folder / "sea.model", "--quiet")
    return folder


def settings(folder):
    return ("--set", f"classify.model={folder / 'sea.model'}", "--set", f"classify.taxonomy={folder / 'taxonomy.conf'}")


def test_training_is_reproducible_and_writes_a_card(trained, tmp_path):
    run("train", "classify", "--data", trained / "texts.jsonl", "--name", "sea", "--out", tmp_path / "sea.model", "--quiet")
    assert (tmp_path / "sea.model").read_bytes() == (trained / "sea.model").read_bytes()
    card = (trained / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "| harbour | 1 | gazette | 60 |" in card and "| harbour | 2 | portal | 60 |" in card          # a component for each kind of text
    assert "](plot.svg)" in card


def test_evaluation_has_the_keys_that_are_promised(trained):
    said = json.loads(run("evaluate", "classify", "--json", "--model", trained / "sea.model", trained / "texts.jsonl", "--plot", trained / "again.svg"))
    assert {"accuracy", "micro_f1", "ece", "labels"} <= said.keys()
    assert set(said["labels"]) == {"harbour", "fishing"}
    assert all({"precision", "recall", "f1"} <= label.keys() for label in said["labels"].values())
    assert said["micro_f1"] > 0.95 and said["ece"] < 0.1
    plots = [ET.parse(trained / name).getroot() for name in ("plot.svg", "again.svg")]
    for svg in plots:
        text = " ".join(svg.itertext())
        assert "harbour" in text and "fishing" in text and "calibration error" in text
        assert len(svg.findall("{http://www.w3.org/2000/svg}circle")) >= 4


def test_records_carry_the_labels_of_the_taxonomy(trained):
    feed = json.dumps({"id": "x", "title": "港口消息", "text": "集装箱吞吐量上升，货轮靠泊卸货，引航员登轮作业。"}, ensure_ascii=False)
    record = json.loads(run("process", *settings(trained), "--quiet", "-", text=feed + "\n"))
    assert record["labels"] == ["harbour"] and record["primary_label"] == "harbour" and record["media_topics"] == ["medtop:20000337"]
    assert record["score_harbour"] > 0.6 > record["score_fishing"]
    assert "score_talent" not in record
    strict = run("process", *settings(trained), "--set", "classify.thresholds=harbour=0.999999", "--quiet", "-", text=feed + "\n")
    assert json.loads(strict)["labels"] == []                         # a threshold of one's own decides


def test_a_label_that_the_model_lacks_is_named(trained):
    (trained / "more.conf").write_text(TAXONOMY + "[weather]\n", encoding="utf-8")
    said = run("process", "--set", f"classify.model={trained / 'sea.model'}", "--set", f"classify.taxonomy={trained / 'more.conf'}", "--quiet", "-", code=78, text="{}\n")
    assert "weather" in said


def test_explain_adds_up(trained, tmp_path):
    page = tmp_path / "a.txt"
    page.write_text("渔民修补渔网\n渔船归航卖鱼，鱼苗放流入海。\n气温明显下降。\n", encoding="utf-8")
    said = json.loads(run("explain", *settings(trained), "classify", "--json", page))
    assert said["primary_label"] == "fishing"
    for label in said["labels"]:
        total = label["bias"] + sum(word["adds"][label["label"]] for word in said["words"])
        assert abs(total - label["score"]) < 1e-6
    words = "".join(word["word"] for word in said["words"])
    assert words == "渔民修补渔网渔船归航卖鱼鱼苗放流入海气温明显下降"
    text = run("explain", *settings(trained), "classify", "--color=always", page)
    assert "fishing 渔业" in text and "\x1b[" in text and "气温明显下降" in text
    only = run("explain", *settings(trained), "classify", "--label", "harbour", "--terms", "3", page)
    assert "fishing" not in only and sum(line.split()[2:3] in (["text"], ["title"]) for line in only.splitlines()) == 3
    assert "no such label" in run("explain", *settings(trained), "classify", "--label", "sport", page, code=2)


def test_explain_takes_records(trained):
    lines = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in ({"title": "一", "body": "货轮靠泊卸货"}, {"title": "二", "text": "禁渔期今日结束"}))
    said = [json.loads(line)["primary_label"] for line in run("explain", *settings(trained), "classify", "--json", "-", text=lines).splitlines()]
    assert said == ["harbour", "fishing"]
    assert "line 2" in run("explain", *settings(trained), "classify", "-", code=1, text='{"title": "一"}\nnot json\n')


def test_headlines_are_told_by_their_form(tmp_path):
    """--single sees what stands between the words: the two kinds differ in nothing else."""
    chance = random.Random(3)
    with (tmp_path / "heads.tsv").open("w", encoding="utf-8") as out:
        for i in range(200):
            first, second = chance.sample(HARBOUR + FISHING + OTHER, 2)
            out.write(f"asked\t{first}：{second}？\n" if i % 2 else f"told\t{first} {second}\n")
    run("train", "classify", "--single", "--data", tmp_path / "heads.tsv", "--out", tmp_path / "m.model", "--quiet")
    said = json.loads(run("evaluate", "classify", "--json", "--model", tmp_path / "m.model", tmp_path / "heads.tsv"))
    assert said["accuracy"] == 1
