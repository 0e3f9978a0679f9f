"""News that nobody wrote: Chinese texts with a seed. The same seed gives the same text; two seeds give texts that share hardly any five
characters in a row, so that only what a test copies on purpose is a copy."""
import json
import random

# Common characters, from which names of no real person, place or thing are put together.
_CHARACTERS = ("安柏北川春东丰港高谷光海禾恒红湖华江金锦景静开兰乐黎林岭流龙芦明南宁平青清秋泉日容山深石书松苏棠桃天田庭同桐湾望文西溪夏湘新星"
               "兴秀玄雪雅岩燕阳叶宜银永友雨玉云泽长镇知中舟竹子白草成池初大德地定端方飞风福刚关广贵国果和黑厚花怀基吉家坚江角杰洁经久军康可宽来朗"
               "立利连良亮量列灵留陆绿满茂美门民木牧暖盘鹏坡普期齐启巧勤晴庆权全群仁荣如瑞森沙善尚升盛诗实世树双水顺思四素台潭堂特亭通万微为温武希"
               "先贤祥向孝晓心信学延仪义亦音英映勇优有远月跃越则展昭哲真振正志质忠州洲主助祝卓资宗祖左")
_SENTENCES = (
    "{p}日前召开会议,部署{t}与{t}的下一步安排。", "记者从{p}了解到,{t}已于{m}月{d}日完成验收。", "“{t}让{t}有了新的样子,”{n}说。",
    "在{p},{n}正带着同伴整理{t}。", "据介绍,{t}投入{k}万元,惠及{t}等{d}个村。", "{p}还将把{t}与{t}结合起来,{t}随后公布。",
    "来自{p}的{n}第一次见到{t},连说没有想到。", "今年以来,{p}共办理{t}{k}件,比去年多{d}成。", "下午{d}时,{t}在{p}揭幕,{n}到场。",
    "{n}告诉记者,{t}原先要走{d}里路,如今{t}就在门口。", "与{t}不同,{t}更看重{t}。", "{p}负责人{n}表示,{t}不设门槛。",
    "从{t}到{t},变化就写在{p}的墙上。", "有居民提出{t}的难处,{p}当场记下,{d}日内答复。", "{t}的图纸改了{d}遍,{n}才点头。",
)


def _word(r, low, high):
    return "".join(r.choice(_CHARACTERS) for _ in range(r.randint(low, high)))


def sentence(r):
    text = r.choice(_SENTENCES)
    while "{" in text:
        at = text.index("{")
        kind = text[at + 1]
        value = {"p": lambda: _word(r, 2, 3) + r.choice("市县区镇村"), "t": lambda: _word(r, 4, 8), "n": lambda: _word(r, 2, 3),
                 "m": lambda: str(r.randint(1, 12)), "d": lambda: str(r.randint(2, 28)), "k": lambda: str(r.randint(30, 9000))}[kind]()
        text = text[:at] + value + text[at + 3:]
    return text


def text(seed, characters=400):
    r = random.Random(f"news {seed}")
    paragraphs, length = [], 0
    while length < characters:
        paragraph = "".join(sentence(r) for _ in range(r.randint(2, 4)))
        paragraphs.append(paragraph)
        length += len(paragraph)
    return "\n".join(paragraphs)


def title(seed):
    r = random.Random(f"title {seed}")
    return f"{_word(r, 2, 3)}{r.choice('市县区')}{_word(r, 5, 8)}"


def record(seed, characters=400, **more):
    """A feed record as a dict; `more` replaces or adds members (None takes a member away)."""
    fields = {"id": f"r-{seed}", "source": "试验日报", "title": title(seed), "text": text(seed, characters),
              "published_at": "2024-05-06T08:00:00+08:00", "fetched_at": "2024-05-06T09:00:00+08:00", **more}
    return {k: v for k, v in fields.items() if v is not None}


def near_copy(seed, how, characters=400, **more):
    """The same story as record(seed) from another house: another title, one word of it changed, a line of its own at the end."""
    body = text(seed, characters)
    body = body.replace("日前", "近日", 1) if "日前" in body else body.replace("记者", "本报记者", 1)
    fields = {"id": f"n-{seed}-{how}", "source": f"转载晚报{how}", "title": title(seed) + "(转载)", "text": body + f"\n(编校:{_word(random.Random(how), 2, 3)})", **more}
    return record(seed, characters, **fields)


def value(fields):
    return json.dumps(fields, ensure_ascii=False).encode()
