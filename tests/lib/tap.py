# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run the test_* functions of a module one by one and print TAP.

A test is a function `test_NAME()` or `test_NAME(context)`.  It passes by returning, fails by
raising and is skipped by calling skip().  The context (optional) is any object; these methods of it
are used where they exist:
    open()     before the first test; may call skip_all(); if it fails, no test is run
    check()    after each test: raises if what the test left behind is not in order
    cleanup()  after each test and its check: releases what the test opened
    reopen()   after a failed check: makes a fresh start for the next test
    log()      text to print with a failure
    close()    after the last test: raises if the end was not clean; reported as a test of its own
"""

import inspect
import os
import signal
import sys
import traceback

DEFAULT_TIMEOUT = 20


def slowness():
    """The factor by which waits are stretched, for sanitizer builds and slow machines."""
    return float(os.environ.get("TGT_TEST_SLOW", "1"))


class Skip(Exception):
    """The test cannot run here; the text says why."""


class SkipAll(Exception):
    """No test of this file can run here; the text says why."""


class TimedOut(Exception):
    """The time given to one test is over."""


def skip(reason):
    raise Skip(reason)


def skip_all(reason):
    raise SkipAll(reason)


def fail(what):
    raise AssertionError(what)


def true(condition, what):
    if not condition:
        fail(what)


def equal(got, want, what):
    if got != want:
        fail(f"{what}: got {_shown(got)}, wanted {_shown(want)}")


def within(got, allowed, what):
    if got not in allowed:
        fail(f"{what}: got {_shown(got)}, wanted one of {_shown(list(allowed))}")


def _shown(value):
    text = repr(value)
    return text if len(text) <= 400 else f"{text[:400]}... ({len(text)} characters)"


def cases(**params):
    """Make one test per keyword of the decorated function: test_x with case `a` is test_x_a."""

    def mark(function):
        function.tap_cases = params
        return function

    return mark


def timeout(seconds):
    """Give the decorated test another time limit than DEFAULT_TIMEOUT."""

    def mark(function):
        function.tap_timeout = seconds
        return function

    return mark


class _Test:
    def __init__(self, name, function, values=()):
        self.name = name
        self.function = function
        self.values = values
        self.timeout = getattr(function, "tap_timeout", DEFAULT_TIMEOUT) * slowness()

    def call(self, context):
        values = list(self.values)
        if len(inspect.signature(self.function).parameters) > len(values):
            values.insert(0, context)
        self.function(*values)


def _expand(name, function):
    params = getattr(function, "tap_cases", None)
    if params is None:
        return [_Test(name, function)]
    return [
        _Test(f"{name}_{case}", function, value if isinstance(value, tuple) else (value,))
        for case, value in params.items()
    ]


def _collect(namespace, patterns):
    tests = []
    for name, function in list(namespace.items()):
        if name.startswith("test_") and inspect.isfunction(function):
            tests += _expand(name[len("test_"):], function)
    return [t for t in tests if not patterns or any(p in t.name for p in patterns)]


def _on_alarm(_signal, _frame):
    raise TimedOut()


def _with_alarm(seconds, function, *args):
    signal.signal(signal.SIGALRM, _on_alarm)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        function(*args)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _where(error):
    """The way to an error, innermost last, without the frames of this file."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename != __file__]
    return "\n".join(f"  {os.path.basename(f.filename)}:{f.lineno}: {f.line}" for f in frames)


def _diagnose(text):
    for line in text.rstrip("\n").split("\n"):
        print(f"# {line}")


def _say(ok, number, name, remark=""):
    print(f"{'ok' if ok else 'not ok'} {number} - {name}{remark}", flush=True)


class _Runner:
    def __init__(self, context):
        self.context = context
        self.number = 0
        self.failed = 0

    def hook(self, name):
        function = getattr(self.context, name, None)
        return function() if function else None

    def attempt(self, function, *args, seconds=DEFAULT_TIMEOUT):
        """Run one step; None if it passed, else what went wrong."""
        try:
            _with_alarm(seconds, function, *args)
        except (Skip, SkipAll):
            raise
        except TimedOut as late:
            return f"no end after {seconds:g} s\n{_where(late)}"
        except Exception as error:  # whatever a test raises is its failure, not ours
            return f"{type(error).__name__}: {error}\n{_where(error)}"
        return None

    def report(self, name, problem, log=None):
        self.number += 1
        if problem is None:
            _say(True, self.number, name)
            return
        self.failed += 1
        _say(False, self.number, name)
        _diagnose(problem)
        if log:
            _diagnose("--- log ---\n" + log)

    def run(self, test):
        try:
            problem = self.attempt(test.call, self.context, seconds=test.timeout)
        except Skip as reason:
            self.number += 1
            _say(True, self.number, test.name, f" # SKIP {reason}")
            self.attempt(self.hook, "cleanup")
            return
        after = self.attempt(self.hook, "check", seconds=DEFAULT_TIMEOUT * slowness())
        if after:
            problem = (problem or "") + "after the test: " + after
        log = self.hook("log") if problem else None
        self.report(test.name, problem, log)
        self.attempt(self.hook, "cleanup")
        if after:
            self.attempt(self.hook, "reopen", seconds=DEFAULT_TIMEOUT * slowness())

    def close(self):
        problem = self.attempt(self.hook, "close", seconds=DEFAULT_TIMEOUT * slowness())
        self.report("clean_end", problem, self.hook("log") if problem else None)


def main(namespace, context=None, patterns=()):
    """Run the tests of a module's globals(); returns the exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what is open is cleaned up
    tests = _collect(namespace, patterns)
    runner = _Runner(context)
    try:
        problem = runner.attempt(runner.hook, "open", seconds=DEFAULT_TIMEOUT * slowness())
    except SkipAll as reason:
        print(f"1..0 # SKIP {reason}", flush=True)
        return 0
    if problem:
        print("1..1")
        runner.report("open", problem, runner.hook("log"))
        return 1
    ends = hasattr(context, "close")
    print(f"1..{len(tests) + ends}", flush=True)
    for test in tests:
        runner.run(test)
    if ends:
        runner.close()
    return 1 if runner.failed or not tests else 0


if __name__ == "__main__":
    sys.exit("a library: call tap.main(globals()) from a test file")
