#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Login Requests whose header fields, stages or sequence are wrong."""

import env
import sys

from connection import Closed
from env import Op, tap
from login import FULL_FEATURE, OPERATIONAL, SECURITY, Login, status_of
from pdu import Flag, text_data
from session import Session

INITIATOR_ERROR = "0200"
NOT_FOUND = "0203"
VERSION = "0205"
MISSING_PARAMETER = "0207"
NO_SESSION = "020a"
INVALID_REQUEST = "020b"


def wanted(e):
    return env.names(e.target)


# What the first request must have -----------------------------------------------------------


def test_no_keys(e):
    e.begin().refused([], status=MISSING_PARAMETER)


def test_no_initiator_name(e):
    e.begin().refused(wanted(e)[1:], status=MISSING_PARAMETER)


def test_no_initiator_name_in_security_stage(e):
    e.begin().refused(wanted(e)[1:], csg=SECURITY, nsg=OPERATIONAL, status=MISSING_PARAMETER)


def test_no_target_name(e):
    e.begin().refused(wanted(e)[:1], status=MISSING_PARAMETER)


def test_no_target_name_in_declared_normal_session(e):
    e.begin().refused(wanted(e)[:1] + [("SessionType", "Normal")], status=MISSING_PARAMETER)


def test_no_initiator_name_in_discovery(e):
    e.begin().refused([("SessionType", "Discovery")], status=MISSING_PARAMETER)


def test_session_type_defaults_to_normal(e):
    login = e.begin()
    login.run([p for p in wanted(e) if p[0] != "SessionType"])
    tap.true(login.responses[-1].tsih != 0, "TSIH")


def test_unknown_target(e):
    e.begin().refused(env.names("iqn.2024-01.org.example:nowhere"), status=NOT_FOUND)


def test_unknown_session_type(e):
    pairs = [("InitiatorName", env.INITIATOR), ("TargetName", e.target), ("SessionType", "Loud")]
    e.begin().refused(pairs, status=("0209", INITIATOR_ERROR))


def test_unsupported_version(e):
    e.begin().refused(wanted(e), version_max=2, version_min=1, status=VERSION)


def test_version_range_that_holds_ours(e):
    response = e.begin().exchange(wanted(e), version_max=2, version_min=0)
    tap.equal(status_of(response), "0000", "login status")
    tap.equal(response.version_active, 0, "active version")


def test_unknown_tsih(e):
    e.begin(tsih=0x7777).refused(wanted(e), status=NO_SESSION)


def test_tsih_of_another_initiator(e):
    session = e.login()
    pairs = env.names(e.target, "iqn.2024-01.org.example:other")
    e.begin(isid=session.isid, tsih=session.tsih, cid=1).refused(pairs, status=NO_SESSION)
    session.ping()


def test_tsih_with_another_isid(e):
    session = e.login()
    e.begin(tsih=session.tsih, cid=1).refused(wanted(e), status=NO_SESSION)
    session.ping()


def test_second_connection_over_the_limit(e):
    """MaxConnections is 1: too many connections, or no such session to join."""
    session = e.login()
    login = e.begin(isid=session.isid, tsih=session.tsih, cid=session.cid + 1)
    login.refused(wanted(e), status=("0206", "0208", NO_SESSION))
    session.ping()


# Stages -------------------------------------------------------------------------------------


BAD_STAGES = {
    "next_is_reserved": (OPERATIONAL, 2),
    "next_is_reserved_from_security": (SECURITY, 2),
    "back_to_security": (OPERATIONAL, SECURITY),
    "security_to_itself": (SECURITY, SECURITY),
    "operational_to_itself": (OPERATIONAL, OPERATIONAL),
    "current_is_reserved": (2, FULL_FEATURE),
    "current_is_full_feature": (FULL_FEATURE, FULL_FEATURE),
}


@tap.cases(**BAD_STAGES)
def test_stage(e, csg, nsg):
    e.begin().refused(wanted(e), csg=csg, nsg=nsg, status=(INITIATOR_ERROR, INVALID_REQUEST))


