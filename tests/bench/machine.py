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
