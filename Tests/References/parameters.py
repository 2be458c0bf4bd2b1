"""Random parameters of small models, under the names that a Selva model file has.

All are drawn in float32, so that a float32 program starts from the very same numbers, and returned as float64.
"""

import numpy as np
import selva_vae
import torch
from selva_vae import halves

LAYERS = "decoder.recurrent.{}.bias"
BUFFERS = ("input.mean", "input.standard_deviation")
# Where pseudo-inputs lie that are not inside (0, 1): both bounds, and beyond them.
AWKWARD_INPUTS = (0.0, 1.0, -0.25, 1.25)


def single(rng, shape, deviation):
    """Normal numbers that are exactly representable in float32, as float64."""
    return torch.from_numpy((deviation * rng.standard_normal(shape)).astype(np.float32)).double()


def add_layers(shapes, prefix, widths):
    for i, (fan_in, fan_out) in enumerate(zip(widths, widths[1:])):
        shapes[f"{prefix}.layers.{i}"] = (fan_out, fan_in)


def draw_layers(rng, shapes):
    """Weights and biases of dense layers, by the layers' names and shapes."""
    parameters = {}
    for name, (fan_out, fan_in) in shapes.items():
        parameters[name + ".weight"] = single(rng, (fan_out, fan_in), fan_in**-0.5)
        parameters[name + ".bias"] = single(rng, (fan_out,), 0.3)
    return parameters


def make_parameters(rng, pixels, hidden, latent):
    """Encoder, mirrored decoder and the input's statistics."""
    shapes = {}
    add_layers(shapes, "encoder", [pixels, *hidden])
    shapes["encoder.mean"] = shapes["encoder.log_variance"] = (latent, [pixels, *hidden][-1])
    add_layers(shapes, "decoder", [latent, *reversed(hidden)])
    shapes["decoder.output"] = (pixels, [latent, *reversed(hidden)][-1])
    parameters = draw_layers(rng, shapes)
    parameters["input.mean"] = 0.4 + 0.125 * torch.arange(pixels).double().remainder(4)
    parameters["input.standard_deviation"] = 0.25 + 0.0625 * torch.arange(pixels).double().remainder(3)
    return {name: tensor.float().double() for name, tensor in parameters.items()}


