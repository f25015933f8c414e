"""One way in: solve, import and info take a folder, an archive or a file of pieces with its table."""

import io
import pathlib
import shutil
import sys
import tarfile
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import h5py
import numpy

from harness import BAD_INPUT, STOPPED, USAGE, Planted, ProgramTest, main, text


class PuzzleTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.planted = Planted()
        (self.folder / "puzzle").mkdir()
        self.planted.write_pieces(self.folder / "puzzle/pieces")
        self.planted.write_csv(self.folder / "puzzle/historical_data.csv")
        (self.folder / "answer.txt").write_text(self.planted.answer_text())

    def npz(self, path):
        tensors = {}
        for index, (weight, bias) in enumerate(self.planted.pieces):
            tensors.update({f"piece_{index}.weight": weight, f"piece_{index}.bias": bias})
        numpy.savez(self.folder / path, **tensors)

    def zip(self, name, inner="", mac=False):
        with zipfile.ZipFile(self.folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted((self.folder / "puzzle").rglob("*")):
                if path.is_file():
                    archive.write(path, inner + str(path.relative_to(self.folder / "puzzle")))
                    if mac:
                        archive.writestr("__MACOSX/" + inner + "._" + path.name, b"\0\5\x16\7")

    def assert_imported(self, *arguments, says=()):
        result = self.run_program("import", *arguments, "-o", "p.h5")
        for words in says:
            self.assertIn(words, result.stderr)
        self.run_program("verify", "p.h5", "answer.txt")
        return result

    def assert_solved(self, path, *options, **run):
        result = self.run_program("solve", path, *options, **run)
        self.assertEqual(result.stdout, self.planted.answer_text() + "\n")
        return result


class Import(PuzzleTest):
    def test_folders(self):
        self.assert_imported("puzzle", says=["pieces from puzzle/pieces, table from puzzle/historical_data.csv"])
        self.assert_imported("puzzle/")
        self.assert_imported("puzzle/pieces")  # its table lies beside it
        shutil.move(self.folder / "puzzle/historical_data.csv", self.folder / "puzzle/pieces")
        self.assert_imported("puzzle")
        self.assert_imported("puzzle/pieces", says=["pieces from puzzle/pieces"])
        (self.folder / "puzzle/data").mkdir()
        shutil.move(self.folder / "puzzle/pieces/historical_data.csv", self.folder / "puzzle/data/rows.csv")
        self.assert_imported("puzzle", says=["table from puzzle/data/rows.csv"])
        (self.folder / "outer").mkdir()
        shutil.move(self.folder / "puzzle", self.folder / "outer")
        self.assert_imported("outer")

    def test_archives(self):
        for inner in ("", "puzzle/", "a/b/"):
            self.zip("puzzle.zip", inner, mac=True)
            self.assert_imported("puzzle.zip")
            with tarfile.open(self.folder / "puzzle.tar.gz", "w:gz") as archive:
                archive.add(self.folder / "puzzle", inner or ".")
            self.assert_imported("puzzle.tar.gz")
            with tarfile.open(self.folder / "puzzle.tar", "w") as archive:
                archive.add(self.folder / "puzzle", inner or ".")
            self.assert_imported("puzzle.tar")
        self.assert_imported("puzzle.tar", "--no-times")
        first = (self.folder / "p.h5").read_bytes()
        self.assert_imported("puzzle.tar", "--no-times")
        self.assertEqual((self.folder / "p.h5").read_bytes(), first)
        with h5py.File(self.folder / "p.h5") as file:
            self.assertEqual(text(file.attrs["source_data"]), "puzzle.tar/puzzle/a/b/historical_data.csv")

    def test_one_file_with_all_layers(self):
        shutil.rmtree(self.folder / "puzzle/pieces")
        self.npz("puzzle/model.npz")
        self.assert_imported("puzzle", says=["pieces from puzzle/model.npz"])
        self.assert_imported("puzzle/model.npz")
        shutil.move(self.folder / "puzzle/model.npz", self.folder / "model.npz")
        self.assert_imported("model.npz", "puzzle/historical_data.csv")
        numpy.savez(self.folder / "puzzle/data.npz", x=self.planted.inputs, pred=self.planted.predictions)
        (self.folder / "puzzle/historical_data.csv").unlink()
        shutil.move(self.folder / "model.npz", self.folder / "puzzle/model.npz")
        self.assert_imported("puzzle", says=["pieces from puzzle/model.npz, table from puzzle/data.npz"])

    def test_what_is_missing_or_too_much_is_named(self):
        def refused(path, *says):
            self.assert_error(BAD_INPUT, "import", path, "-o", "p.h5", says=says)
            self.assertFalse((self.folder / "p.h5").exists())

        shutil.copy(self.folder / "puzzle/historical_data.csv", self.folder / "puzzle/other.csv")
        self.assert_imported("puzzle", says=["table from puzzle/historical_data.csv"])
        (self.folder / "p.h5").unlink()
        shutil.move(self.folder / "puzzle/historical_data.csv", self.folder / "puzzle/some.csv")
        refused("puzzle", "more than one file may be the table: other.csv, some.csv", "kintsugi import PIECES DATA")
        (self.folder / "puzzle/other.csv").unlink()
        (self.folder / "puzzle/some.csv").unlink()
        refused("puzzle", "no table")
        shutil.copytree(self.folder / "puzzle/pieces", self.folder / "puzzle/again")
        refused("puzzle", "more than one place may hold the pieces: again, pieces")
        (self.folder / "empty").mkdir()
        refused("empty", "holds no pieces", "nothing at all")
        refused("nowhere", "nowhere")
        self.zip("puzzle.zip")
        refused("puzzle.zip", "puzzle.zip", "more than one place")
        self.assertNotIn("kintsugi-", self.run_program("import", "puzzle.zip", "-o", "p.h5", code=BAD_INPUT).stderr)

    def test_hostile_archives(self):
        def refused(name, *says):
            self.assert_error(BAD_INPUT, "import", name, "-o", "p.h5", says=[name, *says])

        for path in ("../evil.csv", "/tmp/evil.csv", "a/../../evil.csv"):
            with zipfile.ZipFile(self.folder / "slip.zip", "w") as archive:
                archive.writestr(path, b"x")
            refused("slip.zip", "leads out of the archive")
        with zipfile.ZipFile(self.folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("data.csv", bytes(30 << 20))
        refused("bomb.zip", "far more than an honest archive")
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE):
            with tarfile.open(self.folder / "link.tar", "w") as archive:
                entry = tarfile.TarInfo("data.csv")
                entry.type, entry.linkname = kind, "/etc/passwd"
                archive.addfile(entry)
            refused("link.tar", "is a link or a device")
        with tarfile.open(self.folder / "twice.tar", "w") as archive:
            for _ in range(2):
                archive.addfile(tarfile.TarInfo("data.csv"), io.BytesIO())
        refused("twice.tar", "is there twice")
        self.zip("cut.zip")
        whole = (self.folder / "cut.zip").read_bytes()
        (self.folder / "cut.zip").write_bytes(whole[: len(whole) // 2])
        refused("cut.zip")
        (self.folder / "text.zip").write_text("not an archive")
        refused("text.zip")


class Solve(PuzzleTest):
    def test_a_folder(self):
        result = self.assert_solved("puzzle", "--no-times")
        for words in ("activation   relu, found by trying all", "verified\n", "next         kintsugi report puzzle/solution.h5",
                      "written      puzzle/problem.h5, puzzle/solution.h5, puzzle/solved.pth"):
            self.assertIn(words, result.stderr)
        self.assertEqual(sorted(path.name for path in (self.folder / "puzzle").iterdir()),
                         ["historical_data.csv", "pieces", "problem.h5", "solution.h5", "solved.pth"])
        self.run_program("verify", "puzzle/problem.h5", "puzzle/solution.h5")
        files = [(self.folder / "puzzle" / name).read_bytes() for name in ("problem.h5", "solved.pth")]
        # Once more, on top of what is there, with ranks: the same.
        result = self.assert_solved("puzzle", "--no-times", np=2)
        self.assertNotIn("\ncores ", result.stderr)
        self.assertEqual(files, [(self.folder / "puzzle" / name).read_bytes() for name in ("problem.h5", "solved.pth")])
        self.assertEqual(self.assert_solved("puzzle", "-q").stderr, "")

    def test_pieces_in_the_folder_itself(self):
        for path in (self.folder / "puzzle/pieces").iterdir():
            shutil.move(path, self.folder / "puzzle")
        self.assert_solved("puzzle")
        self.assert_solved("puzzle")

    def test_an_archive_and_a_file(self):
        self.zip("p.zip")
        self.assert_solved("p.zip")
        self.run_program("verify", "p.problem.h5", "p.solution.h5")
        self.assertTrue((self.folder / "p.solved.pth").exists())
        shutil.rmtree(self.folder / "puzzle/pieces")
        self.npz("puzzle/model.npz")
        self.assert_solved("puzzle/model.npz", "-o", "s.h5")
        self.assertTrue((self.folder / "s.problem.h5").exists() and (self.folder / "s.solved.pth").exists())

    def test_activations_are_found(self):
        functions = {"tanh": numpy.tanh, "identity": lambda z: z, "leaky_relu": lambda z: numpy.where(z > 0, z, 0.01 * z),
                     "silu": lambda z: z / (1 + numpy.exp(-z))}
        for name, function in functions.items():
            state = self.planted.inputs.astype(float)
            layers = [self.planted.pieces[piece] for piece in self.planted.answer]
            for t in range(0, len(layers) - 1, 2):
                (expand, first), (compress, second) = layers[t], layers[t + 1]
                state = state + function(state @ expand.T + first) @ compress.T + second
            self.planted.predictions = (state @ layers[-1][0].T + layers[-1][1]).astype(numpy.float32)
            self.planted.write_csv(self.folder / "puzzle/historical_data.csv")
            result = self.run_program("solve", "puzzle", "--time-limit", "60s")
            self.assertIn(f"activation   {name}, found by trying all", result.stderr)
            self.run_program("verify", "puzzle/problem.h5", "puzzle/solution.h5")
            with h5py.File(self.folder / "puzzle/problem.h5") as file:
                self.assertEqual(text(file.attrs["activation"]), name)

    def test_trials_of_activations_keep_to_their_share_of_the_time(self):
        (self.folder / "no-time.cfg").write_text("activation_choice.share_of_time = 0\n")
        result = self.assert_solved("puzzle", "--time-limit", "600s", "--parameters", "no-time.cfg")
        self.assertIn("activation   relu, a guess: the data do not tell yet", result.stderr)

    def test_an_activation_that_is_given(self):
        result = self.assert_solved("puzzle", "--activation", "relu")
        self.assertIn("activation   relu, as given", result.stderr)
        self.assert_solved("puzzle/problem.h5", "--activation", "relu")
        self.assert_error(USAGE, "solve", "puzzle/problem.h5", "--activation", "gelu", says=["gelu", "imported with relu"])
        result = self.run_program("solve", "puzzle", "--activation", "gelu", "--max-evaluations", "20", code=STOPPED)
        self.assertIn("the predictions are not reproduced", result.stderr)
        self.assertIn("next         kintsugi info puzzle/problem.h5", result.stderr)

    def test_files_of_others_are_kept(self):
        for name in ("problem.h5", "solution.h5"):
            (self.folder / "puzzle" / name).write_text("mine")
            self.assert_error(USAGE, "solve", "puzzle", says=[f"puzzle/{name}", "no earlier run has written it", "--output"])
            self.assertEqual((self.folder / "puzzle" / name).read_text(), "mine")
            (self.folder / "puzzle" / name).unlink()
        self.assert_error(USAGE, "solve", "puzzle", "-o", "puzzle/historical_data.csv", says="is the input")

    def test_errors_are_said_once_on_all_ranks(self):
        (self.folder / "puzzle/pieces/piece_3.pth").write_text("none")
        self.assert_error(BAD_INPUT, "solve", "puzzle", says="piece_3.pth", np=2)
        self.assertEqual(list((self.folder / "puzzle").glob("*.h5*")), [])


class Info(PuzzleTest):
    def test_of_a_folder(self):
        text = self.run_program("info", "puzzle").stdout
        self.assertIn("6 blocks of width 8", text)
        self.assertEqual(sorted(path.name for path in (self.folder / "puzzle").iterdir()), ["historical_data.csv", "pieces"])


if __name__ == "__main__":
    main()
