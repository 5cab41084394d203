#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tgtctl config diff, apply, save, backup: a daemon becomes what a targets.conf says, and back."""

import glob
import json
import os
import stat
import sys

import bed
from bed import tap
from session import Session

OK, USAGE, REFUSED, NOT_FOUND, BUSY, INVALID, PARTIAL, DIFFERENT = 0, 1, 2, 4, 6, 7, 8, 10
A, B = "iqn.2026-01.org.example:a", "iqn.2026-01.org.example:b"
INITIATOR = "iqn.2010-11.org.example:conf"


class ApplyBed(bed.Bed):
    def open(self):
        super().open()
        self.images = [self.image(f"{i}.img", (16 + i) << 20) for i in range(4)]

    def cleanup(self):
        super().cleanup()
        if self.daemon.alive():
            self.ctl("config", "apply", "/dev/null", "--prune", "--force", status=OK)

    def write(self, text, name="targets.conf"):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)

    def apply(self, text, *options, status=OK):
        return self.ctl("config", "apply", self.write(text), *options, status=status)

    def diff(self, text, *options, status=DIFFERENT):
        return self.ctl("config", "diff", self.write(text), *options, status=status).stdout

    def same(self, text):
        tap.equal(self.diff(text, status=OK), "0 changes, 0 disruptive, 0 removals held back\n", "what diff says")

    def show(self, name=A):
        return self.daemon.ctl_json("target", "show", name)

    def running(self):
        return self.ctl("config", "show", "--running", status=OK).stdout

    def generation(self):
        return self.client().result("config.generation")["generation"]

    def session(self, name=A):
        return self.keep(Session.login(self.daemon.portals()[0], name, initiator=INITIATOR))

    def full(self):
        """Something of everything."""
        return (f"incomingdiscoveryuser ann secretsecret1\noutgoingdiscoveryuser bob secretsecret2\naccount idle secretsecret3\n"
                f"<target {A}>\ncontroller_tid 7\nalias the first\nMaxBurstLength 65536\nInitialR2T Yes\nHeaderDigest None\n"
                f"<backing-store {self.images[0]}>\nlun 3\nscsi_id an id\nscsi_sn a \\# number\nvendor_id ACME\nproduct_id Thing\n"
                f"product_rev 9\nwrite-cache off\nsense_format 1\nthin 1\n"
                f"lbppbe 3\nla_lba 1\noptimal_xfer_gran 8\noptimal_xfer_len 64\nparams rotation_rate=7200\n</backing-store>\n"
                f"<backing-store {self.images[1]}>\nreadonly 1\nswp 1\nonline 0\nblock-size 4096\n"
                f"mode_page 28:0:10:8:0:0:0:0:0:0:0:0:0\n</backing-store>\n"
                f"<backing-store again>\npath {self.images[0]}\nlun 9\n</backing-store>\n"
                f"<backing-store empty>\nlun 10\nbs-type none\nremovable 1\n</backing-store>\n"
                f"incominguser joe secretsecret4\nincominguser jim secretsecret5\noutgoinguser me secretsecret6\n"
                f"initiator-address 10.0.0.0/8\ninitiator-address 2001:db8::/32\ninitiator-name iqn.1993-08.org.debian:01:a\nmatch any\n"
                f"lun-map iqn.1993-08.org.debian:01:a 3 0 read-only\nlun-map iqn.1993-08.org.debian:01:a 9 1\n</target>\n"
                f"<target {B}>\nidentity uuid\nstate offline\nauth chap\ninitiator-address none\n"
                f"<backing-store {self.images[2]}>\nlun 0\nuuid 11111111-2222-4333-8444-555555555555\n</backing-store>\n"
                f"<backing-store {self.images[3]}>\nbs-type rdwr\nidentity legacy\n</backing-store>\n</target>\n")


def target(*lines, name=A):
    return f"<target {name}>\n" + "".join(f"{line}\n" for line in lines) + "</target>\n"


# Apply ----------------------------------------------------------------------------------------


