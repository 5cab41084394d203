#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tgt-admin shows byte for byte the commands that tgt's own shows (tgt-admin.golden), and does what they say."""

import glob
import os
import re
import shutil
import subprocess
import sys

import admin_bed
import bed
import golden_admin
from bed import tap

A, B, C = (f"iqn.2020-01.org.example:{x}" for x in "abc")
ONE = f"<target {A}>\nbacking-store {{dir}}/d1\n</target>\n"
TWO = ONE + f"<target {B}>\nbacking-store {{dir}}/d2\n</target>\n"
TGT = "/usr/sbin/tgt-admin"
SAMPLES = "/usr/share/doc/tgt/examples"


# What tgt shows -----------------------------------------------------------------------------


def golden_tests():
    """One test per run, in the order of the file: each builds on those before it."""
    with open(os.path.join(bed.HERE, "tgt-admin.golden")) as file:
        steps = golden_admin.read(file)
    return {f"test_golden {n:03} {step.arguments}": golden_test(step) for n, step in enumerate(steps)}


def golden_test(step):
    def compare(b):
        answer = step.run([b.program], b.folder, b.env())
        tap.true(answer.text() == step.text(), f"wanted:\n{step.text()}\ngot:\n{answer.text()}")

    return compare


def with_disks(text, folder):
    """A sample whose devices are there."""
    text = re.sub(r"(/dev/LVM/|/dev/|/root/tapes/|/root/)", folder + "/", text)
    for path in re.findall(r"(?:backing|direct)-store (/[^\s>#]+)", text):
        with open(path, "wb") as file:
            file.truncate(1 << 20)
    return text


def test_samples_of_tgt(b):
    """Those in the documentation of Debian's tgt, beside its own tgt-admin: without a daemon both see no target."""
    samples = glob.glob(SAMPLES + "/*")
    if not samples or not os.path.exists(TGT):
        tap.skip("Debian's tgt is not installed")
    for sample in sorted(samples):
        step = golden_admin.Step("")
        with open(sample) as file:
            step.conf = with_disks(file.read(), b.path("").rstrip("/"))
        nowhere = {"TGT_IPC_SOCKET": b.path("none"), "TGT_CONTROL": b.path("none")}
        wanted = step.run(["perl", TGT], b.folder, {**os.environ, **nowhere})
        got = step.run([b.program], b.folder, {**os.environ, **nowhere})
        tap.equal(got.stdout.split("\n"), wanted.stdout.split("\n"), sample)


# What is done -------------------------------------------------------------------------------


def test_execute_makes_and_deletes(b):
    b.fresh(TWO)
    tap.equal(b.targets(), {A: 1, B: 2}, "targets")
    done = b.admin("-e", conf=TWO.replace(A, C))
    tap.equal((done.stdout, done.stderr), ("", f"tgt-admin: {b.path('d1')} of target {C} is left out: it is in use "
              "(--force, or the option 'allow-in-use yes', takes it all the same)\n"), "output")
    tap.equal(b.targets(), {B: 2, C: 3}, "targets")


def test_execute_leaves_what_is_there(b):
    b.fresh(ONE)
    b.admin("-e", conf=ONE.replace("d1", "d2"))
    tap.equal(b.luns(A), [(1, "d1")], "logical units")


def test_all_options_of_a_logical_unit(b):
    b.fresh(f"""<target {A}>
        <backing-store {{dir}}/d1>
            lun 7
            vendor_id ACME
            product_id "Big Disk"
            product_rev 9.9
            scsi_sn serial-${{tid}}-${{lun}}
            scsi_id id-${{lun}}
            block-size 4096
            readonly 1
            removable 1
            params thin_provisioning=1
            write-cache off
            bsoflags sync
        </backing-store>
        controller_tid 42
    </target>""")
    lun = b.daemon.ctl_json("lun", "show", f"{A}/7")
    wanted = {"tid": 42, "vendor": "ACME", "product": "Big Disk", "revision": "9.9", "serial": "serial-42-7",
              "scsi_id": "id-7", "block_size": 4096, "read_only": True, "removable": True, "thin": True,
              "write_cache": False}
    tap.equal({k: lun.get(k) for k in wanted}, wanted, "logical unit")


