#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tgt's management socket: who may come, what is read, and what hostile requests achieve."""

import os
import socket
import struct
import subprocess
import sys
import threading
import time

import scene
from scene import bed, tap

HEAD = struct.Struct("=II64sIiQQIiIIII")
SYSTEM, TARGET, LUN, PORTAL, LLD, SESSION, CONNECTION, ACCOUNT = range(8)
NEW, DELETE, SHOW, BIND, UNBIND, UPDATE, STAT, START, STOP = range(9)
NO_DRIVER, NO_TARGET, NO_LUN, LUN_EXISTS, NO_ACCOUNT, INVALID = 3, 4, 5, 10, 15, 17
NOWHERE = (1 << 64) - 1
SLOW = 5  # seconds that a request may take


class WireScene(scene.Scene):
    def cleanup(self):
        super().cleanup()
        self.clear()

    def connect(self):
        sock = self.keep(socket.socket(socket.AF_UNIX))
        sock.connect(os.path.join(self.sockets, "ipc.0"))
        sock.settimeout(4 * SLOW * tap.slowness())
        return sock

    def ask(self, mode, op, text="", **fields):
        """(error, text) of the answer; None if there was none."""
        sock = self.connect()
        sock.sendall(request(mode, op, text, **fields))
        return answer(sock)

    def listing(self):
        return self.ask(TARGET, SHOW)[1]


def request(mode, op, text="", *, lld=b"", length=None, tid=-1, sid=0, lun=NOWHERE, cid=0, host=0, kind=0, outgoing=0,
            force=0):
    body = text if isinstance(text, bytes) else text.encode() + (b"\0" if text else b"")
    size = HEAD.size + len(body) if length is None else length
    return HEAD.pack(mode, op, lld, size, tid, sid, lun, cid, host, kind, outgoing, 0, force) + body


def answer(sock):
    data = b""
    try:
        while piece := sock.recv(1 << 16):
            data += piece
    except ConnectionResetError:
        pass
    if not data:
        return None
    error, size = struct.unpack_from("=II", data)
    tap.equal(size, len(data), "length in the answer")
    if size > 8:
        tap.equal(data[-1], 0, "last byte of the text")
    return error, data[8:-1].decode()


def test_head_is_120_bytes(b):
    tap.equal(HEAD.size, 120, "size")
    tap.equal(b.ask(TARGET, SHOW), (0, ""), "answer without text")


def test_text_ends_with_nul(b):
    error, text = b.ask(SYSTEM, SHOW)
    tap.equal((error, text[:8], text[-1]), (0, "System:\n", "\n"), "answer with text")


def test_target_with_logical_unit(b):
    tap.equal(b.ask(TARGET, NEW, f"targetname={bed.IQN}", tid=1), (0, ""), "new target")
    tap.equal(b.ask(LUN, NEW, f"path={b.path('a.img')},bstype=rdwr", tid=1, lun=1), (0, ""), "new LUN")
    tap.equal(b.ask(LUN, UPDATE, "targetOps readonly=1,", tid=1, lun=1), (0, ""), "update")
    tap.true("Readonly: Yes" in b.listing(), b.listing())
    tap.equal(b.ask(LUN, DELETE, tid=1, lun=0), (INVALID, ""), "deletion of the controller")
    tap.equal(b.ask(TARGET, DELETE, tid=1), (0, ""), "deletion")


def test_path_with_a_comma(b):
    os.link(b.path("a.img"), b.path("a,b.img"))
    b.ask(TARGET, NEW, f"targetname={bed.IQN}", tid=1)
    tap.equal(b.ask(LUN, NEW, f"path={b.path('a,b.img')},bsoflags=sync", tid=1, lun=1), (0, ""), "new LUN")
    tap.true(f"Backing store path: {b.path('a,b.img')}\n            Backing store flags: sync\n" in b.listing(), b.listing())


