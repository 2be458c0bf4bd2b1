"""Writes the pictures that PictureReferenceTests.swift expects: latent vectors, decoded and laid out in NumPy.

    python3 Tests/References/pictures.py [output file, default Tests/SelvaTests/Fixtures/pictures.json]

Needs NumPy and SciPy. The model is that of Fixtures/activation-selu.safetensors, read here byte by byte.
"""

import json
import sys
from pathlib import Path

import numpy as np
from random_streams import normals
from scipy.spatial import geometric_slerp
from scipy.stats import norm

FIXTURES = Path(__file__).resolve().parent.parent / "SelvaTests" / "Fixtures"
HEIGHT, WIDTH, LATENT = 2, 6, 3


def tensors(path):
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header, data = json.loads(content[8 : 8 + length]), content[8 + length :]
    header.pop("__metadata__")
    return {
        name: np.frombuffer(data[slice(*entry["data_offsets"])], "<f4").reshape(entry["shape"]).astype(np.float64)
        for name, entry in header.items()
    }


def decode(w, z):
    for layer in range(2):
        s = z @ w[f"decoder.layers.{layer}.weight"].T + w[f"decoder.layers.{layer}.bias"]
        z = 1.0507009873554805 * np.where(s > 0, s, 1.6732632423543772 * np.expm1(np.minimum(s, 0)))
    pixels = 1 / (1 + np.exp(-(z @ w["decoder.output.weight"].T + w["decoder.output.bias"])))
    return np.floor(pixels * 255 + 0.5).astype(int).reshape(-1, HEIGHT, WIDTH)


def grid(cells, columns, padding=2, background=0, scale=1, group=0, gap=8):
    """Pastes cells on a sheet, wherever they belong."""
    rows = -(-len(cells) // columns)
    left = [padding + c * (WIDTH * scale + padding) + (gap * (c // group) if group else 0) for c in range(columns)]
    top = [padding + r * (HEIGHT * scale + padding) for r in range(rows)]
    sheet = np.full((top[-1] + HEIGHT * scale + padding, left[-1] + WIDTH * scale + padding), background)
    for i, cell in enumerate(cells):
        y, x = top[i // columns], left[i % columns]
        sheet[y : y + HEIGHT * scale, x : x + WIDTH * scale] = cell.repeat(scale, 0).repeat(scale, 1)
    return sheet


def slerp(a, b, t):
    na, nb = np.linalg.norm(a), np.linalg.norm(b)
    return geometric_slerp(a / na, b / nb, t) * ((1 - t) * na + t * nb)


def main():
    w = tensors(FIXTURES / "activation-selu.safetensors")
    prior = 0.75 * np.stack([normals(LATENT, 42, "latents", image=row) for row in range(5)])
    across = norm.ppf((np.arange(3) + 0.5) / 3)
    up = norm.ppf((np.arange(2) + 0.5) / 2)[::-1]
    center = np.array([0.5, -1, 0.25])
    plane = [center + x * np.array([0, 0, 1]) + y * np.array([1.0, 0, 0]) for y in up for x in across]
    lines = [center + sigma * np.eye(3)[i] for i in (2, 0) for sigma in np.linspace(-1.5, 1.5, 4)]
    a, b, c = np.array([1.0, 2, -1]), np.array([-0.5, 1, 3]), np.array([0.0, -1, 0.5])
    way = [slerp(p, q, t) for p, q in ((a, b), (b, c)) for t in (0, 0.25, 0.5, 0.75)] + [c]
    pictures = {
        "prior": (prior, dict(columns=3, padding=1, background=77)),
        "manifold": (plane, dict(columns=3)),
        "traversal": (lines, dict(columns=4, scale=2, padding=3)),
        "interpolation": (way, dict(columns=5, group=2, gap=4)),
    }
    content = {}
    for name, (z, style) in pictures.items():
        z = np.array(z, dtype=np.float32).astype(np.float64)
        sheet = grid(decode(w, z), **style)
        latents = [float(f"{value:.9g}") for value in z.reshape(-1)]
        content[name] = dict(
            latents=latents, width=sheet.shape[1], height=sheet.shape[0], pixels=sheet.reshape(-1).tolist())
        print(name, sheet.shape, "levels", sheet.min(), "to", sheet.max())
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else FIXTURES / "pictures.json"
    path.write_text(json.dumps(content, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
