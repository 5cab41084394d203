#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The program tgtd: its command line, how it starts, how it becomes a daemon."""

import os
import signal
import socket
import sys
import time

import bed
from bed import tap
from folder import Folder, end


# The command line -----------------------------------------------------------------------------


def test_help(f):
    text = f.run("--help", status=0).stdout
    for option in ("--foreground", "--nodaemonize", "--control-port", "--nr_iothreads", "--ring", "--pid-file",
                   "--debug", "--config", "--stop-timeout", "--log-level", "--settings", "--plugin-dir", "--state-dir", "--buffer-memory", "--spin", "--io-cpus", "--iscsi", "--version"):
        tap.true(option in text, f"{option} is not in the help")


def test_version(f):
    tap.true(f.run("-V", status=0).stdout.startswith("tgtd "), "version")


@tap.cases(
    unknown=(("--nonsense", "x"), "neither an option nor a transport"), letter=(("-Z",), "unknown"),
    ambiguous=(("--p", "x"), "ambiguous"), word=(("word",), "not expected"), threads=(("-t", "0"), "--nr_iothreads"),
    threads_word=(("-t", "many"), "--nr_iothreads"), ring=(("--ring", "epoll"), "auto, uring or poll"),
    spin=(("--spin", "1001"), "--spin"), spin_word=(("--spin", "long"), "--spin"), cpus=(("--io-cpus", "1023"), "CPU 1023"),
    cpus_word=(("--io-cpus", "all"), "no list of CPUs"),
    debug=(("-d", "2"), "--debug"), level=(("--log-level", "loud"), "is error, warning"), stop=(("--stop-timeout", "x"), "--stop-timeout"),
    settings=(("--settings", "/nonexistent"), "/nonexistent: settings"), port=(("-C", "-1"), "--control-port"), memory=(("--buffer-memory", "x"), "size"),
    little_memory=(("--buffer-memory", "1023K"), "at least 1M"), no_value=(("--iscsi",), "needs a value"),
    missing=(("-t",), "without its value"), parameter=(("--iscsi", "portal=127.0.0.1:0,nonsense=1"), "nonsense"),
    address=(("--iscsi", "portal=nonsense:1"), "nonsense"), not_ours=(("--iscsi", "portal=192.0.2.77:3260"), "192.0.2.77"),
)
def test_wrong_command_line(f, args, words):
    done = f.run("-f", "--control", f.path("wrong"), "--state-dir", f.path("state"), *args, status=1)
    tap.true(words in done.stderr, f"'{words}' is not in: {done.stderr}")
    tap.true(not os.path.exists(f.path("wrong")), "the socket file is left")


def test_port_that_is_taken(f):
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    done = f.run("-f", "--control", f.path("taken"), "--state-dir", f.path("state"), "--iscsi", f"portal=127.0.0.1:{port}",
                 status=1)
    listener.close()
    tap.true(f"127.0.0.1:{port}" in done.stderr and "in use" in done.stderr, done.stderr)


@tap.cases(
    trailing_comma=("portal=127.0.0.1:0,", 1), empty_elements=(",,portal=127.0.0.1:0,,", 1),
    several=("portal=127.0.0.1:0,portal=127.0.0.1:0", 2), brackets=("portal=[::1]:0", 1), star=("portal=*:0", 2), empty_address=("portal=:0", 2),
    brackets_any=("portal=[::]:0", 1),
)
def test_portals(f, text, count):
    process = f.start("-f", *f.arguments()[:6], "--iscsi", text)
    tap.equal(len(f.portals()), count, "portals")
    tap.equal(end(process), 0, "exit status")


def test_groups_belong_to_the_portal_in_front(f):
    """Other keys are for all portals."""
    process = f.start("-f", *f.arguments()[:6], "--iscsi", "portal=127.0.0.1:0,nop_interval=7,portal=127.0.0.1:0,tpgt=2,"
                      "announce=192.0.2.1:860,portal=127.0.0.1:0")
    portals = bed.json.loads(f.ctl("--format", "json", "portal", "list").stdout)
    tap.equal([(p["tpgt"], p.get("announce"), p["params"]["nop_interval"]) for p in portals],
              [(1, None, "7"), (2, "192.0.2.1:860", "7"), (1, None, "7")], "portals")
    tap.equal(end(process), 0, "exit status")