def test_reserved_stage_without_transit(e):
    login = e.begin()
    login.refused(wanted(e), csg=2, transit=False, status=(INITIATOR_ERROR, INVALID_REQUEST))


def test_stage_goes_back_between_requests(e):
    login = e.begin()
    login.exchange(wanted(e), csg=OPERATIONAL, transit=False)
    login.refused(csg=SECURITY, nsg=OPERATIONAL, status=(INITIATOR_ERROR, INVALID_REQUEST))


def test_stage_jumps_ahead_without_transit(e):
    login = e.begin()
    login.exchange(wanted(e), csg=SECURITY, transit=False)
    login.refused(csg=OPERATIONAL, status=(INITIATOR_ERROR, INVALID_REQUEST))


def test_transit_with_more_to_come(e):
    e.begin().refused(wanted(e), more=True, transit=True, status=(INITIATOR_ERROR, INVALID_REQUEST))


# Fields that change during the login --------------------------------------------------------


def test_itt_changes(e):
    login = e.begin()
    login.exchange(wanted(e), transit=False)
    login.connection.send(login.request(itt=login.itt + 1))
    env.refused_or_closed(login.connection)


CHANGES = {
    "isid": {"isid": b"\x80\xff\xff\xff\xff\xfe"},
    "cid": {"cid": 7},
    "tsih": {"tsih": 0x4242},
    "version_min": {"version_min": 1, "version_max": 1},
}


@tap.cases(**{name: (name,) for name in CHANGES})
def test_field_changes(e, name):
    """Either it is refused, or the value of the first request stays in force."""
    login = e.begin()
    login.exchange(wanted(e), transit=False)
    login.connection.send(login.request(**CHANGES[name]))
    pdus, _ = login.connection.drain(0.5)
    for pdu in pdus:
        tap.equal(pdu.opcode, Op.LOGIN_RESPONSE, "opcode")
        if pdu.status_class == 0:
            tap.equal(pdu.isid, login.isid, "ISID")
            tap.equal(pdu.version_active, 0, "active version")
    tap.true(pdus, "no answer")


def test_cmdsn_changes(e):
    """The CmdSN of the first request starts the session."""
    login = e.begin(cmdsn=100)
    login.exchange(wanted(e), transit=False)
    response = login.exchange(cmdsn=500)
    if response.status_class == 0:
        tap.equal(response.expcmdsn, 100, "ExpCmdSN")


def test_login_without_the_immediate_bit(e):
    login = e.begin()
    request = login.request(wanted(e))
    request.bhs[0] = Op.LOGIN
    login.connection.send(request)
    pdus, closed = login.connection.drain(0.5)
    allowed = ("0000", INITIATOR_ERROR, INVALID_REQUEST)
    for pdu in pdus:
        if pdu.opcode != Op.REJECT:
            tap.within(status_of(pdu), allowed, "login status")
    tap.true(pdus or closed, "neither an answer nor the end")


def test_reserved_bits_are_ignored(e):
    """RFC 7143 section 11: reserved bits are not to be looked at."""
    login = e.begin()
    request = login.request(wanted(e))
    request.bhs[0] |= 0x80
    request.flags |= 0x30
    request.bhs[22:24] = b"\xff\xff"
    request.bhs[32:48] = b"\xff" * 16
    login.connection.send(request)
    tap.equal(status_of(login.response()), "0000", "login status")


# Too much of it -----------------------------------------------------------------------------


def until_refused(login, request, most):
    """Send this request again and again; how many the target took before it ended the login."""
    for count in range(most):
        try:
            login.connection.send(request())
            response = login.response()
        except Closed:
            return count
        if response.status_class:
            login.connection.expect_silent_close()
            return count
    return tap.fail(f"the target took {most} requests")


def test_empty_exchanges_have_an_end(e):
    login = e.begin()
    login.exchange(wanted(e), transit=False)
    until_refused(login, lambda: login.request(transit=False), 300)


