#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Authentication keys thrown at a target that asks for none: no confusion, and no way in."""

import env
import sys

from connection import Closed, Silence
from env import Op, tap
from login import FULL_FEATURE, OPERATIONAL, SECURITY, LoginFailed, status_of
from pdu import NO_TAG, Flag, Pdu

AUTHENTICATION_FAILED = "0201"
INITIATOR_ERROR = "0200"
REFUSALS = (INITIATOR_ERROR, AUTHENTICATION_FAILED, "0207", "020b")
NO_ANSWERS = ("Reject", "Irrelevant", "NotUnderstood")


def security(e, pairs, **options):
    """A first request in the security stage."""
    login = e.begin()
    options = {"csg": SECURITY, "nsg": OPERATIONAL, **options}
    return login, login.exchange(env.names(e.target) + pairs, **options)


def refused_or_ignored(e, pairs, **options):
    """Keys out of order: the login is refused, or each of them gets one of the negative answers."""
    login, response = security(e, pairs, **options)
    if response.status_class:
        tap.within(status_of(response), REFUSALS, "login status")
        login.connection.expect_silent_close()
        return
    offered = {key for key, _ in pairs if key != "AuthMethod"}
    answers = [(k, v) for k, v in response.text if k in offered and v not in NO_ANSWERS]
    tap.equal(answers, [], "answers to keys out of order")


def test_none(e):
    _, response = security(e, [("AuthMethod", "None")])
    tap.equal(dict(response.text).get("AuthMethod"), "None", "answer")


@tap.cases(chap_first="CHAP,None", unknown_first="FOO,None", all="KRB5,SRP,CHAP,None")
def test_none_is_chosen(e, methods):
    _, response = security(e, [("AuthMethod", methods)])
    tap.equal(status_of(response), "0000", "login status")
    tap.equal(dict(response.text).get("AuthMethod"), "None", "answer")


@tap.cases(chap="CHAP", kerberos="KRB5", srp="SRP", unknown="FOO", empty="", lower="none")
def test_nothing_in_common(e, methods):
    """Refused at once, or the method is rejected and the login cannot leave the stage."""
    login, response = security(e, [("AuthMethod", methods)])
    if response.status_class == 0:
        tap.equal(dict(response.text).get("AuthMethod"), "Reject", "answer")
        tap.true(not response.flags & Flag.TRANSIT, "the security stage was left")
        return
    tap.within(status_of(response), REFUSALS, "login status")
    login.connection.expect_silent_close()


def test_no_auth_method_at_all(e):
    """A security stage without AuthMethod is legal where none is asked for."""
    _, response = security(e, [])
    tap.equal(status_of(response), "0000", "login status")


def test_authentication_that_comes_to_be_asked_for_during_a_login(e):
    """Who has been promised to be let in without is not."""
    target = env.make_target(e.daemon, "iqn.2024-01.org.example:later")
    login = e.begin()
    login.exchange(env.names(target), csg=SECURITY, nsg=OPERATIONAL)
    e.daemon.set_target(target, auth="chap")
    login.refused(status=AUTHENTICATION_FAILED)


CHAP_KEYS = {
    "algorithm": [("CHAP_A", "5")],
    "algorithms": [("CHAP_A", "5,6,7,8")],
    "name_and_response": [("CHAP_N", "user"), ("CHAP_R", "0x" + "00" * 16)],
    "response_of_5000_digits": [("CHAP_N", "user"), ("CHAP_R", "0x" + "f" * 5000)],
    "response_bad_base64": [("CHAP_N", "user"), ("CHAP_R", "0b!!!!====")],
    "response_without_prefix": [("CHAP_N", "user"), ("CHAP_R", "zz")],
    "response_of_odd_digits": [("CHAP_N", "user"), ("CHAP_R", "0xabc")],
    "identifier_999": [("CHAP_I", "999"), ("CHAP_C", "0x00112233")],
    "challenge_alone": [("CHAP_C", "0x" + "ab" * 16)],
    "challenge_of_4000_digits": [("CHAP_I", "1"), ("CHAP_C", "0x" + "ab" * 2000)],
    "kerberos": [("KRB_AP_REQ", "0x" + "00" * 100)],
    "srp": [("SRP_U", "user"), ("TargetAuth", "Yes")],
}


@tap.cases(**{name: (name,) for name in CHAP_KEYS})
def test_before_any_method(e, name):
    refused_or_ignored(e, CHAP_KEYS[name])


@tap.cases(**{name: (name,) for name in CHAP_KEYS})
def test_with_method_none(e, name):
    refused_or_ignored(e, [("AuthMethod", "None")] + CHAP_KEYS[name])


@tap.cases(**{name: (name,) for name in CHAP_KEYS})
def test_in_operational_stage(e, name):
    refused_or_ignored(e, CHAP_KEYS[name], csg=OPERATIONAL, nsg=FULL_FEATURE)


def test_challenge_thrown_back(e):
    """A target that sends no challenge takes none for its own."""
    login, response = security(e, [("AuthMethod", "CHAP,None")], transit=False)
    tap.equal(dict(response.text).get("AuthMethod"), "None", "answer")
    try:
        reply = login.exchange([("CHAP_A", "5"), ("CHAP_I", "1"), ("CHAP_C", "0x" + "11" * 16)],
                               csg=SECURITY, nsg=OPERATIONAL)
    except (Closed, Silence):
        return
    tap.true(reply.status_class or not dict(reply.text).get("CHAP_R"), f"answers {reply.text}")


def test_straight_to_full_feature_with_chap(e):
    """Only CHAP is offered, and the same request wants to leave for full feature phase."""
    login, response = security(e, [("AuthMethod", "CHAP")], nsg=FULL_FEATURE)
    ended = response.status_class != 0
    tap.true(ended or not response.flags & Flag.TRANSIT, f"the login went through: {response!r}")
    login.connection.drain(0.1)


def test_straight_to_full_feature_without_authentication(e):
    """Security to full feature is a legal step where none is asked for."""
    login, response = security(e, [("AuthMethod", "None")], nsg=FULL_FEATURE)
    tap.equal(status_of(response), "0000", "login status")
    if response.flags & Flag.TRANSIT and response.flags & 3 == FULL_FEATURE:
        tap.true(response.tsih != 0, "TSIH of the last response")
        login.connection.send(
            Pdu(Op.NOP_OUT, immediate=True, flags=Flag.FINAL, itt=9, ttt=NO_TAG, cmdsn=1))
        tap.equal(login.connection.recv().opcode, Op.NOP_IN, "opcode")


@tap.cases(discovery=("Discovery",), normal=("Normal",))
def test_chap_only(e, kind):
    """CHAP alone is no way in, whatever the kind of session."""
    pairs = [("InitiatorName", env.INITIATOR), ("SessionType", kind), ("AuthMethod", "CHAP")]
    if kind == "Normal":
        pairs.append(("TargetName", e.target))
    login = e.begin()
    try:
        login.stage(pairs, csg=SECURITY, nsg=OPERATIONAL)
    except (LoginFailed, Closed, AssertionError):
        return
    tap.fail("the login left the security stage")


if __name__ == "__main__":
    sys.exit(env.main(globals(), iscsi={"login_timeout": 2}))
