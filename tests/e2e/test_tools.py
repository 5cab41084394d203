#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tools of libiscsi and qemu on an exported image:  test_tools.py daemon|serve [PATTERN...]

What one tool writes is read back by the others, and is in the image file.
"""

import json
import os
import sys

import beds
from beds import MIB, SIZE, contents, require, run, tap
from connection import Closed
from daemon import Portal
from session import Session

BLOCKS = SIZE // 512


def qemu_img(*arguments, **options):
    require("qemu-img", "qemu-utils")
    if not os.path.exists("/usr/lib/x86_64-linux-gnu/qemu/block-iscsi.so"):
        require("qemu-img-with-iscsi", "qemu-block-extra")
    return run("qemu-img", *arguments, **options)


def qemu_io(bed, *commands, status=0):
    require("qemu-io", "qemu-utils")
    words = [word for c in commands for word in ("-c", c)]
    output = run("qemu-io", "-f", "raw", "-t", "none", *words, bed.url, status=status)
    tap.true("verification failed" not in output, output)
    return output


# libiscsi -----------------------------------------------------------------------------------


def test_iscsi_ls(bed):
    require("iscsi-ls", "libiscsi-bin")
    target, lun = bed.url.split("/")[3:]
    output = run("iscsi-ls", "--show-luns", bed.portal)
    tap.true(f"Target:{target} Portal:{bed.portal.split('/')[2]}" in output, output)
    tap.true(f"Lun:{lun} " in output and "DIRECT_ACCESS (Size:" in output, output)


def test_iscsi_inq(bed):
    require("iscsi-inq", "libiscsi-bin")
    output = run("iscsi-inq", bed.url)
    tap.true("Peripheral Qualifier:CONNECTED" in output, output)
    tap.true("Peripheral Device Type:DIRECT_ACCESS" in output, output)


@tap.cases(
    supported_pages=("0", "Page:0x86"),
    serial_number=("128", "Unit Serial Number:["),
    identification=("131", "Designator Type:(3) NAA"),
    block_limits=("176", "maximum unmap lba count:"),
    characteristics=("177", "Medium Rotation Rate:"),
    provisioning=("178", "lbpu:1"),
)
def test_iscsi_inq_vpd(bed, page, wanted):
    require("iscsi-inq", "libiscsi-bin")
    output = run("iscsi-inq", "--evpd=1", f"--pagecode={page}", bed.url)
    tap.true(wanted.lower() in output.lower(), output)


def test_iscsi_readcapacity16(bed):
    require("iscsi-readcapacity16", "libiscsi-bin")
    output = run("iscsi-readcapacity16", bed.url)
    tap.true(f"RETURNED LOGICAL BLOCK ADDRESS:{BLOCKS - 1}" in output, output)
    tap.true("LOGICAL BLOCK LENGTH IN BYTES:512" in output, output)
    tap.equal(run("iscsi-readcapacity16", "--size", bed.url).strip(), str(SIZE), "size")


def test_iscsi_perf(bed):
    require("iscsi-perf", "libiscsi-bin")
    output = run("iscsi-perf", "--random", "-t", "1", "-m", "16", bed.url)
    tap.true("finished." in output, output)


# qemu ---------------------------------------------------------------------------------------


def test_qemu_img_info(bed):
    info = json.loads(qemu_img("info", "--output=json", "-f", "raw", bed.url))
    tap.equal(info["virtual-size"], SIZE, "size")


def test_qemu_img_reads_the_image(bed):
    copy = bed.path("copy.img")
    qemu_img("convert", "-f", "raw", "-O", "raw", bed.url, copy)
    tap.true(contents(copy) == contents(bed.image), "the copy differs from the image file")


def test_qemu_img_writes_the_image(bed):
    source = bed.path("source.img")
    beds.make_image(source)
    tap.true(contents(source) != contents(bed.image), "the source is the image already")
    qemu_img("convert", "-n", "-f", "raw", "-O", "raw", "-t", "none", source, bed.url)
    qemu_img("compare", "-f", "raw", "-F", "raw", source, bed.url)
    tap.true(contents(source) == contents(bed.image), "the image file differs from the source")


def test_qemu_img_compare_finds_a_difference(bed):
    other = bed.path("other.img")
    data = bytearray(contents(bed.image))
    data[3 * MIB + 5] ^= 1
    with open(other, "wb") as file:
        file.write(data)
    output = qemu_img("compare", "-f", "raw", "-F", "raw", other, bed.url, status=1)
    tap.true(f"offset {3 * MIB}" in output, output)


def test_qcow2_image_through_convert(bed):
    """A guest image in another format arrives block by block."""
    source, qcow2 = bed.path("q.img"), bed.path("q.qcow2")
    beds.make_image(source)
    qemu_img("convert", "-f", "raw", "-O", "qcow2", source, qcow2)
    qemu_img("convert", "-n", "-f", "qcow2", "-O", "raw", qcow2, bed.url)
    qemu_img("compare", "-f", "qcow2", "-F", "raw", qcow2, bed.url)
    tap.true(contents(source) == contents(bed.image), "the image file differs from the source")


def test_qemu_img_dd(bed):
    out = bed.path("dd.img")
    qemu_img("dd", "-f", "raw", "-O", "raw", "bs=64k", "skip=3", "count=40", f"if={bed.url}",
             f"of={out}")
    wanted = contents(bed.image, 3 * 65536, 37 * 65536)
    tap.true(contents(out) == wanted, "other bytes than in the file")


@tap.cases(read="", write="-w --pattern=90", write_flush="-w --flush-interval=64")
def test_qemu_img_bench(bed, options):
    output = qemu_img("bench", "-f", "raw", "-t", "none", "-c", "4000", "-d", "32", "-s", "4096",
                      *options.split(), bed.url)
    tap.true("Run completed in" in output, output)


def test_qemu_io_write_pattern(bed):
    qemu_io(bed, "write -P 0x5a 1M 1M", "read -P 0x5a 1M 1M", "flush")
    tap.true(contents(bed.image, MIB, MIB) == b"\x5a" * MIB, "the pattern is not in the file")


def test_qemu_io_odd_sizes(bed):
    qemu_io(bed, "write -P 0x11 2M 1M", "write -P 0x22 2098176 1536", "read -P 0x22 2098176 1536",
            "read -P 0x11 2M 1024", "read -P 0x11 2099712 3k")
    data = contents(bed.image, 2 * MIB, MIB)
    wanted = b"\x11" * 1024 + b"\x22" * 1536 + b"\x11" * (MIB - 2560)
    tap.true(data == wanted, "wrong bytes in the file")


def test_qemu_io_write_zeroes(bed):
    qemu_io(bed, "write -P 0x77 4M 1M", "write -z 4M 512k", "read -P 0 4M 512k",
            "read -P 0x77 4608k 512k")
    tap.true(contents(bed.image, 4 * MIB, MIB // 2) == bytes(MIB // 2), "not zero in the file")


def test_qemu_io_discard_frees_space(bed):
    qemu_io(bed, "write -P 0x66 8M 4M", "flush")
    full = os.stat(bed.image).st_blocks
    qemu_io(bed, "discard 8M 4M", "read -P 0 8M 4M")
    tap.true(contents(bed.image, 8 * MIB, 4 * MIB) == bytes(4 * MIB), "not zero in the file")
    freed = (full - os.stat(bed.image).st_blocks) * 512
    tap.true(freed >= 3 * MIB, f"only {freed} bytes were freed in the file")


def test_beyond_the_end_is_refused(bed):
    output = qemu_io(bed, f"read {SIZE} 512", status=1)
    tap.true("failed" in output or "past" in output or "offset" in output, output)


# one tool after the other -------------------------------------------------------------------


def raw_session(bed):
    """Our own initiator, which shares no code with the others."""
    address, port = bed.portal.split("/")[2].rsplit(":", 1)
    session = Session.login(Portal(address, int(port), 1), bed.url.split("/")[3])
    session.clear_attention(int(bed.url.split("/")[4]))
    return session


def test_written_by_qemu_read_by_another_initiator(bed):
    lun = int(bed.url.split("/")[4])
    qemu_io(bed, "write -P 0x3c 16M 128k")
    session = raw_session(bed)
    try:
        data = session.read(16 * MIB // 512, 256, lun=lun)
    finally:
        session.close()
    tap.true(data == b"\x3c" * 131072, "other bytes than qemu wrote")


def test_written_by_another_initiator_read_by_qemu(bed):
    lun = int(bed.url.split("/")[4])
    session = raw_session(bed)
    try:
        session.write(20 * MIB // 512, b"\x4b" * 131072, lun=lun)
        session.logout()
    except Closed:
        pass
    finally:
        session.close()
    qemu_io(bed, "read -P 0x4b 20M 128k")


def main():
    kind, *patterns = sys.argv[1:]
    bed = {"daemon": beds.DaemonBed, "serve": beds.ServeBed}[kind]()
    return tap.main(globals(), bed, patterns)


if __name__ == "__main__":
    sys.exit(main())
