#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""PDUs that are right in themselves but do not belong where they come."""

import env
import sys

import scsi
from connection import Connection
from env import Op, tap
from pdu import INITIATOR_OPS, NO_TAG, TARGET_OPS, Flag, Pdu, RejectReason

RESERVED_OPS = {"reserved_07": 0x07, "reserved_0f": 0x0F, "reserved_11": 0x11, "reserved_27": 0x27}
VENDOR_OPS = {"vendor_1c": 0x1C, "vendor_1e": 0x1E, "vendor_3c": 0x3C}
NOT_LOGIN = {name: op for name, op in INITIATOR_OPS.items() if op != Op.LOGIN}
ANY_BUT_LOGIN = {**NOT_LOGIN, **TARGET_OPS, **RESERVED_OPS, **VENDOR_OPS}
REFUSALS = (RejectReason.PROTOCOL_ERROR, RejectReason.NOT_SUPPORTED)


def immediate(opcode, itt=0x77):
    """A PDU of this opcode, otherwise as harmless as can be."""
    pdu = Pdu(opcode, immediate=opcode < 0x20, flags=Flag.FINAL, itt=itt, cmdsn=1)
    if opcode not in (Op.SCSI_COMMAND, Op.LOGIN):
        pdu.ttt = NO_TAG
    return pdu


# Before login, and in it --------------------------------------------------------------------


@tap.cases(**ANY_BUT_LOGIN)
def test_first_pdu_other_than_login(e, opcode):
    """RFC 7143 section 4.2.4: close at once, without an answer."""
    connection = e.connect()
    connection.send(immediate(opcode))
    connection.expect_silent_close(1.0)


