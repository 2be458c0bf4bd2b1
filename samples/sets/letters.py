#!/usr/bin/python3
"""Makes a set of grey images, 64 x 64, of the letters A to Z in the free typefaces that Debian packages:

    apt-get install python3-numpy python3-pil $(cat typefaces.txt)
    /usr/bin/python3 letters.py FOLDER

Writes FOLDER/letters-images-idx3-ubyte.gz, FOLDER/letters-labels-idx1-ubyte.gz (0 for A to 25 for Z) and
FOLDER/letters.txt, which has a line for each typeface: the number of its A, its name and its file. The letters of a
typeface follow one another, and the typefaces are shuffled, always in the same way, so that any part of the set has
some of each kind.

All letters of a typeface have one scale, by which capitals are CAPITAL pixels high, or less where the widest would not
fit. A typeface is left out if it lacks a letter, if its letters are those of one before it, if FACES of its
family came before it, or if its letters are unlike those of the others (ornaments, pictures).
"""

import os
import random
import subprocess
import sys

import numpy
from PIL import Image, ImageDraw, ImageFont

import idx

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
EM = 200
CAPITAL = 40
FACES = 4
# How much a typeface's letters must have in common with the mean ones: their correlation, on average.
LIKENESS = 0.5


def files():
    """The font files of the packages, with no file twice."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "typefaces.txt"), encoding="ascii") as file:
        packages = file.read().split()
    listing = subprocess.run(["dpkg", "-L", *packages], check=True, capture_output=True, text=True).stdout
    return sorted({line for line in listing.split("\n") if line.endswith((".ttf", ".otf"))})


def inked(font, text):
    """A picture of the text, black on white, of what is drawn alone; and how far it reaches below the base line."""
    left, top, right, bottom = font.getbbox(text, anchor="ls")
    if left >= right or top >= bottom:
        return None, 0
    picture = Image.new("L", (right - left, bottom - top), 255)
    ImageDraw.Draw(picture).text((-left, -top), text, font=font, fill=0, anchor="ls")
    return picture, bottom


def letters(path):
    """The typeface's letters as images, or None."""
    font = ImageFont.truetype(path, EM, layout_engine=ImageFont.Layout.BASIC)
    drawn = [inked(font, letter) for letter in LETTERS]
    if any(picture is None for picture, _ in drawn):
        return None
    # What stands for a character that the typeface lacks.
    absent, _ = inked(font, "\uffff")
    if len({picture.tobytes() for picture, _ in drawn} | {absent and absent.tobytes()}) <= len(LETTERS):
        return None
    room = idx.SIDE - 2 * idx.MARGIN
    top = max(picture.height - foot for picture, foot in drawn)
    bottom = max(foot for _, foot in drawn)
    height = sorted(picture.height - foot for picture, foot in drawn)[len(drawn) // 2]
    scale = min(CAPITAL / height, room / max(picture.width for picture, _ in drawn), room / (top + bottom))
    if scale * height < CAPITAL / 2:
        return None
    # The base line is where capitals stand in the middle, unless something would then reach out of the image.
    base = (idx.SIDE + scale * height) / 2
    base = min(max(base, idx.MARGIN + scale * top), idx.SIDE - idx.MARGIN - scale * bottom)
    images = []
    for picture, foot in drawn:
        size = [max(1, round(scale * side)) for side in picture.size]
        ground = Image.new("L", (idx.SIDE, idx.SIDE), 255)
        ground.paste(picture.resize(size, Image.LANCZOS),
                     ((idx.SIDE - size[0]) // 2, round(base + scale * foot) - size[1]))
        images.append(ground.tobytes())
    return b"".join(images)


def likeness(images):
    """For each typeface, the mean correlation of its letters with the mean ones."""
    pixels = numpy.frombuffer(b"".join(images), numpy.uint8).reshape(len(images), len(LETTERS), -1).astype("float32")
    means = pixels.mean(0)
    means -= means.mean(-1, keepdims=True)
    means /= numpy.linalg.norm(means, axis=-1, keepdims=True)
    pixels -= pixels.mean(-1, keepdims=True)
    pixels /= numpy.linalg.norm(pixels, axis=-1, keepdims=True) + 1e-6
    return (pixels * means).sum(-1).mean(-1)


def main(folder):
    typefaces, names, seen, faces = [], set(), set(), {}
    for path in files():
        try:
            name = ImageFont.truetype(path, EM).getname()
        except OSError:
            continue
        if name in names or faces.get(name[0], 0) == FACES:
            continue
        images = letters(path)
        if images is None or images in seen:
            continue
        names.add(name)
        seen.add(images)
        faces[name[0]] = faces.get(name[0], 0) + 1
        typefaces.append((" ".join(map(str, name)), path, images))
    alike = likeness([images for _, _, images in typefaces])
    typefaces = [typeface for typeface, value in zip(typefaces, alike) if value >= LIKENESS]
    random.Random(0).shuffle(typefaces)

    count = len(typefaces) * len(LETTERS)
    path = idx.write(folder, "letters-images", (count, idx.SIDE, idx.SIDE), b"".join(t[2] for t in typefaces))
    idx.write(folder, "letters-labels", (count,), bytes(range(len(LETTERS))) * len(typefaces))
    with open(os.path.join(folder, "letters.txt"), "w", encoding="utf-8") as file:
        for number, (name, source, _) in enumerate(typefaces):
            file.write(f"{number * len(LETTERS)}\t{name}\t{source}\n")
    print(f"{path}: {count} images of {len(typefaces)} typefaces", file=sys.stderr)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
