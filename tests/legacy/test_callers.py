#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs and scripts that drive tgt, replayed with their command lines and what they parse:  test_callers.py ours|tgt

Whose they are is said with each; so is what they would stumble over."""

import os
import re
import subprocess
import sys

import scene
from scene import bed, tap
from session import Session

LONGHORN = "iqn.2019-10.io.longhorn:vol-1"


class CallerScene(scene.Scene):
    def open(self):
        super().open()
        os.mkdir(self.path("bin"))
        os.symlink(self.tgtadm, self.path("bin/tgtadm"))
        os.symlink(self.daemon.tgtd, self.path("bin/tgtd"))

    def cleanup(self):
        super().cleanup()
        self.clear()
        for account in self.daemon.ctl_json("account", "list"):
            self.daemon.ctl("account", "delete", account["name"], "--force")

    def sh(self, script, status=0, env=None, **words):
        """Run lines of a shell script; its output. Standard error must stay empty."""
        path = f"{self.path('bin')}:{os.environ['PATH']}"
        words = {"IQN": bed.IQN, "A": self.path("a.img"), "B": self.path("b.img"), **words}
        done = bed.run("bash", "-euo", "pipefail", "-c", script, status=status,
                       env={**self.env(), **words, **(env or {}), "PATH": path}, cwd=self.folder)
        tap.equal(done.stderr, "", "standard error")
        return done.stdout


# ---- OpenStack ----


def cinder_target(text, iqn):
    for line in text.split("\n"):
        if iqn in line:
            return line.split()[1][:-1]
    return None


def cinder_has_lun_1(text, iqn):
    capture = False
    for line in text.split("\n"):
        if iqn in line and "Target %s" % cinder_target(text, iqn) in line:
            capture = True
        elif capture and "Target " in line:
            break
        elif capture and line == "        LUN: 1":
            return True
    return False


def test_cinder_finds_target_and_backing_lun(b):
    name = "iqn.2010-10.org.openstack:volume-7c1b"
    b.target(1, name)
    b.target(2, "iqn.2010-10.org.openstack:volume-other", "b.img")
    b.keep(Session.login(b.portal(), name))
    text = b.adm("--lld", "iscsi", "--op", "show", "--mode", "target").stdout
    tap.equal(cinder_target(text, name), "1", "tid")
    tap.true(cinder_has_lun_1(text, name), text)


def test_cinder_makes_the_lun_that_is_missing(b):
    name = "iqn.2010-10.org.openstack:volume-7c1b"
    b.sh("tgtadm --lld iscsi --op new --mode target --tid 3 -T $NAME", NAME=name)
    text = b.show()
    tap.true(not cinder_has_lun_1(text, name), text)
    b.adm("--lld", "iscsi", "--op", "new", "--mode", "logicalunit", "--tid", cinder_target(text, name), "--lun", 1,
          "-b", b.path("a.img"))
    tap.true(cinder_has_lun_1(b.show(), name), b.show())


def test_cinder_understands_errors(b):
    b.target()
    tap.true("target already exists" in b.refused("--lld", "iscsi", "--op", "new", "--mode", "target", "--tid", 1, "-T", "x"), "new")
    tap.true("can't find the target" in b.refused("--lld", "iscsi", "--op", "delete", "--mode", "target", "--tid", 7), "delete")
    tap.true("access control rule does not exist" in b.refused(
        "--lld", "iscsi", "--op", "unbind", "--mode", "target", "--tid", 1, "-I", "10.0.0.1"), "unbind")


def test_devstack(b):
    b.target()
    tap.equal(b.sh("tgtadm --op show --mode target | awk '/Target/ {print $3}'"), f"{bed.IQN}\n", "names")
    b.sh("tgtadm --mode system --op update --name debug --value on; tgtadm --mode system --op update --name debug --value off")


# ---- Longhorn ----


def longhorn_tid(b, name):
    for line in b.show().split("\n"):
        if line.endswith(" " + name):
            return int(line.split("Target ")[1].split(":")[0])
    return -1


def longhorn_sessions(b, tid):
    """sid -> cid, from lines of exactly two fields."""
    found, sid = {}, None
    for line in b.adm("--lld", "iscsi", "--op", "show", "--mode", "conn", "--tid", tid).stdout.split("\n"):
        fields = line.strip().split(": ")
        if line.strip().startswith("Session:"):
            tap.equal(len(fields), 2, f"fields of {line!r}")
            sid = int(fields[1])
        elif line.strip().startswith("Connection:"):
            tap.equal(len(fields), 2, f"fields of {line!r}")
            found[sid] = int(fields[1])
    return found


def test_longhorn(b):
    tap.true(" rdwr" in b.adm("--lld", "iscsi", "--op", "show", "--mode", "system").stdout, "stores")
    b.adm("--lld", "iscsi", "--op", "new", "--mode", "target", "--tid", 1, "-T", LONGHORN)
    tid = longhorn_tid(b, LONGHORN)
    b.adm("--lld", "iscsi", "--op", "new", "--mode", "logicalunit", "--tid", tid, "--lun", 1, "-b", "/var/run/vol-1.sock",
          "--bstype", "mem", "--bsopts", "size=67108864;write-back=on")
    b.adm("--lld", "iscsi", "--op", "update", "--mode", "logicalunit", "--tid", tid, "--lun", 1, "--params", "thin_provisioning=1")
    b.adm("--lld", "iscsi", "--op", "update", "--mode", "logicalunit", "--tid", tid, "--lun", 1, "--params",
          "mode_page=8:0:18:0x10:0:0xff:0xff:0:0:0xff:0xff:0xff:0xff:0x80:0x14:0:0:0:0:0:0")
    b.adm("--lld", "iscsi", "--op", "bind", "--mode", "target", "--tid", tid, "-I", "ALL")
    b.keep(Session.login(b.portal(), LONGHORN))
    for sid, cid in longhorn_sessions(b, tid).items():
        b.adm("--lld", "iscsi", "--op", "unbind", "--mode", "target", "--tid", tid, "-I", "ALL")
        tap.equal(b.refused("--lld", "iscsi", "--op", "unbind", "--mode", "target", "--tid", tid, "-I", "ALL"),
                  "this access control rule does not exist", "an error that is tolerated")
        b.adm("--lld", "iscsi", "--op", "delete", "--mode", "conn", "--tid", tid, "--sid", sid, "--cid", cid)
    tap.equal(longhorn_sessions(b, tid), {}, "sessions that are left")
    b.adm("--lld", "iscsi", "--op", "delete", "--mode", "logicalunit", "--tid", tid, "--lun", 1)
    b.adm("--lld", "iscsi", "--op", "delete", "--mode", "target", "--tid", tid)
    tap.equal(longhorn_tid(b, LONGHORN), -1, "tid")


# Go's copy of them; which one it is decides whether Longhorn goes on.
ERRORS = """unknown error, out of memory, can't find the driver, can't find the target, can't find the logical unit,
can't find the session, can't find the connection, can't find the binding, this target already exists,
this logical unit number already exists, this binding already exists, this access control rule already exists,
this access control rule does not exist, this account already exists, can't find the account, too many accounts,
invalid request, this target already has an outgoing account, this target is still active,
this logical unit is still active, this driver is busy, this operation isn't supported, unknown parameter,
this device has Prevent Removal set"""


def test_longhorn_knows_all_errors(b):
    with open(b.tgtadm, "rb") as file:
        program = file.read()
    missing = [e for e in ERRORS.replace("\n", " ").split(", ") if b"\0" + e.encode() + b"\0" not in program]
    tap.equal(missing, [], "errors that tgtadm cannot say")


def test_longhorn_shuts_down_with_a_colon_behind_the_number(b):
    b.target()
    for line in b.show().split("\n"):
        if line.startswith("Target"):
            b.adm("--op", "delete", "--mode", "target", "--tid", line.split()[1])
    tap.equal(b.show(), "", "targets")


# ---- Pacemaker ----

PACEMAKER_STOP = r"""
while read line; do
    case "$line" in
    "I_T nexus:"*) session_id=$(echo "$line" | sed -e 's/.*I_T nexus: \([0-9]\+\).*/\1/') ;;
    "Connection:"*)
        connection_id=$(echo "$line" | sed -e 's/.*Connection: \([0-9]\+\).*/\1/')
        tgtadm --lld iscsi --op delete --mode connection --tid=5 --sid=$session_id --cid=$connection_id ;;
    "LUN information:"*) break ;;
    esac
