#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many commands in one session of the library, as tgt-admin runs them:  test_many.py RUN-ALL"""

import subprocess
import sys

import scene
from scene import tap

TARGETS = 3000


class ManyScene(scene.Scene):
    def cleanup(self):
        super().cleanup()
        self.run("\n".join(f"--mode target --op delete --force --tid {t['tid']}"
                           for t in self.daemon.ctl_json("target", "list")))

    def run(self, lines):
        done = subprocess.run([sys.argv[1], self.daemon.path("control")], input=lines + "\n", text=True,
                              capture_output=True, check=True)
        tap.equal(done.stderr, "", "standard error")
        return done.stdout


def test_each_command_begins_anew(b):
    text = b.run("--mode target --op new --tid 1 -T iqn.a\n--mode target --op new\n--op show --mode target --bogus\n"
                 "--mode lu --op new --tid 1 --lun 1 -F 1\n--mode target --op show")
    tap.true(text.startswith("22: tgtadm: 'tid' option is necessary\n22: tgtadm: unrecognized option '--bogus'\n"
                             "Try `tgtadm --help' for more information.\n22: tgtadm: logicalunit mode: option '-F' "
                             "is not allowed/supported\nTarget 1: iqn.a\n"), text)


def test_drivers_are_looked_for_again_when_they_change(b):
    text = b.run("--mode target --op show\n--lld nope --mode target --op show\n--lld iscsi --mode target --op show")
    tap.equal(text, "22: tgtadm: can't find the driver\n", "output")


@tap.timeout(120)
def test_twelve_thousand_commands(b):
    """Quadratic costs would not end in time."""
    text = b.run("\n".join(
        f"--lld iscsi --mode target --op new --tid {n} -T iqn.2024-01.org.example:{n}\n"
        f"--lld iscsi --mode logicalunit --op new --tid {n} --lun 1 -b {b.path('a.img')}\n"
        f"--lld iscsi --mode logicalunit --op update --tid {n} --lun 1 --params scsi_id=disk-{n}\n"
        f"--lld iscsi --mode target --op bind --tid {n} -I ALL" for n in range(1, TARGETS + 1)))
    tap.equal(text, "", "output")
    tap.equal(b.run("--lld iscsi --mode target --op show").count("\nTarget "), TARGETS - 1, "targets behind the first")


if __name__ == "__main__":
    sys.exit(tap.main(globals(), ManyScene(), sys.argv[2:]))
