"""Ways of being stopped: the exit code, and what is on disk. How soon, stops.py measures by hand, at large sizes, too."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import harness
import stops
from harness import ProgramTest, main

LIMIT = 60  # seconds: no machine is so busy


class StopsTest(ProgramTest):
    def assert_stops(self, launcher):
        program = pathlib.Path(harness.PROGRAM).resolve()
        size = stops.SIZES["small"]
        size.limit = LIMIT
        self.run_program(*size.generate(program, self.folder, "small")[1:], "-q")
        for way in stops.WAYS:
            with self.subTest(way=way, launcher=launcher):
                measured = stops.measure(program, "small", way, launcher, 1, "random", self.folder, ordered=True)
                if measured:
                    self.assertTrue(measured[1], measured[0])

    def test_alone(self):
        self.assert_stops("alone")

    def test_under_mpirun(self):
        self.assert_stops("mpirun")


if __name__ == "__main__":
    main()
