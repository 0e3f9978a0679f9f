"""`./run demo --once`: the newcomer's first ten minutes, on the embedded broker."""
import pathlib

from daemon import BIN, millrace
from require import cannot


def test_the_demo_comes_out_as_expected_and_leaves_nothing_behind():
    if not (BIN / "millraced").exists():
        cannot(f"{BIN / 'millraced'} is not built (./run build)")
    before = set(pathlib.Path("/tmp").glob("millrace-demo-*"))
    done = millrace("demo", "--once", seconds=120)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()[-3000:]
    assert b"all as expected" in done.stdout
    assert set(pathlib.Path("/tmp").glob("millrace-demo-*")) <= before


def test_an_embedded_broker_ends_with_its_standard_input():
    done = millrace("broker", "--topics", "a:2,b", input=b"", seconds=20)
    assert done.returncode == 0 and done.stdout.startswith(b"127.0.0.1:")
    assert millrace("broker", "--topics", "a:0", input=b"").returncode == 2
