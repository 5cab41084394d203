#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`tgtctl serve`: new images, several images, read-only, what it prints, how it ends."""

import os
import shutil
import socket
import sys
import tempfile

import beds
from beds import MIB, Serve, require, run, tap


class Folder:
    """A folder for the images of a test; what a test leaves running is ended after it."""

    def open(self):
        beds.daemon.binary("TGTCTL")

    def __init__(self):
        self.running = []
        self.folder = tempfile.mkdtemp(prefix="tgt-serve.")

    def path(self, name):
        return os.path.join(self.folder, name)

    def image(self, name, size=8 * MIB):
        beds.make_image(self.path(name), size)
        return self.path(name)

    def serve(self, *arguments, **options):
        serve = Serve(*arguments, **options)
        self.running.append(serve)
        return serve

    def cleanup(self):
        while self.running:
            serve = self.running.pop()
            if serve.process.poll() is None:
                serve.kill()

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def size_of(url):
    require("iscsi-readcapacity16", "libiscsi-bin")
    return int(run("iscsi-readcapacity16", "--size", url).strip())


def connects(url):
    address, port = url.split("/")[2].rsplit(":", 1)
    try:
        socket.create_connection((address, int(port)), 2).close()
    except OSError:
        return False
    return True


def test_existing_image_keeps_its_size(f):
    serve = f.serve(f.image("a.img", 8 * MIB))
    tap.equal(size_of(serve.urls[0]), 8 * MIB, "size")


def test_new_image_is_made_sparse(f):
    path = f.path("new.img")
    serve = f.serve(path, "--size", "1G")
    tap.equal(os.stat(path).st_size, 1 << 30, "size of the file")
    tap.true(os.stat(path).st_blocks * 512 < MIB, "the file is not sparse")
    tap.equal(size_of(serve.urls[0]), 1 << 30, "size of the disk")


def test_several_images(f):
    sizes = [4 * MIB, 8 * MIB, 12 * MIB]
    images = [f.image(f"{size}.img", size) for size in sizes]
    serve = f.serve(*images, n_urls=3)
    tap.equal(sorted(map(size_of, serve.urls)), sizes, "sizes")


def test_read_only_refuses_writes(f):
    require("qemu-io", "qemu-utils")
    image = f.image("ro.img")
    before = beds.contents(image)
    serve = f.serve("--read-only", image)
    run("qemu-io", "-r", "-f", "raw", "-c", "read 0 64k", serve.urls[0])
    run("qemu-io", "-f", "raw", "-c", "write -P 1 0 64k", serve.urls[0], status=1)
    tap.true(beds.contents(image) == before, "the image has changed")


def test_says_what_to_type(f):
    serve = f.serve(f.image("a.img"))
    for word in ("iscsiadm", "Windows", "qemu"):
        tap.true(word.lower() in serve.output.lower(), f"no '{word}' in:\n{serve.output}")


def test_interrupt_ends_it_cleanly(f):
    serve = f.serve(f.image("a.img"))
    tap.true(connects(serve.urls[0]), "no one listens while it runs")
    tap.equal(serve.interrupt(), 0, "exit status")
    tap.true(not connects(serve.urls[0]), "someone still listens")


def test_image_in_a_missing_folder_is_refused(f):
    tgtctl = beds.daemon.binary("TGTCTL")
    missing = f.path("no/such/a.img")
    done = beds.subprocess.run([tgtctl, "serve", missing, "--portal", "127.0.0.1:0"], text=True,
                               capture_output=True, timeout=20 * tap.slowness(), check=False)
    tap.true(done.returncode != 0, "it is accepted")
    tap.true("a.img" in done.stderr, f"the message does not name the file: {done.stderr}")


if __name__ == "__main__":
    sys.exit(tap.main(globals(), Folder(), sys.argv[1:]))
