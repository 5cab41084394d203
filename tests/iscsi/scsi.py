# SPDX-License-Identifier: LGPL-2.1-or-later
"""The few CDBs and the sense data that the iSCSI tests need."""

import struct

import tap

BLOCK = 512

GOOD = 0x00
CHECK_CONDITION = 0x02
BUSY = 0x08
TASK_ABORTED = 0x40

ILLEGAL_REQUEST = 0x05
UNIT_ATTENTION = 0x06
DATA_PROTECT = 0x07
ABORTED_COMMAND = 0x0B

# RFC 7143 section 11.4.7.2, as (key, ASC, ASCQ)
UNEXPECTED_UNSOLICITED = (ABORTED_COMMAND, 0x0C, 0x0C)
INCORRECT_AMOUNT = (ABORTED_COMMAND, 0x0C, 0x0D)
CRC_ERROR = (ABORTED_COMMAND, 0x47, 0x05)
WRITE_ERRORS = (UNEXPECTED_UNSOLICITED, INCORRECT_AMOUNT, CRC_ERROR)

TEST_UNIT_READY = bytes(6)


def read10(lba, blocks):
    return struct.pack(">BBIBHB", 0x28, 0, lba, 0, blocks, 0)


def write10(lba, blocks):
    return struct.pack(">BBIBHB", 0x2A, 0, lba, 0, blocks, 0)


def read16(lba, blocks):
    return struct.pack(">BBQIBB", 0x88, 0, lba, blocks, 0, 0)


def write16(lba, blocks):
    return struct.pack(">BBQIBB", 0x8A, 0, lba, blocks, 0, 0)


def read32(lba, blocks):
    return struct.pack(">BB5xBHBBQIHHI", 0x7F, 0, 0x18, 0x0009, 0, 0, lba, 0, 0, 0, blocks)


def inquiry(length):
    return struct.pack(">BBBHB", 0x12, 0, 0, length, 0)


def report_luns():
    return struct.pack(">BxB3xIBB", 0xA0, 0, 4096, 0, 0)


def reserve6():
    return b"\x16" + bytes(5)


def sense_code(sense):
    """(key, ASC, ASCQ) of fixed or descriptor sense data; None if there is none."""
    if len(sense) < 4:
        return None
    kind = sense[0] & 0x7F
    if kind in (0x72, 0x73):
        return sense[1] & 0x0F, sense[2], sense[3]
    tap.within(kind, (0x70, 0x71), "response code of the sense data")
    tap.true(len(sense) >= 14, f"fixed sense data of {len(sense)} bytes")
    return sense[2] & 0x0F, sense[12], sense[13]


def pattern(seed, length):
    """Bytes that differ by seed and from block to block."""
    unit = b"".join(struct.pack(">II", seed, i) for i in range((length + 7) // 8))
    return unit[:length]


def expect_good(result):
    tap.true(result is not None, "there is no result")
    tap.equal((result.response, result.status, result.sense), (0, GOOD, None), "result")
    return result


def expect_check_condition(result, *codes):
    """CHECK CONDITION with one of these (key, ASC, ASCQ)."""
    tap.equal((result.response, result.status), (0, CHECK_CONDITION), "response and status")
    if codes:
        tap.within(result.sense, codes, "sense")
    return result
