"""Reads a Selva model the way a PyTorch user would: safetensors into `nn.Linear` layers, settings from the metadata."""

import json
import math

import torch
from objectives import ACTIVATIONS, log_continuous_constant, log_normal
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

# Selva's λ(eˣ − 1) below zero and x above; not the SELU of Klambauer et al. 2017.
SHORT_SELU_SCALE = 1.0507009873554805
# The bound that Selva puts on log σ² of q(z | x), so that float32 can hold σ².
LARGEST_LOG_VARIANCE = 40


def activation_named(name):
    if name == "short-selu":
        return lambda x: torch.where(x < 0, SHORT_SELU_SCALE * torch.expm1(x.clamp(max=0)), x)
    return ACTIVATIONS[name]


def linear(tensors, name, dtype):
    """An `nn.Linear` with the weight [out, in] and bias [out] called `name`."""
    weight = tensors[name + ".weight"]
    layer = nn.Linear(weight.shape[1], weight.shape[0], dtype=dtype)
    layer.load_state_dict({"weight": weight.to(dtype), "bias": tensors[name + ".bias"].to(dtype)})
    return layer.requires_grad_(False)


class Model:
    """Encoder and decoder of a model file; computes in `dtype`."""

    def __init__(self, path, dtype=torch.float32):
        tensors = load_file(path)
        with safe_open(path, "pt") as file:
            self.settings = json.loads(file.metadata()["selva"])
        self.activation = activation_named(self.settings["activation"])
        stack = lambda side, widths: [linear(tensors, f"{side}.layers.{i}", dtype) for i in range(len(widths))]
        self.encoder = stack("encoder", self.settings["hidden"])
        self.decoder = stack("decoder", self.settings["decoder_hidden"])
        self.mean, self.log_variance = (linear(tensors, f"encoder.{n}", dtype) for n in ("mean", "log_variance"))
        self.output = linear(tensors, "decoder.output", dtype)
        self.input_mean = tensors["input.mean"].to(dtype)
        self.input_deviation = tensors["input.standard_deviation"].to(dtype)
        # log σ² of a Gaussian: the learned one where there is one.
        fixed = torch.tensor([2 * math.log(self.settings["sigma"])])
        self.pixel_log_variance = tensors.get("decoder.log_variance", fixed).to(dtype)

    def encode(self, x):
        """x [images, pixels] in [0, 1] → mean, log variance (40 at most), each [images, latent]."""
        h = (x - self.input_mean) / self.input_deviation
        for layer in self.encoder:
            h = self.activation(layer(h))
        return self.mean(h), self.log_variance(h).clamp(max=LARGEST_LOG_VARIANCE)

    def decode(self, z):
        """z [..., latent] → the decoder's output [..., pixels]: logits, or means for a Gaussian."""
        for layer in self.decoder:
            z = self.activation(layer(z))
        return self.output(z)

    def pixels(self, z):
        """z [..., latent] → grey values in [0, 1]."""
        output = self.decode(z)
        return output.clamp(0, 1) if self.settings["likelihood"].startswith("gaussian") else output.sigmoid()

    def log_likelihood(self, x, z):
        """log p(x | z) in nats, summed over pixels: [...]. x broadcasts against z."""
        output = self.decode(z)
        if self.settings["likelihood"].startswith("gaussian"):
            return log_normal(x, output, self.pixel_log_variance).sum(-1)
        log_p = x * output - nn.functional.softplus(output)
        if self.settings["likelihood"] == "continuous-bernoulli":
            log_p = log_p + log_continuous_constant(output)
        return log_p.sum(-1)
