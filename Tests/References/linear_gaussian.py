"""Makes fixtures of linear-Gaussian models, whose log p(x) is known in closed form.

    python Tests/References/linear_gaussian.py [output folder, default Tests/SelvaTests/Fixtures]

Needs torch, numpy, scipy and safetensors. The decoder's mean is W z + b with a fixed deviation, and there are no hidden
layers, so p(x) = N(b, W Wᵀ + σ² I), and the −ELBO of a linear encoder has a closed form too. Both files hold a model
(named as in a model file), `x` [16, 6], `nll` and `negative_elbo` [16], exact, per image, in nats; metadata has their
averages with 17 digits.

- `linear-gaussian-exact`: the columns of W are orthogonal and the encoder is the true posterior, so that every
  importance weight is p(x): any number of samples gives `nll`, and −ELBO = nll.
- `linear-gaussian-mean-field`: correlated posterior, wider encoder. `importance_standard_error` is the standard error
  of the averaged estimate with `importance_samples` samples an image, from the weights' exact variance (delta method).
"""

import math
import sys
from pathlib import Path

import numpy as np
import torch
from fixtures import save_fixture
from scipy.stats import multivariate_normal

PIXELS, LATENT, IMAGES, DEVIATION, SAMPLES = 6, 2, 16, 0.5, 5000


def single(array):
    """Rounded to what float32 can hold, kept in float64."""
    return np.asarray(array, dtype=np.float32).astype(np.float64)


def make_model(rng, orthogonal):
    """A decoder, and an encoder that is its true posterior or a wider one; keys as in a model file."""
    weight = rng.standard_normal((PIXELS, LATENT))
    if orthogonal:
        weight = np.linalg.qr(weight)[0] * [0.9, 0.6]
    weight, bias = single(weight), single(0.5 + 0.2 * rng.standard_normal(PIXELS))
    input_mean, input_deviation = single(np.full(PIXELS, 0.5)), single(np.full(PIXELS, 0.25))

    precision = np.eye(LATENT) + weight.T @ weight / DEVIATION**2
    # The posterior's mean is gain (x − bias); the encoder sees (x − input mean) / input deviation.
    gain = np.linalg.solve(precision, weight.T) / DEVIATION**2
    log_variance_bias = np.log(np.diag(np.linalg.inv(precision)))
    log_variance_weight = np.zeros((LATENT, PIXELS))
    if not orthogonal:
        # Wider than the posterior, for light-tailed weights, and by a little that differs from image to image.
        log_variance_bias = log_variance_bias + 0.3
        log_variance_weight = 0.02 * rng.standard_normal((LATENT, PIXELS))
    return {
        "decoder.output.weight": weight,
        "decoder.output.bias": bias,
        "encoder.mean.weight": single(gain * input_deviation),
        "encoder.mean.bias": single(gain @ (input_mean - bias)),
        "encoder.log_variance.weight": single(log_variance_weight),
        "encoder.log_variance.bias": single(log_variance_bias),
        "input.mean": input_mean,
        "input.standard_deviation": input_deviation,
    }


def encode(model, x):
    """x [images, pixels] → mean, variance [images, latent]."""
    seen = (x - model["input.mean"]) / model["input.standard_deviation"]
    head = lambda name: seen @ model[f"encoder.{name}.weight"].T + model[f"encoder.{name}.bias"]
    return head("mean"), np.exp(head("log_variance"))


def exact_nll(model, x):
    weight = model["decoder.output.weight"]
    covariance = weight @ weight.T + DEVIATION**2 * np.eye(PIXELS)
    return -multivariate_normal(model["decoder.output.bias"], covariance).logpdf(x)


def exact_negative_elbo(model, x):
    mean, variance = encode(model, x)
    weight = model["decoder.output.weight"]
    residual = x - mean @ weight.T - model["decoder.output.bias"]
    squares = (residual**2).sum(1) + variance @ (weight**2).sum(0)
    reconstruction = 0.5 * (squares / DEVIATION**2 + PIXELS * math.log(2 * math.pi * DEVIATION**2))
    return reconstruction + 0.5 * (variance + mean**2 - 1 - np.log(variance)).sum(1)


def relative_weight_variance(model, x):
    """Var(w) / E[w]² of one importance weight, per image: ∫ posterior² / q is a Gaussian integral."""
    mean, variance = encode(model, x)
    weight = model["decoder.output.weight"]
    precision = np.eye(LATENT) + weight.T @ weight / DEVIATION**2
    shift = mean - np.linalg.solve(precision, weight.T @ (x - model["decoder.output.bias"]).T).T / DEVIATION**2
    found = []
    for d, v in zip(shift, variance):
        q_precision = np.diag(1 / v)
        combined = 2 * precision - q_precision
        assert np.linalg.eigvalsh(combined).min() > 0, "the weights would have infinite variance"
        # posterior²/q ∝ exp(−½ zᵀ combined z − dᵀ q_precision z + ½ dᵀ q_precision d), z from the posterior's mean
        pull = q_precision @ d
        exponent = 0.5 * (pull @ np.linalg.solve(combined, pull) + d @ pull)
        scale = np.linalg.det(precision) / math.sqrt(np.linalg.det(q_precision) * np.linalg.det(combined))
        found.append(scale * math.exp(exponent) - 1)
    return np.array(found)


def make_fixture(folder, name, seed, orthogonal):
    rng = np.random.default_rng(seed)
    model = make_model(rng, orthogonal)
    z = rng.standard_normal((IMAGES, LATENT))
    noise = DEVIATION * rng.standard_normal((IMAGES, PIXELS))
    x = single(z @ model["decoder.output.weight"].T + model["decoder.output.bias"] + noise)
    nll, elbo = exact_nll(model, x), exact_negative_elbo(model, x)
    spread = math.sqrt(max(relative_weight_variance(model, x).sum() / SAMPLES, 0)) / IMAGES
    metadata = {
        "case": name,
        "likelihood": "gaussian-fixed",
        "standard_deviation": f"{DEVIATION:.17g}",
        "nll": f"{nll.mean():.17g}",
        "negative_elbo": f"{elbo.mean():.17g}",
        "importance_samples": str(SAMPLES),
        "importance_standard_error": f"{spread:.17g}",
    }
    arrays = model | {"x": x, "nll": nll, "negative_elbo": elbo}
    tensors = {key: torch.from_numpy(value.astype(np.float32)) for key, value in arrays.items()}
    save_fixture(tensors, folder / f"{name}.safetensors", metadata)
    print(f"{name:28s} nll {nll.mean():.6f} negative ELBO {elbo.mean():.6f} standard error {spread:.2e}")


def main():
    default = Path(__file__).resolve().parent.parent / "SelvaTests" / "Fixtures"
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    folder.mkdir(parents=True, exist_ok=True)
    make_fixture(folder, "linear-gaussian-exact", 3000, orthogonal=True)
    make_fixture(folder, "linear-gaussian-mean-field", 3001, orthogonal=False)


if __name__ == "__main__":
    main()
