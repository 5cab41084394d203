#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Completion of words: what tgtctl offers, and that shells get it."""

import os
import re
import shutil
import sys

import bed
from bed import tap
from session import Session

OK, USAGE = 0, 1
TOP = os.path.join(bed.HERE, "..", "..")
SCRIPTS = os.path.join(TOP, "tools", "completion")
INITIATOR = "iqn.2010-11.org.example:complete"


class CompletionBed(bed.Bed):
    def open(self):
        super().open()
        self.daemon.create_target(bed.IQN)
        self.daemon.create_lun(bed.IQN, 1, "mem", size="16M")
        bed.run(self.daemon.tgtctl, "--socket", self.daemon.path("control"), "account", "create", "joe", "--password-stdin", input="secret secret\n", status=OK)
        self.session = Session.login(self.daemon.portals()[0], bed.IQN, initiator=INITIATOR)

    def close(self):
        self.session.close()
        super().close()

    def environment(self):
        folder = os.path.dirname(self.daemon.tgtctl)
        return {"TGT_CONTROL": self.daemon.path("control"), "PATH": folder + ":" + os.environ["PATH"]}

    def words(self, *typed):
        """What may stand where the last of these is, without descriptions."""
        done = bed.run(self.daemon.tgtctl, "completion", "words", "--", *typed, env=self.environment(), status=OK)
        tap.equal(done.stderr, "", "standard error")
        return [line.split("\t")[0] for line in done.stdout.splitlines()]


# Words ----------------------------------------------------------------------------------------


def test_every_command_is_offered(b):
    shown = re.findall(r"^  tgtctl ([a-z]+)(?: ([a-z]+) )?", b.ctl("--help").stdout, re.MULTILINE)
    nouns = b.words("")
    for noun, verb in shown:
        tap.true(noun in nouns, f"{noun} is not among {nouns}")
        if verb:
            tap.true(verb in b.words(noun, verb), f"{noun} {verb}")


@tap.cases(
    noun=(("sta",), ["stats"]), verb=(("target", "s"), ["show", "set"]), nothing=(("nonsense", ""), []), target=(("target", "show", ""), [bed.IQN]),
    number=(("target", "show", "@"), ["@1"]), lun=(("lun", "show", ""), [bed.IQN + "/1"]), lun_number=(("lun", "delete", "@1/"), ["@1/1"]),
    either=(("stats", "show", "@"), ["@1", "@1/1"]), session=(("session", "kill", ""), ["1"]), plugin=(("plugin", "info", "rdw"), ["rdwr"]),
    store=(("lun", "create", "@1/2", "--bs", "mem"), ["mem", "mem-blocking", "mem-threads"]), transport=(("portal", "add", "--transport", "is"), ["iscsi"]),
    initiator=(("acl", "add", "@1", "--initiator", "iqn"), [INITIATOR]), choices=(("stats", "show", "--by", "p"), ["plugin"]),
    inline=(("stats", "show", "--by=p"), ["--by=plugin"]), option=(("lun", "create", "--blo"), ["--block-size"]),
    own_option=(("target", "create", "--if"), ["--if-not-exists"]), common=(("system", "show", "--form"), ["--format"]),
    foreign=(("system", "show", "--bs"), []), files=(("lun", "create", "@1/2", "--path", "x"), [":files"]), images=(("serve", "a.img", ""), [":files"]),
    behind=(("--format", "json", "target", "show", "@"), ["@1"]), letter=(("-C", "0", "stat"), ["stats"]), method=(("schema", "lun.cr"), ["lun.create"]),
    account=(("account", "bind", "jo"), ["joe"]), bound=(("account", "bind", "joe", ""), [bed.IQN, "--discovery"]), size=(("serve", "a", "--size", ""), []),
    level=(("log", "level", "no"), ["notice"]), rule=(("acl", "add", "@1", ""), ["all"]), alternatives=(("config", "backup", ""), ["list", "restore"]),
    shells=(("completion", ""), ["bash", "zsh", "fish"]), too_many=(("target", "show", "@1", ""), []),
)
def test_words(b, typed, wanted):
    tap.equal(sorted(b.words(*typed)), sorted(wanted), f"behind {typed}")


def test_socket_as_typed(b):
    with bed.daemon.Daemon() as other:
        tap.equal(b.words("--socket", other.path("control"), "target", "show", ""), [], "targets of the other daemon")
        tap.equal(b.words("--socket=" + b.daemon.path("control"), "target", "show", ""), [bed.IQN], "targets")


def test_nobody_answers(b):
    tap.equal(b.words("--socket", b.path("none"), "target", "show", ""), [], "targets")


def test_scripts(b):
    for shell in ("bash", "zsh", "fish"):
        with open(os.path.join(SCRIPTS, "tgtctl." + shell)) as file:
            tap.equal(b.ctl("completion", shell, status=OK).stdout, file.read(), shell)
    b.ctl("completion", "tcsh", status=USAGE)
    b.ctl("completion", "bash", "zsh", status=USAGE)


# Shells ---------------------------------------------------------------------------------------

BASH = r"""
. "$1"
COMP_LINE=$2 COMP_POINT=${#2}
IFS=$' \t\n' read -r -a COMP_WORDS <<< "$2"
[[ $2 == *' ' ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
"$3" "${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
"""


def bash(b, line, script="tgtctl.bash", function="_tgtctl", **options):
    done = bed.run("bash", "-c", BASH, "bash", os.path.join(SCRIPTS, script), line, function, env=b.environment(), status=OK, **options)
    tap.equal(done.stderr, "", "standard error")
    return done.stdout.splitlines()


def need(shell):
    if not shutil.which(shell):
        tap.skip(f"{shell} is not installed (Debian package {shell})")


@tap.cases(noun=("tgtctl sta", ["stats"]), verb=("tgtctl lun on", ["online"]), option=("tgtctl lun list --time", ["--timeout"]),
           number=("tgtctl target show @", ["@1"]), value=("tgtctl --format=jsonl stats show --by=se", ["session"]),
           colon=("tgtctl target show iqn.2024-01.org.example:", [bed.IQN.split(":")[1]]), whole=("tgtctl target show iq", [bed.IQN]))
def test_bash(b, line, wanted):
    tap.equal(bash(b, line), wanted, line)


def test_bash_offers_files(b):
    b.image("disk.img", 512)
    tap.equal(bash(b, "tgtctl serve di", cwd=b.folder), ["disk.img"], "files")


@tap.cases(option=("tgtadm --targetn", ["--targetname"]), mode=("tgtadm --lld iscsi --mode lo", ["logicalunit"]), short=("tgtadm -o upd", ["update"]),
           image=("tgtimg --thin", ["--thin-provisioning"]), lun=("tgt-setup-lun -n x -d", ["-d"]))
def test_bash_of_the_old_tools(b, line, wanted):
    found = bash(b, line, "tgt.bash", "_tgt")
    tap.equal(found, wanted, line)


def test_zsh(b):
    need("zsh")
    bed.run("zsh", "-n", os.path.join(SCRIPTS, "tgtctl.zsh"), status=OK)


def test_fish(b):
    need("fish")
    script = f"source {SCRIPTS}/tgtctl.fish; complete -C 'tgtctl target show iqn'; complete -C 'tgtctl lun onl'"
    done = bed.run("fish", "--no-config", "-c", script, env={**b.environment(), "HOME": b.folder}, status=OK)
    tap.equal(done.stdout.splitlines(), [bed.IQN + "\t@1", "online\tLet initiators use it again"], "offers")


if __name__ == "__main__":
    sys.exit(tap.main(globals(), CompletionBed(), sys.argv[1:]))
