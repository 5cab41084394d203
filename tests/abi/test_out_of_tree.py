#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A plugin made elsewhere:  test_out_of_tree.py BUILD-DIRECTORY USE-STORE

The example is built with nothing but the installed headers and pkg-config, in a directory of its own, and loads from there. A plugin that
was built with the first ABI and kept as a binary still loads.
"""

import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))

import tap  # noqa: E402

BUILD, USE_STORE = sys.argv[1:3]


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    tap.equal(done.returncode, 0, f"exit status of {' '.join(command[:4])}: {done.stdout[-800:]}{done.stderr[-800:]}")
    return done.stdout.strip()


class Place:
    """A DESTDIR with what a -dev package holds, and a copy of the example beside it."""

    def open(self):
        for program in ("meson", "make", "cc", "pkg-config"):
            if not shutil.which(program):
                tap.skip_all(f"{program} is not installed")
        self.directory = tempfile.mkdtemp(prefix="tgt-dev-")
        os.chmod(self.directory, 0o755)
        self.root = os.path.join(self.directory, "root")
        run("meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", self.root, "--tags", "devel")
        pc = list(pathlib.Path(self.root).rglob("tgt-plugin.pc"))
        tap.equal(len(pc), 1, "number of tgt-plugin.pc files installed")
        self.env = {
            **{k: v for k, v in os.environ.items() if k not in ("CFLAGS", "CPPFLAGS", "LDFLAGS", "MAKEFLAGS")},
            "PKG_CONFIG_LIBDIR": str(pc[0].parent),
            "PKG_CONFIG_SYSROOT_DIR": self.root,
            "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1",
        }
        self.example = os.path.join(self.directory, "ram-disk")
        shutil.copytree(HERE.parents[1] / "examples/ram-disk", self.example)

    def pkg_config(self, *arguments):
        return run("pkg-config", *arguments, "tgt-plugin", env=self.env)

    def make(self, *arguments):
        run("make", "-s", "-C", self.example, *arguments, env=self.env)

    def close(self):
        shutil.rmtree(self.directory)


def test_pkg_config_knows_the_plugin_directory(place):
    tap.true(place.pkg_config("--variable=plugindir").endswith("/tgt/plugins"), "plugindir")


def test_pkg_config_knows_the_abi(place):
    tap.equal(place.pkg_config("--variable=abi_major"), "1", "abi_major")
    tap.equal(place.pkg_config("--variable=abi_minor"), "1", "abi_minor")


def test_pkg_config_links_nothing(place):
    tap.equal(place.pkg_config("--libs"), "", "Libs")


def test_example_builds_without_a_warning(place):
    place.make("clean")
    place.make("CFLAGS=-O2 -Wall -Wextra -Wno-unused-parameter -Werror")


def test_example_loads_from_another_directory(place):
    place.make()
    run(USE_STORE, place.example, "ram-disk", "size=1M")


def test_example_installs_into_the_plugin_directory(place):
    plugindir = place.pkg_config("--variable=plugindir")
    place.make("install", f"DESTDIR={place.directory}/stage", f"PLUGINDIR={plugindir}")
    run(USE_STORE, f"{place.directory}/stage{plugindir}", "ram-disk", "size=256K")


def test_example_refuses_a_wrong_option(place):
    place.make()
    done = subprocess.run([USE_STORE, place.example, "ram-disk", "sise=1M"], capture_output=True, text=True, check=False)
    tap.equal(done.returncode, 1, "exit status")
    tap.equal(done.stderr, "there is no parameter sise, did you mean size?\n", "complaint")


def test_example_is_short(place):
    lines = pathlib.Path(place.example, "ram-disk.c").read_text(encoding="utf-8").count("\n")
    tap.true(lines <= 70, f"the example has {lines} lines")


def test_old_binary_of_abi_1_0(place):
    if platform.machine() != "x86_64":
        tap.skip(f"the old binary is for x86_64, this is {platform.machine()}")
    directory = os.path.join(place.directory, "old")
    os.mkdir(directory)
    shutil.copy(HERE / "old/old-store-1.0-x86_64.so", os.path.join(directory, "old-store.so"))
    run(USE_STORE, directory, "old-store", "size=1M")


if __name__ == "__main__":
    sys.exit(tap.main(globals(), Place()))
