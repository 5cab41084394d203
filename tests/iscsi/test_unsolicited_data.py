#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Immediate and unsolicited data where it is not allowed, or more than is allowed.

Such a command is rejected, or fails with the sense codes of RFC 7143 section 11.4.7.2 once its data
has come; the connection lives.
"""

import env
import sys

import scsi
from env import Op, tap
from pdu import RejectReason

BLOCKS = 32
LENGTH = BLOCKS * scsi.BLOCK
LBA = 2000
OLD, NEW = scsi.pattern(0x1111, LENGTH), scsi.pattern(0x2222, LENGTH)
REASONS = (RejectReason.INVALID_FIELD, RejectReason.PROTOCOL_ERROR)
FIRST_BURST = 4096


def prepared(e, **offer):
    session = e.ready(**offer)
    session.write(LBA, OLD)
    session.write(LBA + BLOCKS, OLD)
    return session


def refused(session, command, *data):
    """Send a command with its data; it must fail, and its neighbours stay as they are."""
    task = session.tasks.get(command.itt) or session.track(command, NEW)
    session.send(command, *data)
    session.ping()
    session.listen(0.1)
    rejects = session.took(Op.REJECT)
    for reject in rejects:
        tap.within(reject.reason, REASONS, "reason of the Reject")
    if task.result:
        scsi.expect_check_condition(task.result, *scsi.WRITE_ERRORS)
    else:
        tap.true(rejects, "the command was neither rejected nor ended")
        session.cmdsn = session.connection.numbers.expcmdsn
    tap.true(session.read(LBA + BLOCKS, BLOCKS) == OLD, "blocks behind the write were changed")
    scsi.expect_good(session.test_unit_ready())


def write_command(session, length=LENGTH, **fields):
    return session.command_pdu(scsi.write10(LBA, length // 512), write=length, **fields)


def test_immediate_data_where_forbidden(e):
    session = prepared(e, ImmediateData="No")
    refused(session, write_command(session, 512, data=NEW[:512]))


def test_immediate_data_where_forbidden_with_unsolicited_allowed(e):
    session = prepared(e, ImmediateData="No", InitialR2T="No")
    refused(session, write_command(session, 4096, data=NEW[:512]))


def test_unsolicited_data_where_forbidden(e):
    session = prepared(e, InitialR2T="Yes", ImmediateData="No")
    command = write_command(session, final=False)
    task = session.track(command, NEW)
    refused(session, command, *session.data_out(task, 0, 4096))


def test_unsolicited_data_behind_immediate_where_forbidden(e):
    session = prepared(e, InitialR2T="Yes", ImmediateData="Yes")
    command = write_command(session, data=NEW[:512], final=False)
    task = session.track(command, NEW)
    refused(session, command, *session.data_out(task, 512, 4096))


def test_immediate_data_over_first_burst(e):
    session = prepared(e, FirstBurstLength=str(FIRST_BURST))
    refused(session, write_command(session, data=NEW[: FIRST_BURST + 512]))


def test_immediate_data_of_a_first_burst(e):
    session = prepared(e, FirstBurstLength=str(FIRST_BURST))
    task = session.start_write(scsi.write10(LBA, BLOCKS), NEW, immediate_data=FIRST_BURST)
    scsi.expect_good(session.wait(task))
    tap.true(session.read(LBA, BLOCKS) == NEW, "the data differs")


def test_unsolicited_data_over_first_burst(e):
    session = prepared(e, FirstBurstLength=str(FIRST_BURST), ImmediateData="No")
    command = write_command(session, final=False)
    task = session.track(command, NEW)
    refused(session, command, *session.data_out(task, 0, FIRST_BURST + 512, segment=1024))


def test_unsolicited_data_over_first_burst_in_one_pdu(e):
    session = prepared(e, FirstBurstLength=str(FIRST_BURST), ImmediateData="No")
    command = write_command(session, final=False)
    task = session.track(command, NEW)
    refused(session, command, *session.data_out(task, 0, LENGTH))


def test_both_together_over_first_burst(e):
    session = prepared(e, FirstBurstLength=str(FIRST_BURST))
    command = write_command(session, data=NEW[:2048], final=False)
    task = session.track(command, NEW)
    refused(session, command, *session.data_out(task, 2048, FIRST_BURST))


@tap.cases(with_immediate=512, without=0)
def test_first_burst_is_not_filled(e, immediate):
    """RFC 7143 section 11.4.7.2: unsolicited data of a longer transfer fills the burst."""
    session = prepared(e, FirstBurstLength=str(FIRST_BURST))
    command = write_command(session, data=NEW[:immediate], final=False)
    task = session.track(command, NEW)
    refused(session, command, *session.data_out(task, immediate, FIRST_BURST - immediate - 512))
    scsi.expect_check_condition(task.result, scsi.INCORRECT_AMOUNT)
    tap.true(session.read(LBA, BLOCKS) == OLD, "some of the data was written")


@tap.cases(twice=1024, four_times=2048, a_little=516)
def test_immediate_data_over_expected_length(e, length):
    session = prepared(e)
    refused(session, write_command(session, 512, data=NEW[:length]))


def test_immediate_data_with_no_expected_length(e):
    session = prepared(e)
    refused(session, session.command_pdu(scsi.write10(LBA, 0), write=0, data=NEW[:512]))


def test_unsolicited_data_over_expected_length(e):
    session = prepared(e, ImmediateData="No")
    command = write_command(session, 512, final=False)
    task = session.track(command, NEW)
    refused(session, command, *session.data_out(task, 0, 4096))


@tap.cases(read=(scsi.read10(LBA, 1), 512), none=(scsi.TEST_UNIT_READY, None))
def test_immediate_data_without_write(e, cdb, read):
    """W is not set: the data is dropped, and the command may fail for it or not."""
    session = prepared(e)
    command = session.command_pdu(cdb, read=read, data=NEW[:512])
    task = session.track(command)
    session.send(command)
    session.ping()
    rejects = session.took(Op.REJECT)
    tap.true(task.result or rejects, "the command was neither rejected nor ended")
    if rejects:
        session.cmdsn = session.connection.numbers.expcmdsn
    tap.true(session.read(LBA, BLOCKS) == OLD, "the data was written")


def test_unsolicited_data_out_of_place(e):
    """It starts elsewhere than where the immediate data ended."""
    session = prepared(e)
    command = write_command(session, data=NEW[:512], final=False)
    task = session.track(command, NEW)
    refused(session, command, session.one_data_out(task, 4096, NEW[4096:8192]))


@tap.cases(far=1 << 20, wraps=(1 << 32) - 512)
def test_unsolicited_data_outside(e, offset):
    session = prepared(e, ImmediateData="No")
    command = write_command(session, final=False)
    task = session.track(command, NEW)
    refused(session, command, session.one_data_out(task, offset, NEW[:1024]))


def test_unsolicited_data_promised_by_a_command_without_write(e):
    """F=0 on a command that writes nothing: rejected, failed, or F is not looked at."""
    session = prepared(e)
    command = session.command_pdu(scsi.TEST_UNIT_READY, final=False)
    session.track(command)
    session.send(command)
    session.ping()
    if session.took(Op.REJECT):
        session.cmdsn = session.connection.numbers.expcmdsn
    scsi.expect_good(session.test_unit_ready())


def test_failing_command_takes_its_unsolicited_data(e):
    """RFC 7143 section 11.4.2: the response waits for the last of the data."""
    session = prepared(e, ImmediateData="No")
    beyond = scsi.write10(0xFFFFFFF0, BLOCKS)
    command = session.command_pdu(beyond, write=LENGTH, final=False)
    task = session.track(command, NEW)
    session.send(command)
    session.listen(0.2)
    tap.true(task.result is None, "the response came before the end of the data")
    session.send(*session.data_out(task, 0, LENGTH, segment=4096))
    scsi.expect_check_condition(session.wait(task), (scsi.ILLEGAL_REQUEST, 0x21, 0x00))
    tap.equal(session.took(Op.REJECT), [], "Rejects")
    scsi.expect_good(session.test_unit_ready())


def test_failing_command_takes_its_immediate_data(e):
    session = prepared(e)
    result = session.execute(b"\xff" + bytes(15), data=NEW[:4096], edtl=4096)
    scsi.expect_check_condition(result, (scsi.ILLEGAL_REQUEST, 0x20, 0x00))
    scsi.expect_good(session.test_unit_ready())


def test_data_that_never_comes(e):
    """Other commands are served while one waits for its unsolicited data."""
    session = prepared(e, ImmediateData="No")
    session.start(scsi.write10(LBA, BLOCKS), write=LENGTH, final=False)
    for _ in range(20):
        session.read(LBA, BLOCKS)


@tap.cases(four_gib=0xFFFFFFFF, two_gib=0x80000000, not_blocks=513)
def test_expected_length_over_the_cdb(e, edtl):
    """What the CDB says is written; the rest is a residual, and nothing is allocated for it."""
    session = prepared(e, InitialR2T="Yes", ImmediateData="No")
    before = e.daemon.memory("VmPeak")
    task = session.start(scsi.write10(LBA, 1), write=edtl, data=NEW)
    result = session.wait(task)
    tap.equal(result.status, scsi.GOOD, "status")
    tap.true(result.underflow, f"no underflow: {result}")
    tap.equal(result.residual, edtl - 512, "residual")
    tap.true(e.daemon.memory("VmPeak") - before < 256 << 20, "the daemon grew")
    tap.true(session.read(LBA, 1) == NEW[:512], "the data differs")


if __name__ == "__main__":
    sys.exit(env.main(globals()))
