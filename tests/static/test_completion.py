"""Completion in a real bash: what is offered behind a line, and what the line becomes on a terminal."""
import functools
import os
import pathlib
import pty
import re
import select
import shlex
import signal
import subprocess
import time

import pytest

from require import cannot

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
        cannot("no bash-completion here")
    if not (BUILD / "bin/millrace").exists():
        cannot(f"{BUILD} is not built")
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


class Terminal:
    """An interactive bash on a terminal of its own; Ctrl-X Ctrl-L prints the line that readline holds."""

    SETUP = r"""
PS1=; set +o history; bind 'set enable-bracketed-paste off'; bind 'set bell-style none'
source {library}; source {script}
bind -x '"\C-x\C-l": printf "LINE<%s>\n" "$READLINE_LINE"'; echo READY$((40 + 2))
"""

    def __init__(self):
        self.child, self.descriptor = pty.fork()
        if self.child == 0:
            os.environ.update(PATH=f"{BUILD}/bin:{os.environ['PATH']}", TERM="dumb", LC_ALL="C.UTF-8", COLUMNS="400")
            os.chdir(ROOT)
            os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
        setup = self.SETUP.format(library=LIBRARY, script=shlex.quote(str(ROOT / "packaging/completion.bash")))
        os.write(self.descriptor, setup.encode())
        self.until("READY42")

    def until(self, pattern):
        text, end = "", time.monotonic() + 60
        while not (found := re.search(pattern, text)):
            assert time.monotonic() < end, text
            if select.select([self.descriptor], [], [], 1)[0]:
                text += os.read(self.descriptor, 65536).decode(errors="replace")
        return found

    def type(self, keys):
        """What stands on the line after these keys; the line is thrown away."""
        os.write(self.descriptor, keys.encode() + b"\x18\x0c")
        line = self.until(r"LINE<(.*?)>").group(1)
        os.write(self.descriptor, b"\x05\x15")                   # end of line, kill it
        return line

    def close(self):
        os.kill(self.child, signal.SIGKILL)
        os.waitpid(self.child, 0)
        os.close(self.descriptor)


@pytest.fixture(scope="module")
def terminal():
    if not LIBRARY.exists() or not (BUILD / "bin/millrace").exists():
        cannot("no bash-completion, or not built")
    terminal = Terminal()
    yield terminal
    terminal.close()


@pytest.mark.parametrize("keys,line", [
    ("millrace dl\t", "millrace dlq "),
    ("millrace dlq re\t--dr\t", "millrace dlq replay --dry-run "),
    ("millrace --set publish.deliv\tex\t", "millrace --set publish.delivery=exactly-once "),
    ("millraced --set=log.form\tjs\t", "millraced --set=log.format=json "),
    ("millrace process --as=h\t", "millrace process --as=html "),
    ("millrace process --as t\tREAD\t", "millrace process --as text README"),
    ("millrace-worker --st\tded\t", "millrace-worker --stage dedup "),
    ("millrace check dedup.wind\t", "millrace check dedup.window_days "),
    ("millrace --config LIC\tde\t", "millrace --config LICENSE demo "),
])
def test_on_a_terminal(terminal, keys, line):
    assert terminal.type(keys).startswith(line)
