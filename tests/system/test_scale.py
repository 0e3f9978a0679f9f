"""Workers on another host, tried for real: Kafka and the daemon on host A, extract and classify on host B over tcp with keys (hosts.py). Strangers, a cable that is pulled, a slow one,
a key that is taken back: what must hold is what holds on one machine."""

import pytest

import hosts
import kafka as kafka_module
from daemon import BIN, millrace
from flow import Flow, Load, mixed_feed
from hosts import A, B, Hosts, SlowLink, Unit
from require import cannot
from wait import wait_until

PYTHON = "/usr/bin/python3"
PORTS = {"extract": 9271, "classify": 9273}

# Run on host B: what strangers do. Prints how many connections it made.
STRANGER = r"""
import socket, sys, time, zmq, zmq.utils.monitor
host, port, server = sys.argv[1], int(sys.argv[2]), sys.argv[3].encode()
made = 0
for bytes_ in (b"", b"GET / HTTP/1.1\r\n\r\n", b"\x01\x00MLRC", bytes(range(256)) * 40, b"\xff" + b"\0" * 8 + b"\x7f\x03" + b"NULL" + b"\0" * 48, b"\xff" * 70000):
    with socket.create_connection((host, port), 5) as s:
        try:
            s.sendall(bytes_)
            s.shutdown(socket.SHUT_WR)
            s.settimeout(10)
            while s.recv(4096):
                pass
        except OSError:
            pass
    made += 1
context = zmq.Context()
own = zmq.curve_keypair()
for keys in (None, (server, own), (own[0], own)):            # no CURVE; an unknown key; another daemon's public key
    s = context.socket(zmq.DEALER)
    s.setsockopt(zmq.LINGER, 0)
    s.setsockopt(zmq.RECONNECT_IVL, -1)
    if keys:
        s.curve_serverkey, (s.curve_publickey, s.curve_secretkey) = keys[0], keys[1]
    monitor = s.get_monitor_socket()
    s.connect(f"tcp://{host}:{port}")
    s.send(b"MLRC\1\0\1\0")
    end = time.monotonic() + 20
    while time.monotonic() < end and (not monitor.poll(1000) or zmq.utils.monitor.recv_monitor_message(monitor)["event"] != zmq.EVENT_DISCONNECTED):
        pass
    assert s.poll(0) == 0, "a stranger was answered"
    s.disable_monitor()
    s.close()
    made += 1
print(made)
"""


class Far:
    """Both hosts, Kafka on A, keys as an operator makes them."""

    def __init__(self, folder):
        self.folder = folder
        self.hosts = Hosts(folder).enter()
        self.kafka = None
        self.count = 0

    def start(self):
        self.kafka = kafka_module.Kafka(self.folder / "kafka")
        self.kafka.start()

    def stop(self):
        try:
            if self.kafka:
                self.kafka.stop()
        finally:
            self.hosts.leave()


@pytest.fixture(scope="module")
def far(tmp_path_factory):
    made = None
    if not (BIN / "millraced").exists():
        cannot(f"{BIN / 'millraced'} is not built (./run build)")
    try:
        made = Far(tmp_path_factory.mktemp("far"))
        made.start()
    except (hosts.Unavailable, kafka_module.Unavailable) as reason:
        if made:
            made.stop()
        cannot(str(reason))
    try:
        yield made
    finally:
        made.stop()


class Site:
    """One daemon on A with workers on B: `north` may come, `south` has a key that nobody allowed."""

    def __init__(self, far, folder):
        self.far, self.folder, self.keys = far, folder, folder / "keys"
        far.count += 1
        folder.mkdir(exist_ok=True)
        assert millrace("keys", "new", "--out", self.keys, "north", "south").returncode == 0
        self.allow(("north",))
        self.flow = Flow(far.kafka, folder, f"far{far.count}", partitions=2, settings={
            "workers.spawn": "dedup:1", "workers.listen": " ".join(f"{stage}:tcp://{A}:{port}" for stage, port in PORTS.items()),
            "workers.server_key": f"file:{self.keys}/server.secret", "workers.allow": self.keys / "workers.allow", "stage.heartbeat_ms": 500})
        self.units = []
        self.daemon = self.flow.daemon()

    def allow(self, names):
        publics = {name: (self.keys / f"{name}.public").read_text().strip() for name in names}
        (self.keys / "workers.allow").write_text("# who may come\n" + "".join(f"{name} {key}\n" for name, key in publics.items()))

    def unit(self, stage, key="north", port=None):
        config = self.folder / f"b-{len(self.units)}.conf"
        config.write_text(f"[workers]\nconnect = {stage}:tcp://{A}:{port or PORTS[stage]}\ndaemon_key = file:{self.keys}/server.public\nkey = file:{self.keys}/{key}.secret\n")
        made = Unit(self.far.hosts.there([BIN / "millrace-worker", "--stage", stage, "--config", config]), self.folder / f"b-{len(self.units)}.log")
        self.units.append(made)
        return made

    def workers(self, stage):
        return [w for s in self.daemon.status()["stages"] if s["name"] == stage for w in s["workers"]]

    def strangers(self):
        return self.daemon.metric("millrace_stage_strangers_total")

    def close(self):
        for unit in self.units:
            unit.end()
        self.flow.close()


