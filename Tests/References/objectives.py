"""The formulas of a variational autoencoder in plain PyTorch, written from the papers, not from Selva.

Everything works on a dict from tensor name to float64 tensor, with the names that a Selva model file has.
Losses are nats, summed over pixels and latent components and averaged over images.
"""

import math

import torch
import torch.nn.functional as F
from networks import decode, encode, log_normal
from priors import log_prior


def log_continuous_constant(logits):
    """log C(λ) of the continuous Bernoulli (Loaiza-Ganem & Cunningham 2019) for λ = sigmoid(logits).

    2 artanh(1 − 2λ) / (1 − 2λ) is l / tanh(l / 2), whose value and slope are 0/0 at l = 0, hence the series there.
    """
    near = logits.abs() < 0.05
    square = torch.where(near, logits, torch.zeros_like(logits)) ** 2
    series = math.log(2) + square / 12 - 7 * square**2 / 1440 + 31 * square**3 / 90720
    apart = torch.where(near, torch.ones_like(logits), logits)
    return torch.where(near, series, torch.log(apart / torch.tanh(apart / 2)))


def log_discretized_logistic(x, mean, log_scale):
    """log P of the 8-bit level nearest to x under a logistic, element by element, in float64.

    Salimans et al. 2017, equations 1 and 2 with one component, on [0, 1] in place of 0 to 255. Taken in the tail that x is
    in, so that a difference of two numbers near 1 is never needed.
    """
    x, mean, log_scale = x.double(), mean.double(), log_scale.double()
    level = torch.round(x * 255)
    distance = level / 255 - mean
    side = torch.where(distance > 0, -1.0, 1.0)
    upper, lower = (torch.sigmoid(side * (distance + half) / log_scale.exp()) for half in (0.5 / 255, -0.5 / 255))
    upper = torch.where(level == 255, (side > 0).double(), upper)
    lower = torch.where(level == 0, (side < 0).double(), lower)
    return torch.log(side * (upper - lower))


def of_values(per_channel, output):
    """[channels] → [pixels]: channels lie together in each pixel."""
    return per_channel.repeat(output.shape[-1] // len(per_channel))


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
        pixels = log_normal(x, output, of_values(parameters["decoder.log_variance"], output))
    elif likelihood == "discretized-logistic":
        pixels = log_discretized_logistic(x, output, of_values(parameters["decoder.log_scale"], output))
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


def log_densities(parameters, case, x, z, mean, log_variance, labels=None, watch=None):
    """The decoder's output, log p(x|z), log p(z) and log q(z|x) for every row of z: [rows, pixels] and thrice [rows]."""
    k = len(z) // len(x)
    rows = lambda t: t.repeat_interleave(k, dim=0)
    output = decode(parameters, z, case["activation"], watch, None if labels is None else rows(labels))
    log_p = log_likelihood(parameters, case["likelihood"], output, rows(x), case.get("standard_deviation"))
    log_p_z = log_prior(parameters, case.get("prior", "normal"), case["activation"], z)
    log_q = log_normal(z, rows(mean), rows(log_variance)).sum(-1)
    return output, log_p, log_p_z, log_q


def importance_weighted_loss(log_w):
    """−log (1/k) Σ w, averaged over images (Burda et al. 2016)."""
    return -(torch.logsumexp(log_w, dim=1) - math.log(log_w.shape[1])).mean()


def doubly_reparameterized_gradients(parameters, trained, case, x, epsilon, labels=None):
    """The DReG estimate (Tucker et al. 2019, eq. 8) of the gradient of −IWAE, by parameter name.

    The encoder learns through z alone, each sample weighted by its squared normalized weight; the decoder and the
    prior get the gradient of the importance-weighted bound as it is. Where the encoder makes the prior's components, it
    gets that part of the prior's gradient too.
    """
    mean, log_variance = encode(parameters, x, case["activation"], labels=labels)
    z = sample_rows(mean, log_variance, epsilon, case["k"])

    def log_w(parameters, z):
        densities = log_densities(parameters, case, x, z, mean.detach(), log_variance.detach(), labels)
        _, log_p, log_p_z, log_q = densities
        return (log_p + log_p_z - log_q).view(-1, case["k"])

    through_z = log_w({name: tensor.detach() for name, tensor in parameters.items()}, z)
    past_z = log_w(parameters, z.detach())
    normalized = torch.softmax(past_z.detach(), dim=1)
    gradients = {name: torch.zeros_like(parameters[name]) for name in trained}
    for weights, values in ((normalized**2, through_z), (normalized, past_z)):
        surrogate = -(weights * values).sum(1).mean()
        found = torch.autograd.grad(surrogate, [parameters[n] for n in trained], allow_unused=True)
        for name, gradient in zip(trained, found):
            if gradient is not None:
                gradients[name] = gradients[name] + gradient
    return gradients


def loss_terms(parameters, case, x, epsilon, watch=None, labels=None):
    """The loss of one batch and everything on the way to it, as a dict of tensors.

    `case`: activation, likelihood, objective ("elbo", "iwae", "dreg"), k, and optionally prior, beta, free_bits (of the
    normal prior alone) and standard_deviation. `epsilon` [images * k, latent]; `labels`: class indices [images].
    """
    k = case["k"]
    mean, log_variance = encode(parameters, x, case["activation"], watch, labels)
    z = sample_rows(mean, log_variance, epsilon, k)
    output, log_p, log_p_z, log_q = log_densities(parameters, case, x, z, mean, log_variance, labels, watch)
    terms = {"mean": mean, "log_variance": log_variance, "z": z, "logits": output, "reconstruction": -log_p.mean()}
    if case.get("prior", "normal") == "normal":
        components = kl_components(mean, log_variance)
        terms |= {"kl_components": components.mean(0), "kl": components.sum(-1).mean()}
    else:
        terms["kl"] = (log_q - log_p_z).mean()
    if "prior" in case:
        terms["log_prior"] = log_p_z
    if case["objective"] == "elbo":
        penalty = terms["kl"]
        if "free_bits" in case:
            penalty = terms["kl_components"].clamp(min=case["free_bits"]).sum()
        terms["loss"] = terms["reconstruction"] + case.get("beta", 1.0) * penalty
    else:
        terms["log_weights"] = (log_p + log_p_z - log_q).view(-1, k)
        terms["loss"] = importance_weighted_loss(terms["log_weights"])
    return terms
