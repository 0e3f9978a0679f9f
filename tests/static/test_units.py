"""The systemd units say what systemd understands: `systemd-analyze verify` prints nothing (its exit code is 0 even on unknown keys)."""
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNITS = sorted(p for kind in ("*.service", "*.target", "*.socket") for p in (ROOT / "systemd").glob(kind))


def test_there_are_units():
    assert {"millraced.service", "millrace-worker@.service", "millrace.target"} <= {unit.name for unit in UNITS}


@pytest.mark.parametrize("unit", UNITS or [None], ids=lambda p: p.name if p else "none")
def test_systemd_analyze_verify_prints_nothing(unit, tmp_path):
    assert unit, "systemd/ has no units"
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze here")
    programs = ROOT / "build" / "bin"
    for path in UNITS:       # the programs are not installed here: ExecStart must exist, so it is pointed at the build
        name = path.name.replace("@.", "@1.")
        text = path.read_text().replace("/usr/bin/", f"{programs}/").replace("/usr/libexec/millrace/", f"{programs}/")
        text = text.replace(f"{programs}/kill", "/bin/kill")
        (tmp_path / path.name).write_text(text)
    name = unit.name.replace("@.", "@1.")
    (tmp_path / name).write_text((tmp_path / unit.name).read_text())
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(tmp_path / name)], capture_output=True, text=True, timeout=60,
                          env={"PATH": "/usr/bin:/bin", "SYSTEMD_UNIT_PATH": f"{tmp_path}:"})
    assert done.stdout + done.stderr == "" and done.returncode == 0
