"""generate: what it writes is what it says, for any number of ranks, and verify agrees with its answer."""

import os
import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import h5py
import numpy

import harness
from harness import BAD_INPUT, INTERNAL, STOPPED, USAGE, Planted, ProgramTest, main, text

SMALL = ("--blocks", 6, "--width", 10, "--hidden", "20,14", "--rows", 700, "--outputs", 2)
PLANTED = (*SMALL, "--pair-signal", 1, "--noise", 0.01, "--copies", 1, "--seed", 5)
TRAINED = ("--kind", "trained", *SMALL, "--steps", 30, "--batch", 128, "--seed", 5)


def facts(text):
    """The keys of the RESULT line."""
    line = [line for line in text.splitlines() if line.startswith("RESULT ")]
    assert len(line) == 1, text
    return dict(word.split("=") for word in line[0].split()[1:])


class GenerateTest(ProgramTest):
    def generate(self, name, *arguments, **options):
        return self.run_program("generate", "-o", f"{name}.h5", "--answer", f"{name}.txt", *arguments, **options)

    def read(self, name):
        """Pieces by index, inputs, predictions, the answer."""
        with h5py.File(self.folder / f"{name}.h5") as file:
            pieces = {int(index): (group["weight"][:], group["bias"][:] if "bias" in group else 0)
                      for index, group in file["pieces"].items()}
            inputs, predictions = file["data/inputs"][:], file["data/predictions"][:]
        answer = [int(word) for word in (self.folder / f"{name}.txt").read_text().split(",")]
        return pieces, inputs, predictions, answer

    def error_of_truth(self, name):
        """MSE by numpy in float64; relu."""
        pieces, inputs, predictions, answer = self.read(name)
        layers = [pieces[index] for index in answer]
        state = inputs.astype(numpy.float64)
        for (expand, expand_bias), (compress, compress_bias) in zip(layers[:-1:2], layers[1::2]):
            state = state + numpy.maximum(state @ expand.T + expand_bias, 0) @ compress.T + compress_bias
        return numpy.mean((state @ layers[-1][0].T + layers[-1][1] - predictions) ** 2)

    def test_files_and_report_are_the_same_on_any_number_of_ranks(self):
        for kind, arguments in (("planted", PLANTED), ("trained", TRAINED)):
            reports = set()
            for np in (None, 1, 2, 3, 4):
                reports.add(self.generate("same", *arguments, np=np).stdout)
                for suffix in ("h5", "txt"):
                    path = self.folder / f"same.{suffix}"
                    kept = self.folder / f"{kind}.{suffix}"
                    if np is None:
                        path.rename(kept)
                    else:
                        self.assertTrue(path.read_bytes() == kept.read_bytes(), f"{kind}, {suffix}, np {np}")
            self.assertEqual(len(reports), 1, reports)
        self.generate("other", *TRAINED[:-1], 6)
        self.assertFalse((self.folder / "other.h5").read_bytes() == (self.folder / "trained.h5").read_bytes())

    def test_planted_knobs_show(self):
        result = facts(self.generate("p", *PLANTED).stdout)
        self.assertAlmostEqual(self.error_of_truth("p"), 1e-4, delta=2e-5)
        self.assertAlmostEqual(float(result["mse"]), self.error_of_truth("p"), delta=1e-12)
        pieces, _, _, answer = self.read("p")
        self.assertEqual(sorted(answer), list(range(13)))
        self.assertEqual(len({weight.tobytes() for weight, _ in pieces.values()}), 11, "one block is there twice")
        self.assertEqual({weight.shape for weight, _ in pieces.values()},
                         {(20, 10), (10, 20), (14, 10), (10, 14), (2, 10)})

        clear = ("--blocks", 16, "--width", 24, "--hidden", 48, "--rows", 300)
        result = facts(self.generate("q", *clear, "--pair-signal", 2.5, "--depth", "shrinking",
                                     "--depth-range", 2).stdout)
        self.assertEqual(result["wrong_pairs"], "0")
        self.assertLess(float(result["rho_frobenius"]), -0.95)
        result = facts(self.generate("r", *clear, "--pair-signal", 0, "--depth", "none", "--biases", "no",
                                     "--check-pairs", "yes").stdout)
        self.assertGreater(int(result["wrong_pairs"]), 8)
        self.assertNotIn("wrong_pairs", self.generate("r", *clear, "--check-pairs", "no").stdout)

    def test_a_clear_network_is_solved(self):
        self.generate("p", "--blocks", 10, "--width", 16, "--hidden", 32, "--rows", 2000, "--pair-signal", 2)
        answer = (self.folder / "p.txt").read_text()
        self.run_program("verify", "p.h5", "p.txt")
        self.assertEqual(self.run_program("solve", "p.h5", np=2).stdout, answer)

    def test_a_trained_network_is_better_than_before_and_true_to_its_file(self):
        result = facts(self.generate("t", *TRAINED, "--optimizer", "adam", "--learning-rate", 0.003).stdout)
        self.assertLess(float(result["loss_after"]), 0.8 * float(result["loss_before"]))
        self.assertLess(self.error_of_truth("t"), 1e-12)
        _, inputs, predictions, _ = self.read("t")
        with h5py.File(self.folder / "t.h5") as file:
            targets = file["data/targets"][:]
            self.assertEqual(text(file.attrs["generated"]), "trained")
            self.assertNotIn("seed", text(file.attrs["generator_options"]))
        self.assertAlmostEqual(numpy.mean((predictions - targets) ** 2), float(result["loss_after"]), delta=1e-5)
        self.run_program("verify", "t.h5", "t.txt")

    def traces(self, name):
        """tr(W_out W_in) of each block."""
        pieces, _, _, answer = self.read(name)
        return [numpy.sum(pieces[compress][0] * pieces[expand][0].T) for expand, compress in zip(answer[:-1:2], answer[1::2])]

    def test_training_makes_the_diagonal_negative_and_the_network_solvable(self):
        shape = ("--kind", "trained", "--blocks", 12, "--width", 24, "--hidden", 48, "--rows", 4000, "--batch", 64)
        self.generate("raw", *shape, "--steps", 0)
        result = facts(self.generate("t", *shape, "--steps", 3000, np=2).stdout)
        self.assertEqual(result["wrong_pairs"], "0")
        untrained, trained = self.traces("raw"), self.traces("t")
        self.assertGreater(sum(trace >= 0 for trace in untrained), 2)
        self.assertLessEqual(sum(trace >= 0 for trace in trained), 1, trained)
        self.assertLess(numpy.mean(trained), 2 * min(untrained))
        self.assertEqual(self.run_program("solve", "t.h5", np=2).stdout, (self.folder / "t.txt").read_text())

    def test_training_on_rows_from_a_file(self):
        planted = Planted(blocks=3, width=5, rows=400)
        data = planted.write_csv(self.folder / "data.csv")
        options = ("--kind", "trained", "--data", data, "--blocks", 4, "--hidden", 8, "--activation", "gelu")
        result = facts(self.generate("t", *options, "--steps", 200, "--batch", 100).stdout)
        self.assertEqual((result["width"], result["rows"]), ("5", "400"))
        self.assertLess(float(result["loss_after"]), 0.5 * float(result["loss_before"]))
        _, inputs, _, _ = self.read("t")
        numpy.testing.assert_array_equal(inputs, planted.inputs)
        self.assert_error(USAGE, "generate", "-o", "x.h5", "--answer", "x.txt", *options, "--width", 5,
                          says="option 'width' (command line) cannot be given with 'data'")
        self.assert_error(BAD_INPUT, "generate", "-o", "x.h5", "--answer", "x.txt", "--kind", "trained", "--data",
                          "none.csv", says="none.csv", np=2)

    def test_wrong_usage_leaves_nothing_behind(self):
        def fails(*arguments, says, **options):
            self.assert_error(USAGE, "generate", "-o", "x.h5", "--answer", "x.txt", *arguments, says=says, **options)

        fails("--steps", 5, says="option 'steps' (command line) has no meaning for a planted network")
        fails("--kind", "trained", "--decimals", 2, says="option 'decimals' (command line) has no meaning for a trained")
        fails("--kind", "trained", "--copies", 2, "--hidden", "8,16", says="copies need blocks of one hidden size", np=2)
        fails(says="option 'noise' (environment) has no meaning", variables={"KINTSUGI_NOISE": "1", "KINTSUGI_KIND": "trained"})
        fails("--hidden", "8,,8", says="hidden")
        fails("--pair-signal", 50, says="the pairing signal can be at most 4.898", np=2)
        fails("--kind", "trained", "--rows", 20, "--batch", 21, says="the batch must have between 1 and 20 rows", np=2)
        fails("--kind", "trained", "--optimizer", "sgd", "--learning-rate", 1e4, "--width", 8, "--rows", 100, "--batch",
              50, "--blocks", 3, says="training diverged at step", np=2)
        self.assert_error(USAGE, "generate", "-o", "x", "--answer", "x", says="is the same file as the output")
        self.assert_error(USAGE, "generate", "-o", "no/x.h5", "--answer", "x.txt", says="no/x.h5", np=2)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_signal_stops_all_ranks_and_leaves_nothing_behind(self):
        for np in (None, 2):
            for kind in (("planted", "--blocks", 2000, "--rows", 20000),
                         ("trained", "--blocks", 1, "--width", 4, "--hidden", 4, "--rows", 64, "--batch", 8, "--steps",
                          200000)):
                command = [harness.PROGRAM, "generate", "-o", "x.h5", "--answer", "x.txt", "--kind", *kind]
                command = [str(harness.MPIRUN), str(np), *command] if np else command
                with subprocess.Popen([str(word) for word in command], cwd=self.folder,
                                      env=harness.clean_environment(), stderr=subprocess.PIPE, text=True) as process:
                    if kind[0] == "planted":
                        # Blocks are written one by one from then on.
                        while not os.listdir(self.folder):
                            self.assertIsNone(process.poll())
                            time.sleep(0.05)
                    else:
                        self.assertIn("step 20000 of 200000", process.stderr.readline())
                    # mpirun passes either on, but at SIGTERM it also gives up itself, with a code of its own.
                    process.send_signal(signal.SIGUSR1 if np else signal.SIGTERM)
                    text = process.communicate(timeout=100)[1]
                self.assertEqual(process.returncode, STOPPED, text)
                self.assertIn("stopped by a signal; nothing was written", text)
                self.assertEqual(os.listdir(self.folder), [])

    def test_a_full_disk_leaves_nothing_behind(self):
        disk = self.folder / "disk"
        disk.mkdir()
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", disk], capture_output=True, text=True)
        if mount.returncode != 0:
            self.skipTest(f"SKIPPED: no small disk can be mounted here: {mount.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", disk], check=True)
        for kind in ("planted", "trained"):
            steps = ("--steps", 1) if kind == "trained" else ()
            for np in (None, 2):
                result = self.run_program("generate", "-o", "disk/x.h5", "--answer", "x.txt", "--kind", kind, *SMALL,
                                          *steps, code=INTERNAL, np=np)
                self.assertIn("disk/x.h5: cannot be written: No space left on device", result.stderr)
                self.assertEqual(os.listdir(disk), [])
                self.assertEqual(os.listdir(self.folder), ["disk"])


if __name__ == "__main__":
    main()
