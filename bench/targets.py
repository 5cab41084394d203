# SPDX-License-Identifier: LGPL-2.1-or-later
"""The targets that are measured: Debian's tgt and our daemon, each on a port of its own.

A name says what it is:  STORE[:RING][:tTHREADS]  for ours, such as mem, rdwr-direct:poll, null:t2.
"""

import glob
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests", "lib"))

import daemon  # noqa: E402

IQN = "iqn.2024-01.org.example:bench"
MIB = 1 << 20
STORES = ("null", "mem", "rdwr", "rdwr-direct", "rdwr-sync")
PEERS = ("tgt", "tgt-tuned", "tgt-null", "tgt-direct", "tgt-sync")
DEFAULT = ("tgt", "tgt-tuned", "tgt-direct", "tgt-sync",
           *(name for store in STORES for name in (store, f"{store}:poll")))  # fmt: skip
# What an administrator could set to help large transfers.
TUNED = {"MaxRecvDataSegmentLength": 262144, "FirstBurstLength": 262144,
         "MaxBurstLength": 1048576, "InitialR2T": "No"}  # fmt: skip


class BenchError(Exception):
    """Something could not be measured; the text says what and why."""


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


def peer_program(name):
    """A program of Debian's tgt, or None; ours, where it is installed, is not meant."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin")
    if path is None:
        return None
    version = subprocess.run([path, "-V"], capture_output=True, text=True, check=False).stdout
    return path if version[:1].isdigit() else None


# CPUs -------------------------------------------------------------------------------------------

ALL_CPUS = sorted(os.sched_getaffinity(0))
LOAD_CPUS = ALL_CPUS[:1]


def target_cpus(threads):
    """One for each thread, none of them the initiator's if there are enough."""
    return (ALL_CPUS[1:] or ALL_CPUS)[:threads]


class on_cpus:
    """What is started in this block runs on these CPUs."""

    def __init__(self, cpus):
        self.cpus = cpus

    def __enter__(self):
        self.before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, self.cpus)

    def __exit__(self, *_):
        os.sched_setaffinity(0, self.before)


# Helpers ----------------------------------------------------------------------------------------


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, deadline=10):
    """Until someone listens."""
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.0002)
    raise BenchError(f"nobody listens on port {port} after {deadline} s")


def make_disk(folder, size):
    """A file without holes."""
    path = os.path.join(folder, "disk.img")
    chunk = os.urandom(MIB)
    with open(path, "wb") as file:
        for _ in range(size // MIB):
            file.write(chunk)
        os.fsync(file.fileno())
    return path


# Targets ----------------------------------------------------------------------------------------


class Target:
    """A target; subclasses set `pid` and `port` in launch(), and end what launch() started.

    flavour     "direct" or "sync" if its disk is a file below disk_dir and not in memory
    disk        path of that file, if there is one
    """

    threads = 1
    disk = None

    def __init__(self, name, size, disk_dir):
        self.name = name
        self.size = size
        kind = name.split(":")[0]
        self.flavour = kind.rsplit("-", 1)[1] if kind.endswith(("-direct", "-sync")) else None
        self.folder = tempfile.mkdtemp(prefix="tgt-bench.",
                                       dir=disk_dir if self.flavour else "/dev/shm")  # fmt: skip

    @property
    def base(self):
        """Name of the target that it is compared with."""
        return f"tgt-{self.flavour}" if self.flavour else "tgt"

    def start(self):
        with on_cpus(target_cpus(self.threads)):
            self.launch()
        self.configure()

    def url(self, lun=1):
        return f"iscsi://127.0.0.1:{self.port}/{IQN}/{lun}"

    def make_disk(self):
        self.disk = make_disk(self.folder, self.size)
        return self.disk

    def stop(self):
        try:
            self.end()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


class DebianTgt(Target):
    """Debian's tgt, in its default configuration but for what its name says."""

    process = None

    def launch(self):
        self.port = free_port()
        self.environment = {**os.environ, "TGT_IPC_SOCKET": os.path.join(self.folder, "ipc")}
        with open(os.path.join(self.folder, "log"), "wb") as log:
            self.process = subprocess.Popen(
                [peer_program("tgtd"), "-f", "-C", "77",
                 "--iscsi", f"portal=127.0.0.1:{self.port}"],
                env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=daemon.die_with_parent,
            )  # fmt: skip
        self.pid = self.process.pid

    def admin(self, mode, op, **options):
        words = [word for k, v in options.items() for word in (f"--{k}", str(v))]
        command = [peer_program("tgtadm"), "-C", "77", "--lld", "iscsi", "--mode", mode,
                   "--op", op, "--tid", "1", *words]  # fmt: skip
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True,
                              check=False)  # fmt: skip
        if done.returncode:
            raise BenchError(f"{' '.join(command)}: {done.stderr.strip()}")

    def set(self, **parameters):
        for name, value in parameters.items():
            self.admin("target", "update", name=name, value=value)

    def configure(self):
        wait_for_port(self.port)
        self.admin("target", "new", targetname=IQN)
        self.set(HeaderDigest="CRC32C,None", DataDigest="CRC32C,None")
        if self.name == "tgt-tuned":
            self.set(**TUNED)
        flags = {"bsoflags": self.flavour} if self.flavour else {}
        if self.name == "tgt-null":
            flags["bstype"] = "null"
        self.admin("logicalunit", "new", lun=1, **{"backing-store": self.make_disk()}, **flags)
        self.admin("target", "bind", **{"initiator-address": "ALL"})

    def end(self):
        if self.process:
            self.process.kill()
            self.process.wait()


class Ours(Target):
    """Our daemon on one of its stores."""

    daemon = None
    environment = None  # changes to that of the daemon

    def __init__(self, name, size, disk_dir):
        super().__init__(name, size, disk_dir)
        self.store, *words = name.split(":")
        self.ring = next((w for w in words if w in ("uring", "poll")), "auto")
        self.threads = next((int(w[1:]) for w in words if w[:1] == "t"), 1)

    def launch(self):
        refusal = daemon.io_uring_refusal() if self.ring == "uring" else None
        if refusal:
            raise BenchError(refusal)
        self.daemon = daemon.Daemon(ring=self.ring, threads=self.threads,
                                    env=self.environment).start()  # fmt: skip
        self.pid = self.daemon.process.pid

    def configure(self):
        self.port = self.daemon.portals()[0].port
        self.daemon.create_target(IQN)
        if self.store.startswith("rdwr"):
            flag = {self.flavour: "on"} if self.flavour else {}
            self.daemon.create_lun(IQN, 1, "rdwr", ("--path", self.make_disk()), **flag)
        else:
            self.daemon.create_lun(IQN, 1, self.store, size=self.size)

    def end(self):
        if self.daemon:
            self.daemon.stop()


def is_ours(name):
    store, *words = name.split(":")
    return store in STORES and all(
        w in ("uring", "poll") or (w[:1] == "t" and w[1:].isdigit() and int(w[1:]) > 0)
        for w in words
    )


def check_name(name):
    if name not in PEERS and not is_ours(name):
        sys.exit(f"bench: no target is called '{name}'; there are {', '.join(PEERS)}, and "
                 f"{', '.join(STORES)}, each of these also with :poll, :uring or :tTHREADS")


def make(name, size, disk_dir):
    return (Ours if is_ours(name) else DebianTgt)(name, size, disk_dir)
