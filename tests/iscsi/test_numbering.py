#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""CmdSN, StatSN and task tags: windows, gaps, wrap and reuse (RFC 7143 sections 4.2.2 and 11)."""

import env
import sys

import scsi
from env import Op, tap
from pdu import NO_TAG, Flag, RejectReason
from session import Session, Tmf

WRAP = 1 << 32
LEAST_WINDOW = 128


def tur(session, **fields):
    """TEST UNIT READY that is tracked but not sent."""
    pdu = session.command_pdu(scsi.TEST_UNIT_READY, **fields)
    return pdu, session.track(pdu)


def plus(number, more):
    return (number + more) % WRAP


def ignored(session, pdu, task):
    """Nothing comes of this PDU, and the session goes on with the CmdSN that is due."""
    session.send(pdu)
    session.listen(0.2)
    tap.true(task.result is None, f"the command was executed: {task}")
    tap.equal(session.others, [], "answers to a PDU that is to be ignored")
    scsi.expect_good(session.test_unit_ready())
    session.ping()
    tap.true(task.result is None, f"the command was executed later: {task}")


# Outside the window -------------------------------------------------------------------------


def test_above_window(e):
    session = e.ready()
    session.ping()
    ignored(session, *tur(session, cmdsn=plus(session.connection.numbers.maxcmdsn, 1)))


@tap.cases(far=1000000, half_way=(1 << 31) - 2)
def test_far_above_window(e, distance):
    session = e.ready()
    ignored(session, *tur(session, cmdsn=plus(session.cmdsn, distance)))


@tap.cases(one=1, two=2, many=1000, half_way=1 << 31)
def test_below_window(e, distance):
    session = e.ready()
    ignored(session, *tur(session, cmdsn=plus(session.cmdsn, -distance)))


def test_write_below_window(e):
    """Its immediate data is ignored with it."""
    session = e.ready()
    session.write(64, scsi.pattern(1, 4096))
    pdu = session.command_pdu(scsi.write10(64, 8), write=4096, data=scsi.pattern(2, 4096),
                              cmdsn=plus(session.cmdsn, -1))
    ignored(session, pdu, session.track(pdu))
    tap.true(session.read(64, 8) == scsi.pattern(1, 4096), "data of an ignored write was written")


@tap.cases(nop_out=Op.NOP_OUT, text=Op.TEXT, tmf=Op.TMF, logout=Op.LOGOUT)
def test_other_request_below_window(e, opcode):
    session = e.ready()
    flags = Flag.FINAL | (Tmf.LU_RESET if opcode == Op.TMF else 0)
    pdu = session.pdu(opcode, flags=flags, lun=1, cmdsn=plus(session.cmdsn, -1))
    if opcode != Op.LOGOUT:
        pdu.ttt = NO_TAG
    session.send(pdu)
    session.listen(0.2)
    tap.equal(session.others, [], "answers to a PDU that is to be ignored")
    scsi.expect_good(session.test_unit_ready())


# Gaps ---------------------------------------------------------------------------------------


def test_command_after_a_gap_waits(e):
    session = e.ready()
    first, early = session.cmdsn, plus(session.cmdsn, 1)
    pdu2, task2 = tur(session, cmdsn=early)
    session.send(pdu2)
    session.listen(0.2)
    tap.true(task2.result is None, "a command was executed before the one that comes first")
    pdu1, task1 = tur(session, cmdsn=first)
    session.send(pdu1)
    session.wait_all([task1, task2])
    session.cmdsn = plus(first, 2)
    scsi.expect_good(session.test_unit_ready())


def test_commands_in_reverse_order(e):
    """Eight writes of one block sent backwards must be done in the order of their CmdSN."""
    session = e.ready()
    first = session.cmdsn
    pairs = []
    for i in range(8):
        data = scsi.pattern(i, 512)
        pdu = session.command_pdu(scsi.write10(9, 1), write=512, data=data,
                                  attribute=2, cmdsn=plus(first, i))  # ORDERED
        pairs.append((pdu, session.track(pdu)))
    for pdu, _ in reversed(pairs):
        session.send(pdu)
    session.wait_all([task for _, task in pairs])
    session.cmdsn = plus(first, 8)
    tap.true(session.read(9, 1) == scsi.pattern(7, 512), "the last write is not the one that stays")


def test_duplicate_behind_a_gap(e):
    """The same CmdSN twice while both wait: the second is ignored."""
    session = e.ready()
    first = session.cmdsn
    held, task = tur(session, cmdsn=plus(first, 1))
    again, duplicate = tur(session, cmdsn=plus(first, 1))
    filler, task0 = tur(session, cmdsn=first)
    session.send(held, again)
    session.listen(0.1)
    session.send(filler)
    session.wait_all([task0, task])
    session.cmdsn = plus(first, 2)
    session.ping()
    tap.true(duplicate.result is None, "the duplicate was executed too")


