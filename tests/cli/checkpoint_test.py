"""solve --checkpoint and --resume: what was finished is never lost, and the way goes on as if nothing had happened."""

import os
import pathlib
import random
import re
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
SLOW = ("--start", "random", "--islands", "2", "--no-times", "--sample-rows", "64", "--seed", "7")
# A row of the log: its event and its step.
ROW = re.compile(r"  ([A-Z]) +(\d+) +\d+ ")


class CheckpointTest(ProgramTest):
    def setUp(self):
        super().setUp()
        Planted(blocks=20, width=16, rows=4000, seed=3).write(self.folder / "p.h5")

    def solve(self, *arguments, **options):
        return self.run_program("solve", "p.h5", *SLOW, *arguments, **options)

    def start(self, command):
        """Starts a solve in the background; comes back when its log has begun."""
        process = subprocess.Popen([str(word) for word in command], cwd=self.folder, env=clean_environment(),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True)
        self.addCleanup(process.communicate)
        first = process.stderr.readline()
        self.assertTrue(first.startswith("kintsugi "), first)
        return process

    def read_rows(self, process, most=None):
        """The next rows of a solve's log as (event, step): as many as are asked for, or all up to its end."""
        rows = []
        while most is None or len(rows) < most:
            line = process.stderr.readline()
            if not line:
                break
            if row := ROW.match(line):
                rows.append((row[1], int(row[2])))
        return rows

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

    def test_roles_that_the_data_decide_are_decided_alike(self):
        # Square layers with nothing in the weights, and predictions that no order gives.
        self.run_program("generate", "-o", "q.h5", "--answer", "a.txt", "-q", "--blocks", "5", "--width", "8", "--hidden", "8",
                         "--rows", "300", "--pair-signal", "0")
        with h5py.File(self.folder / "q.h5", "r+") as file:
            predictions = file["data/predictions"]
            predictions[...] = predictions[...].clip(-0.5, 0.5)
        solve = lambda *arguments, **options: self.run_program("solve", "q.h5", "--no-times", *arguments, **options)
        solve("--max-evaluations", "400", "-o", "whole.h5", code=STOPPED)
        solve("--max-evaluations", "150", "--checkpoint", "c.h5", "--time-limit", "100s", code=STOPPED)
        result = solve("--max-evaluations", "400", "--checkpoint", "c.h5", "--resume", "-o", "s.h5", "--time-limit", "200s",
                       code=STOPPED, np=2)
        self.assertIn("from c.h5", result.stderr)
        self.assertEqual(self.trajectory("s.h5"), self.trajectory("whole.h5"))

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
        # No error is as low as this: without a signal it would go on for long.
        endless = [harness.PROGRAM, "solve", "p.h5", *SLOW, "--tolerance", "1e-30"]
        ranks = [harness.MPIRUN, "2"]
        for number, launcher in ((signal.SIGTERM, []), (signal.SIGUSR1, []), (signal.SIGINT, []), (signal.SIGUSR1, ranks),
                                 (signal.SIGTERM, ranks)):
            with self.subTest(signal=number, launcher=launcher):
                process = self.start([*launcher, *endless, "--checkpoint", "c.h5"])
                self.read_rows(process, 1)
                if launcher and number == signal.SIGTERM:
                    # As Slurm sends it: mpirun would soon kill its ranks. One rank is enough.
                    os.kill(int(self.children(process.pid)[-1]), number)
                else:
                    process.send_signal(number)
                _, log = process.communicate(timeout=120)
                self.assertEqual(process.returncode, STOPPED, log)
                self.assertIn("status=interrupted exit=4", log)
                result = self.solve("--tolerance", "1e-30", "--checkpoint", "c.h5", "--resume", "--time-limit", "0.001",
                                    code=STOPPED)
                self.assertIn("resume   from c.h5,", result.stderr)
                (self.folder / "c.h5").unlink()
                (self.folder / "c.h5.previous").unlink(missing_ok=True)

    def test_the_time_limit_leaves_one(self):
        self.evaluations()
        stopped = self.solve("--checkpoint", "c.h5", "--time-limit", "0.001", np=2, code=STOPPED)
        self.assertIn("status=time_limit exit=4", stopped.stderr)
        self.solve("--checkpoint", "c.h5", "--resume", "-o", "s.h5")
        self.assertEqual(self.trajectory("s.h5"), self.trajectory("whole.h5"))

    def rows_kept(self):
        """Rows of the log, as (event, step), in the checkpoint that a resumed run would take."""
        for name in ("c.h5", "c.h5.previous"):
            if (self.folder / name).exists():
                with h5py.File(self.folder / name) as file:
                    return [(chr(event), step) for step, _, event, *_ in file["trajectory"][:].tolist()]
        return []

    def test_a_kill_loses_at_most_one_interval(self):
        # One step of one island is an interval here.
        choice = random.Random(5)
        command = [str(harness.MPIRUN), "2", harness.PROGRAM, "solve", "p.h5", "--start", "random", "--no-times",
                   "--sample-rows", "64", "--tolerance", "1e-30", "--checkpoint", "c.h5", "--checkpoint-interval", "0",
                   "--resume"]
        for _ in range(4):
            before = self.rows_kept()
            process = self.start(command)
            printed = self.read_rows(process, choice.randint(5, 60))
            ranks = self.children(process.pid)
            os.kill(int(choice.choice(ranks)), signal.SIGKILL)
            printed += self.read_rows(process)
            process.wait(timeout=120)
            kept = self.rows_kept()
            self.assertGreaterEqual(kept[-1][1], printed[-1][1] - 1, "all steps but the last one are kept")
            new = kept[len(before):]
            self.assertEqual(kept[:len(before)], before)
            self.assertEqual(new[:len(printed)], printed[:len(new)])
            hidden = [path.name for path in self.folder.glob(".*")]
            self.assertEqual(hidden, [], "a killed run leaves no files but c.h5.next")

    def test_kill_any_rank_at_any_moment(self):
        self.evaluations()
        choice = random.Random(11)
        command = [str(harness.MPIRUN), "2", harness.PROGRAM, "solve", "p.h5", *SLOW, "-o", "s.h5", "--checkpoint",
                   "c.h5", "--checkpoint-interval", "0", "--resume"]
        kills = int(os.environ.get("KINTSUGI_TEST_KILLS", "6"))
        killed = resumed = 0
        for attempt in range(20 * kills):
            resumed += (self.folder / "c.h5").exists()
            process = self.start(command)
            if killed < kills:
                self.read_rows(process, choice.randint(0, 30))
                ranks = self.children(process.pid)
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
                # The ranks that are left may say that one is lost, and nothing else.
                errors = [line for line in log.splitlines() if "kintsugi: error" in line]
                self.assertTrue(all("is lost" in line for line in errors), errors)
        self.assertEqual(killed, kills)
        self.assertGreater(resumed, 0)
        self.assertEqual(self.trajectory("s.h5"), self.trajectory("whole.h5"))

    @staticmethod
    def children(pid):
        """Ranks of the program below `pid`; not the process that reads files for each of them, which has its name."""
        found, parents = [], {}
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                status = (entry / "stat").read_text()
            except OSError:
                continue
            parent = int(status[status.rindex(")") + 2:].split()[1])
            if words[0].decode() == str(harness.PROGRAM) and parent_is(parent, pid):
                found.append(entry.name)
                parents[entry.name] = str(parent)
        return [child for child in found if parents[child] not in found]


