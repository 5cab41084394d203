#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tgtadm says byte for byte what tgt's own says (tgtadm.golden), and where it cannot, one clear sentence."""

import os
import sys

import bed
import golden
from bed import tap
from session import Session

GOLDEN = os.path.join(bed.HERE, "tgtadm.golden")
INITIATOR = "iqn.2010-11.org.example:adm"


class AdmBed(bed.Bed):
    def open(self):
        self.tgtadm = bed.daemon.binary("TGTADM")
        super().open()
        golden.make_images(self.folder)
        self.names = golden.Names(self.folder, [])

    def env(self):
        return {**os.environ, "TGT_CONTROL": self.daemon.path("control")}

    def adm(self, *args, status=0):
        done = bed.run(self.tgtadm, *args, status=status, env=self.env())
        tap.true(status or not done.stderr, f"success, and this on standard error: {done.stderr!r}")
        return done

    def target(self, tid=1, name=bed.IQN):
        self.clear()
        self.adm("--lld", "iscsi", "--mode", "target", "--op", "new", "--tid", tid, "-T", name)

    def lun(self, number, *args, tid=1, status=0):
        return self.adm("--lld", "iscsi", "--mode", "logicalunit", "--op", "new", "--tid", tid, "--lun",
                        number, *args, status=status)

    def show(self):
        return self.adm("--lld", "iscsi", "--mode", "target", "--op", "show").stdout


def test_show_system(b):
    text = b.adm("--lld", "iscsi", "--mode", "system", "--op", "show").stdout
    tap.true(text.startswith("System:\n    State: ready\n    debug: off\nLLDs:\n    iscsi: ready\n"), text)
    stores = text.split("Backing stores:\n")[1].split("Device types:\n")[0]
    tap.true("    rdwr (bsoflags sync:direct)\n" in stores and "    null\n" in stores, stores)
    tap.true("Device types:\n    disk\n    controller\n" in text, text)
    tap.true(text.endswith("iSNS:\n    iSNS=Off\n    iSNSServerIP=\n    iSNSServerPort=3205\n"
                           "    iSNSAccessControl=Off\n"), text)


def test_show_system_by_aliases(b):
    wanted = b.adm("--mode", "system", "--op", "show").stdout
    tap.equal(b.adm("-m", "sys", "-o", "show").stdout, wanted, "the same")
    tap.equal(b.adm("--mod=sys", "--op=show").stdout, wanted, "the same by abbreviation")


def test_show_target_with_session(b):
    b.target(3)
    b.adm("--lld", "iscsi", "--mode", "target", "--op", "bind", "--tid", 3, "-I", "ALL")
    session = b.keep(Session.login(b.daemon.portals()[0], bed.IQN, initiator=INITIATOR))
    sid = b.daemon.sessions()[0]["sid"]
    tap.true(f"    I_T nexus information:\n        I_T nexus: {sid}\n"
             f"            Initiator: {INITIATOR} alias: none\n            Connection: 0\n"
             "                IP Address: 127.0.0.1\n    LUN information:\n" in b.show(), b.show())
    refused = b.adm("--mode", "target", "--op", "delete", "--tid", 3, status=22)
    tap.equal(refused.stderr, "tgtadm: this target is still active\n", "deletion with a session")
    b.adm("--mode", "target", "--op", "delete", "--tid", 3, "--force")
    tap.equal(b.show(), "", "targets that are left")
    session.close()


def test_show_target_parameters(b):
    b.target()
    b.daemon.ctl("target", "set", "@1", "MaxBurstLength=524288", "ImmediateData=no")
    lines = b.adm("--mode", "target", "--op", "show", "--tid", 1).stdout.split("\n")
    tap.equal((lines[0].split("=")[0], lines[-2].split("=")[0]), ("nop_interval", "MaxQueueCmd"), "order")
    tap.equal(len(lines), 27, "lines")
    tap.true("MaxBurstLength=524288" in lines and "ImmediateData=No" in lines, "\n".join(lines))
    tap.true("IFMarker=No" in lines and "DataPDUInOrder=Yes" in lines, "\n".join(lines))


