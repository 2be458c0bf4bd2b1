"""A Selva model in PyTorch. This file stands alone: copy it. It needs torch and safetensors, and reads every model file
that Selva writes: all networks, activations, priors, likelihoods, with labels and without.

    from selva_vae import VAE

    vae = VAE.load("runs/001/model.safetensors")
    mean, log_variance = vae.encode(images)        # [count, height, width], colour [count, height, width, 3], in [0, 1]
    pictures = vae.decode(vae.sample_prior(16))    # of the same form
    nats = vae.elbo(images)                        # [count]
    vae.log_prior(mean)                            # [count]

A model with labels takes them wherever it takes images or z, as the set has them: `vae.decode(z, labels=torch.tensor([3]))`.
`VAE` is a `torch.nn.Module` whose state has the names of the file, so that it can be trained on, moved to a GPU, and
written by `safetensors.torch.save_file(vae.state_dict(), …)`.

The functions before the class work on a dict from the file's tensor names to tensors ("p"). Weights of dense layers are
[out, in], those of convolutions [small channels, kernel, kernel, large channels], where a convolution leads from the
large map to the small one and a transposed one back. An activation is a function. `classes` are places in the model's
list of labels, [rows]; None: rows without any.
"""

import json
import math

import torch
import torch.nn.functional as F
from safetensors import safe_open
from torch import nn

LARGEST_LOG_VARIANCE = 40  # of q(z | x): σ² stays finite in float32
SHORT_SELU_SCALE = 1.0507009873554805  # of λ(eˣ − 1) below zero and x above, which is not SELU
STRIDE = 2  # of a stage's convolution; residual blocks have 1
ROW_NUMBERS = 1 << 25  # of a mixture's components for rows of z at once: bounds the memory

ACTIVATIONS = {
    "selu": F.selu,
    "relu": F.relu,
    "leaky-relu": lambda x: F.leaky_relu(x, 0.01),
    "elu": F.elu,
    "gelu": F.gelu,  # the exact one, with erf
    "silu": F.silu,
    "tanh": torch.tanh,
    "short-selu": lambda x: torch.where(x < 0, SHORT_SELU_SCALE * torch.expm1(x.clamp(max=0)), x),
}


def count(p, pattern):
    """How many there are of tensors called `pattern` with 0, 1, 2, … in it."""
    number = 0
    while pattern.format(number) in p:
        number += 1
    return number


# Layers


def affine(p, name, x):
    return F.linear(x, p[name + ".weight"], p[name + ".bias"])


def dense_layers(p, side, x, activation, first=None):
    """All hidden dense layers of `side`; `first` is added in the first one, before its activation."""
    for layer in range(count(p, side + ".layers.{}.weight")):
        x = affine(p, f"{side}.layers.{layer}", x)
        x = activation(x if layer > 0 or first is None else x + first)
    return x


