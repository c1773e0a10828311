# SPDX-License-Identifier: GPL-3.0-or-later
"""swarmsim evaluate, sweep, merge and tune: from points to tables, in any number of pieces."""
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest

TOOL = os.path.abspath(sys.argv.pop(1))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
with open(os.path.join(ROOT, "scenarios", "zones", "example.org.zone"), encoding="utf-8") as zone:
    ZONE = zone.read()

# A few seconds of a world in which routing matters: nyc holds nothing, one holder is slow.
SCENARIO = """name: NAME
question: How is it routed?
duration: 12s
warmup: 2s
regions:
  - {name: fra, latitude: 50.1, longitude: 8.7}
  - {name: nyc, latitude: 40.7, longitude: -74}
zones:
  - {name: example.org, file: example.org.zone, primary: fra-1, backups: [fra-2, nyc-1]}
defaults:
  node: {processor: {cores: 1, service: 2ms, distribution: exponential}}
nodes:
  - {region: fra, count: 2}
  - {region: nyc, count: 1, processor: {service: SERVICE}}
  - {region: nyc, name: nyc-9}
clients:
  - {region: nyc, count: 40, rate: 5/s, zone: example.org, servers: [nyc-9], timeout: 1s}
"""


class Search(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="sw-search-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.write("example.org.zone", ZONE)
        for name, service in (("one", "4ms"), ("two", "8ms"), ("other", "6ms")):
            self.write(f"{name}.yaml", SCENARIO.replace("NAME", name).replace("SERVICE", service))

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def tool(self, *args):
        return subprocess.run([TOOL, *args], capture_output=True, text=True, cwd=self.dir,
                              check=False, timeout=300)

    def good(self, *args):
        done = self.tool(*args)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done

    def rows(self, path, sql):
        db = sqlite3.connect(os.path.join(self.dir, path))
        try:
            return db.execute(sql).fetchall()
        finally:
            db.close()

    # ---- evaluate ----

    def test_evaluate_says_the_objective_and_the_metrics_behind_it(self):
        said = json.loads(self.good("evaluate", "one.yaml", "two.yaml", "--policy", "ant_colony",
                                    "--params", "price=1", "--seeds", "3..4", "--json").stdout)
        self.assertEqual(said["parameters"], {"price": "1"})
        self.assertEqual([(r["scenario"], r["seed"]) for r in said["runs"]],
                         [("one", 3), ("two", 3), ("one", 4), ("two", 4)])
        mean = sum(r["objective"] for r in said["runs"]) / 4
        self.assertAlmostEqual(said["objective"], mean, places=12)
        for metric in ("dns.latency.p99", "availability", "route.per_query"):
            self.assertAlmostEqual(said["metrics"][metric],
                                   sum(r["metrics"][metric] for r in said["runs"]) / 4, places=12)

    def test_evaluate_runs_what_run_does_and_a_parameter_matters(self):
        run = json.loads(self.good("run", "one.yaml", "--seed", "5", "--out", "run", "--json",
                                   "--no-plots").stdout)
        self.good("evaluate", "one.yaml", "--seeds", "5", "--out", "kept")
        stored = "SELECT trace_hash FROM runs WHERE seed = 5"
        self.assertEqual(self.rows("kept/study.db", stored), [(run["runs"][0]["trace_hash"],)])
        self.good("evaluate", "one.yaml", "--seeds", "5", "--out", "kept", "--params",
                  "clients.0.rate=6/s")
        self.assertEqual(len(set(self.rows("kept/study.db", stored))), 2)
        self.assertEqual(self.rows("kept/study.db", "SELECT key, value FROM settings"),
                         [("clients.0.rate", "6/s")])

    def test_evaluate_says_the_same_from_the_database_and_with_more_processes(self):
        command = ("evaluate", "one.yaml", "--policy", "c3", "--params", "w=2", "--seeds", "1..3",
                   "--json")
        first = self.good(*command, "-j", "1", "--out", "kept").stdout
        runs = self.rows("kept/study.db", "SELECT run, wall_seconds FROM runs")
        self.assertEqual(self.good(*command, "--out", "kept").stdout, first)
        self.assertEqual(self.rows("kept/study.db", "SELECT run, wall_seconds FROM runs"), runs)
        self.assertEqual(self.good(*command, "-j", "3").stdout, first)

    def test_evaluate_fails_where_nothing_was_measured(self):
        done = self.tool("evaluate", "one.yaml", "--params", "clients.0.timeout=6s")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("objective not measured", done.stdout)

    def test_evaluate_reads_a_file_and_refuses_what_is_wrong_in_it(self):
        good = self.write("good.yaml", "routing: {policy: c3, parameters: {w: 2}}\n"
                                       "scenario: {clients.0.rate: 6/s}\nobjective: ignored\n")
        said = json.loads(self.good("evaluate", "one.yaml", "--params", good, "--json").stdout)
        self.assertEqual((said["policy"], said["parameters"]),
                         ("c3", {"clients.0.rate": "6/s", "w": "2"}))
        for text, says in (("routing: {policy: c4}\n", "bad.yaml:1:19: policy: no policy is called"),
                           ("other: 1\n", "bad.yaml:1:1: routing: is missing"),
                           ("routing: {policy: c3, parameters: [w]}\n", "expected a mapping"),
                           ("routing: {policy: c3, parameters: {w: [2]}}\n", "a single value")):
            bad = self.tool("evaluate", "one.yaml", "--params", self.write("bad.yaml", text))
            self.assertEqual(bad.returncode, 2, bad.stderr)
            self.assertIn(says, bad.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