def test_every_option_can_be_set(b):
    done = b.fresh(f"""
        default-driver iscsi
        iSNSServerIP 127.0.0.1
        iSNSServerPort 3205
        iSNSAccessControl Off
        iSNS Off
        <target {A}>
            driver iscsi
            MaxRecvDataSegmentLength 65536
            MaxXmitDataSegmentLength 65536
            HeaderDigest CRC32C,None
            DataDigest None
            InitialR2T Yes
            MaxOutstandingR2T 1
            ImmediateData Yes
            FirstBurstLength 65536
            MaxBurstLength 262144
            DataPDUInOrder Yes
            DataSequenceInOrder Yes
            ErrorRecoveryLevel 2
            IFMarker No
            OFMarker No
            DefaultTime2Wait 2
            DefaultTime2Retain 20
            OFMarkInt Reject
            IFMarkInt Reject
            MaxConnections 4
            state offline
            <backing-store {{dir}}/d2>
                mode_page 8:0:18:0x10:0:0xff:0xff:0:0:0xff:0xff:0xff:0xff:0x80:0x14:0:0:0:0:0:0
                params rotation_rate=1
                bs-type rdwr
                bsoflags sync:direct
                device-type disk
                removable 1
                online 0
                path {{dir}}/d3
                sense_format 1
                lbppbe 3
                la_lba 0
                optimal_xfer_gran 8
                optimal_xfer_len 16
            </backing-store>
        </target>""")
    tap.equal((done.stdout, done.stderr), ("", ""), "output")
    tap.equal((b.luns(A), b.show(A)["state"]), ([(1, "d3")], "offline"), "logical units and state")


def test_who_may_use_it(b):
    b.fresh(f"""<target {A}>
        initiator-address 10.0.0.0/8
        initiator-name iqn.x
        incominguser u1 secret-of-u1
        incominguser "u2 secret-of-u2"
        outgoinguser u3 secret-of-u3
        MaxBurstLength 65536
    </target>
    <target {B}>
        initiator-name iqn.y
    </target>""")
    target = b.show(A)
    tap.equal((target["acl"]["addresses"], target["acl"]["initiators"]), (["10.0.0.0/8"], ["iqn.x"]), "rules")
    tap.equal([(a["name"], a["outgoing"]) for a in target["accounts"]], [("u1", False), ("u2", False), ("u3", True)],
              "accounts")
    tap.equal(target["params"]["iscsi"]["MaxBurstLength"], "65536", "parameter")
    tap.equal(b.show(B)["acl"]["addresses"], ["ALL"], "addresses of a target with a rule for names only")


def test_password_is_that_of_the_file(b):
    conf = f"<target {A}>\nincominguser u1 first-password\n</target>"
    b.fresh(conf)
    b.admin("--update", A, conf=conf.replace("first", "second"))
    tap.equal(b.client().result("account.secrets")["u1"], "second-password", "secret")


def test_password_with_a_comment_in_it(b):
    """tgt's grammar ends the value there; it is said, because nobody would guess it."""
    done = b.fresh(f"<target {A}>\nincominguser u1 long-password#1\n</target>")
    tap.equal(done.stderr, f"tgt-admin: {b.path('t.conf')}:2: warning: a '#' ends the value of 'incominguser'; write \\# "
              "for one that belongs to it\n", "standard error")
    tap.equal(b.client().result("account.secrets")["u1"], "long-password", "secret")
    done = b.fresh(f"<target {A}>\nincominguser u1 long-password\\#1\nbacking-store {{dir}}/d1  # the disk\n</target>")
    tap.equal((done.stderr, b.client().result("account.secrets")["u1"]), ("", "long-password#1"), "secret")


