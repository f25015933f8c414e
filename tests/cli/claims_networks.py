"""Networks of every kind that may deceive, with their answers: what claims_test.py solves."""

import dataclasses
import typing

import h5py
import numpy

import harness
from harness import text

UNIT = 2.0**-24  # of float32


class Network:
    """A problem file and its answer, in float64."""

    def __init__(self, path, answer):
        self.path = path
        with h5py.File(path) as file:
            self.weight = {int(i): piece["weight"][:].astype(float) for i, piece in file["pieces"].items()}
            self.bias = {int(i): (piece["bias"][:].astype(float) if "bias" in piece else 0.0)
                         for i, piece in file["pieces"].items()}
            self.parts = {(text(piece.attrs["part"]), int(piece.attrs["of"])): int(i)
                          for i, piece in file["pieces"].items() if "part" in piece.attrs}
            self.norm, self.head_norm = (text(file.attrs.get(name, "none")) for name in ("norm", "head_norm"))
            self.eps = float(file.attrs.get("norm_eps", 0))
            self.inputs = file["data/inputs"][:].astype(float)
            self.predictions = file["data/predictions"][:].astype(float)
        self.truth = [int(word) for word in answer.read_text().strip().split(",")]
        self.step = 0.0  # of predictions that were rounded

    def normalised(self, states, kind, part, owner):
        index = self.parts.get((part, owner))
        if kind == "none" or (index is None and any(each == part for each, _ in self.parts)):
            return states  # blocks without a gain have no norm where others have one
        if kind == "layer":
            states = states - states.mean(axis=1, keepdims=True)
        states = states / numpy.sqrt((states**2).mean(axis=1, keepdims=True) + states.dtype.type(self.eps))
        if index is None:
            return states
        return states * self.weight[index].astype(states.dtype) + numpy.asarray(self.bias[index], states.dtype)

    def predict(self, permutation, dtype=float):
        cast = lambda numbers: numpy.asarray(numbers, dtype)
        apply = lambda piece, rows: rows @ cast(self.weight[piece]).T + cast(self.bias[piece])
        states = cast(self.inputs)
        for expand, compress in zip(permutation[:-1:2], permutation[1:-1:2]):
            given = self.normalised(states, self.norm, "norm", expand)
            hidden = apply(expand, given)
            gate = self.parts.get(("gate", expand))
            hidden = numpy.maximum(hidden, 0) if gate is None else hidden * numpy.maximum(apply(gate, given), 0)
            scale = self.parts.get(("scale", compress))
            states = states + apply(compress, hidden) * (1 if scale is None else cast(self.weight[scale]))
        head = permutation[-1]
        return apply(head, self.normalised(states, self.head_norm, "head_norm", head)).astype(float)

    def beyond_rounding(self, permutation):
        """Mean square of what rounding does not explain of the errors, in units of what it does at the truth."""
        exact = self.predict(self.truth)
        own = numpy.abs(self.predict(self.truth, numpy.float32) - exact)
        unit = UNIT * (numpy.abs(exact) + numpy.sqrt(numpy.mean(exact**2, axis=0)))
        unit = numpy.maximum(unit, numpy.sqrt(numpy.mean((own / unit) ** 2)) * unit)
        room = self.step / 2 + numpy.abs(self.predictions) * UNIT
        beyond = numpy.maximum(0, numpy.abs(self.predict(permutation) - self.predictions) - room)
        return float(numpy.mean((beyond / unit) ** 2))

    def squares(self, permutation):
        """Sum of squared errors of each output."""
        return numpy.sum((self.predict(permutation) - self.predictions) ** 2, axis=0)

    def name_of(self, piece):
        """Equal for pieces that are equal number by number."""
        return self.weight[piece].tobytes() + numpy.asarray(self.bias[piece]).tobytes()

    def blocks(self, permutation):
        return [(self.name_of(e), self.name_of(c)) for e, c in zip(permutation[:-1:2], permutation[1:-1:2])]

    def set_piece(self, index, weight=None, bias=None):
        with h5py.File(self.path, "r+") as file:
            for name, numbers, given in (("weight", self.weight, weight), ("bias", self.bias, bias)):
                if given is None:
                    continue
                numbers[index] = numpy.asarray(given, numpy.float32).astype(float)
                if name in file[f"pieces/{index}"]:
                    file[f"pieces/{index}/{name}"][...] = numbers[index]

    def predict_anew(self):
        self.save(predictions=self.predict(self.truth))

    def write_folder(self, folder, extra=(), without=()):
        """Pieces and table as files; `extra` pieces (weight, bias) get the last numbers, `without` are left out."""
        folder.mkdir()
        pieces = [(self.weight[i], self.bias[i]) for i in sorted(self.weight) if i not in without] + list(extra)
        for index, (weight, bias) in enumerate(pieces):
            tensors = {"weight": numpy.asarray(weight, numpy.float32)}
            if bias is not None and numpy.ndim(bias):
                tensors["bias"] = numpy.asarray(bias, numpy.float32)
            harness.write_pth(folder / f"piece_{index}.pth", tensors)
        columns = [f"measurement_{i}" for i in range(self.inputs.shape[1])]
        columns += [f"pred_{i}" for i in range(self.predictions.shape[1])]
        rows = numpy.hstack([self.inputs, self.predictions])
        lines = [",".join(columns), *(",".join(f"{value:.9g}" for value in row) for row in rows)]
        (folder / "data.csv").write_text("\n".join(lines) + "\n")

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
    network.predict_anew()


