"""The Debian package in a root of its own: installed, configured, started by hand, upgraded under a running daemon, removed, purged. Part of `./run soak`; alone:

    ./run package && sudo /usr/bin/python3 -m pytest -q tests/long/test_install.py

Wants root (debootstrap, chroot), a Debian mirror and a few minutes. Every command runs in a mount and process namespace of its own root: nothing of it outlives its test, and policy-rc.d
forbids it to start services. systemd is installed there in the second half (for its sysusers), never started; what the scripts would ask of a running one is written down by a systemctl of the test."""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("MILLRACE_BUILD", "build")
kafka = pytest.importorskip("confluent_kafka")

pytestmark = [pytest.mark.skipif(os.geteuid() != 0, reason="an own root needs root"),
              pytest.mark.skipif(not shutil.which("debootstrap"), reason="no debootstrap here")]

ACCOUNT = r"/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$"
CHANGES_ANYWAY = r"/(var/(lib/(dpkg|apt|systemd)|log|cache)|tmp|root|run|proc|dev|sys)(/|$)|/etc/(ld\.so\.cache|\.pwd\.lock)$|" + ACCOUNT


def release():
    return re.search(r"^VERSION_CODENAME=(\w+)", pathlib.Path("/etc/os-release").read_text(), re.M).group(1)


def mirror():
    """The host's own Debian mirror."""
    for file in [pathlib.Path("/etc/apt/sources.list"), *sorted(pathlib.Path("/etc/apt/sources.list.d").glob("*"))]:
        for line in file.read_text().splitlines() if file.is_file() else []:
            found = re.match(r"(?:URIs:|deb(?:\s+\[.*?\])?)\s+(\S+?/debian/?)(?:\s|$)", line)
            if found:
                return found.group(1)
    pytest.fail("no Debian mirror in /etc/apt/sources.list or sources.list.d to make a root folder from")


class Place:
    """A root folder, and commands in it."""

    def __init__(self, path):
        self.path = path

    def command(self, *words, user=None):
        inside = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"]
        if user:
            inside += ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--no-new-privs"]
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", f"--mount-proc={self.path}/proc", "chroot", str(self.path), *inside, *words]

    def run(self, *words, code=0, user=None):
        result = subprocess.run(self.command(*words, user=user), capture_output=True, text=True, timeout=600)
        assert result.returncode == code, (words, result.returncode, result.stdout[-3000:], result.stderr[-3000:])
        return result.stdout + result.stderr

    def apt(self, *words):
        return self.run("apt-get", "-y", "-qq", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold", "-o", "Dpkg::Use-Pty=0", *words)

    def file(self, path):
        return self.path / path.lstrip("/")

    def files(self):
        """Every path, but what dpkg, logs and caches change anyway."""
        found = set()
        for folder, folders, names in os.walk(self.path):
            inner = "/" + os.path.relpath(folder, self.path).removeprefix(".").lstrip("/")
            for name in [*folders, *names]:
                path = os.path.join(inner, name)
                if not re.match(CHANGES_ANYWAY, path):
                    found.add(path)
            folders[:] = [name for name in folders if not re.match(CHANGES_ANYWAY, os.path.join(inner, name))]
        return found

    def account(self):
        return [line for line in self.file("/etc/passwd").read_text().splitlines() if line.startswith("millrace:")]


def version_of(package):
    return subprocess.run(["dpkg-deb", "-f", package, "Version"], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def package():
    packages = sorted(BUILD.glob("millrace_*.deb"), key=lambda file: file.stat().st_mtime)
    if not packages:
        pytest.skip("no package: ./run package")
    return packages[-1]


@pytest.fixture(scope="module")
def newer(package, tmp_path_factory):
    """The next version: the same programs, another configuration file and another document."""
    tree = tmp_path_factory.mktemp("newer")
    subprocess.run(["dpkg-deb", "-R", package, tree / "tree"], check=True)
    control = tree / "tree/DEBIAN/control"
    version = version_of(package) + "+next1"
    control.write_text(re.sub(r"^Version: .*$", f"Version: {version}", control.read_text(), flags=re.M))
    with (tree / "tree/etc/millrace/millrace.conf").open("a") as file:
        file.write("\n# said by the next version\n")
    (tree / "tree/usr/share/doc/millrace/next.md").write_text("Brought by the next version.\n")
    out = tree / f"millrace_{version}.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", tree / "tree", out], check=True, stdout=subprocess.DEVNULL)
    return out