def test_gap_is_held_without_end(e):
    """The target waits for the missing command; immediate requests are served meanwhile."""
    session = e.ready()
    pdu, task = tur(session, cmdsn=plus(session.cmdsn, 5))
    session.send(pdu)
    session.listen(1.0)
    session.ping()
    tap.true(task.result is None, "the command was executed")


def test_logout_with_a_gap(e):
    session = e.ready()
    pdu, _ = tur(session, cmdsn=plus(session.cmdsn, 1))
    session.send(pdu)
    session.send(session.pdu(Op.LOGOUT, immediate=True, flags=Flag.FINAL, cid=session.cid))
    tap.equal(session.take(Op.LOGOUT_RESPONSE).response, 0, "response to the logout")
    session.connection.expect_close()


def test_window_full_of_held_commands(e):
    """All of the window but its first, then the first."""
    session = e.ready()
    session.ping()
    first, last = session.cmdsn, session.connection.numbers.maxcmdsn
    count = min((last - first) % WRAP + 1, 256)
    pairs = [tur(session, cmdsn=plus(first, i)) for i in range(count)]
    session.send(*[pdu for pdu, _ in pairs[1:]])
    session.listen(0.2)
    tap.true(not any(task.result for _, task in pairs), "a command was executed out of order")
    session.send(pairs[0][0])
    for result in session.wait_all([task for _, task in pairs]):
        scsi.expect_good(result)
    session.cmdsn = plus(first, count)
    scsi.expect_good(session.test_unit_ready())


def test_hole_filled_by_abort_task(e):
    """RFC 7143 section 11.6.1: the CmdSN of an aborted command that never came is received."""
    session = e.ready()
    lost = session.cmdsn
    pdu, task = tur(session, cmdsn=plus(lost, 1))
    session.send(pdu)
    session.cmdsn = plus(lost, 2)
    response = session.tmf(Tmf.ABORT_TASK, rtt=0x5555, refcmdsn=lost)
    tap.equal(response, Tmf.COMPLETE, "response to ABORT TASK")
    scsi.expect_good(session.wait(task))
    late, late_task = tur(session, cmdsn=lost)
    ignored(session, late, late_task)


def test_hole_at_the_wrap_filled_by_abort_task(e):
    """The same where the numbers begin anew behind the hole."""
    session = e.login(cmdsn=WRAP - 1)
    pdu, task = tur(session, cmdsn=0)
    session.send(pdu)
    session.cmdsn = 1
    response = session.tmf(Tmf.ABORT_TASK, rtt=0x5555, refcmdsn=WRAP - 1)
    tap.equal(response, Tmf.COMPLETE, "response to ABORT TASK")
    session.wait(task)
    tap.equal(session.connection.numbers.expcmdsn, 1, "ExpCmdSN")
    session.clear_attention()
    ignored(session, *tur(session, cmdsn=WRAP - 1))


def test_abort_of_a_command_outside_the_window(e):
    session = e.ready()
    response = session.tmf(Tmf.ABORT_TASK, rtt=0x5555, refcmdsn=plus(session.cmdsn, -1))
    tap.equal(response, Tmf.NO_TASK, "response to ABORT TASK")
    scsi.expect_good(session.test_unit_ready())


def test_abort_of_a_held_command(e):
    session = e.ready()
    first = session.cmdsn
    pdu, held = tur(session, cmdsn=plus(first, 1))
    session.send(pdu)
    session.cmdsn = plus(first, 2)
    response = session.tmf(Tmf.ABORT_TASK, task=held, refcmdsn=plus(first, 1))
    tap.equal(response, Tmf.COMPLETE, "response to ABORT TASK")
    filler, task = tur(session, cmdsn=first)
    session.send(filler)
    scsi.expect_good(session.wait(task))
    scsi.expect_good(session.test_unit_ready())
    tap.true(held.result is None, "the aborted command was answered")


# Wrap ---------------------------------------------------------------------------------------


@tap.cases(at_end=WRAP - 1, near_end=WRAP - 3, at_zero=0, half_way=(1 << 31) - 2)
def test_wrap(e, start):
    session = e.ready(cmdsn=start)
    for _ in range(8):
        scsi.expect_good(session.test_unit_ready())
    session.read(0, 8)


def test_wrap_with_commands_in_reverse_order(e):
    session = e.login(cmdsn=WRAP - 4)
    pairs = [tur(session, cmdsn=plus(WRAP - 4, i)) for i in range(8)]
    session.send(*[pdu for pdu, _ in reversed(pairs)])
    session.wait_all([task for _, task in pairs])
    session.cmdsn = 4
    scsi.expect_good(session.test_unit_ready())


