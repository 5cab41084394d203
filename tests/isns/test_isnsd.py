#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Registration with a real iSNS server: Debian's open-isns."""

import signal
import sys

import bed
from bed import A, B, C, tap
from isnsd import Isnsd


def sees(b, source, *wanted):
    """Wait until a node's own entity has all these attributes."""
    def has():
        objects = b.server.objects(source) or []
        return all(any(w in o for o in objects) for w in wanted)

    bed.wait_for(has, f"{wanted} of {source}")


def forgets(b, *sources):
    for source in sources:
        bed.wait_for(lambda: not b.server.knows(source), f"the end of {source}")


def test_targets_and_portals_are_registered(b):
    b.daemon.create_target(A, alias="first")
    shown = b.registered(B)
    portal = b.daemon.portals()[0]
    sees(b, A, f'Entity identifier = "{shown["entity"]}"', "Entity protocol = iSCSI", f'iSCSI name = "{A}"', "node type = Target",
         'iSCSI alias = "first"', "Portal IP address = 127.0.0.1", f"Portal TCP/UDP port = {portal.port}/tcp", "Portal group tag = 1")
    sees(b, B, f'iSCSI name = "{B}"', f"Portal group port = {portal.port}/tcp")


def test_a_target_that_is_made_later_is_registered(b):
    b.registered(A)
    b.daemon.create_target(B)
    sees(b, B, f'iSCSI name = "{B}"')


def test_a_target_that_is_deleted_is_deregistered(b):
    b.registered(A, B)
    b.daemon.ctl("target", "delete", A)
    forgets(b, A)
    tap.true(b.server.knows(B), "the other target is gone, too")


def test_the_last_target_takes_the_entity_with_it(b):
    b.registered(A)
    b.daemon.ctl("target", "delete", A)
    forgets(b, A)
    b.reaches("idle")
    b.daemon.create_target(B)
    sees(b, B, f'iSCSI name = "{B}"')


def test_the_source_of_the_registration_may_be_deleted(b):
    b.registered(A)
    b.daemon.create_target(B)
    sees(b, B, f'iSCSI name = "{B}"')
    b.daemon.ctl("target", "delete", A)
    b.daemon.create_target(C)
    sees(b, C, f'iSCSI name = "{C}"')
    forgets(b, A)


def test_an_alias_follows(b):
    b.registered(A)
    b.daemon.set_target(A, alias="new name")
    sees(b, A, 'iSCSI alias = "new name"')
    b.daemon.set_target(A, alias="")
    bed.wait_for(lambda: not any('"new name"' in o for o in b.server.objects(A)), "the end of the alias")


def test_portals_follow(b):
    b.registered(A)
    b.daemon.ctl("portal", "add", "127.0.0.2:0")
    port = next(p.port for p in b.daemon.portals() if p.address == "127.0.0.2")
    sees(b, A, "Portal IP address = 127.0.0.2", f"Portal group port = {port}/tcp")
    b.daemon.ctl("portal", "delete", f"127.0.0.2:{port}")
    bed.wait_for(lambda: not any("127.0.0.2" in o for o in b.server.objects(A)), "the end of the portal")
    tap.true(b.server.knows(A), "the target is gone with the portal")


def test_more_portals_than_one_message_takes(b):
    """isnsd takes 8 KiB, and so does isnsadm: of those there are just enough."""
    addresses = [f"127.0.1.{i + 1}" for i in range(24)]
    for address in addresses:
        b.add_portal(f"{address}:0")
    b.registered(A)
    objects = b.server.objects(A)
    for kind in ("Portal IP address", "Portal group address"):
        found = [o.split(" = ")[1] for o in objects if o.startswith(kind)]
        tap.equal(sorted(found), sorted(addresses + ["127.0.0.1"]), kind)


def test_a_portal_on_every_address_is_registered_as_the_server_sees_us(b):
    first = b.daemon.portals()[0]
    b.daemon.ctl("portal", "delete", f"127.0.0.1:{first.port}")
    b.daemon.ctl("portal", "add", "0.0.0.0:0")
    b.registered(A)
    sees(b, A, "Portal IP address = 127.0.0.1", f"Portal TCP/UDP port = {b.daemon.portals()[0].port}/tcp")


def test_a_server_that_was_restarted_is_told_again(b):
    b.registered(A, B)
    b.server.stop()
    b.reaches("unreachable")
    b.server.start()
    sees(b, A, f'iSCSI name = "{A}"')
    sees(b, B, f'iSCSI name = "{B}"')
    b.reaches("registered")


