#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Text requests in full feature phase (RFC 7143 sections 6.4, 11.10 and 11.11)."""

import env
import sys

import scsi
from env import Op, tap
from pdu import NO_TAG, Flag, RejectReason, text_data
from session import Session

UNKNOWN = [("X-org.example.a", "1")]
NOT_UNDERSTOOD = [("X-org.example.a", "NotUnderstood")]
REFUSALS = (RejectReason.PROTOCOL_ERROR, RejectReason.INVALID_FIELD, RejectReason.NOT_SUPPORTED,
            RejectReason.NEGOTIATION_RESET)


def works(session):
    """Text and commands are served as before."""
    tap.equal(session.text(UNKNOWN), NOT_UNDERSTOOD, "answer")
    scsi.expect_good(session.test_unit_ready())


def rejected(session, *pdus, reasons=REFUSALS):
    reject = session.reject(*pdus)
    tap.within(reject.reason, reasons, "reason of the Reject")
    works(session)


def answer_of(session, pdu):
    session.send(pdu)
    return session.take(Op.TEXT_RESPONSE, pdu.itt)


# Keys ---------------------------------------------------------------------------------------


def test_unknown_key(e):
    works(e.ready())


def test_unknown_key_immediate(e):
    session = e.ready()
    pdu = session.text_pdu(UNKNOWN, immediate=True)
    tap.equal(answer_of(session, pdu).text, NOT_UNDERSTOOD, "answer")
    works(session)


def test_nothing(e):
    session = e.ready()
    tap.equal(session.text([]), [], "answer")
    works(session)


def test_several_keys(e):
    session = e.ready()
    pairs = [(f"X-org.example.{i}", "1") for i in range(20)]
    tap.equal(sorted(session.text(pairs)), sorted((k, "NotUnderstood") for k, _ in pairs), "answer")


LEADING_ONLY = {"MaxBurstLength": "65536", "FirstBurstLength": "65536", "InitialR2T": "Yes",
                "ImmediateData": "Yes", "MaxOutstandingR2T": "1", "MaxConnections": "1",
                "ErrorRecoveryLevel": "0", "DataPDUInOrder": "Yes", "DefaultTime2Wait": "2",
                "SessionType": "Normal", "InitiatorName": env.INITIATOR}


@tap.cases(**{key: (key,) for key in LEADING_ONLY})
def test_login_key(e, key):
    """Keys that only a login may hold: protocol error."""
    session = e.ready()
    pdu = session.text_pdu([(key, LEADING_ONLY[key])])
    rejected(session, pdu, reasons=(RejectReason.PROTOCOL_ERROR,))


@tap.cases(header="HeaderDigest", data="DataDigest")
def test_digest_in_full_feature_phase(e, key):
    """Digests are agreed on at login; nothing may change in the middle of a connection."""
    session = e.ready()
    session.send(session.text_pdu([(key, "CRC32C")], immediate=True))
    session.until(lambda: session.others, "an answer")
    answer = session.others.pop(0)
    refused = answer.opcode == Op.REJECT or answer.text == [(key, "Reject")]
    tap.true(refused, f"answer {answer!r}")
    works(session)


def test_segment_length_and_alias_are_taken(e):
    session = e.ready()
    answers = session.text([("MaxRecvDataSegmentLength", "8192"), ("InitiatorAlias", "me")])
    tap.true(all(v not in ("NotUnderstood", "Reject") for _, v in answers), f"answers {answers}")
    session.limits["initiator_mrdsl"] = 8192
    session.read(0, 128)


@tap.cases(low="511", high="16777216", text="many", empty="")
def test_bad_segment_length(e, value):
    """It is refused, and the one in force stays."""
    session = e.ready(MaxRecvDataSegmentLength="4096")
    session.send(session.text_pdu([("MaxRecvDataSegmentLength", value)], immediate=True))
    session.until(lambda: session.others, "an answer")
    session.others.pop(0)
    session.read(0, 128)


MALFORMED = {
    "no_equals_sign": b"X-a.b\0",
    "no_key": b"=1\0",
    "no_zero": b"X-a.b=1",
    "only_zeros": bytes(100),
    "high_bytes": b"\xff\xfe=\xfd\0",
    "long_key": b"X-" + b"k" * 5000 + b"=1\0",
    "long_value": b"X-a.b=" + b"v" * 60000 + b"\0",
    "same_key_twice": b"X-a.b=1\0X-a.b=2\0",
    "thousand_keys": b"".join(b"X-%d=1\0" % i for i in range(1000)),
}


