#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the linker sees:  test_symbols.py BUILD-DIRECTORY

No plugin needs a symbol of ours and none exports more than its descriptor; the daemon exports nothing. The identity survives strip.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import tap  # noqa: E402

BUILD = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
# One of these is not meant to have a descriptor, the other is no plugin at all.
ODD = {"no-descriptor.so", "plain.so"}


def nm(*arguments):
    if not shutil.which("nm"):
        tap.skip_all("nm is not installed")
    done = subprocess.run(["nm", "--format=posix", *map(str, arguments)], capture_output=True, text=True, check=True)
    return {line.split()[0].split("@")[0] for line in done.stdout.splitlines() if len(line.split()) > 1}


def plugins():
    """All plugins of this build; those of the tests, too. Elsewhere are libraries that are no plugins."""
    found = [p for top in ("plugins", "tests/lib", "tests/abi") for p in (BUILD / top).rglob("*.so") if p.is_file()]
    tap.true(len(found) > 10, f"only {len(found)} plugins under {BUILD}")
    return found


def ours():
    """Everything that the daemon defines."""
    return {name for name in nm("--defined-only", BUILD / "core/libcore.a") if not name.endswith(":")}


def test_plugins_need_nothing_of_ours():
    names = ours()
    tap.true("plugin_use" in names, "the symbols of the daemon were not found")
    for plugin in plugins():
        wanted = nm("--dynamic", "--undefined-only", plugin)
        tap.equal({n for n in wanted if n in names or n.startswith("tgt_")}, set(), f"undefined symbols of {plugin.name}")


def test_plugins_export_their_descriptor_only():
    for plugin in plugins():
        exported = nm("--dynamic", "--defined-only", plugin) - {"_init", "_fini", "plain_answer"}
        exported = {name for name in exported if not name.startswith("__odr_asan")}
        tap.equal(exported, set() if plugin.name in ODD else {"tgt_plugin"}, f"exported symbols of {plugin.name}")


def test_daemon_exports_nothing():
    daemon = BUILD / "core/tgtd"
    if not daemon.exists():
        tap.skip("tgtd is not built")
    names = ours()
    tap.equal({n for n in nm("--dynamic", "--defined-only", daemon) if n in names}, set(), "symbols that tgtd exports")


def section(path):
    with tempfile.TemporaryDirectory() as directory:
        out = os.path.join(directory, "section")
        subprocess.run(["objcopy", "-O", "binary", "--only-section=.tgt.plugin", str(path), out], check=True)
        return pathlib.Path(out).read_bytes() if os.path.exists(out) else b""


@tap.cases(
    strip=("strip", "-o"),
    strip_unneeded=("strip", "--strip-unneeded", "-o"),
    strip_all=("strip", "--strip-all", "-o"),
)
def test_identity_survives(*command):
    good = BUILD / "tests/abi/plugins/good.so"
    if not shutil.which("objcopy"):
        tap.skip("objcopy is not installed")
    with tempfile.TemporaryDirectory() as directory:
        stripped = os.path.join(directory, "good.so")
        subprocess.run([*command, stripped, str(good)], check=True)
        text = section(stripped)
    tap.true(b"\0name=good\0" in text and b"\0provides=bs:good\0" in text, f"the section is {text!r}")


def test_identity_survives_gc_sections():
    source = pathlib.Path(__file__).resolve().parent / "plugins/store.c"
    if not shutil.which("gcc") or not shutil.which("objcopy"):
        tap.skip("gcc or objcopy is not installed")
    with tempfile.TemporaryDirectory() as directory:
        out = os.path.join(directory, "gc.so")
        command = [
            "gcc", "-O2", "-fPIC", "-shared", "-fvisibility=hidden", "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections",
            f"-I{source.parents[3] / 'include'}", '-DNAME="gc"', "-o", out, str(source),
        ]  # fmt: skip
        subprocess.run(command, check=True)
        text = section(out)
    tap.true(b"\0name=gc\0" in text, f"the section is {text!r}")


if __name__ == "__main__":
    sys.exit(tap.main(globals()))