def test_apply_makes_all(b):
    b.apply(b.full())
    shown = b.show()
    tap.equal((shown["tid"], shown["alias"], shown["auth"]), (7, "the first", "chap"), "target")
    tap.equal([a["name"] for a in shown["accounts"]], ["joe", "jim", "me"], "accounts")
    lun = {lun["lun"]: lun for lun in shown["luns"]}
    tap.equal(sorted(lun), [1, 3, 9, 10], "LUNs")
    tap.equal((lun[3]["serial"], lun[3]["scsi_id"], lun[3]["write_cache"]), ("a # number", "an id", False), "LUN 3")
    tap.equal([lun[3][key] for key in ("physical_exponent", "lowest_aligned", "optimal_granularity", "optimal_transfer", "rotation_rate")],
              [3, 1, 8, 64, 7200], "geometry of LUN 3")
    tap.equal((lun[1]["read_only"], lun[1]["block_size"], lun[1]["online"], lun[1]["swp"]), (True, 4096, False, True), "LUN 1")
    tap.equal(shown["acl"], {"match": "any", "addresses": ["10.0.0.0/8", "2001:db8::/32"],
                             "initiators": ["iqn.1993-08.org.debian:01:a"]}, "ACL")
    tap.equal(b.show(B)["state"], "offline", "state")


def test_target_of_tgts_tutorials(b):
    """What tgt takes and we cannot do is no reason to serve nothing."""
    text = (f"<target {A}>\ncontroller_tid 5\nvendor_id VENDOR\nErrorRecoveryLevel 2\nMaxConnections 4\nDefaultTime2Retain 20\n"
            f"MaxRecvDataSegmentLength 16776192\nincominguser someuser secretpass12\n<backing-store {b.images[0]}>\nlun 1\n"
            "block-size 4096\nallow-in-use yes\nwrite-cache on\nscsi_sn 1001\nproduct_id MediaFiles\n"
            "params thin_provisioning=1\n</backing-store>\n</target>\n")
    b.apply(text)
    b.same(text)
    lun = b.daemon.ctl_json("lun", "show", f"{A}/1")
    tap.equal((lun["serial"], lun["product"], lun["thin"], lun["block_size"]), ("1001", "MediaFiles", True, 4096), "what is served")


def test_texts_that_are_too_long(b):
    """Cinder's names of volumes are; tgt takes the beginning, and initiators know the disk by it."""
    volume = "volume-0b1c2d3e-1111-2222-3333-444455556666"
    text = target(f"<backing-store {b.images[0]}>", f"scsi_sn {volume}", f"scsi_id {volume}", "vendor_id VENDORTOOLONG",
                  "product_id PRODUCTWAYTOOLONGFORIT", "product_rev 12345", "</backing-store>")
    b.apply(text)
    b.same(text)
    lun = b.daemon.ctl_json("lun", "show", f"{A}/1")
    tap.equal([lun[key].strip() for key in ("serial", "vendor", "product", "revision")],
              [volume[:36], "VENDORTO", "PRODUCTWAYTOOLON", "1234"], "what initiators are told")


def test_second_apply_does_nothing(b):
    b.apply(b.full())
    before = b.generation()
    tap.equal(b.apply(b.full()).stdout, "0 changes, 0 disruptive, 0 removals held back\n", "what apply says")
    tap.equal(b.generation(), before, "generation")
    b.same(b.full())


def test_nobody_else_is_suspected(b):
    tap.equal(b.apply(b.full()).stderr, "", "standard error")
    tap.equal(b.apply(target("alias z"), "--prune").stderr, "", "standard error")


def test_dry_run_does_nothing(b):
    before = b.generation()
    done = b.apply(b.full(), "--dry-run")
    tap.true(f"+ target {A}\n" in done.stdout, done.stdout)
    tap.equal(b.generation(), before, "generation")


def test_identities_are_tgts(b):
    b.apply(target(f"backing-store {b.images[0]}", "controller_tid 5"))
    lun = b.show()["luns"][0]
    tap.equal((lun["scsi_id"], lun["serial"], lun["vendor"]), ("IET     00050001", "beaf51", "IET"), "identity")


