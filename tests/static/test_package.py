#!/usr/bin/python3
"""The Debian package: what is in it, who owns it, what dpkg asks about, what lintian says; manual pages without a warning; `cmake --install` puts the same files.
Whether it can be installed, upgraded and purged is tried in tests/long/test_install.py, in a root of its own.

A file that comes or goes is meant to be seen: `./run package && tests/static/test_package.py build/millrace_*.deb >tests/static/package.txt` writes the list anew."""
import email.utils
import gzip
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests/system"))           # also when this is run as a program
from require import cannot                            # noqa: E402

BUILD = ROOT / os.environ.get("MILLRACE_BUILD", "build")
LIST = ROOT / "tests/static/package.txt"
EPOCH = int(email.utils.parsedate_to_datetime(re.search(r"^ -- .*>  (.*)$", (ROOT / "packaging/debian/changelog").read_text(), re.M).group(1)).timestamp())
PAGES = ("man1/millrace.1", "man5/millrace-record.5", "man5/millrace.conf.5", "man7/millrace-protocol.7", "man8/millrace-worker.8", "man8/millraced.8")


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            cannot(f"no {program} here")


def run(*command, **more):
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300, **more)
    assert result.returncode == 0, (command, result.stdout[-3000:], result.stderr[-3000:])
    return result.stdout


def make(folder):
    """A package in a folder of its own, from what is built."""
    if not (BUILD / "bin/millraced").exists():
        cannot(f"{BUILD} is not built")
    run("cpack", "-G", "DEB", "-B", folder, cwd=BUILD, env={**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH)})
    (package,) = folder.glob("*.deb")
    return package


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    need("cpack", "dpkg-deb", "dpkg-shlibdeps")
    return make(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="module")
def control(package, tmp_path_factory):
    folder = tmp_path_factory.mktemp("control")
    run("dpkg-deb", "-e", package, folder)
    return folder


