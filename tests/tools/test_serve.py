#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`tgtctl serve`: what it says, what it leaves behind, and how it ends when things go wrong."""

import glob
import os
import signal
import socket
import sys
import time

import bed
from bed import tap

BUSY, REFUSED, USAGE = 6, 2, 1


class Folder:
    """A folder for images, another for what serve keeps; whatever runs is ended after each test."""

    def open(self):
        self.tgtctl = bed.daemon.binary("TGTCTL")
        self.folder = bed.tempfile.mkdtemp(prefix="tgt-serve.")
        self.tmp = os.path.join(self.folder, "tmp")
        os.mkdir(self.tmp)
        self.running = []

    def path(self, name):
        return os.path.join(self.folder, name)

    def image(self, name="a.img", size=1 << 20):
        with open(self.path(name), "wb") as file:
            file.truncate(size)
        return self.path(name)

    def popen(self, *args):
        process = bed.subprocess.Popen([self.tgtctl, "serve", *args], stdout=bed.subprocess.PIPE, text=True,
                                       stderr=bed.subprocess.PIPE, env={**os.environ, "TMPDIR": self.tmp})
        self.running.append(process)
        return process

    def start(self, *args):
        """A running serve and what it has printed."""
        process, text = self.popen(*args), ""
        while "Ctrl-C" not in text:
            line = process.stdout.readline()
            tap.true(line, f"serve has ended: {text}{process.stderr.read() if not line else ''}")
            text += line
        return process, text

    def refused(self, status, *args):
        return bed.run(self.tgtctl, "serve", *args, status=status, env={"TMPDIR": self.tmp}).stderr

    def child(self, process):
        """The number of the daemon's process."""
        with open(f"/proc/{process.pid}/task/{process.pid}/children") as children:
            return int(children.read().split()[0])

    def cleanup(self):
        for process in self.running:
            if process.poll() is None:
                process.terminate()
            process.wait(10 * tap.slowness())
            process.stdout.close()
            process.stderr.close()
        self.running = []
        tap.equal(os.listdir(self.tmp), [], "files that are left in the temporary directory")

    def close(self):
        bed.shutil.rmtree(self.folder, ignore_errors=True)


def gone(pid):
    limit = time.monotonic() + 10 * tap.slowness()
    while time.monotonic() < limit:
        try:
            with open(f"/proc/{pid}/stat") as stat:
                if stat.read().rsplit(")", 1)[1].split()[0] == "Z":
                    return True
        except FileNotFoundError:
            return True
        time.sleep(0.02)
    return False


def test_names_images_and_numbers(f):
    _, text = f.start(f.image("a.img"), f.image("b.img"), "--portal", "127.0.0.1:0")
    lines = text.split("\n")
    for number, name in ((1, "a.img"), (2, "b.img")):
        url, path = lines[number - 1].split("  ")
        tap.true(url.startswith("iscsi://127.0.0.1:") and url.endswith(f":disk/{number}"), url)
        tap.equal(path, f.path(name), "image")


def test_warns_if_everyone_may_connect(f):
    _, text = f.start(f.image(), "--portal", "0.0.0.0:0")
    tap.equal(text.count("Warning: everyone"), 1, text)
    process, text = f.start(f.image(), "--portal", "127.0.0.1:0")
    tap.equal(text.count("Warning"), 0, text)


@tap.cases(terminate=signal.SIGTERM, interrupt=signal.SIGINT, hangup=signal.SIGHUP)
def test_signal_ends_both(f, number):
    process, _ = f.start(f.image(), "--portal", "127.0.0.1:0")
    child = f.child(process)
    process.send_signal(number)
    tap.equal(process.wait(10 * tap.slowness()), 0, "exit status")
    tap.true(gone(child), "the daemon still runs")


def test_daemon_ends_if_serve_is_killed(f):
    process, _ = f.start(f.image(), "--portal", "127.0.0.1:0")
    child = f.child(process)
    process.kill()
    process.wait()
    tap.true(gone(child), "the daemon still runs")
    for name in os.listdir(f.tmp):
        bed.shutil.rmtree(os.path.join(f.tmp, name))


def test_death_of_the_daemon_is_said(f):
    process, _ = f.start(f.image(), "--portal", "127.0.0.1:0")
    os.kill(f.child(process), signal.SIGKILL)
    tap.equal(process.wait(10 * tap.slowness()), REFUSED, "exit status")
    tap.true("signal 9" in process.stderr.read(), "what it says")


def test_port_that_is_taken(f):
    listener = socket.create_server(("127.0.0.1", 0))
    portal = f"127.0.0.1:{listener.getsockname()[1]}"
    text = f.refused(BUSY, f.image(), "--portal", portal)
    listener.close()
    tap.true(portal in text and "--portal" in text, text)


def test_new_image_of_one_gibibyte(f):
    f.start(f.path("new.img"), "--portal", "127.0.0.1:0")
    tap.equal(os.stat(f.path("new.img")).st_size, 1 << 30, "size")


@tap.cases(
    no_image=((), USAGE, "missing"), size=(("made.img", "--size", "much"), USAGE, "--size"),
    size_zero=(("made.img", "--size", "0"), USAGE, "--size"), portal=(("made.img", "--portal", "nonsense"), REFUSED, "nonsense"),
    format=(("made.img", "--format", "json"), USAGE, "'--format' has no meaning here"), socket=(("made.img", "--socket", "/x"), USAGE, "'--socket'"),
    read_only=(("none.img", "--read-only"), REFUSED, "none.img"), folder=((".",), REFUSED, "neither a file nor"),
    empty=(("empty.img",), REFUSED, "smaller than one block"), device=(("/dev/null",), REFUSED, "neither a file nor"),
)
def test_refusals(f, args, status, words):
    f.image("a.img")
    f.image("empty.img", 0)
    done = bed.run(f.tgtctl, "serve", *args, status=status, env={"TMPDIR": f.tmp}, cwd=f.folder)
    tap.true(words in done.stderr, done.stderr)
    for name in ("none.img", "made.img"):
        tap.true(not os.path.exists(f.path(name)), "an image was made")


def test_goes_on_when_nobody_reads_its_output(f):
    process = f.popen(f.image(), "--portal", "127.0.0.1:0")
    process.stdout.close()
    limit = time.monotonic() + 10 * tap.slowness()
    while not glob.glob(os.path.join(f.tmp, "*", "state", "identities", "*")):
        tap.true(process.poll() is None and time.monotonic() < limit, "it does not serve")
        time.sleep(0.02)
    time.sleep(0.3)
    child = f.child(process)
    process.send_signal(signal.SIGINT)
    tap.equal(process.wait(10 * tap.slowness()), 0, "exit status")
    tap.true(gone(child), "the daemon still runs")


if __name__ == "__main__":
    sys.exit(tap.main(globals(), Folder(), sys.argv[1:]))
