#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tgtctl: what it prints for eyes and for programs, its exit statuses, its help."""

import json
import os
import signal
import subprocess
import sys

import bed
from bed import tap
from session import Session

OK, USAGE, REFUSED, UNREACHABLE, NOT_FOUND, EXISTS, BUSY, PLUGIN = 0, 1, 2, 3, 4, 5, 6, 9
INITIATOR = "iqn.2010-11.org.example:ctl"


class CtlBed(bed.Bed):
    def target(self, *luns):
        self.clear()
        self.daemon.create_target(bed.IQN)
        for number in luns:
            self.daemon.create_lun(bed.IQN, number, "mem", size="16M")

    def lines(self, *args):
        """Lines of standard output of a command that succeeds and says nothing on standard error."""
        done = self.ctl(*args, status=OK)
        tap.equal(done.stderr, "", "standard error")
        return done.stdout.splitlines()

    def refused(self, status, *args):
        """Standard error of a command that fails with this status and prints nothing else."""
        done = self.ctl(*args, status=status)
        tap.equal(done.stdout, "", "standard output")
        return done.stderr


# The command line -----------------------------------------------------------------------------


def test_help_names_every_command(b):
    text = "\n".join(b.lines("--help"))
    for noun in ("plugin", "target", "lun", "session", "portal", "acl", "stats", "system", "serve"):
        tap.true(f"tgtctl {noun} " in text, f"no '{noun}' in:\n{text}")


def test_help_of_a_noun(b):
    lines = b.lines("lun", "--help")
    tap.true(lines and all("tgtctl lun " in line for line in lines), "\n".join(lines))


def test_help_of_a_command(b):
    text = "\n".join(b.lines("lun", "create", "-h"))
    tap.true(text.startswith("Usage: tgtctl lun create T/N\n") and "--block-size BYTES" in text, text)


def test_version(b):
    tap.true(b.lines("--version")[0].startswith("tgtctl "), "version")


@tap.cases(
    nothing=((), "--help"), noun=(("tagret", "list"), "did you mean 'target'"),
    verb=(("target", "lst"), "did you mean 'target list'"), synonym=(("lun", "remove"), "did you mean 'lun delete'"), no_verb=(("target",), "tgtctl target create IQN"),
    option=(("target", "list", "--fromat", "json"), "did you mean '--format'"),
    foreign_option=(("target", "list", "--force"), "'--force' has no meaning here"),
    no_value=(("target", "list", "--format"), "table|json"), value=(("target", "list", "--help=x"), "no value"),
    format=(("target", "list", "--format", "xml"), "not 'xml'"), missing=(("target", "show"), "missing"),
    too_much=(("target", "list", "a"), "too much"), lun=(("lun", "show", "@1"), "TARGET/NUMBER"),
    lun_word=(("lun", "show", "@1/a"), "TARGET/NUMBER"), pair=(("target", "set", "@1", "online"), "KEY=VALUE"),
    number=(("target", "create", "iqn.2024-01.org.example:x", "--tid", "x"), "not a number"),
    rule=(("acl", "add", "@1"), "one rule"), rules=(("acl", "add", "@1", "all", "--address", "::1"), "one rule"),
    letter=(("-Z",), "no option '-Z'"), timeout=(("system", "show", "--timeout", "0"), "no number of seconds"),
    port=(("system", "show", "-C", "x"), "not the number of a daemon"), sid=(("session", "kill", "x"), "not the number"),
)
def test_usage_error(b, args, words):
    text = b.refused(USAGE, *args)
    tap.true(words in text, text)


def test_options_anywhere(b):
    b.target(1)
    wanted = b.daemon.ctl_json("lun", "list", bed.IQN)
    for args in (("--format", "json", "lun", "list", bed.IQN), ("lun", "--format=json", "list", bed.IQN),
                 ("lun", "list", bed.IQN, "--format", "json")):
        tap.equal(json.loads(b.ctl(*args, status=OK).stdout), wanted, f"{args}")
    b.lines("target", "delete", "--", bed.IQN)


def test_socket_from_the_environment(b):
    done = bed.run(b.daemon.tgtctl, "system", "show", env={"TGT_CONTROL": b.daemon.path("control")}, status=OK)
    tap.true(f"pid          {b.daemon.process.pid}\n" in done.stdout, done.stdout)


