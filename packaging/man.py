#!/usr/bin/env python3
"""man.py - a manual page from what is written elsewhere already.

    man.py --programs FOLDER --version 0.1.0 PAGE OUT        PAGE: millraced.8, millrace.conf.5, ...

packaging/man/PAGE.md is the frame of a page: Markdown, with lines `{{source argument}}` that bring in the text that is not said twice: the --help of the programs, conf/millrace.conf, docs/*.md.
The forms of Markdown that the docs use are known (headings, paragraphs, lists, tables, definitions, code), no others. Standard library only: the pages are made wherever the project is built.
The same sources give the same bytes: the date is SOURCE_DATE_EPOCH or that of the changelog.
"""
import argparse
import datetime
import email.utils
import itertools
import os
import pathlib
import re
import subprocess
import unicodedata

ROOT = pathlib.Path(__file__).resolve().parents[1]
WIDTH = 72                                # columns of text on a terminal of 80
LISTED = 3                                # columns of a list's indent


def columns(text):
    """What a text takes on a terminal: Chinese characters are two wide."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


# ---- troff ----

def escape(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return text.replace("~", "\\(ti").replace("^", "\\(ha").replace("'", "\\(aq").replace("`", "\\(ga").replace('"', "\\(dq")


def prose(text):
    """Running text: a hyphen within a word may stay one, options and signs are typed as they stand."""
    text = text.replace("\\", "\\e")
    text = re.sub(r"(?<![\w])-+|-(?![\w])|--+", lambda found: found.group().replace("-", "\\-"), text)
    return text.replace("~", "\\(ti").replace("^", "\\(ha").replace("`", "\\(ga")


def guard(line):
    """A line that begins with a dot or an apostrophe is no request."""
    return "\\&" + line if line[:1] in ".'" else line


def font(name, text):
    return f"\\f{name}{text}\\fP" if text else ""


def inline(text):
    """Markdown within a paragraph: `code`, **strong**, *emphasis*, [text](address)."""
    out, at = [], 0
    for found in re.finditer(r"(`+)(.+?)\1|\*\*(.+?)\*\*|(?<![\w*])\*([^*\s][^*]*)\*(?!\w)|\[([^\]]+)\]\((?:[^)]+)\)", text):
        out.append(prose(text[at:found.start()]))
        if found.group(2) is not None:
            out.append(font("B", escape(found.group(2).strip())))
        elif found.group(3) is not None:
            out.append(font("B", escape(found.group(3).replace("`", ""))))
        elif found.group(4) is not None:
            out.append(font("I", prose(found.group(4).replace("`", ""))))
        else:
            out.append(prose(found.group(5).replace("`", "")))
        at = found.end()
    return "".join(out) + prose(text[at:])


def filled(text):
    """Lines of troff for a paragraph, none longer than 78 bytes where there is a blank."""
    out = []
    for word in inline(" ".join(text.split())).split(" "):
        if out and len(f"{out[-1]} {word}".encode()) <= 78:
            out[-1] += " " + word
        else:
            out.append(word)
    return [guard(line) for line in out]


def code(lines):
    """Not filled. A line too long for the terminal goes on in the next one, unless the block is a drawing."""
    drawing = any(re.search(r"--+>|^\s*[|^v]\s*[|^v]?\s*$|-{3,}\+|[─▶]", line) for line in lines)
    out = [".nf"] if drawing else [".RS 2", ".nf"]
    for line in lines:
        rest = line.rstrip()
        while not drawing and columns(rest) > WIDTH - 4:
            cut = 0
            for found in re.finditer(r" +|(?<=[,{}，。])", rest):
                if cut and columns(rest[:found.end()].rstrip()) > WIDTH - 4:
                    break
                if rest[:found.start()].strip() and rest[found.end():].strip():
                    cut = found.end()
            if not cut:
                break
            out.append(guard(escape(rest[:cut].rstrip())))
            indent = len(line) - len(line.lstrip())
            rest = " " * (indent + 4) + rest[cut:].lstrip()
        out.append(guard(escape(rest)) if rest else "\\&")
    return [".sp"] + out + ([".fi"] if drawing else [".fi", ".RE"])


def tag(text, lines):
    return [".TP", text if text.strip() else "\\&"] + (lines or ["\\&"])


# ---- Markdown ----

def cells(line):
    return [cell.replace("\\|", "|").strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def plain(cell):
    return re.sub(r"[`*]", "", cell)


def table(rows):
    """Narrow ones as a table, wide ones as a list: the first cell is the tag, short second cells stand beside it."""
    head, body = cells(rows[0]), [cells(row) for row in rows[2:]]
    widths = [max(columns(plain(row[i])) for row in [head, *body] if i < len(row)) for i in range(len(head))]
    if sum(widths) + 3 * len(widths) <= WIDTH and any(head):
        lines = [".TS", " ".join(["lb"] * len(head)), " ".join(["l"] * len(head)) + ".", "\t".join(prose(cell) for cell in head)]
        return [".PP", *lines, *("\t".join(guard(inline(cell)) for cell in row) for row in body), ".TE"]
    out = [".PP"]
    if len(head) > 2 and max(columns(plain(name)) for name in head[1:]) > 24:           # said once, not with each row
        out += [*filled(f"Told of each: {'; '.join(f'*{name}*' for name in head[1:])}."), ".PP"]
        head = [name.split(",")[0] for name in head]
    for row in body:
        first, rest = row[0], row[1:]
        label, names = inline(first), head[1:]
        if len(rest) > 1 and max(columns(plain(one[1])) for one in body) <= 40:
            label += f"  ({font('I', prose(plain(rest[0])))})" if rest[0] else ""
            rest, names = rest[1:], names[1:]
        lines = []
        for i, cell in enumerate(rest):
            if not cell:
                continue
            if lines:
                lines.append(".br")
            if names[i].endswith("..."):                                # `the value ...` | `is no JSON`
                cell = f"{names[i][:-3].strip()} {cell}"
            said = f"*{names[i]}:* {cell}" if len(rest) > 1 and names[i] else cell
            lines += filled(said)
        if not any(head[1:]) and not any(head) and columns(plain(first)) > 40:
            out += [".PP", *filled(first), *lines]
        else:
            out += tag(label, lines)
    return out


class Markdown:
    """One document; `out` are the lines of troff. level: what its `#` becomes (1: a section; a document that is brought in has its title left out)."""

    def __init__(self, expand):
        self.out, self.expand, self.depth = [], expand, []

    def heading(self, line):
        level, text = re.match(r"(#+)\s+(.*)", line).groups()
        if len(level) <= 1:
            return
        text = inline(text.strip())
        self.out += [f".SH {text.upper()}" if not re.search("[a-z]\\\\", text) else f".SH {text}"] if len(level) == 2 else [f".SS {text}"]

    def listed(self, lines):
        """A list: items at the same indent, what follows them belongs to them."""
        indent = len(lines[0]) - len(lines[0].lstrip())
        items = []
        for line in lines:
            found = re.match(r"(\s*)([-*]|\d+\.)\s+(.*)", line)
            if found and len(found.group(1)) == indent:
                items.append((found.group(2), [found.group(3)]))
            else:
                items[-1][1].append(line[indent:])
        for mark, inner in items:
            bullet = "\\(bu" if mark in "-*" else mark
            self.out += [f".IP {bullet} {LISTED}"]
            self.blocks([inner[0], *(re.sub(r"^ {1,3}", "", line) for line in inner[1:])], within=True)

    def blocks(self, lines, within=False):
        at, first = 0, within
        while at < len(lines):
            line = lines[at]
            if not line.strip():
                at += 1
                continue
            begin = at
            if line.lstrip().startswith("```"):
                at += 1
                while at < len(lines) and not lines[at].lstrip().startswith("```"):
                    at += 1
                self.out += ([] if first else [".PP"]) + code(lines[begin + 1:at])
                at += 1
            elif re.match(r"    \S", line) and not first:
                while at < len(lines) and (lines[at].startswith("    ") or not lines[at].strip()):
                    at += 1
                self.out += [".PP"] + code([one[4:] for one in "\n".join(lines[begin:at]).rstrip().split("\n")])
            elif re.match(r"#+ ", line):
                self.heading(line)
                at += 1
            elif re.match(r"\{\{.*\}\}$", line):
                self.out += self.expand(line[2:-2].split())
                at += 1
            elif line.lstrip().startswith("|"):
                while at < len(lines) and lines[at].lstrip().startswith("|"):
                    at += 1
                self.out += table(lines[begin:at])
            elif re.match(r"\s*([-*]|\d+\.)\s+\S", line):
                at += 1
                while at < len(lines) and (re.match(r"\s*([-*]|\d+\.)\s+\S", lines[at]) or re.match(r"\s+\S", lines[at])):
                    at += 1
                self.listed(lines[begin:at])
            elif at + 1 < len(lines) and re.match(r": ", lines[at + 1]):
                at += 2
                while at < len(lines) and re.match(r"  \S", lines[at]):
                    at += 1
                self.out += tag(font("B", prose(line)), filled(" ".join([lines[begin + 1][2:], *lines[begin + 2:at]])))
            else:
                while at < len(lines) and lines[at].strip() and not re.match(r"```|#+ |\||\s*[-*] |\{\{", lines[at]):
                    at += 1
                at = max(at, begin + 1)
                self.out += ([] if first else [".PP"]) + filled(" ".join(lines[begin:at]))
            first = False
        return self.out


# ---- the text of --help ----

def usage_word(word):
    """A word of a usage line: names of values in italics, all else as it is typed."""
    return re.sub(r"[A-Z][A-Z.@/_:]*[A-Z]|\b[A-Z]\b|[^A-Z]+|[A-Z]+", lambda part: font("I", escape(part.group())) if re.fullmatch(r"[A-Z][A-Z.@/_:]*", part.group())
                  else font("B", escape(part.group())), word)


def synopsis(lines):
    """`Usage: ...` and the lines below it: one way of calling a line; a line that does not begin with the program goes on with the one before."""
    text = [re.sub(r"^[Uu]sage:\s*", "", lines[0]), *lines[1:]]
    program = text[0].split()[0]
    ways = []
    for line in text:
        if line.split()[0] == program:
            ways.append(line.split())
        else:
            ways[-1] += line.split()
    out = []
    for way in ways:
        out += [".HP 4", guard(" ".join(usage_word(word) for word in way))]
    return out


def options(lines):
    """Rows of two or three columns, at least two blanks apart; what is indented more goes on with the row before."""
    rows, column = [], 0
    for line in lines:
        parts = re.split(r"\s{2,}", line.strip())
        own = len(line) - len(line.lstrip())
        if rows and own > rows[0][0] + 3 and (own >= column - 2 or len(parts) == 1):
            rows[-1][2].append(line.strip())
        elif len(parts) > 1:
            name, text = (" ".join(parts[:-1]), parts[-1])
            column = line.index(text, own + len(parts[0]))
            rows.append([own, name, [text]])
        else:
            # a long name that leaves one blank: `--before-passes N over the texts`
            whole = re.fullmatch(r"\S+( [A-Z]\S*)?", line.strip())
            found = None if whole or not line.strip().startswith("-") else re.match(r"(\S+[^\s,](?: [A-Z]\S*)?) (.*)", line.strip())
            rows.append([own, found.group(1) if found else line.strip(), [found.group(2)] if found else []])
    out = []
    for _, name, text in rows:
        out += tag(" ".join(usage_word(word) for word in name.split()), filled(" ".join(text)) if text else [])
    return out


def is_row(line):
    return bool(re.match(r"\s+\S+( \S+)*\s{2,}\S", line)) or bool(re.match(r"\s+--?\w", line))


def help_blocks(text):
    """The text of --help as troff: usage, paragraphs, tables of options."""
    out = []
    for block in re.split(r"\n\s*\n", text.strip("\n")):
        lines = block.split("\n")
        if re.match(r"[Uu]sage:", lines[0]):
            end = 1
            while end < len(lines) and re.match(r"\s+\S", lines[end]):
                end += 1
            out += synopsis(lines[:end])
            lines = lines[end:]
        while lines:
            begin = 0
            indented = lines[0].startswith("  ")
            while begin < len(lines) and lines[begin].startswith("  ") == indented:
                begin += 1
            part, lines = lines[:begin], lines[begin:]
            if not indented:
                out += [".PP", *filled(" ".join(part))]
                continue
            rows = next((i for i, line in enumerate(part) if is_row(line)), len(part))
            if rows:
                out += [".RS 2", *filled(" ".join(part[:rows])), ".RE"]
            out += options(part[rows:])
    return out


# ---- conf/millrace.conf ----

def configuration(text):
    """The sample file behind its head: each section with its settings. A setting is its default with the comment before it."""
    out = []
    for block in re.split(r"\n\s*\n", text):
        comment, keys = [], []
        for line in block.split("\n"):
            found = re.match(r"#?([a-z][a-z0-9._-]*) =\s*(.*)$", line)
            if re.match(r"\[[a-z.]+\]$", line):
                out += [f".SS {escape(line)}", *conf_text(comment)]
                comment = []
            elif found:
                keys.append(font("B", escape(found.group(1))) + " =" + (" " + escape(found.group(2)) if found.group(2) else ""))
            elif not re.match(r"# -{20,}", line):
                comment.append(line[2:] if line.startswith("# ") else line[1:])
        body = conf_text(comment)
        if keys:
            inner = [".IP" if line == ".PP" else line for line in body]
            out += tag("\n.TQ\n".join(keys), inner[1:] if inner[:1] == [".IP"] else inner)
        else:
            out += body
    return out


def conf_rows(lines):
    """Indented rows, `condition    what it means`, below the text that they belong to."""
    out = [".RS"]
    for line in lines:
        name, text = re.split(r"\s{2,}", line.strip(), maxsplit=1)
        out += tag(font("B", escape(name)), filled(text))
    return [*out, ".RE"]


def conf_text(lines):
    """Paragraphs of a comment; `Form:   ...` with an indented rest is a definition; indented lines are rows; the line in parentheses at the end tells kind and range."""
    out = []
    for block in re.split(r"\n\s*\n", "\n".join(lines).strip("\n")):
        part = block.split("\n")
        if not any(part):
            continue
        kind = part.pop() if re.match(r"\(.*\)$", part[-1]) else None
        if part and re.match(r"\w+:\s{2,}", part[0]):
            for word, text in re.findall(r"^(\w+:)\s{2,}(.*(?:\n\s.*)*)", block, re.M):
                out += tag(font("B", word), filled(text))
            continue
        for rows, some in itertools.groupby(part, lambda line: line.startswith("  ")):
            out += conf_rows(some) if rows else [".PP", *filled(" ".join(some))]
        if kind:
            out += [".br", font("I", prose(kind))] if part else [".PP", font("I", prose(kind))]
    return out


# ---- pages ----

class Page:
    def __init__(self, name, programs, version):
        self.name, self.programs, self.version = name, programs, version

    def help(self, *words):
        result = subprocess.run([self.programs / words[0], *words[1:], "--help"], capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"})
        return result.stdout

    def expand(self, words):
        """{{synopsis PROGRAM}}, {{commands PROGRAM}}, {{exit-codes PROGRAM}}, {{options PROGRAM}}, {{conf}}, {{doc NAME}}, {{chapter NAME HEADING}} ..."""
        kind, *rest = words
        return getattr(self, "expand_" + kind.replace("-", "_"))(*rest)

    def expand_synopsis(self, program):
        return synopsis(self.help(program).split("\n")[:1])

    def expand_options(self, program):
        text = self.help(program)
        part = re.search(r"^Options of every command:\n((?:  .*\n)+)", text, re.M)
        return options(part.group(1).rstrip("\n").split("\n"))

    def expand_exit_codes(self, program):
        part = re.search(r"Exit codes:\n((?: +\d+ .*\n)+)", self.help(program))
        out = []
        for line in part.group(1).rstrip("\n").split("\n"):
            number, text = line.split(None, 1)
            out += tag(font("B", number), filled(text))
        return out

    def expand_commands(self, program):
        """Every command that `millrace --help` lists, with its own help."""
        part = re.search(r"^Commands:\n((?:  .*\n)+)", self.help(program), re.M)
        out = []
        for line in part.group(1).rstrip("\n").split("\n"):
            name, summary = line.split(None, 1)
            text = self.help(program, name).split("\nOptions of every command:\n")[0]
            out += [f".SS {program} {escape(name)}", *filled(summary[0].upper() + summary[1:] + "."), *help_blocks(text)]
        return out

    def expand_conf_head(self):
        head = re.split(r"^# -{20,}$", (ROOT / "conf/millrace.conf").read_text(), maxsplit=1, flags=re.M)[0]
        return conf_text([line[2:] for line in head.split("\n")[2:]])

    def expand_conf(self):
        return configuration(re.split(r"^# -{20,}$", (ROOT / "conf/millrace.conf").read_text(), maxsplit=1, flags=re.M)[1])

    def expand_worker_options(self):
        return help_blocks(re.search(r"\n\n((?:  .*\n)+)", self.help("millrace-worker")).group(1))

    def expand_doc(self, name):
        text = (ROOT / "docs" / name).read_text()
        return Markdown(self.expand).blocks(text.split("\n"))

    def expand_chapter(self, name, *heading):
        """A chapter of a document, without its heading."""
        text = (ROOT / "docs" / name).read_text()
        return Markdown(self.expand).blocks(re.search(rf"^## {re.escape(' '.join(heading))}\n(.*?)(?=^## |\Z)", text, re.S | re.M).group(1).split("\n"))

    def make(self):
        frame = (ROOT / "packaging/man" / f"{self.name}.md").read_text()
        lines = frame.split("\n")
        title, section = self.name.rsplit(".", 1)
        purpose = re.match(r"# (.*)", lines[0]).group(1)
        out = ["'\\\" t", f'.\\" Made by packaging/man.py; change its sources instead: packaging/man/{self.name}.md says which.',
               f'.TH {title.upper()} {section} "{date()}" "Millrace {self.version}" "Millrace"', ".nh", ".ad l", ".ss 12 0", ".SH NAME", f"{title} \\- {prose(purpose)}"]
        out += Markdown(self.expand).blocks(lines[1:])
        return "\n".join(tidy(out)) + "\n"


def tidy(lines):
    """No paragraph break that has nothing to part: before a heading, a list, another break, at the foot."""
    out = []
    for line in lines:
        if out and out[-1] == ".PP" and re.match(r"\.(PP|SH|SS|TP|IP|HP|RS|sp)\b", line):
            out.pop()
        if line in (".PP", ".sp") and out and re.match(r"\.(SH|SS)\b", out[-1]):
            continue
        out.append(line)
    while out[-1] == ".PP":
        out.pop()
    return out


def date():
    if "SOURCE_DATE_EPOCH" in os.environ:
        when = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc)
    else:
        when = email.utils.parsedate_to_datetime(re.search(r"^ -- .*>  (.*)$", (ROOT / "packaging/debian/changelog").read_text(), re.M).group(1))
    return when.strftime("%Y-%m-%d")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("page")
    parser.add_argument("out", type=pathlib.Path)
    arguments = parser.parse_args()
    text = Page(arguments.page, arguments.programs, arguments.version).make()
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(text)


if __name__ == "__main__":
    main()
