#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How tgtd ends: signals, and what is under way by then."""

import os
import signal
import sys
import time

import bed
from bed import tap
from folder import Folder, end, until


@tap.cases(terminate=signal.SIGTERM, interrupt=signal.SIGINT)
def test_signals_end_it_cleanly(f, number):
    process = f.start("-f", *f.arguments())
    tap.equal(end(process, number), 0, "exit status")
    tap.true(not os.path.exists(f.path("control")) and not os.path.exists(f.path("control-ro")), "a socket is left")


def test_broken_pipe_does_not_end_it(f):
    process = f.start("-f", *f.arguments())
    process.send_signal(signal.SIGPIPE)
    time.sleep(0.1)
    tap.equal(f.ctl("system", "show").returncode, 0, "status of system show")
    tap.equal(end(process), 0, "exit status")


def test_ends_with_targets_and_logical_units(f):
    process = f.start("-f", *f.arguments())
    for number in range(1, 6):
        f.ctl("target", "create", f"iqn.2024-01.org.example:{number}")
        done = f.ctl("lun", "create", f"@{number}/1", "--bs", "mem", "--opt", "size=1M")
        tap.equal(done.returncode, 0, done.stderr)
    tap.equal(end(process), 0, "exit status")


# What is under way when it ends ---------------------------------------------------------------


class Store:
    """A store that writes down when it is opened and closed, and waits there as long as it is held."""

    def __init__(self, f):
        self.journal, self.hold_file = f.path("journal"), f.path("hold")
        self.release()
        if os.path.exists(self.journal):
            os.unlink(self.journal)
        f.ctl("target", "create", bed.IQN)
        self.words = ("lun", "create", f"{bed.IQN}/1", "--bs", "fault", "--opt", "size=1M",
                      "--opt", f"journal={self.journal}", "--opt", f"hold={self.hold_file}")

    def hold(self):
        with open(self.hold_file, "w"):
            pass

    def release(self):
        if os.path.exists(self.hold_file):
            os.unlink(self.hold_file)

    def steps(self):
        try:
            with open(self.journal) as file:
                return file.read().split()
        except FileNotFoundError:
            return []

    def wait(self, step):
        until(lambda: step in self.steps(), f"'{step}' is not in the journal of the store")


def held_lun(f):
    """A LUN, the closing of whose store will wait."""
    store = Store(f)
    tap.equal(f.ctl(*store.words).returncode, 0, "status of lun create")
    store.hold()
    return store


def end_released(f, process, store):
    """SIGTERM; the store may go on when the daemon has had time to end without it."""
    process.terminate()
    until(lambda: not os.path.exists(f.path("control")), "the control socket is still there")
    time.sleep(0.2)
    store.release()
    tap.equal(end(process), 0, "exit status")


def test_store_of_a_deletion_under_way_is_closed(f):
    process = f.start("-f", *f.arguments())
    store = held_lun(f)
    f.ctl_start("lun", "delete", f"{bed.IQN}/1")
    store.wait("closing")
    end_released(f, process, store)
    tap.equal(store.steps(), ["opening", "open", "closing", "closed"], "journal of the store")


def test_store_of_a_creation_under_way_is_closed(f):
    process = f.start("-f", *f.arguments())
    store = Store(f)
    store.hold()
    f.ctl_start(*store.words)
    store.wait("opening")
    end_released(f, process, store)
    tap.equal(store.steps(), ["opening", "open", "closing", "closed"], "journal of the store")


def test_command_under_way_is_answered(f):
    process = f.start("-f", *f.arguments())
    store = held_lun(f)
    deletion = f.ctl_start("lun", "delete", f"{bed.IQN}/1")
    store.wait("closing")
    end_released(f, process, store)
    tap.equal(deletion.wait(), 0, "status of lun delete")


def test_no_other_daemon_starts_before_the_end(f):
    process = f.start("-f", *f.arguments(), "--pid-file", f.path("pid"))
    store = held_lun(f)
    process.terminate()
    store.wait("closing")
    done = f.run("-f", *f.arguments(), status=1)
    tap.true("not yet at its end" in done.stderr, done.stderr)
    tap.true(os.path.exists(f.path("pid")), "the pid file went before the end")
    store.release()
    tap.equal(end(process), 0, "exit status")
    tap.true(not os.path.exists(f.path("pid")), "the pid file is left")


def test_another_daemon_starts_after_shutdown(f):
    """One command after the other, as in a script: the store is closed when the first has ended."""
    first = f.start("-f", *f.arguments())
    store = held_lun(f)
    shutdown = f.ctl_start("system", "shutdown")
    store.wait("closing")
    time.sleep(0.1)
    tap.equal(shutdown.poll(), None, "status of system shutdown while the store is open")
    store.release()
    tap.equal(shutdown.wait(10 * tap.slowness()), 0, "status of system shutdown")
    tap.equal(store.steps()[-1], "closed", "the journal after system shutdown")
    second = f.start("-f", *f.arguments())
    tap.equal(end(first), 0, "exit status of the first")
    tap.equal(f.ctl("system", "show").returncode, 0, "status of system show")
    tap.equal(end(second), 0, "exit status of the second")


def test_socket_of_another_daemon_stays(f):
    """Somebody has cleared the folder, and the next daemon lives in it by now."""
    first = f.start("-f", *f.arguments())
    for name in ("control", "control-ro", "control.lock"):
        os.unlink(f.path(name))
    second = f.start("-f", *f.arguments())
    tap.equal(end(first), 0, "exit status of the first")
    tap.equal(f.ctl("system", "show").returncode, 0, "status of system show")
    tap.true(os.path.exists(f.path("control-ro")), "the read-only socket is gone")
    tap.equal(end(second), 0, "exit status of the second")


if __name__ == "__main__":
    sys.exit(tap.main(globals(), Folder(), sys.argv[1:]))
