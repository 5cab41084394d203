#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keys and values of a login that are malformed, repeated, oversized or out of range."""

import env
import sys

from env import Op, tap
from login import DECLARATIVE, OPERATIONAL, SECURITY, LoginFailed, status_of
from pdu import Flag, text_data

INITIATOR_ERROR = "0200"
MISSING_PARAMETER = "0207"


def wanted(e):
    return env.names(e.target)


def answer_to(e, key, value):
    """What the target answers to one key: its value, None if nothing, or the refusal."""
    try:
        return dict(e.begin().run(wanted(e) + [(key, value)])).get(key)
    except LoginFailed as failure:
        tap.equal(failure.response.status_class, 2, "status class")
        return failure


# Keys twice ---------------------------------------------------------------------------------


@tap.cases(digest="HeaderDigest", burst="MaxBurstLength", segment="MaxRecvDataSegmentLength",
           initiator="InitiatorName", target="TargetName", kind="SessionType", unknown="X-a.b")
def test_twice_in_one_request(e, key):
    """RFC 7143 section 6.3: the same key twice is an error that must be found."""
    values = {"InitiatorName": env.INITIATOR, "TargetName": e.target, "SessionType": "Normal",
              "HeaderDigest": "None", "X-a.b": "1"}
    value = values.get(key, "65536")
    pairs = [p for p in wanted(e) if p[0] != key] + [(key, value)] * 2
    e.begin().refused(pairs, status=INITIATOR_ERROR)


@tap.cases(digest=("HeaderDigest", "None"), burst=("MaxBurstLength", "65536"),
           segment=("MaxRecvDataSegmentLength", "65536"), bool=("ImmediateData", "Yes"))
def test_negotiated_again(e, key, value):
    login = e.begin()
    login.exchange(wanted(e) + [(key, value)], transit=False)
    login.refused([(key, value)], status=INITIATOR_ERROR)


def test_name_declared_again(e):
    login = e.begin()
    login.exchange(wanted(e), transit=False)
    login.refused([("TargetName", e.target)], status=INITIATOR_ERROR)


def test_name_declared_again_in_next_stage(e):
    login = e.begin()
    login.exchange(wanted(e), csg=SECURITY, nsg=OPERATIONAL)
    login.refused([("InitiatorName", "iqn.2024-01.org.example:b")], status=INITIATOR_ERROR)


def test_auth_method_offered_again(e):
    login = e.begin()
    login.exchange(wanted(e) + [("AuthMethod", "None")], csg=SECURITY, transit=False)
    login.refused([("AuthMethod", "None")], csg=SECURITY, nsg=OPERATIONAL, status=INITIATOR_ERROR)


# Form ---------------------------------------------------------------------------------------


MALFORMED = {
    "no_equals_sign": b"HeaderDigest\0",
    "no_key": b"=None\0",
    "only_zeros": bytes(64),
    "only_equals_signs": b"=" * 64 + b"\0",
    "space_in_key": b"Header Digest=None\0",
    "control_character_in_key": b"Header\x01Digest=None\0",
    "high_bytes": b"\xff\xfe\xfd=\xff\0",
    "utf8_in_key": "Schlüssel=1\0".encode(),
}


@tap.cases(**MALFORMED)
def test_malformed_pair(e, data):
    """Refused, or taken for an unknown key; never taken for something else."""
    login = e.begin()
    response = login.exchange(text_data(wanted(e)) + data, transit=False)
    if response.status_class:
        tap.equal(status_of(response), INITIATOR_ERROR, "login status")
        login.connection.expect_silent_close()
        return
    answers = [v for k, v in response.text if k not in DECLARATIVE]
    tap.true(all(v == "NotUnderstood" for v in answers), f"answers {response.text}")


def test_no_equals_sign_in_first_key(e):
    e.begin().refused(b"InitiatorName\0", status=(INITIATOR_ERROR, MISSING_PARAMETER))


def test_last_pair_without_zero(e):
    """The zero byte belongs to the pair; that of the padding may be taken for it."""
    login = e.begin()
    data = text_data(wanted(e))[:-1]
    login.connection.send(login.request(data))
    allowed = ("0000", INITIATOR_ERROR, MISSING_PARAMETER)
    tap.within(status_of(login.response()), allowed, "login status")


@tap.cases(lower="initiatorname", upper="INITIATORNAME", mixed="initiatorName")
def test_key_of_another_case(e, key):
    """Keys are case-sensitive: this one is unknown, so that the name is missing."""
    e.begin().refused([(key, env.INITIATOR)] + wanted(e)[1:], status=MISSING_PARAMETER)


def test_operational_key_of_another_case(e):
    tap.within(answer_to(e, "headerdigest", "CRC32C"), ("NotUnderstood",), "answer")


