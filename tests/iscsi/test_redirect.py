#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Logins that are sent elsewhere (RFC 7143 sections 11.13.5 and 13.8), by the admin's word or a program's."""

import os
import sys
import time

import env
from env import tap
from login import SECURITY, names, status_of
from session import Session

MOVED, MOVED_FOR_EVER, FORBIDDEN, TARGET_ERROR = "0101", "0102", "0202", "0300"
MOVING = "iqn.2024-01.org.example:moving"
KEYS = ("RedirectAddress", "RedirectCallback", "RedirectReason=Temporary", "RedirectPort=3260")
PER_THREAD = 4


def moving(e, acl=("all",), **values):
    """A target with these redirections and no others."""
    if MOVING not in [t["name"] for t in e.daemon.ctl_json("target", "list")]:
        env.make_target(e.daemon, MOVING, acl=acl)
    e.daemon.ctl("target", "set", MOVING, *(k if "=" in k else k + "=" for k in KEYS))
    e.daemon.set_target(MOVING, **values)


def script(e, text, name="callback"):
    """A program; sets it as callback and returns its path."""
    path = e.daemon.path(name)
    with open(path, "w") as file:
        file.write("#!/bin/sh\n" + text + "\n")
    os.chmod(path, 0o755)
    moving(e, RedirectCallback=path)
    return path


def answered(e, login=None, **options):
    """The status of a login, and what it says besides; the target closes behind it."""
    login = login or e.begin()
    response = login.exchange(names(MOVING), **options)
    login.connection.expect_silent_close()
    return status_of(response), response.text


def moved(status, address):
    return status, [("TargetAddress", address)]


def is_let_in(e):
    e.login(MOVING).clear_attention()


def said(e, text):
    env.eventually(lambda: text in e.daemon.log_text(), f"'{text}' in the log")


# By the admin's word ------------------------------------------------------------------------


@tap.cases(v4="192.0.2.9", name="san-2.example.org", v6="2001:db8::9", brackets="[2001:db8::9]")
def test_address(e, address):
    moving(e, RedirectAddress=address)
    shown = "[2001:db8::9]" if ":" in address else address
    tap.equal(answered(e), moved(MOVED, f"{shown}:3260"), "answer")


def test_port_and_reason(e):
    moving(e, RedirectAddress="192.0.2.9", RedirectPort=860, RedirectReason="Permanent")
    tap.equal(answered(e), moved(MOVED_FOR_EVER, "192.0.2.9:860"), "answer")


def test_no_longer(e):
    moving(e, RedirectAddress="192.0.2.9")
    e.daemon.set_target(MOVING, RedirectAddress="")
    is_let_in(e)


def test_who_comes_from_there_is_let_in(e):
    moving(e, RedirectAddress="127.0.0.1")
    is_let_in(e)


def test_before_identity_is_proved(e):
    moving(e, RedirectAddress="192.0.2.9")
    login = e.begin()
    response = login.exchange([*names(MOVING), ("AuthMethod", "KRB5")], csg=SECURITY, nsg=1)
    tap.equal((status_of(response), response.text), moved(MOVED, "192.0.2.9:3260"), "answer")


def test_access_is_judged_first(e):
    moving(e, RedirectAddress="192.0.2.9")
    e.daemon.ctl("acl", "delete", MOVING, "all")
    try:
        tap.equal(answered(e), (FORBIDDEN, []), "answer")
    finally:
        e.daemon.ctl("acl", "add", MOVING, "all")


def test_discovery_shows_it_here(e):
    moving(e, RedirectAddress="192.0.2.9")
    pairs = e.discover().text([("SendTargets", MOVING)])
    tap.equal(pairs, [("TargetName", MOVING), ("TargetAddress", f"127.0.0.1:{e.portal.port},1")], "answer")


@tap.cases(blank="a b", v6="2001:db8::x", slash="iscsi://192.0.2.9")
def test_bad_address(e, address):
    moving(e, RedirectAddress=address)
    tap.equal(answered(e), (TARGET_ERROR, []), "answer")
    said(e, f"cannot be redirected to '{address}'")


# By a program -------------------------------------------------------------------------------


def test_arguments(e):
    """No shell is between; words of the callback come first."""
    path = script(e, f'printf "%s\\n" "$@" > {e.daemon.path("arguments")}; echo 192.0.2.1:3260:Temporary')
    moving(e, RedirectCallback=f"{path}  -x $(touch /nowhere) ;")
    tap.equal(answered(e), moved(MOVED, "192.0.2.1:3260"), "answer")
    with open(e.daemon.path("arguments")) as file:
        tap.equal(file.read().split("\n")[:-1], ["-x", "$(touch", "/nowhere)", ";", MOVING, "127.0.0.1"], "arguments")


