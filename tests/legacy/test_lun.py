#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What --op update of a logical unit does to what initiators see:  test_lun.py ours|tgt"""

import os
import struct
import sys

import scene
from scene import bed, tap
import scsi
from session import Session

READ_CAPACITY_16 = bytes([0x9E, 0x10] + [0] * 11 + [32, 0, 0])


class LunScene(scene.Scene):
    def cleanup(self):
        super().cleanup()
        self.clear()

    def update(self, params, lun=1, status=0):
        return self.adm("--lld", "iscsi", "--op", "update", "--mode", "logicalunit", "--tid", 1, "--lun", lun,
                        "--params", params, status=status)

    def session(self):
        """A session, with the attentions of LUN 1 out of the way."""
        session = self.keep(Session.login(self.portal(), bed.IQN))
        session.clear_attention()
        return session


def inquiry(session, page=None):
    cdb = struct.pack(">BBBHB", 0x12, page is not None, page or 0, 512, 0)
    result = session.execute(cdb, read=512)
    scsi.expect_good(result)
    return result.data


def capacity(session):
    result = session.execute(READ_CAPACITY_16, read=32)
    scsi.expect_good(result)
    return result.data


def sense(session, cdb=scsi.TEST_UNIT_READY):
    return session.execute(cdb).sense


def test_identity(b):
    b.target()
    b.update("scsi_id=mpatha,scsi_sn=serial-1,vendor_id=ACME,product_id=ANVIL,product_rev=7")
    session = b.session()
    tap.equal(inquiry(session)[8:36], b"ACME    ANVIL           7   ", "standard INQUIRY data")
    tap.equal(inquiry(session, 0x80)[4:], b"serial-1".rjust(36), "serial number")
    tap.true(b"mpatha" in inquiry(session, 0x83), "designators")


def test_same_id_on_several_luns_of_one_file(b):
    """As openQA makes a multipath device."""
    b.target()
    for lun in (2, 3):
        b.adm("--mode", "lu", "--op", "new", "--tid", 1, "--lun", lun, "-b", b.path("a.img"))
    for lun in (1, 2, 3):
        b.update("scsi_id=mpatha", lun)
    tap.equal(b.show().count("SCSI ID: mpatha\n"), 3, "LUNs with the id")


def test_geometry(b):
    b.target()
    b.update("lbppbe=3,la_lba=7,optimal_xfer_gran=8,optimal_xfer_len=256,rotation_rate=7200")
    session = b.session()
    limits = inquiry(session, 0xB0)
    tap.equal(struct.unpack_from(">H", limits, 6)[0], 8, "optimal transfer length granularity")
    tap.equal(struct.unpack_from(">I", limits, 12)[0], 256, "optimal transfer length")
    tap.equal(struct.unpack_from(">H", inquiry(session, 0xB1), 4)[0], 7200, "medium rotation rate")
    data = capacity(session)
    tap.equal((data[13] & 0xF, struct.unpack_from(">H", data, 14)[0] & 0x3FFF), (3, 7), "exponent and lowest aligned LBA")


def test_initiators_are_told_of_a_new_geometry(b):
    b.target()
    session = b.session()
    b.update("lbppbe=1")
    tap.equal(sense(session), (scsi.UNIT_ATTENTION, 0x2A, 0x09), "capacity data have changed")
    b.update("rotation_rate=1")
    tap.equal(sense(session), (scsi.UNIT_ATTENTION, 0x3F, 0x03), "INQUIRY data have changed")
    b.update("rotation_rate=1")
    tap.equal(sense(session), None, "nothing has changed")


@tap.cases(exponent="lbppbe=16", lowest="la_lba=16384", granularity="optimal_xfer_gran=65536",
           length="optimal_xfer_len=4294967296", rate="rotation_rate=65535", word="lbppbe=x")
def test_geometry_that_cannot_be(b, params):
    b.target()
    tap.equal(b.update(params, status=22).stderr, "tgtadm: invalid request\n", "answer")


def test_read_only(b):
    b.target()
    b.update("readonly=1")
    session = b.session()
    tap.equal(sense_of_write(session), (scsi.DATA_PROTECT, 0x27, 0x00), "a write")
    b.update("readonly=0")
    session.write(0, bytes(512))


def sense_of_write(session):
    return session.execute(scsi.write10(0, 1), data=bytes(512)).sense


def test_offline_and_online(b):
    b.target()
    session = b.session()
    b.update("online=0")
    tap.equal(sense(session)[0], 2, "sense key while offline")
    tap.true("Online: No" in b.show(), "listing")
    b.update("online=1")
    tap.equal(sense(session), (scsi.UNIT_ATTENTION, 0x28, 0x00), "not ready to ready")
    tap.equal(sense(session), None, "sense afterwards")


def test_write_cache_off_by_mode_page(b):
    b.target()
    session = b.session()
    b.update("mode_page=8:0:18:0x10:0:0xff:0xff:0:0:0xff:0xff:0xff:0xff:0x80:0x14:0:0:0:0:0:0")
    session.clear_attention()
    result = session.execute(bytes([0x1A, 8, 8, 0, 64, 0]), read=64)
    tap.equal(result.data[6] & 4, 0, "WCE")


