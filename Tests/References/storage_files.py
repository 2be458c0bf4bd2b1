"""Makes the files that the storage tests read, and checks the one that they write, with the formats' own
libraries. Needs NumPy 2 and safetensors 0.8.

    python3 storage_files.py          prints the files in base64
    python3 storage_files.py FILE     prints what the safetensors library sees in FILE, and says whether its checksum
                                      is the one that is written in it
"""

import base64
import json
import struct
import sys
import zlib

import numpy as np
import safetensors
import safetensors.numpy

# What Selva writes for the content in the test "writesKnownBytes"; must equal `written` there.
WRITTEN_TENSORS = {"b.weight": np.array([[1, -2.5, 3], [0, 1e-40, 3e38]], "<f4"), "a": np.array(0.1, "<f4"), "empty": np.zeros((0, 3), "<f4")}
WRITTEN_METADATA = {"selva": '{"latent":2}', "note": "\u00e9\n\\"}


def show(name, data):
    print(f"{name} ({len(data)} bytes)")
    text = base64.b64encode(data).decode()
    for i in range(0, len(text), 96):
        print("   ", text[i : i + 96])


def mixed_types():
    arrays = {
        "wide": ("float64", [2, 2], np.array([[0.1, -1e-310], [3.25, 2.0**100]], "<f8")),
        "single": ("float32", [3], np.array([1.5, -0.1, 1e-45], "<f4")),
        "half": ("float16", [7], np.array([1, -2, 0.333251953125, 6e-8, 65504, np.inf, -0.0], "<f2")),
        # NumPy has no bfloat16: its bits.
        "brain": ("bfloat16", [2, 2], np.array([0x3F80, 0xC049, 0x7F7F, 0x0001], "<u2")),
    }
    specs = {
        name: safetensors.TensorSpec(dtype=dtype, shape=shape, data_ptr=a.ctypes.data, data_len=a.nbytes) for name, (dtype, shape, a) in arrays.items()
    }
    return bytes(safetensors.serialize(specs, {"made by": 'safetensors "0"'}))


def checksum(tensors, metadata, dtype="F32"):
    """The value of `selva.checksum` for a file with this content: see `SafetensorsChecksum`."""
    count = lambda n: struct.pack("<Q", n)
    text = lambda s: count(len(s.encode())) + s.encode()
    pairs = sorted((key, value) for key, value in metadata.items() if key != "selva.checksum")
    content = count(len(pairs)) + b"".join(text(key) + text(value) for key, value in pairs)
    for name, a in sorted(tensors.items()):
        content += text(name) + text(dtype) + count(a.ndim) + b"".join(map(count, a.shape)) + a.tobytes()
    return f"selva:crc32:{zlib.crc32(content):08x}"


def written():
    """The bytes by the format's definition, header order and padding as Selva has them."""
    metadata = WRITTEN_METADATA | {"selva.checksum": checksum(WRITTEN_TENSORS, WRITTEN_METADATA)}
    header = {"__metadata__": dict(sorted(metadata.items()))}
    data = b""
    for name, a in WRITTEN_TENSORS.items():
        header[name] = {"dtype": "F32", "shape": list(a.shape), "data_offsets": [len(data), len(data) + a.nbytes]}
        data += a.tobytes()
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).replace("\\n", "\\u000a").encode()
    text += b" " * (-(8 + len(text)) % 64)
    return struct.pack("<Q", len(text)) + text + data


if len(sys.argv) > 1:
    with safetensors.safe_open(sys.argv[1], "numpy") as file:
        print(file.metadata())
        for name in file.keys():
            tensor = file.get_tensor(name)
            print(name, tensor.dtype, tensor.shape, tensor.ravel()[:6].tolist())
        tensors = {name: file.get_tensor(name) for name in file.keys()}
        metadata = file.metadata() or {}
    if metadata.get("selva.checksum") != checksum(tensors, metadata):
        sys.exit(f"the content has {checksum(tensors, metadata)}")
    sys.exit()

show("mixed types", mixed_types())
data = written()
loaded = safetensors.numpy.load(data)
assert loaded.keys() == WRITTEN_TENSORS.keys()
for name, tensor in WRITTEN_TENSORS.items():
    assert loaded[name].tobytes() == tensor.tobytes() and loaded[name].shape == tensor.shape
show("written", data)
