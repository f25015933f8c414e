"""Options: help, version, where values come from, and what is refused."""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from harness import BAD_INPUT, INTERNAL, ROOT, USAGE, Planted, ProgramTest, main

class OptionsTest(ProgramTest):
    def commands(self):
        """The commands that the program says it has."""
        found = re.findall(r"(?m)^  ([a-z]+)  +[A-Z]", self.run_program("--help").stdout)
        self.assertLessEqual({"import", "info", "solve", "verify", "bench"}, set(found))
        return found


class HelpTest(OptionsTest):
    def test_short_switch(self):
        self.assertEqual(self.run_program("-h").stdout, self.run_program("--help").stdout)

    def test_every_command_has_help(self):
        for command in self.commands():
            for switch in ("--help", "-h"):
                result = self.run_program(command, switch)
                self.assertTrue(result.stdout.startswith(f"Usage: kintsugi {command} "))
                self.assertIn("--config FILE", result.stdout)
                self.assertEqual(result.stderr, "")

    def test_help_shows_every_option_that_print_config_knows(self):
        for command in self.commands():
            text = self.run_program(command, "--help").stdout
            positional = text.splitlines()[0].lower()
            for line in self.run_program(command, "--print-config").stdout.splitlines():
                name = line.removeprefix("# ").split(" =")[0]
                self.assertTrue(re.search(rf"--{name}\s", text) or name in positional, name)

    def test_help_is_printed_once_under_mpirun(self):
        self.assertEqual(self.run_program("solve", "--help", np=2).stdout.count("Usage:"), 1)

    def test_version(self):
        self.assertRegex(self.run_program("--version").stdout,
                         r"^kintsugi \d+\.\d+\.\d+\+([0-9a-f]{10}(-dirty)?|unknown)\n  build +\S")


