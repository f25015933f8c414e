#!/usr/bin/env python3
"""Varies one tuned number at a time over a suite of problems, and says what that changes.

    vary-parameters.py SUITE [--only GROUP] [--factors 0.5,2] [--launcher "mpirun -np 2"] [-- OPTION ...]

SUITE is a folder of problem files, as for `kintsugi bench --suite`; what stands behind -- goes to every bench (--seeds 3,
--search auto, --max-evaluations N, ...). Each number of `kintsugi bench --print-parameters` is multiplied by the factors,
within its range, and the suite is solved with each value. The table says for each:

  solved       solves that ended solved or as noise
  evaluations  median, over the solves, of the exact evaluations relative to those with the default
  same         solves with the same evaluations and the same error as with the default

A number whose every value leaves every solve the same is idle on this suite: it is named again at the end.

Runs are added to a file as they end (--results, vary-parameters.csv). Started again, the script goes on from there.
Needs Python's standard library only.
"""

import argparse
import collections
import csv
import os
import pathlib
import re
import shlex
import statistics
import subprocess
import sys
import tempfile

COLUMNS = ["parameter", "value", "problem", "seed", "status", "mse", "evaluations"]
# A line of the suite's table; a problem's name may hold spaces.
LINE = re.compile(r"(.*\S)\s+(\d+)\s+(\w+)\s+(\S+)\s+\S+\s+\S+\s+(\d+)\s+[\d.]+\s+[\d.]+$")
COMMENT = re.compile(r"# (?:.*, )?(whole numbers |)from (\S+) to (\S+)\. ")
NOT_SOLVED = 3  # the exit code where one of the suite is not
DEFAULT = ("", "")

Parameter = collections.namedtuple("Parameter", "name value whole lowest highest")
Solve = collections.namedtuple("Solve", "status mse evaluations")


class Failure(Exception):
    """What ends the script with a message."""


def run(command, codes=(0,)):
    result = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if result.returncode not in codes:
        raise Failure(f"{shlex.join(command)}: exit code {result.returncode}\n{result.stderr.strip()}")
    return result.stdout


def read_parameters(text):
    """The parameters that --print-parameters has printed."""
    parameters = []
    group = comment = None
    for line in text.splitlines():
        if line.startswith("["):
            group = line[1:-1]
        elif line.startswith("#"):
            comment = COMMENT.match(line)
        elif line:
            name, value = line.split(" = ")
            whole, lowest, highest = comment.groups()
            parameters.append(Parameter(f"{group}.{name}", value, bool(whole), float(lowest), float(highest)))
    return parameters


def values_of(parameter, factors):
    """What the parameter is set to, as text; not its default."""
    values = []
    for factor in factors:
        value = min(max(float(parameter.value) * factor, parameter.lowest), parameter.highest)
        text = str(round(value)) if parameter.whole else f"{value:.6g}"
        if float(text) != float(parameter.value) and text not in values:
            values.append(text)
    return values


class Study:
    """The runs so far, kept in a file whose first line says what they are runs of."""

    def __init__(self, path, bench, about):
        self.path = path
        self.bench = bench
        self.about = about
        self.runs = collections.defaultdict(dict)
        if not path.exists():
            return
        with open(path, newline="") as file:
            first = file.readline().rstrip("\n")
            if first != f"# {about}":
                raise Failure(f"{path}: holds another study\n  there: {first[2:]}\n  here:  {about}")
            for row in csv.DictReader(file):
                key = (row["parameter"], row["value"])
                self.runs[key][row["problem"], row["seed"]] = Solve(row["status"], row["mse"], int(row["evaluations"]))

    def solve(self, name, value):
        """The suite's solves with this parameter set to this value; run unless they have been."""
        key = (name, value)
        if key in self.runs:
            return self.runs[key]
        with tempfile.NamedTemporaryFile("w", suffix=".cfg") as file:
            if key != DEFAULT:
                file.write(f"{name} = {value}\n")
            file.flush()
            table = run([*self.bench, "--parameters", file.name], (0, NOT_SOLVED))
        rows = [match.groups() for match in map(LINE.match, table.splitlines()) if match]
        if not rows:
            raise Failure(f"no solve in the table of {shlex.join(self.bench)}:\n{table}")
        self.keep([name, value, *row] for row in rows)
        self.runs[key] = {(problem, seed): Solve(status, mse, int(evaluations))
                          for problem, seed, status, mse, evaluations in rows}
        return self.runs[key]

    def keep(self, rows):
        """Adds all lines of a run at once: what is interrupted before is run again as a whole."""
        with open(self.path, "a", newline="") as file:
            if file.tell() == 0:
                file.write(f"# {self.about}\n")
                csv.writer(file).writerow(COLUMNS)
            csv.writer(file).writerows(rows)
            file.flush()
            os.fsync(file.fileno())


