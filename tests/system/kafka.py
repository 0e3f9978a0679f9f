"""Apache Kafka for the tests: the jars from Maven Central, started on loopback, KRaft, one node or several.

Kafka is never mocked here: transactions, isolation, rebalances and restarts are what these tests prove. Nodes keep their folder and their
ports for life, so a node may be killed and started again with what it had on disk.

MILLRACE_KAFKA_VERSION chooses another version (default: the one of kafka/pom.xml)."""
import base64
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import uuid

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from process import Process, free_port
from wait import wait_until

POM = pathlib.Path(__file__).parent / "kafka" / "pom.xml"
READ_SECONDS = 60


class Unavailable(Exception):
    """Kafka cannot be had on this machine; the message says why."""


def version():
    return os.environ.get("MILLRACE_KAFKA_VERSION") or re.search(r"<kafka\.version>(.*)</kafka", POM.read_text())[1]


def jars():
    """The folder with Kafka's jars, fetched with Maven when they are not in the cache."""
    logging = "reload4j" if version().startswith("3.") else "log4j2"
    return fetch(POM, f"kafka-{version()}", "kafka_2.13-*.jar", f"-Dkafka.version={version()}", f"-Dlogging={logging}")


def fetch(pom, name, wanted, *options):
    """The folder `name` of the cache with the jars of a pom, `wanted` among them; Maven copies them there when it is not there yet."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "millrace"
    folder = cache / name
    if folder.is_dir():
        return folder
    if not shutil.which("java"):
        raise Unavailable("no java here (Debian: default-jre-headless)")
    if not shutil.which("mvn"):
        raise Unavailable(f"the jars of {name} are not in the cache and there is no mvn to fetch them (Debian: maven)")
    cache.mkdir(parents=True, exist_ok=True)
    partial = cache / f"{name}.{os.getpid()}"
    try:
        done = subprocess.run(["mvn", "-B", "-q", "-f", str(pom), *options, f"-DoutputDirectory={partial}", "dependency:copy-dependencies"],
                              capture_output=True, text=True, timeout=600)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"Maven Central did not give {name} within 10 minutes")
    if done.returncode != 0 or not list(partial.glob(wanted)):
        shutil.rmtree(partial, ignore_errors=True)
        raise Unavailable(f"Maven Central did not give {name}: {(done.stdout + done.stderr).strip()[-300:]}")
    try:
        partial.rename(folder)
    except OSError:                          # another test run was first
        shutil.rmtree(partial)
    return folder


def new_cluster_id():
    """As Kafka's own Uuid.randomUuid: one that begins with `-` would be taken for an option by kafka-storage (one in 64)."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):
            return text


