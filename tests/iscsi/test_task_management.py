#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Task management: what each function answers, ends and leaves alone (RFC 7143 section 11.5)."""

import env
import sys

import scsi
from env import Op, tap
from inflight import LONG_ENOUGH, is_complete, r2t_write, silent_after, slow_reads
from pdu import RejectReason
from session import Tmf

RESET_ATTENTIONS = {(6, 0x29, code) for code in range(8)}
CLEARED_BY_ANOTHER = (6, 0x2F, 0x00)


# ABORT TASK ---------------------------------------------------------------------------------


def test_abort_task(e):
    session = e.ready()
    first, second, third = slow_reads(session)
    is_complete(session, Tmf.ABORT_TASK, task=second, refcmdsn=session.cmdsn - 2)
    session.wait_all([first, third])
    silent_after(session, [second])
    tap.equal(session.clear_attention(env.SLOW), [], "unit attentions of one's own abort")


def test_abort_task_without_refcmdsn(e):
    """Some initiators leave it zero; the task is known by its tag."""
    session = e.ready()
    task = slow_reads(session, 1)[0]
    is_complete(session, Tmf.ABORT_TASK, task=task)
    silent_after(session, [task])


def test_abort_task_not_immediate(e):
    session = e.ready()
    task = slow_reads(session, 1)[0]
    is_complete(session, Tmf.ABORT_TASK, task=task, refcmdsn=session.cmdsn - 1, immediate=False)
    silent_after(session, [task])
    scsi.expect_good(session.test_unit_ready())


def test_abort_unknown_task(e):
    session = e.ready()
    response = session.tmf(Tmf.ABORT_TASK, rtt=0x12345, refcmdsn=session.cmdsn - 1)
    tap.equal(response, Tmf.NO_TASK, "response of the function")


def test_abort_finished_task(e):
    session = e.ready()
    task = session.start(scsi.TEST_UNIT_READY)
    session.wait(task)
    response = session.tmf(Tmf.ABORT_TASK, task=task, refcmdsn=session.cmdsn - 1)
    tap.equal(response, Tmf.NO_TASK, "response of the function")


def test_abort_immediate_task(e):
    session = e.ready()
    task = slow_reads(session, 1, immediate=True)[0]
    is_complete(session, Tmf.ABORT_TASK, task=task, refcmdsn=session.cmdsn)
    silent_after(session, [task])


def test_abort_of_a_task_management_function(e):
    """RFC 7143 section 11.6.1: rejected, or it is over by then and does not exist."""
    session = e.ready()
    reset = session.tmf_pdu(Tmf.LU_RESET, lun=env.SLOW)
    abort = session.tmf_pdu(Tmf.ABORT_TASK, lun=env.SLOW, rtt=reset.itt, refcmdsn=session.cmdsn)
    session.send(reset, abort)
    session.take(Op.TMF_RESPONSE, reset.itt)
    response = session.take(Op.TMF_RESPONSE, abort.itt).response
    tap.within(response, (Tmf.REJECTED, Tmf.NO_TASK), "response of the function")


def test_abort_with_wrong_lun(e):
    session = e.ready()
    task = slow_reads(session, 1)[0]
    response = session.tmf(Tmf.ABORT_TASK, lun=env.DISK, task=task, refcmdsn=session.cmdsn - 1)
    tap.within(response, (Tmf.NO_TASK, Tmf.NO_LUN, Tmf.REJECTED), "response of the function")
    scsi.expect_good(session.wait(task))


def test_abort_task_of_another_session(e):
    owner, other = e.ready(), e.ready()
    task = slow_reads(owner, 1)[0]
    response = other.tmf(Tmf.ABORT_TASK, lun=env.SLOW, task=task, refcmdsn=other.cmdsn - 1)
    tap.equal(response, Tmf.NO_TASK, "response of the function")
    scsi.expect_good(owner.wait(task))


def test_abort_write_that_waits_for_data(e):
    session = e.ready(InitialR2T="Yes", ImmediateData="No")
    task = r2t_write(session)
    abort = session.send(session.tmf_pdu(Tmf.ABORT_TASK, lun=env.SLOW, task=task,
                                         refcmdsn=session.cmdsn - 1))
    session.answer_r2t(task)
    response = session.take(Op.TMF_RESPONSE, abort.itt)
    tap.equal(response.response, Tmf.COMPLETE, "response of the function")
    silent_after(session, [task])
    scsi.expect_good(session.test_unit_ready())


