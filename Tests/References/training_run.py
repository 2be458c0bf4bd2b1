"""Replays whole training runs in NumPy, in float64, and writes what TrainingReplayTests.swift expects.

    python3 Tests/References/training_run.py [output file, default Tests/SelvaTests/Fixtures/training-run.json]

Needs NumPy. Nothing is taken from Selva but its documentation: the split of the images, the first weights, the order
of every epoch, binarization, dropout, noise, schedules, gradients (checked here against central differences), the
clipped norm, AdamW, the average of the weights, validation, and which epoch was the best.
"""

import json
import sys
from pathlib import Path

import numpy as np
from random_streams import binarize, normals, permutation

HEIGHT, WIDTH, HIDDEN, LATENT = 4, 3, [7, 5], 2
PIXELS = HEIGHT * WIDTH
LAMBDA, ALPHA = 1.0507009873554805, 1.6732632423543772

BASE = dict(
    seed=11, epochs=3, batch_size=6, learning_rate=0.05, schedule="cosine", warmup_epochs=1.0, beta1=0.8, beta2=0.99,
    epsilon=1e-6, weight_decay=0.3, clip_norm=1.4, beta=1.5, beta_shape="linear", beta_epochs=2.0, free_bits=0.0,
    binarization="stochastic", dropout=0.1, average_decay=0.7, validation_fraction=0.2,
)
CASES = {
    "everything at once": {},
    "the last epoch is not the best": dict(
        epochs=5, learning_rate=0.1, warmup_epochs=0.5, clip_norm=0.0, average_decay=0.0, dropout=0.0,
        binarization="none", schedule="constant", beta_shape="constant", beta=0.5, seed=18),
    "stages and cycles": dict(
        epochs=4, schedule="burda", warmup_epochs=0.0, beta_shape="cyclical", beta_epochs=1.5, beta=2.0,
        clip_norm=1.6, binarization="threshold", average_decay=0.0, free_bits=0.012, dropout=0.0, seed=1 << 35),
}


