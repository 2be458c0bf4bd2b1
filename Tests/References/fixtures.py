"""Writing of fixtures: safetensors files that come out byte for byte alike from alike numbers."""

import json

import torch
from safetensors.torch import save_file


def as_text(value):
    """A metadata value; 17 digits bring a float64 back exactly."""
    if isinstance(value, torch.Tensor):
        value = value.item()
    return f"{value:.17g}" if isinstance(value, float) else str(value)


def save_fixture(tensors, path, metadata):
    """Writes with the reference implementation, then sorts the metadata, whose order it leaves to chance."""
    save_file(tensors, path, metadata=metadata)
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    if len(text) > length:
        raise ValueError(f"{path}: the sorted header grew from {length} to {len(text)} bytes")
    path.write_bytes(content[:8] + text.ljust(length) + content[8 + length :])
