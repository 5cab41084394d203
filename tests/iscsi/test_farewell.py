#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sessions that the admin wants gone: asked to log out, dropped, and nobody let in meanwhile."""

import env
import json
import subprocess
import sys
import time

import scsi
from env import Op, tap
from inflight import slow_reads

LOGOUT_REQUEST, DROP_SESSION = 1, 3
UNAVAILABLE = (3, 1)


def own_sid(e, session):
    identifier = f"0x{session.isid.hex()} {session.tsih}"
    return next(s["sid"] for s in e.daemon.sessions() if s["session"] == identifier)


def in_background(e, *args):
    """tgtctl, that waits."""
    process = subprocess.Popen([e.daemon.tgtctl, "--socket", e.daemon.path("control"), *map(str, args)],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return e.keep(Background(process))


class Background:
    def __init__(self, process):
        self.process = process

    def end(self):
        """(exit status, what it said on stderr)"""
        _, said = self.process.communicate(timeout=20 * tap.slowness())
        return self.process.returncode, said

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


def refusal(e, names):
    """The status of a login that must fail."""
    response = e.begin().exchange(names)
    return response.status_class, response.status_detail


def ready_again(e):
    e.daemon.ctl("system", "ready")


# One session --------------------------------------------------------------------------------


def test_logout_request_says_the_time_there_is(e):
    session = e.ready(initiator="iqn.2024-01.org.example:asked")
    waiting = in_background(e, "session", "logout", own_sid(e, session), "--deadline", 77)
    event = session.take(Op.ASYNC)
    tap.equal((event.event, event.parameter3), (LOGOUT_REQUEST, 77), "event and seconds")
    session.read(0, 8)  # it still works
    session.logout()
    tap.equal(waiting.end()[0], 0, "status of session logout")


def test_who_does_not_log_out_is_dropped(e):
    session = e.ready(initiator="iqn.2024-01.org.example:deaf")
    waiting = in_background(e, "session", "logout", own_sid(e, session), "--deadline", 1)
    events = [p.event for p in session.connection.expect_close(10) if p.opcode == Op.ASYNC]
    tap.equal(events, [LOGOUT_REQUEST, DROP_SESSION], "asynchronous events")
    status, said = waiting.end()
    tap.equal(status, 0, f"status of session logout ({said})")
    tap.true("0 of 1 sessions have gone; 1 have 1 s to log out" in said, said)


def test_kill_is_answered_when_the_session_is_gone(e):
    session = e.ready(initiator="iqn.2024-01.org.example:doomed")
    sid = own_sid(e, session)
    e.daemon.ctl("session", "kill", sid)
    tap.true(sid not in [s["sid"] for s in e.daemon.sessions()], "the session is still there")
    tap.equal(e.daemon.ctl("session", "kill", sid, check=False).returncode, 4, "status of a second kill")


def test_kill_of_a_peer_that_reads_nothing(e):
    """What a half-dead connection has in use is free when the command ends."""
    target = "iqn.2024-01.org.example:half-dead"
    e.daemon.create_target(target)
    e.daemon.create_lun(target, 1, size="16M")
    session = e.login(target, receive_buffer=4096, initiator="iqn.2024-01.org.example:stuck")
    session.clear_attention(1)
    for _ in range(32):
        session.start(scsi.read10(0, 512), lun=1, read=512 * 512)
    e.daemon.ctl("session", "kill", "--initiator", "iqn.2024-01.org.example:stuck")
    e.daemon.ctl("lun", "delete", f"{target}/1")
    e.daemon.ctl("target", "delete", target)


def test_kill_with_commands_at_the_store(e):
    session = e.ready(initiator="iqn.2024-01.org.example:busy")
    slow_reads(session)
    e.daemon.ctl("session", "kill", own_sid(e, session))


def test_all_sessions_of_an_initiator(e):
    doomed = [e.ready(initiator="iqn.2024-01.org.example:twice", isid=bytes([0x80, 0, 0, 0, 0, n])) for n in (1, 2)]
    other = e.ready()
    e.daemon.ctl("session", "kill", "--initiator", "iqn.2024-01.org.example:twice")
    for session in doomed:
        session.connection.expect_close()
    other.read(0, 8)


@tap.cases(nobody=(("session", "kill"), 1), number=(("session", "kill", "x"), 1), gone=(("session", "logout", "99999"), 4),
           stranger=(("session", "kill", "--initiator", "iqn.none"), 4), shown=(("session", "show", "99999"), 4))
def test_sessions_that_are_not_there(e, words, status):
    tap.equal(e.daemon.ctl(*words, check=False).returncode, status, "exit status")


def test_show_one_session(e):
    session = e.ready(initiator="iqn.2024-01.org.example:shown")
    text = e.daemon.ctl("session", "show", own_sid(e, session)).stdout
    for line in ("initiator    iqn.2024-01.org.example:shown", "transport    iscsi", "HeaderDigest=None"):
        tap.true(line in text, f"'{line}' is not in: {text}")


# All sessions -------------------------------------------------------------------------------


def test_offline_takes_no_logins_and_keeps_sessions(e):
    session = e.ready()
    e.daemon.ctl("system", "offline")
    try:
        tap.equal(refusal(e, env.names(e.target)), UNAVAILABLE, "status of the login")
        session.read(0, 8)
        tap.equal(e.daemon.ctl_json("system", "show")["state"], "offline", "state")
    finally:
        ready_again(e)
    e.serves_newcomer()


def test_offline_answers_the_same_for_every_name(e):
    """A target that is configured while the daemon is offline is not there yet: initiators must come back."""
    e.daemon.ctl("system", "offline")
    try:
        for names in (env.names("iqn.2024-01.org.example:to-come"), env.names(None)):
            tap.equal(refusal(e, names), UNAVAILABLE, f"status of {names}")
    finally:
        ready_again(e)


def test_drain_asks_all_and_lets_nobody_in(e):
    sessions = [e.ready(initiator=f"iqn.2024-01.org.example:drain{n}") for n in (1, 2)]
    drain = in_background(e, "system", "drain", "--deadline", 60)
    try:
        for session in sessions:
            tap.equal(session.take(Op.ASYNC).event, LOGOUT_REQUEST, "event")
        tap.equal(refusal(e, env.names(e.target)), UNAVAILABLE, "status of a login")
        tap.equal(e.daemon.ctl_json("system", "show")["drain"]["asked"], 2, "sessions asked")
        again = e.daemon.ctl("system", "drain", check=False)
        tap.equal(again.returncode, 6, "status of a second drain")
        for session in sessions:
            session.logout()
        status, said = drain.end()
        tap.equal(status, 0, f"status of system drain ({said})")
        tap.true("2 of 2 sessions have gone" in said or "0 of 2" in said, said)
        tap.equal(e.daemon.ctl_json("system", "show")["state"], "draining", "state afterwards")
    finally:
        e.daemon.ctl("system", "undrain")
    e.serves_newcomer()


def test_undrain_calls_a_drain_off(e):
    session = e.ready()
    drain = in_background(e, "system", "drain", "--deadline", 60)
    session.take(Op.ASYNC)
    e.daemon.ctl("system", "undrain")
    status, said = drain.end()
    tap.equal(status, 6, "status of system drain")
    tap.true("called off: 1 of 1 sessions stay" in said, said)
    session.read(0, 8)
    e.serves_newcomer()


def test_drain_without_sessions_ends_at_once(e):
    try:
        e.daemon.ctl("system", "drain", "--deadline", 60)
    finally:
        e.daemon.ctl("system", "undrain")


def test_health(e):
    healthy = e.daemon.ctl("system", "health", check=False)
    tap.equal(healthy.returncode, 0, f"status of system health: {healthy.stdout}")
    e.daemon.ctl("system", "offline")
    try:
        offline = e.daemon.ctl("--format", "json", "system", "health", check=False)
        tap.equal(offline.returncode, 2, "status of system health while offline")
        failed = [c["check"] for c in json.loads(offline.stdout)["checks"] if not c["ok"]]
        tap.equal(failed, ["logins"], "what is not well")
    finally:
        ready_again(e)


# The end ------------------------------------------------------------------------------------


def test_shutdown_with_a_deadline(e):
    daemon, portal = e.another_daemon()
    session = e.keep(env.Session.login(portal, env.TARGET))
    shutdown = e.keep(Background(subprocess.Popen(
        [daemon.tgtctl, "--socket", daemon.path("control"), "system", "shutdown", "--deadline", "50"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)))
    event = session.take(Op.ASYNC)
    tap.equal((event.event, event.parameter3), (LOGOUT_REQUEST, 50), "event and seconds")
    session.logout()
    tap.equal(shutdown.end()[0], 0, "status of system shutdown")
    e.finish_daemon(daemon)


def test_a_second_signal_hastens_the_end(e):
    daemon, portal = e.another_daemon(args=("--stop-timeout", "600"))
    session = e.keep(env.Session.login(portal, env.TARGET))
    daemon.process.terminate()
    tap.equal(session.take(Op.ASYNC).parameter3, 600, "seconds")
    started = time.monotonic()
    daemon.process.terminate()
    session.connection.expect_close(10)
    tap.true(time.monotonic() - started < 60, "the end was not hastened")
    e.finish_daemon(daemon)


if __name__ == "__main__":
    sys.exit(env.main(globals()))
