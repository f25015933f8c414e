"""Blocks with norms, gates and scales: generated, verified, solved, exported and imported."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import h5py
import numpy

from harness import BAD_INPUT, STOPPED, USAGE, ProgramTest, main, text, write_pth

SMALL = ["--blocks", 6, "--width", 16, "--hidden", 40, "--rows", 600, "--activation", "silu"]
FORMS = {
    "layer norm": ["--norm", "layer"],
    "rms norm without gain": ["--norm", "rms", "--gain", "no", "--norm-eps", "0.001"],
    "gated": ["--gate", "yes"],
    "scaled": ["--scale", "yes"],
    "all": ["--norm", "rms", "--gate", "yes", "--scale", "yes"],
    "norm before the head": ["--head-norm", "layer"],
    "all, and a norm before the head": ["--norm", "rms", "--head-norm", "rms", "--gate", "yes", "--scale", "yes"],
}
# Only names tell which blocks have which parts.
SOME = {"some": ["--norm", "layer", "--gate", "yes", "--scale", "yes", "--head-norm", "layer", "--parts-share", "0.5"],
        "some norms": ["--norm", "rms", "--parts-share", "0.5"]}

LARGE = ["--blocks", 6, "--width", 32, "--hidden", 64, "--rows", 900, "--activation", "silu"]

def silu(z):
    return z / (1 + numpy.exp(-z))

class Network:
    """The pieces and rows of a problem file, evaluated by NumPy."""

    def __init__(self, path):
        with h5py.File(path) as file:
            self.norm = text(file.attrs.get("norm", "none"))
            self.head_norm = text(file.attrs.get("head_norm", "none"))
            self.eps = file.attrs.get("norm_eps", 0.0)
            self.weight, self.bias, self.parts, self.fused = {}, {}, {}, {}
            for name, group in file["pieces"].items():
                index = int(name)
                self.weight[index] = group["weight"][...].astype(float)
                self.bias[index] = group["bias"][...].astype(float) if "bias" in group else 0.0
                if "gate_weight" in group:  # a fused gate
                    gate = self.fused[index] = -1 - index
                    self.weight[gate] = group["gate_weight"][...].astype(float)
                    self.bias[gate] = group["gate_bias"][...].astype(float) if "gate_bias" in group else 0.0
                    self.parts["gate", index] = gate
                if "part" in group.attrs:
                    self.parts[text(group.attrs["part"]), int(group.attrs["of"])] = index
            self.inputs = file["data/inputs"][...].astype(float)
            self.predictions = file["data/predictions"][...].astype(float)
        self.mains = sorted(set(self.weight) - set(self.parts.values()))

    def normalised(self, x, owner, norm, name="norm"):
        part = self.parts.get((name, owner))
        if part is None and any(kind == name for kind, _ in self.parts):
            return x  # others have one, this block has none
        if norm == "layer":
            x = x - x.mean(axis=1, keepdims=True)
        if norm != "none":
            x = x / numpy.sqrt((x**2).mean(axis=1, keepdims=True) + self.eps)
        return x if part is None else x * self.weight[part] + self.bias[part]

    def linear(self, x, piece):
        return x @ self.weight[piece].T + self.bias[piece]

    def predict(self, permutation):
        state = self.inputs
        for expand, compress in zip(permutation[:-1:2], permutation[1::2]):
            x = self.normalised(state, expand, self.norm)
            gate = self.parts.get(("gate", expand))
            hidden = self.linear(x, expand)
            hidden = silu(hidden) if gate is None else silu(self.linear(x, gate)) * hidden
            scale = self.parts.get(("scale", compress))
            state = state + self.linear(hidden, compress) * (1 if scale is None else self.weight[scale])
        return self.linear(self.normalised(state, permutation[-1], self.head_norm, "head_norm"), permutation[-1])

    def predict_anew(self):
        self.predictions = self.predict(self.truth)[:, : self.predictions.shape[1]]

class Forms(ProgramTest):
    def generate(self, options, seed=1, size=SMALL):
        self.run_program("generate", *size, *options, "--seed", seed, "-o", "problem.h5", "--answer", "truth.txt", "-q")
        network = Network(self.folder / "problem.h5")
        network.truth = self.numbers("truth.txt")
        return network, network.truth

    def numbers(self, name):
        return [int(word) for word in (self.folder / name).read_text().split(",")]

    def answer(self, name="solution.h5"):
        with h5py.File(self.folder / name) as file:
            return list(file["permutation"][...]), text(file.attrs["status"])

    def test_predictions_are_those_of_the_form(self):
        for name, options in {**FORMS, **SOME}.items():
            for kind in ([], ["--kind", "trained", "--steps", 30, "--batch", 64]):
                with self.subTest(name, kind=kind):
                    network, truth = self.generate([*options, *kind])
                    self.assertLess(numpy.abs(network.predict(truth)[:, :1] - network.predictions).max(), 1e-6)
                    self.run_program("verify", "problem.h5", "truth.txt")

    def test_solved_alike_on_any_number_of_ranks(self):
        for name, options in {**FORMS, **SOME}.items():
            with self.subTest(name):
                _, truth = self.generate(options, seed=2)
                logs = []
                for np in (1, 2, 3, 4):
                    self.run_program("solve", "problem.h5", "-o", "solution.h5", "--no-times", "-q", np=np)
                    self.assertEqual(self.answer(), (truth, "solved"))
                    with h5py.File(self.folder / "solution.h5") as file:
                        logs.append((file.attrs["mse"], file.attrs["evaluations"], file["margins"][...].tobytes()))
                self.assertEqual(logs, logs[:1] * 4)

    def test_export_and_import_by_names(self):
        for name, options in {**FORMS, **SOME}.items():
            with self.subTest(name):
                network, truth = self.generate(options, seed=3)
                self.run_program("export", "problem.h5", "truth.txt", "-o", "model.safetensors", "-q")
                self.write_csv(network)
                given = ["--norm", network.norm, "--norm-eps", network.eps] if network.norm != "none" else []
                self.run_program("import", "model.safetensors", "data.csv", "-o", "again.h5", "--activation", "silu",
                                 *given, "-q")
                again = Network(self.folder / "again.h5")
                self.assertEqual(len(again.parts), len(network.parts))
                self.assertLess(numpy.abs(again.predict(again.mains) - network.predictions).max(), 1e-6)
                (self.folder / "again.txt").write_text(",".join(map(str, again.mains)))
                self.run_program("verify", "again.h5", "again.txt")

    def write_csv(self, network):
        head = ",".join([f"measurement_{i}" for i in range(network.inputs.shape[1])] + ["pred"])
        rows = numpy.hstack([network.inputs, network.predictions])
        numpy.savetxt(self.folder / "data.csv", rows, delimiter=",", fmt="%.9g", header=head, comments="")

    def write_pieces(self, network, seed, fuse=None):
        """Pieces under shuffled numbers in files of their own; returns each one's number. `fuse`: gate and expand piece in
        one, with the gate "first" or "last"."""
        folder = self.folder / "puzzle/pieces"
        folder.mkdir(parents=True, exist_ok=True)
        for file in [*folder.iterdir(), *(file for file in folder.parent.iterdir() if file.is_file())]:
            file.unlink()
        gates = {index for (part, _), index in network.parts.items() if part == "gate" and fuse}
        indices = [index for index in sorted(network.weight) if index not in gates]
        order = numpy.random.default_rng(seed).permutation(len(indices))
        number = dict(zip(indices, map(int, order)))
        for index in indices:
            stacked = [index]
            if ("gate", index) in network.parts and fuse:
                stacked.insert(0 if fuse == "first" else 1, network.parts["gate", index])
            arrays = {"weight": numpy.concatenate([network.weight[each] for each in stacked]).astype(numpy.float32)}
            if not numpy.isscalar(network.bias[index]):
                arrays["bias"] = numpy.concatenate([network.bias[each] for each in stacked]).astype(numpy.float32)
            numpy.savez(folder / f"piece_{number[index]}.npz", **arrays)
        self.write_csv(network)
        (self.folder / "data.csv").replace(folder.parent / "data.csv")
        return number

    def test_anonymous_pieces_are_grouped_by_the_weights(self):
        forms = {
            **FORMS,
            "layer norm and scale": ["--norm", "layer", "--scale", "yes"],
            "rms norm and scale": ["--norm", "rms", "--scale", "yes"],
        }
        for name, options in forms.items():
            with self.subTest(name):
                network, truth = self.generate(options, seed=4, size=LARGE)
                number = self.write_pieces(network, 5)
                given = ["--norm", network.norm, "--norm-eps", network.eps] if network.norm != "none" else []
                self.run_program("import", "puzzle/pieces", "puzzle/data.csv", "-o", "again.h5", "--activation", "silu", *given, "-q")
                again = Network(self.folder / "again.h5")
                expected = {(part, number[owner]): number[index] for (part, owner), index in network.parts.items()}
                self.assertEqual(again.parts, expected)
                self.run_program("solve", "again.h5", "-o", "solution.h5", "-q")
                self.assertEqual(self.answer(), ([number[index] for index in truth], "solved"))

    def test_the_norm_is_told_by_the_data_on_any_number_of_ranks(self):
        for norm in ("rms", "layer"):
            with self.subTest(norm):
                network, truth = self.generate(["--norm", norm, "--biases", "no", "--scale", "yes"], seed=4, size=LARGE)
                number = self.write_pieces(network, 5)
                for np in (None, 2):
                    self.run_program("solve", "puzzle", "-o", "puzzle/solution.h5", "-q", np=np)
                    self.assertEqual(self.answer("puzzle/solution.h5"), (self.expected(network, number), "solved"))
                    self.assertEqual(Network(self.folder / "puzzle/problem.h5").norm, norm)

    def test_another_norm_or_eps_is_named(self):
        network, _ = self.generate(["--norm", "layer", "--biases", "no", "--norm-eps", 1e-6], seed=4, size=LARGE)
        self.write_pieces(network, 5)
        self.run_program("import", "puzzle/pieces", "puzzle/data.csv", "-o", "again.h5", "--activation", "silu", "-q")
        said = self.run_program("solve", "again.h5", "-o", "solution.h5", "--max-evaluations", 200, code=None).stderr
        self.assertIn("import again with --norm layer --norm-eps 1e-06", said)

    def test_what_cannot_be_grouped_is_refused_by_name(self):
        network, _ = self.generate(["--norm", "rms"], seed=6)
        random = numpy.random.default_rng(1)
        for index in network.parts.values():
            network.weight[index] = random.normal(size=16)
        self.write_pieces(network, 5)
        self.assert_error(BAD_INPUT, "import", "puzzle/pieces", "puzzle/data.csv", "-o", "again.h5", "--norm", "rms",
                          says=["is the gain of a norm", "the weights do not tell"])
        # One gain too few; the numbers run from 0 without a gap.
        number = self.write_pieces(network, 5)
        gone, last = self.folder / f"puzzle/pieces/piece_{number[min(network.parts.values())]}.npz", self.folder / "puzzle/pieces/piece_18.npz"
        if gone != last:
            last.replace(gone)
        else:
            last.unlink()
        self.assert_error(BAD_INPUT, "import", "puzzle/pieces", "puzzle/data.csv", "-o", "again.h5",
                          says=["has one dimension", "There are 5 of these and 6 blocks"])
        self.assertFalse((self.folder / "again.h5").exists())

    def test_damaged_parts_are_named(self):
        network, truth = self.generate(FORMS["all"], seed=7)
        norms = [index for (part, _), index in sorted(network.parts.items()) if part == "norm"]
        gate = network.parts["gate", truth[0]]
        first, second = (f"pieces/{index}" for index in norms[:2])

        def change(name, value):
            def apply(file):
                file[first].attrs[name] = value
            return apply

        def delete(name):
            def apply(file):
                del file[name]
            return apply

        def root(name, value):
            def apply(file):
                file.attrs[name] = value
            return apply

        damages = {
            "no such part": (change("part", "bark"), ["attribute 'part'", "'bark'", "not one of gate, norm, scale, head_norm"]),
            "no owner": (change("of", 99), [f"piece {norms[0]}", "the norm of piece 99", "no such piece"]),
            "a negative owner": (change("of", -1), ["attribute 'of'"]),
            "two norms of one piece": (
                lambda file: file[first].attrs.modify("of", file[second].attrs["of"]),
                ["it has another one already"],
            ),
            "a scale where a norm belongs": (change("of", truth[1]), ["the norm of piece"]),
            "a gate of another shape": (
                lambda file: file[f"pieces/{gate}"].attrs.modify("of", truth[1]), ["the gate of piece", "another shape"]),
            "no such norm": (root("norm", "batch"), ["attribute 'norm'", "unknown norm 'batch'"]),
            "an eps of 0": (root("norm_eps", 0.0), ["attribute 'norm_eps'", "above 0"]),
            "a gap": (delete(first), ["is missing; indices run from 0 without a gap"]),
        }
        original = (self.folder / "problem.h5").read_bytes()
        for name, (damage, says) in damages.items():
            with self.subTest(name):
                (self.folder / "damaged.h5").write_bytes(original)
                with h5py.File(self.folder / "damaged.h5", "r+") as file:
                    damage(file)
                self.assert_error(BAD_INPUT, "solve", "damaged.h5", "-o", "solution.h5", says=["damaged.h5", *says])

    def solve_folder(self, code=0, **options):
        self.run_program("solve", "puzzle", "--activation", "silu", "-o", "puzzle/solution.h5", "-q", code=code, **options)
        return self.answer("puzzle/solution.h5")

    def expected(self, network, number):
        return [number[index] for index in network.truth]

    def parts_by_number(self, network, number):
        return {(part, number[owner]): number[index] for (part, owner), index in network.parts.items()}

    def test_gate_and_expand_piece_in_one_tensor(self):
        for fuse in ("first", "last"):
            for options in (["--gate", "yes"], [*FORMS["all"], "--biases", "no"]):
                with self.subTest(fuse, options=options):
                    network, _ = self.generate(options, seed=8, size=LARGE)
                    number = self.write_pieces(network, 5, fuse)
                    answers = [self.solve_folder(np=np) for np in (None, 3)]
                    self.assertEqual(answers, [(self.expected(network, number), "solved")] * 2)
                    self.run_program("verify", "puzzle/problem.h5", "puzzle/solution.h5")
                    # The model that was put together has the gates apart, by name.
                    self.run_program("import", "puzzle/solved.pth", "puzzle/data.csv", "-o", "again.h5", "-q",
                                     "--activation", "silu")
                    again = Network(self.folder / "again.h5")
                    self.assertLess(numpy.abs(again.predict(again.mains) - network.predictions).max(), 1e-6)

    def test_norm_before_the_head(self):
        for kind, options in (("rms", ["--norm", "rms"]), ("layer", ["--norm", "layer"]), ("layer", []), ("rms", ["--scale", "yes"])):
            with self.subTest(kind, options=options):
                network, _ = self.generate([*options, "--head-norm", kind], seed=9, size=LARGE)
                number = self.write_pieces(network, 5)
                self.assertEqual(self.solve_folder(), (self.expected(network, number), "solved"))
                again = Network(self.folder / "puzzle/problem.h5")
                self.assertEqual(again.parts, self.parts_by_number(network, number))
                self.assertEqual(again.head_norm, kind)
                self.run_program("verify", "puzzle/problem.h5", "puzzle/solution.h5")

    def test_parts_that_weights_say_nothing_of_are_found_by_the_data(self):
        forms = {"norm": ["--norm", "rms"], "layer": ["--norm", "layer"], "scale": ["--scale", "yes"],
                 "both": ["--norm", "layer", "--scale", "yes"]}
        for name, options in forms.items():
            with self.subTest(name):
                network, _ = self.generate(options, seed=10, size=LARGE)
                random = numpy.random.default_rng(10)
                for index in network.parts.values():
                    network.weight[index] = numpy.float32(1 + 0.25 * random.normal(size=32)).astype(float)
                network.predict_anew()
                number = self.write_pieces(network, 5)
                self.assert_error(BAD_INPUT, "import", "puzzle/pieces", "puzzle/data.csv", "-o", "again.h5",
                                  says=["the weights do not tell", "kintsugi solve FOLDER, which asks the data"])
                self.assertEqual(self.solve_folder(), (self.expected(network, number), "solved"))
                again = Network(self.folder / "puzzle/problem.h5")
                self.assertEqual(again.parts, self.parts_by_number(network, number))

    def test_gates_that_weights_mistake_are_turned_by_the_data(self):
        network, _ = self.generate(["--gate", "yes", "--pair-signal", "0.5"], seed=11, size=LARGE)
        for fuse in (None, "last"):
            with self.subTest(fuse):
                number = self.write_pieces(network, 5, fuse)
                self.assertEqual(self.solve_folder(), (self.expected(network, number), "solved"))

    def test_gates_that_may_be_another_blocks_are_named(self):
        network, truth = self.generate(["--gate", "yes"], seed=16, size=LARGE)
        random = numpy.random.default_rng(16)
        for owner in truth[:4:2]:
            gate = network.parts["gate", owner]
            network.weight[gate] = numpy.float32(network.weight[gate] * numpy.exp(random.normal(size=(64, 1)))).astype(float)
        network.predict_anew()
        self.write_pieces(network, 5)
        said = self.run_program("solve", "puzzle", "--activation", "silu", "--start", "random", "--max-evaluations", 1,
                                code=STOPPED).stderr
        self.assertIn("which of the gates belong to which block neither names nor weights tell for certain", said)

    def test_some_blocks_have_parts_that_others_lack(self):
        network, truth = self.generate(SOME["some"], seed=12)
        counts = {kind: sum(part == kind for part, _ in network.parts) for kind in ("norm", "gate", "scale", "head_norm")}
        self.assertTrue(all(1 <= counts[kind] < 6 for kind in ("norm", "gate", "scale")), counts)
        self.assertEqual(counts["head_norm"], 1)
        for option in ("0", "1.5"):
            self.assert_error(USAGE, "generate", *SMALL, "--scale", "yes", "--parts-share", option, "-o", "x.h5", "--answer",
                              "x.txt", says=["share of blocks"])
        self.assert_error(USAGE, "generate", *SMALL, "--norm", "rms", "--gain", "no", "--parts-share", "0.5", "-o", "x.h5",
                          "--answer", "x.txt", says=["without a gain"])

    def test_parts_in_half_precision(self):
        def bfloat16(numbers):
            bits = (numbers.view(numpy.uint32) + 0x8000) & 0xFFFF0000
            return bits.astype(numpy.uint32).view(numpy.float32)

        formats = {"float16": lambda numbers: numbers.astype(numpy.float16), "bfloat16": bfloat16}
        for number, options in enumerate((FORMS["all"], FORMS["layer norm"], FORMS["scaled"], SOME["some"])):
            for name, shorten in formats.items():
                with self.subTest(name, options=options):
                    _, truth = self.generate(options, seed=13 + number)
                    with h5py.File(self.folder / "problem.h5", "r+") as file:
                        for group in file["pieces"].values():
                            for numbers in group.values():
                                numbers[...] = shorten(numbers[...])
                    self.run_program("solve", "problem.h5", "-o", "solution.h5", "-q")
                    self.assertEqual(self.answer(), (truth, "precision"))
                    with h5py.File(self.folder / "solution.h5") as file:
                        evidence = " ".join(text(row["evidence"]) for row in file["diagnosis"])
                    self.assertIn(f"numbers of {name}, ", evidence)
                    self.run_program("verify", "problem.h5", "solution.h5")

    def test_info_names_the_form(self):
        self.generate(FORMS["all"])
        said = self.run_program("info", "problem.h5").stdout
        self.assertIn("gated, rms norm (eps 1e-05), 6 gates, 6 norm's gains, 6 scales", said)

if __name__ == "__main__":
    main()
