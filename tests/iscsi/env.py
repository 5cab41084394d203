# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of this folder run in: a daemon with targets, sessions that end with the test.

A test file ends with
    if __name__ == "__main__":
        sys.exit(env.main(globals(), iscsi={"nop_interval": 1}, setup=make_luns))
and is run as `test_x.py [--ring uring|poll] [part of a test's name]...`.
"""

import argparse
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "lib"))

# The tests take tap, names, Op, Session, Closed and Silence from here
import tap
from connection import Closed, Connection, Silence
from daemon import Daemon, io_uring_refusal
from login import INITIATOR, Login, names
from pdu import Op
from session import Session

TARGET = "iqn.2024-01.org.example:disks"
CHECKER = "iqn.2024-01.org.example:checker"
NEWCOMER = "iqn.2024-01.org.example:newcomer"
PROMPT = 1.0
LUN_SIZE = "16M"

# Logical units that every target of make_target() has: memory, and memory with a delay
DISK = 1
SLOW = 2
SLOW_MS = int(200 * tap.slowness())


class Env:
    """The context of the tests; `daemon`, `portal` and `target` are the ones to be used."""

    def __init__(self, ring, *, setup=None, threads=2, portals=("127.0.0.1:0",), iscsi=None,
                 args=()):
        self.ring = ring
        self.setup = setup
        self.options = {"threads": threads, "portals": portals, "iscsi": iscsi, "args": args}
        self.daemon = None
        self.log_shown = 0
        self.more_daemons = []
        self.opened = []

    # Hooks of tap ---------------------------------------------------------------------------

    def open(self):
        refusal = io_uring_refusal() if self.ring == "uring" else None
        if refusal:
            tap.skip_all(f"no io_uring here: {refusal}")
        self.daemon = Daemon(ring=self.ring, **self.options).start()
        self.target = make_target(self.daemon, TARGET)
        if self.setup:
            self.setup(self)
        self.portals = self.daemon.portals()
        self.portal = self.portals[0]

    def check(self):
        """The daemon runs on, serves a newcomer, and keeps no session of those that have gone."""
        self._serves_newcomer()
        self.cleanup()
        eventually(lambda: not self.daemon.sessions(), "the end of all sessions", 10)

    def _serves_newcomer(self):
        tap.true(self.daemon.alive(), "the daemon has died")
        session = Session.login(self.portal, self.target, initiator=CHECKER)
        try:
            session.clear_attention()
            tap.equal(session.logout(), 0, "response to the logout")
        finally:
            session.close()

    def cleanup(self):
        self.close_opened()
        while self.more_daemons:
            self.more_daemons.pop().kill()

    def reopen(self):
        self.daemon.kill()
        self.log_shown = 0
        self.open()

    def log(self):
        """What the daemon has logged since this was asked last."""
        text = self.daemon.log_text() if self.daemon else ""
        start, self.log_shown = self.log_shown, len(text)
        return text[start:]

    def close(self):
        self.daemon.stop()

    # For the tests --------------------------------------------------------------------------

    def keep(self, closable):
        """Have this closed after the test."""
        self.opened.append(closable)
        return closable

    def close_opened(self):
        while self.opened:
            self.opened.pop().close()

    def connect(self, **options):
        return self.keep(Connection(self.portal, **options))

    def begin(self, **options):
        """A login on a new connection, of which nothing has been sent."""
        return Login(self.connect(), **options)

    def login(self, target=None, **options):
        """A session of the target; options as for Session.login()."""
        return self.keep(Session.login(self.portal, target or self.target, **options))

    def ready(self, **options):
        """A session whose unit attentions are cleared, so that the next command is as any other."""
        session = self.login(**options)
        session.clear_attention(DISK)
        session.clear_attention(SLOW)
        return session

    def first_login_request(self):
        """The bytes of a whole Login Request."""
        return self.begin().request(names(self.target)).encode()

    def serves_newcomer(self):
        """A fresh login is served promptly, whatever else is going on."""
        start = time.monotonic()
        session = self.login(initiator=NEWCOMER)
        session.clear_attention()
        took = time.monotonic() - start
        tap.true(took < PROMPT * tap.slowness(), f"a login took {took:.2f} s")
        session.logout()

    def discover(self, portal=None, **options):
        return self.keep(Session.login(portal or self.portal, None, **options))

    def another_daemon(self, **options):
        """A second daemon for this test; one target is in it. (daemon, portal)"""
        daemon = Daemon(ring=self.ring, **options).start()
        self.more_daemons.append(daemon)
        make_target(daemon, TARGET)
        return daemon, daemon.portals()[0]

    def finish_daemon(self, daemon):
        """Stop a second daemon, which must end cleanly."""
        self.more_daemons.remove(daemon)
        daemon.stop()


def make_target(daemon, iqn, **parameters):
    daemon.create_target(iqn, **parameters)
    daemon.create_lun(iqn, DISK, bs="mem", size=LUN_SIZE)
    daemon.create_lun(iqn, SLOW, bs="fault", size=LUN_SIZE, delay_ms=SLOW_MS)
    return iqn


def eventually(condition, what, timeout=5.0):
    """Wait until the condition holds."""
    end = time.monotonic() + timeout * tap.slowness()
    while not condition():
        tap.true(time.monotonic() < end, f"waited for {what} in vain")
        time.sleep(0.02)


def refused_or_closed(connection, timeout=5.0):
    """The target must answer by a refusing Login Response, a Reject, or nothing, and must close."""
    for pdu in connection.expect_close(timeout):
        refusal = pdu.opcode == Op.LOGIN_RESPONSE and pdu.status_class != 0
        tap.true(refusal or pdu.opcode == Op.REJECT, f"an answer that is no refusal: {pdu!r}")


def refused_or_closed_after_pings(connection, timeout):
    """As above, for a peer in full feature phase that the target may ping before it gives up."""
    pings = [p for p in connection.expect_close(timeout) if p.opcode not in (Op.REJECT, Op.ASYNC)]
    tap.true(all(p.opcode == Op.NOP_IN for p in pings), f"answers that are no refusal: {pings}")


def main(namespace, **options):
    parser = argparse.ArgumentParser(description=namespace["__doc__"])
    parser.add_argument("--ring", choices=("auto", "uring", "poll"), default="auto")
    parser.add_argument("patterns", nargs="*", help="run tests whose names contain one of these")
    arguments = parser.parse_args()
    return tap.main(namespace, Env(arguments.ring, **options), arguments.patterns)
