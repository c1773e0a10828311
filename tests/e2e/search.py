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
duration: 5s
warmup: 1s
regions:
  - {name: fra, latitude: 50.1, longitude: 8.7}
  - {name: nyc, latitude: 40.7, longitude: -74}
zones:
  - {name: example.org, file: example.org.zone, primary: fra-1, backups: [fra-2, nyc-1]}
defaults:
  node: {processor: {cores: 1, service: 4ms, distribution: exponential}}
nodes:
  - {region: fra, count: 2}
  - {region: nyc, count: 1, processor: {service: SERVICE}}
  - {region: nyc, name: nyc-9}
clients:
  - {region: nyc, count: 20, rate: 5/s, zone: example.org, servers: [nyc-9], timeout: 1s}
"""


class World(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="sw-search-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.write("example.org.zone", ZONE)
        for name, service in (("one", "8ms"), ("two", "16ms"), ("other", "12ms")):
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


class Evaluate(World):
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


class Sweep(World):
    STUDY = """name: study
scenarios: [one.yaml, two.yaml]
policy: ant_colony
parameters:
  - {key: price}
  - {key: clients.0.rate, values: [3/s, 5/s]}
design: latin_hypercube
points: 3
replications: 2
metrics: [dns.latency.p99, dns.slow]
"""
    # all that two equal sweeps have alike, whoever made the rows and in whatever order
    CONTENT = (
        "SELECT name, scenario, inputs, build FROM studies ORDER BY name",
        "SELECT s.name, configuration, number, base, policy, first_seed, seeds FROM configurations"
        " JOIN studies s USING (study) ORDER BY 1, 2",
        "SELECT s.name, configuration, key, value FROM settings JOIN studies s USING (study)"
        " ORDER BY 1, 2, 3",
        "SELECT s.name, configuration, number, n.name, region FROM nodes n JOIN studies s"
        " USING (study) ORDER BY 1, 2, 3",
        "SELECT s.name, configuration, seed, trace_hash, events, sim_seconds, oracle, complaint"
        " FROM runs JOIN studies s USING (study) ORDER BY 1, 2, 3",
        "SELECT s.name, configuration, seed, metric, during, value FROM metrics JOIN runs r"
        " USING (run) JOIN studies s ON s.study = r.study ORDER BY 1, 2, 3, 4, 5",
    )

    def content(self, path):
        return [self.rows(path, sql) for sql in self.CONTENT]

    def tables(self, out):
        found = []
        for name in ("points.csv", "effects.csv"):
            with open(os.path.join(self.dir, out, name), encoding="utf-8") as f:
                found.append(f.read())
        return found

    def test_merged_shards_are_the_rows_and_tables_of_a_serial_run(self):
        self.write("study.yaml", self.STUDY)
        self.good("sweep", "study.yaml", "--out", "serial", "-j", "1", "--no-plots")
        for i in (3, 1, 2):
            self.good("sweep", "study.yaml", "--out", "shards", "--shard", f"{i}/3", "-j", "2")
        shards = [f"shards/shard-{i}-of-3.db" for i in (2, 3, 1)]
        self.good("merge", "shards/study.db", *shards)
        serial = self.content("serial/study.db")
        self.assertEqual(len(serial[4]), 4 * 2 * 2)
        self.assertEqual(self.content("shards/study.db"), serial)
        again = self.good("merge", "shards/study.db", shards[0])
        self.assertIn("0 runs added, 5 were there", again.stdout)
        done = self.good("sweep", "study.yaml", "--out", "shards", "--json", "--no-plots")
        self.assertEqual(json.loads(done.stdout)["reused"], 16)
        self.assertEqual(self.tables("shards"), self.tables("serial"))
        self.assertEqual(self.content("shards/study.db"), serial)

    def test_a_replay_of_a_point_is_the_run_that_is_stored(self):
        self.write("study.yaml", self.STUDY)
        self.good("sweep", "study.yaml", "--out", "out", "--no-plots")
        runs = self.rows("out/study.db", "SELECT s.name, configuration, seed, trace_hash FROM runs"
                                         " JOIN studies s USING (study)")
        self.assertEqual(len({h for *_, h in runs}), 4 * 2 * 2)
        for scenario, configuration, seed, trace_hash in runs:
            done = self.good("replay", "out/study.db", "--scenario", scenario, "--configuration",
                             configuration, "--seed", str(seed), "--at", "5s", "--json")
            self.assertEqual(json.loads(done.stdout)["trace_hash"], trace_hash)
        for args, words in (((), "several scenarios ran seed 1: say --scenario"),
                            (("--scenario", "one"), "ran seed 1: say --configuration ant_colony"),
                            (("--scenario", "none"), "holds no such run of seed 1")):
            done = self.tool("replay", "out/study.db", "--seed", "1", "--at", "5s", *args)
            self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
            self.assertIn(words, done.stderr)

    def test_merge_refuses_another_scenario_and_a_run_that_ended_otherwise(self):
        self.write("study.yaml", self.STUDY)
        for i in (1, 2):
            self.good("sweep", "study.yaml", "--out", "out", "--shard", f"{i}/2")
        parts = [f"out/shard-{i}-of-2.db" for i in (1, 2)]
        self.good("merge", "whole.db", parts[0])
        before = self.content("whole.db")
        for sql, says in (("UPDATE studies SET scenario = scenario || ' '", "another version of the"),
                          ("UPDATE studies SET build = 'other'", "another build of swarmsim")):
            other = shutil.copy(os.path.join(self.dir, parts[1]), os.path.join(self.dir, "other.db"))
            db = sqlite3.connect(other)
            db.execute(sql)
            db.commit()
            db.close()
            done = self.tool("merge", "whole.db", "other.db")
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(says, done.stderr)
            self.assertEqual(self.content("whole.db"), before)
        db = sqlite3.connect(os.path.join(self.dir, parts[0]))
        db.execute("UPDATE runs SET trace_hash = '0' WHERE run = (SELECT max(run) FROM runs)")
        db.commit()
        db.close()
        done = self.tool("merge", "whole.db", parts[0])
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"its run of '.*' with seed \d+ ended otherwise")
        self.assertEqual(self.content("whole.db"), before)

    def test_a_sweep_says_what_a_parameter_explains(self):
        self.write("study.yaml", self.STUDY.replace("points: 3", "points: 2")
                   .replace("latin_hypercube", "grid").replace("[3/s, 5/s]", "[1/s, 9/s]"))
        done = self.good("sweep", "study.yaml", "--out", "out", "--json")
        said = json.loads(done.stdout)
        self.assertEqual(len(said["points"]), 1 + 2 * 2)
        self.assertEqual(said["points"][0]["parameters"], {})
        self.assertEqual([p["parameters"]["price"] for p in said["points"][1:]],
                         ["0.01", "0.01", "8", "8"])
        share = {e["parameter"]: e["share"] for e in said["effects"] if e["measure"] == "objective"}
        self.assertGreater(share["clients.0.rate"], 0.7)  # load matters more than the price of it
        for measure in ("objective", "dns.latency.p99"):
            self.assertTrue(os.path.exists(os.path.join(self.dir, "out", f"response-{measure}.svg")))

    def test_the_shipped_studies_can_be_read(self):
        folder = os.path.join(ROOT, "scenarios", "studies")
        for name in os.listdir(folder):
            # the last shard of more than there are runs: reads all that the study names
            done = self.good("sweep", os.path.join(folder, name), "--out", name, "--shard", "9999/9999")
            self.assertIn("0 runs", done.stdout)

    def test_another_policy_than_the_studys_gives_another_study(self):
        text = self.STUDY.replace("  - {key: price}\n", "")
        self.write("study.yaml", text)
        done = self.good("sweep", "study.yaml", "--policy", "c3", "--out", "c3", "--json", "--no-plots")
        self.assertEqual(json.loads(done.stdout)["study"], "study-c3")
        self.assertEqual({row[4] for row in self.content("c3/study.db")[1]}, {"c3"})
        self.write("study.yaml", self.STUDY)
        for policy, says in (("c4", "no policy is called 'c4'"), ("c3", "price: c3 has no")):
            done = self.tool("sweep", "study.yaml", "--policy", policy, "--out", "bad")
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(says, done.stderr)

    def test_a_study_with_an_error_is_refused_with_its_place(self):
        for before, after, says in (
                ("key: price", "key: prices", "study.yaml:5:1: parameters: prices: ant_colony has no"),
                ("key: price", "key: a.b", "needs low and high"),
                ("policy: ant_colony", "policy: ants", "no policy is called 'ants'"),
                ("points: 3", "points: 0", "points"),
                ("dns.slow", "dns.slo", "dns.slo"),
                ("[3/s, 5/s]", "[3/s, 5]", "rate"),
                ("two.yaml", "one.yaml", "are both named 'one'"),
                ("design: latin_hypercube", "design: cube", "design")):
            self.assertIn(before, self.STUDY)
            self.write("study.yaml", self.STUDY.replace(before, after))
            done = self.tool("sweep", "study.yaml", "--out", "bad")
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(says, done.stderr)
        for bad in ("0/3", "4/3", "x", "1/0"):
            done = self.tool("sweep", "study.yaml", "--out", "bad", "--shard", bad)
            self.assertEqual(done.returncode, 2, done.stderr)


class Tune(World):
    TUNE = """name: tuned
