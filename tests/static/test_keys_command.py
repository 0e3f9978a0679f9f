"""`millrace keys`: files as it says, closed to others, nothing overwritten, no secret on any output."""
import os
import pathlib
import re
import stat
import subprocess

import pytest

from require import cannot

ROOT = pathlib.Path(__file__).resolve().parents[2]
MILLRACE = ROOT / os.environ.get("MILLRACE_BUILD", "build") / "bin" / "millrace"
KEY = re.compile(r"[0-9a-zA-Z.:+=^!/*?&<>()\[\]{}@%$#-]{40}")


def keys(*words, umask=0o022):
    if not MILLRACE.exists():
        cannot(f"{MILLRACE} is not built")
    return subprocess.run([MILLRACE, "keys", *map(str, words)], capture_output=True, text=True, timeout=60, preexec_fn=lambda: os.umask(umask))


def content(folder):
    return {file.name: file.read_text() for file in folder.iterdir()}


@pytest.mark.parametrize("umask", [0o022, 0o077, 0])
def test_new_keys(tmp_path, umask):
    folder = tmp_path / "keys"
    made = keys("new", "--out", folder, "north", "south", umask=umask)
    assert made.returncode == 0, made.stderr
    found = content(folder)
    assert set(found) == {"server.secret", "server.public", "north.secret", "north.public", "south.secret", "south.public", "workers.allow"}
    for name, text in found.items():
        mode = stat.S_IMODE((folder / name).stat().st_mode)
        assert mode == (0o600 if name.endswith(".secret") else 0o644), (name, oct(mode))
        if name != "workers.allow":
            assert KEY.fullmatch(text.rstrip("\n"))
    assert found["workers.allow"].splitlines() == [f"{name} {found[name + '.public'].strip()}" for name in ("north", "south")]
    secrets = [text.strip() for name, text in found.items() if name.endswith(".secret")]
    assert len(set(secrets)) == 3
    shown = keys("show", "--out", folder)
    assert shown.returncode == 0 and all(found[f"{name}.public"].strip() in shown.stdout for name in ("server", "north", "south"))
    assert "allowed as north" in shown.stdout and "2 may come" in shown.stdout
    assert not any(secret in text for secret in secrets for text in (made.stdout, made.stderr, shown.stdout, shown.stderr))


def test_nothing_is_overwritten(tmp_path):
    folder = tmp_path / "keys"
    assert keys("new", "--out", folder).returncode == 0
    before = content(folder)
    again = keys("new", "--out", folder)
    assert again.returncode == 1 and "worker.secret" in again.stderr and content(folder) == before
    assert keys("new", "--out", folder, "another").returncode == 0
    after = content(folder)
    assert {name: after[name] for name in before if name != "workers.allow"} == {name: text for name, text in before.items() if name != "workers.allow"}
    assert after["workers.allow"].startswith(before["workers.allow"]) and len(after["workers.allow"].splitlines()) == 2
    (folder / "workers.allow").write_text(before["workers.allow"].rstrip("\n"))     # by hand, without a line break at its end
    assert keys("new", "--out", folder, "third").returncode == 0
    assert keys("show", "--out", folder).stdout.endswith("2 may come\n")


def test_a_link_in_the_way_is_not_followed(tmp_path):
    folder, victim = tmp_path / "keys", tmp_path / "victim"
    folder.mkdir()
    victim.write_text("precious")
    (folder / "server.public").symlink_to(victim)
    assert keys("new", "--out", folder).returncode == 1 and victim.read_text() == "precious"


@pytest.mark.parametrize("words", [["new", "server"], ["new", "../up"], ["new", ".hidden"], ["new", "x" * 64], ["nwe"], [], ["show", "more"], ["new", "--ouch"]])
def test_wrong_words_make_nothing(tmp_path, words):
    folder = tmp_path / "keys"
    result = keys(*words, "--out", folder) if words else keys()
    assert result.returncode == 2 and not folder.exists()


def test_show_says_what_is_wrong(tmp_path):
    folder = tmp_path / "keys"
    assert keys("show", "--out", folder).returncode == 1
    assert keys("new", "--out", folder).returncode == 0
    (folder / "worker.secret").write_text((folder / "server.secret").read_text())
    (folder / "workers.allow").write_text("worker\n")
    shown = keys("show", "--out", folder)
    assert shown.returncode == 1 and "SECRET OF ANOTHER PAIR" in shown.stdout and "workers.allow:1:" in shown.stderr


def check(config, text):
    config.write_text(text)
    return subprocess.run([MILLRACE, "check", "--config", config], capture_output=True, text=True, timeout=60, env={k: v for k, v in os.environ.items() if k != "CREDENTIALS_DIRECTORY"})


def test_check_looks_at_the_keys(tmp_path):
    folder, config = tmp_path / "keys", tmp_path / "m.conf"
    assert keys("new", "--out", folder).returncode == 0
    near = f"[workers]\nlisten = extract:tcp://127.0.0.1:9271\nallow = {folder}/workers.allow\nserver_key = file:"
    far = f"[workers]\nconnect = extract:tcp://127.0.0.1:9271\nkey = file:{folder}/worker.secret\ndaemon_key = file:"
    assert check(config, near + f"{folder}/server.secret\n").returncode == 0 and check(config, far + f"{folder}/server.public\n").returncode == 0
    for text, what in ((near + f"{folder}/no.secret\n", "no.secret"), (near + f"{folder}/workers.allow\n", "workers.server_key"), (far + f"{folder}/no.public\n", "workers.daemon_key")):
        wrong = check(config, text)
        assert wrong.returncode == 78 and what in wrong.stderr, wrong.stderr
    (folder / "server.secret").chmod(0o644)
    wrong = check(config, near + f"{folder}/server.secret\n")
    assert wrong.returncode == 78 and "chmod 600" in wrong.stderr and (folder / "server.secret").read_text().strip() not in wrong.stderr
    later = check(config, near + "server-key\n")        # a credential of the unit: only the service has it
    assert later.returncode == 0 and "note:" in later.stderr and "workers.server_key" in later.stderr