@pytest.fixture(scope="module")
def place(package, tmp_path_factory):
    """A small Debian with the libraries that the package asks for, not the package."""
    path = tmp_path_factory.mktemp("root")
    path.parent.chmod(0o755)
    path.chmod(0o755)
    made = subprocess.run(["debootstrap", "--variant=minbase", release(), path, mirror()], capture_output=True, text=True, timeout=900)
    assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-2000:]
    place = Place(path)
    place.file("/usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
    place.file("/usr/sbin/policy-rc.d").chmod(0o755)
    depends = subprocess.run(["dpkg-deb", "-f", package, "Depends"], capture_output=True, text=True, check=True).stdout.strip()
    place.apt("update")
    place.apt("satisfy", depends)
    yield place
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def other(place, package, tmp_path_factory):
    """The new machine of "Moving to another machine": the same Debian, where another account had the number before."""
    path = tmp_path_factory.mktemp("other")
    path.chmod(0o755)
    subprocess.run(["cp", "-a", f"{place.path}/.", path], check=True)
    other = Place(path)
    other.run("adduser", "--system", "--quiet", "before-millrace")
    put(other, package)
    yield other
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def before(place, other):                      # `other` is a copy of the place as it was
    return place.files()


@pytest.fixture(scope="module")
def broker():
    child = subprocess.Popen([BUILD / "bin/millrace", "broker", "--seconds", "1800", "--topics", "articles.raw:1,articles.enriched:1,articles.duplicates:1,dlq.articles.raw:1"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    yield child.stdout.readline().strip()
    child.stdin.close()
    child.wait(timeout=20)


class Daemon:
    """millraced in the place, started by hand as its own user, as docs/operations.md says."""

    def __init__(self, place, tmp_path):
        self.log = tmp_path / f"daemon-{time.monotonic_ns()}.log"
        with self.log.open("w") as log:
            self.child = subprocess.Popen(place.command("millraced", "--config", "/etc/millrace/millrace.conf", user="millrace"), stderr=log)
        wait_for(lambda: "msg=started" in self.log.read_text() or self.child.poll() is not None, self.log.read_text)

    def pid(self):
        """Of millraced itself: unshare forks, chroot and setpriv do not."""
        inner = pathlib.Path(f"/proc/{self.child.pid}/task/{self.child.pid}/children").read_text().split()
        assert len(inner) == 1
        return int(inner[0])

    def program(self):
        return os.readlink(f"/proc/{self.pid()}/exe")

    def stop(self):
        os.kill(self.pid(), signal.SIGTERM)
        assert self.child.wait(timeout=60) == 0, self.log.read_text()[-3000:]


def wait_for(what, told=lambda: "", seconds=60):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, told()
        time.sleep(0.05)


def send(broker, **record):
    producer = kafka.Producer({"bootstrap.servers": broker})
    producer.produce("articles.raw", json.dumps(record).encode())
    assert producer.flush(30) == 0


def next_of(consumer):
    for _ in range(600):
        message = consumer.poll(0.1)
        if message is not None and not message.error():
            return json.loads(message.value())
    raise AssertionError("nothing came out")


def reader(broker, topic):
    consumer = kafka.Consumer({"bootstrap.servers": broker, "group.id": f"reader-{topic}", "auto.offset.reset": "earliest"})
    consumer.assign([kafka.TopicPartition(topic, 0, 0)])
    return consumer


ARTICLE = {"title": "Harbour school opens", "source": "Larkwater Gazette", "text": "The harbour school of Larkwater opened its doors on Monday to ninety pupils and their teachers. " * 6}


def put(place, package):
    shutil.copy(package, place.file("/tmp/"))
    return place.apt("install", f"/tmp/{package.name}")


def test_1_installed(place, before, package):
    said = put(place, package)
    assert "nothing was started" in said
    assert place.account() and place.account()[0].endswith(":/var/lib/millrace:/usr/sbin/nologin")
    told = place.run("stat", "-c", "%a %U %G %n", "/etc/millrace", "/etc/millrace/conf.d", "/etc/millrace/millrace.conf", "/usr/bin/millraced")
    assert told.splitlines() == ["750 root millrace /etc/millrace", "750 root millrace /etc/millrace/conf.d", "640 root millrace /etc/millrace/millrace.conf", "755 root root /usr/bin/millraced"]
    assert "millraced" not in place.run("sh", "-c", "cat /proc/[0-9]*/comm")
    assert not os.path.lexists(place.file("/etc/systemd/system/multi-user.target.wants/millrace.target"))
    assert place.run("dpkg", "--verify", "millrace") == ""


def test_2_the_programs_run(place):
    assert version_line(place) == place.run("dpkg-query", "-W", "-f", "${Version}", "millrace").split("+")[0]
    place.run("millrace", "check", "--config", "/etc/millrace/millrace.conf", user="millrace")
    said = place.run("millrace", "demo", "--once", user="millrace")               # broker, daemon, workers with their cages, models and lexicons of the package
    assert "as expected" in said, said[-2000:]


def version_line(place):
    return re.search(r"millrace ([0-9.]+)", place.run("millrace", "--version")).group(1)


def test_3_upgraded_under_a_running_daemon(place, broker, newer, tmp_path):
    port = free_port()
    conf = place.file("/etc/millrace/conf.d/site.conf")
    conf.write_text(f"[kafka]\nbootstrap.servers = {broker}\n[kafka.consumer]\nauto.offset.reset = earliest\n[publish]\ndelivery = at-least-once\n[admin]\nport = {port}\n")
    with place.file("/etc/millrace/millrace.conf").open("a") as file:
        file.write("\n# said by the administrator\n")
    place.run("install", "-d", "-o", "millrace", "-g", "millrace", "-m", "750", "/var/lib/millrace", "/run/millrace")
    articles, duplicates = reader(broker, "articles.enriched"), reader(broker, "articles.duplicates")
    daemon = Daemon(place, tmp_path)
    send(broker, id="1", **ARTICLE)
    first = next_of(articles)
    assert first["title"] == ARTICLE["title"]

    put(place, newer)
    assert daemon.child.poll() is None and daemon.program().endswith("(deleted)")     # nobody stopped it
    send(broker, id="2", **ARTICLE)
    assert next_of(duplicates)["duplicate_of"] == first["article_id"]
    text = place.file("/etc/millrace/millrace.conf").read_text()
    assert "said by the administrator" in text and "said by the next version" not in text
    assert "said by the next version" in place.file("/etc/millrace/millrace.conf.dpkg-dist").read_text()
    assert place.file("/usr/share/doc/millrace/next.md").exists() and conf.exists()
    told = place.run("stat", "-c", "%a %U %G", "/etc/millrace", "/etc/millrace/millrace.conf")
    assert told.splitlines() == ["750 root millrace", "640 root millrace"]
    daemon.stop()

    daemon = Daemon(place, tmp_path)                                                  # the new one knows what the old one published
    assert not daemon.program().endswith("(deleted)")
    send(broker, id="3", **ARTICLE)
    assert next_of(duplicates)["duplicate_of"] == first["article_id"]
    daemon.stop()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def commands_of(chapter, heading):
    """The commands that docs/operations.md tells, comments cut off."""
    text = (ROOT / "docs/operations.md").read_text()
    part = re.search(rf"^## {chapter}\n(.*?)^## ", text, re.S | re.M).group(1)
    block = re.search(rf"^{heading}.*?\n\n```[^\n]*\n(.*?)^```", part, re.S | re.M).group(1)
    return [re.sub(r"\s+#.*", "", line) for line in block.splitlines()]


def test_4_moved_to_another_machine(place, other, broker, tmp_path):
    """The chapter, command by command; systemd's are done by hand (test_3 has stopped the daemon)."""
    assert place.account()[0].split(":")[2] != other.account()[0].split(":")[2]

    def follow(machine, lines):
        for line in lines:
            if not line.startswith("systemctl"):
                machine.run("sh", "-c", line, user="millrace" if "index verify" in line else None)

    follow(place, commands_of("Moving to another machine", "On the old machine"))
    shutil.move(place.file("/millrace.tar"), other.file("/millrace.tar"))
    follow(other, commands_of("Moving to another machine", "On the new one"))
    other.run("install", "-d", "-o", "millrace", "-g", "millrace", "-m", "750", "/run/millrace")
    duplicates = reader(broker, "articles.duplicates")
    for _ in range(2):
        next_of(duplicates)                                  # those of the old machine
    daemon = Daemon(other, tmp_path)
    send(broker, id="4", **ARTICLE)
    assert next_of(duplicates)["source_offset"] == 3
    daemon.stop()


def test_5_removed_and_purged(place, before):
    place.apt("remove", "millrace")
    assert not place.file("/usr/bin/millraced").exists()
    for kept in ("/etc/millrace/millrace.conf", "/etc/millrace/taxonomy.conf", "/etc/millrace/conf.d/site.conf"):
        assert place.file(kept).exists(), kept
    assert list(place.file("/var/lib/millrace/millrace").glob("index-*.log"))
    place.apt("purge", "millrace")
    assert place.files() - before == set()
    assert before - place.files() == set()
    assert place.account()                                   # kept: its number must not go to somebody else


SYSTEMCTL = """#!/bin/sh
# what the scripts ask of a running systemd, written down; nothing is started
echo "$*" >>/tmp/asked
case " $* " in
*" is-active "*) [ -e /tmp/active ] ;;
esac
"""


def test_6_what_is_asked_of_systemd(place, package, newer):
    """With systemd installed (not running): its sysusers make the account; scripts restart what runs, unless the new version refuses the configuration."""
    place.apt("install", "systemd")
    place.run("userdel", "millrace")
    put(place, package)
    assert place.account()
    assert place.run("systemd-analyze", "verify", "--man=no", "/usr/lib/systemd/system/millraced.service", "/usr/lib/systemd/system/millrace.target").strip() == ""
    place.run("dpkg-divert", "--local", "--rename", "--add", "/bin/systemctl")
    place.file("/bin/systemctl").write_text(SYSTEMCTL)
    place.file("/bin/systemctl").chmod(0o755)
    place.file("/usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 0\n")             # an ordinary machine; systemctl above starts nothing
    place.file("/run/systemd/system").mkdir(parents=True, exist_ok=True)
    asked = place.file("/tmp/asked")

    def again(said):
        asked.write_text("")
        out = place.run("dpkg", "--force-confold", "-i", f"/tmp/{newer.name}")
        assert (said in out) if said else ("refuses" not in out), out
        return asked.read_text().splitlines()

    shutil.copy(newer, place.file("/tmp/"))
    assert not [line for line in again("") if "restart" in line]                       # it does not run
    place.file("/tmp/active").touch()
    assert [line for line in again("") if "restart" in line] == ["try-restart millraced.service"]
    place.file("/etc/millrace/conf.d/wrong.conf").write_text("[daemon]\ndrain = 1\n")
    assert not [line for line in again("refuses the configuration") if "restart" in line]
    asked.write_text("")
    place.run("dpkg", "-r", "millrace")
    assert "stop millrace.target millraced.service" in asked.read_text()
    place.run("dpkg", "-P", "millrace")
    assert not place.file("/etc/millrace").exists()
