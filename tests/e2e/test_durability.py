#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 while writes are in flight: what was acknowledged as stable is in the file.

usage: test_durability.py uring|poll [PATTERN...]
"""

import os
import shutil
import struct
import sys
import tempfile
import threading
import time

import beds
from beds import MIB, tap
from connection import Closed
from session import Session
import scsi

IQN = "iqn.2024-01.org.example:durable"
SIZE = 256 * MIB
BLOCK = 4096
DEPTH = 16
FLUSH_EVERY = 24
ENOUGH = 200  # stable writes before the daemon is killed
KILL_DELAY = 0.02  # then, so that it dies at any moment
FUA = 0x08


class Bed:
    """The folder of the image; each test starts and kills a daemon of its own."""

    def __init__(self, ring):
        self.ring = ring
        self.daemon = None

    def open(self):
        refusal = beds.daemon.io_uring_refusal() if self.ring == "uring" else None
        if refusal:
            tap.skip_all(refusal)
        beds.daemon.binary("TGTD")
        self.folder = tempfile.mkdtemp(prefix="tgt-durable.", dir="/var/tmp")  # not a tmpfs

    def start(self, *lun_arguments, **options):
        self.image = os.path.join(self.folder, "disk.img")
        with open(self.image, "wb") as file:
            file.truncate(SIZE)
        self.daemon = beds.daemon.Daemon(ring=self.ring).start()
        self.daemon.create_target(IQN)
        self.daemon.create_lun(IQN, 1, "rdwr", ("--path", self.image, *lun_arguments), **options)
        session = Session.login(self.daemon.portals()[0], IQN)
        session.clear_attention()
        return session

    def cleanup(self):
        if self.daemon:
            self.daemon.kill()

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def pattern(index):
    """The content of block number index: no two are alike, none is zero."""
    return struct.pack(">QQ", index + 1, ~index & (1 << 64) - 1) * (BLOCK // 16)


def write_cdb(index, flags):
    return struct.pack(">BBQIBB", 0x8A, flags, index * (BLOCK // 512), BLOCK // 512, 0, 0)


def synchronize_cache():
    return struct.pack(">BBQIBB", 0x91, 0, 0, 0, 0, 0)


class Writer:
    """Writes blocks one after the other, some in flight at once; knows what must be in the file."""

    def __init__(self, session, process):
        self.session = session
        self.process = process
        self.next = 0
        self.in_flight = []  # (index, task)
        self.written = []  # acknowledged
        self.stable = []  # acknowledged, and FUA or flushed
        self.killer = None

    def start(self, flags):
        if (self.next + 1) * BLOCK > SIZE:
            tap.fail("the disk is full before the daemon was killed")
        data = pattern(self.next)
        task = self.session.start_write(write_cdb(self.next, flags), data)
        self.in_flight.append((self.next, task))
        self.next += 1

    def finish_oldest(self):
        index, task = self.in_flight.pop(0)
        scsi.expect_good(self.session.wait(task))
        self.written.append(index)

    def run_fua(self):
        while True:
            self.start(FUA)
            if len(self.in_flight) >= DEPTH:
                self.finish_oldest()
                self.note_stable()

    def run_flush(self):
        while True:
            for _ in range(FLUSH_EVERY):
                self.start(0)
            while self.in_flight:
                self.finish_oldest()
            scsi.expect_good(self.session.execute(synchronize_cache()))
            self.note_stable()

    def note_stable(self):
        """All that was acknowledged is stable; from some number on the daemon is to die soon."""
        self.stable += self.written[len(self.stable) :]
        if len(self.stable) >= ENOUGH and not self.killer:
            self.killer = threading.Timer(KILL_DELAY, self.process.kill)
            self.killer.start()

    def run_until_killed(self, run):
        try:
            run()
        except (Closed, AssertionError) as error:
            tap.true(self.killer and _ends(self.process), f"not killed yet, but: {error}")
        finally:
            self.session.close()
            if self.killer:
                self.killer.join()


def _ends(process):
    """A connection may break a moment before the process can be waited for."""
    end = time.monotonic() + 2
    while process.poll() is None and time.monotonic() < end:
        time.sleep(0.01)
    return process.poll() is not None


def check_file(path, writer):
    """Each stable block is right; each other one is old, new, or never half."""
    with open(path, "rb") as file:
        for index in writer.stable:
            file.seek(index * BLOCK)
            tap.true(file.read(BLOCK) == pattern(index), f"acknowledged block {index} is lost")
        file.seek(writer.next * BLOCK)
        tap.true(not any(file.read(MIB)), "bytes after the last write")


def kill_while(bed, run, *arguments, **options):
    session = bed.start(*arguments, **options)
    writer = Writer(session, bed.daemon.process)
    writer.run_until_killed(lambda: run(writer))
    check_file(bed.image, writer)


def test_fua(bed):
    kill_while(bed, Writer.run_fua)


def test_synchronize_cache(bed):
    kill_while(bed, Writer.run_flush)


def test_fua_with_direct_io(bed):
    kill_while(bed, Writer.run_fua, direct=1)


def test_fua_with_sync_store(bed):
    kill_while(bed, Writer.run_fua, sync=1)


if __name__ == "__main__":
    sys.exit(tap.main(globals(), Bed(sys.argv[1]), sys.argv[2:]))
