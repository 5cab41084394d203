#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The control sockets: the protocol, who may do what, and everything that a client can do wrong."""

import json
import os
import stat
import subprocess
import sys

import bed
from bed import Client, tap

PARSE, REQUEST, METHOD, PARAMS = -32700, -32600, -32601, -32602
MIB = 1 << 20
CLIENTS_MAX = 100
SHOW = '{"jsonrpc":"2.0","id":1,"method":"system.show"}'


def code(answer):
    tap.true("error" in answer, f"not refused: {answer}")
    return answer["error"]["code"]


# The protocol ---------------------------------------------------------------------------------


def test_answer(b):
    answer = b.client().ask(SHOW)
    tap.equal((answer["jsonrpc"], answer["id"], "error" in answer), ("2.0", 1, False), "answer")
    tap.equal(answer["result"]["pid"], b.daemon.process.pid, "pid")


@tap.cases(number=7, negative=-1, text="a", null=None)
def test_id_comes_back(b, value):
    answer = b.client().ask(json.dumps({"jsonrpc": "2.0", "id": value, "method": "system.show"}))
    tap.true("result" in answer, f"refused: {answer}")
    tap.equal(answer["id"], value, "id")


def test_notification_gets_no_answer(b):
    client = b.client()
    client.send('{"jsonrpc":"2.0","method":"system.show"}\n{"jsonrpc":"2.0","method":"nonsense"}\n')
    tap.equal(client.ask(SHOW)["id"], 1, "id of the first answer")


def test_many_requests_at_once(b):
    client = b.client()
    client.send("".join(json.dumps({"jsonrpc": "2.0", "id": i, "method": "target.list"}) + "\n"
                        for i in range(2000)))
    tap.equal([client.receive()["id"] for _ in range(2000)], list(range(2000)), "ids in order")


def test_request_byte_by_byte(b):
    client = b.client()
    for byte in SHOW + "\n":
        client.send(byte)
    tap.equal(client.receive()["id"], 1, "id")


def test_last_request_without_newline(b):
    client = b.client()
    client.send(SHOW)
    client.socket.shutdown(bed.socket.SHUT_WR)
    tap.equal(client.receive()["id"], 1, "id")
    tap.equal(client.receive(), None, "what follows")


def test_empty_lines_are_passed_over(b):
    tap.equal(b.client().ask("\n\n" + SHOW)["id"], 1, "id")


def test_methods_describe_themselves(b):
    methods = {m["name"]: m for m in b.client().result("rpc.methods")}
    create = {p["name"]: p for p in methods["lun.create"]["params"]}
    tap.equal((create["lun"]["type"], create["lun"]["required"], create["lun"]["max"]),
              ("unsigned", True, 16383), "lun")
    tap.true(methods["target.list"]["read_only"] and not methods["target.create"]["read_only"], "read_only")
    tap.true(all(m["summary"] and all(p["help"] for p in m["params"]) for m in methods.values()),
             "something has no help")


# What a client can do wrong -------------------------------------------------------------------


@tap.cases(
    text="hello", half='{"jsonrpc":', two=SHOW + " " + SHOW, comma="{,}", single="{'a':1}", nan="NaN",
    deep="[" * 100000, deep_closed="[" * 100000 + "]" * 100000, deep_object='{"a":' * 50000,
    duplicate='{"jsonrpc":"2.0","id":1,"method":"system.show","method":"system.shutdown"}',
    duplicate_param='{"jsonrpc":"2.0","id":1,"method":"target.create","params":{"name":"a","name":"b"}}',
    nul='{"a":"\\u0000"}', surrogate='{"a":"\\ud800"}', large_number="1" * 500, large_real="1e999",
)
def test_bad_json(b, line):
    client = b.client()
    answer = client.ask(line)
    tap.equal((code(answer), answer["id"]), (PARSE, None), "code and id")
    tap.equal(client.ask(SHOW)["id"], 1, "the next request")


@tap.cases(raw_nul=b'{"a":"\0"}\n', not_utf8=b'{"a":"\xff\xfe"}\n', binary=bytes(range(128, 256)) + b"\n")
def test_bad_bytes(b, line):
    client = b.client()
    tap.equal(code(client.ask(line)), PARSE, "code")
    tap.equal(client.ask(SHOW)["id"], 1, "the next request")


