#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each public header compiles alone, as C11, C17 and C++, with every compiler that is here; and includes nothing but what the ABI allows."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests/lib"))

import tap  # noqa: E402

INCLUDE = SOURCE / "include"
HEADERS = sorted(str(p.relative_to(INCLUDE)) for p in INCLUDE.rglob("*.h"))
ALLOWED = {"stdbool.h", "stddef.h", "stdint.h", "sys/uio.h"}
STRICT = ["-pedantic", "-Wall", "-Wextra", "-Wshadow", "-Wno-missing-field-initializers", "-Werror", "-fsyntax-only", f"-I{INCLUDE}"]

PLUGIN = """
#include <tgt/tgt.h>
static int params; /* names that a plugin may well use itself */
static int load(const struct tgt_host *host, const struct tgt_params *values, struct tgt_error *err)
{
    (void)host; (void)values; (void)err; (void)params;
    tgt_log(TGT_LOG_INFO, "hello");
    return tgt_error_set(err, 5, "no %d", 1);
}
static const struct tgt_bs_ops ops = {sizeof(struct tgt_bs_ops), TGT_BS_BLOCKING};
TGT_PLUGIN_DEFINE(BACKING_STORE, "x", "1", "MIT", "x", "bs:x", &ops, load, NULL, TGT_NO_PARAMS);
"""


def compile_all(compiler, standard, language, texts):
    if not shutil.which(compiler):
        tap.skip(f"{compiler} is not installed")
    with tempfile.TemporaryDirectory() as directory:
        files = []
        for number, text in enumerate(texts):
            path = os.path.join(directory, f"{number}.{language}")
            pathlib.Path(path).write_text(text, encoding="utf-8")
            files.append(path)
        command = [compiler, f"-std={standard}", *STRICT, *files]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    tap.equal(done.returncode, 0, f"exit status of {' '.join(command[:2])}: {done.stderr[:2000]}")


COMPILERS = {
    "gcc_c11": ("gcc", "c11", "c"),
    "gcc_c17": ("gcc", "c17", "c"),
    "gcc_cxx11": ("g++", "c++11", "cc"),
    "gcc_cxx17": ("g++", "c++17", "cc"),
    "clang_c11": ("clang", "c11", "c"),
    "clang_c17": ("clang", "c17", "c"),
    "clang_cxx11": ("clang++", "c++11", "cc"),
    "clang_cxx17": ("clang++", "c++17", "cc"),
}


@tap.cases(**COMPILERS)
def test_each_header_alone(compiler, standard, language):
    compile_all(compiler, standard, language, [f"#include <{h}>\n#include <{h}>\n" for h in HEADERS])


@tap.cases(**COMPILERS)
def test_a_plugin(compiler, standard, language):
    compile_all(compiler, standard, language, [PLUGIN])


def test_includes_nothing_else():
    for header in HEADERS:
        text = (INCLUDE / header).read_text(encoding="utf-8")
        for name in re.findall(r'^\s*#\s*include\s*[<"](.*)[>"]', text, re.M):
            tap.true(name in ALLOWED or name in HEADERS, f"{header} includes {name}")


def test_umbrella_has_the_abi():
    text = (INCLUDE / "tgt/tgt.h").read_text(encoding="utf-8")
    for header in HEADERS:
        if header != "tgt/tgt.h" and not header.startswith("tgt/scsi/"):
            tap.true(f"#include <{header}>" in text, f"tgt.h does not include {header}")


def test_every_header_is_installed():
    text = (INCLUDE / "meson.build").read_text(encoding="utf-8")
    for header in HEADERS:
        tap.true(f"'{header}'" in text, f"{header} is not installed")


if __name__ == "__main__":
    sys.exit(tap.main(globals()))
