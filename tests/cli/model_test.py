"""export, and import of files with many layers: PyTorch and NumPy on the other side."""

import json
import pathlib
import struct
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import h5py
import numpy

from harness import BAD_INPUT, USAGE, Planted, ProgramTest, main, text, shared_folder, write_pth

try:
    import torch
except ImportError:
    torch = None

needs_torch = unittest.skipIf(torch is None, "SKIPPED: no python3-torch (jobs/install-dependencies.sh --tests)")


def read_safetensors(path):
    """The tensors of a .safetensors file by the format's description, in the header's order."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    header.pop("__metadata__")
    types = {"F32": "<f4", "F64": "<f8"}
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        data = content[8 + length + begin : 8 + length + end]
        tensors[name] = numpy.frombuffer(data, types[entry["dtype"]]).reshape(entry["shape"])
    return tensors


def write_safetensors(path, tensors):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, values in tensors.items():
        header[name] = {"dtype": "F32", "shape": values.shape, "data_offsets": [len(data), len(data) + values.nbytes]}
        data += values.tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


if torch is not None:

    class Block(torch.nn.Module):
        """The puzzle's own classes."""

        def __init__(self, width, hidden):
            super().__init__()
            self.inp = torch.nn.Linear(width, hidden)
            self.activation = torch.nn.ReLU()
            self.out = torch.nn.Linear(hidden, width)

        def forward(self, x):
            return x + self.out(self.activation(self.inp(x)))

    class LastLayer(torch.nn.Module):
        def __init__(self, width, outputs):
            super().__init__()
            self.layer = torch.nn.Linear(width, outputs)

        def forward(self, x):
            return self.layer(x)

    def model_of(blocks, width, hidden, outputs):
        return torch.nn.Sequential(*(Block(width, hidden) for _ in range(blocks)), LastLayer(width, outputs))


class ExportTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.planted = Planted(outputs=2)
        self.planted.write(self.folder / "p.h5")
        (self.folder / "answer.txt").write_text(self.planted.answer_text())

    def test_names_and_numbers(self):
        result = self.run_program("export", "p.h5", "answer.txt", "-o", "m.safetensors")
        self.assertEqual(result.stdout, "")
        self.assertIn("m.safetensors: 6 blocks", result.stderr)
        tensors = read_safetensors(self.folder / "m.safetensors")
        layers = [f"{t}.{part}" for t in range(6) for part in ("inp", "out")] + ["6.layer"]
        self.assertEqual(list(tensors), [f"{layer}.{part}" for layer in layers for part in ("weight", "bias")])
        for layer, piece in zip(layers, self.planted.answer):
            for part, values in zip(("weight", "bias"), self.planted.pieces[piece]):
                self.assertEqual(tensors[f"{layer}.{part}"].dtype, numpy.float32)
                numpy.testing.assert_array_equal(tensors[f"{layer}.{part}"], values)

    def test_quiet(self):
        result = self.run_program("export", "p.h5", "answer.txt", "-o", "m.pth", "--quiet")
        self.assertEqual((result.stdout, result.stderr), ("", ""))

    def test_what_is_exported_is_imported(self):
        """The pieces come in the network's order then, so that 0, 1, 2, ... is the answer."""
        self.planted.write_csv(self.folder / "data.csv")
        for name in ("m.safetensors", "m.pth"):
            self.run_program("export", "p.h5", "answer.txt", "-o", name)
            self.run_program("import", name, "data.csv", "-o", "again.h5")
            (self.folder / "same.txt").write_text(",".join(map(str, range(13))))
            self.run_program("verify", "again.h5", "same.txt")

    def test_bad_calls(self):
        self.assert_error(USAGE, "export", "p.h5", "answer.txt", "-o", "m.onnx", says=["m.onnx", ".safetensors"])
        self.assert_error(USAGE, "export", "p.h5", "answer.txt", "-o", "no/m.pth", says="no folder")
        self.assert_error(USAGE, "export", "p.h5", "answer.txt", says="output")
        (self.folder / "short.txt").write_text("1,2,3")
        self.assert_error(BAD_INPUT, "export", "p.h5", "short.txt", "-o", "m.pth", says=["short.txt", "3 pieces"])
        turned = self.planted.answer[1:] + self.planted.answer[:1]
        (self.folder / "turned.txt").write_text(",".join(map(str, turned)))
        self.assert_error(BAD_INPUT, "export", "p.h5", "turned.txt", "-o", "m.pth", says=["turned.txt", "block"])
        self.assertEqual(list(self.folder.glob("m.*")), [])


