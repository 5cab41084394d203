#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sessions side by side, one in the place of another, and what the administrator does to them."""

import env
import signal
import sys

import scsi
from connection import Connection
from env import Op, tap
from inflight import r2t_write, slow_reads
from login import Login, names
from session import Session, Tmf

LOGOUT_REQUEST, DROP_CONNECTION, DROP_SESSION = 1, 2, 3


# Reinstatement (RFC 7143 section 6.3.5) -----------------------------------------------------


def test_reinstatement_ends_the_old_session(e):
    before = len(e.daemon.sessions())
    old = e.ready()
    new = e.login(isid=old.isid)
    old.connection.expect_close()
    tap.true(new.tsih != 0, "TSIH")
    new.clear_attention()
    new.read(0, 8)
    env.eventually(lambda: len(e.daemon.sessions()) == before + 1, "the end of the old session")


@tap.cases(reads=slow_reads, write=r2t_write)
def test_reinstatement_with_commands_in_flight(e, begin):
    """The tasks of the old session end; nothing of them comes over the new connection."""
    old = e.ready(InitialR2T="Yes", ImmediateData="No")
    begin(old)
    new = e.login(isid=old.isid)
    old.connection.expect_close()
    new.clear_attention()
    new.clear_attention(env.SLOW)
    new.listen(env.SLOW_MS / 1000 + 0.1)
    tap.equal(new.others, [], "answers to tasks of the old session")
    new.write(0, scsi.pattern(1, 65536))


def test_reinstatement_frees_a_reservation(e):
    old, other = e.ready(), e.ready()
    scsi.expect_good(old.execute(scsi.reserve6()))
    tap.equal(other.execute(scsi.read10(0, 1), read=512).status, 0x18, "status")
    e.login(isid=old.isid)
    env.eventually(lambda: other.execute(scsi.read10(0, 1), read=512).status == scsi.GOOD,
                   "the end of the reservation")


def test_reinstatement_of_a_dead_connection(e):
    """The usual case: the initiator lost the connection and comes again."""
    for _ in range(20):
        old = e.login()
        old.connection.reset()
        new = e.login(isid=old.isid)
        new.ping()


def test_fifty_reinstatements(e):
    old = e.login()
    for _ in range(50):
        new = e.login(isid=old.isid)
        old.connection.expect_close()
        old = new
    old.ping()


def all_but_one_close(connections):
    connections[:] = [c for c in connections if not c.drain(0.05)[1]]
    tap.true(connections, "none is left")
    return len(connections) == 1


@tap.timeout(40)
@tap.cases(one_thread=1, four_threads=4)
def test_one_of_several_reinstatements_prevails(e, threads):
    """An initiator that gave up logins and tries anew keeps one session. Nobody but the target knows which login was the
    last to be read: that this one prevails is a test of the engine."""
    daemon, portal = e.another_daemon(threads=threads)
    isid = None
    for _ in range(8):
        old = e.keep(Session.login(portal, e.target, isid=isid))
        isid = old.isid
        old.clear_attention(env.SLOW)
        slow_reads(old)
        logins = [Login(e.keep(Connection(portal)), isid=isid) for _ in range(4)]
        for login in logins:
            login.connection.send(login.request(names(e.target)))
        connections = [login.connection for login in logins]
        env.eventually(lambda: all_but_one_close(connections), "the end of all but one")
        tap.equal(connections[0].numbers.statsn, 1, "StatSN due: that of the Login Response came")
    e.finish_daemon(daemon)


@tap.cases(fin=Connection.finish_sending, gone=Connection.close, reset=Connection.reset)
def test_end_of_a_login_that_waits_for_an_older_session(e, end):
    old = e.ready()
    slow_reads(old)
    login = e.begin(isid=old.isid)
    login.connection.send(login.request(names(e.target)))
    old.connection.expect_close()  # its tasks take longer
    end(login.connection)
    new = e.login(isid=old.isid)
    new.clear_attention()
    new.read(0, 8)


