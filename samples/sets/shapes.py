"""Draws a folder of pictures as people have them: 2,000 shapes in folders by kind, of sizes from 40 to 120 pixels,
square and oblong, in RGB, grey, palettes, 16 bits, with transparency, interlaced; one broken, one a JPEG that is called
.png. The same every time.

    python3 shapes.py FOLDER        needs Pillow (apt-get install python3-pil)
"""

import math
import random
import struct
import sys
import zlib
from pathlib import Path

from PIL import Image, ImageDraw

KINDS = {"circle": 0, "triangle": 3, "square": 4, "star": -5, "cross": -4}
COUNT = 2000
MODES = ["RGB", "RGBA", "P", "L", "16", "interlaced"]


def corners(kind, middle, radius, turn):
    """Of a star or a cross those between are closer to the middle."""
    count = KINDS[kind]
    radii = [radius] if count > 0 else [radius, radius * (0.4 if kind == "star" else 0.25)]
    steps = abs(count) * len(radii)
    angles = [turn + 2 * math.pi * step / steps for step in range(steps)]
    return [
        (middle[0] + radii[step % len(radii)] * math.cos(angle), middle[1] + radii[step % len(radii)] * math.sin(angle))
        for step, angle in enumerate(angles)
    ]


def shape(kind, chance):
    """Drawn four times as large and made smaller, for soft edges; opaque where the shape is."""
    side = chance.randrange(40, 121)
    size = (side + chance.randrange(0, 30), side) if chance.random() < 0.3 else (side, side)
    large = Image.new("RGBA", (4 * size[0], 4 * size[1]))
    middle = [4 * length * chance.uniform(0.45, 0.55) for length in size]
    radius = 4 * side * chance.uniform(0.28, 0.42)
    colour = tuple(chance.randrange(60, 256) for _ in range(3)) + (255,)
    draw = ImageDraw.Draw(large)
    if kind == "circle":
        draw.ellipse([middle[0] - radius, middle[1] - radius, middle[0] + radius, middle[1] + radius], colour)
    else:
        draw.polygon(corners(kind, middle, radius, chance.uniform(0, 2 * math.pi)), colour)
    return large.resize(size, Image.BOX)


def on_black(image):
    return Image.alpha_composite(Image.new("RGBA", image.size, (0, 0, 0, 255)), image).convert("RGB")


def interlaced(image):
    """An Adam7 PNG, by hand, since Pillow writes none."""
    width, height = image.size
    pixels = image.load()
    rows = b""
    for x0, y0, dx, dy in [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]:
        for y in range(y0, height, dy):
            row = b"".join(bytes(pixels[x, y]) for x in range(x0, width, dx))
            rows += b"\0" + row if row else b""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def save(image, mode, path):
    if mode == "RGBA":
        image.save(path)
    elif mode == "interlaced":
        path.write_bytes(interlaced(on_black(image)))
    elif mode == "16":
        grey = on_black(image).convert("L").tobytes()
        # 257 times as much is the same share of 65,535.
        Image.frombytes("I;16", image.size, b"".join(bytes([level, level]) for level in grey)).save(path)
    else:
        flat = on_black(image)
        (flat.quantize(16) if mode == "P" else flat.convert(mode)).save(path)


def main(folder):
    chance = random.Random(1)
    for index in range(COUNT):
        kind = list(KINDS)[index % len(KINDS)]
        path = folder / kind / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        save(shape(kind, chance), MODES[chance.randrange(len(MODES))], path)
    on_black(shape("star", chance)).save(folder / "star" / "photo.png", "JPEG", quality=92)
    whole = (folder / "cross" / "4.png").read_bytes()
    (folder / "cross" / "broken.png").write_bytes(whole[: len(whole) // 2])


main(Path(sys.argv[1]))
