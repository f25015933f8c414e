#!/usr/bin/env python3
"""h5py_reads.py PROGRAM: lets PROGRAM (write_sample_files) write problem.h5 and solution.h5 and checks with h5py and
h5dump that others read them as they were meant. Needs python3-h5py and hdf5-tools; exits 77 (skipped) without them."""

import pathlib
import shutil
import subprocess
import sys
import tempfile

try:
    import h5py
    import numpy as np
except ImportError as missing:
    print(f"SKIPPED: {missing}; install python3-h5py")
    sys.exit(77)


def text(value):
    """Texts have a fixed length, and h5py gives them as bytes."""
    return value.decode() if isinstance(value, bytes) else value


def equal(found, expected, what):
    found = text(found)
    if isinstance(expected, np.ndarray):
        same = found.dtype == expected.dtype and found.shape == expected.shape and (found == expected).all()
    else:
        same = type(found) is type(expected) and found == expected
    if not same:
        sys.exit(f"{what}: found {found!r}, expected {expected!r}")


def check_problem(path):
    shapes = [(4, 3), (3, 4), (2, 3), (3, 4), (4, 3)]
    with h5py.File(path, "r") as file:
        equal(file.attrs["format"], "kintsugi-problem", "format")
        equal(int(file.attrs["format_version"]), 1, "format_version")
        equal(file.attrs["activation"], "gelu", "activation")
        equal(file.attrs["created_by"], "write_sample_files", "created_by")
        equal(sorted(file["pieces"]), ["0", "1", "2", "3", "4"], "pieces")
        for index, shape in enumerate(shapes):
            piece = file["pieces"][str(index)]
            kind, step = (np.float64, 0.1) if index == 3 else (np.float32, 0.125)
            weight = 100.0 * index + step * np.arange(shape[0] * shape[1])
            equal(piece["weight"][()], weight.reshape(shape).astype(kind), f"weight {index}")
            equal("bias" in piece, index != 2, f"bias {index}")
            if index != 2:
                equal(piece["bias"][()], -np.arange(shape[0]).astype(kind), f"bias {index}")
            equal(piece.attrs["source"], f"pieces/piece_{index}.pth", f"source {index}")
        data = file["data"]
        equal(data["inputs"][()], (np.arange(21) + 0.5).reshape(7, 3).astype(np.float32), "inputs")
        equal(data["predictions"][()], (1000 + np.arange(14)).reshape(7, 2).astype(np.float32), "predictions")
        equal(data["targets"][()], (-1000 - np.arange(14)).reshape(7, 2).astype(np.float32), "targets")


def check_table(table, columns, rows, what):
    equal(list(table.dtype.names), columns, f"{what}: columns")
    equal([tuple(row) for row in table.tolist()], rows, f"{what}: rows")


def check_solution(path):
    with h5py.File(path, "r") as file:
        expected = {"format": "kintsugi-solution", "format_version": 3, "status": "time_limit", "exit_code": 4,
                    "mse": 1.25e-14, "largest_error": 3e-7, "target": 2e-13, "rows": 7, "evaluations": 10**12,
                    "problem": "data/problem.h5", "options": "seed = 7\nislands = 2\n", "version": "0.2.0",
                    "revision": "1a2b3c4d5e-dirty", "parameters": "f" * 64, "ranks": 4, "islands": 2,
                    "seed": 2**64 - 1, "seconds_load": 0.125, "seconds_pairing": 0.25,
                    "seconds_seeding": 0.5, "seconds_search": 1.0, "seconds_kernels": 0.75, "seconds_collectives": 0.375,
                    "seconds_check": 2.0, "seconds_total": 4.0,
                    "problem_weights": "a" * 64, "problem_rows": "b" * 64, "problem_activation": "gelu",
                    "host": "node1", "date": "2026-01-31T12:00:00Z", "launch": "kintsugi solve data/problem.h5", "explained": 0.0625, "explained_by_chance": 0.03125,
                    "line_agreement": 0.75, "line_places": 0.875, "line_significance": 4.5, "line_significance_needed": 3.0}
        found = {name: text(value.item() if hasattr(value, "item") else value) for name, value in file.attrs.items()}
        equal(len(found.pop("sha256")), 64, "sha256")
        equal(found.pop("state_layout") > 0, True, "state_layout")
        equal(found, expected, "attributes")
        equal(file["permutation"][()], np.array([4, 1, 0, 3, 2], np.int32), "permutation")
        equal(file["order"][()], np.array([1, 0], np.int32), "order")
        equal(file["pairing"][()], np.array([[0, 3], [4, 1]], np.int32), "pairing")
        check_table(file["pair_scores"][()],
                    ["expand", "compress", "score", "runner_up", "runner_up_score", "margin", "trusted"],
                    [(4, 1, 2.5, 3, 0.25, 2.25, True), (0, 3, 0.5, -1, 0.0, -0.125, False)], "pair_scores")
        check_table(file["starts"][()], ["name", "mse"], [(b"wout-frobenius", 0.5), (b"greedy-reversed", 0.75)],
                    "starts")
        equal(file["start_orders"][()], np.array([[1, 0], [0, 1]], np.int32), "start_orders")
        check_table(file["trajectory"][()],
                    ["step", "island", "event", "rows", "mse", "best", "moves", "evaluations", "seconds"],
                    [(0, 0, ord("S"), 5, 0.5, 0.5, 0, 1, 0.001), (1, 2, ord("I"), 7, 1e-14, 1e-14, 3, 10**12, 0.25)],
                    "trajectory")
        events = h5py.check_enum_dtype(file["trajectory"].dtype["event"])
        equal((events["start"], events["insertion"], len(events)), (ord("S"), ord("I"), 18), "events")
        equal(list(file["warnings"].asstr()[()]), ["block 1 is not to be trusted", "grüße"], "warnings")


def check_dump(path, names):
    if shutil.which("h5dump") is None:
        print("SKIPPED: h5dump; install hdf5-tools")
        sys.exit(77)
    header = subprocess.run(["h5dump", "-H", str(path)], check=True, capture_output=True, text=True).stdout
    for name in names:
        if f'"{name}"' not in header:
            sys.exit(f"h5dump -H {path} does not show {name}:\n{header}")
    subprocess.run(["h5dump", str(path)], check=True, capture_output=True)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([sys.argv[1], str(folder)], check=True)
        check_problem(folder / "problem.h5")
        check_solution(folder / "solution.h5")
        check_dump(folder / "problem.h5", ["pieces", "weight", "bias", "inputs", "predictions", "targets", "source"])
        check_dump(folder / "solution.h5", ["permutation", "order", "pairing", "pair_scores", "trajectory", "sha256"])
        print("h5py and h5dump read problem.h5 and solution.h5")


main()
