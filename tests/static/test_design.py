"""docs/design.md and docs/tour.md name functions and files of the source: what they name is there."""
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = [page for page in ("docs/design.md", "docs/tour.md", "docs/protocol.md", "tests/model/README.md") if (ROOT / page).exists()]
FOLDERS = ("common", "daemon", "workers", "cli", "include")
SUFFIXES = ("c", "h", "py", "sh", "md", "pml", "conf", "json", "service", "txt")


def sources():
    return [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.[ch]"))]


def strip(text):
    """Source without comments and strings: a name that is only talked about is not there."""
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', " ", text, flags=re.S)


def functions():
    """Names of functions defined or declared: at the beginning of a line (also behind a type), followed by a bracket."""
    names = set()
    for path in sources():
        for line in strip(path.read_text()).splitlines():
            if line[:1].isalpha() or line[:1] == "_":
                names |= set(re.findall(r"\b([a-z_][a-z0-9_]*)\(", line))
            elif line.startswith("#define"):
                names |= set(re.findall(r"#define\s+([A-Za-z_][A-Za-z0-9_]*)", line))
    return names


def words(page):
    """What stands in `code` on a page, blocks apart."""
    text = re.sub(r"^```.*?^```", "", (ROOT / page).read_text(), flags=re.S | re.M)
    return re.findall(r"`([^`\n]+)`", text)


def is_function(word):
    return re.fullmatch(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+(?:\(\))?", word) is not None


def identifiers():
    """Every word of the source outside comments: fields, types and settings are no functions, but they must exist as well."""
    seen = set()
    for path in sources():
        seen |= set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", re.sub(r"/\*.*?\*/", " ", path.read_text(), flags=re.S)))
    return seen


def model_words():
    """The model's own names, and those of the clients' libraries and properties that the pages talk about."""
    return set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", (ROOT / "tests/model/epoch.pml").read_text()))


def rows():
    """The right column of the table that maps the model to the code."""
    text = (ROOT / "docs/design.md").read_text()
    table = text[text.index("| step of the model"):].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def test_the_table_names_functions_only():
    there = functions()
    assert len(rows()) >= 20
    for step, code in rows():
        named = [word for word in re.findall(r"`([^`]+)`", code)]
        assert named, step
        assert [word for word in named if word not in there] == [], step


def test_the_search_finds_functions_and_nothing_else():
    there = functions()
    assert {"judge_gone", "spread_marks", "crash_point", "main"} <= there
    assert not {"judge_forgotten", "spread_butter", "if", "PART_ARTICLE"} & there


@pytest.mark.parametrize("page", PAGES)
def test_functions_named_on_a_page_exist(page):
    known = identifiers() if page != "tests/model/README.md" else identifiers() | model_words()
    gone = sorted({word for word in words(page) if is_function(word) and word.rstrip("()") not in known})
    assert gone == []


@pytest.mark.parametrize("page", PAGES)
def test_files_named_on_a_page_exist(page):
    beside = (ROOT, ROOT / "tests/system", ROOT / page.rsplit("/", 1)[0])
    files = [word for word in words(page) if re.fullmatch(r"[\w./-]+\.(?:%s)" % "|".join(SUFFIXES), word) and "*" not in word]
    gone = [word for word in files if not any((folder / word).exists() for folder in beside) and not list(ROOT.glob(f"*/{word}")) and not list(ROOT.glob(f"*/*/{word}"))]
    assert gone == []
