"""bench --scale: its shapes, its ratios to the model, and what it predicts."""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from harness import USAGE, ProgramTest, main


class BenchScaleTest(ProgramTest):
    def scale(self, *arguments, **options):
        text = self.run_program("bench", "--scale", "--seconds", "0.02", *arguments, **options).stdout
        last = text.splitlines()[-1]
        self.assertTrue(last.startswith("RESULT "), text)
        return text, {key: float(value) for key, value in (word.split("=") for word in last.split()[1:])}

    def test_memory_is_near_the_model(self):
        # Large enough for the arrays to count beside the program itself.
        _, result = self.scale("--blocks", "32", "--width", "64", "--hidden", "128", "--rows", "1000", np=2)
        self.assertEqual(result["cases"], 8)
        sanitized = "-fsanitize" in self.run_program("--version").stdout
        if not sanitized:  # which takes memory of its own
            self.assertLess(result["highest_memory_ratio"], 1.3)
        self.assertGreater(result["highest_memory_ratio"], 0.75)

    def test_every_shape_is_measured(self):
        text, result = self.scale("--blocks", "4", "--width", "8", "--hidden", "12", "--rows", "200", np=3)
        times = text[text.index("Processor time"):text.index("Memory in MB")]
        shapes = re.findall(r"(?m)^  (\d+) x (\d+) x (\d+) +(\d+) +(\d+) ", times)
        base = ("4", "8", "12", "200")
        shapes = list(dict.fromkeys(shapes))  # what does not fit follows below
        self.assertEqual(shapes, [base + ("1",), base + ("2",), base + ("3",), ("8", "8", "12", "200", "3"),
                                  ("16", "8", "12", "200", "3"), ("4", "16", "24", "200", "3"),
                                  ("4", "32", "48", "200", "3"), ("4", "8", "12", "400", "3"),
                                  ("4", "8", "12", "800", "3")])
        self.assertEqual(result["cases"], len(shapes))

    def test_growth(self):
        small = ("--blocks", "4", "--width", "8", "--hidden", "12", "--rows", "200")
        self.assertEqual(self.scale(*small, "--growth", "1", np=2)[1]["cases"], 2)
        self.assertEqual(self.scale(*small, "--growth", "2")[1]["cases"], 4)

    def test_prediction(self):
        small = ("--blocks", "2", "--width", "4", "--hidden", "4", "--rows", "64")
        text, _ = self.scale(*small, "--predict", "64x32x48x6400x8x4", "--sample-rows", "640")
        self.assertIn("64 blocks of width 32, hidden 48, 6400 rows, sample of 640,\non 8 ranks, 4 a node", text)
        lines = text[text.index("Processor time"):].splitlines()
        self.assertEqual([line for line in lines if len(line) > 80 and not line.startswith("RESULT ")], [])
        # One evaluation: three tiles of the sample's twenty on the busiest rank.
        flops = 3 * 32 * 64 * 4 * 32 * 48 / 1e9
        self.assertAlmostEqual(float(re.search(r"(?m)^  evaluation +(\S+)", text).group(1)), flops, delta=1e-3 * flops)

    def test_what_is_no_shape(self):
        for shape in ("4x4", "1x2x3x4x5x6x7", "axbxcxdxe", "0x1x1x1x1"):
            self.assert_error(USAGE, "bench", "--scale", "--predict", shape, says="--predict")

    def test_prediction_alone(self):
        for np in (None, 2):
            text = self.run_program("bench", "--predict", "64x32x48x6400x8x4", "--seconds", "0.01", np=np).stdout
            self.assertIn("By the model: 64 blocks of width 32, hidden 48, 6400 rows", text)
            self.assertNotIn("measured", text)
            self.assertNotIn("RESULT", text)


if __name__ == "__main__":
    main()