def figures(solves, default):
    """Solved, median of the evaluations relative to the default's, and how many solves are the same."""
    solved = sum(solve.status in ("solved", "noise") for solve in solves.values())
    # A solve without a search has no evaluations.
    ratios = [solve.evaluations / default[key].evaluations for key, solve in solves.items()
              if default[key].evaluations > 0]
    same = sum(solve == default[key] for key, solve in solves.items())
    return solved, statistics.median(ratios) if ratios else 1.0, same


def vary(study, parameters, factors):
    default = study.solve(*DEFAULT)
    count = len(default)
    line = "{:<40} {:>12} {:>9} {:>12} {:>9}"
    print(line.format("parameter", "value", "solved", "evaluations", "same"))
    solved, _, _ = figures(default, default)
    print(line.format("(defaults)", "", f"{solved}/{count}", "1.000", f"{count}/{count}"), flush=True)
    idle = []
    for parameter in parameters:
        values = values_of(parameter, factors)
        unmoved = bool(values)
        for value in values:
            solved, ratio, same = figures(study.solve(parameter.name, value), default)
            unmoved = unmoved and same == count
            print(line.format(parameter.name, f"{parameter.value}->{value}", f"{solved}/{count}", f"{ratio:.3f}",
                              f"{same}/{count}"), flush=True)
        if not values:
            print(line.format(parameter.name, parameter.value, "not varied", "", ""), flush=True)
        if unmoved:
            idle.append(parameter.name)
    print(f"\nidle on this suite: {', '.join(idle) or 'none'}")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     usage="%(prog)s SUITE [OPTION ...] [-- OPTION OF BENCH ...]")
    parser.add_argument("suite", metavar="SUITE", help="folder of problem files")
    parser.add_argument("--only", metavar="GROUP", help="only the parameters of this group, or this one (group.member)")
    parser.add_argument("--factors", default="0.5,2", metavar="F,F,...", help="what the defaults are multiplied by (0.5,2)")
    parser.add_argument("--program", metavar="FILE", help="default: build/release/kintsugi here, else the one in the PATH")
    parser.add_argument("--launcher", default="", metavar="COMMAND", help='such as "mpirun -np 2"; default: none')
    parser.add_argument("--results", default="vary-parameters.csv", type=pathlib.Path, metavar="FILE.csv",
                        help="where runs are kept (vary-parameters.csv)")
    # What stands behind -- is not this script's.
    words = sys.argv[1:]
    own = words.index("--") if "--" in words else len(words)
    options = parser.parse_args(words[:own])
    options.bench = words[own + 1:]
    return options


def main():
    options = parse_arguments()
    built = pathlib.Path(__file__).resolve().parents[1] / "build/release/kintsugi"
    program = options.program or (str(built) if built.exists() else "kintsugi")
    try:
        factors = [float(factor) for factor in options.factors.split(",")]
        parameters = read_parameters(run([program, "bench", "--print-parameters"]))
        chosen = [each for each in parameters
                  if options.only is None or options.only in (each.name, each.name.split(".")[0])]
        if not chosen:
            groups = dict.fromkeys(each.name.split(".")[0] for each in parameters)
            raise Failure(f"no parameter of '{options.only}'; there are {', '.join(groups)}")
        bench = [*shlex.split(options.launcher), program, "bench", "--suite", options.suite, *options.bench]
        version = " ".join(run([program, "--version"]).split())
        about = f"{version}: {shlex.join(['bench', '--suite', options.suite, *options.bench])}"
        vary(Study(options.results, bench, about), chosen, factors)
    except (Failure, OSError, ValueError) as error:
        print(f"vary-parameters.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
