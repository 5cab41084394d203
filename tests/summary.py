#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sums up what `meson test` has found in some build directories:  summary.py SKIPS DIRECTORY...

Counts TAP subtests. Prints failures with their output, and skips with their reasons; ends with
"N passed, N failed, N skipped". The exit status is 1 if anything failed, if a skip is not listed in the
file SKIPS, if a test program found nothing to test, or if there was no test at all.
"""

import collections
import fnmatch
import json
import os
import re
import sys

Result = collections.namedtuple("Result", "outcome test name text")

_LINE = re.compile(r"^(ok|not ok)\b\s*(\d+)?\s*(?:- )?(.*?)(?:\s+# (SKIP|TODO)\b:?\s*(.*))?$", re.IGNORECASE)
_SKIP_ALL = re.compile(r"^1\.\.0\s*#\s*SKIP\b:?\s*(.*)$", re.IGNORECASE)


def results_of(record, build):
    """The results of one test program."""
    test = f"{build}: {record['name'].split(' / ')[-1]}"
    lines = (record.get("stdout") or "").split("\n")
    results = []
    for index, line in enumerate(lines):
        match = _SKIP_ALL.match(line)
        if match:
            results.append(Result("skipped", test, "all", match.group(1)))
            continue
        match = _LINE.match(line)
        if match:
            results.append(subtest(test, match, lines[index + 1:]))
    failed = any(r.outcome == "failed" for r in results)
    if not failed and record["result"] not in ("OK", "SKIP"):
        results.append(Result("failed", test, "all", whole_output(record)))
    if not results:
        results.append(Result("failed", test, "all", "it has tested nothing\n" + whole_output(record)))
    return results


def subtest(test, match, following):
    word, _number, name, directive, reason = match.groups()
    if word == "not ok":
        return Result("failed", test, name, "\n".join(diagnosis(following)))
    if directive and directive.upper() == "SKIP":
        return Result("skipped", test, name, reason or "no reason given")
    return Result("passed", test, name, "")


def diagnosis(lines):
    """What follows a failure up to the next result."""
    for line in lines:
        if _LINE.match(line):
            return
        yield line


def whole_output(record):
    text = (record.get("stdout") or "") + (record.get("stderr") or "")
    end = "\n".join(text.rstrip().split("\n")[-60:])
    return f"meson says {record['result']}, status {record['returncode']}\n{end}"


def read_log(directory):
    build = os.path.basename(directory.rstrip("/")).removeprefix("build-check-")
    path = os.path.join(directory, "meson-logs", "testlog.json")
    if not os.path.exists(path):
        return [Result("failed", build, "build", "no tests were run: see above")]
    with open(path) as log:
        return [r for line in log for r in results_of(json.loads(line), build)]


def read_skips(path):
    """Pairs of patterns."""
    with open(path) as file:
        lines = [line.strip() for line in file]
    return [re.split(r"\s{2,}", line, maxsplit=1) for line in lines if line and not line.startswith("#")]


def expected(skip, allowed):
    name = f"{skip.test.split(': ', 1)[-1]}: {skip.name}"
    return any(fnmatch.fnmatchcase(name, n) and fnmatch.fnmatchcase(skip.text, reason) for n, reason in allowed)


def print_failures(failures):
    for f in failures:
        print(f"\nFAILED {f.test}: {f.name}")
        print("\n".join("    " + line for line in f.text.rstrip().split("\n")))


def print_skips(skips, allowed):
    """One line for each reason; returns how many are not expected."""
    by_reason = collections.defaultdict(list)
    for skip in skips:
        by_reason[(skip.test, skip.text, expected(skip, allowed))].append(skip.name)
    for (test, reason, fine), names in by_reason.items():
        names = f"{names[0]} and {len(names) - 1} more" if len(names) > 1 else names[0]
        print(f"{'skipped' if fine else 'UNEXPECTED SKIP'} {test}: {names}: {reason}")
    return sum(len(names) for (_, _, fine), names in by_reason.items() if not fine)


def main():
    skips_file, *directories = sys.argv[1:]
    results = [r for directory in directories for r in read_log(directory)]
    sorted_out = collections.defaultdict(list)
    for result in results:
        sorted_out[result.outcome].append(result)
    print()
    unexpected = print_skips(sorted_out["skipped"], read_skips(skips_file))
    print_failures(sorted_out["failed"])
    passed, failed, skipped = (len(sorted_out[o]) for o in ("passed", "failed", "skipped"))
    print(f"\n{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or unexpected or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
