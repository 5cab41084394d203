#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A server, and portals, that speak IPv6."""

import socket
import sys

import bed
import fake
from bed import A, tap
from fake import Fake

LOCAL = socket.inet_pton(socket.AF_INET6, "::1")


def make(address):
    try:
        return Fake(address)
    except OSError as error:
        return tap.skip_all(f"no IPv6 here: {error}")


def addresses(b):
    return b.server.asked(fake.REGISTER)[0].values(fake.ADDRESS)


def test_portals_are_registered(b):
    b.registered(A)
    tap.equal(addresses(b), [LOCAL], "addresses")


def test_a_server_may_be_given_in_brackets(b):
    b.daemon.create_target(A)
    b.set(iSNSServerIP="[::1]", iSNSServerPort=b.server.port, iSNS="On")
    b.reaches("registered")
    tap.equal(b.show()["iSNSServerIP"], "::1", "address")


def test_a_portal_on_every_address_is_where_the_server_sees_us(b):
    b.daemon.ctl("portal", "delete", f"[::1]:{b.daemon.portals()[0].port}")
    b.daemon.ctl("portal", "add", "[::]:0")
    b.registered(A)
    tap.equal(addresses(b), [LOCAL], "addresses")


def test_a_portal_that_the_server_cannot_see_is_not_registered(b):
    b.daemon.ctl("portal", "add", "0.0.0.0:0")
    b.registered(A)
    tap.equal(addresses(b), [LOCAL], "addresses")


if __name__ == "__main__":
    sys.exit(tap.main(globals(), bed.Bed(make, "::1"), sys.argv[1:]))