scenarios: [two.yaml]
policy: ant_colony
parameters: [{key: price}, {key: q0}, {key: excess}]
baselines:
  - {policy: random}
  - {policy: c3, params: c3.yaml}
held_out: {scenarios: [other.yaml], replications: 2}
"""

    def tune(self, out, *more):
        self.write("tune.yaml", self.TUNE)
        self.write("c3.yaml", "routing: {policy: c3, parameters: {w: 2}}\n")
        return self.good("tune", "tune.yaml", "--budget", "60", "--out", out, "--json", *more)

    def read(self, *path):
        with open(os.path.join(self.dir, *path), encoding="utf-8") as f:
            return f.read()

    def test_tuning_is_the_same_with_any_number_of_processes_and_after_a_kill(self):
        first = json.loads(self.tune("one", "-j", "1").stdout)
        self.assertLessEqual(first["spent"], 60)
        self.assertGreaterEqual(first["generations"], 1)
        db = sqlite3.connect(os.path.join(self.dir, "one", "study.db"))
        os.makedirs(os.path.join(self.dir, "two"))
        half = sqlite3.connect(os.path.join(self.dir, "two", "study.db"))
        db.backup(half)
        db.close()
        half.executescript("PRAGMA foreign_keys = ON; DELETE FROM runs WHERE run % 3 = 0")
        half.close()
        again = self.tune("two", "-j", "3")
        self.assertEqual(json.loads(again.stdout), first)
        for name in ("tuned.yaml", "search.csv"):
            self.assertEqual(self.read("two", name), self.read("one", name))
        runs = "SELECT s.name, configuration, seed, trace_hash FROM runs JOIN studies s USING (study)" \
               " ORDER BY 1, 2, 3"
        self.assertEqual(self.rows("two/study.db", runs), self.rows("one/study.db", runs))

        self.judged_where_the_search_never_was(first, "one")

    def test_shards_go_round_by_round_to_what_one_process_finds(self):
        self.write("c3.yaml", "routing: {policy: c3}\n")
        self.write("tune.yaml", self.TUNE)
        command = ("tune", "tune.yaml", "--budget", "50", "--optimiser", "random_search", "--json")
        rounds, added = 0, 1
        while added > 0:
            for i in (2, 1):
                self.good(*command, "--out", "shards", "--shard", f"{i}/2")
            merged = self.good("merge", "shards/study.db", "shards/shard-1-of-2.db",
                               "shards/shard-2-of-2.db").stdout
            added = sum(int(line.split(": ")[1].split()[0]) for line in merged.splitlines())
            rounds += 1
        self.assertGreater(rounds, 4)  # screening, halving, generations, race, both tables
        sharded = self.good(*command, "--out", "shards").stdout
        self.assertEqual(sharded, self.good(*command, "--out", "serial").stdout)
        runs = "SELECT s.name, configuration, seed, trace_hash FROM runs JOIN studies s USING (study)" \
               " ORDER BY 1, 2, 3"
        self.assertEqual(self.rows("shards/study.db", runs), self.rows("serial/study.db", runs))

    def judged_where_the_search_never_was(self, said, out):
        for table in ("training", "held_out"):
            self.assertEqual([r["system"] for r in said[table]],
                             ["tuned", "defaults", "random", "c3 (set)"])
            self.assertEqual(said[table][1]["difference"], 0)
        self.assertGreater(said["held_out"][2]["difference"], 0)  # random, and one holder is slow
        # the tuned set is what evaluate and a scenario take
        held = json.loads(self.good("evaluate", "other.yaml", "--params", f"{out}/tuned.yaml", "--seeds",
                                    "1000001..1000002", "--json").stdout)
        self.assertAlmostEqual(held["objective"], said["held_out"][0]["objective"], places=9)
        pasted = self.read("other.yaml").replace(
            "defaults:\n  node: {", "defaults:\n  node: {routing: {policy: ant_colony, parameters: {" +
            ", ".join(f"{k}: {v}" for k, v in said["parameters"].items()) + "}}, ")
        self.write("pasted.yaml", pasted)
        same = json.loads(self.good("evaluate", "pasted.yaml", "--seeds", "1000001..1000002",
                                    "--json").stdout)
        self.assertEqual(same["objective"], held["objective"])
        # no trial of the search met a held-out seed or scenario
        seeds = self.rows(f"{out}/study.db", "SELECT DISTINCT s.name, seed FROM runs JOIN studies s"
                                          " USING (study) WHERE seed < 1000001")
        self.assertEqual({name for name, _ in seeds}, {"two"})

    def test_tune_refuses_what_would_make_its_judgement_worthless(self):
        self.write("c3.yaml", "routing: {policy: c3}\n")
        for before, after, args, says in (
                ("replications: 2", "seed: 10, replications: 2", (), "the search may meet"),
                ("[other.yaml]", "[two.yaml]", (), "are both named 'two'"),
                ("name: tuned", "name: tuned", ("--optimiser", "psi"), "there are pso, spso2011"),
                ("name: tuned", "name: tuned", ("--budget", "20"), "at least 50 trials"),
                ("policy: random", "policy: randoms", (), "no policy is called")):
            self.assertIn(before, self.TUNE)
            self.write("tune.yaml", self.TUNE.replace(before, after))
            done = self.tool("tune", "tune.yaml", "--budget", "60", "--out", "bad", *args)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(says, done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
