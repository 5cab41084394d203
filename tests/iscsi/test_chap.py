#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""CHAP (RFC 7143 12.1.3, 9.2.1): who knows a secret gets in, nobody else does, whatever he sends."""

import os
import subprocess
import sys

import env
from connection import Closed, Silence
from env import Op, tap
from login import FULL_FEATURE, OPERATIONAL, status_of
from login_chap import Chap, to_base64, to_hex
from pdu import NO_TAG, Flag, Pdu, text_data

BOTH = "iqn.2024-01.org.example:both-ways"
LOCKED = "iqn.2024-01.org.example:locked"
STRONG = "iqn.2024-01.org.example:strong"
RELAXED = "iqn.2024-01.org.example:relaxed"
JOE, SECRET = "joe", "secret of the initiator"
DISK, DISK_SECRET = "disk", "secret of the target"
FAILED, ERROR, MISSING = "0201", "0200", "0207"
ODD_NAMES = ("0x1234", "0bABCD", "a name, with blanks = and \xfcmlaut", "x" * 255)


def account(e, *words, secret=None):
    done = subprocess.run([e.daemon.tgtctl, "--socket", e.daemon.path("control"), "account", *words],
                          input=secret, capture_output=True, text=True)
    tap.equal(done.returncode, 0, f"status of account {words}: {done.stderr}")


def setup(e):
    """A target for each way to ask; the usual one asks for nothing, as the newcomer of every test wants."""
    account(e, "create", JOE, "--password-stdin", secret=SECRET)
    account(e, "create", DISK, "--password-stdin", secret=DISK_SECRET)
    for name in ODD_NAMES:
        account(e, "create", name, "--password-stdin", secret=SECRET)
    for target in (LOCKED, BOTH, STRONG, RELAXED):
        env.make_target(e.daemon, target)
        account(e, "bind", JOE, target)
    for name in ODD_NAMES:
        account(e, "bind", name, LOCKED)
    account(e, "bind", DISK, BOTH, "--outgoing")
    account(e, "bind", DISK, RELAXED, "--outgoing")
    e.daemon.set_target(STRONG, chap_weakest="SHA256")
    e.daemon.set_target(RELAXED, chap_mutual="optional")


def begin(e, target=LOCKED):
    return Chap(e.begin(), env.names(target))


def refused(c, *statuses):
    """The login has ended, with one of these statuses and nothing said about secrets."""
    tap.within(c.status, statuses, "login status")
    tap.equal(c.response.text, [], "text of the refusal")
    c.login.connection.expect_silent_close()


def to_full_feature(c):
    """On from the operational stage; the session answers."""
    tap.true(c.left, f"the security stage was not left: {c.response!r}")
    response = c.login.exchange([], csg=OPERATIONAL, nsg=FULL_FEATURE)
    tap.equal(status_of(response), "0000", "login status")
    connection = c.login.connection
    connection.send(Pdu(Op.NOP_OUT, immediate=True, flags=Flag.FINAL, itt=9, ttt=NO_TAG, cmdsn=1))
    tap.equal(connection.recv().opcode, Op.NOP_IN, "opcode")


# One way --------------------------------------------------------------------------------------


@tap.cases(md5=("5", 5), sha1=("6", 6), sha256=("7", 7), sha3_256=("8", 8), strongest=("5,6,7,8", 8),
           other_order=("8,5", 8), middle=("7,6", 7), unknown_beside=("200,5", 5))  # fmt: skip
def test_algorithms(e, offered, expected):
    c = begin(e).challenge(offered)
    tap.equal(c.algorithm, expected, "algorithm")
    to_full_feature(c.prove(JOE, SECRET))


def test_base64(e):
    to_full_feature(begin(e).challenge("7").prove(JOE, SECRET, code=to_base64))


def test_upper_case_hexadecimal(e):
    to_full_feature(begin(e).challenge().prove(JOE, SECRET, code=lambda d: "0X" + d.hex().upper()))


def test_straight_to_full_feature(e):
    c = begin(e).challenge().prove(JOE, SECRET, nsg=FULL_FEATURE)
    tap.true(c.left and c.response.tsih, f"no session: {c.response!r}")