def test_not_utf8(b):
    tap.equal(bed.run(b.daemon.tgtctl, "target", "create", os.fsdecode(b"\xff")).returncode, USAGE, "status")


# Exit statuses --------------------------------------------------------------------------------


def test_status_unreachable(b):
    done = bed.run(b.daemon.tgtctl, "--socket", b.path("none"), "target", "list", status=UNREACHABLE)
    tap.true("is tgtd running?" in done.stderr, done.stderr)


class Stuck:
    """A daemon with a target that does not run any more; it can be made to go on."""

    def __enter__(self):
        self.daemon = bed.daemon.Daemon().start()
        self.daemon.create_target(bed.IQN)
        self.daemon.process.send_signal(signal.SIGSTOP)
        return self

    def __exit__(self, *_):
        self.daemon.kill()

    def start(self, variable, *args):
        """tgtctl or tgtadm in the background."""
        return subprocess.Popen([bed.daemon.binary(variable), *args], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                text=True, env={**os.environ, "TGT_CONTROL": self.daemon.path("control")})

    def crowd(self):
        """Connections until the queue is full."""
        connections = []
        try:
            while len(connections) < 10000:
                connection = bed.socket.socket(bed.socket.AF_UNIX)
                connections.append(connection)
                connection.setblocking(False)
                connection.connect(self.daemon.path("control"))
        except BlockingIOError:
            pass
        return connections


def late(process, status, words):
    """It gives up with this status and one sentence."""
    _, text = process.communicate(timeout=20 * tap.slowness())
    tap.equal(process.returncode, status, f"exit status ({text})")
    tap.equal(len(text.splitlines()), 1, f"lines of {text!r}")
    tap.true(words in text, text)


def test_stuck_daemon_is_given_up(b):
    with Stuck() as stuck:
        for command in (("system", "show"), ("lun", "create", f"{bed.IQN}/1", "--bs", "mem")):
            late(stuck.start("TGTCTL", "--timeout", "1", *command), UNREACHABLE, f"has not answered {'.'.join(command[:2])} "
                 "within 1 s")
        crowd = stuck.crowd()
        late(stuck.start("TGTCTL", "--timeout", "1", "system", "show"), UNREACHABLE, "has not taken the connection within 1 s")
        for connection in crowd:
            connection.close()


@tap.timeout(40)
def test_patience_without_timeout(b):
    """Ten seconds for what is done at once; as long as it takes for the rest, with a notice."""
    with Stuck() as stuck:
        show = stuck.start("TGTCTL", "system", "show")
        legacy = stuck.start("TGTADM", "--mode", "system", "--op", "show")
        create = stuck.start("TGTCTL", "lun", "create", f"{bed.IQN}/1", "--bs", "mem")
        late(show, UNREACHABLE, "has not answered system.show within 10 s")
        late(legacy, 107, "tgtadm: tgtd at ")
        tap.equal(create.stderr.readline(), "tgtctl: still waiting for tgtd (lun.create)\n", "notice")
        stuck.daemon.process.send_signal(signal.SIGCONT)
        _, text = create.communicate(timeout=10 * tap.slowness())
        tap.equal((create.returncode, text), (OK, ""), "lun create when the daemon goes on")


def test_status_not_found(b):
    b.target()
    b.refused(NOT_FOUND, "target", "show", "@77")
    b.refused(NOT_FOUND, "lun", "show", "@1/5")
    b.refused(NOT_FOUND, "plugin", "info", "nonsense")
    b.refused(NOT_FOUND, "session", "kill", "77")
    near = b.refused(NOT_FOUND, "target", "show", bed.IQN + "x")
    tap.true(f"did you mean '{bed.IQN}'" in near, near)


def test_status_exists(b):
    b.target(1)
    b.refused(EXISTS, "target", "create", bed.IQN)
    b.refused(EXISTS, "lun", "create", f"{bed.IQN}/1", "--bs", "mem")
    b.refused(EXISTS, "acl", "add", bed.IQN, "all")


