"""jobs/sweep.py: the figures of its table, and what it refuses."""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "jobs/sweep.py"
HEADER = "kind,ranks,blocks,repeat,status,evaluations,search_seconds,total_seconds"


class SweepTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="kintsugi-test-")
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def sweep(self, *lines, code=0, header=HEADER):
        path = self.folder / "sweep.csv"
        path.write_text("\n".join([header, *lines]) + "\n")
        result = subprocess.run([sys.executable, SCRIPT, path], text=True, capture_output=True)
        self.assertEqual(result.returncode, code, result.stderr)
        return result

    def figures(self, *lines):
        """The numbers in each line of the table; of "median (least-most)" all three."""
        table = self.sweep(*lines).stdout.splitlines()[2:]
        return [[float(word) for word in re.findall(r"[\d.]+", line)] for line in table]

    def test_strong_scaling_compares_medians_of_search_times(self):
        rows = self.figures("strong,1,48,1,solved,100,4,5", "strong,4,48,1,solved,100,1.25,3",
                            "strong,1,48,2,solved,100,9,5", "strong,1,48,3,solved,100,5,7")
        self.assertEqual(rows, [[1, 48, 3, 3, 100, 5, 4, 9, 5, 1, 100], [4, 48, 1, 1, 100, 1.25, 1.25, 1.25, 3, 4, 100]])

    def test_unsolved_runs_count_and_their_times_do_not(self):
        rows = self.figures("strong,1,48,1,solved,100,4,5", "strong,1,48,2,time_limit,900,60,60",
                            "strong,2,48,1,not_solved,100,2,3")
        self.assertEqual(rows, [[1, 48, 2, 1, 100, 4, 4, 4, 5, 1, 100], [2, 48, 1, 0, 100, 2, 2, 2, 3, 2, 100]])

    def test_one_bad_run_does_not_end_the_table(self):
        result = self.sweep("weak,1,24,1,solved,100,1,2", "weak,2,48,1,solved,0,0.5,1", "weak,4,96,1,solved,100,2,3")
        self.assertIn("line 3: solved without a search", result.stderr)
        self.assertEqual([line.split()[0] for line in result.stdout.splitlines()[2:]], ["1", "4"])

    def test_efficiency_counts_from_the_fewest_ranks(self):
        (*_, first), (*_, speedup, efficiency) = self.figures("strong,2,48,1,solved,100,6,7", "strong,8,48,1,solved,100,3,4")
        self.assertEqual((first, speedup, efficiency), (100, 2, 50))

    def test_weak_scaling_compares_times_for_an_evaluation(self):
        rows = self.figures("weak,1,24,1,solved,100,1,2", "weak,4,96,1,solved,1000,20,30")
        self.assertEqual([row[-5:] for row in rows],
                         [[0.01, 0.01, 0.01, 1, 100], [0.02, 0.02, 0.02, 2, 50]])

    def test_what_is_no_sweep_is_refused(self):
        for says, lines, header in (("needs the header", ["1,2"], "a,b"), ("and a run", [], HEADER),
                                    ("line 2: ranks", ["strong,0,48,1,solved,100,4,5"], HEADER),
                                    ("line 2: invalid literal", ["strong,one,48,1,solved,100,4,5"], HEADER),
                                    ("solved without a search", ["weak,1,48,1,solved,0,4,5"], HEADER),
                                    ("must be strong or weak", ["strong,1,8,1,solved,1,1,1", "weak,1,8,1,solved,1,1,1"],
                                     HEADER)):
            with self.subTest(says):
                self.assertIn(says, self.sweep(*lines, code=1, header=header).stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
