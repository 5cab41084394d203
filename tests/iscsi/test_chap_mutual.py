#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""CHAP (RFC 7143 12.1.3, 9.2.1): values that are none, both ways, discovery, and changes meanwhile."""

import env
import os
import subprocess
import sys
import threading

from env import tap
from login import FULL_FEATURE, OPERATIONAL
from login_chap import (
    BOTH, Chap, DISK, DISK_SECRET, ERROR, FAILED, JOE, LOCKED, MISSING, ODD_NAMES, RELAXED,
    SECRET, account, begin, refused, setup, to_base64, to_full_feature, to_hex,
)  # fmt: skip

# Values that are none ------------------------------------------------------------------------------


BAD_VALUES = {
    "empty": "", "no_prefix": "00" * 16, "other_prefix": "0y00", "no_digits": "0x", "bad_digit": "0x" + "0g" * 16,
    "base64_bad": "0b!!!!====", "base64_short": "0bAAA", "base64_padding_first": "0b==AA", "base64_too_much_padding": "0bA===",
    "hex_too_long": "0x" + "0" * 2049, "hex_much_too_long": "0x" + "f" * 5000, "base64_too_long": "0b" + "A" * 1368,
    "base64_much_too_long": "0b" + "A" * 6000,
}  # fmt: skip


@tap.cases(**{name: (name,) for name in BAD_VALUES})
def test_response_that_is_none(e, name):
    c = begin(e).challenge()
    c.exchange([("CHAP_N", JOE), ("CHAP_R", BAD_VALUES[name])], transit=True)
    refused(c, ERROR)


@tap.cases(**{name: (name,) for name in BAD_VALUES})
def test_challenge_that_is_none(e, name):
    c = begin(e, BOTH).challenge()
    refused(c.prove(JOE, SECRET, [("CHAP_I", "1"), ("CHAP_C", BAD_VALUES[name])]), ERROR)


@tap.cases(above="256", far_above="99999999999999999999", negative="-1", word="one", empty="", hexadecimal_above="0x100", blank=" 1")
def test_identifier_that_is_none(e, value):
    c = begin(e, BOTH).challenge()
    refused(c.prove(JOE, SECRET, [("CHAP_I", value), ("CHAP_C", "0x0102")]), ERROR)


def test_name_that_is_too_long(e):
    refused(begin(e).challenge().prove("x" * 256, SECRET), ERROR)


# Both ways ------------------------------------------------------------------------------------------


@tap.cases(md5="5", sha1="6", sha256="7", sha3_256="8")
def test_both_ways(e, algorithm):
    c = begin(e, BOTH).challenge(algorithm)
    c.prove(JOE, SECRET, c.ask())
    c.proved(DISK, DISK_SECRET)
    to_full_feature(c)


@tap.cases(base64=(16, to_base64, 0), one_byte=(1, to_hex, 255), longest=(1024, to_hex, 1), longest_base64=(1024, to_base64, 128))
def test_challenges_of_initiators(e, length, code, identifier):
    c = begin(e, BOTH).challenge()
    c.prove(JOE, SECRET, c.ask(identifier, os.urandom(length), code))
    c.proved(DISK, DISK_SECRET)


def test_hexadecimal_identifier(e):
    c = begin(e, BOTH).challenge()
    c.ask(0xFE, b"0123456789abcdef")
    c.prove(JOE, SECRET, [("CHAP_I", "0xfe"), ("CHAP_C", to_hex(c.asked))])
    c.proved(DISK, DISK_SECRET)


def test_nothing_is_proved_to_who_proves_nothing(e):
    c = begin(e, BOTH).challenge()
    refused(c.prove(JOE, "wrong", c.ask()), FAILED)


@tap.cases(identifier="CHAP_I", challenge="CHAP_C")
def test_half_a_question(e, left_out):
    c = begin(e, BOTH).challenge()
    refused(c.prove(JOE, SECRET, [pair for pair in c.ask() if pair[0] != left_out]), MISSING)


def test_question_without_an_outgoing_account(e):
    c = begin(e, LOCKED).challenge()
    refused(c.prove(JOE, SECRET, c.ask()), FAILED)


def test_initiator_may_not_skip_its_question(e):
    """Where an outgoing account is bound; tgt lets it pass."""
    refused(begin(e, BOTH).challenge().prove(JOE, SECRET), FAILED)


def test_unless_the_admin_lets_it(e):
    to_full_feature(begin(e, RELAXED).challenge().prove(JOE, SECRET))
    c = begin(e, RELAXED).challenge()
    c.prove(JOE, SECRET, c.ask()).proved(DISK, DISK_SECRET)


def test_challenge_thrown_back(e):
    c = begin(e, BOTH).challenge()
    refused(c.prove(JOE, SECRET, c.ask(9, c.sent)), FAILED)


def test_challenge_of_another_connection_thrown_back(e):
    """The target would work out its own response for somebody who waits elsewhere."""
    elsewhere = begin(e, BOTH).challenge()
    c = begin(e, BOTH).challenge()
    refused(c.prove(JOE, SECRET, c.ask(elsewhere.identifier, elsewhere.sent)), FAILED)


# Discovery --------------------------------------------------------------------------------------------