@tap.cases(**{name: (name,) for name in MALFORMED})
def test_malformed(e, name):
    """A Reject or an answer, in pieces if it is long; the connection lives."""
    session = e.ready()
    pdu = session.send(session.text_pdu(MALFORMED[name], immediate=True))
    for _ in range(20):
        session.until(lambda: session.others, "an answer")
        answer = session.others.pop(0)
        if answer.opcode == Op.REJECT or answer.final:
            break
        session.send(session.text_pdu(ttt=answer.ttt, itt=pdu.itt, immediate=True))
    works(session)


# Sequences ----------------------------------------------------------------------------------


def continued(session, pieces):
    """Send text in pieces (C bit), each but the last answered by an empty response with a TTT."""
    pdu = session.text_pdu(pieces[0], final=False, more=True)
    response = answer_of(session, pdu)
    for i, piece in enumerate(pieces[1:], 2):
        tap.equal((response.final, response.data), (False, b""), "F and data of the response")
        tap.true(response.ttt != NO_TAG, "no TTT to go on with")
        last = i == len(pieces)
        more = session.text_pdu(piece, final=last, more=not last, ttt=response.ttt, itt=pdu.itt)
        session.send(more)
        response = session.take(Op.TEXT_RESPONSE, pdu.itt)
    return response


@tap.cases(in_key=5, at_equals_sign=15, in_value=16, before_zero=17, after_zero=18)
def test_cut_anywhere(e, position):
    session = e.ready()
    data = text_data(UNKNOWN)
    response = continued(session, [data[:position], data[position:]])
    tap.equal((response.final, response.text), (True, NOT_UNDERSTOOD), "answer")
    works(session)


def test_cut_into_many_pieces(e):
    session = e.ready()
    data = text_data(UNKNOWN)
    response = continued(session, [data[i : i + 4] for i in range(0, len(data), 4)])
    tap.equal(response.text, NOT_UNDERSTOOD, "answer")
    works(session)


def test_not_final_without_continuation(e):
    """F=0 and C=0: the initiator may have more to negotiate; the target lets it."""
    session = e.ready()
    pdu = session.text_pdu(UNKNOWN, final=False)
    response = answer_of(session, pdu)
    tap.true(not response.final and response.ttt != NO_TAG, f"response {response!r}")
    session.send(session.text_pdu([], ttt=response.ttt, itt=pdu.itt))
    tap.true(session.take(Op.TEXT_RESPONSE, pdu.itt).final, "F of the last response")
    works(session)


def test_final_with_continuation(e):
    """F and C exclude each other."""
    session = e.ready()
    rejected(session, session.text_pdu(UNKNOWN, final=True, more=True))


def test_unknown_ttt(e):
    session = e.ready()
    rejected(session, session.text_pdu(UNKNOWN, ttt=0x1234))


def test_wrong_ttt_in_a_sequence(e):
    session = e.ready()
    pdu = session.text_pdu(b"X-org.ex", final=False, more=True)
    response = answer_of(session, pdu)
    wrong = session.text_pdu(b"ample.a=1\0", ttt=response.ttt + 1, itt=pdu.itt)
    rejected(session, wrong)


def test_sequence_given_up_for_a_new_one(e):
    """A new request with the reserved TTT begins anew; what was sent before is forgotten."""
    session = e.ready()
    answer_of(session, session.text_pdu(b"X-org.ex", final=False, more=True))
    works(session)


def test_sequence_given_up_for_logout(e):
    session = e.ready()
    answer_of(session, session.text_pdu(b"X-org.ex", final=False, more=True))
    tap.equal(session.logout(), 0, "response to the logout")


def test_commands_between_the_pieces(e):
    session = e.ready()
    pdu = session.text_pdu(b"X-org.ex", final=False, more=True)
    response = answer_of(session, pdu)
    session.read(0, 8)
    session.ping()
    session.send(session.text_pdu(b"ample.a=1\0", ttt=response.ttt, itt=pdu.itt))
    tap.equal(session.take(Op.TEXT_RESPONSE, pdu.itt).text, NOT_UNDERSTOOD, "answer")


