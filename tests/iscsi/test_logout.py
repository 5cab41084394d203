#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Logout, and what races with it (RFC 7143 sections 11.14 and 11.15)."""

import env
import sys
import threading

import scsi
from connection import Connection
from env import Op, tap
from inflight import r2t_write, slow_reads
from pdu import Flag, RejectReason
from session import Session

CLOSE_SESSION, CLOSE_CONNECTION, FOR_RECOVERY = 0, 1, 2
DONE, NO_CID, NO_RECOVERY = 0, 1, 2


def logout_pdu(session, reason=CLOSE_SESSION, cid=None, **fields):
    cid = session.cid if cid is None else cid
    return session.pdu(Op.LOGOUT, flags=Flag.FINAL | reason, cid=cid, **fields)


def one_logout_response(pdus):
    responses = [p for p in pdus if p.opcode == Op.LOGOUT_RESPONSE]
    tap.equal(len(responses), 1, f"Logout Responses among {pdus}")
    tap.equal(responses[0].response, DONE, "response to the logout")
    tap.true(pdus[-1] is responses[0], f"PDUs behind the Logout Response: {pdus}")


# What a logout answers ----------------------------------------------------------------------


@tap.cases(session=CLOSE_SESSION, connection=CLOSE_CONNECTION)
def test_logout(e, reason):
    tap.equal(e.login().logout(reason), DONE, "response to the logout")


def test_logout_immediate(e):
    session = e.login()
    session.send(logout_pdu(session, immediate=True))
    one_logout_response(session.connection.expect_close())


def test_logout_ends_the_session(e):
    before = len(e.daemon.sessions())
    session = e.login()
    tap.equal(len(e.daemon.sessions()), before + 1, "sessions")
    session.logout()
    env.eventually(lambda: len(e.daemon.sessions()) == before, "the end of the session")


def test_logout_of_another_cid(e):
    session = e.ready()
    response = session.ask_logout(CLOSE_CONNECTION, cid=session.cid + 9)
    tap.equal(response.response, NO_CID, "response to the logout")
    scsi.expect_good(session.test_unit_ready())


def test_logout_of_the_session_names_no_cid(e):
    """The CID counts only where a connection is to be closed."""
    session = e.login()
    tap.equal(session.logout(CLOSE_SESSION, cid=session.cid + 9), DONE, "response to the logout")


def test_logout_for_recovery(e):
    """RFC 7143 section 11.15.1: not supported below error recovery level 2."""
    session = e.ready()
    response = session.ask_logout(FOR_RECOVERY, session.cid)
    tap.equal(response.response, NO_RECOVERY, "response to the logout")
    scsi.expect_good(session.test_unit_ready())


@tap.cases(next=3, last=127)
def test_logout_for_an_unknown_reason(e, reason):
    session = e.ready()
    session.send(logout_pdu(session, reason, immediate=True))
    pdus, closed = session.connection.drain(0.5)
    refused = [p.opcode == Op.REJECT or (p.opcode == Op.LOGOUT_RESPONSE and p.response != DONE)
               for p in pdus]
    tap.true(closed or refused == [True], f"answers {pdus}")


def test_rejected_logout_does_not_count(e):
    """RFC 7143 section 7.3: its CmdSN is due still."""
    session = e.ready()
    session.reject(logout_pdu(session, 3))
    scsi.expect_good(session.test_unit_ready())


def test_login_again_with_the_same_isid(e):
    first = e.login()
    first.logout()
    second = e.login(isid=first.isid)
    second.ping()
    tap.equal(second.logout(), DONE, "response to the logout")


def test_fifty_times_login_and_logout(e):
    for _ in range(50):
        tap.equal(e.login().logout(), DONE, "response to the logout")


# Commands around it -------------------------------------------------------------------------


def test_command_behind_logout(e):
    """An initiator must send none.  The target may answer it before the Logout Response."""
    session = e.ready()
    command = session.command_pdu(scsi.TEST_UNIT_READY, cmdsn=(session.cmdsn + 1) % (1 << 32))
    session.connection.send(logout_pdu(session), command)
    one_logout_response(session.connection.expect_close())


@tap.cases(**{op.name.lower(): op for op in (Op.NOP_OUT, Op.TMF, Op.TEXT, Op.LOGOUT, Op.DATA_OUT)})
def test_other_request_behind_logout(e, opcode):
    session = e.ready()
    other = session.pdu(opcode, flags=Flag.FINAL, immediate=opcode != Op.DATA_OUT)
    session.connection.send(logout_pdu(session), other)
    pdus = session.connection.expect_close()
    tap.true(any(p.opcode == Op.LOGOUT_RESPONSE for p in pdus), f"answers {pdus}")


def test_many_commands_behind_logout(e):
    session = e.ready()
    logout = logout_pdu(session)
    commands = [session.command_pdu(scsi.read10(0, 8), read=4096) for _ in range(50)]
    session.connection.try_send(logout, *commands)
    pdus = session.connection.expect_close()
    tap.true(len(pdus) <= 100, f"{len(pdus)} answers")


def test_logout_with_reads_in_flight(e):
    """They may be answered before the Logout Response, never after it."""
    session = e.ready()
    slow_reads(session, 4)
    session.connection.send(logout_pdu(session))
    one_logout_response(session.connection.expect_close())


