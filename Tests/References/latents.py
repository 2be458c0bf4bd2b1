"""Prints the numbers that LatentsTests.swift and EvaluationTests.swift expect. Needs NumPy and SciPy.

    python3 Tests/References/latents.py
"""

import numpy as np
from random_streams import normals
from scipy.special import logsumexp
from scipy.stats import norm

SEED = 5_000_000_007  # more than 32 bits


def show(name, values):
    print(f"{name}: [{', '.join(f'{v:.9g}' for v in np.asarray(values).reshape(-1))}]")


prior = np.stack([normals(5, SEED, "latents", image=row) for row in range(3)])
show("prior, 3 x 5", prior)
mean = np.array([[1.0, -2, 0.5], [0, 3, -1]])
log_variance = np.array([[0.0, -2, 1], [-4, 0.5, 2]])
noise = np.stack([normals(3, SEED, "encoding", image=number) for number in (4, 70_000)])
show("posterior of images 4 and 70000", mean + np.exp(log_variance / 2) * noise)
noise = np.stack([normals(3, SEED, "encoding", image=number) for number in (0, 1)])
show("posterior of images 0 and 1", mean + np.exp(log_variance / 2) * noise)

# Three images of two pixels, a decoder that knows nothing: each pixel costs log 2, and q(z | x) is N(mean, 1).
means = np.array([[0, 0], [1, 0.095], [2, 0.19]])
kl = 0.5 * means**2
totals = 2 * np.log(2) + kl.sum(1)
print("loss", repr(totals.mean()), "standard error", repr(totals.std(ddof=1) / np.sqrt(3)))
print("bits per dimension", repr(totals.mean() / (2 * np.log(2))), "kl", kl.mean(0).tolist())
print("variances of the means", means.var(axis=0, ddof=1))
samples, estimates = 300, []
for image, m in enumerate(means):
    z = m + np.stack([normals(2, 9, "importance", image=image, sample=s) for s in range(samples)])
    weights = norm.logpdf(z).sum(1) - norm.logpdf(z - m).sum(1) - 2 * np.log(2)
    estimates.append(np.log(samples) - logsumexp(weights))
print("nll", repr(np.mean(estimates)), "standard error", repr(np.std(estimates, ddof=1) / np.sqrt(3)))
