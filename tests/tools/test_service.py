#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tgtd under a service manager: ready, reloaded, alive, started again; its targets configuration; its settings in a file."""

import os
import signal
import socket
import stat
import sys
import time

import bed
from bed import tap
from folder import Folder, end, until
from manager import Manager

import env as iscsi

IQN = bed.IQN


class Bed(Folder):
    """Also a stand-in for tgtctl, a shell script that says what was asked of it."""

    def open(self):
        super().open()
        self.managers = []

    def manager(self):
        self.managers.append(Manager(self))
        return self.managers[-1]

    def stand_in(self, script):
        """env for a daemon whose configuration is applied by this script."""
        with open(self.path("apply"), "w") as file:
            file.write(f"#!/bin/sh\necho \"$*\" >> {self.path('applied')}\n{script}\n")
        os.chmod(self.path("apply"), 0o755)
        if os.path.exists(self.path("applied")):
            os.unlink(self.path("applied"))
        return {"TGTCTL": self.path("apply")}

    def applied(self):
        """What the stand-in was asked."""
        try:
            with open(self.path("applied")) as file:
                return file.read().splitlines()
        except FileNotFoundError:
            return []

    def config(self):
        return ("--config", self.path("targets.conf"))

    def connect(self, port):
        return socket.create_connection(("127.0.0.1", port), timeout=10 * tap.slowness())

    def initiator(self, port):
        return iscsi.Connection(bed.daemon.Portal("127.0.0.1", port, 1))

    def port(self):
        return self.portals()[0]["port"]

    def cleanup(self):
        super().cleanup()
        while self.managers:
            self.managers.pop().close()


# What the manager is told ---------------------------------------------------------------------


def test_says_ready_status_and_stopping(f):
    m = f.manager()
    process = m.start("-f", *f.arguments())
    m.ready()
    m.wait_for("STATUS", "0 targets, 0 LUNs, 0 sessions")
    ready = next(message for message in m.said if "READY" in message)
    tap.equal(ready["MAINPID"], str(process.pid), "MAINPID")
    tap.equal(m.end(), 0, "exit status")
    tap.equal([k for k in m.keys() if k in ("READY", "STOPPING")], ["READY", "STOPPING"], "order")


def test_status_follows_what_is_served(f):
    m = f.manager()
    m.start("-f", *f.arguments())
    m.ready()
    f.ctl("target", "create", IQN)
    f.ctl("lun", "create", f"{IQN}/1", "--bs", "mem", "--opt", "size=1M")
    f.ctl("system", "offline")
    m.wait_for("STATUS", "1 target, 1 LUN, 0 sessions; offline")
    tap.equal(m.end(), 0, "exit status")


def test_a_daemon_says_its_own_number(f):
    m = f.manager()
    m.start(*f.arguments(), "--pid-file", f.path("pid"))
    m.ready()
    with open(f.path("pid")) as file:
        pid = int(file.read())
    f.pids.append(pid)
    tap.equal(next(s["MAINPID"] for s in m.said if "MAINPID" in s), str(pid), "MAINPID")
    os.kill(pid, signal.SIGTERM)
    until(lambda: not os.path.exists(f.path("pid")), "the pid file is left")
    m.wait_for("STOPPING", "1")


def test_watchdog(f):
    m = f.manager()
    m.start("-f", *f.arguments(), "-t", "2", env={"WATCHDOG_USEC": "400000"})
    m.wait_for("WATCHDOG", "1", 5)
    tap.equal(m.end(), 0, "exit status")


def test_watchdog_of_another_process(f):
    m = f.manager()
    m.start("-f", *f.arguments(), env={"WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"})
    m.ready()
    time.sleep(0.1)
    tap.equal(m.end(), 0, "exit status")
    tap.true("WATCHDOG" not in m.keys(), f"it said {m.said}")


