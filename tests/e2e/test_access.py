#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Initiators that are not ours follow redirections, and see the LUNs that are mapped to them."""

import os
import sys

import beds
from beds import IQN, daemon, require, run, tap

JOE, JANE = "iqn.2024-01.org.example:joe", "iqn.2024-01.org.example:jane"


class Bed:
    """Two daemons with the same target; the product of its LUN tells them apart."""

    def open(self):
        self.here = daemon.Daemon().start()
        self.there = daemon.Daemon(portals=("127.0.0.2:0",)).start()
        for d, product in ((self.here, "HERE"), (self.there, "THERE")):
            d.create_target(IQN)
            d.create_lun(IQN, 1, bs="mem", size="16M", args=("--product", product))
        portal = self.here.portals()[0]
        self.portal = f"{portal.address}:{portal.port}"
        self.url = f"iscsi://{self.portal}/{IQN}/1"

    def check(self):
        self.here.set_target(IQN, RedirectAddress="", RedirectCallback="")
        tap.true(self.here.alive() and self.there.alive(), "a daemon has died")

    def log(self):
        return self.here.log_text()

    def close(self):
        self.here.stop()
        self.there.stop()


def product(b, url=None):
    require("iscsi-inq", "libiscsi-bin")
    output = run("iscsi-inq", url or b.url)
    return [word for word in ("HERE", "THERE") if f"Product:{word}" in output.replace(" ", "")]


def test_not_redirected(b):
    tap.equal(product(b), ["HERE"], "where the login ended")


def test_redirected(b):
    """For a while: libiscsi does not go where a target has moved for ever."""
    b.here.set_target(IQN, RedirectAddress="127.0.0.2", RedirectPort=b.there.portals()[0].port)
    tap.equal(product(b), ["THERE"], "where the login ended")


def test_redirected_by_a_program(b):
    path = b.here.path("callback")
    with open(path, "w") as file:
        file.write(f"#!/bin/sh\necho 127.0.0.2:{b.there.portals()[0].port}:Temporary\n")
    os.chmod(path, 0o755)
    b.here.set_target(IQN, RedirectCallback=path)
    tap.equal(product(b), ["THERE"], "where the login ended")


def test_luns_by_initiator(b):
    require("iscsi-ls", "libiscsi-bin")
    for lun in 2, 3:
        b.here.create_lun(IQN, lun, bs="mem", size="16M")
    b.here.ctl("acl", "map", IQN, JOE, 3, "--as", 7)
    for initiator, wanted in ((JOE, ["7"]), (JANE, ["1", "2", "3"])):
        output = run("iscsi-ls", "--show-luns", "--initiator-name", initiator, f"iscsi://{b.portal}")
        luns = [line.split(":")[1].split()[0] for line in output.split("\n") if line.startswith("Lun:")]
        tap.equal(luns, wanted, f"LUNs of {initiator}; {output}")


if __name__ == "__main__":
    sys.exit(tap.main(globals(), Bed(), sys.argv[1:]))
