"""Processes of the tests: each dies with the test run (PR_SET_PDEATHSIG), has a bounded life and writes into a file of its own."""
import ctypes
import os
import random
import signal
import socket
import subprocess
import threading

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


_given = set()


def free_port():
    """A port that nobody listens on, outside the range of outgoing connections, and never given twice, so that a stopped server finds its port free again."""
    while True:
        port = random.SystemRandom().randrange(20000, 32000)
        if port in _given:
            continue
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                _given.add(port)
                return port
            except OSError:
                continue


class Process:
    """One run of a program. `life` seconds after the start it is killed, whatever happens."""

    def __init__(self, argv, log, env=None, cwd=None, life=1800, stdin=subprocess.DEVNULL, stdout=None):
        self.log_path = log
        with open(log, "ab") as out:
            self.popen = subprocess.Popen(argv, stdin=stdin, stdout=stdout or out, stderr=out, env=env, cwd=cwd, preexec_fn=_die_with_parent)
        self.pid = self.popen.pid
        self._timer = threading.Timer(life, self._end)
        self._timer.daemon = True
        self._timer.start()

    def _end(self):
        if self.popen.poll() is None:
            self.popen.kill()

    def running(self):
        return self.popen.poll() is None

    def signal(self, number):
        if self.running():
            os.kill(self.pid, number)

    def wait(self, seconds):
        """Exit code (negative: the signal). Past the deadline: killed, subprocess.TimeoutExpired."""
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait(10)
            raise
        finally:
            if self.popen.returncode is not None:
                self._timer.cancel()

    def kill(self):
        self.signal(signal.SIGKILL)
        return self.wait(20)
