# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of this folder run in: a daemon, and a tgtadm that talks to it: ours to the control socket, or that of
Debian's package tgt to tgt's management socket."""

import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "tools")]

import bed  # noqa: E402
import golden  # noqa: E402
from bed import tap  # noqa: E402,F401


TGT = "/usr/sbin/tgtadm"


MISSING = "tgt is not installed (Debian package tgt)"


def has_tgt():
    return os.path.exists(TGT) and "Linux SCSI Target administration utility" in subprocess.run(
        [TGT, "--help"], capture_output=True, text=True, check=False).stdout


def program(by):
    """The path of "ours", or of "tgt"'s; the whole file is skipped where that is not installed."""
    if by == "ours":
        return bed.daemon.binary("TGTADM")
    if not has_tgt():
        tap.skip_all(MISSING)
    return TGT


class Scene(bed.Bed):
    """Commands are those of a tgtadm, with success and silence on standard error unless another status is given."""

    def __init__(self, by="ours", **options):
        self.by = by
        self.ports = golden.free_ports(4)
        self.sockets = tempfile.mkdtemp(prefix="tgt-legacy.")
        env = {"TGT_IPC_SOCKET": os.path.join(self.sockets, "ipc")}
        super().__init__(portals=[f"127.0.0.1:{self.ports[0]}"], env=env, **options)

    def open(self):
        self.tgtadm = program(self.by)
        super().open()
        golden.make_images(self.folder)
        self.names = golden.Names(self.folder, self.ports)

    def close(self):
        try:
            super().close()
        finally:
            shutil.rmtree(self.sockets, ignore_errors=True)

    def env(self):
        return {**self.daemon.env, "TGT_CONTROL": self.daemon.path("control")}

    def adm(self, *args, status=0):
        done = bed.run(self.tgtadm, *args, status=status, env=self.env())
        tap.true(status or not done.stderr, f"success, and this on standard error: {done.stderr!r}")
        return done

    def refused(self, *args, status=22):
        """The sentence with which a command is refused."""
        done = self.adm(*args, status=status)
        tap.equal(done.stdout, "", "standard output of a command that is refused")
        return done.stderr.removeprefix("tgtadm: ").rstrip("\n")

    def show(self):
        return self.adm("--lld", "iscsi", "--op", "show", "--mode", "target").stdout

    def portal(self):
        return self.daemon.portals()[0]

    def target(self, tid=1, name=bed.IQN, image="a.img"):
        """A target as in every tutorial."""
        self.adm("--lld", "iscsi", "--op", "new", "--mode", "target", "--tid", tid, "-T", name)
        self.adm("--lld", "iscsi", "--op", "new", "--mode", "logicalunit", "--tid", tid, "--lun", 1,
                 "-b", self.path(image))
        self.adm("--lld", "iscsi", "--op", "bind", "--mode", "target", "--tid", tid, "-I", "ALL")