def test_with_none_beside(e):
    """Who must authenticate himself may offer None, too; it is not chosen."""
    tap.equal(begin(e).method("None,CHAP").granted().answer("AuthMethod"), "CHAP", "method")


def test_listing_says_how(e):
    to_full_feature(begin(e).challenge("5,7").prove(JOE, SECRET))
    detail = [s["detail"] for s in e.daemon.sessions() if s["target"] == LOCKED][0]
    tap.equal((detail["AuthMethod"], detail["CHAP_A"]), ("CHAP", "SHA256"), "how it was authenticated")


@tap.cases(**{f"case_{i}": (name,) for i, name in enumerate(ODD_NAMES)})
def test_names_are_text(e, name):
    """A name that looks like a number is a name (12.1.3)."""
    to_full_feature(begin(e).challenge().prove(name, SECRET))


def test_transit_comes_when_all_is_proved(e):
    """An initiator that always wants to go on is held back until it may."""
    c = begin(e)
    tap.true(not c.method(transit=True).granted().left, "left after AuthMethod")
    c.exchange([("CHAP_A", "5")], transit=True)
    tap.true(not c.granted().left, "left after CHAP_A")
    c.take_challenge()
    to_full_feature(c.prove(JOE, SECRET))


def test_proof_without_transit(e):
    c = begin(e).challenge().prove(JOE, SECRET, transit=False).granted()
    tap.true(not c.left, "left unasked")
    c.exchange([], transit=True)
    to_full_feature(c)


def test_challenge(e):
    """Of 128 bits at least, never the same; identifiers change, too."""
    logins = [begin(e).challenge("8") for _ in range(8)]
    tap.true(all(16 <= len(c.sent) <= 1024 for c in logins), "lengths of challenges")
    tap.equal(len({c.sent[i:i + 8] for c in logins for i in (0, 8)}), 16, "different pieces of challenges")
    tap.true(len({c.identifier for c in logins}) > 1, "identifiers do not change")


# Wrong names, wrong secrets ---------------------------------------------------------------------


@tap.cases(secret=(JOE, "wrong"), user=("nobody", SECRET), both=("nobody", "wrong"), no_secret=(JOE, ""),
           no_name=("", SECRET), case=("Joe", SECRET), other_direction=(DISK, DISK_SECRET),
           prefix=(JOE, SECRET[:-1]), longer_name=(JOE + "x", SECRET),
           what_we_take_for_unknown_ones=("nobody", "nobody's secret"))  # fmt: skip
def test_wrong(e, user, secret):
    refused(begin(e, RELAXED).challenge("5,8").prove(user, secret), FAILED)


def test_account_of_another_target(e):
    refused(begin(e, RELAXED).challenge().prove(ODD_NAMES[0], SECRET), FAILED)


@tap.cases(one="0x00", short="0x" + "00" * 15, long="0x" + "00" * 17, longest="0x" + "f" * 2048,
           longest_base64="0b" + "A" * 1366 + "==")  # fmt: skip
def test_responses_of_other_lengths(e, value):
    """Binary values have up to 1024 bytes (6.1)."""
    c = begin(e).challenge()
    c.exchange([("CHAP_N", JOE), ("CHAP_R", value)], transit=True)
    refused(c, FAILED)


def test_right_response_with_more_behind(e):
    c = begin(e).challenge()
    (name, value) = c.proof(JOE, SECRET)
    c.exchange([name, (value[0], value[1] + "00")], transit=True)
    refused(c, FAILED)


@tap.cases(sha1_for_md5=("5", 6), md5_for_sha3=("8", 5), sha256_for_sha3=("8", 7), sha3_for_sha256=("7", 8))
def test_response_by_another_algorithm(e, offered, used):
    c = begin(e).challenge(offered)
    c.algorithm = used
    refused(c.prove(JOE, SECRET), FAILED)


def test_response_of_another_login(e):
    """A response that was overheard is worth nothing."""
    first = begin(e).challenge()
    overheard = first.proof(JOE, SECRET)
    second = begin(e).challenge()
    second.exchange(overheard, transit=True)
    refused(second, FAILED)


