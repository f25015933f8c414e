"""analyze: what it prints and writes, and the published figures of the real puzzle."""

import json
import math
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import h5py
import numpy

from harness import BAD_INPUT, USAGE, Planted, ProgramTest, main, text, shared_folder

PUZZLE = shared_folder() / "puzzle"


class AnalyzeTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.planted = Planted(blocks=6, rows=500)
        self.planted.write(self.folder / "p.h5")
        (self.folder / "answer.txt").write_text(self.planted.answer_text())

    def analyze(self, *arguments, **options):
        return self.run_program("analyze", "p.h5", "--rows", "200", *arguments, **options)

    def test_prints_every_table(self):
        result = self.analyze("--answer", "answer.txt")
        for heading in ("Pairing: 6 pairs", "Closest calls", "Starts, worked out on the first 200 rows", "Swaps of two",
                        "Bradley-Terry model", "Transitivity: ", "Bubble repair: ", "Ways to the answer"):
            self.assertIn(heading, result.stdout)
        self.assertRegex(result.stderr, r"exact swaps +\d+\.\d+ s +\d+\.\d GFLOP, +\d+\.\d GFLOP/s, +\d+\.\d % of 1 core")
        self.assertEqual(self.analyze("--answer", "answer.txt", "-q").stderr, "")

    def test_same_text_and_file_on_any_number_of_ranks(self):
        alone = self.analyze("--answer", "answer.txt", "-o", "a.h5", "--no-times")
        bytes_alone = (self.folder / "a.h5").read_bytes()
        for np in (1, 2, 3):
            result = self.analyze("--answer", "answer.txt", "-o", "a.h5", "--no-times", np=np)
            self.assertEqual(result.stdout, alone.stdout)
            self.assertEqual((self.folder / "a.h5").read_bytes(), bytes_alone)

    def test_data_sets_say_what_the_network_does(self):
        self.analyze("--answer", "answer.txt", "-o", "a.h5", "--temperature", "0.01")
        with h5py.File(self.folder / "a.h5") as file:
            self.assertEqual(text(file.attrs["format"]), "kintsugi-analysis")
            self.assertEqual((file.attrs["rows"], file.attrs["work_rows"]), (500, 200))
            expand, compress = file["pairing/expand"][:], file["pairing/compress"][:]
            pairs = [(int(e), int(compress[c])) for e, c in zip(expand, file["pairing/chosen"][:])]
            answer = self.planted.answer
            self.assertEqual(sorted(pairs), sorted(zip(answer[0:-1:2], answer[1:-1:2])))
            traces = [float(numpy.trace(self.planted.pieces[c][0].astype(float) @ self.planted.pieces[e][0]))
                      for e, c in pairs]
            numpy.testing.assert_allclose(file["pairing/traces"][:], traces, rtol=1e-4)
            scores = file["pairing/scores/dominance"][:]
            e, c = 2, 4
            product = self.planted.pieces[compress[c]][0].astype(float) @ self.planted.pieces[expand[e]][0]
            self.assertAlmostEqual(scores[e, c], abs(numpy.trace(product)) / numpy.linalg.norm(product), 4)

            # Seeds: their errors are those of their orders, on all rows.
            starts = file["starts"][:]
            self.assertEqual({text(row["direction"]) for row in starts}, {"forward", "reversed"})
            self.assertEqual(list(starts["mse"]), sorted(starts["mse"]))
            for row, order in zip(starts, file["start_orders"][:]):
                error = self.error(pairs, order)
                self.assertAlmostEqual(row["mse"], error, delta=1e-4 * error + 1e-12)
                places = [answer[0:-1:2].index(pairs[b][0]) for b in order]
                inversions = sum(places[i] > places[j] for i in range(6) for j in range(i + 1, 6))
                self.assertEqual(row["inversions"], inversions)
                self.assertAlmostEqual(row["kendall_tau"], 1 - 4 * inversions / 30)
                self.assertAlmostEqual(row["rank_correlation"], numpy.corrcoef(places, range(6))[0, 1])

            # Swaps of the start, on the first 200 rows only.
            group = file["bradley_terry"]
            self.assertEqual((text(group.attrs["start"]), group.attrs["temperature"]), ("delta-norm", 0.01))
            start = next(order for row, order in zip(starts, file["start_orders"][:])
                        if (text(row["name"]), text(row["direction"])) == ("delta-norm", "forward"))
            base = self.error(pairs, start, 200)
            self.assertAlmostEqual(group.attrs["start_mse"] / base, 1, 4)
            for i in range(6):
                for j in range(6):
                    if j <= i:
                        self.assertEqual(group["gains"][i, j], 0)
                        continue
                    order = list(start)
                    order[i], order[j] = order[j], order[i]
                    self.assertAlmostEqual(group["gains"][i, j], self.error(pairs, order, 200) - base, 5)
            self.assertEqual(list(group["order"][:]), sorted(range(6), key=lambda p: -group["strengths"][p]))

            self.assertEqual(file["transitivity"].attrs["triples"], 20)
            self.assertEqual(file["transitivity"].attrs["cyclic"], len(file["transitivity/cyclic"]))
            self.assertEqual(file["transitivity/by_span"]["triples"].sum(), 20)
            repair = file["repair"][:]
            self.assertEqual(len({text(start) for start in repair["start"]}), 11)
            for row in file["searches"][:]:
                self.assertEqual(row["solved"], row["mse"] <= file.attrs["target"])

    def error(self, pairs, order, rows=500):
        """MSE of blocks in an order, in float64, on the first rows."""
        layers = [self.planted.pieces[piece] for block in order for piece in pairs[block]]
        layers.append(self.planted.pieces[self.planted.answer[-1]])
        return float(numpy.mean((self.planted.evaluate(layers) - self.planted.predictions)[:rows] ** 2))

    def test_json(self):
        study = json.loads(self.analyze("--answer", "answer.txt", "--format", "json").stdout)
        self.assertEqual((study["rows"], study["work_rows"], len(study["starts"])), (500, 200, 10))
        self.assertEqual(len(study["bradley_terry"]["gains"]), 15)
        self.assertEqual(study["answer"]["wrong_pairs"], 0)
        study = json.loads(self.analyze("--format", "json", "--searches", "none", "--repair", "delta-norm").stdout)
        self.assertNotIn("answer", study)
        self.assertIsNone(study["starts"][0]["kendall_tau"])
        self.assertEqual({round["start"] for round in study["repair"]}, {"delta-norm"})
        self.assertEqual([way["name"] for way in study["searches"]], ["repair from delta-norm", "greedy roll-out"])

    def test_square_layers_have_the_roles_that_solve_decides(self):
        # Nothing in the weights tells which of two pieces expands.
        self.run_program("generate", "-o", "q.h5", "--answer", "q.txt", "-q", "--blocks", "6", "--width", "16", "--hidden",
                         "16", "--rows", "800", "--pair-signal", "0", "--seed", "2")
        answer = [int(piece) for piece in (self.folder / "q.txt").read_text().split(",")]
        for given in ([], ["--answer", "q.txt"]):
            self.run_program("analyze", "q.h5", "-o", "q-a.h5", "--searches", "none", "--repair", "none", "--swaps",
                             "screened", "--rows", "200", *given)
            with h5py.File(self.folder / "q-a.h5") as file:
                self.assertEqual(list(file["pairing/expand"][:]), sorted(answer[:-1:2]))

    def test_without_an_answer(self):
        result = self.analyze("-o", "a.h5", "--searches", "none", "--repair", "none", "--swaps", "screened")
        self.assertIn("which is not given (--answer)", result.stdout)
        self.assertIn("screened to first order: not exact", result.stdout)
        with h5py.File(self.folder / "a.h5") as file:
            self.assertTrue(numpy.isnan(file["starts"]["kendall_tau"]).all())
            self.assertEqual(file["bradley_terry"].attrs["exact"], 0)
            self.assertEqual(len(file["repair"]), 0)

    def test_wrong_usage(self):
        self.assert_error(USAGE, "analyze", "p.h5", "--start", "nonsense", says=["--start", "nonsense"])
        self.assert_error(USAGE, "analyze", "p.h5", "--searches", "nonsense", says=["search 'nonsense'", "insertion"])
        self.assert_error(USAGE, "analyze", "p.h5", "--repair", "nonsense", says=["'nonsense'", "bradley-terry"])
        self.assert_error(USAGE, "analyze", "p.h5", "--repair", "greedy,,", says="names by comma")
        self.assert_error(USAGE, "analyze", "p.h5", "--rows", "-1", says="-1")
        self.assert_error(USAGE, "analyze", "p.h5", "-o", "nowhere/a.h5", says="nowhere")
        self.assert_error(BAD_INPUT, "analyze", "missing.h5", says="missing.h5")
        (self.folder / "short.txt").write_text("1,2,3")
        self.assert_error(BAD_INPUT, "analyze", "p.h5", "--answer", "short.txt", says="short.txt")
        self.assert_error(BAD_INPUT, "analyze", "p.h5", "--answer", "short.txt", says="short.txt", np=2)


