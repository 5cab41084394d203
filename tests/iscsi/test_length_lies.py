#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""PDUs whose lengths are not true: format errors, which end the session (RFC 7143 section 7.7).

A target must judge a length by the header alone: these tests send no byte of what they announce, so
that one which waits or allocates for it is found out.
"""

import env
import struct
import sys

import scsi
from env import Op, tap
from pdu import NO_TAG, Flag, Pdu, ahs, ahs_bidi_read, ahs_extended_cdb

HUGE = 0xFFFFFF
LOGIN_LIMIT = 8192
# A close that needs no timer comes at once; the timers of this file are longer
AT_ONCE = 1.0
TIMERS = {"login_timeout": 2, "nop_interval": 1, "nop_count": 2}
SILENT_PEER_DROPPED = 6.0


def closes_at_once(connection, pdu):
    connection.send(pdu)
    env.refused_or_closed(connection, AT_ONCE)


def over(session):
    """One more than the target's MaxRecvDataSegmentLength."""
    return session.limits["target_mrdsl"] + 1


# Login --------------------------------------------------------------------------------------


@tap.cases(one_over_8192=LOGIN_LIMIT + 1, sixteen_mib=HUGE)
def test_login_data_announced(e, length):
    login = e.begin()
    closes_at_once(login.connection, login.request(announced_data=length))


@tap.cases(one_over_8192=LOGIN_LIMIT + 1, sixteen_mib=HUGE)
def test_second_login_data_announced(e, length):
    login = e.begin()
    login.exchange(env.names(e.target), transit=False)
    closes_at_once(login.connection, login.request(announced_data=length))


def test_login_data_over_limit_sent(e):
    login = e.begin()
    pairs = env.names(e.target) + [("X-org.example.fill", "x" * LOGIN_LIMIT)]
    login.connection.try_send(login.request(pairs))
    env.refused_or_closed(login.connection)


def test_announced_memory_is_not_allocated(e):
    before = e.daemon.memory("VmPeak")
    logins = [e.begin() for _ in range(40)]
    for login in logins:
        login.connection.send(login.request(announced_data=HUGE))
    for login in logins:
        env.refused_or_closed(login.connection, AT_ONCE)
    grown = e.daemon.memory("VmPeak") - before
    tap.true(grown < 256 << 20, f"40 announcements of 16 MiB took {grown >> 20} MiB")


@tap.cases(one_word=1, all=255)
def test_login_ahs_announced_and_absent(e, words):
    login = e.begin()
    login.connection.send(login.request(announced_ahs=words))
    env.refused_or_closed(login.connection, TIMERS["login_timeout"] + 2)


def test_login_with_ahs(e):
    login = e.begin()
    login.connection.send(login.request(env.names(e.target), ahs=ahs_bidi_read(512)))
    pdus, _ = login.connection.drain(0.5)
    # Once logged in, the target may ping while we listen.
    tap.true(all(p.opcode in (Op.LOGIN_RESPONSE, Op.NOP_IN) for p in pdus), f"answers {pdus}")


def test_text_announced_in_discovery(e):
    session = e.discover()
    closes_at_once(session.connection, session.text_pdu(announced_data=HUGE))


# Full feature phase -------------------------------------------------------------------------


def ping(session, **fields):
    return session.pdu(Op.NOP_OUT, immediate=True, flags=Flag.FINAL, ttt=NO_TAG, **fields)


def write_command(session, **fields):
    return session.command_pdu(scsi.write10(0, 8), write=4096, **fields)


def data_out(session, **fields):
    return session.pdu(Op.DATA_OUT, flags=Flag.FINAL, ttt=NO_TAG, **fields)


BUILDERS = {
    "nop_out": ping,
    "command": write_command,
    "text": lambda s, **f: s.text_pdu(**f),
    "data_out": data_out,
    "tmf": lambda s, **f: s.tmf_pdu(5, **f),
    "logout": lambda s, **f: s.pdu(Op.LOGOUT, flags=Flag.FINAL, **f),
}


@tap.cases(**BUILDERS)
def test_sixteen_mib_announced(e, build):
    session = e.login()
    closes_at_once(session.connection, build(session, announced_data=HUGE))


@tap.cases(**BUILDERS)
def test_one_over_limit_announced(e, build):
    session = e.login()
    closes_at_once(session.connection, build(session, announced_data=over(session)))


def test_limit_itself_is_accepted(e):
    session = e.login()
    answer = session.ping(bytes(session.limits["target_mrdsl"]))
    tap.true(len(answer.data) <= session.limits["initiator_mrdsl"], "data of the NOP-In")


def test_session_ends_with_format_error(e):
    session = e.login()
    before = len(e.daemon.sessions())
    closes_at_once(session.connection, ping(session, announced_data=HUGE))
    env.eventually(lambda: len(e.daemon.sessions()) == before - 1, "the end of the session")


