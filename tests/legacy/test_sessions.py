#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Commands of tgtadm while initiators are logged in:  test_sessions.py ours|tgt"""

import sys

import scene
from scene import bed, tap
import scsi
from login import LoginFailed
from session import Session

LUN_HEADER = ("tgt lun sid rd_subm(bytes,cmds) rd_done(bytes,cmds) wr_subm(bytes,cmds) wr_done(bytes,cmds) errs\n")
CONNECTION_HEADER = "sid cid rxdata_octets txdata_octets dataout_pdus datain_pdus cmd_pdus rsp_pdus\n"


class SessionScene(scene.Scene):
    def cleanup(self):
        super().cleanup()
        self.clear()

    def login(self, number=1, iqn=bed.IQN):
        session = self.keep(Session.login(self.portal(), iqn, initiator=f"iqn.2024-01.org.example:i{number}",
                                          isid=bytes([0, 0, 0, 0, 0, number])))
        session.clear_attention()
        return session

    def expect_refused(self):
        try:
            self.login()
        except LoginFailed:
            return
        tap.fail("somebody has been let in")

    def sids(self):
        return [s["sid"] for s in self.daemon.sessions()]


def row(tid, lun, sid, read=(0, 0), written=(0, 0), errors=0):
    """tgt's format; what is submitted and what is done are the same at rest."""
    return "%3d %3d %3d %12d %6d %12d %6d %12d %6d %12d %6d %4d\n" % (tid, lun, sid, *read, *read, *written, *written, errors)


def nexus(sid, number):
    return (f"        I_T nexus: {sid}\n            Initiator: iqn.2024-01.org.example:i{number} alias: none\n"
            "            Connection: 0\n                IP Address: 127.0.0.1\n")


def test_listing_of_targets(b):
    b.target()
    b.login(1)
    b.login(2)
    first, second = b.sids()
    tap.true(f"    I_T nexus information:\n{nexus(first, 1)}{nexus(second, 2)}    LUN information:\n" in b.show(), b.show())


def test_listing_of_connections_begins_with_the_newest(b):
    b.target()
    b.login(1)
    b.login(2)
    first, second = b.sids()
    text = "".join(f"Session: {sid}\n    Connection: 0\n        Initiator: iqn.2024-01.org.example:i{n}\n"
                   "        IP Address: 127.0.0.1\n" for sid, n in ((second, 2), (first, 1)))
    tap.equal(b.adm("--mode", "conn", "--op", "show", "--tid", 1).stdout, text, "conn show")
    tap.equal(b.adm("--mode", "session", "--op", "show", "--tid", 1).stdout, text, "session show")


def test_counters_of_logical_units(b):
    b.target()
    b.login(1)
    session = b.login(2)
    idle, busy = b.sids()
    session.write(0, bytes(1024))
    session.read(0, 4)
    before = b.adm("--mode", "lu", "--op", "stat", "--tid", 1, "--lun", 1).stdout
    session.write(0, bytes(1024))
    session.read(0, 4)
    after = b.adm("--mode", "lu", "--op", "stat", "--tid", 1, "--lun", 1).stdout
    tap.true(before.startswith(LUN_HEADER) and after.startswith(LUN_HEADER), after)
    old, new = ([int(n) for n in text.split("\n")[2].split()] for text in (before, after))
    tap.equal(new[:3], [1, 1, busy], "target, LUN, session")
    tap.equal([n - o for n, o in zip(new, old)][3:], [2048, 1, 2048, 1, 1024, 1, 1024, 1, 0], "difference")
    tap.equal(after.split("\n")[2] + "\n", row(1, 1, busy, new[3:5], new[7:9]), "format")
    tap.true(after.split("\n")[1].startswith(f"  1   1 {idle:3} "), after)


def test_counters_have_a_row_for_each_unit_and_session(b):
    b.target()
    b.target(2, bed.IQN + "-2", "b.img")
    b.login(1)
    b.login(2, bed.IQN + "-2")
    one, two = b.sids()

    def places(*args):
        return [tuple(map(int, line.split()[:3])) for line in b.adm(*args).stdout.split("\n")[1:-1]]

    tap.equal(places("--mode", "system", "--op", "stat"), [(1, 0, one), (1, 1, one), (2, 0, two), (2, 1, two)], "system")
    tap.equal(places("--mode", "target", "--op", "stat", "--tid", 2), [(2, 0, two), (2, 1, two)], "target")
    tap.equal(places("--mode", "lu", "--op", "stat", "--tid", 1, "--lun", 0), [(1, 0, one)], "controller")


