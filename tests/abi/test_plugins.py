#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The whole daemon among broken plugins:  test_plugins.py PLUGIN-DIRECTORY

All of them are listed with their reasons, none of their code runs by that, and whatever one of them does when it is loaded, the
daemon goes on serving. Then a disk of a plugin that was built elsewhere.
"""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parent / "iscsi")]

import scsi  # noqa: E402
import tap  # noqa: E402
from daemon import Daemon  # noqa: E402
from session import Session  # noqa: E402

BUILT = pathlib.Path(sys.argv[1])
IQN = "iqn.2024-01.org.example:plugins"

# What the list says, by name: state and a part of the reason.
LISTED = {
    "good": ("available", None),
    "crash-constructor": ("available", None),
    "crash-load": ("available", None),
    "fail-load": ("available", None),
    "no-read": ("available", None),
    "too-old": ("foreign-abi", "is built for plugin ABI 0.9, this tgtd has 1.1: it is too old"),
    "too-new": ("foreign-abi", "needs plugin ABI 2.0, this tgtd has 1.1: it is too new"),
    "plain": ("invalid", "without the section .tgt.plugin"),
    "truncated": ("invalid", "is truncated"),
    "not-elf": ("invalid", "it is no ELF file"),
    "open": ("untrusted", "others can write the directory"),
    "arch": ("foreign-abi", "is built for"),
    "libs": ("missing-library", "needs the library libc.so.9"),
}

# What happens when one is wanted: the exit status of tgtctl and a part of what it says.
REFUSED = {
    "crash_constructor": ("crash-constructor", 9, "crashed in its constructors (signal 11"),
    "crash_load": ("crash-load", 9, "crashed in its load() (signal 11"),
    "exit_load": ("exit-load", 9, "ended the process in its load()"),
    "fail_load": ("fail-load", 9, "could not start (no device of type frob)"),
    "no_read": ("no-read", 9, "lacks the callback 'read'"),
    "too_old": ("too-old", 9, "it is too old"),
    "truncated": ("truncated", 9, "is truncated"),
    "untrusted": ("open", 9, "is not trusted"),
    "misspelt": ("goood", 4, "did you mean 'good'?"),
    "unknown": ("nothing-like-it", 4, "a plugin that provides bs:nothing-like-it is needed"),
}


class Bed:
    """A daemon that looks into two directories of odd files, one of which everybody can write."""

    daemon = None

    def open(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="tgt-abi-"))
        os.chmod(self.root, 0o755)
        self.plugins, self.untrusted = self.root / "plugins", self.root / "untrusted"
        self.marker = self.root / "marker"
        for directory in (self.plugins, self.untrusted):
            directory.mkdir(mode=0o755)
        for plugin in BUILT.glob("*.so"):
            shutil.copy(plugin, self.plugins)
        good = (BUILT / "good.so").read_bytes()
        self.put(self.plugins / "truncated.so", good[:3000])
        self.put(self.plugins / "not-elf.so", b"hello\n")
        arch, libs = good.replace(b"good", b"arch"), good.replace(b"good", b"libs")
        self.put(self.plugins / "arch.so", arch[:18] + bytes([arch[18] ^ 0x55]) + arch[19:])
        self.put(self.plugins / "libs.so", libs.replace(b"\0libc.so.6\0", b"\0libc.so.9\0"))
        self.put(self.untrusted / "open.so", good.replace(b"good", b"open"))
        os.chmod(self.untrusted, 0o777)
        args = ["--plugin-dir", str(self.plugins), "--plugin-dir", str(self.untrusted)]
        environment = {"TGT_TEST_MARKER": str(self.marker), "TGT_PLUGIN_PROBE_TIMEOUT": "2"}
        self.daemon = Daemon(args=args, env=environment).start()
        self.daemon.create_target(IQN)

    @staticmethod
    def put(path, data):
        path.write_bytes(data)
        path.chmod(0o755)

    def marks(self):
        return self.marker.read_text().split() if self.marker.exists() else []

    def log(self):
        return self.daemon.log_text() if self.daemon else ""

    def check(self):
        tap.true(self.daemon.alive(), "the daemon has died")

    def close(self):
        self.daemon.stop()
        shutil.rmtree(self.root)


def listed(bed):
    """Plugins by the name of their files."""
    return {pathlib.Path(p["file"]).stem: p for p in bed.daemon.ctl_json("plugin", "list")}


def test_list_shows_all_and_runs_none(bed):
    found = listed(bed)
    for name, (state, reason) in LISTED.items():
        tap.true(name in found, f"{name} is not listed")
        tap.equal(found[name]["state"], state, f"state of {name}")
        tap.true(reason is None or reason in (found[name].get("note") or ""), f"{name}: {found[name].get('note')}")
    tap.equal(bed.marks(), [], "plugins that ran")


def test_list_is_readable(bed):
    text = bed.daemon.ctl("plugin", "list").stdout
    for name in ("good", "crash-load", "too-old"):
        tap.true(name in text, text)
    tap.equal(bed.marks(), [], "plugins that ran")


def test_info_does_not_load(bed):
    text = bed.daemon.ctl("plugin", "info", "crash-constructor").stdout
    tap.true("A store with a fault: crash-constructor" in text, text)
    tap.equal(bed.marks(), [], "plugins that ran")


@tap.cases(**REFUSED)
def test_use_is_refused(bed, name, status, reason):
    done = bed.daemon.ctl("lun", "create", f"{IQN}/1", "--bs", name, check=False)
    tap.equal(done.returncode, status, f"exit status; it said: {done.stderr}")
    tap.true(reason in done.stderr, done.stderr)
    tap.equal(len(done.stderr.strip().splitlines()), 1, f"number of lines of {done.stderr!r}")


def test_load_hanging_is_given_up(bed):
    done = bed.daemon.ctl("plugin", "load", "hang-load", check=False)
    tap.equal(done.returncode, 9, "exit status")
    tap.true("did not come back from its load() within 2 s" in done.stderr, done.stderr)


def test_transport_that_is_broken(bed):
    done = bed.daemon.ctl("portal", "add", "127.0.0.1:0", "--transport", "no-respond", check=False)
    tap.equal(done.returncode, 9, f"exit status; it said: {done.stderr}")
    tap.true("lacks the callback 'respond'" in done.stderr, done.stderr)


def test_transport_loads_on_first_use(bed):
    bed.daemon.ctl("portal", "add", "127.0.0.1:0", "--transport", "listen")
    tap.true(any(p["transport"] == "listen" for p in bed.daemon.ctl_json("portal", "list")), "no such portal")
    tap.equal(listed(bed)["listen"]["state"], "active", "state")


class Patient:
    """A daemon that gives plugins ten minutes to load."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="tgt-abi-")
        self.marker = os.path.join(self.folder, "marker")

    def __enter__(self):
        environment = {"TGT_TEST_MARKER": self.marker, "TGT_PLUGIN_PROBE_TIMEOUT": "600"}
        self.daemon = Daemon(args=["--plugin-dir", str(BUILT)], env=environment).start()
        self.daemon.create_target(IQN)
        return self

    def __exit__(self, *_):
        self.daemon.kill()
        shutil.rmtree(self.folder)

    def client(self):
        """A connection to its control socket."""
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(10 * tap.slowness())
        client.connect(self.daemon.path("control"))
        return client

    def runs(self):
        """How often a plugin was run."""
        return len(pathlib.Path(self.marker).read_text().split()) if os.path.exists(self.marker) else 0

    def wait_for_a_run(self):
        end = time.monotonic() + 10 * tap.slowness()
        while not self.runs():
            tap.true(time.monotonic() < end, "the plugin is not tried")
            time.sleep(0.01)

    def probe(self):
        """Number of the process in which a plugin is tried."""
        pid = self.daemon.process.pid
        children = [open(f"/proc/{pid}/task/{t}/children").read().split() for t in os.listdir(f"/proc/{pid}/task")]
        return int(sum(children, [])[0])