@tap.cases(
    number="1", text='"system.show"', batch=f"[{SHOW}]", empty="{}",
    version='{"jsonrpc":"1.0","id":1,"method":"system.show"}',
    no_version='{"id":1,"method":"system.show"}', no_method='{"jsonrpc":"2.0","id":1}',
    method_number='{"jsonrpc":"2.0","id":1,"method":5}',
    params_array='{"jsonrpc":"2.0","id":1,"method":"system.show","params":[]}',
    id_array='{"jsonrpc":"2.0","id":[],"method":"system.show"}',
    id_real='{"jsonrpc":"2.0","id":1.5,"method":"system.show"}',
)
def test_not_a_request(b, line):
    answer = b.client().ask(line)
    tap.equal((code(answer), answer["id"]), (REQUEST, None), "code and id")


def test_unknown_method(b):
    error = b.client().error("target.lst")
    tap.equal((error["code"], error["data"]["kind"]), (METHOD, "method"), "code and kind")
    tap.true("target.list" in error["message"], error["message"])


def test_long_method_name_is_not_repeated(b):
    tap.true(len(b.client().error("x" * 500000)["message"]) < 200, "length of the message")


@tap.cases(
    missing=("target.create", {}), unknown=("target.list", {"detial": True}),
    text_for_number=("target.create", {"name": "iqn.2024-01.org.example:x", "tid": "5"}),
    negative=("target.create", {"name": "iqn.2024-01.org.example:x", "tid": -1}),
    too_large=("target.create", {"name": "iqn.2024-01.org.example:x", "tid": 1 << 31}),
    real=("target.create", {"name": "iqn.2024-01.org.example:x", "tid": 1.0}),
    lun=("lun.show", {"target": "@1", "lun": 16384}), number_for_text=("target.create", {"name": 5}),
    text_for_flag=("target.list", {"detail": "yes"}), null=("target.list", {"detail": None}),
    list_of_numbers=("lun.create", {"target": "@1", "lun": 1, "options": [1]}),
    map_of_numbers=("target.set", {"target": "@1", "values": {"a": 1}}),
    text_for_map=("target.set", {"target": "@1", "values": "a=1"}),
)
def test_wrong_parameters(b, method, params):
    error = b.client().error(method, **params)
    tap.equal((error["code"], error["data"]["kind"]), (PARAMS, "params"), "code and kind")
    tap.equal(b.client().result("target.list"), [], "targets")


def test_errors_of_methods(b):
    client = b.client()
    client.result("target.create", name=bed.IQN, tid=5)
    for method, params, want in (
        ("target.create", {"name": bed.IQN}, (5, "exists", "target")),
        ("target.show", {"target": "@6"}, (4, "not-found", "target")),
        ("lun.show", {"target": "@5", "lun": 1}, (4, "not-found", "lun")),
        ("lun.create", {"target": "@6", "lun": 1}, (4, "not-found", "target")),
        ("plugin.info", {"name": "nonsense"}, (4, "not-found", "plugin")),
        ("session.kill", {"sid": 999}, (4, "not-found", "session")),
        ("portal.delete", {"address": "127.0.0.1:1"}, (4, "not-found", "portal")),
        ("acl.delete", {"target": "@5", "address": "10.0.0.1"}, (4, "not-found", "acl")),
        ("acl.add", {"target": "@5", "address": "nonsense"}, (2, "invalid", "acl")),
        ("acl.add", {"target": "@5"}, (2, "invalid", "acl")),
    ):
        error = client.error(method, **params)
        got = error["code"], error["data"]["kind"], error["data"].get("object")
        tap.equal(got, want, f"{method} {params}")
    client.result("target.delete", target="@5")


# Sizes and numbers ----------------------------------------------------------------------------


def test_long_request_is_taken(b):
    tap.equal(b.client().ask(" " * (MIB - 200) + SHOW)["id"], 1, "id")


