#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Make a C header of scripts: embed.py SCRIPT... > HEADER. What a script is for is the end of its name."""

import sys

print("static const struct {\n    const char *shell, *text;\n} completion_scripts[] = {")
for path in sys.argv[1:]:
    with open(path, encoding="ascii") as file:
        text = file.read().replace("\\", "\\\\").replace('"', '\\"')
    lines = "\n".join(f'     "{line}\\n"' for line in text.splitlines())
    print(f'    {{"{path.rsplit(".", 1)[1]}",\n{lines}}},')
print("};")
