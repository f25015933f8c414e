"""The job files under a real Slurm: started as `slurm_test.py PROGRAM OneNode|TwoNodes`.

Brings up a cluster in namespaces of its own (see cluster.py), submits every job file on small problems, and checks exit
codes and answers. Needs root, Slurm's daemons and the right to make namespaces; without them it skips.
"""

import csv
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

import h5py

import cluster

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = None  # set by main()
SKIPPED = 77

# Ranks of a test share two processors with all else, and are root.
RANKS_ENVIRONMENT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                     "OMPI_MCA_mpi_yield_when_idle": "1", "OMPI_MCA_btl_vader_single_copy_mechanism": "none",
                     "OMPI_MCA_btl_base_warn_component_unused": "0", "OMPI_MCA_hwloc_base_binding_policy": "none",
                     "LAUNCHER_OPTIONS": ""}
LAUNCHERS = ("srun", "mpirun")
LONG = ("long.h5", "--islands", "1", "--sample-rows", "8000")
# Below what float32 can reach: the search goes on for as long as nobody stops it.
ENDLESS = (*LONG, "--tolerance", "1e-30")

# Slurm's least limit is a minute, of which a start takes some seconds. However fast the search is here, the first solve
# must not end within its time: this program holds it once it has left a checkpoint, until the time is over.
LIMIT, STOP_BEFORE = 60, 45
HOLDING_PROGRAM = """\
#!/usr/bin/env bash
[ "$1" = solve ] && [ "${{PMIX_RANK:-}}" = 0 ] && mkdir "{folder}/held" 2>/dev/null || exec "{program}" "$@"
"{program}" "$@" &
solve=$!
trap 'kill -USR1 $solve' USR1
until [ -e "{folder}/checkpoint.h5" ] || ! kill -0 $solve 2>/dev/null; do sleep 0.02; done
kill -STOP $solve
(trap "" USR1; exec sleep {seconds})  # Slurm signals every process of a step
kill -CONT $solve
while wait $solve; code=$?; kill -0 $solve 2>/dev/null; do :; done
exit $code
"""

# One task of an array goes on until it is stopped; the other waits until that one searches.
UNEQUAL_PROGRAM = """\
#!/usr/bin/env bash
case "$*" in
  solve*"--seed 2"*) exec "{program}" "$@" --tolerance 1e-30 ;;
  solve*"--seed 1"*--output*) until grep -q '"row"' "{folder}/task-2/log.jsonl" 2>/dev/null; do sleep 0.1; done ;;
esac
exec "{program}" "$@"
"""

# Fails on one rank.
FAILING_PROGRAM = """\
#!/usr/bin/env bash
case "$*" in
  solve*--time-limit*) [ "${{SLURM_STEP_NUM_TASKS:-}}" != 1 ] || exit 2 ;;
esac
exec "{program}" "$@"
"""

# One rank of the first step never starts.
HANGING_PROGRAM = """\
#!/usr/bin/env bash
[ "$1" = bench ] && mkdir "{folder}/hung" 2>/dev/null && exec sleep 600
exec "{program}" "$@"
"""


