"""The status page in a real browser: what it shows is what the daemon says, in both languages, light and dark, narrow and wide; texts of strangers stay texts; and
whoever looks, and however slowly, the records flow."""
import collections
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import urllib.error
import urllib.request

import pytest
from confluent_kafka import Producer

import browser as browser_module
import news
from process import Process
from require import cannot
from wait import wait_until

ROOT = pathlib.Path(__file__).parents[2]
BIN = pathlib.Path(os.environ.get("MILLRACE_BIN", ROOT / "build/bin"))
HOSTILE = [
    {"id": "h1", "source": "<b>Reed Gazette</b>", "title": "<img src=x onerror=\"window.hacked=1\"> and <script>window.hacked=2</script>", "url": "javascript:window.hacked=3"},
    {"id": "h2", "source": "\u202egazette", "title": "W" * 200, "url": "https://marsh.example/?q=%3Cscript%3E&x=\"onmouseover=\"window.hacked=4"},
    {"id": "h3", "source": "长" * 80, "title": "无" * 300, "url": "data:text/html,<script>window.hacked=5</script>"},
]
SIZES = [(320, "dark", "en"), (400, "light", "en"), (400, "dark", "zh"), (1600, "light", "zh"), (1600, "dark", "en"), (1000, "light", "en"), (760, "dark", "zh")]
LOCALES = {"en": "en-US", "zh": "zh-CN"}


class Demo:
    """`millrace demo` that stays: daemon, workers and the embedded broker."""

    def __init__(self, folder):
        self.process = Process([BIN / "millrace", "demo"], folder / "demo.log", life=400)
        port = wait_until(lambda: re.search(r"http://127\.0\.0\.1:(\d+)/", self.log()), 90, lambda: f"the demo tells its admin port:\n{self.log()}")
        self.url = f"http://127.0.0.1:{port[1]}"
        self.port = int(port[1])
        self.producer = Producer({"bootstrap.servers": re.search(r"kcat -b (\S+)", self.log())[1], "linger.ms": 1})
        self.config = pathlib.Path(re.search(r"config +(\S+)", self.log())[1])
        self.daemon = int(re.search(r"\d+", pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text())[0])

    def log(self):
        return self.process.log_path.read_text()

    def ask(self, path):
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.load(answer)

    def send(self, records):
        """Sends them and waits until each has ended."""
        before = self.ask("/status")["balance"]["read"]
        for record in records:
            self.producer.produce("articles.raw", record if isinstance(record, bytes) else json.dumps(record, ensure_ascii=False).encode(), partition=0)
        assert self.producer.flush(30) == 0
        def ended():
            b = self.ask("/status")["balance"]
            return b["read"] >= before + len(records) and b["in_flight"] == 0
        wait_until(ended, 120, lambda: f"{len(records)} records end: {self.ask('/status')['balance']}")


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    if not (BIN / "millrace").exists():
        cannot(f"{BIN / 'millrace'} is not built (./run build)")
    made = Demo(tmp_path_factory.mktemp("page"))
    made.send([news.record(f"page {i}", text=news.text(f"page {i}"), **{k: v for k, v in h.items()}) for i, h in enumerate(HOSTILE)] + [b"{\"broken\""])
    yield made
    made.process.signal(signal.SIGINT)
    assert made.process.wait(60) == 0, made.log()


@pytest.fixture(scope="module")
def chromium():
    try:
        with browser_module.browser() as made:
            yield made
    except browser_module.Unavailable as reason:
        cannot(str(reason))


@pytest.fixture
def open_page(chromium, demo):
    """Opens the page; at the end it must have said nothing on the console and asked nobody but the daemon."""
    contexts, said, asked = [], [], []

    def make(width=1600, scheme="light", language="en", quiet=True):
        context = chromium.new_context(viewport={"width": width, "height": 1000}, color_scheme=scheme, locale=LOCALES[language])
        page = context.new_page()
        if quiet:
            page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
            page.on("pageerror", lambda error: said.append(str(error)))
            page.on("request", lambda request: asked.append(request.url))
        page.goto(demo.url + "/")
        page.wait_for_selector("#plots svg", timeout=30000)
        page.wait_for_selector(".article", timeout=30000)
        contexts.append(context)
        return page
    yield make
    for context in contexts:
        context.close()
    assert not said
    assert not [url for url in asked if not url.startswith((demo.url + "/", "data:"))]


