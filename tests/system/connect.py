"""Kafka Connect's own JsonConverter, from Maven Central, on the values of a topic."""
import json
import subprocess

import kafka
from kafka import Unavailable

FOLDER = kafka.POM.parent / "connect"


def convert(values, folder):
    """[(name of the schema, struct as dict)] for values in the envelope; fails when the converter refuses one."""
    jars = kafka.fetch(FOLDER / "pom.xml", "connect-3.9.2", "connect-json-*.jar")
    ecj = next(jars.glob("ecj-*.jar"))
    built = subprocess.run(["java", "-jar", ecj, "-17", "-nowarn", "-encoding", "UTF-8", "-cp", ":".join(map(str, jars.glob("*.jar"))), "-d", folder, FOLDER / "Convert.java"],
                           capture_output=True, text=True, timeout=120)
    assert built.returncode == 0, built.stdout + built.stderr
    done = subprocess.run(["java", "-Xmx256m", "-XX:+UseSerialGC", "-cp", f"{folder}:{jars}/*", "Convert"], input=b"".join(v + b"\n" for v in values), capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return [(name, json.loads(text)) for name, text in (line.split("\t", 1) for line in done.stdout.decode().splitlines())]


__all__ = ["Unavailable", "convert"]
