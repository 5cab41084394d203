#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Portal groups and announced addresses: what initiators are told, and through which portals a target is reached."""

import sys

import env
from daemon import Portal
from env import tap
from login import OPERATIONAL, SECURITY, LoginFailed, names
from session import Session

SECOND = "iqn.2024-01.org.example:second"
NOWHERE = "iqn.2024-01.org.example:nowhere"


def add_portal(e, where="127.0.0.1:0", **options):
    words = [word for k, v in options.items() for word in ("--opt", f"{k}={v}")]
    return e.daemon.ctl_json("portal", "add", where, *words)


def add_more(e):
    """One portal in group 2, and a target there; a target in a group without a portal."""
    p = add_portal(e, tpgt=2)
    e.second = Portal(p["address"], p["port"], p["tpgt"])
    env.make_target(e.daemon, SECOND)
    e.daemon.set_target(SECOND, portal_groups=2)
    e.daemon.create_target(NOWHERE)
    e.daemon.set_target(NOWHERE, portal_groups="7,65535")


def place(portal):
    return f"{portal.address}:{portal.port},{portal.tpgt}"


def listed(session, value="All"):
    targets = {}
    for key, text in session.text([("SendTargets", value)]):
        if key == "TargetName":
            addresses = targets[text] = []
        else:
            addresses.append(text)
    return targets


def refused(portal, target):
    try:
        Session.login(portal, target).close()
    except LoginFailed as failure:
        return failure.status
    return tap.fail(f"{target} was reached through {portal}")


def test_the_tag_stands_in_the_login_response(e):
    for portal, target, tag in ((e.portal, e.target, "1"), (e.second, e.target, "2")):
        login = env.Login(e.keep(env.Connection(portal)))
        tap.equal(dict(login.exchange(names(target)).text)["TargetPortalGroupTag"], tag, "tag")


def test_targets_are_found_through_their_groups(e):
    tap.equal(refused(e.portal, SECOND), "0203", "status outside of the group")
    for portal, target in ((e.second, SECOND), (e.portal, e.target), (e.second, e.target)):
        e.keep(Session.login(portal, target)).clear_attention()
    for portal in e.portal, e.second:
        tap.equal(refused(portal, NOWHERE), "0203", "status of a target without portals")


def test_discovery_shows_the_portals_of_each_target(e):
    """The same through every portal: what is found there, not here, is shown as well."""
    for portal in e.portal, e.second:
        tap.equal(listed(e.discover(portal=portal)),
                  {e.target: [place(e.portal), place(e.second)], SECOND: [place(e.second)]}, "targets")


def test_a_normal_session_shows_its_own(e):
    session = e.keep(Session.login(e.second, SECOND))
    tap.equal(listed(session, ""), {SECOND: [place(e.second)]}, "targets")


def test_groups_can_be_changed(e):
    e.daemon.set_target(SECOND, portal_groups="1,3")
    tap.equal(e.daemon.ctl_json("target", "show", SECOND)["portal_groups"], "1,3", "portal_groups")
    tap.equal(refused(e.second, SECOND), "0203", "status")
    e.daemon.set_target(SECOND, portal_groups="")
    e.keep(Session.login(e.second, SECOND)).clear_attention()
    e.daemon.set_target(SECOND, portal_groups="2")


def test_groups_are_enforced(e):
    """Sessions stay when the groups change, but are closed on request."""
    session, other = e.keep(Session.login(e.second, e.target)), e.login()
    e.daemon.set_target(e.target, portal_groups="1")
    session.clear_attention()
    e.daemon.ctl("acl", "enforce", e.target)
    session.connection.expect_close()
    other.clear_attention()
    e.daemon.set_target(e.target, portal_groups="")


def test_groups_that_change_during_a_login(e):
    login = env.Login(e.keep(env.Connection(e.second)))
    login.exchange(names(SECOND), csg=SECURITY, nsg=OPERATIONAL)
    e.daemon.set_target(SECOND, portal_groups="1")
    e.daemon.ctl("acl", "enforce", SECOND)
    login.refused(status="0203")
    e.daemon.set_target(SECOND, portal_groups="2")


@tap.cases(none="", port=":860", v6="[2001:db8::1]", dns="san.example.org:3261")
def test_announced(e, given):
    host, wanted = "192.0.2.7" if given in ("", ":860") else "", given
    p = add_portal(e, tpgt=2, announce=host + given)
    if given in ("", "[2001:db8::1]"):
        wanted = f"{given}:{p['port']}"
    tap.equal(p["announce"], host + wanted, "what portal add says")
    tap.true(f"{host}{wanted},2" in listed(e.discover())[SECOND], "not among the addresses")
    e.daemon.ctl("portal", "delete", f"127.0.0.1:{p['port']}")


def test_a_wildcard_is_announced_once(e):
    p = add_portal(e, "*:0", announce="192.0.2.7:3260")
    addresses = listed(e.discover())[e.target]
    tap.equal(addresses.count("192.0.2.7:3260,1"), 1, f"times among {addresses}")
    e.daemon.ctl("portal", "delete", f"*:{p['port']}")


@tap.cases(zero="tpgt=0", large="tpgt=65536", text="tpgt=x", blank="announce=a b", port="announce=192.0.2.1:0",
           nothing="announce=", ports="announce=192.0.2.1:65536", v6="announce=[2001:db8::x]")
def test_bad_options(e, option):
    before = e.daemon.ctl_json("portal", "list")
    done = e.daemon.ctl("portal", "add", "127.0.0.1:0", "--opt", option, check=False)
    tap.equal(done.returncode, 2, f"exit status; {done.stderr}")
    tap.equal(e.daemon.ctl_json("portal", "list"), before, "portals")


@tap.cases(zero="0", large="65536", comma="1,", text="one")
def test_bad_groups(e, value):
    done = e.daemon.ctl("target", "set", e.target, f"portal_groups={value}", check=False)
    tap.equal(done.returncode, 2, f"exit status; {done.stderr}")
    tap.equal(e.daemon.ctl_json("target", "show", e.target)["portal_groups"], "", "portal_groups")


if __name__ == "__main__":
    sys.exit(env.main(globals(), setup=add_more))