def shown_numbers(page):
    """What stands on the page: name -> the raw value beside it, and the text that people read."""
    found = page.eval_on_selector_all("[data-name]", "all => all.map(n => [n.dataset.name, n.dataset.value, n.textContent])")
    return {name: (value, text) for name, value, text in found}


def told_numbers(status):
    told = {f"balance.{key}": status["balance"][key] for key in ("published", "duplicates", "filtered", "dead", "tombstones", "in_flight")}
    if not status["balance"]["filtered"]:
        del told["balance.filtered"]             # shown where there is a filter
    told |= {"lag": status["lag"], "rates.in": status["rates"]["in"], "rates.out": status["rates"]["out"], "rates.in.intake": status["rates"]["in"],
             "rates.out.publish": status["rates"]["out"], "rates.duplicates.index": status["rates"]["duplicates"], "latency.p50_ms": status["latency"]["p50_ms"],
             "latency.p99_ms": status["latency"]["p99_ms"]}
    told |= {f"label.{k}": v for k, v in status["labels"].items()} | {f"kind.{k}": v for k, v in status["duplicates_by_kind"].items()}
    told |= {f"reason.{k}": v for k, v in status["dead_by_reason"].items()} | {f"stage.{s['name']}.per_second": s["per_second"] for s in status["stages"]}
    return told


def differences(page, status):
    shown, told = shown_numbers(page), told_numbers(status)
    if shown.keys() != told.keys():
        return shown.keys() ^ told.keys()
    return {name: (value, shown[name]) for name, value in told.items() if (float(shown[name][0]) if shown[name][0] else None) != value}


def test_its_numbers_are_those_of_status(open_page, demo):
    page = open_page()
    wait_until(lambda: not differences(page, demo.ask("/status")), 60, lambda: f"the page follows: {differences(page, demo.ask('/status'))}")
    for name, (value, text) in shown_numbers(page).items():
        if value and not name.startswith(("latency", "rates", "stage")):
            assert text == f"{int(value):,}", name
    status = demo.ask("/status")
    assert status["balance"]["published"] > 20 and status["balance"]["dead"] >= 9 and status["labels"]["education"] > 0
    read, ended = page.inner_text("#figures .figure:nth-child(1) .note"), page.inner_text("#figures .figure:nth-child(2) .note")
    assert read == ended == f"{status['balance']['read']:,} in all"
    assert page.inner_text("#instance") == status["instance"] == "demo"
    assert [n.get_attribute("data-stage") for n in page.query_selector_all("[data-stage]")] == [s["name"] for s in status["stages"]] == ["extract", "dedup", "classify", "watch"]
    assert page.locator("#flow .dot").count() == sum(len(s["workers"]) for s in status["stages"])


def test_its_charts_show_the_history(open_page, demo):
    wait_until(lambda: len(demo.ask("/history")["rows"]) >= 2, 40, "two rows of history")
    page = open_page()
    history = demo.ask("/history")
    assert history["columns"][0] == "at_ms" and {"read", "published", "lag", "p50_ms", "queue.extract"} <= set(history["columns"])
    column = {name: [row[i] for row in history["rows"]] for i, name in enumerate(history["columns"])}
    assert page.locator("svg.plot").count() == 4
    for series, name in {"read": "read", "published": "published", "duplicates": "duplicates", "dead": "dead", "lag": "lag", "p50": "p50_ms", "in_flight": "in_flight",
                         "queue.classify": "queue.classify"}.items():
        path = page.get_attribute(f"path[data-series='{series}']", "d")
        known = sum(value is not None for value in column[name])
        assert abs(len(re.findall(r"[ML]", path)) - known) <= 1, series      # a row may have come between the two questions
        assert "NaN" not in path
    assert sum(column["read"]) <= demo.ask("/status")["balance"]["read"]
    highest = max(column["published"]) / 10
    top = float(page.eval_on_selector_all("figure:nth-child(1) .tick.end", "all => Math.max(...all.map(n => parseFloat(n.textContent)).filter(n => !isNaN(n)))"))
    assert top >= highest * 0.9
    page.hover("figure:nth-child(1) svg")
    assert page.locator("figure:nth-child(1) .when").count() == 1
    later = demo.ask(f"/history?since={history['rows'][0][0]}")["rows"]
    assert later[:len(history["rows"]) - 1] == history["rows"][1:]