class UnknownTest(ProgramTest):
    def test_no_command(self):
        self.assert_error(USAGE, says="no command")

    def test_unknown_command_and_the_one_meant(self):
        self.assert_error(USAGE, "slove", "p.h5", says=["unknown command 'slove'", "did you mean 'solve'"])

    def test_nothing_near_is_not_guessed_at(self):
        result = self.assert_error(USAGE, "conquer", says=["unknown command 'conquer'", "'kintsugi help' lists all"])
        self.assertNotIn("did you mean", result.stderr)

    def test_options_of_the_program_are_not_taken_for_commands(self):
        self.assert_error(USAGE, "version", says=["unknown command 'version'", "did you mean '--version'"])

    def test_unknown_option_and_the_one_meant(self):
        self.assert_error(USAGE, "solve", "p.h5", "--sede", "3",
                          says=["command line", "--sede", "did you mean '--seed'"])

    def test_an_option_is_not_abbreviated(self):
        self.assert_error(USAGE, "solve", "p.h5", "--toler", "1", says="--toler")

    def test_option_of_another_command(self):
        self.assert_error(USAGE, "solve", "p.h5", "--format", "text", says=["--format", "another command"])

    def test_too_many_arguments(self):
        self.assert_error(USAGE, "info", "p.h5", "q.h5", says="too many positional options")

    def test_missing_arguments(self):
        self.assert_error(USAGE, "verify", "p.h5", says="ANSWER is missing")
        self.assert_error(USAGE, "import", "pieces", "data.csv", says="--output")
        self.assert_error(USAGE, "solve", says="PROBLEM is missing")

    def test_a_switch_does_not_swallow_the_next_word(self):
        self.assert_error(BAD_INPUT, "solve", "-q", "nowhere.h5", says="nowhere.h5")
        self.assert_error(BAD_INPUT, "solve", "--no-times", "nowhere.h5", says="nowhere.h5")
        self.assert_error(BAD_INPUT, "solve", "--quiet=false", "nowhere.h5", says="nowhere.h5")
        self.assert_error(USAGE, "solve", "--quiet=maybe", "nowhere.h5", says="expected true or false, got 'maybe'")

    def test_option_given_twice(self):
        self.assert_error(USAGE, "solve", "p.h5", "--seed", "1", "--seed", "2", says="--seed")

    def test_option_without_its_value(self):
        self.assert_error(USAGE, "solve", "p.h5", "--seed", says="--seed")

    def test_usage_error_is_printed_once_under_mpirun(self):
        self.assert_error(USAGE, "solve", "p.h5", "--sede", "3", says="--sede", np=3)

    def test_unknown_key_in_the_config_file(self):
        (self.folder / "run.ini").write_text("sede = 3\n")
        self.assert_error(USAGE, "solve", "p.h5", "--config", "run.ini",
                          says=["run.ini", "'sede'", "did you mean 'seed'"])

    def test_unknown_section_in_the_config_file(self):
        (self.folder / "run.ini").write_text("[solve]\nseed = 3\n")
        self.assert_error(USAGE, "solve", "p.h5", "--config", "run.ini", says=["run.ini, line 2", "'seed'", "section [solve]"])

    def test_line_of_the_config_file_that_is_no_setting(self):
        for text in ("seed\n", "\n= 3\n", "seed # = 3\n"):
            (self.folder / "run.ini").write_text(text)
            self.assert_error(USAGE, "solve", "p.h5", "--config", "run.ini", says=["run.ini, line", "name = value"])
        (self.folder / "run.ini").write_text("output = \"s.h5\n")
        self.assert_error(USAGE, "solve", "p.h5", "--config", "run.ini", says=["run.ini, line 1", "quote", "not closed"])
        (self.folder / "run.ini").write_text("output = \"s.h5\" x\n")
        self.assert_error(USAGE, "solve", "p.h5", "--config", "run.ini", says="behind the closing quote")
        (self.folder / "run.ini").write_text("seed = 3\nseed = 4\n")
        self.assert_error(USAGE, "solve", "p.h5", "--config", "run.ini", says=["run.ini", "seed"])

    def test_config_file_that_is_not_there(self):
        self.assert_error(USAGE, "solve", "p.h5", "--config", "nowhere.ini", says=["nowhere.ini", "cannot be read"])
        self.assert_error(USAGE, "solve", "p.h5", "--config", ".", says="cannot be read")

    def test_variable_that_looks_like_a_misspelt_option(self):
        result = self.run_program("import", "--print-config", variables={"KINTSUGI_ACTIVATON": "gelu"})
        self.assertIn("activation = relu\n", result.stdout)
        Planted().write(self.folder / "p.h5")
        for np in (None, 2):
            result = self.run_program("solve", "p.h5", "-q", variables={"KINTSUGI_SEDE": "3"}, np=np)
            self.assertEqual(result.stderr.count("kintsugi: warning: environment: there is no option for KINTSUGI_SEDE; did "
                                                 "you mean KINTSUGI_SEED?"), 1)

    def test_variables_of_modules_and_clusters_are_passed_over(self):
        Planted().write(self.folder / "p.h5")
        others = ("ROOT", "HOME", "DIR", "VERSION", "PORT", "SERVICE_HOST", "PORT_80_TCP", "FAMILY_MPI", "")
        result = self.run_program("solve", "p.h5", "-q", variables={f"KINTSUGI_{name}": "/opt/1.0" for name in others})
        self.assertEqual(result.stderr, "")

    def test_variables_of_other_commands_and_of_the_tests_are_left_alone(self):
        self.run_program("solve", "--print-config",
                         variables={"KINTSUGI_FORMAT": "none of these", "KINTSUGI_SHARED": "/nowhere"})


