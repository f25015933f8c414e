"""Opens the files of kintsugi as pandas' data frames and NumPy's arrays, plots them, and puts the network together.

    import kintsugi
    solution = kintsugi.read("solution.h5")        # or problem.h5, analysis.h5, a checkpoint
    solution.attributes["status"], solution["permutation"]
    solution["trajectory"]                         # a data frame; events in words
    kintsugi.plot(solution)                        # the figures that such a file has

    problem = kintsugi.read("problem.h5")
    network = kintsugi.Network(problem, solution)
    network.predict(problem["data/inputs"])        # float64, [rows, outputs]
    network.to_torch()                             # a torch.nn.Sequential, where PyTorch is installed

Tables and arrays have the names that src/README.md gives them, with a slash between groups; `list(solution)` names them.
Needs h5py, NumPy and pandas; for plots Matplotlib, for to_torch() PyTorch. Files are only read.
"""

import collections
import collections.abc
import math
import pathlib

import h5py
import numpy as np
import pandas as pd

__all__ = ["Error", "File", "Network", "Piece", "plot", "read", "read_permutation"]

FORMATS = {
    "kintsugi-problem": "problem",
    "kintsugi-solution": "solution",
    "kintsugi-analysis": "analysis",
    "kintsugi-checkpoint": "checkpoint",
}
# A checkpoint's rows of the log are 64-bit words: reals by their bits, an event by its letter.
CHECKPOINT_COLUMNS = ["step", "island", "event", "rows", "mse", "best", "moves", "evaluations", "seconds"]
CHECKPOINT_REALS = ["mse", "best", "seconds"]
LEAKY_SLOPE = 0.01

Piece = collections.namedtuple("Piece", "index weight bias source part of", defaults=["", -1])
Piece.__doc__ = """One linear layer: its index, weight [out, in], bias [out] or None, and the file that it came from.

The parts of blocks are pieces, too: `part` is then norm (a gain [d], maybe a bias), gate or scale ([d]), or head_norm, and `of`
the index of the expand piece, compress piece or head that it belongs to.
"""


class Error(Exception):
    """A file that is none of kintsugi's, a name that is not in it, or an answer that does not fit the pieces."""


def _text(value):
    """Texts of HDF5 as str; everything else as it is."""
    if isinstance(value, bytes):
        return value.rstrip(b"\0").decode("utf-8", "replace")
    if isinstance(value, np.generic):
        return value.item()
    return value


def _column(values):
    """One column of a compound table."""
    names = h5py.check_enum_dtype(values.dtype)
    if names is not None and values.dtype != bool:
        words = {number: word for word, number in names.items()}
        return pd.Categorical([words.get(int(value), str(value)) for value in values], categories=list(names))
    if values.dtype.kind in "SO":
        return [_text(value) for value in values]
    return values


def _table(dataset):
    rows = dataset[()]
    return pd.DataFrame({name: _column(rows[name]) for name in rows.dtype.names})


def _pieces_of(index, group):
    """The piece in a group, and its gate where both were one tensor: a Piece of the same index."""

    def numbers(name):
        return group[name][()] if name in group else None

    source = _text(group.attrs.get("source", ""))
    part, owner = _text(group.attrs.get("part", "")), int(group.attrs.get("of", -1))
    pieces = [Piece(index, numbers("weight"), numbers("bias"), source, part, owner)]
    if "gate_weight" in group:
        pieces.append(Piece(index, numbers("gate_weight"), numbers("gate_bias"), source, "gate", index))
    return pieces