@pytest.fixture
def site(far, tmp_path, request):
    made = Site(far, tmp_path / "site")
    try:
        yield made
    finally:
        try:
            far.hosts.mend()
        finally:
            made.close()
        if getattr(request.node, "failed", False):
            print(f"---- daemon\n{made.daemon.log()[-4000:]}")
            for unit in made.units:
                print(f"---- worker {unit.codes}\n{unit.log()[-1500:]}")


def test_records_flow_through_another_host_and_strangers_get_nothing(site):
    f = site.flow
    f.feed(mixed_feed("far", 200))
    d = site.daemon.start()
    for stage in ("extract", "extract", "classify"):
        site.unit(stage)
    d.wait_ready()
    account = f.account()
    assert len(account.articles) > 100
    assert [w["host"] for w in site.workers("extract")] == ["north", "north"] and [w["host"] for w in site.workers("classify")] == ["north"]
    assert [w["host"] for w in site.workers("dedup")] == [""] and {w["pid"] for w in site.workers("extract")} == {0}
    assert site.strangers() == 0

    load = Load(f, "among strangers", 200, 50)
    load.start()
    site.unit("extract", key="south")
    public = (site.keys / "server.public").read_text().strip()
    made = int(site.far.hosts.run([PYTHON, "-c", STRANGER, A, PORTS["extract"], public], 120))
    assert made == 9
    wait_until(lambda: site.strangers() >= made + 1, 30, lambda: f"{made} strangers and south are counted: {site.strangers()}")
    load.end()
    f.account()
    log = d.log()
    south = (site.keys / "south.public").read_text().strip()
    told = [line for line in log.splitlines() if "stranger" in line]
    assert all(f"address={B}" in line or "address=unknown" in line for line in told), told
    assert any(f"address={B}" in line and 'msg="stranger refused"' in line and south in line.replace('\\"', '"') for line in told), told
    for reason in ("its key is not in workers.allow", "it does not speak CURVE", "it has another daemon's public key"):
        assert any(reason in line for line in told), (reason, told)
    assert [w["host"] for w in site.workers("extract")] == ["north", "north"]
    assert d.metric("millrace_stage_expired_workers_total") == 0 and d.metric("millrace_stage_retried_total") == 0
    assert not any(secret.read_text().strip() in log for secret in site.keys.glob("*.secret"))


def test_a_key_taken_back_and_given_again(site):
    f = site.flow
    d = site.daemon.start()
    extract, classify = site.unit("extract"), site.unit("classify")
    d.wait_ready()
    site.allow(())
    d.reload()
    wait_until(lambda: not site.workers("extract") and not site.workers("classify"), 20, "the workers are sent away")
    wait_until(lambda: 16 in extract.codes and 16 in classify.codes, 20, lambda: f"they left: {extract.codes} {classify.codes}")
    f.feed(mixed_feed("no key", 50))
    wait_until(lambda: site.strangers() >= 2, 30, "they knock in vain")
    (site.keys / "workers.allow").write_text("north\n")      # a list that cannot be read: refused as a whole
    d.reload()
    wait_until(lambda: d.metric("millrace_config_good") == 0, 20, "the reload is refused")
    assert "workers.allow" in d.log()
    site.allow(("north",))
    d.reload()
    wait_until(lambda: site.workers("extract") and site.workers("classify"), 60, "the workers come again")
    f.account()


def test_a_cable_that_is_pulled_loses_and_doubles_nothing(site):
    f = site.flow
    d = site.daemon.start()
    units = [site.unit(stage) for stage in ("extract", "extract", "classify")]
    d.wait_ready()
    load = Load(f, "cut", 900, 60)
    load.start()
    wait_until(lambda: d.balance()["published"] > 50, 60, "records flow")
    site.far.hosts.cut()
    wait_until(lambda: not site.workers("extract") and not site.workers("classify"), 60, "the daemon gives the workers up")
    assert d.get("/ready")[0] == 503 and "no worker is ready" in d.get("/ready")[1]
    wait_until(lambda: all(15 in unit.codes for unit in units), 60, lambda: f"the workers leave: {[unit.codes for unit in units]}")
    site.far.hosts.mend()
    wait_until(lambda: len(site.workers("extract")) == 2 and len(site.workers("classify")) == 1, 60, "the workers come again")
    before = d.balance()["published"]
    wait_until(lambda: d.balance()["published"] > before, 60, "records flow again")
    d.kill()                                             # and the daemon itself: its workers over there end and find the next one
    d.start().wait_ready(90)
    load.end()
    account = f.account()
    assert all(code in (15, 16) for unit in units for code in unit.codes), [unit.codes for unit in units]        # left in their cage, none was aborted
    assert not [m for m in account.dead if m.header("millrace.error.reason") in (b"stage.crash", b"stage.timeout")]


def test_a_slow_link_only_takes_longer(site):
    """40 ms each way and 2 MB/s for extract, which carries the texts."""
    f = site.flow
    link = SlowLink((A, 9281), (A, PORTS["extract"]), 0.04, 2e6)
    try:
        f.feed(mixed_feed("slow", 150, 3000))
        d = site.daemon.start()
        site.unit("extract", port=9281)
        site.unit("extract", port=9281)
        site.unit("classify")
        d.wait_ready()
        f.account(180)
        assert link.carried > 500_000
        assert d.metric("millrace_stage_expired_workers_total") == 0 and site.strangers() == 0
        assert d.stop() == 0
    finally:
        link.close()