def images():
    """Bytes with a pattern, `[23, 12]`."""
    i = np.arange(23 * PIXELS)
    return ((i * 89 + i // PIXELS * 57 + i * i % 7 * 31) % 256).reshape(23, PIXELS)


def selu(x):
    return LAMBDA * np.where(x > 0, x, ALPHA * np.expm1(np.minimum(x, 0)))


def selu_slope(x):
    return LAMBDA * np.where(x > 0, 1, ALPHA * np.exp(np.minimum(x, 0)))


def shapes():
    """Names and shapes of the parameters, in the order of the model file."""
    found, width = [], PIXELS
    for index, outputs in enumerate(HIDDEN):
        found += [(f"encoder.layers.{index}.weight", (outputs, width)), (f"encoder.layers.{index}.bias", (outputs,))]
        width = outputs
    found += [(f"encoder.{head}.weight", (LATENT, width)) for head in ("mean", "log_variance")]
    found += [(f"encoder.{head}.bias", (LATENT,)) for head in ("mean", "log_variance")]
    width = LATENT
    for index, outputs in enumerate(reversed(HIDDEN)):
        found += [(f"decoder.layers.{index}.weight", (outputs, width)), (f"decoder.layers.{index}.bias", (outputs,))]
        width = outputs
    return found + [("decoder.output.weight", (PIXELS, width)), ("decoder.output.bias", (PIXELS,))]


def first_weights(seed, pixel_means):
    """LeCun normal for what feeds SELU, a tenth of it for heads and output; the output's bias is the mean image."""
    weights = {}
    for index, (name, shape) in enumerate(shapes()):
        if len(shape) == 1:
            weights[name] = np.zeros(shape)
            continue
        gain = 1 if ".layers." in name else 0.1
        draws = normals(shape[0] * shape[1], seed, "initialization", image=index).reshape(shape)
        weights[name] = draws * gain / np.sqrt(shape[1])
    p = np.clip(pixel_means, 0.001, 0.999)
    weights["decoder.output.bias"] = np.log(p / (1 - p))
    return weights


class Dropout:
    """Alpha dropout (Klambauer et al. 2017, section 3) of one pass."""

    def __init__(self, rate, seed, epoch, images):
        self.rate, self.place = rate, (seed, epoch, images)
        q, dropped = 1 - rate, -LAMBDA * ALPHA
        self.a = (q + dropped**2 * q * rate) ** -0.5
        self.b, self.dropped = -self.a * rate * dropped, dropped

    def masks(self, layer, width):
        seed, epoch, images = self.place
        q = np.full(width, 1 - self.rate)
        return np.stack([binarize(q, seed, "dropout", epoch=epoch, image=int(i), sample=layer) for i in images])


def hidden(w, part, x, first_layer, dropout):
    """Through the hidden layers. Returns the output and, for each layer, input, sum and factor of the slope."""
    kept = []
    for index in range(len(HIDDEN)):
        s = x @ w[f"{part}.layers.{index}.weight"].T + w[f"{part}.layers.{index}.bias"]
        y, factor = selu(s), 1.0
        if dropout:
            mask = dropout.masks(first_layer + index, s.shape[1])
            y = dropout.a * (mask * y + (1 - mask) * dropout.dropped) + dropout.b
            factor = mask * dropout.a
        kept.append((x, s, factor))
        x = y
    return x, kept


def back(w, gradient, part, d, kept):
    """Fills the gradients of hidden layers; returns the one of their input."""
    for index in reversed(range(len(HIDDEN))):
        x, s, factor = kept[index]
        d = d * factor * selu_slope(s)
        gradient[f"{part}.layers.{index}.weight"], gradient[f"{part}.layers.{index}.bias"] = d.T @ x, d.sum(0)
        d = d @ w[f"{part}.layers.{index}.weight"]
    return d


def forward(w, inputs, targets, noise, dropout=None):
    h, kept = hidden(w, "encoder", inputs, 0, dropout)
    mean, log_variance = (h @ w[f"encoder.{n}.weight"].T + w[f"encoder.{n}.bias"] for n in ("mean", "log_variance"))
    z = mean + np.exp(log_variance / 2) * noise
    g, kept_decoder = hidden(w, "decoder", z, len(HIDDEN) + 1, dropout)
    logits = g @ w["decoder.output.weight"].T + w["decoder.output.bias"]
    reconstruction = (np.logaddexp(0, logits) - targets * logits).sum(1)
    kl = -0.5 * (1 + log_variance - mean**2 - np.exp(log_variance))
    return dict(
        h=h, kept=kept, mean=mean, log_variance=log_variance, g=g, kept_decoder=kept_decoder, logits=logits,
        reconstruction=reconstruction, kl=kl)


def objective(found, beta, free_bits):
    """Mean over the batch; a component's KL divergence counts as `free_bits` at least (Kingma et al. 2016)."""
    return found["reconstruction"].mean() + beta * np.maximum(found["kl"].mean(0), free_bits).sum()


def gradients(w, found, targets, noise, beta, free_bits):
    count, gradient = len(targets), {}
    d = (1 / (1 + np.exp(-found["logits"])) - targets) / count
    gradient["decoder.output.weight"], gradient["decoder.output.bias"] = d.T @ found["g"], d.sum(0)
    dz = back(w, gradient, "decoder", d @ w["decoder.output.weight"], found["kept_decoder"])
    cost = beta * (found["kl"].mean(0) > free_bits) / count
    heads = {
        "mean": dz + cost * found["mean"],
        "log_variance": dz * noise * np.exp(found["log_variance"] / 2) / 2
        + cost * (np.exp(found["log_variance"]) - 1) / 2,
    }
    for name, slope in heads.items():
        gradient[f"encoder.{name}.weight"], gradient[f"encoder.{name}.bias"] = slope.T @ found["h"], slope.sum(0)
    d = sum(slope @ w[f"encoder.{name}.weight"] for name, slope in heads.items())
    back(w, gradient, "encoder", d, found["kept"])
    return gradient


def learning_rate(s, progress):
    warmup = min(1, progress / s["warmup_epochs"]) if s["warmup_epochs"] else 1
    part = min(1, progress / s["epochs"])
    if s["schedule"] == "cosine":
        shape = (1 + np.cos(np.pi * part)) / 2
    elif s["schedule"] == "burda":
        ends = np.cumsum([3**i for i in range(8)]) / 3280  # 1, 3, 9, … 2187 passes
        shape = 10.0 ** (-min(7, int(np.searchsorted(ends, part, side="right"))) / 7)
    else:
        shape = 1
    return s["learning_rate"] * warmup * shape


def beta(s, progress):
    if s["beta_shape"] == "linear":
        return s["beta"] * min(1, progress / s["beta_epochs"])
    if s["beta_shape"] == "cyclical":
        return s["beta"] * min(1, 2 * (progress / s["beta_epochs"] % 1))
    return s["beta"]


class Run:
    def __init__(self, s):
        self.s = s
        self.x = (images() / 255).astype(np.float32).astype(np.float64)
        held = max(1, round(len(self.x) * s["validation_fraction"]))
        order = permutation(len(self.x), s["seed"], "split")
        self.held, self.trained = sorted(order[:held]), sorted(order[held:])
        known = self.x[self.trained]
        self.means = known.mean(0)
        self.deviation = np.sqrt(((known - self.means) ** 2).mean())
        self.w = first_weights(s["seed"], self.means)
        self.average = {name: value.copy() for name, value in self.w.items()}
        self.m, self.v = ({name: np.zeros_like(value) for name, value in self.w.items()} for _ in range(2))
        self.steps, self.norms = 0, []

    def batch(self, indices, purpose, epoch=0):
        targets = self.x[indices]
        if self.s["binarization"] == "threshold":
            targets = (targets > 0.5) * 1.0
        if self.s["binarization"] == "stochastic":
            targets = np.stack([
                binarize(self.x[i], self.s["seed"], purpose, epoch=epoch, image=int(i)) for i in indices])
        return targets, (targets - self.means) / self.deviation

    def noise(self, indices, purpose, epoch=0):
        return np.stack([normals(LATENT, self.s["seed"], purpose, epoch=epoch, image=int(i)) for i in indices])

    def step(self, indices, epoch, progress):
        s = self.s
        targets, inputs = self.batch(indices, "binarization", epoch)
        noise, weight = self.noise(indices, "training", epoch), beta(s, progress)
        dropout = Dropout(s["dropout"], s["seed"], epoch, indices) if s["dropout"] else None
        found = forward(self.w, inputs, targets, noise, dropout)
        gradient = gradients(self.w, found, targets, noise, weight, s["free_bits"])
        if self.steps in (0, 5):
            self.check(gradient, inputs, targets, noise, dropout, weight)
        norm = np.sqrt(sum((g**2).sum() for g in gradient.values()))
        self.norms.append(norm)
        clip = s["clip_norm"] / norm if 0 < s["clip_norm"] < norm else 1
        self.steps += 1
        t, rate = self.steps, learning_rate(s, progress)
        keep = min(s["average_decay"], t / (t + 9))
        for name, g in gradient.items():
            g = g * clip
            self.m[name] = s["beta1"] * self.m[name] + (1 - s["beta1"]) * g
            self.v[name] = s["beta2"] * self.v[name] + (1 - s["beta2"]) * g**2
            m, v = self.m[name] / (1 - s["beta1"] ** t), self.v[name] / (1 - s["beta2"] ** t)
            self.w[name] = self.w[name] * (1 - rate * s["weight_decay"]) - rate * m / (np.sqrt(v) + s["epsilon"])
            self.average[name] = keep * self.average[name] + (1 - keep) * self.w[name]
        return found["reconstruction"].sum(), found["kl"].sum()

    def check(self, gradient, inputs, targets, noise, dropout, weight):
        for name, value in self.w.items():
            place = tuple(size // 2 for size in value.shape)
            losses = []
            for change in (1e-6, -1e-6):
                moved = {key: v.copy() for key, v in self.w.items()}
                moved[name][place] += change
                losses.append(objective(forward(moved, inputs, targets, noise, dropout), weight, self.s["free_bits"]))
            slope = (losses[0] - losses[1]) / 2e-6
            assert abs(slope - gradient[name][place]) < 1e-7, (name, slope, gradient[name][place])

    def validate(self, w):
        targets, inputs = self.batch(self.held, "evaluation_binarization")
        found = forward(w, inputs, targets, self.noise(self.held, "evaluation"))
        return found["reconstruction"].mean(), found["kl"].sum(1).mean()

    def run(self):
        rows, best, model = [], np.inf, None
        for epoch in range(self.s["epochs"]):
            count, sums = len(self.trained), np.zeros(2)
            order = [self.trained[i] for i in permutation(count, self.s["seed"], "order", epoch=epoch)]
            for start in range(0, count, self.s["batch_size"]):
                part = order[start : start + self.s["batch_size"]]
                sums += self.step(part, epoch, epoch + (start + len(part) / 2) / count)
            current = self.average if self.s["average_decay"] else self.w
            train, held = sums / count, self.validate(current)
            rows.append([*map(float, [sum(train), *train, sum(held), *held, learning_rate(self.s, epoch + 1)])])
            if sum(held) < best:
                best, best_epoch = sum(held), epoch + 1
                model = {name: value.copy() for name, value in current.items()}
        return rows, best_epoch, model


def rounded(weights):
    """Enough digits for a comparison in float32."""
    return {name: [float(f"{x:.9g}") for x in value.reshape(-1)] for name, value in weights.items()}


def main():
    default = Path(__file__).resolve().parent.parent / "SelvaTests" / "Fixtures" / "training-run.json"
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    cases = []
    for name, changes in CASES.items():
        s = BASE | changes
        run = Run(s)
        rows, best_epoch, model = run.run()
        print(name, "best epoch", best_epoch, "of", s["epochs"], "norms", np.round(run.norms, 2))
        for row in rows:
            print("   ", np.round(row, 5))
        case = dict(
            name=name, settings=s, validation_indices=run.held, rows=rows, best_epoch=best_epoch,
            model=rounded(model), last=rounded(run.w))
        cases.append(case)
    assert any(case["best_epoch"] < case["settings"]["epochs"] for case in cases)
    content = dict(height=HEIGHT, width=WIDTH, hidden=HIDDEN, latent=LATENT, images=images().reshape(-1).tolist())
    text = json.dumps(content | dict(cases=cases), separators=(",", ":"))
    path.write_text(text + "\n")


if __name__ == "__main__":
    main()
