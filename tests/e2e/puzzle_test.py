"""The real puzzle from its files to its answer, on one to four ranks."""

import hashlib
import pathlib
import random
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import h5py

from harness import NOT_SOLVED, ProgramTest, main, text, shared_folder

PUZZLE = shared_folder() / "puzzle"
SHA256 = "093be1cf2d24094db903cbc3e8d33d306ebca49c6accaa264e44b0b675e7d9c4"
# Smallest rise of the MSE by exchanging two neighbours of the answer is 3.4e-5; of the right order it is 1.6e-14.
RIGHT = 1e-13


def sha256(text):
    return hashlib.sha256(text.strip().encode()).hexdigest()


class PuzzleTest(ProgramTest):
    def setUp(self):
        super().setUp()
        if not (PUZZLE / "pieces").is_dir():
            self.skipTest("SKIPPED: no puzzle below $KINTSUGI_SHARED (default ../shared)")

    def import_puzzle(self, pieces=PUZZLE / "pieces"):
        self.run_program("import", pieces, PUZZLE / "historical_data.csv", "-o", "p.h5", "-q")

    def test_answer_and_trajectory_on_one_to_four_ranks(self):
        self.import_puzzle()
        logs = {}
        for np in (1, 2, 3, 4):
            result = self.run_program("solve", "p.h5", "-o", f"s{np}.h5", "--no-times", np=np)
            self.assertEqual(sha256(result.stdout), SHA256)
            logs[np] = result.stderr.replace(f"s{np}.h5", "s.h5")
        self.assertGreater(len(re.findall(r"(?m)^  [A-Z] +\d", logs[1])), 1)
        for np in (2, 3, 4):
            self.assertEqual(logs[np], logs[1])
        # Without a launcher, too.
        alone = self.run_program("solve", "p.h5", "-o", "s.h5", "--no-times")
        self.assertEqual(alone.stderr, logs[1])
        result = self.run_program("verify", "p.h5", "s4.h5", "--expect-sha256", SHA256, "--compare", "s1.h5").stdout
        mse = float(re.search(r"RESULT .* mse=(\S+)", result).group(1))
        self.assertLess(mse, RIGHT)
        self.assertIn("out of place   0 of 97", result)

    def test_other_tools_read_the_files(self):
        self.import_puzzle()
        self.run_program("solve", "p.h5", "-o", "s.h5", "-q")
        with h5py.File(self.folder / "p.h5") as file:
            self.assertEqual(len(file["pieces"]), 97)
            self.assertEqual(file["data/inputs"].shape, (10000, 48))
            self.assertEqual(file["pieces/0/weight"].dtype, "float32")
        with h5py.File(self.folder / "s.h5") as file:
            self.assertEqual(sha256(",".join(map(str, file["permutation"][:]))), SHA256)
            self.assertEqual(text(file.attrs["sha256"]), SHA256)
            self.assertEqual(file["pairing"].shape, (48, 2))
        for name in ("p.h5", "s.h5"):
            listing = subprocess.run(["h5dump", "-H", self.folder / name], capture_output=True, text=True, check=True)
            self.assertIn('DATASET "', listing.stdout)

    def test_shuffled_file_names(self):
        seed = random.randrange(2**32)
        names = list(range(97))
        random.Random(seed).shuffle(names)
        (self.folder / "pieces").mkdir()
        for original, name in enumerate(names):
            shutil.copy(PUZZLE / f"pieces/piece_{original}.pth", self.folder / f"pieces/piece_{name}.pth")
        self.import_puzzle(self.folder / "pieces")
        found = map(int, self.run_program("solve", "p.h5", "-q").stdout.split(","))
        originals = ",".join(str(names.index(name)) for name in found)
        self.assertEqual(sha256(originals), SHA256, f"shuffled with seed {seed}")

    def test_wrong_answer_is_told_from_the_right_one(self):
        self.import_puzzle()
        answer = self.run_program("solve", "p.h5", "-q").stdout.split(",")
        answer[40:42], answer[42:44] = answer[42:44], answer[40:42]
        (self.folder / "wrong.txt").write_text(",".join(answer))
        result = self.run_program("verify", "p.h5", "wrong.txt", "--expect-sha256", SHA256, code=NOT_SOLVED).stdout
        self.assertIn("does not reproduce", result)
        self.assertIn("not the expected one", result)


if __name__ == "__main__":
    main()
