# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of this folder run in: a daemon whose targets are to be registered, and what they ask."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "lib"), os.path.join(HERE, "..", "iscsi")]

import tap  # noqa: E402
from daemon import Daemon  # noqa: E402
from login import INITIATOR, LoginFailed  # noqa: E402
from session import Session  # noqa: E402

A, B, C = (f"iqn.2024-01.org.example:{name}" for name in "abc")
PATIENCE = 15


def wait_for(condition, what, patience=PATIENCE):
    """The first true value of condition()."""
    end = time.monotonic() + patience * tap.slowness()
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    return tap.fail(f"{what} did not come about")


def free_port(family=socket.AF_INET, address="127.0.0.1"):
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.bind((address, 0))
        return s.getsockname()[1]


class Bed:
    """Each test has its own daemon, with `make(bed)` as its server, which has address, port, close()."""

    def __init__(self, make, address="127.0.0.1"):
        self.make = make
        self.address = address
        self.daemon = self.server = None

    def open(self):
        if "TGT_ISNS" not in os.environ:
            tap.skip_all("tgt-isns was not built (libisns is missing)")
        self._begin()

    def _begin(self):
        portal = "[::1]:0" if ":" in self.address else f"{self.address}:0"
        self.server = self.make(self.address)
        self.daemon = Daemon(portals=(portal,)).start()

    def check(self):
        if self.daemon:
            tap.true(self.daemon.process is None or self.daemon.alive(), "the daemon has died")

    def cleanup(self):
        daemon, server, self.daemon, self.server = self.daemon, self.server, None, None
        try:
            daemon.stop()
        finally:
            daemon.kill()
            server.close()
        self._begin()

    def reopen(self):
        pass

    def log(self):
        return self.daemon.log_text() if self.daemon else ""

    def close(self):
        self.daemon.stop()
        self.server.close()

    # For the tests --------------------------------------------------------------------------

    def set(self, **values):
        self.daemon.ctl("isns", "set", *(f"{k}={v}" for k, v in values.items()))

    def switch_on(self, **more):
        self.set(iSNSServerIP=self.server.address, iSNSServerPort=self.server.port, iSNS="On", **more)

    def show(self):
        return self.daemon.ctl_json("isns", "show")

    def reaches(self, *states):
        """Wait for a state; what `isns show` says then."""
        return wait_for(lambda: (lambda s: s["state"] in states and s)(self.show()), f"the state {states}")

    def registered(self, *targets, **more):
        """Make targets and have them registered."""
        for target in targets:
            self.daemon.create_target(target)
        self.switch_on(**more)
        return self.reaches("registered")

    def add_portal(self, address):
        self.daemon.ctl("portal", "add", address)
        # The daemon tells its service manager of each; here, that is nobody who reads
        try:
            while True:
                self.daemon.notify.recv(4096)
        except TimeoutError:
            pass

    def helper(self):
        """The number of the process tgt-isns, or None."""
        with open(f"/proc/{self.daemon.process.pid}/task/{self.daemon.process.pid}/children") as f:
            for pid in f.read().split():
                try:
                    with open(f"/proc/{pid}/comm") as comm:
                        if comm.read().strip() == "tgt-isns":
                            return int(pid)
                except OSError:
                    pass
        return None

    def kill_helper(self):
        """End it; it is gone, and maybe there is another one, when this returns."""
        pid = wait_for(self.helper, "a helper")
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: self.helper() != pid, "its end")

    def admitted(self, target, initiator=INITIATOR):
        """Does a login succeed? A refusal must be one for lack of authorisation."""
        try:
            session = Session.login(self.daemon.portals()[0], target, initiator=initiator)
        except LoginFailed as failure:
            tap.within(failure.status, ("0202", "0203"), "login status")
            return False
        session.logout()
        session.close()
        return True


def need(program):
    if not shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
        tap.skip_all(f"{program} is not installed (Debian packages open-isns-server, open-isns-utils)")
