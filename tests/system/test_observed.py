"""The daemon as those see it who observe it: a real Prometheus that scrapes it and evaluates rules and dashboard, journald (its socket, read by the rules of the native
protocol), and a tracing system that follows a record by its headers. One daemon and one flow for all of it."""
import json
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import urllib.parse
import urllib.request

import pytest

import news
from daemon import ROOT, STAGES
from flow import mixed_feed
from process import Process, free_port
from require import cannot
from wait import wait_until

RULES = ROOT / "conf/prometheus/millrace.rules.yml"
BOARD = json.loads((ROOT / "conf/grafana/millrace.json").read_text())
TRACE, STATE = "4bf92f3577b34da6a3ce929d0e0e4736", "vendor=00f067aa0ba902b7"
TRACED = [("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01".encode()), ("tracestate", STATE.encode())]


class Journal:
    """The socket of journald."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="mrj-", dir="/tmp")         # socket paths have a short limit
        self.path = f"{self.folder.name}/socket"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.datagrams = []
        threading.Thread(target=self._listen, daemon=True).start()                   # journald reads all the time, too

    def _listen(self):
        while data := self.socket.recv(1 << 20):
            self.datagrams.append(data)

    def close(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"", self.path)

    def read(self):
        return [self._fields(data) for data in list(self.datagrams)]

    @staticmethod
    def _fields(data):
        fields, at = {}, 0
        while at < len(data):
            end = data.index(b"\n", at)
            name, equals, value = data[at:end].partition(b"=")
            at = end + 1
            if not equals:
                size, = struct.unpack_from("<Q", data, at)
                value = data[at + 8:at + 8 + size]
                assert data[at + 8 + size:at + 9 + size] == b"\n"
                at += size + 9
            name = name.decode()
            assert re.fullmatch(r"[A-Z][A-Z0-9_]{0,63}", name) and name not in fields, data
            fields[name] = value.decode()
        return fields

    def find(self, **wanted):
        return [entry for entry in self.read() if all(entry.get(name) == value for name, value in wanted.items())]


class Prometheus:
    """Debian's, on loopback, scraping every second."""

    def __init__(self, folder, port):
        program = shutil.which("prometheus")
        if not program:
            cannot("there is no prometheus here (Debian: prometheus)")
        self.port = free_port()
        config = folder / "prometheus.yml"
        config.write_text(json.dumps({                                                 # YAML reads JSON
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}, "rule_files": [str(RULES)],
            "scrape_configs": [{"job_name": "millrace", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}]}))
        self.process = Process([program, f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"],
                               folder / "prometheus.log", cwd=folder)

    def ask(self, path, **parameters):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}", timeout=20) as answer:
            told = json.load(answer)
        assert told["status"] == "success" and not told.get("warnings"), told
        return told["data"]

    def query(self, expression):
        return self.ask("query", query=expression)["result"]

    def scraped(self):
        """How many times the daemon has been scraped; 0 while Prometheus starts."""
        try:
            found = self.query("count_over_time(millrace_ready[1h])")
        except OSError:
            return 0
        return int(found[0]["value"][1]) if found else 0


@pytest.fixture
def journal():
    made = Journal()
    yield made
    made.close()


def filled(expression):
    for name, value in {"__rate_interval": "30s", "__range": "1h", "__interval": "30s"}.items():
        expression = expression.replace(f"${name}", value)
    return re.sub(r"\$\w+", ".*", expression)


def traced_feed():
    """An article, its copy, and a value that is none: all three belong to the same trace."""
    story = news.record("traced story", text=f"{news.text('traced story', 500)}\n蓝鹤码头昨日开工。")
    yield news.value(story), "traced story", "new", {"headers": TRACED, "partition": 0}
    yield news.value(news.near_copy("traced story", 1, 500)), "traced story", "copy", {"headers": [("Traceparent", TRACED[0][1]), *TRACED[1:]], "partition": 0}
    yield b"\x02 no record\nat all", "traced bad", "bad", {"headers": TRACED, "partition": 0}


def check_trace(account, journal):
    """Headers go on to all topics, that of alerts, too, and the log names the trace of each outcome."""
    def traced(messages):
        return [m for m in messages if {name.lower(): value for name, value in m.headers}.get("tracestate") == STATE.encode()]
    messages = [*traced(account.flow.kafka.read_all([account.flow.alerts])), *traced(m for m, _ in account.articles), *traced(m for m, _ in account.copies), *traced(account.dead)]
    assert len({m.topic for m in messages}) == 4 and len(messages) == 4
    for m in messages:
        assert next(value for name, value in m.headers if name.lower() == "traceparent") == TRACED[0][1]
    wait_until(lambda: len(journal.find(MILLRACE_EVENT="outcome", MILLRACE_TRACE=TRACE)) == 3, 20, "the log tells of the three")
    assert {entry["MILLRACE_RESULT"] for entry in journal.find(MILLRACE_TRACE=TRACE)} == {"published", "duplicate", "dead"}


