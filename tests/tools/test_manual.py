#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The manual pages: well formed, and in step with what the programs say of themselves."""

import glob
import os
import re
import shutil
import sys

import bed
from bed import tap

TOP = os.path.join(bed.HERE, "..", "..")


def pages():
    """Those of the programs and those that plugins bring."""
    found = glob.glob(os.path.join(TOP, "man", "*.[1-9]")) + glob.glob(os.path.join(TOP, "plugins", "*", "*.[1-9]"))
    tap.true(len(found) >= 3, f"only {found}")
    return sorted(found)


def text_of(page):
    """The page without markup."""
    with open(os.path.join(TOP, "man", page)) as file:
        text = file.read()
    return re.sub(r"\\f.|\\-|[\" ]+", lambda m: {"\\-": "-"}.get(m[0], " " if m[0][0] in "\" " else ""), text)


def help_of(variable):
    return bed.run(bed.daemon.binary(variable), "--help", status=0).stdout


def test_pages_are_well_formed():
    if not shutil.which("groff"):
        tap.skip("groff is not installed (Debian package groff-base)")
    for page in pages():
        done = bed.run("groff", "-t", "-man", "-ww", "-z", page, status=0)
        tap.equal(done.stderr, "", page)


@tap.cases(tgtd=("TGTD", "tgtd.8"), tgtctl=("TGTCTL", "tgtctl.1"), tgtadm=("TGTADM", "tgtadm.8"),
           tgtimg=("TGTIMG", "tgtimg.8"), tgt_admin=("TGT_ADMIN", "tgt-admin.8"))
def test_every_option_is_described(variable, page):
    manual = text_of(page)
    for option in re.findall(r"--[a-z][a-z_-]+", help_of(variable)):
        tap.true(option in manual, f"{option} is not in {page}")


def test_every_letter_of_tgt_setup_lun_is_described():
    letters = re.findall(r" (-[a-zA-Z]) ", bed.run(bed.daemon.binary("TGT_SETUP_LUN"), "-h", status=0).stdout)
    tap.true(len(letters) >= 6, f"only {letters} in the help")
    for letter in letters:
        tap.true(letter in text_of("tgt-setup-lun.8"), f"{letter} is not in tgt-setup-lun.8")


def test_every_command_is_described():
    manual = text_of("tgtctl.1")
    for noun, verb in re.findall(r"^  tgtctl ([a-z]+) ([a-z]+)?", help_of("TGTCTL"), re.MULTILINE):
        tap.true(f"{noun} {verb}".strip() in manual, f"'{noun} {verb}' is not in tgtctl.1")


def test_every_option_of_a_command_is_described():
    manual = text_of("tgtctl.1")
    tgtctl = bed.daemon.binary("TGTCTL")
    for noun, verb in re.findall(r"^  tgtctl ([a-z]+) ([a-z]+)?", help_of("TGTCTL"), re.MULTILINE):
        for option in re.findall(r"^ +(--[a-z-]+)", bed.run(tgtctl, noun, *filter(None, [verb]), "-h").stdout, re.MULTILINE):
            tap.true(option in manual, f"{option} of '{noun} {verb}' is not in tgtctl.1")


if __name__ == "__main__":
    sys.exit(tap.main(globals(), patterns=sys.argv[1:]))