class File(collections.abc.Mapping):
    """What one file holds: `kind`, `path`, `attributes` (a dict), and by name its data frames and arrays, read when asked for.

    Tables are data frames; arrays of texts are lists; all others NumPy's arrays. A problem's pieces are in `pieces`, by index.
    """

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self._read = {}
        try:
            with h5py.File(self.path, "r") as file:
                self.attributes = {name: _text(value) for name, value in file.attrs.items()}
                self._names = []
                file.visititems(self._note)
                for group in ("bradley_terry", "transitivity"):
                    if group in file:
                        for name, value in file[group].attrs.items():
                            self.attributes[f"{group}/{name}"] = _text(value)
        except OSError as error:
            raise Error(f"{self.path}: {error}") from error
        form = self.attributes.get("format")
        if form not in FORMATS:
            raise Error(f"{self.path}: is no file of kintsugi (its attribute 'format' is {form!r})")
        self.kind = FORMATS[form]

    def _note(self, name, item):
        if isinstance(item, h5py.Dataset) and not name.startswith("pieces/"):
            self._names.append(name)

    def __getitem__(self, name):
        name = name.strip("/")
        if name not in self._names:
            raise KeyError(f"{self.path}: has no {name!r}; it has {', '.join(self._names)}")
        if name not in self._read:
            with h5py.File(self.path, "r") as file:
                self._read[name] = self._convert(name, file[name])
        return self._read[name]

    def _convert(self, name, dataset):
        if self.kind == "checkpoint" and name == "trajectory":
            return _checkpoint_rows(dataset[()])
        if dataset.dtype.names is not None:
            return _table(dataset)
        if dataset.dtype.kind in "SO":
            return [_text(value) for value in dataset[()]]
        return dataset[()]

    def __iter__(self):
        return iter(self._names)

    def __len__(self):
        return len(self._names)

    def __repr__(self):
        return f"<kintsugi {self.kind} {str(self.path)!r}: {', '.join(self._names)}>"

    @property
    def pieces(self):
        """The pieces of a problem, a list of Piece by index."""
        if "pieces" not in self._read:
            with h5py.File(self.path, "r") as file:
                if "pieces" not in file:
                    raise Error(f"{self.path}: is a {self.kind}, which has no pieces")
                groups = file["pieces"]
                self._read["pieces"] = [
                    piece for index in sorted(groups, key=int) for piece in _pieces_of(int(index), groups[index])
                ]
        return self._read["pieces"]

    @property
    def shapes(self):
        """The pieces' shapes as a data frame: index, out, in, bias, source."""
        rows = [(p.index, *(*p.weight.shape, 1)[:2], p.bias is not None, p.source) for p in self.pieces]
        return pd.DataFrame(rows, columns=["index", "out", "in", "bias", "source"]).set_index("index")

    @property
    def rows(self):
        """The rows of a problem as a data frame: measurement_0, ..., pred (or pred_0, ...), and true where it has targets."""
        columns = {}
        for name, prefix in (("inputs", "measurement"), ("predictions", "pred"), ("targets", "true")):
            if f"data/{name}" not in self._names:
                continue
            values = self[f"data/{name}"]
            values = values.reshape(len(values), -1)
            for i in range(values.shape[1]):
                alone = values.shape[1] == 1 and name != "inputs"
                columns[prefix if alone else f"{prefix}_{i}"] = values[:, i]
        return pd.DataFrame(columns)

    def scores(self, name="dominance"):
        """A pair score of an analysis as a data frame: rows are expand pieces, columns compress pieces."""
        return pd.DataFrame(
            self[f"pairing/scores/{name}"],
            index=pd.Index(self["pairing/expand"], name="expand"),
            columns=pd.Index(self["pairing/compress"], name="compress"),
        )


def _checkpoint_rows(words):
    frame = pd.DataFrame(words, columns=CHECKPOINT_COLUMNS)
    for name in CHECKPOINT_REALS:
        frame[name] = np.ascontiguousarray(words[:, CHECKPOINT_COLUMNS.index(name)]).view(np.float64)
    frame["event"] = [chr(letter) for letter in frame["event"]]
    return frame


def read(path):
    """The File at `path`: a problem, solution, analysis or checkpoint. Raises Error where it is none of these."""
    return File(path)


def read_permutation(answer):
    """An answer as a list of piece indices: a File, the path of a solution.h5, or a sequence of numbers."""
    if isinstance(answer, (str, pathlib.Path)):
        answer = read(answer)
    if isinstance(answer, File):
        answer = answer["permutation"]
    return [int(index) for index in answer]


# ---- the network put together ----


_erf = np.vectorize(math.erf, otypes=[np.float64])

ACTIVATIONS = {
    "relu": lambda z: np.maximum(z, 0),
    "gelu": lambda z: 0.5 * z * (1 + _erf(z / np.sqrt(2))),
    "gelu_tanh": lambda z: 0.5 * z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3))),
    "silu": lambda z: z / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "leaky_relu": lambda z: np.where(z > 0, z, LEAKY_SLOPE * z),
    "identity": lambda z: z,
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
    "softplus": lambda z: np.logaddexp(0, z),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "relu6": lambda z: np.clip(z, 0, 6),
}