def test_discovery_accounts_can_be_set_again(b):
    conf = "incomingdiscoveryuser u1 long-password-1\noutgoingdiscoveryuser u2 long-password-2\n" + TWO
    b.fresh(conf)
    b.admin("--update", "ALL", conf=conf)
    b.admin("-e", conf=conf)
    accounts = b.daemon.ctl_json("system", "show")["discovery_accounts"]
    tap.equal([(a["name"], a["outgoing"]) for a in accounts], [("u1", False), ("u2", True)], "accounts")


def test_first_failure_ends_it(b):
    b.clear()
    done = b.admin("-e", conf=TWO.replace("backing-store {dir}/d1", "ErrorRecoveryLevel 77"), status=22)
    command = f"tgtadm -C 0 --lld iscsi --mode target --op update --tid 1 --name ErrorRecoveryLevel --value 77"
    tap.equal((done.stdout, done.stderr), (f"Command:\n\t{command}\nexited with code: 22.\n", "tgtadm: invalid request\n"),
              "output")
    tap.equal(b.targets(), {A: 1}, "targets")


@tap.cases(option=(["--ignore-errors"], ""), file=([], "ignore-errors yes\n"))
def test_failures_can_be_ignored(b, args, line):
    b.clear()
    done = b.admin("-e", *args, conf=line + TWO.replace("backing-store {dir}/d1", "ErrorRecoveryLevel 77"))
    tap.equal((done.stdout, done.stderr), ("", "tgtadm: invalid request\n"), "output")
    tap.equal(b.targets(), {A: 1, B: 2}, "targets")


# A configuration that is wrong changes nothing ----------------------------------------------


@tap.cases(
    missing_value="Option scsi_sn has a missing value!", missing_password="Option incominguser has a missing value!",
    twice="Multiple 'scsi_id' definitions in 'backing-store' not allowed!", comma="The value of scsi_id has a comma",
    two_drivers="Multiple 'driver' definitions not allowed!", nameless="<target> has no name!",
    stray="'target iqn.z' begins no block", discovery="Option incomingdiscoveryuser has a missing value",
)
def test_wrong_configuration(b, said):
    wrong = {
        "Option scsi_sn": f"<target {C}>\nscsi_sn\n</target>",
        "Option incominguser": f"<target {C}>\nincominguser one\n</target>",
        "Multiple 'scsi_id'": f"<target {C}>\n<backing-store {{dir}}/d3>\nscsi_id a\nscsi_id b\n</backing-store>\n</target>",
        "The value of": f"<target {C}>\n<backing-store {{dir}}/d3>\nscsi_id a,readonly=1\n</backing-store>\n</target>",
        "Multiple 'driver'": f"<target {C}>\ndriver iscsi\ndriver iser\n</target>",
        "<target> has": "<target>\nbacking-store {dir}/d3\n</target>",
        "'target iqn.z'": "target iqn.z",
        "Option incomingdiscoveryuser": "incomingdiscoveryuser one",
    }
    b.fresh(ONE)
    text = next(t for k, t in wrong.items() if said.startswith(k))
    b.refused(said, f"<target {B}>\nbacking-store {{dir}}/d2\n</target>\n{text}\n")


def test_missing_include(b):
    b.fresh(ONE)
    b.refused("the file '/nonexistent.conf' does not exist", "include /nonexistent.conf", status=2)


def test_block_without_end(b):
    b.fresh(ONE)
    b.refused("the block <target> has no end", f"<target {B}>\n", status=255)


def test_missing_file(b):
    done = b.admin("-e", "-c", "/nonexistent.conf", status=2)
    tap.equal(done.stderr, "Config file /nonexistent.conf not found. Exiting...\n", "standard error")


def test_included_files(b):
    os.makedirs(b.path("conf.d"), exist_ok=True)
    b.write(ONE, "conf.d/one.conf")
    b.write(f"<target {B}>\nbacking-store {{dir}}/d2\n</target>\n", "conf.d/two.conf")
    b.fresh("include {dir}/conf.d/*.conf\ninclude /nonexistent/*.conf\n")
    tap.equal(b.targets(), {A: 1, B: 2}, "targets")


