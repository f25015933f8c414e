"""watch: how far a run is, from files that are still being written, on a terminal and elsewhere."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import harness
from harness import BAD_INPUT, NOT_SOLVED, STOPPED, Planted, ProgramTest, clean_environment, main
from manual_test import Terminal

# Would take long: from a random order, to an error that cannot be reached.
ENDLESS = ("--start", "random", "--search", "bubble", "--tolerance", "1e-30")
START = {"record": "start", "host": "elsewhere", "process": 1}
PAIRS = {"record": "pairs", "pairs": [{"trusted": True}, {"trusted": True}, {"trusted": False}]}


def row(step, best, seconds, event="I", mse=0.5):
    return {"record": "row", "event": event, "step": step, "rows": 512, "mse": mse, "best": best, "evaluations": 10 * step,
            "seconds": seconds}


def result(status="solved", code=0):
    return {"record": "result", "text": f"{status}: it is so (MSE 1)", "exit": code, "mse": 1e-14, "rows": 4000,
            "evaluations": 99, "seconds": {"total": 75.5}}


class WatchTest(ProgramTest):
    def write(self, name, *records, end="\n", mode="w"):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, mode) as file:
            file.write("\n".join(json.dumps(record) for record in records) + end)
        return path

    def once(self, path, code=0):
        return self.run_program("watch", path, "--once", code=code).stdout

    def start(self, *arguments):
        process = subprocess.Popen([harness.PROGRAM, "watch", *arguments, "--interval", "0.1"], cwd=self.folder,
                                   env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def lines_until(self, process, pattern):
        lines = []
        while not lines or not re.search(pattern, lines[-1]):
            line = process.stdout.readline()
            self.assertNotEqual(line, "", lines)
            lines.append(line)
        return lines


class LogTest(WatchTest):
    def test_what_a_log_tells(self):
        self.write("run.jsonl", START, PAIRS, row(1, 0.25, 1), row(5, 0.125, 3, event="K"),
                   {"record": "exchange", "elites": 2, "same_order": 0.75})
        self.assertEqual(self.once("run.jsonl").splitlines(), [
            "run     run.jsonl", "state   running, step 5: kick, 3 s", "error   best 1.25e-01 on 512 rows, from 5.00e-01 at the start",
            "rate    50 evaluations, 20 evals/s", "sure    2/3 pairs sure, islands agree on 75 %"])
        self.write("one.jsonl", START, PAIRS, row(1, 0.25, 1), {"record": "progress", "doing": "step 1: kick", "elapsed": 9,
                                                                "kept_order": 0.985, "kept_seconds": 30})
        self.assertEqual(self.once("one.jsonl").splitlines()[-1], "sure    2/3 pairs sure, order 98.5 % as 30 s ago")

    def test_a_line_that_is_being_written_is_waited_for(self):
        whole = json.dumps(row(6, 0.0625, 4))
        path = self.write("run.jsonl", START, row(5, 0.125, 3), end="\n" + whole[:20])
        process = self.start("run.jsonl")
        self.lines_until(process, "step 5")
        with open(path, "a") as file:
            file.write(whole[20:])
            file.flush()
            time.sleep(0.3)
            file.write("\nno JSON at all\n[1, 2]\n")
        self.lines_until(process, "step 6: insertion, 4 s, best 6.25e-02")
        self.write("run.jsonl", result(), mode="a")
        lines = self.lines_until(process, "ended")
        self.assertRegex(lines[-1], r"^\d\d:\d\d:\d\d ended, solved, 1:15, best 1.00e-14 on 4000 rows")
        self.assertEqual(process.wait(timeout=30), 0)
        self.assertFalse([line for line in lines if "\x1b" in line])

    def test_a_run_that_begins_anew(self):
        self.write("run.jsonl", START, row(5, 0.125, 3), result("not solved", 4), START, row(7, 0.5, 9))
        self.assertIn("state   running, step 7: insertion, 9 s", self.once("run.jsonl"))
        process = self.start("run.jsonl")
        self.lines_until(process, "step 7")
        self.write("run.jsonl", START, row(2, 0.5, 1))  # shorter than before
        self.lines_until(process, "step 2")

    def test_a_run_that_is_gone(self):
        ended = subprocess.Popen(["true"])
        ended.wait()
        path = self.write("run.jsonl", {**START, "host": os.uname().nodename, "process": ended.pid}, row(5, 0.125, 3))
        self.assertIn("state   running", self.once("run.jsonl"), "it may just be silent")
        os.utime(path, (time.time() - 100, time.time() - 100))
        self.assertIn("state   lost, gone without a word", self.once("run.jsonl", code=STOPPED))
        self.write("run.jsonl", {**START, "host": os.uname().nodename, "process": os.getpid()}, row(5, 0.125, 3))
        os.utime(path, (time.time() - 100, time.time() - 100))
        self.assertRegex(self.once("run.jsonl"), r"state   running, step 5: insertion, silent for 1:4\d, 3 s")

    def test_the_exit_code_is_the_runs(self):
        for status, code in (("solved", 0), ("not solved", NOT_SOLVED), ("not solved", STOPPED)):
            self.write("run.jsonl", START, result(status, code))
            self.assertIn(f"ended, {status}", self.run_program("watch", "run.jsonl", code=code).stdout)


class RealRunTest(WatchTest):
    """Beside a solve."""

    def solve(self, *arguments):
        Planted(blocks=48, width=32, rows=4000).write(self.folder / "p.h5")
        process = subprocess.Popen([harness.PROGRAM, "solve", "p.h5", *ENDLESS, *arguments], cwd=self.folder,
                                   env=clean_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def wait_for(self, name):
        end = time.monotonic() + 60
        while not (self.folder / name).exists() or (self.folder / name).stat().st_size == 0:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)

    def test_json_log(self):
        solve = self.solve("--log", "off", "--log", "json:run.jsonl")
        self.wait_for("run.jsonl")
        watch = self.start("run.jsonl")
        self.lines_until(watch, r"running, step \d+: bubble repair, \d+ s, best \S+ on 512 rows, .*48/48 pairs sure")
        solve.send_signal(signal.SIGUSR1)
        self.lines_until(watch, r"ended, not solved")
        self.assertEqual(watch.wait(timeout=60), STOPPED)

    def test_checkpoint(self):
        solve = self.solve("--checkpoint", "c.h5", "--checkpoint-interval", "0.01")
        self.wait_for("c.h5")
        watch = self.start("c.h5")
        self.lines_until(watch, r"running, step \d+: bubble repair")
        solve.send_signal(signal.SIGUSR1)
        self.lines_until(watch, r"ended, no run writes it; the last was at step \d+")
        self.assertEqual(watch.wait(timeout=60), STOPPED)
        # The one before does where the newest is torn.
        torn = (self.folder / "c.h5").read_bytes()[:-50]
        (self.folder / "c.h5").write_bytes(torn)
        (self.folder / "run").mkdir()
        (self.folder / "c.h5").rename(self.folder / "run/checkpoint.h5")
        self.assertTrue((self.folder / "c.h5.previous").rename(self.folder / "run/checkpoint.h5.previous"))
        self.assertIn("no run writes it", self.once("run", code=STOPPED))

    def test_solution(self):
        solve = self.solve("-o", "s.h5")
        self.wait_for("s.h5")
        watch = self.start("s.h5")
        self.lines_until(watch, r"running, the best order so far, best \S+ on \d+ rows")
        solve.send_signal(signal.SIGUSR1)
        self.lines_until(watch, r"ended, interrupted")
        self.assertEqual(watch.wait(timeout=60), STOPPED)


class ArrayTest(WatchTest):
    def test_tasks_side_by_side(self):
        self.write("array/task-2/log.jsonl", START, PAIRS, row(5, 0.125, 3), row(9, 0.0625, 5))
        self.write("array/task-10/log.jsonl", START, row(5, 0.25, 3))
        (self.folder / "array/other").mkdir()
        (self.folder / "array/tasks.csv").touch()
        lines = self.once("array").splitlines()
        self.assertEqual(re.split(r"  +", lines[0]), ["run", "state", "best", "rows", "evals", "evals/s", "pairs", "time"])
        self.assertRegex(lines[1], r"^task-2 +step 9: insertion  6.25e-02   512 +90 +20 +2/3   5 s$")
        self.assertRegex(lines[2], r"^task-10 ")
        self.assertEqual(lines[3], "2 running, best 6.25e-02 on 512 rows by task-2, 20 evals/s")
        watch = self.start("array")
        self.lines_until(watch, "^..:..:.. 2 running")
        # A third begins, one solves it, the others are stopped.
        self.write("array/task-11/log.jsonl", START)
        self.lines_until(watch, "3 running")
        self.write("array/task-10/log.jsonl", result(), mode="a")
        self.lines_until(watch, "1 solved, 2 running, best 1.00e-14 on 4000 rows by task-10")
        for name in ("task-2", "task-11"):
            self.write(f"array/{name}/log.jsonl", result("not solved", STOPPED), mode="a")
        self.lines_until(watch, "1 solved, 2 ended")
        self.assertEqual(watch.wait(timeout=30), 0)

    def test_before_the_first_task(self):
        (self.folder / "array").mkdir()
        watch = self.start("array")
        self.lines_until(watch, "no run yet")
        self.write("array/task-1/log.jsonl", START, result())
        self.lines_until(watch, "1 solved")


class TerminalTest(WatchTest):
    def test_in_place_and_coloured(self):
        self.write("run.jsonl", START, row(5, 0.125, 3))
        terminal = Terminal([harness.PROGRAM, "watch", self.folder / "run.jsonl", "--interval", "0.1"], columns=80)
        while "\033[4A\r\033[J" not in terminal.shown:
            self.assertTrue(terminal.read(5))
        self.assertIn("\033[1mstate   running, step 5: insertion, 3 s\033[0m", terminal.shown)
        self.write("run.jsonl", result("solved in a way that takes many words, more than there are columns here to hold"), mode="a")
        shown = terminal.rest()
        self.assertIn("\033[1;32mstate   ended, solved in a way", shown)
        for line in re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", shown).splitlines():
            self.assertLess(len(line), 80)


    def test_more_runs_than_rows(self):
        """In place as long as it runs: the best of them, and how many are left out."""
        for i in range(1, 61):
            self.write(f"array/task-{i}/log.jsonl", START, PAIRS, row(5, 0.5 + i / 1000, 3))
        self.write("array/task-50/log.jsonl", row(99, 0.125, 5), mode="a")
        terminal = Terminal([harness.PROGRAM, "watch", self.folder / "array", "--interval", "0.1"], columns=80)
        while "\033[39A\r\033[J" not in terminal.shown:  # forty rows have room for no more
            self.assertTrue(terminal.read(5))
        terminal.close()
        shown = terminal.shown[:terminal.shown.index("\033[39A")].split("\033[J")[-1]
        first = re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()
        self.assertEqual([line.split()[0] for line in first[1:37]], [*(f"task-{i}" for i in range(1, 36)), "task-50"])
        self.assertEqual(first[37], "... and 24 more")
        self.assertTrue(first[38].startswith("60 running, best 1.25e-01 "), first[38])


class RefusalTest(WatchTest):
    def test_what_is_no_run(self):
        self.assert_error(BAD_INPUT, "watch", "nowhere", says="nowhere: does not exist")
        (self.folder / "notes.txt").write_text("no run")
        self.assert_error(BAD_INPUT, "watch", "notes.txt", says="notes.txt: is no run to watch")
        Planted().write(self.folder / "p.h5")
        self.assert_error(BAD_INPUT, "watch", "p.h5", says="p.h5")


if __name__ == "__main__":
    main()
