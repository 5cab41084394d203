#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Data there and back: every way of sending it, its pieces, its residuals.

The rules for each Data-In, R2T and response are checked by Task whatever the test.
"""

import env
import sys
import threading

import scsi
from connection import Closed
from env import Op, tap
from pdu import Flag, ahs_bidi_read, ahs_extended_cdb

LENGTH = 300 * 512
DATA = scsi.pattern(0x31, LENGTH)
WRITE_MODES = {
    "immediate_and_unsolicited": ("No", "Yes"),
    "unsolicited": ("No", "No"),
    "immediate": ("Yes", "Yes"),
    "solicited": ("Yes", "No"),
}


# Writing ------------------------------------------------------------------------------------


@tap.cases(**WRITE_MODES)
def test_write(e, initial_r2t, immediate_data):
    session = e.ready(InitialR2T=initial_r2t, ImmediateData=immediate_data)
    for blocks in (1, 2, 8, 127, 128, 129, 300):
        data = scsi.pattern(blocks, blocks * 512)
        session.write(blocks * 8, data)
        tap.true(session.read(blocks * 8, blocks) == data, f"{blocks} blocks differ")


@tap.cases(**WRITE_MODES)
def test_write_with_small_bursts(e, initial_r2t, immediate_data):
    session = e.ready(InitialR2T=initial_r2t, ImmediateData=immediate_data, MaxBurstLength="4096",
                      FirstBurstLength="1024", MaxRecvDataSegmentLength="512")
    session.write(0, DATA)
    tap.true(session.read(0, 300) == DATA, "the data differs")


@tap.cases(of_512=512, of_516=516, of_4=4, of_1000=1000, of_8192=8192)
def test_write_in_segments(e, size):
    session = e.ready(InitialR2T="Yes", ImmediateData="No")
    data = DATA[: 64 * 512 if size > 4 else 1024]
    session.write(0, data, segment=size)
    tap.true(session.read(0, len(data) // 512) == data, "the data differs")


@tap.cases(none=0, some=512, half_a_block=256, odd=509, all=4096)
def test_amount_of_immediate_data(e, length):
    session = e.ready(InitialR2T="Yes")
    data = scsi.pattern(length, 8192)
    result = session.execute(scsi.write10(0, 16), data=data, immediate_data=length, unsolicited=0)
    scsi.expect_good(result)
    tap.true(session.read(0, 16) == data, "the data differs")


@tap.cases(more_than_a_burst="65536", a_burst=str(LENGTH), less_than_a_burst="262144")
def test_some_immediate_data_and_no_more_unsolicited(e, first_burst):
    """However little it is: the rest is asked for by R2T."""
    session = e.ready(InitialR2T="No", FirstBurstLength=first_burst)
    result = session.execute(scsi.write10(0, 300), data=DATA, immediate_data=1024, unsolicited=0)
    scsi.expect_good(result)
    tap.true(session.read(0, 300) == DATA, "the data differs")


@tap.cases(a_burst=str(LENGTH), less_than_a_burst="262144")
def test_short_unsolicited_data_of_a_transfer_within_the_first_burst(e, first_burst):
    """RFC 7143 has no error for it: the rest is asked for by R2T."""
    session = e.ready(InitialR2T="No", ImmediateData="No", FirstBurstLength=first_burst)
    result = session.execute(scsi.write10(0, 300), data=DATA, immediate_data=0, unsolicited=1024)
    scsi.expect_good(result)
    tap.true(session.read(0, 300) == DATA, "the data differs")


def test_one_megabyte(e):
    session = e.ready(MaxBurstLength="1048576", FirstBurstLength="262144",
                      MaxRecvDataSegmentLength="262144")
    data = scsi.pattern(9, 1 << 20)
    session.write(0, data)
    tap.true(session.read(0, 2048) == data, "the data differs")


@tap.cases(one="1", two="2", eight="8")
def test_outstanding_r2t(e, limit):
    """So many R2Ts come at once as were agreed, where there is enough to be asked for."""
    session = e.ready(InitialR2T="Yes", ImmediateData="No", MaxBurstLength="4096",
                      FirstBurstLength="4096", MaxOutstandingR2T=limit)
    agreed = session.limits["MaxOutstandingR2T"]
    tap.equal(agreed, int(limit), "MaxOutstandingR2T")
    task = session.start(scsi.write10(0, 300), write=LENGTH, data=DATA)
    session.wait_r2t(task)
    session.listen(0.1)
    tap.true(1 <= len(task.r2ts) <= agreed, f"{len(task.r2ts)} R2Ts")
    scsi.expect_good(session.wait(task))
    tap.true(session.read(0, 300) == DATA, "the data differs")


def test_r2ts_answered_late_and_mixed(e):
    """Two writes whose data comes by turns."""
    session = e.ready(InitialR2T="Yes", ImmediateData="No", MaxBurstLength="8192",
                      FirstBurstLength="8192", MaxOutstandingR2T="2")
    tasks = [session.start(scsi.write10(i * 1000, 300), write=LENGTH, data=DATA) for i in (0, 1)]
    while not all(task.result for task in tasks):
        for task in tasks:
            if task.r2ts:
                session.answer_r2t(task)
        if not any(task.r2ts for task in tasks) and not all(task.result for task in tasks):
            session.recv()
    for i, task in enumerate(tasks):
        scsi.expect_good(task.result)
        tap.true(session.read(i * 1000, 300) == DATA, "the data differs")


def test_many_writes_in_flight(e):
    session = e.ready(InitialR2T="Yes", ImmediateData="No")
    pieces = [scsi.pattern(i, 8192) for i in range(64)]
    tasks = [session.start_write(scsi.write10(i * 16, 16), p) for i, p in enumerate(pieces)]
    for result in session.wait_all(tasks):
        scsi.expect_good(result)
    tap.true(session.read(0, 1024) == b"".join(pieces), "the data differs")


# Reading ------------------------------------------------------------------------------------


@tap.cases(of_512="512", of_516="516", of_1000="1000", of_8192="8192", of_262144="262144")
def test_read_in_segments(e, size):
    """No Data-In may be longer than the initiator declared."""
    session = e.ready(MaxRecvDataSegmentLength=size)
    session.write(0, DATA)
    tap.true(session.read(0, 300) == DATA, "the data differs")


@tap.cases(of_512="512", of_4096="4096", of_65536="65536")
def test_read_in_bursts(e, size):
    """F ends each sequence of at most MaxBurstLength."""
    session = e.ready(MaxBurstLength=size, FirstBurstLength="512")
    session.write(0, DATA)
    tap.true(session.read(0, 300) == DATA, "the data differs")


def test_many_reads_in_flight(e):
    session = e.ready()
    session.write(0, DATA)
    tasks = [session.start(scsi.read10(i, 8), read=4096) for i in range(100)]
    for i, result in enumerate(session.wait_all(tasks)):
        data = scsi.expect_good(result).data
        tap.true(data == DATA[i * 512 : i * 512 + 4096], "the data differs")


def test_segment_length_declared_anew(e):
    """MaxRecvDataSegmentLength may change in full feature phase (RFC 7143 section 13.12)."""
    session = e.ready(MaxRecvDataSegmentLength="65536")
    session.write(0, DATA)
    answer = session.text([("MaxRecvDataSegmentLength", "1024")])
    tap.true(all(v != "NotUnderstood" and v != "Reject" for _, v in answer), f"answer {answer}")
    session.limits["initiator_mrdsl"] = 1024
    tap.true(session.read(0, 300) == DATA, "the data differs")


def test_read_of_nothing(e):
    result = e.ready().execute(scsi.read10(0, 0), read=0)
    tap.equal((result.status, result.residual), (scsi.GOOD, 0), "status and residual")


# Residuals (RFC 7143 section 11.4.5) --------------------------------------------------------


def residual_is(result, kind, count):
    shown = ("O" if result.overflow else "U" if result.underflow else "-", result.residual)
    tap.equal(shown, (kind, count), "residual")


@tap.cases(exact=(512, "-", 0), more=(1024, "U", 512), much_more=(65536, "U", 65024),
           less=(256, "O", 256), nothing=(0, "O", 512), odd=(513, "U", 1), short=(511, "O", 1))
def test_read_residual(e, edtl, kind, count):
    session = e.ready()
    session.write(7, scsi.pattern(1, 512))
    result = session.execute(scsi.read10(7, 1), read=edtl)
    tap.equal((result.status, len(result.data)), (scsi.GOOD, min(edtl, 512)), "status and data")
    tap.true(result.data == scsi.pattern(1, 512)[:edtl], "the data differs")
    residual_is(result, kind, count)


@tap.cases(exact=(1024, "-", 0), more=(2048, "U", 1024), much_more=(65536, "U", 64512),
           less=(512, "O", 512), nothing=(0, "O", 1024))
def test_write_residual(e, edtl, kind, count):
    """Too little data: what is there may be written, or the command fails; the count is right."""
    session = e.ready()
    session.write(4, scsi.pattern(1, 4096))
    result = session.execute(scsi.write10(4, 2), data=scsi.pattern(2, edtl), edtl=edtl)
    tap.within(result.status, (scsi.GOOD, scsi.CHECK_CONDITION), "status")
    if edtl >= 1024:
        scsi.expect_good(result)
    residual_is(result, kind, count)
    expected = [2 if i < 2 and result.status == scsi.GOOD and (i + 1) * 512 <= edtl else 1
                for i in range(8)]
    data = session.read(4, 8)
    found = [data[i * 512 + 3] for i in range(8)]
    tap.equal(found, expected, "which blocks hold new data")


@tap.cases(solicited=("Yes", "No"), unsolicited=("No", "No"))
def test_write_residual_without_immediate_data(e, initial_r2t, immediate_data):
    session = e.ready(InitialR2T=initial_r2t, ImmediateData=immediate_data)
    result = session.execute(scsi.write10(0, 1), data=scsi.pattern(3, 8192), edtl=8192)
    tap.equal(result.status, scsi.GOOD, "status")
    residual_is(result, "U", 8192 - 512)
    tap.true(session.read(0, 1) == scsi.pattern(3, 512), "the data differs")


def test_allocation_length_is_no_overflow(e):
    session = e.ready()
    result = session.execute(scsi.inquiry(8), read=8)
    tap.equal(len(scsi.expect_good(result).data), 8, "bytes")
    residual_is(result, "-", 0)


def test_allocation_length_over_the_data(e):
    result = e.ready().execute(scsi.inquiry(0xFFFF), read=0xFFFF)
    residual_is(scsi.expect_good(result), "U", 0xFFFF - len(result.data))


def test_expected_length_below_allocation_length(e):
    result = e.ready().execute(scsi.inquiry(36), read=5)
    tap.equal(len(scsi.expect_good(result).data), 5, "bytes")
    residual_is(result, "O", 31)


def test_residual_with_sense(e):
    """A failed read has moved nothing."""
    result = e.ready().execute(scsi.read10(0xFFFFFFF0, 1), read=512)
    scsi.expect_check_condition(result, (scsi.ILLEGAL_REQUEST, 0x21, 0))
    residual_is(result, "U", 512)


def test_residual_of_a_command_without_data(e):
    result = e.ready().execute(scsi.TEST_UNIT_READY, read=100)
    residual_is(scsi.expect_good(result), "U", 100)


def test_no_residual_without_expected_length(e):
    residual_is(scsi.expect_good(e.ready().test_unit_ready()), "-", 0)


def test_read_flagged_as_write(e):
    """READ(10) with W and a block of data: nothing is read back, nothing is written."""
    session = e.ready()
    session.write(3, scsi.pattern(8, 512))
    result = session.execute(scsi.read10(3, 1), data=bytes(512))
    tap.within(result.status, (scsi.GOOD, scsi.CHECK_CONDITION), "status")
    tap.true(session.read(3, 1) == scsi.pattern(8, 512), "the data differs")


def test_write_flagged_as_read(e):
    session = e.ready()
    session.write(3, scsi.pattern(8, 512))
    result = session.execute(scsi.write10(3, 1), read=512)
    tap.within(result.status, (scsi.GOOD, scsi.CHECK_CONDITION), "status")
    tap.true(session.read(3, 1) == scsi.pattern(8, 512), "the data differs")
    scsi.expect_good(session.test_unit_ready())


def test_write_with_no_direction(e):
    session = e.ready()
    session.write(3, scsi.pattern(8, 512))
    result = session.execute(scsi.write10(3, 1))
    tap.within(result.status, (scsi.GOOD, scsi.CHECK_CONDITION), "status")
    tap.true(session.read(3, 1) == scsi.pattern(8, 512), "the data differs")


# Additional header segments -----------------------------------------------------------------


def answered(session, pdu, data=b""):
    """Send a command, answer its R2Ts, and have its result or its Reject; the connection lives."""
    task = session.track(pdu, data)
    session.send(pdu)

    def over():
        while task.r2ts:
            session.answer_r2t(task)
        return task.result or [p for p in session.others if p.opcode == Op.REJECT]

    outcome = session.until(over, "an end of the command")
    if task.result is None:
        session.cmdsn = outcome[0].expcmdsn
    scsi.expect_good(session.test_unit_ready())
    return task.result


@tap.cases(as_read10=scsi.read10(0, 1), as_xdwriteread10=b"\x53" + bytes(6) + b"\0\1\0")
def test_bidirectional_command(e, cdb):
    """R and W with a read length: refused, or done with both residuals; never half done."""
    session = e.ready()
    pdu = session.command_pdu(cdb, flags=Flag.FINAL | Flag.READ | Flag.WRITE, write=512,
                              data=bytes(512), ahs=ahs_bidi_read(512))
    try:
        result = answered(session, pdu)
    except Closed:
        return
    if result:
        tap.within(result.status, (scsi.GOOD, scsi.CHECK_CONDITION), "status")


def test_bidirectional_flags_without_read_length(e):
    session = e.ready()
    pdu = session.command_pdu(scsi.read10(0, 1), flags=Flag.FINAL | Flag.READ | Flag.WRITE,
                              write=512, data=bytes(512))
    answered(session, pdu)


def test_extended_cdb(e):
    """READ(32): done where the device knows it, else refused as an opcode, not as a PDU."""
    session = e.ready()
    session.write(0, scsi.pattern(4, 512))
    cdb = scsi.read32(0, 1)
    result = answered(session, session.command_pdu(cdb[:16], read=512, ahs=ahs_extended_cdb(cdb)))
    tap.true(result is not None, "a Reject for an extended CDB")
    if result.status == scsi.GOOD:
        tap.true(result.data == scsi.pattern(4, 512), "the data differs")
    else:
        tap.within(result.sense, ((5, 0x20, 0), (5, 0x24, 0)), "sense")


# Several at once ----------------------------------------------------------------------------


def work(e, number, failures):
    """One initiator writes and reads its own region."""
    try:
        session = env.Session.login(e.portal, e.target,
                                    initiator=f"iqn.2024-01.org.example:host-{number}")
        session.clear_attention()
        for turn in range(20):
            data = scsi.pattern(number * 100 + turn, 65536)
            session.write(number * 128, data)
            tap.true(session.read(number * 128, 128) == data, "the data differs")
        session.logout()
        session.close()
    except Exception as error:  # it is reported by the test
        failures.append(f"initiator {number}: {error!r}")


def test_eight_initiators_at_once(e):
    failures = []
    threads = [threading.Thread(target=work, args=(e, n, failures)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tap.equal(failures, [], "failures")


def test_sessions_of_one_initiator_see_one_disk(e):
    one, other = e.ready(), e.ready()
    one.write(500, scsi.pattern(1, 4096))
    tap.true(other.read(500, 8) == scsi.pattern(1, 4096), "the data differs")


def test_slow_lun_does_not_hold_up_the_other(e):
    session = e.ready()
    slow = session.start(scsi.read10(0, 8), read=4096, lun=env.SLOW)
    for _ in range(10):
        session.read(0, 8)
    tap.true(slow.result is None, "the slow command was not slow")
    scsi.expect_good(session.wait(slow))


if __name__ == "__main__":
    sys.exit(env.main(globals(), threads=2))