@tap.cases(
    mode=dict(mode=8, op=SHOW), large_mode=dict(mode=0xffffffff, op=SHOW), op=dict(mode=TARGET, op=9),
    large_op=dict(mode=TARGET, op=0xffffffff), nothing_to_show=dict(mode=LUN, op=SHOW, tid=1),
    target_without_name=dict(mode=TARGET, op=NEW, tid=1), foreign_word=dict(mode=TARGET, op=NEW, tid=1, text="name=x"),
    update_without_value=dict(mode=TARGET, op=UPDATE, tid=1, text="state"),
    bind_to_nobody=dict(mode=TARGET, op=BIND, tid=1), bind_to_host=dict(mode=TARGET, op=BIND, tid=1, host=5),
    lun_without_number=dict(mode=LUN, op=DELETE, tid=1), portal_without_text=dict(mode=PORTAL, op=NEW),
    portal_without_portal=dict(mode=PORTAL, op=NEW, text="portalOps ,,"),
    account_without_password=dict(mode=ACCOUNT, op=NEW, text="user=a"), no_user=dict(mode=ACCOUNT, op=BIND),
    device_type=dict(mode=LUN, op=NEW, tid=1, lun=1, kind=99, text="path=/x"),
    no_text=dict(mode=TARGET, op=NEW, tid=1, text=b"targetname=\xff\xfe\0"),
    session_op=dict(mode=SESSION, op=BIND), update_of_a_flag=dict(mode=LUN, op=UPDATE, tid=1, lun=1, text="bsoflags=sync"),
)
def test_makes_no_sense(b, case):
    b.ask(TARGET, NEW, f"targetname={bed.IQN}", tid=1)
    b.ask(LUN, NEW, f"path={b.path('a.img')}", tid=1, lun=1)
    before = b.listing()
    tap.equal(b.ask(**case), (INVALID, ""), "answer")
    tap.equal(b.listing(), before, "what there is")


@tap.cases(
    driver=(dict(mode=TARGET, op=SHOW, lld=b"nope"), NO_DRIVER), long_driver=(dict(mode=TARGET, op=SHOW, lld=b"x" * 64), NO_DRIVER),
    target=(dict(mode=TARGET, op=DELETE, tid=9), NO_TARGET), no_tid=(dict(mode=TARGET, op=DELETE), NO_TARGET),
    negative_tid=(dict(mode=TARGET, op=SHOW, tid=-2), NO_TARGET), lun=(dict(mode=LUN, op=UPDATE, tid=1, lun=7), NO_LUN),
    huge_lun=(dict(mode=LUN, op=DELETE, tid=1, lun=1 << 40), INVALID), account=(dict(mode=ACCOUNT, op=DELETE, text="user=x"), NO_ACCOUNT),
    lun_0=(dict(mode=LUN, op=NEW, tid=1, lun=0, text="path=/x"), LUN_EXISTS),
)
def test_does_not_exist(b, case, error):
    b.ask(TARGET, NEW, f"targetname={bed.IQN}", tid=1)
    tap.equal(b.ask(**case), (error, ""), "answer")


@tap.cases(zero=0, less_than_the_head=119, too_long=120 + 8193, absurd=0xffffffff)
def test_length_that_cannot_be(b, length):
    tap.equal(b.ask(TARGET, SHOW, length=length), None, "answer")
    tap.equal(b.ask(TARGET, SHOW), (0, ""), "answer to the next")


def test_longest_text(b):
    error, _ = b.ask(TARGET, NEW, "targetname=" + "x" * 8180, tid=1)
    tap.equal(error, INVALID, "answer")


def test_half_a_request(b):
    sock = b.connect()
    sock.sendall(request(TARGET, SHOW)[:60])
    sock.shutdown(socket.SHUT_WR)
    tap.equal(answer(sock), None, "answer")


@tap.timeout(60)
def test_who_sends_nothing_is_let_go_and_others_are_served_meanwhile(b):
    idle = [b.connect() for _ in range(8)]
    tap.equal(b.ask(TARGET, SHOW), (0, ""), "answer to another")
    for sock in idle:
        tap.equal(answer(sock), None, "answer")


@tap.timeout(90)
def test_many_idle_ones_delay_but_do_not_stop(b):
    idle = [b.connect() for _ in range(40)]
    tap.equal(b.ask(TARGET, SHOW), (0, ""), "answer")
    for sock in idle:
        sock.close()


def test_who_reads_nothing_is_let_go(b):
    """The answer is larger than what the kernel keeps for a reader that does not read."""
    for tid in range(1, 301):
        b.ask(TARGET, NEW, f"targetname=iqn.2024-01.org.example:{tid}", tid=tid)
    deaf = b.connect()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    deaf.sendall(request(TARGET, SHOW))
    tap.equal(b.listing().count("Target "), 300, "targets in the answer to another")


