"""What is told of the program: help, man pages, completion in real shells, and that all tell of every option."""

import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import harness
from harness import ROOT, USAGE, ProgramTest, main

TOOLS = "(jobs/install-dependencies.sh --tests)"
needs_mandoc = unittest.skipIf(shutil.which("mandoc") is None, f"SKIPPED: no mandoc {TOOLS}")


class ManualTest(ProgramTest):
    def commands(self):
        return re.findall(r"(?m)^  ([a-z]+)  +[A-Z]", self.run_program("help").stdout)

    def options_of(self, command):
        """Names of a command's options, those that are known by their place apart, as the program itself reads them."""
        positional = self.run_program("help", command).stdout.split("\n\n")[0].lower()
        names = []
        for line in self.run_program(command, "--print-config").stdout.splitlines():
            name = line.removeprefix("# ").split(" =")[0]
            if not re.search(rf" \[?{name}\b", positional):
                names.append(name)
        return names

    def plain_page(self, command):
        """A man page as words without markup."""
        page = self.run_program("help", "--man", *([command] if command else [])).stdout
        return re.sub(r"\\f[BIR]|\\&", "", page).replace("\\-", "-").replace("\\e", "\\")


class HelpTest(ManualTest):
    def test_fits_eighty_columns_and_breaks_no_word(self):
        known = {word for command in self.commands() for word in self.plain_page(command).split()}
        for command in ("", *self.commands()):
            text = self.run_program("help", *([command] if command else [])).stdout
            self.assertEqual([line for line in text.splitlines() if len(line) > 80 and not line.startswith("  kintsugi")
                              and not line.startswith("  mpirun")], [])
            if command:
                words = set(re.split(r"\s+", text.split("\nOptions\n")[-1].split("\nExamples\n")[0]))
                self.assertEqual(words - known - {"", "Options", "General", "options"}, set())

    def test_says_what_to_type(self):
        for command in self.commands():
            text = self.run_program("help", command).stdout
            self.assertRegex(text, rf"\nExamples\n  .*kintsugi {command}\b")
            self.assertEqual(text, self.run_program(command, "--help").stdout)

    def test_values_have_names(self):
        text = self.run_program("help", "solve").stdout
        for spelling in ("-o, --output FILE", "--time-limit TIME", "--grid CxR", "--memory SIZE"):
            self.assertIn(spelling, text)
        self.assertRegex(" ".join(text.split()), r"--topology NAME .*: all, ring, none \(default: all\)")

    def test_examples_are_commands_that_exist(self):
        for command in self.commands():
            known = set(self.options_of(command)) | {"config", "color", "help", "man", "completion"}
            for line in re.findall(r"(?m)^  (.*kintsugi .*)$", self.run_program("help", command).stdout):
                if f"kintsugi {command}" in line:
                    used = re.findall(r" --([a-z-]+)", line.split(f"kintsugi {command}")[1])
                    self.assertLessEqual(set(used), known, line)

    def test_unknown_command(self):
        self.assert_error(USAGE, "help", "slove", says=["unknown command 'slove'", "did you mean 'solve'"])
        self.assert_error(USAGE, "help", "frobnicate", says=["unknown command 'frobnicate'", "'kintsugi help' lists all"])
        self.assert_error(USAGE, "help", "solve", "--completion", "bash", says="goes with nothing else")


class ColourTest(ManualTest):
    def test_only_where_it_is_wanted(self):
        for arguments, variables, coloured in (((), {}, False), (("--color", "always"), {}, True),
                                               (("--color=always",), {"NO_COLOR": "1"}, True),
                                               (("--color", "never"), {"KINTSUGI_COLOR": "always"}, False),
                                               ((), {"KINTSUGI_COLOR": "always"}, True)):
            for command in (["help", "solve"], ["solve", "nowhere.h5"]):
                with self.subTest(arguments=arguments, variables=variables, command=command):
                    result = self.run_program(*command, *arguments, variables=variables, code=None)
                    self.assertEqual("\033[" in result.stdout + result.stderr, coloured)
        self.assertIn("\033[", self.run_program("--color", "always", "help").stdout)
        self.assert_error(USAGE, "help", "--color", "pink", says=["--color", "one of auto, always, never"])
        self.assert_error(USAGE, "help", variables={"KINTSUGI_COLOR": "pink"}, says="environment: KINTSUGI_COLOR")

    def test_on_a_terminal_unless_no_color_is_set(self):
        for variables, coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True),
                                    ({"TERM": "dumb"}, False)):
            with self.subTest(variables):
                shown = Terminal([harness.PROGRAM, "help"], {"TERM": "xterm", **variables}).rest()
                self.assertEqual("\033[1m" in shown, coloured)


