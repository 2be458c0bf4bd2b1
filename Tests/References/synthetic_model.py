"""Writes a model file of any kind with random weights, to try what reads models.

    python Tests/References/synthetic_model.py OUTPUT [--prior vamp:500] [--prior-hidden 256,256] [--labels 0,3,7]
        [--size 28x28] [--channels 1] [--hidden 400] [--latent 20] [--activation selu] [--likelihood bernoulli] [--seed 0]

The file has the tensors and the settings (metadata "selva") that `selva train` would write, but no checksum and no
training settings. Needs torch, numpy and safetensors.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from fixtures import save_fixture
from parameters import make_label_biases, make_parameters, make_prior
from selva_vae import ACTIVATIONS


def numbers(text):
    return [] if text in ("", "none") else [int(part) for part in text.split(",")]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path)
    parser.add_argument("--prior", default="normal")
    parser.add_argument("--prior-hidden", type=numbers, default=[256, 256], help="of a flow's couplings")
    parser.add_argument("--labels", type=numbers, default=[])
    parser.add_argument("--size", default="28x28", help="height x width")
    parser.add_argument("--channels", type=int, choices=[1, 3], default=1)
    parser.add_argument("--hidden", type=numbers, default=[400])
    parser.add_argument("--latent", type=int, default=20)
    parser.add_argument("--activation", choices=list(ACTIVATIONS), default="selu")
    parser.add_argument("--likelihood", default="bernoulli")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def settings_of(arguments):
    height, width = map(int, arguments.size.split("x"))
    settings = {"format": 1, "height": height, "width": width, "latent": arguments.latent, "sigma": 0.1}
    settings |= {"hidden": arguments.hidden, "decoder_hidden": arguments.hidden[::-1]}
    settings |= {"activation": arguments.activation, "likelihood": arguments.likelihood}
    if arguments.prior != "normal":
        settings["prior"] = arguments.prior
    if arguments.prior.startswith("flow"):
        settings["prior_hidden"] = arguments.prior_hidden
    if arguments.labels:
        settings["labels"] = arguments.labels
    if arguments.channels > 1 or arguments.likelihood == "discretized-logistic":
        later = {"format": 3, "prior": "normal", "prior_hidden": arguments.prior_hidden, "labels": []}
        settings = later | settings | {"format": 3, "channels": arguments.channels}
    return settings


def tensors_of(settings, seed):
    rng = np.random.default_rng(seed)
    channels = settings.get("channels", 1)
    pixels, latent = settings["height"] * settings["width"] * channels, settings["latent"]
    tensors = make_parameters(rng, pixels, settings["hidden"], latent)
    tensors |= make_prior(rng, settings.get("prior", "normal"), settings.get("prior_hidden", []), pixels, latent)
    if settings["likelihood"] == "gaussian-learned":
        tensors["decoder.log_variance"] = torch.full([channels], -1.25)
    if settings["likelihood"] == "discretized-logistic":
        tensors["decoder.log_scale"] = torch.full([channels], -2.5)
    if settings.get("labels"):
        tensors |= make_label_biases(rng, len(settings["labels"]), tensors)
    return {name: tensor.float().contiguous() for name, tensor in tensors.items()}


def main():
    arguments = parse_arguments()
    settings = settings_of(arguments)
    text = json.dumps(settings, sort_keys=True, separators=(",", ":"))
    save_fixture(tensors_of(settings, arguments.seed), arguments.output, {"selva": text})


if __name__ == "__main__":
    main()
