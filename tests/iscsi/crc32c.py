# SPDX-License-Identifier: LGPL-2.1-or-later
"""CRC32C as iSCSI digests use it (RFC 7143 section 13.1)."""

import struct

POLYNOMIAL = 0x82F63B78


def _entry(value):
    for _ in range(8):
        value = (value >> 1) ^ (POLYNOMIAL if value & 1 else 0)
    return value


_TABLE = [_entry(i) for i in range(256)]


def crc32c(data):
    """The digest of data as the four bytes that stand on the wire."""
    table = _TABLE
    crc = 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return struct.pack("<I", crc ^ 0xFFFFFFFF)