class Node:
    """One broker, which is a controller too. kill -9, SIGSTOP and restart are for the tests of trouble."""

    def __init__(self, cluster, number, folder):
        self.cluster, self.number, self.folder = cluster, number, folder
        self.port, self.controller_port = free_port(), free_port()
        self.process = None
        folder.mkdir(parents=True)

    def configure(self, nodes):
        replicas = min(len(nodes), 3)
        options = {
            "process.roles": "broker,controller", "node.id": self.number,
            "controller.quorum.voters": ",".join(f"{n.number}@127.0.0.1:{n.controller_port}" for n in nodes),
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.controller_port}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "controller.listener.names": "CONTROLLER", "inter.broker.listener.name": "PLAINTEXT",
            "log.dirs": self.folder / "data", "num.network.threads": 2, "num.io.threads": 4, "num.partitions": 1,
            "auto.create.topics.enable": "false", "default.replication.factor": replicas, "min.insync.replicas": max(1, replicas - 1),
            "offsets.topic.replication.factor": replicas, "offsets.topic.num.partitions": 4,
            "transaction.state.log.replication.factor": replicas, "transaction.state.log.min.isr": max(1, replicas - 1),
            "transaction.state.log.num.partitions": 4,
            # Short sessions, so that a killed daemon is missed soon; no wait for members that will not come.
            "group.min.session.timeout.ms": 1000, "group.initial.rebalance.delay.ms": 0,
            # A transaction whose producer is gone is looked for every second (default 10).
            "transaction.abort.timed.out.transaction.cleanup.interval.ms": 1000,
            "log.message.timestamp.after.max.ms": 2**63 - 1,         # Kafka 4 takes an hour from now; the daemon must stand any
            "broker.session.timeout.ms": 6000, "broker.heartbeat.interval.ms": 1000, "controlled.shutdown.max.retries": 1,
            "log.cleaner.dedupe.buffer.size": 4 << 20, "log.cleaner.threads": 1, "offsets.retention.minutes": 10080,
            "message.max.bytes": 4 << 20, "log.segment.bytes": 256 << 20, "log.retention.bytes": 4 << 30,
        }
        (self.folder / "server.properties").write_text("".join(f"{k}={v}\n" for k, v in options.items()))
        if version().startswith("3."):
            (self.folder / "log4j.properties").write_text(
                "log4j.rootLogger=WARN, out\nlog4j.appender.out=org.apache.log4j.ConsoleAppender\n"
                "log4j.appender.out.layout=org.apache.log4j.PatternLayout\nlog4j.appender.out.layout.ConversionPattern=%d %p %m (%c)%n\n")
        else:
            (self.folder / "log4j2.properties").write_text(
                "rootLogger.level=WARN\nrootLogger.appenderRef.out.ref=out\nappender.out.type=Console\nappender.out.name=out\n"
                "appender.out.layout.type=PatternLayout\nappender.out.layout.pattern=%d %p %m (%c)%n\n")

    def java(self, main, *arguments, heap="512m"):
        logging = f"-Dlog4j.configuration=file:{self.folder}/log4j.properties" if version().startswith("3.") else \
            f"-Dlog4j2.configurationFile={self.folder}/log4j2.properties"
        return ["java", f"-Xmx{os.environ.get('MILLRACE_KAFKA_HEAP', heap)}", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-Xshare:auto", "-Djava.awt.headless=true",
                logging, "-cp", f"{self.cluster.jars}/*", main, *map(str, arguments)]

    def format(self, cluster_id):
        done = subprocess.run(self.java("kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", self.folder / "server.properties"),
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self):
        self.process = Process(self.java("kafka.Kafka", self.folder / "server.properties"), self.folder / "kafka.log", life=self.cluster.life)

    def answers(self):
        if not self.process.running():
            raise AssertionError(f"Kafka ended: {self.log()[-2000:]}")
        with socket.socket() as s:
            s.settimeout(1)
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def log(self):
        return (self.folder / "kafka.log").read_text(errors="replace")

    def kill(self):
        self.process.kill()

    def stop(self, seconds=30):
        """SIGTERM; a controlled shutdown may take a while, past the deadline it is killed."""
        self.process.signal(signal.SIGTERM)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass

    def pause(self):
        self.process.signal(signal.SIGSTOP)

    def resume(self):
        self.process.signal(signal.SIGCONT)


class Message:
    """What was read: topic, partition, offset, key, value, headers ([(name, bytes)]), timestamp in ms."""

    def __init__(self, m):
        self.topic, self.partition, self.offset = m.topic(), m.partition(), m.offset()
        self.key, self.value, self.headers, self.timestamp = m.key(), m.value(), m.headers() or [], m.timestamp()[1]

    def header(self, name):
        return next((v for k, v in self.headers if k == name), None)