# What is in use -----------------------------------------------------------------------------


def test_file_of_another_process(b):
    with open(b.path("d3"), "rb"):
        b.fresh(ONE.replace("d1", "d3"))
        tap.equal(b.luns(A), [], "logical units")
        b.fresh(ONE.replace("d1", "d3"), "-f")
    tap.equal(b.luns(A), [(1, "d3")], "logical units, by force")


@tap.cases(target="backing-store {dir}/d1\nallow-in-use yes",
           block="<backing-store {dir}/d1>\nallow-in-use yes\n</backing-store>")
def test_use_that_is_allowed(b, lines):
    b.fresh(ONE)
    b.admin("-e", conf=ONE + f"<target {B}>\n{lines}\n</target>\n")
    tap.equal(b.luns(B), [(1, "d1")], "logical units")


def test_two_targets_of_one_file(b):
    done = b.fresh(TWO.replace("d2", "d1"), "-v")
    tap.true(f"# Skipping device {b.path('d1')} - it is in use.\n" in done.stdout, done.stdout)
    tap.equal((b.luns(A), b.luns(B)), ([(1, "d1")], []), "logical units")


def test_update_frees_what_a_target_used(b):
    """In turn: d2 is still taken when the first target wants it, d1 is free when the second does."""
    b.fresh(TWO)
    b.admin("--update", "ALL", conf=TWO.replace("d1", "d0").replace("d2", "d1").replace("d0", "d2"))
    tap.equal((b.luns(A), b.luns(B)), ([], [(1, "d1")]), "logical units")


def loop_device(path):
    done = subprocess.run(["losetup", "-f", "--show", path], capture_output=True, text=True, check=False)
    if done.returncode:
        tap.skip("no loop device: " + done.stderr.strip())
    return done.stdout.strip()


def test_file_behind_a_loop_device(b):
    device = loop_device(b.path("d4"))
    try:
        done = b.fresh(ONE.replace("d1", "d4"), "-v")
    finally:
        subprocess.run(["losetup", "-d", device], check=True)
    tap.true(f"# Device {b.path('d4')} is used by the system (mounted, used by swap?).\n" in done.stdout, done.stdout)


def test_device_that_is_mounted(b):
    device = loop_device(b.path("d4"))
    point = b.path("mount")
    os.makedirs(point, exist_ok=True)
    mounted = False
    try:
        subprocess.run(["mkfs.ext4", "-q", "-F", device], check=True)
        mounted = subprocess.run(["mount", device, point], capture_output=True, check=False).returncode == 0
        if not mounted:
            tap.skip("a small file system cannot be mounted: not root")
        done = b.fresh(ONE.replace("{dir}/d1", device), "-v")
    finally:
        if mounted:
            subprocess.run(["umount", point], check=True)
        subprocess.run(["losetup", "-d", device], check=True)
    tap.true(f"# Device {device} is used by the system (mounted, used by swap?).\n" in done.stdout, done.stdout)
    tap.equal(b.luns(A), [], "logical units")


@tap.cases(null="null", other="null\nbacking-store NONE:x")
def test_store_without_a_file(b, lines):
    """Whether there is such a thing is for the store to say."""
    b.clear()
    done = b.admin("-e", "-p", conf=f"<target {A}>\nbs-type {lines}\nbacking-store what-is-no-file\n</target>")
    tap.true('-b "what-is-no-file"  --bstype null' in done.stdout, done.stdout)


def test_direct_store_without_scsi(b):
    done = b.fresh(ONE.replace("backing", "direct"))
    tap.equal(done.stderr, f"tgt-admin: the identity of {b.path('d1')} is not copied: it is no SCSI device\n", "stderr")
    tap.equal(b.luns(A), [(1, "d1")], "logical units")


