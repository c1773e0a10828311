#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Follows algorithms/route/TUTORIAL.md.

  follow.py extract SOURCE OUT     write the files that the page shows, and policies.def with its line
  follow.py commands SOURCE SWARMSIM  run its commands with that program, and look for the policy's row

The build itself is CMake's (tests.cmake): the page's files before ours on the include path."""
import pathlib
import re
import subprocess
import sys

POLICY = "shortest_wait"
FILES = ["algorithms/route/shortest_wait.c", "tests/unit/algorithms/test_shortest_wait.c"]
STANDS_FOR_CMAKE = ["cmake --preset release && cmake --build --preset release",
                    "ctest --preset release -R unit.algorithms"]


def page(source):
    return (source / "algorithms/route/TUTORIAL.md").read_text()


def shown(text):
    """The C that the page shows, by file: "`file`:", or "In `file`:", and the block below it."""
    return dict(re.findall(r"`([\w/.]+)`:\n\n```c\n(.*?)```", text, re.S))


def extract(source, out):
    files = shown(page(source))
    line = files.pop("algorithms/route/policies.def")
    assert sorted(files) == sorted(FILES), sorted(files)
    assert line == f"SW_POLICY({POLICY})\n", line
    registry = "algorithms/route/policies.def"
    files[registry] = (source / registry).read_text() + line
    for name, text in files.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def run(source, line, swarmsim):
    words = line.split()
    assert words[0] == "build/release/swarmsim", line
    out = subprocess.run([swarmsim] + words[1:], cwd=source, text=True, stdout=subprocess.PIPE)
    assert out.returncode == 0, (line, out.returncode)
    return out.stdout


def commands(source, swarmsim, out):
    lines = [x for block in re.findall(r"```sh\n(.*?)```", page(source), re.S)
             for x in block.splitlines()]
    assert lines[:2] == STANDS_FOR_CMAKE, lines
    said = [run(source, x + (f" --out {out}" if " compare " in x else ""), swarmsim)
            for x in lines[2:]]
    assert re.search(rf"^{POLICY}\n +weight ", said[0], re.M), said[0]
    rows = re.findall(rf"^  {POLICY} +([\d.]+) (ms|s) .* (lower|higher|not told apart)$", said[1], re.M)
    assert len(rows) == 2, said[1]
    # what is said beside the blocks: a study that takes the policy
    assert "scenarios/studies/routing.yaml --policy shortest_wait" in page(source)


if __name__ == "__main__":
    source = pathlib.Path(sys.argv[2])
    if sys.argv[1] == "extract":
        extract(source, pathlib.Path(sys.argv[3]))
    else:
        import tempfile
        with tempfile.TemporaryDirectory() as folder:
            commands(source, sys.argv[3], folder)