def test_many_at_once(b):
    b.ask(TARGET, NEW, f"targetname={bed.IQN}", tid=1)
    answers = []
    threads = [threading.Thread(target=lambda n=n: answers.append(
        b.ask(TARGET, BIND, f"initiator-address=10.0.0.{n}", tid=1))) for n in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tap.equal(answers, [(0, "")] * 100, "answers")
    tap.equal(b.listing().count("        10.0.0."), 100, "rules")


def as_user(path, uid, gid):
    """How many bytes of an answer somebody else gets."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(gid)
            os.setuid(uid)
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(path)
                sock.sendall(request(TARGET, SHOW))
                os.write(writer, str(len(sock.recv(100))).encode())
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as pipe:
        return pipe.read()


@tap.cases(nobody=(65534, 65534), group=(0, 65534))
def test_others_are_not_served(b, uid, gid):
    if os.getuid():
        tap.skip("not root")
    path = os.path.join(b.sockets, "ipc.0")
    os.chmod(b.sockets, 0o755)
    os.chmod(path, 0o666)
    tap.within(as_user(path, uid, gid), ("0", ""), "bytes of the answer")
    tap.equal(as_user(path, 0, 0), "8", "bytes for root")


def tgtd(b, **env):
    """Try to start another daemon on the same management socket: what it says."""
    done = subprocess.run([b.daemon.tgtd, "-f", "--control", b.path("control-2"), "--state-dir", b.path("state-2")],
                          env={**b.daemon.env, **env}, text=True, capture_output=True, check=False,
                          timeout=30 * tap.slowness())
    tap.equal(done.returncode, 1, "status")
    return done.stderr


def test_socket_of_another_daemon_is_left_alone(b):
    tap.true("ipc.0: another tgtd runs and holds the lock" in tgtd(b), "what it says")
    tap.equal(b.ask(TARGET, SHOW), (0, ""), "answer of the first")


def test_path_that_is_too_long(b):
    tap.true("the path is too long" in tgtd(b, TGT_IPC_SOCKET=b.path("x" * 120)), "what it says")


@tap.timeout(60)
def test_ours_and_that_of_tgt_exclude_each_other(b):
    theirs = "/usr/sbin/tgtd"
    if not scene.has_tgt():
        tap.skip(scene.MISSING)
    prefix = b.path("both")
    env = {**os.environ, "TGT_IPC_SOCKET": prefix}
    with subprocess.Popen([theirs, "-f", "--iscsi", f"portal=127.0.0.1:{b.ports[1]}"], env=env,
                          stderr=subprocess.DEVNULL) as other:
        try:
            await_socket(f"{prefix}.0")
            tap.true("holds the lock" in tgtd(b, TGT_IPC_SOCKET=prefix), "what ours says")
        finally:
            other.kill()
    done = subprocess.run([theirs, "-f"], env={**os.environ, "TGT_IPC_SOCKET": os.path.join(b.sockets, "ipc")},
                          capture_output=True, timeout=20, check=False)
    tap.true(done.returncode != 0, "theirs has started beside ours")


def await_socket(path):
    end = time.monotonic() + 10 * tap.slowness()
    while time.monotonic() < end:
        with socket.socket(socket.AF_UNIX) as sock:
            if sock.connect_ex(path) == 0:
                return
        time.sleep(0.02)
    tap.fail(f"nobody listens at {path}")


def test_end_is_refused_while_there_is_a_target(b):
    b.ask(TARGET, NEW, f"targetname={bed.IQN}", tid=1)
    tap.equal(b.ask(SYSTEM, DELETE), (INVALID, ""), "answer")
    tap.true(b.daemon.alive(), "the daemon has ended")


def test_end_is_answered_when_the_socket_refuses(b):
    prefix = b.path("short")
    other = bed.daemon.Daemon(portals=[f"127.0.0.1:{b.ports[2]}"], env={"TGT_IPC_SOCKET": prefix}).start()
    sock = b.keep(socket.socket(socket.AF_UNIX))
    sock.connect(f"{prefix}.0")
    sock.sendall(request(SYSTEM, DELETE))
    tap.equal(answer(sock), (0, ""), "answer")
    with socket.socket(socket.AF_UNIX) as again:
        tap.true(again.connect_ex(f"{prefix}.0") != 0, "somebody still listens")
    tap.true(os.path.exists(f"{prefix}.0"), "the file is gone, which tgt's tgtadm does not understand")
    status = other.process.wait(10 * tap.slowness())
    tap.equal(status, 0, f"status of the daemon, whose log is {other.log_text()}")
    other.stop()
    bed.daemon.Daemon(portals=[f"127.0.0.1:{b.ports[2]}"], env={"TGT_IPC_SOCKET": prefix}).start().stop()


def test_end_does_not_wait_for_who_says_nothing(b):
    prefix = b.path("silent")
    other = bed.daemon.Daemon(portals=[f"127.0.0.1:{b.ports[2]}"], env={"TGT_IPC_SOCKET": prefix}).start()
    silent = [b.keep(socket.socket(socket.AF_UNIX)) for _ in range(3)]
    for sock in silent:
        sock.connect(f"{prefix}.0")
        sock.sendall(request(TARGET, SHOW)[:50])
    sock = b.keep(socket.socket(socket.AF_UNIX))
    sock.connect(f"{prefix}.0")
    sock.sendall(request(TARGET, SHOW))
    tap.equal(answer(sock), (0, ""), "answer to another")
    begin = time.monotonic()
    other.stop()
    tap.true(time.monotonic() - begin < SLOW, "it has waited")


if __name__ == "__main__":
    sys.exit(tap.main(globals(), WireScene(), sys.argv[1:]))
