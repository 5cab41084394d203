# SPDX-License-Identifier: LGPL-2.1-or-later
"""List and run the tests of libiscsi's iscsi-test-cu, one process each, and read the output."""

import collections
import fnmatch
import re
import shutil
import subprocess

PROGRAM = "iscsi-test-cu"
FAMILIES = ("SCSI", "iSCSI")  # LINUX repeats SCSI through /dev/sg, ALL is both

# passed, failed or skipped; why: the reason or the output that explains it
Result = collections.namedtuple("Result", "outcome why")
Rule = collections.namedtuple("Rule", "verb pattern reason")

# The result begins a line or follows the dots of its "Test:" line; what the teardown says follows.
_RESULT = re.compile(r"^(?:  Test: .* \.\.\.)?(passed|FAILED)", re.MULTILINE)
_SKIPPED = re.compile(r"\[SKIPPED\]\s*(.*)")
_ASSERTS = re.compile(r"^\s*asserts\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)", re.MULTILINE)
_TESTS = re.compile(r"^\s*tests\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)", re.MULTILINE)


def available():
    return shutil.which(PROGRAM) is not None


def list_tests():
    """The full names FAMILY.SUITE.TEST in the order of the program."""
    output = subprocess.run([PROGRAM, "--list"], capture_output=True, text=True, timeout=20,
                            check=False).stdout
    names = [line.strip() for line in output.splitlines()]
    return [n for n in names if n.count(".") == 2 and n.split(".")[0] in FAMILIES]


def read_rules(path):
    """The lines of skips.txt."""
    rules = []
    with open(path) as lines:
        for line in lines:
            if line.strip() and not line.startswith("#"):
                rules.append(_rule(line))
    return rules


def _rule(line):
    verb, pattern, reason = line.split(None, 2)
    if verb not in ("skips", "not-run"):
        raise ValueError(f"skips.txt: unknown verb in {line!r}")
    return Rule(verb, pattern, reason.strip())


def rule_for(rules, variant, test):
    for rule in rules:
        if any(fnmatch.fnmatchcase(n, rule.pattern) for n in (test, f"{variant} {test}")):
            return rule
    return None


def run(test, urls, timeout):
    """Run one test on one logical unit, with a second path to it if there are two URLs."""
    command = [PROGRAM, "--dataloss", "--allow-sanitize", "--Verbose-scsi", f"--test={test}", *urls]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors="replace")
    try:
        output, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
        return Result("failed", f"no end after {timeout:g} s\n{_tail(output)}")
    return judge(output, process.returncode)


def judge(output, status):
    """What the output of a run of exactly one test means."""
    _, suite, body = output.partition("\nSuite: ")
    tests, asserts, result = _TESTS.search(body), _ASSERTS.search(body), _RESULT.search(body)
    if not suite or not tests or not asserts or not result:
        return Result("failed", f"status {status}, no summary\n{_tail(output)}")
    if tests.groups() != ("1", "1", "1", "0") or asserts.group(4) != "0" or status:
        return Result("failed", _failures(body, result.start()))
    skipped = _SKIPPED.search(body, 0, result.start())
    if skipped:
        return Result("skipped", skipped.group(1).strip())
    return Result("passed", "")


def _failures(body, end):
    """The end of what came before the result, and the assertions that failed."""
    assertions = re.findall(r"^ +\d+\. (?:.*\.c:\d+.*)$", body[end:], re.MULTILINE)
    return "\n".join([_tail(body[:end]), *assertions])


def _tail(text, lines=25):
    return "\n".join(text.rstrip().splitlines()[-lines:])
