# SPDX-License-Identifier: LGPL-2.1-or-later
"""The login phase of an initiator (RFC 7143 section 6.3): step by step, or all at once."""

import itertools
import os

import tap
from pdu import Flag, Op, Pdu, text_data

INITIATOR = "iqn.2024-01.org.example:raw-initiator"
SECURITY, OPERATIONAL, FULL_FEATURE = 0, 1, 3

# RFC 7143 section 13, the values that hold where nothing was negotiated
DEFAULTS = {
    "HeaderDigest": "None",
    "DataDigest": "None",
    "MaxConnections": "1",
    "InitialR2T": "Yes",
    "ImmediateData": "Yes",
    "MaxRecvDataSegmentLength": "8192",
    "MaxBurstLength": "262144",
    "FirstBurstLength": "65536",
    "DefaultTime2Wait": "2",
    "DefaultTime2Retain": "20",
    "MaxOutstandingR2T": "1",
    "DataPDUInOrder": "Yes",
    "DataSequenceInOrder": "Yes",
    "ErrorRecoveryLevel": "0",
}

# Keys that are declared, so that nothing is to be answered when the target sends one
DECLARATIVE = {
    "TargetAlias",
    "TargetPortalGroupTag",
    "TargetAddress",
    "MaxRecvDataSegmentLength",
    "X#NodeArchitecture",
}

MOST_EXCHANGES = 20

_qualifiers = itertools.count(1)
_RUN = os.urandom(3)


def fresh_isid():
    """An ISID of the random format that no other session of this run has."""
    return b"\x80" + _RUN + (next(_qualifiers) & 0xFFFF).to_bytes(2, "big")


class LoginFailed(Exception):
    """The target ended the login; the response says why."""

    def __init__(self, response):
        super().__init__(f"login status {status_of(response)}")
        self.response = response
        self.status = status_of(response)


def status_of(response):
    """Status class and detail as four digits, e.g. "0207"."""
    return f"{response.status_class:02x}{response.status_detail:02x}"


class Login:
    """The login phase on one connection."""

    def __init__(self, connection, *, isid=None, tsih=0, cid=0, cmdsn=1, itt=0x10):
        self.connection = connection
        self.isid = isid or fresh_isid()
        self.tsih = tsih
        self.cid = cid
        self.cmdsn = cmdsn
        self.itt = itt
        self.responses = []

    # Step by step ---------------------------------------------------------------------------

    def request(self, pairs=(), *, csg=OPERATIONAL, nsg=FULL_FEATURE, transit=True, more=False,
                **changes):
        """A Login Request; pairs are keys and values, or the bytes of the data segment."""
        flags = csg << 2 | (nsg if transit else 0)
        flags |= (Flag.TRANSIT if transit else 0) | (Flag.CONTINUE if more else 0)
        data = pairs if isinstance(pairs, bytes) else text_data(pairs)
        pdu = Pdu(Op.LOGIN, immediate=True, flags=flags, isid=self.isid, tsih=self.tsih,
                  itt=self.itt, cid=self.cid, cmdsn=self.cmdsn, data=data,
                  expstatsn=self.connection.numbers.statsn or 0)
        for name, value in changes.items():
            setattr(pdu, name, value)
        return pdu

    def exchange(self, pairs=(), **options):
        """Send a request and return the response, whatever its status."""
        self.connection.send(self.request(pairs, **options))
        return self.response()

    def response(self):
        response = self.connection.recv()
        tap.equal(response.opcode, Op.LOGIN_RESPONSE, f"opcode of {response!r}")
        self.responses.append(response)
        return response

    def refused(self, pairs=(), status=None, **options):
        """The target must refuse this request by a Login Response and then close."""
        response = self.exchange(pairs, **options)
        tap.true(response.status_class != 0, f"the login was not refused: {response!r}")
        if status:
            allowed = (status,) if isinstance(status, str) else status
            tap.within(status_of(response), allowed, "login status")
        self.connection.expect_silent_close()
        return response

    # All at once ----------------------------------------------------------------------------

    def run(self, pairs, *, security=False):
        """Log in with these keys; returns what the target sent as a list of (key, value)."""
        answers = []
        if security:
            auth = [p for p in pairs if p[0] == "AuthMethod"] or [("AuthMethod", "None")]
            names = [p for p in pairs if p[0] in ("InitiatorName", "TargetName", "SessionType")]
            answers += self.stage(names + auth, csg=SECURITY, nsg=OPERATIONAL)
            pairs = [p for p in pairs if p not in names + auth]
        answers += self.stage(pairs, csg=OPERATIONAL, nsg=FULL_FEATURE)
        return answers

    def stage(self, pairs, csg, nsg):
        """One stage up to the target's consent to leave it; the keys of the target."""
        offered = {key for key, _ in pairs}
        answers = []
        for _ in range(MOST_EXCHANGES):
            text, response = self._whole_exchange(pairs, csg=csg, nsg=nsg)
            answers += text
            if response.flags & Flag.TRANSIT:
                tap.equal(response.flags & 3, nsg, "NSG in the response")
                return answers
            pairs = [(k, v) for k, v in text if k not in offered and k not in DECLARATIVE]
        tap.fail(f"the login did not end in {MOST_EXCHANGES} exchanges")

    def _whole_exchange(self, pairs, **options):
        """One request and its response, which may come in several pieces (C bit)."""
        data = b""
        response = self._granted(self.exchange(pairs, **options))
        while response.flags & Flag.CONTINUE:
            tap.true(not response.flags & Flag.TRANSIT, "C and T are both set in a response")
            tap.true(len(response.data) > 0, "an empty response with the C bit")
            data += response.data
            response = self._granted(self.exchange(transit=False, csg=options["csg"]))
        response.data = data + response.data
        return response.text, response

    def _granted(self, response):
        if response.status_class:
            raise LoginFailed(response)
        tap.equal(response.itt, self.itt, "ITT of the Login Response")
        tap.equal(response.isid, self.isid, "ISID of the Login Response")
        tap.equal(response.expcmdsn, self.cmdsn, "ExpCmdSN of the Login Response")
        return response


def names(target=None, initiator=INITIATOR):
    """The keys that every first request has: a Normal session, or Discovery without a target."""
    kind = [("SessionType", "Normal"), ("TargetName", target)] if target else [
        ("SessionType", "Discovery")
    ]
    return [("InitiatorName", initiator), *kind]