def test_who_has_no_account_cannot_tell(e):
    """Unknown name and wrong secret look the same, byte by byte."""
    one = begin(e).challenge().prove("nobody", "wrong").response
    other = begin(e).challenge().prove(JOE, "wrong").response
    tap.equal((one.status_class, one.status_detail, one.flags, one.data),
              (other.status_class, other.status_detail, other.flags, other.data), "answers")


# Algorithms -----------------------------------------------------------------------------------------


@tap.cases(run_together="56", unknown="9", zero="0", none="", word="MD5", blank="5, 6", trailing="5,", negative="-5",
           huge="4294967301", letter="5,x", only_comma=",")  # fmt: skip
def test_no_algorithm(e, offered):
    refused(begin(e).challenge(offered), FAILED, ERROR)


@tap.cases(md5="5", sha1="6", both="5,6")
def test_algorithms_may_be_forbidden(e, offered):
    refused(begin(e, STRONG).challenge(offered), FAILED)


def test_strong_ones_pass(e):
    c = begin(e, STRONG).challenge("5,6,7")
    tap.equal(c.algorithm, 7, "algorithm")
    to_full_feature(c.prove(JOE, SECRET))


def test_seven_is_sha256(e):
    """tgt answers with SHA-1 under this number."""
    c = begin(e).challenge("7")
    c.algorithm = 6
    refused(c.prove(JOE, SECRET), FAILED)


# No way around ----------------------------------------------------------------------------------------


@tap.cases(none="None", unknown="KRB5", both="KRB5,None", empty="", lower="chap")
def test_other_methods(e, methods):
    refused(begin(e).method(methods), FAILED)


def test_operational_stage_first(e):
    c = begin(e)
    c.exchange(c.names, csg=OPERATIONAL, nsg=FULL_FEATURE, transit=True)
    refused(c, FAILED)


def test_operational_stage_first_without_transit(e):
    c = begin(e)
    c.exchange(c.names, csg=OPERATIONAL)
    refused(c, FAILED)


def test_method_in_operational_stage(e):
    c = begin(e)
    c.exchange([*c.names, ("AuthMethod", "CHAP")], csg=OPERATIONAL, nsg=FULL_FEATURE, transit=True)
    refused(c, FAILED)


@tap.cases(operational=OPERATIONAL, full_feature=FULL_FEATURE)
def test_leaving_without_method(e, nsg):
    c = begin(e)
    c.exchange(c.names, transit=True, nsg=nsg)
    refused(c, FAILED)


@tap.cases(operational=OPERATIONAL, full_feature=FULL_FEATURE)
def test_stage_jumped_after_method(e, nsg):
    """The target stays in the security stage; the initiator goes on as if it had not."""
    c = begin(e).method(transit=True, nsg=nsg).granted()
    tap.true(not c.left, "the stage was left")
    c.exchange([], csg=OPERATIONAL, nsg=FULL_FEATURE, transit=True)
    refused(c, ERROR)


@tap.cases(operational=OPERATIONAL, full_feature=FULL_FEATURE)
def test_stage_jumped_after_challenge(e, nsg):
    c = begin(e).challenge(transit=True, nsg=nsg).granted()
    tap.true(not c.left, "the stage was left")
    c.exchange([], csg=OPERATIONAL, nsg=FULL_FEATURE, transit=True)
    refused(c, ERROR)


def test_full_feature_pdu_during_login(e):
    c = begin(e).challenge()
    c.login.connection.send(Pdu(Op.NOP_OUT, immediate=True, flags=Flag.FINAL, itt=9, ttt=NO_TAG, cmdsn=1))
    env.refused_or_closed(c.login.connection)


# Steps out of order ---------------------------------------------------------------------------------


def test_algorithm_with_the_method(e):
    c = begin(e)
    c.exchange([*c.names, ("AuthMethod", "CHAP"), ("CHAP_A", "5")])
    refused(c, ERROR)


@tap.cases(algorithm=([("CHAP_A", "5")],), response=([("CHAP_N", JOE), ("CHAP_R", "0x00")],),
           challenge=([("CHAP_I", "1"), ("CHAP_C", "0x00")],))  # fmt: skip