done < <(tgtadm --lld iscsi --op show --mode target | sed -n -e "/^Target 5:/,/^Target/ p")
tgtadm --lld iscsi --op unbind --mode account --tid=5 --user=joe
tgtadm --lld iscsi --op delete --mode account --user=joe
tgtadm --lld iscsi --op delete --mode target --tid=5
"""


def pacemaker_start(b):
    b.sh("""
tgtadm --lld iscsi --op new --mode target --tid=5 --targetname $IQN
tgtadm --lld iscsi --op update --mode target --tid=5 --name=MaxBurstLength --value=524288
tgtadm --lld iscsi --op bind --mode target --tid=5 --initiator-address=ALL
tgtadm --lld iscsi --op new --mode account --user=joe --password=secretsecret1
params=" scsi_id=abc scsi_sn=def vendor_id=ACME product_id=ANVIL"
tgtadm --lld iscsi --op new --mode logicalunit --tid=5 --lun=1 --bstype=rdwr --backing-store $A
tgtadm --lld iscsi --op update --mode logicalunit --tid=5 --lun=1 --params "${params// /,}"
params=" "
tgtadm --lld iscsi --op update --mode logicalunit --tid=5 --lun=1 --params "${params// /,}"
""")


def test_pacemaker_target(b):
    pacemaker_start(b)
    b.sh(r'tgtadm --lld iscsi --op show --mode target | grep -Eq "Target [0-9]+: $IQN"')
    b.keep(Session.login(b.portal(), bed.IQN))
    b.sh("tgtadm --lld iscsi --op bind --mode account --tid=5 --user=joe")
    b.sh(PACEMAKER_STOP)
    tap.equal(b.show(), "", "targets")


def test_pacemaker_logical_unit(b):
    pacemaker_start(b)
    tap.equal(b.sh(r"""tgtadm --lld iscsi --op show --mode target | sed -ne "s/^Target \([[:digit:]]\+\): $IQN$/\1/p" """),
              "5\n", "tid")
    b.sh(r'tgtadm --lld iscsi --op show --mode target | grep -E -q "[[:space:]]+Backing store.*: $A$"')
    b.sh(r'tgtadm --lld iscsi --op show --mode target | grep -E -q "[[:space:]]+Backing store.*: rdwr$"')
    b.sh("tgtadm --lld iscsi --op delete --mode logicalunit --tid 5 --lun=1")
    b.sh(r'! tgtadm --lld iscsi --op show --mode target | grep -E -q "[[:space:]]+Backing store.*: $A$"')


# ---- Test suites and provisioning ----


def test_systemd(b):
    b.sh("""
