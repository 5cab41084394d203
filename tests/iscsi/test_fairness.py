#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sessions of one I/O thread: a store that hangs, a peer that stalls, a long queue of large
commands. The others go on meanwhile.

Commands are counted, not timed; each has the time that the tests give to any answer."""

import env
import os
import select
import sys
import threading
import time

import scsi
from env import Closed, Silence, tap
from session import Session, Tmf

STUCK, BUSY, QUIET = 3, 4, 5
KIB, MIB = 1 << 10, 1 << 20
ROUNDS = 100


class Bed:
    """A daemon with one I/O thread and few buffers, and logical units whose stores use them.

    Reads of the blocking store take buffers, those of "mem" are lent the store's memory.  The
    timers that end stalled connections are far off."""

    def __init__(self, e, memory="4M", args=(), **timers):
        self.e = e
        self.daemon, self.portal = e.another_daemon(
            threads=1, args=("--buffer-memory", memory, *args), iscsi={"nop_interval": 0, **timers})
        for lun in (BUSY, QUIET):
            self.daemon.create_lun(e.target, lun, bs="mem-blocking", size=env.LUN_SIZE)

    def add_stuck_blocking(self):
        self.hold = self.daemon.path("hold")
        open(self.hold, "w").close()
        self.daemon.create_lun(self.e.target, STUCK, bs="mem-blocking", size=env.LUN_SIZE,
                               hold=self.hold)

    def add_stuck_async(self):
        self.hold = None
        self.daemon.create_lun(self.e.target, STUCK, bs="fault", size=env.LUN_SIZE,
                               delay_ms=1000 * 1000)

    def login(self, *luns, **options):
        session = self.e.keep(Session.login(self.portal, self.e.target, **options))
        for lun in luns:
            session.clear_attention(lun)
        return session

    def victim(self, *luns):
        return self.login(*luns, initiator=env.CHECKER)

    def finish(self):
        """All peers go, and nothing of them stays."""
        self.e.close_opened()
        env.eventually(lambda: not self.daemon.sessions(), "the end of all sessions", 10)
        self.e.finish_daemon(self.daemon)


def one_by_one(session, lun, sizes=(4 * KIB, 64 * KIB, 200 * KIB), rounds=ROUNDS):
    """Writes and reads of these sizes; the data must be right."""
    for i in range(rounds):
        data = scsi.pattern(i, sizes[i % len(sizes)])
        session.write(i * 8, data, lun=lun)
        tap.true(session.read(i * 8, len(data) // scsi.BLOCK, lun=lun) == data, "the data differs")


def several_at_once(session, lun, rounds=ROUNDS // 4):
    for _ in range(rounds):
        tasks = [session.start(scsi.read10(i * 128, 128), read=64 * KIB, lun=lun)
                 for i in range(8)]
        for result in session.wait_all(tasks):
            scsi.expect_good(result)


def none_ended(session, tasks):
    """Not one of these has been answered, and their session lives."""
    session.listen(0.05)
    tap.equal(sum(t.result is not None for t in tasks), 0, "commands that have ended")


# A store that hangs -------------------------------------------------------------------------


def fill_stuck(session, blocks, count=120):
    """Reads and writes of the store that hangs."""
    data = bytes(blocks * scsi.BLOCK)
    return [session.start_write(scsi.write10(i * blocks, blocks), data, lun=STUCK) if i % 2
            else session.start(scsi.read10(i * blocks, blocks), read=len(data), lun=STUCK)
            for i in range(count)]


@tap.timeout(40)
@tap.cases(blocking_buffers=(Bed.add_stuck_blocking, 1, 128),
           blocking_workers=(Bed.add_stuck_blocking, 2, 8),
           asynchronous_buffers=(Bed.add_stuck_async, 1, 128),
           asynchronous_commands=(Bed.add_stuck_async, 2, 8))
def test_store_that_hangs(e, add_stuck, count, blocks):
    """Its commands hold buffers, and workers in the blocking model, that they do not give back."""
    bed = Bed(e)
    add_stuck(bed)
    victim, greedy = bed.victim(env.DISK, QUIET), [bed.login(STUCK) for _ in range(count)]
    stuck = [(session, fill_stuck(session, blocks)) for session in greedy]
    for session in greedy:
        session.listen(0.1)
    for lun in (env.DISK, QUIET):
        one_by_one(victim, lun)
        several_at_once(victim, lun)
    for session, tasks in stuck:
        none_ended(session, tasks)
    end_stuck(bed, stuck)
    bed.finish()


def end_stuck(bed, stuck):
    """Nothing was lost: the commands end when the store goes on, or when they are aborted."""
    if bed.hold:
        os.unlink(bed.hold)
    for session, tasks in stuck:
        if bed.hold:
            for result in session.wait_all(tasks):
                scsi.expect_good(result)
        else:
            tap.equal(session.tmf(Tmf.LU_RESET, lun=STUCK), Tmf.COMPLETE, "response to the reset")


# Peers that stall ---------------------------------------------------------------------------


def is_answered(session):
    """Something has come that was not taken."""
    return bool(select.select([session.connection.socket], [], [], 0)[0])


def stays_stalled(bed, sessions):
    """The daemon still has the sessions that stalled and those that did not."""
    tap.equal(len(bed.daemon.sessions()), sessions, "sessions")


@tap.timeout(40)
@tap.cases(same_unit=BUSY, other_unit=QUIET)
def test_peer_that_takes_no_data(e, lun):
    bed = Bed(e)
    victim = bed.victim(lun)
    stalled = bed.login(BUSY, receive_buffer=4096)
    for i in range(100):
        stalled.start(scsi.read10(i * 256, 512), read=256 * KIB, lun=BUSY)
    env.eventually(lambda: is_answered(stalled), "the first answer")
    one_by_one(victim, lun)
    several_at_once(victim, lun)
    stays_stalled(bed, 2)
    bed.finish()


@tap.timeout(40)
@tap.cases(same_unit=BUSY, other_unit=QUIET)
def test_peer_that_sends_no_data(e, lun):
    """Its writes are of blocks that others use, too: what has no data yet claims none."""
    bed = Bed(e)
    victim, stalled = bed.victim(lun), bed.login(BUSY)
    tasks = [stalled.start(scsi.write10(i * 256, 512), write=256 * KIB, lun=BUSY)
             for i in range(100)]
    stalled.wait_r2t(tasks[0])
    one_by_one(victim, lun)
    several_at_once(victim, lun)
    none_ended(stalled, tasks)
    stays_stalled(bed, 2)
    bed.finish()


@tap.timeout(40)
@tap.cases(write=(4, (True,)), read=(4, (False,)), both=(8, (True, False)))
def test_several_peers_that_stall(e, count, writes):
    """What they hold together leaves room for one more, and for the largest command."""
    bed = Bed(e, "16M")
    victim = bed.victim(BUSY)
    stalled = [bed.login(BUSY, receive_buffer=4096) for _ in range(count)]
    for i, session in enumerate(stalled):
        for k in range(60):
            if writes[i % len(writes)]:
                session.start(scsi.write10(k * 256, 512), write=256 * KIB, lun=BUSY)
            else:
                session.start(scsi.read10(k * 256, 512), read=256 * KIB, lun=BUSY)
    for session in stalled:
        env.eventually(lambda s=session: is_answered(s), "the first answer")
    one_by_one(victim, BUSY, (4 * KIB, 64 * KIB, 256 * KIB, MIB, 2 * MIB), ROUNDS // 2)
    several_at_once(victim, BUSY)
    stays_stalled(bed, 1 + len(stalled))
    bed.finish()


# Peers that are slow ------------------------------------------------------------------------


class SlowWriter:
    """Sends the data of the first of many writes, a byte every 100 ms."""

    def __init__(self, bed):
        self.session = bed.login(BUSY)
        self.tasks = [self.session.start(scsi.write10(i * 256, 4096), write=2 * MIB, lun=BUSY)
                      for i in range(100)]
        self.r2t = self.session.wait_r2t(self.tasks[0])
        self.sent = 0

    def step(self):
        """False: the target has closed."""
        pdu = self.session.one_data_out(self.tasks[0], self.sent, b"x", ttt=self.r2t.ttt,
                                        datasn=self.sent, final=False)
        self.sent += 1
        if not self.session.connection.try_send(pdu):
            return False
        return not self.session.connection.drain(0.1 / tap.slowness())[1]


class SlowReader:
    """Has much to read, and takes some of it every 50 ms. Small segments keep the target's socket
    from taking much at once, which would look like a standstill."""

    def __init__(self, bed):
        self.session = bed.login(BUSY, receive_buffer=64 * KIB, segment=1400)
        for i in range(100):
            self.session.start(scsi.read10(i * 256, 4096), read=2 * MIB, lun=BUSY)

    def step(self):
        time.sleep(0.05 * tap.slowness())
        try:
            return self.session.connection.socket.recv(64 * KIB) != b""
        except ConnectionError:
            return False


def go_on(peers, seconds):
    """Have the peers go on slowly for some time; false: the target closes one."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not all(peer.step() for peer in peers):
            return False
    return True