def test_show_logical_unit(b):
    b.target()
    b.lun(1, "-b", b.path("a.img"))
    block = b.adm("--mode", "lu", "--op", "show", "--tid", 1, "--lun", 1).stdout
    tap.true(block.startswith("        LUN: 1\n            Type: disk\n"), block)
    tap.true(block in b.show(), "it is the block of the target's listing")
    refused = b.adm("--mode", "lu", "--op", "show", "--tid", 1, "--lun", 2, status=22)
    tap.equal(refused.stderr, "tgtadm: can't find the logical unit\n", "a LUN that is not there")


def test_empty_flags_have_a_trailing_blank(b):
    b.target()
    b.lun(1, "-b", b.path("a.img"))
    tap.equal(b.show().count("            Backing store flags: \n"), 2, "lines of controller and disk")


def test_options_of_the_store_are_separated_by_semicolons(b):
    b.target()
    b.lun(1, "-E", "mem", "-S", "size=32M;write-back=off", "-b", "x")
    tap.true("Size: 34 MB, Block size: 512" in b.show(), b.show())


def test_store_with_unknown_option(b):
    b.target()
    tap.equal(b.lun(1, "-E", "mem", "-S", "no-such=1", status=22).stderr, "tgtadm: invalid request\n", "answer")


def test_plain_name_is_a_target(b):
    b.target(1, "rbd")
    tap.true(b.show().startswith("Target 1: rbd\n"), b.show())


def test_identity_is_that_of_tgt(b):
    b.target(10)
    b.lun(11, "-b", b.path("a.img"), tid=10)
    lun = b.daemon.ctl_json("lun", "show", "@10/11")
    tap.equal((lun["serial"], lun["scsi_id"], lun["vendor"], lun["legacy"]),
              ("beaf1011", "IET     000a000b", "IET", True), "identity")


def test_targets_of_tgtctl_have_no_controller(b):
    b.clear()
    b.daemon.create_target(bed.IQN)
    tap.true("LUN: 0" not in b.show() and f"Target 1: {bed.IQN}\n" in b.show(), b.show())


def test_agent_loop(b):
    """As Pacemaker's agents do: create, bind, update with a leading comma, delete all."""
    b.clear()
    b.adm("--lld", "iscsi", "--op", "new", "--mode", "target", "--tid=7", f"--targetname={bed.IQN}")
    b.adm("--lld", "iscsi", "--op", "bind", "--mode", "target", "--tid=7", "--initiator-address=ALL")
    b.adm("--lld", "iscsi", "--op", "new", "--mode", "logicalunit", "--tid=7", "--lun=2",
          "--backing-store", b.path("a.img"))
    b.adm("--lld", "iscsi", "--op", "update", "--mode", "logicalunit", "--tid=7", "--lun=2",
          "--params=,scsi_id=abc,vendor_id=A")
    path = b.path("a.img")
    tap.true(any(line.endswith(f"Backing store path: {path}") for line in b.show().split("\n")), b.show())
    b.adm("--lld", "iscsi", "--op", "delete", "--mode", "logicalunit", "--tid=7", "--lun=2")
    b.adm("--lld", "iscsi", "--op", "delete", "--mode", "target", "--tid=7")


def test_no_daemon(b):
    done = bed.run(b.tgtadm, "--mode", "target", "--op", "show", status=107,
                   env={"TGT_CONTROL": b.path("none")})
    tap.equal(done.stderr, "tgtadm: failed to send request hdr to tgt daemon, "
              "Transport endpoint is not connected\n", "standard error")


def test_help_and_version(b):
    tap.true("--mode target --op new" in b.adm("--help").stdout, "help")
    tap.true(b.adm("-V").stdout[0].isdigit(), "version")


if __name__ == "__main__":
    sys.exit(tap.main({**golden.tests(GOLDEN), **globals()}, AdmBed(), sys.argv[1:]))