class VersionTest(ManualTest):
    def test_revision_and_features(self):
        text = self.run_program("--version").stdout
        self.assertRegex(text, r"^kintsugi \d+\.\d+\.\d+\+([0-9a-f]{10}(-dirty)?|unknown)\n")
        self.assertLessEqual(max(map(len, text.splitlines())), 80)
        for feature in (r"build  +\S", r"MPI  +\S", r"HDF5  +\d+\.\d+\.\d+", r"products  by (libxsmm|Eigen)", r"pages  +(with D3|none)"):
            self.assertRegex(text, rf"(?m)^  {feature}")


class ManPageTest(ManualTest):
    @needs_mandoc
    def test_mandoc_has_nothing_to_say(self):
        for command in ("", *self.commands()):
            with self.subTest(command):
                page = self.run_program("help", "--man", *([command] if command else [])).stdout
                lint = subprocess.run(["mandoc", "-T", "lint"], input=page, text=True, capture_output=True)
                self.assertEqual((lint.returncode, lint.stdout + lint.stderr), (0, ""))

    @needs_mandoc
    def test_reads_as_it_should(self):
        page = self.run_program("help", "--man", "solve").stdout
        shown = subprocess.run(["mandoc", "-T", "ascii"], input=page, text=True, capture_output=True).stdout
        shown = re.sub(r".\x08", "", shown)
        self.assertIn("kintsugi solve PROBLEM [OPTION]...", shown)
        for heading in ("NAME", "SYNOPSIS", "DESCRIPTION", "ARGUMENTS", "OPTIONS", "EXAMPLES", "ENVIRONMENT", "EXIT STATUS"):
            self.assertRegex(shown, rf"(?m)^{heading}$")
        self.assertIn("     kintsugi solve problem.h5 --time-limit 1h30m --checkpoint run.h5 --resume", shown)

    def test_the_overview_names_every_command(self):
        page = self.plain_page("")
        for command in self.commands():
            self.assertIn(f".BR kintsugi-{command} (1)", page)