def test_targets_get_numbers_in_order_of_names(b):
    b.apply(target(name=B) + target(name=A))
    tap.equal([(t["tid"], t["name"]) for t in b.daemon.ctl_json("target", "list")], [(1, A), (2, B)], "numbers")


def test_direct_store_that_is_a_file(b):
    done = b.apply(target(f"direct-store {b.images[0]}"))
    tap.true("is no SCSI device" in done.stderr, done.stderr)
    tap.equal(b.show()["luns"][0]["vendor"], "IET", "vendor")


def test_identity_stays_where_the_file_says_nothing(b):
    b.daemon.create_target(A)
    b.daemon.ctl("lun", "create", f"{A}/1", "--bs", "rdwr", "--path", b.images[0])
    uuid = b.show()["luns"][0]["uuid"]
    b.same(target(f"backing-store {b.images[0]}"))
    b.apply(target(f"backing-store {b.images[0]}", "alias x"))
    tap.equal(b.show()["luns"][0]["uuid"], uuid, "UUID")


# Diff -----------------------------------------------------------------------------------------


@tap.cases(
    alias=("alias y", "    ~ alias x -> y"),
    param=("alias x\nMaxBurstLength 0x10000", "    ~ MaxBurstLength 1048576 -> 0x10000"),
    state=("alias x\nstate offline", "    ~ state ready -> offline"),
    match=("alias x\nmatch any", "    ~ match all -> any"),
    rule=("alias x\ninitiator-name iqn.x:y", "    + initiator-name iqn.x:y"),
    account=("alias x\nincominguser joe secretsecret", "    + incominguser joe"),
)
def test_diff_of_a_target(b, lines, expected):
    b.apply(target("alias x"))
    shown = b.diff(target(lines)).splitlines()
    tap.true(f"~ target {A}" in shown and any(line.startswith(expected) for line in shown), "\n".join(shown))
    b.apply(target(lines))
    b.same(target(lines))
    b.apply(target("alias x"), "--prune")
    b.same(target("alias x"))


@tap.cases(
    cache=("write-cache off", "~ lun 1  write-cache on -> off"),
    read_only=("readonly 1", "~ lun 1  readonly 0 -> 1"),
    vendor=("vendor_id ACME", "~ lun 1  vendor_id IET -> ACME"),
    serial=("scsi_sn abc", "~ lun 1  scsi_sn beaf11 -> abc"),
    page=("mode_page 28:0:10:8:0:0:0:0:0:0:0:0:0", "~ lun 1  mode_page 28:0:10:8"),
    block=("block-size 4096", "~ lun 1  block-size 512 -> 4096"),
)
def test_diff_of_a_lun(b, line, expected):
    plain = target("controller_tid 1", f"<backing-store {b.images[0]}>", "block-size 512", "</backing-store>")
    other = target("controller_tid 1", f"<backing-store {b.images[0]}>", line, "</backing-store>")
    b.apply(plain)
    tap.true(f"    {expected}" in b.diff(other), b.diff(other))
    b.apply(other)
    b.same(other)
    if "mode_page" not in line:  # a page cannot be taken back
        b.apply(plain)
        b.same(plain)


def test_rules_are_compared_by_meaning(b):
    b.apply(target("initiator-address 10.1.2.3/8", "initiator-name iqn.1993-08.org.debian:01:A"))
    b.same(target("initiator-address 10.0.0.0/8", "initiator-name iqn.1993-08.org.debian:01:a"))


def test_diff_for_programs(b):
    done = b.ctl("--format", "json", "config", "diff", b.write(target(f"backing-store {b.images[0]}")), status=DIFFERENT)
    tap.equal([(s["kind"], s.get("text")) for s in json.loads(done.stdout)],
              [("+", None), ("+", f"lun 1  backing-store {b.images[0]}")], "steps")


# What is there already ------------------------------------------------------------------------


