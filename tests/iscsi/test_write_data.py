#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Data-Out and immediate data that is wrong: refused, and never written beside its place.

A wrong Data-Out is rejected, or its command fails once all its data is there; the connection lives
in both cases (RFC 7143 sections 7.9, 7.13 and 11.4.7.2).
"""

import env
import sys

import scsi
from env import Op, tap
from pdu import NO_TAG, RejectReason
from session import Tmf

BLOCKS = 32
LENGTH = BLOCKS * scsi.BLOCK
LBA = 1000
HALF = LENGTH // 2
OLD, NEW = scsi.pattern(0xAAAA, LENGTH), scsi.pattern(0x5555, LENGTH)
AROUND = scsi.pattern(0xEEEE, LENGTH)
SOLICITED = {"InitialR2T": "Yes", "ImmediateData": "No"}
REASONS = (RejectReason.INVALID_FIELD, RejectReason.PROTOCOL_ERROR)


class Write:
    """A write whose data is asked for by R2T, between blocks that must stay as they are."""

    def __init__(self, e, **offer):
        self.session = e.ready(**{**SOLICITED, "MaxOutstandingR2T": "1", **offer})
        for place, data in ((-1, AROUND), (0, OLD), (1, AROUND)):
            self.session.write(LBA + place * BLOCKS, data)
        self.task = self.session.start_write(scsi.write10(LBA, BLOCKS), NEW)
        self.r2t = self.session.wait_r2t(self.task)
        self.ttt = self.r2t.ttt
        tap.equal((self.r2t.offset, self.r2t.length), (0, LENGTH), "offset and length of the R2T")

    def data(self, offset=0, length=LENGTH, **fields):
        """One Data-Out of this write, right but for the fields given."""
        data = (NEW + NEW)[offset % LENGTH : offset % LENGTH + length]
        fields = {"ttt": self.ttt, **fields}
        return self.session.one_data_out(self.task, offset, data, **fields)

    def pieces(self, size=4096, **changes):
        """All of the data in right order; changes: datasn of the pieces, as a list."""
        numbers = changes.get("datasn", range(LENGTH // size))
        return [self.data(i * size, size, datasn=sn, final=(i + 1) * size == LENGTH)
                for i, sn in enumerate(numbers)]

    def forget_r2t(self):
        """What comes next may be an R2T for the same data once more."""
        self.task.r2ts.clear()
        self.task.r2t_end = None

    def settle(self):
        """Collect all that is answered; (reasons of Rejects, result or None)."""
        self.session.ping()
        self.session.listen(0.1)
        return [p.reason for p in self.session.took(Op.REJECT)], self.task.result

    def verify(self, *contents):
        """The connection works, the neighbours are as before, and the blocks hold one of these."""
        for place in (-1, 1):
            tap.true(self.session.read(LBA + place * BLOCKS, BLOCKS) == AROUND,
                     f"the blocks {'before' if place < 0 else 'behind'} were overwritten")
        tap.true(self.session.read(LBA, BLOCKS) in contents, "the blocks hold something else")

    def refused(self, *wrong):
        """Send wrong Data-Outs, then the right data: a Reject, or the command fails.

        A task whose data cannot be completed any more after a Reject is for the initiator to abort.
        """
        self.session.send(*wrong)
        self.session.ping()
        if self.task.result is None:
            self.session.send(*self.pieces())
        rejects, result = self.settle()
        for reason in rejects:
            tap.within(reason, REASONS, "reason of the Reject")
        if result is None:
            tap.true(rejects, "neither a Reject nor a response")
            self.abort()
        elif result.status == scsi.GOOD:
            tap.true(rejects, "wrong data was taken without a word")
            self.verify(NEW)
        else:
            scsi.expect_check_condition(result, *scsi.WRITE_ERRORS)
            self.verify_half_done()
        scsi.expect_good(self.session.test_unit_ready())

    def abort(self):
        refcmdsn = self.session.cmdsn - 1
        response = self.session.tmf(Tmf.ABORT_TASK, task=self.task, refcmdsn=refcmdsn)
        tap.equal(response, Tmf.COMPLETE, "response to ABORT TASK")
        self.verify_half_done()

    def verify_half_done(self):
        """A failed write may have changed its own blocks, but none else."""
        self.verify(self.session.read(LBA, BLOCKS))


# Tags and LUN -------------------------------------------------------------------------------


def test_wrong_ttt(e):
    write = Write(e)
    write.refused(write.data(ttt=write.ttt + 1))


def test_reserved_ttt_in_answer_to_r2t(e):
    write = Write(e)
    write.refused(write.data(ttt=NO_TAG))


def test_wrong_itt(e):
    write = Write(e)
    write.refused(write.data(itt=0xBAD))


def test_wrong_lun(e):
    write = Write(e)
    write.refused(write.data(lun=env.SLOW))


def test_ttt_of_another_task(e):
    write = Write(e)
    other = write.session.start_write(scsi.write10(0, BLOCKS), NEW)
    r2t = write.session.wait_r2t(other)
    write.refused(write.data(ttt=r2t.ttt))
    scsi.expect_good(write.session.wait(other))


def test_itt_of_a_read(e):
    write = Write(e)
    read = write.session.start(scsi.read10(0, 8), read=4096, lun=env.SLOW)
    write.refused(write.data(itt=read.itt))
    scsi.expect_good(write.session.wait(read))


# Offset and length --------------------------------------------------------------------------


OUTSIDE = {
    "one_block_behind": (LENGTH, 512),
    "ends_one_block_behind": (512, LENGTH),
    "far_behind": (1 << 20, 512),
    "half_of_the_number_space": (1 << 31, 512),
    "end_of_the_number_space": ((1 << 32) - 512, 512),
    "wraps": ((1 << 32) - 512, 1024),
    "wraps_with_a_long_segment": ((1 << 32) - HALF, LENGTH),
    "starts_too_late": (512, 512),
}


@tap.cases(**OUTSIDE)
def test_offset(e, offset, length):
    write = Write(e)
    write.refused(write.data(offset, length))


def test_longer_than_r2t(e):
    """Twice as much as was asked for, in one PDU."""
    write = Write(e)
    write.refused(write.data(0, 2 * LENGTH))


def test_a_little_longer_than_r2t(e):
    write = Write(e)
    write.refused(write.data(0, LENGTH + 4))


def test_longer_than_r2t_in_many_pieces(e):
    """The right data without an F bit, and on and on behind it."""
    write = Write(e)
    pieces = [write.data(i * 4096, 4096, datasn=i, final=False) for i in range(16)]
    write.refused(*pieces)


def test_longest_segment(e):
    """As long a PDU as the target declared to take."""
    write = Write(e)
    length = write.session.limits["target_mrdsl"]
    pdu = write.session.one_data_out(write.task, 0, bytes(length), ttt=write.ttt)
    write.refused(pdu)


def test_overlap(e):
    write = Write(e)
    first = write.data(0, HALF, final=False)
    write.refused(first, write.data(0, HALF, datasn=1), write.data(HALF, HALF, datasn=2))


def test_gap(e):
    write = Write(e)
    write.refused(write.data(0, 4096, final=False), write.data(8192, LENGTH - 8192, datasn=1))


def test_backwards(e):
    write = Write(e)
    write.refused(write.data(HALF, HALF, final=False), write.data(0, HALF, datasn=1))


def test_ends_early(e):
    """F before all the data that the R2T asked for has come."""
    write = Write(e)
    session = write.session
    session.send(write.data(0, HALF))
    write.forget_r2t()
    session.ping()
    session.listen(0.1)
    if write.task.r2ts:  # the target asks for the rest, as it may
        scsi.expect_good(session.wait(write.task))
        write.verify(NEW)
        return
    rejects, result = [p.reason for p in session.took(Op.REJECT)], write.task.result
    if result is None:
        tap.true(rejects, "neither an R2T, nor a Reject, nor a response")
        session.send(write.data(HALF, HALF, datasn=1))
        _, result = write.settle()
    tap.true(result is not None, "the write never ends")
    if result.status == scsi.CHECK_CONDITION:
        scsi.expect_check_condition(result, *scsi.WRITE_ERRORS)
    write.verify_half_done()


def test_never_ends(e):
    """All the data, but no F: the write is done, fails, or waits for one."""
    write = Write(e)
    write.session.send(write.data(0, LENGTH, final=False))
    _, result = write.settle()
    if result is None:
        write.session.send(write.data(LENGTH, 0, datasn=1))
        _, result = write.settle()
    tap.true(result is not None, "the write never ends")
    write.verify(NEW, OLD)


# DataSN -------------------------------------------------------------------------------------


NUMBERINGS = {
    "twice": [0, 1, 1, 2],
    "jump": [0, 1, 3, 4],
    "starts_at_one": [1, 2, 3, 4],
    "backwards": [3, 2, 1, 0],
    "wild": [0, 1, 0x7FFFFFFF, 2],
    "all_ones": [0, 1, 2, 0xFFFFFFFF],
}


@tap.cases(**{name: (numbers,) for name, numbers in NUMBERINGS.items()})
def test_datasn(e, numbers):
    """RFC 7143 section 7.9: a lost PDU.  The command fails after its last data."""
    write = Write(e)
    write.session.send(*write.pieces(datasn=numbers))
    rejects, result = write.settle()
    for reason in rejects:
        tap.within(reason, (*REASONS, RejectReason.DATA_DIGEST), "reason of the Reject")
    scsi.expect_check_condition(result, scsi.CRC_ERROR)
    write.verify_half_done()


def test_datasn_wrong_in_unsolicited_data(e):
    session = e.ready(InitialR2T="No", ImmediateData="No")
    command = session.command_pdu(scsi.write10(LBA, BLOCKS), write=LENGTH, final=False)
    task = session.track(command, NEW)
    pieces = [session.one_data_out(task, i * 4096, NEW[i * 4096 : (i + 1) * 4096], datasn=sn,
                                   final=i == 3) for i, sn in enumerate((0, 2, 3, 4))]
    session.send(command, *pieces)
    scsi.expect_check_condition(session.wait(task), scsi.CRC_ERROR)
    scsi.expect_good(session.test_unit_ready())


# Zero length --------------------------------------------------------------------------------


def test_empty_before_the_data(e):
    """RFC 7143 section 11.7.7: a Data-Out may be empty."""
    write = Write(e)
    pieces = write.pieces(datasn=[1, 2, 3, 4])
    write.session.send(write.data(0, 0, datasn=0, final=False), *pieces)
    _, result = write.settle()
    scsi.expect_good(result)
    write.verify(NEW)


def test_empty_behind_the_data(e):
    write = Write(e)
    write.session.send(write.data(0, LENGTH, final=False), write.data(LENGTH, 0, datasn=1))
    _, result = write.settle()
    scsi.expect_good(result)
    write.verify(NEW)


def test_nothing_but_an_empty_one(e):
    """An R2T answered by nothing with F: the same as an early end."""
    write = Write(e)
    write.session.send(write.data(0, 0))
    write.forget_r2t()
    rejects, result = write.settle()
    tap.true(rejects or result or write.task.r2ts, "it was taken without a word")
    if write.task.r2ts:
        result = scsi.expect_good(write.session.wait(write.task))
    elif result is None:
        write.session.send(write.data(0, LENGTH, datasn=1))
        _, result = write.settle()
    tap.true(result is not None, "the write never ends")
    write.verify_half_done()


def test_many_empty_ones(e):
    write = Write(e)
    empty = [write.data(0, 0, datasn=i, final=False) for i in range(1000)]
    write.session.send(*empty, write.data(0, LENGTH, datasn=1000))
    write.settle()
    tap.true(write.task.result is not None, "the write never ends")
    write.verify_half_done()


def test_empty_unsolicited(e):
    """F=0 on the command, an empty Data-Out with F, and then an R2T for all."""
    session = e.ready(InitialR2T="No", ImmediateData="Yes")
    command = session.command_pdu(scsi.write10(LBA, BLOCKS), write=LENGTH, final=False)
    task = session.track(command, NEW)
    session.send(command, session.one_data_out(task, 0, b""))
    scsi.expect_good(session.wait(task))
    tap.true(session.read(LBA, BLOCKS) == NEW, "the data differs")


# After the end of the task ------------------------------------------------------------------


def absorbed(session, *pdus):
    """Data of a task that is no more: discarded, with or without a Reject."""
    session.send(*pdus)
    session.ping()
    for reject in session.took(Op.REJECT):
        tap.within(reject.reason, REASONS, "reason of the Reject")
    scsi.expect_good(session.test_unit_ready())


def test_data_after_the_response(e):
    write = Write(e)
    write.session.send(write.data())
    _, result = write.settle()
    scsi.expect_good(result)
    write.session.write(LBA, OLD)
    absorbed(write.session, write.data())
    write.verify(OLD)


def test_data_after_abort(e):
    """The task is aborted while its R2T is open; the data comes all the same, and is dropped."""
    write = Write(e)
    abort = write.session.tmf_pdu(Tmf.ABORT_TASK, task=write.task,
                                  refcmdsn=write.session.cmdsn - 1)
    write.session.send(abort)
    write.session.listen(0.2)
    write.session.send(write.data())
    response = write.session.take(Op.TMF_RESPONSE, abort.itt)
    tap.equal(response.response, Tmf.COMPLETE, "response to ABORT TASK")
    absorbed(write.session, write.data())
    tap.true(write.task.result is None, "the aborted task was answered")
    write.verify(OLD)


def test_data_after_lu_reset(e):
    write = Write(e)
    reset = write.session.send(write.session.tmf_pdu(Tmf.LU_RESET))
    write.session.listen(0.2)
    write.session.send(write.data())
    response = write.session.take(Op.TMF_RESPONSE, reset.itt)
    tap.equal(response.response, Tmf.COMPLETE, "response to LU RESET")
    write.session.clear_attention()
    tap.true(write.task.result is None, "the aborted task was answered")
    write.verify(OLD)


def test_data_of_no_task(e):
    session = e.ready()
    task = session.track(session.command_pdu(scsi.write10(0, 1), write=512, immediate=True))
    for ttt in (NO_TAG, 0, 1, 0x12345678):
        session.send(session.one_data_out(task, 0, bytes(512), ttt=ttt, itt=0xDEAD))
        reject = session.take(Op.REJECT)
        tap.within(reject.reason, REASONS, "reason of the Reject")
    scsi.expect_good(session.test_unit_ready())


if __name__ == "__main__":
    sys.exit(env.main(globals()))
