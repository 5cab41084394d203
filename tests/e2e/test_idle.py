#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A daemon with 100 idle sessions: it uses no CPU time, and little memory per session.

usage: test_idle.py uring|poll [PATTERN...]
"""

import os
import sys
import time

import beds
from beds import tap
from session import Session

IQN = "iqn.2024-01.org.example:idle"
SESSIONS = 100
WATCH_SECONDS = 4
SESSION_BYTES = 64 << 10


class Bed:
    """A daemon that has served some sessions already, so that its pools are warm."""

    def __init__(self, ring):
        self.ring = ring
        self.daemon = None

    def open(self):
        refusal = beds.daemon.io_uring_refusal() if self.ring == "uring" else None
        if refusal:
            tap.skip_all(refusal)
        self.daemon = beds.daemon.Daemon(ring=self.ring).start()
        self.daemon.create_target(IQN)
        self.daemon.create_lun(IQN, 1, "mem", size="16M")
        self.portal = self.daemon.portals()[0]
        self.sessions = []
        for session in self.log_in(10):
            session.logout()
            session.close()
        self.memory = self.settled_memory()
        self.sessions = self.log_in(SESSIONS)

    def log_in(self, count):
        sessions = [Session.login(self.portal, IQN) for _ in range(count)]
        for session in sessions:
            session.clear_attention()
            session.read(0, 8)
        return sessions

    def settled_memory(self):
        time.sleep(0.3)
        return self.daemon.memory()

    def check(self):
        tap.true(self.daemon.alive(), "the daemon has died")

    def log(self):
        return self.daemon.log_text() if self.daemon else ""

    def close(self):
        for session in self.sessions:
            session.close()
        self.daemon.stop()


def sanitized(daemon):
    """The shadow memory of a sanitizer takes terabytes of address space."""
    return daemon.memory("VmSize") > 1 << 40


def cpu_ticks(pid):
    """utime + stime of the process."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def test_memory_of_an_idle_session(bed):
    if sanitized(bed.daemon):
        tap.skip("a sanitizer changes how much memory is used")
    each = (bed.settled_memory() - bed.memory) // SESSIONS
    print(f"# {each} bytes per session")
    tap.true(each < SESSION_BYTES, f"{each} bytes per session, wanted less than {SESSION_BYTES}")


def test_no_cpu_time_with_100_idle_sessions(bed):
    pid = bed.daemon.process.pid
    tap.equal(len(bed.daemon.sessions()), SESSIONS, "sessions in tgtctl session list")
    before = cpu_ticks(pid)
    time.sleep(WATCH_SECONDS)
    used = cpu_ticks(pid) - before
    tick = os.sysconf("SC_CLK_TCK")
    tap.true(used <= 1, f"{used} ticks of 1/{tick} s in {WATCH_SECONDS} s")


if __name__ == "__main__":
    sys.exit(tap.main(globals(), Bed(sys.argv[1]), sys.argv[2:]))