def test_wrap_below_window(e):
    session = e.ready(cmdsn=0)
    ignored(session, *tur(session, cmdsn=WRAP - 1))


def test_login_cmdsn_starts_the_session(e):
    session = e.login(cmdsn=4711)
    tap.equal(session.connection.numbers.expcmdsn, 4711, "ExpCmdSN after the login")
    session.ping()
    tap.equal(session.connection.numbers.expcmdsn, 4711, "ExpCmdSN after an immediate request")
    session.test_unit_ready()
    tap.equal(session.connection.numbers.expcmdsn, 4712, "ExpCmdSN after a command")


# The window ---------------------------------------------------------------------------------


def test_window_is_wide(e):
    session = e.ready()
    session.ping()
    numbers = session.connection.numbers
    width = (numbers.maxcmdsn - numbers.expcmdsn) % WRAP + 1
    tap.true(width >= LEAST_WINDOW, f"the window has {width} commands")


def test_window_full_of_slow_commands(e):
    """As many commands as the window allows; one more is ignored; all of them are done."""
    session = e.ready()
    session.ping()
    room = (session.connection.numbers.maxcmdsn - session.cmdsn) % WRAP + 1
    tasks = [session.start(scsi.read10(i % 64, 1), read=512, lun=env.SLOW) for i in range(room)]
    session.ping()
    limit = session.connection.numbers.maxcmdsn
    extra, task = tur(session, cmdsn=plus(limit, 1))
    session.send(extra)
    session.ping()
    for result in session.wait_all(tasks, timeout=10):
        scsi.expect_good(result)
    tap.true(task.result is None, "a command above the window was executed")
    scsi.expect_good(session.test_unit_ready())


def test_window_opens_again(e):
    session = e.ready()
    for _ in range(3):
        room = (session.connection.numbers.maxcmdsn - session.cmdsn) % WRAP + 1
        session.wait_all([session.start(scsi.TEST_UNIT_READY) for _ in range(room)])
    session.ping()
    numbers = session.connection.numbers
    width = (numbers.maxcmdsn - numbers.expcmdsn) % WRAP + 1
    tap.true(width >= LEAST_WINDOW, f"the window has {width} commands")


def test_immediate_command_with_a_full_window(e):
    session = e.ready()
    session.ping()
    room = (session.connection.numbers.maxcmdsn - session.cmdsn) % WRAP + 1
    tasks = [session.start(scsi.read10(0, 1), read=512, lun=env.SLOW) for _ in range(room)]
    scsi.expect_good(session.test_unit_ready(immediate=True))
    session.wait_all(tasks, timeout=10)


def test_immediate_command_does_not_use_up_a_cmdsn(e):
    session = e.ready()
    for _ in range(5):
        scsi.expect_good(session.test_unit_ready(immediate=True))
    scsi.expect_good(session.test_unit_ready())


def test_flood_of_immediate_commands(e):
    """All are done, or those too many are rejected for that reason."""
    session = e.ready()
    tasks = [session.start(scsi.read10(0, 1), read=512, lun=env.SLOW, immediate=True)
             for _ in range(400)]

    def settled():
        rejects = [p for p in session.others if p.opcode == Op.REJECT]
        return len(rejects) + sum(1 for t in tasks if t.result) == len(tasks)

    session.until(settled, "an answer to each immediate command", timeout=10)
    for reject in session.took(Op.REJECT):
        tap.equal(reject.reason, RejectReason.TOO_MANY_IMMEDIATE, "reason of the Reject")
    scsi.expect_good(session.test_unit_ready())


# StatSN -------------------------------------------------------------------------------------


@tap.cases(a_little=5, far=100000, half_way=1 << 31)
def test_acknowledgement_from_the_future(e, distance):
    session = e.ready()
    ahead = plus(session.connection.numbers.statsn, distance)
    for _ in range(3):
        scsi.expect_good(session.test_unit_ready(expstatsn=ahead))
    session.ping(expstatsn=ahead)
    scsi.expect_good(session.test_unit_ready())


def test_acknowledgement_never_comes(e):
    session = e.ready()
    for _ in range(300):
        scsi.expect_good(session.test_unit_ready(expstatsn=1))


@tap.cases(at_end=WRAP - 1, near_end=WRAP - 5, half_way=(1 << 31) - 5)
def test_statsn_wraps(e, start):
    """The initiator's first ExpStatSN is the target's first StatSN; Numbers checks each."""
    session = e.ready(statsn=start)
    for _ in range(8):
        scsi.expect_good(session.test_unit_ready())
    session.read(0, 8)
    session.ping()
    session.logout()


# Initiator task tags ------------------------------------------------------------------------