def test_path_of_a_unit_that_is_offline(b):
    b.target()
    session = b.session()
    session.write(0, b"a" * 512)
    with open(b.path("b.img"), "r+b") as file:
        file.write(b"b" * 512)
    b.update("scsi_sn=kept,lbppbe=3,readonly=1", status=22)  # initiators know the serial number
    b.update("lbppbe=3,readonly=1,online=0")
    b.update(f"path={b.path('b.img')}")
    session.clear_attention()
    tap.equal(session.read(0, 1), b"b" * 512, "data")
    data = capacity(session)
    tap.equal(struct.unpack_from(">Q", data)[0] + 1, (1 << 30) // 512, "blocks")
    tap.equal(data[13] & 0xF, 3, "exponent")
    tap.equal(sense_of_write(session), (scsi.DATA_PROTECT, 0x27, 0x00), "a write")


def test_path_that_cannot_be_opened_leaves_the_old_one(b):
    b.target()
    b.update("online=0")
    tap.equal(b.update(f"path={b.path('none.img')}", status=22).stderr, "tgtadm: invalid request\n", "answer")
    tap.true(f"Backing store path: {b.path('a.img')}\n" in b.show(), b.show())
    b.update("online=1")
    b.session().read(0, 1)


def test_path_of_a_unit_that_is_online(b):
    b.target()
    tap.equal(b.update(f"path={b.path('b.img')}", status=22).stderr, "tgtadm: invalid request\n", "answer")


def test_path_of_a_unit_without_medium(b):
    b.adm("--mode", "target", "--op", "new", "--tid", 1, "-T", bed.IQN)
    b.adm("--mode", "target", "--op", "bind", "--tid", 1, "-I", "ALL")
    b.adm("--mode", "lu", "--op", "new", "--tid", 1, "--lun", 1)
    tap.true("Online: No" in b.show() and "Removable media: Yes" in b.show(), b.show())
    b.update(f"path={b.path('a.img')}")
    tap.true("Online: Yes\n            Removable media: Yes" in b.show(), b.show())
    b.session().read(0, 1)


def test_mode_pages_and_state_survive_a_new_path(b):
    b.target()
    b.update("mode_page=8:0:18:0x10:0:0xff:0xff:0:0:0xff:0xff:0xff:0xff:0x80:0x14:0:0:0:0:0:0,sense_format=1")
    b.update(f"online=0,path={b.path('b.img')}")
    shown = b.daemon.ctl_json("lun", "show", "@1/1")
    tap.equal((shown["write_cache"], shown["d_sense"], shown["serial"]), (False, True, "beaf11"), "state")


def test_size_of_a_store_that_is_open(b):
    """As Longhorn grows volumes."""
    b.target(image="small.img")
    session = b.session()
    b.update("bsopts=size=134217728")
    tap.equal(sense(session), (scsi.UNIT_ATTENTION, 0x2A, 0x09), "capacity data have changed")
    tap.equal(struct.unpack_from(">Q", capacity(session))[0] + 1, 134217728 // 512, "blocks")
    tap.equal(os.path.getsize(b.path("small.img")), 134217728, "size of the file")


@tap.cases(smaller="bsopts=size=4096", word="bsopts=size=x", other="bsopts=timeout=3", none="bsopts=", more="bsopts=size=1;x=2")
def test_store_options_that_cannot_change(b, params):
    b.target()
    tap.equal(b.update(params, status=22).stderr, "tgtadm: invalid request\n", "answer")
    tap.equal(os.path.getsize(b.path("a.img")), 64 << 20, "size of the file")


def test_tape_wants_the_store_of_tapes(b):
    b.target()
    tap.equal(b.refused("--mode", "lu", "--op", "new", "--tid", 1, "--lun", 2, "-b", b.path("a.img"), "--device-type", "tape",
                        "--bstype", "rdwr"), "invalid request", "answer")
    tap.true("lun.create is refused: " in b.daemon.log_text() and "tape" in b.daemon.log_text(), b.daemon.log_text())


def test_log_says_what_tgtadm_cannot(b):
    b.target()
    b.refused("--mode", "lu", "--op", "new", "--tid", 1, "--lun", 2, "-b", b.path("none.img"))
    tap.true(f"cannot open '{b.path('none.img')}': No such file" in b.daemon.log_text(), b.daemon.log_text())


def test_socket_as_path(b):
    """Stores out of the tree have one; this one keeps what it is given to itself."""
    b.target()
    b.adm("--mode", "lu", "--op", "new", "--tid", 1, "--lun", 2, "-b", "/var/run/volume.sock", "--bstype", "mem",
          "--bsopts", "size=32M;write-back=on")
    tap.true("Backing store path: /var/run/volume.sock\n" in b.show() and "Size: 34 MB" in b.show(), b.show())


if __name__ == "__main__":
    sys.exit(tap.main(globals(), LunScene(sys.argv[1]), sys.argv[2:]))
