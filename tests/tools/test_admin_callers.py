#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What others do with tgt-admin: OpenStack, units of distributions, pipelines of scripts."""

import os
import subprocess
import sys

import admin_bed
import bed
import golden_admin
from bed import tap

VOLUME = "iqn.2010-10.org.openstack:volume-83c2e877-feed-46be-8435-77884fe55b45"
OTHER = "iqn.2010-10.org.openstack:volume-00000000-feed-46be-8435-77884fe55b45"

TGT = "/usr/sbin/tgt-admin"

# The indentation, and the lines that are empty without a password and flags, are Cinder's.
TEMPLATE = """
                <target {name}>
                    backing-store {path}
                    driver iscsi
                    {chap}
                    {flags}
                    write-cache on
                </target>
"""


class CallerBed(admin_bed.AdminBed):
    """As on a node of OpenStack: a file for each volume, reached through a link to their folder."""

    def open(self):
        super().open()
        os.mkdir(self.path("volumes"))
        os.symlink(self.path("volumes"), self.path("stack.d"))
        self.conf = self.write("include {dir}/stack.d/*\n", "node.conf")
        os.mkdir(self.path("bin"))
        os.symlink(self.program, self.path("bin/tgt-admin"))
        os.symlink(bed.daemon.binary("TGTADM"), self.path("bin/tgtadm"))

    def cleanup(self):
        super().cleanup()
        self.clear()
        for name in os.listdir(self.path("volumes")):
            os.unlink(self.path(f"volumes/{name}"))

    def volume(self, name, disk="d1", chap="", flags=""):
        text = TEMPLATE.format(name=name, path=self.path(disk), chap=chap, flags=flags)
        self.write(text, f"volumes/{name.split(':')[1]}")
        self.node("--update", name)

    def node(self, *args, status=0):
        return self.admin(*args, "-c", self.conf, status=status)

    def sh(self, script, status=0):
        """A script that knows the programs by their names."""
        env = {"PATH": self.path("bin") + ":" + os.environ["PATH"], "TGT_CONTROL": self.daemon.path("control")}
        return bed.run("sh", "-c", script, status=status, env=env).stdout


def number_of(show, name):
    """As Cinder finds it: the first line with the name in it."""
    for line in show.split("\n"):
        if name in line:
            return line.split()[1][:-1]
    return None


def has_lun_1(show, name):
    """As Cinder looks whether the volume is there: a line of the target that is exactly this."""
    capture = False
    for line in show.split("\n"):
        if capture and line == "        LUN: 1":
            return True
        if "Target " in line:
            capture = name in line
    return False


# Cinder -------------------------------------------------------------------------------------


def test_volume_is_made_and_found(b):
    b.volume(VOLUME)
    show = b.admin("--show").stdout
    tap.equal((number_of(show, VOLUME), has_lun_1(show, VOLUME)), ("1", True), "number, and is the LUN there")


def test_volume_with_password(b):
    b.volume(VOLUME, chap="incominguser otzLy2UYbYfnP4zXLG5z 234Zweo38VGBBvrpK9nt", flags="bsoflags direct")
    tap.equal([a["name"] for a in b.show(VOLUME)["accounts"]], ["otzLy2UYbYfnP4zXLG5z"], "accounts")
    tap.true("direct=1" in b.daemon.ctl_json("lun", "show", f"{VOLUME}/1")["options"], "not opened directly")


def test_other_volumes_stay(b):
    b.volume(VOLUME)
    b.volume(OTHER, "d2")
    before = b.show(VOLUME)
    b.node("--update", OTHER)
    tap.equal((b.show(VOLUME), b.targets()), (before, {VOLUME: 1, OTHER: 2}), "the first volume, and all")


def test_volume_grows_under_an_initiator(b):
    """Cinder makes the target anew by force; initiators log in again."""
    b.volume(VOLUME)
    b.login(VOLUME)
    os.truncate(b.path("d1"), 16 << 20)
    try:
        b.node("--update", VOLUME, "-f")
        size = b.daemon.ctl_json("lun", "show", f"{VOLUME}/1")["size"]
    finally:
        os.truncate(b.path("d1"), 8 << 20)
    tap.equal((size, b.targets()), (16 << 20, {VOLUME: 1}), "size and targets")


def test_volume_is_deleted(b):
    b.volume(VOLUME)
    b.login(VOLUME)
    b.admin("--delete", VOLUME, "-f")
    b.admin("--delete", VOLUME)
    tap.equal(b.targets(), {}, "targets")


