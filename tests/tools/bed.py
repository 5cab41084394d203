# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of this folder run in: a daemon of their own, and helpers for its control socket."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "lib"), os.path.join(HERE, "..", "iscsi")]

import daemon  # noqa: E402
import tap  # noqa: E402

IQN = "iqn.2024-01.org.example:tools"


class Bed:
    """A daemon, started before the first test; what a test registers with keep() is closed after it."""

    def __init__(self, **options):
        self.options = options
        self.daemon = None
        self.opened = []
        self.folder = None

    def open(self):
        self.folder = tempfile.mkdtemp(prefix="tgt-tools.")
        self.daemon = daemon.Daemon(**self.options).start()

    def check(self):
        tap.true(self.daemon.alive(), "the daemon has died")

    def cleanup(self):
        while self.opened:
            self.opened.pop().close()

    def reopen(self):
        self.daemon.kill()
        self.daemon = daemon.Daemon(**self.options).start()

    def log(self):
        return self.daemon.log_text() if self.daemon else ""

    def close(self):
        try:
            self.daemon.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def keep(self, closable):
        self.opened.append(closable)
        return closable

    def path(self, name):
        return os.path.join(self.folder, name)

    def image(self, name="disk.img", size=64 << 20):
        with open(self.path(name), "wb") as file:
            file.truncate(size)
        return self.path(name)

    def client(self, read_only=False):
        return self.keep(Client(self.daemon.path("control-ro" if read_only else "control")))

    def ctl(self, *args, **options):
        return run(self.daemon.tgtctl, "--socket", self.daemon.path("control"), *args, **options)

    def clear(self):
        """Delete all targets."""
        for target in self.daemon.ctl_json("target", "list"):
            self.daemon.ctl("target", "delete", f"@{target['tid']}", "--force")


class Client:
    """A connection to a control socket that says exactly what it is told to."""

    def __init__(self, path, timeout=10):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)  # waits while the queue of the listener is full
        self.socket.settimeout(timeout * tap.slowness())
        self.lines = self.socket.makefile("rb")
        self.last_id = 0

    def close(self):
        self.lines.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data.encode() if isinstance(data, str) else data)

    def receive(self):
        """The next line as an object; None at the end."""
        line = self.lines.readline()
        return json.loads(line) if line else None

    def ask(self, line):
        """Send a line, return the answer."""
        self.send(line if isinstance(line, bytes) else line + "\n")
        return self.receive()

    def call(self, method, **params):
        """A proper call; the whole answer."""
        self.last_id += 1
        answer = self.ask(json.dumps({"jsonrpc": "2.0", "id": self.last_id, "method": method,
                                      "params": params}))
        tap.equal(answer["id"], self.last_id, "id of the answer")
        return answer

    def result(self, method, **params):
        answer = self.call(method, **params)
        tap.true("result" in answer, f"{method}: {answer}")
        return answer["result"]

    def error(self, method, **params):
        answer = self.call(method, **params)
        tap.true("error" in answer, f"{method} is not refused: {answer}")
        return answer["error"]


def run(*command, status=None, env=None, **options):
    """Run a program; its CompletedProcess with text output. With `status` it must end so."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True,
                          timeout=30 * tap.slowness(), check=False,
                          env={**os.environ, **(env or {})}, **options)
    if status is not None:
        tap.equal(done.returncode, status, f"status of {command[1:]} ({done.stdout}{done.stderr})")
    return done
