"""jobs/vary-parameters.py: what it runs, what it keeps, and the table."""

import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import harness
from harness import ROOT, Planted, ProgramTest, clean_environment, main

SCRIPT = ROOT / "jobs/vary-parameters.py"


class VaryParametersTest(ProgramTest):
    def setUp(self):
        super().setUp()
        (self.folder / "suite").mkdir()
        for name, seed in (("one", 1), ("two words", 2)):
            Planted(seed=seed).write(self.folder / "suite" / f"{name}.h5")

    def vary(self, *arguments, code=0, program=None):
        command = [sys.executable, SCRIPT, "suite", "--program", program or harness.PROGRAM, *arguments]
        result = subprocess.run([str(word) for word in command], cwd=self.folder, env=clean_environment(), text=True,
                                capture_output=True, timeout=300)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return result.stderr if code else result.stdout

    def test_a_group(self):
        table = self.vary("--only", "preparation", "--", "--start", "random", "--max-evaluations", "40")
        rows = [line.split() for line in table.splitlines()]
        self.assertEqual(rows[0], ["parameter", "value", "solved", "evaluations", "same"])
        self.assertEqual(rows[1][0], "(defaults)")
        self.assertEqual([row[:2] for row in rows[2:6]],
                         [["preparation.start_rows", "64->32"], ["preparation.start_rows", "64->128"],
                          ["preparation.first_sample_rows", "512->256"], ["preparation.first_sample_rows", "512->1024"]])
        for row in rows[2:6]:
            self.assertRegex(" ".join(row[2:]), r"^[0-2]/2 \d+\.\d{3} [0-2]/2$")
        # One random start is not ranked by its error.
        self.assertIn("idle on this suite: preparation.start_rows", table.splitlines()[-1])

    def test_goes_on_where_it_was_interrupted(self):
        whole = self.vary("--only", "preparation.start_rows")
        kept = (self.folder / "vary-parameters.csv").read_text().splitlines()
        self.assertEqual(len(kept), 2 + 3 * 2)
        # Without the last run's lines; a program that can do nothing but say what it is shows what is run again.
        (self.folder / "vary-parameters.csv").write_text("\n".join(kept[:-2]) + "\n")
        counting = self.folder / "counting.sh"
        counting.write_text(f"#!/bin/sh\necho \"$*\" >>calls\nexec {harness.PROGRAM} \"$@\"\n")
        counting.chmod(0o755)
        self.assertEqual(self.vary("--only", "preparation.start_rows", program=counting), whole)
        calls = (self.folder / "calls").read_text().splitlines()
        self.assertEqual(sum("--suite" in call for call in calls), 1, calls)
        self.assertEqual((self.folder / "vary-parameters.csv").read_text().splitlines(), kept)

    def test_values_stay_in_their_range(self):
        table = self.vary("--only", "preparation.start_rows", "--factors", "0.001,1,1e9", "--", "--max-evaluations", "1")
        self.assertIn("64->1 ", table)
        self.assertIn("64->1000000 ", table)
        self.assertEqual(table.count("preparation.start_rows "), 2)

    def test_under_a_launcher(self):
        self.assertIn("64->32", self.vary("--only", "preparation.start_rows", "--launcher", f"{harness.MPIRUN} 2"))

    def test_what_is_refused(self):
        self.assertIn("no parameter of 'nothing'", self.vary("--only", "nothing", code=1))
        self.assertIn("could not convert", self.vary("--factors", "x", code=1))
        self.assertIn("exit code 1", self.vary("--", "--no-such-option", code=1))
        self.vary("--only", "preparation.start_rows")
        self.assertIn("holds another study", self.vary("--only", "preparation", "--", "--seeds", "2", code=1))


if __name__ == "__main__":
    main()
