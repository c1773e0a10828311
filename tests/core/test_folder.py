# SPDX-License-Identifier: GPL-3.0-or-later
"""The core's digest does not depend on where it was built: copy the sources elsewhere, build the
core there into a folder of another name, and compare the stamps.

  usage: test_folder.py SOURCE BUILD"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

CARRIED = ("CMAKE_BUILD_TYPE", "CMAKE_C_COMPILER", "CMAKE_C_FLAGS", "CMAKE_GENERATOR")


def stamp(build):
    with open(os.path.join(build, "gen", "node", "conf", "stamp.h"), encoding="utf-8") as f:
        return re.search(r'SW_CORE_DIGEST "([0-9a-f]{64})"', f.read())[1]


def cached(build):
    with open(os.path.join(build, "CMakeCache.txt"), encoding="utf-8") as f:
        entries = (line.rstrip("\n").partition("=") for line in f if "=" in line and line[0] not in "#/")
        return {key.partition(":")[0]: value for key, _, value in entries}


def main(source, build):
    options = cached(build)
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "another", "place")
        shutil.copytree(source, copy, ignore=shutil.ignore_patterns("build", ".git", "runs"))
        there = os.path.join(folder, "out")
        subprocess.run(["cmake", "-S", copy, "-B", there, "-G", options["CMAKE_GENERATOR"]]
                       + [f"-D{key}={options[key]}" for key in CARRIED[:-1]],
                       check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["cmake", "--build", there, "--target", "sw_core_object"], check=True,
                       stdout=subprocess.DEVNULL)
        here, elsewhere = stamp(build), stamp(there)
    print(f"{here} here\n{elsewhere} elsewhere")
    return 0 if here == elsewhere else 1


sys.exit(main(*sys.argv[1:]))