def test_manager_that_does_not_listen(f):
    """What it is told is lost, and nothing waits for it."""
    m = f.manager()
    m.start("-f", *f.arguments(), env={"WATCHDOG_USEC": "4000"})
    until(lambda: f.ctl("system", "show").returncode == 0, "it does not answer")
    time.sleep(0.5)
    started = time.monotonic()
    tap.equal(f.ctl("system", "show").returncode, 0, "status of system show")
    tap.true(time.monotonic() - started < 2 * tap.slowness(), "the main loop waits for the manager")
    tap.equal(m.end(), 0, "exit status")


def test_protected_from_the_oom_killer(f):
    process = f.start("-f", *f.arguments())
    with open(f"/proc/{process.pid}/oom_score_adj") as file:
        score = int(file.read())
    try:
        with open("/proc/self/oom_score_adj", "r+") as own:
            before = own.read()
            own.write("-1000")
            own.seek(0)
            own.write(before)
    except OSError as error:
        tap.skip(f"oom_score_adj is not ours to lower: {error.strerror}")
    tap.equal(score, -1000, "oom_score_adj")
    tap.equal(end(process), 0, "exit status")


# Sockets that stay ----------------------------------------------------------------------------


def test_socket_of_a_portal_that_is_refused_is_not_kept(f):
    m = f.manager()
    m.start("-f", *f.arguments(), "--stop-timeout", "0")
    m.ready()
    m.wait(lambda: m.store, "no descriptor came")
    before = [name for name, _ in m.store]
    with socket.create_server(("127.0.0.1", 0)) as free:
        place = f"127.0.0.1:{free.getsockname()[1]}"
    adding = f.ctl_start("portal", "add", place, "--opt", "announce=a b")
    tap.equal(adding.wait(10 * tap.slowness()), 2, "exit status")
    while m.listen():
        pass
    tap.equal([name for name, _ in m.store], before, "descriptors that are kept")
    tap.equal(m.end(), 0, "exit status")


def test_sockets_are_kept(f):
    m = f.manager()
    m.start("-f", *f.arguments())
    m.ready()
    m.wait(lambda: m.store, "no descriptor came")
    name, fd = m.store[0]
    tap.equal(name, "iscsi@127.0.0.1_0", "name of the descriptor")
    tap.true(stat.S_ISSOCK(os.fstat(fd).st_mode), "it is no socket")
    tap.equal(socket.socket(fileno=os.dup(fd)).getsockname()[1], f.port(), "port")
    tap.equal(m.end(), 0, "exit status")
    tap.equal(len(m.store), 1, "descriptors after the end")


def test_connection_waits_for_the_next_daemon(f):
    """Started again: the port is the same, and who connected meanwhile logs in to the new daemon."""
    m = f.manager()
    m.start("-f", *f.arguments())
    m.ready()
    m.wait(lambda: m.store, "no descriptor came")
    port = f.port()
    tap.equal(m.end(), 0, "exit status of the first")
    queued = f.initiator(port)
    m.start("-f", *f.arguments())
    m.ready(2)
    tap.equal(f.port(), port, "port of the second")
    for words in (("target", "create", IQN), ("acl", "add", IQN, "all")):
        tap.equal(f.ctl(*words).returncode, 0, f"status of {words}")
    iscsi.Login(queued).run(iscsi.names(IQN))
    tap.equal(bed.json.loads(f.ctl("--format", "json", "system", "show").stdout)["sessions"], 1, "sessions")
    queued.close()
    tap.equal(m.end(), 0, "exit status of the second")