def check_journal(flow, daemon, account, journal):
    """Every outcome is an entry with its fields; nothing went to standard error but what workers wrote."""
    outcomes = [entry for entry in journal.find(MILLRACE_EVENT="outcome") if entry["MILLRACE_RESULT"] != "tombstone"]
    lost = sum(int(entry["MILLRACE_LOST"]) for entry in journal.find(MILLRACE_EVENT="lines lost, the journal was too slow"))
    total = len(account.articles) + len(account.copies) + len(account.dead)
    assert total - lost <= len(outcomes) <= total and lost < total / 2
    published = {record["article_id"]: record for _, record in account.articles}
    for entry in outcomes:
        assert entry["SYSLOG_IDENTIFIER"] == "millraced" and entry["PRIORITY"] == "6" and entry["CODE_FILE"].endswith("report.c") and entry["CODE_FUNC"].startswith("log_")
        assert entry["MILLRACE_TOPIC"] == flow.raw and (int(entry["MILLRACE_PARTITION"]), int(entry["MILLRACE_OFFSET"])) in flow.fed
        assert entry["MESSAGE"].startswith(f"outcome result={entry['MILLRACE_RESULT']} ") and "\n" not in entry["MESSAGE"]
        if entry["MILLRACE_RESULT"] == "published":
            assert published[entry["MILLRACE_ARTICLE_ID"]]["source_offset"] == int(entry["MILLRACE_OFFSET"])
        if entry["MILLRACE_RESULT"] == "duplicate":
            assert entry["MILLRACE_DUPLICATE_OF"] in published
        if entry["MILLRACE_RESULT"] == "dead":
            assert entry["MILLRACE_CODE"].startswith("input.") and entry["MILLRACE_WHY"]
    assert journal.find(MILLRACE_EVENT="started") and not journal.find(MILLRACE_CUT="true")
    assert "prog=millraced" not in daemon.log(), daemon.log()[:2000]


def check_metrics(daemon):
    """promtool finds nothing to say about /metrics."""
    result = subprocess.run(["promtool", "check", "metrics"], input=daemon.get("/metrics")[1], capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def check_rules(prometheus):
    rules = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
    assert len(rules) > 25
    for rule in rules:
        assert rule["health"] == "ok" and not rule.get("lastError"), rule
        assert rule["labels"]["severity"] != "critical" or rule["state"] != "firing", rule


def check_board(prometheus):
    """Every expression of every panel is answered; all that does not tell of trouble has something to show, with the labels that its legend names."""
    for panel in BOARD["panels"]:
        for target in panel.get("targets", []):
            found = prometheus.query(filled(target["expr"]))
            trouble = "ALERTS" in target["expr"] or target["expr"].rstrip().endswith("> 0")
            assert found or trouble, f"{panel['title']}: nothing for {target['expr']}"
            for series in found:
                missing = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) - series["metric"].keys()
                assert not missing, f"{panel['title']}: the legend names {missing}, {series['metric']}"
    for one in BOARD["annotations"]["list"]:
        prometheus.query(filled(one["expr"]))
    for variable in BOARD["templating"]["list"]:
        if variable["type"] == "query":
            series, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]).groups()
            assert prometheus.ask(f"label/{label}/values", **{"match[]": filled(series)}), variable["name"]


def shown(prometheus, title, legend=""):
    """The number that a panel shows for the daemon."""
    panel = next(panel for panel in BOARD["panels"] if panel["title"] == title)
    target = next(target for target in panel["targets"] if legend in target["legendFormat"])
    return float(prometheus.query(filled(target["expr"]))[0]["value"][1])


def test_prometheus_journal_and_traces(flow, journal, tmp_path):
    f = flow(partitions=2, settings={"log.format": "journal", "log.journal_socket": journal.path})
    f.alerts = f"{f.name}.alerts"
    f.kafka.create_topic(f.alerts, 1)
    (tmp_path / "watches.conf").write_text("[pier]\nany = 蓝鹤码头\n")
    f.settings.update({"pipeline.stages": f"{STAGES} watch", "watch.file": tmp_path / "watches.conf", "watch.alerts_topic": f.alerts})
    d = f.daemon()
    prometheus = Prometheus(tmp_path, d.port)
    d.start().wait_ready()
    f.feed(traced_feed())
    wait_until(lambda: journal.read() and prometheus.scraped() >= 3, 60, "Prometheus scrapes the daemon")
    check_trace(f.account(), journal)
    f.feed(mixed_feed("observed", 300))
    account = f.account()
    check_journal(f, d, account, journal)
    check_metrics(d)
    before = prometheus.scraped()
    wait_until(lambda: prometheus.scraped() >= before + 3, 60, "it has scraped what is final")
    check_rules(prometheus)
    check_board(prometheus)
    terms = d.balance()
    assert shown(prometheus, "Balance") == 0 and shown(prometheus, "Lag") == 0 and shown(prometheus, "Daemons") == 1 and shown(prometheus, "Ready") == 1
    assert int(prometheus.query("sum(millrace_records_read_total)")[0]["value"][1]) == terms["read"] == len(f.fed)
    assert d.stop() == 0
    wait_until(lambda: journal.find(MILLRACE_EVENT="left"), 10, "the last line of the daemon is in the journal")
