# SPDX-License-Identifier: LGPL-2.1-or-later
"""One TCP connection that sends any bytes and checks every PDU that comes back."""

import socket
import struct
import time

import tap
from crc32c import crc32c
from pdu import BHS_LENGTH, NO_TAG, Flag, Op, Pdu, pad4

PATIENCE = 5.0

# PDUs that carry a status and therefore advance StatSN (RFC 7143 section 4.2.2.2)
_STATUS_BEARING = {
    Op.SCSI_RESPONSE,
    Op.TMF_RESPONSE,
    Op.LOGIN_RESPONSE,
    Op.TEXT_RESPONSE,
    Op.LOGOUT_RESPONSE,
    Op.ASYNC,
    Op.REJECT,
}

# Requests that use a CmdSN unless they are immediate
NUMBERED = {Op.NOP_OUT, Op.SCSI_COMMAND, Op.TMF, Op.TEXT, Op.LOGOUT}


class Closed(Exception):
    """The target closed the connection, or reset it."""


class Silence(Exception):
    """Nothing came from the target in the time allowed."""


def serial_before(a, b):
    """a comes before b in the arithmetic of RFC 1982."""
    return a != b and (b - a) % (1 << 32) < 1 << 31


class Numbers:
    """StatSN, ExpCmdSN and MaxCmdSN as the target has sent them, with the rules they must keep."""

    def __init__(self):
        self.statsn = None  # the one expected next
        self.expcmdsn = None
        self.maxcmdsn = None

    def check(self, pdu):
        if pdu.opcode == Op.LOGIN_RESPONSE and pdu.status_class:
            return  # the numbers of a failed login are not valid
        self._check_window(pdu.expcmdsn, pdu.maxcmdsn)
        if pdu.opcode == Op.DATA_IN and not pdu.flags & Flag.STATUS:
            return
        advances = self._advances(pdu)
        if self.statsn is not None:
            tap.equal(pdu.statsn, self.statsn, f"StatSN of {pdu!r}")
        self.statsn = (pdu.statsn + advances) % (1 << 32)
        if pdu.opcode == Op.REJECT:
            self._check_reject(pdu)

    @staticmethod
    def _check_reject(reject):
        """RFC 7143 section 7.3: the CmdSN of a rejected request is not received."""
        bad = Pdu.decode(reject.data[:BHS_LENGTH])
        if bad.opcode in NUMBERED and not bad.immediate:
            before = serial_before(bad.cmdsn, reject.expcmdsn)
            tap.true(not before, f"{bad!r} was rejected and counts, ExpCmdSN {reject.expcmdsn}")

    @staticmethod
    def _advances(pdu):
        if pdu.opcode == Op.NOP_IN:
            return pdu.itt != NO_TAG
        return pdu.opcode in _STATUS_BEARING or pdu.opcode == Op.DATA_IN

    def _check_window(self, exp, highest):
        tap.true(not serial_before(highest, exp - 1), f"MaxCmdSN {highest} < ExpCmdSN {exp} - 1")
        if self.expcmdsn is not None:
            tap.true(not serial_before(exp, self.expcmdsn), f"ExpCmdSN fell to {exp}")
            tap.true(not serial_before(highest, self.maxcmdsn), f"MaxCmdSN fell to {highest}")
        self.expcmdsn, self.maxcmdsn = exp, highest


