#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tgtimg says byte for byte what tgt's own says (tgtimg.golden), and its files are what was asked for."""

import os
import shutil
import sys
import tempfile

import bed
import golden
from bed import tap

MIB = 1 << 20


class ImgBed:
    def open(self):
        self.tgtimg = bed.daemon.binary("TGTIMG")
        self.folder = tempfile.mkdtemp(prefix="tgt-img.")

    def close(self):
        shutil.rmtree(self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def new(self, name, *args, device="disk", medium="disk", status=0):
        return bed.run(self.tgtimg, "--op", "new", "--device-type", device, "--type", medium, "--file",
                       self.path(name), *args, status=status)


def golden_tests():
    with open(os.path.join(bed.HERE, "tgtimg.golden")) as file:
        steps = golden.read(file)
    return {f"test_golden {n:03} {step.line}": golden_test(step) for n, step in enumerate(steps)}


def golden_test(step):
    def compare(b):
        answer = step.run(b.tgtimg, b.folder)
        tap.true(answer.text() == step.text(), f"wanted:\n{step.text()}\ngot:\n{answer.text()}")

    return compare


def test_disk_has_its_blocks(b):
    b.new("full", "--size", 2)
    st = os.stat(b.path("full"))
    tap.equal((st.st_size, st.st_mode & 0o777 & ~0o640), (2 * MIB, 0), "size, and no rights for others")
    tap.true(st.st_blocks * 512 >= 2 * MIB, f"only {st.st_blocks} blocks")


@tap.cases(long="--thin-provisioning", short="-T")
def test_thin_disk_has_none(b, option):
    b.new(f"thin{option}", "--size", 2, option)
    st = os.stat(b.path(f"thin{option}"))
    tap.equal((st.st_size, st.st_blocks), (2 * MIB, 0), "size and blocks")


@tap.cases(thick=(), thin=("-T",))
def test_what_was_there_is_gone(b, *options):
    with open(b.path("old"), "wb") as file:
        file.write(b"x" * 3 * MIB)
    b.new("old", "--size", 1, *options)
    with open(b.path("old"), "rb") as file:
        tap.true(file.read() == bytes(MIB), "not one megabyte of zeroes")


def test_blank_dvd_is_empty(b):
    b.new("dvd", device="cd", medium="dvd+r")
    tap.equal(os.stat(b.path("dvd")).st_size, 0, "size")


@tap.cases(negative="-1", unit="1G", word="much", hex="0x10", blank=" 1", empty="", huge="8796093022208",
           more="99999999999999999999")
def test_size_that_is_none(b, size):
    done = b.new("bad", "--size", size, status=22)
    tap.true(f"the size '{size}' is not a number of megabytes" in done.stderr, done.stderr)
    tap.true(not os.path.exists(b.path("bad")), "a file was made")


def test_file_that_does_not_fit_is_not_left_behind(b):
    done = b.new("big", "--size", 1 << 33, status=2)
    tap.true(done.stderr.startswith("Failed writing file: "), done.stderr)
    tap.true(not os.path.exists(b.path("big")), "it was left behind")


def test_device_is_left_alone(b):
    done = bed.run(b.tgtimg, *"-o new -Y disk -t disk -s 1 -f /dev/null".split(), status=2)
    tap.true("/dev/null is not a regular file" in done.stderr, done.stderr)


@tap.cases(new="new --barcode A --size 10 --type data", show="show")
def test_tape_is_not_there_yet(b, words):
    done = bed.run(b.tgtimg, "--device-type", "tape", "--file", b.path("tape"), "--op", *words.split(), status=22)
    tap.equal(done.stderr, "tgtimg: this version of tgtimg does not support tape images yet\n", "standard error")
    tap.true(not os.path.exists(b.path("tape")), "a file was made")


def test_option_that_there_is_not(b):
    done = bed.run(b.tgtimg, "--foo", status=22)
    tap.equal(done.stderr.splitlines()[1:], ["Try `tgtimg --help' for more information."], "the second line")


if __name__ == "__main__":
    sys.exit(tap.main({**globals(), **golden_tests()}, ImgBed(), sys.argv[1:]))
