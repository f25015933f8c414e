"""report of many runs: solutions, tables, sweeps and arrays on one page, and as text."""

import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE)]

import numpy

from browser import TEXTS_THAT_COLLIDE, WIDER_THAN_THE_PAGE, Browser, needs_browser
from files import Sample
from harness import BAD_INPUT, USAGE, Planted, ProgramTest, main

BLOCKS = 6
SWEEP = """kind,ranks,blocks,repeat,status,evaluations,search_seconds,total_seconds
strong,2,48,1,solved,100,8,9
strong,8,48,1,solved,100,4,5
strong,2,48,2,solved,100,10,11
strong,8,48,2,not_solved,100,2,3
strong,2,48,3,solved,100,8,10
"""
SUITE = [("net, one", 1, "solved", 1e-14, "6/6", 1.0, 40, 0.5, 0.75),
         ("net, one", 2, "time_limit", 3e-3, "5/6", 0.875, 900, 10.0, 10.5),
         ("two", 1, "noise", 2e-5, "-", "-", 70, 1.5, 2.0)]
COLUMNS = ["problem", "seed", "status", "mse", "pairs", "tau", "evaluations", "search_seconds", "total_seconds"]


class RunsTest(ProgramTest):
    def solution(self, name, search="auto", seed=1, evaluations=100, solved=True, problem="p.h5", marks="ab",
                 random=1, **attributes):
        """A solution file; `marks`: of the problem's weights and rows."""
        sample = Sample(numpy.random.default_rng(random).permutation(2 * BLOCKS + 1), islands=2)
        sample.attributes.update(
            target=sample.trajectory["best"].min() / 2, status="solved" if solved else "evaluations", evaluations=evaluations, problem=problem,
            options=f"problem = {problem}\nsearch = {search}\nseed = {seed}\n# roles =\nislands = 2\n",
            seed=numpy.uint64(seed), revision="abc", parameters="f00", **attributes)
        if marks:
            sample.attributes.update(problem_weights=marks[0] * 64, problem_rows=marks[1] * 64, problem_activation="relu")
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        sample.write(path)
        return name

    def text(self, *sources):
        return self.run_program("report", *sources, "--format", "text").stdout

    def rows(self, text, title):
        """The lines of the table behind the line that begins with `title`, split at two blanks or more. Columns that
        follow below are put behind the others."""
        behind = text.split("\n" + title, 1)[1]
        blocks = behind[re.search(r"\n(?=  \S)", "\n" + behind).start():].split("\n\n")
        table = []
        for block in blocks:
            header, *lines = ([cell.strip() for cell in line.split("  ") if cell.strip()] for line in block.splitlines())
            if table and header[0] != table[0][0]:
                break
            again = sum(1 for a, b in zip(header, table[0]) if a == b) if table else 0
            rows = [header, *lines]
            table = [row + more[again:] for row, more in zip(table, rows, strict=True)] if table else rows
        return table[1:]


