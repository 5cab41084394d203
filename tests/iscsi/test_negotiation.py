#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The result of every key, from offers that are in order (RFC 7143 sections 6.2 and 13)."""

import env
import sys

from env import tap
from login import FULL_FEATURE, OPERATIONAL, SECURITY, status_of
from pdu import Flag, text_data
from session import Session

TARGET_BURST = 1048576
TARGET_FIRST_BURST = 262144
TARGET_SEGMENT = 262144

TUNED = "iqn.2024-01.org.example:tuned"


def answers(e, pairs, target=None):
    """All that the target says to these offers."""
    return dict(e.begin().run(env.names(target or e.target) + list(pairs)))


def agreed(e, key, value, target=None):
    return answers(e, [(key, value)], target).get(key)


def is_result(e, key, offer, wanted, target=None):
    tap.equal(agreed(e, key, offer, target), wanted, f"answer to {key}={offer}")


# Numbers and booleans -----------------------------------------------------------------------


@tap.cases(lowest=("512", 512), usual=("262144", 262144), odd=("65537", 65537),
           own=(str(TARGET_BURST), TARGET_BURST), highest=("16777215", TARGET_BURST),
           hexadecimal=("0x10000", 65536), big_hexadecimal=("0XFFFFFF", TARGET_BURST),
           hexadecimal_letters=("0xaBcD", 0xABCD))
def test_max_burst_length(e, offer, wanted):
    answer = agreed(e, "MaxBurstLength", offer)
    tap.equal(int(answer, 0), wanted, f"answer to MaxBurstLength={offer}")


@tap.cases(lowest=("512", "512"), usual=("65536", "65536"),
           highest=("16777215", str(TARGET_FIRST_BURST)))
def test_first_burst_length(e, offer, wanted):
    is_result(e, "FirstBurstLength", offer, wanted)


def test_first_burst_is_not_over_max_burst(e):
    result = answers(e, [("MaxBurstLength", "4096"), ("FirstBurstLength", "4096")])
    tap.true(int(result["FirstBurstLength"]) <= int(result["MaxBurstLength"]), f"{result}")


def test_first_burst_offered_over_max_burst(e):
    """The sum of the results must be usable: not above, or the login refused."""
    response = e.begin().exchange(
        env.names(e.target) + [("MaxBurstLength", "4096"), ("FirstBurstLength", "65536")])
    if response.status_class:
        tap.equal(status_of(response), "0200", "login status")
        return
    result = dict(response.text)
    if result.get("FirstBurstLength") != "Reject":
        tap.true(int(result["FirstBurstLength"]) <= int(result["MaxBurstLength"]), f"{result}")


@tap.cases(one=("1", "1"), eight=("8", "8"), nine=("9", "8"), highest=("65535", "8"))
def test_max_outstanding_r2t(e, offer, wanted):
    is_result(e, "MaxOutstandingR2T", offer, wanted)


@tap.cases(one=("1", "1"), four=("4", "1"), highest=("65535", "1"))
def test_max_connections(e, offer, wanted):
    is_result(e, "MaxConnections", offer, wanted)


@tap.cases(zero=("0", "0"), one=("1", "0"), two=("2", "0"))
def test_error_recovery_level(e, offer, wanted):
    is_result(e, "ErrorRecoveryLevel", offer, wanted)


@tap.cases(zero=0, usual=2, long=100, longest=3600)
def test_time_to_wait_is_the_larger(e, offer):
    tap.true(int(agreed(e, "DefaultTime2Wait", str(offer))) >= offer, "DefaultTime2Wait")


@tap.cases(zero=0, usual=20, longest=3600)
def test_time_to_retain_is_the_smaller(e, offer):
    tap.true(int(agreed(e, "DefaultTime2Retain", str(offer))) <= offer, "DefaultTime2Retain")


@tap.cases(yes=("Yes", "Yes"), no=("No", "No"))
def test_initial_r2t(e, offer, wanted):
    is_result(e, "InitialR2T", offer, wanted)


@tap.cases(yes=("Yes", "Yes"), no=("No", "No"))
def test_immediate_data(e, offer, wanted):
    is_result(e, "ImmediateData", offer, wanted)


@tap.cases(pdu="DataPDUInOrder", sequence="DataSequenceInOrder")
def test_data_in_order(e, key):
    is_result(e, key, "Yes", "Yes")
    tap.within(agreed(e, key, "No"), ("Yes", "No"), f"answer to {key}=No")


# Lists and names ----------------------------------------------------------------------------


@tap.cases(none=("None", "None"), crc=("CRC32C", "CRC32C"), crc_first=("CRC32C,None", "CRC32C"),
           none_first=("None,CRC32C", "None"), unknown_first=("Foo,CRC32C,None", "CRC32C"),
           unknown_last=("None,X-foo", "None"), twice=("CRC32C,CRC32C", "CRC32C"))
def test_digests(e, offer, wanted):
    for key in ("HeaderDigest", "DataDigest"):
        is_result(e, key, offer, wanted)


