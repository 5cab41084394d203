#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The systemd unit: what systemd itself says of it, and whether it fits the daemon."""

import configparser
import os
import shutil
import sys

import bed
from bed import tap

EXPOSURE = 40  # tenths, as systemd-analyze takes them


class Unit:
    """A copy of the unit that starts the daemon of the build."""

    def open(self):
        if not shutil.which("systemd-analyze"):
            tap.skip_all("systemd-analyze is not installed")
        self.folder = bed.tempfile.mkdtemp(prefix="tgtd-unit.")
        with open(bed.daemon.binary("TGT_UNIT")) as file:
            self.text = file.read()
        self.parser = configparser.ConfigParser(strict=True, interpolation=None)
        self.parser.optionxform = str
        self.parser.read_string(self.text)
        self.service = self.parser["Service"]
        self.path = self.write("tgtd.service", self.text)

    def write(self, name, text):
        command = self.service["ExecStart"].split()
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text.replace(command[0], bed.daemon.binary("TGTD")))
        return path

    def analyze(self, *args, **options):
        return bed.run("systemd-analyze", *args, **options)

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def seconds(text):
    units = {"min": 60, "s": 1}
    for unit, factor in units.items():
        if text.endswith(unit):
            return int(text[: -len(unit)]) * factor
    return int(text)


def test_systemd_understands_it(u):
    done = u.analyze("verify", "--man=no", u.path, status=0)
    tap.true("tgtd.service" not in done.stderr, done.stderr)


def test_systemd_would_say_what_is_wrong(u):
    wrong = u.write("wrong.service", u.text.replace("Type=notify", "Type=nonsense").replace("UMask", "UMaks"))
    done = u.analyze("verify", "--man=no", wrong)
    tap.true("nonsense" in done.stderr and "UMaks" in done.stderr, done.stderr)


def test_it_is_exposed_little(u):
    u.analyze("security", "--offline=true", f"--threshold={EXPOSURE}", u.path, status=0)


def test_exposure_is_measured(u):
    """Without what takes rights away it would be more."""
    open_text = "\n".join(line for line in u.text.splitlines() if not line.startswith(("Restrict", "Protect", "Capability")))
    done = u.analyze("security", "--offline=true", f"--threshold={EXPOSURE}", u.write("open.service", open_text))
    tap.true(done.returncode != 0, "an open unit passes")


def test_command_line_is_understood(u):
    command = u.service["ExecStart"].split()
    tap.equal(command[1:3], ["-f", "--config"], "options")
    bed.run(bed.daemon.binary("TGTD"), *command[1:], "--help", status=0)


def test_end_has_time_enough(u):
    """Initiators log out, sessions are dropped, stores are closed: see daemon.c and options.c."""
    tap.true(seconds(u.service["TimeoutStopSec"]) >= 10 + 10 + 60, u.service["TimeoutStopSec"])


def test_sockets_can_be_kept(u):
    tap.true(int(u.service["FileDescriptorStoreMax"]) >= 16, u.service["FileDescriptorStoreMax"])
    tap.equal(u.service["Type"], "notify", "Type")


def test_it_has_the_name_of_debian_too(u):
    tap.equal(u.parser["Install"]["Alias"], "tgt.service", "Alias")


if __name__ == "__main__":
    sys.exit(tap.main(globals(), Unit(), sys.argv[1:]))