@tap.cases(with_newline=b"x" * (MIB + 1) + b"\n", without_end=b"x" * (2 * MIB), spaces=b" " * (4 * MIB))
def test_line_that_is_too_long(b, data):
    client = b.client()
    try:
        client.send(data)
    except (BrokenPipeError, ConnectionResetError):
        pass
    tap.equal(code(client.receive()), REQUEST, "code")
    try:
        tap.equal(client.receive(), None, "what follows")
    except ConnectionResetError:
        pass


def test_client_that_does_not_read(b):
    """Its requests wait; the daemon neither grows nor makes others wait."""
    before = b.daemon.memory()
    client = b.client()
    client.socket.settimeout(1)
    request = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "rpc.methods"}) + "\n"
    sent = 0
    try:
        while sent < 64 * MIB:
            sent += client.socket.send(request.encode() * 1000)
    except TimeoutError:
        pass
    tap.true(sent < 16 * MIB, f"{sent} bytes of requests were taken")
    tap.equal(b.client().ask(SHOW)["id"], 1, "another client")
    tap.true(b.daemon.memory() - before < 32 * MIB, "the daemon has grown")


@tap.cases(admin=False, monitor=True)
@tap.timeout(60)
def test_two_hundred_clients(b, read_only):
    clients = [b.client(read_only) for _ in range(200)]
    served = [c for c in clients if is_served(c)]
    tap.equal(len(served), CLIENTS_MAX, "clients that are served")
    tap.true(is_served(b.client(not read_only)), "the other socket serves on")
    served[0].close()
    tap.true(any(is_served(b.client(read_only)) for _ in range(20)), "a newcomer after one has left")


def is_served(client):
    """Those who are one too many are told so and closed."""
    try:
        answer = client.ask(SHOW)
    except (BrokenPipeError, ConnectionResetError):
        answer = client.receive()
    if "result" in answer:
        return True
    tap.equal(answer["error"]["data"]["kind"], "busy", "why it is turned away")
    return False


def test_clients_that_go_at_once(b):
    for _ in range(300):
        client = Client(b.daemon.path("control"))
        client.send(SHOW[:30])
        client.close()
    tap.equal(b.client().ask(SHOW)["id"], 1, "id")


def test_client_goes_while_its_call_runs(b):
    """What was asked for is done all the same."""
    b.daemon.create_target(bed.IQN)
    for number in range(1, 21):
        client = Client(b.daemon.path("control"))
        client.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "lun.create", "params": {
            "target": bed.IQN, "lun": number, "bs": "mem", "options": ["size=1M"]}}) + "\n")
        client.close()
    client = b.client()
    end = bed.daemon.time.monotonic() + 10 * tap.slowness()
    while len(client.result("lun.list")) < 20:
        tap.true(bed.daemon.time.monotonic() < end, f"only {len(client.result('lun.list'))} of 20 were made")
    b.clear()


def test_more_calls_than_may_be_under_way(b):
    """All of them end; none is lost or answered twice."""
    b.daemon.create_target(bed.IQN)
    client = b.client()
    client.send("".join(json.dumps({"jsonrpc": "2.0", "id": i, "method": "lun.create", "params": {
        "target": bed.IQN, "lun": i, "bs": "mem", "options": ["size=1M"]}}) + "\n" for i in range(1, 101)))
    answers = [client.receive() for _ in range(100)]
    tap.equal([a for a in answers if "error" in a], [], "errors")
    tap.equal(sorted(a["id"] for a in answers), list(range(1, 101)), "ids")
    b.clear()


# Who may do what ------------------------------------------------------------------------------


def test_modes_of_the_sockets(b):
    for name, mode in (("control", 0o600), ("control-ro", 0o660)):
        tap.equal(stat.S_IMODE(os.stat(b.daemon.path(name)).st_mode), mode, name)


def test_read_only_socket_refuses_every_change(b):
    client = b.client(read_only=True)
    for method in client.result("rpc.methods"):
        if not method["read_only"]:
            error = client.error(method["name"])
            tap.true("read-only socket" in error["message"], f"{method['name']}: {error}")
    tap.equal(client.result("target.list"), [], "targets")


