# SPDX-License-Identifier: LGPL-2.1-or-later
"""Encode and decode iSCSI PDUs (RFC 7143 section 11), the wrong ones included."""

import enum
import struct

from crc32c import crc32c

NO_TAG = 0xFFFFFFFF
BHS_LENGTH = 48


class Op(enum.IntEnum):
    """Opcodes (RFC 7143 section 11.2.1.2)."""

    NOP_OUT = 0x00
    SCSI_COMMAND = 0x01
    TMF = 0x02
    LOGIN = 0x03
    TEXT = 0x04
    DATA_OUT = 0x05
    LOGOUT = 0x06
    SNACK = 0x10
    NOP_IN = 0x20
    SCSI_RESPONSE = 0x21
    TMF_RESPONSE = 0x22
    LOGIN_RESPONSE = 0x23
    TEXT_RESPONSE = 0x24
    DATA_IN = 0x25
    LOGOUT_RESPONSE = 0x26
    R2T = 0x31
    ASYNC = 0x32
    REJECT = 0x3F


INITIATOR_OPS = {op.name.lower(): op for op in Op if op < 0x20}
TARGET_OPS = {op.name.lower(): op for op in Op if op >= 0x20}


class Flag:
    """Bits of byte 1."""

    FINAL = 0x80
    # Login and Text: T is the final bit of a Login
    TRANSIT = 0x80
    CONTINUE = 0x40
    # SCSI Command, with the task attribute in the low three bits
    READ = 0x40
    WRITE = 0x20
    # SCSI Response; Data-In has OVERFLOW and UNDERFLOW at the same places
    BIDI_OVERFLOW = 0x10
    BIDI_UNDERFLOW = 0x08
    OVERFLOW = 0x04
    UNDERFLOW = 0x02
    STATUS = 0x01
    ACKNOWLEDGE = 0x40


class RejectReason(enum.IntEnum):
    """RFC 7143 section 11.17.1."""

    DATA_DIGEST = 0x02
    SNACK = 0x03
    PROTOCOL_ERROR = 0x04
    NOT_SUPPORTED = 0x05
    TOO_MANY_IMMEDIATE = 0x06
    TASK_IN_PROGRESS = 0x07
    INVALID_DATA_ACK = 0x08
    INVALID_FIELD = 0x09
    OUT_OF_RESOURCES = 0x0A
    NEGOTIATION_RESET = 0x0B
    WAITING_FOR_LOGOUT = 0x0C


# name: (offset, length); what stands at other places in some types is in _BY_OPCODE
_COMMON = {
    "flags": (1, 1),
    "lun": (8, 8),
    "itt": (16, 4),
    "ttt": (20, 4),
    "cmdsn": (24, 4),
    "statsn": (24, 4),
    "expstatsn": (28, 4),
    "expcmdsn": (28, 4),
    "maxcmdsn": (32, 4),
    "datasn": (36, 4),
    "offset": (40, 4),
}
_LOGIN = {"isid": (8, 6), "tsih": (14, 2)}
_BY_OPCODE = {
    Op.SCSI_COMMAND: {"edtl": (20, 4), "cdb": (32, 16)},
    Op.TMF: {"rtt": (20, 4), "refcmdsn": (32, 4), "expdatasn": (36, 4)},
    Op.LOGIN: {**_LOGIN, "version_max": (2, 1), "version_min": (3, 1), "cid": (20, 2)},
    Op.LOGOUT: {"cid": (20, 2)},
    Op.SNACK: {"begrun": (40, 4), "runlength": (44, 4)},
    Op.SCSI_RESPONSE: {
        "response": (2, 1),
        "status": (3, 1),
        "expdatasn": (36, 4),
        "bidi_residual": (40, 4),
        "residual": (44, 4),
    },
    Op.TMF_RESPONSE: {"response": (2, 1)},
    Op.LOGIN_RESPONSE: {
        **_LOGIN,
        "version_max": (2, 1),
        "version_active": (3, 1),
        "status_class": (36, 1),
        "status_detail": (37, 1),
    },
    Op.DATA_IN: {"status": (3, 1), "residual": (44, 4)},
    Op.LOGOUT_RESPONSE: {"response": (2, 1), "time2wait": (40, 2), "time2retain": (42, 2)},
    Op.R2T: {"r2tsn": (36, 4), "length": (44, 4)},
    Op.ASYNC: {
        "event": (36, 1),
        "vendor_code": (37, 1),
        "parameter1": (38, 2),
        "parameter2": (40, 2),
        "parameter3": (42, 2),
    },
    Op.REJECT: {"reason": (2, 1)},
}
_AS_BYTES = {"lun", "cdb", "isid"}
_OWN = {"bhs", "ahs", "data", "announced_ahs", "announced_data", "padding", "digest_faults"}


