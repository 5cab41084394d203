# SPDX-License-Identifier: LGPL-2.1-or-later
"""The initiator's side of CHAP (RFC 7143 12.1.3, RFC 1994), right unless a test says otherwise, and what it meets."""

import base64
import hashlib
import os
import subprocess

import env
import tap
from login import FULL_FEATURE, OPERATIONAL, SECURITY, status_of
from pdu import NO_TAG, Flag, Op, Pdu

ALGORITHMS = {5: "md5", 6: "sha1", 7: "sha256", 8: "sha3_256"}


def digest(algorithm, identifier, secret, challenge):
    data = bytes([identifier]) + secret.encode() + challenge
    return hashlib.new(ALGORITHMS[algorithm], data).digest()


def to_hex(data):
    return "0x" + data.hex()


def to_base64(data):
    return "0b" + base64.b64encode(data).decode()


class Chap:
    """The security stage of a login, exchange by exchange; `login` is a Login of which nothing has been sent."""

    def __init__(self, login, names):
        self.login = login
        self.names = names
        self.response = None

    def exchange(self, pairs=(), *, transit=False, nsg=OPERATIONAL, csg=SECURITY, **options):
        self.response = self.login.exchange(pairs, csg=csg, nsg=nsg, transit=transit, **options)
        return self.response

    @property
    def status(self):
        return status_of(self.response)

    @property
    def left(self):
        """The target let go of the security stage."""
        return self.status == "0000" and bool(self.response.flags & 0x80)

    def answer(self, key):
        return dict(self.response.text).get(key)

    def granted(self):
        tap.equal(self.status, "0000", "login status")
        return self

    def method(self, methods="CHAP,None", **options):
        self.exchange([*self.names, ("AuthMethod", methods)], **options)
        return self

    def challenge(self, algorithms="5", **options):
        """Method and algorithm; what the target sent is in algorithm, identifier, sent."""
        self.method().granted()
        tap.equal(self.answer("AuthMethod"), "CHAP", "method")
        self.exchange([("CHAP_A", algorithms)], **options)
        if self.status == "0000":
            self.take_challenge()
        return self

    def take_challenge(self):
        self.algorithm, self.identifier = int(self.answer("CHAP_A")), int(self.answer("CHAP_I"))
        self.sent = bytes.fromhex(self.answer("CHAP_C").removeprefix("0x"))

    def proof(self, user, secret, code=to_hex):
        """Name and response that go with the challenge."""
        value = digest(self.algorithm, self.identifier, secret, self.sent)
        return [("CHAP_N", user), ("CHAP_R", code(value))]

    def prove(self, user, secret, more=(), *, code=to_hex, transit=True, **options):
        self.exchange([*self.proof(user, secret, code), *more], transit=transit, **options)
        return self

    def ask(self, identifier=7, challenge=None, code=to_hex):
        """The keys that ask the target to prove who it is."""
        self.asked = os.urandom(16) if challenge is None else challenge
        self.asked_as = identifier
        return [("CHAP_I", str(identifier)), ("CHAP_C", code(self.asked))]

    def proved(self, user, secret):
        """The target has answered ask() by this name, and knows the secret."""
        tap.equal(self.answer("CHAP_N"), user, "name of the target")
        expected = digest(self.algorithm, self.asked_as, secret, self.asked)
        tap.equal(self.answer("CHAP_R"), to_hex(expected), "response of the target")


# Targets that ask ------------------------------------------------------------------------------

BOTH = "iqn.2024-01.org.example:both-ways"
LOCKED = "iqn.2024-01.org.example:locked"
STRONG = "iqn.2024-01.org.example:strong"
RELAXED = "iqn.2024-01.org.example:relaxed"
JOE, SECRET = "joe", "secret of the initiator"
DISK, DISK_SECRET = "disk", "secret of the target"
FAILED, ERROR, MISSING = "0201", "0200", "0207"
ODD_NAMES = ("0x1234", "0bABCD", "a name, with blanks = and \xfcmlaut", "x" * 255)


def account(e, *words, secret=None):
    done = subprocess.run([e.daemon.tgtctl, "--socket", e.daemon.path("control"), "account", *words],
                          input=secret, capture_output=True, text=True)
    tap.equal(done.returncode, 0, f"status of account {words}: {done.stderr}")


def setup(e):
    """A target for each way to ask; the usual one asks for nothing, as the newcomer of every test wants."""
    account(e, "create", JOE, "--password-stdin", secret=SECRET)
    account(e, "create", DISK, "--password-stdin", secret=DISK_SECRET)
    for name in ODD_NAMES:
        account(e, "create", name, "--password-stdin", secret=SECRET)
    for target in (LOCKED, BOTH, STRONG, RELAXED):
        env.make_target(e.daemon, target)
        account(e, "bind", JOE, target)
    for name in ODD_NAMES:
        account(e, "bind", name, LOCKED)
    account(e, "bind", DISK, BOTH, "--outgoing")
    account(e, "bind", DISK, RELAXED, "--outgoing")
    e.daemon.set_target(STRONG, chap_weakest="SHA256")
    e.daemon.set_target(RELAXED, chap_mutual="optional")


def begin(e, target=LOCKED):
    return Chap(e.begin(), env.names(target))


def refused(c, *statuses):
    """The login has ended, with one of these statuses and nothing said about secrets."""
    tap.within(c.status, statuses, "login status")
    tap.equal(c.response.text, [], "text of the refusal")
    c.login.connection.expect_silent_close()


def to_full_feature(c):
    """On from the operational stage; the session answers."""
    tap.true(c.left, f"the security stage was not left: {c.response!r}")
    response = c.login.exchange([], csg=OPERATIONAL, nsg=FULL_FEATURE)
    tap.equal(status_of(response), "0000", "login status")
    connection = c.login.connection
    connection.send(Pdu(Op.NOP_OUT, immediate=True, flags=Flag.FINAL, itt=9, ttt=NO_TAG, cmdsn=1))
    tap.equal(connection.recv().opcode, Op.NOP_IN, "opcode")
