"""Outputs: what would destroy an input or be lost in the end is refused before any work."""

import os
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from harness import BAD_INPUT, INTERNAL, STOPPED, USAGE, Planted, ProgramTest, main


class OutputTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.planted = Planted()
        self.planted.write(self.folder / "p.h5")
        (self.folder / "a.txt").write_text(self.planted.answer_text())
        self.before = (self.folder / "p.h5").read_bytes()

    def assert_refused(self, *arguments, says, **options):
        self.assert_error(USAGE, *arguments, says=says, **options)
        self.assertEqual((self.folder / "p.h5").read_bytes(), self.before)
        self.assertEqual([path.name for path in self.folder.glob("**/*.tmp")], [])


class InputsAreKept(OutputTest):
    def test_no_command_writes_over_its_input(self):
        is_input = "is the input 'p.h5', which would be lost"
        self.assert_refused("solve", "p.h5", "-o", "p.h5", says=is_input)
        self.assert_refused("solve", "p.h5", "-o", "p.h5", says=is_input, np=2)
        self.assert_refused("solve", "p.h5", "--checkpoint", "p.h5", says=is_input)
        self.assert_refused("analyze", "p.h5", "-o", "p.h5", says=is_input)
        self.run_program("solve", "p.h5", "-o", "s.h5", "-q")
        self.assert_refused("report", "s.h5", "--problem", "p.h5", "-o", "p.h5", says=is_input)
        self.assert_refused("report", "s.h5", "-o", "s.h5", says="is the input 's.h5'")
        shutil.copy(self.folder / "p.h5", self.folder / "p.pth")
        self.assert_refused("export", "p.pth", "s.h5", "-o", "p.pth", says="is the input 'p.pth'")
        (self.folder / "run.cfg").write_text("seed = 3\n")
        self.assert_refused("solve", "p.h5", "--config", "run.cfg", "-o", "run.cfg", says="is the input 'run.cfg'")
        self.assert_refused("solve", "p.h5", "-o", "run.cfg", variables={"KINTSUGI_CONFIG": "run.cfg"},
                            says="is the input 'run.cfg'")
        self.assert_refused("solve", "p.h5", "--start", "a.txt", "-o", "a.txt", says="is the input 'a.txt'")

    def test_links_of_both_kinds_are_seen_through(self):
        os.symlink("p.h5", self.folder / "soft.h5")
        os.link(self.folder / "p.h5", self.folder / "hard.h5")
        (self.folder / "inner").mkdir()
        os.symlink("..", self.folder / "inner/up")
        for name in ("soft.h5", "hard.h5", "inner/up/p.h5", "./p.h5"):
            self.assert_refused("solve", "p.h5", "-o", name, says=["is the input 'p.h5'"])
            self.assert_refused("solve", name, "-o", "p.h5", says=[f"is the input '{name}'"])

    def test_files_in_an_input_folder(self):
        self.planted.write_pieces(self.folder / "pieces")
        self.planted.write_csv(self.folder / "data.csv")
        self.assert_refused("import", "pieces", "data.csv", "-o", "pieces/piece_0.pth", says="is the input 'pieces/piece_0.pth'")
        self.assert_refused("import", "pieces", "data.csv", "-o", "data.csv", says="is the input 'data.csv'")
        command = ["bash", "-c", '"$0" import pieces - -o data.csv < data.csv']
        self.assert_error(USAGE, prefix=command, says="is the input '-'")
        self.run_program("import", "pieces", "data.csv", "-o", "pieces/p.h5")

    def test_two_outputs(self):
        self.assert_refused("solve", "p.h5", "-o", "c.h5", "--checkpoint", "c.h5", says="same file as the output 'c.h5'")
        self.assert_refused("solve", "p.h5", "-o", "c.h5.previous", "--checkpoint", "c.h5", says="same file as the output")
        os.symlink("c.h5", self.folder / "later.h5")  # leads to what is not there yet
        self.assert_refused("solve", "p.h5", "-o", "c.h5", "--checkpoint", "later.h5", says="same file as the output")
        self.assertFalse((self.folder / "c.h5").exists())


