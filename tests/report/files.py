"""Solutions and analyses as h5py writes them by hand, with known numbers in every part."""

import hashlib

import h5py
import numpy

TEXT = h5py.string_dtype()
BOOLEAN = h5py.enum_dtype({"FALSE": 0, "TRUE": 1}, "i1")


def seconds():
    parts = dict(load=0.25, pairing=0.5, seeding=1.0, search=2.0, kernels=1.5, collectives=0.25, check=0.125,
                 total=3.875)
    return {f"seconds_{part}": value for part, value in parts.items()}


class Sample:
    """A solution of `blocks` blocks with starts, a trajectory, margins and elites; and an analysis of it."""

    def __init__(self, permutation, seed=3, islands=3, problem="problem.h5", rows=600):
        random = numpy.random.default_rng(seed)
        self.permutation = [int(piece) for piece in permutation]
        self.blocks = len(self.permutation) // 2
        self.expand, self.compress = self.permutation[:-1:2], self.permutation[1::2]
        self.attributes = {
            "format": "kintsugi-solution", "format_version": 2, "status": "solved", "exit_code": 0, "mse": 1.25e-14,
            "largest_error": 6.5e-7, "target": 2e-12, "rows": rows, "evaluations": 4321, "problem": problem,
            "sha256": hashlib.sha256(",".join(map(str, self.permutation)).encode()).hexdigest(),
            "options": "pairing = auto\nseed = 1\n", "version": "9.8.7", "ranks": 4, "islands": islands,
            "seed": numpy.uint64(18446744073709551615), "explained": 0.0, "explained_by_chance": 0.0, **seconds()}
        self.warnings = ["one pair is in doubt <b>&amp;</b>"]
        self.findings = []
        self.make_pairs(random)
        self.make_starts(random)
        self.make_trajectory(random, islands)
        self.make_margins(random)
        self.make_elites(random, islands)

    def make_pairs(self, random):
        n = self.blocks
        score = random.uniform(1.5, 3.2, n)
        rival = random.uniform(0.2, 0.6, n)
        other = [self.compress[(t + 1) % n] for t in range(n)]
        trusted = numpy.ones(n, bool)
        trusted[n // 2] = False
        rows = zip(self.expand, self.compress, score, other, rival, score - rival, trusted)
        self.pairs = numpy.array(list(rows), dtype=[
            ("expand", "i4"), ("compress", "i4"), ("score", "f8"), ("runner_up", "i4"), ("runner_up_score", "f8"),
            ("margin", "f8"), ("trusted", BOOLEAN)])

    def make_starts(self, random):
        names = ["greedy", "wout-frobenius", "delta-norm", "wout-frobenius-reversed"]
        self.starts = list(zip(names, [4.8e-4, 0.066, 0.071, 0.85]))
        numbers = numpy.argsort(numpy.argsort(self.expand))  # of the answer's blocks, by expand piece
        self.order = numbers
        self.start_orders = []
        for strength in (0.5, 3, 5, 40):
            places = numpy.argsort(numpy.arange(self.blocks) + random.normal(size=self.blocks) * strength)
            self.start_orders.append(numbers[places])

    def make_trajectory(self, random, islands, steps=60):
        rows = []
        for island in range(islands):
            error, best = 0.5 / (1 + island), 0.5 / (1 + island)
            for step in range(steps):
                event = "S" if step == 0 else "IRKG"[int(random.integers(4))]
                error = error * (3 if event == "K" else random.uniform(0.5, 0.9))
                best = min(best, error)
                sample = 512 if step < 30 else 2048
                rows.append((step, island, event, sample, error, best, 1 + step % 5, 7 * step, 0.01 * step))
        self.trajectory = numpy.array(rows, dtype=[
            ("step", "i8"), ("island", "i4"), ("event", "S1"), ("rows", "i8"), ("mse", "f8"), ("best", "f8"),
            ("moves", "i8"), ("evaluations", "i8"), ("seconds", "f8")])

    def make_margins(self, random):
        n = self.blocks - 1
        change = 10.0 ** random.uniform(-5, -2, n)
        error = change * random.uniform(0.02, 0.4, n)
        change[n // 3] = 0.0
        between = numpy.zeros(n, bool)
        between[n // 3] = True
        self.margins = numpy.array(
            list(zip(range(n), self.expand[:-1], self.expand[1:], change, error, change / error, between)),
            dtype=[("position", "i4"), ("first_expand", "i4"), ("second_expand", "i4"), ("change", "f8"),
                   ("standard_error", "f8"), ("z", "f8"), ("interchangeable", BOOLEAN)])

    def make_elites(self, random, islands, count=5):
        orders = []
        for e in range(count):
            blocks = [self.permutation[2 * t : 2 * t + 2] for t in range(self.blocks)]
            for _ in range(e):
                t = int(random.integers(self.blocks - 1))
                blocks[t], blocks[t + 1] = blocks[t + 1], blocks[t]
            orders.append([piece for block in blocks for piece in block] + self.permutation[-1:])
        # The last one pairs its first two expand pieces with each other's partner.
        orders[-1][1], orders[-1][3] = orders[-1][3], orders[-1][1]
        self.elites = numpy.array(orders, "i4")
        self.elite_mse = numpy.geomspace(1e-14, 1e-4, count)
        self.elite_island = numpy.arange(count, dtype="i4") % islands

    def write(self, path, margins=True, elites=True):
        with h5py.File(path, "w") as file:
            file.attrs.update(self.attributes)
            file["permutation"] = numpy.array(self.permutation, "i4")
            file["order"] = numpy.array(self.order, "i4")
            by_number = numpy.argsort(self.expand)
            file["pairing"] = numpy.array([[self.expand[t], self.compress[t]] for t in by_number], "i4")
            file["pair_scores"] = self.pairs
            file.create_dataset("starts", data=numpy.array(self.starts, dtype=[("name", TEXT), ("mse", "f8")]))
            file["start_orders"] = numpy.array(self.start_orders, "i4")
            file["trajectory"] = self.trajectory
            file.create_dataset("warnings", data=self.warnings, dtype=TEXT)
            file.create_dataset("diagnosis", data=numpy.array(
                self.findings, dtype=[("kind", "S64"), ("evidence", "S512"), ("remedy", "S512")]))
            file["margins"] = self.margins if margins else self.margins[:0]
            if elites:
                file["elites/permutation"] = self.elites
                file["elites/mse"] = self.elite_mse
                file["elites/island"] = self.elite_island
        return path

    def write_analysis(self, path, seed=8):
        random = numpy.random.default_rng(seed)
        n = self.blocks
        distance = numpy.abs(numpy.subtract.outer(range(n), range(n)))
        self.gains = numpy.triu(numpy.abs(random.normal(size=(n, n))) * 0.01 * distance, 1)
        self.strengths = numpy.linspace(2, -2, n) + random.normal(size=n) * 0.2
        self.cyclic = numpy.array([(i, i + 1, i + 3, 1e-5 * (i + 1)) for i in range(n - 3)],
                                  dtype=[("a", "i4"), ("b", "i4"), ("c", "i4"), ("weakest_margin", "f8")])
        with h5py.File(path, "w") as file:
            file.attrs["format"] = "kintsugi-analysis"
            file.attrs["format_version"] = 2
            file["bradley_terry/gains"] = self.gains
            file["bradley_terry/strengths"] = self.strengths
            file["bradley_terry/order"] = numpy.argsort(-self.strengths).astype("i4")
            file["bradley_terry"].attrs["temperature"] = 0.001
            file["bradley_terry"].attrs["start"] = "greedy-reversed"
            file["bradley_terry"].attrs["mse"] = 0.00625
            file["bradley_terry"].attrs["inversions"] = 4.0
            file["transitivity/cyclic"] = self.cyclic
            file["transitivity"].attrs["triples"] = n * (n - 1) * (n - 2) // 6
            file["transitivity"].attrs["cyclic"] = len(self.cyclic)
            file["transitivity"].attrs.update(mean_span_cyclic=3.0, mean_span_all=5.5, median_margin_cyclic=3.5e-5,
                                              median_margin_transitive=0.0125)
            file.create_dataset("starts", data=numpy.array(
                [("greedy", "forward", 4.7e-4, 7.0, 0.98, 0.99), ("greedy", "reversed", 0.8, *[numpy.nan] * 3)],
                dtype=[("name", TEXT), ("direction", TEXT), ("mse", "f8"), ("inversions", "f8"), ("kendall_tau", "f8"),
                       ("rank_correlation", "f8")]))
            file["pairing/scores/trace"] = random.normal(size=(n, n))
            expand, compress = sorted(self.expand), sorted(self.compress)
            partner = dict(zip(self.expand, self.compress))
            self.studied_orders = numpy.array([random.permutation(n), random.permutation(n)], "i4")
            file["pairing/expand"] = numpy.array(expand, "i4")
            file["pairing/compress"] = numpy.array(compress, "i4")
            file["pairing/chosen"] = numpy.array([compress.index(partner[piece]) for piece in expand], "i4")
            file["start_orders"] = self.studied_orders
            self.studied_pieces = [(expand[b], partner[expand[b]]) for b in self.studied_orders[1]]
            file.create_dataset("repair", data=numpy.array(
                [(start, r, 10 - r, 10 * r, 0.05 / base**r)
                 for start, base in (("greedy-reversed", 8), ("bradley-terry", 3), ("elsewhere", 2))
                 for r in range(1, 5)],
                dtype=[("start", TEXT), ("round", "i4"), ("swaps", "i8"), ("cumulative", "i8"), ("mse", "f8")]))
            file.create_dataset("searches", data=numpy.array(
                [("insertion", 900, 1e-14, 1), ("tabu", 5000, 2e-3, 0)],
                dtype=[("name", TEXT), ("evaluations", "i8"), ("mse", "f8"), ("solved", "i1")]))
        return path