class TextTest(RunsTest):
    def test_expected_costs_count_the_runs_that_failed(self):
        names = [self.solution("a1.h5", "auto", 1, 100), self.solution("a2.h5", "auto", 2, 500, solved=False),
                 self.solution("b1.h5", "tabu", 1, 900, solved=False)]
        text = self.text(*names)
        self.assertIn("3 runs of 1 problem, 1 solved", text)
        self.assertEqual(self.rows(text, "Until one is solved"),
                         [["search auto", "1 of 2", "100", "2", "600", "4"],
                          ["search tabu", "0 of 1", "-", "-", "never", "never"]])
        self.assertEqual(self.rows(text, "Settings that differ"), [["search auto", "auto"], ["search tabu", "tabu"]])

    def test_seeds_and_places_of_files_are_no_settings(self):
        text = self.text(self.solution("a.h5", seed=1), self.solution("b.h5", seed=2, problem="elsewhere/p.h5"))
        self.assertNotIn("Settings that differ", text)
        self.assertIn("2 runs of 1 problem", text)

    def test_unlike_problems_of_one_name_are_told_apart(self):
        text = self.text(self.solution("a.h5", marks="ab"), self.solution("b.h5", marks="cd"),
                         self.solution("c.h5", marks="ad"), self.solution("d.h5", marks="", problem="p.h5"))
        self.assertIn("4 runs of 4 problems", text)
        for name in ("p aaaaaa/bbbbbb", "p cccccc/dddddd", "p aaaaaa/dddddd", "p (not marked)"):
            self.assertIn(name, text)
        text = " ".join(text.split())
        self.assertIn("b.h5 belongs to a problem with other weights and rows than a.h5", text)
        self.assertIn("c.h5 belongs to a problem with other rows than a.h5", text)
        self.assertIn("d.h5 does not say by fingerprints of which problems its runs are: p there", text)

    def test_a_suite_is_the_same_in_any_form(self):
        printed = ["problem               seed  status             mse     pairs       tau evaluations  search s   total s"]
        printed += ["%-20s %5s  %-11s %10s %9s %9s %11s %9s %9s" % row for row in SUITE]
        printed += ["RESULT solved=2 of=3 median_search_seconds=1.500"]
        rows = [dict(zip(COLUMNS, row)) for row in SUITE]
        csv = ",".join(COLUMNS) + "\n" + "".join(",".join(f'"{cell}"' if "," in str(cell) else str(cell) for cell in row) + "\n"
                                                 for row in SUITE)
        texts = {}
        for name, content in (("s.txt", "\n".join(printed)), ("s.csv", csv), ("s.json", json.dumps({"runs": rows})),
                              ("t.json", json.dumps(rows, indent=2)),
                              ("u.json", "\n".join(map(json.dumps, [*({"record": "solve", **row} for row in rows), {"record": "summary", "solved": 2}])))):
            (self.folder / name).write_text(content)
            texts[name] = self.text(name)
        for name, text in texts.items():
            self.assertEqual(text, texts["s.csv"], name)
        self.assertIn("3 runs of 2 problems, 2 solved", texts["s.csv"])
        self.assertEqual(self.rows(texts["s.csv"], "")[1],
                         ["net, one seed 2", "net, one", "time_limit", "0.003", "5/6", "0.875", "900", "10", "10.5"])

    def test_two_suites_are_two_settings(self):
        for name, evaluations in (("old.csv", 40), ("new.csv", 20)):
            (self.folder / name).write_text(f"problem,seed,status,evaluations\np,1,solved,{evaluations}\n")
        rows = self.rows(self.text("old.csv", "new.csv"), "Until one is solved")
        self.assertEqual([row[:3] for row in rows], [["old.csv", "1 of 1", "40"], ["new.csv", "1 of 1", "20"]])

    def test_what_the_suite_prints_is_read(self):
        (self.folder / "suite").mkdir()
        Planted(blocks=4).write(self.folder / "suite/small.h5")
        printed = self.run_program("bench", "--suite", "suite", "--seeds", "2").stdout
        (self.folder / "table.txt").write_text(printed)
        text = self.text("table.txt")
        self.assertIn("2 runs of 1 problem, 2 solved", text)
        self.assertIn("small seed 2", text)

    def test_scaling_compares_medians_and_gives_the_spread(self):
        (self.folder / "sweep").mkdir()
        (self.folder / "sweep/sweep.csv").write_text(SWEEP)
        text = self.text("sweep")
        self.assertEqual(self.rows(text, "strong scaling"),
                         [["2", "48", "3", "3", "100", "8", "8", "10", "10", "1.00", "100.0 %"],
                          ["8", "48", "2", "1", "100", "4", "4", "4", "5", "2.00", "50.0 %"]],
                         "runs that were not solved count as such, their times do not")
        (self.folder / "weak.csv").write_text(SWEEP.splitlines()[0] + "\nweak,1,24,1,solved,100,1,2\nweak,4,96,1,solved,1000,20,30\n")
        self.assertEqual([row[5:6] + row[9:] for row in self.rows(self.text("weak.csv"), "weak scaling")],
                         [["0.01", "1.00", "100.0 %"], ["0.02", "2.00", "50.0 %"]])
        with open(self.folder / "weak.csv", "a") as file:
            file.write("weak,2,48,1,solved,0,0.5,1\n")
        text = self.text("weak.csv")
        self.assertIn("note: weak.csv: all runs on 2 ranks were solved without a search", text)
        self.assertEqual([row[0] for row in self.rows(text, "weak scaling")], ["1", "4"])

    def test_solutions_on_several_numbers_of_ranks_are_a_sweep(self):
        text = self.text(self.solution("a.h5", ranks=1, seconds_search=8.0), self.solution("b.h5", ranks=4, seconds_search=4.0))
        rows = self.rows(text, "strong scaling of p")
        self.assertEqual([(row[0], row[-2], row[-1]) for row in rows], [("1", "1.00", "100.0 %"), ("4", "2.00", "50.0 %")])

    def test_an_array_of_restarts(self):
        for seed in (1, 3):
            self.solution(f"array/task-{seed}/solution.h5", seed=seed)
        (self.folder / "array/tasks.csv").write_text(
            "seed,exit,mse,evaluations,search_seconds\n3,0,1e-14,50,1.5\n2,3,0.25,700,9.5\n")
        self.assertIn("3 runs of 1 problem, 2 solved", self.text("array"), "tasks of an array have one problem")
        rows = {row[0]: row for row in self.rows(self.text("array"), "")}
        self.assertEqual(set(rows), {"task-1", "task-2", "task-3"})
        self.assertEqual(rows["task-2"][1:3], ["not_solved", "0.25"])
        self.assertEqual(rows["task-3"][4], "100", "its solution tells more than the table")
        self.assertNotIn("Settings that differ", self.text("array"))
        self.assertNotIn("(first)", self.text("array"), "nothing says which was")
        (self.folder / "array/solved").write_text("task-3\n")
        rows = {row[0] for row in self.rows(self.text("array"), "")}
        self.assertEqual(rows, {"task-1", "task-2", "task-3 (first)"})

    def test_an_array_that_has_just_begun(self):
        (self.folder / "array/task-1").mkdir(parents=True)
        table = self.folder / "array/tasks.csv"
        for content in (None, "", "seed,exit,mse,evaluations,search_seconds\n"):
            with self.subTest(content):
                if content is not None:
                    table.write_text(content)
                self.assertEqual(self.text("array"), "No run has finished yet\n"
                                 "note: array: no task has finished yet; task-1 has begun; 'kintsugi watch array'\n"
                                 "      shows how far they are\n")
        for seed in range(2, 9):
            (self.folder / f"array/task-{seed}").mkdir()
        self.assertIn("task-1, task-2, task-3, task-4 and 4 more have begun", " ".join(self.text("array").split()))
        self.solution("array/task-5/solution.h5", seed=5)
        text = self.text("array")
        self.assertEqual(len(self.rows(text, "")), 1)
        self.assertIn("task-1, task-2, task-3, task-4 and 3 more have begun and left no solution yet", " ".join(text.split()))
        sweep = self.folder / "sweep/sweep.csv"
        sweep.parent.mkdir()
        sweep.write_text(SWEEP.splitlines()[0] + "\n")
        self.assertIn("note: sweep: no run of the sweep has finished yet", self.text("sweep"))

    def test_lines_fit_a_terminal(self):
        names = [self.solution(f"{search}-{seed}.h5", search, seed, problem=f"problem{seed}.h5", marks=f"a{seed}")
                 for search in ("auto", "annealing") for seed in range(4)]
        (self.folder / "suite.csv").write_text("\n".join([",".join(COLUMNS), "a network,1,time_limit,3e-3,5/6,0.875,900,10.0,10.5"]))
        (self.folder / "sweep.csv").write_text(SWEEP)
        text = self.text(*names, "suite.csv", "sweep.csv")
        self.assertEqual([line for line in text.splitlines() if len(line) > 80], [])
        self.assertEqual(len(self.rows(text, "Until one is solved")[0]), 7)

    def test_a_folder_with_one_solution_is_one_run(self):
        self.solution("folder/solution.h5")
        self.assertTrue(self.text("folder").startswith("solution       folder/solution.h5\n"))
        self.solution("folder/other.h5", seed=2)
        Planted(blocks=3).write(self.folder / "folder/problem.h5")
        self.assertTrue(self.text("folder").startswith("2 runs of 1 problem"))

    def test_what_is_no_run_is_refused(self):
        header = SWEEP.splitlines()[0]
        for content, says in (("", "is empty"), ("a,b\n1,2\n", "no table of runs"), ("hello\n", "no table of runs"),
                              ("{}", "no table of runs"), ("[1, 2]", "no table of runs"), ("{\"a\": [{}]}", "no table of runs"),
                              ("{\"seed\": 1, \"status\": \"solved\"}\n{oops\n", "line 2: is no JSON"),
                              ("seed,status\n", "no run"), ("seed,status\n1,done\n", "line 2: unknown status 'done'"),
                              ("seed,status\n1,solved,3\n", "line 2: has 3 fields, the header has 2"),
                              ("seed,status\nx,solved\n", "line 2: seed is 'x'"),
                              ("seed,exit\n1,-1\n", "line 2: exit is '-1'"),
                              ("seed,status,mse\n1,solved,-3\n", "line 2: mse is '-3'"),
                              (header + "\nstrong,0,48,1,solved,100,4,5\n", "line 2: ranks is '0'"),
                              (header + "\nstrong,one,48,1,solved,100,4,5\n", "line 2: ranks is 'one'"),
                              (header + "\nmedium,1,48,1,solved,100,4,5\n", "line 2: kind is 'medium'"),
                              (header + "\nstrong,1,48,1,solved,100,0,5\n", "search_seconds needs to be above 0"),
                              (header + "\nweak,1,48,1,solved,0,4,5\n", "no run of the sweep has anything to measure"),
                              ("\0\0", "no table of runs")):
            with self.subTest(content[:40]):
                (self.folder / "bad").write_text(content)
                self.assert_error(BAD_INPUT, "report", "bad", "-o", "r.html", says=["bad", says])
        self.assertFalse((self.folder / "r.html").exists())
        (self.folder / "empty").mkdir()
        self.assert_error(BAD_INPUT, "report", "empty", "-o", "r.html", says=["empty", "has no runs", "sweep.csv"])
        self.assert_error(BAD_INPUT, "report", "none.h5", "-o", "r.html", says="none.h5")
        self.assert_error(USAGE, "report", "-o", "r.html", says="RUN... is missing")
        Planted(blocks=3).write(self.folder / "problem.h5")
        names = [self.solution("a.h5"), self.solution("b.h5")]
        self.assert_error(BAD_INPUT, "report", *names, "problem.h5", "-o", "r.html", says=["problem.h5", "not a kintsugi solution"])
        self.assert_error(USAGE, "report", *names, "--problem", "problem.h5", "-o", "r.html", says="--problem is for the report of one")
        self.assert_error(USAGE, "report", *names, "--analysis", "problem.h5", "-o", "r.html", says="--analysis is for the report of one")
        self.assert_error(USAGE, "report", *names, "-o", "a.h5", says="a.h5")
        damaged = bytearray((self.folder / "b.h5").read_bytes())
        damaged[40:80] = bytes(40)
        (self.folder / "b.h5").write_bytes(damaged)
        self.assert_error(BAD_INPUT, "report", *names, "-o", "r.html", says="b.h5")

    def test_arguments_go_through_a_config_file(self):
        names = [self.solution("a.h5"), self.solution("with, a comma.h5", seed=2)]
        config = self.run_program("report", *names, "--format", "text", "--print-config").stdout
        self.assertIn("run = a.h5\nrun = with, a comma.h5\n", config)
        older = ["--solution", names[0], f"--solution={names[1]}", "--format", "text"]
        self.assertEqual(self.run_program("report", *older).stdout, self.text(*names))
        (self.folder / "report.cfg").write_text(config)
        self.assertEqual(self.run_program("report", "--config", "report.cfg").stdout, self.text(*names))


