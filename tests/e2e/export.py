# SPDX-License-Identifier: GPL-3.0-or-later
"""What a study's database says, and what swarmsim export, report and results/queries make of it."""
import csv
import glob
import io
import json
import math
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest

TOOL = os.path.abspath(sys.argv.pop(1))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ZONE = os.path.join(ROOT, "scenarios", "zones", "example.org.zone")
SCENARIO = f"""name: exported
question: "Does a comma, and a \\"quotation\\", survive?"
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
"""


def value(cell):
    """A cell's number, or its text."""
    try:
        return float(cell)
    except ValueError:
        return cell


class Export(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="sw-export-")
        cls.addClassCleanup(shutil.rmtree, cls.dir)
        with open(os.path.join(cls.dir, "s.yaml"), "w", encoding="utf-8") as f:
            f.write(SCENARIO)
        done = cls.tool("run", "s.yaml", "--seeds", "1..6", "--out", "out", "--no-plots")
        assert done.returncode == 0, done.stderr
        cls.path = os.path.join(cls.dir, "out", "study.db")

    @classmethod
    def tool(cls, *args, text=True, **more):
        return subprocess.run([TOOL, *args], capture_output=True, text=text, cwd=cls.dir,
                              timeout=120, check=False, **more)

    def database(self, path=None):
        db = sqlite3.connect(path or self.path)
        self.addCleanup(db.close)
        return db

    def copy(self, name):
        path = os.path.join(self.dir, name)
        shutil.copyfile(self.path, path)
        return path

    def query(self, name, *values):
        with open(os.path.join(ROOT, "results", "queries", name + ".sql"), encoding="utf-8") as f:
            return self.database().execute(f.read(), values).fetchall()

    def test_every_table_is_a_file_that_says_what_the_table_says(self):
        done = self.tool("export", self.path)
        self.assertEqual(done.returncode, 0, done.stderr)
        folder = os.path.join(self.dir, "out", "csv")
        db = self.database()
        names = [n for n, in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'"
                                        " ORDER BY name")]
        self.assertEqual(sorted(os.listdir(folder)),
                         sorted([n + ".csv" for n in names] + ["schema.sql"]))
        with open(os.path.join(folder, "schema.sql"), encoding="utf-8") as f, \
                open(os.path.join(ROOT, "results", "schema.sql"), encoding="utf-8") as wanted:
            self.assertEqual(f.read(), wanted.read())
        for name in names:
            with open(os.path.join(folder, name + ".csv"), newline="", encoding="utf-8") as f:
                rows = list(csv.reader(f, strict=True))
            cursor = db.execute(f"SELECT * FROM {name}")
            self.assertEqual(rows[0], [c[0] for c in cursor.description])
            wanted = sorted(map(repr, ([str(v) if isinstance(v, str) else "" if v is None
                                        else float(v) for v in row] for row in cursor)))
            texts = {i for i, c in enumerate(db.execute(f"PRAGMA table_info({name})"))
                     if c[2] == "TEXT"}
            got = [[row[i] if i in texts else value(row[i]) for i in range(len(row))]
                   for row in rows[1:]]
            self.assertEqual(sorted(map(repr, got)), wanted, name)
            if name != "settings":  # which only evaluate and its like fill
                self.assertGreater(len(got), 0, name)

    @unittest.skipUnless(shutil.which("sqlite3"), "sqlite3 is not installed")
    def test_it_agrees_with_the_sqlite3_command(self):
        for table, order in (("metrics", "run, metric, during"), ("events", "run, number")):
            theirs = subprocess.run(["sqlite3", "-readonly", "-csv", "-header", self.path,
                                     f"SELECT * FROM {table} ORDER BY {order}"], text=True,
                                    capture_output=True, check=True).stdout
            ours = self.tool("export", self.path, "--table", table, "--out", "-").stdout
            a, b = (list(csv.reader(io.StringIO(t, newline=""))) for t in (ours, theirs))
            self.assertEqual(len(a), len(b))
            for x, y in zip(a, b):
                for cell, other in zip(x, y):  # sqlite3 prints 15 digits
                    v, w = value(cell), value(other)
                    if isinstance(v, float) and math.isfinite(v):
                        self.assertAlmostEqual(v, w, delta=1e-14 * abs(v))
                    else:
                        self.assertEqual(v, w)

    def test_null_empty_infinite_and_awkward_texts_stay_apart(self):
        path = self.copy("odd.db")
        db = self.database(path)
        db.execute("DELETE FROM metrics")
        run = db.execute("SELECT min(run) FROM runs").fetchone()[0]
        tenth = 0.1 + 0.2
        db.executemany("INSERT INTO metrics VALUES(?,?,?,?)", [
            (run, 'a', '', None), (run, 'b', ' two\r\nlines, "so"', math.inf), (run, 'c', 'x', -math.inf),
            (run, 'd', 'x', tenth), (run, 'e', 'x', 1.5), (run, 'f', 'x', -0.0), (run, 'g', 'x', 5e-324),
            (run, 'h', "l'\u00e9t\u00e9", 1e300)])
        db.commit()
        done = self.tool("export", path, "--table", "metrics", "--out", "-", text=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        r = str(run).encode()
        self.assertEqual(done.stdout, b"run,metric,during,value\r\n" + b"".join(
            r + b"," + line + b"\r\n" for line in (
                b'a,"",', b'b," two\r\nlines, ""so""",Inf', b"c,x,-Inf", b"d,x,0.30000000000000004",
                b"e,x,1.5", b"f,x,0", b"g,x,4.94065645841247e-324", "h,l'\u00e9t\u00e9,1e+300".encode())))

    def test_two_exports_of_one_study_are_the_same_bytes(self):
        a, b = (self.tool("export", self.path, "--table", "samples", "--out", "-", text=False).stdout
                for _ in range(2))
        self.assertGreater(len(a), 10000)
        self.assertEqual(a, b)

    def test_bad_usage_is_exit_2(self):
        for args, words in (((), "export needs a database"),
                            (("x.db",), "No such file or directory"),
                            ((self.path, "--table", "sampels"), "did you mean 'samples'?"),
                            ((self.path, "--out", "-"), "needs --table with one table"),
                            ((self.path, "--out", "-", "--table", "runs,nodes"), "one table"),
                            (("s.yaml",), "not a study's database")):
            done = self.tool("export", *args)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(words, done.stderr)
        db = self.database(self.copy("old.db"))
        db.execute("PRAGMA user_version = 1")
        done = self.tool("export", "old.db")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"old\.db: schema version 1 \(\d is expected")

    def readers(self, path):
        for args in (("export", path, "--out", "-"),
                     ("export", path, "--out", os.path.join(self.dir, "damaged")),
                     ("export", path, "--out", "-", "--table", "runs"),
                     ("report", path, "--out", os.path.join(self.dir, "damaged")),
                     ("replay", path, "--seed", "1", "--at", "5s")):
            yield args[0], self.tool(*args)

    def test_a_damaged_database_is_an_error_that_names_what_is_missing(self):
        for i, (sql, words) in enumerate((
                ("DROP TABLE configurations", "configurations.study is not as schema version"),
                ("DROP TABLE verdicts", "verdicts.study is not as schema version"),
                ("ALTER TABLE runs DROP COLUMN complaint", "runs.complaint is not as"),
                ("DROP TABLE studies; CREATE TABLE studies(study, name, scenario)",
                 "studies.study is not as"))):
            path = self.copy(f"damaged-{i}.db")
            self.database(path).executescript("PRAGMA foreign_keys = OFF;" + sql)
            for verb, done in self.readers(path):
                self.assertEqual(done.returncode, 2, (verb, sql, done.stderr))
                self.assertIn(words, done.stderr, verb)

    def test_null_where_there_can_be_none_crashes_nobody(self):
        path = self.copy("null.db")
        db = self.database(path)
        tables = "('configurations', 'studies', 'runs', 'faults')"
        db.executescript(f"""
            CREATE TEMP TABLE was AS SELECT name, sql FROM sqlite_schema WHERE name IN {tables};
            PRAGMA writable_schema = ON;
            UPDATE sqlite_schema SET sql = replace(sql, 'TEXT NOT NULL', 'TEXT')
                WHERE name IN {tables};
            PRAGMA writable_schema = RESET;
            UPDATE configurations SET base = NULL, policy = NULL;
            UPDATE studies SET path = NULL, scenario = NULL, question = NULL;
            UPDATE runs SET trace_hash = NULL, oracle = NULL, complaint = x'';
            UPDATE faults SET kind = NULL, parameters = NULL;
            PRAGMA writable_schema = ON;
            UPDATE sqlite_schema AS now SET sql = (SELECT sql FROM was WHERE was.name = now.name)
                WHERE name IN {tables};
            PRAGMA writable_schema = RESET;""")
        db.close()
        for verb, done in self.readers(path):
            self.assertIn(done.returncode, (0, 2), (verb, done.stderr))
            self.assertNotIn("is not as schema", done.stderr)

    def test_a_database_that_is_held_or_cut_is_called_so(self):
        path = self.copy("held.db")
        db = sqlite3.connect(path, isolation_level=None)
        self.addCleanup(db.close)
        db.execute("BEGIN EXCLUSIVE")
        done = self.tool("export", path)
        self.assertEqual(done.returncode, 3)
        self.assertIn("held.db: another process holds it", done.stderr)
        db.execute("ROLLBACK")
        cut = self.copy("cut.db")
        os.truncate(cut, 3 * 4096)
        done = self.tool("export", cut)
        self.assertEqual(done.returncode, 2)
        self.assertIn("cut.db: no intact database", done.stderr)

    def test_whole_seconds_are_whole_seconds(self):
        for table in ("samples", "studies"):
            rows = csv.reader(io.StringIO(
                self.tool("export", self.path, "--table", table, "--out", "-").stdout, newline=""))
            at = next(rows).index("at" if table == "samples" else "duration")
            for row in rows:
                self.assertRegex(row[at], r"^\d+$")

    def test_what_cannot_be_written_is_exit_3(self):
        def small():
            resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
        done = self.tool("export", self.path, "--out", "small", preexec_fn=small)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("File too large", done.stderr)
        done = self.tool("export", self.path, "--out", "s.yaml")
        self.assertEqual(done.returncode, 3)
        self.assertIn("s.yaml: is not a folder", done.stderr)
        with open("/dev/full", "wb") as full:
            done = subprocess.run([TOOL, "export", self.path, "--table", "samples", "--out", "-"],
                                  stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn("standard output: write failed", done.stderr)

    def test_queries_say_what_the_summary_says(self):
        again = json.loads(self.tool("run", "s.yaml", "--seeds", "1..6", "--out", "out",
                                     "--no-plots", "--json").stdout)
        runs = self.query("runs", 1, "")
        self.assertEqual([(r["seed"], r["trace_hash"]) for r in again["runs"]],
                         [r[:2] for r in runs])
        windows = {(m, d): (n, mean) for m, d, n, mean, _, _ in self.query("windows", 1, "")}
        self.assertEqual(windows["availability", ""], (6, again["expectations"][0]["value"]))
        self.assertIn(("availability", "crash"), windows)
        self.assertEqual(self.query("complete", 1), [("", 6, 6)])
        self.assertEqual(self.query("value", 1, "", "availability", "")[0][:2],
                         windows["availability", ""])

    def test_a_quantile_of_merged_histograms_is_that_of_all_values(self):
        db = self.database()
        metric = db.execute("SELECT metric FROM histograms LIMIT 1").fetchone()[0]
        values = sorted(v for v, n in db.execute(
            "SELECT (low + high) / 2, count FROM histograms WHERE metric = ? AND during = ''",
            (metric,)) for _ in range(n))
        for q in (0.01, 0.5, 0.9, 0.99, 1):
            low, high, n = self.query("quantile", 1, "", metric, "", q)[0]
            self.assertEqual(n, len(values))
            self.assertTrue(low <= values[math.ceil(q * n) - 1] <= high, q)

    def test_every_query_runs_against_a_study(self):
        files = glob.glob(os.path.join(ROOT, "results", "queries", "*.sql"))
        self.assertGreater(len(files), 12)
        for path in files:
            with open(path, encoding="utf-8") as f:
                text = f.read()
            wanted = max(i for i in range(1, 6) if f"?{i}" in text)
            self.database().execute(text, (1, "", "availability", "", 0.5)[:wanted]).fetchall()

    @unittest.skipUnless(shutil.which("gnuplot"), "gnuplot is not installed")
    def test_a_report_of_half_a_study_draws_what_there_is_and_says_so(self):
        os.makedirs(os.path.join(self.dir, "half"), exist_ok=True)
        path = self.copy("half/study.db")
        db = self.database(path)
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("DELETE FROM runs WHERE seed > 2")
        db.execute("DELETE FROM expectations")
        db.commit()
        done = self.tool("report", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("runs      2 of 6: the study was not finished", done.stdout)
        self.assertTrue(os.path.exists(os.path.join(self.dir, "half", "latency.svg")))
        whole = self.tool("report", self.path, "--out", os.path.join(self.dir, "half"))
        self.assertIn("runs      6\n", whole.stdout)
        db.execute("DELETE FROM runs")
        db.commit()
        done = self.tool("report", path)
        self.assertEqual(done.returncode, 2)
        self.assertIn("holds no runs", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