class Kafka:
    def __init__(self, folder, nodes=1, life=3600):
        self.jars = jars()
        self.life = life
        self.nodes = [Node(self, i + 1, pathlib.Path(folder) / f"node{i + 1}") for i in range(nodes)]
        cluster_id = new_cluster_id()
        for node in self.nodes:
            node.configure(self.nodes)
            node.format(cluster_id)
        self.bootstrap = ",".join(f"127.0.0.1:{n.port}" for n in self.nodes)
        self._admin = None

    # ---- life ----
    def start(self, seconds=60):
        for node in self.nodes:
            node.start()
        self.wait_ready(seconds)

    def wait_ready(self, seconds=60):
        wait_until(lambda: all(n.answers() for n in self.nodes), seconds, "Kafka listens")
        wait_until(self._all_known, seconds, "Kafka answers")

    def _all_known(self):
        try:
            return len(self.admin().list_topics(timeout=2).brokers) == len(self.nodes)
        except KafkaException:
            return False

    def kill(self, number=0):
        self.nodes[number].kill()

    def restart(self, number=0, seconds=60):
        """The same data, the same port."""
        self.nodes[number].start()
        self.wait_ready(seconds)

    def down(self):
        """All nodes at once."""
        for node in self.nodes:
            node.kill()

    def up(self, seconds=90):
        for node in self.nodes:
            node.start()
        self.wait_ready(seconds)

    def stop(self):
        for node in self.nodes:
            if node.process and node.process.running():
                node.kill()                      # nobody will read this data again

    def admin(self):
        if self._admin is None:
            self._admin = AdminClient({"bootstrap.servers": self.bootstrap, "reconnect.backoff.max.ms": 500, "log_level": 0})
        return self._admin

    # ---- topics ----
    def create_topic(self, name, partitions=1, config=None):
        topic = NewTopic(name, num_partitions=partitions, replication_factor=min(len(self.nodes), 3), config=config or {})
        list(self.admin().create_topics([topic], operation_timeout=20).values())[0].result(30)
        wait_until(lambda: self.partitions(name) == partitions, 20, f"topic {name} exists")

    def grow_topic(self, name, partitions):
        list(self.admin().create_partitions([NewPartitions(name, partitions)]).values())[0].result(30)
        wait_until(lambda: self.partitions(name) == partitions, 20, f"topic {name} has {partitions} partitions")

    def delete_topic(self, name):
        list(self.admin().delete_topics([name], operation_timeout=20).values())[0].result(30)
        wait_until(lambda: self.partitions(name) == 0, 20, f"topic {name} is gone")

    def partitions(self, topic):
        """Number of partitions that have a leader; 0 when there is no such topic."""
        found = self.admin().list_topics(timeout=10).topics.get(topic)
        if found is None or found.error is not None:
            return 0
        return sum(p.leader >= 0 for p in found.partitions.values())

    def quota(self, client_id, bytes_per_second):
        """Limits what a client may produce; None takes the limit away."""
        change = ["--add-config", f"producer_byte_rate={bytes_per_second}"] if bytes_per_second else ["--delete-config", "producer_byte_rate"]
        done = subprocess.run(self.nodes[0].java("kafka.admin.ConfigCommand", "--bootstrap-server", self.bootstrap, "--alter", *change,
                                                  "--entity-type", "clients", "--entity-name", client_id), capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr

    # ---- in ----
    def produce(self, topic, records, config=None, seconds=120):
        """records: (key, value) or dict(key, value, partition, headers, timestamp). Waits until all are acknowledged; returns their (partition, offset)."""
        producer = Producer({"bootstrap.servers": self.bootstrap, "enable.idempotence": True, "linger.ms": 5, "compression.type": "lz4", "log_level": 0,
                             "message.max.bytes": 4 << 20, **(config or {})})
        places, errors = {}, []

        def delivered(index):
            def report(error, message):
                if error is not None:
                    errors.append(str(error))
                else:
                    places[index] = (message.partition(), message.offset())
            return report

        count = 0
        for count, record in enumerate(records, 1):
            fields = record if isinstance(record, dict) else {"key": record[0], "value": record[1]}
            while True:
                try:
                    producer.produce(topic, on_delivery=delivered(count - 1), **fields)
                    break
                except BufferError:
                    producer.poll(0.1)
            producer.poll(0)
        left = producer.flush(seconds)
        assert left == 0 and not errors, f"{left} not delivered, errors {errors[:3]}"
        return [places[i] for i in range(count)]

    # ---- out ----
    def reader(self, topics, isolation="read_committed"):
        return Reader(self, [topics] if isinstance(topics, str) else list(topics), isolation)

    def read_all(self, topics, isolation="read_committed", seconds=READ_SECONDS):
        """Everything that stands in the topics now, per partition in order."""
        with self.reader(topics, isolation) as reader:
            return reader.to_end(seconds)

    def committed(self, group, topic):
        """{partition: next offset} as the group committed it; waits for pending transactional offsets as a consumer does."""
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": group, "isolation.level": "read_committed", "enable.auto.commit": False,
                             "log_level": 0})
        try:
            asked = [TopicPartition(topic, p) for p in range(self.partitions(topic))]
            return {p.partition: p.offset for p in consumer.committed(asked, timeout=30) if p.offset >= 0}
        finally:
            consumer.close()

    def ends(self, topic, isolation="read_committed"):
        """{partition: behind its last record that such a reader is given}"""
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "ends", "isolation.level": isolation, "log_level": 0})
        try:
            return {p: consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=30)[1] for p in range(self.partitions(topic))}
        finally:
            consumer.close()