@tap.cases(key_64=64, key_100=100, key_255=255, key_1000=1000, key_7000=7000)
def test_long_key(e, length):
    """RFC 7143 section 6.1: a key has at most 63 bytes."""
    key = "X-" + "k" * (length - 2)
    answer = answer_to(e, key, "1")
    tap.true(isinstance(answer, LoginFailed) or answer == "NotUnderstood", f"answer {answer!r}")


def test_key_of_63_bytes(e):
    tap.equal(answer_to(e, "X-" + "k" * 61, "1"), "NotUnderstood", "answer")


@tap.cases(alias=("InitiatorAlias", 256), alias_4000=("InitiatorAlias", 4000),
           digest=("HeaderDigest", 300), number=("MaxBurstLength", 300), unknown=("X-a.b", 6000))
def test_long_value(e, key, length):
    """A value has at most 255 bytes; too long a one is refused, rejected or not understood."""
    answer = answer_to(e, key, "1" * length)
    refused = isinstance(answer, LoginFailed) or answer in (None, "Reject", "NotUnderstood")
    tap.true(refused, f"answer {answer!r}")


def test_empty_values(e):
    for key in ("HeaderDigest", "MaxBurstLength", "InitialR2T", "MaxRecvDataSegmentLength"):
        answer = answer_to(e, key, "")
        refused = isinstance(answer, LoginFailed) or answer in ("Reject", None)
        tap.true(refused, f"{key}: {answer!r}")


# Names --------------------------------------------------------------------------------------


def name_of(length):
    return ("iqn.2024-01.org.example:" + "n" * length)[:length]


def test_initiator_name_of_223_bytes(e):
    e.login(initiator=name_of(223)).ping()


def test_initiator_name_of_224_bytes(e):
    e.begin().refused(env.names(e.target, name_of(224)), status=INITIATOR_ERROR)


def test_target_name_of_223_bytes(e):
    target = e.daemon.create_target(name_of(223))
    session = e.login(target=target)
    session.logout()
    e.daemon.ctl("target", "delete", target, "--force")


@tap.cases(of_224=224, of_1000=1000, of_8000=8000)
def test_long_target_name(e, length):
    pairs = env.names(name_of(length))
    e.begin().refused(pairs, status=("0203", INITIATOR_ERROR))


BAD_NAMES = {
    "empty": "",
    "space": "iqn.2024-01.org.example:a b",
    "not_utf8": b"iqn.2024-01.org.example:\xff\xfe\xc0",
    "half_a_character": b"iqn.2024-01.org.example:\xc3",
    "overlong_utf8": b"iqn.2024-01.org.example:\xc0\xaf",
    "surrogate": b"iqn.2024-01.org.example:\xed\xa0\x80",
    "newline": "iqn.2024-01.org.example:a\nb",
    "control": b"iqn.2024-01.org.example:\x01\x1b[31m",
    "comma": "iqn.2024-01.org.example:a,b",
    "slash": "iqn.2024-01.org.example:../../etc/passwd",
    "no_format": "initiator",
    "eui_of_15_digits": "eui.02004567A425678",
    "eui_of_no_hex": "eui.02004567A42567ZZ",
    "naa_of_17_digits": "naa.52004567BA64678D1",
}


@tap.cases(**BAD_NAMES)
def test_initiator_name(e, name):
    """RFC 3722 and RFC 7143 section 4.2.7: characters and formats that no name has."""
    e.begin().refused(env.names(e.target, name), status=(INITIATOR_ERROR, MISSING_PARAMETER))


@tap.cases(eui="eui.02004567a425678d", naa="naa.52004567ba64678d",
           naa_32="naa.62004567ba64678d0123456789abcdef", utf8="iqn.2024-01.org.example:ü-ж-日本")
def test_initiator_name_of_another_format(e, name):
    e.login(initiator=name).ping()


# Values -------------------------------------------------------------------------------------


def number_or_refusal(answer, low, high):
    """A number within the limits of its key, or any way of saying no."""
    if isinstance(answer, LoginFailed) or answer in (None, "Reject"):
        return
    tap.true(answer.isdigit() and low <= int(answer) <= high, f"the target agreed to {answer!r}")


LOWEST, HIGHEST = 512, (1 << 24) - 1
BAD_NUMBERS = {
    "23_digits": "99999999999999999999999",
    "2_to_the_32_and_512": str((1 << 32) + 512),
    "2_to_the_64_and_512": str((1 << 64) + 512),
    "long_hex": "0x" + "f" * 40,
    "hex_2_to_the_32_and_512": "0x100000200",
    "negative": "-1",
    "negative_big": "-4294966784",
    "plus": "+65536",
    "below_range": "511",
    "zero": "0",
    "above_range": str(1 << 24),
    "letters_behind": "65536abc",
    "letters": "many",
    "hex_without_digits": "0x",
    "hex_with_others": "0xfffg",
    "space": " 65536",
    "fraction": "65536.5",
    "range": "512~65536",
    "list": "65536,131072",
}


