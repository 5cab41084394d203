#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tgtctl config check and show: what is remarked in a targets.conf, and how it is understood."""

import json
import os
import sys

import bed
from bed import tap

OK, INVALID = 0, 7
HEAD = "default-driver iscsi\n"


class CheckBed(bed.Bed):
    def write(self, text, name="targets.conf"):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)

    def notes(self, text):
        """[(line, kind, text)] of a check."""
        done = self.ctl("--format", "json", "config", "check", self.write(text))
        notes = json.loads(done.stdout)
        errors = any(n["kind"] == "error" for n in notes)
        tap.equal(done.returncode, INVALID if errors else OK, "status")
        return [(n.get("line"), n["kind"], n["text"]) for n in notes]

    def clean(self, text):
        tap.equal(self.notes(text), [], text)

    def remarked(self, text, line, kind, remark):
        """There is exactly this one remark; `remark` is a part of it."""
        notes = self.notes(text)
        tap.equal([(n[0], n[1]) for n in notes], [(line, kind)], f"{text}\n{notes}")
        tap.true(remark in notes[0][2], f"'{remark}' is not in '{notes[0][2]}'")

    def luns(self, body):
        """{number: path} of a target."""
        path = self.write(f"<target iqn.2026-01.org.example:t>\n{body}\n</target>\n")
        shown = json.loads(self.ctl("--format", "json", "config", "show", path).stdout)
        return {lun["lun"]: lun["path"] for lun in shown["targets"][0]["luns"]}

    def lun(self, body):
        path = self.write(f"<target iqn.2026-01.org.example:t>\n{body}\n</target>\n")
        return json.loads(self.ctl("--format", "json", "config", "show", path).stdout)["targets"][0]["luns"][0]


def target(body):
    return f"<target iqn.2026-01.org.example:t>\n{body}\n</target>\n"


# What is wrong --------------------------------------------------------------------------------


def test_an_empty_file_is_fine(b):
    done = b.ctl("config", "check", "/dev/null", status=OK)
    tap.equal(done.stdout, "0 errors, 0 warnings in 1 file (0 targets, 0 LUNs)\n", "standard output")


def test_what_debian_ships_is_fine(b):
    os.makedirs(b.path("conf.d"), exist_ok=True)
    b.write("# nothing\n", "conf.d/x.conf")
    b.clean(f"include {b.path('conf.d')}/*.conf\n")


def test_sample_of_all_that_tgt_knows(b):
    image = b.image()
    b.clean(HEAD + "ignore-errors no\ncontrol-port 0\niSNS Off\niSNSServerIP 10.0.0.1\niSNSServerPort 3205\n"
            "iSNSAccessControl Off\nincomingdiscoveryuser ann secretsecret\noutgoingdiscoveryuser bob secretsecret\n"
            + target(f"driver iscsi\n<backing-store {image}>\nlun 3\nscsi_id x\nscsi_sn y\nvendor_id V\nproduct_id P\n"
                     "product_rev R\nremovable 1\nreadonly 0\nonline 1\nsense_format 0\nwrite-cache off\nblock-size 4096\n"
                     "device-type disk\nbs-type rdwr\nbsoflags direct\nallow-in-use yes\nlbppbe 0\n"
                     "mode_page 8:0:18:0x10:0:0xff:0xff:0:0:0xff:0xff:0xff:0xff:0x80:0x14:0:0:0:0:0:0\n"
                     "params thin_provisioning=1,removable=1\n</backing-store>\ncontroller_tid 9\nincominguser joe secretsecret\n"
                     "outgoinguser me secretsecret\ninitiator-address 10.0.0.0/8\ninitiator-name iqn.1993-08.org.debian:01:a\n"
                     "MaxRecvDataSegmentLength 8192\nHeaderDigest None\nInitialR2T Yes\nstate ready"))


@tap.cases(
    global_=("defualt-driver iscsi\n", 1, "unknown option 'defualt-driver' in the file; did you mean 'default-driver'?"),
    target=(target("write_cache off"), 2, "unknown option 'write_cache' in <target>; did you mean 'write-cache'?"),
    case=(target("Initiator-Address ALL"), 2, "did you mean 'initiator-address'?"),
    case_of_key=(target("maxburstlength 65536"), 2, "did you mean 'MaxBurstLength'?"),
    store=(target("<backing-store /dev/null>\nscsi_id x\nvendor ACME\n</backing-store>"), 4, "unknown option 'vendor' in <backing-store>"),
    elsewhere=("incominguser a b\n", 1, "it belongs in <target>"),
    elsewhere_too=(target("default-driver iscsi"), 2, "it belongs outside of blocks"),
    block=("<Target iqn.2026-01.org.example:t>\n</Target>\n", 1, "unknown block <Target>; did you mean <target>?"),
    nameless=("<target>\n</target>\n", 1, "<target> needs a name"),
)
def test_unknown_word(b, text, line, remark):
    b.remarked(text, line, "error", remark)