@tap.cases(rfc3720="RFC3720", fence="ResponseFence,RFC3720", fast="FastAbort,ResponseFence,RFC3720")
def test_task_reporting(e, offer):
    """A key of RFC 7143: never NotUnderstood."""
    tap.within(agreed(e, "TaskReporting", offer), offer.split(","), "TaskReporting")


@tap.cases(one=1, two=2, highest=31)
def test_protocol_level(e, offer):
    answer = agreed(e, "iSCSIProtocolLevel", str(offer))
    tap.true(answer.isdigit() and 1 <= int(answer) <= offer, f"iSCSIProtocolLevel={answer}")


@tap.cases(ifmarker=("IFMarker", "Yes"), ofmarker=("OFMarker", "Yes"),
           ifmarkint=("IFMarkInt", "512~1024"), ofmarkint=("OFMarkInt", "2048"))
def test_obsolete_marker(e, key, offer):
    """RFC 7143 section 13.25."""
    tap.within(agreed(e, key, offer), ("No", "Reject", "Irrelevant"), key)


def test_marker_not_wanted(e):
    tap.within(agreed(e, "IFMarker", "No"), ("No", "Reject"), "IFMarker")


@tap.cases(private="X-org.example.feature", no_prefix="Feature", public="X#Feature",
           digest="Y-checksum", like_ours="MaxBurstLengths")
def test_unknown_key(e, key):
    is_result(e, key, "1", "NotUnderstood")


def test_unknown_key_with_equals_signs_in_its_value(e):
    is_result(e, "X-org.example.feature", "a=b=c", "NotUnderstood")


def test_iser_key_over_tcp(e):
    tap.within(agreed(e, "RDMAExtensions", "Yes"), ("No", "NotUnderstood"), "RDMAExtensions")


def test_declared_keys_get_no_answer(e):
    keys = ("InitiatorAlias", "X#NodeArchitecture")
    result = answers(e, [(key, "words") for key in keys])
    tap.true("InitiatorAlias" not in result, f"answers {result}")


def test_segment_length_is_declared(e):
    result = answers(e, [("MaxRecvDataSegmentLength", "4096")])
    tap.equal(result.get("MaxRecvDataSegmentLength"), str(TARGET_SEGMENT), "the target's own")


def test_portal_group_tag_in_first_response(e):
    """RFC 7143 section 13.9: in whichever stage the login begins."""
    for csg, nsg in ((SECURITY, OPERATIONAL), (OPERATIONAL, FULL_FEATURE)):
        response = e.begin().exchange(env.names(e.target), csg=csg, nsg=nsg)
        tap.equal(dict(response.text).get("TargetPortalGroupTag"), "1", "TargetPortalGroupTag")


# The course of a login ----------------------------------------------------------------------


def test_tsih_only_at_the_end(e):
    login = e.begin()
    login.run(env.names(e.target) + [("HeaderDigest", "None")], security=True)
    tap.equal([r.tsih for r in login.responses[:-1]], [0] * (len(login.responses) - 1),
              "TSIH before the end")
    tap.true(login.responses[-1].tsih != 0, "no TSIH at the end")


def test_tsih_is_not_used_twice(e):
    sessions = [e.login() for _ in range(10)]
    tap.equal(len({s.tsih for s in sessions}), 10, "different TSIHs")


def test_active_version(e):
    response = e.begin().exchange(env.names(e.target))
    tap.equal((response.version_max, response.version_active), (0, 0), "versions")


def test_no_transit_unless_asked(e):
    response = e.begin().exchange(env.names(e.target), transit=False)
    tap.true(not response.flags & Flag.TRANSIT, "the target left the stage by itself")
    tap.equal(response.flags >> 2 & 3, OPERATIONAL, "CSG of the response")


def test_one_key_per_request(e):
    login = e.begin()
    offers = [("HeaderDigest", "None"), ("MaxBurstLength", "65536"), ("InitialR2T", "Yes"),
              ("MaxRecvDataSegmentLength", "4096")]
    login.exchange(env.names(e.target), transit=False)
    for key, value in offers[:-1]:
        response = login.exchange([(key, value)], transit=False)
        tap.equal(dict(response.text).get(key), value, f"answer to {key}")
    tap.equal(status_of(login.exchange(offers[-1:])), "0000", "login status")


@tap.cases(key=5, equals_sign=13, value=20, zero=50, after_zero=51, name=100)
def test_text_cut_anywhere(e, position):
    """The C bit: a key may be cut at any byte (RFC 7143 section 6.2)."""
    cut_login(e, [position])


@tap.cases(of_20=20, of_64=64)
def test_text_in_small_pieces(e, size):
    length = len(text_data(cut_pairs(e)))
    cut_login(e, range(size, length, size))


def cut_pairs(e):
    return env.names(e.target) + [("HeaderDigest", "CRC32C"), ("MaxBurstLength", "65536")]


