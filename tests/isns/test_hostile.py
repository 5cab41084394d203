#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""iSNS servers that lie, stall and flood: the daemon and its sessions never notice."""

import os
import random
import socket
import struct
import sys
import time

import bed
import fake
from bed import A, B, Session, tap
from fake import EID, NAME, NODE_TYPE, PERIOD, QUERY, REGISTER, Fake, text, tlv

FORMATS = "%s%n%s%n%p%1000000d"
TROUBLE = ("unreachable", "refused", "starting", "registered")


def header(**changes):
    """The answer is an honest one but for its header."""
    return lambda q: q.answer(text(EID, "entity"), **changes)


def body(payload, status=0):
    return lambda q: q.answer(payload, status)


def raw(data):
    return lambda q: data


def many_pdus(q, count=200, size=65532):
    """A message without an end."""
    first = q.answer(bytes(size - 4), flags=fake.F_SERVER | fake.F_FIRST)
    return first + b"".join(
        fake.pdu(q.function | fake.RESPONSE, q.xid, bytes(size), flags=fake.F_SERVER, sequence=i) for i in range(1, count))


def two_pdus(q):
    """An honest answer in two pieces."""
    whole = struct.pack(">I", 0) + text(EID, "entity") + tlv(PERIOD, struct.pack(">I", 600))
    return (fake.pdu(q.function | fake.RESPONSE, q.xid, whole[:8], flags=fake.F_SERVER | fake.F_FIRST)
            + fake.pdu(q.function | fake.RESPONSE, q.xid, whole[8:], flags=fake.F_SERVER | fake.F_LAST, sequence=1))


LIES = {
    "nothing_but_noise": raw(os.urandom(70000)),
    "zeroes": raw(bytes(70000)),
    "ones": raw(b"\xff" * 70000),
    "half_a_header": raw(b"\0\1\x80\1\0"),
    "another_version": header(version=2),
    "a_length_that_is_no_multiple_of_four": header(length=21),
    "a_length_beyond_the_end": header(length=65532),
    "no_body": lambda q: fake.pdu(q.function | fake.RESPONSE, q.xid, b""),
    "three_bytes_of_a_status": lambda q: fake.pdu(q.function | fake.RESPONSE, q.xid, b"\0\0\0", length=3),
    "another_number": lambda q: q.answer(xid=q.xid ^ 0x5555),
    "another_function": header(function=fake.RESPONSE | 14),
    "no_first_pdu": header(flags=fake.F_SERVER | fake.F_LAST),
    "authentication": header(flags=fake.F_SERVER | fake.F_FIRST | fake.F_LAST | fake.F_AUTH),
    "a_wrong_sequence": header(sequence=9),
    "an_attribute_longer_than_the_message": body(tlv(EID, b"abcd", 4096)),
    "an_attribute_of_four_gigabytes": body(tlv(EID, b"abcd", 0xfffffffc)),
    "an_attribute_that_wraps": body(tlv(EID, b"abcd", 0xffffffff)),
    "an_attribute_of_odd_length": body(tlv(EID, b"abcd", 3)),
    "half_an_attribute": body(b"\0\0\0\1"),
    "text_without_an_end": body(tlv(EID, b"x" * 400)),
    "text_of_nothing": body(tlv(EID)),
    "a_long_text": body(text(EID, "y" * 60000)),
    "text_that_is_no_utf8": body(text(EID, b"\xff\xfe\x80") + text(NAME, b"\xc3\x28")),
    "format_strings": body(text(EID, FORMATS) + text(NAME, FORMATS)),
    "a_period_of_one_byte": body(tlv(PERIOD, b"\0", 1)),
    "a_period_of_eight_bytes": body(tlv(PERIOD, bytes(8))),
    "a_period_of_forever": body(tlv(PERIOD, b"\xff" * 4)),
    "an_address_of_four_bytes": body(tlv(fake.ADDRESS, bytes(4))),
    "tags_that_there_are_not": body(b"".join(tlv(t, b"abcd") for t in (999, 0xffff, 0x7fffffff, 0xffffffff))),
    "all_tags_with_four_bytes": body(b"".join(tlv(t, b"abcd") for t in range(3000))),
    "all_tags_with_nothing": body(b"".join(tlv(t) for t in range(3000))),
    "eight_thousand_delimiters": body(tlv(0) * 8000),
    "a_status_that_there_is_not": body(b"", 0x7fffffff),
    "a_negative_status": body(b"", 0xffffffff),
    "more_pdus_than_fit": many_pdus,
    "small_pdus_without_an_end": lambda q: many_pdus(q, 5000, 8),
    "an_answer_twice": lambda q: q.answer() * 2,
}