@tap.cases(v4=(MOVED, "192.0.2.1:3260", "192.0.2.1:3260:Temporary"),
           v6=(MOVED_FOR_EVER, "[2001:db8::1]:860", "[2001:db8::1]:860:Permanent"),
           name=(MOVED, "san.example.org:1", "san.example.org:1:Temporary"))
def test_answers(e, status, address, output):
    script(e, f"echo '{output}'")
    tap.equal(answered(e), moved(status, address), "answer")


@tap.cases(nothing="true", own="echo 127.0.0.1:3260:Temporary")
def test_login_here(e, text):
    script(e, text)
    is_let_in(e)


def test_login_in_several_steps(e):
    """The program is asked once; the stages go on behind it."""
    count = e.daemon.path("count")
    script(e, f"echo x >> {count}")
    session = e.keep(Session.login(e.portal, MOVING, security=True))
    session.clear_attention()
    with open(count) as file:
        tap.equal(file.read(), "x\n", "how often it was asked")


@tap.cases(status=("exit 3", "it ended with status 3"), signal=("kill -9 $$", "it ended by signal 9"),
           words=("echo 192.0.2.1", "writes something else"), reason=("echo 192.0.2.1:1:Sometimes", "something else"),
           port=("echo 192.0.2.1:x:Temporary", "port 'x'"), address=("echo 'a b:1:Temporary'", "'a b' port '1'"),
           endless=("yes 192.0.2.1:1:Temporary | head -c 1000000", "something else"))
def test_it_fails(e, text, why):
    script(e, text)
    tap.equal(answered(e), (TARGET_ERROR, []), "answer")
    said(e, why)


def test_it_is_not_there(e):
    moving(e, RedirectCallback="/nowhere/callback")
    tap.equal(answered(e), (TARGET_ERROR, []), "answer")
    said(e, "RedirectCallback /nowhere/callback: it cannot be run: No such file")


def test_it_hangs(e):
    """It is killed with all that it has started, and meanwhile others are served."""
    pids = e.daemon.path("pids")
    script(e, f"sleep 1000 & echo $$ $! > {pids}; wait")
    login = e.begin()
    login.connection.send(login.request(names(MOVING)))
    env.eventually(lambda: os.path.exists(pids) and os.path.getsize(pids), "the program")
    for _ in range(4):
        e.serves_newcomer()
    response = login.response()
    tap.equal(status_of(response), TARGET_ERROR, "status")
    gone(pids)


def gone(pids):
    with open(pids) as file:
        for pid in file.read().split():
            env.eventually(lambda p=pid: not runs(p), f"the end of process {pid}")


def runs(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_the_initiator_goes_away(e):
    """Nobody waits for the program any more: it ends at once."""
    pids = e.daemon.path("lonely")
    script(e, f"echo $$ > {pids}; exec sleep 1000")
    login = e.begin()
    login.connection.send(login.request(names(MOVING)))
    env.eventually(lambda: os.path.exists(pids) and os.path.getsize(pids), "the program")
    login.connection.reset()
    gone(pids)


def test_many_at_once(e):
    """So many programs at one time, and no more; all logins are answered."""
    folder = e.daemon.path("running")
    os.makedirs(folder, exist_ok=True)
    script(e, f"cd {folder}; touch $$.run; ls *.run | wc -l >> counts; sleep 0.2; rm $$.run; echo 192.0.2.1:1:Temporary")
    logins = [e.begin() for _ in range(PER_THREAD * e.daemon.threads * 2)]
    for login in logins:
        login.connection.send(login.request(names(MOVING)))
    for login in logins:
        tap.equal(status_of(login.response()), MOVED, "status")
    with open(os.path.join(folder, "counts")) as file:
        most = max(int(line) for line in file)
    tap.true(most <= PER_THREAD * e.daemon.threads, f"{most} programs at one time")


def test_the_daemon_ends_meanwhile(e):
    daemon, portal = e.another_daemon()
    pids = daemon.path("pids")
    path = daemon.path("callback")
    with open(path, "w") as file:
        file.write(f"#!/bin/sh\necho $$ > {pids}; exec sleep 1000\n")
    os.chmod(path, 0o755)
    daemon.set_target(env.TARGET, RedirectCallback=path)
    login = env.Login(e.keep(env.Connection(portal)))
    login.connection.send(login.request(names(env.TARGET)))
    env.eventually(lambda: os.path.exists(pids) and os.path.getsize(pids), "the program")
    with open(pids) as file:
        pid = file.read().strip()
    start = time.monotonic()
    e.finish_daemon(daemon)
    tap.true(time.monotonic() - start < 4 * tap.slowness(), "the end of the daemon took long")
    tap.true(not runs(pid), "the program runs on")


if __name__ == "__main__":
    sys.exit(env.main(globals(), args=("--debug", "1")))  # refusals are logged beyond the limit, too
