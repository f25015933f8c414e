"""The Python module kintsugi reads, draws and runs what the program has written."""

import os
import pathlib
import subprocess
import sys
import unittest
import unittest.mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness  # noqa: E402

SOURCE = harness.ROOT / "src/python"
sys.path.insert(0, str(SOURCE))
sys.dont_write_bytecode = True

try:
    import matplotlib
    import pandas  # noqa: F401

    matplotlib.use("Agg")
    import kintsugi
except ImportError as error:
    print(f"SKIPPED: {error}")
    raise SystemExit(0) from error
import h5py  # noqa: E402
import numpy as np  # noqa: E402

try:
    import torch
except ImportError:
    torch = None
NEEDS_TORCH = unittest.skipIf(torch is None, "SKIPPED: PyTorch is not installed")


class ModuleTest(harness.ProgramTest):
    def setUp(self):
        super().setUp()
        self.planted = harness.Planted()
        self.problem = kintsugi.read(self.planted.write(self.folder / "problem.h5"))

    def solve(self, *options, code=harness.SUCCESS):
        self.run_program("solve", "problem.h5", "-o", "solution.h5", *options, code=code)
        return kintsugi.read(self.folder / "solution.h5")

    def test_a_problem_as_pieces_arrays_and_frames(self):
        self.assertEqual(self.problem.kind, "problem")
        self.assertEqual(self.problem.attributes["activation"], "relu")
        for piece, (weight, bias) in zip(self.problem.pieces, self.planted.pieces, strict=True):
            np.testing.assert_array_equal(piece.weight, weight)
            np.testing.assert_array_equal(piece.bias, bias)
        self.assertEqual(self.problem.shapes.loc[self.planted.answer[-1], ["out", "in"]].tolist(), [1, 8])
        rows = self.problem.rows
        self.assertEqual(list(rows), [f"measurement_{i}" for i in range(8)] + ["pred"])
        np.testing.assert_array_equal(rows["pred"], self.planted.predictions[:, 0])
        np.testing.assert_array_equal(rows["measurement_3"], self.planted.inputs[:, 3])

    def test_a_solution_with_its_tables(self):
        solution = self.solve("--start", "random")
        self.assertEqual((solution.kind, solution.attributes["status"]), ("solution", "solved"))
        self.assertEqual(kintsugi.read_permutation(solution), self.planted.answer)
        self.assertEqual(kintsugi.read_permutation(self.folder / "solution.h5"), self.planted.answer)
        steps = solution["trajectory"]
        self.assertEqual(steps["event"].iloc[0], "start")
        self.assertEqual(steps["evaluations"].iloc[-1], solution.attributes["evaluations"])
        self.assertTrue((steps["best"].diff().dropna()[steps["rows"].diff().dropna() == 0] <= 0).all())
        self.assertEqual(solution["margins"]["first_expand"].tolist(), self.planted.answer[0:-3:2])
        pairs = solution["pair_scores"]
        self.assertEqual(set(zip(pairs["expand"], pairs["compress"])),
                         set(zip(self.planted.answer[0:-1:2], self.planted.answer[1:-1:2])))
        self.assertEqual(solution["starts"]["name"].tolist(), ["random"])
        self.assertEqual(solution["warnings"], [])

    def test_a_checkpoint_has_the_same_log_as_the_solution(self):
        stopped = self.solve("--start", "random", "--search", "bubble", "--max-evaluations", "3", "--checkpoint", "c.h5",
                             code=harness.STOPPED)
        checkpoint = kintsugi.read(self.folder / "c.h5")
        self.assertEqual(checkpoint.kind, "checkpoint")
        columns = ["step", "island", "rows", "mse", "best", "moves", "evaluations"]
        log = checkpoint["trajectory"]
        np.testing.assert_array_equal(log[columns], stopped["trajectory"][columns].iloc[:len(log)])
        self.assertGreater(len(log), 0)
        with h5py.File(self.folder / "solution.h5") as file:
            letters = [chr(letter) for letter in file["trajectory"]["event"]]
        self.assertEqual(log["event"].tolist(), letters[:len(log)])

    def test_an_analysis(self):
        (self.folder / "answer.txt").write_text(self.planted.answer_text())
        self.run_program("analyze", "problem.h5", "--answer", "answer.txt", "-o", "analysis.h5")
        analysis = kintsugi.read(self.folder / "analysis.h5")
        scores = analysis.scores("dominance")
        partner = dict(zip(self.planted.answer[0:-1:2], self.planted.answer[1:-1:2]))
        self.assertEqual(scores.idxmax(axis=1).to_dict(), partner)
        self.assertEqual(analysis["starts"]["kendall_tau"].max(), 1)
        self.assertEqual(analysis["bradley_terry/gains"].shape, (6, 6))
        self.assertIn("bradley_terry/temperature", analysis.attributes)
        self.draws(analysis, {"starts", "scores", "gains", "repair", "searches"})

    def draws(self, file, figures):
        """The file has these figures, and all of them together make a picture."""
        for name in kintsugi.FIGURES:
            if name in figures:
                axes = kintsugi.plot(file, name).axes[0]
                drawn = [*axes.lines, *axes.patches, *axes.images]
                self.assertTrue(drawn and axes.get_title(), f"nothing is drawn for {name}")
            else:
                with self.assertRaisesRegex(kintsugi.Error, f"no figure '{name}'"):
                    kintsugi.plot(file, name)
        kintsugi.plot(file).savefig(self.folder / "all.png")
        self.assertGreater((self.folder / "all.png").stat().st_size, 10000)
        matplotlib.pyplot.close("all")

    def test_figures_of_a_solution(self):
        self.draws(self.solve(), {"network", "search", "starts", "margins", "pairs"})
        with self.assertRaisesRegex(kintsugi.Error, "nothing to draw"):
            kintsugi.plot(self.problem)

    def test_the_network_predicts_with_every_activation_and_form(self):
        forms = [["--activation", activation] for activation in kintsugi.ACTIVATIONS]
        forms += [["--norm", "layer", "--gate", "yes", "--scale", "yes", "--head-norm", "rms"],
                  ["--norm", "rms", "--gate", "yes", "--scale", "yes", "--parts-share", "0.5", "--blocks", 6],
                  ["--head-norm", "layer", "--gain", "no"]]
        for options in forms:
            with self.subTest(options=options):
                self.run_program("generate", *(options if "--blocks" in options else ["--blocks", 2, *options]), "--width", 16,
                                 "--rows", 64, "-o", "made.h5", "--answer", "answer.txt")
                made = kintsugi.read(self.folder / "made.h5")
                answer = [int(number) for number in (self.folder / "answer.txt").read_text().split(",")]
                network = kintsugi.Network(made, answer)
                errors = network.predict(made["data/inputs"]) - made["data/predictions"]
                self.assertLess(np.abs(errors).max(), 1e-5)
                if torch is not None:
                    outputs = network.to_torch()(torch.from_numpy(made["data/inputs"])).detach().numpy()
                    np.testing.assert_allclose(outputs, made["data/predictions"], atol=1e-5)

    @NEEDS_TORCH
    def test_the_torch_module_has_the_names_and_weights_of_export(self):
        solution = self.solve()
        self.run_program("export", "problem.h5", "solution.h5", "-o", "model.pth")
        exported = torch.load(self.folder / "model.pth")
        built = kintsugi.Network(self.problem, solution).to_torch().state_dict()
        self.assertEqual(list(built), list(exported))
        for name, values in exported.items():
            self.assertTrue(torch.equal(built[name], values), name)

    def test_without_torch_it_says_so(self):
        hidden = {"torch": None}  # import then fails
        network = kintsugi.Network(self.problem, self.planted.answer)
        with unittest.mock.patch.dict(sys.modules, hidden), self.assertRaisesRegex(kintsugi.Error, "needs PyTorch"):
            network.to_torch()

    def test_mistakes_are_named(self):
        with self.assertRaisesRegex(kintsugi.Error, "none.h5"):
            kintsugi.read(self.folder / "none.h5")
        with h5py.File(self.folder / "other.h5", "w") as file:
            file["x"] = [1]
        with self.assertRaisesRegex(kintsugi.Error, "no file of kintsugi"):
            kintsugi.read(self.folder / "other.h5")
        with self.assertRaisesRegex(KeyError, "has no 'margins'; it has data/inputs"):
            self.problem["margins"]
        with self.assertRaisesRegex(kintsugi.Error, "no permutation of its 13 pieces"):
            kintsugi.Network(self.problem, self.planted.answer[:-1])
        swapped = self.planted.answer.copy()
        swapped[0], swapped[1] = swapped[1], swapped[0]
        with self.assertRaisesRegex(kintsugi.Error, "block 0: pieces"):
            kintsugi.Network(self.problem, swapped)

    def test_the_notebook_runs(self):
        self.solve()
        script = harness.ROOT / "src/examples/notebook.py"
        result = subprocess.run([sys.executable, str(script), str(self.folder)], text=True, capture_output=True, timeout=300,
                                env={**os.environ, "PYTHONPATH": str(SOURCE)})
        self.assertEqual(result.returncode, 0, result.stderr)
        for words in ("status solved", "mean squared error", "parameters in PyTorch" if torch else "needs PyTorch"):
            self.assertIn(words, result.stdout)
        self.assertTrue((self.folder / "solution.png").exists())


if __name__ == "__main__":
    harness.main()
