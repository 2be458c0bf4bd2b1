"""Prints small JPEG files as the rows of Tests/PicturesTests/JPEGFixtures.swift, with the pixels that Pillow reads from
them. Needs Pillow and NumPy.

    python3 jpeg_fixtures.py
"""

import base64
import io

import numpy as np
from PIL import Image, ImageOps

y, x = np.mgrid[:8, :16]
RGB = np.stack([x * 16, y * 32, 255 - x * 16], -1).astype(np.uint8)
INK = np.stack([x * 16, y * 32, 255 - x * 16, y * 8], -1).astype(np.uint8)


def row(name, image, orientation=1, **options):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stream = io.BytesIO()
    image.save(stream, "JPEG", exif=exif, optimize=True, **options)
    read = ImageOps.exif_transpose(Image.open(io.BytesIO(stream.getvalue())))
    pixels = np.asarray(read if read.mode == "L" else read.convert("RGB"))
    # Corners, row by row.
    corners = pixels[[0, 0, -1, -1], [0, -1, 0, -1]].reshape(-1)
    text = base64.b64encode(stream.getvalue()).decode()
    lines = "\n".join(f'        + "{text[i:i + 96]}"' for i in range(0, len(text), 96)).replace("        + ", "      ", 1)
    print(f'    Picture(\n      "{name}", width: {read.width}, height: {read.height}, corners: {corners.tolist()},\n{lines}),')


row("grey", Image.fromarray(RGB[..., 0]), quality=90)
row("colour", Image.fromarray(RGB), quality=90, subsampling=0)
row("CMYK", Image.fromarray(INK, "CMYK"), quality=90)
row("turned clockwise", Image.fromarray(RGB), orientation=6, quality=90, subsampling=0)
row("mirrored", Image.fromarray(RGB), orientation=2, quality=90, subsampling=0)
