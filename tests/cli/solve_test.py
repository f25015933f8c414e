"""solve: what it writes where, how it ends, and with which exit code."""

import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import h5py

import harness
from harness import BAD_INPUT, INTERNAL, NOT_SOLVED, STOPPED, USAGE, Planted, ProgramTest, clean_environment, main, text

# A search that ends, and an error that float32 cannot reach: the run ends unsolved with the right order.
UNREACHABLE = ("--search", "bubble", "--tolerance", "1e-30")


def result_of(log):
    """The keys and values of the RESULT line."""
    line, = [line for line in log.splitlines() if line.startswith("RESULT ")]
    return dict(word.split("=") for word in line.split()[1:])


class SolveTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.planted = Planted()
        self.planted.write(self.folder / "p.h5")
        self.answer = self.planted.answer_text() + "\n"

    def assert_solution(self, name, status, code):
        """The solution file is whole and says how the run ended."""
        with h5py.File(self.folder / name) as file:
            permutation = file["permutation"][:].tolist()
            self.assertEqual(sorted(permutation), list(range(len(permutation))))
            self.assertEqual(text(file.attrs["status"]), status)
            self.assertEqual(file.attrs["exit_code"], code)
            return permutation, dict(file.attrs)


class EndTest(SolveTest):
    def test_solved(self):
        result = self.run_program("solve", "p.h5", "-o", "s.h5", "--seed", "5")
        self.assertEqual(result.stdout, self.answer)
        keys = result_of(result.stderr)
        self.assertEqual((keys["status"], keys["exit"], keys["rows"]), ("solved", "0", "600"))
        self.assertEqual(keys["sha256"], hashlib.sha256(self.answer.strip().encode()).hexdigest())
        self.assertLess(float(keys["mse"]), 1e-12)
        permutation, attributes = self.assert_solution("s.h5", "solved", 0)
        self.assertEqual(permutation, self.planted.answer)
        self.assertEqual((attributes["seed"], attributes["ranks"], attributes["islands"]), (5, 1, 1))
        self.assertEqual(text(attributes["problem"]), "p.h5")
        self.assertIn("seed = 5\n", text(attributes["options"]))
        self.run_program("verify", "p.h5", "s.h5", "--expect-sha256", keys["sha256"])

    def test_options_in_the_solution_are_a_config_file(self):
        self.run_program("solve", "p.h5", "-o", "s.h5", "--sample-rows", "300")
        with h5py.File(self.folder / "s.h5") as file:
            (self.folder / "again.ini").write_text(text(file.attrs["options"]))
        (self.folder / "s.h5").unlink()
        self.assertEqual(self.run_program("solve", "--config", "again.ini").stdout, self.answer)
        self.assert_solution("s.h5", "solved", 0)

    def test_not_solved_writes_the_best(self):
        result = self.run_program("solve", "p.h5", "-o", "s.h5", *UNREACHABLE, code=NOT_SOLVED)
        self.assertEqual(result.stdout, self.answer)
        self.assertEqual(result_of(result.stderr)["status"], "not_solved")
        permutation, _ = self.assert_solution("s.h5", "not_solved", NOT_SOLVED)
        self.assertEqual(permutation, self.planted.answer)

    def test_limits(self):
        limits = (("--max-evaluations", "1", "evaluations"), ("--time-limit", "1e-9s", "time_limit"))
        for option, value, status in limits:
            result = self.run_program("solve", "p.h5", "-o", "s.h5", "--start", "random", option, value,
                                      code=STOPPED)
            keys = result_of(result.stderr)
            self.assertEqual((keys["status"], keys["exit"]), (status, "4"))
            permutation, _ = self.assert_solution("s.h5", status, STOPPED)
            self.assertEqual(result.stdout, ",".join(map(str, permutation)) + "\n")

    def test_reader_of_the_answer_that_has_gone(self):
        with open("/dev/full", "w") as full:
            result = self.run_program("solve", "p.h5", "-o", "s.h5", code=INTERNAL, stdout=full)
        self.assertIn("standard output cannot be written", result.stderr)
        self.assertTrue((self.folder / "s.h5").exists())


