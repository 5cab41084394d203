# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the figures were measured on."""

import datetime
import json
import os
import platform
import subprocess

import targets


def _first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.split("\n")[0].strip() or None if done.returncode == 0 else None


def _field(path, name):
    with open(path) as file:
        for line in file:
            if line.startswith(name):
                return line.split(":", 1)[1].strip()
    return "unknown"


def _build_type(build):
    try:
        with open(os.path.join(build, "meson-info", "intro-buildoptions.json")) as file:
            options = {o["name"]: o["value"] for o in json.load(file)}
    except OSError:
        return "unknown"
    words = [options["buildtype"], f"b_ndebug={options['b_ndebug']}"]
    if options["b_sanitize"] != "none":
        words.append(f"b_sanitize={options['b_sanitize']}")
    return ", ".join(words)


def _ours():
    commit = _first_line("git", "-C", targets.HERE, "describe", "--always", "--dirty")
    return (_first_line(os.environ["TGTD"], "-V") or "unknown") + (f" ({commit})" if commit else "")


def describe(build):
    """{what: text}, in the order in which it is to be read."""
    memory = int(_field("/proc/meminfo", "MemTotal").split()[0])
    peer = targets.peer_program("tgtd")
    return {
        "date": datetime.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %z"),
        "processor": _field("/proc/cpuinfo", "model name"),
        "cores": str(os.cpu_count()),
        "memory": f"{memory / (1 << 20):.1f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "ours": _ours(),
        "build type": _build_type(build),
        "tgt": (_first_line(peer, "-V") if peer else None) or "not installed",
        "fio": _first_line("fio", "--version") or "not installed",
    }
