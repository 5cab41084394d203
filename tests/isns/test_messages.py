#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is sent to an iSNS server, and how its own questions are answered."""

import socket
import struct
import sys

import bed
import fake
from bed import A, B, tap
from fake import Fake


def number(value):
    return struct.unpack(">I", value)[0]


def dial(b, port, source="127.0.0.1"):
    return socket.create_connection((b.server.address, port), 5, (source, 0))


def answer_to(connection):
    _, function, length, _, xid, _ = struct.unpack(">6H", fake.read(connection, 12))
    return function, xid, fake.read(connection, length)


def listens_at(b):
    """The port that was registered for notifications and inquiries."""
    first = b.server.wait_asked(fake.REGISTER)
    tap.equal(number(first.values(fake.SCN_PORT)[0]), number(first.values(fake.ESI_PORT)[0]), "ports")
    return number(first.values(fake.SCN_PORT)[0])


def test_the_first_registration_replaces_what_is_left_of_an_older_daemon(b):
    b.registered(A, B)
    first, second = b.server.asked(fake.REGISTER)
    tap.true(first.flags & fake.F_REPLACE and not second.flags & fake.F_REPLACE, "flags")


def test_a_new_connection_replaces_nothing(b):
    b.registered(A)
    b.server.open[0].shutdown(socket.SHUT_RDWR)
    again = b.server.wait_asked(fake.REGISTER, 2)
    tap.true(not again.flags & fake.F_REPLACE, "the entity is replaced: initiators would be told that targets went")


def test_nothing_is_sent_twice(b):
    b.registered(A)
    b.daemon.create_target(B)
    bed.wait_for(lambda: len(b.server.asked(fake.REGISTER)) == 2, "the second registration")
    tap.true(A.encode() + b"\0" not in [n.rstrip(b"\0") + b"\0" for n in b.server.questions[-1].values(fake.NAME)[1:]], "twice")


def test_an_inquiry_is_answered_with_what_it_says(b):
    b.registered(A)
    body = fake.tlv(4, bytes(8)) + fake.text(fake.EID, "entity")
    with dial(b, listens_at(b)) as c:
        c.sendall(fake.pdu(fake.ESI, 77, body))
        tap.equal(answer_to(c), (fake.ESI | fake.RESPONSE, 77, bytes(4) + body), "answer")


def test_a_notification_is_acknowledged_and_followed_by_a_question(b):
    b.registered(A, iSNSAccessControl="On")
    tap.true(b.server.wait_asked(fake.SCN_REGISTER).values(35), "no events are asked for")
    b.server.wait_asked(fake.QUERY)
    before = len(b.server.asked(fake.QUERY))
    with dial(b, listens_at(b)) as c:
        c.sendall(fake.pdu(fake.SCN, 5, fake.text(fake.NAME, A)))
        tap.equal(answer_to(c)[0], fake.SCN | fake.RESPONSE, "answer")
    # Sooner than it would be asked anyway
    bed.wait_for(lambda: len(b.server.asked(fake.QUERY)) > before, "a question", 5)


def test_other_messages_are_not_supported(b):
    b.registered(A)
    with dial(b, listens_at(b)) as c:
        c.sendall(fake.pdu(fake.REGISTER, 6, fake.text(fake.NAME, A)))
        tap.equal(answer_to(c)[2], struct.pack(">I", 15), "status")


def test_nobody_but_the_server_is_heard(b):
    b.registered(A)
    with dial(b, listens_at(b), "127.0.0.9") as c:
        try:
            c.sendall(fake.pdu(fake.ESI, 1, b""))
            tap.equal(c.recv(1), b"", "an answer to a stranger")
        except ConnectionError:
            pass


def test_the_port_to_listen_on_can_be_chosen(b):
    port = bed.free_port()
    b.registered(A, iSNSListenPort=port)
    tap.equal(listens_at(b), port, "port")


