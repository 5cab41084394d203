#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The log through the control socket: levels at run time, what has been recorded, and lines as they come."""

import json
import subprocess
import sys
import time

import bed
from bed import tap


def texts(answer):
    return [line["text"] for line in answer]


def test_level(b):
    tap.equal(b.ctl("log", "level", status=0).stdout, "notice\n", "level at the start")
    b.ctl("log", "level", "debug", status=0)
    tap.equal(b.ctl("log", "level", status=0).stdout, "debug\n", "level")
    system = b.client().result("system.show")
    tap.equal((system["log_level"], system["debug"]), ("debug", True), "system show")
    b.client().result("system.set", values={"debug": "off"})
    tap.equal(b.ctl("log", "level", status=0).stdout, "notice\n", "level after debugging")


def test_level_that_is_none(b):
    done = b.ctl("log", "level", "loud", status=2)
    tap.true("there are error, warning, notice, info and debug" in done.stderr, done.stderr)


def test_level_is_written(b):
    before = len(b.log())
    b.ctl("log", "level", "info", status=0)
    b.client().result("system.set", values={})
    tap.true("info: control: system.set" in b.log()[before:], b.log()[before:])
    b.ctl("log", "level", "notice", status=0)


def test_dump_has_what_is_not_written(b):
    before = b.log()
    b.client().result("system.set", values={})
    lines = b.client().result("log.dump")
    tap.true("control: system.set" in texts(lines), f"{texts(lines)}")
    tap.equal(b.log(), before, "what is written")
    tap.equal([line["number"] for line in lines], sorted(line["number"] for line in lines), "order")
    tap.true(abs(lines[-1]["time_us"] / 1e6 - time.time()) < 60 * tap.slowness(), f"time of {lines[-1]}")


def test_dump_of_a_level(b):
    lines = b.client().result("log.dump", level="notice")
    tap.true(all(line["level"] in ("error", "warning", "notice") for line in lines), f"{lines}")
    text = b.ctl("log", "dump", "--level", "info", status=0).stdout
    tap.true("info: control: system.set" in text, text)


def test_monitoring_may_read_but_not_set(b):
    client = b.client(read_only=True)
    client.result("log.dump")
    tap.true("read-only" in client.error("log.level", level="debug")["message"], "the level could be set")


def follow(b, **params):
    """A client that is told lines from now on."""
    client = b.client()
    client.send(json.dumps({"jsonrpc": "2.0", "id": 7, "method": "log.follow", "params": params}) + "\n")
    until_followed = b.client()
    until_followed.result("system.show")
    b.opened.remove(until_followed)
    until_followed.close()
    return client


def test_follow(b):
    client = follow(b)
    b.ctl("system", "offline", status=0)
    line = client.receive()
    tap.equal((line["method"], line["params"]["level"], line["params"]["text"]),
              ("log.line", "notice", "no logins are taken"), "the line")
    tap.true("id" not in line, "a notification has no id")
    b.ctl("system", "ready", status=0)
    tap.equal(client.receive()["params"]["text"], "logins are taken", "the next line")


def test_follow_a_level(b):
    client = follow(b, level="info")
    b.client().result("system.set", values={})
    tap.equal(client.receive()["params"]["text"], "control: system.set", "a line of level info")


def test_follow_what_is_recorded(b):
    client = follow(b, level="info", recorded=True)
    recorded = texts(b.client().result("log.dump", level="info"))
    tap.equal([client.receive()["params"]["text"] for _ in recorded], recorded, "lines")


def test_followers_that_go(b):
    """Nobody is told, and nothing is kept for them."""
    for _ in range(150):
        client = follow(b)
        b.opened.remove(client)
        client.close()
    b.ctl("system", "offline", status=0)
    b.ctl("system", "ready", status=0)
    follow(b).close()


CALLS_MAX = 16


def busy_follower(b, level):
    """Has so many calls under way that no request is awaited any more."""
    client = follow(b, level=level)
    request = {"jsonrpc": "2.0", "id": 8, "method": "log.follow", "params": {"level": level}}
    client.send((json.dumps(request) + "\n") * (CALLS_MAX - 1))
    b.client().result("system.show")
    return client


def test_busy_follower_that_goes_while_it_is_told(b):
    for _ in range(3):
        client = busy_follower(b, "notice")
        b.opened.remove(client)
        offline = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "system.set", "params": {"values": {"state": "offline"}}})
        other = b.client()
        client.close()
        other.send(offline + "\n")
        other.receive()
    b.ctl("system", "ready", status=0)


def test_busy_followers_that_go(b):
    """Nothing is kept for them, also while there is nothing to be told."""
    for _ in range(120):
        busy_follower(b, "error")
        while b.opened:
            b.opened.pop().close()


def test_slow_follower_is_given_up(b):
    b.ctl("log", "level", "debug", status=0)  # nothing is left out
    slow = follow(b, level="info")
    other = b.client()
    for _ in range(10000):  # each is a line
        other.result("system.set", values={})
    b.ctl("log", "level", "notice", status=0)
    last = slow.receive()
    while "error" not in last:
        last = slow.receive()
    tap.equal(last["error"]["data"]["kind"], "busy", "how it ends")
    tap.true("more slowly" in last["error"]["message"], f"{last}")


def test_tgtctl_follows(b):
    command = [b.daemon.tgtctl, "--socket", b.daemon.path("control"), "log", "follow", "--level", "info", "--recorded"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    b.ctl("system", "offline", status=0)
    while "no logins are taken" not in process.stdout.readline():
        pass
    b.ctl("system", "ready", status=0)
    process.terminate()
    process.communicate()


def test_follower_learns_of_the_end(b):
    daemon = bed.daemon.Daemon().start()
    process = subprocess.Popen([daemon.tgtctl, "--socket", daemon.path("control"), "log", "follow", "--recorded", "--level", "info"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    daemon.ctl("system", "offline")
    process.stdout.readline()
    daemon.stop()
    _, said = process.communicate(timeout=20 * tap.slowness())
    tap.equal(said, "tgtctl: the daemon ends\n", "stderr")
    tap.equal(process.returncode, 6, "status")


if __name__ == "__main__":
    sys.exit(tap.main(globals(), bed.Bed(), sys.argv[1:]))