class LockTest(CheckpointTest):
    ENDLESS = ("--tolerance", "1e-30", "--checkpoint", "c.h5", "--checkpoint-interval", "0")

    def start_one(self):
        process = self.start([harness.PROGRAM, "solve", "p.h5", *SLOW, *self.ENDLESS])
        self.read_rows(process, 3)
        return process

    def test_two_runs_do_not_share_a_checkpoint(self):
        first = self.start_one()
        self.assert_error(USAGE, "solve", "p.h5", *SLOW, *self.ENDLESS, "--resume",
                          says=["c.h5: another run keeps its state there", f"process {first.pid}"])
        os.symlink("c.h5", self.folder / "link.h5")
        self.assert_error(USAGE, "solve", "p.h5", *SLOW, "--checkpoint", "link.h5", says="another run keeps its state there")
        first.kill()
        first.wait()
        # The lock has died with its holder.
        self.run_program("solve", "p.h5", *SLOW, *self.ENDLESS, "--resume", "--max-evaluations", "1", code=STOPPED)
        self.assertFalse((self.folder / "c.h5.lock").exists())

    def test_a_checkpoint_that_was_taken_over_is_left_alone(self):
        first = self.start_one()
        (self.folder / "c.h5.lock").unlink()
        (self.folder / "c.h5.lock").write_text("host elsewhere, process 7\n")
        self.read_rows(first, 5)
        first.send_signal(signal.SIGTERM)
        _, log = first.communicate(timeout=120)
        self.assertIn("no checkpoint was written: c.h5: another run has taken it over", log)
        self.assertEqual((self.folder / "c.h5.lock").read_text(), "host elsewhere, process 7\n")


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
                          says="c.h5: belongs to a problem with other weights and rows")

    def test_with_other_options(self):
        self.checkpoint()
        self.assert_error(BAD_INPUT, "solve", "p.h5", *SLOW, "--checkpoint", "c.h5", "--resume", "--search", "tabu",
                          says="c.h5: was made with search=auto, but this run has search=tabu", np=2)

    def test_under_another_activation(self):
        self.checkpoint()
        with h5py.File(self.folder / "p.h5", "r+") as file:
            file.attrs["activation"] = "gelu"
        self.assert_error(BAD_INPUT, "solve", "p.h5", *SLOW, "--checkpoint", "c.h5", "--resume",
                          says="c.h5: belongs to a problem with the activation relu instead of gelu")

    def test_with_other_parameters(self):
        self.checkpoint()
        (self.folder / "n.cfg").write_text("preparation.start_rows = 65\n")
        self.assert_error(BAD_INPUT, "solve", "p.h5", *SLOW, "--checkpoint", "c.h5", "--resume", "--parameters", "n.cfg",
                          "--memory", "1GiB",
                          says="c.h5: was made with memory=5905580032, preparation.start_rows=default, but this run has "
                               "memory=1073741824, preparation.start_rows=65")

    def test_warnings_stand_in_the_solution(self):
        self.evaluations()
        (self.folder / "c.h5.previous/in the way").mkdir(parents=True)
        result = self.solve("--checkpoint", "c.h5", "--checkpoint-interval", "0", "-o", "s.h5")
        self.assertIn("warning: no checkpoint was written: c.h5: cannot be kept as c.h5.previous", result.stderr)
        with h5py.File(self.folder / "s.h5") as file:
            warnings = [text.decode() for text in file["warnings"][:]]
        self.assertEqual(len(warnings), 1)
        self.assertIn("cannot be kept as c.h5.previous", warnings[0])
        self.assertIn(warnings[0], self.run_program("report", "s.h5", "--format", "text").stdout)

    def test_damaged_the_previous_is_taken(self):
        self.evaluations()
        self.checkpoint()
        shutil.copy(self.folder / "c.h5", self.folder / "c.h5.previous")
        content = (self.folder / "c.h5").read_bytes()
        middle = len(content) // 2
        # A byte in the middle, one in the head that HDF5 would crash at, one of the checksum itself.
        flipped = [content[:place] + bytes([content[place] ^ 1]) + content[place + 1:] for place in (middle, 2918, len(content) - 9)]
        for damaged in (content[:middle], content[:-1], b"", b"not HDF5", *flipped):
            (self.folder / "c.h5").write_bytes(damaged)
            result = self.resume("-o", "s.h5")
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

    def disk(self, size):
        """A file system of its own, in the folder `disk`."""
        disk = self.folder / "disk"
        disk.mkdir()
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk], capture_output=True, text=True)
        if mount.returncode != 0:
            self.skipTest(f"SKIPPED: no small disk can be mounted here: {mount.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", disk], check=True)
        return disk

    def test_a_small_disk_ends_no_search(self):
        disk = self.disk("64k")
        for np in (None, 2):
            result = self.solve("--checkpoint", "disk/c.h5", "--checkpoint-interval", "0", np=np)
            self.assertIn("no checkpoint was written: disk/c.h5: cannot be written: No space left on device", result.stderr)
            self.assertIn("status=solved", result.stderr)
            # What fitted is there, and whole.
            left = sorted(path.name for path in disk.iterdir())
            self.assertTrue(set(left) <= {"c.h5", "c.h5.previous"}, left)
            resumed = self.solve("--checkpoint", "disk/c.h5", "--resume")
            self.assertIn("resume   from disk/c.h5", resumed.stderr)

    def test_a_folder_that_cannot_be_written(self):
        disk = self.disk("10m")
        self.solve("--checkpoint", "disk/c.h5", "--max-evaluations", "60", code=STOPPED)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        for np in (None, 2):
            self.assert_error(USAGE, "solve", "p.h5", *SLOW, "--checkpoint", "disk/c.h5", "--resume", np=np,
                              says=["'disk/c.h5'", "Read-only file system"])
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        # What happens to a disk while a search runs does not end it.
        process = self.start([harness.PROGRAM, "solve", "p.h5", *SLOW, "--tolerance", "1e-30", "--checkpoint", "disk/d.h5",
                              "--checkpoint-interval", "0"])
        # Before the first checkpoint, a disk that refuses would be an error of the command line.
        while not (disk / "d.h5").exists():
            self.assertIsNone(process.poll(), "a first checkpoint is written")
            time.sleep(0.01)
        while subprocess.run(["mount", "-o", "remount,ro", disk], capture_output=True).returncode != 0:
            self.assertIsNone(process.poll(), "the disk is busy only while a checkpoint is written")
        line = ""
        while not line.startswith("warning: no checkpoint was written: disk/d.h5: cannot be written: Read-only file system"):
            line = process.stderr.readline()
            self.assertTrue(line, "the log has ended without a warning")
        process.send_signal(signal.SIGUSR1)
        _, log = process.communicate(timeout=120)
        self.assertEqual(process.returncode, STOPPED, log)
        self.assertIn("status=interrupted", log)

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