def test_abort_twice(e):
    session = e.ready()
    task = slow_reads(session, 1)[0]
    fields = {"lun": env.SLOW, "task": task, "refcmdsn": session.cmdsn - 1}
    aborts = [session.tmf_pdu(Tmf.ABORT_TASK, **fields) for _ in range(2)]
    session.send(*aborts)
    responses = [session.take(Op.TMF_RESPONSE, a.itt).response for a in aborts]
    tap.equal(responses[0], Tmf.COMPLETE, "first response")
    tap.within(responses[1], (Tmf.COMPLETE, Tmf.NO_TASK, Tmf.REJECTED), "second response")
    silent_after(session, [task])


def test_abort_of_a_read_that_is_partly_sent(e):
    """It ends without status, and that is what the function has done: it is no task that is not."""
    session = e.ready(MaxRecvDataSegmentLength="512", receive_buffer=4096)
    task = session.start(scsi.read10(0, 8192), read=8192 * 512)
    session.until(lambda: task.data, "the first Data-In")
    is_complete(session, Tmf.ABORT_TASK, lun=env.DISK, task=task, refcmdsn=session.cmdsn - 1)
    tap.true(len(task.data) < 8192 * 512, "all of the data came: nothing was left to be aborted")
    session.listen(0.2)
    tap.true(task.result is None, f"the aborted task was answered: {task}")
    scsi.expect_good(session.test_unit_ready())


def test_late_data_of_many_aborted_tasks(e):
    """RFC 7143 section 10.7: it is discarded, however many tasks there were."""
    session = e.ready(InitialR2T="Yes", ImmediateData="No")
    tasks = [r2t_write(session) for _ in range(40)]
    for task in tasks:
        is_complete(session, Tmf.ABORT_TASK, task=task)
    for task in tasks:
        session.answer_r2t(task)
    silent_after(session, tasks)
    tap.equal(session.others, [], "answers to data of aborted tasks")
    scsi.expect_good(session.test_unit_ready())


def early_write(session):
    """A write one ahead of the CmdSN that is due; its unsolicited data is still to come."""
    pdu = session.command_pdu(scsi.write10(0, 8), write=4096, final=False,
                              cmdsn=session.cmdsn + 1)
    return pdu, session.track(pdu, bytes(4096))


def discarded(session, task):
    """Data of this task comes late; nothing comes of it."""
    session.send(*session.data_out(task, 0, 4096, segment=2048))
    session.listen(0.2)
    tap.equal(session.others, [], "answers to data of an aborted task")
    tap.true(task.result is None, f"the aborted task was answered: {task}")


def test_late_data_of_an_aborted_held_task(e):
    """It was aborted while it waited for its CmdSN."""
    session = e.ready(ImmediateData="No")
    pdu, task = early_write(session)
    session.send(pdu)
    is_complete(session, Tmf.ABORT_TASK, lun=env.DISK, task=task, refcmdsn=pdu.cmdsn)
    discarded(session, task)
    scsi.expect_good(session.test_unit_ready())
    session.cmdsn += 1
    scsi.expect_good(session.test_unit_ready())


def test_late_data_of_a_task_that_was_aborted_before_it_came(e):
    """Its CmdSN counts as received: the command is ignored when it comes, and so is its data."""
    session = e.ready(ImmediateData="No")
    pdu, task = early_write(session)
    is_complete(session, Tmf.ABORT_TASK, lun=env.DISK, task=task, refcmdsn=pdu.cmdsn,
                cmdsn=session.cmdsn + 2)
    session.send(pdu)
    discarded(session, task)
    scsi.expect_good(session.test_unit_ready())
    session.cmdsn += 1
    scsi.expect_good(session.test_unit_ready())


# Task sets and resets -----------------------------------------------------------------------


def test_abort_task_set(e):
    session, other = e.ready(), e.ready()
    mine, theirs = slow_reads(session), slow_reads(other)
    is_complete(session, Tmf.ABORT_TASK_SET)
    silent_after(session, mine)
    for result in other.wait_all(theirs):
        scsi.expect_good(result)
    tap.equal(session.clear_attention(env.SLOW), [], "unit attentions of one's own abort")


def test_abort_task_set_with_writes(e):
    """Outstanding R2Ts may still be answered (RFC 7143 section 4.2.3.3)."""
    session = e.ready(InitialR2T="Yes", ImmediateData="No")
    tasks = [r2t_write(session) for _ in range(3)]
    abort = session.send(session.tmf_pdu(Tmf.ABORT_TASK_SET, lun=env.SLOW))
    for task in tasks:
        session.answer_r2t(task)
    response = session.take(Op.TMF_RESPONSE, abort.itt).response
    tap.equal(response, Tmf.COMPLETE, "response of the function")
    silent_after(session, tasks)