class Reader:
    """Reads all partitions of its topics from the beginning, outside any group. Keeps everything in `messages`."""

    def __init__(self, kafka, topics, isolation):
        self.messages = []
        self._consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": f"reader-{uuid.uuid4()}", "enable.auto.commit": False,
                                   "isolation.level": isolation, "auto.offset.reset": "earliest", "enable.partition.eof": True,
                                   "fetch.wait.max.ms": 50, "fetch.error.backoff.ms": 50, "reconnect.backoff.max.ms": 500,
                                   "allow.auto.create.topics": False, "log_level": 0})
        self._places = [(t, p) for t in topics for p in range(kafka.partitions(t))]
        self._consumer.assign([TopicPartition(t, p, 0) for t, p in self._places])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._consumer.close()

    def _step(self, seconds):
        """One event: (message or None, place that was found to be at its end or None)."""
        m = self._consumer.poll(seconds)
        if m is None:
            return None, None
        if m.error() is None:
            message = Message(m)
            self.messages.append(message)
            return message, None
        if m.error().code() == KafkaError._PARTITION_EOF:
            return None, (m.topic(), m.partition())
        if m.error().retriable() or m.error().code() in (KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT):
            return None, None
        raise KafkaException(m.error())

    def until(self, condition, seconds=READ_SECONDS, what="the expected messages came"):
        """Reads on until condition(messages) holds; returns all messages read so far."""
        def step():
            if condition(self.messages):
                return True
            self._step(0.2)
            return condition(self.messages)
        wait_until(step, seconds, lambda: f"{what} ({len(self.messages)} read)", every=0)
        return self.messages

    def until_count(self, count, seconds=READ_SECONDS):
        return self.until(lambda all_of_them: len(all_of_them) >= count, seconds, f"{count} messages came")

    def to_end(self, seconds=READ_SECONDS):
        """Reads every partition to what is its (readable) end now."""
        for topic, partition in self._places:            # asks for the end anew, also where it was reached before
            self._consumer.seek(TopicPartition(topic, partition, self._next(topic, partition)))
        missing = set(self._places)

        def step():
            _, end = self._step(0.2)
            missing.discard(end)
            return not missing
        if missing:
            wait_until(step, seconds, lambda: f"the end of {sorted(missing)}", every=0)
        return self.messages

    def _next(self, topic, partition):
        return max((m.offset + 1 for m in self.messages if m.topic == topic and m.partition == partition), default=0)