def test_counters_of_a_session(b):
    b.target()
    session = b.login()
    session.write(0, bytes(512))
    sid = b.sids()[0]
    units, _, connection = b.adm("--mode", "session", "--op", "stat", "--tid", 1, "--sid", sid).stdout.partition("\n\n")
    tap.true((units + "\n").startswith(LUN_HEADER) and f"  1   1 {sid:3} " in units, units)
    tap.true(connection.startswith(CONNECTION_HEADER + f"{sid:3}   0           512 "), connection)
    tap.equal(b.adm("--mode", "conn", "--op", "stat", "--tid", 1, "--sid", sid, "--cid", 0).stdout, connection, "conn stat")
    tap.equal(b.refused("--mode", "conn", "--op", "stat", "--tid", 1, "--sid", sid, "--cid", 1),
              "can't find the connection", "another connection")


def test_target_in_use_is_not_deleted(b):
    b.target()
    session = b.login()
    tap.equal(b.refused("--mode", "target", "--op", "delete", "--tid", 1), "this target is still active", "answer")
    session.read(0, 1)


def test_target_in_use_is_deleted_by_force(b):
    b.target()
    b.login()
    b.adm("--mode", "target", "--op", "delete", "--tid", 1, "--force")
    tap.equal((b.show(), b.sids()), ("", []), "what is left")


def test_deletion_by_force_under_io_succeeds_at_once(b):
    """tgt answers "this logical unit is still active" and wants to be asked again."""
    b.adm("--mode", "target", "--op", "new", "--tid", 1, "-T", bed.IQN)
    b.adm("--mode", "lu", "--op", "new", "--tid", 1, "--lun", 1, "-E", "fault", "-S", "size=64M;delay_ms=400")
    b.adm("--mode", "target", "--op", "bind", "--tid", 1, "-I", "ALL")
    session = b.login()
    for lba in range(16):
        session.start(scsi.read10(lba, 1), read=512)
    session.ping()
    b.adm("--lld", "iscsi", "--mode", "target", "--op", "delete", "--force", "--tid", 1)
    tap.equal(b.show(), "", "what is left")


def test_unit_is_deleted_under_a_session(b):
    b.target()
    session = b.login()
    b.adm("--lld", "iscsi", "--op", "delete", "--mode", "logicalunit", "--tid", 1, "--lun", 1)
    tap.equal(session.execute(scsi.TEST_UNIT_READY).sense[0], scsi.ILLEGAL_REQUEST, "sense key")


def test_connection_unit_and_target_go_in_this_order_at_once(b):
    """As Longhorn takes a volume away; tgt leaves a nexus that is half dead."""
    for _ in range(10):
        b.target()
        b.login()
        sid = b.sids()[0]
        b.adm("--lld", "iscsi", "--op", "unbind", "--mode", "target", "--tid", 1, "-I", "ALL")
        b.adm("--lld", "iscsi", "--op", "delete", "--mode", "conn", "--tid", 1, "--sid", sid, "--cid", 0)
        tap.equal(b.adm("--lld", "iscsi", "--op", "show", "--mode", "conn", "--tid", 1).stdout, "", "connections")
        b.adm("--lld", "iscsi", "--op", "delete", "--mode", "logicalunit", "--tid", 1, "--lun", 1)
        b.adm("--lld", "iscsi", "--op", "delete", "--mode", "target", "--tid", 1)


def test_connection_with_io_under_way(b):
    b.adm("--mode", "target", "--op", "new", "--tid", 1, "-T", bed.IQN)
    b.adm("--mode", "lu", "--op", "new", "--tid", 1, "--lun", 1, "-E", "fault", "-S", "size=64M;delay_ms=400")
    b.adm("--mode", "target", "--op", "bind", "--tid", 1, "-I", "ALL")
    session = b.login()
    session.start(scsi.read10(0, 1), read=512)
    session.ping()
    b.adm("--mode", "conn", "--op", "delete", "--tid", 1, "--sid", b.sids()[0], "--cid", 0)
    b.adm("--mode", "lu", "--op", "delete", "--tid", 1, "--lun", 1)
    b.adm("--mode", "target", "--op", "delete", "--tid", 1)


