# SPDX-License-Identifier: GPL-3.0-or-later
"""swarmsim as its users meet it: exit codes, JSON, the database, plots, errors."""
import json
import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree

TOOL = os.path.abspath(sys.argv.pop(1))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ZONE = os.path.join(ROOT, "scenarios", "zones", "example.org.zone")

TINY = f"""name: tiny
question: Does a small world run from end to end?
duration: 40s
warmup: 5s
regions:
  - {{name: fra, latitude: 50.1, longitude: 8.7}}
  - {{name: nyc, latitude: 40.7, longitude: -74}}
zones:
  - {{name: example.org, file: {ZONE}, primary: fra-1, backups: [nyc-1]}}
nodes:
  - {{region: fra, count: 2}}
  - {{region: nyc, count: 2}}
clients:
  - {{region: nyc, count: 20, rate: 1/s, zone: example.org, servers: [nyc-2], timeout: 2s}}
faults:
  - {{kind: crash, node: nyc-1, at: 15s, for: 5s}}
expectations:
  - availability >= 90 %
  - dns.latency.p99 during crash <= 10s
"""


class Swarmsim(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="sw-e2e-")
        self.addCleanup(shutil.rmtree, self.dir)

    def file(self, text, name="tiny.yaml"):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def out(self, name="out"):
        return os.path.join(self.dir, name)

    def tool(self, *args, **more):
        return subprocess.run([TOOL, *args], capture_output=True, text=True, cwd=self.dir,
                              timeout=120, check=False, **more)

    def run_tiny(self, *args):
        return self.tool("run", self.file(TINY), "--out", self.out(), "--no-plots", *args)

    def query(self, sql):
        db = sqlite3.connect(self.out("out/study.db"))
        try:
            return db.execute(sql).fetchall()
        finally:
            db.close()

    def test_json_has_the_stable_fields(self):
        done = self.run_tiny("--seeds", "3..5", "-j", "2", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        result = json.loads(done.stdout)
        self.assertEqual(result["scenario"], "tiny")
        self.assertRegex(result["core_digest"], "^[0-9a-f]{64}$")
        self.assertEqual([r["seed"] for r in result["runs"]], [3, 4, 5])
        for run in result["runs"]:
            self.assertRegex(run["trace_hash"], "^[0-9a-f]{16}$")
            self.assertEqual(run["sim_seconds"], 40)
            self.assertGreater(run["events"], 1000)
            self.assertGreater(run["wall_seconds"], 0)
        self.assertEqual(len({r["trace_hash"] for r in result["runs"]}), 3)
        first = result["expectations"][0]
        self.assertEqual(first["text"], "availability >= 90 %")
        self.assertEqual(first["unit"], "1")
        self.assertTrue(first["holds"])
        self.assertLessEqual(first["low"], first["value"])
        self.assertLessEqual(first["value"], first["high"])
        self.assertEqual(result["database"], self.out("out/study.db"))
        # what programs may rely on; fields may be added
        self.assertLessEqual({"scenario", "core_digest", "runs", "expectations", "database",
                              "reused"}, set(result))
        for run in result["runs"]:
            self.assertLessEqual({"seed", "trace_hash", "sim_seconds", "wall_seconds", "events",
                                  "configuration"}, set(run))
        for expectation in result["expectations"]:
            self.assertLessEqual({"text", "value", "low", "high", "unit", "holds", "margin",
                                  "configuration"}, set(expectation))

    def test_the_database_holds_what_the_summary_says(self):
        done = self.run_tiny("--seed", "7", "--json")
        value = json.loads(done.stdout)["expectations"][0]["value"]
        self.assertEqual(self.query("SELECT seed, sim_seconds FROM runs"), [(7, 40.0)])
        self.assertEqual(self.query("SELECT value FROM metrics WHERE metric = 'availability'"
                                    " AND during = ''"), [(value,)])
        self.assertEqual(self.query("SELECT holds, runs FROM verdicts ORDER BY number"),
                         [(1, 1), (1, 1)])
        self.assertEqual(self.query("SELECT kind FROM events WHERE entity = 'crash' ORDER BY at"),
                         [("fault begins",), ("fault ends",)])
        self.assertGreater(self.query("SELECT count(*) FROM samples WHERE metric = 'availability'")
                           [0][0], 20)
        queries = self.query("SELECT value FROM metrics WHERE metric = 'dns.queries'"
                             " AND during = ''")[0][0]
        self.assertEqual(self.query("SELECT sum(count) FROM histograms WHERE during = ''"),
                         [(queries,)])
        self.assertEqual(os.listdir(self.out()), ["study.db"])  # nothing else is left about

    def test_what_a_storm_drew_is_in_the_results_and_in_a_replay(self):
        storm = ("storm: {from: 6s, until: 30s, kinds: [{kind: slow_disk, node: fra-2, rate: 20/m,"
                 " shortest: 100ms, longest: 1s}]}\n")
        path = self.file(TINY + storm)
        done = self.tool("run", path, "--out", self.out(), "--no-plots", "--seed", "5")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.query("SELECT drawn, json_extract(parameters, '$.node') FROM faults"
                                    " WHERE kind = 'crash'"), [(0, "nyc-1")])
        drawn = self.query("SELECT began_at, json_extract(parameters, '$.node') FROM faults"
                           " WHERE kind = 'slow_disk' AND drawn = 1 AND ended_at > began_at")
        self.assertGreater(len(drawn), 1)
        self.assertEqual({node for _, node in drawn}, {"fra-2"})
        self.assertTrue(all(6 <= at < 30 for at, _ in drawn))
        shown = self.tool("replay", path, "--seed", "5", "--at", "20s", "--window", "20s",
                          "--kind", "fault").stdout
        self.assertEqual(shown.count("slow_disk begins, node: fra-2"), len(drawn))

    def test_equal_runs_leave_equal_rows_whatever_ran_beside_them(self):
        rows = []
        for name, args in (("a", ("--seeds", "1..4", "-j", "2")), ("b", ("--seed", "3"))):
            self.tool("run", self.file(TINY), "--no-plots", "--out", self.out(name), *args)
            db = sqlite3.connect(self.out(name + "/study.db"))
            rows.append(db.execute(
                "SELECT r.trace_hash, s.metric, s.entity, s.at, s.value FROM samples s"
                " JOIN runs r USING (run) WHERE r.seed = 3 ORDER BY 2, 3, 4").fetchall())
            db.close()
        self.assertGreater(len(rows[0]), 100)
        self.assertEqual(rows[0], rows[1])

    def test_a_failed_expectation_is_exit_1(self):
        text = TINY.replace("availability >= 90 %", "dns.latency.p50 <= 1us")
        done = self.tool("run", self.file(text), "--out", self.out(), "--no-plots")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stdout, r"FAIL +dns\.latency\.p50 <= 1us")
        self.assertIn(self.out("out/study.db"), done.stdout)

    def test_until_stops_at_the_look_whose_interval_is_short_enough(self):
        def until(text, *args):
            done = self.run_tiny("--until", text, "--max-seeds", "15", "--json", *args)
            return done, json.loads(done.stdout)
        done, result = until("availability +- 20 %", "-j", "2")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(result["until"]["reached"])
        self.assertEqual((result["until"]["runs"], result["until"]["looks"]), (10, 2))
        self.assertEqual([r["seed"] for r in result["runs"]], list(range(1, 11)))
        value = result["until"]["of"][0]
        self.assertLess(value["high"] - value["low"], 2 * .2 * value["value"])
        self.assertAlmostEqual(value["value"], self.query(
            "SELECT avg(value) FROM metrics WHERE metric = 'availability' AND during = ''")[0][0])
        # a narrower one goes on from the runs that are stored, to the cap
        done, more = until("dns.latency.p99 during crash +- 0.01 %", "-j", "1")
        self.assertEqual(done.returncode, 1)
        self.assertFalse(more["until"]["reached"])
        self.assertEqual(more["until"]["runs"], 15)
        self.assertEqual(more["runs"][:10], result["runs"])
        self.assertEqual(self.query("SELECT count(*) FROM runs"), [(15,)])

    def test_until_sees_no_complaint_that_it_has_not_come_to(self):
        def until():
            done = self.run_tiny("--until", "availability +- 20 %", "--max-seeds", "40", "--json")
            return done, json.loads(done.stdout)["until"]
        self.assertEqual(self.run_tiny("--seeds", "1..12").returncode, 0)
        self.plant_complaint(12)
        done, until12 = until()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual((until12["runs"], until12["reached"]), (10, True))
        # the study is those ten, as a report sees it too
        self.assertIn("runs      10\n", self.tool("report", self.out("out/study.db")).stdout)
        self.plant_complaint(3)
        done, until3 = until()
        self.assertEqual((done.returncode, until3["runs"]), (1, 10))

    def plant_complaint(self, seed):
        db = sqlite3.connect(self.out("out/study.db"))
        db.execute("UPDATE runs SET oracle = 'answers', complaint = 'planted' WHERE seed = ?",
                   (seed,))
        db.commit()
        db.close()

    def test_runs_that_are_all_alike_have_no_width_but_a_bound(self):
        done = self.run_tiny("--until", "lost_snapshots +- 5 %")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("  0 in all 10 runs: at 95 % confidence it is otherwise in at most 30 % of runs"
                      " (3/n)\n", done.stdout)
        self.assertNotIn("nan", done.stdout)

    def test_a_failing_mean_comes_with_the_share_of_runs_that_meet_it(self):
        crash = TINY.replace("{kind: crash, node: nyc-1, at: 15s, for: 5s}",
                             "{kind: crash, node: nyc-2, at: 15s}")
        self.assertNotEqual(crash, TINY)
        args = ("run", self.file(crash, "dead.yaml"), "--seeds", "1..6", "--out", self.out(),
                "--no-plots")
        done = self.tool(*args)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stdout, r"availability >= 90 % .* short\n +0 of 6 runs meet it, each by"
                                      r" itself: 0 % to 45\.9 % of such runs\n")
        self.assertNotIn("6 of 6 runs meet it", done.stdout)
        v = json.loads(self.tool(*args, "--json").stdout)["expectations"][0]
        self.assertTrue(v["median_low"] < v["median"] < v["median_high"] < .9)
        self.assertEqual((v["met"], v["met_low"]), (0, 0))
        self.assertAlmostEqual(v["met_high"], 1 - .025 ** (1 / 6), 9)  # Clopper and Pearson 1934

    def test_a_fault_that_a_storm_drew_in_some_runs_counts_in_those_only(self):
        text = re.sub(r"faults:\n.*\n", "storm: {from: 6s, until: 30s, subset: 50%, kinds: [{kind: "
                      "crash, node: nyc-1, rate: 6/m, shortest: 1s, longest: 3s}]}\n", TINY)
        text = text.replace("dns.latency.p99 during crash <= 10s", "availability during crash >= 1 %")
        args = (self.file(text), "--out", self.out(), "--no-plots", "--until",
                "availability during crash +- 50 %", "--max-seeds")
        done = self.tool("run", *args, "10", "--json")
        result = json.loads(done.stdout)
        had = self.query("SELECT count(DISTINCT run) FROM faults WHERE kind = 'crash'")[0][0]
        self.assertIn(had, range(2, 10))  # what this is about
        of = result["until"]["of"][0]
        self.assertEqual((result["until"]["runs"], of["values"]), (10, had))
        self.assertFalse(result["until"]["reached"])  # that few say too little about their spread
        self.assertEqual(result["expectations"][1]["runs"], had)
        self.assertAlmostEqual(of["value"], self.query(
            "SELECT avg(value) FROM metrics WHERE metric = 'availability' AND during = 'crash'")[0][0])
        words = f"'crash' happened in {had} of 10 runs: of those only\n"
        self.assertEqual(self.tool("run", *args, "10").stdout.count(words), 2)
        done = self.tool("run", *args, "80", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        until = json.loads(done.stdout)["until"]
        self.assertIn(until["runs"], (20, 40))
        self.assertGreaterEqual(until["of"][0]["values"], 10)
        done = self.tool("compare", args[0], "--policies", "random,ant_colony", "--seeds", "1..10",
                         "--out", self.out("compared"), "--no-plots", "--json", "--metric",
                         "availability during crash, availability")
        self.assertEqual(done.returncode, 0, done.stderr)
        for metric, n in zip(json.loads(done.stdout)["metrics"], (had, 10)):
            for cell in metric["of"]:
                self.assertEqual(cell["runs"], n)
                self.assertIsNotNone(cell["low"])
            self.assertNotEqual(metric["of"][1]["verdict"], "no verdict")

    @unittest.skipUnless(shutil.which("objcopy"), "objcopy is not installed")
    def test_a_program_without_a_build_id_stores_nothing(self):
        stripped = self.out("stripped")
        subprocess.run(["objcopy", "--remove-section", ".note.gnu.build-id", TOOL, stripped],
                       check=True)
        done = subprocess.run([stripped, "run", self.file(TINY), "--out", self.out()],
                              capture_output=True, text=True, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("has no build-id", done.stderr)

    def test_until_refuses_what_it_cant_measure(self):
        for args, words in ((("--until", "dns.latency.p9 +- 5 %"), "did you mean"),
                            (("--until", "availability 5 %"), "expected METRIC"),
                            (("--until", "availability +- 0 %"), "above 0"),
                            (("--until", "availability during slow_disk +- 5 %"), "no fault"),
                            (("--until", "availability +- 5 %", "--seeds", "1..5"), "exclude"),
                            (("--max-seeds", "5"), "needs --until")):
            done = self.run_tiny(*args)
            self.assertEqual(done.returncode, 2, args)
            self.assertIn(words, done.stderr)
            self.assertFalse(os.path.exists(self.out()))

    def test_what_never_happened_in_any_run_has_a_bound(self):
        done = self.tool("run", self.file(TINY + "  - dns.queries >= 1\n  - lost_snapshots == 0\n"),
                         "--out", self.out(), "--no-plots", "--seeds", "1..10")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"lost_snapshots == 0 .*\n +in all 10 runs: .* 30 % of runs")

    def test_a_run_says_what_it_measures_and_warns_of_a_fault_behind_that(self):
        late = TINY.replace("at: 15s, for: 5s", "at: 37s, for: 1s")
        self.assertNotEqual(late, TINY)
        done = self.tool("run", self.file(late), "--out", self.out(), "--no-plots", "--seed", "1")
        self.assertRegex(done.stdout, r"measured  5 s to 36 s of 40 s: stubs may wait 4 s")
        self.assertRegex(done.stderr, r"warning: crash at 37 s: queries are measured until 36 s")

    def test_a_run_names_the_clients_that_make_it_measure_less(self):
        slow = TINY.replace("faults:\n", "  - {region: fra, count: 1, rate: 1/s, zone: example.org,"
                            " servers: [fra-2], timeout: 5s, attempts: 3}\nfaults:\n")
        done = self.tool("run", self.file(slow), "--out", self.out(), "--no-plots", "--seed", "1")
        self.assertIn("5 s to 25 s of 40 s: stubs may wait 15 s (those of fra: 3 times 5 s)\n",
                      done.stdout)

    def test_what_failed_names_a_replay_that_shows_something(self):
        harsh = TINY + "  - availability during crash > 100 %\n  - dns.queries < 1\n"
        done = self.tool("run", self.file(harsh), "--out", self.out(), "--no-plots", "--seed", "1")
        self.assertEqual(done.returncode, 1, done.stderr)
        hints = re.findall(r"swarmsim (replay .*)", done.stdout)
        self.assertEqual(len(hints), 2, done.stdout)
        self.assertTrue(hints[0].endswith("--at 15s"), hints)
        for hint in hints:
            said = self.tool(*hint.split())
            self.assertEqual(said.returncode, 0, said.stderr)
            self.assertIn("crash begins, node: nyc-1", said.stdout)

    def test_a_study_is_found_in_its_folder(self):
        self.run_tiny("--seed", "1")
        for verb in (("report",), ("export",), ("replay", "--seed", "1", "--at", "15s")):
            done = self.tool(verb[0], self.out(), *verb[1:])
            self.assertEqual(done.returncode, 0, done.stderr)
        with open(self.out("out/csv/runs.csv"), encoding="utf-8") as f:
            self.assertRegex(f.read(), r",40,[0-9.]+,[0-9.]+,")  # simulated seconds, exactly
        done = self.tool("report", self.dir)
        self.assertEqual(done.returncode, 2)
        self.assertIn("study.db: No such file", done.stderr)

    def test_a_set_that_protects_nothing_is_warned_of(self):
        text = TINY.replace("nodes:\n", "nodes:\n  - {region: fra, name: x, files: [{path: etc}],"
                            " backup: {sets: [{name: a, path: /etc/}, {name: b, path: ect}]}}\n", 1)
        self.assertNotEqual(text, TINY)
        done = self.tool("run", self.file(text), "--out", self.out(), "--no-plots", "--seed", "1")
        self.assertIn("warning: x: nothing lies at ect, which the set b protects", done.stderr)
        self.assertNotIn("the set a", done.stderr)

    def test_a_mistyped_key_is_exit_2_with_line_and_column(self):
        path = self.file(TINY.replace("    , timeout", "").replace("{region: nyc, count: 20",
                                                                  "{region: nyc, cuont: 20"))
        done = self.tool("run", path)
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr, f"swarmsim: {path}:14:19: cuont: unknown key"
                                      " (did you mean 'count'?)\n")
        self.assertEqual(done.stdout, "")

    def test_broken_files_are_exit_2_with_the_message_in_their_first_line(self):
        folder = os.path.join(ROOT, "tests", "e2e", "bad")  # all of them: tests/unit/sim/test_bad.c
        names = sorted(n for n in os.listdir(folder) if n.endswith(".yaml"))
        self.assertGreaterEqual(len(names), 60)
        for name in names[::20]:
            with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as f:
                expected = f.readline().rstrip("\r\n")[2:].replace("@", name, 1)
            done = subprocess.run([TOOL, "run", name, "--out", self.out()], capture_output=True,
                                  text=True, cwd=folder, timeout=60, check=False)
            self.assertEqual((done.returncode, done.stdout), (2, ""), name)
            self.assertRegex(done.stderr, "^swarmsim: " +
                             re.escape(expected).replace(re.escape("..."), ".*") + "\n$")

    def test_a_mistake_in_a_zone_is_exit_2_with_its_file_and_line(self):
        zone = self.file("@ 300 SOA ns1 host 1 2 3 4 5\n@ 300 NS ns1\nns1 300 A 192.0.2\n", "z")
        done = self.tool("run", self.file(TINY.replace(ZONE, zone)), "--out", self.out())
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertRegex(done.stderr, r"tiny\.yaml:9:\d+: file: .*/z: line 3: invalid IPv4 address")
        self.assertFalse(os.path.exists(self.out()), "nothing was begun")

    def test_bad_usage_is_exit_2_and_says_what_was_meant(self):
        for args, words in ((("run",), "run needs a scenario"),
                            (("rnu", "x"), "did you mean 'run'?"),
                            (("run", "x.yaml", "--sed", "1"), "did you mean --seed?"),
                            (("run", "x.yaml", "--seeds", "5..1"), "like 1..20"),
                            (("run", "x.yaml", "-j", "0"), "at least 1"),
                            (("run", "x.yaml"), "No such file or directory"),
                            (("list", "colours"), "list what?"),
                            (("report", "x.db"), "No such file or directory"),
                            ((), "usage: swarmsim VERB")):
            done = self.tool(*args)
            self.assertEqual(done.returncode, 2, args)
            self.assertIn(words, done.stderr)

    def test_verify_finds_equal_hashes_in_fresh_processes(self):
        done = self.tool("verify", self.file(TINY), "--seeds", "1..2")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        lines = done.stdout.splitlines()
        self.assertEqual(len(lines), 2)
        self.assertRegex(lines[0], "^seed 1: equal, trace hash [0-9a-f]{16} after [0-9]+ events$")
        for args, words in ((("--seed", "1", "--seeds", "1..2"), "exclude each other"),
                            (("--checkpoints", "--seeds", "1..2"), "print one seed's run")):
            done = self.tool("verify", self.file(TINY), *args)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn(words, done.stderr)
        hashes = self.tool("verify", self.file(TINY), "--checkpoints", "--seed", "2").stdout
        last = hashes.splitlines()[-1].split()[2]
        self.assertIn(last, lines[1])
        run = json.loads(self.run_tiny("--seed", "2", "--json").stdout)
        self.assertEqual(run["runs"][0]["trace_hash"], last)

    def test_replay_shows_what_happened_around_a_time(self):
        path = self.file(TINY)
        done = self.tool("replay", path, "--seed", "3", "--at", "15s", "--window", "500ms")
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.splitlines()
        times = [float(line.split()[0]) for line in lines]
        self.assertEqual(times, sorted(times))
        self.assertGreaterEqual(times[0], 14.5)
        self.assertLessEqual(times[-1], 15.5)
        self.assertIn("     15.000000  -             fault    crash begins, node: nyc-1", lines)
        asked = [line for line in lines if line.split()[2] == "query"]
        self.assertGreater(len(asked), 5)
        self.assertRegex(asked[0], r"example\.org\. [A-Z0-9]+: (NOERROR|NXDOMAIN) from nyc-2 after ")

    def test_replay_chooses_nodes_and_kinds_and_sees_the_whole_run_as_json(self):
        done = self.tool("replay", self.file(TINY), "--seed", "3", "--at", "20s", "--window", "20s",
                         "--node", "nyc-1", "--kind", "trace,job", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        seen = json.loads(done.stdout)
        self.assertEqual((seen["scenario"], seen["seed"], seen["oracle"]), ("tiny", 3, ""))
        self.assertEqual({e["where"] for e in seen["events"]}, {"nyc-1"})
        self.assertEqual({e["kind"] for e in seen["events"]}, {"trace", "job"})
        # it starts, dies at 15 s and starts again
        ready = [e["time"] for e in seen["events"] if e["text"].endswith(", to ready")]
        self.assertEqual(len(ready), 2, ready)
        self.assertGreater(ready[1], 20)
        run = json.loads(self.run_tiny("--seed", "3", "--json").stdout)
        self.assertEqual(seen["trace_hash"], run["runs"][0]["trace_hash"])

    def test_replay_finds_the_scenario_in_the_study_that_ran_it(self):
        self.run_tiny("--seeds", "3..4")
        args = ("--seed", "4", "--at", "15s", "--window", "100ms")
        wanted = self.tool("replay", self.file(TINY), *args)
        self.file("not this", "tiny.yaml")
        done = self.tool("replay", self.out("out/study.db"), *args)
        self.assertEqual((done.returncode, done.stdout), (0, wanted.stdout), done.stderr)
        done = self.tool("replay", self.out("out/study.db"), "--seed", "9", "--at", "15s")
        self.assertEqual(done.returncode, 2)
        self.assertIn("holds no such run of seed 9", done.stderr)

    def test_a_replay_that_is_not_the_stored_run_says_so(self):
        with open(ZONE, encoding="utf-8") as f:
            zone = f.read()
        self.file(zone, "own.zone")
        path = self.file(TINY.replace(ZONE, "own.zone"), "own.yaml")
        args = ("replay", self.out("out/study.db"), "--seed", "1", "--at", "1s")
        done = self.tool("run", path, "--seed", "1", "--out", self.out(), "--no-plots")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.tool(*args).returncode, 0)
        self.file(zone + "new A 192.0.2.77\n", "own.zone")
        done = self.tool(*args)
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, "this is not the run that .*study.db holds .*has changed")
        done = self.tool(*args, "--shuffle-ties")  # which no study's run had
        self.assertEqual(done.returncode, 0)
        self.assertNotIn("not the run", done.stderr)
        done = self.tool("replay", path, "--scenario", "own", "--seed", "1", "--at", "1s")
        self.assertEqual(done.returncode, 2)
        self.assertIn("is no study's database", done.stderr)

    def test_replay_says_what_it_needs(self):
        path = self.file(TINY)
        for args, words in (((path,), "and --seed"),
                            ((path, "--seed", "1"), "no oracle stops this run: say --at TIME"),
                            ((path, "--seed", "1", "--at", "5"), "is no duration"),
                            ((path, "--seed", "1", "--at", "5s", "--kind", "job,x"), "'x' is none"),
                            ((path, "--seed", "1", "--at", "5s", "--node", "x"), "no node is")):
            done = self.tool("replay", *args)
            self.assertEqual(done.returncode, 2, args)
            self.assertIn(words, done.stderr)

    def test_a_clean_hunt_counts_its_seeds_and_simulated_hours(self):
        done = self.tool("hunt", "--seeds", "5..8", "--time", "1h", "-j", "2", "--out", self.out(),
                         "--json")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        result = json.loads(done.stdout)
        self.assertEqual((result["seeds"], result["found"]), (4, False))
        self.assertGreater(result["simulated_hours"], 4 * 60 / 3600)
        self.assertEqual(result["judged"]["answers"], 4)
        for waits in ("liveness", "membership", "convergence"):
            self.assertIn(result["judged"][waits], (1, 2, 3, 4), waits)
        done = self.tool("hunt", self.file(TINY), "--seeds", "5", "--out", self.out())
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], "1 seed ran clean, 0.01 simulated hours")
        self.assertRegex(lines[1], r"^[01] of them with unlucky nodes: \d+ of \d+ sites fired$")
        self.assertEqual("never reached" in done.stdout, lines[1][0] != "0")
        for waits in ("membership", "convergence"):  # longer than that world lasts
            self.assertIn(f"oracle '{waits}' had quiet enough to judge in 0 of them", lines)

    def test_hunt_refuses_what_makes_no_sense(self):
        for args, words in ((("--time", "5"), "is no duration"), (("--seeds", "x.."), "'x' is not"),
                            (("--seeds", "5..1"), "is no range"),
                            (("missing.yaml",), "No such file or directory")):
            done = self.tool("hunt", *args, "--out", self.out())
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(words, done.stderr)

    def test_a_full_disk_is_exit_3_and_completed_runs_stay_readable(self):
        self.assertEqual(self.run_tiny("--seed", "1").returncode, 0)
        size = os.path.getsize(self.out("out/study.db"))
        def small_files():
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20000, size + 20000))
        done = self.tool("run", self.file(TINY), "--out", self.out(), "--no-plots", "--seeds",
                         "2..9", preexec_fn=small_files)
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        self.assertIn("study.db: ", done.stderr)
        self.assertIn((1,), self.query("SELECT seed FROM runs"))
        self.assertEqual(self.query("PRAGMA integrity_check"), [("ok",)])

    def test_what_the_environment_refuses_is_exit_3(self):
        path = self.file(TINY)
        for out, words in ((path, "tiny.yaml: is not a folder"), (path + "/x", "can't be made"),
                           ("/proc/nothing", "can't be made")):
            done = self.tool("run", path, "--out", out, "--no-plots")
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertIn(words, done.stderr)
        with open("/dev/full", "wb") as full:
            done = subprocess.run([TOOL, "run", path, "--out", self.out(), "--no-plots"],
                                  stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn("standard output: write failed", done.stderr)

    def test_a_locked_database_is_exit_3(self):
        self.assertEqual(self.run_tiny("--seed", "1").returncode, 0)
        db = sqlite3.connect(self.out("out/study.db"), isolation_level=None)
        db.execute("BEGIN EXCLUSIVE")
        done = self.run_tiny("--seed", "2")
        db.close()
        self.assertEqual(done.returncode, 3)
        self.assertIn("another process holds it", done.stderr)
        self.assertEqual(self.query("SELECT seed FROM runs"), [(1,)])

    @unittest.skipUnless(shutil.which("gnuplot"), "gnuplot is not installed")
    def test_what_regions_send_each_other_and_what_holders_can_give_is_recorded(self):
        self.assertEqual(self.run_tiny().returncode, 0)
        sent = dict(self.query("SELECT entity, sum(value) FROM samples WHERE metric = 'route.sent'"
                               " GROUP BY entity"))
        self.assertEqual(sorted(sent), ["nyc>fra", "nyc>nyc"])  # fra asks nobody
        counted = dict(self.query("SELECT metric, value FROM metrics WHERE metric LIKE 'route.%'"))
        self.assertAlmostEqual(sum(sent.values()), counted["route.forwarded"] + counted["route.retried"])
        # a holder a region, of two cores; nyc's is dead from 15 s to 20 s
        capacity = {(region, at): value for region, at, value in self.query(
            "SELECT entity, at, value FROM samples WHERE metric = 'load.capacity'")}
        self.assertEqual([capacity["nyc", at] for at in (14, 15, 19, 20)], [2, 0, 0, 2])
        self.assertEqual({capacity["fra", at] for at in range(1, 40)}, {2})
        # 20 us a query on average, at the entry node and at the holder
        [(each,)] = self.query("SELECT value FROM metrics WHERE metric = 'load.per_query'")
        self.assertAlmostEqual(each, 40e-6, delta=4e-6)

    def test_plots_are_drawn_as_svg_and_png(self):
        done = self.tool("run", self.file(TINY), "--out", self.out())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("plots ", done.stdout)
        for name in ("latency", "availability", "answered", "sent", "load", "trails"):
            svg = self.out(f"out/{name}.svg")
            self.assertTrue(xml.etree.ElementTree.parse(svg).getroot().tag.endswith("svg"))
            with open(self.out(f"out/{name}.png"), "rb") as f:
                self.assertEqual(f.read(8), b"\x89PNG\r\n\x1a\n")
        os.remove(self.out("out/latency.svg"))
        again = self.tool("report", self.out("out/study.db"))
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertTrue(os.path.exists(self.out("out/latency.svg")))

    def test_without_gnuplot_a_run_goes_on_and_a_report_is_exit_3(self):
        nothing = {"PATH": self.dir}
        done = self.tool("run", self.file(TINY), "--out", self.out(), env=nothing)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("no plots: gnuplot is not installed (apt-get install gnuplot-nox)",
                      done.stderr)
        done = self.tool("report", self.out("out/study.db"), env=nothing)
        self.assertEqual(done.returncode, 3)
        self.assertIn("gnuplot is not installed", done.stderr)

    def test_configurations_are_compared_under_the_same_seeds(self):
        text = TINY + ("configurations:\n  random:\n    defaults: {node: {routing: {policy: "
                       "random}}}\n  ants:\n    defaults: {node: {routing: {policy: ant_colony"
                       "}}}\n")
        done = self.tool("run", self.file(text), "--out", self.out(), "--no-plots", "--seeds",
                         "1..2", "--json")
        result = json.loads(done.stdout)
        self.assertEqual([(r["configuration"], r["seed"]) for r in result["runs"]],
                         [("random", 1), ("ants", 1), ("random", 2), ("ants", 2)])
        asked = self.query("SELECT r.seed, count(DISTINCT m.value) FROM metrics m JOIN runs r"
                           " USING (run) WHERE metric = 'dns.queries' AND during = ''"
                           " GROUP BY r.seed")
        self.assertEqual(asked, [(1, 1), (2, 1)])  # common random numbers: the same arrivals
        only = self.tool("run", self.file(text), "--out", self.out("one"), "--no-plots",
                         "--configuration", "ants", "--json")
        self.assertEqual([r["configuration"] for r in json.loads(only.stdout)["runs"]], ["ants"])

    def test_a_run_that_dies_is_exit_4_with_its_seed_and_others_are_kept(self):
        path = self.file(TINY + "configurations:\n  short: {}\n  long: {duration: 100h}\n")
        command = ("run", path, "--out", self.out(), "--no-plots", "--configuration")
        self.assertEqual(self.tool(*command, "short", "--seed", "1").returncode, 0)
        with subprocess.Popen([TOOL, *command, "long", "--seed", "8"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as parent:
            children = f"/proc/{parent.pid}/task/{parent.pid}/children"
            deadline = time.monotonic() + 60
            workers = []
            while not workers and time.monotonic() < deadline:
                with open(children, encoding="ascii") as f:
                    workers = f.read().split()
            os.kill(int(workers[0]), signal.SIGKILL)
            words = parent.communicate(timeout=60)[1]
        self.assertEqual(parent.returncode, 4, words)
        self.assertIn("seed 8: the run's process died: Killed", words)
        self.assertEqual(self.query("SELECT seed FROM runs"), [(1,)])

    @unittest.skipUnless(shutil.which("gnuplot"), "gnuplot is not installed")
    def test_a_world_without_clients_has_no_plots_and_no_complaint(self):
        text = re.sub(r"clients:\n.*\n", "", TINY).split("expectations:")[0]
        done = self.tool("run", self.file(text), "--out", self.out())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("no plots", done.stderr)
        self.assertFalse(os.path.exists(self.out("out/latency.png")))

    def test_list_documents_everything_registered(self):
        for what, words in (("policies", ["ant_colony", "random"]),
                            ("faults", ["regional_outage", "region"]),
                            ("oracles", ["answers", "snapshots", "plaintext", "liveness", "bounds"]),
                            ("metrics", ["dns.latency.p99", "backup.rto", "lost_snapshots"]),
                            ("parameters", ["ant_colony", "beta"]),
                            ("keys", ["`clients[].rate`", "`listen.dns`"])):
            done = self.tool("list", what)
            self.assertEqual(done.returncode, 0)
            for word in words:
                self.assertIn(word, done.stdout)

    def test_list_prints_the_kinds_of_faults_as_json(self):
        done = self.tool("list", "faults", "--json")
        self.assertEqual(done.returncode, 0)
        kinds = {k["kind"]: k for k in json.loads(done.stdout)}
        disk = [p for p in kinds["crash"]["parameters"] if p["key"] == "disk"][0]
        self.assertEqual(disk["choices"], "kept|lost")
        self.assertEqual(disk["default"], "kept")
        self.assertFalse(disk["required"])
        self.assertEqual(self.tool("list", "oracles", "--json").returncode, 2)
        metrics = {m["name"]: m for m in json.loads(self.tool("list", "metrics", "--json").stdout)}
        self.assertEqual(metrics["backup.rto"]["unit"], "s")
        policies = [p["name"] for p in json.loads(self.tool("list", "policies", "--json").stdout)]
        self.assertIn("ant_colony", policies)

    def test_recorded_questions_are_replayed_and_each_group_has_its_series(self):
        scenario = os.path.join(ROOT, "scenarios", "replay.yaml")
        done = self.tool("run", scenario, "--out", self.out(), "--no-plots")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("minute.pcap: 565 questions of 12 sources; left out: 17 retransmissions",
                      done.stdout)
        self.assertIn("queries.txt: 12 questions for 8 names", done.stdout)
        groups = self.query("SELECT DISTINCT entity FROM samples WHERE metric = 'dns.slow'"
                            " AND entity != '' ORDER BY entity")
        self.assertEqual([g for g, in groups], ["fra/1", "nyc/0", "nyc/3", "sin/2"])
        cached = self.query("SELECT value FROM metrics WHERE metric = 'dns.cached'"
                            " AND during = ''")[0][0]
        self.assertGreater(cached, 0.05)

    def test_the_shipped_capture_is_what_its_script_writes(self):
        shipped = os.path.join(ROOT, "scenarios", "replay", "minute.pcap")
        written = os.path.join(self.dir, "minute.pcap")
        script = os.path.join(ROOT, "scripts", "make-capture")
        subprocess.run([sys.executable, script, written], check=True)
        with open(shipped, "rb") as a, open(written, "rb") as b:
            self.assertEqual(a.read(), b.read())

    def test_a_missing_capture_is_bad_input(self):
        text = TINY.replace("rate: 1/s, zone: example.org", "capture: gone.pcap")
        done = self.tool("run", self.file(text), "--out", self.out())
        self.assertEqual(done.returncode, 2)
        self.assertIn("gone.pcap: No such file or directory", done.stderr)

    def test_a_calibration_becomes_a_profile_that_a_scenario_takes(self):
        os.makedirs(self.out("p"), exist_ok=True)
        profile = self.out("p/profile.yaml")
        done = self.tool("calibrate", "--repetitions", "3", "--json", "--out", profile)
        self.assertEqual(done.returncode, 0, done.stderr)
        result = json.loads(done.stdout)
        self.assertEqual(set(result["ns"]), {"query", "forward", "peer", "urgent"})
        self.assertEqual(set(result["ns_a_byte"]),
                         {"hash", "cut", "compress", "decompress", "seal", "parse"})
        for cost in list(result["ns"].values()) + list(result["ns_a_byte"].values()):
            self.assertGreater(cost["median"], 0)
            self.assertLessEqual(cost["low"], cost["median"])
            self.assertLessEqual(cost["median"], cost["high"])
        text = TINY + f"defaults: {{node: {{processor: {{profile: {profile}}}}}}}\n"
        done = self.tool("run", self.file(text), "--out", self.out(), "--no-plots")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.tool("calibrate", "--repetitions", "2").returncode, 2)
        self.assertEqual(self.tool("calibrate", "--repetitions", "3", "--out",
                                   self.out("gone/p.yaml")).returncode, 3)

    def test_the_scenarios_readme_documents_every_key_as_the_tables_do(self):
        with open(os.path.join(ROOT, "scenarios", "README.md"), encoding="utf-8") as f:
            readme = f.read()
        self.assertTrue(readme.endswith(self.tool("list", "keys").stdout.replace("## ", "### ")),
                        "scenarios/README.md is not what the tables say: run scripts/document-keys")

    def test_man_page_and_completion_know_every_verb_and_option(self):
        with open(os.path.join(ROOT, "sim", "swarmsim.1"), encoding="utf-8") as f:
            man = f.read().replace("\\-", "-")
        with open(os.path.join(ROOT, "sim", "swarmsim.bash"), encoding="utf-8") as f:
            completion = f.read()
        usage = self.tool("--help").stdout
        verbs = re.findall(r"^  swarmsim ([a-z]+) ", usage, re.M)
        self.assertIn("verify", verbs)
        for word in verbs + re.findall(r"--[a-z-]+", usage):
            self.assertIn(word, completion)
        for word in verbs + re.findall(r"--[a-z-]+", usage.split("swarmsim selftest")[0]):
            self.assertIn(word, man)

    def completed(self, *words):
        script = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _swarmsim;'
                  ' printf "%s\\n" "${COMPREPLY[@]}"')
        return subprocess.run(["bash", "-c", script, "bash",
                               os.path.join(ROOT, "sim", "swarmsim.bash"), TOOL, *words],
                              capture_output=True, text=True, check=True).stdout.split("\n")[:-1]

    def test_completion_offers_what_an_option_takes(self):
        self.assertEqual(self.completed("compare", "--policies", "random,ant_c"),
                         ["random,ant_colony"])
        self.assertEqual(self.completed("compare", "--metric", "availability,lost"),
                         ["availability,lost_snapshots"])
        self.assertEqual(self.completed("selftest", "--system", "two"),
                         ["two\\ copies\\ mu=10", "two\\ copies\\ mu=100"])
        self.assertEqual(self.completed("tune", "--optimiser", "spso"), ["spso2011"])
        self.assertEqual(self.completed("compare", "--baseline", "ant_"), ["ant_colony"])
        with open(os.path.join(ROOT, "results", "schema.sql"), encoding="utf-8") as f:
            tables = re.findall(r"^CREATE TABLE IF NOT EXISTS (\w+)", f.read(), re.M)
        self.assertEqual(self.completed("export", "--table", ""), tables)

    def test_list_shows_ranges_as_people_write_them(self):
        for what in ("faults", "parameters"):
            for span in re.findall(r"\S+ to [^,\]]+", self.tool("list", what).stdout):
                self.assertNotRegex(span, r"\de[+-]?\d|\d{5}\.\d")

    def test_a_self_test_takes_few_customers_where_they_do(self):
        few = ("selftest", "--customers", "64", "--system")
        done = self.tool(*few, "retries, 10 % loss")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("'retries, 10 % loss' needs at least 3200 queries", done.stderr)
        self.assertEqual(self.tool("selftest", "--customers", "64").returncode, 2)
        for system in ("M/M/1 rho=.95", "M/M/1/10 rho=.8", "Jackson, 3 queues", "two copies mu=10"):
            self.assertEqual(self.tool(*few, system).returncode, 1, system)
        for system in ("retries, 10 % loss", "TTL cache"):
            done = self.tool("selftest", "--customers", "3200", "--system", system)
            self.assertIn(done.returncode, (0, 1), done.stderr)

    def test_a_fresh_self_test_takes_twice_the_customers(self):
        events = [json.loads(self.tool("selftest", "--system", "TTL cache", "--seed", "5", "--json",
                                       *fresh).stdout)["events"] for fresh in ((), ("--fresh",))]
        self.assertAlmostEqual(events[1] / events[0], 2, delta=.1)

    def test_version_and_help_go_to_standard_output(self):
        self.assertRegex(self.tool("--version").stdout, r"^swarmsim [0-9.]+\ncore [0-9a-f]{64}\n")
        self.assertIn("exit codes", self.tool("--help").stdout)
        self.assertIn("--seeds A..B", self.tool("run", "--help").stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
