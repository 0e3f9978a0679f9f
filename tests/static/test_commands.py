"""Commands shown in README.md and docs/*.md exist, with the options shown: what `./run`, `millrace COMMAND --help` and the programs' --help say."""
import functools
import json
import os
import pathlib
import re
import shlex
import subprocess

import jsonschema
import pytest

from require import cannot

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("MILLRACE_BUILD", "build")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PROGRAMS = ("millrace", "millraced", "millrace-worker")
COMMAND = re.compile(r"(?:\$ )?((?:\./run|(?:build/bin/)?millrace(?:d|-worker)?)(?:\s.*)?)$")


@functools.cache
def said_by(*command):
    """What a command says; the program must be built and must not fail."""
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, (command, result.stderr)
    return result.stdout


def program(name):
    path = BUILD / "bin" / name
    if not path.exists():
        cannot(f"{path} is not built")
    return str(path)


def lines_of_blocks(text):
    """Lines of fenced and of indented blocks; a line that ends with a backslash goes on in the next."""
    fenced = re.findall(r"^```[^\n]*\n(.*?)^```", text, re.S | re.M)
    indented = re.findall(r"^(?: {4}|\t)(.*)$", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M), re.M)
    return [line.strip() for line in "\n".join([*fenced, *indented]).replace("\\\n", " ").splitlines()]


