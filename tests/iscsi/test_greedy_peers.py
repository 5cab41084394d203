#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Peers that take all they can get and give nothing back: what one may have, and many together."""

import env
import sys

import scsi
from env import Op, tap
from pdu import NO_TAG, Flag
from session import Session

TIMERS = {"nop_interval": int(1 * tap.slowness()), "nop_count": 2}


def ask_until_blocked(session, pdu, most, patience=0.5):
    """Send this request, never reading, until the target takes no more; the bytes it took."""
    data = pdu.encode() * 16
    sent = 0
    session.connection.socket.settimeout(patience)
    while sent < most:
        try:
            sent += session.connection.socket.send(data[sent % len(pdu.encode()) :])
        except (TimeoutError, ConnectionError):
            break
    return sent


def grew_less(daemon, before, limit):
    """The daemon grew by less MiB. A sanitizer keeps what was freed: there nothing can be said."""
    grown = (daemon.memory() - before) >> 20
    tap.true(grown < limit or tap.slowness() > 1, f"the daemon grew by {grown} MiB")


def ping_of(session, length):
    return session.pdu(Op.NOP_OUT, immediate=True, flags=Flag.FINAL, ttt=NO_TAG,
                       data=bytes(length))


def test_peer_that_never_reads(e):
    """The target's queue of answers is bounded, and in the end it gives the peer up."""
    before = len(e.daemon.sessions())
    session = e.login(receive_buffer=4096)
    ping = ping_of(session, 65536)
    memory = e.daemon.memory()
    sent = ask_until_blocked(session, ping, 192 << 20)
    tap.true(sent < 192 << 20, f"the target took {sent >> 20} MiB of pings without an answer read")
    grown = e.daemon.memory() - memory
    tap.true(grown < 128 << 20, f"the daemon grew by {grown >> 20} MiB")
    e.serves_newcomer()
    env.eventually(lambda: len(e.daemon.sessions()) == before, "the end of the session", 10)


@tap.timeout(60)
def test_many_peers_that_never_read(e):
    """Together they have a limit; others are served meanwhile, and wholly once those are gone."""
    daemon, portal = e.another_daemon(threads=1, iscsi={"stall_timeout": int(4 * tap.slowness())})
    sessions = [e.keep(Session.login(portal, e.target, receive_buffer=4096)) for _ in range(24)]
    memory = daemon.memory()
    for session in sessions:
        ask_until_blocked(session, ping_of(session, 65536), 192 << 20, 0.05)
    grew_less(daemon, memory, 48)
    newcomer = e.keep(Session.login(portal, e.target, initiator=env.NEWCOMER))
    newcomer.clear_attention()
    newcomer.ping(bytes(4096))
    newcomer.write(0, scsi.pattern(1, 65536))
    ping = newcomer.send(ping_of(newcomer, 65536))
    newcomer.take(Op.NOP_IN, ping.itt, 15)
    e.finish_daemon(daemon)


@tap.timeout(60)
def test_many_discoveries_that_never_read(e):
    """Anybody may have such sessions: they get little."""
    daemon, portal = e.another_daemon(threads=1)
    questions = [(f"X-{i:060}", "") for i in range(120)]
    options = {"receive_buffer": 4096, "keys": {"MaxRecvDataSegmentLength": "16777215"}}
    sessions = [e.discover(portal, **options) for _ in range(40)]
    memory = daemon.memory()
    for session in sessions:
        ask_until_blocked(session, session.text_pdu(questions, immediate=True), 32 << 20, 0.02)
    grew_less(daemon, memory, 16)
    tap.true(e.discover(portal).text([("SendTargets", "All")]), "the list")
    e.finish_daemon(daemon)


def hold_writes(session, count):
    """Writes behind a gap in the CmdSN, which never closes; false: the connection did."""
    pdus = [session.command_pdu(scsi.write10(0, 128), write=65536, data=bytes(65536))
            for _ in range(count + 1)]
    for pdu in pdus[1:]:
        if not session.connection.try_send(pdu):
            return False
    return not session.connection.drain(0.02)[1]


@tap.timeout(60)
def test_many_peers_that_leave_a_gap(e):
    """What is held for all of them together is limited; a little may be held for each."""
    daemon, portal = e.another_daemon(threads=1)
    sessions = [e.keep(Session.login(portal, e.target)) for _ in range(40)]
    memory = daemon.memory()
    kept = sum(hold_writes(session, 14) for session in sessions)
    grew_less(daemon, memory, 24)
    tap.true(0 < kept < len(sessions), f"{kept} connections were kept")
    small = e.keep(Session.login(portal, e.target))
    small.clear_attention()
    first = small.command_pdu(scsi.TEST_UNIT_READY)
    early = small.command_pdu(scsi.write10(0, 8), write=4096, data=bytes(4096))
    task = small.track(early)
    small.track(first)
    small.send(early, first)
    scsi.expect_good(small.wait(task))
    e.finish_daemon(daemon)


def test_peer_that_never_reads_its_data(e):
    before = len(e.daemon.sessions())
    session = e.login(receive_buffer=4096)
    session.clear_attention()
    for _ in range(64):
        session.start(scsi.read10(0, 512), read=512 * 512)
    e.serves_newcomer()
    env.eventually(lambda: len(e.daemon.sessions()) == before, "the end of the session", 10)


def test_writes_whose_data_never_comes(e):
    """They hold all buffers of the thread: others must not wait for them for ever."""
    limit = int(2 * tap.slowness())
    daemon, portal = e.another_daemon(threads=1, args=("--buffer-memory", "4M"),
                                      iscsi={"stall_timeout": limit})
    victim = e.keep(Session.login(portal, e.target, initiator=env.CHECKER))
    victim.clear_attention()
    greedy = e.keep(Session.login(portal, e.target))
    greedy.clear_attention()
    for i in range(32):
        greedy.start(scsi.write10(i * 512, 512), write=512 * 512)
    greedy.listen(0.1)
    task = victim.start_write(scsi.write10(0, 512), bytes(512 * 512), immediate_data=0,
                              unsolicited=0)
    scsi.expect_good(victim.wait(task, 6))
    greedy.connection.expect_close(3)
    e.finish_daemon(daemon)


if __name__ == "__main__":
    sys.exit(env.main(globals(), iscsi=TIMERS))