def disks_of_scsi():
    """Every file is a disk of SCSI then; see fake-sg.c."""
    return {"LD_PRELOAD": bed.daemon.binary("FAKE_SG"),
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}


def test_direct_store_is_shown_as_tgt_does(b):
    """What tgt 1.0.85 made of the same answers."""
    b.clear()
    done = b.admin("-e", "-p", conf=ONE.replace("backing", "direct"), env=disks_of_scsi())
    update = "tgtadm -C 0 --lld iscsi --op update --mode logicalunit --tid 1 --lun=1 --params"
    wanted = [f'{update} {p}' for p in (
        'vendor_id="IET     "', 'product_id="VIRTUAL DISK    "', 'product_rev="0001"', 'scsi_sn="beaf11 "', 'lbppbe="3"',
        'la_lba="7"', 'optimal_xfer_gran="64"', 'optimal_xfer_len="256"')]
    lines = done.stdout.split("\n")
    tap.true("tgtadm -C 0 --lld iscsi --op new --mode logicalunit --tid 1 --lun 1 -b "
             f'"{b.path("d1")}"     --blocksize 4096' in lines, done.stdout)
    tap.equal([line for line in lines if line.startswith(update)], wanted, "options")
    tap.equal(done.stderr, "", "standard error")


def test_direct_store_keeps_its_identity(b):
    b.fresh(f"<target {A}>\n<direct-store {{dir}}/d1>\nvendor_id MINE\n</direct-store>\nproduct_id OURS\n</target>",
            env=disks_of_scsi())
    lun = b.daemon.ctl_json("lun", "show", f"{A}/1")
    wanted = {"vendor": "MINE", "product": "OURS", "revision": "0001", "serial": "beaf11", "block_size": 4096}
    tap.equal({k: lun[k] for k in wanted}, wanted, "logical unit")


# Initiators ---------------------------------------------------------------------------------


@tap.cases(update_all=(["--update", "ALL"], "updated"), update_one=(["--update", A], "updated"),
           update_number=(["--update", "tid=1"], "updated"), execute=(["-e"], "deleted"))
def test_target_in_use_is_left_alone(b, args, done):
    b.fresh(ONE)
    b.login(A)
    for verbose in ([], ["-v"]):
        answer = b.admin(*args, *verbose, conf="")
        said = (f"# Target with tid 1 ({A}) is in use, it won't be {done}.\n" if verbose
                else f"tgt-admin: target {A} is not {done}: initiators use it (--force does it all the same)\n")
        tap.true(said in answer.stdout + answer.stderr, f"{said!r} is not in {answer.stdout}{answer.stderr}")
    tap.equal((b.targets(), len(b.daemon.sessions())), ({A: 1}, 1), "targets and sessions")


@tap.cases(delete=(["--delete", A], {}), delete_all=(["--delete", "ALL"], {}),
           update=(["--update", "ALL"], {B: 2}), execute=(["-e"], {B: 2}))
def test_force_takes_it_from_initiators(b, args, left):
    b.fresh(f"<target {A}>\ninitiator-name {admin_bed.INITIATOR}\ninitiator-address 127.0.0.1\n</target>")
    b.login(A)
    b.login(A)
    b.admin(*args, "-f", conf=f"<target {B}>\n</target>")
    tap.equal(b.targets(), left, "targets")
    tap.equal(b.daemon.sessions(), [], "sessions")


def test_offline_and_ready(b):
    b.fresh(TWO)
    for args, states in ((["--offline", "ALL"], ["offline", "offline"]), (["--ready", "tid=1"], ["ready", "offline"]),
                         (["--ready", B], ["ready", "ready"]), (["--offline", A], ["offline", "ready"])):
        b.admin(*args)
        tap.equal([t["state"] for t in b.daemon.ctl_json("target", "list")], states, f"states after {args}")


# Nothing is given to a shell ----------------------------------------------------------------

# As they stand in targets.conf. All run in the folder where the trap would appear.
EVIL = ["$(touch trap)", "`touch trap`", ";touch trap;", '"; touch trap; "', "'; touch trap; '", "\\#x y", "a\\\\b",
        "a $HOME b", "* ? ~"]


