"""The losses of a variational autoencoder in plain PyTorch, written from the papers, not from Selva. Networks, priors and
likelihoods are those of samples/pytorch/selva_vae.py.

Everything works on a dict from tensor name to float64 tensor, with the names that a Selva model file has.
Losses are nats, summed over pixels and latent components and averaged over images.
"""

import math

import selva_vae
import torch
from selva_vae import ACTIVATIONS, decode, encode, log_normal

LEARNED_SPREADS = {"gaussian-learned": "decoder.log_variance", "discretized-logistic": "decoder.log_scale"}


def image_of(parameters):
    """Height, width, channels: the shape of the input's statistics, where it says them."""
    shape = tuple(parameters["input.mean"].shape)
    return shape if len(shape) == 3 else (1, *shape, 1)


def watching(activation, watch):
    """The activation of this name; `watch`, if any, collects what it is given."""
    function = ACTIVATIONS[activation]
    if watch is None:
        return function

    def watched(x):
        watch.append(x)
        return function(x)

    return watched


def log_likelihood(parameters, likelihood, output, x, standard_deviation=None):
    """log p(x | z), summed over pixels: [rows]."""
    spread = parameters.get(LEARNED_SPREADS.get(likelihood))
    if standard_deviation is not None:
        spread = output.new_tensor([2 * math.log(standard_deviation)])
    return selva_vae.log_likelihood(likelihood, output, x, spread).sum(-1)


def prior_activation(case):
    """Of a flow's couplings, or of the encoder that reads pseudo-inputs."""
    return case.get("prior_activation", case["activation"])


def log_prior(parameters, case, z):
    """log p(z): [rows]."""
    activation = ACTIVATIONS[prior_activation(case)]
    return selva_vae.log_prior(parameters, case.get("prior", "normal"), z, image_of(parameters), activation)


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
    activation, image = watching(case["activation"], watch), image_of(parameters)
    output = decode(parameters, z, image, activation, None if labels is None else rows(labels))
    log_p = log_likelihood(parameters, case["likelihood"], output, rows(x), case.get("standard_deviation"))
    log_p_z = log_prior(parameters, case, z)
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
    mean, log_variance = encode(parameters, x, image_of(parameters), ACTIVATIONS[case["activation"]], labels)
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
    mean, log_variance = encode(
        parameters, x, image_of(parameters), watching(case["activation"], watch), labels)
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
