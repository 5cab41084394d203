# SPDX-License-Identifier: LGPL-2.1-or-later
"""The targets that are measured: Debian's tgt and our daemon, each on a port of its own."""

import glob
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests", "lib"))

import daemon  # noqa: E402

IQN = "iqn.2024-01.org.example:bench"
TARGET_CPU, LOAD_CPU = 1, 0
SIZE_MB = 256


def use_build(build):
    """Point the environment at the programs and modules of a build directory."""
    build = os.path.abspath(build)
    os.environ.setdefault("TGTD", os.path.join(build, "core", "tgtd"))
    os.environ.setdefault("TGTCTL", os.path.join(build, "tools", "tgtctl"))
    modules = glob.glob(os.path.join(build, "plugins", "*", "*.so"))
    folders = {os.path.dirname(m) for m in modules} | {os.path.join(build, "tests", "lib")}
    os.environ.setdefault("TGT_PLUGIN_PATH", ":".join(sorted(folders)))
    for variable in ("TGTD", "TGTCTL"):
        if not os.access(os.environ[variable], os.X_OK):
            sys.exit(f"bench: there is no {os.environ[variable]}: build first, or name --build DIR")


class on_cpu:
    """What is started in this block runs on one CPU."""

    def __init__(self, cpu):
        self.cpu = cpu

    def __enter__(self):
        self.before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {self.cpu})

    def __exit__(self, *_):
        os.sched_setaffinity(0, self.before)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, deadline):
    """Seconds from now until someone listens."""
    start = time.monotonic()
    while time.monotonic() < start + deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return time.monotonic() - start
        except OSError:
            time.sleep(0.0002)
    sys.exit(f"bench: nobody listens on port {port} after {deadline} s")


def make_disk(folder):
    """A file in memory, without holes."""
    path = os.path.join(folder, "disk.img")
    with open(path, "wb") as file:
        for _ in range(SIZE_MB):
            file.write(os.urandom(1 << 20))
    return path


def end(process):
    process.send_signal(signal.SIGKILL)
    process.wait()


class Target:
    """A target; subclasses set `pid` and `port` in launch(), and stop what launch() started."""

    process = None
    daemon = None

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="tgt-bench.", dir="/dev/shm")

    def start(self):
        with on_cpu(TARGET_CPU):
            self.launch()
        self.configure()

    @property
    def url(self):
        return f"iscsi://127.0.0.1:{self.port}/{IQN}/1"

    def memory(self):
        with open(f"/proc/{self.pid}/status") as status:
            for line in status:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024
        sys.exit(f"bench: process {self.pid} has no VmRSS")

    def cpu_ns(self):
        total = 0
        for path in glob.glob(f"/proc/{self.pid}/task/*/schedstat"):
            with open(path) as file:
                total += int(file.read().split()[0])
        return total

    def remove_folder(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class DebianTgt(Target):
    """Debian's tgt, in its default configuration: rdwr on a file in memory."""

    name = "tgt rdwr"

    def launch(self):
        self.port = free_port()
        self.environment = {**os.environ, "TGT_IPC_SOCKET": os.path.join(self.folder, "ipc")}
        with open(os.path.join(self.folder, "log"), "wb") as log:
            self.process = subprocess.Popen(
                ["/usr/sbin/tgtd", "-f", "-C", "77", "--iscsi", f"portal=127.0.0.1:{self.port}"],
                env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        self.pid = self.process.pid

    def admin(self, *words):
        subprocess.run(["/usr/sbin/tgtadm", "-C", "77", "--lld", "iscsi", "--mode", *words],
                       env=self.environment, check=True)

    def configure(self):
        wait_for_port(self.port, 10)
        self.admin("target", "--op", "new", "--tid", "1", "-T", IQN)
        disk = make_disk(self.folder)
        self.admin("logicalunit", "--op", "new", "--tid", "1", "--lun", "1", "-b", disk)
        self.admin("target", "--op", "bind", "--tid", "1", "-I", "ALL")

    def stop(self):
        if self.process:
            end(self.process)
        self.remove_folder()


class Ours(Target):
    """Our daemon with one I/O thread on one of its stores."""

    def __init__(self, store, ring="auto"):
        super().__init__()
        self.store = store
        self.ring = ring
        self.name = store if ring == "auto" else f"{store} {ring}"

    def launch(self):
        self.daemon = daemon.Daemon(ring=self.ring)
        self.daemon.start()
        self.pid = self.daemon.process.pid

    def configure(self):
        self.port = self.daemon.portals()[0].port
        self.daemon.create_target(IQN)
        if self.store == "rdwr":
            self.daemon.create_lun(IQN, 1, "rdwr", ("--path", make_disk(self.folder)))
        else:
            self.daemon.create_lun(IQN, 1, self.store, size=f"{SIZE_MB}M")

    def stop(self):
        if self.daemon:
            self.daemon.stop()
        self.remove_folder()


def start_time(kind):
    """Milliseconds from the start of the daemon until it accepts connections."""
    target = kind()
    port = free_port()
    begin = time.monotonic()
    with on_cpu(TARGET_CPU):
        process = subprocess.Popen(_command(target, port), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   env={**os.environ, "TGT_IPC_SOCKET": f"{target.folder}/ipc"})
    try:
        wait_for_port(port, 10)
        return (time.monotonic() - begin) * 1000
    finally:
        end(process)
        target.remove_folder()


def _command(target, port):
    portal = f"portal=127.0.0.1:{port}"
    if isinstance(target, DebianTgt):
        return ["/usr/sbin/tgtd", "-f", "-C", "77", "--iscsi", portal]
    state = os.path.join(target.folder, "state")
    os.mkdir(state, 0o700)
    control = os.path.join(target.folder, "control")
    return [os.environ["TGTD"], "-f", "-t", "1", "--control", control, "--state-dir", state,
            "--iscsi", portal]  # fmt: skip


def serve_time():
    """Milliseconds from `tgtctl serve IMAGE` until its URL stands on the terminal."""
    folder = tempfile.mkdtemp(prefix="tgt-bench.", dir="/dev/shm")
    begin = time.monotonic()
    process = subprocess.Popen(
        [os.environ["TGTCTL"], "serve", os.path.join(folder, "a.img"), "--size", "1G", "--portal",
         "127.0.0.1:0"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while b"iscsi://" not in (line := process.stdout.readline()):
            if not line:
                sys.exit("bench: tgtctl serve prints no URL")
        return (time.monotonic() - begin) * 1000
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
        shutil.rmtree(folder, ignore_errors=True)