@needs_browser
class RunsPageTest(RunsTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def open(self, *sources, **options):
        self.run_program("report", *sources, "-o", "runs.html")
        path = self.folder / "runs.html"
        requests, console = self.browser.open(path, **options)
        self.assertEqual((requests, console), ([path.as_uri()], []))
        return path

    def numbers(self, selector, name):
        return [float(value) for value in self.browser.attributes(selector, name)]

    def two_searches(self):
        """Two searches with two seeds each on two problems; on the second one, tabu fails."""
        names = []
        for search, costs in (("auto", ((100, 300), (80, 120))), ("tabu", ((50, 50), (900, 900)))):
            for p, seeds in enumerate(costs):
                for seed, evaluations in enumerate(seeds):
                    names.append(self.solution(f"{search}-{p}-{seed}.h5", search, seed, evaluations,
                                               solved=not (search == "tabu" and p == 1), problem=f"p{p}.h5",
                                               marks=("ab", "cd")[p], random=p + 1, ranks=1 + seed))
        return names

    def test_figures_are_those_of_the_runs(self):
        self.open(*self.two_searches())
        browser = self.browser
        self.assertEqual(browser.texts("#verdict"), ["6 of 8 runs solved"])
        self.assertEqual([browser.figure(name) for name in ("runs", "problems", "groups", "median-evaluations")],
                         [["8"], ["2"], ["2"], ["90"]])
        # Shares that were solved in the end.
        self.assertEqual(self.numbers("#ecdf path.reached", "data-share"), [1, 0.5])
        # Expected evaluations: auto (200, 100), tabu (50, never). Each is the best on one of two problems.
        self.assertEqual(self.numbers("#profile path.profile", "data-best"), [0.5, 0.5])
        self.assertEqual(self.numbers("#profile path.profile", "data-solved"), [1, 0.5])
        expected = browser.texts("#expected-table td:nth-child(7)")
        self.assertEqual(expected, ["200", "100", "50", "never"])
        self.assertEqual(browser.texts("#differences-table tbody tr td:first-child"), ["search"])
        self.assertEqual(browser.texts("#differences-table tbody tr td")[1:], ["auto"] * 4 + ["tabu"] * 4)
        self.assertEqual(len(browser.attributes("#problem-costs circle[fill-opacity]", "r")), 8)
        tip = browser.hover("#ecdf .catcher", across=0.999, down=0.3)
        self.assertEqual(tip[1:], ["search auto: 4 of 4", "search tabu: 2 of 4"])
        tip = browser.hover("#profile .catcher", across=0.01, down=0.3)
        self.assertEqual(tip[1:], ["search auto: 1 of 2 problems", "search tabu: 1 of 2 problems"])

    def test_errors_over_evaluations_and_seconds(self):
        self.open(*self.two_searches())
        self.assertEqual(len(self.browser.attributes("#errors svg", "width")), 2, "evaluations and seconds")
        self.assertEqual(len(self.browser.attributes("#errors path.run", "d")), 2 * 4)
        self.assertEqual(len(self.browser.attributes("#errors line.target", "y1")), 2)
        self.assertGreater(len(self.browser.attributes("#errors line.growth", "x1")), 0)
        for path in self.browser.attributes("#errors path.run", "d"):
            for stretch in path[1:].split("M"):
                heights = [float(point.split(",")[1]) for point in stretch.split("L")]
                self.assertEqual(heights, sorted(heights), "no stretch rises")
        self.browser.run("const select = document.querySelector('#errors select');"
                         "select.value = 1; select.dispatchEvent(new Event('change'))")
        rings = [fill == "none" for fill in self.browser.attributes("#errors circle[fill-opacity]", "fill")]
        self.assertEqual(rings, 2 * [False, False, True, True], "tabu did not solve the second problem")

    def test_the_first_task_of_an_array_to_solve_is_marked(self):
        for seed in (1, 2, 3):
            self.solution(f"array/task-{seed}/solution.h5", seed=seed, solved=seed != 1)
        (self.folder / "array/tasks.csv").write_text("seed,exit,mse,evaluations,search_seconds\n3,0,1e-14,50,1.5\n")
        (self.folder / "array/solved").write_text("task-3\n")
        self.open("array")
        self.assertIn("First to solve: task-3, after 2 s of search; the other tasks stopped then.", self.browser.texts("#result")[0])
        self.assertEqual(self.browser.texts("#runs-table td:first-child"), ["task-1", "task-2", "task-3 (first)"])
        self.assertEqual(len(self.browser.attributes("#errors circle.first", "r")), 2, "over evaluations and over seconds")
        self.assertIn("the first to solve", self.browser.texts("#errors .legend span"))

    def test_nothing_has_finished_yet(self):
        (self.folder / "array/task-1").mkdir(parents=True)
        self.open("array", width=390)
        self.assertEqual(self.browser.texts("#verdict"), ["No run has finished yet"])
        self.assertEqual(self.browser.texts("#warnings li"),
                         ["array: no task has finished yet; task-1 has begun; 'kintsugi watch array' shows how far they are."])
        self.assertEqual(self.browser.texts("section"), [])

    def test_targets_on_the_way(self):
        self.open(*self.two_searches())
        self.browser.run("const select = document.querySelectorAll('#ecdf select')[1];"
                         "select.value = 1; select.dispatchEvent(new Event('change'))")
        auto, tabu = self.numbers("#ecdf path.reached", "data-share")
        self.assertEqual(auto, 1)
        self.assertTrue(0.5 < tabu < 1, tabu)

    def test_the_table_sorts(self):
        self.open(*self.two_searches())
        column = self.browser.texts("#runs-table th").index("evaluations") + 1
        cells = f"#runs-table td:nth-child({column})"
        before = self.browser.texts(cells)
        self.browser.click(f"#runs-table th:nth-child({column}) button")
        self.assertEqual([int(v) for v in self.browser.texts(cells)], sorted(map(int, before)))
        self.assertEqual(self.browser.attributes(f"#runs-table th:nth-child({column})", "aria-sort"), ["ascending"])
        self.browser.click(f"#runs-table th:nth-child({column}) button")
        self.assertEqual([int(v) for v in self.browser.texts(cells)], sorted(map(int, before), reverse=True))

    def test_scaling_has_the_ideal_and_the_spread(self):
        (self.folder / "sweep.csv").write_text(SWEEP)
        self.open("sweep.csv")
        for figure in ("scaling-0", "efficiency-0"):
            self.assertEqual(len(self.browser.attributes(f"#{figure} circle[fill-opacity]", "r")), 4)
            self.assertEqual(len(self.browser.attributes(f"#{figure} path.spread", "d")), 1)
        line = [self.numbers("#scaling-0 line.ideal", name)[0] for name in ("x1", "y1", "x2", "y2")]
        dots = sorted(zip(self.numbers("#scaling-0 circle[fill-opacity]", "cx"), self.numbers("#scaling-0 circle[fill-opacity]", "cy")))
        self.assertAlmostEqual(line[0], dots[0][0])
        # log-log: from 8 s to 4 s, which are dots, is half the way that the ideal falls from 2 to 8 ranks.
        fall = line[3] - line[1]
        lowest = lambda x: max(cy for cx, cy in dots if abs(cx - x) < 1)
        self.assertAlmostEqual(fall, 2 * (lowest(line[2]) - lowest(line[0])), delta=0.5)
        self.assertEqual(self.browser.texts("#scaling-table-0 tbody tr:nth-child(2) td")[-1], "50.0 %")

    def test_light_dark_narrow_and_paper(self):
        names = self.two_searches()
        (self.folder / "sweep.csv").write_text(SWEEP)
        for dark in (False, True):
            for width in (1200, 768, 390, 320):
                with self.subTest(dark=dark, width=width):
                    self.open(*names, "sweep.csv", dark=dark, width=width)
                    self.assertEqual(self.browser.run(WIDER_THAN_THE_PAGE), [])
                    self.assertEqual(self.browser.run(TEXTS_THAT_COLLIDE), [])
        self.browser.paper(True)
        self.assertEqual(self.browser.run(TEXTS_THAT_COLLIDE), [])
        self.browser.paper(False)

    def test_one_run_of_a_table_and_runs_without_times(self):
        (self.folder / "one.csv").write_text("seed,status\n1,not_solved\n")
        self.open("one.csv", width=390)
        self.assertEqual(self.browser.texts("#verdict"), ["0 of 1 run solved"])
        times = {f"seconds_{part}": 0.0 for part in ("search", "total")}
        names = [self.solution("a.h5", ranks=0, **times), self.solution("b.h5", seed=2, ranks=0, **times)]
        self.open(*names, width=390)
        self.assertEqual(self.browser.run(TEXTS_THAT_COLLIDE), [])
        self.assertNotIn("search s", " ".join(self.browser.texts("#runs-table th")))

    def test_texts_from_files_stay_texts(self):
        evil = "</script><img src=x onerror=alert(1)>"
        (self.folder / "evil.csv").write_text(f"problem,seed,status\n{evil},1,solved\nother,1,solved\n")
        self.open("evil.csv")
        self.assertIn(evil, self.browser.texts("#runs-table td"))

    def test_long_settings_are_numbered_and_explained(self):
        names = [self.solution(f"r{i}.h5", search=f"a-search-with-a-name-longer-than-{i % 3}-legends", seed=i) for i in range(12)]
        self.open(*names)
        self.assertEqual(self.browser.texts("#differences-table th"), ["setting", "set 1", "set 2", "set 3"])
        self.assertIn("set 1 (4 runs, r0 the first): search a-search-with-a-name-longer-than-0-legends",
                      self.browser.texts("#groups li"))


if __name__ == "__main__":
    main()