class Network:
    """A problem's pieces in the order of an answer: expand, compress, ..., head.

    `problem` is a File or a path, `answer` what read_permutation() takes. Raises Error where the answer is no permutation of
    the pieces, or their shapes do not fit.
    """

    def __init__(self, problem, answer):
        problem = problem if isinstance(problem, File) else read(problem)
        self.activation = problem.attributes.get("activation", "relu")
        permutation = read_permutation(answer)
        self.norm = problem.attributes.get("norm", "none")
        self.head_norm = problem.attributes.get("head_norm", "none")
        self.eps = problem.attributes.get("norm_eps", 0.0)
        pieces = {piece.index: piece for piece in problem.pieces if not piece.part}
        parts = {(piece.part, piece.of): piece for piece in problem.pieces if piece.part}
        if sorted(permutation) != sorted(pieces):
            raise Error(f"{problem.path}: the answer is no permutation of its {len(pieces)} pieces")
        layers = [pieces[index] for index in permutation]
        self.blocks = list(zip(layers[0:-1:2], layers[1:-1:2]))
        self.parts = [  # of each block: norm, gate, scale, each a Piece or None
            (parts.get(("norm", e.index)), parts.get(("gate", e.index)), parts.get(("scale", c.index)))
            for e, c in self.blocks
        ]
        self.head = layers[-1]
        self.head_part = parts.get(("head_norm", self.head.index))  # a Piece or None
        some = any(norm is not None for norm, _, _ in self.parts)
        self.norms = [  # of each block: layer, rms or none
            self.norm if norm is not None or not some else "none" for norm, _, _ in self.parts
        ]
        width = self.head.weight.shape[1]
        for place, (expand, compress) in enumerate(self.blocks):
            if expand.weight.shape[1] != width or compress.weight.shape != expand.weight.shape[::-1]:
                raise Error(f"block {place}: pieces {expand.index} and {compress.index} do not fit the width {width}")

    def states(self, inputs):
        """The state before each block and behind the last one, in float64: a list of arrays [rows, width]."""
        act = ACTIVATIONS[self.activation]
        states = [np.asarray(inputs, dtype=np.float64)]
        for (expand, compress), kind, (norm, gate, scale) in zip(self.blocks, self.norms, self.parts):
            x = self._normalised(states[-1], kind, norm)
            hidden = act(_apply(expand, x)) if gate is None else act(_apply(gate, x)) * _apply(expand, x)
            states.append(states[-1] + _apply(compress, hidden) * (1 if scale is None else scale.weight))
        return states

    def _normalised(self, x, kind, part):
        if kind == "layer":
            x = x - x.mean(axis=1, keepdims=True)
        if kind != "none":
            x = x / np.sqrt((x**2).mean(axis=1, keepdims=True) + self.eps)
        return x if part is None else x * part.weight + (0 if part.bias is None else part.bias)

    def predict(self, inputs):
        """The predictions for inputs [rows, width], in float64, [rows, outputs]."""
        return _apply(self.head, self._normalised(self.states(inputs)[-1], self.head_norm, self.head_part))

    def to_torch(self):
        """The network as a torch.nn.Sequential, in float32, with the names that `kintsugi export` gives: 0.inp.weight, ...

        Raises Error where PyTorch is not installed.
        """
        try:
            import torch
        except ImportError as error:
            raise Error("to_torch() needs PyTorch (Debian: python3-torch)") from error
        return _torch_module(torch, self)


def _apply(piece, x):
    y = x @ piece.weight.T.astype(np.float64)
    return y if piece.bias is None else y + piece.bias


def _torch_activation(torch, name):
    nn = torch.nn
    return {
        "relu": nn.ReLU,
        "gelu": nn.GELU,
        "gelu_tanh": lambda: nn.GELU(approximate="tanh"),
        "silu": nn.SiLU,
        "tanh": nn.Tanh,
        "leaky_relu": lambda: nn.LeakyReLU(LEAKY_SLOPE),
        "identity": nn.Identity,
        "elu": nn.ELU,
        "softplus": nn.Softplus,
        "sigmoid": nn.Sigmoid,
        "relu6": nn.ReLU6,
    }[name]()


