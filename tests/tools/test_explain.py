#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tgtctl explain: what it prints does what tgtadm would have done, and it does nothing by itself."""

import os
import shlex
import sys

import bed
from bed import tap

OK, USAGE = 0, 1
TGTADM_REFUSES = (1, 22)
MODES = ("system", "target", "logicalunit", "portal", "lld", "session", "connection", "account")
OPS = ("new", "delete", "show", "bind", "unbind", "update", "stat", "start", "stop")

# One command after the other, as scripts of tgt's users write them.
SCRIPT = """
--lld iscsi --mode target --op new --tid 1 --targetname iqn.2024-01.org.example:a
--lld iscsi --op new --mode target --tid 7 -T iqn.2024-01.org.example:b
--lld iscsi --mode logicalunit --op new --tid 1 --lun 1 -b {image}
--lld iscsi --mode logicalunit --op new --tid 1 --lun 2 --backing-store {image} --bstype rdwr --bsoflags sync --blocksize 4096
--lld iscsi --mode logicalunit --op new --tid 7 --lun 5 --device-type disk
--lld iscsi --mode logicalunit --op update --tid 1 --lun 1 --params vendor_id=EXAMPLE,product_id=DISK,scsi_sn=abc,removable=1
--lld iscsi --mode logicalunit --op update --tid 1 --lun 2 --params readonly=1
--lld iscsi --mode target --op bind --tid 1 -I ALL
--lld iscsi --mode target --op bind --tid 7 -I 10.0.0.0/8
--lld iscsi --mode target --op bind --tid 7 -Q iqn.2010-11.org.example:host
--lld iscsi --mode target --op update --tid 7 --name MaxRecvDataSegmentLength --value 65536
--lld iscsi --mode target --op update --tid 1 --name state --value offline
--lld iscsi --mode account --op new --user joe --password secretsecret
--lld iscsi --mode account --op new --user ann --password anothersecret
--lld iscsi --mode account --op bind --tid 1 --user joe
--lld iscsi --mode account --op bind --tid 1 --user ann --outgoing
--lld iscsi --mode target --op unbind --tid 7 -I 10.0.0.0/8
--lld iscsi --mode logicalunit --op delete --tid 1 --lun 2
--lld iscsi --mode target --op new --tid 9 -T iqn.2024-01.org.example:c
--lld iscsi --mode target --op delete --tid 9 --force
--lld iscsi --mode account --op new --user bob --password secretsecret
--lld iscsi --mode account --op delete --user bob
--mode system --op update --name State --value offline
--mode system --op update --name debug --value on
--mode system --op update --name State --value ready
"""

LOOKS = ("-m target -o show", "-m target -o show -t 1", "-m target -o show -t 7", "-m system -o show", "-m account -o show")


class ExplainBed(bed.Bed):
    def environment(self):
        return {"TGT_CONTROL": self.daemon.path("control"), "PATH": os.path.dirname(self.daemon.tgtctl) + ":" + os.environ["PATH"]}

    def explain(self, *args, **options):
        return bed.run(self.daemon.tgtctl, "--socket", "/nowhere", "explain", "--", "tgtadm", *args, **options)

    def lines(self, command):
        return self.explain(*shlex.split(command), status=OK).stdout.splitlines()

    def shell(self, line, secret=""):
        return bed.run("sh", "-c", line, env=self.environment(), input=secret + "\n")

    def tgtadm(self, command, env, status=OK):
        return bed.run(bed.daemon.binary("TGTADM"), *shlex.split(command), env=env, status=status)


def test_the_same_effect(b):
    image = b.image()
    with bed.daemon.Daemon() as other:
        theirs = {**b.environment(), "TGT_CONTROL": other.path("control")}
        for command in SCRIPT.format(image=image).strip().splitlines():
            b.tgtadm(command, theirs)
            for line in b.lines(command):
                done = b.shell(line, command.rpartition("--password ")[2])
                tap.equal((done.returncode, done.stderr), (OK, ""), f"{command}\n{line}")
        for look in LOOKS:
            tap.equal(b.tgtadm(look, b.environment()).stdout, b.tgtadm(look, theirs).stdout, look)
    b.clear()


