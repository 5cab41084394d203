#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What all commands of tgtctl have in common: formats, tolerance, the description of methods."""

import json
import re
import sys

import bed
from bed import tap

OK, USAGE, REFUSED, NOT_FOUND, EXISTS = 0, 1, 2, 4, 5
OTHER = "iqn.2024-01.org.example:other"


class FormatBed(bed.Bed):
    def open(self):
        super().open()
        self.daemon.create_target(bed.IQN)
        for number in (1, 2):
            self.daemon.create_lun(bed.IQN, number, "mem", size="16M")

    def lines(self, *args):
        done = self.ctl(*args, status=OK)
        tap.equal(done.stderr, "", "standard error")
        return done.stdout.splitlines()


# Formats --------------------------------------------------------------------------------------


def test_elements_by_line(b):
    rows = [json.loads(line) for line in b.lines("--format", "jsonl", "lun", "list")]
    tap.equal(rows, b.daemon.ctl_json("lun", "list"), "rows")


def test_an_object_is_one_line(b):
    tap.equal([json.loads(line)["lun"] for line in b.lines("--format", "jsonl", "lun", "show", "@1/2")], [2], "object")


@tap.cases(plugin=(("plugin", "list"),), target=(("target", "list"),), lun=(("lun", "list"),), portal=(("portal", "list"),),
           acl=(("acl", "list", "@1"),), schema=(("schema",),), method=(("schema", "lun.set"),), stats=(("stats", "show", "--by", "lun"),))
def test_plain_rows_have_as_many_columns(b, args):
    table, plain = b.lines(*args), b.lines("--format", "plain", *args)
    columns = {line.count("\t") for line in plain}
    tap.equal(len(columns), 1, f"columns of {plain}")
    tap.true(plain and columns != {0} and plain[0].split("\t")[0] not in table[0].split(), f"{plain[0]}")


def test_plain_lists_have_no_titles(b):
    text = b.ctl("--help", status=OK).stdout
    for noun, what in re.findall(r"^  tgtctl ([a-z]+) list (\[?T\b)?", text, re.MULTILINE):
        args = (noun, "list", *(["@1"] if what else []))
        titles = b.lines(*args)[0]
        tap.true(titles not in b.lines("--format", "plain", *args), f"{args}: {titles}")


def test_plain_cells(b):
    tap.equal(b.lines("--format", "plain", "lun", "list")[0].split("\t")[:5], [bed.IQN + "/1", "disk", "16.0 MiB", "512", "mem"], "cells")


def test_help_lists_exit_statuses(b):
    text = "\n".join(b.lines("--help"))
    tap.true("   4  there is no such object" in text and "   0  done" in text, text)


# --if-exists and --if-not-exists --------------------------------------------------------------


def test_create_what_is_there(b):
    b.ctl("target", "create", bed.IQN, status=EXISTS)
    tap.equal(b.lines("target", "create", bed.IQN, "--if-not-exists"), [f"target @1 {bed.IQN}"], "target")
    tap.equal(b.daemon.ctl_json("target", "create", bed.IQN, "--if-not-exists")["tid"], 1, "JSON")
    b.ctl("lun", "create", "@1/1", "--bs", "mem", "--opt", "size=1M", status=EXISTS)
    tap.equal(b.lines("lun", "create", "@1/1", "--bs", "mem", "--opt", "size=1M", "--if-not-exists"), [f"{bed.IQN}/1: 16.0 MiB"], "LUN")
    tap.equal(b.lines("acl", "add", "@1", "all", "--if-not-exists"), [], "rule")
    portal = b.daemon.portals()[0]
    tap.equal(b.lines("portal", "add", f"{portal.address}:{portal.port}", "--if-not-exists"), [], "portal")


def test_create_what_is_not_there(b):
    tap.equal(b.lines("target", "create", OTHER, "--if-not-exists"), [f"target @2 {OTHER}"], "target")
    b.lines("target", "delete", OTHER, "--if-exists")


def test_something_else_is_in_the_way(b):
    done = b.ctl("target", "create", OTHER, "--tid", "1", "--if-not-exists", status=REFUSED)
    tap.true("already belongs to" in done.stderr, done.stderr)


def test_delete_what_is_not_there(b):
    for args in (("target", "delete", OTHER), ("lun", "delete", "@1/9"), ("acl", "delete", "@1", "--address", "10.0.0.0/8"), ("portal", "delete", "127.0.0.1:1")):
        b.ctl(*args, status=NOT_FOUND)
        tap.equal(b.lines(*args, "--if-exists"), [], f"{args}")


def test_tolerance_has_its_place(b):
    b.ctl("target", "delete", OTHER, "--if-not-exists", status=USAGE)
    b.ctl("target", "list", "--if-exists", status=USAGE)
    tap.true("--if-exists" in b.ctl("target", "delete", "--help").stdout, "help")


# schema ---------------------------------------------------------------------------------------


def test_schema(b):
    methods = b.client().result("rpc.methods")
    tap.equal(b.daemon.ctl_json("schema"), methods, "JSON")
    text = b.lines("schema")
    tap.equal(len(text), len(methods) + 1, "lines")
    tap.true(any(line.startswith("lun.set ") and "target lun values" in line for line in text), "\n".join(text))
    tap.equal(b.lines("schema", "lun.resize")[0].split(":")[0], "lun.resize", "one method")
    b.ctl("schema", "lun.none", status=NOT_FOUND)


if __name__ == "__main__":
    sys.exit(tap.main(globals(), FormatBed(), sys.argv[1:]))