def test_hanging_holds_nobody_up():
    wanted = [("plugin.load", {"name": "hang-load"}), ("lun.create", {"target": IQN, "lun": 1, "bs": "hang-load"}),
              ("lun.create", {"target": IQN, "lun": 2, "bs": "hang-load"}), ("plugin.list", {}),
              ("lun.create", {"target": IQN, "lun": 3, "bs": "mem", "options": ["size=1M"]})]  # fmt: skip
    with Patient() as patient, patient.client() as client:
        for number, (method, params) in enumerate(wanted):
            request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            client.sendall(json.dumps(request).encode() + b"\n")
        answers = client.makefile()
        tap.equal([json.loads(answers.readline())["id"] for _ in range(2)], [3, 4], "who is answered while it hangs")
        patient.wait_for_a_run()
        os.kill(patient.probe(), signal.SIGKILL)
        for number in range(3):
            answer = json.loads(answers.readline())
            tap.equal((answer["id"], answer["error"]["code"]), (number, 9), "id and code")
            tap.true("(signal 9" in answer["error"]["message"], answer["error"]["message"])
        tap.equal(patient.runs(), 1, "attempts")
        patient.daemon.stop()


def test_end_does_not_wait_for_what_hangs():
    with Patient() as patient:
        load = subprocess.Popen([patient.daemon.tgtctl, "--socket", patient.daemon.path("control"), "plugin", "load",
                                 "hang-load"], stderr=subprocess.DEVNULL)  # fmt: skip
        patient.wait_for_a_run()
        patient.daemon.stop()
        tap.equal(load.wait(10 * tap.slowness()), 9, "exit status of plugin load")


