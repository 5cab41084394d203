# SPDX-License-Identifier: LGPL-2.1-or-later
"""Command lines of tgt's programs with what tgt 1.0.85 answers, from files *.golden.

    $ ARGUMENTS         one command; {dir} is the folder of the images, {port0} where the daemon listens,
                        {port1} to {port3} are free
    > TEXT$             a line of its standard output; $ marks the end, blanks before it count
    ! TEXT              a line of its standard error
    ? N                 its exit status

To make files anew from the command lines in them, with Debian's package tgt:
    tests/tools/golden.py PROGRAM FILE...           PROGRAM: /usr/sbin/tgtadm or another
"""

import os
import shlex
import socket
import subprocess
import sys
import tempfile
import time

SIZES = {"a.img": 64 << 20, "b.img": 1 << 30, "odd.img": 1500160, "small.img": 499712}


class Names:
    """What the words in braces stand for."""

    def __init__(self, folder, ports):
        self.values = {"{dir}": folder, **{"{port%d}" % n: str(port) for n, port in enumerate(ports)}}

    def put_in(self, text):
        for name, value in self.values.items():
            text = text.replace(name, value)
        return text

    def take_out(self, text):
        for name, value in self.values.items():
            text = text.replace(value, name)
        return text


class Step:
    def __init__(self, line):
        self.line = line
        self.stdout, self.stderr, self.status = "", "", None

    def run(self, program, names, env=None):
        """What the program answers, as another Step. It is called by its name alone, for getopt's messages. `names` may be
        the folder alone."""
        names = names if isinstance(names, Names) else Names(names, [])
        name = os.path.basename(program)
        done = subprocess.run([name, *shlex.split(names.put_in(self.line))], executable=program, text=True,
                              capture_output=True, timeout=30, env=env, check=False)
        answer = Step(self.line)
        answer.stdout = names.take_out(done.stdout)
        answer.stderr = names.take_out(done.stderr)
        answer.status = done.returncode
        return answer

    def text(self):
        lines = [f"$ {self.line}"]
        lines += [f"> {line}$" for line in self.stdout.split("\n")[:-1]]
        lines += [f"! {line}" for line in self.stderr.split("\n")[:-1]]
        return "\n".join(lines + [f"? {self.status}"])


def make_images(folder):
    for name, size in SIZES.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.truncate(size)


def read(lines):
    """The steps of a golden file, or of one with nothing but command lines."""
    steps = []
    for line in lines:
        mark, _, rest = line.rstrip("\n").partition(" ")
        if mark == "$":
            steps.append(Step(rest))
        elif mark == ">":
            steps[-1].stdout += rest.removesuffix("$") + "\n"
        elif mark == "!":
            steps[-1].stderr += rest + "\n"
        elif mark == "?":
            steps[-1].status = int(rest)
    return steps


def tests(path):
    """One test per command of a file, in its order: each builds on those before it. The context has `tgtadm`,
    `names` and env()."""
    with open(path, encoding="ascii") as file:
        steps = read(file)
    name = os.path.basename(path).removesuffix(".golden")
    return {f"test_{name} {n:03} {step.line}": _test(step) for n, step in enumerate(steps)}


def _test(step):
    def compare(context):
        answer = step.run(context.tgtadm, context.names, context.env())
        if answer.text() != step.text():
            raise AssertionError(f"wanted:\n{step.text()}\ngot:\n{answer.text()}")

    return compare


def free_ports(count):
    """Ports of 127.0.0.1 on which nobody listens at the moment."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def remake(program, path):
    """Ask Debian's tgtd all over again."""
    with open(path, encoding="ascii") as file:
        steps = read(file)
    with tempfile.TemporaryDirectory() as folder:
        make_images(folder)
        names = Names(folder, free_ports(4))
        env = {**os.environ, "TGT_IPC_SOCKET": os.path.join(folder, "socket")}
        command = ["/usr/sbin/tgtd", "-f", "--iscsi", names.put_in("portal=127.0.0.1:{port0}")]
        with subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL) as daemon:
            time.sleep(1)
            texts = [step.run(program, names, env).text() for step in steps]
            daemon.kill()
    with open(path, "w", encoding="ascii") as file:
        file.write("\n".join(texts) + "\n")


if __name__ == "__main__":
    for golden in sys.argv[2:]:
        remake(sys.argv[1], golden)
