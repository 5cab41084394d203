#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Accounts over the control socket: what is listed and what never is, and the words for programs."""

import json
import os
import sys

import bed
from bed import IQN, tap

RARE = b"only in this place 4711"
SECRET, OTHER = "a secret of enough bytes", "another secret, as long"


def call(b, method, **params):
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return b.client().ask(json.dumps(request))


def done(b, method, **params):
    answer = call(b, method, **params)
    tap.true("result" in answer, f"refused: {answer}")
    return answer["result"]


def refused(b, method, kind, about, **params):
    answer = call(b, method, **params)
    tap.true("error" in answer, f"not refused: {answer}")
    data = answer["error"]["data"]
    tap.equal((data["kind"], data.get("object")), (kind, about), f"words for {answer['error']['message']!r}")


def fresh(b):
    """Two accounts and a target, nothing else."""
    b.clear()
    for account in done(b, "account.list"):
        done(b, "account.delete", name=account["name"], force=True)
    done(b, "account.create", name="joe", password=SECRET)
    done(b, "account.create", name="ann", password=OTHER)
    done(b, "target.create", name=IQN)


def test_list(b):
    fresh(b)
    done(b, "account.bind", name="joe", target=IQN)
    done(b, "account.bind", name="ann", target="@1", outgoing=True)
    done(b, "account.bind", name="joe", outgoing=True)
    here = {"target": IQN, "tid": 1}
    tap.equal(done(b, "account.list"), [
        {"name": "joe", "bindings": [{"discovery": True, "outgoing": True}, {**here, "outgoing": False}]},
        {"name": "ann", "bindings": [{**here, "outgoing": True}]},
    ], "accounts")  # fmt: skip


def test_target_says_who_may_log_in(b):
    fresh(b)
    show = done(b, "target.show", target=IQN)
    tap.equal((show["auth"], show["accounts"]), ("none", []), "a new target")
    done(b, "account.bind", name="ann", target=IQN, outgoing=True)
    done(b, "account.bind", name="joe", target=IQN)
    show = done(b, "target.list", detail=True)[0]
    tap.equal((show["auth"], show["accounts"]), ("chap", [
        {"name": "joe", "outgoing": False}, {"name": "ann", "outgoing": True}]), "bound")  # fmt: skip


def test_last_unbind_does_not_open(b):
    fresh(b)
    done(b, "account.bind", name="joe", target=IQN)
    done(b, "account.unbind", name="joe", target=IQN)
    tap.equal(done(b, "target.show", target=IQN)["auth"], "chap", "auth")
    done(b, "target.set", target=IQN, values={"auth": "none"})
    tap.equal(done(b, "target.show", target=IQN)["auth"], "none", "auth")


def test_discovery(b):
    fresh(b)
    done(b, "account.bind", name="joe")
    show = done(b, "system.show")
    tap.equal((show["discovery_auth"], show["discovery_accounts"]),
              ("chap", [{"name": "joe", "outgoing": False}]), "discovery")


def test_words_for_programs(b):
    fresh(b)
    refused(b, "account.create", "exists", "account", name="joe", password=SECRET)
    refused(b, "account.create", "invalid", "account", name="new", password="")
    refused(b, "account.delete", "not-found", "account", name="nobody")
    refused(b, "account.bind", "not-found", "account", name="nobody", target=IQN)
    refused(b, "account.bind", "not-found", "target", name="joe", target="@9")
    refused(b, "account.unbind", "not-found", "account", name="joe", target=IQN)
    done(b, "account.bind", name="joe", target=IQN)
    refused(b, "account.bind", "exists", "account", name="joe", target=IQN)
    refused(b, "account.delete", "busy", "account", name="joe")
    done(b, "account.bind", name="ann", target=IQN, outgoing=True)
    refused(b, "account.bind", "exists", "outgoing", name="joe", target=IQN, outgoing=True)
    done(b, "account.delete", name="joe", force=True)


