"""Makes small files of many kinds with the libraries and programs that people make them with, and prints the first
bytes of each as the rows of Tests/FilesTests/FileSignatureFixtures.swift. Needs NumPy, SciPy, pandas, openpyxl, pyarrow,
h5py, safetensors, Pillow, zstandard, lz4; PyTorch where it is there.

    python3 file_signatures.py
"""

import base64
import bz2
import gzip
import io
import lzma
import os
import pickle
import sqlite3
import struct
import tarfile
import tempfile
import zipfile

import h5py
import lz4.frame
import numpy as np
import pandas as pd
import safetensors.numpy
import scipy.io
import zstandard
from PIL import Image

ARRAY = np.array([[0.5, -1.0, 0.25], [2.0, 0.125, -0.5]], "<f4")
TEXT = b"z0,z1,z2\n0.5,-1.0,0.25\n"


def through_memory(write):
    stream = io.BytesIO()
    write(stream)
    return stream.getvalue()


def through_file(write, ending):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a" + ending)
        write(path)
        with open(path, "rb") as file:
            return file.read()


def picture(kind, mode="L"):
    image = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).convert(mode)
    return through_memory(lambda stream: image.save(stream, kind))


def zipped(name):
    def write(stream):
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr(name, TEXT)

    return through_memory(write)


def tarred(stream):
    with tarfile.open(fileobj=stream, mode="w") as archive:
        info = tarfile.TarInfo("z.csv")
        info.size = len(TEXT)
        archive.addfile(info, io.BytesIO(TEXT))


def hdf5(path):
    with h5py.File(path, "w") as file:
        file["z"] = ARRAY


def database(path):
    with sqlite3.connect(path) as connection:
        connection.execute("create table z (z0 real)")


def idx(order):
    return struct.pack(order + "4I", 0x803, 1, 2, 2) + bytes(4)


def torch_files():
    try:
        import torch
    except ImportError:
        # As torch.save lays them out: a zip whose first member is NAME/data.pkl; before 1.6, a pickled number.
        magic = pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2)
        return {"PyTorch": zipped("archive/data.pkl"), "PyTorch, before 1.6": magic}
    tensor = torch.tensor(ARRAY)
    return {
        "PyTorch": through_memory(lambda s: torch.save(tensor, s)),
        "PyTorch, before 1.6": through_memory(lambda s: torch.save(tensor, s, _use_new_zipfile_serialization=False)),
    }


FILES = {
    "safetensors": safetensors.numpy.save({"a": ARRAY}),
    "IDX": idx(">"),
    "IDX, little-endian": idx("<"),
    "npy": through_memory(lambda s: np.save(s, ARRAY)),
    "npz": through_memory(lambda s: np.savez(s, z=ARRAY)),
    "npz, compressed": through_memory(lambda s: np.savez_compressed(s, z=ARRAY)),
    **torch_files(),
    "pickle 5": pickle.dumps(ARRAY, protocol=5),
    "pickle 4": pickle.dumps({"z": [0.5]}, protocol=4),
    "pickle 2": pickle.dumps({"z": [0.5]}, protocol=2),
    "HDF5": through_file(hdf5, ".h5"),
    "MATLAB": through_memory(lambda s: scipy.io.savemat(s, {"z": ARRAY})),
    "Parquet": through_file(lambda p: pd.DataFrame(ARRAY, columns=["z0", "z1", "z2"]).to_parquet(p), ".parquet"),
    "Feather": through_file(lambda p: pd.DataFrame(ARRAY, columns=["z0", "z1", "z2"]).to_feather(p), ".feather"),
    "SQLite": through_file(database, ".db"),
    "PNG": picture("PNG"),
    "JPEG": picture("JPEG"),
    "GIF": picture("GIF"),
    "BMP": picture("BMP"),
    "TIFF": picture("TIFF"),
    "WebP": picture("WEBP"),
    "PGM": picture("PPM"),
    "PPM": picture("PPM", "RGB"),
    "zip": zipped("train-images-idx3-ubyte"),
    "zip, empty": through_memory(lambda s: zipfile.ZipFile(s, "w").close()),
    "Excel": through_file(lambda p: pd.DataFrame(ARRAY).to_excel(p), ".xlsx"),
    "tar": through_memory(tarred),
    "gzip": gzip.compress(TEXT, mtime=0),
    "xz": lzma.compress(TEXT),
    "bzip2": bz2.compress(TEXT),
    "zstd": zstandard.compress(TEXT),
    "lz4": lz4.frame.compress(TEXT),
    "UTF-16 with a mark": TEXT.decode().encode("utf-16"),
    "UTF-16 LE": TEXT.decode().encode("utf-16-le"),
    "UTF-16 BE": TEXT.decode().encode("utf-16-be"),
    "UTF-32": TEXT.decode().encode("utf-32"),
    "program": open("/bin/true", "rb").read(64),
}
KINDS = {
    "safetensors": "safetensors",
    "IDX": "idx",
    "IDX, little-endian": "littleEndianIDX",
    "npy": "npy",
    "npz": "npz",
    "npz, compressed": "npz",
    "PyTorch": "torch",
    "PyTorch, before 1.6": "torch",
    "pickle 5": "pickle",
    "pickle 4": "pickle",
    "pickle 2": "pickle",
    "HDF5": "hdf5",
    "MATLAB": "matlab",
    "Parquet": "parquet",
    "Feather": "arrow",
    "SQLite": "sqlite",
    "PNG": "png",
    "JPEG": "jpeg",
    "GIF": "gif",
    "BMP": "bmp",
    "TIFF": "tiff",
    "WebP": "webp",
    "PGM": "netpbm",
    "PPM": "netpbm",
    "zip": "zip",
    "zip, empty": "zip",
    "Excel": "office",
    "tar": "tar",
    "gzip": "gzip",
    "xz": "xz",
    "bzip2": "bzip2",
    "zstd": "zstd",
    "lz4": "lz4",
    "UTF-16 with a mark": "utf16",
    "UTF-16 LE": "utf16",
    "UTF-16 BE": "utf16",
    "UTF-32": "utf32",
    "program": "program",
}
for name, data in FILES.items():
    text = base64.b64encode(data[: 264 if name == "tar" else 72]).decode()
    lines = "\n        + ".join(f'"{text[i : i + 96]}"' for i in range(0, len(text), 96))
    print(f'    File(\n      "{name}", .{KINDS[name]},\n      {lines}),')
