"""import: the kinds of model files that people have, each read as what it is or refused by name."""

import io
import json
import pathlib
import pickle
import struct
import sys
import unittest
import zipfile
import zlib
from collections import OrderedDict

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import numpy

from harness import BAD_INPUT, Planted, ProgramTest, main, write_pth

try:
    import torch
    from torch.nn.utils import prune
except ImportError:
    torch = None

needs_torch = unittest.skipIf(torch is None, "SKIPPED: no python3-torch (jobs/install-dependencies.sh --tests)")

FLOATS = {"<f4": "F32", "<f8": "F64", "<f2": "F16"}


def read_zip(path):
    with zipfile.ZipFile(path) as archive:
        return [(info.filename, archive.read(info)) for info in archive.infolist()]


def write_zip(path, entries, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in entries:
            archive.writestr(zipfile.ZipInfo(name), content, compression)


def without_checksums(path):
    """A CRC-32 of 0 in every header."""
    data = bytearray(path.read_bytes())
    for signature, at_crc in ((b"PK\x03\x04", 14), (b"PK\x01\x02", 16), (b"PK\x07\x08", 4)):
        at = -1
        while (at := data.find(signature, at + 1)) >= 0:
            data[at + at_crc:at + at_crc + 4] = bytes(4)
    path.write_bytes(bytes(data))


def npy(values, dtype=None, shape=None):
    text = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (dtype or values.dtype.str, shape or values.shape)
    text += " " * (-(10 + len(text) + 1) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + values.tobytes()


def bfloat16(values):
    return (numpy.ascontiguousarray(values, "<f4").view("<u4") >> 16).astype("<u2")


def safetensors(tensors, metadata=None, dtypes=None):
    header, data = {} if metadata is None else {"__metadata__": metadata}, b""
    for name, values in tensors.items():
        content = numpy.ascontiguousarray(values).tobytes()
        dtype = (dtypes or {}).get(name) or {"int64": "I64", "uint8": "U8", "float32": "F32"}[str(values.dtype)]
        header[name] = {"dtype": dtype, "shape": values.shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


class KindsTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.use(Planted(blocks=3, rows=200))

    def use(self, planted):
        self.planted = planted
        planted.write_csv(self.folder / "data.csv")
        (self.folder / "answer.txt").write_text(planted.answer_text())
        (self.folder / "in-order.txt").write_text(",".join(map(str, range(len(planted.pieces)))))
        self.tensors = OrderedDict()
        for index, (weight, bias) in enumerate(planted.pieces):
            self.tensors[f"piece_{index}.weight"] = weight
            self.tensors[f"piece_{index}.bias"] = bias

    def rounded(self, keep):
        """The network with every number put through `keep`, and its predictions."""
        planted = Planted(blocks=3, rows=200)
        planted.pieces = [(keep(weight), keep(bias)) for weight, bias in planted.pieces]
        layers = [planted.pieces[piece] for piece in planted.answer]
        planted.predictions = planted.evaluate(layers).astype(numpy.float32)
        self.use(planted)

    def layers(self):
        """The pieces in the network's order."""
        return [self.planted.pieces[piece] for piece in self.planted.answer]

    def pieces_folder(self, write, ending):
        folder = self.folder / "pieces"
        folder.mkdir(exist_ok=True)
        for index, (weight, bias) in enumerate(self.planted.pieces):
            write(folder / f"piece_{index}{ending}", {"weight": weight, "bias": bias})
        return folder

    def assert_read(self, name, answer="answer.txt"):
        result = self.run_program("import", name, "data.csv", "-o", "p.h5")
        self.run_program("verify", "p.h5", answer)
        (self.folder / "p.h5").unlink()
        return result.stderr

    def assert_named(self, name, *words):
        self.assert_error(BAD_INPUT, "import", name, "data.csv", "-o", "p.h5", says=words)
        self.assertFalse((self.folder / "p.h5").exists())


class ArchiveTest(KindsTest):
    """How a .pth or .npz may be packed."""

    def setUp(self):
        super().setUp()
        write_pth(self.folder / "m.pth", self.tensors)

    def test_compressed(self):
        for name, method in (("deflated", zipfile.ZIP_DEFLATED), ("bzip2", zipfile.ZIP_BZIP2)):
            with self.subTest(name):
                write_zip(self.folder / "c.pth", read_zip(self.folder / "m.pth"), method)
                self.assert_read("c.pth")

    def test_without_checksums(self):
        for name, method in (("stored", zipfile.ZIP_STORED), ("deflated", zipfile.ZIP_DEFLATED)):
            with self.subTest(name):
                write_zip(self.folder / "c.pth", read_zip(self.folder / "m.pth"), method)
                without_checksums(self.folder / "c.pth")
                self.assert_read("c.pth")

    def test_a_wrong_checksum_is_noticed(self):
        content = (self.folder / "m.pth").read_bytes()
        weight = self.planted.pieces[0][0].tobytes()
        at = content.index(weight)
        (self.folder / "bad.pth").write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1:])
        self.assert_named("bad.pth", "bad.pth", "is damaged")

    def test_packed_by_hand(self):
        """Without the folder, with folders' own entries, with what macOS puts in."""
        entries = read_zip(self.folder / "m.pth")
        write_zip(self.folder / "flat.pth", [(name.split("/", 1)[1], content) for name, content in entries])
        self.assert_read("flat.pth")
        extra = [("archive/", b""), ("archive/data/", b""), ("__MACOSX/archive/._data.pkl", b"\0\5\x16\7"),
                 ("archive/._data.pkl", b"\0\5\x16\7"), ("__MACOSX/archive/data.pkl", b"x")]
        write_zip(self.folder / "mac.pth", extra + entries)
        self.assert_read("mac.pth")

    def test_zip64(self):
        with zipfile.ZipFile(self.folder / "z.pth", "w") as archive:
            for name, content in read_zip(self.folder / "m.pth"):
                with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as entry:
                    entry.write(content)
        self.assert_read("z.pth")

    def test_big_endian(self):
        entries = []
        for name, content in read_zip(self.folder / "m.pth"):
            if "/data/" in name:
                content = numpy.frombuffer(content, "<f4").astype(">f4").tobytes()
            entries.append((name, b"big" if name.endswith("byteorder") else content))
        write_zip(self.folder / "big.pth", entries)
        self.assert_read("big.pth")

    def test_npz_packed_in_other_ways(self):
        arrays = [(f"{name}.npy", npy(values)) for name, values in self.tensors.items()]
        write_zip(self.folder / "mac.npz", [("__MACOSX/._piece_0.weight.npy", b"x"), (".DS_Store", b"x")] + arrays)
        self.assert_read("mac.npz")
        write_zip(self.folder / "c.npz", arrays, zipfile.ZIP_DEFLATED)
        without_checksums(self.folder / "c.npz")
        self.assert_read("c.npz")


class NumpyTest(KindsTest):
    def test_byte_orders_and_types(self):
        for dtype in (">f4", ">f8", "<f8"):
            with self.subTest(dtype):
                numpy.savez(self.folder / "m.npz", **{name: values.astype(dtype) for name, values in self.tensors.items()})
                self.assert_read("m.npz")
        self.rounded(lambda values: values.astype(">f2"))
        numpy.savez(self.folder / "half.npz", **self.tensors)
        self.assert_read("half.npz")

    def test_python_2(self):
        entries = []
        for name, values in self.tensors.items():
            shape = "(" + ", ".join(f"{size}L" for size in values.shape) + (",)" if values.ndim == 1 else ")")
            entries.append((name + ".npy", npy(values, shape=shape)))
        write_zip(self.folder / "m.npz", entries)
        self.assert_read("m.npz")

    def test_bfloat16(self):
        self.rounded(lambda values: (values.view("u4") & 0xFFFF0000).view("f4"))
        for order in "<>":
            entries = [(name + ".npy", npy(bfloat16(values).astype(order + "u2"), dtype=order + "V2"))
                       for name, values in self.tensors.items()]
            write_zip(self.folder / "m.npz", entries)
            self.assert_read("m.npz")
        write_zip(self.folder / "void.npz", [("0.weight.npy", npy(bfloat16(self.planted.pieces[0][0]), dtype="|V2"))])
        self.assert_named("void.npz", "0.weight", "bfloat16")
        write_zip(self.folder / "byte.npz", [("0.weight.npy", npy(numpy.zeros((2, 3), "u1"), dtype="|V1"))])
        self.assert_named("byte.npz", "0.weight", "float8")

    def test_counters_and_other_arrays(self):
        numpy.savez(self.folder / "m.npz", **self.tensors, step=numpy.int64(7))
        self.assertIn("left out 'step'", self.assert_read("m.npz"))
        numpy.savez(self.folder / "names.npz", **self.tensors, names=numpy.array(["a", "b"]))
        self.assert_named("names.npz", "'names'", "'<U1'")
        numpy.savez(self.folder / "objects.npz", **self.tensors, more=numpy.array([{}]))
        self.assert_named("objects.npz", "'more'", "never unpickled")

    def test_folders(self):
        self.pieces_folder(lambda path, state: numpy.savez(path, **state), ".npz")
        (self.folder / "pieces/._piece_0.npz").write_bytes(b"\0\5\x16\7")
        self.assert_read("pieces")
        arrays = self.folder / "arrays"
        arrays.mkdir()
        for name, values in self.tensors.items():
            numpy.save(arrays / f"{name}.npy", values)
        self.assert_read("arrays")
        for file in arrays.iterdir():
            file.rename(arrays / file.name.replace(".weight", "_weight").replace(".bias", "_bias"))
        self.assert_read("arrays")

    def test_one_array_and_positions(self):
        numpy.save(self.folder / "w.npy", self.planted.pieces[0][0])
        self.assert_named("w.npy", "'w' [", "linear layers")
        numpy.savez(self.folder / "m.npz", *self.tensors.values())
        self.assert_named("m.npz", "'arr_0'", "weight")


class SafetensorsTest(KindsTest):
    def test_types(self):
        self.rounded(lambda values: (values.view("u4") & 0xFFFF0000).view("f4"))
        content = {name: bfloat16(values) for name, values in self.tensors.items()}
        (self.folder / "m.safetensors").write_bytes(safetensors(content, dtypes=dict.fromkeys(content, "BF16")))
        self.assert_read("m.safetensors")

    def test_float8(self):
        """Numbers that a float8_e4m3fn has: sign, four bits of exponent from 2^-7, three of fraction."""
        codes = {}

        def keep(values):
            exponent = numpy.clip(numpy.floor(numpy.log2(numpy.abs(values) + 1e-9)), -6, 8)
            fraction = numpy.clip(numpy.round(numpy.abs(values) / 2.0**exponent * 8), 8, 15)
            bits = ((values < 0) * 128 + (exponent + 7) * 8 + fraction - 8).astype("u1")
            kept = (numpy.sign(values) * fraction / 8 * 2.0**exponent).astype("f4")
            codes[kept.tobytes()] = bits
            return kept

        self.rounded(keep)
        content = {name: codes[values.tobytes()] for name, values in self.tensors.items()}
        kinds = dict.fromkeys(content, "F8_E4M3")
        (self.folder / "m.safetensors").write_bytes(safetensors(content, dtypes=kinds))
        self.assert_read("m.safetensors")
        content["piece_0.weight_scale"] = numpy.float32(0.5)
        (self.folder / "scaled.safetensors").write_bytes(safetensors(content, dtypes=kinds))
        self.assert_named("scaled.safetensors", "'piece_0.weight_scale'")

    def test_integers_and_unknown_types(self):
        (self.folder / "m.safetensors").write_bytes(safetensors({**self.tensors, "step": numpy.array(3)}))
        self.assertIn("left out 'step'", self.assert_read("m.safetensors"))
        self.tensors["piece_0.weight"] = self.tensors["piece_0.weight"].astype("u1")
        (self.folder / "int.safetensors").write_bytes(safetensors(self.tensors))
        self.assert_named("int.safetensors", "'piece_0.weight'", "uint8")
        kinds = {"piece_0.weight": "F6_E2M3"}
        (self.folder / "f6.safetensors").write_bytes(safetensors(self.tensors, dtypes=kinds))
        self.assert_named("f6.safetensors", "'piece_0.weight'", "F6_E2M3")

    def test_shared_tensors(self):
        planted = Planted(blocks=2, rows=200)
        first, second = planted.answer[:2], planted.answer[2:4]
        for piece, other in zip(first, second):
            planted.pieces[other] = planted.pieces[piece]
        planted.predictions = planted.evaluate([planted.pieces[p] for p in planted.answer]).astype("f4")
        self.use(planted)
        metadata = {"format": "pt"}
        for piece, other in zip(first, second):
            for part in ("weight", "bias"):
                metadata[f"piece_{other}.{part}"] = f"piece_{piece}.{part}"
                del self.tensors[f"piece_{other}.{part}"]
        (self.folder / "m.safetensors").write_bytes(safetensors(self.tensors, metadata))
        self.assert_read("m.safetensors")
        metadata["x.weight"] = "y.weight"
        (self.folder / "none.safetensors").write_bytes(safetensors(self.tensors, metadata))
        self.assert_named("none.safetensors", "__metadata__", "'x.weight' is 'y.weight'")

    def shards(self):
        names = list(self.tensors)
        half = len(names) // 2
        folder = self.folder / "model"
        folder.mkdir(exist_ok=True)
        shards = {}
        for number, part in ((1, names[half:]), (2, names[:half])):
            shard = f"model-0000{number}-of-00002.safetensors"
            (folder / shard).write_bytes(safetensors({name: self.tensors[name] for name in part}, {"format": "pt"}))
            shards.update(dict.fromkeys(part, shard))
        (folder / "config.json").write_text("{}")
        return folder, shards

    def test_shards(self):
        folder, shards = self.shards()
        self.assert_read("model")
        index = folder / "model.safetensors.index.json"
        index.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": shards}))
        self.assert_read("model")
        self.assert_read("model/model.safetensors.index.json")
        index.write_text(json.dumps({"weight_map": {**shards, "x.weight": "model-00001-of-00002.safetensors"}}))
        self.assert_named("model", "model-00001-of-00002.safetensors", "has no 'x.weight'")
        index.write_text(json.dumps({"weight_map": shards}))
        (folder / "model-00002-of-00002.safetensors").unlink()
        self.assert_named("model", "model-00002-of-00002.safetensors: is missing", "model.safetensors.index.json")
        index.unlink()
        self.assert_named("model", "shard 2 of 2 is missing")
        (folder / "consolidated.safetensors").write_bytes(safetensors(self.tensors))
        self.assert_named("model", "shards of a model", "consolidated.safetensors")

    def test_folders(self):
        self.pieces_folder(lambda path, state: path.write_bytes(safetensors(state)), ".safetensors")
        self.assert_read("pieces")
        alone = self.folder / "alone"
        alone.mkdir()
        (alone / "model.safetensors").write_bytes(safetensors(self.tensors))
        (alone / "optimizer.pt").write_bytes(b"what training leaves")
        self.assert_read("alone")
        (alone / "other.safetensors").write_bytes(safetensors(self.tensors))
        self.assert_named("alone", "model.safetensors, other.safetensors", "give the file that is meant")


class OtherKindsTest(KindsTest):
    def test_are_named(self):
        keras = io.BytesIO()
        write_zip(keras, [("config.json", b"{}"), ("model.weights.h5", b"")])
        kinds = {
            "m.gguf": (b"GGUF\3\0\0\0", "GGUF"), "m.onnx": (b"\x08\x08\x12\x07pytorch", "ONNX"),
            "m.h5": (b"\x89HDF\r\n\x1a\n", "Keras"), "m.keras": (keras.getvalue(), "Keras"),
            "m.pth": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "git lfs pull"),
            "page.pth": (b"\n<!DOCTYPE html><html>", "web page"), "m.pth.gz": (b"\x1f\x8b\x08", "gzip"),
            "m.tflite": (b"\x1c\0\0\0TFL3", "TensorFlow"), "m.tar": (bytes(257) + b"ustar\0", "tar archive"),
            "empty.pth": (b"", "is empty"), "text.pth": (b"hello", "truncated or damaged"),
            "short.safetensors": (b"\xff" * 9, "not a .safetensors file"),
        }
        for name, (content, word) in kinds.items():
            with self.subTest(name):
                (self.folder / name).write_bytes(content)
                self.assert_named(name, name, word)

    def test_folders_of_other_kinds(self):
        for name, words in (("__0_0.distcp", "distributed checkpoint"), ("saved_model.pb", "SavedModel"),
                            ("data.pkl", "when it is unpacked"), ("notes.txt", "holds no pieces")):
            with self.subTest(name):
                folder = self.folder / name.replace(".", "-")
                folder.mkdir()
                (folder / name).write_bytes(b"x")
                self.assert_named(folder.name, words)

    def test_endings_in_capitals(self):
        self.pieces_folder(write_pth, ".PTH")
        self.assert_read("pieces")

    def test_in_a_folder(self):
        self.pieces_folder(write_pth, ".pth")
        (self.folder / "pieces/piece_3.pth").write_text("version https://git-lfs.github.com/spec/v1\n")
        self.assert_named("pieces", "piece_3.pth", "Git LFS pointer")