class ValueTest(ProgramTest):
    def assert_refused(self, option, value, says):
        self.assert_error(USAGE, "solve", "--print-config", f"--{option}={value}",
                          says=["command line", f"--{option}", says])

    def test_numbers(self):
        for value in ("x", "1.5", "0", "-1", "99999999999", "1 "):
            self.assert_refused("islands", value, "a whole number of at least 1")
        self.assert_refused("seed", "-1", "a whole number from 0 to 18446744073709551615")
        self.assert_refused("seed", "18446744073709551616", "a whole number from 0")
        for value in ("nan", "inf", "-1e-9", "1e-9x"):
            self.assert_refused("tolerance", value, "a number of at least 0")

    def test_numbers_that_cannot_be_meant(self):
        self.assert_refused("islands", "2147483647", "at least 1 and at most 4096")
        self.assert_refused("sample-rows", "9223372036854775807", "at most 1099511627776")
        self.assert_refused("grid", "1x2000000000", "such as 2x4")
        self.assert_error(USAGE, "generate", "-o", "p.h5", "--answer", "a.txt", "--width", "9999999999", says="at most 1048576")

    def test_words(self):
        self.assert_refused("log", "xml", "one of table, json, off")
        self.assert_refused("pairing", "best", "one of auto, ")
        self.assert_refused("no-times", "perhaps", "true or false")
        self.assert_refused("start", "gredy", "one of auto, ")
        self.assert_refused("search", "anneling", "one of annealing, auto, bubble, ")

    def test_help_lists_the_searches(self):
        text = " ".join(self.run_program("solve", "--help").stdout.split())
        for name in ("annealing", "auto", "bubble", "depth", "ensemble", "gauss-newton", "insertion", "iterated",
                     "mean-field", "pair-relaxation", "restart", "tabu"):
            self.assertIn(name, text)

    def test_durations(self):
        for value in ("m", "5x", "-1s", "30m1h", "1e308h"):
            self.assert_refused("time-limit", value, "a duration such as 90, 90s, 10m, 1h30m, 1d or 1:30:00")
        for value in ("90", "1h30m", "5min", "00:05:00", "1-02:00:00"):
            self.run_program("solve", "--print-config", "--time-limit", value)

    def test_sizes(self):
        for value in ("G", "2 G", "-1", "2g", "2GB", "1e30G", "nan"):
            self.assert_refused("memory", value, "a size such as 500M, 2G or 2GiB")
        for value in ("0", "123", "1.5k", "500M", "2G", "2KiB", "2MiB", "0.5GiB"):
            self.run_program("solve", "--print-config", "--memory", value)

    def test_grids(self):
        for value in ("2", "2x", "x2", "0x1", "2x-1", "2x2x2"):
            self.assert_refused("grid", value, "candidate groups x row groups")

    def test_source_of_a_bad_value_is_named(self):
        (self.folder / "run.ini").write_text("islands = none\n")
        self.assert_error(USAGE, "solve", "p.h5", "--config", "run.ini", says=["run.ini: islands", "'none'"])
        self.assert_error(USAGE, "solve", "p.h5", variables={"KINTSUGI_ISLANDS": ""}, says="got ''")
        self.assert_error(USAGE, "solve", "p.h5", variables={"KINTSUGI_ISLANDS": "none"},
                          says=["environment: KINTSUGI_ISLANDS", "'none'"])

    def test_hash_must_look_like_one(self):
        self.assert_error(USAGE, "verify", "p.h5", "a.txt", "--expect-sha256", "12", says="64 hexadecimal digits")