def test_target_is_deleted_right_after_the_logout(b):
    """As systemd's test of udev does."""
    for _ in range(20):
        b.target()
        session = b.login()
        session.logout()
        b.adm("--lld", "iscsi", "--mode", "target", "--op", "delete", "--tid=1")


@tap.cases(session=(("--sid", 99, "--cid", 0), "can't find the session"),
           connection=(("--cid", 7), "can't find the connection"), no_session=((), "can't find the session"))
def test_wrong_connection(b, words, text):
    b.target()
    b.login()
    words = ("--sid", b.sids()[0], *words) if text.endswith("connection") else words
    tap.equal(b.refused("--mode", "conn", "--op", "delete", "--tid", 1, *words), text, "answer")
    tap.equal(len(b.sids()), 1, "sessions")


def test_connection_of_another_target(b):
    b.target()
    b.target(2, bed.IQN + "-2", "b.img")
    b.login()
    tap.equal(b.refused("--mode", "conn", "--op", "delete", "--tid", 2, "--sid", b.sids()[0], "--cid", 0),
              "can't find the session", "answer")


def test_offline_target_lets_nobody_in(b):
    b.target()
    b.adm("--mode", "target", "--op", "update", "--tid", 1, "--name", "state", "--value", "offline")
    b.expect_refused()
    b.adm("--mode", "target", "--op", "update", "--tid", 1, "--name", "state", "--value", "ready")
    b.login()


def test_offline_system_lets_nobody_in(b):
    b.target()
    b.adm("--op", "update", "--mode", "sys", "--name", "State", "-v", "offline")
    tap.true("    State: offline\n" in b.adm("--mode", "sys", "--op", "show").stdout, "state")
    b.expect_refused()
    b.adm("--op", "update", "--mode", "sys", "--name", "State", "-v", "ready")
    b.login()


def test_account_in_the_middle_is_taken_away(b):
    """tgt leaves a hole there, and its daemon dies of the next listing."""
    b.target()
    for user in "abc":
        b.adm("--mode", "account", "--op", "new", "--user", user, "--password", "secretsecret1")
        b.adm("--mode", "account", "--op", "bind", "--tid", 1, "--user", user)
    b.adm("--mode", "account", "--op", "unbind", "--tid", 1, "--user", "a")
    tap.true("    Account information:\n        b\n        c\n    ACL information:\n" in b.show(), b.show())
    for user in "abc":
        b.adm("--mode", "account", "--op", "delete", "--user", user)
    tap.true("    Account information:\n    ACL information:\n" in b.show(), b.show())


def test_nobody_gets_in_when_the_last_account_is_unbound(b):
    """tgt turns authentication off then."""
    b.target()
    b.adm("--mode", "account", "--op", "new", "--user", "a", "--password", "secretsecret1")
    b.adm("--mode", "account", "--op", "bind", "--tid", 1, "--user", "a")
    b.adm("--mode", "account", "--op", "unbind", "--tid", 1, "--user", "a")
    b.expect_refused()
    b.adm("--mode", "account", "--op", "delete", "--user", "a")


def test_name_is_shown_as_it_was_given(b):
    """tgt compares letters; so do agents that look for the name they gave."""
    name = "iqn.2024-01.org.Example:Upper"
    b.target(1, name)
    tap.true(b.show().startswith(f"Target 1: {name}\n"), b.show())
    discovery = b.keep(Session.login(b.portal()))
    tap.true(("TargetName", name) in discovery.text([("SendTargets", "All")]), "discovery")
    b.login(1, name.lower())
    b.login(2, name)
    tap.equal(b.refused("--mode", "target", "--op", "new", "--tid", 2, "-T", name.lower()), "this target already exists", "the same")


def test_drivers(b):
    b.target()
    text = b.adm("--mode", "lld", "--op", "show").stdout
    tap.true(text.startswith(f"LLDs:\n    iscsi: ready\n        Target 1: {bed.IQN}\n"), text)
    tap.equal(b.refused("--lld", "iser", "--mode", "target", "--op", "new", "--tid", 2, "-T", "iqn.b"),
              "can't find the driver", "a driver that is not there")


if __name__ == "__main__":
    sys.exit(tap.main(globals(), SessionScene(sys.argv[1]), sys.argv[2:]))