def test_status_refused(b):
    b.target()
    b.refused(REFUSED, "target", "create", "not a name")
    b.refused(REFUSED, "lun", "create", f"{bed.IQN}/1", "--bs", "mem", "--block-size", "513")
    b.refused(REFUSED, "acl", "add", bed.IQN, "--address", "300.1.1.1")
    text = b.refused(REFUSED, "lun", "create", f"{bed.IQN}/1", "--bs", "mem", "--opt", "sise=1M")
    tap.true("did you mean size" in text, text)


def test_status_busy(b):
    b.target(1)
    session = b.keep(Session.login(b.daemon.portals()[0], bed.IQN, initiator=INITIATOR))
    b.refused(BUSY, "target", "delete", bed.IQN)
    b.refused(BUSY, "plugin", "unload", "iscsi")
    b.lines("target", "delete", bed.IQN, "--force")
    session.close()


# Targets and logical units --------------------------------------------------------------------


def test_target_life(b):
    b.clear()
    tap.equal(b.lines("target", "create", bed.IQN, "--tid", "7"), [f"target @7 {bed.IQN}"], "create")
    tap.equal(b.lines("target", "list"),
              ["TID  TARGET                         STATE  LUNS  SESSIONS  ACL",
               f"@7   {bed.IQN}  ready     0         0  nobody"], "list")
    tap.equal(b.lines("target", "set", "@7", "alias=A disk", "online=no"), [], "set")
    shown = b.daemon.ctl_json("target", "show", bed.IQN)
    tap.equal((shown["alias"], shown["state"]), ("A disk", "offline"), "show")
    tap.equal(b.lines("target", "delete", "@7"), [], "delete")
    tap.equal(b.daemon.ctl_json("target", "list"), [], "list")


def test_target_parameters(b):
    b.target()
    b.lines("target", "set", bed.IQN, "MaxBurstLength=65536")
    tap.equal(b.daemon.ctl_json("target", "show", bed.IQN)["params"]["iscsi"]["MaxBurstLength"], "65536", "value")
    tap.true("  iscsi     MaxBurstLength=65536" in b.lines("target", "show", bed.IQN), "table")
    b.refused(REFUSED, "target", "set", bed.IQN, "MaxBurstLength=1")
    text = b.refused(REFUSED, "target", "set", bed.IQN, "MaxBurstLenth=65536")
    tap.true("did you mean 'MaxBurstLength'" in text, text)


def test_lun_life(b):
    b.target()
    tap.equal(b.lines("lun", "create", "@1/3", "--bs", "mem", "--opt", "size=64M", "--vendor", "V", "--product", "P",
                      "--revision", "R", "--serial", "S"), [f"{bed.IQN}/3: 64.0 MiB"], "create")
    tap.equal(b.lines("lun", "list"),
              ["LUN                              TYPE      SIZE  BLOCK  STORE  PATH  STATE",
               f"{bed.IQN}/3  disk  64.0 MiB    512  mem    -     online"], "list")
    lun = b.daemon.ctl_json("lun", "show", "@1/3")
    tap.equal([lun[k] for k in ("vendor", "product", "revision", "serial", "size", "block_size", "blocks")],
              ["V", "P", "R", "S", 64 << 20, 512, 131072], "show")
    b.lines("lun", "offline", "@1/3")
    tap.equal(b.daemon.ctl_json("lun", "show", "@1/3")["online"], False, "online")
    b.lines("lun", "online", "@1/3")
    tap.equal(b.daemon.ctl_json("lun", "show", "@1/3")["online"], True, "online")
    b.lines("lun", "set", "@1/3", "read-only=yes")
    tap.equal(b.daemon.ctl_json("lun", "show", "@1/3")["read_only"], True, "read_only")
    tap.equal(b.lines("lun", "delete", "@1/3"), [], "delete")
    tap.equal(b.daemon.ctl_json("lun", "list"), [], "list")


def test_lun_flags(b):
    b.target()
    b.lines("lun", "create", "@1/1", "--bs", "mem", "--read-only", "--thin", "--removable", "--block-size", "4096")
    lun = b.daemon.ctl_json("lun", "show", "@1/1")
    tap.equal([lun[k] for k in ("read_only", "thin", "removable", "block_size")], [True, True, True, 4096], "flags")
    tap.true("online,read-only,thin,removable" in b.lines("lun", "list")[1], "state")