@tap.cases(
    switch=(target("<backing-store /dev/null>\nreadonly maybe\n</backing-store>"), 3, "'readonly' is on or off, not 'maybe'"),
    number=(target("controller_tid seven"), 2, "'controller_tid' is a number"),
    large_block=(target("<backing-store /dev/null>\nblock-size 8192\n</backing-store>"), 3, "from 512 to 4096"),
    block_size=(target("<backing-store /dev/null>\nblock-size 1000\n</backing-store>"), 3, "a power of two"),
    state=(target("state on"), 2, "'state' is ready or offline, not 'on'"),
    match=(target("match some"), 2, "'match' is all or any"),
    auth=(target("auth yes"), 2, "'auth' is none or chap"),
    address=(target("initiator-address 10.0.0.0/99"), 2, "'10.0.0.0/99' is not an address"),
    name=("<target a_b>\n</target>\n", 1, "a_b"),
    user=(target("incominguser joe"), 2, "'incominguser' wants a name and a password"),
    page=(target("<backing-store /dev/null>\nmode_page 8:0:18:1\n</backing-store>"), 3, "a mode page is written"),
    param=(target("<backing-store /dev/null>\nparams colour=red\n</backing-store>"), 3, "no parameter 'colour'"),
    flags=(target("<backing-store /dev/null>\nbsoflags fast\n</backing-store>"), 3, "'bsoflags' are sync and direct"),
    map=(target("lun-map iqn.1993-08.org.debian:01:a"), 2, "'lun-map' wants"),
    map_to_nothing=(target("lun-map iqn.1993-08.org.debian:01:a 4"), 2, "has no LUN 4"),
    placeholder=(target("incominguser joe PLEASE_CORRECT_THE_PASSWORD"), 2, "is not filled in"),
    twice=(target("alias a\nalias b"), 3, "'alias' was given already in line 2"),
    same_lun=(target("<backing-store /dev/null>\nlun 1\n</backing-store>\n<backing-store /dev/zero>\nlun 1\n</backing-store>"), 6,
              "there is a LUN 1 already"),
    same_tid=("<target a>\ncontroller_tid 1\n</target>\n<target b>\ncontroller_tid 1\n</target>\n", 5, "is that of <target a>"),
    missing_file=(target("backing-store /nowhere/disk"), 2, "No such file"),
    directory=(target("backing-store /dev"), 2, "is a directory"),
    controller=(target("<backing-store /dev/null>\nlun 0\n</backing-store>"), 2, "LUN 0 of iqn.2026-01.org.example:t is tgt's controller"),
    plugin=(target("bs-type rdrw\nbacking-store x"), 3, "needs a plugin that is not installed; did you mean 'rdwr'?"),
)
def test_wrong_value(b, text, line, remark):
    b.remarked(text, line, "error", remark)


@tap.cases(
    hash=(target("incominguser joe secret#secret2"), 2, "the password contains '#'"),
    empty=(target("incominguser"), 2, "'incominguser' has no value"),
    two_passwords=("<target a>\nincominguser joe secret1\n</target>\n<target b>\nincominguser joe secret2\n</target>\n", 5, "has another password"),
    outgoing=(target("outgoinguser a secret1\noutgoinguser b secret2"), 3, "only one 'outgoinguser' is possible"),
    fixed=(target("IFMarker Yes"), 2, "'IFMarker' has no effect here: it is No"),
    vendor=(target("<backing-store /dev/null>\nvendor_id VENDORTOOLONG\n</backing-store>"), 3, "'VENDORTO' is taken"),
    level=(target("ErrorRecoveryLevel 2"), 2, "'ErrorRecoveryLevel' has no effect here: it is 0"),
    connections=(target("MaxConnections 4"), 2, "'MaxConnections' has no effect here: it is 1"),
    retain=(target("DefaultTime2Retain 20"), 2, "'DefaultTime2Retain' has no effect here: it is 0"),
    long_segments=(target("MaxRecvDataSegmentLength 16776192"), 2, "1048576 is taken"),
    short_segments=(target("MaxRecvDataSegmentLength 512"), 2, "8192 is taken"),
    repeated_key=(target("HeaderDigest None\nHeaderDigest CRC32C"), 3, "the first one counts"),
    same_path=(target("backing-store /dev/null\nbacking-store /dev/null"), 3, "stands here twice"),
    ignored=("ignore-errors yes\n" + target("backing-store /nowhere/disk"), 3, "No such file"),
)
def test_doubtful_value(b, text, line, remark):
    b.remarked(text, line, "warning", remark)


def test_other_encodings(b):
    with open(b.path("latin.conf"), "wb") as file:
        file.write("<target a>\nalias \xe4\n<backing-store /\xe4>\n</backing-store>\n</target>\n".encode("latin-1"))
    done = b.ctl("config", "check", b.path("latin.conf"), status=INVALID)
    tap.equal(done.stdout.count("is not UTF-8 text"), 2, done.stdout)


