"""import, info and verify: what they make of good files and of bad ones."""

import hashlib
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import h5py
import numpy

from harness import BAD_INPUT, INTERNAL, NOT_SOLVED, USAGE, Planted, ProgramTest, main, text


class ImportTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.planted = Planted(outputs=2)
        self.planted.write_pieces(self.folder / "pieces")
        self.planted.write_csv(self.folder / "data.csv")

    def assert_no_problem(self):
        """Nothing is left of a failed import, whole or half."""
        self.assertEqual([path.name for path in self.folder.glob("*.h5*")], [])

    def test_pieces_and_rows_arrive_unchanged(self):
        result = self.run_program("import", "pieces", "data.csv", "-o", "p.h5")
        self.assertEqual(result.stdout, "")
        self.assertIn("13 pieces, 600 rows", result.stderr)
        with h5py.File(self.folder / "p.h5") as file:
            for index, (weight, bias) in enumerate(self.planted.pieces):
                numpy.testing.assert_array_equal(file[f"pieces/{index}/weight"][:], weight)
                numpy.testing.assert_array_equal(file[f"pieces/{index}/bias"][:], bias)
            numpy.testing.assert_array_equal(file["data/inputs"][:], self.planted.inputs)
            numpy.testing.assert_array_equal(file["data/predictions"][:], self.planted.predictions)
            self.assertEqual(text(file.attrs["activation"]), "relu")

    def test_activation_and_quiet(self):
        result = self.run_program("import", "pieces", "data.csv", "-o", "p.h5", "--activation", "gelu", "-q")
        self.assertEqual(result.stderr, "")
        with h5py.File(self.folder / "p.h5") as file:
            self.assertEqual(text(file.attrs["activation"]), "gelu")
        self.assert_error(USAGE, "import", "pieces", "data.csv", "-o", "q.h5", "--activation", "step", says="relu")

    def test_equal_imports_give_equal_bytes(self):
        for name in ("p.h5", "q.h5"):
            self.run_program("import", "pieces", "data.csv", "-o", name, "--no-times")
        self.assertEqual((self.folder / "p.h5").read_bytes(), (self.folder / "q.h5").read_bytes())

    def test_provenance(self):
        self.run_program("import", "pieces", "data.csv", "-o", "p.h5")
        with h5py.File(self.folder / "p.h5") as file:
            self.assertRegex(text(file.attrs["created_by"]), r"^kintsugi \d")
            self.assertRegex(text(file.attrs["date"]), r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
            self.assertRegex(text(file.attrs["launch"]), r"kintsugi import pieces data.csv -o p.h5$")
            self.assertTrue(text(file.attrs["host"]) and text(file.attrs["revision"]))

    def test_missing_files(self):
        self.assert_error(BAD_INPUT, "import", "nowhere", "data.csv", "-o", "p.h5", says="nowhere")
        self.assert_error(BAD_INPUT, "import", "pieces", "nowhere.csv", "-o", "p.h5", says="nowhere.csv")
        self.assert_no_problem()

    def test_csv_that_does_not_parse(self):
        lines = (self.folder / "data.csv").read_text().splitlines()
        lines[4] = lines[4].replace(",", ",x", 1)
        (self.folder / "bad.csv").write_text("\n".join(lines))
        self.assert_error(BAD_INPUT, "import", "pieces", "bad.csv", "-o", "p.h5",
                          says=["bad.csv", "5", "measurement_1"])
        self.assert_no_problem()

    def test_foreign_piece(self):
        (self.folder / "pieces/piece_3.pth").write_text("not a zip file")
        self.assert_error(BAD_INPUT, "import", "pieces", "data.csv", "-o", "p.h5", says="piece_3.pth")
        self.assert_no_problem()

    def test_truncated_piece(self):
        path = self.folder / "pieces/piece_3.pth"
        path.write_bytes(path.read_bytes()[:-100])
        self.assert_error(BAD_INPUT, "import", "pieces", "data.csv", "-o", "p.h5", says="piece_3.pth")
        self.assert_no_problem()

    def test_pieces_without_a_head(self):
        head = self.planted.answer[-1]
        last = len(self.planted.pieces) - 1
        (self.folder / f"pieces/piece_{head}.pth").unlink()
        if head != last:
            (self.folder / f"pieces/piece_{last}.pth").rename(self.folder / f"pieces/piece_{head}.pth")
        self.assert_error(BAD_INPUT, "import", "pieces", "data.csv", "-o", "p.h5", says="head")
        self.assert_no_problem()

    def test_output_that_cannot_be_written(self):
        self.assert_error(USAGE, "import", "pieces", "data.csv", "-o", "nowhere/p.h5",
                          says=["nowhere/p.h5", "no folder"])
        self.assert_error(USAGE, "import", "pieces", "data.csv", "-o", "pieces", says="is a folder")
        self.assert_error(USAGE, "import", "pieces", "data.csv", "-o", "/proc/p.h5", says="does not take new files")


class TableTest(ProgramTest):
    """Tables in the forms that other programs write."""

    def setUp(self):
        super().setUp()
        self.planted = Planted()
        self.planted.write_pieces(self.folder / "pieces")
        (self.folder / "answer.txt").write_text(self.planted.answer_text())

    def assert_read(self, table, *options, says=(), **run):
        result = self.run_program("import", "pieces", table, "-o", "p.h5", *options, **run)
        self.run_program("verify", "p.h5", "answer.txt")
        for words in says:
            self.assertIn(words, result.stderr)
        return result

    def test_arrays_of_numpy(self):
        inputs, predictions = self.planted.inputs, self.planted.predictions
        numpy.save(self.folder / "t.npy", numpy.hstack([inputs, predictions]))
        self.assert_read("t.npy", says=["inputs are taken from 8 columns, '1' to '8'"])
        numpy.savez(self.folder / "t.npz", X=inputs, preds=predictions[:, 0])
        self.assertNotIn("note", self.assert_read("t.npz").stderr)
        numpy.savez(self.folder / "u.npz", a=inputs, b=predictions)
        self.assert_read("u.npz", says=["inputs are taken from the array 'a'", "predictions are taken from the array 'b'"])

    def test_hdf5_by_h5py_pandas_and_matlab(self):
        inputs, predictions = self.planted.inputs, self.planted.predictions
        with h5py.File(self.folder / "two.h5", "w") as file:
            file.create_dataset("run/1/x", data=inputs, compression="gzip", chunks=True)
            file["run/1/y_pred"] = predictions.astype(">f8")
            file["note"] = "text"
        self.assert_read("two.h5")
        with h5py.File(self.folder / "rows.h5", "w") as file:
            rows = numpy.zeros(len(inputs), dtype=[("id", "i8"), ("x", "f4", (8,)), ("pred", "f8")])
            rows["x"], rows["pred"] = inputs, predictions[:, 0]
            file["rows"] = rows
        self.assert_read("rows.h5")
        with h5py.File(self.folder / "frame.h5", "w") as file:  # pandas' to_hdf, fixed format
            names = [f"measurement_{i}" for i in range(8)] + ["pred"]
            group = file.create_group("frame")
            group["axis0"] = group["block0_items"] = numpy.array(names, dtype="S")
            group["axis1"] = numpy.arange(len(inputs))
            group["block0_values"] = numpy.hstack([inputs, predictions])
        self.assert_read("frame.h5")
        with h5py.File(self.folder / "matlab.mat", "w", userblock_size=512) as file:
            for name, values in (("X", inputs), ("pred", predictions)):
                file[name] = values.T.astype(float)
                file[name].attrs["MATLAB_class"] = numpy.bytes_("double")
        self.assert_read("matlab.mat")
        with h5py.File(self.folder / "links.h5", "w") as file:
            file["raw/1"] = inputs
            file["raw/2"] = predictions
            file["inputs"] = h5py.SoftLink("/raw/1")
            file["predictions"] = h5py.SoftLink("raw/2")
            file["raw/back"] = h5py.SoftLink("/")
        self.assert_read("links.h5")
        with h5py.File(self.folder / "outside.h5", "w") as file:
            file["inputs"] = h5py.ExternalLink("two.h5", "run/1/x")
            file["predictions"] = predictions
        self.assert_error(BAD_INPUT, "import", "pieces", "outside.h5", "-o", "q.h5",
                          says=["outside.h5", "external link, 'inputs'"])
        with h5py.File(self.folder / "round.h5", "w") as file:
            file["x"] = h5py.ExternalLink("two.h5", "run")
            file["deeper/inputs"] = h5py.SoftLink("/x/1/x")
        self.assert_error(BAD_INPUT, "import", "pieces", "round.h5", "-o", "q.h5", says=["round.h5", "external"])
        with h5py.File(self.folder / "ring.h5", "w") as file:
            file["a/b"] = file["/"]
        self.assert_error(BAD_INPUT, "import", "pieces", "ring.h5", "-o", "q.h5", says=["ring.h5", "no arrays"])

    def test_text_of_other_shapes(self):
        table = numpy.hstack([self.planted.inputs, self.planted.predictions]).astype(float)
        numpy.savetxt(self.folder / "t.txt", table)
        self.assert_read("t.txt", says=["no header", "separated by blanks"])
        header = ";".join([f"x{i}" for i in range(8)] + ["yhat"])
        text = "\n".join([header] + [";".join("%.9g" % v for v in row).replace(".", ",") for row in table])
        (self.folder / "t.csv").write_text(text)
        self.assert_read("t.csv", says=["'x0' to 'x7'", "predictions are taken from 1 column, 'yhat'", "decimals by commas"])
        self.assertEqual(self.assert_read("t.csv", "-q", "--inputs", "x0..x7", "--predictions", "9").stderr, "")

    def test_standard_input(self):
        self.planted.write_csv(self.folder / "data.csv")
        for name in ("-", "/dev/stdin"):
            command = ["bash", "-c", f'cat data.csv | "$0" import pieces {name} -o "$1"']
            self.run_program(f"from{len(name)}.h5", prefix=command)
            self.run_program("verify", f"from{len(name)}.h5", "answer.txt")


class InfoTest(ProgramTest):
    def info(self, planted, **options):
        planted.write(self.folder / "p.h5")
        return self.run_program("info", "p.h5", **options).stdout

    def test_a_plain_problem(self):
        planted = Planted()
        text = self.info(planted)
        for pattern in (r"pieces +13", r"6 of shape \[16 x 8\]", r"activation +relu", r"rows +600, without targets",
                        r"6 blocks of width 8, hidden 16; head: piece " + str(planted.answer[-1]),
                        r"(?m)^  dominance.* 0 +0$", "Nothing unusual"):
            self.assertRegex(text, pattern)
        deviation = numpy.std(planted.predictions.astype(float))
        self.assertIn(f"deviation {deviation:.4g}", text)

    def test_square_pieces_and_their_roles(self):
        planted = Planted(width=16, hidden=16)
        text = self.info(planted)
        self.assertIn("12 of shape [16 x 16]", text)
        self.assertIn("6 square pairs, told apart by their weights", text)
        (self.folder / "roles.txt").write_text(",".join(map(str, planted.answer[:-1:2])))
        self.assertNotIn("square", self.run_program("info", "p.h5", "--roles", "roles.txt").stdout)

    def test_what_is_odd_is_named(self):
        planted = Planted()
        first, second = planted.answer[0], planted.answer[2]
        planted.pieces[second] = planted.pieces[first]
        compress = planted.pieces[planted.answer[5]][0]
        compress[:, 3] = 0
        planted.inputs[:, 5] = 1.5
        planted.inputs[7] = planted.inputs[6]
        planted.inputs[9] = planted.inputs[8]
        planted.predictions[9] = planted.predictions[8]
        planted.targets = planted.predictions
        text = self.info(planted)
        equal = " = ".join(map(str, sorted((first, second))))
        self.assertIn(f"equal pieces, which no data can tell apart: {equal}\n", text)
        self.assertIn(f"rows or columns of zeros only: {planted.answer[5]} (1)\n", text)
        self.assertIn("constant input columns: 5\n", text)
        self.assertIn("2 rows with the inputs of an earlier row\n", text)
        self.assertIn("1 row with the inputs of an earlier row and other predictions", text)
        self.assertIn("predictions equal the targets in every row", text)

    def test_more_that_is_unusual(self):
        planted = Planted(outputs=2)
        planted.inputs[3] = 0
        planted.inputs[4] = -0.0
        planted.predictions[:, 1] = 4
        text = self.info(planted)
        self.assertIn("2 rows with zero inputs only\n", text)
        self.assertIn("1 row with the inputs of an earlier row\n", text)
        self.assertIn("constant predictions, which tell nothing about the order: output 1\n", text)

    def test_pieces_that_form_no_network_are_shown_and_refused(self):
        planted = Planted()
        planted.pieces[planted.answer[0]] = (numpy.ones((16, 9), numpy.float32), numpy.ones(16, numpy.float32))
        planted.write(self.folder / "p.h5")
        result = self.run_program("info", "p.h5", code=BAD_INPUT)
        self.assertIn("1 of shape [16 x 9]", result.stdout)
        self.assertIn(f"piece {planted.answer[0]}", result.stderr)

    def test_bad_files(self):
        self.assert_error(BAD_INPUT, "info", "nowhere.h5", says="nowhere.h5")
        (self.folder / "foreign.h5").write_text("no HDF5")
        self.assert_error(BAD_INPUT, "info", "foreign.h5", says="foreign.h5")
        with h5py.File(self.folder / "other.h5", "w") as file:
            file["x"] = 1
        self.assert_error(BAD_INPUT, "info", "other.h5", says="not a kintsugi problem")
        whole = Planted().write(self.folder / "p.h5").read_bytes()
        (self.folder / "cut.h5").write_bytes(whole[: len(whole) // 2])
        self.assert_error(BAD_INPUT, "info", "cut.h5", says="cut.h5")

    def test_numbers_that_are_none(self):
        planted = Planted()
        planted.inputs[17, 2] = numpy.nan
        planted.write(self.folder / "p.h5")
        result = self.run_program("info", "p.h5", code=BAD_INPUT)
        self.assertIn("row 17, column 2 is nan", result.stderr)

    def test_reader_that_has_gone(self):
        Planted().write(self.folder / "p.h5")
        with open("/dev/full", "w") as full:
            self.run_program("info", "p.h5", code=INTERNAL, stdout=full)


class VerifyTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.planted = Planted(outputs=3)
        self.planted.write(self.folder / "p.h5")
        self.write_answer("answer.txt", self.planted.answer)

    def write_answer(self, name, permutation):
        (self.folder / name).write_text(", ".join(map(str, permutation)) + "\n")

    def verify(self, *arguments, **options):
        text = self.run_program("verify", "p.h5", *arguments, **options).stdout
        result = [line for line in text.splitlines() if line.startswith("RESULT ")]
        self.assertEqual(len(result), 1)
        return text, dict(word.split("=") for word in result[0].split()[1:])

    def swapped(self, i, j):
        """The answer with blocks i and j exchanged."""
        blocks = [self.planted.answer[t : t + 2] for t in range(0, len(self.planted.answer) - 1, 2)]
        blocks[i], blocks[j] = blocks[j], blocks[i]
        return [piece for block in blocks for piece in block] + self.planted.answer[-1:]

    def test_the_right_answer(self):
        sha = hashlib.sha256(self.planted.answer_text().encode()).hexdigest()
        _, result = self.verify("answer.txt", "--expect-sha256", sha.upper())
        self.assertEqual((result["reproduced"], result["sha256"], result["expected"]), ("yes", sha, "yes"))
        self.assertAlmostEqual(float(result["mse"]) / self.planted.error_of(self.planted.answer), 1, places=6)

    def test_a_wrong_order_is_measured(self):
        wrong = self.swapped(1, 4)
        self.write_answer("wrong.txt", wrong)
        _, result = self.verify("wrong.txt", code=NOT_SOLVED)
        self.assertEqual(result["reproduced"], "no")
        self.assertAlmostEqual(float(result["mse"]) / self.planted.error_of(wrong), 1, places=6)
        layers = [self.planted.pieces[piece] for piece in wrong]
        errors = abs(self.planted.evaluate(layers) - self.planted.predictions).max(axis=1)
        self.assertAlmostEqual(float(result["largest_error"]) / errors.max(), 1, places=6)
        self.assertEqual(int(result["largest_row"]), errors.argmax())

    def set_predictions(self, values):
        with h5py.File(self.folder / "p.h5", "r+") as file:
            file["data/predictions"][:] = values.astype("float32")

    def test_rounded_predictions_have_half_a_step(self):
        rounded = numpy.round(self.planted.predictions.astype(float), 2)
        self.set_predictions(rounded)
        self.verify("answer.txt")
        rounded[5] += 0.01
        self.set_predictions(rounded)
        text, _ = self.verify("answer.txt", code=NOT_SOLVED)
        self.assertRegex(text, r"errors +\d.* times what rounding explains")

    def test_an_outlier_makes_no_room(self):
        self.planted.inputs[3] *= 1e4
        layers = [self.planted.pieces[piece] for piece in self.planted.answer]
        self.planted.predictions = self.planted.evaluate(layers).astype("float32")
        self.planted.write(self.folder / "p.h5")
        self.verify("answer.txt")
        values = self.planted.predictions.copy()
        values[7] += 1e-3
        self.set_predictions(values)
        self.verify("answer.txt", code=NOT_SOLVED)

    def test_tolerance_decides(self):
        wrong = self.swapped(0, 1)
        self.write_answer("wrong.txt", wrong)
        error = self.planted.error_of(wrong)
        self.verify("wrong.txt", "--tolerance", error * 0.99, code=NOT_SOLVED)
        self.verify("wrong.txt", "--tolerance", error * 1.01)

    def test_another_hash_than_expected(self):
        _, result = self.verify("answer.txt", "--expect-sha256", "0" * 64, code=NOT_SOLVED)
        self.assertEqual((result["reproduced"], result["expected"]), ("yes", "no"))

    def test_comparison(self):
        wrong = self.swapped(1, 3)
        wrong[1], wrong[9] = wrong[9], wrong[1]
        self.write_answer("wrong.txt", wrong)
        text, _ = self.verify("wrong.txt", "--compare", "answer.txt", code=NOT_SOLVED)
        self.assertIn("out of place   6 of 13 pieces", text)
        # Blocks 1 and 3 exchanged with one between: three inversions of fifteen pairs.
        self.assertIn(f"3 inversions of blocks, Kendall tau {1 - 2 * 3 / 15:.6f}", text)
        self.assertIn("wrong pairs    2 of 6", text)
        self.assertIn(f"pieces {wrong[0]} and {wrong[1]} are no block there", text)
        self.assertRegex(text, rf"(?m)^  2 +{wrong[1]} +{self.planted.answer[1]}$")
        text, _ = self.verify("answer.txt", "--compare", "answer.txt")
        self.assertIn("out of place   0 of 13 pieces", text)
        self.assertIn("Kendall tau 1.000000", text)

    def test_answers_in_other_forms(self):
        numbers = self.planted.answer
        for text in ("{\"permutation\": %s}" % numbers, str(numbers), "\ufeff" + ",".join(map(str, numbers)) + "\r\n",
                     "".join(f"{piece:.18e}\n" for piece in numbers), " ".join(map(str, numbers))):
            (self.folder / "other.txt").write_text(text, encoding="utf-8")
            self.verify("other.txt")

    def test_answers_that_cannot_be(self):
        answer = self.planted.answer
        spoilt = {
            "short.txt": (answer[:-2], "names 11 pieces, the problem has 13"),
            "twice.txt": (answer[:-1] + answer[:1], "twice"),
            "unknown.txt": (answer[:-1] + [13], "piece 13"),
            "turned.txt": ([answer[1], answer[0]] + answer[2:], "cannot be a block"),
            "headless.txt": (answer[-1:] + answer[1:-1] + answer[:1], "entries 1 and 2"),
        }
        for name, (permutation, says) in spoilt.items():
            self.write_answer(name, permutation)
            self.assert_error(BAD_INPUT, "verify", "p.h5", name, says=[name, says])
            self.assert_error(BAD_INPUT, "verify", "p.h5", "answer.txt", "--compare", name, says=[name, says])

    def test_answers_that_are_none(self):
        (self.folder / "words.txt").write_text("1, two, 3")
        self.assert_error(BAD_INPUT, "verify", "p.h5", "words.txt", says=["words.txt", "entry 2"])
        self.assert_error(BAD_INPUT, "verify", "p.h5", "nowhere.txt", says="nowhere.txt")
        self.assert_error(BAD_INPUT, "verify", "p.h5", "p.h5", says="p.h5")


class BelongingTest(ProgramTest):
    """Solutions, analyses and models say which problem they belong to."""

    def setUp(self):
        super().setUp()
        self.planted = Planted(blocks=3, rows=200)
        self.planted.write(self.folder / "p.h5")
        self.run_program("solve", "p.h5", "-o", "s.h5", "-q")
        self.run_program("analyze", "p.h5", "-o", "a.h5", "--searches", "none", "-q")

    def other(self, **changes):
        with h5py.File(self.folder / "p.h5") as file, h5py.File(self.folder / "q.h5", "w") as copy:
            for name in file:
                file.copy(name, copy)
            copy.attrs.update({**file.attrs, **{k: v for k, v in changes.items() if k == "activation"}})
            if "rows" in changes:
                copy["data/inputs"][-1, 0] += 1
            if "weights" in changes:
                copy["pieces/2/weight"][0, 0] += 1
        return "q.h5"

    def write_own(self):
        self.planted.write_pieces(self.folder / "pieces")
        self.run_program("import", "pieces", self.planted.write_csv(self.folder / "data.csv"), "-o", "own.h5", "-q")

    def test_files_that_a_notebook_has_open_or_has_changed(self):
        self.write_own()
        with h5py.File(self.folder / "own.h5", "r+") as file:
            self.run_program("info", "own.h5")
            file["pieces/2/weight"][0, 0] += 1
            file.flush()
            self.run_program("info", "own.h5")
        self.run_program("info", "own.h5")  # it has no checksum any more

    def test_a_flipped_bit_is_said(self):
        self.write_own()
        for name, command in ("own.h5", ("info", "own.h5")), (
                "a.h5", ("report", "s.h5", "--analysis", "a.h5", "--format", "text")), ("s.h5", ("verify", "p.h5", "s.h5")):
            content = bytearray((self.folder / name).read_bytes())
            content[len(content) // 2] ^= 4
            (self.folder / name).write_bytes(content)
            self.assert_error(BAD_INPUT, *command, says=[name, "is damaged"])

    def test_own_files_are_taken(self):
        self.run_program("verify", "p.h5", "s.h5", "--compare", "s.h5")
        self.run_program("export", "p.h5", "s.h5", "-o", "m.safetensors")
        self.run_program("analyze", "p.h5", "--answer", "s.h5", "--searches", "none", "-q")
        self.run_program("report", "s.h5", "--problem", "p.h5", "--analysis", "a.h5", "-o", "r.html")
        self.run_program("solve", "p.h5", "--start", "s.h5", "-q")
        with h5py.File(self.folder / "s.h5") as solution, h5py.File(self.folder / "a.h5") as analysis:
            for part in ("weights", "rows", "activation"):
                self.assertEqual(text(solution.attrs[f"problem_{part}"]), text(analysis.attrs[f"problem_{part}"]))
            for attributes in (solution.attrs, analysis.attrs):
                self.assertIn("kintsugi ", text(attributes["launch"]))
                self.assertTrue(attributes["date"] and attributes["host"] and attributes["revision"])

    def test_what_differs_is_named(self):
        for words, changes in (("other weights", {"weights": 1}), ("other rows", {"rows": 1}),
                               ("the activation relu instead of gelu", {"activation": "gelu"})):
            with self.subTest(words):
                says = ["s.h5: belongs to a problem with", words]
                other = self.other(**changes)
                self.assert_error(BAD_INPUT, "verify", other, "s.h5", says=says)
                self.assert_error(BAD_INPUT, "export", other, "s.h5", "-o", "m.pth", says=says)
                self.assert_error(BAD_INPUT, "analyze", other, "--answer", "s.h5", says=says)
                self.assert_error(BAD_INPUT, "report", "s.h5", "--problem", other, "-o", "r.html", says=says)
                self.assert_error(BAD_INPUT, "solve", other, "--start", "s.h5", says=says)
                self.run_program("solve", other, "-o", "t.h5", "-q", "--max-evaluations", "1", code=None)
                self.assert_error(BAD_INPUT, "report", "t.h5", "--analysis", "a.h5", "-o", "r.html",
                                  says="a.h5: belongs to a problem with")
        self.assertEqual(list(self.folder.glob("m.pth")) + list(self.folder.glob("r.html")), [])

    def test_a_model_says_its_activation(self):
        self.other(activation="gelu")
        (self.folder / "answer.txt").write_text(self.planted.answer_text())
        self.planted.write_csv(self.folder / "data.csv")
        for model in ("m.safetensors", "m.pth"):
            self.run_program("export", "q.h5", "answer.txt", "-o", model)
            self.assert_error(BAD_INPUT, "import", model, "data.csv", "-o", "r.h5",
                              says=[model, "activation gelu", "--activation is relu"])
            self.run_program("import", model, "data.csv", "-o", "r.h5", "--activation", "gelu")

    def test_events_have_names(self):
        with h5py.File(self.folder / "s.h5") as file:
            names = h5py.check_enum_dtype(file["trajectory"].dtype["event"])
            self.assertEqual(names["larger sample"], ord("G"))
            self.assertEqual(file["trajectory"]["event"][0], names["start"])


if __name__ == "__main__":
    main()