def test_first_bytes_of_another_protocol(e):
    connection = e.connect()
    connection.send_raw(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" + bytes(48))
    connection.expect_silent_close(1.0)


@tap.cases(**ANY_BUT_LOGIN)
def test_other_pdu_during_login(e, opcode):
    """RFC 7143 section 4.2.4: a Login Response that says "invalid during login", and close."""
    login = e.begin()
    login.exchange(env.names(e.target), transit=False)
    login.connection.send(immediate(opcode))
    response = login.response()
    tap.equal((response.status_class, response.status_detail), (0x02, 0x0B), "login status")
    login.connection.expect_silent_close()


@tap.cases(**NOT_LOGIN)
def test_other_pdu_with_login_in_one_segment(e, opcode):
    """The second PDU comes before the first is answered."""
    login = e.begin()
    login.connection.send(login.request(env.names(e.target), transit=False), immediate(opcode))
    statuses = [p.status_class for p in login.connection.expect_close()]
    tap.true(statuses[-1:] == [2], f"status classes {statuses}")


def test_two_logins_in_one_segment(e):
    """Only one Login Request may be outstanding (RFC 7143 section 6.3)."""
    login = e.begin()
    request = login.request(env.names(e.target), transit=False)
    login.connection.send(request, login.request())
    pdus, _ = login.connection.drain(0.5)
    tap.true(pdus and all(p.opcode == Op.LOGIN_RESPONSE for p in pdus), f"answers {pdus}")


def test_command_behind_last_login_in_one_segment(e):
    """An initiator that does not wait for the Login Response sends in the wrong phase."""
    login = e.begin()
    command = Pdu(Op.SCSI_COMMAND, flags=Flag.FINAL, itt=5, cmdsn=login.cmdsn, lun=env.DISK)
    login.connection.send(login.request(env.names(e.target)), command)
    pdus, closed = login.connection.drain(1.0)
    tap.true(pdus or closed, "neither an answer nor the end")


# Full feature phase -------------------------------------------------------------------------


def test_login_in_full_feature_phase(e):
    session = e.login()
    session.connection.send(immediate(Op.LOGIN))
    pdus, closed = session.connection.drain(1.0)
    reasons = [p.reason for p in pdus if p.opcode == Op.REJECT]
    tap.true(closed or reasons == [RejectReason.PROTOCOL_ERROR], f"closed {closed}, {pdus}")
    tap.true(all(p.opcode == Op.REJECT for p in pdus), f"answers {pdus}")


@tap.cases(**RESERVED_OPS, **VENDOR_OPS)
def test_unknown_opcode(e, opcode):
    session = e.login()
    reject = session.reject(immediate(opcode))
    tap.equal(reject.reason, RejectReason.NOT_SUPPORTED, "reason of the Reject")
    session.ping()


@tap.cases(**{name: op for name, op in TARGET_OPS.items()})
def test_opcode_of_a_target(e, opcode):
    session = e.login()
    session.connection.send(immediate(opcode))
    pdus, closed = session.connection.drain(0.3)
    reasons = [p.reason for p in pdus if p.opcode == Op.REJECT]
    tap.true(closed or (len(reasons) == 1 and reasons[0] in REFUSALS), f"answers {pdus}")


def test_snack_without_error_recovery(e):
    session = e.login()
    reject = session.reject(session.pdu(Op.SNACK, flags=Flag.FINAL | 1, ttt=NO_TAG))
    tap.within(reject.reason, (*REFUSALS, RejectReason.SNACK), "reason of the Reject")
    session.ping()


@tap.cases(data_ack=2, r_data=3, reserved=9)
def test_other_snack_without_error_recovery(e, kind):
    session = e.login()
    snack = session.pdu(Op.SNACK, flags=Flag.FINAL | kind, ttt=1, begrun=0, runlength=1)
    session.connection.send(snack)
    pdus, closed = session.connection.drain(0.3)
    reasons = [p.reason for p in pdus if p.opcode == Op.REJECT]
    tap.true(closed or len(reasons) == 1, f"answers {pdus}")


def test_unknown_opcodes_many_times(e):
    session = e.login()
    for _ in range(100):
        session.connection.send(*[immediate(0x1C)] * 5)
    session.until(lambda: len(session.others) == 500, "500 Rejects")
    session.ping()


# Discovery ----------------------------------------------------------------------------------


def discovery_requests(session):
    return {
        "command": session.command_pdu(scsi.TEST_UNIT_READY, immediate=True),
        "write": session.command_pdu(scsi.write10(0, 1), write=512, data=bytes(512),
                                     immediate=True),
        "tmf": session.tmf_pdu(5),
        "nop_out": session.pdu(Op.NOP_OUT, immediate=True, flags=Flag.FINAL, ttt=NO_TAG),
        "snack": session.pdu(Op.SNACK, flags=Flag.FINAL, ttt=NO_TAG),
    }


@tap.cases(**{name: name for name in ("command", "write", "tmf", "nop_out", "snack")})
def test_in_discovery(e, name):
    """RFC 7143 section 4.3: nothing but SendTargets and Logout."""
    session = e.discover()
    reject = session.reject(discovery_requests(session)[name])
    tap.within(reject.reason, REFUSALS, "reason of the Reject")
    targets = session.text([("SendTargets", "All")])
    tap.true(("TargetName", e.target) in targets, f"SendTargets after the Reject: {targets}")


def test_data_out_in_discovery(e):
    """It may be rejected or, as data of no task, discarded."""
    session = e.discover()
    session.connection.send(
        session.pdu(Op.DATA_OUT, flags=Flag.FINAL, ttt=NO_TAG, data=bytes(512)))
    pdus, closed = session.connection.drain(0.3)
    tap.true(closed or all(p.opcode == Op.REJECT for p in pdus), f"answers {pdus}")


@tap.cases(session=0, connection=1)
def test_logout_in_discovery(e, reason):
    session = e.discover()
    response = session.ask_logout(reason, session.cid)
    tap.equal(response.response, 0, "response to the logout")
    session.connection.expect_close()


def test_logout_for_recovery_in_discovery(e):
    session = e.discover()
    session.send(session.pdu(Op.LOGOUT, flags=Flag.FINAL | 2, cid=session.cid))
    pdus, closed = session.connection.drain(0.3)
    refused = [p.opcode == Op.REJECT or p.response != 0 for p in pdus]
    tap.true(closed or refused == [True], f"answers {pdus}")


def test_wrong_phase_on_many_connections(e):
    """Each wrong PDU on its own connection, one right after the other."""
    for opcode in list(range(0x40)) * 3:
        if opcode != Op.LOGIN:
            connection = Connection(e.portal)
            connection.try_send(immediate(opcode))
            connection.reset()


if __name__ == "__main__":
    sys.exit(env.main(globals(), iscsi={"login_timeout": 4}))