def test_texts_of_strangers_stay_texts(open_page):
    page = open_page()
    wait_until(lambda: page.locator(".article").count() >= 30, 10, "articles are listed")
    for record in HOSTILE[:2]:
        assert page.locator(".title").get_by_text(record["title"], exact=True).count() >= 1, record["title"]
    assert page.locator(".from").get_by_text("<b>Reed Gazette</b>").count() == 1
    assert page.locator("main img, main script, main iframe, main [onerror], main [onmouseover]").count() == 0
    links = page.eval_on_selector_all("main a", "all => all.map(a => [a.protocol, a.rel, a.target])")
    assert len(links) > 5 and all(protocol in ("https:", "http:") and rel == "noopener noreferrer" and target == "_blank" for protocol, rel, target in links)
    page.click(f".article:has-text({json.dumps(HOSTILE[0]['title'][:20])}) .open")
    page.wait_for_selector(".details")
    assert page.locator(".details a").count() == 0       # javascript: is no link there either
    assert "javascript:window.hacked=3" in page.inner_text(".details")
    assert page.evaluate("window.hacked") is None


def test_the_policy_holds(open_page, demo):
    with urllib.request.urlopen(demo.url + "/") as answer:
        policy, tag, plain = answer.headers["Content-Security-Policy"], answer.headers["ETag"], answer.read()
    assert "default-src 'none'" in policy and "unsafe" not in policy and "*" not in policy
    assert b"http://" not in plain.replace(b"http://www.w3.org/2000/svg", b"") and b"https://" not in plain and b"innerHTML" not in plain
    request = urllib.request.Request(demo.url + "/", headers={"If-None-Match": tag})
    with pytest.raises(urllib.error.HTTPError) as same:
        urllib.request.urlopen(request)
    assert same.value.code == 304
    with urllib.request.urlopen(urllib.request.Request(demo.url + "/", headers={"Accept-Encoding": "gzip"})) as answer:
        import gzip
        packed = answer.read()
        assert answer.headers["Content-Encoding"] == "gzip" and len(packed) < len(plain) / 2 and gzip.decompress(packed) == plain
    with urllib.request.urlopen(urllib.request.Request(demo.url + "/", method="HEAD")) as answer:
        assert answer.read() == b"" and int(answer.headers["Content-Length"]) == len(plain)
    page = open_page(quiet=False)                # it is going to complain
    refused = page.evaluate("""async () => {
        const seen = [];
        document.addEventListener('securitypolicyviolation', e => seen.push(e.effectiveDirective));
        const script = document.createElement('script');
        script.textContent = 'window.injected = 1';
        document.body.append(script);
        const style = document.createElement('style');
        style.textContent = 'body { display: none }';
        document.head.append(style);
        const image = document.createElement('img');
        image.src = 'http://127.0.0.1:1/x.png';
        document.body.append(image);
        try { await fetch('http://localhost:1/'); } catch (e) { }
        await new Promise(done => setTimeout(done, 300));
        return seen;
    }""")
    assert {"script-src-elem", "style-src-elem", "img-src", "connect-src"} <= set(refused)
    assert page.evaluate("window.injected") is None


OVERLAPS = """() => {
    const rects = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const clip = (rect, node) => {
        for (let n = node; n && n !== document.documentElement; n = n.parentElement) {
            const style = getComputedStyle(n);
            if (style.overflowX === 'visible' && style.overflowY === 'visible') continue;
            const box = n.getBoundingClientRect();
            rect = {left: Math.max(rect.left, box.left), right: Math.min(rect.right, box.right), top: Math.max(rect.top, box.top), bottom: Math.min(rect.bottom, box.bottom)};
        }
        return rect;
    };
    for (let node; (node = walker.nextNode());) {
        if (!node.textContent.trim() || !node.parentElement.checkVisibility() || /SCRIPT|STYLE|NOSCRIPT/.test(node.parentElement.tagName)) continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        for (const r of range.getClientRects()) {
            const c = clip(r, node.parentElement);
            if (c.right - c.left > 1 && c.bottom - c.top > 1) rects.push({...c, node, text: node.textContent.trim().slice(0, 40)});
        }
    }
    const found = [];
    for (let i = 0; i < rects.length; i++)
        for (let k = i + 1; k < rects.length; k++) {
            const a = rects[i], b = rects[k];
            if (a.node === b.node) continue;
            const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left), high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
            if (wide > 1.5 && high > 4.5) found.push([a.text, b.text, wide, high]);
        }
    return {count: rects.length, found, outside: rects.filter(r => r.right > innerWidth + 0.5 || r.left < -0.5).map(r => r.text)};
}"""

