#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Maps of LUNs: an initiator sees what is mapped to it, by numbers of its own, and may be kept from writing."""

import sys

import env
import scsi
from env import tap
from login import INITIATOR
from session import Tmf

STRANGER = "iqn.2024-01.org.example:stranger"
TARGET = "iqn.2024-01.org.example:shared"
WRITE_PROTECTED = (scsi.DATA_PROTECT, 0x27, 0x00)
LUN_NOT_SUPPORTED = (scsi.ILLEGAL_REQUEST, 0x25, 0x00)
LUNS_CHANGED = (scsi.UNIT_ATTENTION, 0x3F, 0x0E)


def shared(e, luns=(1, 2, 3)):
    e.daemon.ctl("target", "delete", TARGET, "--force", check=False)
    e.daemon.create_target(TARGET)
    for lun in luns:
        e.daemon.create_lun(TARGET, lun, bs="mem", size=env.LUN_SIZE)


def acl(e, *words):
    return e.daemon.ctl("acl", words[0], TARGET, *words[1:])


def luns_of(session):
    data = scsi.expect_good(session.execute(scsi.report_luns(), lun=0, read=4096)).data
    return [data[at + 1] for at in range(8, len(data), 8)]


def test_an_initiator_sees_what_is_mapped(e):
    shared(e)
    acl(e, "map", INITIATOR, 3, "--as", 0)
    acl(e, "map", INITIATOR, 1)
    me, stranger = e.login(TARGET), e.login(TARGET, initiator=STRANGER)
    tap.equal((luns_of(me), luns_of(stranger)), ([0, 1], [1, 2, 3]), "LUNs of this one, of a stranger")
    tap.equal(me.test_unit_ready(lun=2).sense, LUN_NOT_SUPPORTED, "a hidden LUN")
    tap.equal(me.tmf(Tmf.LU_RESET, lun=2), Tmf.NO_LUN, "resetting it")
    for session, lun in ((me, 0), (stranger, 3)):
        session.clear_attention(lun)
    me.write(0, b"m" * scsi.BLOCK, lun=0)
    tap.equal(stranger.read(0, 1, lun=3), b"m" * scsi.BLOCK, "what was written by another number")


def test_none_by_default(e):
    shared(e)
    e.daemon.set_target(TARGET, lun_default="none")
    session = e.login(TARGET)
    tap.equal(luns_of(session), [], "LUNs")
    acl(e, "map", INITIATOR, 2)
    tap.equal(luns_of(session), [2], "LUNs with a map")


def test_read_only(e):
    shared(e)
    acl(e, "map", INITIATOR, 1, "--read-only")
    me, stranger = e.login(TARGET), e.login(TARGET, initiator=STRANGER)
    me.clear_attention()
    stranger.clear_attention()
    block = b"x" * scsi.BLOCK
    tap.equal(me.execute(scsi.write16(0, 1), data=block).sense, WRITE_PROTECTED, "writing")
    stranger.write(0, block)
    tap.equal(me.read(0, 1), block, "reading")
    acl(e, "map", INITIATOR, 1)
    me.clear_attention()
    me.write(0, block)


def test_an_open_session_is_told(e):
    shared(e)
    session = e.login(TARGET)
    session.clear_attention(1)
    session.clear_attention(2)
    acl(e, "map", INITIATOR, 1)
    tap.equal(session.clear_attention(1), [LUNS_CHANGED], "attentions")
    tap.equal(session.test_unit_ready(lun=2).sense, LUN_NOT_SUPPORTED, "what is hidden now")
    acl(e, "unmap", INITIATOR)
    tap.equal(luns_of(session), [1, 2, 3], "LUNs without a map")


def test_taken_away_with_data_under_way(e):
    """A write that waits for its data is given up, and the session goes on."""
    shared(e)
    session = e.login(TARGET)
    session.clear_attention(1)
    session.clear_attention(2)
    task = session.start_write(scsi.write16(0, 2048), bytes(2048 * scsi.BLOCK))
    session.wait_r2t(task)
    acl(e, "map", INITIATOR, 2)
    session.clear_attention(2)
    tap.equal(session.test_unit_ready(lun=1).sense, LUN_NOT_SUPPORTED, "what is hidden now")
    e.daemon.ctl("lun", "delete", f"{TARGET}/1")


def test_the_daemon_says_what_is_mapped(e):
    shared(e)
    acl(e, "map", INITIATOR, 3, "--as", 0, "--read-only")
    acl(e, "map", INITIATOR, 1)
    shown = e.daemon.ctl_json("target", "show", TARGET)
    tap.equal(shown["lun_default"], "all", "lun_default")
    tap.equal(shown["maps"], [{"initiator": INITIATOR, "lun": 3, "as": 0, "read_only": True},
                              {"initiator": INITIATOR, "lun": 1, "as": 1, "read_only": False}], "maps")
    lines = e.daemon.ctl("target", "show", TARGET).stdout.split("\n")
    tap.true(f"  maps      {INITIATOR}: 3 as 0  read-only" in lines, lines)


@tap.cases(number=(5, ("map", INITIATOR, 2, "--as", 1)), last=(6, ("unmap", INITIATOR, 1)),
           unmapped=(4, ("unmap", INITIATOR, 2)), stranger=(4, ("unmap", STRANGER)),
           name=(2, ("map", "a b", 1)), lun=(1, ("map", INITIATOR, "x")), large=(2, ("map", INITIATOR, 16384)))
def test_refusals(e, status, words):
    shared(e)
    acl(e, "map", INITIATOR, 1)
    done = e.daemon.ctl("acl", words[0], TARGET, *words[1:], check=False)
    tap.equal(done.returncode, status, f"exit status, {done.stderr.strip()}")
    tap.equal(len(e.daemon.ctl_json("target", "show", TARGET)["maps"]), 1, "maps")


if __name__ == "__main__":
    sys.exit(env.main(globals()))