class EveryOptionTest(ManualTest):
    """Help, man page, completion and documents tell of the same options."""

    def test_help_and_man_page(self):
        for command in self.commands():
            text, page = self.run_program("help", command).stdout, self.plain_page(command)
            for name in (*self.options_of(command), "config", "print-config", "color", "help"):
                self.assertRegex(text, rf"(?m)^  (-\w, |    )--{name}( |$)", command)
                self.assertRegex(page, rf"(?m)^(-\w, )?--{name}( |$)", command)

    def test_completion(self):
        scripts = {shell: self.run_program("help", "--completion", shell).stdout for shell in ("bash", "zsh", "fish")}
        for command in self.commands():
            for name in (*self.options_of(command), "config", "print-config", "color", "help"):
                patterns = {"bash": rf"(?m)^ +{command}\) words='[^']*--{name}[ ']",
                            "zsh": rf"(?s)\n    {command}\)\n(?:(?! ;;\n).)*--{name}[=\[]",
                            "fish": rf"(?m)^complete -c kintsugi -n '__fish_seen_subcommand_from {command}' -l {name} "}
                for shell, script in scripts.items():
                    self.assertRegex(script, patterns[shell], f"{command} --{name} in {shell}")

    def test_documents(self):
        text = (ROOT / "configs/README.md").read_text()
        sections = dict(re.findall(r"(?ms)^## (\w[^\n]*)\n(.*?)(?=^## |\Z)", text))
        for command in self.commands():
            self.assertIn(command, sections)
            for name in self.options_of(command):
                self.assertRegex(sections[command], rf"--{name}\b(?!-)", f"{command} --{name} in configs/README.md")
        for name in ("config", "print-config", "print-parameters", "color", "help"):
            self.assertRegex(text, rf"--{name}\b(?!-)")

    def test_documents_name_no_option_that_is_none(self):
        known = {name for command in self.commands() for name in self.options_of(command)}
        known |= {"config", "print-config", "print-parameters", "color", "help", "version", "seed-order"}
        text = (ROOT / "configs/README.md").read_text()
        self.assertEqual(set(re.findall(r"`(?:-\w, )?--([a-z0-9-]+)", text)) - known, set())


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, command, variables=None, columns=120):
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith("KINTSUGI_") and name != "NO_COLOR"}
        environment |= {"TERM": "xterm", **(variables or {})}
        self.process, self.fd = pty.fork()
        if self.process == 0:
            os.execvpe(str(command[0]), list(map(str, command)), environment)
        import fcntl, struct, termios
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self.shown = ""

    def read(self, seconds):
        ready, _, _ = select.select([self.fd], [], [], seconds)
        try:
            data = os.read(self.fd, 65536) if ready else b""
        except OSError:  # the other side is closed
            return False
        self.shown += data.decode(errors="replace").replace("\a", "")
        return bool(data) or not ready

    def rest(self, seconds=60):
        """All that it shows until it ends."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.read(1):
            pass
        self.close()
        return self.shown

    def type(self, text, until, seconds=60):
        """Types, waits for a pattern in what is shown from then on, and returns that."""
        seen = len(self.shown)
        os.write(self.fd, text.encode())
        end = time.monotonic() + seconds
        while not re.search(until, self.shown[seen:]):
            if time.monotonic() > end or not self.read(1):
                raise AssertionError(f"typed {text!r}, waited for {until!r}, saw {self.shown[seen:]!r}")
        return self.shown[seen:]

    def close(self):
        try:
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
        os.close(self.fd)


class ShellTest(ManualTest):
    """Somebody types, and presses the tabulator."""

    def setUp(self):
        super().setUp()
        (self.folder / "my problem.h5").touch()

    def shell(self, name, command, setup):
        if shutil.which(name) is None:
            self.skipTest(f"SKIPPED: no {name} {TOOLS}")
        script = self.folder / ("_kintsugi" if name == "zsh" else f"kintsugi.{name}")
        script.write_text(self.run_program("help", "--completion", name).stdout)
        shell = Terminal(command, {"PS1": "ready> ", "HOME": str(self.folder), "TERM": "dumb"})
        self.addCleanup(shell.close)
        shell.type(f"cd {self.folder}\n{setup}\necho be''gin\n", r"begin\r?\n")
        return shell

    def check(self, shell):
        shell.type("kintsugi so\t", r"kintsugi solve ")
        shell.type("\x15kintsugi generate --answ\t", r"--answer[ =]")
        shell.type("\x15kintsugi solve --topology ri\t", r"--topology ring")
        shell.type("\x15kintsugi solve --log=j\t", r"--log=json")
        shell.type("\x15kintsugi solve my\t", r"solve my\\ problem.h5")
        shell.type("\x15kintsugi help ver\t", r"help verify")

    def test_bash(self):
        shell = self.shell("bash", ["bash", "--norc", "--noprofile", "-i"], "source kintsugi.bash")
        self.check(shell)
        shell.type("\x15kintsugi solve --check\t", r"--checkpoint")
        shown = shell.type("\t\t", r"--checkpoint-interval")
        self.assertNotIn("--check-pairs", shown)

    def test_zsh(self):
        # As an installed file, found by its name.
        shell = self.shell("zsh", ["zsh", "-f", "-i"],
                           "fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -D; unsetopt zle_bracketed_paste")
        self.check(shell)

    def test_zsh_sourced(self):
        shell = self.shell("zsh", ["zsh", "-f", "-i"], "autoload -Uz compinit; compinit -u -D; source ./_kintsugi")
        shell.type("kintsugi so\t", r"kintsugi solve ")

    def test_fish(self):
        if shutil.which("fish") is None:
            self.skipTest(f"SKIPPED: no fish {TOOLS}")
        script = self.folder / "kintsugi.fish"
        script.write_text(self.run_program("help", "--completion", "fish").stdout)

        def completed(line):
            result = subprocess.run(["fish", "--no-config", "-c", 'source kintsugi.fish; complete -C "$argv"', line],
                                    cwd=self.folder, env={**os.environ, "HOME": str(self.folder)}, text=True,
                                    capture_output=True, timeout=60)
            self.assertEqual(result.stderr, "")
            return [each.split("\t")[0] for each in result.stdout.splitlines()]
        self.assertEqual(completed("kintsugi so"), ["solve"])
        self.assertEqual(completed("kintsugi generate --answ"), ["--answer"])
        self.assertEqual(completed("kintsugi solve --topology ri"), ["ring"])
        self.assertEqual(completed("kintsugi solve --log=j"), ["--log=json"])
        self.assertIn("my problem.h5", completed("kintsugi solve my"))
        self.assertEqual(completed("kintsugi help ver"), ["verify"])
        self.assertNotIn("--check-pairs", completed("kintsugi solve --check"))


if __name__ == "__main__":
    main()
