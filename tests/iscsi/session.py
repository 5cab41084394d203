# SPDX-License-Identifier: LGPL-2.1-or-later
"""A session in full feature phase: commands, task management, text, NOP, logout.

Every request can also be built by pdu() and sent by send(), wrong in any way; what comes back is
sorted by recv(): PDUs of known tasks go to their Task, all others to `others`.
"""

import time

import scsi
import tap
from connection import NUMBERED, PATIENCE, Closed, Connection, Silence
from login import DEFAULTS, INITIATOR, Login, names
from pdu import NO_TAG, Flag, Op, Pdu, text_data
from task import Task

# What this initiator offers unless a test says otherwise
OFFER = {
    "HeaderDigest": "None",
    "DataDigest": "None",
    "InitialR2T": "No",
    "ImmediateData": "Yes",
    "MaxRecvDataSegmentLength": "65536",
    "MaxBurstLength": "262144",
    "FirstBurstLength": "65536",
    "MaxOutstandingR2T": "4",
    "ErrorRecoveryLevel": "0",
}
_NUMBERS = ("MaxBurstLength", "FirstBurstLength", "MaxOutstandingR2T")


class Tmf:
    """Task management functions and responses (RFC 7143 sections 11.5.1 and 11.6.1)."""

    ABORT_TASK = 1
    ABORT_TASK_SET = 2
    CLEAR_ACA = 3
    CLEAR_TASK_SET = 4
    LU_RESET = 5
    TARGET_WARM_RESET = 6
    TARGET_COLD_RESET = 7
    TASK_REASSIGN = 8

    COMPLETE = 0
    NO_TASK = 1
    NO_LUN = 2
    STILL_ALLEGIANT = 3
    NO_REASSIGNMENT = 4
    NOT_SUPPORTED = 5
    NOT_AUTHORIZED = 6
    REJECTED = 255