def test_a_port_that_is_taken_is_said(b):
    with socket.create_server(("0.0.0.0", 0)) as taken:
        shown = b.registered(A, iSNSListenPort=taken.getsockname()[1])
        tap.true("in use" in shown["detail"], shown["detail"])
        tap.equal(b.server.asked(fake.REGISTER)[0].values(fake.SCN_PORT), [], "a port was registered")


def test_announced_addresses_are_registered_but_not_asked(b):
    b.daemon.ctl("portal", "add", "127.0.0.2:0", "--opt", "announce=192.0.2.7:4000")
    b.registered(A)
    first = b.server.asked(fake.REGISTER)[0]
    portals = dict(zip(first.values(fake.ADDRESS), first.values(fake.PORT)))
    announced = bytes(10) + b"\xff\xff" + socket.inet_aton("192.0.2.7")
    tap.equal(number(portals[announced]), 4000, "port")
    tap.true(bytes(10) + b"\xff\xff" + socket.inet_aton("127.0.0.2") not in portals, "the real address is registered")
    tap.equal(len(first.values(fake.ESI_PORT)), 1, "portals that may be asked")


def test_tags_of_portal_groups_are_registered_and_none_where_a_target_is_not(b):
    b.daemon.ctl("portal", "add", "127.0.0.2:0", "--opt", "tpgt=2")
    b.daemon.create_target(A)
    b.daemon.create_target(B, portal_groups="2")
    b.switch_on()
    b.reaches("registered")
    tags = [q.values(fake.PG_TAG) for q in b.server.asked(fake.REGISTER)]
    one, two = struct.pack(">I", 1), struct.pack(">I", 2)
    tap.equal(tags, [[one, two], [b"", two]], "tags")


def test_a_server_without_inquiries_is_told_without(b):
    def behave(server, connection, question):
        if question.function == fake.REGISTER and question.values(fake.ESI_PORT):
            connection.sendall(question.answer(status=21))
        else:
            fake.honest(server, connection, question)

    b.server.behave = behave
    b.registered(A)
    tap.true(b.server.asked(fake.REGISTER)[-1].values(fake.SCN_PORT), "without notifications, too")


def test_a_refusal_is_said_and_the_rest_is_registered(b):
    def behave(server, connection, question):
        refused = question.function == fake.REGISTER and A.encode() in b" ".join(question.values(fake.NAME)[1:])
        connection.sendall(question.answer(status=3 if refused else 0))

    b.server.behave = behave
    b.daemon.create_target(B)
    b.daemon.create_target(A)
    b.switch_on()
    shown = b.reaches("refused")
    tap.true("refuses DevAttrReg" in shown["detail"] and "(3)" in shown["detail"], shown["detail"])


@tap.timeout(40)
def test_what_was_refused_is_offered_again(b):
    def behave(server, connection, question):
        if len(server.asked(fake.REGISTER)) == 1:
            connection.sendall(question.answer(status=3))
        else:
            fake.honest(server, connection, question)

    b.server.behave = behave
    b.daemon.create_target(A)
    b.switch_on()
    b.reaches("registered")
    tap.true("iSNS: refused: " in b.daemon.log_text(), "it was not refused")


def test_a_server_that_has_forgotten_us_is_told_again(b):
    def behave(server, connection, question):
        if question.function == fake.REGISTER:
            connection.sendall(question.answer(fake.tlv(fake.PERIOD, struct.pack(">I", 3))))
        else:
            connection.sendall(question.answer())

    b.server.behave = behave
    b.registered(A)
    again = b.server.wait_asked(fake.REGISTER, 2)
    tap.equal(again.values(fake.ESI_PORT), [], "it may ask again")
    tap.true("iSNSListenPort" in b.daemon.log_text(), "nothing is said of it")


if __name__ == "__main__":
    sys.exit(tap.main(globals(), bed.Bed(Fake), sys.argv[1:]))
