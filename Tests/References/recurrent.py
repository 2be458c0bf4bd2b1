"""The recurrent layers of a Selva model in plain PyTorch.

h_t = f(W_x·x_t + W_h·h_{t−1} + b) from h_0 = 0 on, with `name.weight` W_x [units, inputs], `name.state_weight` W_h [units,
units] and `name.bias`. The encoder reads an image row by row and hands on the last state of its last layer; the decoder
reads the same at every step and writes a row from each state of its last layer, by `decoder.output`.
"""

import torch
import torch.nn.functional as F


def layer_count(parameters):
    count = 0
    while f"encoder.recurrent.{count}.weight" in parameters:
        count += 1
    return count


def run_layer(parameters, name, inputs, activation, watch=None, first=None):
    """inputs [rows, inputs] of each step → states [rows, units] of each step. `first` is added before the activation."""
    bias, state_weight = parameters[name + ".bias"], parameters[name + ".state_weight"]
    state, states = torch.zeros(len(inputs[0]), len(bias), dtype=bias.dtype), []
    for x in inputs:
        before = F.linear(x, parameters[name + ".weight"], bias) + F.linear(state, state_weight)
        if first is not None:
            before = before + first
        if watch is not None:
            watch.append(before)
        state = activation(before)
        states.append(state)
    return states


def encoder_steps(parameters, x, activation, watch=None):
    """x [rows, pixels] → what the dense layers read [rows, units]; x itself where the model has no recurrent layers."""
    if layer_count(parameters) == 0:
        return x
    steps = x.split(parameters["encoder.recurrent.0.weight"].shape[1], 1)
    for layer in range(layer_count(parameters)):
        steps = run_layer(parameters, f"encoder.recurrent.{layer}", steps, activation, watch)
    return steps[-1]


def decoder_steps(parameters, h, pixels, activation, watch=None, first=None):
    """What the last dense layer gives, or z [rows, …] → the decoder's output [rows, pixels]."""
    weight, bias = parameters["decoder.output.weight"], parameters["decoder.output.bias"]
    steps = [h] * (pixels // len(bias))
    for layer in reversed(range(layer_count(parameters))):
        steps = run_layer(parameters, f"decoder.recurrent.{layer}", steps, activation, watch, first)
        first = None
    return torch.cat([F.linear(state, weight, bias) for state in steps], 1)
