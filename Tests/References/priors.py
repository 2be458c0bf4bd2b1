"""Densities over latent vectors beside N(0, I), in plain PyTorch, written from the papers: log p(z) in nats.

    from priors import log_prior
    log_prior(parameters, "flow:6", "selu", z)     # z [..., latent] → [...]

`parameters` maps names to tensors, of the dtype that is to be computed in. A prior is named "normal", "mixture:K",
"vamp:K" or "flow:N", and has these tensors:

    mixture   prior.means, prior.log_variances [K, latent], prior.logits [K]
    vamp      prior.pseudo_inputs [K, pixels], prior.logits [K] (Tomczak & Welling 2018); its Gaussians are what the
              encoder, without any label, makes of the pseudo-inputs held in [0, 1]
    flow      prior.couplings.N.layers.M.{weight,bias}, prior.couplings.N.{scale,shift}.{weight,bias}: affine couplings
              (Dinh et al. 2017) that lead from z to a standard normal u, each with a dense network of its own
"""

import torch
from networks import affine, encode, hidden_layers, log_normal

# No log σ² of q(z | x) is taken to be more, so that σ² is finite in float32.
LARGEST_LOG_VARIANCE = 40


class HeldInUnit(torch.autograd.Function):
    """clamp(u, 0, 1) for what descent learns.

    clamp's own gradient is nothing outside [0, 1], and whatever came to lie there would stay. This one stops only
    what would lead a value at a bound or beyond it further out.
    """

    @staticmethod
    def forward(context, u):
        context.save_for_backward(u)
        return u.clamp(0, 1)

    @staticmethod
    def backward(context, gradient):
        (u,) = context.saved_tensors
        outward = ((u <= 0) & (gradient > 0)) | ((u >= 1) & (gradient < 0))
        return gradient.masked_fill(outward, 0)


def log_mixture(z, means, log_variances, logits):
    """log Σ w_k N(z; m_k, exp(lv_k)), w = softmax(logits). z [..., latent] → [...]."""
    log_components = log_normal(z[..., None, :], means, log_variances).sum(-1)
    return torch.logsumexp(torch.log_softmax(logits, 0) + log_components, -1)


def vamp_components(parameters, activation):
    """Means and log variances of the Gaussians that the pseudo-inputs stand for, each [K, latent]."""
    mean, log_variance = encode(parameters, HeldInUnit.apply(parameters["prior.pseudo_inputs"]), activation)
    return mean, log_variance.clamp(max=LARGEST_LOG_VARIANCE)


def mixture_components(parameters, prior, activation):
    """Means and log variances of a mixture's or vamp's Gaussians, each [K, latent]."""
    if prior.startswith("vamp"):
        return vamp_components(parameters, activation)
    return parameters["prior.means"], parameters["prior.log_variances"]


def halves(n):
    """The components that coupling n reads, and those that it changes, as slices."""
    even, odd = slice(0, None, 2), slice(1, None, 2)
    return (even, odd) if n % 2 == 0 else (odd, even)


def coupling(parameters, n, read, activation):
    """s and shift of coupling n for the components `read` [..., |a|], each [..., |b|]; |s| < 2."""
    h = hidden_layers(parameters, f"prior.couplings.{n}", read, activation)
    scale, shift = (affine(parameters, f"prior.couplings.{n}.{head}", h) for head in ("scale", "shift"))
    return 2 * torch.tanh(scale / 2), shift


def coupling_count(parameters):
    n = 0
    while f"prior.couplings.{n}.scale.weight" in parameters:
        n += 1
    return n


def flow_forward(parameters, z, activation):
    """z [..., latent] → u = f(z) and log |det ∂u/∂z| [...]."""
    u, log_determinant = z, torch.zeros_like(z[..., 0])
    for n in range(coupling_count(parameters)):
        read, changed = halves(n)
        s, shift = coupling(parameters, n, u[..., read], activation)
        moved = u[..., changed] * s.exp() + shift
        u = u.clone()
        u[..., changed] = moved
        log_determinant = log_determinant + s.sum(-1)
    return u, log_determinant


def flow_inverse(parameters, u, activation):
    """u [..., latent] → the z that `flow_forward` takes there."""
    z = u
    for n in reversed(range(coupling_count(parameters))):
        read, changed = halves(n)
        s, shift = coupling(parameters, n, z[..., read], activation)
        moved = (z[..., changed] - shift) * (-s).exp()
        z = z.clone()
        z[..., changed] = moved
    return z


def log_standard_normal(z):
    return log_normal(z, torch.zeros_like(z), torch.zeros_like(z)).sum(-1)


def log_prior(parameters, prior, activation, z):
    """log p(z): [...]."""
    kind = prior.split(":")[0]
    if kind == "normal":
        return log_standard_normal(z)
    if kind in ("mixture", "vamp"):
        return log_mixture(z, *mixture_components(parameters, prior, activation), parameters["prior.logits"])
    if kind == "flow":
        u, log_determinant = flow_forward(parameters, z, activation)
        return log_standard_normal(u) + log_determinant
    raise ValueError(f"unknown prior {prior}")


def draw(parameters, prior, activation, count, latent):
    """`count` latent vectors from the prior: [count, latent]."""
    noise = torch.randn(count, latent, dtype=parameters["encoder.mean.bias"].dtype)
    kind = prior.split(":")[0]
    if kind == "normal":
        return noise
    if kind == "flow":
        return flow_inverse(parameters, noise, activation)
    means, log_variances = mixture_components(parameters, prior, activation)
    chosen = torch.multinomial(torch.softmax(parameters["prior.logits"], 0), count, replacement=True)
    return means[chosen] + torch.exp(0.5 * log_variances[chosen]) * noise
