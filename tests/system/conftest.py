"""What the system tests share: one real Kafka for all of them, a folder and topics of its own for each test."""
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import kafka as kafka_module                      # noqa: E402
import postgres as postgres_module                # noqa: E402
from require import cannot                        # noqa: E402


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


@pytest.fixture(scope="session")
def postgres():
    """The PostgreSQL of the session. A test that stops it starts it again."""
    try:
        server = postgres_module.Postgres()
    except postgres_module.Unavailable as reason:
        cannot(str(reason))
    try:
        yield server.start()
    finally:
        server.clean()


_names = iter(range(1, 1 << 30))


@pytest.fixture
def name():
    """A name of the test's own, for topics, groups and instances."""
    return f"t{next(_names)}"


@pytest.fixture
def flow(kafka, tmp_path, request):
    """Makes flows: flow(partitions=2, settings={...}). Daemons are killed at the end; their logs are shown when the test failed."""
    from daemon import BIN
    from flow import Flow
    if not (BIN / "millraced").exists():
        cannot(f"{BIN / 'millraced'} is not built (./run build)")
    made = []

    def make(**arguments):
        name = f"f{next(_names)}"
        made.append(Flow(kafka, tmp_path / name, name, **arguments))
        return made[-1]
    yield make
    for one in made:
        one.close()
    if getattr(request.node, "failed", False):
        for daemon in (d for one in made for d in one.daemons):
            print(f"---- end of the log of {daemon.instance}\n{daemon.log()[-4000:]}")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.when == "call" and report.failed:
        item.failed = True
