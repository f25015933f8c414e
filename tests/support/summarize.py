#!/usr/bin/env python3
"""Sums up ctest results: summarize.py BUILD_FOLDER...

Reads BUILD_FOLDER/results.xml (ctest --output-junit) of each folder, names every failed and every skipped test, and ends
with the line `N passed, N failed` (`, N skipped`). A folder without results counts as one failure, and so does a run
without any test. Exit code 0 if nothing failed, else 1.

A test program that passes may have skipped cases inside; they are found in its output as GoogleTest and unittest
print them, and counted as skipped besides the program's own result.
"""

import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree

GOOGLETEST_SKIP = re.compile(r"\[  SKIPPED \] (\w[\w/]*\.[\w/]+)")
UNITTEST_SKIP = re.compile(r"^(\S.*?) \.\.\. skipped (['\"].*)$", re.MULTILINE)
LOUD_REASON = re.compile(r"SKIPPED: .*")


def skips_inside(output):
    """Names of the skipped cases in a test program's output, each with its reason where one is printed."""
    reasons = dict.fromkeys(LOUD_REASON.findall(output))
    reason = f" ({'; '.join(reasons)})" if reasons else ""
    names = dict.fromkeys(GOOGLETEST_SKIP.findall(output))
    return [name + reason for name in names] + [f"{name}: {why}" for name, why in UNITTEST_SKIP.findall(output)]


def read_results(folder):
    """(number passed, names of the failed, names of the skipped) of one build folder."""
    preset = folder.name
    path = folder / "results.xml"
    if not path.exists():
        return 0, [f"{preset}: not built, so not tested"], []
    passed, failed, skipped = 0, [], []
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        name = f"{preset}: {case.get('name')}"
        output = case.findtext("system-out") or ""
        # ctest also reports as skipped what it could not start; only the first of these words is a test's own wish.
        not_run = case.find("skipped").get("message") if case.find("skipped") is not None else ""
        if not_run.startswith("SKIP_") or case.get("status") == "disabled":
            reason = LOUD_REASON.search(output)
            skipped.append(f"{name} ({reason.group(0) if reason else not_run})")
        elif case.get("status") == "run" and case.find("failure") is None:
            passed += 1
            skipped += [f"{name}: {inside}" for inside in skips_inside(output)]
        else:
            failed.append(f"{name} ({not_run})" if not_run else name)
    return passed, failed, skipped


def main(folders):
    passed, failed, skipped = 0, [], []
    for folder in folders:
        more_passed, more_failed, more_skipped = read_results(pathlib.Path(folder))
        passed += more_passed
        failed += more_failed
        skipped += more_skipped
    if passed == 0 and not failed:
        failed.append("no test was run")
    for name in skipped:
        print("SKIPPED", name)
    for name in failed:
        print("FAILED", name)
    print(f"{passed} passed, {len(failed)} failed" + (f", {len(skipped)} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
