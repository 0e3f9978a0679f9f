#!/usr/bin/python3
"""sandbox.py - runs a command as a unit would have systemd run it, without systemd: as much of [Service] as a process with root can do to itself before it becomes the command.

    sandbox.py UNIT [--bind SOURCE:TARGET]... [--write TARGET]... [--user NUMBER] [--groups NUMBER,...] -- COMMAND...

Mounts are private to it: TARGETs are made below /mnt, everything is read-only but what --write names, homes are empty, /tmp, /dev and /proc are its own. Then the capabilities go, the user
changes, and the filters of system calls are loaded, each as systemd's src/shared/seccomp-util.c builds it. Every directive of the unit is either applied here (APPLIED) or named with the reason why
it cannot be (ELSEWHERE); a test compares the two with the units. Only for tests: it fails loudly and cleans nothing up, since its mounts go with it."""
import argparse
import ctypes
import ctypes.util
import errno
import os
import resource
import socket
import subprocess
import sys

libc = ctypes.CDLL(None, use_errno=True)

APPLIED = {"User", "Group", "UMask", "LimitNOFILE", "OOMScoreAdjust", "NoNewPrivileges", "CapabilityBoundingSet", "AmbientCapabilities", "ProtectSystem", "ProtectHome", "PrivateTmp", "PrivateDevices",
           "PrivateMounts", "PrivateNetwork", "ProtectProc", "ProcSubset", "ProtectClock", "ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables",
           "ProtectControlGroups", "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID", "LockPersonality", "MemoryDenyWriteExecute", "RestrictAddressFamilies", "SystemCallArchitectures",
           "SystemCallFilter", "StateDirectory", "RuntimeDirectory", "StateDirectoryMode", "RuntimeDirectoryMode"}
ELSEWHERE = {
    "Type": "the test listens on the notification socket", "NotifyAccess": "the same", "WatchdogSec": "the test looks at the beats",
    "ExecStart": "the test gives it", "ExecReload": "the test sends the signal", "KillMode": "the test ends what it began",
    "Restart": "about the life of the service, not about what it may do", "RestartSec": "the same", "RestartPreventExitStatus": "the same", "TimeoutStartSec": "the same", "TimeoutStopSec": "the same",
    "OOMPolicy": "the same", "RuntimeDirectoryPreserve": "the same",
    "MemoryMax": "of a control group", "MemorySwapMax": "of a control group", "TasksMax": "of a control group",
    "DevicePolicy": "a program of the control group; /dev holds nothing else here", "IPAddressDeny": "a program of the control group; the unit has no network at all",
    "RemoveIPC": "done by the manager at the end", "KeyringMode": "no key is used",
}

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 4096, 16384, 1 << 18
CLONE = {"ns": 0x20000, "cgroup": 0x02000000, "uts": 0x04000000, "ipc": 0x08000000, "user": 0x10000000, "pid": 0x20000000, "net": 0x40000000}
KILL, ALLOW, ERRNO = 0x80000000, 0x7FFF0000, 0x00050000
NE, EQ, MASKED_EQ = 1, 4, 7
S_SUID_SGID = (0o4000, 0o2000)


def check(result, what):
    if result != 0:
        code = ctypes.get_errno() or -result
        sys.exit(f"sandbox: {what}: {os.strerror(code)}")


def mount(source, target, kind=None, flags=0, data=None):
    check(libc.mount(source.encode(), target.encode(), kind and kind.encode(), flags, data and data.encode()), f"mount {source} on {target}")


class Attributes(ctypes.Structure):
    _fields_ = [("set", ctypes.c_uint64), ("clear", ctypes.c_uint64), ("propagation", ctypes.c_uint64), ("userns", ctypes.c_uint64)]


def set_attributes(path, recursive, **change):
    attributes = Attributes(**change)
    check(libc.mount_setattr(-100, path.encode(), 0x8000 if recursive else 0, ctypes.byref(attributes), ctypes.sizeof(attributes)), f"attributes of {path}")


def service_of(path):
    """[Service] of a unit: lists joined, the last one of everything else."""
    values, section = {}, None
    with open(path, encoding="utf-8") as file:
        for line in file:
            line = line.strip()
            if line.startswith("["):
                section = line
            elif section == "[Service]" and line and line[0] not in "#;":
                key, value = line.split("=", 1)
                values[key] = f"{values[key]} {value}" if key in ("SystemCallFilter", "RestrictAddressFamilies") and key in values else value
    return values