def test_what_went_while_the_server_was_away_is_not_registered_again(b):
    b.registered(A, B)
    b.server.stop()
    b.daemon.ctl("target", "delete", A)
    b.server.start()
    sees(b, B, f'iSCSI name = "{B}"')
    tap.true(not b.server.knows(A), "a deleted target is registered")


@tap.timeout(60)
def test_a_target_of_two_machines_is_registered_by_the_first_until_that_ends(b):
    b.registered(A, B)
    other = bed.Daemon().start()
    try:
        other.create_target(A)
        other.create_target(C)
        other.ctl("isns", "set", f"iSNSServerIP={b.server.address}", f"iSNSServerPort={b.server.port}", "iSNS=On")
        bed.wait_for(lambda: b.server.knows(C), "the registration of what is no duplicate")
        tap.equal(other.ctl_json("isns", "show")["state"], "refused", "state")
        port = other.portals()[0].port
        other.ctl("target", "delete", A)
        other.create_target(A)
        tap.true(not any(f"= {port}/tcp" in o for o in b.server.objects(A)), "the second has taken it over")
        b.daemon.ctl("target", "delete", A)
        sees(b, A, f"Portal TCP/UDP port = {port}/tcp")
        other.stop()
    finally:
        other.kill()


def test_off_deregisters(b):
    b.registered(A, B)
    b.set(iSNS="Off")
    forgets(b, A, B)
    tap.equal(b.show()["state"], "off", "state")
    bed.wait_for(lambda: b.helper() is None, "the end of the helper")


def test_off_and_on_again(b):
    b.registered(A)
    b.set(iSNS="Off")
    b.set(iSNS="On")
    b.reaches("registered")
    sees(b, A, f'iSCSI name = "{A}"')


def test_another_server_is_told_and_the_old_one_forgets(b):
    b.registered(A)
    other = Isnsd()
    try:
        b.set(iSNSServerPort=other.port)
        forgets(b, A)
        bed.wait_for(lambda: other.knows(A), "the registration with the other server")
    finally:
        other.close()


def test_the_end_of_the_daemon_deregisters(b):
    b.registered(A, B)
    b.daemon.stop()
    tap.true(not b.server.knows(A) and not b.server.knows(B), "targets are still registered")


def test_a_service_manager_that_ends_all_at_once(b):
    b.registered(A)
    bed.os.kill(b.helper(), signal.SIGTERM)
    b.daemon.stop()
    tap.true(not b.server.knows(A), "the target is still registered")


def test_the_death_of_the_daemon_deregisters(b):
    b.registered(A)
    b.daemon.kill()
    forgets(b, A)


def test_a_helper_that_dies_is_started_again(b):
    b.registered(A, B)
    old = b.helper()
    b.kill_helper()
    b.daemon.ctl("target", "delete", A)
    bed.wait_for(lambda: b.helper() not in (None, old), "another helper")
    b.reaches("registered")
    sees(b, B, f'iSCSI name = "{B}"')
    forgets(b, A)


def test_the_helper_has_few_rights(b):
    b.registered(A)
    with open(f"/proc/{b.helper()}/status") as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file)
    tap.equal(status["NoNewPrivs"], "1", "NoNewPrivs")
    tap.equal(int(status["CapEff"], 16), 0, "capabilities")
    tap.true("0" not in status["Uid"].split(), f"user {status['Uid']}")


def test_the_helper_has_no_powers_where_it_cannot_become_somebody_else(b):
    """As in a service whose capabilities are bounded."""
    if bed.os.geteuid() != 0 or not bed.shutil.which("setpriv"):
        tap.skip("needs root, and setpriv (Debian package util-linux)")
    wrapper = b.daemon.path("tgt-isns")
    with open(wrapper, "w") as file:
        file.write(f"#!/bin/sh\nexec setpriv --bounding-set=-setuid,-setgid {bed.os.environ['TGT_ISNS']}\n")
    bed.os.chmod(wrapper, 0o755)
    old, b.daemon = b.daemon, bed.Daemon(env={"TGT_ISNS": wrapper}).start()
    b.registered(A)
    with open(f"/proc/{b.helper()}/status") as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file)
    tap.equal([int(status[c], 16) for c in ("CapInh", "CapPrm", "CapEff")], [0, 0, 0], "capabilities")
    old.stop()


def test_a_registration_is_refreshed_before_it_ends(b):
    b.server.close()
    b.server = Isnsd(period="6s")
    b.registered(A)
    # Longer than the period: it is there only if it was refreshed
    bed.time.sleep(9)
    tap.true(b.server.knows(A), "the registration has ended")


if __name__ == "__main__":
    sys.exit(tap.main(globals(), bed.Bed(Isnsd), sys.argv[1:]))