def test_tag_of_a_live_task(e):
    """RFC 7143 section 11.2.1.8: it is rejected, and the CmdSN is not used up."""
    session = e.ready()
    slow = session.start(scsi.read10(0, 8), read=4096, lun=env.SLOW)
    other = session.command_pdu(scsi.read10(64, 1), read=512, itt=slow.itt)
    due = other.cmdsn
    reject = session.reject(other)
    tap.equal(reject.reason, RejectReason.TASK_IN_PROGRESS, "reason of the Reject")
    tap.equal(reject.expcmdsn, due, "ExpCmdSN of the Reject")
    scsi.expect_good(session.wait(slow))
    tap.equal(len(slow.result.data), 4096, "data of the first command")
    scsi.expect_good(session.test_unit_ready())


def test_tag_of_a_live_write(e):
    """The same, while the first one waits for its data."""
    session = e.ready(InitialR2T="Yes", ImmediateData="No")
    data = scsi.pattern(3, 4096)
    write = session.start_write(scsi.write10(0, 8), data)
    session.wait_r2t(write)
    reject = session.reject(session.command_pdu(scsi.TEST_UNIT_READY, itt=write.itt))
    tap.equal(reject.reason, RejectReason.TASK_IN_PROGRESS, "reason of the Reject")
    scsi.expect_good(session.wait(write))
    tap.true(session.read(0, 8) == data, "the data differs")


@tap.cases(nop_out=Op.NOP_OUT, text=Op.TEXT, tmf=Op.TMF)
def test_tag_of_a_live_task_in_another_request(e, opcode):
    """It is rejected, or served since it is of another kind; the task itself is not disturbed."""
    session = e.ready()
    slow = session.start(scsi.read10(0, 8), read=4096, lun=env.SLOW)
    flags = Flag.FINAL | (Tmf.LU_RESET if opcode == Op.TMF else 0)
    session.send(session.pdu(opcode, immediate=True, flags=flags, itt=slow.itt, ttt=NO_TAG, lun=1))
    scsi.expect_good(session.wait(slow))
    session.clear_attention()


def test_command_sent_again_while_it_runs(e):
    """The very same PDU: a retry, which is ignored or rejected, and answered once."""
    session = e.ready()
    pdu = session.command_pdu(scsi.read10(0, 8), read=4096, lun=env.SLOW)
    task = session.track(pdu)
    session.send(pdu, pdu)
    scsi.expect_good(session.wait(task))
    session.listen((env.SLOW_MS + 100) / 1000)
    for reject in session.took(Op.REJECT):
        tap.equal(reject.reason, RejectReason.TASK_IN_PROGRESS, "reason of the Reject")
    scsi.expect_good(session.test_unit_ready())


def test_tag_used_again_after_the_end(e):
    session = e.ready()
    for _ in range(20):
        scsi.expect_good(session.test_unit_ready(itt=0x99))


@tap.cases(zero=0x0, high=0xFFFFFFFE, top_bit=0x80000000)
def test_tag_of_any_value(e, itt):
    session = e.ready()
    pdu = session.command_pdu(scsi.TEST_UNIT_READY)
    pdu.itt = itt
    task = session.track(pdu)
    session.send(pdu)
    scsi.expect_good(session.wait(task))


def test_reserved_tag_for_a_command(e):
    session = e.ready()
    pdu = session.command_pdu(scsi.TEST_UNIT_READY, itt=NO_TAG)
    session.send(pdu)
    pdus, closed = session.connection.drain(0.5)
    reasons = [p.reason for p in pdus if p.opcode == Op.REJECT]
    allowed = (RejectReason.INVALID_FIELD, RejectReason.PROTOCOL_ERROR)
    tap.true(closed or (len(reasons) == 1 and reasons[0] in allowed), f"answers {pdus}")
    tap.true(not any(p.opcode == Op.SCSI_RESPONSE for p in pdus), f"answers {pdus}")


def test_same_tags_in_two_sessions(e):
    first, second = e.ready(), e.ready()
    one = first.start(scsi.read10(0, 8), read=4096, lun=env.SLOW, itt=0x42)
    two = second.start(scsi.read10(0, 1), read=512, itt=0x42)
    tap.equal(len(scsi.expect_good(second.wait(two)).data), 512, "data")
    tap.equal(len(scsi.expect_good(first.wait(one)).data), 4096, "data")


def test_wrap_with_many_commands_in_flight(e):
    """A long run through the end of the number space with many commands in flight."""
    session = Session.login(e.portal, e.target, cmdsn=WRAP - 500)
    e.keep(session)
    session.clear_attention()
    for _ in range(20):
        session.wait_all([session.start(scsi.TEST_UNIT_READY) for _ in range(50)])
    tap.true(session.cmdsn < 1000, f"CmdSN {session.cmdsn}")


if __name__ == "__main__":
    sys.exit(env.main(globals()))
