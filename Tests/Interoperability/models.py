"""Models of every kind, trained a little, for the checks beside it: small sets, and a run for each name in `MODELS`."""

import subprocess
from pathlib import Path

import numpy as np

LATENT = 5
PLAIN = ["--hidden", "24,12"]
ACTIVATIONS = ["selu", "relu", "leaky-relu", "elu", "gelu", "silu", "tanh", "short-selu"]

# Name: the set, and the options of training.
MODELS = {f"dense {name}": ("grey", PLAIN + ["--activation", name]) for name in ACTIVATIONS} | {
    "dense colour": ("colour", PLAIN + ["--likelihood", "gaussian-learned"]),
    "dense labels": ("grey", PLAIN + ["--condition", "labels"]),
    "no hidden layers, labels": ("grey", ["--hidden", "none", "--condition", "labels"]),
    "averaged weights": ("grey", PLAIN + ["--average-decay", "0.9"]),
    "continuous Bernoulli": ("grey", PLAIN + ["--likelihood", "continuous-bernoulli"]),
    "gaussian": ("grey", PLAIN + ["--likelihood", "gaussian", "--sigma", "0.2"]),
    "convolution": ("grey", ["--network", "convolution", "--channels", "4,6", "--kernel", "3", "--hidden", "8"]),
    "convolution, gelu": (
        "grey", ["--network", "convolution", "--channels", "4,6,5", "--kernel", "4", "--activation", "gelu",
                 "--hidden", "none", "--condition", "labels"]),
    "convolution, residual blocks, colour": (
        "colour", ["--network", "convolution", "--channels", "5,4", "--kernel", "5", "--residual", "2",
                   "--hidden", "9,8", "--likelihood", "discretized-logistic"]),
    "recurrent": ("grey", ["--network", "recurrent", "--recurrent", "9,7"]),
    "recurrent, dense layers, silu": (
        "colour", ["--network", "recurrent", "--recurrent", "8,6", "--hidden", "10", "--activation", "silu"]),
    "recurrent, labels": ("grey", ["--network", "recurrent", "--recurrent", "6", "--condition", "labels"]),
    "flow": ("grey", PLAIN + ["--prior", "flow:3", "--prior-hidden", "8,6"]),
    "flow, labels": ("grey", PLAIN + ["--prior", "flow:2", "--prior-hidden", "none", "--condition", "labels"]),
    "mixture": ("grey", PLAIN + ["--prior", "mixture:4"]),
    "mixture of one": ("grey", PLAIN + ["--prior", "mixture:1"]),
    "vamp": ("colour", ["--network", "convolution", "--channels", "4", "--prior", "vamp:3"]),
    "vamp, labels": ("grey", PLAIN + ["--prior", "vamp:3", "--condition", "labels"]),
}


class Checks:
    """Numbers beside numbers; what differs is counted."""

    def __init__(self):
        self.failures = 0
        self.largest = {}

    def compare(self, what, found, expected, within=1e-5):
        """`within`: of what counts as 1 up to there, and of its size beyond."""
        found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
        if found.shape != expected.shape:
            print(f"FAILED {what}: shapes {found.shape} and {expected.shape}")
            self.failures += 1
            return
        difference = (np.abs(found - expected) / np.maximum(1, np.abs(expected))).max() if found.size else 0
        kind = what.split(": ")[-1].split(",")[0].split(" of ")[0]
        self.largest[kind] = max(self.largest.get(kind, 0), difference)
        if not difference <= within:
            print(f"FAILED {what}: greatest difference {difference:g} (allowed {within})")
            self.failures += 1

    def true(self, what, condition):
        if not condition:
            print(f"FAILED {what}")
            self.failures += 1

    def end(self, what):
        for kind, difference in self.largest.items():
            print(f"{what}, {kind}: greatest difference {difference:.1e}")
        if self.failures:
            raise SystemExit(f"{what}: {self.failures} differences")


class Place:
    """The folder of the sets and runs."""

    def __init__(self, selva, folder):
        self.program, self.folder = selva, Path(folder)

    def selva(self, *arguments):
        command = [self.program, *map(str, arguments)]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"selva {' '.join(map(str, arguments))}: status {done.returncode}\n{done.stderr}")
        return done

    def images(self, name):
        """Of a set, [count, height, width(, 3)] in [0, 1]."""
        return np.load(self.folder / f"{name}.npz")["images"].astype(np.float32) / 255

    def make(self):
        """Sets of odd sides, and every model."""
        self.folder.mkdir(parents=True, exist_ok=True)
        random = np.random.default_rng(3)
        y, x = np.mgrid[:13, :9] / 9
        places = random.random((120, 2, 1, 1)) * 1.2
        grey = np.exp(-((y - places[:, 0]) ** 2 + (x - places[:, 1]) ** 2) * 9)
        labels = np.digitize(places[:, 0, 0, 0], [0.4, 0.8])
        colour = np.stack([grey, grey[:, ::-1], 1 - grey], -1)[:, :11, :7]
        for name, values in {"grey": grey, "colour": colour}.items():
            # Labels with a gap, so that they are not taken for classes.
            np.savez(self.folder / f"{name}.npz", images=(values * 255).astype(np.uint8), labels=labels * 3 + 1)
            self.selva("data", "import", f"{name}.npz", "-o", name, "--strict")
        for name, (data, options) in MODELS.items():
            self.selva(
                "train", data, "-o", name, "-z", LATENT, "--epochs", 3, "--batch-size", 20, "--lr", 0.02,
                "--warmup-epochs", 0, "--sample-every", 0, "--seed", 4, "--quiet", *options)

    def coded(self, name):
        """What `selva encode` and `decode` make of a model's set: its arrays, with `pixels`."""
        data = MODELS[name][0]
        self.selva("encode", name, "--data", data, "--samples", "-o", f"{name}.npz")
        self.selva("decode", f"{name}.npz", name, "-o", f"{name}.npy")
        arrays = dict(np.load(self.folder / f"{name}.npz"))
        arrays["images"] = self.images(data)
        arrays["pixels"] = np.load(self.folder / f"{name}.npy").reshape(arrays["images"].shape)
        if "--condition" not in MODELS[name][1]:
            del arrays["labels"]
        return arrays

    def draws(self, name, count=21, seed=5):
        """Latent vectors that `selva sample` draws, and the noise that it makes them of."""
        def sample(run, file, *options):
            shape = ["--rows", count // 7, "--columns", 7, "--seed", seed]
            self.selva("sample", run, "-o", "draws.png", *shape, "--save-latents", file, *options)
            return np.load(self.folder / file)

        label = ["--label", 4] if "--condition" in MODELS[name][1] else []
        return sample(name, "draws.npy", *label), sample("dense selu", "noise.npy")