@tap.cases(tmf=BUILDERS["tmf"], logout=BUILDERS["logout"])
def test_data_segment_where_none_belongs(e, build):
    session = e.login()
    session.connection.send(build(session, data=bytes(512)))
    session.connection.drain(0.3)


def test_less_announced_than_sent(e):
    session = e.login()
    session.connection.send(ping(session, data=b"\xff" * 100, announced_data=4))
    session.connection.expect_close(AT_ONCE)  # the rest reads as a header with 16 MiB - 1 of data


@tap.cases(one_byte=1, two_bytes=2, three_bytes=3)
def test_padding_missing(e, missing):
    """What follows is read at the wrong place; the target must notice or lose patience."""
    session = e.login()
    session.answer_pings = False
    first = ping(session, data=b"x" * (8 - missing), padding=False)
    follow = [ping(session, data=b"\xff" * 64) for _ in range(3)]
    session.connection.try_send(first, *follow)
    session.connection.expect_close(SILENT_PEER_DROPPED)


# Additional header segments -----------------------------------------------------------------


def settled(session, itt):
    """A command with a doubtful AHS is answered, rejected or the end of the session: at once."""
    pdus, closed = session.connection.drain(AT_ONCE)
    answered = any(p.opcode == Op.REJECT or p.itt == itt for p in pdus)
    tap.true(closed or answered, f"the command is neither answered nor refused: {pdus}")
    return pdus


LYING_AHS = {
    "length_zero": ahs(1, b"", length=0),
    "length_beyond_total": ahs(1, bytes(17), length=200),
    "length_65535": ahs(1, bytes(17), length=0xFFFF),
    "length_below_total": ahs(1, bytes(17), length=5),
    "bidi_too_short": ahs(2, b"\0", length=1),
    "bidi_too_long": ahs(2, bytes(9)),
    "type_reserved": ahs(0, bytes(5)),
    "type_unknown": ahs(0x3F, bytes(5)),
    "extended_cdb_twice": ahs_extended_cdb(bytes(32)) * 2,
    "bidi_twice": ahs_bidi_read(512) * 2,
    "filled_to_the_last_word": ahs(1, bytes(255 * 4 - 3)),
    "zeros_only": bytes(255 * 4),
    "ones_only": b"\xff" * 16,
    "many_small": ahs(2, bytes(5)) * 127,
}


@tap.cases(**LYING_AHS)
def test_command_ahs(e, segments):
    session = e.ready()
    pdu = session.command_pdu(scsi.read10(0, 1), read=512, ahs=segments)
    session.connection.send(pdu)
    for answer in settled(session, pdu.itt):
        if answer.opcode == Op.SCSI_RESPONSE:
            tap.within(answer.status, (scsi.GOOD, scsi.CHECK_CONDITION), "status")


def test_command_ahs_255_words_and_absent(e):
    """It is over what any CDB and bidirectional length need, or else a PDU that never ends."""
    session = e.ready()
    session.answer_pings = False
    session.connection.send(session.command_pdu(scsi.read10(0, 1), read=512, announced_ahs=255))
    env.refused_or_closed_after_pings(session.connection, SILENT_PEER_DROPPED)


@tap.cases(nop_out=ping, text=BUILDERS["text"], data_out=data_out, tmf=BUILDERS["tmf"])
def test_ahs_where_none_belongs(e, build):
    session = e.login()
    session.connection.send(build(session, ahs=ahs_bidi_read(512)))
    session.connection.drain(0.3)


def test_extended_cdb_of_260_bytes(e):
    """The longest CDB there is; no command has it, so it is refused as a SCSI command is."""
    session = e.ready()
    cdb = b"\x7f" + bytes(6) + b"\xfc" + bytes(252)
    pdu = session.command_pdu(cdb[:16], ahs=ahs_extended_cdb(cdb))
    session.track(pdu)
    session.send(pdu)
    scsi.expect_check_condition(session.wait(session.tasks[pdu.itt]))
    session.ping()


def test_random_lengths(e):
    """Headers of every opcode with lengths from a fixed sequence: nothing may bring it down."""
    value = 12345
    for opcode in range(0x40):
        session = e.login()
        value = (value * 1103515245 + 12345) % (1 << 32)
        pdu = Pdu(opcode, flags=value & 0xFF, itt=value)
        pdu.bhs[20:48] = struct.pack(">IIIIIII", *(value ^ i << 7 for i in range(7)))
        raw = bytearray(pdu.encode())
        raw[4:8] = struct.pack(">I", (value >> 13) & 0x0FFFFFF)
        session.connection.send_raw(bytes(raw) + bytes(256))
        session.connection.drain(0.02)
        session.connection.reset()


if __name__ == "__main__":
    sys.exit(env.main(globals(), iscsi=TIMERS))
