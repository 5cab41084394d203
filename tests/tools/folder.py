# SPDX-License-Identifier: LGPL-2.1-or-later
"""A folder in which tests start daemons of their own, by command lines that they choose."""

import os
import signal
import time

import bed
from bed import tap


class Folder:
    """A folder for the daemons of a test, which are ended after it."""

    def open(self):
        self.tgtd = bed.daemon.binary("TGTD")
        self.tgtctl = bed.daemon.binary("TGTCTL")
        self.folder = bed.tempfile.mkdtemp(prefix="tgtd-cli.")
        self.pids = []
        self.running = []

    def path(self, name):
        return os.path.join(self.folder, name)

    def arguments(self, name="control"):
        return ["--control", self.path(name), "--state-dir", self.path("state"), "--settings", "", "--iscsi", "portal=127.0.0.1:0"]

    def run(self, *args, **options):
        return bed.run(self.tgtd, *args, **options)

    def portals(self, name="control"):
        done = bed.run(self.tgtctl, "--socket", self.path(name), "--format", "json", "portal", "list", status=0)
        return bed.json.loads(done.stdout)

    def ctl(self, *args, name="control"):
        return bed.run(self.tgtctl, "--socket", self.path(name), *args)

    def ctl_start(self, *args):
        """tgtctl in the background."""
        process = bed.subprocess.Popen([self.tgtctl, "--socket", self.path("control"), *args],
                                       stdout=bed.subprocess.DEVNULL, stderr=bed.subprocess.DEVNULL)
        self.running.append(process)
        return process

    def start(self, *args):
        """One in the background of this test; it is waited for until it answers."""
        process = bed.subprocess.Popen([self.tgtd, *args], stderr=bed.subprocess.PIPE, text=True)
        self.running.append(process)
        end = time.monotonic() + 10 * tap.slowness()
        while self.ctl("system", "show").returncode:
            tap.true(process.poll() is None, f"tgtd has ended: {process.stderr.read() if process.poll() else ''}")
            tap.true(time.monotonic() < end, "tgtd does not answer")
            time.sleep(0.02)
        return process

    def cleanup(self):
        for pid in self.pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.pids = []
        for process in self.running:
            process.kill()
            process.wait()  # what it holds is free then
        self.running = []

    def close(self):
        bed.shutil.rmtree(self.folder, ignore_errors=True)


def end(process, number=signal.SIGTERM):
    """Exit status after a signal."""
    process.send_signal(number)
    status = process.wait(10 * tap.slowness())
    process.stderr.close()
    return status


def until(condition, what):
    limit = time.monotonic() + 10 * tap.slowness()
    while not condition():
        tap.true(time.monotonic() < limit, what)
        time.sleep(0.01)
