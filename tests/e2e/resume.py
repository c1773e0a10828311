# SPDX-License-Identifier: GPL-3.0-or-later
"""A study that is killed goes on where it stopped: nothing lost, nothing twice, nobody left over."""
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

TOOL = os.path.abspath(sys.argv.pop(1))
KILLS = int(sys.argv.pop(1))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
with open(os.path.join(ROOT, "scenarios", "zones", "example.org.zone"), encoding="utf-8") as zone:
    ZONE = zone.read()

SCENARIO = """name: resumed
question: Is a killed study the same study in the end?
duration: 40s
warmup: 5s
regions:
  - {name: fra, latitude: 50.1, longitude: 8.7}
  - {name: nyc, latitude: 40.7, longitude: -74}
zones:
  - {name: example.org, file: example.org.zone, primary: fra-1, backups: [nyc-1]}
nodes:
  - {region: fra, count: 2}
  - {region: nyc, count: 2}
clients:
  - {region: nyc, count: 20, rate: 1/s, zone: example.org, servers: [nyc-2], timeout: 2s}
faults:
  - {kind: crash, node: nyc-1, at: 15s, for: 5s}
expectations:
  - availability >= 90 %
configurations:
  ants: {question: "with ants"}
  chance: {defaults: {node: {routing: {policy: random}}}}
"""
DEADLINE = 120  # s: for what must happen at once

# All that a study says, without what differs between two equal ones: times of the wall's clock, and
# run numbers, which follow the order in which workers ended.
CONTENT = {
    "studies": "SELECT name, question, scenario, inputs, build, warmup, duration, interval"
               " FROM studies",
    "configurations": "SELECT * FROM configurations ORDER BY number",
    "nodes": "SELECT * FROM nodes ORDER BY 1, 2, 3",
    "runs": "SELECT configuration, seed, trace_hash, events, sim_seconds, oracle, complaint,"
            " complained_at FROM runs ORDER BY 1, 2",
    "metrics": "SELECT configuration, seed, metric, during, value FROM metrics JOIN runs USING (run)"
               " ORDER BY 1, 2, 3, 4",
    "samples": "SELECT configuration, seed, metric, entity, at, value FROM samples"
               " JOIN runs USING (run) ORDER BY 1, 2, 3, 4, 5",
    "histograms": "SELECT configuration, seed, metric, during, low, high, count FROM histograms"
                  " JOIN runs USING (run) ORDER BY 1, 2, 3, 4, 5",
    "events": "SELECT configuration, seed, e.number, at, entity, kind, peer, a, b, text"
              " FROM events e JOIN runs USING (run) ORDER BY 1, 2, 3",
    "faults": "SELECT configuration, seed, f.number, kind, began_at, ended_at, drawn, parameters"
              " FROM faults f JOIN runs USING (run) ORDER BY 1, 2, 3",
    "expectations": "SELECT * FROM expectations ORDER BY 1, 2, 3",
    "verdicts": "SELECT * FROM verdicts ORDER BY 1, 2, 3",
}


def rows(path, sql):
    db = sqlite3.connect(path, timeout=5)  # while the file changes into WAL mode and back
    try:
        return db.execute(sql).fetchall()
    finally:
        db.close()


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


