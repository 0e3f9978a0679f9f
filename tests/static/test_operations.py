"""docs/operations.md tells every metric, exit code, page and log line there is, and none that there is not."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/operations.md").read_text()
LABELS = {"NONE": "", "STAGE": "stage", "REASON": "reason", "KIND": "kind", "LABEL": "label", "CONDITION": "condition", "RESULTS": "results", "RESULT": "result",
          "PARTITION": "topic, partition"}


def source(*patterns):
    return "\n".join(file.read_text() for pattern in patterns for file in sorted(ROOT.glob(pattern)))


def test_metrics():
    rows = re.findall(r'X\(\w+, (\w+), (\w+), "([^"]+)", "([^"]+)"\)', (ROOT / "daemon/metrics.h").read_text())
    assert len(rows) > 40
    want = [(f"millrace_{name}", kind.removesuffix("_MS").lower(), LABELS[label], what) for kind, label, name, what in rows]
    told = [tuple(cell.strip() for cell in found) for found in re.findall(r"^\| `(millrace_\w+)` \|([^|]*)\|([^|]*)\|([^|]*)\|$", TEXT, re.M)]
    info = {"millrace_build_info", "millrace_stage_info", "millrace_start_time_seconds"}
    assert [row for row in told if row[0] not in info] == want
    assert info == {row[0] for row in told if row[0] in info}


def test_names_in_the_text_exist():
    rendered = source("daemon/metrics.h", "daemon/metrics.c")
    for name in set(re.findall(r"millrace_([a-z]\w*)", source("docs/operations.md", "conf/millrace.conf"))):
        assert f'"{name}"' in rendered or f"millrace_{name}" in rendered, name


def test_settings_in_the_text_exist():
    table = set(re.findall(r'^\t\{"([^"]+)"', (ROOT / "common/options.c").read_text(), re.M))
    sections = {name.split(".")[0] for name in table}
    reasons = set(re.findall(r'"((?:input|stage|output)\.[a-z-]+)"', source("daemon/item.c")))
    for section, key in re.findall(r"`([a-z]+)\.([a-z_-]+)`", TEXT):
        assert f"{section}.{key}" in reasons or section not in sections or f"{section}.{key}" in table, f"{section}.{key}"


def test_exit_codes():
    codes = re.findall(r'X\(EXIT_\w+, (\d+), "([^"]+)"\)', (ROOT / "common/exit_codes.h").read_text())
    assert re.findall(r"^\| (\d+) \| (.*) \|$", TEXT, re.M) == codes


def test_pages():
    pages = set(re.findall(r'^\t\{"(/\w*)", ', (ROOT / "daemon/admin_pages.c").read_text(), re.M))
    assert pages == set(re.findall(r"^\| `(/\w*)` \|", TEXT, re.M)) and len(pages) >= 8


def test_problems():
    """A severity that depends is a variable in the source and several words on the page."""
    told = set(re.findall(r'add\(list, ("\w+"|\w+), "([\w-]+)"', (ROOT / "daemon/problems.c").read_text()))
    rows = re.findall(r"^\| `([\w-]+)` \| ((?:error|warning|info)\b[^|]*) \|", TEXT, re.M)
    assert told == {(f'"{severity}"' if re.fullmatch(r"\w+", severity) else "severity", code) for code, severity in rows} and len(told) > 15


def test_reasons_of_ready():
    for reason in re.findall(r"`([^`]+)`", re.search(r"Reasons of `/ready`: (.*?)\n\n", TEXT, re.S).group(1)):
        assert reason.replace("NAME", "%s") in source("daemon/report.c"), reason


def test_codes_of_control_errors():
    told = set(re.findall(r"`([a-z-]+)`", re.search(r"^Codes of errors: (.*?)\n\n", TEXT, re.S | re.M).group(1))) - {"lines"}
    code = source("daemon/steer.c", "daemon/control.c", "daemon/control_message.c")
    used = set(re.findall(r'control_error\([\w>.-]+, "([a-z-]+)"|wrong\(fault, "([a-z-]+)"|(?:refuse\(fd, &peer|turn_away\(call), "([a-z-]+)"', code))
    assert told == {next(filter(None, one)) for one in used}


def test_log_lines():
    """Every line that the table explains is written somewhere; every warning and error of the daemon is explained."""
    table = TEXT[TEXT.index("| Line | Means"):].split("\n\n", 1)[0]
    written = set(re.findall(r'log_(?:info|warn|error|line)\((?:LOG_\w+, \w+, \d+, )?"([^"]+)"', source("daemon/*.c", "workers/worker.c")))
    of_the_log = set(re.findall(r'\btell\(LOG_\w+, "([^"]+)"', source("common/log.c")))
    assert len(of_the_log) == 3
    written |= of_the_log
    told = [line.removesuffix(" ...") for cell in re.findall(r"^\| (`.*?) \|", table, re.M) for line in re.findall(r"`([^`]+)`", cell)]
    for line in set(told) - {"librdkafka", "revoked"}:
        assert any(one.startswith(line) for one in written), line
    for line in [*re.findall(r'log_(?:warn|error)\("([^"]+)"', source("daemon/*.c", "workers/worker.c")), *of_the_log]:
        assert any(line.startswith(one) for one in told), f"a line that docs/operations.md does not explain: {line}"
