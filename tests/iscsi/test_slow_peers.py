#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Peers that are slow, half open or suddenly gone, and how the target keeps itself alive."""

import env
import sys
import time

import scsi
from connection import Connection
from env import Op, tap
from pdu import NO_TAG, Flag
from session import Session

TIMERS = {"nop_interval": int(1 * tap.slowness()), "nop_count": 2}
# A ping after nop_interval, nop_count of them unanswered, and some slack
DEAD_PEER_DROPPED = 6


# FIN and RST at any place -------------------------------------------------------------------


@tap.cases(fin=Connection.close, rst=Connection.reset)
def test_end_anywhere_in_login(e, end):
    data = e.first_login_request()
    for length in list(range(0, len(data), 7)) + [47, 48, 49, len(data) - 1, len(data)]:
        connection = Connection(e.portal)
        connection.send_raw(data[:length])
        end(connection)


def ends(e, send, end):
    """Log in, send something, and go."""
    session = e.ready()
    send(session)
    end(session.connection)


def half_command(session):
    session.connection.send_raw(session.command_pdu(scsi.read10(0, 1), read=512).encode()[:20])


def half_immediate_data(session):
    pdu = session.command_pdu(scsi.write10(0, 8), write=4096, data=bytes(4096))
    session.connection.send_raw(pdu.encode()[:1000])


def unsolicited_data_missing(session):
    session.start(scsi.write10(0, 8), write=4096, data=b"", final=False)


def command_without_waiting(session):
    session.start(scsi.read10(0, 128), read=65536)


def r2t_unanswered(session):
    session.start(scsi.write10(0, 512), write=512 * 512)
    session.listen(0.05)


def half_data_out(session):
    task = session.start(scsi.write10(0, 512), write=512 * 512, data=bytes(512 * 512))
    r2t = session.wait_r2t(task)
    pdu = session.one_data_out(task, r2t.offset, bytes(4096), ttt=r2t.ttt)
    session.connection.send_raw(pdu.encode()[:1000])


def slow_reads(session):
    for i in range(8):
        session.start(scsi.read10(i, 8), read=4096, lun=env.SLOW)


def slow_writes(session):
    for i in range(8):
        session.start_write(scsi.write10(i * 8, 8), bytes(4096), lun=env.SLOW)


def many_pings(session):
    for _ in range(20):
        session.send(session.pdu(Op.NOP_OUT, immediate=True, flags=Flag.FINAL, ttt=NO_TAG,
                                 data=bytes(8192)))


MOMENTS = {f.__name__: f for f in (
    half_command, half_immediate_data, unsolicited_data_missing, command_without_waiting,
    r2t_unanswered, half_data_out, slow_reads, slow_writes, many_pings)}


@tap.cases(**MOMENTS)
def test_fin_with(e, send):
    for _ in range(5):
        ends(e, send, Connection.close)


@tap.cases(**MOMENTS)
def test_rst_with(e, send):
    for _ in range(5):
        ends(e, send, Connection.reset)


@tap.cases(**MOMENTS)
def test_half_close_with(e, send):
    """The peer sends FIN but still listens: the target may answer, and ends the connection."""
    session = e.ready()
    send(session)
    session.connection.finish_sending()
    session.connection.expect_close(DEAD_PEER_DROPPED)


# Full feature phase -------------------------------------------------------------------------


def test_peer_that_answers_pings_stays(e):
    session = e.login()
    session.listen(TIMERS["nop_interval"] * (TIMERS["nop_count"] + 2))
    session.ping()


def test_ping_has_a_tag_and_no_data(e):
    session = e.login()
    session.answer_pings = False
    ping = session.take(Op.NOP_IN, timeout=3)
    tap.equal(ping.itt, NO_TAG, "ITT of a target's ping")
    tap.true(ping.ttt != NO_TAG, "a ping without TTT")
    tap.equal(ping.data, b"", "data of a target's ping")
    session.answer_ping(ping)


def test_dead_peer_is_dropped(e):
    """It answers no ping; the session goes, and what it held with it."""
    before = len(e.daemon.sessions())
    session = e.login()
    session.connection.expect_close(DEAD_PEER_DROPPED)
    env.eventually(lambda: len(e.daemon.sessions()) == before, "the end of the session")


def test_busy_peer_is_not_dropped(e):
    """Traffic is a sign of life, pings or not."""
    session = e.ready()
    session.answer_pings = False
    end = time.monotonic() + TIMERS["nop_interval"] * (TIMERS["nop_count"] + 2)
    while time.monotonic() < end:
        session.read(0, 8)
        time.sleep(0.1)


def test_peers_stall_in_the_middle_of_a_pdu(e):
    """Within a header, or within data of either kind; all at once, since each takes its time."""
    sessions = []
    for send in (half_command, half_immediate_data, half_data_out):
        sessions.append(e.ready())
        send(sessions[-1])
    for session in sessions:
        session.connection.expect_close(DEAD_PEER_DROPPED)


@tap.timeout(30)
def test_slow_peer_within_a_long_pdu_stays(e):
    """Who sends the larger part of a PDU now and then does not stand still."""
    limit = int(1 * tap.slowness())
    daemon, portal = e.another_daemon(iscsi={"stall_timeout": limit})
    daemon.set_target(e.target, MaxRecvDataSegmentLength=1 << 20)
    session = e.keep(Session.login(portal, e.target))
    ping = session.pdu(Op.NOP_OUT, immediate=True, flags=Flag.FINAL, ttt=NO_TAG,
                       data=bytes(session.limits["target_mrdsl"]))
    data = ping.encode()
    step = 80 << 10
    for start in range(0, len(data), step):
        session.connection.send_raw(data[start : start + step])
        session.listen(limit * 0.15)
    session.take(Op.NOP_IN, ping.itt)
    session.connection.send_raw(data[:-1])
    session.connection.expect_close(DEAD_PEER_DROPPED)
    e.finish_daemon(daemon)


def test_slow_writer_stays(e):
    """Who sends some of the data that it owes, now and then, is only slow."""
    limit = int(1 * tap.slowness())
    daemon, portal = e.another_daemon(iscsi={"stall_timeout": limit})
    session = e.keep(Session.login(portal, e.target))
    session.clear_attention()
    tasks = [session.start(scsi.write10(i * 8, 8), write=4096, data=b"") for i in range(3)]
    for task in tasks:
        task.out = bytes(4096)
        session.listen(limit * 0.6)
        scsi.expect_good(session.wait(task))
    session.listen(limit * 1.2)
    session.ping()
    session.logout()
    e.finish_daemon(daemon)


def test_idle_discovery_session_ends(e):
    limit = int(1 * tap.slowness())
    daemon, portal = e.another_daemon(iscsi={"stall_timeout": limit})
    session = e.discover(portal)
    for _ in range(2):
        session.listen(limit * 0.6)
        session.text([("SendTargets", "All")])
    session.connection.expect_silent_close(3)
    e.finish_daemon(daemon)


def test_slow_reader_gets_all(e):
    """Back-pressure, not loss: one that reads slowly but steadily gets every byte."""
    session = e.ready(receive_buffer=8192)
    session.write(0, scsi.pattern(7, 131072))
    tasks = [session.start(scsi.read10(0, 256), read=131072) for _ in range(8)]
    for task in tasks:
        time.sleep(0.1)
        result = scsi.expect_good(session.wait(task))
        tap.true(result.data == scsi.pattern(7, 131072), "the data differs")


if __name__ == "__main__":
    sys.exit(env.main(globals(), iscsi=TIMERS))
