#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tgtctl config convert: configurations of LIO, ctld and SCST become a targets.conf that can be applied."""

import json
import sys

import bed
from bed import tap

OK, USAGE, INVALID = 0, 1, 7
T = "iqn.2026-01.org.example:t"
INITIATOR = "iqn.1993-08.org.debian:01:a"


class ConvertBed(bed.Bed):
    def convert(self, form, text):
        """(what it becomes, as JSON; what could not be expressed)"""
        with open(self.path("other"), "w") as file:
            file.write(text)
        printed = self.ctl("config", "convert", "--from", form, self.path("other"), status=OK).stdout
        with open(self.path("targets.conf"), "w") as file:
            file.write(printed)
        self.ctl("config", "check", self.path("targets.conf"), status=OK)
        shown = json.loads(self.ctl("--format", "json", "config", "show", self.path("targets.conf"), status=OK).stdout)
        return shown, [line[len("# Note: "):] for line in printed.splitlines() if line.startswith("# Note: ")]

    def refused(self, form, text):
        with open(self.path("other"), "w") as file:
            file.write(text)
        return self.ctl("config", "convert", "--from", form, self.path("other"), status=INVALID).stderr


def lio(b, **tpg):
    return json.dumps({
        "storage_objects": [
            {"plugin": "fileio", "name": "one", "dev": b.image("a.img"), "wwn": "11111111-2222-3333-4444-555555555555", "write_back": False,
             "attributes": {"block_size": 4096, "emulate_tpu": 1}},
            {"plugin": "block", "name": "a name that is too long", "dev": b.image("b.img"), "attributes": {"block_size": 512}},
            {"plugin": "ramdisk", "name": "ram", "attributes": {}},
        ],
        "targets": [{"fabric": "iscsi", "wwn": T, "tpgs": [{
            "tag": 1, "enable": True,
            "luns": [{"index": 0, "storage_object": "/backstores/fileio/one"}, {"index": 5, "storage_object": "/backstores/block/a name that is too long"},
                     {"index": 7, "storage_object": "/backstores/ramdisk/ram"}],
            "parameters": {"MaxBurstLength": "65536", "InitialR2T": "Yes", "TargetAlias": "x"},
            "portals": [{"ip_address": "127.0.0.1", "port": 3999}, {"ip_address": "::1", "port": 3999}], **tpg}]},
                    {"fabric": "loopback", "wwn": "naa.1"}]})


def test_targetcli(b):
    shown, notes = b.convert("targetcli", lio(b, attributes={"authentication": 1}, node_acls=[
        {"node_wwn": INITIATOR, "chap_userid": "joe", "chap_password": "secretsecret", "chap_mutual_userid": "me",
         "chap_mutual_password": "secretsecret2", "mapped_luns": [{"index": 1, "tpg_lun": 5, "write_protect": True}]}]))
    target = shown["targets"][0]
    tap.equal((target["name"], target["state"], target["identity"], target["auth"]), (T, "ready", "uuid", "chap"), "target")
    tap.equal((target["accounts"], target["outgoing_account"]), (["joe"], "me"), "accounts")
    tap.equal((target["addresses"], target["initiators"]), ([], [INITIATOR]), "ACL")
    tap.equal(target["params"], {"MaxBurstLength": "65536", "InitialR2T": "Yes"}, "parameters")
    tap.equal(target["maps"], [{"initiator": INITIATOR, "lun": 5, "as": 1, "read_only": True}], "maps")
    tap.equal([(lun["lun"], lun["vendor_id"]) for lun in target["luns"]], [(0, "LIO-ORG"), (5, "LIO-ORG")], "LUNs")
    tap.equal((target["luns"][0]["block-size"], target["luns"][0]["write-cache"], target["luns"][0]["thin"]), (4096, False, True), "LUN 0")
    tap.equal([p["address"] for p in shown["portals"]], ["127.0.0.1:3999", "[::1]:3999"], "portals")
    for part in ("LUN 7 of", "naa.1 is left out", "was cut", "other NAA identifiers"):
        tap.true(any(part in note for note in notes), f"no '{part}' in {notes}")


def test_targetcli_in_demo_mode(b):
    shown, _ = b.convert("targetcli", lio(b, attributes={"authentication": 0, "generate_node_acls": 1}))
    tap.equal((shown["targets"][0]["addresses"], shown["targets"][0]["auth"]), (["all"], "none"), "who gets in")


CTLD = """
# a comment
auth-group ag0 {{
    chap "joe" "secret secret"
    chap jim secretsecret1
    chap-mutual ann secretsecret2 me secretsecret3
    initiator-name {initiator}
    initiator-portal 10.0.0.0/8
}}
portal-group pg0
{{
    discovery-auth-group no-authentication; listen 127.0.0.1:3999
    listen [::1]:3999
}}
lun shared {{
    path {a}
    option vendor "ACME"
    option naa 0x5000
    serial abc
}}
target {target} {{
    alias "some text"
    auth-group ag0
    portal-group pg0
    lun 0 shared
    lun 3 {{
        path {b}
        blocksize 4096
        option readonly on
    }}
    lun 4 {{
        backend ramdisk
        size 1G
    }}
    lun 5 missing
}}
isns-server 10.0.0.1:3206
"""