class RefusalTest(SolveTest):
    def test_bad_problems(self):
        self.assert_error(BAD_INPUT, "solve", "nowhere.h5", says="nowhere.h5")
        self.assert_error(BAD_INPUT, "solve", "nowhere.h5", says="nowhere.h5", np=2)
        (self.folder / "foreign.h5").write_text("no HDF5")
        self.assert_error(BAD_INPUT, "solve", "foreign.h5", says="foreign.h5")
        whole = (self.folder / "p.h5").read_bytes()
        (self.folder / "cut.h5").write_bytes(whole[:-100])
        self.assert_error(BAD_INPUT, "solve", "cut.h5", says="cut.h5", np=2)

    def test_output_folder_is_tried_before_the_search(self):
        outputs = {"nowhere/s.h5": "no folder", "/proc/s.h5": "does not take new files", ".": "is a folder"}
        for output, says in outputs.items():
            result = self.assert_error(USAGE, "solve", "p.h5", "-o", output, says=[output, says])
            self.assertNotIn("RESULT", result.stderr)

    def test_read_only_output_folder(self):
        (self.folder / "fixed").mkdir(mode=0o555)
        prefix = []
        if os.geteuid() == 0:
            # Root writes everywhere, unless it gives up that right.
            prefix = ["setpriv", "--bounding-set", "-dac_override", "--"]
            if subprocess.run([*prefix, "true"], stderr=subprocess.DEVNULL).returncode != 0:
                self.skipTest("SKIPPED: root may write everywhere here, and may not give up the right")
        self.assert_error(USAGE, "solve", "p.h5", "-o", "fixed/s.h5", says="does not take new files", prefix=prefix)

    def test_trial_of_the_output_folder_leaves_nothing(self):
        self.run_program("solve", "p.h5", "-o", "s.h5")
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["p.h5", "s.h5"])

    def test_start_files(self):
        (self.folder / "start.txt").write_text(self.planted.answer_text())
        result = self.run_program("solve", "p.h5", "--start", "start.txt")
        self.assertEqual(result.stdout, self.answer)
        (self.folder / "start.txt").write_text("1,2,x")
        self.assert_error(BAD_INPUT, "solve", "p.h5", "--start", "start.txt", says=["start.txt", "entry 3"])
        (self.folder / "start.txt").write_text("1,2,3")
        self.run_program("solve", "p.h5", "--start", "start.txt", code=BAD_INPUT)

    def test_roles_file(self):
        square = Planted(width=16, hidden=16)
        square.write(self.folder / "square.h5")
        (self.folder / "roles.txt").write_text(",".join(map(str, square.answer[:-1:2])))
        result = self.run_program("solve", "square.h5", "--roles", "roles.txt", "-q")
        self.assertEqual(result.stdout, square.answer_text() + "\n")
        self.assert_error(BAD_INPUT, "solve", "p.h5", "--roles", "nowhere.txt", says="nowhere.txt")
        (self.folder / "roles.txt").write_text("1:2")
        self.assert_error(BAD_INPUT, "solve", "p.h5", "--roles", "roles.txt", says="roles.txt")

    def test_unknown_search(self):
        self.assert_error(USAGE, "solve", "p.h5", "--search", "luck", says="luck", np=2)

    def test_impossible_grid(self):
        self.assert_error(USAGE, "solve", "p.h5", "--grid", "3x1", says="3", np=2)


