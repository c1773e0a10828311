# SPDX-License-Identifier: GPL-3.0-or-later
"""swarmsim compare: policies under the same seeds, and what may be claimed of them."""
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

TOOL = os.path.abspath(sys.argv.pop(1))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def regional_outage():
    """The shipped scenario with a tenth of its clients, in a third of its time."""
    with open(os.path.join(ROOT, "scenarios", "regional-outage.yaml"), encoding="utf-8") as f:
        text = f.read()
    text = text.replace("zones/", os.path.join(ROOT, "scenarios", "zones", ""))
    text = re.sub(r"count: (\d+)(\d\d), rate", lambda m: f"count: {int(m[1]) * 10}, rate", text)
    for before, after in (("duration: 3m", "duration: 60s"), ("warmup: 15s", "warmup: 5s"),
                          ("at: 60s, for: 60s", "at: 15s, for: 15s"),
                          ("{at: 60s, node: nyc-3", "{at: 15s, node: nyc-3"),
                          ("count: 200, size: 16KiB", "count: 20, size: 16KiB")):
        assert before in text, before
        text = text.replace(before, after)
    return text


class Compare(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="sw-compare-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.scenario = os.path.join(self.dir, "scenario.yaml")
        self.out = os.path.join(self.dir, "out")
        self.write(regional_outage())

    def write(self, text):
        with open(self.scenario, "w", encoding="utf-8") as f:
            f.write(text)

    def compare(self, *args):
        return subprocess.run([TOOL, "compare", self.scenario, "--out", self.out, *args],
                              capture_output=True, text=True, cwd=self.dir, timeout=300,
                              check=False)

    def query(self, sql):
        db = sqlite3.connect(os.path.join(self.out, "study.db"))
        try:
            return db.execute(sql).fetchall()
        finally:
            db.close()

    def test_in_a_regional_outage_the_ants_p99_lies_below_randoms_and_not_above(self):
        done = self.compare("--policies", "random,ant_colony", "--seeds", "1..4", "--no-plots",
                            "--expect", "dns.latency.p99: ant_colony < random")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("ok    dns.latency.p99: ant_colony < random", done.stdout)
        self.assertRegex(done.stdout, r"ant_colony .* lower\n")
        done = self.compare("--policies", "random,ant_colony", "--seeds", "1..2", "--no-plots",
                            "--expect", "dns.latency.p99: random < ant_colony")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("FAIL  dns.latency.p99: random < ant_colony", done.stdout)

    def test_a_policy_under_two_names_is_no_better_than_itself(self):
        self.write(regional_outage() + "configurations:\n  one:\n    question: 1\n"
                   "  two:\n    question: 2\n")
        done = self.compare("--seeds", "1..2", "--json", "--no-plots", "--expect",
                            "dns.latency.p99: one < two")
        self.assertEqual(done.returncode, 1, done.stderr)
        result = json.loads(done.stdout)
        self.assertFalse(result["claims"][0]["holds"])
        self.assertEqual(result["claims"][0]["difference"], 0)
        for metric in result["metrics"]:
            self.assertEqual(metric["of"][1]["verdict"], "equal in every run", metric)
            self.assertEqual(metric["of"][1]["p"], 1)

    def test_json_and_database_agree_and_arrivals_are_common(self):
        done = self.compare("--policies", "ant_colony,lowest_rtt", "--seeds", "5..7", "--json",
                            "--no-plots", "--metric",
                            "dns.latency.p50, dns.slow during regional_outage")
        self.assertEqual(done.returncode, 0, done.stderr)
        result = json.loads(done.stdout)
        self.assertEqual((result["scenario"], result["baseline"], result["first_seed"],
                          result["runs"], result["differences"]),
                         ("regional-outage", "ant_colony", 5, 3, 2))
        self.assertEqual([(m["metric"], m["during"], m["unit"]) for m in result["metrics"]],
                         [("dns.latency.p50", "", "s"), ("dns.slow", "regional_outage", "1")])
        for metric in result["metrics"]:
            for of in metric["of"]:
                mean = self.query("SELECT avg(value) FROM metrics JOIN runs USING (run) WHERE"
                                  f" metric = '{metric['metric']}' AND"
                                  f" during = '{metric['during']}' AND"
                                  f" configuration = '{of['configuration']}'")[0][0]
                self.assertAlmostEqual(of["value"], mean, 12)
                self.assertTrue(of["low"] <= of["value"] <= of["high"])
        self.assertEqual(self.query("SELECT count(DISTINCT value) FROM metrics JOIN runs USING (run)"
                                    " WHERE metric = 'dns.queries' AND during = '' GROUP BY seed"),
                         [(1,)] * 3)

    def test_without_names_every_registered_policy_takes_part(self):
        done = self.compare("--seeds", "1", "--json", "--no-plots")
        self.assertEqual(done.returncode, 0, done.stderr)
        result = json.loads(done.stdout)
        listed = subprocess.run([TOOL, "list", "policies"], capture_output=True, text=True,
                                check=True).stdout
        self.assertEqual([of["configuration"] for of in result["metrics"][0]["of"]],
                         re.findall(r"^(\w+)", listed, re.M))
        self.assertEqual(result["baseline"], "random")
        self.assertIsNone(result["metrics"][0]["of"][0]["low"])  # one run has no interval

    def families(self, n, *args):
        names = []
        for i in range(n):
            names.append(os.path.join(self.dir, f"family-{i}.yaml"))
            with open(names[-1], "w", encoding="utf-8") as f:
                f.write(regional_outage().replace("duration: 60s", f"duration: {40 + i}s"))
        return subprocess.run([TOOL, "compare", *names, "--out", self.out, "--no-plots", *args],
                              capture_output=True, text=True, cwd=self.dir, timeout=300,
                              check=False)

    def test_six_families_have_an_interval_over_them_and_two_have_none(self):
        args = ("--policies", "random,ant_colony", "--seeds", "1", "--metric", "dns.latency.p99")
        done = self.families(6, *args, "--json")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        result = json.loads(done.stdout)
        each = [f["metrics"][0]["of"] for f in result["families"]]
        self.assertEqual(len(each), 6)
        differences = [of[1]["value"] - of[0]["value"] for of in each]
        over = result["over_families"][1]
        self.assertEqual((over["configuration"], over["families"]), ("ant_colony", 6))
        self.assertAlmostEqual(over["difference"], sum(differences) / 6, 12)
        self.assertTrue(min(differences) <= over["difference_low"] <= over["difference"]
                        <= over["difference_high"] <= max(differences))
        self.assertTrue(os.path.exists(os.path.join(self.out, "family-5", "study.db")))
        done = self.families(2, *args)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("over 2 families; baseline random", done.stdout)
        self.assertIn("No intervals over fewer than 6 families", done.stdout)

    def test_five_of_six_families_that_measured_it_have_no_interval(self):
        names = []
        for i in range(6):
            names.append(os.path.join(self.dir, f"family-{i}.yaml"))
            text = regional_outage().replace("duration: 60s", f"duration: {40 + i}s")
            with open(names[-1], "w", encoding="utf-8") as f:  # the first ends before it is seen
                f.write(text if i > 0 else text.replace("at: 15s, for: 15s", "at: 38s, for: 1s"))
        done = subprocess.run([TOOL, "compare", *names, "--out", self.out, "--no-plots", "--policies",
                               "random,ant_colony", "--seeds", "1", "--metric",
                               "dns.latency.p99 during regional_outage"],
                              capture_output=True, text=True, timeout=300, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        over = done.stdout.split("over 6 families")[1]
        self.assertRegex(over, "  ant_colony .* of 5: least to most, no interval\n")

    def test_families_of_one_name_have_a_folder_each(self):
        names = []
        for i in range(2):
            names.append(os.path.join(self.dir, f"family-{i}.yaml"))
            with open(names[-1], "w", encoding="utf-8") as f:
                f.write(regional_outage().replace("duration: 60s", f"duration: {40 + i}s"))
        done = subprocess.run([TOOL, "compare", *names, "--no-plots", "--json", "--seeds", "1",
                               "--policies", "random"], capture_output=True, text=True,
                              cwd=self.dir, timeout=300, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        databases = [f["database"] for f in json.loads(done.stdout)["families"]]
        self.assertRegex(databases[0], r"-outage-1-[\d-]+/study\.db$")
        self.assertRegex(databases[1], r"-outage-2-[\d-]+/study\.db$")

    def test_one_scenario_is_one_family_and_two_have_two_folders(self):
        below = os.path.join(self.dir, "below")
        os.mkdir(below)
        copy = os.path.join(self.dir, "copy.yaml")
        namesake = os.path.join(below, "scenario.yaml")
        shutil.copyfile(self.scenario, copy)
        with open(namesake, "w", encoding="utf-8") as f:
            f.write(regional_outage().replace("duration: 60s", "duration: 40s"))
        for other, words in ((self.scenario, "are the same scenario"),
                             (copy, "are the same scenario"),
                             (namesake, "would both be stored in")):
            done = self.compare(other, "--policies", "random", "--seeds", "1")
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(words, done.stderr)
            self.assertEqual(done.stdout, "")
            self.assertFalse(os.path.exists(self.out))

    def test_json_is_a_whole_object_or_nothing(self):
        os.mkdir(self.out)
        with open(os.path.join(self.out, "family-1"), "w", encoding="utf-8"):
            pass  # a file where the second family's folder would be
        done = self.families(2, "--policies", "random", "--seeds", "1", "--json")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("is not a folder", done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertTrue(os.path.exists(os.path.join(self.out, "family-0", "study.db")))

    def test_families_compare_the_same_systems(self):
        other = os.path.join(self.dir, "other.yaml")
        with open(other, "w", encoding="utf-8") as f:
            f.write(regional_outage() + "configurations:\n  one:\n    question: 1\n")
        done = self.compare(other)
        self.assertEqual(done.returncode, 2)
        self.assertIn("different systems", done.stderr)
        self.assertFalse(os.path.exists(self.out))

    def test_bad_usage_is_exit_2_and_says_what_was_meant(self):
        for args, words in (
                (("--policies", "ant_colny"), "did you mean 'ant_colony'?"),
                (("--policies", "random,random"), "named twice"),
                (("--policies", "random", "--policies", "ant_colony"), "given twice"),
                (("--metric", "dns.latncy.p99"), "did you mean 'dns.latency.p99'?"),
                (("--metric", "dns.slow during crash"), "no fault 'crash' happens"),
                (("--baseline", "nobody"), "not among those compared"),
                (("--expect", "dns.slow ant_colony < random"), "expected METRIC"),
                (("--expect", "dns.slow: ant_colony < me"), "'me' is not among"),
                (("--seeds", "5..1"), "like 1..20"),
                (("--configuration", "none", "--policies", "random"), "none")):
            done = self.compare(*args)
            self.assertEqual(done.returncode, 2, args)
            self.assertIn(words, done.stderr)
            self.assertEqual(done.stdout, "")
            self.assertFalse(os.path.exists(self.out), args)

    @unittest.skipUnless(shutil.which("gnuplot"), "gnuplot is not installed")
    def test_the_plot_shows_every_policy_and_metric(self):
        done = self.compare("--policies", "random,ant_colony", "--seeds", "1..2")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"plot +.*/intervals\.svg")
        self.assertNotIn("no plot", done.stderr)
        svg = os.path.join(self.out, "intervals.svg")
        root = xml.etree.ElementTree.parse(svg).getroot()
        text = " ".join(root.itertext())
        for word in ("ant_colony", "random", "dns.latency.p99.9", "route.per_query"):
            self.assertIn(word, text)
        with open(os.path.join(self.out, "intervals.png"), "rb") as f:
            self.assertEqual(f.read(8), b"\x89PNG\r\n\x1a\n")
        with open(svg, encoding="utf-8") as f:
            before = f.read()
        os.unlink(svg)
        database = os.path.join(self.out, "study.db")
        done = subprocess.run([TOOL, "report", database], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(svg, encoding="utf-8") as f:
            self.assertEqual(f.read(), before)
        done = subprocess.run([TOOL, "report", database, "--metric", "availability", "--baseline",
                               "ant_colony"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        text = " ".join(xml.etree.ElementTree.parse(svg).getroot().itertext())
        self.assertIn("differences to ant_colony", text)
        self.assertNotIn("dns.latency.p99.9", text)
        for option, words in (("--metric=speed", "speed"), ("--baseline=nobody", "'nobody'")):
            done = subprocess.run([TOOL, "report", database, option], capture_output=True,
                                  text=True)
            self.assertEqual(done.returncode, 2, option)
            self.assertIn(words, done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
