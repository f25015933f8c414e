"""bench --suite: a table of how every problem of a folder is solved."""

import csv
import io
import json
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

    def test_csv_and_json(self):
        planted = Planted(blocks=12)
        (self.folder / "suite").mkdir()
        planted.write(self.folder / "suite/hard, \"x\".h5")
        (self.folder / "suite/hard, \"x\".answer.txt").write_text(planted.answer_text())
        Planted(seed=3).write(self.folder / "suite/other.h5")
        common = ("bench", "--suite", "suite", "--start", "random", "--max-evaluations", "1")
        rows = list(csv.DictReader(io.StringIO(self.run_program(*common, "--format", "csv", code=NOT_SOLVED).stdout)))
        lines = [json.loads(line) for line in
                 self.run_program(*common, "--format", "json", code=NOT_SOLVED, np=2).stdout.splitlines()]
        self.assertEqual([line["record"] for line in lines], ["solve", "solve", "summary"])
        self.assertEqual((lines[2]["solved"], lines[2]["of"]), (0, 2))
        for row, line in zip(rows, lines):
            self.assertEqual(list(row), [name for name in line if name != "record"])
            for name, text in row.items():
                if not name.endswith("seconds"):
                    value = line[name]
                    self.assertEqual(float(text) if isinstance(value, float) else text or None,
                                     round(value, 6) if name == "kendall_tau" and value else
                                     float(f"{value:.9g}") if isinstance(value, float) else
                                     None if value is None else str(value))
        # What is not solved carries pairs and tau, too.
        self.assertEqual((rows[0]["problem"], rows[0]["status"], rows[0]["blocks"]), ('hard, "x"', "evaluations", "12"))
        self.assertRegex(rows[0]["pairs"], r"^\d+/12$")
        self.assertLess(float(rows[0]["kendall_tau"]), 1)
        self.assertEqual((rows[1]["pairs"], rows[1]["kendall_tau"]), ("", ""))

    def test_folders_of_pieces_are_problems_too(self):
        planted = Planted(blocks=8, seed=4)
        for name in ("suite/puzzle", "suite/notes"):
            (self.folder / name).mkdir(parents=True)
        planted.write_pieces(self.folder / "suite/puzzle/pieces")
        planted.write_csv(self.folder / "suite/puzzle/data.csv")
        (self.folder / "suite/puzzle/answer.txt").write_text(planted.answer_text())
        (self.folder / "suite/notes/read.me").write_text("no puzzle")
        Planted().write(self.folder / "suite/one.h5")
        before = sorted(self.folder.rglob("*"))
        for np in (None, 2):
            rows, last = self.rows(self.run_program("bench", "--suite", "suite", np=np))
            self.assertEqual([row[:3] for row in rows], [["one", "1", "solved"], ["puzzle", "1", "solved"]])
            self.assertEqual(rows[1][4:6], ["8/8", "1.0000"])
        self.assertEqual(sorted(self.folder.rglob("*")), before, "nothing is left behind")
        # One of either alone; and a folder that solve has been at.
        for path in ("suite/one.h5", "suite/puzzle", "suite/puzzle/"):
            rows, _ = self.rows(self.run_program("bench", "--suite", path))
            self.assertEqual([row[0] for row in rows], [path.strip("/").split("/")[1].removesuffix(".h5")])
        self.run_program("solve", "suite/puzzle")
        rows, _ = self.rows(self.run_program("bench", "--suite", "suite"))
        self.assertEqual([row[0] for row in rows], ["one", "puzzle"])

    def test_says_how_far_it_is(self):
        Planted(blocks=48, width=32, rows=4000).write(self.folder / "long.h5")
        result = self.run_program("bench", "--suite", ".", "--start", "random", "--search", "bubble", "--seeds", "2",
                                  "--time-limit", "6s", code=NOT_SOLVED)
        self.assertRegex(result.stderr, r"(?m)^now      1 of 2: long, seed 1, \d+ s, best \S+, step \d+: [a-zA-Z -]+$")
        self.assertNotIn("now", result.stdout)

    def test_bad_folders(self):
        self.assert_error(BAD_INPUT, "bench", "--suite", "nowhere", says="nowhere: cannot be read")
        (self.folder / "empty").mkdir()
        self.assert_error(BAD_INPUT, "bench", "--suite", "empty", says="empty: holds no problem: ")

    def test_an_answer_of_another_network(self):
        Planted().write(self.folder / "one.h5")
        (self.folder / "one.answer.txt").write_text("0,1,99")
        result = self.run_program("bench", "--suite", ".", code=BAD_INPUT)
        self.assertIn("one.answer.txt: names piece 99", result.stderr)


if __name__ == "__main__":
    main()