class PickleTest(KindsTest):
    def test_arrays(self):
        """pickle.dump of NumPy arrays, in each protocol."""
        for protocol in range(2, 6):
            with self.subTest(protocol):
                (self.folder / "m.pkl").write_bytes(pickle.dumps(dict(self.tensors), protocol))
                self.assert_read("m.pkl")
        big = {name: numpy.asfortranarray(values.astype(">f8")) for name, values in self.tensors.items()}
        (self.folder / "m.pkl").write_bytes(pickle.dumps({"epoch": 3, "model": big}))
        self.assert_read("m.pkl")

    def test_code_is_never_run(self):
        class Harm:
            def __reduce__(self):
                return eval, ("open('harm', 'w')",)

        (self.folder / "m.pkl").write_bytes(pickle.dumps({**self.tensors, "x": Harm()}))
        self.assert_named("m.pkl", "builtins.eval", "not allowed")
        self.assertFalse((self.folder / "harm").exists())


if torch is not None:

    class Block(torch.nn.Module):
        def __init__(self, width, hidden):
            super().__init__()
            self.inp = torch.nn.Linear(width, hidden)
            self.out = torch.nn.Linear(hidden, width)

        def forward(self, x):
            return x + self.out(torch.relu(self.inp(x)))


@needs_torch
class TorchTest(KindsTest):
    def state(self, names=None):
        return OrderedDict((name, torch.from_numpy(values.copy())) for name, values in (names or self.tensors).items())

    def linear(self, weight, bias):
        layer = torch.nn.Linear(weight.shape[1], weight.shape[0])
        layer.load_state_dict({"weight": torch.from_numpy(weight), "bias": torch.from_numpy(bias)})
        return layer

    def model(self):
        """The network as a module, its layers in order."""
        layers = self.layers()
        blocks = []
        for t in range(0, len(layers) - 1, 2):
            block = Block(8, 16)
            block.inp, block.out = self.linear(*layers[t]), self.linear(*layers[t + 1])
            blocks.append(block)
        return torch.nn.Sequential(*blocks, self.linear(*layers[-1]))

    def save(self, value, name="m.pth", **options):
        torch.save(value, self.folder / name, **options)
        return name

    def test_streams(self):
        old = {"_use_new_zipfile_serialization": False}
        self.assert_read(self.save(self.state(), **old))
        self.assert_read(self.save({"epoch": 1, "net": self.state()}, pickle_protocol=4, **old))
        self.assert_read(self.save(self.model(), **old), "in-order.txt")
        content = (self.folder / "m.pth").read_bytes()
        (self.folder / "cut.pth").write_bytes(content[:-1])
        self.assert_named("cut.pth", "cut.pth", "truncated")

    def export(self, model, rows, name="m.onnx", **options):
        torch.onnx.export(model, torch.randn(*rows, 8), self.folder / name, **options)
        return name

    def test_onnx(self):
        model = self.model()
        # Gemm; MatMul and Add with turned weights; MatMul of what Transpose makes.
        self.assert_read(self.export(model, (3,)), "in-order.txt")
        self.assert_read(self.export(model, (2, 3)), "in-order.txt")
        self.assert_read(self.export(model, (2, 3), do_constant_folding=False), "in-order.txt")

    def test_onnx_that_is_no_such_network(self):
        layers = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.LayerNorm(16), torch.nn.Linear(16, 8))
        self.assert_named(self.export(layers, (3,)), "m.onnx")
        self.assert_named(self.export(torch.nn.Sequential(torch.nn.Tanh(), torch.nn.Conv1d(8, 8, 1)), (1, 8)), "m.onnx")
        content = (self.folder / self.export(self.model(), (3,))).read_bytes()
        (self.folder / "cut.onnx").write_bytes(content[:-40])
        self.assert_named("cut.onnx", "cut.onnx", "damaged or cut short")

    def test_pieces_in_each_form(self):
        forms = {
            "module": lambda path, state: torch.save(self.linear(**state), path),
            "old module": lambda path, state: torch.save(self.linear(**state), path, _use_new_zipfile_serialization=False),
            "nested": lambda path, state: torch.save({"a": {"layer": {n: torch.from_numpy(v) for n, v in state.items()}},
                                                      "epoch": 3, "loss": torch.tensor(0.1)}, path),
            "prefixed": lambda path, state: torch.save({f"module._orig_mod.{n}": torch.from_numpy(v)
                                                        for n, v in state.items()}, path),
            "arrays": lambda path, state: torch.save(state, path),
            "script": lambda path, state: torch.jit.script(self.linear(**state)).save(str(path)),
        }
        for name, write in forms.items():
            with self.subTest(name):
                self.pieces_folder(write, ".pth")
                self.assert_read("pieces")

    def test_whole_modules(self):
        model = self.model()
        self.assert_read(self.save(model), "in-order.txt")
        self.assert_read(self.save(torch.nn.DataParallel(model)), "in-order.txt")
        averaged = torch.optim.swa_utils.AveragedModel(model)
        self.assertIn("left out 'n_averaged'", self.assert_read(self.save(averaged.state_dict()), "in-order.txt"))
        self.assert_read(self.save({"model": model, "epoch": 1}), "in-order.txt")
        self.assert_read(self.save([self.linear(*piece) for piece in self.planted.pieces]))
        self.assert_read(self.save(torch.nn.ModuleList(self.linear(*piece) for piece in self.planted.pieces)))
        self.assert_read(self.save(list(model)), "in-order.txt")
        names = {name.replace(".", "_"): torch.nn.Parameter(value) for name, value in self.state().items()}
        self.assert_read(self.save(torch.nn.ParameterDict(names)))
        for block in model[:-1]:
            block.register_buffer("calls", torch.tensor(3))
        self.assertIn("left out '0.calls', '1.calls', '2.calls'", self.assert_read(self.save(model), "in-order.txt"))

    def test_a_module_used_twice(self):
        model = self.model()
        tied = torch.nn.Sequential(model[0], model[0], model[-1])
        inputs = torch.from_numpy(self.planted.inputs)
        self.planted.predictions = tied(inputs).detach().numpy()
        self.planted.write_csv(self.folder / "data.csv")
        (self.folder / "tied.txt").write_text("0,1,2,3,4")
        self.assert_read(self.save(tied), "tied.txt")
        self.assert_read(self.save(tied.state_dict()), "tied.txt")

    def test_scripts(self):
        model = self.model()
        torch.jit.script(model).save(str(self.folder / "s.pt"))
        self.assert_read("s.pt", "in-order.txt")
        torch.jit.trace(model, torch.zeros(1, 8)).save(str(self.folder / "t.pt"))
        self.assert_read("t.pt", "in-order.txt")
        torch.jit.freeze(torch.jit.script(model.eval())).save(str(self.folder / "f.pt"))
        self.assert_named("f.pt", "frozen")

    def test_checkpoints(self):
        model = self.model()
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-9)
        before = {name: value.clone() for name, value in model.state_dict().items()}
        model(torch.zeros(1, 8)).sum().backward()
        optimizer.step()
        model.load_state_dict(before)
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 3)
        checkpoint = {"optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict(), "epoch": 3,
                      "rng": torch.get_rng_state(), "history": [0.5] * 1000, "best": torch.tensor(0.5),
                      "anything": model.state_dict()}
        self.assertIn("left out 'optimizer'", self.assert_read(self.save(checkpoint), "in-order.txt"))
        self.assert_read(self.save({**model.state_dict(), "optimizer": optimizer.state_dict()}), "in-order.txt")
        self.assert_read(self.save({"model": model.state_dict(), "optimizer": optimizer}), "in-order.txt")
        checkpoint["ema"] = model.state_dict()
        self.assert_named(self.save(checkpoint), "'anything' (7 layers)", "'ema' (7 layers)")

    def test_lists_and_dicts_of_pieces(self):
        states = [{n: torch.from_numpy(v) for n, v in zip(("weight", "bias"), piece)} for piece in self.planted.pieces]
        self.assert_read(self.save(states))
        self.assert_read(self.save({"pieces": dict(enumerate(states))}))
        self.assert_read(self.save({f"piece_{i}": state for i, state in reversed(list(enumerate(states)))}))
        self.assert_read(self.save({f"piece_{i}.module.layer.{n}": value
                                    for i, state in reversed(list(enumerate(states))) for n, value in state.items()}))

    def test_types_and_views(self):
        self.assert_read(self.save(OrderedDict((n, v.double()) for n, v in self.state().items())))
        views = OrderedDict()
        for name, value in self.state().items():
            wide = torch.zeros(*value.shape, 3)
            wide[..., 1] = value
            views[name] = wide[..., 1] if value.dim() == 1 else wide[..., 1].t().contiguous().t()
        self.assert_read(self.save(views))
        self.rounded(lambda values: (values.view("u4") & 0xFFFF0000).view("f4"))
        self.assert_read(self.save(OrderedDict((n, v.bfloat16()) for n, v in self.state().items())))

    def test_parameters(self):
        state = OrderedDict((n, torch.nn.Parameter(v)) for n, v in self.state().items())
        for value in state.values():
            value.note = "kept as an attribute"
        self.assert_read(self.save(state))
        state["piece_0.weight"].requires_grad_(False)
        self.assert_read(self.save({"state": state, "bias": None}))

    def test_no_bias(self):
        planted = Planted(blocks=3, rows=200)
        planted.pieces = [(weight, numpy.zeros_like(bias)) for weight, bias in planted.pieces]
        planted.predictions = planted.evaluate([planted.pieces[p] for p in planted.answer]).astype("f4")
        self.use(planted)
        weights = {name: value for name, value in self.state().items() if name.endswith("weight")}
        self.assert_read(self.save(weights))
        self.assert_read(self.save({**weights, **{name.replace("weight", "bias"): None for name in weights}}))
        modules = [torch.nn.Linear(value.shape[1], value.shape[0], bias=False) for value in weights.values()]
        for module, value in zip(modules, weights.values()):
            module.weight = torch.nn.Parameter(value)
        self.assert_read(self.save(modules))

    def test_pickle_of_tensors(self):
        for protocol in (2, 4):
            (self.folder / "m.pkl").write_bytes(pickle.dumps(self.state(), protocol))
            self.assert_read("m.pkl")

    def test_tensors_that_are_not_read(self):
        state = self.state()
        others = {
            "sparse": state["piece_0.weight"].to_sparse(),
            "quantized": torch.quantize_per_tensor(state["piece_0.weight"], 0.1, 0, torch.qint8),
            "meta": state["piece_0.weight"].to("meta"),
            "complex64": state["piece_0.weight"] * 1j,
            "int8": state["piece_0.weight"].to(torch.int8),
            "a list": state["piece_0.weight"].tolist(),
        }
        for word, value in others.items():
            with self.subTest(word):
                self.assert_named(self.save({**state, "piece_0.weight": value}), "'piece_0.weight'", word)
        layers = torch.nn.Sequential(self.linear(*self.planted.pieces[0]))
        dynamic = torch.quantization.quantize_dynamic(layers, {torch.nn.Linear})
        self.assert_named(self.save(dynamic.state_dict()), "quantized")

    def test_modules_that_are_other_networks(self):
        model = self.model()
        others = {
            "LayerNorm": (torch.nn.Sequential(model, torch.nn.LayerNorm(8), torch.nn.LayerNorm(8)),
                          "has one dimension: it is the gain of a norm"),
            "Embedding": (torch.nn.Sequential(model, torch.nn.Embedding(4, 8)), "Embedding"),
            "BatchNorm": (torch.nn.Sequential(model, torch.nn.BatchNorm1d(8, affine=False)), "'1.running_mean'"),
            "weight_norm": (torch.nn.utils.weight_norm(torch.nn.Linear(8, 8)).state_dict(), "weight_g"),
        }
        for name, (module, word) in others.items():
            with self.subTest(name):
                self.assert_named(self.save(module), word)
        model[0].inp.register_forward_pre_hook(print)
        self.assert_named(self.save(model), "_forward_pre_hooks", "hooks")

    def test_activations_of_modules(self):
        def model(activation):
            return torch.nn.Sequential(self.model(), activation)

        self.assert_read(self.save(model(torch.nn.ReLU())), "in-order.txt")
        self.assert_named(self.save(model(torch.nn.GELU())), "has the activation gelu, but --activation is relu")
        self.assert_named(self.save(model(torch.nn.GELU(approximate="tanh"))), "has the activation gelu_tanh")
        self.assert_named(self.save(model(torch.nn.ELU())), "has the activation elu")
        self.assert_named(self.save(model(torch.nn.ELU(0.5))), "ELU(alpha=0.5")
        self.assert_named(self.save(model(torch.nn.Softplus())), "has the activation softplus")
        self.assert_named(self.save(model(torch.nn.LeakyReLU(0.2))), "has the activation leaky_relu:0.2")
        self.assert_named(self.save(model(torch.nn.LeakyReLU())), "has the activation leaky_relu")
        self.assert_named(self.save(model(torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Tanh()))), "ReLU, Tanh")
        torch.jit.script(model(torch.nn.GELU())).save(str(self.folder / "s.pt"))
        self.assert_named("s.pt", "has the activation gelu")
        self.run_program("import", "s.pt", "data.csv", "-o", "p.h5", "--activation", "gelu")

    def test_pruned(self):
        layer = self.linear(*self.planted.pieces[0])
        prune.random_unstructured(layer, "weight", 0.5)
        self.assert_named(self.save({"0.weight": layer.weight.detach(), **layer.state_dict()}), "weight_")


if __name__ == "__main__":
    main()