def test_io_threads_are_where_they_shall_be(f):
    process = f.start("-f", *f.arguments(), "-t", "2", "--io-cpus", "0", "--spin", "7")
    shown = bed.json.loads(f.ctl("--format", "json", "system", "show").stdout)
    tap.equal((shown["io_cpus"], shown["spin_us"], shown["threads"]), ("0", 7, 2), "what system show says")
    masks = []
    for task in os.listdir(f"/proc/{process.pid}/task"):
        with open(f"/proc/{process.pid}/task/{task}/comm") as comm:
            if comm.read().startswith("tgt-io-"):
                masks.append(os.sched_getaffinity(int(task)))
    tap.equal(masks, [{0}, {0}], "CPUs of the I/O threads")


def test_settings_are_shown(f):
    f.start("-f", *f.arguments(), "--spin", "0", "--buffer-memory", "32M")
    shown = f.ctl("system", "show").stdout
    for line in ("spin         off", "io-cpus      any", "buffers      32.0 MiB for each thread", "MaxQueueCmd=128"):
        tap.true(line in shown, f"{line}: {shown}")


def test_options_by_prefix_and_equals(f):
    process = f.start("--fore", "--nr=2", f"--control={f.path('control')}", "--state", f.path("state"),
                      "--iscsi=portal=127.0.0.1:0")
    system = bed.json.loads(f.ctl("--format", "json", "system", "show").stdout)
    tap.equal(system["threads"], 2, "threads")
    tap.equal(end(process), 0, "exit status")


def test_transport_options_of_several_words_are_one(f):
    process = f.start("-f", *f.arguments(), "--iscsi", "nop_interval=7")
    tap.equal([p["params"]["nop_interval"] for p in f.portals()], ["7"], "nop_interval")
    tap.equal(end(process), 0, "exit status")


def test_control_port_names_the_socket(f):
    if not os.access("/run", os.W_OK):
        tap.skip("/run is not ours to write in")
    process = bed.subprocess.Popen([f.tgtd, "-f", "-C", "4242", *f.arguments()[2:]], stderr=bed.subprocess.DEVNULL)
    f.pids.append(process.pid)
    limit = time.monotonic() + 10 * tap.slowness()
    environment = {k: v for k, v in os.environ.items() if k != "TGT_CONTROL"}
    while bed.subprocess.run([f.tgtctl, "-C", "4242", "system", "show"], capture_output=True, env=environment,
                             check=False).returncode:
        tap.true(time.monotonic() < limit and process.poll() is None, "nobody answers at /run/tgtd/control.4242")
        time.sleep(0.02)
    process.terminate()
    tap.equal(process.wait(10 * tap.slowness()), 0, "exit status")
    for left in ("control.4242.lock", "socket.4242", "socket.4242.lock"):
        os.unlink(f"/run/tgtd/{left}")


@tap.cases(short=("-D",), long=("--nodaemonize",))
def test_stays_where_it_was_started_and_logs_to_syslog(f, option):
    process = f.start(option, *f.arguments())
    system = bed.json.loads(f.ctl("--format", "json", "system", "show").stdout)
    tap.equal((system["pid"], os.getsid(system["pid"])), (process.pid, os.getsid(0)), "process and session")
    tap.equal(end(process), 0, "exit status")


# A daemon -------------------------------------------------------------------------------------


def test_daemonizes_when_it_is_ready(f):
    """The parent ends only when the control socket answers: scripts go on at once."""
    started = time.monotonic()
    f.run(*f.arguments(), "--pid-file", f.path("pid"), status=0)
    took = time.monotonic() - started
    system = bed.json.loads(f.ctl("--format", "json", "system", "show").stdout)
    f.pids.append(system["pid"])
    with open(f.path("pid")) as file:
        tap.equal(int(file.read()), system["pid"], "number in the pid file")
    tap.equal(os.readlink(f"/proc/{system['pid']}/cwd"), "/", "working directory")
    tap.equal(os.getsid(system["pid"]), system["pid"], "session leader")
    tap.true(took < 5 * tap.slowness(), f"it took {took} s")
    os.kill(system["pid"], signal.SIGTERM)
    limit = time.monotonic() + 10 * tap.slowness()
    while os.path.exists(f.path("pid")) or os.path.exists(f.path("control")):
        tap.true(time.monotonic() < limit, "pid file or socket are left")
        time.sleep(0.02)


