"""Opens a Selva model in PyTorch and compares what it decodes with what `selva decode` wrote.

    selva decode latents.csv MODEL --output pixels.npy
    python Tests/References/check_model.py MODEL latents.csv pixels.npy [--tolerance 1e-5] [--label 7]
        [--log-prior FILE]

Latent vectors are CSV (columns z0, z1, …, others passed over; no header needed) or .npy [count, latent]; pixels are
.npy float32 [count, pixels] in [0, 1]. In place of pixels.npy a folder with `selva decode --separate FOLDER`'s PNG
files will do, which hold the pixels to 1/255 (needs pillow). A model with labels takes that of every row from --label, or else from
the CSV's column `label`. The model may have any prior; prints the mean of log p(z), and --log-prior writes log p(z) of
every row as .npy float32 [count].

Exit status: 0 they agree, 1 they differ, 2 usage. Needs torch, numpy and safetensors.
"""

import argparse
import csv
import re
import sys
from pathlib import Path

import numpy as np
import torch
from selva_vae import VAE


def read_latents(path):
    """[count, latent] float32, the columns z0, z1, … in the order of their numbers where the file has a header; and the
    column `label` as it is written, or None."""
    if path.suffix == ".npy":
        return np.load(path).astype(np.float32), None
    with path.open(newline="") as file:
        rows = [row for row in csv.reader(file) if row]
    header = {name.strip(): column for column, name in enumerate(rows[0])}
    numbered = sorted(int(name[1:]) for name in header if re.fullmatch(r"z\d+", name))
    labels = None
    if numbered:
        columns = [header[f"z{number}"] for number in numbered]
        if "label" in header:
            labels = [row[header["label"]] for row in rows[1:]]
        rows = [[row[column] for column in columns] for row in rows[1:]]
    return np.array(rows, dtype=np.float32), labels


def labels_of(model, labels, label, count):
    """The label of every row, [count]; None for a model without labels."""
    if not model.labels:
        return None
    if label is None and labels is None:
        sys.exit(f"the model knows the labels {model.labels}: name one with --label, or have a column label")
    return torch.tensor([float(value) for value in labels] if label is None else [label] * count)


def read_pixels(path):
    """[count, pixels] in [0, 1], and the largest error that writing alone may have made."""
    if not path.is_dir():
        return np.load(path), 0.0
    from PIL import Image

    pictures = [np.asarray(Image.open(file)) for file in sorted(path.glob("*.png"))]
    return np.stack(pictures).reshape(len(pictures), -1) / 255, 0.5 / 255


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("latents", type=Path)
    parser.add_argument("pixels", type=Path)
    parser.add_argument("--tolerance", type=float, default=1e-5)
    parser.add_argument("--label", type=float)
    parser.add_argument("--log-prior", type=Path)
    arguments = parser.parse_args()

    latents, labels = read_latents(arguments.latents)
    found, rounding = read_pixels(arguments.pixels)
    model = VAE.load(arguments.model).requires_grad_(False)
    if latents.ndim != 2 or latents.shape[1] != model.settings["latent"]:
        sys.exit(f"{arguments.latents}: {list(latents.shape)} for a model of {model.settings['latent']} components")
    z = torch.from_numpy(latents)
    try:
        expected = model.decode(z, labels_of(model, labels, arguments.label, len(z))).flatten(1).numpy()
    except ValueError as error:
        sys.exit(str(error))
    log_prior = model.log_prior(z).numpy()
    if arguments.log_prior:
        np.save(arguments.log_prior, log_prior)
    if found.shape != expected.shape:
        sys.exit(f"{arguments.pixels}: {list(found.shape)} where PyTorch decodes {list(expected.shape)}")
    if not np.isfinite(found).all():
        sys.exit(f"{arguments.pixels}: not all pixels are finite")
    difference = np.abs(found - expected)
    row, pixel = np.unravel_index(difference.argmax(), difference.shape)
    summary = f"{len(found)} pictures, largest difference {difference.max():.2e} (picture {row}, pixel {pixel})"
    if difference.max() > arguments.tolerance + rounding:
        sys.exit(f"{summary}: over {arguments.tolerance:.0e}")
    print(f"{summary}; mean log p(z) {log_prior.mean():.4f}")


if __name__ == "__main__":
    main()