class SourceTest(OptionsTest):
    def config(self, *arguments, **options):
        """The effective options, as a dictionary."""
        lines = self.run_program("solve", "--print-config", *arguments, **options).stdout.splitlines()
        return dict(line.split(" = ", 1) for line in lines if not line.startswith("#"))

    def test_command_line_before_environment_before_file(self):
        (self.folder / "run.ini").write_text("seed = 3\nislands = 3\nsample-rows = 3\n# a remark\n")
        config = self.config("--config", "run.ini", "--seed", "1",
                             variables={"KINTSUGI_SEED": "2", "KINTSUGI_ISLANDS": "2"})
        self.assertEqual((config["seed"], config["islands"], config["sample-rows"]), ("1", "2", "3"))
        self.assertEqual(config["log"], "table")

    def test_config_files_as_editors_leave_them(self):
        for content in (b"\xef\xbb\xbfseed = 3\r\noutput=s.h5\r\n", "seed = 3\noutput = s.h5\n".encode("utf-16"),
                        b"; remark\n# remark\nseed = 3 ; three\noutput = s.h5\t; file\n",
                        b"seed = '3'\noutput = \"s.h5\"  # quoted\n"):
            (self.folder / "run.ini").write_bytes(content)
            config = self.config("--config", "run.ini")
            self.assertEqual((config["seed"], config["output"]), ("3", "s.h5"))
        (self.folder / "run.ini").write_text("output = \"a # b; c.h5\"\nroles = a;b\n")
        result = self.run_program("solve", "--print-config", "--config", "run.ini", code=USAGE)
        self.assertIn("'a # b; c.h5' cannot stand in a config file", result.stderr)

    def test_environment_names_the_config_file(self):
        (self.folder / "run.ini").write_text("seed = 3\n")
        (self.folder / "other.ini").write_text("seed = 4\n")
        self.assertEqual(self.config(variables={"KINTSUGI_CONFIG": "run.ini"})["seed"], "3")
        self.assertEqual(self.config("--config", "other.ini", variables={"KINTSUGI_CONFIG": "run.ini"})["seed"], "4")

    def test_switches(self):
        self.assertEqual(self.config()["no-times"], "false")
        self.assertEqual(self.config("--no-times")["no-times"], "true")
        self.assertEqual(self.config(variables={"KINTSUGI_NO_TIMES": "1"})["no-times"], "1")
        self.assertEqual(self.config("--no-times=false", variables={"KINTSUGI_NO_TIMES": "1"})["no-times"], "false")
        self.assertEqual(self.config("p.h5", "-q")["quiet"], "true")

    def test_arguments_are_options_too(self):
        self.assertEqual(self.config("p.h5")["problem"], "p.h5")
        (self.folder / "run.ini").write_text("problem = q.h5\n")
        self.assertEqual(self.config("--config", "run.ini")["problem"], "q.h5")

    def test_print_config_is_read_back_to_the_same(self):
        (self.folder / "some file.txt").touch()
        (self.folder / "numbers.cfg").touch()
        arguments = ["a folder/p.h5", "-o", "s.h5", "--seed", "18446744073709551615", "--islands", "2", "--grid", "2x3",
                     "--pairing", "trace", "--start", "some file.txt", "--roles", "r.txt", "--search", "bubble",
                     "--sample-rows", "7", "--time-limit", "1.5m", "--max-evaluations", "9", "--tolerance", "1e-12",
                     "--memory", "2GiB", "--parameters", "numbers.cfg", "--log", "json", "--live", "l.html", "--checkpoint", "c.h5", "--no-times", "--quiet"]
        printed = self.run_program("solve", "--print-config", *arguments).stdout
        self.assertNotIn("#", printed)
        (self.folder / "run.ini").write_text(printed)
        self.assertEqual(self.run_program("solve", "--print-config", "--config", "run.ini").stdout, printed)
        for command in self.commands():
            printed = self.run_program(command, "--print-config").stdout
            (self.folder / "run.ini").write_text(printed)
            self.assertEqual(self.run_program(command, "--print-config", "--config", "run.ini").stdout, printed)

    def test_the_older_name_of_an_option(self):
        (self.folder / "run.ini").write_text("seed-order = greedy\n")
        for arguments, variables in ((("--seed-order", "greedy"), {}), (("--seed-order=greedy",), {}),
                                     ((), {"KINTSUGI_SEED_ORDER": "greedy"}), (("--config", "run.ini"), {}),
                                     (("--start", "greedy"), {"KINTSUGI_SEED_ORDER": "random"}),
                                     (("--seed-order", "greedy"), {"KINTSUGI_START": "random"})):
            with self.subTest(arguments=arguments, variables=variables):
                config = self.config(*arguments, variables=variables)
                self.assertEqual(config["start"], "greedy")
                self.assertNotIn("seed-order", config)
        for command in ("solve", "analyze", "bench"):
            self.run_program(command, "--print-config", "--seed-order", "greedy")
            text = " ".join(self.run_program(command, "--help").stdout.split())
            self.assertIn("--start", text)
            self.assertEqual(text.count("seed-order"), text.count("(also --seed-order)"))
        self.assert_error(USAGE, "solve", "--print-config", "--start", "greedy", "--seed-order", "greedy",
                          says="command line: --start and --seed-order are the same option")
        self.assert_error(USAGE, "solve", "--print-config", "--seed-order", "gredy", says="command line: --start")

    def test_what_an_ini_file_cannot_hold_is_not_printed_as_one(self):
        for name in ("a#b.h5", " p.h5", "p.h5 "):
            self.assert_error(USAGE, "solve", "--print-config", name, says="cannot stand in a config file")

    def test_shipped_configs_are_read(self):
        defaults = self.config()
        shipped = {path.name: self.config("--config", path) for path in (ROOT / "configs").glob("*.cfg")}
        self.assertEqual(set(shipped), {f"{name}.cfg" for name in ("default", "quick", "thorough", "cluster", "stress")})
        for name, config in shipped.items():
            with self.subTest(name):
                self.assertEqual(config == defaults, name == "default.cfg")

    def test_shipped_default_config_shows_the_defaults(self):
        shown = (ROOT / "configs/default.cfg").read_text().splitlines()
        settings = [line for line in shown if line and not line.startswith("#")]
        printed = self.run_program("solve", "--print-config").stdout.splitlines()
        self.assertEqual(settings, [line for line in printed if not line.startswith("#")])

    def test_full_output_device_is_an_error(self):
        with open("/dev/full", "w") as full:
            result = self.run_program("--help", code=INTERNAL, stdout=full)
        self.assertIn("standard output cannot be written", result.stderr)


if __name__ == "__main__":
    main()
