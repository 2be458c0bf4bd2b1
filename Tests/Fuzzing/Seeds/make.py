"""Makes the seeds beside it that the project itself has no writer for: JPEG, archives, tables of pixels. Needs NumPy and
Pillow.

    python3 Tests/Fuzzing/Seeds/make.py
"""

import io
import pathlib
import tarfile
import zipfile

import numpy as np
from PIL import Image

here = pathlib.Path(__file__).parent
y, x = np.mgrid[:4, :6]
RGB = np.stack([x * 40, y * 60, 255 - x * 40], -1).astype(np.uint8)


def encoded(pixels, kind, **options):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, **options)
    return stream.getvalue()


def keep(reader, name, content):
    (here / reader).mkdir(exist_ok=True)
    (here / reader / name).write_bytes(content)


exif = Image.Exif()
exif[0x0112] = 6
keep("jpeg", "grey", encoded(RGB[..., 0], "JPEG", optimize=True))
keep("jpeg", "turned", encoded(RGB, "JPEG", exif=exif, optimize=True))
keep("jpeg", "progressive", encoded(RGB, "JPEG", progressive=True, optimize=True))

# A first byte of 0: as it is.
grey, colour = encoded(RGB[..., 0], "PNG"), encoded(RGB, "PNG")
tar = io.BytesIO()
with tarfile.open(fileobj=tar, mode="w:gz") as archive:
    for name, content in [("a/0.png", grey), ("b/1.png", grey), ("b/names.txt", b"1.png\n")]:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
packed = io.BytesIO()
with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("train/3/0.png", colour)
    archive.writestr("test/3/0.png", colour)
arrays = io.BytesIO()
np.savez_compressed(arrays, x_train=np.zeros((3, 2, 2), np.uint8), y_train=np.arange(3), x_test=np.ones((1, 2, 2), np.uint8))
table = "label," + ",".join(f"pixel{i}" for i in range(4)) + "\n" + "\n".join("7,0,100,200,255" for _ in range(3)) + "\n"
array = io.BytesIO()
np.save(array, np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 2, 2))
for name, content in {
    "tar": tar.getvalue(), "zip": packed.getvalue(), "npz": arrays.getvalue(), "csv": table.encode(), "npy": array.getvalue(),
    "png": colour,
}.items():
    keep("pictures", name, b"\0" + content)
# A first byte of 1: a line with a name, and what is packed under it.
keep("pictures", "packed-png", b"\1b/0.png\n" + grey)
keep("pictures", "packed-npy", b"\1x_train.npy\n" + array.getvalue())
keep("pictures", "packed-jpeg", b"\1train/b/0.jpg\n" + encoded(RGB, "JPEG", optimize=True))
vectors = io.BytesIO()
np.save(vectors, np.linspace(-1, 1, 6, dtype=np.float32).reshape(3, 2))
keep("npz", "float32", vectors.getvalue())
