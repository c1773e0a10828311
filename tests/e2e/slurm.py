# SPDX-License-Identifier: GPL-3.0-or-later
"""scripts/slurm-sweep on a Slurm of one node, brought up for the test: its rows are a serial run's.

Exit status 77 (skipped) where slurmctld, slurmd or munged is not installed."""
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

TOOL = os.path.abspath(sys.argv[1])
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import search  # noqa: E402  takes the program from sys.argv

DEADLINE = 120  # s: for what takes a few
PROGRAMS = ("munged", "munge", "slurmctld", "slurmd", "sbatch", "scontrol", "sinfo")
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"

# No systemd, no cgroups, no accounting: processes are told apart by /proc alone.
CONFIGURATION = """ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/munge
AuthInfo=socket={dir}/munge.socket
CredType=cred/munge
StateSaveLocation={dir}/state
SlurmdSpoolDir={dir}/spool
SlurmctldPidFile={dir}/slurmctld.pid
SlurmdPidFile={dir}/slurmd.pid
SlurmctldLogFile={dir}/slurmctld.log
SlurmdLogFile={dir}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,batch_sched_delay=0
MailProg=/bin/true
MpiDefault=none
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=test Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def free_ports(n):
    held = [socket.socket() for _ in range(n)]
    for s in held:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


class Slurm(search.Sweep):
    def setUp(self):
        super().setUp()
        self.slurm = tempfile.mkdtemp(prefix="sw-slurm-", dir="/tmp")  # sockets have short names
        self.addCleanup(shutil.rmtree, self.slurm, ignore_errors=True)
        for name in ("state", "spool"):
            os.mkdir(os.path.join(self.slurm, name))
        self.env = dict(os.environ, PATH=PATH, SLURM_CONF=os.path.join(self.slurm, "slurm.conf"),
                        SWARMSIM=TOOL)
        with open(self.env["SLURM_CONF"], "w", encoding="utf-8") as f:
            f.write(CONFIGURATION.format(host=socket.gethostname().split(".")[0], dir=self.slurm,
                                         user=subprocess.check_output(["id", "-un"], text=True).strip(),
                                         ports=free_ports(2)))
        self.bring_up()

    def start(self, *command):
        """A daemon in the foreground, which ends with the test."""
        with open(os.path.join(self.slurm, command[0] + ".out"), "w", encoding="utf-8") as log:
            daemon = subprocess.Popen(command, env=self.env, stdout=log, stderr=log)

        def stop():
            daemon.terminate()
            try:
                daemon.wait(timeout=20)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        self.addCleanup(stop)

    def until(self, what, holds):
        deadline = time.monotonic() + DEADLINE
        while not holds():
            if time.monotonic() > deadline:
                self.fail(f"no {what}: {self.logs()}")

    def logs(self):
        text = ""
        for name in sorted(os.listdir(self.slurm)):
            if name.endswith((".log", ".out")):
                with open(os.path.join(self.slurm, name), encoding="utf-8", errors="replace") as f:
                    text += f"\n--- {name}\n{f.read()[-2000:]}"
        return text

    def bring_up(self):
        key = os.path.join(self.slurm, "munge.key")
        with open(key, "wb") as f:
            f.write(os.urandom(1024))
        os.chmod(key, 0o400)
        os.chmod(self.slurm, 0o755)
        munge = os.path.join(self.slurm, "munge.socket")
        self.start("munged", "--foreground", f"--key-file={key}", f"--socket={munge}",
                   f"--pid-file={self.slurm}/munged.pid", f"--log-file={self.slurm}/munged.log",
                   f"--seed-file={self.slurm}/munged.seed", "--force")
        self.until("munged", lambda: subprocess.run(
            ["munge", "-n", f"--socket={munge}"], capture_output=True, check=False).returncode == 0)
        self.start("slurmctld", "-D", "-i")
        self.start("slurmd", "-D")
        self.until("idle node", lambda: "idle" in subprocess.run(
            ["sinfo", "-h", "-o", "%T"], env=self.env, capture_output=True, text=True,
            check=False).stdout)

    def sweep_by_slurm(self, shards, *first):
        script = os.path.join(search.ROOT, "scripts", "slurm-sweep")
        return subprocess.run([script, *first, "study.yaml", "array", str(shards)], cwd=self.dir,
                              env=self.env, capture_output=True, text=True, check=False, timeout=600)

    def test_a_job_arrays_rows_are_those_of_a_serial_run(self):
        self.write("study.yaml", self.STUDY)
        self.good("sweep", "study.yaml", "--out", "serial", "-j", "1", "--no-plots")
        done = self.sweep_by_slurm(5)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr + self.logs())
        self.assertEqual(self.content("array/study.db"), self.content("serial/study.db"))
        self.assertEqual(self.tables("array"), self.tables("serial"))
        # what is lost is made again, and nothing else
        os.unlink(os.path.join(self.dir, "array", "shard-2-of-5.db"))
        os.unlink(os.path.join(self.dir, "array", "study.db"))
        done = self.sweep_by_slurm(5)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(self.content("array/study.db"), self.content("serial/study.db"))

    def test_a_tuning_by_rounds_of_arrays_is_that_of_one_process(self):
        self.write("c3.yaml", "routing: {policy: c3}\n")
        self.write("study.yaml", search.Tune.TUNE)
        options = ("--budget", "50", "--optimiser", "random_search")
        self.good("tune", "study.yaml", *options, "--out", "serial")
        done = self.sweep_by_slurm(3, "--tune", " ".join(options))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for name in ("tuned.yaml", "search.csv"):
            with open(os.path.join(self.dir, "serial", name), encoding="utf-8") as a, \
                    open(os.path.join(self.dir, "array", name), encoding="utf-8") as b:
                # but for the path that the study was named by
                self.assertEqual(a.read(), b.read().replace(os.path.realpath(self.dir) + "/", ""))

    def test_a_task_that_fails_is_told(self):
        self.write("study.yaml", self.STUDY.replace("two.yaml", "gone.yaml"))
        done = self.sweep_by_slurm(2)
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        self.assertIn("a task failed", done.stderr)


def load_tests(loader, _tests, _pattern):
    """Ours alone, not those of the class it builds on."""
    return unittest.TestSuite(map(Slurm, (n for n in loader.getTestCaseNames(Slurm)
                                          if n in vars(Slurm))))


if __name__ == "__main__":
    if any(shutil.which(p, path=PATH) is None for p in PROGRAMS):
        print("no Slurm here: scripts/setup long", file=sys.stderr)
        sys.exit(77)
    unittest.main(argv=sys.argv[:1], verbosity=2)