def with_session(b, target):
    """A session that is to outlive all that follows."""
    b.daemon.create_target(target)
    b.daemon.create_lun(target, 1, bs="mem", size="1M")
    session = Session.login(b.daemon.portals()[0], target)
    session.clear_attention()
    return session


def unharmed(b, session):
    """The daemon answers at once, the session goes on, and an honest server is served afterwards."""
    start = time.monotonic()
    tap.true(b.show()["state"] in TROUBLE, f"state {b.show()['state']}")
    session.test_unit_ready()
    # Who waits for the helper waits longer
    tap.true(time.monotonic() - start < 6 * tap.slowness(), "the daemon is slow")
    session.logout()
    session.close()
    honest = Fake()
    try:
        b.set(iSNSServerPort=honest.port)
        b.reaches("registered")
        bed.wait_for(lambda: honest.asked(REGISTER), "the registration with an honest server")
        b.set(iSNS="Off")
    finally:
        honest.close()


@tap.cases(**LIES)
@tap.timeout(40)
def test_an_answer_of(b, lie):
    def behave(server, connection, question):
        connection.sendall(lie(question))
        connection.close()

    b.server.behave = behave
    session = with_session(b, A)
    b.switch_on()
    b.server.wait_asked(REGISTER)
    # What was sent is read when the helper comes back, or says what it thinks of it
    bed.wait_for(lambda: b.server.connections > 1 or b.show()["state"] != "starting", "a verdict")
    tap.true("ended by signal" not in b.daemon.log_text(), "the helper has crashed")
    unharmed(b, session)


def test_an_answer_in_two_pieces_is_understood(b):
    b.server.behave = lambda server, connection, question: connection.sendall(two_pdus(question))
    b.registered(A)


def test_a_server_that_never_answers(b):
    b.server.behave = lambda server, connection, question: None
    session = with_session(b, A)
    b.switch_on()
    b.server.wait_asked(REGISTER)
    unharmed(b, session)


def test_a_server_that_never_answers_does_not_hold_up_the_end(b):
    b.server.behave = lambda server, connection, question: None
    b.daemon.create_target(A)
    b.switch_on()
    b.server.wait_asked(REGISTER)
    start = time.monotonic()
    b.daemon.stop()
    tap.true(time.monotonic() - start < 8 * tap.slowness(), "the end takes long")


@tap.timeout(40)
def test_a_server_that_answers_byte_by_byte(b):
    """Each byte comes in time, the answer does not."""
    def behave(server, connection, question):
        for byte in question.answer(bytes(60000)):
            connection.sendall(bytes([byte]))
            time.sleep(0.05)

    b.server.behave = behave
    session = with_session(b, A)
    b.switch_on()
    shown = b.reaches("unreachable")
    tap.true("in time" in shown["detail"], shown["detail"])
    unharmed(b, session)


def test_a_server_that_does_not_listen(b):
    """It takes the connection, and no more bytes than its socket does."""
    session = with_session(b, A)
    deaf = socket.socket()
    deaf.bind(("127.0.0.1", 0))
    deaf.listen(1)
    b.set(iSNSServerIP="127.0.0.1", iSNSServerPort=deaf.getsockname()[1], iSNS="On")
    bed.wait_for(b.helper, "a helper")
    unharmed(b, session)
    deaf.close()


@tap.timeout(60)
def test_a_server_that_closes_after_each_number_of_bytes(b):
    cut = iter(range(0, 80, 3))

    def behave(server, connection, question):
        n = next(cut, None)
        connection.sendall(question.answer(text(EID, "entity") + text(NAME, A))[:n])
        if n is not None:
            connection.close()
            b.kill_helper()  # its patience grows; that of a new one does not

    b.server.behave = behave
    session = with_session(b, A)
    b.switch_on()
    bed.wait_for(lambda: b.server.connections >= 4, "some attempts", 40)
    unharmed(b, session)