CONTRAST = """() => {
    const parts = color => color.match(/[\\d.]+/g).map(Number);
    const light = c => { const f = c.slice(0, 3).map(v => (v /= 255) <= 0.03928 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4)); return 0.2126 * f[0] + 0.7152 * f[1] + 0.0722 * f[2]; };
    const ground = node => { for (let n = node; n; n = n.parentElement) { const c = parts(getComputedStyle(n).backgroundColor); if (c.length === 3 || c[3] === 1) return c; } return [255, 255, 255]; };
    const bad = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    let count = 0;
    for (let node; (node = walker.nextNode());) {
        const at = node.parentElement;
        if (!node.textContent.trim() || !at.checkVisibility() || /SCRIPT|STYLE|NOSCRIPT/.test(at.tagName)) continue;
        const style = getComputedStyle(at), ink = light(parts(at instanceof SVGElement ? style.fill : style.color)), back = light(ground(at));
        const ratio = (Math.max(ink, back) + 0.05) / (Math.min(ink, back) + 0.05);
        count++;
        if (ratio < 4.5) bad.push([node.textContent.trim().slice(0, 40), ratio]);
    }
    return {count, bad, ground: light(ground(document.body))};
}"""


@pytest.mark.parametrize("width, scheme, language", SIZES)
def test_it_can_be_read(open_page, width, scheme, language):
    page = open_page(width, scheme, language)
    page.click(".article .open >> nth=1")
    page.wait_for_selector(".details")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    layout = page.evaluate(OVERLAPS)
    assert layout["count"] > 150 and not layout["outside"] and not layout["found"]
    contrast = page.evaluate(CONTRAST)
    assert contrast["count"] > 150 and not contrast["bad"]
    assert (contrast["ground"] < 0.05) == (scheme == "dark")
    assert page.get_attribute("html", "lang") == {"en": "en", "zh": "zh-CN"}[language]
    assert page.inner_text("#pipeline h2") == {"en": "Pipeline", "zh": "流水线"}[language]


def crowded(status):
    """The same answer on a bad day of a large installation: every number long, every name long, everything wrong."""
    topic = "news.articles.raw.cn-north-1.production"
    status["problems"] = [{"code": "no-worker", "severity": "error", "text": "Stage extract has no worker that is ready; tasks that wait for one: 421100.", "values": {"stage": "extract", "queued": 421100}},
                          {"code": "pressure", "severity": "info", "text": "Intake is paused until there is room: 16402 of 16384 KB are in flight.", "values": {"bytes": 16795648, "limit": 16777216}}]
    status["stages"][0] |= {"ready": False, "queued": 421100, "workers": []}
    status["stages"][2] |= {"queued": 3700, "lent": 960, "per_second": 4823.4, "suspects": 12,
                            "workers": [status["stages"][2]["workers"][0] | {"pid": i, "state": ("busy", "idle", "silent", "leaving")[i % 4]} for i in range(40)]}
    status["balance"] |= {"read": 1823456789, "published": 1234567890, "duplicates": 482103488, "filtered": 95505634, "dead": 10233444, "tombstones": 1002333, "in_flight": 44000}
    status |= {"ready": False, "paused": True, "lag": 18340012, "in_flight_bytes": 16795648, "oldest_ms": 7421000, "instance": "millrace-cn-north-1-production",
               "latency": {"p50_ms": 84000, "p99_ms": 2124000}, "labels": {"education": 418223344, "public_safety_and_emergency_management": 12, "none": 582233444}}
    status["rates"] |= {"in": 12345.6, "out": 11802.2, "published": 9000.1, "duplicates": 2800.9, "dead": 120.1}
    status["partitions"] = [status["partitions"][0] | {"topic": topic, "partition": 100 + i, "lag": 182340 + i, "committed": 18233400123} for i in range(24)]
    status["paused_partitions"] = [{"topic": topic, "partition": 100 + i, "why": "pressure"} for i in range(24)]
    status["topics"]["in"] = [topic, topic + ".backfill"]
    return status