def test_reinstatement_that_fails_leaves_the_old_session(e):
    """Only a login that ends well takes the place of a session."""
    old = e.login()
    login = e.begin(isid=old.isid)
    login.exchange(env.names(e.target), transit=False)
    login.connection.reset()
    old.ping()
    login = e.begin(isid=old.isid)
    login.exchange(env.names(e.target), transit=False)
    login.refused([("TargetName", e.target)])
    old.ping()


def test_login_with_the_tsih_of_a_session_and_its_cid(e):
    """Connection reinstatement: the old connection ends, or the login is refused."""
    old = e.ready()
    login = e.begin(isid=old.isid, tsih=old.tsih, cid=old.cid, cmdsn=old.cmdsn)
    response = login.exchange(env.names(e.target))
    if response.status_class:
        old.ping()
        return
    tap.equal(response.tsih, old.tsih, "TSIH")
    old.connection.expect_close()


@tap.cases(isid={"isid": b"\x80\x01\x02\x03\x04\x05"},
           initiator={"initiator": "iqn.2024-01.org.example:second"})
def test_another_port_is_another_session(e, other):
    first = e.ready(isid=b"\x80\x09\x08\x07\x06\x05")
    second = e.ready(**{"isid": first.isid, **other})
    first.read(0, 8)
    second.read(0, 8)
    first.logout()
    second.read(0, 8)


def test_same_isid_over_two_portals(e):
    """One target portal group: it is the same I_T nexus, so the older session ends."""
    first = e.login()
    second = e.keep(Session.login(e.portals[1], e.target, isid=first.isid))
    first.connection.expect_close()
    second.ping()


# Many at once -------------------------------------------------------------------------------


def test_hundred_sessions(e):
    sessions = [e.login(initiator=f"iqn.2024-01.org.example:host-{i}") for i in range(100)]
    for session in sessions:
        session.clear_attention()
    tasks = [(s, s.start(scsi.read10(0, 8), read=4096)) for s in sessions]
    for session, task in tasks:
        scsi.expect_good(session.wait(task))
    tap.true(len(e.daemon.sessions()) >= 100, "sessions in the list")
    for session in sessions:
        tap.equal(session.logout(), 0, "response to the logout")


def test_sessions_of_two_targets_at_once(e):
    other = env.make_target(e.daemon, "iqn.2024-01.org.example:second")
    one, two = e.ready(), e.ready(target=other)
    one.write(0, scsi.pattern(1, 4096))
    two.write(0, scsi.pattern(2, 4096))
    tap.true(one.read(0, 8) == scsi.pattern(1, 4096), "the disk of the first target")
    tap.true(two.read(0, 8) == scsi.pattern(2, 4096), "the disk of the second target")
    one.logout()
    two.logout()
    e.daemon.ctl("target", "delete", other, "--force")


def test_unit_attention_after_login(e):
    """A new nexus may be told of power on; it is told once."""
    session = e.login()
    tap.true(len(session.clear_attention()) <= 1, "unit attentions")
    scsi.expect_good(session.test_unit_ready())


def test_absent_lun(e):
    session = e.ready()
    scsi.expect_check_condition(session.test_unit_ready(lun=77), (5, 0x25, 0))
    scsi.expect_good(session.execute(scsi.inquiry(36), lun=77, read=36))


# What the administrator does ----------------------------------------------------------------


def test_forced_deletion_of_a_target(e):
    """Its sessions end; the daemon and the other targets go on."""
    doomed = env.make_target(e.daemon, "iqn.2024-01.org.example:doomed")
    session, bystander = e.ready(target=doomed), e.ready()
    slow_reads(session)
    e.daemon.ctl("target", "delete", doomed, "--force")
    session.connection.expect_close()
    bystander.read(0, 8)


def test_deletion_of_a_target_in_use_is_refused(e):
    session = e.ready()
    done = e.daemon.ctl("target", "delete", e.target, check=False)
    tap.equal(done.returncode, 6, "exit code of tgtctl: busy")
    session.read(0, 8)


