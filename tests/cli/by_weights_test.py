"""solve --without-predictions: orders by the weights alone, what it refuses, and what other commands make of that."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import h5py
import numpy

from harness import BAD_INPUT, NOT_SOLVED, USAGE, Planted, ProgramTest, main, text

BLOCKS = 24


class Walking(Planted):
    """A network whose weights wander along depth, as training leaves them: neighbours are alike, norms say nothing."""

    def __init__(self, blocks=BLOCKS, width=16, hidden=24, seed=4, kept=0.95):
        super().__init__(blocks=blocks, width=width, hidden=hidden, rows=100, seed=seed)
        random = numpy.random.default_rng(seed + 100)
        expand = random.normal(size=(hidden, width))
        own = random.normal(size=(width, hidden))
        for t in range(blocks):
            expand = kept * expand + numpy.sqrt(1 - kept ** 2) * random.normal(size=expand.shape)
            own = kept * own + numpy.sqrt(1 - kept ** 2) * random.normal(size=own.shape)
            # Hidden units are each block's own, which tells the pairs.
            units = numpy.linalg.qr(random.normal(size=(hidden, hidden)))[0]
            pair = (units @ expand, (0.5 * own - expand.T) @ units.T)
            for piece, weight in zip(self.answer[2 * t:2 * t + 2], pair):
                weight = (weight / numpy.linalg.norm(weight)).astype(numpy.float32)
                self.pieces[piece] = (weight, self.pieces[piece][1] * 0)
        layers = [self.pieces[piece] for piece in self.answer]
        self.predictions = self.evaluate(layers).astype(numpy.float32)

    def inversions(self, permutation):
        """Of the blocks, in the better direction."""
        place = {piece: t for t, piece in enumerate(self.answer[:-1:2])}
        order = [place[piece] for piece in permutation[:-1:2]]
        count = sum(a > b for i, a in enumerate(order) for b in order[i + 1:])
        return min(count, len(order) * (len(order) - 1) // 2 - count)


def pieces_of(line):
    return [int(piece) for piece in line.split(",")]


class ByWeightsTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.walking = Walking()
        self.walking.write(self.folder / "whole.h5")
        self.write_without("p.h5", "data")

    def write_without(self, name, *removed, source="whole.h5"):
        """A copy of a problem that lacks some objects."""
        with h5py.File(self.folder / source) as whole, h5py.File(self.folder / name, "w") as file:
            file.attrs.update(whole.attrs)
            for key in whole:
                whole.copy(key, file)
            for key in removed:
                del file[key]

    def solve(self, *arguments, problem="p.h5", **options):
        return self.run_program("solve", problem, "--without-predictions", *arguments, **options)


class SolveTest(ByWeightsTest):
    def test_orders_by_the_weights(self):
        result = self.solve("-o", "s.h5")
        permutation = pieces_of(result.stdout)
        self.assertLessEqual(self.walking.inversions(permutation), 15, f"of {BLOCKS * (BLOCKS - 1) // 2}")
        log = result.stderr.splitlines()
        self.assertTrue(any(line.startswith("depth    the weights alone put the blocks in line") for line in log))
        self.assertIn("which end is the first is open", result.stderr)
        keys = dict(word.split("=") for word in [line for line in log if line.startswith("RESULT ")][0].split()[1:])
        self.assertEqual((keys["status"], keys["exit"], keys["mse"], keys["rows"], keys["evaluations"]),
                         ("by-weights", "0", "nan", "0", "0"))
        self.assertEqual((keys["trusted"], keys["direction"]), ("yes", "open"))
        with h5py.File(self.folder / "s.h5") as file:
            self.assertEqual(text(file.attrs["status"]), "by-weights")
            self.assertTrue(numpy.isnan(file.attrs["mse"]))
            self.assertEqual(file["permutation"][:].tolist(), permutation)
            backwards = file["reversed"][:].tolist()
            blocks = list(zip(permutation[:-1:2], permutation[1::2]))
            self.assertEqual(list(zip(backwards[:-1:2], backwards[1::2])), blocks[::-1])
            self.assertEqual(backwards[-1], permutation[-1])
            line = file["line"][:]
            self.assertEqual(list(zip(line["expand"].tolist(), line["compress"].tolist())), blocks)
            self.assertGreater(file.attrs["line_significance"], file.attrs["line_significance_needed"])
            # What is said of each place holds for most.
            place = {piece: t for t, piece in enumerate(self.walking.answer[:-1:2])}
            true = numpy.array([place[piece] for piece, _ in blocks])
            if numpy.corrcoef(true, numpy.arange(BLOCKS))[0, 1] < 0:
                true = BLOCKS - 1 - true
            within = numpy.abs(true - numpy.arange(BLOCKS)) <= 2 * line["off"] + 0.5
            self.assertGreater(within.mean(), 0.9)
            features = file["line_features"][:]
            self.assertIn("reader", {side.decode() for side in features["side"]})
            self.assertEqual(len(features["name"]), len(features["smoothness"]))
        places = [line for line in log if line.startswith("places ")]
        self.assertEqual(sum(len(line.split("+-")[1].split()) for line in places), BLOCKS)
        self.assertEqual(pieces_of(next(line for line in log if line.startswith("reversed"))[9:]), backwards)

    def test_predictions_and_inputs_do_not_matter(self):
        expected = self.solve().stdout
        self.write_without("inputs.h5", "data/predictions")
        for problem in ("inputs.h5", "whole.h5"):
            self.assertEqual(self.solve(problem=problem).stdout, expected)
        self.solve("-o", "s.h5", "--no-times")
        whole = (self.folder / "s.h5").read_bytes()
        self.assertEqual(self.solve("-o", "s.h5", "--no-times", np=3).stdout, expected)
        self.assertEqual((self.folder / "s.h5").read_bytes(), whole)

    def test_json(self):
        records = [json.loads(line) for line in self.solve("--log", "json").stderr.splitlines()]
        result = records[-1]
        self.assertEqual((result["status"], result["mse"]), ("by-weights", None))
        self.assertEqual((result["line"]["trusted"], result["line"]["direction"]), (True, "open"))
        self.assertEqual(len(result["line"]["off"]), BLOCKS)
        self.assertEqual(len(result["line"]["reversed"]), 2 * BLOCKS + 1)

    def test_weights_that_do_not_say(self):
        Planted(blocks=16, width=12).write(self.folder / "random.h5")
        result = self.solve("-o", "s.h5", problem="random.h5")
        self.assertIn("the weights do not say the order", result.stderr)
        self.assertIn("trusted=no", result.stderr)
        with h5py.File(self.folder / "s.h5") as file:
            numpy.testing.assert_allclose(file["line"]["off"], numpy.sqrt((16 ** 2 - 1) / 12))

    def test_one_block(self):
        planted = Planted(blocks=1)
        planted.write(self.folder / "one.h5")
        result = self.solve(problem="one.h5")
        self.assertEqual(result.stdout.strip(), planted.answer_text())
        self.assertIn("one block, whose order needs no predictions", result.stderr)

    def test_the_log_of_a_search_says_it_too(self):
        result = self.run_program("solve", "whole.h5", "--max-evaluations", "1", code=None)
        self.assertRegex(result.stderr, r"\ndepth    the weights alone put the blocks in line: expand and compress pieces "
                                        r"agree to [01]\.\d\d \(\d\.\d standard errors\), places \+-\d\.\d\n")


class RefusalTest(ByWeightsTest):
    def test_only_where_it_is_asked_for(self):
        self.write_without("inputs.h5", "data/predictions")
        for problem in ("p.h5", "inputs.h5"):
            for command in (("solve", problem), ("analyze", problem)):
                self.assert_error(BAD_INPUT, *command, says=[problem, "no predictions", "--without-predictions"])
        self.assert_error(BAD_INPUT, "solve", "p.h5", np=2, says="--without-predictions")

    def test_options_that_contradict_it(self):
        self.assert_error(USAGE, "solve", "p.h5", "--without-predictions", "--start", "greedy", says="--start")
        self.assert_error(USAGE, "solve", "p.h5", "--without-predictions", "--checkpoint", "c", says="--checkpoint")

    def test_pieces_that_make_no_network(self):
        self.write_without("odd.h5", "data", f"pieces/{2 * BLOCKS}")
        self.assert_error(BAD_INPUT, "solve", "odd.h5", "--without-predictions", says=["odd.h5", "no network"])
        self.write_without("targets.h5", "data/predictions")
        with h5py.File(self.folder / "targets.h5", "a") as file:
            file["data/targets"] = numpy.zeros((100, 1), numpy.float32)
        self.assert_error(BAD_INPUT, "solve", "targets.h5", "--without-predictions",
                          says=["targets.h5", "has targets, but no predictions"])


class ImportTest(ByWeightsTest):
    def test_without_a_table_and_from_one_of_inputs(self):
        self.walking.write_pieces(self.folder / "pieces")
        self.walking.write_csv(self.folder / "whole.csv")
        table = [line.rsplit(",", 1)[0] for line in (self.folder / "whole.csv").read_text().splitlines()]
        (self.folder / "inputs.csv").write_text("\n".join(table) + "\n")
        expected = self.solve().stdout
        for data in ((), ("inputs.csv",), ("whole.csv",)):
            self.run_program("import", "pieces", *data, "--without-predictions", "-o", "i.h5")
            with h5py.File(self.folder / "i.h5") as file:
                self.assertEqual("data" in file, bool(data))
                if data:
                    self.assertEqual(list(file["data"]), ["inputs"])
            self.assertEqual(self.solve(problem="i.h5").stdout, expected)

    def test_refuses_without_the_option(self):
        (self.folder / "sub").mkdir()
        self.walking.write_pieces(self.folder / "sub/pieces")
        self.assert_error(BAD_INPUT, "import", "sub/pieces", "-o", "i.h5", says=["no table", "--without-predictions"])
        (self.folder / "inputs.csv").write_text("measurement_0,measurement_1\n1,2\n")
        self.assert_error(BAD_INPUT, "import", "sub/pieces", "inputs.csv", "-o", "i.h5",
                          says=["inputs.csv", "'pred'", "--without-predictions"])
        self.assert_error(BAD_INPUT, "import", "sub/pieces", "inputs.csv", "--without-predictions", "-o", "i.h5",
                          says="no network of width 2")
        self.assertFalse((self.folder / "i.h5").exists())

    def test_pieces_are_solved_as_they_are(self):
        self.walking.write_pieces(self.folder / "pieces")
        result = self.solve(problem="pieces", np=2)
        self.assertEqual(result.stdout, self.solve().stdout)
        self.assertRegex(result.stderr, r"\nverdict      by weights: the blocks stand in the line .*; which end is the first is open")
        self.assertIn("activation   relu, a guess: without predictions nothing tells", result.stderr)
        with h5py.File(self.folder / "pieces/solution.h5") as file:
            self.assertEqual(text(file.attrs["status"]), "by-weights")
        self.run_program("verify", "pieces/problem.h5", "pieces/solution.h5", "--without-predictions")


class OtherCommandsTest(ByWeightsTest):
    def setUp(self):
        super().setUp()
        self.solve("-o", "s.h5")
        (self.folder / "answer.txt").write_text(self.walking.answer_text() + "\n")

    def test_verify(self):
        result = self.run_program("verify", "p.h5", "s.h5", "--compare", "answer.txt", code=NOT_SOLVED)
        self.assertIn("There are no predictions to reproduce", result.stdout)
        self.assertIn("wrong pairs    0 of 24", result.stdout)
        self.assertIn("RESULT reproduced=unknown", result.stdout)
        self.run_program("verify", "p.h5", "s.h5", "--without-predictions")
        self.run_program("verify", "p.h5", "s.h5", "--without-predictions", "--expect-sha256", 64 * "0",
                         code=NOT_SOLVED)
        with h5py.File(self.folder / "s.h5") as file:
            for name in ("permutation", "reversed"):
                (self.folder / name).write_text(",".join(map(str, file[name][:])))
        result = self.run_program("verify", "p.h5", "reversed", "--without-predictions", "--compare", "permutation")
        self.assertIn("276 inversions of blocks, Kendall tau -1.000000; from the other end 0", result.stdout)

    def test_export(self):
        self.run_program("export", "p.h5", "s.h5", "-o", "m.safetensors")
        self.run_program("import", "m.safetensors", "--without-predictions", "-o", "again.h5")
        self.assertEqual(self.solve(problem="again.h5").returncode, 0)

    def test_report(self):
        text = self.run_program("report", "s.h5", "--format", "text", "--problem", "p.h5").stdout
        self.assertIn("status         by-weights", text)
        self.assertIn("no prediction was used; the direction is open", text)
        self.assertIn("smoothness along the line", text)
        self.assertNotRegex(text, r"\bnan\b")

    def test_info(self):
        text = self.run_program("info", "p.h5").stdout
        self.assertIn("rows         none: there are no predictions", text)
        self.assertIn("depth        the weights alone put the blocks in line", text)
        self.assertIn("W_out W_out^T", text)
        self.assertNotRegex(text, r"\bnan\b")
        self.assertNotIn("targets in every row", text)

    def test_analyze_sets_it_beside_the_published_starts(self):
        study = json.loads(self.run_program(
            "analyze", "whole.h5", "--answer", "answer.txt", "--format", "json", "--searches", "none", "--repair",
            "none", "--swaps", "screened", "-o", "a.h5").stdout)
        starts = {(start["name"], start["direction"]): start for start in study["starts"]}
        found = starts["seriation", "forward"]["rank_correlation"]
        self.assertEqual(starts["seriation", "reversed"]["rank_correlation"], -found)
        self.assertGreater(abs(found), 0.95)
        self.assertEqual(len(study["line"]["blocks"]), BLOCKS)
        with h5py.File(self.folder / "a.h5") as file:
            self.assertEqual(len(file["line"]), BLOCKS)
            self.assertGreater(file.attrs["line_agreement"], 0.5)
        text = self.run_program("analyze", "whole.h5", "--searches", "none", "--repair", "none", "--swaps", "screened",
                                "--start", "seriation").stdout
        self.assertIn("The start seriation is the line that the weights alone give", text)


if __name__ == "__main__":
    main()
