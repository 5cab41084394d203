#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Peers that are silent or slow before they have logged in, or too many."""

import env
import socket
import sys
import time

from connection import Closed, Connection, Silence
from env import Op, tap
from login import Login
from session import Session

LOGIN_TIMEOUT = int(1 * tap.slowness())


def dropped_by_login_timer(connection, timeout=LOGIN_TIMEOUT):
    """The target closes, not at once and not much later than it should; nothing more is said."""
    start = time.monotonic()
    pdus = connection.expect_close(timeout / tap.slowness() + 2)
    tap.true(all(p.opcode == Op.LOGIN_RESPONSE for p in pdus), f"answers {pdus}")
    tap.true(time.monotonic() - start > timeout * 0.4, "closed at once, before the timer")


def test_silent_connection(e):
    dropped_by_login_timer(e.connect())


@tap.cases(one_byte=1, half=24, all_but_one=47, header_only=48, header_and_half_the_data=80)
def test_part_of_a_login_request(e, length):
    connection = e.connect()
    connection.send_raw(e.first_login_request()[:length])
    dropped_by_login_timer(connection)


def test_stalled_login(e):
    login = e.begin()
    login.exchange(env.names(e.target), transit=False)
    dropped_by_login_timer(login.connection)


def test_stalled_continuation(e):
    login = e.begin()
    login.exchange(env.names(e.target), transit=False, more=True)
    dropped_by_login_timer(login.connection)


def test_header_byte_by_byte(e):
    """The timer is for the whole login: a byte now and then does not wind it up again."""
    connection = e.connect()
    start = time.monotonic()
    closed = False
    for byte in e.first_login_request()[:48]:
        try:
            connection.send_raw(bytes([byte]))
            connection.recv(0.2)
        except Silence:
            continue
        except Closed:
            closed = True
            break
    took = time.monotonic() - start
    tap.true(closed, f"still open after {took:.1f} s")
    tap.true(took < LOGIN_TIMEOUT + 2 * tap.slowness(), f"closed after {took:.1f} s only")


def test_login_exchanges_do_not_wind_up_the_timer(e):
    login = e.begin()
    start = time.monotonic()
    try:
        login.exchange(env.names(e.target), transit=False)
        while time.monotonic() - start < LOGIN_TIMEOUT + 2 * tap.slowness():
            time.sleep(0.4)
            if login.exchange(transit=False).status_class:
                return
    except Closed:
        return
    tap.fail("the login goes on for ever")


def test_two_hundred_idle_connections(e):
    idle = [e.connect() for _ in range(200)]
    e.serves_newcomer()
    for connection in idle:
        connection.expect_close(4)


def test_twenty_half_headers_do_not_delay_a_login(e):
    data = e.first_login_request()
    for _ in range(20):
        e.connect().send_raw(data[:24])
    e.serves_newcomer()


def test_twenty_half_logins_do_not_delay_a_login(e):
    for _ in range(20):
        e.begin().exchange(env.names(e.target), transit=False)
    e.serves_newcomer()


def test_burst_of_connections(e):
    """As many at the same moment as fit into a usual backlog."""
    sockets = []
    for _ in range(128):
        one = e.keep(socket.socket())
        one.setblocking(False)
        one.connect_ex((e.portal.address, e.portal.port))
        sockets.append(one)
    e.serves_newcomer()


def test_connections_opened_and_closed_quickly(e):
    for i in range(300):
        connection = Connection(e.portal)
        connection.reset() if i % 2 else connection.close()
    e.serves_newcomer()


def test_connection_limit(e):
    """max_connections: one more is turned away, and those there are not disturbed."""
    daemon, portal = e.another_daemon(iscsi={"max_connections": 4})
    sessions = [e.keep(Session.login(portal, env.TARGET)) for _ in range(4)]
    extra = e.keep(Connection(portal))
    extra.expect_silent_close()
    for session in sessions:
        session.ping()
    sessions[0].logout()
    env.eventually(lambda: len(daemon.sessions()) == 3, "the end of one session")
    e.keep(Session.login(portal, env.TARGET)).ping()
    e.finish_daemon(daemon)


def is_closed(connection):
    return connection.drain(0.1)[1]


def test_one_address_takes_not_all_logins(e):
    """max_logins: while they are scarce, one address gets a quarter, and others are served."""
    daemon, portal = e.another_daemon(iscsi={"max_logins": 16})
    silent = [e.keep(Connection(portal)) for _ in range(16)]
    env.eventually(lambda: sum(map(is_closed, silent)) >= 8, "the limit", 3)
    tap.equal(sum(map(is_closed, silent)), 8, "connections of one address that were turned away")
    others = [e.keep(Connection(portal, source="127.0.0.2")) for _ in range(5)]
    tap.equal([is_closed(c) for c in others], [False] * 4 + [True], "those of another address")
    login = Login(e.keep(Connection(portal, source="127.0.0.3")))
    tap.equal(login.exchange(env.names(e.target)).status_class, 0, "status of a third one's login")
    e.finish_daemon(daemon)


def test_refused_logins_count(e):
    """Who is refused and does not close has a connection all the same, as long as the target waits."""
    daemon, portal = e.another_daemon(iscsi={"max_connections": 4})
    refused = 0
    for _ in range(12):
        connection = e.keep(Connection(portal))
        try:
            login = Login(connection)
            connection.send(login.request([("InitiatorName", "bad")]))
            refused += login.response().status_class != 0
        except Closed:
            pass
    tap.true(1 <= refused <= 4, f"{refused} connections at one time, 4 are allowed")
    e.finish_daemon(daemon)


if __name__ == "__main__":
    sys.exit(env.main(globals(), iscsi={"login_timeout": LOGIN_TIMEOUT}))