def test_portal_taken_away(e):
    """No new sessions there; those over other portals go on."""
    daemon, portal = e.another_daemon(portals=("127.0.0.1:0", "127.0.0.1:0"))
    first, second = daemon.portals()
    session = e.keep(Session.login(first, env.TARGET))
    daemon.ctl("portal", "delete", f"{second.address}:{second.port}")
    try:
        e.keep(Session.login(second, env.TARGET))
        tap.fail("a login over a portal that was deleted")
    except (ConnectionError, env.Closed):
        pass
    session.ping()
    e.finish_daemon(daemon)


def test_killed_session(e):
    session, bystander = e.ready(), e.ready()
    known = {s["sid"] for s in e.daemon.sessions()}
    doomed = e.ready(initiator="iqn.2024-01.org.example:doomed")
    sid = ({s["sid"] for s in e.daemon.sessions()} - known).pop()
    slow_reads(doomed)
    e.daemon.ctl("session", "kill", sid)
    said_farewell(doomed.connection.expect_close())
    for one in (session, bystander):
        one.read(0, 8)


def said_farewell(pdus):
    """Before it closes a target may say so by an asynchronous message (RFC 7143 section 11.9)."""
    events = [p.event for p in pdus if p.opcode == Op.ASYNC]
    for event in events:
        tap.within(event, (LOGOUT_REQUEST, DROP_CONNECTION, DROP_SESSION), "asynchronous event")
    return events


# The end of the daemon ----------------------------------------------------------------------


def ending(e):
    """A second daemon with a session, told to end."""
    daemon, portal = e.another_daemon()
    session = e.keep(Session.login(portal, env.TARGET))
    session.clear_attention()
    session.clear_attention(env.SLOW)
    return daemon, session


def test_message_at_shutdown(e):
    daemon, session = ending(e)
    daemon.process.send_signal(signal.SIGTERM)
    events = said_farewell(session.connection.expect_close())
    tap.true(events, "the connection closed without an asynchronous message")
    e.finish_daemon(daemon)


def test_logout_when_asked_at_shutdown(e):
    """An initiator that does as the message asks; it gets its response, or finds the line cut."""
    daemon, session = ending(e)
    daemon.process.send_signal(signal.SIGTERM)
    try:
        event = session.take(Op.ASYNC)
        if event.event == LOGOUT_REQUEST:
            session.logout()
    except (env.Closed, AssertionError):
        pass
    e.finish_daemon(daemon)


@tap.cases(reads=slow_reads, write=r2t_write)
def test_shutdown_with_commands_in_flight(e, begin):
    daemon, session = ending(e)
    begin(session)
    daemon.process.send_signal(signal.SIGTERM)
    session.connection.expect_close(10)
    e.finish_daemon(daemon)


def test_shutdown_with_a_function_in_progress(e):
    daemon, session = ending(e)
    slow_reads(session)
    session.send(session.tmf_pdu(Tmf.LU_RESET, lun=env.SLOW))
    daemon.process.send_signal(signal.SIGTERM)
    session.connection.expect_close(10)
    e.finish_daemon(daemon)


def test_shutdown_with_a_login_half_done(e):
    daemon, portal = e.another_daemon()
    connection = e.keep(env.Connection(portal))
    connection.send_raw(e.begin().request(env.names(env.TARGET)).encode()[:60])
    daemon.process.send_signal(signal.SIGTERM)
    connection.expect_close()
    e.finish_daemon(daemon)


def test_shutdown_with_peers_that_do_not_read(e):
    daemon, portal = e.another_daemon()
    session = e.keep(Session.login(portal, env.TARGET, receive_buffer=4096))
    session.clear_attention()
    for _ in range(32):
        session.start(scsi.read10(0, 512), read=512 * 512)
    daemon.process.send_signal(signal.SIGTERM)
    e.finish_daemon(daemon)


if __name__ == "__main__":
    sys.exit(env.main(globals(), portals=("127.0.0.1:0", "[::1]:0")))
