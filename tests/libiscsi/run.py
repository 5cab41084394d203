#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""libiscsi's own test suite against tgtd:  run.py STORE RING [PATTERN...]

STORE is a backing store (mem, rdwr), RING the I/O engine (uring, poll). Each test of iscsi-test-cu
is a TAP subtest; what may skip, and why, stands in skips.txt.
"""

import fnmatch
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "lib")]

import cunit  # noqa: E402
import daemon  # noqa: E402
import tap  # noqa: E402

IQN = "iqn.2024-01.org.example:libiscsi"
TEST_SECONDS = 60

# Logical units by number; tests that need another than the first name it below.
THIN, READ_ONLY, REMOVABLE, BIG_BLOCKS, SMALL, BIG = 1, 2, 3, 4, 5, 6
LUN_ARGS = {
    THIN: ("--thin",),
    READ_ONLY: ("--thin",),  # made read-only afterwards: then it keeps what a thin disk can do
    REMOVABLE: ("--thin", "--removable"),
    BIG_BLOCKS: ("--thin", "--block-size", "4096"),
    SMALL: ("--thin",),
    BIG: ("--thin",),
}
LUN_OF = {
    "SCSI.ReadOnly.*": READ_ONLY,
    "SCSI.NoMedia.*": REMOVABLE,
    "SCSI.PreventAllow.*": REMOVABLE,
    "SCSI.StartStopUnit.*": REMOVABLE,
    # counts as if a physical block were one logical block
    "SCSI.GetLBAStatus.UnmapSingle": BIG_BLOCKS,
    # moves 65536 blocks at once, whatever MAXIMUM TRANSFER LENGTH says, where there are that many
    "SCSI.WriteSame16.Unmap": SMALL,
    # needs more blocks than MAXIMUM WRITE SAME LENGTH
    "SCSI.WriteSame1?.ZeroBlocks": BIG,
}
SIZES_MB = {SMALL: 16, BIG: 300}
SIZE_MB = 100


class Bed:
    """A daemon with the logical units that the tests need, restarted when a test breaks it."""

    def __init__(self, store, ring):
        self.store = store
        self.ring = ring
        self.daemon = None
        self.log_shown = 0

    def open(self):
        if not cunit.available():
            tap.skip_all(f"{cunit.PROGRAM} is not installed (Debian package libiscsi-bin)")
        refusal = daemon.io_uring_refusal() if self.ring == "uring" else None
        if refusal:
            tap.skip_all(refusal)
        self.start()

    def start(self):
        loopback = "127.0.0.1:0"
        self.daemon = daemon.Daemon(ring=self.ring, portals=(loopback, loopback)).start()
        self.daemon.create_target(IQN)
        for number, args in LUN_ARGS.items():
            self.create_lun(number, args)
        self.daemon.ctl("lun", "set", f"{IQN}/{READ_ONLY}", "read-only=on")
        first, second = self.daemon.portals()[:2]
        self.paths = [f"iscsi://{p.address}:{p.port}/{IQN}" for p in (first, second)]

    def create_lun(self, number, args):
        size = SIZES_MB.get(number, SIZE_MB)
        if self.store == "mem":
            self.daemon.create_lun(IQN, number, "mem", args, size=f"{size}M")
            return
        image = self.daemon.path(f"lun{number}.img")
        with open(image, "wb") as file:
            file.truncate(size << 20)
        self.daemon.create_lun(IQN, number, self.store, ("--path", image, *args))

    def urls(self, number):
        return [f"{path}/{number}" for path in self.paths]

    def check(self):
        """The daemon must have survived the test."""
        if not self.daemon.alive():
            raise daemon.DaemonError("the daemon has ended")

    def reopen(self):
        self.daemon.kill()
        self.log_shown = 0
        self.start()

    def log(self):
        """What the daemon has logged since this was asked last."""
        text = self.daemon.log_text() if self.daemon else ""
        start, self.log_shown = self.log_shown, len(text)
        return text[start:]

    def close(self):
        if self.daemon:
            self.daemon.stop()


def lun_of(test):
    for pattern, number in LUN_OF.items():
        if fnmatch.fnmatchcase(test, pattern):
            return number
    return THIN


def expect(rule, result):
    """Compare the result of a test with its line in skips.txt."""
    if result.outcome == "failed":
        tap.fail(result.why)
    if result.outcome == "skipped":
        if rule is None:
            tap.fail(f"skipped, and skips.txt does not say so: {result.why}")
        tap.skip(rule.reason)
    if rule is not None:
        tap.fail(f"passes: take '{rule.pattern}' ({rule.reason}) out of skips.txt")


def make_test(test, rule):
    @tap.timeout(TEST_SECONDS + 10)
    def run(bed):
        if rule is not None and rule.verb == "not-run":
            tap.skip(rule.reason)
        expect(rule, cunit.run(test, bed.urls(lun_of(test)), TEST_SECONDS * tap.slowness()))

    return run


def main():
    store, ring, *patterns = sys.argv[1:]
    variant = f"{store}-{ring}"
    rules = cunit.read_rules(os.path.join(HERE, "skips.txt"))
    names = cunit.list_tests() if cunit.available() else []
    tests = {
        f"test_{variant} {name}": make_test(name, cunit.rule_for(rules, variant, name))
        for name in names
    }
    return tap.main(tests, Bed(store, ring), patterns)


if __name__ == "__main__":
    sys.exit(main())