def locked_discovery(e, iscsi=None, **bind):
    daemon, portal = e.another_daemon(iscsi=iscsi)
    words = [daemon.tgtctl, "--socket", daemon.path("control"), "account"]
    for name, secret in ((JOE, SECRET), (DISK, DISK_SECRET)):
        subprocess.run([*words, "create", name, "--password-stdin"], input=secret, text=True, check=True)
    for name, options in bind.items():
        subprocess.run([*words, "bind", name, *options], check=True)
    return daemon, portal


def discovery(e, portal):
    return Chap(env.Login(e.keep(env.Connection(portal))), env.names(None))


def test_discovery(e):
    daemon, portal = locked_discovery(e, joe=["--discovery"])
    c = discovery(e, portal).challenge("7").prove(JOE, SECRET)
    tap.true(c.left, f"not let in: {c.response!r}")
    refused(discovery(e, portal).challenge().prove(JOE, "wrong"), FAILED)
    refused(discovery(e, portal).method("None"), FAILED)
    c = discovery(e, portal)
    c.exchange(c.names, csg=OPERATIONAL, nsg=FULL_FEATURE, transit=True)
    refused(c, FAILED)
    # the target itself has no account and asks for none
    env.Session.login(portal, env.TARGET).close()
    e.finish_daemon(daemon)


def test_discovery_both_ways(e):
    daemon, portal = locked_discovery(e, joe=["--discovery"], disk=["--discovery", "--outgoing"])
    c = discovery(e, portal).challenge()
    c.prove(JOE, SECRET, c.ask()).proved(DISK, DISK_SECRET)
    refused(discovery(e, portal).challenge().prove(JOE, SECRET), FAILED)
    e.finish_daemon(daemon)


def test_portal_says_how_for_discovery(e):
    daemon, portal = locked_discovery(e, {"chap_weakest": "SHA256", "chap_mutual": "optional"},
                                      joe=["--discovery"], disk=["--discovery", "--outgoing"])  # fmt: skip
    refused(discovery(e, portal).challenge("5,6"), FAILED)
    tap.true(discovery(e, portal).challenge("5,7").prove(JOE, SECRET).left, "not let in")
    e.finish_daemon(daemon)


def test_account_of_discovery_opens_no_target(e):
    daemon, portal = locked_discovery(e, joe=["--discovery"], disk=[env.TARGET])
    c = Chap(env.Login(e.keep(env.Connection(portal))), env.names(env.TARGET))
    refused(c.challenge().prove(JOE, SECRET), FAILED)
    refused(discovery(e, portal).challenge().prove(DISK, DISK_SECRET), FAILED)
    e.finish_daemon(daemon)


# Changes while the daemon runs --------------------------------------------------------------------------


def test_changes_count_at_once(e):
    target = "iqn.2024-01.org.example:changing"
    env.make_target(e.daemon, target)
    try:
        env.Session.login(e.portal, target).close()
        account(e, "bind", JOE, target)
        to_full_feature(begin(e, target).challenge().prove(JOE, SECRET))
        account(e, "unbind", JOE, target)
        # tgt lets everybody in now
        refused(begin(e, target).method("None"), FAILED)
        refused(begin(e, target).challenge().prove(JOE, SECRET), FAILED)
        e.daemon.set_target(target, auth="none")
        env.Session.login(e.portal, target).close()
    finally:
        e.daemon.ctl("target", "delete", target, "--force")


def test_account_goes_during_the_login(e):
    account(e, "create", "max", "--password-stdin", secret="gone soon, and good bye")
    account(e, "bind", "max", LOCKED)
    c = begin(e).challenge()
    account(e, "delete", "max", "--force")
    refused(c.prove("max", "gone soon, and good bye"), FAILED)
    to_full_feature(begin(e).challenge().prove(ODD_NAMES[0], SECRET))


def test_accounts_change_under_logins(e):
    """Each login meets an account that is there, or is not; half of one is never met."""
    account(e, "create", "eva", "--password-stdin", secret="the first secret of eva")

    def change():
        for turn in range(12):
            account(e, "bind", "eva", LOCKED)
            account(e, "passwd", "eva", "--password-stdin", secret=f"secret {turn} of eva, a new one")
            account(e, "passwd", "eva", "--password-stdin", secret="the first secret of eva")
            account(e, "unbind", "eva", LOCKED)

    changes = threading.Thread(target=change)
    changes.start()
    statuses = set()
    while changes.is_alive():
        c = begin(e).challenge("5,8").prove("eva", "the first secret of eva")
        statuses.add(c.status)
        c.login.connection.close()
    changes.join()
    tap.true(statuses <= {"0000", FAILED}, f"login statuses {statuses}")
    account(e, "delete", "eva")


def test_nobody_is_locked_out_by_failures(e):
    """Many who fail at once do not keep out who knows the secret."""
    failing = [begin(e).challenge() for _ in range(40)]
    to_full_feature(begin(e).challenge().prove(JOE, SECRET))
    for c in failing:
        refused(c.prove(JOE, "wrong"), FAILED)


def test_log_tells_no_secrets(e):
    refused(begin(e).challenge().prove(JOE, "wrong"), FAILED)
    to_full_feature(begin(e).challenge().prove(JOE, SECRET))
    log = e.daemon.log_text()
    tap.true(SECRET not in log and DISK_SECRET not in log, "the log tells a secret")


if __name__ == "__main__":
    sys.exit(env.main(globals(), iscsi={"login_timeout": 5}, setup=setup))
