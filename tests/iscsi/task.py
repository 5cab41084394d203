# SPDX-License-Identifier: LGPL-2.1-or-later
"""One SCSI command in flight, with the rules its Data-In, R2T and response must keep."""

import struct

import scsi
import tap
from pdu import NO_TAG, Flag, Op


class Result:
    """What a finished command came to."""

    def __init__(self, pdu, data, sense):
        self.response = pdu.response if pdu.opcode == Op.SCSI_RESPONSE else 0
        self.status = pdu.status
        self.sense = sense
        self.data = data
        self.residual = pdu.residual
        self.overflow = bool(pdu.flags & Flag.OVERFLOW)
        self.underflow = bool(pdu.flags & Flag.UNDERFLOW)
        self.pdu = pdu
        tap.true(not (self.overflow and self.underflow), f"overflow and underflow in {pdu!r}")

    def __repr__(self):
        kind = "O" if self.overflow else "U" if self.underflow else "-"
        return (f"<status {self.status:02x} sense {self.sense} {kind}{self.residual} "
                f"data={len(self.data)}>")


class Task:
    """A command from its request to its response.

    limits is the negotiated dictionary of the session; data are the bytes to write.
    """

    def __init__(self, pdu, limits, data=b""):
        self.itt = pdu.itt
        self.lun = pdu.lun
        self.edtl = pdu.edtl
        self.limits = limits
        self.out = data
        self.data = bytearray()
        self.result = None
        self.r2ts = []  # those not answered yet
        self.r2t_end = None  # offset after the last R2T
        self._datasn = 0
        self._r2tsn = 0
        self._burst = 0

    def __repr__(self):
        return f"<task {self.itt:#x} {self.result}>"

    def handle(self, pdu):
        """Take a PDU of this task from the target."""
        tap.true(self.result is None, f"a PDU after the end of its task: {pdu!r}")
        {Op.DATA_IN: self._data_in, Op.R2T: self._r2t, Op.SCSI_RESPONSE: self._response}[
            pdu.opcode
        ](pdu)

    def _data_in(self, pdu):
        # RFC 7143 section 4.2.2.3: one sequence with the R2Ts of a bidirectional command
        tap.equal(pdu.datasn, self._r2tsn + self._datasn, f"DataSN of {pdu!r}")
        tap.equal(pdu.offset, len(self.data), f"buffer offset of {pdu!r}")
        tap.true(len(pdu.data) <= self.limits["initiator_mrdsl"], f"{pdu!r} is over our limit")
        tap.true(len(self.data) + len(pdu.data) <= self.edtl, f"{pdu!r} goes beyond the EDTL")
        self._datasn += 1
        self._burst += len(pdu.data)
        tap.true(self._burst <= self.limits["MaxBurstLength"], f"{pdu!r} exceeds MaxBurstLength")
        self.data += pdu.data
        if pdu.final:
            self._burst = 0
        if pdu.flags & Flag.STATUS:
            tap.true(pdu.final, f"S without F in {pdu!r}")
            self._finish(pdu, None)

    def _r2t(self, pdu):
        tap.true(pdu.ttt != NO_TAG, "an R2T with the reserved TTT")
        tap.equal(pdu.lun, self.lun, "LUN of an R2T")
        tap.equal(pdu.r2tsn, self._r2tsn, "R2TSN")
        tap.true(0 < pdu.length <= self.limits["MaxBurstLength"], f"length of {pdu!r}")
        tap.true(pdu.offset + pdu.length <= self.edtl, f"{pdu!r} goes beyond the EDTL")
        if self.r2t_end is not None:
            tap.equal(pdu.offset, self.r2t_end, f"offset of {pdu!r}")
        self._r2tsn += 1
        self.r2t_end = pdu.offset + pdu.length
        self.r2ts.append(pdu)
        limit = self.limits["MaxOutstandingR2T"]
        tap.true(len(self.r2ts) <= limit, f"{len(self.r2ts)} R2Ts are outstanding, limit {limit}")

    def _response(self, pdu):
        tap.equal(self._burst, 0, "bytes of Data-In after the last F bit")
        if pdu.response == 0:
            tap.equal(pdu.expdatasn, self._datasn, "ExpDataSN")
        length = struct.unpack(">H", pdu.data[:2])[0] if len(pdu.data) >= 2 else 0
        tap.true(length + 2 <= max(2, len(pdu.data)), f"SenseLength {length} in {pdu!r}")
        self._finish(pdu, scsi.sense_code(pdu.data[2 : 2 + length]))

    def _finish(self, pdu, sense):
        self.result = Result(pdu, bytes(self.data), sense)
