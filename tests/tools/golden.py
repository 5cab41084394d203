# SPDX-License-Identifier: LGPL-2.1-or-later
"""Command lines of tgt's programs with what tgt 1.0.85 answers, from the files PROGRAM.golden.

    $ ARGUMENTS         one command; {dir} stands for the folder of the images
    > TEXT$             a line of its standard output; $ marks the end, blanks before it count
    ! TEXT              a line of its standard error
    ? N                 its exit status

To make the file anew with Debian's tgt (after a change of the command lines), with its daemon running:
    tests/tools/golden.py /usr/sbin/tgtadm FOLDER < commands > tgtadm.golden
"""

import os
import shlex
import subprocess
import sys

SIZES = {"a.img": 64 << 20, "b.img": 1 << 30, "odd.img": 1500160, "small.img": 499712}


class Step:
    def __init__(self, line):
        self.line = line
        self.stdout, self.stderr, self.status = "", "", None

    def arguments(self, folder):
        return shlex.split(self.line.replace("{dir}", folder))

    def run(self, program, folder, env=None):
        """What the program answers, as another Step. It is called by its name alone, for getopt's messages."""
        done = subprocess.run([os.path.basename(program), *self.arguments(folder)], executable=program, text=True,
                              capture_output=True, timeout=30, env=env, check=False)
        answer = Step(self.line)
        answer.stdout = done.stdout.replace(folder, "{dir}")
        answer.stderr = done.stderr.replace(folder, "{dir}")
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


def main():
    program, folder = sys.argv[1:]
    make_images(folder)
    for step in read(sys.stdin):
        print(step.run(program, folder).text())


if __name__ == "__main__":
    main()
