# SPDX-License-Identifier: LGPL-2.1-or-later
"""Command lines of tgt-admin, configurations, and what tgt 1.0.85 says to them: the file tgt-admin.golden.

    == ARGUMENTS        one run; without arguments: -p -e -c CONF. CONF is the configuration, {dir} the folder
    | LINE              of the configuration
    > TEXT$             of standard output; $ marks the end
    ! TEXT              of standard error
    ? N                 the exit status

Each run builds on those before it. tgt sets the options of a logical unit in an order that changes from
run to run: such lines are sorted. To make the file anew with Debian's tgt, with its daemon running:
    tests/tools/golden_admin.py FOLDER perl /usr/sbin/tgt-admin < cases > tgt-admin.golden
"""

import os
import re
import subprocess
import sys

DISKS = ["d1", "d2", "d3", "d4"]
OPTION = re.compile(r"tgtadm .* --op update --mode logicalunit |# Write cache is |# WARNING! Unknown value")


def make_disks(folder):
    for name in DISKS:
        with open(os.path.join(folder, name), "wb") as file:
            file.truncate(8 << 20)


def sorted_options(text):
    """The text with the options of each logical unit in alphabetical order."""
    lines, group = [], []
    for line in text.split("\n"):
        if OPTION.match(line):
            group.append(line)
            continue
        lines += sorted(group) + [line]
        group = []
    return "\n".join(lines + sorted(group))


class Step:
    def __init__(self, arguments):
        self.arguments = arguments
        self.conf, self.stdout, self.stderr, self.status = "", "", "", None

    def command_line(self, conf):
        return [a.replace("CONF", conf) for a in (self.arguments or "-p -e -c CONF").split()]

    def run(self, program, folder, env=None):
        """What the program (a list) answers, as another Step."""
        conf = os.path.join(folder, "t.conf")
        with open(conf, "w") as file:
            file.write(self.conf.replace("{dir}", folder))
        done = subprocess.run([*program, *self.command_line(conf)], text=True, capture_output=True, timeout=60,
                              env=env, check=False)
        answer = Step(self.arguments)
        answer.conf, answer.status = self.conf, done.returncode
        answer.stdout = sorted_options(done.stdout).replace(folder, "{dir}")
        answer.stderr = done.stderr.replace(folder, "{dir}")
        return answer

    def text(self):
        lines = [f"== {self.arguments}".rstrip()]
        lines += [f"| {line}".rstrip() for line in self.conf.split("\n")[:-1]]
        lines += [f"> {line}$" for line in self.stdout.split("\n")[:-1]]
        lines += [f"! {line}" for line in self.stderr.split("\n")[:-1]]
        return "\n".join(lines + [f"? {self.status}"])


def read(lines):
    steps = []
    for line in lines:
        mark, _, rest = line.rstrip("\n").partition(" ")
        if mark == "==":
            steps.append(Step(rest))
        elif mark == "|":
            steps[-1].conf += rest + "\n"
        elif mark == ">":
            steps[-1].stdout += rest.removesuffix("$") + "\n"
        elif mark == "!":
            steps[-1].stderr += rest + "\n"
        elif mark == "?":
            steps[-1].status = int(rest)
    return steps


def main():
    folder, *program = sys.argv[1:]
    make_disks(folder)
    for step in read(sys.stdin):
        print(step.run(program, folder).text())


if __name__ == "__main__":
    main()
