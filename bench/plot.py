# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bars of the ratio to tgt, one panel for each group of workloads, drawn by gnuplot."""

import colorsys
import shutil
import subprocess

from targets import BenchError

PANEL_HEIGHT = 420
BARS_PER_PANEL = 90
HEAD = """\
set terminal {terminal} size 1600,{height} noenhanced
set output '{path}'
set multiplot layout {panels},1
set style data histogram
set style histogram clustered gap 1.5
set style fill solid 0.85 border -1
set logscale y 2
set yrange [*<0.5:2<*]
set grid ytics
set ylabel 'IOPS, tgt = 1'
set key outside right top
set xtics nomirror
"""


def _ratios(report):
    """{group: {workload: {target: ratio}}}"""
    groups = {}
    for row in report["rows"]:
        if row["ratio"]:
            workloads = groups.setdefault(row["group"], {})
            workloads.setdefault(row["workload"], {})[row["target"]] = row["ratio"]["median"]
    return groups


def _panels(report):
    """(title, workloads of it), no panel with more bars than eyes can tell apart."""
    for group, workloads in _ratios(report).items():
        names = list(workloads)
        bars = max(map(len, workloads.values()))
        step = max(1, BARS_PER_PANEL // bars)
        for i in range(0, len(names), step):
            yield group, {name: workloads[name] for name in names[i:i + step]}


def _colours(report):
    """{target: colour}, the same in all panels; variants of one store are shades of one hue."""
    names = list(dict.fromkeys(row["target"] for row in report["rows"] if row["ratio"]))
    kinds = list(dict.fromkeys(name.split(":")[0] for name in names))
    colours = {}
    for name in names:
        hue = kinds.index(name.split(":")[0]) / len(kinds)
        rgb = colorsys.hsv_to_rgb(hue, 0.45 if ":" in name else 0.75, 0.85)
        colours[name] = "#" + "".join(f"{round(255 * c):02x}" for c in rgb)
    return colours


def _panel(number, title, workloads, colours):
    names = [n for n in colours if any(n in ratios for ratios in workloads.values())]
    lines = [" ".join([workload, *(f"{ratios[n]:.4f}" if n in ratios else "NaN" for n in names)])
             for workload, ratios in workloads.items()]  # fmt: skip
    block = f"$panel{number} << EOD\n" + "\n".join(lines) + "\nEOD\n"
    plots = [f"$panel{number} using {i + 2}{':xtic(1)' * (i == 0)} title '{n}' lc '{colours[n]}'"
             for i, n in enumerate(names)]  # fmt: skip
    return (f"{block}set title '{title}'\nset xrange [-0.6:{len(lines) - 0.4}]\n"
            f"plot {', '.join(plots)}, 1 with lines lc 'black' notitle\n")


def _gnuplot(program, script):
    done = subprocess.run([program], input=script, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"gnuplot: {done.stderr.strip()}")
    return done.stdout + done.stderr


def write_plot(report, path):
    program = shutil.which("gnuplot") or shutil.which("gnuplot-nox")
    if not program:
        raise BenchError("gnuplot is not installed (Debian package gnuplot-nox): there is no plot")
    panels = list(_panels(report))
    if not panels:
        raise BenchError("nothing was measured beside tgt: there is nothing to plot")
    cairo = "pngcairo" in _gnuplot(program, "set print '-'\nprint GPVAL_TERMINALS\n")
    head = HEAD.format(terminal="pngcairo" if cairo else "png", path=path.replace("'", "''"),
                       height=PANEL_HEIGHT * len(panels), panels=len(panels))  # fmt: skip
    _gnuplot(program, head + "".join(_panel(i, *p, _colours(report)) for i, p in enumerate(panels)))