def test_before_the_method(e, pairs):
    c = begin(e)
    c.exchange([*c.names, *pairs])
    refused(c, ERROR)


def test_response_in_place_of_algorithm(e):
    c = begin(e).method()
    c.exchange([("CHAP_N", JOE), ("CHAP_R", to_hex(b"\0" * 16))], transit=True)
    refused(c, ERROR)


def test_response_with_algorithm(e):
    c = begin(e).method()
    c.exchange([("CHAP_A", "5"), ("CHAP_N", JOE), ("CHAP_R", to_hex(b"\0" * 16))], transit=True)
    refused(c, ERROR)


def test_empty_request_in_place_of_algorithm(e):
    c = begin(e).method()
    c.exchange([], transit=True)
    refused(c, MISSING)


def test_empty_request_in_place_of_response(e):
    c = begin(e).challenge()
    c.exchange([], transit=True)
    refused(c, MISSING)


@tap.cases(name="CHAP_N", response="CHAP_R")
def test_half_a_response(e, left_out):
    c = begin(e).challenge()
    c.exchange([pair for pair in c.proof(JOE, SECRET) if pair[0] != left_out], transit=True)
    refused(c, MISSING)


def test_algorithm_again(e):
    c = begin(e).challenge()
    c.exchange([("CHAP_A", "5")])
    refused(c, ERROR)


def test_method_again(e):
    c = begin(e).challenge()
    c.exchange([("AuthMethod", "None"), *c.proof(JOE, "wrong")], transit=True)
    refused(c, ERROR)


@tap.cases(name="CHAP_N", response="CHAP_R")
def test_key_twice(e, key):
    c = begin(e).challenge()
    pairs = c.proof(JOE, SECRET)
    c.exchange(pairs + [pair for pair in pairs if pair[0] == key], transit=True)
    refused(c, ERROR)


def test_second_response_after_a_good_one(e):
    c = begin(e).challenge().prove(JOE, SECRET, transit=False).granted()
    c.exchange(c.proof(JOE, SECRET), transit=True)
    refused(c, ERROR)


def test_question_after_a_good_response(e):
    """Proof of the target is asked for in the same request, or not at all."""
    c = begin(e, RELAXED).challenge().prove(JOE, SECRET, transit=False).granted()
    c.exchange(c.ask(), transit=True)
    refused(c, ERROR)


def test_response_in_pieces(e):
    """The C bit cuts a request anywhere; the steps are those of whole requests."""
    c = begin(e).challenge()
    text = text_data(c.proof(JOE, SECRET))
    for byte in text[:-1]:
        c.exchange(bytes([byte]), more=True)
    tap.true(not c.granted().left, "left within a request")
    c.exchange(text[-1:], transit=True)
    to_full_feature(c)


def test_long_answer_on_the_way(e):
    """Empty requests that fetch more of the target's answer are no steps."""
    c = begin(e)
    c.exchange([*c.names, ("AuthMethod", "CHAP"), *((f"a{i}", "") for i in range(800))])
    pieces = 0
    while c.granted().response.flags & Flag.CONTINUE:
        c.exchange([])
        pieces += 1
    tap.true(pieces > 0, "the answer fits in one response")
    c.exchange([("CHAP_A", "5")])
    c.take_challenge()
    to_full_feature(c.prove(JOE, SECRET))


# Values that are none ------------------------------------------------------------------------------


BAD_VALUES = {
    "empty": "", "no_prefix": "00" * 16, "other_prefix": "0y00", "no_digits": "0x", "bad_digit": "0x" + "0g" * 16,
    "base64_bad": "0b!!!!====", "base64_short": "0bAAA", "base64_padding_first": "0b==AA", "base64_too_much_padding": "0bA===",
    "hex_too_long": "0x" + "0" * 2049, "hex_much_too_long": "0x" + "f" * 5000, "base64_too_long": "0b" + "A" * 1368,
    "base64_much_too_long": "0b" + "A" * 6000,
}  # fmt: skip


@tap.cases(**{name: (name,) for name in BAD_VALUES})
def test_response_that_is_none(e, name):
    c = begin(e).challenge()
    c.exchange([("CHAP_N", JOE), ("CHAP_R", BAD_VALUES[name])], transit=True)
    refused(c, ERROR)


