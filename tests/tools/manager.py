# SPDX-License-Identifier: LGPL-2.1-or-later
"""A service manager as far as a daemon sees one: it is told things, keeps descriptors, starts the daemon again with them."""

import os
import socket
import subprocess
import time

from bed import tap


class Manager:
    def __init__(self, folder):
        self.folder = folder
        self.path = folder.path("notify")
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(0.05)
        self.said = []  # dictionaries, in order
        self.store = []  # (name, descriptor)
        self.process = None

    def start(self, *args, fds=None, env=None):
        """Start tgtd; the descriptors of the store, or `fds`, are handed over as systemd does."""
        fds = self.store if fds is None else fds
        environment = {**os.environ, "NOTIFY_SOCKET": self.path, **(env or {})}
        if fds:
            environment.update(LISTEN_FDS=str(len(fds)), LISTEN_FDNAMES=":".join(name for name, _ in fds))
        # The shell becomes the daemon: only then is its number known. Descriptors are taken out of the way before they
        # come to where they belong, so that none covers another.
        moves = [f"{100 + i}<&{fd}" for i, (_, fd) in enumerate(fds)]
        moves += [f"{3 + i}<&{100 + i} {100 + i}<&-" for i in range(len(fds))]
        script = f'export LISTEN_PID=$$; exec "$@" {" ".join(moves)}'
        with open(self.folder.path("log"), "ab") as log:
            self.process = subprocess.Popen(["/bin/bash", "-c", script, "bash", self.folder.tgtd, *args],
                                            env=environment, pass_fds=[fd for _, fd in fds], stderr=log)
        self.folder.running.append(self.process)
        return self.process

    def log(self):
        with open(self.folder.path("log")) as log:
            return log.read()

    def listen(self):
        """Take what has been said; False: nothing more for the moment."""
        try:
            data, fds, _, _ = socket.recv_fds(self.socket, 8192, 16)
        except TimeoutError:
            return False
        message = dict(line.split("=", 1) for line in data.decode().splitlines())
        self.said.append(message)
        if "FDSTORE" in message:
            self.store += [(message["FDNAME"], fd) for fd in fds]
        if "FDSTOREREMOVE" in message:
            for name, fd in [one for one in self.store if one[0] == message["FDNAME"]]:
                self.store.remove((name, fd))
                os.close(fd)
        return True

    def wait(self, condition, what):
        """Until what was said fulfils the condition."""
        end = time.monotonic() + 10 * tap.slowness()
        while not condition():
            self.listen()
            tap.true(time.monotonic() < end, f"{what}; it said {self.said}; log: {self.log()}")

    def wait_for(self, key, value, count=1):
        self.wait(lambda: [m.get(key) for m in self.said].count(value) >= count, f"waited for {key}={value}")

    def ready(self, count=1):
        self.wait_for("READY", "1", count)

    def end(self):
        """Exit status after SIGTERM; what it says on the way is taken."""
        self.process.terminate()
        end = time.monotonic() + 10 * tap.slowness()
        while self.process.poll() is None:
            self.listen()
            tap.true(time.monotonic() < end, f"it does not end; log: {self.log()}")
        while self.listen():
            pass
        return self.process.returncode

    def keys(self):
        return [key for message in self.said for key in message]

    def close(self):
        self.socket.close()
        for _, fd in self.store:
            os.close(fd)
        self.store = []
