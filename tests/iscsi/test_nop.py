#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""NOP-Out and NOP-In, from either side (RFC 7143 sections 11.18 and 11.19)."""

import env
import sys
import time

import scsi
from env import Op, tap
from pdu import NO_TAG, Flag, RejectReason

OWN = "iqn.2024-01.org.example:own"
TIMERS = {"nop_interval": 1, "nop_count": 2}


def nop(session, **fields):
    fields = {"flags": Flag.FINAL, "ttt": NO_TAG, "immediate": True, **fields}
    return session.pdu(Op.NOP_OUT, **fields)


# Pings of the initiator ---------------------------------------------------------------------


@tap.cases(**{f"of_{n}": n for n in (0, 1, 2, 3, 4, 5, 48, 511, 512, 4095, 8192, 65536)})
def test_echo(e, length):
    session = e.login()
    data = scsi.pattern(length, length)
    answer = session.ping(data)
    tap.true(answer.data == data, f"{len(answer.data)} bytes came back")
    tap.equal(answer.ttt, NO_TAG, "TTT of the answer")
    tap.true(answer.final, "F of the answer")


def test_echo_is_cut_to_what_the_initiator_takes(e):
    session = e.login(MaxRecvDataSegmentLength="512")
    data = scsi.pattern(1, 4096)
    answer = session.ping(data)
    tap.true(len(answer.data) <= 512 and data.startswith(answer.data), f"{len(answer.data)} bytes")


def test_ping_with_a_cmdsn(e):
    """One that is not immediate takes its place among the commands."""
    session = e.ready()
    for _ in range(5):
        session.ping(b"abc", immediate=False)
    scsi.expect_good(session.test_unit_ready())


def test_ping_with_a_cmdsn_waits_for_its_turn(e):
    session = e.ready()
    first = session.cmdsn
    ping = session.send(nop(session, immediate=False, cmdsn=first + 1))
    session.listen(0.2)
    tap.equal(session.others, [], "answers before the missing command")
    command = session.command_pdu(scsi.TEST_UNIT_READY, cmdsn=first)
    task = session.track(command)
    session.send(command)
    scsi.expect_good(session.wait(task))
    session.take(Op.NOP_IN, ping.itt)


def test_lun_is_not_looked_at(e):
    session = e.login()
    session.ping(b"x", lun=99)


def test_many_pings_in_one_segment(e):
    session = e.login()
    pings = [nop(session, data=bytes([i % 256]) * 100) for i in range(500)]
    session.send(*pings)
    for i, ping in enumerate(pings):
        answer = session.take(Op.NOP_IN, ping.itt)
        tap.true(answer.data == bytes([i % 256]) * 100, "another ping's data")


def test_ping_between_commands_in_flight(e):
    session = e.ready()
    tasks = [session.start(scsi.read10(0, 8), read=4096, lun=env.SLOW) for _ in range(3)]
    start = time.monotonic()
    session.ping()
    tap.true(time.monotonic() - start < env.SLOW_MS / 1000, "the ping waited for slow commands")
    session.wait_all(tasks)


# NOP-Out that wants no answer ---------------------------------------------------------------


def test_no_answer_wanted(e):
    """ITT ffffffff: the sender asks for nothing."""
    session = e.ready()
    session.send(nop(session, itt=NO_TAG))
    session.listen(0.3)
    tap.equal(session.others, [], "answers")
    scsi.expect_good(session.test_unit_ready())


def test_no_answer_wanted_but_not_immediate(e):
    """RFC 7143 section 11.18.1: it must be immediate; else refused or ignored, never answered."""
    session = e.ready()
    session.send(nop(session, itt=NO_TAG, immediate=False))
    pdus, closed = session.connection.drain(0.3)
    tap.true(closed or all(p.opcode == Op.REJECT for p in pdus), f"answers {pdus}")


def test_answer_to_a_ping_that_never_was(e):
    session = e.ready()
    session.send(nop(session, itt=NO_TAG, ttt=0x12345678))
    pdus, closed = session.connection.drain(0.3)
    allowed = (RejectReason.INVALID_FIELD, RejectReason.PROTOCOL_ERROR)
    tap.true(closed or all(p.opcode == Op.REJECT and p.reason in allowed for p in pdus), f"{pdus}")


# Pings of the target ------------------------------------------------------------------------


def test_target_pings_an_idle_peer(e):
    session = e.login()
    session.answer_pings = False
    ping = session.take(Op.NOP_IN, timeout=3)
    tap.equal((ping.itt, ping.data), (NO_TAG, b""), "ITT and data of the ping")
    tap.true(ping.ttt != NO_TAG, "TTT of the ping")
    session.answer_ping(ping)
    again = session.take(Op.NOP_IN, timeout=3)
    session.answer_ping(again)
    session.ping()


