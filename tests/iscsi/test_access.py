#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may log in: rules by address and initiator name, which fail closed."""

import env
import sys

from env import tap
from login import INITIATOR, OPERATIONAL, SECURITY, LoginFailed, names
from session import Session

STRANGER = "iqn.2024-01.org.example:stranger"
TARGET = "iqn.2024-01.org.example:guarded"
HERE, ELSEWHERE = "--address 127.0.0.0/8", "--address 192.0.2.0/24"
ME, SOMEONE = f"--initiator {INITIATOR}", "--initiator iqn.2024-01.org.example:someone"
REFUSALS = ("0202", "0203")


def guarded(e, *rules):
    """The target with these rules and no others."""
    e.daemon.ctl("target", "delete", TARGET, "--force", check=False)
    e.daemon.create_target(TARGET, acl=rules)
    e.daemon.create_lun(TARGET, 1, bs="mem", size=env.LUN_SIZE)


def admitted(e, initiator=INITIATOR, portal=None):
    """Does a login succeed?  A refusal must be one for lack of authorisation."""
    try:
        session = e.keep(Session.login(portal or e.portal, TARGET, initiator=initiator))
    except LoginFailed as failure:
        tap.within(failure.status, REFUSALS, "login status")
        return False
    session.clear_attention()
    session.logout()
    return True


def listed(e, initiator=INITIATOR):
    """Does a discovery of this initiator show the target?"""
    session = e.discover(initiator=initiator)
    return ("TargetName", TARGET) in session.text([("SendTargets", "All")])


def is_for(e, rules, me, stranger):
    guarded(e, *rules)
    found = (admitted(e), admitted(e, STRANGER))
    tap.equal(found, (me, stranger), "admitted: this one, a stranger")
    tap.equal((listed(e), listed(e, STRANGER)), (me, stranger), "listed: this one, a stranger")


def test_no_rule_admits_nobody(e):
    is_for(e, (), False, False)


def test_all(e):
    is_for(e, ("all",), True, True)


def test_address_and_name(e):
    is_for(e, (HERE, ME), True, False)


def test_address_alone(e):
    """Rules of one kind only: one of them must match."""
    is_for(e, (HERE,), True, True)


def test_name_alone(e):
    is_for(e, (ME,), True, False)


def test_another_address_alone(e):
    is_for(e, (ELSEWHERE,), False, False)


def test_name_from_another_address(e):
    is_for(e, (ELSEWHERE, ME), False, False)


def test_address_with_another_name(e):
    is_for(e, (HERE, SOMEONE), False, False)


def test_match_any(e):
    """One rule of either kind is enough, and discovery shows the same."""
    for rules, me, stranger in (((HERE, SOMEONE), True, True), ((ELSEWHERE, ME), True, False),
                                ((ELSEWHERE, SOMEONE), False, False), ((), False, False)):
        guarded(e, *rules)
        e.daemon.set_target(TARGET, match="any")
        tap.equal((admitted(e), admitted(e, STRANGER)), (me, stranger), f"admitted by {rules}")
        tap.equal((listed(e), listed(e, STRANGER)), (me, stranger), f"listed by {rules}")


def test_match_all_again(e):
    guarded(e, ELSEWHERE, ME)
    e.daemon.set_target(TARGET, match="any")
    tap.true(admitted(e), "not admitted by its name")
    e.daemon.set_target(TARGET, match="all")
    tap.true(not admitted(e), "admitted by its name alone")


def test_open_sessions_stay(e):
    guarded(e, ME)
    session = e.login(TARGET)
    e.daemon.ctl("acl", "delete", TARGET, *ME.split())
    session.clear_attention()
    session.logout()


def test_sessions_without_access_are_closed(e):
    """acl delete --close: those that another rule lets in stay."""
    guarded(e, ME, f"--initiator {STRANGER}")
    stranger = e.login(TARGET, initiator=STRANGER)
    session = e.login(TARGET)
    e.daemon.ctl("acl", "delete", TARGET, *ME.split(), "--close")
    session.connection.expect_close()
    stranger.clear_attention()
    tap.equal([s["initiator"] for s in e.daemon.ctl_json("session", "list", TARGET)], [STRANGER],
              "whose sessions are left")


def test_rules_are_enforced(e):
    """Sessions that a change of `match` would not let in are closed on request."""
    guarded(e, ELSEWHERE, ME)
    e.daemon.set_target(TARGET, match="any")
    session = e.login(TARGET)
    e.daemon.ctl("acl", "enforce", TARGET)
    session.clear_attention()
    e.daemon.set_target(TARGET, match="all")
    session.clear_attention()
    e.daemon.ctl("acl", "enforce", TARGET)
    session.connection.expect_close()


def test_access_withdrawn_during_a_login(e):
    """It is judged again when the session begins."""
    guarded(e, ME)
    login = e.begin()
    login.exchange(names(TARGET), csg=SECURITY, nsg=OPERATIONAL)
    e.daemon.ctl("acl", "delete", TARGET, *ME.split(), "--close")
    login.refused(status="0202")


def test_several_rules(e):
    is_for(e, (ELSEWHERE, HERE, SOMEONE, ME), True, False)


def test_several_names(e):
    is_for(e, (HERE, ME, f"--initiator {STRANGER}"), True, True)


def test_single_address(e):
    is_for(e, ("--address 127.0.0.1", ME), True, False)


def test_single_other_address(e):
    is_for(e, ("--address 127.0.0.2", ME), False, False)


def test_rule_taken_back(e):
    guarded(e, HERE, ME)
    tap.true(admitted(e), "not admitted by its rules")
    e.daemon.ctl("acl", "delete", TARGET, *ME.split())
    e.daemon.ctl("acl", "delete", TARGET, *HERE.split())
    tap.true(not admitted(e), "admitted without a rule")


def test_rule_added(e):
    guarded(e)
    tap.true(not admitted(e), "admitted without a rule")
    e.daemon.ctl("acl", "add", TARGET, "all")
    tap.true(admitted(e), "not admitted by its rule")


def test_name_is_compared_as_a_whole(e):
    guarded(e, HERE, f"--initiator {INITIATOR[:-1]}")
    tap.true(not admitted(e), "admitted by a prefix of its name")
    guarded(e, HERE, f"--initiator {INITIATOR}x")
    tap.true(not admitted(e), "admitted by a longer name")


def test_ipv6_address(e):
    portal = e.portals[1]
    guarded(e, "--address ::1/128", ME)
    tap.true(admitted(e, portal=portal), "not admitted over ::1")
    tap.true(not admitted(e), "admitted over 127.0.0.1")


def test_ipv4_rule_is_not_for_ipv6(e):
    guarded(e, "--address 0.0.0.0/0", ME)
    tap.true(admitted(e), "not admitted over 127.0.0.1")
    tap.true(not admitted(e, portal=e.portals[1]), "admitted over ::1")


@tap.cases(prefix="127.0.0.1/33", text="localhost-somewhere", short="127.0.0", empty="",
           v6_prefix="::1/129")
def test_bad_address(e, value):
    """tgtctl refuses it."""
    guarded(e)
    done = e.daemon.ctl("acl", "add", TARGET, "--address", value, check=False)
    tap.true(done.returncode not in (0, 3), f"exit code {done.returncode}")
    tap.true(not admitted(e), "admitted without a rule")


if __name__ == "__main__":
    sys.exit(env.main(globals(), portals=("127.0.0.1:0", "[::1]:0")))