class Resume(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="sw-resume-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.scenario = self.write("resumed.yaml", SCENARIO)
        self.write("example.org.zone", ZONE)

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def database(self, out):
        return os.path.join(self.dir, out, "study.db")

    def command(self, out, *args, verb="run"):
        return [TOOL, verb, self.scenario, "--out", os.path.join(self.dir, out), "--no-plots", *args]

    def tool(self, *command):
        return subprocess.run(command, capture_output=True, text=True, cwd=self.dir, check=False,
                              timeout=300)

    def run_to_the_end(self, out, *args, **more):
        return self.tool(*self.command(out, *args, **more))

    def content(self, out):
        path = self.database(out)
        self.assertEqual(rows(path, "PRAGMA integrity_check"), [("ok",)])
        self.assertEqual(rows(path, "PRAGMA foreign_key_check"), [])
        return {table: rows(path, sql) for table, sql in CONTENT.items()}

    def same_as_uninterrupted(self, out, *args):
        done = self.run_to_the_end("whole", *args)
        self.assertEqual(done.returncode, 0, done.stderr)
        whole, resumed = self.content("whole"), self.content(out)
        for table, content in whole.items():
            self.assertGreater(len(content), 0, table)
            self.assertEqual(content, resumed[table], table)

    def stored(self, out):
        """What a kill left: {(configuration, seed): (run, hash)}; none before there is a table."""
        try:
            return {(c, s): (r, h) for c, s, r, h in rows(
                self.database(out), "SELECT configuration, seed, run, trace_hash FROM runs")}
        except sqlite3.OperationalError as e:
            self.assertRegex(str(e), "no such table|unable to open")
            return {}

    def kill(self, victim):
        """SIGKILL to @victim, whose workers are gone soon after."""
        children = f"/proc/{victim.pid}/task/{victim.pid}/children"
        victim.send_signal(signal.SIGSTOP)  # so that it begins nobody while we count
        try:
            with open(children, encoding="ascii") as f:
                workers = f.read().split()
        except FileNotFoundError:
            workers = []
        victim.kill()
        victim.wait()
        deadline = time.monotonic() + DEADLINE
        while any(alive(w) for w in workers):
            self.assertLess(time.monotonic(), deadline, "orphans")
        return len(workers)

    def test_a_study_killed_at_any_moment_ends_as_if_nothing_had_happened(self):
        args = ("--seeds", "1..8", "-j", "3")
        chance = random.Random(20)
        began = time.monotonic()
        done = self.run_to_the_end("whole", *args)
        self.assertEqual(done.returncode, 0, done.stderr)
        whole = time.monotonic() - began
        kills = workers = rounds = 0
        at_once = set()
        while kills < KILLS:
            rounds += 1
            out, before = f"out{rounds}", {}
            ended = False
            while not ended:
                # most kills come early in what is left: the study is killed again and again
                with subprocess.Popen(self.command(out, *args), stdout=subprocess.DEVNULL,
                                      stderr=subprocess.PIPE, cwd=self.dir) as study:
                    try:
                        study.wait(timeout=chance.random() ** 2 * whole)
                        ended = True
                    except subprocess.TimeoutExpired:
                        workers += self.kill(study)
                        kills += 1
                    words = study.stderr.read().decode()
                now = self.stored(out)
                at_once.add(len(now))
                for key, run in before.items():
                    self.assertEqual(now[key], run, f"{key} was stored, and is lost or made anew")
                before = now
                if ended:
                    self.assertEqual(study.returncode, 0, words)
            self.assertEqual(len(before), 16)
            self.assertEqual(os.listdir(os.path.join(self.dir, out)), ["study.db"])
        self.assertGreater(workers, 0)
        self.assertGreater(len(at_once), 3, "kills fell between all kinds of numbers of runs")
        self.same_as_uninterrupted(out, *args)

    def test_a_worker_that_is_killed_ends_the_call_and_the_next_one_repeats_its_run_only(self):
        args = ("--seeds", "1..6", "-j", "2")
        chance = random.Random(7)
        killed = tries = 0
        while killed < 3 and tries < 30:
            tries += 1
            with subprocess.Popen(self.command("out", *args), stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, cwd=self.dir) as study:
                children = f"/proc/{study.pid}/task/{study.pid}/children"
                workers = []
                turns = chance.randrange(1, 200)  # of reading: how long we let it go on
                while study.poll() is None and turns > 0:
                    with open(children, encoding="ascii") as f:
                        workers = f.read().split() or workers
                    turns -= 1 if workers else 0
                try:
                    os.kill(int(workers[-1]), signal.SIGKILL)
                except (IndexError, ProcessLookupError):
                    pass
                study.wait(timeout=DEADLINE)
                words = study.stderr.read().decode()
            if study.returncode == 0:  # it was over before
                shutil.rmtree(os.path.join(self.dir, "out"))
                continue
            self.assertEqual(study.returncode, 4, words)
            self.assertRegex(words, r"seed \d+: the run's process died: Killed")
            killed += 1
        self.assertGreaterEqual(killed, 1, "every study was over before its worker was killed")
        done = self.run_to_the_end("out", *args)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.same_as_uninterrupted("out", *args)

    def test_what_is_stored_is_told_and_not_run_again(self):
        first = self.run_to_the_end("out", "--seeds", "1..4", "--json")
        self.assertEqual((first.returncode, json.loads(first.stdout)["reused"]), (0, 0))
        runs = rows(self.database("out"), "SELECT run, seed, wall_seconds FROM runs ORDER BY run")
        again = self.run_to_the_end("out", "--seeds", "1..6", "--json")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertIn("8 of 12 runs are stored", again.stderr)
        result = json.loads(again.stdout)
        self.assertEqual(result["reused"], 8)
        self.assertEqual(result["runs"][:8], json.loads(first.stdout)["runs"])
        self.assertEqual(rows(self.database("out"), "SELECT run, seed, wall_seconds FROM runs"
                                                    " ORDER BY run")[:8], runs)
        people = self.run_to_the_end("out", "--seeds", "1..6")
        self.assertIn("12 runs, 12 of them reused\n", people.stdout)
        self.same_as_uninterrupted("out", "--seeds", "1..6")

    def test_compare_resumes_too_and_does_not_mix_what_it_varied(self):
        args = ("--policies", "random,ant_colony", "--seeds", "1..3", "--configuration")
        first = self.run_to_the_end("out", *args, "ants", verb="compare")
        self.assertEqual(first.returncode, 0, first.stderr)
        again = self.run_to_the_end("out", *args, "ants", "--json", verb="compare")
        self.assertIn("6 of 6 runs are stored", again.stderr)
        self.assertEqual(json.loads(again.stdout)["reused"], 6)
        other = self.run_to_the_end("out", *args, "chance", verb="compare")
        self.assertEqual(other.returncode, 2)
        self.assertIn("holds runs of another configuration called 'random' (choose another --out",
                      other.stderr)
        own = self.run_to_the_end("out", "--seeds", "1..3")
        self.assertEqual(own.returncode, 0, own.stderr)  # other names: beside each other
        self.assertEqual(len(self.stored("out")), 12)

    def test_another_scenario_file_or_build_is_refused_and_nothing_changes(self):
        self.assertEqual(self.run_to_the_end("out", "--seeds", "1..2").returncode, 0)
        before = self.content("out")

        def refused(what):
            done = self.run_to_the_end("out", "--seeds", "1..4")
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertEqual(done.stderr, f"swarmsim: {self.database('out')}: holds runs of another"
                             f" {what} (choose another --out, or remove the file to begin anew)\n")
            self.assertEqual(os.listdir(os.path.join(self.dir, "out")), ["study.db"])

        self.write("resumed.yaml", SCENARIO.replace("40s", "41s"))
        refused("version of this scenario")
        self.write("resumed.yaml", SCENARIO.replace("name: resumed", "name: other"))
        refused("study")
        self.write("resumed.yaml", SCENARIO)
        self.write("example.org.zone", ZONE + "; a comment\n")
        refused("version of a file that the scenario names")
        self.write("example.org.zone", ZONE)
        self.assertEqual(self.content("out"), before)
        db = sqlite3.connect(self.database("out"))
        db.execute("UPDATE studies SET build = replace(build, 'core ', 'core 0')")
        db.commit()
        db.close()
        refused("build of swarmsim")

    def test_what_was_begun_and_left_nothing_hinders_nobody(self):
        self.assertEqual(self.run_to_the_end("out", "--seed", "1").returncode, 0)
        db = sqlite3.connect(self.database("out"))
        db.executescript("PRAGMA foreign_keys = ON; DELETE FROM runs")
        db.close()
        self.write("resumed.yaml", SCENARIO.replace("name: resumed", "name: other"))
        done = self.run_to_the_end("out", "--seed", "1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(rows(self.database("out"), "SELECT name FROM studies"), [("other",)])

    def test_a_second_process_is_told_who_holds_the_study(self):
        with subprocess.Popen(self.command("out", "--seeds", "1..2000", "-j", "1"),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as study:
            deadline = time.monotonic() + DEADLINE
            while len(self.stored("out")) < 2:
                self.assertLess(time.monotonic(), deadline)
            second = self.run_to_the_end("out", "--seeds", "1..2")
            self.assertIsNone(study.poll())
            self.kill(study)
        self.assertEqual(second.returncode, 3)
        self.assertEqual(second.stderr, f"swarmsim: {self.database('out')}: another process holds it"
                         f" ({study.pid}) (wait for it, or choose another --out)\n")
        left = len(self.stored("out"))
        report = self.tool(TOOL, "report", self.database("out"))  # of what a kill left as it is
        self.assertIn(f"runs      {left} of 4000: the study was not finished", report.stdout)
        third = self.run_to_the_end("out", "--seeds", "1..2")
        self.assertEqual(third.returncode, 0, third.stderr)

    def test_many_workers_and_readers_never_meet_a_lock(self):
        with subprocess.Popen(self.command("out", "--seeds", "1..12", "-j", "24"),
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as study:
            seen = set()
            while study.poll() is None:
                if os.path.exists(self.database("out")):
                    seen.add(len(self.stored("out")))
                    out = self.tool(TOOL, "export", self.database("out"), "--table", "samples",
                                    "--out", "-")
                    self.assertIn(out.returncode, (0, 2), out.stderr)  # 2: there is nothing yet
                    self.assertNotIn("locked", out.stderr)
            words = study.stderr.read().decode()
        self.assertEqual(study.returncode, 0, words)
        self.assertNotIn("locked", words)
        self.assertGreater(len(seen), 1)
        self.same_as_uninterrupted("out", "--seeds", "1..12", "-j", "24")

    def test_a_reader_in_the_middle_of_a_query_hinders_no_writer(self):
        self.assertEqual(self.run_to_the_end("out", "--seed", "1").returncode, 0)
        with subprocess.Popen(self.command("out", "--seeds", "1..2000", "-j", "1"),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as study:
            deadline = time.monotonic() + DEADLINE
            while len(self.stored("out")) < 4:
                self.assertLess(time.monotonic(), deadline)
            reader = sqlite3.connect(self.database("out"))
            cursor = reader.execute("SELECT * FROM samples")
            cursor.fetchone()  # and holds its snapshot
            now = len(self.stored("out"))
            while len(self.stored("out")) < now + 5:
                self.assertLess(time.monotonic(), deadline)
                self.assertIsNone(study.poll())
            reader.close()
            self.kill(study)


if __name__ == "__main__":
    unittest.main(verbosity=2)