@tap.cases(**{name: (name,) for name in BAD_VALUES})
def test_challenge_that_is_none(e, name):
    c = begin(e, BOTH).challenge()
    refused(c.prove(JOE, SECRET, [("CHAP_I", "1"), ("CHAP_C", BAD_VALUES[name])]), ERROR)


@tap.cases(above="256", far_above="99999999999999999999", negative="-1", word="one", empty="", hexadecimal_above="0x100", blank=" 1")
def test_identifier_that_is_none(e, value):
    c = begin(e, BOTH).challenge()
    refused(c.prove(JOE, SECRET, [("CHAP_I", value), ("CHAP_C", "0x0102")]), ERROR)


def test_name_that_is_too_long(e):
    refused(begin(e).challenge().prove("x" * 256, SECRET), ERROR)


# Both ways ------------------------------------------------------------------------------------------


@tap.cases(md5="5", sha1="6", sha256="7", sha3_256="8")
def test_both_ways(e, algorithm):
    c = begin(e, BOTH).challenge(algorithm)
    c.prove(JOE, SECRET, c.ask())
    c.proved(DISK, DISK_SECRET)
    to_full_feature(c)


@tap.cases(base64=(16, to_base64, 0), one_byte=(1, to_hex, 255), longest=(1024, to_hex, 1), longest_base64=(1024, to_base64, 128))
def test_challenges_of_initiators(e, length, code, identifier):
    c = begin(e, BOTH).challenge()
    c.prove(JOE, SECRET, c.ask(identifier, os.urandom(length), code))
    c.proved(DISK, DISK_SECRET)


def test_hexadecimal_identifier(e):
    c = begin(e, BOTH).challenge()
    c.ask(0xFE, b"0123456789abcdef")
    c.prove(JOE, SECRET, [("CHAP_I", "0xfe"), ("CHAP_C", to_hex(c.asked))])
    c.proved(DISK, DISK_SECRET)


def test_nothing_is_proved_to_who_proves_nothing(e):
    c = begin(e, BOTH).challenge()
    refused(c.prove(JOE, "wrong", c.ask()), FAILED)


@tap.cases(identifier="CHAP_I", challenge="CHAP_C")
def test_half_a_question(e, left_out):
    c = begin(e, BOTH).challenge()
    refused(c.prove(JOE, SECRET, [pair for pair in c.ask() if pair[0] != left_out]), MISSING)


def test_question_without_an_outgoing_account(e):
    c = begin(e, LOCKED).challenge()
    refused(c.prove(JOE, SECRET, c.ask()), FAILED)


def test_initiator_may_not_skip_its_question(e):
    """Where an outgoing account is bound; tgt lets it pass."""
    refused(begin(e, BOTH).challenge().prove(JOE, SECRET), FAILED)


def test_unless_the_admin_lets_it(e):
    to_full_feature(begin(e, RELAXED).challenge().prove(JOE, SECRET))
    c = begin(e, RELAXED).challenge()
    c.prove(JOE, SECRET, c.ask()).proved(DISK, DISK_SECRET)


def test_challenge_thrown_back(e):
    c = begin(e, BOTH).challenge()
    refused(c.prove(JOE, SECRET, c.ask(9, c.sent)), FAILED)


def test_challenge_of_another_connection_thrown_back(e):
    """The target would work out its own response for somebody who waits elsewhere."""
    elsewhere = begin(e, BOTH).challenge()
    c = begin(e, BOTH).challenge()
    refused(c.prove(JOE, SECRET, c.ask(elsewhere.identifier, elsewhere.sent)), FAILED)


# Discovery --------------------------------------------------------------------------------------------


def locked_discovery(e, iscsi=None, **bind):
    daemon, portal = e.another_daemon(iscsi=iscsi)
    words = [daemon.tgtctl, "--socket", daemon.path("control"), "account"]
    for name, secret in ((JOE, SECRET), (DISK, DISK_SECRET)):
        subprocess.run([*words, "create", name, "--password-stdin"], input=secret, text=True, check=True)
    for name, options in bind.items():
        subprocess.run([*words, "bind", name, *options], check=True)
    return daemon, portal


