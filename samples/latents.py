#!/usr/bin/env python3
"""Digits on request from a model that was never told the classes: fit a normal distribution to the latent vectors of
each class, draw from it, and decode. Latent vectors go to NumPy and come back as .npy files.

    samples/latents.py [MODEL]        needs NumPy, and the program that `swift build -c release` makes
"""

import gzip
import os
import pathlib
import subprocess
import sys

import numpy as np

root = pathlib.Path(__file__).resolve().parent.parent
selva = root / ".build/release/selva"
# As in common.sh: a trial leaves the pictures that are kept alone.
trial = os.environ.get("SAMPLES_TRIAL")
runs, pictures = (f"{trial or 'runs'}/samples", f"{trial or 'samples'}/pictures")
model = sys.argv[1] if len(sys.argv) > 1 else f"{runs}/digits"
if not selva.exists() or not (root / model).exists():
    sys.exit(f"{model}: cannot be used; run samples/train-and-sample.sh first, which builds Selva and trains a model")


def run(*arguments):
    subprocess.run([selva, *arguments], cwd=root, check=True)


run("encode", model, "--data", "data", "--part", "train", "-o", f"{runs}/latents.npy")
latents = np.load(root / runs / "latents.npy")  # float32 [images, latent]
with gzip.open(root / "data/train-labels-idx1-ubyte.gz") as file:
    labels = np.frombuffer(file.read(), np.uint8, offset=8)  # after the magic number and the one size

random = np.random.default_rng(0)
rows = []
for digit in range(10):
    own = latents[labels == digit]
    mean, covariance = own.mean(axis=0), np.cov(own, rowvar=False)
    rows += [mean[None], random.multivariate_normal(mean, covariance, 15)]
np.save(root / runs / "requested.npy", np.concatenate(rows).astype(np.float32))
run("decode", f"{runs}/requested.npy", model, "--columns", "16", "-o", f"{pictures}/requested.png")
