# SPDX-License-Identifier: LGPL-2.1-or-later
"""Start a private tgtd, give it targets through tgtctl, and see to it that it ends cleanly.

    with Daemon(threads=2, ring="poll", iscsi={"nop_interval": 1}) as daemon:
        target = daemon.create_target("iqn.2024-01.org.example:a", MaxBurstLength=65536)
        daemon.create_lun(target, 1, bs="mem", size="16M")
        portal = daemon.portals()[0]            # Portal(address, port, tpgt): the real port
        ...
    # leaving the block stops the daemon and raises unless it ended with status 0 and without any
    # sanitizer report; its standard error is in daemon.log_text().

The binaries are those of the environment variables TGTD and TGTCTL; TGT_PLUGIN_PATH is handed on.
Everything the daemon writes lies in a temporary directory, which is removed at the end.
"""

import atexit
import collections
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import tap

Portal = collections.namedtuple("Portal", "address port tpgt")

SANITIZER_REPORTS = (
    "ERROR: AddressSanitizer",
    "ERROR: LeakSanitizer",
    "WARNING: ThreadSanitizer",
    "runtime error:",
)


class DaemonError(Exception):
    """The daemon, or tgtctl, did something else than was asked of it."""


def io_uring_refusal():
    """None if this kernel lets us make an io_uring, else the reason in words."""
    params = ctypes.create_string_buffer(120)
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.syscall(425, 2, params)
    if fd < 0:
        return f"io_uring_setup: {os.strerror(ctypes.get_errno())}"
    os.close(fd)
    return None


def die_with_parent():
    """In the child: be killed when the thread that started it goes, whatever ends that."""
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


def binary(variable):
    """The program named by an environment variable; the whole file is skipped without it."""
    path = os.environ.get(variable)
    if not path:
        tap.skip_all(f"the environment variable {variable} is not set")
    return path


