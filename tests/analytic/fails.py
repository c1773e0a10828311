# SPDX-License-Identifier: GPL-3.0-or-later
"""A self test that has to fail: exit code 1, with a claim that FAILS.  fails.py TOOL ARGUMENT..."""
import re
import subprocess
import sys

done = subprocess.run([sys.argv[1], "selftest", *sys.argv[2:]], capture_output=True, text=True,
                      check=False)
print(done.stdout, done.stderr, f"exit code {done.returncode}", sep="\n")
if done.returncode != 1 or not re.search(r" FAILS\n(.*\n)*FAILED;", done.stdout):
    sys.exit(f"exit code 1 and a claim that FAILS are expected of {sys.argv[1:]}")
