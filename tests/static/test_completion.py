"""Completion in a real bash: what is offered behind a line, and what the line becomes."""
import functools
import os
import pathlib
import re
import shlex
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("MILLRACE_BUILD", "build")
LIBRARY = pathlib.Path("/usr/share/bash-completion/bash_completion")

# bash asks a completion function as readline does: COMP_WORDS split at COMP_WORDBREAKS, the point behind the last word
ASK = r"""
source {library}
source {script}
line=$1
split() {{ /usr/bin/python3 - "$1" "$COMP_WORDBREAKS" <<'END'
import re, sys
line, breaks = sys.argv[1:]
signs = re.escape("".join(one for one in breaks if not one.isspace()))
words = re.findall(rf"[^\s{{signs}}]+|[{{signs}}]+", line)
print("\n".join(words + ([""] if line.endswith(" ") or line[-1] in breaks else [])))
END
}}
mapfile -t COMP_WORDS < <(split "$line")
COMP_LINE=$line COMP_POINT=${{#line}} COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)) COMP_TYPE=9 COMP_KEY=9
name=${{COMP_WORDS[0]}}
function=$(complete -p "${{name##*/}}" | sed 's/.*-F \([^ ]*\).*/\1/')
compopt() {{ :; }}
"$function" "$name" "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD - 1]}}"
printf '%s\n' "${{COMPREPLY[@]}}"
"""


@functools.cache
def offered(line):
    if not LIBRARY.exists():
        pytest.skip("no bash-completion here")
    if not (BUILD / "bin/millrace").exists():
        pytest.skip(f"{BUILD} is not built")
    script = ASK.format(library=LIBRARY, script=shlex.quote(str(ROOT / "packaging/completion.bash")))
    result = subprocess.run(["bash", "--norc", "-c", script, "bash", line], capture_output=True, text=True, timeout=60, cwd=ROOT,
                            env={**os.environ, "PATH": f"{BUILD}/bin:{os.environ['PATH']}"})
    assert result.returncode == 0 and not result.stderr, result.stderr
    return [word for word in result.stdout.splitlines() if word]


def help_of(*words):
    return subprocess.run([BUILD / "bin" / words[0], *words[1:], "--help"], capture_output=True, text=True, timeout=60, check=True).stdout


def settings():
    return [f"{name}=" for name in re.findall(r'^\t\{"([^"]+)"', (ROOT / "common/options.c").read_text(), re.M)]


def commands():
    return re.findall(r"^  (\w+) +\S", re.search(r"^Commands:\n(.*?)\n\n", help_of("millrace"), re.S | re.M).group(1), re.M)


def test_commands():
    assert offered("millrace ") == [*commands(), "help"]
    assert offered("millrace de") == ["demo"]
    assert offered("millrace --config x.conf de") == ["demo"]
    assert "complete" not in offered("millrace c")                # not for people


@pytest.mark.parametrize("line", ["millrace {} --", "millrace --set log.level=debug {} --"])
def test_options_of_every_command(line):
    for command in commands():
        want = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", help_of("millrace", command)))
        assert set(offered(line.format(command))) == want, command


def test_forms():
    assert offered("millrace dlq ") == ["list", "show", "replay"]
    assert offered("millrace index ve") == ["verify"]
    assert offered("millrace explain ")[:3] == ["extract", "dedup", "classify"]
    assert offered("millrace schema d") == ["duplicate", "dead-letter"]
    assert offered("millrace process ") == []                     # files: bash's own


def test_choices():
    assert offered("millrace process --as ") == ["json", "text", "html"]
    assert offered("millrace process --as=t") == ["text"]
    assert offered("millrace dlq list --stage cl") == ["classify"]


@pytest.mark.parametrize("program", ["millrace", "millraced", "millrace-worker"])
def test_settings(program):
    everything = offered(f"{program} --set ")
    assert set(settings()) <= set(everything) and len(everything) == len(set(everything))
    assert offered(f"{program} --set publish.deliv") == ["publish.delivery="]
    assert offered(f"{program} --set=publish.deliv") == ["publish.delivery="]
    assert offered(f"{program} --set publish.delivery=") == ["exactly-once", "at-least-once"]
    assert offered(f"{program} --set log.level=d") == ["debug"]
    assert offered(f"{program} --set log.outcomes=") == ["true", "false"]


def test_names_for_check():
    assert offered("millrace check admin.p") == ["admin.port"]


def test_the_other_programs():
    assert set(offered("millraced --")) == {"--config", "--set", "--help", "--version"}
    assert set(offered("millrace-worker --")) == set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", help_of("millrace-worker")))
    assert offered("millrace-worker --stage ex") == ["extract"]


def test_of_the_program_that_is_typed():
    """A build beside an installed one completes what it can itself."""
    folder = (BUILD / "bin").resolve()
    assert offered(f"{folder}/millrace de") == ["demo"]
    assert offered(f"{folder}/millraced --set admin.po") == ["admin.port="]
