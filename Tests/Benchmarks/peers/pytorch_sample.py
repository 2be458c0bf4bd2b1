"""What a PyTorch user writes to see 64 digits of a Selva model: load, decode, one PNG through PIL."""

import argparse

import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("-o", "--output", required=True)
    arguments = parser.parse_args()
    weights = load_file(arguments.model)
    affine = lambda name, x: F.linear(x, weights[name + ".weight"], weights[name + ".bias"])
    with torch.inference_mode():
        first = "decoder.layers.0" if "decoder.layers.0.weight" in weights else "decoder.output"
        x = torch.randn(64, weights[first + ".weight"].shape[1])
        layer = 0
        while f"decoder.layers.{layer}.weight" in weights:
            x = F.selu(affine(f"decoder.layers.{layer}", x))
            layer += 1
        pixels = (torch.sigmoid(affine("decoder.output", x)) * 255).round().to(torch.uint8)
        grid = pixels.view(8, 8, 28, 28).permute(0, 2, 1, 3).reshape(224, 224)
    Image.fromarray(grid.numpy()).save(arguments.output)


if __name__ == "__main__":
    main()
