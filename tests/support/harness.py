"""What the tests that run the program from outside share: starting it, and small problems to give it.

A test script is started as `script.py PROGRAM`. It runs PROGRAM in a scratch folder of its own with no KINTSUGI_
variables but those that a test sets.
"""

import io
import os
import pathlib
import pickle
import struct
import subprocess
import sys
import tempfile
import types
import unittest
import zipfile

import h5py
import numpy

PROGRAM = None  # set by main()
ROOT = pathlib.Path(__file__).resolve().parents[2]
MPIRUN = ROOT / "tests/support/mpirun.sh"

SUCCESS, USAGE, BAD_INPUT, NOT_SOLVED, STOPPED, INTERNAL = range(6)


def main():
    """Takes the program's path from the command line and runs the script's tests."""
    global PROGRAM
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)


def clean_environment(**variables):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KINTSUGI_")}
    environment.update(variables)
    return environment


def text(value):
    """A text of an HDF5 file as h5py gives it: those of fixed length are bytes."""
    return value.decode() if isinstance(value, bytes) else value


def shared_folder():
    """The folder with data that is not part of the project; it need not exist."""
    return pathlib.Path(os.environ.get("KINTSUGI_SHARED", ROOT.parent / "shared"))


class ProgramTest(unittest.TestCase):
    """Runs the program in an empty scratch folder, `self.folder`, one for each test."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="kintsugi-test-")
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def run_program(self, *arguments, code=SUCCESS, np=None, prefix=(), variables=None, **options):
        """Runs `PROGRAM arguments` (under mpirun with `np` ranks), asserts its exit code (None: any), returns what it wrote."""
        command = [*prefix, PROGRAM, *map(str, arguments)]
        if np is not None:
            command = [str(MPIRUN), str(np), *command]
        options.setdefault("timeout", 300)
        # mpirun gives up a little earlier, so that it can end its ranks.
        environment = clean_environment(**{"MPIEXEC_TIMEOUT": str(options["timeout"] - 10), **(variables or {})})
        result = subprocess.run(command, cwd=self.folder, env=environment,
                                stdin=subprocess.DEVNULL, stdout=options.pop("stdout", subprocess.PIPE),
                                stderr=subprocess.PIPE, text=True, **options)
        if code is not None:
            self.assertEqual(result.returncode, code, f"{' '.join(command)}\n{result.stdout}\n{result.stderr}")
        return result

    def assert_error(self, code, *arguments, says, **options):
        """The program fails with `code`, says each of `says` in one line on stderr, and writes nothing on stdout."""
        result = self.run_program(*arguments, code=code, **options)
        lines = [line for line in result.stderr.splitlines() if line.startswith("kintsugi: error: ")]
        self.assertEqual(len(lines), 1, result.stderr)
        for words in [says] if isinstance(says, str) else says:
            self.assertIn(words, lines[0])
        self.assertEqual(result.stdout, "")
        return result


class Planted:
    """A small shuffled network whose answer is known: a clear pairing signal, norms of W_out that grow with depth."""

    def __init__(self, blocks=6, width=8, hidden=None, rows=600, outputs=1, seed=1):
        random = numpy.random.default_rng(seed)
        hidden = hidden or 2 * width
        self.activation = "relu"
        self.inputs = random.normal(size=(rows, width)).astype(numpy.float32)
        layers = []
        for t in range(blocks):
            expand = random.normal(size=(hidden, width)) / numpy.sqrt(width)
            compress = random.normal(size=(width, hidden)) / numpy.sqrt(hidden) - expand.T
            compress *= 0.25 * (1 + 2 * t / blocks) / numpy.sqrt(blocks)
            layers.append((expand, random.normal(size=hidden) * 0.1))
            layers.append((compress, random.normal(size=width) * 0.01))
        layers.append((random.normal(size=(outputs, width)) / numpy.sqrt(width), random.normal(size=outputs)))
        layers = [(w.astype(numpy.float32), b.astype(numpy.float32)) for w, b in layers]
        self.predictions = self.evaluate(layers).astype(numpy.float32)
        self.targets = None
        # Layer t of the network becomes piece answer[t].
        self.answer = [int(piece) for piece in random.permutation(len(layers))]
        self.pieces = [None] * len(layers)
        for t, piece in enumerate(self.answer):
            self.pieces[piece] = layers[t]

    def evaluate(self, layers):
        state = self.inputs.astype(numpy.float64)
        for t in range(0, len(layers) - 1, 2):
            (expand, expand_bias), (compress, compress_bias) = layers[t], layers[t + 1]
            state = state + numpy.maximum(state @ expand.T + expand_bias, 0) @ compress.T + compress_bias
        return state @ layers[-1][0].T + layers[-1][1]

    def error_of(self, permutation):
        """MSE of a permutation, in float64."""
        return float(numpy.mean((self.evaluate([self.pieces[piece] for piece in permutation]) - self.predictions) ** 2))

    def answer_text(self):
        return ",".join(map(str, self.answer))

    def write(self, path):
        """The problem file, as an HDF5 user would write it by hand."""
        with h5py.File(path, "w") as file:
            file.attrs["format"] = "kintsugi-problem"
            file.attrs["format_version"] = 1
            file.attrs["activation"] = self.activation
            for index, (weight, bias) in enumerate(self.pieces):
                file[f"pieces/{index}/weight"] = weight
                file[f"pieces/{index}/bias"] = bias
            file["data/inputs"] = self.inputs
            file["data/predictions"] = self.predictions
            if self.targets is not None:
                file["data/targets"] = self.targets
        return path

    def write_pieces(self, folder):
        """A folder of PyTorch files."""
        folder.mkdir()
        for index, (weight, bias) in enumerate(self.pieces):
            write_pth(folder / f"piece_{index}.pth", {"weight": weight, "bias": bias})
        return folder

    def write_csv(self, path):
        """The table of data, with as many digits as a float32 needs."""
        width, outputs = self.inputs.shape[1], self.predictions.shape[1]
        names = [f"measurement_{i}" for i in range(width)]
        names += ["pred"] if outputs == 1 else [f"pred_{i}" for i in range(outputs)]
        lines = [",".join(names)]
        for values in numpy.hstack([self.inputs, self.predictions]):
            lines.append(",".join(f"{value:.9g}" for value in values))
        path.write_text("\n".join(lines) + "\n")
        return path


def write_pth(path, tensors):
    """A state_dict of float32 tensors as torch.save writes it: a zip file of a pickle and one file per storage."""
    modules = {name: types.ModuleType(name) for name in ("torch", "torch._utils")}
    storage_type = type("FloatStorage", (), {"__module__": "torch"})

    def _rebuild_tensor_v2(*_):
        raise AssertionError("only its name is pickled")

    _rebuild_tensor_v2.__module__ = "torch._utils"
    _rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
    modules["torch"].FloatStorage = storage_type
    modules["torch._utils"]._rebuild_tensor_v2 = _rebuild_tensor_v2

    class Storage:
        def __init__(self, key, count):
            self.persistent_id = ("storage", storage_type, key, "cpu", count)

    class Tensor:
        def __init__(self, storage, shape):
            strides = tuple(int(numpy.prod(shape[i + 1:])) for i in range(len(shape)))
            self.arguments = (storage, 0, shape, strides, False, {})

        def __reduce__(self):
            return _rebuild_tensor_v2, self.arguments

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            return value.persistent_id if isinstance(value, Storage) else None

    buffer = io.BytesIO()
    state = {name: Tensor(Storage(str(key), values.size), values.shape)
             for key, (name, values) in enumerate(tensors.items())}
    saved = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(modules)
    try:
        Pickler(buffer, protocol=2).dump(state)
    finally:
        for name, module in saved.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", buffer.getvalue())
        archive.writestr("archive/byteorder", "little")
        for key, values in enumerate(tensors.values()):
            archive.writestr(f"archive/data/{key}", struct.pack(f"<{values.size}f", *values.ravel()))
        archive.writestr("archive/version", "3\n")
