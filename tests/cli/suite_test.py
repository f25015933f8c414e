"""bench --suite: a table of how every problem of a folder is solved."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from harness import BAD_INPUT, NOT_SOLVED, Planted, ProgramTest, main


class SuiteTest(ProgramTest):
    def rows(self, result):
        lines = result.stdout.splitlines()
        self.assertEqual(lines[0].split()[:4], ["problem", "seed", "status", "mse"])
        return [line.split() for line in lines[1:-1]], lines[-1]

    def test_every_problem_and_seed_has_a_line(self):
        one, other = Planted(), Planted(blocks=8, seed=2)
        suite = self.folder / "suite"
        suite.mkdir()
        one.write(suite / "one.h5")
        (suite / "one.answer.txt").write_text(one.answer_text())
        other.write(suite / "other.h5")
        (suite / "notes.txt").write_text("not a problem")
        self.run_program("solve", "suite/one.h5", "-o", "suite/solution.h5")
        for ranks in (None, 2):
            result = self.run_program("bench", "--suite", "suite", "--seeds", "2", np=ranks)
            rows, last = self.rows(result)
            self.assertEqual([row[:3] for row in rows],
                             [["one", "1", "solved"], ["one", "2", "solved"], ["other", "1", "solved"],
                              ["other", "2", "solved"]])
            self.assertEqual(rows[0][4:6], ["6/6", "1.0000"])
            self.assertEqual(rows[2][4:6], ["-", "-"], "there is no answer to compare with")
            self.assertTrue(last.startswith("RESULT solved=4 of=4 "), last)

    def test_what_is_not_solved_shows(self):
        planted = Planted(blocks=12)
        planted.write(self.folder / "hard.h5")
        (self.folder / "hard.answer.txt").write_text(planted.answer_text())
        result = self.run_program("bench", "--suite", ".", "--start", "random", "--max-evaluations", "1",
                                  code=NOT_SOLVED)
        rows, last = self.rows(result)
        self.assertEqual(rows[0][2], "evaluations")
        self.assertLess(float(rows[0][5]), 1)
        self.assertTrue(last.startswith("RESULT solved=0 of=1 "), last)

    def test_bad_folders(self):
        self.assert_error(BAD_INPUT, "bench", "--suite", "nowhere", says="nowhere: cannot be read")
        (self.folder / "empty").mkdir()
        self.assert_error(BAD_INPUT, "bench", "--suite", "empty", says="empty: holds no problem file")

    def test_an_answer_of_another_network(self):
        Planted().write(self.folder / "one.h5")
        (self.folder / "one.answer.txt").write_text("0,1,99")
        result = self.run_program("bench", "--suite", ".", code=BAD_INPUT)
        self.assertIn("one.answer.txt: names piece 99", result.stderr)


if __name__ == "__main__":
    main()