def test_continuation_without_end(e):
    """Text that never ends: it is refused long before a megabyte; no daemon keeps it all."""
    session = e.ready()
    pdu = session.text_pdu(b"X-org.example.fill=", final=False, more=True)
    response = answer_of(session, pdu)
    for _ in range(64):
        session.connection.try_send(session.text_pdu(
            b"x" * 32768, final=False, more=True, ttt=response.ttt, itt=pdu.itt))
        pdus, closed = take_text_or_reject(session)
        if closed or pdus.opcode == Op.REJECT:
            return
        response = pdus
    tap.fail("the target took two megabytes of text")


def take_text_or_reject(session):
    """(the next Text Response or Reject, closed)"""
    try:
        return session.connection.recv(), False
    except env.Closed:
        return None, True


def test_exchanges_without_end(e):
    """A negotiation of nothing that goes on for ever may be cut short, or not; it does no harm."""
    session = e.ready()
    pdu = session.text_pdu([], final=False)
    response = answer_of(session, pdu)
    for _ in range(300):
        session.send(session.text_pdu([], final=False, ttt=response.ttt, itt=pdu.itt))
        response, closed = take_text_or_reject(session)
        if closed or response.opcode == Op.REJECT:
            return


def long_keys():
    return [(f"X-{i:060}", "1") for i in range(900)]


def test_questions_while_an_answer_is_pending(e):
    """The rest of an answer is fetched by empty requests: answers must not pile up."""
    session = e.ready(MaxRecvDataSegmentLength="512")
    pdu = session.text_pdu(long_keys(), final=False)
    response = answer_of(session, pdu)
    tap.true(response.flags & Flag.CONTINUE, "the answer is not longer than one PDU")
    more = session.text_pdu(long_keys(), final=False, ttt=response.ttt, itt=pdu.itt)
    rejected(session, more)


def test_long_exchange_keeps_nothing(e):
    """What has been answered is forgotten, though the sequence goes on."""
    daemon, portal = e.another_daemon(env={"ASAN_OPTIONS": "quarantine_size_mb=1"})
    session = e.keep(Session.login(portal, e.target, MaxRecvDataSegmentLength="262144"))
    pdu = session.text_pdu(long_keys(), final=False)
    response, before = answer_of(session, pdu), daemon.memory()
    for _ in range(500):
        response = answer_of(session, session.text_pdu(long_keys(), final=False, ttt=response.ttt,
                                                       itt=pdu.itt))
    grown = daemon.memory() - before
    tap.true(grown < 12 << 20, f"the daemon grew by {grown >> 20} MiB")
    session.close()
    e.finish_daemon(daemon)


def test_two_sequences_at_once(e):
    """Only one text negotiation may be going on in a connection."""
    session = e.ready()
    first = session.text_pdu(b"X-org.ex", final=False, more=True)
    answer_of(session, first)
    second = session.text_pdu(b"X-org.ex", final=False, more=True)
    session.send(second)
    session.until(lambda: session.others, "an answer")
    session.others.clear()
    works(session)


def test_itt_of_a_sequence_used_by_a_command(e):
    session = e.ready()
    pdu = session.text_pdu(b"X-org.ex", final=False, more=True)
    answer_of(session, pdu)
    session.send(session.command_pdu(scsi.TEST_UNIT_READY, itt=pdu.itt, immediate=True))
    session.until(lambda: session.others, "an answer")
    allowed = (Op.REJECT, Op.SCSI_RESPONSE)
    tap.within(session.others.pop(0).opcode, allowed, "opcode of the answer")
    works(session)


def test_reserved_tag_for_text(e):
    session = e.ready()
    session.send(session.text_pdu(UNKNOWN, itt=NO_TAG, immediate=True))
    pdus, closed = session.connection.drain(0.3)
    tap.true(closed or all(p.opcode == Op.REJECT for p in pdus), f"answers {pdus}")


def test_many_text_requests_in_one_segment(e):
    session = e.ready()
    pdus = [session.text_pdu(UNKNOWN) for _ in range(50)]
    session.send(*pdus)
    for pdu in pdus:
        tap.equal(session.take(Op.TEXT_RESPONSE, pdu.itt).text, NOT_UNDERSTOOD, "answer")


def test_response_is_well_formed(e):
    session = e.ready()
    response = answer_of(session, session.text_pdu(UNKNOWN))
    tap.equal(response.flags & (Flag.FINAL | Flag.CONTINUE), Flag.FINAL, "F and C")
    tap.equal(response.ttt, NO_TAG, "TTT")
    tap.true(response.data.endswith(b"\0"), "the last pair has no zero byte")


if __name__ == "__main__":
    sys.exit(env.main(globals()))