def test_what_the_file_does_not_have_stays(b):
    b.apply(target(f"backing-store {b.images[0]}", "incominguser joe secretsecret") + target(name=B))
    done = b.apply(target())
    tap.true(f"- target {B} " in done.stdout and "(only with --prune)" in done.stdout, done.stdout)
    tap.equal(len(b.daemon.ctl_json("target", "list")), 2, "targets")
    tap.equal(len(b.show()["luns"]), 1, "LUNs")
    tap.equal([a["name"] for a in b.daemon.ctl_json("account", "list")], ["joe"], "accounts")


def test_prune_removes_it(b):
    b.apply(target(f"backing-store {b.images[0]}", "incominguser joe secretsecret") + target(name=B))
    b.apply(target(), "--prune")
    tap.equal([t["name"] for t in b.daemon.ctl_json("target", "list")], [A], "targets")
    tap.equal(b.show()["luns"], [], "LUNs")
    tap.equal(b.daemon.ctl_json("account", "list"), [], "accounts")


def test_sessions_stay(b):
    plain = target(f"backing-store {b.images[0]}")
    b.apply(plain)
    session = b.session()
    session.clear_attention()
    done = b.apply(target(f"<backing-store {b.images[0]}>", "block-size 4096", "</backing-store>", "alias z"), status=PARTIAL)
    tap.true("! lun 1  block-size 512 -> 4096" in done.stdout and "only with --force" in done.stdout, done.stdout)
    tap.equal((b.show()["alias"], b.show()["luns"][0]["block_size"]), ("z", 512), "what was done")
    b.apply(target(name=B), "--prune", status=PARTIAL)
    session.clear_attention()
    b.apply("", "--prune", "--force")
    tap.equal(b.daemon.ctl_json("target", "list"), [], "targets")


def test_account_of_a_target_in_use_stays(b):
    b.apply(target("incominguser joe secretsecret", "auth none"))
    b.session()
    b.apply("", "--prune", status=PARTIAL)
    tap.equal([a["name"] for a in b.daemon.ctl_json("account", "list")], ["joe"], "accounts")


def test_missing_files_can_be_left_out(b):
    text = target(f"<backing-store {b.images[0]}>\n</backing-store>", "<backing-store /nowhere/disk>\n</backing-store>")
    b.apply(text, status=INVALID)
    done = b.apply("ignore-errors yes\n" + text)
    tap.true("its file is not there" in done.stdout, done.stdout)
    tap.equal([lun["path"] for lun in b.show()["luns"]], [b.images[0]], "LUNs")


@tap.cases(chap=("discovery-auth chap\n", "chap"), account=("incomingdiscoveryuser ann secretsecret\n", "chap"),
           off=("discovery-auth none\nincomingdiscoveryuser ann secretsecret\n", "none"), none=("", "none"))
def test_discovery(b, text, expected):
    b.apply(text)
    tap.equal(b.daemon.ctl_json("system", "show")["discovery_auth"], expected, "discovery_auth")
    b.same(text)
    saved = b.ctl("config", "save", "-", status=OK).stdout
    b.apply("", "--prune")
    tap.equal(b.daemon.ctl_json("system", "show")["discovery_auth"], "none", "after all is gone")
    with open(b.path("saved.conf"), "w") as file:
        file.write(saved)
    b.ctl("config", "apply", b.path("saved.conf"), status=OK)
    tap.equal(b.ctl("config", "save", "-", status=OK).stdout, saved, "saved again")


def test_force_makes_anew(b):
    b.apply(target(f"backing-store {b.images[0]}"))
    session = b.session()
    session.clear_attention()
    b.apply(target(f"<backing-store {b.images[0]}>", "block-size 4096", "</backing-store>"), "--force")
    tap.equal(b.show()["luns"][0]["block_size"], 4096, "block size")


def test_another_number_makes_the_target_anew(b):
    b.apply(target("controller_tid 1", f"backing-store {b.images[0]}"))
    b.apply(target("controller_tid 2", f"backing-store {b.images[0]}"))
    tap.equal((b.show()["tid"], b.show()["luns"][0]["scsi_id"]), (2, "IET     00020001"), "number")


