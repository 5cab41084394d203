#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Access control by an iSNS server: who shares a discovery domain with a target may use it."""

import sys

import bed
from bed import A, B, tap
from isnsd import Isnsd

FRIEND, STRANGER = "iqn.2024-01.org.example:friend", "iqn.2024-01.org.example:stranger"


def guarded(b, *targets):
    b.registered(*targets, iSNSAccessControl="On")


def lets_in(b, target, initiator):
    bed.wait_for(lambda: b.admitted(target, initiator), f"the admission of {initiator}")


def keeps_out(b, target, initiator):
    # This server does not tell; it is asked every 10 s
    bed.wait_for(lambda: not b.admitted(target, initiator), f"the refusal of {initiator}", 30)


def test_without_access_control_domains_do_not_matter(b):
    b.registered(A)
    tap.true(b.admitted(A, STRANGER), "refused")


def test_without_a_domain_nobody_is_let_in(b):
    guarded(b, A)
    b.server.register_initiator(FRIEND)
    tap.true(not b.admitted(A, FRIEND), "admitted")


def test_a_common_domain_admits(b):
    guarded(b, A, B)
    b.server.register_initiator(FRIEND)
    b.server.register_initiator(STRANGER)
    b.server.domain("ours", A, FRIEND)
    lets_in(b, A, FRIEND)
    tap.true(not b.admitted(A, STRANGER), "a stranger is admitted")
    tap.true(not b.admitted(B, FRIEND), "a target of no domain lets in")


@tap.timeout(60)
def test_leaving_the_domain_ends_admission(b):
    guarded(b, A)
    b.server.register_initiator(FRIEND)
    number = b.server.domain("ours", A, FRIEND)
    lets_in(b, A, FRIEND)
    b.server.leave(number, FRIEND)
    keeps_out(b, A, FRIEND)


def test_access_rules_have_to_let_in_too(b):
    guarded(b, A)
    b.server.register_initiator(FRIEND)
    b.server.domain("ours", A, FRIEND)
    lets_in(b, A, FRIEND)
    b.daemon.ctl("acl", "delete", A, "all")
    tap.true(not b.admitted(A, FRIEND), "admitted without a rule")


def test_switched_off_it_judges_no_more(b):
    guarded(b, A)
    tap.true(not b.admitted(A, STRANGER), "admitted")
    b.set(iSNSAccessControl="Off")
    tap.true(b.admitted(A, STRANGER), "refused without access control")
    b.set(iSNSAccessControl="On")
    tap.true(not b.admitted(A, STRANGER), "admitted again")
    b.set(iSNS="Off")
    tap.true(b.admitted(A, STRANGER), "refused without iSNS")


def test_the_last_answer_holds_while_the_server_is_away(b):
    guarded(b, A)
    b.server.register_initiator(FRIEND)
    b.server.domain("ours", A, FRIEND)
    lets_in(b, A, FRIEND)
    b.server.stop()
    b.reaches("unreachable")
    tap.true(b.admitted(A, FRIEND), "refused")
    tap.true(not b.admitted(A, STRANGER), "admitted")


def test_without_any_answer_nobody_is_let_in(b):
    b.server.stop()
    b.daemon.create_target(A)
    b.switch_on(iSNSAccessControl="On")
    b.reaches("unreachable")
    tap.true(not b.admitted(A, FRIEND), "admitted")


def test_a_missing_helper_lets_nobody_in(b):
    b.daemon.stop()
    b.daemon = bed.Daemon(env={"TGT_ISNS": "/nonexistent/tgt-isns"}).start()
    b.daemon.create_target(A)
    b.switch_on(iSNSAccessControl="On")
    shown = b.reaches("no helper")
    tap.true("/nonexistent/tgt-isns" in shown["detail"] and "install it" in shown["detail"], shown["detail"])
    tap.equal(b.daemon.log_text().count("cannot be run"), 1, "lines in the log")
    tap.true(not b.admitted(A, FRIEND), "admitted")


if __name__ == "__main__":
    sys.exit(tap.main(globals(), bed.Bed(Isnsd), sys.argv[1:]))