def inline(text):
    return [" ".join(found.split()) for found in re.findall(r"`([^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M))]


def commands(text):
    """Every command of ours on a page, split into words; comments, pipes and redirections are cut off."""
    for line in [*lines_of_blocks(text), *inline(text)]:
        found = COMMAND.match(line)
        if not found or re.match(r"millrace\S* (?:\d|and )", line):
            continue
        words = shlex.split(re.split(r"\s(?:[|;&<>]|2>)", re.sub(r"\s#.*", "", found.group(1)))[0])
        yield [words[0].removeprefix("build/bin/"), *words[1:]]


def options(words):
    return {word.split("=")[0].strip("[]") for word in words if re.match(r"\[?--[a-z]", word)}


def lists(help_text, option):
    return re.search(rf"{re.escape(option)}(?![a-z-])", help_text) is not None


def check_run(words):
    rest = words[1:]
    if not rest:
        return None
    row = re.search(rf"^  \./run {re.escape(rest[0])}\b.*$", said_by("./run"), re.M)
    if not row:
        return f"./run has no command {rest[0]}"
    more = said_by(program("millrace"), rest[0], "--help") if rest[0] in ("demo", "check") else ""
    return next((f"./run {rest[0]} has no {o}" for o in options(rest) if not lists(row.group(0) + more, o)), None)


def check_millrace(words):
    rest = [word for word in words[1:]]
    if not rest or rest[0] in ("--help", "--version", "COMMAND", "..."):
        return None
    name = rest[0]
    if not re.search(rf"^  {re.escape(name)} ", said_by(program("millrace"), "--help"), re.M):
        return f"millrace has no command {name}"
    text = said_by(program("millrace"), name, "--help")
    kinds = {kind for found in re.findall(rf"^(?:Usage:|      ) millrace {name} \[?([a-z][a-z|-]*)\]?(?=\s|$)", text, re.M) for kind in found.split("|")}
    if kinds and len(rest) > 1 and re.match(r"[a-z]", rest[1]):
        wrong = set(rest[1].split("|")) - kinds
        if wrong:
            return f"millrace {name} knows no {wrong}"
    return next((f"millrace {name} has no {o}" for o in options(rest) if not lists(text, o)), None)


def check(words):
    if words[0] == "./run":
        return check_run(words)
    if words[0] == "millrace":
        return check_millrace(words)
    return next((f"{words[0]} has no {o}" for o in options(words[1:]) if not lists(said_by(program(words[0]), "--help"), o)), None)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_shown_exist(page):
    wrong = [(" ".join(words), why) for words in commands(page.read_text()) if (why := check(words))]
    assert wrong == []


def test_the_readme_shows_commands():
    shown = {tuple(words[:2]) for words in commands((ROOT / "README.md").read_text())}
    assert {("./run", "demo"), ("./run", "test"), ("millrace", "process"), ("millrace", "check"), ("millraced", "--config")} <= shown


@pytest.mark.parametrize("line", [
    "./run dmeo", "./run demo --twice", "millrace chek", "millrace process --sa json x", "millrace train clasify --data x", "millraced --cofnig x",
    "millrace-worker --stgae extract", "build/bin/millrace schema artikel", "millrace check --explainn"])
def test_a_wrong_command_is_seen(line):
    [words] = commands(f"```\n{line}\n```")
    assert check(words)


def test_every_command_is_written_about():
    """The table of README.md has every command: one that is not there is one that nobody finds."""
    named = re.findall(r"^  (\w+) ", said_by(program("millrace"), "--help").split("Options")[0], re.M)
    readme = (ROOT / "README.md").read_text()
    table = readme[readme.index("| `millrace ...` |"):].split("\n\n", 1)[0]
    assert [name for name in named if f"`{name}`" not in table] == []


def test_help_fits_a_terminal():
    names = re.findall(r"^  (\w+) +\S", said_by(program("millrace"), "--help").split("Options")[0], re.M)
    assert len(names) > 12
    assert [(name, line) for name in names for line in said_by(program("millrace"), name, "--help").splitlines() if len(line) > 100] == []


def test_check_tells_all_errors_at_once(tmp_path):
    """Spelling, values and librdkafka's share in one run; the guess is the nearest name."""
    conf = tmp_path / "m.conf"
    conf.write_text("[kafka]\nbootstrap.server = a\n[intake]\ntopic = x\nhigh_bytes = 12Q\n[publsh]\ntopic = y\n")
    result = subprocess.run([program("millrace"), "check", "--config", str(conf)], capture_output=True, text=True, timeout=60)
    assert result.returncode == 78
    for told in (":2: librdkafka has no property 'bootstrap.server'", ":4: unknown setting 'intake.topic' (did you mean 'intake.topics'?)", ":5: intake.high_bytes", ":6: unknown section 'publsh'"):
        assert told in result.stderr, told
    assert "4 errors" in result.stderr


def test_the_schema_of_the_settings_is_that_of_the_sample():
    """Every setting of conf/millrace.conf is in it, with the default it has there; what is wrong is refused."""
    schema = json.loads(said_by(program("millrace"), "schema", "config"))
    jsonschema.Draft7Validator.check_schema(schema)
    sample, section = {}, None
    for line in (ROOT / "conf/millrace.conf").read_text().splitlines():
        if head := re.fullmatch(r"\[([\w.]+)\]", line):
            section = head[1]
        elif found := re.fullmatch(r"#(\w+) = ?(.*)", line):
            kind = schema["properties"][section]["properties"][found[1]]
            value = {"array": str.split, "boolean": lambda text: text == "true", "integer": int}.get(kind.get("type"), str)(found[2])
            assert kind["default"] == value, (section, found[0])
            sample.setdefault(section, {})[found[1]] = value
    own = {name: about["properties"].keys() for name, about in schema["properties"].items() if "properties" in about}
    assert {name: keys.keys() for name, keys in sample.items() if name in own} == own and "stages" in sample["pipeline"]
    good = {**sample, "kafka": {"bootstrap.servers": "a:9092", "ssl.key.password": "file:key"}}
    jsonschema.validate(good, schema)
    for bad in ({"intake": {"rat": 1}}, {"intak": {}}, {"intake": {"rate": -1}}, {"intake": {"high_bytes": "12Q"}}, {"daemon": {"drain_ms": "5 parsecs"}}, {"log": {"level": "loud"}},
                {"log": {"outcomes": "perhaps"}}, {"pipeline": {"stages": "extract"}}, {"daemon": {"drain_ms": 600001}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(bad, schema)


def test_check_with_a_file_as_its_argument(tmp_path):
    result = subprocess.run([program("millrace"), "check", str(tmp_path / "m.conf")], capture_output=True, text=True, timeout=60)
    assert result.returncode == 2 and "--config" in result.stderr


def test_the_readme_record_is_real():
    """What README.md shows of a record is what comes out of the demo's record, but for texts cut short and what a new model changes."""
    given, made = [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", (ROOT / "README.md").read_text(), re.S | re.M)][:2]
    feed = [json.loads(line).get("value", {}) for line in (ROOT / "conf/demo/feed.jsonl").read_text().splitlines()]
    [record] = [value for value in feed if value.get("id") == given["id"]]
    result = subprocess.run([program("millrace"), "process", "--quiet", "-"], input=json.dumps(record), capture_output=True, text=True, timeout=60)
    out = json.loads(result.stdout)
    for shown, real in ((given, record), (made, out)):
        for name, value in shown.items():
            if name.startswith("score_") or name in ("evidence", "classifier"):
                assert name in real
            elif isinstance(value, str) and value.endswith("……"):
                assert real[name].startswith(value.removesuffix("……")), name
            else:
                assert real[name] == value, name
    assert f"its {len(out)} members" in " ".join((ROOT / "README.md").read_text().split())