def padding(side, kernel, stride):
    """Zeros before and after a side of the large map, of which the small one has ⌈side / stride⌉ positions."""
    total = max(0, (-(-side // stride) - 1) * stride + kernel - side)
    return total // 2, total - total // 2


def convolve(p, name, x, stride):
    """Maps [rows, height, width, channels]."""
    weight = p[name + ".weight"].permute(0, 3, 1, 2)
    (top, bottom), (left, right) = (padding(side, weight.shape[2], stride) for side in x.shape[1:3])
    padded = F.pad(x.permute(0, 3, 1, 2), (left, right, top, bottom))
    return F.conv2d(padded, weight, p[name + ".bias"], stride).permute(0, 2, 3, 1)


def convolve_transposed(p, name, x, height, width):
    """To a map of `height` x `width`."""
    weight = p[name + ".weight"].permute(0, 3, 1, 2)
    top, left = (padding(side, weight.shape[2], STRIDE)[0] for side in (height, width))
    large = F.conv_transpose2d(x.permute(0, 3, 1, 2), weight, p[name + ".bias"], STRIDE)
    return large[:, :, top : top + height, left : left + width].permute(0, 2, 3, 1)


def residual_blocks(p, name, x, activation):
    for block in range(count(p, name + ".blocks.{}.first.weight")):
        inner = activation(convolve(p, f"{name}.blocks.{block}.first", x, 1))
        x = x + convolve(p, f"{name}.blocks.{block}.second", inner, 1)
    return x


def recurrent_layer(p, name, steps, activation, first=None):
    """h_t = f(W_x·x_t + W_h·h_{t−1} + b) from h_0 = 0 on: what is read at each step, [rows, inputs], to the states."""
    state, states = torch.zeros_like(p[name + ".bias"]).expand(len(steps[0]), -1), []
    for x in steps:
        before = affine(p, name, x) + F.linear(state, p[name + ".state_weight"])
        state = activation(before if first is None else before + first)
        states.append(state)
    return states


# Networks


def label_bias(p, side, classes):
    return None if classes is None else p[side + ".label_bias"][classes]


def encode(p, x, image, activation, classes=None):
    """x [rows, pixels] → mean, log variance, each [rows, latent]. `image`: height, width, channels."""
    x = (x - p["input.mean"].flatten()) / p["input.standard_deviation"].flatten()
    stages, layers = count(p, "encoder.stages.{}.weight"), count(p, "encoder.recurrent.{}.weight")
    if stages > 0:
        x = x.view(-1, *image)
        for stage in range(stages):
            x = activation(convolve(p, f"encoder.stages.{stage}", x, STRIDE))
            x = residual_blocks(p, f"encoder.stages.{stage}", x, activation)
        x = x.flatten(1)
    if layers > 0:
        steps = x.chunk(image[0], 1)
        for layer in range(layers):
            steps = recurrent_layer(p, f"encoder.recurrent.{layer}", steps, activation)
        x = steps[-1]
    first = label_bias(p, "encoder", classes)
    h = dense_layers(p, "encoder", x, activation, first)
    heads = torch.cat([affine(p, "encoder.mean", h), affine(p, "encoder.log_variance", h)], -1)
    if first is not None and "encoder.layers.0.weight" not in p:
        heads = heads + first  # both heads together are the first layer
    mean, log_variance = heads.chunk(2, -1)
    return mean, log_variance


def decode(p, z, image, activation, classes=None):
    """z [rows, latent] → the decoder's output [rows, pixels]: logits, or means."""
    first = label_bias(p, "decoder", classes)
    h = dense_layers(p, "decoder", z, activation, first)
    # Without hidden layers, the next layer is the first one.
    first = None if "decoder.layers.0.weight" in p else first
    stages, layers = count(p, "encoder.stages.{}.weight"), count(p, "encoder.recurrent.{}.weight")
    if stages > 0:
        sizes = [image[:2]]
        for _ in range(stages):
            sizes.append(tuple(-(-side // STRIDE) for side in sizes[-1]))
        x = h.view(len(h), *sizes[-1], -1)
        for stage in reversed(range(stages)):
            x = residual_blocks(p, f"decoder.stages.{stage}", x, activation)
            if stage == 0:
                return convolve_transposed(p, "decoder.output", x, *image[:2]).flatten(1)
            x = activation(convolve_transposed(p, f"decoder.stages.{stage}", x, *sizes[stage]))
    if layers > 0:
        steps = [h] * image[0]
        for layer in reversed(range(layers)):
            steps = recurrent_layer(p, f"decoder.recurrent.{layer}", steps, activation, first)
            first = None
        return torch.cat([affine(p, "decoder.output", state) for state in steps], 1)
    output = affine(p, "decoder.output", h)
    return output if first is None else output + first


# Priors: "normal", "mixture:K", "vamp:K" (Tomczak & Welling 2018), "flow:N" (RealNVP, Dinh et al. 2017)


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


def log_normal(x, mean, log_variance):
    """log N(x; mean, exp(log_variance)), element by element."""
    return -0.5 * (math.log(2 * math.pi) + log_variance + (x - mean) ** 2 / log_variance.exp())


def mixture_components(p, prior, image, activation):
    """Means and log variances of a mixture's or vamp's Gaussians, each [K, latent]. Pseudo-inputs have no label."""
    if not prior.startswith("vamp"):
        return p["prior.means"], p["prior.log_variances"]
    mean, log_variance = encode(p, HeldInUnit.apply(p["prior.pseudo_inputs"]), image, activation)
    return mean, log_variance.clamp(max=LARGEST_LOG_VARIANCE)


def halves(n):
    """The components that coupling n reads, and those that it changes, as slices."""
    even, odd = slice(0, None, 2), slice(1, None, 2)
    return (even, odd) if n % 2 == 0 else (odd, even)


def coupling(p, n, read, activation):
    """s and shift of coupling n for the components `read` [..., |a|], each [..., |b|]; |s| < 2."""
    h = dense_layers(p, f"prior.couplings.{n}", read, activation)
    scale, shift = (affine(p, f"prior.couplings.{n}.{head}", h) for head in ("scale", "shift"))
    return 2 * torch.tanh(scale / 2), shift


def flow_forward(p, z, activation):
    """z [..., latent] → u ~ N(0, I) and log |det ∂u/∂z| [...]."""
    u, log_determinant = z, torch.zeros_like(z[..., 0])
    for n in range(count(p, "prior.couplings.{}.scale.weight")):
        read, changed = halves(n)
        s, shift = coupling(p, n, u[..., read], activation)
        moved = u[..., changed] * s.exp() + shift
        u = u.clone()
        u[..., changed] = moved
        log_determinant = log_determinant + s.sum(-1)
    return u, log_determinant


def flow_inverse(p, u, activation):
    """u [..., latent] → the z that `flow_forward` takes there."""
    z = u
    for n in reversed(range(count(p, "prior.couplings.{}.scale.weight"))):
        read, changed = halves(n)
        s, shift = coupling(p, n, z[..., read], activation)
        moved = (z[..., changed] - shift) * (-s).exp()
        z = z.clone()
        z[..., changed] = moved
    return z


def log_prior(p, prior, z, image, activation):
    """log p(z) in nats: z [..., latent] → [...]. `activation`: a flow's couplings', or the encoder's."""
    kind = prior.split(":")[0]
    if kind in ("mixture", "vamp"):
        means, log_variances = mixture_components(p, prior, image, activation)
        log_components = log_normal(z[..., None, :], means, log_variances).sum(-1)
        return torch.logsumexp(torch.log_softmax(p["prior.logits"], 0) + log_components, -1)
    if kind not in ("normal", "flow"):
        raise ValueError(f"unknown prior {prior}")
    u, log_determinant = flow_forward(p, z, activation)  # without couplings z itself
    return log_normal(u, torch.zeros_like(u), torch.zeros_like(u)).sum(-1) + log_determinant


def draw(p, prior, noise, image, activation, generator=None):
    """z [count, latent] of the prior from noise [count, latent] of N(0, I)."""
    if not prior.startswith(("mixture", "vamp")):
        return flow_inverse(p, noise, activation)
    means, log_variances = mixture_components(p, prior, image, activation)
    weights = torch.softmax(p["prior.logits"], 0)
    chosen = torch.multinomial(weights, len(noise), replacement=True, generator=generator)
    return means[chosen] + torch.exp(0.5 * log_variances[chosen]) * noise


# Likelihoods: log p(x | z), element by element


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
    """log P of the 8-bit level nearest to x under a logistic, in float64.

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


def log_likelihood(likelihood, output, x, spread=None):
    """`spread` [channels], which lie together in each pixel: log σ² of a Gaussian, log s of the logistic."""
    if likelihood.endswith("bernoulli"):
        pixels = x * output - F.softplus(output)
        return pixels + log_continuous_constant(output) if likelihood == "continuous-bernoulli" else pixels
    spread = spread.repeat(output.shape[-1] // len(spread))
    if likelihood.startswith("gaussian"):
        return log_normal(x, output, spread)
    if likelihood == "discretized-logistic":
        return log_discretized_logistic(x, output, spread)
    raise ValueError(f"unknown likelihood {likelihood}")


class VAE(nn.Module):
    """Encoder, decoder, prior and likelihood of a model file. `settings` is what the file says of itself: what it lacks
    is as models were before there was a choice."""

    def __init__(self, settings, tensors):
        super().__init__()
        self.settings = settings
        self.prior_name = settings.get("prior", "normal")
        self.labels = settings.get("labels") or []
        self.image = settings["height"], settings["width"], settings.get("channels", 1)
        self.activation = ACTIVATIONS[settings["activation"]]
        # A flow's couplings may have their own; a VampPrior's pseudo-inputs are read by the encoder.
        self.prior_activation = ACTIVATIONS[settings.get("prior_activation", settings["activation"])]
        for name, tensor in tensors.items():
            *path, last = name.split(".")
            module = self
            for part in path:
                if part not in module._modules:
                    module.add_module(part, nn.Module())
                module = module._modules[part]
            if path == ["input"]:
                module.register_buffer(last, tensor)
            else:
                module.register_parameter(last, nn.Parameter(tensor))

    @classmethod
    def load(cls, path, dtype=torch.float32):
        with safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name).to(dtype) for name in file.keys()}
            return cls(json.loads(file.metadata()["selva"]), tensors)

    @property
    def tensors(self):
        """All of them by the file's names."""
        return dict(self.named_parameters()) | dict(self.named_buffers())

    def classes(self, labels, shape):
        """Places of label values in the model's list; ValueError for one that it does not know."""
        if bool(self.labels) != (labels is not None):
            raise ValueError("a model with labels needs labels" if self.labels else "the model has no labels")
        if labels is None:
            return None
        known = torch.tensor(self.labels, device=self.tensors["input.mean"].device)
        same = torch.as_tensor(labels, device=known.device)[..., None] == known
        if not same.any(-1).all():
            raise ValueError(f"the model knows the labels {self.labels} alone")
        return same.long().argmax(-1).expand(shape).reshape(-1)

    def encode(self, images, labels=None):
        """Images [count, …] in [0, 1] → mean, log variance of q(z | x), each [count, latent]."""
        classes = self.classes(labels, (len(images),))
        mean, log_variance = encode(self.tensors, images.flatten(1), self.image, self.activation, classes)
        return mean, log_variance.clamp(max=LARGEST_LOG_VARIANCE)

    def output(self, z, labels=None):
        """z [..., latent] → what the likelihood is made with, [..., pixels]: logits, or means."""
        rows = z.reshape(-1, z.shape[-1])
        classes = self.classes(labels, z.shape[:-1])
        return decode(self.tensors, rows, self.image, self.activation, classes).view(*z.shape[:-1], -1)

    def decode(self, z, labels=None):
        """z [..., latent] → images [..., height, width], in colour [..., height, width, 3], in [0, 1]."""
        output = self.output(z, labels)
        pixels = output.sigmoid() if self.settings["likelihood"].endswith("bernoulli") else output.clamp(0, 1)
        return pixels.view(*z.shape[:-1], *(self.image if self.image[2] > 1 else self.image[:2]))

    def forward(self, images, labels=None):
        """Images → each as it is rebuilt from the mean of its posterior."""
        return self.decode(self.encode(images, labels)[0], labels)

    def log_prior(self, z):
        """log p(z) in nats: z [..., latent] → [...]."""
        tensors = self.tensors
        size = len(tensors.get("prior.logits", [1])) * z.shape[-1]
        rows = z.reshape(-1, z.shape[-1]).split(max(1, ROW_NUMBERS // size))
        parts = [log_prior(tensors, self.prior_name, part, self.image, self.prior_activation) for part in rows]
        return torch.cat(parts).view(z.shape[:-1])

    def sample_prior(self, count, generator=None):
        """`count` draws, [count, latent]."""
        bias = self.tensors["encoder.mean.bias"]
        noise = torch.randn(count, len(bias), dtype=bias.dtype, device=bias.device, generator=generator)
        return draw(self.tensors, self.prior_name, noise, self.image, self.prior_activation, generator)

    def log_likelihood(self, images, z, labels=None):
        """log p(x | z) in nats, summed over pixels: images [count, …], z [..., count, latent] → [..., count]."""
        output = self.output(z, labels)
        fixed = output.new_tensor([2 * math.log(self.settings["sigma"])])
        learned = (self.tensors.get(f"decoder.{name}") for name in ("log_variance", "log_scale"))
        spread = next((tensor for tensor in learned if tensor is not None), fixed)
        return log_likelihood(self.settings["likelihood"], output, images.flatten(1), spread).sum(-1)

    def elbo(self, images, labels=None):
        """The evidence lower bound of each image in nats, [count], by one draw of z; with the prior N(0, I), the KL
        divergence is exact."""
        mean, log_variance = self.encode(images, labels)
        z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        if self.prior_name == "normal":
            kl = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum(-1)
        else:
            kl = log_normal(z, mean, log_variance).sum(-1) - self.log_prior(z)
        return self.log_likelihood(images, z, labels) - kl
