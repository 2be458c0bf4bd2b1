"""Selva's random numbers in NumPy: Philox4x32-10 (Salmon et al. 2011), Box-Muller, and what is drawn with them.

Written from the papers and from what Selva's documentation says of its streams, not from its code, so that both can
be held against each other.
"""

import numpy as np

PURPOSES = {
    name: number
    for number, name in enumerate(
        "initialization order training dropout binarization evaluation evaluation_binarization importance latents "
        "encoding split activations".split(),
        start=1,
    )
}
MASK = 0xFFFFFFFF


def philox(counter, key):
    """Ten rounds on four 32-bit words."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & MASK, (p0 >> 32) ^ c3 ^ k1, p0 & MASK
        k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
    return c0, c1, c2, c3


# The known answer of Random123's kat_vectors.
assert philox((0, 0, 0, 0), (0, 0)) == (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)


def bits(count, seed, purpose, epoch=0, image=0, sample=0):
    key = (seed & MASK, (seed >> 32) ^ (PURPOSES[purpose] * 0x9E3779B9 & MASK))
    words = [philox((block, sample, image, epoch), key) for block in range((count + 3) // 4)]
    return np.array(words, dtype=np.uint64).reshape(-1)[:count]


def uniforms(count, *stream, **place):
    """In [0, 1), multiples of 2^-24."""
    return (bits(count, *stream, **place) >> np.uint64(8)).astype(np.float64) * 2.0**-24


def normals(count, *stream, **place):
    """Each pair of words makes two: the cosine's, then the sine's."""
    u = uniforms((count + 1) // 2 * 2, *stream, **place).reshape(-1, 2)
    radius = np.sqrt(-2 * np.log(u[:, 0] + 2.0**-24))
    angle = 2 * np.pi * u[:, 1]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).reshape(-1)[:count]


def binarize(probabilities, *stream, **place):
    """1 where the uniform lies below a float32 probability, else 0."""
    p = np.asarray(probabilities, dtype=np.float32).astype(np.float64)
    return (uniforms(p.size, *stream, **place) < p).astype(np.float64)


def permutation(count, *stream, **place):
    """Fisher and Yates, from the last place down."""
    order = list(range(count))
    words = [int(word) for word in bits(count, *stream, **place)]
    for last in range(count - 1, 0, -1):
        other = words[last] * (last + 1) >> 32
        order[last], order[other] = order[other], order[last]
    return order