@pytest.fixture(scope="module")
def unpacked(package, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked")
    run("dpkg-deb", "-x", package, folder)
    return folder


def entries(package):
    """Mode, owner and path of every file; folders only where one is the package's own."""
    for line in run("dpkg-deb", "-c", package).splitlines():
        mode, owner, _, _, _, path = line.split(None, 5)
        path = path.removeprefix(".")
        if not mode.startswith("d"):
            yield f"{mode} {owner} {path}"
        elif re.search("/millrace/$|/conf.d/$", path):
            yield f"{mode} {owner} {path}"


def test_the_files(package):
    """Each of them is named in tests/static/package.txt: what comes in or goes is meant."""
    assert sorted(entries(package)) == [line for line in LIST.read_text().splitlines() if not line.startswith("#")]


def test_the_same_source_gives_the_same_bytes(package, tmp_path):
    assert make(tmp_path).read_bytes() == package.read_bytes()


def test_no_path_of_the_build_is_in_a_program(unpacked):
    for program in (unpacked / "usr/bin").iterdir():
        assert str(ROOT).encode() not in program.read_bytes(), program.name


def test_by_hand_the_same_files(package, tmp_path):
    """`cmake --install` leaves out only what belongs to Debian."""
    run("cmake", "--install", BUILD, env={**os.environ, "DESTDIR": str(tmp_path)})
    installed = {f"/{file.relative_to(tmp_path)}" for file in tmp_path.rglob("*") if not file.is_dir()}
    packed = {line.split()[2] for line in entries(package) if not line.startswith("d")}
    doc = "/usr/share/doc/millrace"
    assert packed - installed == {f"{doc}/changelog.gz", f"{doc}/copyright", "/usr/share/lintian/overrides/millrace"}
    assert installed - packed == set()


def test_configuration_is_marked(package, control):
    """All of /etc, and nothing else: dpkg asks before it replaces what somebody has changed, and keeps it until a purge."""
    told = (control / "conffiles").read_text().split()
    assert sorted(told) == sorted(line.split()[2] for line in entries(package) if line.startswith("-") and line.split()[2].startswith("/etc/"))
    assert "/etc/millrace/millrace.conf" in told and "/etc/millrace/taxonomy.conf" in told


def test_control(control):
    fields = dict(re.findall(r"^([A-Z][\w-]*): (.*)$", (control / "control").read_text(), re.M))
    version = re.search(r"project\(millrace VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text()).group(1)
    assert fields["Version"] == version
    assert (ROOT / "packaging/debian/changelog").read_text().startswith(f"millrace ({version}) ")
    needed = {re.match(r"[a-z0-9.+-]+?(?=-?\d*t64$|-?[\d.-]*$)", word.split()[0]).group() for word in fields["Depends"].split(", ")}
    assert {"adduser", "procps", "libc", "libevent-core", "libevent-extra", "libjansson", "liblinear", "librdkafka", "libseccomp", "libsystemd", "libuchardet", "libxml", "libxxhash", "libzmq",
            "libpq", "zlib1g"} <= needed and needed & {"libhyperscan", "libvectorscan"}, needed


def test_scripts(control):
    for name in ("postinst", "prerm", "postrm"):
        text = (control / name).read_text()
        assert "\nset -e\n" in text and (control / name).stat().st_mode & 0o777 == 0o755
        run("sh", "-n", control / name)
        result = subprocess.run(["sh", str(control / name), "nonsense"], capture_output=True, text=True, timeout=30)
        assert result.returncode == 1 and "nonsense" in result.stderr


@pytest.fixture(scope="module")
def lintian(package):
    """(exit code, what it says)"""
    need("lintian")
    result = subprocess.run(["lintian", "--fail-on", "error,warning", "--display-info", str(package)], capture_output=True, text=True, timeout=300)
    return result.returncode, result.stdout


def test_lintian_says_nothing(lintian):
    """Neither error nor warning that packaging/debian/lintian-overrides does not explain."""
    code, told = lintian
    assert code == 0 and [line for line in told.splitlines() if not line.startswith(("I:", "N:"))] == [], told


def test_overrides_are_explained_and_used(lintian):
    lines = (ROOT / "packaging/debian/lintian-overrides").read_text().splitlines()
    for before, line in zip(["", *lines], lines):
        assert line.startswith("#") or before.startswith("#"), line
    assert "unused-override" not in lintian[1]


def test_units_name_what_is_there(unpacked):
    for unit in (unpacked / "usr/lib/systemd/system").iterdir():
        text = unit.read_text()
        for path in re.findall(r"(?:ExecStart=|--config |file://)(/\S+)", text):
            assert (unpacked / path.lstrip("/")).exists(), (unit.name, path)


# ---- manual pages ----

@pytest.fixture(scope="module")
def pages(unpacked, tmp_path_factory):
    folder = tmp_path_factory.mktemp("man")
    for page in PAGES:
        (folder / pathlib.Path(page).name).write_bytes(gzip.decompress((unpacked / "usr/share/man" / f"{page}.gz").read_bytes()))
    return folder


def shown(page):
    """A page as a terminal of 100 columns shows it, with letters only."""
    need("man")
    text = run("man", "-l", page, env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "100", "MANPAGER": "cat", "MAN_KEEP_FORMATTING": ""})
    return re.sub(r".\x08", "", text)


@pytest.mark.parametrize("page", [pathlib.Path(page).name for page in PAGES])
def test_a_page_has_no_warning(pages, page):
    need("man", "mandoc")
    groff = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", str(pages / page)], capture_output=True, text=True, timeout=60,
                           env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"})
    assert groff.returncode == 0 and groff.stderr == "", groff.stderr
    lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", str(pages / page)], capture_output=True, text=True, timeout=60)
    assert lint.stdout == "", lint.stdout
    assert len(shown(pages / page).splitlines()) > 40


def test_every_program_has_a_page(unpacked):
    pages = {page.name.split(".")[0] for page in (unpacked / "usr/share/man").rglob("*.gz")}
    assert {program.name for program in (unpacked / "usr/bin").iterdir()} <= pages


def test_every_command_and_option_stands_on_its_page(pages):
    program = BUILD / "bin/millrace"
    text = shown(pages / "millrace.1")
    commands = re.findall(r"^  (\w+) +\S", re.search(r"^Commands:\n(.*?)\n\n", run(program, "--help"), re.S | re.M).group(1), re.M)
    assert len(commands) > 8
    for command in commands:
        assert re.search(rf"^   millrace {command}$", text, re.M), command
        section = re.search(rf"^   millrace {command}\n(.*?)(?=^   millrace |^[A-Z])", text, re.S | re.M).group(1)
        told = run(program, command, "--help").split("Options of every command")[0]
        for option in set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", told)):
            assert option in section, (command, option)


def test_every_setting_stands_on_its_page(pages):
    text, names = shown(pages / "millrace.conf.5"), re.findall(r'^\t\{"([a-z_]+)\.([^"]+)", \w+, "([^"]*)"', (ROOT / "common/options.c").read_text(), re.M)
    assert len(names) > 50
    for section, key, default in names:
        found = re.search(rf"^   \[{section}\]$(.*?)(?=^   \[|^[A-Z])", text, re.S | re.M)
        assert found, section
        lines = " ".join(re.search(rf"^       {re.escape(key)} =(.*?)\n(?=  *\S.*(?: =|\n))", found.group(1) + "\n", re.S | re.M).group(1).split())
        assert lines.startswith(default[:40]), (section, key, default, lines[:80])
    rows = re.findall(r"^#   (\S+)  +\S", (ROOT / "conf/millrace.conf").read_text(), re.M)             # below a setting, such as the conditions of sink.filter
    assert len(rows) > 4 and [row for row in rows if not re.search(rf"^ +{re.escape(row)}( |$)", text, re.M)] == []


def test_every_heading_and_code_of_the_docs_stands_on_its_page(pages):
    """The contract and the protocol are the documents, whole: nothing that stands in `code` there is lost."""
    for page, doc, chapter in (("millrace-record.5", "record.md", None), ("millrace-protocol.7", "protocol.md", None), ("millraced.8", "operations.md", "The admin port")):
        text = re.sub(r"\s+", "", shown(pages / page))
        source = (ROOT / "docs" / doc).read_text()
        source = re.search(rf"^## {chapter}\n(.*?)^## ", source, re.S | re.M).group(1) if chapter else source
        for heading in re.findall(r"^##+ (.*)$", source, re.M):
            assert re.sub(r"[\s`]", "", heading).lower() in text.lower(), heading
        plain = re.sub(r"^```.*?^```", "", source, flags=re.S | re.M)
        for code in re.findall(r"`([^`]+)`", plain):
            assert re.sub(r"\s+", "", code.replace("\\|", "|")) in text, code


if __name__ == "__main__":
    print("# Every file of the Debian package: mode, owner, path (tests/static/test_package.py).", *sorted(entries(sys.argv[1])), sep="\n")