@tap.timeout(40)
@tap.cases(writer=(SlowWriter, "sends"), reader=(SlowReader, "takes"))
def test_slow_peer(e, make, what):
    """It may hold its share of the buffers until others have waited for as long as a peer may stand
    still: here for a command that does not fit beside two of them."""
    limit = int(2 * tap.slowness())
    bed = Bed(e, "16M", args=("--debug", "1"), stall_timeout=limit)
    victim, peers = bed.victim(QUIET), [make(bed)]
    tap.true(go_on(peers, 2.5 * limit), "it was closed although nobody waited")
    peers.append(make(bed))
    if make is SlowWriter:
        task = victim.start_write(scsi.write10(0, 4096), bytes(2 * MIB), lun=QUIET,
                                  immediate_data=0, unsolicited=0)
    else:
        task = victim.start(scsi.read10(0, 4096), read=2 * MIB, lun=QUIET)
    tap.true(go_on(peers, 0.5 * limit), "one was closed at once")
    tap.true(not go_on(peers, 10 * limit), "none was closed while others waited")
    scsi.expect_good(victim.wait(task))
    closed = [line for line in bed.daemon.log_text().split("\n") if "connection closed" in line]
    tap.true(f"{what} its data too slowly" in closed[0], f"another reason: {closed}")
    bed.finish()


