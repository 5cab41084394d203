#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tgtctl stats: rates, histograms, the live screen."""

import signal
import sys

import bed
import prometheus
from bed import tap
from session import Session
from terminal import ENTER, LEAVE, Terminal

OK, USAGE, NOT_FOUND = 0, 1, 4
INITIATOR = "iqn.2010-11.org.example:stats"


class ToolBed(bed.Bed):
    def open(self):
        super().open()
        self.daemon.create_target(bed.IQN)
        for number in (1, 2):
            self.daemon.create_lun(bed.IQN, number, "mem", size="16M")
        self.session = Session.login(self.daemon.portals()[0], bed.IQN, initiator=INITIATOR)
        self.session.clear_attention(1)
        self.session.write(0, b"x" * 8192, lun=1)
        self.session.read(0, 1, lun=1)

    def close(self):
        self.session.close()
        super().close()

    def lines(self, *args):
        done = self.ctl("stats", *args, status=OK)
        tap.equal(done.stderr, "", "standard error")
        return done.stdout.splitlines()

    def json(self, *args):
        return self.daemon.ctl_json("stats", *args)

    def top(self, *args, **size):
        return self.keep(Terminal(self.daemon.tgtctl, "--socket", self.daemon.path("control"), "stats", "top",
                                  "--interval", "0.2", *args, **size))


# show -----------------------------------------------------------------------------------------


@tap.cases(lun=("lun", [bed.IQN + "/1", bed.IQN + "/2"]), session=("session", ["1 " + INITIATOR]),
           initiator=("initiator", [INITIATOR]), plugin=("plugin", ["mem", "iscsi"]))
def test_totals(b, by, names):
    rows = b.json("show", "--by", by)
    tap.equal([row["name"] for row in rows], names, "names")
    tap.equal((rows[0]["writes"], rows[0]["write_bytes"], rows[0]["read_bytes"]), (1, 8192, 512), "counters")
    text = b.lines("show", "--by", by)
    tap.true(text[0].startswith(by.upper()) and names[0] in text[1] and "8.0 KiB" in text[1], "\n".join(text))


def test_show_of_one(b):
    rows = b.json("show", "@1/2")["luns"]
    tap.equal([row["lun"] for row in rows], [2], "LUNs")


def test_rates(b):
    text = b.lines("show", "--interval", "0.1", "--count", "2")
    tap.equal([line.split()[0] for line in text if line], ["LUN", bed.IQN + "/1", bed.IQN + "/2"] * 2, "lines")
    tap.equal(text[1].split()[1:5], ["0", "0", "0.0", "0.0"], "nothing happens")


def test_rates_as_json(b):
    looked = b.json("show", "@1/1", "--interval", "0.1", "--count", "1")
    tap.true(0.1 <= looked["seconds"] < 20 * tap.slowness(), f"{looked}")
    tap.equal([(row["name"], row["reads"]) for row in looked["rows"]], [(bed.IQN + "/1", 0.0)], "rows")


@tap.cases(by=(("show", "--by", "moon"), "not 'moon'"), interval=(("show", "--interval", "x"), "no number of seconds"),
           short=(("show", "--interval", "0.01"), "no number of seconds"), count=(("show", "--count", "0"), "not a number of times"),
           op=(("top", "--sort", "x"), "--sort is"), kind=(("histogram", "@1/1", "--kind", "x"), "--kind is one of"),
           stage=(("histogram", "@1/1", "--stage", "x"), "--stage is one of"), lun=(("reset", "@1/x"), "TARGET/NUMBER"),
           size=(("histogram", "@1/1", "--kind", "size", "--stage", "scsi"), "no meaning"))
def test_usage(b, args, words):
    done = b.ctl("stats", *args, status=USAGE)
    tap.true(words in done.stderr and not done.stdout, done.stderr)


@tap.cases(show="show", histogram="histogram", reset="reset", top="top")
def test_not_found(b, verb):
    b.ctl("stats", verb, "@1/9", status=NOT_FOUND)


# histogram ------------------------------------------------------------------------------------