def test_abort_task_set_when_empty(e):
    is_complete(e.ready(), Tmf.ABORT_TASK_SET)


def others_were_cleared(other, tasks, attentions):
    """Tasks of another nexus: no answer and a unit attention, or TASK ABORTED."""
    other.listen(LONG_ENOUGH)
    statuses = {t.result.status for t in tasks if t.result}
    tap.true(statuses <= {scsi.TASK_ABORTED}, f"statuses {statuses} of cleared tasks")
    seen = other.clear_attention(env.SLOW)
    if not statuses:
        tap.true(set(seen) & attentions, f"unit attentions {seen}")


def test_clear_task_set(e):
    session, other = e.ready(), e.ready()
    mine, theirs = slow_reads(session), slow_reads(other)
    other.ping()
    is_complete(session, Tmf.CLEAR_TASK_SET)
    silent_after(session, mine)
    others_were_cleared(other, theirs, {CLEARED_BY_ANOTHER})


def test_lu_reset(e):
    session = e.ready()
    tasks = slow_reads(session)
    is_complete(session, Tmf.LU_RESET)
    silent_after(session, tasks)
    seen = session.clear_attention(env.SLOW)
    tap.true(set(seen) & RESET_ATTENTIONS, f"unit attentions {seen}")


def test_lu_reset_tells_all_nexuses(e):
    session, other, third = e.ready(), e.ready(), e.ready()
    theirs = slow_reads(other)
    other.ping()
    is_complete(session, Tmf.LU_RESET)
    others_were_cleared(other, theirs, RESET_ATTENTIONS)
    seen = third.clear_attention(env.SLOW)
    tap.true(set(seen) & RESET_ATTENTIONS, f"unit attentions {seen} of an idle nexus")


def test_lu_reset_while_another_session_owes_data(e):
    """It does not wait for ever for data that another initiator owes, which is late then."""
    session, other = e.ready(), e.ready(InitialR2T="Yes", ImmediateData="No")
    task = r2t_write(other)
    is_complete(session, Tmf.LU_RESET, timeout=10)
    other.answer_r2t(task)
    others_were_cleared(other, [task], RESET_ATTENTIONS)
    tap.equal(other.others, [], "answers to data of a cleared task")
    other.write(0, scsi.pattern(1, 65536), lun=env.SLOW)


def test_lu_reset_is_for_one_lu(e):
    session = e.ready()
    tasks = slow_reads(session)
    is_complete(session, Tmf.LU_RESET, lun=env.DISK)
    for result in session.wait_all(tasks):
        scsi.expect_good(result)


def test_lu_reset_during_writes(e):
    session = e.ready(InitialR2T="Yes", ImmediateData="No")
    tasks = [r2t_write(session) for _ in range(4)]
    reset = session.send(session.tmf_pdu(Tmf.LU_RESET, lun=env.SLOW))
    for task in tasks:
        session.answer_r2t(task, segment=4096)
    response = session.take(Op.TMF_RESPONSE, reset.itt).response
    tap.equal(response, Tmf.COMPLETE, "response of the function")
    silent_after(session, tasks)
    session.clear_attention(env.SLOW)
    session.write(0, scsi.pattern(1, 65536), lun=env.SLOW)


def test_lu_reset_releases_a_reservation(e):
    session, other = e.ready(), e.ready()
    scsi.expect_good(session.execute(scsi.reserve6()))
    tap.equal(other.execute(scsi.read10(0, 1), read=512).status, 0x18, "status")
    is_complete(other, Tmf.LU_RESET, lun=env.DISK)
    other.clear_attention()
    other.read(0, 1)


def test_held_command_of_a_reset_lu(e):
    """It waits for a CmdSN while its LU is reset; it must end one way or the other."""
    session = e.ready()
    first = session.cmdsn
    held = session.command_pdu(scsi.TEST_UNIT_READY, cmdsn=first + 1)
    task = session.track(held)
    session.send(held)
    is_complete(session, Tmf.LU_RESET, lun=env.DISK)
    filler = session.command_pdu(scsi.TEST_UNIT_READY, lun=env.SLOW, cmdsn=first)
    session.track(filler)
    session.send(filler)
    session.listen(0.2)
    session.cmdsn = first + 2
    session.clear_attention()
    tap.true(task.result is None or task.result.status != scsi.BUSY, f"{task}")