def offset(network, random):
    head = network.truth[-1]
    network.set_piece(head, bias=numpy.full_like(network.bias[head], 2020))
    network.predict_anew()


def half(network, random):
    for index in network.weight:
        network.set_piece(index, network.weight[index].astype(numpy.float16), numpy.float16(network.bias[index]))


def bfloat(network, random):
    def shorten(numbers):
        bits = numpy.ascontiguousarray(numbers, numpy.float32).view(numpy.uint32)
        return ((bits + 0x8000) & 0xFFFF0000).astype(numpy.uint32).view(numpy.float32)

    for index in network.weight:
        network.set_piece(index, shorten(network.weight[index]), shorten(network.bias[index]))


def scale_head(network, scale):
    head = network.truth[-1]
    network.set_piece(head, network.weight[head] * scale[:, None], network.bias[head] * scale)
    network.predict_anew()


def unlike_outputs(network, random):
    scale_head(network, 10.0 ** random.uniform(-4, 4, len(network.bias[network.truth[-1]])))


def huge_or_tiny(network, random):
    scale_head(network, numpy.full_like(network.predictions[0], 10.0 ** (random.choice([-1, 1]) * random.uniform(8, 25))))


def constant_outputs(network, random):
    head = network.truth[-1]
    weight, bias = network.weight[head].copy(), network.bias[head].copy()
    weight[0], bias[0] = 0, 10 ** random.uniform(0, 3)
    network.set_piece(head, weight, bias)
    network.predict_anew()


def equal_rows(network, random):
    network.save(inputs=numpy.repeat(network.inputs[:1], len(network.inputs), axis=0))
    network.predict_anew()