def test_good_one_loads_and_unloads(bed):
    bed.daemon.ctl("plugin", "load", "good")
    tap.equal(listed(bed)["good"]["state"], "idle", "state")
    bed.daemon.ctl("plugin", "unload", "good")
    tap.equal(listed(bed)["good"]["state"], "available", "state")


def test_plugin_in_use_stays(bed):
    bed.daemon.create_lun(IQN, 2, bs="good")
    tap.equal((listed(bed)["good"]["state"], listed(bed)["good"]["users"]), ("active", 1), "state and users")
    done = bed.daemon.ctl("plugin", "unload", "good", check=False)
    tap.equal(done.returncode, 6, f"exit status; it said: {done.stderr}")
    bed.daemon.ctl("lun", "delete", f"{IQN}/2")
    tap.equal(listed(bed)["good"]["state"], "idle", "state")


def test_example_serves_a_disk(bed):
    if not shutil.which("cc"):
        tap.skip("cc is not installed")
    source = HERE.parents[1] / "examples/ram-disk/ram-disk.c"
    # It appears while the daemon runs, as it does when a package is installed.
    subprocess.run(["cc", "-O2", "-fPIC", "-fvisibility=hidden", "-shared", f"-I{HERE.parents[1] / 'include'}",
                    "-o", bed.plugins / "ram-disk.so", source], check=True)  # fmt: skip
    bed.daemon.create_lun(IQN, 3, bs="ram-disk", size="8M")
    session = Session.login(bed.daemon.portals()[0], IQN)
    session.clear_attention(lun=3)
    data = {lba: scsi.pattern(lba, 8 * 512) for lba in (0, 1000, 16384 - 8)}
    for lba, block in data.items():
        session.write(lba, block, lun=3)
    for lba, block in data.items():
        tap.equal(session.read(lba, 8, lun=3), block, f"blocks at {lba}")
    tap.equal(session.read(500, 8, lun=3), bytes(8 * 512), "blocks never written")
    session.logout()
    session.close()
    bed.daemon.ctl("lun", "delete", f"{IQN}/3")


if __name__ == "__main__":
    sys.exit(tap.main(globals(), Bed()))
