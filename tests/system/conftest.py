"""What the system tests share: one real Kafka for all of them, a folder and topics of its own for each test."""
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import kafka as kafka_module                      # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
REQUIRED = os.environ.get("MILLRACE_REQUIRE_KAFKA") == "1"


def cannot(reason):
    """A test that cannot run here: told as skipped, but a failure where nothing may be skipped."""
    if REQUIRED:
        pytest.fail(f"required, but {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory):
    """The broker of the session. A test that kills it starts it again."""
    try:
        broker = kafka_module.Kafka(tmp_path_factory.mktemp("kafka"), nodes=int(os.environ.get("MILLRACE_KAFKA_NODES", "1")))
    except kafka_module.Unavailable as reason:
        cannot(str(reason))
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


_names = iter(range(1, 1 << 30))


@pytest.fixture
def name():
    """A name of the test's own, for topics, groups and instances."""
    return f"t{next(_names)}"
