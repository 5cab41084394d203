#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tgt-setup-lun: one command makes a target that can be used; what it says is what tgt's script says."""

import os
import pty
import socket
import subprocess
import sys

import bed
from bed import tap

PREFIX = f"iqn.2001-04.com.{socket.gethostname()}-"
UNREACHABLE = "tgtadm: failed to send request hdr to tgt daemon, Transport endpoint is not connected\n"


class SetupBed(bed.Bed):
    def open(self):
        self.program = bed.daemon.binary("TGT_SETUP_LUN")
        super().open()
        self.image()

    def setup(self, *args, status=0, env=None):
        return bed.run(self.program, *args, status=status, stdin=subprocess.DEVNULL,
                       env={"TGT_CONTROL": self.daemon.path("control"), **(env or {})})

    def fresh(self, *args, status=0):
        self.clear()
        return self.setup("-n", "a", "-d", self.path("disk.img"), *args, status=status)

    def targets(self):
        return self.daemon.ctl_json("target", "list")

    def show(self, target):
        return self.daemon.ctl_json("target", "show", target)

    def answer(self, text):
        """Run it on a terminal, where this is answered; what it printed, and its exit status."""
        master, slave = pty.openpty()
        child = subprocess.Popen([self.program, "-n", "a", "-d", self.path("disk.img")], stdin=slave,
                                 stdout=subprocess.PIPE, text=True,
                                 env={**os.environ, "TGT_CONTROL": self.daemon.path("control")})
        os.write(master, text.encode() + b"\n")
        output, _ = child.communicate(timeout=20 * tap.slowness())
        os.close(master)
        os.close(slave)
        return output, child.returncode


def test_target_for_all(b):
    done = b.fresh()
    tap.equal((done.stdout, done.stderr), (f"Using transport: iscsi\nCreating new target (name={PREFIX}a, tid=1)\n"
              f"Adding a logical unit ({b.path('disk.img')}) to target, tid=1\n"
              "Accepting connections from all initiators\n", ""), "output")
    target = b.show(f"{PREFIX}a")
    tap.equal(target["acl"]["addresses"], ["ALL"], "who may use it")
    tap.equal([(l["lun"], l["path"], l["bs"], l["block_size"]) for l in target["luns"]],
              [(1, b.path("disk.img"), "rdwr", 512)], "logical units")


def test_addresses_and_options(b):
    done = b.fresh("-b", "rdwr", "-B", 4096, "-t", "iscsi", "10.0.0.1", "10.1.0.0/16")
    tap.true("Setting backing store type: rdwr\nAccepting connections from 10.0.0.1 10.1.0.0/16\n" in done.stdout,
             done.stdout)
    target = b.show("@1")
    tap.equal(target["acl"]["addresses"], ["10.0.0.1", "10.1.0.0/16"], "who may use it")
    tap.equal(target["luns"][0]["block_size"], 4096, "size of a block")


@tap.cases(iqn="iqn.2024-01.org.example:whole", naa="naa.52004567ba64678d")
def test_whole_name(b, name):
    b.clear()
    b.setup("-n", name, "-d", b.path("disk.img"))
    tap.equal([t["name"] for t in b.targets()], [name], "names")


def test_number_after_the_highest(b):
    b.clear()
    b.daemon.ctl("target", "create", "iqn.2024-01.org.example:x", "--tid", 300)
    b.setup("-n", "a", "-d", b.path("disk.img"))
    tap.equal([t["tid"] for t in b.targets()], [300, 301], "numbers")


def test_free_number_when_the_highest_is_taken(b):
    b.clear()
    for tid in (1, 2147483647):
        b.daemon.ctl("target", "create", f"iqn.2024-01.org.example:x{tid}", "--tid", tid)
    b.setup("-n", "a", "-d", b.path("disk.img"))
    tap.equal(b.show(f"{PREFIX}a")["tid"], 2, "number")


def test_same_name_is_refused_without_a_terminal(b):
    b.fresh()
    done = b.setup("-n", "a", "-d", b.path("disk.img"), status=1)
    tap.equal(done.stdout, f"Using transport: iscsi\nError: target named {PREFIX}a already exists\n", "output")
    tap.equal(b.targets()[0]["lun_count"], 1, "logical units")


def test_yes_on_a_terminal_adds_a_lun(b):
    b.fresh()
    output, status = b.answer("yes")
    tap.true(output.endswith("Add a new lun to the existing target? (yes/NO): "
                             f"Adding a logical unit ({b.path('disk.img')}) to target, tid=1\n"), output)
    tap.equal((status, [l["lun"] for l in b.show("@1")["luns"]]), (0, [1, 2]), "status and LUNs")


@tap.cases(nothing="", no="no", y="y")
def test_other_answers_do_not(b, text):
    b.fresh()
    output, status = b.answer(text)
    tap.true(output.endswith("(yes/NO): "), output)
    tap.equal((status, b.targets()[0]["lun_count"]), (1, 1), "status and LUNs")


def test_target_goes_when_the_device_is_none(b):
    b.clear()
    done = b.setup("-n", "a", "-d", "/nonexistent", status=1)
    tap.true(done.stdout.endswith("Adding a logical unit (/nonexistent) to target, tid=1\n"
                                  "Error: failed to add a logical unit (/nonexistent) to target, tid=1\n"
                                  "Deleting new target, tid=1\n"), done.stdout)
    tap.equal((done.stderr, b.targets()), ("tgtadm: invalid request\n", []), "error, and what is left")


def test_target_goes_when_an_address_is_none(b):
    b.fresh("10.0.0.0/99", status=1)
    tap.equal(b.targets(), [], "what is left")


def test_unknown_transport(b):
    done = b.fresh("-t", "pigeon", status=1)
    tap.equal(done.stderr, "tgtadm: can't find the driver\n", "standard error")


@tap.cases(substitution="$(touch {0})", backticks="`touch {0}`", semicolon="; touch {0};", quotes='"; touch {0}; "')
def test_no_shell_sees_the_words(b, text):
    trap = b.path("trap")
    text = text.format(trap)
    b.clear()
    for args in (("-n", text, "-d", b.path("disk.img")), ("-n", "a", "-d", text), ("-n", "b", "-d", text, text)):
        b.setup(*args, status=1)
    tap.true(not os.path.exists(trap), "a shell has run it")
    tap.equal(b.targets(), [], "what is left")


def test_no_daemon(b):
    done = b.setup("-n", "a", "-d", b.path("disk.img"), status=1, env={"TGT_CONTROL": b.path("none")})
    tap.equal((done.stdout, done.stderr), ("Using transport: iscsi\n", UNREACHABLE), "output")


def test_other_instance(b):
    done = b.setup("-n", "a", "-d", b.path("disk.img"), "-C", 32111, status=1)
    tap.equal((done.stdout, done.stderr), ("Control port: 32111\nUsing transport: iscsi\n", UNREACHABLE), "output")


@tap.cases(nothing=((), "usage:"), name=(("-n", "a"), "Error: a device is mandatory\n"),
           device=(("-d", "/x"), "Error: a target name is mandatory\n"))
def test_what_is_missing(b, args, said):
    tap.true(b.setup(*args, status=1).stdout.startswith(said), f"not {said!r}")


def test_help(b):
    tap.true(b.setup("-h").stdout.startswith("usage:\n\ttgt-setup-lun -n tgt_name -d dev "), "not the usage")


def test_option_that_there_is_not(b):
    tap.true("invalid option" in b.setup("-x", status=1).stderr, "it is not said")


if __name__ == "__main__":
    sys.exit(tap.main(globals(), SetupBed(), sys.argv[1:]))
