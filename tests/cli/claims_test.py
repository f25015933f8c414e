"""Whether what `solve` claims is so, on networks of many kinds whose answer is known.

By default a few of each kind, as a test. `KINTSUGI_CLAIMS=14 claims_test.py PROGRAM` makes 14 of each kind, prints the
table and writes nothing else; KINTSUGI_CLAIMS_SECONDS is the limit of each solve (20).

A claim is false where
- neighbours that are called certain stand the other way round in the truth (equal blocks stand for each other),
- an answer is called solved and differs from the truth by more than it names: other pairs than those of equal pieces,
  or an order that swaps of neighbours it calls interchangeable do not lead to the truth,
- an answer is called noise and the truth leaves significantly less of the error: the odds are above e^10.
"""

import os
import pathlib
import sys

import h5py
import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import harness
from harness import SUCCESS, text

SEEDS = int(os.environ.get("KINTSUGI_CLAIMS", "0"))
SECONDS = os.environ.get("KINTSUGI_CLAIMS_SECONDS", "20")
SIGNIFICANT = 20  # fall of the sum of squares, in variances of the noise


class Network:
    """A problem file and its answer, in float64, relu."""

    def __init__(self, path, answer):
        self.path = path
        with h5py.File(path) as file:
            self.weight = {int(i): piece["weight"][:].astype(float) for i, piece in file["pieces"].items()}
            self.bias = {int(i): (piece["bias"][:].astype(float) if "bias" in piece else 0.0)
                         for i, piece in file["pieces"].items()}
            self.inputs = file["data/inputs"][:].astype(float)
            self.predictions = file["data/predictions"][:].astype(float)
        self.truth = [int(word) for word in answer.read_text().strip().split(",")]

    def predict(self, permutation):
        states = self.inputs
        for expand, compress in zip(permutation[:-1:2], permutation[1:-1:2]):
            hidden = numpy.maximum(states @ self.weight[expand].T + self.bias[expand], 0)
            states = states + hidden @ self.weight[compress].T + self.bias[compress]
        return states @ self.weight[permutation[-1]].T + self.bias[permutation[-1]]

    def squares(self, permutation):
        return float(numpy.sum((self.predict(permutation) - self.predictions) ** 2))

    def name_of(self, piece):
        """Equal for pieces that are equal number by number."""
        return self.weight[piece].tobytes() + numpy.asarray(self.bias[piece]).tobytes()

    def blocks(self, permutation):
        return [(self.name_of(e), self.name_of(c)) for e, c in zip(permutation[:-1:2], permutation[1:-1:2])]

    def save(self, inputs=None, predictions=None):
        """Other rows, in float32 as the file has them."""
        with h5py.File(self.path, "r+") as file:
            for name, values in (("inputs", inputs), ("predictions", predictions)):
                if values is None:
                    continue
                del file["data"][name]
                file["data"][name] = values.astype(numpy.float32)
        if inputs is not None:
            self.inputs = inputs.astype(numpy.float32).astype(float)
        if predictions is not None:
            self.predictions = predictions.astype(numpy.float32).astype(float)


def outlier(network, random):
    inputs = network.inputs.copy()
    inputs[random.integers(len(inputs))] *= 1000
    network.save(inputs=inputs)
    network.save(predictions=network.predict(network.truth))


def offset(network, random):
    head = network.truth[-1]
    with h5py.File(network.path, "r+") as file:
        file[f"pieces/{head}/bias"][...] = 2020
    network.bias[head] = numpy.full_like(network.bias[head], 2020)
    network.save(predictions=network.predict(network.truth))


def half(network, random):
    with h5py.File(network.path, "r+") as file:
        for index in network.weight:
            for name, numbers in (("weight", network.weight), ("bias", network.bias)):
                numbers[index] = numbers[index].astype(numpy.float16).astype(float)
                file[f"pieces/{index}/{name}"][...] = numbers[index]


def unlike_outputs(network, random):
    head = network.truth[-1]
    scale = 10.0 ** random.uniform(-4, 4, len(network.bias[head]))
    network.weight[head] = (network.weight[head] * scale[:, None]).astype(numpy.float32).astype(float)
    network.bias[head] = (network.bias[head] * scale).astype(numpy.float32).astype(float)
    with h5py.File(network.path, "r+") as file:
        file[f"pieces/{head}/weight"][...] = network.weight[head]
        file[f"pieces/{head}/bias"][...] = network.bias[head]
    network.save(predictions=network.predict(network.truth))


def equal_rows(network, random):
    inputs = numpy.repeat(network.inputs[:1], len(network.inputs), axis=0)
    network.save(inputs=inputs)
    network.save(predictions=network.predict(network.truth))