def test_six_exchanges_are_allowed(e):
    """RFC 7143 section 6.2: a negotiation should be given at least six."""
    login = e.begin()
    login.exchange(wanted(e), transit=False)
    for _ in range(4):
        tap.equal(status_of(login.exchange(transit=False)), "0000", "login status")
    tap.equal(status_of(login.exchange()), "0000", "login status")


def test_continuation_has_an_end(e):
    """Text without end, each piece asking for more: far less than 1 MiB is enough."""
    login = e.begin()
    piece = text_data([("X-org.example.fill", "x" * 4000)])
    login.exchange(wanted(e), transit=False, more=True)
    until_refused(login, lambda: login.request(piece, transit=False, more=True), 256)


def test_continuation_of_nothing_has_an_end(e):
    login = e.begin()
    login.exchange(wanted(e), transit=False, more=True)
    until_refused(login, lambda: login.request(b"", transit=False, more=True), 300)


def test_one_value_of_a_megabyte(e):
    login = e.begin()
    login.exchange(text_data(wanted(e)) + b"X-org.example.fill=x", transit=False, more=True)
    until_refused(login, lambda: login.request(b"x" * 8192, transit=False, more=True), 128)


def test_eight_kilobytes_of_text_are_taken(e):
    """RFC 7143 section 6.1: at least 8192 bytes in one sequence."""
    login = e.begin()
    fill = [(f"X-org.example.{i}", "x" * 180) for i in range(36)]
    data = text_data(wanted(e) + fill)
    tap.true(7000 < len(data) <= 8192, f"{len(data)} bytes of text")
    for start in range(0, len(data) - 2000, 2000):
        response = login.exchange(data[start : start + 2000], transit=False, more=True)
        tap.equal(status_of(response), "0000", "login status")
        rest = data[start + 2000 :]
    tap.equal(status_of(login.exchange(rest)), "0000", "login status")


def test_answer_longer_than_a_login_pdu(e):
    """Nine hundred unknown keys make an answer over 8192 bytes: in pieces, or refused."""
    login = e.begin()
    unknown = [(f"X-{i:03}", "1") for i in range(760)]
    connection = login.connection
    connection.send(login.request(wanted(e) + unknown, transit=False))
    answered = b""
    for _ in range(10):
        response = login.response()
        if response.status_class:
            return
        tap.true(len(response.data) <= 8192, f"{len(response.data)} bytes in a Login Response")
        answered += response.data
        if not response.flags & Flag.CONTINUE:
            break
        connection.send(login.request(transit=False))
    tap.equal(answered.count(b"=NotUnderstood\0"), len(unknown), "answers")


def test_many_bad_logins_in_one_stream(e):
    login = e.begin()
    login.connection.try_send(*[login.request([("InitiatorName", "x")])] * 50)
    env.refused_or_closed(login.connection)


def test_many_bad_logins_on_many_connections(e):
    for _ in range(100):
        e.begin().refused([], status=MISSING_PARAMETER)


def test_login_again_after_a_refusal(e):
    login = e.begin()
    tap.true(login.exchange([]).status_class != 0, "a login without keys was accepted")
    login.connection.try_send(login.request(wanted(e)))
    login.connection.expect_silent_close()


def test_isid_of_every_format(e):
    """The type of an ISID is the initiator's matter; all are taken."""
    for first in (0x00, 0x40, 0x80, 0xC0):
        session = e.login(isid=bytes([first, 1, 2, 3, 4, 5]))
        tap.equal(session.logout(), 0, "response to the logout")


def test_same_isid_for_two_targets(e):
    other = e.daemon.create_target("iqn.2024-01.org.example:second")
    first, second = e.login(), None
    second = e.keep(Session.login(e.portal, other, isid=first.isid))
    first.ping()
    second.ping()
    second.logout()
    e.daemon.ctl("target", "delete", other, "--force")


def test_login_to_discovery_with_tsih(e):
    login = Login(e.connect(), tsih=0x99)
    login.refused(env.names(), status=(NO_SESSION, INITIATOR_ERROR, INVALID_REQUEST))


if __name__ == "__main__":
    sys.exit(env.main(globals()))