def test_held_command_of_an_absent_lun(e):
    """A function of that LUN ends nothing: the command is answered in its turn."""
    session = e.ready()
    first = session.command_pdu(scsi.TEST_UNIT_READY)
    held = session.command_pdu(scsi.TEST_UNIT_READY, lun=77)
    tasks = [session.track(pdu) for pdu in (first, held)]
    session.send(held)
    tap.equal(session.tmf(Tmf.LU_RESET, lun=77), Tmf.NO_LUN, "response of the function")
    session.send(first)
    session.wait_all(tasks)
    scsi.expect_check_condition(tasks[1].result, (scsi.ILLEGAL_REQUEST, 0x25, 0x00))


@tap.cases(abort_task_set=Tmf.ABORT_TASK_SET, clear_task_set=Tmf.CLEAR_TASK_SET,
           lu_reset=Tmf.LU_RESET)
def test_absent_lun(e, function):
    tap.equal(e.ready().tmf(function, lun=77), Tmf.NO_LUN, "response of the function")


def test_target_warm_reset(e):
    """All LUs of the target are reset, or the function is not there or not allowed."""
    session = e.ready()
    tasks = slow_reads(session)
    response = session.tmf(Tmf.TARGET_WARM_RESET, lun=0)
    tap.within(response, (Tmf.COMPLETE, Tmf.NOT_SUPPORTED, Tmf.NOT_AUTHORIZED), "response")
    if response == Tmf.COMPLETE:
        silent_after(session, tasks)
        for lun in (env.DISK, env.SLOW):
            seen = session.clear_attention(lun)
            tap.true(set(seen) & RESET_ATTENTIONS, f"unit attentions {seen} of LUN {lun}")
    else:
        session.wait_all(tasks)


def cold_reset(session):
    """Send it; the response, or None if the connection closed without one."""
    reset = session.send(session.tmf_pdu(Tmf.TARGET_COLD_RESET, lun=0))
    pdus, closed = session.connection.drain(1.0)
    responses = [p.response for p in pdus if p.opcode == Op.TMF_RESPONSE and p.itt == reset.itt]
    return (responses or [None])[0], closed


def test_target_cold_reset(e):
    """Every connection of the target ends, or the function is not there or not allowed."""
    session, other = e.ready(), e.ready()
    response, closed = cold_reset(session)
    if response in (Tmf.NOT_SUPPORTED, Tmf.NOT_AUTHORIZED):
        other.ping()
        return
    tap.within(response, (Tmf.COMPLETE, None), "response of the function")
    tap.true(closed, "the connection is still open")
    other.connection.expect_close()


def test_cold_resets_from_two_sessions(e):
    sessions = [e.ready(), e.ready()]
    for session in sessions:
        slow_reads(session)
    for session in sessions:
        session.connection.try_send(session.tmf_pdu(Tmf.TARGET_COLD_RESET, lun=0))
    for session in sessions:
        session.connection.drain(0.5)


# Functions that are not there ---------------------------------------------------------------


def test_clear_aca(e):
    """Without ACA there is nothing to clear, or no such function."""
    response = e.ready().tmf(Tmf.CLEAR_ACA)
    tap.within(response, (Tmf.NOT_SUPPORTED, Tmf.COMPLETE), "response of the function")


def test_task_reassign(e):
    """RFC 7143 section 11.6.1: not without error recovery level 2."""
    session = e.ready()
    task = slow_reads(session, 1)[0]
    response = session.tmf(Tmf.TASK_REASSIGN, lun=env.SLOW, task=task, refcmdsn=session.cmdsn - 1)
    tap.equal(response, Tmf.NO_REASSIGNMENT, "response of the function")
    scsi.expect_good(session.wait(task))


@tap.cases(zero=0, rfc7144_query_task=9, rfc7144_query_task_set=10, rfc7144_nexus_reset=11,
           rfc7144_query_event=12, unknown=13, last=127)
def test_unknown_function(e, function):
    session = e.ready()
    pdu = session.send(session.tmf_pdu(function))
    session.until(lambda: session.others, "an answer")
    answer = session.others.pop(0)
    if answer.opcode == Op.REJECT:
        tap.within(answer.reason, (RejectReason.NOT_SUPPORTED, RejectReason.INVALID_FIELD,
                                   RejectReason.PROTOCOL_ERROR), "reason of the Reject")
    else:
        tap.equal((answer.opcode, answer.itt), (Op.TMF_RESPONSE, pdu.itt), "answer")
        tap.within(answer.response, (Tmf.NOT_SUPPORTED, Tmf.REJECTED), "response")
    scsi.expect_good(session.test_unit_ready())


if __name__ == "__main__":
    sys.exit(env.main(globals()))
