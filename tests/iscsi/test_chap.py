#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""CHAP (RFC 7143 12.1.3): who knows a secret gets in, nobody else does, whatever he sends."""

import env
import sys

from env import Op, tap
from login import FULL_FEATURE, OPERATIONAL
from login_chap import (
    DISK, DISK_SECRET, ERROR, FAILED, JOE, LOCKED, MISSING, ODD_NAMES, RELAXED, SECRET, STRONG,
    begin, refused, setup, to_base64, to_full_feature, to_hex,
)  # fmt: skip
from pdu import NO_TAG, Flag, Pdu, text_data

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


if __name__ == "__main__":
    sys.exit(env.main(globals(), iscsi={"login_timeout": 5}, setup=setup))