def test_lun_without_medium(b):
    b.target()
    b.lines("lun", "create", "@1/1", "--removable")
    lun = b.daemon.ctl_json("lun", "show", "@1/1")
    tap.equal((lun["medium"], lun["blocks"], "bs" in lun), (False, 0, False), "medium")


def test_lun_identity_is_kept(b):
    b.target(1)
    first = b.daemon.ctl_json("lun", "show", "@1/1")["uuid"]
    b.target(1)
    tap.equal(b.daemon.ctl_json("lun", "show", "@1/1")["uuid"], first, "uuid after it was made anew")


def test_lun_resize(b):
    b.target()
    image = b.image("grow.img", 8 << 20)
    b.lines("lun", "create", "@1/1", "--bs", "rdwr", "--path", image)
    os.truncate(image, 16 << 20)
    tap.equal(b.lines("lun", "resize", "@1/1"), [f"{bed.IQN}/1: 16.0 MiB"], "resize")


def test_lun_gets_a_size(b):
    b.target()
    image = b.image("size.img", 8 << 20)
    b.lines("lun", "create", "@1/1", "--bs", "rdwr", "--path", image)
    session = b.keep(Session.login(b.daemon.portals()[0], bed.IQN, initiator=INITIATOR))
    session.clear_attention(1)
    tap.equal(b.lines("lun", "resize", "@1/1", "64M"), [f"{bed.IQN}/1: 64.0 MiB"], "size")
    tap.equal(session.clear_attention(1), [(6, 0x2A, 0x09)], "what the initiator is told")
    tap.equal(b.lines("lun", "resize", "@1/1", "+1M"), [f"{bed.IQN}/1: 65.0 MiB"], "more")
    tap.equal(os.path.getsize(image), 65 << 20, "size of the file")
    tap.true("would be lost" in b.refused(REFUSED, "lun", "resize", "@1/1", "1M"), "smaller")
    tap.equal(b.lines("lun", "resize", "@1/1", "1M", "--shrink"), [f"{bed.IQN}/1: 1.0 MiB"], "smaller, if asked for")


@tap.cases(word=("much", "is no size"), sign=("-1M", "no option"), huge=("16E", "is no size"), sum=("+8192P", "more than there can be"))
def test_size_that_is_none(b, size, words):
    b.target(1)
    tap.true(words in b.refused(USAGE, "lun", "resize", "@1/1", size), size)


def test_relative_path_is_made_absolute(b):
    b.target()
    b.image("relative.img")
    b.ctl("lun", "create", "@1/1", "--bs", "rdwr", "--path", "./relative.img", cwd=b.folder, status=OK)
    tap.equal(b.daemon.ctl_json("lun", "show", "@1/1")["path"], b.path("relative.img"), "path")


def test_missing_file_is_named(b):
    b.target()
    done = b.ctl("lun", "create", "@1/1", "--bs", "rdwr", "--path", b.path("none.img"))
    tap.true(done.returncode != OK and b.path("none.img") in done.stderr, done.stderr)


def test_acl(b):
    b.clear()
    b.lines("target", "create", bed.IQN)
    for rule in (("--address", "10.0.0.0/8"), ("--initiator", INITIATOR), ("all",)):
        b.lines("acl", "add", bed.IQN, *rule)
    tap.equal(b.daemon.ctl_json("acl", "list", bed.IQN),
              {"match": "all", "addresses": ["10.0.0.0/8", "ALL"], "initiators": [INITIATOR]}, "rules")
    tap.equal(b.lines("acl", "list", bed.IQN)[1:],
              ["address    10.0.0.0/8", "address    ALL", f"initiator  {INITIATOR}"], "table")
    b.lines("acl", "delete", bed.IQN, "all")
    b.refused(NOT_FOUND, "acl", "delete", bed.IQN, "all")
    b.lines("target", "set", bed.IQN, "match=any")
    tap.equal(b.lines("acl", "list", bed.IQN)[-1], "match      any", "the last line")
    tap.true("  match     any" in b.lines("target", "show", bed.IQN), "match in target show")
    b.refused(REFUSED, "target", "set", bed.IQN, "match=none")