def test_socket_of_a_unit_fits_by_its_address(f):
    """As a socket unit hands it over: under a name of its own."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    m = f.manager()
    m.start("-f", *f.arguments()[:-1], f"portal=127.0.0.1:{port}", fds=[("tgtd.socket", listener.fileno())])
    m.ready()
    listener.close()
    f.connect(port).close()
    tap.equal(m.end(), 0, "exit status")


def test_portal_that_is_deleted_is_forgotten(f):
    m = f.manager()
    m.start("-f", *f.arguments())
    m.ready()
    m.wait(lambda: m.store, "no descriptor came")
    tap.equal(f.ctl("portal", "delete", f"127.0.0.1:{f.port()}").returncode, 0, "status of portal delete")
    m.wait(lambda: not m.store, "the descriptor is kept")
    tap.equal(m.end(), 0, "exit status")


def test_portal_that_nobody_wants_any_more(f):
    """The socket listens no more, although the manager has it still when the next daemon begins."""
    m = f.manager()
    m.start("-f", *f.arguments())
    m.ready()
    m.wait(lambda: m.store, "no descriptor came")
    port = f.port()
    tap.equal(m.end(), 0, "exit status of the first")
    m.start("-f", *f.arguments()[:-1], "portal=[::1]:0")
    m.wait(lambda: [name for name, _ in m.store] == ["iscsi@[__1]_0"], "the old descriptor is kept")
    m.ready(2)
    try:
        f.connect(port).close()
        tap.fail("the old portal still listens")
    except ConnectionRefusedError:
        pass
    tap.equal(m.end(), 0, "exit status of the second")


def test_another_address_at_the_same_port(f):
    """The socket for all addresses is in the way of one for a single address."""
    m = f.manager()
    probe = socket.create_server(("127.0.0.1", 0))
    port = probe.getsockname()[1]
    probe.close()
    m.start("-f", *f.arguments()[:-1], f"portal=0.0.0.0:{port}")
    m.ready()
    m.wait(lambda: m.store, "no descriptor came")
    tap.equal(m.end(), 0, "exit status of the first")
    m.start("-f", *f.arguments()[:-1], f"portal=127.0.0.1:{port}")
    m.ready(2)
    f.connect(port).close()
    tap.equal(m.end(), 0, "exit status of the second")


def test_descriptor_that_does_not_listen(f):
    m = f.manager()
    with open("/dev/null") as null:
        m.start("-f", *f.arguments(), fds=[("iscsi@127.0.0.1_0", null.fileno())])
    m.ready()
    tap.true("is no socket that listens" in m.log(), m.log())
    tap.equal(m.end(), 0, "exit status")


# The targets configuration --------------------------------------------------------------------


def test_configuration_comes_before_ready(f):
    m = f.manager()
    m.start("-f", *f.arguments(), *f.config(), env=f.stand_in(
        f"{f.tgtctl} --socket \"$2\" target create {IQN}; echo changed something"))
    m.ready()
    tap.equal(f.applied(), [f"--socket {f.path('control')} config apply --leave-out {f.path('targets.conf')}"], "how it was called")
    tap.equal(f.ctl("target", "show", IQN).returncode, 0, "status of target show")
    tap.equal(m.end(), 0, "exit status")


def test_nobody_is_let_in_before_it_is_applied(f):
    """An initiator that connects meanwhile waits; it is not told that its target is unknown."""
    m = f.manager()
    m.start("-f", *f.arguments(), *f.config(), env=f.stand_in(f"""
        while ! [ -e {f.path('go')} ]; do sleep 0.02; done
        {f.tgtctl} --socket "$2" target create {IQN}
        {f.tgtctl} --socket "$2" acl add {IQN} all"""))
    until(lambda: f.applied() and f.ctl("portal", "list").returncode == 0, "the daemon does not answer")
    connection = f.initiator(f.port())
    login = iscsi.Login(connection)
    connection.send(login.request(iscsi.names(IQN)))
    time.sleep(0.2)
    tap.true("READY" not in m.keys(), "it said that it is ready")
    with open(f.path("go"), "w"):
        pass
    tap.equal(login.response().status_class, 0, "status of the login")
    connection.close()
    m.ready()
    tap.equal(m.end(), 0, "exit status")
    os.unlink(f.path("go"))


def test_configuration_that_is_held_back_in_part_is_applied(f):
    m = f.manager()
    m.start("-f", *f.arguments(), *f.config(), env=f.stand_in("exit 8"))
    m.ready()
    tap.equal(m.end(), 0, "exit status")


@tap.cases(says=("echo 'targets.conf:3: no such option' >&2; exit 7", "targets.conf has not been applied: targets.conf:3: no such option"),
           silent=("exit 7", "tgtctl ended with status 7"), killed=("kill -9 $$", "tgtctl was ended by signal 9"))
def test_configuration_that_cannot_be_applied(f, script, words):
    done = f.run("-f", *f.arguments(), *f.config(), status=1, env=f.stand_in(script))
    tap.true(words in done.stderr.splitlines()[-1], done.stderr)
    tap.true(not os.path.exists(f.path("control")), "the control socket is left")


def test_configuration_that_cannot_be_applied_under_a_parent_that_ignores_children(f):
    done = bed.run("env", "--ignore-signal=CHLD", f.tgtd, "-f", *f.arguments(), *f.config(), status=1, env=f.stand_in("exit 7"))
    tap.true("tgtctl ended with status 7" in done.stderr, done.stderr)


def test_tgtctl_that_is_not_there(f):
    done = f.run("-f", *f.arguments(), *f.config(), status=1, env={"TGTCTL": f.path("none")})
    tap.true("has not been applied" in done.stderr and f.path("none") in done.stderr, done.stderr)


def test_failure_reaches_who_started_a_daemon(f):
    done = f.run(*f.arguments(), *f.config(), status=1, env=f.stand_in("echo broken >&2; exit 7"))
    tap.true("broken" in done.stderr, done.stderr)


def test_end_while_it_is_applied(f):
    m = f.manager()
    m.start("-f", *f.arguments(), *f.config(), env=f.stand_in("exec sleep 60"))
    until(f.applied, "nothing is applied")
    tap.equal(m.end(), 0, "exit status")
    tap.true("READY" not in m.keys(), f"it said {m.said}")


def test_hangup_applies_it_again(f):
    m = f.manager()
    process = m.start("-f", *f.arguments(), *f.config(), env=f.stand_in(
        f"[ $(wc -l < {f.path('applied')}) = 1 ] || {f.tgtctl} --socket \"$2\" target create {IQN}"))
    m.ready()
    process.send_signal(signal.SIGHUP)
    m.ready(2)
    tap.equal([k for k in m.keys() if k in ("READY", "RELOADING")], ["READY", "RELOADING", "READY"], "order")
    tap.equal(f.ctl("target", "show", IQN).returncode, 0, "status of target show")
    tap.equal(m.end(), 0, "exit status")


def test_hangup_of_what_cannot_be_applied(f):
    """It goes on with what it has."""
    m = f.manager()
    process = m.start("-f", *f.arguments(), *f.config(), env=f.stand_in(
        f"[ $(wc -l < {f.path('applied')}) = 1 ] || {{ echo wrong >&2; exit 7; }}"))
    m.ready()
    process.send_signal(signal.SIGHUP)
    m.ready(2)
    tap.true("error: " in m.log() and "wrong; the targets are as far as it came" in m.log(), m.log())
    tap.equal(f.ctl("system", "show").returncode, 0, "status of system show")
    tap.equal(m.end(), 0, "exit status")


def test_hangup_while_it_is_applied(f):
    m = f.manager()
    process = m.start("-f", *f.arguments(), *f.config(), env=f.stand_in(
        f"while ! [ -e {f.path('go')} ]; do sleep 0.02; done"))
    until(f.applied, "nothing is applied")
    process.send_signal(signal.SIGHUP)
    time.sleep(0.1)
    with open(f.path("go"), "w"):
        pass
    m.ready(2)
    os.unlink(f.path("go"))
    tap.equal(len(f.applied()), 2, "times applied")
    tap.equal(m.end(), 0, "exit status")


def test_hangup_without_a_configuration(f):
    m = f.manager()
    process = m.start("-f", *f.arguments())
    m.ready()
    process.send_signal(signal.SIGHUP)
    m.ready(2)
    tap.true("there is nothing to be applied again" in m.log(), m.log())
    tap.equal(m.end(), 0, "exit status")


if __name__ == "__main__":
    sys.exit(tap.main(globals(), Bed(), sys.argv[1:]))