@pytest.mark.parametrize("width, language", [(400, "en"), (760, "zh"), (1100, "en"), (1260, "zh"), (1600, "en")])
def test_long_names_and_numbers_fit(open_page, width, language):
    page = open_page(width, "light", language)
    told = []

    def answer(route):
        told.append(crowded(route.fetch().json()))
        route.fulfill(json=told[-1])
    page.route("**/status", answer)
    page.wait_for_selector("[data-stage=extract].broken", timeout=20000)
    wait_until(lambda: not differences(page, told[-1]), 20, lambda: f"the page follows: {differences(page, told[-1])}")
    page.wait_for_selector("path[data-series=filtered]", state="attached", timeout=20000)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    layout = page.evaluate(OVERLAPS)
    assert layout["count"] > 150 and not layout["outside"] and not layout["found"]
    tall = page.eval_on_selector_all("#flow .node, #figures .figure", "all => all.map(n => [n.textContent.slice(0, 20), n.getBoundingClientRect().height])")
    assert not [node for node in tall if node[1] > 240]          # no name is broken letter by letter
    assert page.locator("#partitions tbody tr").count() == 8 and "16" in page.inner_text("#partitions .none")
    page.unroute_all(behavior="wait")


def test_both_languages_say_everything(open_page):
    page = open_page(language="zh")
    words = page.evaluate("Object.fromEntries(LANGUAGES.map(l => [l, Object.keys(WORDS[l]).sort()]))")
    assert words["en"] == words["zh"]
    holes = page.evaluate("LANGUAGES.map(l => Object.values(WORDS[l]).map(t => [...t.matchAll(/\\{(\\w+)\\}/g)].map(m => m[1]).sort().join()))")
    assert collections.Counter(holes[0]) == collections.Counter(holes[1])
    codes = set(re.findall(r'add\(list, (?:"\w+"|severity), "([\w-]+)"', (ROOT / "daemon/problems.c").read_text()))
    assert codes == set(page.evaluate("Object.keys(PROBLEMS_ZH)")) and len(codes) > 15
    used = set(re.findall(r"(?:say|figure)\('([\w.]+)'", (ROOT / "daemon/page/page.js").read_text())) | set(re.findall(r'data-word="(\w+)"', (ROOT / "daemon/page/page.html").read_text()))
    assert {word for word in used if not word.endswith((".", "_"))} <= set(words["en"])
    sources = "".join((ROOT / f"daemon/page/{name}").read_text() for name in ("page.js", "charts.js", "page.html"))
    families = ("label.", "kind.", "reason.", "outcome.", "outcome_", "state.", "why.", "phase.")
    assert [word for word in words["en"] if not word.startswith(families) and not re.search(rf"['\"]{word}['\"]", sources)] == []
    page.click("[data-language=en]")
    assert page.inner_text("#pipeline h2") == "Pipeline"
    page.reload()
    page.wait_for_selector("#plots svg")
    assert page.inner_text("#pipeline h2") == "Pipeline"         # kept, although the browser speaks Chinese


def test_details_show_the_whole_record(open_page, demo):
    page = open_page()
    listed = demo.ask("/articles")["articles"]
    article = next(a for a in reversed(listed) if a["outcome"] == "published" and a["evidence"])
    if page.locator(f"#article-{article['seq']}").count() == 0:
        page.click(".rest button")
    page.click(f"#article-{article['seq']} .open")
    page.wait_for_selector(f"#article-{article['seq']} .details")
    shown, record = page.inner_text(f"#article-{article['seq']} .details"), demo.ask(f"/article?seq={article['seq']}")["record"]
    assert record["article_id"] == article["article_id"] and f"{article['topic']} / {article['partition']} / {article['offset']}" in shown
    for name in ("article_id", "title", "primary_label", "classifier", "story_id", "published_at", "source_name"):
        assert name in shown and str(record[name]) in shown
    assert record["body"].split("\n")[0] in shown
    before = page.inner_text("#list")
    demo.send([news.record("while it is held", id="held-1")])
    page.wait_for_selector("#hold:has-text('1 new')", timeout=20000)
    assert page.inner_text("#list") == before                    # nothing runs away under the reader
    page.click("#hold")
    wait_until(lambda: news.title("while it is held") in page.inner_text("#list"), 20, "the new article is listed")
    page.click("#filters button:has-text('dead')")
    assert set(page.eval_on_selector_all(".article", "all => all.map(n => n.className)")) == {"article dead"}
    assert "not JSON" in page.inner_text("#list")