def meant(text):
    """What such a value is."""
    return text.replace("\\#", "#").replace("\\\\", "\\")


def test_values_reach_the_daemon_as_they_are(b):
    for text in EVIL:
        b.fresh(f"<target {A}>\n<backing-store {{dir}}/d1>\nscsi_sn x{text}x\n</backing-store>\n</target>")
        tap.equal(b.daemon.ctl_json("lun", "show", f"{A}/1")["serial"], f"x{meant(text)}x", "serial")
    tap.true(not os.path.exists(b.path("trap")), "a shell has run it")


def test_path_with_everything(b):
    name = "disk $(x) `y` ;z \"q\" 'p' & *"
    shutil.copy(b.path("d1"), b.path(name))
    b.fresh(f"<target {A}>\nbacking-store {{dir}}/{name}\n</target>")
    tap.equal(b.luns(A), [(1, name)], "logical units")


def test_name_with_everything_is_refused(b):
    for text in EVIL:
        b.clear()
        b.admin("-e", conf=f"<target iqn.x{text}>\n</target>", status=22)
        b.admin("--delete", f"iqn.x{text}")
        b.admin("--offline", f"iqn.x{text}", status=1)
        b.admin("--offline", f"tid={text}", status=22)
    tap.true(not os.path.exists(b.path("trap")), "a shell has run it")


def test_what_is_shown_can_be_given_to_a_shell(b):
    """There it gives the words that would be run."""
    os.makedirs(b.path("bin"), exist_ok=True)
    with open(b.path("bin/tgtadm"), "w") as stub:
        stub.write('#!/bin/sh\nfor word in "$@"; do printf "%s\\0" "$word"; done\nprintf "\\n"\n')
    os.chmod(b.path("bin/tgtadm"), 0o755)
    b.clear()
    for text in EVIL:
        shown = b.admin("-e", "-p", conf=f"<target {A}>\nHeaderDigest {text}x\n<backing-store {{dir}}/d1>\n"
                        f"scsi_id x{text}\nbsopts x{text}\n</backing-store>\n</target>").stdout
        ran = bed.run("sh", "-c", shown, status=0, cwd=b.folder,
                      env={"PATH": b.path("bin") + ":" + os.environ["PATH"]}).stdout
        lines = [line.split("\0")[:-1] for line in ran.split("\n")[:-1]]
        value = meant(text)
        words = [word for line in lines for word in line]
        for word in (f"{value}x", f"scsi_id=x{value}", f"x{value}"):
            tap.true(word in words, f"{word!r} is not in {lines}")
    tap.true(not os.path.exists(b.path("trap")), "a shell has run it")


# Dump ---------------------------------------------------------------------------------------


def test_dump_gives_the_same_targets_again(b):
    b.fresh(f"""<target {A}>
        <backing-store {{dir}}/d2>
        lun 1
        </backing-store>
        <backing-store {{dir}}/d1>
        block-size 4096
        lun 9
        </backing-store>
        initiator-address 10.0.0.0/8
        initiator-address 192.0.2.1
    </target>
    <target {B}>
        backing-store {{dir}}/d3
        initiator-name iqn.x
    </target>""")
    before = [(b.luns(t), b.show(t)["acl"], [l["block_size"] for l in b.show(t)["luns"]]) for t in (A, B)]
    dumped = b.admin("--dump").stdout
    b.fresh(dumped.replace("{", "{{"))
    after = [(b.luns(t), b.show(t)["acl"], [l["block_size"] for l in b.show(t)["luns"]]) for t in (A, B)]
    tap.equal(after, before, dumped)


