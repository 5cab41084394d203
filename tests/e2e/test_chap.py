#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Initiators that are not ours authenticate themselves, and us: libiscsi and qemu, which know MD5."""

import os
import subprocess
import sys

import beds
from beds import IQN, daemon, require, run, tap

OPEN = "iqn.2024-01.org.example:one-way"
JOE, SECRET = "joe", "secret-of-joe"
DISK, DISK_SECRET = "disk", "secret-of-disk"


class Bed:
    """A target that proves who it is, one that need not, and discovery that asks, too."""

    def open(self):
        self.daemon = daemon.Daemon().start()
        for name, secret in ((JOE, SECRET), (DISK, DISK_SECRET)):
            self.account("create", name, "--password-stdin", text=secret)
        for target in (IQN, OPEN):
            self.daemon.create_target(target)
            self.daemon.create_lun(target, 1, bs="mem", size="16M")
            self.account("bind", JOE, target)
        self.account("bind", DISK, IQN, "--outgoing")
        self.account("bind", JOE, "--discovery")
        portal = self.daemon.portals()[0]
        self.portal = f"{portal.address}:{portal.port}"

    def account(self, *words, text=None):
        subprocess.run([self.daemon.tgtctl, "--socket", self.daemon.path("control"), "account", *words],
                       input=text, text=True, check=True)

    def url(self, target, user=JOE, secret=SECRET, more=""):
        login = f"{user}%{secret}@" if user else ""
        return f"iscsi://{login}{self.portal}/{target}/1{more}"

    def check(self):
        tap.true(self.daemon.alive(), "the daemon has died")

    def log(self):
        return self.daemon.log_text()

    def close(self):
        self.daemon.stop()


def inquiry(url, status=0):
    require("iscsi-inq", "libiscsi-bin")
    output = run("iscsi-inq", url, status=status)
    if status == 0:
        tap.true("DIRECT_ACCESS" in output, output)
    return output


def test_one_way(b):
    inquiry(b.url(OPEN))


@tap.cases(secret=(JOE, "wrong"), user=("nobody", SECRET), nothing=(None, None))
def test_wrong(b, user, secret):
    inquiry(b.url(OPEN, user, secret), status=10)


def both_ways(user, secret):
    return f"?target_user={user}&target_password={secret}"


def test_both_ways(b):
    inquiry(b.url(IQN, more=both_ways(DISK, DISK_SECRET)))


@tap.cases(secret=(DISK, "wrong"), user=("other", DISK_SECRET))
def test_initiator_finds_a_wrong_target(b, user, secret):
    inquiry(b.url(IQN, more=both_ways(user, secret)), status=10)


def test_initiator_may_not_skip_its_question(b):
    inquiry(b.url(IQN), status=10)
    b.daemon.set_target(IQN, chap_mutual="optional")
    inquiry(b.url(IQN))
    b.daemon.set_target(IQN, chap_mutual="required")


def test_md5_may_be_forbidden(b):
    b.daemon.set_target(OPEN, chap_weakest="SHA256")
    inquiry(b.url(OPEN), status=10)
    b.daemon.set_target(OPEN, chap_weakest="MD5")
    inquiry(b.url(OPEN))


def test_discovery(b):
    require("iscsi-ls", "libiscsi-bin")
    output = run("iscsi-ls", f"iscsi://{JOE}%{SECRET}@{b.portal}")
    tap.true(f"Target:{IQN}" in output and f"Target:{OPEN}" in output, output)
    output = run("iscsi-ls", f"iscsi://{JOE}%wrong@{b.portal}", status=10)
    tap.true("Target:" not in output, output)


def test_qemu(b):
    require("qemu-img", "qemu-utils")
    if not os.path.exists("/usr/lib/x86_64-linux-gnu/qemu/block-iscsi.so"):
        require("qemu-img-with-iscsi", "qemu-block-extra")
    tap.true('"virtual-size": 16777216' in run("qemu-img", "info", "--output=json", "-f", "raw", b.url(OPEN)), "size")
    run("qemu-img", "info", "-f", "raw", b.url(OPEN, secret="wrong"), status=1)


if __name__ == "__main__":
    sys.exit(tap.main(globals(), Bed(), sys.argv[1:]))
