"""The static tests use the helpers of the system tests, and some an embedded broker: the way through is tried here, not transactions."""
import pathlib
import subprocess
import sys

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "system"))

from daemon import BIN                            # noqa: E402
from require import cannot                        # noqa: E402


@pytest.fixture
def broker():
    if not (BIN / "millrace").exists():
        cannot(f"{BIN / 'millrace'} is not built (./run build)")
    topics = "articles.raw:1,articles.enriched:1,articles.duplicates:1,dlq.articles.raw:1,articles.alerts:1"
    child = subprocess.Popen([BIN / "millrace", "broker", "--seconds", "180", "--topics", topics], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    yield child.stdout.readline().strip()
    child.stdin.close()
    child.wait(timeout=20)