# Sessions, portals, statistics, system --------------------------------------------------------


def test_sessions(b):
    b.target(1)
    session = b.keep(Session.login(b.daemon.portals()[0], bed.IQN, initiator=INITIATOR))
    shown = b.daemon.ctl_json("session", "list", bed.IQN)[0]
    tap.equal((shown["initiator"], shown["target"], shown["transport"]), (INITIATOR, bed.IQN, "iscsi"), "session")
    tap.true(shown["peer"].startswith("127.0.0.1:") and shown["detail"], f"{shown}")
    row = b.lines("session", "list")[1].split()
    tap.equal(row[:3], [str(shown["sid"]), bed.IQN, INITIATOR], "row")
    b.lines("session", "kill", shown["sid"])
    end = bed.daemon.time.monotonic() + 5 * tap.slowness()
    while b.daemon.sessions():
        tap.true(bed.daemon.time.monotonic() < end, "the session is still there")
    session.close()


def test_portals(b):
    text = b.lines("portal", "add", "127.0.0.1:0")[0]
    port = text.rsplit(":", 1)[1]
    tap.equal(text, f"iscsi listens on 127.0.0.1:{port}", "add")
    tap.true(f"iscsi      127.0.0.1:{port}     1" in "\n".join(b.lines("portal", "list")), "list")
    b.refused(EXISTS, "portal", "add", f"127.0.0.1:{port}")
    tap.equal(b.lines("portal", "delete", f"127.0.0.1:{port}"), [], "delete")
    b.refused(NOT_FOUND, "portal", "delete", f"127.0.0.1:{port}")
    b.refused(REFUSED, "portal", "add", "nonsense:1")


def test_statistics(b):
    b.target(1)
    session = b.keep(Session.login(b.daemon.portals()[0], bed.IQN, initiator=INITIATOR))
    session.clear_attention(1)
    session.write(0, b"x" * 4096, lun=1)
    session.read(0, 16, lun=1)
    stats = b.daemon.ctl_json("stats", "show", bed.IQN)
    for row in (stats["luns"][0], stats["sessions"][0]):
        tap.equal((row["writes"], row["write_bytes"], row["read_bytes"]), (1, 4096, 8192), "counters")
    session.logout()
    session.close()
    tap.equal(b.daemon.ctl_json("stats", "show")["luns"][0]["write_bytes"], 4096, "after the session")
    tap.true(any("4.0 KiB" in line for line in b.lines("stats", "show")), "table")


def test_system_show(b):
    system = b.daemon.ctl_json("system", "show")
    tap.equal((system["pid"], system["threads"], system["control"]),
              (b.daemon.process.pid, 1, b.daemon.path("control")), "system")
    tap.true(system["ring"] in ("uring", "poll") and b.lines("system", "show")[0].startswith("version "), f"{system}")


def test_system_shutdown(b):
    other = bed.daemon.Daemon().start()
    other.create_target(bed.IQN)
    other.create_lun(bed.IQN, 1, "mem", size="1M")
    other.ctl("system", "shutdown")
    other.process.wait(10 * tap.slowness())
    other.stop()


# Plugins --------------------------------------------------------------------------------------


def test_plugin_list(b):
    lines = b.lines("plugin", "list")
    tap.equal(lines[0].split(), ["NAME", "KIND", "VERSION", "ABI", "STATE", "USERS", "NOTE"], "titles")
    plugins = {p["name"]: p for p in b.daemon.ctl_json("plugin", "list")}
    tap.equal((plugins["iscsi"]["kind"], plugins["iscsi"]["state"]), ("transport", "active"), "iscsi")
    tap.true("rdwr" in plugins and "sbc" in plugins, f"{list(plugins)}")
    tap.true(lines[-1].startswith(f"{len(plugins)} plugins: "), lines[-1])


def test_plugin_load_and_unload(b):
    b.clear()
    b.lines("plugin", "load", "null")
    state = {p["name"]: p["state"] for p in b.daemon.ctl_json("plugin", "list")}
    tap.equal(state["null"], "idle", "state after load")
    b.lines("plugin", "unload", "null")
    state = {p["name"]: p["state"] for p in b.daemon.ctl_json("plugin", "list")}
    tap.true(state["null"] != "idle", "state after unload")


