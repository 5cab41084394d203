#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of Debian's tgt package look at in an installed system."""

import shutil
import subprocess
import sys

import bed
from bed import tap

# The lines between two headings of a listing, as scripts cut them out.
CUT = r"""/^Backing stores:/ { while ((getline line) > 0 && line ~ /^ /) print line }"""


@tap.cases(tgtadm="TGTADM", tgt_admin="TGT_ADMIN", tgtimg="TGTIMG")
def test_help_succeeds_in_silence(_, variable):
    done = bed.run(bed.daemon.binary(variable), "--help", status=0)
    tap.true(done.stdout and not done.stderr, done.stderr or "no help")


def test_daemon_is_found_by_its_name(b):
    if not shutil.which("pidof"):
        tap.skip("pidof is not installed (Debian package sysvinit-utils)")
    pids = bed.run("pidof", "-x", "tgtd", status=0).stdout.split()
    tap.true(str(b.daemon.process.pid) in pids, f"{b.daemon.process.pid} is not in {pids}")


@tap.cases(rdwr="rdwr (bsoflags sync:direct)", null="null")
def test_backing_stores_are_listed(b, wanted):
    shown = bed.run(bed.daemon.binary("TGTADM"), "--lld", "iscsi", "--mode", "system", "--op", "show", status=0,
                    env={"TGT_CONTROL": b.daemon.path("control")}).stdout
    cut = subprocess.run(["awk", CUT], input=shown, text=True, capture_output=True, check=True).stdout
    tap.true(wanted in [line.strip() for line in cut.split("\n")], cut)


if __name__ == "__main__":
    sys.exit(tap.main(globals(), bed.Bed(), sys.argv[1:]))