def test_secrets_are_given_out_once(b):
    """By the one method that is for it, and not over the read-only socket."""
    fresh(b)
    tap.equal(done(b, "account.secrets"), {"joe": SECRET, "ann": OTHER}, "secrets")
    request = '{"jsonrpc":"2.0","id":1,"method":"account.secrets"}'
    tap.true("error" in b.client(read_only=True).ask(request), "the read-only socket gives them out")


def test_nothing_else_tells_secrets(b):
    fresh(b)
    done(b, "account.bind", name="joe", target=IQN)
    done(b, "account.set", name="joe", password=SECRET + "!")
    methods = [m for m in done(b, "rpc.methods") if m["read_only"] and not any(p["required"] for p in m["params"])]
    for method in methods:
        if method["name"] == "log.follow":
            continue  # it goes on; log.dump says the same
        tap.true(SECRET not in json.dumps(call(b, method["name"])), f"{method['name']} tells a secret")
    tap.true(SECRET not in json.dumps(done(b, "target.show", target=IQN)), "target.show tells a secret")
    tap.true(SECRET not in b.log(), "the log tells a secret")


def test_hole(b):
    """tgt leaves a hole where the first of several was, and dies when the target is shown."""
    fresh(b)
    done(b, "account.bind", name="joe", target=IQN)
    done(b, "account.bind", name="ann", target=IQN)
    done(b, "account.unbind", name="joe", target=IQN)
    tap.equal(done(b, "target.show", target=IQN)["accounts"], [{"name": "ann", "outgoing": False}], "accounts")
    done(b, "account.delete", name="ann", force=True)
    tap.equal(done(b, "target.show", target=IQN)["accounts"], [], "accounts")


def test_discovery_stays_closed(b):
    fresh(b)
    done(b, "account.bind", name="joe")
    done(b, "account.unbind", name="joe")
    tap.equal(done(b, "system.show")["discovery_auth"], "chap", "discovery")
    done(b, "system.set", values={"discovery_auth": "none"})
    tap.equal(done(b, "system.show")["discovery_auth"], "none", "discovery")


# tgtctl ---------------------------------------------------------------------------------------


def ctl(b, *words, status=0, text=None, **env):
    return bed.run(b.daemon.tgtctl, "--socket", b.daemon.path("control"), "account", *words,
                   status=status, input=text or "", env=env)  # fmt: skip


def test_secret_from_standard_input(b):
    fresh(b)
    ctl(b, "create", "max", "--password-stdin", text="typed by somebody\n")
    ctl(b, "passwd", "joe", "--password-stdin", text="without a newline")
    secrets = done(b, "account.secrets")
    tap.equal((secrets["max"], secrets["joe"]), ("typed by somebody", "without a newline"), "secrets")


def test_secret_from_a_file(b):
    fresh(b)
    with open(b.path("secret"), "w") as file:
        file.write("kept in a file\n")
    ctl(b, "create", "max", "--password-file", b.path("secret"))
    ctl(b, "create", "eva", "--password-credential", "secret", CREDENTIALS_DIRECTORY=b.folder)
    secrets = done(b, "account.secrets")
    tap.equal((secrets["max"], secrets["eva"]), ("kept in a file", "kept in a file"), "secrets")


@tap.cases(empty=("", "no secret"), newline=("\n", "no secret"), two_lines=("a\nb\n", "one line"),
           long=("x" * 256, "255 bytes"), very_long=("x" * 100000, "255 bytes"))  # fmt: skip
def test_texts_that_are_no_secret(b, text, why):
    fresh(b)
    tap.true(why in ctl(b, "create", "max", "--password-stdin", text=text, status=1).stderr, "message")


def test_longest_secret(b):
    fresh(b)
    ctl(b, "create", "max", "--password-stdin", text="x" * 255 + "\n")
    tap.equal(done(b, "account.secrets")["max"], "x" * 255, "secret")


@tap.cases(none="", two="--password-stdin --password-file /dev/null", missing="--password-file /does/not/exist",
           no_unit="--password-credential joe")  # fmt: skip