# Failures -------------------------------------------------------------------------------------


def test_invalid_file_changes_nothing(b):
    before = b.generation()
    done = b.apply(b.full() + "colour red\n", status=INVALID)
    tap.true("unknown option 'colour'" in done.stderr, done.stderr)
    tap.equal(b.generation(), before, "generation")


@tap.cases(
    of_a_parameter=lambda b: target("MaxBurstLength 1"),
    of_a_store=lambda b: target(f"<backing-store {b.images[2]}>", "bsopts colour=red", "</backing-store>"),
    of_a_value=lambda b: target(f"<backing-store {b.images[2]}>", "lbppbe 99", "</backing-store>"),
    of_an_account=lambda b: target("incominguser " + 300 * "x" + " secretsecret"),
    of_a_portal=lambda b: f"portal {b.daemon.portals()[0].address}:{b.daemon.portals()[0].port} colour=red\n" + target(),
)
def test_failure_leaves_what_was(b, more):
    start = (f"account joe secretsecret1\n" + target(
        "controller_tid 3", f"<backing-store {b.images[0]}>", "lun 1", "scsi_sn one", "</backing-store>",
        f"<backing-store {b.images[1]}>", "lun 2", "uuid 11111111-2222-4333-8444-555555555555", "</backing-store>", "alias x",
        "incominguser joe secretsecret1", "initiator-name iqn.x:y", "lun-map iqn.x:y 1 4", name=B))
    b.apply(start)
    before = b.running()
    change = (f"account joe secretsecret2\naccount new secretsecret3\n" + target(
        "controller_tid 3", f"<backing-store {b.images[0]}>", "lun 1", "scsi_sn two", "write-cache off", "</backing-store>",
        f"<backing-store {b.images[3]}>", "lun 3", "</backing-store>", "alias y", "outgoinguser new secretsecret3",
        "initiator-address 10.0.0.1", "MaxBurstLength 65536", name=B))
    done = b.apply(change + more(b), "--prune", status=REFUSED)
    tap.true("nothing was changed" in done.stderr, done.stderr)
    tap.equal(b.running(), before, "configuration")
    secrets = b.client().result("account.secrets")
    tap.equal(secrets, {"joe": "secretsecret1"}, "accounts")


def test_failure_names_the_line(b):
    done = b.apply("# one\n" + target("MaxBurstLength 1"), status=REFUSED)
    tap.true(done.stderr.startswith(f"{b.path('targets.conf')}:2: error: {A}: "), done.stderr)


def test_failure_after_removals_brings_them_back(b):
    b.apply(b.full())
    before = b.running()
    done = b.apply(target("MaxBurstLength 1", name="iqn.2026-01.org.example:z"), "--prune", status=REFUSED)
    tap.true("nothing was changed" in done.stderr, done.stderr)
    tap.equal(b.running(), before, "configuration")


def test_generation_is_raised_by_changes_only(b):
    client = b.client()
    first = client.result("config.generation")["generation"]
    client.result("target.list")
    client.result("account.secrets")
    client.error("target.create", name="a b")
    tap.equal(client.result("config.generation")["generation"], first, "without a change")
    client.result("target.create", name=A)
    tap.equal(client.result("config.generation")["generation"], first + 1, "after a change")


# Leave out ------------------------------------------------------------------------------------


def test_leave_out_serves_the_rest(b):
    text = (target("colour red", "initiator-adress 10.0.0.1", f"backing-store {b.images[0]}", name=A)
            + target(f"backing-store {b.images[1]}", "backing-store /nowhere/disk", name=B))
    b.apply(text, status=INVALID)
    done = b.apply(text, "--leave-out")
    tap.true("unknown option 'colour'" in done.stderr and f"{A} is offline and empty" in done.stderr and "/nowhere/disk" in done.stderr,
             done.stderr)
    wrong, right = b.client().result("target.list", detail=True)
    tap.equal((wrong["name"], wrong["state"], wrong["luns"], wrong["acl"]["addresses"]), (A, "offline", [], []), "with mistakes")
    tap.equal((right["name"], right["tid"], [lun["path"] for lun in right["luns"]]), (B, 2, [b.images[1]]), "without")