def test_plugin_info_lists_parameters(b):
    b.lines("plugin", "load", "rdwr")
    text = "\n".join(b.lines("plugin", "info", "rdwr"))
    tap.true(text.startswith("rdwr - ") and "Options of a logical unit (--opt):" in text, text)
    tap.true("\ndirect " in text and "\nsync " in text, text)


def test_unusable_plugin_is_listed_with_its_reason(b):
    with open(b.path("broken.so"), "w") as file:
        file.write("no ELF")
    other = bed.daemon.Daemon(args=("--plugin-dir", b.folder)).start()
    try:
        plugin = next(p for p in other.ctl_json("plugin", "list") if p["file"] == b.path("broken.so"))
        tap.true(plugin["note"], f"{plugin}")
        tap.true(any(plugin["note"] in line for line in other.ctl("plugin", "list").stdout.split("\n")), "table")
        done = other.ctl("plugin", "load", plugin["name"], check=False)
        tap.equal(done.returncode, PLUGIN, f"status of load ({done.stderr})")
    finally:
        other.stop()
        os.unlink(b.path("broken.so"))


def test_store_that_is_not_there(b):
    b.target()
    done = b.ctl("lun", "create", "@1/1", "--bs", "rdrw")
    tap.true(done.returncode in (NOT_FOUND, PLUGIN) and "rdwr" in done.stderr, f"{done.returncode} {done.stderr}")


# Tables ---------------------------------------------------------------------------------------


def test_options_of_a_portal(b):
    portal = b.daemon.ctl_json("portal", "add", "127.0.0.1:0", "--opt", "stall_timeout=7")
    tap.equal(portal["params"]["stall_timeout"], "7", f"{portal}")
    b.ctl("portal", "delete", f"127.0.0.1:{portal['port']}", status=OK)
    done = b.ctl("portal", "add", "127.0.0.1:0", "--opt", "stall_timeuot=7")
    tap.true("did you mean stall_timeout" in done.stderr, done.stderr)


def test_info_shows_ranges_and_values(b):
    text = b.ctl("plugin", "info", "iscsi", status=OK).stdout
    tap.true("stall_timeout" in text and " to " in text, text)


@tap.cases(table=(["target", "list"],), json=(["--format", "json", "target", "list"],), help=(["--help"],))
def test_full_disk_behind_the_output(b, args):
    with open("/dev/full", "w") as full:
        done = bed.subprocess.run([b.daemon.tgtctl, "--socket", b.daemon.path("control"), *args], stdout=full,
                                  stderr=bed.subprocess.PIPE, text=True, check=False)
    tap.equal(done.returncode, 2, "exit status")
    tap.true("No space left" in done.stderr, done.stderr)


def test_no_colours_and_no_cuts_in_a_pipe(b):
    b.target()
    name = "iqn.2024-01.org.example:" + "x" * 190
    b.lines("target", "create", name)
    text = "\n".join(b.lines("target", "list"))
    tap.true(name in text and "\033" not in text, text)


def on_terminal(b, columns, **env):
    """What `plugin list` prints on a terminal of this width."""
    import fcntl
    import pty
    import struct
    import termios
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
    bed.subprocess.run([b.daemon.tgtctl, "--socket", b.daemon.path("control"), "plugin", "list"], stdout=slave,
                       env={**environment, **env}, timeout=20, check=True)
    os.close(slave)
    text = os.read(master, 65536).decode().replace("\r\n", "\n")
    os.close(master)
    return text


def test_titles_are_bold_on_a_terminal(b):
    tap.true(on_terminal(b, 200).startswith("\033[1mNAME"), "bold")
    tap.true("\033" not in on_terminal(b, 200, NO_COLOR="1"), "NO_COLOR")


def test_rows_end_with_the_terminal(b):
    rows = on_terminal(b, 70, NO_COLOR="1").split("\n")
    tap.true(max(len(row) for row in rows[:-2]) <= 70 and any(row.endswith("…") for row in rows), "\n".join(rows))


if __name__ == "__main__":
    sys.exit(tap.main(globals(), CtlBed(), sys.argv[1:]))
