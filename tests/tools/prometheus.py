# SPDX-License-Identifier: LGPL-2.1-or-later
"""A strict reader of Prometheus' text format (version 0.0.4): what it does not understand is an error.

    families = parse(text)              # {"tgt_up": Family(type, help, [Sample(name, labels, value)])}
"""

import collections
import math
import re

Family = collections.namedtuple("Family", "type help samples")
Sample = collections.namedtuple("Sample", "name labels value")

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"'
LINE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)?\}})? (\S+)")
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?([eE][+-]?\d+)?|Inf)|NaN")
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}
ESCAPED = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


class FormatError(Exception):
    """The text breaks a rule of the format."""


def need(condition, text):
    if not condition:
        raise FormatError(text)


def parse(text):
    need(text.endswith("\n"), "the last line has no end")
    families, current = {}, None
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            current = _help(line, families)
        elif line.startswith("# TYPE "):
            _type(line, families, current)
        else:
            need(current, f"a sample before the first HELP: {line}")
            _sample(line, current, families[current])
    for name, family in families.items():
        _check(name, family)
    return families


def _help(line, families):
    match = re.fullmatch(rf"# HELP ({NAME}) (\S.*)", line)
    need(match, f"not a HELP line: {line}")
    need(match[1] not in families, f"{match[1]} comes twice")
    need(not re.search(r"\\(?![\\n])", match[2]), f"an escape that there is not: {line}")
    families[match[1]] = Family(None, match[2], [])
    return match[1]


def _type(line, families, current):
    match = re.fullmatch(rf"# TYPE ({NAME}) (counter|gauge|histogram)", line)
    need(match and match[1] == current, f"TYPE is to follow its HELP: {line}")
    need(families[current].type is None, f"a second TYPE: {line}")
    families[current] = families[current]._replace(type=match[2])


def _sample(line, current, family):
    match = LINE.fullmatch(line)
    need(match, f"not a sample: {line}")
    need(family.type, f"{current} has no TYPE")
    names = [current + suffix for suffix in SUFFIXES[family.type]]
    need(match[1] in names, f"{match[1]} is not of the family {current}")
    pairs = re.findall(LABEL, match[2] or "")
    need(len(dict(pairs)) == len(pairs), f"a label comes twice: {line}")
    value = match[match.re.groups]
    need(NUMBER.fullmatch(value), f"not a number: {line}")
    labels = {k: re.sub(r"\\.", lambda m: ESCAPED[m[0]], v) for k, v in pairs}
    family.samples.append(Sample(match[1], labels, float(value)))


def _check(name, family):
    need(family.type, f"{name} has no TYPE")
    keys = [(s.name, tuple(sorted(s.labels.items()))) for s in family.samples]
    need(len(set(keys)) == len(keys), f"{name} has a sample twice")
    need(family.type != "counter" or name.endswith("_total"), f"the counter {name} does not end with _total")
    need(family.type == "gauge" or all(s.value >= 0 for s in family.samples), f"{name} is negative")
    if family.type == "histogram":
        for series in histograms(family).values():
            _check_histogram(name, series)


def histograms(family):
    """{labels without le: {"buckets": [(le, value)], "sum": value, "count": value}}."""
    found = {}
    for sample in family.samples:
        labels = dict(sample.labels)
        bound = labels.pop("le", None)
        series = found.setdefault(tuple(sorted(labels.items())), {"buckets": []})
        if bound is None:
            series[sample.name.rsplit("_", 1)[1]] = sample.value
        else:
            series["buckets"].append((float(bound), sample.value))
    return found


def _check_histogram(name, series):
    bounds = [bound for bound, _ in series["buckets"]]
    values = [value for _, value in series["buckets"]]
    need(bounds == sorted(set(bounds)) and bounds and bounds[-1] == math.inf, f"{name}: bounds {bounds}")
    need(values == sorted(values), f"{name}: buckets become less: {values}")
    need("sum" in series and series.get("count") == values[-1], f"{name}: count is not that of +Inf")