def test_leave_out_does_not_touch_what_is_served(b):
    b.apply(target(f"backing-store {b.images[0]}", "initiator-address 10.0.0.1"))
    before = b.running()
    done = b.apply(target(f"backing-store {b.images[1]}", "colour red"), "--leave-out")
    tap.true(f"{A} is left as it is" in done.stderr, done.stderr)
    tap.equal(b.running(), before, "configuration")


def test_leave_out_is_for_targets(b):
    b.apply("colour red\n" + target(), "--leave-out", status=INVALID)
    b.apply(target(), "--leave-out", "--prune", status=USAGE)


# Save -----------------------------------------------------------------------------------------


def test_saved_applied_and_saved_again_is_the_same(b):
    b.apply(b.full())
    once, twice = b.path("once.conf"), b.path("twice.conf")
    b.ctl("config", "save", once, status=OK)
    port = b.daemon.portals()[0].port
    b.daemon.stop()
    b.daemon = bed.daemon.Daemon(portals=(f"127.0.0.1:{port}",)).start()
    b.ctl("config", "apply", once, status=OK)
    b.ctl("config", "diff", once, status=OK)
    b.ctl("config", "save", twice, status=OK)
    with open(once) as first, open(twice) as second:
        text = first.read()
        tap.equal(second.read(), text, "saved again")
    for part in ("secretsecret4", "uuid 11111111-2222-4333-8444-555555555555", "lun-map iqn.1993-08.org.debian:01:a 3 0 read-only",
                 "mode_page 28:0:10:8:0:0:0:0:0:0:0:0:0", "scsi_sn a \\# number", "auth chap", "account idle", "rotation_rate 7200", "la_lba 1\n", f"portal 127.0.0.1:{port}\n"):
        tap.true(part in text, f"no '{part}' in\n{text}")


def test_saved_file_is_private(b):
    b.ctl("config", "save", b.path("private.conf"), status=OK)
    tap.equal(stat.S_IMODE(os.stat(b.path("private.conf")).st_mode), 0o600, "mode")


def test_save_keeps_what_was_there(b):
    path = b.write("# mine\n", "kept.conf")
    b.ctl("config", "save", path, status=OK)
    listed = json.loads(b.ctl("--format", "json", "config", "backup", "list", path, status=OK).stdout)
    with open(listed[0]["path"]) as file:
        tap.equal(file.read(), "# mine\n", "backup")
    b.ctl("config", "backup", "restore", listed[0]["id"], path, status=OK)
    with open(path) as file:
        tap.equal(file.read(), "# mine\n", "restored")
    listed = json.loads(b.ctl("--format", "json", "config", "backup", "list", path, status=OK).stdout)
    tap.equal(len(listed), 2, "backups")
    b.ctl("config", "backup", "restore", "never", path, status=NOT_FOUND)


def test_old_backups_go(b):
    path = b.write("# 0\n", "many.conf")
    for _ in range(23):
        b.ctl("config", "save", path, status=OK)
    tap.equal(len(glob.glob(b.path("backup/many.conf.*"))), 20, "backups")


def test_save_to_standard_output(b):
    b.apply(target("incominguser joe secretsecret"))
    tap.true("incominguser joe secretsecret\n" in b.ctl("config", "save", "-", status=OK).stdout, "standard output")


def test_save_follows_links(b):
    path = b.write("# old\n", "real.conf")
    link = b.path("link.conf")
    os.symlink(path, link)
    b.ctl("config", "save", link, status=OK)
    tap.true(os.path.islink(link), "still a link")


if __name__ == "__main__":
    sys.exit(tap.main(globals(), ApplyBed(), patterns=sys.argv[1:]))