@tap.cases(**BAD_NUMBERS)
def test_number(e, value):
    for key in ("MaxBurstLength", "FirstBurstLength"):
        number_or_refusal(answer_to(e, key, value), LOWEST, HIGHEST)


@tap.cases(**BAD_NUMBERS)
def test_declared_segment_length(e, value):
    """It is declared, not negotiated: a bad one must not come into force."""
    answer = answer_to(e, "MaxRecvDataSegmentLength", value)
    number_or_refusal(answer, LOWEST, HIGHEST)


@tap.cases(r2t_0=("MaxOutstandingR2T", "0", 1, 65535),
           r2t_65536=("MaxOutstandingR2T", "65536", 1, 65535),
           connections_0=("MaxConnections", "0", 1, 65535),
           connections_65536=("MaxConnections", "65536", 1, 65535),
           wait_3601=("DefaultTime2Wait", "3601", 0, 3600),
           retain_3601=("DefaultTime2Retain", "3601", 0, 3600),
           recovery_3=("ErrorRecoveryLevel", "3", 0, 2),
           recovery_256=("ErrorRecoveryLevel", "256", 0, 2))
def test_out_of_range(e, key, value, low, high):
    number_or_refusal(answer_to(e, key, value), low, high)


@tap.cases(lower="yes", upper="YES", number="1", empty="", both="Yes,No", word="Maybe")
def test_boolean(e, value):
    for key in ("InitialR2T", "ImmediateData", "DataPDUInOrder"):
        answer = answer_to(e, key, value)
        tap.true(isinstance(answer, LoginFailed) or answer == "Reject", f"{key}: {answer!r}")


@tap.cases(unknown="Foo", lower="crc32c", many=",".join(["Foo"] * 50), commas=",,,,")
def test_digest_list_without_a_known_value(e, value):
    answer = answer_to(e, "HeaderDigest", value)
    tap.true(isinstance(answer, LoginFailed) or answer == "Reject", f"answer {answer!r}")


def test_reserved_answers_as_offers(e):
    """An initiator that offers what only an answer may be."""
    for value in ("Reject", "Irrelevant", "NotUnderstood"):
        answer = answer_to(e, "MaxBurstLength", value)
        number_or_refusal(answer, LOWEST, HIGHEST)


def test_answers_nobody_asked_for(e):
    """Keys that only a target sends."""
    for key, value in (("TargetPortalGroupTag", "1"), ("TargetAlias", "x"),
                       ("TargetAddress", "127.0.0.1:1,1")):
        login = e.begin()
        response = login.exchange(wanted(e) + [(key, value)], transit=False)
        tap.within(status_of(response), ("0000", INITIATOR_ERROR), f"login status for {key}")


def test_send_targets_in_login(e):
    """SendTargets belongs to full feature phase."""
    login = e.begin()
    response = login.exchange(wanted(e) + [("SendTargets", "All")], transit=False)
    tap.true(not any(k == "TargetName" for k, _ in response.text), f"answers {response.text}")


def test_operational_key_in_security_stage(e):
    login = e.begin()
    response = login.exchange(wanted(e) + [("MaxBurstLength", "65536")], csg=SECURITY,
                              nsg=OPERATIONAL)
    tap.within(status_of(response), ("0000", INITIATOR_ERROR), "login status")


def test_security_key_in_operational_stage(e):
    answer = answer_to(e, "AuthMethod", "None")
    refused = isinstance(answer, LoginFailed)
    tap.true(refused or answer in ("None", "Reject", "Irrelevant"), f"answer {answer!r}")


def test_every_byte_of_a_login_wrong_once(e):
    """Each byte of a usual Login Request replaced; the daemon answers, refuses or closes."""
    for position in range(0, 220, 3):
        login = e.begin()
        raw = bytearray(login.request(wanted(e) + [("HeaderDigest", "None")]).encode())
        raw[position % len(raw)] ^= 0xA5
        login.connection.send_raw(bytes(raw))
        pdus, _ = login.connection.drain(0.01)
        tap.true(all(p.opcode in (Op.LOGIN_RESPONSE, Op.REJECT) for p in pdus), f"answers {pdus}")
        login.connection.reset()


def test_continued_response_flags(e):
    """No response may have both T and C, whatever was asked."""
    login = e.begin()
    response = login.exchange(wanted(e) + [(f"X-{i}", "1") for i in range(300)])
    tap.true(not (response.flags & Flag.CONTINUE and response.flags & Flag.TRANSIT), "T and C")


def test_alias_cannot_forge_a_listing(e):
    """What an initiator calls itself ends on terminals and in scripts that read `tgtadm` line by line."""
    e.login(InitiatorAlias="x\nTarget 99: iqn.victim\x1b]0;y\x07")
    aliases = [s.get("alias") for s in e.daemon.sessions()]
    tap.true("x?Target 99: iqn.victim?]0;y?" in aliases, f"aliases {aliases}")


if __name__ == "__main__":
    sys.exit(env.main(globals(), iscsi={"login_timeout": 2}))
