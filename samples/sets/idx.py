"""What the scripts that make sets share: pictures reduced to one size, and IDX files of them."""

import gzip
import os
import struct

from PIL import Image

SIDE = 64
MARGIN = 2


def fitted(picture, reach=None):
    """The picture, reduced so that its longer side (or `reach`, if that is longer) fills SIDE less the margins,
    centred on white."""
    scale = (SIDE - 2 * MARGIN) / max(picture.size + ((reach,) if reach else ()))
    size = [max(1, round(side * scale)) for side in picture.size]
    ground = Image.new(picture.mode, (SIDE, SIDE), "white")
    ground.paste(picture.resize(size, Image.LANCZOS), tuple((SIDE - side) // 2 for side in size))
    return ground


def write(folder, name, sizes, content):
    """Writes an IDX file of bytes. Its gzip header carries no time, so that the same set has the same bytes."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"{name}-idx{len(sizes)}-ubyte.gz")
    with open(path, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(struct.pack(f">BBBB{len(sizes)}I", 0, 0, 8, len(sizes), *sizes))
        packed.write(content)
    return path