def test_ping_does_not_advance_statsn(e):
    """RFC 7143 section 11.19.2: the next status has the StatSN that the ping showed."""
    session = e.ready()
    session.answer_pings = False
    ping = session.take(Op.NOP_IN, timeout=3)
    session.answer_ping(ping)
    result = session.test_unit_ready()
    tap.equal(result.pdu.statsn, ping.statsn, "StatSN of the next response")


def test_answer_with_data(e):
    """The answer to a ping may hold data; it is dropped."""
    session = e.login()
    session.answer_pings = False
    ping = session.take(Op.NOP_IN, timeout=3)
    session.send(nop(session, itt=NO_TAG, ttt=ping.ttt, lun=ping.lun, data=b"x" * 4096))
    session.answer_pings = True
    session.ping()


def test_answer_twice(e):
    session = e.login()
    session.answer_pings = False
    ping = session.take(Op.NOP_IN, timeout=3)
    session.answer_ping(ping)
    session.answer_ping(ping)
    pdus, closed = session.connection.drain(0.3)
    tap.true(closed or all(p.opcode in (Op.REJECT, Op.NOP_IN) for p in pdus), f"answers {pdus}")


def test_answer_with_an_itt(e):
    """Both tags valid: an answer, and a ping of its own."""
    session = e.login()
    session.answer_pings = False
    ping = session.take(Op.NOP_IN, timeout=3)
    answer = session.send(nop(session, ttt=ping.ttt, lun=ping.lun))
    session.answer_pings = True
    pdus, closed = session.connection.drain(0.3)
    allowed = [p.opcode == Op.REJECT or p.itt in (answer.itt, NO_TAG) for p in pdus]
    tap.true(closed or all(allowed), f"answers {pdus}")


def test_no_pings_where_turned_off(e):
    daemon, portal = e.another_daemon(iscsi={"nop_interval": 0})
    session = e.keep(env.Session.login(portal, env.TARGET))
    session.connection.expect_silence(2.5)
    session.ping()
    session.logout()
    e.finish_daemon(daemon)


# Targets with pings of their own ------------------------------------------------------------


def quiet_portal(e, **parameters):
    """A daemon that does not ping, but for a target with these parameters: (daemon, portal, target)."""
    daemon, portal = e.another_daemon(iscsi={"nop_interval": 0})
    return daemon, portal, env.make_target(daemon, OWN, **parameters)


def test_a_target_with_pings_of_its_own(e):
    daemon, portal, own = quiet_portal(e, nop_interval=1)
    pinged = e.keep(env.Session.login(portal, own))
    pinged.answer_pings = False
    other = e.keep(env.Session.login(portal, env.TARGET))
    pinged.answer_ping(pinged.take(Op.NOP_IN, timeout=3))
    pinged.answer_ping(pinged.take(Op.NOP_IN, timeout=3))
    other.connection.expect_silence(0.2)
    tap.equal(len(daemon.sessions()), 2, "sessions")
    e.close_opened()
    e.finish_daemon(daemon)


def test_a_target_with_a_count_of_its_own(e):
    """The portal's says 2 pings: here the end comes after one."""
    e.daemon.set_target(e.target, nop_count=1)
    try:
        session = e.login()
        pdus = session.connection.expect_close(10)
        tap.equal([p.opcode for p in pdus], [Op.NOP_IN], "what came before the end")
    finally:
        e.daemon.set_target(e.target, nop_count=0)


def test_without_own_values_the_portal_decides(e):
    e.daemon.set_target(e.target, nop_interval=0, nop_count=0)
    session = e.login()
    pdus = session.connection.expect_close(10)
    tap.equal([p.opcode for p in pdus], [Op.NOP_IN] * 2, "what came before the end")


def test_dead_sessions_let_go_of_what_they_used(e):
    """Commands, reservation and data under way of a peer that has frozen: nothing stays behind."""
    daemon, portal, own = quiet_portal(e, nop_interval=1, nop_count=1)
    dead = e.keep(env.Session.login(portal, own))
    dead.clear_attention()
    scsi.expect_good(dead.execute(scsi.reserve6()))
    dead.wait_r2t(dead.start_write(scsi.write16(0, 4096), bytes(4096 * scsi.BLOCK)))
    env.eventually(lambda: not daemon.sessions(), "the end of the dead session", 20)
    heir = e.keep(env.Session.login(portal, own, initiator=env.NEWCOMER))
    heir.clear_attention()
    heir.write(0, bytes(scsi.BLOCK))
    heir.logout()
    daemon.ctl("lun", "delete", f"{own}/{env.DISK}")
    daemon.ctl("target", "delete", own)
    e.close_opened()
    e.finish_daemon(daemon)


def test_pings_are_on_by_default(e):
    shown = e.daemon.ctl_json("plugin", "info", "iscsi")
    defaults = {p["name"]: p["default"] for p in shown["portal_params"]}
    tap.equal((defaults["nop_interval"], defaults["nop_count"]), ("30", "3"), "defaults")


if __name__ == "__main__":
    sys.exit(env.main(globals(), iscsi=TIMERS))
