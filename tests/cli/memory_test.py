"""solve --memory: what the tables of the search take is what was asked for at most."""

import contextlib
import os
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from harness import ProgramTest, main

MEGA = 10 ** 6
MOST = 1.1  # of what was asked for
# Linux's first kind of control groups; of the second kind, tests seldom may make any.
GROUPS = pathlib.Path("/sys/fs/cgroup/memory")
ENTER = 'echo $$ >"$0/cgroup.procs" && exec "$@"'


@contextlib.contextmanager
def memory_group(limit):
    """A control group whose processes are killed beyond so many bytes; None where none can be made."""
    group = GROUPS / f"kintsugi-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError:
        yield None
        return
    try:
        (group / "memory.limit_in_bytes").write_text(str(int(limit)))
        yield group
    finally:
        for _ in range(50):  # who was killed may take a while to leave
            try:
                group.rmdir()
                break
            except OSError:
                time.sleep(0.1)


class MemoryTest(ProgramTest):
    def setUp(self):
        super().setUp()
        if "-fsanitize" in self.run_program("--version").stdout:
            self.skipTest("SKIPPED: sanitizers take memory of their own")
        # All effects of pairs would take 110 MB.
        self.run_program("generate", "--blocks", 96, "--width", 12, "--hidden", 16, "--rows", 3000, "--seed", 3,
                         "-o", "p.h5", "--answer", "p.txt")

    def solve(self, megabytes, **options):
        """One rank, on all rows, with the annealing's table, too."""
        return self.run_program("solve", "p.h5", "-o", "s.h5", "--start", "random", "--search", "annealing",
                                "--sample-rows", 3000, "--max-evaluations", 60, "--memory", f"{megabytes}M",
                                code=None, **options)

    def peak(self, megabytes):
        """Largest resident memory, in MB."""
        log = self.solve(megabytes).stderr
        return float(re.search(r"memory +rank 0 held at most ([\d.]+) MB", log).group(1))

    def test_tables_take_no_more_than_was_asked_for(self):
        least = self.peak(1)
        for asked in (16, 48):
            with self.subTest(asked=asked):
                taken = self.peak(asked) - least
                self.assertLess(taken, MOST * asked)
                self.assertGreater(taken, 0.4 * asked, "the tables have a use for more than this")

    def test_a_solve_survives_where_no_more_is_to_be_had(self):
        asked = 48
        limit = self.peak(1) + MOST * asked
        with memory_group(limit * MEGA) as group:
            if group is None:
                self.skipTest(f"SKIPPED: no control group for memory can be made in {GROUPS}")
            confined = ("sh", "-c", ENTER, str(group))
            result = self.solve(asked, prefix=confined)
            self.assertIn("RESULT status=", result.stderr, f"killed at {limit:.0f} MB")
            # The limit is one: who asks for all that the tables could take is killed.
            result = self.solve(1000, prefix=confined)
            self.assertNotIn("RESULT status=", result.stderr)


if __name__ == "__main__":
    main()