class LogTest(SolveTest):
    def test_table(self):
        log = self.run_program("solve", "p.h5", "--seed", "3", variables={"KINTSUGI_ISLANDS": "1"}).stderr
        self.assertRegex(log, r"^kintsugi \d+\.\d+\.\d+\+\w+(?:-dirty)?  \(\w+, .*products by \w+\)\n"
                              r"host \S+  ranks 1  islands 1  seed 3  \d+-\d\d-\d\d \d\d:\d\d:\d\d UTC\n")
        self.assertIn("options  seed = 3, islands = 1 (environment)\n", log)
        self.assertIn("problem  p.h5: 13 pieces, 600 rows of 8 inputs and 1 prediction\n", log)
        self.assertIn(f"network  6 blocks of width 8, hidden 16, relu; head: piece {self.planted.answer[-1]}\n", log)
        self.assertRegex(log, r"(?m)^pairs    all trusted; smallest score margin \d")
        seeds = [float(mse) for mse in re.findall(r"(?m)^(?:wout|delta|greedy)\S* +(\S+)$", log)]
        self.assertGreater(len(seeds), 3)
        self.assertEqual(seeds, sorted(seeds))
        self.assertRegex(log, r"(?m)^time     load ")
        self.assertNotIn("\r", log)

    def test_quiet_and_off(self):
        for option in ("-q", "--quiet", "--log=off"):
            result = self.run_program("solve", "p.h5", option)
            self.assertEqual((result.stdout, result.stderr), (self.answer, ""))

    def test_json(self):
        log = self.run_program("solve", "p.h5", "--start", "random", "--log", "json").stderr
        records = [json.loads(line) for line in log.splitlines()]
        kinds = [record["record"] for record in records]
        self.assertEqual(kinds[:4], ["start", "network", "pairs", "seeds"])
        self.assertEqual(kinds[-1], "result")
        self.assertIn("row", kinds)
        self.assertEqual(records[-1]["status"], "solved")
        pairs = {(pair["expand"], pair["compress"]) for pair in records[2]["pairs"]}
        answer = self.planted.answer
        self.assertEqual(pairs, set(zip(answer[:-1:2], answer[1::2])))

    def test_logs_and_solutions_without_times_can_be_compared(self):
        runs = []
        for np in (1, 2):
            result = self.run_program("solve", "p.h5", "-o", "s.h5", "--no-times", "--start", "random", np=np)
            runs.append((result.stdout, result.stderr, (self.folder / "s.h5").read_bytes()))
        self.assertIn(" I ", runs[0][1])
        self.assertEqual(runs[0], runs[1])
        self.assertNotIn("seconds", runs[0][1])

    def test_only_rank_0_speaks(self):
        result = self.run_program("solve", "p.h5", np=3)
        self.assertEqual(result.stdout, self.answer)
        self.assertEqual(result.stderr.count("RESULT"), 1)
        self.assertIn("ranks 3", result.stderr)

    def test_not_solved_on_every_rank(self):
        self.run_program("solve", "p.h5", *UNREACHABLE, np=3, code=NOT_SOLVED)