# ---- what it sees ----

def make_mounts(unit, binds, writable):
    flags = CLONE["ns"] | (CLONE["net"] if unit.get("PrivateNetwork") == "yes" else 0)
    check(libc.unshare(flags), "unshare")
    mount("none", "/", flags=MS_REC | MS_PRIVATE)
    mount("tmpfs", "/mnt", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755")
    for source, target in binds:
        if os.path.isdir(source):
            os.makedirs(target, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "x", encoding="ascii"):
                pass
        mount(source, target, flags=MS_BIND | MS_REC)
    if unit.get("PrivateDevices") == "yes":
        make_devices()
    if unit.get("ProtectSystem") == "strict":
        set_attributes("/", True, set=1)                           # read-only, /sys and its control groups with it
    for target in writable:
        set_attributes(target, False, clear=1)
    if unit.get("ProtectHome") == "yes":
        for path in ("/home", "/root", "/run/user"):
            if os.path.isdir(path):
                mount("tmpfs", path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0")
    if unit.get("PrivateTmp") == "yes":
        for path in ("/tmp", "/var/tmp"):
            mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777")
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, f"hidepid={unit['ProtectProc']},subset={unit['ProcSubset']}")


def make_devices():
    """/dev with the nodes of PrivateDevices= and nothing else; taken from the real one before it is covered."""
    os.makedirs("/mnt/.dev", exist_ok=True)
    mount("tmpfs", "/mnt/.dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755")
    for node in ("null", "zero", "full", "random", "urandom", "tty"):
        with open(f"/mnt/.dev/{node}", "x", encoding="ascii"):
            pass
        mount(f"/dev/{node}", f"/mnt/.dev/{node}", flags=MS_BIND)
    os.mkdir("/mnt/.dev/shm", 0o1777)
    mount("/mnt/.dev", "/dev", flags=MS_BIND | MS_REC)


# ---- what it may do ----

class Comparison(ctypes.Structure):
    _fields_ = [("argument", ctypes.c_uint), ("operation", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


class Filter:
    """One seccomp filter; system calls by name, those of other machines are left out."""

    def __init__(self, otherwise):
        self.library = ctypes.CDLL(ctypes.util.find_library("seccomp") or "libseccomp.so.2", use_errno=True)
        self.library.seccomp_init.restype = ctypes.c_void_p
        self.context = ctypes.c_void_p(self.library.seccomp_init(ctypes.c_uint32(otherwise)))

    def rule(self, action, call, *comparisons):
        number = self.library.seccomp_syscall_resolve_name(call.encode())
        if number < 0:
            return
        array = (Comparison * max(1, len(comparisons)))(*(Comparison(*one) for one in comparisons))
        result = self.library.seccomp_rule_add_array(self.context, ctypes.c_uint32(action), number, len(comparisons), array)
        if result not in (0, -errno.EDOM):
            sys.exit(f"sandbox: rule for {call}: {os.strerror(-result)}")

    def load(self):
        check(self.library.seccomp_load(self.context), "seccomp_load")


def expand(words):
    """The calls behind SystemCallFilter=: groups opened, those behind `~` taken away."""
    calls, negative = set(), False
    for word in words:
        negative = word.startswith("~") or (negative and word.startswith("@"))
        inner = group(word.lstrip("~"))
        calls = calls - inner if negative else calls | inner
    return calls


def group(word):
    if not word.startswith("@"):
        return {word}
    text = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", word], capture_output=True, text=True, timeout=60, check=True).stdout
    inner = [line.strip() for line in text.splitlines()[1:]]
    return set().union(*(group(line) for line in inner if line and not line.startswith("#")))


def filters_of(unit):
    """In the order in which they are loaded: the allow-list last, since it need not allow loading."""
    out = []

    def filter_for(directive):
        if unit.get(directive) != "yes":
            return None
        out.append(Filter(ALLOW))
        return out[-1]

    families = Filter(ALLOW)
    names = unit["RestrictAddressFamilies"].split()
    allowed = {int(getattr(socket, name)) for name in names}
    for family in set(range(64)) - allowed:
        families.rule(ERRNO | errno.EAFNOSUPPORT, "socket", (0, EQ, family, 0))
    out.append(families)
    if one := filter_for("MemoryDenyWriteExecute"):
        one.rule(ERRNO | errno.EPERM, "mmap", (2, MASKED_EQ, 6, 6))
        for call in ("mprotect", "pkey_mprotect"):
            one.rule(ERRNO | errno.EPERM, call, (2, MASKED_EQ, 4, 4))
        one.rule(ERRNO | errno.EPERM, "shmat", (2, MASKED_EQ, 0o100000, 0o100000))
    if one := filter_for("RestrictNamespaces"):
        one.rule(ERRNO | errno.EPERM, "setns")
        one.rule(ERRNO | errno.ENOSYS, "clone3")
        for flag in CLONE.values():
            one.rule(ERRNO | errno.EPERM, "unshare", (0, MASKED_EQ, flag, flag))
            one.rule(ERRNO | errno.EPERM, "clone", (0, MASKED_EQ, flag, flag))
    if one := filter_for("RestrictRealtime"):
        for policy in (os.SCHED_FIFO, os.SCHED_RR, 6):
            one.rule(ERRNO | errno.EPERM, "sched_setscheduler", (1, EQ, policy, 0))
    if one := filter_for("LockPersonality"):
        one.rule(ERRNO | errno.EPERM, "personality", (0, NE, libc.personality(0xFFFFFFFF), 0))
    if one := filter_for("RestrictSUIDSGID"):
        for bit in S_SUID_SGID:
            for call, argument in (("chmod", 1), ("fchmod", 1), ("fchmodat", 2), ("mkdir", 1), ("mkdirat", 2), ("mknod", 1), ("mknodat", 2), ("creat", 1)):
                one.rule(ERRNO | errno.EPERM, call, (argument, MASKED_EQ, bit, bit))
            one.rule(ERRNO | errno.EPERM, "open", (1, MASKED_EQ, os.O_CREAT, os.O_CREAT), (2, MASKED_EQ, bit, bit))
            one.rule(ERRNO | errno.EPERM, "openat", (2, MASKED_EQ, os.O_CREAT, os.O_CREAT), (3, MASKED_EQ, bit, bit))
        one.rule(ERRNO | errno.ENOSYS, "openat2")
    for directive, calls in (("ProtectClock", "@clock"), ("ProtectKernelModules", "@module"), ("ProtectKernelLogs", "syslog"), ("ProtectHostname", "sethostname setdomainname")):
        if one := filter_for(directive):
            for call in expand(calls.split()):
                one.rule(ERRNO | errno.EPERM, call)
    allow = Filter(KILL)
    for call in sorted(expand(unit["SystemCallFilter"].split())):
        allow.rule(ALLOW, call)
    return out + [allow]


def give_up_rights(unit, user, groups):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if "LimitNOFILE" in unit:
        most = int(unit["LimitNOFILE"]) if hard == resource.RLIM_INFINITY else min(int(unit["LimitNOFILE"]), hard)     # a container may have less
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    os.umask(int(unit["UMask"], 8))
    if "OOMScoreAdjust" in unit:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write(unit["OOMScoreAdjust"])
    for capability in range(64):
        if libc.prctl(24, capability, 0, 0, 0) != 0:                # PR_CAPBSET_DROP: past the last one
            break
    os.setgroups(groups)
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    check(libc.prctl(38, 1, 0, 0, 0), "no_new_privs")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("unit")
    parser.add_argument("--bind", action="append", default=[])
    parser.add_argument("--write", action="append", default=[])
    parser.add_argument("--user", type=int, default=64999)
    parser.add_argument("--groups", type=lambda text: [int(number) for number in text.split(",")], default=[], help="as SupplementaryGroups=")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    unit = service_of(arguments.unit)
    filters = filters_of(unit)
    make_mounts(unit, [bind.split(":") for bind in arguments.bind], arguments.write)
    give_up_rights(unit, arguments.user, arguments.groups)
    for one in filters:
        one.load()
    os.chdir("/")
    os.execv(arguments.command[0], arguments.command)


if __name__ == "__main__":
    main()
