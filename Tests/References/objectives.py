"""The formulas of a variational autoencoder in plain PyTorch, written from the papers, not from Selva.

Everything works on a dict from tensor name to float64 tensor, with the names that a Selva model file has.
Losses are nats, summed over pixels and latent components and averaged over images.
"""

import math

import torch
import torch.nn.functional as F

ACTIVATIONS = {
    "selu": F.selu,
    "relu": F.relu,
    "leaky-relu": lambda x: F.leaky_relu(x, 0.01),
    "elu": F.elu,
    "gelu": F.gelu,  # the exact one, with erf
    "silu": F.silu,
    "tanh": torch.tanh,
}


def affine(parameters, name, x):
    return F.linear(x, parameters[name + ".weight"], parameters[name + ".bias"])


def hidden_layers(parameters, side, x, activation, watch=None):
    """All hidden layers of `side` ("encoder" or "decoder"); `watch` collects the values before activation."""
    layer = 0
    while f"{side}.layers.{layer}.weight" in parameters:
        x = affine(parameters, f"{side}.layers.{layer}", x)
        if watch is not None:
            watch.append(x)
        x = ACTIVATIONS[activation](x)
        layer += 1
    return x


def encode(parameters, x, activation, watch=None):
    """x [images, pixels] → mean, log variance, each [images, latent]."""
    standardized = (x - parameters["input.mean"]) / parameters["input.standard_deviation"]
    h = hidden_layers(parameters, "encoder", standardized, activation, watch)
    return affine(parameters, "encoder.mean", h), affine(parameters, "encoder.log_variance", h)


def decode(parameters, z, activation, watch=None):
    """z [rows, latent] → the decoder's output before any sigmoid [rows, pixels]."""
    return affine(parameters, "decoder.output", hidden_layers(parameters, "decoder", z, activation, watch))


def log_normal(x, mean, log_variance):
    """log N(x; mean, exp(log_variance)), element by element."""
    return -0.5 * (math.log(2 * math.pi) + log_variance + (x - mean) ** 2 / log_variance.exp())


def log_continuous_constant(logits):
    """log C(λ) of the continuous Bernoulli (Loaiza-Ganem & Cunningham 2019) for λ = sigmoid(logits).

    2 artanh(1 − 2λ) / (1 − 2λ) is l / tanh(l / 2), whose value and slope are 0/0 at l = 0, hence the series there.
    """
    near = logits.abs() < 0.05
    square = torch.where(near, logits, torch.zeros_like(logits)) ** 2
    series = math.log(2) + square / 12 - 7 * square**2 / 1440 + 31 * square**3 / 90720
    apart = torch.where(near, torch.ones_like(logits), logits)
    return torch.where(near, series, torch.log(apart / torch.tanh(apart / 2)))


def log_likelihood(parameters, likelihood, output, x, standard_deviation=None):
    """log p(x | z), summed over pixels: [rows]."""
    if likelihood in ("bernoulli", "continuous-bernoulli"):
        pixels = x * output - F.softplus(output)
        if likelihood == "continuous-bernoulli":
            pixels = pixels + log_continuous_constant(output)
    elif likelihood == "gaussian-fixed":
        log_variance = torch.tensor(2 * math.log(standard_deviation), dtype=output.dtype)
        pixels = log_normal(x, output, log_variance)
    elif likelihood == "gaussian-learned":
        pixels = log_normal(x, output, parameters["decoder.log_variance"])
    else:
        raise ValueError(f"unknown likelihood {likelihood}")
    return pixels.sum(-1)


def kl_components(mean, log_variance):
    """KL(q(z|x) || N(0, I)) of each latent component: [images, latent]."""
    return -0.5 * (1 + log_variance - mean**2 - log_variance.exp())


def sample_rows(mean, log_variance, epsilon, k):
    """z [images * k, latent], row = image * k + sample."""
    rows = lambda t: t.repeat_interleave(k, dim=0)
    return rows(mean) + torch.exp(0.5 * rows(log_variance)) * epsilon


def log_weights(parameters, case, x, z, mean, log_variance, k):
    """log p(x|z) + log p(z) − log q(z|x): [images, k]."""
    rows = lambda t: t.repeat_interleave(k, dim=0)
    output = decode(parameters, z, case["activation"])
    log_p = log_likelihood(parameters, case["likelihood"], output, rows(x), case.get("standard_deviation"))
    log_prior = log_normal(z, torch.zeros_like(z), torch.zeros_like(z)).sum(-1)
    log_q = log_normal(z, rows(mean), rows(log_variance)).sum(-1)
    return (log_p + log_prior - log_q).view(-1, k)


def importance_weighted_loss(log_w):
    """−log (1/k) Σ w, averaged over images (Burda et al. 2016)."""
    return -(torch.logsumexp(log_w, dim=1) - math.log(log_w.shape[1])).mean()


def doubly_reparameterized_gradients(parameters, trained, case, x, epsilon, k):
    """The DReG estimate (Tucker et al. 2019, eq. 8) of the gradient of −IWAE, by parameter name.

    The encoder learns through z alone, each sample weighted by its squared normalized weight; the decoder gets the
    gradient of the importance-weighted bound as it is.
    """
    mean, log_variance = encode(parameters, x, case["activation"])
    z = sample_rows(mean, log_variance, epsilon, k)
    log_w = log_weights(parameters, case, x, z, mean.detach(), log_variance.detach(), k)
    normalized = torch.softmax(log_w.detach(), dim=1)
    of_side = lambda side: [n for n in trained if n.startswith(side)]
    gradients = {}
    for side, weights in (("encoder", normalized**2), ("decoder", normalized)):
        names = of_side(side)
        surrogate = -(weights * log_w).sum(1).mean()
        values = torch.autograd.grad(surrogate, [parameters[n] for n in names], retain_graph=True)
        gradients.update(zip(names, values))
    return gradients


def loss_terms(parameters, case, x, epsilon, watch=None):
    """The loss of one batch and everything on the way to it, as a dict of tensors.

    `case`: activation, likelihood, objective ("elbo", "iwae", "dreg"), k, and optionally beta, free_bits and
    standard_deviation. `epsilon` [images * k, latent].
    """
    k = case["k"]
    mean, log_variance = encode(parameters, x, case["activation"], watch)
    z = sample_rows(mean, log_variance, epsilon, k)
    output = decode(parameters, z, case["activation"], watch)
    targets = x.repeat_interleave(k, dim=0)
    log_p = log_likelihood(parameters, case["likelihood"], output, targets, case.get("standard_deviation"))
    components = kl_components(mean, log_variance)
    terms = {
        "mean": mean,
        "log_variance": log_variance,
        "z": z,
        "logits": output,
        "kl_components": components.mean(0),
        "reconstruction": -log_p.mean(),
        "kl": components.sum(-1).mean(),
    }
    if case["objective"] == "elbo":
        penalty = terms["kl"]
        if "free_bits" in case:
            penalty = components.mean(0).clamp(min=case["free_bits"]).sum()
        terms["loss"] = terms["reconstruction"] + case.get("beta", 1.0) * penalty
    else:
        terms["log_weights"] = log_weights(parameters, case, x, z, mean, log_variance, k)
        terms["loss"] = importance_weighted_loss(terms["log_weights"])
    return terms
