# SPDX-License-Identifier: LGPL-2.1-or-later
"""The table of workloads: names, groups, and what the initiator is told.

A name is composed:  r w m (read, write, 70:30), size, queue depth of all connections together, and
what is special.
"""

import fnmatch
import sys
from dataclasses import dataclass

QUICK = ("r4k-qd1", "r4k-qd32", "w4k-qd32", "r256k-qd8", "w256k-qd8")
RANDOM = {"r": ("randread",), "w": ("randwrite",), "m": ("randrw", "--mix", "30")}
SEQUENTIAL = {"r": ("read",), "w": ("write",)}
WORDS = {"r": "reads", "w": "writes", "m": "reads and writes 70:30"}


@dataclass
class Workload:
    """kind: "load", "idle" (a daemon with sessions that do nothing) or "start"."""

    name: str
    group: str
    summary: str
    arguments: tuple = ()
    beside: int = 0  # idle sessions while it runs
    kind: str = "load"
    fio: tuple = ()  # the same without a target; empty: there is no such thing


def _fio(mode, size, depth):
    """What fio calls the modes is what our load generators call them."""
    name, *mix = mode
    return (f"--rw={name}", f"--bs={size}", f"--iodepth={depth}",
            *([f"--rwmixwrite={mix[1]}"] if mix else []))  # fmt: skip


def _load(letter, mode, size, depth, group, *, extra="", words="", arguments=(), connections=1,
          beside=0):  # fmt: skip
    order = "random" if mode[0].startswith("rand") else "sequential"
    summary = f"{size.upper()} {order} {WORDS[letter]}, queue depth {depth}{words}"
    plain = not arguments and not beside and connections == 1
    return Workload(
        f"{letter}{size}-qd{depth}{extra}", group, summary,
        ("--rw", *mode, "--bs", size, "--qd", str(depth // connections),
         "--connections", str(connections), *arguments),
        beside=beside, fio=_fio(mode, size, depth) if plain else (),
    )  # fmt: skip


def _table():
    for letter, mode in RANDOM.items():
        for depth in (1, 4, 32, 128):
            yield _load(letter, mode, "4k", depth, "4K random")
    for letter in "rw":
        yield _load(letter, RANDOM[letter], "4k", 1, "special", extra="-spin",
                    words=", the initiator polls", arguments=("--spin",))  # fmt: skip
    for size in ("64k", "256k"):
        for letter, mode in SEQUENTIAL.items():
            for depth in (1, 8):
                yield _load(letter, mode, size, depth, "sequential")
    for letter in "rw":
        for mode, size, depth in ((RANDOM, "4k", 32), (SEQUENTIAL, "256k", 8)):
            yield _load(letter, mode[letter], size, depth, "special", extra="-crc",
                        words=", both digests", arguments=("--digests",))  # fmt: skip
    for letter in "rw":
        for n in (2, 16):
            yield _load(letter, RANDOM[letter], "4k", 32, "special", extra=f"-c{n}",
                        words=f" over {n} connections", connections=n)  # fmt: skip
    for n in (1, 100, 1000):
        yield _load("r", RANDOM["r"], "4k", 32, "special", extra=f"-beside{n}",
                    words=f" beside {n} idle sessions", beside=n)  # fmt: skip
    yield Workload("idle", "idle", "1000 idle sessions: CPU time and memory", beside=1000,
                   kind="idle")  # fmt: skip
    yield Workload("start", "start", "from the start of the daemon until it listens", kind="start")


ALL = list(_table())


def select(patterns, quick):
    """Those that a pattern names, in the order of the table."""
    patterns = patterns or (QUICK if quick else ["*"])
    for pattern in patterns:
        if not fnmatch.filter([w.name for w in ALL], pattern):
            sys.exit(f"bench: no workload is called '{pattern}'; see --list")
    return [w for w in ALL if any(fnmatch.fnmatch(w.name, p) for p in patterns)]


def print_list():
    for w in ALL:
        print(f"{w.name:18} {w.summary}")
