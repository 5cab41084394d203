#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run a scenario of the real Linux initiator against tgtd and print TAP:  run.py SCENARIO [OUTDIR]

The initiator is in a User-Mode Linux guest, the daemon runs natively; both ends of the link between
them are in a network namespace that reaches nothing else. The scenario prints one TAP line per
step; the last test, that the daemon ended well, is added here. OUTDIR keeps what the guest left.
"""

import os
import re
import select
import shutil
import signal
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "lib")]

import daemon  # noqa: E402
import guest  # noqa: E402
import tap  # noqa: E402

IQN = "iqn.2024-01.org.example:vm"
INITIATOR = "iqn.2000-01.test.guest:initiator"  # as in build-image
SIZE = 256 << 20
IMAGE_VARIABLE = "TGT_VM_IMAGE"
LIMIT_SECONDS = 300
PLAN = re.compile(r"^1\.\.(\d+)$")
TAP_LINE = re.compile(r"^(ok|not ok|#|Bail out!)")


class Target:
    """The daemon of a run, which can die and come back with the same disk and identity."""

    def __init__(self, folder):
        self.disk = os.path.join(folder, "disk.img")
        self.state = os.path.join(folder, "state")
        os.mkdir(self.state, 0o700)
        with open(self.disk, "wb") as file:
            file.truncate(SIZE)
        self.daemon = None
        self.there = None
        self.start()

    def start(self):
        portal = f"{guest.HOST_ADDRESS}:3260"
        self.daemon = daemon.Daemon(portals=(portal,), args=("--state-dir", self.state)).start()
        # An initiator that comes back before the disk is there would take its writes for lost.
        self.daemon.ctl("system", "offline")
        self.daemon.create_target(IQN)
        self.daemon.create_lun(IQN, 1, "rdwr", (
            "--path", self.disk, "--thin", "--vendor", "TGT-TEST", "--product", "VM-DISK",
            "--serial", "vm-serial-1"))  # fmt: skip
        self.daemon.ctl("system", "ready")

    def signal(self, number):
        self.daemon.process.send_signal(number)

    def account(self, *words):
        self.daemon.ctl("account", *words)

    def make_account(self, name, target, *how):
        secret = self.daemon.path("secret")
        with open(secret, "w") as file:
            file.write(f"secret-of-{name}")
        self.account("create", name, "--password-file", secret)
        self.account("bind", name, target, *how)
        self.account("bind", name, "--discovery", *how)

    def lock(self):
        """Sessions and discovery are for joe, and the strongest algorithm is wanted."""
        self.daemon.set_target(IQN, chap_weakest="SHA3-256")
        self.make_account("joe", IQN)

    def lock_both_ways(self):
        self.make_account("disk", IQN, "--outgoing")

    def map(self, *words):
        self.daemon.ctl("acl", "map", IQN, INITIATOR, 1, "--as", 5, *words)

    def move(self, reason):
        """The target is served by another daemon, and this one says so."""
        if not self.there:
            self.there = daemon.Daemon(portals=(f"{guest.HOST_ADDRESS}:3261",)).start()
            self.there.create_target(IQN)
            self.there.create_lun(IQN, 1, "mem", size="64M")
        self.daemon.set_target(IQN, RedirectAddress=guest.HOST_ADDRESS, RedirectPort=3261, RedirectReason=reason)

    def move_back(self):
        self.daemon.set_target(IQN, RedirectAddress="")
        self.there.stop()

    def ask_to_go(self, *words):
        """The initiator must log out by itself."""
        count = self.daemon.ctl_json(*words, "--deadline", 30)
        if (count["asked"], count["dropped"]) != (1, 0):
            raise daemon.DaemonError(f"{words}: {count}")

    def obey(self, verb):
        """Do what the scenario asks for; the answer to it."""
        verbs = {
            "kill": self.daemon.kill,
            "stop": self.daemon.stop,
            "start": self.start,
            "drain": lambda: self.ask_to_go("system", "drain"),
            "undrain": lambda: self.daemon.ctl("system", "undrain"),
            "ask-logout": lambda: self.ask_to_go("session", "logout", "--initiator", INITIATOR),
            "drop": lambda: self.daemon.ctl("session", "kill", "--initiator", INITIATOR),
            "stall": lambda: self.signal(signal.SIGSTOP),
            "resume": lambda: self.signal(signal.SIGCONT),
            "lock": self.lock,
            "lock-both-ways": self.lock_both_ways,
            "map": self.map,
            "map-read-only": lambda: self.map("--read-only"),
            "unmap": lambda: self.daemon.ctl("acl", "unmap", IQN, INITIATOR),
            "move": lambda: self.move("Temporary"),
            "move-for-ever": lambda: self.move("Permanent"),
            "move-back": self.move_back,
        }
        try:
            verbs[verb]()
        except (daemon.DaemonError, KeyError) as error:
            return f"{verb}: {error!r}"
        return "ok"


class Run:
    """Pass the guest's TAP on and add the test of the daemon's end."""

    def __init__(self, machine, target):
        self.machine = machine
        self.target = target
        self.planned = 0

    def show(self, line):
        plan = PLAN.match(line)
        if plan:
            self.planned = int(plan.group(1))
            line = f"1..{self.planned + 1}"
        print(line if plan or TAP_LINE.match(line) else f"# console: {line}", flush=True)

    def follow(self, deadline):
        """Until the guest has ended; False if it had to be stopped."""
        while time.monotonic() < deadline:
            select.select([self.machine.process.stdout], [], [], 0.1)
            lines = self.machine.lines()
            if lines is None:
                return True
            for line in lines:
                self.show(line)
            verb = self.machine.request()
            if verb:
                self.machine.answer(self.target.obey(verb))
        return False

    def last_test(self):
        """The daemon must still run, and end without complaint."""
        problem = None
        try:
            self.target.daemon.stop()
        except daemon.DaemonError as error:
            problem = str(error)
        print(f"{'not ok' if problem else 'ok'} {self.planned + 1} - daemon-ends-cleanly")
        if problem:
            print("# " + problem.replace("\n", "\n# "))
        return problem is None


def run(scenario, folder, out):
    guest.make_link()
    target = Target(folder)
    machine = guest.Guest(os.environ[IMAGE_VARIABLE], scenario, out)
    state = Run(machine, target)
    try:
        ended = state.follow(time.monotonic() + LIMIT_SECONDS * tap.slowness())
        if not ended or machine.status() is None:
            print(f"Bail out! {'the guest died' if ended else 'the guest does not end'}, log:\n# "
                  + target.daemon.log_text().replace("\n", "\n# "))
            return 1
        return 0 if state.last_test() and machine.status() == 0 else 1
    finally:
        machine.end()
        target.daemon.kill()


def prepare():
    """Whatever needs the network or can be a reason to skip, before the namespace is entered."""
    daemon.binary("TGTD")
    reason = guest.obstacle()
    if reason:
        tap.skip_all(reason)
    os.environ[IMAGE_VARIABLE] = guest.build_image()
    guest.enter_netns([sys.executable, *sys.argv])


def main():
    if not guest.in_netns():
        try:
            prepare()
        except tap.SkipAll as reason:
            print(f"1..0 # SKIP {reason}")
            return 0
    scenario, *out = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="tgt-vm.") as folder:
        share = os.path.join(folder, "out")
        os.mkdir(share)
        try:
            return run(scenario, folder, share)
        finally:
            for keep in out:
                shutil.copytree(share, keep, dirs_exist_ok=True)


if __name__ == "__main__":
    sys.exit(main())