# A long queue of large commands -------------------------------------------------------------


class Flood(threading.Thread):
    """Keeps a session's window full of commands of 1 MiB; `ended` counts them."""

    DEPTH = 128

    def __init__(self, session, write):
        super().__init__(daemon=True)
        self.session, self.write = session, write
        self.data = bytes(MIB) if write else b""
        self.tasks, self.ended, self.stopping, self.problem = [], 0, False, None

    def begin(self):
        cdb = (scsi.write10 if self.write else scsi.read10)(self.ended % 15 * 2048, 2048)
        kind = {"write": MIB} if self.write else {"read": MIB}
        task = self.session.start(cdb, lun=BUSY, **kind)
        task.out = self.data
        self.tasks.append(task)

    def go_on(self):
        for task in [t for t in self.tasks if t.result or t.r2ts]:
            while task.r2ts:
                self.session.answer_r2t(task)
            if task.result:
                scsi.expect_good(task.result)
                self.tasks.remove(task)
                del self.session.tasks[task.itt]
                self.ended += 1

    def run(self):
        try:
            while self.tasks or not self.stopping:
                while len(self.tasks) < self.DEPTH and not self.stopping:
                    self.begin()
                self.session.recv(30)
                self.go_on()
        except (AssertionError, Closed, Silence) as problem:
            self.problem = problem

    def finish(self):
        self.stopping = True
        self.join()
        tap.equal(self.problem, None, "what went wrong with the large commands")


def small_commands(session, lun, count):
    for i in range(count):
        if i % 2:
            session.write(i * 8, bytes(4 * KIB), lun=lun)
        else:
            session.read(i * 8, 8, lun=lun)


@tap.timeout(120)
@tap.cases(reads=False, writes=True)
def test_long_queue_of_large_commands(e, write):
    """A small command waits for some large ones, never for the whole queue of them."""
    bed = Bed(e, "16M")
    victim, flood = bed.victim(QUIET), Flood(bed.login(BUSY), write)
    flood.start()
    env.eventually(lambda: flood.ended > 8, "the first large commands")
    before = flood.ended
    small_commands(victim, QUIET, ROUNDS)
    each = (flood.ended - before) / ROUNDS
    flood.finish()
    tap.true(each < Flood.DEPTH / 8, f"{each:.1f} large commands were served for each small one")
    bed.finish()


if __name__ == "__main__":
    sys.exit(env.main(globals()))