def _torch_module(torch, network):
    nn = torch.nn

    def linear(piece):
        layer = nn.Linear(piece.weight.shape[1], piece.weight.shape[0], bias=piece.bias is not None)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(piece.weight.astype(np.float32)))
            if piece.bias is not None:
                layer.bias.copy_(torch.from_numpy(piece.bias.astype(np.float32)))
        return layer

    class Norm(nn.Module):
        """LayerNorm or RMSNorm, with a gain and a bias where `part` has them."""

        def __init__(self, kind, part):
            super().__init__()
            self.kind = kind
            for name in ("weight", "bias"):
                values = None if part is None else getattr(part, name)
                setattr(self, name, None if values is None else parameter(values))

        def forward(self, x):
            if self.kind == "layer":
                x = x - x.mean(-1, keepdim=True)
            x = x / torch.sqrt((x * x).mean(-1, keepdim=True) + network.eps)
            x = x if self.weight is None else x * self.weight
            return x if self.bias is None else x + self.bias

    def parameter(values):
        return nn.Parameter(torch.from_numpy(values.astype(np.float32)))

    class Block(nn.Module):
        def __init__(self, block, kind, parts):
            super().__init__()
            norm, gate, scale = parts
            self.norm = nn.Identity() if kind == "none" else Norm(kind, norm)
            if gate is not None:
                self.gate = linear(gate)
            self.inp, self.out = linear(block[0]), linear(block[1])
            self.activation = _torch_activation(torch, network.activation)
            if scale is not None:
                self.scale = parameter(scale.weight)

        def forward(self, x):
            n = self.norm(x)
            hidden = self.activation(self.gate(n)) * self.inp(n) if hasattr(self, "gate") else self.activation(self.inp(n))
            residual = self.out(hidden)
            return x + (residual * self.scale if hasattr(self, "scale") else residual)

    class LastLayer(nn.Module):
        def __init__(self, head):
            super().__init__()
            kind = network.head_norm
            self.norm = nn.Identity() if kind == "none" else Norm(kind, network.head_part)
            self.layer = linear(head)

        def forward(self, x):
            return self.layer(self.norm(x))

    return nn.Sequential(
        *[Block(*each) for each in zip(network.blocks, network.norms, network.parts)], LastLayer(network.head)
    )


# ---- figures ----

GOLD = "#b8862b"


def _plot_search(file, axes):
    """The best error over the evaluations, one line for each island; tried and dropped orders as dots."""
    table = file["trajectory"]
    for island, rows in table.groupby("island"):
        axes.step(rows["evaluations"], rows["best"], where="post", label=f"island {island}")
        axes.plot(rows["evaluations"], rows["mse"], ".", color="0.6", markersize=3, zorder=0)
    if "target" in file.attributes and np.isfinite(file.attributes["target"]):
        axes.axhline(file.attributes["target"], color="0.4", linestyle=":", label="what rounding explains")
    axes.set(yscale="log", xlabel="evaluations of the whole network", ylabel="mean squared error", title="Search")
    axes.legend(fontsize="small")


def _plot_starts(file, axes):
    """The error of each start, best first."""
    starts = file["starts"]
    names = starts["name"]
    if "direction" in starts:
        names = [f"{name} {direction}" for name, direction in zip(names, starts["direction"])]
    axes.barh(range(len(starts)), starts["mse"], height=0.7, color=GOLD)
    axes.set_ylim(-0.5, max(len(starts), 5) - 0.5)
    axes.set_yticks(range(len(starts)), names, fontsize="small")
    axes.invert_yaxis()
    axes.set(xscale="log", xlabel="mean squared error", title="Starts")


