#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tests/summary.py counts what ./check has run, and lets nothing pass for success that is none."""

import json
import os
import sys
import tempfile

import bed
from bed import tap

SUMMARY = os.path.join(bed.HERE, "..", "summary.py")


def record(name, stdout, result="OK", returncode=0, stderr=""):
    return {"name": f"tgt:suite / {name}", "stdout": stdout, "stderr": stderr, "result": result,
            "returncode": returncode}


def summary(*records, skips="known-*  no such thing*\n"):
    """Exit status and lines of a summary of these records."""
    with tempfile.TemporaryDirectory() as folder:
        build = os.path.join(folder, "build-check-plain")
        os.makedirs(os.path.join(build, "meson-logs"))
        with open(os.path.join(build, "meson-logs", "testlog.json"), "w") as log:
            log.writelines(json.dumps(r) + "\n" for r in records)
        with open(os.path.join(folder, "skips"), "w") as file:
            file.write(skips)
        done = bed.run(sys.executable, SUMMARY, os.path.join(folder, "skips"), build)
    return done.returncode, done.stdout.split("\n")[:-1]


PASSING = record("a", "1..2\nok 1 - one\nok 2 - two\n")


def test_counts_subtests():
    tap.equal(summary(PASSING, record("b", "1..1\nok 1 /c/three\n")), (0, ["", "", "3 passed, 0 failed, 0 skipped"]),
              "summary")


def test_failure_is_shown_with_its_output():
    status, lines = summary(PASSING, record("b", "1..2\nnot ok 1 - bad\n# why\n# more\nok 2 - good\n", "FAIL", 1))
    tap.equal(status, 1, "exit status")
    tap.true("FAILED plain: b: bad" in lines and "    # why" in lines and "    # more" in lines, "\n".join(lines))
    tap.equal(lines[-1], "3 passed, 1 failed, 0 skipped", "last line")


@tap.cases(
    crash=("1..2\nok 1 - one\n", "ERROR", -11), timeout=("1..2\nok 1 - one\n", "TIMEOUT", -15),
    status=("1..1\nok 1 - one\n", "ERROR", 1), leak=("1..1\nok 1 - one\n", "FAIL", 23),
)
def test_program_that_ends_badly_fails(stdout, result, returncode):
    status, lines = summary(PASSING, record("b", stdout, result, returncode, "the reason"))
    tap.equal((status, lines[-1]), (1, "3 passed, 1 failed, 0 skipped"), "summary")
    tap.true(any("the reason" in line for line in lines), "\n".join(lines))


def test_program_without_tests_fails():
    tap.equal(summary(PASSING, record("b", ""))[0], 1, "exit status")


def test_no_tests_at_all_fails():
    tap.equal(summary()[0], 1, "exit status")


def test_known_skip_passes():
    status, lines = summary(PASSING, record("known-x", "1..1\nok 1 - x # SKIP no such thing here\n"))
    tap.equal((status, lines[-1]), (0, "2 passed, 0 failed, 1 skipped"), "summary")
    tap.true("skipped plain: known-x: x: no such thing here" in lines, "\n".join(lines))


@tap.cases(
    test=("other", "1..1\nok 1 - x # SKIP no such thing\n"), reason=("known-x", "1..1\nok 1 - x # SKIP tired\n"),
    all=("other", "1..0 # SKIP no such thing\n"), none=("known-x", "1..1\nok 1 - x # SKIP\n"),
)
def test_unexpected_skip_fails(name, stdout):
    status, lines = summary(PASSING, record(name, stdout))
    tap.equal((status, lines[-1]), (1, "2 passed, 0 failed, 1 skipped"), "summary")
    tap.true(any(line.startswith("UNEXPECTED SKIP") for line in lines), "\n".join(lines))


def test_build_that_failed_fails():
    with tempfile.TemporaryDirectory() as folder:
        done = bed.run(sys.executable, SUMMARY, os.devnull, folder)
    tap.equal(done.returncode, 1, "exit status")


if __name__ == "__main__":
    sys.exit(tap.main(globals(), patterns=sys.argv[1:]))
