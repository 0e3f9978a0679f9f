"""conf/grafana/millrace.json as far as it can be judged without Grafana: a sound model, nothing over anything else, every name and expression right.
tests/system/test_observed.py asks a real Prometheus that has scraped a real daemon."""
import json
import pathlib
import re

import yaml

from test_alerts import RULES, promtool

ROOT = pathlib.Path(__file__).resolve().parents[2]
BOARD = json.loads((ROOT / "conf/grafana/millrace.json").read_text())
ROWS = re.findall(r'X\(\w+, (\w+), (\w+), "([^"]+)", "[^"]+"\)', (ROOT / "daemon/metrics.h").read_text())
KINDS = {f"millrace_{name}": kind for kind, _, name in ROWS}
KINDS |= {"millrace_build_info": "GAUGE", "millrace_stage_info": "GAUGE", "millrace_start_time_seconds": "GAUGE", "process_resident_memory_bytes": "GAUGE",
          "process_cpu_seconds_total": "COUNTER"}
UNITS = {"short", "s", "cps", "bytes", "Bps", "percentunit"}
GRAFANA = {"__rate_interval": "1m", "__range": "1h", "__interval": "1m"}           # of Grafana itself; all else is a variable of the dashboard


def panels():
    return [panel for panel in BOARD["panels"] if panel["type"] != "row"]


def expressions():
    """(where, expression) of all panels and annotations, as they stand."""
    found = [(panel["title"], target["expr"]) for panel in panels() for target in panel["targets"]]
    return found + [(f"annotation {one['name']}", one["expr"]) for one in BOARD["annotations"]["list"]]


def filled(expression):
    """As Grafana would send it for all jobs and daemons."""
    for name, value in GRAFANA.items():
        expression = expression.replace(f"${name}", value)
    return re.sub(r"\$\w+", ".*", expression)


def metric(name):
    """The metric that a series belongs to: those of a histogram have three names."""
    base = re.sub(r"_(bucket|sum|count)$", "", name)
    return base if name not in KINDS and KINDS.get(base) == "HISTOGRAM" else name


def metrics_of(text):
    return {metric(name) for name in re.findall(r"\b(?:millrace|process)_\w+", text)}


def test_model():
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(ids) == len(set(ids)) > 50
    titles = [panel["title"] for panel in BOARD["panels"]]
    assert len(titles) == len(set(titles)) and BOARD["panels"][0]["title"] == "What is wrong"
    assert BOARD["uid"] == "millrace" and BOARD["id"] is None and BOARD["schemaVersion"] >= 36
    for panel in panels():
        assert panel["type"] in ("stat", "timeseries", "bargauge", "table"), panel["title"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, panel["title"]
        assert panel["description"].endswith(".") and panel["targets"], panel["title"]
        refs = [target["refId"] for target in panel["targets"]]
        assert len(refs) == len(set(refs)) and all(target["datasource"] == panel["datasource"] for target in panel["targets"])
        assert panel["fieldConfig"]["defaults"].get("unit", "short") in UNITS, panel["title"]
        if panel["type"] == "timeseries":
            legends = [target["legendFormat"] for target in panel["targets"]]
            assert all(legends) and len(legends) == len(set(legends)), panel["title"]


def test_nothing_lies_over_anything():
    taken = {}
    for panel in BOARD["panels"]:
        place = panel["gridPos"]
        assert 0 <= place["x"] and place["w"] >= 3 and place["x"] + place["w"] <= 24 and place["h"] >= 1, panel["title"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, f"{panel['title']} lies over {taken[x, y]}"
                taken[x, y] = panel["title"]
    rows = [panel["gridPos"] for panel in BOARD["panels"] if panel["type"] == "row"]
    assert all(place["w"] == 24 and place["x"] == 0 for place in rows)
    height = max(y for _, y in taken) + 1
    assert len(taken) > 0.9 * 24 * height, "it has holes"


def test_variables():
    variables = {one["name"]: one for one in BOARD["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource" and variables["datasource"]["query"] == "prometheus"
    text = json.dumps(BOARD)
    used = set(re.findall(r"\$\{?(\w+)", text)) - {"__all"}
    assert used == set(variables) | set(GRAFANA), "a variable that nobody has made, or that nobody uses"
    for where, expression in expressions():
        for series in re.findall(r"\b(?:millrace|process)_\w+(\{[^}]*\})?", expression):
            assert 'job=~"$job"' in series and 'instance=~"$instance"' in series, f"{where}: does not follow the chosen daemons: {expression}"


def test_metrics_exist_and_are_of_the_kind():
    """What is counted is shown as a rate or an increase, what is measured is not; the same in the rules."""
    rules = [(rule["alert"], rule["expr"]) for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    shown = set()
    for where, expression in expressions() + rules:
        assert metrics_of(expression) <= set(KINDS), f"{where}: {metrics_of(expression) - set(KINDS)}"
        shown |= metrics_of(expression) if (where, expression) not in rules else set()
        for function, name in re.findall(r"\b(rate|increase|deriv|changes)\((\w+)", expression):
            kind = KINDS[metric(name)]
            assert (kind in ("COUNTER", "HISTOGRAM")) == (function in ("rate", "increase")), f"{where}: {function} of {name}, which is a {kind}"
        if where not in ("Balance", "MillraceBalance"):                              # there counters themselves are compared
            for name in re.findall(r"(?<!rate\()(?<!increase\()\b(millrace_\w+_total)\b", expression):
                assert False, f"{where}: the counter {name} by itself"
    assert KINDS.keys() == shown, f"not on the dashboard: {KINDS.keys() - shown}"


def test_expressions_are_promql(tmp_path):
    rules = [{"record": f"board:{number}", "expr": filled(expression)} for number, (_, expression) in enumerate(expressions())]
    file = tmp_path / "board.json"
    file.write_text(json.dumps({"groups": [{"name": "board", "rules": rules}]}))
    result = promtool("check", "rules", file)
    assert result.returncode == 0 and f"{len(rules)} rules found" in result.stdout, result.stdout + result.stderr