def _plot_network(file, axes):
    """The blocks in their order as shards; the seam between two is the wider and more golden, the surer their order is."""
    margins = file["margins"]
    expand = list(file["permutation"][0:-1:2])
    per_row = 12
    sure = margins["z"].clip(0, 6) / 6
    for place, piece in enumerate(expand):
        x, y = place % per_row, -(place // per_row)
        axes.add_patch(_shard((x + 0.08, y), 0.84, 0.7))
        axes.text(x + 0.5, y + 0.35, str(piece), ha="center", va="center", fontsize="x-small")
        if place + 1 < len(expand) and not margins["interchangeable"].iloc[place]:
            axes.plot([x + 1, x + 1], [y, y + 0.7], color=GOLD, linewidth=1 + 4 * sure.iloc[place])
    axes.set(xlim=(0, per_row), ylim=(-((len(expand) - 1) // per_row) - 0.2, 0.9), title="The network, by expand pieces")
    axes.set_axis_off()


def _shard(corner, width, height):
    from matplotlib.patches import Rectangle

    return Rectangle(corner, width, height, facecolor="0.93", edgecolor="0.6")


def _plot_margins(file, axes):
    """How sure the order of each two neighbours is: standard errors by which a swap raises the error."""
    margins = file["margins"]
    colours = np.where(margins["interchangeable"], "0.7", GOLD)
    axes.bar(margins["position"] + 0.5, margins["z"].clip(lower=0), width=0.8, color=colours)
    axes.set(xlabel="between positions", ylabel="standard errors", title="Neighbours, and how sure their order is (grey: open)")


def _plot_pairs(file, axes):
    """The score of each chosen pair beside that of the best rival."""
    pairs = file["pair_scores"].sort_values("score", ascending=False).reset_index(drop=True)
    axes.plot(pairs.index, pairs["score"], "o", color=GOLD, label="chosen")
    axes.plot(pairs.index, pairs["runner_up_score"], "x", color="0.5", label="best rival")
    axes.set(xlabel="pairs, by their score", ylabel="score", title="Pairs")
    axes.legend(fontsize="small")


def _plot_scores(file, axes):
    """All pairs by the analysis's pair score; columns in the order in which they were chosen, so that pairs are the diagonal."""
    name = file.attributes.get("pair_score", "dominance")
    if f"pairing/scores/{name}" not in file:
        name = "dominance"
    columns = [file["pairing/compress"][column] for column in file["pairing/chosen"]]
    scores = file.scores(name)[columns]
    image = axes.imshow(scores, aspect="auto", cmap="cividis")
    axes.figure.colorbar(image, ax=axes)
    axes.set(xlabel="compress pieces, by their partner", ylabel="expand pieces", title=f"Pair score {name}")


def _plot_gains(file, axes):
    """What swapping any two positions of the start does to the error."""
    gains = file["bradley_terry/gains"]
    gains = gains + gains.T
    limit = np.abs(gains).max() or 1
    image = axes.imshow(gains, cmap="PuOr", vmin=-limit, vmax=limit)
    axes.figure.colorbar(image, ax=axes)
    axes.set(xlabel="position", ylabel="position", title="Rise of the error by swaps")


def _plot_repair(file, axes):
    """Bubble repair from each start: the error over the swaps."""
    for start, rows in file["repair"].groupby("start", sort=False):
        axes.plot(rows["cumulative"], rows["mse"], ".-", label=start)
    axes.set(yscale="log", xlabel="swaps", ylabel="mean squared error", title="Bubble repair")
    axes.legend(fontsize="x-small")


def _plot_searches(file, axes):
    """Every search that the analysis tried: evaluations and the error it came to; hollow where unsolved."""
    searches = file["searches"]
    solved = searches["solved"].astype(bool)
    axes.plot(searches["evaluations"][solved], searches["mse"][solved], "o", color=GOLD, label="solved")
    axes.plot(searches["evaluations"][~solved], searches["mse"][~solved], "o", color="0.5", fillstyle="none", label="not")
    axes.set(xscale="log", yscale="log", xlabel="evaluations", ylabel="mean squared error", title="Searches")
    axes.legend(fontsize="small")


# Name of a figure: what it is drawn from, and how.
FIGURES = {
    "network": ("margins", _plot_network),
    "search": ("trajectory", _plot_search),
    "starts": ("starts", _plot_starts),
    "margins": ("margins", _plot_margins),
    "pairs": ("pair_scores", _plot_pairs),
    "scores": ("pairing/chosen", _plot_scores),
    "gains": ("bradley_terry/gains", _plot_gains),
    "repair": ("repair", _plot_repair),
    "searches": ("searches", _plot_searches),
}


def plot(file, figure=None, axes=None):
    """Draws one figure of a solution, analysis or checkpoint, or without `figure` all that it has, and returns Matplotlib's.

    `figure` is one of network, search, starts, margins, pairs (solution), scores, gains, repair, searches (analysis); with it, `axes`
    may say where to draw. Raises Error where the file does not have what the figure shows.
    """
    from matplotlib import pyplot

    file = file if isinstance(file, File) else read(file)
    there = [name for name, (source, _) in FIGURES.items() if source in file and len(file[source]) > 0]
    if figure is not None and figure not in there:
        raise Error(f"{file.path}: has no figure {figure!r}; it has {', '.join(there) or 'none'}")
    if not there:
        raise Error(f"{file.path}: a {file.kind} has nothing to draw")
    if figure is not None:
        if axes is None:
            axes = pyplot.figure(layout="constrained").subplots()
        FIGURES[figure][1](file, axes)
        return axes.figure
    canvas = pyplot.figure(figsize=(11, 4 * ((len(there) + 1) // 2)), layout="constrained")
    places = np.atleast_1d(canvas.subplots((len(there) + 1) // 2, 2)).ravel()
    for name, place in zip(there, places):
        FIGURES[name][1](file, place)
    for place in places[len(there):]:
        place.set_axis_off()
    return canvas