def test_password_is_not_printed(b):
    done = b.ctl("config", "check", b.write(target("incominguser joe geheim#geheim2")), status=OK)
    tap.true("geheim" not in done.stdout + done.stderr, done.stdout)


def test_file_that_cannot_be_read(b):
    path = b.write("a\n<target iqn.x>\n")
    done = b.ctl("config", "check", path, status=INVALID)
    tap.equal(done.stderr, f"tgtctl: {path}:2: the block <target> has no end: </target> is missing\n", "standard error")
    done = b.ctl("config", "check", b.path("none.conf"), status=INVALID)
    tap.true("does not exist" in done.stderr, done.stderr)


def test_remarks_name_the_file(b):
    other = b.write(target("colour red"), "other.conf")
    done = b.ctl("config", "check", b.write(f"include {other}\n"), status=INVALID)
    tap.equal(done.stdout, f"{other}:2: error: unknown option 'colour' in <target>\n"
              "1 error, 0 warnings in 2 files (1 target, 0 LUNs)\n", "standard output")


def test_without_a_daemon(b):
    done = bed.run(b.daemon.tgtctl, "--socket", b.path("none"), "config", "check", b.write(target("bs-type foo\nbacking-store x")))
    tap.equal(done.returncode, OK, done.stderr + done.stdout)


# How it is understood -------------------------------------------------------------------------


def test_numbers_are_given_by_path(b):
    tap.equal(b.luns("backing-store /c\nbacking-store /a\nbacking-store /b"), {1: "/a", 2: "/b", 3: "/c"}, "LUNs")


def test_reserved_numbers_are_left_out(b):
    tap.equal(b.luns("<backing-store /c>\nlun 1\n</backing-store>\n<backing-store /a>\n</backing-store>\n"
                     "<backing-store /b>\nlun 3\n</backing-store>\n<backing-store /d>\n</backing-store>"),
              {1: "/c", 2: "/a", 3: "/b", 4: "/d"}, "LUNs")


def test_direct_stores_come_last(b):
    tap.equal(b.luns("direct-store /a\nbacking-store /b"), {1: "/b", 2: "/a"}, "LUNs")


def test_lines_and_blocks_mix(b):
    tap.equal(b.luns("backing-store /b\n<backing-store /a>\nlun 5\n</backing-store>"), {1: "/b", 5: "/a"}, "LUNs")


def test_store_counts_more_than_target(b):
    lun = b.lun("write-cache off\nvendor_id ALL\nscsi_id one\n<backing-store /a>\nwrite-cache on\nvendor_id ONE\n</backing-store>")
    tap.equal((lun["write-cache"], lun["vendor_id"], lun["scsi_id"]), (True, "ONE", "one"), "values")


def test_params_are_values(b):
    lun = b.lun("controller_tid 7\nparams scsi_sn=s${tid}-${lun}\n<backing-store /a>\nlun 4\nparams ,thin_provisioning=1, removable=1\n</backing-store>")
    tap.equal((lun["scsi_sn"], lun["thin"], lun["removable"]), ("s7-4", True, True), "values")


def test_a_path_that_cannot_be_a_block(b):
    tap.equal(b.luns("<backing-store one>\npath /a\\#1\n</backing-store>\n<backing-store two>\npath /a\\#1\n</backing-store>"),
              {1: "/a#1", 2: "/a#1"}, "LUNs")


def test_target_without_addresses_lets_all_in(b):
    path = b.write("<target a>\ninitiator-name iqn.x:y\n</target>\n<target b>\ninitiator-address none\n</target>\n")
    shown = json.loads(b.ctl("--format", "json", "config", "show", path).stdout)["targets"]
    tap.equal([t["addresses"] for t in shown], [["all"], []], "addresses")


def test_show_keeps_passwords(b):
    done = b.ctl("config", "show", b.write(target("incominguser joe secretsecret")), status=OK)
    tap.true("incominguser joe PLEASE_CORRECT_THE_PASSWORD\n" in done.stdout and "secretsecret" not in done.stdout, done.stdout)


def test_show_is_a_configuration_again(b):
    text = target(f"alias a \\# \"b\"\nmatch any\nlun-map iqn.x:y 2 1 read-only\n<backing-store {b.image()}>\nlun 2\nreadonly 1\n"
                  "bsopts a=1;b=2\nuuid 11111111-2222-3333-4444-555555555555\n</backing-store>")
    once = b.ctl("config", "show", b.write(text), status=OK).stdout
    twice = b.ctl("config", "show", b.write(once, "again.conf"), status=OK).stdout
    tap.equal(twice, once, "shown again")
    tap.true('alias a \\# \\"b\\"\n' in once, once)


if __name__ == "__main__":
    sys.exit(tap.main(globals(), CheckBed(), patterns=sys.argv[1:]))
