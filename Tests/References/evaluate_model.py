"""Evaluates a Selva model in PyTorch, to stand beside `selva evaluate`: −ELBO and, by importance sampling, −log p(x).

    python Tests/References/evaluate_model.py MODEL IMAGES [--importance-samples 5000] [--binarize stochastic]
        [--limit 1000] [--seed 0] [--labels FILE]

IMAGES is an IDX file of bytes, plain or gzip, in colour with the channels first or last; --labels, of as many labels, is for a model that was trained with them.
The model may have any prior: where it is not N(0, I), `kl` is log q(z|x) − log p(z) of one draw of z an image. Pixels are divided by 255, then taken as they are, drawn once as 0 or 1
(stochastic) or cut at one half (threshold). Prints one JSON object: `loss`, `reconstruction`, `kl`, `nll` (all nats per
image, in float64 sums of float32 products) with their standard errors over images, and `bits_per_dimension`, under the names that
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
from objectives import kl_components
from selva_vae import VAE, log_normal

ROWS = 10_000  # rows of z decoded at once: bounds the memory


def read_bytes(path, least_rank):
    """The values of an IDX file of bytes, [count, all else], channels last where the file has them first."""
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    rank = content[3]
    if content[:3] != b"\0\0\x08" or rank < least_rank:
        raise SystemExit(f"{path}: not an IDX file of bytes of {least_rank} dimensions or more")
    shape = [int.from_bytes(content[4 + 4 * i : 8 + 4 * i], "big") for i in range(rank)]
    values = np.frombuffer(content, np.uint8, math.prod(shape), offset=4 + 4 * rank).reshape(shape)
    if rank == 4 and shape[3] not in (1, 3):
        values = values.transpose(0, 2, 3, 1)
    return values.reshape(shape[0], -1)


def read_images(path, limit):
    """[images, pixels] float32 in [0, 1]."""
    return torch.from_numpy(read_bytes(path, 2)[:limit].astype(np.float32) / 255)


def read_labels(model, path, count):
    """The first `count` labels, [count]; None for a model without labels."""
    if bool(model.labels) != (path is not None):
        raise SystemExit("--labels is for a model with labels, and such a model needs it")
    if path is None:
        return None
    values = read_bytes(path, 1)[:, 0].tolist()
    if len(values) < count:
        raise SystemExit(f"{path}: {len(values)} labels for {count} images")
    labels = torch.tensor(values[:count])
    try:
        model.classes(labels, labels.shape)
    except ValueError as error:
        raise SystemExit(f"{path}: {error}") from None
    return labels


def binarized(x, how):
    if how == "stochastic":
        return torch.bernoulli(x)
    return (x > 0.5).float() if how == "threshold" else x


def sample_terms(model, x, labels, mean, log_variance, k):
    """k draws of z for each image → log p(x|z), and log p(z) − log q(z|x), both [images, k] float64."""
    z = mean + torch.exp(0.5 * log_variance) * torch.randn(k, *mean.shape)
    log_p = model.log_likelihood(x, z, labels)
    log_q = log_normal(z, mean, log_variance).sum(-1)
    return log_p.double().T, (model.log_prior(z) - log_q).double().T


def elbo_terms(model, x, labels):
    """Reconstruction and KL divergence of each image, one draw of z: [images] float64."""
    mean, log_variance = model.encode(x, labels)
    log_p, log_ratio = sample_terms(model, x, labels, mean, log_variance, 1)
    sampled = -log_ratio[:, 0]
    kl = kl_components(mean, log_variance).sum(-1).double() if model.prior_name == "normal" else sampled
    return -log_p[:, 0], kl


def importance_nll(model, x, labels, k):
    """−log (1/k) Σ w of each image: [images] float64."""
    mean, log_variance = model.encode(x, labels)
    parts = []
    step = min(k, 1000)
    for rows in torch.arange(len(x)).split(max(1, ROWS // step)):
        of_rows = x[rows], None if labels is None else labels[rows], mean[rows], log_variance[rows]
        counts = [min(step, k - start) for start in range(0, k, step)]
        log_weights = [sum(sample_terms(model, *of_rows, count)) for count in counts]
        parts.append(math.log(k) - torch.logsumexp(torch.cat(log_weights, 1), 1))
    return torch.cat(parts)


def mean_and_error(values):
    return values.mean().item(), values.std().item() / math.sqrt(len(values))


def evaluate(model, grey, labels, arguments):
    losses = []
    for _ in range(arguments.repetitions):
        x = binarized(grey, arguments.binarize)
        slices = [slice(start, start + ROWS) for start in range(0, len(x), ROWS)]
        parts = [elbo_terms(model, x[rows], None if labels is None else labels[rows]) for rows in slices]
        reconstruction, kl = (torch.cat(terms) for terms in zip(*parts))
        losses.append((reconstruction + kl).mean().item())
    loss, error = mean_and_error(reconstruction + kl)
    found = {"count": len(grey), "loss": loss, "loss_standard_error": error}
    found |= {"reconstruction": reconstruction.mean().item(), "kl": kl.mean().item()}
    # A density on [0, 1] becomes the probability of one of 256 levels by that level's width.
    levels = 0 if model.settings["likelihood"] in ("bernoulli", "discretized-logistic") else 8
    found["bits_per_dimension"] = loss / (grey.shape[1] * math.log(2)) + levels
    if len(losses) > 1:
        found["loss_draw_error"] = float(np.std(losses, ddof=1))
    if arguments.importance_samples:
        found["nll"], found["nll_standard_error"] = mean_and_error(
            importance_nll(model, x, labels, arguments.importance_samples)
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
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--repetitions", type=int, default=5, help="of the ELBO, for loss_draw_error")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    with torch.inference_mode():
        model, grey = VAE.load(arguments.model), read_images(arguments.images, arguments.limit)
        found = evaluate(model, grey, read_labels(model, arguments.labels, len(grey)), arguments)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