SMALL = ["--width", "16", "--hidden", "32", "--rows", "1500"]
KINDS = {
    "plain": (["--blocks", "12", *SMALL], None),
    "no depth, weak pairs": (["--blocks", "12", *SMALL, "--depth", "none", "--pair-signal", "1"], None),
    "tiny steps": (["--blocks", "12", *SMALL, "--depth", "none", "--residual", "0.0005"], None),
    "1 % noise": (["--blocks", "12", *SMALL, "--noise", "0.01"], None),
    "noise above the margins": (["--blocks", "10", *SMALL, "--noise", "0.05", "--residual", "0.03"], None),
    "two decimals": (["--blocks", "12", *SMALL, "--decimals", "2"], None),
    "one decimal, 80 rows": (["--blocks", "12", "--width", "16", "--hidden", "32", "--rows", "80", "--decimals", "1"], None),
    "float16 pieces": (["--blocks", "10", *SMALL], half),
    "copies": (["--blocks", "12", *SMALL, "--copies", "3"], None),
    "square": (["--blocks", "10", "--width", "16", "--hidden", "16", "--rows", "1500"], None),
    "few rows": (["--blocks", "16", "--width", "16", "--hidden", "32", "--rows", "29"], None),
    "an outlying row": (["--blocks", "12", *SMALL], outlier),
    "offset of 2020": (["--blocks", "12", *SMALL], offset),
    "outputs of unlike scale": (["--blocks", "12", *SMALL, "--outputs", "4"], unlike_outputs),
    "equal rows": (["--blocks", "8", "--width", "16", "--hidden", "32", "--rows", "64"], equal_rows),
}


class ClaimsTest(harness.ProgramTest):
    def judge(self, kind, seed):
        """Solves one network: its status, the neighbours called certain, and what of the claims is false."""
        options, change = KINDS[kind]
        self.run_program("generate", "-o", "p.h5", "--answer", "truth.txt", "--seed", seed, "-q", *options)
        network = Network(self.folder / "p.h5", self.folder / "truth.txt")
        if change is not None:
            change(network, numpy.random.default_rng(seed))
        self.run_program("solve", "p.h5", "-o", "s.h5", "--time-limit", SECONDS, "-q", code=None)
        with h5py.File(self.folder / "s.h5") as file:
            status = text(file.attrs["status"])
            answer = [int(piece) for piece in file["permutation"][:]]
            margins = file["margins"][:]
        return self.false_claims(network, status, answer, margins)

    def false_claims(self, network, status, answer, margins):
        found, truth = network.blocks(answer), network.blocks(network.truth)
        result = {"status": status, "certain": 0, "wrong certain": 0, "wrong solved": 0, "beaten noise": 0}
        if status not in ("solved", "reproduced", "precision", "noise"):
            return result
        # Equal blocks stand for each other, the first for the first.
        place, seen = [], {}
        for block in found:
            at = [p for p, other in enumerate(truth) if other == block]
            place.append(at[seen.get(block, 0)] if seen.get(block, 0) < len(at) else None)
            seen[block] = seen.get(block, 0) + 1
        certain = [margin["interchangeable"] == 0 for margin in margins]
        for p, sure in enumerate(certain):
            result["certain"] += sure
            if sure and found[p] != found[p + 1] and (None in place[p:p + 2] or place[p] > place[p + 1]):
                result["wrong certain"] += 1
        if status == "solved" and (None in place or self.resorted(place, certain) != sorted(place)):
            result["wrong solved"] = 1
        if status == "noise":
            left = network.squares(network.truth)
            fall = network.squares(answer) - left
            result["beaten noise"] = int(fall > SIGNIFICANT * left / network.predictions.size)
        return result

    @staticmethod
    def resorted(place, certain):
        """The order with each run of neighbours that are called interchangeable sorted as in the truth."""
        runs = [[place[0]]]
        for previous, here in enumerate(place[1:]):
            if certain and certain[previous]:
                runs.append([here])
            else:
                runs[-1].append(here)
        return [here for run in runs for here in sorted(run)]

    def table(self, seeds):
        false = 0
        print(f"{'kind':26} {'runs':>4} {'solved':>6} {'other':>24} {'certain':>7}  wrong: certain solved noise")
        for kind in KINDS:
            results = [self.judge(kind, seed) for seed in seeds]
            statuses = [result["status"] for result in results]
            others = {status: statuses.count(status) for status in sorted(set(statuses)) if status != "solved"}
            sums = {name: sum(result[name] for result in results)
                    for name in ("certain", "wrong certain", "wrong solved", "beaten noise")}
            print(f"{kind:26} {len(results):4} {statuses.count('solved'):6} "
                  f"{', '.join(f'{count} {status}' for status, count in others.items()):>24} {sums['certain']:7}  "
                  f"{sums['wrong certain']:14} {sums['wrong solved']:6} {sums['beaten noise']:5}", flush=True)
            false += sums["wrong certain"] + sums["wrong solved"] + sums["beaten noise"]
        return false

    def test_claims_hold(self):
        self.assertEqual(self.table(range(101, 101 + max(SEEDS, 1))), 0)

    def test_a_false_claim_would_be_noticed(self):
        self.run_program("generate", "-o", "p.h5", "--answer", "truth.txt", "-q", "--blocks", "4", "--width", "8",
                         "--hidden", "16", "--rows", "300", "--noise", "0.01")
        network = Network(self.folder / "p.h5", self.folder / "truth.txt")
        wrong = network.truth[2:4] + network.truth[:2] + network.truth[4:]
        sure = [{"interchangeable": 0}] * 3
        self.assertEqual(self.false_claims(network, "solved", network.truth, sure)["wrong certain"], 0)
        self.assertEqual(self.false_claims(network, "solved", network.truth, sure)["wrong solved"], 0)
        for status, kind in (("solved", "wrong solved"), ("noise", "beaten noise"), ("precision", "wrong certain")):
            self.assertEqual(self.false_claims(network, status, wrong, sure)[kind], 1)
        open_first = [{"interchangeable": 1}, *sure[1:]]
        self.assertEqual(self.false_claims(network, "solved", wrong, open_first)["wrong solved"], 0)


if __name__ == "__main__":
    harness.main()