def test_volume_without_its_disk(b):
    """The target is there, and Cinder makes the LUN by hand."""
    b.volume(VOLUME, "nope")
    show = b.admin("--show").stdout
    tap.equal((number_of(show, VOLUME), has_lun_1(show, VOLUME)), ("1", False), "number, and is the LUN there")
    b.sh(f"tgtadm --lld iscsi --op new --mode logicalunit --tid 1 --lun 1 -b {b.path('d1')}")
    tap.true(has_lun_1(b.admin("--show").stdout, VOLUME), "no LUN")


def test_volumes_that_are_made_at_once(b):
    """Each gets a number of its own, and none fails."""
    names = [f"iqn.2010-10.org.openstack:volume-{n:04}" for n in range(8)]
    for name in names:
        b.write(TEMPLATE.format(name=name, path=b.path("d1"), chap="allow-in-use yes", flags=""),
                f"volumes/{name.split(':')[1]}")
    running = [subprocess.Popen([b.program, "--update", name, "-c", b.conf], env=b.env()) for name in names]
    tap.equal([r.wait(timeout=30 * tap.slowness()) for r in running], [0] * len(names), "exit statuses")
    tap.equal((sorted(b.targets()), sorted(b.targets().values())), (names, list(range(1, 9))), "targets")


# tgt's own tgt-admin ------------------------------------------------------------------------


def drop_in(b):
    """Its environment: our tgtadm, for this daemon, whatever number is asked for."""
    os.makedirs(b.path("drop-in"), exist_ok=True)
    with open(b.path("drop-in/tgtadm"), "w") as script:
        script.write(f'#!/bin/sh\n[ "$1 $2" != "-C 0" ] || shift 2\nexec {b.path("bin/tgtadm")} "$@"\n')
    os.chmod(b.path("drop-in/tgtadm"), 0o755)
    return {**b.env(), "PATH": b.path("drop-in") + ":" + os.environ["PATH"]}


@tap.timeout(120)
def test_program_of_tgt_notices_nothing(b):
    """It reads our listings, and everything it does ends as with tgt's daemon."""
    if not os.path.exists(TGT):
        tap.skip("Debian's tgt is not installed")
    env = drop_in(b)
    b.fresh("")
    with open(os.path.join(bed.HERE, "tgt-admin.golden")) as file:
        steps = golden_admin.read(file)
    for step in steps:
        answer = step.run(["perl", TGT], b.folder, env)
        tap.equal(answer.text().split("\n"), step.text().split("\n"), "answer")


# Units and scripts --------------------------------------------------------------------------


def test_start_reload_and_stop_of_a_unit(b):
    b.volume(VOLUME)
    b.clear()
    b.sh("tgtadm --op update --mode sys --name State -v offline")
    b.node("-e")
    b.sh("tgtadm --op update --mode sys --name State -v ready")
    b.login(VOLUME)
    b.node("--update", "ALL")
    tap.equal(len(b.daemon.sessions()), 1, "sessions after a reload")
    b.node("--offline", "ALL")
    b.admin("--update", "ALL", "-c", "/dev/null", "-f")
    tap.equal((b.targets(), b.daemon.sessions()), ({}, []), "targets and sessions after a stop")


def test_pipeline_that_deletes_all(b):
    b.volume(VOLUME)
    b.volume(OTHER, "d2")
    b.sh("tgtadm --op show --mode target | awk '/Target/ {print $3}' | xargs -r -n1 tgt-admin --delete")
    tap.equal(b.targets(), {}, "targets")


def test_pipeline_that_finds_a_number(b):
    b.volume(VOLUME)
    b.volume(OTHER, "d2")
    found = b.sh("tgt-admin -s | grep 00000000-feed | grep Target | awk '{print $2}' | cut -d: -f1")
    tap.equal(found, "2\n", "number")


def test_pipeline_that_fills_in_a_password(b):
    b.volume(VOLUME, chap="incominguser someone the-first-password")
    b.sh("tgt-admin --dump | sed -E 's/(incominguser.*)(PLEASE_CORRECT_THE_PASSWORD)/\\1the-other-password/' "
         f"> {b.path('saved.conf')}")
    b.clear()
    b.admin("-e", "-c", b.path("saved.conf"))
    tap.equal(b.client().result("account.secrets")["someone"], "the-other-password", "password")


def test_pipeline_that_lists_names(b):
    b.volume(VOLUME)
    tap.equal(b.sh("tgt-admin --dump | grep '^<target' | awk '{print $2}'"), f"{VOLUME}>\n", "names")


if __name__ == "__main__":
    sys.exit(tap.main(globals(), CallerBed(), sys.argv[1:]))