def test_dump_of_a_path_that_no_block_can_have(b):
    """Only as LUN 1 it can stand alone on a line."""
    shutil.copy(b.path("d1"), b.path("a#b"))
    b.clear()
    b.daemon.ctl("target", "create", A)
    b.daemon.ctl("lun", "create", f"{A}/1", "--bs", "rdwr", "--path", b.path("a#b"))
    tap.true(f"\tbacking-store {b.path('a')}\\#b\n" in b.admin("--dump").stdout, "not as a line")
    b.daemon.ctl("lun", "create", f"{A}/3", "--bs", "rdwr", "--path", b.path("d1"))
    tap.true("\t# LUN 1 is left out: its path cannot stand here\n" in b.admin("--dump").stdout, "not said")


@tap.cases(blanks="a  b c", quotes="a \"b\" 'c'", ends="a b'", dollar="a$b${c}", backslash="a\\b", angle="a<<b",
           equals="a = b", end="a\\")
def test_dump_of_paths_with_signs(b, name):
    """Alone on a line, and as the name of a block."""
    shutil.copy(b.path("d1"), b.path(name))
    for lun in (1, 5):
        b.clear()
        b.daemon.ctl("target", "create", A)
        b.daemon.ctl("lun", "create", f"{A}/{lun}", "--bs", "rdwr", "--path", b.path(name))
        dumped = b.admin("--dump").stdout
        b.clear()
        b.admin("-e", "-c", b.write_raw(dumped))
        tap.equal(b.luns(A), [(lun, name)], dumped)
    os.unlink(b.path(name))


def test_dump_of_all_and_names(b):
    b.fresh(f"<target {A}>\ninitiator-address ALL\ninitiator-address 10.0.0.1\ninitiator-name iqn.x\n</target>")
    dumped = b.admin("--dump").stdout
    tap.true("\tinitiator-address ALL\n\tinitiator-address 10.0.0.1\n\tinitiator-name iqn.x\n" in dumped, dumped)


def test_dump_keeps_out_whom_nobody_let_in(b):
    b.clear()
    b.daemon.ctl("target", "create", A)
    dumped = b.admin("--dump").stdout
    b.fresh(dumped)
    tap.equal(b.show(A)["acl"]["addresses"], ["0.0.0.0"], "who may use it")


# The command line ---------------------------------------------------------------------------


@tap.cases(show="-s", dump="--dump", delete="--delete ALL", offline="--offline ALL",
           execute="-e -c /dev/null", update="--update ALL -c /dev/null")
def test_no_daemon(b, line):
    done = bed.run(b.program, *line.split(), status=107, env={"TGT_CONTROL": b.path("none")})
    tap.equal((done.stdout, done.stderr), ("", "tgtadm: failed to send request hdr to tgt daemon, Transport endpoint "
                                           "is not connected\n"), "output")


@tap.cases(nothing="", long="--help", short="-h", delete="--delete help", offline="--offline help",
           ready="--ready help", update="--update help")
def test_help(b, line):
    done = bed.run(b.program, *line.split(), status=0, env={"TGT_CONTROL": b.path("none")})
    tap.true("ALL" in done.stdout and not done.stderr, done.stdout + done.stderr)


@tap.cases(unknown="--what", ambiguous="--con x", without_value="--delete")
def test_wrong_option(b, line):
    tap.true("option '--" in b.admin(*line.split(), status=1).stderr, "not said")


@tap.cases(abbreviated="--exec --pret --conf=CONF", one_dash="-execute -pretend -conf CONF",
           short="-e -p -c CONF")
def test_forms_of_options(b, line):
    b.clear()
    conf = b.write(ONE)
    tap.true("# Adding target: " in b.admin(*[a.replace("CONF", conf) for a in line.split()]).stdout, "nothing is added")


def test_names_differ_by_case_only(b):
    """Names of iSCSI are the same then."""
    b.fresh(ONE)
    done = b.admin("-e", "-v", conf=ONE.replace("example:a", "example:A"))
    tap.true("already exists!" in done.stdout and "Removing" not in done.stdout, done.stdout)


if __name__ == "__main__":
    sys.exit(tap.main({**golden_tests(), **globals()}, admin_bed.AdminBed(), sys.argv[1:]))
