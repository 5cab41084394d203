# SPDX-License-Identifier: LGPL-2.1-or-later
"""An iSNS server that does what a test says: honest answers, or anything but."""

import socket
import struct
import threading

import bed

REGISTER, QUERY, DEREGISTER, SCN_REGISTER, SCN, ESI = 1, 2, 4, 5, 8, 13
RESPONSE = 0x8000
F_SERVER, F_AUTH, F_REPLACE, F_LAST, F_FIRST = 0x4000, 0x2000, 0x1000, 0x0800, 0x0400
EID, PERIOD, ADDRESS, PORT, ESI_PORT, SCN_PORT, NAME, NODE_TYPE, ALIAS, PG_TAG = 1, 6, 16, 17, 20, 23, 32, 33, 34, 51
INITIATOR = struct.pack(">I", 2)


def tlv(tag, value=b"", length=None):
    """An attribute, padded; `length`: the one that it claims to have."""
    value += b"\0" * (-len(value) % 4)
    return struct.pack(">II", tag, len(value) if length is None else length) + value


def text(tag, value):
    return tlv(tag, (value if isinstance(value, bytes) else value.encode()) + b"\0")


def pdu(function, xid, payload, *, flags=F_SERVER | F_FIRST | F_LAST, version=1, length=None, sequence=0):
    return struct.pack(">HHHHHH", version, function, len(payload) if length is None else length, flags, xid,
                       sequence) + payload


def attributes(payload):
    """[(tag, value)] of a body without a status."""
    found = []
    while len(payload) >= 8:
        tag, length = struct.unpack_from(">II", payload)
        found.append((tag, payload[8:8 + length]))
        payload = payload[8 + length:]
    return found


def read(connection, count):
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data


class Question:
    """A message of the client."""

    def __init__(self, connection):
        _, self.function, length, self.flags, self.xid, _ = struct.unpack(">6H", read(connection, 12))
        self.attributes = attributes(read(connection, length))

    def values(self, tag):
        return [value for t, value in self.attributes if t == tag]

    def answer(self, payload=b"", status=0, **changes):
        """The bytes of an answer; **changes: of its header."""
        changes = {"function": self.function | RESPONSE, "xid": self.xid, **changes}
        return pdu(payload=struct.pack(">I", status) + payload, **changes)


class Fake:
    """Calls `behave(server, connection, question)` for each question, which sends what it likes."""

    def __init__(self, address="127.0.0.1", behave=None):
        self.behave = behave or honest
        self.questions = []
        self.connections = 0
        self.open = []
        self.socket = socket.create_server((address, 0), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
        self.address, self.port = self.socket.getsockname()[:2]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            self.open.append(connection)
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        try:
            while True:
                question = Question(connection)
                self.questions.append(question)
                self.behave(self, connection, question)
        except (EOFError, OSError):
            pass
        finally:
            connection.close()

    def close(self):
        # The thread has to be out of accept() before the descriptor may become another server's
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # closed before
        self.thread.join()
        self.socket.close()
        for connection in self.open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def asked(self, function):
        """Questions of this kind so far."""
        return [q for q in self.questions if q.function == function]

    def wait_asked(self, function, count=1):
        return bed.wait_for(lambda: len(self.asked(function)) >= count and self.asked(function)[-1], f"question {function}")


def honest(server, connection, question):
    """Takes everything; nobody is in any domain. To who asks for portals, it has those that were registered."""
    payload = b""
    if question.function == REGISTER:
        payload = text(EID, "entity") + tlv(PERIOD, struct.pack(">I", 600))
    if question.function == QUERY and question.values(ADDRESS):
        payload = b"".join(tlv(ADDRESS, a) for q in server.asked(REGISTER)[:1] for a in q.values(ADDRESS))
    connection.sendall(question.answer(payload))