def test_random_answers(b):
    """Honest bytes with some of them changed."""
    dice = random.Random(4171)

    def behave(server, connection, question):
        data = bytearray(question.answer(text(EID, "entity") + tlv(PERIOD, bytes(4)) + text(NAME, A) + tlv(NODE_TYPE, fake.INITIATOR)))
        for _ in range(dice.choice((1, 2, 8))):
            data[dice.randrange(12, len(data))] = dice.randrange(256)
        connection.sendall(data)

    b.server.behave = behave
    session = with_session(b, A)
    for i in range(30):
        b.daemon.create_target(f"{B}{i}")
    b.switch_on(iSNSAccessControl="On")
    bed.wait_for(lambda: len(b.server.questions) > 20 or b.server.connections > 2, "some answers")
    unharmed(b, session)


@tap.cases(
    formats=text(NAME, FORMATS) + tlv(NODE_TYPE, fake.INITIATOR),
    no_utf8=text(NAME, b"\xff\xfe") + tlv(NODE_TYPE, fake.INITIATOR),
    a_crowd=b"".join(text(NAME, f"i{n}") + tlv(NODE_TYPE, fake.INITIATOR) for n in range(2000)),
    a_type_without_a_name=tlv(NODE_TYPE, fake.INITIATOR) * 100,
    a_name_of_nothing=tlv(NAME) + tlv(NODE_TYPE, fake.INITIATOR),
    a_long_name=text(NAME, "n" * 6000) + tlv(NODE_TYPE, fake.INITIATOR),
)
@tap.timeout(40)
def test_initiators_that_are(b, payload):
    """They are told to the daemon, which judges names by its own rules."""
    def behave(server, connection, question):
        if question.function == QUERY:
            connection.sendall(question.answer(payload))
        else:
            fake.honest(server, connection, question)

    b.server.behave = behave
    session = with_session(b, A)
    b.switch_on(iSNSAccessControl="On")
    b.server.wait_asked(QUERY)
    tap.true(not b.admitted(A), "somebody whom the server has not named is admitted")
    unharmed(b, session)


def test_more_initiators_than_one_message_to_the_daemon_takes(b):
    """Each name is long: the helper must not send what the daemon refuses."""
    names = [f"iqn.2024-01.org.example:{n:05d}" + "x" * 180 for n in range(4500)]
    whole = struct.pack(">I", 0) + b"".join(text(NAME, n) + tlv(NODE_TYPE, fake.INITIATOR) for n in names)
    pieces = [whole[i:i + 65532] for i in range(0, len(whole), 65532)]

    def behave(server, connection, question):
        if question.function != QUERY:
            fake.honest(server, connection, question)
            return
        for i, piece in enumerate(pieces):
            flags = fake.F_SERVER | (fake.F_FIRST if i == 0 else 0) | (fake.F_LAST if i == len(pieces) - 1 else 0)
            connection.sendall(fake.pdu(QUERY | fake.RESPONSE, question.xid, piece, flags=flags, sequence=i))

    b.server.behave = behave
    session = with_session(b, A)
    b.switch_on(iSNSAccessControl="On")
    b.server.wait_asked(QUERY, 2)
    unharmed(b, session)


def flood(b, data, count):
    """Open many connections to the port for notifications; send this in each."""
    port = struct.unpack(">I", b.server.wait_asked(REGISTER).values(fake.SCN_PORT)[0])[0]
    for _ in range(count):
        try:
            with socket.create_connection(("127.0.0.1", port), 2) as c:
                c.sendall(data)
        except OSError:
            pass


@tap.cases(noise=(os.urandom(5000), 50), silence=(b"", 50), halves=(b"\0\1\0\10\0\4", 50),
           notifications=(fake.pdu(fake.SCN, 1, b"") * 500, 20),
           a_long_one=(fake.pdu(fake.SCN, 1, bytes(65532), flags=fake.F_SERVER | fake.F_FIRST) * 1
                       + b"".join(fake.pdu(fake.SCN, 1, bytes(65532), flags=fake.F_SERVER, sequence=i) for i in range(1, 10)), 5))
def test_a_flood_at_the_port_for_notifications_of(b, data, count):
    session = with_session(b, A)
    b.switch_on(iSNSAccessControl="On")
    b.reaches("registered")
    flood(b, data, count)
    unharmed(b, session)


def test_a_helper_that_always_fails_is_started_less_and_less_often(b):
    session = with_session(b, A)
    b.switch_on()
    b.reaches("registered")
    b.kill_helper()
    b.kill_helper()
    bed.wait_for(lambda: "again in 2 s" in b.daemon.log_text(), "a longer delay")
    unharmed(b, session)


if __name__ == "__main__":
    sys.exit(tap.main(globals(), bed.Bed(Fake), sys.argv[1:]))