class PlacesAreTried(OutputTest):
    def solve_into(self, name, says, option="-o"):
        self.assert_refused("solve", "p.h5", "-q", option, name, says=["output file", says])

    def test_places_that_take_no_file(self):
        os.mkfifo(self.folder / "pipe")
        os.symlink("ring", self.folder / "gnir")
        os.symlink("gnir", self.folder / "ring")
        for option in ("-o", "--checkpoint"):
            self.solve_into("/dev/full", "not a regular file", option)
            self.solve_into("pipe", "not a regular file", option)
            self.solve_into("ring", "ring of links", option)
            self.solve_into("n" * 256, "File name too long", option)
            self.solve_into(".", "is a folder", option)
            self.solve_into("nowhere/s.h5", "there is no folder", option)
            self.solve_into("/proc/s.h5", "does not take new files", option)

    def test_full_disk(self):
        disk = self.folder / "disk"
        disk.mkdir()
        if os.system(f"mount -t tmpfs -o size=16k none '{disk}' 2>/dev/null") != 0:
            self.skipTest("SKIPPED: this process may not mount a small file system")
        self.addCleanup(os.system, f"umount '{disk}'")
        (disk / "full").write_bytes(bytes(16 << 10))
        self.solve_into("disk/s.h5", "No space left")
        self.assertEqual([path.name for path in disk.iterdir()], ["full"])

    def test_names_up_to_the_longest(self):
        name = "n" * 252 + ".h5"
        self.run_program("solve", "p.h5", "-q", "-o", name)
        self.assertTrue((self.folder / name).exists())

    def test_links_stay_links(self):
        os.symlink("real.h5", self.folder / "link.h5")
        (self.folder / "scratch").mkdir()
        os.symlink("scratch/c.h5", self.folder / "c.h5")
        for _ in range(2):
            self.run_program("solve", "p.h5", "-q", "-o", "link.h5", "--checkpoint", "c.h5", "--start", "random",
                             "--max-evaluations", "5", code=STOPPED)
            self.assertTrue((self.folder / "link.h5").is_symlink() and (self.folder / "real.h5").is_file())
            self.assertTrue((self.folder / "c.h5").is_symlink() and (self.folder / "scratch/c.h5").is_file())


class WritesThatFail(OutputTest):
    def test_files_may_not_be_that_large(self):
        # The trial before the search fits, the solution does not.
        result = self.run_program("solve", "p.h5", "-o", "s.h5", code=INTERNAL,
                                  prefix=("bash", "-c", 'ulimit -f 8; exec "$@"', "bash"))
        self.assertIn("s.h5: cannot be written: File too large", result.stderr)
        self.assertEqual(result.stdout.strip(), self.planted.answer_text())
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["a.txt", "p.h5"])

    def test_closed_streams_are_no_files(self):
        closed = ("bash", "-c", 'exec "$@" <&- >&- 2>&-', "bash")
        self.run_program("solve", "p.h5", prefix=closed, code=INTERNAL)  # nobody has seen the answer
        self.run_program("solve", "p.h5", "-o", "s.h5", prefix=closed, code=INTERNAL)
        self.assertEqual((self.folder / "p.h5").read_bytes(), self.before)
        self.run_program("verify", "p.h5", "s.h5")
        self.run_program("solve", "p.h5", "-o", "t.h5", prefix=("bash", "-c", 'exec "$@" <&- 2>&-', "bash"))


class NamesAreShown(OutputTest):
    def test_control_characters_of_a_name_are_not_obeyed(self):
        name = "a\n\x1b[31mRESULT status=solved.h5"
        shutil.copy(self.folder / "p.h5", self.folder / name)
        shown = r"a\n\x1b[31mRESULT status=solved.h5"
        for result in (self.run_program("solve", name, "-o", name + "s"), self.run_program("info", name),
                       self.run_program("report", name + "s", "--format", "text"),
                       self.run_program("solve", name + "x", code=BAD_INPUT)):
            self.assertIn(shown, result.stdout + result.stderr)
            self.assertNotIn("\x1b", result.stdout + result.stderr)
            self.assertEqual([line for line in (result.stdout + result.stderr).splitlines()
                              if line.startswith("RESULT") and "exit=" not in line], [])


class CheckpointsAreKept(OutputTest):
    def test_that_of_another_run(self):
        solve = ("solve", "p.h5", "-q", "--start", "random", "--checkpoint", "c.h5", "--max-evaluations", "5")
        self.run_program(*solve, code=STOPPED)
        self.run_program(*solve, code=STOPPED)  # the same once more
        before = (self.folder / "c.h5").read_bytes()
        self.assert_refused(*solve, "--seed", "2", says=["c.h5", "seed=1", "--force"])
        self.assertEqual((self.folder / "c.h5").read_bytes(), before)
        self.run_program(*solve, "--seed", "2", "--force", code=STOPPED)
        self.assertNotEqual((self.folder / "c.h5").read_bytes(), before)
        (self.folder / "c.h5").write_text("my notes")
        self.assert_refused(*solve, says=["c.h5", "--force"])
        self.assertEqual((self.folder / "c.h5").read_text(), "my notes")


if __name__ == "__main__":
    main()