def test_what_is_wrong_comes_first(open_page, demo):
    pages = {language: open_page(language=language) for language in LOCALES}
    kept = demo.config.read_text()
    demo.config.write_text(kept + "[intake]\nhigh_bytes = many\n")
    try:
        os.kill(demo.daemon, signal.SIGHUP)
        for page in pages.values():
            page.wait_for_selector(".problem.error[data-code=reload-refused]", timeout=20000)
    finally:
        demo.config.write_text(kept)
    told = demo.ask("/status")["problems"]
    assert [p["code"] for p in told] == ["reload-refused", "dead-letters"]
    assert pages["en"].locator(".problem").all_inner_texts() == [p["text"].replace("`", "") for p in told]
    assert "重载" in pages["zh"].locator(".problem").first.inner_text()
    places = [pages["en"].locator(f"#{name}").bounding_box()["y"] for name in ("problems", "figures", "pipeline", "charts", "shares", "articles")]
    assert places == sorted(places)
    os.kill(demo.daemon, signal.SIGHUP)
    pages["en"].wait_for_selector(".problem[data-code=reload-refused]", state="detached", timeout=20000)


def test_the_intake_says_why_nothing_is_read(open_page):
    page, change = open_page(), [lambda status: {}]

    def answer(route):
        status = route.fetch().json()
        route.fulfill(json=status | change[0](status))
    page.route("**/status", answer)
    for change[0], told in ((lambda status: {"paused_partitions": [{"topic": p["topic"], "partition": p["partition"], "why": "operator"} for p in status["partitions"]]}, "paused"),
                            (lambda status: {"problems": [{"code": "no-broker", "severity": "error", "text": "", "values": {}}]}, "no answer"),
                            (lambda status: {"partitions": []}, "No partition is assigned."), (lambda status: {"phase": "draining"}, "draining"), (lambda status: {}, "reading")):
        page.wait_for_selector(f".node.intake .lines p:first-child:text-is({json.dumps(told)})", timeout=20000)
    page.unroute_all(behavior="wait")


def test_another_life_of_the_daemon_is_noticed(open_page):
    """Even when it has been up for longer than the one before: a page may have been hidden meanwhile. Numbers of articles begin anew, so nothing of the old ones may stay open."""
    page = open_page()
    page.click(".article .open >> nth=1")
    page.wait_for_selector(".details")

    def answer(route):
        status = route.fetch().json()
        route.fulfill(json=status | {"uptime_ms": status["uptime_ms"] + 3600000})
    page.route("**/status", answer)
    page.wait_for_selector(".details", state="detached", timeout=20000)
    page.wait_for_selector(".article")
    page.unroute_all(behavior="wait")


def answer_to(demo, path, host="localhost"):
    try:
        with urllib.request.urlopen(urllib.request.Request(demo.url + path, headers={"Host": host})) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_wrong_questions_are_refused(demo):
    for path in ("/history?since=x", "/history?since=-1", "/articles?since=1&since=2", "/article", "/article?seq=%zz"):
        assert answer_to(demo, path)[0] == 400, path
    assert answer_to(demo, "/article?seq=123456")[0] == 404
    assert answer_to(demo, "/status", "rebound.example")[0] == 403 and answer_to(demo, "/", "rebound.example:9180")[0] == 403
    assert answer_to(demo, "/status", "127.0.0.1:1")[0] == 200
    seq = demo.ask("/articles")["next"] - 1
    assert [a["seq"] for a in demo.ask(f"/articles?since={seq}")["articles"]] == [seq]
    assert demo.ask(f"/articles?since={seq + 1}") == {"next": seq + 1, "articles": []}


def slow_client(port, path):
    """Asks and does not read."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    client.connect(("127.0.0.1", port))
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return client


def test_ten_slow_clients_do_not_slow_the_flow(open_page, demo):
    page = open_page()
    paths = ["/history", "/articles", "/status", "/metrics", "/"]
    clients = [slow_client(demo.port, paths[i % len(paths)]) for i in range(10)]
    try:
        before = demo.ask("/status")["balance"]
        demo.send([news.record(f"flow {i}", id=f"flow-{i}") for i in range(400)])
        after = demo.ask("/status")["balance"]
        assert after["read"] - before["read"] == after["published"] - before["published"] == 400
        wait_until(lambda: shown_numbers(page)["balance.published"][0] == str(after["published"]), 20, "the page follows meanwhile")
    finally:
        for client in clients:
            client.close()


def test_silence_of_the_daemon_is_told(open_page, demo):
    page = open_page(quiet=False)                # what cannot be had is told on the console as well
    os.kill(demo.daemon, signal.SIGSTOP)
    try:
        page.wait_for_selector(".problem.error[data-code=no-contact]", timeout=30000)
        assert page.inner_text("#contact") == "no answer"
    finally:
        os.kill(demo.daemon, signal.SIGCONT)
    page.wait_for_selector(".problem[data-code=no-contact]", state="detached", timeout=30000)
    assert page.inner_text("#contact") == "live"
