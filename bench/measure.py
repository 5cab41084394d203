# SPDX-License-Identifier: LGPL-2.1-or-later
"""One measurement of one target: figures by name, from the initiator and from /proc."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

import targets
from targets import BenchError

LOADS = {"lean": "load", "libiscsi": "load-libiscsi"}


# The initiator ----------------------------------------------------------------------------------


class Initiator:
    """A load generator of a build directory."""

    def __init__(self, build, load="lean", engine=None):
        self.program = os.path.join(build, "bench", LOADS[load])
        self.extra = ["--engine", engine] if engine else []
        if not os.access(self.program, os.X_OK):
            raise BenchError(f"there is no {self.program}: build first, or name --build DIR")

    def command(self, target, *arguments, lun=1):
        return [self.program, *self.extra, *arguments, "--target-pid", str(target.pid),
                target.url(lun)]  # fmt: skip

    def run(self, target, *arguments, lun=1, before=()):
        """Run it, behind the words `before`; its figures."""
        command = [*before, *self.command(target, *arguments, lun=lun)]
        with targets.on_cpus(targets.LOAD_CPUS):
            done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            raise BenchError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
        figures = json.loads(done.stdout)
        return {**figures, **figures.pop("latency_us")}

    @contextlib.contextmanager
    def idle(self, target, sessions):
        """Hold so many sessions that do nothing; what their logins took."""
        if not sessions:
            yield None
            return
        command = self.command(target, "--idle", "--connections", str(sessions))
        with targets.on_cpus(targets.LOAD_CPUS):
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE)  # fmt: skip
        try:
            line = process.stdout.readline()
            if not line:
                raise BenchError(f"{sessions} sessions: {process.stderr.read().decode().strip()}")
            yield json.loads(line)
        finally:
            process.stdin.close()
            process.wait(timeout=30)
            process.stdout.close()
            process.stderr.close()


def run_load(initiator, workload, target, seconds, warmup):
    with initiator.idle(target, workload.beside):
        return initiator.run(target, *workload.arguments, "--time", str(seconds),
                             "--warmup", str(warmup))  # fmt: skip


# A process --------------------------------------------------------------------------------------


def _status(pid, names, path="status"):
    """The numbers behind these names in a file of /proc/PID."""
    with open(f"/proc/{pid}/{path}") as status:
        lines = dict(line.split(":", 1) for line in status)
    return [int(lines[name].split()[0]) for name in names]


def memory(pid):
    """Resident bytes of a process."""
    return _status(pid, ["VmRSS"])[0] * 1024


def switches(pid):
    """Voluntary and involuntary context switches of all its threads."""
    names = ("voluntary_ctxt_switches", "nonvoluntary_ctxt_switches")
    tasks = [_status(pid, names, f"task/{t}/status") for t in os.listdir(f"/proc/{pid}/task")]
    return [sum(column) for column in zip(*tasks)]


def settled_memory(pid):
    """Resident bytes once they stand still, after 5 s at most."""
    last = memory(pid)
    for _ in range(50):
        time.sleep(0.1)
        now = memory(pid)
        if now == last:
            break
        last = now
    return last


def cpu_ns(pid):
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat") as file:
            total += int(file.read().split()[0])
    return total


def run_idle(initiator, workload, target, seconds):
    """CPU time and memory of a target with idle sessions, beside what the first session takes."""
    with initiator.idle(target, 1):
        pass
    before = settled_memory(target.pid)
    with initiator.idle(target, workload.beside) as logins:
        used, cpu = settled_memory(target.pid) - before, cpu_ns(target.pid)
        time.sleep(seconds)
        cpu = cpu_ns(target.pid) - cpu
    return {"sessions": workload.beside, "seconds": seconds, "cpu_ms": cpu / 1e6,
            "kib_per_session": used / workload.beside / 1024,
            "login_us": logins["login_us"]}  # fmt: skip


# System calls -----------------------------------------------------------------------------------


class Perf:
    """Counts in the kernel: what is measured stays as fast as it is."""

    name = "perf"
    event = ("-e", "raw_syscalls:sys_enter")

    @classmethod
    def works(cls):
        if not shutil.which("perf"):
            return False
        done = subprocess.run(["perf", "stat", *cls.event, "-p", str(os.getpid()), "true"],
                              capture_output=True, text=True, check=False)  # fmt: skip
        return done.returncode == 0 and "not supported" not in done.stderr

    def count(self, initiator, target, arguments):
        with tempfile.NamedTemporaryFile("r") as out:
            initiator.run(target, *arguments, before=(
                "perf", "stat", "-x", ",", "-o", out.name, *self.event, "-p", str(target.pid),
                "--"))  # fmt: skip
            found = re.search(r"^(\d+),", out.read(), re.MULTILINE)
        return int(found.group(1)) if found else 0


class Strace:
    """Stops the target at each call: batches may be larger than without it."""

    name = "strace"

    @staticmethod
    def works():
        """Not everywhere may one process trace another that it did not start."""
        if not shutil.which("strace"):
            return False
        with subprocess.Popen(["sleep", "0.3"]) as other:
            return subprocess.run(["strace", "-c", "-o", "/dev/null", "-p", str(other.pid)],
                                  stderr=subprocess.DEVNULL, check=False).returncode == 0

    def count(self, initiator, target, arguments):
        with tempfile.NamedTemporaryFile("r") as out:
            tracer = subprocess.Popen(["strace", "-c", "-f", "-o", out.name, "-p", str(target.pid)],
                                      stderr=subprocess.PIPE, text=True)  # fmt: skip
            tracer.stderr.readline()  # "Process N attached"
            initiator.run(target, *arguments)
            tracer.send_signal(signal.SIGINT)
            tracer.communicate(timeout=30)
            found = re.search(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s.*total$", out.read(),
                              re.MULTILINE)  # fmt: skip
        return int(found.group(1)) if found else 0


def syscall_counter():
    """None if nothing here can count them."""
    return next((c() for c in (Perf, Strace) if c.works()), None)


def per_command(count, commands):
    """What one command costs, {what: how much}, of what count(N) says of N commands: the difference
    of two runs, so that logins and first times fall out."""
    few, many = count(commands), count(3 * commands)
    return {what: max(0, many[what] - few.get(what, 0)) / (2 * commands) for what in many}


def syscalls_per_command(counter, initiator, workload, target, commands):
    def count(n):
        arguments = (*workload.arguments, "--ops", str(n))
        return {"syscalls": counter.count(initiator, target, arguments)}

    with initiator.idle(target, workload.beside):
        return per_command(count, commands)["syscalls"]


# The disk without a target ----------------------------------------------------------------------


class Fio:
    """fio on the disk of a target, in the same way as the target uses it."""

    FLAGS = {"direct": ("--direct=1",), "sync": ("--direct=0", "--sync=dsync")}

    def __init__(self, flavour, target):
        self.name = f"fio-{flavour}"
        self.flavour = flavour
        self.target = target
        self.base = target.base
        self.threads = 1

    def run(self, workload, seconds, warmup):
        command = ["fio", "--name=bench", "--ioengine=io_uring", "--invalidate=0", *self.FLAGS[self.flavour],
                   f"--filename={self.target.disk}", f"--size={self.target.size}",
                   "--allow_file_create=0", "--time_based", f"--runtime={seconds}",
                   f"--ramp_time={warmup}", "--norandommap", "--unified_rw_reporting=1",
                   "--output-format=json", *workload.fio]  # fmt: skip
        with targets.on_cpus(targets.target_cpus(1)):
            done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            raise BenchError(f"{' '.join(command)}: {done.stderr.strip()}")
        return self._figures(json.loads(done.stdout[done.stdout.index("{"):])["jobs"][0])

    @staticmethod
    def _figures(job):
        all_of_it = job["mixed"]
        ops = max(1, all_of_it["total_ios"])
        clat = all_of_it["clat_ns"]["percentile"]
        busy = (job["usr_cpu"] + job["sys_cpu"]) / 100 * all_of_it["runtime"] * 1000
        return {"iops": all_of_it["iops"], "mbps": all_of_it["bw_bytes"] / 1e6,
                "p50": clat["50.000000"] / 1000, "p99": clat["99.000000"] / 1000,
                "p999": clat["99.900000"] / 1000, "target_cpu_us_per_op": busy / ops}  # fmt: skip


def fios(running):
    """One for each flavour of disk that a running target has."""
    by_flavour = {t.flavour: t for t in reversed(running) if t.flavour}
    return [Fio(flavour, target) for flavour, target in by_flavour.items()]
