#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Header and data digests, right and wrong (RFC 7143 sections 7.7, 7.8 and 13.1).

Every digest that the target sends is checked by Connection whatever the test.
"""

import env
import sys

import scsi
from crc32c import crc32c
from env import Op, tap
from pdu import NO_TAG, Flag, RejectReason, ahs_bidi_read, ahs_extended_cdb
from session import Session

BOTH = {"HeaderDigest": "CRC32C", "DataDigest": "CRC32C"}
HEADER = {"HeaderDigest": "CRC32C"}
DATA = {"DataDigest": "CRC32C"}
NEW, OLD = scsi.pattern(0xD1, 16384), scsi.pattern(0xD0, 16384)


def broken(pdu, kind):
    pdu.digest_faults = (kind,)
    return pdu


def ping_pdu(session, data=b"", **fields):
    fields = {"immediate": True, "flags": Flag.FINAL, "ttt": NO_TAG, **fields}
    return session.pdu(Op.NOP_OUT, data=data, **fields)


def test_crc32c_of_this_test():
    """The vectors of RFC 7143 appendix A.4, so that both sides cannot be wrong alike."""
    tap.equal(crc32c(bytes(32)).hex(), "aa36918a", "zeros")
    tap.equal(crc32c(b"\xff" * 32).hex(), "43aba862", "ones")
    tap.equal(crc32c(bytes(range(32))).hex(), "4e79dd46", "ascending")
    tap.equal(crc32c(bytes(range(31, -1, -1))).hex(), "5cdb3f11", "descending")


# Right digests ------------------------------------------------------------------------------


@tap.cases(both=BOTH, header_only=HEADER, data_only=DATA, none={})
def test_transfers(e, digests):
    session = e.ready(**digests)
    session.write(0, scsi.pattern(5, 131072))
    tap.true(session.read(0, 256) == scsi.pattern(5, 131072), "the data differs")
    tap.equal(session.ping(b"abc").data, b"abc", "data of the NOP-In")


@tap.cases(both=BOTH, header_only=HEADER, data_only=DATA)
def test_r2t_transfers(e, digests):
    session = e.ready(InitialR2T="Yes", ImmediateData="No", **digests)
    session.write(0, scsi.pattern(6, 131072), segment=4096)
    tap.true(session.read(0, 256) == scsi.pattern(6, 131072), "the data differs")


@tap.cases(**{f"{n}_bytes": n for n in (1, 2, 3, 4, 5, 7, 511, 513, 8191)})
def test_padding_is_covered(e, length):
    session = e.login(**BOTH)
    data = bytes(range(256)) * 32
    tap.equal(session.ping(data[:length]).data, data[:length], "data of the NOP-In")


def test_sense_data(e):
    session = e.ready(**BOTH)
    scsi.expect_check_condition(session.execute(b"\xff" + bytes(15)), (5, 0x20, 0))


def test_no_data_digest_without_data(e):
    session = e.ready(**BOTH)
    for _ in range(3):
        scsi.expect_good(session.test_unit_ready())


def test_text_and_tmf(e):
    session = e.ready(**BOTH)
    tap.equal(session.text([("X-a.b", "1")]), [("X-a.b", "NotUnderstood")], "answer")
    tap.equal(session.tmf(2), 0, "response of the function")
    tap.equal(session.logout(), 0, "response to the logout")


def test_login_itself_has_none(e):
    """Digests begin with full feature phase, after a login in two stages as well."""
    session = e.login(security=True, **BOTH)
    session.ping(b"x")


def test_header_digest_covers_ahs(e):
    session = e.ready(**BOTH)
    cdb = scsi.read32(0, 1)
    pdu = session.command_pdu(cdb[:16], read=512, ahs=ahs_extended_cdb(cdb))
    task = session.track(pdu)
    session.send(pdu)
    tap.within(session.wait(task).status, (scsi.GOOD, scsi.CHECK_CONDITION), "status")
    scsi.expect_good(session.test_unit_ready())


@tap.cases(none_first=("None,CRC32C", "None"), crc_first=("CRC32C,None", "CRC32C"))
def test_first_of_the_list_is_chosen(e, offer, wanted):
    session = e.login(HeaderDigest=offer, DataDigest=offer)
    for key in ("HeaderDigest", "DataDigest"):
        tap.equal(session.limits[key], wanted, key)
    session.ping(b"x")


def test_sessions_with_and_without(e):
    one, other = e.ready(**BOTH), e.ready()
    for lba in range(0, 64, 8):
        one.write(lba, NEW[:4096])
        tap.true(other.read(lba, 8) == NEW[:4096], "the data differs")


LENGTH = 1 << 18
# More than a socket takes by itself: the target sends what fits, again and again
READS = 24


def read_while_it_changes(reader, writer, tasks):
    """Take the answers bit by bit, and write to what is being read in between; how often."""
    patterns = [scsi.pattern(seed, LENGTH) for seed in range(2)]
    for n in range(10000):
        if all(task.result for task in tasks):
            return n
        writer.write(0, patterns[n % 2])
        reader.listen(0.002)
    return tap.fail(f"no end of {tasks}")


@tap.timeout(90)
@tap.cases(long_pdus=LENGTH, padded_pdus=30001)
def test_data_that_changes_while_it_is_sent(e, segment):
    """The store lends its memory: what is sent must have its digest, not what was there before."""
    keys = {"MaxRecvDataSegmentLength": str(segment)}
    writer, reader = e.ready(), e.login(receive_buffer=65536, keys=keys, **BOTH)
    reader.clear_attention()
    blocks = LENGTH // scsi.BLOCK
    tasks = [reader.start(scsi.read16(0, blocks), read=LENGTH) for _ in range(READS)]
    changes = read_while_it_changes(reader, writer, tasks)
    tap.true(changes > 4, f"it changed only {changes} times")


# Wrong header digests -----------------------------------------------------------------------


BUILDERS = {
    "nop_out": ping_pdu,
    "command": lambda s: s.command_pdu(scsi.TEST_UNIT_READY),
    "write": lambda s: s.command_pdu(scsi.write10(0, 1), write=512, data=NEW[:512]),
    "text": lambda s: s.text_pdu([("X-a.b", "1")]),
    "tmf": lambda s: s.tmf_pdu(2),
    "logout": lambda s: s.pdu(Op.LOGOUT, flags=Flag.FINAL),
    "data_out": lambda s: s.pdu(Op.DATA_OUT, flags=Flag.FINAL, ttt=NO_TAG, data=bytes(512)),
}


@tap.cases(**BUILDERS)
def test_wrong_header_digest(e, build):
    """Nothing in the header can be trusted, its lengths least of all: close."""
    session = e.ready(**BOTH)
    session.connection.send(broken(build(session), "header"))
    pdus = session.connection.expect_close()
    tap.true(all(p.opcode in (Op.ASYNC, Op.REJECT) for p in pdus), f"answers {pdus}")


def test_wrong_header_digest_is_not_executed(e):
    session = e.ready(**BOTH)
    session.write(0, OLD[:512])
    session.connection.send(broken(BUILDERS["write"](session), "header"))
    session.connection.expect_close()
    tap.true(e.ready().read(0, 1) == OLD[:512], "it was written")


def test_header_digest_that_leaves_ahs_out(e):
    session = e.ready(**HEADER)
    pdu = session.command_pdu(scsi.read10(0, 1), read=512, ahs=ahs_bidi_read(512))
    raw = pdu.header() + crc32c(pdu.header()) + pdu.ahs
    session.connection.send_raw(raw)
    session.connection.expect_close()


def test_header_digest_where_none_was_negotiated(e):
    """Four bytes too many: the next header is read at the wrong place."""
    session = e.ready()
    session.connection.header_digest = True
    session.connection.try_send(*[ping_pdu(session) for _ in range(40)])
    session.connection.header_digest = False
    pdus, closed = session.connection.drain(1.0)
    tap.true(closed or any(p.opcode == Op.REJECT for p in pdus), f"answers {pdus}")


def test_header_digest_missing(e):
    session = e.ready(**HEADER)
    session.connection.header_digest = False
    session.connection.send(*[ping_pdu(session) for _ in range(4)])
    session.connection.header_digest = True
    session.connection.expect_close()


# Wrong data digests -------------------------------------------------------------------------


def rejected_for_digest(session, pdu):
    """The PDU is rejected for its digest, and the connection lives."""
    reject = session.reject(broken(pdu, "data"))
    tap.equal(reject.reason, RejectReason.DATA_DIGEST, "reason of the Reject")
    return reject


@tap.cases(both=BOTH, data_only=DATA)
def test_wrong_data_digest_of_nop_out(e, digests):
    session = e.ready(**digests)
    rejected_for_digest(session, ping_pdu(session, b"x" * 100))
    tap.equal(session.ping(b"abc").data, b"abc", "data of the NOP-In")


def test_wrong_data_digest_of_text(e):
    session = e.ready(**BOTH)
    rejected_for_digest(session, session.text_pdu([("X-a.b", "1")], immediate=True))
    tap.equal(session.text([("X-a.b", "1")]), [("X-a.b", "NotUnderstood")], "answer")


def failed_for_digest(session, task):
    """RFC 7143 section 7.8: a Reject, and once all data is there CHECK CONDITION."""
    scsi.expect_check_condition(session.wait(task), scsi.CRC_ERROR)
    session.ping()
    reasons = [p.reason for p in session.took(Op.REJECT)]
    tap.equal(reasons, [RejectReason.DATA_DIGEST], "reasons of the Rejects")
    session.cmdsn = session.connection.numbers.expcmdsn
    scsi.expect_good(session.test_unit_ready())


def test_wrong_data_digest_of_immediate_data(e):
    """The command is dropped with its data, so that its CmdSN is to be used again; or it fails."""
    session = e.ready(**BOTH)
    session.write(0, OLD)
    pdu = session.command_pdu(scsi.write10(0, 8), write=4096, data=NEW[:4096])
    due = pdu.cmdsn
    task = session.track(pdu)
    rejected_for_digest(session, pdu)
    session.ping()
    if task.result:
        scsi.expect_check_condition(task.result, scsi.CRC_ERROR)
        session.cmdsn = session.connection.numbers.expcmdsn
    tap.equal(session.cmdsn, due + (task.result is not None), "CmdSN that is due")
    tap.true(session.read(0, 8) == OLD[:4096], "data with a wrong digest was written")


def test_command_sent_again_after_a_wrong_data_digest(e):
    session = e.ready(**BOTH)
    pdu = session.command_pdu(scsi.write10(0, 8), write=4096, data=NEW[:4096])
    task = session.track(pdu)
    rejected_for_digest(session, pdu)
    session.ping()
    if task.result is None:
        pdu.digest_faults = ()
        session.send(pdu)
        scsi.expect_good(session.wait(task))
        session.cmdsn = (pdu.cmdsn + 1) % (1 << 32)
        tap.true(session.read(0, 8) == NEW[:4096], "the data differs")


def test_unit_attention_outlives_a_wrong_data_digest(e):
    """A command that is discarded has not been told of it; the next one is, intact data and all."""
    wanted = e.login(**DATA).clear_attention()
    tap.true(wanted, "there is no unit attention after a login")
    session = e.login(**DATA)
    rejected_for_digest(session, session.command_pdu(scsi.write10(0, 8), write=4096,
                                                     data=NEW[:4096]))
    result = session.execute(scsi.write10(0, 8), data=NEW[:4096])
    scsi.expect_check_condition(result, wanted[0])
    tap.equal(session.clear_attention(), wanted[1:], "unit attentions that are left")
    session.write(0, NEW[:4096])


def test_unit_attention_and_an_immediate_command(e):
    """The same where the command uses no CmdSN."""
    session = e.login(**DATA)
    command = {"write": 4096, "data": NEW[:4096], "immediate": True}
    rejected_for_digest(session, session.command_pdu(scsi.write10(0, 8), **command))
    tap.true(session.clear_attention(), "the unit attention is gone")
    task = session.start(scsi.write10(0, 8), **command)
    scsi.expect_good(session.wait(task))


def test_wrong_data_digest_of_a_command_that_waits_for_buffers(e):
    """Its tag is free at once."""
    daemon, portal = e.another_daemon(threads=1, args=("--buffer-memory", "4M"))
    session = e.keep(Session.login(portal, e.target, **DATA))
    session.clear_attention()
    length = 512 * 512
    waiting = [session.start(scsi.write10(i * 512, 512), write=length, data=bytes(length))
               for i in range(30)]
    pdu = session.command_pdu(scsi.write10(0, 8), write=4096, data=NEW[:4096])
    rejected_for_digest(session, pdu)
    task = session.start(scsi.write10(0, 8), write=4096, data=NEW[:4096], itt=pdu.itt)
    session.wait_all([*waiting, task])
    scsi.expect_good(task.result)
    tap.equal(session.took(Op.REJECT), [], "Rejects")
    session.logout()
    e.finish_daemon(daemon)


def test_wrong_data_digest_of_a_held_command(e):
    """It is discarded although it is not due; its CmdSN stays to be used."""
    session = e.ready(**BOTH)
    first = session.command_pdu(scsi.TEST_UNIT_READY)
    held = session.command_pdu(scsi.write10(0, 8), write=4096, data=NEW[:4096])
    tasks = [session.track(pdu) for pdu in (first, held)]
    session.send(broken(held, "data"))
    reject = session.take(Op.REJECT)
    tap.equal((reject.reason, reject.expcmdsn), (RejectReason.DATA_DIGEST, first.cmdsn),
              "reason and ExpCmdSN of the Reject")
    session.send(first)
    scsi.expect_good(session.wait(tasks[0]))
    session.listen(0.1)
    tap.true(tasks[1].result is None, f"the spoiled command was executed: {tasks[1]}")
    held.digest_faults = ()
    session.send(held)
    scsi.expect_good(session.wait(tasks[1]))
    tap.true(session.read(0, 8) == NEW[:4096], "the data differs")


def test_wrong_data_digest_of_unsolicited_data(e):
    session = e.ready(ImmediateData="No", **BOTH)
    session.write(0, OLD)
    command = session.command_pdu(scsi.write10(0, 32), write=16384, final=False)
    task = session.track(command, NEW)
    first, *rest = session.data_out(task, 0, 16384, segment=4096)
    session.send(command, broken(first, "data"))
    session.listen(0.1)
    tap.true(task.result is None, "the response came before the end of the data")
    session.send(*rest)
    failed_for_digest(session, task)


@tap.cases(first=0, middle=2, last=3)
def test_wrong_data_digest_of_solicited_data(e, which):
    session = e.ready(InitialR2T="Yes", ImmediateData="No", **BOTH)
    session.write(0, OLD)
    task = session.start(scsi.write10(0, 32), write=16384, data=NEW)
    r2t = session.wait_r2t(task)
    pdus = session.data_out(task, 0, 16384, r2t.ttt, segment=4096)
    broken(pdus[which], "data")
    session.send(*pdus)
    task.r2ts.clear()
    failed_for_digest(session, task)
    data = session.read(which * 8, 8)
    tap.true(data == OLD[which * 4096 : (which + 1) * 4096], "data with a wrong digest was written")


def test_wrong_data_digests_again_and_again(e):
    session = e.ready(**BOTH)
    for _ in range(50):
        rejected_for_digest(session, ping_pdu(session, b"x" * 512))
    session.read(0, 8)


def test_data_digest_without_the_padding(e):
    """The digest covers the padding bytes; one over the data alone is wrong."""
    session = e.ready(**DATA)
    pdu = ping_pdu(session, b"abcde")
    session.connection.send_raw(pdu.header() + b"abcde\0\0\0" + crc32c(b"abcde"))
    reject = session.take(Op.REJECT)
    tap.equal(reject.reason, RejectReason.DATA_DIGEST, "reason of the Reject")
    session.ping(b"abc")


def test_padding_need_not_be_zero(e):
    """RFC 7143 section 11.2.3: it should be; the digest covers what was sent."""
    session = e.ready(**DATA)
    pdu = ping_pdu(session, b"abcde")
    session.connection.send_raw(pdu.header() + b"abcdexyz" + crc32c(b"abcdexyz"))
    tap.equal(session.take(Op.NOP_IN, pdu.itt).data, b"abcde", "data of the NOP-In")


def test_data_digest_missing(e):
    """The target reads four bytes of the next PDU as a digest, and is out of step."""
    session = e.ready(**DATA)
    session.connection.data_digest = False
    session.connection.try_send(*[ping_pdu(session, b"x" * 64) for _ in range(40)])
    session.connection.data_digest = True
    pdus, closed = session.connection.drain(1.0)
    tap.true(closed or any(p.opcode == Op.REJECT for p in pdus), f"answers {pdus}")


if __name__ == "__main__":
    sys.exit(env.main(globals()))
