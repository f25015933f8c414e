"""Ways of being stopped: the exit code, and what is on disk. How soon, stops.py measures by hand, at large sizes, too."""

import os
import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import harness
import stops
from harness import ProgramTest, main

LIMIT = 60  # seconds: no machine is so busy


class StopsTest(ProgramTest):
    def assert_stops(self, launcher):
        program = pathlib.Path(harness.PROGRAM).resolve()
        size = stops.SIZES["small"]
        size.limit = LIMIT
        self.run_program(*size.generate(program, self.folder, "small")[1:], "-q")
        for way in stops.WAYS:
            with self.subTest(way=way, launcher=launcher):
                measured = stops.measure(program, "small", way, launcher, 1, "random", self.folder, ordered=True)
                if measured:
                    self.assertTrue(measured[1], measured[0])

    def test_alone(self):
        self.assert_stops("alone")

    def test_under_mpirun(self):
        self.assert_stops("mpirun")

    def start_ranks(self):
        """A search on two ranks that has an order on disk; its ranks, first things first."""
        program = pathlib.Path(harness.PROGRAM).resolve()
        size = stops.SIZES["small"]
        self.run_program(*size.generate(program, self.folder, "small")[1:], "-q")
        run = stops.Run(program, size, "small", self.folder, "mpirun", ("--start", "random"))
        self.addCleanup(run.scratch.cleanup)
        self.addCleanup(run.process.kill)
        run.wait(1, ordered=True)
        return run

    def test_a_lost_rank_is_named(self):
        for which in (0, -1):
            run = self.start_ranks()
            rank = sorted(run.ranks)[which][0]
            os.kill(rank, signal.SIGKILL)
            run.end(time.monotonic())
            said = run.said.decode()
            self.assertRegex(said, rf"kintsugi: error: rank [01] \(process {rank}\) is lost")
            self.assertIn(run.on_disk(), ("unfinished", "interrupted"))

    def test_the_end_of_a_suspension_ends_nothing(self):
        run = self.start_ranks()
        run.process.send_signal(signal.SIGTSTP)  # as Ctrl-Z
        while not all(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"
                      for pid, _ in run.ranks):
            time.sleep(0.01)
        time.sleep(0.5)
        run.process.send_signal(signal.SIGCONT)
        time.sleep(2)
        self.assertTrue(all(map(stops.lives, run.ranks)), "the search goes on")
        run.process.send_signal(signal.SIGUSR1)
        run.end(time.monotonic())
        self.assertIn("stop     SIGUSR1", run.said.decode())
        self.assertEqual(run.process.returncode, stops.STOPPED)


if __name__ == "__main__":
    main()
