#!/usr/bin/env python3
"""clang-tidy 14, and with it Clang's own warnings, on the C++ lines that differ from an earlier commit.

    tidy_test.py REPOSITORY BUILD_FOLDER

A changed header is looked at through the source of the same name, or through the source that includes nothing but it.
KINTSUGI_TIDY_BASE names the commit to compare with (default HEAD~1; on a branch, say, main), KINTSUGI_TIDY_FILES the
largest number of sources to look at (default 8, some 10 s each): those left out are named. Exit code 77: skipped.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

TIDY = "clang-tidy-14"
SUFFIXES = (".cpp", ".hpp")


def skip(reason):
    print(f"SKIPPED: {reason}")
    sys.exit(77)


def changed_lines(diff):
    """{file: [[first, last], ...]} of the lines that a diff without context adds or changes."""
    lines = {}
    for line in diff.splitlines():
        if line.startswith("+++ "):
            name = line[4:].removeprefix("b/").strip()
        elif hunk := re.match(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@", line):
            first, count = int(hunk[1]), int(hunk[2] or 1)
            if count > 0 and name.endswith(SUFFIXES):
                lines.setdefault(name, []).append([first, first + count - 1])
    return lines


def source_of(file, root, build, compiled):
    """The source through which clang-tidy sees a file; None where this build compiles none."""
    stem = pathlib.PurePath(file.removeprefix("include/kintsugi/").removeprefix("src/")).with_suffix(".cpp")
    for source in (root / file, root / "src" / stem, build / "tests/build/headers/kintsugi" / stem):
        if str(source) in compiled:
            return str(source)
    return None


def for_clang(entries):
    """The compile commands without what only GCC reads: its precompiled headers and the settings that go with them."""
    only_gcc = re.compile(r" (-include \S*cmake_pch\.hxx|-Winvalid-pch|-fpch-preprocess|-fno-gnu-unique|--param=\S+)(?= )")
    return [{**entry, "command": only_gcc.sub("", entry["command"])} for entry in entries]


def main(root, build):
    if not shutil.which(TIDY):
        skip(f"{TIDY} is not installed; other versions find other things")
    if not shutil.which("git"):
        skip("git is not installed")
    base = os.environ.get("KINTSUGI_TIDY_BASE", "HEAD~1")
    git = ["git", "-C", str(root)]
    merge_base = subprocess.run([*git, "merge-base", base, "HEAD"], capture_output=True, text=True)
    if merge_base.returncode != 0:
        skip(f"git knows no commit {base} here to compare with")
    diff = subprocess.run([*git, "diff", "--unified=0", "--diff-filter=d", merge_base.stdout.strip(), "--", "include", "src",
                           "tests"], check=True, capture_output=True, text=True).stdout
    lines = changed_lines(diff)

    entries = json.loads((build / "compile_commands.json").read_text())
    compiled = {entry["file"] for entry in entries}
    sources = []
    for file in lines:
        source = source_of(file, root, build, compiled)
        if source is None:
            print(f"NOT LOOKED AT, no source of this build stands for it: {file}")
        elif source not in sources:
            sources.append(source)
    most = int(os.environ.get("KINTSUGI_TIDY_FILES", "8"))
    if sources[most:]:
        print(f"NOT LOOKED AT, only the first {most} sources are (KINTSUGI_TIDY_FILES): {' '.join(sources[most:])}")

    commands = build / "tests/build/tidy"
    commands.mkdir(parents=True, exist_ok=True)
    (commands / "compile_commands.json").write_text(json.dumps(for_clang(entries)))
    command = [TIDY, "--quiet", "-p", str(commands), "--extra-arg=-Wno-unknown-warning-option",
               "--line-filter=" + json.dumps([{"name": file, "lines": ranges} for file, ranges in lines.items()])]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda source: subprocess.run([*command, source], stdout=subprocess.PIPE,
                                                              stderr=subprocess.PIPE, text=True), sources[:most]))
    failed = [result for result in results if result.returncode != 0]
    for result in failed:
        print(result.stdout, result.stderr, sep="\n")
    print(f"changes since {merge_base.stdout[:7]}: {len(results)} sources looked at, {len(failed)} not tidy")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])))