class Connection:
    """Send and receive PDUs or raw bytes; `numbers` and the digests are checked on receipt."""

    def __init__(self, portal, *, receive_buffer=None, segment=None, source=None):
        self.portal = portal
        family = socket.AF_INET6 if ":" in portal.address else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if segment:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, segment)
        if source:
            self.socket.bind((source, 0))
        self.socket.settimeout(PATIENCE * tap.slowness())
        self.socket.connect((portal.address, portal.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.numbers = Numbers()
        self.header_digest = False
        self.data_digest = False
        self.inbound = b""

    # Sending --------------------------------------------------------------------------------

    def send(self, *pdus):
        """Send these PDUs in one piece."""
        self.send_raw(b"".join(p.encode(self.header_digest, self.data_digest) for p in pdus))

    def send_raw(self, data):
        self.socket.settimeout(PATIENCE * tap.slowness())
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionError) as error:
            raise Closed(str(error)) from error
        except TimeoutError as error:
            raise Silence("the target takes no more data") from error

    def try_send(self, *pdus):
        """Send to a target that may have closed already; False if it has."""
        try:
            self.send(*pdus)
        except Closed:
            return False
        return True

    # Receiving ------------------------------------------------------------------------------

    def recv(self, timeout=PATIENCE):
        """The next PDU; raises Closed or Silence."""
        deadline = time.monotonic() + timeout * tap.slowness()
        self._fill(BHS_LENGTH, deadline)
        header_length, data_length = self._lengths()
        total = header_length + data_length
        self._fill(total, deadline)
        raw, self.inbound = self.inbound[:total], self.inbound[total:]
        pdu = self._decode(raw, header_length)
        self.numbers.check(pdu)
        return pdu

    def _lengths(self):
        lengths = struct.unpack(">I", self.inbound[4:8])[0]
        header = BHS_LENGTH + (lengths >> 24) * 4 + 4 * self.header_digest
        length = lengths & 0xFFFFFF
        data = length + pad4(length)
        return header, data + 4 * (self.data_digest and data > 0)

    def _decode(self, raw, header_length):
        header, data = raw[:header_length], raw[header_length:]
        if self.header_digest:
            header = self._strip_digest(header, "header")
        if self.data_digest and data:
            data = self._strip_digest(data, "data")
        length = int.from_bytes(header[5:8], "big")
        return Pdu.decode(header[:BHS_LENGTH], header[BHS_LENGTH:], data[:length])

    @staticmethod
    def _strip_digest(data, kind):
        body, digest = data[:-4], data[-4:]
        tap.equal(digest.hex(), crc32c(body).hex(), f"{kind} digest of a PDU from the target")
        return body

    def _fill(self, wanted, deadline):
        while len(self.inbound) < wanted:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Silence("nothing from the target in time")
            self.inbound += self._recv_some(left)

    def _recv_some(self, timeout):
        self.socket.settimeout(timeout)
        try:
            data = self.socket.recv(1 << 18)
        except TimeoutError as error:
            raise Silence("nothing from the target in time") from error
        except ConnectionError as error:
            raise Closed(str(error)) from error
        if not data:
            rest = f" after {len(self.inbound)} bytes of a PDU" if self.inbound else ""
            raise Closed("the target closed the connection" + rest)
        return data

    # The end --------------------------------------------------------------------------------

    def drain(self, timeout):
        """All PDUs until the target closes or the time is over; (PDUs, closed)."""
        deadline = time.monotonic() + timeout * tap.slowness()
        pdus = []
        while True:
            try:
                left = max(0.0, deadline - time.monotonic()) / tap.slowness()
                pdus.append(self.recv(left))
            except Closed:
                return pdus, True
            except Silence:
                return pdus, False

    def expect_close(self, timeout=PATIENCE):
        """The target must close within the time; the PDUs that came before."""
        pdus, closed = self.drain(timeout)
        tap.true(closed, f"the connection is still open after {timeout:g} s; it sent {pdus}")
        return pdus

    def expect_silent_close(self, timeout=PATIENCE):
        tap.equal(self.expect_close(timeout), [], "PDUs before the target closed")

    def expect_silence(self, seconds):
        """Nothing may come and the connection may not close."""
        pdus, closed = self.drain(seconds)
        tap.true(not closed, "the target closed the connection")
        tap.equal(pdus, [], "PDUs that should not come")

    def finish_sending(self):
        """Send FIN and go on receiving."""
        self.socket.shutdown(socket.SHUT_WR)

    def close(self):
        self.socket.close()

    def reset(self):
        """End it with a RST."""
        linger = struct.pack("ii", 1, 0)
        try:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        except OSError:
            pass  # it is closed already
        self.socket.close()