def test_logout_with_a_write_waiting_for_data(e):
    session = e.ready(InitialR2T="Yes", ImmediateData="No")
    r2t_write(session)
    session.connection.send(logout_pdu(session))
    one_logout_response(session.connection.expect_close())


def test_logout_with_half_of_the_data_sent(e):
    session = e.ready(InitialR2T="Yes", ImmediateData="No")
    task = r2t_write(session)
    r2t = task.r2ts[0]
    half = session.one_data_out(task, 0, bytes(4096), ttt=r2t.ttt, final=False)
    session.connection.send(half, logout_pdu(session))
    one_logout_response(session.connection.expect_close())


def test_data_behind_logout(e):
    session = e.ready(InitialR2T="Yes", ImmediateData="No")
    task = r2t_write(session)
    r2t = task.r2ts[0]
    data = session.data_out(task, r2t.offset, r2t.length, r2t.ttt)
    session.connection.send(logout_pdu(session), *data)
    pdus = session.connection.expect_close()
    tap.true(any(p.opcode == Op.LOGOUT_RESPONSE for p in pdus), f"answers {pdus}")


def test_acknowledged_write_is_there_after_logout(e):
    session = e.ready()
    data = scsi.pattern(0x77, 65536)
    session.write(0, data)
    session.logout()
    tap.true(e.ready().read(0, 128) == data, "the data differs")


def test_reservation_ends_with_logout(e):
    session, other = e.ready(), e.ready()
    scsi.expect_good(session.execute(scsi.reserve6()))
    tap.equal(other.execute(scsi.read10(0, 1), read=512).status, 0x18, "status")
    session.logout()
    env.eventually(lambda: other.execute(scsi.read10(0, 1), read=512).status == scsi.GOOD,
                   "the end of the reservation")


def test_reservation_ends_with_a_lost_connection(e):
    session, other = e.ready(), e.ready()
    scsi.expect_good(session.execute(scsi.reserve6()))
    session.connection.reset()
    env.eventually(lambda: other.execute(scsi.read10(0, 1), read=512).status == scsi.GOOD,
                   "the end of the reservation")


# Races --------------------------------------------------------------------------------------


@tap.cases(fin=Connection.close, rst=Connection.reset)
def test_gone_before_the_response(e, end):
    for _ in range(20):
        session = e.login()
        session.connection.send(logout_pdu(session))
        end(session.connection)


@tap.cases(fin=Connection.close, rst=Connection.reset)
def test_gone_before_the_response_with_reads_in_flight(e, end):
    for _ in range(20):
        session = e.ready()
        slow_reads(session, 4)
        session.connection.send(logout_pdu(session))
        end(session.connection)


def test_reinstatement_races_logout(e):
    """The old connection logs out while the same initiator port logs in anew."""
    for _ in range(20):
        old = e.ready()
        slow_reads(old, 2)
        old.connection.send(logout_pdu(old))
        new = e.login(isid=old.isid)
        old.connection.expect_close()
        new.ping()
        new.logout()


def test_reinstatement_and_logout_at_the_same_moment(e):
    for _ in range(10):
        old = e.ready()
        thread = threading.Thread(target=old.connection.try_send, args=(logout_pdu(old),))
        thread.start()
        new = e.login(isid=old.isid)
        thread.join()
        old.connection.expect_close()
        new.ping()


def test_forty_resets_with_io_in_flight(e):
    for i in range(40):
        session = e.ready()
        slow_reads(session, 3)
        for lba in range(3):
            session.start_write(scsi.write10(lba * 8, 8), bytes(4096), lun=env.SLOW)
        session.start(scsi.read10(0, 128), read=65536)
        if i % 2:
            session.start(scsi.write10(0, 256), write=131072)
        session.connection.reset()


def test_two_logouts_in_one_segment(e):
    session = e.login()
    session.connection.send(logout_pdu(session, immediate=True),
                            logout_pdu(session, immediate=True))
    pdus = session.connection.expect_close()
    tap.true(any(p.opcode == Op.LOGOUT_RESPONSE for p in pdus), f"answers {pdus}")


def test_peer_that_does_not_close_after_logout(e):
    """The target closes the TCP connection itself."""
    session = e.login()
    session.ask_logout(CLOSE_SESSION, session.cid)
    session.connection.expect_close(2)


def test_logout_of_one_of_two_sessions(e):
    first, second = e.ready(), e.ready()
    tasks = slow_reads(second, 3)
    first.logout()
    for result in second.wait_all(tasks):
        scsi.expect_good(result)


def test_logout_after_a_reject(e):
    session = e.login()
    reject = session.reject(session.pdu(Op.SNACK, flags=Flag.FINAL))
    tap.true(reject.reason != RejectReason.DATA_DIGEST, "reason of the Reject")
    tap.equal(session.logout(), DONE, "response to the logout")


def test_many_sessions_log_out_at_once(e):
    sessions = [Session.login(e.portal, e.target) for _ in range(40)]
    for session in sessions:
        e.keep(session).connection.send(logout_pdu(session))
    for session in sessions:
        one_logout_response(session.connection.expect_close())


if __name__ == "__main__":
    sys.exit(env.main(globals()))
