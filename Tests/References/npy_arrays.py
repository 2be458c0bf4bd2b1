"""Writes Tests/SelvaTests/Fixtures/arrays.json: .npy files of every type that becomes float32, in both byte orders and
both orders of axes, in the three versions of the format, each with what astype(numpy.float32) makes of it; and files
that hold what does not. All in base64. Needs NumPy 2.

    python3 npy_arrays.py
"""

import base64
import io
import json
import pathlib
import warnings

import numpy as np

TYPES = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?"]


def values(name):
    """2 x 3 values, with those that float32 has to round."""
    kind = np.dtype(name)
    if kind.kind == "f":
        many = np.array([0.1, -2.5, 1 / 3, 65504, -6e-8, 1e-40])
        return np.where(kind.itemsize == 2, many[[0, 1, 2, 3, 4, 2]], many).reshape(2, 3).astype(kind)
    if kind.kind == "b":
        return np.array([[0, 1, 1], [0, 0, 1]], kind)
    limits = np.iinfo(kind)
    wide = [2**24 + 1, 2**24 + 3, 2**53 + 1] if kind.itemsize == 8 else [2**24 + 1, 2**24 + 3, 5] if kind.itemsize == 4 else [3, 100, 5]
    return np.array([[limits.min, limits.max, wide[0]], [wide[1], wide[2], 7]], kind)


def text(data):
    return base64.b64encode(data).decode()


def npy(array, version=None):
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.lib.format.write_array(stream, array, version=version)
    return stream.getvalue()


read, refused = [], []
for name in TYPES:
    for order in "<>" if np.dtype(name).itemsize > 1 else "|":
        for layout in "CF":
            array = np.array(values(name), np.dtype(name).newbyteorder(order), order=layout)
            version = [(1, 0), (2, 0), (3, 0)][len(read) % 3]
            read.append({"name": f"{order}{name} {layout}", "file": text(npy(array, version)), "floats": text(array.astype("<f4").tobytes())})
# A truth value that NumPy did not write, one row, Python 2's sizes, and one row in Fortran order.
odd = np.frombuffer(bytes([0, 1, 2, 255, 0, 1]), "?").reshape(2, 3)
read.append({"name": "odd truth", "file": text(npy(odd)), "floats": text(odd.astype("<f4").tobytes())})
row = np.array([1.5, 2, 3], "<f4")
read.append({"name": "rank 1", "file": text(npy(row)), "floats": text(row.tobytes())})
long = npy(values("f4")).replace(b"(2, 3), }  ", b"(2L, 3L), }")
read.append({"name": "Python 2", "file": text(long), "floats": text(values("f4").astype("<f4").tobytes())})
read.append({"name": "rank 1 F", "file": text(npy(row).replace(b"False,", b"True, ")), "floats": text(row.tobytes())})

for name, kind in {
    "complex": "<c8", "objects": "O", "bytes": "S3", "text": "U3", "dates": "M8[D]", "bfloat16": "V2", "long double": "f16",
    "structured": [("a", "<f4"), ("shape", "<i2")],
}.items():
    stream = io.BytesIO()
    np.save(stream, np.zeros((2, 2), kind))
    refused.append({"name": name, "file": text(stream.getvalue())})
refused.append({"name": "rank 0", "file": text(npy(np.float32(1).reshape(())))})
refused.append({"name": "rank 3", "file": text(npy(np.zeros((1, 2, 1), "<f4")))})
refused.append({"name": "too large", "file": text(npy(np.array([[1, 2], [1e39, 4]], order="F")))})
refused.append({"name": "no rows", "file": text(npy(np.zeros((0, 3), "<f4")))})

path = pathlib.Path(__file__).parent.parent / "SelvaTests/Fixtures/arrays.json"
path.write_text(json.dumps({"read": read, "refused": refused}, indent=0) + "\n")