def test_sources_of_secrets(b, words):
    fresh(b)
    done = ctl(b, "create", "max", *words.split(), text="a secret", status=1)
    tap.true(done.stderr.startswith("tgtctl: "), f"message: {done.stderr}")


@tap.cases(path="../secret", up="..", empty="")
def test_credentials_are_names(b, name):
    fresh(b)
    done = ctl(b, "create", "max", "--password-credential", name, status=1, CREDENTIALS_DIRECTORY=b.folder)
    tap.true("a name is wanted" in done.stderr, f"message: {done.stderr}")


def test_secret_on_the_command_line_is_refused(b):
    fresh(b)
    ctl(b, "create", "max", "a secret", status=1)
    ctl(b, "create", "max", "--password", "a secret", status=1)


def test_course_of_an_account(b):
    fresh(b)
    ctl(b, "bind", "joe", IQN)
    ctl(b, "bind", "ann", "@1", "--outgoing")
    ctl(b, "bind", "joe", "--discovery")
    rows = [line.split() for line in ctl(b, "list").stdout.splitlines()]
    tap.equal(rows, [["ACCOUNT", "BOUND-TO", "DIRECTION"], ["joe", "discovery", "incoming"],
                     ["joe", "@1", IQN, "incoming"], ["ann", "@1", IQN, "outgoing"]], "list")  # fmt: skip
    show = b.ctl("target", "show", IQN).stdout
    tap.true("auth      chap  joe  ann (outgoing)\n" in show, f"target show: {show}")
    tap.true("chap  joe\n" in b.ctl("system", "show").stdout, "system show")
    ctl(b, "unbind", "joe", IQN)
    tap.true("nobody" in b.ctl("target", "show", IQN).stdout, "nobody gets in")
    ctl(b, "auth", "none", IQN)
    tap.true("auth      none  ann (outgoing)\n" in b.ctl("target", "show", IQN).stdout, "auth none")
    ctl(b, "unbind", "joe", "--discovery")
    ctl(b, "auth", "none", "--discovery")
    tap.equal(done(b, "system.show")["discovery_auth"], "none", "discovery")
    ctl(b, "delete", "ann", status=6)
    ctl(b, "delete", "ann", "--force")
    ctl(b, "delete", "joe")
    tap.equal(ctl(b, "list").stdout.splitlines()[1:], [], "list")


@tap.cases(exists=(5, "create joe --password-stdin"), unknown=(4, "delete nobody"), place=(1, "bind joe"),
           two_places=(1, f"bind joe {IQN} --discovery"), target=(4, "bind joe @9"), auth=(2, f"auth krb5 {IQN}"))  # fmt: skip
def test_exit_statuses(b, status, words):
    fresh(b)
    ctl(b, *words.split(), text="a secret of enough bytes", status=status)


def secrets_in_memory(b):
    """How often the secret stands in the writable memory of the daemon."""
    found = 0
    pid = b.daemon.process.pid
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            where, rights, *_ = line.split()
            if not rights.startswith("rw") or "[vvar" in line:
                continue
            start, end = (int(x, 16) for x in where.split("-"))
            if end - start > 1 << 28:
                continue
            try:
                memory.seek(start)
                found += memory.read(end - start).count(RARE)
            except OSError:
                continue
    return found


def test_deleted_secret_is_wiped(b):
    if os.environ.get("TGT_TEST_SLOW"):
        tap.skip("sanitizers keep copies of their own")
    fresh(b)
    done(b, "account.create", name="max", password="x" * 60 + RARE.decode())
    tap.true(secrets_in_memory(b) > 0, "the secret is nowhere")
    done(b, "account.secrets")
    done(b, "account.delete", name="max")
    tap.equal(secrets_in_memory(b), 0, "copies of the secret that are left")


if __name__ == "__main__":
    sys.exit(tap.main(globals(), bed.Bed(), sys.argv[1:]))