class PublishedFiguresTest(ProgramTest):
    """The table of arXiv:2602.19845, by the recipe that reproduces it: first 2,000 rows for the work, T = 0.001."""

    def test_real_puzzle(self):
        if not (PUZZLE / "pieces").is_dir():
            self.skipTest("SKIPPED: no puzzle below $KINTSUGI_SHARED (default ../shared)")
        self.run_program("import", PUZZLE / "pieces", PUZZLE / "historical_data.csv", "-o", "p.h5", "-q")
        (self.folder / "answer.txt").write_text(self.run_program("solve", "p.h5", "-q").stdout)
        arguments = ("analyze", "p.h5", "--answer", "answer.txt", "--rows", "2000", "--temperature", "0.001",
                     "--repair", "delta-norm", "--searches", "insertion", "-q", "-o", "a.h5", "--format", "json")
        printed = self.run_program(*arguments, np=1, timeout=1000).stdout
        self.assertEqual(self.run_program(*arguments, np=2, timeout=1000).stdout, printed)
        study = json.loads(printed)
        starts = {(start["name"], start["direction"]): start for start in study["starts"]}
        self.assertEqual(f'{starts["delta-norm", "forward"]["mse"]:.4f}', "0.0368")
        self.assertEqual(f'{starts["wout-frobenius", "forward"]["mse"]:.4f}', "0.0759")
        self.assertEqual(f'{starts["wout-frobenius", "forward"]["mse"]:.5f}', "0.07585")
        self.assertEqual(starts["wout-frobenius", "forward"]["inversions"], 48)
        self.assertEqual(f'{study["bradley_terry"]["mse"]:.5f}', "0.00299")
        repair = [round for round in study["repair"] if round["swaps"] > 0]
        self.assertEqual((len(repair), repair[-1]["cumulative"]), (13, 122))
        self.assertEqual((len(study["repair"]), study["repair"][-1]["swaps"]), (14, 0))
        self.assertLess(study["repair"][-1]["mse"], 1e-13)

        dominance = next(score for score in study["pairing"]["scores"] if score["name"] == "dominance")
        self.assertEqual([f"{value:.3f}" for value in dominance["chosen"]], ["1.764", "3.232"])
        self.assertEqual([f"{dominance['others'][0]:.4f}", f"{dominance['others'][1]:.3f}"], ["0.0001", "0.584"])
        self.assertEqual(dominance["wrong_rows"], 0)
        self.assertEqual(study["transitivity"]["triples"], math.comb(48, 3))
        with h5py.File(self.folder / "a.h5") as file:
            self.assertEqual(file["transitivity"].attrs["cyclic"], len(study["transitivity"]["cyclic"]))
            self.assertEqual(file["bradley_terry/gains"].shape, (48, 48))
            self.assertEqual(numpy.count_nonzero(file["bradley_terry/gains"][:]), 1128)
        # Until solved: 13 sweeps, each of 47 exchanges and as many blocks passed, behind the start's own evaluation.
        sweep = sum(range(2, 49)) + 47
        ways = {way["name"]: way["evaluations"] for way in study["searches"]}
        self.assertEqual(ways["repair from delta-norm"], math.ceil((48 + 13 * sweep) / 48))
        solved = {way["name"]: way["solved"] for way in study["searches"]}
        self.assertEqual(solved, {"repair from delta-norm": True, "greedy roll-out": False, "search insertion": True})


if __name__ == "__main__":
    main()
