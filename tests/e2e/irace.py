# SPDX-License-Identifier: GPL-3.0-or-later
"""irace as referee: another tuner, through `swarmsim evaluate`, with the budget that `tune` had.

What both found is judged on seeds and a scenario that neither saw.  Exit status 77 (skipped) where
irace is not installed (scripts/setup long)."""
import csv
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import search  # noqa: E402  takes the program from sys.argv

BUDGET = 300
SEEDS = 20  # of the judgement
RANGES = {"price": (0.01, 8), "excess": (0.1, 10), "q0": (0, 1), "ants": (0, 1)}
LOGARITHMIC = ("price", "excess")
STUDY = """name: ours
scenarios: [one.yaml, two.yaml]
policy: ant_colony
parameters: [PARAMETERS]
held_out: {scenarios: [other.yaml], replications: 2}
""".replace("PARAMETERS", ", ".join(f"{{key: {k}}}" for k in RANGES))

# configuration, instance, seed, scenario, then --price=1.2 ...; one number on standard output
RUNNER = f"""#!/bin/sh
seed=$3 scenario=$4; shift 4
params=$(printf '%s,' "$@" | sed 's/--//g; s/,$//')
{search.TOOL} evaluate "$scenario" --policy ant_colony --params "$params" --seeds "$seed" -j 1 --json |
    {sys.executable} -c 'import json, sys; print(json.load(sys.stdin)["objective"])'
"""


def irace_program():
    found = subprocess.run(["Rscript", "-e", 'cat(system.file("bin", "irace", package = "irace"))'],
                           capture_output=True, text=True, check=False).stdout if shutil.which("Rscript") else ""
    return found if os.path.exists(found) else None


class Irace(search.World):
    def by_irace(self):
        """The best parameters that irace finds."""
        self.write("parameters.txt", "".join(
            f'{k} "--{k}=" r{",log" if k in LOGARITHMIC else ""} ({low}, {high})\n'
            for k, (low, high) in RANGES.items()))
        self.write("instances.txt", "\n".join(os.path.join(self.dir, s) for s in ("one.yaml", "two.yaml")))
        os.chmod(self.write("runner", RUNNER), 0o755)
        self.write("scenario.txt", f"""parameterFile = "./parameters.txt"
trainInstancesDir = ""
trainInstancesFile = "./instances.txt"
targetRunner = "./runner"
maxExperiments = {BUDGET}
seed = 7
parallel = 2
logFile = "./irace.Rdata"
""")
        done = subprocess.run([irace_program(), "--scenario", "scenario.txt"], cwd=self.dir,
                              capture_output=True, text=True, check=False, timeout=1500)
        self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr[-2000:])
        subprocess.run(["Rscript", "-e", 'write.csv(irace::getFinalElites("irace.Rdata", n = 1), '
                                         '"best.csv", row.names = FALSE); load("irace.Rdata"); '
                                         'cat(nrow(iraceResults$experimentLog), file = "spent")'],
                       cwd=self.dir, capture_output=True, check=True)
        with open(os.path.join(self.dir, "best.csv"), encoding="utf-8") as f:
            best = next(csv.DictReader(f))
        with open(os.path.join(self.dir, "spent"), encoding="utf-8") as f:
            return ",".join(f"{k}={float(best[k]):.4f}" for k in RANGES), int(f.read())

    def judged(self, *params):
        said = json.loads(self.good("evaluate", "one.yaml", "two.yaml", "other.yaml", "--policy",
                                    "ant_colony", "--seeds", f"1000001..{1000000 + SEEDS}", "--json",
                                    *params).stdout)
        return [r["objective"] for r in said["runs"]]

    def test_at_an_equal_budget_ours_is_not_surely_worse_than_iraces_and_both_beat_the_defaults(self):
        self.write("study.yaml", STUDY)
        ours = json.loads(self.good("tune", "study.yaml", "--budget", str(BUDGET), "--sensitive", "4",
                                    "--out", "ours", "--json").stdout)
        theirs, spent = self.by_irace()
        self.assertLessEqual(ours["spent"], BUDGET)
        self.assertLessEqual(spent, BUDGET)
        x = self.judged("--params", "ours/ours.yaml")
        y = self.judged("--params", theirs)
        base = self.judged()
        difference = [a - b for a, b in zip(x, y)]
        error = statistics.stdev(difference) / math.sqrt(len(difference))
        print(f"\nours {statistics.mean(x):.4f} ({ours['parameters']}, {ours['spent']} trials)\n"
              f"irace {statistics.mean(y):.4f} ({theirs}, {spent} trials)\n"
              f"defaults {statistics.mean(base):.4f}\n"
              f"ours - irace {statistics.mean(difference):+.4f} +- {2 * error:.4f}", file=sys.stderr)
        self.assertLess(statistics.mean(difference) - 3 * error, 0)
        self.assertLess(statistics.mean(x), statistics.mean(base))
        self.assertLess(statistics.mean(y), statistics.mean(base))


if __name__ == "__main__":
    if irace_program() is None:
        print("no irace here: scripts/setup long", file=sys.stderr)
        sys.exit(77)
    unittest.main(argv=sys.argv[:1], verbosity=2)