def test_histogram(b):
    text = b.lines("histogram", "@1/1", "--op", "write")
    tap.equal(text[0], f"{bed.IQN}/1  write, total", "title")
    tap.true(text[2].split()[1:3] == ["1", "100.0"] and "#" * 40 in text[2], text[2])
    tap.true(text[-2].startswith("p50 ") and "receive" in text[-1] and "store" in text[-1], "\n".join(text))


def test_histogram_of_sizes(b):
    text = b.lines("histogram", "@1/1", "--op", "write", "--kind", "size")
    tap.true(text[2].split()[:4] == ["8.0", "KiB", "1", "100.0"], "\n".join(text))


def test_histogram_of_a_stage(b):
    tap.true("read, scsi" in b.lines("histogram", "@1/1", "--op", "read", "--stage", "scsi")[0], "title")
    tap.equal(b.lines("histogram", "@1/2"), ["nothing is measured yet"], "nothing")


def test_metrics(b):
    families = prometheus.parse(b.ctl("stats", "metrics", status=OK).stdout)
    tap.true("tgt_lun_latency_seconds" in families, f"{sorted(families)}")
    tap.equal(prometheus.parse(b.json("metrics")).keys(), families.keys(), "JSON")


# top ------------------------------------------------------------------------------------------


def test_top_once(b):
    text = b.lines("top", "--once", "--interval", "0.1")
    tap.true(text[0].startswith("tgtd ") and text[1].startswith("all ") and text[3].startswith("LUN"), "\n".join(text))
    tap.true(any(line.startswith(bed.IQN + "/1 ") for line in text) and "\033" not in "".join(text), "\n".join(text))


def test_top_into_a_pipe(b):
    text = b.lines("top", "--count", "2", "--interval", "0.1", "--by", "initiator")
    tap.equal(sum(line.startswith("INITIATOR") for line in text), 2, "frames")


def test_top_as_json(b):
    tap.equal(len(b.json("top", "--once", "--interval", "0.1")["rows"]), 2, "rows")


def test_top_on_a_terminal(b):
    top = b.top()
    top.until_raw()
    top.until("sort by iops")
    top.type("s")
    top.until("sort by bytes")
    top.type("b")
    top.until("SESSION")
    top.type("q")
    tap.equal(top.wait(), OK, "status")
    tap.true(top.is_restored() and top.text.endswith(LEAVE), f"left behind: {top.text[-80:]!r}")


@tap.cases(int=(signal.SIGINT, OK), term=(signal.SIGTERM, -signal.SIGTERM), hup=(signal.SIGHUP, -signal.SIGHUP))
def test_top_gives_the_terminal_back(b, number, status):
    top = b.top()
    top.until_raw()
    top.process.send_signal(number)
    tap.equal(top.wait(), status, "status")
    tap.true(top.is_restored() and top.text.endswith(LEAVE), f"left behind: {top.text[-80:]!r}")


def test_top_without_the_daemon(b):
    with bed.daemon.Daemon() as other:
        top = b.keep(Terminal(other.tgtctl, "--socket", other.path("control"), "stats", "top", "--interval", "0.1"))
        top.until_raw()
    tap.equal(top.wait(), 3, "status")
    tap.true(top.is_restored() and "does not answer any more" in top.process.stderr.read(), "end")


def test_top_keeps_the_end_of_long_names(b):
    top = b.top(columns=116, lines=10)
    top.until_raw()
    top.until("…" + (bed.IQN + "/1")[-19:] + " ")


def test_top_stays_within_the_terminal(b):
    top = b.top(columns=60, lines=6)
    top.until_raw()
    start = top.until("up to date")
    top.resize(40, 6)
    top.until("\033[J", start)
    start = len(top.text)
    end = top.until("\033[J", start)
    frame = top.text[start:end]
    lines = [line for line in frame.replace(ENTER, "").replace("\033[H", "").replace("\033[J", "").split("\033[K\r\n")]
    tap.true(len(lines) <= 6 and all(len(line.replace("\033[K", "")) <= 40 for line in lines), f"{lines}")


if __name__ == "__main__":
    sys.exit(tap.main(globals(), ToolBed(), sys.argv[1:]))
