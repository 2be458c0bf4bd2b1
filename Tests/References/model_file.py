"""Reads a Selva model the way a PyTorch user would: safetensors into `nn.Linear` layers, settings from the metadata.

    model = Model("runs/001/model.safetensors")
    mean, log_variance = model.encode(x)
    pixels, log_p_z = model.pixels(z), model.log_prior(z)

The metadata's key "selva" is JSON. What a model has of these may be absent: `prior` ("normal", "mixture:K", "vamp:K",
"flow:N"; absent: normal), whose tensors priors.py names; `labels`, the label values that the model knows, whose places
in that list are the classes (absent or empty: none); `channels` (absent: 1), which lie together in each pixel; `network`
(absent: dense layers alone), whose `convolution` says how many channels there are after each stage, or whose `recurrent`
says how many units each layer has. A model with labels
takes class indices with every image and z.
"""

import json
import math

import torch
from convolutions import decoder_stages, encoder_stages
from networks import ACTIVATIONS, log_normal
from objectives import log_continuous_constant, log_discretized_logistic, of_values
from priors import LARGEST_LOG_VARIANCE, draw, log_prior
from recurrent import decoder_steps, encoder_steps, layer_count
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

MIXTURE_NUMBERS = 1 << 25  # of a mixture's components for rows of z at once: bounds the memory


def linear(tensors, name, dtype):
    """An `nn.Linear` with the weight [out, in] and bias [out] called `name`."""
    weight = tensors[name + ".weight"]
    layer = nn.Linear(weight.shape[1], weight.shape[0], dtype=dtype)
    layer.load_state_dict({"weight": weight.to(dtype), "bias": tensors[name + ".bias"].to(dtype)})
    return layer.requires_grad_(False)


class Model:
    """Encoder, decoder and prior of a model file; computes in `dtype`."""

    def __init__(self, path, dtype=torch.float32):
        tensors = load_file(path)
        with safe_open(path, "pt") as file:
            self.settings = json.loads(file.metadata()["selva"])
        self.prior = self.settings.get("prior", "normal")
        self.labels = self.settings.get("labels") or []
        self.activation = ACTIVATIONS[self.settings["activation"]]
        stack = lambda side, widths: [linear(tensors, f"{side}.layers.{i}", dtype) for i in range(len(widths))]
        self.encoder = stack("encoder", self.settings["hidden"])
        convolutions = self.settings.get("network", {}).get("convolution")
        # A dense layer more leads from the decoder's hidden layers to the smallest maps.
        self.decoder = stack("decoder", self.settings["decoder_hidden"] + ([0] if convolutions else []))
        self.image = self.settings["height"], self.settings["width"], self.settings.get("channels", 1)
        self.mean, self.log_variance = (linear(tensors, f"encoder.{n}", dtype) for n in ("mean", "log_variance"))
        is_dense = not convolutions and layer_count(tensors) == 0
        self.output = linear(tensors, "decoder.output", dtype) if is_dense else None
        self.tensors = {name: tensor.to(dtype) for name, tensor in tensors.items()}
        # log σ² of a Gaussian, log s of a logistic, of each channel: the learned ones where there are such.
        fixed = torch.tensor([2 * math.log(self.settings["sigma"])], dtype=dtype)
        learned = [self.tensors.get(f"decoder.{name}") for name in ("log_variance", "log_scale")]
        self.spread = next((tensor for tensor in learned if tensor is not None), fixed)

    def classes(self, values):
        """Class indices [...] of label values; ValueError for a label that the model does not know."""
        places = {value: place for place, value in enumerate(self.labels)}
        unknown = sorted(set(values) - set(places))
        if unknown:
            raise ValueError(f"the model knows the labels {self.labels}, not {unknown}")
        return torch.tensor([places[value] for value in values])

    def label_bias(self, side, classes):
        """What the first layer of `side` adds for `classes` [...]; 0 in a model without labels."""
        if bool(self.labels) != (classes is not None):
            raise ValueError("a model with labels needs classes" if self.labels else "the model has no labels")
        return 0 if classes is None else self.tensors[side + ".label_bias"][classes]

    def hidden(self, layers, x, bias):
        """`bias` is added in the first layer, before its activation; → what is left of it where there are none."""
        for layer in layers:
            x, bias = self.activation(layer(x) + bias), 0
        return x, bias

    def encode(self, x, classes=None):
        """x [images, pixels] in [0, 1] → mean, log variance (40 at most), each [images, latent]."""
        standardized = (x - self.tensors["input.mean"]) / self.tensors["input.standard_deviation"]
        features = encoder_stages(self.tensors, standardized, self.image, self.activation)
        features = encoder_steps(self.tensors, features, self.activation)
        h, bias = self.hidden(self.encoder, features, self.label_bias("encoder", classes))
        # Without hidden layers, the two heads together are the first layer.
        heads = torch.cat([self.mean(h), self.log_variance(h)], -1) + bias
        mean, log_variance = heads.chunk(2, -1)
        return mean, log_variance.clamp(max=LARGEST_LOG_VARIANCE)

    def decode(self, z, classes=None):
        """z [..., latent], classes [...] → the decoder's output [..., pixels]: logits, or means."""
        h, bias = self.hidden(self.decoder, z, self.label_bias("decoder", classes))
        if self.output:
            return self.output(h) + bias
        rows = h.reshape(-1, h.shape[-1])
        if layer_count(self.tensors) > 0:
            # Without hidden layers, the first recurrent layer has the labels' bias.
            first = bias.expand(*h.shape[:-1], -1).reshape(len(rows), -1) if torch.is_tensor(bias) else None
            pixels = math.prod(self.image)
            rows = decoder_steps(self.tensors, rows, pixels, self.activation, first=first)
        else:
            rows = decoder_stages(self.tensors, rows, self.image, self.activation)
        return rows.view(*h.shape[:-1], -1)

    def pixels(self, z, classes=None):
        """z [..., latent] → values in [0, 1]."""
        output = self.decode(z, classes)
        return output.sigmoid() if self.settings["likelihood"].endswith("bernoulli") else output.clamp(0, 1)

    def log_likelihood(self, x, z, classes=None):
        """log p(x | z) in nats, summed over pixels: [...]. x broadcasts against z."""
        output = self.decode(z, classes)
        if self.settings["likelihood"].startswith("gaussian"):
            return log_normal(x, output, of_values(self.spread, output)).sum(-1)
        if self.settings["likelihood"] == "discretized-logistic":
            return log_discretized_logistic(x, output, of_values(self.spread, output)).sum(-1)
        log_p = x * output - nn.functional.softplus(output)
        if self.settings["likelihood"] == "continuous-bernoulli":
            log_p = log_p + log_continuous_constant(output)
        return log_p.sum(-1)

    def log_prior(self, z):
        """log p(z) in nats: z [..., latent] → [...]."""
        components = len(self.tensors.get("prior.logits", [1]))
        rows = z.reshape(-1, z.shape[-1]).split(max(1, MIXTURE_NUMBERS // (components * z.shape[-1])))
        parts = [log_prior(self.tensors, self.prior, self.settings["activation"], part) for part in rows]
        return torch.cat(parts).view(z.shape[:-1])

    def sample(self, count):
        """`count` latent vectors from the prior: [count, latent]."""
        return draw(self.tensors, self.prior, self.settings["activation"], count, self.settings["latent"])
