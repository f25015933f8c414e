#!/usr/bin/env python3
"""Turns a finished scaling sweep into a table: sweep.py SWEEP.csv. `kintsugi report` draws it.

SWEEP.csv is what jobs/strong-scaling.sbatch and jobs/weak-scaling.sbatch leave. Of repeated runs the median counts. With
T(p) the time on p ranks and p0 the smallest number of ranks:

  strong  T is the search's time to the solution; speed-up T(p0) / T(p), efficiency speed-up * p0 / p.
  weak    T is the search's time for one evaluation of the whole network, which costs each rank the same for all p;
          efficiency T(p0) / T(p), speed-up efficiency * p / p0.

Behind a median stand the least and the most. Runs that were not solved count as such, and their times do not, unless none
was solved.
Needs Python's standard library only.
"""

import argparse
import collections
import csv
import statistics
import sys

COLUMNS = ["kind", "ranks", "blocks", "repeat", "status", "evaluations", "search_seconds", "total_seconds"]
Point = collections.namedtuple(
    "Point", "ranks blocks runs solved evaluations search least most total time least_time most_time speedup efficiency")
ANSWERS = ("solved", "precision", "noise")


def read_sweep(path):
    """The runs of the sweep and its kind. Raises ValueError that names the line and the rule."""
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows or list(rows[0]) != COLUMNS:
        raise ValueError(f"{path}: needs the header {','.join(COLUMNS)} and a run")
    kinds = {row["kind"] for row in rows}
    if len(kinds) != 1 or not kinds <= {"strong", "weak"}:
        raise ValueError(f"{path}: kind must be strong or weak, the same in all lines, not {', '.join(sorted(kinds))}")
    for number, row in enumerate(rows, start=2):
        try:
            for name in ("ranks", "blocks", "repeat", "evaluations"):
                row[name] = int(row[name])
            for name in ("search_seconds", "total_seconds"):
                row[name] = float(row[name])
            if row["ranks"] < 1 or row["search_seconds"] <= 0:
                raise ValueError("ranks and search_seconds must be positive")
            if row["kind"] == "weak" and row["evaluations"] < 1:
                print(f"{path}, line {number}: solved without a search, which tells no time for an evaluation: left out; make "
                      "it harder (GENERATE='--depth none')", file=sys.stderr)
                row["search_seconds"] = None
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path}, line {number}: {error}") from None
    if all(row["search_seconds"] is None for row in rows):
        raise ValueError(f"{path}: no run has anything to measure")
    return kinds.pop(), rows


def summarize(kind, rows):
    """A Point for each number of ranks, ascending."""
    groups = collections.defaultdict(list)
    for row in rows:
        groups[row["ranks"]].append(row)
    points = []
    for ranks in sorted(groups):
        runs = groups[ranks]

        timed = [run for run in runs if run["search_seconds"] is not None]
        if not timed:
            continue
        timed = [run for run in timed if run["status"] in ANSWERS] or timed

        def median(value):
            return statistics.median(value(run) for run in timed)
        searches = [run["search_seconds"] for run in timed]
        times = searches if kind == "strong" else [run["search_seconds"] / run["evaluations"] for run in timed]
        search, time = statistics.median(searches), statistics.median(times)
        evaluations = median(lambda run: run["evaluations"])
        first = points[0] if points else None
        ratio = first.time / time if first else 1
        share = ranks / first.ranks if first else 1
        speedup, efficiency = (ratio, ratio / share) if kind == "strong" else (ratio * share, ratio)
        points.append(Point(ranks, timed[0]["blocks"], len(runs), sum(run["status"] in ANSWERS for run in runs),
                            evaluations, search, min(searches), max(searches), median(lambda run: run["total_seconds"]), time,
                            min(times), max(times), speedup, efficiency))
    return points


def spread(middle, least, most, digits):
    return f"{middle:.{digits}f} ({least:.{digits}f}-{most:.{digits}f})"


def print_table(kind, points):
    print(f"{kind} scaling; medians of repeated runs, with the least and the most")
    header = ["ranks", "blocks", "runs", "solved", "evaluations", "search s", "total s"]
    if kind == "weak":
        header.append("s/evaluation")
    lines = [header + ["speed-up", "efficiency"]]
    for p in points:
        line = [str(p.ranks), str(p.blocks), str(p.runs), str(p.solved), f"{p.evaluations:.0f}",
                spread(p.search, p.least, p.most, 3), f"{p.total:.3f}"]
        if kind == "weak":
            line.append(spread(p.time, p.least_time, p.most_time, 6))
        lines.append(line + [f"{p.speedup:.2f}", f"{100 * p.efficiency:.1f} %"])
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    for line in lines:
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sweep", metavar="SWEEP.csv")
    options = parser.parse_args()
    try:
        kind, rows = read_sweep(options.sweep)
        print_table(kind, summarize(kind, rows))
    except (OSError, ValueError) as error:
        print(f"sweep.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