tgtadm --lld iscsi --op new --mode target --tid=1 --targetname "$IQN"
for n in 1 2 3 4; do
    tgtadm --lld iscsi --op new --mode logicalunit --tid 1 --lun $n -b "$A"
    tgtadm --lld iscsi --op update --mode logicalunit --tid 1 --lun $n
done
tgtadm --lld iscsi --op bind --mode target --tid 1 -I ALL
""")
    Session.login(b.portal(), bed.IQN).logout()
    b.sh("tgtadm --lld iscsi --op delete --mode target --tid=1")


def daemon_script(b, script, end, **words):
    """A script that starts a daemon of its own; `end` ends it in any case."""
    own = b.path(f"own-{len(os.listdir(b.folder))}")
    os.mkdir(own)
    env = {"TGT_IPC_SOCKET": "tgtd.socket", "TGT_CONTROL": "", "PORT": str(b.ports[1]), "OWN": own}
    try:
        return b.sh(f"cd $OWN; {script}", env=env, **words)
    finally:
        subprocess.run(["bash", "-c", f"cd $OWN; {end}"], check=False, capture_output=True,
                       env={**b.env(), **env, "PATH": f"{b.path('bin')}:{os.environ['PATH']}"})


END = ('[ ! -e pid ] || ! kill -0 $(cat pid) || { tgtadm --op delete --force --mode target --tid 1; '
       'tgtadm --op delete --mode system || kill $(cat pid); }')


def test_dracut_talks_to_the_daemon_as_soon_as_its_parent_ends(b):
    text = daemon_script(b, """
tgtd --state-dir state --pid-file pid --iscsi portal=127.0.0.1:$PORT
tgtadm --lld iscsi --mode target --op new --tid 1 --targetname iqn.2009-06.dracut:target0
tgtadm --lld iscsi --mode target --op new --tid 2 --targetname iqn.2009-06.dracut:target1
tgtadm --lld iscsi --mode logicalunit --op new --tid 1 --lun 2 -b $A
tgtadm --lld iscsi --mode logicalunit --op new --tid 2 --lun 3 -b $B
tgtadm --lld iscsi --mode target --op bind --tid 1 -I 192.168.50.101
tgtadm --lld iscsi --mode target --op bind --tid 2 -I 192.168.50.101
tgtadm --op show --mode target
tgtadm --op delete --mode target --tid 2
""", END)
    tap.equal(re.findall(r"LUN: (\d)", text), ["0", "2", "0", "3"], "LUNs")
    tap.equal(text.count("        192.168.50.101\n"), 2, "rules")


def test_libiscsi(b):
    text = daemon_script(b, """