def lun_bytes(number):
    """The eight bytes of a LUN: peripheral addressing below 256, else flat (SAM-5 4.7)."""
    first = number if number < 256 else 0x4000 | number
    return struct.pack(">HHHH", first, 0, 0, 0)


def pad4(length):
    return -length % 4


class Pdu:
    """One PDU; the fields of the opcode's header are attributes.

    To tell lies: announced_ahs (in words) and announced_data replace the true lengths,
    padding=False leaves the padding out, digest_faults may hold "header" and "data".
    """

    def __init__(self, opcode, *, data=b"", ahs=b"", immediate=False, **fields):
        self.bhs = bytearray(BHS_LENGTH)
        self.bhs[0] = opcode | (0x40 if immediate else 0)
        self.data = bytes(data)
        self.ahs = bytes(ahs)
        self.announced_ahs = None
        self.announced_data = None
        self.padding = True
        self.digest_faults = ()
        for name, value in fields.items():
            setattr(self, name, value)

    @classmethod
    def decode(cls, bhs, ahs=b"", data=b""):
        pdu = cls(0, data=data, ahs=ahs)
        pdu.bhs[:] = bhs
        return pdu

    @property
    def opcode(self):
        return self.bhs[0] & 0x3F

    @property
    def immediate(self):
        return bool(self.bhs[0] & 0x40)

    @property
    def final(self):
        return bool(self.flags & Flag.FINAL)

    @property
    def text(self):
        """The data segment as a list of (key, value)."""
        pairs = self.data.decode("utf-8", "surrogateescape").split("\0")
        return [tuple(pair.split("=", 1)) for pair in pairs if pair]

    def _place(self, name):
        place = _BY_OPCODE.get(self.opcode, {}).get(name) or _COMMON.get(name)
        if place is None:
            raise AttributeError(f"no field {name} in opcode 0x{self.opcode:02x}")
        return place

    def __getattr__(self, name):
        if name.startswith("_") or name in _OWN:
            raise AttributeError(name)
        offset, length = self._place(name)
        raw = bytes(self.bhs[offset : offset + length])
        return raw if name in _AS_BYTES else int.from_bytes(raw, "big")

    def __setattr__(self, name, value):
        if name in _OWN:
            object.__setattr__(self, name, value)
            return
        offset, length = self._place(name)
        if name == "lun" and isinstance(value, int):
            value = lun_bytes(value)
        if isinstance(value, int):
            value = (value % (1 << 8 * length)).to_bytes(length, "big")
        self.bhs[offset : offset + length] = bytes(value).ljust(length, b"\0")[:length]

    def header(self):
        """The basic header segment as it is sent, lengths included."""
        bhs = bytearray(self.bhs)
        words = len(self.ahs) // 4 if self.announced_ahs is None else self.announced_ahs
        length = len(self.data) if self.announced_data is None else self.announced_data
        bhs[4:8] = struct.pack(">I", words << 24 | length)
        return bytes(bhs)

    def encode(self, header_digest=False, data_digest=False):
        header = self.header() + self.ahs
        out = [header]
        if header_digest:
            out.append(self._digest(header, "header"))
        if self.data:
            data = self.data + (bytes(pad4(len(self.data))) if self.padding else b"")
            out.append(data)
            if data_digest:
                out.append(self._digest(data, "data"))
        return b"".join(out)

    def _digest(self, data, kind):
        digest = crc32c(data)
        return bytes([digest[0] ^ 1]) + digest[1:] if kind in self.digest_faults else digest

    def __repr__(self):
        try:
            name = Op(self.opcode).name
        except ValueError:
            name = f"opcode 0x{self.opcode:02x}"
        fields = _BY_OPCODE.get(self.opcode, {})
        detail = " ".join(f"{f}={getattr(self, f)!r}" for f in ("itt", *fields))
        return f"<{name} flags=0x{self.flags:02x} {detail} data={len(self.data)}>"


def text_data(pairs):
    """Key-value pairs as the data segment of a Login or Text request."""
    items = pairs.items() if isinstance(pairs, dict) else pairs
    return b"".join(_as_bytes(k) + b"=" + _as_bytes(v) + b"\0" for k, v in items)


def _as_bytes(text):
    return text if isinstance(text, bytes) else str(text).encode()


def ahs(kind, content, length=None):
    """One additional header segment; length replaces the true AHSLength."""
    body = struct.pack(">HB", len(content) if length is None else length, kind) + content
    return body + bytes(pad4(len(body)))


def ahs_extended_cdb(cdb):
    """The bytes of a CDB after its first sixteen (RFC 7143 section 11.2.2.3)."""
    return ahs(1, b"\0" + cdb[16:])


def ahs_bidi_read(length):
    """The read length of a bidirectional command (RFC 7143 section 11.2.2.4)."""
    return ahs(2, b"\0" + struct.pack(">I", length))
