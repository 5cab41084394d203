#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The settings of the daemon in a file, tgtd.conf(5)."""

import sys

import bed
from bed import tap
from folder import Folder, end


def written(f, text):
    with open(f.path("tgtd.conf"), "w") as file:
        file.write(text)
    return ("--settings", f.path("tgtd.conf"))


def plain(f, settings):
    """The options of the start that the file does not have."""
    return ("-f", "--control", f.path("control"), "--state-dir", f.path("state"), *settings)


def shown(f):
    return bed.json.loads(f.ctl("--format", "json", "system", "show").stdout)


def test_settings_are_used(f):
    settings = written(f, f"""# how we run
[tgtd]
nr_iothreads=2
spin=0
log-level=info
plugin-dir={f.path("a")};{f.path("b")}

[iscsi]
portal=127.0.0.1:0;[::1]:0
nop_interval=7
""")
    process = f.start(*plain(f, settings))
    system = shown(f)
    tap.equal((system["threads"], system["spin_us"], system["log_level"]), (2, 0, "info"), "settings")
    tap.equal(system["plugin_dirs"][:2], [f.path("a"), f.path("b")], "directories of plugins")
    tap.equal([p["params"]["nop_interval"] for p in f.portals()], ["7", "7"], "nop_interval of both portals")
    tap.equal(end(process), 0, "exit status")


def test_command_line_counts_more(f):
    settings = written(f, "[tgtd]\nnr_iothreads=2\n[iscsi]\nportal=192.0.2.77:3260\nnop_interval=7\n")
    process = f.start(*plain(f, settings), "-t", "1", "--iscsi", "portal=127.0.0.1:0,portal=127.0.0.1:0")
    tap.equal(shown(f)["threads"], 1, "threads")
    tap.equal([p["params"]["nop_interval"] for p in f.portals()], ["7", "7"], "both portals of the command line")
    tap.equal(end(process), 0, "exit status")


def test_place_on_the_command_line_does_not_matter(f):
    """The file comes first, wherever it is named; options before it are not lost."""
    settings = written(f, "[tgtd]\nnr_iothreads=2\nspin=9\n")
    process = f.start("-t", "1", "--iscsi", "portal=127.0.0.1:0", *plain(f, settings))
    tap.equal((shown(f)["threads"], shown(f)["spin_us"]), (1, 9), "threads and spin")
    tap.equal(len(f.portals()), 1, "portals")
    tap.equal(end(process), 0, "exit status")


@tap.cases(key=("[tgtd]\nthreads=2\n", "threads: there is no such setting in [tgtd]"),
           flag=("[tgtd]\nforeground=1\n", "foreground: there is no such setting"),
           itself=("[tgtd]\nsettings=/x\n", "settings: there is no such setting"),
           value=("[tgtd]\nnr_iothreads=0\n", "nr_iothreads: "), empty=("[tgtd]\nconfig=\n", "config: has no value"),
           group=("[nonsense]\nportal=1\n", "--nonsense: there is neither an option nor a transport plugin"),
           grammar=("[tgtd]\nnonsense\n", "not understood"), targets=("<target iqn.x>\n</target>\n", "not understood"))
def test_wrong_settings(f, text, words):
    settings = written(f, text)
    done = f.run(*plain(f, settings), status=1)
    tap.true(words in done.stderr, f"'{words}' is not in: {done.stderr}")


def test_help_needs_no_settings(f):
    f.run("--settings", f.path("none"), "--help", status=0)


if __name__ == "__main__":
    sys.exit(tap.main(globals(), Folder(), sys.argv[1:]))
