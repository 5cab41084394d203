# SPDX-License-Identifier: LGPL-2.1-or-later
"""How long it takes from the start of a program until it serves."""

import os
import shutil
import signal
import statistics
import subprocess
import tempfile
import time

import targets

HIDDEN = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def _commands(folder, port):
    """{name: command} of the daemons that there are."""
    portal = ("--iscsi", f"portal=127.0.0.1:{port}")
    commands = {"tgtd": [os.environ["TGTD"], "-f", "-t", "1", "--control",
                         os.path.join(folder, "control"), "--state-dir", folder, *portal]}
    if targets.peer_program("tgtd"):
        commands["tgt"] = [targets.peer_program("tgtd"), "-f", "-C", "77", *portal]
    return commands


def _daemon_ms(name):
    with tempfile.TemporaryDirectory(prefix="tgt-bench.", dir="/dev/shm") as folder:
        port = targets.free_port()
        command = _commands(folder, port)[name]
        environment = {**os.environ, "TGT_IPC_SOCKET": os.path.join(folder, "ipc")}
        begin = time.monotonic()
        with targets.on_cpus(targets.target_cpus(1)):
            process = subprocess.Popen(command, env=environment, **HIDDEN)
        try:
            targets.wait_for_port(port)
            return (time.monotonic() - begin) * 1000
        finally:
            process.kill()
            process.wait()


def _serve_ms(_name):
    """Until `tgtctl serve` prints its URL."""
    folder = tempfile.mkdtemp(prefix="tgt-bench.", dir="/dev/shm")
    begin = time.monotonic()
    process = subprocess.Popen(
        [os.environ["TGTCTL"], "serve", os.path.join(folder, "a.img"), "--size", "1G", "--portal",
         "127.0.0.1:0"], **{**HIDDEN, "stdout": subprocess.PIPE},
    )  # fmt: skip
    try:
        while b"iscsi://" not in (line := process.stdout.readline()):
            if not line:
                raise targets.BenchError("tgtctl serve prints no URL")
        return (time.monotonic() - begin) * 1000
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
        shutil.rmtree(folder, ignore_errors=True)


def medians(rounds):
    """{program: ms}, the programs taking turns."""
    kinds = {**dict.fromkeys(_commands("", 0), _daemon_ms), "tgtctl serve": _serve_ms}
    times = {name: [] for name in kinds}
    for _ in range(rounds):
        for name, measure in kinds.items():
            times[name].append(measure(name))
    return {name: statistics.median(values) for name, values in times.items()}