tgtd -f --state-dir state --iscsi portal=127.0.0.1:$PORT, 2> log & echo $! > pid
for n in $(seq 100); do tgtadm --op show --mode target > first 2> /dev/null && break; sleep 0.1; done
tgtadm --op new --mode target --tid 1 -T iqn.libiscsi.unittest.target
tgtadm --op new --mode logicalunit --tid 1 --lun 1 -b $A --blocksize=4096
tgtadm --op update --mode logicalunit --tid 1 --lun 1 --params thin_provisioning=1
tgtadm --op update --mode logicalunit --tid 1 --lun 1 --params removable=1
tgtadm --op bind --mode target --tid 1 -I ALL
tgtadm --op update --mode target --tid 1 -n HeaderDigest -v CRC32C
tgtadm --op new --mode account --user libiscsi --password libiscsi1234
tgtadm --op bind --mode account --tid 1 --user libiscsi
tgtadm --op new --mode account --user target --password target123456
tgtadm --op bind --mode account --tid 1 --user target --outgoing
tgtadm --op show --mode target
tgtadm --op delete --force --mode target --tid 1
tgtadm --op delete --mode system
! kill -0 $(cat pid) 2> /dev/null || wait $(cat pid)
""", END)
    tap.true("Size: 67 MB, Block size: 4096\n" in text and "        target (outgoing)\n" in text, text)


def test_curtin_takes_the_number_after_the_last(b):
    script = """tgtadm --lld=iscsi --mode=target --op=show | awk '/^Target/{tid=$2} END{gsub(":","",tid); print tid+1}'"""
    tap.equal(b.sh(script), "1\n", "without targets")
    for tid in (10, 2, 9):
        b.sh("tgtadm --lld=iscsi --mode=target --op=new --tid=$TID --targetname=$NAME", TID=str(tid), NAME=f"iqn.x:{tid}")
    tap.equal(b.sh(script), "11\n", "with targets")
    tap.equal([m.groups() for m in map(re.compile(r"Target (\d+): (\S+)").match, b.show().split("\n")) if m],
              [("2", "iqn.x:2"), ("9", "iqn.x:9"), ("10", "iqn.x:10")], "targets")


def test_avocado(b):
    b.target(2)
    text = b.show()
    tap.equal(re.findall(r"Target\s+(\d+)", text), ["2"], "tids")
    tap.equal(re.findall(r"Backing store path:\s+(/+.+)", text), [b.path("a.img")], "paths")
    tap.true(re.search("%s$" % bed.IQN, text, re.M), text)
    tap.equal(len(re.findall(r"\s+LUN:\s(\d+)", text)), 2, "the next LUN number")
    tap.equal(b.sh("tgtadm --lld iscsi --mode account --op show").splitlines()[1:], [], "accounts")
    b.sh("tgtadm --lld iscsi --mode account --op new --user u --password ppppppppppppp;"
         "tgtadm --lld iscsi --mode account --op bind --tid 2 --user u")
    tap.equal([a.strip() for a in b.sh("tgtadm --lld iscsi --mode account --op show").splitlines()[1:]], ["u"], "accounts")
    block = re.search(r"Account information:\s(.*)ACL information", b.show(), re.S)
    tap.equal(block.group(1).split(), ["u"], "accounts of the target")


def test_openqa(b):
    b.target()
    tap.equal(b.sh(r"""tgtadm --lld iscsi --mode target --op show | sed -n "/^Target [1-9][0-9]*: $IQN/p" """),
              f"Target 1: {bed.IQN}\n", "target")
    b.sh("for n in 2 3; do tgtadm --lld iscsi --mode logicalunit --op new --tid 1 --lun $n -b $A; done\n"
         'for n in 1 2 3; do tgtadm --lld iscsi --mode logicalunit --op update --tid 1 --lun $n --params scsi_id="mpatha"; done\n'
         "tgtadm --lld iscsi --mode logicalunit --op update --tid 1 --lun 2 --params online=0\n"
         "tgtadm --lld iscsi --mode logicalunit --op update --tid 1 --lun 2 --params online=1")


def test_teuthology(b):
    b.sh("tgtadm --lld iscsi --mode target --op new --tid 1 --targetname rbd\n"
         "tgtadm --lld iscsi --mode logicalunit --op new --tid 1 --lun 1 --backing-store iscsi-image --bstype mem\n"
         "tgtadm --lld iscsi --op bind --mode target --tid 1 -I ALL")
    b.keep(Session.login(b.portal(), "rbd"))
    b.sh("tgtadm --lld iscsi --mode target --op delete --force --tid 1")


def test_kubevirt_compares_listings(b):
    b.target()
    b.sh("tgtadm --lld iscsi --op update --mode logicalunit --tid 1 --lun 1 --params readonly=1\n"
         "tgtadm --lld iscsi --op update --mode logicalunit --tid 1 --lun 1 --params thin_provisioning=1\n"
         "for n in 1 2; do tgtadm --lld iscsi --op show --mode target > show.$n; sleep 0.2; done; diff -q show.1 show.2")


def test_xcat(b):
    tid = "2130706433"  # 127.0.0.1
    b.sh("tgtadm --mode target --op new --tid $TID -T iqn.x:a; tgtadm --mode logicalunit --op new --tid $TID --lun 1"
         " --backing-store $A; tgtadm --mode target --op bind --tid $TID -I 127.0.0.1", TID=tid)
    tap.equal(b.refused("--mode", "target", "--op", "delete", "--tid", tid, "-T", "iqn.x:a"),
              "target mode: option '-T' is not allowed/supported", "a deletion with a name")
    down = bed.run(b.tgtadm, "--mode", "target", "--op", "show", status=107,
                   env={"TGT_IPC_SOCKET": b.path("nobody"), "TGT_CONTROL": ""})
    tap.equal(down.stderr, "tgtadm: failed to send request hdr to tgt daemon, Transport endpoint is not connected\n", "no daemon")


def test_eucalyptus(b):
    b.sh("tgtadm --help > /dev/null")
    b.target(4)
    text = b.show()
    tap.equal([m.group(1, 2) for m in re.finditer(r"\s*Target\s*(\d+):\s+(\S+)\s*", text)], [("4", bed.IQN)], "targets")
    tap.equal([m.group(1) for m in re.finditer(r"\s*LUN:\s*(\d+)\s*", text)], ["0", "1"], "LUNs")
    tap.equal([m.group(1) for m in re.finditer(r"\s*Backing store path:\s*(\S+)\s*", text)], ["None", b.path("a.img")], "paths")
    tap.true("target" in b.refused("--lld", "iscsi", "--mode", "target", "--op", "show", "--tid", 9), "no target")
    tap.true("account" in b.refused("--lld", "iscsi", "--mode", "account", "--op", "delete", "--user", "nobody"), "no account")
    tap.true("logical unit" in b.refused("--lld", "iscsi", "--mode", "logicalunit", "--op", "delete", "--tid", 4, "--lun", 9), "no LUN")
    b.adm("--lld", "iscsi", "--op", "delete", "--mode", "target", "--tid", 4, "--force")


def test_ovios_relies_on_the_order_of_lines(b):
    b.target()
    tap.equal(b.sh('tgtadm --lld iscsi --mode target --op show | grep -E "Target | LUN: | Backing store path:"'),
              f"Target 1: {bed.IQN}\n        LUN: 0\n            Backing store path: None\n        LUN: 1\n"
              f"            Backing store path: {b.path('a.img')}\n", "lines")


def test_zfs_cuts_lines_at_fixed_columns(b):
    b.target()
    b.keep(Session.login(b.portal(), bed.IQN))
    lines = b.show().split("\n")
    found = {prefix: [line[len(prefix):] for line in lines if line.startswith(prefix)] for prefix in
             ("        LUN: ", "            Online: ", "            Backing store path: ")}
    tap.equal(list(found.values()), [["0", "1"], ["Yes", "Yes"], ["None", b.path("a.img")]], "values")
    lines = b.adm("--lld", "iscsi", "--op", "show", "--mode", "conn", "--tid", 1).stdout.split("\n")
    tap.true(lines[2].startswith("        Initiator: ") and lines[3] == "        IP Address: 127.0.0.1", str(lines))


def test_scripts_that_repeat_and_abbreviate_options(b):
    b.sh("tgtadm --lld iscsi --mode portal --op new --param portal=127.0.0.1:$PORT\n"
         "tgtadm --mode portal --op delete --mode portal --param portal=127.0.0.1:$PORT", PORT=str(b.ports[2]))


def test_several_daemons_on_one_machine(b):
    """As pairs of daemons on NUMA machines are: the number of the instance chooses the sockets."""
    text = daemon_script(b, """
