# SPDX-License-Identifier: LGPL-2.1-or-later
"""A disk image exported by a configured daemon or by `tgtctl serve`, for foreign software."""

import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "lib"), os.path.join(HERE, "..", "iscsi")]

import daemon  # noqa: E402
import tap  # noqa: E402

IQN = "iqn.2024-01.org.example:e2e"
MIB = 1 << 20
SIZE = 64 * MIB
FULL_URL = re.compile(r"iscsi://(\S+?)/(\S+?)/(\d+)(?=\s|$)")


def require(program, package):
    """Skip the test if a foreign program is not there."""
    if not shutil.which(program):
        tap.skip(f"{program} is not installed (Debian package {package})")


def run(*command, status=0, timeout=60):
    """Run a foreign program, which must end with this status; its output."""
    done = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace",
                          timeout=timeout * tap.slowness(), check=False)
    words = " ".join(map(str, command))
    tap.true(done.returncode == status,
             f"{words}: status {done.returncode}, wanted {status}\n{done.stdout}")
    return done.stdout


def make_image(path, size=SIZE):
    """A sparse image whose first quarter is random."""
    with open(path, "wb") as file:
        file.write(os.urandom(size // 4))
        file.truncate(size)


def contents(path, offset=0, length=-1):
    with open(path, "rb") as file:
        file.seek(offset)
        return file.read(length)


class Bed:
    """An image under a folder of its own; subclasses export it and set `url` and `portal`."""

    def open(self):
        self.folder = tempfile.mkdtemp(prefix="tgt-e2e.")
        self.image = self.path("disk.img")
        make_image(self.image)
        self.export()

    def path(self, name):
        return os.path.join(self.folder, name)

    def close(self):
        try:
            self.end()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


class DaemonBed(Bed):
    """A daemon that is configured by tgtctl."""

    def __init__(self, ring="auto"):
        self.daemon = daemon.Daemon(ring=ring)

    def export(self):
        self.daemon.start()
        self.daemon.create_target(IQN)
        self.daemon.create_lun(IQN, 1, "rdwr", ("--path", self.image, "--thin"))
        portal = self.daemon.portals()[0]
        self.portal = f"iscsi://{portal.address}:{portal.port}"
        self.url = f"{self.portal}/{IQN}/1"

    def check(self):
        tap.true(self.daemon.alive(), "the daemon has died")

    def log(self):
        return self.daemon.log_text()

    def end(self):
        self.daemon.stop()


class Serve:
    """A running `tgtctl serve`; `urls` are those that it printed."""

    def __init__(self, *arguments, n_urls=1):
        self.output = ""
        self.urls = []
        self.process = subprocess.Popen(
            [daemon.binary("TGTCTL"), "serve", "--portal", "127.0.0.1:0", *map(str, arguments)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._wait_for_urls(n_urls, time.monotonic() + 10 * tap.slowness())

    def _wait_for_urls(self, count, deadline):
        stream = self.process.stdout
        while len(self.urls) < count:
            left = deadline - time.monotonic()
            ready = left > 0 and select.select([stream], [], [], left)[0]
            data = os.read(stream.fileno(), 65536) if ready else b""
            if not data:
                self.process.kill()
                self.process.wait()
                raise daemon.DaemonError(f"serve does not print {count} URLs, but:\n{self.output}")
            self.output += data.decode(errors="replace")
            self.urls = list(dict.fromkeys(m.group(0) for m in FULL_URL.finditer(self.output)))

    def interrupt(self):
        """Ctrl-C; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            rest, _ = self.process.communicate(timeout=10 * tap.slowness())
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise daemon.DaemonError("serve does not end on SIGINT") from None
        self.output += rest.decode(errors="replace")
        return self.process.returncode

    def kill(self):
        """Without looking how it ends; its temporary directory goes with it."""
        self.process.terminate()
        self.process.wait(10 * tap.slowness())


class ServeBed(Bed):
    """`tgtctl serve IMAGE`."""

    def export(self):
        self.serve = Serve(self.image)
        self.url = self.serve.urls[0]
        self.portal = "/".join(self.url.split("/")[:3])

    def check(self):
        tap.true(self.serve.process.poll() is None, "serve has ended")

    def log(self):
        return self.serve.output

    def end(self):
        tap.equal(self.serve.interrupt(), 0, "status of serve after SIGINT")