def discovery(e, portal):
    return Chap(env.Login(e.keep(env.Connection(portal))), env.names(None))


def test_discovery(e):
    daemon, portal = locked_discovery(e, joe=["--discovery"])
    c = discovery(e, portal).challenge("7").prove(JOE, SECRET)
    tap.true(c.left, f"not let in: {c.response!r}")
    refused(discovery(e, portal).challenge().prove(JOE, "wrong"), FAILED)
    refused(discovery(e, portal).method("None"), FAILED)
    c = discovery(e, portal)
    c.exchange(c.names, csg=OPERATIONAL, nsg=FULL_FEATURE, transit=True)
    refused(c, FAILED)
    # the target itself has no account and asks for none
    env.Session.login(portal, env.TARGET).close()
    e.finish_daemon(daemon)


def test_discovery_both_ways(e):
    daemon, portal = locked_discovery(e, joe=["--discovery"], disk=["--discovery", "--outgoing"])
    c = discovery(e, portal).challenge()
    c.prove(JOE, SECRET, c.ask()).proved(DISK, DISK_SECRET)
    refused(discovery(e, portal).challenge().prove(JOE, SECRET), FAILED)
    e.finish_daemon(daemon)


def test_portal_says_how_for_discovery(e):
    daemon, portal = locked_discovery(e, {"chap_weakest": "SHA256", "chap_mutual": "optional"},
                                      joe=["--discovery"], disk=["--discovery", "--outgoing"])  # fmt: skip
    refused(discovery(e, portal).challenge("5,6"), FAILED)
    tap.true(discovery(e, portal).challenge("5,7").prove(JOE, SECRET).left, "not let in")
    e.finish_daemon(daemon)


def test_account_of_discovery_opens_no_target(e):
    daemon, portal = locked_discovery(e, joe=["--discovery"], disk=[env.TARGET])
    c = Chap(env.Login(e.keep(env.Connection(portal))), env.names(env.TARGET))
    refused(c.challenge().prove(JOE, SECRET), FAILED)
    refused(discovery(e, portal).challenge().prove(DISK, DISK_SECRET), FAILED)
    e.finish_daemon(daemon)


# Changes while the daemon runs --------------------------------------------------------------------------


def test_changes_count_at_once(e):
    target = "iqn.2024-01.org.example:changing"
    env.make_target(e.daemon, target)
    try:
        env.Session.login(e.portal, target).close()
        account(e, "bind", JOE, target)
        to_full_feature(begin(e, target).challenge().prove(JOE, SECRET))
        account(e, "unbind", JOE, target)
        # tgt lets everybody in now
        refused(begin(e, target).method("None"), FAILED)
        refused(begin(e, target).challenge().prove(JOE, SECRET), FAILED)
        e.daemon.set_target(target, auth="none")
        env.Session.login(e.portal, target).close()
    finally:
        e.daemon.ctl("target", "delete", target, "--force")


def test_account_goes_during_the_login(e):
    account(e, "create", "max", "--password-stdin", secret="gone soon, and good bye")
    account(e, "bind", "max", LOCKED)
    c = begin(e).challenge()
    account(e, "delete", "max", "--force")
    refused(c.prove("max", "gone soon, and good bye"), FAILED)
    to_full_feature(begin(e).challenge().prove(ODD_NAMES[0], SECRET))


def test_nobody_is_locked_out_by_failures(e):
    """Many who fail at once do not keep out who knows the secret."""
    failing = [begin(e).challenge() for _ in range(40)]
    to_full_feature(begin(e).challenge().prove(JOE, SECRET))
    for c in failing:
        refused(c.prove(JOE, "wrong"), FAILED)


def test_log_tells_no_secrets(e):
    refused(begin(e).challenge().prove(JOE, "wrong"), FAILED)
    to_full_feature(begin(e).challenge().prove(JOE, SECRET))
    log = e.daemon.log_text()
    tap.true(SECRET not in log and DISK_SECRET not in log, "the log tells a secret")


if __name__ == "__main__":
    sys.exit(env.main(globals(), iscsi={"login_timeout": 5}, setup=setup))
