# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tables of what was measured, for eyes and as Markdown."""

NOTES = (
    "Medians; the spread is that of all rounds. Ratios are medians over the rounds: 2.00 under "
    "\"x tgt\" is twice the IOPS of tgt on a disk of the same kind, 0.50 under \"CPU x\" is half "
    "its CPU time per command, and \"x fio\" is the IOPS as a part of what fio reaches on the "
    "file itself. CPU time and context switches (voluntary + involuntary) are per command, of all "
    "threads of the target; \"init.\" is the CPU time of the initiator, with a ! where that is "
    "what limits the figure.")


def _figure(row, name, digits, scale=1):
    value = row.get(name)
    return f"{value['median'] * scale:.{digits}f}" if value else "-"


def _range(row):
    low, high = row["iops"]["min"], row["iops"]["max"]
    return f"{low / 1000:.1f}..{high / 1000:.1f}"


def _switches(row):
    if "target_voluntary_per_op" not in row:
        return "-"
    return "+".join(_figure(row, f"target_{kind}_per_op", 3)
                    for kind in ("voluntary", "involuntary"))


def _syscalls(row):
    value = row["syscalls_per_op"]
    return "-" if value is None else f"{value:.2f}"


COLUMNS = (
    ("workload", lambda r: r["workload"]),
    ("target", lambda r: r["target"]),
    ("kIOPS", lambda r: _figure(r, "iops", 1, 1e-3)),
    ("spread", _range),
    ("MB/s", lambda r: _figure(r, "mbps", 0)),
    ("x tgt", lambda r: _figure(r, "ratio", 2)),
    ("x fio", lambda r: _figure(r, "fio_ratio", 2)),
    ("p50 us", lambda r: _figure(r, "p50", 1)),
    ("p99", lambda r: _figure(r, "p99", 1)),
    ("p99.9", lambda r: _figure(r, "p999", 1)),
    ("CPU us", lambda r: _figure(r, "target_cpu_us_per_op", 2)),
    ("CPU x", lambda r: _figure(r, "cpu_ratio", 2)),
    ("init. us", lambda r: _figure(r, "cpu_us_per_op", 2) + "!" * r["initiator_is_limit"]),
    ("switches", _switches),
    ("syscalls", _syscalls),
)
IDLE_COLUMNS = (
    ("target", lambda r: r["target"]),
    ("sessions", lambda r: str(r["sessions"])),
    ("CPU ms", lambda r: f"{r['cpu_ms']:.1f}"),
    ("in s", lambda r: f"{r['seconds']:g}"),
    ("KiB/session", lambda r: f"{r['kib_per_session']:.1f}"),
    ("login us", lambda r: f"{r['login_us']:.0f}"),
)
START_COLUMNS = (
    ("program", lambda r: r[0]),
    ("ms", lambda r: f"{r[1]:.1f}"),
)


def cells(columns, rows):
    """A table of texts, its titles first."""
    return [[title for title, _ in columns], *([value(r) for _, value in columns] for r in rows)]


def text(table, words=1):
    """For eyes; the first columns are words, the others numbers."""
    widths = [max(map(len, column)) for column in zip(*table)]
    return "\n".join(
        "  ".join(c.ljust(w) if i < words else c.rjust(w)
                  for i, (c, w) in enumerate(zip(line, widths))).rstrip()
        for line in table)  # fmt: skip


def markdown(table, words=1):
    rule = ["---" if i < words else "---:" for i in range(len(table[0]))]
    return "\n".join(f"| {' | '.join(line)} |" for line in (table[0], rule, *table[1:]))


def _sections(report):
    """(title, table, leading columns of words) of all that was measured."""
    groups = dict.fromkeys(row["group"] for row in report["rows"])
    for group in groups:
        rows = [row for row in report["rows"] if row["group"] == group]
        yield group, cells(COLUMNS, rows), 2
    if report["idle"]:
        yield "idle sessions", cells(IDLE_COLUMNS, report["idle"]), 1
    if report["start_ms"]:
        yield "start to serving", cells(START_COLUMNS, report["start_ms"].items()), 1


def print_text(report):
    for title, table, words in _sections(report):
        print(f"\n{title}\n{text(table, words)}")
    print(f"\n{NOTES}" if report["rows"] else "")


def write_markdown(report, path, plot=None, notes=""):
    """`notes`: what somebody who has read the tables says of them, in Markdown."""
    lines = [notes, ""] if notes else []
    lines += ["# What was measured", "", f"`{report['command']}`", ""]
    lines += [markdown([["machine", ""], *map(list, report["machine"].items())], 2), ""]
    if plot:
        lines += [f"![ratios to tgt]({plot})", ""]
    for title, table, words in _sections(report):
        lines += [f"## {title}", "", markdown(table, words), ""]
    with open(path, "w") as file:
        file.write("\n".join([*lines, NOTES, "", *report["remarks"]]).rstrip() + "\n")