def test_relative_paths_are_those_of_the_start(f):
    """The daemon changes its directory; the plugins, the probe and the sockets are found all the same."""
    os.mkdir(f.path("plugins"), 0o755)
    os.mkdir(f.path("more"), 0o755)
    for name, folder in (("iscsi.so", "plugins"), ("mem.so", "more")):
        path = next(p for d in os.environ["TGT_PLUGIN_PATH"].split(":") if os.path.exists(p := os.path.join(d, name)))
        bed.shutil.copy(path, f.path(folder))
    bed.shutil.copy(bed.daemon.binary("TGT_PLUGIN_PROBE"), f.path("probe"))
    done = f.run("--control", "control", "--state-dir", "state", "--iscsi", "portal=127.0.0.1:0", "--plugin-dir", "more",
                 "--pid-file", "pid", cwd=f.folder, status=0,
                 env={"TGT_PLUGIN_PATH": ":plugins", "TGT_PLUGIN_PROBE": "probe"})
    tap.true("untried" not in done.stderr, done.stderr)
    system = bed.json.loads(f.ctl("--format", "json", "system", "show").stdout)
    f.pids.append(system["pid"])
    tap.equal(system["plugin_dirs"][:2], [f.path("more"), f.path("plugins")], "directories of plugins")
    tap.equal(f.ctl("plugin", "load", "mem").returncode, 0, "status of plugin load")
    tap.equal(f.ctl("system", "shutdown").returncode, 0, "status of system shutdown")
    tap.true(not os.path.exists(f.path("pid")), "the pid file is left")


@tap.cases(told=(("--iscsi", "portal=127.0.0.1:0"),), default=((),))
def test_iscsi_that_is_not_installed(f, args):
    os.makedirs(f.path("empty"), exist_ok=True)
    done = f.run("-f", *f.arguments()[:6], *args, "--plugin-dir", f.path("empty"), status=1,
                 env={"TGT_PLUGIN_PATH": ""})
    tap.true(f"the transport plugin 'iscsi' was not found in {f.path('empty')}, /" in done.stderr, done.stderr)


def test_iscsi_that_cannot_be_read(f):
    os.makedirs(f.path("broken"), exist_ok=True)
    with open(f.path("broken/iscsi.so"), "w") as file:
        file.write("no ELF")
    done = f.run("-f", *f.arguments(), "--plugin-dir", f.path("broken"), status=1, env={"TGT_PLUGIN_PATH": ""})
    tap.true("broken/iscsi.so is not a plugin" in done.stderr.splitlines()[-1], done.stderr)


def test_failure_to_start_reaches_the_parent(f):
    done = f.run("--control", f.path("control"), "--state-dir", f.path("state"), "--iscsi", "portal=192.0.2.77:3260",
                 status=1)
    tap.true("192.0.2.77" in done.stderr, done.stderr)


# What it tells others -------------------------------------------------------------------------


def test_missing_plugin_directory_is_named_once(f):
    process = f.start("-f", *f.arguments(), "--plugin-dir", f.path("none"))
    f.ctl("plugin", "list")
    process.terminate()
    _, log = process.communicate(timeout=10 * tap.slowness())
    tap.equal(log.count(f"plugin directory {f.path('none')}: No such file or directory"), 1, f"warnings in: {log}")
    tap.equal(process.returncode, 0, "exit status")


def test_raises_the_limit_of_open_files(f):
    process = f.start("-f", *f.arguments())
    with open(f"/proc/{process.pid}/limits") as limits:
        line = next(line for line in limits if line.startswith("Max open files"))
    soft, hard = line.split()[3:5]
    tap.equal(soft, hard, "soft and hard limit")
    tap.equal(end(process), 0, "exit status")


if __name__ == "__main__":
    sys.exit(tap.main(globals(), Folder(), sys.argv[1:]))
