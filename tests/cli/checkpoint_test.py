"""solve --checkpoint and --resume: what was finished is never lost, and the way goes on as if nothing had happened."""

import os
import pathlib
import random
import resource
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import h5py

import harness
from harness import BAD_INPUT, STOPPED, SUCCESS, USAGE, Planted, ProgramTest, clean_environment, main

# A search that takes a while, then ends solved.
SLOW = ("--seed-order", "random", "--islands", "2", "--no-times", "--sample-rows", "64", "--seed", "7")


class CheckpointTest(ProgramTest):
    def setUp(self):
        super().setUp()
        Planted(blocks=20, width=16, rows=4000, seed=3).write(self.folder / "p.h5")

    def solve(self, *arguments, **options):
        return self.run_program("solve", "p.h5", *SLOW, *arguments, **options)

    def trajectory(self, name):
        with h5py.File(self.folder / name) as file:
            return file["trajectory"][:].tolist(), file["permutation"][:].tolist(), file["elites/mse"][:].tolist()

    def evaluations(self):
        """Of the uninterrupted run, whose solution is whole.h5."""
        self.solve("-o", "whole.h5")
        with h5py.File(self.folder / "whole.h5") as file:
            return int(file.attrs["evaluations"])


class ResumeTest(CheckpointTest):
    def test_goes_on_on_any_number_of_ranks(self):
        total = self.evaluations()
        for ranks in (1, 2, 3):
            stopped = self.solve("--checkpoint", "c.h5", "--max-evaluations", total // 2, code=STOPPED)
            self.assertIn("status=evaluations exit=4", stopped.stderr)
            result = self.solve("--checkpoint", "c.h5", "--resume", "-o", "s.h5", np=ranks)
            self.assertRegex(result.stderr, r"resume +from c.h5, after \d+\.\d s of search")
            self.assertEqual(self.trajectory("s.h5"), self.trajectory("whole.h5"), f"{ranks} ranks")

    def test_again_and_again(self):
        total = self.evaluations()
        for part in range(1, 6):
            code = SUCCESS if part == 5 else STOPPED
            limit = () if part == 5 else ("--max-evaluations", part * total // 5)
            self.solve("--checkpoint", "c.h5", "--resume", "-o", "s.h5", *limit, code=code)
        self.assertEqual(self.trajectory("s.h5"), self.trajectory("whole.h5"))

    def test_no_checkpoint_yet(self):
        result = self.solve("--checkpoint", "c.h5", "--resume")
        self.assertIn("there is no checkpoint c.h5 yet: from the beginning", result.stderr)

    def test_a_signal_leaves_one(self):
        self.evaluations()
        process = subprocess.Popen([str(harness.MPIRUN), "2", harness.PROGRAM, "solve", "p.h5", *SLOW, "--tolerance",
                                    "1e-30", "--checkpoint", "c.h5", "--search", "bubble"], cwd=self.folder,
                                   env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.assertTrue(process.stderr.readline().startswith("kintsugi "))
        process.send_signal(signal.SIGUSR1)
        process.communicate(timeout=120)
        self.assertEqual(process.returncode, STOPPED)
        self.assertTrue((self.folder / "c.h5").exists())

    def test_kill_any_rank_at_any_moment(self):
        self.evaluations()
        choice = random.Random(11)
        command = [str(harness.MPIRUN), "2", harness.PROGRAM, "solve", "p.h5", *SLOW, "-o", "s.h5", "--checkpoint",
                   "c.h5", "--checkpoint-interval", "0.02", "--resume"]
        kills = int(os.environ.get("KINTSUGI_TEST_KILLS", "6"))
        killed = 0
        for attempt in range(20 * kills):
            process = subprocess.Popen(command, cwd=self.folder, env=clean_environment(), stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE, text=True, start_new_session=True)
            first = process.stderr.readline()
            self.assertTrue(first.startswith("kintsugi "), first)
            if killed < kills:
                time.sleep(choice.uniform(0, 0.4))
                ranks = subprocess.run(["pgrep", "-g", str(os.getpgid(process.pid)), "-f", f"^{harness.PROGRAM} solve"],
                                       capture_output=True, text=True).stdout.split()
                ranks = ranks or self.children(process.pid)
                if ranks:
                    killed += 1
                    os.kill(int(choice.choice(ranks)), signal.SIGKILL)
            _, log = process.communicate(timeout=120)
            # Whatever the moment, one of the two files can be resumed, and no half-written one is in its place.
            if process.returncode == 0:
                if killed >= kills:
                    break
                # Solved before it was killed: once more from the beginning.
                for name in ("c.h5", "c.h5.previous"):
                    (self.folder / name).unlink(missing_ok=True)
            else:
                self.assertNotIn("kintsugi: error", log)
        self.assertEqual(killed, kills)
        self.assertEqual(self.trajectory("s.h5"), self.trajectory("whole.h5"))

    @staticmethod
    def children(pid):
        """Processes of the program below `pid`."""
        found = []
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                status = (entry / "stat").read_text()
            except OSError:
                continue
            parent = int(status[status.rindex(")") + 2:].split()[1])
            if words[0].decode() == str(harness.PROGRAM) and parent_is(parent, pid):
                found.append(entry.name)
        return found


def parent_is(pid, ancestor):
    while pid > 1:
        if pid == ancestor:
            return True
        try:
            status = pathlib.Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return False
        pid = int(status[status.rindex(")") + 2:].split()[1])
    return False


class RefusalTest(CheckpointTest):
    def checkpoint(self):
        self.solve("--checkpoint", "c.h5", "--max-evaluations", "60", code=STOPPED)

    def resume(self, *arguments, **options):
        return self.run_program("solve", "p.h5", *SLOW, "--checkpoint", "c.h5", "--resume", *arguments, **options)

    def test_resume_needs_a_file(self):
        self.assert_error(USAGE, "solve", "p.h5", "--resume", says="--checkpoint FILE")

    def test_of_another_problem(self):
        self.checkpoint()
        Planted(blocks=20, width=16, rows=4000, seed=4).write(self.folder / "p.h5")
        self.assert_error(BAD_INPUT, "solve", "p.h5", *SLOW, "--checkpoint", "c.h5", "--resume",
                          says="c.h5: is a checkpoint of another problem")

    def test_with_other_options(self):
        self.checkpoint()
        self.assert_error(BAD_INPUT, "solve", "p.h5", *SLOW, "--checkpoint", "c.h5", "--resume", "--search", "tabu",
                          says="c.h5: was made with search=auto, but this run has search=tabu", np=2)

    def test_damaged_the_previous_is_taken(self):
        self.evaluations()
        self.checkpoint()
        shutil.copy(self.folder / "c.h5", self.folder / "c.h5.previous")
        content = (self.folder / "c.h5").read_bytes()
        middle = len(content) // 2
        for damaged in (content[:middle], b"", b"not HDF5", content[:middle] + bytes([content[middle] ^ 1]) +
                        content[middle + 1:]):
            (self.folder / "c.h5").write_bytes(damaged)
            result = self.resume("-o", "s.h5")
            if "resume   from c.h5," in result.stderr:  # the byte that was changed is one that says nothing
                continue
            self.assertIn("the one before is taken", result.stderr)
            self.assertIn("from c.h5.previous", result.stderr)
            self.assertEqual(self.trajectory("s.h5"), self.trajectory("whole.h5"))
        (self.folder / "c.h5").write_bytes(content[:middle])
        (self.folder / "c.h5.previous").unlink()
        self.assert_error(BAD_INPUT, "solve", "p.h5", *SLOW, "--checkpoint", "c.h5", "--resume", says="c.h5")

    def test_another_file_is_no_checkpoint(self):
        shutil.copy(self.folder / "p.h5", self.folder / "c.h5")
        self.assert_error(BAD_INPUT, "solve", "p.h5", *SLOW, "--checkpoint", "c.h5", "--resume",
                          says="c.h5: is not a kintsugi checkpoint")

    def test_folder_that_is_not_there_is_known_before_the_search(self):
        self.assert_error(USAGE, "solve", "p.h5", *SLOW, "--checkpoint", "no/c.h5", says="no/c.h5")

    def test_a_disk_that_is_full_ends_no_search(self):
        self.checkpoint()
        process = subprocess.Popen([harness.PROGRAM, "solve", "p.h5", *SLOW, "--checkpoint", "c.h5",
                                    "--checkpoint-interval", "0.02"], cwd=self.folder, env=clean_environment(),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                   preexec_fn=lambda: signal.signal(signal.SIGXFSZ, signal.SIG_IGN))
        self.addCleanup(process.communicate)
        self.assertTrue(process.stderr.readline().startswith("kintsugi "))
        # MPI has made its own files by now; from here on no file may grow beyond this.
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (4096, 4096))
        _, log = process.communicate(timeout=120)
        self.assertEqual(process.returncode, SUCCESS, log)
        self.assertIn("no checkpoint was written: ", log)
        self.assertIn("status=solved", log)
        self.assertIn("resume   from c.h5,", self.resume().stderr, "the one that was there stays")
        self.assertEqual(sorted(path.name for path in self.folder.glob("*.next*")), [], "no part of one is left")


if __name__ == "__main__":
    main()
