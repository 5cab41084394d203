#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Task management in storms, and in a race with completions, logouts and lost connections."""

import env
import sys
import time

import scsi
from env import Op, tap
from inflight import is_complete, silent_after, slow_reads
from pdu import Flag, RejectReason
from session import Tmf


@tap.timeout(40)
def test_abort_races_completion(e):
    """At any distance from the end of the command: one answer, and none after that of the abort."""
    session = e.ready()
    for step in range(16):
        pdu = session.command_pdu(scsi.read10(0, 8), read=4096, lun=env.SLOW)
        task = session.track(pdu)
        session.send(pdu)
        time.sleep((env.SLOW_MS - 8 + step) / 1000)
        abort = session.tmf_pdu(Tmf.ABORT_TASK, lun=env.SLOW, task=task,
                                refcmdsn=session.cmdsn - 1)
        session.send(abort)
        response = session.take(Op.TMF_RESPONSE, abort.itt).response
        answered = task.result is not None
        if response == Tmf.NO_TASK:
            tap.true(answered, "no such task, but it was not answered before")
        else:
            tap.equal(response, Tmf.COMPLETE, "response of the function")
        session.ping()
        tap.equal(task.result is not None, answered, "answered after the TMF response")


def test_abort_races_completion_in_one_segment(e):
    session = e.ready()
    for _ in range(200):
        pdu = session.command_pdu(scsi.read10(0, 8), read=4096)
        task = session.track(pdu)
        abort = session.tmf_pdu(Tmf.ABORT_TASK, task=task, refcmdsn=pdu.cmdsn)
        session.send(pdu, abort)
        response = session.take(Op.TMF_RESPONSE, abort.itt).response
        tap.within(response, (Tmf.COMPLETE, Tmf.NO_TASK), "response of the function")
        answered = task.result is not None
        tap.true(answered or response == Tmf.COMPLETE, "neither answered nor aborted")
    session.ping()


def storm(session, pdus):
    """Send all of them at once; each is done, or refused since there are too many."""
    session.send(*pdus)
    session.until(lambda: len(session.others) >= len(pdus), "all responses", timeout=15)
    for reject in session.took(Op.REJECT):
        tap.equal(reject.reason, RejectReason.TOO_MANY_IMMEDIATE, "reason of the Reject")
    responses = {r.response for r in session.took(Op.TMF_RESPONSE)}
    tap.true(Tmf.COMPLETE in responses, f"responses {responses}")
    tap.true(responses <= {Tmf.COMPLETE, Tmf.REJECTED}, f"responses {responses}")
    tap.equal(session.others, [], "other answers")


@tap.timeout(40)
def test_storm_of_lu_resets(e):
    session = e.ready()
    tasks = slow_reads(session, 8)
    storm(session, [session.tmf_pdu(Tmf.LU_RESET, lun=env.SLOW) for _ in range(500)])
    silent_after(session, tasks)
    session.clear_attention(env.SLOW)


@tap.timeout(40)
def test_storm_of_lu_resets_that_are_not_immediate(e):
    session = e.ready()
    for _ in range(5):
        storm(session, [session.tmf_pdu(Tmf.LU_RESET, immediate=False) for _ in range(100)])
    session.clear_attention()


@tap.timeout(40)
def test_storm_of_all_functions_with_commands(e):
    session = e.ready()
    for _ in range(20):
        slow_reads(session, 4)
        session.send(*[session.tmf_pdu(f, lun=env.SLOW) for f in (2, 4, 5)])
        for _ in range(3):
            session.until(lambda: session.others, "a response")
            session.others.pop(0)
    session.ping()


def test_reset_and_logout_together(e):
    for _ in range(10):
        session = e.ready()
        slow_reads(session)
        reset = session.tmf_pdu(Tmf.LU_RESET, lun=env.SLOW)
        session.send(reset, session.pdu(Op.LOGOUT, flags=Flag.FINAL, cid=session.cid))
        pdus = session.connection.expect_close()
        tap.true(any(p.opcode == Op.LOGOUT_RESPONSE for p in pdus), f"answers {pdus}")


def test_reset_and_teardown_together(e):
    for _ in range(20):
        session = e.ready()
        slow_reads(session)
        session.send(session.tmf_pdu(Tmf.LU_RESET, lun=env.SLOW))
        session.connection.reset()


def test_reset_while_another_session_goes(e):
    for _ in range(10):
        session, other = e.ready(), e.ready()
        slow_reads(other)
        other.connection.reset()
        is_complete(session, Tmf.LU_RESET)
        session.clear_attention(env.SLOW)
        session.logout()


if __name__ == "__main__":
    sys.exit(env.main(globals()))
