"""What a machine may deny: memory that is executed, shared memory, daemons and ssh, the launcher that MPI needs."""

import concurrent.futures
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from harness import USAGE, MPIRUN, Planted, ProgramTest, main

# Starts argv[1:] where no memory may be executed that was ever written; 99 where the system has no such rule.
DENY = """
import ctypes, os, sys
PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 65, 1
if ctypes.CDLL(None).prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) != 0:
    sys.exit(99)
os.execv(sys.argv[1], sys.argv[1:])
"""


def can_mount():
    return subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/dev/shm"],
                          capture_output=True).returncode == 0


class MachineTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.planted = Planted()
        self.planted.write(self.folder / "p.h5")

    def assert_solved(self, result):
        self.assertEqual(result.stdout.strip(), self.planted.answer_text())

    def test_without_executable_memory_eigen_takes_over(self):
        result = self.run_program("solve", "p.h5", code=None, prefix=(sys.executable, "-c", DENY))
        if result.returncode == 99:
            self.skipTest("SKIPPED: this system cannot deny executable memory")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assert_solved(result)
        self.assertIn("products by eigen", result.stderr)
        if "products by libxsmm" in self.run_program("solve", "p.h5").stderr:
            self.assertIn("kintsugi: warning: memory may not be both written and executed here", result.stderr)

    def test_a_small_shared_memory_is_enough(self):
        if not can_mount():
            self.skipTest("SKIPPED: no mount of its own can be made")
        # Weights and their transposes have 28 MB; Open MPI itself takes 8 MB of /dev/shm for two ranks.
        Planted(blocks=24, width=192, hidden=384, rows=64).write(self.folder / "large.h5")
        script = 'mount -t tmpfs -o size=24m tmpfs /dev/shm && exec "$@"'
        result = self.run_program("solve", "large.h5", "--max-evaluations", 5, code=None,
                                  prefix=("unshare", "-m", "sh", "-c", script, "sh", str(MPIRUN), "2"))
        self.assertIn(result.returncode, (0, 3, 4), result.stderr)
        self.assertIn("RESULT status=", result.stderr)
        self.assertNotIn("cannot share memory", result.stderr)

    def test_processes_that_another_launcher_started_do_not_all_do_the_work(self):
        for name, value in ("PMI_SIZE", "2"), ("SLURM_STEP_NUM_TASKS", "4"):
            self.assert_error(USAGE, "solve", "p.h5", "-o", "s.h5", variables={name: value, "PMI_RANK": "1"},
                              says=("a launcher started several processes", "srun --mpi=pmix", "env -u"))
            self.assertFalse((self.folder / "s.h5").exists())
        # In a batch script the job's tasks are no sign of others.
        self.assert_solved(self.run_program("solve", "p.h5", variables={"SLURM_NTASKS": "8", "SLURM_PROCID": "0"}))

    def test_many_ranks_alone_start_at_once(self):
        def solve(_):
            return [self.run_program("solve", "p.h5", "-q").stdout for _ in range(10)]
        with concurrent.futures.ThreadPoolExecutor(6) as at_once:
            for answers in at_once.map(solve, range(6)):
                self.assertEqual({answer.strip() for answer in answers}, {self.planted.answer_text()})

    def test_a_rank_alone_starts_no_other_process(self):
        if shutil.which("strace"):
            trace = self.folder / "trace"
            result = self.run_program("solve", "p.h5", prefix=("strace", "-f", "-o", str(trace), "-e", "trace=execve"))
            self.assertEqual(trace.read_text().count("execve("), 1)
        else:
            # Open MPI finds its daemon by its own path, the daemon finds ssh by the PATH.
            result = self.run_program("solve", "p.h5", variables={"PATH": str(self.folder)})
        self.assert_solved(result)


if __name__ == "__main__":
    main()
