#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Print the layout of the public structs as C that does not compile once they have changed.

    freeze.py > offsets-1.N.c          (needs clang; LP64 layout)

Done once for each minor of the ABI when it is released. Files that exist stay as they are: a new minor only
appends, so that the older files still hold but for sizes, which they do not check where a table may grow.
"""

import pathlib
import re
import subprocess
import tempfile

INCLUDE = pathlib.Path(__file__).resolve().parents[2] / "include"
# What backing stores see: stable from 1.0 on. The rest may change with each minor.
STABLE = {
    "tgt_bs_info", "tgt_bs_io", "tgt_bs_open", "tgt_bs_ops", "tgt_defer", "tgt_host", "tgt_msg", "tgt_op", "tgt_param", "tgt_plugin",
}  # fmt: skip
# Tables that begin with their struct_size, whose arrays come with the size of an element, or which only the host makes:
# these may grow.
GROWING = {
    "tgt_bs_info", "tgt_bs_io", "tgt_bs_open", "tgt_bs_ops", "tgt_device_ops", "tgt_host", "tgt_log_page", "tgt_lu", "tgt_mode_page",
    "tgt_nexus_args", "tgt_param", "tgt_plugin", "tgt_portal_args", "tgt_portal_info", "tgt_scsi_op",
    "tgt_transport_ops", "tgt_vpd_page",
}  # fmt: skip


def clang(*arguments):
    source = "#include <tgt/tgt.h>\n"
    command = ["clang", "-std=c17", f"-I{INCLUDE}", "-x", "c", *arguments, "-"]
    return subprocess.run(command, input=source, capture_output=True, text=True, check=True).stdout


def layouts():
    """{struct: ([(field, offset)], size)} of the structs that are ours."""
    text = clang("-fsyntax-only", "-Xclang", "-fdump-record-layouts-complete")
    found = {}
    for block in text.split("*** Dumping AST Record Layout")[1:]:
        lines = block.strip().split("\n")
        head = re.match(r"\s*0 \| struct (tgt_\w+)$", lines[0])
        if not head:
            continue
        fields = re.findall(r"^\s*(\d+) \|   (?! ).*?\b(\w+)$", "\n".join(lines[1:]), re.M)
        size = re.search(r"\[sizeof=(\d+)", block).group(1)
        found[head.group(1)] = ([(name, int(offset)) for offset, name in fields], int(size))
    return found


def enumerators():
    """Names and values of our enumerators, in order."""
    text = clang("-fsyntax-only", "-Xclang", "-ast-dump=json")
    names = dict.fromkeys(re.findall(r'"kind": "EnumConstantDecl",.*?"name": "(TGT_\w+)"', text, re.S))
    source = "#include <stdio.h>\n#include <tgt/tgt.h>\nint main(void)\n{\n"
    source += "".join(f'    printf("{n} %ld\\n", (long){n});\n' for n in names if not n.endswith("_COUNT_")) + "}\n"
    with tempfile.TemporaryDirectory() as directory:
        program = f"{directory}/values"
        command = ["clang", "-std=c17", f"-I{INCLUDE}", "-x", "c", "-", "-o", program]
        subprocess.run(command, input=source, text=True, check=True)
        out = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    return [line.split() for line in out.splitlines()]


def version():
    text = (INCLUDE / "tgt/plugin.h").read_text()
    return [re.search(rf"#define TGT_ABI_{part} (\d+)", text).group(1) for part in ("MAJOR", "MINOR")]


def show(struct, fields, size):
    print()
    for field, offset in fields:
        print(f"AT({struct}, {field}, {offset});")
    print(f"{'SIZE_MIN' if struct in GROWING else 'SIZE'}({struct}, {size});")


def main():
    print("/* SPDX-License-Identifier: LGPL-2.1-or-later */")
    major, minor = version()
    print(f"/* The layout of plugin ABI {major}.{minor}, frozen: made by freeze.py, never changed afterwards. It compiles, or the promise is broken. */")
    print("#include <tgt/tgt.h>\n")
    print("/* Offsets are those of 64-bit machines. */\n#ifdef __LP64__")
    print("#define AT(type, field, offset) _Static_assert(offsetof(struct type, field) == (offset), #type \".\" #field)")
    print("#define SIZE(type, size) _Static_assert(sizeof(struct type) == (size), #type)")
    print("#define SIZE_MIN(type, size) _Static_assert(sizeof(struct type) >= (size), #type)")
    structs = sorted(layouts().items())
    for struct, (fields, size) in structs:
        if struct in STABLE:
            show(struct, fields, size)
    print(f"\n/* Transports and device types are for one minor only. */\n#if TGT_ABI_MINOR == {minor}")
    for struct, (fields, size) in structs:
        if struct not in STABLE:
            show(struct, fields, size)
    print("#endif")
    print("#endif\n\n#define VALUE(name, value) _Static_assert((long)(name) == (value), #name)")
    for name, value in enumerators():
        print(f"VALUE({name}, {value});")


main()
