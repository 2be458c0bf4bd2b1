"""Prints the numbers that LatentGeometryTests.swift expects. Needs NumPy and SciPy.

    python3 latent_geometry.py
"""

import numpy as np
from scipy.stats import norm
from scipy.spatial import geometric_slerp

np.set_printoptions(precision=17)

print("normal quantiles")
LEVELS = [1e-300, 1e-20, 1e-10, 1e-5, 0.001, 0.02425, 0.07, 0.075, 0.2, 0.4999, 0.5, 0.75, 0.924, 0.93, 0.999, 1 - 2.0**-40]
for p in LEVELS:
    print(f"    ({p!r}, {float(norm.ppf(p))!r}),")
print("quantiles of 5:", norm.ppf((np.arange(5) + 0.5) / 5).tolist())

print("slerp of [1, 2, -1] and [-0.5, 1, 3] by directions, lengths changed evenly")
a, b = np.array([1.0, 2, -1]), np.array([-0.5, 1, 3])
na, nb = np.linalg.norm(a), np.linalg.norm(b)
for t in [0.25, 0.5, 0.9]:
    point = geometric_slerp(a / na, b / nb, t) * ((1 - t) * na + t * nb)
    print(f"    ({t}, {point.tolist()}),")

print("principal directions of 7 vectors of 4 components")
# Numbers from a formula, so that the test can make the same ones.
x = np.array([[((i * i * 7 + i * j * 3 + j * j * 5 + j * 11) % 17 - 8) / 4 for j in range(4)] for i in range(7)])
values, vectors = np.linalg.eigh(np.cov(x, rowvar=False))
print("mean", x.mean(axis=0).tolist())
print("variances", values[::-1].tolist())
for v in vectors.T[::-1]:
    v = v * np.sign(v[np.argmax(np.abs(v))])
    print("   ", v.tolist(), ",")
