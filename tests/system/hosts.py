"""Two hosts on one machine: network namespaces with a cable between them.

Host A is the thread that calls enter(): what it starts from then on (Kafka, daemons, its own clients) lives there, with a loopback of its own. Host B is a process that holds
the other namespace; Unit and run() start programs in it. Nothing has a name that could be left behind: a namespace and its cable go with the last process in it,
and all processes die with the test (process.py)."""
import ctypes
import os
import shutil
import socket
import subprocess
import threading
import time

from process import Process

CLONE_NEWNET = 0x40000000
A, B = "10.77.0.1", "10.77.0.2"
_libc = ctypes.CDLL(None, use_errno=True)


class Unavailable(Exception):
    """No namespaces here; the message says why."""


def _call(function, *arguments):
    if function(*arguments) != 0:
        raise Unavailable(f"no network namespaces here: {function.__name__}: {os.strerror(ctypes.get_errno())}")


def _ip(*words):
    done = subprocess.run(["ip", *words], capture_output=True, text=True, timeout=20)
    if done.returncode != 0:
        raise Unavailable(f"ip {' '.join(words)}: {done.stderr.strip()}")


class Hosts:
    def __init__(self, folder):
        self._folder = folder
        self._before = self._holder = None

    def enter(self):
        for program in ("ip", "nsenter", "unshare"):
            if not shutil.which(program):
                raise Unavailable(f"no {program} here (Debian: iproute2, util-linux)")
        self._before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _call(_libc.unshare, CLONE_NEWNET)
            _ip("link", "set", "lo", "up")
            self._holder = Process(["unshare", "--net", "sleep", "3600"], self._folder / "holder.log")
            own, deadline = os.readlink("/proc/thread-self/ns/net"), time.monotonic() + 10
            while os.readlink(f"/proc/{self._holder.pid}/ns/net") == own:        # unshare has not come to it yet
                if time.monotonic() > deadline or not self._holder.running():
                    raise Unavailable("host B did not come up")
                time.sleep(0.01)
            _ip("link", "add", "a0", "type", "veth", "peer", "name", "b0", "netns", str(self._holder.pid))
            _ip("address", "add", f"{A}/24", "dev", "a0")
            _ip("link", "set", "a0", "up")
            for words in (["link", "set", "lo", "up"], ["address", "add", f"{B}/24", "dev", "b0"], ["link", "set", "b0", "up"]):
                self.run(["ip", *words])
        except Unavailable:
            self.leave()
            raise
        return self

    def leave(self):
        if self._holder and self._holder.running():
            self._holder.kill()
        if self._before is not None:
            _call(_libc.setns, self._before, CLONE_NEWNET)
            os.close(self._before)
            self._before = None

    # ---- host B ----
    def there(self, argv):
        return ["nsenter", "--target", str(self._holder.pid), "--net", "--", *map(str, argv)]

    def run(self, argv, seconds=60):
        done = subprocess.run(self.there(argv), capture_output=True, text=True, timeout=seconds)
        assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
        return done.stdout

    def cut(self):
        self.run(["ip", "link", "set", "b0", "down"])

    def mend(self):
        self.run(["ip", "link", "set", "b0", "up"])


class Unit(threading.Thread):
    """A program as systemd keeps it with Restart=always: started again `restart` seconds after it ended. Its exit codes are kept."""

    def __init__(self, argv, log, restart=0.3):
        super().__init__(daemon=True)
        self.codes = []
        self._argv, self._log, self._restart = argv, log, restart
        self._over = threading.Event()
        self.start()

    def run(self):
        while not self._over.is_set():
            process = Process(self._argv, self._log)
            while process.running() and not self._over.wait(0.05):
                pass
            if self._over.is_set():
                process.kill()
                return
            self.codes.append(process.wait(5))
            self._over.wait(self._restart)

    def log(self):
        return self._log.read_text(errors="replace")

    def end(self):
        self._over.set()
        self.join(30)


class SlowLink:
    """A wire of its own between two ends: what comes is handed on `delay` seconds later and not faster than `rate` bytes a second. (The kernel's netem would do it below
    TCP; many machines that run tests have none.)"""

    def __init__(self, listen, to, delay, rate):
        self._to, self._delay, self._rate = to, delay, rate
        self._listener = socket.create_server(listen)
        self.carried = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._to)
            except OSError:
                return
            for ends in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=ends, daemon=True).start()

    def _carry(self, source, sink):
        try:
            while data := source.recv(65536):
                time.sleep(self._delay + len(data) / self._rate)
                sink.sendall(data)
                self.carried += len(data)
        except OSError:
            pass
        for end in (source, sink):
            end.close()

    def close(self):
        self._listener.close()
