# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program on a terminal of its own: what it draws, what it does with keys, and what it leaves behind."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

import tap

ENTER, LEAVE = "\033[?1049h", "\033[?1049l"


class Terminal:
    """Runs a command; `text` is all that it has written so far."""

    def __init__(self, *command, columns=120, lines=24):
        self.master, self.slave = pty.openpty()
        self.resize(columns, lines)
        self.before = termios.tcgetattr(self.slave)
        self.text = ""
        self.process = subprocess.Popen(command, stdin=self.slave, stdout=self.slave, stderr=subprocess.PIPE, text=True)

    def resize(self, columns, lines):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def type(self, keys):
        os.write(self.master, keys.encode())

    def _read(self, seconds):
        if select.select([self.master], [], [], seconds)[0]:
            self.text += os.read(self.master, 65536).decode(errors="replace")

    def until(self, words, start=0):
        """Read until `words` stand behind position `start`; the position behind them."""
        end = time.monotonic() + 20 * tap.slowness()
        while words not in self.text[start:]:
            tap.true(time.monotonic() < end, f"no '{words}' in {self.text[start:]!r}")
            self._read(0.2)
        return self.text.index(words, start) + len(words)

    def until_raw(self):
        """It has taken the terminal over."""
        self.until(ENTER)
        end = time.monotonic() + 20 * tap.slowness()
        while termios.tcgetattr(self.slave)[3] & termios.ICANON:
            tap.true(time.monotonic() < end, "the terminal still waits for lines")

    def wait(self):
        """Its exit status."""
        status = self.process.wait(20 * tap.slowness())
        self._read(0)
        return status

    def is_restored(self):
        return termios.tcgetattr(self.slave) == self.before

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        self.process.stderr.close()
        os.close(self.master)
        os.close(self.slave)