class JobTest(unittest.TestCase):
    nodes = 1
    shape = ["--nodes=1", "--ntasks=2"]  # what is asked of Slurm for two ranks

    @classmethod
    def setUpClass(cls):
        cls.cluster = cluster.Cluster(cls.nodes)
        cls.cluster.__enter__()
        cls.addClassCleanup(cls.cluster.__exit__, None)
        # A copy with a built program, in a folder that every node sees.
        home = cls.cluster.folder / "kint sugi"
        for name in ("jobs", "configs"):
            shutil.copytree(ROOT / name, home / name)
        cls.program = home / "build/release/kintsugi"
        cls.program.parent.mkdir(parents=True)
        shutil.copy2(PROGRAM, cls.program)
        cls.jobs = home / "jobs"
        cls.work = cls.cluster.folder / "work"
        cls.work.mkdir()
        cls.generate("easy", "--blocks", "8", "--rows", "1000", "--depth", "none")
        # Takes some seconds of search.
        cls.generate("long", "--blocks", "32", "--width", "16", "--hidden", "32", "--rows", "8000", "--depth", "none")

    @classmethod
    def generate(cls, name, *options):
        subprocess.run([cls.program, "generate", "-o", f"{name}.h5", "--answer", f"{name}.txt", "-q", "--check-pairs",
                        "no", *options], cwd=cls.work, check=True, env={**os.environ, **RANKS_ENVIRONMENT})

    def submit(self, name, *arguments, options=(), **variables):
        """Submits jobs/NAME.sbatch on two ranks; returns the job's number and the folder for its results."""
        variables.setdefault("RESULTS", f"results {self.id().rpartition('.')[2]}")
        job = self.cluster.submit(self.jobs / f"{name}.sbatch", *arguments, folder=self.work,
                                  options=[*self.shape, "--time=10", *options],
                                  variables={**RANKS_ENVIRONMENT, **variables})
        return job, self.work / variables["RESULTS"]

    def finish(self, job, results, code=0, seconds=240):
        """Waits for a job to end, with this exit code; returns Slurm's facts and what the job printed."""
        facts = self.cluster.wait(job, seconds)[0]
        printed = pathlib.Path(facts["StdOut"].replace("%20", " ")).read_text()
        logs = "\n".join(path.read_text()[-3000:] for path in sorted(results.glob("**/*.log")))
        self.assertEqual((facts["JobState"], facts["ExitCode"]), ("COMPLETED" if code == 0 else "FAILED", f"{code}:0"),
                         printed + logs)
        return facts, printed

    def run_job(self, *arguments, code=0, seconds=240, **options):
        job, results = self.submit(*arguments, **options)
        facts, printed = self.finish(job, results, code, seconds)
        return results, printed, facts

    def verify(self, problem, solution):
        """The solution reproduces the predictions and is the order that was planted."""
        result = subprocess.run([self.program, "verify", f"{problem}.h5", solution, "--compare", f"{problem}.txt"],
                                cwd=self.work, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(result.returncode, 0, result.stdout)

    def check_requeue(self, name):
        """A solve that the time limit interrupts is requeued and goes on to the answer, as if it had not stopped."""
        folder = self.work / f"results {self.id().rpartition('.')[2]}"
        folder.mkdir()
        holding = folder / "holding program"
        holding.write_text(HOLDING_PROGRAM.format(folder=folder, program=self.program, seconds=LIMIT - STOP_BEFORE + 1))
        holding.chmod(0o755)
        results, printed, facts = self.run_job(name, *LONG, options=["--time=1"], PROGRAM=str(holding),
                                               STOP_BEFORE=str(STOP_BEFORE), LAUNCH_TIMEOUT="15",
                                               KINTSUGI_CHECKPOINT_INTERVAL="0.001", MAX_RESTARTS="5")
        self.assertGreaterEqual(int(facts["Restarts"]), 1, printed)
        self.assertEqual(printed.count("stopped in time and back in the queue"), int(facts["Restarts"]))
        self.assertIn("resume   from ", (results / "solve.log").read_text())
        self.verify("long", results / "solution.h5")
        subprocess.run([self.program, "solve", *LONG, "--output", "whole.h5", "--quiet"], cwd=self.work, check=True,
                       env={**os.environ, **RANKS_ENVIRONMENT}, stdout=subprocess.DEVNULL)
        self.assertEqual(self.trajectory(results / "solution.h5"), self.trajectory(self.work / "whole.h5"))

    @staticmethod
    def trajectory(path):
        """The rows of a solution's log without their times."""
        with h5py.File(path) as file:
            rows = file["trajectory"][:]
        return rows[[name for name in rows.dtype.names if name != "seconds"]].tolist()

    def rows(self, path):
        with open(path, newline="") as file:
            return list(csv.DictReader(file))


class OneNode(JobTest):
    def check_solve(self, launcher):
        results, printed, _ = self.run_job("solve", "easy.h5", "--islands", "1", "--seed", "5", LAUNCHER=launcher)
        self.verify("easy", results / "solution.h5")
        self.verify("easy", results / "permutation.txt")
        self.assertIn("hosts    node1, 2 ranks by " + launcher, printed)
        self.assertRegex(printed, rf"\n\$ {launcher} .*kintsugi solve easy\.h5 --config .*cluster\.cfg --islands 1 --seed 5 ")
        self.assertIn("ranks 2  islands 1  seed 5", (results / "solve.log").read_text())
        self.assertIn("RESULT status=solved", printed)

    def test_solve_by_srun(self):
        self.check_solve("srun")

    def test_solve_by_mpirun(self):
        self.check_solve("mpirun")

    def test_names_of_any_kind(self):
        name = "a b'\"$(touch pwned)`touch pwned`;&*\nc"
        shutil.copy(self.work / "easy.h5", self.work / f"{name}.h5")
        (self.work / f"{name}.cfg").write_text("islands = 2\n")
        for launcher in LAUNCHERS:
            with self.subTest(launcher=launcher):
                results, _, _ = self.run_job("solve", f"{name}.h5", CONFIG=f"{name}.cfg", LAUNCHER=launcher,
                                             RESULTS=f"results {launcher} {name}")
                self.verify("easy", results / "permutation.txt")
                self.assertIn("islands 2", (results / "solve.log").read_text())
                self.assertEqual([str(path) for path in self.work.glob("**/pwned")], [])

    def test_environment_and_config_reach_the_ranks(self):
        (self.work / "my.cfg").write_text("islands = 2\nsample-rows = 600\n")
        results, printed, _ = self.run_job("solve", "easy.h5", CONFIG="my.cfg", KINTSUGI_SEED="7", LAUNCHER="mpirun")
        self.assertIn("-x KINTSUGI_SEED", printed)
        self.assertIn("islands 2  seed 7", (results / "solve.log").read_text())

    def test_stopped_by_the_time_limit_requeued_and_resumed(self):
        self.check_requeue("solve")

    def test_ranks_that_do_not_start_are_started_once_more(self):
        folder = self.work / "a start that hangs"
        folder.mkdir()
        program = folder / "program"
        program.write_text(HANGING_PROGRAM.format(folder=folder, program=self.program))
        program.chmod(0o755)
        results, printed, _ = self.run_job("solve", "easy.h5", PROGRAM=str(program), LAUNCH_TIMEOUT="3")
        self.assertIn("the ranks did not start within LAUNCH_TIMEOUT=3 s; trying once more", printed)
        self.verify("easy", results / "solution.h5")

    def test_stopped_for_the_last_time(self):
        results, printed, facts = self.run_job("solve", *ENDLESS, options=["--time=1"], STOP_BEFORE="50",
                                               MAX_RESTARTS="0",
                                               code=4)
        self.assertEqual(facts["Restarts"], "0")
        self.assertIn("for the last time: MAX_RESTARTS=0", printed)
        self.assertEqual((results / "permutation.txt").read_text().count(","), 2 * 32)
        self.assertTrue((results / "checkpoint.h5").exists())

    def test_announced_end_is_passed_on(self):
        for launcher in LAUNCHERS:
            with self.subTest(launcher):
                job, results = self.submit("solve", *ENDLESS, LAUNCHER=launcher, MAX_RESTARTS="0",
                                           RESULTS=f"announced {launcher}")
                log = results / "solve.log"
                self.cluster.wait_for("the search", 60, lambda: log.exists() and re.search(r"\n  I ", log.read_text()))
                self.cluster.command("scancel", "--batch", "--signal=USR1", job)
                self.finish(job, results, code=4)
                self.assertIn("status=interrupted", log.read_text())

    def test_cancelled_job_does_not_come_back(self):
        job, results = self.submit("solve", *ENDLESS, LAUNCHER="mpirun")
        log = results / "solve.log"
        self.cluster.wait_for("the search", 60, lambda: log.exists() and re.search(r"\n  I ", log.read_text()))
        self.cluster.command("scancel", job)
        facts = self.cluster.wait(job)[0]
        self.assertEqual((facts["JobState"], facts["Restarts"]), ("CANCELLED", "0"))

    def test_own_time_limit_is_no_reason_to_requeue(self):
        _, printed, facts = self.run_job("solve", *ENDLESS, KINTSUGI_TIME_LIMIT="1s", code=4)
        self.assertEqual(facts["Restarts"], "0")
        self.assertIn("--time-limit 1s", printed)

    def test_mistakes_are_named_and_end_the_job(self):
        has_modules = os.path.exists("/etc/profile.d/modules.sh")
        no_module = "cannot load the modules 'not-there'" if has_modules else "there is no module command"
        mistakes = (
            ("usage: sbatch", [], {}),
            ("the problem nowhere.h5 cannot be read", ["nowhere.h5"], {}),
            ("did you mean '--seed'", ["easy.h5", "--sede", "3"], {}),
            ("RESULTS=FOLDER says where", ["easy.h5", "-o", "s.h5"], {}),
            ("CONFIG=nowhere.cfg cannot be read", ["easy.h5"], {"CONFIG": "nowhere.cfg"}),
            ("LAUNCHER is 'aprun'", ["easy.h5"], {"LAUNCHER": "aprun"}),
            (no_module, ["easy.h5"], {"MODULES": "not-there"}),
            ("STOP_BEFORE is 'soon'", ["easy.h5"], {"STOP_BEFORE": "soon"}),
            ("is within STOP_BEFORE=700", ["easy.h5"], {"STOP_BEFORE": "700"}))
        # Side by side: most of the time is Slurm's own.
        jobs = [self.submit("solve", *arguments, options=["--ntasks=1"], RESULTS=f"mistake {number}", **variables)
                for number, (_, arguments, variables) in enumerate(mistakes)]
        for (says, _, _), (job, results) in zip(mistakes, jobs):
            with self.subTest(says):
                _, printed = self.finish(job, results, code=1)
                self.assertIn(says, printed)

    def test_restarts(self):
        # One task at a time: the first solves it, the others need not.
        for launcher in LAUNCHERS:
            with self.subTest(launcher):
                job, results = self.submit("restarts", "easy.h5", "--islands", "1", options=["--array=3-5%1"],
                                           LAUNCHER=launcher, RESULTS=f"restarts {launcher}")
                facts = {each["ArrayTaskId"]: each["JobState"] for each in self.cluster.wait(job)}
                self.assertEqual(facts.pop("3"), "COMPLETED")
                self.assertEqual(set(facts.values()), {"CANCELLED"})
                self.assertEqual((results / "solved").read_text(), "task-3\n")
                self.verify("easy", results / "task-3/solution.h5")
                row, = self.rows(results / "tasks.csv")
                self.assertEqual((row["seed"], row["exit"]), ("3", "0"))
        # A task that comes late has nothing to do.
        job, _ = self.submit("restarts", "easy.h5", options=["--array=9"], RESULTS=results.name)
        self.assertEqual(self.finish(job, results)[0]["JobState"], "COMPLETED")
        self.assertFalse((results / "task-9").exists())

    def test_running_tasks_stop_when_another_has_solved_it(self):
        folder = self.work / "unequal tasks"
        folder.mkdir()
        program = folder / "program"
        program.write_text(UNEQUAL_PROGRAM.format(folder=folder, program=self.program))
        program.chmod(0o755)
        job, _ = self.submit("restarts", *LONG, "--start", "random", options=["--array=1-2", "--ntasks=1"],
                             PROGRAM=str(program), RESULTS=folder.name, POLL="1", LAUNCHER="srun")
        facts = {each["ArrayTaskId"]: each for each in self.cluster.wait(job, 240)}
        printed = {task: pathlib.Path(each["StdOut"]).read_text() for task, each in facts.items()}
        self.assertEqual({(each["JobState"], each["ExitCode"], each["Restarts"]) for each in facts.values()},
                         {("COMPLETED", "0:0", "0")}, printed)
        self.assertIn("solved by task-1", printed["1"])
        self.assertIn("stopped: task-1 has solved it", printed["2"])
        self.assertEqual([row["seed"] for row in self.rows(folder / "tasks.csv")], ["1"])
        self.assertIn("status=interrupted", (folder / "task-2/solve.log").read_text())
        shown = subprocess.run([self.program, "watch", folder], text=True, capture_output=True, cwd=self.work)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn("1 solved, 1 ended", shown.stdout)

    def test_a_run_that_fails_does_not_end_a_sweep(self):
        folder = self.work / "failing"
        folder.mkdir()
        program = folder / "program"
        program.write_text(FAILING_PROGRAM.format(program=self.program))
        program.chmod(0o755)
        results, printed, _ = self.run_job("strong-scaling", "easy.h5", REPEATS="2", PROGRAM=str(program), LAUNCHER="srun",
                                           code=3)
        self.assertEqual([(row["ranks"], row["exit"]) for row in self.rows(results / "failed.csv")], [("1", "2"), ("1", "2")])
        self.assertEqual([(row["ranks"], row["status"]) for row in self.rows(results / "sweep.csv")], [("2", "solved")] * 2)
        self.assertIn("the run on 1 ranks failed with code 2; the sweep goes on", printed)
        self.assertRegex(printed, r"\n +2 +8 +2 +2 +\d+ +[\d.]+ \([\d.]+-[\d.]+\)")

    def test_durations_of_every_form(self):
        (self.work / "short.cfg").write_text("time-limit = 0h0m1s\n")
        _, printed, _ = self.run_job("solve", *ENDLESS, CONFIG="short.cfg", code=4)
        self.assertIn("--time-limit 1s", printed)

    def test_strong_scaling(self):
        results, printed, _ = self.run_job("strong-scaling", "easy.h5", REPEATS="2")
        rows = self.rows(results / "sweep.csv")
        self.assertEqual([(row["ranks"], row["repeat"]) for row in rows], [("1", "1"), ("2", "1"), ("1", "2"), ("2", "2")])
        self.assertEqual({(row["status"], row["blocks"], row["evaluations"]) for row in rows},
                         {("solved", "8", rows[0]["evaluations"])})
        self.assertIn("strong scaling", printed)
        self.assertEqual(len((results / "table.txt").read_text().splitlines()), 4)
        self.assertIn('"kind":"strong"', (results / "sweep.html").read_text())
        # Started again, it has nothing left to run.
        again = self.run_job("strong-scaling", "easy.h5", REPEATS="2")
        self.assertEqual(len(self.rows(again[0] / "sweep.csv")), 4)

    def test_weak_scaling(self):
        for launcher in LAUNCHERS:
            with self.subTest(launcher):
                results, printed, _ = self.run_job("weak-scaling", BLOCKS="8", LAUNCHER=launcher, RESULTS=f"weak {launcher}",
                                                   GENERATE="--rows 800 --width 16 --hidden 24 --depth none")
                rows = self.rows(results / "sweep.csv")
                self.assertEqual([(row["ranks"], row["blocks"], row["status"]) for row in rows],
                                 [("1", "8", "solved"), ("2", "16", "solved")])
                self.assertIn("weak scaling", printed)
                self.assertIn('"kind":"weak"', (results / "sweep.html").read_text())

    def test_stress(self):
        # Bad ones end nothing; the last line need not end.
        (self.work / "cases.txt").write_text("# kinds\nbad --blocks none\nplain --blocks 6 --rows 600\n\n"
                                             "noisy --blocks 6 --rows 600 --noise 1\nlast --no-such-option 3")
        for launcher in LAUNCHERS:
            with self.subTest(launcher):
                results, printed, _ = self.run_job("stress", "--max-evaluations", "2000", CASES="cases.txt", SEEDS="2",
                                                   LAUNCHER=launcher, RESULTS=f"stress {launcher}", code=3)
                rows = self.rows(results / "stress.csv")
                self.assertEqual([(row["kind"], row["seed"], row["verified"]) for row in rows],
                                 [("bad", "1", "no"), ("bad", "2", "no"), ("plain", "1", "yes"), ("plain", "2", "yes"),
                                  ("noisy", "1", "no"), ("noisy", "2", "no"), ("last", "1", "no"), ("last", "2", "no")])
                self.assertEqual([row["exit"] for row in rows[:2] + rows[6:]], ["1"] * 4)
                for row in rows[2:6]:  # unsolved ones, too
                    self.assertRegex(row["pairs"], r"^\d/6$")
                    self.assertLessEqual(float(row["kendall_tau"]), 1)
                self.assertIn("2 of 8 networks solved and verified", printed)


class TwoNodes(JobTest):
    nodes = 2
    shape = ["--nodes=2", "--ntasks=2", "--ntasks-per-node=1"]

    def test_solve_by_both_launchers(self):
        answers = []
        for launcher in LAUNCHERS:
            with self.subTest(launcher):
                folder, printed, _ = self.run_job("solve-nodes", "easy.h5", "--islands", "1", LAUNCHER=launcher,
                                                  RESULTS=launcher)
                self.assertIn("hosts    node1 node2, 2 ranks by " + launcher, printed)
                self.verify("easy", folder / "solution.h5")
                answers.append((folder / "permutation.txt").read_text())
        self.assertEqual(answers[0], answers[1])

    def test_stopped_by_the_time_limit_requeued_and_resumed(self):
        self.check_requeue("solve-nodes")

    def test_strong_scaling_from_one_node_to_two(self):
        for launcher in LAUNCHERS:
            with self.subTest(launcher):
                folder, _, _ = self.run_job("strong-scaling", "easy.h5", REPEATS="1", LAUNCHER=launcher,
                                            RESULTS=f"sweep {launcher}")
                self.assertEqual([(row["ranks"], row["status"]) for row in self.rows(folder / "sweep.csv")],
                                 [("1", "solved"), ("2", "solved")])


def main():
    global PROGRAM
    if cluster.INSIDE not in os.environ:
        reason = cluster.why_not()
        if reason:
            print(f"SKIPPED: the job files are not tested under Slurm: {reason}")
            return SKIPPED
        return cluster.run_inside([sys.executable, *sys.argv])
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)


if __name__ == "__main__":
    sys.exit(main())