@needs_torch
class TorchTest(ProgramTest):
    def states(self, answer, problem="p.h5"):
        """The state dicts of both exported files, as PyTorch's own tensors."""
        for name in ("m.safetensors", "m.pth"):
            self.run_program("export", problem, answer, "-o", name)
        loaded = torch.load(self.folder / "m.pth", weights_only=True)
        plain = read_safetensors(self.folder / "m.safetensors")
        return {"m.pth": loaded, "m.safetensors": {n: torch.from_numpy(v.copy()) for n, v in plain.items()}}

    def predict(self, model, state, inputs):
        model.load_state_dict(state)  # strict: every name and shape must be the model's
        with torch.no_grad():
            return model.double()(torch.from_numpy(inputs.astype(numpy.float64))).numpy()

    def test_predictions_are_reproduced(self):
        planted = Planted(outputs=2)
        planted.write(self.folder / "p.h5")
        (self.folder / "answer.txt").write_text(planted.answer_text())
        for name, state in self.states("answer.txt").items():
            with self.subTest(name):
                predictions = self.predict(model_of(6, 8, 16, 2), state, planted.inputs)
                numpy.testing.assert_allclose(predictions, planted.predictions, rtol=0, atol=1e-5)
                self.assertGreater(numpy.var(predictions), 0.1)

    def test_float64_stays_float64(self):
        planted = Planted()
        planted.pieces = [(w.astype(numpy.float64) + 1e-12, b.astype(numpy.float64)) for w, b in planted.pieces]
        planted.write(self.folder / "p.h5")
        (self.folder / "answer.txt").write_text(planted.answer_text())
        for name, state in self.states("answer.txt").items():
            with self.subTest(name):
                self.assertTrue(all(tensor.dtype == torch.float64 for tensor in state.values()))
                numpy.testing.assert_array_equal(state["6.layer.weight"], planted.pieces[planted.answer[-1]][0])

    def test_real_puzzle(self):
        puzzle = shared_folder() / "puzzle"
        if not (puzzle / "pieces").is_dir():
            self.skipTest(f"SKIPPED: no {puzzle}")
        self.run_program("import", puzzle / "pieces", puzzle / "historical_data.csv", "-o", "p.h5")
        text = self.run_program("solve", "p.h5", np=2).stdout
        (self.folder / "answer.txt").write_text(text)
        with h5py.File(self.folder / "p.h5") as file:
            inputs, predictions = file["data/inputs"][:], file["data/predictions"][:]
        for name, state in self.states("answer.txt").items():
            with self.subTest(name):
                errors = self.predict(model_of(48, 48, 96, 1), state, inputs) - predictions
                self.assertLess(numpy.mean(errors**2), 1e-13)

    def test_import_of_a_whole_model(self):
        """torch.save of a model's state_dict, parameters shared storage and all."""
        torch.manual_seed(1)
        model = model_of(3, 8, 16, 1)
        inputs = torch.randn(500, 8)
        torch.save(model.state_dict(), self.folder / "model.pth")
        columns = [f"measurement_{i}" for i in range(8)] + ["pred"]
        with torch.no_grad():
            table = torch.hstack([inputs, model(inputs)]).numpy()
        lines = [",".join(columns)] + [",".join(f"{value:.9g}" for value in row) for row in table]
        (self.folder / "data.csv").write_text("\n".join(lines))
        self.run_program("import", "model.pth", "data.csv", "-o", "p.h5")
        (self.folder / "answer.txt").write_text("0,1,2,3,4,5,6")
        self.run_program("verify", "p.h5", "answer.txt")
        with h5py.File(self.folder / "p.h5") as file:
            self.assertEqual(text(file["pieces/2"].attrs["source"]), "model.pth: 1.inp")


class ImportTest(ProgramTest):
    """One file instead of a folder gives the same problem."""

    def setUp(self):
        super().setUp()
        self.planted = Planted(outputs=2)
        self.planted.write_csv(self.folder / "data.csv")
        self.tensors = {}
        for index, (weight, bias) in enumerate(self.planted.pieces):
            self.tensors[f"piece_{index}.weight"] = weight
            self.tensors[f"piece_{index}.bias"] = bias

    def assert_imported(self, name):
        self.run_program("import", name, "data.csv", "-o", "p.h5")
        with h5py.File(self.folder / "p.h5") as file:
            for index, (weight, bias) in enumerate(self.planted.pieces):
                numpy.testing.assert_array_equal(file[f"pieces/{index}/weight"][:], weight)
                numpy.testing.assert_array_equal(file[f"pieces/{index}/bias"][:], bias)
            self.assertEqual(text(file["pieces/3"].attrs["source"]), f"{name}: piece_3")

    def test_npz(self):
        numpy.savez(self.folder / "m.npz", **self.tensors)
        self.assert_imported("m.npz")
        numpy.savez_compressed(self.folder / "c.npz", **self.tensors)
        self.assert_imported("c.npz")
        fortran = {name: numpy.asfortranarray(values) for name, values in self.tensors.items()}
        numpy.savez(self.folder / "f.npz", **fortran)
        self.assert_imported("f.npz")
        numpy.savez(self.folder / "objects.npz", **{"a.weight": numpy.array([[{}]])})
        self.assert_error(BAD_INPUT, "import", "objects.npz", "data.csv", "-o", "q.h5",
                          says=["objects.npz", "'a.weight'", "|O"])

    def test_safetensors(self):
        write_safetensors(self.folder / "m.safetensors", self.tensors)
        self.assert_imported("m.safetensors")
        content = (self.folder / "m.safetensors").read_bytes()
        (self.folder / "cut.safetensors").write_bytes(content[:-1])
        self.assert_error(BAD_INPUT, "import", "cut.safetensors", "data.csv", "-o", "q.h5", says="cut.safetensors")

    def test_pth(self):
        write_pth(self.folder / "m.pth", self.tensors)
        self.assert_imported("m.pth")

    def test_order_of_the_names_does_not_matter(self):
        shuffled = list(self.tensors.items())
        numpy.random.default_rng(5).shuffle(shuffled)
        write_safetensors(self.folder / "m.safetensors", dict(shuffled))
        self.assert_imported("m.safetensors")

    def test_a_missing_layer(self):
        del self.tensors["piece_3.weight"], self.tensors["piece_3.bias"]
        numpy.savez(self.folder / "m.npz", **self.tensors)
        self.assert_error(BAD_INPUT, "import", "m.npz", "data.csv", "-o", "p.h5", says="piece")
        self.assertFalse((self.folder / "p.h5").exists())


if __name__ == "__main__":
    main()
