# SPDX-License-Identifier: LGPL-2.1-or-later
"""From samples to rows: medians, spreads, and ratios of what was measured in the same round."""

import statistics

LIMIT = 0.95  # of a CPU: an initiator that uses more is what was measured


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def _spreads(samples):
    names = [n for n, v in samples[0].items() if isinstance(v, (int, float))]
    return {n: spread([s[n] for s in samples]) for n in names}


def _ratio(own, other, figure):
    """A machine drifts: only what was measured within the same round is compared."""
    pairs = [(a[figure], b[figure]) for a, b in zip(own, other) if a and b and b.get(figure)]
    return spread([a / b for a, b in pairs]) if pairs else None


def row(workload, target, by_target, syscalls):
    """All about one workload on one target; None if all rounds have failed. by_target: {name:
    [figures, or None for a failure, for each round]}."""
    own = by_target[target.name]
    good = [s for s in own if s]
    if not good:
        return None
    base = [] if target.base == target.name else by_target.get(target.base, [])
    fio = by_target.get(f"fio-{target.flavour}", []) if target.flavour else []
    busy = statistics.median(s.get("cpu_us_per_op", 0) * s["iops"] / 1e6 for s in good)
    return {
        "workload": workload.name, "group": workload.group, "target": target.name,
        "rounds": len(good), **_spreads(good),
        "base": target.base, "ratio": _ratio(own, base, "iops"),
        "cpu_ratio": _ratio(own, base, "target_cpu_us_per_op"),
        "fio_ratio": None if target.name.startswith("fio") else _ratio(own, fio, "iops"),
        "syscalls_per_op": syscalls,
        "initiator_is_limit": busy > LIMIT and "--spin" not in workload.arguments,
    }  # fmt: skip
