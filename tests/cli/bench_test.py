"""bench: its numbers are there and possible."""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from harness import USAGE, ProgramTest, main


class BenchTest(ProgramTest):
    def bench(self, *arguments, seconds=0.05, **options):
        text = self.run_program("bench", "--seconds", seconds, *arguments, **options).stdout
        line = [line for line in text.splitlines() if line.startswith("RESULT ")]
        self.assertEqual(len(line), 1, text)
        return text, {key: float(value) for key, value in (word.split("=") for word in line[0].split()[1:])}

    def test_shares_are_those_of_the_figures(self):
        text, result = self.bench("--blocks", "4", "--rows", "500", seconds=0.3)
        rows = {"forward_gflops": "block forward", "adjoint_gflops": "block adjoint", "pairs_gflops": "pairs of blocks",
                "screen_gflops": "screen of insertions"}
        for figure, row in rows.items():
            self.assertGreater(result[figure], 0)
            share = float(re.search(row + r" +\S+ +(\S+) %", text).group(1))
            self.assertAlmostEqual(share, 100 * result[figure] / result["peak_gflops"], delta=0.2, msg=row)

    def test_evaluations_cost_what_their_products_cost(self):
        shape = ("--blocks", "6", "--width", "16", "--hidden", "24", "--outputs", "3", "--rows", "400")
        text, result = self.bench(*shape)
        rate = float(re.search(r"second, (\S+) GFLOP/s", text).group(1))
        products = 400 * (6 * 4 * 16 * 24 + 2 * 16 * 3)
        self.assertAlmostEqual(rate, result["evaluations_per_second"] * products / 1e9, delta=0.1)

    def test_other_shapes_and_several_ranks(self):
        for shape in (("--width", "7", "--hidden", "5"), ("--rows", "2"), ("--activation", "gelu", "--rows", "99")):
            _, result = self.bench("--blocks", "2", *shape)
            self.assertGreater(result["evaluations_per_second"], 0)
        _, result = self.bench("--blocks", "2", "--rows", "100", np=3)
        self.assertEqual(result["ranks"], 3)

    def test_impossible_shapes(self):
        self.assert_error(USAGE, "bench", "--width", "0", says="--width")


if __name__ == "__main__":
    main()
