#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Settings of iSNS: defaults, what is refused, and who may say what."""

import json
import socket
import sys

import bed
from bed import A, tap
from fake import Fake

DEFAULTS = {"iSNS": "Off", "iSNSServerIP": "", "iSNSServerPort": "3205", "iSNSAccessControl": "Off", "iSNSListenPort": "0"}


def call(b, method, path="control", **params):
    """The answer to a request on a control socket, as it comes."""
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(b.daemon.path(path))
        s.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode() + b"\n")
        return json.loads(s.makefile().readline())


def refused(b, *words):
    done = b.daemon.ctl("isns", "set", *words, check=False)
    tap.equal(done.returncode, 2, f"exit status of {words}")
    tap.equal({k: v for k, v in b.show().items() if k in DEFAULTS}, DEFAULTS, "settings")
    return done.stderr


def test_defaults(b):
    shown = b.show()
    tap.equal({k: shown[k] for k in DEFAULTS}, DEFAULTS, "settings")
    tap.equal((shown["state"], shown["detail"]), ("off", ""), "state")
    tap.true(socket.gethostname() in shown["entity"], shown["entity"])
    tap.true(b.helper() is None, "a helper runs")


@tap.cases(switch=("iSNS=Maybe", "On or Off"), access=("iSNSAccessControl=1", "On or Off"), port=("iSNSServerPort=0", "1 to 65535"),
           large_port=("iSNSServerPort=65536", "1 to 65535"), listen=("iSNSListenPort=-1", "0 for any"),
           blank=("iSNSServerIP=a b", "a host name"), formats=("iSNSServerIP=$(x)", "a host name"),
           long=("iSNSServerIP=" + "x" * 254, "a host name"))
def test_refused(b, word, reason):
    tap.true(reason in refused(b, word), f"'{reason}' is not said")


def test_a_name_that_is_nearly_right_is_suggested(b):
    tap.true("did you mean 'iSNSServerIP'" in refused(b, "iSNSServerIp=127.0.0.1"), "no suggestion")


def test_all_or_none(b):
    refused(b, "iSNSServerIP=192.0.2.1", "iSNSServerPort=none")


def test_switches_are_taken_in_any_case(b):
    b.set(iSNSAccessControl="on")
    tap.equal(b.show()["iSNSAccessControl"], "On", "value")


def test_on_without_a_server_waits_for_one(b):
    b.daemon.create_target(A)
    b.set(iSNS="On")
    tap.true("iSNSServerIP" in b.show()["detail"] and b.show()["state"] == "idle", f"{b.show()}")
    tap.true(b.helper() is None, "a helper runs")
    b.set(iSNSServerIP=b.server.address, iSNSServerPort=b.server.port)
    b.reaches("registered")


def test_without_targets_no_server_is_bothered(b):
    b.switch_on()
    shown = b.reaches("idle")
    tap.true("no target" in shown["detail"], shown["detail"])
    tap.equal(b.server.connections, 0, "connections")


def test_a_name_that_nobody_knows_is_said(b):
    b.daemon.create_target(A)
    b.set(iSNSServerIP="no-such-host.invalid", iSNS="On")
    tap.true("no-such-host.invalid" in b.reaches("unreachable")["detail"], "not said")


def health(b):
    return {row["check"]: row["ok"] for row in call(b, "system.health", "control-ro")["result"]["checks"]}


def test_a_server_that_cannot_be_reached_is_a_matter_of_health(b):
    tap.true("isns" not in health(b), "it is looked at while it is off")
    b.registered(A)
    tap.equal(health(b)["isns"], True, "registered")
    b.server.close()
    b.reaches("unreachable")
    tap.equal(health(b)["isns"], False, "unreachable")


@tap.cases(access=("isns.access", {"target": "@1", "initiators": []}), report=("isns.report", {"state": "registered"}),
           set=("isns.set", {"values": {"iSNS": "On"}}))
def test_monitors_may_not_say(b, method, params):
    tap.true("read-only" in call(b, method, "control-ro", **params)["error"]["message"], "it may")


def test_states_are_known_ones(b):
    tap.equal(call(b, "isns.report", state="%s%n")["error"]["code"], 2, "code")


def test_the_program_is_not_started_by_hand(b):
    done = bed.subprocess.run([bed.os.environ["TGT_ISNS"]], capture_output=True, text=True, timeout=20)
    tap.equal(done.returncode, 1, "exit status")
    tap.true("tgtctl isns set iSNS=On" in done.stderr, done.stderr)


if __name__ == "__main__":
    sys.exit(tap.main(globals(), bed.Bed(Fake), sys.argv[1:]))