def add_stages(shapes, side, image, channels, kernel, blocks):
    """Names and shapes of the convolutions of `side`; → what the last of its maps holds."""
    height, width, above = image
    for stage, small in enumerate(channels):
        height, width = -(-height // 2), -(-width // 2)
        name = "decoder.output" if side == "decoder" and stage == 0 else f"{side}.stages.{stage}"
        shapes[name] = (small, kernel, kernel, above)
        for block in range(blocks):
            for place in ("first", "second"):
                shapes[f"{side}.stages.{stage}.blocks.{block}.{place}"] = (small, 3, 3, small)
        above = small
    return height * width * above


def make_convolutions(rng, image, channels, kernel, blocks, hidden, latent):
    """As `make_parameters`, with convolutions; the input's statistics have the shape of an image."""
    dense, convolutions = {}, {}
    features = add_stages(convolutions, "encoder", image, channels, kernel, blocks)
    add_stages(convolutions, "decoder", image, channels, kernel, blocks)
    add_layers(dense, "encoder", [features, *hidden])
    dense["encoder.mean"] = dense["encoder.log_variance"] = (latent, [features, *hidden][-1])
    add_layers(dense, "decoder", [latent, *reversed(hidden), features])
    parameters = draw_layers(rng, dense)
    for name, shape in convolutions.items():
        is_transposed = name.startswith("decoder") and ".blocks." not in name
        fan_in = shape[0] * kernel**2 / 4 if is_transposed else shape[1] * shape[2] * shape[3]
        parameters[name + ".weight"] = single(rng, shape, fan_in**-0.5)
        parameters[name + ".bias"] = single(rng, (shape[3] if is_transposed else shape[0],), 0.3)
    pixels = image[0] * image[1] * image[2]
    parameters["input.mean"] = 0.4 + 0.125 * torch.arange(pixels).double().remainder(4).view(image)
    parameters["input.standard_deviation"] = 0.25 + 0.0625 * torch.arange(pixels).double().remainder(3).view(image)
    return {name: tensor.float().double() for name, tensor in parameters.items()}


def make_recurrent(rng, image, units, hidden, latent):
    """As `make_parameters`, with recurrent layers over the rows of images."""
    features = image[1] * image[2]
    dense = {}
    add_layers(dense, "encoder", [units[-1], *hidden])
    dense["encoder.mean"] = dense["encoder.log_variance"] = (latent, [units[-1], *hidden][-1])
    add_layers(dense, "decoder", [latent, *reversed(hidden)])
    dense["decoder.output"] = (features, units[0])
    top = [latent, *reversed(hidden)][-1]
    for layer, width in enumerate(units):
        dense[f"encoder.recurrent.{layer}"] = (width, units[layer - 1] if layer > 0 else features)
        dense[f"decoder.recurrent.{layer}"] = (width, units[layer + 1] if layer + 1 < len(units) else top)
    parameters = draw_layers(rng, dense)
    for side in ("encoder", "decoder"):
        for layer, width in enumerate(units):
            parameters[f"{side}.recurrent.{layer}.state_weight"] = single(rng, (width, width), width**-0.5)
    pixels = image[0] * features
    parameters["input.mean"] = 0.4 + 0.125 * torch.arange(pixels).double().remainder(4).view(image)
    parameters["input.standard_deviation"] = 0.25 + 0.0625 * torch.arange(pixels).double().remainder(3).view(image)
    return {name: tensor.float().double() for name, tensor in parameters.items()}


def pseudo_inputs(rng, count, pixels):
    """A fifth of them inside (0, 1), a fifth at each of the awkward places."""
    inside = rng.uniform(0.0625, 0.9375, (count, pixels)).astype(np.float32)
    place = rng.permutation(count * pixels).reshape(count, pixels) % (len(AWKWARD_INPUTS) + 1)
    values = np.choose(place, [*AWKWARD_INPUTS, inside])
    return torch.from_numpy(values).double()


def make_flow(rng, count, hidden, latent):
    shapes = {}
    for n in range(count):
        read, changed = (len(range(latent)[part]) for part in halves(n))
        add_layers(shapes, f"prior.couplings.{n}", [read, *hidden])
        for head in ("scale", "shift"):
            shapes[f"prior.couplings.{n}.{head}"] = (changed, [read, *hidden][-1])
    found = draw_layers(rng, shapes)
    # A stack of couplings magnifies what goes through it: at full size a single row would drown all others.
    return {name: 0.5 * tensor if "layers" not in name else tensor for name, tensor in found.items()}


def make_prior(rng, prior, hidden, pixels, latent):
    """The tensors of "mixture:K", "vamp:K" or "flow:N"; none for "normal". `hidden`: the widths in a coupling."""
    if prior == "normal":
        return {}
    kind, count = prior.split(":")
    count = int(count)
    if kind == "flow":
        return make_flow(rng, count, hidden, latent)
    if kind == "mixture":
        found = {"prior.means": single(rng, (count, latent), 1.0)}
        found["prior.log_variances"] = single(rng, (count, latent), 0.5)
    else:
        found = {"prior.pseudo_inputs": pseudo_inputs(rng, count, pixels)}
    return found | {"prior.logits": single(rng, (count,), 0.7)}


def make_label_biases(rng, classes, parameters):
    """What is added to each network's first layer, a row for each class."""
    widths = {}
    for side, last in (("encoder", ("mean", "log_variance")), ("decoder", ("output",))):
        first = ("layers.0",) if f"{side}.layers.0.bias" in parameters else last
        if side == "decoder" and first == last and "decoder.recurrent.0.bias" in parameters:
            first = (f"recurrent.{selva_vae.count(parameters, LAYERS) - 1}",)
        widths[side] = sum(len(parameters[f"{side}.{name}.bias"]) for name in first)
    return {f"{side}.label_bias": single(rng, (classes, width), 0.7) for side, width in widths.items()}