class Session:
    """One session with one connection."""

    def __init__(self, connection, login, keys, offered):
        self.connection = connection
        self.isid, self.cid = login.isid, login.cid
        self.tsih = login.responses[-1].tsih
        self.keys = keys
        self.cmdsn = login.cmdsn
        self.tasks = {}
        self.others = []
        self.answer_pings = True
        self._itt = 0x1000
        self.limits = self._limits(offered)
        connection.header_digest = self.limits["HeaderDigest"] == "CRC32C"
        connection.data_digest = self.limits["DataDigest"] == "CRC32C"

    @classmethod
    def login(cls, portal, target=None, *, initiator=INITIATOR, security=False, isid=None, tsih=0,
              cid=0, cmdsn=1, statsn=None, receive_buffer=None, segment=None, keys=None, **offer):
        """Log in; offer changes the keys of OFFER (None leaves one out), keys adds others.

        Without a target it is a discovery session.  statsn is what the target shall begin with.
        """
        wanted = {**(OFFER if target else {}), **offer, **(keys or {})}
        pairs = names(target, initiator) + [(k, v) for k, v in wanted.items() if v is not None]
        connection = Connection(portal, receive_buffer=receive_buffer, segment=segment)
        connection.numbers.statsn = statsn
        login = Login(connection, isid=isid, tsih=tsih, cid=cid, cmdsn=cmdsn)
        try:
            answers = login.run(pairs, security=security)
        except BaseException:
            connection.close()
            raise
        return cls(connection, login, answers, dict(pairs))

    def _limits(self, offered):
        """The values in force, numbers as numbers; the two MaxRecvDataSegmentLengths apart."""
        answered = dict(self.keys)
        for key in ("HeaderDigest", "DataDigest"):
            tap.true(answered.get(key) != "Reject", f"{key}={offered.get(key)} was not accepted")
        answered = {k: v for k, v in answered.items() if v not in ("Irrelevant", "Reject")}
        limits = {k: answered.get(k, v) for k, v in DEFAULTS.items()}
        for key in _NUMBERS:
            limits[key] = int(limits[key], 0)
        limits["target_mrdsl"] = int(answered.get("MaxRecvDataSegmentLength", "8192"), 0)
        limits["initiator_mrdsl"] = int(offered.get("MaxRecvDataSegmentLength", "8192"), 0)
        return limits

    # Building and sending -------------------------------------------------------------------

    def next_itt(self):
        self._itt += 1
        return self._itt

    def pdu(self, opcode, *, immediate=False, **fields):
        """A request with the next ITT and CmdSN; a CmdSN is used up unless it is immediate."""
        pdu = Pdu(opcode, immediate=immediate)
        pdu.itt = fields.pop("itt", None) or self.next_itt()
        if opcode not in (Op.DATA_OUT, Op.SNACK):
            pdu.cmdsn = self.cmdsn
            if not immediate and "cmdsn" not in fields:
                self.cmdsn = (self.cmdsn + 1) % (1 << 32)
        pdu.expstatsn = self.connection.numbers.statsn or 0
        for name, value in fields.items():
            setattr(pdu, name, value)
        return pdu

    def send(self, *pdus):
        self.connection.send(*pdus)
        return pdus[0]

    def command_pdu(self, cdb, *, lun=1, read=None, write=None, attribute=0, final=True, **fields):
        """A SCSI Command; read and write are EDTLs and set the R and W bits (None: not set)."""
        flags = attribute | (Flag.FINAL if final else 0)
        flags |= (Flag.READ if read is not None else 0) | (Flag.WRITE if write is not None else 0)
        fields.setdefault("flags", flags)
        fields.setdefault("edtl", write if write is not None else read or 0)
        return self.pdu(Op.SCSI_COMMAND, cdb=cdb, lun=lun, **fields)

    def start(self, cdb, *, data=b"", **options):
        """Send a command and return its Task; it takes no care of data."""
        pdu = self.command_pdu(cdb, **options)
        task = self.track(pdu, data)
        self.send(pdu)
        return task

    def track(self, pdu, data=b""):
        """Have the answers to this command sorted into a Task."""
        task = self.tasks[pdu.itt] = Task(pdu, self.limits, data)
        return task

    def start_write(self, cdb, data, *, lun=1, edtl=None, immediate_data=None, unsolicited=None,
                    **fields):
        """Send a write with as much unsolicited data as was negotiated, or as these say."""
        edtl = len(data) if edtl is None else edtl
        first, more = self._split_first_burst(min(len(data), edtl), immediate_data, unsolicited)
        fields = {"write": edtl, "data": data[:first], "final": not more, **fields}
        pdu = self.command_pdu(cdb, lun=lun, **fields)
        task = self.track(pdu, data)
        self.send(pdu, *self.data_out(task, first, more))
        return task

    def _split_first_burst(self, length, immediate_data, unsolicited):
        """(bytes with the command, bytes in unsolicited Data-Out)."""
        limits = self.limits
        burst = min(length, limits["FirstBurstLength"])
        if immediate_data is None:
            immediate_data = min(burst, limits["target_mrdsl"]) * (limits["ImmediateData"] == "Yes")
        if unsolicited is None:
            unsolicited = (burst - immediate_data) * (limits["InitialR2T"] == "No")
        return immediate_data, unsolicited

    def data_out(self, task, offset, length, ttt=NO_TAG, segment=None):
        """The Data-Out PDUs of one sequence, F in the last."""
        segment = segment or self.limits["target_mrdsl"]
        pdus = []
        end = offset + length
        for datasn, start in enumerate(range(offset, end, segment)):
            data = task.out[start : min(end, start + segment)]
            last = start + segment >= end
            pdus.append(self.one_data_out(task, start, data, ttt=ttt, datasn=datasn, final=last))
        return pdus

    def one_data_out(self, task, offset, data, *, ttt=NO_TAG, datasn=0, final=True, **fields):
        fields = {"itt": task.itt, "lun": task.lun, **fields}
        return self.pdu(Op.DATA_OUT, flags=Flag.FINAL if final else 0, ttt=ttt, datasn=datasn,
                        offset=offset, data=data, **fields)

    def answer_r2t(self, task, segment=None):
        """Send what the oldest R2T of the task asks for."""
        r2t = task.r2ts.pop(0)
        self.connection.send(*self.data_out(task, r2t.offset, r2t.length, r2t.ttt, segment))

    # Receiving ------------------------------------------------------------------------------

    def recv(self, timeout=PATIENCE):
        """Take one PDU and sort it; returns it."""
        pdu = self.connection.recv(timeout)
        if pdu.opcode == Op.NOP_IN and pdu.ttt != NO_TAG and self.answer_pings:
            self.answer_ping(pdu)
        elif pdu.opcode in (Op.DATA_IN, Op.R2T, Op.SCSI_RESPONSE) and pdu.itt in self.tasks:
            self.tasks[pdu.itt].handle(pdu)
        else:
            self.others.append(pdu)
        return pdu

    def answer_ping(self, ping):
        self.send(self.pdu(Op.NOP_OUT, immediate=True, itt=NO_TAG, ttt=ping.ttt, lun=ping.lun,
                           flags=Flag.FINAL))

    def until(self, condition, what, timeout=PATIENCE):
        """Receive until the condition holds; returns its value."""
        deadline = time.monotonic() + timeout * tap.slowness()
        while not (found := condition()):
            left = deadline - time.monotonic()
            try:
                self.recv(max(0, left) / tap.slowness())
            except (Silence, Closed) as error:
                tap.fail(f"waiting for {what}: {error}; besides came {self.others}")
        return found

    def listen(self, seconds):
        """Sort whatever comes during this time; the connection must live."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                self.recv(left / tap.slowness())
            except Silence:
                return

    def take(self, opcode, itt=None, timeout=PATIENCE):
        """The first PDU of this opcode (and ITT) that is no task's."""

        def found():
            for pdu in self.others:
                if pdu.opcode == opcode and itt in (None, pdu.itt):
                    self.others.remove(pdu)
                    return pdu
            return None

        return self.until(found, Op(opcode).name, timeout)

    def took(self, opcode):
        """All PDUs of this opcode that came so far; they are removed."""
        found = [p for p in self.others if p.opcode == opcode]
        self.others = [p for p in self.others if p.opcode != opcode]
        return found

    def wait(self, task, timeout=PATIENCE, segment=None):
        """Answer the task's R2Ts and return its Result."""

        def done():
            while task.r2ts:
                self.answer_r2t(task, segment)
            return task.result

        return self.until(done, repr(task), timeout)

    def wait_all(self, tasks, timeout=PATIENCE):
        return [self.wait(t, timeout) for t in tasks]

    def wait_r2t(self, task):
        """The task's first R2T that is not answered."""
        return self.until(lambda: task.r2ts and task.r2ts[0], "an R2T")

    # Whole exchanges ------------------------------------------------------------------------

    def execute(self, cdb, *, data=None, segment=None, timeout=PATIENCE, **options):
        """Run a command to its end; data makes it a write."""
        task = self.start(cdb, **options) if data is None else self.start_write(
            cdb, data, **options)  # fmt: skip
        return self.wait(task, timeout, segment)

    def read(self, lba, blocks, **options):
        options.setdefault("read", blocks * scsi.BLOCK)
        return scsi.expect_good(self.execute(scsi.read16(lba, blocks), **options)).data

    def write(self, lba, data, **options):
        cdb = scsi.write16(lba, len(data) // scsi.BLOCK)
        return scsi.expect_good(self.execute(cdb, data=data, **options))

    def test_unit_ready(self, **options):
        return self.execute(scsi.TEST_UNIT_READY, **options)

    def clear_attention(self, lun=1):
        """Run TEST UNIT READY until no unit attention is left; their sense codes."""
        seen = []
        for _ in range(10):
            result = self.test_unit_ready(lun=lun)
            if result.status == scsi.GOOD:
                return seen
            tap.equal(result.sense and result.sense[0], scsi.UNIT_ATTENTION, "sense key")
            seen.append(result.sense)
        return tap.fail(f"unit attentions without end: {seen}")

    def tmf_pdu(self, function, *, lun=1, task=None, immediate=True, **fields):
        """A task management request; task is one to abort."""
        if task is not None:
            fields = {"rtt": task.itt, **fields}
        else:
            fields.setdefault("rtt", NO_TAG)
        return self.pdu(Op.TMF, immediate=immediate, flags=Flag.FINAL | function, lun=lun, **fields)

    def tmf(self, function, **options):
        """Run a task management function; the response code."""
        timeout = options.pop("timeout", PATIENCE)
        pdu = self.send(self.tmf_pdu(function, **options))
        return self.take(Op.TMF_RESPONSE, pdu.itt, timeout).response

    def ping(self, data=b"", immediate=True, **fields):
        """NOP-Out and its NOP-In."""
        pdu = self.send(self.pdu(Op.NOP_OUT, immediate=immediate, flags=Flag.FINAL, ttt=NO_TAG,
                                 data=data, **fields))
        return self.take(Op.NOP_IN, pdu.itt)

    def text_pdu(self, pairs=(), *, final=True, more=False, ttt=NO_TAG, **fields):
        flags = (Flag.FINAL if final else 0) | (Flag.CONTINUE if more else 0)
        data = pairs if isinstance(pairs, bytes) else text_data(pairs)
        return self.pdu(Op.TEXT, flags=flags, ttt=ttt, data=data, **fields)

    def text(self, pairs):
        """Run a text exchange, in several pieces where the target so wishes; (key, value)s."""
        pdu = self.send(self.text_pdu(pairs))
        data = b""
        while True:
            response = self.take(Op.TEXT_RESPONSE, pdu.itt)
            limit = self.limits["initiator_mrdsl"]
            tap.true(len(response.data) <= limit, f"{response!r} is over our limit")
            data += response.data
            if response.final:
                tap.equal(response.ttt, NO_TAG, "TTT of the last Text Response")
                response.data = data
                return response.text
            tap.true(response.ttt != NO_TAG, "the TTT of a Text Response with F=0")
            self.send(self.text_pdu(ttt=response.ttt, itt=pdu.itt))

    def logout(self, reason=0, cid=None):
        """Log out; returns the response code once the target has closed."""
        response = self.ask_logout(reason, self.cid if cid is None else cid)
        self.connection.expect_close()
        return response.response

    def ask_logout(self, reason, cid):
        pdu = self.send(self.pdu(Op.LOGOUT, flags=Flag.FINAL | reason, cid=cid))
        return self.take(Op.LOGOUT_RESPONSE, pdu.itt)

    def reject(self, *pdus):
        """Send PDUs of which the first must be rejected; the Reject.

        The Reject must hold the header of that PDU.  Its CmdSN is not used up: it is used again.
        """
        self.send(*pdus)
        reject = self.take(Op.REJECT)
        tap.equal(reject.data[:48].hex(), pdus[0].header().hex(), "the header in the Reject")
        if pdus[0].opcode in NUMBERED and not pdus[0].immediate:
            tap.equal(reject.expcmdsn, pdus[0].cmdsn, "ExpCmdSN of the Reject")
            self.cmdsn = reject.expcmdsn
        return reject

    def close(self):
        self.connection.close()
