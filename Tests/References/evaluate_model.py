"""Evaluates a Selva model in PyTorch, to stand beside `selva evaluate`: −ELBO and, by importance sampling, −log p(x).

    python Tests/References/evaluate_model.py MODEL IMAGES [--importance-samples 5000] [--binarize stochastic]
        [--limit 1000] [--seed 0]

IMAGES is an IDX file of bytes, plain or gzip. Pixels are divided by 255, then taken as they are, drawn once as 0 or 1
(stochastic) or cut at one half (threshold). Prints one JSON object: `loss`, `reconstruction`, `kl`, `nll` (all nats per
image, in float64 sums of float32 products) with their standard errors over images, under the names that
`selva evaluate --json` has. On the same images the two differ only by their draws (of z, and of pixels where they are
binarized): by about √2 times `loss_draw_error`, the deviation of the loss over repetitions with new draws.
Needs torch, numpy and safetensors.
"""

import argparse
import gzip
import json
import math
from pathlib import Path

import numpy as np
import torch
from model_file import Model
from objectives import kl_components, log_normal

ROWS = 10_000  # rows of z decoded at once: bounds the memory


def read_images(path, limit):
    """[images, pixels] float32 in [0, 1]."""
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    rank = content[3]
    if content[:3] != b"\0\0\x08" or rank < 2:
        raise SystemExit(f"{path}: not an IDX file of images of bytes")
    shape = [int.from_bytes(content[4 + 4 * i : 8 + 4 * i], "big") for i in range(rank)]
    values = np.frombuffer(content, np.uint8, math.prod(shape), offset=4 + 4 * rank).reshape(shape[0], -1)
    return torch.from_numpy(values[:limit].astype(np.float32) / 255)


def binarized(x, how):
    if how == "stochastic":
        return torch.bernoulli(x)
    return (x > 0.5).float() if how == "threshold" else x


def sample_terms(model, x, mean, log_variance, k):
    """k draws of z for each image → log p(x|z), log weight log p(x|z) + log p(z) − log q(z|x): [images, k] float64."""
    z = mean[:, None] + torch.exp(0.5 * log_variance)[:, None] * torch.randn(len(x), k, mean.shape[1])
    log_p = model.log_likelihood(x[:, None], z).double()
    log_prior = log_normal(z, torch.zeros_like(z), torch.zeros_like(z)).sum(-1)
    log_q = log_normal(z, mean[:, None], log_variance[:, None]).sum(-1)
    return log_p, log_p + (log_prior - log_q).double()


def elbo_terms(model, x):
    """Reconstruction and KL divergence of each image, one draw of z: [images] float64."""
    mean, log_variance = model.encode(x)
    log_p, _ = sample_terms(model, x, mean, log_variance, 1)
    return -log_p[:, 0], kl_components(mean, log_variance).sum(-1).double()


def importance_nll(model, x, k):
    """−log (1/k) Σ w of each image: [images] float64."""
    mean, log_variance = model.encode(x)
    parts = []
    step = min(k, 1000)
    for images in torch.arange(len(x)).split(max(1, ROWS // step)):
        weights = []
        for start in range(0, k, step):
            count = min(step, k - start)
            weights.append(sample_terms(model, x[images], mean[images], log_variance[images], count)[1])
        parts.append(math.log(k) - torch.logsumexp(torch.cat(weights, 1), 1))
    return torch.cat(parts)


def mean_and_error(values):
    return values.mean().item(), values.std().item() / math.sqrt(len(values))


def evaluate(model, grey, arguments):
    losses = []
    for _ in range(arguments.repetitions):
        x = binarized(grey, arguments.binarize)
        parts = [elbo_terms(model, rows) for rows in x.split(ROWS)]
        reconstruction, kl = (torch.cat(terms) for terms in zip(*parts))
        losses.append((reconstruction + kl).mean().item())
    loss, error = mean_and_error(reconstruction + kl)
    found = {"count": len(grey), "loss": loss, "loss_standard_error": error}
    found |= {"reconstruction": reconstruction.mean().item(), "kl": kl.mean().item()}
    if len(losses) > 1:
        found["loss_draw_error"] = float(np.std(losses, ddof=1))
    if arguments.importance_samples:
        found["nll"], found["nll_standard_error"] = mean_and_error(
            importance_nll(model, x, arguments.importance_samples)
        )
        found["importance_samples"] = arguments.importance_samples
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("images", type=Path)
    parser.add_argument("--importance-samples", type=int)
    parser.add_argument("--binarize", choices=["none", "stochastic", "threshold"], default="none")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--repetitions", type=int, default=5, help="of the ELBO, for loss_draw_error")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    with torch.inference_mode():
        found = evaluate(Model(arguments.model), read_images(arguments.images, arguments.limit), arguments)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