def cut_login(e, positions):
    login = e.begin()
    data = text_data(cut_pairs(e))
    edges = [0, *positions, len(data)]
    pieces = [data[a:b] for a, b in zip(edges, edges[1:])]
    for piece in pieces[:-1]:
        response = login.exchange(piece, transit=False, more=True)
        tap.equal(status_of(response), "0000", "login status")
        tap.true(not response.flags & Flag.TRANSIT, "T in answer to C")
        tap.equal(response.data, b"", "an answer to an unfinished request")
    response = login.exchange(pieces[-1])
    tap.equal(status_of(response), "0000", "login status")
    result = dict(response.text)
    tap.equal((result.get("HeaderDigest"), result.get("MaxBurstLength")), ("CRC32C", "65536"),
              "answers")


def test_many_answers(e):
    """Two hundred unknown keys: each is answered, in as many pieces as it takes."""
    keys = [f"X-{i:04}" for i in range(200)]
    result = answers(e, [(key, "1") for key in keys])
    tap.equal({result.get(key) for key in keys}, {"NotUnderstood"}, "answers")


def test_all_keys_at_once(e):
    offers = {
        "HeaderDigest": "CRC32C,None", "DataDigest": "CRC32C,None", "MaxConnections": "8",
        "InitialR2T": "No", "ImmediateData": "Yes", "MaxRecvDataSegmentLength": "262144",
        "MaxBurstLength": "16776192", "FirstBurstLength": "262144", "DefaultTime2Wait": "2",
        "DefaultTime2Retain": "0", "MaxOutstandingR2T": "1", "DataPDUInOrder": "Yes",
        "DataSequenceInOrder": "Yes", "ErrorRecoveryLevel": "0", "IFMarker": "No",
        "OFMarker": "No", "TaskReporting": "RFC3720", "iSCSIProtocolLevel": "1",
    }  # fmt: skip
    result = answers(e, offers.items())
    declared = {"MaxRecvDataSegmentLength"}
    tap.equal(set(offers) - declared - set(result), set(), "keys without an answer")


def test_nothing_offered(e):
    """The defaults are in force; the session works."""
    nothing = dict.fromkeys(("HeaderDigest", "DataDigest", "InitialR2T", "ImmediateData",
                             "MaxRecvDataSegmentLength", "MaxBurstLength", "FirstBurstLength",
                             "MaxOutstandingR2T", "ErrorRecoveryLevel"))
    session = e.ready(**nothing)
    session.write(0, bytes(200 * 512))
    session.read(0, 200)


# What is set for a target -------------------------------------------------------------------


PARAMETERS = {
    "MaxBurstLength": ("16384", "262144"),
    "FirstBurstLength": ("8192", "65536"),
    "MaxOutstandingR2T": ("2", "8"),
    "InitialR2T": ("Yes", "No"),
    "ImmediateData": ("No", "Yes"),
    "HeaderDigest": ("CRC32C", "CRC32C,None"),
    "DataDigest": ("None", "CRC32C,None"),
}


@tap.cases(**{key: (key,) for key in PARAMETERS})
def test_target_parameter(e, key):
    value, offer = PARAMETERS[key]
    e.daemon.create_target(TUNED, **{key: value})
    try:
        is_result(e, key, offer, value, TUNED)
    finally:
        e.daemon.ctl("target", "delete", TUNED, "--force")


@tap.cases(nothing={}, none={"HeaderDigest": "None", "DataDigest": "None"},
           one_missing={"HeaderDigest": "CRC32C"}, unknown={"HeaderDigest": "Foo"})
def test_digest_that_the_target_demands(e, offer):
    """Without one that both accept there is no session."""
    e.daemon.create_target(TUNED, HeaderDigest="CRC32C", DataDigest="CRC32C")
    try:
        e.begin().refused(env.names(TUNED) + list(offer.items()), "0200")
        both = {"HeaderDigest": "None,CRC32C", "DataDigest": "CRC32C"}
        session = e.keep(Session.login(e.portal, TUNED, **both))
        tap.equal(session.limits["HeaderDigest"], "CRC32C", "HeaderDigest")
        session.logout()
    finally:
        e.daemon.ctl("target", "delete", TUNED, "--force")


def test_target_segment_length(e):
    e.daemon.create_target(TUNED, MaxRecvDataSegmentLength=16384)
    try:
        session = e.keep(Session.login(e.portal, TUNED))
        tap.equal(session.limits["target_mrdsl"], 16384, "MaxRecvDataSegmentLength")
        session.logout()
    finally:
        e.daemon.ctl("target", "delete", TUNED, "--force")


@tap.cases(burst=("MaxBurstLength", "511"), segment=("MaxRecvDataSegmentLength", "16777216"),
           boolean=("InitialR2T", "maybe"), number=("MaxOutstandingR2T", "many"),
           recovery=("ErrorRecoveryLevel", "3"), unknown=("MaxBurst", "65536"))
def test_bad_target_parameter(e, key, value):
    """tgtctl refuses it with a sentence, and nothing changes."""
    before = agreed(e, "MaxBurstLength", "16777215")
    done = e.daemon.ctl("target", "set", e.target, f"{key}={value}", check=False)
    tap.true(done.returncode != 0, f"{key}={value} was accepted")
    tap.true(done.stderr.strip(), "no word of the reason")
    tap.equal(agreed(e, "MaxBurstLength", "16777215"), before, "MaxBurstLength")


if __name__ == "__main__":
    sys.exit(env.main(globals()))
