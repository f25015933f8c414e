"""--print-parameters and --parameters: every tuned number as a file, printed and read back."""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import h5py

from harness import USAGE, Planted, ProgramTest, main, text


class ParametersTest(ProgramTest):
    def printed(self, *arguments, command="solve"):
        return self.run_program(command, "--print-parameters", *arguments).stdout

    def write(self, text):
        (self.folder / "numbers.cfg").write_text(text)
        return ("--parameters", "numbers.cfg")

    def test_printed_with_range_and_reason_and_nothing_loaded(self):
        text = self.printed()
        self.assertIn("[preparation]\n# rows, whole numbers from 1 to 1e+06. Starts are ranked", text)
        self.assertIn("\nstart_rows = 64\n", text)
        values = [line for line in text.splitlines() if "=" in line and not line.startswith("#")]
        self.assertEqual(len(values), len(re.findall(r"^# .*from \S+ to \S+\. .+\.$", text, re.MULTILINE)))
        self.assertEqual(self.printed("not-there.h5"), text)
        self.assertEqual(self.printed(command="bench"), text)
        self.assert_error(USAGE, "info", "--print-parameters", says="unknown option '--print-parameters'")

    def test_read_back_to_the_same(self):
        self.assertEqual(self.printed(*self.write(self.printed())), self.printed())

    def test_both_forms(self):
        for text in ("[preparation]\nstart_rows = 128\n", "preparation.start_rows=128",
                     "# a remark\r\n [ preparation ] # one more\r\n\r\nstart_rows =128 # rows\r\n",
                     "[annealing]\npreparation.start_rows = 128"):
            self.assertIn("\nstart_rows = 128\n", self.printed(*self.write(text)))

    def test_what_is_wrong_is_named_by_file_and_line(self):
        for text, says in (("\npreparation.start_row = 1", ["line 2", "'preparation.start_row'",
                                                            "did you mean 'preparation.start_rows'?"]),
                           ("[preparation]\nx = 1", ["line 2", "no parameter 'preparation.x'"]),
                           ("start_rows = 1", ["line 1", "no parameter 'start_rows'"]),
                           ("[preparation]\nstart_rows = 0", ["line 2", "from 1 to"]),
                           ("[preparation]\nstart_rows = 1.5", ["line 2", "whole number"]),
                           ("[preparation]\nstart_rows =", ["line 2", "''"]),
                           ("[preparation]\nstart_rows", ["line 2", "name = value"]),
                           ("[preparation]\nstart_rows = 1\nstart_rows = 1", ["line 3", "second time"])):
            with self.subTest(text):
                arguments = self.write(text)
                self.assert_error(USAGE, "solve", "p.h5", *arguments, says=["--parameters: numbers.cfg, line", *says])
                self.assert_error(USAGE, "bench", *arguments, says=["numbers.cfg", *says], np=2)
        self.assert_error(USAGE, "solve", "p.h5", "--parameters", "none.cfg", says="none.cfg: cannot be read")
        self.assert_error(USAGE, "solve", "p.h5", "--parameters", ".", says=".: cannot be read")

    def test_a_solve_says_which_are_changed(self):
        Planted().write(self.folder / "p.h5")
        arguments = self.write("preparation.start_rows = 32\npreparation.first_sample_rows = 512\n")
        log = self.run_program("solve", "p.h5", "-o", "s.h5", *arguments).stderr
        self.assertIn("\nparameters  preparation.start_rows = 32 (64)\n", log)
        log = self.run_program("solve", "p.h5", "--log", "json", *arguments).stderr
        self.assertIn('"parameters":{"preparation.start_rows":"32"}', log)
        log = self.run_program("solve", "p.h5", "-o", "t.h5").stderr
        self.assertNotIn("parameters", log)
        with h5py.File(self.folder / "s.h5") as changed, h5py.File(self.folder / "t.h5") as default:
            self.assertRegex(text(changed.attrs["parameters"]), "^[0-9a-f]{64}$")
            self.assertNotEqual(text(changed.attrs["parameters"]), text(default.attrs["parameters"]))
            self.assertIn("parameters = numbers.cfg\n", text(changed.attrs["options"]))
            self.assertRegex(text(default.attrs["version"]), r"^\d+\.\d+\.\d+$")
            self.assertRegex(text(default.attrs["revision"]), r"^([0-9a-f]{7,40}(-dirty)?|unknown)$")
            self.assertGreater(default.attrs["state_layout"], 0)

    def test_a_suite_takes_them(self):
        Planted().write(self.folder / "p.h5")
        self.run_program("bench", "--suite", ".", *self.write("preparation.start_rows = 32"))


if __name__ == "__main__":
    main()