class Daemon:
    """One tgtd process.

    threads         I/O threads (-t)
    ring            "auto", "uring" or "poll"
    portals         addresses with ports as --iscsi takes them; port 0 lets the kernel choose
    iscsi           further parameters of the iSCSI transport, e.g. {"login_timeout": 2}
    args            further arguments of tgtd, as strings
    env             changes to the environment
    """

    def __init__(self, *, threads=1, ring="auto", portals=("127.0.0.1:0",), iscsi=None, args=(),
                 env=None):
        self.threads = threads
        self.ring = ring
        self.portal_args = list(portals)
        self.iscsi = dict(iscsi or {})
        self.args = list(args)
        self.env = {**os.environ, **(env or {})}
        self.process = None
        self.listener = None
        self.directory = None

    # Life -----------------------------------------------------------------------------------

    def start(self, wait=True):
        """Start it and wait until it says READY=1; raises DaemonError if it does not."""
        self.tgtd, self.tgtctl = binary("TGTD"), binary("TGTCTL")
        self.directory = tempfile.mkdtemp(prefix="tgtd-test-")
        os.mkdir(self.path("state"), 0o700)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(self.path("notify"))
        with open(self.path("log"), "wb") as log:
            self.process = subprocess.Popen(
                self.command_line(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**self.env, "NOTIFY_SOCKET": self.path("notify")},
                preexec_fn=die_with_parent,
            )
        atexit.register(self.kill)
        self._listen()
        if wait:
            self._wait_ready()
        return self

    def command_line(self):
        iscsi = [f"portal={p}" for p in self.portal_args]
        iscsi += [f"{k}={v}" for k, v in self.iscsi.items()]
        return [
            self.tgtd, "-f", "-t", str(self.threads), "--ring", self.ring,
            "--control", self.path("control"), "--state-dir", self.path("state"),
            "--settings", "", "--stop-timeout", "1",
            *(["--iscsi", ",".join(iscsi)] if iscsi else []), *self.args,
        ]  # fmt: skip

    def _wait_ready(self):
        end = time.monotonic() + 10 * tap.slowness()
        while not self.ready.wait(0.05):
            if not self.alive():
                status = self.process.returncode
                self._discard(f"tgtd ended with status {status} before it was ready")
            if time.monotonic() > end:
                self.process.kill()
                self._discard("tgtd did not report READY=1 in time")

    def _listen(self):
        """Take what it notifies at any time, as a service manager does: else it waits for us."""
        self.ready = threading.Event()
        self.notify.settimeout(0.05)

        def take(notify):
            while self.process:
                try:
                    if b"READY=1" in notify.recv(4096).split(b"\n"):
                        self.ready.set()
                except TimeoutError:
                    pass
                except OSError:
                    return

        self.listener = threading.Thread(target=take, args=(self.notify,), daemon=True)
        self.listener.start()

    def _discard(self, what):
        log = self.log_text()
        self.process.wait()
        self._remove_directory()
        raise DaemonError(f"{what}; its log:\n{log}")

    def stop(self):
        """End it by SIGTERM; raises DaemonError unless that was clean."""
        if not self.process:
            return
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(10 * tap.slowness())
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            status = "none: it did not end after SIGTERM"
        self._check_end(status)

    def kill(self):
        """End it by SIGKILL, without any check."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self._remove_directory()

    def _check_end(self, status):
        log = self.log_text()
        self._remove_directory()
        reports = [line for line in log.split("\n") if any(r in line for r in SANITIZER_REPORTS)]
        if status != 0 or reports:
            raise DaemonError(f"tgtd: exit status {status}, {reports or 'no'} reports; log:\n{log}")

    def _remove_directory(self):
        self.process = None
        atexit.unregister(self.kill)
        if self.listener:
            self.listener.join()
            self.listener = None
        self.notify.close()
        if self.directory:
            shutil.rmtree(self.directory, ignore_errors=True)
            self.directory = None

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, _value, _traceback):
        if kind:
            self.kill()
        else:
            self.stop()

    # What it is like ------------------------------------------------------------------------

    def path(self, name):
        """A path in the daemon's temporary directory."""
        return os.path.join(self.directory, name)

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def log_text(self):
        try:
            with open(self.path("log"), errors="replace") as log:
                return log.read()
        except (OSError, TypeError):
            return ""

    def memory(self, field="VmRSS"):
        """A line of /proc/PID/status in bytes."""
        with open(f"/proc/{self.process.pid}/status") as status:
            for line in status:
                if line.startswith(field + ":"):
                    return int(line.split()[1]) * 1024
        raise DaemonError(f"no {field} in /proc/{self.process.pid}/status")

    # tgtctl ---------------------------------------------------------------------------------

    def ctl(self, *args, check=True):
        """Run tgtctl; a subprocess.CompletedProcess with text output."""
        done = subprocess.run(
            [self.tgtctl, "--socket", self.path("control"), *map(str, args)],
            capture_output=True, text=True, env=self.env, timeout=20 * tap.slowness(),
        )  # fmt: skip
        if check and done.returncode:
            raise DaemonError(f"tgtctl {' '.join(map(str, args))}: status {done.returncode}, "
                              f"{done.stderr.strip()}")
        return done

    def ctl_json(self, *args):
        """Run tgtctl with --format json; the decoded answer."""
        return json.loads(self.ctl("--format", "json", *args).stdout)

    def create_target(self, iqn, acl=("all",), **parameters):
        """Make a target; acl: words for `tgtctl acl add`, one string per rule."""
        self.ctl("target", "create", iqn)
        if parameters:
            self.set_target(iqn, **parameters)
        for rule in acl:
            self.ctl("acl", "add", iqn, *rule.split())
        return iqn

    def set_target(self, iqn, **parameters):
        self.ctl("target", "set", iqn, *(f"{k}={v}" for k, v in parameters.items()))

    def create_lun(self, iqn, number, bs="mem", args=(), **options):
        """Make a logical unit; options go to the backing store as --opt K=V."""
        words = [word for k, v in options.items() for word in ("--opt", f"{k}={v}")]
        self.ctl("lun", "create", f"{iqn}/{number}", "--bs", bs, *args, *words)

    def portals(self):
        """The portals in the order of `tgtctl portal list`, with their real ports."""
        return [Portal(p["address"], p["port"], p["tpgt"]) for p in self.ctl_json("portal", "list")]

    def sessions(self):
        """What `tgtctl session list` says: a list of dictionaries."""
        return self.ctl_json("session", "list")