tgtd -C 7 -f --state-dir state --iscsi portal=127.0.0.1:$PORT 2> log & echo $! > pid
for n in $(seq 100); do tgtadm -C 7 --op show --mode target > first 2> /dev/null && break; sleep 0.1; done
tgtadm -C 7 --lld iscsi --mode account --op new --user u --password ppppppppppppp
tgtadm --control-port=7 --lld iscsi --mode account --op show
tgtadm -C 7 --op delete --mode system
wait $(cat pid)
""", "[ ! -e pid ] || kill $(cat pid)")
    tap.equal(text, "Account list:\n    u\n", "accounts")


def test_kolla(b):
    """The daemon runs in one container, tgtadm in another: only the socket is shared, by its path."""
    text = daemon_script(b, """
mkdir shared
TGT_IPC_SOCKET=$PWD/shared/socket tgtd -d 1 -f --state-dir state --iscsi portal=127.0.0.1:$PORT 2> log & echo $! > pid
export TGT_IPC_SOCKET=shared/socket
for n in $(seq 100); do tgtadm --lld iscsi --op show --mode target > first 2> /dev/null && break; sleep 0.1; done
tgtadm --lld iscsi --op new --mode target --tid 1 -T iqn.2010-10.org.openstack:volume-1
tgtadm --lld iscsi --op new --mode logicalunit --tid 1 --lun 1 -b $A
tgtadm --lld iscsi --op show --mode target
tgtadm --op delete --mode target --tid 1
tgtadm --op delete --mode system
wait $(cat pid)
""", "[ ! -e pid ] || kill $(cat pid)")
    tap.true("        LUN: 1\n" in text, text)


def test_webmin_kills_and_starts_again(b):
    """By killall -9: sockets and locks are left behind, and are no obstacle."""
    text = daemon_script(b, """
