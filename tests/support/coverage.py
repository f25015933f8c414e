#!/usr/bin/env python3
"""Prints how many lines of each module tests have reached: coverage.py BUILD_FOLDER

Reads what programs of the `coverage` preset have counted (.gcda files) by GCC's gcov. A line of a header or template
counts as reached where any source that includes it has reached it. The ten files with most lines not reached come last.
"""

import collections
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def reached_lines(build):
    """{file below the repository: {line: whether it was reached}} for src and include."""
    if next(pathlib.Path(build).rglob("*.gcda"), None) is None:
        sys.exit(f"coverage: no counts below {build}; run the tests of the coverage preset first")
    # One .gcno file for each compiled source. Those that no program holds have no counts; gcov says so and takes them as 0.
    notes = [str(path) for path in pathlib.Path(build).resolve().rglob("*.gcno")]
    output = subprocess.run(["gcov", "--json-format", "--stdout", *notes], check=True, stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, cwd=build, text=True).stdout
    files = collections.defaultdict(dict)
    for document in map(json.loads, output.splitlines()):
        for file in document["files"]:
            path = os.path.relpath(os.path.join(document["current_working_directory"], file["file"]), ROOT)
            if not path.startswith(("src/", "include/")):
                continue
            for line in file["lines"]:
                number = line["line_number"]
                files[path][number] = files[path].get(number, False) or line["count"] > 0
    return files


def module_of(path):
    parts = path.removeprefix("include/kintsugi/").removeprefix("src/").split("/")
    return parts[0] if len(parts) > 1 else "(top)"


def main(build):
    files = reached_lines(build)
    modules = collections.defaultdict(lambda: [0, 0])
    for path, lines in files.items():
        for name in (module_of(path), "all"):
            modules[name][0] += len(lines)
            modules[name][1] += sum(lines.values())
    print(f"{'module':<12}{'lines':>8}{'reached':>9}{'':>8}")
    for name in sorted(modules, key=lambda name: (name == "all", name)):
        lines, reached = modules[name]
        print(f"{name:<12}{lines:>8}{reached:>9}{100 * reached / lines:>7.1f} %")
    missed = {path: sum(not reached for reached in lines.values()) for path, lines in files.items()}
    print("most lines not reached:")
    for path in sorted(missed, key=missed.get, reverse=True)[:10]:
        print(f"{missed[path]:>8} of {len(files[path])}: {path}")


if __name__ == "__main__":
    main(sys.argv[1])
