"""The two networks of a variational autoencoder in plain PyTorch: dense layers, an encoder with two heads, a decoder,
and what convolutions or recurrent layers there are between the image and those.

Everything works on a dict from tensor name to tensor, with the names that a Selva model file has.
"""

import math

import torch
import torch.nn.functional as F
from convolutions import decoder_stages, encoder_stages, stage_count
from recurrent import decoder_steps, encoder_steps, layer_count

# Where λ(eˣ − 1) below zero and x above is meant; not the SELU of Klambauer et al. 2017.
SHORT_SELU_SCALE = 1.0507009873554805

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


def affine(parameters, name, x):
    return F.linear(x, parameters[name + ".weight"], parameters[name + ".bias"])


def hidden_layers(parameters, side, x, activation, watch=None, first=None):
    """All hidden layers of `side` ("encoder", "decoder", …); `watch` collects the values before activation.

    `first` [rows, outputs] is added to what the first layer gives, before its activation.
    """
    layer = 0
    while f"{side}.layers.{layer}.weight" in parameters:
        x = affine(parameters, f"{side}.layers.{layer}", x)
        if layer == 0 and first is not None:
            x = x + first
        if watch is not None:
            watch.append(x)
        x = ACTIVATIONS[activation](x)
        layer += 1
    return x


def label_rows(parameters, side, labels):
    """The rows of `side`'s label bias that belong to `labels` (class indices [rows]); None without labels."""
    return None if labels is None else parameters[side + ".label_bias"][labels]


def encode(parameters, x, activation, watch=None, labels=None):
    """x [images, pixels] → mean, log variance, each [images, latent].

    With convolutions, the input's statistics have the shape of an image, [height, width, channels].

    Without hidden layers both heads together are the first layer: a row of the label bias has the mean's part, then
    the log variance's.
    """
    mean, deviation = parameters["input.mean"], parameters["input.standard_deviation"]
    standardized = (x - mean.flatten()) / deviation.flatten()
    standardized = encoder_stages(parameters, standardized, mean.shape, ACTIVATIONS[activation], watch)
    standardized = encoder_steps(parameters, standardized, ACTIVATIONS[activation], watch)
    first = label_rows(parameters, "encoder", labels)
    h = hidden_layers(parameters, "encoder", standardized, activation, watch, first)
    mean, log_variance = affine(parameters, "encoder.mean", h), affine(parameters, "encoder.log_variance", h)
    if first is not None and "encoder.layers.0.weight" not in parameters:
        mean, log_variance = mean + first.chunk(2, -1)[0], log_variance + first.chunk(2, -1)[1]
    return mean, log_variance


def decode(parameters, z, activation, watch=None, labels=None):
    """z [rows, latent] → the decoder's output before any sigmoid [rows, pixels]."""
    first = label_rows(parameters, "decoder", labels)
    h = hidden_layers(parameters, "decoder", z, activation, watch, first)
    if stage_count(parameters) > 0:
        return decoder_stages(parameters, h, parameters["input.mean"].shape, ACTIVATIONS[activation], watch)
    if layer_count(parameters) > 0:
        if "decoder.layers.0.weight" in parameters:
            first = None
        pixels = parameters["input.mean"].numel()
        return decoder_steps(parameters, h, pixels, ACTIVATIONS[activation], watch, first)
    output = affine(parameters, "decoder.output", h)
    if first is not None and "decoder.layers.0.weight" not in parameters:
        output = output + first
    return output


def log_normal(x, mean, log_variance):
    """log N(x; mean, exp(log_variance)), element by element."""
    return -0.5 * (math.log(2 * math.pi) + log_variance + (x - mean) ** 2 / log_variance.exp())