for n in 1 2; do
  tgtd --state-dir state --pid-file pid --iscsi portal=127.0.0.1:$PORT
  tgtadm --op new --mode target --tid $n -T iqn.2007-03.org.webmin:$n
  tgtadm --op show --mode target | grep ^Target
  kill -9 $(cat pid)
  while kill -0 $(cat pid) 2> /dev/null; do sleep 0.05; done
done
""", "kill -9 $(cat pid)")
    tap.equal(text, "Target 1: iqn.2007-03.org.webmin:1\nTarget 2: iqn.2007-03.org.webmin:2\n", "targets")


def test_prometheus_scripts(b):
    b.target(12)
    tap.equal(b.sh("tgtadm --op show --mode target | grep $IQN | grep Target | awk '{print $2}' | cut -d: -f1"), "12\n", "tid")
    b.keep(Session.login(b.portal(), bed.IQN))
    sid = b.daemon.sessions()[0]["sid"]
    tap.equal(b.sh("tgtadm --op show --mode conn --tid 12 | grep ^Session | awk '{print $2}'"), f"{sid}\n", "sid")


def test_units_set_the_state(b):
    b.sh("tgtadm --op update --mode sys --name State -v offline; tgtadm --op update --mode sys --name State -v ready")


def test_tutorials(b):
    b.sh("""
tgtadm --lld iscsi --op new --mode target --tid 1 -T $IQN
tgtadm --lld iscsi --op new --mode logicalunit --tid 1 --lun 1 -b $A
tgtadm --lld iscsi --op bind --mode target --tid 1 -I ALL
tgtadm --lld iscsi --op bind --mode target --tid 1 -I 192.168.0.0/24
tgtadm --lld iscsi --op show --mode target > shown
tgtadm --lld iscsi --op unbind --mode target --tid 1 -I ALL
tgtadm --lld iscsi --op delete --mode logicalunit --tid 1 --lun 1
tgtadm --lld iscsi --op delete --mode target --tid 1
""")
    with open(b.path("shown"), encoding="utf-8") as shown:
        tap.true(shown.read().endswith("    ACL information:\n        ALL\n        192.168.0.0/24\n"), "rules")


if __name__ == "__main__":
    sys.exit(tap.main(globals(), CallerScene(sys.argv[1]), sys.argv[2:]))