def options_of(mode, op):
    """Such options that tgtadm takes the command, if it takes it at all."""
    tid, lun = ["--tid", "1"], ["--lun", "1"]
    new = {"target": [*tid, "-T", "iqn.2024-01.org.example:m"], "logicalunit": [*tid, *lun, "-b", "/x"],
           "portal": ["--params", "portal=127.0.0.1:0"], "account": ["--user", "joe", "--password", "secretsecret"]}
    if op in ("new", "delete") and mode == "portal":
        return new["portal"]
    if op == "new":
        return new.get(mode, [])
    by_mode = {"target": tid, "logicalunit": [*tid, *lun], "session": [*tid, "--sid", "1"], "connection": [*tid, "--sid", "1", "--cid", "0"]}
    options = list(by_mode.get(mode, []))
    if mode == "target" and op in ("bind", "unbind"):
        options += ["-I", "ALL"]
    if mode == "account" and op in ("delete", "bind", "unbind"):
        options += ["--user", "joe"]
    if op == "update":
        options += ["--params", "removable=1"] if mode == "logicalunit" else ["--name", "state" if mode == "target" else "State", "--value", "ready"]
    return options


def test_all_of_the_matrix(b):
    """Each command either has lines that tgtctl takes, or is refused with tgtadm's words."""
    told = 0
    for mode in MODES:
        for op in OPS:
            args = ("--lld", "iscsi", "--mode", mode, "--op", op, *options_of(mode, op))
            done = b.explain(*args)
            if done.returncode == OK:
                told += 1
                tap.true(done.stdout and not done.stderr.startswith("tgtadm"), f"{args}: {done}")
                check_lines(b, args, done.stdout.splitlines())
            else:
                tap.equal(done.returncode, USAGE, f"{args}")
                tap.true(done.stderr.startswith("tgtadm: ") and not done.stdout, f"{args}: {done}")
                adm = bed.run(bed.daemon.binary("TGTADM"), *args, env=b.environment())
                tap.within(adm.returncode, TGTADM_REFUSES, f"tgtadm {args}")
                tap.equal(adm.stderr, done.stderr, f"{args}")
    tap.true(told >= 28, f"only {told} commands are told")


def check_lines(b, args, lines):
    for line in lines:
        if line != "tgtctl system shutdown" and line.startswith("tgtctl "):
            done = b.shell(line, "secretsecret")
            tap.true(done.returncode != USAGE, f"{args}: {line}: {done.stderr}")
    b.clear()


@tap.cases(
    shown=("-m system -o show", ["tgtctl system show", "tgtctl plugin list"]), port=("-C 3 -m target -o show", ["tgtctl -C 3 target list"]),
    stat=("-m target -o stat -t 2", ["tgtctl stats show @2"]), lun_stat=("-m lu -o stat -t 2 -l 3", ["tgtctl stats show @2/3"]),
    kill=("-m conn -o delete -t 1 -s 5 -c 0", ["tgtctl session kill 5"]), quoted=("-m lu -o new -t 1 -l 1 -b '/a b'", ["tgtctl lun create @1/1 --bs rdwr --path '/a b' --legacy"]),
    options=("-m lu -o new -t 1 -l 1 -E rbd -b p/i --bsopts 'conf=/x;id=y'", ["tgtctl lun create @1/1 --bs rbd --path p/i --opt conf=/x --opt id=y --legacy"]),
    debug=("-m system -o update -n debug -v on", ["tgtctl log level debug"]), state=("-m sys -o update -n State -v offline", ["tgtctl system offline"]),
    nothing=("-m target -o update -t 1 -n DataPDUInOrder -v Yes", ["# nothing: it changes nothing that this daemon has"]),
    iser=("-L iser -m portal -o new -P portal=[::1]:3260", ["tgtctl portal add '[::1]:3260' --transport iser"]),
)
def test_lines(b, command, wanted):
    tap.equal(b.lines(command)[:len(wanted)], wanted, command)


def test_the_secret_is_not_told(b):
    done = b.explain("-m", "account", "-o", "new", "--user", "joe", "--password", "secretsecret", status=OK)
    tap.true("secretsecret" not in done.stdout + done.stderr and "standard input" in done.stderr, done.stderr)


def test_as_json(b):
    done = bed.run(b.daemon.tgtctl, "--format", "jsonl", "explain", "--", "tgtadm", "-m", "target", "-o", "show", status=OK)
    tap.equal(done.stdout, '"tgtctl target list"\n', "JSON")


def test_only_tgtadm(b):
    done = bed.run(b.daemon.tgtctl, "explain", "ls", status=USAGE)
    tap.true("tgtadm" in done.stderr, done.stderr)
    b.explain("--mode", "target", "--nonsense", status=USAGE)


def test_call(b):
    answer = b.daemon.ctl_json("call", "system.show")
    tap.equal(answer["pid"], b.daemon.process.pid, "pid")
    tap.true('"pid"' in b.ctl("call", "system.show", status=OK).stdout, "as JSON without asking")
    b.ctl("call", "system.show", "[]", status=USAGE)
    b.ctl("call", "lun.show", '{"target":"@1","lun":9}', status=4)


if __name__ == "__main__":
    sys.exit(tap.main(globals(), ExplainBed(), sys.argv[1:]))
