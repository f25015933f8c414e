#!/usr/bin/env python3
"""Turns a finished scaling sweep into a table: sweep.py SWEEP.csv. `kintsugi report` draws it.

SWEEP.csv is what jobs/strong-scaling.sbatch and jobs/weak-scaling.sbatch leave. Of repeated runs the median counts. With
T(p) the time on p ranks and p0 the smallest number of ranks:

  strong  T is the search's time to the solution; speed-up T(p0) / T(p), efficiency speed-up * p0 / p.
  weak    T is the search's time for one evaluation of the whole network, which costs each rank the same for all p;
          efficiency T(p0) / T(p), speed-up efficiency * p / p0.

Needs Python's standard library only.
"""

import argparse
import collections
import csv
import statistics
import sys

COLUMNS = ["kind", "ranks", "blocks", "repeat", "status", "evaluations", "search_seconds", "total_seconds"]
Point = collections.namedtuple("Point", "ranks blocks runs solved evaluations search total time speedup efficiency")


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
                raise ValueError("solved without a search: nothing to measure; make it harder (GENERATE='--depth none')")
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path}, line {number}: {error}") from None
    return kinds.pop(), rows


def summarize(kind, rows):
    """A Point for each number of ranks, ascending."""
    groups = collections.defaultdict(list)
    for row in rows:
        groups[row["ranks"]].append(row)
    points = []
    for ranks in sorted(groups):
        runs = groups[ranks]

        def median(value):
            return statistics.median(value(run) for run in runs)
        search = median(lambda run: run["search_seconds"])
        evaluations = median(lambda run: run["evaluations"])
        time = search if kind == "strong" else median(lambda run: run["search_seconds"] / run["evaluations"])
        first = points[0] if points else None
        ratio = first.time / time if first else 1
        share = ranks / first.ranks if first else 1
        speedup, efficiency = (ratio, ratio / share) if kind == "strong" else (ratio * share, ratio)
        points.append(Point(ranks, runs[0]["blocks"], len(runs), sum(run["status"] == "solved" for run in runs),
                            evaluations, search, median(lambda run: run["total_seconds"]), time, speedup, efficiency))
    return points


def print_table(kind, points):
    unit = "search s" if kind == "strong" else "s/evaluation"
    print(f"{kind} scaling; medians of repeated runs")
    print(f"{'ranks':>5} {'blocks':>6} {'runs':>4} {'solved':>6} {'evaluations':>11} {'search s':>9} {'total s':>9}"
          + ("" if kind == "strong" else f" {unit:>12}") + f" {'speed-up':>8} {'efficiency':>10}")
    for p in points:
        each = "" if kind == "strong" else f" {p.time:12.6f}"
        print(f"{p.ranks:5} {p.blocks:6} {p.runs:4} {p.solved:6} {p.evaluations:11.0f} {p.search:9.3f} {p.total:9.3f}"
              f"{each} {p.speedup:8.2f} {100 * p.efficiency:8.1f} %")


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
