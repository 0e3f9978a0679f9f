"""What a measurement ran on, and what processes cost: read from /proc."""
import ctypes
import os
import pathlib
import re
import subprocess

TICK = os.sysconf("SC_CLK_TCK")


def describe():
    """[(what, value)]: processor, memory, kernel, libraries."""
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text())[1])
    kafka, zmq = ctypes.CDLL("librdkafka.so.1"), ctypes.CDLL("libzmq.so.5")
    kafka.rd_kafka_version_str.restype = ctypes.c_char_p
    numbers = [ctypes.c_int() for _ in range(3)]
    zmq.zmq_version(*map(ctypes.byref, numbers))
    jansson = ctypes.CDLL("libjansson.so.4")
    jansson.jansson_version_str.restype = ctypes.c_char_p
    return [("processor", f"{cpu[1] if cpu else os.uname().machine}, {len(os.sched_getaffinity(0))} cores, {memory >> 20} GB"),
            ("kernel", os.uname().release), ("librdkafka", kafka.rd_kafka_version_str().decode()),
            ("libzmq", ".".join(str(n.value) for n in numbers)), ("Jansson", jansson.jansson_version_str().decode())]


def java():
    done = subprocess.run(["java", "-version"], capture_output=True, text=True)
    return (done.stderr or done.stdout).splitlines()[0] if done.returncode == 0 else "none"


def load():
    return os.getloadavg()[0]


def _stat(pid):
    text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    return text.rsplit(")", 1)[1].split()


def cpu(pid):
    """Seconds of processor time of a process, all its threads; 0 when it is gone."""
    try:
        fields = _stat(pid)
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICK


def loop_cpu(pid):
    """Seconds of processor time of the first thread alone: the event loop of a daemon."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/task/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICK


def loop_waits(pid):
    """(seconds the first thread ran, seconds it was ready and had no core); what is missing to the wall clock it slept."""
    ran, waited = pathlib.Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[:2]
    return int(ran) / 1e9, int(waited) / 1e9


def stage_of(pid):
    """The stage of a worker process; "" when it is gone."""
    try:
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return ""
    return words[words.index("--stage") + 1] if "--stage" in words[:-1] else ""


def children(pid):
    found = []
    for folder in pathlib.Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if int(_stat(folder.name)[1]) == pid:
                    found.append(int(folder.name))
            except OSError:
                pass
    return found


def rss(pid):
    """Resident bytes."""
    match = re.search(r"VmRSS:\s*(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())
    return int(match[1]) * 1024 if match else 0


def peak(pid):
    """Most resident bytes so far."""
    match = re.search(r"VmHWM:\s*(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())
    return int(match[1]) * 1024 if match else 0
