#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The load generator keeps and checks data, and the programs of bench/ write what they promise.

usage: test_bench.py BUILD [PATTERN...]
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BENCH = os.path.join(HERE, "..", "..", "bench")
sys.path.insert(0, os.path.join(HERE, "..", "lib"))

import daemon  # noqa: E402
import tap  # noqa: E402

IQN = "iqn.2024-01.org.example:bench"
MEM, NULL = 1, 300  # beyond 255 the initiator has to address logical units in another way


class Bed:
    """A daemon with a store that keeps data and one that does not."""

    def __init__(self, build):
        self.build = build
        self.daemon = daemon.Daemon()

    def open(self):
        self.folder = tempfile.mkdtemp(prefix="tgt-bench.")
        self.daemon.start()
        self.daemon.create_target(IQN)
        self.daemon.create_lun(IQN, MEM, "mem", size="8M")
        self.daemon.create_lun(IQN, NULL, "null", size="8M")
        portal = self.daemon.portals()[0]
        self.url = f"iscsi://{portal.address}:{portal.port}/{IQN}"

    def path(self, name):
        return os.path.join(self.folder, name)

    def load(self, lun, *arguments):
        """Its exit status, figures and messages."""
        command = [os.path.join(self.build, "bench", "load"), *arguments, f"{self.url}/{lun}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, json.loads(done.stdout or "null"), done.stderr

    def bench(self, program, *arguments):
        """What it writes as JSON."""
        path = self.path(f"{program}.json")
        done = subprocess.run(
            [sys.executable, os.path.join(BENCH, program), "--build", self.build, "--json", path,
             *arguments], capture_output=True, text=True, check=False)  # fmt: skip
        tap.equal(done.returncode, 0, f"status of {program} ({done.stderr})")
        with open(path) as file:
            return json.load(file)

    def check(self):
        tap.true(self.daemon.alive(), "the daemon has died")

    def log(self):
        return self.daemon.log_text()

    def close(self):
        try:
            self.daemon.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def require_engine(engine):
    refusal = daemon.io_uring_refusal() if engine == "uring" else None
    if refusal:
        tap.skip(refusal)


@tap.cases(epoll="epoll", uring="uring")
def test_load_finds_what_it_has_written(bed, engine):
    require_engine(engine)
    for shape in (("--bs", "4k", "--qd", "32", "--rw", "randrw"),
                  ("--bs", "512k", "--qd", "4", "--rw", "rw", "--connections", "2"),
                  ("--bs", "1536", "--qd", "8", "--rw", "randrw", "--initial-r2t")):
        status, figures, messages = bed.load(MEM, "--engine", engine, "--verify", "--digests",
                                             "--ops", "300", *shape)  # fmt: skip
        tap.equal((status, messages), (0, ""), f"status and messages of {shape}")
        tap.equal((figures["ops"], figures["errors"]), (300, 0), f"commands and errors of {shape}")
        tap.true(figures["session"]["digests"], "no digests were agreed on")
        tap.true(figures["verified"] > 0, f"{shape}: nothing was verified")


@tap.cases(epoll="epoll", uring="uring")
def test_load_misses_what_is_lost(bed, engine):
    require_engine(engine)
    status, figures, messages = bed.load(NULL, "--engine", engine, "--verify", "--rw", "randrw",
                                         "--bs", "64k", "--ops", "1000")  # fmt: skip
    tap.equal(status, 2, "status")
    tap.true("differs" in messages, f"it says: {messages}")
    tap.true(figures["errors"] > 0, f"no errors: {figures}")


@tap.timeout(60)
def test_run_reports(bed):
    markdown = bed.path("results.md")
    report = bed.bench("run", "--only", "r4k-qd32-beside1", "w4k-qd32-crc", "--rounds", "1",
                       "--time", "0.2", "--warmup", "0.05", "--size", "8", "--targets",
                       "null,rdwr:poll", "--markdown", markdown)  # fmt: skip
    rows = {(row["workload"], row["target"]): row for row in report["rows"]}
    tap.equal(len(rows), 4, f"rows, with the remarks {report['remarks']}")
    for row in rows.values():
        for figure in ("iops", "mbps", "p50", "p99", "p999", "cpu_us_per_op"):
            tap.true(figure in row, f"no {figure} in {row}")
        tap.equal(row["errors"]["max"], 0, f"errors of {row['workload']} on {row['target']}")
    with open(markdown) as file:
        text = file.read()
    for words in ("| processor |", "| r4k-qd32-beside1 | null |", "| w4k-qd32-crc | rdwr:poll |"):
        tap.true(words in text, f"no {words!r} in the Markdown:\n{text}")
    expect_same_again(bed, report, text)


def expect_same_again(bed, report, text):
    figures, notes, markdown = map(bed.path, ("figures.json", "notes.md", "again.md"))
    with open(figures, "w") as file:
        json.dump(report, file)
    with open(notes, "w") as file:
        file.write("# Judgement\n")
    again = bed.bench("run", "--from-json", figures, "--notes", notes, "--markdown", markdown)
    tap.equal(again["rows"], report["rows"], "the same figures")
    with open(markdown) as file:
        tap.equal(file.read(), "# Judgement\n\n" + text, "the same tables behind the notes")


@tap.timeout(60)
def test_scale_reports(bed):
    report = bed.bench("scale", "--luns", "20", "--sessions", "3", "--rounds", "1", "--time",
                       "0.05")  # fmt: skip
    tap.equal([row["luns"] for row in report["luns"]], [10, 20], "marks of logical units")
    tap.equal([(row["luns"], row["sessions"]) for row in report["sessions"]],
              [(2, 1), (2, 3), (20, 1), (20, 3)], "marks of sessions")
    tap.equal([(row["sessions"], row["lun"]) for row in report["loads"]],
              [(0, 1), (0, 19), (3, 1), (3, 19)], "loads")


@tap.timeout(60)
def test_count_reports(bed):
    if not os.path.exists(os.path.join(bed.build, "bench", "count-malloc.so")):
        tap.skip("a sanitizer allocates in its own way")
    rows = bed.bench("count", "--only", "r4k-qd32", "--ops", "200", "--size", "8", "--targets",
                     "mem")  # fmt: skip
    whole = next(row for row in rows if row["thread"] is None)
    for figure in ("malloc", "free", "lock", "voluntary"):
        tap.true(whole[figure] >= 0, f"no {figure} in {whole}")


@tap.timeout(60)
def test_manage_reports(bed):
    rows = bed.bench("manage", "--targets", "3", "--luns", "2", "--peer-targets", "0")["rows"]
    tap.equal({(row["target"], row["targets"], row["luns"]) for row in rows}, {("ours", 3, 6)},
              "what was measured")
    tap.equal([row["operation"] for row in rows][:3], ["check", "apply", "apply again"], "operations")


if __name__ == "__main__":
    sys.exit(tap.main(globals(), Bed(sys.argv[1]), sys.argv[2:]))