def test_ctld(b):
    shown, notes = b.convert("ctl.conf", CTLD.format(a=b.image("a.img"), b=b.image("b.img"), target=T, initiator=INITIATOR))
    target = shown["targets"][0]
    tap.equal((target["alias"], target["auth"], target["accounts"], target["outgoing_account"]),
              ("some text", "chap", ["jim", "ann"], "me"), "target")
    tap.equal((target["addresses"], target["initiators"]), (["10.0.0.0/8"], [INITIATOR]), "ACL")
    tap.equal([(lun["lun"], lun["vendor_id"]) for lun in target["luns"]], [(0, "ACME"), (3, "FREEBSD")], "LUNs")
    tap.equal((target["luns"][0]["scsi_sn"], target["luns"][1]["block-size"], target["luns"][1]["readonly"]), ("abc", 4096, True), "values")
    tap.equal(shown["isns"], {"iSNS": "On", "iSNSServerIP": "10.0.0.1", "iSNSServerPort": "3206"}, "iSNS")
    for part in ("a RAM disk has no path", "there is no lun 'missing'", "the option 'naa'", "'joe' is left out", "served on all portals"):
        tap.true(any(part in note for note in notes), f"no '{part}' in {notes}")


@tap.cases(nothing=("", []), nobody=("auth-group no-access", []), all=("auth-group no-authentication", ["all"]),
           missing=("auth-group other", []), login=("chap joe secretsecret", ["all"]))
def test_ctld_lets_in(b, line, addresses):
    shown, _ = b.convert("ctl.conf", f"target {T} {{\n{line}\n}}\n")
    tap.equal(shown["targets"][0]["addresses"], addresses, "addresses")


SCST = """
HANDLER vdisk_fileio {{
    DEVICE one {{
        filename {a}
        usn abc
        blocksize 4096
        nv_cache 1
    }}
    DEVICE two {{
        filename {b}
        read_only 1
    }}
}}
TARGET_DRIVER iscsi {{
    enabled 1
    IncomingUser "ann secretsecret1"
    TARGET {target} {{
        enabled 1
        rel_tgt_id 1
        IncomingUser "joe secretsecret2"
        OutgoingUser "me secretsecret3"
        InitialR2T Yes
        LUN 0 one
        GROUP g {{
            LUN 0 two {{
                read_only 1
            }}
            LUN 1 one
            INITIATOR {initiator}
        }}
    }}
}}
TARGET_DRIVER qla2x00t {{
}}
"""


def test_scst(b):
    shown, notes = b.convert("scst", SCST.format(a=b.image("a.img"), b=b.image("b.img"), target=T, initiator=INITIATOR))
    target = shown["targets"][0]
    tap.equal((target["state"], target["auth"], target["accounts"], target["outgoing_account"]), ("ready", "chap", ["joe"], "me"), "target")
    tap.equal(shown["discovery_accounts"], ["ann"], "discovery")
    tap.equal([(lun["lun"], lun["product_id"], lun.get("readonly")) for lun in target["luns"]], [(0, "one", None), (1, "two", True)], "LUNs")
    tap.equal(target["maps"], [{"initiator": INITIATOR, "lun": 1, "as": 0, "read_only": True},
                               {"initiator": INITIATOR, "lun": 0, "as": 1, "read_only": False}], "maps")
    tap.equal(target["params"], {"InitialR2T": "Yes"}, "parameters")
    for part in ("'nv_cache'", "see all of its LUNs", "the driver 'qla2x00t' is left out"):
        tap.true(any(part in note for note in notes), f"no '{part}' in {notes}")


def test_converted_can_be_applied(b):
    b.convert("scst", SCST.format(a=b.image("a.img"), b=b.image("b.img"), target=T, initiator=INITIATOR))
    b.ctl("config", "apply", b.path("targets.conf"), status=OK)
    b.ctl("config", "diff", b.path("targets.conf"), status=OK)
    tap.equal(len(b.daemon.ctl_json("target", "show", T)["luns"]), 2, "LUNs")


@tap.cases(json=("targetcli", "{\n\"a\": }", "line 2"), no_object=("targetcli", "[]", "not an object"), brace=("ctl.conf", "target a {\n", "line 1: the block"),
           quote=("scst", "TARGET \"a\n", "line 1: a quote has no end"), end=("scst", "}\n", "was not begun"), nameless=("ctl.conf", "{\n", "has no name"),
           deep=("ctl.conf", "a {\n" * 17, "more than 16 deep"))
def test_broken_files(b, form, text, why):
    tap.true(why in b.refused(form, text), b.refused(form, text))


def test_unknown_format(b):
    tap.true("--from is targetcli" in b.ctl("config", "convert", "--from", "iet", "x", status=USAGE).stderr, "standard error")


if __name__ == "__main__":
    sys.exit(tap.main(globals(), ConvertBed(), patterns=sys.argv[1:]))