class SignalTest(ProgramTest):
    """Stops a run that would take long: many blocks from a random order, to an error that cannot be reached."""

    def command(self, output="s.h5"):
        Planted(blocks=48, width=32, rows=4000).write(self.folder / "p.h5")
        return [harness.PROGRAM, "solve", "p.h5", "-o", output, "--start", "random", *UNREACHABLE]

    def start(self, *prefix, **options):
        process = subprocess.Popen([*prefix, *self.command(**options)], cwd=self.folder, env=clean_environment(),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        # The log's first line comes when signals are caught.
        self.assertTrue(process.stderr.readline().startswith("kintsugi "))
        return process

    def assert_stopped(self, process):
        out, log = process.communicate(timeout=60)
        self.assertEqual(process.returncode, STOPPED, log)
        self.assertIn("RESULT status=interrupted exit=4 ", log)
        with h5py.File(self.folder / "s.h5") as file:
            self.assertEqual((text(file.attrs["status"]), file.attrs["exit_code"]), ("interrupted", STOPPED))
            self.assertEqual(out, ",".join(map(str, file["permutation"][:])) + "\n")

    def test_signals_stop_and_write(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
            process = self.start()
            process.send_signal(number)
            self.assert_stopped(process)
            (self.folder / "s.h5").unlink()

    def test_mpirun_hands_on_usr1(self):
        process = self.start(str(harness.MPIRUN), "2")
        process.send_signal(signal.SIGUSR1)
        out, log = process.communicate(timeout=60)
        self.assertEqual(process.returncode, STOPPED, log)
        self.assertIn("RESULT status=interrupted exit=4 ", log)

    def test_progress_line_on_a_terminal(self):
        leader, follower = os.openpty()
        process = subprocess.Popen(self.command(), cwd=self.folder, env=clean_environment(), stdout=follower,
                                   stderr=follower)
        os.close(follower)
        said = b""
        told = False
        line = rb"\r\x1b\[K(\x1b\[2m)?\d+ s, best \S+, (\d+ evals/s, )?step \d+: [a-z ]+, 48/48 pairs sure"
        try:
            while chunk := os.read(leader, 4096):
                said += chunk
                if not told and re.search(line, said):
                    process.send_signal(signal.SIGTERM)
                    told = True
        except OSError:  # how Linux reports that the other end is closed
            pass
        os.close(leader)
        process.wait(timeout=60)
        self.assertEqual(process.returncode, STOPPED)
        self.assertRegex(said, line)
        # The last thing but the answer is the verdict.
        self.assertRegex(said, rb"RESULT status=interrupted .*\r\n\r\nverdict      .*not solved: stopped by a signal.*\r\n"
                               rb"(?:[a-z ]{13}.*\r\n)+\d+,\d+[\d,]+\r\n$")

    def test_progress_line_under_mpirun(self):
        """On mpirun's terminal, and a line every few seconds where there is none."""
        leader, follower = os.openpty()
        for terminal in (True, False):
            process = subprocess.Popen([str(harness.MPIRUN), "2", *self.command()], cwd=self.folder,
                                       env=clean_environment(TERM="xterm"), stdout=subprocess.DEVNULL,
                                       stderr=follower if terminal else subprocess.PIPE)
            said = b""
            stream = leader if terminal else process.stderr.fileno()
            awaited = b"\r\x1b[K" if terminal else b"\nnow      "
            while awaited not in said:
                said += os.read(stream, 4096)
            process.send_signal(signal.SIGUSR1)
            while b"\nverdict " not in said:
                said += os.read(stream, 4096)
            process.communicate(timeout=60)
            self.assertEqual(b"\x1b[" in said, terminal)
            self.assertEqual(b"\nnow      " in said, not terminal)
            if not terminal:
                self.assertRegex(said, rb"\nnow      \d\d:\d\d:\d\d, \d+ s, best \S+ on \d+ rows, \d+ evals/s, step \d+: ")
        os.close(leader)
        os.close(follower)

    def test_answer_goes_to_stdout_even_if_the_file_cannot_be_written_in_the_end(self):
        (self.folder / "results").mkdir()
        process = self.start(output="results/s.h5")
        (self.folder / "results").rmdir()
        process.send_signal(signal.SIGTERM)
        out, log = process.communicate(timeout=60)
        self.assertEqual(process.returncode, INTERNAL, log)
        self.assertEqual(sorted(map(int, out.split(","))), list(range(97)))
        self.assertRegex(log, r"(?m)^kintsugi: error: results/s.h5: ")
        self.assertIn("RESULT status=interrupted exit=5 ", log)

    def test_second_interrupt_ends_at_once(self):
        process = self.start()
        process.send_signal(signal.SIGSTOP)  # both are waiting when it goes on
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGCONT)
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
        self.assertEqual(process.returncode, -signal.SIGINT)
        self.assertFalse((self.folder / "s.h5").exists())


if __name__ == "__main__":
    main()