def test_read_only_socket_answers_questions(b):
    b.daemon.create_target(bed.IQN)
    client = b.client(read_only=True)
    tap.equal(client.result("target.list")[0]["name"], bed.IQN, "target")
    tap.equal(client.result("target.show", target=bed.IQN)["luns"], [], "luns")
    b.clear()


def as_nobody(path):
    """What a client that is neither root nor the daemon's user is told."""
    script = ("import os,socket,sys; os.setgid(65534); os.setuid(65534); s=socket.socket(socket.AF_UNIX);"
              "s.connect(sys.argv[1]); sys.stdout.write(s.makefile().readline())")
    return subprocess.run(["/usr/bin/python3", "-c", script, path], capture_output=True, text=True,
                          timeout=20 * tap.slowness(), check=False)


def test_others_may_not_connect(b):
    if os.geteuid() != 0:
        tap.skip("only root can become another user")
    os.chmod(b.daemon.directory, 0o755)
    for name in ("control", "control-ro"):
        done = as_nobody(b.daemon.path(name))
        tap.true("PermissionError" in done.stderr, f"{name}: {done.stdout}{done.stderr}")


def test_others_are_turned_away_even_if_the_file_lets_them_in(b):
    if os.geteuid() != 0:
        tap.skip("only root can become another user")
    os.chmod(b.daemon.directory, 0o755)
    os.chmod(b.daemon.path("control"), 0o666)
    try:
        answer = json.loads(as_nobody(b.daemon.path("control")).stdout)
    finally:
        os.chmod(b.daemon.path("control"), 0o600)
    tap.equal(answer["error"]["data"]["kind"], "permission", "kind")


# Whose socket it is ---------------------------------------------------------------------------


def second(b):
    return subprocess.run(b.daemon.command_line(), capture_output=True, text=True, check=False,
                          timeout=20 * tap.slowness())


def test_second_daemon_is_refused(b):
    done = second(b)
    tap.equal(done.returncode, 1, "exit status")
    tap.true("another tgtd runs" in done.stderr, done.stderr)
    tap.equal(b.client().ask(SHOW)["id"], 1, "the first one")


def test_foreign_listener_is_not_replaced(b):
    listener = b.keep(bed.socket.socket(bed.socket.AF_UNIX))
    listener.bind(b.path("foreign"))
    listener.listen()
    command = b.daemon.command_line()
    command[command.index("--control") + 1] = b.path("foreign")
    done = bed.run(*command, status=1)
    tap.true("another tgtd runs and answers there" in done.stderr, done.stderr)
    tap.true(os.path.exists(b.path("foreign")), "the socket file is gone")


@tap.cases(control="", monitor="-ro")
def test_file_that_is_no_socket_is_kept(b, suffix):
    """Whoever types the path of an image by mistake keeps the image."""
    path = b.path("precious" + suffix)
    with open(path, "w", encoding="ascii") as file:
        file.write("data")
    command = b.daemon.command_line()
    command[command.index("--control") + 1] = b.path("precious")
    done = bed.run(*command, status=1)
    tap.true("is no socket" in done.stderr and path in done.stderr, done.stderr)
    with open(path, encoding="ascii") as file:
        tap.equal(file.read(), "data", "what is in the file")
    os.unlink(path)


def test_stale_socket_is_replaced(b):
    b.daemon.process.kill()
    b.daemon.process.wait()
    tap.true(os.path.exists(b.daemon.path("control")), "there is no stale socket to be replaced")
    b.daemon.ready.clear()
    with open(b.daemon.path("log"), "ab") as log:
        b.daemon.process = subprocess.Popen(b.daemon.command_line(), stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env={**b.daemon.env, "NOTIFY_SOCKET": b.daemon.path("notify")})
    b.daemon._wait_ready()
    tap.equal(b.client().ask(SHOW)["id"], 1, "id")


def test_path_that_is_too_long(b):
    command = b.daemon.command_line()
    command[command.index("--control") + 1] = b.path("x" * 120)
    tap.true("too long" in bed.run(*command, status=1).stderr, "message")


if __name__ == "__main__":
    sys.exit(tap.main(globals(), bed.Bed(), sys.argv[1:]))