def near_copies(network, random):
    """Two blocks that differ by 10^-8 to 10^-4 of their weights."""
    first, second = random.choice((len(network.truth) - 1) // 2, 2, replace=False)
    size = 10 ** random.uniform(-8, -4)
    for part in (0, 1):
        index, other = network.truth[2 * first + part], network.truth[2 * second + part]
        weight = network.weight[index]
        network.set_piece(other, weight * (1 + size * random.normal(size=weight.shape)), network.bias[index])
    network.predict_anew()


def idle_blocks(network, random):
    """Three blocks that do next to nothing."""
    for block in random.choice((len(network.truth) - 1) // 2, 3, replace=False):
        index, size = network.truth[2 * block + 1], 10 ** random.uniform(-9, -5)
        network.set_piece(index, network.weight[index] * size, network.bias[index] * size)
    network.predict_anew()


def wrong_activation(network, random):
    with h5py.File(network.path, "r+") as file:
        file.attrs.modify("activation", "relu")


def unused_columns(network, random):
    """Two inputs that nothing reads, one of them constant."""
    unused = random.choice(network.inputs.shape[1], 2, replace=False)
    for index in [*network.truth[:-1:2], network.truth[-1]]:
        weight = network.weight[index].copy()
        weight[:, unused] = 0
        network.set_piece(index, weight)
    inputs = network.inputs.copy()
    inputs[:, unused[0]] = 1
    network.save(inputs=inputs)
    network.predict_anew()


def one_row(network, random):
    network.save(inputs=network.inputs[:1], predictions=network.predictions[:1])


def few_kinds_of_rows(network, random):
    kinds = random.integers(2, 9)
    network.save(inputs=network.inputs[random.integers(kinds, size=len(network.inputs))])
    network.predict_anew()


def outlying_rows(network, random):
    inputs = network.inputs.copy()
    inputs[random.integers(len(inputs), size=random.integers(1, 4))] *= 10 ** random.uniform(1, 5)
    network.save(inputs=inputs)
    network.predict_anew()


def any_offset(network, random):
    head = network.truth[-1]
    size = numpy.std(network.predictions) * 10 ** random.uniform(0.5, 4.5)
    network.set_piece(head, bias=numpy.full_like(network.bias[head], random.choice([-1, 1]) * size))
    network.predict_anew()


def copies(network, random):
    """Up to three blocks become copies of others."""
    blocks = (len(network.truth) - 1) // 2
    chosen = random.permutation(blocks)
    for copy, original in zip(chosen[:random.integers(1, min(4, blocks // 2 + 1))], chosen[::-1]):
        for part in (0, 1):
            index = network.truth[2 * original + part]
            network.set_piece(network.truth[2 * copy + part], network.weight[index], network.bias[index])
    network.predict_anew()


def any_noise(network, random):
    predictions = network.predictions
    noise = predictions.std(axis=0) * 10 ** random.uniform(-5, -0.5) * random.normal(size=predictions.shape)
    network.save(predictions=predictions + noise)


def wrong_predictions(network, random):
    """A few rows with the predictions of others."""
    predictions = network.predictions.copy()
    rows = random.permutation(len(predictions))[:max(2, int(len(predictions) * 10 ** random.uniform(-3, -1)))]
    predictions[rows] = predictions[numpy.roll(rows, 1)]
    network.save(predictions=predictions)


def any_decimals(network, random):
    decimals = int(random.integers(0, 6))
    network.step = 10.0**-decimals
    network.save(predictions=numpy.round(network.predictions, decimals))


def any_digits(network, random):
    size = numpy.floor(numpy.log10(numpy.maximum(numpy.abs(network.predictions), 1e-300)))
    network.step = 10.0 ** (size - int(random.integers(1, 5)))
    network.save(predictions=numpy.round(network.predictions / network.step) * network.step)


# Those that change weights before those that change rows, and both before those that change predictions only.
TRAPS = {
    "steps": None,  # by an option of `generate`
    "copies": copies,
    "near copies": near_copies,
    "idle blocks": idle_blocks,
    "unlike outputs": unlike_outputs,
    "huge or tiny": huge_or_tiny,
    "offset": any_offset,
    "outlying rows": outlying_rows,
    "equal rows": equal_rows,
    "few kinds of rows": few_kinds_of_rows,
    "float16": half,
    "bfloat16": bfloat,
    "noise": any_noise,
    "wrong predictions": wrong_predictions,
    "decimals": any_decimals,
    "digits": any_digits,
}


def drawn_kind(random):
    """A kind of which everything is drawn at random, and the names of one or two of TRAPS that are set in it."""
    chosen = random.choice(list(TRAPS), size=random.integers(1, 3), replace=False)
    names = [trap for trap in TRAPS if trap in chosen]
    width = int(random.choice([6, 8, 12, 16, 24]))
    options = ["--blocks", int(random.integers(4, 25)), "--width", width,
               "--hidden", int(width * random.choice([0.5, 1.5, 2, 3])), "--rows", int(10 ** random.uniform(1.2, 3.4)),
               "--outputs", int(random.choice([1, 1, 1, 2, 4])),
               "--pair-signal", random.choice([0, 0.2, 0.35, 0.35]) * width**0.5,
               "--depth", random.choice(["none", "growing", "shrinking"])]
    if "steps" in names:
        options += ["--residual", 10 ** random.uniform(-5, -1.5)]

    def change(network, drawn):
        for name in names:
            if TRAPS[name] is not None:
                TRAPS[name](network, drawn)

    return Kind(options, change), names


def decoys(network, random):
    """Two blocks of nothing: as many extra expand as compress pieces."""
    hidden, width = network.weight[network.truth[0]].shape
    return [piece for _ in range(2) for piece in (
        (random.normal(size=(hidden, width)) / width**0.5, 0.1 * random.normal(size=hidden)),
        (0.3 * random.normal(size=(width, hidden)) / hidden**0.5, 0.01 * random.normal(size=width)))]


def plain_folder(network, random, folder):
    network.write_folder(folder)
    return []


def folder_with_decoys(network, random, folder):
    network.write_folder(folder, extra=decoys(network, random))
    return ["--activation", "relu", "--allow-extra"]


def folder_with_a_piece_too_many(network, random, folder):
    network.write_folder(folder, extra=decoys(network, random)[:1])
    return ["--activation", "relu", "--allow-extra"]


def folder_without_a_piece(network, random, folder):
    # That of the highest number, so that the others have theirs; the head is never that (see `usable`).
    network.write_folder(folder, without={len(network.truth) - 1})
    return ["--activation", "relu", "--allow-extra"]


def folder_without_a_block(network, random, folder):
    block = random.integers((len(network.truth) - 1) // 2)
    network.write_folder(folder, without=set(network.truth[2 * block:2 * block + 2]))
    return ["--activation", "relu"]


def folder_with_norms(network, random, folder):
    width = network.inputs.shape[1]
    network.write_folder(folder, extra=[(1 + 0.1 * random.normal(size=width), None) for _ in range(3)])
    return ["--activation", "relu"]


def folder_with_gates(network, random, folder):
    gates = [(random.normal(size=network.weight[i].shape), network.bias[i]) for i in network.truth[:-1:2]]
    network.write_folder(folder, extra=gates)
    return ["--activation", "silu"]


@dataclasses.dataclass
class Kind:
    """A kind of networks: how they are generated, what is then changed, and what names one that is not solved."""

    options: list
    change: typing.Optional[typing.Callable] = None
    folder: typing.Optional[typing.Callable] = None  # what it writes is solved, with the options that it returns
    named: typing.Callable = lambda run: False
    decimals: typing.Optional[int] = None
    activations: tuple = ("relu",)
    usable: typing.Callable = lambda network: True
    limits: tuple = ()  # of the solve, beside that of time
    same_pieces: bool = True  # the answer is made of those of the truth
    long: bool = False  # takes its time: not by default


def by_status(*statuses):
    return lambda run: run.status in statuses


def by_finding(*kinds):
    return lambda run: any(kind in run.findings for kind in kinds)


def by_refusal(words):
    return lambda run: words in run.error


SIZE = ["--width", "16", "--hidden", "32"]
SMALL = [*SIZE, "--rows", "1500"]
TRAINED = ["--kind", "trained", "--blocks", "8", *SMALL, "--steps", "400", "--check-pairs", "no"]
PARTS = ["--blocks", "10", *SMALL, "--norm", "layer", "--gate", "yes", "--scale", "yes"]
KINDS = {
    "plain": Kind(["--blocks", "12", *SMALL]),
    "no depth, weak pairs": Kind(["--blocks", "12", *SMALL, "--depth", "none", "--pair-signal", "1"]),
    "tiny steps": Kind(["--blocks", "12", *SMALL, "--depth", "none", "--residual", "0.0005"],
                       named=by_status("reproduced")),
    "square": Kind(["--blocks", "10", "--width", "16", "--hidden", "16", "--rows", "1500"]),
    "square, trained": Kind(["--kind", "trained", "--blocks", "12", "--width", "24", "--hidden", "24", "--rows", "3000",
                             "--steps", "600", "--check-pairs", "no"], long=True),
    "square, no pairs in the weights": Kind(["--blocks", "8", "--width", "16", "--hidden", "16", "--rows", "1500",
                                             "--pair-signal", "0", "--depth", "none"],
                                            named=by_finding("roles"), long=True),
    "noise of 1 %": Kind(["--blocks", "12", *SMALL, "--noise", "0.01"], named=by_status("noise")),
    "noise above the margins": Kind(["--blocks", "10", *SMALL, "--noise", "0.05", "--residual", "0.03"],
                                    named=by_status("noise")),
    "two decimals": Kind(["--blocks", "12", *SMALL, "--decimals", "2"], decimals=2),
    "one decimal, 80 rows": Kind(["--blocks", "12", *SIZE, "--rows", "80", "--decimals", "1"], decimals=1,
                                 named=lambda run: run.status == "reproduced" or "rounding" in run.findings),
    "one decimal, 80 rows, 28 blocks": Kind(["--blocks", "28", *SIZE, "--rows", "80", "--decimals", "1"], decimals=1,
                                            named=lambda run: run.status == "reproduced" or "rounding" in run.findings,
                                            limits=("--max-evaluations", "5000")),
    "noise of 1 %, 32 blocks": Kind(["--blocks", "32", *SIZE, "--rows", "4000", "--noise", "0.01"],
                                    named=by_status("noise"), long=True),
    "float16 pieces": Kind(["--blocks", "10", *SMALL], half, named=by_status("precision")),
    "bfloat16 pieces": Kind(["--blocks", "10", *SMALL], bfloat, named=by_status("precision")),
    "float16 pieces with parts": Kind(PARTS, half, named=by_status("precision")),
    "bfloat16 pieces with parts": Kind(PARTS, bfloat, named=by_status("precision")),
    "norm, gate, scale": Kind(PARTS),
    "norms before blocks and head": Kind(["--blocks", "10", *SMALL, "--norm", "rms", "--head-norm", "rms"]),
    "parts of some blocks": Kind([*PARTS, "--parts-share", "0.6"]),
    "trained, norms before blocks and head": Kind([*TRAINED, "--norm", "layer", "--head-norm", "layer"], long=True),
    "trained, parts of some blocks": Kind([*TRAINED, "--norm", "rms", "--gate", "yes", "--scale", "yes",
                                           "--parts-share", "0.6"], activations=("silu",), long=True),
    "parts without names": Kind(["--blocks", "6", "--width", "32", "--hidden", "64", "--rows", "1500", "--norm", "rms",
                                 "--scale", "yes"], folder=plain_folder),
    "copies": Kind(["--blocks", "12", *SMALL, "--copies", "3"]),
    "copies tied in training": Kind(["--kind", "trained", "--blocks", "24", "--width", "32", "--hidden", "64", "--rows",
                                     "3000", "--steps", "600", "--copies", "2", "--check-pairs", "no"], long=True),
    "near copies": Kind(["--blocks", "10", *SMALL], near_copies),
    "idle blocks": Kind(["--blocks", "10", *SMALL], idle_blocks, named=by_status("reproduced")),
    "wrong activation": Kind(["--blocks", "10", *SMALL], wrong_activation, named=by_finding("activation"),
                             activations=("gelu", "silu", "tanh", "leaky_relu:0.2", "softplus")),
    "auto activation": Kind(["--blocks", "10", *SMALL], folder=plain_folder,
                            activations=("gelu_tanh", "elu", "softplus", "sigmoid", "relu6", "leaky_relu:0.2", "silu",
                                         "leaky_relu:0.05", "tanh", "identity", "leaky_relu:0.35", "gelu")),
    "29 rows, 48 blocks": Kind(["--blocks", "48", "--width", "32", "--hidden", "64", "--rows", "29"],
                               named=by_finding("rows"), long=True),
    "few rows": Kind(["--blocks", "16", *SIZE, "--rows", "29"], named=by_finding("rows")),
    "two decoys": Kind(["--blocks", "10", *SMALL], folder=folder_with_decoys),
    "a piece too many": Kind(["--blocks", "10", *SMALL], folder=folder_with_a_piece_too_many),
    "a piece missing": Kind(["--blocks", "10", *SMALL], folder=folder_without_a_piece,
                            named=by_finding("missing", "extra"), same_pieces=False,
                            usable=lambda network: network.truth[-1] != len(network.truth) - 1),
    "a block missing": Kind(["--blocks", "10", *SMALL], folder=folder_without_a_block, named=by_finding("missing"),
                            same_pieces=False, long=True),
    "unused columns": Kind(["--blocks", "12", *SMALL], unused_columns),
    "constant output": Kind(["--blocks", "12", *SMALL, "--outputs", "3"], constant_outputs),
    "an outlying row": Kind(["--blocks", "12", *SMALL], outlier),
    "offset of 2020": Kind(["--blocks", "12", *SMALL], offset),
    "outputs of unlike scale": Kind(["--blocks", "12", *SMALL, "--outputs", "4"], unlike_outputs),
    "huge or tiny predictions": Kind(["--blocks", "12", *SMALL], huge_or_tiny),
    "equal rows": Kind(["--blocks", "8", *SIZE, "--rows", "64"], equal_rows, named=by_finding("data")),
    "one row": Kind(["--blocks", "8", *SIZE, "--rows", "64"], one_row, named=by_finding("rows")),
    "norms or scales": Kind(["--blocks", "4", *SMALL], folder=folder_with_norms, named=by_refusal("the gain of a norm")),
    "gates": Kind(["--blocks", "4", *SMALL], folder=folder_with_gates, named=by_finding("form")),
}
