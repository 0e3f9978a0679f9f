#!/usr/bin/python3
"""A worker in Python for the stage `marker`, written from docs/protocol.md alone: it adds the keyword `marked` and the length of the body in characters.

    worker_python.py ipc://PATH [STAGE]
    worker_python.py tcp://HOST:PORT STAGE DAEMON_KEY SECRET_FILE
"""
import json
import os
import secrets
import signal
import struct
import sys
import time

import zmq

READY, WELCOME, REFUSE, TASK, RESULT, HEARTBEAT, DRAIN, BYE = range(1, 9)
ABSENT = 0xFFFFFFFF
FIELDS = ["title", "keywords"]


def str8(text):
    return bytes([len(text)]) + text


class Garbage(Exception):
    pass


class Leave(Exception):
    pass


class Worker:
    def __init__(self, endpoint, stage, daemon_key=None, secret_file=None):
        self.stage, self.heartbeat, self.progress, self.draining, self.asked = stage, None, 0, False, False
        self.identity = f"py{os.getpid()}-{secrets.token_hex(8)}".encode()
        self.socket = zmq.Context().socket(zmq.DEALER)
        for option, value in ((zmq.IMMEDIATE, 1), (zmq.LINGER, 0), (zmq.ROUTING_ID, self.identity)):
            self.socket.setsockopt(option, value)
        if daemon_key:
            with open(secret_file, "rb") as file:
                secret = file.read().strip()
            self.socket.curve_serverkey, self.socket.curve_publickey, self.socket.curve_secretkey = daemon_key.encode(), zmq.curve_public(secret), secret
        self.socket.connect(endpoint)
        self.sent = self.heard = time.monotonic()

    def send(self, kind, content=b""):
        self.socket.send(b"MLRC" + struct.pack("<HH", 1, kind) + content)
        self.sent = time.monotonic()

    def ready(self):
        content = struct.pack("<QHH", os.getpid(), 2, len(FIELDS))
        for text in (self.stage.encode(), self.identity, b"worker_python/1", b"marker/1"):
            content += str8(text)
        self.send(READY, content + b"".join(str8(name.encode()) for name in FIELDS))

    def run(self):
        self.ready()
        while True:
            wait = self.heartbeat or 5.0
            if self.socket.poll(max(0, int((self.sent + wait - time.monotonic()) * 1000))):
                self.on_message(self.socket.recv())
                self.heard = time.monotonic()
            if self.asked and not self.draining and self.heartbeat:
                self.draining = True
                self.send(DRAIN)
            now = time.monotonic()
            if self.heartbeat is None and now - self.sent >= 5:
                self.ready()
            elif self.heartbeat and now - self.heard > 3 * self.heartbeat:
                raise Leave(15)
            elif self.heartbeat and now - self.sent >= self.heartbeat:
                self.send(HEARTBEAT, struct.pack("<Q", self.progress))

    def on_message(self, message):
        magic, version, kind = struct.unpack_from("<4sHH", message)
        if magic != b"MLRC" or version != 1:
            raise Garbage
        if kind == WELCOME:
            ms, _, _, _ = struct.unpack_from("<IHHI", message, 8)
            self.heartbeat = ms / 1000
        elif kind == REFUSE:
            code, length = struct.unpack_from("<HB", message, 8)
            print("refused:", message[11:11 + length].decode(errors="replace"), file=sys.stderr)
            raise Leave(78 if code <= 3 else 16)
        elif kind == TASK:
            self.on_task(message)
        elif kind == DRAIN:
            self.send(BYE)
            self.socket.setsockopt(zmq.LINGER, 500)
            raise Leave(0)
        elif kind == BYE:
            raise Leave(15)
        elif kind != HEARTBEAT:
            raise Garbage

    def on_task(self, message):
        count, = struct.unpack_from("<H", message, 8)
        at = 12 + 24 * count
        for i in range(count):
            lease, _, attempt, fields, field_bytes, body_bytes = struct.unpack_from("<QIHHII", message, 12 + 24 * i)
            if at + field_bytes + body_bytes > len(message):
                raise Garbage
            values, place = {}, at
            for _ in range(fields):
                index, length = struct.unpack_from("<HI", message, place)
                values[FIELDS[index]] = message[place + 6:place + 6 + length].decode()
                place += 6 + length
            body = message[at + field_bytes:at + field_bytes + body_bytes].decode()
            at += field_bytes + body_bytes
            begin = time.monotonic()
            answer = self.work(values, body)
            self.answer(lease, attempt, int((time.monotonic() - begin) * 1e6), answer)

    def answer(self, lease, attempt, micros, answer):
        if isinstance(answer, dict):
            patch = json.dumps(answer, ensure_ascii=False).encode()
            status, parts, content = 0, 1, struct.pack("<III", len(patch), ABSENT, ABSENT) + patch
        else:
            text = answer.encode()[:255]
            status, parts, content = 1, 0, str8(b"stage.refused") + struct.pack("<H", len(text)) + text
        row = struct.pack("<QIHHII", lease, micros, attempt, parts, status, len(content))
        self.send(RESULT, struct.pack("<HH", 1, 0) + row + content)
        self.progress += 1

    def work(self, values, body):
        """A dict: the patch; a string: the reason to refuse."""
        if "refuse me" in body:
            return "the article asked for it"
        keywords = values["keywords"].split("\n") if "keywords" in values else []
        return {"keywords": keywords + ["marked", f"{len(body)} characters"]}


def main():
    worker = Worker(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "marker", *sys.argv[3:5])
    signal.signal(signal.SIGTERM, lambda *_: setattr(worker, "asked", True))
    try:
        worker.run()
    except Leave as leave:
        return leave.args[0]
    except (Garbage, struct.error, UnicodeDecodeError, IndexError) as error:
        print("garbage:", error, file=sys.stderr)
        return 17


if __name__ == "__main__":
    sys.exit(main())
