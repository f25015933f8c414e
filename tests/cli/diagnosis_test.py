"""What solve says at its end of what is odd, and pieces that belong to nothing."""


import json
import pathlib
import re
import sys

import h5py
import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import harness
from claims_networks import Network, scale_head
from harness import BAD_INPUT, STOPPED, SUCCESS, USAGE, Planted


class DiagnosisTest(harness.ProgramTest):
    def findings(self):
        with h5py.File(self.folder / "s.h5") as file:
            return {row["kind"].decode(): (row["evidence"].decode(), row["remedy"].decode()) for row in file["diagnosis"][:]}

    def test_a_wrong_activation_is_named(self):
        self.run_program("generate", "-o", "p.h5", "--answer", "a.txt", "-q", "--blocks", "8", "--width", "12", "--hidden",
                         "24", "--rows", "800", "--activation", "gelu")
        with h5py.File(self.folder / "p.h5", "r+") as file:
            file.attrs.modify("activation", "relu")
        log = self.run_program("solve", "p.h5", "-o", "s.h5", "--max-evaluations", "200", code=STOPPED).stderr
        self.assertIn("found        activation: with gelu the same orders leave", log)
        self.assertIn("--activation gelu", self.findings()["activation"][1])
        report = self.run_program("report", "s.h5", "--format", "text").stdout
        self.assertIn("found          activation: with gelu", report)
        # The other way round nothing is said of it.
        with h5py.File(self.folder / "p.h5", "r+") as file:
            file.attrs.modify("activation", "gelu")
        self.run_program("solve", "p.h5", "-o", "s.h5", "-q")
        self.assertNotIn("activation", self.findings())

    def test_equal_rows_do_not_accuse_the_activation(self):
        planted = Planted(blocks=8, rows=50)
        planted.write(self.folder / "p.h5")
        with h5py.File(self.folder / "p.h5", "r+") as file:
            for name in ("inputs", "predictions"):
                file["data"][name][...] = file["data"][name][:1]
        self.run_program("solve", "p.h5", "-o", "s.h5", "-q", code=None)
        self.assertNotIn("activation", self.findings())

    def test_what_an_answer_is_an_answer_up_to_is_said(self):
        size = ["-q", "--blocks", "8", "--width", "12", "--hidden", "24", "--rows", "800"]
        self.run_program("generate", "-o", "p.h5", "--answer", "a.txt", *size, "--noise", "0.01")
        self.run_program("solve", "p.h5", "-o", "s.h5", "-q")
        evidence, remedy = self.findings()["noise"]
        self.assertRegex(evidence, r"\((0.9\d?|1(.0)?) % of the predictions. spread\)")
        self.assertIn("--tolerance", remedy)
        self.run_program("generate", "-o", "p.h5", "--answer", "a.txt", *size)
        with h5py.File(self.folder / "p.h5", "r+") as file:
            for piece in file["pieces"].values():
                for name in ("weight", "bias"):
                    piece[name][...] = piece[name][...].astype(numpy.float16)
        self.run_program("solve", "p.h5", "-o", "s.h5", "-q")
        self.assertIn("all weights are numbers of float16", self.findings()["precision"][0])
        self.run_program("generate", "-o", "p.h5", "--answer", "a.txt", *size, "--depth", "none", "--residual", "0.0005",
                         "--seed", "3")
        self.run_program("solve", "p.h5", "-o", "s.h5", "-q", code=None)
        self.assertIn("neighbours' order; open are positions", self.findings()["order"][0])

    def test_no_end_without_an_answer_is_without_a_reason(self):
        self.run_program("generate", "-o", "p.h5", "--answer", "a.txt", "-q", "--blocks", "12", "--width", "12", "--hidden",
                         "24", "--rows", "800")
        self.run_program("solve", "p.h5", "-o", "s.h5", "-q", "--start", "random", "--max-evaluations", "4", code=STOPPED)
        evidence, remedy = self.findings()["limit"]
        self.assertRegex(evidence, r"% of the predictions. variance, after \d+ evaluations, which are few for 12 blocks")
        self.assertIn("--time-limit", remedy)

    def test_few_rows_are_said(self):
        self.run_program("generate", "-o", "p.h5", "--answer", "a.txt", "-q", "--blocks", "12", "--width", "12", "--hidden",
                         "24", "--rows", "29")
        self.run_program("solve", "p.h5", "-o", "s.h5", "-q", "--max-evaluations", "300", code=None)
        self.assertIn("29 predictions are few for the order of 12 blocks, which has 66 pairs", self.findings()["rows"][0])

    def test_a_constant_output_is_named(self):
        planted = Planted(outputs=2)
        planted.write(self.folder / "p.h5")
        with h5py.File(self.folder / "p.h5", "r+") as file:
            head = file[f"pieces/{planted.answer[-1]}"]
            head["weight"][1] = 0
            head["bias"][1] = 3
            file["data/predictions"][:, 1] = 3
        log = self.run_program("solve", "p.h5", "-o", "s.h5").stderr
        self.assertIn("found        data: constant predictions, which tell nothing about the order: output 1", log)

    def test_extra_pieces_are_left_out_and_named(self):
        planted = Planted()
        pieces = self.folder / "pieces"
        planted.write_pieces(pieces)
        planted.write_csv(self.folder / "data.csv")
        count = len(planted.answer)
        random = numpy.random.default_rng(3)
        shape = planted.pieces[planted.answer[0]][0].shape
        harness.write_pth(pieces / f"piece_{count}.pth", {"weight": random.normal(size=shape).astype(numpy.float32),
                                                          "bias": random.normal(size=shape[0]).astype(numpy.float32)})
        self.assert_error(BAD_INPUT, "import", "pieces", "data.csv", "-o", "p.h5", says="do not pair up")
        said = self.run_program("import", "pieces", "data.csv", "-o", "p.h5", "--allow-extra").stderr
        self.assertIn(f"piece {count} (", said)
        self.assertIn("is left out", said)
        result = self.run_program("solve", "p.h5", "-o", "s.h5")
        self.assertEqual(result.stdout, planted.answer_text() + "\n")
        self.assertIn(f"left out when the problem was imported: {count}", result.stderr)
        self.run_program("verify", "p.h5", "s.h5")
        self.run_program("info", "p.h5")
        self.run_program("export", "p.h5", "s.h5", "-o", "m.pth")

    def test_a_network_without_one_of_its_pieces_is_never_solved(self):
        # The piece with the last number, so that the others have no gap; a seed by which it is no head.
        planted = next(p for p in (Planted(seed=seed) for seed in range(1, 99))
                       if p.answer.index(len(p.answer) - 1) < len(p.answer) - 1)
        pieces = self.folder / "pieces"
        planted.write_pieces(pieces)
        planted.write_csv(self.folder / "data.csv")
        last = len(planted.answer) - 1
        (pieces / f"piece_{last}.pth").unlink()
        partner = planted.answer[planted.answer.index(last) ^ 1]
        said = self.run_program("import", "pieces", "data.csv", "-o", "p.h5", "--allow-extra").stderr
        self.assertIn(f"piece {partner} (", said)
        result = self.run_program("solve", "p.h5", "-o", "s.h5", "--max-evaluations", "300", code=None)
        self.assertNotEqual(result.returncode, SUCCESS)
        self.assertIn("where a partner of theirs is missing", self.findings()["extra"][1])

    def test_blocks_that_belong_to_nothing_are_found_by_the_data(self):
        planted = Planted(blocks=8)
        folder = planted.write_pieces(self.folder / "puzzle")
        planted.write_csv(folder / "data.csv")
        count, random = len(planted.answer), numpy.random.default_rng(3)
        for decoy in range(2):
            for part in (0, 1):
                weight, bias = (random.normal(size=array.shape) * 0.3 for array in planted.pieces[planted.answer[part]])
                harness.write_pth(folder / f"piece_{count + 2 * decoy + part}.pth",
                                  {"weight": weight.astype(numpy.float32), "bias": bias.astype(numpy.float32)})
        result = self.run_program("solve", "puzzle", "--allow-extra", "--activation", "relu")
        self.assertEqual(result.stdout, planted.answer_text() + "\n")
        self.assertIn(f"pieces {count}, {count + 1}, {count + 2}, {count + 3} are left out", result.stderr)
        self.assertIn("verified", result.stderr)
        self.run_program("verify", "puzzle/problem.h5", "puzzle/solution.h5")
        self.assert_error(USAGE, "solve", "puzzle/problem.h5", "--allow-extra", says="import --allow-extra")

    def test_the_place_of_a_missing_block_is_named(self):
        planted = next(p for p in (Planted(blocks=8, seed=seed) for seed in range(1, 99))
                       if p.answer.index(len(p.answer) - 1) in range(5, 12))
        folder = planted.write_pieces(self.folder / "puzzle")
        planted.write_csv(folder / "data.csv")
        last = len(planted.answer) - 1
        (folder / f"piece_{last}.pth").unlink()
        place = planted.answer.index(last) // 2
        self.run_program("solve", "puzzle", "--allow-extra", "--activation", "relu", "-o", "s.h5", "--max-evaluations",
                         "300", "-q", code=None)
        evidence, remedy = self.findings()["missing"]
        found = re.search(r"most likely (?:before position (\d+)|behind position (\d+)|between positions (\d+) and (\d+)):",
                          evidence)
        self.assertIsNotNone(found, evidence)
        before, behind, first, last = (None if number is None else int(number) for number in found.groups())
        self.assertLess(next(n for n in (behind, first, -1) if n is not None), place + 1, evidence)
        self.assertLessEqual(place, 1 + next(n for n in (before, last, 8) if n is not None), evidence)
        self.assertIn("look for its pieces", remedy)

    def test_ties_are_named_and_the_json_log_has_the_diagnosis(self):
        self.run_program("generate", "-o", "p.h5", "--answer", "a.txt", "-q", "--blocks", "8", "--width", "12", "--hidden",
                         "24", "--rows", "800")
        network = Network(self.folder / "p.h5", self.folder / "a.txt")
        for part in (0, 1):
            index, other = network.truth[2 + part], network.truth[10 + part]
            network.set_piece(other, network.weight[index] * (1 + 1e-7), network.bias[index])
        network.predict_anew()
        log = self.run_program("solve", "p.h5", "-o", "s.h5", "--log", "json").stderr
        result = json.loads(log.splitlines()[-1])
        self.assertIn("ties", [finding["kind"] for finding in result["diagnosis"]])
        self.assertIn("positions 1 and 5 can", self.findings()["ties"][0])
        with h5py.File(self.folder / "s.h5") as file:
            ties = {(row["kind"].decode(), row["first"], row["second"]) for row in file["ties"][:]}
            open_places = [row["position"] for row in file["margins"][:] if row["interchangeable"]]
        self.assertLessEqual({("trade", 1, 5), ("pieces", 1, 5)}, ties)
        self.assertLessEqual({1, 4}, set(open_places), "the blocks beside them stand on either side")

    def test_scaled_outputs_are_said(self):
        self.run_program("generate", "-o", "p.h5", "--answer", "a.txt", "-q", "--blocks", "8", "--width", "12", "--hidden",
                         "24", "--rows", "800", "--outputs", "2")
        network = Network(self.folder / "p.h5", self.folder / "a.txt")
        self.run_program("solve", "p.h5", "-o", "s.h5", "-q")
        self.assertNotIn("scale", self.findings())
        scale_head(network, numpy.array([1e-6, 1e3]))
        answer = self.run_program("solve", "p.h5", "-o", "s.h5", "-q").stdout
        self.assertEqual(answer, (self.folder / "a.txt").read_text())
        self.assertIn("outputs are of unlike scale", self.findings()["scale"][0])

    def test_coarse_rounding_is_said(self):
        self.run_program("generate", "-o", "p.h5", "--answer", "a.txt", "-q", "--blocks", "8", "--width", "12", "--hidden",
                         "24", "--rows", "100", "--decimals", "0")
        self.run_program("solve", "p.h5", "-o", "s.h5", "-q", "--max-evaluations", "300", code=None)
        self.assertIn("given to so few digits", self.findings()["rounding"][0])

    def test_a_slope_is_fitted(self):
        self.run_program("generate", "-o", "p.h5", "--answer", "a.txt", "-q", "--blocks", "8", "--width", "12", "--hidden",
                         "24", "--rows", "800", "--activation", "leaky_relu:0.15")
        Network(self.folder / "p.h5", self.folder / "a.txt").write_folder(self.folder / "puzzle")
        result = self.run_program("solve", "puzzle")
        self.assertEqual(result.stdout, (self.folder / "a.txt").read_text())
        self.assertIn("activation   leaky_relu:0.15, found by trying all", result.stderr)
        self.assertIn("leaky_relu:0.15", self.run_program("info", "puzzle/problem.h5").stdout)
        self.run_program("verify", "puzzle/problem.h5", "puzzle/solution.h5")

    def test_copies_stand_for_each_other(self):
        self.run_program("generate", "-o", "p.h5", "--answer", "a.txt", "-q", "--blocks", "6", "--width", "12", "--hidden",
                         "24", "--rows", "500", "--copies", "2")
        said = self.run_program("solve", "p.h5", "-o", "s.h5").stderr
        self.assertIn("pairs    all trusted", said)
        self.assertIn("copies", self.findings())
        self.assertRegex(said.split("\nverdict ")[1], r"\ncopies +\d blocks are equal and can trade places: positions")
        said = self.run_program("verify", "p.h5", "s.h5", "--compare", "a.txt").stdout
        self.assertIn("out of place   0 of 13 pieces", said)
        self.assertIn("wrong pairs    0 of 6", said)


if __name__ == "__main__":
    harness.main()
