"""The convolutions of a Selva model in plain PyTorch.

Maps are [rows, height, width, channels]; weights have the shape that a Selva model file has, [small channels, kernel,
kernel, large channels]: [out, …, in] of a convolution, [in, …, out] of a transposed one. The small map has
⌈side / stride⌉ positions a side; what the kernel reads beyond the large map's edges is 0, half of it (rounded down)
before the map.
"""

import torch.nn.functional as F

STRIDE = 2  # of a stage's convolution; residual blocks have 1


def padding(side, kernel, stride):
    """How many pixels there are before and after a side of the large map."""
    total = max(0, (-(-side // stride) - 1) * stride + kernel - side)
    return total // 2, total - total // 2


def channels_first(x):
    return x.permute(0, 3, 1, 2)


def channels_last(x):
    return x.permute(0, 2, 3, 1)


def convolve(parameters, name, x, stride):
    weight, bias = parameters[name + ".weight"], parameters[name + ".bias"]
    (top, bottom), (left, right) = (padding(side, weight.shape[1], stride) for side in x.shape[1:3])
    padded = F.pad(channels_first(x), (left, right, top, bottom))
    return channels_last(F.conv2d(padded, channels_first(weight), bias, stride))


def convolve_transposed(parameters, name, x, height, width, stride):
    """To a map of `height` x `width`."""
    weight, bias = parameters[name + ".weight"], parameters[name + ".bias"]
    top, left = (padding(side, weight.shape[1], stride)[0] for side in (height, width))
    large = F.conv_transpose2d(channels_first(x), channels_first(weight), bias, stride)
    return channels_last(large)[:, top : top + height, left : left + width]


def residual_blocks(parameters, name, x, activation, watch):
    block = 0
    while f"{name}.blocks.{block}.first.weight" in parameters:
        inner = convolve(parameters, f"{name}.blocks.{block}.first", x, 1)
        if watch is not None:
            watch.append(inner)
        x = x + convolve(parameters, f"{name}.blocks.{block}.second", activation(inner), 1)
        block += 1
    return x


def stage_count(parameters):
    count = 0
    while f"encoder.stages.{count}.weight" in parameters:
        count += 1
    return count


def encoder_stages(parameters, x, image, activation, watch=None):
    """x [rows, pixels] → what the dense layers read [rows, …]; x itself where the model has no convolutions. `image`:
    height, width, channels."""
    if stage_count(parameters) == 0:
        return x
    x = x.view(-1, *image)
    for stage in range(stage_count(parameters)):
        x = convolve(parameters, f"encoder.stages.{stage}", x, STRIDE)
        if watch is not None:
            watch.append(x)
        x = residual_blocks(parameters, f"encoder.stages.{stage}", activation(x), activation, watch)
    return x.flatten(1)


def decoder_stages(parameters, h, image, activation, watch=None):
    """What the last dense layer gives [rows, …] → the decoder's output [rows, pixels]."""
    height, width, _ = image
    sizes = [(height, width)]
    for _ in range(stage_count(parameters)):
        sizes.append(tuple(-(-side // STRIDE) for side in sizes[-1]))
    x = h.view(len(h), *sizes[-1], -1)
    for stage in reversed(range(stage_count(parameters))):
        x = residual_blocks(parameters, f"decoder.stages.{stage}", x, activation, watch)
        name = f"decoder.stages.{stage}" if stage > 0 else "decoder.output"
        x = convolve_transposed(parameters, name, x, *sizes[stage], STRIDE)
        if stage > 0:
            if watch is not None:
                watch.append(x)
            x = activation(x)
    return x.flatten(1)
